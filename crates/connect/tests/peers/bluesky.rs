//! A personal data server of the AT Protocol with its own authorization server, and a person with a browser.

use crier_connect::{AttemptView, Callback, Deps, Handshake, Landing, Settings, Start, Started};
use crier_media::{Library, Storage};
use crier_model::{
    ChannelId, Code, Document, MediaId, PublicationId, SystemClock, UserId, WorkspaceId, attempt::AttemptState as S,
};
use crier_net::{Answer, Client, ProxyConfig};
use crier_networks::{
    Credentials, Cx, Refusal, Registry, Sent,
    bluesky::Directory,
    connect::{OAuth2, SUBJECT, Tokens},
    dpop,
    publish::{Begun, Item, Journal, JournalError, MediaItem, MediaSource},
    registry,
};
use crier_store::{
    channels::{self, Channel},
    testing::{self, TestStore},
    users::{self, NewUser, Registration},
};
use futures::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use url::Url;

const PUBLIC_URL: &str = "http://127.0.0.1:9/";

struct World {
    server: Value,
    store: TestStore,
    net: Client,
    registry: Registry,
    handshake: Handshake,
    user: UserId,
    workspace: WorkspaceId,
    _folder: TempDir,
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

impl World {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let told = std::env::var("CRIER_PEER_BLUESKY").expect("CRIER_PEER_BLUESKY is not set; see peers/README.md");
        let server: Value = serde_json::from_str(&told).unwrap();
        let allow = ["127.0.0.1", "::1", "localhost"].map(|host| host.parse().unwrap()).to_vec();
        let net =
            Client::new(crier_net::Config { proxy: ProxyConfig::None, allow, ..crier_net::Config::default() }).unwrap();
        let url = |name: &str| text(&server, name).parse().unwrap();
        let bluesky = Directory { plc: url("plc"), resolver: url("url") };
        let registry = Registry::new(&registry::Settings { bluesky, ..registry::Settings::default() });
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(SystemClock);
        let store = testing::open().await;
        let new = NewUser {
            email: "ada@crier.test".to_owned(),
            name: "Ada".to_owned(),
            password_hash: "x".into(),
            time_zone: "UTC".to_owned(),
        };
        let (user, workspace) = users::sign_up(&store, new, "Works", Registration::Open).await.unwrap();
        let mut settings = Settings::new(PUBLIC_URL.parse().unwrap());
        change(&mut settings);
        let handshake = Handshake::new(Deps {
            store: store.clone(),
            net: net.clone(),
            registry: registry.clone(),
            library: Library::new(store.clone(), Storage::folder(folder.path()).unwrap()),
            clock,
            settings,
        });
        Self { server, store, net, registry, handshake, user: user.id, workspace: workspace.id, _folder: folder }
    }

    fn wish<'a>(&'a self, way: Option<&'a str>, account: Option<&'a str>, channel: Option<ChannelId>) -> Start<'a> {
        Start {
            workspace: self.workspace,
            user: self.user,
            network: "bluesky",
            way,
            instance: account,
            channel,
            browser: None,
        }
    }

    async fn leave(&self, account: Option<&str>, channel: Option<ChannelId>) -> Started {
        let started = self.handshake.start(self.wish(None, account, channel)).await.unwrap();
        assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
        started
    }

    async fn land(&self, started: &Started, query: BTreeMap<String, String>) -> AttemptView {
        let callback = Callback {
            network: "bluesky".to_owned(),
            query,
            browser: Some(started.browser_cookie.clone()),
            signed_in: None,
        };
        let landing = self.handshake.callback(callback).await;
        assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
        self.handshake.view(started.attempt.id, self.workspace, self.user).await.unwrap()
    }

    async fn channel(&self, id: ChannelId) -> Channel {
        channels::get(&self.store, self.workspace, id).await.unwrap()
    }

    /// A channel of the server's account.
    async fn connect(&self) -> Channel {
        let started = self.leave(Some(text(&self.server, "handle")), None).await;
        let query = Browser::open(self, &started).await.allow(&[]).await;
        let view = self.land(&started, query).await;
        assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
        self.channel(view.channel_id.unwrap()).await
    }

    async fn publish(&self, channel: &Channel, item: &Item, credentials: &Credentials) -> Result<Sent, Refusal> {
        let facts = channel.settings.as_object().cloned().unwrap_or_default();
        let cx = Cx {
            net: &self.net,
            clock: &SystemClock,
            credentials,
            instance: channel.instance.as_deref(),
            account: &channel.remote_id,
            handle: &channel.handle,
            facts: &facts,
            publication: PublicationId::new(),
            due_at: Timestamp::now(),
            media: &Picture,
            journal: &Nowhere,
            part: 0,
        };
        self.registry.get("bluesky").unwrap().publish().publish(&cx, item).await
    }

    /// Publishes with the channel's own tokens, and looks at what the server has then.
    async fn post(&self, channel: &Channel, words: &str, media: Vec<MediaItem>) -> Value {
        let credentials = self.handshake.fresh(channel.id, false).await.unwrap();
        let sent = self.publish(channel, &item(words, media), &credentials).await.unwrap();
        let key = sent.remote_id.rsplit('/').next().unwrap().to_owned();
        let url = format!("{}/xrpc/com.atproto.repo.getRecord", text(&self.server, "url"));
        let query = [("repo", channel.remote_id.as_str()), ("collection", "app.bsky.feed.post"), ("rkey", &key)];
        let record: Value = self.net.get(url).query(&query).send().await.unwrap().json().unwrap();
        assert_eq!(record["value"]["text"], words);
        record
    }
}

