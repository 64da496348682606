use crate::scene::{after_minutes, begin, post, scene, start, started, with_media};
use crier_model::{
    ChannelId,
    post::Timing,
    publication::{PublicationState as State, Reason},
};
use crier_store::{
    StoreError,
    due::{self, Claimed},
    posts,
    publications::{self, Change},
    steps,
};
use serde_json::json;

fn stale<T: std::fmt::Debug>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Stale { .. }))
}

#[tokio::test]
async fn a_worker_moves_a_publication_and_finishes_its_work_at_once() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let first = scene.scheduled(channel, start()).await;
    let second = scene.scheduled(channel, start()).await;
    let claimed = scene.claim().await.remove(0);
    assert_eq!(claimed.subject, first.id.to_string());
    assert_eq!(started(&scene, claimed.fence, first.id).await.unwrap(), Some(1));
    let change = Change {
        remote_id: Some("42".to_owned()),
        url: Some("http://127.0.0.1/42".to_owned()),
        remote: Some(json!(["42"])),
        published_at: Some(start()),
        ..Change::under(claimed.fence).finishing()
    };
    let done = publications::set_state(&scene, first.id, &[State::Sending], State::Published, change).await.unwrap();
    assert_eq!(
        (done.state, done.remote_id.as_deref(), done.remote),
        (State::Published, Some("42"), Some(json!(["42"])))
    );
    assert_eq!((done.tries, done.started_at, done.published_at), (1, Some(start()), Some(start())));
    // The lane is free for the next.
    assert_eq!(scene.claim().await[0].subject, second.id.to_string());
    let history = publications::history(&scene, &[first.id]).await.unwrap();
    let kinds: Vec<_> = history.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["scheduled", "sending", "try", "published"]);
    let loaded = publications::load(&scene, first.id).await.unwrap();
    assert_eq!((loaded.post.id, loaded.channel.id), (first.post, channel));
}

#[tokio::test]
async fn a_worker_that_slept_past_its_lease_writes_nothing() {
    let scene = scene().await;
    let publication = scene.scheduled(scene.channel("ada").await, start()).await;
    let sleeper = scene.claim().await.remove(0);
    scene.minutes_pass(1);
    let waker = scene.claim().await.remove(0);
    assert_eq!(waker.fence.work, sleeper.fence.work);
    let moved = |fence| {
        publications::set_state(&scene, publication.id, &[State::Scheduled], State::Sending, Change::under(fence))
    };
    assert!(stale(&moved(sleeper.fence).await));
    assert!(stale(&started(&scene, sleeper.fence, publication.id).await));
    assert!(stale(&begin(&scene, sleeper.fence, publication.id, "post", "key", "text").await));
    let now = publications::by_id(&scene, publication.id).await.unwrap();
    assert_eq!((now.state, now.tries, now.version), (State::Scheduled, 0, publication.version));
    assert_eq!(publications::history(&scene, &[publication.id]).await.unwrap().len(), 1);
    moved(waker.fence).await.unwrap();
}

#[tokio::test]
async fn a_move_from_another_state_is_refused() {
    let scene = scene().await;
    let publication = scene.scheduled(scene.channel("ada").await, start()).await;
    let wrong =
        publications::set_state(&scene, publication.id, &[State::Draft], State::Cancelled, Change::default()).await;
    assert!(stale(&wrong));
    let nowhere = crier_model::PublicationId::new();
    let missing = publications::set_state(&scene, nowhere, &[State::Draft], State::Cancelled, Change::default()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { what: "publication" })));
}

#[tokio::test]
async fn a_retry_is_scheduled_anew_and_only_from_where_it_makes_sense() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let publication = scene.scheduled(channel, start()).await;
    let again = publications::retry(&scene, scene.workspace, publication.id, after_minutes(5)).await;
    assert!(matches!(again, Err(StoreError::Conflict { what: "publication.not_retryable" })));
    let claimed = scene.claim().await.remove(0);
    let change = Change::under(claimed.fence).because(Reason::new("content.refused", "Refused", "No.")).finishing();
    publications::set_state(&scene, publication.id, &[State::Scheduled], State::Failed, change).await.unwrap();
    let again = publications::retry(&scene, scene.workspace, publication.id, after_minutes(5)).await.unwrap();
    assert_eq!((again.state, again.due_at, again.reason), (State::Scheduled, Some(after_minutes(5)), None));
    scene.minutes_pass(5);
    assert_eq!(scene.claim().await[0].subject, publication.id.to_string());
}

