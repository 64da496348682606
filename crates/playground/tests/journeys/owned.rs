//! Pages: made by people, listed for apps with a token of their own, posted as.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::network::{Network, Tokens, authorize, between, error, text};

const SCOPES: [&str; 4] = ["profile", "posts:write", "posts:read", "pages:manage"];

async fn with_pages(network: &Network) -> (crate::network::App, Tokens) {
    let mut browser = network.browser("ada").await;
    for (handle, name) in [("bakery", "The bakery"), ("garden", "The garden"), ("library", "The library")] {
        let answer = browser.post("/pages", &[("handle", handle), ("name", name)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    }
    let app = network.app().await;
    let tokens = allowed(network, &app, &SCOPES).await;
    (app, tokens)
}

async fn allowed(network: &Network, app: &crate::network::App, scopes: &[&str]) -> Tokens {
    let browser = network.browser("ada").await;
    let page = browser.page(&authorize(&app.id, &[("scope", &scopes.join(" "))])).await;
    let ticket = between(&page, "name=\"ticket\" value=\"", "\"");
    let to = browser.answer(&ticket, "allow", scopes).await;
    let code = crate::network::param(&to, "code").unwrap();
    let (status, body) = network.exchange(app, &code).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    Tokens { access: text(&body, "access_token"), refresh: text(&body, "refresh_token") }
}

async fn read(network: &Network, path: &str, token: &str) -> (StatusCode, Value) {
    let answer = network.get(path, token).await;
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_page_posts_under_its_own_name_by_a_token_of_its_own() {
    let network = Network::start().await;
    let (app, tokens) = with_pages(&network).await;
    let (status, listed) = read(&network, "/api/pages?limit=2", &tokens.access).await;
    assert_eq!(status, StatusCode::OK);
    let handles: Vec<_> = listed["pages"].as_array().unwrap().iter().map(|page| text(page, "handle")).collect();
    assert_eq!(handles, ["bakery", "garden"]);
    let rest = format!("/api/pages?after={}", text(&listed, "next_after"));
    let (_, rest) = read(&network, &rest, &tokens.access).await;
    assert_eq!((rest["pages"][0]["handle"].as_str(), &rest["next_after"]), (Some("library"), &Value::Null));

    let page = &listed["pages"][0];
    let token = text(page, "access_token");
    let (_, me) = read(&network, "/api/me", &token).await;
    assert_eq!((&me["id"], &me["handle"]), (&page["id"], &json!("bakery")));
    let post = network.post(&token, None, json!({"text": "Fresh bread"})).await;
    assert_eq!(post.status(), StatusCode::CREATED);
    let browser = network.browser("grace").await;
    let profile = browser.page("/@bakery").await;
    assert!(profile.contains("Fresh bread") && profile.contains("A page of"));
    assert!(!browser.page("/@ada").await.contains("Fresh bread"));

    // A page is no person: it has no pages, and nobody signs in as it.
    let (status, body) = read(&network, "/api/pages", &token).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::FORBIDDEN, "not_a_person"));
    let id = text(page, "id");
    let mut stranger = network.stranger();
    assert_ne!(stranger.post("/sign-in/demo", &[("account", &id)]).await.status(), StatusCode::SEE_OTHER);

    // Its token falls with the sign-in it came from.
    let (_, again) = read(&network, &format!("/api/pages/{id}"), &tokens.access).await;
    assert_ne!(text(&again, "access_token"), token);
    let request = network.http.post(network.at("/oauth/revoke")).basic_auth(&app.id, app.secret.as_ref());
    request.form(&[("token", tokens.refresh.as_str())]).send().await.unwrap();
    assert_eq!(network.me(&token).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn pages_ask_for_a_permission_and_can_be_withheld() {
    let network = Network::start().await;
    let (app, tokens) = with_pages(&network).await;
    let narrow = allowed(&network, &app, &["profile"]).await;
    let (status, body) = read(&network, "/api/pages", &narrow.access).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::FORBIDDEN, "insufficient_scope"));

    network.fault(json!({"kind": "withhold_page", "page": "garden"})).await;
    let (_, listed) = read(&network, "/api/pages", &tokens.access).await;
    let granted: Vec<_> = listed["pages"].as_array().unwrap().iter().map(|page| page["granted"].as_bool()).collect();
    assert_eq!(granted, [Some(true), Some(false), Some(true)]);
    assert!(listed["pages"][1].get("access_token").is_none());
    let one = format!("/api/pages/{}", text(&listed["pages"][1], "id"));
    let (status, body) = read(&network, &one, &tokens.access).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::FORBIDDEN, "page_not_granted"));

    network.fault(json!({"kind": "no_pages", "times": 1})).await;
    let (_, none) = read(&network, "/api/pages", &tokens.access).await;
    assert_eq!(none["pages"], json!([]));
    // A page of somebody else is not there.
    let (status, _) = read(&network, "/api/pages/2", &tokens.access).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_said_on_the_form() {
    let network = Network::start().await;
    let mut browser = network.browser("ada").await;
    let answer = browser.post("/pages", &[("handle", "grace"), ("name", "Another")]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().await.unwrap().contains("@grace is taken"));
    let mut stranger = network.stranger();
    let answer = stranger.post("/pages", &[("handle", "page"), ("name", "Page")]).await;
    assert!(answer.headers()["location"].to_str().unwrap().starts_with("/sign-in"));
}
