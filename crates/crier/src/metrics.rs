//! Metrics in the text format of Prometheus. Every crate counts by the `metrics` facade where the thing happens; what there is
//! stands here, once.

use crate::Failed;
use axum::{Router, http::header, routing::get};
use crier_store::{Store, due};
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The media type of the text format, version 0.0.4.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counting takes memory only while somebody tidies up.
const TIDIED_EVERY: Duration = Duration::from_secs(5);

/// From here on everything counted is kept.
pub fn start(store: Store, shutdown: CancellationToken) -> Result<PrometheusHandle, Failed> {
    const LATENESS: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 1800.0, 7200.0];
    const CALLBACK: [f64; 10] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
    let failed = |error: metrics_exporter_prometheus::BuildError| Failed::to("setting up metrics", error);
    let callback = Matcher::Full("crier_connect_callback_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(callback, &CALLBACK).map_err(failed)?;
    let lateness = Matcher::Full("crier_publication_lateness_seconds".to_owned());
    let builder = builder.set_buckets_for_metric(lateness, &LATENESS).map_err(failed)?;
    let handle = builder.install_recorder().map_err(failed)?;
    describe();
    let tidied = handle.clone();
    tokio::spawn(async move {
        let mut clock = tokio::time::interval(TIDIED_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = clock.tick() => {
                    tidied.run_upkeep();
                    count_backlog(&store).await;
                }
            }
        }
    });
    Ok(handle)
}

/// What waits to be done, as it stands now.
#[allow(clippy::cast_precision_loss, reason = "counts and milliseconds")]
async fn count_backlog(store: &Store) {
    match due::backlog(store).await {
        Ok(backlog) => {
            let waited = backlog.oldest.map_or(0.0, |oldest| store.now().duration_since(oldest).as_secs_f64().max(0.0));
            gauge!("crier_due_backlog").set(backlog.due as f64);
            gauge!("crier_due_oldest_seconds").set(waited);
            gauge!("crier_leases").set(backlog.leased as f64);
        }
        Err(error) => tracing::warn!(%error, "the due work could not be counted"),
    }
}

/// Every metric there is. Counted where it says; the engine's belong below the handshake's.
fn describe() {
    // crier-connect
    describe_counter!("crier_connect_attempts_started_total", "Connects started, by network");
    describe_counter!("crier_connect_attempts_ended_total", "Connects ended, by network, outcome and diagnosis code");
    describe_histogram!(
        "crier_connect_callback_seconds",
        Unit::Seconds,
        "Time a callback took without what the network took, by network"
    );
    describe_counter!("crier_token_renewals_total", "Sign-ins to be renewed, by network, outcome and diagnosis code");
    // crier-engine
    describe_histogram!(
        "crier_publication_lateness_seconds",
        Unit::Seconds,
        "From the due time of a publication to its first try"
    );
    describe_counter!("crier_publication_tries_total", "Tries of publications, by network and class of the answer");
    describe_counter!("crier_publications_ended_total", "Publications that came to rest, by network and state");
    describe_gauge!("crier_due_backlog", "Pieces of work that are due and that nobody has claimed");
    describe_gauge!("crier_due_oldest_seconds", Unit::Seconds, "How long the oldest of them has waited");
    describe_gauge!("crier_leases", "Pieces of work being done, on all nodes");
    // crier-net
    describe_counter!("crier_outbound_failures_total", "Outbound requests without an answer, by stage and kind");
}

/// The metrics alone, for an address of their own.
pub fn router(handle: PrometheusHandle) -> Router {
    let told = move || async move { ([(header::CONTENT_TYPE, MEDIA_TYPE)], handle.render()) };
    Router::new().route("/metrics", get(told))
}
