//! What clients can do with what is published, and what they are told of it.

use crate::house::{House, Person, scheduled};
use crier_model::{
    ChannelId, PublicationId, Secret, WorkspaceId, channel::Identity, publication::PublicationState as State,
};
use crier_store::{
    channels::{self, Connected},
    publications::{self, Change},
};
use serde_json::json;

/// A channel of a network that tells numbers, deletes and edits.
async fn mastodon(house: &House, workspace: WorkspaceId) -> ChannelId {
    let connected = Connected {
        network: "mastodon".into(),
        way: "oauth2".into(),
        instance: Some("https://social.example".into()),
        identity: Identity {
            remote_id: "1".into(),
            name: "Ada".into(),
            handle: "ada@social.example".into(),
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

/// A post of this person on this channel that is on its network, as far as is known here.
async fn published(house: &House, ada: &Person<'_>, channel: ChannelId, text: &str) -> String {
    let post = ada.post("posts", &scheduled(&[channel], text)).await.ok();
    let id: PublicationId = post["publications"][0]["id"].as_str().unwrap().parse().unwrap();
    let remote = json!({ "parts": [{ "remote_id": "7", "url": null, "data": null }] });
    let change = Change { remote: Some(remote), remote_id: Some("7".into()), ..Change::default() };
    publications::set_state(&house.store, id, &[State::Scheduled], State::Published, change).await.unwrap();
    id.to_string()
}

#[tokio::test]
async fn deleting_on_the_network_is_asked_for_once() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = mastodon(&house, ada.workspace).await;
    let id = published(&house, &ada, channel, "Hello").await;
    let asked = ada.post(&format!("publications/{id}/remove"), &json!({})).await.ok();
    assert_eq!((&asked["state"], &asked["wish"]["kind"]), (&json!("published"), &json!("remove")));
    assert_eq!(asked["wish"]["refused"], json!(null));
    let again = ada.post(&format!("publications/{id}/remove"), &json!({})).await;
    assert_eq!(again.problem(), (409, "publication.being_removed"));
}

#[tokio::test]
async fn other_words_are_checked_as_those_of_a_post_are() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = mastodon(&house, ada.workspace).await;
    let id = published(&house, &ada, channel, "Hello").await;
    let path = format!("publications/{id}/edit");
    let long = ada.post(&path, &json!({ "parts": [{ "text": "x".repeat(501) }] })).await;
    assert_eq!((long.problem().0, long.pointers()), (422, vec!["/parts/0/text"]));
    let many = ada.post(&path, &json!({ "parts": [{ "text": "a" }, { "text": "b" }] })).await;
    assert_eq!((many.problem().0, many.pointers()), (422, vec!["/parts"]));
    let asked = ada.post(&path, &json!({ "parts": [{ "text": "Other" }] })).await.ok();
    assert_eq!(asked["wish"]["kind"], "edit");
}

#[tokio::test]
async fn what_is_not_published_can_neither_be_deleted_nor_changed_there() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = mastodon(&house, ada.workspace).await;
    let post = ada.post("posts", &scheduled(&[channel], "Later")).await.ok();
    let id = post["publications"][0]["id"].as_str().unwrap();
    let edit = json!({ "parts": [{ "text": "Other" }] });
    for (path, body) in [("remove", json!({})), ("edit", edit)] {
        let refused = ada.post(&format!("publications/{id}/{path}"), &body).await;
        assert_eq!(refused.problem(), (409, "publication.not_published"), "{path}");
    }
    let mallory = house.person("mallory@example.org").await;
    let id = published(&house, &ada, channel, "Hello").await;
    assert_eq!(mallory.post(&format!("publications/{id}/remove"), &json!({})).await.problem().0, 404);
    assert_eq!(mallory.get(&format!("publications/{id}/metrics")).await.problem().0, 404);
}

#[tokio::test]
async fn numbers_are_told_with_when_was_looked_and_days_are_checked() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = mastodon(&house, ada.workspace).await;
    let numbers = ada.get(&format!("channels/{channel}/metrics")).await.ok();
    assert_eq!(numbers, json!({ "told": true, "looked_at": null, "said": null, "series": [] }));
    let wrong = ada.get(&format!("channels/{channel}/metrics?from=2026-02-02&to=2026-01-01")).await;
    assert_eq!((wrong.problem().0, wrong.pointers()), (422, vec!["/from"]));
    let many = ada.get(&format!("channels/{channel}/metrics?from=2020-01-01&to=2026-01-01")).await;
    assert_eq!((many.problem().0, many.pointers()), (422, vec!["/from"]));
    let id = published(&house, &ada, channel, "Hello").await;
    assert_eq!(ada.get(&format!("publications/{id}/metrics")).await.ok()["told"], true);
}

#[tokio::test]
async fn what_a_network_cannot_do_is_said_with_what_to_do_instead() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "hook").await;
    let id = published(&house, &ada, channel, "Hello").await;
    let edit = json!({ "parts": [{ "text": "Other" }] });
    for (path, body, code) in [("remove", json!({}), "network.cannot_delete"), ("edit", edit, "network.cannot_edit")] {
        let refused = ada.post(&format!("publications/{id}/{path}"), &body).await;
        assert_eq!(refused.problem(), (409, code));
        assert!(refused.json["title"].as_str().unwrap().starts_with("Webhook"), "{}", refused.json);
    }
    assert_eq!(ada.get(&format!("publications/{id}/metrics")).await.ok()["told"], false);
    let networks = ada.get("networks").await.ok();
    let of = |id: &str| networks["items"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap().clone();
    assert_eq!(of("webhook")["abilities"]["delete"], false);
    assert_eq!(of("mastodon")["abilities"]["edit"], true);
}
