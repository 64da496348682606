//! Lemmy: posts in communities, with comments below them, from an account of any server.
//!
//! After the API of version 3 as <https://github.com/LemmyNet/lemmy> has it (0.19.20, and `crates/api/routes_v3` of 1.0, August 2026):
//! `user/login`, `site`, `search`, `post`, `comment`, and their lists. Lemmy 1.0 keeps these calls beside its own; only pictures have
//! another address there. Signing in is limited to a few times an hour, so the session is kept and the password is not.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{Delete, Edit, PostMetrics};
use crate::check::PartToCheck;
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, MENTIONS, PEOPLE, fitting, typed_name};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::text::markdown;
use crate::{Detail, Refusal, call, origin, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Finding, Formatting, Secret, Timestamp, channel::Identity};
use crier_net::{Client, Multipart, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "lemmy",
    name: "Lemmy",
    color: "#00bc8c",
    summary: "Communities on any Lemmy server.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

const SERVICE: &str = "https://lemmy.world";
/// Whether the server has the addresses of Lemmy 1.0.
const MODERN: &str = "modern";
/// Uploads stay, whether a post takes them or not; servers take few of them in an hour.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(24 * 7);
const UPLOAD: Duration = Duration::from_secs(120);
/// How far a server's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// The most that a list holds.
const PAGE: usize = 50;

#[derive(Debug)]
pub struct Lemmy;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Community",
        description = "Where it is posted. Search for its name.",
        regex(pattern = r"^[0-9]{1,12}$"),
        extend("x-lookup" = "subreddits")
    )]
    community: String,
    #[schemars(title = "Title", length(min = 3, max = 200), regex(pattern = r"^[^\r\n]*$"))]
    title: String,
    #[serde(default)]
    #[schemars(
        title = "Link",
        description = "What the post is about; without one, the first picture takes its place.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    url: String,
    #[serde(default)]
    #[schemars(title = "Not safe for work", description = "Hidden from those who don't want to see such posts.")]
    nsfw: bool,
}

impl Network for Lemmy {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = ["image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"];
        Rules {
            // The title says enough.
            text: TextRules { required_without_media: false, ..TextRules::up_to(50_000, Unit::Grapheme) },
            media: MediaRules::up_to(6, vec![MediaKind::up_to(10_000_000, &mime)], Some(1500)),
            parts: PartsRules { max_text: Some(10_000), ..PartsRules::alike(25, PartsKind::Comment) },
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

    /// A post says something by its title, a comment has none.
    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        let silent = parts.iter().skip(1).filter(|part| part.media.is_empty() && part.body.is_empty());
        let finding = |part: &PartToCheck<'_>| {
            let message = "Lemmy does not take a comment without words or pictures.";
            Finding::error(format!("{}/text", part.pointer), "text.empty", message, "Write something or add a picture.")
        };
        silent.map(finding).collect()
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

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

/// One server's API.
struct Api<'a> {
    net: &'a Client,
    origin: &'a str,
    credentials: &'a Credentials,
}

impl<'a> Api<'a> {
    fn new(net: &'a Client, instance: Option<&'a str>, credentials: &'a Credentials) -> Result<Self, Refusal> {
        let lost = || Refusal::Auth(Detail::new("the channel has lost its server; connect it again"));
        Ok(Self { net, origin: instance.ok_or_else(lost)?, credentials })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v3/{path}", self.origin)
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        call::json(request.bearer(self.credentials.access_token.expose()), self.credentials, refine).await
    }

    /// [`Api::send`] for a request that only asks, or may be made twice.
    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        self.send(request).await.map_err(Refusal::harmless)
    }
}

