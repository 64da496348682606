//! Channels: the connected accounts.

use crate::{
    access::{ManageChannels, Member, Read},
    body::{Body, Id, Query, path_param},
    feeds::Feeds,
    files,
    page::Page,
    problem::{FieldProblem, Problem, Result},
    routes::auth::{check_name, refuse},
    state::Api,
};
use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    response::Response,
};
use crier_connect::AttemptView;
use crier_model::{ChannelId, Diagnosis, Timestamp, WorkspaceId, channel::ChannelState};
use crier_networks::{
    Network,
    lookup::{Lookup, LookupItem},
};
use crier_store::channels::{self, ChannelSummary};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_channels))
        .routes(routes!(get_channel, update_channel, delete_channel))
        .routes(routes!(get_channel_avatar))
        .routes(routes!(list_channel_attempts))
        .routes(routes!(look_up))
        .routes(routes!(set_nickname))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Channel)]
pub(crate) struct ChannelOut {
    id: ChannelId,
    network: String,
    /// The way of the network by which it was last connected.
    way: String,
    /// The server's origin, for networks made of many.
    instance: Option<String>,
    name: String,
    /// Without a leading `@`.
    handle: String,
    profile_url: Option<String>,
    /// On this server; none until it was fetched.
    avatar_url: Option<String>,
    /// Shown where there is no picture.
    initials: String,
    state: ChannelState,
    /// Why it needs reconnecting.
    reason: Option<Diagnosis>,
    /// Granted by the network.
    scopes: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    token_expires_at: Option<Timestamp>,
    /// Whether the sign-in is renewed by itself before it ends.
    renews: bool,
    /// When the network last took our sign-in.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_ok_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_due_at: Option<Timestamp>,
    /// Publications that are scheduled or being prepared.
    queued: u64,
    /// The most publications a day; none takes the installation's number.
    daily_cap: Option<u32>,
    /// Where it can be read, for a channel that is a feed which this server gives out.
    feeds: Option<Feeds>,
}

impl ChannelOut {
    fn of(api: &Api, summary: ChannelSummary) -> Self {
        let ChannelSummary { channel, queued, next_due_at } = summary;
        let feeds = Feeds::of(api, &channel);
        let avatar_url = channel.avatar_media_key.as_deref().map(|key| avatar_url(channel.workspace, channel.id, key));
        Self {
            initials: initials(&channel.name, &channel.handle),
            avatar_url,
            id: channel.id,
            network: channel.network,
            way: channel.way,
            instance: channel.instance,
            name: channel.name,
            handle: channel.handle,
            profile_url: channel.profile_url,
            state: channel.state,
            reason: channel.reason,
            scopes: channel.scopes,
            token_expires_at: channel.token_expires_at,
            renews: channel.renews,
            last_ok_at: channel.last_ok_at,
            daily_cap: channel.daily_cap,
            created_at: channel.created_at,
            next_due_at,
            queued,
            feeds,
        }
    }
}

/// The address changes with the picture, so that browsers may keep it.
fn avatar_url(workspace: WorkspaceId, channel: ChannelId, key: &str) -> String {
    let version = &crate::secrets::hash(key)[..12];
    format!("/api/v1/workspaces/{workspace}/channels/{channel}/avatar?v={version}")
}

/// The first letters of the first two words.
fn initials(name: &str, handle: &str) -> String {
    let letters = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.take(2).filter_map(|word| word.chars().next()).flat_map(char::to_uppercase).collect::<String>()
    };
    let of_name = letters(name);
    if of_name.is_empty() { letters(handle) } else { of_name }
}

const DAILY_CAP_MOST: u32 = 10_000;

#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelPatch {
    /// Switches it off or on. What is due on a channel that is off is held.
    disabled: Option<bool>,
    /// Its name here.
    name: Option<String>,
    /// The most publications a day, from 1 to 10,000; null takes the installation's number.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10_000)]
    daily_cap: Option<Option<u32>>,
}

/// Tells null from left out.
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// The workspace's channels, oldest first, with what waits on each.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels", tag = "Channels", responses((status = 200, body = Page<ChannelOut>))
)]
async fn list_channels(member: Member<Read>, State(api): State<Api>) -> Result<Json<Page<ChannelOut>>> {
    let channels = channels::list(&api.store, member.id()).await?;
    Ok(Json(Page::whole(channels.into_iter().map(|it| ChannelOut::of(&api, it)).collect())))
}

/// One channel.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}", tag = "Channels", responses((status = 200, body = ChannelOut))
)]
async fn get_channel(member: Member<Read>, Id(id): Id<ChannelId>, State(api): State<Api>) -> Result<Json<ChannelOut>> {
    Ok(Json(ChannelOut::of(&api, channels::summary(&api.store, member.id(), id).await?)))
}

