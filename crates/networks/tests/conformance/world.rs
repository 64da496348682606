//! A network with its scripted servers, and what came of asking it.

use crate::fixture::{Action, Fixture, Given, Raw, Refused, missing};
use crate::journal::Notebook;
use crate::relay::Relay;
use crate::server::Server;
use crate::way::Way;
use async_trait::async_trait;
use bytes::Bytes;
use crier_model::metric::Count;
use crier_model::{Clock, Document, MediaId, PublicationId, Secret, Timestamp, channel::Identity};
use crier_net::Client;
use crier_networks::afterwards::Account;
use crier_networks::bluesky::Directory;
use crier_networks::choosing::Access;
use crier_networks::connect::FormRefusal;
use crier_networks::oauth1::Signer;
use crier_networks::publish::{Item, MediaItem, MediaSource, Thread};
use crier_networks::{Connect, Credentials, Cx, Network, Refusal, Registry, registry, text};
use futures::stream::{self, BoxStream, StreamExt};
use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const DUE_AT: &str = "2026-11-24T12:00:00Z";
pub const PUBLICATION: &str = "019ab000-0000-7000-8000-000000000001";

pub struct World {
    pub server: Server,
    pub relays: Vec<Relay>,
    pub fixture: Fixture,
    registry: Registry,
    network: String,
    net: Client,
}

/// What came of it, and everything that was told about it.
pub struct Outcome {
    pub result: Result<Value, Told>,
    pub words: String,
}

pub struct Told {
    pub field: Option<&'static str>,
    pub refusal: Option<Refusal>,
    pub message: String,
}

impl World {
    /// `again` lets the server be asked the same once more.
    pub async fn new(network: &str, raw: &Raw, again: bool) -> Self {
        let (net, proxy) = Way::here();
        let server = Server::start(proxy).await;
        let mut relays = Vec::new();
        for _ in 0..raw.plain().relays.len() {
            relays.push(Relay::start().await);
        }
        let index = raw.plain().given.index;
        let mut names = vec![
            ("server".to_owned(), server.url.clone()),
            ("host".to_owned(), server.url.trim_start_matches("http://").to_owned()),
            ("key".to_owned(), format!("{PUBLICATION}-{index}")),
        ];
        names.extend(relays.iter().enumerate().map(|(i, relay)| (format!("relay{i}"), relay.url.clone())));
        let names: Vec<(&str, &str)> = names.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let fixture = raw.with(&names);
        server.play(fixture.exchanges.clone(), again);
        for (relay, lines) in relays.iter().zip(&fixture.relays) {
            relay.play(lines.clone());
        }
        let registry = registry(&server.url);
        Self { server, relays, fixture, registry, network: network.to_owned(), net }
    }

