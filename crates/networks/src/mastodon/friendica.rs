//! Friendica, on any server: long posts with a title, and answers below them.
//!
//! It speaks Mastodon's client API. What differs is after `doc/API-Mastodon.md` at <https://github.com/friendica/friendica> (October 2024):
//! only `read` and `write` are permissions, a status has a title of Friendica's own, texts may be as long as a book's chapter, and nothing
//! is said of keys, so that none is sent.

use super::instance::Limits;
use super::publish::{create, find, upload_all};
use super::{Flavour, kinds};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::connect::{Connect, Facts, Scope};
use crate::lookup::Lookup;
use crate::publish::{Cx, Item, Publish, Recent, Sent};
use crate::{Refusal, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const ABOUT: About = About {
    id: "friendica",
    name: "Friendica",
    color: "#1e8cbe",
    summary: "Posts with titles on any Friendica server.",
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

pub(super) const FRIENDICA: Flavour = Flavour {
    name: "Friendica",
    example: "friendica.example",
    scopes: SCOPES,
    asked: |_| "read write".to_owned(),
    usual: || Limits {
        max_chars: 200_000,
        link_length: None,
        max_media: 20,
        alt_max: 1500,
        mime: ["image/jpeg", "image/png", "image/gif", "image/webp"].map(str::to_owned).to_vec(),
        image_max_bytes: 10_000_000,
        video_max_bytes: 10_000_000,
        video_max_frame_rate: None,
        is_mastodon: false,
        idempotent: false,
        ..Limits::default()
    },
    sends_key: false,
    mentions_whole: true,
};

#[derive(Debug)]
pub struct Friendica;

/// Who sees a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Visibility {
    #[default]
    Account,
    Public,
    Unlisted,
    Private,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", description = "Above the first part.", length(max = 255))]
    title: String,
    #[schemars(title = "Visibility", description = "Who sees the post; “account” takes the account's own default.")]
    visibility: Visibility,
    #[schemars(
        title = "Content warning",
        description = "Shown instead of the post until it is opened.",
        length(max = 400)
    )]
    spoiler_text: String,
    #[schemars(title = "Sensitive media", description = "Hides pictures until they are clicked.")]
    sensitive: bool,
    #[schemars(
        title = "Language",
        description = "Two or three letters (ISO 639), for example “en”; empty takes the account's own.",
        regex(pattern = r"^([a-z]{2,3})?$")
    )]
    language: String,
}

impl Network for Friendica {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(&FRIENDICA)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let limits = Limits::of(facts, FRIENDICA.usual);
        Rules {
            text: TextRules { link_length: limits.link_length, ..TextRules::up_to(limits.max_chars, Unit::Grapheme) },
            media: MediaRules::up_to(limits.max_media, kinds(&limits), Some(limits.alt_max)),
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
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

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

#[async_trait]
impl Publish for Friendica {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        upload_all(cx, item, &FRIENDICA).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let media_ids = upload_all(cx, item, &FRIENDICA).await?;
        create(cx, &self.status(item, &media_ids)?, &FRIENDICA).await
    }
}

impl Friendica {
    pub(super) fn status(&self, item: &Item, media_ids: &[String]) -> Result<Value, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let mut status = json!({ "status": self.render(&item.body) });
        let mut set = |name: &str, value: Value| status[name] = value;
        if !media_ids.is_empty() {
            set("media_ids", media_ids.into());
        }
        if let Some(thread) = &item.thread {
            set("in_reply_to_id", thread.parent.remote_id.as_str().into());
        } else if !settings.title.is_empty() {
            set("friendica", json!({ "title": settings.title }));
        }
        if settings.visibility != Visibility::Account {
            set("visibility", json!(settings.visibility));
        }
        if !settings.spoiler_text.is_empty() {
            set("spoiler_text", settings.spoiler_text.into());
        }
        if settings.sensitive {
            set("sensitive", true.into());
        }
        if !settings.language.is_empty() {
            set("language", settings.language.into());
        }
        Ok(status)
    }
}

#[async_trait]
impl Recent for Friendica {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        find(cx, item, &self.render(&item.body), &FRIENDICA).await
    }
}
