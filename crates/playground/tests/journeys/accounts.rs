//! Signing up, in and out.

use reqwest::StatusCode;

use crate::network::{Network, between};

#[tokio::test]
async fn sign_up_sign_out_sign_in() {
    let network = Network::start().await;
    let mut browser = network.stranger();
    let form = [("handle", "@Linus"), ("name", "Linus <b>"), ("password", "penguins!"), ("return_to", "/apps")];
    let answer = browser.post("/sign-up", &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/apps");
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("playground_session="));
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"));
    assert!(browser.page("/@linus").await.contains("Linus &lt;b&gt;"));
    let old = browser.cookie.clone();

    browser.post("/sign-out", &[]).await;
    assert!(browser.cookie.is_none());
    // The cookie is dead on the server, too.
    browser.cookie = old;
    assert!(!browser.page("/").await.contains("Sign out"));

    let wrong = [("handle", "linus"), ("password", "pinguins!")];
    let answer = browser.post("/sign-in", &wrong).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().await.unwrap().contains("do not belong together"));
    let right = [("handle", "LINUS"), ("password", "penguins!")];
    assert_eq!(browser.post("/sign-in", &right).await.status(), StatusCode::SEE_OTHER);
    assert!(browser.page("/").await.contains("Sign out"));
}

#[tokio::test]
async fn sign_up_says_what_is_wrong() {
    let network = Network::start().await;
    let mut browser = network.stranger();
    for (handle, name, password, words) in [
        ("a", "A", "long enough", "Choose a handle"),
        ("ada", "A", "long enough", "@ada is taken"),
        ("linus", "", "long enough", "Enter a name"),
        ("linus", "L", "short", "at least 8"),
    ] {
        let form = [("handle", handle), ("name", name), ("password", password)];
        let answer = browser.post("/sign-up", &form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().await.unwrap().contains(words), "{words}");
    }
}

#[tokio::test]
async fn one_click_is_for_demo_accounts_only_and_leads_nowhere_else() {
    let network = Network::start().await;
    let mut browser = network.stranger();
    let form = [("handle", "linus"), ("name", "Linus"), ("password", "penguins!")];
    browser.post("/sign-up", &form).await;
    let mut other = network.stranger();
    for account in ["3", "99", "", "x"] {
        let answer = other.post("/sign-in/demo", &[("account", account)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{account}");
        assert!(other.cookie.is_none());
    }
    // Nor can a demo account be signed in to with an empty password.
    let answer = other.post("/sign-in", &[("handle", "ada"), ("password", "")]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    for target in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let form = [("account", "1"), ("return_to", target)];
        let answer = other.post("/sign-in/demo", &form).await;
        assert_eq!(answer.headers()["location"], "/");
    }
}

#[tokio::test]
async fn the_developer_console_shows_a_secret_once() {
    let network = Network::start().await;
    let mut browser = network.browser("ada").await;
    let form = [
        ("name", "My scheduler"),
        ("redirect_uris", "http://127.0.0.1:9/return\r\nhttps://x.example/r"),
        ("kind", "confidential"),
    ];
    let page = browser.post("/apps", &form).await.text().await.unwrap();
    let id = between(&page, "Client id</dt><dd><code>", "<");
    let secret = between(&page, "Client secret</dt><dd><code>", "<");
    assert!(secret.starts_with("pgs_"));
    let later = browser.page("/apps").await;
    assert!(later.contains(&id) && later.contains("https://x.example/r") && !later.contains(&secret));

    let app = crate::network::App { id: id.clone(), secret: Some(secret) };
    network.connect(&app, "grace").await;
    let path = format!("/apps/{id}/secret");
    let mut grace = network.browser("grace").await;
    assert_eq!(grace.post(&path, &[]).await.status(), StatusCode::NOT_FOUND);
    let page = browser.post(&path, &[]).await.text().await.unwrap();
    let fresh = between(&page, "Client secret</dt><dd><code>", "<");
    let (status, _) = network.refresh(&app, "x").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let app = crate::network::App { id: id.clone(), secret: Some(fresh) };
    let tokens = network.connect(&app, "grace").await;

    let path = format!("/apps/{id}/remove");
    assert_eq!(grace.post(&path, &[]).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(browser.post(&path, &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(network.me(&tokens.access).await.0, StatusCode::UNAUTHORIZED);

    let bad = [("name", "Bad"), ("redirect_uris", "nonsense")];
    let answer = browser.post("/apps", &bad).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().await.unwrap().contains("nonsense"));
}
