//! `GET /oauth/authorize`: from an app's wish to the consent page.

use axum::Extension;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::header::CONTENT_SECURITY_POLICY;
use maud::html;
use url::Url;

use crate::gate::Outcome;
use crate::oauth::consent::Asked;
use crate::oauth::error::Problem;
use crate::oauth::params::Params;
use crate::oauth::scopes::Scopes;
use crate::oauth::token::printable;
use crate::pages::consent;
use crate::pages::layout::{self, Failure, content_policy};
use crate::pages::viewer::Viewer;
use crate::secrets::fresh;
use crate::state::{Shared, World};

/// Why an authorization request cannot be followed.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// The app or its address is in doubt: nobody may be sent there, so the person is told.
    Page { title: &'static str, body: maud::Markup, error: &'static str },
    /// The app is told at its own address.
    Redirect { to: String, error: &'static str },
}

pub(crate) async fn authorize(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    OriginalUri(uri): OriginalUri,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let asked = match shared.look(|world, _| read(world, shared.origin(), &params)) {
        Ok(asked) => asked,
        Err(Wrong::Page { title, body, error }) => {
            let mut response = layout::page(&viewer, title, &body);
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response.extensions_mut().insert(Outcome(error.to_owned()));
            return Ok(response);
        }
        Err(Wrong::Redirect { to, error }) => {
            let mut response = Redirect::to(&to).into_response();
            response.extensions_mut().insert(Outcome(error.to_owned()));
            return Ok(response);
        }
    };
    let here = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let Some(account) = viewer.account().cloned() else {
        return Ok(Redirect::to(&layout::sign_in_link(&here)).into_response());
    };
    let ticket = fresh("pgt_")?;
    let app = {
        let (asked, ticket) = (asked.clone(), ticket.clone());
        shared
            .change(move |world, now| {
                let app = world.oauth.apps.get(&asked.client_id).cloned();
                world.oauth.consents.open(&ticket, asked, account.id, now);
                app
            })
            .await?
    };
    let Some(app) = app else {
        return Err(Failure::gone("This app was removed a moment ago."));
    };
    let page = consent::page(&viewer, &app, &asked, &ticket, &here);
    let policy = content_policy(Some(&asked.redirect_uri));
    Ok(([(CONTENT_SECURITY_POLICY, policy)], page).into_response())
}

/// Reads and checks an authorization request.
fn read(world: &World, issuer: &str, params: &Params) -> Result<Asked, Wrong> {
    let app = known_app(world, params)?;
    let redirect_uri = known_redirect(app, params)?;
    let state = params.get("state").map(str::to_owned);
    let refuse = |error: &'static str, description: &str| Wrong::Redirect {
        to: error_address(&redirect_uri, issuer, state.as_deref(), error, description),
        error,
    };
    if let Some(name) = params.repeated() {
        let name = printable(name);
        return Err(refuse("invalid_request", &format!("{name}: sent more than once.")));
    }
    match params.get("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err(refuse("unsupported_response_type", "response_type: only 'code' is supported."));
        }
        None => return Err(refuse("invalid_request", "response_type: missing.")),
    }
    let challenge = challenge(params).map_err(|why| refuse("invalid_request", &why))?;
    let scopes = match params.get("scope") {
        None => Scopes::parse("profile").unwrap_or_default(),
        Some(scope) => Scopes::parse(scope).map_err(|name| {
            refuse("invalid_scope", &format!("scope: '{}' is not a scope of this network.", printable(&name)))
        })?,
    };
    if !scopes.within(&app.scopes) {
        return Err(refuse("invalid_scope", &format!("scope: the app is registered for '{}' only.", app.scopes)));
    }
    Ok(Asked { client_id: app.client_id.clone(), redirect_uri, scopes, state, challenge })
}

fn known_app<'a>(world: &'a World, params: &Params) -> Result<&'a crate::oauth::apps::App, Wrong> {
    let client_id = params.get("client_id");
    client_id.and_then(|id| world.oauth.apps.get(id)).ok_or_else(|| Wrong::Page {
        title: "This app is not known here",
        error: "invalid_client",
        body: html! {
            @if let Some(id) = client_id {
                p { "Something asked for access with the client id " code { (id) }
                    ", and no app here has it." }
            } @else {
                p { "Something asked for access without saying which app it is: "
                    code { "client_id" } " is missing." }
            }
            p { "Either the id was mistyped where the app is set up, or the app has been removed. "
                "Apps and their ids are listed under " a href="/apps" { "Your apps" } "." }
        },
    })
}

fn known_redirect(app: &crate::oauth::apps::App, params: &Params) -> Result<String, Wrong> {
    let sent = params.get("redirect_uri");
    if let Some(sent) = sent
        && app.redirect_uris.iter().any(|known| known == sent)
    {
        return Ok(sent.to_owned());
    }
    Err(Wrong::Page {
        title: "The return address does not match",
        error: "redirect_mismatch",
        body: html! {
            p { "The app " strong { (app.name) } " asked to be answered at an address that is not registered "
                "for it, so nobody is sent there." }
            dl.addresses {
                dt { "Sent" }
                dd { @match sent {
                    Some(sent) => { code.address { (consent::difference(sent, &app.redirect_uris)) } }
                    None => { "nothing: " code { "redirect_uri" } " is missing" }
                } }
                dt { "Registered" }
                @for known in &app.redirect_uris { dd { code.address { (known) } } }
            }
            p { "They must be equal, character for character. Change either the app's setting or its "
                "registration under " a href="/apps" { "Your apps" } "." }
        },
    })
}

fn challenge(params: &Params) -> Result<String, String> {
    let Some(challenge) = params.get("code_challenge") else {
        return Err("code_challenge: missing; PKCE is required.".to_owned());
    };
    if params.get("code_challenge_method") != Some("S256") {
        return Err("code_challenge_method: only S256 is supported.".to_owned());
    }
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if challenge.len() != 43 || !challenge.bytes().all(base64url) {
        return Err("code_challenge: not a SHA-256 hash in base64url.".to_owned());
    }
    Ok(challenge.to_owned())
}

/// Where the browser is sent with an error.
pub(crate) fn error_address(
    redirect_uri: &str,
    issuer: &str,
    state: Option<&str>,
    error: &str,
    description: &str,
) -> String {
    let fields =
        [("error", Some(error)), ("error_description", Some(description)), ("state", state), ("iss", Some(issuer))];
    address(redirect_uri, &fields)
}

/// `redirect_uri` with `fields` added to its query.
pub(crate) fn address(redirect_uri: &str, fields: &[(&str, Option<&str>)]) -> String {
    // It was parsed when it was registered, so that it parses again.
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return redirect_uri.to_owned();
    };
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in fields {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
    }
    url.into()
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::new(problem.status, "That did not work", problem.description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_was_registered_stays() {
        assert_eq!(
            address(
                "https://app.example/return?tenant=7",
                &[("code", Some("a b")), ("state", None), ("iss", Some("http://x"))]
            ),
            "https://app.example/return?tenant=7&code=a+b&iss=http%3A%2F%2Fx"
        );
    }
}
