//! Due work: everything timed is a row here, written in the same transaction as what it is about.
//!
//! A worker claims rows whose time has come, under a lease and with a fencing number that is higher than any given before. A
//! lease that lapses makes the row claimable again; whoever held it finds its fence refused. Rows with a lane (a channel) run
//! one at a time, in order of due time: of a lane only one row is ever ready, which the schema enforces, so that a claim reads
//! the ready rows in order from one index however many wait behind them.

use crate::{
    Store, Tx,
    column::{from_json, json, maybe_time, ms, time},
    connection::{Lock, marks, rows_of},
    entity::due_work,
    error::{Result, StoreError},
};
use crier_model::{ChannelId, WorkId, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, EntityTrait, FromQueryResult, Value,
    sea_query::{Expr, OnConflict},
};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// The kinds of due work, and what their `subject` is. A worker must finish kinds it does not know.
pub mod kind {
    /// Send a publication (subject: publication id; lane: its channel).
    pub const PUBLISH: &str = "publish";
    /// Make a publication ready ahead of time (subject: publication id; no lane). See [`super::PREPARE_AHEAD`]. One with videos is
    /// taken up as soon as it is scheduled, and again at that time.
    pub const PREPARE: &str = "prepare";
    /// Write the occurrences of a series that have come near (subject: series id).
    pub const REPEAT: &str = "repeat";
    /// Write the next post of an evergreen queue (subject: queue id).
    pub const EVERGREEN: &str = "evergreen";
    /// Refresh a channel's tokens (subject: channel id).
    pub const REFRESH: &str = "refresh";
    /// Fetch a channel's picture (subject: channel id).
    pub const AVATAR: &str = "avatar";
    /// Let an attempt lapse (subject: attempt id).
    pub const ATTEMPT: &str = "attempt";
    /// Warn of a sign-in that ends on a known day (subject: channel id).
    pub const EXPIRY: &str = "expiry";
    /// Hand a notice to the ways people want it by (subject: notice id).
    pub const NOTICE: &str = "notice";
    /// Send a notice to one person (subject: notice id, `:`, user id).
    pub const MAIL: &str = "mail";
    /// Call a webhook (subject: delivery id).
    pub const WEBHOOK: &str = "webhook";
    /// Listen to a bot for an attempt that waits for its code (subject: attempt id; lane: the bot's app).
    pub const LISTEN: &str = "listen";
    /// Let a channel's publications go on that its daily cap held (subject: channel id).
    pub const RESUME: &str = "resume";
    /// Do what a person wants of a publication that is out (subject: publication id; lane: its channel).
    pub const WISH: &str = "wish";
    /// Ask a channel's network for the numbers of the channel and its posts (subject: channel id).
    pub const NUMBERS: &str = "numbers";
    /// Look whether a published post has the likes that its channel's plugs wait for (subject: publication id).
    pub const LIKES: &str = "likes";
    /// Do what follows a published post: repost it, comment on it (subject: plug id; lane: the channel that does it).
    pub const PLUG: &str = "plug";
    /// Look for publications that came to no end in their time (subject: `publications`).
    pub const WATCH: &str = "watch";
}

/// How long before a publication is due it is prepared. Nothing is prepared for one that is due sooner.
pub const PREPARE_AHEAD: SignedDuration = SignedDuration::from_mins(15);

/// Something to be done at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWork {
    pub workspace: Option<WorkspaceId>,
    /// See [`kind`]. There is one row for a kind and subject.
    pub kind: String,
    pub subject: String,
    /// Rows of a lane run one at a time, in due order. The lane of a kind and subject never changes.
    pub lane: Option<ChannelId>,
    pub due_at: Timestamp,
    pub payload: Json,
}

impl NewWork {
    #[allow(clippy::needless_pass_by_value, reason = "what is passed is an id or a borrowed word")]
    pub fn new(workspace: WorkspaceId, kind: &str, subject: impl ToString, due_at: Timestamp) -> Self {
        let (kind, subject) = (kind.to_owned(), subject.to_string());
        Self { workspace: Some(workspace), kind, subject, lane: None, due_at, payload: Json::Null }
    }

    #[must_use]
    pub fn in_lane(mut self, lane: ChannelId) -> Self {
        self.lane = Some(lane);
        self
    }

