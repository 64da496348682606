//! Invite links: what the workspace does with them, and what a guest may.

use crate::house::{Answer, House, Person};
use axum::http::{HeaderMap, Method, header};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn in_hours(hours: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(hours)
}

async fn made(person: &Person<'_>, max_uses: u32) -> Value {
    let body = json!({ "name": "For Acme", "networks": ["webhook"], "max_uses": max_uses, "expires_at": in_hours(24) });
    person.post("invites", &body).await.ok()
}

fn token(link: &Value) -> &str {
    link["link"].as_str().unwrap().strip_prefix("https://crier.example/invite#").unwrap()
}

/// A browser without a session.
#[derive(Default)]
struct Browser {
    headers: HeaderMap,
}

impl Browser {
    async fn ask(&mut self, house: &House, method: Method, path: &str, body: Option<Value>) -> Answer {
        let answer = house.ask(method, path, &self.headers, body.as_ref()).await;
        let set = answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned());
        for cookie in set {
            for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            let pair = cookie.split(';').next().unwrap();
            let kept = self.headers.get(header::COOKIE).map(|value| value.to_str().unwrap().to_owned());
            let all = kept.map_or_else(|| pair.to_owned(), |kept| format!("{kept}; {pair}"));
            self.headers.insert(header::COOKIE, all.parse().unwrap());
        }
        answer
    }

    async fn post(&mut self, house: &House, path: &str, body: Value) -> Answer {
        self.ask(house, Method::POST, path, Some(body)).await
    }

    async fn get(&mut self, house: &House, path: &str) -> Answer {
        self.ask(house, Method::GET, path, None).await
    }

    async fn open(&mut self, house: &House, token: &str) -> Answer {
        self.post(house, "/api/v1/invite/open", json!({ "token": token })).await
    }
}

#[tokio::test]
async fn a_link_is_made_shown_once_listed_and_ended() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let link = made(&ada, 2).await;
    assert_eq!(token(&link).len(), 43);
    let listed = ada.get("invites").await.ok();
    assert_eq!(listed["items"][0]["state"], "open");
    assert_eq!((&listed["items"][0]["uses"], &listed["items"][0]["created_by"]), (&json!(0), &json!("Ada Lovelace")));
    assert!(!listed.to_string().contains(token(&link)));

    let mut guest = Browser::default();
    guest.open(&house, token(&link)).await.ok();
    let path = format!("invites/{}", link["id"].as_str().unwrap());
    let bob = house.person("bob@example.org").await;
    assert_eq!(bob.delete(&path).await.problem(), (404, "invite.unknown"));
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(guest.get(&house, "/api/v1/invite").await.problem(), (410, "invite.revoked"));
    assert_eq!(ada.get("invites").await.ok()["items"][0]["state"], "revoked");
}

#[tokio::test]
async fn what_is_wrong_with_a_link_is_named() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let body = json!({ "name": " ", "networks": ["webhook", "nowhere"], "max_uses": 0, "expires_at": in_hours(-1) });
    let answer = ada.post("invites", &body).await;
    assert_eq!(answer.pointers(), ["/name", "/networks/1", "/max_uses", "/expires_at"]);
    let body = json!({ "name": "Acme", "networks": [], "max_uses": 101, "expires_at": in_hours(24 * 400) });
    let answer = ada.post("invites", &body).await;
    assert_eq!(answer.pointers(), ["/networks", "/max_uses", "/expires_at"]);
    assert!(ada.get("invites").await.ok()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_guest_sees_who_asks_and_nothing_else() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "secret-news").await;
    let link = made(&ada, 2).await;
    let mut guest = Browser::default();
    assert_eq!(guest.get(&house, "/api/v1/invite").await.problem(), (401, "invite.required"));
    assert_eq!(guest.open(&house, "x").await.problem(), (404, "invite.unknown"));
    let invitation = guest.open(&house, token(&link)).await.ok();
    assert_eq!(
        (&invitation["workspace"], &invitation["person"], &invitation["uses_left"]),
        (&json!("Ada Lovelace’s workspace"), &json!("Ada Lovelace"), &json!(2))
    );
    assert_eq!(invitation["networks"].as_array().unwrap().len(), 1);
    assert_eq!(invitation["networks"][0]["id"], "webhook");
    let told = guest.get(&house, "/api/v1/invite").await.ok();
    for key in ["workspace", "person", "uses_left", "expires_at"] {
        assert_eq!(told[key], invitation[key], "{key}");
    }
    let secrets = [ada.workspace.to_string(), ada.user.to_string(), channel.to_string()];
    for secret in secrets.iter().map(String::as_str).chain(["ada@example.org", "secret-news", "For Acme"]) {
        assert!(!told.to_string().contains(secret), "{secret}");
    }
    // The link is no key to anything else.
    let path = format!("/api/v1/workspaces/{}/channels", ada.workspace);
    assert_eq!(guest.get(&house, &path).await.status, 401);
}

