//! Finding http(s) links, mentions and hashtags in plain text.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

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
    scan(text, false)
}

/// [`find`] where addresses are links without `https://` too, as on X: `example.org/a`.
#[must_use]
pub fn find_bare(text: &str) -> Vec<Entity> {
    scan(text, true)
}

fn scan(text: &str, bare: bool) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut before = None;
    while let Some(here) = text[at..].chars().next() {
        let rest = &text[at..];
        let entity = match here {
            'h' | 'H' if !before.is_some_and(char::is_alphanumeric) => {
                link(rest).filter(|(length, _)| !bare || is_named(&rest[..*length]))
            }
            '@' if !before.is_some_and(joins_mention) => mention(rest),
            '#' | '＃' if !before.is_some_and(joins_tag) => tag(rest),
            _ => None,
        };
        let begins_host = || here.is_ascii_alphanumeric() && !before.is_some_and(joins_host);
        let entity = entity.or_else(|| if bare && begins_host() { bare_link(rest) } else { None });
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

/// The names of domains that belong to no country, a line each.
const GENERIC: &str = include_str!("generic-domains.txt");
static GENERIC_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| GENERIC.lines().collect());

fn joins_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '@' | '＠' | '$' | '#' | '＃' | '-' | '_' | '.' | '/')
}

fn is_country(label: &str) -> bool {
    label.len() == 2 && label.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a domain can end in it. Names in other scripts than Latin are all taken for known.
fn is_known(label: &str) -> bool {
    is_country(label) || !label.is_ascii() || GENERIC_NAMES.contains(label.to_ascii_lowercase().as_str())
}

fn is_label(label: &str) -> bool {
    // Other scripts are longer as they stand in the DNS.
    let length = match url::Host::parse(label) {
        Ok(url::Host::Domain(encoded)) => encoded.len(),
        _ => label.len(),
    };
    (1..=63).contains(&length) && !label.starts_with('-') && !label.ends_with('-')
}

/// Whether an address names a host that there can be.
fn is_named(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    labels.len() > 1 && labels.iter().all(|label| is_label(label)) && labels.last().is_some_and(|last| is_known(last))
}

/// An address without its scheme, after twitter-text 3 (2018): a host that ends in a known name. A name of a country alone
/// (`example.de`) is not enough without a path, but for `co` and `tv`.
fn bare_link(rest: &str) -> Option<(usize, Kind)> {
    let in_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let whole = &rest[..rest.find(|c| !in_host(c)).unwrap_or(rest.len())];
    let labels: Vec<&str> = whole.split('.').collect();
    let last = (1..labels.len()).rev().find(|&at| is_known(labels[at]))?;
    let labels = &labels[..=last];
    if !labels.iter().all(|label| is_label(label)) {
        return None;
    }
    let host = labels.iter().map(|label| label.len() + 1).sum::<usize>() - 1;
    let after = &rest[host..];
    if after.starts_with(['@', '+', '-', '_']) {
        return None;
    }
    let has_path = after.starts_with(['/', '?']);
    let short = labels.len() == 2 && is_country(labels[1]) && !["co", "tv"].contains(&labels[1]);
    if short && !after.starts_with('/') {
        return None;
    }
    let path = if has_path { &after[..after.find(ends_link).unwrap_or(after.len())] } else { "" };
    Some((without_trailing(&rest[..host + path.len()]), Kind::Link))
}

/// What can't be inside an address: white space, quotes and marks of direction that enclose one, and East Asian punctuation,
/// which follows a link without a space.
fn ends_link(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
    fn addresses_without_their_scheme_are_links_where_the_network_has_it_so() {
        let links = |text: &str| {
            let links = find_bare(text).into_iter().filter(|entity| entity.kind == Kind::Link);
            links.map(|entity| text[entity.range].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            links("see example.com, www.example.de and foo.co.jp/a?b=1. t.co"),
            ["example.com", "www.example.de", "foo.co.jp/a?b=1", "t.co"]
        );
        assert_eq!(
            links("example.de/x https://example.org/a example.com.zzzz"),
            ["example.de/x", "https://example.org/a", "example.com"]
        );
        for text in
            ["example.de", "main.rs", "ada@example.com", "e.g. this", "a.notadomain", "3.14", "@ada.com", "x.com@y"]
        {
            assert_eq!(links(text), [""; 0], "{text}");
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
