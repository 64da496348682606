//! Stretches of the calendar as they were last told.
//!
//! A busy month is hundreds of posts and some 200 kB of JSON, asked for again by every open tab after every change. Each stretch
//! is kept as the bytes of its answer, under the version of the workspace's data that it was made from: it is asked for again
//! only when something in the workspace has changed, and once however many ask at the same time.

use crate::problem::{Problem, Result};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use crier_model::{Timestamp, WorkspaceId};
use crier_store::{events::Version, posts::Filter};
use quick_cache::{Weighter, sync::Cache};
use serde::Serialize;

/// The most memory that answers are kept in.
const MOST_BYTES: u64 = 16 << 20;
/// About how many answers that is; a hint for the cache's tables.
const ABOUT_ANSWERS: usize = 256;
/// What a kept answer costs beside its bytes.
const OVERHEAD: u64 = 256;

/// A stretch of a workspace's calendar at one version of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stretch {
    pub workspace: WorkspaceId,
    pub version: Version,
    pub from: Timestamp,
    pub to: Timestamp,
    pub filter: Filter,
}

/// JSON that is ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Ready(Bytes);

impl Ready {
    pub fn new(value: &impl Serialize) -> Result<Self> {
        serde_json::to_vec(value).map(|json| Self(json.into())).map_err(|error| Problem::internal(&error))
    }
}

impl IntoResponse for Ready {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

#[derive(Debug, Clone, Copy)]
struct ByLength;

impl Weighter<Stretch, Ready> for ByLength {
    fn weight(&self, _: &Stretch, answer: &Ready) -> u64 {
        answer.0.len() as u64 + OVERHEAD
    }
}

/// The answers kept, the least used going first.
#[derive(Debug)]
pub(crate) struct Calendar(Cache<Stretch, Ready, ByLength>);

impl Default for Calendar {
    fn default() -> Self {
        Self(Cache::with_weighter(ABOUT_ANSWERS, MOST_BYTES, ByLength))
    }
}

impl Calendar {
    /// The answer for a stretch, made by `make` if it is not kept.
    pub async fn answer(&self, stretch: Stretch, make: impl Future<Output = Result<Ready>>) -> Result<Ready> {
        self.0.get_or_insert_async(&stretch, make).await
    }
}
