//! `POST /oauth/token`: codes and refresh tokens for tokens.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap};
use serde_json::json;

use crate::endpoint::Endpoint;
use crate::faults::Kind;
use crate::gate::Marks;
use crate::oauth::apps::Shown;
use crate::oauth::error::Problem;
use crate::oauth::grants::{Exchange, Lives, Pair};
use crate::oauth::params::Params;
use crate::oauth::scopes::Scopes;
use crate::state::{Shared, World};

pub(crate) async fn token(
    State(shared): State<Shared>,
    Extension(marks): Extension<Marks>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let params = form(&headers, &body)?;
    let shown = Shown::read(&headers, &params)?;
    let pair = Pair::make()?;
    let lives = Lives { access: shared.config().access_token_life, refresh: shared.config().refresh_token_life };
    let scopes = shared
        .change(|world, now| {
            let client = world.oauth.apps.authenticate(&shown)?.client_id.clone();
            match params.get("grant_type") {
                Some("authorization_code") => {
                    let code = required(&params, "code")?;
                    let expired = expired_by_fault(world, &marks, code);
                    let wanted = Exchange {
                        client_id: &client,
                        code,
                        redirect_uri: params.get("redirect_uri"),
                        verifier: params.get("code_verifier"),
                        expired,
                    };
                    world.oauth.grants.exchange(wanted, &pair, lives, now)
                }
                Some("refresh_token") => {
                    let token = required(&params, "refresh_token")?;
                    let narrowed = narrowed(&params)?;
                    world.oauth.grants.renew(&client, token, narrowed.as_ref(), &pair, lives, now)
                }
                Some(other) => Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "unsupported_grant_type",
                    format!("grant_type: '{}' is not one of authorization_code, refresh_token.", printable(other)),
                )),
                None => Err(Problem::invalid_request("grant_type: missing.")),
            }
        })
        .await??;
    let headers = [(header::CACHE_CONTROL, "no-store")];
    let body = json!({
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": lives.access.as_secs(),
        "refresh_token": pair.refresh,
        "scope": scopes.to_string(),
    });
    Ok((headers, Json(body)).into_response())
}

fn expired_by_fault(world: &mut World, marks: &Marks, code: &str) -> bool {
    let account = world.oauth.grants.code_account(code);
    let fired = world.faults.inside(Endpoint::Token, account, |kind| match kind {
        Kind::ExpireCode => Some(()),
        _ => None,
    });
    match fired {
        Some((id, ())) => {
            marks.add(id);
            true
        }
        None => false,
    }
}

fn narrowed(params: &Params) -> Result<Option<Scopes>, Problem> {
    params
        .get("scope")
        .map(|scope| {
            Scopes::parse(scope).map_err(|name| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "invalid_scope",
                    format!("scope: '{}' is not a scope of this network.", printable(&name)),
                )
            })
        })
        .transpose()
}

fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, Problem> {
    params.get(name).ok_or_else(|| Problem::invalid_request(format!("{name}: missing.")))
}

/// Reads a form body, as the endpoints of RFC 6749 and 7009 want it.
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, Problem> {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(Problem::invalid_request("The body is expected as application/x-www-form-urlencoded."));
    }
    let params = Params::parse(body);
    match params.repeated() {
        Some(name) => Err(Problem::invalid_request(format!("{}: sent more than once.", printable(name)))),
        None => Ok(params),
    }
}

/// What is left of a value within the characters that `error_description` may have.
pub(crate) fn printable(value: &str) -> String {
    value.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).take(200).collect()
}
