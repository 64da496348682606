//! Workspaces and who belongs to them.

use crate::{
    Store, Tx,
    column::{maybe_time, ms, time, word},
    connection::Lock,
    entity::{member, workspace},
    error::{Result, StoreError},
    events, publications,
};
use crier_model::{
    ChannelId, UserId, WorkspaceId,
    channel::ChannelState,
    permission::{Permission, Role},
    publication::held,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// Since when nothing is sent for it; none while it is not paused.
    pub paused_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Makes a workspace with its owner.
pub async fn create_with_owner(store: &Store, name: &str, time_zone: &str, owner: UserId) -> Result<Workspace> {
    let mut tx = store.begin().await?;
    let workspace = create_in(&mut tx, name, time_zone, owner).await?;
    tx.commit().await?;
    Ok(workspace)
}

pub(crate) async fn create_in(tx: &mut Tx, name: &str, time_zone: &str, owner: UserId) -> Result<Workspace> {
    let row = workspace::ActiveModel {
        id: Set(WorkspaceId::new().0),
        name: Set(name.to_owned()),
        time_zone: Set(time_zone.to_owned()),
        paused_at: Set(None),
        created_at: Set(ms(tx.now())),
    };
    let row = row.insert(&tx.inner).await?;
    let member = member::ActiveModel {
        workspace_id: Set(row.id),
        user_id: Set(owner.0),
        role: Set(Role::Owner.as_str().to_owned()),
    };
    member::Entity::insert(member).exec_without_returning(&tx.inner).await?;
    row.try_into()
}

/// Makes a user a member, or changes their role.
pub async fn set_member(store: &Store, workspace: WorkspaceId, user: UserId, role: Role) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "INSERT INTO member (workspace_id, user_id, role) VALUES ($1, $2, $3) \
               ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role";
    tx.execute(sql, [workspace.0.into(), user.0.into(), role.as_str().into()]).await?;
    tx.commit().await
}

/// The workspaces with these ids, in no order.
pub async fn by_ids(store: &Store, ids: &[WorkspaceId]) -> Result<Vec<Workspace>> {
    let found = workspace::Entity::find().filter(workspace::Column::Id.is_in(ids.iter().map(|id| id.0)));
    found.all(store.reader()).await?.into_iter().map(Workspace::try_from).collect()
}

/// The workspaces a user belongs to, oldest first.
pub async fn for_user(store: &Store, user: UserId) -> Result<Vec<(Workspace, Role)>> {
    let sql =
        "SELECT w.*, m.role FROM member m JOIN workspace w ON w.id = m.workspace_id WHERE m.user_id = $1 ORDER BY w.id";
    let rows = store.reader().query_all_raw(store.statement(sql, [user.0.into()])).await?;
    rows.iter().map(with_role).collect()
}

/// The workspace and the user's role in it; none when they do not belong to it.
pub async fn membership(store: &Store, workspace: WorkspaceId, user: UserId) -> Result<Option<(Workspace, Role)>> {
    let sql = "SELECT w.*, m.role FROM member m JOIN workspace w ON w.id = m.workspace_id \
               WHERE m.workspace_id = $1 AND m.user_id = $2";
    let row = store.reader().query_one_raw(store.statement(sql, [workspace.0.into(), user.0.into()])).await?;
    row.as_ref().map(with_role).transpose()
}

/// Whether a user's role in a workspace allows something, and stays so until the caller's transaction ends.
pub async fn may_in(tx: &Tx, workspace: WorkspaceId, user: UserId, permission: Permission) -> Result<bool> {
    let sql = "SELECT role FROM member WHERE workspace_id = $1 AND user_id = $2";
    let row = tx.query_one(&tx.locking(sql, Lock::Keep), [workspace.0.into(), user.0.into()]).await?;
    let role = row.map(|row| row.try_get::<String>("", "role")).transpose()?;
    Ok(role.as_deref().map(word::<Role>).transpose()?.is_some_and(|role| role.may(permission)))
}

