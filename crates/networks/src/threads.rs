//! Threads, by its API.
//!
//! After <https://developers.facebook.com/documentation/threads> (August 2026): the authorization window, long-lived tokens that
//! renew themselves, posts by containers. Threads fetches pictures and videos itself.

mod afterwards;
mod plugs;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{Answered, ClientAuth, Connect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::meta::{self, Made, own};
use crate::plugs::{Comments, Reposts};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::{Credentials, Detail, Refusal, settings, text};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Finding, channel::Identity};
use crier_net::Client;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::time::Duration;

const ABOUT: About = About {
    id: "threads",
    name: "Threads",
    color: "#000000",
    summary: "Posts and threads on Meta's Threads, by an app of your own.",
    works_at_once: false,
    console: Some("https://developers.facebook.com/apps"),
    deadline_s: 600,
};

const API: &str = "https://graph.threads.com/v1.0";
const SCOPES: &[Scope] = &[
    Scope { id: "threads_basic", why: "to know which account this is", required: true },
    Scope { id: "threads_content_publish", why: "to publish your posts", required: true },
    Scope { id: "threads_manage_replies", why: "to publish the further parts of a thread", required: false },
    Scope { id: "threads_manage_insights", why: "to show views, likes and followers", required: false },
    Scope { id: "threads_read_replies", why: "to find those again when their confirmation was lost", required: false },
];
/// Containers that are not published end after a day.
const CONTAINER_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// How long Threads may take to fetch and process files before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(300);
/// Different addresses in one post at most.
const LINKS: usize = 5;

#[derive(Debug)]
pub struct Threads;

/// Who may answer a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Repliers {
    #[default]
    Everyone,
    AccountsYouFollow,
    FollowersOnly,
    MentionedOnly,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Who can reply", description = "Holds for the first post of a thread.")]
    reply_control: Repliers,
    #[schemars(
        title = "Topic",
        description = "What the post is about; one, without full stop or “&”.",
        length(max = 50),
        regex(pattern = r"^[^.&]*$")
    )]
    topic_tag: String,
    #[schemars(title = "Spoiler", description = "Pictures and videos are covered until they are tapped.")]
    is_spoiler_media: bool,
}

impl Network for Threads {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let images = MediaKind::up_to(8_000_000, &["image/jpeg", "image/png"]);
        let videos = MediaKind::up_to(1_000_000_000, &["video/mp4", "video/quicktime"])
            .films(0, 5 * 60, &["h264", "hevc", "aac"])
            .frames(23, 60)
            .of_gifs();
        Rules {
            text: TextRules::up_to(500, Unit::EmojiBytes),
            media: MediaRules {
                fetched: true,
                ..MediaRules::up_to(
                    20,
                    vec![MediaKind { max_ratio: Some(10), ..images }, MediaKind { max_width: Some(1920), ..videos }],
                    Some(1000),
                )
            },
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        let finding = |part: &PartToCheck<'_>| {
            let text = self.render(part.body);
            let links = text::urls(&text).into_iter().collect::<BTreeSet<_>>().len();
            (links > LINKS).then(|| {
                let message = format!("Threads takes {LINKS} different links in a post; there are {links}.");
                let fix = format!("Remove {}, or move some to another part.", links - LINKS);
                Finding::error(format!("{}/text", part.pointer), "text.too_many_links", message, fix)
            })
        };
        parts.iter().filter_map(finding).collect()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn recent(&self) -> Option<&dyn Recent> {
        Some(self)
    }

    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        Some(self)
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }

    fn reposts(&self) -> Option<&dyn Reposts> {
        Some(self)
    }

    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

#[derive(Deserialize)]
struct Profile {
    id: String,
    username: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    threads_profile_picture_url: Option<String>,
}

#[async_trait]
impl OAuth2 for Threads {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let dialect = own::dialect("https://graph.threads.com", "th")?;
        fixed(
            "https://threads.com/oauth/authorize",
            "https://graph.threads.com/oauth/access_token",
            ClientAuth::Body,
            dialect,
        )
    }

    fn token_answer(&self, answer: Answered) -> Answered {
        own::granted(answer)
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let request = net.get(format!("{API}/me"));
        let request = request.query(&[("fields", "id,username,name,threads_profile_picture_url")]);
        let profile: Profile = meta::ask(request, credentials, refine).await?;
        let identity = Identity {
            remote_id: profile.id,
            name: profile.name.filter(|name| !name.is_empty()).unwrap_or_else(|| profile.username.clone()),
            profile_url: Some(format!("https://www.threads.com/@{}", profile.username)),
            handle: profile.username,
            avatar_url: profile.threads_profile_picture_url,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    error_message: Option<String>,
}

#[async_trait]
impl Publish for Threads {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        match item.media.as_slice() {
            _ if item.index == 0 => self.prepared(cx, item).await.map(drop),
            // What an answer is an answer to is not there yet.
            many @ [_, _, ..] => self.children(cx, many).await.map(drop),
            _ => Ok(()),
        }
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let container = self.prepared(cx, item).await?;
        let request = cx.net.post(format!("{API}/{}/threads_publish", cx.account));
        let request = request.form(&[("creation_id", &container)]);
        let publish = || meta::json::<Made>(request, cx.credentials, refine);
        let post: Made = cx.step("publish", Once::Look, publish).await?;
        let url = meta::permalink(cx, &format!("{API}/{}", post.id), "id,permalink", refine).await;
        Ok(Sent { url, remote_id: post.id, data: Value::Null })
    }
}

