//! What is made of files so that networks take them.
#![allow(clippy::unwrap_used)]

mod made;

use crier_media::{Ffmpeg, MediaError, ProgramLimits};
use crier_model::{FrameRate, rendition::Recipe};
use crier_store::{
    events,
    media::{self, Media},
};
use image::{DynamicImage, ImageFormat, RgbImage};
use made::{House, Take, film};
use std::{io::Cursor, time::Duration};

fn ffmpeg(limits: ProgramLimits) -> Option<Ffmpeg> {
    Some(Ffmpeg::find(None, limits).expect("ffmpeg is needed for this test: script/bootstrap test installs it"))
}

async fn house() -> House {
    let mut house = House::new().await;
    house.library = house.library.with_ffmpeg(ffmpeg(ProgramLimits::default()));
    house
}

fn recipe(mime: &str, max_bytes: u64, size: Option<(u32, u32)>) -> Recipe {
    let (width, height) = size.unzip();
    Recipe { mime: vec![mime.to_owned()], max_bytes, width, height, frame_rate: None }
}

fn bmp() -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = DynamicImage::from(RgbImage::from_fn(600, 400, |x, y| image::Rgb([(x / 3) as u8, (y / 2) as u8, 90])));
    image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Bmp).unwrap();
    bytes
}

#[tokio::test]
async fn what_fits_is_made_once_and_goes_with_its_file() {
    let house = house().await;
    let file = house.add("a.bmp", bmp()).await.unwrap();
    let before = house.files();
    let small = recipe("image/jpeg", 20_000, Some((300, 200)));
    let (one, other) = tokio::join!(house.library.made(&file, &small), house.library.made(&file, &small));
    let made = one.unwrap();
    assert_eq!(made, other.unwrap());
    assert_eq!((made.mime.as_str(), made.width, made.height), ("image/jpeg", Some(300), Some(200)));
    assert!(made.size <= 20_000);
    assert_eq!(house.files(), before + 1);
    assert_eq!(house.library.storage().get(&made.storage_key).await.unwrap().len() as u64, made.size);
    // Lost bytes are made anew.
    std::fs::remove_file(house.folder.path().join(&made.storage_key)).unwrap();
    assert_eq!(house.library.made(&file, &small).await.unwrap(), made);
    assert_eq!(house.files(), before + 1);
    house.library.delete(house.workspace, file.id, false).await.unwrap();
    assert_eq!(house.files(), 0);
    assert_eq!(media::renditions(&house.store, file.id).await.unwrap(), []);
}

#[tokio::test]
async fn an_avif_picture_is_read_and_made_into_another() {
    let house = house().await;
    let still: &[&str] = &["-an", "-frames:v", "1", "-c:v", "libaom-av1", "-still-picture", "1"];
    let file = house.add("a.avif", film(&Take::new("avif", still))).await.unwrap();
    assert_eq!((file.mime.as_str(), file.width, file.height), ("image/avif", Some(320), Some(180)));
    assert_eq!(file.duration_ms, None);
    let made = house.library.made(&file, &recipe("image/jpeg", 100_000, None)).await.unwrap();
    let jpeg = image::load_from_memory(&house.library.storage().get(&made.storage_key).await.unwrap()).unwrap();
    // What ffmpeg itself reads in it, at a few places.
    let png = made::converted(&film(&Take::new("avif", still)), "avif", "png");
    let (jpeg, png) = (jpeg.to_rgb8(), image::load_from_memory(&png).unwrap().to_rgb8());
    for (x, y) in [(20, 20), (160, 90), (300, 20), (40, 150), (250, 120)] {
        let apart = jpeg.get_pixel(x, y).0.iter().zip(png.get_pixel(x, y).0).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(apart < 40, "{x} {y}: {:?} {:?}", jpeg.get_pixel(x, y), png.get_pixel(x, y));
    }
    for lost in [1, 200, 600] {
        let whole = film(&Take::new("avif", still));
        let cut = house.add("cut.avif", whole[..whole.len() - lost].to_vec()).await;
        assert!(matches!(cut, Err(MediaError::Refused(_))), "{lost} bytes: {cut:?}");
    }
}

#[tokio::test]
async fn what_is_see_through_in_avif_is_kept() {
    let house = house().await;
    let file = house.add("a.avif", made::see_through_avif()).await.unwrap();
    let recipe = Recipe { mime: vec!["image/jpeg".into(), "image/png".into()], ..recipe("", 100_000, None) };
    let made = house.library.made(&file, &recipe).await.unwrap();
    assert_eq!(made.mime, "image/png");
    let png =
        image::load_from_memory(&house.library.storage().get(&made.storage_key).await.unwrap()).unwrap().to_rgba8();
    let [red, green, blue, alpha] = png.get_pixel(32, 32).0;
    assert!(red > 240 && green < 16 && blue < 16 && (120..=136).contains(&alpha), "{:?}", png.get_pixel(32, 32));
}

