//! DEV (dev.to) and every other community that runs on Forem: articles, by an API key.
//!
//! After the API of version 1 at <https://developers.forem.com/api/v1> and Forem's own source
//! (<https://github.com/forem/forem>, `api/articles_controller`, November 2026): `users/me`, `articles`, `articles/me`, `tags`,
//! `organizations`. Forem takes no files: pictures are fetched from their addresses, and articles can't be taken back by the API.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Edit, PostMetrics};
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::text::markdown::{self, Flavour};
use crate::{Detail, Refusal, article, call, origin, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Formatting, Timestamp, channel::Identity};
use crier_net::{Client, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ABOUT: About = About {
    id: "devto",
    name: "DEV",
    color: "#0a0a0a",
    summary: "Articles on DEV and other Forem communities, by an API key.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

const SERVICE: &str = "https://dev.to";
/// The version of the API is asked for by what is accepted.
const ACCEPT: &str = "application/vnd.forem.api-v1+json";
const TITLE: usize = 128;
const TAGS: usize = 4;
/// How many articles a look reads.
const PAGE: usize = 30;
/// The most that one answer holds.
const ALL: &str = "1000";
/// How far a community's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);

/// Forem reads Markdown by Redcarpet, which knows no backslash at the end of a line and raises what stands behind a `^`.
const FLAVOUR: Flavour = Flavour { underline: "", line_break: "  \n", escaped: "\\`*_[]<>~^", angled_links: true };

#[derive(Debug)]
pub struct DevTo;

/// What becomes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Published,
    Draft,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", length(min = 2, max = TITLE), regex(pattern = r"^[^\r\n]*$"))]
    title: String,
    #[serde(default)]
    #[schemars(title = "After publishing", description = "“draft” leaves it at the community for you to finish.")]
    status: Status,
    #[serde(default)]
    #[schemars(
        title = "Tags",
        description = "Up to four, of letters and digits alone. New ones are made.",
        length(max = TAGS),
        inner(regex(pattern = r"^[\p{L}\p{N}]{1,30}$")),
        extend("x-lookup" = "tags")
    )]
    tags: Vec<String>,
    #[serde(default)]
    #[schemars(
        title = "Organization",
        description = "Publishes for an organization that you belong to; empty publishes as yourself.",
        regex(pattern = r"^[0-9]*$"),
        extend("x-lookup" = "organizations")
    )]
    organization: String,
    #[serde(default)]
    #[schemars(
        title = "Original address",
        description = "Where the article appeared first, for search engines. No two articles may have the same.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    canonical: String,
    #[serde(default)]
    #[schemars(
        title = "Description",
        description = "For search engines and lists; empty takes the beginning of the text.",
        length(max = 256)
    )]
    description: String,
    #[serde(default)]
    #[schemars(
        title = "Series",
        description = "Articles of the same series are linked with one another.",
        length(max = 128)
    )]
    series: String,
}

impl Network for DevTo {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    /// Forem sets no limit that a person would write; ours keeps a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = ["image/jpeg", "image/png", "image/gif", "image/webp"];
        Rules {
            text: TextRules::up_to(100_000, Unit::Grapheme),
            media: MediaRules {
                fetched: true,
                linked: true,
                ..MediaRules::up_to(20, vec![MediaKind::up_to(25_000_000, &mime)], Some(1000))
            },
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        Formatting::MARKDOWN
    }

    /// Three dashes at the very beginning would be read as front matter, which overrules all settings.
    fn render(&self, body: &Document) -> String {
        let text = markdown::write_as(body, &FLAVOUR);
        if text.starts_with("---") { format!("\\{text}") } else { text }
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

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

/// One community's API.
struct Api<'a> {
    net: &'a Client,
    origin: &'a str,
    credentials: &'a Credentials,
}

impl<'a> Api<'a> {
    fn new(net: &'a Client, instance: Option<&'a str>, credentials: &'a Credentials) -> Result<Self, Refusal> {
        let lost = || Refusal::Auth(Detail::new("the channel has lost its community; connect it again"));
        Ok(Self { net, origin: instance.ok_or_else(lost)?, credentials })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/{path}", self.origin)
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        let key = self.credentials.access_token.expose();
        let request = request.secret_header("api-key", key).header("accept", ACCEPT);
        call::json(request, self.credentials, refine).await
    }

