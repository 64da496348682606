//! When all goes well, and the ends people choose.

use crate::world::{ALL, World, code, no_attempt, refused, returning, stands};
use crier_connect::Landing;
use crier_model::{Code, NextKind, attempt::AttemptState as S};
use crier_networks::connect::Tokens;
use crier_store::{channels, due, testing::record::row};
use jiff::SignedDuration;
use serde_json::json;

#[tokio::test]
async fn an_account_becomes_a_channel_whose_tokens_work() {
    let world = World::start().await;
    let started = world.leave().await;
    let url = started.authorize_url.as_ref().unwrap().as_str();
    assert!(
        url.starts_with(&format!("{}/oauth/authorize?", world.origin)) && url.contains("code_challenge_method=S256")
    );
    assert_eq!(started.attempt.authorize_url.as_deref(), Some(url));

    let query = world.allow(&started).await;
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Connected, None));
    assert_eq!(view.account.as_ref().unwrap().handle, "ada");
    assert_eq!(view.authorize_url, None);
    assert!(view.missing.is_empty());
    let titles: Vec<_> = view.events.iter().map(|event| event.title.as_str()).collect();
    let expected = [
        "Started",
        "Sent to the network",
        "Back from the network",
        "Exchanging the code",
        "Tokens received",
        "Account identified",
        "Connected",
    ];
    assert_eq!(titles, expected);

    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!((channel.handle.as_str(), channel.name.is_empty()), ("ada", false));
    assert!(channel.scopes.iter().any(|scope| scope == "posts:write"));
    let credentials = world.handshake.fresh(channel.id, false).await.unwrap();
    let me = world.net.get(format!("{}/api/me", world.origin)).bearer(credentials.access_token.expose());
    assert_eq!(me.send().await.unwrap().status(), 200);
    assert_eq!(world.outcomes("token").await, ["ok"]);
}

#[tokio::test]
async fn the_row_holds_no_secret_afterwards_and_its_work_is_written() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let now = crier_model::Clock::now(world.clock.as_ref());
    let claimed =
        due::claim(&world.store, now + SignedDuration::from_hours(2), "t", 10, SignedDuration::from_mins(1)).await;
    let mut kinds: Vec<_> = claimed.unwrap().into_iter().map(|work| (work.kind, work.subject)).collect();
    kinds.sort();
    kinds.retain(|(_, subject)| *subject == channel.id.to_string());
    let written: Vec<_> = kinds.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(written, ["avatar", "numbers", "refresh"]);
    let attempts = world.handshake.of_channel(world.workspace, channel.id, world.user).await.unwrap();
    let row = crier_store::attempts::by_id(&world.store, attempts[0].id).await.unwrap();
    assert_eq!((row.parked, row.pkce_verifier), (None, None));
}

#[tokio::test]
async fn saying_no_ends_in_its_diagnosis() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.answer(&started, "ada", "deny", &[]).await;
    let view = world.land(&started, &query).await;
    row("consent denied", "failed: consent.denied", stands(&view));
    assert!(world.outcomes("token").await.is_empty() && world.channels().await.is_empty());
}

#[tokio::test]
async fn a_missing_optional_permission_asks_first_a_missing_required_one_ends() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.answer(&started, "ada", "allow", &["profile", "posts:write"]).await;
    let view = world.land(&started, &query).await;
    row("scope unticked, one that is not", "identified: consent.scope_missing", stands(&view));
    assert_eq!(view.diagnosis.as_ref().unwrap().next.kind, NextKind::Continue);
    let missing: Vec<_> = view.missing.iter().map(|scope| (scope.id.as_str(), scope.required)).collect();
    assert_eq!(missing, [("media:write", false), ("posts:read", false), ("metrics:read", false)]);
    assert!(world.channels().await.is_empty());
    let view = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected);
    assert_eq!(world.channels().await.len(), 1);

    let started = world.leave().await;
    let query = world.answer(&started, "grace", "allow", &["profile"]).await;
    let view = world.land(&started, &query).await;
    row("scope unticked, one that is needed", "failed: consent.scope_missing", stands(&view));
    let seen: Vec<_> = view.diagnosis.unwrap().evidence.into_iter().map(|e| e.value).collect();
    assert!(seen.iter().any(|value| value.starts_with("posts:write: ")), "{seen:?}");
    // What can't be used is given back.
    world.comes_to("revoke", &["ok", "ok"]).await;
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test]
async fn a_connect_stays_open_for_thirty_minutes() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.pass(29 * 60);
    row("29 minutes away", "connected", stands(&world.land(&started, &query).await));

    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.pass(31 * 60);
    let view = world.land(&started, &query).await;
    row("31 minutes away", "expired: state.expired", stands(&view));
    assert_eq!(world.outcomes("token").await.len(), 1);
}

#[tokio::test]
async fn returns_that_belong_to_nothing_say_so() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let nothing = |query: &crate::world::Query| returning(query, None, None);

    let mut forged = query.clone();
    forged.insert("state".to_owned(), "forged".to_owned());
    row("forged state", Code::StateUnknown, no_attempt(&world.handshake.callback(nothing(&forged)).await));
    assert_eq!(no_attempt(&world.handshake.callback(nothing(&Default::default())).await), Code::StateUnknown);

    let mut cut = query.clone();
    cut.remove("code");
    assert_eq!(no_attempt(&world.handshake.callback(nothing(&cut)).await), Code::StateUnknown);
    let mut other = nothing(&query);
    other.network = "mastodon".to_owned();
    assert_eq!(no_attempt(&world.handshake.callback(other).await), Code::IssuerMismatch);
    // None of these used the attempt up.
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
}

