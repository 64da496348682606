//! Opening the database, and transactions.
//!
//! SQLite: one writing connection, on which every write is one `BEGIN IMMEDIATE` transaction, and a pool of readers that
//! never block it (WAL). PostgreSQL: one pool for both.

use crate::{
    channels,
    checkpoint::{self, Checkpoints},
    error::{DatabaseError, DatabaseErrorKind, Result, StoreError},
    events::NewEvent,
    journal::{Ending, Entry},
    migration::Migrator,
    pace,
    publications::{LATE_WINDOW, Load, StandingOf, StartedSince},
    seal::{KeySource, Place, Sealer, SecretKey},
    together::Queue,
    wake::{self, Pending, Wakers},
};
use crier_model::{Clock, Secret};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
    sqlx::{self, Connection, sqlite::SqliteConnectOptions},
};
use sea_orm_migration::MigratorTrait;
use std::{
    fmt,
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// Which database, and the keys for its secrets.
#[derive(Clone)]
pub struct StoreConfig {
    /// `sqlite:///path/to/crier.db` (made when missing) or `postgres://user:password@host/database`.
    pub url: String,
    /// The most connections to PostgreSQL, or the most readers of SQLite.
    pub max_connections: u32,
    /// Seals what is written from now on.
    pub secret_key: SecretKey,
    /// Keys that were in use before; they still open.
    pub older_keys: Vec<SecretKey>,
    /// Asked for changes of the keys while the store is open; none for keys that don't change.
    pub key_source: Option<Arc<dyn KeySource>>,
    /// How late a held publication may be when what held it ends, and still go out without a person being asked.
    pub late_window: SignedDuration,
}

impl StoreConfig {
    /// With 10 connections and no older keys.
    pub fn new(url: impl Into<String>, secret_key: SecretKey) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            secret_key,
            older_keys: Vec::new(),
            key_source: None,
            late_window: LATE_WINDOW,
        }
    }
}

impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("StoreConfig")
            .field("url", &format_args!("{scheme}:…"))
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// The open database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    wakers: Wakers,
    /// Of SQLite.
    checkpoints: Option<Checkpoints>,
    late_window: SignedDuration,
    commits: AtomicU64,
    queues: Queues,
}