/// Lemmy's errors are words, mostly under status 400.
fn refine(refusal: Refusal) -> Refusal {
    let code = refusal.detail().code.clone().unwrap_or_default();
    match (code.as_str(), refusal) {
        ("rate_limit_error" | "too_many_requests", refusal) => {
            let detail = refusal.detail().clone().diagnosed(Code::RateLimited);
            match refusal {
                limited @ Refusal::RateLimit { .. } => limited,
                _ => Refusal::RateLimit { until: None, detail },
            }
        }
        (
            "incorrect_login" | "not_logged_in" | "incorrect_totp_token",
            Refusal::Content(detail) | Refusal::Auth(detail),
        ) => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        ("missing_totp_token", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsTwoFactor))
        }
        (
            "site_ban"
            | "deleted"
            | "email_not_verified"
            | "registration_application_is_pending"
            | "registration_denied",
            Refusal::Content(detail) | Refusal::Auth(detail),
        ) => Refusal::Auth(detail.diagnosed(Code::Suspended)),
        ("invalid_post_title" | "post_title_too_long", refusal) => refusal.at("/settings/title"),
        ("invalid_url" | "blocked_url" | "url_too_long" | "url_without_domain", refusal) => refusal.at("/settings/url"),
        (
            "person_is_banned_from_community"
            | "banned_from_community"
            | "only_mods_can_post_in_community"
            | "couldnt_find_community"
            | "community_has_no_followers"
            | "nsfw_not_allowed"
            | "not_found",
            refusal,
        ) => refusal.at("/settings/community"),
        ("slurs" | "invalid_body_field" | "language_not_allowed", refusal) => refusal.at("/text"),
        ("pictrs_response_error" | "pictrs_invalid_image_upload" | "file_type_not_allowed", refusal) => {
            refusal.at("/media")
        }
        (_, refusal) => refusal,
    }
}

#[derive(Deserialize)]
struct LoggedIn {
    /// None where somebody has to let the account in first.
    #[serde(default)]
    jwt: Option<Secret>,
}

#[derive(Deserialize)]
struct Site {
    version: String,
    #[serde(default)]
    my_user: Option<MyUser>,
}

#[derive(Deserialize)]
struct MyUser {
    local_user_view: PersonView,
    #[serde(default)]
    follows: Vec<Follow>,
}

#[derive(Deserialize)]
struct PersonView {
    person: Person,
}

#[derive(Deserialize)]
struct Person {
    id: u64,
    name: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    avatar: Option<String>,
    actor_id: String,
}

#[derive(Deserialize)]
struct Follow {
    community: Community,
}

#[derive(Deserialize)]
struct Chosen {
    community_view: Follow,
}

#[derive(Deserialize)]
struct Community {
    id: u64,
    name: String,
    title: String,
    actor_id: String,
}

impl Site {
    fn mine(self) -> Result<MyUser, Refusal> {
        let nobody = || Refusal::Auth(Detail::new("the session has ended").diagnosed(Code::CredentialsWrong));
        self.my_user.ok_or_else(nobody)
    }

    /// Versions count from 0 up to the one that changed the API.
    fn is_modern(&self) -> bool {
        self.version().is_some_and(|(major, _)| major >= 1)
    }

    /// Until 0.19 a session was told in the address and in the body, and what stands in the header was not looked at.
    fn knows_no_header(&self) -> bool {
        self.version().is_some_and(|version| version < (0, 19))
    }

    fn version(&self) -> Option<(u32, u32)> {
        let mut numbers = self.version.trim_start_matches('v').split(['.', '-']).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    }
}

