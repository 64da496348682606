//! Publications: one post on one channel, the unit that is scheduled, sent, retried and reported.

mod cap;
mod change;
mod overdue;
mod people;
mod restored;
mod standing;
mod wishes;

pub(crate) use cap::StartedSince;
pub use cap::{OVER_CAP, hold_over_cap, resume_capped, started_since};
pub use change::{Change, Work, hold, hold_paused, set_state, set_state_in};
pub(crate) use change::{
    cancel_channel_in, history_row, prepare_films_in, reason_json, resume_in, schedule_work, tell_of, title_of,
    work_of, write_event_in,
};
pub use overdue::{give_up, overdue};
pub use people::{cancel, resolve_published, resolve_send_again, retry};
pub use restored::hold_restored;
pub(crate) use standing::StandingOf;
pub use standing::is_free_as;
pub use wishes::{edited, refuse_wish, removed, wish};
pub(crate) use wishes::{lock_in, told_in};

use crate::{
    Store,
    channels::{self, Channel},
    column::{maybe_from_json, maybe_time, time, word},
    entity::{publication, publication_event},
    error::{Result, StoreError},
    posts::{self, Post},
    together::{self, Queue, Together},
    workspaces::{self, Workspace},
};
use async_trait::async_trait;
use crier_model::{
    ChannelId, PostId, PublicationId, WorkspaceId,
    publication::{PublicationState, Reason, Wish},
};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// How late a publication may go out without a person being asked, where nothing else is set. Later, it is held as
/// `held.missed`.
pub const LATE_WINDOW: SignedDuration = SignedDuration::from_hours(2);

/// States from which a worker takes a publication up; `Sending` when a worker before it died.
pub const DUE: [PublicationState; 3] =
    [PublicationState::Scheduled, PublicationState::Preparing, PublicationState::Sending];

#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    pub id: PublicationId,
    pub workspace: WorkspaceId,
    pub post: PostId,
    pub channel: ChannelId,
    pub network: String,
    /// 0 for a post that does not repeat.
    pub occurrence: i64,
    pub state: PublicationState,
    /// Why it is held, unconfirmed, failed or cancelled.
    pub reason: Option<Reason>,
    pub due_at: Option<Timestamp>,
    /// When its next part is due, while some of its parts are sent and others wait.
    pub next_part_at: Option<Timestamp>,
    pub remote_id: Option<String>,
    pub url: Option<String>,
    /// The network's ids of its parts, in the engine's shape.
    pub remote: Option<Json>,
    pub published_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub tries: u32,
    /// Goes up with every change.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// What a person wants to become of it, until that is done.
    pub wish: Option<Wish>,
    /// When it was last given other words on the network.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted on the network.
    pub removed_at: Option<Timestamp>,
}

/// A line of a publication's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicationEvent {
    pub publication: PublicationId,
    pub at: Timestamp,
    /// The state it came to, `try` for a call to the network, or `note`.
    pub kind: String,
    pub title: String,
    pub detail: String,
}

/// Everything needed to send a publication.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    pub publication: Publication,
    pub post: Post,
    pub channel: Channel,
    pub workspace: Workspace,
}

/// A publication by id, in whatever workspace.
pub async fn by_id(store: &Store, id: PublicationId) -> Result<Publication> {
    publication::Entity::find_by_id(id.0).one(store.reader()).await?.ok_or(NOT_FOUND)?.try_into()
}

/// A publication of this workspace.
pub async fn get(store: &Store, workspace: WorkspaceId, id: PublicationId) -> Result<Publication> {
    let found = publication::Entity::find_by_id(id.0).filter(publication::Column::WorkspaceId.eq(workspace.0));
    found.one(store.reader()).await?.ok_or(NOT_FOUND)?.try_into()
}

/// A publication with its post, its channel and its workspace.
pub async fn load(store: &Store, id: PublicationId) -> Result<Loaded> {
    together::ask(store, Load(id)).await
}

/// Asks for a publication with all that belongs to it.
#[derive(Debug)]
pub(crate) struct Load(PublicationId);

#[async_trait]
impl Together for Load {
    type Done = Loaded;

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().loads
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Loaded>>> {
        let found = publication::Entity::find().filter(publication::Column::Id.is_in(all.iter().map(|load| load.0.0)));
        let rows: HashMap<_, _> =
            found.all(store.reader()).await?.into_iter().map(|row| (PublicationId(row.id), row)).collect();
        let posts: BTreeSet<_> = rows.values().map(|row| PostId(row.post_id)).collect();
        let posts = posts::by_ids(store, &posts).await?;
        let channels: BTreeSet<_> = rows.values().map(|row| ChannelId(row.channel_id)).collect();
        let channels = channels::by_ids(store, &channels).await?;
        let workspaces: BTreeSet<_> = rows.values().map(|row| WorkspaceId(row.workspace_id)).collect();
        let workspaces = workspaces::by_ids(store, &Vec::from_iter(workspaces)).await?;
        let workspaces: HashMap<_, _> = workspaces.into_iter().map(|workspace| (workspace.id, workspace)).collect();
        let loaded = |Load(id): &Self| {
            let publication: Publication = rows.get(id).ok_or(NOT_FOUND)?.clone().try_into()?;
            let post = posts.get(&publication.post).ok_or(posts::NOT_FOUND)?.clone();
            let channel = channels.get(&publication.channel).ok_or(channels::NOT_FOUND)?.clone();
            let workspace = workspaces.get(&publication.workspace).ok_or(workspaces::NOT_FOUND)?.clone();
            Ok(Loaded { publication, post, channel, workspace })
        };
        Ok(all.iter().map(loaded).collect())
    }
}