fn with_role(row: &sea_orm::QueryResult) -> Result<(Workspace, Role)> {
    let role: String = row.try_get("", "role")?;
    Ok((workspace::Model::from_query_result(row, "")?.try_into()?, word(&role)?))
}

/// # Errors
/// [`StoreError::NotFound`] when there is no such workspace.
pub async fn get(store: &Store, id: WorkspaceId) -> Result<Workspace> {
    let row = workspace::Entity::find_by_id(id.0).one(store.reader()).await?;
    row.ok_or(NOT_FOUND)?.try_into()
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "workspace" };

/// Every workspace, for work that goes over all of them.
pub async fn all(store: &Store) -> Result<Vec<WorkspaceId>> {
    use sea_orm::QuerySelect;
    let ids = workspace::Entity::find().select_only().column(workspace::Column::Id).into_tuple::<uuid::Uuid>();
    Ok(ids.all(store.reader()).await?.into_iter().map(WorkspaceId).collect())
}

/// Changes a workspace; `None` leaves a field.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such workspace.
pub async fn update(store: &Store, id: WorkspaceId, name: Option<&str>, time_zone: Option<&str>) -> Result<Workspace> {
    let tx = store.begin().await?;
    let sql = "UPDATE workspace SET name = COALESCE($2, name), time_zone = COALESCE($3, time_zone) WHERE id = $1";
    tx.execute(sql, [id.0.into(), name.into(), time_zone.into()]).await?;
    let row = workspace::Entity::find().filter(workspace::Column::Id.eq(id.0)).one(&tx.inner).await?;
    tx.commit().await?;
    row.ok_or(StoreError::NotFound { what: "workspace" })?.try_into()
}

/// Pauses a workspace, or lets it go on; true when that changed anything.
///
/// While it is paused, publications are held as `held.paused` when their time comes. When it goes on, those of channels that are
/// active go back on the schedule; those later than
/// [`crate::StoreConfig::late_window`] become `held.missed`: people decide.
pub async fn set_paused(store: &Store, id: WorkspaceId, paused: bool) -> Result<bool> {
    let mut tx = store.begin().await?;
    if paused_in(&tx, id, Lock::Change).await? == paused {
        return Ok(false);
    }
    let since = paused.then(|| ms(tx.now()));
    tx.execute("UPDATE workspace SET paused_at = $2 WHERE id = $1", [id.0.into(), since.into()]).await?;
    if !paused {
        let sql = "SELECT id FROM channel WHERE workspace_id = $1 AND state = $2 AND deleted_at IS NULL ORDER BY id";
        let values = [id.0.into(), ChannelState::Active.as_str().into()];
        for row in tx.query_all(&tx.locking(sql, Lock::Change), values).await? {
            publications::resume_in(&mut tx, ChannelId(row.try_get("", "id")?), held::PAUSED).await?;
        }
    }
    let data = serde_json::json!({ "paused": paused });
    events::append(&mut tx, id, events::kind::WORKSPACE_CHANGED, id, data);
    tx.commit().await?;
    Ok(true)
}

/// Whether a workspace is paused; it stays so, or not, until the transaction ends.
pub(crate) async fn paused_in(tx: &Tx, id: WorkspaceId, lock: Lock) -> Result<bool> {
    let sql = tx.locking("SELECT paused_at FROM workspace WHERE id = $1", lock);
    let row = tx.query_one(&sql, [id.0.into()]).await?.ok_or(StoreError::NotFound { what: "workspace" })?;
    Ok(row.try_get::<Option<i64>>("", "paused_at")?.is_some())
}

impl TryFrom<workspace::Model> for Workspace {
    type Error = StoreError;
    fn try_from(row: workspace::Model) -> Result<Self> {
        Ok(Self {
            id: WorkspaceId(row.id),
            name: row.name,
            time_zone: row.time_zone,
            paused_at: maybe_time(row.paused_at)?,
            created_at: time(row.created_at)?,
        })
    }
}
