//! Keeping credentials fresh.

use crate::world::World;
use crier_model::{ChannelId, Clock, Code, NextKind, Timestamp, channel::ChannelState};
use crier_networks::{Refusal, connect::Tokens};
use crier_store::{
    pace::{self, Scope},
    testing::record,
};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::atomic::Ordering;

const HOUR: i64 = 3600;

/// Token requests by how they ended, without the one that connected.
async fn renewals(world: &World) -> Vec<String> {
    world.outcomes("token").await.split_off(1)
}

async fn works(world: &World, channel: ChannelId) -> bool {
    let credentials = world.handshake.fresh(channel, false).await.unwrap();
    let me = world.net.get(format!("{}/api/me", world.origin)).bearer(credentials.access_token.expose());
    me.send().await.unwrap().status() == 200
}

impl World {
    /// Lets time pass here and at the network.
    pub fn pass_everywhere(&self, seconds: i64) {
        self.pass(seconds);
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn tokens_are_renewed_ahead_of_their_end_and_rotate() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let first = world.handshake.fresh(channel.id, false).await.unwrap();
    let at = world.handshake.renew(channel.id).await.unwrap().unwrap();
    assert_eq!(at.duration_since(world.clock.now()).as_secs(), HOUR * 4 / 5);
    assert!(renewals(&world).await.is_empty());

    world.pass_everywhere(HOUR * 4 / 5);
    let next = world.handshake.renew(channel.id).await.unwrap().unwrap();
    assert!(next > world.clock.now());
    let second = world.handshake.fresh(channel.id, false).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_ne!(first.refresh_token, second.refresh_token);
    assert!(works(&world, channel.id).await);
    world.pass_everywhere(HOUR);
    assert!(works(&world, channel.id).await);
    assert_eq!(renewals(&world).await, ["ok", "ok"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_need_new_tokens_at_once_make_one_request() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let other_node = world.node().await;
    world.fault(json!({"kind": "delay", "ms": 300, "endpoints": ["token"]})).await;
    for refused in [false, true] {
        // Over its end, so that nobody can go on with the old one.
        world.pass_everywhere(HOUR + 1);
        let all: Vec<_> = (0..10)
            .map(|n| {
                let node = if n % 2 == 0 { world.handshake.clone() } else { other_node.clone() };
                tokio::spawn(async move { node.fresh(channel.id, refused).await.unwrap().access_token })
            })
            .collect();
        let mut tokens = Vec::new();
        for one in all {
            tokens.push(one.await.unwrap());
        }
        assert!(tokens.windows(2).all(|pair| pair[0] == pair[1]));
        assert!(works(&world, channel.id).await);
    }
    let got = format!("{} requests for 2 renewals by 20", renewals(&world).await.len());
    record::row("refresh by two nodes at once", "2 requests for 2 renewals by 20", got);
    assert_eq!(renewals(&world).await, ["ok", "ok"]);
}

#[tokio::test]
async fn a_refusal_renews_whatever_the_expiry_says() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let first = world.handshake.fresh(channel.id, false).await.unwrap();
    let second = world.handshake.fresh(channel.id, true).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(renewals(&world).await, ["ok"]);
}

#[tokio::test]
async fn a_blip_never_disconnects() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR * 5 / 6);
    for fault in [
        json!({"id": "f", "kind": "status", "code": 503, "endpoints": ["token"]}),
        json!({"id": "f", "kind": "rate_limit", "retry_after": 900, "endpoints": ["token"]}),
        json!({"id": "f", "kind": "html_page", "endpoints": ["token"]}),
        json!({"id": "f", "kind": "status", "code": 500, "endpoints": ["metadata"]}),
        json!({"id": "f", "kind": "reset", "processed": false, "endpoints": ["token"]}),
    ] {
        world.fault(fault.clone()).await;
        // What there is still works, so it is used.
        assert!(works(&world, channel.id).await, "{fault}");
        let again = world.handshake.renew(channel.id).await.unwrap().unwrap();
        assert!(again > world.clock.now(), "{fault}");
        assert_eq!(world.channel(channel.id).await.state, ChannelState::Active, "{fault}");
    }
    // After its end it is a refusal that passes.
    world.pass_everywhere(HOUR);
    let refusal = world.handshake.fresh(channel.id, false).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Temporary(_)), "{refusal:?}");
    world.mend().await;
    assert!(works(&world, channel.id).await);
}

