//! What people without an account here may do with an invite link: see who asks, and connect an account of theirs. They learn
//! nothing of the workspace but its name, and of its people but the name of who asks.

use crate::{
    access::{Anyone, GuestOf, Invited, Opened, connect_cookie, cookie, invite_cookie, own_cookie},
    body::{Body, Id, Query},
    problem::Result,
    routes::{
        attempts::{
            CONNECT_COOKIE_LIFE, Chosen, Confirmation, FormValues, OfChoice, Pasted, PastedAddress, picture,
            same_address,
        },
        auth::From,
        networks::{NetworkOut, show, with_apps},
    },
    state::Api,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use axum_extra::extract::CookieJar;
use crier_connect::{AttemptView, Invitation as Open, Landing};
use crier_model::{AttemptId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(open_invite))
        .routes(routes!(get_invitation))
        .routes(routes!(start_invited))
        .routes(routes!(get_invited))
        .routes(routes!(submit_invited))
        .routes(routes!(confirm_invited))
        .routes(routes!(choose_invited))
        .routes(routes!(get_invited_picture))
        .routes(routes!(continue_invited))
        .routes(routes!(paste_invited))
        .routes(routes!(cancel_invited))
}

/// How long an opened link stays open in a browser: longer than connecting takes, shorter than a shared computer's day.
const INVITE_COOKIE_LIFE: SignedDuration = SignedDuration::from_hours(2);

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenInvite {
    /// What is behind the `#` of the link.
    token: String,
}

/// An invitation, as its guests see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Invitation {
    /// The workspace's name.
    workspace: String,
    /// The name of the person who asks.
    person: String,
    networks: Vec<NetworkOut>,
    /// How many more accounts can be connected; 0 when it has been used up in this browser.
    uses_left: u32,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

async fn shown(api: &Api, open: Open) -> Result<Invitation> {
    let with_apps = with_apps(api, open.workspace.id).await?;
    let invite = open.invite;
    let known = invite.networks.iter().filter_map(|network| api.registry.get(network));
    Ok(Invitation {
        workspace: open.workspace.name,
        person: open.person,
        networks: known.map(|network| show(api, network, &with_apps)).collect(),
        uses_left: invite.max_uses.saturating_sub(invite.uses),
        expires_at: invite.expires_at,
    })
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitedStart {
    /// One of those the link invites to.
    network: String,
    /// Which of the network's ways; the recommended one when left out.
    way: Option<String>,
    /// The server, as typed, for networks made of many.
    instance: Option<String>,
}

/// Opens an invite link in this browser: its token moves into a cookie that no script can read.
#[utoipa::path(
    post, path = "/invite/open", tag = "Invite links", request_body = OpenInvite, responses((status = 200, body = Invitation))
)]
async fn open_invite(
    _: Anyone,
    from: From,
    State(api): State<Api>,
    Body(body): Body<OpenInvite>,
) -> Result<(CookieJar, Json<Invitation>)> {
    api.limits().open_invite(from.0)?;
    let open = api.handshake.invitation(body.token.trim()).await?;
    let cookie = own_cookie(&api, invite_cookie(&api), body.token.trim().to_owned(), INVITE_COOKIE_LIFE);
    Ok((CookieJar::new().add(cookie), Json(shown(&api, open).await?)))
}

/// The invitation that is open in this browser.
#[utoipa::path(get, path = "/invite", tag = "Invite links", responses((status = 200, body = Invitation)))]
async fn get_invitation(Opened(open): Opened, State(api): State<Api>) -> Result<Json<Invitation>> {
    Ok(Json(shown(&api, open).await?))
}

/// Starts connecting an account of the guest's. Send them to `authorize_url`, or fill in the network's form.
#[utoipa::path(
    post, path = "/invite/attempts", tag = "Invite links",
    request_body = InvitedStart, responses((status = 201, body = AttemptView))
)]
async fn start_invited(
    Invited(open): Invited,
    from: From,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<InvitedStart>,
) -> Result<(StatusCode, CookieJar, Json<AttemptView>)> {
    same_address(&api, &headers, "/invite")?;
    api.limits().guest(from.0, open.invite.id)?;
    let browser = cookie(&headers, connect_cookie(&api));
    let (way, instance) = (body.way.as_deref(), body.instance.as_deref());
    let started = api.handshake.start_invited(&open, &body.network, way, instance, browser.as_deref()).await?;
    let cookie = own_cookie(&api, connect_cookie(&api), started.browser_cookie, CONNECT_COOKIE_LIFE);
    Ok((StatusCode::CREATED, CookieJar::new().add(cookie), Json(started.attempt)))
}

