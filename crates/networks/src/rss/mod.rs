//! A feed of one's own, which this server gives out: RSS 2.0, Atom and JSON Feed, for readers, newsletters and whatever else reads feeds.
//!
//! Nothing is called: what publishing answers is the entry ([`Entry`]), and the feed is written of the entries that are published
//! ([`write`]). Whoever knows a feed's address can read it; its token is what the channel is known by.

pub mod write;

use crate::about::{About, Network};
use crate::afterwards::{Account, Delete, Edit};
use crate::connect::{
    Connect, Credentials, Facts, Field, FieldKind, FieldOption, Form, FormRefusal, Identified, SignedIn, typed,
};
use crate::publish::{Cx, Item, MediaItem, Publish, Sent};
use crate::{Detail, Refusal, settings, text};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Formatting, MediaId, channel::Identity};
use crier_net::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

const ABOUT: About = About {
    id: "rss",
    name: "RSS feed",
    color: "#c2410c",
    summary: "A feed of your own that this server gives out, for readers, newsletters and other services.",
    works_at_once: true,
    console: None,
    deadline_s: 60,
};

/// In the facts: what a feed says of itself besides its title.
const DESCRIPTION: &str = "description";
const LANGUAGE: &str = "language";
const HOME: &str = "home";
const SIZE: &str = "size";
/// How many entries a feed has where nothing else was chosen.
const USUAL_SIZE: u64 = 50;

#[derive(Debug)]
pub struct Rss;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Title",
        description = "Readers show it first; without one they show the beginning of the text.",
        length(max = 300),
        regex(pattern = r"^[^\r\n]*$")
    )]
    title: String,
    #[schemars(
        title = "Link",
        description = "What the entry is about, like an article on your website.",
        length(max = 2000),
        regex(pattern = r"^(https?://\S+)?$")
    )]
    link: String,
    #[schemars(title = "Categories", length(max = 20), inner(length(min = 1, max = 100)))]
    categories: Vec<String>,
}

/// What is published: one entry, as it is kept until the feed is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub link: String,
    #[serde(default)]
    pub categories: Vec<String>,
    pub html: String,
    /// The words alone.
    pub text: String,
    #[serde(default)]
    pub files: Vec<File>,
}

/// A file of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub media: MediaId,
    pub name: String,
    pub mime: String,
    /// Bytes.
    pub size: u64,
    pub alt: String,
    /// How long it moves; 0 for what stands still.
    pub duration_ms: u64,
}

impl Entry {
    fn of(item: &Item) -> Result<Self, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let file = |media: &MediaItem| File {
            media: media.id,
            name: media.name.clone(),
            mime: media.mime.clone(),
            size: media.size,
            alt: media.alt.clone(),
            duration_ms: media.duration_ms,
        };
        Ok(Self {
            title: settings.title.trim().to_owned(),
            link: settings.link,
            categories: settings.categories,
            html: text::html::write(&item.body),
            text: item.body.to_plain(),
            files: item.media.iter().map(file).collect(),
        })
    }

    /// As it is kept with its publication, under an id that stays.
    fn sent(self, id: String) -> Result<Sent, Refusal> {
        let url = Some(self.link.clone()).filter(|link| !link.is_empty());
        let kept = serde_json::to_value(self);
        let data = kept.map_err(|error| Refusal::Content(Detail::new(format!("the entry can't be kept: {error}"))))?;
        Ok(Sent { remote_id: id, url, data })
    }
}

/// What a feed says of itself, by the facts of its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub description: String,
    /// A tag like `en` (RFC 5646); empty where none was given.
    pub language: String,
    /// Whose feed it is: a website.
    pub home: Option<Url>,
    /// The most entries it has.
    pub size: u64,
}

impl Description {
    #[must_use]
    pub fn of(facts: &Facts) -> Self {
        let word = |name: &str| facts.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            description: word(DESCRIPTION),
            language: word(LANGUAGE),
            home: word(HOME).parse().ok(),
            size: facts.get(SIZE).and_then(Value::as_u64).unwrap_or(USUAL_SIZE),
        }
    }
}

