//! Content as a small document: what the editor makes, what every network is rendered from.

use serde::{Deserialize, Serialize};

/// A run of text with marks, a link or a mention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Inline {
    Text {
        text: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        marks: Vec<Mark>,
    },
    /// A link whose words differ from its address; a bare address in a text stays text.
    Link {
        href: String,
        text: String,
    },
    /// Somebody, by the handle the network knows, without the leading `@`.
    Mention {
        handle: String,
    },
    Break,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Bold,
    Italic,
    Underline,
    Strike,
    Code,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Block {
    Paragraph { content: Vec<Inline> },
    Heading { level: u8, content: Vec<Inline> },
    List { ordered: bool, items: Vec<Vec<Inline>> },
    Quote { content: Vec<Inline> },
    Code { text: String },
}

/// The body of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Document {
    pub blocks: Vec<Block>,
}

impl Document {
    /// Reads plain text: an empty line ends a paragraph, a line end is a break. `to_plain` gives the same text back,
    /// up to trailing white space and runs of more than one empty line.
    #[must_use]
    pub fn from_plain(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let mut blocks = Vec::new();
        let mut content: Vec<Inline> = Vec::new();
        for line in text.trim_end().split('\n') {
            if line.trim().is_empty() {
                if !content.is_empty() {
                    blocks.push(Block::Paragraph { content: std::mem::take(&mut content) });
                }
                continue;
            }
            if !content.is_empty() {
                content.push(Inline::Break);
            }
            content.push(Inline::Text { text: line.trim_end().to_owned(), marks: Vec::new() });
        }
        if !content.is_empty() {
            blocks.push(Block::Paragraph { content });
        }
        Self { blocks }
    }

    /// The words alone: paragraphs apart by an empty line, list items by `- ` or a number, a link as its words and
    /// address (or the address alone where they are the same).
    #[must_use]
    pub fn to_plain(&self) -> String {
        self.blocks.iter().map(plain_block).collect::<Vec<_>>().join("\n\n")
    }

    /// The words on one line.
    #[must_use]
    pub fn to_line(&self) -> String {
        self.to_plain().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether it is words alone, which its plain text says wholly.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_text = |inline: &Inline| match inline {
            Inline::Text { marks, .. } => marks.is_empty(),
            Inline::Break => true,
            Inline::Link { .. } | Inline::Mention { .. } => false,
        };
        self.blocks.iter().all(|block| matches!(block, Block::Paragraph { content } if content.iter().all(is_text)))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.to_plain().trim().is_empty()
    }
}

fn plain_block(block: &Block) -> String {
    match block {
        Block::Paragraph { content } | Block::Heading { content, .. } => plain_line(content),
        Block::Quote { content } => format!("“{}”", plain_line(content)),
        Block::Code { text } => text.clone(),
        Block::List { ordered, items } => {
            let mark = |i: usize| if *ordered { format!("{}. ", i + 1) } else { "- ".to_owned() };
            let lines = items.iter().enumerate().map(|(i, item)| mark(i) + &plain_line(item));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

fn plain_line(content: &[Inline]) -> String {
    content.iter().map(Inline::to_plain).collect()
}

impl Inline {
    /// Its words alone.
    #[must_use]
    pub fn to_plain(&self) -> String {
        match self {
            Self::Text { text, .. } => text.clone(),
            Self::Link { href, text } if text == href || text.is_empty() => href.clone(),
            Self::Link { href, text } => format!("{text} ({href})"),
            Self::Mention { handle } => format!("@{handle}"),
            Self::Break => "\n".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_survives_the_round_trip() {
        for text in ["one", "one\ntwo", "one\n\ntwo\nthree", "  indented", "日本語 👩‍👩‍👧\n\n#tag @ada"]
        {
            assert_eq!(Document::from_plain(text).to_plain(), text);
        }
        assert!(Document::from_plain(" \n\n ").is_empty());
    }
}
