//! What networks have asked of us: until when nothing is to be sent for a channel, an app or a server.
//!
//! These are rows, so that one "slow down" is heeded by every node and after every start. A scope that refused several
//! channels in a row lets through one try at a time once its pause is over, until one succeeds.

use crate::{
    Store, Tx,
    channels::Channel,
    column::{ms, time},
    connection::marks,
    error::{Result, StoreError},
    together::{self, Queue, Together},
};
use async_trait::async_trait;
use crier_model::{AppId, ChannelId};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What a network counts together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    Channel(ChannelId),
    App(AppId),
    /// A server, for channels that speak to it without an app.
    Server {
        network: String,
        instance: String,
    },
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(id) => write!(f, "channel {id}"),
            Self::App(id) => write!(f, "app {id}"),
            Self::Server { network, instance } => write!(f, "server {network} {instance}"),
        }
    }
}

impl Scope {
    /// What a channel shares with others: its app, or the server it speaks to. None where nothing is known to be shared.
    #[must_use]
    pub fn shared(channel: &Channel) -> Option<Self> {
        let server = |instance: &String| Self::Server { network: channel.network.clone(), instance: instance.clone() };
        channel.app.map(Self::App).or_else(|| channel.instance.as_ref().map(server))
    }
}

/// Whether a call may be made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing speaks against it.
    Free,
    /// It was refused before: whoever makes the call says how it ended, with [`forgive`] or [`strike`].
    Probe,
    /// Not before this time.
    Wait { until: Timestamp, said: String },
}

/// A refusal, as one scope is to remember it.
#[derive(Debug, Clone)]
pub struct Strike<'a> {
    pub scope: &'a Scope,
    /// The channel on whose behalf was asked.
    pub by: ChannelId,
    /// The network's words.
    pub said: &'a str,
    /// Counts only refusals that follow upon another channel's.
    pub of_others: bool,
}

/// Strikes older than this are forgotten.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// Whether a call may be made now, by what is [`known`] of a channel's own scope and perhaps of one it shares with others.
///
/// Where the shared one has refused `several` in a row and its pause is over, the first to ask makes a try, and the others wait
/// `probe` for how it ends. On one channel there is one at a time anyway.
pub async fn enter(
    store: &Store,
    known: &Known,
    shared: Option<&Scope>,
    several: u32,
    probe: SignedDuration,
) -> Result<Entry> {
    let now = store.now();
    let Known(rows) = known;
    if let Some(latest) = rows.iter().filter(|row| row.not_before > now).max_by_key(|row| row.not_before) {
        return Ok(Entry::Wait { until: latest.not_before, said: latest.said.clone() });
    }
    let key = shared.map(ToString::to_string);
    let struck = rows.iter().find(|row| Some(&row.scope) == key.as_ref() && row.strikes >= i64::from(several));
    // Boxed, for hundreds ask at once and few of them get here.
    if let Some(row) = struck
        && !Box::pin(keep_off(store, row, now + probe)).await?
    {
        // Another was faster, or it has just ended well.
        return Ok(Entry::Wait { until: now + SignedDuration::from_secs(1), said: row.said.clone() });
    }
    let is_probe = rows.iter().any(|row| row.strikes > 0);
    Ok(if is_probe { Entry::Probe } else { Entry::Free })
}

/// Makes the others wait until then; false when the row is not any more as it was read.
async fn keep_off(store: &Store, row: &Row, until: Timestamp) -> Result<bool> {
    let tx = store.begin().await?;
    let sql = "UPDATE pace SET not_before = $3 WHERE scope = $1 AND not_before = $2";
    let values = [row.scope.as_str().into(), ms(row.not_before).into(), ms(until).into()];
    let kept_off = tx.execute(sql, values).await? > 0;
    tx.commit().await?;
    Ok(kept_off)
}

/// Until when the app or the server that a channel shares with others is to be left alone; none when it may be called.
pub async fn shared_rest(store: &Store, channel: &Channel) -> Result<Option<Timestamp>> {
    let Some(scope) = Scope::shared(channel) else { return Ok(None) };
    let now = store.now();
    Ok(known(store, &[&scope]).await?.0.iter().map(|row| row.not_before).filter(|until| *until > now).max())
}

