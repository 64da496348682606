//! LinkedIn's “little text”: plain words in which reserved characters are escaped, and hashtags and mentions stand as such.

use crate::text::{self, Kind};

/// The characters that mean something there.
const RESERVED: &str = "\\|{}@[]()<>#*_~";

/// Escapes a plain text. Hashtags stay, and so do mentions of organisations and people as LinkedIn writes them:
/// `@[Name](urn:li:organization:1)`.
pub fn write(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let tags = text::find(text).into_iter().filter(|entity| matches!(entity.kind, Kind::Tag(_)));
    for tag in tags {
        escape(&text[at..tag.range.start], &mut out);
        out.push('#');
        let sign = text[tag.range.clone()].chars().next().map_or(0, char::len_utf8);
        escape(&text[tag.range.start + sign..tag.range.end], &mut out);
        at = tag.range.end;
    }
    escape(&text[at..], &mut out);
    out
}

fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match mention(rest) {
            Some(mention) => {
                out.push_str(mention);
                mention.len()
            }
            None => {
                out.extend(RESERVED.contains(c).then_some('\\'));
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
}

/// Whether a text is one mention that stands as such.
pub fn is_mention(text: &str) -> bool {
    mention(text).is_some_and(|mention| mention.len() == text.len())
}

fn mention(text: &str) -> Option<&str> {
    let (name, rest) = text.strip_prefix("@[")?.split_once("](urn:li:")?;
    let (urn, _) = rest.split_once(')')?;
    let (kind, id) = urn.split_once(':')?;
    let is_plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let fits = matches!(kind, "organization" | "person") && is_plain(id) && !name.contains(['[', ']', '\n']);
    fits.then(|| &text[..2 + name.len() + "](urn:li:".len() + urn.len() + 1])
}

#[cfg(test)]
mod tests {
    use super::{is_mention, write};

    #[test]
    fn reserved_characters_are_escaped_and_tags_and_mentions_stay() {
        for (text, little) in [
            ("a_b (c) <d> @ada *x* 1~2", "a\\_b \\(c\\) \\<d\\> \\@ada \\*x\\* 1\\~2"),
            ("#rust #a_b and C#", "#rust #a\\_b and C\\#"),
            ("Hi @[Crier (Inc.)](urn:li:organization:12)!", "Hi @[Crier (Inc.)](urn:li:organization:12)!"),
            ("@[x](urn:li:other:1)", "\\@\\[x\\]\\(urn:li:other:1\\)"),
            ("https://example.org/a_b#c", "https://example.org/a\\_b\\#c"),
        ] {
            assert_eq!(write(text), little, "{text}");
        }
    }

    #[test]
    fn a_mention_is_one_as_a_whole() {
        assert!(is_mention("@[Crier (Inc.)](urn:li:organization:12)"));
        assert!(!is_mention("@[Crier [old]](urn:li:organization:12)"));
        assert!(!is_mention("@[Crier](urn:li:organization:12)!"));
    }
}
