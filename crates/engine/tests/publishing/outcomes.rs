//! What a network may answer, and what becomes of the publication.

use crate::house::{house, minutes, part, seconds};
use crier_model::{
    post::{MediaUse, Timing},
    publication::PublicationState as State,
};
use crier_networks::Credentials;
use crier_store::{channels, due, publications};
use serde_json::json;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_post_goes_out_at_its_time_and_has_a_link() {
    let house = house().await;
    // A channel's last success is noted to the minute.
    house.pass(minutes(2));
    let due = house.now() + seconds(1);
    let id = house.schedule(vec![part("hello")], Timing::At(due)).await;
    let before = channels::by_id(&house.store, house.channel).await.unwrap().last_ok_at;
    let worker = house.start();
    let published = house.wait(id, |p| p.state == State::Published).await;
    assert!(published.published_at.unwrap() >= due);
    worker.stop().await;
    let seen = house.wall.of("ada").await;
    assert_eq!(seen.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(), ["hello"]);
    assert_eq!(published.url.as_deref(), Some(seen[0].url.as_str()));
    assert_eq!(published.remote_id.as_deref(), Some(seen[0].id.as_str()));
    assert_eq!((published.tries, published.reason), (1, None));
    assert_eq!(house.titles(id).await, ["Scheduled", "Being sent", "Calling Playground", "Published"]);
    assert!(channels::by_id(&house.store, house.channel).await.unwrap().last_ok_at > before);
}

#[tokio::test]
async fn a_thread_keeps_its_order_its_picture_and_its_description() {
    let house = house().await;
    let id = house.schedule(house.thread("tale").await, Timing::Now).await;
    let published = house.work_to(id, State::Published).await;
    let seen = house.wall.of("ada").await;
    assert_eq!(seen.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(), ["tale 1", "tale 2", "tale 3"]);
    assert_eq!(seen[0].alts, ["tale described"]);
    assert_eq!(seen[1].reply_to.as_ref(), Some(&seen[0].id));
    assert_eq!(seen[2].reply_to.as_ref(), Some(&seen[1].id));
    assert_eq!(published.url.as_deref(), Some(seen[0].url.as_str()));
    let titles = house.titles(id).await;
    assert!(titles.contains(&"Part 2 of 3 is sent".to_owned()), "{titles:?}");
}

#[tokio::test]
async fn a_part_with_a_delay_waits_for_its_time() {
    let house = house().await;
    let mut parts = vec![part("first"), part("second")];
    parts[1].delay_minutes = 120;
    let id = house.schedule(parts, Timing::Now).await;
    house.work_to_retry(id).await;
    assert_eq!(house.wall.texts().await, ["first"]);
    house.pass(minutes(119));
    let worker = house.start();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    worker.stop().await;
    assert_eq!(house.wall.texts().await, ["first"]);
    // Its window of time opens with its own time: a failure now is tried again.
    house.pass(minutes(2));
    house.wall.fault(json!({"kind": "status", "code": 503, "endpoints": ["posts"], "times": 1})).await;
    house.work_until(id, |p| p.reason.as_ref().is_some_and(|reason| reason.code == "retry.later")).await;
    house.pass(minutes(1));
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.texts().await, ["first", "second"]);
}

