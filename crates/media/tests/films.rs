//! Videos in the library: real ones, made by ffmpeg, and files that only look like them.
#![allow(clippy::unwrap_used)]

mod made;

use crier_media::{MediaError, MediaRefusal};
use crier_model::FrameRate;
use made::{House, Take, film};

#[tokio::test]
async fn a_video_says_how_long_and_large_it_is_and_what_it_is_coded_in() {
    let house = House::new().await;
    let cases: [(Take, &str, &[&str]); 4] = [
        (Take::new("mp4", &["-c:v", "libx264", "-c:a", "aac"]), "video/mp4", &["h264", "aac"]),
        (Take::new("mov", &["-c:v", "libx265", "-c:a", "aac"]), "video/quicktime", &["hevc", "aac"]),
        (Take::new("webm", &["-c:v", "libvpx-vp9", "-c:a", "libopus"]), "video/webm", &["vp9", "opus"]),
        (
            Take::new("mp4", &["-c:v", "libx264", "-c:a", "libmp3lame", "-movflags", "frag_keyframe+empty_moov"]),
            "video/mp4",
            &["h264", "mp3"],
        ),
    ];
    for (take, mime, codecs) in cases {
        let bytes = film(&take);
        // The name says nothing.
        let media = house.add("holiday.dat", bytes).await.unwrap_or_else(|error| panic!("{take:?}: {error}"));
        assert_eq!(media.mime, mime, "{take:?}");
        assert_eq!((media.width, media.height), (Some(320), Some(180)), "{take:?}");
        assert_eq!(media.codecs, codecs, "{take:?}");
        assert_eq!(media.frame_rate, Some(FrameRate::per_second(25)), "{take:?}");
        let lasts = media.duration_ms.unwrap();
        assert!((1900..=2200).contains(&lasts), "{take:?}: {lasts}");
    }
}

#[tokio::test]
async fn a_video_says_how_many_frames_a_second_it_has_on_the_average() {
    let house = House::new().await;
    let rate = async |name: &str, take: &Take| house.add(name, film(take)).await.unwrap().frame_rate.unwrap();
    let h264: &[&str] = &["-c:v", "libx264", "-an"];
    let ntsc = Take { rate: "30000/1001", ..Take::new("mp4", h264) };
    assert_eq!(rate("ntsc.mp4", &ntsc).await.to_string(), "29.97");
    let fast = Take { rate: "120", ..Take::new("mov", h264) };
    assert_eq!(rate("fast.mov", &fast).await, FrameRate::per_second(120));
    let fast = Take { rate: "90", ..Take::new("webm", &["-c:v", "libvpx", "-an"]) };
    assert_eq!(rate("fast.webm", &fast).await.rounded(), 90);
    let pieces = ["-c:v", "libx264", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"];
    let pieces = Take { rate: "90", ..Take::new("mp4", &pieces) };
    assert_eq!(rate("pieces.mp4", &pieces).await.rounded(), 90);
    // The first second at 60, the next at 15.
    let varied = ["-vf", "select='lt(t,1)+not(mod(n,4))'", "-fps_mode", "vfr", "-c:v", "libx264", "-an"];
    let varied = Take { rate: "60", ..Take::new("mp4", &varied) };
    assert!((37..=42).contains(&rate("varied.mp4", &varied).await.rounded()));
}

#[tokio::test]
async fn a_video_that_was_filmed_upright_is_upright() {
    let house = House::new().await;
    let flat = film(&Take::new("mp4", &["-c:v", "libx264", "-an"]));
    let turned = made::turned(&flat);
    let media = house.add("a.mp4", turned).await.unwrap();
    assert_eq!((media.width, media.height), (Some(180), Some(320)));
}

#[tokio::test]
async fn what_only_looks_like_a_video_is_refused_with_why() {
    let house = House::new().await;
    let refused = async |name: &str, bytes: &[u8]| match house.add(name, bytes.to_vec()).await {
        Err(MediaError::Refused(refusal)) => refusal,
        other => panic!("{name}: {other:?}"),
    };
    let whole = film(&Take::new("mp4", &["-c:v", "libx264", "-an", "-movflags", "+faststart"]));
    for lost in [1, whole.len() / 2, whole.len() - 40] {
        let cut = refused("cut.mp4", &whole[..whole.len() - lost]).await;
        assert_eq!(cut.code(), "media.undecodable", "{lost} bytes");
    }
    let webm = film(&Take::new("webm", &["-c:v", "libvpx-vp9", "-an"]));
    assert_eq!(refused("cut.webm", &webm[..webm.len() / 2]).await.code(), "media.undecodable");
    let playlist = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n".repeat(200);
    assert_eq!(refused("a.mp4", &playlist).await, MediaRefusal::Mislabelled { declared: "video/mp4" });
    let list = b"ffconcat version 1.0\nfile /etc/passwd\n";
    assert_eq!(refused("a.ffconcat", list).await, MediaRefusal::UnknownType);
    let sound = film(&Take::new("m4a", &["-vn", "-c:a", "aac"]));
    assert_eq!(refused("a.m4a", &sound).await, MediaRefusal::UnknownType);
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".repeat(8);
    assert_eq!(refused("IMG_1.HEIC", &heic).await, MediaRefusal::Heic, "nothing here reads it");
    let mkv = film(&Take::new("mkv", &["-c:v", "libx264", "-an"]));
    assert_eq!(refused("a.mkv", &mkv).await, MediaRefusal::UnknownType);
    // Boxes that claim to be larger than any file, and none at all.
    let mut huge = whole[..32].to_vec();
    huge.extend([0, 0, 0, 1]);
    huge.extend(b"moov");
    huge.extend([0xFF; 8]);
    assert_eq!(refused("huge.mp4", &huge).await.code(), "media.undecodable");
    assert_eq!(refused("head.mp4", &whole[..32]).await.code(), "media.undecodable");
    assert_eq!(house.files(), 0, "nothing is left behind");
}
