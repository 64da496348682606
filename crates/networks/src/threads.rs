//! Threads, by its API.
//!
//! After <https://developers.facebook.com/documentation/threads> (August 2026): the authorization window, long-lived tokens that
//! renew themselves, posts by containers. Threads fetches pictures and videos itself.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{
    Answered, ClientAuth, Connect, Dialect, Endpoints, Exchange, Facts, Identified, OAuth2, Renewal, Scope, address,
    fixed,
};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::{Credentials, Detail, Refusal, call, meta, settings, text};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Finding, channel::Identity};
use crier_net::{Client, Request};
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
/// How far Threads' clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// Different addresses in one post at most.
const LINKS: usize = 5;
/// Pages of 100 posts read at most in looking for one.
const PAGES: usize = 5;

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
        let videos = MediaKind::up_to(1_000_000_000, &["video/mp4", "video/quicktime"]).films(
            0,
            5 * 60,
            &["h264", "hevc", "aac"],
        );
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
        let exchange = |path: &str, grant_type: &str, client_secret| {
            Ok::<_, Refusal>(Exchange {
                url: address(&format!("https://graph.threads.com/{path}"))?,
                grant_type: grant_type.to_owned(),
                token: "access_token".to_owned(),
                client_id: false,
                client_secret,
            })
        };
        let dialect = Dialect {
            commas: true,
            long_lived: Some(exchange("access_token", "th_exchange_token", true)?),
            renewal: Some(Renewal {
                exchange: exchange("refresh_access_token", "th_refresh_token", false)?,
                not_before_s: 24 * 3600,
            }),
            // The short-lived token does not say how long it lasts.
            lifetime_s: Some(3600),
            ..Dialect::default()
        };
        fixed(
            "https://threads.com/oauth/authorize",
            "https://graph.threads.com/oauth/access_token",
            ClientAuth::Body,
            dialect,
        )
    }

    fn token_answer(&self, mut answer: Answered) -> Answered {
        if let Some(granted) = answer.remove("permissions") {
            answer.insert("scope".to_owned(), granted);
        }
        answer
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let request = net.get(format!("{API}/me"));
        let request = request.query(&[("fields", "id,username,name,threads_profile_picture_url")]);
        let profile: Profile = call::ask(signed(request, credentials), credentials, refine).await?;
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

fn signed(request: Request, credentials: &Credentials) -> Request {
    request.bearer(credentials.access_token.expose())
}

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

#[derive(Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    error_message: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    permalink: Option<String>,
    #[serde(default)]
    text: Option<String>,
}

#[async_trait]
impl Publish for Threads {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
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
        let step = cx.upload_step(item.media.len(), CONTAINER_LIFE);
        let container: Made = cx.step(&step, Once::Repeatable, || create(cx, &fields)).await?;
        finished(cx, &container.id).await?;
        let request = cx.net.post(format!("{API}/{}/threads_publish", cx.account));
        let request = signed(request.form(&[("creation_id", &container.id)]), cx.credentials);
        let publish = || call::json::<Made>(request, cx.credentials, refine);
        let post: Made = cx.step("publish", Once::Look, publish).await?;
        Ok(Sent { url: permalink(cx, &post.id).await, remote_id: post.id, data: Value::Null })
    }
}

impl Threads {
    /// The containers of a carousel's files, once all are ready.
    async fn children(&self, cx: &Cx<'_>, media: &[MediaItem]) -> Result<String, Refusal> {
        let mut ids = Vec::new();
        for (index, item) in media.iter().enumerate() {
            let at = format!("/media/{index}");
            let mut fields = file(item).map_err(|refusal| refusal.at(&at))?;
            fields.push(("is_carousel_item", "true".to_owned()));
            let step = cx.upload_step(index, CONTAINER_LIFE);
            let child: Made =
                cx.step(&step, Once::Repeatable, || create(cx, &fields)).await.map_err(|refusal| refusal.at(&at))?;
            ids.push((child.id, at));
        }
        for (id, at) in &ids {
            finished(cx, id).await.map_err(|refusal| refusal.at(at))?;
        }
        Ok(ids.into_iter().map(|(id, _)| id).collect::<Vec<_>>().join(","))
    }
}

