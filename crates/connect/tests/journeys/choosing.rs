//! The second step: pages of an account, several at once.

use crate::world::{Query, World, code, stands};
use crier_connect::{AttemptView, Callback, ChoiceView, ConnectError, Landing, Start, Started};
use crier_model::{
    AttemptId, ChannelId, Code, NextKind, attempt::AttemptState as S, channel::ChannelState, permission::Role,
};
use crier_networks::{Refusal, connect::Tokens};
use crier_store::{attempts, channels::Channel, due, testing::record::row, workspaces};
use jiff::SignedDuration;
use serde_json::json;
use std::time::Duration;

const NETWORK: &str = "playground_pages";
const ALL: &[&str] = &["profile", "pages:manage", "posts:write", "media:write", "posts:read", "metrics:read"];
const HOUR: i64 = 3600;

impl World {
    /// Makes pages of `owner`, named by their handles.
    async fn pages(&self, owner: &str, handles: &[&str]) {
        let account = if owner == "ada" { "1" } else { "2" };
        let signed_in = self.post("/sign-in/demo", None, &[("account", account), ("return_to", "/")]).await;
        let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        for handle in handles {
            let made =
                self.post("/pages", Some(&cookie), &[("handle", handle), ("name", &format!("The {handle}"))]).await;
            assert_eq!(made.status(), 303, "{}", made.text());
        }
    }

    async fn leave_for_pages(&self, channel: Option<ChannelId>) -> Started {
        let started = self.handshake.start(Start { network: NETWORK, ..self.wish(channel) }).await.unwrap();
        assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
        started
    }

    async fn back(&self, started: &Started, query: &Query, browser: Option<&str>) -> Landing {
        let browser = browser.map(str::to_owned);
        let callback = Callback { network: NETWORK.to_owned(), query: query.clone(), browser, signed_in: None };
        let landing = self.handshake.callback(callback).await;
        assert!(matches!(landing, Landing::Attempt { id, .. } if id == started.attempt.id), "{landing:?}");
        landing
    }

    /// Signs in as `handle` and comes back in the browser that left.
    async fn sign_in(&self, handle: &str, channel: Option<ChannelId>) -> AttemptView {
        let started = self.leave_for_pages(channel).await;
        let query = self.answer(&started, handle, "allow", ALL).await;
        self.back(&started, &query, Some(&started.browser_cookie)).await;
        self.view(started.attempt.id).await
    }

    /// As far as the list.
    async fn list(&self, handle: &str) -> AttemptView {
        let view = self.sign_in(handle, None).await;
        assert_eq!(view.state, S::Choosing, "{:?}", view.diagnosis);
        view
    }

    async fn choose(&self, id: AttemptId, ids: &[String]) -> Result<AttemptView, ConnectError> {
        self.handshake.choose(id, self.workspace, self.user, ids).await
    }

    /// Connects all pages of `handle`.
    async fn connect_pages(&self, handle: &str) -> Vec<Channel> {
        let listed = self.list(handle).await;
        let view = self.choose(listed.id, &all(&listed)).await.unwrap();
        assert_eq!((view.state, code(&view)), (S::Connected, None));
        self.named(&view.channels).await
    }

    async fn named(&self, ids: &[ChannelId]) -> Vec<Channel> {
        let mut found = self.channels().await;
        found.retain(|channel| ids.contains(&channel.id));
        found.sort_by(|a, b| a.handle.cmp(&b.handle));
        found
    }

    /// Whom a channel's credentials speak for.
    async fn speaks_for(&self, channel: ChannelId) -> String {
        let credentials = self.handshake.fresh(channel, false).await.unwrap();
        let me = self.net.get(format!("{}/api/me", self.origin)).bearer(credentials.access_token.expose());
        let me: serde_json::Value = me.send().await.unwrap().json().unwrap();
        me["handle"].as_str().unwrap_or_default().to_owned()
    }
}

fn choices(view: &AttemptView) -> &[ChoiceView] {
    &view.choosing.as_ref().unwrap().choices
}

fn all(view: &AttemptView) -> Vec<String> {
    choices(view).iter().map(|choice| choice.id.clone()).collect()
}

fn pointers(error: &ConnectError) -> Vec<(&str, &str)> {
    error.findings().iter().map(|finding| (finding.pointer.as_str(), finding.code.as_str())).collect()
}

