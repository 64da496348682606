//! Bad input: each a problem that names the field, and nothing written.

use crate::house::{House, scheduled};
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

async fn posts(person: &crate::house::Person<'_>) -> usize {
    person.get("posts").await.ok()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn each_wrong_post_is_refused_by_its_field_and_leaves_nothing() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let good = scheduled(&[channel], "Hello");
    let with = |changes: Value| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    let unknown = uuid::Uuid::now_v7();
    let long = "x".repeat(1_000_000);
    for (body, pointer, code) in [
        (with(json!({ "parts": [{ "text": "  ", "media": [] }] })), "/parts/0/text", "text.empty"),
        (with(json!({ "parts": [] })), "/parts", "text.empty"),
        (with(json!({ "parts": [{ "text": long, "media": [] }] })), "/parts/0/text", "text.too_long"),
        (with(json!({ "due_at": "2001-01-01T00:00:00Z" })), "/due_at", "due_at.past"),
        (with(json!({ "due_at": "2101-01-01T00:00:00Z" })), "/due_at", "due_at.too_far"),
        (with(json!({ "due_at": null })), "/due_at", "due_at.missing"),
        (with(json!({ "due_at": "tomorrow" })), "/due_at", "input.wrong_type"),
        (with(json!({ "channels": [] })), "/channels", "channels.none"),
        (with(json!({ "channels": [unknown] })), "/channels/0", "channel.unknown"),
        (with(json!({ "channels": [channel, channel] })), "/channels/1", "channel.twice"),
        (with(json!({ "channels": "all" })), "/channels", "input.wrong_type"),
        (with(json!({ "time_zone": "Mars/Olympus" })), "/time_zone", "time_zone.unknown"),
        (
            with(json!({ "parts": [{ "text": "a", "media": [{ "id": unknown }] }] })),
            "/parts/0/media/0/id",
            "media.unknown",
        ),
        (
            with(json!({ "parts": [{ "text": "a" }, { "text": "b", "delay_minutes": 121 }] })),
            "/parts/1/delay_minutes",
            "delay.too_long",
        ),
        (with(json!({ "parts": [{ "text": 7 }] })), "/parts/0/text", "input.wrong_type"),
        (with(json!({ "state": "sometime" })), "/state", "input.wrong_type"),
    ] {
        let answer = ada.post("posts", &body).await;
        assert_eq!(answer.problem(), (422, "input.invalid"), "{pointer} {code}");
        let error = &answer.json["errors"][0];
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)));
        assert!(error["message"].as_str().is_some_and(|text| text.len() > 10), "{error}");
        assert!(error["fix"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    }
    assert_eq!(posts(&ada).await, 0);
}

#[tokio::test]
async fn what_is_no_json_is_told_from_what_is_wrong_json() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let send = |kind: &'static str, body: &'static str| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/api/v1/workspaces/{}/posts", ada.workspace))
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .unwrap();
        request.headers_mut().extend(ada.headers.clone());
        house.send(request)
    };
    assert_eq!(send("application/json", "{\"state\": ").await.problem(), (400, "input.not_json"));
    assert_eq!(send("application/json", "").await.problem(), (400, "input.not_json"));
    assert_eq!(send("application/json; charset=utf-8", "[]").await.problem(), (422, "input.invalid"));
    assert_eq!(send("text/plain", "{}").await.problem(), (415, "input.not_json"));
    assert_eq!(posts(&ada).await, 0);
}

#[tokio::test]
async fn a_body_without_end_is_refused_early() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let answer = ada.post("posts", &scheduled(&[], &"x".repeat(3 * 1024 * 1024))).await;
    assert_eq!(answer.problem(), (413, "input.too_large"));
}

#[tokio::test]
async fn a_draft_may_be_unfinished_but_not_point_at_what_is_not_there() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let draft =
        |channels: Value| json!({ "state": "draft", "channels": channels, "parts": [{ "text": "" }], "variants": {} });
    assert_eq!(ada.post("posts", &draft(json!([]))).await.ok()["state"], "draft");
    assert_eq!(ada.post("posts", &draft(json!([channel]))).await.ok()["state"], "draft");
    let answer = ada.post("posts", &draft(json!([uuid::Uuid::now_v7()]))).await;
    assert_eq!((answer.problem(), answer.pointers()), ((422, "input.invalid"), vec!["/channels/0"]));
}

#[tokio::test]
async fn a_wrong_query_names_its_parameter() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    for (path, pointer) in [
        ("posts?from=yesterday&to=2026-01-01T00:00:00Z", "from"),
        ("posts?state=gone", "state"),
        ("posts?limit=0", "limit"),
        ("posts?limit=101", "limit"),
        ("posts?cursor=x", "cursor"),
        ("media?limit=many", "limit"),
    ] {
        let answer = ada.get(path).await;
        assert!(answer.status.is_client_error(), "{path}");
        assert_eq!(answer.pointers(), [pointer], "{path}: {}", answer.json);
    }
}
