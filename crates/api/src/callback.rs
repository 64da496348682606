//! Where networks send people back to. The path is the one people have registered with their apps.

use crate::{
    access::{Anyone, connect_cookie, cookie, invite_cookie, signed_in_user},
    problem::{Problem, Result},
    state::Api,
};
use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crier_connect::{Callback, Landing};
use crier_model::NextKind;

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/integrations/social/{network}", get(land))
        // Some consoles take only addresses that end in a slash.
        .route("/integrations/social/{network}/", get(land))
        .route(crier_connect::CLIENT_DOCUMENT, get(client_document))
}

/// What this installation is, for networks that look their apps up. Public by its nature: it holds public keys.
async fn client_document(_: Anyone, State(api): State<Api>) -> Result<Response> {
    match api.handshake.client_document().await? {
        Some(document) => Ok(Json(document).into_response()),
        None => {
            Err(Problem::not_found("client_document.none", "This installation has no public address to be known by"))
        }
    }
}

/// Never fails: every path ends on a page that says how it stands.
async fn land(
    _: Anyone,
    Path(network): Path<String>,
    RawQuery(query): RawQuery,
    State(api): State<Api>,
    headers: HeaderMap,
) -> Redirect {
    let query = query.unwrap_or_default();
    let callback = Callback {
        network,
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        browser: cookie(&headers, connect_cookie(&api)),
        // Who is signed in only widens what may be attached: without an answer the account is confirmed by hand.
        signed_in: signed_in_user(&headers, &api).await.unwrap_or_default(),
    };
    let is_guest = callback.signed_in.is_none() && cookie(&headers, invite_cookie(&api)).is_some();
    match api.handshake.callback(callback).await {
        Landing::Attempt { id, nonce: None } => Redirect::to(&format!("/connect/{id}")),
        // Behind the `#` it stays in this browser: it reaches no server and no log.
        Landing::Attempt { id, nonce: Some(nonce) } => Redirect::to(&format!("/connect/{id}#nonce={nonce}")),
        Landing::Guest { id, nonce: None } => Redirect::to(&format!("/invite/{id}")),
        Landing::Guest { id, nonce: Some(nonce) } => Redirect::to(&format!("/invite/{id}#nonce={nonce}")),
        Landing::NoAttempt(mut diagnosis) => {
            if is_guest {
                let back = Some("/invite".to_owned());
                *diagnosis = diagnosis.offering(NextKind::Open, "Back to the invitation", back);
            }
            let told = serde_json::to_vec(&diagnosis).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
            Redirect::to(&format!("/connect/failed#d={told}"))
        }
    }
}
