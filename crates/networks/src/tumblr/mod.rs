//! Tumblr: posts on the blogs of an account, by an app of one's own.
//!
//! After <https://github.com/tumblr/docs/blob/master/api.md> (October 2024, current in November 2026): OAuth 2, `user/info`, `posts`.
//! Tumblr knows no key for a post. Refresh tokens change with each use; the blogs of one account share theirs.

mod afterwards;
mod npf;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::check::PartToCheck;
use crate::choosing::{Access, Choice, Choosing, Words};
use crate::connect::{ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, upload_time};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::document::Mark;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding, Formatting, channel::Identity};
use crier_net::{Client, Multipart, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "tumblr",
    name: "Tumblr",
    color: "#001935",
    summary: "Posts on your blogs at Tumblr, by an app of your own.",
    works_at_once: false,
    console: Some("https://www.tumblr.com/oauth/apps"),
    deadline_s: 600,
};

const API: &str = "https://api.tumblr.com/v2";
const SCOPES: &[Scope] = &[
    Scope { id: "basic", why: "to know which blogs you have", required: true },
    Scope { id: "write", why: "to publish your posts", required: true },
    Scope { id: "offline_access", why: "to stay signed in for longer than 42 minutes", required: true },
];
const WORDS: Words =
    Words { one: "Blog", many: "Blogs", needed: "Sign in as somebody who has a blog on Tumblr, or writes for one." };
/// The most videos of a post that are uploaded.
const VIDEOS: usize = 1;
/// The most that one answer lists.
const PAGE: usize = 20;
/// How far Tumblr's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
const UPLOAD: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub struct Tumblr;

/// What becomes of it, in Tumblr's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    #[default]
    Published,
    Queue,
    Draft,
    Private,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", description = "Stands above the post as a heading.", length(max = npf::BLOCK))]
    title: String,
    #[schemars(
        title = "Link",
        description = "Shown below the text with the preview of its page.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    link: String,
    #[serde(rename = "sourceUrl")]
    #[schemars(
        title = "Source",
        description = "Where the content comes from; Tumblr names it below the post.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    source_url: String,
    #[schemars(
        title = "Tags",
        description = "Without “#”; they may have spaces. The first 20 count in searches.",
        length(max = 30),
        inner(length(min = 1, max = 140), regex(pattern = r"^[^,#]+$"))
    )]
    tags: Vec<String>,
    #[schemars(title = "After publishing", description = "“queue” leaves the time to the blog's own queue.")]
    state: State,
    #[schemars(
        title = "Address",
        description = "The end of the post's address; empty makes one of the text.",
        regex(pattern = r"^[a-z0-9-]*$"),
        length(max = 200)
    )]
    slug: String,
    #[schemars(title = "No reblogs", description = "Nobody can reblog the post.")]
    no_reblogs: bool,
}

impl Network for Tumblr {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn choosing(&self) -> Option<&dyn Choosing> {
        Some(self)
    }

    /// A post is stored in a megabyte; ours keeps a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(100_000, Unit::Grapheme),
            media: MediaRules::up_to(
                30,
                vec![
                    MediaKind::up_to(20_000_000, &["image/jpeg", "image/png", "image/webp"]),
                    MediaKind::up_to(10_000_000, &["image/gif"]),
                    MediaKind::up_to(500_000_000, &["video/mp4"]).films(0, 10 * 60, &[]),
                ],
                Some(4096),
            ),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        let finding = |part: &PartToCheck<'_>| {
            let videos = part.media.iter().filter(|media| is_video(media)).count();
            (videos > VIDEOS).then(|| {
                let message = format!("Tumblr takes one video in a post; there are {videos}.");
                let fix = format!("Remove {} of them.", videos - VIDEOS);
                Finding::error(format!("{}/media", part.pointer), "media.too_many", message, fix)
            })
        };
        parts.iter().filter_map(finding).collect()
    }

    fn formatting(&self) -> Formatting {
        Formatting { marks: &[Mark::Bold, Mark::Italic, Mark::Strike], ..Formatting::HTML }
    }

    fn publish(&self) -> &dyn Publish {
        self
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

fn is_video(media: &MediaItem) -> bool {
    media.mime.starts_with("video/")
}

/// What Tumblr wraps its answers in.
#[derive(Deserialize)]
struct Body<T> {
    response: T,
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let request = request.bearer(credentials.access_token.expose());
    Ok(call::json::<Body<T>>(request, credentials, refine).await?.response)
}

/// [`send`] for a request that only asks.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    send(request, credentials).await.map_err(Refusal::harmless)
}

