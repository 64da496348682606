//! Callbacks delivered more than once.

use crate::world::{World, returning, stands};
use crier_connect::Landing;
use crier_model::attempt::AttemptState as S;
use crier_store::testing::record::row;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_deliveries_at_once_are_one_token_request() {
    let world = World::start().await;
    let other_node = world.node().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "delay", "ms": 300, "endpoints": ["token"]})).await;
    let deliveries: Vec<_> = (0..50)
        .map(|n| {
            let node = if n % 2 == 0 { world.handshake.clone() } else { other_node.clone() };
            let callback = returning(&query, Some(&started.browser_cookie), None);
            tokio::spawn(async move { node.callback(callback).await })
        })
        .collect();
    for delivery in deliveries {
        let landing = delivery.await.unwrap();
        assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
    }
    let (tokens, profiles) = (world.outcomes("token").await.len(), world.outcomes("me").await.len());
    let got = format!(
        "{}, {} channel, {tokens} token request, {profiles} profile call",
        stands(&world.view(started.attempt.id).await),
        world.channels().await.len()
    );
    row("50 callbacks at once", "connected, 1 channel, 1 token request, 1 profile call", got);
}

#[tokio::test]
async fn a_reload_after_the_end_lands_on_the_end() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    for _ in 0..3 {
        let standing = stands(&world.land(&started, &query).await);
        let got = format!("{standing}, {} token request", world.outcomes("token").await.len());
        row("code replay", "connected, 1 token request", got);
    }
}

#[tokio::test]
async fn a_delivery_that_is_dropped_halfway_is_finished_all_the_same() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "delay", "ms": 500, "endpoints": ["token"]})).await;
    let callback = world.handshake.callback(returning(&query, Some(&started.browser_cookie), None));
    let dropped = tokio::time::timeout(std::time::Duration::from_millis(150), callback).await;
    assert!(dropped.is_err(), "the browser was to hang up before the answer");
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
    assert_eq!(world.outcomes("token").await, ["ok"]);
}
