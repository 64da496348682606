//! Connecting by telling a bot a code, with the Playground's as the bot.

use crate::scripted::{ID, Kind, Scripted, app};
use crate::world::{World, between, code};
use crier_connect::{AttemptView, Start, Started};
use crier_model::{Clock, Code, NextKind, attempt::AttemptState as S, channel::ChannelState};
use crier_networks::connect::{Connect, Tokens};
use crier_networks::playground::Playground;
use crier_store::{attempts, due};
use jiff::SignedDuration;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinHandle;
use url::Url;

/// The Playground, connected by its bot.
struct ByBot(Playground);

impl Kind for ByBot {
    fn connect(&self) -> Connect<'_> {
        Connect::Dialog(&self.0)
    }
}

async fn world() -> World {
    World::beside_playground(
        |origin| vec![Box::new(Scripted(ByBot(Playground::new(&origin.parse().unwrap()))))],
        |settings| settings.pace.listening = Duration::from_secs(2),
    )
    .await
}

async fn start(world: &World) -> Started {
    world.handshake.start(Start { network: ID, ..world.wish(None) }).await.unwrap()
}

async fn away(world: &World) -> Started {
    let started = start(world).await;
    assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
    assert_eq!(started.authorize_url, None);
    started
}

/// What one is to send.
fn message(started: &Started) -> String {
    started.attempt.dialog.as_ref().unwrap().message.clone()
}

/// A piece of work that listens, as a worker does it: claimed, done, given back.
async fn work(world: &World) -> bool {
    Box::pin(work_for(world, 1)).await
}

/// As [`work`], with so many bots about.
async fn work_for(world: &World, bots: usize) -> bool {
    let claimed =
        due::claim(&world.store, world.clock.now(), "worker", 10, SignedDuration::from_secs(60)).await.unwrap();
    let listening: Vec<_> = claimed.iter().filter(|work| work.kind == due::kind::LISTEN).collect();
    assert!(listening.len() <= bots, "one at a time listens to a bot");
    for work in &listening {
        match world.handshake.listen(work.subject.parse().unwrap()).await.unwrap() {
            Some(at) => due::release(&world.store, work.fence, at, None).await.unwrap(),
            None => due::finish(&world.store, work.fence).await.unwrap(),
        }
    }
    !listening.is_empty()
}

impl World {
    /// Writes to the bot as an account.
    async fn tell(&self, bot: &Url, handle: &str, text: &str) {
        let account = if handle == "ada" { "1" } else { "2" };
        let form = [("account", account), ("return_to", "/")];
        let request = self.net.post(format!("{}/sign-in/demo", self.origin)).no_redirects();
        let signed_in = request.header("origin", &self.origin).form(&form).send().await.unwrap();
        let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let request = self.net.post(bot).no_redirects().header("origin", &self.origin).header("cookie", cookie);
        let answer = request.form(&[("text", text)]).send().await.unwrap();
        assert_eq!(answer.status(), 303, "{}", answer.text());
    }

    async fn chat(&self, bot: &Url, handle: &str) -> String {
        let account = if handle == "ada" { "1" } else { "2" };
        let form = [("account", account), ("return_to", "/")];
        let request = self.net.post(format!("{}/sign-in/demo", self.origin)).no_redirects();
        let signed_in = request.header("origin", &self.origin).form(&form).send().await.unwrap();
        let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let page = self.net.get(bot).header("cookie", cookie).send().await.unwrap().text().into_owned();
        between(&page, "<ul", "</ul>")
    }

