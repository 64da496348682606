//! Documents from and to Markdown (CommonMark, with `~~` for strikethrough).

use super::Kind;
use crier_model::document::{Block, Document, Inline, Mark};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

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

const COMMON_MARK: Flavour = Flavour { underline: "", line_break: "\\\n", escaped: "\\`*_[]<>~&", angled_links: true };

/// Reads a document. A line end stays one, as it does wherever people write posts; a list in a list goes on with it, and HTML is words.
#[must_use]
pub fn read(markdown: &str) -> Document {
    let mut reader = Reader::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        reader.event(event);
    }
    Document { blocks: reader.blocks }
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    /// What the block, or the item of the list, has so far.
    line: Vec<Inline>,
    marks: Vec<Mark>,
    /// The address and the words of the link that is open.
    link: Option<(String, String)>,
    code: Option<String>,
    /// Of the outermost list that is open: whether it is ordered, and its items.
    list: Option<(bool, Vec<Vec<Inline>>)>,
    /// The numbers of the lists that are open; none where items have bullets.
    numbers: Vec<Option<u64>>,
    quote_depth: usize,
    /// Whether an item of a list in a quote has its mark and no words yet.
    only_mark: bool,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            // Mathematics and footnotes are extensions, which are not asked for.
            Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.words(&text);
            }
            Event::Code(text) => {
                self.marks.push(Mark::Code);
                self.words(&text);
                self.marks.pop();
            }
            Event::Html(text) | Event::InlineHtml(text) => {
                for (index, line) in text.trim_end_matches('\n').split('\n').enumerate() {
                    if index > 0 {
                        self.line.push(Inline::Break);
                    }
                    self.words(line);
                }
            }
            Event::SoftBreak | Event::HardBreak if self.link.is_some() => self.words(" "),
            Event::SoftBreak | Event::HardBreak => self.line.push(Inline::Break),
            Event::Rule => {
                self.words("---");
                self.paragraph();
            }
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock | Tag::Heading { .. } if self.is_within() => self.gap(),
            Tag::BlockQuote(_) => {
                if self.is_within() {
                    self.gap();
                }
                self.quote_depth += 1;
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => self.code = Some(String::new()),
            Tag::List(first) => {
                self.numbers.push(first);
                // The words before a list in an item are an item of their own.
                self.item();
                if self.quote_depth == 0 {
                    self.list.get_or_insert_with(|| (first.is_some(), Vec::new()));
                }
            }
            Tag::Item if self.quote_depth > 0 => self.item_of_quote(),
            Tag::Emphasis => self.marks.push(Mark::Italic),
            Tag::Strong => self.marks.push(Mark::Bold),
            Tag::Strikethrough => self.marks.push(Mark::Strike),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } if self.link.is_none() => {
                self.link = Some((dest_url.into_string(), String::new()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock if !self.is_within() => self.paragraph(),
            TagEnd::Heading(level) if !self.is_within() => {
                let content = self.taken();
                self.blocks.push(Block::Heading { level: level as u8, content });
            }
            TagEnd::BlockQuote(_) => {
                self.quote_depth = self.quote_depth.saturating_sub(1);
                if !self.is_within() {
                    let content = self.taken();
                    self.blocks.push(Block::Quote { content });
                }
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::Item => self.item(),
            TagEnd::List(_) => {
                self.numbers.pop();
                if self.numbers.is_empty()
                    && let Some((ordered, items)) = self.list.take()
                {
                    self.blocks.push(Block::List { ordered, items });
                }
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.marks.pop();
            }
            TagEnd::Link | TagEnd::Image => self.whole_link(),
            _ => {}
        }
    }

    /// Whether what ends now is a piece of a quote or of an item.
    fn is_within(&self) -> bool {
        !self.numbers.is_empty() || self.quote_depth > 0
    }

    /// An empty line between two pieces of a quote or of an item.
    fn gap(&mut self) {
        if !std::mem::take(&mut self.only_mark) && !self.line.is_empty() {
            self.line.extend([Inline::Break, Inline::Break]);
        }
    }

    fn taken(&mut self) -> Vec<Inline> {
        std::mem::take(&mut self.line)
    }

    fn paragraph(&mut self) {
        if !self.is_within() && !self.line.is_empty() {
            let content = self.taken();
            self.blocks.push(Block::Paragraph { content });
        }
    }

    fn words(&mut self, words: &str) {
        self.only_mark &= words.is_empty();
        if let Some(code) = &mut self.code {
            code.push_str(words);
        } else if let Some((_, text)) = &mut self.link {
            text.push_str(words);
        } else if let Some(Inline::Text { text, .. }) = self.line.last_mut().filter(|last| has(last, &self.marks)) {
            text.push_str(words);
        } else if !words.is_empty() {
            self.line.push(Inline::Text { text: words.to_owned(), marks: self.marks.clone() });
        }
    }

    /// An address that is shown itself is text, and only what a browser opens safely is a link.
    fn whole_link(&mut self) {
        let Some((href, text)) = self.link.take() else { return };
        let opens = ["http://", "https://", "mailto:"].iter().any(|scheme| href.starts_with(scheme));
        match (opens, text.is_empty()) {
            (true, true) => self.words(&href),
            (true, false) if text != href => self.line.push(Inline::Link { href, text }),
            // It may be a network's own, such as a mention of LinkedIn: `@[Crier](urn:li:organization:1)`.
            (false, _) if href.contains(':') && !text.contains(']') && text != href => {
                self.words(&format!("[{text}]({href})"));
            }
            _ => self.words(&text),
        }
    }

    fn code_block(&mut self) {
        let text = self.code.take().unwrap_or_default();
        let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        if self.is_within() {
            self.gap();
            self.words(&text);
        } else {
            self.blocks.push(Block::Code { text });
        }
    }

    fn item(&mut self) {
        if self.quote_depth == 0
            && let Some((_, items)) = &mut self.list
            && !self.line.is_empty()
        {
            items.push(std::mem::take(&mut self.line));
        }
    }

    /// In a quote, which has no lists, an item is a line.
    fn item_of_quote(&mut self) {
        if !self.line.is_empty() {
            self.line.push(Inline::Break);
        }
        let mark = match self.numbers.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "- ".to_owned(),
        };
        self.words(&mark);
        self.only_mark = true;
    }
}

