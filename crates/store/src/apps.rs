//! Apps: the client ids and secrets under which we speak to networks, those registered dynamically among them.

use crate::{
    Store,
    column::{from_json, json, maybe_time, ms, time},
    entity::app,
    error::{Result, StoreError},
};
use crier_model::{AppId, Secret, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel,
    QueryFilter, sea_query::OnConflict,
};
use uuid::Uuid;

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
    /// Of the app's bot, where the network has both.
    pub bot_token: Option<Secret>,
    pub redirect_uri: String,
    pub scopes: Vec<String>,
    /// When a person set it up here; none for one that was configured or registered, or that another has replaced.
    pub set_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// What an app is set up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// None: for the whole installation.
    pub workspace: Option<WorkspaceId>,
    pub network: &'a str,
    /// The server's origin, for networks made of many.
    pub instance: Option<&'a str>,
}

impl Slot<'_> {
    fn key(&self) -> String {
        let workspace = self.workspace.map_or_else(|| "-".to_owned(), |id| id.to_string());
        format!("{workspace} {} {}", self.network, self.instance.unwrap_or("-"))
    }
}

/// An app with what depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppInUse {
    pub app: App,
    /// Channels whose sign-in it got, and without it can't be renewed.
    pub channels: u64,
}

#[derive(Debug, Clone)]
pub struct NewApp {
    pub workspace: Option<WorkspaceId>,
    pub network: String,
    pub instance: Option<String>,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// Of the app's bot, where the network has both.
    pub bot_token: Option<Secret>,
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
    let bot_token = new.bot_token.as_ref().map(|s| store.seal(TABLE, id.0, "bot_token", s)).transpose()?;
    let row = app::ActiveModel {
        id: Set(id.0),
        workspace_id: Set(new.workspace.map(|w| w.0)),
        network: Set(new.network),
        instance: Set(new.instance.unwrap_or_default()),
        client_id: Set(new.client_id),
        client_secret: Set(secret),
        bot_token: Set(bot_token),
        redirect_uri: Set(new.redirect_uri),
        scopes: Set(json(&new.scopes, "scopes")?),
        lookup_key: Set(new.lookup_key.clone()),
        slot: Set(None),
        set_at: Set(None),
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

/// What a person enters of an app.
#[derive(Debug, Clone, Copy)]
pub struct Entered<'a> {
    pub client_id: &'a str,
    /// None keeps the one there is for the same client id; so with the bot's token.
    pub client_secret: Option<&'a Secret>,
    pub bot_token: Option<&'a Secret>,
}

impl<'a> Entered<'a> {
    /// An app without a bot.
    #[must_use]
    pub fn new(client_id: &'a str, client_secret: Option<&'a Secret>) -> Self {
        Self { client_id, client_secret, bot_token: None }
    }
}

/// Sets an app up. The same client id again takes the new secrets; another client id takes its place,
/// and the one before stays for as long as channels need it.
pub async fn set(store: &Store, slot: Slot<'_>, entered: Entered<'_>, redirect_uri: &str) -> Result<App> {
    let client_id = entered.client_id;
    let tx = store.begin().await?;
    let (key, lookup_key) = (slot.key(), format!("set {} {client_id}", slot.key()));
    let place = "UPDATE app SET slot = NULL, set_at = NULL WHERE slot = $1 AND lookup_key <> $2";
    tx.execute(place, [key.as_str().into(), lookup_key.as_str().into()]).await?;
    let unused = "DELETE FROM app WHERE slot IS NULL AND network = $1 AND lookup_key LIKE 'set %' AND lookup_key <> $2 \
                  AND NOT EXISTS (SELECT 1 FROM channel WHERE app_id = app.id AND deleted_at IS NULL) \
                  AND NOT EXISTS (SELECT 1 FROM connect_attempt a WHERE a.app_id = app.id AND a.expires_at > $3)";
    tx.execute(unused, [slot.network.into(), lookup_key.as_str().into(), ms(store.now()).into()]).await?;
    let known = app::Entity::find().filter(app::Column::LookupKey.eq(lookup_key.as_str())).one(&tx.inner).await?;
    let id = known.as_ref().map_or_else(Uuid::now_v7, |row| row.id);
    let seal = |field, secret: Option<&Secret>| secret.map(|secret| store.seal(TABLE, id, field, secret)).transpose();
    let client_secret = seal("client_secret", entered.client_secret)?;
    let bot_token = seal("bot_token", entered.bot_token)?;
    let row = match known {
        Some(row) => {
            let client_secret = client_secret.or_else(|| row.client_secret.clone());
            let bot_token = bot_token.or_else(|| row.bot_token.clone());
            let mut row = row.into_active_model();
            row.slot = Set(Some(key));
            row.set_at = Set(Some(ms(store.now())));
            row.client_secret = Set(client_secret);
            row.bot_token = Set(bot_token);
            row.redirect_uri = Set(redirect_uri.to_owned());
            row.update(&tx.inner).await?
        }
        None => {
            let row = app::ActiveModel {
                id: Set(id),
                workspace_id: Set(slot.workspace.map(|w| w.0)),
                network: Set(slot.network.to_owned()),
                instance: Set(slot.instance.unwrap_or_default().to_owned()),
                client_id: Set(client_id.to_owned()),
                client_secret: Set(client_secret),
                bot_token: Set(bot_token),
                redirect_uri: Set(redirect_uri.to_owned()),
                scopes: Set("[]".to_owned()),
                lookup_key: Set(lookup_key),
                slot: Set(Some(key)),
                set_at: Set(Some(ms(store.now()))),
                created_at: Set(ms(store.now())),
            };
            row.insert(&tx.inner).await?
        }
    };
    tx.commit().await?;
    read(store, row)
}

/// The app set up for exactly this.
pub async fn at(store: &Store, slot: Slot<'_>) -> Result<Option<App>> {
    let row = app::Entity::find().filter(app::Column::Slot.eq(slot.key())).one(store.reader()).await?;
    row.map(|row| read(store, row)).transpose()
}

/// Removes the app set up for exactly this, and with it the means to renew the sign-ins of its channels. Returns how many
/// channels that concerns.
///
/// # Errors
/// [`StoreError::NotFound`]; conflict `app.in_use` when channels depend on it and `force` is not given: then nothing is changed.
pub async fn remove(store: &Store, slot: Slot<'_>, force: bool) -> Result<u64> {
    let tx = store.begin().await?;
    let row = app::Entity::find().filter(app::Column::Slot.eq(slot.key())).one(&tx.inner).await?;
    let id = row.ok_or(StoreError::NotFound { what: "app" })?.id;
    let sql = "SELECT COUNT(*) AS n FROM channel WHERE app_id = $1 AND deleted_at IS NULL";
    let row = tx.query_one(sql, [id.into()]).await?.ok_or(StoreError::NotFound { what: "app" })?;
    let channels: i64 = row.try_get("", "n")?;
    if channels > 0 && !force {
        return Err(StoreError::Conflict { what: "app.in_use" });
    }
    tx.execute("DELETE FROM app WHERE id = $1", [id.into()]).await?;
    tx.commit().await?;
    Ok(channels.unsigned_abs())
}

/// The apps set up for the installation (`workspace` none) or for one workspace, with what depends on each, by network.
pub async fn set_up(store: &Store, workspace: Option<WorkspaceId>) -> Result<Vec<AppInUse>> {
    let whose = match workspace {
        Some(_) => "workspace_id = $1",
        None => "workspace_id IS NULL",
    };
    let sql = format!(
        "SELECT app.*, (SELECT COUNT(*) FROM channel c WHERE c.app_id = app.id AND c.deleted_at IS NULL) AS channels \
         FROM app WHERE slot IS NOT NULL AND {whose} ORDER BY network, instance"
    );
    let statement = store.statement(&sql, workspace.map(|id| id.0.into()));
    let rows = store.reader().query_all_raw(statement).await?;
    let in_use = |row: &sea_orm::QueryResult| {
        let channels: i64 = row.try_get("", "channels")?;
        let app = read(store, app::Model::from_query_result(row, "")?)?;
        Ok(AppInUse { app, channels: channels.unsigned_abs() })
    };
    rows.iter().map(in_use).collect()
}

/// The servers that channels are connected to, by network: at most `limit`, those with the most channels first.
pub async fn servers_in_use(store: &Store, limit: u64) -> Result<Vec<(String, String)>> {
    let sql = format!(
        "SELECT network, instance FROM channel WHERE instance <> '' AND deleted_at IS NULL \
         GROUP BY network, instance ORDER BY COUNT(*) DESC, network, instance LIMIT {limit}"
    );
    let rows = store.reader().query_all_raw(store.statement(&sql, [])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "network")?, row.try_get("", "instance")?))).collect()
}

