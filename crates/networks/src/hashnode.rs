//! Hashnode: articles of publications, by a personal access token.
//!
//! After Hashnode's own description of its API (<https://github.com/Hashnode/gql-skill>, July 2026) and its change log
//! (<https://hashnode.com/changelog>, August 2026): `me`, `publication`, `publishPost`, `createImageUploadURL`, `confirmImageUpload`.
//! Since May 2026 the API is at this host alone, and writing takes a publication on Hashnode Pro. It tells its errors in the body,
//! whatever the status, and knows no keys.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{Delete, Edit, PostMetrics};
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::text::markdown;
use crate::{Detail, Refusal, article, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Formatting, Timestamp, channel::Identity};
use crier_net::{Answer, Client};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "hashnode",
    name: "Hashnode",
    color: "#2962ff",
    summary: "Articles of a Hashnode publication (on Hashnode Pro), by an access token.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

const API: &str = "https://gql-beta.hashnode.com/";
/// A request has 100 KB at most; the rest is for the settings and for what JSON adds.
const BODY: usize = 90_000;
const TAGS: usize = 15;
/// How many articles a look reads.
const PAGE: usize = 20;
/// How far Hashnode's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
const UPLOAD: Duration = Duration::from_secs(120);

const ME: &str = "query { me { id username name profilePicture } }";
const PUBLICATIONS: &str = "query { me { publications(first: 50) { edges { node { id title url } } } } }";
const POSTS: &str = "query ($id: ObjectId!, $first: Int!) { publication(id: $id) { posts(first: $first) \
                     { edges { node { id title url publishedAt content { markdown } } } } } }";
const PUBLISH: &str = "mutation ($input: PublishPostInput!) { publishPost(input: $input) { post { id url } } }";
const PLACE: &str = "mutation ($input: CreateImageUploadInput!) { createImageUploadURL(input: $input) \
                     { presignedPut { url cdnUrl key } } }";
const CONFIRM: &str = "mutation ($input: ConfirmImageUploadInput!) { confirmImageUpload(input: $input) { ok cdnUrl } }";

#[derive(Debug)]
pub struct Hashnode;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", length(min = 6, max = 250))]
    title: String,
    #[schemars(
        title = "Publication",
        description = "Where it is published. It has to be on Hashnode Pro.",
        length(min = 1, max = 64),
        extend("x-lookup" = "publications")
    )]
    publication: String,
    #[serde(default)]
    #[schemars(title = "Subtitle", length(max = 250))]
    subtitle: String,
    #[serde(default)]
    #[schemars(
        title = "Tags",
        description = "Up to 15, as in the addresses of Hashnode's tag pages, like “web-development”. New ones are made.",
        length(max = TAGS),
        inner(regex(pattern = r"^[a-z0-9][a-z0-9-]{0,60}$"))
    )]
    tags: Vec<String>,
    #[serde(default)]
    #[schemars(
        title = "Original address",
        description = "Where the article appeared first, for search engines.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    canonical: String,
    #[serde(default)]
    #[schemars(title = "No comments", description = "Nobody can comment on the article.")]
    disable_comments: bool,
    #[serde(default)]
    #[schemars(title = "Table of contents", description = "Made of the headings, above the article.")]
    table_of_contents: bool,
    #[serde(default)]
    #[schemars(title = "Not in feeds", description = "Only who has the address finds the article.")]
    delisted: bool,
}

