//! Many posts at once.

use crate::{
    access::{Member, Write},
    body::Body,
    problem::{Problem, Result, refusal},
    state::Api,
};
use axum::{Json, extract::State};
use crier_engine::compose;
use crier_model::{PostId, Timestamp};
use crier_store::posts::bulk::{self, Action, Outcome, To};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(bulk_posts))
}

/// The most posts in one request.
const MOST: usize = 500;
/// The farthest that posts are moved at once, in days and in minutes.
const FARTHEST_DAYS: i32 = 366;
const FARTHEST_MINUTES: i32 = 7 * 24 * 60;

/// What is done with each of the posts. Days are reckoned in each post's own time zone, so that its time of day stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum BulkAction {
    /// Moves each by as much.
    MoveBy {
        #[serde(default)]
        days: i32,
        #[serde(default)]
        minutes: i32,
    },
    /// Moves each to this day, at its time of day.
    MoveToDay {
        #[schema(value_type = String, format = Date)]
        day: Date,
    },
    /// Moves each to a time of its own.
    MoveEach {
        #[schema(value_type = BTreeMap<PostId, String>)]
        due_at: BTreeMap<PostId, Timestamp>,
    },
    /// Holds what is scheduled until somebody resumes it.
    Pause,
    /// Schedules what was paused again, for the time it has.
    Resume,
    Delete,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkInput {
    /// Up to 500.
    ids: Vec<PostId>,
    action: BulkAction,
}

/// Why a post was left as it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BulkRefusal {
    /// Stable, for example `post.published`.
    code: String,
    title: String,
    fix: String,
}

/// What became of a post.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BulkOutcome {
    id: PostId,
    /// None: it was done.
    refused: Option<BulkRefusal>,
    /// When it was due before.
    #[schema(value_type = Option<String>, format = DateTime)]
    was_due_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
}

impl From<Outcome> for BulkOutcome {
    fn from(outcome: Outcome) -> Self {
        let words = |code: &'static str| {
            let (title, fix) = refusal(code);
            BulkRefusal { code: code.to_owned(), title: title.to_owned(), fix: fix.to_owned() }
        };
        let Outcome { id, refused, was_due_at, due_at } = outcome;
        Self { id, refused: refused.map(words), was_due_at, due_at }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct BulkResult {
    /// In the order of the request.
    items: Vec<BulkOutcome>,
}

/// Moves, pauses, resumes or deletes many posts in one go. What can't be done to a post leaves that post as it is, and says why.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/posts/bulk", tag = "Posts",
    request_body = BulkInput, responses((status = 200, body = BulkResult))
)]
async fn bulk_posts(
    member: Member<Write>,
    State(api): State<Api>,
    Body(body): Body<BulkInput>,
) -> Result<Json<BulkResult>> {
    let mut seen = HashSet::new();
    let ids: Vec<PostId> = body.ids.into_iter().filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() || ids.len() > MOST {
        let message = format!("One request takes 1 to {MOST} posts, not {}.", ids.len());
        return Err(Problem::wrong("/ids", "ids.out_of_range", message, "Send them in several requests."));
    }
    let action = action(body.action, api.store.now())?;
    let outcomes = bulk::bulk(&api.store, member.id(), &ids, &action).await?;
    Ok(Json(BulkResult { items: outcomes.into_iter().map(BulkOutcome::from).collect() }))
}

fn action(given: BulkAction, now: Timestamp) -> Result<Action> {
    Ok(match given {
        BulkAction::MoveBy { days, minutes } => {
            if days.abs() > FARTHEST_DAYS || minutes.abs() > FARTHEST_MINUTES || (days, minutes) == (0, 0) {
                let message = "A move is by 1 to 366 days and up to 10080 minutes, forward or back.";
                return Err(Problem::wrong("/action", "move.out_of_range", message, "Move to a day instead."));
            }
            Action::Move(To::By { days, minutes })
        }
        BulkAction::MoveToDay { day } => Action::Move(To::Day(day)),
        BulkAction::MoveEach { due_at } => {
            let wrong: Vec<_> = due_at.values().filter_map(|at| compose::wrong_time(*at, now)).collect();
            if !wrong.is_empty() {
                return Err(Problem::of_findings(&wrong));
            }
            Action::Move(To::Each(due_at.into_iter().collect()))
        }
        BulkAction::Pause => Action::Pause,
        BulkAction::Resume => Action::Resume,
        BulkAction::Delete => Action::Delete,
    })
}
