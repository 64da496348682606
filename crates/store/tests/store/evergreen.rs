use crate::{
    scene::{Scene, post, scene},
    slots::daily,
};
use crier_model::{ChannelId, EvergreenId, PostId, Timestamp, post::Timing, publication::PublicationState as State};
use crier_store::{
    StoreError, due,
    evergreen::{self, Settings},
    posts::{self, Filter, PostSummary, Save},
    publications,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn settings(channels: &[ChannelId], rest_days: u32) -> Settings {
    Settings {
        name: "Tips".to_owned(),
        channels: channels.to_vec(),
        time_zone: Some("UTC".to_owned()),
        slots: daily(&["15:00"]),
        rest_days,
        paused: false,
    }
}

async fn queue(scene: &Scene, channel: ChannelId, rest_days: u32, texts: &[&str]) -> (EvergreenId, Vec<PostId>) {
    let set = settings(&[channel], rest_days);
    let id = evergreen::create(scene, scene.workspace, scene.user, &set).await.unwrap();
    let mut kept = Vec::new();
    for text in texts {
        let post = post(text, &[channel], Timing::Draft(None));
        kept.push(evergreen::keep(scene, scene.workspace, id, scene.user, &post).await.unwrap().id);
    }
    (id, kept)
}

/// The posts people see, by their time.
async fn written(scene: &Scene) -> Vec<PostSummary> {
    let (from, to) = (at("2020-01-01T00:00:00Z"), at("2099-01-01T00:00:00Z"));
    posts::summaries_between(scene, scene.workspace, from, to, Filter::default(), 1000).await.unwrap()
}

async fn turns(scene: &Scene) -> Vec<(String, String)> {
    let show = |post: PostSummary| (post.excerpt, post.due_at.unwrap().strftime("%m-%d %H:%M").to_string());
    written(scene).await.into_iter().map(show).collect()
}

fn turn(text: &str, at: &str) -> (String, String) {
    (text.to_owned(), at.to_owned())
}

/// Lets the time come and does the queue's work, as a worker would.
async fn work_until(scene: &Scene, until: &str) {
    loop {
        match due::next_due_at(scene).await.unwrap() {
            Some(next) if next <= at(until) => scene.clock.set(next.max(scene.now())),
            _ => break scene.clock.set(at(until)),
        }
        for work in due::claim(scene, scene.now(), "worker", 100, crate::scene::LEASE).await.unwrap() {
            if work.kind == due::kind::EVERGREEN {
                evergreen::take_turn(scene, work.subject.parse().unwrap(), work.fence).await.unwrap();
            } else {
                due::finish(scene, work.fence).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn the_posts_of_a_queue_come_round_one_at_a_time() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let (id, kept) = queue(&scene, channel, 0, &["one", "two", "three"]).await;
    assert_eq!(
        turns(&scene).await,
        [turn("one", "03-01 15:00")],
        "one turn is written ahead, and what is kept is no post of its own"
    );
    let ahead = evergreen::ahead(&scene, scene.workspace, id, 4).await.unwrap();
    assert_eq!(ahead.iter().map(|(post, _)| *post).collect::<Vec<_>>(), [kept[0], kept[1], kept[2], kept[0]]);
    assert_eq!(ahead[3].1, at("2027-03-04T15:00:00Z"));
    work_until(&scene, "2027-03-04T15:00:30Z").await;
    let expected = ["one", "two", "three", "one", "two"].iter().enumerate();
    let expected: Vec<_> = expected.map(|(day, text)| turn(text, &format!("03-0{} 15:00", day + 1))).collect();
    assert_eq!(turns(&scene).await, expected);
    let again = written(&scene).await[3].publications[0].id;
    let history = publications::history(&scene, &[again]).await.unwrap();
    assert!(history[0].detail.contains("“Tips” publishes it again, as the queue is meant to"), "{history:?}");
    let seen = evergreen::kept(&scene, id).await.unwrap();
    assert_eq!((seen[0].turns, seen[2].turns, seen[1].last_at), (2, 1, Some(at("2027-03-05T15:00:00Z"))));
    assert_eq!(evergreen::list(&scene, scene.workspace).await.unwrap()[0].posts, 3);
}

#[tokio::test]
async fn no_post_comes_again_before_it_has_rested() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    queue(&scene, channel, 5, &["one", "two"]).await;
    work_until(&scene, "2027-03-08T00:00:00Z").await;
    assert_eq!(
        turns(&scene).await,
        [
            turn("one", "03-01 15:00"),
            turn("two", "03-02 15:00"),
            turn("one", "03-06 15:00"),
            turn("two", "03-07 15:00"),
            turn("one", "03-11 15:00")
        ]
    );
}

#[tokio::test]
async fn a_turn_yields_to_what_is_due_at_its_slot() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&post("By hand", &[channel], Timing::At(at("2027-03-01T15:00:00Z")))).await;
    queue(&scene, channel, 0, &["one"]).await;
    assert_eq!(turns(&scene).await[1], turn("one", "03-02 15:00"));
}

#[tokio::test]
async fn a_paused_queue_takes_its_turn_back_and_loses_none() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let (id, _) = queue(&scene, channel, 3, &["one", "two"]).await;
    let paused = Settings { paused: true, ..settings(&[channel], 3) };
    evergreen::update(&scene, scene.workspace, id, Some(1), &paused).await.unwrap();
    assert_eq!(turns(&scene).await, []);
    assert_eq!(evergreen::ahead(&scene, scene.workspace, id, 3).await.unwrap(), []);
    work_until(&scene, "2027-03-02T16:00:00Z").await;
    assert_eq!(turns(&scene).await, []);
    let stale = evergreen::update(&scene, scene.workspace, id, Some(1), &settings(&[channel], 3)).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    evergreen::update(&scene, scene.workspace, id, Some(2), &settings(&[channel], 3)).await.unwrap();
    assert_eq!(turns(&scene).await, [turn("one", "03-03 15:00")], "a turn that was taken back counts as none");
}

