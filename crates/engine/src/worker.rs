//! The worker loop: claims due work under a lease, runs it side by side, sleeps until exactly the next due time.

use crate::{
    share::{Shares, Turns},
    work::{Done, Handler, HandlerError},
};
use crier_model::{Clock, Timestamp, WorkId, WorkspaceId};
use crier_store::{
    Store, StoreError,
    due::{self, Claimed, Fence, Reach},
};
use futures::FutureExt;
use jiff::SignedDuration;
use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    task::{AbortHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// The longest sleep without looking, should a wake-up get lost between nodes.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// The most pieces that are claimed at once: the first of them begin while the next are claimed.
const AT_ONCE: usize = 256;

/// How long before its time a publication is claimed, so that at its time all is ready and only the network is to be called.
const HEAD_START: SignedDuration = SignedDuration::from_secs(2);

#[derive(Debug, Clone)]
pub struct Settings {
    /// Names this process in leases.
    pub owner: String,
    /// Pieces of work done side by side.
    pub parallel: usize,
    pub lease: SignedDuration,
    /// How long a stop waits for work in flight.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            owner: uuid::Uuid::new_v4().to_string(),
            parallel: 700,
            lease: SignedDuration::from_secs(30),
            grace: Duration::from_secs(30),
        }
    }
}

/// Signs of life, read by the health check.
#[derive(Debug, Default)]
pub struct Pulse {
    last_tick_ms: AtomicI64,
    trouble: Mutex<Option<String>>,
}

impl Pulse {
    /// When the loop last looked for work and could; none before the first time.
    pub fn last_tick(&self) -> Option<Timestamp> {
        match self.last_tick_ms.load(Ordering::Relaxed) {
            0 => None,
            ms => Timestamp::from_millisecond(ms).ok(),
        }
    }

    /// What keeps the loop from looking for work now, for example that the database's disk is full.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tick(&self, now: Timestamp) {
        self.last_tick_ms.store(now.as_millisecond(), Ordering::Relaxed);
        self.set_trouble(None);
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// How often in a row pieces of work failed on our side. What else they were claimed for, waits of the network and lost leases, is no
/// reason to let them wait.
#[derive(Debug, Default)]
struct Stumbles(Mutex<HashMap<WorkId, u32>>);

impl Stumbles {
    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<WorkId, u32>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, work: WorkId) {
        self.locked().remove(&work);
    }

    /// Counts one; how long to wait after it: 2, 4, 8 … seconds, at most five minutes.
    fn pause_after(&self, work: WorkId) -> SignedDuration {
        let mut stumbles = self.locked();
        let times = stumbles.entry(work).or_default();
        *times = times.saturating_add(1);
        SignedDuration::from_secs(2_i64.pow((*times).min(9)).min(300))
    }
}

/// A piece of work in flight.
struct Held {
    fence: Fence,
    workspace: Option<WorkspaceId>,
    abort: AbortHandle,
}

type InFlight = Arc<Mutex<HashMap<WorkId, Held>>>;

#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Worker {
    store: Store,
    clock: Arc<dyn Clock>,
    handlers: HashMap<&'static str, Arc<dyn Handler>>,
    settings: Settings,
    pulse: Arc<Pulse>,
    in_flight: InFlight,
    stumbles: Arc<Stumbles>,
    /// Told whenever a piece of work ends, so that its place is filled.
    freed: Arc<Notify>,
    turns: Turns,
}

/// What is claimed next.
enum Next {
    /// Nothing is, for this long.
    Nothing(Duration),
    Claim {
        /// Whose work is left out.
        beside: Vec<WorkspaceId>,
        /// How many pieces may be claimed at once.
        most: usize,
    },
}

