//! Whop: posts in the forums of companies, with comments below them, by an app of one's own.
//!
//! After <https://docs.whop.com/developer/guides/oauth> and <https://docs.whop.com/api-reference> (as Whop's own client,
//! <https://github.com/whopio/whopsdk-python>, has it; September 2026): OAuth 2.1 with OpenID, `companies`, `forums`, `files`,
//! `forum_posts`. Whop knows no key for a post.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{Edit, PostMetrics};
use crate::choosing::Access;
use crate::connect::{
    ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, address, fixed,
};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::text::markdown;
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Formatting, channel::Identity};
use crier_net::{Client, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "whop",
    name: "Whop",
    color: "#fa4616",
    summary: "Posts in forums on Whop, by an app of your own.",
    works_at_once: false,
    console: Some("https://whop.com/dashboard/developer"),
    deadline_s: 900,
};

const API: &str = "https://api.whop.com/api/v1";
const SCOPES: &[Scope] = &[
    Scope { id: "openid", why: "to know which account this is", required: true },
    Scope { id: "profile", why: "to know its name and picture", required: true },
    Scope { id: "forum:post:create", why: "to publish your posts and comments", required: true },
    Scope { id: "forum:read", why: "to list forums, and to find a post again", required: true },
    Scope { id: "company:basic:read", why: "to list the companies that forums are of", required: true },
];
/// The experience that stands for a company's public forum.
const PUBLIC: &str = "public";
/// Files that no post has taken are kept for some time that Whop does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(300);
/// How long Whop may take to process a file before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(300);
/// The most that one answer lists.
const PAGE: usize = 50;

#[derive(Debug)]
pub struct Whop;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Forum",
        description = "Where it is posted; “public” is the public forum of the company below.",
        regex(pattern = "^(public|exp_[A-Za-z0-9]+)$"),
        extend("x-lookup" = "experiences")
    )]
    experience: String,
    #[serde(default)]
    #[schemars(
        title = "Company",
        description = "Whose public forum it is; needed for that alone.",
        regex(pattern = "^(biz_[A-Za-z0-9]+)?$"),
        extend("x-lookup" = "companies")
    )]
    company: String,
    #[serde(default)]
    #[schemars(title = "Title", length(max = 255))]
    title: String,
    #[serde(default)]
    #[schemars(title = "Tell everyone", description = "Members of the forum get a message.")]
    is_mention: bool,
}

impl Network for Whop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    /// Whop sets no limit to words and files that it tells; ours keep a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(50_000, Unit::Grapheme),
            media: MediaRules::up_to(
                10,
                vec![
                    MediaKind::up_to(50_000_000, &["image/jpeg", "image/png", "image/gif", "image/webp"]),
                    MediaKind::up_to(1_000_000_000, &["video/mp4", "video/quicktime", "video/webm"]),
                ],
                None,
            ),
            parts: PartsRules::alike(25, PartsKind::Comment),
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

    fn recent(&self) -> Option<&dyn Recent> {
        Some(self)
    }

    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    call::json(request.bearer(credentials.access_token.expose()), credentials, refine).await
}

/// [`send`] for a request that only asks, or may be made twice.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    send(request, credentials).await.map_err(Refusal::harmless)
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let code = refusal.detail().code.clone().unwrap_or_default();
    let status = refusal.detail().status;
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match refusal {
        Refusal::Content(detail) | Refusal::Auth(detail)
            if code == "insufficient_scope" || speaks_of(&["scope", "permission"]) =>
        {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        other if speaks_of(&["post not found"]) => other,
        other if matches!(status, Some(403 | 404)) => other.at("/settings/experience"),
        other if speaks_of(&["company"]) => other.at("/settings/company"),
        other if speaks_of(&["attachment", "file"]) => other.at("/media"),
        other if speaks_of(&["title"]) => other.at("/settings/title"),
        other if speaks_of(&["content"]) => other.at("/text"),
        other => other,
    }
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(default)]
    name: Option<String>,
    preferred_username: String,
    #[serde(default)]
    picture: Option<String>,
}

#[async_trait]
impl OAuth2 for Whop {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        Ok(Endpoints {
            pkce: true,
            revoke: Some(address("https://api.whop.com/oauth/revoke")?),
            // OpenID wants one; the tokens are asked whose they are all the same.
            authorize_extra: vec![("nonce".to_owned(), format!("{:032x}", rand::random::<u128>()))],
            ..fixed(
                "https://api.whop.com/oauth/authorize",
                "https://api.whop.com/oauth/token",
                ClientAuth::Body,
                Dialect { json: true, ..Dialect::default() },
            )?
        })
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let user: UserInfo = ask(net.get("https://api.whop.com/oauth/userinfo"), credentials).await?;
        let name = user.name.filter(|name| !name.trim().is_empty());
        let identity = Identity {
            remote_id: user.sub,
            name: name.unwrap_or_else(|| user.preferred_username.clone()),
            profile_url: Some(format!("https://whop.com/@{}", user.preferred_username)),
            handle: user.preferred_username,
            avatar_url: user.picture.filter(|picture| !picture.is_empty()),
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

#[async_trait]
impl Publish for Whop {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, item).await.map(|_| ())
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let files = uploads(cx, item).await?;
        let request = cx.net.post(format!("{API}/forum_posts")).json(&self.post(item, &settings, &files));
        let made: Made = cx.step("create post", Once::Look, || send(request, cx.credentials)).await?;
        Ok(sent(&settings, made.id))
    }
}

