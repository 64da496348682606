//! Each fault, and the log.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::network::{ALL_SCOPES, Network, RETURN, VERIFIER, error, param, text};

async fn fired(network: &Network, id: &str) -> u64 {
    let faults = network.json("/faults.json").await;
    let fault = faults["faults"].as_array().unwrap().iter().find(|fault| fault["id"] == id);
    fault.unwrap()["fired"].as_u64().unwrap()
}

/// Whether an error is a connection that ended without an answer.
fn is_cut(outcome: Result<Response, reqwest::Error>) -> bool {
    outcome.is_err_and(|error| error.is_request() && !error.is_timeout() && !error.is_connect())
}

#[tokio::test]
async fn the_code_expires() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    network.fault(json!({"id": "f", "kind": "expire_code", "account": "ada", "times": 1})).await;
    let of_grace = network.browser("grace").await.allow(&app, &["profile"]).await;
    assert_eq!(network.exchange(&app, &of_grace).await.0, StatusCode::OK);
    let code = browser.allow(&app, &["profile"]).await;
    let (status, body) = network.exchange(&app, &code).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert!(text(&body, "error_description").contains("expired"));
    assert_eq!(fired(&network, "f").await, 1);
    let code = browser.allow(&app, &["profile"]).await;
    assert_eq!(network.exchange(&app, &code).await.0, StatusCode::OK);
    let log = network.json("/log.json?endpoint=token").await;
    let outcomes: Vec<(Value, Value)> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["outcome"].clone(), entry["faults"].clone()))
        .collect();
    assert_eq!(outcomes, [(json!("ok"), json!([])), (json!("invalid_grant"), json!(["f"])), (json!("ok"), json!([])),]);
}

#[tokio::test]
async fn answers_are_delayed() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    network.fault(json!({"kind": "delay", "ms": 400, "endpoints": ["me"], "times": 1})).await;
    let started = Instant::now();
    assert_eq!(network.me(&ada.access).await.0, StatusCode::OK);
    assert!(started.elapsed() >= Duration::from_millis(400));
    let started = Instant::now();
    assert_eq!(network.me(&ada.access).await.0, StatusCode::OK);
    assert!(started.elapsed() < Duration::from_millis(400));
}

#[tokio::test]
async fn errors_come_instead_of_answers() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    for code in [500, 502, 503] {
        network.fault(json!({"kind": "status", "code": code, "endpoints": ["posts"], "times": 1})).await;
        let answer = network.post(&ada.access, None, json!({"text": "x"})).await;
        assert_eq!(answer.status().as_u16(), code);
        error(&answer.json().await.unwrap());
    }
    network.fault(json!({"kind": "rate_limit", "retry_after": 7, "endpoints": ["posts"], "times": 1})).await;
    let answer = network.post(&ada.access, None, json!({"text": "x"})).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "7");
    // Nothing was processed.
    let posts: Value = network.get("/api/posts", &ada.access).await.json().await.unwrap();
    assert_eq!(posts["posts"], json!([]));
}

#[tokio::test]
async fn a_profile_that_fails_twice_then_works() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    network.fault(json!({"kind": "status", "code": 500, "endpoints": ["me"], "times": 2})).await;
    for status in [500, 500, 200] {
        assert_eq!(network.me(&ada.access).await.0.as_u16(), status);
    }
}

#[tokio::test]
async fn the_connection_is_reset_before_or_after_the_work() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let send = |key: &'static str| {
        network
            .http
            .post(network.at("/api/posts"))
            .bearer_auth(&ada.access)
            .header("Idempotency-Key", key)
            .json(&json!({"text": key}))
            .send()
    };
    network.fault(json!({"kind": "reset", "processed": false, "endpoints": ["posts"], "times": 1})).await;
    assert!(is_cut(send("before").await));
    assert_eq!(send("before").await.unwrap().status(), StatusCode::CREATED);
    network.fault(json!({"kind": "reset", "processed": true, "endpoints": ["posts"], "times": 1})).await;
    assert!(is_cut(send("after").await));
    // It was done: the retry under the same key gets the first one's post.
    assert_eq!(send("after").await.unwrap().status(), StatusCode::OK);
    let log = network.json("/log.json?endpoint=posts").await;
    let seen: Vec<(Value, Value)> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["status"].clone(), entry["outcome"].clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (Value::Null, json!("reset_unprocessed")),
            (json!(201), json!("ok")),
            (Value::Null, json!("reset_processed")),
            (json!(200), json!("ok")),
        ]
    );
}

