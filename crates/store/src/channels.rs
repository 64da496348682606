//! Channels: connected accounts, their credentials and their state.

use crate::{
    Store, Tx,
    column::{from_json, json, maybe_from_json, maybe_json, maybe_time, ms, time, word},
    connection::{Lock, marks},
    due::{self, NewWork},
    entity::channel,
    error::{Result, StoreError},
    events, grants, notices, pairings, publications,
    together::{self, Queue, Together},
};
use async_trait::async_trait;
use crier_model::{
    AppId, ChannelId, Diagnosis, GrantId, Secret, WorkspaceId,
    channel::{ChannelState, Identity},
    publication::{Reason, held},
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, QueryOrder, Value,
};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

const TABLE: &str = "channel";
const CREDENTIALS: &str = "credentials";

#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    pub id: ChannelId,
    pub workspace: WorkspaceId,
    pub network: String,
    /// The way of the network by which it was last connected.
    pub way: String,
    pub instance: Option<String>,
    /// The network's own id of the account.
    pub remote_id: String,
    pub name: String,
    pub handle: String,
    pub profile_url: Option<String>,
    /// Where the network keeps the picture.
    pub avatar_source: Option<String>,
    /// Where our storage keeps it, once fetched.
    pub avatar_media_key: Option<String>,
    pub app: Option<AppId>,
    /// What its credentials are taken from, where it shares that with other channels.
    pub grant: Option<GrantId>,
    pub state: ChannelState,
    /// Why it needs reconnecting.
    pub reason: Option<Diagnosis>,
    pub scopes: Vec<String>,
    /// Goes up with every change of the credentials.
    pub credentials_version: i64,
    pub token_expires_at: Option<Timestamp>,
    /// Whether the sign-in is renewed by itself before it ends.
    pub renews: bool,
    pub last_ok_at: Option<Timestamp>,
    pub settings: Json,
    /// The most publications a day, where it differs from the installation's.
    pub daily_cap: Option<u32>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Deleted channels are kept for the history of their posts.
    pub deleted_at: Option<Timestamp>,
}

/// A channel in a list, with what waits on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelSummary {
    pub channel: Channel,
    /// Publications that are scheduled or being prepared.
    pub queued: u64,
    /// When the first of them is due.
    pub next_due_at: Option<Timestamp>,
}

/// An account that was just connected, and what speaks for it.
#[derive(Debug, Clone)]
pub struct Connected {
    pub network: String,
    pub way: String,
    pub instance: Option<String>,
    pub identity: Identity,
    pub app: Option<AppId>,
    /// What the credentials were taken from, where several channels live on it.
    pub grant: Option<GrantId>,
    pub scopes: Vec<String>,
    /// Tokens or passwords, as JSON of the caller's making; sealed on the way in.
    pub credentials: Secret,
    pub token_expires_at: Option<Timestamp>,
    /// Whether they can be renewed without the person.
    pub renews: bool,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Upserted {
    pub channel: Channel,
    /// False when the account was connected before: its channel kept its id, posts and settings.
    pub is_new: bool,
    /// How many held publications were put back on the schedule.
    pub resumed: u64,
}

/// Opened credentials with the version to hand back when changing them.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub secret: Secret,
    pub version: i64,
}

const LIST: &str = "
SELECT c.*,
  (SELECT COUNT(*) FROM publication p WHERE p.channel_id = c.id AND p.state IN ('scheduled', 'preparing')) AS queued,
  (SELECT MIN(p.due_at) FROM publication p WHERE p.channel_id = c.id AND p.state IN ('scheduled', 'preparing')) AS next_due_at
FROM channel c WHERE c.workspace_id = $1 AND c.deleted_at IS NULL";

/// A workspace's channels, oldest first, with what is queued on each: one query.
pub async fn list(store: &Store, workspace: WorkspaceId) -> Result<Vec<ChannelSummary>> {
    summaries(store, &format!("{LIST} ORDER BY c.id"), vec![workspace.0.into()]).await
}

/// One channel of a workspace, with what is queued on it.
pub async fn summary(store: &Store, workspace: WorkspaceId, id: ChannelId) -> Result<ChannelSummary> {
    let found = summaries(store, &format!("{LIST} AND c.id = $2"), vec![workspace.0.into(), id.0.into()]).await?;
    found.into_iter().next().ok_or(NOT_FOUND)
}

