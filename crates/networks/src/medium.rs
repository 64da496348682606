//! Medium: stories of an account and its publications, by an integration token.
//!
//! After <https://github.com/Medium/medium-api-docs> (archived in March 2023): `me`, `publications`, `posts`. Medium no longer supports
//! its API and has given out no tokens since January 2025; those there are still work. Stories can be neither listed nor changed by it.

use crate::about::{About, Network};
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::text::markdown;
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Formatting, channel::Identity};
use crier_net::{Client, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ABOUT: About = About {
    id: "medium",
    name: "Medium",
    color: "#000000",
    summary: "Stories on Medium, for those who have an integration token from before 2025.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

const API: &str = "https://api.medium.com/v1";
/// Medium ignores longer titles, and tags beyond the third.
const TITLE: usize = 100;
const TAGS: usize = 3;

#[derive(Debug)]
pub struct Medium;

/// What becomes of it, in Medium's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Public,
    Draft,
    Unlisted,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", length(min = 2, max = TITLE), regex(pattern = r"^[^\r\n]*$"))]
    title: String,
    #[serde(default)]
    #[schemars(title = "Subtitle", length(max = 140), regex(pattern = r"^[^\r\n]*$"))]
    subtitle: String,
    #[serde(default)]
    #[schemars(
        title = "Publication",
        description = "Empty publishes as yourself. Its writers may only hand in drafts, its editors publish.",
        regex(pattern = "^[A-Za-z0-9]*$"),
        extend("x-lookup" = "publications")
    )]
    publication: String,
    #[serde(default)]
    #[schemars(title = "After publishing", description = "“unlisted” is found by its address alone.")]
    status: Status,
    #[serde(default)]
    #[schemars(
        title = "Tags",
        description = "Medium uses three.",
        length(max = TAGS),
        inner(length(min = 1, max = 25))
    )]
    tags: Vec<String>,
    #[serde(default)]
    #[schemars(
        title = "Original address",
        description = "Where the story appeared first, for search engines.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    canonical: String,
    #[serde(default)]
    #[schemars(title = "Tell followers", description = "Those who follow you get a message.")]
    notify_followers: bool,
}

impl Network for Medium {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    /// Medium sets no limit to words; ours keeps a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = ["image/jpeg", "image/png", "image/gif", "image/tiff"];
        Rules {
            text: TextRules::up_to(100_000, Unit::Grapheme),
            media: MediaRules {
                fetched: true,
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

    fn render(&self, body: &Document) -> String {
        markdown::write(body)
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }
}

/// What Medium wraps its answers in.
#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let request = request.bearer(credentials.access_token.expose());
    Ok(call::json::<Data<T>>(request, credentials, refine).await?.data)
}

/// [`send`] for a request that only asks.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    send(request, credentials).await.map_err(Refusal::harmless)
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let status = refusal.detail().status;
    match refusal {
        Refusal::Content(detail) if status == Some(403) => Refusal::Content(detail).at("/settings/publication"),
        other if said.contains("canonical") => other.at("/settings/canonical"),
        other if said.contains("tag") => other.at("/settings/tags"),
        other if said.contains("title") => other.at("/settings/title"),
        other if said.contains("content") => other.at("/text"),
        other => other,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    username: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    image_url: Option<String>,
}

async fn me(net: &Client, credentials: &Credentials) -> Result<User, Refusal> {
    ask(net.get(format!("{API}/me")), credentials).await
}

#[async_trait]
impl Form for Medium {
    fn fields(&self) -> Vec<Field> {
        vec![Field::new(
            "apiKey",
            "Integration token",
            FieldKind::Password,
            true,
            "",
            "From Medium's settings, Security and apps. Medium gives out no new ones.",
        )]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let credentials = Credentials { access_token: typed(values, "apiKey").into(), ..Credentials::default() };
        let user = me(net, &credentials).await.map_err(|refusal| match refusal {
            Refusal::Auth(detail) => {
                let refusal = Refusal::Auth(detail.diagnosed(Code::CredentialsWrong));
                FormRefusal::FieldRefused { name: "apiKey", refusal }
            }
            refusal => FormRefusal::Refused(refusal),
        })?;
        let identity = Identity {
            remote_id: user.id,
            name: if user.name.trim().is_empty() { user.username.clone() } else { user.name },
            profile_url: user.url.or_else(|| Some(format!("https://medium.com/@{}", user.username))),
            handle: user.username,
            avatar_url: user.image_url.filter(|picture| !picture.is_empty()),
        };
        let identified = Identified { identity, granted: None, facts: Facts::new() };
        Ok(SignedIn { instance: None, credentials, identified })
    }
}

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
    url: String,
}

#[async_trait]
impl Publish for Medium {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let place = match settings.publication.as_str() {
            "" => format!("users/{}", cx.account),
            publication => format!("publications/{publication}"),
        };
        let request = cx.net.post(format!("{API}/{place}/posts")).json(&self.story(item, &settings)?);
        let made: Made = cx.step("create story", Once::Ask, || send(request, cx.credentials)).await?;
        Ok(Sent { remote_id: made.id, url: Some(made.url), data: Value::Null })
    }
}

impl Medium {
    /// The title is shown only where it stands in the text as well.
    fn story(&self, item: &Item, settings: &Settings) -> Result<Value, Refusal> {
        let mut text = vec![format!("# {}", settings.title)];
        if !settings.subtitle.is_empty() {
            text.push(format!("## {}", settings.subtitle));
        }
        text.extend(Some(self.render(&item.body)).filter(|words| !words.is_empty()));
        for (index, media) in item.media.iter().enumerate() {
            text.push(picture(media).map_err(|refusal| refusal.at(&format!("/media/{index}")))?);
        }
        let mut story = json!({
            "title": settings.title,
            "contentFormat": "markdown",
            "content": text.join("\n\n"),
            "publishStatus": settings.status,
        });
        if !settings.tags.is_empty() {
            story["tags"] = settings.tags.iter().map(String::as_str).collect();
        }
        if !settings.canonical.is_empty() {
            story["canonicalUrl"] = settings.canonical.as_str().into();
        }
        if settings.notify_followers {
            story["notifyFollowers"] = true.into();
        }
        Ok(story)
    }
}

/// Medium fetches pictures from their addresses and keeps them.
fn picture(media: &MediaItem) -> Result<String, Refusal> {
    let lacks = || Refusal::Content(Detail::new("the picture has no public address from which Medium could fetch it"));
    let url = media.url.as_deref().ok_or_else(lacks)?;
    Ok(format!("![{}]({url})", media.alt.replace(['[', ']', '\n'], " ")))
}

#[derive(Deserialize)]
struct Publication {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
}

#[async_trait]
impl Lookup for Medium {
    fn names(&self) -> &'static [&'static str] {
        &["publications"]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let user = me(access.net, access.credentials).await?;
        let request = access.net.get(format!("{API}/users/{}/publications", user.id));
        let found: Vec<Publication> = ask(request, access.credentials).await?;
        let item = |it: Publication| LookupItem { id: it.id, name: it.name, detail: it.description };
        Ok(fitting(found.into_iter().map(item), query))
    }
}