#[async_trait]
impl Form for Lemmy {
    fn fields(&self) -> Vec<Field> {
        let field = Field::new;
        let service = Field {
            default: Some(SERVICE.to_owned()),
            ..field("service", "Server", FieldKind::Url, true, SERVICE, "The server where your account is.")
        };
        vec![
            service,
            field("identifier", "User name", FieldKind::Text, true, "ada", "Or the e-mail address of the account."),
            field("password", "Password", FieldKind::Password, true, "", "It is used once and not kept."),
            field(
                "totp",
                "Two-factor code",
                FieldKind::Text,
                false,
                "123456",
                "Only where your account has a second factor.",
            ),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let origin = origin::normalise(value("service"), "lemmy.world").map_err(|message| FormRefusal::Field {
            name: "service",
            message,
            fix: format!("Enter the address of your server, like {SERVICE}."),
        })?;
        let typed = Credentials { access_token: value("password").into(), ..Credentials::default() };
        let mut login = json!({ "username_or_email": value("identifier"), "password": value("password") });
        if !value("totp").is_empty() {
            login["totp_2fa_token"] = value("totp").into();
        }
        let request = net.post(format!("{origin}/api/v3/user/login")).json(&login);
        let logged_in: LoggedIn =
            call::ask(request, &typed, refine).await.map_err(|refusal| on_its_field(&origin, refusal))?;
        let Some(jwt) = logged_in.jwt else {
            let said = "the server has not let the account in yet: its e-mail address or its application waits";
            return Err(Refusal::Auth(Detail::new(said).diagnosed(Code::Suspended)).into());
        };
        let credentials = Credentials { access_token: jwt, ..Credentials::default() };
        let api = Api { net, origin: &origin, credentials: &credentials };
        let site: Site = api.ask(net.get(api.url("site"))).await?;
        if site.knows_no_header() {
            let said = format!("{origin} runs Lemmy {}, and Crier needs 0.19 or later", site.version);
            let refusal = Refusal::Content(Detail::new(said).diagnosed(Code::InstanceNotCompatible));
            return Err(FormRefusal::FieldRefused { name: "service", refusal });
        }
        let facts = Facts::from_iter([(MODERN.to_owned(), site.is_modern().into())]);
        let person = site.mine()?.local_user_view.person;
        let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host);
        let name = person.display_name.filter(|name| !name.trim().is_empty());
        let identity = Identity {
            remote_id: person.id.to_string(),
            handle: format!("{}@{host}", person.name),
            name: name.unwrap_or(person.name),
            profile_url: Some(person.actor_id),
            avatar_url: person.avatar.filter(|avatar| !avatar.is_empty()),
        };
        Ok(SignedIn { instance: Some(origin), credentials, identified: Identified { identity, granted: None, facts } })
    }
}

/// Shows what the server said on the field that it is about.
fn on_its_field(origin: &str, refusal: Refusal) -> FormRefusal {
    let code = refusal.detail().code.as_deref().unwrap_or_default();
    match (code, refusal.detail().status) {
        ("couldnt_find_that_username_or_email" | "invalid_username", _) => {
            FormRefusal::FieldRefused { name: "identifier", refusal }
        }
        ("missing_totp_token" | "incorrect_totp_token", _) => FormRefusal::FieldRefused { name: "totp", refusal },
        ("incorrect_login", _) => FormRefusal::FieldRefused { name: "password", refusal },
        // Lemmy names every error of its own.
        ("", Some(status)) if status < 500 && status != 429 => {
            let said = format!("{origin} does not answer like a Lemmy server");
            let detail = Detail { status: Some(status), ..Detail::new(said).diagnosed(Code::InstanceNotCompatible) };
            FormRefusal::FieldRefused { name: "service", refusal: Refusal::Content(detail) }
        }
        _ => FormRefusal::Refused(refusal),
    }
}

#[derive(Deserialize)]
struct Uploaded {
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    file: String,
}

#[derive(Deserialize)]
struct UploadedToV4 {
    image_url: String,
}

#[derive(Deserialize)]
struct PostAnswer {
    post_view: PostView,
}

#[derive(Deserialize)]
struct PostView {
    post: Post,
    creator: Creator,
}

#[derive(Serialize, Deserialize)]
struct Post {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    body: Option<String>,
    published: Timestamp,
}

#[derive(Deserialize)]
struct Creator {
    id: u64,
}

#[derive(Deserialize)]
struct CommentAnswer {
    comment_view: CommentView,
}

#[derive(Deserialize)]
struct CommentView {
    comment: Comment,
    creator: Creator,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    content: String,
    published: Timestamp,
}

#[async_trait]
impl Publish for Lemmy {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, &Api::new(cx.net, cx.instance, cx.credentials)?, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api::new(cx.net, cx.instance, cx.credentials)?;
        let pictures = uploads(cx, &api, item).await?;
        let id: u64 = match &item.thread {
            None => {
                let request = api.net.post(api.url("post")).json(&self.post(item, &settings, &pictures)?);
                let create = || async { Ok(api.send::<PostAnswer>(request).await?.post_view.post.id) };
                cx.step("create post", Once::Look, create).await?
            }
            Some(thread) => {
                let comment = json!({
                    "post_id": number(&thread.root.remote_id)?,
                    "content": self.below(item, &pictures, 0),
                });
                let request = api.net.post(api.url("comment")).json(&comment);
                let create = || async { Ok(api.send::<CommentAnswer>(request).await?.comment_view.comment.id) };
                cx.step("create comment", Once::Look, create).await?
            }
        };
        Ok(sent(&api, item, id))
    }
}

