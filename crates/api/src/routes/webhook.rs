//! A workspace's webhook: where its notices are sent, and what came of it.

use crate::{
    access::{ManageWorkspace, Member},
    body::Body,
    page::Page,
    problem::{FieldProblem, Problem, Result},
    routes::auth::refuse,
    state::Api,
};
use axum::{Json, extract::State, http::StatusCode};
use crier_engine::notices::test_body;
use crier_model::{DeliveryId, NoticeId, Secret, Timestamp, notice::NoticeKind};
use crier_networks::webhook::{address, new_secret};
use crier_store::webhooks::{self, DeliveryState};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_webhook, put_webhook, delete_webhook))
        .routes(routes!(test_webhook))
        .routes(routes!(list_deliveries))
}

/// The calls in one answer; older ones are no longer of use.
const MOST: u64 = 50;

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Webhook {
    url: String,
    /// What is sent to it.
    kinds: Vec<NoticeKind>,
    /// The signing secret, once: when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// The webhook, or null where there is none.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct MaybeWebhook {
    webhook: Option<Webhook>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookInput {
    /// Called with POST.
    url: String,
    /// At least one.
    kinds: Vec<NoticeKind>,
    /// Makes a new signing secret in place of the one there is.
    #[serde(default)]
    new_secret: bool,
}

fn show(webhook: webhooks::Webhook, secret: Option<Secret>) -> Webhook {
    let secret = secret.map(|secret| secret.expose().to_owned());
    Webhook { url: webhook.url, kinds: webhook.kinds, secret, updated_at: webhook.updated_at }
}

/// The workspace's webhook.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/webhook", tag = "Notices", responses((status = 200, body = MaybeWebhook))
)]
async fn get_webhook(member: Member<ManageWorkspace>, State(api): State<Api>) -> Result<Json<MaybeWebhook>> {
    let webhook = webhooks::get(&api.store, member.id()).await?.map(|webhook| show(webhook, None));
    Ok(Json(MaybeWebhook { webhook }))
}

/// Sets where notices are sent. The first time, or with `new_secret`, the answer has the secret that signs the calls.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/webhook", tag = "Notices",
    request_body = WebhookInput, responses((status = 200, body = Webhook))
)]
async fn put_webhook(
    member: Member<ManageWorkspace>,
    State(api): State<Api>,
    Body(body): Body<WebhookInput>,
) -> Result<Json<Webhook>> {
    let mut wrong = Vec::new();
    let url = address(body.url.trim()).map_err(|message| {
        let fix = "Enter an address like https://example.org/hooks/crier.";
        wrong.push(FieldProblem::new("/url", "url.wrong", message, fix));
    });
    if body.kinds.is_empty() {
        let fix = "Choose at least one, or take the webhook away.";
        wrong.push(FieldProblem::new("/kinds", "kinds.none", "Nothing is chosen to be sent.", fix));
    }
    refuse(wrong)?;
    let Ok(url) = url else { return Err(Problem::internal(&"a wrong address was let through")) };
    let mut kinds = body.kinds;
    kinds.sort_unstable();
    kinds.dedup();
    let first = webhooks::get(&api.store, member.id()).await?.is_none();
    let secret = (first || body.new_secret).then(|| Secret::new(new_secret()));
    let webhook = webhooks::set(&api.store, member.id(), url.as_str(), secret.as_ref(), &kinds).await?;
    Ok(Json(show(webhook, secret)))
}

/// Takes the webhook away; what is still to be delivered is given up.
#[utoipa::path(delete, path = "/workspaces/{workspace}/webhook", tag = "Notices", responses((status = 204)))]
async fn delete_webhook(member: Member<ManageWorkspace>, State(api): State<Api>) -> Result<StatusCode> {
    webhooks::remove(&api.store, member.id()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStanding {
    Pending,
    Delivered,
    Failed,
}

/// A call to the webhook.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Delivery {
    /// Sent as `webhook-id`, the same at every try.
    id: DeliveryId,
    /// None for a test.
    notice_id: Option<NoticeId>,
    /// The `type` of its body.
    kind: String,
    state: DeliveryStanding,
    tries: u32,
    /// What came of the last try, in words.
    said: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

fn show_delivery(delivery: webhooks::Delivery) -> Delivery {
    Delivery {
        id: delivery.id,
        notice_id: delivery.notice,
        kind: delivery.kind,
        state: match delivery.state {
            DeliveryState::Pending => DeliveryStanding::Pending,
            DeliveryState::Delivered => DeliveryStanding::Delivered,
            DeliveryState::Failed => DeliveryStanding::Failed,
        },
        tries: delivery.tries,
        said: delivery.said,
        created_at: delivery.created_at,
        ended_at: delivery.ended_at,
    }
}

/// Calls the webhook with a test. The answer is the call as it waits; what came of it is in the list of calls.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/webhook/test", tag = "Notices", responses((status = 202, body = Delivery))
)]
async fn test_webhook(member: Member<ManageWorkspace>, State(api): State<Api>) -> Result<(StatusCode, Json<Delivery>)> {
    let (workspace, now) = (member.id(), api.store.now());
    let delivery = webhooks::test(&api.store, workspace, |id| test_body(workspace, id, now)).await?;
    Ok((StatusCode::ACCEPTED, Json(show_delivery(delivery))))
}

/// The last calls, newest first.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/webhook/deliveries", tag = "Notices",
    responses((status = 200, body = Page<Delivery>))
)]
async fn list_deliveries(member: Member<ManageWorkspace>, State(api): State<Api>) -> Result<Json<Page<Delivery>>> {
    let found = webhooks::deliveries(&api.store, member.id(), MOST).await?;
    Ok(Json(Page::whole(found.into_iter().map(show_delivery).collect())))
}
