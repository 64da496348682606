//! Moving publications from state to state, each with its history, its event and its due work in one transaction.

use super::{NOT_FOUND, Publication};
use crate::{
    Store, Tx,
    channels::{self, Channel},
    column::{maybe_json, ms},
    connection::Lock,
    due::{self, Fence, NewWork, PREPARE_AHEAD},
    entity::{publication, publication_event},
    error::{Result, StoreError},
    events, notices,
    steps::{self, Answer},
    workspaces,
};
use crier_model::{
    ChannelId, Diagnosis, PostId, PublicationId, WorkspaceId,
    channel::ChannelState,
    publication::{PublicationState as State, Reason, held},
};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, EntityTrait, FromQueryResult, Value};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What becomes of the due work a worker holds when it moves a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Work {
    /// The worker goes on holding it.
    #[default]
    Keep,
    /// It is done.
    Finish,
    /// It is to be claimed again from this time on; others of its channel may come first.
    Release(Timestamp),
    /// It is to be claimed again from this time on, and the others of its channel wait behind it.
    Postpone(Timestamp),
}

/// What a move writes besides the state; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The lease under which the worker acts; the move is refused when it is not held any more. None for people.
    pub fence: Option<Fence>,
    /// What becomes of that lease's row.
    pub work: Work,
    /// Why; states without a reason clear the one there was.
    pub reason: Option<Reason>,
    /// A new time for all that is left of it.
    pub due_at: Option<Timestamp>,
    /// When its next part is due.
    pub next_part_at: Option<Timestamp>,
    pub remote_id: Option<String>,
    pub url: Option<String>,
    pub remote: Option<Json>,
    pub started_at: Option<Timestamp>,
    pub published_at: Option<Timestamp>,
    /// Of steps that were taken and are not written down yet; with a lease only.
    pub answers: Vec<Answer>,
    /// The line for the history; without one, the reason's title and message, or the state, are written.
    pub note: Option<(String, String)>,
}

impl Change {
    /// A worker's move under its lease.
    #[must_use]
    pub fn under(fence: Fence) -> Self {
        Self { fence: Some(fence), ..Self::default() }
    }

