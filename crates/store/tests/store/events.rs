use crate::scene::{Scene, scene};
use crier_model::WorkspaceId;
use crier_store::{
    events::{self, Follower},
    wake::Wake,
};
use serde_json::json;
use std::collections::HashSet;

async fn happen(scene: &Scene, subject: &str) {
    let mut tx = scene.begin().await.unwrap();
    events::append(&mut tx, scene.workspace, events::kind::POST_SAVED, subject, json!({ "subject": subject }));
    tx.commit().await.unwrap();
}

async fn read(follower: &mut Follower, scene: &Scene, limit: u64) -> Vec<String> {
    follower.read(scene, limit).await.unwrap().into_iter().map(|event| event.subject).collect()
}

#[tokio::test]
async fn a_follower_gets_each_event_once_and_in_order() {
    let scene = scene().await;
    let latest = events::latest(&scene, scene.workspace).await.unwrap();
    let mut follower = Follower::new(&scene, scene.workspace, latest);
    assert_eq!(read(&mut follower, &scene, 10).await, Vec::<String>::new());
    for subject in ["a", "b", "c"] {
        happen(&scene, subject).await;
    }
    assert_eq!(read(&mut follower, &scene, 2).await, ["a", "b"]);
    assert_eq!(read(&mut follower, &scene, 2).await, ["c"]);
    assert_eq!(read(&mut follower, &scene, 2).await, Vec::<String>::new());
    happen(&scene, "d").await;
    assert_eq!(read(&mut follower, &scene, 2).await, ["d"]);
    assert_eq!(events::after(&scene, WorkspaceId::new(), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn an_event_that_is_committed_late_is_not_missed() {
    let scene = scene().await;
    if !scene.is_postgres() {
        // One writer: the order of commits is the order of ids.
        return;
    }
    let mut follower = Follower::new(&scene, scene.workspace, None);
    let mut late = scene.begin().await.unwrap();
    events::append(&mut late, scene.workspace, events::kind::POST_SAVED, "late", json!({}));
    happen(&scene, "early").await;
    assert_eq!(read(&mut follower, &scene, 10).await, ["early"]);
    late.commit().await.unwrap();
    assert_eq!(read(&mut follower, &scene, 10).await, ["late"]);
    assert_eq!(read(&mut follower, &scene, 10).await, Vec::<String>::new());
}

#[tokio::test]
async fn listeners_are_woken_after_the_commit_and_old_events_are_forgotten() {
    let scene = scene().await;
    let mut woken = scene.events_woken();
    happen(&scene, "a").await;
    assert_eq!(woken.recv().await.unwrap(), Wake::Events(scene.workspace));
    scene.minutes_pass(10);
    happen(&scene, "b").await;
    assert_eq!(events::forget_before(&scene, scene.workspace, crate::scene::after_minutes(5)).await.unwrap(), 1);
    let left: Vec<_> =
        events::after(&scene, scene.workspace, None, 10).await.unwrap().into_iter().map(|e| e.subject).collect();
    assert_eq!(left, ["b"]);
}

#[tokio::test]
async fn a_version_changes_with_every_event_and_outlives_old_ones() {
    let scene = scene().await;
    let version = async || events::version(&scene, scene.workspace).await.unwrap();
    let mut seen = HashSet::from([version().await]);
    for subject in ["a", "b", "c"] {
        happen(&scene, subject).await;
        assert!(seen.insert(version().await), "{subject} is not told from what was before");
        assert!(!seen.insert(version().await), "it changed by itself");
    }
    assert!(events::forget_before(&scene, scene.workspace, crate::scene::after_minutes(5)).await.unwrap() > 0);
    let newest = events::latest(&scene, scene.workspace).await.unwrap();
    assert!(newest.is_some(), "with none left, the next first event would look like nothing had ever happened");
    happen(&scene, "d").await;
    assert!(seen.insert(version().await));
    assert!(events::latest(&scene, scene.workspace).await.unwrap() > newest);
}
