//! Metrics in the text format of Prometheus. Every crate counts by the `metrics` facade where the thing happens; what there is
//! stands here, once.

use crate::Failed;
use axum::{Router, http::header, routing::get};
use metrics::{Unit, describe_counter, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The media type of the text format, version 0.0.4.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counting takes memory only while somebody tidies up.
const TIDIED_EVERY: Duration = Duration::from_secs(5);

/// From here on everything counted is kept.
pub fn start(shutdown: CancellationToken) -> Result<PrometheusHandle, Failed> {
    const CALLBACK: [f64; 10] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
    let failed = |error: metrics_exporter_prometheus::BuildError| Failed::to("setting up metrics", error);
    let callback = Matcher::Full("crier_connect_callback_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(callback, &CALLBACK).map_err(failed)?;
    let handle = builder.install_recorder().map_err(failed)?;
    describe();
    let tidied = handle.clone();
    tokio::spawn(async move {
        let mut clock = tokio::time::interval(TIDIED_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = clock.tick() => tidied.run_upkeep(),
            }
        }
    });
    Ok(handle)
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
    // crier-net
    describe_counter!("crier_outbound_failures_total", "Outbound requests without an answer, by stage and kind");
}

/// The metrics alone, for an address of their own.
pub fn router(handle: PrometheusHandle) -> Router {
    let told = move || async move { ([(header::CONTENT_TYPE, MEDIA_TYPE)], handle.render()) };
    Router::new().route("/metrics", get(told))
}
