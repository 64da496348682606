//! Bluesky and other personal data servers of the AT Protocol, by signing in there or by app password.
//!
//! After the lexicons `com.atproto.server`, `com.atproto.repo`, `app.bsky.feed.post`, `app.bsky.richtext.facet`
//! `app.bsky.embed.images` and `app.bsky.embed.video` of <https://github.com/bluesky-social/atproto> (August 2026), and <https://atproto.com/specs/tid>.

mod afterwards;
mod identity;
mod mentions;
mod oauth;
mod plugs;
mod post;
mod rich_text;
mod session;
mod video;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{Connect, Facts, Way};
use crate::lookup::Lookup;
use crate::plugs::{Comments, Reposts};
use crate::publish::{MediaItem, Publish};
use crate::{Refusal, settings};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Finding, Formatting};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const ABOUT: About = About {
    id: "bluesky",
    name: "Bluesky",
    color: "#0085ff",
    summary: "Bluesky, and servers of one’s own in its network.",
    works_at_once: true,
    console: None,
    deadline_s: 600,
};

/// The largest image every server takes (`app.bsky.embed.images` before April 2026): a server checks records by the
/// lexicons it came with.
const IMAGE_BYTES: u64 = 1_000_000;
/// The largest image since April 2026, on servers that are surely up to date.
const IMAGE_BYTES_NOW: u64 = 2_000_000;
/// The fact that holds the account's server's limit.
const IMAGE_BYTES_FACT: &str = "image_max_bytes";

/// The largest video that Bluesky's own servers take (`app.bsky.embed.video` since August 2026).
const FILM_BYTES_NOW: u64 = 300_000_000;
/// The largest on any other: the lexicon of old, and what the server's own installer sets for files. One that takes less says so.
const FILM_BYTES: u64 = 50_000_000;
/// The longest description of a video, in characters.
const FILM_ALT: usize = 1000;

/// The fact that holds the address of the account's server, for tokens that don't bring it along.
const SERVER_FACT: &str = "server";

pub use identity::Directory;

#[derive(Debug, Default)]
pub struct Bluesky {
    directory: Directory,
}

impl Bluesky {
    #[must_use]
    pub fn new(directory: Directory) -> Self {
        Self { directory }
    }
}

/// What the author warns of (`com.atproto.label.defs#selfLabels`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Label {
    #[default]
    None,
    Sexual,
    Nudity,
    Porn,
    GraphicMedia,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Language",
        description = "For example “en” or “pt-BR”; empty says nothing.",
        regex(pattern = r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")
    )]
    language: String,
    #[schemars(title = "Content warning", description = "What the pictures show, where people should be warned.")]
    label: Label,
}

impl Network for Bluesky {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn ways(&self) -> Vec<Way<'_>> {
        vec![
            Way {
                id: "oauth2",
                name: "Sign in with Bluesky",
                help: "You are sent to your server and allow there what Crier may do. Nothing has to be copied.",
                connect: Connect::OAuth2(self),
            },
            Way {
                id: "app_password",
                name: "App password",
                help: "You make a password for Crier in Bluesky’s settings. Works also where your server can’t reach this one.",
                connect: Connect::Form(self),
            },
        ]
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let max_bytes = facts.get(IMAGE_BYTES_FACT).and_then(Value::as_u64).unwrap_or(IMAGE_BYTES);
        let theirs = facts.get(SERVER_FACT).and_then(Value::as_str).is_some_and(session::is_theirs);
        let film_bytes = if theirs { FILM_BYTES_NOW } else { FILM_BYTES };
        Rules {
            text: TextRules { max_bytes: Some(3000), ..TextRules::up_to(300, Unit::Grapheme) },
            // For descriptions the lexicon sets no limit; Bluesky's own app does.
            media: MediaRules {
                alone: vec!["video/".to_owned()],
                ..MediaRules::up_to(
                    4,
                    vec![
                        MediaKind::up_to(max_bytes, &["image/jpeg", "image/png", "image/webp", "image/gif"]),
                        MediaKind::up_to(film_bytes, &["video/mp4"]).films(0, 180, &["h264", "aac"]),
                    ],
                    Some(2000),
                )
            },
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn render(&self, body: &Document) -> String {
        rich_text::RichText::of(body).text
    }

    fn formatting(&self) -> Formatting {
        Formatting { links: true, ..Formatting::PLAIN }
    }

    fn shown(&self, body: &Document) -> Document {
        rich_text::RichText::of(body).shown()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        parts
            .iter()
            .flat_map(|part| part.media.iter().enumerate().filter_map(|(index, item)| alt_of_film(part, index, item)))
            .collect()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
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

    fn reposts(&self) -> Option<&dyn Reposts> {
        Some(self)
    }

    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

/// Descriptions of videos are shorter than those of pictures.
fn alt_of_film(part: &PartToCheck<'_>, index: usize, item: &MediaItem) -> Option<Finding> {
    let over = item.alt.chars().count().checked_sub(FILM_ALT).filter(|over| *over > 0 && item.is_film())?;
    let message = format!("Bluesky takes descriptions of videos of {FILM_ALT} characters; this is {over} too many.");
    let pointer = format!("{}/media/{index}/alt", part.pointer);
    Some(Finding::error(pointer, "alt.too_long", message, format!("Shorten the description by {over} characters.")))
}

/// The error names of XRPC. A session that has ended is refused with 400, not 401.
fn refine(refusal: Refusal) -> Refusal {
    let refusal = match refusal.detail().message.as_str() {
        said if said.contains("record.embed") || said.contains("blob too big") => refusal.at("/media"),
        said if said.contains("record.text") || said.contains("record/text") => refusal.at("/text"),
        _ => refusal,
    };
    let Some(code) = refusal.detail().code.clone() else { return refusal };
    match (code.as_str(), refusal) {
        (
            "ScopeMissingError" | "InsufficientScope" | "insufficient_scope",
            Refusal::Content(detail) | Refusal::Auth(detail),
        ) => Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing)),
        ("ExpiredToken" | "InvalidToken", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
        }
        (
            "AccountTakedown" | "AccountSuspended" | "AccountDeactivated" | "RepoTakendown" | "RepoSuspended"
            | "RepoDeactivated",
            Refusal::Content(detail) | Refusal::Auth(detail),
        ) => Refusal::Auth(detail.diagnosed(Code::Suspended)),
        ("AuthFactorTokenRequired", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsTwoFactor))
        }
        // The account has moved to another server: connecting anew finds it.
        ("RepoNotFound", Refusal::Content(detail)) => Refusal::Auth(detail),
        ("InvalidSwap", Refusal::Content(detail)) => Refusal::Temporary(detail),
        (_, refusal) => refusal,
    }
}