    /// [`Api::send`] for a request that only asks.
    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        self.send(request).await.map_err(Refusal::harmless)
    }
}

/// Forem tells what is wrong in a sentence.
fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match refusal {
        Refusal::Content(detail) if detail.status == Some(403) => Refusal::Auth(detail.diagnosed(Code::Suspended)),
        other if speaks_of(&["canonical url"]) => other.at("/settings/canonical"),
        other if speaks_of(&["title has already been used", "within the last", "body markdown", "liquid"]) => {
            other.at("/text")
        }
        other if speaks_of(&["title"]) => other.at("/settings/title"),
        other if speaks_of(&["tag"]) => other.at("/settings/tags"),
        other if speaks_of(&["image"]) => other.at("/media"),
        other => other,
    }
}

#[derive(Deserialize)]
struct User {
    id: u64,
    username: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    profile_image: Option<String>,
}

#[async_trait]
impl Form for DevTo {
    fn fields(&self) -> Vec<Field> {
        let service = Field {
            default: Some(SERVICE.to_owned()),
            ..Field::new("service", "Community", FieldKind::Url, true, SERVICE, "DEV, or another community on Forem.")
        };
        let key = Field::new(
            "apiKey",
            "API key",
            FieldKind::Password,
            true,
            "",
            "Make one at the community under Settings, Extensions, “DEV Community API Keys”.",
        );
        vec![service, key]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let origin = origin::normalise(typed(values, "service"), "dev.to").map_err(|message| FormRefusal::Field {
            name: "service",
            message,
            fix: format!("Enter the address of your community, like {SERVICE}."),
        })?;
        let credentials = Credentials { access_token: typed(values, "apiKey").into(), ..Credentials::default() };
        let api = Api { net, origin: &origin, credentials: &credentials };
        let user: User = api.ask(net.get(api.url("users/me"))).await.map_err(|refusal| match refusal {
            refusal @ Refusal::Auth(_) => FormRefusal::FieldRefused { name: "apiKey", refusal },
            refusal if refusal.detail().status.is_some_and(|status| status < 500 && status != 429) => {
                let said = format!("{origin} does not answer like a Forem community");
                let status = refusal.detail().status;
                let detail = Detail { status, ..Detail::new(said).diagnosed(Code::InstanceNotCompatible) };
                FormRefusal::FieldRefused { name: "service", refusal: Refusal::Content(detail) }
            }
            refusal => FormRefusal::Refused(refusal),
        })?;
        let identity = Identity {
            remote_id: user.id.to_string(),
            name: user.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| user.username.clone()),
            profile_url: Some(format!("{origin}/{}", user.username)),
            handle: format!("{}@{}", user.username, article::handle(&origin)),
            avatar_url: user.profile_image.filter(|picture| !picture.is_empty()),
        };
        let identified = Identified { identity, granted: None, facts: Facts::new() };
        Ok(SignedIn { instance: Some(origin), credentials, identified })
    }
}

/// An article as it is answered.
#[derive(Serialize, Deserialize)]
struct Made {
    id: u64,
    url: String,
}

#[async_trait]
impl Publish for DevTo {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api::new(cx.net, cx.instance, cx.credentials)?;
        let article = json!({ "article": self.article(item, &settings)? });
        let request = api.net.post(api.url("articles")).json(&article);
        let made: Made = cx.step("create article", Once::Look, || api.send(request)).await?;
        Ok(sent(made.id, made.url))
    }
}

fn sent(id: u64, url: String) -> Sent {
    Sent { remote_id: id.to_string(), url: Some(url), data: Value::Null }
}

impl DevTo {
    /// The first picture stands above the article; the others below the text.
    fn article(&self, item: &Item, settings: &Settings) -> Result<Value, Refusal> {
        let mut article = json!({
            "title": settings.title,
            "body_markdown": self.body(item)?,
            "published": settings.status == Status::Published,
        });
        let mut set = |name: &str, value: Value| article[name] = value;
        if let Some(media) = item.media.first() {
            set("main_image", public(media, 0)?.into());
        }
        if !settings.tags.is_empty() {
            set("tags", settings.tags.iter().map(|tag| tag.to_lowercase()).collect());
        }
        if let Ok(organization) = settings.organization.parse::<u64>() {
            set("organization_id", organization.into());
        }
        let words = [
            ("canonical_url", &settings.canonical),
            ("description", &settings.description),
            ("series", &settings.series),
        ];
        for (name, value) in words.into_iter().filter(|(_, value)| !value.is_empty()) {
            set(name, value.as_str().into());
        }
        Ok(article)
    }

