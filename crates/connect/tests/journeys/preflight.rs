//! Looking ahead.

use crate::world::{World, refused};
use crier_connect::Check;
use crier_model::Code;
use crier_networks::connect::Client2;
use crier_store::testing::record;
use serde_json::json;
use std::time::{Duration, Instant};

fn named<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().filter_map(|check| check.diagnosis.as_ref()).for_each(|diagnosis| record::raised(diagnosis.code));
    checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no {name} in {checks:?}"))
}

#[tokio::test]
async fn all_is_well_and_nothing_was_changed_by_looking() {
    let world = World::start().await;
    let checks = world.handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
    for name in ["public_url", "app", "host", "clock"] {
        assert!(named(&checks, name).ok, "{checks:?}");
    }
    assert!(world.outcomes("register").await.is_empty() && world.outcomes("token").await.is_empty());
    assert!(world.handshake.open(world.workspace, world.user).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_is_down_or_slow_is_named_in_time() {
    let world = World::start().await;
    world.fault(json!({"id": "f", "kind": "status", "code": 503, "endpoints": ["metadata"]})).await;
    let checks = world.handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
    assert_eq!(named(&checks, "host").diagnosis.as_ref().unwrap().code, Code::ServerError);

    world.fault(json!({"id": "f", "kind": "delay", "ms": 10000, "endpoints": ["metadata"]})).await;
    let started = Instant::now();
    let checks = world.handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert_eq!(named(&checks, "host").diagnosis.as_ref().unwrap().code, Code::HttpTimeout);
}

#[tokio::test]
async fn an_address_that_is_no_server_is_refused_and_a_dead_one_diagnosed() {
    let world = World::start().await;
    let wrong = world.handshake.preflight(world.workspace, "mastodon", None, Some("not a server")).await;
    assert_eq!(refused(wrong), Code::AddressWrong);
    let unknown = world.handshake.preflight(world.workspace, "orkut", None, None).await;
    assert_eq!(refused(unknown), Code::NetworkUnknown);
    let otherwise = world.handshake.preflight(world.workspace, "mastodon", Some("pigeon"), None).await;
    assert_eq!(refused(otherwise), Code::WayUnknown);
    let checks =
        world.handshake.preflight(world.workspace, "mastodon", None, Some("http://127.0.0.1:9")).await.unwrap();
    assert_eq!(named(&checks, "host").diagnosis.as_ref().unwrap().code, Code::TcpRefused);
    let checks = world.handshake.preflight(world.workspace, "mastodon", None, None).await.unwrap();
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
}

#[tokio::test]
async fn a_public_address_without_tls_is_pointed_out() {
    let world = World::with(|settings| settings.public_url = "http://crier.example.org/".parse().unwrap()).await;
    let checks = world.handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
    assert_eq!(named(&checks, "public_url").diagnosis.as_ref().unwrap().code, Code::PublicUrlNotHttps);
}

#[tokio::test]
async fn a_configured_app_that_the_network_does_not_know_is_found_out_before_leaving() {
    let unknown = Client2 { client_id: "nobody".to_owned(), client_secret: Some("x".into()), bot_token: None };
    let world = World::with(|settings| drop(settings.apps.insert("playground".to_owned(), unknown))).await;
    let checks = world.handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
    record::row("unknown client", Code::ClientUnknown, named(&checks, "app").diagnosis.as_ref().unwrap().code);
}

#[tokio::test]
async fn a_redirect_uri_that_is_not_the_registered_one_is_found_out_before_leaving() {
    let ours = World::start().await.handshake.redirect_uri("playground");
    for (what, registered) in [
        ("slash", format!("{ours}/")),
        ("scheme", ours.replace("http://", "https://")),
        ("port", ours.replace(":9/", ":10/")),
        ("case", ours.replace("/social/", "/Social/")),
    ] {
        assert_ne!(registered, ours);
        let world = World::start().await;
        let client = world.register(&registered).await;
        let handshake = world.configured(client);
        let checks = handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
        let diagnosis = named(&checks, "app").diagnosis.as_ref().unwrap();
        record::row(&format!("redirect mismatch: {what}"), Code::RedirectMismatch, diagnosis.code);
        assert!(diagnosis.evidence.iter().any(|seen| seen.value == ours), "{diagnosis:?}");
    }
}
