//! Finding http(s) links, mentions and hashtags in plain text.

use std::ops::Range;

/// Something in a text that networks treat specially.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// UTF-8 byte offsets into the text.
    pub range: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An address with `http://` or `https://`.
    Link,
    /// `@user` or `@user@domain`; both without the `@`.
    Mention { user: String, domain: Option<String> },
    /// `#tag`, without the `#`.
    Tag(String),
}

/// Everything found, in order of appearance and without overlaps.
#[must_use]
pub fn find(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut before = None;
    while let Some(here) = text[at..].chars().next() {
        let rest = &text[at..];
        let entity = match here {
            'h' | 'H' if !before.is_some_and(char::is_alphanumeric) => link(rest),
            '@' if !before.is_some_and(joins_mention) => mention(rest),
            '#' | '＃' if !before.is_some_and(joins_tag) => tag(rest),
            _ => None,
        };
        let step = match entity {
            Some((length, kind)) => {
                found.push(Entity { range: at..at + length, kind });
                length
            }
            None => here.len_utf8(),
        };
        before = text[at..at + step].chars().next_back();
        at += step;
    }
    found
}

/// The addresses of the links in a text, in order.
#[must_use]
pub fn urls(text: &str) -> Vec<&str> {
    let links = find(text).into_iter().filter(|entity| entity.kind == Kind::Link);
    links.map(|entity| &text[entity.range]).collect()
}

fn link(rest: &str) -> Option<(usize, Kind)> {
    let prefix = ["https://", "http://"]
        .into_iter()
        .find(|prefix| rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))?;
    let end = rest.find(ends_link).unwrap_or(rest.len());
    let end = without_trailing(&rest[..end]);
    let host = rest.get(prefix.len()..end)?.split(['/', '?', '#']).next()?;
    let host_begins = host.rsplit('@').next()?.chars().next()?;
    (host_begins.is_alphanumeric() || host_begins == '[').then_some((end, Kind::Link))
}

/// What can't be inside an address: white space, quotes that enclose one, and East Asian punctuation, which follows a
/// link without a space.
fn ends_link(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '`' | '“' | '”' | '«' | '»' | '{' | '}' | '|' | '\\' | '^')
        || matches!(
            c,
            '、' | '。'
                | '，'
                | '．'
                | '！'
                | '？'
                | '：'
                | '；'
                | '（'
                | '）'
                | '「'
                | '」'
                | '『'
                | '』'
                | '【'
                | '】'
                | '〈'
                | '〉'
                | '《'
                | '》'
                | '\u{3000}'
        )
}

/// The length of an address without the punctuation of the sentence around it. A closing bracket belongs to the address
/// when it was opened there.
fn without_trailing(address: &str) -> usize {
    let mut end = address.len();
    while let Some(last) = address[..end].chars().next_back() {
        let opened_by = match last {
            ')' => Some('('),
            ']' => Some('['),
            _ => None,
        };
        let drop = match opened_by {
            Some(open) => {
                let count = |c| address[..end].matches(c).count();
                count(last) > count(open)
            }
            None => matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '‘' | '…' | '*' | '~'),
        };
        if !drop {
            break;
        }
        end -= last.len_utf8();
    }
    end
}

fn joins_mention(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '/' | '=' | '@' | '.')
}

fn joins_tag(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '/' | '&' | '#' | '＃')
}

fn mention(rest: &str) -> Option<(usize, Kind)> {
    let user = name(rest.get(1..)?, |c| c.is_ascii_alphanumeric() || c == '_')?;
    let mut end = 1 + user.len();
    let mut domain = None;
    if let Some(after) = rest[end..].strip_prefix('@') {
        let host = name(after, char::is_alphanumeric)
            .map(|host| match after[host.len()..].strip_prefix(':') {
                Some(port) => host.len() + 1 + port.bytes().take_while(u8::is_ascii_digit).count(),
                None => host.len(),
            })
            .map(|length| after[..length].trim_end_matches(':'));
        match host {
            Some(host) => {
                end += 1 + host.len();
                domain = Some(host.to_owned());
            }
            None => return None,
        }
    }
    Some((end, Kind::Mention { user: user.to_owned(), domain }))
}

/// The longest start of `text` that begins and ends with an `inner` character and has dots and hyphens only inside.
fn name(text: &str, inner: impl Fn(char) -> bool) -> Option<&str> {
    let end = text.find(|c: char| !inner(c) && c != '.' && c != '-').unwrap_or(text.len());
    let name = text[..end].trim_end_matches(['.', '-']);
    // `..` ends a name: it is the ellipsis of a sentence.
    let name = name.split("..").next()?;
    name.chars().next().filter(|first| inner(*first)).map(|_| name)
}

