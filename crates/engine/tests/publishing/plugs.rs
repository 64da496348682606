//! What follows published posts by itself: at likes, and some time after.

use crate::{
    crashes::mortal,
    house::{House, Running, house, minutes, part, seconds},
    keyless::Keyless,
};
use crier_engine::work::Handler;
use crier_model::{
    ChannelId, Document, PublicationId,
    channel::ChannelState,
    plug::{Act, Following, PlugState as Stood, Rule},
    post::{Content, Timing, ValidPost, Variant},
    publication::{PublicationState as State, Wanted},
};
use crier_store::{
    channels,
    plugs::{self, Plug},
    posts::{self, Save},
    publications, workspaces,
};
use jiff::SignedDuration;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn rule(act: Act, likes: u32) -> Rule {
    let body = (act == Act::Comment).then(|| Document::from_plain("Read on at example.org"));
    Rule { act, enabled: true, likes, body }
}

fn following(act: Act, by: ChannelId, after_minutes: u32) -> Following {
    let body = (act == Act::Comment).then(|| Document::from_plain("Well said"));
    Following { act, by, after_minutes, body }
}

impl House {
    async fn set_rules(&self, rules: &[Rule]) {
        plugs::set_rules(&self.store, self.workspace, self.channel, rules).await.unwrap();
    }

    /// A post on Ada's channel that is out.
    async fn out(&self, texts: &[&str], plugs: Vec<Following>) -> PublicationId {
        let parts = texts.iter().map(|text| part(text)).collect();
        let variants = BTreeMap::from([(self.channel, Variant { plugs, ..Variant::default() })]);
        let post = ValidPost {
            content: Content { parts, variants },
            channels: vec![self.channel],
            timing: Timing::Now,
            time_zone: "Europe/Berlin".into(),
            repeat: None,
        };
        let save =
            Save { workspace: self.workspace, by: self.user, id: None, expected_version: None, idempotency_key: None };
        let post = posts::save(&self.store, save, &post).await.unwrap().id;
        let id = self.publication_of(post).await;
        self.work_to(id, State::Published).await;
        id
    }