    async fn becomes(&self, started: &Started, state: S) -> AttemptView {
        for _ in 0..200 {
            let view = self.view(started.attempt.id).await;
            if view.state == state {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{:?}", self.view(started.attempt.id).await);
    }
}

fn bot(started: &Started) -> Url {
    started.attempt.dialog.as_ref().unwrap().link.as_ref().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_code_told_to_the_bot_makes_a_channel() {
    let world = world().await;
    let started = away(&world).await;
    let dialog = started.attempt.dialog.as_ref().unwrap();
    assert_eq!((dialog.bot.as_str(), dialog.steps.len()), ("Crier", 1));
    assert!(message(&started).starts_with("/connect ") && message(&started).len() == 35, "{}", message(&started));
    world.tell(&bot(&started), "ada", "hello").await;
    world.tell(&bot(&started), "ada", "/connect somethingelse").await;
    world.tell(&bot(&started), "ada", &format!("{}  ", message(&started))).await;
    assert!(work(&world).await);
    let view = world.becomes(&started, S::Connected).await;
    assert_eq!(view.dialog, None);
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!((channel.handle.as_str(), channel.network.as_str()), ("ada", ID));
    let credentials = world.handshake.fresh(channel.id, false).await.unwrap();
    assert!(credentials.app.is_some());
    let me = world.net.get(format!("{}/api/me", world.origin)).bearer(credentials.access_token.expose());
    assert_eq!(me.send().await.unwrap().status(), 200);
    // Where it was said, people read what it was connected to.
    for _ in 0..100 {
        if world.chat(&bot(&started), "ada").await.contains("is connected to the workspace “Works”") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let chat = world.chat(&bot(&started), "ada").await;
    assert!(chat.contains("is connected to the workspace “Works”"), "{chat}");
    // The work of listening is done.
    while work(&world).await {}
    assert_eq!(world.view(started.attempt.id).await.state, S::Connected);
}

#[tokio::test]
async fn the_code_is_only_for_who_started_and_lies_nowhere_readable() {
    let world = world().await;
    let started = away(&world).await;
    let (stranger, _) = world.another_user().await;
    let seen = world.handshake.view(started.attempt.id, world.workspace, stranger).await.unwrap();
    assert_eq!(seen.dialog, None);
    let said = message(&started).trim_start_matches("/connect ").to_owned();
    let words = format!("{:?} {:?}", started, world.view(started.attempt.id).await);
    assert!(!words.contains(&said));
    let row = format!("{:?}", attempts::by_id(&world.store, started.attempt.id).await.unwrap());
    assert!(!row.contains(&said));
}

#[tokio::test]
async fn several_wait_for_one_bot_and_each_gets_its_own() {
    let world = world().await;
    let (first, second, third) = (away(&world).await, away(&world).await, away(&world).await);
    world.tell(&bot(&second), "grace", &message(&second)).await;
    world.tell(&bot(&first), "ada", &message(&first)).await;
    // Whoever listens first hears for all.
    assert!(work(&world).await);
    let (one, two) = (world.becomes(&first, S::Connected).await, world.becomes(&second, S::Connected).await);
    assert_ne!(one.channel_id, two.channel_id);
    assert_eq!(world.view(third.attempt.id).await.state, S::Away);
    assert_eq!(world.channel(two.channel_id.unwrap()).await.handle, "grace");
    // The one left has its turn when the others are done.
    let others = [first.attempt.id, second.attempt.id].map(|id| id.to_string());
    for _ in 0..4 {
        work(&world).await;
    }
    for id in others {
        assert!(!due::remove(&world.store, due::kind::LISTEN, &id).await.unwrap(), "their work is finished");
    }
    world.tell(&bot(&third), "ada", &message(&third)).await;
    assert!(work(&world).await);
    assert_eq!(world.becomes(&third, S::Connected).await.channel_id, one.channel_id);
}

#[tokio::test]
async fn a_code_is_good_once() {
    let world = world().await;
    let started = away(&world).await;
    world.tell(&bot(&started), "ada", &message(&started)).await;
    work(&world).await;
    world.becomes(&started, S::Connected).await;
    let other = away(&world).await;
    world.tell(&bot(&other), "grace", &message(&started)).await;
    work(&world).await;
    assert_eq!(world.view(other.attempt.id).await.state, S::Away);
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test]
async fn the_bot_hears_at_once_while_it_listens() {
    let world = world().await;
    let started = away(&world).await;
    let (handshake, id) = (world.handshake.clone(), started.attempt.id);
    let listening: JoinHandle<_> = tokio::spawn(async move { handshake.listen(id).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.tell(&bot(&started), "ada", &message(&started)).await;
    assert_eq!(listening.await.unwrap(), None);
    world.becomes(&started, S::Connected).await;
}

#[tokio::test]
async fn a_bot_that_another_program_reads_is_named_and_the_connect_goes_on() {
    let world = world().await;
    let started = away(&world).await;
    // Another program takes the place for a while, with the same id and secret.
    let app = attempts::by_id(&world.store, started.attempt.id).await.unwrap().app.unwrap();
    let bot_app = crier_store::apps::get(&world.store, app).await.unwrap();
    let secret = bot_app.client_secret.unwrap();
    let url = format!("{}/api/bot/messages?wait=3", world.origin);
    let request = world.net.get(url).basic(&bot_app.client_id, secret.expose());
    let other = tokio::spawn(async move { request.send().await.unwrap().status() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(work(&world).await);
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Away, Some(Code::BotHeardElsewhere)));
    assert_eq!(view.diagnosis.unwrap().next.kind, NextKind::None);
    assert!(view.dialog.is_some(), "the person still sees what to do");
    // It stops.
    assert_eq!(other.await.unwrap(), 200);
    world.pass(6);
    world.tell(&bot(&started), "ada", &message(&started)).await;
    assert!(work(&world).await);
    let view = world.becomes(&started, S::Connected).await;
    assert_eq!(view.diagnosis, None);
}

#[tokio::test]
async fn a_bot_that_cannot_be_heard_for_a_moment_is_heard_again() {
    let world = world().await;
    let started = away(&world).await;
    world.fault(json!({"kind": "status", "code": 503, "endpoints": ["bot"], "times": 1})).await;
    assert!(work(&world).await);
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Away, Some(Code::ServerError)));
    world.pass(6);
    assert!(work(&world).await);
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Away, None));
    assert_eq!(view.events.last().unwrap().title, "The bot is heard again");
}

#[tokio::test]
async fn a_wrong_token_is_told_before_anybody_waits() {
    let world = World::beside_playground(
        |origin| vec![Box::new(Scripted(ByBot(Playground::new(&origin.parse().unwrap()))))],
        |settings| drop(settings.apps.insert(ID.to_owned(), app())),
    )
    .await;
    let checks = world.handshake.preflight(world.workspace, ID, None, None).await.unwrap();
    assert_eq!(checks[0].diagnosis.as_ref().map(|it| it.code), Some(Code::ClientUnknown));
    let started = start(&world).await;
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::ClientUnknown)));
}