impl Network for Rss {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    /// Readers set the limits; these only keep a mistake from growing. The types are all that the library takes, so that files are
    /// given out as they are.
    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/bmp",
            "image/tiff",
            "video/mp4",
            "video/quicktime",
            "video/webm",
        ];
        Rules {
            text: TextRules::up_to(100_000, Unit::Grapheme),
            media: MediaRules::up_to(20, vec![MediaKind::up_to(1_000_000_000, &mime)], Some(10_000)),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        Formatting::HTML
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn is_feed(&self) -> bool {
        true
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

#[async_trait]
impl Form for Rss {
    fn fields(&self) -> Vec<Field> {
        let size = |value, label| FieldOption { value, label };
        vec![
            Field::new(
                "title",
                "Title",
                FieldKind::Text,
                true,
                "News of the lighthouse",
                "What readers call the feed.",
            ),
            Field::new("description", "Description", FieldKind::Text, false, "", "What it is about, in a sentence."),
            Field::new("home", "Website", FieldKind::Url, false, "https://example.org", "Whose feed it is."),
            Field::new("language", "Language", FieldKind::Text, false, "en", "A tag like “en”, “de” or “pt-BR”."),
            Field {
                default: Some(USUAL_SIZE.to_string()),
                options: vec![size("20", "20"), size("50", "50"), size("100", "100")],
                ..Field::new(
                    "size",
                    "Entries",
                    FieldKind::Select,
                    false,
                    "",
                    "The most entries the feed has; older ones leave it.",
                )
            },
        ]
    }

    /// A feed is known by its token, which is made once.
    fn identifies(&self) -> bool {
        false
    }

    async fn sign_in(&self, _net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let wrong = |name, message: String, fix: &str| FormRefusal::Field { name, message, fix: fix.to_owned() };
        let (title, home, language) = (typed(values, "title"), typed(values, "home"), typed(values, "language"));
        if title.chars().count() > 200 {
            let message = "The title has more than 200 characters.".to_owned();
            return Err(wrong("title", message, "Shorten it; there is a description as well."));
        }
        let site = Url::parse(home).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if site.is_none() && !home.is_empty() {
            let message = format!("“{home}” is no address of a website.");
            return Err(wrong("home", message, "Enter one like https://example.org, or leave it out."));
        }
        if !is_language(language) {
            let message = format!("“{language}” is no language tag.");
            return Err(wrong("language", message, "Enter one like “en” or “pt-BR”, or leave it out."));
        }
        let mut facts = Facts::new();
        facts.insert(DESCRIPTION.to_owned(), typed(values, "description").into());
        facts.insert(LANGUAGE.to_owned(), language.into());
        facts.insert(HOME.to_owned(), site.as_ref().map_or("", Url::as_str).into());
        facts.insert(SIZE.to_owned(), typed(values, "size").parse().unwrap_or(USUAL_SIZE).into());
        let identity = Identity {
            remote_id: hex::encode(rand::random::<[u8; 16]>()),
            name: title.to_owned(),
            handle: site.as_ref().and_then(Url::host_str).unwrap_or("feed").to_owned(),
            profile_url: site.map(String::from),
            avatar_url: None,
        };
        let identified = Identified { identity, granted: None, facts };
        Ok(SignedIn { instance: None, credentials: Credentials::default(), identified })
    }
}

/// Whether it can be a tag of RFC 5646: words of letters and digits with hyphens between; nothing is one as well.
fn is_language(tag: &str) -> bool {
    let word = |word: &str| (1..=8).contains(&word.len()) && word.bytes().all(|it| it.is_ascii_alphanumeric());
    tag.is_empty() || (tag.len() <= 35 && tag.as_bytes()[0].is_ascii_alphabetic() && tag.split('-').all(word))
}

#[async_trait]
impl Publish for Rss {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        // It is published when this is kept.
        Entry::of(item)?.sent(cx.publication.to_string())
    }
}

#[async_trait]
impl Delete for Rss {
    /// What is marked as removed is left out.
    async fn delete(&self, _account: &Account<'_>, _sent: &Sent) -> Result<(), Refusal> {
        Ok(())
    }
}

#[async_trait]
impl Edit for Rss {
    async fn edit(&self, _account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let before: Option<Entry> = serde_json::from_value(sent.data.clone()).ok();
        let entry = Entry::of(item)?;
        // Files stay as they were sent.
        let files = before.map_or(entry.files.clone(), |before| before.files);
        Entry { files, ..entry }.sent(sent.remote_id.clone())
    }
}

/// The entry that was published as `sent`; none where it can't be read.
#[must_use]
pub fn entry(sent: &Sent) -> Option<Entry> {
    serde_json::from_value(sent.data.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::is_language;

    #[test]
    fn a_language_is_a_tag() {
        for good in ["", "en", "pt-BR", "zh-Hant-TW", "x-klingon"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["e n", "-en", "en-", "en_GB", "1", "toolonganame", "<en>"] {
            assert!(!is_language(bad), "{bad}");
        }
    }
}
