//! Publications that nobody would ever end: the watch does.

use crate::{
    crashes::mortal,
    house::{House, house, minutes, part},
    keyless::Keyless,
};
use crier_engine::{Settings, watch::Watch, work::Handler};
use crier_model::{PublicationId, notice::NoticeKind, post::Timing, publication::PublicationState as State};
use crier_store::{due, notices};
use jiff::SignedDuration;
use std::{sync::Arc, time::Duration};

impl House {
    fn watch(&self) -> Watch {
        Watch { store: self.store.clone(), clock: self.clock.clone(), rules: self.rules }
    }

    /// Sixteen minutes of the watch alone, as if no other worker could do anything.
    async fn watched(&self) {
        self.watch().begin().await.unwrap();
        for _ in 0..4 {
            self.pass(minutes(4));
            let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(self.watch())];
            let worker = self.start_with(&self.store, handlers, Settings::default());
            tokio::time::sleep(Duration::from_millis(150)).await;
            worker.stop().await;
        }
    }

    async fn lose_its_work(&self, id: PublicationId) {
        assert!(due::remove(&self.store, due::kind::PUBLISH, &id.to_string()).await.unwrap());
    }
}

#[tokio::test]
async fn what_comes_to_no_end_is_held_as_missed_and_people_are_told() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.lose_its_work(id).await;
    house.pass(minutes(118));
    house.watched().await;
    // Until 15 minutes after its window it may still end by itself.
    assert_eq!(house.publication(id).await.state, State::Scheduled);
    house.watched().await;
    let held = house.publication(id).await;
    assert_eq!((held.state, held.reason.unwrap().code.as_str()), (State::Held, "held.missed"));
    let told = notices::list(&house.store, house.workspace, &[NoticeKind::PublicationMissed], None, 100).await.unwrap();
    assert_eq!(told.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_and_came_to_no_end_is_for_people_to_look_at() {
    let (house, fuse) = mortal(Keyless::looking).await;
    fuse.arm(3);
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let worker = house.start();
    fuse.blown().await;
    worker.kill().await;
    house.lose_its_work(id).await;
    house.pass(minutes(140));
    house.watched().await;
    assert_eq!(house.publication(id).await.state, State::Unconfirmed);
}

#[tokio::test]
async fn a_part_that_waits_for_its_time_is_not_overdue() {
    let house = house().await;
    let mut parts = vec![part("first"), part("second")];
    parts[1].delay_minutes = 600;
    let id = house.schedule(parts, Timing::Now).await;
    house.work_to_retry(id).await;
    house.pass(minutes(500));
    house.watched().await;
    assert_eq!(house.publication(id).await.state, State::Scheduled);
    assert!(due::next_due_at(&house.store).await.unwrap().is_some());
}

#[tokio::test]
async fn after_a_stop_of_everything_the_workers_come_first() {
    let house = house().await;
    house.watch().begin().await.unwrap();
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.pass(minutes(60 * 24));
    let lease = SignedDuration::from_secs(30);
    let claimed = due::claim(&house.store, house.now(), "watch", 10, lease).await.unwrap();
    let watch = claimed.iter().find(|work| work.kind == due::kind::WATCH).unwrap();
    house.watch().handle(watch).await.unwrap();
    assert_eq!(house.publication(id).await.state, State::Scheduled);
}

#[tokio::test]
async fn every_node_may_begin_the_watch_and_one_keeps_it() {
    let house = house().await;
    for _ in 0..3 {
        house.watch().begin().await.unwrap();
    }
    house.pass(minutes(11));
    let lease = SignedDuration::from_secs(30);
    assert_eq!(due::claim(&house.store, house.now(), "watch", 10, lease).await.unwrap().len(), 1);
}
