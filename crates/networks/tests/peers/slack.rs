//! Slack's API, and webhooks that take what Slack's and Mattermost's do, of an emulator.

use crate::way::{Way, tunnel};
use crate::{Channel, Notebook, Publication, answer, client, item, other_picture, peer, picture, text, with};
use crier_model::Code;
use crier_networks::afterwards::{Delete, Edit};
use crier_networks::chat_webhook::ChatWebhook;
use crier_networks::connect::{Facts, Form, FormRefusal, OAuth2};
use crier_networks::lookup::{Lookup, MENTIONS};
use crier_networks::publish::Item;
use crier_networks::slack::Slack;
use crier_networks::{Credentials, Refusal, text as words};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

fn server() -> Value {
    peer("CRIER_PEER_SLACK")
}

/// Brings what is asked of slack.com to the emulator. What only asks is asked by GET; Slack takes that by POST as well, and the
/// emulator by POST alone.
async fn bring(stream: TcpStream, to: String) {
    let Some((host, mut asked)) = tunnel(stream).await else { return };
    assert_eq!(host, "slack.com");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = asked.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let query = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()?.split_once('?'));
    let head = match query {
        Some((path, query)) => format!(
            "POST {path} HTTP/1.1\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n{headers}{query}",
            query.len()
        ),
        None => format!("{line}\r\nconnection: close\r\n{headers}"),
    };
    let mut emulator = TcpStream::connect(to).await.unwrap();
    emulator.write_all(head.as_bytes()).await.unwrap();
    // A client that has its answer may hang up.
    let _ = copy_bidirectional(&mut asked, &mut emulator).await;
}

/// The workspace, by one of the tokens.
async fn channel_by(token: &str) -> Channel {
    let (net, listener) = Way::here();
    let server = server();
    let to = text(&server, "url").trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(bring(stream, to.clone()));
        }
    });
    let credentials = Credentials { access_token: text(&server, token).into(), ..Credentials::default() };
    let identity = Slack.identify(&net, None, &credentials).await.unwrap().identity;
    Channel {
        network: "slack",
        net,
        instance: None,
        account: identity.remote_id,
        handle: identity.handle,
        credentials,
        facts: Facts::new(),
    }
}

/// What a method answers to somebody who may read everything.
async fn read(method: &str, form: &[(&str, &str)]) -> Value {
    let server = server();
    let request = client().post(format!("{}/api/{method}", text(&server, "url"))).bearer(text(&server, "reader"));
    let said: Value = request.form(form).send().await.unwrap().json().unwrap();
    assert_eq!(said["ok"], json!(true), "{said}");
    said
}

