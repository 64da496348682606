//! What happened, as rows: the outbox that live events, webhooks and mails read.

use crate::{
    Store, Tx,
    column::{from_json, json, ms, time},
    entity::event,
    error::Result,
};
use crier_model::{AttemptId, ChannelId, EventId, EvergreenId, InviteId, MediaId, PostId, PublicationId, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The kinds of events.
pub mod kind {
    pub const POST_SAVED: &str = "post.saved";
    pub const POST_DELETED: &str = "post.deleted";
    pub const PUBLICATION_CHANGED: &str = "publication.changed";
    pub const WORKSPACE_CHANGED: &str = "workspace.changed";
    pub const CHANNEL_CHANGED: &str = "channel.changed";
    pub const ATTEMPT_CHANGED: &str = "attempt.changed";
    pub const INVITE_CHANGED: &str = "invite.changed";
    pub const NOTICE_NEW: &str = "notice.new";
    pub const WEBHOOK_CHANGED: &str = "webhook.changed";
    pub const MEDIA_SAVED: &str = "media.saved";
    pub const MEDIA_CONVERTING: &str = "media.converting";
    pub const MEDIA_DELETED: &str = "media.deleted";
    pub const SLOTS_CHANGED: &str = "slots.changed";
    pub const EVERGREEN_CHANGED: &str = "evergreen.changed";
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

/// What a workspace's data looked like: every change adds an event, so two equal versions have nothing between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    newest: Option<EventId>,
    /// Those within [`OVERLAP`] of the newest, for what is committed late on PostgreSQL.
    recent: i64,
}

pub async fn version(store: &Store, workspace: WorkspaceId) -> Result<Version> {
    let newest = latest(store, workspace).await?;
    let recent = match newest {
        Some(newest) if store.is_postgres() => {
            let from = back_from(newest, OVERLAP);
            let sql = "SELECT count(*) AS recent FROM event WHERE workspace_id = $1 AND id >= $2";
            let row = store.reader().query_one_raw(store.statement(sql, [workspace.0.into(), from.0.into()])).await?;
            row.map(|row| row.try_get("", "recent")).transpose()?.unwrap_or_default()
        }
        _ => 0,
    };
    Ok(Version { newest, recent })
}

/// The newest event of a workspace: where somebody who only wants news starts.
pub async fn latest(store: &Store, workspace: WorkspaceId) -> Result<Option<EventId>> {
    newest_of(store.reader(), workspace).await
}

/// Where somebody starts who wants news, and what has happened in so long a time before.
pub async fn latest_before(store: &Store, workspace: WorkspaceId, back: SignedDuration) -> Result<Option<EventId>> {
    let then = back_from(EventId::new(), back);
    Ok(latest(store, workspace).await?.map(|newest| newest.min(then)))
}

async fn newest_of(db: &impl ConnectionTrait, workspace: WorkspaceId) -> Result<Option<EventId>> {
    let newest = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(event::Column::WorkspaceId.eq(workspace.0))
        .order_by_desc(event::Column::Id);
    Ok(newest.into_tuple::<Uuid>().one(db).await?.map(EventId))
}

/// Forgets the events of a workspace from before a time, except the newest; returns how many.
pub async fn forget_before(store: &Store, workspace: WorkspaceId, before: Timestamp) -> Result<u64> {
    let tx = store.begin().await?;
    let sql = "DELETE FROM event WHERE workspace_id = $1 AND at < $2 \
               AND id < (SELECT id FROM event WHERE workspace_id = $1 ORDER BY id DESC LIMIT 1)";
    let gone = tx.execute(sql, [workspace.0.into(), ms(before).into()]).await?;
    tx.commit().await?;
    Ok(gone)
}

/// How long a transaction may take between making its events' ids and being seen by others.
const OVERLAP: SignedDuration = SignedDuration::from_secs(5);

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
        let overlap = if store.is_postgres() { OVERLAP } else { SignedDuration::ZERO };
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
        back_from(id, self.overlap)
    }
}

