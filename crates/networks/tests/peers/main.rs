//! Networks against real servers that others wrote. `peers/README.md` says how they are started; each test reads where its
//! server is from the environment and fails without it.
#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

mod bluesky;
mod ghost;
#[path = "../conformance/journal.rs"]
#[allow(dead_code, reason = "counting is for the conformance suite")]
mod journal;
mod lemmy;
mod mastodon;
mod matrix;
mod nostr;
mod outbound;
mod slack;
mod teams;
#[path = "../conformance/way.rs"]
mod way;
mod wordpress;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use crier_model::channel::Identity;
use crier_model::{Clock, Document, MediaId, PublicationId, Timestamp};
use crier_net::{Client, Config, ProxyConfig};
use crier_networks::afterwards::Account;
use crier_networks::choosing::Access;
use crier_networks::connect::{Facts, SignedIn};
use crier_networks::publish::{Item, Journal, MediaItem, MediaSource, Thread};
use crier_networks::{Credentials, Cx, Refusal, Registry, Sent, registry};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use journal::Notebook;

const TRIES: usize = 20;

/// Asks until it is answered. The small servers end a connection after each answer, and a call that is under way on it is
/// lost then; a proxy stands before them in earnest.
pub async fn patient<T, F>(ask: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, Refusal>>,
{
    let mut last = None;
    for _ in 0..TRIES {
        match ask().await {
            Ok(answer) => return answer,
            Err(refusal @ (Refusal::Temporary(_) | Refusal::Unknown(_))) => last = Some(refusal),
            Err(refusal) => panic!("{refusal}"),
        }
    }
    panic!("not answered in {TRIES} tries: {last:?}")
}

/// What a peer's script printed.
pub fn peer(variable: &str) -> Value {
    let told = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set; see peers/README.md"));
    serde_json::from_str(&told).unwrap()
}

pub fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    let found = if at.starts_with('/') { value.pointer(at) } else { value.get(at) };
    found.and_then(Value::as_str).unwrap_or_else(|| panic!("{at} is no text in {value}"))
}

pub fn client() -> Client {
    let allow = ["127.0.0.1", "::1", "localhost"].map(|host| host.parse().unwrap()).to_vec();
    Client::new(Config { proxy: ProxyConfig::None, allow, ..Config::default() }).unwrap()
}

/// A channel connected to a peer.
#[derive(Debug)]
pub struct Channel {
    pub network: &'static str,
    pub net: Client,
    pub instance: Option<String>,
    pub account: String,
    pub handle: String,
    pub credentials: Credentials,
    pub facts: Facts,
}

/// One publication: its key and its time stay the same however often it is tried.
#[derive(Debug)]
pub struct Publication {
    pub id: PublicationId,
    pub at: Timestamp,
}

impl Publication {
    pub fn now() -> Self {
        Self { id: PublicationId::new(), at: Timestamp::now() }
    }
}

impl Channel {
    pub fn of(network: &'static str, net: Client, signed_in: SignedIn) -> Self {
        let SignedIn { instance, credentials, identified } = signed_in;
        let Identity { remote_id, handle, .. } = identified.identity;
        Self { network, net, instance, account: remote_id, handle, credentials, facts: identified.facts }
    }

