//! What fixtures a network must have, by what it is; and whether a fixture shows what it says it shows.

use crate::fixture::{Action, Fixture, Line};
use crier_model::rules::PartsKind;
use crier_networks::connect::Facts;
use crier_networks::lookup::Lookup;
use crier_networks::{Connect, Network, Way};

/// The names a network's fixtures must show between them.
pub fn needed(network: &dyn Network, fixtures: &[Fixture]) -> Vec<String> {
    let works_at_once = network.about().works_at_once;
    let connecting = |way: Way<'_>| connecting(way.connect, works_at_once, fixtures);
    let mut names: Vec<_> = network.ways().into_iter().flat_map(connecting).collect();
    if network.choosing().is_some() {
        names.extend(["choices", "choices:none", "choices:auth", "probe", "probe:refused"]);
        let own = fixtures.iter().any(|fixture| fixture.action == Action::Choices && gives_credentials(fixture));
        names.extend(["derive", "derive:refused"].into_iter().filter(|_| own));
    }
    let rules = network.rules(&Facts::new());
    names.extend(["text", "mention", "link"]);
    if !network.is_feed() {
        // Where nothing is called, nothing refuses.
        names.extend(["refused:auth", "refused:content", "refused:rate_limit", "refused:temporary", "lost"]);
    }
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    if rules.media.max_count > 0 {
        names.push("image".to_owned());
    }
    if rules.media.max_count > 1 {
        names.push("images".to_owned());
    }
    if rules.parts.kind != PartsKind::None && rules.parts.max > 1 {
        names.push("part".to_owned());
    }
    if rules.parts.kind == PartsKind::Thread && rules.parts.max > 2 {
        names.push("deep part".to_owned());
    }
    let lookups = network.lookup().map(Lookup::names).unwrap_or_default();
    names.extend(lookups.iter().flat_map(|name| [format!("lookup:{name}"), format!("lookup:{name}:auth")]));
    if network.nickname().is_some() {
        names.extend(["nickname", "nickname:none", "nickname:refused"].map(str::to_owned));
    }
    if network.recent().is_some() {
        names.extend(["find", "find:absent"].map(str::to_owned));
    }
    if network.post_metrics().is_some() {
        names.push("post_metrics".to_owned());
    }
    if network.channel_metrics().is_some() {
        names.push("channel_metrics".to_owned());
    }
    if network.delete().is_some() {
        names.extend(["delete", "delete:gone"].map(str::to_owned));
    }
    if network.edit().is_some() {
        names.push("edit".to_owned());
        names.extend((!network.is_feed()).then(|| "edit:refused".to_owned()));
    }
    if network.reposts().is_some() {
        names.extend(["repost", "repost:refused"].map(str::to_owned));
    }
    if network.comments().is_some() {
        names.push("comment".to_owned());
    }
    let schema = network.settings_schema();
    let settings = schema["properties"].as_object().into_iter().flatten();
    names.extend(settings.map(|(name, _)| format!("setting:{name}")));
    for way in network.ways() {
        if let Connect::Form(form) = way.connect {
            let required = form.fields().into_iter().filter(|field| field.required);
            names.extend(required.map(|field| format!("sign_in:{}", field.name)));
        }
    }
    names
}

