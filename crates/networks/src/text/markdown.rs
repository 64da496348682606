//! Documents as Markdown (CommonMark, with `~~` for strikethrough).

use crier_model::document::{Block, Document, Inline, Mark};

/// In what networks' Markdown differs.
#[derive(Debug)]
pub struct Flavour {
    /// The mark of underlining; empty where there is none, and it is left out.
    pub underline: &'static str,
    pub line_break: &'static str,
    /// The characters that are escaped wherever they stand.
    pub escaped: &'static str,
    /// Whether addresses stand in angle brackets.
    pub angled_links: bool,
}

const COMMON_MARK: Flavour = Flavour { underline: "", line_break: "\\\n", escaped: "\\`*_[]<>~", angled_links: true };

/// Writes a document as Markdown. Underlining has no mark there and is left out.
#[must_use]
pub fn write(document: &Document) -> String {
    write_as(document, &COMMON_MARK)
}

/// Writes a document in a network's own Markdown.
#[must_use]
pub fn write_as(document: &Document, flavour: &Flavour) -> String {
    document.blocks.iter().map(|block| flavour.block(block)).collect::<Vec<_>>().join("\n\n")
}

impl Flavour {
    fn block(&self, block: &Block) -> String {
        match block {
            Block::Paragraph { content } => self.line(content),
            Block::Heading { level, content } => {
                format!(
                    "{} {}",
                    "#".repeat((*level).clamp(1, 6).into()),
                    self.line(content).replace(self.line_break, " ")
                )
            }
            Block::Quote { content } => format!("> {}", self.line(content).replace('\n', "\n> ")),
            Block::Code { text } => {
                let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
                format!("{fence}\n{text}\n{fence}")
            }
            Block::List { ordered, items } => {
                let lines = items.iter().enumerate().map(|(i, item)| {
                    let mark = if *ordered { format!("{}. ", i + 1) } else { "- ".to_owned() };
                    let indent = " ".repeat(mark.len());
                    format!("{mark}{}", self.line(item).replace('\n', &format!("\n{indent}")))
                });
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }

    fn line(&self, content: &[Inline]) -> String {
        let bare = |href: &str| if self.angled_links { format!("<{href}>") } else { href.to_owned() };
        content
            .iter()
            .map(|inline| match inline {
                Inline::Text { text, marks } => self.marked(text, marks),
                Inline::Link { href, text } if text == href || text.is_empty() => bare(href),
                Inline::Link { href, text } => {
                    format!("[{}]({})", self.escape(text), bare(&href.replace(['<', '>'], "")))
                }
                Inline::Mention { handle } => format!("@{}", self.escape(handle)),
                Inline::Break => self.line_break.to_owned(),
            })
            .collect()
    }

    fn marked(&self, text: &str, marks: &[Mark]) -> String {
        outside_spaces(text, |inner| {
            let words = if marks.contains(&Mark::Code) {
                let fence = "`".repeat(longest_run(inner, '`') + 1);
                let gap = if inner.starts_with('`') || inner.ends_with('`') { " " } else { "" };
                format!("{fence}{gap}{inner}{gap}{fence}")
            } else {
                self.escape(inner)
            };
            marks.iter().rev().fold(words, |words, mark| match mark {
                Mark::Bold => format!("**{words}**"),
                Mark::Italic => format!("*{words}*"),
                Mark::Strike => format!("~~{words}~~"),
                Mark::Underline => format!("{0}{words}{0}", self.underline),
                Mark::Code => words,
            })
        })
    }

    /// Escapes what would be read as a mark. Addresses stay as they are, so that they are still recognised as links.
    fn escape(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for entity in super::find(text).into_iter().filter(|entity| entity.kind == super::Kind::Link) {
            self.escape_words(&text[at..entity.range.start], &mut out);
            out.push_str(&text[entity.range.clone()]);
            at = entity.range.end;
        }
        self.escape_words(&text[at..], &mut out);
        out
    }

    fn escape_words(&self, text: &str, out: &mut String) {
        let begins_line = out.is_empty();
        let start = out.len();
        for c in text.chars() {
            if self.escaped.contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        if begins_line {
            let words = &out[start..];
            let digits = words.bytes().take_while(u8::is_ascii_digit).count();
            // What makes a heading, a list, a quote or a rule only does so at the beginning.
            if ["# ", "- ", "+ ", "> "].iter().any(|mark| words.starts_with(mark)) {
                out.insert(start, '\\');
            } else if digits > 0 && words[digits..].starts_with(['.', ')']) {
                out.insert(start + digits, '\\');
            }
        }
    }
}

/// Marks don't take effect next to white space on their inner side, so that is moved outside.
pub(crate) fn outside_spaces(text: &str, mark: impl FnOnce(&str) -> String) -> String {
    let inner = text.trim();
    if inner.is_empty() {
        return text.to_owned();
    }
    let begin = text.len() - text.trim_start().len();
    format!("{}{}{}", &text[..begin], mark(inner), &text[begin + inner.len()..])
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_block() {
        let html = "<h1>A *star*</h1><p><strong>bold </strong>and <em>it</em> <s>no</s> <code>a`b</code><br><a href=\"https://example.org/a_b\">x_y</a></p>\
                    <ol><li>one</li><li>two<br>more</li></ol><blockquote>q</blockquote><pre>```x</pre>";
        assert_eq!(
            write(&super::super::html::read(html)),
            "# A \\*star\\*\n\n**bold** and *it* ~~no~~ ``a`b``\\\n[x\\_y](<https://example.org/a_b>)\n\n1. one\n2. two\\\n   more\n\n> q\n\n````\n```x\n````"
        );
    }

    #[test]
    fn words_that_look_like_marks_are_escaped_and_addresses_are_not() {
        let plain = Document::from_plain("# no https://example.org/a_b_c _x_\n1. no\n- no");
        assert_eq!(write(&plain), "\\# no https://example.org/a_b_c \\_x\\_\\\n1\\. no\\\n\\- no");
    }
}
