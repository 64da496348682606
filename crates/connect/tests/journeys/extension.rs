//! Connecting by a website's session that a browser extension hands over, with the Playground's as the website.

use crate::crash::hung_up_after;
use crate::scripted::{ID, Kind, Scripted};
use crate::world::{World, code, refused};
use crier_connect::{ConnectError, Guest, HandedOver, NewLink, Renewed, Start, Started};
use crier_model::{
    ChannelId, Code, Diagnosis, Document, NextKind, Secret,
    attempt::AttemptState as S,
    channel::ChannelState,
    post::{Content, Part, Timing, ValidPost},
    publication::{PublicationState as State, Reason, held},
};
use crier_networks::connect::{Connect, Tokens};
use crier_networks::playground::Playground;
use crier_store::{
    attempts, channels,
    posts::{self, Save},
    publications::{self, Change, Publication},
    testing::record::{self, row},
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

const COOKIE: &str = "playground_session";

/// The Playground, connected by its website's session.
struct BySession(Playground);

impl Kind for BySession {
    fn connect(&self) -> Connect<'_> {
        Connect::Extension(&self.0)
    }
}

async fn world() -> World {
    let networks = |origin: &str| -> Vec<Box<dyn crier_networks::Network>> {
        vec![Box::new(Scripted(BySession(Playground::new(&origin.parse().unwrap()))))]
    };
    World::beside_playground(networks, |_| {}).await
}

async fn away(world: &World, channel: Option<ChannelId>) -> Started {
    let started = world.handshake.start(Start { network: ID, ..world.wish(channel) }).await.unwrap();
    assert_eq!((started.attempt.state, &started.authorize_url), (S::Away, &None), "{:?}", started.attempt.diagnosis);
    started
}

fn pairing(started: &Started) -> Secret {
    Secret::new(&*started.attempt.extension.as_ref().unwrap().code)
}

fn session(value: &str) -> BTreeMap<String, Secret> {
    [(COOKIE.to_owned(), Secret::new(value))].into()
}

impl World {
    /// Signs in at the website, and gives the value of its cookie.
    async fn session_of(&self, handle: &str) -> String {
        let account = if handle == "ada" { "1" } else { "2" };
        let signed_in = self.post("/sign-in/demo", None, &[("account", account), ("return_to", "/")]).await;
        let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap();
        cookie.strip_prefix(&format!("{COOKIE}=")).unwrap().to_owned()
    }

    async fn sign_out(&self, value: &str) {
        self.post("/sign-out", Some(&format!("{COOKIE}={value}")), &[]).await;
    }

    async fn hand_over(&self, started: &Started, value: &str) -> Result<HandedOver, ConnectError> {
        self.handshake.hand_over(&pairing(started), session(value)).await
    }

    /// A channel of an account, with the token for renewing it.
    async fn by_extension(&self, handle: &str) -> (ChannelId, Secret) {
        let started = away(self, None).await;
        let handed = self.hand_over(&started, &self.session_of(handle).await).await.unwrap();
        assert_eq!(handed.state, S::Connected, "{:?}", handed.diagnosis);
        let channel = self.view(started.attempt.id).await.channel_id.unwrap();
        (channel, handed.token.unwrap())
    }

    async fn renew(&self, token: &Secret, value: &str) -> Result<Renewed, ConnectError> {
        self.handshake.renew_handover(token, session(value)).await
    }

    /// A post that waits for its channel to be reconnected.
    async fn held_post(&self, channel: ChannelId) -> Publication {
        let part = Part { body: Document::from_plain("Hello"), ..Part::default() };
        let post = ValidPost {
            content: Content { parts: vec![part], ..Content::default() },
            channels: vec![channel],
            timing: Timing::At(self.clock_in(3600)),
            time_zone: "UTC".to_owned(),
            repeat: None,
        };
        let save =
            Save { workspace: self.workspace, by: self.user, id: None, expected_version: None, idempotency_key: None };
        let saved = posts::save(&self.store, save, &post).await.unwrap();
        let publication = publications::for_post(&self.store, self.workspace, saved.id).await.unwrap().remove(0);
        let why = Change::default().because(Reason::new(held::RECONNECT, "Held", "Waits."));
        publications::set_state(&self.store, publication.id, &[State::Scheduled], State::Held, why).await.unwrap();
        publication
    }