fn connecting(connect: Connect<'_>, works_at_once: bool, fixtures: &[Fixture]) -> Vec<&'static str> {
    match connect {
        Connect::OAuth2(oauth2) => {
            let mut names = vec!["discover", "identify", "identify:auth"];
            if works_at_once && !oauth2.by_document() {
                names.push("register");
            }
            if oauth2.instance().is_some() {
                names.push("discover:other");
            }
            names
        }
        Connect::OAuth1(_) | Connect::Dialog(_) | Connect::Extension(_) => vec!["identify", "identify:auth"],
        Connect::Form(_) => {
            let mut names = vec!["sign_in"];
            let renewed = |fixture: &Fixture| {
                let token = fixture.expect.ok().and_then(|ok| ok.pointer("/credentials/refresh_token"));
                token.is_some_and(|token| !token.is_null())
            };
            if fixtures.iter().any(renewed) {
                names.extend(["refresh", "refresh:auth"]);
            }
            names
        }
    }
}

/// Those of [`needed`] that no fixture shows.
pub fn lacking(network: &dyn Network, fixtures: &[Fixture]) -> Vec<String> {
    let shown = |name: &String| fixtures.iter().any(|fixture| fixture.shows.contains(name));
    needed(network, fixtures).into_iter().filter(|name| !shown(name)).collect()
}

/// Whether a fixture is of the kind that can show `name`.
pub fn can_show(name: &str, fixture: &Fixture) -> bool {
    let given = &fixture.given;
    let words = given.html.as_deref().unwrap_or(&given.text);
    let class = fixture.expect.refused().and_then(|refused| refused.class.as_deref());
    let ok = fixture.expect.ok();
    let publishes = fixture.action == Action::Publish;
    let published = publishes && ok.is_some();
    match name {
        "discover" => fixture.action == Action::Discover && ok.is_some(),
        "discover:other" => fixture.action == Action::Discover && class.is_some(),
        "register" => fixture.action == Action::Register && ok.is_some(),
        "identify" => fixture.action == Action::Identify && ok.is_some(),
        "identify:auth" => fixture.action == Action::Identify && class == Some("auth"),
        "sign_in" => fixture.action == Action::SignIn && ok.is_some(),
        "refresh" => fixture.action == Action::Refresh && ok.is_some(),
        "choices" => {
            fixture.action == Action::Choices
                && ok.and_then(serde_json::Value::as_array).is_some_and(|all| !all.is_empty())
        }
        "choices:none" => {
            fixture.action == Action::Choices && ok.and_then(serde_json::Value::as_array).is_some_and(Vec::is_empty)
        }
        "choices:auth" => fixture.action == Action::Choices && class == Some("auth"),
        "choices:unusable" => {
            let all = ok.and_then(serde_json::Value::as_array);
            fixture.action == Action::Choices && all.into_iter().flatten().any(|choice| !choice["unusable"].is_null())
        }
        "probe" => fixture.action == Action::Probe && ok.is_some(),
        "probe:refused" => fixture.action == Action::Probe && class.is_some(),
        "derive" => fixture.action == Action::Derive && ok.is_some(),
        "derive:refused" => fixture.action == Action::Derive && class.is_some(),
        "refresh:auth" => fixture.action == Action::Refresh && class == Some("auth"),
        "find" => fixture.action == Action::Find && ok.is_some_and(|ok| !ok.is_null()),
        "find:absent" => fixture.action == Action::Find && ok.is_some_and(serde_json::Value::is_null),
        "post_metrics" => fixture.action == Action::PostMetrics && of_posts(fixture).any(|post| !post.is_null()),
        "post_metrics:gone" => {
            fixture.action == Action::PostMetrics && of_posts(fixture).any(serde_json::Value::is_null)
        }
        "channel_metrics" => fixture.action == Action::ChannelMetrics && of_posts(fixture).next().is_some(),
        "delete" => fixture.action == Action::Delete && ok.is_some() && !is_gone(fixture),
        "delete:gone" => fixture.action == Action::Delete && ok.is_some() && is_gone(fixture),
        "edit" => fixture.action == Action::Edit && ok.is_some() && !words.is_empty(),
        "edit:refused" => fixture.action == Action::Edit && class.is_some(),
        "repost" => fixture.action == Action::Repost && ok.is_some(),
        "repost:refused" => fixture.action == Action::Repost && class.is_some(),
        "nickname" => fixture.action == Action::Nickname && ok.is_some() && !words.is_empty(),
        "nickname:none" => fixture.action == Action::Nickname && ok.is_some() && words.is_empty(),
        "nickname:refused" => fixture.action == Action::Nickname && class.is_some(),
        "comment" => fixture.action == Action::Comment && ok.is_some() && given.thread.is_some(),
        // Where a post always has a picture, the text is its caption.
        "text" => published && !words.is_empty(),
        "mention" => published && words.contains('@'),
        "link" => published && words.contains("https://"),
        "image" => published && given.media.len() == 1 && given.media.iter().all(|media| !media.alt.is_empty()),
        "images" => published && given.media.len() > 1,
        "part" => published && given.thread.is_some(),
        "deep part" => published && given.thread.as_ref().is_some_and(|thread| thread.root != thread.parent),
        "lost" => publishes && class.is_some() && loses_its_answer(fixture),
        _ => match name.split_once(':') {
            Some(("lookup", wanted)) => {
                let (wanted, refused) = wanted.split_once(':').map_or((wanted, false), |(name, _)| (name, true));
                let found = ok.and_then(serde_json::Value::as_array).is_some_and(|all| !all.is_empty());
                let shown = if refused { class == Some("auth") } else { found };
                fixture.action == Action::Lookup && given.lookup.name == wanted && shown
            }
            Some(("setting", setting)) => published && given.settings.contains_key(setting),
            Some(("sign_in", field)) => {
                fixture.action == Action::SignIn
                    && fixture.expect.refused().is_some_and(|refused| refused.field.as_deref() == Some(field))
            }
            Some(("refused", wanted)) => publishes && class == Some(wanted),
            _ => false,
        },
    }
}

/// The members of a list that comes of it.
fn of_posts(fixture: &Fixture) -> impl Iterator<Item = &serde_json::Value> {
    fixture.expect.ok().and_then(serde_json::Value::as_array).into_iter().flatten()
}

/// Whether the network says that what is to be deleted is not there, or nothing at all is said of it.
fn is_gone(fixture: &Fixture) -> bool {
    fixture.shows.iter().any(|shown| shown == "delete:gone")
}

/// Whether its choices come with credentials of their own.
fn gives_credentials(fixture: &Fixture) -> bool {
    let all = fixture.expect.ok().and_then(serde_json::Value::as_array);
    all.into_iter().flatten().any(|choice| !choice["credentials"].is_null())
}

/// Whether the call that does it is heard and not answered.
fn loses_its_answer(fixture: &Fixture) -> bool {
    let dropped = fixture.exchanges.last().is_some_and(|exchange| exchange.response.drop);
    dropped || fixture.relays.iter().any(|lines| matches!(lines.last(), Some(Line::HangUp)))
}