#[tokio::test]
async fn a_guest_starts_only_what_the_link_is_for_and_sees_only_their_own() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let link = made(&ada, 2).await;
    let (mut guest, mut other) = (Browser::default(), Browser::default());
    guest.open(&house, token(&link)).await.ok();
    other.open(&house, token(&link)).await.ok();
    let refused = guest.post(&house, "/api/v1/invite/attempts", json!({ "network": "nostr" })).await;
    assert_eq!((refused.problem(), refused.pointers()), ((422, "network.unknown"), vec!["/network"]));
    let attempt = guest.post(&house, "/api/v1/invite/attempts", json!({ "network": "webhook" })).await.ok();
    assert_eq!((&attempt["state"], &attempt["purpose"]), (&json!("started"), &json!("invite")));
    assert_eq!((&attempt["channel_id"], &attempt["events"]), (&Value::Null, &json!([])));
    let path = format!("/api/v1/invite/attempts/{}", attempt["id"].as_str().unwrap());
    assert_eq!(guest.get(&house, &path).await.ok()["id"], attempt["id"]);
    let form = json!({ "values": { "url": "no address" } });
    assert_eq!(guest.post(&house, &format!("{path}/form"), form.clone()).await.pointers(), ["/values/url"]);
    // Somebody else with the same link, and the workspace's own people, have no part in it.
    assert_eq!(other.get(&house, &path).await.problem(), (403, "state.foreign_browser"));
    for step in ["form", "confirm", "continue", "address", "cancel"] {
        let body = match step {
            "form" => form.clone(),
            "confirm" => json!({ "nonce": "x" }),
            "address" => json!({ "address": "x" }),
            _ => json!({}),
        };
        let answer = other.post(&house, &format!("{path}/{step}"), body.clone()).await;
        assert_eq!(answer.problem(), (403, "state.foreign_browser"), "{step}");
        let by_member = format!("attempts/{}/{step}", attempt["id"].as_str().unwrap());
        assert_eq!(ada.post(&by_member, &body).await.problem(), (403, "attempt.of_another"), "{step}");
    }
    assert_eq!(guest.post(&house, &format!("{path}/cancel"), json!({})).await.ok()["state"], "cancelled");
    // An attempt of the workspace's own is none of a guest's.
    let own = ada.post("attempts", &json!({ "network": "webhook" })).await.ok();
    let own = format!("/api/v1/invite/attempts/{}", own["id"].as_str().unwrap());
    assert_eq!(guest.get(&house, &own).await.problem(), (404, "attempt.unknown"));
}

#[tokio::test]
async fn guests_are_slowed_down() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let link = made(&ada, 2).await;
    let mut guest = Browser::default();
    guest.open(&house, token(&link)).await.ok();
    let mut refused = 0;
    for _ in 0..40 {
        let answer = guest.post(&house, "/api/v1/invite/attempts", json!({ "network": "webhook" })).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key(header::RETRY_AFTER));
            refused += 1;
        }
    }
    assert!(refused > 0, "forty starts in a row went through");
    let mut tries = 0;
    while guest.open(&house, "guessed").await.status != 429 {
        tries += 1;
        assert!(tries < 100, "a hundred guesses went through");
    }
}