impl Network for Hashnode {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = ["image/jpeg", "image/png", "image/gif", "image/webp"];
        Rules {
            text: TextRules { max_bytes: Some(BODY), ..TextRules::up_to(BODY, Unit::Grapheme) },
            media: MediaRules::up_to(20, vec![MediaKind::up_to(8_000_000, &mime)], Some(1000)),
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

/// Asks what stands in `query`, or does it.
async fn run<T: DeserializeOwned>(
    net: &Client,
    credentials: &Credentials,
    query: &str,
    variables: Value,
) -> Result<T, Refusal> {
    let request = net.post(API).bearer(credentials.access_token.expose());
    let request = request.json(&json!({ "query": query, "variables": variables }));
    call::judged(request, credentials, |answer| judge(&answer)).await
}

/// [`run`] for what only asks, or may be done twice.
async fn ask<T: DeserializeOwned>(
    net: &Client,
    credentials: &Credentials,
    query: &str,
    variables: Value,
) -> Result<T, Refusal> {
    run(net, credentials, query, variables).await.map_err(Refusal::harmless)
}

/// What GraphQL wraps its answers in.
#[derive(Deserialize)]
struct Body<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<Error>,
}

#[derive(Deserialize)]
struct Error {
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    code: Option<String>,
}

fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<T, Refusal> {
    let errors = answer.json::<Body<Value>>().map(|body| body.errors).unwrap_or_default();
    if let Some(error) = errors.into_iter().next() {
        return Err(refusal(answer, error));
    }
    if !answer.is_success() {
        return Err(Refusal::from_answer(answer));
    }
    let nothing = || Refusal::Unknown(Detail::new("Hashnode answered without what was asked"));
    answer.json::<Body<T>>()?.data.ok_or_else(nothing)
}

fn refusal(answer: &Answer, error: Error) -> Refusal {
    let said = error.message.to_lowercase();
    let code = error.extensions.code.unwrap_or_default();
    let detail = Detail {
        message: crier_net::redact(&error.message),
        status: Some(answer.status()),
        host: Some(answer.host().to_owned()),
        code: Some(code.clone()).filter(|code| !code.is_empty()),
        ..Detail::default()
    };
    let speaks_of = |word: &str| said.contains(word);
    match code.as_str() {
        "UNAUTHENTICATED" => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        // Neither a plan nor a role is mended by signing in again.
        "FORBIDDEN" => Refusal::Content(detail).at("/settings/publication"),
        "NOT_FOUND" if speaks_of("publication") => Refusal::Content(detail).at("/settings/publication"),
        "BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED" if speaks_of("tag") => {
            Refusal::Content(detail).at("/settings/tags")
        }
        "BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED" if speaks_of("title") => {
            Refusal::Content(detail).at("/settings/title")
        }
        "BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED" if speaks_of("image") || speaks_of("cover") => {
            Refusal::Content(detail).at("/media")
        }
        "NOT_FOUND" | "BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED" => Refusal::Content(detail),
        _ if answer.status() == 429 => {
            Refusal::RateLimit { until: answer.retry_after(), detail: detail.diagnosed(Code::RateLimited) }
        }
        _ => Refusal::Unknown(detail.diagnosed(Code::ServerError)),
    }
}

#[derive(Deserialize)]
struct Mine<T> {
    me: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    username: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    profile_picture: Option<String>,
}

#[async_trait]
impl Form for Hashnode {
    fn fields(&self) -> Vec<Field> {
        vec![Field::new(
            "apiKey",
            "Personal access token",
            FieldKind::Password,
            true,
            "",
            "Make one at hashnode.com under Account settings, Developer.",
        )]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let credentials = Credentials { access_token: typed(values, "apiKey").into(), ..Credentials::default() };
        let asked = ask::<Mine<User>>(net, &credentials, ME, json!({})).await;
        let Mine { me: user } = asked.map_err(|refusal| match refusal {
            refusal @ Refusal::Auth(_) => FormRefusal::FieldRefused { name: "apiKey", refusal },
            refusal => FormRefusal::Refused(refusal),
        })?;
        let identity = Identity {
            remote_id: user.id,
            name: if user.name.trim().is_empty() { user.username.clone() } else { user.name },
            profile_url: Some(format!("https://hashnode.com/@{}", user.username)),
            handle: user.username,
            avatar_url: user.profile_picture.filter(|picture| !picture.is_empty()),
        };
        let identified = Identified { identity, granted: None, facts: Facts::new() };
        Ok(SignedIn { instance: None, credentials, identified })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    publish_post: PostOf,
}

#[derive(Deserialize)]
struct PostOf {
    post: Post,
}

#[derive(Serialize, Deserialize)]
struct Post {
    id: String,
    url: String,
}

#[derive(Deserialize)]
struct PlaceOf {
    #[serde(rename = "createImageUploadURL")]
    place: Presigned,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Presigned {
    presigned_put: Place,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    url: String,
    cdn_url: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmedOf {
    confirm_image_upload: Confirmed,
}

#[derive(Deserialize)]
struct Confirmed {
    ok: bool,
}

#[async_trait]
impl Publish for Hashnode {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, item).await.map(|_| ())
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let pictures = uploads(cx, item).await?;
        let input = json!({ "input": self.input(item, &settings, &pictures) });
        let create = || async { Ok(run::<Published>(cx.net, cx.credentials, PUBLISH, input).await?.publish_post.post) };
        let post: Post = cx.step("publish post", Once::Look, create).await?;
        Ok(sent(post))
    }
}

fn sent(post: Post) -> Sent {
    Sent { remote_id: post.id, url: Some(post.url), data: Value::Null }
}

async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, article::UPLOAD_LIFE, |media| upload(cx, media)).await
}

