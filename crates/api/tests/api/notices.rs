//! What people are told, how they choose, and the workspace's webhook.

use crate::house::House;
use axum::http::Method;
use crier_model::{Code, Diagnosis, channel::ChannelState, permission::Role};
use crier_store::{channels, due, webhooks};
use serde_json::{Value, json};

async fn breaks(house: &House, channel: crier_model::ChannelId) {
    let reason = Diagnosis::new(Code::CredentialsWrong).because("The password was changed.");
    channels::set_state(&house.store, channel, ChannelState::NeedsReconnect, Some(&reason)).await.unwrap();
}

fn unread(counted: &Value) -> u64 {
    counted["unread"].as_u64().unwrap()
}

#[tokio::test]
async fn a_notice_is_listed_counted_and_seen_by_each_for_themselves() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    house.member(ada.workspace, bob.user, Role::Viewer).await;
    let bob = crate::house::Person { workspace: ada.workspace, ..bob };
    let channel = house.channel(ada.workspace, "news").await;
    ada.post("posts", &crate::house::scheduled(&[channel], "Hello")).await.ok();
    breaks(&house, channel).await;
    let listed = ada.get("notices").await.ok();
    let notice = &listed["items"][0];
    assert_eq!((&notice["kind"], &notice["title"]), (&json!("channel.reconnect"), &json!("news needs reconnecting")));
    assert_eq!((&notice["next"][0]["excerpt"], &notice["unread"]), (&json!("Hello"), &json!(true)));
    assert_eq!(unread(&ada.get("notices/unread").await.ok()), 1);
    assert_eq!(ada.post("notices/seen", &json!({ "up_to": notice["id"] })).await.status, 204);
    assert_eq!(unread(&ada.get("notices/unread").await.ok()), 0);
    assert_eq!(ada.get("notices").await.ok()["items"][0]["unread"], false);
    assert_eq!(unread(&bob.get("notices/unread").await.ok()), 1);
    let elsewhere = house.person("eve@example.org").await;
    let answer = elsewhere.post("notices/seen", &json!({ "up_to": notice["id"] })).await;
    assert_eq!(answer.problem(), (404, "notice.unknown"));
}

#[tokio::test]
async fn each_person_chooses_what_is_shown_and_mailed() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let path = "/api/v1/auth/me/notices";
    let put = |body: Value| {
        let (house, headers) = (&house, ada.headers.clone());
        async move { house.ask(Method::PUT, path, &headers, Some(&body)).await }
    };
    let choices = ada.get(path).await.ok();
    assert_eq!(choices["kinds"].as_object().unwrap().len(), 7);
    assert_eq!((&choices["kinds"]["channel.reconnect"]["mail"], &choices["mail"]), (&json!(true), &json!(true)));
    let quiet = put(json!({ "channel.reconnect": { "app": false, "mail": false } })).await.ok();
    assert_eq!(quiet["kinds"]["channel.reconnect"], json!({ "app": false, "mail": false }));
    put(json!({ "publication.failed": { "app": true, "mail": false } })).await.ok();
    let kept = ada.get(path).await.ok();
    assert_eq!(kept["kinds"]["channel.reconnect"]["app"], false);
    assert_eq!(kept["kinds"]["publication.failed"]["mail"], false);
    let wrong = put(json!({ "weather": { "app": true, "mail": true } })).await;
    assert_eq!(wrong.problem().0, 422);
    let channel = house.channel(ada.workspace, "news").await;
    breaks(&house, channel).await;
    assert!(ada.get("notices").await.ok()["items"].as_array().unwrap().is_empty());
    assert_eq!(unread(&ada.get("notices/unread").await.ok()), 0);
}

#[tokio::test]
async fn a_webhook_is_set_tried_and_taken_away() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let put = |body: Value| {
        let (house, headers) = (&house, ada.headers.clone());
        let path = format!("/api/v1/workspaces/{}/webhook", ada.workspace);
        async move { house.ask(Method::PUT, &path, &headers, Some(&body)).await }
    };
    assert_eq!(ada.get("webhook").await.ok()["webhook"], Value::Null);
    assert_eq!(ada.post("webhook/test", &json!({})).await.problem(), (404, "webhook.unknown"));
    let wrong = put(json!({ "url": "http://example.org/", "kinds": [] })).await;
    assert_eq!((wrong.problem().0, wrong.pointers()), (422, vec!["/url", "/kinds"]));
    let made = put(json!({ "url": "https://example.org/hook", "kinds": ["publication.failed"] })).await.ok();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let shown = ada.get("webhook").await.ok();
    assert_eq!(shown["webhook"]["kinds"], json!(["publication.failed"]));
    assert!(!shown.to_string().contains(&secret));
    let kept = put(json!({ "url": "https://example.org/other", "kinds": ["publication.failed"] })).await.ok();
    assert_eq!((&kept["secret"], &kept["url"]), (&Value::Null, &json!("https://example.org/other")));
    assert_eq!(webhooks::get(&house.store, ada.workspace).await.unwrap().unwrap().secret.expose(), secret);
    let renewed =
        put(json!({ "url": "https://example.org/", "kinds": ["publication.failed"], "new_secret": true })).await;
    assert_ne!(renewed.ok()["secret"], secret);
    let test = ada.post("webhook/test", &json!({})).await;
    assert_eq!((test.status.as_u16(), &test.json["state"]), (202, &json!("pending")));
    let calls = ada.get("webhook/deliveries").await.ok();
    assert_eq!((&calls["items"][0]["kind"], &calls["items"][0]["notice_id"]), (&json!("test"), &Value::Null));
    assert!(due::next_due_at(&house.store).await.unwrap().is_some());
    assert_eq!(ada.delete("webhook").await.status, 204);
    assert_eq!(ada.delete("webhook").await.problem(), (404, "webhook.unknown"));
}
