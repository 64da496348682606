//! Apps: the client ids and secrets entered here, for the installation or for one workspace. A secret goes in and never out.

use crate::{
    access::{Admin, ManageWorkspace, Member},
    body::{Body, Query},
    page::Page,
    problem::{Problem, Result},
    routes::networks::NetworkName,
    state::Api,
};
use axum::{Json, extract::State, http::StatusCode};
use crier_connect::{AppPlace, AppView, Check, NetworkApps, Removed};
use crier_model::{Secret, WorkspaceId};
use crier_store::apps::Entered;
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_installation_apps))
        .routes(routes!(set_installation_app, remove_installation_app))
        .routes(routes!(test_installation_app))
        .routes(routes!(list_workspace_apps))
        .routes(routes!(set_workspace_app, remove_workspace_app))
        .routes(routes!(test_workspace_app))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppIn {
    /// The server, as typed, for networks made of many.
    instance: Option<String>,
    /// Left out where the app is a bot, whose token tells it.
    client_id: Option<String>,
    /// Left out, the secret there is for the same client id stays.
    #[schema(value_type = Option<String>, write_only)]
    client_secret: Option<Secret>,
    /// For networks on which the app's bot posts, or on which the app is a bot. Left out, the one there is for the same client id
    /// stays.
    #[schema(value_type = Option<String>, write_only)]
    bot_token: Option<Secret>,
}

impl AppIn {
    fn entered(&self) -> Entered<'_> {
        Entered {
            client_id: self.client_id.as_deref().unwrap_or_default(),
            client_secret: self.client_secret.as_ref(),
            bot_token: self.bot_token.as_ref(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Removal {
    instance: Option<String>,
    #[serde(default)]
    force: bool,
}

/// What the network says of an app. No check about the secret means that the network does not tell.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AppTested {
    checks: Vec<Check>,
}

/// An app is gone.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct AppRemoved {
    /// Channels that it got and that can't be renewed any more: each asks to be reconnected when its sign-in ends.
    channels: u64,
}

async fn list(api: &Api, workspace: Option<WorkspaceId>) -> Result<Json<Page<NetworkApps>>> {
    Ok(Json(Page::whole(api.handshake.apps(workspace).await?)))
}

async fn set(api: &Api, workspace: Option<WorkspaceId>, network: &str, app: AppIn) -> Result<Json<AppView>> {
    let place = AppPlace { workspace, network, instance: app.instance.as_deref() };
    Ok(Json(api.handshake.set_app(place, app.entered()).await?))
}

async fn remove(api: &Api, workspace: Option<WorkspaceId>, network: &str, asked: Removal) -> Result<Json<AppRemoved>> {
    let place = AppPlace { workspace, network, instance: asked.instance.as_deref() };
    match api.handshake.remove_app(place, asked.force).await? {
        Removed::Gone { channels } => Ok(Json(AppRemoved { channels })),
        Removed::WasNone => Err(Problem::not_found("app.unknown", "No such app is set up here")
            .detail("It was removed already, or is set in the server's configuration.")),
        Removed::InUse { channels } => {
            let which = if channels == 1 { "1 channel was".to_owned() } else { format!("{channels} channels were") };
            let detail = format!(
                "{which} connected with it and will need reconnecting when the sign-in ends. Remove it all the same with \
                 `force=true`."
            );
            Err(Problem::new(StatusCode::CONFLICT, "app.in_use", "Channels depend on this app").detail(detail))
        }
    }
}

async fn test(api: &Api, workspace: Option<WorkspaceId>, network: &str, asked: AppIn) -> Result<Json<AppTested>> {
    let place = AppPlace { workspace, network, instance: asked.instance.as_deref() };
    let given = (asked.client_id.is_some() || asked.bot_token.is_some()).then(|| asked.entered());
    Ok(Json(AppTested { checks: api.handshake.test_app(place, given).await? }))
}

/// The networks that are spoken to under an app, and the apps set up for the whole installation.
#[utoipa::path(get, path = "/admin/apps", tag = "Administration", responses((status = 200, body = Page<NetworkApps>)))]
async fn list_installation_apps(_: Admin, State(api): State<Api>) -> Result<Json<Page<NetworkApps>>> {
    list(&api, None).await
}

/// Sets an app up for the whole installation. Another client id takes the place of the one there is; channels connected with
/// that one go on being renewed with it.
#[utoipa::path(
    put, path = "/admin/apps/{network}", tag = "Administration", request_body = AppIn, responses((status = 200, body = AppView))
)]
async fn set_installation_app(
    _: Admin,
    NetworkName(network): NetworkName,
    State(api): State<Api>,
    Body(body): Body<AppIn>,
) -> Result<Json<AppView>> {
    set(&api, None, &network, body).await
}

