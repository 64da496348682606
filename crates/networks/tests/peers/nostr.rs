//! A Nostr relay.

use crate::{Channel, Notebook, Publication, answer, client, item, peer, picture, text};
use crier_net::{Client, Message};
use crier_networks::connect::{Form, FormRefusal, SignedIn};
use crier_networks::nostr::Nostr;
use crier_networks::publish::Item;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The pair of NIP-19's examples.
const NSEC: &str = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
const NPUB: &str = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";
const PUBKEY: &str = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";

fn relay() -> String {
    text(&peer("CRIER_PEER_NOSTR"), "url").to_owned()
}

async fn sign_in(net: &Client, key: &str) -> Result<SignedIn, FormRefusal> {
    let values = BTreeMap::from([("key".to_owned(), key.to_owned()), ("relays".to_owned(), relay())]);
    Nostr.sign_in(net, &values).await
}

async fn channel(key: &str) -> Channel {
    let net = client();
    let signed_in = sign_in(&net, key).await.unwrap();
    Channel::of("nostr", net, signed_in)
}

/// A key nobody had before.
fn fresh() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// Says one thing to the relay and hears everything up to `last`.
async fn ask(net: &Client, message: &Value, last: &str) -> Vec<Value> {
    let mut socket = net.websocket(relay()).await.unwrap();
    socket.send(message.to_string()).await.unwrap();
    let mut heard: Vec<Value> = Vec::new();
    while heard.last().is_none_or(|heard| heard[0] != last) {
        match socket.next(Duration::from_secs(10)).await.unwrap() {
            Some(Message::Text(words)) => heard.push(serde_json::from_str(&words).unwrap()),
            other => panic!("{other:?}"),
        }
    }
    heard
}

/// The events of an id.
async fn events(net: &Client, id: &str) -> Vec<Value> {
    let heard = ask(net, &json!(["REQ", "look", { "ids": [id] }]), "EOSE").await;
    heard.into_iter().filter(|heard| heard[0] == "EVENT").map(|heard| heard[2].clone()).collect()
}

#[tokio::test]
#[ignore = "needs peers/nostr-relay"]
async fn peer_nostr_knows_a_key_by_its_profile() {
    let net = client();
    // A profile signed by another implementation.
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/nostr/sign-in.json");
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(fixture).unwrap()).unwrap();
    let profile = fixture["relays"][1][2]["say"][2].clone();
    let word = ask(&net, &json!(["EVENT", profile]), "OK").await;
    let word = word.last().unwrap();
    assert!(word[2] == json!(true) || text(word, "/3").starts_with("duplicate"), "{word}");
    let identity = sign_in(&net, NSEC).await.unwrap().identified.identity;
    assert_eq!((identity.name.as_str(), identity.handle.as_str()), ("Ada", NPUB));
    assert_eq!(
        (identity.remote_id.as_str(), identity.avatar_url.as_deref()),
        (PUBKEY, Some("https://example.org/ada.png"))
    );
    let stranger = sign_in(&net, &fresh()).await.unwrap().identified.identity;
    assert!(stranger.name.starts_with("npub1"), "{}", stranger.name);
    let mistyped = sign_in(&net, &NSEC.replace("vl0", "vl9")).await;
    assert!(matches!(mistyped, Err(FormRefusal::Field { name: "key", .. })), "{mistyped:?}");
}

#[tokio::test]
#[ignore = "needs peers/nostr-relay"]
async fn peer_nostr_shows_words_people_and_tags_as_sent_and_once() {
    let channel = channel(&fresh()).await;
    let publication = Publication::now();
    let post = item(&format!("Grüße 👩‍👩‍👧 \"q\" \\ @{NPUB}\nhttps://example.org/é #Rust"));
    let first = channel.publish(&publication, &post, &Notebook::default()).await.unwrap();
    let again = channel.publish(&publication, &post, &Notebook::default()).await.unwrap();
    assert_eq!(first, again);
    let events = events(&channel.net, &first.remote_id).await;
    assert_eq!(events.len(), 1, "{events:?}");
    let note = &events[0];
    assert_eq!(text(note, "content"), format!("Grüße 👩‍👩‍👧 \"q\" \\ nostr:{NPUB}\nhttps://example.org/é #Rust"));
    assert_eq!(note["tags"], json!([["p", PUBKEY], ["t", "rust"]]));
    assert_eq!((text(note, "pubkey"), &note["kind"]), (channel.account.as_str(), &json!(1)));
    assert_eq!(note["created_at"], json!(publication.at.as_second()));
}

#[tokio::test]
#[ignore = "needs peers/nostr-relay"]
async fn peer_nostr_threads_and_pictures() {
    let channel = channel(&fresh()).await;
    let media = vec![picture("A pixel", Some("https://example.org/pixel.png"))];
    let sha256 = media[0].sha256.clone();
    let root = channel.send(&Item { media, ..item("One") }).await;
    let second = channel.send(&answer("Two", 1, &root, &root)).await;
    let third = channel.send(&answer("Three", 2, &root, &second)).await;
    let first = events(&channel.net, &root.remote_id).await.remove(0);
    assert_eq!(text(&first, "content"), "One\n\nhttps://example.org/pixel.png");
    let described =
        ["imeta", "url https://example.org/pixel.png", "m image/png", &format!("x {sha256}"), "dim 1x1", "alt A pixel"];
    assert_eq!(first["tags"], json!([described]));
    let (relay, me) = (relay(), channel.account.as_str());
    let root_tag = json!(["e", root.remote_id, relay, "root", me]);
    assert_eq!(events(&channel.net, &second.remote_id).await[0]["tags"], json!([root_tag, ["p", me]]));
    let reply_tag = json!(["e", second.remote_id, relay, "reply", me]);
    assert_eq!(events(&channel.net, &third.remote_id).await[0]["tags"], json!([root_tag, reply_tag, ["p", me]]));
}