impl Worker {
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>, handlers: Vec<Arc<dyn Handler>>, settings: Settings) -> Self {
        Self {
            store,
            clock,
            handlers: handlers.into_iter().map(|handler| (handler.kind(), handler)).collect(),
            settings,
            pulse: Arc::default(),
            in_flight: InFlight::default(),
            stumbles: Arc::default(),
            freed: Arc::default(),
            turns: Turns::default(),
        }
    }

    #[must_use]
    pub fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Works until `shutdown`, then lets work in flight finish for `grace` and gives the rest back.
    pub async fn run(mut self, shutdown: CancellationToken) {
        // A set of its own, so that it ends with this future even when that is dropped.
        let mut beat = JoinSet::new();
        beat.spawn(keep_leases(self.store.clone(), self.clock.clone(), self.in_flight.clone(), self.settings.lease));
        let mut woken = self.store.due_woken();
        let mut running = JoinSet::new();
        while !shutdown.is_cancelled() {
            while running.try_join_next().is_some() {}
            let sleep = self.fill(&mut running).await;
            tokio::select! {
                () = shutdown.cancelled() => {}
                // A lagging receiver has missed some: looking again is right either way.
                _ = woken.recv() => while woken.try_recv().is_ok() {},
                () = self.freed.notified() => {}
                () = tokio::time::sleep(sleep) => {}
            }
        }
        self.drain(&mut running).await;
        beat.shutdown().await;
    }

    /// Claims as much as there is room for; returns how long there is nothing to do.
    async fn fill(&mut self, running: &mut JoinSet<()>) -> Duration {
        match self.claim(running).await {
            Ok(sleep) => {
                self.pulse.tick(self.clock.now());
                sleep
            }
            Err(error) => {
                tracing::error!(%error, "due work could not be claimed; trying again in a second");
                self.pulse.set_trouble(Some(error.to_string()));
                Duration::from_secs(1)
            }
        }
    }

    async fn claim(&mut self, running: &mut JoinSet<()>) -> Result<Duration, StoreError> {
        loop {
            let shares = self.shares();
            if shares.room() == 0 {
                // Looks again as soon as a place is free.
                return Ok(LOOK_AGAIN);
            }
            let now = self.clock.now();
            // Asking what is due is a read; a claim takes the one writer of SQLite.
            let (beside, most) = match self.next(&shares, now).await? {
                Next::Nothing(wait) => return Ok(wait),
                Next::Claim { beside, most } => (beside, most),
            };
            let limit = u32::try_from(most).unwrap_or(u32::MAX);
            let (owner, lease) = (&self.settings.owner, self.settings.lease);
            let claimed = due::claim_within(&self.store, reach(now, &beside), owner, limit, lease).await?;
            if claimed.is_empty() {
                // Somebody else was faster, or holds it in a transaction that is not over.
                return Ok(Duration::from_millis(50));
            }
            self.turns.took(claimed.iter().filter_map(|work| work.workspace));
            self.spawn_all(claimed, running);
        }
    }

    /// What is due, first among the workspaces that have less than their share and had no turn in this round, then among all that
    /// have less than their share. Where none of these waits, those with more may have more, except for the last places.
    async fn next(&mut self, shares: &Shares, now: Timestamp) -> Result<Next, StoreError> {
        let above = shares.above();
        let mut beside = self.turns.and(&above);
        let mut first = due::first_within(&self.store, reach(now, &beside)).await?;
        let mut alone = None;
        if first.is_none() && beside.len() > above.len() {
            alone = Some(beside).filter(|beside| beside.len() == 1).map(|beside| beside[0]);
            self.turns.next_round();
            beside = above;
            first = due::first_within(&self.store, reach(now, &beside)).await?;
        }
        if first.is_none() && !beside.is_empty() {
            beside = shares.full();
            first = due::first_within(&self.store, reach(now, &beside)).await?;
        }
        let Some(first) = first else {
            let next = due::next_within(&self.store, reach(now, &[])).await?;
            let wait = next.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
            return Ok(Next::Nothing(wait.map_or(LOOK_AGAIN, |wait| wait.min(LOOK_AGAIN))));
        };
        let most = match first {
            Some(workspace) if self.is_alone(workspace, alone, shares, now).await? => {
                shares.left_for(workspace).min(AT_ONCE)
            }
            _ => shares.few(),
        };
        Ok(Next::Claim { beside, most })
    }

    /// Whether nobody else waits, as far as it matters: whether it may have more than a few at once. `known` is a workspace of which
    /// that was just seen.
    async fn is_alone(
        &self,
        workspace: WorkspaceId,
        known: Option<WorkspaceId>,
        shares: &Shares,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        if shares.left_for(workspace) <= shares.few() {
            return Ok(false);
        }
        if known == Some(workspace) {
            return Ok(true);
        }
        Ok(due::first_within(&self.store, reach(now, &[workspace])).await?.is_none())
    }

    fn shares(&self) -> Shares {
        Shares::of(self.settings.parallel, locked(&self.in_flight).values().map(|held| held.workspace))
    }

    fn spawn_all(&self, claimed: Vec<Claimed>, running: &mut JoinSet<()>) {
        for work in claimed {
            let (fence, workspace) = (work.fence, work.workspace);
            let handler = self.handlers.get(work.kind.as_str()).cloned();
            let (store, clock) = (self.store.clone(), self.clock.clone());
            let (in_flight, freed, stumbles) = (self.in_flight.clone(), self.freed.clone(), self.stumbles.clone());
            // Registered before it can end: the task waits for its entry.
            let (go, gone) = tokio::sync::oneshot::channel::<()>();
            let abort = running.spawn(async move {
                if gone.await.is_ok() {
                    run_one(&store, clock.as_ref(), handler, &work, &stumbles).await;
                }
                locked(&in_flight).remove(&fence.work);
                freed.notify_one();
            });
            locked(&self.in_flight).insert(fence.work, Held { fence, workspace, abort });
            // It waits for this, unless it was ended at once.
            let _ = go.send(());
        }
    }

    async fn drain(&self, running: &mut JoinSet<()>) {
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.settings.grace, all).await.is_ok() {
            return;
        }
        let left: Vec<Fence> = locked(&self.in_flight).values().map(|held| held.fence).collect();
        tracing::warn!(count = left.len(), "work in flight did not end in time and is given back");
        running.shutdown().await;
        for fence in left {
            settle(due::release(&self.store, fence, self.clock.now(), None).await);
        }
    }
}

