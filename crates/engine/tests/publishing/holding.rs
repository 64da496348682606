//! Publications that wait for their channel.

use crate::{
    crashes::mortal,
    house::{house, minutes, network, part, seconds},
};
use crier_model::{channel::ChannelState, post::Timing, publication::PublicationState as State};
use crier_store::{channels, posts, publications, workspaces};
use serde_json::json;
use std::sync::atomic::Ordering;

fn code(publication: &publications::Publication) -> Option<&str> {
    publication.reason.as_ref().map(|reason| reason.code.as_str())
}

#[tokio::test]
async fn tokens_refused_twice_hold_the_channel_until_it_is_reconnected() {
    let house = house().await;
    house.wall.fault(json!({"kind": "revoke_tokens", "account": "ada", "now": true})).await;
    let first = house.schedule(vec![part("first")], Timing::Now).await;
    let held = house.work_to(first, State::Held).await;
    assert_eq!(code(&held), Some("held.reconnect"));
    assert!(held.reason.unwrap().diagnosis.is_some());
    assert_eq!(house.tokens.renewals.load(Ordering::SeqCst), 1);
    let channel = channels::by_id(&house.store, house.channel).await.unwrap();
    assert_eq!(channel.state, ChannelState::NeedsReconnect);
    assert!(channel.reason.is_some());
    // The next one does not even ask the network.
    let calls = house.wall.calls("posts", "POST").await.len();
    let second = house.schedule(vec![part("second")], Timing::Now).await;
    let held = house.work_to(second, State::Held).await;
    assert_eq!(code(&held), Some("held.reconnect"));
    assert_eq!(house.wall.calls("posts", "POST").await.len(), calls);
    // Reconnecting is all it takes.
    house.pass(minutes(30));
    let upserted = house.connect("ada").await;
    assert_eq!((upserted.resumed, upserted.channel.state), (2, ChannelState::Active));
    house.work_to(first, State::Published).await;
    house.work_to(second, State::Published).await;
    let mut texts = house.wall.texts().await;
    texts.sort();
    assert_eq!(texts, ["first", "second"]);
}