async fn summaries(store: &Store, sql: &str, values: Vec<Value>) -> Result<Vec<ChannelSummary>> {
    let rows = store.reader().query_all_raw(store.statement(sql, values)).await?;
    let summary = |row: &sea_orm::QueryResult| {
        let queued: i64 = row.try_get("", "queued")?;
        Ok(ChannelSummary {
            channel: channel::Model::from_query_result(row, "")?.try_into()?,
            queued: queued.unsigned_abs(),
            next_due_at: maybe_time(row.try_get("", "next_due_at")?)?,
        })
    };
    rows.iter().map(summary).collect()
}

/// A channel by id, in whatever workspace, deleted ones too.
pub async fn by_id(store: &Store, id: ChannelId) -> Result<Channel> {
    together::ask(store, ById(id)).await
}

/// Asks for a channel.
pub(crate) struct ById(ChannelId);

#[async_trait]
impl Together for ById {
    type Done = Channel;

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().channels
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Channel>>> {
        let found = by_ids(store, &all.iter().map(|ById(id)| *id).collect()).await?;
        Ok(all.iter().map(|ById(id)| found.get(id).cloned().ok_or(NOT_FOUND)).collect())
    }
}

/// These channels, in whatever workspace, deleted ones too.
pub(crate) async fn by_ids(store: &Store, ids: &BTreeSet<ChannelId>) -> Result<HashMap<ChannelId, Channel>> {
    let wanted = channel::Entity::find().filter(channel::Column::Id.is_in(ids.iter().map(|id| id.0)));
    let rows = wanted.all(store.reader()).await?;
    rows.into_iter().map(|row| Ok((ChannelId(row.id), row.try_into()?))).collect()
}

/// A channel of this workspace that is not deleted.
pub async fn get(store: &Store, workspace: WorkspaceId, id: ChannelId) -> Result<Channel> {
    let found = channel::Entity::find_by_id(id.0)
        .filter(channel::Column::WorkspaceId.eq(workspace.0))
        .filter(channel::Column::DeletedAt.is_null());
    found.one(store.reader()).await?.ok_or(NOT_FOUND)?.try_into()
}

/// The channel that a network knows by this id, in whatever workspace, deleted ones too. Only for networks whose ids are those of
/// one place.
pub async fn by_remote_id(store: &Store, network: &str, remote_id: &str) -> Result<Option<Channel>> {
    let found = channel::Entity::find()
        .filter(channel::Column::Network.eq(network))
        .filter(channel::Column::RemoteId.eq(remote_id))
        .order_by_desc(channel::Column::Id);
    found.one(store.reader()).await?.map(Channel::try_from).transpose()
}

/// The channels with these ids that belong to the workspace and are not deleted, in no order.
pub async fn get_many(store: &Store, workspace: WorkspaceId, ids: &[ChannelId]) -> Result<Vec<Channel>> {
    let rows = channel::Entity::find()
        .filter(channel::Column::WorkspaceId.eq(workspace.0))
        .filter(channel::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .filter(channel::Column::DeletedAt.is_null())
        .all(store.reader())
        .await?;
    rows.into_iter().map(Channel::try_from).collect()
}

/// The channels that live on a grant, in no order.
pub async fn of_grant(store: &Store, grant: GrantId) -> Result<Vec<Channel>> {
    let rows = channel::Entity::find()
        .filter(channel::Column::GrantId.eq(grant.0))
        .filter(channel::Column::DeletedAt.is_null())
        .all(store.reader())
        .await?;
    rows.into_iter().map(Channel::try_from).collect()
}

/// Makes a channel of a connected account, or brings the one it has up to date: it keeps its id, posts and settings, comes back
/// if it was deleted, becomes active unless a person disabled it, and the publications held for a reconnect go back on the
/// schedule (those later than [`crate::StoreConfig::late_window`] become `held.missed`: people decide).
///
/// `work` is written with it, once the id is known: refreshing, fetching the picture.
pub async fn upsert_connected(
    store: &Store,
    workspace: WorkspaceId,
    connected: &Connected,
    work: impl FnOnce(ChannelId) -> Vec<NewWork>,
) -> Result<Upserted> {
    let mut tx = store.begin().await?;
    let upserted = upsert_connected_in(&mut tx, workspace, connected, work).await?;
    tx.commit().await?;
    Ok(upserted)
}

/// As [`upsert_connected`], in the caller's transaction.
pub async fn upsert_connected_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    connected: &Connected,
    work: impl FnOnce(ChannelId) -> Vec<NewWork>,
) -> Result<Upserted> {
    let (id, is_new) = find_or_insert_in(tx, workspace, connected).await?;
    let row = channel::Entity::find_by_id(id.0).one(&tx.inner).await?.ok_or(NOT_FOUND)?;
    let disabled = row.state == ChannelState::Disabled.as_str() && row.deleted_at.is_none();
    let state = if disabled { ChannelState::Disabled } else { ChannelState::Active };
    let version = row.credentials_version + 1;
    let mut row = row.into_active_model();
    let identity = &connected.identity;
    row.name = Set(identity.name.clone());
    row.handle = Set(identity.handle.clone());
    row.profile_url = Set(identity.profile_url.clone());
    row.avatar_source = Set(identity.avatar_url.clone());
    row.way = Set(connected.way.clone());
    row.app_id = Set(connected.app.map(|app| app.0));
    row.grant_id = Set(connected.grant.map(|grant| grant.0));
    row.state = Set(state.as_str().to_owned());
    row.reason = Set(None);
    row.scopes = Set(json(&connected.scopes, "scopes")?);
    row.credentials = Set(tx.store().seal(TABLE, id.0, CREDENTIALS, &connected.credentials)?);
    row.credentials_version = Set(version);
    row.token_expires_at = Set(connected.token_expires_at.map(ms));
    row.renews = Set(connected.renews);
    row.last_ok_at = Set(Some(ms(tx.now())));
    row.updated_at = Set(ms(tx.now()));
    row.deleted_at = Set(None);
    let channel: Channel = row.update(&tx.inner).await?.try_into()?;
    let mut resumed = publications::resume_in(tx, id, held::RECONNECT).await?;
    if state == ChannelState::Active {
        // What a pause held that has ended while the channel could not send.
        resumed += publications::resume_in(tx, id, held::PAUSED).await?;
    }
    events::channel_changed(tx, workspace, id, state.as_str());
    due::upsert_in(tx, &work(id)).await?;
    grants::drop_unused_in(tx, workspace).await?;
    Ok(Upserted { channel, is_new, resumed })
}

