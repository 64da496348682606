//! The server was down when it was time.

use crate::house::{house, minutes, part};
use crier_model::{post::Timing, publication::PublicationState as State};
use crier_store::publications;

#[tokio::test]
async fn up_to_two_hours_late_it_goes_out_and_says_so() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.pass(minutes(119));
    house.work_to(id, State::Published).await;
    let titles = house.titles(id).await;
    assert!(titles.contains(&"Being sent late".to_owned()), "{titles:?}");
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn later_it_is_held_and_a_person_decides() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.pass(minutes(121));
    let held = house.work_to(id, State::Held).await;
    assert_eq!(held.reason.unwrap().code, "held.missed");
    assert!(house.wall.texts().await.is_empty());
    publications::retry(&house.store, house.workspace, id, house.now()).await.unwrap();
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn one_that_was_tried_before_the_server_stopped_is_held_as_well() {
    let house = house().await;
    house.wall.fault(serde_json::json!({"kind": "status", "code": 503, "endpoints": ["posts"], "times": 1})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.work_to_retry(id).await;
    house.pass(minutes(24 * 60));
    let held = house.work_to(id, State::Held).await;
    assert_eq!(held.reason.unwrap().code, "held.missed");
    assert!(house.wall.texts().await.is_empty());
}