/// What a container of one file is made of.
fn file(media: &MediaItem) -> Result<Vec<(&'static str, String)>, Refusal> {
    let lacks = || Refusal::Content(Detail::new("the file has no public address from which Threads could fetch it"));
    let url = media.url.clone().ok_or_else(lacks)?;
    let (kind, name) = if media.mime.starts_with("video/") { ("VIDEO", "video_url") } else { ("IMAGE", "image_url") };
    let mut fields = vec![("media_type", kind.to_owned()), (name, url)];
    fields.extend((!media.alt.is_empty()).then(|| ("alt_text", media.alt.clone())));
    Ok(fields)
}

async fn create(cx: &Cx<'_>, fields: &[(&str, String)]) -> Result<Made, Refusal> {
    let request = cx.net.post(format!("{API}/{}/threads", cx.account)).form(fields);
    call::json(signed(request, cx.credentials), cx.credentials, refine).await
}

/// Waits until a container can be published.
async fn finished(cx: &Cx<'_>, container: &str) -> Result<(), Refusal> {
    let look = || async {
        let request = cx.net.get(format!("{API}/{container}")).query(&[("fields", "status,error_message")]);
        let Status { status, error_message } =
            call::ask(signed(request, cx.credentials), cx.credentials, refine).await?;
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

/// Where the post is seen. That it can't be learnt is no reason to fail.
async fn permalink(cx: &Cx<'_>, id: &str) -> Option<String> {
    let request = cx.net.get(format!("{API}/{id}")).query(&[("fields", "id,permalink")]);
    match call::ask::<Listed>(signed(request, cx.credentials), cx.credentials, refine).await {
        Ok(listed) => listed.permalink,
        Err(refusal) => {
            tracing::debug!(%refusal, "the address of a post on Threads could not be learnt");
            None
        }
    }
}

#[derive(Deserialize)]
struct Listing {
    data: Vec<Listed>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Default, Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Cursors,
    /// Only where there is a further page.
    #[serde(default)]
    next: Option<String>,
}

#[derive(Default, Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

#[async_trait]
impl Recent for Threads {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let words = self.render(&item.body);
        if words.is_empty() {
            let said = "without words a post can't be told from others";
            return Err(Refusal::Unknown(Detail::new(said)));
        }
        let since = (cx.due_at - CLOCK_SLACK).as_second().to_string();
        // Answers are listed by themselves.
        let list = if item.thread.is_some() { "replies" } else { "threads" };
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("fields", "id,permalink,text"), ("since", &since), ("limit", "100")];
            query.extend(after.as_deref().map(|cursor| ("after", cursor)));
            let request = cx.net.get(format!("{API}/{}/{list}", cx.account)).query(&query);
            let page: Listing =
                call::ask(signed(request, cx.credentials), cx.credentials, refine).await.map_err(Refusal::of_look)?;
            let is_it = |listed: &Listed| squeezed(listed.text.as_deref().unwrap_or_default()) == squeezed(&words);
            if let Some(listed) = page.data.into_iter().find(is_it) {
                return Ok(Some(Sent { remote_id: listed.id, url: listed.permalink, data: Value::Null }));
            }
            after = page.paging.cursors.after.filter(|_| page.paging.next.is_some());
            if after.is_none() {
                return Ok(None);
            }
        }
        Err(Refusal::Unknown(Detail::new("there are too many newer posts to tell whether this one is among them")))
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match meta::refine(refusal) {
        refusal if speaks_of(&["media", "image", "video", "uri"]) => refusal.at("/media"),
        refusal if speaks_of(&["text must", "link_limit", "characters"]) => refusal.at("/text"),
        refusal if speaks_of(&["topic"]) => refusal.at("/settings/topic_tag"),
        refusal => refusal,
    }
}