/// What is asked for together, by what it is.
#[derive(Default)]
pub(crate) struct Queues {
    pub entries: Queue<Entry>,
    pub endings: Queue<Ending>,
    pub loads: Queue<Load>,
    pub channels: Queue<channels::ById>,
    pub sealed: Queue<channels::SealedOf>,
    pub paces: Queue<pace::Of>,
    pub started: Queue<StartedSince>,
    pub standings: Queue<StandingOf>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database. The schema is not touched: see [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for an address that is none, [`StoreError::Database`] when it cannot be opened.
    pub async fn connect(config: &StoreConfig, clock: Arc<dyn Clock>) -> Result<Self> {
        let sealer = Sealer::new(&config.secret_key, &config.older_keys, config.key_source.clone())?;
        let (reader, writer) = if config.url.starts_with("sqlite:") {
            open_sqlite(config).await?
        } else if config.url.starts_with("postgres:") || config.url.starts_with("postgresql:") {
            let pool = open_postgres(config).await?;
            (pool.clone(), pool)
        } else {
            let fix = "the address must begin with sqlite: or postgres:, for example sqlite:///var/lib/crier/crier.db";
            return Err(StoreError::Configuration(fix.to_owned()));
        };
        let wakers = wake::start(&writer);
        let checkpoints = (writer.get_database_backend() == DbBackend::Sqlite).then(|| Checkpoints::start(&reader));
        Ok(Self {
            inner: Arc::new(Inner {
                reader,
                writer,
                sealer,
                clock,
                wakers,
                checkpoints,
                late_window: config.late_window,
                commits: AtomicU64::new(0),
                queues: Queues::default(),
            }),
        })
    }

    /// Brings the schema up to date. Safe to call from several nodes at once. A schema that a newer version has brought further
    /// is left as it is: migrations only add, so that the version before can go on beside it (see `migration`).
    pub async fn migrate(&self) -> Result<()> {
        let tx = self.begin().await?;
        if self.is_postgres() {
            tx.execute("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK.into()]).await?;
        }
        Migrator::install(&tx.inner).await?;
        let rows = tx.query_all("SELECT version FROM seaql_migrations", []).await?;
        let applied = rows.iter().map(|row| row.try_get("", "version")).collect::<Result<Vec<String>, _>>()?;
        let known: Vec<String> = Migrator::migrations().iter().map(|known| known.name().to_owned()).collect();
        if known.iter().all(|name| applied.contains(name)) {
            if applied.len() > known.len() {
                tracing::info!(
                    "the database was brought up to date by a newer version; this one works on it all the same"
                );
            }
            return tx.commit().await;
        }
        Migrator::up(&tx.inner, None).await?;
        tx.commit().await
    }

    /// The time by the clock the store was opened with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The clock it was opened with.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }

    /// Opens a transaction for writing. Dropped without [`Tx::commit`], it is rolled back.
    ///
    /// On SQLite this waits for the one writer: keep it short, and never hold it across a call to anything but this crate.
    pub async fn begin(&self) -> Result<Tx> {
        let mode = (!self.is_postgres()).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
        let writer = self.inner.writer.clone();
        // Of a task of its own, which nobody drops half way: sqlx would take a connection back into the pool on which the
        // `BEGIN` was sent and its answer not read, and whatever came to it next would never be committed.
        let begun = tokio::spawn(async move { writer.begin_with_options(options).await });
        let inner = begun.await.map_err(|_| StoreError::stopping())??;
        Ok(Tx { inner, store: self.clone(), pending: Pending::default(), events: Vec::new() })
    }

    /// Whether nothing is in the database yet, not even our tables.
    pub async fn is_empty(&self) -> Result<bool> {
        let sql = if self.is_postgres() {
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() LIMIT 1"
        } else {
            "SELECT 1 FROM sqlite_schema LIMIT 1"
        };
        Ok(self.reader().query_one_raw(self.statement(sql, [])).await?.is_none())
    }

    /// Asks the database a trivial question, for readiness checks.
    pub async fn ping(&self) -> Result<()> {
        self.reader().query_one_raw(self.statement("SELECT 1", [])).await?;
        Ok(())
    }

    /// Writes something larger than a page that nobody needs, and takes it away again: whether the database takes anything, and has
    /// room for it.
    ///
    /// # Errors
    /// What keeps it from being written, for example a full disk.
    pub async fn try_writing(&self) -> Result<()> {
        const ROOM: usize = 64 * 1024;
        let sql = "INSERT INTO installation (name, value) VALUES ('room', $1) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        for value in ["0".repeat(ROOM), String::new()] {
            let tx = self.begin().await?;
            tx.execute(sql, [value.into()]).await?;
            // Only what is committed is surely written.
            tx.commit().await?;
        }
        Ok(())
    }

    /// Lets SQLite's file grow by so many pages only, as a full disk does; none lets it grow again. On PostgreSQL it does nothing.
    #[cfg(feature = "testing")]
    pub async fn limit_growth(&self, pages: Option<i64>) -> Result<()> {
        if self.is_postgres() {
            return Ok(());
        }
        let row = self.inner.writer.query_one_raw(self.statement("PRAGMA page_count", [])).await?;
        let row = row.ok_or(StoreError::Damaged { what: "page count" })?;
        let most = match pages {
            Some(pages) => row.try_get::<i64>("", "page_count")? + pages,
            None => i64::from(u32::MAX - 1),
        };
        let sql = format!("PRAGMA max_page_count = {most}");
        self.inner.writer.query_one_raw(self.statement(&sql, [])).await?;
        Ok(())
    }

    /// Waits for running statements and closes every connection.
    pub async fn close(&self) -> Result<()> {
        self.inner.wakers.stop();
        if let Some(checkpoints) = &self.inner.checkpoints {
            checkpoints.stop();
        }
        self.inner.reader.close_by_ref().await?;
        self.inner.writer.close_by_ref().await?;
        Ok(())
    }

    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }

    pub(crate) fn late_window(&self) -> SignedDuration {
        self.inner.late_window
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.inner.writer.get_database_backend()
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    /// How many transactions this node has committed.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.inner.commits.load(Ordering::Relaxed)
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.inner.queues
    }

    pub(crate) fn wakers(&self) -> &Wakers {
        &self.inner.wakers
    }

    pub(crate) fn seal(&self, table: &'static str, row: Uuid, field: &'static str, secret: &Secret) -> Result<String> {
        Ok(self.inner.sealer.seal(Place { table, row, field }, secret)?)
    }

    pub(crate) fn open(&self, table: &'static str, row: Uuid, field: &'static str, envelope: &str) -> Result<Secret> {
        Ok(self.inner.sealer.open(Place { table, row, field }, envelope)?)
    }