    #[must_use]
    pub fn because(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    #[must_use]
    pub fn finishing(mut self) -> Self {
        self.work = Work::Finish;
        self
    }

    #[must_use]
    pub fn releasing(mut self, until: Timestamp) -> Self {
        self.work = Work::Release(until);
        self
    }

    #[must_use]
    pub fn postponing(mut self, until: Timestamp) -> Self {
        self.work = Work::Postpone(until);
        self
    }

    #[must_use]
    pub fn noting(mut self, title: impl Into<String>, detail: impl Into<String>) -> Self {
        self.note = Some((title.into(), detail.into()));
        self
    }
}

/// Moves a publication to `to` if it is in one of the states `from`, and settles its due work with it.
///
/// # Errors
/// [`StoreError::Stale`] when it is in another state, or the lease is not held any more: nothing was written.
pub async fn set_state(
    store: &Store,
    id: PublicationId,
    from: &[State],
    to: State,
    change: Change,
) -> Result<Publication> {
    let mut tx = store.begin().await?;
    let moved = set_state_in(&mut tx, id, from, to, change).await?;
    tx.commit().await?;
    Ok(moved)
}

/// As [`set_state`], in the caller's transaction.
pub async fn set_state_in(
    tx: &mut Tx,
    id: PublicationId,
    from: &[State],
    to: State,
    change: Change,
) -> Result<Publication> {
    // The publication is locked before the lease, here as everywhere.
    let moved = update_in(tx, id, from, to, &change).await?;
    match (change.fence, change.work) {
        (Some(fence), Work::Keep) => due::hold_in(tx, fence).await?,
        (Some(fence), Work::Finish) => due::finish_in(tx, fence).await?,
        (Some(fence), Work::Release(until)) => due::release_in(tx, fence, until, None).await?,
        (Some(fence), Work::Postpone(until)) => due::postpone_in(tx, fence, until).await?,
        (None, _) => {}
    }
    if let Some(fence) = change.fence {
        let answers: Vec<_> = change.answers.iter().map(|answer| (id, fence, answer)).collect();
        steps::answer_in(tx, &answers).await?;
    }
    let (title, detail) = match (change.note, &change.reason) {
        (Some(note), _) => note,
        (None, Some(reason)) => (reason.title.clone(), reason.message.clone()),
        (None, None) => (title_of(to).to_owned(), String::new()),
    };
    changed_in(tx, &moved, &title, &detail).await?;
    notices::publication_in(tx, &moved).await?;
    Ok(moved)
}

/// Holds a publication because of its channel, unless the channel was reconnected or switched since `seen` was read: whoever
/// changed it has put back what was held by then, and would not see this one. Returns none then, and nothing was written.
///
/// With `refused`, the network no longer takes the channel's sign-in: the channel needs reconnecting from now on.
///
/// # Errors
/// As [`set_state`].
pub async fn hold(
    store: &Store,
    id: PublicationId,
    from: &[State],
    seen: &Channel,
    refused: Option<&Diagnosis>,
    change: Change,
) -> Result<Option<Publication>> {
    let mut tx = store.begin().await?;
    let sql = "SELECT state, credentials_version FROM channel WHERE id = $1";
    let row = tx.query_one(&tx.locking(sql, Lock::Change), [seen.id.0.into()]).await?.ok_or(NOT_FOUND)?;
    let (state, version): (String, i64) = (row.try_get("", "state")?, row.try_get("", "credentials_version")?);
    if state != seen.state.as_str() || version != seen.credentials_version {
        return Ok(None);
    }
    if refused.is_some() && seen.state == ChannelState::Active {
        channels::set_state_in(&mut tx, seen.id, ChannelState::NeedsReconnect, refused).await?;
    }
    let held = set_state_in(&mut tx, id, from, State::Held, change).await?;
    tx.commit().await?;
    Ok(Some(held))
}

/// Holds a publication because its workspace is paused, unless that has ended: whoever ended it has put back what was held by
/// then, and would not see this one. Returns none then, and nothing was written.
///
/// # Errors
/// As [`set_state`].
pub async fn hold_paused(
    store: &Store,
    publication: &Publication,
    from: &[State],
    change: Change,
) -> Result<Option<Publication>> {
    let mut tx = store.begin().await?;
    if !workspaces::paused_in(&tx, publication.workspace, Lock::Keep).await? {
        return Ok(None);
    }
    let held = set_state_in(&mut tx, publication.id, from, State::Held, change).await?;
    tx.commit().await?;
    Ok(Some(held))
}

pub(crate) fn title_of(state: State) -> &'static str {
    match state {
        State::Draft => "Kept as a draft",
        State::Scheduled => "Scheduled",
        State::Preparing => "Being prepared",
        State::Sending => "Being sent",
        State::Published => "Published",
        State::Held => "Held",
        State::Unconfirmed => "Sent, but not confirmed",
        State::Failed => "Failed",
        State::Cancelled => "Cancelled",
    }
}

async fn update_in(tx: &Tx, id: PublicationId, from: &[State], to: State, change: &Change) -> Result<Publication> {
    let mut values: Vec<Value> =
        vec![id.0.into(), to.as_str().into(), reason_json(change.reason.as_ref())?.into(), ms(tx.now()).into()];
    let mut sets = String::from("state = $2, reason = $3, updated_at = $4, version = version + 1");
    let mut set = |column: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            sets += &format!(", {column} = ${}", values.len());
        }
    };
    set("due_at", change.due_at.map(|at| ms(at).into()));
    let (part, over) = (change.next_part_at, change.due_at.is_some() || to == State::Published);
    set("next_part_at", if over { Some(None::<i64>.into()) } else { part.map(|at| ms(at).into()) });
    set("remote_id", change.remote_id.clone().map(Value::from));
    set("url", change.url.clone().map(Value::from));
    set("remote", maybe_json(change.remote.as_ref(), "remote ids")?.map(Value::from));
    set("started_at", change.started_at.map(|at| ms(at).into()));
    set("published_at", change.published_at.map(|at| ms(at).into()));
    let states: Vec<_> = from.iter().map(|state| format!("'{state}'")).collect();
    let sql = format!("UPDATE publication SET {sets} WHERE id = $1 AND state IN ({}) RETURNING *", states.join(", "));
    match tx.query_one(&sql, values).await? {
        Some(row) => publication::Model::from_query_result(&row, "")?.try_into(),
        None => match tx.query_one("SELECT 1 FROM publication WHERE id = $1", [id.0.into()]).await? {
            Some(_) => Err(StoreError::Stale { what: "publication" }),
            None => Err(NOT_FOUND),
        },
    }
}

