//! Pixelfed, on any server: pictures and videos with a caption.
//!
//! It speaks Mastodon's client API. What differs is after Pixelfed's source at <https://github.com/pixelfed/pixelfed> (March 2024): only
//! `read` and `write` are permissions, tokens expire and are renewed, a status needs a file, and a key that is sent twice is refused
//! instead of being answered again, so that none is sent.

use super::instance::Limits;
use super::publish::{create, find, upload_all};
use super::{Flavour, kinds};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{Connect, Facts, Scope};
use crate::lookup::Lookup;
use crate::publish::{Cx, Item, Publish, Recent, Sent};
use crate::{Refusal, settings};
use async_trait::async_trait;
use crier_model::Finding;
use crier_model::rules::{MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const ABOUT: About = About {
    id: "pixelfed",
    name: "Pixelfed",
    color: "#a03cc8",
    summary: "Pictures and videos on any Pixelfed server.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

const SCOPES: &[Scope] = &[
    Scope {
        id: "read",
        why: "to know which account this is, and to find a post whose confirmation was lost",
        required: true,
    },
    Scope { id: "write", why: "to upload and publish", required: true },
];

pub(super) const PIXELFED: Flavour = Flavour {
    name: "Pixelfed",
    example: "pixelfed.social",
    scopes: SCOPES,
    asked: |_| "read write".to_owned(),
    usual: || Limits {
        max_chars: 500,
        link_length: None,
        max_media: 4,
        alt_max: 1000,
        mime: ["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"].map(str::to_owned).to_vec(),
        image_max_bytes: 15_000_000,
        video_max_bytes: 15_000_000,
        image_max_pixels: None,
        video_max_pixels: None,
        video_max_frame_rate: None,
        is_mastodon: false,
        idempotent: false,
        ..Limits::default()
    },
    sends_key: false,
    mentions_whole: false,
};

#[derive(Debug)]
pub struct Pixelfed;

/// Who sees a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Visibility {
    #[default]
    Public,
    Unlisted,
    Private,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Visibility", description = "Who sees the post.")]
    visibility: Visibility,
    #[schemars(
        title = "Content warning",
        description = "Shown instead of the post until it is opened.",
        length(max = 140)
    )]
    spoiler_text: String,
    #[schemars(title = "Sensitive media", description = "Hides pictures and videos until they are clicked.")]
    sensitive: bool,
    #[schemars(title = "No comments", description = "Nobody can answer the post.")]
    comments_disabled: bool,
}

impl Network for Pixelfed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(&PIXELFED)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let limits = Limits::of(facts, PIXELFED.usual);
        Rules {
            text: TextRules { link_length: limits.link_length, ..TextRules::up_to(limits.max_chars, Unit::Grapheme) },
            media: MediaRules::up_to(limits.max_media, kinds(&limits), Some(limits.alt_max)),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        // Nothing at all is found by the rules.
        let bare = parts.first().filter(|part| part.media.is_empty() && !part.body.is_empty());
        let finding = |part: &PartToCheck<'_>| {
            let message = "Pixelfed does not take a post without a picture or a video.";
            Finding::error(format!("{}/media", part.pointer), "media.missing", message, "Add one.")
        };
        bare.map(finding).into_iter().collect()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
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
}

#[async_trait]
impl Publish for Pixelfed {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        upload_all(cx, item, &PIXELFED).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let media_ids = upload_all(cx, item, &PIXELFED).await?;
        create(cx, &self.status(item, &media_ids)?, &PIXELFED).await
    }
}

impl Pixelfed {
    fn status(&self, item: &Item, media_ids: &[String]) -> Result<Value, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let mut status = json!({
            "status": self.render(&item.body),
            "media_ids": media_ids,
            "visibility": settings.visibility,
        });
        if !settings.spoiler_text.is_empty() {
            status["spoiler_text"] = settings.spoiler_text.into();
        }
        if settings.sensitive {
            status["sensitive"] = true.into();
        }
        if settings.comments_disabled {
            status["comments_disabled"] = true.into();
        }
        Ok(status)
    }
}

#[async_trait]
impl Recent for Pixelfed {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        find(cx, item, &self.render(&item.body), &PIXELFED).await
    }
}
