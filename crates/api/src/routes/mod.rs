//! The own API, under `/api/v1`: a file for each subject.

mod apps;
mod attempt_log;
mod attempts;
mod auth;
mod bulk;
mod channels;
mod doctor;
mod events;
mod evergreen;
pub(crate) mod handovers;
mod invited;
mod invites;
mod keys;
mod library;
mod networks;
mod notices;
mod numbers;
mod plugs;
mod posts;
mod publications;
mod repeats;
mod server;
mod sessions;
mod slots;
mod webhook;
mod workspaces;

use crate::state::Api;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn all() -> OpenApiRouter<Api> {
    [
        server::routes(),
        auth::routes(),
        sessions::routes(),
        workspaces::routes(),
        keys::routes(),
        networks::routes(),
        channels::routes(),
        attempts::routes(),
        handovers::routes(),
        attempt_log::routes(),
        apps::routes(),
        doctor::routes(),
        invites::routes(),
        invited::routes(),
        notices::routes(),
        webhook::routes(),
        library::routes(),
        posts::routes(),
        bulk::routes(),
        slots::routes(),
        evergreen::routes(),
        publications::routes(),
        numbers::routes(),
        plugs::routes(),
        events::routes(),
    ]
    .into_iter()
    .fold(OpenApiRouter::new(), OpenApiRouter::merge)
}
