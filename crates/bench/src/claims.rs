//! How long claiming due work takes when ever more of it waits for later.

use crier_model::{SystemClock, Timestamp, WorkspaceId};
use crier_store::{
    SecretKey, Store, StoreConfig, StoreError,
    due::{self, NewWork},
};
use jiff::SignedDuration;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr};
use serde_json::json;
use std::{sync::Arc, time::Instant};

/// Claims measured for each size of the table, each of this many rows.
const CLAIMS: usize = 200;
const BATCH: u32 = 20;
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// Rows of one transaction, in filling.
const CHUNK: u64 = 500_000;
/// How long from now the rows are due that wait.
const LATER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Prints a line of JSON for each size: rows, and the median of a claim in microseconds.
pub async fn measure(url: &str, sizes: Vec<u64>) -> Result<(), StoreError> {
    let store = Store::connect(&StoreConfig::new(url, SecretKey::new([7; 32])), Arc::new(SystemClock)).await?;
    store.migrate().await?;
    // One connection, as the store's is closed to others' SQL.
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let filling = Database::connect(options).await?;
    let later = (Timestamp::now() + LATER).as_millisecond();
    let mut there = 0;
    for size in sizes {
        while there < size {
            let next = size.min(there + CHUNK);
            fill(&filling, store.is_postgres(), there, next, later).await?;
            there = next;
        }
        let median = claims(&store).await?;
        println!("{}", json!({ "rows": there, "claim_us": median }));
    }
    store.close().await
}

/// Rows `from..to`, each due a millisecond after the one before.
async fn fill(database: &DatabaseConnection, postgres: bool, from: u64, to: u64, later: i64) -> Result<(), DbErr> {
    let columns = "id, kind, subject, due_at, ready_at, fence, tries, payload, created_at";
    let sql = if postgres {
        format!(
            "INSERT INTO due_work ({columns}) SELECT lpad(to_hex(i), 32, '0')::uuid, 'later', i, {later} + i, {later} + i, 0, 0, 'null', 0 \
             FROM generate_series({from}::bigint, {to}::bigint - 1) i"
        )
    } else {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to} - 1) \
             INSERT INTO due_work ({columns}) \
             SELECT CAST(printf('%016d', i) AS BLOB), 'later', i, {later} + i, {later} + i, 0, 0, 'null', 0 FROM n"
        )
    };
    database.execute_unprepared(&sql).await?;
    Ok(())
}

async fn claims(store: &Store) -> Result<u128, StoreError> {
    let workspace = WorkspaceId::new();
    let mut taken = Vec::new();
    for _ in 0..CLAIMS {
        let now = Timestamp::now();
        let due: Vec<_> = (0..BATCH).map(|n| NewWork::new(workspace, "bench", format!("{n}"), now)).collect();
        due::upsert(store, &due).await?;
        let began = Instant::now();
        let claimed = due::claim(store, Timestamp::now(), "bench", BATCH, LEASE).await?;
        taken.push(began.elapsed().as_micros());
        for work in claimed {
            due::finish(store, work.fence).await?;
        }
    }
    taken.sort_unstable();
    Ok(taken[taken.len() / 2])
}
