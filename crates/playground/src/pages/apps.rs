//! The developer console, and the apps that an account let in.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::accounts::AccountId;
use crate::oauth::apps::{App, Application, Issued, Proof};
use crate::oauth::grants::Why;
use crate::oauth::params::Params;
use crate::oauth::scopes::Scopes;
use crate::pages::card::moment;
use crate::pages::layout::{Failure, back, page, sign_in_link};
use crate::pages::viewer::Viewer;
use crate::state::{Shared, World};

pub(crate) async fn list(State(shared): State<Shared>, Extension(viewer): Extension<Viewer>) -> Response {
    show(&shared, &viewer, &Notice::None, &Params::default())
}

/// What is said at the top of the page.
enum Notice<'a> {
    None,
    Wrong(String),
    /// Shown this once: only the digest is kept.
    Secret(&'a Issued),
}

fn show(shared: &Shared, viewer: &Viewer, notice: &Notice<'_>, typed: &Params) -> Response {
    let Some(account) = viewer.account() else {
        return back(&sign_in_link("/apps"));
    };
    let body = shared.look(|world, now| {
        html! {
            (said(notice))
            section {
                h2 { "Your apps" }
                (own_apps(world, account.id, now))
                (form(notice, typed))
            }
            section {
                h2 { "Apps you let in" }
                (let_in(world, account.id, now))
            }
            section {
                h2 { "For programs" }
                p { "Everything is described at "
                    a href="/.well-known/oauth-authorization-server" { code { "/.well-known/oauth-authorization-server" } }
                    ". Apps can also register themselves (RFC 7591)." }
            }
        }
    });
    page(viewer, "Apps", &body)
}

fn said(notice: &Notice<'_>) -> Markup {
    html! {
        @match notice {
            Notice::None => {},
            Notice::Wrong(wrong) => { p.wrong role="alert" { (wrong) } },
            Notice::Secret(issued) => {
                section.fresh role="status" {
                    h2 { "Copy these now" }
                    dl.keys {
                        dt { "Client id" } dd { code { (issued.client_id) } }
                        dt { "Client secret" }
                        dd { @match &issued.secret {
                            Some(secret) => { code { (secret) } },
                            None => { "none: this is a public app" },
                        } }
                    }
                    @if issued.secret.is_some() { p { "The secret is not shown again." } }
                }
            },
        }
    }
}

fn own_apps(world: &World, owner: AccountId, now: Timestamp) -> Markup {
    let apps: Vec<&App> = world.oauth.apps.of(owner).collect();
    html! {
        @if apps.is_empty() { p.dim { "You have not registered an app yet." } }
        @for app in apps {
            article.app {
                h3 { (app.name) }
                dl.keys {
                    dt { "Client id" } dd { code { (app.client_id) } }
                    dt { "Kind" }
                    dd { (match app.proof { Proof::None => "public, without a secret", _ => "confidential, with a secret" }) }
                    dt { "Return addresses" }
                    @for uri in &app.redirect_uris { dd { code { (uri) } } }
                    dt { "Registered" } dd { (moment(app.created_at, now)) }
                }
                div.buttons {
                    @if app.proof != Proof::None {
                        form method="post" action={ "/apps/" (app.client_id) "/secret" } {
                            button.quiet type="submit" { "New secret" }
                        }
                    }
                    form method="post" action={ "/apps/" (app.client_id) "/remove" } {
                        button.quiet type="submit" { "Remove" span.hidden { " " (app.name) } }
                    }
                }
            }
        }
    }
}