    pub fn network(&self) -> &dyn Network {
        self.registry.get(&self.network).unwrap()
    }

    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = self.server.complaints();
        complaints.extend(self.relays.iter().flat_map(Relay::complaints));
        complaints
    }

    pub async fn run(&self, notebook: &Notebook) -> Outcome {
        let given = &self.fixture.given;
        match self.fixture.action {
            Action::Publish | Action::Find | Action::Repost | Action::Comment => self.publish(notebook, false).await,
            Action::SignIn | Action::Refresh => self.form(given).await,
            Action::Discover | Action::Register | Action::Identify => self.oauth2(given).await,
            Action::Lookup => self.lookup(given).await,
            Action::Nickname => self.nickname(given).await,
            Action::Choices | Action::Probe | Action::Derive => self.choosing(given).await,
            Action::PostMetrics | Action::ChannelMetrics | Action::Delete | Action::Edit => {
                self.afterwards(given).await
            }
        }
    }

    /// What is done ahead of the due time.
    pub async fn run_ahead(&self, notebook: &Notebook) -> Outcome {
        self.publish(notebook, true).await
    }

    async fn oauth2(&self, given: &Given) -> Outcome {
        let ways = self.network().ways();
        let is_meant = |way: &&crier_networks::Way<'_>| given.way.as_deref().is_none_or(|id| id == way.id);
        let connects = ways.iter().filter(is_meant).map(|way| way.connect);
        let connect = { connects }.find(|connect| !matches!(connect, Connect::Form(_)));
        let oauth2 = match connect {
            Some(Connect::OAuth2(oauth2)) => oauth2,
            Some(Connect::OAuth1(oauth1)) => {
                let credentials = credentials(given);
                let signer = Signer::account(&credentials, DUE_AT.parse().unwrap()).unwrap();
                return told(oauth1.identify(&self.net, &signer).await, |it| json!(it));
            }
            Some(Connect::Dialog(dialog)) => {
                return told(dialog.identify(&self.net, &credentials(given)).await, |it| json!(it));
            }
            Some(Connect::Extension(extension)) => {
                return told(extension.identify(&self.net, &credentials(given)).await, |it| json!(it));
            }
            _ => panic!("{} is not connected by signing in", self.network),
        };
        let instance = given.instance.as_deref();
        match self.fixture.action {
            Action::Discover => told(oauth2.discover(&self.net, instance).await, |it| json!(it)),
            Action::Register => {
                let endpoints = serde_json::from_value(given.facts["endpoints"].clone()).unwrap();
                let client = oauth2.register(&self.net, &endpoints, &given.redirect_uri).await;
                told(client, |client| {
                    json!(client.as_ref().map(|client| json!({
                        "client_id": client.client_id,
                        "client_secret": client.client_secret.as_ref().map(Secret::expose),
                    })))
                })
            }
            _ => told(oauth2.identify(&self.net, instance, &credentials(given)).await, |it| json!(it)),
        }
    }

    async fn lookup(&self, given: &Given) -> Outcome {
        let network = self.network();
        let lookup = network.lookup().unwrap_or_else(|| panic!("{} has nothing to look up", self.network));
        let credentials = credentials(given);
        let access = self.access(given, &credentials);
        told(lookup.lookup(&access, &given.lookup.name, &given.lookup.query).await, |it| json!(it))
    }

    async fn nickname(&self, given: &Given) -> Outcome {
        let network = self.network();
        let nickname = network.nickname().unwrap_or_else(|| panic!("{} has no nicknames", self.network));
        let credentials = credentials(given);
        told(nickname.be_called(&self.access(given, &credentials), &given.text).await, |()| json!(null))
    }

    fn access<'a>(&'a self, given: &'a Given, credentials: &'a Credentials) -> Access<'a> {
        let instance = given.instance.as_deref();
        Access { net: &self.net, instance, credentials, now: DUE_AT.parse().unwrap() }
    }

    async fn choosing(&self, given: &Given) -> Outcome {
        let network = self.network();
        let choosing = network.choosing().unwrap_or_else(|| panic!("{} has nothing to choose", self.network));
        let credentials = credentials(given);
        let access = self.access(given, &credentials);
        match self.fixture.action {
            Action::Choices => told(choosing.choices(&access).await, |it| json!(it)),
            Action::Probe => {
                let identity = Identity {
                    remote_id: given.account.clone(),
                    name: String::new(),
                    handle: given.handle.clone(),
                    profile_url: None,
                    avatar_url: None,
                };
                told(choosing.probe(&access, &identity).await, |()| Value::Null)
            }
            _ => told(choosing.derive(&access, &given.account).await, |it| json!(it)),
        }
    }

    async fn afterwards(&self, given: &Given) -> Outcome {
        let (network, credentials) = (self.network(), credentials(given));
        let account = Account {
            net: &self.net,
            now: DUE_AT.parse().unwrap(),
            credentials: &credentials,
            instance: given.instance.as_deref(),
            id: &given.account,
            handle: &given.handle,
            facts: &given.facts,
        };
        let sent = given.sent.first();
        match self.fixture.action {
            Action::PostMetrics => {
                let metrics = network.post_metrics().unwrap();
                assert!(given.sent.len() <= metrics.at_once(), "{}: so many are not asked at once", self.network);
                let counts = metrics.posts(&account, &given.sent).await;
                let by_name = |counts: &Vec<Count>| -> serde_json::Map<String, Value> {
                    counts.iter().map(|count| (count.metric.to_string(), json!(count.value))).collect()
                };
                told(counts, |all| json!(all.iter().map(|one| one.as_ref().map(by_name)).collect::<Vec<_>>()))
            }
            Action::ChannelMetrics => {
                let (from, to) = (account.today().saturating_sub(29.days()), account.today());
                told(network.channel_metrics().unwrap().channel(&account, from, to).await, |it| json!(it))
            }
            Action::Delete => {
                told(network.delete().unwrap().delete(&account, sent.unwrap()).await, |()| json!("deleted"))
            }
            _ => told(network.edit().unwrap().edit(&account, sent.unwrap(), &self.item()).await, |it| json!(it)),
        }
    }

    async fn form(&self, given: &Given) -> Outcome {
        let ways = self.network().ways();
        let form = ways.iter().find_map(|way| match way.connect {
            Connect::Form(form) => Some(form),
            _ => None,
        });
        let form = form.unwrap_or_else(|| panic!("{} is not connected by a form", self.network));
        if self.fixture.action == Action::Refresh {
            let fresh = form.refresh(&self.net, given.instance.as_deref(), &credentials(given)).await;
            return told(fresh, |it| json!(it));
        }
        match form.sign_in(&self.net, &given.values).await {
            Ok(signed_in) => {
                let words = format!("{:?}", signed_in.credentials);
                let value = json!({
                    "instance": signed_in.instance,
                    "credentials": signed_in.credentials,
                    "identified": signed_in.identified,
                });
                Outcome { result: Ok(value), words }
            }
            Err(FormRefusal::Field { name, message, fix }) => {
                let words = format!("{message} {fix}");
                Outcome { result: Err(Told { field: Some(name), refusal: None, message }), words }
            }
            Err(FormRefusal::FieldRefused { name, refusal }) => refused(refusal, Some(name)),
            Err(FormRefusal::Refused(refusal)) => refused(refusal, None),
        }
    }

    async fn publish(&self, notebook: &Notebook, ahead: bool) -> Outcome {
        let (given, network) = (&self.fixture.given, self.network());
        let due_at: Timestamp = DUE_AT.parse().unwrap();
        let clock = At(due_at + SignedDuration::from_mins(given.late));
        let credentials = credentials(given);
        let cx = Cx {
            net: &self.net,
            clock: &clock,
            credentials: &credentials,
            instance: given.instance.as_deref(),
            account: &given.account,
            handle: &given.handle,
            facts: &given.facts,
            publication: PUBLICATION.parse::<PublicationId>().unwrap(),
            due_at,
            media: &Files,
            journal: notebook,
            part: given.index,
        };
        let item = self.item();
        if ahead {
            return told(network.publish().ahead(&cx, &item).await, |()| json!(null));
        }
        if self.fixture.action == Action::Find {
            let recent = network.recent().unwrap_or_else(|| panic!("{} has no way to find a post", self.network));
            return told(recent.find(&cx, &item).await, |it| json!(it));
        }
        match self.fixture.action {
            Action::Repost => {
                told(network.reposts().unwrap().repost(&cx, given.sent.first().unwrap()).await, |it| json!(it))
            }
            Action::Comment => told(network.comments().unwrap().comment(&cx, &item).await, |it| json!(it)),
            _ => told(network.publish().publish(&cx, &item).await, |it| json!(it)),
        }
    }

    pub fn item(&self) -> Item {
        let given = &self.fixture.given;
        let file = |media: &crate::fixture::Media| MediaItem {
            id: MediaId(uuid::Uuid::nil()),
            name: media.name.clone(),
            mime: media.mime.clone(),
            size: content(&media.name).len() as u64,
            width: 640,
            height: 480,
            alt: media.alt.clone(),
            sha256: hex::encode(Sha256::digest(content(&media.name))),
            url: media.url.clone(),
            duration_ms: 0,
            codecs: Vec::new(),
            frame_rate: None,
            convertible: false,
        };
        Item {
            index: given.index,
            body: match &given.html {
                Some(html) => text::html::read(html),
                None => Document::from_plain(&given.text),
            },
            media: given.media.iter().map(file).collect(),
            settings: given.settings.clone(),
            thread: given
                .thread
                .as_ref()
                .map(|thread| Thread { root: thread.root.clone(), parent: thread.parent.clone() }),
        }
    }

    /// How an outcome differs from the expected one.
    pub fn unexpected(&self, outcome: &Outcome) -> Option<String> {
        match (&self.fixture.expect, &outcome.result) {
            (crate::fixture::Expect::Ok(wanted), Ok(got)) => missing(wanted, got, ""),
            (crate::fixture::Expect::Refused(wanted), Err(told)) => told.unlike(wanted),
            (_, Ok(got)) => Some(format!("it was not refused: {got}")),
            (_, Err(told)) => Some(format!("it was refused: {:?} {}", told.refusal, told.message)),
        }
    }
}

