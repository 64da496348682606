//! Mastodon, on any server, and servers that speak its client API (Pleroma, Akkoma, GoToSocial, snac, …).
//!
//! After the API documentation at <https://docs.joinmastodon.org> (July 2026, version 4.6): OAuth tokens and scopes,
//! `POST /api/v1/apps`, `accounts/verify_credentials`, `instance`, `media`, `statuses`. Servers before 4.3 have no OAuth
//! metadata and no `profile` scope, before 4.0 no `/api/v2/instance`.

mod account;
mod afterwards;
pub mod friendica;
mod instance;
mod kin;
mod mentions;
pub mod pixelfed;
mod plugs;
mod publish;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{Connect, Facts, Scope};
use crate::lookup::Lookup;
use crate::plugs::{Comments, Reposts};
use crate::publish::{Publish, Recent};
use crate::{Detail, Refusal, settings, text};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding};
use instance::Limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const ABOUT: About = About {
    id: "mastodon",
    name: "Mastodon",
    color: "#6364ff",
    summary: "Mastodon on any server, and servers that understand Mastodon's apps.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

#[derive(Debug)]
pub struct Mastodon;

/// In what the networks of Mastodon's API differ.
struct Flavour {
    name: &'static str,
    /// A server that people know.
    example: &'static str,
    scopes: &'static [Scope],
    /// What is asked, by whether the server has a permission for the profile alone.
    asked: fn(bool) -> String,
    /// The limits of a server that says nothing of its own.
    usual: fn() -> Limits,
    /// Whether statuses are sent with a key, which servers that don't honour it pass over.
    sends_key: bool,
    /// Whether a mention of somebody on the same server needs the server's name as well.
    mentions_whole: bool,
}

/// Who sees a status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Visibility {
    #[default]
    Account,
    Public,
    Unlisted,
    Private,
    Direct,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Visibility", description = "Who sees the post; “account” takes the account's own default.")]
    visibility: Visibility,
    #[schemars(
        title = "Content warning",
        description = "Shown instead of the post until it is opened.",
        length(max = 400)
    )]
    spoiler_text: String,
    #[schemars(title = "Sensitive media", description = "Hides pictures and videos until they are clicked.")]
    sensitive: bool,
    #[schemars(
        title = "Language",
        description = "Two or three letters (ISO 639), for example “en”; empty takes the account's own.",
        regex(pattern = r"^([a-z]{2,3})?$")
    )]
    language: String,
}

impl Network for Mastodon {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let limits = Limits::of(facts, Limits::default);
        Rules {
            text: TextRules {
                link_length: limits.link_length,
                short_mentions: limits.is_mastodon,
                ..TextRules::up_to(limits.max_chars, Unit::Grapheme)
            },
            media: MediaRules {
                // Servers of another kind put together what they like.
                alone: if limits.is_mastodon { ["video/", "audio/"].map(str::to_owned).to_vec() } else { Vec::new() },
                ..MediaRules::up_to(limits.max_media, kinds(&limits), Some(limits.alt_max))
            },
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, facts: &Facts, parts: &[PartToCheck<'_>], given: &Map<String, Value>) -> Vec<Finding> {
        let limits = Limits::of(facts, Limits::default);
        let rules = self.rules(facts);
        let warning = settings::read::<Settings>(given).map(|settings| text::graphemes(&settings.spoiler_text));
        let warning = warning.unwrap_or_default();
        let mut found = Vec::new();
        for part in parts {
            let used = text::measure(&self.render(part.body), &rules.text);
            if used <= limits.max_chars && used + warning > limits.max_chars {
                let over = used + warning - limits.max_chars;
                let message =
                    format!("The content warning counts as text: together they are {over} characters too many.");
                let fix = format!("Shorten the content warning or the text by {over} characters.");
                found.push(Finding::error("/settings/spoiler_text", "text.too_long", message, fix));
            }
        }
        found
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

    fn reposts(&self) -> Option<&dyn Reposts> {
        Some(self)
    }

    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

/// What a server takes, pictures and the rest apart.
fn kinds(limits: &Limits) -> Vec<MediaKind> {
    let kind = |of: &dyn Fn(&str) -> bool, max_bytes, max_pixels| MediaKind {
        mime: limits.mime.iter().filter(|mime| of(mime)).cloned().collect(),
        max_bytes,
        max_pixels,
        ..MediaKind::default()
    };
    let images = kind(&|mime| mime.starts_with("image/"), limits.image_max_bytes, limits.image_max_pixels);
    let others = kind(&|mime| !mime.starts_with("image/"), limits.video_max_bytes, limits.video_max_pixels);
    let others = MediaKind { max_frame_rate: limits.video_max_frame_rate, ..others };
    [images, others].into_iter().filter(|kind| !kind.mime.is_empty()).collect()
}

fn not_compatible(origin: &str, name: &str) -> Detail {
    Detail::new(format!("{origin} does not answer like a {name} server")).diagnosed(Code::InstanceNotCompatible)
}

/// Mastodon's errors are sentences; those that matter are told by their words.
fn refine(refusal: Refusal) -> Refusal {
    let (status, said) = (refusal.detail().status, refusal.detail().message.to_lowercase());
    match refusal {
        Refusal::Content(detail) if status == Some(403) && said.contains("scope") => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        Refusal::Content(detail)
            if status == Some(403) && (said.contains("disabled") || said.contains("suspended")) =>
        {
            Refusal::Auth(detail.diagnosed(Code::Suspended))
        }
        Refusal::Content(detail) if status == Some(422) && said.contains("finished processing") => {
            Refusal::Temporary(detail)
        }
        other if said.contains("character limit") => other.at("/text"),
        other => other,
    }
}
