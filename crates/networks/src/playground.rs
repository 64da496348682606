//! Playground, the small network that comes with Crier. Its API is that of `crates/playground`.

use crate::about::{About, Network, no_settings};
use crate::afterwards::{Account as Channel, ChannelMetrics, Delete, Edit, PostMetrics, if_there, only};
use crate::connect::{
    Client2, ClientAuth, Connect, Credentials, Endpoints, Extension, Facts, Identified, OAuth2, Scope, Site, Way,
};
use crate::plugs::{Comments, Reposts};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::{Detail, Refusal, call, oauth_server};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Timestamp, channel::Identity};
use crier_net::{Client, Multipart, Request};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

const ABOUT: About = About {
    id: "playground",
    name: "Playground",
    color: "#7048e8",
    summary: "The small network that comes with Crier: try everything without an account anywhere.",
    works_at_once: true,
    console: None,
    deadline_s: 120,
};

const SCOPES: &[Scope] = &[
    Scope { id: "profile", why: "to know which account this is", required: true },
    Scope { id: "posts:write", why: "to publish your posts", required: true },
    Scope { id: "media:write", why: "to upload pictures; without it only text can be published", required: false },
    Scope { id: "posts:read", why: "to find a post again when its confirmation was lost", required: false },
    Scope { id: "metrics:read", why: "to show likes, replies and views", required: false },
];

/// The network at one origin.
#[derive(Debug)]
pub struct Playground {
    /// Without a slash at its end.
    origin: String,
}

