//! Invite links, as the workspace that makes them sees them.

use crate::{
    access::{ManageChannels, Member},
    body::{Body, Id},
    page::Page,
    problem::{FieldProblem, Result},
    routes::auth::{check_name, refuse},
    state::Api,
};
use axum::{Json, extract::State, http::StatusCode};
use crier_connect::NewLink;
use crier_model::{InviteId, Timestamp, UserId};
use crier_store::{
    invites::{self, Standing},
    users,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_invites, create_invite)).routes(routes!(revoke_invite))
}

/// The most links in one answer; older ones have long ended.
const MOST: u64 = 200;
const MOST_USES: u32 = 100;
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InviteState {
    Open,
    Expired,
    UsedUp,
    Revoked,
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Invite {
    id: InviteId,
    /// What it is called here; guests don't see it.
    name: String,
    /// Ids of the networks one may choose among.
    networks: Vec<String>,
    state: InviteState,
    /// Accounts connected by it so far.
    uses: u32,
    max_uses: u32,
    /// The name of the person who made it, which guests see.
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

fn show(api: &Api, invite: invites::Invite, created_by: String) -> Invite {
    let state = match invite.standing(api.store.now()) {
        Standing::Open => InviteState::Open,
        Standing::Expired => InviteState::Expired,
        Standing::UsedUp => InviteState::UsedUp,
        Standing::Revoked => InviteState::Revoked,
    };
    Invite {
        id: invite.id,
        name: invite.name,
        networks: invite.networks,
        state,
        uses: invite.uses,
        max_uses: invite.max_uses,
        created_by,
        created_at: invite.created_at,
        expires_at: invite.expires_at,
    }
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvite {
    /// What it is called here, for example whom it is for.
    name: String,
    /// Ids of networks, at least one.
    networks: Vec<String>,
    /// How many accounts may be connected by it, 1 to 100.
    max_uses: u32,
    /// At most a year ahead.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A link as it is shown once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedInvite {
    #[serde(flatten)]
    invite: Invite,
    /// The address to send. What is behind its `#` is not kept, so it can't be shown again.
    link: String,
}

/// The workspace's invite links, newest first; those that have ended too.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/invites", tag = "Invite links", responses((status = 200, body = Page<Invite>))
)]
async fn list_invites(member: Member<ManageChannels>, State(api): State<Api>) -> Result<Json<Page<Invite>>> {
    let found = invites::list(&api.store, member.id(), MOST).await?;
    let mut names: HashMap<UserId, String> = HashMap::new();
    for id in found.iter().map(|invite| invite.created_by).collect::<BTreeSet<_>>() {
        if let Some(user) = users::by_id(&api.store, id).await? {
            names.insert(id, user.name);
        }
    }
    let named = |invite: invites::Invite| {
        let name = names.get(&invite.created_by).cloned().unwrap_or_default();
        show(&api, invite, name)
    };
    Ok(Json(Page::whole(found.into_iter().map(named).collect())))
}

/// Makes a link with which people without an account here connect accounts of theirs to this workspace.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/invites", tag = "Invite links",
    request_body = NewInvite, responses((status = 201, body = CreatedInvite))
)]
async fn create_invite(
    member: Member<ManageChannels>,
    State(api): State<Api>,
    Body(body): Body<NewInvite>,
) -> Result<(StatusCode, Json<CreatedInvite>)> {
    let mut wrong = Vec::new();
    let name = check_name(&mut wrong, "/name", &body.name);
    let networks = check_networks(&api, &mut wrong, body.networks);
    if !(1..=MOST_USES).contains(&body.max_uses) {
        let message = format!("A link is for 1 to {MOST_USES} accounts.");
        wrong.push(FieldProblem::new("/max_uses", "max_uses.out_of_range", message, "Choose a number in between."));
    }
    let now = api.store.now();
    if body.expires_at <= now {
        let fix = "Choose a time to come.";
        wrong.push(FieldProblem::new("/expires_at", "expires_at.past", "This time has passed.", fix));
    } else if body.expires_at.duration_since(now) > LONGEST {
        let message = "A link is good for a year at most.";
        wrong.push(FieldProblem::new("/expires_at", "expires_at.too_far", message, "Choose an earlier time."));
    }
    refuse(wrong)?;
    let link = NewLink {
        workspace: member.id(),
        created_by: member.user.id,
        name,
        networks,
        max_uses: body.max_uses,
        expires_at: body.expires_at,
    };
    let (invite, token) = api.handshake.make_invite(link).await?;
    let invite = show(&api, invite, member.user.name);
    // Behind the `#`, the token reaches no server's log and no other site.
    let link = format!("{}/invite#{}", api.origin(), token.expose());
    Ok((StatusCode::CREATED, Json(CreatedInvite { invite, link })))
}

fn check_networks(api: &Api, wrong: &mut Vec<FieldProblem>, given: Vec<String>) -> Vec<String> {
    if given.is_empty() {
        let message = "No network is chosen.";
        wrong.push(FieldProblem::new("/networks", "networks.none", message, "Choose at least one."));
    }
    let mut networks = Vec::new();
    for (index, network) in given.into_iter().enumerate() {
        if api.registry.get(&network).is_none() {
            let message = format!("There is no network “{network}” here.");
            let pointer = format!("/networks/{index}");
            wrong.push(FieldProblem::new(&pointer, "network.unknown", message, "Choose among those listed."));
        } else if !networks.contains(&network) {
            networks.push(network);
        }
    }
    networks
}

/// Ends a link: nothing is connected by it any more, not even by those who are at a network just now.
#[utoipa::path(
    delete, path = "/workspaces/{workspace}/invites/{id}", tag = "Invite links", responses((status = 204))
)]
async fn revoke_invite(
    member: Member<ManageChannels>,
    Id(id): Id<InviteId>,
    State(api): State<Api>,
) -> Result<StatusCode> {
    invites::revoke(&api.store, member.id(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
