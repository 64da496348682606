//! One suite that every network passes from its fixtures: connecting, publishing each thing it can carry, every class of
//! refusal, a crash at any step, and silence about secrets. A network without its fixtures fails.
//!
//! The fixtures are written after the networks' documents; `peers/` is where real servers have their say.
#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

mod fixture;
#[allow(dead_code, reason = "forgetting is for the tests against peers")]
mod journal;
mod large;
mod limits;
mod log;
mod needed;
mod relay;
mod server;
mod signature;
mod way;
mod world;

use fixture::{Action, Fixture, Raw};
use journal::Notebook;
use std::collections::BTreeSet;
use world::{Outcome, World, class};

fn networks() -> Vec<String> {
    let registry = world::registry("http://127.0.0.1:9");
    registry.all().map(|network| network.about().id.to_owned()).collect()
}

#[test]
fn every_network_has_the_fixtures_it_needs() {
    let registry = world::registry("http://127.0.0.1:9");
    let mut wrong = Vec::new();
    for network in registry.all() {
        let id = network.about().id;
        let raws = fixture::of(id);
        let fixtures: Vec<Fixture> = raws.iter().map(Raw::plain).collect();
        wrong.extend(needed::lacking(network, &fixtures).into_iter().map(|name| format!("{id}: nothing shows {name}")));
        for (raw, fixture) in raws.iter().zip(&fixtures) {
            let name = &raw.name;
            let cannot = fixture.shows.iter().filter(|shown| !needed::can_show(shown, fixture));
            wrong.extend(cannot.map(|shown| format!("{name}: it can't show {shown}")));
            let unkeyed = fixture.action.is_done_once() && fixture.expect.ok().is_some() && fixture.once.is_none();
            if unkeyed {
                wrong.push(format!("{name}: it doesn't say by what it is done once"));
            }
            if fixture.source.trim().is_empty() {
                wrong.push(format!("{name}: it names no source"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_network_without_fixtures_fails() {
    let registry = world::registry("http://127.0.0.1:9");
    for network in registry.all() {
        let lacking = needed::lacking(network, &[]);
        assert!(lacking.len() >= 11, "{}: {lacking:?}", network.about().id);
    }
    assert!(fixture::of("no-such-network").is_empty());
}

#[tokio::test]
async fn every_fixture_comes_out_as_written_and_tells_no_secret() {
    log::keep();
    let mut wrong = Vec::new();
    for network in networks() {
        for raw in fixture::of(&network) {
            let world = World::new(&network, &raw, false).await;
            let outcome = world.run(&Notebook::default()).await;
            let mut found = world.complaints();
            found.extend(world.unexpected(&outcome));
            found.extend(leaks(&world, &outcome));
            wrong.extend(found.into_iter().map(|what| format!("{}: {what}", raw.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(log::kept().contains("the log is kept"));
}

fn leaks(world: &World, outcome: &Outcome) -> Vec<String> {
    let told = format!("{} {}", outcome.words, log::kept());
    let leaked = world.fixture.secrets().into_iter().filter(|secret| told.contains(secret));
    leaked.map(|secret| format!("“{secret}” was told")).collect()
}

/// Where a server is sent the token, it may repeat it: the suite must have seen that this is not passed on.
#[test]
fn every_network_meets_a_server_that_repeats_the_token() {
    for network in networks() {
        let raws = fixture::of(&network);
        let fixtures: Vec<Fixture> = raws.iter().map(Raw::plain).filter(|it| !it.exchanges.is_empty()).collect();
        let repeats = |fixture: &Fixture| {
            let secrets = fixture.secrets();
            let mut answers = fixture.exchanges.iter().map(|it| format!("{:?}", it.response));
            fixture.expect.refused().is_some()
                && answers.any(|answer| secrets.iter().any(|secret| answer.contains(secret)))
        };
        let sends_it = network != "webhook" && !fixtures.is_empty();
        assert!(!sends_it || fixtures.iter().any(repeats), "{network}: no answer repeats the token");
    }
}

#[tokio::test]
async fn a_crash_at_any_step_neither_loses_nor_doubles_a_post() {
    log::keep();
    let mut wrong = Vec::new();
    let mut crashes = 0;
    for network in networks() {
        for raw in fixture::of(&network) {
            let plain = raw.plain();
            if !plain.action.is_done_once() || plain.expect.ok().is_none() {
                continue;
            }
            let whole = Notebook::default();
            World::new(&network, &raw, false).await.run(&whole).await;
            for at in 0..whole.operations() {
                crashes += 1;
                let found = crash(&network, &raw, at).await;
                wrong.extend(found.map(|what| format!("{} killed at {at}: {what}", raw.name)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(crashes > 50, "only {crashes} crashes were tried");
}

/// Kills a run at its journal's operation `at` and takes it up again.
async fn crash(network: &str, raw: &Raw, at: usize) -> Option<String> {
    let world = World::new(network, raw, true).await;
    let notebook = Notebook::default();
    notebook.die_after(Some(at));
    if let Ok(value) = world.run(&notebook).await.result {
        return Some(format!("it should have died, and came to {value}"));
    }
    notebook.die_after(None);
    let outcome = world.run(&notebook).await;
    let has_key = world.fixture.once.as_deref() != Some("none");
    let keys = keys(&world);
    let distinct: BTreeSet<_> = keys.iter().collect();
    if let Err(told) = &outcome.result
        && told.refusal.as_ref().map(class) == Some("unknown")
        && !has_key
    {
        // Nothing can tell but a look at what is there, by the network's listing or by a person.
        return (keys.len() > 1).then(|| format!("without a key it was done {} times", keys.len()));
    }
    if let Some(complaint) = world.complaints().into_iter().next() {
        return Some(complaint);
    }
    if has_key && (distinct.len() != 1 || keys[0].is_empty()) {
        return Some(format!("it was done under the keys {keys:?}"));
    }
    if !has_key && keys.len() != 1 {
        return Some(format!("without a key it was done {} times", keys.len()));
    }
    world.unexpected(&outcome)
}

#[tokio::test]
async fn what_is_done_ahead_is_not_done_again_and_shows_nothing() {
    log::keep();
    let mut wrong = Vec::new();
    let mut uploaded = BTreeSet::new();
    for network in networks() {
        for raw in fixture::of(&network) {
            let plain = raw.plain();
            if plain.action != Action::Publish || plain.expect.ok().is_none() {
                continue;
            }
            let world = World::new(&network, &raw, false).await;
            let notebook = Notebook::default();
            let ahead = world.run_ahead(&notebook).await;
            if let Err(told) = ahead.result {
                wrong.push(format!("{} ahead of time: {}", raw.name, told.message));
            }
            let last = plain.exchanges.len().checked_sub(1);
            let calls = world.server.calls();
            if calls.iter().any(|call| call.exchange == last) {
                wrong.push(format!("{}: it is published ahead of time", raw.name));
            }
            let outcome = world.run(&notebook).await;
            if !calls.is_empty() {
                uploaded.insert(network.clone());
                let then = &world.server.calls()[calls.len()..];
                wrong.extend(left_to_do(&raw, &network, then));
            }
            wrong.extend(world.complaints().into_iter().map(|what| format!("{} after all: {what}", raw.name)));
            wrong.extend(world.unexpected(&outcome).map(|what| format!("{} after all: {what}", raw.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (network, _) in EARLY {
        assert!(uploaded.contains(*network), "{network} uploads nothing ahead");
    }
    for network in uploaded {
        assert!(EARLY.iter().any(|(early, _)| *early == network), "{network} is not among those that upload ahead");
    }
}

/// The networks that take files before their post, and the most calls that are then left for its time: the one that publishes, and what
/// must be asked around it.
const EARLY: &[(&str, usize)] = &[
    ("bluesky", 1),
    ("facebook", 3),
    ("friendica", 1),
    // A draft is looked for, made and published.
    ("ghost", 3),
    ("hashnode", 1),
    // The address of the post is asked for.
    ("instagram", 2),
    ("instagram-standalone", 2),
    ("lemmy", 1),
    ("linkedin", 1),
    ("linkedin-page", 1),
    ("listmonk", 3),
    ("mastodon", 1),
    ("matrix", 2),
    ("mewe", 1),
    ("misskey", 1),
    // The last piece, after a look at what is there.
    ("peertube", 2),
    ("pinterest", 1),
    ("pixelfed", 1),
    ("playground", 1),
    ("playground_pages", 1),
    // Reddit names a post of files only in its listing.
    ("reddit", 3),
    ("slack", 1),
    ("threads", 2),
    ("whop", 1),
    ("wordpress", 3),
    ("x", 1),
    ("youtube", 4),
];

/// What is wrong with the calls at the due time of what was made ready before it.
fn left_to_do(raw: &Raw, network: &str, then: &[server::Call]) -> Vec<String> {
    let mut wrong = Vec::new();
    let most = EARLY.iter().find(|(early, _)| *early == network).map_or(0, |(_, most)| *most);
    // A story is published for each file.
    let files = raw.plain().given.media.len().max(1);
    if then.len() > most.max(files + 1) || (files == 1 && then.len() > most) {
        wrong.push(format!("{}: {} calls are left for the due time", raw.name, then.len()));
    }
    let whole = |call: &server::Call| String::from_utf8_lossy(&call.body).contains("the bytes of ");
    // The last piece of a video is what publishes it; small ones have but one.
    if !["peertube", "youtube", "pinterest"].contains(&network) && then.iter().any(whole) {
        wrong.push(format!("{}: a file is brought at the due time", raw.name));
    }
    wrong
}

#[tokio::test]
async fn a_crash_while_it_is_made_ready_is_taken_up_again() {
    log::keep();
    let (mut wrong, mut crashes) = (Vec::new(), 0);
    for network in networks() {
        for raw in fixture::of(&network) {
            let plain = raw.plain();
            if plain.action != Action::Publish || plain.expect.ok().is_none() {
                continue;
            }
            let whole = Notebook::default();
            World::new(&network, &raw, false).await.run_ahead(&whole).await;
            for at in 0..whole.operations() {
                crashes += 1;
                let world = World::new(&network, &raw, true).await;
                let notebook = Notebook::default();
                notebook.die_after(Some(at));
                if world.run_ahead(&notebook).await.result.is_ok() {
                    wrong.push(format!("{} killed at {at}: it should have died", raw.name));
                }
                notebook.die_after(None);
                if let Err(told) = world.run_ahead(&notebook).await.result {
                    wrong.push(format!("{} killed at {at}, and taken up again: {}", raw.name, told.message));
                }
                let outcome = world.run(&notebook).await;
                let found = world.complaints().into_iter().chain(world.unexpected(&outcome));
                wrong.extend(found.map(|what| format!("{} killed at {at}: {what}", raw.name)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(crashes > 50, "only {crashes} crashes were tried");
}

/// A post that was held for a day: the network has forgotten the file meanwhile.
#[tokio::test]
async fn a_file_uploaded_long_ago_is_uploaded_again() {
    for (network, uploads) in [("mastodon", 2), ("bluesky", 2), ("slack", 2), ("x", 2), ("playground", 1)] {
        let raw = fixture::of(network).into_iter().find(|raw| raw.name.ends_with("/image")).unwrap();
        let whole = Notebook::default();
        World::new(network, &raw, false).await.run(&whole).await;
        let mut world = World::new(network, &raw, true).await;
        let notebook = Notebook::default();
        notebook.die_after(Some(whole.operations() - 2));
        assert!(world.run(&notebook).await.result.is_err(), "{network}");
        notebook.die_after(None);
        world.fixture.given.late = 26 * 60;
        let outcome = world.run(&notebook).await;
        assert_eq!(world.unexpected(&outcome), None, "{network}");
        let calls = world.server.calls().into_iter().filter(|call| call.exchange == Some(0));
        assert_eq!(calls.count(), uploads, "{network}");
    }
}

/// The keys of the calls that do it, in order.
fn keys(world: &World) -> Vec<String> {
    let last = world.fixture.exchanges.len().checked_sub(1);
    let calls = world.server.calls().into_iter().filter(|call| call.exchange.is_some() && call.exchange == last);
    let once = world.fixture.once.as_deref().unwrap_or_default();
    match once.split_once(':') {
        Some(("header", name)) => calls.map(|call| call.headers.get(name).cloned().unwrap_or_default()).collect(),
        Some(("json", at)) => {
            let key = |body: serde_json::Value| body.pointer(at).map(ToString::to_string).unwrap_or_default();
            calls.map(|call| key(call.json())).collect()
        }
        Some(("form", name)) => {
            let field = |call: server::Call| {
                let mut fields = url::form_urlencoded::parse(&call.body);
                fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
            };
            calls.map(field).collect()
        }
        Some(("relay", at)) => {
            let heard = world.relays.iter().flat_map(relay::Relay::heard).filter(|heard| heard[0] == "EVENT");
            heard.map(|heard| heard.pointer(at).map(ToString::to_string).unwrap_or_default()).collect()
        }
        _ => calls.map(|call| call.path).collect(),
    }
}
