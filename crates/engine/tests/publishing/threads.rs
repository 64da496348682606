//! Threads whose parts wait for their time.

use crate::house::{House, house, minutes, part};
use crier_model::{
    PublicationId, channel::ChannelState, post::Part, post::Timing, publication::PublicationState as State,
};
use crier_store::{
    channels, posts,
    posts::bulk::{Action, bulk},
    publications,
};

/// Two parts, the second an hour after the first, of which the first is sent.
async fn half_sent(house: &House) -> PublicationId {
    let id = house.schedule(waiting("first", "second", 60), Timing::Now).await;
    house.work_until(id, |p| p.next_part_at.is_some() && p.state == State::Scheduled).await;
    assert_eq!(house.wall.texts().await, ["first"]);
    id
}

fn waiting(first: &str, second: &str, delay_minutes: u32) -> Vec<Part> {
    vec![part(first), Part { delay_minutes, ..part(second) }]
}

#[tokio::test]
async fn a_waiting_thread_has_its_link_and_its_next_time_and_keeps_no_other_post_waiting() {
    let house = house().await;
    let id = half_sent(&house).await;
    let thread = house.publication(id).await;
    assert!(thread.url.is_some() && thread.remote_id.is_some());
    assert!(thread.next_part_at.unwrap() > house.now() + minutes(59));
    let other = house.schedule(vec![part("between")], Timing::Now).await;
    house.work_to(other, State::Published).await;
    house.pass(minutes(61));
    let published = house.work_to(id, State::Published).await;
    assert_eq!(published.next_part_at, None);
    assert_eq!(house.wall.texts().await, ["first", "between", "second"]);
}

#[tokio::test]
async fn a_thread_whose_channel_was_off_goes_on_when_it_is_on_again() {
    let house = house().await;
    // Its first part was due three hours ago; only its second is late, and not by much.
    let id = house.schedule(waiting("first", "second", 120), Timing::Now).await;
    house.work_until(id, |p| p.next_part_at.is_some() && p.state == State::Scheduled).await;
    channels::set_state(&house.store, house.channel, ChannelState::Disabled, None).await.unwrap();
    house.pass(minutes(180));
    house.work_to(id, State::Held).await;
    channels::set_state(&house.store, house.channel, ChannelState::Active, None).await.unwrap();
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["first", "second"]);
}

#[tokio::test]
async fn a_thread_cancelled_between_its_parts_sends_no_more_and_says_what_stays() {
    let house = house().await;
    let id = half_sent(&house).await;
    let thread = house.publication(id).await;
    let cancelled = publications::cancel(&house.store, thread.workspace, id).await.unwrap();
    assert!(cancelled.reason.unwrap().message.contains("stays on the network"));
    assert!(cancelled.url.is_some());
    house.pass(minutes(61));
    let other = house.schedule(vec![part("after")], Timing::Now).await;
    house.work_to(other, State::Published).await;
    assert_eq!(house.wall.texts().await, ["first", "after"]);
}

#[tokio::test]
async fn what_is_left_of_a_thread_can_be_moved() {
    let house = house().await;
    let id = half_sent(&house).await;
    let thread = house.publication(id).await;
    // Long after its next part was due: its new time is what counts.
    let tomorrow = house.now() + minutes(24 * 60);
    posts::move_to(&house.store, thread.workspace, thread.post, tomorrow, None).await.unwrap();
    house.pass(minutes(24 * 60 + 1));
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["first", "second"]);
}

#[tokio::test]
async fn a_thread_paused_past_its_next_part_goes_on_at_once_when_resumed() {
    let house = house().await;
    let id = half_sent(&house).await;
    let thread = house.publication(id).await;
    let ids = [thread.post];
    let paused = bulk(&house.store, thread.workspace, &ids, &Action::Pause).await.unwrap();
    assert_eq!(paused[0].refused, None);
    house.pass(minutes(6 * 60));
    let other = house.schedule(vec![part("between")], Timing::Now).await;
    house.work_to(other, State::Published).await;
    let resumed = bulk(&house.store, thread.workspace, &ids, &Action::Resume).await.unwrap();
    assert_eq!(resumed[0].refused, None);
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["first", "between", "second"]);
}
