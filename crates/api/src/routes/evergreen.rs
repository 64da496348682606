//! Evergreen queues: posts that come round again.

use crate::{
    access::{Member, Read, Write},
    body::{Body, Id},
    page::Page,
    problem::{FieldProblem, Result},
    routes::{
        auth::{check_name, check_time_zone, refuse},
        library::thumbnail_url,
        posts::{admitted_draft, expected_version, taken_away},
        slots::check_slots,
    },
    state::Api,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use crier_engine::compose::Draft;
use crier_model::{ChannelId, EvergreenId, PostId, Timestamp, WorkspaceId, post::Timing, slot::Slot};
use crier_store::{
    channels,
    evergreen::{self, EvergreenSummary, Kept, Settings},
    posts,
};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_evergreens, create_evergreen))
        .routes(routes!(get_evergreen, update_evergreen, delete_evergreen))
        .routes(routes!(keep_evergreen_post))
}

/// The longest rest.
const MOST_REST_DAYS: u32 = 365;
/// How many turns are shown ahead.
const TURNS_AHEAD: usize = 5;

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvergreenInput {
    name: String,
    /// Where its posts go; at least one.
    channels: Vec<ChannelId>,
    /// When they go out; at least one.
    slots: Vec<Slot>,
    /// IANA name of the zone of the slots; the workspace's when left out.
    time_zone: Option<String>,
    /// How many days must lie between two turns of the same post; 0 to 365.
    rest_days: u32,
    /// A paused queue schedules nothing.
    #[serde(default)]
    paused: bool,
}

/// An evergreen queue.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Evergreen)]
pub(crate) struct EvergreenOut {
    id: EvergreenId,
    name: String,
    channels: Vec<ChannelId>,
    slots: Vec<Slot>,
    time_zone: Option<String>,
    rest_days: u32,
    paused: bool,
    /// How many posts it keeps.
    posts: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due_at: Option<Timestamp>,
    /// Goes up with every change; sent back as `If-Match`.
    version: i64,
}

impl From<EvergreenSummary> for EvergreenOut {
    fn from(summary: EvergreenSummary) -> Self {
        let EvergreenSummary { queue, posts, next_due_at } = summary;
        let Settings { name, channels, time_zone, slots, rest_days, paused } = queue.set;
        let version = queue.version;
        Self { id: queue.id, name, channels, slots, time_zone, rest_days, paused, posts, next_due_at, version }
    }
}

/// A post that a queue keeps.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = KeptPost)]
pub(crate) struct KeptOut {
    /// Written and deleted as any other post.
    id: PostId,
    excerpt: String,
    media_count: u32,
    thumbnail_url: Option<String>,
    /// When its last turn was due; in the future when it is scheduled.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Timestamp>,
    /// How many turns it has had, the one that is scheduled included.
    turns: u64,
}

fn kept(workspace: WorkspaceId, kept: Kept) -> KeptOut {
    KeptOut {
        id: kept.post,
        excerpt: kept.excerpt,
        media_count: kept.media_count,
        thumbnail_url: kept.first_media.map(|media| thumbnail_url(workspace, media)),
        last_at: kept.last_at,
        turns: kept.turns,
    }
}

/// A turn to come.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EvergreenTurn {
    /// The kept post whose turn it is.
    post_id: PostId,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// An evergreen queue with its posts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct EvergreenWhole {
    #[serde(flatten)]
    queue: EvergreenOut,
    /// In the order they were added.
    kept: Vec<KeptOut>,
    /// The next turns, if nothing changes; the first is scheduled.
    ahead: Vec<EvergreenTurn>,
}

async fn whole(api: &Api, workspace: WorkspaceId, id: EvergreenId) -> Result<Json<EvergreenWhole>> {
    let queue = evergreen::get(&api.store, workspace, id).await?;
    let posts = evergreen::kept(&api.store, id).await?;
    let ahead = evergreen::ahead(&api.store, workspace, id, TURNS_AHEAD).await?;
    Ok(Json(EvergreenWhole {
        queue: queue.into(),
        kept: posts.into_iter().map(|post| kept(workspace, post)).collect(),
        ahead: ahead.into_iter().map(|(post_id, at)| EvergreenTurn { post_id, at }).collect(),
    }))
}

