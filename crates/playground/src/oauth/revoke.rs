//! `POST /oauth/revoke` (RFC 7009).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::oauth::apps::Shown;
use crate::oauth::error::Problem;
use crate::oauth::params::Params;
use crate::oauth::token::form;
use crate::state::Shared;

pub(crate) async fn revoke(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let params: Params = form(&headers, &body)?;
    let shown = Shown::read(&headers, &params)?;
    let Some(token) = params.get("token") else {
        return Err(Problem::invalid_request("token: missing."));
    };
    shared
        .change(|world, now| {
            let client = world.oauth.apps.authenticate(&shown)?.client_id.clone();
            if world.oauth.grants.revoke_token(&client, token, now) {
                Ok(StatusCode::OK.into_response())
            } else {
                Err(Problem::invalid_grant("token: it was issued to another app."))
            }
        })
        .await?
}