fn sent(api: &Api<'_>, item: &Item, id: u64) -> Sent {
    let kind = if item.thread.is_some() { "comment" } else { "post" };
    Sent { remote_id: id.to_string(), url: Some(format!("{}/{kind}/{id}", api.origin)), data: Value::Null }
}

/// An id as it is sent.
fn number(id: &str) -> Result<u64, Refusal> {
    id.parse().map_err(|_| Refusal::Content(Detail::new(format!("“{id}” is no id of Lemmy's"))))
}

async fn uploads(cx: &Cx<'_>, api: &Api<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, api, media)).await
}

async fn upload(cx: &Cx<'_>, api: &Api<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let modern = cx.facts.get(MODERN).and_then(Value::as_bool).unwrap_or_default();
    if modern {
        let form = Multipart::new().part("image", &media.name, &media.mime, cx.body(media).await?);
        let request = api.net.post(format!("{}/api/v4/image", api.origin)).multipart(form).timeout(UPLOAD);
        return Ok(api.ask::<UploadedToV4>(request).await?.image_url);
    }
    let form = Multipart::new().part("images[]", &media.name, &media.mime, cx.body(media).await?);
    let request = api.net.post(format!("{}/pictrs/image", api.origin)).multipart(form).timeout(UPLOAD);
    let uploaded: Uploaded = api.ask(request).await?;
    let none = || Refusal::Temporary(Detail::new("Lemmy answered without the picture's address"));
    let file = uploaded.files.into_iter().next().ok_or_else(none)?.file;
    Ok(format!("{}/pictrs/image/{file}", api.origin))
}

impl Lemmy {
    fn post(&self, item: &Item, settings: &Settings, pictures: &[String]) -> Result<Value, Refusal> {
        let mut post = json!({ "community_id": number(&settings.community)?, "name": settings.title });
        // A link is shown as what the post is; a picture is one.
        let shown = usize::from(settings.url.is_empty() && !pictures.is_empty());
        if !settings.url.is_empty() {
            post["url"] = settings.url.as_str().into();
        } else if let (Some(media), Some(address)) = (item.media.first(), pictures.first()) {
            post["url"] = address.as_str().into();
            if !media.alt.is_empty() {
                post["alt_text"] = media.alt.as_str().into();
            }
        }
        let body = self.below(item, pictures, shown);
        if !body.is_empty() {
            post["body"] = body.into();
        }
        if settings.nsfw {
            post["nsfw"] = true.into();
        }
        Ok(post)
    }

    /// The words, and below them the pictures but for the first `shown`, which have their place.
    fn below(&self, item: &Item, pictures: &[String], shown: usize) -> String {
        let picture = |(media, address): (&MediaItem, &String)| {
            format!("![{}]({address})", media.alt.replace(['[', ']', '\n'], " "))
        };
        let words = Some(self.render(&item.body)).filter(|words| !words.is_empty());
        let pictures = item.media.iter().zip(pictures).skip(shown).map(picture);
        words.into_iter().chain(pictures).collect::<Vec<_>>().join("\n\n")
    }
}

#[derive(Deserialize)]
struct Posts {
    posts: Vec<PostView>,
}

#[derive(Deserialize)]
struct Comments {
    comments: Vec<CommentView>,
}