fn handles(channels: &[Channel]) -> Vec<&str> {
    channels.iter().map(|channel| channel.handle.as_str()).collect()
}

#[tokio::test]
async fn three_pages_become_three_channels_at_once() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden", "library"]).await;
    let listed = world.list("ada").await;
    assert_eq!(listed.account.as_ref().unwrap().handle, "ada");
    let choosing = listed.choosing.as_ref().unwrap();
    assert_eq!((choosing.one.as_str(), choosing.many.as_str()), ("Page", "Pages"));
    let seen: Vec<_> =
        choices(&listed).iter().map(|it| (it.name.as_str(), it.handle.as_str(), it.has_picture)).collect();
    assert_eq!(
        seen,
        [("The bakery", "bakery", true), ("The garden", "garden", true), ("The library", "library", true)]
    );
    let debug = format!("{listed:?}");
    assert!(!debug.contains("pgp_") && !debug.contains("pga_"), "{debug}");
    assert!(world.channels().await.is_empty());

    let ids = all(&listed);
    let view = world.choose(listed.id, &ids).await.unwrap();
    assert_eq!((view.state, code(&view), view.channels.len()), (S::Connected, None, 3));
    assert!(view.choosing.is_none());
    let channels = world.named(&view.channels).await;
    assert_eq!(handles(&channels), ["bakery", "garden", "library"]);
    for channel in &channels {
        assert_eq!(world.speaks_for(channel.id).await, channel.handle);
        let attempts = world.handshake.of_channel(world.workspace, channel.id, world.user).await.unwrap();
        assert_eq!((attempts.len(), attempts[0].id, &attempts[0].channels), (1, view.id, &view.channels));
    }
    assert!(channels.iter().all(|channel| channel.grant.is_some() && channel.grant == channels[0].grant));
    assert_eq!(world.outcomes("token").await, ["ok"]);
    let row = attempts::by_id(&world.store, view.id).await.unwrap();
    assert_eq!(row.parked, None);
    // Pressed twice, it is done once.
    let again = world.choose(listed.id, &ids).await.unwrap();
    assert_eq!(again.channels, view.channels);

    let now = crier_model::Clock::now(world.clock.as_ref());
    let until = now + SignedDuration::from_hours(2);
    let claimed = due::claim(&world.store, until, "t", 20, SignedDuration::from_mins(1)).await.unwrap();
    let of = |kind: &str| claimed.iter().filter(|work| work.kind == kind).count();
    assert_eq!((of("refresh"), of("avatar")), (3, 3));
}

#[tokio::test]
async fn some_now_and_the_rest_another_time() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    let listed = world.list("ada").await;
    let bakery = choices(&listed)[0].id.clone();
    let first = world.choose(listed.id, &[bakery.clone(), bakery.clone()]).await.unwrap();
    assert_eq!(handles(&world.channels().await), ["bakery"]);

    let listed = world.list("ada").await;
    let known: Vec<_> = choices(&listed).iter().map(|choice| choice.channel_id).collect();
    assert_eq!(known, [first.channel_id, None]);
    let view = world.choose(listed.id, &all(&listed)).await.unwrap();
    // What was there is brought up to date and keeps its id.
    assert_eq!(view.channels.len(), 2);
    assert!(view.channels.contains(&first.channel_id.unwrap()));
    assert_eq!(world.channels().await.len(), 2);
}

#[tokio::test]
async fn nothing_to_choose_says_what_is_needed() {
    let world = World::start().await;
    let view = world.sign_in("grace", None).await;
    row("nothing to choose", "failed: account.nothing_to_choose", stands(&view));
    let diagnosis = view.diagnosis.unwrap();
    let value = |label: &str| diagnosis.evidence.iter().find(|e| e.label == label).unwrap().value.clone();
    assert!(diagnosis.cause.contains("Grace (grace) has no page"), "{}", diagnosis.cause);
    assert!(value("Needed").contains("Make a page first") && value("Granted").contains("pages:manage"));
    assert_eq!(diagnosis.next.kind, NextKind::Retry);
    world.comes_to("revoke", &["ok", "ok"]).await;
    assert!(world.channels().await.is_empty());
}

