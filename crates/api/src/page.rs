//! Pages of lists.

use crate::problem::{Problem, Result};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A piece of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// To be sent as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that is whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }

    /// A page of `limit` items cut from one more than that.
    pub fn cut(mut items: Vec<T>, limit: usize, id: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(id);
        Self { items, next_cursor }
    }
}

/// Which page.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PageQuery {
    pub cursor: Option<String>,
    pub limit: Option<u32>,
}

const USUAL: u32 = 50;
const MOST: u32 = 100;

impl PageQuery {
    /// How many items, 1 to 100.
    pub fn limit(&self) -> Result<usize> {
        let limit = self.limit.unwrap_or(USUAL);
        if (1..=MOST).contains(&limit) {
            return Ok(limit as usize);
        }
        let message = format!("A page has 1 to {MOST} items, not {limit}.");
        Err(Problem::wrong("limit", "limit.out_of_range", message, "Ask for fewer, and follow `next_cursor`."))
    }

    /// The last item of the page before.
    pub fn after<T: FromStr>(&self) -> Result<Option<T>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let wrong = |_| {
            let message = "This is not a cursor that a page gave.";
            Problem::wrong("cursor", "cursor.wrong", message, "Leave it out to begin at the first page.")
        };
        cursor.parse().map(Some).map_err(wrong)
    }
}
