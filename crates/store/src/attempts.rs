//! Attempts: one row is the whole truth of one handshake, and its history is only added to.

use crate::{
    Store, Tx,
    column::{from_json, maybe_from_json, maybe_json, maybe_time, ms, time, word},
    entity::{connect_attempt, connect_attempt_channel, connect_event},
    error::{Result, StoreError},
    events,
};
use crier_model::{
    AppId, AttemptId, ChannelId, Diagnosis, InviteId, Secret, UserId, WorkspaceId,
    attempt::{AttemptState, Starter},
    channel::Identity,
};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, Value, sea_query::Query,
};
use uuid::Uuid;

const TABLE: &str = "connect_attempt";

#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    pub id: AttemptId,
    pub workspace: WorkspaceId,
    pub network: String,
    /// Which of the network's ways to connect.
    pub way: String,
    pub instance: Option<String>,
    pub app: Option<AppId>,
    /// `new`, `reconnect` or `invite`: the last exactly when a link began it.
    pub purpose: String,
    /// The channel to be reconnected, or the one it became.
    pub channel: Option<ChannelId>,
    pub started_by: Starter,
    pub state: AttemptState,
    pub browser_hash: String,
    pub pkce_verifier: Option<Secret>,
    pub redirect_uri: String,
    pub authorize_url: Option<String>,
    pub code_hash: Option<String>,
    pub nonce_hash: Option<String>,
    /// Tokens that wait for a person or for the identity call.
    pub parked: Option<Secret>,
    pub account: Option<Identity>,
    pub granted: Vec<String>,
    pub diagnosis: Option<Diagnosis>,
    pub created_at: Timestamp,
    pub returned_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    /// Goes up with every change.
    pub version: i64,
}

#[derive(Debug, Clone)]
pub struct NewAttempt {
    pub workspace: WorkspaceId,
    pub network: String,
    /// Which of the network's ways to connect.
    pub way: String,
    pub instance: Option<String>,
    pub app: Option<AppId>,
    /// `new`, `reconnect` or `invite`: the last exactly when a link began it.
    pub purpose: String,
    pub channel: Option<ChannelId>,
    pub started_by: Starter,
    pub state_hash: String,
    pub browser_hash: String,
    pub pkce_verifier: Option<Secret>,
    pub redirect_uri: String,
    pub authorize_url: Option<String>,
    pub expires_at: Timestamp,
}

/// What a transition writes besides the state; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub app: Option<AppId>,
    pub channel: Option<ChannelId>,
    pub authorize_url: Option<String>,
    /// Where the network names what takes the state's part.
    pub state_hash: Option<String>,
    pub code_hash: Option<String>,
    pub nonce_hash: Option<String>,
    pub parked: Option<Secret>,
    /// Erases what was parked; wins over `parked`.
    pub erase_parked: bool,
    pub account: Option<Identity>,
    pub granted: Option<Vec<String>>,
    pub diagnosis: Option<Diagnosis>,
    pub erase_diagnosis: bool,
    pub returned_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// Only if the attempt still has this version.
    pub version: Option<i64>,
    /// A line for the history.
    pub note: Option<Note>,
}

/// A line of history: what happened, in plain words without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub title: String,
    pub detail: String,
}