    pub fn account(&self) -> Account<'_> {
        Account {
            net: &self.net,
            now: Timestamp::now(),
            credentials: &self.credentials,
            instance: self.instance.as_deref(),
            id: &self.account,
            handle: &self.handle,
            facts: &self.facts,
        }
    }

    pub fn access(&self) -> Access<'_> {
        let instance = self.instance.as_deref();
        Access { net: &self.net, instance, credentials: &self.credentials, now: Timestamp::now() }
    }

    pub async fn publish(&self, of: &Publication, item: &Item, journal: &dyn Journal) -> Result<Sent, Refusal> {
        let registry = Registry::new(&registry::Settings::default());
        let clock = At(of.at);
        let publish = registry.get(self.network).unwrap().publish();
        publish.publish(&self.cx(of, item, journal, &clock), item).await
    }

    pub async fn find(&self, of: &Publication, item: &Item) -> Result<Option<Sent>, Refusal> {
        let registry = Registry::new(&registry::Settings::default());
        let (clock, notebook) = (At(of.at), Notebook::default());
        let recent = registry.get(self.network).unwrap().recent().unwrap();
        recent.find(&self.cx(of, item, &notebook, &clock), item).await
    }

    fn cx<'a>(&'a self, of: &Publication, item: &Item, journal: &'a dyn Journal, clock: &'a At) -> Cx<'a> {
        Cx {
            net: &self.net,
            clock,
            credentials: &self.credentials,
            instance: self.instance.as_deref(),
            account: &self.account,
            handle: &self.handle,
            facts: &self.facts,
            publication: of.id,
            due_at: of.at,
            media: &Files,
            journal,
            part: item.index,
        }
    }

    /// Publishes a part of its own. A server that hangs up between two calls is asked again, and a post whose answer got
    /// lost that way is looked for.
    pub async fn send(&self, item: &Item) -> Sent {
        let (publication, notebook) = (Publication::now(), Notebook::default());
        for _ in 0..TRIES {
            match self.publish(&publication, item, &notebook).await {
                Ok(sent) => return sent,
                Err(Refusal::Temporary(_)) => {}
                Err(Refusal::Unknown(_)) => match self.find(&publication, item).await {
                    Ok(Some(sent)) => return sent,
                    // Where the server can't tell, people would be asked; a second copy harms nobody here.
                    Ok(None) | Err(Refusal::Unknown(_)) => notebook.forget_interrupted(),
                    Err(Refusal::Temporary(_)) => {}
                    Err(refusal) => panic!("{refusal}"),
                },
                Err(refusal) => panic!("{refusal}"),
            }
        }
        panic!("it was not taken in {TRIES} tries")
    }
}

pub fn item(words: &str) -> Item {
    let body = Document::from_plain(words);
    Item { index: 0, body, media: Vec::new(), settings: Map::new(), thread: None }
}

pub fn with(settings: &Value, of: Item) -> Item {
    Item { settings: settings.as_object().cloned().unwrap_or_default(), ..of }
}

pub fn answer(words: &str, index: usize, root: &Sent, parent: &Sent) -> Item {
    Item { index, thread: Some(Thread { root: root.clone(), parent: parent.clone() }), ..item(words) }
}

/// A picture of one pixel, for whoever looks inside.
pub fn pixel() -> Vec<u8> {
    let text = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    BASE64_STANDARD.decode(text).unwrap()
}

pub fn picture(alt: &str, url: Option<&str>) -> MediaItem {
    MediaItem {
        id: MediaId::new(),
        name: "pixel.png".into(),
        mime: "image/png".into(),
        size: pixel().len() as u64,
        width: 1,
        height: 1,
        alt: alt.into(),
        sha256: hex::encode(Sha256::digest(pixel())),
        url: url.map(str::to_owned),
        duration_ms: 0,
        codecs: Vec::new(),
        frame_rate: None,
        convertible: false,
    }
}

/// Another file: the pixel and a byte more.
pub fn other_picture() -> MediaItem {
    let pixel = picture("", None);
    MediaItem { size: pixel.size + 1, name: "other.png".into(), ..pixel }
}

/// How a video begins: servers look at it.
const FILM: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41";

/// Gives the pixel, or how a video begins, followed by as many bytes as the file is said to have more.
struct Files;

#[async_trait]
impl MediaSource for Files {
    async fn stream(
        &self,
        media: &MediaItem,
        from: u64,
        to: u64,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, Refusal> {
        let place = |at: u64| usize::try_from(at).unwrap();
        let mut bytes = if media.mime == "video/mp4" { FILM.to_vec() } else { pixel() };
        bytes.resize(place(media.size), 7);
        Ok(stream::iter([Ok(Bytes::from(bytes).slice(place(from)..place(to)))]).boxed())
    }
}

#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}