fn tag(rest: &str) -> Option<(usize, Kind)> {
    let sign = rest.chars().next()?.len_utf8();
    let body = &rest[sign..];
    // Vowel signs and joiners belong to the words of many scripts.
    let mark = |c: char| matches!(c, '\u{200c}' | '\u{200d}' | '·' | '・') || is_mark(c);
    let end = body.find(|c: char| !c.is_alphanumeric() && c != '_' && !mark(c)).unwrap_or(body.len());
    let tag = body[..end].trim_end_matches(['·', '・', '\u{200c}', '\u{200d}']);
    let says_something = tag.chars().any(char::is_alphabetic);
    let begins = tag.chars().next()?;
    (says_something && (begins.is_alphanumeric() || begins == '_'))
        .then(|| (sign + tag.len(), Kind::Tag(tag.to_owned())))
}

/// A combining mark (general category M), told by what it does to the word before it: it makes no cluster of its own.
fn is_mark(c: char) -> bool {
    use unicode_segmentation::UnicodeSegmentation;
    let mut buffer = ['a'; 2];
    buffer[1] = c;
    !c.is_whitespace()
        && !c.is_control()
        && !c.is_ascii()
        && buffer.iter().collect::<String>().graphemes(true).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mentions(text: &str) -> Vec<(String, Option<String>)> {
        find(text)
            .into_iter()
            .filter_map(|entity| match entity.kind {
                Kind::Mention { user, domain } => Some((user, domain)),
                _ => None,
            })
            .collect()
    }

    fn tags(text: &str) -> Vec<String> {
        find(text)
            .into_iter()
            .filter_map(|entity| match entity.kind {
                Kind::Tag(tag) => Some(tag),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn links_lose_the_punctuation_of_the_sentence() {
        for (text, wanted) in [
            ("see https://example.org.", "https://example.org"),
            ("(see https://example.org/a)", "https://example.org/a"),
            ("https://en.example.org/wiki/Rust_(language)!", "https://en.example.org/wiki/Rust_(language)"),
            ("(https://en.example.org/wiki/Rust_(language))", "https://en.example.org/wiki/Rust_(language)"),
            ("HTTPS://Example.org/?a=1&b=2#c, and", "HTTPS://Example.org/?a=1&b=2#c"),
            ("<https://example.org>", "https://example.org"),
            ("“https://example.org/x”", "https://example.org/x"),
            ("見て https://example.jp/道。次", "https://example.jp/道"),
            ("http://[::1]:8080/a", "http://[::1]:8080/a"),
            ("https://example.org/a_", "https://example.org/a_"),
            ("https://example.org/…", "https://example.org/"),
            ("http://localhost:3000/x?y", "http://localhost:3000/x?y"),
        ] {
            assert_eq!(urls(text), [wanted], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_link_is_none() {
        for text in
            ["http://", "https://.", "example.org", "xhttp://example.org", "ftp://example.org", "http:/a", "https:// a"]
        {
            assert!(urls(text).is_empty(), "{text}: {:?}", urls(text));
        }
    }

    #[test]
    fn mentions_with_and_without_a_domain() {
        assert_eq!(
            mentions("hi @ada, @ada@example.social. (@bob.example.com)"),
            [("ada".into(), None), ("ada".into(), Some("example.social".into())), ("bob.example.com".into(), None),]
        );
        assert_eq!(mentions("@ada@localhost:8080!"), [("ada".into(), Some("localhost:8080".into()))]);
        assert_eq!(mentions("mail ada@example.org, a/@b, @ , @-, https://example.org/@ada"), []);
        assert_eq!(mentions("@ada..."), [("ada".into(), None)]);
    }

    #[test]
    fn tags_in_any_script_but_not_numbers() {
        assert_eq!(
            tags("#rust #über ＃日本語 #हिन्दी #a_1 #1 #2024 a#b &#39; (#x)"),
            ["rust", "über", "日本語", "हिन्दी", "a_1", "x"]
        );
        assert_eq!(tags("https://example.org/#section"), [] as [String; 0]);
    }

    proptest! {
        #[test]
        fn entities_are_in_order_and_on_character_borders(text in "(https?://)?[a-z@#./()\\[\\] 日é👩‍👧…_:-]{0,60}") {
            let mut last = 0;
            for entity in find(&text) {
                prop_assert!(entity.range.start >= last && entity.range.end > entity.range.start);
                prop_assert!(text.get(entity.range.clone()).is_some());
                last = entity.range.end;
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,80}") {
            let _ = find(&text);
        }

        #[test]
        fn a_plain_address_is_found_whole(path in "[a-z0-9/%=&?-]{0,30}[a-z0-9/]", before in "[a-z ]{0,5} ", after in "[ ,.!?]{0,3}") {
            let address = format!("https://example.org/{path}");
            let text = format!("{before}{address}{after}");
            prop_assert_eq!(urls(&text), vec![address.as_str()]);
        }
    }
}