    /// The session that a channel is used with.
    async fn cookies_of(&self, channel: ChannelId) -> String {
        self.handshake.fresh(channel, false).await.unwrap().cookies().unwrap()
    }
}

fn pointers(error: &ConnectError) -> Vec<(&str, &str)> {
    error.findings().iter().map(|finding| (finding.pointer.as_str(), finding.code.as_str())).collect()
}

fn value<'a>(diagnosis: &'a Diagnosis, label: &str) -> &'a str {
    &diagnosis.evidence.iter().find(|seen| seen.label == label).unwrap().value
}

#[tokio::test]
async fn a_session_that_is_handed_over_makes_a_channel() {
    let world = world().await;
    let started = away(&world, None).await;
    let shown = started.attempt.extension.as_ref().unwrap();
    assert_eq!((shown.site.as_str(), shown.origin.as_str()), ("Playground", world.origin.as_str()));
    assert_eq!((shown.cookies.as_slice(), shown.code.len()), ([COOKIE.to_owned()].as_slice(), 43));
    let cookie = world.session_of("ada").await;
    let handed = world.hand_over(&started, &cookie).await.unwrap();
    assert_eq!((handed.state, handed.account.unwrap().handle.as_str()), (S::Connected, "ada"));
    assert_eq!(handed.token.unwrap().expose().len(), 43);
    assert_eq!(handed.expires_at, world.clock_in(90 * 24 * 3600));
    let view = world.view(started.attempt.id).await;
    assert_eq!(view.extension, None);
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!((channel.handle.as_str(), channel.way.as_str()), ("ada", "extension"));
    assert_eq!(world.cookies_of(channel.id).await, format!("{COOKIE}={cookie}"));
}

