//! Faults between the return and the channel.

use crate::world::{World, code, stands};
use crier_connect::AttemptView;
use crier_model::{Code, NextKind, attempt::AttemptState as S};
use crier_store::testing::record::row;
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
        row("500 then 200", "connected", stands(&view));
        assert_eq!(world.outcomes("token").await.len(), 2);
        assert!(view.events.iter().any(|event| event.title == "Asking for the tokens again"));
    }
}

#[tokio::test]
async fn a_reset_before_the_code_counted_is_got_over() {
    let (world, view) = under("reset", json!({"processed": false})).await;
    row("reset after send, before the code counted", "connected", stands(&view));
    assert_eq!(world.outcomes("token").await, ["reset_unprocessed", "ok"]);
}

#[tokio::test]
async fn an_answer_lost_after_the_code_counted_is_told_as_such() {
    let (world, view) = under("reset", json!({"processed": true})).await;
    row("reset after send, after the code counted", "failed: grant.answer_lost", stands(&view));
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
    row("expired code", "failed: grant.code_expired", stands(&view));
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
    row("expired code", "failed: grant.code_expired", stands(&view));
}

#[tokio::test]
async fn a_wrong_clock_is_blamed_for_a_code_that_seems_expired() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.next_token("expire_code", json!({})).await;
    world.next_token("clock", json!({"seconds": 120})).await;
    let view = world.land(&started, &query).await;
    row("a clock that is wrong", "failed: grant.clock_skew", stands(&view));
    assert!(seen(&view, "Our clock").ends_with("s behind the network's"), "{}", seen(&view, "Our clock"));
}

#[tokio::test]
async fn a_client_the_network_no_longer_takes_is_registered_anew_next_time() {
    let (world, view) = under("rotate_keys", json!({})).await;
    row("wrong secret", "failed: client.secret_wrong", stands(&view));
    assert!(!seen(&view, "Client id").is_empty());
    let started = world.leave().await;
    let query = world.allow(&started).await;
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
    assert_eq!(world.outcomes("register").await.len(), 2);
}

#[tokio::test]
async fn what_is_no_answer_of_the_network_is_told_apart() {
    for (name, kind, extra, expected) in [
        ("HTML captive page", "html_page", json!({}), Code::NotTheApi),
        ("10 MB body", "big_body", json!({"bytes": 10 * 1024 * 1024, "times": 2}), Code::NotTheApi),
        ("429 for longer than a code lives", "rate_limit", json!({"retry_after": 3600}), Code::RateLimited),
    ] {
        let (world, view) = under(kind, extra).await;
        row(name, format!("failed: {expected}"), stands(&view));
        assert!(world.channels().await.is_empty());
    }
    let (_, view) = under("broken_json", json!({})).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::TokenMalformed)));
}

#[tokio::test]
async fn a_short_limit_is_waited_out_while_the_code_lives() {
    let (world, view) = under("rate_limit", json!({"retry_after": 1})).await;
    row("429 with Retry-After", "connected", stands(&view));
    assert_eq!(world.outcomes("token").await, ["rate_limited", "ok"]);
}

/// Really waits: 30 s are the client's limit for a token answer.
#[tokio::test]
async fn a_slow_answer_is_waited_for_and_one_that_never_comes_is_not() {
    let slow = async {
        let (world, view) = under("delay", json!({"ms": 25_000})).await;
        // The browser waits on the attempt's page meanwhile.
        assert!(matches!(view.state, S::Exchanging | S::Connected), "{:?}", view.diagnosis);
        row("slow token answer (25 s)", "connected", stands(&settled(&world, &view).await));
        assert_eq!(world.outcomes("token").await, ["ok"]);
    };
    let too_slow = async {
        let (world, view) = under("delay", json!({"ms": 40_000, "times": 2})).await;
        row("token answer slower than 30 s", "failed: http.timeout", stands(&settled(&world, &view).await));
    };
    tokio::join!(slow, too_slow);
}

/// The attempt once it has ended.
async fn settled(world: &World, view: &AttemptView) -> AttemptView {
    for _ in 0..900 {
        let now = world.view(view.id).await;
        if now.state.is_final() {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{:?}", world.view(view.id).await);
}

#[tokio::test]
async fn a_profile_call_that_fails_twice_is_got_over() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "status", "code": 500, "endpoints": ["me"], "times": 2})).await;
    row("profile call fails twice then works", "connected", stands(&world.land(&started, &query).await));
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
        row("profile call fails for long", format!("identified: {expected}"), stands(&view));
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