    /// Into a lane that is no channel's: work about one thing that only one at a time may do.
    #[must_use]
    pub fn in_lane_of(self, lane: Uuid) -> Self {
        self.in_lane(ChannelId(lane))
    }

    #[must_use]
    pub fn with(mut self, payload: Json) -> Self {
        self.payload = payload;
        self
    }
}

/// Proof of having claimed a row; refused once somebody else has claimed it, or it was changed or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fence {
    pub work: WorkId,
    /// Higher than that of any claim before it.
    pub number: i64,
    pub(crate) lane: Option<Uuid>,
}

/// A row a worker holds until `lease_until`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub fence: Fence,
    pub workspace: Option<WorkspaceId>,
    pub kind: String,
    pub subject: String,
    pub due_at: Timestamp,
    pub lease_until: Timestamp,
    /// How often it was claimed since it was written, this time included.
    pub tries: i64,
    pub payload: Json,
}

/// Adds work, or moves it: an existing row of the same kind and subject takes the new time and payload, its tries start anew,
/// and whoever holds a lease on it loses it.
pub async fn upsert(store: &Store, work: &[NewWork]) -> Result<()> {
    let mut tx = store.begin().await?;
    upsert_in(&mut tx, work).await?;
    tx.commit().await
}

/// As [`upsert`], in the caller's transaction.
pub async fn upsert_in(tx: &mut Tx, work: &[NewWork]) -> Result<()> {
    if work.is_empty() {
        return Ok(());
    }
    let lanes: BTreeSet<Uuid> = work.iter().filter_map(|w| w.lane.map(|lane| lane.0)).collect();
    lock_lanes(tx, &lanes).await?;
    let created_at = ms(tx.now());
    // One statement may not touch a row twice: the last word on a kind and subject counts.
    let unique: BTreeMap<_, _> = work.iter().map(|w| ((w.kind.as_str(), w.subject.as_str()), w)).collect();
    let rows = unique.into_values().map(|w| row(w, created_at)).collect::<Result<Vec<_>>>()?;
    use due_work::Column as C;
    for chunk in rows.chunks(1000) {
        let taken = OnConflict::columns([C::Kind, C::Subject])
            .update_columns([C::DueAt, C::ReadyAt, C::LeaseUntil, C::LeaseOwner, C::Tries, C::Payload])
            .to_owned();
        due_work::Entity::insert_many(chunk.to_vec()).on_conflict(taken).exec_without_returning(&tx.inner).await?;
    }
    for w in work.iter().filter(|w| w.lane.is_none()) {
        tx.pending.due(w.due_at);
    }
    settle_lanes(tx, &lanes).await
}

/// Adds work, unless there is a row of the same kind and subject.
pub async fn ensure(store: &Store, work: &NewWork) -> Result<()> {
    let mut tx = store.begin().await?;
    let row = row(work, ms(tx.now()))?;
    use due_work::Column as C;
    let known = OnConflict::columns([C::Kind, C::Subject]).do_nothing().to_owned();
    due_work::Entity::insert(row).on_conflict(known).exec_without_returning(&tx.inner).await?;
    tx.pending.due(work.due_at);
    settle_lanes(&mut tx, &work.lane.into_iter().map(|lane| lane.0).collect()).await?;
    tx.commit().await
}

/// Adds work in the caller's transaction, or moves the rows there are ahead where those are due later. One that is being done stays:
/// whoever does it sees what there is. For work without a lane.
pub(crate) async fn sooner_in(tx: &mut Tx, work: &[NewWork]) -> Result<()> {
    let created_at = ms(tx.now());
    // One statement may not touch a row twice, and rows are locked in one order everywhere.
    let mut first: BTreeMap<(&str, &str), &NewWork> = BTreeMap::new();
    for work in work {
        let place = first.entry((work.kind.as_str(), work.subject.as_str())).or_insert(work);
        if work.due_at < place.due_at {
            *place = work;
        }
    }
    let rows = first.values().map(|work| row(work, created_at)).collect::<Result<Vec<_>>>()?;
    use due_work::Column as C;
    let later = OnConflict::columns([C::Kind, C::Subject])
        .update_columns([C::DueAt, C::ReadyAt])
        .action_and_where(Expr::cust("due_work.due_at > excluded.due_at AND due_work.lease_until IS NULL"))
        .to_owned();
    due_work::Entity::insert_many(rows).on_conflict(later).exec_without_returning(&tx.inner).await?;
    for work in first.values() {
        tx.pending.due(work.due_at);
    }
    Ok(())
}