impl Note {
    pub fn new(title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { title: title.into(), detail: detail.into() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptEvent {
    pub attempt: AttemptId,
    pub at: Timestamp,
    /// The attempt's state when it happened.
    pub state: AttemptState,
    pub title: String,
    pub detail: String,
}

/// Starts an attempt. The row takes the id given, so that addresses made before it is written can name it.
pub async fn create(store: &Store, id: AttemptId, new: NewAttempt, note: Note) -> Result<Attempt> {
    let mut tx = store.begin().await?;
    let verifier = new.pkce_verifier.as_ref().map(|v| store.seal(TABLE, id.0, "pkce_verifier", v)).transpose()?;
    let row = connect_attempt::ActiveModel {
        id: Set(id.0),
        workspace_id: Set(new.workspace.0),
        network: Set(new.network),
        way: Set(new.way),
        instance: Set(new.instance.unwrap_or_default()),
        app_id: Set(new.app.map(|app| app.0)),
        purpose: Set(new.purpose),
        channel_id: Set(new.channel.map(|channel| channel.0)),
        started_by: Set(match new.started_by {
            Starter::User(user) => user.0,
            Starter::Invite(invite) => invite.0,
        }),
        state: Set(AttemptState::Started.as_str().to_owned()),
        state_hash: Set(new.state_hash),
        browser_hash: Set(new.browser_hash),
        pkce_verifier: Set(verifier),
        redirect_uri: Set(new.redirect_uri),
        authorize_url: Set(new.authorize_url),
        code_hash: Set(None),
        nonce_hash: Set(None),
        parked: Set(None),
        account: Set(None),
        granted: Set("[]".to_owned()),
        diagnosis: Set(None),
        code: Set(None),
        created_at: Set(ms(store.now())),
        returned_at: Set(None),
        expires_at: Set(ms(new.expires_at)),
        version: Set(1),
    };
    let attempt = read(store, row.insert(&tx.inner).await?)?;
    append_event_in(&mut tx, &attempt, note).await?;
    events::attempt_changed(&mut tx, attempt.workspace, id, attempt.state.as_str(), attempt.channel);
    tx.commit().await?;
    Ok(attempt)
}

/// The attempt a returning browser names, by the hash of its state.
pub async fn by_state_hash(store: &Store, state_hash: &str) -> Result<Option<Attempt>> {
    let found = connect_attempt::Entity::find().filter(connect_attempt::Column::StateHash.eq(state_hash));
    found.one(store.reader()).await?.map(|row| read(store, row)).transpose()
}

/// An attempt by id, in whatever workspace.
pub async fn by_id(store: &Store, id: AttemptId) -> Result<Attempt> {
    read(store, connect_attempt::Entity::find_by_id(id.0).one(store.reader()).await?.ok_or(NOT_FOUND)?)
}

/// An attempt of this workspace.
pub async fn get(store: &Store, workspace: WorkspaceId, id: AttemptId) -> Result<Attempt> {
    let found = connect_attempt::Entity::find_by_id(id.0).filter(connect_attempt::Column::WorkspaceId.eq(workspace.0));
    read(store, found.one(store.reader()).await?.ok_or(NOT_FOUND)?)
}

/// A workspace's attempts, newest first; with `open`, only those that have neither ended nor lapsed.
pub async fn list(store: &Store, workspace: WorkspaceId, open: bool, limit: u64) -> Result<Vec<Attempt>> {
    let mut query = connect_attempt::Entity::find().filter(connect_attempt::Column::WorkspaceId.eq(workspace.0));
    if open {
        query = query
            .filter(connect_attempt::Column::State.is_not_in(final_states()))
            .filter(connect_attempt::Column::ExpiresAt.gt(ms(store.now())));
    }
    let rows = query.order_by_desc(connect_attempt::Column::Id).limit(limit).all(store.reader()).await?;
    rows.into_iter().map(|row| read(store, row)).collect()
}

/// Which attempts are looked for; what is `None` or empty does not matter.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub workspace: Option<WorkspaceId>,
    pub network: Option<String>,
    pub states: Vec<AttemptState>,
    /// The diagnosis' code.
    pub code: Option<String>,
    pub started_by: Option<UserId>,
    /// Started at this time or later.
    pub from: Option<Timestamp>,
    /// Started before this time.
    pub to: Option<Timestamp>,
    /// The last of the page before.
    pub after: Option<AttemptId>,
}

/// The attempts looked for, in whatever workspace, newest first. A cursor that names no attempt finds nothing.
pub async fn search(store: &Store, search: &Search, limit: u64) -> Result<Vec<Attempt>> {
    let mut values: Vec<Value> = Vec::new();
    let mut wanted = vec!["TRUE".to_owned()];
    let mut want = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            wanted.push(condition.replace('?', &format!("${}", values.len())));
        }
    };
    want("workspace_id = ?", search.workspace.map(|id| id.0.into()));
    want("network = ?", search.network.as_deref().map(Value::from));
    want("code = ?", search.code.as_deref().map(Value::from));
    want("started_by = ?", search.started_by.map(|id| id.0.into()));
    want("created_at >= ?", search.from.map(|at| ms(at).into()));
    want("created_at < ?", search.to.map(|at| ms(at).into()));
    let before = "(created_at, id) < (SELECT created_at, id FROM connect_attempt WHERE id = ?)";
    want(before, search.after.map(|id| id.0.into()));
    if !search.states.is_empty() {
        let states: Vec<_> = search.states.iter().map(|state| format!("'{state}'")).collect();
        wanted.push(format!("state IN ({})", states.join(", ")));
    }
    let sql = format!(
        "SELECT * FROM connect_attempt WHERE {} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        wanted.join(" AND ")
    );
    let rows = store.reader().query_all_raw(store.statement(&sql, values)).await?;
    rows.iter().map(|row| read(store, connect_attempt::Model::from_query_result(row, "")?)).collect()
}

