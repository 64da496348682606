//! Publications are claimed a little before their time, and what happens until then still counts.

use crate::house::{House, house, minutes, part, seconds};
use crier_engine::work::{Done, Handler};
use crier_model::{
    PublicationId, Timestamp, channel::ChannelState, post::Timing, publication::PublicationState as State,
};
use crier_store::{
    channels,
    due::{self, Claimed, Reach},
    publications::{self, Change},
    workspaces,
};
use std::time::Duration;

/// A publication that is due in a second and claimed by now.
async fn claimed(house: &House) -> (PublicationId, Claimed) {
    let id = house.schedule(vec![part("hello")], Timing::At(house.now() + seconds(1))).await;
    (id, claim(house).await.unwrap())
}

async fn claim(house: &House) -> Option<Claimed> {
    let reach = Reach { head_start: seconds(2), ..Reach::at(house.now()) };
    due::claim_within(&house.store, reach, "worker", 1, seconds(30)).await.unwrap().pop()
}

/// Takes it up, and lets something happen while it waits.
async fn meanwhile(house: &House, work: &Claimed, happens: impl Future<Output = ()>) -> Option<Done> {
    let publisher = house.publisher();
    let waits = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(house.now() < work.due_at, "it has not waited");
        happens.await;
    };
    // An error is that the lease was lost.
    tokio::join!(publisher.handle(work), waits).0.ok()
}

async fn started(house: &House, id: PublicationId) -> Timestamp {
    house.publication(id).await.started_at.unwrap()
}

#[tokio::test]
async fn it_is_sent_at_its_time_and_not_before() {
    let house = house().await;
    let (id, work) = claimed(&house).await;
    let nothing_is_sent = async {
        assert_eq!(house.publication(id).await.state, State::Scheduled);
        assert!(house.wall.texts().await.is_empty());
    };
    assert_eq!(meanwhile(&house, &work, nothing_is_sent).await, Some(Done::Settled));
    assert_eq!(house.wall.texts().await, ["hello"]);
    assert!(started(&house, id).await >= work.due_at, "{} is before {}", started(&house, id).await, work.due_at);
}

#[tokio::test]
async fn a_worker_takes_it_up_before_its_time_and_sends_it_then() {
    let house = house().await;
    let due_at = house.now() + seconds(3);
    let id = house.schedule(vec![part("hello")], Timing::At(due_at)).await;
    let worker = house.start();
    while due::backlog(&house.store).await.unwrap().leased == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(house.now() < due_at);
    house.wait(id, |p| p.state == State::Published).await;
    worker.stop().await;
    assert!(started(&house, id).await.as_millisecond() >= due_at.as_millisecond());
}

#[tokio::test]
async fn one_that_is_cancelled_while_it_waits_is_not_sent() {
    let house = house().await;
    let (id, work) = claimed(&house).await;
    let cancelled = async { drop(publications::cancel(&house.store, house.workspace, id).await.unwrap()) };
    assert_eq!(meanwhile(&house, &work, Box::pin(cancelled)).await, None);
    assert_eq!(house.publication(id).await.state, State::Cancelled);
    assert!(house.wall.texts().await.is_empty());
}

#[tokio::test]
async fn one_that_is_edited_or_moved_while_it_waits_is_sent_as_it_is_then() {
    let house = house().await;
    let (id, work) = claimed(&house).await;
    let post = house.publication(id).await.post;
    let later = house.now() + seconds(2);
    let edited = async {
        house.save(Some(post), vec![part("better")], &[house.channel], Timing::At(later)).await;
    };
    assert_eq!(meanwhile(&house, &work, Box::pin(edited)).await, None);
    assert!(house.wall.texts().await.is_empty());
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["better"]);
    assert!(started(&house, id).await.as_millisecond() >= later.as_millisecond());
}

#[tokio::test]
async fn one_whose_words_alone_are_edited_while_it_waits_is_sent_with_the_new_ones() {
    let house = house().await;
    let (id, work) = claimed(&house).await;
    let post = house.publication(id).await.post;
    let edited = async {
        house.save(Some(post), vec![part("better")], &[house.channel], Timing::At(work.due_at)).await;
    };
    meanwhile(&house, &work, Box::pin(edited)).await;
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["better"]);
}

#[tokio::test]
async fn one_whose_workspace_is_paused_while_it_waits_is_held() {
    let house = house().await;
    let (id, work) = claimed(&house).await;
    let paused = async {
        workspaces::set_paused(&house.store, house.workspace, true).await.unwrap();
    };
    assert_eq!(meanwhile(&house, &work, Box::pin(paused)).await, Some(Done::Settled));
    assert_eq!(house.publication(id).await.state, State::Held);
    assert!(house.wall.texts().await.is_empty());
}

#[tokio::test]
async fn one_whose_channel_is_switched_off_while_it_waits_is_held() {
    let house = house().await;
    let (id, work) = claimed(&house).await;
    let off = async {
        channels::set_state(&house.store, house.channel, ChannelState::Disabled, None).await.unwrap();
    };
    assert_eq!(meanwhile(&house, &work, Box::pin(off)).await, Some(Done::Settled));
    assert_eq!(house.publication(id).await.state, State::Held);
    assert!(house.wall.texts().await.is_empty());
}

#[tokio::test]
async fn a_clock_that_is_set_back_meanwhile_gives_it_back() {
    let house = house().await;
    let (id, work) = claimed(&house).await;
    let set_back = async { house.pass(minutes(-60)) };
    assert_eq!(meanwhile(&house, &work, set_back).await, Some(Done::Again(work.due_at)));
    assert!(house.wall.texts().await.is_empty());
    assert_eq!(house.publication(id).await.state, State::Scheduled);
}

#[tokio::test]
async fn one_that_waits_for_its_network_has_no_head_start() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let work = claim(&house).await.unwrap();
    let until = house.now() + seconds(1);
    let change = Change::under(work.fence).postponing(until);
    publications::set_state(&house.store, id, &[State::Scheduled], State::Scheduled, change).await.unwrap();
    assert_eq!(claim(&house).await, None);
    assert_eq!(due::next_due_at(&house.store).await.unwrap().unwrap().as_millisecond(), until.as_millisecond());
}
