use crate::house::{House, scheduled};
use axum::http::{HeaderMap, Method};
use crier_model::{PublicationId, permission::Role, publication::PublicationState as State};
use crier_store::{
    events,
    publications::{self, Change},
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_workspace_is_paused_and_goes_on_by_who_manages_it() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let path = format!("/api/v1/workspaces/{}", ada.workspace);
    assert_eq!(ada.get(&path).await.ok()["paused_at"], Value::Null);
    assert!(ada.patch(&path, &json!({ "paused": true })).await.ok()["paused_at"].is_string());
    let again = ada.patch(&path, &json!({ "paused": true, "name": "Quiet" })).await.ok();
    assert_eq!((again["paused_at"].is_string(), &again["name"]), (true, &json!("Quiet")));
    assert_eq!(ada.patch(&path, &json!({ "paused": false })).await.ok()["paused_at"], Value::Null);
    let told = events::after(&house.store, ada.workspace, None, 100).await.unwrap();
    let told: Vec<_> = told.iter().filter(|event| event.kind == events::kind::WORKSPACE_CHANGED).collect();
    assert_eq!(told.iter().map(|event| event.data["paused"].clone()).collect::<Vec<_>>(), [true, false]);
    let grace = house.person("grace@example.org").await;
    house.member(ada.workspace, grace.user, Role::Editor).await;
    assert_eq!(grace.patch(&path, &json!({ "paused": true })).await.status, 403);
}

#[tokio::test]
async fn a_post_for_a_paused_workspace_is_taken_and_says_that_it_waits() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let post = scheduled(&[channel], "Later");
    assert_eq!(ada.post("posts/check", &post).await.ok()["problems"], json!([]));
    ada.patch(&format!("/api/v1/workspaces/{}", ada.workspace), &json!({ "paused": true })).await.ok();
    let found = &ada.post("posts/check", &post).await.ok()["problems"][0];
    assert_eq!((&found["code"], &found["severity"]), (&json!("workspace.paused"), &json!("warning")));
    ada.post("posts", &post).await.ok();
}

#[tokio::test]
async fn a_channel_has_a_daily_cap_of_its_own_or_the_installations() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let path = format!("channels/{}", house.channel(ada.workspace, "news").await);
    assert_eq!(ada.get(&path).await.ok()["daily_cap"], Value::Null);
    assert_eq!(ada.patch(&path, &json!({ "daily_cap": 5 })).await.ok()["daily_cap"], 5);
    // What is left out stays.
    assert_eq!(ada.patch(&path, &json!({ "name": "Old" })).await.ok()["daily_cap"], 5);
    assert_eq!(ada.patch(&path, &json!({ "daily_cap": null })).await.ok()["daily_cap"], Value::Null);
    for wrong in [0, 10_001] {
        assert_eq!(ada.patch(&path, &json!({ "daily_cap": wrong })).await.pointers(), ["/daily_cap"]);
    }
}

/// There is no way back from published: whoever wants it twice writes a post, or duplicates this one.
#[tokio::test]
async fn what_is_published_is_not_published_again_by_any_request() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let post = ada.post("posts", &scheduled(&[channel], "Once")).await.ok();
    let publication = &post["publications"][0];
    let id: PublicationId = publication["id"].as_str().unwrap().parse().unwrap();
    publications::set_state(&house.store, id, &[State::Scheduled], State::Published, Change::default()).await.unwrap();
    let (post, id) = (post["id"].as_str().unwrap(), id.to_string());
    let again = json!({ "outcome": "send_again" });
    let due_at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(3);
    for (answer, code) in [
        (ada.post(&format!("publications/{id}/retry"), &json!({})).await, "publication.not_retryable"),
        (ada.post(&format!("publications/{id}/cancel"), &json!({})).await, "publication.not_cancellable"),
        (ada.post(&format!("publications/{id}/resolve"), &again).await, "publication.not_unconfirmed"),
        (ada.post(&format!("posts/{post}/move"), &json!({ "due_at": due_at })).await, "post.published"),
    ] {
        assert_eq!(answer.problem(), (409, code));
    }
    let changed = ada.with(Method::PUT, &format!("posts/{post}"), "x-none", "", &scheduled(&[channel], "Twice")).await;
    assert_eq!(changed.problem(), (409, "post.published"));
    let copy = ada.post(&format!("posts/{post}/duplicate"), &json!({})).await;
    assert_eq!(copy.json["state"], "draft");
    assert_eq!(ada.get(&format!("posts/{post}")).await.ok()["publications"][0]["state"], "published");
}

#[tokio::test]
async fn health_tells_how_long_the_oldest_work_has_waited() {
    let house = House::new().await;
    let ask = async || house.ask(Method::GET, "/health", &HeaderMap::new(), None).await.ok();
    assert_eq!(ask().await["oldest_due_seconds"], 0);
    let ada = house.person("ada@example.org").await;
    let work = crier_store::due::NewWork::new(
        ada.workspace,
        "nothing",
        "x",
        jiff::Timestamp::now() - jiff::SignedDuration::from_secs(90),
    );
    crier_store::due::upsert(&house.store, &[work]).await.unwrap();
    assert!(ask().await["oldest_due_seconds"].as_i64().unwrap() >= 90);
}