/// The attempts that made or reconnected a channel, or are to, newest first.
pub async fn list_for_channel(
    store: &Store,
    workspace: WorkspaceId,
    channel: ChannelId,
    limit: u64,
) -> Result<Vec<Attempt>> {
    let became = Query::select()
        .column(connect_attempt_channel::Column::AttemptId)
        .from(connect_attempt_channel::Entity)
        .and_where(connect_attempt_channel::Column::ChannelId.eq(channel.0))
        .to_owned();
    let became = connect_attempt::Column::Id.in_subquery(became);
    let rows = connect_attempt::Entity::find()
        .filter(Condition::any().add(connect_attempt::Column::ChannelId.eq(channel.0)).add(became))
        .filter(connect_attempt::Column::WorkspaceId.eq(workspace.0))
        .order_by_desc(connect_attempt::Column::Id)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(|row| read(store, row)).collect()
}

/// Attempts to reconnect a channel that were begun before this one and nobody has come back with, as the caller's transaction
/// sees them.
pub async fn older_and_away_in(tx: &Tx, channel: ChannelId, than: AttemptId) -> Result<Vec<Attempt>> {
    let awaits_return = AttemptState::ALL.iter().filter(|state| state.awaits_return()).map(|state| state.as_str());
    let rows = connect_attempt::Entity::find()
        .filter(connect_attempt::Column::ChannelId.eq(channel.0))
        .filter(connect_attempt::Column::Id.lt(than.0))
        .filter(connect_attempt::Column::State.is_in(awaits_return))
        .all(&tx.inner)
        .await?;
    rows.into_iter().map(|row| read(tx.store(), row)).collect()
}

/// Moves an attempt on, if it is in one of the states `from` (and has the version asked for): a compare-and-set. `None` means
/// that somebody else was first.
pub async fn transition(
    store: &Store,
    id: AttemptId,
    from: &[AttemptState],
    to: AttemptState,
    changes: Changes,
) -> Result<Option<Attempt>> {
    let mut tx = store.begin().await?;
    let moved = transition_in(&mut tx, id, from, to, changes).await?;
    tx.commit().await?;
    Ok(moved)
}

/// As [`transition`], in the caller's transaction.
pub async fn transition_in(
    tx: &mut Tx,
    id: AttemptId,
    from: &[AttemptState],
    to: AttemptState,
    changes: Changes,
) -> Result<Option<Attempt>> {
    let note = changes.note.clone();
    let (sql, values) = update_statement(tx.store(), id, from, to, changes)?;
    let Some(row) = tx.query_one(&sql, values).await? else { return Ok(None) };
    let attempt = read(tx.store(), connect_attempt::Model::from_query_result(&row, "")?)?;
    if let Some(note) = note {
        append_event_in(tx, &attempt, note).await?;
    }
    events::attempt_changed(tx, attempt.workspace, id, to.as_str(), attempt.channel);
    Ok(Some(attempt))
}

