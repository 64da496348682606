//! Files that do not fit their network as they are.

use crate::{
    house::{House, house_on, minutes, network, part},
    wall::Wall,
};
use async_trait::async_trait;
use bytes::Bytes;
use crier_media::{Ffmpeg, ProgramLimits};
use crier_model::{
    FrameRate, MediaId,
    post::{MediaUse, Part, Timing},
    publication::PublicationState as State,
    rules::{MediaKind, MediaRules, Rules},
};
use crier_networks::{
    Connect, Cx, Item, Network, Refusal, Sent,
    about::About,
    connect::Facts,
    playground::Playground,
    publish::{MediaItem, Publish},
};
use crier_store::due;
use serde_json::Value;
use std::{
    io::Cursor,
    sync::{Arc, Mutex},
};

type Got = Arc<Mutex<Vec<(MediaItem, Bytes)>>>;

/// The wall, but for what it takes: small JPEG pictures, and videos as MP4.
struct Small {
    inner: Playground,
    got: Got,
}

impl Network for Small {
    fn about(&self) -> &'static About {
        self.inner.about()
    }
    fn connect(&self) -> Connect<'_> {
        self.inner.connect()
    }
    fn rules(&self, facts: &Facts) -> Rules {
        let kind = MediaKind { max_width: Some(200), ..MediaKind::up_to(9_000, &["image/jpeg"]) };
        let films = MediaKind::up_to(300_000, &["video/mp4"]).films(0, 60, &["h264", "aac"]).frames(0, 60);
        Rules { media: MediaRules::up_to(4, vec![kind, films], Some(500)), ..self.inner.rules(facts) }
    }
    fn settings_schema(&self) -> Value {
        self.inner.settings_schema()
    }
    fn publish(&self) -> &dyn Publish {
        self
    }
}

#[async_trait]
impl Publish for Small {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        self.keep(cx, item).await
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        self.keep(cx, item).await?;
        let bare = Item { media: Vec::new(), ..item.clone() };
        Publish::publish(&self.inner, cx, &bare).await
    }
}

impl Small {
    async fn keep(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        for media in &item.media {
            let bytes = cx.picture(media).await?;
            let pieces = [cx.media.piece(media, 0, 100).await?, cx.media.piece(media, 100, media.size).await?];
            assert_eq!(pieces.concat(), bytes);
            self.got.lock().unwrap().push((media.clone(), bytes));
        }
        Ok(())
    }
}

async fn house() -> (House, Got) {
    let got = Got::default();
    let small = |wall: &Wall| Box::new(Small { inner: network(wall), got: got.clone() }) as Box<dyn Network>;
    (house_on(small).await, got)
}

async fn add(house: &House, name: &str, image: &image::RgbImage, format: image::ImageFormat) -> MediaId {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    house.library.add(house.workspace, house.user, name, bytes.into()).await.unwrap().id
}

fn with(id: MediaId) -> Vec<Part> {
    vec![Part { media: vec![MediaUse { id, alt: None }], ..part("hello") }]
}

fn noise(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * y % 251) as u8, (x * 7 % 256) as u8, (y * 13) as u8])
    })
}

#[tokio::test]
async fn a_network_that_takes_only_small_jpeg_gets_one_and_it_is_made_ahead() {
    let (house, got) = house().await;
    let picture = add(&house, "large.png", &noise(800, 600), image::ImageFormat::Png).await;
    let id = house.schedule(with(picture), Timing::At(house.now() + minutes(60))).await;
    house.pass(minutes(46));
    let worker = house.start();
    while got.lock().unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    worker.stop().await;
    assert!(house.wall.texts().await.is_empty());
    let made = crier_store::media::renditions(&house.store, picture).await.unwrap();
    assert_eq!(made.len(), 1);
    house.pass(minutes(15));
    let published = house.work_to(id, State::Published).await;
    assert_eq!(published.reason, None);
    let got = got.lock().unwrap().clone();
    assert!(got.len() >= 2, "ahead and at its time");
    for (media, bytes) in got {
        assert_eq!((media.name.as_str(), media.mime.as_str()), ("large.jpg", "image/jpeg"));
        assert!(media.size <= 9_000 && bytes.len() as u64 == media.size);
        let image = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg).unwrap();
        assert_eq!((image.width(), image.height()), (media.width, media.height));
        assert!(media.width <= 200 && media.width * 3 == media.height * 4);
    }
    assert_eq!(crier_store::media::renditions(&house.store, picture).await.unwrap(), made);
}

