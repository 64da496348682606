//! `GET /api/me` and `GET /api/me/metrics`.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::api::bearer::caller;
use crate::api::shape::{self, AccountShape};
use crate::oauth::error::Problem;
use crate::oauth::scopes::Scope;
use crate::state::Shared;

pub(crate) async fn me(State(shared): State<Shared>, headers: HeaderMap) -> Result<Json<AccountShape>, Problem> {
    let caller = caller(&shared, &headers, Scope::Profile)?;
    shared.look(|world, _| {
        let account = world.accounts.get(caller.account).ok_or_else(|| Problem::not_found("The account is gone."))?;
        Ok(Json(shape::account(&shared, account)))
    })
}

/// The sums over all posts of the account.
pub(crate) async fn metrics(State(shared): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Problem> {
    let caller = caller(&shared, &headers, Scope::MetricsRead)?;
    let (posts, sum) = shared.look(|world, _| world.posts.totals(caller.account));
    Ok(Json(json!({
        "posts": posts,
        "likes": sum.likes,
        "reposts": sum.reposts,
        "replies": sum.replies,
        "views": sum.views,
    })))
}
