//! Documents in the marks that chats have from Slack: `*bold*`, `_italic_`, `~struck out~`, `<address|words>`.

use super::markdown::outside_spaces;
use crier_model::Formatting;
use crier_model::document::{Block, Document, Inline, Mark};

/// What these marks can say.
pub const FORMATTING: Formatting = Formatting { headings: false, lists: false, ..Formatting::MARKDOWN };

/// In what chats differ.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// Text as it is sent, with what would be read as something else escaped.
    pub escape: fn(&str) -> String,
    /// What stands before an item of a list.
    pub bullet: &'static str,
}

/// Writes a document. Underlining has no mark there and is left out.
#[must_use]
pub fn write(document: &Document, dialect: Dialect) -> String {
    document.blocks.iter().map(|block| dialect.block(block)).collect::<Vec<_>>().join("\n\n")
}

impl Dialect {
    fn block(self, block: &Block) -> String {
        match block {
            Block::Paragraph { content } => self.line(content),
            Block::Heading { content, .. } => {
                outside_spaces(&self.line(content), |words| format!("*{}*", words.replace('*', "")))
            }
            Block::Quote { content } => format!("> {}", self.line(content).replace('\n', "\n> ")),
            Block::Code { text } => format!("```\n{}\n```", (self.escape)(text)),
            Block::List { ordered, items } => {
                let mark = |i: usize| if *ordered { format!("{}. ", i + 1) } else { self.bullet.to_owned() };
                let items = items.iter().enumerate().map(|(i, item)| mark(i) + &self.line(item));
                items.collect::<Vec<_>>().join("\n")
            }
        }
    }

    fn line(self, content: &[Inline]) -> String {
        content
            .iter()
            .map(|inline| match inline {
                Inline::Text { text, marks } => self.marked(text, marks),
                Inline::Link { href, text } if text.is_empty() || text == href => (self.escape)(href),
                Inline::Link { href, text } => {
                    format!("<{}|{}>", (self.escape)(href).replace('|', "%7C"), (self.escape)(text).replace('|', "¦"))
                }
                Inline::Mention { handle } => (self.escape)(&format!("@{handle}")),
                Inline::Break => "\n".to_owned(),
            })
            .collect()
    }

    fn marked(self, text: &str, marks: &[Mark]) -> String {
        outside_spaces(text, |inner| {
            marks.iter().rev().fold((self.escape)(inner), |words, mark| match mark {
                Mark::Bold => format!("*{words}*"),
                Mark::Italic => format!("_{words}_"),
                Mark::Strike => format!("~{words}~"),
                Mark::Code => format!("`{words}`"),
                Mark::Underline => words,
            })
        })
    }
}