#[tokio::test]
async fn a_bot_that_the_network_has_forgotten_is_registered_anew() {
    let mut world = world().await;
    let first = away(&world).await;
    world.begin_anew().await;
    let second = away(&world).await;
    assert_ne!(bot(&first), bot(&second));
    world.tell(&bot(&second), "ada", &message(&second)).await;
    for _ in 0..3 {
        Box::pin(work_for(&world, 2)).await;
    }
    world.becomes(&second, S::Connected).await;
    // Who waited for the one that is gone is told so.
    let view = world.view(first.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ClientUnknown)));
}

#[tokio::test]
async fn nobody_telling_the_code_lapses_and_says_so() {
    let world = world().await;
    let started = away(&world).await;
    world.pass(30 * 60);
    assert_eq!(world.handshake.listen(started.attempt.id).await.unwrap(), None);
    world.handshake.revisit(started.attempt.id).await.unwrap();
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Expired, Some(Code::StateExpired)));
    assert!(view.diagnosis.unwrap().cause.contains("Nobody told Crier the code"));
    // Too late.
    world.tell(&bot(&started), "ada", &message(&started)).await;
    let other = away(&world).await;
    assert_eq!(world.handshake.listen(other.attempt.id).await.unwrap(), Some(world.clock.now()));
    assert_eq!(world.view(started.attempt.id).await.state, S::Expired);
}

#[tokio::test]
async fn cancelling_ends_the_listening() {
    let world = world().await;
    let started = away(&world).await;
    world.handshake.cancel(started.attempt.id, world.workspace, world.user).await.unwrap();
    world.tell(&bot(&started), "ada", &message(&started)).await;
    assert!(work(&world).await);
    assert!(!work(&world).await);
    assert_eq!(world.view(started.attempt.id).await.state, S::Cancelled);
}

#[tokio::test]
async fn a_withdrawn_permission_needs_a_reconnect_and_gets_it() {
    let world = world().await;
    let started = away(&world).await;
    world.tell(&bot(&started), "ada", &message(&started)).await;
    work(&world).await;
    let channel = world.becomes(&started, S::Connected).await.channel_id.unwrap();
    world.fault(json!({"kind": "revoke_tokens", "endpoints": ["me"], "times": 1})).await;
    world.pass(60);
    world.handshake.fresh(channel, true).await.unwrap_err();
    assert_eq!(world.channel(channel).await.state, ChannelState::NeedsReconnect);
    let again = world.handshake.start(Start { network: ID, ..world.wish(Some(channel)) }).await.unwrap();
    world.tell(&bot(&again), "ada", &message(&again)).await;
    while world.view(again.attempt.id).await.state == S::Away {
        work(&world).await;
    }
    assert_eq!(world.becomes(&again, S::Connected).await.channel_id, Some(channel));
    assert_eq!(world.channel(channel).await.state, ChannelState::Active);
}