/// Renames a channel, pauses it or lets it go on, or sets its daily cap; what is left out stays.
#[utoipa::path(
    patch, path = "/workspaces/{workspace}/channels/{id}", tag = "Channels",
    request_body = ChannelPatch, responses((status = 200, body = ChannelOut))
)]
async fn update_channel(
    member: Member<ManageChannels>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
    Body(body): Body<ChannelPatch>,
) -> Result<Json<ChannelOut>> {
    let mut wrong = Vec::new();
    let name = body.name.map(|name| check_name(&mut wrong, "/name", &name));
    if body.daily_cap.flatten().is_some_and(|cap| !(1..=DAILY_CAP_MOST).contains(&cap)) {
        let message = "A daily cap is a number from 1 to 10,000.";
        let fix = "Leave it empty to take the installation's number; pause the channel to send nothing.";
        wrong.push(FieldProblem::new("/daily_cap", "daily_cap.wrong", message, fix));
    }
    refuse(wrong)?;
    let channel = channels::get(&api.store, member.id(), id).await?;
    if let Some(name) = name {
        channels::rename(&api.store, member.id(), id, &name).await?;
    }
    if let Some(cap) = body.daily_cap {
        channels::set_daily_cap(&api.store, member.id(), id, cap).await?;
    }
    // One that needs reconnecting stays so: switching it on would only promise what fails.
    let state = match (body.disabled, channel.state) {
        (Some(true), _) => Some(ChannelState::Disabled),
        (Some(false), ChannelState::Disabled) => Some(ChannelState::Active),
        _ => None,
    };
    if let Some(state) = state {
        channels::set_state(&api.store, id, state, None).await?;
    }
    Ok(Json(ChannelOut::of(&api, channels::summary(&api.store, member.id(), id).await?)))
}

/// Deletes a channel: its sign-in is erased, what was not sent is cancelled, its history stays.
#[utoipa::path(delete, path = "/workspaces/{workspace}/channels/{id}", tag = "Channels", responses((status = 204)))]
async fn delete_channel(
    member: Member<ManageChannels>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
) -> Result<StatusCode> {
    channels::delete(&api.store, member.id(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The channel's picture.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}/avatar", tag = "Channels",
    responses((status = 200, content_type = "image/png", body = Vec<u8>))
)]
async fn get_channel_avatar(member: Member<Read>, Id(id): Id<ChannelId>, State(api): State<Api>) -> Result<Response> {
    let channel = channels::get(&api.store, member.id(), id).await?;
    let none = || Problem::not_found("avatar.none", "The channel has no picture");
    let key = channel.avatar_media_key.ok_or_else(none)?;
    let picture = api.library.avatar(&key).await?;
    Ok(files::image(picture.kind.mime(), picture.bytes))
}

/// The attempts that made or reconnected the channel, newest first.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}/attempts", tag = "Channels",
    responses((status = 200, body = Page<AttemptView>))
)]
async fn list_channel_attempts(
    member: Member<Read>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
) -> Result<Json<Page<AttemptView>>> {
    channels::get(&api.store, member.id(), id).await?;
    Ok(Json(Page::whole(api.handshake.of_channel(member.id(), id, member.user.id).await?)))
}

#[derive(Debug, Deserialize)]
struct LookupQuery {
    #[serde(default)]
    q: String,
}

/// The `{name}` of the path.
struct LookupName(String);

impl<S: Send + Sync> FromRequestParts<S> for LookupName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        path_param(parts, "name").await.map(Self)
    }
}

/// What a setting of the channel's network is chosen from, asked of the network itself: channels, boards, communities. A
/// setting names its lookup by `x-lookup` in the network's settings schema.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}/lookups/{name}", tag = "Channels",
    params(
        ("q" = Option<String>, Query, description = "What to look for; everything when left out."),
    ),
    responses((status = 200, body = Page<LookupItem>))
)]
async fn look_up(
    member: Member<Read>,
    Id(id): Id<ChannelId>,
    LookupName(name): LookupName,
    Query(query): Query<LookupQuery>,
    State(api): State<Api>,
) -> Result<Json<Page<LookupItem>>> {
    let channel = channels::get(&api.store, member.id(), id).await?;
    let names = api.registry.get(&channel.network).and_then(Network::lookup).map(Lookup::names).unwrap_or_default();
    if !names.contains(&name.as_str()) {
        let detail = match names {
            [] => "Nothing can be looked up at this network.".to_owned(),
            names => format!("This network has: {}.", names.join(", ")),
        };
        return Err(Problem::not_found("lookup.unknown", "There is no such lookup").detail(&detail));
    }
    Ok(Json(Page::whole(api.handshake.lookup(&channel, &name, &query.q).await?)))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NicknameInput {
    /// Empty takes it back.
    name: String,
}

/// Gives the channel's account a name of its own where it posts, at the network. A network that has this says the longest one in its
/// `abilities`.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/channels/{id}/nickname", tag = "Channels",
    request_body = NicknameInput, responses((status = 204, description = "It is called that."))
)]
async fn set_nickname(
    member: Member<ManageChannels>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
    Body(body): Body<NicknameInput>,
) -> Result<StatusCode> {
    let channel = channels::get(&api.store, member.id(), id).await?;
    let Some(nickname) = api.registry.get(&channel.network).and_then(Network::nickname) else {
        let problem = Problem::new(StatusCode::CONFLICT, "network.no_nickname", "This network has no names for that");
        return Err(problem.detail("Change the name in the account's own settings at the network."));
    };
    let name = body.name.trim();
    if name.chars().count() > nickname.max() {
        let message = format!("The name has at most {} characters.", nickname.max());
        return Err(Problem::wrong("/name", "nickname.too_long", message, "Shorten it."));
    }
    api.handshake.be_called(&channel, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_of_the_first_two_words_and_of_the_handle_where_the_name_has_none() {
        assert_eq!(initials("Ada Lovelace King", "ada"), "AL");
        assert_eq!(initials("ada", "x"), "A");
        assert_eq!(initials("🎉", "party.example"), "PE");
        assert_eq!(initials("", ""), "");
    }
}
