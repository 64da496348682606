//! Publications: one post on one channel, and what people decide about it.

use crate::{
    access::{Member, Write},
    body::{Body, Id},
    problem::{Problem, Result},
    state::Api,
    words::Format,
};
use axum::{Json, extract::State, http::StatusCode};
use crier_engine::compose;
use crier_model::{
    ChannelId, Document, Finding, PublicationId, Timestamp, WorkspaceId,
    plug::{Act, PlugState},
    publication::{PublicationState, Reason, Wanted, Wish},
};
use crier_networks::Network;
use crier_store::{
    StoreError,
    plugs::{self, Plug},
    publications::{self, Loaded, Publication, PublicationEvent},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use url::Url;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(retry_publication))
        .routes(routes!(cancel_publication))
        .routes(routes!(resolve_publication))
        .routes(routes!(remove_publication))
        .routes(routes!(edit_publication))
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

#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WishKind {
    Remove,
    Edit,
}

/// What a person wants to become of what is published.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Wish)]
pub(crate) struct WishOut {
    kind: WishKind,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    /// Why the network did not do it; none while it is still to be done.
    refused: Option<Reason>,
}

impl From<Wish> for WishOut {
    fn from(wish: Wish) -> Self {
        let kind = match wish.what {
            Wanted::Removal => WishKind::Remove,
            Wanted::Words(_) => WishKind::Edit,
        };
        Self { kind, asked_at: wish.asked_at, refused: wish.refused }
    }
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
    /// What a person wants to become of it on the network, until that is done.
    wish: Option<WishOut>,
    /// When it was last given other words on the network.
    #[schema(value_type = Option<String>, format = DateTime)]
    edited_at: Option<Timestamp>,
    /// When it was deleted on the network.
    #[schema(value_type = Option<String>, format = DateTime)]
    removed_at: Option<Timestamp>,
    /// What is done to it by itself now that it is published.
    plugs: Vec<PlugOut>,
    /// Oldest first.
    events: Vec<EventOut>,
}

/// Something that is done to a published post by itself, at most once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Plug)]
pub(crate) struct PlugOut {
    act: Act,
    /// The channel that does it.
    channel_id: ChannelId,
    state: PlugState,
    /// How many likes it waits for, or has waited for; none where it waits for a time.
    likes: Option<u32>,
    /// When it is done; none while it waits for likes.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Timestamp>,
    /// Where people see it.
    url: Option<String>,
    /// Why it waits, failed or is not done any more.
    reason: Option<Reason>,
}

impl From<Plug> for PlugOut {
    fn from(plug: Plug) -> Self {
        let Plug { act, channel, state, likes, due_at, done_at, url, reason, .. } = plug;
        Self { act, channel_id: channel, state, likes, due_at, done_at, url, reason }
    }
}

impl PublicationOut {
    pub fn all(publications: Vec<Publication>, history: Vec<PublicationEvent>, plugs: Vec<Plug>) -> Vec<Self> {
        let mut following: HashMap<PublicationId, Vec<PlugOut>> = HashMap::new();
        for plug in plugs {
            following.entry(plug.publication).or_default().push(plug.into());
        }
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
            wish: publication.wish.map(WishOut::from),
            edited_at: publication.edited_at,
            removed_at: publication.removed_at,
            plugs: following.remove(&publication.id).unwrap_or_default(),
        };
        publications.into_iter().map(show).collect()
    }
}

async fn with_history(api: &Api, publication: Publication) -> Result<Json<PublicationOut>> {
    let history = publications::history(&api.store, &[publication.id]).await?;
    let plugs = plugs::of_publications(&api.store, &[publication.id]).await?;
    let shown = PublicationOut::all(vec![publication], history, plugs).pop();
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

/// Other words for what is published.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWords {
    /// As many as it has parts, in order.
    parts: Vec<NewPart>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPart {
    /// Files stay as they were sent.
    text: String,
    /// How `text` is written.
    #[serde(default)]
    format: Format,
}

/// Deletes a published publication on its network, all its parts: likes, replies and its address there are lost. The post stays here. It is
/// done in a moment; the publication's `removed_at` says when it was, and its `wish` what kept it from being done.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/publications/{id}/remove", tag = "Publications",
    responses((status = 200, body = PublicationOut))
)]
async fn remove_publication(
    member: Member<Write>,
    Id(id): Id<PublicationId>,
    State(api): State<Api>,
) -> Result<Json<PublicationOut>> {
    let job = published(&api, member.id(), id).await?;
    let network = network_of(&api, &job)?;
    if network.delete().is_none() {
        let name = network.about().name;
        let title = format!("{name} lets no app delete posts");
        let problem = Problem::new(StatusCode::CONFLICT, "network.cannot_delete", &title);
        return Err(problem.detail(format!("Open the post and delete it on {name} yourself.")));
    }
    let publication = publications::wish(&api.store, member.id(), id, Wanted::Removal).await?;
    with_history(&api, publication).await
}

/// Gives a published publication other words on its network; its files and settings stay. It is done in a moment; the publication's
/// `edited_at` says when it was, and its `wish` what kept it from being done.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/publications/{id}/edit", tag = "Publications",
    request_body = NewWords, responses((status = 200, body = PublicationOut))
)]
async fn edit_publication(
    member: Member<Write>,
    Id(id): Id<PublicationId>,
    State(api): State<Api>,
    Body(body): Body<NewWords>,
) -> Result<Json<PublicationOut>> {
    let job = published(&api, member.id(), id).await?;
    let network = network_of(&api, &job)?;
    if network.edit().is_none() {
        let name = network.about().name;
        let title = format!("{name} lets no app change posts");
        let problem = Problem::new(StatusCode::CONFLICT, "network.cannot_edit", &title);
        return Err(problem.detail("Delete the post there and publish another, or leave it as it is."));
    }
    let words: Vec<Document> = body.parts.iter().map(|part| part.format.read(&part.text)).collect();
    let there = job.post.content.parts_for(job.channel.id).len();
    if words.len() != there {
        let message = format!("It has {there} parts on the network, and {} are given.", words.len());
        return Err(Problem::wrong("/parts", "parts.count", message, "Give each part its words."));
    }
    let found = compose::check_words(&api.store, &api.library, network, &job, &words).await?;
    if found.iter().any(Finding::is_error) {
        return Err(Problem::of_findings(&found));
    }
    let publication = publications::wish(&api.store, member.id(), id, Wanted::Words(words)).await?;
    with_history(&api, publication).await
}

/// A publication of this workspace that is on its network, with what belongs to it.
async fn published(api: &Api, workspace: WorkspaceId, id: PublicationId) -> Result<Loaded> {
    publications::get(&api.store, workspace, id).await?;
    let job = publications::load(&api.store, id).await?;
    if job.publication.state != PublicationState::Published || job.publication.removed_at.is_some() {
        return Err(StoreError::Conflict { what: "publication.not_published" }.into());
    }
    Ok(job)
}

fn network_of<'a>(api: &'a Api, job: &Loaded) -> Result<&'a dyn Network> {
    let name = &job.publication.network;
    api.registry.get(name).ok_or_else(|| {
        let problem = Problem::new(StatusCode::CONFLICT, "network.unknown", "This network is not available here");
        problem.detail(format!("“{name}” is not among the networks of this installation."))
    })
}
