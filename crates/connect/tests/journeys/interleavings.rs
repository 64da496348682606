//! Whatever people, browsers, networks and machines do in whatever order, these hold:
//!
//! - an account is attached at most once for an attempt, only to the workspace the attempt was started in, and only when the
//!   browser or the person that started it stood behind it;
//! - a code reaches the token endpoint once, unless its answer was lost or the node that sent it died;
//! - every attempt ends connected, with a diagnosis that has a next click, or expired, and keeps no token.

use crate::{
    provider::{Provider, Say},
    world::{client_with, settings},
};
use async_trait::async_trait;
use crier_connect::{Callback, Deps, Handshake, Landing, Start};
use crier_media::{Library, Storage};
use crier_model::{AttemptId, UserId, WorkspaceId, attempt::AttemptState as S};
use crier_net::{Client, Resolve};
use crier_networks::{Registry, connect::Tokens, registry};
use crier_store::{
    Store,
    attempts::{self, Attempt},
    channels,
    testing::{self, TestClock, TestStore, record},
    users::{self, NewUser, Registration},
};
use jiff::{SignedDuration, Timestamp};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinHandle};

const HOST: &str = "provider.example";
/// How many cases at most, and how many however long they take; between the two, no more are begun after this time.
const CASES: u32 = 60;
const AT_LEAST: u32 = 12;
const ENOUGH: Duration = Duration::from_secs(15);
/// Runs the same cases again: the number a failure names.
const SEED_VARIABLE: &str = "CRIER_TEST_SEED";

/// One thing that happens. Attempts, browsers, people and nodes are named by numbers that wrap around.
#[derive(Debug, Clone)]
enum Act {
    Leave { person: usize, reconnect: bool },
    Return { attempt: usize, browser: Browser, signed_in: Option<usize>, node: usize, how: How },
    Deny { attempt: usize },
    Confirm { attempt: usize, person: usize, guessed: bool },
    GoOn { attempt: usize, person: usize },
    Cancel { attempt: usize, person: usize },
    Pass { seconds: i64 },
    Sweep,
    Crash { node: usize },
    TokenAnswer(Say),
    Unsent(u32),
    ProfilesDown(u32),
}

#[derive(Debug, Clone, Copy)]
enum Browser {
    /// The one that left with this attempt.
    Own,
    /// The one that left with another.
    OfAnother(usize),
    /// One without a cookie.
    Bare,
}

#[derive(Debug, Clone, Copy)]
enum How {
    /// And waits for where it lands.
    Waits,
    /// And hangs up after so many milliseconds.
    HangsUp(u64),
    /// While other things happen.
    Meanwhile,
    /// So many times at once.
    Together(u8),
    /// With a code somebody made up.
    Forged,
}

fn act() -> impl Strategy<Value = Act> {
    let browser = prop_oneof![
        4 => Just(Browser::Own),
        1 => (0..4_usize).prop_map(Browser::OfAnother),
        2 => Just(Browser::Bare),
    ];
    let how = prop_oneof![
        4 => Just(How::Waits),
        2 => (0..20_u64).prop_map(How::HangsUp),
        2 => Just(How::Meanwhile),
        1 => (2..6_u8).prop_map(How::Together),
        1 => Just(How::Forged),
    ];
    let returning = (0..4_usize, browser, proptest::option::of(0..2_usize), 0..2_usize, how)
        .prop_map(|(attempt, browser, signed_in, node, how)| Act::Return { attempt, browser, signed_in, node, how });
    let say = prop_oneof![Just(Say::Stumble), Just(Say::Lose), Just(Say::Late(Duration::from_millis(40)))];
    prop_oneof![
        6 => (0..2_usize, any::<bool>()).prop_map(|(person, reconnect)| Act::Leave { person, reconnect }),
        14 => returning,
        1 => (0..4_usize).prop_map(|attempt| Act::Deny { attempt }),
        4 => (0..4_usize, 0..2_usize, prop::bool::weighted(0.3))
            .prop_map(|(attempt, person, guessed)| Act::Confirm { attempt, person, guessed }),
        2 => (0..4_usize, 0..2_usize).prop_map(|(attempt, person)| Act::GoOn { attempt, person }),
        1 => (0..4_usize, 0..2_usize).prop_map(|(attempt, person)| Act::Cancel { attempt, person }),
        1 => prop_oneof![Just(20), Just(100), Just(16 * 60), Just(31 * 60)].prop_map(|seconds| Act::Pass { seconds }),
        2 => Just(Act::Sweep),
        2 => (0..2_usize).prop_map(|node| Act::Crash { node }),
        2 => say.prop_map(Act::TokenAnswer),
        1 => (1..4_u32).prop_map(Act::Unsent),
        1 => (1..5_u32).prop_map(Act::ProfilesDown),
    ]
}

