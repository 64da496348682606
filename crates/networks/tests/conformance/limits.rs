//! Each network's limits at their edge: what just fits passes, one more does not; and counting as each network counts.

use crate::world::registry;
use crier_model::rules::{Rules, Unit};
use crier_model::{ChannelId, Document, MediaId};
use crier_networks::check::{self, PartToCheck, Verdict};
use crier_networks::connect::Facts;
use crier_networks::publish::MediaItem;
use crier_networks::{Network, Registry};
use serde_json::{Map, json};

fn networks() -> Registry {
    registry("http://127.0.0.1:9")
}

fn verdict(network: &dyn Network, parts: &[(Document, Vec<MediaItem>)]) -> Verdict {
    let part = |(index, (body, media)): (usize, &(Document, Vec<MediaItem>))| (index, body.clone(), media.clone());
    let owned: Vec<_> = parts.iter().enumerate().map(part).collect();
    let parts: Vec<PartToCheck<'_>> = owned
        .iter()
        .map(|(index, body, media)| PartToCheck { body, media, pointer: format!("/parts/{index}") })
        .collect();
    check::parts(network, ChannelId::new(), &Facts::new(), &parts, &Map::new())
}

fn codes(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().filter(|finding| finding.is_error()).map(|finding| finding.code.as_str()).collect()
}

fn image(rules: &Rules) -> MediaItem {
    MediaItem {
        id: MediaId::new(),
        name: "a.png".into(),
        mime: "image/png".into(),
        size: rules.media.kinds[0].max_bytes,
        width: 10,
        height: 10,
        alt: "é".repeat(rules.media.alt_max.unwrap_or_default()),
        sha256: String::new(),
        url: Some("https://example.org/a.png".into()),
    }
}

#[test]
fn what_just_fits_passes_and_one_more_does_not() {
    for network in networks().all() {
        let id = network.about().id;
        let rules = network.rules(&Facts::new());
        let words = |count: usize| Document::from_plain(&"x".repeat(count));
        let whole = (words(rules.text.max), vec![image(&rules); rules.media.max_count]);
        let thread = vec![whole.clone(); rules.parts.max];
        assert_eq!(codes(&verdict(network, &thread)), [""; 0], "{id}");
        let long = verdict(network, &[(words(rules.text.max + 1), vec![])]);
        assert_eq!(codes(&long), ["text.too_long"], "{id}");
        assert_eq!(codes(&verdict(network, &[(words(0), vec![])])), ["text.empty"], "{id}");
        let many = verdict(network, &[(words(1), vec![image(&rules); rules.media.max_count + 1])]);
        assert_eq!(codes(&many), ["media.too_many"], "{id}");
        let mut heavy = image(&rules);
        heavy.size += 1;
        assert_eq!(codes(&verdict(network, &[(words(1), vec![heavy])])), ["media.too_large"], "{id}");
        let odd = MediaItem { mime: "application/pdf".into(), ..image(&rules) };
        assert_eq!(codes(&verdict(network, &[(words(1), vec![odd])])), ["media.type"], "{id}");
        let mut talkative = image(&rules);
        talkative.alt.push('é');
        assert_eq!(codes(&verdict(network, &[(words(1), vec![talkative])])), ["alt.too_long"], "{id}");
        let thread = vec![(words(1), vec![]); rules.parts.max + 1];
        assert_eq!(codes(&verdict(network, &thread)), ["parts.too_many"], "{id}");
        let settings = Map::from_iter([("no_such_setting".to_owned(), json!(1))]);
        let body = words(1);
        let part = PartToCheck { body: &body, media: &[], pointer: "/parts/0".into() };
        let wrong = check::parts(network, ChannelId::new(), &Facts::new(), &[part], &settings);
        assert_eq!(codes(&wrong), ["settings.invalid"], "{id}");
    }
}

