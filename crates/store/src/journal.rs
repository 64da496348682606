//! The journal of sending: what workers write down before and after their calls, for many publications in one transaction.
//!
//! What a worker writes is durable when its call here returns, and refused when its lease is not held any more; what others write in
//! the same transaction makes no difference to it (see [`crate::together`]).

use crate::{
    Store, Tx,
    column::{json, ms},
    connection::{Lock, marks, rows_of},
    due::{self, Fence},
    entity::{publication, publication_event},
    error::{Result, StoreError},
    numbers, plugs,
    publications::{self, DUE, NOT_FOUND, Publication},
    steps::{self, Answer, Begun, NewStep},
    together::{self, Queue, Together},
};
use async_trait::async_trait;
use crier_model::{ChannelId, PublicationId, plug::Following, publication::PublicationState as State};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{EntityTrait, FromQueryResult, Value};
use serde_json::Value as Json;
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use uuid::Uuid;

/// A line of a publication's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub title: String,
    pub detail: String,
}

impl Line {
    pub fn new(title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { title: title.into(), detail: detail.into() }
    }
}

/// A publication is being sent from now on, and a try is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// That it is being sent.
    pub sending: Line,
    /// That the network is called.
    pub calling: Line,
}

/// What a worker writes down at one moment. The parts that it has none of are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub fence: Fence,
    pub publication: PublicationId,
    pub start: Option<Start>,
    /// Of steps that were taken.
    pub answers: Vec<Answer>,
    /// The step that is taken next.
    pub step: Option<NewStep>,
}

/// What came of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// With a start: the tries made, this one included.
    pub tries: Option<u32>,
    /// With a step: how it stood.
    pub begun: Option<Begun>,
}

/// Everything of a publication was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    pub fence: Fence,
    pub publication: PublicationId,
    /// Of steps that were taken and are not written down yet.
    pub answers: Vec<Answer>,
    pub remote_id: Option<String>,
    pub url: Option<String>,
    pub remote: Json,
    /// When its numbers are first looked at, where its network tells them.
    pub look_at: Option<Timestamp>,
    /// When the likes are first looked at that the channel's plugs wait for, where the network tells them.
    pub likes_at: Option<Timestamp>,
    /// What follows it.
    pub plugs: Vec<Following>,
    /// What the history says of it: how the network named the request.
    pub detail: String,
}

/// Writes an entry. A step that it begins is durable before this returns; the call may be made then.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more or the publication is not to be sent any more: nothing was written;
/// [`StoreError::NotFound`] for the answer of a step that was never begun.
pub async fn write(store: &Store, entry: Entry) -> Result<Written> {
    together::ask(store, entry).await
}

/// Writes that a publication is published, and ends its due work.
///
/// # Errors
/// As [`write`].
pub async fn end(store: &Store, ending: Ending) -> Result<()> {
    together::ask(store, ending).await
}

/// A publication that is locked, and under whose lease.
struct Held {
    state: State,
    fence: Fence,
}

/// Locks the publications and leases of all, in the order in which rows are locked everywhere; those whose lease is held.
async fn held_in(
    tx: &Tx,
    all: impl Iterator<Item = (PublicationId, Fence)> + Clone,
    lanes: &BTreeSet<Uuid>,
) -> Result<HashMap<PublicationId, Held>> {
    let (ids, values) = marks(all.clone().map(|(publication, _)| publication.0));
    let sql = format!("SELECT id, state FROM publication WHERE id IN ({ids}) ORDER BY id");
    let publications = tx.query_all(&tx.locking(&sql, Lock::Change), values).await?;
    due::lock_lanes(tx, lanes).await?;
    let leases = due::lock_leases(tx, all.clone().map(|(_, fence)| fence.work)).await?;
    let mut fences: HashMap<PublicationId, Fence> = HashMap::new();
    for (publication, fence) in all {
        if leases.contains(&(fence.work, fence.number)) {
            fences.insert(publication, fence);
        }
    }
    let mut held = HashMap::new();
    for row in publications {
        let id = PublicationId(row.try_get("", "id")?);
        if let Some(fence) = fences.get(&id) {
            let state = crate::column::word(&row.try_get::<String>("", "state")?)?;
            held.insert(id, Held { state, fence: *fence });
        }
    }
    Ok(held)
}

