//! The log of attempts: everybody's, with their timelines, so that one can answer “why could she not connect yesterday?”.

use crate::{
    access::{Admin, ManageChannels, Member},
    body::Query,
    page::{Page, PageQuery},
    problem::{Problem, Result},
    state::Api,
};
use axum::{Json, extract::State};
use crier_connect::LoggedAttempt;
use crier_model::{Timestamp, UserId, WorkspaceId, attempt::AttemptState};
use crier_store::{attempts::Search, users};
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_all_attempts)).routes(routes!(list_workspace_attempts))
}

#[derive(Debug, Deserialize)]
struct LogQuery {
    workspace: Option<WorkspaceId>,
    network: Option<String>,
    outcome: Option<String>,
    code: Option<String>,
    person: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// Attempts of all workspaces, newest first, each with its timeline.
#[utoipa::path(
    get, path = "/admin/attempts", tag = "Administration",
    params(
        ("workspace" = Option<String>, Query, description = "Only of this workspace, by id."),
        ("network" = Option<String>, Query),
        ("outcome" = Option<String>, Query, description = "`open`, `connected`, `failed`, `expired`, `superseded` or `cancelled`."),
        ("code" = Option<String>, Query, description = "A diagnosis' code."),
        ("person" = Option<String>, Query, description = "Who started it: an id or an e-mail address."),
        ("from" = Option<String>, Query, description = "Started at this time or later, RFC 3339."),
        ("to" = Option<String>, Query, description = "Started before this time, RFC 3339."),
        ("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query),
    ),
    responses((status = 200, body = Page<LoggedAttempt>))
)]
async fn list_all_attempts(
    _: Admin,
    Query(query): Query<LogQuery>,
    State(api): State<Api>,
) -> Result<Json<Page<LoggedAttempt>>> {
    let workspace = query.workspace;
    found(&api, workspace, query).await
}

/// The workspace's attempts, everybody's, newest first, each with its timeline.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/attempts/log", tag = "Connecting",
    params(
        ("network" = Option<String>, Query),
        ("outcome" = Option<String>, Query, description = "`open`, `connected`, `failed`, `expired`, `superseded` or `cancelled`."),
        ("code" = Option<String>, Query, description = "A diagnosis' code."),
        ("person" = Option<String>, Query, description = "Who started it: an id or an e-mail address."),
        ("from" = Option<String>, Query, description = "Started at this time or later, RFC 3339."),
        ("to" = Option<String>, Query, description = "Started before this time, RFC 3339."),
        ("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query),
    ),
    responses((status = 200, body = Page<LoggedAttempt>))
)]
async fn list_workspace_attempts(
    member: Member<ManageChannels>,
    Query(query): Query<LogQuery>,
    State(api): State<Api>,
) -> Result<Json<Page<LoggedAttempt>>> {
    found(&api, Some(member.id()), query).await
}

async fn found(api: &Api, workspace: Option<WorkspaceId>, query: LogQuery) -> Result<Json<Page<LoggedAttempt>>> {
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let (limit, after) = (page.limit()?, page.after()?);
    let states = query.outcome.as_deref().map(states).transpose()?.unwrap_or_default();
    let started_by = match query.person.as_deref().map(str::trim).filter(|person| !person.is_empty()) {
        Some(person) => match who(api, person).await? {
            Some(user) => Some(user),
            // Nobody of this address has started anything.
            None => return Ok(Json(Page::whole(Vec::new()))),
        },
        None => None,
    };
    let text = |value: Option<String>| value.filter(|value| !value.is_empty());
    let search = Search {
        workspace,
        network: text(query.network),
        states,
        code: text(query.code),
        started_by,
        from: query.from,
        to: query.to,
        after,
    };
    let items = api.handshake.log(&search, limit as u64 + 1).await?;
    Ok(Json(Page::cut(items, limit, |item| item.attempt.id.to_string())))
}

fn states(outcome: &str) -> Result<Vec<AttemptState>> {
    let ends = || AttemptState::ALL.into_iter().filter(|state| state.is_final());
    if outcome == "open" {
        return Ok(AttemptState::ALL.into_iter().filter(|state| !state.is_final()).collect());
    }
    let end = ends().find(|state| state.as_str() == outcome);
    end.map(|state| vec![state]).ok_or_else(|| {
        let known: Vec<_> = ends().map(AttemptState::as_str).collect();
        let message = format!("“{outcome}” is no outcome.");
        Problem::wrong("outcome", "outcome.unknown", message, &format!("Use open or one of {}.", known.join(", ")))
    })
}

async fn who(api: &Api, person: &str) -> Result<Option<UserId>> {
    if let Ok(id) = person.parse() {
        return Ok(Some(id));
    }
    Ok(users::by_email(&api.store, person).await?.map(|user| user.id))
}
