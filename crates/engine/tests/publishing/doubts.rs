//! The answer to a call is lost.

use crate::{
    crashes::mortal,
    house::{House, house, house_on, minutes, part, seconds},
    keyless::Keyless,
};
use crier_model::{PublicationId, post::Timing, publication::PublicationState as State};
use crier_store::publications;
use serde_json::json;

async fn looking() -> House {
    house_on(|wall| Box::new(Keyless::looking(wall))).await
}

async fn lose(house: &House, processed: bool) -> PublicationId {
    house.wall.fault(json!({"kind": "reset", "processed": processed, "endpoints": ["posts"], "times": 1})).await;
    house.schedule(vec![part("hello")], Timing::Now).await
}

#[tokio::test]
async fn with_a_key_it_is_repeated() {
    for processed in [true, false] {
        let house = house().await;
        let id = lose(&house, processed).await;
        house.work_to_retry(id).await;
        house.pass(seconds(10));
        house.work_to(id, State::Published).await;
        assert_eq!(house.wall.texts().await, ["hello"]);
    }
}

/// A key says nothing about other content: people are asked, and both their answers lead on.
#[tokio::test]
async fn what_was_changed_after_a_lost_answer_is_for_people_to_decide() {
    for processed in [true, false] {
        let house = house().await;
        house.wall.fault(json!({"kind": "reset", "processed": processed, "endpoints": ["posts"], "times": 1})).await;
        let post = house.save(None, vec![part("hello")], &[house.channel], Timing::Now).await;
        let id = house.publication_of(post).await;
        house.work_to_retry(id).await;
        house.save(Some(post), vec![part("hullo")], &[house.channel], Timing::Now).await;
        let asked = house.work_to(id, State::Unconfirmed).await;
        assert!(asked.reason.unwrap().message.contains("was changed after a try"));
        if processed {
            let seen = house.wall.of("ada").await;
            let (workspace, url) = (house.workspace, &seen[0].url);
            publications::resolve_published(&house.store, workspace, id, url, None).await.unwrap();
            assert_eq!(house.publication(id).await.state, State::Published);
        } else {
            publications::resolve_send_again(&house.store, house.workspace, id).await.unwrap();
            house.work_to(id, State::Published).await;
        }
        assert_eq!(house.wall.texts().await, [if processed { "hello" } else { "hullo" }]);
    }
}

/// The server was down for an hour in the middle of a call, and the network may have forgotten the key by now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_key_alone_is_not_relied_upon() {
    for (moment, calls) in [(2, 1), (3, 1)] {
        let (house, fuse) = mortal(crate::house::network).await;
        fuse.arm(moment);
        let id = house.schedule(vec![part("hello")], Timing::Now).await;
        let worker = house.start();
        fuse.blown().await;
        worker.kill().await;
        fuse.disarm();
        house.pass(minutes(50));
        house.work_to(id, State::Published).await;
        assert_eq!(house.wall.texts().await, ["hello"]);
        // The one that was done before the death is seen, and the call not made again.
        assert_eq!(house.wall.calls("posts", "POST").await.len(), calls);
    }
}

#[tokio::test]
async fn what_is_seen_there_was_done() {
    let house = looking().await;
    let id = lose(&house, true).await;
    let published = house.work_to(id, State::Published).await;
    let seen = house.wall.of("ada").await;
    assert_eq!((seen.len(), published.remote_id.as_deref()), (1, Some(seen[0].id.as_str())));
    assert_eq!(published.url.as_deref(), Some(seen[0].url.as_str()));
    assert_eq!(house.wall.calls("posts", "POST").await, ["reset_processed"]);
}

#[tokio::test]
async fn what_is_surely_absent_is_sent_again_after_a_while() {
    let house = looking().await;
    let id = lose(&house, false).await;
    house.work_to_retry(id).await;
    // Too early to be sure: it may still be on its way.
    assert_eq!(house.wall.calls("posts", "POST").await, ["reset_unprocessed"]);
    house.pass(seconds(21));
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn what_appears_late_is_found_by_the_second_look() {
    let house = looking().await;
    let id = lose(&house, false).await;
    house.work_to_retry(id).await;
    // It was only slow: here it is.
    let credentials = house.wall.connect_all("ada", house.now()).await;
    let request = house.wall.http.post(format!("{}/api/posts", house.wall.origin));
    let request = request.bearer_auth(credentials.access_token.expose()).json(&json!({"text": "hello"}));
    assert!(request.send().await.unwrap().status().is_success());
    house.pass(seconds(21));
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn the_same_words_of_another_post_prove_nothing() {
    let house = looking().await;
    let first = house.schedule(vec![part("hello")], Timing::Now).await;
    house.work_to(first, State::Published).await;
    let second = lose(&house, false).await;
    house.work_to(second, State::Unconfirmed).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

async fn unconfirmed(house: &House) -> PublicationId {
    house.wall.fault(json!({"kind": "reset", "processed": true, "endpoints": ["posts"], "times": 1})).await;
    house.wall.fault(json!({"kind": "status", "code": 500, "endpoints": ["posts"], "times": 1})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let asked = house.work_to(id, State::Unconfirmed).await;
    assert_eq!(asked.reason.unwrap().code, "unconfirmed.answer_lost");
    id
}

#[tokio::test]
async fn people_are_asked_when_the_network_cannot_be_and_find_it() {
    let house = looking().await;
    let id = unconfirmed(&house).await;
    // Nothing happens by itself.
    house.pass(minutes(60));
    let worker = house.start();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    worker.stop().await;
    assert_eq!(house.publication(id).await.state, State::Unconfirmed);
    let seen = house.wall.of("ada").await;
    publications::resolve_published(&house.store, house.workspace, id, &seen[0].url, Some(seen[0].id.clone()))
        .await
        .unwrap();
    let published = house.publication(id).await;
    assert_eq!((published.state, published.url.as_deref()), (State::Published, Some(seen[0].url.as_str())));
    assert_eq!(house.wall.texts().await.len(), 1);
}

#[tokio::test]
async fn people_are_asked_and_have_it_sent_again() {
    let house = house_on(|wall| Box::new(Keyless::asking(wall))).await;
    let id = lose(&house, false).await;
    house.work_to(id, State::Unconfirmed).await;
    assert!(house.wall.texts().await.is_empty());
    publications::resolve_send_again(&house.store, house.workspace, id).await.unwrap();
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_died_in_the_middle_and_comes_back_next_day_is_looked_for_and_not_sent() {
    // Begun and not called, called and not answered.
    for (moment, processed, ends) in [(2, false, State::Held), (3, true, State::Published)] {
        let (house, fuse) = mortal(Keyless::looking).await;
        fuse.arm(moment);
        let id = house.schedule(vec![part("hello")], Timing::Now).await;
        let worker = house.start();
        fuse.blown().await;
        worker.kill().await;
        fuse.disarm();
        house.pass(minutes(24 * 60));
        // The access token has expired by now.
        house.connect("ada").await;
        let ended = house.work_until(id, |p| matches!(p.state, State::Published | State::Held)).await;
        assert_eq!(ended.state, ends);
        assert_eq!(house.wall.texts().await.len(), usize::from(processed));
        assert_eq!(house.wall.calls("posts", "POST").await.len(), usize::from(processed));
    }
}
