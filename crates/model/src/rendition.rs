//! What is made of a file so that a network takes it.

use serde::{Deserialize, Serialize};

/// Another file to be made of one, within a network's limits. Equal recipes make equal files, so what was made once serves
/// every post and channel that asks for the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Recipe {
    /// The types it may have, the best first, for example `image/jpeg`.
    pub mime: Vec<String>,
    pub max_bytes: u64,
    /// Pixels it has at most; none where the size stays or isn't known.
    pub width: Option<u32>,
    /// Pixels it has at most.
    pub height: Option<u32>,
}

/// What becomes of a file on its way to a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fit {
    /// It goes as it is.
    AsItIs,
    /// Another is made of it, which goes.
    Made(Recipe),
    /// It can't go; the problems say why.
    Not,
}