async fn settings(api: &Api, workspace: WorkspaceId, body: EvergreenInput) -> Result<Settings> {
    let mut wrong = Vec::new();
    let name = check_name(&mut wrong, "/name", &body.name);
    if let Some(time_zone) = &body.time_zone {
        check_time_zone(&mut wrong, time_zone);
    }
    check_slots(&mut wrong, &body.slots);
    if body.slots.is_empty() {
        let message = "The queue has no time at which it posts.";
        wrong.push(FieldProblem::new("/slots", "slots.empty", message, "Add a slot."));
    }
    if body.rest_days > MOST_REST_DAYS {
        let message = format!("A post can rest {MOST_REST_DAYS} days at most.");
        wrong.push(FieldProblem::new("/rest_days", "rest.too_long", message, "Shorten the rest."));
    }
    if body.channels.is_empty() {
        let message = "No channel is chosen, so there is nowhere to publish.";
        wrong.push(FieldProblem::new("/channels", "channels.none", message, "Choose at least one channel."));
    }
    let here = channels::get_many(&api.store, workspace, &body.channels).await?;
    for (index, id) in body.channels.iter().enumerate() {
        if !here.iter().any(|channel| channel.id == *id) {
            let message = "There is no such channel in this workspace.";
            wrong.push(FieldProblem::new(
                &format!("/channels/{index}"),
                "channel.unknown",
                message,
                "Choose another channel.",
            ));
        }
    }
    refuse(wrong)?;
    let EvergreenInput { time_zone, slots, rest_days, paused, channels, .. } = body;
    Ok(Settings { name, channels, time_zone, slots, rest_days, paused })
}

/// The workspace's evergreen queues, oldest first.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/evergreen", tag = "Evergreen queues",
    responses((status = 200, body = Page<EvergreenOut>))
)]
async fn list_evergreens(member: Member<Read>, State(api): State<Api>) -> Result<Json<Page<EvergreenOut>>> {
    let queues = evergreen::list(&api.store, member.id()).await?;
    Ok(Json(Page::whole(queues.into_iter().map(EvergreenOut::from).collect())))
}

/// Makes an evergreen queue, without posts.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/evergreen", tag = "Evergreen queues",
    request_body = EvergreenInput, responses((status = 201, body = EvergreenWhole))
)]
async fn create_evergreen(
    member: Member<Write>,
    State(api): State<Api>,
    Body(body): Body<EvergreenInput>,
) -> Result<(StatusCode, Json<EvergreenWhole>)> {
    let settings = settings(&api, member.id(), body).await?;
    let id = evergreen::create(&api.store, member.id(), member.user.id, &settings).await?;
    Ok((StatusCode::CREATED, whole(&api, member.id(), id).await?))
}

/// One evergreen queue with its posts and the turns to come.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/evergreen/{id}", tag = "Evergreen queues",
    responses((status = 200, body = EvergreenWhole))
)]
async fn get_evergreen(
    member: Member<Read>,
    Id(id): Id<EvergreenId>,
    State(api): State<Api>,
) -> Result<Json<EvergreenWhole>> {
    whole(&api, member.id(), id).await
}

/// Changes an evergreen queue. What it has scheduled and not sent is taken back, and its next turn is scheduled anew. With
/// `If-Match`, only if it still has that version.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/evergreen/{id}", tag = "Evergreen queues",
    params(("If-Match" = Option<String>, Header, description = "The version you read.")),
    request_body = EvergreenInput, responses((status = 200, body = EvergreenWhole))
)]
async fn update_evergreen(
    member: Member<Write>,
    Id(id): Id<EvergreenId>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<EvergreenInput>,
) -> Result<Json<EvergreenWhole>> {
    let expected_version = expected_version(&headers)?;
    let settings = settings(&api, member.id(), body).await?;
    evergreen::update(&api.store, member.id(), id, expected_version, &settings).await?;
    whole(&api, member.id(), id).await
}

/// Deletes an evergreen queue with the posts it keeps. What it has published stays.
#[utoipa::path(
    delete, path = "/workspaces/{workspace}/evergreen/{id}", tag = "Evergreen queues", responses((status = 204))
)]
async fn delete_evergreen(
    member: Member<Write>,
    Id(id): Id<EvergreenId>,
    State(api): State<Api>,
) -> Result<StatusCode> {
    evergreen::delete(&api.store, member.id(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeepInput {
    /// The post whose content comes round; it stays as it is.
    post_id: PostId,
}

/// Keeps a copy of a post in the queue, for its channels: it has its turn from now on.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/evergreen/{id}/posts", tag = "Evergreen queues",
    request_body = KeepInput, responses((status = 201, body = EvergreenWhole))
)]
async fn keep_evergreen_post(
    member: Member<Write>,
    Id(id): Id<EvergreenId>,
    State(api): State<Api>,
    Body(body): Body<KeepInput>,
) -> Result<(StatusCode, Json<EvergreenWhole>)> {
    let queue = evergreen::get(&api.store, member.id(), id).await?.queue;
    let post = posts::get(&api.store, member.id(), body.post_id).await?;
    let mut content = post.content;
    content.variants.retain(|channel, _| queue.set.channels.contains(channel));
    // It is going to be sent without anybody looking: it must be fit for that now.
    let draft =
        Draft { content, channels: queue.set.channels, timing: Timing::Now, time_zone: post.time_zone, repeat: None };
    let mut valid = admitted_draft(&api, member.id(), draft).await?;
    valid.timing = Timing::Draft(None);
    evergreen::keep(&api.store, member.id(), id, member.user.id, &valid).await.map_err(taken_away)?;
    Ok((StatusCode::CREATED, whole(&api, member.id(), id).await?))
}
