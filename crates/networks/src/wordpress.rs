//! WordPress: posts and pages of a site, by an application password.
//!
//! After the REST API handbook at <https://developer.wordpress.org/rest-api/> (June 2026) and the guide to application passwords at
//! <https://make.wordpress.org/core/2020/11/05/application-passwords-integration-guide/> (October 2024): discovery, `users/me`, `media`,
//! `types`, `categories`, `tags`, and what a type's `rest_base` is. WordPress has no keys against doing things twice; a post begins
//! as a draft with a slug of ours, by which it is found again, and publishing a draft twice publishes it once.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{Delete, Edit};
use crate::article::{self, UPLOAD_LIFE, draft_slug};
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::{Detail, Refusal, call, origin, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Formatting, Secret, channel::Identity};
use crier_net::{Answer, Client, Multipart, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "wordpress",
    name: "WordPress",
    color: "#21759b",
    summary: "Posts and pages of a WordPress site, by an application password.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

/// In [`Credentials::extra`]: who signs in, and where the site's API begins.
const USER: &str = "user";
const ROOT: &str = "root";
const UPLOAD: Duration = Duration::from_secs(180);

#[derive(Debug)]
pub struct WordPress;

/// What becomes of it, in WordPress' words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Publish,
    Draft,
    Pending,
    Private,
}

fn posts() -> String {
    "posts".to_owned()
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", length(min = 1, max = 1000))]
    title: String,
    #[serde(rename = "type", default = "posts")]
    #[schemars(
        title = "Kind",
        description = "Posts, pages, or another kind that the site has.",
        regex(pattern = r"^[A-Za-z0-9_-]+$"),
        extend("x-lookup" = "postTypes")
    )]
    kind: String,
    #[serde(default)]
    #[schemars(title = "After publishing", description = "“pending” leaves it to an editor of the site.")]
    status: Status,
    #[serde(default)]
    #[schemars(title = "Categories", description = "Those of the site.", extend("x-lookup" = "categoriesList"))]
    categories: Vec<u64>,
    #[serde(default)]
    #[schemars(title = "Tags", description = "Those of the site.", extend("x-lookup" = "tagsList"))]
    tags: Vec<u64>,
    #[serde(default)]
    #[schemars(
        title = "Excerpt",
        description = "Shown in lists; empty takes the beginning of the text.",
        length(max = 5000)
    )]
    excerpt: String,
    #[serde(default)]
    #[schemars(
        title = "Address",
        description = "The end of the post's address; empty makes one of the title.",
        length(max = 200)
    )]
    slug: String,
    #[serde(default)]
    #[schemars(title = "Sticky", description = "Stays at the top of the blog. For posts only.")]
    sticky: bool,
}

impl Network for WordPress {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    /// WordPress sets no limit to words, and each site its own to files; ours keep a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = ["image/jpeg", "image/png", "image/gif", "image/webp"];
        Rules {
            text: TextRules::up_to(100_000, Unit::Grapheme),
            media: MediaRules::up_to(20, vec![MediaKind::up_to(20_000_000, &mime)], Some(2000)),
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

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }
}

/// The API of one site. Sites without readable addresses have it behind `?rest_route=/`.
struct Api<'a> {
    net: &'a Client,
    credentials: &'a Credentials,
}

impl Api<'_> {
    /// The address of `path` below `wp/v2/`.
    fn url(&self, path: &str) -> Result<String, Refusal> {
        let lost = || Refusal::Auth(Detail::new("the channel has lost its site; connect it again"));
        Ok(format!("{}wp/v2/{path}", self.credentials.extra.get(ROOT).ok_or_else(lost)?.expose()))
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        let user = self.credentials.extra.get(USER).map(Secret::expose).unwrap_or_default();
        let request = request.basic(user, self.credentials.access_token.expose());
        call::json(request, self.credentials, refine).await
    }

    /// [`Api::send`] for a request that only asks, or may be made twice.
    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        self.send(request).await.map_err(Refusal::harmless)
    }
}

