//! Metrics for whoever has the token, where they are on.

use crate::{
    access::Anyone,
    problem::{Problem, Result},
    secrets::hash,
    state::Api,
};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/metrics", get(metrics))
}

/// What was counted, as text for Prometheus.
async fn metrics(_: Anyone, headers: HeaderMap, State(api): State<Api>) -> Result<Response> {
    let Some(metrics) = &api.metrics else {
        let problem = Problem::not_found("metrics.off", "There are no metrics here");
        return Err(problem.detail("The operator switches them on with the setting `metrics_token`."));
    };
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sent = sent.strip_prefix("Bearer ").unwrap_or_default();
    // Hashes are compared: how far they agree tells nothing about the token.
    if hash(sent) != hash(metrics.token.expose()) {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "metrics.token_wrong", "The token is missing or wrong");
        return Err(problem.detail("Send the value of `metrics_token` as `Authorization: Bearer TOKEN`."));
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, (metrics.render)()).into_response())
}
