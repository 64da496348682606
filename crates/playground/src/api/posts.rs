//! `/api/posts`, `/api/posts/{id}`, `/api/posts/{id}/metrics` and `/api/posts/{id}/repost`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderMap, LOCATION};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::bearer::caller;
use crate::api::shape::{self, PostShape};
use crate::media::MediaId;
use crate::oauth::error::Problem;
use crate::oauth::register::is_json;
use crate::oauth::scopes::Scope;
use crate::posts::{Draft, Metrics, Post, PostId};
use crate::publish;
use crate::state::{Shared, World};

const KEY_MAX: usize = 255;
const PAGE: usize = 20;
const PAGE_MAX: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPost {
    #[serde(default)]
    text: String,
    #[serde(default)]
    media_ids: Vec<String>,
    #[serde(default)]
    reply_to: Option<String>,
}

/// Publishes. 201 with the post; 200 with the first one's where the idempotency key was used before.
pub(crate) async fn create(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let caller = caller(&shared, &headers, Scope::PostsWrite)?;
    if !is_json(&headers) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The body is expected as application/json.",
        ));
    }
    let new: NewPost = serde_json::from_slice(&body).map_err(|error| Problem::invalid_request(error.to_string()))?;
    let reply_to = new
        .reply_to
        .map(|id| {
            id.parse::<PostId>()
                .map_err(|_| Problem::unfit("reply_to_not_found", format!("reply_to: there is no post {id}.")))
        })
        .transpose()?;
    let draft = Draft {
        text: new.text,
        media: new.media_ids.iter().map(|id| MediaId::named(id)).collect(),
        reply_to,
        app: caller.app,
    };
    let key = idempotency_key(&headers)?;
    let made = publish::publish(&shared, caller.account, draft, key).await?;
    let shown = shared.look(|world, _| {
        let post = world
            .posts
            .get(made.id)
            .ok_or_else(|| Problem::not_found("The post of this Idempotency-Key has been deleted."))?;
        Ok::<_, Problem>(Json(shape::post(&shared, world, post)))
    })?;
    let location = [(LOCATION, shared.address(&format!("/api/posts/{}", made.id)))];
    Ok(if made.again {
        let replayed = [("idempotency-replayed", "true")];
        (StatusCode::OK, replayed, location, shown).into_response()
    } else {
        (StatusCode::CREATED, location, shown).into_response()
    })
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_MAX).map(Some).ok_or_else(|| {
        Problem::invalid_request(format!("Idempotency-Key: 1 to {KEY_MAX} ASCII characters are expected."))
    })
}

pub(crate) async fn read(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<PostShape>, Problem> {
    caller(&shared, &headers, Scope::PostsRead)?;
    shared.look(|world, _| {
        let post = find(world, &id)?;
        Ok(Json(shape::post(&shared, world, post)))
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    account: Option<String>,
    limit: Option<usize>,
    before: Option<String>,
}

/// The posts of an account (`me`, an id or a handle), newest first, older than the post `before`.
pub(crate) async fn list(
    State(shared): State<Shared>,
    headers: HeaderMap,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let caller = caller(&shared, &headers, Scope::PostsRead)?;
    let Query(listing) = query.map_err(|rejection| Problem::invalid_request(rejection.body_text()))?;
    let limit = listing.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::invalid_request(format!("limit: expected 1 to {PAGE_MAX}.")));
    }
    let before = listing
        .before
        .map(|id| id.parse::<PostId>().map_err(|_| Problem::invalid_request("before: expected the id of a post.")))
        .transpose()?;
    shared.look(|world, _| {
        let author = match listing.account.as_deref() {
            None | Some("me") => caller.account,
            Some(name) => {
                let by_id = name.parse().ok().and_then(|id| world.accounts.get(id));
                by_id
                    .or_else(|| world.accounts.named(name))
                    .ok_or_else(|| Problem::not_found("account: there is no such account."))?
                    .id
            }
        };
        let mut found: Vec<&Post> = world.posts.by(author, before).take(limit + 1).collect();
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|post| post.id.to_string());
        let posts: Vec<PostShape> = found.iter().map(|post| shape::post(&shared, world, post)).collect();
        Ok(Json(json!({ "posts": posts, "next_before": next })))
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewWords {
    text: String,
}

/// Gives other words to a post of one's own; its pictures stay.
pub(crate) async fn edit(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<PostShape>, Problem> {
    let caller = caller(&shared, &headers, Scope::PostsWrite)?;
    let id = own(&shared, &id, caller.account)?;
    let new: NewWords = serde_json::from_slice(&body).map_err(|error| Problem::invalid_request(error.to_string()))?;
    if !publish::edit(&shared, caller.account, id, new.text).await? {
        return Err(no_post());
    }
    shared.look(|world, _| {
        let post = world.posts.get(id).ok_or_else(no_post)?;
        Ok(Json(shape::post(&shared, world, post)))
    })
}

pub(crate) async fn delete(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let caller = caller(&shared, &headers, Scope::PostsWrite)?;
    let id = own(&shared, &id, caller.account)?;
    if publish::delete(&shared, caller.account, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(no_post()) }
}

pub(crate) async fn metrics(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Metrics>, Problem> {
    let caller = caller(&shared, &headers, Scope::MetricsRead)?;
    let id = own(&shared, &id, caller.account)?;
    shared.look(|world, _| {
        let post = world.posts.get(id).ok_or_else(no_post)?;
        Ok(Json(world.posts.metrics(post)))
    })
}

/// Shows a post, of whomever, again to the account's followers. The same repost again where there is one.
pub(crate) async fn repost(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let caller = caller(&shared, &headers, Scope::PostsWrite)?;
    let id: PostId = id.parse().map_err(|_| no_post())?;
    let account = caller.account;
    let at = shared.change(move |world, now| world.posts.repost(id, account, now)).await?.ok_or_else(no_post)?;
    shared.announce();
    let url = shared.address(&format!("/post/{id}"));
    Ok(Json(json!({ "id": format!("{id}-{account}"), "url": url, "reposted_at": at })))
}

fn find<'a>(world: &'a World, id: &str) -> Result<&'a Post, Problem> {
    id.parse().ok().and_then(|id| world.posts.get(id)).ok_or_else(no_post)
}

fn own(shared: &Shared, id: &str, account: crate::accounts::AccountId) -> Result<PostId, Problem> {
    shared.look(|world, _| {
        let post = find(world, id)?;
        if post.author == account {
            Ok(post.id)
        } else {
            Err(Problem::new(StatusCode::FORBIDDEN, "not_yours", "The post was written by another account."))
        }
    })
}

fn no_post() -> Problem {
    Problem::not_found("There is no such post.")
}