#[tokio::test]
async fn a_video_is_made_smaller_and_those_who_watch_are_told() {
    let house = house().await;
    let take = Take {
        size: "640x360",
        seconds: 4,
        ..Take::new("webm", &["-c:v", "libvpx", "-b:v", "3M", "-c:a", "libvorbis"])
    };
    let file = house.add("a.webm", film(&take)).await.unwrap();
    let limit = file.size / 3;
    let made = house.library.made(&file, &recipe("video/mp4", limit, Some((321, 181)))).await.unwrap();
    assert!(made.size <= limit, "{} of {limit}", made.size);
    assert_eq!((made.mime.as_str(), made.width, made.height), ("video/mp4", Some(320), Some(180)));
    assert!(made.duration_ms.unwrap().abs_diff(file.duration_ms.unwrap()) < 300);
    let told = events::after(&house.store, house.workspace, None, 100).await.unwrap();
    let told: Vec<u64> = told
        .iter()
        .filter(|event| event.kind == events::kind::MEDIA_CONVERTING)
        .map(|event| event.data["percent"].as_u64().unwrap())
        .collect();
    assert_eq!((told.first(), told.last()), (Some(&0), Some(&100)));
    // It is a video again, and can be taken in.
    let bytes = house.library.storage().get(&made.storage_key).await.unwrap();
    assert_eq!(house.add("b.mp4", bytes).await.unwrap().codecs, ["h264", "aac"]);
}

#[tokio::test]
async fn a_video_that_lies_in_the_wrong_container_is_only_repacked() {
    let house = house().await;
    let bytes =
        film(&Take::new("mov", &["-c:v", "libx264", "-c:a", "aac", "-metadata", "location=+52.5200+013.4050/"]));
    assert!(bytes.windows(8).any(|words| words == b"+52.5200"));
    let file = house.add("a.mov", bytes.clone()).await.unwrap();
    let made = house.library.made(&file, &recipe("video/mp4", 1_000_000, None)).await.unwrap();
    let repacked = house.library.storage().get(&made.storage_key).await.unwrap();
    // The coded pictures are the same, and the place is gone.
    assert!(made.size.abs_diff(file.size) < 4096, "{} {}", made.size, file.size);
    assert!(!repacked.windows(8).any(|words| words == b"+52.5200"));
}

#[tokio::test]
async fn a_video_gets_the_frames_a_second_that_are_taken() {
    let house = house().await;
    let take = Take { rate: "90", ..Take::new("mp4", &["-c:v", "libx264", "-c:a", "aac"]) };
    let file = house.add("a.mp4", film(&take)).await.unwrap();
    assert_eq!(file.frame_rate, Some(FrameRate::per_second(90)));
    let made = async |file: &Media, frame_rate| {
        let recipe = Recipe { frame_rate, ..recipe("video/mp4", 1_000_000, None) };
        let made = house.library.made(file, &recipe).await.unwrap();
        assert!(made.duration_ms.unwrap().abs_diff(file.duration_ms.unwrap()) < 100, "{made:?}");
        let bytes = house.library.storage().get(&made.storage_key).await.unwrap();
        (made.recipe, house.add("b.mp4", bytes).await.unwrap().frame_rate)
    };
    // It fits but for them: without another rate it is only repacked.
    let (repacked, same) = made(&file, None).await;
    assert_eq!(same, Some(FrameRate::per_second(90)));
    let (fewer, sixty) = made(&file, Some(60)).await;
    assert_eq!(sixty, Some(FrameRate::per_second(60)));
    let (more, high) = made(&file, Some(120)).await;
    assert_eq!(high, Some(FrameRate::per_second(120)));
    assert!(fewer != repacked && fewer != more && more != repacked, "each is kept for itself");
    let slow = Take { rate: "5", ..Take::new("mp4", &["-c:v", "libx264", "-an"]) };
    let slow = house.add("slow.mp4", film(&slow)).await.unwrap();
    assert_eq!(made(&slow, Some(23)).await.1, Some(FrameRate::per_second(23)));
    let gif = house.add("a.gif", gif(320, 240, 12)).await.unwrap();
    assert_eq!(gif.frame_rate, Some(FrameRate::per_second(10)));
    assert_eq!(made(&gif, Some(23)).await.1, Some(FrameRate::per_second(23)));
}

