//! What a page must know before anybody is signed in.

use crate::{
    access::Anyone,
    problem::Result,
    state::{Api, Registration},
};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_server))
}

/// This installation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Server {
    version: &'static str,
    /// Where people reach it; sign-ins at networks return there. Without a slash at the end.
    public_url: String,
    /// Whether somebody new may sign up now.
    registration_open: bool,
    /// Whether nobody has an account yet.
    first_user: bool,
    /// Where the built-in practice network is, when it is on.
    playground_url: Option<String>,
}

/// What this installation is and who may sign up.
#[utoipa::path(get, path = "/server", tag = "Server", responses((status = 200, body = Server)))]
async fn get_server(_: Anyone, State(api): State<Api>) -> Result<Json<Server>> {
    let first_user = !crier_store::users::any(&api.store).await?;
    let registration_open = match api.settings.registration {
        Registration::Open => true,
        Registration::First => first_user,
        Registration::Closed => false,
    };
    let playground = api.settings.playground.as_ref();
    Ok(Json(Server {
        version: env!("CARGO_PKG_VERSION"),
        public_url: api.origin(),
        registration_open,
        first_user,
        playground_url: playground.map(|url| url.as_str().trim_end_matches('/').to_owned()),
    }))
}
