//! The library over a real store and a real folder.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use crier_media::{AVATAR_SIDE, Kind, Library, MAX_IMAGE_BYTES, MediaError, MediaRefusal, Storage};
use crier_model::{
    ChannelId, MediaId, Secret, UserId, WorkspaceId,
    post::{Content, MediaUse, Part, Timing, ValidPost},
};
use crier_store::{
    media, posts,
    testing::{self, TestStore},
    users::{self, NewUser, Registration},
};
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;
use tempfile::TempDir;

struct House {
    library: Library,
    store: TestStore,
    folder: TempDir,
    workspace: WorkspaceId,
    user: UserId,
}

async fn house() -> House {
    let store = testing::open().await;
    let new = NewUser {
        email: "ada@example.org".into(),
        name: "Ada".into(),
        password_hash: Secret::new("x".to_owned()),
        time_zone: "Europe/Berlin".into(),
    };
    let (user, workspace) = users::sign_up(&store, new, "Ada's", Registration::Open).await.unwrap();
    let folder = TempDir::new().unwrap();
    let library = Library::new(store.clone(), Storage::folder(folder.path()).unwrap());
    House { library, store, folder, workspace: workspace.id, user: user.id }
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Bytes {
    let noise = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 7) as u8, (y * 13) as u8, (x ^ y) as u8]));
    let mut bytes = Vec::new();
    DynamicImage::from(noise).write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes.into()
}

impl House {
    async fn add(&self, name: &str, bytes: impl Into<Bytes>) -> Result<media::Media, MediaError> {
        self.library.add(self.workspace, self.user, name, bytes.into()).await
    }

    /// Files lying in the folder.
    fn files(&self) -> usize {
        fn count(path: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
            entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
        }
        count(self.folder.path())
    }
}

#[tokio::test]
async fn a_picture_is_taken_in_and_read_back_whole_and_small() {
    let house = house().await;
    let bytes = encoded(1200, 600, ImageFormat::Jpeg);
    let media = house.add("holiday.jpg", bytes.clone()).await.unwrap();
    assert_eq!((media.name.as_str(), media.mime.as_str()), ("holiday.jpg", "image/jpeg"));
    assert_eq!((media.width, media.height, media.size), (Some(1200), Some(600), bytes.len() as u64));
    assert_eq!(media::get(&house.store, house.workspace, media.id).await.unwrap(), media);
    assert_eq!(house.library.original(&media).await.unwrap(), bytes);
    let small = house.library.thumbnail(&media).await.unwrap();
    assert_eq!(small.kind, Kind::Jpeg);
    let small = image::load_from_memory(&small.bytes).unwrap();
    assert_eq!((small.width(), small.height()), (480, 240));
}

#[tokio::test]
async fn a_lost_thumbnail_is_made_anew_and_a_lost_original_is_told() {
    let house = house().await;
    let media = house.add("a.png", encoded(900, 300, ImageFormat::Png)).await.unwrap();
    std::fs::remove_dir_all(house.folder.path().join(house.workspace.to_string()).join("thumbnails")).unwrap();
    let small = house.library.thumbnail(&media).await.unwrap();
    assert_eq!(image::load_from_memory(&small.bytes).unwrap().width(), 480);
    assert_eq!(house.files(), 2);
    std::fs::remove_file(house.folder.path().join(&media.storage_key)).unwrap();
    let lost = house.library.original(&media).await.unwrap_err();
    assert_eq!(lost.to_string(), "the file is not in the storage any more");
}

#[tokio::test]
async fn the_content_decides_the_type_and_the_name_follows() {
    let house = house().await;
    let media = house.add("really.jpg", encoded(8, 8, ImageFormat::Png)).await.unwrap();
    assert_eq!((media.name.as_str(), media.mime.as_str()), ("really.png", "image/png"));
}

