//! Doing in one go what many ask for at the same moment.
//!
//! Whoever asks first sets the work going; what is asked for until it is done is the next lot. So nobody waits for company, and the
//! busier it is, the more a transaction is worth.

use crate::{
    Store,
    error::{DatabaseError, DatabaseErrorKind, Result, StoreError},
};
use async_trait::async_trait;
use std::{
    collections::VecDeque,
    fmt,
    marker::PhantomData,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, oneshot};

/// The most that are done in one go. Lots are powers of two, so that there are few different statements to prepare.
const MOST: usize = 256;
/// How often a lot is tried again whose transaction ended in a deadlock.
const AGAIN: usize = 2;

/// Something that is done for many at once.
#[async_trait]
pub(crate) trait Together: Send + Sync + Sized + 'static {
    type Done: Send + 'static;

    fn queue(store: &Store) -> &Queue<Self>;

    /// Waits before the next lot is taken, where something else is more urgent.
    async fn give_way(_store: &Store) {}

    /// Does it for all, with an outcome for each, in their order. The outer error is everybody's: nothing was written.
    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Self::Done>>>;
}

struct Asked<T: Together> {
    what: T,
    tell: oneshot::Sender<Result<T::Done>>,
}

/// What waits to be done together.
pub(crate) struct Queue<T: Together> {
    waiting: Mutex<Waiting<T>>,
    /// Told when the last of what waits is taken up.
    emptied: Notify,
}

struct Waiting<T: Together> {
    asked: VecDeque<Asked<T>>,
    /// Whether somebody is at work on what was asked for.
    at_work: bool,
}

impl<T: Together> Default for Queue<T> {
    fn default() -> Self {
        Self { waiting: Mutex::new(Waiting { asked: VecDeque::new(), at_work: false }), emptied: Notify::new() }
    }
}

impl<T: Together> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl<T: Together> Queue<T> {
    fn locked(&self) -> MutexGuard<'_, Waiting<T>> {
        // Nothing panics while it is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to what waits; true when nobody is at work on it.
    fn push(&self, asked: Asked<T>) -> bool {
        let mut waiting = self.locked();
        waiting.asked.push_back(asked);
        !std::mem::replace(&mut waiting.at_work, true)
    }

    /// The next lot; empty when the work is over.
    fn take(&self) -> Vec<Asked<T>> {
        let mut waiting = self.locked();
        // Who was stopped while waiting wants nothing written any more.
        waiting.asked.retain(|asked| !asked.tell.is_closed());
        let lot = match waiting.asked.len() {
            0 => 0,
            count => (1 << count.ilog2()).min(MOST),
        };
        waiting.at_work = lot > 0;
        let lot = waiting.asked.drain(..lot).collect();
        if waiting.asked.is_empty() {
            self.emptied.notify_waiters();
        }
        lot
    }

    /// Waits until nothing is left to be taken up, but no longer than this.
    pub async fn until_empty(&self, most: Duration) {
        let emptied = pin!(self.emptied.notified());
        if !self.locked().asked.is_empty() {
            // Over in time or not makes no difference.
            let _ = tokio::time::timeout(most, emptied).await;
        }
    }
}

/// Asks for something, and waits until it is done with what others ask for meanwhile.
pub(crate) async fn ask<T: Together>(store: &Store, what: T) -> Result<T::Done> {
    let (tell, told) = oneshot::channel();
    if T::queue(store).push(Asked { what, tell }) {
        // A task of its own: whoever asked first may be stopped, the others not with it.
        tokio::spawn(work::<T>(store.clone()));
    }
    told.await.unwrap_or_else(|_| {
        let detail = "what was asked for together with others was not done".to_owned();
        Err(DatabaseError { kind: DatabaseErrorKind::Other, detail }.into())
    })
}

/// Ends the work also when it panics or its runtime ends, so that the next to ask begins anew.
struct AtWork<T: Together> {
    store: Store,
    over: bool,
    of: PhantomData<T>,
}

impl<T: Together> Drop for AtWork<T> {
    fn drop(&mut self) {
        if !self.over {
            let mut waiting = T::queue(&self.store).locked();
            waiting.at_work = false;
            waiting.asked.clear();
        }
    }
}

async fn work<T: Together>(store: Store) {
    let mut at_work = AtWork::<T> { store: store.clone(), over: false, of: PhantomData };
    // What became due at the same instant asks before the first lot is taken.
    tokio::task::yield_now().await;
    loop {
        T::give_way(&store).await;
        let lot = T::queue(&store).take();
        if lot.is_empty() {
            at_work.over = true;
            return;
        }
        let (all, tell): (Vec<_>, Vec<_>) = lot.into_iter().map(|asked| (asked.what, asked.tell)).unzip();
        let outcomes = run(&store, &all).await;
        for (tell, outcome) in tell.into_iter().zip(outcomes) {
            // Who was stopped meanwhile does not listen.
            let _ = tell.send(outcome);
        }
    }
}

async fn run<T: Together>(store: &Store, all: &[T]) -> Vec<Result<T::Done>> {
    for _ in 0..AGAIN {
        match T::run(store, all).await {
            Ok(outcomes) => return outcomes,
            Err(StoreError::Database(DatabaseError { kind: DatabaseErrorKind::Deadlock, .. })) => {}
            // What is wrong with the database is wrong for all.
            Err(StoreError::Database(error)) if error.is_temporary() => {
                return all.iter().map(|_| Err(error.clone().into())).collect();
            }
            Err(error) if all.len() == 1 => return vec![Err(error)],
            Err(_) => break,
        }
    }
    // One of them spoils it for the others: each by itself.
    let mut outcomes = Vec::new();
    for each in all {
        let alone = T::run(store, std::slice::from_ref(each)).await;
        outcomes.push(alone.and_then(|mut one| one.pop().unwrap_or(Err(StoreError::Damaged { what: "outcome" }))));
    }
    outcomes
}