/// How much of a network's limit a text uses.
#[test]
fn every_network_counts_as_it_does_itself() {
    let link = "https://example.org/a/very/long/path/that/goes/on/and/on";
    let registry = networks();
    for (id, text, used) in [
        // Mastodon: a link is 23 whatever its length, a remote mention its name alone, an emoji one.
        ("mastodon", format!("look {link}"), 5 + 23),
        ("mastodon", "https://a.de".to_owned(), 23),
        ("mastodon", format!("({link})."), 1 + 23 + 2),
        ("mastodon", "hi @ada@example.social and @bob".to_owned(), "hi @ada and @bob".len()),
        ("mastodon", "👩‍👩‍👧🇩🇪e\u{301}".to_owned(), 3),
        ("mastodon", "example.org/a".to_owned(), 13),
        // Bluesky: graphemes of all there is.
        ("bluesky", format!("look {link}"), 5 + link.len()),
        ("bluesky", "👩‍👩‍👧🇩🇪日本".to_owned(), 4),
        ("bluesky", "@ada.example.com".to_owned(), 16),
        ("playground", format!("{link}👩‍👩‍👧"), link.len() + 1),
        ("nostr", "日本👩‍👩‍👧".to_owned(), 3),
        ("webhook", "日本👩‍👩‍👧".to_owned(), 3),
    ] {
        let network = registry.get(id).unwrap();
        let verdict = verdict(network, &[(Document::from_plain(&text), vec![])]);
        assert_eq!(verdict.parts[0].used, used, "{id}: {text}");
        assert_eq!(verdict.parts[0].unit, Unit::Grapheme);
    }
}

#[test]
fn bluesky_and_nostr_count_bytes_besides() {
    let registry = networks();
    for id in ["bluesky", "nostr"] {
        let network = registry.get(id).unwrap();
        let rules = network.rules(&Facts::new());
        let max = rules.text.max_bytes.unwrap();
        // A family of four is 25 bytes and one grapheme.
        let family = "👩‍👩‍👧‍👦";
        let fits = family.repeat(max / family.len());
        assert!(fits.len() <= max);
        let body = |text: &str| (Document::from_plain(text), vec![]);
        let plain = verdict(network, &[body(&fits)]);
        assert_eq!(codes(&plain), [""; 0], "{id}");
        let heavy = verdict(network, &[body(&format!("{fits}{family}"))]);
        assert_eq!(codes(&heavy), ["text.too_long"], "{id}");
        assert!(heavy.findings[0].message.contains("bytes"), "{}", heavy.findings[0].message);
    }
}

#[test]
fn a_content_warning_counts_as_text_on_mastodon_and_a_video_goes_alone() {
    let registry = networks();
    let network = registry.get("mastodon").unwrap();
    let body = Document::from_plain(&"x".repeat(490));
    let part = PartToCheck { body: &body, media: &[], pointer: "/parts/0".into() };
    let check = |warning: usize| {
        let settings = Map::from_iter([("spoiler_text".to_owned(), json!("w".repeat(warning)))]);
        let channel = ChannelId::new();
        let verdict = check::parts(network, channel, &Facts::new(), std::slice::from_ref(&part), &settings);
        verdict.findings.into_iter().map(|finding| (finding.code, finding.pointer, channel)).collect::<Vec<_>>()
    };
    assert_eq!(check(10), []);
    let found = check(11);
    let pointer = format!("/variants/{}/settings/spoiler_text", found[0].2);
    assert_eq!((found[0].0.as_str(), &found[0].1), ("text.too_long", &pointer));
    let picture = image(&network.rules(&Facts::new()));
    let film = MediaItem { mime: "video/mp4".into(), alt: String::new(), ..picture.clone() };
    let mixed = verdict(network, &[(Document::from_plain("x"), vec![picture, film.clone()])]);
    assert_eq!(codes(&mixed), ["media.mixed"]);
    assert_eq!(codes(&verdict(network, &[(Document::from_plain("x"), vec![film])])), [""; 0]);
}

#[test]
fn nostr_refuses_and_the_webhook_warns_of_files_nobody_can_fetch() {
    let registry = networks();
    for (id, errors, findings) in [("nostr", 1, 1), ("webhook", 0, 1), ("mastodon", 0, 0)] {
        let network = registry.get(id).unwrap();
        let hidden = MediaItem { url: None, ..image(&network.rules(&Facts::new())) };
        let verdict = verdict(network, &[(Document::from_plain("x"), vec![hidden])]);
        assert_eq!((codes(&verdict).len(), verdict.findings.len()), (errors, findings), "{id}");
    }
}