#[test]
#[allow(clippy::print_stderr, reason = "a failure names the seed it is found again with")]
fn no_interleaving_breaks_what_must_hold() {
    let seed = std::env::var(SEED_VARIABLE).ok().map_or_else(rand::random, |seed| seed.parse::<u64>().unwrap());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let ground = Ground::new();
    let outcome = runner.run(&vec(act(), 4..28), |acts| ground.play(&acts));
    let got = outcome.as_ref().map_or_else(ToString::to_string, |()| "holds".to_owned());
    eprintln!("{}", ground.tally());
    if outcome.is_err() {
        eprintln!("run it again with {SEED_VARIABLE}={seed}");
    }
    record::row("any interleaving of tabs, browsers, people, faults and crashes", "holds", got);
    ground.assert_that_enough_happened();
}

/// What all cases are played on: one database, one network, two nodes, two people. Each case has attempts and accounts of its own.
struct Ground {
    runtime: Runtime,
    store: TestStore,
    clock: Arc<TestClock>,
    provider: Provider,
    people: Vec<(UserId, WorkspaceId)>,
    /// Look-ups that are still to fail.
    unsent: Arc<AtomicU32>,
    nodes: Mutex<Vec<Option<Node>>>,
    folder: TempDir,
    began: Instant,
    case: AtomicU32,
    ends: Mutex<std::collections::BTreeMap<String, u32>>,
}

/// A node with a runtime of its own: what it was doing goes with it.
struct Node {
    runtime: Runtime,
    handshake: Handshake,
}

/// The name of the provider's host, which is not always to be had.
#[derive(Debug)]
struct Names(Arc<AtomicU32>);

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let fails = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if host != HOST || fails {
            return Err(io::Error::other("Name or service not known"));
        }
        Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }
}

struct Tab {
    id: AttemptId,
    state: String,
    cookie: String,
    person: usize,
    code: String,
    account: String,
    /// What a browser that came back was given.
    nonce: Option<String>,
    /// Whether whoever started it has stood behind what came back.
    stands: bool,
}

/// One case.
struct Play<'a> {
    ground: &'a Ground,
    case: u32,
    tabs: Vec<Tab>,
    flying: Vec<(usize, JoinHandle<Landing>)>,
    crashes: usize,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

impl Ground {
    fn new() -> Self {
        let runtime = runtime();
        let clock = TestClock::at(Timestamp::now());
        let (store, provider, people) = runtime.block_on(async {
            let store = testing::open_at(clock.clone()).await;
            let mut people = Vec::new();
            for name in ["ada", "eve"] {
                let new = NewUser {
                    email: format!("{name}@crier.test"),
                    name: name.to_owned(),
                    password_hash: "x".into(),
                    time_zone: "UTC".to_owned(),
                };
                let (user, workspace) = users::sign_up(&store, new, name, Registration::Open).await.unwrap();
                people.push((user.id, workspace.id));
            }
            (store, Provider::start(HOST).await, people)
        });
        Self {
            runtime,
            store,
            clock,
            provider,
            people,
            unsent: Arc::default(),
            nodes: Mutex::new(vec![None, None]),
            folder: TempDir::new().unwrap(),
            began: Instant::now(),
            case: AtomicU32::new(0),
            ends: Mutex::default(),
        }
    }

