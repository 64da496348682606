//! Which address leads where.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, delete, get, post};

use crate::api;
use crate::avatar;
use crate::endpoint::Endpoint;
use crate::gate::{self, Gate};
use crate::media::FILE_MAX;
use crate::oauth::{authorize, consent, metadata, register, revoke, token};
use crate::pages::{
    apps, assets, chat, compose, console, faults, guard, layout, live, own_pages, sign, timeline, viewer,
};
use crate::posts::PICTURES_MAX;
use crate::state::Shared;

pub(crate) fn routes(shared: &Shared) -> Router {
    let pages = pages(shared).layer(from_fn_with_state(shared.clone(), guard::own_origin));
    let consoles = Router::new()
        .route("/faults.json", get(console::list).put(console::replace).post(console::add).delete(console::clear))
        .route("/log.json", get(console::log))
        .layer(from_fn_with_state(shared.clone(), guard::own_host));
    pages
        .merge(machines(shared))
        .merge(consoles)
        .fallback(layout::not_found)
        .layer(from_fn_with_state(shared.clone(), viewer::recognise))
        .layer(from_fn(guard::headers))
        .with_state(shared.clone())
}

/// What people open. Forms are taken from our own pages only.
fn pages(shared: &Shared) -> Router<Shared> {
    let gated = |endpoint, route| gated(shared, endpoint, route);
    let pictures = FILE_MAX * PICTURES_MAX + 64 * 1024;
    Router::new()
        .route("/", get(timeline::home))
        .route("/@{handle}", get(timeline::profile))
        .route("/post/{id}", get(timeline::post))
        .route("/posts", post(compose::create).layer(DefaultBodyLimit::max(pictures)))
        .route("/post/{id}/like", post(compose::like))
        .route("/post/{id}/delete", post(compose::delete))
        .route("/sign-in", get(sign::sign_in_page).post(sign::sign_in))
        .route("/sign-in/demo", post(sign::sign_in_demo))
        .route("/sign-up", get(sign::sign_up_page).post(sign::sign_up))
        .route("/sign-out", post(sign::sign_out))
        .route("/apps", get(apps::list).post(apps::register))
        .route("/apps/{id}/secret", post(apps::new_secret))
        .route("/apps/{id}/remove", post(apps::remove))
        .route("/apps/{id}/withdraw", post(apps::withdraw))
        .route("/pages", get(own_pages::list).post(own_pages::open))
        .route("/bot/{id}", get(chat::chat).post(chat::say))
        .route("/faults", get(faults::panel).post(faults::set))
        .route("/events", get(live::events))
        .route("/media/{file}", get(assets::picture))
        .route("/assets/{file}", get(assets::asset))
        .route(
            "/oauth/authorize",
            gated(Endpoint::Authorize, get(authorize::authorize))
                .merge(gated(Endpoint::Consent, post(consent::answer))),
        )
}

/// What programs call. They prove who they are in each request, so that no browser can be misled to it.
fn machines(shared: &Shared) -> Router<Shared> {
    let gated = |endpoint, route| gated(shared, endpoint, route);
    Router::new()
        .route("/.well-known/oauth-authorization-server", gated(Endpoint::Metadata, get(metadata::metadata)))
        .route("/oauth/register", gated(Endpoint::Register, post(register::register)))
        .route("/oauth/token", gated(Endpoint::Token, post(token::token)))
        .route("/oauth/revoke", gated(Endpoint::Revoke, post(revoke::revoke)))
        .route("/avatar/{id}", gated(Endpoint::Avatar, get(avatar::avatar)))
        .route("/api/me", gated(Endpoint::Me, get(api::me::me)))
        .route("/api/me/metrics", gated(Endpoint::Metrics, get(api::me::metrics)))
        .route("/api/pages", gated(Endpoint::Pages, get(api::pages::list)))
        .route("/api/pages/{id}", gated(Endpoint::Pages, get(api::pages::read)))
        .route("/api/bot", gated(Endpoint::Bot, get(api::bot::me)))
        .route("/api/bot/messages", gated(Endpoint::Bot, get(api::bot::messages).post(api::bot::say)))
        .route("/api/media", gated(Endpoint::Media, post(api::media::upload)))
        .route("/api/posts", gated(Endpoint::Posts, get(api::posts::list).post(api::posts::create)))
        .route(
            "/api/posts/{id}",
            gated(Endpoint::Posts, get(api::posts::read).put(api::posts::edit).merge(delete(api::posts::delete))),
        )
        .route("/api/posts/{id}/repost", gated(Endpoint::Posts, post(api::posts::repost)))
        .route("/api/posts/{id}/metrics", gated(Endpoint::Metrics, get(api::posts::metrics)))
        // The gate has its own limit for each endpoint.
        .layer(DefaultBodyLimit::disable())
}

fn gated(shared: &Shared, endpoint: Endpoint, route: MethodRouter<Shared>) -> MethodRouter<Shared> {
    let gate = Gate { shared: shared.clone(), endpoint };
    route.layer(from_fn_with_state(gate, gate::pass))
}