#[tokio::test]
async fn a_reset_is_a_reset_on_the_wire() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let network = Network::start().await;
    network.fault(json!({"kind": "reset", "processed": false, "endpoints": ["me"]})).await;
    let address = network.origin.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/me HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    let ended = stream.read_to_end(&mut got).await;
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert!(got.is_empty());
}

#[tokio::test]
async fn a_lost_token_answer_leaves_a_used_code() {
    let network = Network::start().await;
    let app = network.app().await;
    let code = network.browser("ada").await.allow(&app, &["profile"]).await;
    network.fault(json!({"kind": "reset", "processed": true, "endpoints": ["token"], "times": 1})).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", RETURN),
        ("code_verifier", VERIFIER),
    ];
    let lost =
        network.http.post(network.at("/oauth/token")).basic_auth(&app.id, app.secret.as_ref()).form(&form).send().await;
    assert!(is_cut(lost));
    let (status, body) = network.exchange(&app, &code).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert!(text(&body, "error_description").contains("used before"));
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    network.fault(json!({"kind": "html_page", "endpoints": ["me"], "times": 1})).await;
    let answer = network.get("/api/me", &ada.access).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.text().await.unwrap().contains("guest network"));

    network.fault(json!({"kind": "broken_json", "endpoints": ["me"], "times": 1})).await;
    let answer = network.get("/api/me", &ada.access).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert!(serde_json::from_str::<Value>(&answer.text().await.unwrap()).is_err());

    let bytes = 10 * 1024 * 1024;
    network.fault(json!({"kind": "big_body", "bytes": bytes, "endpoints": ["me"], "times": 1})).await;
    let answer = network.get("/api/me", &ada.access).await;
    assert_eq!(answer.bytes().await.unwrap().len(), bytes);
}

#[tokio::test]
async fn the_clock_is_off() {
    let network = Network::start().await;
    let date = |answer: &Response| -> Timestamp {
        let text = answer.headers()["date"].to_str().unwrap().to_owned();
        rfc2822::parse(&text).unwrap().timestamp()
    };
    network.fault(json!({"kind": "clock", "seconds": -3600, "endpoints": ["metadata"], "times": 1})).await;
    let path = network.at("/.well-known/oauth-authorization-server");
    let answer = network.http.get(&path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let off = Timestamp::now().duration_since(date(&answer)).as_secs();
    assert!((3595..=3605).contains(&off), "{off}");
    let answer = network.http.get(&path).send().await.unwrap();
    assert!(Timestamp::now().duration_since(date(&answer)).as_secs().abs() < 5);
}

#[tokio::test]
async fn tokens_are_revoked_at_once_or_with_a_request() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let grace = network.connect(&app, "grace").await;
    network.fault(json!({"id": "r", "kind": "revoke_tokens", "account": "ada", "now": true})).await;
    assert_eq!(network.me(&ada.access).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(network.refresh(&app, &ada.refresh).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(network.me(&grace.access).await.0, StatusCode::OK);
    assert_eq!(fired(&network, "r").await, 1);

    network.fault(json!({"kind": "revoke_tokens", "endpoints": ["posts"], "times": 1})).await;
    assert_eq!(network.me(&grace.access).await.0, StatusCode::OK);
    let answer = network.post(&grace.access, None, json!({"text": "x"})).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    // A new consent works.
    let grace = network.connect(&app, "grace").await;
    assert_eq!(network.me(&grace.access).await.0, StatusCode::OK);
}

#[tokio::test]
async fn client_secrets_change() {
    let network = Network::start().await;
    let app = network.app().await;
    let public = network.app_with("none").await;
    let ada = network.connect(&app, "ada").await;
    let grace = network.connect(&public, "grace").await;
    network.fault(json!({"kind": "rotate_keys", "now": true})).await;
    let (status, body) = network.refresh(&app, &ada.refresh).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::UNAUTHORIZED, "invalid_client"));
    assert_eq!(network.me(&ada.access).await.0, StatusCode::OK);
    // There is no secret to change in a public app.
    assert_eq!(network.refresh(&public, &grace.refresh).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_account_is_renamed() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let (_, before) = network.me(&ada.access).await;
    network.fault(json!({"kind": "rename", "to": "lovelace", "endpoints": ["me"], "times": 1})).await;
    let (_, after) = network.me(&ada.access).await;
    assert_eq!((&after["handle"], &after["id"]), (&json!("lovelace"), &before["id"]));
    assert_eq!(network.stranger().get("/@ada").await.status(), StatusCode::NOT_FOUND);
    network.fault(json!({"kind": "rename", "to": null, "account": "lovelace", "now": true})).await;
    assert_eq!(network.me(&ada.access).await.1["handle"], "lovelace2");
}

#[tokio::test]
async fn a_permission_is_withheld() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    network.fault(json!({"id": "d", "kind": "deny_scope", "scopes": ["posts:write"], "times": 1})).await;
    let all: Vec<&str> = ALL_SCOPES.split(' ').collect();
    let code = browser.allow(&app, &all).await;
    let (_, body) = network.exchange(&app, &code).await;
    assert_eq!(body["scope"], "profile posts:read media:write metrics:read");
    assert_eq!(fired(&network, "d").await, 1);
    let code = browser.allow(&app, &all).await;
    let (_, body) = network.exchange(&app, &code).await;
    assert_eq!(body["scope"], ALL_SCOPES);
}