    /// The id of the key that seals.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when a changed key can't be used.
    pub fn sealing_key(&self) -> Result<String> {
        Ok(self.inner.sealer.current()?)
    }

    /// The ids of all keys that open, the sealing one first.
    #[must_use]
    pub fn known_keys(&self) -> Vec<String> {
        self.inner.sealer.known()
    }

    /// A statement written for both databases: parameters are `$1`, `$2` …
    pub(crate) fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        if self.is_postgres() {
            return Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        }
        let values: Vec<Value> = values.into_iter().collect();
        let (sql, values) = by_place(sql, &values);
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
    }
}

/// Keeps two nodes from migrating at once. Any number that nobody else uses in this database.
const MIGRATION_LOCK: i64 = 0x6372_6965_7200;

async fn open_sqlite(config: &StoreConfig) -> Result<(DatabaseConnection, DatabaseConnection)> {
    if config.url.contains(":memory:") || config.url.contains("mode=memory") {
        let fix = "SQLite in memory is not supported: give the path of a file";
        return Err(StoreError::Configuration(fix.to_owned()));
    }
    let writer = Database::connect(sqlite_options(config, false)).await?;
    let reader = Database::connect(sqlite_options(config, true)).await?;
    Ok((reader, writer))
}

/// Each reader has a thread and some megabytes of pages and statements: more of them than the processors keep busy are of no use.
fn most_readers() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(processors * 2).map_or(8, |twice| twice.clamp(2, 8))
}

fn sqlite_options(config: &StoreConfig, read_only: bool) -> ConnectOptions {
    use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
    let mut options = ConnectOptions::new(&config.url);
    options.max_connections(if read_only { config.max_connections.clamp(1, most_readers()) } else { 1 });
    options.min_connections(1).sqlx_logging(false).record_stmt_in_spans(false).test_before_acquire(false);
    options.map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
        let sqlite = sqlite
            .create_if_missing(!read_only)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .statement_cache_capacity(256)
            .pragma("temp_store", "memory");
        if read_only {
            sqlite.pragma("query_only", "on")
        } else {
            sqlite.pragma("journal_size_limit", "67108864").pragma("wal_autocheckpoint", checkpoint::MOST_PAGES)
        }
    });
    options
}

/// Copies a SQLite database as of this moment into a new file. Others may read and write meanwhile.
///
/// # Errors
/// When the database or the new file can't be opened, or the disk is full.
pub async fn copy_sqlite(url: &str, to: &Path) -> Result<()> {
    let options = SqliteConnectOptions::from_str(url)?.busy_timeout(Duration::from_secs(10));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    sqlx::query("VACUUM INTO $1").bind(to.to_string_lossy().as_ref()).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

async fn open_postgres(config: &StoreConfig) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(&config.url);
    // One is kept by the listener for notifications.
    options.max_connections(config.max_connections.max(2) + 1);
    options.sqlx_logging(false).record_stmt_in_spans(false).connect_timeout(Duration::from_secs(10));
    options.test_before_acquire_if_idle_for(Duration::from_secs(5));
    Ok(Database::connect(options).await?)
}

/// A transaction for writing, and whom to wake once it is committed.
pub struct Tx {
    pub(crate) inner: DatabaseTransaction,
    store: Store,
    pub(crate) pending: Pending,
    /// Written just before the commit, all at once.
    pub(crate) events: Vec<NewEvent>,
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl Tx {
    /// Makes everything done in it permanent, then wakes those who wait for it.
    pub async fn commit(mut self) -> Result<()> {
        crate::events::write_in(&mut self).await?;
        self.inner.commit().await?;
        self.store.inner.commits.fetch_add(1, Ordering::Relaxed);
        if let Some(checkpoints) = &self.store.inner.checkpoints {
            checkpoints.committed();
        }
        self.store.wakers().wake(self.pending);
        Ok(())
    }

    /// Undoes everything done in it. Dropping it does the same.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.store.now()
    }

