//! Publications: one post on one channel, and what people decide about it.

use crate::{
    access::{Member, Write},
    body::{Body, Id},
    problem::{Problem, Result},
    state::Api,
};
use axum::{Json, extract::State};
use crier_model::{
    ChannelId, PublicationId, Timestamp,
    publication::{PublicationState, Reason},
};
use crier_store::publications::{self, Publication, PublicationEvent};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(retry_publication))
        .routes(routes!(cancel_publication))
        .routes(routes!(resolve_publication))
}

/// A line of a publication's history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PublicationEvent)]
pub(crate) struct EventOut {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    kind: String,
    title: String,
    detail: Option<String>,
}

/// One post on one channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Publication)]
pub(crate) struct PublicationOut {
    id: PublicationId,
    channel_id: ChannelId,
    network: String,
    state: PublicationState,
    /// Why it is held, unconfirmed, failed, cancelled or tried again.
    reason: Option<Reason>,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// When its next part goes out, while some of its parts are sent and others wait.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_part_at: Option<Timestamp>,
    /// Where people see it.
    url: Option<String>,
    remote_id: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    published_at: Option<Timestamp>,
    tries: u32,
    /// Oldest first.
    events: Vec<EventOut>,
}

impl PublicationOut {
    pub fn all(publications: Vec<Publication>, history: Vec<PublicationEvent>) -> Vec<Self> {
        let mut lines: HashMap<PublicationId, Vec<EventOut>> = HashMap::new();
        for event in history {
            let detail = Some(event.detail).filter(|detail| !detail.is_empty());
            let line = EventOut { at: event.at, kind: event.kind, title: event.title, detail };
            lines.entry(event.publication).or_default().push(line);
        }
        let show = |publication: Publication| Self {
            events: lines.remove(&publication.id).unwrap_or_default(),
            id: publication.id,
            channel_id: publication.channel,
            network: publication.network,
            state: publication.state,
            reason: publication.reason,
            due_at: publication.due_at,
            next_part_at: publication.next_part_at,
            url: publication.url,
            remote_id: publication.remote_id,
            published_at: publication.published_at,
            tries: publication.tries,
        };
        publications.into_iter().map(show).collect()
    }
}

async fn with_history(api: &Api, publication: Publication) -> Result<Json<PublicationOut>> {
    let history = publications::history(&api.store, &[publication.id]).await?;
    let shown = PublicationOut::all(vec![publication], history).pop();
    shown.map(Json).ok_or_else(|| Problem::internal(&"a publication was not shown"))
}

/// What a person saw on the network.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Resolution {
    /// It is there.
    Published {
        /// Its address.
        url: String,
    },
    /// It is not there, and is sent again now.
    SendAgain,
}

/// Sends a failed, held or cancelled publication again, now; one that was paused goes out at the time it has, if that is still to
/// come. What was already done of it is not repeated.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/publications/{id}/retry", tag = "Publications",
    responses((status = 200, body = PublicationOut))
)]
async fn retry_publication(
    member: Member<Write>,
    Id(id): Id<PublicationId>,
    State(api): State<Api>,
) -> Result<Json<PublicationOut>> {
    let publication = publications::retry(&api.store, member.id(), id, api.store.now()).await?;
    with_history(&api, publication).await
}

/// Cancels a publication that has not been sent.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/publications/{id}/cancel", tag = "Publications",
    responses((status = 200, body = PublicationOut))
)]
async fn cancel_publication(
    member: Member<Write>,
    Id(id): Id<PublicationId>,
    State(api): State<Api>,
) -> Result<Json<PublicationOut>> {
    let publication = publications::cancel(&api.store, member.id(), id).await?;
    with_history(&api, publication).await
}

/// Says whether an unconfirmed publication is on the network.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/publications/{id}/resolve", tag = "Publications",
    request_body = Resolution, responses((status = 200, body = PublicationOut))
)]
async fn resolve_publication(
    member: Member<Write>,
    Id(id): Id<PublicationId>,
    State(api): State<Api>,
    Body(body): Body<Resolution>,
) -> Result<Json<PublicationOut>> {
    let publication = match body {
        Resolution::Published { url } => {
            let parsed = Url::parse(url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let Some(url) = parsed else {
                let message = "This is no web address.";
                let fix = "Copy the post's address from the network; it begins with https://.";
                return Err(Problem::wrong("/url", "url.wrong", message, fix));
            };
            publications::resolve_published(&api.store, member.id(), id, url.as_str(), None).await?
        }
        Resolution::SendAgain => publications::resolve_send_again(&api.store, member.id(), id).await?,
    };
    with_history(&api, publication).await
}
