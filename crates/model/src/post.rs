//! A post: its parts, its variants and when it is due.

use crate::{ChannelId, Document, MediaId, plug::Following, recurrence::Repeat};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A file as it is used in a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaUse {
    pub id: MediaId,
    /// Said of the file in this place; none takes the alt text kept with the file.
    pub alt: Option<String>,
}

/// The first item, a thread item or a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Part {
    pub body: Document,
    #[serde(default)]
    pub media: Vec<MediaUse>,
    /// Minutes to wait after the part before it was sent; 0 for the first.
    #[serde(default)]
    pub delay_minutes: u32,
}

/// The content of a post as tailored for one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Variant {
    /// None: the Global parts.
    #[serde(default)]
    pub parts: Option<Vec<Part>>,
    /// The network's settings, in the shape of its schema.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// What channels do with it once it is out on this one.
    #[serde(default)]
    pub plugs: Vec<Following>,
}

/// What a post says, everywhere it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Content {
    /// The Global content.
    pub parts: Vec<Part>,
    #[serde(default)]
    pub variants: BTreeMap<ChannelId, Variant>,
}

impl Content {
    /// The parts as this channel gets them.
    #[must_use]
    pub fn parts_for(&self, channel: ChannelId) -> &[Part] {
        self.variants.get(&channel).and_then(|variant| variant.parts.as_deref()).unwrap_or(&self.parts)
    }

    /// The settings this channel was given.
    #[must_use]
    pub fn settings_for(&self, channel: ChannelId) -> serde_json::Map<String, serde_json::Value> {
        self.variants.get(&channel).map(|variant| variant.settings.clone()).unwrap_or_default()
    }

    /// What follows it once it is out on this channel.
    #[must_use]
    pub fn plugs_for(&self, channel: ChannelId) -> &[Following] {
        self.variants.get(&channel).map_or(&[], |variant| &variant.plugs)
    }

    /// Every file used anywhere in it, each once.
    #[must_use]
    pub fn media(&self) -> Vec<MediaId> {
        let all = self.parts.iter().chain(self.variants.values().filter_map(|v| v.parts.as_ref()).flatten());
        let mut ids: Vec<_> = all.flat_map(|part| part.media.iter().map(|m| m.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The first words, for lists.
    #[must_use]
    pub fn excerpt(&self, max_chars: usize) -> String {
        let line = self.parts.first().map(|part| part.body.to_line()).unwrap_or_default();
        match line.char_indices().nth(max_chars) {
            Some((end, _)) => format!("{}…", line[..end].trim_end()),
            None => line,
        }
    }
}

/// When a post is to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "when", content = "at")]
pub enum Timing {
    /// Kept, with or without a time in mind.
    Draft(Option<Timestamp>),
    At(Timestamp),
    /// The next slot that is free on all its channels when it is written.
    NextSlot,
    Now,
}

/// A post that has passed every check and may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidPost {
    pub content: Content,
    pub channels: Vec<ChannelId>,
    pub timing: Timing,
    /// IANA name; the zone the person thought in.
    pub time_zone: String,
    pub repeat: Option<Repeat>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Part {
        Part { body: Document::from_plain(text), ..Part::default() }
    }

    #[test]
    fn a_channel_without_a_variant_gets_the_global_parts() {
        let (with, without) = (ChannelId::new(), ChannelId::new());
        let tailored = Variant { parts: Some(vec![part("tailored")]), ..Variant::default() };
        let content = Content { parts: vec![part("global")], variants: BTreeMap::from([(with, tailored)]) };
        assert_eq!(content.parts_for(with)[0].body.to_plain(), "tailored");
        assert_eq!(content.parts_for(without)[0].body.to_plain(), "global");
    }

    #[test]
    fn an_excerpt_is_one_line_and_cut_on_a_character() {
        let content = Content { parts: vec![part("Grüße\n\naus  Köln")], ..Content::default() };
        assert_eq!(content.excerpt(100), "Grüße aus Köln");
        assert_eq!(content.excerpt(7), "Grüße a…");
    }
}
