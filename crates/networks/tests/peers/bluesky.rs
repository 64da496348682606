//! A personal data server of the AT Protocol.

use crate::{Channel, Notebook, Publication, answer, client, item, other_picture, peer, picture, pixel, text};
use crier_net::Client;
use crier_networks::bluesky::Bluesky;
use crier_networks::connect::{Form, FormRefusal, SignedIn};
use crier_networks::publish::{Item, MediaItem};
use crier_networks::{Credentials, Network, Refusal, text::html};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn server() -> Value {
    peer("CRIER_PEER_BLUESKY")
}

async fn sign_in(net: &Client, identifier: &str, password: &str) -> Result<SignedIn, FormRefusal> {
    let service = text(&server(), "url").to_owned();
    let values = [("service", service.as_str()), ("identifier", identifier), ("password", password)];
    let values: BTreeMap<String, String> = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Bluesky::default().sign_in(net, &values).await
}

async fn channel() -> Channel {
    let (server, net) = (server(), client());
    let signed_in = sign_in(&net, text(&server, "handle"), text(&server, "app_password")).await.unwrap();
    Channel::of("bluesky", net, signed_in)
}

/// The record as the server has it.
async fn record(channel: &Channel, uri: &str) -> Value {
    let (server, key) = (server(), uri.rsplit('/').next().unwrap());
    let url = format!("{}/xrpc/com.atproto.repo.getRecord", text(&server, "url"));
    let query = [("repo", channel.account.as_str()), ("collection", "app.bsky.feed.post"), ("rkey", key)];
    let answer = channel.net.get(url).query(&query).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{uri}");
    answer.json().unwrap()
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_signs_in_renews_and_refuses_a_wrong_password() {
    let (server, mut channel) = (server(), channel().await);
    assert_eq!(channel.account, text(&server, "did"));
    assert_eq!(channel.handle, text(&server, "handle"));
    assert!(channel.credentials.expires_at.is_some());
    for (identifier, password, field) in
        [(text(&server, "handle"), "not-the-password", "password"), ("nobody.test", "not-the-password", "password")]
    {
        match sign_in(&channel.net, identifier, password).await {
            Err(FormRefusal::FieldRefused { name, refusal: Refusal::Auth(detail) }) => {
                assert_eq!(name, field);
                assert!(!detail.message.contains(password), "{}", detail.message);
            }
            other => panic!("{identifier}: {other:?}"),
        }
    }
    let before = channel.credentials.clone();
    channel.credentials = Form::refresh(&Bluesky::default(), &channel.net, None, &before).await.unwrap().unwrap();
    assert_ne!(channel.credentials.refresh_token, before.refresh_token);
    channel.send(&item("After a refresh")).await;
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_shows_words_links_mentions_and_tags_as_sent() {
    let channel = channel().await;
    let page = "<p>Grüße 👩‍👩‍👧 an @alice.test und @nobody.test,<br>see https://example.org/é?b=1 and \
                <a href=\"https://example.org/x\">my page</a> #Rust</p>";
    let sent = channel.send(&Item { body: html::read(page), ..item("") }).await;
    let record = record(&channel, &sent.remote_id).await;
    let words = text(&record, "/value/text");
    assert_eq!(words, "Grüße 👩‍👩‍👧 an @alice.test und @nobody.test,\nsee https://example.org/é?b=1 and my page #Rust");
    let facets = record.pointer("/value/facets").and_then(Value::as_array).unwrap();
    let seen: Vec<(&str, Value)> = facets
        .iter()
        .map(|facet| {
            let at = |name: &str| usize::try_from(facet["index"][name].as_u64().unwrap()).unwrap();
            (&words[at("byteStart")..at("byteEnd")], facet["features"][0].clone())
        })
        .collect();
    let feature = |kind: &str, name: &str, value: &str| json!({ "$type": format!("app.bsky.richtext.facet#{kind}"), name: value });
    assert_eq!(
        seen,
        [
            ("@alice.test", feature("mention", "did", &channel.account)),
            ("https://example.org/é?b=1", feature("link", "uri", "https://example.org/é?b=1")),
            ("my page", feature("link", "uri", "https://example.org/x")),
            ("#Rust", feature("tag", "tag", "Rust")),
        ]
    );
    assert_eq!(sent.data["cid"], record["cid"]);
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_has_one_post_however_often_it_is_sent() {
    let channel = channel().await;
    let publication = Publication::now();
    let post = item("Only once");
    let first = channel.publish(&publication, &post, &Notebook::default()).await.unwrap();
    // As after a crash that lost everything but the publication itself.
    let again = channel.publish(&publication, &post, &Notebook::default()).await.unwrap();
    assert_eq!(first, again);
    let other = channel.send(&post).await;
    assert_ne!(first.remote_id, other.remote_id);
    let url = format!("{}/xrpc/com.atproto.repo.listRecords", text(&server(), "url"));
    let query = [("repo", channel.account.as_str()), ("collection", "app.bsky.feed.post"), ("limit", "100")];
    let listed: Value = channel.net.get(url).query(&query).send().await.unwrap().json().unwrap();
    let uris = listed["records"].as_array().unwrap().iter().map(|record| text(record, "uri"));
    assert_eq!(uris.filter(|uri| *uri == first.remote_id).count(), 1);
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_keeps_pictures_with_their_descriptions() {
    let channel = channel().await;
    let media = vec![picture("Ein Bild, „beschrieben“", None), other_picture()];
    let sent = channel.send(&Item { media, ..item("Two pictures") }).await;
    let record = record(&channel, &sent.remote_id).await;
    let images = record.pointer("/value/embed/images").and_then(Value::as_array).unwrap();
    assert_eq!(images.len(), 2);
    assert_eq!(text(&images[0], "alt"), "Ein Bild, „beschrieben“");
    assert_eq!(images[0]["aspectRatio"], json!({ "width": 1, "height": 1 }));
    let url = format!("{}/xrpc/com.atproto.sync.getBlob", text(&server(), "url"));
    let query = [("did", channel.account.as_str()), ("cid", text(&images[0], "/image/ref/$link"))];
    let blob = channel.net.get(url).query(&query).send().await.unwrap();
    assert_eq!(blob.body(), &pixel());
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_takes_just_what_the_rules_say() {
    let channel = channel().await;
    let rules = Bluesky::default().rules(&channel.facts);
    let sized = |size: u64| {
        let mut media = picture("", None);
        media.size = size;
        Item { media: vec![media], ..item("Large") }
    };
    let max = rules.media.kinds[0].max_bytes;
    channel.send(&sized(max)).await;
    let refused = channel.publish(&Publication::now(), &sized(max + 1), &Notebook::default()).await;
    assert!(
        matches!(&refused, Err(Refusal::Content(detail)) if detail.pointer.as_deref() == Some("/media")),
        "{refused:?}"
    );
    let family = "👩‍👩‍👧".repeat(rules.text.max_bytes.unwrap() / "👩‍👩‍👧".len());
    channel.send(&item(&family)).await;
    channel.send(&item(&"x".repeat(rules.text.max))).await;
    for long in ["x".repeat(rules.text.max + 1), format!("{family}👩‍👩‍👧")] {
        let refused = channel.publish(&Publication::now(), &item(&long), &Notebook::default()).await;
        assert!(
            matches!(&refused, Err(Refusal::Content(detail)) if detail.pointer.as_deref() == Some("/text")),
            "{refused:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_threads_and_settings() {
    let channel = channel().await;
    let settings = json!({ "language": "pt-BR", "label": "nudity" }).as_object().unwrap().clone();
    let root = channel.send(&Item { settings, ..item("Um") }).await;
    let second = channel.send(&answer("Dois", 1, &root, &root)).await;
    let third = channel.send(&answer("Três", 2, &root, &second)).await;
    let first = record(&channel, &root.remote_id).await;
    assert_eq!(first.pointer("/value/langs"), Some(&json!(["pt-BR"])));
    assert_eq!(first.pointer("/value/labels/values"), Some(&json!([{ "val": "nudity" }])));
    let reply = record(&channel, &third.remote_id).await["value"]["reply"].clone();
    assert_eq!(reply, json!({ "root": root.data, "parent": second.data }));
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_refuses_a_token_that_is_none() {
    let mut channel = channel().await;
    channel.credentials = Credentials { access_token: "eyJhbGciOiJIUzI1NiJ9.e30.x".into(), ..channel.credentials };
    let refused = channel.publish(&Publication::now(), &item("x"), &Notebook::default()).await;
    assert!(matches!(refused, Err(Refusal::Auth(_))), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs peers/bluesky-pds"]
async fn peer_bluesky_keeps_a_video_that_is_read_as_it_is_sent() {
    let channel = channel().await;
    // Larger than what is sent at once.
    let film = MediaItem {
        name: "film.mp4".into(),
        mime: "video/mp4".into(),
        size: 9_000_000,
        width: 320,
        height: 180,
        ..picture("A cat runs", None)
    };
    let sent = channel.send(&Item { media: vec![film], ..item("A film") }).await;
    let embed = record(&channel, &sent.remote_id).await["value"]["embed"].clone();
    assert_eq!((text(&embed, "$type"), text(&embed, "alt")), ("app.bsky.embed.video", "A cat runs"));
    assert_eq!(embed["aspectRatio"], json!({ "width": 320, "height": 180 }));
    assert_eq!(embed["video"]["size"], json!(9_000_000));
    let url = format!("{}/xrpc/com.atproto.sync.getBlob", text(&server(), "url"));
    let query = [("did", channel.account.as_str()), ("cid", text(&embed, "/video/ref/$link"))];
    let blob = channel.net.get(url).query(&query).max_body(10_000_000).send().await.unwrap();
    assert_eq!(blob.body().len(), 9_000_000);
}