/// Tumblr's subcodes, and what it says without one.
fn refine(refusal: Refusal) -> Refusal {
    let code = refusal.detail().code.clone().unwrap_or_default();
    let status = refusal.detail().status;
    match (code.as_str(), refusal) {
        // A day's allowance of posts, pictures or videos.
        ("8004" | "8011" | "8023", Refusal::Content(detail)) => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        ("8022", refusal) => refusal.at("/settings/state"),
        ("8005", refusal) => refusal.at("/media"),
        // Another video is not yet done; or the file did not arrive, so that nothing was made.
        ("8010", Refusal::Content(detail)) | ("8006" | "8009", Refusal::Unknown(detail)) => Refusal::Temporary(detail),
        (_, Refusal::Content(detail)) if status == Some(403) => Refusal::Auth(detail.diagnosed(Code::WrongKind)),
        (_, refusal) => refusal,
    }
}

#[derive(Deserialize)]
struct UserOf {
    user: User,
}

#[derive(Deserialize)]
struct User {
    name: String,
    #[serde(default)]
    blogs: Vec<Blog>,
}

#[derive(Deserialize)]
struct Blog {
    name: String,
    uuid: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    url: Option<String>,
}

impl Blog {
    /// Names change; the id does not.
    fn identity(self) -> Identity {
        Identity {
            remote_id: self.uuid,
            name: if self.title.trim().is_empty() { self.name.clone() } else { self.title },
            profile_url: self.url.or_else(|| Some(format!("https://www.tumblr.com/{}", self.name))),
            avatar_url: Some(avatar(&self.name)),
            handle: self.name,
        }
    }
}

fn avatar(blog: &str) -> String {
    format!("{API}/blog/{blog}/avatar/128")
}

async fn user(net: &Client, credentials: &Credentials) -> Result<User, Refusal> {
    Ok(ask::<UserOf>(net.get(format!("{API}/user/info")), credentials).await?.user)
}

#[async_trait]
impl OAuth2 for Tumblr {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        fixed(
            "https://www.tumblr.com/oauth2/authorize",
            "https://api.tumblr.com/v2/oauth2/token",
            ClientAuth::Body,
            Dialect::default(),
        )
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let user = user(net, credentials).await?;
        let identity = Identity {
            remote_id: user.name.clone(),
            name: user.name.clone(),
            profile_url: Some(format!("https://www.tumblr.com/{}", user.name)),
            avatar_url: Some(avatar(&user.name)),
            handle: user.name,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[async_trait]
impl Choosing for Tumblr {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let choice = |blog: Blog| Choice {
            identity: blog.identity(),
            kind: WORDS.one.to_owned(),
            credentials: None,
            facts: Facts::new(),
            unusable: None,
        };
        Ok(user(access.net, access.credentials).await?.blogs.into_iter().map(choice).collect())
    }

    /// Only who may write for a blog sees its drafts.
    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        let request = access.net.get(format!("{API}/blog/{}/posts/draft", identity.remote_id));
        ask::<IgnoredAny>(request, access.credentials).await.map(|_| ())
    }
}

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

#[async_trait]
impl Publish for Tumblr {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let post = post(item, &settings, files(item));
        let request = cx.net.post(format!("{API}/blog/{}/posts", cx.account));
        let request = if item.media.is_empty() {
            request.json(&post)
        } else {
            let mut form = Multipart::new().json("json", post);
            for (index, media) in item.media.iter().enumerate() {
                form = form.part(&identifier(index), &media.name, &media.mime, cx.body(media).await?);
            }
            request.multipart(form).timeout(upload_time(UPLOAD, item.bytes()))
        };
        let made: Made = cx.step("create post", Once::Look, || send(request, cx.credentials)).await?;
        Ok(sent(cx, settings.state, made.id))
    }
}

