//! A Matrix homeserver: Synapse.

use crate::{Channel, Notebook, Publication, answer, client, item, other_picture, patient, peer, picture, pixel, text};
use crier_networks::connect::{Form, FormRefusal, SignedIn};
use crier_networks::lookup::Lookup;
use crier_networks::matrix::Matrix;
use crier_networks::publish::Item;
use crier_networks::{Refusal, text as words};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn server() -> Value {
    peer("CRIER_PEER_MATRIX")
}

async fn sign_in(values: &[(&str, &str)]) -> Result<SignedIn, FormRefusal> {
    let values: BTreeMap<String, String> =
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Matrix.sign_in(&client(), &values).await
}

async fn channel() -> Channel {
    let server = server();
    let values =
        [("server", text(&server, "url")), ("user", text(&server, "user")), ("password", text(&server, "password"))];
    Channel::of("matrix", client(), sign_in(&values).await.unwrap())
}

fn to(room: &str, of: Item) -> Item {
    let settings = Map::from_iter([("room".to_owned(), room.into())]);
    Item { settings, ..of }
}

/// What somebody else in the room reads.
async fn read(room: &str, event: &str) -> Value {
    let (server, net) = (server(), client());
    let url = format!("{}/_matrix/client/v3/rooms/{room}/event/{event}", text(&server, "url"));
    let answer = net.get(url).bearer(text(&server, "/reader/access_token")).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json().unwrap()
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_signs_in_and_says_who_it_is() {
    let server = server();
    let channel = channel().await;
    assert_eq!((channel.account.as_str(), channel.instance.as_deref()), ("@news:example.org", server["url"].as_str()));
    assert_eq!(channel.facts["upload_bytes"], json!(1024 * 1024));
    assert!(channel.credentials.refresh_token.is_some() && channel.credentials.expires_at.is_some());
    let by_token = [("server", text(&server, "url")), ("token", text(&server, "access_token"))];
    assert_eq!(sign_in(&by_token).await.unwrap().identified.identity.handle, "@news:example.org");
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_refuses_a_wrong_password_and_a_wrong_token_on_their_fields() {
    let server = server();
    let wrong = [("server", text(&server, "url")), ("user", "news"), ("password", "not-the-password")];
    let refused = sign_in(&wrong).await.unwrap_err();
    assert!(
        matches!(refused, FormRefusal::FieldRefused { name: "password", refusal: Refusal::Auth(_) }),
        "{refused:?}"
    );
    let wrong = [("server", text(&server, "url")), ("token", "syt_not_a_token")];
    let refused = sign_in(&wrong).await.unwrap_err();
    assert!(matches!(refused, FormRefusal::FieldRefused { name: "token", refusal: Refusal::Auth(_) }), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_renews_a_session_once_for_one_refresh_token() {
    let mut channel = channel().await;
    let room = text(&server(), "room").to_owned();
    let before = channel.credentials.clone();
    let fresh = Matrix.refresh(&client(), None, &before).await.unwrap().expect("a session that ends");
    assert_ne!(fresh.access_token, before.access_token);
    channel.credentials = before.replaced_by(fresh.clone());
    channel.send(&to(&room, item("With a renewed session"))).await;
    let refused = Matrix.refresh(&client(), None, &before).await;
    assert!(matches!(refused, Err(Refusal::Auth(_))), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_shows_words_marks_and_mentions() {
    let channel = channel().await;
    let server = server();
    let html = "<h2>News</h2><p><b>Grüße</b> an <span data-type=\"mention\" data-id=\"ada:example.org\">@ada</span> \
                <a href=\"https://example.org/a?b=1&amp;c\">here</a></p>";
    let body = words::html::read(html);
    let sent = channel.send(&to(text(&server, "alias"), Item { body, ..item("") })).await;
    let event = read(text(&server, "room"), &sent.remote_id).await;
    let content = &event["content"];
    assert_eq!(text(content, "body"), "News\n\nGrüße an @ada:example.org here (https://example.org/a?b=1&c)");
    assert!(text(content, "formatted_body").contains("<h2>News</h2>"), "{content}");
    assert_eq!(content["m.mentions"], json!({ "user_ids": ["@ada:example.org"] }));
    let wanted = format!("https://matrix.to/#/{}/", text(&server, "room").replace('!', "%21"));
    assert!(sent.url.unwrap().replace("%2D", "-").replace("%5F", "_").starts_with(&wanted));
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_keeps_pictures_and_captions() {
    let channel = channel().await;
    let server = server();
    let room = text(&server, "room");
    let one = channel.send(&to(room, Item { media: vec![picture("", None)], ..item("A caption") })).await;
    let event = read(room, &one.remote_id).await;
    let content = &event["content"];
    assert_eq!((text(content, "msgtype"), text(content, "body")), ("m.image", "A caption"));
    assert_eq!((text(content, "filename"), &content["info"]["size"]), ("pixel.png", &json!(pixel().len())));
    let file = text(content, "url").trim_start_matches("mxc://").to_owned();
    let url = format!("{}/_matrix/client/v1/media/download/{file}", text(&server, "url"));
    let answer = client().get(url).bearer(text(&server, "/reader/access_token")).send().await.unwrap();
    assert_eq!(answer.body(), &pixel());
    let media = vec![picture("", None), other_picture()];
    let two = channel.send(&to(room, Item { media, ..item("Two pictures") })).await;
    assert_eq!(text(&read(room, &two.remote_id).await["content"], "msgtype"), "m.text");
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_threads() {
    let channel = channel().await;
    let server = server();
    let room = text(&server, "room");
    let root = channel.send(&to(room, item("Eins"))).await;
    let second = channel.send(&to(room, answer("Zwei", 1, &root, &root))).await;
    let third = channel.send(&to(room, answer("Drei", 2, &root, &second))).await;
    let url =
        format!("{}/_matrix/client/v1/rooms/{room}/relations/{}/m.thread?dir=f", text(&server, "url"), root.remote_id);
    let answer = client().get(url).bearer(text(&server, "/reader/access_token")).send().await.unwrap();
    let thread: Value = answer.json().unwrap();
    let ids: Vec<&str> = thread["chunk"].as_array().unwrap().iter().map(|event| text(event, "event_id")).collect();
    assert_eq!(ids, [second.remote_id, third.remote_id]);
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_makes_one_message_of_two_tries() {
    let channel = channel().await;
    let room = text(&server(), "room").to_owned();
    let (publication, journal) = (Publication::now(), Notebook::default());
    let post = to(&room, item(&format!("Once {}", publication.id)));
    // Killed between the server's answer and the note of it.
    journal.die_after(Some(1));
    assert!(channel.publish(&publication, &post, &journal).await.is_err());
    journal.die_after(None);
    let again = channel.publish(&publication, &post, &journal).await.unwrap();
    let anew = channel.publish(&publication, &post, &Notebook::default()).await.unwrap();
    assert_eq!(again.remote_id, anew.remote_id);
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_refuses_rooms_it_is_not_in_and_files_that_are_too_large() {
    let channel = channel().await;
    let server = server();
    for room in [text(&server, "closed_room"), "#none:example.org"] {
        let refused = channel.publish(&Publication::now(), &to(room, item("x")), &Notebook::default()).await;
        let Err(Refusal::Content(detail)) = refused else { panic!("{refused:?}") };
        assert_eq!(detail.pointer.as_deref(), Some("/settings/room"), "{room}: {detail:?}");
    }
    let large = crier_networks::publish::MediaItem { size: 1024 * 1024 + 1, ..picture("", None) };
    let post = to(text(&server, "room"), Item { media: vec![large], ..item("x") });
    let refused = channel.publish(&Publication::now(), &post, &Notebook::default()).await;
    let Err(Refusal::Content(detail)) = refused else { panic!("{refused:?}") };
    assert_eq!(detail.pointer.as_deref(), Some("/media/0"), "{detail:?}");
}

#[tokio::test]
#[ignore = "needs peers/matrix-synapse"]
async fn peer_matrix_lists_the_rooms_it_is_in() {
    let channel = channel().await;
    let server = server();
    let access = channel.access();
    let rooms = patient(|| Matrix.lookup(&access, "rooms", "")).await;
    let found: Vec<_> = rooms.iter().map(|room| (room.name.as_str(), room.id.as_str(), room.detail.as_str())).collect();
    assert_eq!(
        found,
        [
            ("News room", text(&server, "room"), "#news:example.org"),
            ("Secret room", text(&server, "encrypted_room"), "Encrypted"),
        ]
    );
}
