//! Facebook: the pages that somebody manages, each with a token of its own. Facebook has no API for people's own profiles or for groups.
//!
//! After <https://developers.facebook.com/docs/pages-api/posts>, <https://developers.facebook.com/docs/page-stories-api> and
//! <https://developers.facebook.com/docs/graph-api/reference/page/videos> (August 2026, version 26): posts with links and photos, videos,
//! stories, comments. Facebook is brought videos, fetches pictures that have an address and is brought the others, and knows no key. What
//! it says of frames a second is of reels that are uploaded as such, and of stories; for the videos of a page it names none.

mod afterwards;
mod publish;
mod story;
mod video;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::check::PartToCheck;
use crate::choosing::{Access, Choice, Choosing, Unusable, Words};
use crate::connect::{Connect, Endpoints, Facts, Identified, OAuth2, Scope};
use crate::meta::{self, GRAPH, login};
use crate::publish::{MediaItem, Publish, Recent};
use crate::{Credentials, Refusal, settings, text};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding, channel::Identity};
use crier_net::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const ABOUT: About = About {
    id: "facebook",
    name: "Facebook Page",
    color: "#0866ff",
    summary: "Posts, videos and stories of pages you manage, by an app of your own.",
    works_at_once: false,
    console: Some("https://developers.facebook.com/apps"),
    deadline_s: 900,
};

const SCOPES: &[Scope] = &[
    Scope { id: "pages_show_list", why: "to list the pages you manage", required: true },
    Scope { id: "pages_manage_posts", why: "to publish posts, videos and stories of your pages", required: true },
    Scope {
        id: "pages_read_engagement",
        why: "to know the pages, and to find a post again when its confirmation was lost",
        required: true,
    },
    Scope { id: "pages_manage_engagement", why: "to publish further parts as comments", required: false },
    Scope { id: "read_insights", why: "to show views and clicks", required: false },
    Scope { id: "business_management", why: "to list pages that belong to a business", required: false },
];

const WORDS: Words =
    Words { one: "Page", many: "Pages", needed: "Sign in as somebody who may create content for a page on Facebook." };

/// The longest text that Facebook shows on a background.
const ON_BACKGROUND: usize = 130;

#[derive(Debug)]
pub struct Facebook;

/// What becomes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum PostType {
    #[default]
    Post,
    Story,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Kind", description = "A story shows each file for a day, without the text.")]
    post_type: PostType,
    #[schemars(
        title = "Link",
        description = "Gets a preview below the text; not beside files.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    url: String,
    #[schemars(
        title = "Background",
        description = "The number of one of Facebook's backgrounds, for a short text alone.",
        regex(pattern = r"^[0-9]{0,20}$")
    )]
    text_format_preset_id: String,
}