fn reach(now: Timestamp, beside: &[WorkspaceId]) -> Reach<'_> {
    Reach { now, head_start: HEAD_START, beside }
}

fn locked(in_flight: &InFlight) -> std::sync::MutexGuard<'_, HashMap<WorkId, Held>> {
    // Nothing panics while it is held.
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Extends the leases of what is in flight; what has lost its lease is stopped.
async fn keep_leases(store: Store, clock: Arc<dyn Clock>, in_flight: InFlight, lease: SignedDuration) {
    let third = Duration::try_from(lease / 3).unwrap_or(Duration::from_secs(10));
    loop {
        tokio::time::sleep(third).await;
        let fences: Vec<Fence> = locked(&in_flight).values().map(|held| held.fence).collect();
        if fences.is_empty() {
            continue;
        }
        match due::extend(&store, &fences, clock.now() + lease).await {
            Ok(held) => {
                for fence in fences.iter().filter(|fence| !held.contains(&fence.work)) {
                    // It may have ended since: then there is no entry any more.
                    if let Some(held) = locked(&in_flight).get(&fence.work)
                        && held.fence == *fence
                    {
                        tracing::warn!(work = %fence.work, "the lease was lost; its work is stopped");
                        held.abort.abort();
                    }
                }
                let mut entries = locked(&in_flight);
                entries.retain(|_, held| !held.abort.is_finished());
            }
            Err(error) => tracing::error!(%error, "leases could not be extended"),
        }
    }
}

async fn run_one(
    store: &Store,
    clock: &dyn Clock,
    handler: Option<Arc<dyn Handler>>,
    work: &Claimed,
    stumbles: &Stumbles,
) {
    let Some(handler) = handler else {
        tracing::warn!(kind = %work.kind, "no one here does this kind of work; it is dropped");
        settle(due::finish(store, work.fence).await);
        return;
    };
    let deadline = handler.deadline();
    let outcome = AssertUnwindSafe(tokio::time::timeout(deadline, handler.handle(work))).catch_unwind().await;
    let outcome = outcome.map(|ended| ended.unwrap_or(Err(HandlerError::Overdue(deadline))));
    let failed = match outcome {
        Ok(Ok(Done::Settled)) => None,
        Ok(Ok(Done::Finished)) => {
            settle(due::finish(store, work.fence).await);
            None
        }
        Ok(Ok(Done::Again(at))) => {
            settle(due::release(store, work.fence, at, None).await);
            None
        }
        Ok(Err(HandlerError::Store(StoreError::Stale { .. }))) => {
            tracing::info!(kind = %work.kind, subject = %work.subject, "changed or taken over while it was being done");
            None
        }
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("it panicked".to_owned()),
    };
    let Some(error) = failed else { return stumbles.forget(work.fence.work) };
    tracing::error!(kind = %work.kind, subject = %work.subject, %error, "work failed on our side; trying again");
    let at = clock.now() + stumbles.pause_after(work.fence.work);
    settle(due::release(store, work.fence, at, None).await);
}

/// A stale lease means that the row was moved, removed or taken over meanwhile: it is somebody else's then.
fn settle(done: crier_store::Result<()>) {
    match done {
        Ok(()) | Err(StoreError::Stale { .. }) => {}
        Err(error) => tracing::error!(%error, "the end of a piece of work was not recorded; its lease will lapse"),
    }
}