#[tokio::test]
async fn what_fits_goes_as_it_is() {
    let (house, got) = house().await;
    let picture = add(&house, "small.jpg", &image::RgbImage::new(100, 100), image::ImageFormat::Jpeg).await;
    let id = house.schedule(with(picture), Timing::Now).await;
    house.work_to(id, State::Published).await;
    let original = crier_store::media::get(&house.store, house.workspace, picture).await.unwrap();
    let (media, bytes) = got.lock().unwrap().pop().unwrap();
    assert_eq!((media.sha256, bytes), (original.sha256.clone(), house.library.original(&original).await.unwrap()));
    assert_eq!(crier_store::media::renditions(&house.store, picture).await.unwrap(), []);
}

/// A second of a video that has to be converted.
fn film() -> Vec<u8> {
    film_of(10, "webm", "libvpx")
}

/// A second of a video of so many frames.
fn film_of(frames: u32, ending: &str, coding: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("a.{ending}"));
    let picture = format!("testsrc2=size=320x180:rate={frames}:duration=1");
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", &picture, "-pix_fmt", "yuv420p", "-c:v", coding])
        .arg(&file)
        .output()
        .expect("ffmpeg is needed for this test: script/bootstrap test installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::read(file).unwrap()
}

#[tokio::test]
async fn a_video_is_converted_when_its_post_is_scheduled_and_uploaded_a_quarter_of_an_hour_ahead() {
    let (mut house, got) = house().await;
    house.library = house.library.clone().with_ffmpeg(Ffmpeg::find(None, ProgramLimits::default()));
    house.registry = house.registry.clone().converting_films(true);
    let film = house.library.add(house.workspace, house.user, "a.webm", film().into()).await.unwrap().id;
    let due_at = house.now() + minutes(3 * 24 * 60);
    let id = house.schedule(with(film), Timing::At(due_at)).await;
    let worker = house.start();
    // Once it is made, what comes next is to make the rest ready.
    let prepare_at = due_at - due::PREPARE_AHEAD;
    loop {
        let next = due::next_due_at(&house.store).await.unwrap();
        if next.is_some_and(|next| next.as_millisecond() == prepare_at.as_millisecond()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    worker.stop().await;
    let made = crier_store::media::renditions(&house.store, film).await.unwrap();
    assert_eq!(made.iter().map(|made| made.mime.as_str()).collect::<Vec<_>>(), ["video/mp4"]);
    assert!(got.lock().unwrap().is_empty(), "nothing is uploaded so early");
    house.pass(minutes(3 * 24 * 60 - 14));
    let worker = house.start();
    while got.lock().unwrap().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    worker.stop().await;
    house.pass(minutes(15));
    let published = house.work_to(id, State::Published).await;
    assert_eq!(published.reason, None);
    assert_eq!(crier_store::media::renditions(&house.store, film).await.unwrap(), made);
    let got = got.lock().unwrap();
    assert!(got.iter().all(|(media, _)| (media.mime.as_str(), media.name.as_str()) == ("video/mp4", "a.mp4")));
}

#[tokio::test]
async fn a_video_of_more_frames_a_second_than_a_network_takes_goes_with_as_many_as_it_takes() {
    let (mut house, got) = house().await;
    house.library = house.library.clone().with_ffmpeg(Ffmpeg::find(None, ProgramLimits::default()));
    house.registry = house.registry.clone().converting_films(true);
    let add =
        async |bytes: Vec<u8>| house.library.add(house.workspace, house.user, "a.mp4", bytes.into()).await.unwrap();
    let film = add(film_of(90, "mp4", "libx264")).await;
    let id = house.schedule(with(film.id), Timing::Now).await;
    let published = house.work_to(id, State::Published).await;
    assert_eq!(published.reason, None);
    let (media, bytes) = got.lock().unwrap().pop().unwrap();
    assert_eq!((film.frame_rate, media.frame_rate), (Some(FrameRate::per_second(90)), Some(FrameRate::per_second(60))));
    assert_eq!(add(bytes.to_vec()).await.frame_rate, media.frame_rate);
}

#[tokio::test]
async fn a_video_that_nothing_can_be_made_of_is_told_when_it_is_scheduled() {
    let (mut house, _) = house().await;
    let film = house.library.add(house.workspace, house.user, "a.webm", film().into()).await.unwrap().id;
    // Its bytes are no video any more.
    let kept = crier_store::media::get(&house.store, house.workspace, film).await.unwrap();
    std::fs::write(house.folder.path().join(&kept.storage_key), b"no video").unwrap();
    house.library = house.library.clone().with_ffmpeg(Ffmpeg::find(None, ProgramLimits::default()));
    let id = house.schedule(with(film), Timing::At(house.now() + minutes(3 * 24 * 60))).await;
    let told = house.work_until(id, |p| p.reason.is_some()).await;
    assert_eq!((told.state, told.reason.unwrap().code.as_str()), (State::Scheduled, "early.content"));
}
