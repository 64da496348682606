//! Slots, repeats, evergreen queues and many posts at once, as clients see them.

use crate::house::{House, Person, scheduled};
use axum::http::Method;
use crier_model::ChannelId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn daily(time: &str) -> Value {
    json!({ "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], "time": time })
}

async fn put(person: &Person<'_>, path: &str, body: &Value) -> crate::house::Answer {
    person.with(Method::PUT, path, "accept", "application/json", body).await
}

fn queued(channel: ChannelId, text: &str) -> Value {
    json!({ "state": "next_slot", "due_at": null, "channels": [channel], "parts": [{ "text": text }], "variants": {} })
}

#[tokio::test]
async fn slots_are_set_and_posts_are_queued_into_them() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let usual = ada.get("slots").await.ok();
    assert_eq!((&usual["own"], usual["slots"].as_array().unwrap().len()), (&json!(false), 3));
    let body = json!({ "slots": [daily("10:00"), daily("16:30")], "time_zone": "Asia/Tokyo" });
    let set = put(&ada, &format!("channels/{channel}/slots"), &body).await.ok();
    assert_eq!(
        (&set["own"], &set["time_zone"], &set["slots"][1]["time"]),
        (&json!(true), &json!("Asia/Tokyo"), &json!("16:30"))
    );
    let free = ada.get(&format!("slots/free?channels={channel}&count=2")).await.ok();
    let first = ada.post("posts", &queued(channel, "One")).await.ok();
    let second = ada.post("posts", &queued(channel, "Two")).await.ok();
    assert_eq!((&first["due_at"], &second["due_at"]), (&free["items"][0]["at"], &free["items"][1]["at"]));
    assert_eq!(first["state"], "scheduled");
    let queue = ada.get(&format!("channels/{channel}/queue?limit=3")).await.ok();
    assert_eq!((&queue["items"][0]["post"]["excerpt"], &queue["items"][2]["post"]), (&json!("One"), &Value::Null));
    let gone = ada.delete(&format!("channels/{channel}/slots")).await.ok();
    assert_eq!(gone["own"], false);
    put(&ada, "slots", &json!({ "slots": [] })).await.ok();
    assert_eq!(ada.post("posts", &queued(channel, "Three")).await.problem(), (409, "slots.none"));
}

#[tokio::test]
async fn wrong_slots_and_queries_are_named() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    for (slot, pointer) in [
        (json!({ "days": [], "time": "10:00" }), "/slots/0/days"),
        (json!({ "days": ["monday"], "time": "25:00" }), "/slots/0/time"),
        (json!({ "days": ["someday"], "time": "10:00" }), "/slots/0/days/0"),
    ] {
        let answer = put(&ada, "slots", &json!({ "slots": [slot] })).await;
        assert_eq!((answer.problem().0, answer.pointers()), (422, vec![pointer]));
    }
    assert_eq!(ada.get("slots/free?channels=x").await.pointers(), ["channels"]);
    let channel = house.channel(ada.workspace, "news").await;
    assert_eq!(ada.get(&format!("slots/free?channels={channel}&count=0")).await.pointers(), ["count"]);
}

fn repeating(channel: ChannelId, rule: &str) -> Value {
    let mut post = scheduled(&[channel], "Again");
    post["repeat"] = json!({ "rule": rule, "except": [] });
    post
}

