//! The workspace itself.

use crate::{
    access::{ManageWorkspace, Member, Read},
    body::Body,
    problem::Result,
    routes::auth::{check_name, check_time_zone, refuse},
    state::Api,
};
use axum::{Json, extract::State};
use crier_model::{Timestamp, WorkspaceId, permission::Role};
use crier_store::workspaces::{self, Workspace};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_workspace, update_workspace))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Workspace)]
pub(crate) struct WorkspaceOut {
    id: WorkspaceId,
    name: String,
    time_zone: String,
    /// The role of who asks.
    role: Role,
    /// Since when it is paused: what is due meanwhile is held. None while it is not.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_at: Option<Timestamp>,
}

impl From<(Workspace, Role)> for WorkspaceOut {
    fn from((workspace, role): (Workspace, Role)) -> Self {
        let Workspace { id, name, time_zone, paused_at, .. } = workspace;
        Self { id, name, time_zone, role, paused_at }
    }
}

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkspacePatch {
    name: Option<String>,
    /// IANA name.
    time_zone: Option<String>,
    /// Pauses it or lets it go on. What is due in a paused workspace is held; when it goes on, it is sent, and what is too late by
    /// then asks first.
    paused: Option<bool>,
}

/// The workspace.
#[utoipa::path(get, path = "/workspaces/{workspace}", tag = "Workspace", responses((status = 200, body = WorkspaceOut)))]
async fn get_workspace(member: Member<Read>) -> Json<WorkspaceOut> {
    Json((member.workspace, member.role).into())
}

/// Changes the workspace; what is left out stays.
#[utoipa::path(
    patch, path = "/workspaces/{workspace}", tag = "Workspace",
    request_body = WorkspacePatch, responses((status = 200, body = WorkspaceOut))
)]
async fn update_workspace(
    member: Member<ManageWorkspace>,
    State(api): State<Api>,
    Body(body): Body<WorkspacePatch>,
) -> Result<Json<WorkspaceOut>> {
    let mut wrong = Vec::new();
    let name = body.name.map(|name| check_name(&mut wrong, "/name", &name));
    if let Some(time_zone) = &body.time_zone {
        check_time_zone(&mut wrong, time_zone);
    }
    refuse(wrong)?;
    if let Some(paused) = body.paused {
        workspaces::set_paused(&api.store, member.id(), paused).await?;
    }
    let changed = workspaces::update(&api.store, member.id(), name.as_deref(), body.time_zone.as_deref()).await?;
    Ok(Json((changed, member.role).into()))
}
