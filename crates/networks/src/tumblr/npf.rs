//! Tumblr's Neue Post Format: a post as blocks, whose marks count in Unicode code points.
//!
//! After <https://github.com/tumblr/docs/blob/master/npf-spec.md> (October 2024).

use crate::text::{self, Kind};
use crier_model::document::{Block, Document, Inline, Mark};
use serde_json::{Value, json};

/// The most code points of a block of text; longer ones become several.
pub const BLOCK: usize = 4096;

/// A line of text, and what is marked in it.
#[derive(Default)]
struct Line {
    chars: Vec<char>,
    marks: Vec<Span>,
}

/// From here to there, by code points.
struct Span {
    start: usize,
    end: usize,
    what: Value,
}

/// The blocks of a document.
pub fn blocks(document: &Document) -> Vec<Value> {
    document.blocks.iter().flat_map(of_block).collect()
}

/// A heading of the first rank.
pub fn title(words: &str) -> Vec<Value> {
    line_of_words(words).blocks(Some("heading1"))
}

/// The words of a block, of whichever kind; empty where it is not of text.
pub fn words(block: &Value) -> &str {
    block["text"].as_str().filter(|_| block["type"] == "text").unwrap_or_default()
}

fn of_block(block: &Block) -> Vec<Value> {
    match block {
        Block::Paragraph { content } => line(content).blocks(None),
        Block::Heading { level: 1, content } => line(content).blocks(Some("heading1")),
        Block::Heading { content, .. } => line(content).blocks(Some("heading2")),
        Block::Quote { content } => line(content).blocks(Some("indented")),
        // Drawn with letters of one width.
        Block::Code { text } => line_of_words(text).blocks(Some("chat")),
        Block::List { ordered, items } => {
            let subtype = if *ordered { "ordered-list-item" } else { "unordered-list-item" };
            items.iter().flat_map(|item| line(item).blocks(Some(subtype))).collect()
        }
    }
}

fn line(content: &[Inline]) -> Line {
    let mut line = Line::default();
    for inline in content {
        match inline {
            Inline::Text { text, marks } => line.push_words(text, marks),
            Inline::Link { href, text } => {
                let words = if text.is_empty() { href } else { text };
                let start = line.chars.len();
                line.chars.extend(words.chars());
                line.mark(start, json!({ "type": "link", "url": href }));
            }
            // A mention takes the other blog's own id, which nobody types.
            Inline::Mention { handle } => line.push_words(&format!("@{handle}"), &[]),
            Inline::Break => line.chars.push('\n'),
        }
    }
    line
}

fn line_of_words(words: &str) -> Line {
    Line { chars: words.chars().collect(), marks: Vec::new() }
}

impl Line {
    fn mark(&mut self, start: usize, what: Value) {
        self.marks.push(Span { start, end: self.chars.len(), what });
    }

    /// Addresses in the words become links, which Tumblr does not make by itself.
    fn push_words(&mut self, words: &str, marks: &[Mark]) {
        let begin = self.chars.len();
        self.chars.extend(words.chars());
        for mark in marks {
            let kind = match mark {
                Mark::Bold => "bold",
                Mark::Italic => "italic",
                Mark::Strike => "strikethrough",
                // There is no such mark.
                Mark::Underline | Mark::Code => continue,
            };
            self.mark(begin, json!({ "type": kind }));
        }
        for link in text::find(words).into_iter().filter(|entity| entity.kind == Kind::Link) {
            let address = &words[link.range.clone()];
            let start = begin + words[..link.range.start].chars().count();
            let what = json!({ "type": "link", "url": address });
            self.marks.push(Span { start, end: start + address.chars().count(), what });
        }
    }

    fn blocks(&self, subtype: Option<&str>) -> Vec<Value> {
        let starts = (0..self.chars.len()).step_by(BLOCK);
        starts.map(|start| self.block(start, self.chars.len().min(start + BLOCK), subtype)).collect()
    }

    fn block(&self, start: usize, end: usize, subtype: Option<&str>) -> Value {
        let mut block = json!({ "type": "text", "text": self.chars[start..end].iter().collect::<String>() });
        if let Some(subtype) = subtype {
            block["subtype"] = subtype.into();
        }
        let within = self.marks.iter().filter(|span| span.start < end && span.end > start);
        let marks = within.map(|span| {
            let mut mark = span.what.clone();
            mark["start"] = (span.start.max(start) - start).into();
            mark["end"] = (span.end.min(end) - start).into();
            mark
        });
        let marks: Vec<Value> = marks.collect();
        if !marks.is_empty() {
            block["formatting"] = marks.into();
        }
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::html;

    #[test]
    fn marks_count_in_code_points() {
        let document =
            html::read("<p>👩‍👩‍👧 <b>bold</b><br><a href=\"https://example.org/\">here</a> https://a.example/x</p>");
        assert_eq!(
            blocks(&document),
            [json!({
                "type": "text",
                "text": "👩‍👩‍👧 bold\nhere https://a.example/x",
                "formatting": [
                    { "type": "bold", "start": 6, "end": 10 },
                    { "type": "link", "url": "https://example.org/", "start": 11, "end": 15 },
                    { "type": "link", "url": "https://a.example/x", "start": 16, "end": 35 },
                ],
            })]
        );
    }

    #[test]
    fn every_kind_of_block() {
        let html = "<h1>A</h1><h3>B</h3><ul><li>one</li><li>two</li></ul><blockquote>q</blockquote><pre>c</pre>";
        let all = blocks(&html::read(html));
        let kinds: Vec<_> = all.iter().map(|block| (block["subtype"].as_str().unwrap(), words(block))).collect();
        let item = "unordered-list-item";
        assert_eq!(
            kinds,
            [("heading1", "A"), ("heading2", "B"), (item, "one"), (item, "two"), ("indented", "q"), ("chat", "c")]
        );
    }

    #[test]
    fn a_long_text_becomes_several_blocks_and_its_marks_go_along() {
        let document = html::read(&format!("<p>{}<b>{}</b></p>", "a".repeat(BLOCK - 1), "b".repeat(3)));
        let [first, second] = blocks(&document).try_into().unwrap();
        assert_eq!(words(&first).len(), BLOCK);
        assert_eq!(first["formatting"], json!([{ "type": "bold", "start": BLOCK - 1, "end": BLOCK }]));
        assert_eq!((words(&second), &second["formatting"]), ("bb", &json!([{ "type": "bold", "start": 0, "end": 2 }])));
    }
}
