//! Servers that can't be reached, each named by what is in the way.

use crate::world::{World, code};
use async_trait::async_trait;
use crier_connect::{Handshake, Start};
use crier_model::{Code, NextKind, attempt::AttemptState as S};
use crier_net::{Client, Config, ProxyConfig, Resolve};
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// Knows no name but one.
#[derive(Debug)]
struct Names;

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match host {
            "inside.example" => Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
            _ => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "failed to lookup address information: Name or service not known",
            )),
        }
    }
}

/// Starts a connect with a server, and says why that did not come to leaving.
async fn why(world: &World, handshake: &Handshake, instance: &str) -> Code {
    let start = Start { network: "mastodon", instance: Some(instance), ..world.wish(None) };
    let started = handshake.start(start).await.unwrap();
    assert_eq!((started.attempt.state, started.authorize_url), (S::Failed, None), "{instance}");
    let diagnosis = started.attempt.diagnosis.as_ref().unwrap();
    assert_eq!(diagnosis.next.kind, NextKind::Retry);
    assert!(diagnosis.evidence.iter().any(|e| e.label == "Host"), "{diagnosis:?}");
    code(&started.attempt).unwrap()
}

#[tokio::test]
async fn each_obstacle_has_its_name() {
    let world = World::start().await;
    assert_eq!(why(&world, &world.handshake, "http://127.0.0.1:9").await, Code::TcpRefused);
    // TLS where none is spoken.
    let encrypted = world.origin.replace("http://", "https://");
    assert_eq!(why(&world, &world.handshake, &encrypted).await, Code::TlsProtocol);
    // Not the kind of server it was taken for.
    let other = why(&world, &world.handshake, &world.origin).await;
    assert!(matches!(other, Code::InstanceNotCompatible | Code::NotTheApi), "{other}");

    let config = || Config { proxy: ProxyConfig::None, ..Config::default() };
    let resolving = world.going_out_by(Client::with_resolver(config(), Arc::new(Names)).unwrap());
    assert_eq!(why(&world, &resolving, "nowhere.example").await, Code::DnsNotFound);
    assert_eq!(why(&world, &resolving, "inside.example").await, Code::BlockedAddress);

    let proxy = ProxyConfig::Address("http://127.0.0.1:9".to_owned());
    let behind = world.going_out_by(Client::with_resolver(Config { proxy, ..config() }, Arc::new(Names)).unwrap());
    assert_eq!(why(&world, &behind, "nowhere.example").await, Code::ProxyRefused);
}
