//! Telling those who sleep that there is something to do, so that nobody polls.
//!
//! In this process it is a channel, sent to after the commit. On PostgreSQL other nodes hear it by `NOTIFY`, gathered over a
//! few milliseconds outside the transactions: a `NOTIFY` inside would make PostgreSQL commit them one after another. A node that
//! dies between the two leaves the others asleep, so sleepers still look by themselves every [`LONGEST_SLEEP`].

use crate::column::ms;
use crier_model::WorkspaceId;
use jiff::Timestamp;
use sea_orm::{DatabaseConnection, DbBackend, sqlx};
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, broadcast},
    task::AbortHandle,
};
use uuid::Uuid;

/// How long anybody may sleep on due work or events without looking.
pub const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// How long notices are gathered before they go to the other nodes.
const GATHER: Duration = Duration::from_millis(5);
/// Beyond this many workspaces a notice says "all".
const MOST_WORKSPACES: usize = 100;
/// SQL for the channel's name, at most PostgreSQL's 63 bytes. It holds the schema: several installations may share a database
/// without waking each other.
const CHANNEL: &str = "left('crier_wake_' || coalesce(current_schema(), ''), 63)";

/// What others are told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Work is due at this time, perhaps earlier than anything known before.
    Due(Timestamp),
    /// The workspace has new events.
    Events(WorkspaceId),
    /// Something may have been missed: look at everything.
    Everything,
}

/// What a transaction will tell once committed, and what waits to be sent to other nodes.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    due: Option<i64>,
    events: BTreeSet<Uuid>,
    everything: bool,
}

impl Pending {
    pub fn due(&mut self, at: Timestamp) {
        self.due_ms(ms(at));
    }

    pub fn due_ms(&mut self, at: i64) {
        self.due = Some(self.due.map_or(at, |known| known.min(at)));
    }

    pub fn events(&mut self, workspace: WorkspaceId) {
        self.events.insert(workspace.0);
    }

    fn is_empty(&self) -> bool {
        self.due.is_none() && self.events.is_empty() && !self.everything
    }

    fn merge(&mut self, other: Self) {
        if let Some(at) = other.due {
            self.due_ms(at);
        }
        self.events.extend(other.events);
        self.everything |= other.everything;
    }

    /// `<node> <due or -> <workspace>,<workspace>…` or `<node> all`; at most about 4 kB, under PostgreSQL's 8,000 bytes.
    fn to_notice(&self, node: Uuid) -> String {
        if self.everything || self.events.len() > MOST_WORKSPACES {
            return format!("{node} all");
        }
        let due = self.due.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let events: Vec<_> = self.events.iter().map(Uuid::to_string).collect();
        format!("{node} {due} {}", events.join(","))
    }

    /// None when the notice is our own.
    fn from_notice(node: Uuid, text: &str) -> Option<Self> {
        let everything = || Some(Self { everything: true, ..Self::default() });
        let mut words = text.split(' ');
        if words.next() == Some(node.to_string().as_str()) {
            return None;
        }
        let (Some(due), Some(events)) = (words.next(), words.next()) else { return everything() };
        let due = if due == "-" { None } else { due.parse().ok() };
        let events = events.split(',').filter(|w| !w.is_empty()).map(Uuid::parse_str).collect::<Result<_, _>>();
        events.map_or_else(|_| everything(), |events| Some(Self { due, events, everything: false }))
    }
}

pub(crate) struct Wakers {
    due: broadcast::Sender<Wake>,
    events: broadcast::Sender<Wake>,
    outbox: Option<Arc<Outbox>>,
    tasks: Vec<AbortHandle>,
}

impl fmt::Debug for Wakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakers").finish_non_exhaustive()
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.stop();
    }
}

#[derive(Default)]
struct Outbox {
    pending: Mutex<Pending>,
    filled: Notify,
}