/// WordPress' error codes.
fn refine(refusal: Refusal) -> Refusal {
    let (status, code) = (refusal.detail().status, refusal.detail().code.clone().unwrap_or_default());
    match (code.as_str(), refusal) {
        ("rest_cannot_publish", Refusal::Content(detail)) => Refusal::Content(detail).at("/settings/status"),
        ("rest_cannot_create" | "rest_cannot_edit", Refusal::Content(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::WrongKind))
        }
        ("application_passwords_disabled" | "application_passwords_disabled_for_user", refusal) => {
            Refusal::Auth(refusal.detail().clone().diagnosed(Code::CredentialsWrong))
        }
        ("rest_no_route" | "rest_post_invalid_id", refusal) => refusal.at("/settings/type"),
        ("rest_term_invalid" | "rest_cannot_assign_term", refusal) => refusal.at("/settings/categories"),
        // The site says of a file that it does not want that it stumbled over it.
        (code, Refusal::Unknown(detail) | Refusal::Content(detail)) if code.starts_with("rest_upload_") => {
            Refusal::Content(Detail { diagnosis: None, ..detail }).at("/media")
        }
        (_, Refusal::Temporary(detail) | Refusal::Content(detail)) if status == Some(413) => {
            Refusal::Content(Detail { diagnosis: None, ..detail }).at("/media")
        }
        (_, refusal) => refusal,
    }
}

/// What the API says of its site.
#[derive(Deserialize)]
struct Index {
    name: String,
    home: String,
    namespaces: Vec<String>,
    #[serde(default)]
    authentication: Value,
    #[serde(default)]
    site_icon_url: Option<String>,
}

/// The account, as it sees itself.
#[derive(Deserialize)]
struct User {
    id: u64,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    capabilities: BTreeMap<String, Value>,
    #[serde(default)]
    avatar_urls: Value,
}

impl User {
    fn may(&self, capability: &str) -> bool {
        self.capabilities.get(capability) == Some(&Value::Bool(true))
    }
}

