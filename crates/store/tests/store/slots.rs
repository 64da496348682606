use crate::scene::{Scene, post, scene, start};
use crier_model::{
    ChannelId, PostId, Timestamp,
    post::Timing,
    publication::PublicationState as State,
    slot::{Day, Slot},
};
use crier_store::{
    StoreError, posts,
    slots::{self, Wanted},
};
use std::collections::HashSet;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn daily(times: &[&str]) -> Vec<Slot> {
    times.iter().map(|time| Slot { days: Day::ALL.into(), time: time.parse().unwrap() }).collect()
}

async fn queue(scene: &Scene, channels: &[ChannelId]) -> Timestamp {
    let saved = scene.save(&post("Queued", channels, Timing::NextSlot)).await;
    due(scene, saved.id).await
}

async fn due(scene: &Scene, id: PostId) -> Timestamp {
    posts::get(scene, scene.workspace, id).await.unwrap().due_at.unwrap()
}

async fn next_free(scene: &Scene, channels: &[ChannelId], count: usize) -> Vec<Timestamp> {
    let wanted = Wanted { workspace: scene.workspace, channels, except: None, from: start() };
    slots::free(scene, wanted, count).await.unwrap()
}

#[tokio::test]
async fn a_channel_has_the_workspaces_slots_until_it_has_its_own() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let week = slots::of_channel(&scene, scene.workspace, channel).await.unwrap();
    assert_eq!(
        (week.is_own, week.time_zone.as_str(), week.slots),
        (false, "Europe/Berlin", daily(&["09:00", "13:00", "18:00"]))
    );
    slots::set_workspace(&scene, scene.workspace, &daily(&["10:00"])).await.unwrap();
    let week = slots::of_channel(&scene, scene.workspace, channel).await.unwrap();
    assert_eq!((week.is_own, week.slots), (false, daily(&["10:00"])));
    assert!(slots::of_workspace(&scene, scene.workspace).await.unwrap().is_own);
    slots::set_channel(&scene, scene.workspace, channel, Some("Asia/Tokyo"), &daily(&["07:30"])).await.unwrap();
    slots::set_channel(&scene, scene.workspace, channel, Some("Asia/Tokyo"), &daily(&["08:00"])).await.unwrap();
    let week = slots::of_channel(&scene, scene.workspace, channel).await.unwrap();
    assert_eq!((week.is_own, week.time_zone.as_str(), week.slots), (true, "Asia/Tokyo", daily(&["08:00"])));
    slots::forget_channel(&scene, scene.workspace, channel).await.unwrap();
    assert!(!slots::of_channel(&scene, scene.workspace, channel).await.unwrap().is_own);
    let unknown = slots::set_channel(&scene, scene.workspace, ChannelId::new(), None, &[]).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "channel" })), "{unknown:?}");
}

#[tokio::test]
async fn a_queued_post_takes_the_next_slot_that_nothing_is_due_at() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    // It is 13:00 in Berlin; that slot is over.
    assert_eq!(queue(&scene, &[channel]).await, at("2027-03-01T17:00:00Z"));
    // Set by hand into the minute of a slot, as a draft and as scheduled: both are in the way.
    scene.save(&post("By hand", &[channel], Timing::At(at("2027-03-02T08:00:40Z")))).await;
    scene.save(&post("A draft", &[channel], Timing::Draft(Some(at("2027-03-02T12:00:00Z"))))).await;
    assert_eq!(queue(&scene, &[channel]).await, at("2027-03-02T17:00:00Z"));
    // Another channel's are not.
    let other = scene.channel("b").await;
    assert_eq!(queue(&scene, &[other]).await, at("2027-03-01T17:00:00Z"));
    assert_eq!(queue(&scene, &[other, channel]).await, at("2027-03-03T08:00:00Z"));
    let free = next_free(&scene, &[channel], 3).await;
    assert_eq!(free, [at("2027-03-03T12:00:00Z"), at("2027-03-03T17:00:00Z"), at("2027-03-04T08:00:00Z")]);
}