impl Told {
    fn unlike(&self, wanted: &Refused) -> Option<String> {
        let detail = self.refusal.as_ref().map(Refusal::detail);
        let class = self.refusal.as_ref().map(class);
        let diagnosis = detail.and_then(|detail| detail.diagnosis).map(|code| code.as_str().to_owned());
        let pointer = detail.and_then(|detail| detail.pointer.as_deref()).map(str::to_owned);
        let until = matches!(&self.refusal, Some(Refusal::RateLimit { until: Some(_), .. }));
        let field = self.field.map(str::to_owned);
        let differs = |name: &str, wanted: &Option<String>, got: Option<&str>| {
            let same = wanted.as_deref() == got;
            (!same).then(|| format!("{name}: wanted {wanted:?}, got {got:?} ({})", self.message))
        };
        differs("class", &wanted.class, class)
            .or_else(|| differs("field", &wanted.field, field.as_deref()))
            .or_else(|| {
                wanted.diagnosis.as_ref().and_then(|_| differs("diagnosis", &wanted.diagnosis, diagnosis.as_deref()))
            })
            .or_else(|| differs("pointer", &wanted.pointer, pointer.as_deref()))
            .or_else(|| (wanted.until != until).then(|| format!("until: wanted {}, got {until}", wanted.until)))
            .or_else(|| {
                let says = wanted.says.as_deref()?;
                (!self.message.contains(says)).then(|| format!("says: wanted “{says}”, got “{}”", self.message))
            })
    }
}

