use crate::house::{House, scheduled};
use axum::http::header;
use serde_json::json;
use std::io::Cursor;

fn png(side: u32, shade: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(side, side, image::Rgb([shade, 40, 90]));
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

#[tokio::test]
async fn a_picture_is_taken_in_shown_small_described_and_deleted() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bytes = png(900, 1);
    let file = ada.upload("Grüße.png", &bytes).await;
    assert_eq!(file.status, 201, "{}", file.json);
    let file = file.json;
    assert_eq!((&file["mime"], &file["width"], &file["size"]), (&json!("image/png"), &json!(900), &json!(bytes.len())));

    let original = ada.get(file["url"].as_str().unwrap()).await;
    assert_eq!(original.bytes, bytes);
    assert_eq!(original.headers[header::CONTENT_TYPE], "image/png");
    assert!(original.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
    assert!(original.headers[header::CACHE_CONTROL].to_str().unwrap().starts_with("private"));
    let small = ada.get(file["thumbnail_url"].as_str().unwrap()).await;
    let small = image::load_from_memory(&small.bytes).unwrap();
    assert!(small.width() < 900);

    let id = file["id"].as_str().unwrap();
    let named = ada.patch(&format!("media/{id}"), &json!({ "alt": "A violet square" })).await.ok();
    assert_eq!(named["alt"], "A violet square");
    let wrong = ada.patch(&format!("media/{id}"), &json!({ "alt": "x".repeat(5_001) })).await;
    assert_eq!(wrong.pointers(), ["/alt"]);
    assert_eq!(ada.get("media").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(ada.delete(&format!("media/{id}")).await.status, 204);
    assert_eq!(ada.get(&format!("media/{id}")).await.problem(), (404, "media.unknown"));
}

#[tokio::test]
async fn files_that_are_none_are_refused_with_their_cause() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let picture = png(300, 1);
    let too_large = vec![0_u8; 10 * 1024 * 1024 + 70_000];
    for (name, bytes, status, code) in [
        ("a.png", &b""[..], 422, "media.empty"),
        ("a.png", b"<html>not a picture</html>", 422, "media.mislabelled"),
        ("a.txt", b"only words", 415, "media.unknown_type"),
        ("a.png", &picture[..picture.len() / 2], 422, "media.undecodable"),
        ("a.png", &too_large, 413, "media.too_large"),
    ] {
        let answer = ada.upload(name, bytes).await;
        assert_eq!(answer.problem(), (status, code));
        assert_eq!(answer.pointers(), ["/file"]);
        assert!(answer.json["errors"][0]["fix"].as_str().is_some_and(|fix| !fix.is_empty()));
    }
    assert!(ada.get("media").await.ok()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_a_scheduled_post_needs_is_kept_unless_forced() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let file = ada.upload("a.png", &png(64, 1)).await.ok();
    let id = file["id"].as_str().unwrap();
    let mut post = scheduled(&[channel], "With a picture");
    post["parts"][0]["media"] = json!([{ "id": id, "alt": "here" }]);
    let post = ada.post("posts", &post).await.ok();
    assert_eq!((&post["media_count"], &post["parts"][0]["media"][0]["alt"]), (&json!(1), &json!("here")));
    assert_eq!(ada.delete(&format!("media/{id}")).await.problem(), (409, "media.in_use"));
    assert_eq!(ada.delete(&format!("media/{id}?force=true")).await.status, 204);
}

#[tokio::test]
async fn the_library_comes_in_pages() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    for shade in 0..5 {
        ada.upload("a.png", &png(16, shade)).await.ok();
    }
    let first = ada.get("media?limit=3").await.ok();
    let second = ada.get(&format!("media?limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!((first["items"].as_array().unwrap().len(), second["items"].as_array().unwrap().len()), (3, 2));
    assert!(second.get("next_cursor").is_none());
}