impl Playground {
    #[must_use]
    pub fn new(origin: &Url) -> Self {
        Self { origin: origin.origin().ascii_serialization() }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn api(&self, path: &str) -> String {
        format!("{}/api/{path}", self.origin)
    }

    pub(crate) async fn account(&self, net: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
        let account = self.me(net, credentials).await?;
        Ok(Identified { identity: account.into(), granted: None, facts: Facts::new() })
    }

    async fn uploaded(&self, cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
        let mut media_ids = Vec::new();
        for (index, media) in item.media.iter().enumerate() {
            let upload = || self.upload(cx, media);
            let picture: Picture = cx
                .step(&format!("upload picture {index}"), Once::Repeatable, upload)
                .await
                .map_err(|refusal| refusal.at(&format!("/media/{index}")))?;
            media_ids.push(picture.id);
        }
        Ok(media_ids)
    }

    async fn upload(&self, cx: &Cx<'_>, media: &MediaItem) -> Result<Picture, Refusal> {
        let form =
            Multipart::new().part("file", &media.name, &media.mime, cx.body(media).await?).text("alt", &media.alt);
        let request = signed(cx.net.post(self.api("media")), cx.credentials).multipart(form);
        call::json(request, cx.credentials, refine).await
    }
}

impl Network for Playground {
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
                name: "Sign in",
                help: "You allow access on a page of the Playground, as on most networks.",
                connect: Connect::OAuth2(self),
            },
            Way {
                id: "bot",
                name: "Tell its bot a code",
                help: "You send a code in a chat, as on Telegram. Good to see how that goes.",
                connect: Connect::Dialog(self),
            },
            Way {
                id: "extension",
                name: "Hand over its cookies with the browser extension",
                help: "Your browser hands over your session there, as on networks without an API. Good to see how that goes.",
                connect: Connect::Extension(self),
            },
        ]
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(500, Unit::Grapheme),
            media: MediaRules::up_to(
                4,
                vec![MediaKind::up_to(10 * 1024 * 1024, &["image/jpeg", "image/png", "image/gif", "image/webp"])],
                Some(1500),
            ),
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> serde_json::Value {
        no_settings()
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

    fn reposts(&self) -> Option<&dyn Reposts> {
        Some(self)
    }

    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

/// An account of the network, a page too.
#[derive(Deserialize)]
pub(crate) struct Account {
    pub(crate) id: String,
    handle: String,
    name: String,
    url: String,
    avatar: String,
}

impl From<Account> for Identity {
    fn from(account: Account) -> Self {
        Self {
            remote_id: account.id,
            name: account.name,
            handle: account.handle,
            profile_url: Some(account.url),
            avatar_url: Some(account.avatar),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Picture {
    id: String,
}

#[derive(Serialize, Deserialize)]
struct Post {
    id: String,
    url: String,
    text: String,
    media: Vec<Picture>,
    reply_to: Option<String>,
    created_at: Timestamp,
}

impl From<Post> for Sent {
    fn from(post: Post) -> Self {
        Self { remote_id: post.id, url: Some(post.url), data: serde_json::Value::Null }
    }
}

#[derive(Deserialize)]
struct Listing {
    posts: Vec<Post>,
    next_before: Option<String>,
}

#[async_trait]
impl OAuth2 for Playground {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        self.endpoints(net).await
    }

    async fn register(
        &self,
        net: &Client,
        endpoints: &Endpoints,
        redirect_uri: &str,
    ) -> Result<Option<Client2>, Refusal> {
        register(net, endpoints, redirect_uri, SCOPES).await
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        self.account(net, credentials).await
    }
}

impl Playground {
    pub(crate) async fn endpoints(&self, net: &Client) -> Result<Endpoints, Refusal> {
        let metadata = oauth_server::Metadata::read(net, &self.origin).await?;
        if metadata.issuer != self.origin {
            let said = format!("the server at {} calls itself {}", self.origin, metadata.issuer);
            return Err(Refusal::Content(Detail::new(said).diagnosed(Code::IssuerMismatch)));
        }
        Ok(metadata.endpoints(ClientAuth::Basic))
    }

    /// Whom a token or a session speaks for.
    pub(crate) async fn me(&self, net: &Client, credentials: &Credentials) -> Result<Account, Refusal> {
        call::ask(signed(net.get(self.api("me")), credentials), credentials, refine).await
    }
}

/// With the token, or the session at the website, that speaks for the account.
fn signed(request: Request, credentials: &Credentials) -> Request {
    match credentials.cookies() {
        Some(cookies) => request.secret_header("cookie", cookies),
        None => request.bearer(credentials.access_token.expose()),
    }
}

/// Registers a client that may ask for these scopes.
pub(crate) async fn register(
    net: &Client,
    endpoints: &Endpoints,
    redirect_uri: &str,
    scopes: &[Scope],
) -> Result<Option<Client2>, Refusal> {
    let Some(endpoint) = &endpoints.registration else { return Ok(None) };
    let scope = scopes.iter().map(|scope| scope.id).collect::<Vec<_>>().join(" ");
    oauth_server::register(net, endpoint, redirect_uri, &scope).await.map(Some)
}

#[async_trait]
impl Extension for Playground {
    fn site(&self) -> Site {
        Site { name: ABOUT.name, origin: self.origin.clone(), cookies: &["playground_session"] }
    }

    async fn identify(&self, net: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
        self.account(net, credentials).await
    }
}

#[async_trait]
impl Publish for Playground {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        self.uploaded(cx, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let media_ids = self.uploaded(cx, item).await?;
        let key = cx.key();
        let body = json!({
            "text": self.render(&item.body),
            "media_ids": media_ids,
            "reply_to": item.thread.as_ref().map(|thread| &thread.parent.remote_id),
        });
        let request =
            signed(cx.net.post(self.api("posts")), cx.credentials).header("idempotency-key", &key).json(&body);
        let create = || call::json::<Post>(request, cx.credentials, refine);
        Ok(cx.step("create post", Once::Key(key), create).await?.into())
    }
}

#[async_trait]
impl Recent for Playground {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let text = self.render(&item.body);
        let reply_to = item.thread.as_ref().map(|thread| thread.parent.remote_id.as_str());
        let mut before = None;
        loop {
            let mut query = vec![("account", "me".to_owned()), ("limit", "100".to_owned())];
            query.extend(before.map(|id| ("before", id)));
            let request = signed(cx.net.get(self.api("posts")).query(&query), cx.credentials);
            let listing: Listing = call::ask(request, cx.credentials, refine).await?;
            let reached_earlier = listing.posts.last().is_none_or(|post| post.created_at < cx.due_at);
            let mut posts = listing.posts.into_iter();
            let is_it = |post: &Post| {
                post.created_at >= cx.due_at
                    && post.text == text
                    && post.reply_to.as_deref() == reply_to
                    && post.media.len() == item.media.len()
            };
            if let Some(post) = posts.find(is_it) {
                return Ok(Some(post.into()));
            }
            match listing.next_before {
                Some(next) if !reached_earlier => before = Some(next),
                _ => return Ok(None),
            }
        }
    }
}

/// The numbers under a post, or the sums over an account's.
#[derive(Deserialize)]
struct Numbers {
    likes: i64,
    replies: i64,
    /// Left out by those before reposts.
    #[serde(default)]
    reposts: i64,
    views: i64,
    /// How many posts there are, of an account.
    #[serde(default)]
    posts: i64,
}

impl Numbers {
    fn counts(&self) -> Vec<Count> {
        vec![
            Count::new(Metric::Views, self.views),
            Count::new(Metric::Likes, self.likes),
            Count::new(Metric::Replies, self.replies),
            Count::new(Metric::Reposts, self.reposts),
        ]
    }
}

#[async_trait]
impl PostMetrics for Playground {
    async fn posts(&self, channel: &Channel<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let url = self.api(&format!("posts/{}/metrics", only(sent)?.remote_id));
        let request = signed(channel.net.get(url), channel.credentials);
        let told = if_there(call::ask::<Numbers>(request, channel.credentials, refine).await)?;
        Ok(vec![told.map(|numbers| numbers.counts())])
    }
}

#[async_trait]
impl ChannelMetrics for Playground {
    async fn channel(&self, channel: &Channel<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let request = signed(channel.net.get(self.api("me/metrics")), channel.credentials);
        let numbers: Numbers = call::ask(request, channel.credentials, refine).await?;
        let posts = Count::new(Metric::Posts, numbers.posts);
        let counts = numbers.counts().into_iter().chain([posts]);
        Ok(counts.map(|count| Series::standing(count.metric, channel.today(), count.value)).collect())
    }
}

#[async_trait]
impl Delete for Playground {
    async fn delete(&self, channel: &Channel<'_>, sent: &Sent) -> Result<(), Refusal> {
        let url = self.api(&format!("posts/{}", sent.remote_id));
        let request = signed(channel.net.delete(url), channel.credentials);
        if_there(call::send(request, channel.credentials, refine).await).map(drop)
    }
}

#[async_trait]
impl Edit for Playground {
    async fn edit(&self, channel: &Channel<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let url = self.api(&format!("posts/{}", sent.remote_id));
        let request = signed(channel.net.put(url), channel.credentials);
        let request = request.json(&json!({ "text": self.render(&item.body) }));
        Ok(call::json::<Post>(request, channel.credentials, refine).await?.into())
    }
}

#[derive(Serialize, Deserialize)]
struct Reposted {
    id: String,
    url: String,
}

#[async_trait]
impl Reposts for Playground {
    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal> {
        let url = self.api(&format!("posts/{}/repost", post.remote_id));
        let request = signed(cx.net.post(url), cx.credentials);
        // Whoever has reposted it already gets the repost there is.
        let repost = || call::json::<Reposted>(request, cx.credentials, refine);
        let made = cx.step("repost", Once::Repeatable, repost).await?;
        Ok(Sent { remote_id: made.id, url: Some(made.url), data: serde_json::Value::Null })
    }
}

impl Comments for Playground {}

pub(crate) fn refine(refusal: Refusal) -> Refusal {
    let Some(code) = refusal.detail().code.clone() else { return refusal };
    match (code.as_str(), refusal) {
        ("insufficient_scope", Refusal::Content(detail)) => Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing)),
        ("page_not_granted", Refusal::Content(detail)) => Refusal::Content(detail.diagnosed(Code::ConsentScopeMissing)),
        ("text_too_long" | "empty_post", refusal) => refusal.at("/text"),
        ("too_many_media" | "media_not_usable", refusal) => refusal.at("/media"),
        (_, refusal) => refusal,
    }
}