    fn net(&self) -> Client {
        client_with(Arc::new(Names(Arc::clone(&self.unsent))), HOST)
    }

    /// Does something on a node, which is started when it isn't there.
    fn on<T>(&self, node: usize, act: impl FnOnce(&Node) -> T) -> T {
        let mut nodes = self.nodes.lock().unwrap();
        let count = nodes.len();
        let node = nodes[node % count].get_or_insert_with(|| {
            let runtime = runtime();
            let (config, clock) = (self.store.config().clone(), self.clock.clone());
            let store = runtime.block_on(Store::connect(&config, clock)).unwrap();
            let mut settings = settings();
            settings.pace.unsent = vec![Duration::from_millis(5); 3];
            settings.pace.lost = Duration::from_millis(5);
            settings.pace.identity = vec![Duration::from_millis(5); 2];
            let playground = Some(self.provider.origin(HOST).parse().unwrap());
            let library = Library::new(store.clone(), Storage::folder(self.folder.path()).unwrap());
            let registry = Registry::new(&registry::Settings { playground, ..registry::Settings::default() });
            let net = self.net();
            let handshake = Handshake::new(Deps { store, net, registry, library, clock: self.clock.clone(), settings });
            Node { runtime, handshake }
        });
        act(node)
    }

    /// Waits for something that a node does.
    fn wait<F>(&self, node: usize, act: impl FnOnce(Handshake) -> F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let doing = self.on(node, |node| node.runtime.spawn(act(node.handshake.clone())));
        self.runtime.block_on(doing).unwrap()
    }

    fn play(&self, acts: &[Act]) -> Result<(), TestCaseError> {
        let case = self.case.load(Ordering::SeqCst);
        if case >= AT_LEAST && self.began.elapsed() > ENOUGH {
            return Ok(());
        }
        self.case.fetch_add(1, Ordering::SeqCst);
        *self.provider.books() = Default::default();
        self.unsent.store(0, Ordering::SeqCst);
        let mut play = Play { ground: self, case, tabs: Vec::new(), flying: Vec::new(), crashes: 0 };
        for act in acts {
            play.act(act)?;
        }
        play.settle()
    }

    fn tally(&self) -> String {
        format!("{} cases ended in {:?}", self.case.load(Ordering::SeqCst), self.ends.lock().unwrap())
    }

    /// Cases that all end alike would show nothing.
    fn assert_that_enough_happened(&self) {
        let ends = self.ends.lock().unwrap();
        for end in ["connected", "failed", "expired"] {
            assert!(ends.get(end).copied().unwrap_or_default() > 0, "nothing ended {end}: {ends:?}");
        }
    }
}

