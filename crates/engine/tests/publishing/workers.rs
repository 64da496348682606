//! Several workers, and workers that stop.

use crate::{
    crashes::mortal,
    house::{house, network, part, seconds},
};
use async_trait::async_trait;
use crier_engine::{
    Settings,
    work::{Done, Handler, HandlerError},
};
use crier_model::{Clock, WorkspaceId, post::Timing, publication::PublicationState as State};
use crier_store::{
    Store, StoreError,
    due::{self, Claimed, NewWork},
    publications,
};
use jiff::SignedDuration;
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_on_one_store_send_each_post_once() {
    let house = house().await;
    let other = house.connect("grace").await.channel.id;
    let clock: Arc<dyn Clock> = house.clock.clone();
    let second = Store::connect(house.store.config(), clock).await.unwrap();
    let workers = [house.start(), house.start_on(&second, Settings::default())];
    let mut ids = Vec::new();
    for n in 0..30 {
        let channel = if n % 2 == 0 { house.channel } else { other };
        let post = house.save(None, vec![part(&n.to_string())], &[channel], Timing::Now).await;
        ids.push(house.publication_of(post).await);
    }
    for id in ids {
        house.wait(id, |p| p.state == State::Published).await;
    }
    for worker in workers {
        worker.stop().await;
    }
    let mut all: Vec<usize> = Vec::new();
    for handle in ["ada", "grace"] {
        all.extend(house.wall.of(handle).await.iter().map(|post| post.text.parse::<usize>().unwrap()));
    }
    all.sort_unstable();
    assert_eq!(all, (0..30).collect::<Vec<_>>());
    second.close().await.unwrap();
}

#[tokio::test]
async fn a_lease_that_was_lost_writes_nothing() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let lease = SignedDuration::from_secs(30);
    let claim = async |owner: &str| due::claim(&house.store, house.now(), owner, 1, lease).await.unwrap().remove(0);
    let old = claim("old").await;
    house.pass(seconds(31));
    let new = claim("new").await;
    let publisher = house.publisher();
    let refused = publisher.handle(&old).await.unwrap_err();
    assert!(matches!(refused, HandlerError::Store(StoreError::Stale { .. })), "{refused}");
    assert!(house.wall.calls("posts", "POST").await.is_empty());
    assert_eq!(publisher.handle(&new).await.unwrap(), Done::Settled);
    assert_eq!(house.publication(id).await.state, State::Published);
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_calls_in_flight_finish_and_starts_no_new_ones() {
    let (house, fuse) = mortal(network).await;
    fuse.arm(0);
    let first = house.schedule(vec![part("first")], Timing::Now).await;
    let worker = house.start();
    fuse.blown().await;
    worker.shutdown.cancel();
    let second = house.schedule(vec![part("second")], Timing::Now).await;
    fuse.released.notify_one();
    worker.stop().await;
    assert_eq!(house.publication(first).await.state, State::Published);
    assert_eq!(house.publication(second).await.state, State::Scheduled);
    house.work_to(second, State::Published).await;
    assert_eq!(house.wall.texts().await, ["first", "second"]);
}