/// Counts a refusal and pauses the scope as long as `pause` says for that many in a row; until when it is paused by now.
pub async fn strike(
    store: &Store,
    strike: Strike<'_>,
    pause: impl Fn(u32) -> Option<Timestamp>,
) -> Result<Option<Timestamp>> {
    let tx = store.begin().await?;
    let now = tx.now();
    let key = strike.scope.to_string();
    // Whoever inserts has locked the row by it, and whoever finds it locks it by the update.
    let sql = "INSERT INTO pace (scope, not_before, strikes, struck_by, said, updated_at) VALUES ($1, $2, 1, $3, $4, $2) \
               ON CONFLICT (scope) DO UPDATE SET said = excluded.said, updated_at = excluded.updated_at, \
               strikes = CASE WHEN pace.updated_at < $5 THEN 1 \
                              WHEN $6 AND pace.struck_by = excluded.struck_by AND pace.strikes > 0 THEN pace.strikes \
                              ELSE pace.strikes + 1 END, \
               struck_by = excluded.struck_by RETURNING strikes, not_before";
    let values: [Value; 6] = [
        key.as_str().into(),
        ms(now).into(),
        strike.by.0.into(),
        strike.said.into(),
        ms(now - REMEMBERED).into(),
        strike.of_others.into(),
    ];
    let row = tx.query_one(sql, values).await?.ok_or(StoreError::Damaged { what: "pace" })?;
    let strikes = u32::try_from(row.try_get::<i64>("", "strikes")?).unwrap_or(u32::MAX);
    let until = pause(strikes);
    // What was paused for a probe is paused no longer than this refusal says.
    let not_before = until.unwrap_or(now);
    tx.execute("UPDATE pace SET not_before = $2 WHERE scope = $1", [key.into(), ms(not_before).into()]).await?;
    tx.commit().await?;
    Ok(until)
}

/// Pauses a scope that has refused nothing: a success said that its window is used up.
pub async fn rest(store: &Store, scope: &Scope, by: ChannelId, until: Timestamp, said: &str) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "INSERT INTO pace (scope, not_before, strikes, struck_by, said, updated_at) VALUES ($1, $2, 0, $3, $4, $5) \
               ON CONFLICT (scope) DO UPDATE SET not_before = excluded.not_before, strikes = 0, said = excluded.said, \
               updated_at = excluded.updated_at";
    let values: [Value; 5] =
        [scope.to_string().into(), ms(until).into(), by.0.into(), said.into(), ms(tx.now()).into()];
    tx.execute(sql, values).await?;
    tx.commit().await
}

/// A call was answered well: nothing is held against these scopes any more.
pub async fn forgive(store: &Store, scopes: &[&Scope]) -> Result<()> {
    let tx = store.begin().await?;
    for scope in scopes {
        forgive_in(&tx, scope).await?;
    }
    tx.commit().await
}

/// As [`forgive`], in the caller's transaction.
pub(crate) async fn forgive_in(tx: &Tx, scope: &Scope) -> Result<()> {
    tx.execute("DELETE FROM pace WHERE scope = $1", [scope.to_string().into()]).await.map(drop)
}

/// Forgets what is long over; returns how many rows.
pub async fn forget_before(store: &Store, before: Timestamp) -> Result<u64> {
    let tx = store.begin().await?;
    let sql = "DELETE FROM pace WHERE not_before < $1 AND updated_at < $1";
    let gone = tx.execute(sql, [ms(before).into()]).await?;
    tx.commit().await?;
    Ok(gone)
}

/// What is held against some scopes at a moment.
#[derive(Debug, Clone, Default)]
pub struct Known(Vec<Row>);

#[derive(Debug, Clone)]
struct Row {
    scope: String,
    not_before: Timestamp,
    strikes: i64,
    said: String,
}

/// What is held against these scopes.
pub async fn known(store: &Store, scopes: &[&Scope]) -> Result<Known> {
    together::ask(store, Of::scopes(scopes)).await
}

/// Asks what is held against scopes.
#[derive(Debug)]
pub(crate) struct Of(Vec<String>);

impl Of {
    pub fn scopes(scopes: &[&Scope]) -> Self {
        Self(scopes.iter().map(ToString::to_string).collect())
    }

    pub async fn all(store: &Store, all: &[&Self]) -> Result<Vec<Known>> {
        let scopes: BTreeSet<&str> = all.iter().flat_map(|Of(scopes)| scopes.iter().map(String::as_str)).collect();
        let (marks, values) = marks(scopes.into_iter());
        let sql = format!("SELECT scope, not_before, strikes, said FROM pace WHERE scope IN ({marks})");
        let mut found = BTreeMap::new();
        for row in store.reader().query_all_raw(store.statement(&sql, values)).await? {
            let row = Row {
                scope: row.try_get("", "scope")?,
                not_before: time(row.try_get("", "not_before")?)?,
                strikes: row.try_get("", "strikes")?,
                said: row.try_get("", "said")?,
            };
            found.insert(row.scope.clone(), row);
        }
        let known = |Of(scopes): &&Self| Known(scopes.iter().filter_map(|scope| found.get(scope)).cloned().collect());
        Ok(all.iter().map(known).collect())
    }
}

#[async_trait]
impl Together for Of {
    type Done = Known;

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().paces
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Known>>> {
        let all: Vec<&Self> = all.iter().collect();
        Ok(Self::all(store, &all).await?.into_iter().map(Ok).collect())
    }
}