fn row(work: &NewWork, created_at: i64) -> Result<due_work::ActiveModel> {
    let due_at = ms(work.due_at);
    Ok(due_work::ActiveModel {
        id: Set(WorkId::new().0),
        workspace_id: Set(work.workspace.map(|w| w.0)),
        kind: Set(work.kind.clone()),
        subject: Set(work.subject.clone()),
        lane: Set(work.lane.map(|lane| lane.0)),
        due_at: Set(due_at),
        ready_at: Set(work.lane.is_none().then_some(due_at)),
        lease_until: Set(None),
        lease_owner: Set(None),
        fence: Set(0),
        tries: Set(0),
        payload: Set(json(&work.payload, "payload")?),
        created_at: Set(created_at),
    })
}

/// Claims up to `limit` rows that are due at `now` for `owner`, in order of due time, until `now + lease`.
///
/// No row is ever given to two claimers at once, and of a lane only one row at a time.
pub async fn claim(
    store: &Store,
    now: Timestamp,
    owner: &str,
    limit: u32,
    lease: SignedDuration,
) -> Result<Vec<Claimed>> {
    claim_within(store, Reach::at(now), owner, limit, lease).await
}

/// What may have a head start.
const EARLY: &str = "(kind = 'publish' AND ready_at = due_at AND lease_until IS NULL)";

/// Which rows a worker takes at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Reach<'a> {
    pub now: Timestamp,
    /// How long before its time work of the kind [`kind::PUBLISH`] may be claimed, by a worker that waits for its time with it.
    /// What is under a lease is not, nor what waits in its place until the network may be called again.
    pub head_start: SignedDuration,
    /// The workspaces whose work is left out.
    pub beside: &'a [WorkspaceId],
}

impl Reach<'_> {
    /// What is due, of whomever.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, head_start: SignedDuration::ZERO, beside: &[] }
    }

    fn until(&self) -> i64 {
        ms(self.now.saturating_add(self.head_start).unwrap_or(Timestamp::MAX))
    }

    /// The condition of a query; `$1` is the time, `$2` the end of the reach.
    fn sql(&self, values: &mut Vec<Value>) -> String {
        values.extend([ms(self.now).into(), self.until().into()]);
        let others = others_sql(self.beside, values);
        format!("ready_at <= $2 AND (ready_at <= $1 OR {EARLY}){others}")
    }
}

/// As [`claim`], within a reach.
pub async fn claim_within(
    store: &Store,
    reach: Reach<'_>,
    owner: &str,
    limit: u32,
    lease: SignedDuration,
) -> Result<Vec<Claimed>> {
    let until = reach.now.saturating_add(lease).map_err(|_| StoreError::Damaged { what: "lease" })?;
    let mut values: Vec<Value> = Vec::new();
    let within = reach.sql(&mut values);
    let first = values.len() + 1;
    values.extend([i64::from(limit).into(), ms(until).into(), owner.into()]);
    let (most, lease, owner) = (first, first + 1, first + 2);
    let ready = format!("SELECT id FROM due_work WHERE {within} ORDER BY ready_at, id LIMIT ${most}");
    let rows = if store.is_postgres() {
        let sql = format!(
            "WITH picked AS MATERIALIZED ({ready} FOR UPDATE SKIP LOCKED) \
             UPDATE due_work AS work SET lease_until = ${lease}, ready_at = ${lease}, lease_owner = ${owner}, \
             fence = nextval('fence'), tries = work.tries + 1 \
             FROM picked WHERE work.id = picked.id RETURNING work.*"
        );
        store.reader().query_all_raw(store.statement(&sql, values)).await?
    } else {
        let sql = format!(
            "UPDATE due_work SET lease_until = ${lease}, ready_at = ${lease}, lease_owner = ${owner}, \
             fence = (SELECT value FROM fence), tries = tries + 1 \
             WHERE id IN ({ready}) RETURNING *"
        );
        let tx = store.begin().await?;
        tx.execute("UPDATE fence SET value = value + 1", []).await?;
        let rows = tx.query_all(&sql, values).await?;
        if rows.is_empty() {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        rows
    };
    let mut rows: Vec<_> =
        rows.iter().map(|row| due_work::Model::from_query_result(row, "")).collect::<Result<_, _>>()?;
    rows.sort_by_key(|row| (row.due_at, row.id));
    rows.into_iter().map(Claimed::try_from).collect()
}

/// Leaves out the rows of these workspaces; work that belongs to none is never left out.
fn others_sql(beside: &[WorkspaceId], values: &mut Vec<Value>) -> String {
    if beside.is_empty() {
        return String::new();
    }
    let first = values.len() + 1;
    values.extend(beside.iter().map(|workspace| Value::from(workspace.0)));
    let marks: Vec<_> = (first..=values.len()).map(|i| format!("${i}")).collect();
    format!(" AND (workspace_id IS NULL OR workspace_id NOT IN ({}))", marks.join(", "))
}

/// The work is done: the row goes, and the next of its lane becomes ready.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn finish(store: &Store, fence: Fence) -> Result<()> {
    let mut tx = store.begin().await?;
    finish_in(&mut tx, fence).await?;
    tx.commit().await
}