#[tokio::test]
async fn what_a_stop_cannot_wait_for_is_given_back_at_once() {
    let house = house().await;
    house.wall.fault(json!({"kind": "delay", "ms": 2500, "endpoints": ["posts"], "times": 1})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let hurried = Settings { grace: Duration::from_millis(100), ..Settings::default() };
    let worker = house.start_on(&house.store, hurried);
    house.wait(id, |p| p.state == State::Sending).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    worker.stop().await;
    // No lease is waited for, and the key keeps it from being published twice.
    house.work_to(id, State::Published).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

/// Each transaction is a wait for the disk, and on SQLite for everybody else: claiming it, beginning its step, ending it.
#[tokio::test]
async fn publishing_a_post_of_one_part_takes_two_transactions_besides_the_claim() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let work =
        due::claim(&house.store, house.now(), "worker", 1, SignedDuration::from_secs(30)).await.unwrap().remove(0);
    let before = house.store.commits();
    assert_eq!(house.publisher().handle(&work).await.unwrap(), Done::Settled);
    assert_eq!(house.publication(id).await.state, State::Published);
    assert_eq!(house.store.commits() - before, 2);
}

/// Comes back eight times as it should, and stumbles the ninth time.
struct Patient(AtomicUsize, Arc<dyn Clock>);

#[async_trait]
impl Handler for Patient {
    fn kind(&self) -> &'static str {
        "patient"
    }
    async fn handle(&self, _: &Claimed) -> Result<Done, HandlerError> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0..8 => Ok(Done::Again(self.1.now())),
            _ => Err(HandlerError::Other("the disk was full for a moment".into())),
        }
    }
}

#[tokio::test]
async fn work_that_was_claimed_often_does_not_wait_long_after_its_first_failure_on_our_side() {
    let house = house().await;
    let patient = Arc::new(Patient(AtomicUsize::new(0), house.clock.clone()));
    let work = NewWork::new(house.workspace, "patient", "x", house.now());
    due::upsert(&house.store, &[work]).await.unwrap();
    let worker = house.start_with(&house.store, vec![patient.clone()], Settings::default());
    while patient.0.load(Ordering::SeqCst) < 9 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.stop().await;
    let next = due::next_due_at(&house.store).await.unwrap().unwrap();
    assert!(next < house.now() + seconds(3), "{next}");
}

struct Clumsy(AtomicUsize);

#[async_trait]
impl Handler for Clumsy {
    fn kind(&self) -> &'static str {
        "clumsy"
    }
    async fn handle(&self, _: &Claimed) -> Result<Done, HandlerError> {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "the first time it stumbles");
        Ok(Done::Finished)
    }
}