#[tokio::test]
async fn a_post_repeats_and_is_changed_alone_or_with_those_that_follow() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let body = repeating(channel, "FREQ=DAILY;COUNT=4");
    let check = ada.post("posts/check", &body).await.ok();
    assert_eq!(check["occurrences"].as_array().unwrap().len(), 4);
    let first = ada.post("posts", &body).await.ok();
    assert_eq!(first["repeat"]["rule"], "FREQ=DAILY;COUNT=4");
    let all = ada.get("posts?from=2020-01-01T00:00:00Z").await.ok();
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert!(items.iter().all(|post| post["series_id"] == first["series_id"] && post["due_at"].is_string()));
    let third = items[2]["id"].as_str().unwrap();
    let read = ada.get(&format!("posts/{third}")).await.ok();
    assert_eq!(read["repeat"]["rule"], "FREQ=DAILY;COUNT=2");
    let changed = json!({ "state": "scheduled", "due_at": read["due_at"], "channels": [channel],
        "parts": [{ "text": "Changed" }], "variants": {}, "repeat": { "rule": "FREQ=DAILY;COUNT=3", "except": [] } });
    let refused = put(&ada, &format!("posts/{third}"), &changed).await;
    assert_eq!((refused.problem().0, refused.pointers()), (422, vec!["/repeat"]));
    put(&ada, &format!("posts/{third}?scope=following"), &changed).await.ok();
    let all = ada.get("posts?from=2020-01-01T00:00:00Z").await.ok();
    let texts: Vec<_> = all["items"].as_array().unwrap().iter().map(|p| p["excerpt"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Again", "Again", "Changed", "Changed", "Changed"]);
    assert_eq!(ada.delete(&format!("posts/{third}?scope=following")).await.status, 204);
    let all = ada.get("posts?from=2020-01-01T00:00:00Z").await.ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_wrong_repeat_is_named() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let answer = ada.post("posts", &repeating(channel, "FREQ=HOURLY")).await;
    assert_eq!((answer.problem().0, answer.pointers()), (422, vec!["/repeat/rule"]));
    let answer = ada.post("posts", &repeating(channel, "FREQ=DAILY;UNTIL=20200101")).await;
    assert_eq!((answer.problem().0, answer.pointers()), (422, vec!["/repeat/rule"]));
    for state in ["now", "next_slot"] {
        let mut post = repeating(channel, "FREQ=DAILY");
        post["state"] = json!(state);
        let answer = ada.post("posts", &post).await;
        assert_eq!((answer.problem().0, answer.pointers()), (422, vec!["/repeat"]), "{state}");
    }
}

#[tokio::test]
async fn many_posts_are_changed_at_once_and_each_says_what_became_of_it() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let post = ada.post("posts", &scheduled(&[channel], "A")).await.ok();
    let id = post["id"].as_str().unwrap();
    let unknown = uuid::Uuid::now_v7().to_string();
    let act =
        async |action: Value| ada.post("posts/bulk", &json!({ "ids": [id, unknown], "action": action })).await.ok();
    let moved = act(json!({ "kind": "move_by", "days": 1 })).await;
    assert_eq!((&moved["items"][0]["refused"], &moved["items"][0]["was_due_at"]), (&Value::Null, &post["due_at"]));
    assert_eq!(moved["items"][1]["refused"]["code"], "post.unknown");
    let back = act(json!({ "kind": "move_each", "due_at": { id: post["due_at"] } })).await;
    assert_eq!(back["items"][0]["due_at"], post["due_at"]);
    act(json!({ "kind": "pause" })).await;
    let held = ada.get(&format!("posts/{id}")).await.ok();
    assert_eq!((&held["state"], &held["publications"][0]["reason"]["code"]), (&json!("held"), &json!("held.person")));
    act(json!({ "kind": "resume" })).await;
    act(json!({ "kind": "delete" })).await;
    assert_eq!(ada.get(&format!("posts/{id}")).await.status, 404);
    for (body, pointer) in [
        (json!({ "ids": [], "action": { "kind": "pause" } }), "/ids"),
        (json!({ "ids": [id], "action": { "kind": "move_by" } }), "/action"),
        (
            json!({ "ids": [id], "action": { "kind": "move_each", "due_at": { id: "2001-01-01T00:00:00Z" } } }),
            "/due_at",
        ),
    ] {
        let answer = ada.post("posts/bulk", &body).await;
        assert_eq!((answer.problem().0, answer.pointers()), (422, vec![pointer]));
    }
}

#[tokio::test]
async fn an_evergreen_queue_is_made_filled_and_goes_round() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let set = json!({ "name": "Tips", "channels": [channel], "slots": [daily("10:00")], "rest_days": 2 });
    let made = ada.post("evergreen", &set).await.ok();
    let id = made["id"].as_str().unwrap();
    let post = ada.post("posts", &scheduled(&[channel], "A tip")).await.ok();
    let whole = ada.post(&format!("evergreen/{id}/posts"), &json!({ "post_id": post["id"] })).await.ok();
    assert_eq!(
        (&whole["posts"], &whole["kept"][0]["excerpt"], whole["ahead"].as_array().unwrap().len()),
        (&json!(1), &json!("A tip"), 5)
    );
    let first: Timestamp = whole["ahead"][0]["at"].as_str().unwrap().parse().unwrap();
    let second: Timestamp = whole["ahead"][1]["at"].as_str().unwrap().parse().unwrap();
    assert!(second.duration_since(first) >= SignedDuration::from_hours(48));
    let posts = ada.get("posts?from=2020-01-01T00:00:00Z").await.ok();
    let turn = posts["items"].as_array().unwrap().iter().find(|post| post["queue_id"] == json!(id)).unwrap();
    assert_eq!(turn["due_at"], whole["ahead"][0]["at"]);
    let kept = whole["kept"][0]["id"].as_str().unwrap();
    assert_eq!(put(&ada, &format!("posts/{kept}"), &scheduled(&[channel], "Now")).await.problem(), (409, "post.kept"));
    let paused =
        json!({ "name": "Tips", "channels": [channel], "slots": [daily("10:00")], "rest_days": 2, "paused": true });
    let whole = put(&ada, &format!("evergreen/{id}"), &paused).await.ok();
    assert_eq!((&whole["next_due_at"], whole["ahead"].as_array().unwrap().len()), (&Value::Null, 0));
    assert_eq!(ada.get("evergreen").await.ok()["items"][0]["name"], "Tips");
    assert_eq!(ada.delete(&format!("evergreen/{id}")).await.status, 204);
    let wrong = json!({ "name": "", "channels": [], "slots": [], "rest_days": 999 });
    assert_eq!(ada.post("evergreen", &wrong).await.pointers(), ["/name", "/slots", "/rest_days", "/channels"]);
}