/// Writes the history and the event of a publication that was changed.
async fn changed_in(tx: &mut Tx, publication: &Publication, title: &str, detail: &str) -> Result<()> {
    let state = publication.state.as_str();
    write_event_in(tx, publication.workspace, publication.id, state, title, detail).await?;
    tell_of(tx, publication);
    Ok(())
}

/// Adds the event of a publication that was changed.
pub(crate) fn tell_of(tx: &mut Tx, publication: &Publication) {
    let Publication { workspace, id, post, channel, url, state, .. } = publication;
    events::publication_changed(tx, *workspace, *id, *post, *channel, state.as_str(), url.as_deref());
}

pub(crate) async fn write_event_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    publication: PublicationId,
    kind: &str,
    title: &str,
    detail: &str,
) -> Result<()> {
    let row = history_row(tx.now(), workspace, publication, kind, title, detail);
    publication_event::Entity::insert(row).exec_without_returning(&tx.inner).await?;
    Ok(())
}

/// A line of the history.
pub(crate) fn history_row(
    at: Timestamp,
    workspace: WorkspaceId,
    publication: PublicationId,
    kind: &str,
    title: &str,
    detail: &str,
) -> publication_event::ActiveModel {
    publication_event::ActiveModel {
        id: Set(Uuid::now_v7()),
        publication_id: Set(publication.0),
        workspace_id: Set(workspace.0),
        at: Set(ms(at)),
        kind: Set(kind.to_owned()),
        title: Set(title.to_owned()),
        detail: Set(detail.to_owned()),
    }
}

pub(crate) fn reason_json(reason: Option<&Reason>) -> Result<Option<String>> {
    maybe_json(reason, "reason")
}

/// The due work of a scheduled publication: sending it, and preparing it if there is time before.
pub(crate) fn schedule_work(
    workspace: WorkspaceId,
    publication: PublicationId,
    channel: ChannelId,
    due_at: Timestamp,
    now: Timestamp,
) -> Vec<NewWork> {
    let mut work = vec![NewWork::new(workspace, due::kind::PUBLISH, publication, due_at).in_lane(channel)];
    if let Ok(prepare_at) = due_at.checked_sub(PREPARE_AHEAD)
        && prepare_at > now
    {
        work.push(NewWork::new(workspace, due::kind::PREPARE, publication, prepare_at));
    }
    work
}

/// Has the scheduled publications of these posts prepared from now on where a video goes with them: making another of it may take
/// longer than is left before the due time.
pub(crate) async fn prepare_films_in(tx: &mut Tx, posts: &[PostId]) -> Result<()> {
    let now = tx.now();
    let Ok(soon) = now.checked_add(PREPARE_AHEAD) else { return Ok(()) };
    let mut work = Vec::new();
    for chunk in posts.chunks(500) {
        let mut values: Vec<Value> = vec![ms(soon).into()];
        values.extend(chunk.iter().map(|post| Value::from(post.0)));
        let marks: Vec<_> = (2..=values.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT DISTINCT p.id, p.workspace_id FROM publication p JOIN post_media u ON u.post_id = p.post_id \
             JOIN media m ON m.id = u.media_id \
             WHERE p.post_id IN ({}) AND p.state = 'scheduled' AND p.due_at > $1 AND m.mime LIKE 'video/%'",
            marks.join(", ")
        );
        for row in tx.query_all(&sql, values).await? {
            let id = PublicationId(row.try_get("", "id")?);
            work.push(NewWork::new(WorkspaceId(row.try_get("", "workspace_id")?), due::kind::PREPARE, id, now));
        }
    }
    if work.is_empty() { Ok(()) } else { due::sooner_in(tx, &work).await }
}

