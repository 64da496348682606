//! What the browser extension calls. It has no session here: a pairing code or a renewal token in the body is its authority, each for
//! one thing. Nothing is taken from cookies of ours, so that no page can make a browser act in somebody's name here.

use crate::{access::Anyone, body::Body, problem::Result, routes::auth::From, state::Api};
use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
};
use crier_connect::{HandedOver, Renewed};
use crier_model::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Below this, every address is the extension's. Its origin is its own, whatever page it was opened on.
pub(crate) const PATH: &str = "/api/v1/connect/extension";

/// Some cookies of 4 KB each.
const MAX_BYTES: usize = 64 * 1024;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(hand_over))
        .routes(routes!(renew_handover))
        .routes(routes!(stop_handover))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HandOver {
    /// The pairing code of the page that waits.
    #[schema(value_type = String)]
    code: Secret,
    /// The values of the site's cookies by their names: those that the attempt names, and no other.
    #[schema(value_type = BTreeMap<String, String>)]
    cookies: BTreeMap<String, Secret>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenewHandover {
    /// From the answer to the first hand-over.
    #[schema(value_type = String)]
    token: Secret,
    /// As in the first hand-over.
    #[schema(value_type = BTreeMap<String, String>)]
    cookies: BTreeMap<String, Secret>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StopHandover {
    #[schema(value_type = String)]
    token: Secret,
}

/// Hands a site's session over to the connect that waits for it, once. The answer has the token for bringing new cookies later.
#[utoipa::path(
    post, path = "/connect/extension", tag = "Connecting", request_body = HandOver, responses((status = 200, body = HandedOver))
)]
async fn hand_over(
    _: Anyone,
    from: From,
    State(api): State<Api>,
    Body(body): Body<HandOver>,
) -> Result<Json<HandedOver>> {
    api.limits().hand_over(from.0)?;
    Ok(Json(api.handshake.hand_over(&body.code, body.cookies).await?))
}

/// Brings a channel new cookies of the same account. A channel that needs reconnecting goes on, and so do its held posts.
#[utoipa::path(
    post, path = "/connect/extension/renew", tag = "Connecting", request_body = RenewHandover,
    responses((status = 200, body = Renewed))
)]
async fn renew_handover(
    _: Anyone,
    from: From,
    State(api): State<Api>,
    Body(body): Body<RenewHandover>,
) -> Result<Json<Renewed>> {
    api.limits().hand_over(from.0)?;
    Ok(Json(api.handshake.renew_handover(&body.token, body.cookies).await?))
}

/// Ends a renewal token. The channel keeps the session it has, as long as the site takes it.
#[utoipa::path(
    post, path = "/connect/extension/stop", tag = "Connecting", request_body = StopHandover, responses((status = 204))
)]
async fn stop_handover(
    _: Anyone,
    from: From,
    State(api): State<Api>,
    Body(body): Body<StopHandover>,
) -> Result<StatusCode> {
    api.limits().hand_over(from.0)?;
    api.handshake.stop_handover(&body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
