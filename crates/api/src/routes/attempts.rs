//! Attempts: runs of the handshake, as the person who connects sees them.

use crate::{
    access::{ManageChannels, Member, connect_cookie, cookie, own_cookie},
    body::{Body, Id, Query},
    files,
    page::Page,
    problem::{Problem, Result},
    state::Api,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use axum_extra::extract::CookieJar;
use crier_connect::{AttemptView, Landing, Start};
use crier_media::Picture;
use crier_model::{AttemptId, ChannelId, Code, Diagnosis, NextKind};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_attempts, start_attempt))
        .routes(routes!(get_attempt))
        .routes(routes!(submit_form))
        .routes(routes!(confirm_attempt))
        .routes(routes!(choose_channels))
        .routes(routes!(get_choice_picture))
        .routes(routes!(continue_attempt))
        .routes(routes!(paste_address))
        .routes(routes!(cancel_attempt))
}

/// Longer than an attempt and its confirmation take.
pub(crate) const CONNECT_COOKIE_LIFE: SignedDuration = SignedDuration::from_hours(2);

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAttempt {
    network: String,
    /// Which of the network's ways; left out, a reconnect goes as before, and a new channel by the recommended way.
    way: Option<String>,
    /// The server, as typed, for networks made of many.
    instance: Option<String>,
    /// The channel to reconnect.
    channel: Option<ChannelId>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormValues {
    /// By the names of the network's fields.
    pub(crate) values: BTreeMap<String, String>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// What only the browser that came back was given.
    pub(crate) nonce: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chosen {
    /// Ids of the choices that the attempt lists; each becomes a channel.
    pub(crate) choices: Vec<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfChoice {
    /// The choice's id.
    pub(crate) choice: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PastedAddress {
    /// The whole address the browser landed on.
    pub(crate) address: String,
}

/// One's own attempts that have not ended, newest first. Those that have are listed with their channel.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/attempts", tag = "Connecting", responses((status = 200, body = Page<AttemptView>))
)]
async fn list_attempts(member: Member<ManageChannels>, State(api): State<Api>) -> Result<Json<Page<AttemptView>>> {
    Ok(Json(Page::whole(api.handshake.open(member.id(), member.user.id).await?)))
}

/// Starts connecting an account. Send the person to `authorize_url`, or fill in the network's form.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/attempts", tag = "Connecting",
    request_body = NewAttempt, responses((status = 201, body = AttemptView))
)]
async fn start_attempt(
    member: Member<ManageChannels>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<NewAttempt>,
) -> Result<(StatusCode, CookieJar, Json<AttemptView>)> {
    same_address(&api, &headers, "/channels/add")?;
    let browser = cookie(&headers, connect_cookie(&api));
    let start = Start {
        workspace: member.id(),
        user: member.user.id,
        network: &body.network,
        way: body.way.as_deref(),
        instance: body.instance.as_deref(),
        channel: body.channel,
        browser: browser.as_deref(),
    };
    let started = api.handshake.start(start).await?;
    let cookie = own_cookie(&api, connect_cookie(&api), started.browser_cookie, CONNECT_COOKIE_LIFE);
    Ok((StatusCode::CREATED, CookieJar::new().add(cookie), Json(started.attempt)))
}

/// A sign-in comes back to the public address: one that starts under another would come back as a stranger.
pub(crate) fn same_address(api: &Api, headers: &HeaderMap, page: &str) -> Result<()> {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    if origin.eq_ignore_ascii_case(&api.origin()) {
        return Ok(());
    }
    let diagnosis = Diagnosis::new(Code::PublicUrlMismatch)
        .saw("Opened", origin)
        .saw("Public address", api.origin())
        .offering(NextKind::Open, "Open the public address", Some(format!("{}{page}", api.origin())));
    Err(diagnosis.into())
}

/// One attempt with its history.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/attempts/{id}", tag = "Connecting", responses((status = 200, body = AttemptView))
)]
async fn get_attempt(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.view(id, member.id(), member.user.id).await?))
}

/// Sends the network's form. Wrong fields are named under `/values`; the attempt then still waits for the form.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/attempts/{id}/form", tag = "Connecting",
    request_body = FormValues, responses((status = 200, body = AttemptView))
)]
async fn submit_form(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Body(body): Body<FormValues>,
) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.submit(id, member.id(), member.user.id, body.values).await?))
}

/// Confirms the account that came back in another browser than the one that left.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/attempts/{id}/confirm", tag = "Connecting",
    request_body = Confirmation, responses((status = 200, body = AttemptView))
)]
async fn confirm_attempt(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Body(body): Body<Confirmation>,
) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.confirm(id, member.id(), member.user.id, &body.nonce).await?))
}

/// Connects what was chosen among an attempt's choices. Ids that are unknown or can't be used are named under `/choices`; the
/// attempt then still waits. One that fails its check with the network is left out, and the attempt's diagnosis says why.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/attempts/{id}/choose", tag = "Connecting",
    request_body = Chosen, responses((status = 200, body = AttemptView))
)]
async fn choose_channels(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Body(body): Body<Chosen>,
) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.choose(id, member.id(), member.user.id, &body.choices).await?))
}

/// The picture of one of an attempt's choices, fetched from the network by this server.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/attempts/{id}/picture", tag = "Connecting", params(OfChoice),
    responses((status = 200, content_type = "image/png", body = Vec<u8>))
)]
async fn get_choice_picture(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Query(of): Query<OfChoice>,
) -> Result<Response> {
    picture(api.handshake.choice_picture(id, member.id(), member.user.id, &of.choice).await?)
}

pub(crate) fn picture(found: Option<Picture>) -> Result<Response> {
    let picture = found.ok_or_else(|| Problem::not_found("avatar.none", "This choice has no picture"))?;
    Ok(files::image(picture.kind.mime(), picture.bytes))
}

/// Goes on with an attempt that stands still, as its diagnosis offers. One that waits for a choice lists the choices anew.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/attempts/{id}/continue", tag = "Connecting",
    responses((status = 200, body = AttemptView))
)]
async fn continue_attempt(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.proceed(id, member.id(), member.user.id).await?))
}

/// Where a pasted address leads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Pasted {
    pub(crate) attempt: AttemptView,
    /// To confirm with, where this browser is not the one that left.
    pub(crate) nonce: Option<String>,
}

/// Finishes by hand, where the network's redirect can't reach this server: the address the browser landed on is pasted.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/attempts/{id}/address", tag = "Connecting",
    request_body = PastedAddress, responses((status = 200, body = Pasted))
)]
async fn paste_address(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<PastedAddress>,
) -> Result<Json<Pasted>> {
    let browser = cookie(&headers, connect_cookie(&api));
    let user = member.user.id;
    match api.handshake.pasted(id, member.id(), user, &body.address, browser.as_deref()).await? {
        Landing::Attempt { id, nonce } | Landing::Guest { id, nonce } => {
            let attempt = api.handshake.view(id, member.id(), user).await?;
            Ok(Json(Pasted { attempt, nonce }))
        }
        Landing::NoAttempt(diagnosis) => Err((*diagnosis).into()),
    }
}

/// Gives an attempt up; what the network granted meanwhile is revoked where it can be.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/attempts/{id}/cancel", tag = "Connecting",
    responses((status = 200, body = AttemptView))
)]
async fn cancel_attempt(
    member: Member<ManageChannels>,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.cancel(id, member.id(), member.user.id).await?))
}