/// As [`finish`], in the caller's transaction.
pub async fn finish_in(tx: &mut Tx, fence: Fence) -> Result<()> {
    let lanes = fence.lane.into_iter().collect();
    lock_lanes(tx, &lanes).await?;
    let sql = "DELETE FROM due_work WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL";
    if tx.execute(sql, [fence.work.0.into(), fence.number.into()]).await? == 0 {
        return Err(STALE);
    }
    settle_lanes(tx, &lanes).await
}

/// Gives the row back, to be claimed again from `until` on. Others of its lane may come first now. A payload replaces the one
/// the row has.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn release(store: &Store, fence: Fence, until: Timestamp, payload: Option<&Json>) -> Result<()> {
    let mut tx = store.begin().await?;
    release_in(&mut tx, fence, until, payload).await?;
    tx.commit().await
}

/// As [`release`], in the caller's transaction.
pub async fn release_in(tx: &mut Tx, fence: Fence, until: Timestamp, payload: Option<&Json>) -> Result<()> {
    let lanes = fence.lane.into_iter().collect();
    lock_lanes(tx, &lanes).await?;
    let payload = crate::column::maybe_json(payload, "payload")?;
    let sql = "UPDATE due_work SET due_at = $3, ready_at = CASE WHEN lane IS NULL THEN $3 END, lease_until = NULL, \
               lease_owner = NULL, payload = COALESCE($4, payload) WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL";
    let values = [fence.work.0.into(), fence.number.into(), ms(until).into(), payload.into()];
    if tx.execute(sql, values).await? == 0 {
        return Err(STALE);
    }
    tx.pending.due(until);
    settle_lanes(tx, &lanes).await
}

/// Gives the row back, to be claimed again from `until` on. It keeps its place: until then nothing else of its lane is claimed,
/// unless the lane is changed meanwhile.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub(crate) async fn postpone_in(tx: &mut Tx, fence: Fence, until: Timestamp) -> Result<()> {
    lock_lanes(tx, &fence.lane.into_iter().collect()).await?;
    let sql = "UPDATE due_work SET ready_at = $3, lease_until = NULL, lease_owner = NULL \
               WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL";
    if tx.execute(sql, [fence.work.0.into(), fence.number.into(), ms(until).into()]).await? == 0 {
        return Err(STALE);
    }
    tx.pending.due(until);
    Ok(())
}

/// Locks those of the rows that are leased, in the order in which rows are locked everywhere; under which number each is.
pub(crate) async fn lock_leases(tx: &Tx, work: impl Iterator<Item = WorkId>) -> Result<HashSet<(WorkId, i64)>> {
    let (ids, values) = marks(work.map(|work| work.0));
    let sql = format!("SELECT id, fence FROM due_work WHERE id IN ({ids}) AND lease_until IS NOT NULL ORDER BY id");
    let rows = tx.query_all(&tx.locking(&sql, Lock::Change), values).await?;
    rows.iter().map(|row| Ok((WorkId(row.try_get("", "id")?), row.try_get("", "fence")?))).collect()
}

/// How many leases are held longer in one transaction: what begins at the same moment waits for it.
const HELD_TOGETHER: usize = 256;

