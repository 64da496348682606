//! Servers that can't be reached, each named by what is in the way.

use crate::{
    certificates::{Authority, self_signed},
    host::{Host, answer, ok},
    world::{World, code, stands},
};
use async_trait::async_trait;
use crier_connect::{Handshake, Start};
use crier_model::{Code, NextKind, attempt::AttemptState as S};
use crier_net::{Client, Config, ProxyConfig, Resolve};
use crier_store::testing::record::row;
use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpSocket, TcpStream},
};

/// Knows some names, and one that nobody answers for.
#[derive(Debug)]
struct Names;

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match host {
            "inside.example" | "here.example" => Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
            // Linux has no route for a connection to a group of hosts.
            "group.example" => Ok(vec![IpAddr::V4(Ipv4Addr::new(224, 0, 0, 1))]),
            "silent.example" => Err(io::ErrorKind::TimedOut.into()),
            _ => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "failed to lookup address information: Name or service not known",
            )),
        }
    }
}

/// A way out that may reach this machine under `here.example`, and through this proxy if there is one.
fn way_out(authority: Option<&Authority>, proxy: Option<String>) -> Client {
    let proxy = proxy.map_or(ProxyConfig::None, ProxyConfig::Address);
    let allow = ["here.example", "224.0.0.0/4", "127.0.0.0/8"].map(|it| it.parse().unwrap()).to_vec();
    let extra_ca = authority.map(|authority| authority.file.clone()).into_iter().collect();
    let connect_timeout = Duration::from_millis(500);
    let config = Config { proxy, allow, extra_ca, connect_timeout, ..Config::default() };
    Client::with_resolver(config, Arc::new(Names)).unwrap()
}

/// Starts a connect with a server, and says why that did not come to leaving.
async fn why(handshake: &Handshake, world: &World, instance: &str) -> Code {
    let start = Start { network: "mastodon", instance: Some(instance), ..world.wish(None) };
    let started = handshake.start(start).await.unwrap();
    assert_eq!((started.attempt.state, started.authorize_url), (S::Failed, None), "{instance}");
    let diagnosis = started.attempt.diagnosis.as_ref().unwrap();
    assert_eq!(diagnosis.next.kind, NextKind::Retry);
    assert!(diagnosis.evidence.iter().any(|e| e.label == "Host" || e.value.contains(instance)), "{diagnosis:?}");
    code(&started.attempt).unwrap()
}

#[tokio::test]
async fn each_obstacle_has_its_name() {
    let world = World::start().await;
    let out = world.going_out_by(way_out(None, None));
    row("refused", Code::TcpRefused, why(&out, &world, "http://127.0.0.1:9").await);
    let encrypted = world.origin.replace("http://", "https://");
    row("TLS where none is spoken", Code::TlsProtocol, why(&out, &world, &encrypted).await);
    // Not the kind of server it was taken for.
    let other = why(&out, &world, &world.origin).await;
    assert!(matches!(other, Code::InstanceNotCompatible | Code::NotTheApi), "{other}");
    let site = Host::plain(|_| answer(404, &[("content-type", "text/html")], b"<!doctype html>Not found")).await;
    assert_eq!(why(&out, &world, &site.http("127.0.0.1", "")).await, Code::InstanceNotCompatible);
    row("DNS failure", Code::DnsNotFound, why(&out, &world, "nowhere.example").await);
    row("DNS timeout", Code::DnsTimeout, why(&out, &world, "silent.example").await);
    row("no route", Code::TcpUnreachable, why(&out, &world, "group.example").await);

    let config = Config { proxy: ProxyConfig::None, ..Config::default() };
    let careful = world.going_out_by(Client::with_resolver(config, Arc::new(Names)).unwrap());
    row("private address", Code::BlockedAddress, why(&careful, &world, "inside.example").await);
}

#[tokio::test]
async fn a_host_that_takes_no_connection_is_told_from_one_that_refuses_it() {
    let world = World::start().await;
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    // Nobody accepts: once the queue is full, what else comes is dropped.
    let mut waiting = Vec::new();
    while let Ok(connected) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }
    let out = world.going_out_by(way_out(None, None));
    row("TCP timeout", Code::TcpTimeout, why(&out, &world, &format!("http://{address}")).await);
}

#[tokio::test]
async fn each_bad_certificate_has_its_name() {
    let world = World::start().await;
    let authority = Authority::new();
    let out = world.going_out_by(way_out(Some(&authority), None));
    for (name, certificate, expected) in [
        ("TLS expired", authority.server("here.example", 2000, 2010), Code::TlsExpired),
        ("TLS self-signed", self_signed("here.example", false), Code::TlsUnknownIssuer),
        ("TLS wrong host", authority.good("other.example"), Code::TlsWrongHost),
    ] {
        let host = Host::secure(certificate, |_| ok("never asked")).await;
        row(name, expected, why(&out, &world, &host.https("here.example", "")).await);
        assert!(host.received().is_empty(), "{name}");
    }
}

/// Answers CONNECT and whole addresses by this, or leads on to where they point when it is `None`.
async fn proxy(answer: Option<&'static str>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let used = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&used);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                if let Some(answer) = answer {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    return;
                }
                let line = String::from_utf8(head.clone()).unwrap();
                let target = line.split(' ').nth(1).unwrap().trim_start_matches("http://");
                let mut host = TcpStream::connect(target.split('/').next().unwrap()).await.unwrap();
                // A server takes a request line with a whole address too (RFC 9112 §3.2.2).
                host.write_all(&head).await.unwrap();
                // Either end may hang up; that ends it.
                let _ended = copy_bidirectional(&mut stream, &mut host).await;
            });
        }
    });
    (address, used)
}

#[tokio::test]
async fn a_proxy_is_used_and_its_refusals_have_their_names() {
    let world = World::start().await;
    let absent = world.going_out_by(way_out(None, Some("http://127.0.0.1:9".to_owned())));
    row("proxy refused", Code::ProxyRefused, why(&absent, &world, "nowhere.example").await);
    for (name, answer, expected) in [
        ("proxy refused", "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", Code::ProxyRefused),
        (
            "proxy 407",
            "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n",
            Code::ProxyAuth,
        ),
    ] {
        let (address, _) = proxy(Some(answer)).await;
        let behind = world.going_out_by(way_out(None, Some(address)));
        row(name, expected, why(&behind, &world, "nowhere.example").await);
    }

    let (address, used) = proxy(None).await;
    let behind = world.going_out_by(way_out(None, Some(address)));
    let started = behind.start(world.wish(None)).await.unwrap();
    let query = world.allow(&started).await;
    let before = used.load(Ordering::SeqCst);
    assert!(before > 0, "starting went another way");
    behind.callback(crate::world::returning(&query, Some(&started.browser_cookie), None)).await;
    row("proxy works", "connected", stands(&world.view(started.attempt.id).await));
}
