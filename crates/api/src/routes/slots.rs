//! Slots: when channels normally post, which of those times are free, and what is next on a channel.

use crate::{
    access::{ManageChannels, ManageWorkspace, Member, Read},
    body::{Body, Id, Query},
    page::Page,
    problem::{FieldProblem, Problem, Result},
    routes::auth::{check_time_zone, refuse},
    state::Api,
};
use axum::{Json, extract::State};
use crier_model::{ChannelId, PostId, PublicationId, Timestamp, publication::PublicationState, slot::Slot};
use crier_store::slots::{self, Place, Wanted, Week};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_slots, set_slots))
        .routes(routes!(list_free_slots))
        .routes(routes!(get_channel_slots, set_channel_slots, forget_channel_slots))
        .routes(routes!(list_channel_queue))
}

/// The most slots of one week.
const MOST_SLOTS: usize = 100;
/// The most free slots, or places of a queue, in one answer.
const MOST_SHOWN: usize = 100;
const USUALLY_SHOWN: usize = 20;

/// The slots of a workspace or a channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Slots {
    /// False: none were set. A channel has the workspace's then, and a workspace 09:00, 13:00 and 18:00 of every day.
    own: bool,
    /// IANA name of the zone the times are in.
    time_zone: String,
    slots: Vec<Slot>,
}

impl From<Week> for Slots {
    fn from(week: Week) -> Self {
        Self { own: week.is_own, time_zone: week.time_zone, slots: week.slots }
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotsInput {
    /// Up to 100; none at all stops the queue.
    slots: Vec<Slot>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelSlotsInput {
    /// Up to 100; none at all stops the channel's queue.
    slots: Vec<Slot>,
    /// IANA name; the workspace's zone when left out.
    time_zone: Option<String>,
}

pub(crate) fn check_slots(wrong: &mut Vec<FieldProblem>, slots: &[Slot]) {
    if slots.len() > MOST_SLOTS {
        let message = format!("There are {} slots; a week takes {MOST_SLOTS}.", slots.len());
        wrong.push(FieldProblem::new("/slots", "slots.too_many", message, "Take some out."));
    }
    let no_day = slots.iter().enumerate().filter(|(_, slot)| slot.days.is_empty());
    wrong.extend(no_day.map(|(index, slot)| {
        let message = format!("The slot at {} is on no day of the week.", slot.time);
        FieldProblem::new(&format!("/slots/{index}/days"), "slot.no_day", message, "Choose a day, or take it out.")
    }));
}

/// The workspace's slots.
#[utoipa::path(get, path = "/workspaces/{workspace}/slots", tag = "Slots", responses((status = 200, body = Slots)))]
async fn get_slots(member: Member<Read>, State(api): State<Api>) -> Result<Json<Slots>> {
    Ok(Json(slots::of_workspace(&api.store, member.id()).await?.into()))
}

/// Sets the workspace's slots, in its time zone. Channels with slots of their own keep them.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/slots", tag = "Slots",
    request_body = SlotsInput, responses((status = 200, body = Slots))
)]
async fn set_slots(
    member: Member<ManageWorkspace>,
    State(api): State<Api>,
    Body(body): Body<SlotsInput>,
) -> Result<Json<Slots>> {
    let mut wrong = Vec::new();
    check_slots(&mut wrong, &body.slots);
    refuse(wrong)?;
    slots::set_workspace(&api.store, member.id(), &body.slots).await?;
    Ok(Json(slots::of_workspace(&api.store, member.id()).await?.into()))
}

/// A channel's slots: its own, or the workspace's.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}/slots", tag = "Slots", responses((status = 200, body = Slots))
)]
async fn get_channel_slots(member: Member<Read>, Id(id): Id<ChannelId>, State(api): State<Api>) -> Result<Json<Slots>> {
    Ok(Json(slots::of_channel(&api.store, member.id(), id).await?.into()))
}

/// Gives a channel slots of its own.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/channels/{id}/slots", tag = "Slots",
    request_body = ChannelSlotsInput, responses((status = 200, body = Slots))
)]
async fn set_channel_slots(
    member: Member<ManageChannels>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
    Body(body): Body<ChannelSlotsInput>,
) -> Result<Json<Slots>> {
    let mut wrong = Vec::new();
    check_slots(&mut wrong, &body.slots);
    if let Some(time_zone) = &body.time_zone {
        check_time_zone(&mut wrong, time_zone);
    }
    refuse(wrong)?;
    slots::set_channel(&api.store, member.id(), id, body.time_zone.as_deref(), &body.slots).await?;
    Ok(Json(slots::of_channel(&api.store, member.id(), id).await?.into()))
}