#[tokio::test]
async fn a_slot_is_free_again_when_its_post_is_gone_and_a_post_is_not_in_its_own_way() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let first = scene.save(&post("One", &[channel], Timing::NextSlot)).await;
    let again =
        posts::save(&scene, scene.change(first.id, 1), &post("Two", &[channel], Timing::NextSlot)).await.unwrap();
    assert_eq!(due(&scene, again.id).await, at("2027-03-01T17:00:00Z"));
    posts::delete(&scene, scene.workspace, first.id).await.unwrap();
    assert_eq!(queue(&scene, &[channel]).await, at("2027-03-01T17:00:00Z"));
}

#[tokio::test]
async fn channels_with_different_slots_meet_where_they_can_and_else_take_turns() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    slots::set_channel(&scene, scene.workspace, a, None, &daily(&["15:00", "20:00"])).await.unwrap();
    // 14:00 in London is 15:00 in Berlin.
    slots::set_channel(&scene, scene.workspace, b, Some("Europe/London"), &daily(&["14:00", "13:00"])).await.unwrap();
    let free = next_free(&scene, &[a, b], 2).await;
    assert_eq!(free, [at("2027-03-01T14:00:00Z"), at("2027-03-02T14:00:00Z")]);
    slots::set_channel(&scene, scene.workspace, b, None, &daily(&["16:00"])).await.unwrap();
    let free = next_free(&scene, &[a, b], 3).await;
    assert_eq!(free, [at("2027-03-01T14:00:00Z"), at("2027-03-01T15:00:00Z"), at("2027-03-01T19:00:00Z")]);
}

#[tokio::test]
async fn without_slots_there_is_none_to_take_and_nothing_is_written() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    slots::set_workspace(&scene, scene.workspace, &[]).await.unwrap();
    let refused = posts::save(&scene, scene.new_post(), &post("Queued", &[channel], Timing::NextSlot)).await;
    assert!(matches!(refused, Err(StoreError::Conflict { what: "slots.none" })), "{refused:?}");
    assert_eq!(posts::list(&scene, scene.workspace, posts::Filter::default(), None, 10).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_two_are_given_the_same_slot_however_many_ask_at_once() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let nodes = [scene.node().await, scene.node().await];
    let mut askers = tokio::task::JoinSet::new();
    for i in 0..20 {
        let (node, new) = (nodes[i % 2].clone(), scene.new_post());
        let channels = if i % 3 == 0 { vec![b, a] } else { vec![a, b] };
        askers.spawn(async move {
            let saved = posts::save(&node, new, &post("Queued", &channels, Timing::NextSlot)).await.unwrap();
            posts::by_id(&node, saved.id).await.unwrap().due_at.unwrap()
        });
    }
    let given = askers.join_all().await;
    assert_eq!(given.iter().collect::<HashSet<_>>().len(), 20, "{given:?}");
}

#[tokio::test]
async fn a_channels_queue_shows_slots_free_and_taken_and_what_is_beside_them() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    queue(&scene, &[channel]).await;
    scene.save(&post("By hand", &[channel], Timing::At(at("2027-03-02T09:15:00Z")))).await;
    let places = slots::queue(&scene, scene.workspace, channel, 4).await.unwrap();
    let seen: Vec<_> = places
        .iter()
        .map(|place| {
            (place.at.to_string(), place.is_slot, place.taken_by.as_ref().map(|q| (q.excerpt.as_str(), q.state)))
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("2027-03-01T17:00:00Z".to_owned(), true, Some(("Queued", State::Scheduled))),
            ("2027-03-02T08:00:00Z".to_owned(), true, None),
            ("2027-03-02T09:15:00Z".to_owned(), false, Some(("By hand", State::Scheduled))),
            ("2027-03-02T12:00:00Z".to_owned(), true, None),
        ]
    );
}