fn sent(settings: &Settings, id: String) -> Sent {
    let url = format!("https://whop.com/experiences/{}/{id}", settings.experience);
    let url = Some(url).filter(|_| settings.experience != PUBLIC);
    Sent { remote_id: id, url, data: Value::Null }
}

impl Whop {
    fn post(&self, item: &Item, settings: &Settings, files: &[String]) -> Value {
        let mut post = json!({ "experience_id": settings.experience, "content": self.render(&item.body) });
        let mut set = |name: &str, value: Value| post[name] = value;
        if settings.experience == PUBLIC {
            set("company_id", settings.company.as_str().into());
        }
        if !files.is_empty() {
            set("attachments", files.iter().map(|id| json!({ "id": id })).collect());
        }
        // Comments have neither title nor notice, and stand below the post itself.
        if let Some(thread) = &item.thread {
            set("parent_id", thread.root.remote_id.as_str().into());
            return post;
        }
        if !settings.title.is_empty() {
            set("title", settings.title.as_str().into());
        }
        if settings.is_mention {
            set("is_mention", true.into());
        }
        post
    }
}

/// A file as Whop tells of it.
#[derive(Deserialize)]
struct File {
    id: String,
    upload_status: String,
    #[serde(default)]
    upload_url: Option<String>,
    #[serde(default)]
    upload_headers: Option<BTreeMap<String, String>>,
}

async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, media)).await
}

async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let request = cx.net.post(format!("{API}/files")).json(&json!({ "filename": media.name }));
    let file: File = ask(request, cx.credentials).await?;
    let none = || Refusal::Temporary(Detail::new("Whop named no place for the file"));
    let request = cx.net.put(file.upload_url.ok_or_else(none)?).timeout(media.upload_time(UPLOAD));
    let request = request.body(cx.body(media).await?, &media.mime);
    let headers = file.upload_headers.unwrap_or_default();
    let own = headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    let request = own.fold(request, |request, (name, value)| request.header(name, value));
    // The place speaks for itself; the token is none of its business.
    call::send(request, cx.credentials, |refusal| refusal).await.map_err(Refusal::harmless)?;
    let look = || async {
        let file: File = ask(cx.net.get(format!("{API}/files/{}", file.id)), cx.credentials).await?;
        match file.upload_status.as_str() {
            "ready" => Ok(Some(())),
            "failed" => Err(Refusal::Content(Detail::new("Whop could not process the file"))),
            _ => Ok(None),
        }
    };
    done_within(PROCESSING, "Whop is still processing a file", look).await?;
    Ok(file.id)
}

/// What lists are wrapped in.
#[derive(Deserialize)]
struct Data<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    content: Option<String>,
    user: Author,
}

#[derive(Deserialize)]
struct Author {
    id: String,
}

#[async_trait]
impl Recent for Whop {
    /// When a post was made is not told in lists.
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = squeezed(&self.render(&item.body));
        if words.is_empty() || settings.experience == PUBLIC {
            let said = "only posts with words, in forums of members, can be told from others";
            return Err(Refusal::Unknown(Detail::new(said)));
        }
        let first = PAGE.to_string();
        let mut query = vec![("experience_id", settings.experience.as_str()), ("first", &first)];
        query.extend(item.thread.as_ref().map(|thread| ("parent_id", thread.root.remote_id.as_str())));
        let request = cx.net.get(format!("{API}/forum_posts")).query(&query);
        let page: Data<Listed> = ask(request, cx.credentials).await.map_err(Refusal::of_look)?;
        let is_it = |post: &&Listed| {
            post.user.id == cx.account && squeezed(post.content.as_deref().unwrap_or_default()) == words
        };
        match page.data.iter().find(is_it) {
            Some(post) => Ok(Some(sent(&settings, post.id.clone()))),
            None if page.data.len() < PAGE => Ok(None),
            None => {
                let said = "there are too many newer posts to tell whether this one is among them";
                Err(Refusal::Unknown(Detail::new(said)))
            }
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[derive(Deserialize)]
struct Company {
    id: String,
    title: String,
}

#[derive(Deserialize)]
struct Forum {
    experience: Experience,
}

#[derive(Deserialize)]
struct Experience {
    id: String,
    name: String,
}

#[async_trait]
impl Lookup for Whop {
    fn names(&self) -> &'static [&'static str] {
        &["companies", "experiences"]
    }

    /// The forums are those of all companies.
    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let first = PAGE.to_string();
        let request = access.net.get(format!("{API}/companies")).query(&[("first", &first)]);
        let companies: Data<Company> = ask(request, access.credentials).await?;
        if name == "companies" {
            let item = |it: Company| LookupItem { id: it.id, name: it.title, detail: String::new() };
            return Ok(fitting(companies.data.into_iter().map(item), query));
        }
        let mut items = Vec::new();
        for company in companies.data {
            let request = access.net.get(format!("{API}/forums"));
            let request = request.query(&[("company_id", &company.id), ("first", &first)]);
            let forums: Data<Forum> = ask(request, access.credentials).await?;
            items.extend(forums.data.into_iter().map(|Forum { experience }| LookupItem {
                id: experience.id,
                name: experience.name,
                detail: company.title.clone(),
            }));
        }
        Ok(fitting(items.into_iter(), query))
    }
}
