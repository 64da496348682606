//! Documents from and to HTML. Reading keeps paragraphs, breaks, marks, links, mentions, headings, lists, quotes and code;
//! everything else loses its tags, and scripts and styles their content.

use ammonia::Builder;
use crier_model::document::{Block, Document, Inline, Mark};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Tags that may stand in what [`read`] tokenises. Those that mean nothing to a document only part its blocks.
const TAGS: &[&str] = &[
    "p",
    "br",
    "div",
    "section",
    "article",
    "header",
    "footer",
    "figure",
    "figcaption",
    "table",
    "tr",
    "td",
    "th",
    "dt",
    "dd",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "code",
    "strong",
    "b",
    "em",
    "i",
    "u",
    "s",
    "del",
    "strike",
    "a",
    "span",
];

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(HashSet::from(["script", "style", "title", "template", "noscript", "textarea", "select"]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("span", HashSet::from(["data-type", "data-id"])),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(None);
    builder
});

/// Reads a document from HTML of any origin.
#[must_use]
pub fn read(html: &str) -> Document {
    let clean = CLEANER.clean(html).to_string();
    let queue = BufferQueue::default();
    queue.push_back(StrTendril::from(clean));
    let tokenizer =
        Tokenizer::new(Sink(RefCell::new(Reader::default())), html5ever::tokenizer::TokenizerOpts::default());
    // The sink never asks for a script to be run, so one feed takes it all.
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

struct Sink(RefCell<Reader>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reader = self.0.borrow_mut();
        match token {
            Token::TagToken(Tag { kind: TagKind::StartTag, name, attrs, .. }) => {
                let attribute =
                    |wanted: &str| attrs.iter().find(|a| &*a.name.local == wanted).map(|a| a.value.to_string());
                reader.open(&name, &attribute);
            }
            Token::TagToken(Tag { kind: TagKind::EndTag, name, .. }) => reader.close(&name),
            Token::CharacterTokens(text) => reader.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// What the words being read belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Paragraph,
    Heading(u8),
    Item,
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    line: Vec<Inline>,
    place: Place,
    /// Depth of quotes, and of the lists with whether each is ordered.
    quotes: usize,
    lists: Vec<bool>,
    items: Vec<Vec<Inline>>,
    marks: Vec<Mark>,
    link: Option<(String, String)>,
    /// A mention and how many spans are open inside it; its words are its handle's.
    mention: Option<usize>,
    code: Option<String>,
}

impl Reader {
    fn open(&mut self, tag: &str, attribute: &dyn Fn(&str) -> Option<String>) {
        if let Some(mark) = mark_of(tag) {
            self.marks.push(mark);
            return;
        }
        match tag {
            "br" => match &mut self.code {
                Some(code) => code.push('\n'),
                None => self.line.push(Inline::Break),
            },
            "a" => {
                self.end_link();
                self.link = attribute("href").map(|href| (href, String::new()));
            }
            "span" => self.open_span(attribute),
            "td" | "th" => self.text(" "),
            "pre" => {
                self.end_block();
                self.code = Some(String::new());
            }
            "blockquote" => {
                self.end_block();
                self.quotes += 1;
            }
            "ul" | "ol" => {
                self.end_block();
                self.lists.push(tag == "ol");
            }
            "li" if !self.lists.is_empty() => {
                self.end_block();
                self.end_item();
                self.place = Place::Item;
            }
            _ => {
                self.end_block();
                if let Some(level) = heading_level(tag) {
                    self.place = Place::Heading(level);
                }
            }
        }
    }

    fn open_span(&mut self, attribute: &dyn Fn(&str) -> Option<String>) {
        if let Some(depth) = &mut self.mention {
            *depth += 1;
        } else if attribute("data-type").as_deref() == Some("mention")
            && let Some(handle) = attribute("data-id")
        {
            let handle = handle.trim_start_matches('@').trim().to_owned();
            if !handle.is_empty() {
                self.line.push(Inline::Mention { handle });
                self.mention = Some(0);
            }
        }
    }

    fn close(&mut self, tag: &str) {
        if let Some(mark) = mark_of(tag) {
            if let Some(at) = self.marks.iter().rposition(|&open| open == mark) {
                self.marks.remove(at);
            }
            return;
        }
        match tag {
            "a" => self.end_link(),
            "span" => match self.mention {
                Some(0) => self.mention = None,
                Some(depth) => self.mention = Some(depth - 1),
                None => {}
            },
            "td" | "th" | "br" => {}
            "pre" => {
                if let Some(text) = self.code.take() {
                    let text = text.trim_matches('\n').to_owned();
                    if !text.trim().is_empty() {
                        self.blocks.push(Block::Code { text });
                    }
                }
            }
            "blockquote" => {
                self.end_block();
                self.quotes = self.quotes.saturating_sub(1);
            }
            "ul" | "ol" => self.close_list(),
            _ => self.end_block(),
        }
    }

    fn close_list(&mut self) {
        self.end_block();
        self.end_item();
        let ordered = self.lists.pop().unwrap_or_default();
        if self.lists.is_empty() {
            let items = std::mem::take(&mut self.items);
            if !items.is_empty() {
                self.blocks.push(Block::List { ordered, items });
            }
            self.place = Place::Paragraph;
        }
    }

    fn text(&mut self, text: &str) {
        if self.mention.is_some() {
            return;
        }
        if let Some(code) = &mut self.code {
            code.push_str(text);
            return;
        }
        if let Some((_, words)) = &mut self.link {
            words.push_str(text);
            return;
        }
        push_text(&mut self.line, text, &self.marks);
    }

    fn end_link(&mut self) {
        let Some((href, words)) = self.link.take() else { return };
        let words = collapse(&words);
        let words = words.trim();
        match words {
            "" => {}
            same if same == href => push_text(&mut self.line, same, &[]),
            _ => self.line.push(Inline::Link { href, text: words.to_owned() }),
        }
    }

    /// Ends a paragraph, heading or quote. Inside a list it only parts lines of the item.
    fn end_block(&mut self) {
        self.end_link();
        if !self.lists.is_empty() {
            if self.line.last().is_some_and(|last| *last != Inline::Break) {
                self.line.push(Inline::Break);
            }
            return;
        }
        let content = tidy(std::mem::take(&mut self.line));
        let place = std::mem::take(&mut self.place);
        if content.is_empty() {
            return;
        }
        self.blocks.push(match place {
            Place::Heading(level) => Block::Heading { level, content },
            _ if self.quotes > 0 => Block::Quote { content },
            _ => Block::Paragraph { content },
        });
    }

    fn end_item(&mut self) {
        let content = tidy(std::mem::take(&mut self.line));
        if !content.is_empty() {
            self.items.push(content);
        }
    }

    fn finish(mut self) -> Document {
        while !self.lists.is_empty() {
            self.close_list();
        }
        self.close("pre");
        self.end_block();
        Document { blocks: self.blocks }
    }
}

fn mark_of(tag: &str) -> Option<Mark> {
    Some(match tag {
        "strong" | "b" => Mark::Bold,
        "em" | "i" => Mark::Italic,
        "u" => Mark::Underline,
        "s" | "del" | "strike" => Mark::Strike,
        "code" => Mark::Code,
        _ => return None,
    })
}

fn heading_level(tag: &str) -> Option<u8> {
    tag.strip_prefix('h').and_then(|level| level.parse().ok()).filter(|level| (1..=6).contains(level))
}

/// Runs of white space as browsers draw them: one space. A no-break space stays.
fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn push_text(line: &mut Vec<Inline>, text: &str, marks: &[Mark]) {
    let text = collapse(text);
    let mut marks = marks.to_vec();
    marks.sort_by_key(|mark| *mark as u8);
    marks.dedup();
    let after_space = match line.last() {
        Some(Inline::Text { text, .. }) => text.ends_with(' '),
        Some(Inline::Break) | None => true,
        Some(_) => false,
    };
    let text = if after_space { text.trim_start_matches(' ') } else { &text };
    if text.is_empty() {
        return;
    }
    match line.last_mut() {
        Some(Inline::Text { text: before, marks: same }) if *same == marks => before.push_str(text),
        _ => line.push(Inline::Text { text: text.to_owned(), marks }),
    }
}

/// A line without breaks and spaces at its ends, and without spaces before a break.
fn tidy(line: Vec<Inline>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::with_capacity(line.len());
    for inline in line {
        match inline {
            Inline::Break if out.is_empty() => {}
            Inline::Break => {
                trim_end(&mut out);
                out.push(Inline::Break);
            }
            other => out.push(other),
        }
    }
    loop {
        trim_end(&mut out);
        if out.last() != Some(&Inline::Break) {
            return out;
        }
        out.pop();
    }
}

fn trim_end(line: &mut Vec<Inline>) {
    if let Some(Inline::Text { text, .. }) = line.last_mut() {
        text.truncate(text.trim_end_matches(' ').len());
        if text.is_empty() {
            line.pop();
        }
    }
}

/// Writes a document as HTML. [`read`] gives the same document back, up to runs of white space.
#[must_use]
pub fn write(document: &Document) -> String {
    document.blocks.iter().map(write_block).collect()
}

fn write_block(block: &Block) -> String {
    match block {
        Block::Paragraph { content } => format!("<p>{}</p>", write_line(content)),
        Block::Heading { level, content } => {
            format!("<h{level}>{}</h{level}>", write_line(content), level = (*level).clamp(1, 6))
        }
        Block::Quote { content } => format!("<blockquote><p>{}</p></blockquote>", write_line(content)),
        Block::Code { text } => format!("<pre><code>{}</code></pre>", escape(text)),
        Block::List { ordered, items } => {
            let tag = if *ordered { "ol" } else { "ul" };
            let items: String = items.iter().map(|item| format!("<li>{}</li>", write_line(item))).collect();
            format!("<{tag}>{items}</{tag}>")
        }
    }
}

fn write_line(content: &[Inline]) -> String {
    content
        .iter()
        .map(|inline| match inline {
            Inline::Text { text, marks } => {
                marks.iter().rev().fold(escape(text).replace('\n', "<br>"), |inner, mark| {
                    let tag = match mark {
                        Mark::Bold => "strong",
                        Mark::Italic => "em",
                        Mark::Underline => "u",
                        Mark::Strike => "s",
                        Mark::Code => "code",
                    };
                    format!("<{tag}>{inner}</{tag}>")
                })
            }
            Inline::Link { href, text } => {
                let text = if text.is_empty() { href } else { text };
                format!("<a href=\"{}\">{}</a>", escape(href), escape(text))
            }
            Inline::Mention { handle } => {
                let handle = escape(handle);
                format!("<span data-type=\"mention\" data-id=\"{handle}\">@{handle}</span>")
            }
            Inline::Break => "<br>".to_owned(),
        })
        .collect()
}

/// Text as it stands in HTML, also between double quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Inline {
        Inline::Text { text: text.into(), marks: vec![] }
    }

    fn marked(text: &str, marks: &[Mark]) -> Inline {
        Inline::Text { text: text.into(), marks: marks.to_vec() }
    }

    #[test]
    fn an_editors_html_is_read() {
        let html = "<h2>Title</h2><p>Hello <strong>bold <em>both</em></strong>,<br>see <a href=\"https://example.org/a?b=1&amp;c\">this</a> \
                    <span data-type=\"mention\" class=\"m\" data-id=\"ada@example.social\">@<span>ada</span></span>!</p>\
                    <p></p><ul><li><p>one</p></li><li><p>two</p><p>more</p></li></ul><blockquote><p>q</p></blockquote><pre><code>let x = 1;\n  y</code></pre>";
        assert_eq!(
            read(html).blocks,
            [
                Block::Heading { level: 2, content: vec![text("Title")] },
                Block::Paragraph {
                    content: vec![
                        text("Hello "),
                        marked("bold ", &[Mark::Bold]),
                        marked("both", &[Mark::Bold, Mark::Italic]),
                        text(","),
                        Inline::Break,
                        text("see "),
                        Inline::Link { href: "https://example.org/a?b=1&c".into(), text: "this".into() },
                        text(" "),
                        Inline::Mention { handle: "ada@example.social".into() },
                        text("!"),
                    ],
                },
                Block::List {
                    ordered: false,
                    items: vec![vec![text("one")], vec![text("two"), Inline::Break, text("more")]]
                },
                Block::Quote { content: vec![text("q")] },
                Block::Code { text: "let x = 1;\n  y".into() },
            ]
        );
    }

    #[test]
    fn nothing_else_survives() {
        let html = "<script>alert(1)</script><style>p{}</style><p onclick=\"x()\">a<img src=x onerror=y>b<iframe src=z></iframe></p>\
                    <a href=\"javascript:alert(1)\">c</a><svg><script>d</script></svg><table><tr><td>e</td><td>f</td></tr></table>";
        let document = read(html);
        assert_eq!(document.to_plain(), "ab\n\nc\n\ne f");
        assert!(!write(&document).contains("script"));
    }

    #[test]
    fn a_link_that_is_its_own_words_stays_text() {
        assert_eq!(
            read("<p>x <a href=\"https://example.org/\">https://example.org/</a> y</p>").to_plain(),
            "x https://example.org/ y"
        );
        assert_eq!(read("<a href=\"https://example.org/\">z</a>").to_plain(), "z (https://example.org/)");
    }

    #[test]
    fn plain_words_are_a_paragraph() {
        assert_eq!(read("just  words\n here").to_plain(), "just words here");
        assert_eq!(read("a &lt;b&gt; &amp; c").to_plain(), "a <b> & c");
        assert!(read(" <p> </p><br>").is_empty());
    }

    fn inline() -> impl Strategy<Value = Inline> {
        let words = "[a-zA-Z<>&\"'é日@#]{1,6}( [a-z&;]{1,5})?";
        prop_oneof![
            (
                words,
                proptest::sample::subsequence(
                    vec![Mark::Bold, Mark::Italic, Mark::Underline, Mark::Strike, Mark::Code],
                    0..3
                )
            )
                .prop_map(|(text, marks)| Inline::Text { text, marks }),
            ("[a-z]{1,5}", "[a-z]{1,5}")
                .prop_map(|(p, text)| Inline::Link { href: format!("https://example.org/{p}?a=1&b"), text }),
            "[a-z]{1,8}".prop_map(|handle| Inline::Mention { handle }),
        ]
    }

    /// A line as an editor would make it: neighbours of the same marks are one text.
    fn line() -> impl Strategy<Value = Vec<Inline>> {
        proptest::collection::vec(inline(), 1..5).prop_map(|line| {
            let mut out: Vec<Inline> = Vec::new();
            for inline in line {
                if let (Some(Inline::Text { marks: a, .. }), Inline::Text { marks: b, .. }) = (out.last(), &inline)
                    && a == b
                {
                    out.push(Inline::Break);
                }
                out.push(inline);
            }
            out
        })
    }

    fn block() -> impl Strategy<Value = Block> {
        prop_oneof![
            line().prop_map(|content| Block::Paragraph { content }),
            (1..=6u8, line()).prop_map(|(level, content)| Block::Heading { level, content }),
            line().prop_map(|content| Block::Quote { content }),
            (any::<bool>(), proptest::collection::vec(line(), 1..4))
                .prop_map(|(ordered, items)| Block::List { ordered, items }),
            "[a-z<&]{1,5}(\n {0,2}[a-z]{1,5})?".prop_map(|text| Block::Code { text }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(blocks in proptest::collection::vec(block(), 0..5)) {
            let document = Document { blocks };
            prop_assert_eq!(read(&write(&document)), document);
        }

        #[test]
        fn any_html_is_read_without_a_panic(html in "(<(/)?(p|b|ul|li|a href=\"https://e.org\"|pre|span data-type=\"mention\" data-id=\"x\"|blockquote|br|h1)>|[a-z &<>\n]){0,30}") {
            let once = read(&html);
            prop_assert_eq!(read(&write(&once)).to_plain(), once.to_plain());
        }
    }
}
