//! Counting text as networks count it.

use super::links::{Kind, find, find_bare};
use crier_model::rules::{TextRules, Unit};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// User-perceived characters: extended grapheme clusters of UAX #29.
#[must_use]
pub fn graphemes(text: &str) -> usize {
    if text.is_ascii() && !text.contains('\r') { text.len() } else { text.graphemes(true).count() }
}

/// UTF-16 code units.
#[must_use]
pub fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// UTF-8 bytes.
#[must_use]
pub fn bytes(text: &str) -> usize {
    text.len()
}

/// As twitter-text weighs (configuration version 3): after NFC, one for Latin and general punctuation, two for the rest
/// and for a whole emoji sequence. Links are not looked at here.
#[must_use]
pub fn weighted(text: &str) -> usize {
    let composed: String = text.nfc().collect();
    composed
        .graphemes(true)
        .map(|cluster| if is_emoji_sequence(cluster) { 2 } else { cluster.chars().map(weight).sum() })
        .sum()
}

/// Characters, but of an emoji its UTF-8 bytes, as Threads counts.
#[must_use]
pub fn emoji_bytes(text: &str) -> usize {
    let count = |cluster: &str| if is_emoji(cluster) { cluster.len() } else { cluster.chars().count() };
    text.graphemes(true).map(count).sum()
}

/// An emoji of one code point or of several. Signs that are drawn as emoji only where that is asked for are none by themselves.
fn is_emoji(cluster: &str) -> bool {
    let alone = |c: char| matches!(c, '\u{231a}'..='\u{23ff}' | '\u{25fb}'..='\u{27bf}' | '\u{2b1b}'..='\u{2b55}' | '\u{1f000}'..='\u{1faff}');
    is_emoji_sequence(cluster) || cluster.chars().next().is_some_and(alone)
}

fn weight(c: char) -> usize {
    match u32::from(c) {
        0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247 => 1,
        _ => 2,
    }
}

/// Several code points that are drawn as one emoji: joined, toned, flagged, keycapped or asked for by a variation selector.
fn is_emoji_sequence(cluster: &str) -> bool {
    let joins = |c| matches!(c, '\u{fe0f}' | '\u{20e3}' | '\u{200d}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}');
    let mut chars = cluster.chars();
    let may_be_emoji = chars.next().is_some_and(|c| c >= '\u{203c}' || matches!(c, '#' | '*' | '0'..='9' | '©' | '®'));
    may_be_emoji && chars.any(joins)
}

/// How much of `rules.max` a text uses: in the network's unit, with links and remote mentions counted as it counts them.
#[must_use]
pub fn measure(text: &str, rules: &TextRules) -> usize {
    let count = |part: &str| match rules.unit {
        Unit::Grapheme => graphemes(part),
        Unit::Utf16 => utf16(part),
        Unit::Weighted => weighted(part),
        Unit::Byte => bytes(part),
        Unit::EmojiBytes => emoji_bytes(part),
    };
    if rules.link_length.is_none() && !rules.short_mentions {
        return count(text);
    }
    // The stretches between are counted whole, so that no cluster is cut where nothing special stands.
    let mut used = 0;
    let mut at = 0;
    // What is weighed as on X is linked as there.
    let entities = if rules.unit == Unit::Weighted { find_bare(text) } else { find(text) };
    for entity in entities {
        let length = match (&entity.kind, rules.link_length) {
            (Kind::Link, Some(length)) => length,
            (Kind::Mention { user, domain: Some(_) }, _) if rules.short_mentions => count("@") + count(user),
            _ => continue,
        };
        used += count(&text[at..entity.range.start]) + length;
        at = entity.range.end;
    }
    used + count(&text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(unit: Unit, link_length: Option<usize>, short_mentions: bool) -> TextRules {
        TextRules {
            max: 500,
            max_with_media: None,
            unit,
            link_length,
            max_bytes: None,
            required_without_media: true,
            short_mentions,
        }
    }

    #[test]
    fn a_family_is_one_grapheme() {
        let family = "👩‍👩‍👧";
        assert_eq!((graphemes(family), utf16(family), bytes(family), weighted(family)), (1, 8, 18, 2));
        assert_eq!((graphemes("🇩🇪"), weighted("🇩🇪")), (1, 2));
        assert_eq!((graphemes("e\u{301}"), weighted("e\u{301}"), utf16("e\u{301}")), (1, 1, 2));
        assert_eq!((graphemes("a\r\nb"), graphemes("a\nb")), (3, 3));
    }

    #[test]
    fn an_emoji_is_its_bytes_where_the_network_says_so() {
        for (text, used) in [("héllo日本", 7), ("👍", 4), ("a❤\u{fe0f}b", 8), ("👩‍👩‍👧", 18), ("🇩🇪", 8), ("1 © – “x”", 9)]
        {
            assert_eq!(emoji_bytes(text), used, "{text}");
        }
    }

    #[test]
    fn east_asian_text_weighs_twice() {
        assert_eq!(weighted("日本"), 4);
        assert_eq!(weighted("Köln – “ok”"), 11);
        assert_eq!(weighted("1\u{fe0f}\u{20e3}"), 2);
        assert_eq!(weighted("क्\u{200d}ष"), 4);
    }

    #[test]
    fn links_count_as_the_network_says() {
        let text = "a https://example.org/a/very/long/path/indeed/it/is b";
        assert_eq!(measure(text, &rules(Unit::Grapheme, Some(23), false)), 27);
        assert_eq!(measure(text, &rules(Unit::Grapheme, None, false)), text.len());
        assert_eq!(measure("https://a.de", &rules(Unit::Weighted, Some(23), false)), 23);
    }

    #[test]
    fn remote_mentions_count_short_where_the_rule_says_so() {
        let text = "hi @ada@example.social!";
        assert_eq!(measure(text, &rules(Unit::Grapheme, Some(23), true)), "hi @ada!".len());
        assert_eq!(measure(text, &rules(Unit::Grapheme, Some(23), false)), text.len());
        assert_eq!(measure("@ada", &rules(Unit::Grapheme, None, true)), 4);
    }

    #[derive(serde::Deserialize)]
    struct Vector {
        shows: String,
        text: String,
        weighs: usize,
    }

    /// twitter-text's conformance suite (<https://github.com/twitter/twitter-text>, `validate.yml`, weighted with discounted emoji
    /// and directional markers; Apache License 2.0).
    #[test]
    fn posts_weigh_what_twitter_text_says() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("twitter-text.json")).unwrap();
        assert!(vectors.len() >= 24);
        for Vector { shows, text, weighs } in vectors {
            assert_eq!(measure(&text, &rules(Unit::Weighted, Some(23), false)), weighs, "{shows}: {text}");
        }
    }

    proptest! {
        #[test]
        fn units_are_ordered(text in "\\PC{0,60}") {
            prop_assert!(graphemes(&text) <= utf16(&text));
            prop_assert!(utf16(&text) <= bytes(&text));
        }

        #[test]
        fn a_long_link_and_a_short_one_count_the_same(path in "[a-z]{0,80}") {
            let rules = rules(Unit::Grapheme, Some(23), true);
            let text = format!("look https://example.org/{path} now");
            prop_assert_eq!(measure(&text, &rules), 5 + 23 + 4);
        }

        #[test]
        fn without_special_rules_it_is_the_unit_alone(text in "\\PC{0,60}") {
            prop_assert_eq!(measure(&text, &rules(Unit::Utf16, None, false)), utf16(&text));
        }
    }
}