fn form(notice: &Notice<'_>, typed: &Params) -> Markup {
    html! {
        details.register open[matches!(notice, Notice::Wrong(_))] {
            summary { "Register an app" }
            form method="post" action="/apps" {
                label { "Name" input type="text" name="name" required maxlength="80"
                    value=(typed.get("name").unwrap_or_default()); }
                label { "Return addresses, one a line"
                    textarea name="redirect_uris" rows="3" required spellcheck="false"
                        placeholder="http://127.0.0.1:4800/connect/return" {
                        (typed.get("redirect_uris").unwrap_or_default())
                    }
                }
                fieldset {
                    legend { "Kind" }
                    label.tick { input type="radio" name="kind" value="confidential"
                        checked[typed.get("kind") != Some("public")];
                        span { "Confidential: it runs on a server and keeps a secret" } }
                    label.tick { input type="radio" name="kind" value="public"
                        checked[typed.get("kind") == Some("public")];
                        span { "Public: it runs on the person's device" } }
                }
                div.buttons { button type="submit" { "Register" } }
            }
        }
    }
}

fn let_in(world: &World, account: AccountId, now: Timestamp) -> Markup {
    let grants = world.oauth.grants.live(account);
    html! {
        @if grants.is_empty() { p.dim { "No app may act for you." } }
        @for grant in &grants {
            article.app {
                @let app = world.oauth.apps.get(&grant.client_id);
                h3 { (app.map_or("A removed app", |app| app.name.as_str())) }
                p { "Since " (moment(grant.created_at, now)) ": " code { (grant.scopes) } }
                form method="post" action={ "/apps/" (grant.client_id) "/withdraw" } {
                    button.quiet type="submit" { "Withdraw" }
                }
            }
        }
    }
}

pub(crate) async fn register(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    body: Bytes,
) -> Result<Response, Failure> {
    let params = Params::parse(&body);
    let Some(account) = viewer.account() else {
        return Ok(back(&sign_in_link("/apps")));
    };
    let proof = match params.get("kind") {
        Some("public") => Proof::None,
        _ => Proof::Basic,
    };
    let wanted = Application {
        name: params.get("name").unwrap_or_default().to_owned(),
        redirect_uris: params
            .get("redirect_uris")
            .unwrap_or_default()
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect(),
        scopes: Scopes::all(),
        proof,
        owner: Some(account.id),
    };
    if let Err(unfit) = wanted.check() {
        let mut response = show(&shared, &viewer, &Notice::Wrong(unfit.to_string()), &params);
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let issued = Issued::make(proof)?;
    shared.change(|world, now| world.oauth.apps.add(wanted, &issued, now)).await?;
    Ok(show(&shared, &viewer, &Notice::Secret(&issued), &Params::default()))
}

pub(crate) async fn new_secret(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let issued = Issued { client_id: id, ..Issued::make(Proof::Basic)? };
    let set = shared
        .change(|world, now| {
            if !owns(world, &viewer, &issued.client_id) {
                return false;
            }
            let secret = issued.secret.as_deref().unwrap_or_default();
            world.oauth.apps.set_secret(&issued.client_id, secret, now);
            true
        })
        .await?;
    if !set {
        return Err(no_app());
    }
    Ok(show(&shared, &viewer, &Notice::Secret(&issued), &Params::default()))
}

pub(crate) async fn remove(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let removed = shared
        .change(|world, now| {
            if !owns(world, &viewer, &id) {
                return false;
            }
            world.oauth.apps.remove(&id);
            world.oauth.grants.revoke_where(Why::AppRemoved, now, |grant| grant.client_id == id);
            true
        })
        .await?;
    if removed { Ok(back("/apps")) } else { Err(no_app()) }
}

pub(crate) async fn withdraw(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let Some(account) = viewer.account().map(|account| account.id) else {
        return Ok(back(&sign_in_link("/apps")));
    };
    shared
        .change(|world, now| {
            world
                .oauth
                .grants
                .revoke_where(Why::Withdrawn, now, |grant| grant.account == account && grant.client_id == id);
        })
        .await?;
    Ok(back("/apps"))
}

fn owns(world: &World, viewer: &Viewer, client_id: &str) -> bool {
    let account = viewer.account().map(|account| account.id);
    account.is_some() && world.oauth.apps.get(client_id).is_some_and(|app| app.owner == account)
}

fn no_app() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "There is no such app",
        "It may have been removed, or it is not yours.".to_owned(),
    )
}
