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
    /// Whole frames a second it has; none where they stay as they are.
    // Left out then, so that what was made by recipes from before is found under the name it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<u32>,
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

#[cfg(test)]
mod tests {
    use super::Recipe;

    #[test]
    fn a_recipe_without_a_frame_rate_is_written_as_it_was_before_there_were_any() {
        let mime = vec!["video/mp4".to_owned()];
        let recipe = Recipe { mime, max_bytes: 7, width: Some(3), height: None, frame_rate: None };
        let written = serde_json::to_string(&recipe).unwrap();
        assert_eq!(written, r#"{"mime":["video/mp4"],"max_bytes":7,"width":3,"height":null}"#);
        assert_eq!(serde_json::from_str::<Recipe>(&written).unwrap(), recipe);
        let paced = Recipe { frame_rate: Some(60), ..recipe };
        assert!(serde_json::to_string(&paced).unwrap().ends_with(r#""frame_rate":60}"#));
    }
}