/// The apps of a network: for the whole installation and of one workspace.
pub async fn list(store: &Store, workspace: WorkspaceId, network: &str) -> Result<Vec<App>> {
    let sql = "SELECT * FROM app WHERE network = $1 AND (workspace_id IS NULL OR workspace_id = $2) ORDER BY id";
    let statement = store.statement(sql, [network.into(), workspace.0.into()]);
    let rows = store.reader().query_all_raw(statement).await?;
    let models = rows.iter().map(|row| FromQueryResult::from_query_result(row, ""));
    models.map(|row: Result<app::Model, _>| read(store, row?)).collect()
}

fn read(store: &Store, row: app::Model) -> Result<App> {
    let open = |field, sealed: Option<&str>| sealed.map(|s| store.open(TABLE, row.id, field, s)).transpose();
    let client_secret = open("client_secret", row.client_secret.as_deref())?;
    let bot_token = open("bot_token", row.bot_token.as_deref())?;
    Ok(App {
        id: AppId(row.id),
        workspace: row.workspace_id.map(WorkspaceId),
        network: row.network,
        instance: Some(row.instance).filter(|i| !i.is_empty()),
        client_id: row.client_id,
        client_secret,
        bot_token,
        redirect_uri: row.redirect_uri,
        scopes: from_json(&row.scopes, "scopes")?,
        set_at: maybe_time(row.set_at)?,
        created_at: time(row.created_at)?,
    })
}
