//! Signing in, up and out.

use std::sync::LazyLock;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::header::{CONTENT_SECURITY_POLICY, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use tokio::sync::Semaphore;

use crate::accounts::{AccountId, Password};
use crate::oauth::params::Params;
use crate::pages::layout::{self, Failure, content_policy, local, with_return};
use crate::pages::viewer::{self, Viewer};
use crate::secrets::fresh;
use crate::state::{Shared, World};

/// Each hash takes 19 MiB and a core.
static HASHING: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(2));

pub(crate) async fn sign_in_page(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let target = local(params.get("return_to"));
    sign_in_form(&shared, &viewer, &target, "", None)
}

fn sign_in_form(shared: &Shared, viewer: &Viewer, target: &str, handle: &str, wrong: Option<&str>) -> Response {
    let body = shared.look(|world, _| sign_in_body(world, target, handle, wrong));
    let mut response = layout::framed(viewer, "Sign in", &body);
    // After signing in, the authorize page may send the browser on to the app.
    let leads_to = shared.look(|world, _| registered_target(world, target));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, content_policy(leads_to.as_deref()));
    response
}

fn sign_in_body(world: &World, target: &str, handle: &str, wrong: Option<&str>) -> Markup {
    let app = asking_app(world, target);
    html! {
        section.sheet {
            h1 { "Sign in" }
            @if let Some(app) = app { p { "to go on to " strong { (app) } "." } }
            form.demo method="post" action="/sign-in/demo" {
                input type="hidden" name="return_to" value=(target);
                p { "Two accounts are ready. One click, no password:" }
                div.buttons {
                    @for account in world.accounts.iter().filter(|account| account.is_demo()) {
                        button type="submit" name="account" value=(account.id) {
                            img src={ "/avatar/" (account.id) } alt="" width="24" height="24";
                            "Sign in as " (account.name)
                        }
                    }
                }
            }
            p.or { span { "or with your own account" } }
            form method="post" action="/sign-in" {
                input type="hidden" name="return_to" value=(target);
                @if let Some(wrong) = wrong { p.wrong role="alert" #wrong { (wrong) } }
                label { "Handle"
                    input type="text" name="handle" value=(handle) autocomplete="username" autocapitalize="none"
                        spellcheck="false" required; }
                label { "Password"
                    input type="password" name="password" autocomplete="current-password" required; }
                div.buttons { button type="submit" { "Sign in" } }
            }
            p { "New here? " a href=(with_return("/sign-up", target)) { "Make an account" } }
        }
    }
}

/// The name of the app whose authorize page `target` is.
fn asking_app<'a>(world: &'a World, target: &str) -> Option<&'a str> {
    let query = target.strip_prefix("/oauth/authorize?")?;
    let params = Params::parse(query.as_bytes());
    Some(world.oauth.apps.get(params.get("client_id")?)?.name.as_str())
}

/// The app's own address in it, if it is a registered one.
fn registered_target(world: &World, target: &str) -> Option<String> {
    let query = target.strip_prefix("/oauth/authorize?")?;
    let params = Params::parse(query.as_bytes());
    let app = world.oauth.apps.get(params.get("client_id")?)?;
    let sent = params.get("redirect_uri")?;
    app.redirect_uris.iter().find(|known| *known == sent).cloned()
}

