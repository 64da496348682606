//! Grants: what one consent gave, where several channels live on it (the pages of one account). A channel's own credentials are
//! taken from it, and it is renewed once for all of them.

use crate::{
    Store, Tx,
    channels::Credentials,
    column::ms,
    error::{Result, StoreError},
};
use crier_model::{GrantId, Secret, WorkspaceId};
use sea_orm::ConnectionTrait;

const TABLE: &str = "connect_grant";
const CREDENTIALS: &str = "credentials";

/// Keeps what a consent gave, in the transaction that makes its channels. `secret` is JSON of the caller's making; sealed on
/// the way in.
pub async fn insert_in(tx: &Tx, workspace: WorkspaceId, secret: &Secret) -> Result<GrantId> {
    let id = GrantId::new();
    let sealed = tx.store().seal(TABLE, id.0, CREDENTIALS, secret)?;
    let sql = "INSERT INTO connect_grant (id, workspace_id, credentials, credentials_version, created_at, updated_at) \
               VALUES ($1, $2, $3, 1, $4, $4)";
    tx.execute(sql, [id.0.into(), workspace.0.into(), sealed.into(), ms(tx.now()).into()]).await?;
    Ok(id)
}

/// Opens a grant's credentials.
pub async fn open(store: &Store, id: GrantId) -> Result<Credentials> {
    let sql = "SELECT credentials, credentials_version FROM connect_grant WHERE id = $1";
    let row = store.reader().query_one_raw(store.statement(sql, [id.0.into()])).await?.ok_or(NOT_FOUND)?;
    let sealed: String = row.try_get("", "credentials")?;
    let secret = store.open(TABLE, id.0, CREDENTIALS, &sealed)?;
    Ok(Credentials { secret, version: row.try_get("", "credentials_version")? })
}

/// Replaces credentials that nobody has replaced since they were opened; returns the new version.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was first, or the last channel has gone: open them again.
pub async fn set(store: &Store, id: GrantId, version: i64, secret: &Secret) -> Result<i64> {
    let tx = store.begin().await?;
    let sealed = store.seal(TABLE, id.0, CREDENTIALS, secret)?;
    let sql = "UPDATE connect_grant SET credentials = $3, credentials_version = credentials_version + 1, updated_at = $4 \
               WHERE id = $1 AND credentials_version = $2";
    let values = [id.0.into(), version.into(), sealed.into(), ms(store.now()).into()];
    if tx.execute(sql, values).await? == 0 {
        return Err(StoreError::Stale { what: "credentials" });
    }
    tx.commit().await?;
    Ok(version + 1)
}

/// Erases the workspace's grants on which no channel lives any more.
pub(crate) async fn drop_unused_in(tx: &Tx, workspace: WorkspaceId) -> Result<()> {
    let sql = "DELETE FROM connect_grant WHERE workspace_id = $1 \
               AND NOT EXISTS (SELECT 1 FROM channel c WHERE c.grant_id = connect_grant.id)";
    tx.execute(sql, [workspace.0.into()]).await?;
    Ok(())
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "grant" };
