//! A server of Mastodon's client API.

use crate::{Channel, Notebook, Publication, answer, client, item, other_picture, patient, peer, picture, pixel, text};
use crier_model::Timestamp;
use crier_networks::connect::{Client2, Endpoints, OAuth2};
use crier_networks::mastodon::Mastodon;
use crier_networks::publish::Item;
use crier_networks::{Credentials, Identified, Refusal};
use jiff::SignedDuration;
use serde_json::{Value, json};

const REDIRECT: &str = "http://127.0.0.1:9/integrations/social/mastodon";

fn server() -> Value {
    peer("CRIER_PEER_MASTODON")
}

struct Connecting {
    net: crier_net::Client,
    origin: String,
    endpoints: Endpoints,
    app: Client2,
}

impl Connecting {
    async fn start() -> Self {
        let net = client();
        let origin = Mastodon.normalise_instance(text(&server(), "url")).unwrap();
        let endpoints = patient(|| Mastodon.discover(&net, Some(&origin))).await;
        let app = patient(|| Mastodon.register(&net, &endpoints, REDIRECT)).await.unwrap();
        Self { net, origin, endpoints, app }
    }

    /// Fills the server's sign-in page as a person would; the code when it was right.
    async fn sign_in(&self, password: &str) -> Option<String> {
        let scope = self.endpoints.scope.as_deref().unwrap();
        let query = [
            ("client_id", self.app.client_id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", scope),
            ("state", "state-1"),
        ];
        let page = client().get(&self.endpoints.authorize).query(&query).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let form = [
            ("login", text(&server(), "user").to_owned()),
            ("passwd", password.to_owned()),
            ("redir", REDIRECT.to_owned()),
            ("cid", self.app.client_id.clone()),
            ("state", "state-1".to_owned()),
        ];
        let url = format!("{}/oauth/x-snac-login", self.origin);
        let back = client().post(url).form(&form).no_redirects().send().await.unwrap();
        let location = url::Url::parse(back.header("location")?).unwrap();
        assert!(location.as_str().starts_with(REDIRECT), "{location}");
        let parameter =
            |wanted: &str| location.query_pairs().find(|(name, _)| name == wanted).map(|(_, it)| it.into_owned());
        assert_eq!(parameter("state").as_deref(), Some("state-1"));
        parameter("code")
    }

    async fn exchange(&self, code: &str) -> Credentials {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", &self.app.client_id),
            ("client_secret", self.app.client_secret.as_ref().unwrap().expose()),
        ];
        let token: Value = client().post(&self.endpoints.token).form(&form).send().await.unwrap().json().unwrap();
        Credentials { access_token: text(&token, "access_token").into(), ..Credentials::default() }
    }
}

async fn channel() -> Channel {
    let (server, net) = (server(), client());
    let origin = Mastodon.normalise_instance(text(&server, "url")).unwrap();
    let credentials = Credentials { access_token: text(&server, "access_token").into(), ..Credentials::default() };
    let Identified { identity, facts, .. } = patient(|| Mastodon.identify(&net, Some(&origin), &credentials)).await;
    Channel {
        network: "mastodon",
        net,
        instance: Some(origin),
        account: identity.remote_id,
        handle: identity.handle,
        credentials,
        facts,
    }
}

async fn status(channel: &Channel, id: &str) -> Value {
    let url = format!("{}/api/v1/statuses/{id}", channel.instance.as_deref().unwrap());
    let request = client().get(url).bearer(channel.credentials.access_token.expose());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{id}");
    answer.json().unwrap()
}

#[tokio::test]
#[ignore = "needs peers/mastodon-api"]
async fn peer_mastodon_registers_signs_in_and_refuses_a_wrong_password() {
    let connecting = Connecting::start().await;
    assert_eq!(connecting.sign_in("not-the-password").await, None);
    let code = connecting.sign_in(text(&server(), "password")).await.expect("a code");
    let credentials = connecting.exchange(&code).await;
    let identified = patient(|| Mastodon.identify(&connecting.net, Some(&connecting.origin), &credentials)).await;
    assert_eq!(identified.identity.name, "alice");
    assert_eq!(identified.identity.handle, format!("alice@{}", connecting.origin.trim_start_matches("http://")));
    // What the server says of itself: no Mastodon, other limits, no keys.
    assert_eq!(identified.facts["is_mastodon"], json!(false));
    assert_eq!(identified.facts["idempotent"], json!(false));
    assert_eq!((&identified.facts["max_chars"], &identified.facts["link_length"]), (&json!(100_000), &json!(32)));
}

