//! The consent page: allowed, denied, twice, in part, as somebody else.

use reqwest::StatusCode;
use reqwest::header::ORIGIN;

use crate::network::{Network, authorize, location, param};

#[tokio::test]
async fn a_second_answer_goes_where_the_first_went() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let ticket = browser.ticket(&app).await;
    let clicks = (0..8).map(|_| browser.answer(&ticket, "allow", &["profile"]));
    let ways = futures::future::join_all(clicks).await;
    let first = ways.first().unwrap();
    assert!(param(first, "code").is_some());
    assert!(ways.iter().all(|way| way == first));
    // A change of mind comes too late.
    assert_eq!(&browser.answer(&ticket, "deny", &[]).await, first);
    let (status, _) = network.exchange(&app, &param(first, "code").unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    // The back button after all is done.
    assert_eq!(&browser.answer(&ticket, "allow", &["profile"]).await, first);
}

#[tokio::test]
async fn a_reload_of_the_page_is_a_new_question() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let first = browser.allow(&app, &["profile"]).await;
    let second = browser.allow(&app, &["profile"]).await;
    assert_ne!(first, second);
    for code in [first, second] {
        assert_eq!(network.exchange(&app, &code).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn denial_goes_back_to_the_app() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let ticket = browser.ticket(&app).await;
    let to = browser.answer(&ticket, "deny", &["profile"]).await;
    assert_eq!(param(&to, "error").as_deref(), Some("access_denied"));
    assert_eq!(param(&to, "state").as_deref(), Some("the state"));
    assert!(param(&to, "code").is_none());
    // So does giving nothing.
    let ticket = browser.ticket(&app).await;
    let to = browser.answer(&ticket, "allow", &[]).await;
    assert_eq!(param(&to, "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn only_what_was_asked_for_and_ticked_is_granted() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let page = browser.page(&authorize(&app.id, &[("scope", "profile posts:read")])).await;
    let ticket = crate::network::between(&page, "name=\"ticket\" value=\"", "\"");
    let to = browser.answer(&ticket, "allow", &["posts:read", "posts:write"]).await;
    let (_, body) = network.exchange(&app, &param(&to, "code").unwrap()).await;
    assert_eq!(body["scope"], "posts:read");
}

#[tokio::test]
async fn a_page_opened_as_somebody_else_grants_nothing() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.browser("ada").await;
    let ticket = ada.ticket(&app).await;
    let form = [("ticket", ticket.as_str()), ("decision", "allow"), ("scope", "profile")];
    let grace = network.browser("grace").await;
    assert_eq!(grace.send("/oauth/authorize", &form).await.status(), StatusCode::CONFLICT);
    assert_eq!(network.stranger().send("/oauth/authorize", &form).await.status(), StatusCode::CONFLICT);
    assert!(param(&ada.answer(&ticket, "allow", &["profile"]).await, "code").is_some());
}

#[tokio::test]
async fn forms_of_other_sites_and_old_pages_are_refused() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    let ticket = browser.ticket(&app).await;
    let form = [("ticket", ticket.as_str()), ("decision", "allow"), ("scope", "profile")];
    for origin in [Some("http://evil.example"), Some("null"), None] {
        let mut request = network
            .http
            .post(network.at("/oauth/authorize"))
            .header("cookie", browser.cookie.as_deref().unwrap())
            .form(&form);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin:?}");
    }
    network.pass(3601);
    assert_eq!(browser.send("/oauth/authorize", &form).await.status(), StatusCode::GONE);
    let unknown = [("ticket", "made up"), ("decision", "allow")];
    assert_eq!(browser.send("/oauth/authorize", &unknown).await.status(), StatusCode::GONE);
    let undecided = [("ticket", ticket.as_str())];
    assert_eq!(browser.send("/oauth/authorize", &undecided).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn another_account_can_be_chosen() {
    let network = Network::start().await;
    let app = network.app().await;
    let mut browser = network.browser("ada").await;
    let wanted = authorize(&app.id, &[]);
    let answer = browser.post("/sign-in/demo", &[("account", "2"), ("return_to", &wanted)]).await;
    assert_eq!(answer.headers()["location"], wanted.as_str());
    let code = browser.allow(&app, &["profile"]).await;
    let (_, body) = network.exchange(&app, &code).await;
    let (_, me) = network.me(body["access_token"].as_str().unwrap()).await;
    assert_eq!(me["handle"], "grace");
    // An app that was removed between the page and the answer gets nothing.
    let to = location(&browser.get(&authorize(&app.id, &[("scope", "nonsense")])).await);
    assert_eq!(param(&to, "error").as_deref(), Some("invalid_scope"));
}
