//! Text: counting it as each network counts, finding links, mentions and tags in it, rendering documents.

pub mod chat;
pub mod count;
pub mod html;
pub mod links;
pub mod markdown;

pub use count::{bytes, emoji_bytes, graphemes, measure, utf16, weighted};
pub use links::{Entity, Kind, find, find_bare, urls};