    fn follow(&self) -> Running {
        let publisher = self.publisher();
        let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(publisher.likes()), Arc::new(publisher.plugs())];
        self.start_with(&self.store, handlers, crier_engine::Settings::default())
    }

    async fn plugs(&self, id: PublicationId) -> Vec<Plug> {
        plugs::of_publications(&self.store, &[id]).await.unwrap()
    }

    async fn states(&self, id: PublicationId) -> Vec<Stood> {
        self.plugs(id).await.into_iter().map(|plug| plug.state).collect()
    }

    /// Runs a worker until the plugs of the publication stand like this.
    async fn follow_until(&self, id: PublicationId, wanted: &[Stood]) {
        let worker = self.follow();
        self.wait_for(id, wanted).await;
        worker.stop().await;
    }

    async fn wait_for(&self, id: PublicationId, wanted: &[Stood]) {
        let started = Instant::now();
        while self.states(id).await != wanted {
            assert!(started.elapsed() < Duration::from_secs(60), "still waiting: {:?}", self.plugs(id).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs a worker for as long as it takes to do what is due.
    async fn follow_a_while(&self) {
        let worker = self.follow();
        tokio::time::sleep(Duration::from_millis(300)).await;
        worker.stop().await;
    }
}

#[tokio::test]
async fn a_post_is_reposted_and_commented_on_once_it_has_the_likes() {
    let house = house().await;
    house.set_rules(&[rule(Act::Repost, 1), rule(Act::Comment, 2)]).await;
    let id = house.out(&["one", "two"], Vec::new()).await;
    house.pass(seconds(61));
    house.follow_a_while().await;
    assert_eq!(house.states(id).await, [Stood::Watching, Stood::Watching]);
    let seen = house.wall.of("ada").await;
    house.wall.like("ada", &seen[0].id).await;
    house.pass(seconds(61));
    house.follow_until(id, &[Stood::Watching, Stood::Done]).await;
    house.wall.like("grace", &seen[0].id).await;
    house.pass(minutes(3));
    house.follow_until(id, &[Stood::Done, Stood::Done]).await;
    for _ in 0..3 {
        house.pass(DAY);
        house.follow_a_while().await;
    }
    let seen = house.wall.of("ada").await;
    assert_eq!(
        seen.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(),
        ["one", "two", "Read on at example.org"]
    );
    // A comment of its own goes on where the thread ends.
    assert_eq!((seen[0].reposts, seen[2].reply_to.as_ref()), (1, Some(&seen[1].id)));
    let titles = house.titles(id).await;
    assert_eq!(titles[titles.len() - 2..], ["Reposted by ada", "Commented on by ada"]);
    assert!(house.plugs(id).await.iter().all(|plug| plug.url.is_some() && plug.done_at.is_some()));
}

#[tokio::test]
async fn another_channel_follows_after_its_minutes_and_only_once() {
    let house = house().await;
    let grace = house.connect("grace").await.channel.id;
    let plugs = vec![following(Act::Comment, grace, 5), following(Act::Repost, grace, 60)];
    let id = house.out(&["one", "two"], plugs).await;
    house.pass(minutes(4));
    house.follow_a_while().await;
    assert_eq!(house.states(id).await, [Stood::Due, Stood::Due]);
    house.pass(minutes(2));
    house.follow_until(id, &[Stood::Done, Stood::Due]).await;
    house.pass(minutes(60));
    house.follow_until(id, &[Stood::Done, Stood::Done]).await;
    house.pass(DAY);
    house.follow_a_while().await;
    let (ada, grace) = (house.wall.of("ada").await, house.wall.of("grace").await);
    assert_eq!((ada[0].reposts, grace.len()), (1, 1));
    assert_eq!((grace[0].text.as_str(), grace[0].reply_to.as_ref()), ("Well said", Some(&ada[0].id)));
}

#[tokio::test]
async fn after_three_days_likes_are_waited_for_no_longer() {
    let house = house().await;
    house.set_rules(&[rule(Act::Repost, 5)]).await;
    let id = house.out(&["one"], Vec::new()).await;
    house.pass(DAY * 3 + minutes(1));
    house.follow_until(id, &[Stood::Dropped]).await;
    assert_eq!(house.titles(id).await.last().unwrap(), "Too few likes for its automations");
}

#[tokio::test]
async fn a_rule_that_is_switched_off_does_nothing_more_and_one_that_is_changed_holds_at_once() {
    let house = house().await;
    house.set_rules(&[rule(Act::Repost, 5), rule(Act::Comment, 5)]).await;
    let id = house.out(&["one"], Vec::new()).await;
    house.set_rules(&[Rule { enabled: false, ..rule(Act::Comment, 5) }, rule(Act::Repost, 1)]).await;
    let seen = house.wall.of("ada").await;
    house.wall.like("grace", &seen[0].id).await;
    house.pass(minutes(2));
    house.follow_until(id, &[Stood::Dropped, Stood::Done]).await;
    assert_eq!(house.wall.texts().await, ["one"]);
}

#[tokio::test]
async fn nothing_follows_a_post_that_is_deleted() {
    let house = house().await;
    let grace = house.connect("grace").await.channel.id;
    house.set_rules(&[rule(Act::Repost, 1)]).await;
    let id = house.out(&["one"], vec![following(Act::Comment, grace, 5)]).await;
    let post = house.publication(id).await.post;
    publications::wish(&house.store, house.workspace, id, Wanted::Removal).await.unwrap();
    house.pass(minutes(6));
    house.follow_until(id, &[Stood::Dropped, Stood::Dropped]).await;
    let other = house.out(&["two"], vec![following(Act::Comment, grace, 5)]).await;
    posts::delete(&house.store, house.workspace, house.publication(other).await.post).await.unwrap();
    house.pass(minutes(6));
    house.follow_until(other, &[Stood::Dropped, Stood::Dropped]).await;
    assert_eq!(house.wall.of("grace").await, []);
    assert_ne!(post, house.publication(other).await.post);
}

#[tokio::test]
async fn a_channel_that_rests_is_waited_for_for_a_day() {
    let house = house().await;
    let grace = house.connect("grace").await.channel.id;
    let plugs = || vec![following(Act::Repost, grace, 5)];
    let id = house.out(&["one"], plugs()).await;
    channels::set_state(&house.store, grace, ChannelState::Disabled, None).await.unwrap();
    house.pass(minutes(6));
    house.follow_a_while().await;
    house.pass(minutes(16));
    house.follow_a_while().await;
    assert_eq!(house.states(id).await, [Stood::Due]);
    let titles = house.titles(id).await;
    assert_eq!(titles.iter().filter(|title| *title == "grace could not repost it yet").count(), 1);
    channels::set_state(&house.store, grace, ChannelState::Active, None).await.unwrap();
    house.pass(minutes(16));
    house.follow_until(id, &[Stood::Done]).await;
    let late = house.out(&["two"], plugs()).await;
    workspaces::set_paused(&house.store, house.workspace, true).await.unwrap();
    house.pass(DAY + minutes(6));
    house.follow_until(late, &[Stood::Failed]).await;
    assert_eq!(house.publication(late).await.state, State::Published);
    assert_eq!(house.titles(late).await.last().unwrap(), "grace did not repost it");
}

#[tokio::test]
async fn a_network_that_is_down_is_tried_again_and_one_that_refuses_is_not() {
    let house = house().await;
    let grace = house.connect("grace").await.channel.id;
    let id = house.out(&["one"], vec![following(Act::Comment, grace, 5)]).await;
    house.wall.fault(json!({"kind": "status", "code": 503, "endpoints": ["posts"], "times": 1})).await;
    house.pass(minutes(6));
    house.follow_a_while().await;
    assert_eq!(house.states(id).await, [Stood::Due]);
    house.pass(minutes(1));
    house.follow_until(id, &[Stood::Done]).await;
    let long = Following { body: Some(Document::from_plain(&"x".repeat(501))), ..following(Act::Comment, grace, 5) };
    let refused = house.out(&["two"], vec![long]).await;
    house.pass(minutes(6));
    house.follow_until(refused, &[Stood::Failed]).await;
    let reason = house.plugs(refused).await[0].reason.clone().unwrap();
    assert!(reason.message.contains("501"), "{}", reason.message);
}

#[tokio::test]
async fn a_lost_answer_leads_to_one_comment() {
    for processed in [true, false] {
        let house = house().await;
        let grace = house.connect("grace").await.channel.id;
        let id = house.out(&["one"], vec![following(Act::Comment, grace, 5)]).await;
        house.wall.fault(json!({"kind": "reset", "processed": processed, "endpoints": ["posts"], "times": 1})).await;
        house.pass(minutes(6));
        house.follow_a_while().await;
        house.pass(minutes(2));
        house.follow_until(id, &[Stood::Done]).await;
        assert_eq!(house.wall.of("grace").await.len(), 1, "processed: {processed}");
    }
}

/// Kills the worker that comments at one moment after the other. Returns how the plug stood in the end, and how many comments there are.
async fn die_commenting(house: &House, fuse: &crate::crashes::Fuse, moment: usize) -> (Stood, usize) {
    let by = house.connect("grace").await.channel.id;
    let words = format!("comment {moment}");
    let plug = Following { body: Some(Document::from_plain(&words)), ..following(Act::Comment, by, 5) };
    let id = house.out(&[&format!("post {moment}")], vec![plug]).await;
    house.pass(minutes(6));
    fuse.arm(moment);
    let worker = house.follow();
    fuse.blown().await;
    worker.kill().await;
    fuse.disarm();
    house.pass(seconds(31));
    let worker = house.follow();
    let started = Instant::now();
    while house.states(id).await == [Stood::Due] {
        assert!(started.elapsed() < Duration::from_secs(60), "moment {moment}: {:?}", house.plugs(id).await);
        // What is not to be seen is looked for again.
        house.pass(seconds(5));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.stop().await;
    let texts = house.wall.of("grace").await;
    (house.states(id).await[0], texts.iter().filter(|post| post.text == words).count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_survives_a_death_at_every_moment() {
    let (house, fuse) = mortal(crate::house::network).await;
    for moment in 0..6 {
        assert_eq!(die_commenting(&house, &fuse, moment).await, (Stood::Done, 1), "moment {moment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_comments_can_only_be_looked_for_there_is_one() {
    let (house, fuse) = mortal(Keyless::looking).await;
    for moment in 0..6 {
        assert_eq!(die_commenting(&house, &fuse, moment).await, (Stood::Done, 1), "moment {moment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_can_be_known_there_is_one_comment_at_most() {
    let (house, fuse) = mortal(Keyless::asking).await;
    for moment in 0..6 {
        let wanted = match moment {
            2 => (Stood::Unconfirmed, 0),
            3 => (Stood::Unconfirmed, 1),
            _ => (Stood::Done, 1),
        };
        assert_eq!(die_commenting(&house, &fuse, moment).await, wanted, "moment {moment}");
    }
}
