//! What those who run the installation have.

use crate::house::{House, ORIGIN};
use axum::http::{HeaderMap, Method, header};
use crier_model::{AttemptId, Code, Diagnosis, attempt::AttemptState, permission::Role};
use crier_store::{
    attempts::{self, Changes, NewAttempt, Note},
    installation,
};
use serde_json::{Value, json};

fn of<'a>(page: &'a Value, network: &str) -> &'a Value {
    page["items"].as_array().unwrap().iter().find(|item| item["network"] == network).unwrap()
}

#[tokio::test]
async fn a_secret_goes_in_and_never_out() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let body = json!({ "instance": "Example.social", "client_id": "id", "client_secret": "The-Secret" });
    let set = ada.with(Method::PUT, "/api/v1/admin/apps/mastodon", "accept", "*/*", &body).await;
    assert!(!String::from_utf8_lossy(&set.bytes).contains("The-Secret"));
    let set = set.ok();
    assert_eq!(
        (&set["client_id"], &set["has_secret"], &set["source"]),
        (&json!("id"), &json!(true), &json!("installation"))
    );
    assert_eq!(set["instance"], "https://example.social");

    for path in ["/api/v1/admin/apps", "apps"] {
        let page = ada.get(path).await;
        assert!(!String::from_utf8_lossy(&page.bytes).contains("The-Secret"));
        let page = page.ok();
        let mastodon = of(&page, "mastodon");
        assert_eq!(mastodon["redirect_uri"], format!("{ORIGIN}/integrations/social/mastodon"));
        assert_eq!(mastodon["apps"].as_array().unwrap().len(), 1, "{mastodon}");
        assert!(page["items"].as_array().unwrap().iter().all(|item| item["network"] != "webhook"));
    }
    let gone = ada.delete("/api/v1/admin/apps/mastodon?instance=example.social").await.ok();
    assert_eq!(gone["channels"], 0);
    let again = ada.delete("/api/v1/admin/apps/mastodon?instance=example.social").await;
    assert_eq!(again.problem(), (404, "app.unknown"));
}

