//! The year itself: what is scheduled, what goes wrong when, and what must hold at every moment.

use crate::{
    dice::Dice,
    people,
    world::{Keys, Limit, Net, Outage, World},
};
use crier_engine::{
    Preparer, Publisher,
    cap::Resumer,
    publish::{Rules, WITH_FILES},
    watch::Watch,
    work::{Done, Handler, HandlerError},
};
use crier_media::{Library, Storage};
use crier_model::{
    ChannelId, Clock, Document, PostId, PublicationId, Secret, Timestamp, UserId, WorkspaceId,
    channel::{ChannelState, Identity},
    post::{Content, Part, Timing, ValidPost},
    publication::PublicationState as State,
};
use crier_networks::Registry;
use crier_store::{
    StoreError,
    channels::{self, Connected},
    due::{self, Claimed},
    posts::{self, Save},
    publications, testing,
    testing::{TestClock, TestStore},
    users::{self, NewUser, Registration},
    workspaces,
};
use jiff::{SignedDuration, ToSpan, civil::Date, tz::TimeZone};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

const LEASE: SignedDuration = SignedDuration::from_secs(30);
const ZONE: &str = "Europe/Berlin";
/// How often the watch looks; people do so every sixth time.
const LOOKED_EVERY: SignedDuration = SignedDuration::from_hours(2);
/// Two who go by keys, two that can be looked at, one that must be asked about; the last two share nothing with the others.
const ACCOUNTS: [&str; 5] = ["key-one", "key-two", "look-one", "look-two", "ask-one"];