impl Outbox {
    fn take(&self) -> Pending {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wakers {
    pub fn stop(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }

    pub fn wake(&self, pending: Pending) {
        if pending.is_empty() {
            return;
        }
        tell(&self.due, &self.events, &pending);
        if let Some(outbox) = &self.outbox {
            outbox.pending.lock().unwrap_or_else(PoisonError::into_inner).merge(pending);
            outbox.filled.notify_one();
        }
    }
}

/// Sending fails only when nobody listens, which is no error.
fn tell(due: &broadcast::Sender<Wake>, events: &broadcast::Sender<Wake>, pending: &Pending) {
    if pending.everything {
        due.send(Wake::Everything).ok();
        events.send(Wake::Everything).ok();
    }
    if let Some(at) = pending.due.and_then(|at| Timestamp::from_millisecond(at).ok()) {
        due.send(Wake::Due(at)).ok();
    }
    for workspace in &pending.events {
        events.send(Wake::Events(WorkspaceId(*workspace))).ok();
    }
}

impl crate::Store {
    /// Hears [`Wake::Due`] whenever due work is added, moved or becomes ready. A receiver that lags has missed some: look then.
    #[must_use]
    pub fn due_woken(&self) -> broadcast::Receiver<Wake> {
        self.wakers().due.subscribe()
    }

    /// Hears [`Wake::Events`] whenever a workspace has new events. A receiver that lags has missed some: look then.
    #[must_use]
    pub fn events_woken(&self) -> broadcast::Receiver<Wake> {
        self.wakers().events.subscribe()
    }
}

pub(crate) fn start(connection: &DatabaseConnection) -> Wakers {
    let (due, _) = broadcast::channel(1024);
    let (events, _) = broadcast::channel(4096);
    if connection.get_database_backend() != DbBackend::Postgres {
        return Wakers { due, events, outbox: None, tasks: Vec::new() };
    }
    let node = Uuid::new_v4();
    let pool = connection.get_postgres_connection_pool().clone();
    let outbox = Arc::new(Outbox::default());
    let speak = tokio::spawn(speak(pool.clone(), node, outbox.clone()));
    let hear = tokio::spawn(hear(pool, node, due.clone(), events.clone()));
    Wakers { due, events, outbox: Some(outbox), tasks: vec![speak.abort_handle(), hear.abort_handle()] }
}

/// Passes our notices on to the other nodes.
async fn speak(pool: sqlx::PgPool, node: Uuid, outbox: Arc<Outbox>) {
    loop {
        outbox.filled.notified().await;
        tokio::time::sleep(GATHER).await;
        let pending = outbox.take();
        if pending.is_empty() {
            continue;
        }
        let notify = sqlx::AssertSqlSafe(format!("SELECT pg_notify({CHANNEL}, $1)"));
        let sent = sqlx::query(notify).bind(pending.to_notice(node)).execute(&pool).await;
        if let Err(error) = sent {
            let error = crate::DatabaseError::from(&error);
            tracing::warn!(%error, "other nodes were not told of new work; they look by themselves soon");
        }
    }
}

/// Hears the notices of other nodes, through reconnects.
async fn hear(pool: sqlx::PgPool, node: Uuid, due: broadcast::Sender<Wake>, events: broadcast::Sender<Wake>) {
    let lost = Pending { everything: true, ..Pending::default() };
    loop {
        if let Err(error) = hear_until_lost(&pool, node, &due, &events, &lost).await {
            let error = crate::DatabaseError::from(&error);
            tracing::warn!(%error, "lost the connection for notices of other nodes; trying again");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn hear_until_lost(
    pool: &sqlx::PgPool,
    node: Uuid,
    due: &broadcast::Sender<Wake>,
    events: &broadcast::Sender<Wake>,
    lost: &Pending,
) -> Result<(), sqlx::Error> {
    let mut listener = sqlx::postgres::PgListener::connect_with(pool).await?;
    let name = sqlx::AssertSqlSafe(format!("SELECT {CHANNEL}"));
    let channel: String = sqlx::query_scalar(name).fetch_one(pool).await?;
    listener.listen(&channel).await?;
    // Whatever was said before we listened.
    tell(due, events, lost);
    loop {
        match listener.try_recv().await? {
            Some(notice) => {
                if let Some(pending) = Pending::from_notice(node, notice.payload()) {
                    tell(due, events, &pending);
                }
            }
            None => tell(due, events, lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_reads_back_on_another_node_and_not_on_its_own() {
        let (here, there) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut pending = Pending::default();
        pending.due_ms(9);
        pending.due_ms(5);
        pending.events(WorkspaceId(Uuid::from_u128(7)));
        pending.events(WorkspaceId(Uuid::from_u128(8)));
        let notice = pending.to_notice(here);
        assert!(Pending::from_notice(here, &notice).is_none());
        let heard = Pending::from_notice(there, &notice).unwrap();
        assert_eq!((heard.due, heard.events.len(), heard.everything), (Some(5), 2, false));
    }

    #[test]
    fn a_notice_too_long_or_not_understood_means_everything() {
        let mut pending = Pending::default();
        for i in 0..=MOST_WORKSPACES {
            pending.events(WorkspaceId(Uuid::from_u128(i as u128)));
        }
        let notice = pending.to_notice(Uuid::from_u128(1));
        assert!(notice.len() < 8000);
        assert!(Pending::from_notice(Uuid::from_u128(2), &notice).unwrap().everything);
        assert!(Pending::from_notice(Uuid::from_u128(2), "x - no-uuid").unwrap().everything);
    }
}