#[tokio::test]
async fn a_panic_stops_nobody_else_and_is_tried_again() {
    let house = house().await;
    let clumsy = Arc::new(Clumsy(AtomicUsize::new(0)));
    let handlers: Vec<Arc<dyn Handler>> = vec![clumsy.clone(), Arc::new(house.publisher())];
    let work = NewWork::new(house.workspace, "clumsy", "x", house.now());
    due::upsert(&house.store, &[work]).await.unwrap();
    let worker = house.start_with(&house.store, handlers, Settings::default());
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.wait(id, |p| p.state == State::Published).await;
    while clumsy.0.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.stop().await;
    assert_eq!(clumsy.0.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_worker_sleeps_until_something_earlier_is_added() {
    let house = house().await;
    let later = house.schedule(vec![part("later")], Timing::At(house.now() + seconds(600))).await;
    let worker = house.start();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let now = house.schedule(vec![part("now")], Timing::Now).await;
    // Well before it would look by itself.
    tokio::time::timeout(Duration::from_secs(12), house.wait(now, |p| p.state == State::Published)).await.unwrap();
    worker.stop().await;
    assert_eq!(house.publication(later).await.state, State::Scheduled);
}

#[tokio::test]
async fn the_pulse_tells_when_work_was_last_looked_for() {
    let house = house().await;
    let clock: Arc<dyn Clock> = house.clock.clone();
    let worker = crier_engine::Worker::new(house.store.clone(), clock, Vec::new(), Settings::default());
    let pulse = worker.pulse();
    assert_eq!(pulse.last_tick(), None);
    let before = house.now();
    let shutdown = tokio_util::sync::CancellationToken::new();
    let task = tokio::spawn(worker.run(shutdown.clone()));
    while pulse.last_tick().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(pulse.last_tick().unwrap().as_millisecond() >= before.as_millisecond());
    shutdown.cancel();
    task.await.unwrap();
}

/// Counts what it has done for one workspace, and takes its time over it.
struct Slow {
    hog: WorkspaceId,
    takes: Duration,
    done: AtomicUsize,
    /// Told of work for another.
    other: Notify,
}

#[async_trait]
impl Handler for Slow {
    fn kind(&self) -> &'static str {
        "slow"
    }
    async fn handle(&self, work: &Claimed) -> Result<Done, HandlerError> {
        if work.workspace == Some(self.hog) {
            self.done.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.takes).await;
        } else {
            self.other.notify_one();
        }
        Ok(Done::Finished)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_with_ten_thousand_due_keeps_no_other_waiting() {
    assert_others_go_first(Duration::from_millis(20)).await;
}

/// Then it never has its share of the places, for they are free again before the next claim.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_whose_work_ends_at_once_keeps_no_other_waiting() {
    assert_others_go_first(Duration::ZERO).await;
}

async fn assert_others_go_first(takes: Duration) {
    let house = house().await;
    let slow = Arc::new(Slow { hog: house.workspace, takes, done: AtomicUsize::new(0), other: Notify::new() });
    // All of it has waited longer than what the other has.
    let many = |n: i64| NewWork::new(house.workspace, "slow", n, house.now() - seconds(60));
    due::upsert(&house.store, &(0..10_000).map(many).collect::<Vec<_>>()).await.unwrap();
    let worker = house.start_with(&house.store, vec![slow.clone()], Settings::default());
    while slow.done.load(Ordering::SeqCst) < 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let other = NewWork::new(WorkspaceId::new(), "slow", "other", house.now());
    due::upsert(&house.store, &[other]).await.unwrap();
    let before = slow.done.load(Ordering::SeqCst);
    slow.other.notified().await;
    let meanwhile = slow.done.load(Ordering::SeqCst) - before;
    worker.kill().await;
    assert!(meanwhile < 300, "{meanwhile} of the other workspace came first");
}

struct Endless(AtomicUsize);

#[async_trait]
impl Handler for Endless {
    fn kind(&self) -> &'static str {
        "endless"
    }
    fn deadline(&self) -> Duration {
        Duration::from_millis(50)
    }
    async fn handle(&self, _: &Claimed) -> Result<Done, HandlerError> {
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
            std::future::pending::<()>().await;
        }
        Ok(Done::Finished)
    }
}

#[tokio::test]
async fn work_that_never_ends_is_stopped_and_tried_again() {
    let house = house().await;
    let endless = Arc::new(Endless(AtomicUsize::new(0)));
    due::upsert(&house.store, &[NewWork::new(house.workspace, "endless", "x", house.now())]).await.unwrap();
    let worker = house.start_with(&house.store, vec![endless.clone()], Settings::default());
    while due::next_due_at(&house.store).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    worker.stop().await;
    assert_eq!(endless.0.load(Ordering::SeqCst), 2);
}

/// As when the database restarts: whatever was asked is not answered, and nobody knows whether it was done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_the_database_that_are_cut_lose_and_double_nothing() {
    let house = house().await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(house.schedule(vec![part(&n.to_string())], Timing::Now).await);
    }
    let clock: Arc<dyn Clock> = house.clock.clone();
    let node = Store::connect(house.store.config(), clock).await.unwrap();
    let worker = house.start_on(&node, Settings::default());
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        house.store.cut().await;
        // What was claimed and is not known to be is claimed again.
        house.pass(seconds(31));
    }
    // Those of the test's own store were cut as well.
    while publications::by_id(&house.store, ids[0]).await.is_err() {}
    for id in &ids {
        while !matches!(publications::by_id(&house.store, *id).await, Ok(found) if found.state == State::Published) {
            tokio::time::sleep(Duration::from_millis(20)).await;
            house.pass(seconds(1));
        }
    }
    worker.stop().await;
    let mut texts: Vec<usize> = house.wall.texts().await.iter().map(|text| text.parse().unwrap()).collect();
    texts.sort_unstable();
    assert_eq!(texts, (0..20).collect::<Vec<_>>());
    node.close().await.unwrap();
}