/// One attempt of this browser's.
#[utoipa::path(get, path = "/invite/attempts/{id}", tag = "Invite links", responses((status = 200, body = AttemptView)))]
async fn get_invited(by: GuestOf, Id(id): Id<AttemptId>, State(api): State<Api>) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.view(id, by.workspace, by.guest).await?))
}

/// Sends the network's form. Wrong fields are named under `/values`; the attempt then still waits for the form.
#[utoipa::path(
    post, path = "/invite/attempts/{id}/form", tag = "Invite links",
    request_body = FormValues, responses((status = 200, body = AttemptView))
)]
async fn submit_invited(
    by: GuestOf,
    from: From,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Body(body): Body<FormValues>,
) -> Result<Json<AttemptView>> {
    api.limits().guest_address(from.0)?;
    Ok(Json(api.handshake.submit(id, by.workspace, by.guest, body.values).await?))
}

/// Confirms the account that came back in another browser than the one that left.
#[utoipa::path(
    post, path = "/invite/attempts/{id}/confirm", tag = "Invite links",
    request_body = Confirmation, responses((status = 200, body = AttemptView))
)]
async fn confirm_invited(
    by: GuestOf,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Body(body): Body<Confirmation>,
) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.confirm(id, by.workspace, by.guest, &body.nonce).await?))
}

/// Connects what was chosen among an attempt's choices, as for members. Each counts against the link's number.
#[utoipa::path(
    post, path = "/invite/attempts/{id}/choose", tag = "Invite links",
    request_body = Chosen, responses((status = 200, body = AttemptView))
)]
async fn choose_invited(
    by: GuestOf,
    from: From,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Body(body): Body<Chosen>,
) -> Result<Json<AttemptView>> {
    api.limits().guest_address(from.0)?;
    Ok(Json(api.handshake.choose(id, by.workspace, by.guest, &body.choices).await?))
}

/// The picture of one of an attempt's choices, fetched from the network by this server.
#[utoipa::path(
    get, path = "/invite/attempts/{id}/picture", tag = "Invite links", params(OfChoice),
    responses((status = 200, content_type = "image/png", body = Vec<u8>))
)]
async fn get_invited_picture(
    by: GuestOf,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    Query(of): Query<OfChoice>,
) -> Result<Response> {
    picture(api.handshake.choice_picture(id, by.workspace, by.guest, &of.choice).await?)
}

/// Goes on with an attempt that stands still, as its diagnosis offers.
#[utoipa::path(
    post, path = "/invite/attempts/{id}/continue", tag = "Invite links", responses((status = 200, body = AttemptView))
)]
async fn continue_invited(
    by: GuestOf,
    from: From,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
) -> Result<Json<AttemptView>> {
    api.limits().guest_address(from.0)?;
    Ok(Json(api.handshake.proceed(id, by.workspace, by.guest).await?))
}

/// Finishes by hand, with the address that the browser landed on and that did not reach this server.
#[utoipa::path(
    post, path = "/invite/attempts/{id}/address", tag = "Invite links",
    request_body = PastedAddress, responses((status = 200, body = Pasted))
)]
async fn paste_invited(
    by: GuestOf,
    Id(id): Id<AttemptId>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<PastedAddress>,
) -> Result<Json<Pasted>> {
    let browser = cookie(&headers, connect_cookie(&api));
    match api.handshake.pasted(id, by.workspace, by.guest.clone(), &body.address, browser.as_deref()).await? {
        Landing::Attempt { id, nonce } | Landing::Guest { id, nonce } => {
            let attempt = api.handshake.view(id, by.workspace, by.guest).await?;
            Ok(Json(Pasted { attempt, nonce }))
        }
        Landing::NoAttempt(diagnosis) => Err((*diagnosis).into()),
    }
}

/// Gives an attempt up; what the network granted meanwhile is revoked where it can be.
#[utoipa::path(
    post, path = "/invite/attempts/{id}/cancel", tag = "Invite links", responses((status = 200, body = AttemptView))
)]
async fn cancel_invited(by: GuestOf, Id(id): Id<AttemptId>, State(api): State<Api>) -> Result<Json<AttemptView>> {
    Ok(Json(api.handshake.cancel(id, by.workspace, by.guest).await?))
}
