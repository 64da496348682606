//! A running Playground, a person with browsers, and the handshake on a database of its own.

use crier_connect::{AttemptView, Callback, ConnectError, Deps, Handshake, Landing, Settings, Start, Started};
use crier_media::{Library, Storage};
use crier_model::{AttemptId, ChannelId, Code, UserId, WorkspaceId, attempt::AttemptState};
use crier_net::{Answer, Client, ProxyConfig, Resolve};
use crier_networks::{Network, Registry, connect::Client2, registry};
use crier_playground::{Config, Playground};
use crier_store::{
    Store,
    channels::{self, Channel},
    testing::{self, TestClock, TestStore, record},
    users::{self, NewUser, Registration},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use url::Url;

pub const PUBLIC_URL: &str = "http://127.0.0.1:9/";
pub const ALL: &[&str] = &["profile", "posts:write", "media:write", "posts:read", "metrics:read"];

pub struct World {
    pub origin: String,
    /// Seconds the network's clock is ahead.
    pub ahead: Arc<AtomicI64>,
    pub clock: Arc<TestClock>,
    pub store: TestStore,
    pub net: Client,
    pub handshake: Handshake,
    pub user: UserId,
    pub workspace: WorkspaceId,
    pub folder: TempDir,
    registry: Registry,
    settings: Settings,
    served: Served,
}

struct Served {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What comes back in the address.
pub type Query = BTreeMap<String, String>;

pub fn client() -> Client {
    let allow = ["127.0.0.0/8", "::1"].map(|it| it.parse().unwrap()).to_vec();
    Client::new(crier_net::Config { allow, proxy: ProxyConfig::None, ..crier_net::Config::default() }).unwrap()
}

/// A client that knows names by `resolver`, and may reach this machine under `host`.
pub fn client_with(resolver: Arc<dyn Resolve>, host: &str) -> Client {
    let config =
        crier_net::Config { allow: vec![host.parse().unwrap()], proxy: ProxyConfig::None, ..Default::default() };
    Client::with_resolver(config, resolver).unwrap()
}

pub fn settings() -> Settings {
    let mut settings = Settings::new(PUBLIC_URL.parse().unwrap());
    settings.pace.unsent = vec![Duration::from_millis(20); 3];
    settings.pace.lost = Duration::from_millis(50);
    settings.pace.identity = vec![Duration::from_millis(20); 2];
    settings.pace.landing = Duration::from_secs(15);
    settings
}

impl World {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose handshake is set up otherwise.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(change, playground_at).await
    }

    /// A world with these networks instead of the usual ones.
    pub async fn of(networks: Vec<Box<dyn Network>>, change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(change, |_| Registry::of(networks)).await
    }

    /// A world with networks that speak to the Playground in another way.
    pub async fn beside_playground(
        networks: impl FnOnce(&str) -> Vec<Box<dyn Network>>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::build(change, |origin| Registry::of(networks(origin))).await
    }

    async fn build(change: impl FnOnce(&mut Settings), registry: impl FnOnce(&str) -> Registry) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let folder = TempDir::new().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let served = serve(listener, &origin, folder.path().join("playground.json"), &ahead);
        let clock = TestClock::at(Timestamp::now());
        let store = testing::open_at(clock.clone()).await;
        let new = NewUser {
            email: "ada@crier.test".to_owned(),
            name: "Ada".to_owned(),
            password_hash: "x".into(),
            time_zone: "UTC".to_owned(),
        };
        let (user, workspace) = users::sign_up(&store, new, "Works", Registration::Open).await.unwrap();
        let mut settings = settings();
        change(&mut settings);
        let registry = registry(&origin);
        let handshake = node(&store, &clock, folder.path(), registry.clone(), settings.clone(), client());
        Self {
            origin,
            ahead,
            clock,
            store,
            net: client(),
            handshake,
            user: user.id,
            workspace: workspace.id,
            folder,
            registry,
            settings,
            served,
        }
    }

    /// Another node on the same database.
    pub async fn node(&self) -> Handshake {
        let store = Store::connect(self.store.config(), self.clock.clone()).await.unwrap();
        node(&store, &self.clock, self.folder.path(), self.registry.clone(), self.settings.clone(), client())
    }

    /// The same server with another way out.
    pub fn going_out_by(&self, net: Client) -> Handshake {
        self.at(&self.origin, settings(), net)
    }

    /// The same server with the network at another origin.
    pub fn at(&self, origin: &str, settings: Settings, net: Client) -> Handshake {
        node(&self.store, &self.clock, self.folder.path(), playground_at(origin), settings, net)
    }

    /// The same server with other networks.
    pub fn with_registry(&self, registry: Registry) -> Handshake {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let library = Library::new(store.clone(), Storage::folder(&self.folder.path().join("media")).unwrap());
        Handshake::new(Deps { store, net: client(), registry, library, clock, settings: settings() })
    }

    /// The same server with an app configured for the network.
    pub fn configured(&self, app: Client2) -> Handshake {
        let mut settings = settings();
        settings.apps.insert("playground".to_owned(), app);
        self.at(&self.origin, settings, client())
    }

    /// An app registered at the network by somebody.
    pub async fn register(&self, redirect_uri: &str) -> Client2 {
        let wish = json!({"client_name": "Ours", "redirect_uris": [redirect_uri], "scope": ALL.join(" ")});
        let answer = self.net.post(format!("{}/oauth/register", self.origin)).json(&wish).send().await.unwrap();
        let app: Value = answer.json().unwrap();
        let text = |name: &str| app[name].as_str().unwrap_or_else(|| panic!("{app}")).to_owned();
        Client2 { client_id: text("client_id"), client_secret: Some(text("client_secret").into()), bot_token: None }
    }

    /// A server on this database with other networks.
    pub fn node_of(&self, registry: Registry, settings: Settings, net: Client) -> Handshake {
        Handshake::new(Deps {
            store: self.store.clone(),
            net,
            registry,
            library: Library::new(self.store.clone(), Storage::folder(&self.folder.path().join("media")).unwrap()),
            clock: self.clock.clone(),
            settings,
        })
    }

    /// Ends the network.
    pub async fn stop(&mut self) {
        let (stop, _) = oneshot::channel();
        let ended = Served { stop, task: tokio::spawn(async {}) };
        let Served { stop, task } = std::mem::replace(&mut self.served, ended);
        stop.send(()).unwrap();
        // What is kept alive would hold the server.
        self.net = client();
        task.abort();
        drop(task.await);
    }

    /// Ends the network and starts it without memory, at the same address.
    pub async fn begin_anew(&mut self) {
        self.stop().await;
        let listener = TcpListener::bind(self.origin.strip_prefix("http://").unwrap()).await.unwrap();
        self.served = serve(listener, &self.origin, self.folder.path().join("anew.json"), &self.ahead);
    }

    pub async fn another_user(&self) -> (UserId, WorkspaceId) {
        let new = NewUser {
            email: "eve@crier.test".to_owned(),
            name: "Eve".to_owned(),
            password_hash: "x".into(),
            time_zone: "UTC".to_owned(),
        };
        let (user, workspace) = users::sign_up(&self.store, new, "Elsewhere", Registration::Open).await.unwrap();
        (user.id, workspace.id)
    }

    pub async fn leave(&self) -> Started {
        self.leave_for(None).await
    }

    pub async fn leave_for(&self, channel: Option<ChannelId>) -> Started {
        let started = self.handshake.start(self.wish(channel)).await.unwrap();
        assert_eq!(started.attempt.state, AttemptState::Away, "{:?}", started.attempt.diagnosis);
        started
    }

    pub fn wish(&self, channel: Option<ChannelId>) -> Start<'_> {
        Start {
            workspace: self.workspace,
            user: self.user,
            network: "playground",
            way: None,
            instance: None,
            channel,
            browser: None,
        }
    }

    /// Signs in at the network as `handle` and answers its consent page.
    pub async fn answer(&self, started: &Started, handle: &str, decision: &str, scopes: &[&str]) -> Query {
        let account = if handle == "ada" { "1" } else { "2" };
        let signed_in = self.post("/sign-in/demo", None, &[("account", account), ("return_to", "/")]).await;
        let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let page = self.net.get(started.authorize_url.as_ref().unwrap()).header("cookie", &cookie);
        let page = page.send().await.unwrap();
        assert_eq!(page.status(), 200, "{}", page.text());
        let ticket = between(&page.text(), "name=\"ticket\" value=\"", "\"");
        let mut form = vec![("ticket", ticket.as_str()), ("decision", decision)];
        form.extend(scopes.iter().map(|scope| ("scope", *scope)));
        let answer = self.post("/oauth/authorize", Some(&cookie), &form).await;
        let to: Url = answer.header("location").unwrap().parse().unwrap();
        let back = format!("http://127.0.0.1:9/integrations/social/{}?", started.attempt.network);
        assert!(to.as_str().starts_with(&back), "{to}");
        to.query_pairs().into_owned().collect()
    }

    pub async fn allow(&self, started: &Started) -> Query {
        self.answer(started, "ada", "allow", ALL).await
    }

    pub async fn post(&self, path: &str, cookie: Option<&str>, form: &[(&str, &str)]) -> Answer {
        let request = self.net.post(format!("{}{path}", self.origin)).no_redirects().header("origin", &self.origin);
        let request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        request.form(form).send().await.unwrap()
    }

    /// Comes back in the browser that left.
    pub async fn come_back(&self, started: &Started, query: &Query) -> Landing {
        self.handshake.callback(returning(query, Some(&started.browser_cookie), None)).await
    }

    /// Comes back and looks at where that led.
    pub async fn land(&self, started: &Started, query: &Query) -> AttemptView {
        let landing = self.come_back(started, query).await;
        assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
        self.view(started.attempt.id).await
    }

    pub async fn view(&self, id: AttemptId) -> AttemptView {
        let view = self.handshake.view(id, self.workspace, self.user).await.unwrap();
        view.diagnosis.iter().for_each(|diagnosis| record::raised(diagnosis.code));
        view
    }

    /// A connected channel of `handle`.
    pub async fn connect(&self, handle: &str) -> Channel {
        let started = self.leave().await;
        let query = self.answer(&started, handle, "allow", ALL).await;
        let view = self.land(&started, &query).await;
        assert_eq!(view.state, AttemptState::Connected, "{:?}", view.diagnosis);
        self.channel(view.channel_id.unwrap()).await
    }

    pub async fn channel(&self, id: ChannelId) -> Channel {
        channels::get(&self.store, self.workspace, id).await.unwrap()
    }

    pub async fn channels(&self) -> Vec<Channel> {
        let all = channels::list(&self.store, self.workspace).await.unwrap();
        all.into_iter().map(|summary| summary.channel).collect()
    }

    pub async fn fault(&self, fault: Value) {
        let answer = self.net.post(format!("{}/faults.json", self.origin)).json(&fault).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{fault}: {}", answer.text());
    }

    pub async fn mend(&self) {
        let answer = self.net.delete(format!("{}/faults.json", self.origin)).send().await.unwrap();
        assert!(answer.is_success());
    }

    /// How requests to an endpoint ended, in order.
    pub async fn outcomes(&self, endpoint: &str) -> Vec<String> {
        let answer = self.net.get(format!("{}/log.json?endpoint={endpoint}", self.origin)).send().await.unwrap();
        let log: Value = answer.json().unwrap();
        log["entries"].as_array().unwrap().iter().map(|e| e["outcome"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until requests to an endpoint have ended like this: what is given back is given back after the end.
    pub async fn comes_to(&self, endpoint: &str, expected: &[&str]) {
        for _ in 0..100 {
            if self.outcomes(endpoint).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.outcomes(endpoint).await, expected);
    }

    pub fn clock_in(&self, seconds: i64) -> Timestamp {
        self.store.now() + SignedDuration::from_secs(seconds)
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Sets a fault on the token endpoint, for the next request only.
    pub async fn next_token(&self, kind: &str, extra: Value) {
        let mut fault = json!({"kind": kind, "endpoints": ["token"], "times": 1});
        fault.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.fault(fault).await;
    }
}

fn serve(listener: TcpListener, origin: &str, data: PathBuf, ahead: &Arc<AtomicI64>) -> Served {
    let offset = Arc::clone(ahead);
    let mut config = Config::new(data, origin.parse().unwrap());
    config.clock = Arc::new(move || Timestamp::now() + SignedDuration::from_secs(offset.load(Ordering::SeqCst)));
    let playground = Playground::open(config).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let shutdown = async move { drop(stopped.await) };
        // It may find its folder gone at the end of a test.
        drop(playground.serve(listener, shutdown).await);
    });
    Served { stop, task }
}

/// The usual networks.
fn playground_at(origin: &str) -> Registry {
    let playground = Some(origin.parse().unwrap());
    Registry::new(&registry::Settings { playground, ..registry::Settings::default() })
}

fn node(
    store: &Store,
    clock: &Arc<TestClock>,
    folder: &std::path::Path,
    registry: Registry,
    settings: Settings,
    net: Client,
) -> Handshake {
    Handshake::new(Deps {
        store: store.clone(),
        net,
        registry,
        library: Library::new(store.clone(), Storage::folder(&folder.join("media")).unwrap()),
        clock: clock.clone(),
        settings,
    })
}

pub fn returning(query: &Query, browser: Option<&str>, signed_in: Option<UserId>) -> Callback {
    Callback { network: "playground".to_owned(), query: query.clone(), browser: browser.map(str::to_owned), signed_in }
}

pub fn between(page: &str, before: &str, after: &str) -> String {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split_once(after).unwrap().0.to_owned()
}

pub fn code(view: &AttemptView) -> Option<Code> {
    view.diagnosis.as_ref().map(|diagnosis| {
        record::raised(diagnosis.code);
        diagnosis.code
    })
}

/// How an attempt stands, in the words of the fault matrix: its state, with the code of the page that is shown.
pub fn stands(view: &AttemptView) -> String {
    match code(view) {
        Some(code) => format!("{}: {code}", view.state),
        None => view.state.to_string(),
    }
}

/// The code of a request that was refused.
pub fn refused<T: std::fmt::Debug>(result: Result<T, ConnectError>) -> Code {
    let code = result.unwrap_err().diagnosis().code;
    record::raised(code);
    code
}

/// The code of a landing without an attempt.
pub fn no_attempt(landing: &Landing) -> Code {
    match landing {
        Landing::NoAttempt(diagnosis) => {
            record::raised(diagnosis.code);
            diagnosis.code
        }
        Landing::Attempt { .. } | Landing::Guest { .. } => panic!("{landing:?}"),
    }
}
