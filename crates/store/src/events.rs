//! What happened, as rows: the outbox that live events, webhooks and mails read.

use crate::{
    Store, Tx,
    column::{from_json, json, ms, time},
    entity::event,
    error::Result,
};
use crier_model::{AttemptId, ChannelId, EventId, MediaId, PostId, PublicationId, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The kinds of events.
pub mod kind {
    pub const POST_SAVED: &str = "post.saved";
    pub const POST_DELETED: &str = "post.deleted";
    pub const PUBLICATION_CHANGED: &str = "publication.changed";
    pub const CHANNEL_CHANGED: &str = "channel.changed";
    pub const ATTEMPT_CHANGED: &str = "attempt.changed";
    pub const MEDIA_SAVED: &str = "media.saved";
    pub const MEDIA_DELETED: &str = "media.deleted";
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: EventId,
    pub workspace: WorkspaceId,
    pub at: Timestamp,
    /// See [`kind`].
    pub kind: String,
    /// The id of what it is about.
    pub subject: String,
    pub data: Value,
}

#[derive(Debug)]
pub(crate) struct NewEvent {
    workspace: WorkspaceId,
    kind: &'static str,
    subject: String,
    data: Value,
}

/// Adds an event to the transaction. It is written with it, and its readers are woken after the commit.
#[allow(clippy::needless_pass_by_value, reason = "what is passed is an id or a borrowed word")]
pub fn append(tx: &mut Tx, workspace: WorkspaceId, kind: &'static str, subject: impl ToString, data: Value) {
    tx.pending.events(workspace);
    tx.events.push(NewEvent { workspace, kind, subject: subject.to_string(), data });
}

/// Events of a workspace after the one given (or from the first), oldest first.
///
/// On PostgreSQL a transaction that commits late may add events with lower ids than some already read: to follow without
/// missing any, use [`Follower`].
pub async fn after(store: &Store, workspace: WorkspaceId, after: Option<EventId>, limit: u64) -> Result<Vec<Event>> {
    let mut query = event::Entity::find().filter(event::Column::WorkspaceId.eq(workspace.0));
    if let Some(after) = after {
        query = query.filter(event::Column::Id.gt(after.0));
    }
    let rows = query.order_by_asc(event::Column::Id).limit(limit).all(store.reader()).await?;
    rows.into_iter().map(Event::try_from).collect()
}

/// The newest event of a workspace: where somebody who only wants news starts.
pub async fn latest(store: &Store, workspace: WorkspaceId) -> Result<Option<EventId>> {
    let newest = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(event::Column::WorkspaceId.eq(workspace.0))
        .order_by_desc(event::Column::Id);
    Ok(newest.into_tuple::<Uuid>().one(store.reader()).await?.map(EventId))
}

/// Forgets the events of a workspace from before a time; returns how many.
pub async fn forget_before(store: &Store, workspace: WorkspaceId, before: Timestamp) -> Result<u64> {
    let tx = store.begin().await?;
    let sql = "DELETE FROM event WHERE workspace_id = $1 AND at < $2";
    let gone = tx.execute(sql, [workspace.0.into(), ms(before).into()]).await?;
    tx.commit().await?;
    Ok(gone)
}

/// Reads a workspace's events without missing those of transactions that committed late, each once.
#[derive(Debug, Clone)]
pub struct Follower {
    workspace: WorkspaceId,
    /// The highest event given out.
    newest: Option<EventId>,
    /// Those given out within the overlap.
    seen: BTreeMap<EventId, ()>,
    overlap: SignedDuration,
}

impl Follower {
    /// Starts after an event, or with `None` at the first kept.
    ///
    /// On PostgreSQL, the first read after a start may repeat events of the last seconds before it: to miss none, a client that
    /// comes back may be told twice.
    #[must_use]
    pub fn new(store: &Store, workspace: WorkspaceId, after: Option<EventId>) -> Self {
        let overlap = if store.is_postgres() { SignedDuration::from_secs(5) } else { SignedDuration::ZERO };
        let seen = after.map(|id| (id, ())).into_iter().collect();
        Self { workspace, newest: after, seen, overlap }
    }

    /// The next events, oldest first; empty when there are none yet.
    pub async fn read(&mut self, store: &Store, limit: u64) -> Result<Vec<Event>> {
        let from = self.newest.map(|id| self.back_from(id));
        let fetch = limit + self.seen.len() as u64;
        let mut events = after(store, self.workspace, from, fetch).await?;
        events.retain(|event| !self.seen.contains_key(&event.id));
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        for event in &events {
            self.seen.insert(event.id, ());
            self.newest = self.newest.max(Some(event.id));
        }
        if let Some(newest) = self.newest {
            let keep_from = self.back_from(newest);
            self.seen = self.seen.split_off(&keep_from);
        }
        Ok(events)
    }

    fn back_from(&self, id: EventId) -> EventId {
        if self.overlap.is_zero() {
            return id;
        }
        let overlap = u64::try_from(self.overlap.as_millis()).unwrap_or_default();
        let (high, _) = id.0.as_u64_pair();
        // The first 48 bits of a UUIDv7 are its milliseconds.
        EventId(Uuid::from_u64_pair((high >> 16).saturating_sub(overlap) << 16, 0))
    }
}

pub(crate) async fn write_in(tx: &mut Tx) -> Result<()> {
    if tx.events.is_empty() {
        return Ok(());
    }
    let at = ms(tx.now());
    let rows = std::mem::take(&mut tx.events)
        .into_iter()
        .map(|event| {
            Ok(event::ActiveModel {
                id: Set(EventId::new().0),
                workspace_id: Set(event.workspace.0),
                at: Set(at),
                kind: Set(event.kind.to_owned()),
                subject: Set(event.subject),
                data: Set(json(&event.data, "event")?),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    for chunk in rows.chunks(1000) {
        event::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx.inner).await?;
    }
    Ok(())
}

pub(crate) fn post_saved(tx: &mut Tx, workspace: WorkspaceId, post: PostId) {
    append(tx, workspace, kind::POST_SAVED, post, json!({ "post_id": post }));
}

pub(crate) fn post_deleted(tx: &mut Tx, workspace: WorkspaceId, post: PostId) {
    append(tx, workspace, kind::POST_DELETED, post, json!({ "post_id": post }));
}

pub(crate) fn publication_changed(
    tx: &mut Tx,
    workspace: WorkspaceId,
    publication: PublicationId,
    post: PostId,
    channel: ChannelId,
    state: &str,
    url: Option<&str>,
) {
    let data = json!({
        "post_id": post, "publication_id": publication, "channel_id": channel, "state": state, "url": url,
    });
    append(tx, workspace, kind::PUBLICATION_CHANGED, publication, data);
}

pub(crate) fn channel_changed(tx: &mut Tx, workspace: WorkspaceId, channel: ChannelId, state: &str) {
    let data = json!({ "channel_id": channel, "state": state });
    append(tx, workspace, kind::CHANNEL_CHANGED, channel, data);
}

pub(crate) fn attempt_changed(
    tx: &mut Tx,
    workspace: WorkspaceId,
    attempt: AttemptId,
    state: &str,
    channel: Option<ChannelId>,
) {
    let data = json!({ "attempt_id": attempt, "state": state, "channel_id": channel });
    append(tx, workspace, kind::ATTEMPT_CHANGED, attempt, data);
}

pub(crate) fn media_saved(tx: &mut Tx, workspace: WorkspaceId, media: MediaId) {
    append(tx, workspace, kind::MEDIA_SAVED, media, json!({ "media_id": media }));
}

pub(crate) fn media_deleted(tx: &mut Tx, workspace: WorkspaceId, media: MediaId) {
    append(tx, workspace, kind::MEDIA_DELETED, media, json!({ "media_id": media }));
}

impl TryFrom<event::Model> for Event {
    type Error = crate::StoreError;
    fn try_from(row: event::Model) -> Result<Self> {
        Ok(Self {
            id: EventId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            at: time(row.at)?,
            kind: row.kind,
            subject: row.subject,
            data: from_json(&row.data, "event")?,
        })
    }
}