#[tokio::test]
async fn a_cancelled_publication_leaves_its_post_and_comes_back_by_a_retry() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let publication = scene.scheduled(channel, after_minutes(60)).await;
    publications::cancel(&scene, scene.workspace, publication.id).await.unwrap();
    assert_eq!(due::next_due_at(&scene).await.unwrap(), None);
    assert_eq!(posts::get(&scene, scene.workspace, publication.post).await.unwrap().channels, Vec::<ChannelId>::new());
    let again = publications::cancel(&scene, scene.workspace, publication.id).await;
    assert!(matches!(again, Err(StoreError::Conflict { what: "publication.not_cancellable" })));
    publications::retry(&scene, scene.workspace, publication.id, start()).await.unwrap();
    assert_eq!(posts::get(&scene, scene.workspace, publication.post).await.unwrap().channels, [channel]);
    assert_eq!(scene.claim().await.len(), 1);
}

#[tokio::test]
async fn people_say_what_became_of_an_unconfirmed_publication() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    for found in [true, false] {
        let publication = scene.scheduled(channel, start()).await;
        let claimed = scene.claim().await.remove(0);
        begin(&scene, claimed.fence, publication.id, "post", "ask", "Hello").await.unwrap();
        let change = Change::under(claimed.fence).finishing();
        publications::set_state(&scene, publication.id, &[State::Scheduled], State::Unconfirmed, change).await.unwrap();
        if found {
            let url = "http://127.0.0.1/7";
            let done =
                publications::resolve_published(&scene, scene.workspace, publication.id, url, None).await.unwrap();
            assert_eq!((done.state, done.url.as_deref()), (State::Published, Some(url)));
            let again = publications::resolve_send_again(&scene, scene.workspace, publication.id).await;
            assert!(matches!(again, Err(StoreError::Conflict { what: "publication.not_unconfirmed" })));
        } else {
            publications::resolve_send_again(&scene, scene.workspace, publication.id).await.unwrap();
            // What was begun is forgotten, so that it is done again.
            assert_eq!(steps::list(&scene, publication.id).await.unwrap(), []);
            assert_eq!(scene.claim().await[0].subject, publication.id.to_string());
        }
    }
}

#[tokio::test]
async fn what_is_postponed_keeps_its_place_before_the_others_of_its_channel() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let first = scene.scheduled(channel, after_minutes(1)).await;
    let second = scene.scheduled(channel, after_minutes(2)).await;
    scene.minutes_pass(3);
    let claimed = scene.claim().await.remove(0);
    assert_eq!(claimed.subject, first.id.to_string());
    let change = Change::under(claimed.fence).postponing(after_minutes(10));
    publications::set_state(&scene, first.id, &[State::Scheduled], State::Scheduled, change).await.unwrap();
    scene.minutes_pass(5);
    assert_eq!(scene.claim().await, []);
    scene.minutes_pass(3);
    let claimed = scene.claim().await.remove(0);
    assert_eq!(claimed.subject, first.id.to_string());
    due::finish(&scene, claimed.fence).await.unwrap();
    assert_eq!(scene.claim().await[0].subject, second.id.to_string());
}

#[tokio::test]
async fn a_post_with_a_video_is_prepared_from_the_moment_it_is_scheduled_or_moved() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let (film, picture) = (scene.media_of("film", "video/webm").await, scene.media("picture").await);
    let later = |minutes| Timing::At(after_minutes(minutes));
    let with_film = scene.save(&with_media(post("Film", &[channel], later(600)), &[picture, film])).await;
    scene.save(&with_media(post("Picture", &[channel], later(600)), &[picture])).await;
    scene.save(&post("Words", &[channel], later(600))).await;
    // One that is due sooner than anything is prepared.
    scene.save(&with_media(post("Soon", &[channel], later(10)), &[film])).await;
    let publication = scene.publications(with_film.id).await.remove(0);
    let claimed = scene.claim().await;
    let subjects =
        |claimed: &[Claimed]| claimed.iter().map(|it| (it.kind.clone(), it.subject.clone())).collect::<Vec<_>>();
    let wanted = vec![(due::kind::PREPARE.to_owned(), publication.id.to_string())];
    assert_eq!(subjects(&claimed), wanted);
    due::release(&scene, claimed[0].fence, after_minutes(585), None).await.unwrap();
    assert_eq!(scene.claim().await, []);
    posts::move_to(&scene, scene.workspace, with_film.id, after_minutes(900), None).await.unwrap();
    assert_eq!(subjects(&scene.claim().await), wanted);
}
