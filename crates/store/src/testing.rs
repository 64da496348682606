//! A database of its own for every test: a fresh SQLite file, or, when `CRIER_TEST_DATABASE_URL` names a PostgreSQL database, a
//! fresh schema in it. Both go when the [`TestStore`] is dropped.
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its database should stop")]

pub mod record;

use crate::{SecretKey, Store, StoreConfig};
use crier_model::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};
use sea_orm::sqlx::{self, Connection, PgConnection, SqliteConnection};
use std::{
    ops::Deref,
    path::Path,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use uuid::Uuid;

/// Names the PostgreSQL to test on, for example `postgres://postgres@127.0.0.1:5432/postgres`.
pub const DATABASE_VARIABLE: &str = "CRIER_TEST_DATABASE_URL";

/// A migrated store that dereferences to [`Store`].
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    config: StoreConfig,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Sqlite { _dir: TempDir },
    Postgres { url: String, schema: String },
}

impl Deref for TestStore {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    /// How it was opened: another [`Store::connect`] with it is another node on the same database.
    #[must_use]
    pub fn config(&self) -> &StoreConfig {
        &self.config
    }
}

impl TestStore {
    /// How many transactions are open on PostgreSQL in which nothing goes on.
    pub async fn idle_transactions(&self) -> i64 {
        let Place::Postgres { url, schema } = &self.place else { return 0 };
        let mut connection = PgConnection::connect(url).await.unwrap();
        let sql =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = $1 AND state LIKE 'idle in transaction%'";
        let count = sqlx::query_scalar(sql).bind(schema).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        count
    }

    /// Cuts every connection to this database, as its restart does. On SQLite there are none.
    pub async fn cut(&self) {
        if let Place::Postgres { url, schema } = &self.place {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
            sqlx::query(end).bind(schema).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if let Place::Postgres { url, schema } = &self.place {
            let (url, sql) = (url.clone(), format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE"));
            let name = schema.clone();
            // The test's runtime cannot be waited on from here, and may be ending: another one cleans up.
            let cleaner = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut connection = PgConnection::connect(&url).await.unwrap();
                    sqlx::query("SET lock_timeout = '5s'").execute(&mut connection).await.unwrap();
                    // A transaction dropped at the very end of a test is not rolled back by itself: its runtime is ending.
                    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
                    sqlx::query(end).bind(name).execute(&mut connection).await.unwrap();
                    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await
                })
            });
            match cleaner.join() {
                Ok(Ok(_)) => {}
                other => tracing::warn!(?other, schema, "a test's schema was left behind"),
            }
        }
    }
}

/// A fresh, migrated store under the machine's clock.
pub async fn open() -> TestStore {
    open_at(Arc::new(SystemClock)).await
}

/// A fresh, migrated store under a clock of the test's choosing.
pub async fn open_at(clock: Arc<dyn Clock>) -> TestStore {
    let key = SecretKey::new([7; 32]);
    let (config, place) = match std::env::var(DATABASE_VARIABLE) {
        Ok(url) if !url.is_empty() => {
            let schema = format!("test_{}", Uuid::new_v4().simple());
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let sql = format!("CREATE SCHEMA \"{schema}\"");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            let sign = if url.contains('?') { '&' } else { '?' };
            let within = format!("{url}{sign}options=-csearch_path%3D{schema}&application_name={schema}");
            (StoreConfig::new(within, key), Place::Postgres { url, schema })
        }
        _ => {
            let dir = TempDir::new().unwrap();
            let url = format!("sqlite://{}", dir.path().join("crier.db").display());
            (StoreConfig::new(url, key), Place::Sqlite { _dir: dir })
        }
    };
    let store = Store::connect(&config, clock).await.unwrap();
    store.migrate().await.unwrap();
    TestStore { store, config, place }
}

/// Runs SQL on a SQLite file that no server has open: for what otherwise only the passing of time brings about.
pub async fn execute(file: &Path, sql: &str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(now)))
    }

    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now;
    }

    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