/// Finds the account's channel and locks it, or inserts an empty one.
async fn find_or_insert_in(tx: &Tx, workspace: WorkspaceId, connected: &Connected) -> Result<(ChannelId, bool)> {
    let fresh = ChannelId::new();
    let now = ms(tx.now());
    let instance = connected.instance.as_deref().unwrap_or_default();
    let place = |rest: Vec<Value>| {
        let mut values: Vec<Value> = vec![
            workspace.0.into(),
            connected.network.as_str().into(),
            instance.into(),
            connected.identity.remote_id.as_str().into(),
        ];
        values.extend(rest);
        values
    };
    let sql = "INSERT INTO channel (workspace_id, network, instance, remote_id, id, way, name, handle, state, scopes, credentials, \
               credentials_version, renews, settings, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, '', '', '', 'active', '[]', '', 0, FALSE, '{}', $6, $6) \
               ON CONFLICT (workspace_id, network, instance, remote_id) DO NOTHING";
    if tx.execute(sql, place(vec![fresh.0.into(), now.into()])).await? > 0 {
        return Ok((fresh, true));
    }
    let sql = "SELECT id FROM channel WHERE workspace_id = $1 AND network = $2 AND instance = $3 AND remote_id = $4";
    let row = tx.query_one(&tx.locking(sql, Lock::Change), place(Vec::new())).await?.ok_or(NOT_FOUND)?;
    Ok((ChannelId(row.try_get("", "id")?), false))
}

/// Sets the state; true when it was another. A channel that becomes active again resumes what was held for that reason.
///
/// A channel that stops being active does not touch its publications: each is held when its time comes, by whoever sends it, so
/// that a channel mended in time loses nothing.
pub async fn set_state(store: &Store, id: ChannelId, state: ChannelState, reason: Option<&Diagnosis>) -> Result<bool> {
    let mut tx = store.begin().await?;
    let changed = set_state_in(&mut tx, id, state, reason).await?;
    tx.commit().await?;
    Ok(changed)
}

/// As [`set_state`], in the caller's transaction.
pub async fn set_state_in(tx: &mut Tx, id: ChannelId, state: ChannelState, reason: Option<&Diagnosis>) -> Result<bool> {
    let (workspace, before) = lock_in(tx, id).await?;
    let sql = "UPDATE channel SET state = $2, reason = $3, updated_at = $4 WHERE id = $1";
    let told = reason;
    let reason = maybe_json(reason, "diagnosis")?;
    tx.execute(sql, [id.0.into(), state.as_str().into(), reason.into(), ms(tx.now()).into()]).await?;
    if before == state {
        return Ok(false);
    }
    if state == ChannelState::Active {
        publications::resume_in(tx, id, held::RECONNECT).await?;
        publications::resume_in(tx, id, held::PAUSED).await?;
    }
    if state == ChannelState::NeedsReconnect {
        notices::needs_reconnect_in(tx, workspace, id, told).await?;
    }
    events::channel_changed(tx, workspace, id, state.as_str());
    Ok(true)
}

