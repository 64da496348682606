//! What requests cost: time others took, and failures by how far they had come.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Failure;

tokio::task_local! {
    static WAITED: Waited;
}

/// Time spent waiting for others, over all requests made within [`Waited::during`]. Clones add to the same sum, so that tasks
/// started within can go on with it.
#[derive(Debug, Clone, Default)]
pub struct Waited(Arc<AtomicU64>);

impl Waited {
    /// The sum that is being kept here, or a new one.
    #[must_use]
    pub fn current() -> Self {
        WAITED.try_with(Clone::clone).unwrap_or_default()
    }

    /// Adds every request made by this future.
    pub async fn during<F: Future>(&self, work: F) -> F::Output {
        WAITED.scope(self.clone(), work).await
    }

    /// The sum so far. Requests side by side count each.
    #[must_use]
    pub fn so_far(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn add(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Measures one request.
pub(crate) async fn measured<T>(request: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let started = Instant::now();
    let outcome = request.await;
    WAITED.try_with(|waited| waited.add(started.elapsed())).ok();
    if let Err(failure) = &outcome {
        let (stage, kind) = (failure.stage.as_str(), failure.kind.as_str());
        metrics::counter!("crier_outbound_failures_total", "stage" => stage, "kind" => kind).increment(1);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{FailureKind, Stage};
    use tokio::time::sleep;

    #[tokio::test]
    async fn time_waited_for_others_is_summed_over_tasks() {
        let request = |milliseconds| {
            measured(async move {
                sleep(Duration::from_millis(milliseconds)).await;
                Err::<(), _>(Failure::before_sending(Stage::Connect, FailureKind::Refused, "host", "refused"))
            })
        };
        let waited = Waited::default();
        waited
            .during(async {
                request(20).await.unwrap_err();
                sleep(Duration::from_millis(500)).await;
                let inner = Waited::current();
                tokio::spawn(async move { inner.during(request(30)).await }).await.unwrap().unwrap_err();
            })
            .await;
        let so_far = waited.so_far();
        assert!(so_far >= Duration::from_millis(50) && so_far < Duration::from_millis(500), "{so_far:?}");
        request(40).await.unwrap_err();
        assert_eq!(waited.so_far(), so_far, "nothing is added from outside");
    }
}