#[async_trait]
impl Form for WordPress {
    fn fields(&self) -> Vec<Field> {
        let field = |name, label, kind, placeholder, help| Field::new(name, label, kind, true, placeholder, help);
        vec![
            field("domain", "Site address", FieldKind::Url, "https://example.org", "The address of the site itself."),
            field(
                "username",
                "User name",
                FieldKind::Text,
                "ada",
                "As you sign in to the site; it needs the right to write posts.",
            ),
            field(
                "password",
                "Application password",
                FieldKind::Password,
                "xxxx xxxx xxxx xxxx xxxx xxxx",
                "Make one in WordPress under Users, Profile, Application Passwords. Your own password does not work.",
            ),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let dropped = ["wp-admin/index.php", "wp-admin/profile.php", "wp-admin", "wp-login.php", "wp-json"];
        let typed = origin::site(value("domain"), "example.org", &dropped).map_err(|message| FormRefusal::Field {
            name: "domain",
            message,
            fix: "Enter the address of your site, like https://example.org.".to_owned(),
        })?;
        let credentials = Credentials {
            access_token: value("password").into(),
            extra: [(USER.to_owned(), Secret::from(value("username")))].into(),
            ..Credentials::default()
        };
        let (root, index) = discover(net, &typed, &credentials)
            .await
            .map_err(|refusal| FormRefusal::FieldRefused { name: "domain", refusal })?;
        if index.authentication.pointer("/application-passwords").is_none() {
            let said = format!(
                "{typed} takes no application passwords: they need https, and a security plugin may switch them off"
            );
            let refusal = Refusal::Content(Detail::new(said).diagnosed(Code::InstanceNotCompatible));
            return Err(FormRefusal::FieldRefused { name: "domain", refusal });
        }
        let mut credentials = credentials;
        credentials.extra.insert(ROOT.to_owned(), Secret::from(root));
        let api = Api { net, credentials: &credentials };
        let user = api.ask::<User>(net.get(api.url("users/me")?).query(&[("context", "edit")])).await;
        let user = user.map_err(on_its_field)?;
        if !user.may("edit_posts") {
            let said = format!("{} may not write posts on this site", value("username"));
            let refusal = Refusal::Auth(Detail::new(said).diagnosed(Code::WrongKind));
            return Err(FormRefusal::FieldRefused { name: "username", refusal });
        }
        let home = index.home.trim_end_matches('/').to_owned();
        let host = article::handle(&home);
        let avatar = user.avatar_urls.pointer("/96").and_then(Value::as_str).map(str::to_owned);
        let identity = Identity {
            remote_id: user.id.to_string(),
            name: if index.name.trim().is_empty() { host.clone() } else { index.name },
            handle: format!("{}@{host}", user.slug),
            profile_url: Some(index.home),
            avatar_url: index.site_icon_url.filter(|icon| !icon.is_empty()).or(avatar),
        };
        Ok(SignedIn {
            instance: Some(home),
            credentials,
            identified: Identified { identity, granted: None, facts: Facts::new() },
        })
    }
}

/// Shows what the site said on the field that it is about. Some versions say of any wrong sign-in that there was none.
fn on_its_field(refusal: Refusal) -> FormRefusal {
    match refusal.detail().code.as_deref() {
        Some("invalid_username" | "invalid_email") => FormRefusal::FieldRefused { name: "username", refusal },
        Some("rest_not_logged_in") => {
            let said = "the site saw no account: name or password are wrong, or its web server keeps the Authorization header to itself";
            let refusal = refusal.map(|detail| Detail { message: said.to_owned(), ..detail });
            FormRefusal::FieldRefused { name: "password", refusal }
        }
        _ if matches!(refusal, Refusal::Auth(_)) => FormRefusal::FieldRefused { name: "password", refusal },
        _ => FormRefusal::Refused(refusal),
    }
}

/// Where the site's API begins, and what it says of the site.
async fn discover(net: &Client, site: &str, credentials: &Credentials) -> Result<(String, Index), Refusal> {
    let is_none = |refusal: &Refusal| refusal.detail().status.is_some_and(|status| status < 500 && status != 429);
    let linked = call::judged(net.head(format!("{site}/")), credentials, |answer| Ok(linked(&answer)));
    let root = linked.await.map_err(Refusal::harmless)?.unwrap_or_else(|| format!("{site}/wp-json/"));
    let index = call::ask::<Index>(net.get(&root), credentials, refine).await;
    match index {
        Ok(index) if index.namespaces.iter().any(|name| name == "wp/v2") => Ok((root, index)),
        Err(refusal) if !is_none(&refusal) => Err(refusal),
        _ => {
            let said = format!("{site} does not answer like a WordPress site, or its REST API is switched off");
            Err(Refusal::Content(Detail::new(said).diagnosed(Code::InstanceNotCompatible)))
        }
    }
}

/// The address that a page names as that of its site's API (RFC 8288).
fn linked(answer: &Answer) -> Option<String> {
    let links = answer.headers("link").flat_map(|value| value.split(','));
    let mut of_api = links.filter(|link| link.contains("https://api.w.org/") && link.contains("rel="));
    let address = of_api.next()?.split_once('<')?.1.split_once('>')?.0.to_owned();
    address.starts_with("http").then_some(address)
}

#[derive(Serialize, Deserialize)]
struct Uploaded {
    id: u64,
    source_url: String,
}

/// A post as it is answered.
#[derive(Serialize, Deserialize)]
struct Post {
    id: u64,
    #[serde(default)]
    link: Option<String>,
}

#[async_trait]
impl Publish for WordPress {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api { net: cx.net, credentials: cx.credentials };
        let pictures = uploads(cx, item).await?;
        let draft = draft(item, &settings, &pictures, &draft_slug(cx));
        let drafted: Post = cx.step("draft", Once::Repeatable, || drafted(cx, &api, &settings.kind, &draft)).await?;
        // What it is to be is the same however often it is said.
        let slug = if settings.slug.is_empty() { &settings.title } else { &settings.slug };
        let finish = || async {
            let request = api.net.post(api.url(&format!("{}/{}", settings.kind, drafted.id))?);
            api.send::<Post>(request.json(&json!({ "status": settings.status, "slug": slug }))).await
        };
        let post: Post = cx.step("publish", Once::Key(drafted.id.to_string()), finish).await?;
        Ok(Sent { remote_id: post.id.to_string(), url: post.link, data: json!({ "type": settings.kind }) })
    }
}

async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<Uploaded>, Refusal> {
    let api = Api { net: cx.net, credentials: cx.credentials };
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, &api, media)).await
}