#[async_trait]
impl Recent for Lemmy {
    /// Pictures have new addresses in every try, so what stands in front of them decides.
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api::new(cx.net, cx.instance, cx.credentials)?;
        let since = cx.due_at - CLOCK_SLACK;
        let words = self.render(&item.body);
        let limit = PAGE.to_string();
        let is_ours = |creator: &Creator, at: Timestamp| creator.id.to_string() == cx.account && at >= since;
        let begins = |text: &str| text.trim_end().starts_with(words.trim_end());
        let (found, seen, oldest) = if let Some(thread) = &item.thread {
            let asked = [("post_id", thread.root.remote_id.as_str()), ("sort", "New"), ("limit", &limit)];
            let list: Comments = api.ask(api.net.get(api.url("comment/list")).query(&asked)).await?;
            let is_it =
                |view: &&CommentView| is_ours(&view.creator, view.comment.published) && begins(&view.comment.content);
            let found = list.comments.iter().find(is_it).map(|view| view.comment.id);
            (found, list.comments.len(), list.comments.iter().map(|view| view.comment.published).min())
        } else {
            let asked = [("community_id", settings.community.as_str()), ("sort", "New"), ("limit", &limit)];
            let list: Posts = api.ask(api.net.get(api.url("post/list")).query(&asked)).await?;
            let is_it = |view: &&PostView| {
                is_ours(&view.creator, view.post.published)
                    && view.post.name == settings.title
                    && begins(view.post.body.as_deref().unwrap_or_default())
            };
            let found = list.posts.iter().find(is_it).map(|view| view.post.id);
            (found, list.posts.len(), list.posts.iter().map(|view| view.post.published).min())
        };
        match found {
            Some(id) => Ok(Some(sent(&api, item, id))),
            None if seen < PAGE || oldest.is_some_and(|oldest| oldest < since) => Ok(None),
            None => {
                let said = "there are too many newer posts to tell whether this one is among them";
                Err(Refusal::Unknown(Detail::new(said)))
            }
        }
    }
}

#[derive(Deserialize)]
struct Found {
    communities: Vec<Follow>,
}

#[derive(Deserialize)]
struct FoundPeople {
    users: Vec<PersonView>,
}

/// The server in an address.
fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or("", |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

#[async_trait]
impl Lookup for Lemmy {
    fn names(&self) -> &'static [&'static str] {
        &["subreddits", MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let api = Api::new(access.net, access.instance, access.credentials)?;
        if name == MENTIONS { people(&api, query).await } else { communities(&api, query).await }
    }
}

/// Without a query those that the account follows.
async fn communities(api: &Api<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let item = |Follow { community }: Follow| LookupItem {
        id: community.id.to_string(),
        name: community.title,
        detail: format!("!{}@{}", community.name, host_of(&community.actor_id)),
    };
    let wanted = query.trim().trim_start_matches('!');
    if wanted.is_empty() {
        let site: Site = api.ask(api.net.get(api.url("site"))).await?;
        return Ok(fitting(site.mine()?.follows.into_iter().map(item), ""));
    }
    // What was chosen earlier is known by its number alone.
    if wanted.bytes().all(|digit| digit.is_ascii_digit()) {
        let asked = api.net.get(api.url("community")).query(&[("id", wanted)]);
        match api.ask::<Chosen>(asked).await {
            Ok(Chosen { community_view }) => return Ok(vec![item(community_view)]),
            Err(Refusal::Content(_)) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let asked = [("q", wanted), ("type_", "Communities"), ("sort", "TopAll"), ("limit", "20")];
    let found: Found = api.ask(api.net.get(api.url("search")).query(&asked)).await?;
    Ok(found.communities.into_iter().map(item).collect())
}

/// A mention has the server's name, also of somebody on the same one.
async fn people(api: &Api<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let Some(wanted) = typed_name(query) else { return Ok(Vec::new()) };
    // Names are searched without their server.
    let (wanted, _) = wanted.split_once('@').unwrap_or((wanted, ""));
    let limit = PEOPLE.to_string();
    let asked = [("q", wanted), ("type_", "Users"), ("listing_type", "All"), ("sort", "TopAll"), ("limit", &limit)];
    let found: FoundPeople = api.ask(api.net.get(api.url("search")).query(&asked)).await?;
    let item = |PersonView { person }: PersonView| {
        let handle = format!("@{}@{}", person.name, host_of(&person.actor_id));
        LookupItem::person(handle.clone(), person.display_name, handle)
    };
    Ok(found.users.into_iter().map(item).collect())
}
