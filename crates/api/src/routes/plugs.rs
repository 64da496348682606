//! Plugs of a channel: what it does with each of its posts that gets likes enough.

use crate::{
    access::{ManageChannels, Member, Read},
    body::{Body, Id},
    problem::{Problem, Result},
    state::Api,
};
use axum::{Json, extract::State};
use crier_engine::following;
use crier_model::{
    ChannelId, Document, Finding,
    plug::{Act, Rule, WATCHED},
};
use crier_store::{
    channels::{self, Channel},
    plugs,
};
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_channel_plugs, set_channel_plugs))
}

/// What a channel that has set nothing is offered.
const USUAL_LIKES: u32 = 10;

/// Reposting each of the channel's posts that gets as many likes.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepostRule {
    enabled: bool,
    /// From 1 to 1,000,000.
    likes: u32,
}

/// Commenting on each of the channel's posts that gets as many likes.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommentRule {
    enabled: bool,
    /// From 1 to 1,000,000.
    likes: u32,
    /// Plain text; an empty line parts paragraphs.
    text: String,
}

/// What a channel does with each of its posts that gets likes enough.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ChannelPlugs {
    /// Whether the network lets apps repost, and tells likes.
    can_repost: bool,
    /// Whether the network lets apps comment, and tells likes.
    can_comment: bool,
    /// For how many days after it was published a post's likes are looked at.
    watched_days: i64,
    repost: RepostRule,
    comment: CommentRule,
}

/// What is left out stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelPlugsInput {
    repost: Option<RepostRule>,
    comment: Option<CommentRule>,
}

impl ChannelPlugsInput {
    fn rules(self) -> Vec<Rule> {
        let repost = |rule: RepostRule| Rule { act: Act::Repost, enabled: rule.enabled, likes: rule.likes, body: None };
        let comment = |rule: CommentRule| {
            let body = Some(Document::from_plain(&rule.text));
            Rule { act: Act::Comment, enabled: rule.enabled, likes: rule.likes, body }
        };
        self.repost.map(repost).into_iter().chain(self.comment.map(comment)).collect()
    }
}

async fn show(api: &Api, channel: &Channel) -> Result<Json<ChannelPlugs>> {
    let rules = plugs::rules(&api.store, channel.workspace, channel.id).await?;
    let of = |act| rules.iter().find(|rule| rule.act == act);
    let network = api.registry.get(&channel.network);
    let can = |act| network.is_some_and(|network| following::can_at_likes(network, act));
    let (repost, comment) = (of(Act::Repost), of(Act::Comment));
    let text = comment.and_then(|rule| rule.body.as_ref()).map(Document::to_plain);
    Ok(Json(ChannelPlugs {
        can_repost: can(Act::Repost),
        can_comment: can(Act::Comment),
        watched_days: WATCHED.as_hours() / 24,
        repost: RepostRule {
            enabled: repost.is_some_and(|rule| rule.enabled),
            likes: repost.map_or(USUAL_LIKES, |rule| rule.likes),
        },
        comment: CommentRule {
            enabled: comment.is_some_and(|rule| rule.enabled),
            likes: comment.map_or(USUAL_LIKES, |rule| rule.likes),
            text: text.unwrap_or_default(),
        },
    }))
}

/// What the channel does with its posts that get likes enough.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/channels/{id}/plugs", tag = "Plugs", responses((status = 200, body = ChannelPlugs))
)]
async fn get_channel_plugs(
    member: Member<Read>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
) -> Result<Json<ChannelPlugs>> {
    let channel = channels::get(&api.store, member.id(), id).await?;
    show(&api, &channel).await
}

/// Sets what the channel does with its posts that get likes enough: each at most once for a post. It holds for posts that are published
/// from now on; those that wait for likes already wait for what is set here, and for nothing where it is switched off.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/channels/{id}/plugs", tag = "Plugs",
    request_body = ChannelPlugsInput, responses((status = 200, body = ChannelPlugs))
)]
async fn set_channel_plugs(
    member: Member<ManageChannels>,
    Id(id): Id<ChannelId>,
    State(api): State<Api>,
    Body(body): Body<ChannelPlugsInput>,
) -> Result<Json<ChannelPlugs>> {
    let channel = channels::get(&api.store, member.id(), id).await?;
    let rules = body.rules();
    let found = match api.registry.get(&channel.network) {
        Some(network) => following::check_rules(network, &channel, &rules),
        None => {
            let message = format!("“{}” is not among the networks of this installation.", channel.network);
            vec![Finding::error("", "network.unknown", message, "Ask whoever runs it.")]
        }
    };
    if found.iter().any(Finding::is_error) {
        return Err(Problem::of_findings(&found));
    }
    plugs::set_rules(&api.store, member.id(), id, &rules).await?;
    show(&api, &channel).await
}