impl Held {
    /// Refuses whoever does not hold the lease, and what is not to be sent any more.
    fn check(held: Option<&Self>, fence: Fence, sends: bool) -> Result<()> {
        match held {
            Some(held) if held.fence != fence => Err(due::STALE),
            Some(held) if sends && !DUE.contains(&held.state) => Err(StoreError::Stale { what: "publication" }),
            Some(_) => Ok(()),
            None => Err(due::STALE),
        }
    }
}

#[async_trait]
impl Together for Entry {
    type Done = Written;

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().entries
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Written>>> {
        let mut tx = store.begin().await?;
        let held = held_in(&tx, all.iter().map(|entry| (entry.publication, entry.fence)), &BTreeSet::new()).await?;
        let checked: Vec<Result<()>> = all
            .iter()
            .map(|entry| Held::check(held.get(&entry.publication), entry.fence, entry.start.is_some()))
            .collect();
        let good: Vec<&Self> = all.iter().zip(&checked).filter(|(_, ok)| ok.is_ok()).map(|(entry, _)| entry).collect();
        let answers: Vec<_> = good
            .iter()
            .flat_map(|entry| entry.answers.iter().map(|answer| (entry.publication, entry.fence, answer)))
            .collect();
        let recorded = steps::answer_in(&tx, &answers).await?;
        let tries = start_in(&mut tx, &good).await?;
        let steps: Vec<_> =
            good.iter().filter_map(|entry| Some((entry.publication, entry.fence, entry.step.as_ref()?))).collect();
        let mut begun = steps::begin_in(&tx, &steps).await?;
        tx.commit().await?;
        let outcome = |(entry, checked): (&Self, Result<()>)| {
            checked?;
            let missing = |answer: &Answer| !recorded.contains(&(entry.publication, answer.name.clone()));
            if entry.answers.iter().any(missing) {
                return Err(StoreError::NotFound { what: "step" });
            }
            Ok(Written { tries: tries.get(&entry.publication).copied(), begun: begun.remove(&entry.publication) })
        };
        Ok(all.iter().zip(checked).map(outcome).collect())
    }
}

/// How long endings wait for entries: where entries come without a pause, neither may keep the other back.
const LONGEST_GIVEN_WAY: Duration = Duration::from_millis(100);

/// Marks as being sent what starts; how often each was tried by now.
async fn start_in(tx: &mut Tx, entries: &[&Entry]) -> Result<HashMap<PublicationId, u32>> {
    let starts: HashMap<PublicationId, &Start> =
        entries.iter().filter_map(|entry| Some((entry.publication, entry.start.as_ref()?))).collect();
    if starts.is_empty() {
        return Ok(HashMap::new());
    }
    let (ids, mut values) = marks(starts.keys().map(|id| id.0));
    values.push(ms(tx.now()).into());
    let now = values.len();
    let sql = format!(
        "UPDATE publication SET state = 'sending', reason = NULL, tries = tries + 1, version = version + 1, \
         started_at = ${now}, updated_at = ${now} WHERE id IN ({ids}) RETURNING *"
    );
    let mut tries = HashMap::new();
    let mut lines = Vec::new();
    for row in tx.query_all(&sql, values).await? {
        let started = Publication::try_from(publication::Model::from_query_result(&row, "")?)?;
        if let Some(start) = starts.get(&started.id) {
            let line = |kind, line: &Line| {
                publications::history_row(tx.now(), started.workspace, started.id, kind, &line.title, &line.detail)
            };
            lines.extend([line(State::Sending.as_str(), &start.sending), line("try", &start.calling)]);
        }
        publications::tell_of(tx, &started);
        tries.insert(started.id, started.tries);
    }
    publication_event::Entity::insert_many(lines).exec_without_returning(&tx.inner).await?;
    Ok(tries)
}