#[tokio::test]
async fn the_same_bytes_are_one_file_in_each_workspace() {
    let house = house().await;
    let bytes = encoded(8, 8, ImageFormat::Png);
    let first = house.add("a.png", bytes.clone()).await.unwrap();
    let again = house.add("b.png", bytes.clone()).await.unwrap();
    assert_eq!(first, again);
    let other =
        crier_store::workspaces::create_with_owner(&house.store, "Other", "Europe/Berlin", house.user).await.unwrap();
    let there = house.library.add(other.id, house.user, "a.png", bytes).await.unwrap();
    assert_ne!(there.id, first.id);
    assert_eq!(house.files(), 4);
}

#[tokio::test]
async fn what_is_refused_says_why_and_leaves_nothing_behind() {
    let house = house().await;
    let png = encoded(64, 64, ImageFormat::Png);
    let large = {
        let mut bytes = png.to_vec();
        bytes.resize(usize::try_from(MAX_IMAGE_BYTES).unwrap() + 1, 0);
        Bytes::from(bytes)
    };
    let cases = [
        (Bytes::new(), "a.png", "media.empty", 422),
        (large, "a.png", "media.too_large", 413),
        (png.slice(..png.len() / 2), "a.png", "media.undecodable", 422),
        (Bytes::from_static(b"%PDF-1.7"), "a.png", "media.mislabelled", 422),
        (Bytes::from_static(b"%PDF-1.7"), "a.pdf", "media.unknown_type", 415),
    ];
    for (bytes, name, code, status) in cases {
        let MediaError::Refused(refusal) = house.add(name, bytes).await.unwrap_err() else { panic!("{code}") };
        assert_eq!((refusal.code(), refusal.status()), (code, status));
        let finding = refusal.finding();
        assert!(finding.message.ends_with('.') && finding.message.starts_with(char::is_uppercase), "{finding:?}");
        assert!(!finding.fix.is_empty());
    }
    assert_eq!(house.files(), 0);
    assert!(media::list(&house.store, house.workspace, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_a_waiting_post_uses_goes_only_by_force() {
    let house = house().await;
    let media = house.add("a.png", encoded(8, 8, ImageFormat::Png)).await.unwrap();
    draft_with(&house, media.id).await;
    let refused = house.library.delete(house.workspace, media.id, false).await.unwrap_err();
    assert!(matches!(refused, MediaError::InUse { posts: 1 }), "{refused}");
    assert_eq!(refused.to_string(), "a post uses the file and is not done");
    assert_eq!(house.files(), 2);
    house.library.delete(house.workspace, media.id, true).await.unwrap();
    assert_eq!(house.files(), 0);
    let gone = house.library.delete(house.workspace, media.id, true).await.unwrap_err();
    assert!(matches!(gone, MediaError::Store(crier_store::StoreError::NotFound { .. })), "{gone}");
}

async fn draft_with(house: &House, media: MediaId) {
    let part = Part { media: vec![MediaUse { id: media, alt: None }], ..Part::default() };
    let post = ValidPost {
        content: Content { parts: vec![part], ..Content::default() },
        channels: Vec::new(),
        timing: Timing::Draft(None),
        time_zone: "Europe/Berlin".into(),
        repeat: None,
    };
    let (workspace, by) = (house.workspace, house.user);
    let save = posts::Save { workspace, by, id: None, expected_version: None, idempotency_key: None };
    posts::save(&house.store, save, &post).await.unwrap();
}

#[tokio::test]
async fn an_avatar_is_a_square_in_place_of_the_one_before() {
    let house = house().await;
    let channel = ChannelId::new();
    let keep = |bytes| house.library.keep_avatar(house.workspace, channel, bytes);
    let first = keep(encoded(600, 300, ImageFormat::Png)).await.unwrap();
    let second = keep(encoded(100, 400, ImageFormat::WebP)).await.unwrap();
    assert_eq!((&first, house.files()), (&second, 1));
    let avatar = house.library.avatar(&second).await.unwrap();
    let image = image::load_from_memory(&avatar.bytes).unwrap();
    assert_eq!((image.width(), image.height()), (AVATAR_SIDE, AVATAR_SIDE));
    let refused = keep(Bytes::from_static(b"<html></html>")).await.unwrap_err();
    assert!(matches!(refused, MediaError::Refused(MediaRefusal::UnknownType)), "{refused}");
}
