//! Whether this process lives and does its work, for supervisors and load balancers.

use crate::{access::Anyone, body::Query, state::Api};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use crier_store::due;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

/// A worker looks for work at least every 15 seconds; one that has not for this long is stuck.
const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(90);

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/health", get(health)).route("/ready", get(ready))
}

/// A longer nonce is nobody's who asks in earnest.
const NONCE_CHARACTERS: usize = 64;

#[derive(Debug, Deserialize)]
struct Asked {
    nonce: Option<String>,
}

/// Whether the process answers and its worker goes round, and since when the oldest due work waits to be done, on whatever node. To a nonce it answers with a proof that it is of this installation,
/// by which the doctor tells whether the public address leads here.
async fn health(_: Anyone, Query(asked): Query<Asked>, State(api): State<Api>) -> Response {
    let idle = api.pulse.as_ref().map(|pulse| {
        let last = pulse.last_tick();
        last.map_or(SignedDuration::ZERO, |last| api.store.now().duration_since(last))
    });
    let stuck = idle.is_some_and(|idle| idle > STUCK_AFTER);
    let trouble = api.pulse.as_ref().and_then(|pulse| pulse.trouble());
    let mut told = json!({
        "status": if stuck { "stuck" } else { "ok" },
        "oldest_due_seconds": oldest_due(&api).await,
        "worker": idle.map(|idle| json!({ "looked_seconds_ago": idle.as_secs(), "trouble": trouble })),
    });
    if let Some(nonce) = asked.nonce.filter(|nonce| nonce.len() <= NONCE_CHARACTERS) {
        match api.proof(&nonce).await {
            Ok(proof) => told["proof"] = proof.into(),
            Err(error) => tracing::warn!(%error, "a proof of whose this server is could not be made"),
        }
    }
    answer(!stuck, told)
}

/// How long the oldest due work has waited; 0 when nothing waits, none while the database can't be asked.
async fn oldest_due(api: &Api) -> Option<i64> {
    match due::next_due_at(&api.store).await {
        Ok(next) => Some(next.map_or(0, |next| api.store.now().duration_since(next).as_secs().max(0))),
        Err(error) => {
            tracing::warn!(%error, "the oldest due work could not be asked for");
            None
        }
    }
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