#[tokio::test]
async fn a_sign_in_refused_after_renewing_holds_too() {
    let house = house().await;
    house.wall.fault(json!({"kind": "status", "code": 401, "endpoints": ["posts"], "times": 2})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let held = house.work_to(id, State::Held).await;
    assert_eq!((code(&held), held.tries), (Some("held.reconnect"), 2));
    assert_eq!(house.tokens.renewals.load(Ordering::SeqCst), 1);
    let channel = channels::by_id(&house.store, house.channel).await.unwrap();
    assert_eq!(channel.state, ChannelState::NeedsReconnect);
    house.connect("ada").await;
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn what_comes_back_too_late_is_for_people_to_decide() {
    let house = house().await;
    house.wall.fault(json!({"kind": "revoke_tokens", "account": "ada", "now": true})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.work_to(id, State::Held).await;
    house.pass(minutes(121));
    assert_eq!(house.connect("ada").await.resumed, 0);
    assert_eq!(code(&house.publication(id).await), Some("held.missed"));
    publications::retry(&house.store, house.workspace, id, house.now()).await.unwrap();
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn a_permission_never_granted_holds_the_post_and_not_the_channel() {
    let house = house().await;
    let narrow = house.wall.connect("ada", "profile posts:write posts:read", house.now()).await;
    house.attach("ada", &narrow).await;
    let picture = house.schedule(house.thread("tale").await, Timing::Now).await;
    let held = house.work_to(picture, State::Held).await;
    assert_eq!(code(&held), Some("held.reconnect"));
    assert_eq!(house.tokens.renewals.load(Ordering::SeqCst), 0);
    let words = house.schedule(vec![part("words")], Timing::Now).await;
    house.work_to(words, State::Published).await;
    house.connect("ada").await;
    house.work_to(picture, State::Published).await;
    assert_eq!(house.wall.texts().await, ["words", "tale 1", "tale 2", "tale 3"]);
}

#[tokio::test]
async fn a_channel_switched_off_holds_and_goes_on_when_enabled() {
    let house = house().await;
    channels::set_state(&house.store, house.channel, ChannelState::Disabled, None).await.unwrap();
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let held = house.work_to(id, State::Held).await;
    assert_eq!(code(&held), Some("held.paused"));
    assert!(house.wall.texts().await.is_empty());
    channels::set_state(&house.store, house.channel, ChannelState::Active, None).await.unwrap();
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

/// The channel was read as switched off, and is enabled before the hold is written: nobody would resume it any more.
#[tokio::test]
async fn a_channel_mended_meanwhile_loses_nothing() {
    let house = house().await;
    channels::set_state(&house.store, house.channel, ChannelState::Disabled, None).await.unwrap();
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let seen = channels::by_id(&house.store, house.channel).await.unwrap();
    channels::set_state(&house.store, house.channel, ChannelState::Active, None).await.unwrap();
    let change = publications::Change::default();
    let held = publications::hold(&house.store, id, &[State::Scheduled], &seen, None, change).await.unwrap();
    assert!(held.is_none());
    assert_eq!(house.publication(id).await.state, State::Scheduled);
    house.work_to(id, State::Published).await;
}

#[tokio::test]
async fn what_is_deleted_or_cancelled_never_goes_out() {
    let house = house().await;
    let due = house.now() + minutes(30);
    let post = house.save(None, vec![part("deleted")], &[house.channel], Timing::At(due)).await;
    let deleted = house.publication_of(post).await;
    let cancelled = house.schedule(vec![part("cancelled")], Timing::At(due)).await;
    let moved = house.save(None, vec![part("moved")], &[house.channel], Timing::At(due)).await;
    let kept = house.schedule(vec![part("kept")], Timing::At(due)).await;
    posts::delete(&house.store, house.workspace, post).await.unwrap();
    publications::cancel(&house.store, house.workspace, cancelled).await.unwrap();
    posts::move_to(&house.store, house.workspace, moved, due + minutes(60), None).await.unwrap();
    house.pass(minutes(31));
    house.work_to(kept, State::Published).await;
    assert_eq!(house.wall.texts().await, ["kept"]);
    for id in [deleted, cancelled] {
        assert_eq!(house.publication(id).await.state, State::Cancelled);
    }
    house.pass(minutes(60));
    house.work_to(house.publication_of(moved).await, State::Published).await;
}

#[tokio::test]
async fn one_channel_publishes_in_order_of_due_time() {
    let house = house().await;
    let start = house.now() + minutes(1);
    let mut ids = Vec::new();
    // Saved in another order than they are due.
    for n in [2, 0, 4, 1, 3] {
        ids.push(house.schedule(vec![part(&n.to_string())], Timing::At(start + seconds(n))).await);
    }
    house.wall.fault(json!({"kind": "delay", "ms": 250, "endpoints": ["posts"], "times": 1})).await;
    house.pass(minutes(2));
    let worker = house.start();
    for id in ids {
        house.wait(id, |p| p.state == State::Published).await;
    }
    worker.stop().await;
    assert_eq!(house.wall.texts().await, ["0", "1", "2", "3", "4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_channel_holds_up_no_other() {
    let (house, fuse) = mortal(network).await;
    let other = house.connect("grace").await.channel.id;
    // Its step is begun.
    fuse.arm(2);
    let slow = house.schedule(vec![part("slow")], Timing::Now).await;
    let worker = house.start();
    fuse.blown().await;
    let post = house.save(None, vec![part("quick")], &[other], Timing::Now).await;
    house.wait(house.publication_of(post).await, |p| p.state == State::Published).await;
    // On the slow one's own channel the next one waits for its turn.
    let behind = house.schedule(vec![part("behind")], Timing::Now).await;
    assert_eq!(house.publication(slow).await.state, State::Sending);
    fuse.released.notify_one();
    house.wait(behind, |p| p.state == State::Published).await;
    worker.stop().await;
    assert_eq!(house.wall.texts().await, ["slow", "behind"]);
}

#[tokio::test]
async fn a_paused_workspace_holds_and_goes_on_with_what_is_not_too_late() {
    let house = house().await;
    workspaces::set_paused(&house.store, house.workspace, true).await.unwrap();
    let old = house.schedule(vec![part("old")], Timing::Now).await;
    let held = house.work_to(old, State::Held).await;
    assert_eq!(code(&held), Some("held.paused"));
    house.pass(minutes(121));
    let young = house.schedule(vec![part("young")], Timing::Now).await;
    house.work_to(young, State::Held).await;
    assert!(house.wall.calls("posts", "POST").await.is_empty());
    workspaces::set_paused(&house.store, house.workspace, false).await.unwrap();
    house.connect("ada").await;
    house.work_to(young, State::Published).await;
    assert_eq!(code(&house.publication(old).await), Some("held.missed"));
    assert_eq!(house.wall.texts().await, ["young"]);
}

/// The workspace was read as paused, and goes on before the hold is written: nobody would resume it any more.
#[tokio::test]
async fn a_workspace_that_goes_on_meanwhile_loses_nothing() {
    let house = house().await;
    workspaces::set_paused(&house.store, house.workspace, true).await.unwrap();
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let seen = house.publication(id).await;
    workspaces::set_paused(&house.store, house.workspace, false).await.unwrap();
    let change = publications::Change::default();
    let held = publications::hold_paused(&house.store, &seen, &[State::Scheduled], change).await.unwrap();
    assert!(held.is_none());
    house.work_to(id, State::Published).await;
}

/// Switched off within a paused workspace: what ends one of the two does not end the other.
#[tokio::test]
async fn a_channel_that_is_off_stays_off_when_its_workspace_goes_on() {
    let house = house().await;
    workspaces::set_paused(&house.store, house.workspace, true).await.unwrap();
    channels::set_state(&house.store, house.channel, ChannelState::Disabled, None).await.unwrap();
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.work_to(id, State::Held).await;
    workspaces::set_paused(&house.store, house.workspace, false).await.unwrap();
    assert_eq!(house.publication(id).await.state, State::Held);
    channels::set_state(&house.store, house.channel, ChannelState::Active, None).await.unwrap();
    house.work_to(id, State::Published).await;
}

/// The workspace goes on while the channel can't: what the pause held waits for the reconnect.
#[tokio::test]
async fn what_a_pause_held_goes_out_when_its_channel_is_reconnected_after_it() {
    let house = house().await;
    workspaces::set_paused(&house.store, house.workspace, true).await.unwrap();
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.work_to(id, State::Held).await;
    channels::set_state(&house.store, house.channel, ChannelState::NeedsReconnect, None).await.unwrap();
    workspaces::set_paused(&house.store, house.workspace, false).await.unwrap();
    assert_eq!(house.publication(id).await.state, State::Held);
    assert_eq!(house.connect("ada").await.resumed, 1);
    house.work_to(id, State::Published).await;
}
