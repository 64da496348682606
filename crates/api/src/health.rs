//! Whether this process lives and does its work, for supervisors and load balancers.

use crate::{access::Anyone, state::Api};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::SignedDuration;
use serde_json::json;

/// A worker looks for work at least every 15 seconds; one that has not for this long is stuck.
const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(90);

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/health", get(health)).route("/ready", get(ready))
}

/// Whether the process answers and its worker goes round.
async fn health(_: Anyone, State(api): State<Api>) -> Response {
    let idle = api.pulse.as_ref().map(|pulse| {
        let last = pulse.last_tick();
        last.map_or(SignedDuration::ZERO, |last| api.store.now().duration_since(last))
    });
    let stuck = idle.is_some_and(|idle| idle > STUCK_AFTER);
    let told = json!({
        "status": if stuck { "stuck" } else { "ok" },
        "worker": idle.map(|idle| json!({ "looked_seconds_ago": idle.as_secs() })),
    });
    answer(!stuck, told)
}

/// Whether requests can be answered: the database must be there.
async fn ready(_: Anyone, State(api): State<Api>) -> Response {
    match api.store.ping().await {
        Ok(()) => answer(true, json!({ "status": "ready" })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            answer(false, json!({ "status": "database" }))
        }
    }
}

fn answer(good: bool, told: serde_json::Value) -> Response {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(told)).into_response()
}