fn update_statement(
    store: &Store,
    id: AttemptId,
    from: &[AttemptState],
    to: AttemptState,
    changes: Changes,
) -> Result<(String, Vec<Value>)> {
    let mut values: Vec<Value> = vec![id.0.into(), to.as_str().into()];
    let mut sets = vec!["state = $2".to_owned(), "version = version + 1".to_owned()];
    let mut set = |column: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            sets.push(format!("{column} = ${}", values.len()));
        }
    };
    set("app_id", changes.app.map(|app| app.0.into()));
    set("channel_id", changes.channel.map(|channel| channel.0.into()));
    set("authorize_url", changes.authorize_url.map(Value::from));
    set("state_hash", changes.state_hash.map(Value::from));
    set("code_hash", changes.code_hash.map(Value::from));
    set("nonce_hash", changes.nonce_hash.map(Value::from));
    let parked = changes.parked.as_ref().map(|p| store.seal(TABLE, id.0, "parked", p)).transpose()?;
    set("parked", if changes.erase_parked { Some(None::<String>.into()) } else { parked.map(Value::from) });
    set("account", maybe_json(changes.account.as_ref(), "account")?.map(Value::from));
    set("granted", maybe_json(changes.granted.as_ref(), "scopes")?.map(Value::from));
    let code = changes.diagnosis.as_ref().map(|diagnosis| diagnosis.code.as_str().to_owned());
    set("code", if changes.erase_diagnosis { Some(None::<String>.into()) } else { code.map(Value::from) });
    let diagnosis = maybe_json(changes.diagnosis.as_ref(), "diagnosis")?;
    set("diagnosis", if changes.erase_diagnosis { Some(None::<String>.into()) } else { diagnosis.map(Value::from) });
    set("returned_at", changes.returned_at.map(|at| ms(at).into()));
    set("expires_at", changes.expires_at.map(|at| ms(at).into()));
    // What made the exchange possible is of no use after the end.
    if to.is_final() {
        set("pkce_verifier", Some(None::<String>.into()));
    }
    let states: Vec<_> = from.iter().map(|state| format!("'{state}'")).collect();
    let mut wanted = format!("id = $1 AND state IN ({})", states.join(", "));
    if let Some(version) = changes.version {
        values.push(version.into());
        wanted += &format!(" AND version = ${}", values.len());
    }
    Ok((format!("UPDATE connect_attempt SET {} WHERE {wanted} RETURNING *", sets.join(", ")), values))
}

/// Notes a channel that an attempt made or reconnected; one attempt may make many.
pub async fn add_channel_in(tx: &Tx, id: AttemptId, channel: ChannelId) -> Result<()> {
    let sql = "INSERT INTO connect_attempt_channel (attempt_id, channel_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.execute(sql, [id.0.into(), channel.0.into()]).await?;
    Ok(())
}

/// The channels that these attempts made or reconnected, oldest channel first: one query for a whole list.
pub async fn channels_of(store: &Store, attempts: &[AttemptId]) -> Result<Vec<(AttemptId, ChannelId)>> {
    let rows = connect_attempt_channel::Entity::find()
        .filter(connect_attempt_channel::Column::AttemptId.is_in(attempts.iter().map(|id| id.0)))
        .order_by_asc(connect_attempt_channel::Column::ChannelId)
        .all(store.reader())
        .await?;
    Ok(rows.into_iter().map(|row| (AttemptId(row.attempt_id), ChannelId(row.channel_id))).collect())
}

/// Adds a line to an attempt's history without moving it.
pub async fn append_event(store: &Store, attempt: &Attempt, note: Note) -> Result<()> {
    let mut tx = store.begin().await?;
    append_event_in(&mut tx, attempt, note).await?;
    events::attempt_changed(&mut tx, attempt.workspace, attempt.id, attempt.state.as_str(), attempt.channel);
    tx.commit().await
}