#[tokio::test]
#[ignore = "needs peers/mastodon-api"]
async fn peer_mastodon_shows_words_and_links_as_sent() {
    let channel = channel().await;
    let words = format!("Grüße 👩‍👩‍👧 & so\nsee https://example.org/a?b=1 #rust @{}", channel.handle);
    let sent = channel.send(&item(&words)).await;
    let status = status(&channel, &sent.remote_id).await;
    let content = text(&status, "content");
    assert_eq!(text(&status, "text"), words);
    assert!(content.contains("so<br>see "), "{content}");
    assert!(content.contains("href=\"https://example.org/a?b=1\""), "{content}");
    assert_eq!(text(&status, "visibility"), "public");
    let tags: Vec<&str> = status["tags"].as_array().unwrap().iter().map(|tag| text(tag, "name")).collect();
    assert!(tags.iter().any(|tag| tag.trim_start_matches('#') == "rust"), "{tags:?}");
    assert!(sent.url.is_some());
}

#[tokio::test]
#[ignore = "needs peers/mastodon-api"]
async fn peer_mastodon_keeps_pictures_with_their_descriptions() {
    let channel = channel().await;
    let alt = "Ein Bild, „beschrieben“";
    let media = vec![picture(alt, None), other_picture()];
    let sent = channel.send(&Item { media, ..item("Two pictures") }).await;
    let status = status(&channel, &sent.remote_id).await;
    let files = status["media_attachments"].as_array().unwrap();
    assert_eq!(files.len(), 2, "{status}");
    assert_eq!(text(&files[0], "description"), alt);
    let file = client().get(text(&files[0], "url")).send().await.unwrap();
    assert_eq!(file.body(), &pixel());
}

#[tokio::test]
#[ignore = "needs peers/mastodon-api"]
async fn peer_mastodon_threads_and_settings() {
    let channel = channel().await;
    let settings = json!({ "spoiler_text": "Politik", "sensitive": true, "visibility": "private" });
    let root = channel.send(&Item { settings: settings.as_object().unwrap().clone(), ..item("Eins") }).await;
    let second = channel.send(&answer("Zwei", 1, &root, &root)).await;
    let third = channel.send(&answer("Drei", 2, &root, &second)).await;
    let first = status(&channel, &root.remote_id).await;
    assert_eq!((text(&first, "spoiler_text"), &first["sensitive"]), ("Politik", &json!(true)));
    assert_eq!(text(&first, "visibility"), "private");
    assert_eq!(text(&status(&channel, &second.remote_id).await, "in_reply_to_id"), root.remote_id);
    assert_eq!(text(&status(&channel, &third.remote_id).await, "in_reply_to_id"), second.remote_id);
}

/// The server takes no keys, so a lost answer is looked for instead of being sent again.
#[tokio::test]
#[ignore = "needs peers/mastodon-api"]
async fn peer_mastodon_finds_a_post_whose_answer_was_lost() {
    let mut channel = channel().await;
    let publication = Publication::now();
    let unique = format!("Lost and found {} at https://example.org/{}", publication.id, publication.id);
    let post = item(&unique);
    assert_eq!(patient(|| channel.find(&publication, &post)).await, None);
    let journal = Notebook::default();
    channel.net = client();
    // Killed between the server's answer and the note of it.
    journal.die_after(Some(1));
    let lost = channel.publish(&publication, &post, &journal).await;
    assert!(matches!(lost, Err(Refusal::Unknown(_))), "{lost:?}");
    journal.die_after(None);
    let again = channel.publish(&publication, &post, &journal).await;
    assert!(matches!(again, Err(Refusal::Unknown(_))), "it must not be sent twice: {again:?}");
    let found = patient(|| channel.find(&publication, &post)).await.expect("the post is there");
    assert!(text(&status(&channel, &found.remote_id).await, "content").contains(&publication.id.to_string()));
    let later = Publication { id: publication.id, at: Timestamp::now() + SignedDuration::from_mins(5) };
    assert_eq!(patient(|| channel.find(&later, &post)).await, None);
}
