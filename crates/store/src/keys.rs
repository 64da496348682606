//! Keys for the API. Only a key's hash is kept, and its first characters to tell keys apart.

use crate::{
    Store,
    column::{maybe_time, ms, time},
    entity::api_key,
    error::{Result, StoreError},
};
use crier_model::{ApiKeyId, UserId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub workspace: WorkspaceId,
    /// Who made it, and in whose name it acts.
    pub user: UserId,
    pub name: String,
    /// The key's first characters.
    pub prefix: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub struct NewKey {
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub name: String,
    pub key_hash: String,
    pub prefix: String,
    pub expires_at: Option<Timestamp>,
}

pub async fn create(store: &Store, new: NewKey) -> Result<ApiKey> {
    let tx = store.begin().await?;
    let row = api_key::ActiveModel {
        id: Set(ApiKeyId::new().0),
        workspace_id: Set(new.workspace.0),
        user_id: Set(new.user.0),
        name: Set(new.name),
        key_hash: Set(new.key_hash),
        prefix: Set(new.prefix),
        created_at: Set(ms(store.now())),
        last_used_at: Set(None),
        expires_at: Set(new.expires_at.map(ms)),
    };
    let key = row.insert(&tx.inner).await?.try_into()?;
    tx.commit().await?;
    Ok(key)
}

/// The key with this hash, unless it has expired.
pub async fn by_hash(store: &Store, key_hash: &str) -> Result<Option<ApiKey>> {
    let valid =
        Condition::any().add(api_key::Column::ExpiresAt.is_null()).add(api_key::Column::ExpiresAt.gt(ms(store.now())));
    let found = api_key::Entity::find().filter(api_key::Column::KeyHash.eq(key_hash)).filter(valid);
    found.one(store.reader()).await?.map(ApiKey::try_from).transpose()
}

/// A workspace's keys, oldest first, the expired ones too.
pub async fn list(store: &Store, workspace: WorkspaceId) -> Result<Vec<ApiKey>> {
    let rows = api_key::Entity::find()
        .filter(api_key::Column::WorkspaceId.eq(workspace.0))
        .order_by_asc(api_key::Column::Id)
        .all(store.reader())
        .await?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// # Errors
/// [`StoreError::NotFound`] when the workspace has no such key.
pub async fn delete(store: &Store, workspace: WorkspaceId, id: ApiKeyId) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "DELETE FROM api_key WHERE id = $1 AND workspace_id = $2";
    let gone = tx.execute(sql, [id.0.into(), workspace.0.into()]).await?;
    tx.commit().await?;
    if gone == 0 { Err(StoreError::NotFound { what: "key" }) } else { Ok(()) }
}

/// Notes that the key was used. Call it sparingly: it is a write.
pub async fn touch(store: &Store, id: ApiKeyId) -> Result<()> {
    let tx = store.begin().await?;
    tx.execute("UPDATE api_key SET last_used_at = $2 WHERE id = $1", [id.0.into(), ms(store.now()).into()]).await?;
    tx.commit().await
}

impl TryFrom<api_key::Model> for ApiKey {
    type Error = StoreError;
    fn try_from(row: api_key::Model) -> Result<Self> {
        Ok(Self {
            id: ApiKeyId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            user: UserId(row.user_id),
            name: row.name,
            prefix: row.prefix,
            created_at: time(row.created_at)?,
            last_used_at: maybe_time(row.last_used_at)?,
            expires_at: maybe_time(row.expires_at)?,
        })
    }
}
