//! `POST /oauth/register`: dynamic client registration (RFC 7591).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap};
use serde::Deserialize;
use serde_json::json;

use crate::oauth::apps::{Application, Issued, Proof, Unfit};
use crate::oauth::error::Problem;
use crate::oauth::scopes::Scopes;
use crate::state::Shared;

/// The client metadata that means something here; other members are ignored (section 2).
#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default)]
    redirect_uris: Vec<String>,
    client_name: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    scope: Option<String>,
}

pub(crate) async fn register(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if !is_json(&headers) {
        // Forms of other sites can't send this type, so that they can't register apps here.
        return Err(invalid("The body is expected as application/json."));
    }
    let metadata: Metadata = serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))?;
    let wanted = application(metadata)?;
    wanted.check().map_err(|unfit| match unfit {
        Unfit::Name => invalid(&unfit.to_string()),
        Unfit::RedirectCount | Unfit::Redirect(_) => {
            Problem::new(StatusCode::BAD_REQUEST, "invalid_redirect_uri", unfit.to_string())
        }
    })?;
    let issued = Issued::make(wanted.proof)?;
    let answer = {
        let wanted = wanted.clone();
        let issued = issued.clone();
        shared
            .change(move |world, now| {
                world.oauth.apps.add(wanted, &issued, now);
                now
            })
            .await?
    };
    let mut registered = json!({
        "client_id": issued.client_id,
        "client_id_issued_at": answer.as_second(),
        "client_name": wanted.name.trim(),
        "redirect_uris": wanted.redirect_uris,
        "token_endpoint_auth_method": wanted.proof,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": wanted.scopes.to_string(),
    });
    if let Some(secret) = issued.secret {
        registered["client_secret"] = secret.into();
        registered["client_secret_expires_at"] = 0.into();
    }
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(registered)).into_response())
}

fn application(metadata: Metadata) -> Result<Application, Problem> {
    let proof = match metadata.token_endpoint_auth_method.as_deref() {
        None | Some("client_secret_basic") => Proof::Basic,
        Some("client_secret_post") => Proof::Body,
        Some("none") => Proof::None,
        Some(other) => {
            return Err(invalid(&format!(
                "token_endpoint_auth_method: '{other}' is not one of client_secret_basic, \
                 client_secret_post, none."
            )));
        }
    };
    check_listed("grant_types", metadata.grant_types.as_deref(), &["authorization_code", "refresh_token"])?;
    check_listed("response_types", metadata.response_types.as_deref(), &["code"])?;
    let scopes = match metadata.scope.as_deref() {
        None => Scopes::all(),
        Some(scope) => {
            Scopes::parse(scope).map_err(|name| invalid(&format!("scope: '{name}' is not a scope of this network.")))?
        }
    };
    Ok(Application {
        name: metadata.client_name.unwrap_or_else(|| "Unnamed app".to_owned()),
        redirect_uris: metadata.redirect_uris,
        scopes,
        proof,
        owner: None,
    })
}

fn check_listed(field: &str, given: Option<&[String]>, known: &[&str]) -> Result<(), Problem> {
    match given.unwrap_or_default().iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(invalid(&format!("{field}: '{name}' is not one of {}.", known.join(", ")))),
        None => Ok(()),
    }
}

fn invalid(description: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_client_metadata", description)
}

/// Whether the body says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
