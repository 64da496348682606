//! How much of a document's formatting a network shows.

use crate::document::{Block, Document, Inline, Mark};
use serde::{Deserialize, Serialize};

/// What of a document's formatting readers see; the rest becomes words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[allow(clippy::struct_excessive_bools, reason = "each is a kind of formatting of its own")]
pub struct Formatting {
    /// What single words may be.
    #[schema(value_type = Vec<Mark>)]
    pub marks: &'static [Mark],
    /// Whether words of their own may lead to an address.
    pub links: bool,
    pub headings: bool,
    pub lists: bool,
    pub quotes: bool,
    /// Blocks of code.
    pub code: bool,
}

/// What a network's formatting comes to, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Editor {
    /// Words alone.
    Plain,
    /// Some words may be set apart, or lead somewhere.
    Standard,
    /// All that Markdown has: headings, lists, quotes and code as well.
    Markdown,
    /// All that a document has.
    Html,
}

impl Formatting {
    pub const PLAIN: Self =
        Self { marks: &[], links: false, headings: false, lists: false, quotes: false, code: false };
    /// Markdown has no underlining.
    pub const MARKDOWN: Self =
        Self { marks: &[Mark::Bold, Mark::Italic, Mark::Strike, Mark::Code], links: true, ..Self::ALL_BLOCKS };
    pub const HTML: Self = Self {
        marks: &[Mark::Bold, Mark::Italic, Mark::Underline, Mark::Strike, Mark::Code],
        links: true,
        ..Self::ALL_BLOCKS
    };
    const ALL_BLOCKS: Self = Self { headings: true, lists: true, quotes: true, code: true, ..Self::PLAIN };

    #[must_use]
    pub fn editor(&self) -> Editor {
        match self {
            plain if *plain == Self::PLAIN => Editor::Plain,
            all if *all == Self::HTML => Editor::Html,
            most if most.headings => Editor::Markdown,
            _ => Editor::Standard,
        }
    }

    /// A document as it looks with this formatting alone.
    #[must_use]
    pub fn of(&self, document: &Document) -> Document {
        Document { blocks: document.blocks.iter().map(|block| self.block(block)).collect() }
    }

    fn block(&self, block: &Block) -> Block {
        match block {
            Block::Paragraph { content } => Block::Paragraph { content: self.line(content) },
            Block::Heading { level, content } if self.headings => {
                Block::Heading { level: *level, content: self.line(content) }
            }
            Block::Heading { content, .. } => Block::Paragraph { content: self.line(&bold(content)) },
            Block::Quote { content } if self.quotes => Block::Quote { content: self.line(content) },
            Block::Quote { content } => {
                let mut quoted = vec![words("“")];
                quoted.extend(self.line(content));
                quoted.push(words("”"));
                Block::Paragraph { content: quoted }
            }
            Block::Code { .. } if self.code => block.clone(),
            Block::Code { text } => {
                Block::Paragraph { content: joined(text.split('\n').map(|line| vec![words(line)])) }
            }
            Block::List { ordered, items } if self.lists => {
                Block::List { ordered: *ordered, items: items.iter().map(|item| self.line(item)).collect() }
            }
            Block::List { ordered, items } => {
                let lines = items.iter().enumerate().map(|(index, item)| {
                    let mark = if *ordered { format!("{}. ", index + 1) } else { "• ".to_owned() };
                    let mut line = vec![words(&mark)];
                    line.extend(self.line(item));
                    line
                });
                Block::Paragraph { content: joined(lines) }
            }
        }
    }

    fn line(&self, content: &[Inline]) -> Vec<Inline> {
        let inline = |inline: &Inline| match inline {
            Inline::Text { text, marks } => {
                let marks = marks.iter().copied().filter(|mark| self.marks.contains(mark)).collect();
                Inline::Text { text: text.clone(), marks }
            }
            Inline::Link { .. } if !self.links => words(&inline.to_plain()),
            other => other.clone(),
        };
        let mut line: Vec<Inline> = Vec::new();
        for next in content.iter().map(inline) {
            match (line.last_mut(), &next) {
                // What is alike now was told apart by a mark that is gone.
                (Some(Inline::Text { text, marks }), Inline::Text { text: more, marks: same }) if marks == same => {
                    text.push_str(more);
                }
                _ => line.push(next),
            }
        }
        line
    }
}

fn words(text: &str) -> Inline {
    Inline::Text { text: text.to_owned(), marks: Vec::new() }
}

fn bold(content: &[Inline]) -> Vec<Inline> {
    let inline = |inline: &Inline| match inline {
        Inline::Text { text, marks } if !marks.contains(&Mark::Bold) => {
            Inline::Text { text: text.clone(), marks: [&[Mark::Bold], marks.as_slice()].concat() }
        }
        other => other.clone(),
    };
    content.iter().map(inline).collect()
}

fn joined(lines: impl Iterator<Item = Vec<Inline>>) -> Vec<Inline> {
    let mut content = Vec::new();
    for line in lines {
        if !content.is_empty() {
            content.push(Inline::Break);
        }
        content.extend(line);
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_every_kind() -> Document {
        let marked = |text: &str, mark| Inline::Text { text: text.to_owned(), marks: vec![mark] };
        Document {
            blocks: vec![
                Block::Heading { level: 2, content: vec![words("Head")] },
                Block::Paragraph {
                    content: vec![
                        marked("bold", Mark::Bold),
                        marked("under", Mark::Underline),
                        Inline::Link { href: "https://example.org/".to_owned(), text: "here".to_owned() },
                    ],
                },
                Block::List { ordered: true, items: vec![vec![words("one")], vec![words("two")]] },
                Block::Quote { content: vec![words("said")] },
                Block::Code { text: "a\nb".to_owned() },
            ],
        }
    }

    #[test]
    fn all_formatting_leaves_a_document_as_it_is() {
        let document = of_every_kind();
        assert_eq!(Formatting::HTML.of(&document), document);
    }

    #[test]
    fn what_a_network_does_not_show_becomes_words() {
        let shown = Formatting::PLAIN.of(&of_every_kind());
        assert_eq!(
            shown.to_plain(),
            "Head\n\nboldunderhere (https://example.org/)\n\n1. one\n2. two\n\n“said”\n\na\nb"
        );
        assert!(shown.is_plain(), "{shown:?}");
    }

    #[test]
    fn a_heading_is_bold_where_words_can_be_and_headings_can_not() {
        let some = Formatting { marks: &[Mark::Bold], ..Formatting::PLAIN };
        let shown = some.of(&of_every_kind());
        let heading = Inline::Text { text: "Head".to_owned(), marks: vec![Mark::Bold] };
        assert_eq!(shown.blocks[0], Block::Paragraph { content: vec![heading] });
    }

    #[test]
    fn the_editor_follows_from_what_is_shown() {
        let standard = Formatting { marks: &[Mark::Bold], quotes: true, ..Formatting::PLAIN };
        let most = Formatting { marks: &[Mark::Bold], ..Formatting::HTML };
        let all = [Formatting::PLAIN, standard, Formatting::MARKDOWN, most, Formatting::HTML];
        let editors = all.map(|formatting| formatting.editor());
        assert_eq!(editors, [Editor::Plain, Editor::Standard, Editor::Markdown, Editor::Markdown, Editor::Html]);
    }
}