/// Puts publications that a channel held for this reason back on the schedule; those that are too late by now are held as
/// `held.missed` instead. Returns how many were put back.
pub(crate) async fn resume_in(tx: &mut Tx, channel: ChannelId, code: &str) -> Result<u64> {
    let now = tx.now();
    let mut work = Vec::new();
    let mut resumed = 0;
    for held in locked_in(tx, channel, &[State::Held]).await? {
        if held.reason.as_ref().is_none_or(|reason| reason.code != code) {
            continue;
        }
        // Of a thread that is partly sent, the next part's time counts: its first was sent when it was due.
        let due_at = held.next_part_at.or(held.due_at).unwrap_or(now);
        let too_late = due_at.duration_until(now) > tx.store().late_window();
        let (to, change) = if too_late {
            let message = "It was due while its channel could not send. Send it now, move it or cancel it.";
            (State::Held, Change::default().because(Reason::new(held::MISSED, "Missed its time", message)))
        } else {
            work.extend(schedule_work(held.workspace, held.id, channel, due_at, now));
            resumed += 1;
            (State::Scheduled, Change::default().noting("Scheduled again", "Its channel can send again."))
        };
        set_state_in(tx, held.id, &[State::Held], to, change).await?;
    }
    due::upsert_in(tx, &work).await?;
    Ok(resumed)
}

/// Cancels everything on a channel that has not been sent; returns how many.
///
/// # Errors
/// Conflict `channel.sending` while one is being sent.
pub(crate) async fn cancel_channel_in(tx: &mut Tx, channel: ChannelId, reason: &Reason) -> Result<u64> {
    let open = [
        State::Draft,
        State::Scheduled,
        State::Preparing,
        State::Held,
        State::Unconfirmed,
        State::Failed,
        State::Sending,
    ];
    let all = locked_in(tx, channel, &open).await?;
    if all.iter().any(|p| p.state == State::Sending) {
        return Err(StoreError::Conflict { what: "channel.sending" });
    }
    let waiting: Vec<_> = all.into_iter().filter(|p| !matches!(p.state, State::Failed | State::Unconfirmed)).collect();
    let work = work_of(waiting.iter().map(|p| p.id));
    due::remove_in(tx, &work, &BTreeSet::from([channel.0])).await?;
    for publication in &waiting {
        let change = Change::default().because(reason.clone());
        set_state_in(tx, publication.id, &[publication.state], State::Cancelled, change).await?;
    }
    Ok(waiting.len() as u64)
}

/// The rows of due work these publications may have.
pub(crate) fn work_of(ids: impl Iterator<Item = PublicationId>) -> Vec<(&'static str, String)> {
    ids.flat_map(|id| [(due::kind::PUBLISH, id.to_string()), (due::kind::PREPARE, id.to_string())]).collect()
}

/// A channel's publications in these states, locked in the order of their ids.
pub(super) async fn locked_in(tx: &Tx, channel: ChannelId, states: &[State]) -> Result<Vec<Publication>> {
    let states: Vec<_> = states.iter().map(|state| format!("'{state}'")).collect();
    let sql =
        format!("SELECT * FROM publication WHERE channel_id = $1 AND state IN ({}) ORDER BY id", states.join(", "));
    let rows = tx.query_all(&tx.locking(&sql, Lock::Change), [channel.0.into()]).await?;
    rows.iter().map(|row| publication::Model::from_query_result(row, "")?.try_into()).collect()
}