/// Holds leases longer. Returns those that are still held; the others are lost, and their work is somebody else's.
pub async fn extend(store: &Store, fences: &[Fence], until: Timestamp) -> Result<HashSet<WorkId>> {
    let mut held = HashSet::new();
    for chunk in fences.chunks(HELD_TOGETHER) {
        let tx = store.begin().await?;
        let leased = lock_leases(&tx, chunk.iter().map(|fence| fence.work)).await?;
        let ours = chunk.iter().filter(|fence| leased.contains(&(fence.work, fence.number))).map(|fence| fence.work);
        let ours: Vec<WorkId> = ours.collect();
        if ours.is_empty() {
            continue;
        }
        let (ids, mut values) = marks(ours.iter().map(|work| work.0));
        values.push(ms(until).into());
        let at = values.len();
        let sql = format!("UPDATE due_work SET lease_until = ${at}, ready_at = ${at} WHERE id IN ({ids})");
        tx.execute(&sql, values).await?;
        tx.commit().await?;
        held.extend(ours);
    }
    Ok(held)
}

/// Whose row is the first within a reach; the outer none when there is no row.
pub async fn first_within(store: &Store, reach: Reach<'_>) -> Result<Option<Option<WorkspaceId>>> {
    let mut values = Vec::new();
    let within = reach.sql(&mut values);
    let sql = format!("SELECT workspace_id FROM due_work WHERE {within} ORDER BY ready_at, id LIMIT 1");
    let row = store.reader().query_one_raw(store.statement(&sql, values)).await?;
    row.map(|row| Ok(row.try_get::<Option<Uuid>>("", "workspace_id")?.map(WorkspaceId))).transpose()
}

/// When the next row comes within reach that is not yet: the time to sleep until. It may be early by the head start, for a row that is
/// given none.
pub async fn next_within(store: &Store, reach: Reach<'_>) -> Result<Option<Timestamp>> {
    let (sql, values) = next_sql(reach);
    let row = store.reader().query_one_raw(store.statement(&sql, values)).await?;
    let row = row.ok_or(StoreError::Damaged { what: "due work" })?;
    let soon = maybe_time(row.try_get("", "soon")?)?;
    let later = maybe_time(row.try_get("", "later")?)?.map(|at| at - reach.head_start);
    Ok(soon.into_iter().chain(later).min())
}

fn next_sql(reach: Reach<'_>) -> (String, Vec<Value>) {
    let sql = format!(
        "SELECT (SELECT MIN(ready_at) FROM due_work WHERE ready_at > $1 AND ready_at <= $2 AND NOT {EARLY}) AS soon, \
         (SELECT MIN(ready_at) FROM due_work WHERE ready_at > $2) AS later"
    );
    (sql, vec![ms(reach.now).into(), reach.until().into()])
}

const NEXT_DUE: &str = "SELECT MIN(ready_at) AS next FROM due_work WHERE ready_at IS NOT NULL";

/// When the next row becomes claimable, be it now or long ago.
pub async fn next_due_at(store: &Store) -> Result<Option<Timestamp>> {
    let row = store.reader().query_one_raw(store.statement(NEXT_DUE, [])).await?;
    row.map_or(Ok(None), |row| maybe_time(row.try_get("", "next")?))
}

/// How much waits to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Rows that could be claimed now; of a channel with many due posts, the first.
    pub due: u64,
    /// Since when the oldest of them could be.
    pub oldest: Option<Timestamp>,
    /// Rows that are being worked on, on whatever node.
    pub leased: u64,
}

/// How much waits to be done now.
pub async fn backlog(store: &Store) -> Result<Backlog> {
    let sql = "SELECT COUNT(*) AS due, MIN(ready_at) AS oldest, \
               (SELECT COUNT(*) FROM due_work WHERE ready_at > $1 AND lease_until IS NOT NULL) AS leased \
               FROM due_work WHERE ready_at <= $1";
    let row = store.reader().query_one_raw(store.statement(sql, [ms(store.now()).into()])).await?;
    let row = row.ok_or(StoreError::Damaged { what: "backlog" })?;
    let (due, leased): (i64, i64) = (row.try_get("", "due")?, row.try_get("", "leased")?);
    let oldest = maybe_time(row.try_get("", "oldest")?)?;
    Ok(Backlog { due: due.unsigned_abs(), oldest, leased: leased.unsigned_abs() })
}