#[async_trait]
impl Together for Ending {
    type Done = ();

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().endings
    }

    /// A call that waits to be made is more urgent than what is kept of one that was made.
    async fn give_way(store: &Store) {
        store.queues().entries.until_empty(LONGEST_GIVEN_WAY).await;
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<()>>> {
        let mut tx = store.begin().await?;
        // Those of the channels that follow are locked at once with the others, so that no two transactions wait for each other.
        let following = all.iter().flat_map(|ending| ending.plugs.iter().map(|plug| plug.by.0));
        let lanes: BTreeSet<Uuid> = all.iter().filter_map(|ending| ending.fence.lane).chain(following).collect();
        let held = held_in(&tx, all.iter().map(|ending| (ending.publication, ending.fence)), &lanes).await?;
        let checked: Vec<Result<()>> =
            all.iter().map(|ending| Held::check(held.get(&ending.publication), ending.fence, true)).collect();
        let good: Vec<&Self> =
            all.iter().zip(&checked).filter(|(_, ok)| ok.is_ok()).map(|(ending, _)| ending).collect();
        if !good.is_empty() {
            let answers: Vec<_> = good
                .iter()
                .flat_map(|ending| ending.answers.iter().map(|answer| (ending.publication, ending.fence, answer)))
                .collect();
            steps::answer_in(&tx, &answers).await?;
            let channels = publish_in(&mut tx, &good).await?;
            due::finish_all_in(&mut tx, &good.iter().map(|ending| ending.fence).collect::<Vec<_>>()).await?;
            touch_in(&tx, &channels).await?;
        }
        tx.commit().await?;
        Ok(checked)
    }
}

/// Marks all as published; their channels.
async fn publish_in(tx: &mut Tx, endings: &[&Ending]) -> Result<BTreeSet<ChannelId>> {
    let mut values: Vec<Value> = vec![ms(tx.now()).into()];
    let mut rows = Vec::new();
    for ending in endings {
        let remote = json(&ending.remote, "remote ids")?;
        rows.push([
            ending.publication.0.into(),
            ending.remote_id.clone().into(),
            ending.url.clone().into(),
            remote.into(),
        ]);
    }
    let sql = format!(
        "UPDATE publication SET state = 'published', reason = NULL, next_part_at = NULL, version = version + 1, \
         published_at = $1, updated_at = $1, remote_id = COALESCE(v.column2, remote_id), url = COALESCE(v.column3, url), remote = v.column4 \
         FROM ({}) AS v WHERE id = v.column1 RETURNING *",
        rows_of(rows, &mut values)
    );
    let endings: HashMap<PublicationId, &Ending> = endings.iter().map(|ending| (ending.publication, *ending)).collect();
    let (mut channels, mut looks, mut out) = (BTreeSet::new(), Vec::new(), Vec::new());
    let mut lines = Vec::new();
    for row in tx.query_all(&sql, values).await? {
        let published = Publication::try_from(publication::Model::from_query_result(&row, "")?)?;
        let title = publications::title_of(published.state);
        let ending = endings.get(&published.id);
        let detail = ending.map_or("", |ending| ending.detail.as_str());
        let kind = published.state.as_str();
        lines.push(publications::history_row(tx.now(), published.workspace, published.id, kind, title, detail));
        publications::tell_of(tx, &published);
        channels.insert(published.channel);
        if let Some(ending) = ending {
            looks.extend(ending.look_at.map(|at| (published.clone(), at)));
            out.push(plugs::Out { publication: published, likes_at: ending.likes_at, following: &ending.plugs });
        }
    }
    if lines.is_empty() {
        return Err(NOT_FOUND);
    }
    publication_event::Entity::insert_many(lines).exec_without_returning(&tx.inner).await?;
    numbers::begin_in(tx, &looks).await?;
    plugs::begin_in(tx, &out).await?;
    Ok(channels)
}

/// A channel's last success is noted to the minute.
const TO_THE_MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Notes the last success of channels. One that is being changed is left alone: it is only for people to see, and channels are
/// locked before all that is held here.
async fn touch_in(tx: &Tx, channels: &BTreeSet<ChannelId>) -> Result<()> {
    let (ids, mut values) = marks(channels.iter().map(|channel| channel.0));
    let now = tx.now();
    values.extend([Value::from(ms(now)), ms(now - TO_THE_MINUTE).into()]);
    let (at, before) = (values.len() - 1, values.len());
    let skip = if tx.store().is_postgres() { " FOR NO KEY UPDATE SKIP LOCKED" } else { "" };
    let sql = format!(
        "UPDATE channel SET last_ok_at = ${at} WHERE id IN (SELECT id FROM channel WHERE id IN ({ids}) \
         AND (last_ok_at IS NULL OR last_ok_at < ${before}){skip})"
    );
    tx.execute(&sql, values).await.map(drop)
}
