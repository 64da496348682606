//! The API: posts, pictures, numbers, and who may what.

use std::io::Cursor;

use reqwest::header::WWW_AUTHENTICATE;
use reqwest::multipart::{Form, Part};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::network::{Network, error, text};

fn picture(format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(12, 8).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn upload(network: &Network, access: &str, bytes: Vec<u8>, alt: &str) -> Response {
    // The name and type lie: they must not matter.
    let file = Part::bytes(bytes).file_name("notes.txt").mime_str("text/plain").unwrap();
    network
        .http
        .post(network.at("/api/media"))
        .bearer_auth(access)
        .multipart(Form::new().text("alt", alt.to_owned()).part("file", file))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_post_with_a_picture_and_an_answer() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let grace = network.connect(&app, "grace").await;
    let bytes = picture(image::ImageFormat::Jpeg);
    let answer = upload(&network, &ada.access, bytes.clone(), "A black box").await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let media: Value = answer.json().await.unwrap();
    assert_eq!((&media["type"], &media["width"], &media["height"]), (&json!("image/jpeg"), &json!(12), &json!(8)));
    let answer = network.post(&ada.access, None, json!({"text": "Look", "media_ids": [media["id"]]})).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let post: Value = answer.json().await.unwrap();
    let id = text(&post, "id");
    assert_eq!(post["media"][0]["alt"], "A black box");
    assert_eq!(post["account"]["handle"], "ada");
    assert_eq!(post["thread_id"], post["id"]);
    let served = network.http.get(text(&post["media"][0], "url")).send().await.unwrap();
    assert_eq!(served.headers()["content-type"], "image/jpeg");
    assert_eq!(served.bytes().await.unwrap(), bytes);

    let answer = network.post(&grace.access, None, json!({"text": "Nice", "reply_to": id})).await;
    let reply: Value = answer.json().await.unwrap();
    assert_eq!((&reply["reply_to"], &reply["thread_id"]), (&post["id"], &post["id"]));
    let read: Value = network.get(&format!("/api/posts/{id}"), &grace.access).await.json().await.unwrap();
    assert_eq!(read["replies"], 1);
    let page = network.stranger().page("/").await;
    assert!(page.contains("alt=\"A black box\"") && page.contains("via Test app"));

    // The picture goes with its post.
    let path = network.at(&format!("/api/posts/{id}"));
    let delete = |access: String| network.http.delete(&path).bearer_auth(access).send();
    let refused = delete(grace.access.clone()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let gone = delete(ada.access.clone()).await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let again = delete(ada.access.clone()).await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    let served = network.http.get(text(&post["media"][0], "url")).send().await.unwrap();
    assert_eq!(served.status(), StatusCode::NOT_FOUND);
    assert!(network.stranger().page("/").await.contains("A post was deleted here"));
}

#[tokio::test]
async fn one_key_makes_one_post() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let grace = network.connect(&app, "grace").await;
    let tries = (0..10).map(|_| network.post(&ada.access, Some("k1"), json!({"text": "once"})));
    let mut ids = Vec::new();
    let mut made = 0;
    for answer in futures::future::join_all(tries).await {
        match answer.status() {
            StatusCode::CREATED => made += 1,
            status => {
                assert_eq!(status, StatusCode::OK);
                assert_eq!(answer.headers()["idempotency-replayed"], "true");
            }
        }
        ids.push(text(&answer.json().await.unwrap(), "id"));
    }
    ids.dedup();
    assert_eq!((made, ids.len()), (1, 1));

    let other = network.post(&ada.access, Some("k1"), json!({"text": "twice"})).await;
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(error(&other.json().await.unwrap()), "idempotency_key_reused");
    let other = network.post(&grace.access, Some("k1"), json!({"text": "once"})).await;
    assert_eq!(other.status(), StatusCode::CREATED);
    let plain = network.post(&ada.access, None, json!({"text": "once"})).await;
    assert_eq!(plain.status(), StatusCode::CREATED);

    network.pass(24 * 3600 + 1);
    let (_, renewed) = network.refresh(&app, &ada.refresh).await;
    let later = network.post(&text(&renewed, "access_token"), Some("k1"), json!({"text": "once"})).await;
    assert_eq!(later.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn lists_go_back_page_by_page() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    for number in 0..5 {
        let made = network.post(&ada.access, None, json!({"text": format!("post {number}")})).await;
        assert_eq!(made.status(), StatusCode::CREATED);
    }
    let mut texts = Vec::new();
    let mut path = "/api/posts?account=me&limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page: Value = network.get(&path, &ada.access).await.json().await.unwrap();
        pages += 1;
        texts.extend(page["posts"].as_array().unwrap().iter().map(|post| text(post, "text")));
        match page["next_before"].as_str() {
            Some(next) => path = format!("/api/posts?account=me&limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(texts, ["post 4", "post 3", "post 2", "post 1", "post 0"]);
    let other: Value = network.get("/api/posts?account=grace", &ada.access).await.json().await.unwrap();
    assert_eq!(other["posts"], json!([]));
    for bad in ["limit=0", "limit=1000", "limit=x", "before=x"] {
        let answer = network.get(&format!("/api/posts?{bad}"), &ada.access).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad}");
        assert_eq!(error(&answer.json().await.unwrap()), "invalid_request");
    }
}

#[tokio::test]
async fn numbers_count_what_people_do() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let post: Value = network.post(&ada.access, None, json!({"text": "count me"})).await.json().await.unwrap();
    let id = text(&post, "id");
    let mut grace = network.browser("grace").await;
    grace.page(&format!("/post/{id}")).await;
    grace.page("/").await;
    let like = format!("/post/{id}/like");
    assert_eq!(grace.post(&like, &[]).await.status(), StatusCode::SEE_OTHER);
    let numbers = |path: String| {
        let (network, access) = (&network, ada.access.clone());
        async move { network.get(&path, &access).await.json::<Value>().await.unwrap() }
    };
    let of_post = json!({"likes": 1, "replies": 0, "reposts": 0, "views": 2});
    assert_eq!(numbers(format!("/api/posts/{id}/metrics")).await, of_post);
    let of_account = json!({"posts": 1, "likes": 1, "replies": 0, "reposts": 0, "views": 2});
    assert_eq!(numbers("/api/me/metrics".to_owned()).await, of_account);
    assert!(grace.page("/").await.contains("aria-pressed=\"true\""));
    grace.post(&like, &[]).await;
    let after = numbers(format!("/api/posts/{id}/metrics")).await;
    assert_eq!(after["likes"], 0);
}

#[tokio::test]
async fn a_post_of_anybody_is_reposted_once_and_shows_by_whom() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let grace = network.connect(&app, "grace").await;
    let post: Value = network.post(&ada.access, None, json!({"text": "spread me"})).await.json().await.unwrap();
    let id = text(&post, "id");
    let repost = async |post: &str| {
        let request = network.http.post(network.at(&format!("/api/posts/{post}/repost")));
        request.bearer_auth(&grace.access).send().await.unwrap()
    };
    let first: Value = repost(&id).await.json().await.unwrap();
    let second: Value = repost(&id).await.json().await.unwrap();
    assert_eq!((&first, text(&first, "url")), (&second, text(&post, "url")));
    let numbers: Value = network.get(&format!("/api/posts/{id}/metrics"), &ada.access).await.json().await.unwrap();
    assert_eq!(numbers["reposts"], 1);
    let page = network.browser("ada").await.page("/").await;
    assert_eq!(page.matches("Reposted by").count(), 1);
    assert_eq!(repost("999").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn content_is_checked() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let grace = network.connect(&app, "grace").await;
    let bytes = picture(image::ImageFormat::Png);
    let of_grace: Value = upload(&network, &grace.access, bytes.clone(), "").await.json().await.unwrap();
    let used: Value = upload(&network, &ada.access, bytes, "").await.json().await.unwrap();
    let first = network.post(&ada.access, None, json!({"media_ids": [used["id"]]})).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    for (body, expected) in [
        (json!({"text": "x".repeat(501)}), "text_too_long"),
        (json!({"text": "  "}), "empty_post"),
        (json!({"text": "x", "media_ids": ["1", "2", "3", "4", "5"]}), "too_many_media"),
        (json!({"text": "x", "media_ids": ["nothing"]}), "media_not_usable"),
        (json!({"text": "x", "media_ids": [of_grace["id"]]}), "media_not_usable"),
        (json!({"text": "x", "media_ids": [used["id"]]}), "media_not_usable"),
        (json!({"text": "x", "reply_to": "999"}), "reply_to_not_found"),
        (json!({"text": "x", "reply_to": "abc"}), "reply_to_not_found"),
    ] {
        let answer = network.post(&ada.access, None, body.clone()).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(error(&answer.json().await.unwrap()), expected, "{body}");
    }
    let unknown = network.post(&ada.access, None, json!({"texts": "x"})).await;
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    let longest = network.post(&ada.access, None, json!({"text": "👩‍🚀".repeat(500)})).await;
    assert_eq!(longest.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn uploads_are_checked() {
    let network = Network::start().await;
    let app = network.app().await;
    let ada = network.connect(&app, "ada").await;
    let mut cut = picture(image::ImageFormat::Png);
    cut.truncate(20);
    for (bytes, alt, status, expected) in [
        (b"<svg/>".to_vec(), "", 422, "unsupported_media"),
        (picture(image::ImageFormat::Bmp), "", 422, "unsupported_media"),
        (cut, "", 422, "damaged_media"),
        (vec![0; 10 * 1024 * 1024 + 1], "", 413, "payload_too_large"),
        (vec![0; 12 * 1024 * 1024], "", 413, "payload_too_large"),
    ] {
        let answer = upload(&network, &ada.access, bytes, alt).await;
        assert_eq!(answer.status().as_u16(), status, "{expected}");
        assert_eq!(error(&answer.json().await.unwrap()), expected);
    }
    let long = upload(&network, &ada.access, picture(image::ImageFormat::Gif), &"x".repeat(1501)).await;
    assert_eq!(error(&long.json().await.unwrap()), "alt_too_long");
    let no_file = network
        .http
        .post(network.at("/api/media"))
        .bearer_auth(&ada.access)
        .multipart(Form::new().text("alt", "nothing"))
        .send()
        .await
        .unwrap();
    assert_eq!(error(&no_file.json().await.unwrap()), "no_file");
}

#[tokio::test]
async fn each_endpoint_needs_its_permission() {
    let network = Network::start().await;
    let app = network.app().await;
    let browser = network.browser("ada").await;
    for (scope, path) in
        [("profile", "/api/me"), ("posts:read", "/api/posts?account=me"), ("metrics:read", "/api/me/metrics")]
    {
        for granted in ["profile", "posts:read", "metrics:read"] {
            let code = browser.allow(&app, &[granted]).await;
            let (_, body) = network.exchange(&app, &code).await;
            let answer = network.get(path, &text(&body, "access_token")).await;
            if granted == scope {
                assert_eq!(answer.status(), StatusCode::OK, "{path}");
                continue;
            }
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
            let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
            assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{challenge}");
            assert_eq!(error(&answer.json().await.unwrap()), "insufficient_scope");
        }
    }
    let code = browser.allow(&app, &["profile"]).await;
    let (_, body) = network.exchange(&app, &code).await;
    let access = text(&body, "access_token");
    let refused = network.post(&access, None, json!({"text": "x"})).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let refused = upload(&network, &access, picture(image::ImageFormat::Png), "").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    for authorization in [None, Some("Bearer made-up"), Some("Basic x")] {
        let mut request = network.http.get(network.at("/api/me"));
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers()[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Bearer"));
        assert_eq!(error(&answer.json().await.unwrap()), "invalid_token");
    }
}

#[tokio::test]
async fn the_session_of_a_browser_is_as_good_as_a_token_to_programs_and_to_own_pages_only() {
    let network = Network::start().await;
    let browser = network.browser("ada").await;
    let cookie = browser.cookie.clone().unwrap();
    let me = || network.http.get(network.at("/api/me")).header("cookie", &cookie);
    let answer = me().send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(text(&answer.json().await.unwrap(), "handle"), "ada");
    let post = network.http.post(network.at("/api/posts")).header("cookie", &cookie);
    let answer = post.json(&json!({"text": "By session", "media_ids": []})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    // Pages of others make browsers send it, too.
    for (name, value) in
        [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let answer = me().header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{name}: {value}");
    }
    assert_eq!(me().header("origin", &network.origin).send().await.unwrap().status(), StatusCode::OK);
    // It speaks for a person, not for an app that could act as pages.
    let pages = network.http.get(network.at("/api/pages")).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(pages.status(), StatusCode::UNAUTHORIZED);
    browser.send("/sign-out", &[]).await;
    let answer = me().send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(error(&answer.json().await.unwrap()), "invalid_token");
}