/// Locks a channel that is not deleted; its workspace and state.
async fn lock_in(tx: &Tx, id: ChannelId) -> Result<(WorkspaceId, ChannelState)> {
    let sql = "SELECT workspace_id, state FROM channel WHERE id = $1 AND deleted_at IS NULL";
    let row = tx.query_one(&tx.locking(sql, Lock::Change), [id.0.into()]).await?.ok_or(NOT_FOUND)?;
    let state: String = row.try_get("", "state")?;
    Ok((WorkspaceId(row.try_get("", "workspace_id")?), word(&state)?))
}

/// Opens a channel's credentials.
pub async fn open_credentials(store: &Store, id: ChannelId) -> Result<Credentials> {
    let Sealed { envelope, version } = together::ask(store, SealedOf(id)).await?;
    Ok(Credentials { secret: store.open(TABLE, id.0, CREDENTIALS, &envelope)?, version })
}

/// Asks for the sealed credentials of a channel that is not deleted.
pub(crate) struct SealedOf(ChannelId);

#[derive(Clone)]
pub(crate) struct Sealed {
    envelope: String,
    version: i64,
}

#[async_trait]
impl Together for SealedOf {
    type Done = Sealed;

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().sealed
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Sealed>>> {
        let (ids, values) = marks(all.iter().map(|SealedOf(id)| id.0));
        let sql = format!(
            "SELECT id, credentials, credentials_version FROM channel WHERE id IN ({ids}) AND deleted_at IS NULL"
        );
        let mut found = HashMap::new();
        for row in store.reader().query_all_raw(store.statement(&sql, values)).await? {
            let sealed =
                Sealed { envelope: row.try_get("", "credentials")?, version: row.try_get("", "credentials_version")? };
            found.insert(ChannelId(row.try_get("", "id")?), sealed);
        }
        Ok(all.iter().map(|SealedOf(id)| found.get(id).cloned().ok_or(NOT_FOUND)).collect())
    }
}

/// Replaces credentials that nobody has replaced since they were opened; returns the new version. `work` is written with them:
/// the next refresh.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was first: open them again.
pub async fn set_credentials(
    store: &Store,
    id: ChannelId,
    version: i64,
    secret: &Secret,
    token_expires_at: Option<Timestamp>,
    work: &[NewWork],
) -> Result<i64> {
    let mut tx = store.begin().await?;
    let sealed = store.seal(TABLE, id.0, CREDENTIALS, secret)?;
    let sql = "UPDATE channel SET credentials = $3, credentials_version = credentials_version + 1, token_expires_at = $4, \
               updated_at = $5 WHERE id = $1 AND credentials_version = $2 AND deleted_at IS NULL";
    let expires = token_expires_at.map(ms);
    let values = [id.0.into(), version.into(), sealed.into(), expires.into(), ms(store.now()).into()];
    if tx.execute(sql, values).await? == 0 {
        return Err(StoreError::Stale { what: "credentials" });
    }
    due::upsert_in(&mut tx, work).await?;
    tx.commit().await?;
    Ok(version + 1)
}

/// Notes where the storage keeps the channel's picture; none shows the initials.
pub async fn set_avatar(store: &Store, id: ChannelId, media_key: Option<&str>) -> Result<()> {
    let mut tx = store.begin().await?;
    let (workspace, state) = lock_in(&tx, id).await?;
    let sql = "UPDATE channel SET avatar_media_key = $2, updated_at = $3 WHERE id = $1";
    tx.execute(sql, [id.0.into(), media_key.into(), ms(store.now()).into()]).await?;
    events::channel_changed(&mut tx, workspace, id, state.as_str());
    tx.commit().await
}

/// Gives the channel another name here.
pub async fn rename(store: &Store, workspace: WorkspaceId, id: ChannelId, name: &str) -> Result<()> {
    update_field(store, workspace, id, "name", name).await
}