pub(crate) async fn sign_in(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<Response, Failure> {
    let params = Params::parse(&body);
    let target = local(params.get("return_to"));
    let handle = params.get("handle").unwrap_or_default();
    let typed = params.get("password").unwrap_or_default().to_owned();
    let found = shared.look(|world, _| {
        let account = world.accounts.named(handle)?;
        Some((account.id, account.password.clone()?))
    });
    let signed_in = match found {
        Some((id, password)) => hashing(move || password.verify(&typed)).await?.then_some(id),
        None => None,
    };
    match signed_in {
        Some(account) => begin(&shared, account, &target).await,
        None => {
            let wrong = "That handle and password do not belong together. Check both.";
            let mut response = sign_in_form(&shared, &viewer, &target, handle, Some(wrong));
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

pub(crate) async fn sign_in_demo(State(shared): State<Shared>, body: Bytes) -> Result<Response, Failure> {
    let params = Params::parse(&body);
    let target = local(params.get("return_to"));
    let wanted: Option<AccountId> = params.get("account").and_then(|id| id.parse().ok());
    let account = shared.look(|world, _| {
        let account = world.accounts.get(wanted?)?;
        account.is_demo().then_some(account.id)
    });
    let account = account.ok_or_else(|| {
        Failure::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "That is no demo account",
            "Go back and choose one of the two, or sign in with a password.".to_owned(),
        )
    })?;
    begin(&shared, account, &target).await
}

pub(crate) async fn sign_up_page(Extension(viewer): Extension<Viewer>, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let target = local(params.get("return_to"));
    sign_up_form(&viewer, &target, &Params::default(), None)
}

fn sign_up_form(viewer: &Viewer, target: &str, typed: &Params, wrong: Option<&str>) -> Response {
    let body = html! {
        section.sheet {
            h1 { "Make an account" }
            form method="post" action="/sign-up" {
                input type="hidden" name="return_to" value=(target);
                @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
                label { "Handle"
                    input type="text" name="handle" value=(typed.get("handle").unwrap_or_default())
                        autocomplete="username" autocapitalize="none" spellcheck="false" required
                        maxlength="31" aria-describedby="handle-help"; }
                p.dim #handle-help { "2 to 30 letters a–z, digits or underscores." }
                label { "Name"
                    input type="text" name="name" value=(typed.get("name").unwrap_or_default())
                        autocomplete="name" required maxlength="50"; }
                label { "Password"
                    input type="password" name="password" autocomplete="new-password" required minlength="8"
                        aria-describedby="password-help"; }
                p.dim #password-help { "At least 8 characters." }
                div.buttons { button type="submit" { "Make the account" } }
            }
            p { "Already here? " a href=(with_return("/sign-in", target)) { "Sign in" } }
        }
    };
    layout::framed(viewer, "Make an account", &body)
}

pub(crate) async fn sign_up(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<Response, Failure> {
    let params = Params::parse(&body);
    let target = local(params.get("return_to"));
    let handle = params.get("handle").unwrap_or_default().to_owned();
    let name = params.get("name").unwrap_or_default().to_owned();
    let typed = params.get("password").unwrap_or_default().to_owned();
    let refused = |wrong: &str| {
        let mut response = sign_up_form(&viewer, &target, &params, Some(wrong));
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        Ok(response)
    };
    if let Err(unfit) = shared.look(|world, _| world.accounts.fit(&handle, &name, &typed)) {
        return refused(&unfit.to_string());
    }
    let password = hashing(move || Password::hash(&typed)).await?.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        internal()
    })?;
    let made = shared.change(|world, now| world.accounts.sign_up(&handle, &name, password, now)).await?;
    match made {
        Ok(account) => begin(&shared, account, &target).await,
        Err(unfit) => refused(&unfit.to_string()),
    }
}

pub(crate) async fn sign_out(State(shared): State<Shared>, headers: HeaderMap) -> Result<Response, Failure> {
    if let Some(token) = viewer::token(&headers) {
        shared.change(|world, _| world.accounts.end_session(&token)).await?;
    }
    Ok(([(SET_COOKIE, viewer::no_cookie(&shared))], Redirect::to("/")).into_response())
}

async fn begin(shared: &Shared, account: AccountId, target: &str) -> Result<Response, Failure> {
    let token = fresh("pgk_")?;
    shared.change(|world, now| world.accounts.begin_session(account, &token, now)).await?;
    let cookie = [(SET_COOKIE, viewer::cookie(shared, &token))];
    Ok((cookie, Redirect::to(target)).into_response())
}

/// Runs slow hashing away from the threads that serve.
async fn hashing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    let _turn = HASHING.acquire().await.map_err(|_| internal())?;
    tokio::task::spawn_blocking(work).await.map_err(|_| internal())
}

fn internal() -> Failure {
    Failure::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "That did not work",
        "The log of the server says why. Try again.".to_owned(),
    )
}