/// Removes a row, whoever holds it; true when there was one.
pub async fn remove(store: &Store, kind: &str, subject: &str) -> Result<bool> {
    let mut tx = store.begin().await?;
    let sql = "SELECT lane FROM due_work WHERE kind = $1 AND subject = $2";
    let Some(row) = tx.query_one(sql, [kind.into(), subject.into()]).await? else { return Ok(false) };
    let lanes = row.try_get::<Option<Uuid>>("", "lane")?.into_iter().collect();
    let removed = remove_in(&mut tx, &[(kind, subject.to_owned())], &lanes).await?;
    tx.commit().await?;
    Ok(removed > 0)
}

/// Removes rows, whoever holds them; returns how many there were. `lanes` are all those the rows may be in.
pub(crate) async fn remove_in(tx: &mut Tx, work: &[(&str, String)], lanes: &BTreeSet<Uuid>) -> Result<u64> {
    lock_lanes(tx, lanes).await?;
    if work.is_empty() {
        return Ok(0);
    }
    let mut removed = 0;
    for chunk in work.chunks(500) {
        let mut values: Vec<Value> = Vec::new();
        let mut each = Vec::new();
        for (kind, subject) in chunk {
            each.push(format!("(kind = ${} AND subject = ${})", values.len() + 1, values.len() + 2));
            values.extend([Value::from(*kind), subject.as_str().into()]);
        }
        removed += tx.execute(&format!("DELETE FROM due_work WHERE {}", each.join(" OR ")), values).await?;
    }
    settle_lanes(tx, lanes).await?;
    Ok(removed)
}

/// Makes sure the lease is held, and keeps others from claiming the row until the transaction ends.
pub(crate) async fn hold_in(tx: &Tx, fence: Fence) -> Result<()> {
    let sql = "SELECT 1 FROM due_work WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL";
    let held = tx.query_one(&tx.locking(sql, Lock::Change), [fence.work.0.into(), fence.number.into()]).await?;
    held.map(drop).ok_or(STALE)
}

pub(crate) const STALE: StoreError = StoreError::Stale { what: "lease" };

/// Keeps others from changing which row of these lanes is ready. SQLite's one writer needs no lock.
pub(crate) async fn lock_lanes(tx: &Tx, lanes: &BTreeSet<Uuid>) -> Result<()> {
    if !tx.store().is_postgres() || lanes.is_empty() {
        return Ok(());
    }
    let key = |lane: &Uuid| {
        let (high, low) = lane.as_u64_pair();
        i64::from_ne_bytes((high ^ low).to_ne_bytes())
    };
    let keys: BTreeSet<i64> = lanes.iter().map(key).collect();
    let mut values = Vec::new();
    let keys = rows_of(keys.into_iter().map(|key| [Value::from(key)]), &mut values);
    // One after another in their order, so that no two transactions wait for each other.
    let sql = format!(
        "SELECT count(pg_advisory_xact_lock(key)) FROM (SELECT column1 AS key FROM ({keys}) AS lanes ORDER BY column1) AS ordered"
    );
    tx.query_one(&sql, values).await.map(drop)
}

/// As [`finish_in`], for work whose leases are known to be held and whose lanes are locked.
pub(crate) async fn finish_all_in(tx: &mut Tx, fences: &[Fence]) -> Result<()> {
    let (ids, values) = marks(fences.iter().map(|fence| fence.work.0));
    tx.execute(&format!("DELETE FROM due_work WHERE id IN ({ids})"), values).await?;
    settle_lanes(tx, &fences.iter().filter_map(|fence| fence.lane).collect()).await
}