/// Takes a channel's own slots away: it has the workspace's again.
#[utoipa::path(
    delete, path = "/workspaces/{workspace}/channels/{id}/slots", tag = "Slots", responses((status = 200, body = Slots))
)]
async fn forget_channel_slots(
    member: Member<ManageChannels>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
) -> Result<Json<Slots>> {
    slots::forget_channel(&api.store, member.id(), id).await?;
    Ok(Json(slots::of_channel(&api.store, member.id(), id).await?.into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FreeQuery {
    channels: String,
    from: Option<Timestamp>,
    except: Option<PostId>,
    count: Option<usize>,
}

/// A slot that nothing is due at.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct FreeSlot {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// The next slots that are free on all of these channels, the first first. Slots that all of them have are preferred; channels
/// that have none in common take turns. A slot is taken when something of the channel is due in its minute.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/slots/free", tag = "Slots",
    params(
        ("channels" = String, Query, description = "Ids, with commas between them."),
        ("from" = Option<String>, Query, format = DateTime, description = "Slots after this; now when left out."),
        ("except" = Option<PostId>, Query, description = "A post that is not in its own way."),
        ("count" = Option<usize>, Query, description = "1 to 100; 20 when left out."),
    ),
    responses((status = 200, body = Page<FreeSlot>))
)]
async fn list_free_slots(
    member: Member<Read>,
    Query(query): Query<FreeQuery>,
    State(api): State<Api>,
) -> Result<Json<Page<FreeSlot>>> {
    let count = shown("count", query.count)?;
    let channels = query.channels.split(',').map(|id| id.trim().parse::<ChannelId>()).collect::<Result<Vec<_>, _>>();
    let channels = channels.map_err(|_| {
        let message = "The channels are ids, with commas between them.";
        Problem::wrong("channels", "channels.wrong", message, "Take the ids from the list of channels.")
    })?;
    let from = query.from.map_or_else(|| api.store.now(), |from| from.max(api.store.now()));
    let wanted = Wanted { workspace: member.id(), channels: &channels, except: query.except, from };
    let free = slots::free(&api.store, wanted, count).await?;
    Ok(Json(Page::whole(free.into_iter().map(|at| FreeSlot { at }).collect())))
}

fn shown(name: &str, given: Option<usize>) -> Result<usize> {
    match given.unwrap_or(USUALLY_SHOWN) {
        count @ 1..=MOST_SHOWN => Ok(count),
        count => {
            let message = format!("An answer has 1 to {MOST_SHOWN} entries, not {count}.");
            Err(Problem::wrong(name, &format!("{name}.out_of_range"), message, "Ask for fewer."))
        }
    }
}

/// Something that is due on the channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct QueuedPost {
    id: PostId,
    publication_id: PublicationId,
    state: PublicationState,
    excerpt: String,
}

/// A place in a channel's queue.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct QueuePlace {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether it is one of the channel's slots; else the post was given this time by hand.
    slot: bool,
    /// None: the slot is free.
    post: Option<QueuedPost>,
}

impl From<Place> for QueuePlace {
    fn from(place: Place) -> Self {
        let post = place.taken_by.map(|queued| QueuedPost {
            id: queued.post,
            publication_id: queued.publication,
            state: queued.state,
            excerpt: queued.excerpt,
        });
        Self { at: place.at, slot: place.is_slot, post }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueQuery {
    limit: Option<usize>,
}

/// What is next on a channel: its slots, free and taken, and what is due beside them.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}/queue", tag = "Slots",
    params(("limit" = Option<usize>, Query, description = "1 to 100; 20 when left out.")),
    responses((status = 200, body = Page<QueuePlace>))
)]
async fn list_channel_queue(
    member: Member<Read>,
    Id(id): Id<ChannelId>,
    Query(query): Query<QueueQuery>,
    State(api): State<Api>,
) -> Result<Json<Page<QueuePlace>>> {
    let places = slots::queue(&api.store, member.id(), id, shown("limit", query.limit)?).await?;
    Ok(Json(Page::whole(places.into_iter().map(QueuePlace::from).collect())))
}
