use crate::house::{House, ORIGIN, scheduled};
use axum::http::{HeaderMap, Method, header};
use crier_api::Registration;
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
    let too_large = [&picture[..], &vec![0_u8; 10 * 1024 * 1024]].concat();
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

/// Two seconds, made by ffmpeg, which `script/bootstrap test` installs.
fn film() -> Vec<u8> {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("a.mp4");
    let picture = ["-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x180:duration=2", "-pix_fmt", "yuv420p"];
    let made = std::process::Command::new("ffmpeg").args(picture).arg(&file).status();
    assert!(made.expect("ffmpeg is needed for this test").success());
    std::fs::read(file).unwrap()
}

#[tokio::test]
async fn a_video_is_taken_in_and_sent_whole_or_in_pieces() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bytes = film();
    let file = ada.upload("holiday.mov", &bytes).await;
    assert_eq!(file.status, 201, "{}", file.json);
    let file = file.json;
    assert_eq!((&file["name"], &file["mime"]), (&json!("holiday.mp4"), &json!("video/mp4")));
    assert_eq!((&file["width"], &file["duration_ms"], &file["codecs"]), (&json!(320), &json!(2000), &json!(["h264"])));
    assert_eq!((&file["frame_rate"], &file["thumbnail_url"]), (&json!(25.0), &json!(null)));
    let url = file["url"].as_str().unwrap();
    let whole = ada.get(url).await;
    assert_eq!(whole.status.as_u16(), 200);
    assert_eq!(whole.headers[header::ACCEPT_RANGES], "bytes");
    assert_eq!(whole.bytes, bytes);
    let mut asking = ada.headers.clone();
    asking.insert(header::RANGE, "bytes=4-7".parse().unwrap());
    let piece = house.ask(Method::GET, url, &asking, None).await;
    assert_eq!((piece.status.as_u16(), &piece.bytes[..]), (206, &b"ftyp"[..]));
    assert_eq!(piece.headers[header::CONTENT_RANGE], format!("bytes 4-7/{}", bytes.len()).as_str());
    let id = file["id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("media/{id}/thumbnail")).await.problem(), (404, "media.no_picture"));
}

#[tokio::test]
async fn what_becomes_of_each_file_is_said_before_it_is_scheduled() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel_on("friendica", ada.workspace, "news", None).await;
    let mut bmp = Cursor::new(Vec::new());
    image::RgbImage::new(30, 20).write_to(&mut bmp, image::ImageFormat::Bmp).unwrap();
    let mut media = Vec::new();
    for (name, bytes) in [("a.png", png(30, 1)), ("b.bmp", bmp.into_inner()), ("c.mp4", film())] {
        media.push(json!({ "id": ada.upload(name, &bytes).await.json["id"] }));
    }
    let mut body = scheduled(&[channel], "Hello");
    body["parts"][0]["media"] = json!(media);
    let check = ada.post("posts/check", &body).await.ok();
    let files = &check["channels"][0]["parts"][0]["files"];
    let kinds: Vec<_> = files.as_array().unwrap().iter().map(|fit| fit["kind"].as_str().unwrap()).collect();
    // Pictures of other types are taken there, and no videos.
    assert_eq!(kinds, ["as_it_is", "made", "not"], "{check}");
    assert_eq!(files[1]["mime"][0], "image/jpeg");
    let problems = check["channels"][0]["problems"].as_array().unwrap();
    assert_eq!((problems.len(), &problems[0]["pointer"]), (1, &json!("/parts/0/media/2")), "{check}");
}

#[tokio::test]
async fn strangers_get_a_file_by_its_whole_address_for_as_long_as_it_is_there() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bytes = png(30, 7);
    let file = ada.upload("a.png", &bytes).await.ok();
    let key = format!("{}/media/{}.png", ada.workspace, file["id"].as_str().unwrap());
    let address = house.library.address(&key, false).unwrap();
    let path = address.strip_prefix(ORIGIN).unwrap();
    assert!(path.starts_with("/files/") && path.ends_with(&key), "{path}");

    let nobody = HeaderMap::new();
    let whole = house.ask(Method::GET, path, &nobody, None).await;
    assert_eq!((whole.status.as_u16(), &whole.bytes), (200, &bytes));
    assert_eq!(whole.headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(whole.headers["cross-origin-resource-policy"], "cross-origin");
    let mut some = HeaderMap::new();
    some.insert(header::RANGE, "bytes=1-3".parse().unwrap());
    let some = house.ask(Method::GET, path, &some, None).await;
    assert_eq!((some.status.as_u16(), some.bytes.as_slice()), (206, &b"PNG"[..]));
    let head = house.ask(Method::HEAD, path, &nobody, None).await;
    assert_eq!((head.status.as_u16(), head.bytes.len()), (200, 0));
    assert_eq!(head.headers[header::CONTENT_LENGTH], bytes.len().to_string());

    let proof = path.split('/').nth(2).unwrap();
    let other = format!("{}/thumbnails/{}", ada.workspace, file["id"].as_str().unwrap());
    for wrong in
        [format!("/files/{proof}/{other}"), format!("/files/{}/{key}", "0".repeat(32)), format!("/files//{key}")]
    {
        assert_eq!(house.ask(Method::GET, &wrong, &nobody, None).await.status, 404, "{wrong}");
    }
    assert_eq!(ada.delete(&format!("media/{}", file["id"].as_str().unwrap())).await.status, 204);
    assert_eq!(house.ask(Method::GET, path, &nobody, None).await.problem(), (404, "media.gone"));
}

#[tokio::test]
async fn files_have_addresses_for_networks_only_where_strangers_reach_the_server() {
    for (origin, warned) in [(ORIGIN, false), ("http://127.0.0.1:4800", true), ("https://crier.lan", true)] {
        let house = House::with(Registration::Open, origin).await;
        let ada = house.person("ada@example.org").await;
        let channel = house.channel(ada.workspace, "news").await;
        let file = ada.upload("a.png", &png(30, 7)).await.ok();
        let mut body = scheduled(&[channel], "Look");
        body["parts"][0]["media"] = json!([{ "id": file["id"] }]);
        let check = ada.post("posts/check", &body).await.ok();
        let said = check["channels"][0]["problems"].as_array().unwrap();
        assert_eq!(said.iter().any(|problem| problem["code"] == "media.not_public"), warned, "{origin}: {check}");
    }
}
