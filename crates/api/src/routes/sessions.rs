//! Where one is signed in.

use crate::{access::Person, body::Id, page::Page, problem::Result, state::Api};
use axum::{Json, extract::State, http::StatusCode};
use crier_model::{SessionId, Timestamp};
use crier_store::sessions;
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_sessions)).routes(routes!(revoke_session))
}

/// One signed-in browser.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionOut {
    id: SessionId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    user_agent: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// One's own sessions, the last used first.
#[utoipa::path(get, path = "/auth/sessions", tag = "Account", responses((status = 200, body = Page<SessionOut>)))]
async fn list_sessions(person: Person, State(api): State<Api>) -> Result<Json<Page<SessionOut>>> {
    let sessions = sessions::list(&api.store, person.user.id).await?;
    let show = |session: sessions::Session| SessionOut {
        current: session.id == person.session.id,
        id: session.id,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        user_agent: session.user_agent,
    };
    Ok(Json(Page::whole(sessions.into_iter().map(show).collect())))
}

/// Signs a browser out.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "Account", responses((status = 204)))]
async fn revoke_session(person: Person, Id(id): Id<SessionId>, State(api): State<Api>) -> Result<StatusCode> {
    sessions::revoke(&api.store, person.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