#[tokio::test]
async fn what_was_not_granted_is_grey_and_cannot_be_chosen() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    world.fault(json!({"kind": "withhold_page", "page": "garden"})).await;
    let listed = world.list("ada").await;
    let unusable: Vec<_> = choices(&listed).iter().map(|choice| choice.unusable.is_some()).collect();
    assert_eq!(unusable, [false, true]);
    assert!(choices(&listed)[1].unusable.as_ref().unwrap().contains("not granted"));

    let wrong = world.choose(listed.id, &[all(&listed), vec!["made up".to_owned()]].concat()).await.unwrap_err();
    assert_eq!(pointers(&wrong), [("/choices/1", "choice.unusable"), ("/choices/2", "choice.unknown")]);
    let none = world.choose(listed.id, &[]).await.unwrap_err();
    assert_eq!((pointers(&none), none.status()), (vec![("/choices", "choice.none")], 422));
    assert_eq!(world.view(listed.id).await.state, S::Choosing);
    assert!(world.channels().await.is_empty());

    // Once it is granted at the network, it is listed anew.
    world.mend().await;
    world.pages("ada", &["library"]).await;
    let listed = world.handshake.proceed(listed.id, world.workspace, world.user).await.unwrap();
    assert_eq!((listed.state, choices(&listed).len()), (S::Choosing, 3));
    assert!(choices(&listed).iter().all(|choice| choice.unusable.is_none()));
    assert_eq!(world.choose(listed.id, &all(&listed)).await.unwrap().channels.len(), 3);
}

#[tokio::test]
async fn one_that_fails_its_check_is_told_and_left_out() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden", "library"]).await;
    let listed = world.list("ada").await;
    world.fault(json!({"kind": "status", "code": 403, "endpoints": ["me"], "account": "garden"})).await;
    let view = world.choose(listed.id, &all(&listed)).await.unwrap();
    assert_eq!(view.state, S::Connected);
    assert_eq!(handles(&world.named(&view.channels).await), ["bakery", "library"]);
    let left_out = view.diagnosis.unwrap();
    assert!(left_out.cause.starts_with("2 connected"), "{}", left_out.cause);
    assert_eq!(left_out.evidence.len(), 1);
    assert_eq!(left_out.evidence[0].label, "The garden (garden)");
    assert!(left_out.evidence[0].value.contains("403"), "{left_out:?}");
}

#[tokio::test]
async fn when_none_works_another_can_be_chosen() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    let listed = world.list("ada").await;
    let ids = all(&listed);
    world.fault(json!({"id": "f", "kind": "status", "code": 403, "endpoints": ["me"], "account": "garden"})).await;
    let view = world.choose(listed.id, &ids[1..]).await.unwrap();
    assert_eq!(view.state, S::Choosing);
    assert!(view.diagnosis.as_ref().unwrap().cause.contains("Nothing was connected"));
    assert!(choices(&view)[1].unusable.is_some() && choices(&view)[0].unusable.is_none());

    // What may pass is asked again instead.
    world.fault(json!({"id": "f", "kind": "status", "code": 503, "endpoints": ["me"], "account": "bakery"})).await;
    let view = world.choose(listed.id, &ids[..1]).await.unwrap();
    assert_eq!((view.state, code(&view)), (S::Identified, Some(Code::ServerError)));
    assert_eq!(view.diagnosis.unwrap().next.kind, NextKind::Continue);
    world.mend().await;
    let view = world.handshake.proceed(listed.id, world.workspace, world.user).await.unwrap();
    assert_eq!((view.state, handles(&world.channels().await)), (S::Connected, vec!["bakery"]));

    // With nothing else to choose it is the end.
    let listed = world.list("ada").await;
    world.fault(json!({"id": "f", "kind": "status", "code": 403, "endpoints": ["me"], "account": "bakery"})).await;
    world.fault(json!({"id": "g", "kind": "status", "code": 403, "endpoints": ["me"], "account": "garden"})).await;
    let view = world.choose(listed.id, &all(&listed)).await.unwrap();
    assert_eq!((view.state, view.diagnosis.unwrap().evidence.len()), (S::Failed, 2));
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test]
async fn a_list_that_does_not_come_is_asked_for_again() {
    let world = World::start().await;
    world.pages("ada", &["bakery"]).await;
    world.fault(json!({"kind": "status", "code": 503, "endpoints": ["pages"]})).await;
    let view = world.sign_in("ada", None).await;
    assert_eq!((view.state, code(&view)), (S::Identified, Some(Code::ServerError)));
    assert!(view.diagnosis.unwrap().cause.contains("asking Playground Pages for your pages failed"));
    world.mend().await;
    let view = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Choosing);
    assert_eq!(world.outcomes("token").await, ["ok"]);
}