#[tokio::test]
async fn an_app_that_is_to_be_left_alone_renews_nothing_before_its_time() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR * 5 / 6);
    let until = world.clock.now() + SignedDuration::from_secs(120);
    let scope = Scope::shared(&world.channel(channel.id).await).unwrap();
    pace::rest(&world.store, &scope, channel.id, until, "slow down").await.unwrap();
    let again = world.handshake.renew(channel.id).await.unwrap().unwrap();
    assert_eq!(again.as_millisecond(), until.as_millisecond());
    assert!(renewals(&world).await.is_empty());
    world.pass_everywhere(121);
    assert!(world.handshake.renew(channel.id).await.unwrap().unwrap() > world.clock.now());
    assert_eq!(renewals(&world).await, ["ok"]);
}

#[tokio::test]
async fn a_limit_says_until_when() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR * 5 / 6);
    world.fault(json!({"kind": "rate_limit", "retry_after": 1800, "endpoints": ["token"], "times": 1})).await;
    let until = world.handshake.renew(channel.id).await.unwrap().unwrap();
    // The network counts by the machine's clock, which stands where the test began.
    let asked = Timestamp::now() + SignedDuration::from_secs(1790);
    assert!(until >= asked.min(world.clock.now()), "{until} {asked}");
    assert_eq!(world.channel(channel.id).await.state, ChannelState::Active);
}

#[tokio::test]
async fn a_revoked_sign_in_needs_a_reconnect_and_says_why() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR * 5 / 6);
    world.fault(json!({"kind": "revoke_tokens", "endpoints": ["token"], "times": 1})).await;
    assert_eq!(world.handshake.renew(channel.id).await.unwrap(), None);
    let dead = world.channel(channel.id).await;
    assert_eq!(dead.state, ChannelState::NeedsReconnect);
    let reason = dead.reason.unwrap();
    assert_eq!((reason.code, reason.next.kind), (Code::CredentialsWrong, NextKind::Reconnect));
    assert!(reason.evidence.iter().any(|e| e.value.contains("revoked")), "{reason:?}");
    let refusal = world.handshake.fresh(channel.id, false).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Auth(_)), "{refusal:?}");
    assert_eq!(renewals(&world).await, ["invalid_grant"]);
    // Nobody asks again until a person has reconnected it.
    assert_eq!(world.handshake.renew(channel.id).await.unwrap(), None);
    assert_eq!(renewals(&world).await.len(), 1);
    assert_eq!(world.connect("ada").await.id, channel.id);
    assert!(works(&world, channel.id).await);
}

#[tokio::test]
async fn an_answer_lost_before_the_token_rotated_is_got_over() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR * 5 / 6);
    world.fault(json!({"kind": "reset", "processed": false, "endpoints": ["token"], "times": 1})).await;
    assert!(world.handshake.renew(channel.id).await.unwrap().is_some());
    assert_eq!(renewals(&world).await, ["reset_unprocessed", "ok"]);
    assert!(works(&world, channel.id).await);
    let state = world.channel(channel.id).await.state;
    record::row("refresh answer lost before it counted", ChannelState::Active, state);
}

#[tokio::test]
async fn an_answer_lost_after_the_token_rotated_is_told_as_such() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR * 5 / 6);
    world.fault(json!({"kind": "reset", "processed": true, "endpoints": ["token"], "times": 1})).await;
    assert_eq!(world.handshake.renew(channel.id).await.unwrap(), None);
    assert_eq!(renewals(&world).await, ["reset_processed", "invalid_grant"]);
    let dead = world.channel(channel.id).await;
    let got = format!("{}: {}", dead.state, dead.reason.unwrap().code);
    record::row("refresh answer lost after it counted", "needs_reconnect: grant.answer_lost", got);
}

#[tokio::test]
async fn a_secret_that_is_wrong_here_does_not_end_the_sign_in() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR + 1);
    world.fault(json!({"kind": "rotate_keys", "endpoints": ["token"], "times": 1})).await;
    let refusal = world.handshake.fresh(channel.id, false).await.unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Temporary(detail) if detail.diagnosis == Some(Code::ClientSecretWrong)),
        "{refusal:?}"
    );
    assert_eq!(world.channel(channel.id).await.state, ChannelState::Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_while_renewing_is_followed_by_another() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    world.pass_everywhere(HOUR + 1);
    world.fault(json!({"kind": "delay", "ms": 5000, "endpoints": ["token"], "times": 1})).await;
    let node = world.node().await;
    let dying = tokio::spawn(async move { node.fresh(channel.id, false).await });
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    dying.abort();
    world.pass(121);
    assert!(works(&world, channel.id).await);
}
