//! Moving SQLite's write-ahead log into the database beside the writers.
//!
//! Left to itself, the commit that fills the log moves all of it and waits for the disk: one in some hundred writes would take
//! a hundred times as long as the others. Here a reader does it, which no writer waits for. The writer still does it
//! at [`MOST_PAGES`], for a log that is written to without a pause can't begin anew.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::{sync::Notify, task::AbortHandle};

/// Commits between two moves; each writes some ten pages of 4 KiB. A move makes one commit after it wait for the disk, so it is to be rare.
const COMMITS: u32 = 2000;
/// At this length of the log (128 MiB) a commit moves it after all.
pub(crate) const MOST_PAGES: &str = "32768";

#[derive(Debug)]
pub(crate) struct Checkpoints {
    commits: AtomicU32,
    enough: Arc<Notify>,
    task: AbortHandle,
}

impl Checkpoints {
    /// Starts moving the log through one of these connections.
    pub fn start(readers: &DatabaseConnection) -> Self {
        let enough = Arc::new(Notify::new());
        let task = tokio::spawn(work(readers.clone(), enough.clone())).abort_handle();
        Self { commits: AtomicU32::new(0), enough, task }
    }

    /// A commit was written to the log.
    pub fn committed(&self) {
        if self.commits.fetch_add(1, Ordering::Relaxed) % COMMITS == COMMITS - 1 {
            self.enough.notify_one();
        }
    }

    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn work(readers: DatabaseConnection, enough: Arc<Notify>) {
    loop {
        enough.notified().await;
        // A connection that may only query may do this: it changes nothing that can be read.
        let moving = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)");
        if let Err(error) = readers.query_one_raw(moving).await {
            let error = crate::StoreError::from(error);
            tracing::warn!(%error, "the database's log could not be moved into it; the next commits do it");
        }
    }
}