async fn upload(cx: &Cx<'_>, api: &Api<'_>, media: &MediaItem) -> Result<Uploaded, Refusal> {
    let mut form = Multipart::new().part("file", &media.name, &media.mime, cx.body(media).await?);
    if !media.alt.is_empty() {
        form = form.text("alt_text", &media.alt);
    }
    api.ask(api.net.post(api.url("media")?).multipart(form).timeout(media.upload_time(UPLOAD))).await
}

/// The first picture is the featured one, which themes show above the post; the others stand below the text.
fn draft(item: &Item, settings: &Settings, pictures: &[Uploaded], slug: &str) -> Value {
    let mut content = article::html(&item.body);
    let below = item.media.iter().zip(pictures).skip(1);
    content.extend(below.map(|(media, picture)| article::figure(&picture.source_url, media)));
    let mut post = json!({ "title": settings.title, "content": content, "status": "draft", "slug": slug });
    let mut set = |name: &str, value: Value| post[name] = value;
    if let Some(picture) = pictures.first() {
        set("featured_media", picture.id.into());
    }
    if !settings.categories.is_empty() {
        set("categories", settings.categories.as_slice().into());
    }
    if !settings.tags.is_empty() {
        set("tags", settings.tags.as_slice().into());
    }
    if !settings.excerpt.is_empty() {
        set("excerpt", settings.excerpt.as_str().into());
    }
    if settings.sticky {
        set("sticky", true.into());
    }
    post
}

/// The draft of an earlier try, or a new one.
async fn drafted(cx: &Cx<'_>, api: &Api<'_>, kind: &str, draft: &Value) -> Result<Post, Refusal> {
    let slug = draft_slug(cx);
    let asked = [("slug", slug.as_str()), ("status", "draft"), ("context", "edit")];
    let there: Vec<Post> = api.ask(api.net.get(api.url(kind)?).query(&asked)).await?;
    match there.into_iter().next() {
        Some(draft) => Ok(draft),
        None => api.send(api.net.post(api.url(kind)?).json(draft)).await,
    }
}

#[derive(Deserialize)]
struct Kind {
    name: String,
    slug: String,
    rest_base: String,
}

#[derive(Deserialize)]
struct Term {
    id: u64,
    name: String,
    #[serde(default)]
    count: u64,
}

#[async_trait]
impl Lookup for WordPress {
    fn names(&self) -> &'static [&'static str] {
        &["postTypes", "categoriesList", "tagsList"]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let api = Api { net: access.net, credentials: access.credentials };
        if name == "postTypes" {
            let request = api.net.get(api.url("types")?).query(&[("context", "edit")]);
            let kinds: BTreeMap<String, Kind> = api.ask(request).await?;
            // What WordPress keeps in the same table without being articles.
            let is_article = |kind: &Kind| {
                kind.slug != "attachment" && !["wp_", "nav_"].iter().any(|begin| kind.slug.starts_with(begin))
            };
            let items = kinds.into_values().filter(is_article);
            let items = items.map(|kind| LookupItem { id: kind.rest_base, name: kind.name, detail: String::new() });
            return Ok(fitting(items, query));
        }
        let terms = if name == "tagsList" { "tags" } else { "categories" };
        let wanted = query.trim();
        let ask = async |by: Option<&str>| {
            let mut asked = vec![("per_page", "100"), ("orderby", "name"), ("order", "asc")];
            asked.extend(by.map(|by| (by, wanted)));
            api.ask::<Vec<Term>>(api.net.get(api.url(terms)?).query(&asked)).await
        };
        let mut found = Vec::new();
        // What was chosen earlier is known by its number alone.
        if !wanted.is_empty() && wanted.bytes().all(|digit| digit.is_ascii_digit()) {
            found = ask(Some("include")).await?;
        }
        if found.is_empty() {
            found = ask((!wanted.is_empty()).then_some("search")).await?;
        }
        let item = |term: Term| LookupItem {
            id: term.id.to_string(),
            name: term.name,
            detail: if term.count == 1 { "1 post".to_owned() } else { format!("{} posts", term.count) },
        };
        Ok(found.into_iter().map(item).collect())
    }
}
