//! Each way in which OAuth says no.

use reqwest::StatusCode;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};

use crate::network::{App, CHALLENGE, Network, RETURN, VERIFIER, authorize, error, location, param};

#[tokio::test]
async fn an_unknown_app_or_address_is_told_to_the_person_and_nobody_is_sent_away() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    for (path, words) in [
        (authorize("pg-nobody", &[]), "pg-nobody"),
        (authorize("", &[("client_id", "")]), "is missing"),
        (authorize(&app.id, &[("redirect_uri", "")]), "is missing"),
        (
            authorize(&app.id, &[("redirect_uri", "http://127.0.0.1:9/return/")]),
            "http://127.0.0.1:9/return<mark>/</mark>",
        ),
        (
            authorize(&app.id, &[("redirect_uri", "https://127.0.0.1:9/return")]),
            "http<mark>s://127.0.0.1:9/return</mark>",
        ),
        (
            authorize(&app.id, &[("redirect_uri", "http://127.0.0.1:10/return")]),
            "http://127.0.0.1:<mark>10/return</mark>",
        ),
        (
            authorize(&app.id, &[("redirect_uri", "http://127.0.0.1:9/Return")]),
            "http://127.0.0.1:9/<mark>Return</mark>",
        ),
        (authorize(&app.id, &[("redirect_uri", "http://evil.example/<b>")]), "&lt;b&gt;"),
    ] {
        let answer = browser.get(&path).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[tokio::test]
async fn other_mistakes_are_told_to_the_app_with_state_and_issuer() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let short: String = CHALLENGE.chars().take(20).collect();
    for (changes, expected) in [
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge", short.as_str())], "invalid_request"),
        (vec![("scope", "profile admin")], "invalid_scope"),
    ] {
        let to = location(&browser.get(&authorize(&app.id, &changes)).await);
        assert!(to.as_str().starts_with(RETURN));
        assert_eq!(param(&to, "error").as_deref(), Some(expected), "{changes:?}");
        assert!(param(&to, "error_description").is_some());
        assert_eq!(param(&to, "state").as_deref(), Some("the state"));
        assert_eq!(param(&to, "iss").as_deref(), Some(network.origin.as_str()));
    }
    let twice = format!("{}&state=two", authorize(&app.id, &[]));
    let to = location(&browser.get(&twice).await);
    assert_eq!(param(&to, "error").as_deref(), Some("invalid_request"));
}

async fn wrong(network: &Network, app: &App, form: &[(&str, &str)]) -> (StatusCode, String, String) {
    let (status, body) = network.token(app, form).await;
    (status, error(&body), body["error_description"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_token_endpoint_names_what_is_wrong_with_a_code() {
    let network = Network::start().await;
    let app = network.app().await;
    let other = network.app().await;
    let browser = network.browser("ada").await;
    let code = browser.allow(&app, &["profile"]).await;
    let form = |redirect: &'static str, verifier: &'static str| {
        vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ]
    };
    for (app, form, words) in [
        (&other, form(RETURN, VERIFIER), "not one that was issued"),
        (&app, form("http://127.0.0.1:9/return/", VERIFIER), "http://127.0.0.1:9/return/"),
        (&app, form("", VERIFIER), "redirect_uri: missing"),
        (&app, form(RETURN, ""), "code_verifier: missing"),
        (&app, form(RETURN, "another verifier that is just as long as the first"), "code_verifier"),
    ] {
        let (status, error, description) = wrong(&network, app, &form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(error, "invalid_grant");
        assert!(description.contains(words), "{words} in {description}");
        assert!(description.is_ascii());
    }
    // None of these used the code up.
    let (status, _) = network.exchange(&app, &code).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn the_token_endpoint_names_what_is_wrong_with_a_request() {
    let network = Network::start().await;
    let app = network.app().await;
    for (form, expected) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("grant_type", "authorization_code")], "invalid_request"),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "refresh_token"), ("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "made up")], "invalid_grant"),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "made up")], "invalid_grant"),
    ] {
        let (status, error, _) = wrong(&network, &app, &form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(error, expected, "{form:?}");
    }
    let answer = network
        .http
        .post(network.at("/oauth/token"))
        .json(&json!({"grant_type": "authorization_code"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(error(&answer.json().await.unwrap()), "invalid_request");
}

#[tokio::test]
async fn the_token_endpoint_tells_unknown_clients_from_wrong_secrets() {
    let network = Network::start().await;
    let app = network.app().await;
    let made_up = [("grant_type", "authorization_code"), ("code", "made up")];
    for (id, secret, words) in [
        ("pg-nobody", Some("x"), "no app with the client id"),
        (app.id.as_str(), Some("x"), "secret is wrong"),
        (app.id.as_str(), None, "did not send it"),
        ("", None, "names no client"),
    ] {
        let mut request = network.http.post(network.at("/oauth/token"));
        let mut form = made_up.to_vec();
        match secret {
            Some(secret) => request = request.basic_auth(id, Some(secret)),
            None => form.push(("client_id", id)),
        }
        let answer = request.form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic"));
        let body: Value = answer.json().await.unwrap();
        assert_eq!(error(&body), "invalid_client");
        let description = body["error_description"].as_str().unwrap();
        assert!(description.contains(words), "{words} in {description}");
        assert!(!description.contains(app.secret.as_deref().unwrap()));
    }
}

#[tokio::test]
async fn registration_refuses_what_it_cannot_serve() {
    let network = Network::start().await;
    for (metadata, expected) in [
        (json!({"redirect_uris": []}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["/x"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["javascript:alert(1)"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["https://x.example/#y"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": RETURN}), "invalid_client_metadata"),
        (
            json!({"redirect_uris": [RETURN], "token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
        ),
        (json!({"redirect_uris": [RETURN], "grant_types": ["implicit"]}), "invalid_client_metadata"),
        (json!({"redirect_uris": [RETURN], "response_types": ["token"]}), "invalid_client_metadata"),
        (json!({"redirect_uris": [RETURN], "scope": "admin"}), "invalid_client_metadata"),
        (json!({"redirect_uris": [RETURN], "client_name": " "}), "invalid_client_metadata"),
    ] {
        let answer = network.register(metadata.clone()).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{metadata}");
        assert_eq!(error(&answer.json().await.unwrap()), expected, "{metadata}");
    }
}