impl Network for Facebook {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn choosing(&self) -> Option<&dyn Choosing> {
        Some(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let images = ["image/jpeg", "image/png", "image/gif", "image/webp"];
        let videos = ["video/mp4", "video/quicktime"];
        Rules {
            text: TextRules::up_to(63_206, Unit::Utf16),
            media: MediaRules::up_to(
                10,
                vec![
                    MediaKind::up_to(4_000_000, &images),
                    MediaKind::up_to(1_000_000_000, &videos).films(0, 20 * 60, &[]),
                ],
                Some(1000),
            ),
            // What follows a post is a comment below it.
            parts: PartsRules { max: 25, kind: PartsKind::Comment, max_text: Some(8000), max_media: Some(1) },
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], given: &Map<String, Value>) -> Vec<Finding> {
        let (Ok(settings), Some((first, further))) = (settings::read::<Settings>(given), parts.split_first()) else {
            return Vec::new();
        };
        let mut found = match settings.post_type {
            PostType::Story => meta::check_story("Facebook", first, further),
            PostType::Post => unmixed(first).into_iter().collect(),
        };
        found.extend(self.background(first, &settings));
        if !settings.url.is_empty() && !first.media.is_empty() {
            let message = "Facebook shows no link beside files: yours is left out.";
            let fix = "Put the link into the text, or remove the files for this channel.";
            found.push(Finding::error("/settings/url", "settings.left_out", message, fix).warning());
        }
        let videos = |part: &PartToCheck<'_>| {
            part.media.iter().position(MediaItem::is_film).map(|index| {
                let pointer = format!("{}/media/{index}", part.pointer);
                let message = "A comment on Facebook takes a picture, and no video.";
                Finding::error(pointer, "media.type", message, "Use a picture, or remove the video for this channel.")
            })
        };
        found.extend(further.iter().filter_map(videos));
        found
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

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

impl Facebook {
    /// A background goes with a short text alone.
    fn background(&self, first: &PartToCheck<'_>, settings: &Settings) -> Option<Finding> {
        if settings.text_format_preset_id.is_empty() {
            return None;
        }
        let alone = settings.post_type == PostType::Post && first.media.is_empty() && settings.url.is_empty();
        let fits = text::utf16(&self.render(first.body)) <= ON_BACKGROUND;
        (!alone || !fits).then(|| {
            let message =
                format!("Facebook shows a background only below a text of up to {ON_BACKGROUND} characters alone.");
            let fix = "Leave the background out, or shorten the text and remove files and link.";
            Finding::error("/settings/text_format_preset_id", "settings.invalid", message, fix)
        })
    }
}

/// A post has photos or one video.
fn unmixed(first: &PartToCheck<'_>) -> Option<Finding> {
    let index = first.media.iter().position(MediaItem::is_film).filter(|_| first.media.len() > 1)?;
    let message = format!("Facebook takes a video only alone in a post, and {} is not.", first.media[index].name);
    let fix = "Remove the other files for this channel, or move some to another part.";
    Some(Finding::error(format!("{}/media/{index}", first.pointer), "media.mixed", message, fix))
}

#[async_trait]
impl OAuth2 for Facebook {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        login::endpoints()
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        login::identify(net, credentials).await
    }
}

#[async_trait]
impl Choosing for Facebook {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let choice = |page: login::Page| {
            let credentials = page.credentials();
            let unusable = match (&credentials, page.may_publish()) {
                (None, _) => Some((Code::ConsentScopeMissing, "It was not ticked on Facebook's page.")),
                (Some(_), false) => Some((Code::WrongKind, "You may not create content for it.")),
                (Some(_), true) => None,
            };
            let unusable = unusable.map(|(code, why)| Unusable { code, why: why.to_owned() });
            Choice { identity: page.identity(), kind: WORDS.one.to_owned(), credentials, facts: Facts::new(), unusable }
        };
        Ok(login::pages(access, "").await?.into_iter().map(choice).collect())
    }

    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        let request = access.net.get(format!("{GRAPH}/{}", identity.remote_id)).query(&[("fields", "id,name")]);
        meta::ask::<meta::Made>(request, access.credentials, refine).await.map(drop)
    }

    async fn derive(&self, access: &Access<'_>, id: &str) -> Result<Option<Credentials>, Refusal> {
        let request = access.net.get(format!("{GRAPH}/{id}")).query(&[("fields", "access_token")]);
        let token: login::Token = meta::ask(request, access.credentials, refine).await?;
        let access_token = token.access_token.ok_or_else(|| login::not_granted("this page"))?;
        Ok(Some(Credentials { access_token, ..Credentials::default() }))
    }
}

/// Which field Facebook's words and numbers are about.
fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    match meta::subcode(&refusal) {
        Some(1_366_046 | 1_366_051 | 2_069_019 | 1_349_125) => refusal.at("/media"),
        Some(1_609_008 | 2_061_006) => refusal.at("/settings/url"),
        Some(1_346_003 | 1_404_102) => refusal.at("/text"),
        _ if said.contains("text_format") => refusal.at("/settings/text_format_preset_id"),
        _ if ["photo", "video", "image", "file_url"].iter().any(|word| said.contains(word)) => refusal.at("/media"),
        _ if said.contains("url") || said.contains("link") => refusal.at("/settings/url"),
        _ => refusal,
    }
}
