//! `GET /api/pages` and `GET /api/pages/{id}`: the pages of an account, each with a token of its own.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderMap};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::accounts::{Account, AccountId};
use crate::api::bearer::by_token;
use crate::api::shape::{self, AccountShape};
use crate::endpoint::Endpoint;
use crate::faults::Kind;
use crate::gate::Marks;
use crate::oauth::error::Problem;
use crate::oauth::grants::Bearer;
use crate::oauth::scopes::Scope;
use crate::secrets::fresh;
use crate::state::{Shared, World};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 100;

#[derive(Debug, Serialize)]
struct PageShape {
    #[serde(flatten)]
    account: AccountShape,
    /// Whether the app may act as it.
    granted: bool,
    #[serde(flatten)]
    token: Option<TokenShape>,
}

#[derive(Debug, Serialize)]
struct TokenShape {
    access_token: String,
    expires_in: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Listing {
    limit: Option<usize>,
    after: Option<AccountId>,
}

/// The pages, oldest first, after the page `after`; `next_after` is there as long as there are more.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Extension(marks): Extension<Marks>,
    headers: HeaderMap,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Response, Problem> {
    let person = person(&shared, &headers)?;
    let Query(listing) = query.map_err(|rejection| Problem::invalid_request(rejection.body_text()))?;
    let limit = listing.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Problem::invalid_request(format!("limit: expected 1 to {LIMIT_MAX}.")));
    }
    let (pages, next) = shared
        .change(|world, now| {
            let own = world.accounts.pages(person.account).filter(|page| Some(page.id) > listing.after);
            let mut pages: Vec<Account> = own.cloned().collect();
            if none_by_fault(world, &person, &marks) {
                pages.clear();
            }
            let more = pages.len() > limit;
            pages.truncate(limit);
            let next = pages.last().filter(|_| more).map(|page| page.id.to_string());
            let shown = pages.iter().map(|page| show(&shared, world, &person, page, &marks, now));
            Ok::<_, Problem>((shown.collect::<Result<Vec<_>, _>>()?, next))
        })
        .await??;
    Ok(unkept(json!({ "pages": pages, "next_after": next })))
}

/// One page, with a fresh token.
pub(crate) async fn read(
    State(shared): State<Shared>,
    Extension(marks): Extension<Marks>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let person = person(&shared, &headers)?;
    let page = shared
        .change(|world, now| {
            let found = id.parse().ok().and_then(|id| world.accounts.get(id));
            let page = found.filter(|page| page.owner == Some(person.account)).cloned();
            let page = page.ok_or_else(|| Problem::not_found("There is no such page of this account."))?;
            show(&shared, world, &person, &page, &marks, now)
        })
        .await??;
    if !page.granted {
        return Err(Problem::new(StatusCode::FORBIDDEN, "page_not_granted", "The page was not granted to this app."));
    }
    Ok(unkept(json!(page)))
}

fn unkept(body: serde_json::Value) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// The person who calls. A page has no pages.
fn person(shared: &Shared, headers: &HeaderMap) -> Result<Bearer, Problem> {
    let caller = by_token(shared, headers, Scope::PagesManage)?;
    if caller.is_page {
        return Err(Problem::new(StatusCode::FORBIDDEN, "not_a_person", "This is the token of a page."));
    }
    Ok(caller)
}

fn show(
    shared: &Shared,
    world: &mut World,
    person: &Bearer,
    page: &Account,
    marks: &Marks,
    now: Timestamp,
) -> Result<PageShape, Problem> {
    let account = shape::account(shared, page);
    if withheld_by_fault(world, person, page, marks) {
        return Ok(PageShape { account, granted: false, token: None });
    }
    let life = shared.config().access_token_life;
    let access_token = fresh("pgp_")?;
    world.oauth.grants.add_page_token(person, page.id, &access_token, now + life);
    Ok(PageShape { account, granted: true, token: Some(TokenShape { access_token, expires_in: life.as_secs() }) })
}

fn none_by_fault(world: &mut World, person: &Bearer, marks: &Marks) -> bool {
    let pick = |kind: &Kind| matches!(kind, Kind::NoPages).then_some(());
    let fired = world.faults.inside(Endpoint::Pages, Some(person.account), pick);
    fired.map(|(id, ())| marks.add(id)).is_some()
}

fn withheld_by_fault(world: &mut World, person: &Bearer, page: &Account, marks: &Marks) -> bool {
    let pick = |kind: &Kind| match kind {
        Kind::WithholdPage { page: only } => only.as_ref().is_none_or(|only| *only == page.handle).then_some(()),
        _ => None,
    };
    let fired = world.faults.inside(Endpoint::Pages, Some(person.account), pick);
    fired.map(|(id, ())| marks.add(id)).is_some()
}