fn sent(cx: &Cx<'_>, state: State, id: String) -> Sent {
    let url = match state {
        State::Published | State::Private => format!("https://www.tumblr.com/{}/{id}", cx.handle),
        State::Queue => format!("https://www.tumblr.com/blog/{}/queue", cx.handle),
        State::Draft => format!("https://www.tumblr.com/blog/{}/drafts", cx.handle),
    };
    Sent { remote_id: id, url: Some(url), data: Value::Null }
}

/// The name under which a file goes with the post.
fn identifier(index: usize) -> String {
    format!("media-{index}")
}

/// Title, files, words, link.
fn post(item: &Item, settings: &Settings, files: Vec<Value>) -> Value {
    let mut content = npf::title(&settings.title);
    content.extend(files);
    content.extend(npf::blocks(&item.body));
    if !settings.link.is_empty() {
        content.push(json!({ "type": "link", "url": settings.link }));
    }
    let mut post = json!({ "content": content, "state": settings.state });
    let mut set = |name: &str, value: Value| post[name] = value;
    if !settings.tags.is_empty() {
        set("tags", settings.tags.join(",").into());
    }
    if !settings.source_url.is_empty() {
        set("source_url", settings.source_url.as_str().into());
    }
    if !settings.slug.is_empty() {
        set("slug", settings.slug.as_str().into());
    }
    if settings.no_reblogs {
        set("interactability_reblog", "noone".into());
    }
    post
}

/// The blocks of files that go with the post.
fn files(item: &Item) -> Vec<Value> {
    item.media.iter().enumerate().map(|(index, media)| file(index, media)).collect()
}

fn file(index: usize, media: &MediaItem) -> Value {
    let mut object = json!({ "type": media.mime, "identifier": identifier(index) });
    if media.width > 0 && media.height > 0 {
        object["width"] = media.width.into();
        object["height"] = media.height.into();
    }
    if is_video(media) {
        return json!({ "type": "video", "media": object });
    }
    let mut block = json!({ "type": "image", "media": [object] });
    if !media.alt.is_empty() {
        block["alt_text"] = media.alt.as_str().into();
    }
    block
}

#[derive(Deserialize)]
struct Posts {
    posts: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id_string: String,
    /// Seconds.
    timestamp: i64,
    #[serde(default)]
    content: Vec<Value>,
}

#[async_trait]
impl Recent for Tumblr {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let wanted = post(item, &settings, Vec::new());
        let words = fingerprint(wanted["content"].as_array().into_iter().flatten());
        if words.is_empty() {
            let said = "without words a post can't be told from others";
            return Err(Refusal::Unknown(Detail::new(said)));
        }
        let list = match settings.state {
            State::Published | State::Private => "posts",
            State::Queue => "posts/queue",
            State::Draft => "posts/draft",
        };
        let since = (cx.due_at - CLOCK_SLACK).as_second();
        let request = cx.net.get(format!("{API}/blog/{}/{list}", cx.account));
        let request = request.query(&[("npf", "true"), ("limit", &PAGE.to_string())]);
        let page: Posts = ask(request, cx.credentials).await?;
        // The time of what is queued is the one at which it is to go out.
        let is_new = |listed: &Listed| settings.state == State::Queue || listed.timestamp >= since;
        let found = page.posts.iter().find(|listed| is_new(listed) && fingerprint(listed.content.iter()) == words);
        match found {
            Some(listed) => Ok(Some(sent(cx, settings.state, listed.id_string.clone()))),
            None if page.posts.len() < PAGE || page.posts.iter().any(|listed| listed.timestamp < since) => Ok(None),
            None => {
                let said = "there are too many newer posts to tell whether this one is among them";
                Err(Refusal::Unknown(Detail::new(said)))
            }
        }
    }
}

/// The words of all blocks, whatever Tumblr makes of the spaces between them.
fn fingerprint<'a>(blocks: impl Iterator<Item = &'a Value>) -> String {
    blocks.flat_map(|block| npf::words(block).split_whitespace()).collect()
}
