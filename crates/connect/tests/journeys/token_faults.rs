//! Faults between the return and the channel.

use crate::world::{World, code};
use crier_connect::AttemptView;
use crier_model::{Code, NextKind, attempt::AttemptState as S};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// A connect under one fault at the token endpoint.
async fn under(kind: &str, extra: Value) -> (World, AttemptView) {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.next_token(kind, extra).await;
    let view = world.land(&started, &query).await;
    (world, view)
}

fn seen(view: &AttemptView, label: &str) -> String {
    let evidence = &view.diagnosis.as_ref().unwrap().evidence;
    evidence.iter().find(|e| e.label == label).unwrap_or_else(|| panic!("no {label} in {evidence:?}")).value.clone()
}

#[tokio::test]
async fn a_server_error_before_the_code_counted_is_got_over() {
    for code in [500, 503] {
        let (world, view) = under("status", json!({"code": code})).await;
        assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
        assert_eq!(world.outcomes("token").await.len(), 2);
        assert!(view.events.iter().any(|event| event.title == "Asking for the tokens again"));
    }
}

#[tokio::test]
async fn a_reset_before_the_code_counted_is_got_over() {
    let (world, view) = under("reset", json!({"processed": false})).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert_eq!(world.outcomes("token").await, ["reset_unprocessed", "ok"]);
}

#[tokio::test]
async fn an_answer_lost_after_the_code_counted_is_told_as_such() {
    let (world, view) = under("reset", json!({"processed": true})).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::AnswerLost)));
    assert_eq!(view.diagnosis.as_ref().unwrap().next.kind, NextKind::Retry);
    assert_eq!(world.outcomes("token").await, ["reset_processed", "invalid_grant"]);
    // The way on: the network remembers the consent.
    let started = world.leave().await;
    let query = world.allow(&started).await;
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
}

#[tokio::test]
async fn an_expired_code_is_told_with_its_evidence() {
    let (world, view) = under("expire_code", json!({})).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::CodeExpired)));
    assert_eq!(seen(&view, "Error"), "invalid_grant");
    assert!(seen(&view, "Said").contains("expired"));
    assert_eq!(seen(&view, "HTTP status"), "400");
    assert_eq!(world.outcomes("token").await, ["invalid_grant"]);
}

#[tokio::test]
async fn a_code_expires_in_truth_as_well() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.ahead.fetch_add(61, Ordering::SeqCst);
    let view = world.land(&started, &query).await;
    assert_eq!(code(&view), Some(Code::CodeExpired));
}

#[tokio::test]
async fn a_wrong_clock_is_blamed_for_a_code_that_seems_expired() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.next_token("expire_code", json!({})).await;
    world.next_token("clock", json!({"seconds": 120})).await;
    let view = world.land(&started, &query).await;
    assert_eq!(code(&view), Some(Code::ClockSkew));
    assert!(seen(&view, "Our clock").ends_with("s behind the network's"), "{}", seen(&view, "Our clock"));
}

#[tokio::test]
async fn a_client_the_network_no_longer_takes_is_registered_anew_next_time() {
    let (world, view) = under("rotate_keys", json!({})).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ClientSecretWrong)));
    assert!(!seen(&view, "Client id").is_empty());
    let started = world.leave().await;
    let query = world.allow(&started).await;
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
    assert_eq!(world.outcomes("register").await.len(), 2);
}

#[tokio::test]
async fn what_is_no_answer_of_the_network_is_told_apart() {
    for (kind, extra, expected) in [
        ("html_page", json!({}), Code::NotTheApi),
        ("broken_json", json!({}), Code::TokenMalformed),
        ("big_body", json!({"bytes": 10 * 1024 * 1024, "times": 2}), Code::NotTheApi),
        ("rate_limit", json!({"retry_after": 3600}), Code::RateLimited),
    ] {
        let (world, view) = under(kind, extra).await;
        assert_eq!((view.state, code(&view)), (S::Failed, Some(expected)), "{kind}: {:?}", view.diagnosis);
        assert!(world.channels().await.is_empty());
    }
}

#[tokio::test]
async fn a_short_limit_is_waited_out_while_the_code_lives() {
    let (world, view) = under("rate_limit", json!({"retry_after": 1})).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert_eq!(world.outcomes("token").await, ["rate_limited", "ok"]);
}

#[tokio::test]
async fn a_profile_call_that_fails_twice_is_got_over() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "status", "code": 500, "endpoints": ["me"], "times": 2})).await;
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
    assert_eq!(world.outcomes("me").await, ["server_error", "server_error", "ok"]);
}

#[tokio::test]
async fn a_profile_call_that_goes_on_failing_keeps_the_permission() {
    for (kind, extra, expected) in [
        ("status", json!({"code": 503}), Code::ServerError),
        ("html_page", json!({}), Code::NotTheApi),
        ("broken_json", json!({}), Code::NotTheApi),
    ] {
        let world = World::start().await;
        let started = world.leave().await;
        let query = world.allow(&started).await;
        let mut fault = json!({"kind": kind, "endpoints": ["me"]});
        fault.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        world.fault(fault).await;
        let view = world.land(&started, &query).await;
        assert_eq!((view.state, code(&view)), (S::Identified, Some(expected)), "{kind}");
        assert_eq!(view.diagnosis.as_ref().unwrap().next.kind, NextKind::Continue);
        let again = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
        assert_eq!((again.state, code(&again)), (S::Identified, Some(expected)));
        world.mend().await;
        let view = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
        assert_eq!(view.state, S::Connected);
        assert_eq!(world.outcomes("token").await, ["ok"]);
    }
}

#[tokio::test]
async fn tokens_the_profile_call_refuses_are_the_end() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "revoke_tokens", "endpoints": ["me"], "times": 1})).await;
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::CredentialsWrong)));
    assert!(world.channels().await.is_empty());
}

#[tokio::test]
async fn a_network_that_is_down_is_named_before_leaving() {
    let world = World::start().await;
    world.fault(json!({"kind": "status", "code": 503, "endpoints": ["metadata"], "times": 1})).await;
    let started = world.handshake.start(world.wish(None)).await.unwrap();
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::ServerError)));
    assert_eq!(started.authorize_url, None);
    world.fault(json!({"kind": "html_page", "endpoints": ["register"], "times": 1})).await;
    let started = world.handshake.start(world.wish(None)).await.unwrap();
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::NotTheApi)));
    world.leave().await;
}

#[tokio::test]
async fn a_network_that_has_forgotten_our_app_gets_a_new_one() {
    let mut world = World::start().await;
    world.connect("ada").await;
    world.begin_anew().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
    assert_eq!(world.outcomes("register").await, ["ok"]);
}

#[tokio::test]
async fn a_network_that_goes_down_while_one_is_away_is_named() {
    let mut world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.stop().await;
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::TcpRefused)));
    assert_eq!(seen(&view, "Stage"), "connect");
    let again = view.events.iter().filter(|event| event.title == "Asking for the tokens again").count();
    assert_eq!(again, 3);
}