/// Makes the earliest row of each lane the ready one, unless one of the lane is being worked on.
async fn settle_lanes(tx: &mut Tx, lanes: &BTreeSet<Uuid>) -> Result<()> {
    let lanes: Vec<Uuid> = lanes.iter().copied().collect();
    for chunk in lanes.chunks(500) {
        let (ids, values) = marks(chunk.iter().copied());
        let clear = format!(
            "UPDATE due_work SET ready_at = NULL \
             WHERE lane IN ({ids}) AND lane IS NOT NULL AND ready_at IS NOT NULL AND lease_until IS NULL"
        );
        tx.execute(&clear, values).await?;
        let mut values = Vec::new();
        let lanes = rows_of(chunk.iter().map(|lane| [Value::from(*lane)]), &mut values);
        let set = format!(
            "UPDATE due_work SET ready_at = due_at WHERE id IN ( \
               SELECT (SELECT w.id FROM due_work w WHERE w.lane = l.column1 ORDER BY w.due_at, w.id LIMIT 1) \
               FROM ({lanes}) l \
               WHERE NOT EXISTS (SELECT 1 FROM due_work b WHERE b.lane = l.column1 AND b.lane IS NOT NULL AND b.ready_at IS NOT NULL) \
             ) RETURNING ready_at"
        );
        for row in tx.query_all(&set, values).await? {
            tx.pending.due_ms(row.try_get("", "ready_at")?);
        }
    }
    Ok(())
}

impl TryFrom<due_work::Model> for Claimed {
    type Error = StoreError;
    fn try_from(row: due_work::Model) -> Result<Self> {
        Ok(Self {
            fence: Fence { work: WorkId(row.id), number: row.fence, lane: row.lane },
            workspace: row.workspace_id.map(WorkspaceId),
            kind: row.kind,
            subject: row.subject,
            due_at: time(row.due_at)?,
            lease_until: time(row.lease_until.unwrap_or_default())?,
            tries: row.tries,
            payload: from_json(&row.payload, "payload")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{NewWork, Reach, first_within, kind, next_within, upsert};
    use crate::{Store, testing};
    use crier_model::WorkspaceId;
    use jiff::{SignedDuration, Timestamp};
    use sea_orm::{ConnectionTrait, TransactionTrait};

    /// How the database goes about a query. The table is small, so PostgreSQL is asked what it does where reading or sorting
    /// all of it is dear.
    async fn plan(store: &Store, sql: &str, values: Vec<sea_orm::Value>) -> String {
        let (explain, column) =
            if store.is_postgres() { ("EXPLAIN ", "QUERY PLAN") } else { ("EXPLAIN QUERY PLAN ", "detail") };
        let tx = store.reader().begin().await.unwrap();
        if store.is_postgres() {
            for way in ["seqscan", "bitmapscan", "sort"] {
                tx.execute_unprepared(&format!("SET LOCAL enable_{way} = off")).await.unwrap();
            }
        }
        let rows = tx.query_all_raw(store.statement(&format!("{explain}{sql}"), values)).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
        lines.join("\n")
    }

    fn assert_reads_the_ready_in_order(plan: &str) {
        assert!(plan.contains("due_work_ready"), "{plan}");
        for sign in ["Seq Scan", "SCAN due_work", "Sort", "TEMP B-TREE"] {
            assert!(!plan.contains(sign), "{plan}");
        }
    }

    #[tokio::test]
    async fn whatever_asks_for_due_work_reads_the_ready_rows_in_their_order() {
        let store = testing::open().await;
        let now = store.now();
        let (one, two) = (WorkspaceId::new(), WorkspaceId::new());
        let many = |n: i64| NewWork::new(one, kind::PUBLISH, n, now + SignedDuration::from_mins(n));
        upsert(&store, &(0..500).map(many).collect::<Vec<_>>()).await.unwrap();
        let beside = [one, two];
        for beside in [&[][..], &beside] {
            let reach = Reach { now, head_start: SignedDuration::from_secs(2), beside };
            let mut values = Vec::new();
            let within = reach.sql(&mut values);
            for columns in ["id", "workspace_id"] {
                let sql = format!("SELECT {columns} FROM due_work WHERE {within} ORDER BY ready_at, id LIMIT 64");
                assert_reads_the_ready_in_order(&plan(&store, &sql, values.clone()).await);
            }
        }
        for (sql, values) in [super::next_sql(Reach::at(now)), (super::NEXT_DUE.to_owned(), Vec::new())] {
            assert_reads_the_ready_in_order(&plan(&store, &sql, values).await);
        }
        assert_eq!(first_within(&store, Reach::at(now)).await.unwrap(), Some(Some(one)));
        let next = next_within(&store, Reach::at(now)).await.unwrap();
        assert_eq!(next.map(Timestamp::as_second), Some((now + SignedDuration::from_mins(1)).as_second()));
    }
}
