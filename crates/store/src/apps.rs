//! Apps: the client ids and secrets under which we speak to networks, those registered dynamically among them.

use crate::{
    Store,
    column::{from_json, json, ms, time},
    entity::app,
    error::{Result, StoreError},
};
use crier_model::{AppId, Secret, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

const TABLE: &str = "app";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    /// None: for the whole installation.
    pub workspace: Option<WorkspaceId>,
    pub network: String,
    pub instance: Option<String>,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub struct NewApp {
    pub workspace: Option<WorkspaceId>,
    pub network: String,
    pub instance: Option<String>,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    /// What the app is found by: everything it was registered for, in one string of the caller's making.
    pub lookup_key: String,
}

pub async fn get(store: &Store, id: AppId) -> Result<App> {
    let row = app::Entity::find_by_id(id.0).one(store.reader()).await?;
    read(store, row.ok_or(StoreError::NotFound { what: "app" })?)
}

pub async fn by_lookup(store: &Store, lookup_key: &str) -> Result<Option<App>> {
    let row = app::Entity::find().filter(app::Column::LookupKey.eq(lookup_key)).one(store.reader()).await?;
    row.map(|row| read(store, row)).transpose()
}

/// Keeps a freshly registered app. When another registration for the same key was kept first, that one is returned, so that all
/// use the same app.
pub async fn insert_or_get(store: &Store, new: NewApp) -> Result<App> {
    let tx = store.begin().await?;
    let id = AppId::new();
    let secret = new.client_secret.as_ref().map(|s| store.seal(TABLE, id.0, "client_secret", s)).transpose()?;
    let row = app::ActiveModel {
        id: Set(id.0),
        workspace_id: Set(new.workspace.map(|w| w.0)),
        network: Set(new.network),
        instance: Set(new.instance.unwrap_or_default()),
        client_id: Set(new.client_id),
        client_secret: Set(secret),
        redirect_uri: Set(new.redirect_uri),
        scopes: Set(json(&new.scopes, "scopes")?),
        lookup_key: Set(new.lookup_key.clone()),
        created_at: Set(ms(store.now())),
    };
    let first = OnConflict::column(app::Column::LookupKey).do_nothing().to_owned();
    app::Entity::insert(row).on_conflict(first).exec_without_returning(&tx.inner).await?;
    let row = app::Entity::find().filter(app::Column::LookupKey.eq(new.lookup_key)).one(&tx.inner).await?;
    tx.commit().await?;
    read(store, row.ok_or(StoreError::Stale { what: "app" })?)
}

/// Forgets an app, for example one the network no longer knows, so that the next connect registers anew. Its channels keep its
/// id and can no longer refresh with it.
pub async fn delete(store: &Store, id: AppId) -> Result<bool> {
    let tx = store.begin().await?;
    let gone = tx.execute("DELETE FROM app WHERE id = $1", [id.0.into()]).await?;
    tx.commit().await?;
    Ok(gone > 0)
}

/// The apps of a network: for the whole installation and of one workspace.
pub async fn list(store: &Store, workspace: WorkspaceId, network: &str) -> Result<Vec<App>> {
    let sql = "SELECT * FROM app WHERE network = $1 AND (workspace_id IS NULL OR workspace_id = $2) ORDER BY id";
    let statement = store.statement(sql, [network.into(), workspace.0.into()]);
    let rows = store.reader().query_all_raw(statement).await?;
    let models = rows.iter().map(|row| sea_orm::FromQueryResult::from_query_result(row, ""));
    models.map(|row: Result<app::Model, _>| read(store, row?)).collect()
}

fn read(store: &Store, row: app::Model) -> Result<App> {
    let secret = row.client_secret.as_deref().map(|s| store.open(TABLE, row.id, "client_secret", s)).transpose()?;
    Ok(App {
        id: AppId(row.id),
        workspace: row.workspace_id.map(WorkspaceId),
        network: row.network,
        instance: Some(row.instance).filter(|i| !i.is_empty()),
        client_id: row.client_id,
        client_secret: secret,
        redirect_uri: row.redirect_uri,
        scopes: from_json(&row.scopes, "scopes")?,
        created_at: time(row.created_at)?,
    })
}
