//! Text with facets: what is a link, a mention or a tag, by UTF-8 byte offsets.

use crate::text::{Kind, find};
use crier_model::Document;
use crier_model::document::{Block, Inline};
use serde_json::{Value, json};
use std::ops::Range;

/// The longest tag of a facet, in graphemes and bytes (`app.bsky.richtext.facet#tag`).
const TAG_GRAPHEMES: usize = 64;
const TAG_BYTES: usize = 640;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RichText {
    pub text: String,
    /// In order and without overlaps.
    pub features: Vec<(Range<usize>, Feature)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Feature {
    Link(String),
    /// A handle, to be resolved to a DID.
    Mention(String),
    Tag(String),
}

impl RichText {
    /// A link with words of its own is its words here, and a facet has the address.
    pub fn of(body: &Document) -> Self {
        let mut rich = Self::default();
        for (index, block) in body.blocks.iter().enumerate() {
            if index > 0 {
                rich.text.push_str("\n\n");
            }
            rich.block(block);
        }
        rich.detect();
        rich
    }

    /// The text with its links, as readers see it.
    pub fn shown(&self) -> Document {
        let mut content = Vec::new();
        let mut at = 0;
        for (range, feature) in &self.features {
            let words = &self.text[range.clone()];
            if let Feature::Link(href) = feature
                && href != words
            {
                push_lines(&self.text[at..range.start], &mut content);
                content.push(Inline::Link { href: href.clone(), text: words.to_owned() });
                at = range.end;
            }
        }
        push_lines(&self.text[at..], &mut content);
        Document { blocks: vec![Block::Paragraph { content }] }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph { content } | Block::Heading { content, .. } => self.line(content),
            Block::Quote { content } => {
                self.text.push('“');
                self.line(content);
                self.text.push('”');
            }
            Block::Code { text } => self.text.push_str(text),
            Block::List { ordered, items } => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.text.push('\n');
                    }
                    self.text.push_str(&if *ordered { format!("{}. ", index + 1) } else { "- ".to_owned() });
                    self.line(item);
                }
            }
        }
    }

    fn line(&mut self, content: &[Inline]) {
        for inline in content {
            let start = self.text.len();
            match inline {
                Inline::Text { text, .. } => self.text.push_str(text),
                Inline::Mention { handle } => self.text.extend(["@", handle]),
                Inline::Break => self.text.push('\n'),
                Inline::Link { href, text } => {
                    self.text.push_str(if text.is_empty() { href } else { text });
                    let uri = href.starts_with("http://") || href.starts_with("https://");
                    if uri && self.text.len() > start {
                        self.features.push((start..self.text.len(), Feature::Link(href.clone())));
                    }
                }
            }
        }
    }

    /// Adds what is found in the words outside the links there are.
    fn detect(&mut self) {
        for entity in find(&self.text) {
            let taken =
                |(range, _): &(Range<usize>, Feature)| range.start < entity.range.end && entity.range.start < range.end;
            if self.features.iter().any(taken) {
                continue;
            }
            let feature = match entity.kind {
                Kind::Link => Feature::Link(self.text[entity.range.clone()].to_owned()),
                Kind::Mention { user, domain: None } if user.contains('.') => Feature::Mention(user.to_lowercase()),
                Kind::Tag(tag) if tag.len() <= TAG_BYTES && crate::text::graphemes(&tag) <= TAG_GRAPHEMES => {
                    Feature::Tag(tag)
                }
                Kind::Mention { .. } | Kind::Tag(_) => continue,
            };
            self.features.push((entity.range, feature));
        }
        self.features.sort_by_key(|(range, _)| range.start);
    }
}

fn push_lines(text: &str, content: &mut Vec<Inline>) {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            content.push(Inline::Break);
        }
        if !line.is_empty() {
            content.push(Inline::Text { text: line.to_owned(), marks: Vec::new() });
        }
    }
}

/// One `app.bsky.richtext.facet`. `did` is the resolved handle of a mention.
pub(super) fn facet(range: &Range<usize>, feature: &Feature, did: Option<&str>) -> Value {
    let kind = |name: &str| format!("app.bsky.richtext.facet#{name}");
    let feature = match feature {
        Feature::Link(uri) => json!({ "$type": kind("link"), "uri": uri }),
        Feature::Mention(_) => json!({ "$type": kind("mention"), "did": did }),
        Feature::Tag(tag) => json!({ "$type": kind("tag"), "tag": tag }),
    };
    json!({ "index": { "byteStart": range.start, "byteEnd": range.end }, "features": [feature] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::html;

    #[test]
    fn offsets_are_of_bytes() {
        let rich = RichText::of(&Document::from_plain("é👩‍👧 https://example.org/é, @Ada.example.com @bob #tág"));
        let seen: Vec<_> =
            rich.features.iter().map(|(range, feature)| (&rich.text[range.clone()], feature.clone())).collect();
        assert_eq!(
            seen,
            [
                ("https://example.org/é", Feature::Link("https://example.org/é".into())),
                ("@Ada.example.com", Feature::Mention("ada.example.com".into())),
                ("#tág", Feature::Tag("tág".into())),
            ]
        );
    }

    #[test]
    fn a_link_keeps_its_words_and_nothing_overlaps() {
        let rich =
            RichText::of(&html::read("<p>see <a href=\"https://example.org/x\">my #page</a></p><ul><li>#a</li></ul>"));
        assert_eq!(rich.text, "see my #page\n\n- #a");
        let link = Inline::Link { href: "https://example.org/x".into(), text: "my #page".into() };
        let words = |text: &str| Inline::Text { text: text.into(), marks: Vec::new() };
        let shown = vec![words("see "), link, Inline::Break, Inline::Break, words("- #a")];
        assert_eq!(rich.shown().blocks, [Block::Paragraph { content: shown }]);
        assert_eq!(
            rich.features,
            [(4..12, Feature::Link("https://example.org/x".into())), (16..18, Feature::Tag("a".into()))]
        );
        assert_eq!(
            facet(&(4..12), &Feature::Mention("x".into()), Some("did:plc:1")),
            json!({ "index": { "byteStart": 4, "byteEnd": 12 }, "features": [{ "$type": "app.bsky.richtext.facet#mention", "did": "did:plc:1" }] })
        );
    }
}