    fn body(&self, item: &Item) -> Result<String, Refusal> {
        let words = Some(self.render(&item.body)).filter(|words| !words.is_empty());
        let pictures = item.media.iter().enumerate().skip(1).map(|(index, media)| {
            let alt = media.alt.replace(['[', ']', '\n'], " ");
            Ok(format!("![{alt}]({})", public(media, index)?))
        });
        let all: Result<Vec<String>, Refusal> = words.into_iter().map(Ok).chain(pictures).collect();
        Ok(all?.join("\n\n"))
    }
}

/// Where the community fetches a picture.
fn public(media: &MediaItem, index: usize) -> Result<&str, Refusal> {
    let lacks = || Refusal::Content(Detail::new("the picture has no public address from which it could be fetched"));
    media.url.as_deref().ok_or_else(|| lacks().at(&format!("/media/{index}")))
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    url: String,
    title: String,
    #[serde(default)]
    body_markdown: String,
    #[serde(default)]
    published_at: Option<Timestamp>,
    #[serde(default)]
    organization: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    username: String,
}

#[async_trait]
impl Recent for DevTo {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api::new(cx.net, cx.instance, cx.credentials)?;
        // A draft has no time of its own; the newest come first in either list.
        let list = if settings.status == Status::Draft { "unpublished" } else { "published" };
        let (since, body) = (cx.due_at - CLOCK_SLACK, squeezed(&self.body(item)?));
        let request = api.net.get(api.url(&format!("articles/me/{list}")));
        let page: Vec<Listed> = api.ask(request.query(&[("per_page", PAGE)])).await?;
        let earlier = |listed: &Listed| listed.published_at.is_some_and(|at| at < since);
        let is_it = |listed: &&Listed| {
            !earlier(listed) && listed.title == settings.title && squeezed(&listed.body_markdown) == body
        };
        let found = page.iter().find(is_it).map(|listed| sent(listed.id, listed.url.clone()));
        match found {
            None if page.len() == PAGE && !page.iter().any(earlier) => {
                let said = "there are too many newer articles to tell whether this one is among them";
                Err(Refusal::Unknown(Detail::new(said)))
            }
            found => Ok(found),
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

#[derive(Deserialize)]
struct Organization {
    id: u64,
    name: String,
    username: String,
}

#[async_trait]
impl Lookup for DevTo {
    fn names(&self) -> &'static [&'static str] {
        &["tags", "organizations"]
    }

    /// Forem does not list the organizations one belongs to; those that one has published for are among one's articles.
    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let api = Api::new(access.net, access.instance, access.credentials)?;
        if name == "tags" {
            let tags: Vec<Tag> = api.ask(api.net.get(api.url("tags")).query(&[("per_page", ALL)])).await?;
            let item = |tag: Tag| LookupItem { id: tag.name.clone(), name: tag.name, detail: String::new() };
            return Ok(fitting(tags.into_iter().map(item), query));
        }
        let all: Vec<Listed> = api.ask(api.net.get(api.url("articles/me/all")).query(&[("per_page", ALL)])).await?;
        let names: BTreeSet<String> = all.into_iter().filter_map(|it| Some(it.organization?.username)).collect();
        let mut items = Vec::new();
        for username in names {
            let found: Organization = api.ask(api.net.get(api.url(&format!("organizations/{username}")))).await?;
            items.push(LookupItem {
                id: found.id.to_string(),
                name: found.name,
                detail: format!("@{}", found.username),
            });
        }
        Ok(fitting(items.into_iter(), query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_at_the_beginning_are_words_and_no_front_matter() {
        assert_eq!(DevTo.render(&Document::from_plain("---\ntitle: x\n---")), "\\---  \ntitle: x  \n\\---");
        assert_eq!(DevTo.render(&Document::from_plain("--- x")), "\\--- x");
        assert_eq!(DevTo.render(&Document::from_plain("a\n2^3")), "a  \n2\\^3");
    }
}