    pub(crate) async fn execute(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64> {
        Ok(self.inner.execute_raw(self.store.statement(sql, values)).await?.rows_affected())
    }

    pub(crate) async fn query_one(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<sea_orm::QueryResult>> {
        Ok(self.inner.query_one_raw(self.store.statement(sql, values)).await?)
    }

    pub(crate) async fn query_all(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<sea_orm::QueryResult>> {
        Ok(self.inner.query_all_raw(self.store.statement(sql, values)).await?)
    }

    /// Adds a row lock on PostgreSQL; SQLite's one writer needs none.
    ///
    /// Rows are locked in this order everywhere, so that no two transactions wait for each other: series, post, channel, publication,
    /// lane, due work, the rest. Channels and publications among themselves by id.
    pub(crate) fn locking(&self, sql: &str, lock: Lock) -> String {
        match (self.store.is_postgres(), lock) {
            (false, _) => sql.to_owned(),
            (true, Lock::Change) => format!("{sql} FOR NO KEY UPDATE"),
            (true, Lock::Keep) => format!("{sql} FOR SHARE"),
        }
    }
}

/// How often a transaction is made again that PostgreSQL has undone for another's sake.
const UNDONE_AGAIN: usize = 2;

/// Makes a transaction, and again when it was undone because it stood in another's way (a deadlock): nothing of it was written.
pub(crate) async fn undone_again<T, F, Fut>(make: F) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T>>,
{
    for _ in 0..UNDONE_AGAIN {
        match make().await {
            Err(StoreError::Database(DatabaseError { kind: DatabaseErrorKind::Deadlock, .. })) => {}
            made => return made,
        }
    }
    make().await
}

/// A statement whose parameters `$1`, `$2` … have become `?` in the order they stand in. For SQLite, to which `$1` is a name: it looks
/// names up in a list of all of them, which takes longer than the statement where there are hundreds.
fn by_place(sql: &str, values: &[Value]) -> (String, Vec<Value>) {
    let (mut placed, mut in_order) = (String::with_capacity(sql.len()), Vec::with_capacity(values.len()));
    let mut pieces = sql.split('$');
    placed.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        match number.parse::<usize>().ok().and_then(|number| values.get(number.wrapping_sub(1))) {
            Some(value) => {
                placed.push('?');
                in_order.push(value.clone());
            }
            // Of something else, such as a path in JSON.
            None => placed.extend(["$", number]),
        }
        placed.push_str(rest);
    }
    (placed, in_order)
}

/// Rows of parameters as a `VALUES` list, whose columns are `column1`, `column2` …; `values` are those of the statement so far.
pub(crate) fn rows_of<const N: usize>(rows: impl IntoIterator<Item = [Value; N]>, values: &mut Vec<Value>) -> String {
    let mut list = String::from("VALUES ");
    for (place, row) in rows.into_iter().enumerate() {
        list.push_str(if place == 0 { "(" } else { ", (" });
        for (column, value) in row.into_iter().enumerate() {
            values.push(value);
            list.push_str(if column == 0 { "$" } else { ", $" });
            list.push_str(&values.len().to_string());
        }
        list.push(')');
    }
    list
}

/// Marks for a list, from `$1` on, and their values.
pub(crate) fn marks(list: impl Iterator<Item = impl Into<Value>>) -> (String, Vec<Value>) {
    let values: Vec<Value> = list.map(Into::into).collect();
    let marks: Vec<_> = (1..=values.len()).map(|place| format!("${place}")).collect();
    (marks.join(", "), values)
}

/// What a row is locked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// We are going to change it.
    Change,
    /// It must stay as it is until we are done.
    Keep,
}

#[cfg(test)]
mod tests {
    use super::{by_place, rows_of};
    use sea_orm::Value;

    #[test]
    fn numbered_parameters_go_by_place_each_as_often_as_it_is_named() {
        let values = [Value::from("a"), 2.into(), Value::from("c")];
        let (sql, placed) =
            by_place("UPDATE t SET x = $3, y = $1 WHERE j ->> '$.n' = $2 AND z = $1 OR q = $14", &values);
        assert_eq!(sql, "UPDATE t SET x = ?, y = ? WHERE j ->> '$.n' = ? AND z = ? OR q = $14");
        assert_eq!(placed, ["c".into(), "a".into(), 2.into(), Value::from("a")]);
        assert_eq!(by_place("SELECT 1", &[]), ("SELECT 1".to_owned(), vec![]));
    }

    #[test]
    fn rows_go_on_counting_where_the_statement_is() {
        let mut values = vec![Value::from(0)];
        let rows = rows_of([[1.into(), 2.into()], [3.into(), 4.into()]], &mut values);
        assert_eq!(rows, "VALUES ($2, $3), ($4, $5)");
        assert_eq!(values, (0..5).map(Value::from).collect::<Vec<_>>());
    }
}
