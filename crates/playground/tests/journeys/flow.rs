//! The code flow when all goes well.

use reqwest::StatusCode;
use serde_json::json;

use crate::network::{ALL_SCOPES, Network, RETURN, authorize, location, param, text};

#[tokio::test]
async fn metadata_leads_to_working_endpoints() {
    let network = Network::start().await;
    let metadata = network.json("/.well-known/oauth-authorization-server").await;
    assert_eq!(metadata["issuer"], network.origin.as_str());
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    for (name, path) in [
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
        ("registration_endpoint", "/oauth/register"),
        ("revocation_endpoint", "/oauth/revoke"),
    ] {
        assert_eq!(metadata[name], network.at(path));
    }
}

#[tokio::test]
async fn a_stranger_signs_in_and_comes_back_to_the_consent_page() {
    let network = Network::start().await;
    let app = network.app().await;
    let mut browser = network.stranger();
    let wanted = authorize(&app.id, &[]);
    let answer = browser.get(&wanted).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let to = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with("/sign-in?return_to=%2Foauth%2Fauthorize"));
    let page = browser.page(&to).await;
    assert!(page.contains("Sign in as Ada") && page.contains("Sign in as Grace"));
    assert!(page.contains("<strong>Test app</strong>"));

    let answer = browser.post("/sign-in/demo", &[("account", "1"), ("return_to", &wanted)]).await;
    assert_eq!(answer.headers()["location"], wanted.as_str());
    let answer = browser.get(&wanted).await;
    // Without this, browsers refuse the redirect that follows the form.
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:9;"));
    let page = answer.text().await.unwrap();
    for scope in ALL_SCOPES.split(' ') {
        assert!(page.contains(&format!("value=\"{scope}\" checked")), "{scope}");
    }
    assert!(page.contains("@ada") && page.contains("Use another account"));
}

#[tokio::test]
async fn a_code_becomes_tokens_that_speak_for_the_account() {
    let network = Network::start().await;
    for method in ["client_secret_basic", "client_secret_post", "none"] {
        let app = network.app_with(method).await;
        let browser = network.browser("grace").await;
        let ticket = browser.ticket(&app).await;
        let to = browser.answer(&ticket, "allow", &["profile", "posts:write"]).await;
        assert!(to.as_str().starts_with(RETURN));
        assert_eq!(param(&to, "state").as_deref(), Some("the state"));
        assert_eq!(param(&to, "iss").as_deref(), Some(network.origin.as_str()));
        let (status, body) = network.exchange(&app, &param(&to, "code").unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{method}: {body}");
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3600);
        assert_eq!(body["scope"], "profile posts:write");
        let (status, me) = network.me(&text(&body, "access_token")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(me["handle"], "grace");
        assert_eq!(me["url"], network.at("/@grace"));
    }
}

#[tokio::test]
async fn the_secret_may_be_sent_in_the_body() {
    let network = Network::start().await;
    let app = network.app_with("client_secret_post").await;
    let code = network.browser("ada").await.allow(&app, &["profile"]).await;
    let answer = network
        .http
        .post(network.at("/oauth/token"))
        .form(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", RETURN),
            ("code_verifier", crate::network::VERIFIER),
            ("client_id", &app.id),
            ("client_secret", app.secret.as_deref().unwrap()),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn all_of_it_survives_a_restart() {
    let network = Network::start().await;
    let app = network.app().await;
    let tokens = network.connect(&app, "ada").await;
    let made = network.post(&tokens.access, Some("once"), json!({"text": "before"})).await;
    let first: serde_json::Value = made.json().await.unwrap();
    let cookie = {
        let browser = network.browser("grace").await;
        browser.cookie.clone()
    };
    let open = {
        let browser = network.browser("ada").await;
        (browser.ticket(&app).await, browser.cookie.clone())
    };

    let network = network.restart().await;
    let (status, me) = network.me(&tokens.access).await;
    assert_eq!((status, me["handle"].as_str()), (StatusCode::OK, Some("ada")));
    let again = network.post(&tokens.access, Some("once"), json!({"text": "before"})).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(again.json::<serde_json::Value>().await.unwrap()["id"], first["id"]);
    let (status, _) = network.refresh(&app, &tokens.refresh).await;
    assert_eq!(status, StatusCode::OK);
    let mut browser = network.stranger();
    browser.cookie = cookie;
    let page = browser.page("/").await;
    assert!(page.contains("@grace") && page.contains("before"));
    // A consent page that was open meanwhile still works.
    browser.cookie = open.1;
    let to = browser.answer(&open.0, "allow", &["profile"]).await;
    assert!(param(&to, "code").is_some());
}

#[tokio::test]
async fn registration_tells_what_it_took_and_the_secret_once() {
    let network = Network::start().await;
    let answer = network
        .register(json!({
            "client_name": "Mine",
            "redirect_uris": ["myapp:/return"],
            "token_endpoint_auth_method": "none",
            "scope": "profile",
            "logo_uri": "https://ignored.example/logo.png",
        }))
        .await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(body["scope"], "profile");
    assert!(body.get("client_secret").is_none());
    // Asking for more than it is registered for fails at its own address.
    let to = location(
        &network
            .stranger()
            .get(&authorize(&text(&body, "client_id"), &[("redirect_uri", "myapp:/return"), ("scope", "posts:write")]))
            .await,
    );
    assert_eq!(to.scheme(), "myapp");
    assert_eq!(param(&to, "error").as_deref(), Some("invalid_scope"));
}