fn item(words: &str, media: Vec<MediaItem>) -> Item {
    Item { index: 0, body: Document::from_plain(words), media, settings: serde_json::Map::new(), thread: None }
}

/// The person's browser on the server's pages, which are driven by the calls that their script makes.
struct Browser<'a> {
    world: &'a World,
    origin: String,
    page: Url,
    cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    async fn open(world: &'a World, started: &Started) -> Self {
        let page = started.authorize_url.clone().unwrap();
        let origin = page.origin().ascii_serialization();
        let mut browser = Self { world, origin, page, cookies: BTreeMap::new() };
        let answer = browser.navigate(&browser.page.clone()).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        browser
    }

    async fn navigate(&mut self, to: &Url) -> Answer {
        let request = self.world.net.get(to).no_redirects().header("accept", "text/html");
        let request = request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
        let request = request.header("sec-fetch-site", "same-origin").header("cookie", self.jar());
        // The last page sends on only who comes from the one before.
        let answer = request.header("referer", self.page.as_str()).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    fn jar(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers("set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    async fn call(&mut self, what: &str, token: Option<&str>, body: &Value) -> Value {
        let url = format!("{}/@atproto/oauth-provider/~api/{what}", self.origin);
        let request = self.world.net.post(url).json(body);
        let request = request.header("origin", &self.origin).header("referer", self.page.as_str());
        let request = request.header("sec-fetch-mode", "same-origin").header("sec-fetch-site", "same-origin");
        let request = request.header("sec-fetch-dest", "empty").header("cookie", self.jar());
        let request = request.header("x-csrf-token", &self.cookies["csrf-token"]);
        let request = match token {
            Some(token) => request.bearer(token),
            None => request,
        };
        let answer = request.send().await.unwrap();
        self.keep(&answer);
        assert_eq!(answer.status(), 200, "{what}: {}", answer.text());
        answer.json().unwrap()
    }

    /// Signs in and allows everything but `unticked`; what comes back in the address.
    async fn allow(mut self, unticked: &[&str]) -> BTreeMap<String, String> {
        let server = &self.world.server;
        let (handle, password) = (text(server, "handle"), text(server, "password"));
        let body = json!({ "locale": "en", "username": handle, "password": password, "remember": false });
        let signed_in = self.call("sign-in", None, &body).await;
        let sub = &signed_in["account"]["sub"];
        let asked = self.world.registry.get("bluesky").unwrap();
        let crier_networks::Connect::OAuth2(oauth2) = asked.connect() else { panic!() };
        let scopes: Vec<_> =
            OAuth2::scopes(oauth2).iter().map(|scope| scope.id).filter(|id| !unticked.contains(id)).collect();
        let body = json!({ "sub": sub, "scope": scopes.join(" ") });
        let token = signed_in["ephemeralToken"].as_str().map(str::to_owned);
        let consented = self.call("consent", token.as_deref(), &body).await;
        self.back(&consented).await
    }

    async fn refuse(mut self) -> BTreeMap<String, String> {
        let rejected = self.call("reject", None, &json!({})).await;
        self.back(&rejected).await
    }

    async fn back(&mut self, answer: &Value) -> BTreeMap<String, String> {
        let answer = self.navigate(&text(answer, "url").parse().unwrap()).await;
        let to: Url = answer.header("location").unwrap_or_else(|| panic!("{}", answer.text())).parse().unwrap();
        assert!(to.as_str().starts_with("http://127.0.0.1:9/integrations/social/bluesky?"), "{to}");
        to.query_pairs().into_owned().collect()
    }
}

/// Nothing is taken up again here.
struct Nowhere;

#[async_trait::async_trait]
impl Journal for Nowhere {
    async fn begin(&self, _: &str, _: &crier_networks::Once) -> Result<Begun, JournalError> {
        Ok(Begun::Fresh)
    }
    async fn answer(&self, _: &str, _: Value) -> Result<(), JournalError> {
        Ok(())
    }
    async fn abandon(&self, _: &str) -> Result<(), JournalError> {
        Ok(())
    }
}

struct Picture;

/// The smallest GIF.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

#[async_trait::async_trait]
impl MediaSource for Picture {
    async fn stream(
        &self,
        media: &MediaItem,
        from: u64,
        to: u64,
    ) -> Result<BoxStream<'static, std::io::Result<bytes::Bytes>>, Refusal> {
        if media.mime == "image/gif" {
            return Ok(stream::iter([Ok(PIXEL.into())]).boxed());
        }
        let piece = move |start: u64| Ok(vec![7; usize::try_from((to - start).min(100_000)).unwrap()].into());
        Ok(stream::iter((from..to).step_by(100_000)).map(piece).boxed())
    }
}

