//! How much of a piece of work's time requests take, so that the rest can be told apart from it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

tokio::task_local! {
    static CURRENT: Outside;
}

/// Adds up what the requests of a piece of work take, one after another or at once. Clones are handles to the same sum.
#[derive(Debug, Clone, Default)]
pub struct Outside(Arc<AtomicU64>);

impl Outside {
    /// The sum that the work this is called from adds to; a new one where there is none.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Does the work, with its requests added to this sum. A task it spawns goes on adding with [`Self::current`].
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self.clone(), work).await
    }

    /// The sum so far, exact to the microsecond.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Adds a request's time to the work it is made for, if anybody asked.
pub(crate) fn add(time: Duration) {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    // Nobody asked: there is nothing to add to.
    let _ = CURRENT.try_with(|outside| outside.0.fetch_add(micros, Ordering::Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_are_added_to_the_work_they_are_made_for() {
        let (one, other) = (Outside::default(), Outside::default());
        add(Duration::from_secs(9));
        one.during(async {
            add(Duration::from_micros(20));
            let same = Outside::current();
            let spawned = tokio::spawn(async move { same.during(async { add(Duration::from_micros(3)) }).await });
            spawned.await.unwrap();
            other.during(async { add(Duration::from_secs(1)) }).await;
        })
        .await;
        assert_eq!((one.total(), other.total()), (Duration::from_micros(23), Duration::from_secs(1)));
    }
}