/// A post's publications, in the order they were made.
pub async fn for_post(store: &Store, workspace: WorkspaceId, post: PostId) -> Result<Vec<Publication>> {
    let rows = publication::Entity::find()
        .filter(publication::Column::PostId.eq(post.0))
        .filter(publication::Column::WorkspaceId.eq(workspace.0))
        .order_by_asc(publication::Column::Id)
        .all(store.reader())
        .await?;
    rows.into_iter().map(Publication::try_from).collect()
}

/// The history of these publications, oldest first: one query for a whole post.
pub async fn history(store: &Store, publications: &[PublicationId]) -> Result<Vec<PublicationEvent>> {
    let rows = publication_event::Entity::find()
        .filter(publication_event::Column::PublicationId.is_in(publications.iter().map(|id| id.0)))
        .order_by_asc(publication_event::Column::Id)
        .all(store.reader())
        .await?;
    rows.into_iter().map(PublicationEvent::try_from).collect()
}

/// Adds a line to a publication's history.
pub async fn append_note(store: &Store, publication: &Publication, title: &str, detail: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    write_event_in(&mut tx, publication.workspace, publication.id, "note", title, detail).await?;
    tx.commit().await
}

/// The publications of a channel in this state, the first due first.
pub async fn on_channel(
    store: &Store,
    channel: ChannelId,
    state: PublicationState,
    limit: u64,
) -> Result<Vec<Publication>> {
    use sea_orm::QuerySelect;
    let rows = publication::Entity::find()
        .filter(publication::Column::ChannelId.eq(channel.0))
        .filter(publication::Column::State.eq(state.as_str()))
        .order_by_asc(publication::Column::DueAt)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(Publication::try_from).collect()
}

/// What was published to a channel, the last due first; what was deleted there since is among it.
pub async fn newest_published(store: &Store, channel: ChannelId, limit: u64) -> Result<Vec<Publication>> {
    use sea_orm::QuerySelect;
    let rows = publication::Entity::find()
        .filter(publication::Column::ChannelId.eq(channel.0))
        .filter(publication::Column::State.eq(PublicationState::Published.as_str()))
        .order_by_desc(publication::Column::DueAt)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(Publication::try_from).collect()
}

/// Which publication of a channel is this post on the network, as far as we know.
pub async fn by_remote_id(store: &Store, channel: ChannelId, remote_id: &str) -> Result<Option<PublicationId>> {
    let found = publication::Entity::find()
        .filter(publication::Column::ChannelId.eq(channel.0))
        .filter(publication::Column::RemoteId.eq(remote_id));
    Ok(found.one(store.reader()).await?.map(|row| PublicationId(row.id)))
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "publication" };

fn tries(count: i64) -> Result<u32> {
    u32::try_from(count).map_err(|_| StoreError::Damaged { what: "count of tries" })
}

impl TryFrom<publication::Model> for Publication {
    type Error = StoreError;
    fn try_from(row: publication::Model) -> Result<Self> {
        Ok(Self {
            id: PublicationId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            post: PostId(row.post_id),
            channel: ChannelId(row.channel_id),
            network: row.network,
            occurrence: row.occurrence,
            state: word(&row.state)?,
            reason: maybe_from_json(row.reason.as_deref(), "reason")?,
            due_at: maybe_time(row.due_at)?,
            next_part_at: maybe_time(row.next_part_at)?,
            remote_id: row.remote_id,
            url: row.url,
            remote: maybe_from_json(row.remote.as_deref(), "remote ids")?,
            published_at: maybe_time(row.published_at)?,
            started_at: maybe_time(row.started_at)?,
            tries: tries(row.tries)?,
            version: row.version,
            created_at: time(row.created_at)?,
            updated_at: time(row.updated_at)?,
            wish: maybe_from_json(row.wish.as_deref(), "wish")?,
            edited_at: maybe_time(row.edited_at)?,
            removed_at: maybe_time(row.removed_at)?,
        })
    }
}

impl TryFrom<publication_event::Model> for PublicationEvent {
    type Error = StoreError;
    fn try_from(row: publication_event::Model) -> Result<Self> {
        Ok(Self {
            publication: PublicationId(row.publication_id),
            at: time(row.at)?,
            kind: row.kind,
            title: row.title,
            detail: row.detail,
        })
    }
}