pub fn class(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Auth(_) => "auth",
        Refusal::Content(_) => "content",
        Refusal::RateLimit { .. } => "rate_limit",
        Refusal::Temporary(_) => "temporary",
        Refusal::Unknown(_) => "unknown",
    }
}

fn told<T: std::fmt::Debug>(result: Result<T, Refusal>, value: impl FnOnce(&T) -> Value) -> Outcome {
    match result {
        Ok(it) => Outcome { result: Ok(value(&it)), words: format!("{it:?}") },
        Err(refusal) => refused(refusal, None),
    }
}

fn refused(refusal: Refusal, field: Option<&'static str>) -> Outcome {
    let diagnosis = serde_json::to_string(&refusal.diagnosis()).unwrap();
    let words = format!("{refusal} {refusal:?} {diagnosis} {}", serde_json::to_string(&refusal).unwrap());
    let message = refusal.detail().message.clone();
    Outcome { result: Err(Told { field, refusal: Some(refusal), message }), words }
}

/// The registry of a running server, with the Playground at `origin`.
pub fn registry(origin: &str) -> Registry {
    let url: url::Url = origin.parse().unwrap();
    let bluesky = Directory { plc: url.clone(), resolver: url.clone() };
    Registry::new(&registry::Settings { playground: Some(url), bluesky })
}

fn credentials(given: &Given) -> Credentials {
    if given.credentials.is_null() {
        return Credentials::default();
    }
    serde_json::from_value(given.credentials.clone()).unwrap()
}

#[derive(Debug)]
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

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
        let bytes = Bytes::from(content(&media.name)).slice(place(from)..place(to));
        Ok(stream::iter([Ok(bytes)]).boxed())
    }
}

fn content(name: &str) -> String {
    format!("the bytes of {name}")
}