#[tokio::test]
async fn another_browser_confirms_before_anything_is_listed() {
    let world = World::start().await;
    world.pages("ada", &["bakery"]).await;
    let started = world.leave_for_pages(None).await;
    let query = world.answer(&started, "ada", "allow", ALL).await;
    let landing = world.back(&started, &query, Some("another cookie")).await;
    let Landing::Attempt { nonce: Some(nonce), id } = landing else { panic!("{landing:?}") };
    let view = world.view(id).await;
    assert_eq!((view.state, view.choosing), (S::Confirming, None));
    assert!(world.outcomes("pages").await.is_empty());
    let early = world.choose(id, &["3".to_owned()]).await.unwrap_err();
    assert!(matches!(early, ConnectError::WrongState { state: S::Confirming, .. }), "{early:?}");
    let listed = world.handshake.confirm(id, world.workspace, world.user, &nonce).await.unwrap();
    assert_eq!(listed.state, S::Choosing);
    assert_eq!(world.choose(id, &all(&listed)).await.unwrap().state, S::Connected);
}

#[tokio::test]
async fn only_the_starter_sees_and_chooses() {
    let world = World::start().await;
    world.pages("ada", &["bakery"]).await;
    let listed = world.list("ada").await;
    let (eve, _) = world.another_user().await;
    workspaces::set_member(&world.store, world.workspace, eve, Role::Admin).await.unwrap();
    let seen = world.handshake.view(listed.id, world.workspace, eve).await.unwrap();
    assert_eq!((seen.state, seen.choosing), (S::Choosing, None));
    let by_eve = world.handshake.choose(listed.id, world.workspace, eve, &all(&listed)).await;
    assert!(matches!(by_eve, Err(ConnectError::NotTheStarter)), "{by_eve:?}");
    let picture = |user| world.handshake.choice_picture(listed.id, world.workspace, user, &choices(&listed)[0].id);
    assert!(matches!(picture(eve).await, Err(ConnectError::NotTheStarter)));
    assert!(picture(world.user).await.unwrap().is_some());
    let unknown = world.handshake.choice_picture(listed.id, world.workspace, world.user, "made up").await;
    assert_eq!(unknown.unwrap(), None);
    // A list of attempts tells that it waits, and not for what.
    let open = world.handshake.open(world.workspace, world.user).await.unwrap();
    assert_eq!((open.len(), open[0].state, &open[0].choosing), (1, S::Choosing, &None));
}

#[tokio::test]
async fn a_reconnect_picks_its_page_by_itself() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden", "library"]).await;
    let channels = Box::pin(world.connect_pages("ada")).await;
    world.pages("ada", &["kiosk"]).await;
    let view = world.sign_in("ada", Some(channels[1].id)).await;
    assert_eq!((view.state, code(&view), view.channel_id), (S::Connected, None, Some(channels[1].id)));
    let after = world.channels().await;
    assert_eq!(after.len(), 3);
    // Those that lived on the same sign-in live on the new one now.
    assert!(after.iter().all(|channel| channel.grant == after[0].grant && channel.grant != channels[0].grant));
    for channel in &after {
        assert_eq!(world.speaks_for(channel.id).await, channel.handle);
    }
}

#[tokio::test]
async fn a_reconnect_by_somebody_who_does_not_manage_it_says_whose_it_is() {
    let world = World::start().await;
    world.pages("ada", &["bakery"]).await;
    world.pages("grace", &["harbour"]).await;
    let channel = Box::pin(world.connect_pages("ada")).await.remove(0);
    let view = world.sign_in("grace", Some(channel.id)).await;
    assert_eq!((view.state, code(&view)), (S::Identified, Some(Code::OtherThanExpected)));
    let evidence = view.diagnosis.unwrap().evidence;
    let value = |label: &str| evidence.iter().find(|e| e.label == label).unwrap().value.clone();
    assert_eq!(value("Expected"), "The bakery (bakery)");
    assert_eq!(
        (value("Came back"), value("It manages")),
        ("Grace (grace)".to_owned(), "The harbour (harbour)".to_owned())
    );
    assert_eq!(world.channels().await.len(), 1);

    let listed = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
    assert_eq!(listed.state, S::Choosing);
    let view = world.choose(listed.id, &all(&listed)).await.unwrap();
    assert_eq!(view.state, S::Connected);
    assert_ne!(view.channel_id, Some(channel.id));
    assert_eq!(world.channels().await.len(), 2);
}

