use crate::scene::{answer, begin, scene, start};
use crier_store::{
    StoreError, due,
    steps::{self, Begun},
};
use serde_json::json;

#[tokio::test]
async fn a_step_is_fresh_then_interrupted_then_answered() {
    let scene = scene().await;
    let publication = scene.scheduled(scene.channel("ada").await, start()).await.id;
    let fence = scene.claim().await.remove(0).fence;
    let first = |name: &'static str| begin(&scene, fence, publication, name, "key", "fingerprint");
    assert_eq!(first("upload").await.unwrap(), Begun::Fresh);
    let interrupted = Begun::Interrupted { fingerprint: "fingerprint".to_owned(), begun_at: start() };
    assert_eq!(first("upload").await.unwrap(), interrupted);
    answer(&scene, fence, publication, "upload", &json!({ "id": 7 })).await.unwrap();
    assert_eq!(first("upload").await.unwrap(), Begun::Answered(json!({ "id": 7 })));
    assert_eq!(first("post").await.unwrap(), Begun::Fresh);
    let missing = answer(&scene, fence, publication, "never begun", &json!(1)).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "step" })));
    let names: Vec<_> = steps::list(&scene, publication).await.unwrap().into_iter().map(|step| step.name).collect();
    assert_eq!(names, ["upload", "post"]);
}

#[tokio::test]
async fn a_step_known_not_to_have_happened_is_begun_anew_and_an_answered_one_is_not() {
    let scene = scene().await;
    let publication = scene.scheduled(scene.channel("ada").await, start()).await.id;
    let fence = scene.claim().await.remove(0).fence;
    let first = || begin(&scene, fence, publication, "post", "look", "text");
    first().await.unwrap();
    steps::abandon(&scene, fence, publication, "post").await.unwrap();
    assert_eq!(first().await.unwrap(), Begun::Fresh);
    answer(&scene, fence, publication, "post", &json!("id")).await.unwrap();
    steps::abandon(&scene, fence, publication, "post").await.unwrap();
    assert_eq!(first().await.unwrap(), Begun::Answered(json!("id")));
}

#[tokio::test]
async fn the_next_holder_finds_the_step_its_predecessor_had_begun() {
    let scene = scene().await;
    let publication = scene.scheduled(scene.channel("ada").await, start()).await.id;
    let crashed = scene.claim().await.remove(0).fence;
    begin(&scene, crashed, publication, "post", "look", "text").await.unwrap();
    scene.minutes_pass(1);
    let node = scene.node().await;
    let next =
        due::claim(&node, start() + crate::scene::LEASE, "next", 1, crate::scene::LEASE).await.unwrap().remove(0).fence;
    let found = begin(&node, next, publication, "post", "look", "text").await.unwrap();
    assert!(matches!(found, Begun::Interrupted { .. }));
    let late = answer(&scene, crashed, publication, "post", &json!("id")).await;
    assert!(matches!(late, Err(StoreError::Stale { what: "lease" })));
    answer(&node, next, publication, "post", &json!("id")).await.unwrap();
}
