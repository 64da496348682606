use crate::scene::{post, scene, start, with_media};
use crier_model::{FrameRate, WorkspaceId, post::Timing, publication::PublicationState as State};
use crier_store::{
    StoreError,
    media::{self, NewMedia},
    publications::{self, Change},
};

#[tokio::test]
async fn a_file_in_use_is_deleted_only_when_forced() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let (used, sent) = (scene.media("used").await, scene.media("sent").await);
    scene.save(&with_media(post("Draft", &[], Timing::Draft(None)), &[used])).await;
    let refused = media::delete(&scene, scene.workspace, used, false).await;
    assert!(matches!(refused, Err(StoreError::Conflict { what: "media.in_use" })));
    media::delete(&scene, scene.workspace, used, true).await.unwrap();
    assert!(matches!(media::get(&scene, scene.workspace, used).await, Err(StoreError::NotFound { what: "media" })));

    let saved = scene.save(&with_media(post("Sent", &[channel], Timing::At(start())), &[sent])).await;
    assert_eq!(media::uses(&scene, scene.workspace, sent).await.unwrap(), 1);
    let publication = scene.publications(saved.id).await.remove(0);
    publications::set_state(&scene, publication.id, &[State::Scheduled], State::Published, Change::default())
        .await
        .unwrap();
    assert_eq!(media::uses(&scene, scene.workspace, sent).await.unwrap(), 0);
    media::delete(&scene, scene.workspace, sent, false).await.unwrap();
}

#[tokio::test]
async fn the_library_is_read_page_by_page_and_only_by_its_workspace() {
    let scene = scene().await;
    let (a, b, c) = (scene.media("a").await, scene.media("b").await, scene.media("c").await);
    let page = |before| media::list(&scene, scene.workspace, before, 2);
    let ids = |page: Vec<media::Media>| page.into_iter().map(|m| m.id).collect::<Vec<_>>();
    assert_eq!(ids(page(None).await.unwrap()), [c, b]);
    assert_eq!(ids(page(Some(b)).await.unwrap()), [a]);
    let other = WorkspaceId::new();
    assert_eq!(media::list(&scene, other, None, 10).await.unwrap(), []);
    assert!(media::set_alt(&scene, other, a, Some("mine")).await.is_err());
    let described = media::set_alt(&scene, scene.workspace, a, Some("A cat")).await.unwrap();
    assert_eq!((described.alt.as_deref(), described.width, described.size), (Some("A cat"), Some(640), 1234));
    assert_eq!(media::by_sha256(&scene, scene.workspace, "bb").await.unwrap().unwrap().id, b);
    assert_eq!(media::by_sha256(&scene, other, "bb").await.unwrap(), None);
    assert_eq!(media::get_many(&scene, other, &[a, b]).await.unwrap(), []);
    assert_eq!(media::get_many(&scene, scene.workspace, &[a, c]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_known_of_a_moving_file_is_kept() {
    let scene = scene().await;
    let rate = Some(FrameRate::of_thousandths(29_970));
    let codecs = vec!["h264".to_owned(), "aac".to_owned()];
    let film = NewMedia { duration_ms: Some(4000), codecs, frame_rate: rate, ..scene.new_media("film", "video/mp4") };
    let kept = media::insert(&scene, film).await.unwrap();
    assert_eq!((kept.duration_ms, kept.codecs.join(" "), kept.frame_rate), (Some(4000), "h264 aac".to_owned(), rate));
    assert_eq!(media::get(&scene, scene.workspace, kept.id).await.unwrap(), kept);
    // Of what was kept by a version that did not look, they aren't known.
    let before = scene.media_of("before", "video/mp4").await;
    assert_eq!(media::get(&scene, scene.workspace, before).await.unwrap().frame_rate, None);
}

#[tokio::test]
async fn what_was_made_of_a_file_is_found_by_its_recipe_and_forgotten_with_it() {
    let scene = scene().await;
    let file = scene.media("picture").await;
    let made = media::Rendition {
        media: file,
        recipe: "small".into(),
        workspace: scene.workspace,
        mime: "image/jpeg".into(),
        size: 7,
        width: Some(3),
        height: Some(2),
        duration_ms: None,
        sha256: "ab".into(),
        storage_key: "a.jpg".into(),
    };
    media::keep_rendition(&scene, made.clone()).await.unwrap();
    let again = media::Rendition { size: 8, duration_ms: Some(9), ..made.clone() };
    media::keep_rendition(&scene, again.clone()).await.unwrap();
    assert_eq!(media::rendition(&scene, file, "small").await.unwrap(), Some(again.clone()));
    assert_eq!(media::rendition(&scene, file, "large").await.unwrap(), None);
    assert_eq!(media::renditions(&scene, file).await.unwrap(), [again]);
    media::tell_progress(&scene, scene.workspace, file, 40).await.unwrap();
    media::delete(&scene, scene.workspace, file, false).await.unwrap();
    media::forget_renditions(&scene, file).await.unwrap();
    assert_eq!(media::renditions(&scene, file).await.unwrap(), []);
    // A worker that comes late keeps nothing of a file that is gone.
    let late = media::keep_rendition(&scene, made).await;
    assert!(matches!(late, Err(StoreError::NotFound { what: "media" })), "{late:?}");
}