#[tokio::test]
async fn a_changed_post_goes_out_as_changed_and_a_deleted_one_not_at_all() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let (id, kept) = queue(&scene, channel, 0, &["one", "two"]).await;
    let change = Save { id: Some(kept[0]), ..scene.new_post() };
    posts::save(&scene, change.clone(), &post("one, better", &[channel], Timing::Draft(None))).await.unwrap();
    assert_eq!(turns(&scene).await, [turn("one, better", "03-01 15:00")]);
    let refused = posts::save(&scene, change, &post("now", &[channel], Timing::Now)).await;
    assert!(matches!(refused, Err(StoreError::Conflict { what: "post.kept" })), "{refused:?}");
    posts::delete(&scene, scene.workspace, kept[0]).await.unwrap();
    assert_eq!(turns(&scene).await, [turn("two", "03-01 15:00")]);
    // A turn that somebody deletes is left out.
    posts::delete(&scene, scene.workspace, written(&scene).await[0].id).await.unwrap();
    work_until(&scene, "2027-03-01T16:00:00Z").await;
    assert_eq!(turns(&scene).await, [turn("two", "03-02 15:00")]);
    evergreen::delete(&scene, scene.workspace, id).await.unwrap();
    assert_eq!((turns(&scene).await.len(), evergreen::list(&scene, scene.workspace).await.unwrap().len()), (0, 0));
    work_until(&scene, "2027-03-05T16:00:00Z").await;
    assert_eq!(turns(&scene).await, []);
}

#[tokio::test]
async fn what_was_sent_stays_when_the_queue_goes() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let (id, _) = queue(&scene, channel, 0, &["one"]).await;
    let sent = written(&scene).await[0].publications[0].id;
    for (from, to) in [(State::Scheduled, State::Sending), (State::Sending, State::Published)] {
        publications::set_state(&scene, sent, &[from], to, publications::Change::default()).await.unwrap();
    }
    evergreen::delete(&scene, scene.workspace, id).await.unwrap();
    assert_eq!(turns(&scene).await, [turn("one", "03-01 15:00")]);
}
