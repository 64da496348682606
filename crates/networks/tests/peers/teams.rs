//! Messages of Microsoft Teams, whose cards Microsoft's own library reads.

use crate::{Channel, Notebook, Publication, client, item, peer, picture, text};
use crier_networks::chat_webhook::ChatWebhook;
use crier_networks::connect::{Form, FormRefusal, SignedIn};
use crier_networks::publish::Item;
use crier_networks::{Refusal, text as words};
use serde_json::{Value, json};

async fn sign_in(url: &str) -> Result<SignedIn, FormRefusal> {
    let values = [("url".to_owned(), url.to_owned()), ("name".to_owned(), "News".to_owned())];
    ChatWebhook::Teams.sign_in(&client(), &values.into()).await
}

async fn shown() -> Vec<Value> {
    client().get(text(&peer("CRIER_PEER_TEAMS"), "shown")).send().await.unwrap().json().unwrap()
}

#[tokio::test]
#[ignore = "needs peers/teams-cards"]
async fn peer_teams_shows_what_was_written_and_its_pictures() {
    let channel = Channel::of("ms-teams", client(), sign_in(text(&peer("CRIER_PEER_TEAMS"), "url")).await.unwrap());
    assert_eq!(shown().await.last().unwrap()[0]["text"], "Crier can post here now.");
    let html = "<h2>Größe</h2><p><strong>fett</strong> <a href=\"https://example.org/a\">here</a></p><blockquote><p>said</p></blockquote>";
    let media = vec![picture("Ein Bild", Some("https://crier.example/a.png"))];
    let message = Item { body: words::html::read(html), media, ..item("") };
    channel.publish(&Publication::now(), &message, &Notebook::default()).await.unwrap();
    let card = shown().await.pop().unwrap();
    assert_eq!(card[0], json!({ "text": "Größe", "size": "Large", "wraps": true }));
    assert_eq!(text(&card, "/1/text"), "**fett** [here](https://example.org/a)");
    assert_eq!(text(&card, "/2/text"), "said");
    assert_eq!(card[3], json!({ "picture": "https://crier.example/a.png", "alt": "Ein Bild" }));
    // What the library can't show is refused, so that the words above were judged at all.
    let hidden = Item { media: vec![picture("Ein Bild", None)], ..item("x") };
    let refused = channel.publish(&Publication::now(), &hidden, &Notebook::default()).await.unwrap_err();
    assert!(matches!(refused, Refusal::Content(_)), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs peers/teams-cards"]
async fn peer_teams_takes_nobody_without_the_signature() {
    let url = text(&peer("CRIER_PEER_TEAMS"), "url").rsplit_once('=').map(|(url, _)| format!("{url}=wrong")).unwrap();
    let refused = sign_in(&url).await.unwrap_err();
    assert!(
        matches!(
            refused,
            FormRefusal::Refused(Refusal::Auth(_)) | FormRefusal::FieldRefused { refusal: Refusal::Auth(_), .. }
        ),
        "{refused:?}"
    );
}