fn has(inline: &Inline, wanted: &[Mark]) -> bool {
    matches!(inline, Inline::Text { marks, .. } if marks == wanted)
}

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
                let marks = "#".repeat((*level).clamp(1, 6).into());
                let mut words = self.line(content).replace(self.line_break, " ");
                // Such marks at the end of a heading belong to those at its beginning.
                let before = words.trim_end_matches('#').len();
                if before < words.len() && words[..before].ends_with(' ') {
                    words.insert(before, '\\');
                }
                format!("{marks} {words}")
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
        let angled = |href: &str| if self.angled_links { format!("<{href}>") } else { href.to_owned() };
        // Most addresses need nothing around them there.
        let target = |href: String| {
            let ends_early = href.contains(|c: char| c.is_whitespace() || "()\\".contains(c));
            if ends_early { angled(&href) } else { href }
        };
        content
            .iter()
            .map(|inline| match inline {
                Inline::Text { text, marks } => self.marked(text, marks),
                Inline::Link { href, text } if text == href || text.is_empty() => angled(href),
                Inline::Link { href, text } => {
                    format!("[{}]({})", self.escape(text), target(href.replace(['<', '>'], "")))
                }
                Inline::Mention { handle } => self.escape(&format!("@{handle}")),
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

    /// Escapes what would be read as a mark. Addresses and names stay as they are, so that they are still recognised as links and mentions.
    fn escape(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for entity in super::find(text).into_iter().filter(|entity| stays(&entity.kind)) {
            self.escape_words(&text[at..entity.range.start], &mut out);
            out.push_str(&text[entity.range.clone()]);
            at = entity.range.end;
        }
        self.escape_words(&text[at..], &mut out);
        out
    }

    fn escape_words(&self, text: &str, out: &mut String) {
        let start = out.len();
        for (at, c) in text.char_indices() {
            if self.escaped.contains(c) && (c != '&' || is_entity(&text[at..])) {
                out.push('\\');
            }
            out.push(c);
        }
        if start == 0
            && let Some(at) = opens_block(out)
        {
            out.insert(at, '\\');
        }
    }
}

/// Whether what begins with `&` would be read as the character that it names.
fn is_entity(text: &str) -> bool {
    text[1..].split_once(';').is_some_and(|(name, _)| {
        !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#')
    })
}

/// Where a backslash keeps the beginning of a line from being that of a heading, a list, a quote or a rule.
fn opens_block(line: &str) -> Option<usize> {
    let begins = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
    let run = |mark: char| line.len() - line.trim_start_matches(mark).len();
    let (hashes, digits) = (run('#'), line.bytes().take_while(u8::is_ascii_digit).count());
    let heads = (1..=6).contains(&hashes) && begins(&line[hashes..]);
    let lists = line.strip_prefix(['-', '+']).is_some_and(begins);
    let words = line.trim_end();
    let underlines = !words.is_empty() && ['-', '='].into_iter().any(|mark| run(mark) == words.len());
    if heads || lists || underlines || line.starts_with('>') {
        return Some(0);
    }
    let numbers = (1..=9).contains(&digits) && line[digits..].strip_prefix(['.', ')']).is_some_and(begins);
    numbers.then_some(digits)
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

/// What is read whole wherever it stands: addresses, and names whose underscores nobody takes for marks.
fn stays(kind: &Kind) -> bool {
    match kind {
        Kind::Link => true,
        Kind::Mention { user, .. } => !user.starts_with('_') && !user.ends_with('_') && !user.contains("__"),
        Kind::Tag(_) => false,
    }
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_block() {
        let html = "<h1>A *star*</h1><p><strong>bold </strong>and <em>it</em> <s>no</s> <code>a`b</code><br><a href=\"https://example.org/a_b\">x_y</a></p>\
                    <ol><li>one</li><li>two<br>more</li></ol><blockquote>q</blockquote><pre>```x</pre>";
        assert_eq!(
            write(&super::super::html::read(html)),
            "# A \\*star\\*\n\n**bold** and *it* ~~no~~ ``a`b``\\\n[x\\_y](https://example.org/a_b)\n\n1. one\n2. two\\\n   more\n\n> q\n\n````\n```x\n````"
        );
    }

    #[test]
    fn an_address_has_brackets_only_where_it_would_end_too_early() {
        let link = |href: &str| {
            let link = Inline::Link { href: href.to_owned(), text: "x".to_owned() };
            Document { blocks: vec![Block::Paragraph { content: vec![link] }] }
        };
        for (href, markdown) in [
            ("https://example.org/a_b?c=1&d", "[x](https://example.org/a_b?c=1&d)"),
            ("https://example.org/a_(b)", "[x](<https://example.org/a_(b)>)"),
        ] {
            assert_eq!(write(&link(href)), markdown);
            assert_eq!(read(markdown), link(href));
        }
    }

    #[test]
    fn names_of_people_stay_as_they_are() {
        let plain = Document::from_plain("@ada_b@lemmy.example and @a_b, _not_ @_me_");
        assert_eq!(write(&plain), "@ada_b@lemmy.example and @a_b, \\_not\\_ @\\_me\\_");
        let mention = Inline::Mention { handle: "ada_b@lemmy.example".to_owned() };
        assert_eq!(
            write(&Document { blocks: vec![Block::Paragraph { content: vec![mention] }] }),
            "@ada_b@lemmy.example"
        );
    }

    #[test]
    fn words_that_look_like_marks_are_escaped_and_addresses_are_not() {
        let plain = Document::from_plain("# no https://example.org/a_b_c _x_\n1. no\n- no\n## &amp; AT&T\n3.5\n===");
        assert_eq!(
            write(&plain),
            "\\# no https://example.org/a_b_c \\_x\\_\\\n1\\. no\\\n\\- no\\\n\\## \\&amp; AT&T\\\n3.5\\\n\\==="
        );
    }

    fn words(text: &str) -> Inline {
        Inline::Text { text: text.to_owned(), marks: Vec::new() }
    }

    fn marked(text: &str, mark: Mark) -> Inline {
        Inline::Text { text: text.to_owned(), marks: vec![mark] }
    }

    #[test]
    fn every_kind_of_block_is_read() {
        let text = "# Title\nOne\ntwo **bold** and *it* ~~no~~ `a_b`\n\n- x\n- y [z](https://example.org/)\n\n> said\n\n```\nlet a;\n```";
        let link = Inline::Link { href: "https://example.org/".to_owned(), text: "z".to_owned() };
        assert_eq!(
            read(text).blocks,
            [
                Block::Heading { level: 1, content: vec![words("Title")] },
                Block::Paragraph {
                    content: vec![
                        words("One"),
                        Inline::Break,
                        words("two "),
                        marked("bold", Mark::Bold),
                        words(" and "),
                        marked("it", Mark::Italic),
                        words(" "),
                        marked("no", Mark::Strike),
                        words(" "),
                        marked("a_b", Mark::Code),
                    ]
                },
                Block::List { ordered: false, items: vec![vec![words("x")], vec![words("y "), link]] },
                Block::Quote { content: vec![words("said")] },
                Block::Code { text: "let a;".to_owned() },
            ]
        );
    }

    #[test]
    fn what_a_document_has_no_place_for_becomes_words() {
        let cases = [
            ("<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("a <b>c</b>", "a <b>c</b>"),
            ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
            ("Hi @[Crier](urn:li:organization:12)!", "Hi @[Crier](urn:li:organization:12)!"),
            ("<ada@example.org>", "ada@example.org"),
            ("[x](/y)", "x"),
            ("Hi @[Crier (Inc.)](urn:li:organization:12)!", "Hi @[Crier (Inc.)](urn:li:organization:12)!"),
            ("<@U1> <@&2> <!here>", "<@U1> <@&2> <!here>"),
            ("![a cat](https://example.org/cat.png)", "a cat (https://example.org/cat.png)"),
            ("<https://example.org/x>", "https://example.org/x"),
            ("- a\n  - b\n    - c\n- d", "- a\n- b\n- c\n- d"),
            ("> a\n>\n> b\n> 1. c\n> 2. d", "“a\n\nb\n1. c\n2. d”"),
            ("> - a\n>\n> - b", "“- a\n- b”"),
            ("1. a\n\n   b\n2. c", "1. a\n\nb\n2. c"),
            ("a\n\n***\n\nb", "a\n\n---\n\nb"),
            ("| a | b |\n|---|---|", "| a | b |\n|---|---|"),
        ];
        for (markdown, plain) in cases {
            assert_eq!(read(markdown).to_plain(), plain, "{markdown}");
        }
    }

    /// A word as people type them, with what could be taken for a mark.
    fn word() -> impl Strategy<Value = String> {
        "[a-zé#>+=~*_`\\[\\]()!&;.0-9-]{1,6}"
    }

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(word(), 1..5).prop_map(|all| all.join(" "))
    }

    fn line() -> impl Strategy<Value = Vec<Inline>> {
        let mark = prop::sample::select(vec![Mark::Bold, Mark::Italic, Mark::Strike, Mark::Code]);
        let run = prop_oneof![
            text().prop_map(|text| words(&text)),
            // A mark takes effect where its words begin and end with a letter.
            ("[a-z]{1,5}", mark).prop_map(|(text, mark)| marked(&text, mark)),
        ];
        prop::collection::vec(run, 1..4).prop_map(|runs| {
            let mut line = Vec::new();
            for run in runs {
                if !line.is_empty() {
                    line.push(Inline::Break);
                }
                line.push(run);
            }
            line
        })
    }

    fn block() -> impl Strategy<Value = Block> {
        prop_oneof![
            line().prop_map(|content| Block::Paragraph { content }),
            text().prop_map(|text| Block::Heading { level: 2, content: vec![words(&text)] }),
            (any::<bool>(), prop::collection::vec(line(), 1..4))
                .prop_map(|(ordered, items)| Block::List { ordered, items }),
            line().prop_map(|content| Block::Quote { content }),
            text().prop_map(|text| Block::Code { text }),
        ]
    }

    proptest! {
        /// What is written is read as the same; only neighbours of a kind can't be told apart.
        #[test]
        fn what_is_written_is_read_again(block in block()) {
            let document = Document { blocks: vec![block] };
            let markdown = write(&document);
            prop_assert_eq!(read(&markdown), document, "{}", markdown);
        }
    }
}
