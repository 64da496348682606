//! What networks allow, and what we allow ourselves: how many calls one "slow down" costs.

use crate::house::{House, house, minutes, part, seconds};
use crier_engine::{Settings, cap::Resumer, work::Handler};
use crier_model::{
    Clock, PublicationId,
    notice::NoticeKind,
    post::Timing,
    publication::{PublicationState as State, held},
};
use crier_store::{Store, channels, notices, publications};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Posts that are due one shortly after the other, written in another order.
async fn due_now(house: &House, count: i64) -> Vec<PublicationId> {
    let start = house.now();
    let mut ids = Vec::new();
    for n in (0..count).rev() {
        let due = start + seconds(1) + crate::house::milliseconds(n);
        ids.push(house.schedule(vec![part(&n.to_string())], Timing::At(due)).await);
    }
    house.pass(seconds(2));
    ids.reverse();
    ids
}

async fn a_while() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

async fn code(house: &House, id: PublicationId) -> Option<String> {
    house.publication(id).await.reason.map(|reason| reason.code)
}

#[tokio::test]
async fn one_refusal_is_one_call_however_many_posts_wait_on_whatever_node() {
    let house = house().await;
    house.wall.fault(json!({"kind": "rate_limit", "retry_after": 600, "endpoints": ["posts"], "times": 1})).await;
    let ids = due_now(&house, 6).await;
    house.work_to_retry(ids[0]).await;
    // Another node, started afterwards, heeds it as well.
    let clock: Arc<dyn Clock> = house.clock.clone();
    let second = Store::connect(house.store.config(), clock).await.unwrap();
    let workers = [house.start(), house.start_on(&second, Settings::default())];
    a_while().await;
    assert_eq!(house.wall.calls("posts", "POST").await, ["rate_limited"]);
    house.pass(minutes(11));
    for id in ids {
        house.wait(id, |p| p.state == State::Published).await;
    }
    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(house.wall.texts().await, ["0", "1", "2", "3", "4", "5"]);
    second.close().await.unwrap();
}

#[tokio::test]
async fn a_limit_is_heeded_by_what_is_scheduled_after_it() {
    let house = house().await;
    house.wall.fault(json!({"kind": "rate_limit", "retry_after": 600, "endpoints": ["posts"], "times": 1})).await;
    let first = house.schedule(vec![part("first")], Timing::Now).await;
    house.work_to_retry(first).await;
    let second = house.schedule(vec![part("second")], Timing::Now).await;
    let worker = house.start();
    a_while().await;
    worker.stop().await;
    assert_eq!(house.publication(second).await.tries, 0);
    assert_eq!(house.wall.calls("posts", "POST").await.len(), 1);
}

#[tokio::test]
async fn a_limit_beyond_the_window_is_for_people_to_decide() {
    let house = house().await;
    house.wall.fault(json!({"kind": "rate_limit", "retry_after": 3 * 3600, "endpoints": ["posts"], "times": 1})).await;
    let ids = due_now(&house, 3).await;
    let worker = house.start();
    for id in &ids {
        house.wait(*id, |p| p.state == State::Held).await;
        assert_eq!(code(&house, *id).await.as_deref(), Some(held::QUOTA));
    }
    assert_eq!(house.wall.calls("posts", "POST").await.len(), 1);
    // Whoever sends it all the same makes a call.
    publications::retry(&house.store, house.workspace, ids[0], house.now()).await.unwrap();
    house.wait(ids[0], |p| p.state == State::Published).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_network_that_keeps_failing_is_left_alone_for_a_while() {
    let house = house().await;
    house.wall.fault(json!({"kind": "status", "code": 503, "endpoints": ["posts"]})).await;
    let ids = due_now(&house, 10).await;
    let worker = house.start();
    while house.wall.calls("posts", "POST").await.len() < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    a_while().await;
    assert_eq!(house.wall.calls("posts", "POST").await.len(), 3);
    house.wall.mend().await;
    house.pass(minutes(2));
    for id in ids {
        house.wait(id, |p| p.state == State::Published).await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_daily_cap_holds_the_rest_until_the_next_day_or_a_yes() {
    let mut house = house().await;
    house.rules.daily_cap = 2;
    let ids = due_now(&house, 6).await;
    let resumer = Resumer { store: house.store.clone() };
    let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(house.publisher()), Arc::new(resumer)];
    let worker = house.start_with(&house.store, handlers, Settings::default());
    for id in &ids[2..] {
        house.wait(*id, |p| p.state == State::Held).await;
        assert_eq!(code(&house, *id).await.as_deref(), Some(held::CAP));
    }
    assert_eq!(house.wall.texts().await, ["0", "1"]);
    // One notice tells of all of them.
    let told = notices::list(&house.store, house.workspace, &[NoticeKind::PublicationHeld], None, 100).await.unwrap();
    assert_eq!(told.len(), 1);
    publications::retry(&house.store, house.workspace, ids[4], house.now()).await.unwrap();
    house.wait(ids[4], |p| p.state == State::Published).await;
    // A channel with a number of its own has more.
    channels::set_daily_cap(&house.store, house.workspace, house.channel, Some(4)).await.unwrap();
    house.pass(minutes(24 * 60));
    house.connect("ada").await;
    for id in [ids[2], ids[3], ids[5]] {
        house.wait(id, |p| p.state == State::Published).await;
    }
    worker.stop().await;
    assert_eq!(house.wall.texts().await, ["0", "1", "4", "2", "3", "5"]);
}
