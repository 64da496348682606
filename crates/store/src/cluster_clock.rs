//! The clock of all nodes. On PostgreSQL it is the database's, so that nodes whose own clocks differ agree on what is due and on
//! whose lease has lapsed. On SQLite there is one process, and it is that one's.

use crate::{
    Store,
    error::{Result, StoreError},
};
use crier_model::{Clock, Timestamp};
use jiff::SignedDuration;
use sea_orm::ConnectionTrait;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// How often the two clocks are compared.
const COMPARED_EVERY: Duration = Duration::from_secs(60);
/// An answer that took longer says too little about the time it was given at.
const SLOW: SignedDuration = SignedDuration::from_secs(1);
/// From this on, the machine's clock is worth a warning.
const WORTH_TELLING: SignedDuration = SignedDuration::from_secs(2);

/// A machine's clock, set by the database's.
#[derive(Debug)]
pub struct ClusterClock {
    own: Arc<dyn Clock>,
    /// How far the database's is ahead, in milliseconds.
    ahead: AtomicI64,
}

impl Clock for ClusterClock {
    fn now(&self) -> Timestamp {
        self.own.now() + SignedDuration::from_millis(self.ahead.load(Ordering::Relaxed))
    }
}

impl ClusterClock {
    #[must_use]
    pub fn new(own: Arc<dyn Clock>) -> Self {
        Self { own, ahead: AtomicI64::new(0) }
    }

    /// Asks the database for its time and goes by that from now on.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn set_by(&self, store: &Store) -> Result<()> {
        if !store.is_postgres() {
            return Ok(());
        }
        let asked = self.own.now();
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now";
        let row = store.reader().query_one_raw(store.statement(sql, [])).await?;
        let took = self.own.now().duration_since(asked);
        let theirs: i64 = row.ok_or(StoreError::Damaged { what: "time" })?.try_get("", "now")?;
        if took > SLOW {
            return Ok(());
        }
        let ours = (asked + took / 2).as_millisecond();
        let before = self.ahead.swap(theirs - ours, Ordering::Relaxed);
        let ahead = SignedDuration::from_millis(theirs - ours);
        if ahead.abs() > WORTH_TELLING && (theirs - ours - before).abs() > 1000 {
            tracing::warn!(
                seconds = -ahead.as_secs(),
                "this machine's clock is ahead of the database's, whose time counts"
            );
        }
        Ok(())
    }

    /// Goes by the database's time for as long as it is polled.
    pub async fn keep(&self, store: &Store) {
        loop {
            tokio::time::sleep(COMPARED_EVERY).await;
            if let Err(error) = self.set_by(store).await {
                tracing::warn!(%error, "the database could not be asked for its time; going by what it was ahead before");
            }
        }
    }
}