#[tokio::test]
async fn the_issuer_is_wrong_or_missing() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let wrong = "https://other.example";
    for (fault, expected) in [
        (json!({"kind": "wrong_issuer", "issuer": wrong, "times": 1}), Some(wrong)),
        (json!({"kind": "missing_issuer", "times": 1}), None),
        (json!({"kind": "missing_issuer", "on": false}), Some(network.origin.as_str())),
    ] {
        network.fault(fault).await;
        let ticket = browser.ticket(&app).await;
        let to = browser.answer(&ticket, "allow", &["profile"]).await;
        assert!(param(&to, "code").is_some());
        assert_eq!(param(&to, "iss").as_deref(), expected);
    }
}

#[tokio::test]
async fn avatars_are_odd() {
    let network = Network::start().await;
    let avatar = |network: &Network| {
        let request = network.http.get(network.at("/avatar/1")).send();
        async move {
            let answer = request.await.unwrap();
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            (answer.status(), kind.unwrap_or_default(), answer.bytes().await.unwrap())
        }
    };
    let (_, kind, bytes) = avatar(&network).await;
    assert_eq!(kind, "image/png");
    let picture = image::load_from_memory(&bytes).unwrap();
    assert_eq!(picture.width(), picture.height());
    for (shape, expected, start) in [
        ("webp", "image/webp", &b"RIFF"[..]),
        ("avif", "image/avif", &b"\0\0\0"[..]),
        ("svg", "image/svg+xml", &b"<svg"[..]),
        ("html", "text/html; charset=utf-8", &b"<!doctype"[..]),
    ] {
        network.fault(json!({"kind": "avatar", "shape": shape, "times": 1})).await;
        let (status, kind, bytes) = avatar(&network).await;
        assert_eq!((status, kind.as_str()), (StatusCode::OK, expected));
        assert!(bytes.starts_with(start), "{shape}");
    }
    network.fault(json!({"kind": "avatar", "shape": "missing", "account": "ada"})).await;
    assert_eq!(avatar(&network).await.0, StatusCode::NOT_FOUND);
    let grace = network.http.get(network.at("/avatar/2")).send().await.unwrap();
    assert_eq!(grace.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_set_of_faults_is_replaced_as_a_whole_or_not_at_all() {
    let network = Network::start().await;
    let put = |body: Value| network.http.put(network.at("/faults.json")).json(&body).send();
    let good = json!({"faults": [
        {"id": "a", "kind": "status", "code": 500, "endpoints": ["me"], "account": "ada", "times": 3},
        {"id": "b", "kind": "html_page", "on": false},
    ]});
    let answer = put(good).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let set: Value = answer.json().await.unwrap();
    assert_eq!(set["faults"][0]["account"], "ada");
    for bad in [
        json!({"faults": [{"kind": "html_page"}, {"kind": "status", "code": 200}]}),
        json!({"faults": [{"kind": "earthquake"}]}),
        json!({"faults": {"kind": "html_page"}}),
        json!({"faults": [{"kind": "html_page", "where": "me"}]}),
    ] {
        let answer = put(bad.clone()).await.unwrap();
        assert!(answer.status().is_client_error(), "{bad}");
        error(&answer.json().await.unwrap());
    }
    assert_eq!(network.json("/faults.json").await, set);
    // What was read can be sent back.
    assert_eq!(put(set.clone()).await.unwrap().status(), StatusCode::OK);

    let delete = |path: &str| network.http.delete(network.at(path)).send();
    assert_eq!(delete("/faults.json?id=a").await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(delete("/faults.json?id=a").await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(delete("/faults.json").await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(network.json("/faults.json").await, json!({"faults": []}));
}

#[tokio::test]
async fn the_panel_switches_faults_and_shows_how_often_they_fired() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let mut browser = network.stranger();
    let on = [("id", "status"), ("do", "on"), ("value", "502"), ("endpoint", "me"), ("account", ""), ("times", "1")];
    let answer = browser.post("/faults", &on).await;
    assert_eq!(answer.headers()["location"], "/faults#fault-status");
    assert_eq!(network.me(&ada.access).await.0, StatusCode::BAD_GATEWAY);
    assert_eq!(network.me(&ada.access).await.0, StatusCode::OK);
    let page = browser.page("/faults").await;
    assert!(page.contains("fired 1 time<"));

    let forever = [("id", "html-page"), ("do", "on"), ("endpoint", "me")];
    browser.post("/faults", &forever).await;
    assert!(browser.page("/").await.contains("1<span class=\"hidden\"> switched on"));
    assert!(network.get("/api/me", &ada.access).await.text().await.unwrap().contains("<h1>"));
    browser.post("/faults", &[("id", "html-page"), ("do", "off")]).await;
    assert_eq!(network.me(&ada.access).await.0, StatusCode::OK);

    let now = [("id", "revoke-tokens"), ("do", "now"), ("account", "ada")];
    assert_eq!(browser.post("/faults", &now).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(network.me(&ada.access).await.0, StatusCode::UNAUTHORIZED);
    for bad in [
        vec![("id", "status"), ("do", "on"), ("value", "abc")],
        vec![("id", "status"), ("do", "on"), ("value", "503"), ("times", "x")],
        vec![("id", "html-page"), ("do", "on"), ("account", "nobody")],
        vec![("id", "nothing"), ("do", "on")],
        vec![("id", "rename"), ("do", "now")],
    ] {
        let answer = browser.post("/faults", &bad).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad:?}");
    }
    browser.post("/faults", &[("do", "clear")]).await;
    assert_eq!(network.json("/faults.json").await, json!({"faults": []}));
}

#[tokio::test]
async fn the_log_counts_requests_from_a_point_on() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let since = network.json("/log.json").await["next"].as_u64().unwrap();
    network.refresh(&app, &ada.refresh).await;
    network.refresh(&app, "made up").await;
    network.me(&ada.access).await;
    let log = network.json(&format!("/log.json?since={since}")).await;
    let entries = log["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    let first = entries.first().unwrap();
    assert_eq!(first["seq"].as_u64(), Some(since + 1));
    assert_eq!(
        (&first["endpoint"], &first["grant_type"], &first["client"], &first["account"]),
        (&json!("token"), &json!("refresh_token"), &json!(app.id), &json!("ada"))
    );
    let tokens = network.json(&format!("/log.json?since={since}&endpoint=token")).await;
    assert_eq!(tokens["entries"].as_array().unwrap().len(), 2);
    assert_eq!(tokens["entries"][1]["outcome"], "invalid_grant");
    let answer = network.http.get(network.at("/log.json?endpoint=moon")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}
