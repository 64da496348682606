//! Each network's limits at their edge: what just fits passes, one more does not; and counting as each network counts.

use crate::fixture::{self, Raw};
use crate::world::registry;
use crier_model::rules::Rules;
use crier_model::{ChannelId, Document, FrameRate, MediaId};
use crier_networks::check::{self, PartToCheck, Verdict};
use crier_networks::connect::Facts;
use crier_networks::publish::MediaItem;
use crier_networks::{Network, Registry};
use serde_json::{Map, Value, json};

fn networks() -> Registry {
    registry("http://127.0.0.1:9")
}

/// Settings that a post of the network needs: those of the fixture that shows plain text.
fn needed(network: &dyn Network) -> Map<String, Value> {
    let raws = fixture::of(network.about().id);
    let text = raws.iter().map(Raw::plain).find(|fixture| fixture.shows.contains(&"text".to_owned()));
    text.map(|fixture| fixture.given.settings).unwrap_or_default()
}

fn verdict(network: &dyn Network, parts: &[(Document, Vec<MediaItem>)]) -> Verdict {
    let part = |(index, (body, media)): (usize, &(Document, Vec<MediaItem>))| (index, body.clone(), media.clone());
    let owned: Vec<_> = parts.iter().enumerate().map(part).collect();
    let parts: Vec<PartToCheck<'_>> = owned
        .iter()
        .map(|(index, body, media)| PartToCheck { body, media, pointer: format!("/parts/{index}") })
        .collect();
    check::parts(network, ChannelId::new(), &Facts::new(), &parts, &needed(network))
}

/// The errors found, but for a file that a network always wants, which most tries here don't give it.
fn codes(verdict: &Verdict) -> Vec<&str> {
    let errors = verdict.findings.iter().filter(|finding| finding.is_error()).map(|finding| finding.code.as_str());
    errors.filter(|code| *code != "media.missing").collect()
}

/// A file of the first kind that a network takes; one that takes none is offered a picture.
fn image(rules: &Rules) -> MediaItem {
    let kind = rules.media.kinds.first();
    let png = "image/png".to_owned();
    MediaItem {
        id: MediaId::new(),
        name: "a.png".into(),
        mime: kind.map_or(&png, |kind| kind.mime.iter().find(|mime| **mime == png).unwrap_or(&kind.mime[0])).clone(),
        size: kind.map_or(1, |kind| kind.max_bytes),
        width: 400,
        height: 300,
        alt: "é".repeat(rules.media.alt_max.unwrap_or_default()),
        sha256: String::new(),
        url: Some("https://example.org/a.png".into()),
        duration_ms: 0,
        codecs: Vec::new(),
        frame_rate: None,
        convertible: false,
    }
}

