//! Text as Slack writes it, its "mrkdwn": other marks than Markdown, and three characters that are escaped.

use crate::text::chat;
use crier_model::Document;

/// Slack's own way with the marks.
const SLACK: chat::Dialect = chat::Dialect { escape, bullet: "• " };

/// Writes a document. Underlining has no mark there and is left out.
pub fn write(document: &Document) -> String {
    chat::write(document, SLACK)
}

/// Escapes what Slack reads as its own, but for mentions as Slack writes them: `<@U…>`, `<#C…>`, `<!here>`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mention = mention(rest);
        let length = mention.map_or(c.len_utf8(), str::len);
        match (mention, c) {
            (Some(mention), _) => out.push_str(mention),
            (None, '&') => out.push_str("&amp;"),
            (None, '<') => out.push_str("&lt;"),
            (None, '>') => out.push_str("&gt;"),
            (None, other) => out.push(other),
        }
        rest = &rest[length..];
    }
    out
}

fn mention(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find('>')?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '^' | '_' | '-');
    let word = inner[..end].strip_prefix(['@', '#', '!'])?;
    (!word.is_empty() && word.chars().all(is_word)).then(|| &text[..end + 2])
}

/// The text in pieces of at most `max` characters, broken between paragraphs, else lines, else words.
pub fn pieces(text: &str, max: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while let Some((limit, _)) = rest.char_indices().nth(max) {
        let head = &rest[..limit];
        let breaks = ["\n\n", "\n", " "].into_iter();
        let end = breaks.filter_map(|gap| head.rfind(gap)).find(|at| *at > limit / 2).unwrap_or(limit);
        pieces.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
    }
    pieces.extend((!rest.is_empty()).then_some(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_block() {
        let html = "<h1>News</h1><p><strong>bold </strong>and <em>it</em> <s>no</s> <u>u</u> <code>a&lt;b</code><br>\
                    <a href=\"https://example.org/?a&amp;b\">here</a></p><ol><li>one</li></ol><blockquote>q</blockquote><pre>x &gt; y</pre>";
        assert_eq!(
            write(&text::html::read(html)),
            "*News*\n\n*bold* and _it_ ~no~ u `a&lt;b`\n<https://example.org/?a&amp;b|here>\n\n1. one\n\n> q\n\n```\nx &gt; y\n```"
        );
    }

    #[test]
    fn mentions_as_slack_writes_them_stay() {
        let plain = |text: &str| write(&Document::from_plain(text));
        assert_eq!(
            plain("<@U123> <#C1> <!here> <b> <!a b> a<b & c>d"),
            "<@U123> <#C1> <!here> &lt;b&gt; &lt;!a b&gt; a&lt;b &amp; c&gt;d"
        );
    }

    proptest! {
        #[test]
        fn pieces_are_short_and_lose_only_white_space(text in "[a-z \\n日]{0,200}") {
            let pieces = pieces(&text, 20);
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= 20 && !piece.is_empty()));
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(words(&pieces.concat()), words(&text));
        }
    }
}