/// Sets how many publications may go out on the channel in a day; none takes the installation's number.
pub async fn set_daily_cap(store: &Store, workspace: WorkspaceId, id: ChannelId, cap: Option<u32>) -> Result<()> {
    let mut tx = store.begin().await?;
    update_field_in(&mut tx, workspace, id, "daily_cap", cap.map(i64::from)).await?;
    tx.commit().await
}

/// Replaces the channel's settings.
pub async fn set_settings(store: &Store, workspace: WorkspaceId, id: ChannelId, settings: &Json) -> Result<()> {
    update_field(store, workspace, id, "settings", &json(settings, "settings")?).await
}

/// As [`set_settings`], in the caller's transaction.
pub async fn set_settings_in(tx: &mut Tx, workspace: WorkspaceId, id: ChannelId, settings: &Json) -> Result<()> {
    update_field_in(tx, workspace, id, "settings", json(settings, "settings")?).await
}

async fn update_field(store: &Store, workspace: WorkspaceId, id: ChannelId, column: &str, value: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    update_field_in(&mut tx, workspace, id, column, value).await?;
    tx.commit().await
}

async fn update_field_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: ChannelId,
    column: &str,
    value: impl Into<Value>,
) -> Result<()> {
    let (owner, state) = lock_in(tx, id).await?;
    if owner != workspace {
        return Err(NOT_FOUND);
    }
    let sql = format!("UPDATE channel SET {column} = $2, updated_at = $3 WHERE id = $1");
    tx.execute(&sql, [id.0.into(), value.into(), ms(tx.now()).into()]).await?;
    events::channel_changed(tx, workspace, id, state.as_str());
    Ok(())
}

/// Deletes a channel: its credentials are erased, what has not been sent is cancelled, its history stays. Connecting the account
/// again brings it back. Returns how many publications were cancelled.
///
/// # Errors
/// Conflict `channel.sending` while one of its publications is being sent.
pub async fn delete(store: &Store, workspace: WorkspaceId, id: ChannelId) -> Result<u64> {
    let mut tx = store.begin().await?;
    let (owner, _) = lock_in(&tx, id).await?;
    if owner != workspace {
        return Err(NOT_FOUND);
    }
    let reason =
        Reason::new("cancelled.channel_deleted", "Channel deleted", "The channel was deleted before this was sent.");
    let cancelled = publications::cancel_channel_in(&mut tx, id, &reason).await?;
    let others: Vec<_> =
        [due::kind::REFRESH, due::kind::AVATAR, due::kind::NUMBERS].map(|kind| (kind, id.to_string())).into();
    due::remove_in(&mut tx, &others, &BTreeSet::<Uuid>::new()).await?;
    let erased = store.seal(TABLE, id.0, CREDENTIALS, &Secret::default())?;
    let sql = "UPDATE channel SET deleted_at = $2, updated_at = $2, credentials = $3, \
               credentials_version = credentials_version + 1, grant_id = NULL, token_expires_at = NULL, reason = NULL \
               WHERE id = $1";
    tx.execute(sql, [id.0.into(), ms(store.now()).into(), erased.into()]).await?;
    grants::drop_unused_in(&tx, workspace).await?;
    pairings::end_in(&tx, id).await?;
    events::channel_changed(&mut tx, workspace, id, "deleted");
    tx.commit().await?;
    Ok(cancelled)
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "channel" };

impl TryFrom<channel::Model> for Channel {
    type Error = StoreError;
    fn try_from(row: channel::Model) -> Result<Self> {
        Ok(Self {
            id: ChannelId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            network: row.network,
            way: row.way,
            instance: Some(row.instance).filter(|i| !i.is_empty()),
            remote_id: row.remote_id,
            name: row.name,
            handle: row.handle,
            profile_url: row.profile_url,
            avatar_source: row.avatar_source,
            avatar_media_key: row.avatar_media_key,
            app: row.app_id.map(AppId),
            grant: row.grant_id.map(GrantId),
            state: word(&row.state)?,
            reason: maybe_from_json(row.reason.as_deref(), "diagnosis")?,
            scopes: from_json(&row.scopes, "scopes")?,
            credentials_version: row.credentials_version,
            token_expires_at: maybe_time(row.token_expires_at)?,
            renews: row.renews,
            last_ok_at: maybe_time(row.last_ok_at)?,
            settings: from_json(&row.settings, "settings")?,
            daily_cap: row.daily_cap.map(|cap| u32::try_from(cap).unwrap_or(u32::MAX)),
            created_at: time(row.created_at)?,
            updated_at: time(row.updated_at)?,
            deleted_at: maybe_time(row.deleted_at)?,
        })
    }
}
