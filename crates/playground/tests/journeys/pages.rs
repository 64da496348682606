//! The pages: what they show, who may send them forms, and how they stay fresh.

use futures::StreamExt as _;
use reqwest::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::network::{Network, text};

#[tokio::test]
async fn every_page_has_a_strict_policy_and_no_inline_code() {
    let network = Network::start().await;
    let browser = network.browser("ada").await;
    for path in ["/", "/@ada", "/sign-in", "/sign-up", "/apps", "/faults", "/nowhere"] {
        let answer = browser.get(path).await;
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let page = answer.text().await.unwrap();
        assert!(page.contains("<html lang=\"en\">") && page.contains("<h1"), "{path}");
        assert!(!page.contains("style=") && !page.contains("onclick") && !page.contains("<script>"));
    }
}

#[tokio::test]
async fn posts_are_written_with_pictures_answered_and_deleted() {
    let network = Network::start().await;
    let mut browser = network.browser("ada").await;
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(4, 4).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let form = Form::new()
        .text("back", "/")
        .text("text", "Two\r\nlines <script>")
        .part("file", Part::bytes(Vec::new()).file_name(""))
        .text("alt", "")
        .part("file", Part::bytes(bytes.into_inner()).file_name("x.png"))
        .text("alt", "Four by four");
    let answer = network
        .http
        .post(network.at("/posts"))
        .header("origin", &network.origin)
        .header("cookie", browser.cookie.as_deref().unwrap())
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/#post-1");
    let page = browser.page("/post/1").await;
    assert!(page.contains("Two\nlines &lt;script&gt;") && page.contains("alt=\"Four by four\""));

    let grace = network.browser("grace").await;
    let form = Form::new().text("text", "Answer").text("reply_to", "1").text("back", "/post/1");
    network
        .http
        .post(network.at("/posts"))
        .header("origin", &network.origin)
        .header("cookie", grace.cookie.as_deref().unwrap())
        .multipart(form)
        .send()
        .await
        .unwrap();
    let page = network.stranger().page("/").await;
    assert!(page.find("Two\nlines").unwrap() < page.find("Answer").unwrap());
    assert_eq!(page.matches("<li class=\"thread\">").count(), 1);

    let mut grace = grace;
    let delete = grace.post("/post/1/delete", &[]).await;
    assert_eq!(delete.status(), StatusCode::NOT_FOUND);
    let delete = browser.post("/post/1/delete", &[("back", "/post/1")]).await;
    assert_eq!(delete.headers()["location"], "/");
    assert_eq!(browser.get("/post/1").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_open_timeline_hears_of_a_post_and_of_the_end() {
    let mut network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let events = network.http.get(network.at("/events")).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let mut events = events.bytes_stream();
    let made = network.post(&ada.access, None, json!({"text": "news"})).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let event = events.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&event).contains("event: timeline"));
    // An open stream does not keep the server from ending.
    network.end().await;
    while let Some(rest) = events.next().await {
        assert!(rest.is_ok());
    }
}

#[tokio::test]
async fn refreshing_counts_no_views() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    network.post(&ada.access, None, json!({"text": "x"})).await;
    network.http.get(network.at("/")).header("x-playground-refresh", "1").send().await.unwrap();
    let post: serde_json::Value = network.get("/api/posts/1", &ada.access).await.json().await.unwrap();
    assert_eq!((text(&post, "text").as_str(), &post["views"]), ("x", &json!(0)));
}

#[tokio::test]
async fn the_timeline_goes_back_in_time() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    for number in 1..=30 {
        network.post(&ada.access, None, json!({"text": format!("number {number}.")})).await;
    }
    let page = network.stranger().page("/").await;
    assert!(page.contains("number 30.") && page.contains("number 6.") && !page.contains("number 5."));
    assert!(page.contains("/?before=6"));
    let page = network.stranger().page("/?before=6").await;
    assert!(page.contains("number 5.") && page.contains("number 1.") && !page.contains("number 6."));
    assert!(!page.contains("Older posts"));
}

#[tokio::test]
async fn another_name_for_the_host_is_sent_home_or_refused() {
    let network = Network::start().await;
    let ask = |path: &str, method: reqwest::Method| {
        network
            .http
            .request(method, network.at(path))
            .header("host", "rebound.example")
            .header("origin", "http://rebound.example")
            .send()
    };
    let answer = ask("/@ada", reqwest::Method::GET).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.headers()["location"], network.at("/@ada"));
    for (path, method) in [
        ("/sign-in/demo", reqwest::Method::POST),
        ("/faults.json", reqwest::Method::DELETE),
        ("/log.json", reqwest::Method::GET),
    ] {
        let answer = ask(path, method).await.unwrap();
        assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
}