#[tokio::test]
async fn a_workspaces_app_is_its_own_and_wrong_fields_are_named() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    let body = json!({ "instance": "example.social", "client_id": "own" });
    let path = format!("/api/v1/workspaces/{}/apps/mastodon", bob.workspace);
    bob.with(Method::PUT, &path, "accept", "*/*", &body).await.ok();
    let sources = |page: Value| of(&page, "mastodon")["apps"].as_array().unwrap().len();
    assert_eq!(sources(bob.get("apps").await.ok()), 1);
    assert_eq!(sources(ada.get("apps").await.ok()), 0);
    assert_eq!(sources(ada.get("/api/v1/admin/apps").await.ok()), 0);

    let put = async |network: &str, body: Value| {
        let path = format!("/api/v1/workspaces/{}/apps/{network}", bob.workspace);
        bob.with(Method::PUT, &path, "accept", "*/*", &body).await
    };
    let wrong = put("mastodon", json!({ "instance": "example.social", "client_id": "two words" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/client_id"]));
    let wrong = put("mastodon", json!({ "instance": "not a server", "client_id": "id" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/instance"]));
    let wrong =
        put("mastodon", json!({ "instance": "example.social", "client_id": "id", "client_secret": "a b" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/client_secret"]));
    let wrong = put("webhook", json!({ "client_id": "id" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/network"]));
    assert_eq!(put("orkut", json!({ "client_id": "id" })).await.problem(), (404, "network.unknown"));
    let nothing = bob.post("apps/mastodon/test", &json!({ "instance": "elsewhere.social" })).await;
    assert_eq!((nothing.status.as_u16(), nothing.pointers()), (422, vec!["/client_id"]));
}

#[tokio::test]
async fn an_app_that_is_in_use_goes_only_by_force() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let slot =
        crier_store::apps::Slot { workspace: None, network: "mastodon", instance: Some("https://example.social") };
    let app = crier_store::apps::set(
        &house.store,
        slot,
        crier_store::apps::Entered::new("id", None),
        "https://crier.example/cb",
    )
    .await
    .unwrap();
    let channel = house.channel_of(ada.workspace, "news", Some(app.id)).await;
    let path = "/api/v1/admin/apps/mastodon?instance=example.social";
    let refused = ada.delete(path).await;
    assert_eq!(refused.problem(), (409, "app.in_use"));
    assert!(refused.json["detail"].as_str().unwrap().starts_with("1 channel"), "{}", refused.json);
    assert_eq!(ada.delete(&format!("{path}&force=true")).await.ok()["channels"], 1);
    assert_eq!(ada.get(&format!("channels/{channel}")).await.ok()["renews"], false);
}

async fn attempt(house: &House, person: &crate::house::Person<'_>, network: &str, end: Option<(AttemptState, Code)>) {
    let new = NewAttempt {
        workspace: person.workspace,
        network: network.to_owned(),
        way: "oauth2".to_owned(),
        instance: None,
        app: None,
        purpose: "new".to_owned(),
        channel: None,
        started_by: person.user.into(),
        state_hash: AttemptId::new().to_string(),
        browser_hash: "browser".to_owned(),
        pkce_verifier: None,
        redirect_uri: "https://crier.example/cb".to_owned(),
        authorize_url: None,
        expires_at: jiff::Timestamp::now() + jiff::SignedDuration::from_mins(30),
    };
    let made = attempts::create(&house.store, AttemptId::new(), new, Note::new("Started", "")).await.unwrap();
    if let Some((state, code)) = end {
        let diagnosis = Some(Diagnosis::new(code));
        let changes = Changes { diagnosis, note: Some(Note::new("Ended", "")), ..Changes::default() };
        attempts::transition(&house.store, made.id, &[AttemptState::Started], state, changes).await.unwrap();
    }
}

#[tokio::test]
async fn why_she_could_not_connect_is_found_with_its_timeline() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    attempt(&house, &ada, "mastodon", None).await;
    attempt(&house, &bob, "bluesky", Some((AttemptState::Failed, Code::DnsNotFound))).await;
    attempt(&house, &bob, "mastodon", Some((AttemptState::Failed, Code::TlsExpired))).await;
    let found = async |query: &str| -> Vec<String> {
        let page = ada.get(&format!("/api/v1/admin/attempts?{query}")).await.ok();
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["attempt"]["network"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("").await, ["mastodon", "bluesky", "mastodon"]);
    assert_eq!(found("person=BOB@example.org").await, ["mastodon", "bluesky"]);
    assert_eq!(found(&format!("person={}", ada.user)).await, ["mastodon"]);
    assert!(found("person=nobody@example.org").await.is_empty());
    assert_eq!(found("outcome=open").await, ["mastodon"]);
    assert_eq!(found("outcome=failed&network=mastodon").await, ["mastodon"]);
    assert_eq!(found("code=dns.not_found").await, ["bluesky"]);
    assert!(found("to=2001-01-01T00:00:00Z").await.is_empty());
    assert_eq!(found("from=2001-01-01T00:00:00Z").await.len(), 3);
    assert_eq!(found(&format!("workspace={}", bob.workspace)).await.len(), 2);

    let first = ada.get("/api/v1/admin/attempts?limit=2&code=&network=").await.ok();
    let item = &first["items"][0];
    assert_eq!(item["person"]["email"], "bob@example.org");
    assert_eq!(item["workspace_id"], bob.workspace.to_string());
    let titles: Vec<_> = item["attempt"]["events"].as_array().unwrap().iter().map(|e| e["title"].clone()).collect();
    assert_eq!(titles, ["Started", "Ended"]);
    assert_eq!(item["attempt"]["diagnosis"]["code"], "tls.expired");
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(found(&format!("limit=2&cursor={cursor}")).await, ["mastodon"]);

    // The workspace sees its own, whatever it asks for.
    let own = bob.get(&format!("attempts/log?workspace={}", ada.workspace)).await.ok();
    assert_eq!(own["items"].as_array().unwrap().len(), 2);
    let wrong = ada.get("/api/v1/admin/attempts?outcome=lost").await;
    assert_eq!(wrong.pointers(), ["outcome"]);
    house.member(bob.workspace, ada.user, Role::Editor).await;
    let path = format!("/api/v1/workspaces/{}/attempts/log", bob.workspace);
    assert_eq!(ada.get(&path).await.problem(), (403, "role.too_low"));
}

#[tokio::test]
async fn the_doctor_tells_as_it_goes() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let wrong = ada.get("/api/v1/admin/doctor?networks=webhook,orkut").await;
    assert_eq!(wrong.pointers(), ["networks"]);
    let answer = ada.get("/api/v1/admin/doctor?networks=webhook").await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/event-stream");
    let text = String::from_utf8(answer.bytes).unwrap();
    let told: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(told[0]["kind"], "planned");
    assert!(told[1..told.len() - 1].iter().all(|progress| progress["kind"] == "checked"), "{text}");
    let (planned, done) = (told[0]["areas"].as_array().unwrap(), told.last().unwrap());
    assert_eq!(told.len(), planned.len() + 2);
    assert_eq!((&done["kind"], &done["ok"]), (&json!("done"), &json!(false)), "nothing answers at crier.example");
    assert!(done["text"].as_str().unwrap().contains("checks, 1 failed"), "{text}");
}

#[tokio::test]
async fn health_proves_whose_it_is() {
    let house = House::new().await;
    let identity = installation::identity(&house.store).await.unwrap();
    let ask = async |path: &str| house.ask(Method::GET, path, &HeaderMap::new(), None).await.ok();
    assert_eq!(ask("/health?nonce=abc").await["proof"], installation::proof(&identity, "abc"));
    assert_eq!(ask("/health").await.get("proof"), None);
    assert_eq!(ask(&format!("/health?nonce={}", "a".repeat(65))).await.get("proof"), None);
}

#[tokio::test]
async fn metrics_are_off_and_when_on_want_their_token() {
    let off = House::new().await;
    let answer = off.ask(Method::GET, "/metrics", &HeaderMap::new(), None).await;
    assert_eq!(answer.problem(), (404, "metrics.off"));
    let on = House::counting("a-token-of-some-length").await;
    let ask = async |token: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        on.ask(Method::GET, "/metrics", &headers, None).await
    };
    for wrong in [None, Some(""), Some("another")] {
        assert_eq!(ask(wrong).await.problem(), (401, "metrics.token_wrong"));
    }
    let right = ask(Some("a-token-of-some-length")).await;
    assert_eq!((right.status.as_u16(), right.bytes.as_slice()), (200, b"counted 1\n".as_slice()));
    assert!(right.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
}