/// What happens at a time, by the true clock.
#[derive(Debug)]
enum Event {
    Revoke(&'static str),
    Reconnect(&'static str),
    Switch(&'static str, bool),
    Pause(bool),
    /// The installation stops, or starts again.
    Up(bool),
    /// Our clock is this far ahead from now on.
    Skew(SignedDuration),
    Move(usize, SignedDuration),
    Delete(usize),
    Look,
}

/// A post of the year.
pub struct Planned {
    pub id: PostId,
    pub publication: PublicationId,
    pub account: &'static str,
    pub texts: Vec<String>,
    deleted_at: Option<Timestamp>,
}

pub struct Year {
    seed: u64,
    dice: Dice,
    pub store: TestStore,
    clock: Arc<TestClock>,
    pub world: Arc<World>,
    rules: Rules,
    handlers: HashMap<&'static str, Arc<dyn Handler>>,
    watch: Watch,
    pub workspace: WorkspaceId,
    user: UserId,
    pub channels: HashMap<&'static str, ChannelId>,
    script: BTreeMap<(Timestamp, usize), Event>,
    pub planned: Vec<Planned>,
    end: Timestamp,
    up: bool,
    looks: u32,
    crashes: u32,
    /// How much of what the network has was looked at.
    checked: usize,
    _folder: TempDir,
}

fn begins() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

impl Year {
    pub async fn begin(seed: u64) -> Self {
        let clock = TestClock::at(begins());
        let store = testing::open_at(clock.clone()).await;
        let new = NewUser {
            email: "ada@example.org".into(),
            name: "Ada".into(),
            password_hash: Secret::new("x"),
            time_zone: ZONE.into(),
        };
        let (user, workspace) = users::sign_up(&store, new, "Ada's", Registration::Open).await.unwrap();
        let world = Arc::new(World::new(clock.clone(), seed));
        let mut channels = HashMap::new();
        for account in ACCOUNTS {
            channels.insert(account, connect(&store, workspace.id, account).await);
        }
        let folder = TempDir::new().unwrap();
        let accounts = channels.iter().map(|(account, id)| (*id, (*account).to_owned())).collect();
        // Half of the longest jitter, always: chance comes from the dice alone.
        let rules = Rules { daily_cap: 6, jitter: || 0.5, ..Rules::default() };
        let publisher = Publisher {
            store: store.clone(),
            net: crier_net::Client::new(crier_net::Config::default()).unwrap(),
            registry: Registry::of(vec![Box::new(Net(world.clone()))]),
            library: Library::new(store.clone(), Storage::folder(folder.path()).unwrap()),
            tokens: Arc::new(Keys { world: world.clone(), accounts }),
            clock: clock.clone(),
            rules,
            with_files: Arc::new(Semaphore::new(WITH_FILES)),
        };
        let preparer: Preparer = publisher.preparer();
        let resumer = Resumer { store: store.clone() };
        let all: [Arc<dyn Handler>; 3] = [Arc::new(publisher), Arc::new(preparer), Arc::new(resumer)];
        let mut year = Self {
            seed,
            dice: Dice::new(seed),
            watch: Watch { store: store.clone(), clock: clock.clone(), rules },
            clock,
            world,
            rules,
            handlers: all.into_iter().map(|handler| (handler.kind(), handler)).collect(),
            workspace: workspace.id,
            user: user.id,
            channels,
            script: BTreeMap::new(),
            planned: Vec::new(),
            end: begins() + SignedDuration::from_hours(24 * 365),
            up: true,
            looks: 0,
            crashes: 0,
            checked: 0,
            store,
            _folder: folder,
        };
        year.plan_posts().await;
        year.plan_events();
        year
    }

    /// A post in about three days on each channel at a local hour, some of them in the hours that the clocks skip or repeat; and days
    /// on which one channel has more than its cap.
    async fn plan_posts(&mut self) {
        let zone = TimeZone::get(ZONE).unwrap();
        for day in 0..365 {
            let date = Date::constant(2027, 1, 1) + day.days();
            for account in ACCOUNTS {
                let flood = account == "key-one" && day % 90 == 40;
                let count = if flood { 9 } else { i64::from(self.dice.permille(350)) };
                for n in 0..count {
                    let hour =
                        if self.dice.permille(300) { 2 } else { i8::try_from(self.dice.between(6, 23)).unwrap() };
                    let minute = i8::try_from(self.dice.between(0, 12) * 5).unwrap();
                    let second = i8::try_from(n * 5).unwrap();
                    let local = date.at(hour, minute, second, 0);
                    let due_at = zone.to_ambiguous_timestamp(local).compatible().unwrap();
                    if due_at > begins() {
                        self.plan_post(account, due_at).await;
                    }
                }
                if self.dice.permille(15) {
                    self.plan_burst(account, date.at(15, 0, 0, 0).to_zoned_datetime(zone.clone()).unwrap().timestamp())
                        .await;
                }
            }
        }
    }

    /// Several posts within seconds, written in another order than they are due in, some of them when the network wants no more.
    async fn plan_burst(&mut self, account: &'static str, from: Timestamp) {
        for n in (0..5).rev() {
            self.plan_post(account, from + SignedDuration::from_secs(n * 5)).await;
        }
        if self.dice.permille(500) {
            let to = from + SignedDuration::from_mins(self.dice.between(5, 100));
            let named = self.dice.permille(600);
            let limit = Limit { from, to, account: Some(account.to_owned()), named };
            self.world.state.lock().unwrap().limits.push(limit);
        }
    }

    async fn plan_post(&mut self, account: &'static str, due_at: Timestamp) {
        let number = self.planned.len();
        let parts = if !account.starts_with("ask") && self.dice.permille(150) { 2 } else { 1 };
        let texts: Vec<_> = (0..parts).map(|part| format!("post {number} part {part}")).collect();
        let mut content: Vec<_> =
            texts.iter().map(|text| Part { body: Document::from_plain(text), ..Part::default() }).collect();
        if parts == 2 && self.dice.permille(500) {
            content[1].delay_minutes = 30;
        }
        let post = ValidPost {
            content: Content { parts: content, ..Content::default() },
            channels: vec![self.channels[account]],
            timing: Timing::At(due_at),
            time_zone: ZONE.into(),
            repeat: None,
        };
        let save =
            Save { workspace: self.workspace, by: self.user, id: None, expected_version: None, idempotency_key: None };
        let id = posts::save(&self.store, save, &post).await.unwrap().id;
        let publication = publications::for_post(&self.store, self.workspace, id).await.unwrap()[0].id;
        self.planned.push(Planned { id, publication, account, texts, deleted_at: None });
    }

    fn plan_events(&mut self) {
        for _ in 0..12 {
            let (from, to) = self.stretch(5, 6 * 60);
            let silent = self.dice.permille(400);
            self.world.state.lock().unwrap().outages.push(Outage { from, to, silent });
        }
        for n in 0..14 {
            let (from, to) = self.stretch(20, 5 * 60);
            let account = (n % 2 == 0).then(|| ACCOUNTS[n % ACCOUNTS.len()].to_owned());
            let named = self.dice.permille(600);
            self.world.state.lock().unwrap().limits.push(Limit { from, to, account, named });
        }
        for n in 0..10 {
            let account = ACCOUNTS[n % ACCOUNTS.len()];
            let (from, to) = self.stretch(60, 40 * 60);
            self.at(from, Event::Revoke(account));
            self.at(to, Event::Reconnect(account));
            let account = ACCOUNTS[(n + 2) % ACCOUNTS.len()];
            let (from, to) = self.stretch(60, 10 * 60);
            self.at(from, Event::Switch(account, false));
            self.at(to, Event::Switch(account, true));
        }
        for _ in 0..4 {
            let (from, to) = self.stretch(30, 6 * 60);
            self.at(from, Event::Pause(true));
            self.at(to, Event::Pause(false));
            let (from, to) = self.stretch(5, 20 * 60);
            self.at(from, Event::Up(false));
            self.at(to, Event::Up(true));
        }
        for _ in 0..12 {
            let (from, to) = self.stretch(10, 40 * 60);
            let ahead = if self.dice.permille(500) { 1 } else { -1 };
            self.at(from, Event::Skew(SignedDuration::from_hours(ahead)));
            self.at(to, Event::Skew(SignedDuration::ZERO));
        }
        for number in 0..self.planned.len() {
            let at = begins() + SignedDuration::from_mins(self.dice.between(0, 365 * 24 * 60));
            if self.dice.permille(30) {
                self.at(at, Event::Delete(number));
            } else if self.dice.permille(50) {
                let by = SignedDuration::from_mins(self.dice.between(10, 3 * 24 * 60));
                self.at(at, Event::Move(number, by));
            }
        }
        let mut at = begins();
        while at < self.end + SignedDuration::from_hours(96) {
            self.at(at, Event::Look);
            at += LOOKED_EVERY;
        }
    }

    /// A stretch of so many minutes, somewhere in the year.
    fn stretch(&mut self, shortest: i64, longest: i64) -> (Timestamp, Timestamp) {
        let from = begins() + SignedDuration::from_mins(self.dice.between(60, 364 * 24 * 60));
        (from, from + SignedDuration::from_mins(self.dice.between(shortest, longest)))
    }

    fn at(&mut self, at: Timestamp, event: Event) {
        self.script.insert((at, self.script.len()), event);
    }

    pub async fn run(&mut self) {
        // A few days more, so that all comes to its end.
        let end = self.end + SignedDuration::from_hours(96);
        loop {
            let event = self.script.keys().next().map(|(at, _)| *at);
            let skew = *self.world.skew.lock().unwrap();
            let work = if self.up { due::next_due_at(&self.store).await.unwrap() } else { None };
            let work = work.map(|at| at - skew);
            let Some(next) = event.into_iter().chain(work).min().filter(|next| *next < end) else { return };
            let now = self.world.true_time();
            self.clock.set(next.max(now) + skew);
            if event.is_some_and(|event| event <= next.max(now)) {
                let (_, event) = self.script.pop_first().unwrap();
                self.happens(event).await;
            } else {
                self.work().await;
            }
        }
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Revoke(account) => {
                self.world.state.lock().unwrap().revoked.insert(account.to_owned());
            }
            Event::Reconnect(account) => {
                self.world.state.lock().unwrap().revoked.remove(account);
                connect(&self.store, self.workspace, account).await;
            }
            Event::Switch(account, on) => {
                let id = self.channels[account];
                let now = channels::by_id(&self.store, id).await.unwrap().state;
                let to = match (on, now) {
                    (true, ChannelState::Disabled) => ChannelState::Active,
                    (false, ChannelState::Active) => ChannelState::Disabled,
                    _ => return,
                };
                channels::set_state(&self.store, id, to, None).await.unwrap();
            }
            Event::Pause(paused) => {
                workspaces::set_paused(&self.store, self.workspace, paused).await.unwrap();
            }
            Event::Up(up) => self.up = up,
            Event::Skew(skew) => {
                let now = self.world.true_time();
                *self.world.skew.lock().unwrap() = skew;
                self.clock.set(now + skew);
            }
            Event::Move(number, by) => {
                let moved =
                    posts::move_to(&self.store, self.workspace, self.planned[number].id, self.clock.now() + by, None);
                ignoring_what_is_over(moved.await);
            }
            Event::Delete(number) => {
                let deleted = posts::delete(&self.store, self.workspace, self.planned[number].id).await;
                if ignoring_what_is_over(deleted) {
                    self.planned[number].deleted_at = Some(self.world.true_time());
                }
            }
            Event::Look if self.up => {
                self.watch.look().await.unwrap();
                self.looks += 1;
                if self.looks.is_multiple_of(6) {
                    people::look(self).await;
                }
                self.nothing_is_overdue().await;
            }
            Event::Look => {}
        }
    }

    /// Claims a few pieces of work and does them, one after the other; a crash takes all of them along.
    async fn work(&mut self) {
        let claimed = due::claim(&self.store, self.clock.now(), "simulated", 4, LEASE).await.unwrap();
        for work in claimed {
            let crashed = self.dice.permille(5) || !self.done(&work).await;
            self.what_is_new_is_right().await;
            if crashed {
                self.crashes += 1;
                self.clock.advance(LEASE + SignedDuration::from_secs(1));
                return;
            }
        }
    }

    /// Does one piece of work; false when the process died in the middle of it.
    async fn done(&self, work: &Claimed) -> bool {
        let Some(handler) = self.handlers.get(work.kind.as_str()) else {
            due::finish(&self.store, work.fence).await.unwrap();
            return true;
        };
        let done = tokio::select! {
            done = handler.handle(work) => done,
            () = self.world.crashed.notified() => return false,
        };
        match done {
            Ok(Done::Settled) | Err(HandlerError::Store(StoreError::Stale { .. })) => {}
            Ok(Done::Finished) => due::finish(&self.store, work.fence).await.unwrap(),
            Ok(Done::Again(at)) => due::release(&self.store, work.fence, at, None).await.unwrap(),
            Err(error) => panic!("seed {}: {} {}: {error}", self.seed, work.kind, work.subject),
        }
        true
    }

    /// Each new post of the network was its account's turn, was wanted, and is not there twice.
    async fn what_is_new_is_right(&mut self) {
        let new: Vec<_> = self.world.state.lock().unwrap().seen[self.checked..].to_vec();
        for seen in new {
            let number: usize = seen.text.split(' ').nth(1).unwrap().parse().unwrap();
            let planned = &self.planned[number];
            let publication = publications::by_id(&self.store, planned.publication).await.unwrap();
            let now = self.clock.now();
            let what = format!("seed {}, {now}: “{}” of {}: {publication:?}", self.seed, seen.text, seen.account);
            let already = self.world.state.lock().unwrap().seen[..self.checked].iter().any(|old| old.text == seen.text);
            assert!(!already, "it is there twice; {what}");
            assert!(planned.deleted_at.is_none_or(|at| seen.at <= at), "it was deleted; {what}");
            if seen.text.ends_with("part 0") {
                let due_at = publication.due_at.unwrap();
                // A clock set back meanwhile may show an earlier time than it was due at.
                let early = due_at.duration_since(now) > SignedDuration::from_hours(1);
                assert!(!early, "it is early; {what}");
                assert!(
                    now.duration_since(due_at) <= self.rules.longest() + SignedDuration::from_hours(1),
                    "it is late; {what}"
                );
                let waiting =
                    publications::on_channel(&self.store, publication.channel, State::Scheduled, 20).await.unwrap();
                let before = waiting
                    .iter()
                    .find(|other| other.due_at.unwrap() < due_at && other.tries == 0 && other.id != publication.id);
                assert!(before.is_none(), "it is before its turn: {before:?}; {what}");
            }
            self.checked += 1;
        }
    }

    async fn nothing_is_overdue(&self) {
        let slack = LOOKED_EVERY + SignedDuration::from_hours(1);
        let before = self.clock.now() - self.rules.longest() - slack;
        let overdue = publications::overdue(&self.store, before, 10).await.unwrap();
        assert!(overdue.is_empty(), "seed {}, {}: no end in time: {overdue:?}", self.seed, self.clock.now());
    }

    /// Every publication has come to an end, and the network has what is published, each part once. Tells what the year was like.
    pub async fn end(&self) -> String {
        let seen = self.world.state.lock().unwrap().seen.clone();
        let mut states: BTreeMap<String, u32> = BTreeMap::new();
        let texts: HashSet<_> = seen.iter().map(|seen| seen.text.as_str()).collect();
        assert_eq!(texts.len(), seen.len(), "seed {}: something is there twice", self.seed);
        for planned in &self.planned {
            let publication = publications::by_id(&self.store, planned.publication).await.unwrap();
            let what = format!("seed {}: {:?} of {}: {publication:?}", self.seed, planned.texts, planned.account);
            *states.entry(publication.state.to_string()).or_default() += 1;
            assert!(matches!(publication.state, State::Published | State::Cancelled), "it has no end; {what}");
            let there = planned.texts.iter().filter(|text| texts.contains(text.as_str())).count();
            let all = planned.texts.len();
            match publication.state {
                State::Published => assert_eq!(there, all, "it is published and not all there; {what}"),
                _ => assert!(there < all, "it is there and said not to be; {what}"),
            }
        }
        let state = self.world.state.lock().unwrap();
        format!(
            "{states:?}, {} calls, {} of them told to slow down, {} crashes",
            state.calls, state.limited, self.crashes
        )
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// True when it was done; what is sent or gone by now can't be.
fn ignoring_what_is_over<T>(done: Result<T, StoreError>) -> bool {
    match done {
        Ok(_) => true,
        Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn connect(store: &TestStore, workspace: WorkspaceId, account: &str) -> ChannelId {
    let connected = Connected {
        network: "playground".into(),
        way: "oauth2".into(),
        instance: Some("https://network.test".into()),
        identity: Identity {
            remote_id: account.into(),
            name: account.into(),
            handle: account.into(),
            profile_url: None,
            avatar_url: None,
        },
        app: None,
        grant: None,
        scopes: Vec::new(),
        credentials: Secret::new("{}"),
        token_expires_at: None,
        renews: false,
    };
    channels::upsert_connected(store, workspace, &connected, |_| Vec::new()).await.unwrap().channel.id
}
