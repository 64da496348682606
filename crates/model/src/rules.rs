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
    /// Characters, but of an emoji its UTF-8 bytes.
    EmojiBytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TextRules {
    /// The longest text of one part, in `unit`.
    pub max: usize,
    /// The longest text beside media, where that is shorter.
    pub max_with_media: Option<usize>,
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

/// How wide something is for its height: 16:9 is `{ width: 16, height: 9 }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Ratio {
    pub width: u32,
    pub height: u32,
}

impl Ratio {
    #[must_use]
    pub const fn of(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Whether something of these pixels is wider for its height than this.
    #[must_use]
    pub fn is_passed_by(self, width: u32, height: u32) -> bool {
        u64::from(width) * u64::from(self.height) > u64::from(self.width) * u64::from(height)
    }

    /// Whether something of these pixels is narrower for its height than this.
    #[must_use]
    pub fn is_missed_by(self, width: u32, height: u32) -> bool {
        u64::from(width) * u64::from(self.height) < u64::from(self.width) * u64::from(height)
    }
}

/// A group of file types with the limits the network sets for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MediaKind {
    /// For example `image/png`.
    pub mime: Vec<String>,
    pub max_bytes: u64,
    /// Pixels.
    pub max_width: Option<u32>,
    /// Pixels.
    pub max_height: Option<u32>,
    /// Width times height, in pixels.
    pub max_pixels: Option<u64>,
    /// Width and height together, in pixels.
    pub max_sides: Option<u32>,
    /// Pixels of the shorter side, at least.
    pub min_side: Option<u32>,
    /// How many times the shorter side the longer one may be.
    pub max_ratio: Option<u32>,
    /// The narrowest shape, where upright and wide ones differ in what is taken.
    pub narrowest: Option<Ratio>,
    /// The widest shape.
    pub widest: Option<Ratio>,
    /// Milliseconds that a moving one lasts at least.
    pub min_duration_ms: Option<u64>,
    /// Milliseconds that a moving one lasts at most.
    pub max_duration_ms: Option<u64>,
    /// Whole frames a second that a video has at least.
    pub min_frame_rate: Option<u32>,
    /// Whole frames a second that a video has at most.
    pub max_frame_rate: Option<u32>,
    /// What picture and sound may be coded in, for example `h264` and `aac`; whatever it is where none is named.
    pub codecs: Vec<String>,
    /// Whether a GIF that moves may be made one of these, where its own type is not taken.
    pub of_gifs: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MediaRules {
    /// The most files one part may carry; 0 when it takes none.
    pub max_count: usize,
    pub kinds: Vec<MediaKind>,
    /// The most bytes of the files of one part together.
    pub max_total_bytes: Option<u64>,
    /// Whether the network fetches files by their addresses, which then have to be public.
    pub fetched: bool,
    /// Whether what is posted only links to the files, so that their addresses have to last.
    pub linked: bool,
    /// Types that it is brought where they have no address, or how they begin (`video/`).
    pub brought: Vec<String>,
    /// Types of which a file goes without any other, or how they begin (`video/`).
    pub alone: Vec<String>,
    /// The longest alt text, in characters; none when the network has no alt text.
    pub alt_max: Option<usize>,
}

impl MediaKind {
    /// The same, and where no GIF is taken, one that moves is made a video of.
    #[must_use]
    pub fn of_gifs(self) -> Self {
        Self { of_gifs: true, ..self }
    }

    /// These types up to a size, whatever their measures.
    #[must_use]
    pub fn up_to(max_bytes: u64, mime: &[&str]) -> Self {
        let mime = mime.iter().map(|&mime| mime.to_owned()).collect();
        Self { mime, max_bytes, ..Self::default() }
    }

    /// Of these, what is coded in one of `codecs` and lasts from `min` to `max` seconds; 0 is no limit.
    #[must_use]
    pub fn films(self, min_s: u64, max_s: u64, codecs: &[&str]) -> Self {
        let limit = |seconds: u64| (seconds > 0).then_some(seconds * 1000);
        let codecs = codecs.iter().map(|&codec| codec.to_owned()).collect();
        Self { min_duration_ms: limit(min_s), max_duration_ms: limit(max_s), codecs, ..self }
    }

    /// Of these, what shows from `min` to `max` frames a second; 0 is no limit.
    #[must_use]
    pub fn frames(self, min: u32, max: u32) -> Self {
        let limit = |frames: u32| (frames > 0).then_some(frames);
        Self { min_frame_rate: limit(min), max_frame_rate: limit(max), ..self }
    }
}

impl TextRules {
    /// Text up to a length, in which a link counts as its own, and without which there must be media.
    #[must_use]
    pub fn up_to(max: usize, unit: Unit) -> Self {
        Self {
            max,
            max_with_media: None,
            unit,
            link_length: None,
            max_bytes: None,
            required_without_media: true,
            short_mentions: false,
        }
    }

    /// The longest text of a part, in `unit`, by whether media go with it.
    #[must_use]
    pub fn max_of(&self, has_media: bool) -> usize {
        self.max_with_media.filter(|_| has_media).unwrap_or(self.max)
    }
}

impl MediaRules {
    /// So many files of these kinds, sent along, in whatever company.
    #[must_use]
    pub fn up_to(max_count: usize, kinds: Vec<MediaKind>, alt_max: Option<usize>) -> Self {
        Self {
            max_count,
            kinds,
            max_total_bytes: None,
            fetched: false,
            linked: false,
            brought: Vec::new(),
            alone: Vec::new(),
            alt_max,
        }
    }

    /// Whether the address of a file is needed for a while only: the network takes a copy of it.
    #[must_use]
    pub fn copies(&self) -> bool {
        self.fetched && !self.linked
    }

    /// Whether a file of this type goes without any other.
    #[must_use]
    pub fn goes_alone(&self, mime: &str) -> bool {
        self.alone.iter().any(|kind| mime == kind || (kind.ends_with('/') && mime.starts_with(kind.as_str())))
    }
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
    /// The longest text of further parts, where that is shorter.
    pub max_text: Option<usize>,
    /// The most files of further parts, where those are fewer.
    pub max_media: Option<usize>,
}

impl PartsRules {
    /// Further parts take what the first one takes.
    #[must_use]
    pub fn alike(max: usize, kind: PartsKind) -> Self {
        Self { max, kind, max_text: None, max_media: None }
    }
}

/// Everything a network demands of content; of a first part, where further ones differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rules {
    pub text: TextRules,
    pub media: MediaRules,
    pub parts: PartsRules,
}

impl Rules {
    /// What is demanded of the part at `index`.
    #[must_use]
    pub fn of_part(&self, index: usize) -> Self {
        let mut rules = self.clone();
        if index > 0 {
            if let Some(max) = self.parts.max_text {
                rules.text.max = max;
                rules.text.max_with_media = self.text.max_with_media.map(|beside| beside.min(max));
            }
            rules.media.max_count = self.parts.max_media.unwrap_or(self.media.max_count);
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::Ratio;

    #[test]
    fn a_ratio_is_passed_by_what_is_wider_and_missed_by_what_is_narrower() {
        let wide = Ratio::of(191, 100);
        assert!(!wide.is_passed_by(1910, 1000) && !wide.is_missed_by(1910, 1000));
        assert!(wide.is_passed_by(1911, 1000) && wide.is_missed_by(1909, 1000));
    }
}