async fn room(name: &str) -> String {
    let all = read("conversations.list", &[("types", "public_channel,private_channel")]).await;
    let found = all["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == name);
    text(found.unwrap(), "id").to_owned()
}

/// The messages of a channel that stand in no thread, the newest first.
async fn messages(room: &str) -> Vec<Value> {
    read("conversations.history", &[("channel", room)]).await["messages"].as_array().unwrap().clone()
}

/// A message and what stands in its thread, the oldest first.
async fn thread(room: &str, root: &str) -> Vec<Value> {
    read("conversations.replies", &[("channel", room), ("ts", root)]).await["messages"].as_array().unwrap().clone()
}

#[tokio::test]
#[ignore = "needs peers/slack-api"]
async fn peer_slack_says_which_workspace_it_is() {
    let channel = channel_by("token").await;
    assert_eq!((channel.account.as_str(), channel.handle.as_str()), ("T000000001", "newsroom.slack.com"));
}

#[tokio::test]
#[ignore = "needs peers/slack-api"]
async fn peer_slack_keeps_words_marks_pictures_and_threads() {
    let (channel, room) = (channel_by("token").await, room("news").await);
    let html = "<p><b>Grüße</b> &amp; <a href=\"https://example.org/a?b=1&amp;c\">here</a></p><ul><li>eins</li></ul>";
    let settings = json!({ "channel": room, "username": "The news", "no_previews": true, "reply_broadcast": true });
    let media = vec![picture("Ein Bild", None), other_picture()];
    let first = with(&settings, Item { body: words::html::read(html), media, ..item("") });
    let sent = channel.send(&first).await;
    let all = messages(&room).await;
    let message = all.iter().find(|message| message["ts"] == sent.remote_id).unwrap();
    assert_eq!(text(message, "text"), "*Grüße* &amp; <https://example.org/a?b=1&amp;c|here>\n\n• eins");
    assert_eq!((text(message, "username"), &message["unfurl_links"]), ("The news", &json!(false)));
    assert_eq!(text(message, "/blocks/0/text/text"), text(message, "text"));
    assert_eq!(text(message, "/blocks/1/alt_text"), "Ein Bild");
    for (block, size) in [(1, picture("", None).size), (2, other_picture().size)] {
        let file = text(message, &format!("/blocks/{block}/slack_file/id")).to_owned();
        let file = read("files.info", &[("file", &file)]).await["file"].clone();
        assert_eq!((text(&file, "mimetype"), &file["size"]), ("image/png", &json!(size)));
    }
    let url = format!("https://newsroom.slack.com/archives/{room}/p{}", sent.remote_id.replace('.', ""));
    assert_eq!(sent.url.as_deref(), Some(url.as_str()));
    let second = channel.send(&with(&settings, answer("Zwei", 1, &sent, &sent))).await;
    let third = channel.send(&with(&settings, answer("Drei", 2, &sent, &second))).await;
    let thread = thread(&room, &sent.remote_id).await;
    let thread: Vec<_> = thread.iter().map(|message| text(message, "ts")).collect();
    assert_eq!(thread, [sent.remote_id, second.remote_id, third.remote_id]);
}

#[tokio::test]
#[ignore = "needs peers/slack-api"]
async fn peer_slack_finds_what_a_killed_try_has_sent() {
    let (channel, room) = (channel_by("token").await, room("board").await);
    let settings = json!({ "channel": room });
    let root = channel.send(&with(&settings, item("Killed below"))).await;
    for at in 0..2 {
        for below in [false, true] {
            let (publication, journal) = (Publication::now(), Notebook::default());
            let words = format!("Once {}", publication.id);
            let wanted = if below { answer(&words, 1, &root, &root) } else { item(&words) };
            let wanted = with(&settings, wanted);
            journal.die_after(Some(at));
            assert!(channel.publish(&publication, &wanted, &journal).await.is_err(), "{at}");
            journal.die_after(None);
            let found = channel.find(&publication, &wanted).await.unwrap();
            assert_eq!(found.is_some(), at == 1, "the call is made between the two");
            let sent = match found {
                Some(sent) => sent,
                None => {
                    journal.forget_interrupted();
                    channel.publish(&publication, &wanted, &journal).await.unwrap()
                }
            };
            let there = if below { thread(&room, &root.remote_id).await } else { messages(&room).await };
            let there: Vec<_> = there.iter().filter(|message| text(message, "text") == words).collect();
            let there: Vec<_> = there.iter().map(|message| text(message, "ts")).collect();
            assert_eq!(there, [sent.remote_id], "{at} {below}");
        }
    }
}

#[tokio::test]
#[ignore = "needs peers/slack-api"]
async fn peer_slack_edits_deletes_and_lists_channels() {
    let (channel, room) = (channel_by("token").await, room("news").await);
    let settings = json!({ "channel": room });
    let sent = channel.send(&with(&settings, item("Befor"))).await;
    Slack.edit(&channel.account(), &sent, &with(&settings, item("Before"))).await.unwrap();
    let is_it = |message: &Value| message["ts"] == sent.remote_id;
    let message = messages(&room).await.into_iter().find(is_it).unwrap();
    assert_eq!((text(&message, "text"), text(&message, "/blocks/0/text/text")), ("Before", "Before"));
    for _ in 0..2 {
        Slack.delete(&channel.account(), &sent).await.unwrap();
        assert!(!messages(&room).await.iter().any(is_it));
    }
    let listed = Slack.lookup(&channel.access(), "channels", "").await.unwrap();
    let mut names: Vec<_> = listed.iter().map(|item| item.name.trim_start_matches('#')).collect();
    names.sort_unstable();
    assert_eq!(names, ["board", "general", "news", "random"]);
    let people = Slack.lookup(&channel.access(), MENTIONS, "love").await.unwrap();
    let people: Vec<_> = people.iter().map(|item| (item.id.starts_with("<@U"), item.name.as_str())).collect();
    assert_eq!(people, [(true, "Ada Lovelace")]);
}

#[tokio::test]
#[ignore = "needs peers/slack-api"]
async fn peer_slack_says_what_is_wrong_with_channel_and_permission() {
    let send = |channel: Channel, room: String| async move {
        let wanted = with(&json!({ "channel": room }), item("x"));
        channel.publish(&Publication::now(), &wanted, &Notebook::default()).await.unwrap_err()
    };
    let refused = send(channel_by("token").await, "C00000404".to_owned()).await;
    assert!(
        matches!(&refused, Refusal::Content(detail) if detail.pointer.as_deref() == Some("/settings/channel")),
        "{refused:?}"
    );
    let refused = send(channel_by("reader").await, room("news").await).await;
    assert!(
        matches!(&refused, Refusal::Auth(detail) if detail.diagnosis == Some(Code::ConsentScopeMissing) && detail.message.contains("chat:write")),
        "{refused:?}"
    );
}

#[tokio::test]
#[ignore = "needs peers/slack-api"]
async fn peer_webhook_takes_what_mattermost_is_sent() {
    let server = server();
    let values = [("url", text(&server, "webhook")), ("name", "News")];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signed_in = ChatWebhook::Mattermost.sign_in(&client(), &values.into()).await.unwrap();
    let channel = Channel::of("mattermost", client(), signed_in);
    let general = room("general").await;
    assert_eq!(text(&messages(&general).await[0], "text"), "Crier can post here now.");
    let html = "<p><b>Grüße</b> <a href=\"https://example.org/a\">here</a></p>";
    let media = vec![picture("Ein Bild", Some("https://crier.example/a.png"))];
    let settings = json!({ "username": "The news" });
    let message = with(&settings, Item { body: words::html::read(html), media, ..item("") });
    channel.publish(&Publication::now(), &message, &Notebook::default()).await.unwrap();
    let shown = messages(&general).await.swap_remove(0);
    let wanted = "**Grüße** [here](https://example.org/a)";
    assert_eq!((text(&shown, "text"), text(&shown, "username")), (wanted, "The news"));
    let picture = &shown["attachments"][0];
    assert_eq!((text(picture, "image_url"), text(picture, "fallback")), ("https://crier.example/a.png", "Ein Bild"));
    // Nothing is no message.
    let refused = channel.publish(&Publication::now(), &item(""), &Notebook::default()).await.unwrap_err();
    assert!(matches!(&refused, Refusal::Content(detail) if detail.code.as_deref() == Some("no_text")), "{refused:?}");
    let gone = [("url".to_owned(), format!("{}/hooks/none", text(&server, "url")))];
    let refused = ChatWebhook::Mattermost.sign_in(&client(), &gone.into()).await.unwrap_err();
    assert!(matches!(&refused, FormRefusal::FieldRefused { name: "url", refusal: Refusal::Auth(_) }), "{refused:?}");
}