impl Threads {
    /// The container of the post, ready to be published.
    async fn prepared(&self, cx: &Cx<'_>, item: &Item) -> Result<String, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let mut fields: Vec<(&str, String)> = Vec::new();
        match item.media.as_slice() {
            [] => fields.push(("media_type", "TEXT".to_owned())),
            [one] => fields.extend(file(one).map_err(|refusal| refusal.at("/media/0"))?),
            many => {
                fields.extend([("media_type", "CAROUSEL".to_owned()), ("children", self.children(cx, many).await?)]);
            }
        }
        let words = self.render(&item.body);
        if !words.is_empty() {
            fields.push(("text", words));
        }
        if settings.is_spoiler_media && !item.media.is_empty() {
            fields.push(("is_spoiler_media", "true".to_owned()));
        }
        if let Some(thread) = &item.thread {
            fields.push(("reply_to_id", thread.parent.remote_id.clone()));
        } else {
            if settings.reply_control != Repliers::Everyone {
                let word = serde_json::to_value(settings.reply_control).unwrap_or_default();
                fields.extend(word.as_str().map(|word| ("reply_control", word.to_owned())));
            }
            if !settings.topic_tag.is_empty() {
                fields.push(("topic_tag", settings.topic_tag.clone()));
            }
        }
        container(cx, item.media.len(), &fields).await
    }

    /// The containers of a carousel's files.
    async fn children(&self, cx: &Cx<'_>, media: &[MediaItem]) -> Result<String, Refusal> {
        let mut ids = Vec::new();
        for (index, item) in media.iter().enumerate() {
            let at = format!("/media/{index}");
            let mut fields = file(item).map_err(|refusal| refusal.at(&at))?;
            fields.push(("is_carousel_item", "true".to_owned()));
            ids.push(container(cx, index, &fields).await.map_err(|refusal| refusal.at(&at))?);
        }
        Ok(ids.join(","))
    }
}

/// What a container of one file is made of.
fn file(media: &MediaItem) -> Result<Vec<(&'static str, String)>, Refusal> {
    let url = meta::address(media)?.to_owned();
    let (kind, name) = if media.is_film() { ("VIDEO", "video_url") } else { ("IMAGE", "image_url") };
    let mut fields = vec![("media_type", kind.to_owned()), (name, url)];
    fields.extend((!media.alt.is_empty()).then(|| ("alt_text", media.alt.clone())));
    Ok(fields)
}

/// Makes a container and waits until it is ready: one that failed is of no use, so that the next try makes another.
async fn container(cx: &Cx<'_>, index: usize, fields: &[(&str, String)]) -> Result<String, Refusal> {
    let make = || async {
        let request = cx.net.post(format!("{API}/{}/threads", cx.account)).form(fields);
        let Made { id } = meta::ask(request, cx.credentials, refine).await?;
        finished(cx, &id).await?;
        Ok(id)
    };
    cx.step(&cx.upload_step(index, CONTAINER_LIFE), Once::Repeatable, make).await
}

/// Waits until a container can be published.
async fn finished(cx: &Cx<'_>, container: &str) -> Result<(), Refusal> {
    let look = || async {
        let request = cx.net.get(format!("{API}/{container}")).query(&[("fields", "status,error_message")]);
        let Status { status, error_message } = meta::ask(request, cx.credentials, refine).await?;
        match status.as_str() {
            // One that is published already is left to the step that publishes.
            "FINISHED" | "PUBLISHED" => Ok(Some(())),
            "ERROR" => {
                let said = error_message.unwrap_or_else(|| "Threads could not process the post".to_owned());
                Err(refine(Refusal::Content(Detail::new(crier_net::redact(&said)))))
            }
            "EXPIRED" => Err(Refusal::Temporary(Detail::new("the container has expired"))),
            _ => Ok(None),
        }
    };
    done_within(PROCESSING, "Threads is still processing a file", look).await
}

#[async_trait]
impl Recent for Threads {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        // Answers are listed by themselves.
        let list = if item.thread.is_some() { "replies" } else { "threads" };
        let list = format!("{API}/{}/{list}", cx.account);
        meta::find(cx, &list, &[("fields", "id,permalink,text")], &self.render(&item.body), refine).await
    }
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match refusal {
        refusal if speaks_of(&["media", "image", "video", "uri"]) => refusal.at("/media"),
        refusal if speaks_of(&["text must", "link_limit", "characters"]) => refusal.at("/text"),
        refusal if speaks_of(&["topic"]) => refusal.at("/settings/topic_tag"),
        refusal => refusal,
    }
}