impl Play<'_> {
    fn at(&self, attempt: usize) -> Option<usize> {
        (!self.tabs.is_empty()).then(|| attempt % self.tabs.len())
    }

    fn act(&mut self, act: &Act) -> Result<(), TestCaseError> {
        let ground = self.ground;
        match *act {
            Act::Leave { person, reconnect } => self.leave(person, reconnect)?,
            Act::Return { attempt, browser, signed_in, node, how } => {
                if let Some(tab) = self.at(attempt) {
                    self.come_back(tab, browser, signed_in, node, how)?;
                }
            }
            Act::Deny { attempt } => {
                if let Some(tab) = self.at(attempt) {
                    let mut callback = self.callback(tab, Browser::Own, None);
                    callback.query.remove("code");
                    callback.query.insert("error".to_owned(), "access_denied".to_owned());
                    ground.wait(0, move |it| async move { it.callback(callback).await });
                }
            }
            Act::Confirm { attempt, person, guessed } => {
                let Some(tab) = self.at(attempt) else { return Ok(()) };
                let nonce = if guessed { None } else { self.tabs[tab].nonce.clone() };
                let right = nonce.is_some() && self.tabs[tab].person == person;
                let (id, (user, workspace)) = (self.tabs[tab].id, self.whom(tab, person));
                // Set first: an attempt may connect by it although the answer is an error.
                self.tabs[tab].stands |= right;
                let nonce = nonce.unwrap_or_else(|| "guessed".to_owned());
                let confirmed =
                    ground.wait(1, move |it| async move { it.confirm(id, workspace, user, &nonce).await.is_ok() });
                prop_assert!(right || !confirmed || self.tabs[tab].stands, "confirmed by a wrong nonce or person");
            }
            Act::GoOn { attempt, person } => {
                let Some(tab) = self.at(attempt) else { return Ok(()) };
                let (id, (user, workspace)) = (self.tabs[tab].id, self.whom(tab, person));
                // Refusing is as good as any other outcome.
                ground.wait(0, move |it| async move {
                    drop(it.proceed(id, workspace, user).await);
                });
            }
            Act::Cancel { attempt, person } => {
                let Some(tab) = self.at(attempt) else { return Ok(()) };
                let (id, (user, workspace)) = (self.tabs[tab].id, self.whom(tab, person));
                ground.wait(0, move |it| async move {
                    drop(it.cancel(id, workspace, user).await);
                });
            }
            Act::Pass { seconds } => {
                // Time does not jump while something is being done.
                self.land_all()?;
                self.rest()?;
                ground.clock.advance(SignedDuration::from_secs(seconds));
            }
            Act::Sweep => self.sweep(),
            Act::Crash { node } => {
                let crashed = ground.nodes.lock().unwrap()[node % 2].take();
                if let Some(node) = crashed {
                    self.crashes += 1;
                    drop(node.handshake);
                    node.runtime.shutdown_background();
                }
            }
            Act::TokenAnswer(ref say) => ground.provider.books().next.push_back(say.clone()),
            Act::Unsent(count) => ground.unsent.store(count, Ordering::SeqCst),
            Act::ProfilesDown(count) => ground.provider.books().profiles_down = count,
        }
        Ok(())
    }

    /// The person, in the workspace of the attempt: others have no business there, and say so.
    fn whom(&self, tab: usize, person: usize) -> (UserId, WorkspaceId) {
        (self.ground.people[person].0, self.ground.people[self.tabs[tab].person].1)
    }

    fn leave(&mut self, person: usize, reconnect: bool) -> Result<(), TestCaseError> {
        let ground = self.ground;
        let (user, workspace) = ground.people[person];
        let channel = reconnect.then(|| self.channel_of(person)).flatten();
        let started = ground.wait(0, move |it| async move {
            let start =
                Start { workspace, user, network: "playground", way: None, instance: None, channel, browser: None };
            it.start(start).await
        });
        let Ok(started) = started else { return Err(TestCaseError::fail(format!("starting: {started:?}"))) };
        let Some(url) = &started.authorize_url else {
            prop_assert!(started.attempt.diagnosis.is_some(), "neither an address nor a page");
            return Ok(());
        };
        let state = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
        let n = self.tabs.len();
        // Two accounts, so that attempts meet on one.
        let (code, account) = (format!("code-{}-{n}", self.case), format!("account-{}-{}", self.case, n % 2));
        ground.provider.books().codes.insert(code.clone(), account.clone());
        let (id, cookie) = (started.attempt.id, started.browser_cookie.clone());
        self.tabs.push(Tab { id, state, cookie, person, code, account, nonce: None, stands: false });
        Ok(())
    }

    /// A channel that this case has connected for a person.
    fn channel_of(&self, person: usize) -> Option<crier_model::ChannelId> {
        let ground = self.ground;
        let all = ground.runtime.block_on(channels::list(&ground.store, ground.people[person].1)).unwrap();
        let of_case = format!("account-{}-", self.case);
        all.into_iter().map(|it| it.channel).find(|it| it.remote_id.starts_with(&of_case)).map(|it| it.id)
    }

    fn callback(&self, tab: usize, browser: Browser, signed_in: Option<usize>) -> Callback {
        let own = &self.tabs[tab];
        let browser = match browser {
            Browser::Own => Some(own.cookie.clone()),
            Browser::OfAnother(other) => Some(self.tabs[other % self.tabs.len()].cookie.clone()),
            Browser::Bare => None,
        };
        Callback {
            network: "playground".to_owned(),
            query: [("state".to_owned(), own.state.clone()), ("code".to_owned(), own.code.clone())].into(),
            browser,
            signed_in: signed_in.map(|person| self.ground.people[person].0),
        }
    }

    fn come_back(
        &mut self,
        tab: usize,
        browser: Browser,
        signed_in: Option<usize>,
        node: usize,
        how: How,
    ) -> Result<(), TestCaseError> {
        let mut callback = self.callback(tab, browser, signed_in);
        let own = callback.browser.as_ref() == Some(&self.tabs[tab].cookie);
        if matches!(how, How::Forged) {
            callback.query.insert("code".to_owned(), format!("made-up-{}", self.case));
        } else {
            self.tabs[tab].stands |= own || signed_in == Some(self.tabs[tab].person);
        }
        let times = if let How::Together(times) = how { times } else { 1 };
        for _ in 0..times {
            let callback = callback.clone();
            let flight = self.ground.on(node, |node| {
                let handshake = node.handshake.clone();
                node.runtime.spawn(async move { handshake.callback(callback).await })
            });
            self.flying.push((tab, flight));
        }
        match how {
            How::Meanwhile => {}
            How::HangsUp(after) => {
                std::thread::sleep(Duration::from_millis(after));
                if let Some((_, flight)) = self.flying.pop() {
                    flight.abort();
                }
            }
            _ => self.land_all()?,
        }
        Ok(())
    }

    /// Waits for every browser that is on its way.
    fn land_all(&mut self) -> Result<(), TestCaseError> {
        for (tab, flight) in self.flying.drain(..) {
            let landed =
                self.ground.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), flight).await });
            match landed {
                Ok(Ok(Landing::Attempt { id, nonce })) => {
                    prop_assert_eq!(id, self.tabs[tab].id);
                    if nonce.is_some() {
                        self.tabs[tab].nonce = nonce;
                    }
                }
                Ok(Ok(guest @ Landing::Guest { .. })) => prop_assert!(false, "nobody opened an invite link: {guest:?}"),
                Ok(Ok(Landing::NoAttempt(diagnosis))) => prop_assert!(!diagnosis.next.label.is_empty()),
                // Its node has crashed.
                Ok(Err(_)) => {}
                Err(_) => return Err(TestCaseError::fail("a browser waits for ever")),
            }
        }
        Ok(())
    }

    fn attempts(&self) -> Vec<Attempt> {
        let ground = self.ground;
        let one = |tab: &Tab| ground.runtime.block_on(attempts::by_id(&ground.store, tab.id)).unwrap();
        self.tabs.iter().map(one).collect()
    }

    /// Waits until nobody is at work, which takes for ever where its node has crashed.
    fn rest(&self) -> Result<(), TestCaseError> {
        if self.crashes > 0 {
            return Ok(());
        }
        self.all_rest()
    }

    fn all_rest(&self) -> Result<(), TestCaseError> {
        let at_work = |it: &Attempt| {
            matches!(it.state, S::Returned | S::Exchanging) || (it.state == S::Identified && it.diagnosis.is_none())
        };
        for _ in 0..2_000 {
            if !self.attempts().iter().any(at_work) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(TestCaseError::fail(format!("at work for ever: {:?}", self.attempts())))
    }

    fn sweep(&self) {
        for tab in &self.tabs {
            let id = tab.id;
            self.ground.wait(1, move |it| async move { it.revisit(id).await }).unwrap();
        }
    }

    /// Everything works again, and time goes on until nothing is left to happen.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        self.land_all()?;
        {
            let mut books = self.ground.provider.books();
            books.next.clear();
            books.profiles_down = 0;
        }
        self.ground.unsent.store(0, Ordering::SeqCst);
        self.rest()?;
        // Long enough for what a crash has left behind, too short for what waits for people.
        self.ground.clock.advance(SignedDuration::from_secs(100));
        self.sweep();
        // One that was still at work on a node that lives is there first; the sweep leaves it alone.
        self.all_rest()?;
        for attempt in self.attempts() {
            let waits = match attempt.state {
                S::Started | S::Away => true,
                S::Identified | S::Confirming => {
                    attempt.diagnosis.as_ref().is_some_and(|diagnosis| !diagnosis.next.label.is_empty())
                }
                state => state.is_final(),
            };
            prop_assert!(waits, "stuck: {:?}", attempt);
        }
        self.ground.clock.advance(SignedDuration::from_mins(46));
        self.sweep();
        self.check()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let ground = self.ground;
        let mut attached = std::collections::BTreeSet::new();
        for (tab, attempt) in self.tabs.iter().zip(self.attempts()) {
            *ground.ends.lock().unwrap().entry(attempt.state.to_string()).or_default() += 1;
            prop_assert!(attempt.state.is_final(), "no end: {:?}", attempt);
            prop_assert!(attempt.parked.is_none(), "an ended attempt keeps what was parked: {:?}", attempt);
            let has_page = attempt.diagnosis.is_some() || matches!(attempt.state, S::Connected | S::Cancelled);
            prop_assert!(has_page, "an end without a page: {:?}", attempt);
            let history = ground.runtime.block_on(attempts::history(&ground.store, &[tab.id])).unwrap();
            let connects = history.iter().filter(|event| event.title.starts_with("Connected")).count();
            prop_assert_eq!(connects, usize::from(attempt.state == S::Connected), "attached once for an attempt");
            if attempt.state != S::Connected {
                continue;
            }
            prop_assert!(tab.stands, "attached although nobody stood behind it: {:?}", history);
            let channel = ground.runtime.block_on(channels::by_id(&ground.store, attempt.channel.unwrap())).unwrap();
            prop_assert_eq!(channel.workspace, ground.people[tab.person].1, "attached in another workspace");
            prop_assert_eq!(&channel.remote_id, &tab.account, "another account was attached");
            let id = channel.id;
            let tokens = ground.wait(0, move |it| async move { it.fresh(id, false).await }).unwrap();
            prop_assert_eq!(tokens.access_token.expose(), format!("token-of-{}", tab.account));
            attached.insert((channel.workspace, channel.remote_id));
        }
        for (_, workspace) in &ground.people {
            let of_case = format!("account-{}-", self.case);
            let all = ground.runtime.block_on(channels::list(&ground.store, *workspace)).unwrap();
            for channel in all.into_iter().map(|it| it.channel).filter(|it| it.remote_id.starts_with(&of_case)) {
                prop_assert!(attached.contains(&(channel.workspace, channel.remote_id)), "a channel of no attempt");
            }
        }
        let books = ground.provider.books();
        for tab in &self.tabs {
            let count = |codes: &[String]| codes.iter().filter(|code| **code == tab.code).count();
            let (asked, excused) = (count(&books.asked), count(&books.stumbled) + self.crashes);
            prop_assert!(asked <= 1 + excused, "{} was sent {} times, {} of them excused", tab.code, asked, excused);
        }
        Ok(())
    }
}