#[tokio::test]
async fn a_reconnect_whose_page_was_not_granted_says_so() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    let channels = Box::pin(world.connect_pages("ada")).await;
    world.fault(json!({"kind": "withhold_page", "page": "bakery"})).await;
    let view = world.sign_in("ada", Some(channels[0].id)).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ConsentScopeMissing)));
    assert!(view.diagnosis.unwrap().cause.contains("not granted"));
    // What the other page lives on is not revoked.
    assert!(world.outcomes("revoke").await.is_empty());
    assert_eq!(world.speaks_for(channels[1].id).await, "garden");
}

#[tokio::test]
async fn leaving_keeps_it_for_half_an_hour_and_then_gives_it_back() {
    let world = World::start().await;
    world.pages("ada", &["bakery"]).await;
    let listed = world.list("ada").await;
    world.pass(29 * 60);
    assert!(world.handshake.revisit(listed.id).await.unwrap().is_some());
    assert_eq!(world.view(listed.id).await.state, S::Choosing);
    assert!(world.outcomes("revoke").await.is_empty());

    world.pass(60);
    let late = world.choose(listed.id, &all(&listed)).await;
    assert!(matches!(late, Err(ConnectError::WrongState { state: S::Expired, .. })), "{late:?}");
    let view = world.view(listed.id).await;
    assert_eq!((view.state, code(&view), view.choosing), (S::Expired, Some(Code::StateExpired), None));
    world.comes_to("revoke", &["ok", "ok"]).await;
    let row = attempts::by_id(&world.store, listed.id).await.unwrap();
    assert_eq!(row.parked, None);

    // Nobody has to come back for it: the sweep does the same.
    let listed = world.list("ada").await;
    world.pass(30 * 60);
    assert_eq!(world.handshake.revisit(listed.id).await.unwrap(), None);
    assert_eq!(world.view(listed.id).await.state, S::Expired);
    world.comes_to("revoke", &["ok", "ok", "ok", "ok"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_the_choices_are_tried() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    let listed = world.list("ada").await;
    let (id, ids) = (listed.id, all(&listed));
    world.fault(json!({"id": "slow", "kind": "delay", "ms": 8000, "endpoints": ["me"], "account": "garden"})).await;
    let (node, workspace, user) = (world.node().await, world.workspace, world.user);
    let (kill, killed) = std::sync::mpsc::channel();
    let dying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move { node.choose(id, workspace, user, &ids).await });
        let () = killed.recv().unwrap();
        runtime.shutdown_timeout(Duration::ZERO);
    });
    loop {
        let answer = world.net.get(format!("{}/faults.json", world.origin)).send().await.unwrap();
        let faults: serde_json::Value = answer.json().unwrap();
        if faults["faults"][0]["fired"].as_u64() > Some(0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    kill.send(()).unwrap();
    tokio::task::spawn_blocking(move || dying.join().unwrap()).await.unwrap();
    assert_eq!(attempts::by_id(&world.store, id).await.unwrap().state, S::Identified);
    assert!(world.channels().await.is_empty());

    world.mend().await;
    let at = world.handshake.revisit(id).await.unwrap().unwrap();
    world.clock.set(at);
    world.handshake.revisit(id).await.unwrap();
    let view = world.view(id).await;
    assert_eq!((view.state, view.channels.len()), (S::Connected, 2));
    assert_eq!(world.outcomes("token").await, ["ok"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_three_channels_live_on_is_renewed_once() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden", "library"]).await;
    let channels = Box::pin(world.connect_pages("ada")).await;
    world.pass_everywhere(HOUR * 4 / 5);
    for channel in &channels {
        let next = world.handshake.renew(channel.id).await.unwrap().unwrap();
        assert!(next > crier_model::Clock::now(world.clock.as_ref()));
        assert_eq!(world.speaks_for(channel.id).await, channel.handle);
    }
    assert_eq!(world.outcomes("token").await, ["ok", "ok"]);

    // Over its end, all at once and on two nodes.
    world.pass_everywhere(HOUR + 1);
    let other = world.node().await;
    let fresh: Vec<_> = (0..9)
        .map(|n| {
            let node = if n % 2 == 0 { world.handshake.clone() } else { other.clone() };
            let id = channels[n % 3].id;
            tokio::spawn(async move { node.fresh(id, false).await.unwrap() })
        })
        .collect();
    for one in fresh {
        one.await.unwrap();
    }
    for channel in &channels {
        assert_eq!(world.speaks_for(channel.id).await, channel.handle);
    }
    assert_eq!(world.outcomes("token").await, ["ok", "ok", "ok"]);
}

#[tokio::test]
async fn a_refused_page_takes_new_credentials_from_the_sign_in() {
    let world = World::start().await;
    world.pages("ada", &["bakery"]).await;
    let channel = Box::pin(world.connect_pages("ada")).await.remove(0);
    let first = world.handshake.fresh(channel.id, false).await.unwrap();
    assert_eq!(first.refresh_token, None);
    let second = world.handshake.fresh(channel.id, true).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(world.outcomes("token").await, ["ok"]);

    // A blip is no end.
    world.pass_everywhere(HOUR * 5 / 6);
    world.fault(json!({"kind": "status", "code": 503, "endpoints": ["pages"]})).await;
    assert!(world.handshake.renew(channel.id).await.unwrap().is_some());
    assert_eq!(world.channel(channel.id).await.state, ChannelState::Active);
    assert_eq!(world.speaks_for(channel.id).await, "bakery");
}

#[tokio::test]
async fn a_page_that_was_taken_away_ends_alone() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    let channels = Box::pin(world.connect_pages("ada")).await;
    world.pass_everywhere(HOUR * 5 / 6);
    world.fault(json!({"kind": "withhold_page", "page": "bakery"})).await;
    for channel in &channels {
        world.handshake.renew(channel.id).await.unwrap();
    }
    let dead = world.channel(channels[0].id).await;
    assert_eq!((dead.state, dead.reason.unwrap().code), (ChannelState::NeedsReconnect, Code::ConsentScopeMissing));
    assert_eq!(world.channel(channels[1].id).await.state, ChannelState::Active);
    assert_eq!(world.speaks_for(channels[1].id).await, "garden");
}

#[tokio::test]
async fn a_revoked_sign_in_ends_all_that_live_on_it_and_one_reconnect_mends_them() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    let channels = Box::pin(world.connect_pages("ada")).await;
    world.fault(json!({"id": "r", "kind": "revoke_tokens", "now": true})).await;
    let refusal = world.handshake.fresh(channels[0].id, true).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Auth(_)), "{refusal:?}");
    for channel in &channels {
        let dead = world.channel(channel.id).await;
        assert_eq!(dead.state, ChannelState::NeedsReconnect, "{}", channel.handle);
        assert_eq!(dead.reason.unwrap().next.kind, NextKind::Reconnect);
    }
    let view = world.sign_in("ada", Some(channels[0].id)).await;
    assert_eq!((view.state, view.channels.len()), (S::Connected, 2));
    for channel in &channels {
        assert_eq!(world.channel(channel.id).await.state, ChannelState::Active);
        assert_eq!(world.speaks_for(channel.id).await, channel.handle);
    }
}

#[tokio::test]
async fn cancelling_the_choice_gives_back_what_nothing_lives_on() {
    let world = World::start().await;
    world.pages("ada", &["bakery", "garden"]).await;
    let listed = world.list("ada").await;
    let view = world.handshake.cancel(listed.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Cancelled);
    world.comes_to("revoke", &["ok", "ok"]).await;

    let listed = world.list("ada").await;
    world.choose(listed.id, &all(&listed)[..1]).await.unwrap();
    let listed = world.list("ada").await;
    world.handshake.cancel(listed.id, world.workspace, world.user).await.unwrap();
    // The page that is connected would go dark.
    world.comes_to("revoke", &["ok", "ok"]).await;
    assert_eq!(world.speaks_for(world.channels().await[0].id).await, "bakery");
}
