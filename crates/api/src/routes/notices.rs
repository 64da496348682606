//! Notices: what a person is told, how much of it is new, and which kinds they want by which way.

use crate::{
    access::{Member, Person, Read},
    body::{Body, Query},
    page::{Page, PageQuery},
    problem::Result,
    state::Api,
};
use axum::{Json, extract::State, http::StatusCode};
use crier_model::{
    ChannelId, NoticeId, PostId, Timestamp,
    notice::{Choices, NoticeKind, Ways},
};
use crier_store::notices;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(count_unread))
        .routes(routes!(mark_seen))
        .routes(routes!(get_choices, put_choices))
}

/// Beyond this, a count says “more”.
const MOST_COUNTED: u64 = 100;

/// A post that is due next on a channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct NextPost {
    post_id: PostId,
    /// The first words.
    excerpt: String,
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
}

/// Something people are told.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Notice {
    id: NoticeId,
    kind: NoticeKind,
    channel_id: ChannelId,
    /// None where it is about the channel as a whole.
    post_id: Option<PostId>,
    title: String,
    text: String,
    /// What is due next on the channel, as it was when the notice was written.
    next: Vec<NextPost>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whether it came after the last one this person has seen.
    unread: bool,
}

fn show(notice: notices::Notice, seen: Option<NoticeId>) -> Notice {
    let next = notice.next.into_iter();
    Notice {
        unread: seen.is_none_or(|seen| notice.id > seen),
        id: notice.id,
        kind: notice.kind,
        channel_id: notice.channel,
        post_id: notice.post,
        title: notice.title,
        text: notice.text,
        next: next.map(|it| NextPost { post_id: it.post, excerpt: it.excerpt, due_at: it.due_at }).collect(),
        created_at: notice.created_at,
    }
}

/// The kinds a person wants in the app.
fn in_app(choices: &Choices) -> Vec<NoticeKind> {
    NoticeKind::ALL.iter().copied().filter(|kind| choices.ways(*kind).app).collect()
}

/// What this person is told in the app, newest first.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/notices", tag = "Notices",
    params(
        ("cursor" = Option<String>, Query, description = "From the page before."),
        ("limit" = Option<u32>, Query, description = "1 to 100; 50 when left out."),
    ),
    responses((status = 200, body = Page<Notice>))
)]
async fn list_notices(
    member: Member<Read>,
    Query(page): Query<PageQuery>,
    State(api): State<Api>,
) -> Result<Json<Page<Notice>>> {
    let (limit, before) = (page.limit()?, page.after()?);
    let kinds = in_app(&notices::choices(&api.store, member.user.id).await?);
    let seen = notices::seen(&api.store, member.id(), member.user.id).await?;
    let found = notices::list(&api.store, member.id(), &kinds, before, limit as u64 + 1).await?;
    let shown = found.into_iter().map(|notice| show(notice, seen)).collect();
    Ok(Json(Page::cut(shown, limit, |notice: &Notice| notice.id.to_string())))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Unread {
    /// At most 100: then there may be more.
    unread: u64,
}

/// How many notices this person has not seen.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/notices/unread", tag = "Notices", responses((status = 200, body = Unread))
)]
async fn count_unread(member: Member<Read>, State(api): State<Api>) -> Result<Json<Unread>> {
    let kinds = in_app(&notices::choices(&api.store, member.user.id).await?);
    let seen = notices::seen(&api.store, member.id(), member.user.id).await?;
    let unread = notices::count_after(&api.store, member.id(), &kinds, seen, MOST_COUNTED).await?;
    Ok(Json(Unread { unread }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// The newest notice that was seen; all before it count as seen too.
    up_to: NoticeId,
}

/// Notes that this person has seen their notices up to one.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/notices/seen", tag = "Notices", request_body = Seen, responses((status = 204))
)]
async fn mark_seen(member: Member<Read>, State(api): State<Api>, Body(body): Body<Seen>) -> Result<StatusCode> {
    let notice = notices::get(&api.store, member.id(), body.up_to).await?;
    notices::set_seen(&api.store, member.id(), member.user.id, notice.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a person is told, and by which ways.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct NoticeChoices {
    /// Every kind there is.
    kinds: BTreeMap<NoticeKind, Ways>,
    /// Whether this installation sends mails.
    mail: bool,
}

fn shown_choices(api: &Api, choices: &Choices) -> NoticeChoices {
    let kinds = NoticeKind::ALL.iter().map(|kind| (*kind, choices.ways(*kind))).collect();
    NoticeChoices { kinds, mail: api.settings.mail }
}

/// Which notices this person wants, and by which ways.
#[utoipa::path(get, path = "/auth/me/notices", tag = "Notices", responses((status = 200, body = NoticeChoices)))]
async fn get_choices(person: Person, State(api): State<Api>) -> Result<Json<NoticeChoices>> {
    Ok(Json(shown_choices(&api, &notices::choices(&api.store, person.user.id).await?)))
}

/// Changes it; kinds that are left out stay as they are.
#[utoipa::path(
    put, path = "/auth/me/notices", tag = "Notices",
    request_body = BTreeMap<NoticeKind, Ways>, responses((status = 200, body = NoticeChoices))
)]
async fn put_choices(
    person: Person,
    State(api): State<Api>,
    Body(body): Body<BTreeMap<NoticeKind, Ways>>,
) -> Result<Json<NoticeChoices>> {
    let mut choices = notices::choices(&api.store, person.user.id).await?;
    choices.0.extend(body);
    notices::set_choices(&api.store, person.user.id, &choices).await?;
    Ok(Json(shown_choices(&api, &choices)))
}
