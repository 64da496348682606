//! A quarter of an hour ahead.

use crate::house::{house, minutes, part};
use crier_model::{channel::ChannelState, post::Timing, publication::PublicationState as State};
use crier_store::{channels, due};
use serde_json::json;

#[tokio::test]
async fn a_problem_is_told_ahead_and_the_post_stays_scheduled() {
    let house = house().await;
    let id = house.schedule(vec![part(&"x".repeat(501))], Timing::At(house.now() + minutes(60))).await;
    house.pass(minutes(46));
    let told = house.work_until(id, |p| p.reason.is_some()).await;
    let reason = told.reason.unwrap();
    assert_eq!((told.state, reason.code.as_str()), (State::Scheduled, "early.content"));
    assert!(reason.message.contains("500 characters") && reason.message.contains("Shorten it"), "{}", reason.message);
    assert!(house.wall.calls("posts", "POST").await.is_empty());
}

#[tokio::test]
async fn a_channel_that_cannot_send_is_told_ahead() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::At(house.now() + minutes(60))).await;
    channels::set_state(&house.store, house.channel, ChannelState::Disabled, None).await.unwrap();
    house.pass(minutes(46));
    let told = house.work_until(id, |p| p.reason.is_some()).await;
    assert_eq!((told.state, told.reason.unwrap().code.as_str()), (State::Scheduled, "early.paused"));
    // Mended in time, it goes out in time.
    channels::set_state(&house.store, house.channel, ChannelState::Active, None).await.unwrap();
    house.pass(minutes(15));
    let published = house.work_to(id, State::Published).await;
    assert_eq!(published.reason, None);
}

#[tokio::test]
async fn a_post_without_problems_is_left_alone() {
    let house = house().await;
    let due_at = house.now() + minutes(60);
    let id = house.schedule(vec![part("hello")], Timing::At(due_at)).await;
    let before = house.publication(id).await;
    house.pass(minutes(46));
    let worker = house.start();
    // Only the publication itself remains to be done.
    loop {
        let next = due::next_due_at(&house.store).await.unwrap();
        if next.is_some_and(|next| next.as_millisecond() == due_at.as_millisecond()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    worker.stop().await;
    assert_eq!(house.publication(id).await, before);
}

#[tokio::test]
async fn pictures_are_at_the_network_before_the_post_is_due() {
    let house = house().await;
    let parts = house.thread("early").await;
    let id = house.schedule(parts, Timing::At(house.now() + minutes(60))).await;
    house.pass(minutes(46));
    let worker = house.start();
    while house.wall.calls("media", "POST").await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    worker.stop().await;
    assert!(house.wall.calls("posts", "POST").await.is_empty());
    // At its time only the posts are left to be made.
    house.pass(minutes(15));
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.calls("media", "POST").await.len(), 1);
    assert_eq!(house.wall.of("ada").await.iter().filter(|seen| !seen.alts.is_empty()).count(), 1);
}

#[tokio::test]
async fn a_picture_that_the_network_refuses_is_told_ahead() {
    let house = house().await;
    let parts = house.thread("early").await;
    let id = house.schedule(parts, Timing::At(house.now() + minutes(60))).await;
    house.wall.fault(json!({ "id": "no", "kind": "status", "code": 422, "endpoints": ["media"] })).await;
    house.pass(minutes(46));
    let told = house.work_until(id, |p| p.reason.is_some()).await;
    assert_eq!((told.state, told.reason.unwrap().code.as_str()), (State::Scheduled, "early.content"));
    house.wall.mend().await;
    house.pass(minutes(15));
    house.work_to(id, State::Published).await;
}
