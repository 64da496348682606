//! Keys for the API.

use crate::{
    access::{ManageWorkspace, Member},
    body::{Body, Id},
    page::Page,
    problem::{FieldProblem, Result},
    routes::auth::{check_name, refuse},
    secrets::NewKey,
    state::Api,
};
use axum::{Json, extract::State, http::StatusCode};
use crier_model::{ApiKeyId, Timestamp};
use crier_store::keys;
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_keys, create_key)).routes(routes!(delete_key))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ApiKey {
    id: ApiKeyId,
    name: String,
    /// The beginning of the key, to know it again.
    prefix: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl From<keys::ApiKey> for ApiKey {
    fn from(key: keys::ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            created_at: key.created_at,
            last_used_at: key.last_used_at,
            expires_at: key.expires_at,
        }
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    name: String,
    /// Works for ever when left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key as it is shown once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedApiKey {
    #[serde(flatten)]
    key: ApiKey,
    /// The key itself. It is not kept, so it can't be shown again.
    secret: String,
}

/// The workspace's keys, oldest first.
#[utoipa::path(get, path = "/workspaces/{workspace}/keys", tag = "API keys", responses((status = 200, body = Page<ApiKey>)))]
async fn list_keys(member: Member<ManageWorkspace>, State(api): State<Api>) -> Result<Json<Page<ApiKey>>> {
    let keys = keys::list(&api.store, member.id()).await?;
    Ok(Json(Page::whole(keys.into_iter().map(ApiKey::from).collect())))
}

/// Makes a key. It may do what its maker may.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/keys", tag = "API keys",
    request_body = NewApiKey, responses((status = 201, body = CreatedApiKey))
)]
async fn create_key(
    member: Member<ManageWorkspace>,
    State(api): State<Api>,
    Body(body): Body<NewApiKey>,
) -> Result<(StatusCode, Json<CreatedApiKey>)> {
    let mut wrong = Vec::new();
    let name = check_name(&mut wrong, "/name", &body.name);
    if body.expires_at.is_some_and(|at| at <= api.store.now()) {
        wrong.push(FieldProblem::new(
            "/expires_at",
            "expires_at.past",
            "This time has passed.",
            "Choose a time to come.",
        ));
    }
    refuse(wrong)?;
    let made = NewKey::generate();
    let new = keys::NewKey {
        workspace: member.id(),
        user: member.user.id,
        name,
        key_hash: made.hash,
        prefix: made.prefix,
        expires_at: body.expires_at,
    };
    let key = keys::create(&api.store, new).await?.into();
    Ok((StatusCode::CREATED, Json(CreatedApiKey { key, secret: made.key.expose().to_owned() })))
}

/// Deletes a key: it stops working at once.
#[utoipa::path(delete, path = "/workspaces/{workspace}/keys/{id}", tag = "API keys", responses((status = 204)))]
async fn delete_key(
    member: Member<ManageWorkspace>,
    Id(id): Id<ApiKeyId>,
    State(api): State<Api>,
) -> Result<StatusCode> {
    keys::delete(&api.store, member.id(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