fn picture() -> MediaItem {
    MediaItem {
        id: MediaId::new(),
        name: "pixel.gif".into(),
        mime: "image/gif".into(),
        size: PIXEL.len() as u64,
        width: 1,
        height: 1,
        alt: "A pixel".into(),
        sha256: String::new(),
        url: None,
        duration_ms: 0,
        codecs: Vec::new(),
        frame_rate: None,
        convertible: false,
    }
}

/// Larger than what is sent at once.
fn film() -> MediaItem {
    MediaItem { name: "film.mp4".into(), mime: "video/mp4".into(), size: 9_000_000, ..picture() }
}

fn code(view: &AttemptView) -> Option<Code> {
    view.diagnosis.as_ref().map(|diagnosis| diagnosis.code)
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_signs_in_publishes_renews_and_reconnects() {
    let world = World::start().await;
    let channel = world.connect().await;
    assert_eq!(channel.remote_id, text(&world.server, "did"));
    assert_eq!(channel.handle, text(&world.server, "handle"));
    assert_eq!((channel.way.as_str(), channel.instance.as_deref()), ("oauth2", None));
    assert!(channel.token_expires_at.is_some());
    world.post(&channel, "Signed in at my own server", Vec::new()).await;
    let record = world.post(&channel, "With a picture", vec![picture()]).await;
    assert_eq!(record["value"]["embed"]["images"][0]["alt"], "A pixel");
    let record = world.post(&channel, "With a video", vec![film()]).await;
    assert_eq!(record["value"]["embed"]["video"]["size"], json!(9_000_000));
    // The server lets another one lay files there, as Bluesky's video service does.
    let credentials = world.handshake.fresh(channel.id, false).await.unwrap();
    let url = format!("{}/xrpc/com.atproto.server.getServiceAuth", text(&world.server, "url"));
    let query = [("aud", "did:web:pds.example.org"), ("lxm", "com.atproto.repo.uploadBlob")];
    let key = dpop::key(&credentials).unwrap().unwrap();
    let asked = dpop::send(world.net.get(url).query(&query), &key, Some(&credentials.access_token)).await.unwrap();
    assert_eq!(asked.status(), 200, "{}", String::from_utf8_lossy(asked.body()));

    // The refresh token is good once, and the tokens stay bound to the key.
    let before = world.handshake.fresh(channel.id, false).await.unwrap();
    let after = world.handshake.fresh(channel.id, true).await.unwrap();
    assert_ne!(before.access_token, after.access_token);
    assert_ne!(before.refresh_token, after.refresh_token);
    assert_eq!(before.extra[dpop::KEY], after.extra[dpop::KEY]);
    assert_eq!(after.extra[SUBJECT].expose(), channel.remote_id);
    world.post(&channel, "After a renewal", Vec::new()).await;

    // A reconnect asks for no handle and keeps the channel; the key is a new one.
    let started = world.leave(None, Some(channel.id)).await;
    let query = Browser::open(&world, &started).await.allow(&[]).await;
    let view = world.land(&started, query).await;
    assert_eq!((view.state, view.channel_id), (S::Connected, Some(channel.id)), "{:?}", view.diagnosis);
    let again = world.handshake.fresh(channel.id, false).await.unwrap();
    assert_ne!(again.extra[dpop::KEY], after.extra[dpop::KEY]);
    world.post(&channel, "After a reconnect", Vec::new()).await;
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_changes_the_way_and_keeps_the_channel() {
    let world = World::start().await;
    let start = world.handshake.start(world.wish(Some("app_password"), None, None)).await.unwrap();
    let values = |world: &World| -> BTreeMap<String, String> {
        let value = |field: &str, name: &str| (field.to_owned(), text(&world.server, name).to_owned());
        [value("service", "url"), value("identifier", "handle"), value("password", "app_password")].into()
    };
    let view = world.handshake.submit(start.attempt.id, world.workspace, world.user, values(&world)).await.unwrap();
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!(channel.way, "app_password");

    let to_oauth = world.handshake.start(world.wish(Some("oauth2"), None, Some(channel.id))).await.unwrap();
    let query = Browser::open(&world, &to_oauth).await.allow(&[]).await;
    let view = world.land(&to_oauth, query).await;
    assert_eq!((view.state, view.channel_id), (S::Connected, Some(channel.id)), "{:?}", view.diagnosis);
    let channel = world.channel(channel.id).await;
    assert_eq!(channel.way, "oauth2");
    world.post(&channel, "Signed in instead of a password", Vec::new()).await;

    let back = world.handshake.start(world.wish(Some("app_password"), None, Some(channel.id))).await.unwrap();
    let view = world.handshake.submit(back.attempt.id, world.workspace, world.user, values(&world)).await.unwrap();
    assert_eq!((view.state, view.channel_id), (S::Connected, Some(channel.id)));
    let credentials = world.handshake.fresh(channel.id, true).await.unwrap();
    assert!(!credentials.extra.contains_key(dpop::KEY));
    world.post(&channel, "And back again", Vec::new()).await;
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_begins_with_a_did_or_a_server_as_well() {
    let world = World::start().await;
    for name in ["did", "url"] {
        let started = world.leave(Some(text(&world.server, name)), None).await;
        let query = Browser::open(&world, &started).await.allow(&[]).await;
        let view = world.land(&started, query).await;
        assert_eq!(view.state, S::Connected, "{name}: {:?}", view.diagnosis);
    }
    let all = channels::list(&world.store, world.workspace).await.unwrap();
    assert_eq!(all.len(), 1);
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_says_no_leaves_something_out_and_plays_a_code_twice() {
    let world = World::start().await;
    let handle = text(&world.server, "handle");
    let started = world.leave(Some(handle), None).await;
    let query = Browser::open(&world, &started).await.refuse().await;
    let view = world.land(&started, query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ConsentDenied)));

    // Pictures are optional: the person decides.
    let started = world.leave(Some(handle), None).await;
    let query = Browser::open(&world, &started).await.allow(&["blob:*/*"]).await;
    let view = world.land(&started, query).await;
    assert_eq!((view.state, code(&view)), (S::Identified, Some(Code::ConsentScopeMissing)));
    let view = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected);
    let channel = world.channel(view.channel_id.unwrap()).await;
    world.post(&channel, "Only words", Vec::new()).await;
    let credentials = world.handshake.fresh(channel.id, false).await.unwrap();
    let refused = world.publish(&channel, &item("A picture", vec![picture()]), &credentials).await;
    let diagnosed = refused.unwrap_err().detail().diagnosis;
    assert_eq!(diagnosed, Some(Code::ConsentScopeMissing));

    let started = world.leave(Some(handle), None).await;
    let query = Browser::open(&world, &started).await.allow(&["repo:app.bsky.feed.post"]).await;
    let view = world.land(&started, query.clone()).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ConsentScopeMissing)));
    assert_eq!(world.land(&started, query).await.state, S::Failed);
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_refuses_tokens_without_their_key() {
    let world = World::start().await;
    let channel = world.connect().await;
    let mut stolen = world.handshake.fresh(channel.id, false).await.unwrap();
    stolen.extra.insert(dpop::KEY.to_owned(), crier_networks::es256::Key::generate().kept().clone());
    let refused = world.publish(&channel, &item("Stolen", Vec::new()), &stolen).await;
    assert!(matches!(refused, Err(Refusal::Auth(_))), "{refused:?}");
    stolen.extra.remove(dpop::KEY);
    let refused = world.publish(&channel, &item("Stolen", Vec::new()), &stolen).await;
    assert!(matches!(refused, Err(Refusal::Auth(_))), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_cannot_look_up_an_installation_that_is_not_there() {
    let world =
        World::with(|settings| settings.public_url = "https://crier.invalid-installation.org".parse().unwrap()).await;
    let started = world.handshake.start(world.wish(None, Some(text(&world.server, "handle")), None)).await.unwrap();
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::ClientDocument)));
    let diagnosis = started.attempt.diagnosis.unwrap();
    let shown = diagnosis.evidence.iter().find(|seen| seen.label == "Client document").unwrap();
    assert_eq!(shown.value, "https://crier.invalid-installation.org/oauth-client-metadata.json");
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_does_not_know_a_handle_that_nobody_has() {
    let world = World::start().await;
    let started = world.handshake.start(world.wish(None, Some("nobody.test"), None)).await.unwrap();
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::HandleNotFound)));
}
