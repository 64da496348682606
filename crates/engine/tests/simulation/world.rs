//! The network: it takes posts, and fails as the script and the dice say. It goes by the true time.

use crate::dice::Dice;
use async_trait::async_trait;
use crier_model::{ChannelId, Clock, Secret, Timestamp, rules::Rules};
use crier_networks::{
    Connect, Credentials, Cx, Detail, Item, Network, Refusal, Sent,
    about::About,
    connect::{Facts, Tokens},
    playground::Playground,
    publish::{Once, Publish, Recent},
};
use crier_store::testing::TestClock;
use jiff::SignedDuration;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};
use tokio::sync::Notify;

/// How long the network knows an idempotency key.
const KEYS_KNOWN: SignedDuration = SignedDuration::from_hours(1);
/// How long a new post takes to be listed.
const LISTED_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// A post as the network has it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub account: String,
    pub text: String,
    /// By the true time.
    pub at: Timestamp,
}

pub struct Outage {
    pub from: Timestamp,
    pub to: Timestamp,
    /// Whether the answer is lost instead of refused.
    pub silent: bool,
}

pub struct Limit {
    pub from: Timestamp,
    pub to: Timestamp,
    /// None limits all accounts.
    pub account: Option<String>,
    /// Whether the network says until when.
    pub named: bool,
}

pub struct State {
    pub seen: Vec<Seen>,
    keys: HashMap<String, (usize, Timestamp)>,
    pub outages: Vec<Outage>,
    pub limits: Vec<Limit>,
    pub revoked: HashSet<String>,
    pub calls: u32,
    pub limited: u32,
    dice: Dice,
}

pub struct World {
    inner: Playground,
    /// The installation's clock, which may be wrong.
    clock: Arc<TestClock>,
    /// How far that is ahead of the true time.
    pub skew: Mutex<SignedDuration>,
    pub state: Mutex<State>,
    /// The process dies in the middle of a call.
    pub crashed: Notify,
}

impl World {
    pub fn new(clock: Arc<TestClock>, seed: u64) -> Self {
        let state = State {
            seen: Vec::new(),
            keys: HashMap::new(),
            outages: Vec::new(),
            limits: Vec::new(),
            revoked: HashSet::new(),
            calls: 0,
            limited: 0,
            dice: Dice::new(seed ^ 0xa5a5),
        };
        Self {
            inner: Playground::new(&"http://127.0.0.1:9".parse().unwrap()),
            clock,
            skew: Mutex::default(),
            state: Mutex::new(state),
            crashed: Notify::new(),
        }
    }

    pub fn true_time(&self) -> Timestamp {
        self.clock.now() - *self.skew.lock().unwrap()
    }

    fn chance(&self, permille: i64) -> bool {
        self.state.lock().unwrap().dice.permille(permille)
    }

    async fn die(&self) {
        self.crashed.notify_one();
        std::future::pending::<()>().await;
    }

    /// What keeps the account from being served now.
    fn obstacle(&self, account: &str) -> Result<(), Refusal> {
        let now = self.true_time();
        let mut state = self.state.lock().unwrap();
        let detail = |said: &str| Detail { host: Some("network.test".to_owned()), ..Detail::new(said) };
        if let Some(outage) = state.outages.iter().find(|outage| outage.from <= now && now < outage.to) {
            let class = if outage.silent { Refusal::Unknown } else { Refusal::Temporary };
            return Err(class(detail("the network is down")));
        }
        if state.revoked.contains(account) {
            return Err(Refusal::Auth(detail("the token was revoked")));
        }
        let applies = |limit: &&Limit| {
            limit.from <= now && now < limit.to && limit.account.as_deref().is_none_or(|limited| limited == account)
        };
        let Some(limit) = state.limits.iter().find(applies) else { return Ok(()) };
        // Told as seconds from now, whatever our clock shows.
        let until = limit.named.then(|| self.clock.now() + limit.to.duration_since(now));
        state.limited += 1;
        Err(Refusal::RateLimit { until, detail: detail("slow down") })
    }

    fn accept(&self, cx: &Cx<'_>, text: &str, keyed: bool) -> usize {
        let now = self.true_time();
        let mut state = self.state.lock().unwrap();
        let key = cx.key();
        if let Some((index, at)) = state.keys.get(&key).filter(|_| keyed)
            && now.duration_since(*at) < KEYS_KNOWN
        {
            return *index;
        }
        state.seen.push(Seen { account: cx.account.to_owned(), text: text.to_owned(), at: now });
        let index = state.seen.len() - 1;
        state.keys.insert(key, (index, now));
        index
    }
}

/// The network as the registry has it.
pub struct Net(pub Arc<World>);

impl Network for Net {
    fn about(&self) -> &'static About {
        self.0.inner.about()
    }
    fn connect(&self) -> Connect<'_> {
        self.0.inner.connect()
    }
    fn rules(&self, facts: &Facts) -> Rules {
        self.0.inner.rules(facts)
    }
    fn settings_schema(&self) -> Value {
        self.0.inner.settings_schema()
    }
    fn publish(&self) -> &dyn Publish {
        self
    }
    fn recent(&self) -> Option<&dyn Recent> {
        Some(self)
    }
}

fn sent(index: usize) -> Sent {
    Sent { remote_id: index.to_string(), url: None, data: Value::Null }
}

#[async_trait]
impl Publish for Net {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let once = match cx.account.split('-').next() {
            Some("key") => Once::Key(cx.key()),
            Some("look") => Once::Look,
            _ => Once::Ask,
        };
        let keyed = matches!(once, Once::Key(_));
        let text = item.body.to_plain();
        let create = || async {
            self.0.state.lock().unwrap().calls += 1;
            if self.0.chance(8) {
                self.0.die().await;
            }
            self.0.obstacle(cx.account)?;
            let index = self.0.accept(cx, &text, keyed);
            if self.0.chance(8) {
                self.0.die().await;
            }
            if self.0.chance(20) {
                let detail = Detail { host: Some("network.test".to_owned()), ..Detail::new("connection reset") };
                return Err(Refusal::Unknown(detail));
            }
            Ok(index)
        };
        Ok(sent(cx.step::<usize, _, _>("create post", once, create).await?))
    }
}

#[async_trait]
impl Recent for Net {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        self.0.obstacle(cx.account).map_err(Refusal::harmless)?;
        let (now, text) = (self.0.true_time(), item.body.to_plain());
        let state = self.0.state.lock().unwrap();
        let found = state.seen.iter().position(|seen| {
            seen.account == cx.account && seen.text == text && seen.at >= cx.due_at && seen.at + LISTED_AFTER <= now
        });
        Ok(found.map(sent))
    }
}

/// Tokens that are good until the network revokes them; renewing is of no use then.
pub struct Keys {
    pub world: Arc<World>,
    pub accounts: HashMap<ChannelId, String>,
}

#[async_trait]
impl Tokens for Keys {
    async fn fresh(&self, channel: ChannelId, refused: bool) -> Result<Credentials, Refusal> {
        if refused && self.world.state.lock().unwrap().revoked.contains(&self.accounts[&channel]) {
            return Err(Refusal::Auth(Detail::new("the grant was revoked")));
        }
        Ok(Credentials { access_token: Secret::new("token"), ..Credentials::default() })
    }
}