/// The milliseconds of a UUIDv7 are its first 48 bits.
fn millis(id: EventId) -> u64 {
    id.0.as_u64_pair().0 >> 16
}

fn back_from(id: EventId, overlap: SignedDuration) -> EventId {
    let overlap = u64::try_from(overlap.as_millis()).unwrap_or_default();
    EventId(Uuid::from_u64_pair(millis(id).saturating_sub(overlap) << 16, 0))
}

/// An id above all of the workspace's, whatever the clock of this node says: readers go by the order of ids.
fn next_id(newest: Option<EventId>) -> EventId {
    let id = EventId::new();
    match newest {
        Some(newest) if newest >= id => {
            EventId(uuid::Builder::from_unix_timestamp_millis(millis(newest) + 1, &rand::random()).into_uuid())
        }
        _ => id,
    }
}

pub(crate) async fn write_in(tx: &mut Tx) -> Result<()> {
    if tx.events.is_empty() {
        return Ok(());
    }
    let at = ms(tx.now());
    let mut newest = BTreeMap::new();
    for workspace in tx.events.iter().map(|event| event.workspace).collect::<BTreeSet<_>>() {
        newest.insert(workspace, newest_of(&tx.inner, workspace).await?);
    }
    let rows = std::mem::take(&mut tx.events)
        .into_iter()
        .map(|event| {
            let last = newest.entry(event.workspace).or_default();
            let id = next_id(*last);
            *last = Some(id);
            Ok(event::ActiveModel {
                id: Set(id.0),
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

pub(crate) fn invite_changed(tx: &mut Tx, workspace: WorkspaceId, invite: InviteId) {
    append(tx, workspace, kind::INVITE_CHANGED, invite, json!({ "invite_id": invite }));
}

/// Of a channel, or of the whole workspace.
pub(crate) fn slots_changed(tx: &mut Tx, workspace: WorkspaceId, channel: Option<ChannelId>) {
    let subject = channel.map_or(workspace.0, |channel| channel.0);
    append(tx, workspace, kind::SLOTS_CHANGED, subject, json!({ "channel_id": channel }));
}

pub(crate) fn evergreen_changed(tx: &mut Tx, workspace: WorkspaceId, queue: EvergreenId) {
    append(tx, workspace, kind::EVERGREEN_CHANGED, queue, json!({ "evergreen_id": queue }));
}

pub(crate) fn media_saved(tx: &mut Tx, workspace: WorkspaceId, media: MediaId) {
    append(tx, workspace, kind::MEDIA_SAVED, media, json!({ "media_id": media }));
}

pub(crate) fn media_converting(tx: &mut Tx, workspace: WorkspaceId, media: MediaId, percent: u8) {
    append(tx, workspace, kind::MEDIA_CONVERTING, media, json!({ "media_id": media, "percent": percent }));
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

#[cfg(test)]
mod tests {
    use super::{EventId, Uuid, back_from, millis, next_id};
    use jiff::SignedDuration;

    #[test]
    fn ids_go_up_though_the_clock_was_set_back() {
        let ahead = EventId(Uuid::from_u64_pair((millis(EventId::new()) + 3_600_000) << 16 | 0x7fff, u64::MAX));
        let next = next_id(Some(ahead));
        assert!(next > ahead && next_id(Some(next)) > next);
        assert_eq!((next.0.get_version_num(), millis(next)), (7, millis(ahead) + 1));
        let before = EventId::new();
        assert!(millis(next_id(Some(before))) - millis(before) < 60_000);
    }

    #[test]
    fn an_overlap_goes_back_by_its_milliseconds() {
        let id = EventId::new();
        assert_eq!(millis(back_from(id, SignedDuration::from_millis(1500))), millis(id) - 1500);
        assert!(back_from(id, SignedDuration::ZERO) <= id);
    }
}