#[tokio::test]
async fn a_server_error_is_tried_again() {
    let house = house().await;
    house.wall.fault(json!({"kind": "status", "code": 503, "endpoints": ["posts"], "times": 2})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let waiting = house.work_to_retry(id).await;
    assert_eq!(waiting.reason.unwrap().code, "retry.later");
    for _ in 0..2 {
        house.pass(seconds(15));
        house.work_until(id, |p| p.tries > waiting.tries && p.state != State::Sending).await;
    }
    let published = house.work_to(id, State::Published).await;
    assert_eq!((published.tries, published.reason), (3, None));
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn it_waits_as_long_as_the_network_asks() {
    let house = house().await;
    house.wall.fault(json!({"kind": "rate_limit", "retry_after": 600, "endpoints": ["posts"], "times": 1})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.work_to_retry(id).await;
    house.pass(minutes(9));
    let worker = house.start();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    worker.stop().await;
    assert_eq!(house.wall.calls("posts", "POST").await, ["rate_limited"]);
    house.pass(minutes(2));
    house.work_to(id, State::Published).await;
    assert_eq!(house.wall.calls("posts", "POST").await, ["rate_limited", "ok"]);
}

#[tokio::test]
async fn it_ends_when_its_window_of_time_is_over() {
    let house = house().await;
    house.wall.fault(json!({"kind": "status", "code": 503, "endpoints": ["posts"]})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let mut before = 0;
    let failed = loop {
        let state = house.work_until(id, |p| p.tries > before && p.state != State::Sending).await;
        if state.state == State::Failed {
            break state;
        }
        before = state.tries;
        assert!(before < 40);
        house.pass(minutes(10));
    };
    let reason = failed.reason.unwrap();
    assert_eq!(reason.code, "tries.exhausted");
    assert!(reason.message.contains(&format!("Tried {} times", failed.tries)), "{}", reason.message);
    // A person tries again when the network is well: with a new window.
    house.wall.mend().await;
    publications::retry(&house.store, house.workspace, id, house.now()).await.unwrap();
    let published = house.work_to(id, State::Published).await;
    // One with the token that has expired by now, and one with a new one.
    assert_eq!((published.tries, house.wall.texts().await), (2, vec!["hello".to_owned()]));
}

#[tokio::test]
async fn refused_content_fails_with_the_networks_words() {
    let house = house().await;
    let id = house.schedule(vec![part(&"x".repeat(501))], Timing::Now).await;
    let reason = house.work_to(id, State::Failed).await.reason.unwrap();
    assert_eq!(reason.code, "content.refused");
    assert!(reason.message.contains("500"), "{}", reason.message);
    assert_eq!(house.wall.calls("posts", "POST").await.len(), 1);
}

#[tokio::test]
async fn a_changed_picture_is_sent_anew() {
    let house = house().await;
    let with = |text: &str, id, alt: &str| {
        let mut part = part(text);
        part.media.push(MediaUse { id, alt: Some(alt.into()) });
        vec![part]
    };
    let too_long = "x".repeat(501);
    let (first, second) = (house.picture(1).await, house.picture(2).await);
    let post = house.save(None, with(&too_long, first, "the first"), &[house.channel], Timing::Now).await;
    let id = house.publication_of(post).await;
    house.work_to(id, State::Failed).await;
    assert_eq!(house.wall.calls("media", "POST").await, ["ok"]);
    house.save(Some(post), with("short", second, "the second"), &[house.channel], Timing::Now).await;
    house.work_to(id, State::Published).await;
    let seen = house.wall.of("ada").await;
    assert_eq!((seen.len(), &seen[0].alts), (1, &vec!["the second".to_owned()]));
}

#[tokio::test]
async fn a_file_deleted_by_force_fails_the_post_that_needs_it() {
    let house = house().await;
    let parts = house.thread("tale").await;
    let picture = parts[0].media[0].id;
    let id = house.schedule(parts, Timing::At(house.now() + minutes(5))).await;
    house.library.delete(house.workspace, picture, true).await.unwrap();
    house.pass(minutes(5));
    let reason = house.work_to(id, State::Failed).await.reason.unwrap();
    assert_eq!(reason.code, "content.refused");
    assert!(reason.message.contains("deleted from the library"));
    assert!(house.wall.texts().await.is_empty());
}

#[tokio::test]
async fn expired_tokens_are_renewed_once() {
    let house = house().await;
    house.pass(minutes(61));
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let published = house.work_to(id, State::Published).await;
    assert_eq!(published.tries, 2);
    assert_eq!(house.tokens.renewals.load(Ordering::SeqCst), 1);
    assert_eq!(house.wall.texts().await, ["hello"]);
}

#[tokio::test]
async fn what_cannot_be_read_fails_and_is_not_tried_for_ever() {
    let house = house().await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    let damaged = publications::Change { remote: Some(json!("no parts")), ..publications::Change::default() };
    publications::set_state(&house.store, id, &[State::Scheduled], State::Scheduled, damaged).await.unwrap();
    let reason = house.work_to(id, State::Failed).await.reason.unwrap();
    assert_eq!(reason.code, "engine.unreadable");
    assert!(house.wall.texts().await.is_empty());
    // Its notice may still be there.
    assert!(!due::remove(&house.store, due::kind::PUBLISH, &id.to_string()).await.unwrap());
}

#[tokio::test]
async fn the_history_of_a_refusal_tells_the_network_s_answer_and_no_token() {
    let house = house().await;
    let token = channels::open_credentials(&house.store, house.channel).await.unwrap().secret;
    let credentials: Credentials = serde_json::from_str(token.expose()).unwrap();
    house.wall.fault(json!({"kind": "status", "code": 503, "endpoints": ["posts"], "times": 1})).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.work_to_retry(id).await;
    let history = publications::history(&house.store, &[id]).await.unwrap();
    let answered = history.iter().find(|line| line.title == "Answered with 503").unwrap();
    assert!(answered.detail.starts_with("From 127.0.0.1"), "{}", answered.detail);
    for line in &history {
        assert!(!line.detail.contains(credentials.access_token.expose()), "{}", line.detail);
    }
}