#[test]
fn what_just_fits_passes_and_one_more_does_not() {
    for network in networks().all() {
        let id = network.about().id;
        let rules = network.rules(&Facts::new());
        let words = |count: usize| Document::from_plain(&"x".repeat(count));
        let share = rules.media.max_total_bytes.map_or(u64::MAX, |max| max / rules.media.max_count as u64);
        let light = || MediaItem { size: image(&rules).size.min(share), ..image(&rules) };
        let whole = (words(rules.text.max_of(true)), vec![light(); rules.media.max_count]);
        let below = rules.of_part(1);
        let files = vec![light(); below.media.max_count];
        let further = (words(below.text.max_of(!files.is_empty())), files);
        let mut thread = vec![further.clone(); rules.parts.max];
        thread[0] = whole;
        assert_eq!(codes(&verdict(network, &thread)), [""; 0], "{id}");
        let long = verdict(network, &[(words(rules.text.max + 1), vec![])]);
        assert_eq!(codes(&long), ["text.too_long"], "{id}");
        if let Some(max) = rules.text.max_with_media {
            let long = verdict(network, &[(words(max + 1), vec![image(&rules)])]);
            assert_eq!(codes(&long), ["text.too_long"], "{id}");
        }
        let nothing: &[&str] = if rules.text.required_without_media { &["text.empty"] } else { &[] };
        assert_eq!(codes(&verdict(network, &[(words(0), vec![])])), nothing, "{id}");
        if rules.parts.max_text.is_some() {
            let long = verdict(network, &[(words(1), vec![]), (words(below.text.max + 1), vec![])]);
            assert_eq!(codes(&long), ["text.too_long"], "{id}");
        }
        if rules.parts.max_media.is_some() {
            let many = (words(1), vec![light(); below.media.max_count + 1]);
            assert_eq!(codes(&verdict(network, &[(words(1), vec![]), many])), ["media.too_many"], "{id}");
        }
        let tiny = || MediaItem { size: 1, ..image(&rules) };
        let many = verdict(network, &[(words(1), vec![tiny(); rules.media.max_count + 1])]);
        assert_eq!(codes(&many), ["media.too_many"], "{id}");
        if let Some(max) = rules.media.max_total_bytes {
            let half = |size| MediaItem { size, ..image(&rules) };
            let files = |size| verdict(network, &[(words(1), (0..4).map(|_| half(size)).collect())]);
            assert_eq!(codes(&files(max / 4)), [""; 0], "{id}");
            assert_eq!(codes(&files(max / 4 + 1)), ["media.too_large"], "{id}");
        }
        if rules.media.max_count > 0 {
            let mut heavy = image(&rules);
            heavy.size += 1;
            assert_eq!(codes(&verdict(network, &[(words(1), vec![heavy])])), ["media.too_large"], "{id}");
            let odd = MediaItem { mime: "application/pdf".into(), ..image(&rules) };
            assert_eq!(codes(&verdict(network, &[(words(1), vec![odd])])), ["media.type"], "{id}");
        }
        if rules.media.alt_max.is_some() {
            let mut talkative = image(&rules);
            talkative.alt.push('é');
            assert_eq!(codes(&verdict(network, &[(words(1), vec![talkative])])), ["alt.too_long"], "{id}");
        }
        if let Some(max) = rules.media.kinds.first().and_then(|kind| kind.max_ratio) {
            let long = |wide| MediaItem { width: wide, ..image(&rules) };
            assert_eq!(codes(&verdict(network, &[(words(1), vec![long(300 * max)])])), [""; 0], "{id}");
            assert_eq!(codes(&verdict(network, &[(words(1), vec![long(300 * max + 1)])])), ["media.ratio"], "{id}");
        }
        for alone in &rules.media.alone {
            let mime = rules.media.kinds.iter().flat_map(|kind| &kind.mime).find(|mime| mime.starts_with(alone));
            let file = MediaItem { mime: mime.unwrap().clone(), ..image(&rules) };
            let beside = verdict(network, &[(words(1), vec![image(&rules), file.clone()])]);
            assert!(codes(&beside).contains(&"media.mixed"), "{id}: {alone}");
            assert!(!codes(&verdict(network, &[(words(1), vec![file])])).contains(&"media.mixed"), "{id}: {alone}");
        }
        let thread = vec![(words(1), vec![]); rules.parts.max + 1];
        assert_eq!(codes(&verdict(network, &thread)), ["parts.too_many"], "{id}");
        let mut settings = needed(network);
        settings.insert("no_such_setting".to_owned(), json!(1));
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
        // Telegram: what is read of it, in UTF-16.
        // Threads: an emoji is its bytes.
        ("threads", format!("日本👩‍👩‍👧 {link}"), 2 + 18 + 1 + link.len()),
        // X: twitter-text; a link is 23 with or without its scheme, an emoji 2.
        ("x", format!("look {link}"), 5 + 23),
        ("x", "example.com 日本👩‍👩‍👧".to_owned(), 23 + 1 + 4 + 2),
        // Discord: its Markdown, in UTF-16.
        ("discord", format!("a_b 日本👩‍👩‍👧 {link}"), 5 + 2 + 8 + 1 + link.len()),
        ("telegram", format!("日本👩‍👩‍👧 {link}"), 2 + 8 + 1 + link.len()),
        ("webhook", "日本👩‍👩‍👧".to_owned(), 3),
        // Misskey: its marks, in UTF-16.
        ("misskey", "a_b 日本👩‍👩‍👧".to_owned(), 4 + 2 + 8),
        // Lemmy: its Markdown. Matrix: bytes. Sites: what is read.
        ("lemmy", "a_b 日本".to_owned(), 4 + 1 + 2),
        ("matrix", "日本 a".to_owned(), 8),
        ("wordpress", "日本👩‍👩‍👧 <b>".to_owned(), 3 + 4),
        ("ghost", format!("look {link}"), 5 + link.len()),
    ] {
        let network = registry.get(id).unwrap();
        let verdict = verdict(network, &[(Document::from_plain(&text), vec![])]);
        assert_eq!(verdict.parts[0].used, used, "{id}: {text}");
        assert_eq!(verdict.parts[0].unit, network.rules(&Facts::new()).text.unit, "{id}");
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
fn telegram_counts_its_words_and_adds_the_sides_of_a_photo() {
    let registry = networks();
    let network = registry.get("telegram").unwrap();
    let body = crier_networks::text::html::read("<p><b>bold</b> <a href=\"https://example.org/\">here</a></p>");
    assert_eq!(verdict(network, &[(body, vec![])]).parts[0].used, "bold here".len());
    let photo = |width, height| MediaItem { width, height, ..image(&network.rules(&Facts::new())) };
    let of = |photo| verdict(network, &[(Document::from_plain("x"), vec![photo])]);
    assert_eq!(codes(&of(photo(6000, 4000))), [""; 0]);
    assert_eq!(codes(&of(photo(6000, 4001))), ["media.too_large"]);
}

#[test]
fn a_setting_that_is_missing_is_named_and_pointed_at() {
    let registry = networks();
    for id in ["discord", "slack"] {
        let network = registry.get(id).unwrap();
        let (body, channel) = (Document::from_plain("x"), ChannelId::new());
        let part = PartToCheck { body: &body, media: &[], pointer: "/parts/0".into() };
        let verdict = check::parts(network, channel, &Facts::new(), &[part], &Map::new());
        let found: Vec<_> = verdict.findings.iter().map(|it| (it.code.as_str(), it.pointer.clone())).collect();
        assert_eq!(found, [("settings.missing", format!("/variants/{channel}/settings/channel"))], "{id}");
        assert!(verdict.findings[0].message.contains("needs “Channel”"), "{}", verdict.findings[0].message);
    }
}

#[test]
fn pixelfed_wants_a_picture() {
    let registry = networks();
    let network = registry.get("pixelfed").unwrap();
    let found = |media| {
        let verdict = verdict(network, &[(Document::from_plain("x"), media)]);
        verdict.findings.into_iter().map(|finding| (finding.code, finding.pointer)).collect::<Vec<_>>()
    };
    assert_eq!(found(vec![]), [("media.missing".to_owned(), "/parts/0/media".to_owned())]);
    assert_eq!(found(vec![image(&network.rules(&Facts::new()))]), []);
}

#[test]
fn a_comment_on_lemmy_says_something_and_a_post_has_its_title() {
    let registry = networks();
    let network = registry.get("lemmy").unwrap();
    let words = |text: &str| (Document::from_plain(text), vec![]);
    assert_eq!(codes(&verdict(network, &[words("")])), [""; 0]);
    assert_eq!(codes(&verdict(network, &[words(""), words("x")])), [""; 0]);
    assert_eq!(codes(&verdict(network, &[words("x"), words("")])), ["text.empty"]);
}

#[test]
fn an_event_of_matrix_has_its_text_twice_where_it_is_formatted() {
    let registry = networks();
    let network = registry.get("matrix").unwrap();
    let text = "&".repeat(12_000);
    assert_eq!(codes(&verdict(network, &[(Document::from_plain(&text), vec![])])), [""; 0]);
    let bold = crier_networks::text::html::read(&format!("<p><b>{}</b></p>", "&amp;".repeat(12_000)));
    assert_eq!(codes(&verdict(network, &[(bold, vec![])])), ["text.too_long"]);
}

#[test]
fn threads_takes_five_different_links() {
    let registry = networks();
    let network = registry.get("threads").unwrap();
    let text = |links: usize| {
        let links: Vec<String> = (0..links).map(|n| format!("https://a.example/{n} https://a.example/{n}")).collect();
        codes(&verdict(network, &[(Document::from_plain(&links.join(" ")), vec![])])).len()
    };
    assert_eq!((text(5), text(6)), (0, 1));
}

fn film(rules: &Rules) -> MediaItem {
    MediaItem { name: "a.mp4".into(), mime: "video/mp4".into(), size: 1, alt: String::new(), ..image(rules) }
}

fn found(network: &dyn Network, settings: &Value, media: &[MediaItem], parts: usize) -> Vec<(String, String)> {
    let (body, further) = (Document::from_plain("x"), Document::from_plain("y"));
    let first = PartToCheck { body: &body, media, pointer: "/parts/0".into() };
    let below = |index| PartToCheck { body: &further, media: &[], pointer: format!("/parts/{index}") };
    let parts: Vec<_> = std::iter::once(first).chain((1..parts).map(below)).collect();
    let channel = ChannelId::new();
    let settings = settings.as_object().unwrap();
    let verdict = check::parts(network, channel, &Facts::new(), &parts, settings);
    let base = format!("/variants/{channel}");
    verdict.findings.into_iter().map(|it| (it.code, it.pointer.replace(&base, ""))).collect()
}

fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
    found.iter().map(|(code, pointer)| (code.as_str(), pointer.as_str())).collect()
}

#[test]
fn a_video_has_the_frames_a_second_that_a_network_takes() {
    let registry = networks();
    for (id, fewest, most) in [
        ("instagram", Some(23), 60),
        ("instagram-standalone", Some(23), 60),
        ("threads", Some(23), 60),
        ("tiktok", Some(23), 60),
        ("tiktok-business", Some(23), 60),
        ("linkedin", Some(10), 60),
        ("linkedin-page", Some(10), 60),
        ("x", None, 60),
        ("mastodon", None, 120),
    ] {
        let network = registry.get(id).unwrap();
        let of = |thousandths| {
            let frame_rate = Some(FrameRate::of_thousandths(thousandths));
            let film = film(&network.rules(&Facts::new()));
            let film = MediaItem { width: 1280, height: 720, duration_ms: 5000, frame_rate, ..film };
            let verdict = verdict(network, &[(Document::from_plain("x"), vec![film])]);
            codes(&verdict).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(of(most * 1000), [""; 0], "{id}");
        assert_eq!(of(most * 1000 + 1000), ["media.frame_rate"], "{id}");
        let fewest = fewest.map_or(1, |fewest: u32| fewest * 1000);
        assert_eq!(of(fewest), [""; 0], "{id}");
        if fewest > 1 {
            assert_eq!(of(fewest - 1000), ["media.frame_rate"], "{id}");
        }
    }
}

#[test]
fn a_post_on_facebook_has_pictures_or_one_video_and_a_story_has_neither_words_nor_comments() {
    let registry = networks();
    let network = registry.get("facebook").unwrap();
    let rules = network.rules(&Facts::new());
    let (picture, short) = (image(&rules), film(&rules));
    let mixed = found(network, &json!({}), &[picture.clone(), short.clone()], 2);
    assert_eq!(pairs(&mixed), [("media.mixed", "/parts/0/media/1")]);
    assert_eq!(found(network, &json!({}), std::slice::from_ref(&short), 2), []);
    let story = found(network, &json!({ "post_type": "story" }), &[picture.clone(), short], 2);
    assert_eq!(pairs(&story), [("text.left_out", "/parts/0/text"), ("parts.too_many", "/parts/1")]);
    let long = MediaItem { duration_ms: 60_001, ..film(&rules) };
    let long = found(network, &json!({ "post_type": "story" }), &[long], 1);
    assert_eq!(pairs(&long), [("text.left_out", "/parts/0/text"), ("media.too_long", "/parts/0/media/0")]);
    let bare = found(network, &json!({ "post_type": "story" }), &[], 1);
    assert_eq!(pairs(&bare), [("media.missing", "/parts/0/media")]);
    let background = json!({ "text_format_preset_id": "106018623298955" });
    assert_eq!(found(network, &background, &[], 1), []);
    let linked = found(network, &json!({ "url": "https://example.org/a" }), std::slice::from_ref(&picture), 1);
    assert_eq!(pairs(&linked), [("settings.left_out", "/settings/url")]);
    let beside = found(network, &background, &[picture], 1);
    assert_eq!(pairs(&beside), [("settings.invalid", "/settings/text_format_preset_id")]);
}

#[test]
fn instagram_wants_a_file_of_its_shape_and_keeps_reels_settings_to_reels() {
    let registry = networks();
    let network = registry.get("instagram").unwrap();
    let rules = network.rules(&Facts::new());
    let (picture, film) = (image(&rules), film(&rules));
    assert_eq!(pairs(&found(network, &json!({}), &[], 1)), [("media.missing", "/parts/0/media")]);
    let shape = |width, height| found(network, &json!({}), &[MediaItem { width, height, ..picture.clone() }], 1);
    assert_eq!((shape(800, 1000), shape(1910, 1000)), (vec![], vec![]));
    assert_eq!(pairs(&shape(799, 1000)), [("media.ratio", "/parts/0/media/0")]);
    assert_eq!(pairs(&shape(1911, 1000)), [("media.ratio", "/parts/0/media/0")]);
    let music = json!({ "audio": "A1", "is_trial_reel": true });
    assert_eq!(found(network, &music, std::slice::from_ref(&film), 1), []);
    let still = found(network, &music, std::slice::from_ref(&picture), 1);
    assert_eq!(
        pairs(&still),
        [("settings.invalid", "/settings/audio"), ("settings.invalid", "/settings/is_trial_reel")]
    );
    let heavy = MediaItem { size: 100_000_001, ..film };
    assert_eq!(found(network, &json!({}), std::slice::from_ref(&heavy), 1), []);
    let beside = found(network, &json!({}), &[picture.clone(), heavy], 1);
    assert_eq!(pairs(&beside), [("media.too_large", "/parts/0/media/1")]);
    let tags = |count: usize| {
        let text = (0..count).map(|n| format!("#t{n}")).collect::<Vec<_>>().join(" ");
        codes(&verdict(network, &[(Document::from_plain(&text), vec![picture.clone()])])).len()
    };
    assert_eq!((tags(30), tags(31)), (0, 1));
}

#[test]
fn youtube_takes_one_video_with_a_picture_and_tags_of_500_characters() {
    let registry = networks();
    let network = registry.get("youtube").unwrap();
    let rules = network.rules(&Facts::new());
    let (picture, film) = (image(&rules), film(&rules));
    let titled = json!({ "title": "Hello" });
    assert_eq!(found(network, &titled, &[picture.clone(), film.clone()], 1), []);
    assert_eq!(pairs(&found(network, &titled, &[picture], 1)), [("media.missing", "/parts/0/media")]);
    let two = found(network, &titled, &[film.clone(), film.clone()], 1);
    assert_eq!(pairs(&two), [("media.too_many", "/parts/0/media/1")]);
    // Five of 99 and a comma between each: 499; a space costs its quotes.
    let tags = |last: &str| {
        let mut tags = vec!["x".repeat(99); 4];
        tags.push(last.to_owned());
        found(network, &json!({ "title": "Hello", "tags": tags }), std::slice::from_ref(&film), 1)
    };
    assert_eq!(tags(&"x".repeat(100)), []);
    assert_eq!(pairs(&tags(&format!("{} y", "x".repeat(98)))), [("settings.invalid", "/settings/tags")]);
    let angled = verdict(network, &[(Document::from_plain("a < b"), vec![film])]);
    assert_eq!(codes(&angled), ["text.characters"]);
}

#[test]
fn mewe_wants_a_place_and_in_a_group_which() {
    let registry = networks();
    let network = registry.get("mewe").unwrap();
    let of = |settings: Value| found(network, &settings, &[], 1);
    assert_eq!(of(json!({ "postType": "timeline" })), []);
    assert_eq!(of(json!({ "postType": "group", "group": "60ffe9492f19cd2677b0f1a5" })), []);
    let group = json!({ "postType": "group" });
    assert_eq!(pairs(&of(group)), [("settings.missing", "/settings/group")]);
    assert_eq!(pairs(&of(json!({ "postType": "group", "group": "" }))), [("settings.missing", "/settings/group")]);
    // What stands in an address is nothing but an id.
    let elsewhere = of(json!({ "postType": "group", "group": "../me" }));
    assert_eq!(pairs(&elsewhere), [("settings.invalid", "/settings/group")]);
    let film = MediaItem { mime: "video/mp4".into(), ..image(&network.rules(&Facts::new())) };
    let films = verdict(network, &[(Document::from_plain("x"), vec![film])]);
    assert_eq!(codes(&films), ["media.type"]);
}

#[test]
fn peertube_takes_one_video_and_a_description_that_is_none_or_some() {
    let registry = networks();
    let network = registry.get("peertube").unwrap();
    let film = film(&network.rules(&Facts::new()));
    let of = |words: &str| {
        let verdict = verdict(network, &[(Document::from_plain(words), vec![film.clone()])]);
        verdict.findings.into_iter().map(|finding| (finding.code.clone(), finding.is_error())).collect::<Vec<_>>()
    };
    assert_eq!((of(""), of("ab"), of("abc")), (vec![], vec![("text.left_out".to_owned(), false)], vec![]));
    let two = found(network, &json!({ "title": "Hello" }), &[film.clone(), film], 1);
    assert!(pairs(&two).contains(&("media.too_many", "/parts/0/media/1")), "{two:?}");
}

#[test]
fn events_and_offers_on_google_have_a_title_and_days_and_a_button_its_address() {
    let registry = networks();
    let network = registry.get("gmb").unwrap();
    let of = |settings: Value| found(network, &settings, &[], 1);
    assert_eq!(of(json!({})), []);
    let event = json!({ "topicType": "EVENT", "eventTitle": "A feast", "eventStartDate": "2026-12-24", "eventEndDate": "2026-12-24" });
    assert_eq!(of(event.clone()), []);
    for (setting, value, code) in [
        ("eventTitle", "", "settings.missing"),
        ("eventStartDate", "", "settings.missing"),
        ("eventStartDate", "2026-02-30", "settings.invalid"),
        ("eventEndDate", "2026-12-23", "settings.invalid"),
        ("eventStartTime", "25:00", "settings.invalid"),
    ] {
        let mut wrong = event.clone();
        wrong[setting] = value.into();
        let found = of(wrong);
        assert_eq!(pairs(&found), [(code, format!("/settings/{setting}").as_str())], "{setting}");
    }
    let button = of(json!({ "callToActionType": "BOOK" }));
    assert_eq!(pairs(&button), [("settings.missing", "/settings/callToActionUrl")]);
    assert_eq!(of(json!({ "callToActionType": "CALL" })), []);
    let rules = network.rules(&Facts::new());
    let small = found(network, &json!({}), &[MediaItem { width: 249, ..image(&rules) }], 1);
    assert_eq!(pairs(&small), [("media.too_small", "/parts/0/media/0")]);
}

#[test]
fn those_that_fetch_files_refuse_and_the_webhook_warns_of_files_nobody_can_fetch() {
    let registry = networks();
    for (id, errors, findings) in
        [("nostr", 1, 1), ("threads", 1, 1), ("mattermost", 1, 1), ("gmb", 1, 1), ("webhook", 0, 1), ("mastodon", 0, 0)]
    {
        let network = registry.get(id).unwrap();
        let hidden = MediaItem { url: None, ..image(&network.rules(&Facts::new())) };
        let verdict = verdict(network, &[(Document::from_plain("x"), vec![hidden])]);
        assert_eq!((codes(&verdict).len(), verdict.findings.len()), (errors, findings), "{id}");
    }
}