#[tokio::test]
async fn the_code_and_the_session_are_shown_to_nobody_else() {
    let world = world().await;
    let started = away(&world, None).await;
    let (stranger, _) = world.another_user().await;
    let seen = world.handshake.view(started.attempt.id, world.workspace, stranger).await.unwrap();
    assert_eq!(seen.extension, None);
    let (secret, cookie) = (pairing(&started), world.session_of("ada").await);
    let before = format!("{started:?} {:?}", attempts::by_id(&world.store, started.attempt.id).await.unwrap());
    let handed = world.hand_over(&started, &cookie).await.unwrap();
    let token = handed.token.clone().unwrap();
    let after = format!("{handed:?} {:?}", world.view(started.attempt.id).await);
    for secret in [secret.expose(), &cookie, token.expose()] {
        assert!(!before.contains(secret) && !after.contains(secret));
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_time() {
    let world = world().await;
    let cookie = world.session_of("ada").await;
    let unknown = world.handshake.hand_over(&"made up".into(), session(&cookie)).await;
    assert_eq!(refused(unknown), Code::AttemptUnknown);
    // The state of a redirect is none either.
    let started = away(&world, None).await;
    let query = [("state".to_owned(), pairing(&started).expose().to_owned()), ("code".to_owned(), "x".to_owned())];
    assert_eq!(crate::world::no_attempt(&world.come_back(&started, &query.into()).await), Code::StateUnknown);

    world.hand_over(&started, &cookie).await.unwrap();
    let again = world.hand_over(&started, &cookie).await;
    assert!(matches!(again, Err(ConnectError::WrongState { state: S::Connected, .. })), "{again:?}");

    let late = away(&world, None).await;
    world.pass(30 * 60);
    let too_late = world.hand_over(&late, &cookie).await;
    assert!(matches!(too_late, Err(ConnectError::WrongState { state: S::Expired, .. })), "{too_late:?}");
    let view = world.view(late.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Expired, Some(Code::StateExpired)));
    assert!(view.diagnosis.unwrap().cause.contains("extension handed nothing over"));

    let cancelled = away(&world, None).await;
    world.handshake.cancel(cancelled.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(refused(world.hand_over(&cancelled, &cookie).await), Code::AttemptEnded);
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_at_once_one_hands_over() {
    let world = world().await;
    let started = away(&world, None).await;
    let cookie = world.session_of("ada").await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (node, code, cookies) = (world.node().await, pairing(&started), session(&cookie));
        tries.spawn(async move { node.hand_over(&code, cookies).await });
    }
    let outcomes = tries.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    assert_eq!(world.outcomes("me").await, ["ok"]);
}

#[tokio::test]
async fn cookies_that_were_not_asked_for_or_are_missing_are_named_and_the_connect_waits_on() {
    let world = world().await;
    let started = away(&world, None).await;
    let missing = world.handshake.hand_over(&pairing(&started), BTreeMap::new()).await.unwrap_err();
    assert_eq!((pointers(&missing), missing.status()), (vec![("/cookies/playground_session", "cookies.missing")], 422));
    let fix = &missing.findings()[0].fix;
    assert!(fix.contains(&world.origin), "{fix}");
    row("hand-over without a session", "cookies.wrong", refused(Err::<(), _>(missing)).as_str());
    let mut more = session(&world.session_of("ada").await);
    more.insert("bank".to_owned(), "rich".into());
    let more = world.handshake.hand_over(&pairing(&started), more).await.unwrap_err();
    assert_eq!(pointers(&more), [("/cookies/bank", "cookies.not_asked_for")]);
    assert_eq!(world.view(started.attempt.id).await.state, S::Away);
    let handed = world.hand_over(&started, &world.session_of("ada").await).await.unwrap();
    assert_eq!(handed.state, S::Connected);
}

#[tokio::test]
async fn a_session_that_has_ended_is_told_and_kept_nowhere() {
    let world = world().await;
    let started = away(&world, None).await;
    let cookie = world.session_of("ada").await;
    world.sign_out(&cookie).await;
    let handed = world.hand_over(&started, &cookie).await.unwrap();
    assert_eq!((handed.state, handed.token), (S::Failed, None));
    let diagnosis = handed.diagnosis.unwrap();
    row("hand-over of a session that has ended", "credentials.wrong", diagnosis.code.as_str());
    assert!(!format!("{diagnosis:?}").contains(&cookie));
    assert_eq!(attempts::by_id(&world.store, started.attempt.id).await.unwrap().parked, None);
    assert!(world.channels().await.is_empty());
}

#[tokio::test]
async fn a_network_that_does_not_answer_is_asked_again_and_the_token_is_good_from_then_on() {
    let world = world().await;
    let started = away(&world, None).await;
    world.fault(json!({"kind": "status", "code": 503, "endpoints": ["me"], "times": 3})).await;
    let cookie = world.session_of("ada").await;
    let handed = world.hand_over(&started, &cookie).await.unwrap();
    assert_eq!((handed.state, handed.diagnosis.unwrap().next.kind), (S::Identified, NextKind::Continue));
    let token = handed.token.unwrap();
    assert_eq!(refused(world.renew(&token, &cookie).await), Code::HandoverEnded);
    let view = world.handshake.proceed(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected);
    world.renew(&token, &cookie).await.unwrap();
}

#[tokio::test]
async fn a_new_session_of_the_same_account_takes_the_old_ones_place() {
    let world = world().await;
    let (channel, token) = Box::pin(world.by_extension("ada")).await;
    channels::rename(&world.store, world.workspace, channel, "Countess").await.unwrap();
    world.pass(24 * 3600);
    let cookie = world.session_of("ada").await;
    let renewed = world.renew(&token, &cookie).await.unwrap();
    assert_eq!((renewed.account.handle.as_str(), renewed.state, renewed.resumed), ("ada", ChannelState::Active, 0));
    assert_eq!(renewed.expires_at, world.clock_in(90 * 24 * 3600));
    assert_eq!(world.cookies_of(channel).await, format!("{COOKIE}={cookie}"));
    assert_eq!(world.channel(channel).await.name, "Countess");
    // It lasts from its last use.
    world.pass(90 * 24 * 3600 - 1);
    world.renew(&token, &cookie).await.unwrap();
    world.pass(90 * 24 * 3600);
    assert_eq!(refused(world.renew(&token, &cookie).await), Code::HandoverEnded);
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test]
async fn another_accounts_session_is_named_and_not_stored() {
    let world = world().await;
    let (channel, token) = Box::pin(world.by_extension("ada")).await;
    let before = world.cookies_of(channel).await;
    let error = world.renew(&token, &world.session_of("grace").await).await.unwrap_err();
    let diagnosis = error.diagnosis();
    assert_eq!((error.status(), diagnosis.next.kind), (409, NextKind::None));
    assert!(value(&diagnosis, "Expected").contains("(ada)") && value(&diagnosis, "Came back").contains("(grace)"));
    row("hand-over renewed by another account", "account.other_than_expected", refused(Err::<(), _>(error)).as_str());
    assert_eq!(world.cookies_of(channel).await, before);
    // One that is out of order leaves the channel as it is, too.
    let ended = world.session_of("ada").await;
    world.sign_out(&ended).await;
    assert_eq!(refused(world.renew(&token, &ended).await), Code::CredentialsWrong);
    world.fault(json!({"kind": "status", "code": 503, "endpoints": ["me"], "times": 3})).await;
    assert_eq!(refused(world.renew(&token, "anything").await), Code::ServerError);
    assert_eq!(pointers(&world.handshake.renew_handover(&token, BTreeMap::new()).await.unwrap_err()).len(), 1);
    assert_eq!((world.cookies_of(channel).await, world.channels().await.len()), (before, 1));
}

#[tokio::test]
async fn a_new_session_brings_a_lapsed_channel_back() {
    let world = world().await;
    let (channel, token) = Box::pin(world.by_extension("ada")).await;
    let old = world.cookies_of(channel).await;
    world.sign_out(old.strip_prefix(&format!("{COOKIE}=")).unwrap()).await;
    world.handshake.fresh(channel, true).await.unwrap_err();
    let lapsed = world.channel(channel).await;
    assert_eq!((lapsed.state, lapsed.reason.unwrap().code), (ChannelState::NeedsReconnect, Code::CredentialsWrong));
    record::raised(Code::CredentialsWrong);
    let held = world.held_post(channel).await;
    let renewed = world.renew(&token, &world.session_of("ada").await).await.unwrap();
    assert_eq!((renewed.state, renewed.resumed), (ChannelState::Active, 1));
    assert_eq!(publications::by_id(&world.store, held.id).await.unwrap().state, State::Scheduled);
    let channel = world.channel(channel).await;
    assert_eq!((channel.state, channel.reason), (ChannelState::Active, None));
    // Off is off.
    channels::set_state(&world.store, channel.id, ChannelState::Disabled, None).await.unwrap();
    let renewed = world.renew(&token, &world.session_of("ada").await).await.unwrap();
    assert_eq!(renewed.state, ChannelState::Disabled);
}

#[tokio::test]
async fn the_token_of_a_deleted_channel_is_dead_also_when_it_comes_back() {
    let world = world().await;
    let (channel, token) = Box::pin(world.by_extension("ada")).await;
    channels::delete(&world.store, world.workspace, channel).await.unwrap();
    let cookie = world.session_of("ada").await;
    let dead = refused(world.renew(&token, &cookie).await);
    row("hand-over to a deleted channel", "handover.ended", dead.as_str());
    assert!(world.channels().await.is_empty());
    let (again, newer) = Box::pin(world.by_extension("ada")).await;
    assert_eq!(again, channel);
    assert_eq!(refused(world.renew(&token, &cookie).await), Code::HandoverEnded);
    world.renew(&newer, &cookie).await.unwrap();
}

#[tokio::test]
async fn a_channel_that_is_deleted_while_its_session_is_looked_at_stays_deleted() {
    let world = world().await;
    let (channel, token) = Box::pin(world.by_extension("ada")).await;
    world.fault(json!({"kind": "delay", "ms": 800, "endpoints": ["me"]})).await;
    let (handshake, cookies) = (world.handshake.clone(), session(&world.session_of("ada").await));
    let renewing = tokio::spawn(async move { handshake.renew_handover(&token, cookies).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    channels::delete(&world.store, world.workspace, channel).await.unwrap();
    assert_eq!(refused(renewing.await.unwrap()), Code::HandoverEnded);
    assert!(world.channels().await.is_empty());
    let row = channels::by_id(&world.store, channel).await.unwrap();
    assert!(row.deleted_at.is_some(), "{row:?}");
}

#[tokio::test]
async fn a_guest_hands_over_and_renews_without_an_account_here() {
    let world = world().await;
    let link = NewLink {
        workspace: world.workspace,
        created_by: world.user,
        name: "For Acme".to_owned(),
        networks: vec![ID.to_owned()],
        max_uses: 1,
        expires_at: world.clock_in(3600),
    };
    let (_, token) = world.handshake.make_invite(link).await.unwrap();
    let invitation = world.handshake.invitation(token.expose()).await.unwrap();
    let started = world.handshake.start_invited(&invitation, ID, None, None, None).await.unwrap();
    // Those who invited don't see the guest's code.
    assert_eq!(world.view(started.attempt.id).await.extension, None);
    let handed = world.hand_over(&started, &world.session_of("grace").await).await.unwrap();
    let guest = Guest::new(None, Some(&started.browser_cookie));
    let view = world.handshake.view(started.attempt.id, world.workspace, guest).await.unwrap();
    assert_eq!((handed.state, view.state, view.channel_id), (S::Connected, S::Connected, None));
    world.renew(&handed.token.unwrap(), &world.session_of("grace").await).await.unwrap();
}

#[tokio::test]
async fn a_hand_over_is_stopped_by_whoever_holds_its_token_and_by_a_newer_one() {
    let world = world().await;
    let (channel, first) = Box::pin(world.by_extension("ada")).await;
    let cookie = world.session_of("ada").await;
    let reconnect = away(&world, Some(channel)).await;
    let second = world.hand_over(&reconnect, &cookie).await.unwrap().token.unwrap();
    assert_eq!(refused(world.renew(&first, &cookie).await), Code::HandoverEnded);
    world.handshake.stop_handover(&first).await.unwrap();
    world.renew(&second, &cookie).await.unwrap();
    world.handshake.stop_handover(&second).await.unwrap();
    world.handshake.stop_handover(&second).await.unwrap();
    assert_eq!(refused(world.renew(&second, &cookie).await), Code::HandoverEnded);
    assert_eq!(world.channel(channel).await.state, ChannelState::Active);
    assert_eq!(world.cookies_of(channel).await, format!("{COOKIE}={cookie}"));
}

#[tokio::test]
async fn a_reconnect_with_another_account_asks() {
    let world = world().await;
    let (channel, _) = Box::pin(world.by_extension("ada")).await;
    let reconnect = away(&world, Some(channel)).await;
    let handed = world.hand_over(&reconnect, &world.session_of("grace").await).await.unwrap();
    assert_eq!((handed.state, handed.diagnosis.unwrap().code), (S::Identified, Code::OtherThanExpected));
    let view = world.handshake.proceed(reconnect.attempt.id, world.workspace, world.user).await.unwrap();
    let graces = view.channel_id.unwrap();
    assert_ne!(graces, channel);
    let renewed = world.renew(&handed.token.unwrap(), &world.session_of("grace").await).await.unwrap();
    assert_eq!(renewed.account.handle, "grace");
}

/// However far the work on its request had come: either nothing has happened, or all of it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_extension_may_hang_up_at_any_moment() {
    let world = world().await;
    let (mut untouched, mut connected) = (0, 0);
    for turns in 0.. {
        let started = away(&world, None).await;
        let cookie = world.session_of("ada").await;
        let stayed = hung_up_after(turns, world.hand_over(&started, &cookie)).await.is_some();
        let mut state = world.view(started.attempt.id).await.state;
        for _ in 0..500 {
            if matches!(state, S::Away | S::Connected) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            state = world.view(started.attempt.id).await.state;
        }
        match state {
            S::Away => untouched += 1,
            S::Connected => connected += 1,
            state => panic!("left {state} by an extension that hung up in turn {turns}"),
        }
        if stayed {
            break;
        }
    }
    assert!(untouched > 0 && connected > 1, "{untouched} untouched, {connected} connected");
}
