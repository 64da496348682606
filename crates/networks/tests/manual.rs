//! The manual's pages about networks against the code: the table of what each can do is made from it, and the page of each
//! network says what the code does. With `UPDATE_DOCS=1` the table is written anew.
#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

use crier_model::formatting::Editor;
use crier_model::rules::{MediaKind, PartsKind, Ratio, Rules, Unit};
use crier_networks::connect::Facts;
use crier_networks::plugs::Whose;
use crier_networks::{Abilities, Connect, Network, Registry, Way, registry};
use serde_json::Value;
use std::fmt::Write;
use std::path::PathBuf;

const HEAD: &str = "\
# Networks

What each network is and takes. The tables are made from the code; limits are those of a server that says nothing of its own.

";

fn pages() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/networks")
}

fn networks() -> Registry {
    Registry::new(&registry::Settings {
        playground: Some("http://127.0.0.1:9".parse().unwrap()),
        ..registry::Settings::default()
    })
}

#[test]
fn the_table_of_networks_is_fresh() {
    let file = pages().join("README.md");
    let fresh = table(&networks());
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::write(&file, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == fresh,
        "docs/src/networks/README.md is stale: UPDATE_DOCS=1 cargo test -p crier-networks --test manual"
    );
}

#[test]
fn the_page_of_each_network_says_what_the_code_does() {
    let mut wrong = Vec::new();
    for network in networks().all() {
        let about = network.about();
        let file = pages().join(format!("{}.md", about.id));
        let Ok(page) = std::fs::read_to_string(&file) else {
            wrong.push(format!("{}: it has no page", about.id));
            continue;
        };
        // Lines are broken where they are full.
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let lacking = said(network).into_iter().filter(|words| !page.contains(words.as_str()));
        wrong.extend(lacking.map(|words| format!("{}: “{words}” is not on its page", about.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What can be done with what is published, as its page says it.
fn afterwards(network: &dyn Network) -> String {
    let Abilities { post_metrics, channel_metrics, delete, edit, reposts, comments, .. } = Abilities::of(network);
    let (delete, edit, posts, account) = (yes(delete), yes(edit), yes(post_metrics), yes(channel_metrics));
    let mut said = format!(
        "Deleting from here: {delete}. Changing the words from here: {edit}. Numbers of posts: {posts}. Numbers of the account: {account}."
    );
    if reposts.is_some() || comments.is_some() {
        write!(said, " [Automations](../plugs.md): reposts {}, comments {}.", of(reposts), of(comments)).unwrap();
    }
    said
}

/// Whose posts a channel can do something with by itself.
fn of(whose: Option<Whose>) -> &'static str {
    match whose {
        None => "no",
        Some(Whose::Own) => "its own posts",
        Some(Whose::SameServer) => "posts of the same server",
        Some(Whose::Anyones) => "yes",
    }
}

fn yes(can: bool) -> &'static str {
    if can { "yes" } else { "no" }
}

/// What a network's page must say.
fn said(network: &dyn Network) -> Vec<String> {
    let rules = network.rules(&Facts::new());
    let mut words = vec![
        format!("# {}", network.about().name),
        format!("Text of {} characters", grouped(rules.text.max)),
        if rules.media.max_count == 0 { "No files.".to_owned() } else { format!("p to {} ", rules.media.max_count) },
        format!("up to {} parts", rules.parts.max),
        "## Refusals you may meet".to_owned(),
        format!("## Afterwards {}", afterwards(network)),
        "## Published once".to_owned(),
        "redirect URI".to_owned(),
    ];
    words.extend(rules.text.max_with_media.map(|max| format!("{} characters beside files", grouped(max))));
    words.extend(rules.text.max_bytes.map(|max| format!("{} bytes", grouped(max))));
    words.extend(rules.text.link_length.map(|length| format!("**Every link counts {length}**")));
    words.extend(rules.media.alt_max.map(|max| format!("up to {} characters", grouped(max))));
    words.extend(rules.media.kinds.iter().filter_map(frames));
    for way in network.ways() {
        words.extend((!way.name.is_empty()).then(|| format!("**{}**", way.name)));
        words.extend(way_said(network, way.connect));
    }
    let settings = settings(network);
    if settings.is_empty() {
        words.push("It has no settings.".to_owned());
    }
    for Setting { name, title, values, .. } in settings {
        words.push(format!("{title} (`{name}`)"));
        words.extend(values.into_iter().map(|value| format!("`{value}`")));
    }
    words
}

fn way_said(network: &dyn Network, connect: Connect<'_>) -> Vec<String> {
    let mut words = Vec::new();
    match connect {
        Connect::OAuth2(oauth2) => {
            let slash = if oauth2.redirect_ends_in_slash() { "/" } else { "" };
            words.push(format!("`PUBLIC_URL/integrations/social/{}{slash}`", network.about().id));
            words.extend(oauth2.scopes().iter().map(|scope| format!("`{}`", scope.id)));
            words.extend(oauth2.instance().map(|field| format!("**{}**", field.label)));
        }
        Connect::Dialog(_) => {}
        Connect::OAuth1(_) => words.push(format!("`PUBLIC_URL/integrations/social/{}`", network.about().id)),
        Connect::Form(form) => words.extend(form.fields().iter().map(|field| format!("**{}**", field.label))),
        Connect::Extension(extension) => {
            words.extend(extension.site().cookies.iter().map(|name| format!("`{name}`")));
        }
    }
    words
}

fn table(registry: &Registry) -> String {
    let mut page = HEAD.to_owned();
    let mut row = |cells: &[String]| writeln!(page, "| {} |", cells.join(" | ")).unwrap();
    let columns =
        ["network", "connect by", "text", "files", "descriptions", "formatting", "parts", "settings", "a lost answer"];
    row(&columns.map(str::to_owned));
    row(&columns.map(|_| "---".to_owned()));
    for network in registry.all() {
        let (about, rules) = (network.about(), network.rules(&Facts::new()));
        let names: Vec<String> = settings(network).iter().map(|setting| format!("`{}`", setting.name)).collect();
        row(&[
            format!("[{}]({}.md)", about.name, about.id),
            connecting(network),
            text(&rules),
            files(&rules),
            rules.media.alt_max.map_or_else(|| "none".to_owned(), |max| format!("{} characters", grouped(max))),
            formatting(network).to_owned(),
            parts(&rules),
            if names.is_empty() { "none".to_owned() } else { names.join(", ") },
            match (has_key(about.id), network.recent().is_some()) {
                (true, true) => "same key, or looked for",
                (true, false) => "same key",
                (false, true) => "looked for",
                (false, false) => "you are asked",
            }
            .to_owned(),
        ]);
    }
    page.push_str("\n## What it can do besides\n\n");
    let mut row = |cells: &[&str]| writeln!(page, "| {} |", cells.join(" | ")).unwrap();
    let columns = [
        "network",
        "needs an app of yours",
        "asks what to connect",
        "looks up settings",
        "suggests mentions",
        "names of its own",
        "numbers of posts",
        "numbers of the account",
        "deletes",
        "changes words",
        "reposts by itself",
        "comments by itself",
    ];
    row(&columns);
    row(&columns.map(|_| "---"));
    for network in registry.all() {
        let can = Abilities::of(network);
        row(&[
            network.about().name,
            yes(!network.about().works_at_once),
            yes(network.choosing().is_some()),
            yes(can.lookup),
            yes(can.mentions),
            yes(can.nickname.is_some()),
            yes(can.post_metrics),
            yes(can.channel_metrics),
            yes(can.delete),
            yes(can.edit),
            of(can.reposts),
            of(can.comments),
        ]);
    }
    page.push_str("\n## File types\n\n| network | types | up to |\n| --- | --- | --- |\n");
    for network in registry.all() {
        for kind in network.rules(&Facts::new()).media.kinds {
            writeln!(page, "| {} | {} | {} |", network.about().name, kind.mime.join(", "), size(&kind)).unwrap();
        }
    }
    page.push_str("\n## Settings\n\n| network | setting | values | what it does |\n| --- | --- | --- | --- |\n");
    for network in registry.all() {
        for setting in settings(network) {
            let values: Vec<String> = setting.values.iter().map(|value| format!("`{value}`")).collect();
            let values = if values.is_empty() { setting.kind } else { values.join(", ") };
            let (name, title) = (setting.name, setting.title);
            writeln!(page, "| {} | {title} (`{name}`) | {values} | {} |", network.about().name, setting.says).unwrap();
        }
    }
    page
}

/// Whether the network does a thing once for one key, as its fixture of a plain text says.
fn has_key(network: &str) -> bool {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(network).join("text.json");
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    fixture["once"] != "none"
}

fn connecting(network: &dyn Network) -> String {
    let way = |way: Way<'_>| match way.connect {
        Connect::OAuth2(oauth2) if oauth2.instance().is_some() => "signing in at your server".to_owned(),
        Connect::OAuth2(_) | Connect::OAuth1(_) => "signing in".to_owned(),
        Connect::Dialog(_) => "its bot".to_owned(),
        Connect::Extension(_) => "the browser extension".to_owned(),
        Connect::Form(form) => {
            let required = form.fields().into_iter().filter(|field| field.required);
            format!("form: {}", required.map(|field| field.label.to_lowercase()).collect::<Vec<_>>().join(", "))
        }
    };
    network.ways().into_iter().map(way).collect::<Vec<_>>().join("; or ")
}

fn text(rules: &Rules) -> String {
    let unit = match rules.text.unit {
        Unit::Grapheme => "characters",
        Unit::Utf16 => "UTF-16 units",
        Unit::Weighted => "weighted characters",
        Unit::Byte => "bytes",
        Unit::EmojiBytes => "characters, an emoji its bytes",
    };
    let mut text = format!("{} {unit}", grouped(rules.text.max));
    if let Some(max) = rules.text.max_with_media {
        write!(text, ", {} beside files", grouped(max)).unwrap();
    }
    if let Some(max) = rules.text.max_bytes {
        write!(text, ", {} bytes", grouped(max)).unwrap();
    }
    if let Some(length) = rules.text.link_length {
        write!(text, "; a link counts {length}").unwrap();
    }
    if rules.text.short_mentions {
        text.push_str("; a mention counts without its server");
    }
    text
}

/// What readers see of a text's formatting.
fn formatting(network: &dyn Network) -> &'static str {
    match network.formatting().editor() {
        Editor::Plain => "none",
        Editor::Standard => "words and links",
        Editor::Markdown => "Markdown",
        Editor::Html => "all",
    }
}

fn files(rules: &Rules) -> String {
    let kinds: Vec<&str> = ["image", "video", "audio"]
        .into_iter()
        .filter(|kind| rules.media.kinds.iter().flat_map(|of| &of.mime).any(|mime| mime.starts_with(kind)))
        .collect();
    if rules.media.max_count == 0 {
        "none".to_owned()
    } else {
        format!("{} ({})", rules.media.max_count, kinds.join(", "))
    }
}

fn parts(rules: &Rules) -> String {
    match rules.parts.kind {
        PartsKind::Thread => format!("thread of {}", rules.parts.max),
        PartsKind::Comment => format!("{} comments", rules.parts.max - 1),
        PartsKind::None => "one".to_owned(),
    }
}

fn size(kind: &MediaKind) -> String {
    let number = |number: u64| grouped(usize::try_from(number).unwrap());
    let seconds = |ms: u64| format!("{}", ms as f64 / 1000.0);
    let ratio = |of: Ratio| format!("{}:{}", of.width, of.height);
    let mut said = vec![format!("{} bytes", number(kind.max_bytes))];
    said.extend(kind.max_width.map(|max| format!("{max} pixels wide")));
    said.extend(kind.max_height.map(|max| format!("{max} pixels high")));
    said.extend(kind.max_pixels.map(|max| format!("{} pixels in all", number(max))));
    said.extend(kind.max_sides.map(|max| format!("{} pixels of both sides together", number(max.into()))));
    said.extend(kind.min_side.map(|min| format!("at least {min} pixels a side")));
    said.extend(kind.max_ratio.map(|max| format!("up to {max} times as long as wide")));
    said.extend(kind.narrowest.map(|least| format!("{} or wider", ratio(least))));
    said.extend(kind.widest.map(|most| format!("{} or narrower", ratio(most))));
    said.extend(kind.min_duration_ms.map(|min| format!("at least {} s", seconds(min))));
    said.extend(kind.max_duration_ms.map(|max| format!("up to {} s", seconds(max))));
    said.extend(frames(kind));
    said.extend((!kind.codecs.is_empty()).then(|| kind.codecs.join("/")));
    said.join(", ")
}

fn frames(kind: &MediaKind) -> Option<String> {
    match (kind.min_frame_rate, kind.max_frame_rate) {
        (Some(min), Some(max)) => Some(format!("{min} to {max} frames a second")),
        (None, Some(max)) => Some(format!("up to {max} frames a second")),
        (Some(min), None) => Some(format!("at least {min} frames a second")),
        (None, None) => None,
    }
}

struct Setting {
    name: String,
    title: String,
    says: String,
    kind: String,
    values: Vec<String>,
}

fn settings(network: &dyn Network) -> Vec<Setting> {
    let schema = network.settings_schema();
    let text = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let setting = |(name, of): (String, Value)| Setting {
        name,
        title: text(&of, "title"),
        says: text(&of, "description"),
        kind: match text(&of, "type").as_str() {
            "boolean" => "yes or no".to_owned(),
            "string" => "text".to_owned(),
            other => other.to_owned(),
        },
        values: of["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
    };
    properties.into_iter().map(setting).collect()
}

/// Thousands apart by a space, from 10 000.
fn grouped(number: usize) -> String {
    if number < 10_000 {
        return number.to_string();
    }
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| std::str::from_utf8(group).unwrap());
    [head].into_iter().filter(|head| !head.is_empty()).chain(groups).collect::<Vec<_>>().join(" ")
}
