//! What a network takes: lengths, media, parts. Data, so that the server, the composer and the docs read the same.

use serde::{Deserialize, Serialize};

/// How a network measures text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// User-perceived characters (UAX #29 extended grapheme clusters).
    Grapheme,
    /// UTF-16 code units, as JavaScript's `length`.
    Utf16,
    /// Weighted as twitter-text does.
    Weighted,
    /// UTF-8 bytes.
    Byte,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TextRules {
    /// The longest text of one part, in `unit`.
    pub max: usize,
    pub unit: Unit,
    /// What every link counts as, in `unit`; none when a link counts as its own length.
    pub link_length: Option<usize>,
    /// A second limit in UTF-8 bytes, where the network has one.
    pub max_bytes: Option<usize>,
    /// Whether a part without media must have text.
    pub required_without_media: bool,
    /// Whether a remote mention (`@user@domain`) counts as `@user` alone.
    pub short_mentions: bool,
}

/// A group of file types with the limits the network sets for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MediaKind {
    /// For example `image/png`.
    pub mime: Vec<String>,
    pub max_bytes: u64,
    /// Pixels.
    pub max_width: Option<u32>,
    /// Pixels.
    pub max_height: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MediaRules {
    /// The most files one part may carry; 0 when it takes none.
    pub max_count: usize,
    pub kinds: Vec<MediaKind>,
    /// The longest alt text, in characters; none when the network has no alt text.
    pub alt_max: Option<usize>,
}

/// What the parts after the first become on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartsKind {
    Thread,
    Comment,
    None,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartsRules {
    pub max: usize,
    pub kind: PartsKind,
}

/// Everything a network demands of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rules {
    pub text: TextRules,
    pub media: MediaRules,
    pub parts: PartsRules,
}