async fn append_event_in(tx: &mut Tx, attempt: &Attempt, note: Note) -> Result<()> {
    let row = connect_event::ActiveModel {
        id: Set(Uuid::now_v7()),
        attempt_id: Set(attempt.id.0),
        workspace_id: Set(attempt.workspace.0),
        at: Set(ms(tx.now())),
        state: Set(attempt.state.as_str().to_owned()),
        title: Set(note.title),
        detail: Set(note.detail),
    };
    connect_event::Entity::insert(row).exec_without_returning(&tx.inner).await?;
    Ok(())
}

/// The history of these attempts, oldest first: one query for a whole list.
pub async fn history(store: &Store, attempts: &[AttemptId]) -> Result<Vec<AttemptEvent>> {
    let rows = connect_event::Entity::find()
        .filter(connect_event::Column::AttemptId.is_in(attempts.iter().map(|id| id.0)))
        .order_by_asc(connect_event::Column::Id)
        .all(store.reader())
        .await?;
    rows.into_iter().map(AttemptEvent::try_from).collect()
}

/// Lets attempts lapse whose time is over, at most `limit`: they become `expired`. They are returned as they were found, with
/// what they had parked, for the caller to revoke; here it is erased.
pub async fn expire_due(store: &Store, limit: u64) -> Result<Vec<Attempt>> {
    let overdue = connect_attempt::Entity::find()
        .filter(connect_attempt::Column::State.is_not_in(final_states()))
        .filter(connect_attempt::Column::ExpiresAt.lte(ms(store.now())))
        .order_by_asc(connect_attempt::Column::ExpiresAt)
        .limit(limit)
        .all(store.reader())
        .await?;
    let mut expired = Vec::new();
    for row in overdue {
        let attempt = read(store, row)?;
        let note = Note::new("The connect lapsed", "Nobody came back in time.");
        let changes =
            Changes { erase_parked: true, version: Some(attempt.version), note: Some(note), ..Changes::default() };
        if transition(store, attempt.id, &[attempt.state], AttemptState::Expired, changes).await?.is_some() {
            expired.push(attempt);
        }
    }
    Ok(expired)
}

fn final_states() -> impl Iterator<Item = &'static str> {
    AttemptState::ALL.into_iter().filter(|state| state.is_final()).map(AttemptState::as_str)
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "attempt" };

fn read(store: &Store, row: connect_attempt::Model) -> Result<Attempt> {
    let open = |field, sealed: Option<&str>| sealed.map(|s| store.open(TABLE, row.id, field, s)).transpose();
    Ok(Attempt {
        id: AttemptId(row.id),
        workspace: WorkspaceId(row.workspace_id),
        pkce_verifier: open("pkce_verifier", row.pkce_verifier.as_deref())?,
        parked: open("parked", row.parked.as_deref())?,
        network: row.network,
        way: row.way,
        instance: Some(row.instance).filter(|i| !i.is_empty()),
        app: row.app_id.map(AppId),
        channel: row.channel_id.map(ChannelId),
        started_by: match row.purpose.as_str() {
            "invite" => Starter::Invite(InviteId(row.started_by)),
            _ => Starter::User(UserId(row.started_by)),
        },
        purpose: row.purpose,
        state: word(&row.state)?,
        browser_hash: row.browser_hash,
        redirect_uri: row.redirect_uri,
        authorize_url: row.authorize_url,
        code_hash: row.code_hash,
        nonce_hash: row.nonce_hash,
        account: maybe_from_json(row.account.as_deref(), "account")?,
        granted: from_json(&row.granted, "scopes")?,
        diagnosis: maybe_from_json(row.diagnosis.as_deref(), "diagnosis")?,
        created_at: time(row.created_at)?,
        returned_at: maybe_time(row.returned_at)?,
        expires_at: time(row.expires_at)?,
        version: row.version,
    })
}

impl TryFrom<connect_event::Model> for AttemptEvent {
    type Error = StoreError;
    fn try_from(row: connect_event::Model) -> Result<Self> {
        Ok(Self {
            attempt: AttemptId(row.attempt_id),
            at: time(row.at)?,
            state: word(&row.state)?,
            title: row.title,
            detail: row.detail,
        })
    }
}
