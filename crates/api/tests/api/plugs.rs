//! What clients say about what follows published posts.

use crate::house::{House, scheduled};
use axum::http::Method;
use crier_model::{ChannelId, Secret, WorkspaceId, channel::Identity};
use crier_store::channels::{self, Connected};
use serde_json::{Value, json};

/// A channel of a Mastodon server.
async fn mastodon(house: &House, workspace: WorkspaceId, server: &str, id: &str) -> ChannelId {
    let connected = Connected {
        network: "mastodon".into(),
        way: "oauth2".into(),
        instance: Some(format!("https://{server}")),
        identity: Identity {
            remote_id: id.into(),
            name: id.into(),
            handle: format!("{id}@{server}"),
            profile_url: None,
            avatar_url: None,
        },
        app: None,
        grant: None,
        scopes: Vec::new(),
        credentials: Secret::new("{}"),
        token_expires_at: None,
        renews: false,
    };
    channels::upsert_connected(&house.store, workspace, &connected, |_| Vec::new()).await.unwrap().channel.id
}

#[tokio::test]
async fn the_rules_of_a_channel_are_set_and_read() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = mastodon(&house, ada.workspace, "social.example", "1").await;
    let path = format!("channels/{channel}/plugs");
    let usual = ada.get(&path).await.ok();
    let off = json!({ "enabled": false, "likes": 10 });
    assert_eq!(usual["repost"], off);
    assert_eq!(
        (&usual["can_repost"], &usual["can_comment"], &usual["watched_days"]),
        (&json!(true), &json!(true), &json!(3))
    );
    let wanted = json!({
        "repost": { "enabled": true, "likes": 50 },
        "comment": { "enabled": true, "likes": 100, "text": "Read on at example.org" },
    });
    let put = async |body: Value| {
        let path = format!("/api/v1/workspaces/{}/{path}", ada.workspace);
        house.ask(Method::PUT, &path, &ada.headers, Some(&body)).await.json
    };
    let set = put(wanted.clone()).await;
    assert_eq!((&set["repost"], &set["comment"]), (&wanted["repost"], &wanted["comment"]));
    // What is left out stays.
    let one = put(json!({ "repost": off })).await;
    assert_eq!((&one["repost"], &one["comment"]), (&off, &wanted["comment"]));
}

#[tokio::test]
async fn what_is_wrong_with_rules_is_said_on_their_fields() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = mastodon(&house, ada.workspace, "social.example", "1").await;
    let hook = house.channel(ada.workspace, "hook").await;
    let put = async |channel: ChannelId, body: Value| {
        let path = format!("/api/v1/workspaces/{}/channels/{channel}/plugs", ada.workspace);
        house.ask(Method::PUT, &path, &ada.headers, Some(&body)).await
    };
    let on = json!({ "enabled": true, "likes": 5 });
    let none = put(channel, json!({ "repost": { "enabled": true, "likes": 0 } })).await;
    assert_eq!((none.status.as_u16(), none.pointers()), (422, vec!["/repost/likes"]));
    let long = json!({ "enabled": true, "likes": 5, "text": "x".repeat(501) });
    let long = put(channel, json!({ "comment": long })).await;
    assert_eq!((long.status.as_u16(), long.pointers()), (422, vec!["/comment/text"]));
    assert!(!long.json["errors"][0]["fix"].as_str().unwrap().contains("thread"));
    let empty = put(channel, json!({ "comment": { "enabled": true, "likes": 5, "text": " " } })).await;
    assert_eq!(empty.pointers(), ["/comment/text"]);
    // Switched off, it may be unfinished.
    assert_eq!(put(channel, json!({ "comment": { "enabled": false, "likes": 5, "text": "" } })).await.status, 200);
    let cannot = put(hook, json!({ "repost": on })).await;
    assert_eq!((cannot.status.as_u16(), cannot.pointers()), (422, vec!["/repost"]));
    assert_eq!(ada.get(&format!("channels/{hook}/plugs")).await.ok()["can_repost"], false);
}

#[tokio::test]
async fn what_follows_a_post_goes_with_it() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let one = mastodon(&house, ada.workspace, "social.example", "1").await;
    let two = mastodon(&house, ada.workspace, "social.example", "2").await;
    let mut body = scheduled(&[one], "Hello");
    let following = json!([{ "act": "comment", "by": two, "after_minutes": 30, "text": "Well said" }, { "act": "repost", "by": two, "after_minutes": 5, "text": "" }]);
    body["variants"] = json!({ one.to_string(): { "plugs": following } });
    let post = ada.post("posts", &body).await.ok();
    assert_eq!(post["variants"][one.to_string()]["plugs"], following);
    assert_eq!(post["publications"][0]["plugs"], json!([]));
}

#[tokio::test]
async fn what_can_not_follow_is_said_where_it_stands() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let here = mastodon(&house, ada.workspace, "social.example", "1").await;
    let elsewhere = mastodon(&house, ada.workspace, "other.example", "2").await;
    let hook = house.channel(ada.workspace, "hook").await;
    let check = async |plug: Value| {
        let mut body = scheduled(&[here], "Hello");
        body["variants"] = json!({ here.to_string(): { "plugs": [plug] } });
        let checked = ada.post("posts/check", &body).await.ok();
        let problems = checked["channels"][0]["problems"].as_array().unwrap().clone();
        let base = format!("/variants/{here}/plugs/0");
        problems
            .iter()
            .map(|it| it["pointer"].as_str().unwrap().strip_prefix(&base).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let plug = |by: ChannelId, minutes: u32| json!({ "act": "repost", "by": by, "after_minutes": minutes });
    assert_eq!(check(plug(here, 5)).await, [""; 0]);
    assert_eq!(check(plug(elsewhere, 5)).await, ["/by"]);
    assert_eq!(check(plug(hook, 5)).await, ["/by"]);
    assert_eq!(check(plug(ChannelId::new(), 5)).await, ["/by"]);
    assert_eq!(check(plug(here, 4)).await, ["/after_minutes"]);
    assert_eq!(check(plug(here, 1441)).await, ["/after_minutes"]);
    let words = json!({ "act": "comment", "by": here, "after_minutes": 5, "text": "x".repeat(501) });
    assert_eq!(check(words).await, ["/text"]);
    assert_eq!(check(json!({ "act": "comment", "by": here, "after_minutes": 5 })).await, ["/text"]);
}