/// Removes an app of the installation. While channels depend on it, only with `force`.
#[utoipa::path(
    delete, path = "/admin/apps/{network}", tag = "Administration",
    params(
        ("instance" = Option<String>, Query, description = "The server, for networks made of many."),
        ("force" = Option<bool>, Query, description = "Even while channels depend on it."),
    ),
    responses((status = 200, body = AppRemoved))
)]
async fn remove_installation_app(
    _: Admin,
    NetworkName(network): NetworkName,
    Query(query): Query<Removal>,
    State(api): State<Api>,
) -> Result<Json<AppRemoved>> {
    remove(&api, None, &network, query).await
}

/// Asks the network whether it knows the client id and the redirect URI and takes the secret. Nothing is changed by it.
#[utoipa::path(
    post, path = "/admin/apps/{network}/test", tag = "Administration", request_body = AppIn,
    responses((status = 200, body = AppTested))
)]
async fn test_installation_app(
    _: Admin,
    NetworkName(network): NetworkName,
    State(api): State<Api>,
    Body(body): Body<AppIn>,
) -> Result<Json<AppTested>> {
    test(&api, None, &network, body).await
}

/// The networks that are spoken to under an app: the workspace's own apps, and those it would use otherwise.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/apps", tag = "Apps", responses((status = 200, body = Page<NetworkApps>))
)]
async fn list_workspace_apps(
    member: Member<ManageWorkspace>,
    State(api): State<Api>,
) -> Result<Json<Page<NetworkApps>>> {
    list(&api, Some(member.id())).await
}

/// Sets an app up that only this workspace uses, in place of the installation's.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/apps/{network}", tag = "Apps", request_body = AppIn,
    responses((status = 200, body = AppView))
)]
async fn set_workspace_app(
    member: Member<ManageWorkspace>,
    NetworkName(network): NetworkName,
    State(api): State<Api>,
    Body(body): Body<AppIn>,
) -> Result<Json<AppView>> {
    set(&api, Some(member.id()), &network, body).await
}

/// Removes an app of the workspace. While channels depend on it, only with `force`.
#[utoipa::path(
    delete, path = "/workspaces/{workspace}/apps/{network}", tag = "Apps",
    params(
        ("instance" = Option<String>, Query, description = "The server, for networks made of many."),
        ("force" = Option<bool>, Query, description = "Even while channels depend on it."),
    ),
    responses((status = 200, body = AppRemoved))
)]
async fn remove_workspace_app(
    member: Member<ManageWorkspace>,
    NetworkName(network): NetworkName,
    Query(query): Query<Removal>,
    State(api): State<Api>,
) -> Result<Json<AppRemoved>> {
    remove(&api, Some(member.id()), &network, query).await
}

/// Asks the network about an app, as for the installation.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/apps/{network}/test", tag = "Apps", request_body = AppIn,
    responses((status = 200, body = AppTested))
)]
async fn test_workspace_app(
    member: Member<ManageWorkspace>,
    NetworkName(network): NetworkName,
    State(api): State<Api>,
    Body(body): Body<AppIn>,
) -> Result<Json<AppTested>> {
    test(&api, Some(member.id()), &network, body).await
}