/// Where the picture is to be seen. It is brought straight to Hashnode's storage, by an address that is good for this once.
async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let wanted = json!({ "input": { "contentType": media.mime } });
    let Place { url, cdn_url, key } = ask::<PlaceOf>(cx.net, cx.credentials, PLACE, wanted).await?.place.presigned_put;
    let request = cx.net.put(url).body(cx.body(media).await?, &media.mime).timeout(UPLOAD);
    call::send(request, cx.credentials, |refusal| refusal).await.map_err(Refusal::harmless)?;
    let wanted = json!({ "input": { "key": key } });
    let confirmed = ask::<ConfirmedOf>(cx.net, cx.credentials, CONFIRM, wanted).await?;
    let large = || Refusal::Content(Detail::new("Hashnode takes pictures up to 8 MB, and threw this one away"));
    confirmed.confirm_image_upload.ok.then_some(cdn_url).ok_or_else(large)
}

impl Hashnode {
    /// The first picture stands above the article; the others below the text.
    fn input(&self, item: &Item, settings: &Settings, pictures: &[String]) -> Value {
        let words = Some(self.render(&item.body)).filter(|words| !words.is_empty());
        let below = item.media.iter().zip(pictures).skip(1);
        let below =
            below.map(|(media, address)| format!("![{}](<{address}>)", media.alt.replace(['[', ']', '\n'], " ")));
        let body: Vec<String> = words.into_iter().chain(below).collect();
        let mut input = json!({
            "publicationId": settings.publication,
            "title": settings.title,
            "contentMarkdown": body.join("\n\n"),
        });
        let mut set = |name: &str, value: Value| input[name] = value;
        if let Some(cover) = pictures.first() {
            set("coverImage", cover.as_str().into());
        }
        if !settings.tags.is_empty() {
            set("tags", settings.tags.iter().map(|slug| json!({ "slug": slug })).collect());
        }
        let words = [("subtitle", &settings.subtitle), ("originalArticleURL", &settings.canonical)];
        for (name, value) in words.into_iter().filter(|(_, value)| !value.is_empty()) {
            set(name, value.as_str().into());
        }
        let switches = [
            ("disableComments", settings.disable_comments),
            ("enableToc", settings.table_of_contents),
            ("isDelisted", settings.delisted),
        ];
        for (name, _) in switches.into_iter().filter(|(_, on)| *on) {
            set(name, true.into());
        }
        input
    }
}

#[derive(Deserialize)]
struct Edges<T> {
    edges: Vec<Edge<T>>,
}

#[derive(Deserialize)]
struct Edge<T> {
    node: T,
}

#[derive(Deserialize)]
struct PublicationOf {
    publication: Option<PostsOf>,
}

#[derive(Deserialize)]
struct PostsOf {
    posts: Edges<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    title: String,
    url: String,
    published_at: Timestamp,
    content: Content,
}

#[derive(Deserialize)]
struct Content {
    markdown: String,
}

#[async_trait]
impl Recent for Hashnode {
    /// Pictures have new addresses in every try, so what stands in front of them decides.
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let since = cx.due_at - CLOCK_SLACK;
        let words = squeezed(&self.render(&item.body));
        let wanted = json!({ "id": settings.publication, "first": PAGE });
        let found: PublicationOf = ask(cx.net, cx.credentials, POSTS, wanted).await?;
        let posts = found.publication.map(|it| it.posts.edges).unwrap_or_default();
        let (seen, earlier) = (posts.len(), posts.iter().any(|edge| edge.node.published_at < since));
        let is_it = |listed: &Listed| {
            listed.published_at >= since
                && listed.title == settings.title
                && squeezed(&listed.content.markdown).starts_with(&words)
        };
        let ours = posts.into_iter().map(|edge| edge.node).find(is_it);
        match ours {
            Some(listed) => Ok(Some(sent(Post { id: listed.id, url: listed.url }))),
            None if seen < PAGE || earlier => Ok(None),
            None => {
                let said = "there are too many newer articles to tell whether this one is among them";
                Err(Refusal::Unknown(Detail::new(said)))
            }
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[derive(Deserialize)]
struct Publications {
    publications: Edges<Publication>,
}

#[derive(Deserialize)]
struct Publication {
    id: String,
    title: String,
    #[serde(default)]
    url: Option<String>,
}

#[async_trait]
impl Lookup for Hashnode {
    fn names(&self) -> &'static [&'static str] {
        &["publications"]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let asked = ask::<Mine<Publications>>(access.net, access.credentials, PUBLICATIONS, json!({})).await?;
        let item = |Edge { node }: Edge<Publication>| LookupItem {
            id: node.id,
            name: node.title,
            detail: node.url.as_deref().map(article::handle).unwrap_or_default(),
        };
        Ok(fitting(asked.me.publications.edges.into_iter().map(item), query))
    }
}