#[tokio::test]
async fn a_video_has_a_still_where_ffmpeg_is_and_none_where_it_is_not() {
    let mut house = House::new().await;
    let bytes = film(&Take::new("mp4", &["-c:v", "libx264", "-an"]));
    let file = house.add("a.mp4", bytes).await.unwrap();
    assert!(matches!(house.library.thumbnail(&file).await, Err(MediaError::NoPicture)));
    let made = house.library.made(&file, &recipe("video/mp4", 1000, None)).await;
    assert!(matches!(&made, Err(MediaError::Unfit(why)) if why.contains("no ffmpeg")), "{made:?}");
    house.library = house.library.with_ffmpeg(ffmpeg(ProgramLimits::default()));
    let still = house.library.thumbnail(&file).await.unwrap();
    let still = image::load_from_memory(&still.bytes).unwrap();
    assert_eq!((still.width(), still.height()), (320, 180));
}

#[tokio::test]
async fn converting_keeps_to_its_limits_and_leaves_nothing_behind() {
    let mut house = House::new().await;
    let take =
        Take { size: "1280x720", seconds: 20, ..Take::new("mp4", &["-c:v", "libx264", "-preset", "ultrafast", "-an"]) };
    let file = house.add("a.mp4", film(&take)).await.unwrap();
    let before = house.files();
    let half = recipe("video/mp4", file.size / 2, None);
    let limits = [
        (ProgramLimits { time: Duration::from_millis(300), ..ProgramLimits::default() }, "longer than"),
        (ProgramLimits { memory: 80 * 1024 * 1024, ..ProgramLimits::default() }, "can’t convert"),
    ];
    for (limits, said) in limits {
        house.library = house.library.with_ffmpeg(ffmpeg(limits));
        let made = house.library.made(&file, &half).await;
        assert!(matches!(&made, Err(MediaError::Unfit(why)) if why.contains(said)), "{made:?}");
        assert_eq!(house.files(), before);
    }
    // Whoever waits for it goes away.
    house.library = house.library.with_ffmpeg(ffmpeg(ProgramLimits::default()));
    let (library, path) = (house.library.clone(), house.folder.path().to_string_lossy().into_owned());
    let converting = tokio::spawn(async move { library.made(&file, &half).await });
    until(|| runs(&path)).await;
    converting.abort();
    assert!(converting.await.unwrap_err().is_cancelled());
    until(|| !runs(&path)).await;
    assert_eq!(house.files(), before);
}

/// Whether a program works on files of a folder.
fn runs(folder: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let called = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
    processes.map(called).any(|line| String::from_utf8_lossy(&line).contains(&format!("file:{folder}")))
}

async fn until(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
}

/// A GIF that moves, and whose every picture is another.
fn gif(width: u32, height: u32, pictures: u32) -> Vec<u8> {
    use image::{Delay, Frame, Rgba, RgbaImage, codecs::gif::GifEncoder};
    let frame = |at: u32| {
        let picture = RgbaImage::from_fn(width, height, |x, y| {
            Rgba([(x * 7 + at * 31) as u8, (y * 5 + at * 17) as u8, (x * y + at) as u8, 255])
        });
        Frame::from_parts(picture, 0, 0, Delay::from_saturating_duration(Duration::from_millis(100)))
    };
    let mut bytes = Vec::new();
    GifEncoder::new_with_speed(&mut bytes, 30).encode_frames((0..pictures).map(frame)).unwrap();
    bytes
}

#[tokio::test]
async fn a_gif_is_made_smaller_and_goes_on_moving() {
    let house = house().await;
    let file = house.add("a.gif", gif(320, 240, 12)).await.unwrap();
    assert_eq!((file.mime.as_str(), file.duration_ms), ("image/gif", Some(1200)));
    let most = file.size / 3;
    let made = house.library.made(&file, &recipe("image/gif", most, None)).await.unwrap();
    assert!(made.size <= most, "{} of {most}", made.size);
    assert_eq!(made.mime, "image/gif");
    let lasts = made.duration_ms.expect("it moves");
    assert!((1000..=1400).contains(&lasts), "{lasts}");
    let bytes = house.library.storage().get(&made.storage_key).await.unwrap();
    let read = image::load_from_memory(&bytes).unwrap();
    assert_eq!((Some(read.width()), Some(read.height())), (made.width, made.height));
    // The size that a network takes at most is kept to.
    let narrow = house.library.made(&file, &recipe("image/gif", file.size, Some((160, 120)))).await.unwrap();
    assert_eq!((narrow.width, narrow.height), (Some(160), Some(120)));
    let impossible = house.library.made(&file, &recipe("image/gif", 500, None)).await;
    assert!(matches!(impossible, Err(MediaError::Unfit(_))), "{impossible:?}");
}

#[tokio::test]
async fn a_gif_becomes_a_video_where_one_is_wanted() {
    let house = house().await;
    let file = house.add("a.gif", gif(321, 240, 12)).await.unwrap();
    let made = house.library.made(&file, &recipe("video/mp4", 1_000_000, None)).await.unwrap();
    assert_eq!((made.mime.as_str(), made.height), ("video/mp4", Some(240)));
    let lasts = made.duration_ms.unwrap();
    assert!((1000..=1400).contains(&lasts), "{lasts}");
}
