//! Feeds: what stands in them, and what becomes of it.

use crate::house::{House, ORIGIN, Person, scheduled};
use axum::http::{HeaderMap, Method, header};
use crier_model::{ChannelId, PublicationId, publication::PublicationState as State};
use crier_store::{
    channels,
    publications::{self, Change},
};
use serde_json::json;

/// A feed of this person's, and its token.
async fn feed(house: &House, ada: &Person<'_>) -> (ChannelId, String) {
    let attempt = ada.post("attempts", &json!({ "network": "rss" })).await.ok();
    let id = attempt["id"].as_str().unwrap().to_owned();
    let values =
        json!({ "values": { "title": "News", "description": "", "home": "", "language": "en", "size": "20" } });
    let signed_in = ada.post(&format!("attempts/{id}/form"), &values).await.ok();
    assert_eq!(signed_in["state"], "connected", "{signed_in}");
    let channel = channels::list(&house.store, ada.workspace).await.unwrap().remove(0).channel;
    (channel.id, channel.remote_id)
}

/// Publishes as the engine would.
async fn published(house: &House, ada: &Person<'_>, channel: ChannelId, text: &str) -> PublicationId {
    let post = ada.post("posts", &scheduled(&[channel], text)).await.ok();
    let id: PublicationId = post["publications"][0]["id"].as_str().unwrap().parse().unwrap();
    let entry = json!({ "html": format!("<p>{text}</p>"), "text": text });
    let remote = json!({ "parts": [{ "remote_id": id, "url": null, "data": entry }] });
    let change = Change { remote: Some(remote), remote_id: Some(id.to_string()), ..Change::default() };
    publications::set_state(&house.store, id, &[State::Scheduled], State::Published, change).await.unwrap();
    id
}

#[tokio::test]
async fn a_feed_has_what_was_published_and_is_read_without_signing_in() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let (channel, token) = feed(&house, &ada).await;
    let shown = ada.get(&format!("channels/{channel}")).await.ok();
    assert_eq!(shown["feeds"]["rss"], format!("{ORIGIN}/feeds/{token}/rss.xml"));
    let nobody = HeaderMap::new();
    let json_feed = |headers: HeaderMap| {
        let (house, token) = (&house, token.clone());
        async move { house.ask(Method::GET, &format!("/feeds/{token}/feed.json"), &headers, None).await }
    };
    let empty = json_feed(nobody.clone()).await;
    assert_eq!((empty.status.as_u16(), &empty.json["items"]), (200, &json!([])));
    let id = published(&house, &ada, channel, "Hello").await;
    let full = json_feed(nobody.clone()).await;
    assert_eq!(full.json["items"][0]["id"], id.to_string());
    assert_eq!(full.json["items"][0]["content_html"], "<p>Hello</p>");
    // A reader that has it is told so, until something changes.
    let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, full.headers[header::ETAG].clone())]);
    assert_eq!(json_feed(known.clone()).await.status, 304);
    let since = HeaderMap::from_iter([(header::IF_MODIFIED_SINCE, full.headers[header::LAST_MODIFIED].clone())]);
    assert_eq!(json_feed(since).await.status, 304);
    published(&house, &ada, channel, "Again").await;
    let more = json_feed(known).await;
    assert_eq!((more.status.as_u16(), more.json["items"].as_array().map(Vec::len)), (200, Some(2)));
    for (format, mime) in [("rss.xml", "application/rss+xml"), ("atom.xml", "application/atom+xml")] {
        let answer = house.ask(Method::GET, &format!("/feeds/{token}/{format}"), &nobody, None).await;
        assert!(answer.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with(mime), "{format}");
        assert!(String::from_utf8(answer.bytes).unwrap().contains("&lt;p&gt;Hello&lt;/p&gt;"), "{format}");
    }
}

#[tokio::test]
async fn a_feed_that_is_none_or_has_ended_says_so() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let (channel, token) = feed(&house, &ada).await;
    let nobody = HeaderMap::new();
    for path in [format!("/feeds/{token}/feed.txt"), "/feeds/0/rss.xml".to_owned()] {
        assert_eq!(house.ask(Method::GET, &path, &nobody, None).await.problem(), (404, "feed.unknown"), "{path}");
    }
    let file = format!("/feeds/{token}/files/x/0/a.png");
    assert_eq!(house.ask(Method::GET, &file, &nobody, None).await.problem(), (404, "feed.no_file"));
    channels::delete(&house.store, ada.workspace, channel).await.unwrap();
    let ended = house.ask(Method::GET, &format!("/feeds/{token}/rss.xml"), &nobody, None).await;
    assert_eq!(ended.problem(), (410, "feed.gone"));
}

#[tokio::test]
async fn a_feed_keeps_its_address_when_it_is_called_otherwise() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let (channel, token) = feed(&house, &ada).await;
    let attempt = ada.post("attempts", &json!({ "network": "rss", "channel": channel })).await.ok();
    let id = attempt["id"].as_str().unwrap().to_owned();
    let values = json!({ "values": { "title": "Other news", "language": "de", "size": "100" } });
    let signed_in = ada.post(&format!("attempts/{id}/form"), &values).await.ok();
    assert_eq!(signed_in["state"], "connected", "{signed_in}");
    let channels = channels::list(&house.store, ada.workspace).await.unwrap();
    assert_eq!((channels.len(), &channels[0].channel.remote_id), (1, &token));
    let feed = house.ask(Method::GET, &format!("/feeds/{token}/feed.json"), &HeaderMap::new(), None).await;
    assert_eq!((&feed.json["title"], &feed.json["language"]), (&json!("Other news"), &json!("de")));
}