#[tokio::test]
async fn the_answer_of_another_server_is_not_used() {
    let world = World::start().await;
    for (name, kind, extra) in [
        ("mix-up: another issuer", "wrong_issuer", json!({"issuer": "https://evil.example"})),
        ("mix-up: no issuer", "missing_issuer", json!({})),
    ] {
        let mut fault = json!({"kind": kind, "times": 1});
        fault.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        world.fault(fault).await;
        let started = world.leave().await;
        let query = world.allow(&started).await;
        let view = world.land(&started, &query).await;
        row(name, "failed: issuer.mismatch", stands(&view));
    }
    assert!(world.outcomes("token").await.is_empty());
}

#[tokio::test]
async fn two_connects_at_once_do_not_disturb_each_other() {
    let world = World::start().await;
    let (first, second) = (world.leave().await, world.leave().await);
    let (of_first, of_second) = (world.allow(&first).await, world.answer(&second, "grace", "allow", ALL).await);
    assert_eq!(world.land(&second, &of_second).await.state, S::Connected);
    assert_eq!(world.view(first.attempt.id).await.state, S::Away);
    assert_eq!(world.land(&first, &of_first).await.state, S::Connected);
    assert_eq!(world.channels().await.len(), 2);
}

#[tokio::test]
async fn a_cancelled_connect_takes_no_code_and_gives_back_what_it_has() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let view = world.handshake.cancel(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Cancelled);
    assert_eq!(world.land(&started, &query).await.state, S::Cancelled);
    assert!(world.outcomes("token").await.is_empty());

    let started = world.leave().await;
    let query = world.answer(&started, "ada", "allow", &["profile", "posts:write"]).await;
    assert_eq!(world.land(&started, &query).await.state, S::Identified);
    let (eve, _) = world.another_user().await;
    let by_eve = world.handshake.cancel(started.attempt.id, world.workspace, eve).await;
    assert_eq!(refused(by_eve), Code::AttemptOfAnother);
    let view = world.handshake.cancel(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Cancelled);
    world.comes_to("revoke", &["ok", "ok"]).await;
    let row = crier_store::attempts::by_id(&world.store, view.id).await.unwrap();
    assert_eq!(row.parked, None);
}

#[tokio::test]
async fn an_address_pasted_by_hand_does_what_the_redirect_would() {
    let world = World::start().await;
    let (started, other) = (world.leave().await, world.leave().await);
    let address = |query: &crate::world::Query| {
        let pairs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        format!("http://127.0.0.1:9/integrations/social/playground?{pairs}")
    };
    let of_other = address(&world.answer(&other, "grace", "allow", ALL).await);
    let paste = |address: String| {
        let (handshake, id) = (world.handshake.clone(), started.attempt.id);
        async move { handshake.pasted(id, world.workspace, world.user, &address, None).await.unwrap() }
    };
    assert_eq!(no_attempt(&paste(of_other).await), Code::StateUnknown);
    assert_eq!(no_attempt(&paste("http://127.0.0.1:9/".to_owned()).await), Code::StateUnknown);
    let landing = paste(address(&world.allow(&started).await)).await;
    assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
    assert_eq!(world.view(started.attempt.id).await.state, S::Connected);
    assert_eq!(world.view(other.attempt.id).await.state, S::Away);
}

#[tokio::test]
async fn the_picture_comes_afterwards_and_never_fails_a_connect() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let shown = async || match world.channel(channel.id).await.avatar_media_key {
        Some(_) => "connected, its picture shown",
        None => "connected, its initials shown",
    };
    for (name, shape, expected) in [
        ("avatar: HTML", "html", "connected, its initials shown"),
        ("avatar: 404", "missing", "connected, its initials shown"),
        ("avatar: WebP", "webp", "connected, its picture shown"),
        ("avatar: AVIF", "avif", "connected, its picture shown"),
        ("avatar: SVG", "svg", "connected, its picture shown"),
    ] {
        channels::set_avatar(&world.store, channel.id, None).await.unwrap();
        world.fault(json!({"id": "a", "kind": "avatar", "shape": shape})).await;
        world.handshake.fetch_avatar(channel.id).await.unwrap();
        row(name, expected, shown().await);
    }
    world.mend().await;
    // One that fails later leaves the one there was.
    world.handshake.fetch_avatar(channel.id).await.unwrap();
    world.fault(json!({"id": "a", "kind": "avatar", "shape": "missing"})).await;
    world.handshake.fetch_avatar(channel.id).await.unwrap();
    assert_eq!(shown().await, "connected, its picture shown");
}

/// Really waits: how long a picture may take is the client's limit, and it is asked for twice.
#[tokio::test]
async fn a_picture_that_does_not_come_is_given_up() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.fault(json!({"kind": "delay", "ms": 60_000, "endpoints": ["avatar"]})).await;
    let began = std::time::Instant::now();
    world.handshake.fetch_avatar(channel.id).await.unwrap();
    let shown = world.channel(channel.id).await.avatar_media_key.is_some();
    assert!(began.elapsed().as_secs() >= 20 && !shown, "{:?}", began.elapsed());
    row("avatar: timeout", "connected, its initials shown", "connected, its initials shown");
}
