//! Tokens: their lives, rotation, replay, revocation.

use reqwest::StatusCode;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::Value;

use crate::network::{Network, VERIFIER, error, text};

#[tokio::test]
async fn a_code_lives_sixty_seconds() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let code = browser.allow(&app, &["profile"]).await;
    network.pass(55);
    assert_eq!(network.exchange(&app, &code).await.0, StatusCode::OK);
    let code = browser.allow(&app, &["profile"]).await;
    network.pass(61);
    let (status, body) = network.exchange(&app, &code).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert!(text(&body, "error_description").contains("expired"));
}

#[tokio::test]
async fn a_code_used_twice_takes_its_tokens_along() {
    let network = Network::start().await;
    let app = network.app().await;
    let code = network.browser("ada").await.allow(&app, &["profile"]).await;
    let (_, first) = network.exchange(&app, &code).await;
    let access = text(&first, "access_token");
    assert_eq!(network.me(&access).await.0, StatusCode::OK);
    let (status, body) = network.exchange(&app, &code).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert!(text(&body, "error_description").contains("used before"));
    let (status, body) = network.me(&access).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::UNAUTHORIZED, "invalid_token"));
    let (status, _) = network.refresh(&app, &text(&first, "refresh_token")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn of_many_exchanges_at_once_one_gets_tokens() {
    let network = Network::start().await;
    let app = network.app().await;
    let code = network.browser("ada").await.allow(&app, &["profile"]).await;
    let tries = futures::future::join_all((0..20).map(|_| network.exchange(&app, &code))).await;
    let good = tries.iter().filter(|(status, _)| *status == StatusCode::OK);
    assert_eq!(good.count(), 1);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_replay_ends_the_permission() {
    let network = Network::start().await;
    let app = network.app().await;
    let other = network.app().await;
    let first = network.connect(&app, "ada").await;
    let (status, body) = network.refresh(&other, &first.refresh).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));

    let (status, second) = network.refresh(&app, &first.refresh).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(text(&second, "refresh_token"), first.refresh);
    // The access token from before lives on until it expires.
    assert_eq!(network.me(&first.access).await.0, StatusCode::OK);
    let (status, third) = network.refresh(&app, &text(&second, "refresh_token")).await;
    assert_eq!(status, StatusCode::OK);

    let (status, body) = network.refresh(&app, &first.refresh).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert!(text(&body, "error_description").contains("replaced"));
    for access in [first.access, text(&third, "access_token")] {
        assert_eq!(network.me(&access).await.0, StatusCode::UNAUTHORIZED);
    }
    let (status, body) = network.refresh(&app, &text(&third, "refresh_token")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text(&body, "error_description").contains("revoked"));
}

#[tokio::test]
async fn a_refresh_may_narrow_but_not_widen() {
    let network = Network::start().await;
    let app = network.app().await;
    let code = network.browser("ada").await.allow(&app, &["profile", "posts:read"]).await;
    let (_, body) = network.exchange(&app, &code).await;
    let refresh = text(&body, "refresh_token");
    let ask = |scope: &'static str| {
        let (network, app, refresh) = (&network, &app, refresh.clone());
        async move {
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str()), ("scope", scope)];
            network.token(app, &form).await
        }
    };
    let (status, body) = ask("posts:write").await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_scope"));
    let (status, body) = ask("nonsense").await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_scope"));
    let (status, body) = ask("posts:read").await;
    assert_eq!((status, text(&body, "scope").as_str()), (StatusCode::OK, "posts:read"));
    let (status, _) = network.me(&text(&body, "access_token")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn tokens_expire() {
    let network = Network::start().await;
    let app = network.app().await;
    let tokens = network.connect(&app, "ada").await;
    network.pass(3601);
    let answer = network.get("/api/me", &tokens.access).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\"") && challenge.contains("expired"));
    let (status, body) = network.refresh(&app, &tokens.refresh).await;
    assert_eq!(status, StatusCode::OK);
    network.pass(181 * 24 * 3600);
    let (status, body) = network.refresh(&app, &text(&body, "refresh_token")).await;
    assert_eq!((status, error(&body).as_str()), (StatusCode::BAD_REQUEST, "invalid_grant"));
    assert!(text(&body, "error_description").contains("expired"));
}

async fn revoke(network: &Network, app: &crate::network::App, token: &str) -> StatusCode {
    network
        .http
        .post(network.at("/oauth/revoke"))
        .basic_auth(&app.id, app.secret.as_ref())
        .form(&[("token", token)])
        .send()
        .await
        .unwrap()
        .status()
}

#[tokio::test]
async fn apps_revoke_their_own_tokens_only() {
    let network = Network::start().await;
    let app = network.app().await;
    let other = network.app().await;
    let tokens = network.connect(&app, "ada").await;
    assert_eq!(revoke(&network, &other, &tokens.access).await, StatusCode::BAD_REQUEST);
    assert_eq!(network.me(&tokens.access).await.0, StatusCode::OK);
    assert_eq!(revoke(&network, &app, "made up").await, StatusCode::OK);

    assert_eq!(revoke(&network, &app, &tokens.access).await, StatusCode::OK);
    assert_eq!(network.me(&tokens.access).await.0, StatusCode::UNAUTHORIZED);
    let (status, body) = network.refresh(&app, &tokens.refresh).await;
    assert_eq!(status, StatusCode::OK);

    let refresh = text(&body, "refresh_token");
    assert_eq!(revoke(&network, &app, &refresh).await, StatusCode::OK);
    let access = text(&body, "access_token");
    assert_eq!(network.me(&access).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(network.refresh(&app, &refresh).await.0, StatusCode::BAD_REQUEST);

    let wrong = network
        .http
        .post(network.at("/oauth/revoke"))
        .basic_auth(&app.id, Some("wrong"))
        .form(&[("token", "x")])
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_account_withdraws_and_the_data_file_holds_no_secret() {
    let network = Network::start().await;
    let app = network.app().await;
    let tokens = network.connect(&app, "ada").await;
    let mut browser = network.browser("ada").await;
    let page = browser.page("/apps").await;
    assert!(page.contains("Test app") && page.contains("Withdraw"));
    let path = format!("/apps/{}/withdraw", app.id);
    assert_eq!(browser.post(&path, &[]).await.status(), StatusCode::SEE_OTHER);
    let (status, body) = network.me(&tokens.access).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(text(&body, "error_description").contains("withdrew"));
    assert!(browser.page("/apps").await.contains("No app may act for you"));

    let stored = std::fs::read_to_string(network.data_file()).unwrap();
    for secret in [
        tokens.access.as_str(),
        &tokens.refresh,
        app.secret.as_deref().unwrap(),
        browser.cookie.as_deref().unwrap().split_once('=').unwrap().1,
        VERIFIER,
    ] {
        assert!(!stored.contains(secret));
    }
    let log = network.json("/log.json").await;
    let logged: &Vec<Value> = log["entries"].as_array().unwrap();
    assert!(!logged.is_empty());
    for secret in [tokens.access.as_str(), &tokens.refresh, app.secret.as_deref().unwrap()] {
        assert!(!log.to_string().contains(secret));
    }
}
