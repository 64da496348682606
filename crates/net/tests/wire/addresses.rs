//! Addresses that must not be called, in every disguise.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crier_net::{Client, Config, FailureKind, Resolve, Stage};

use crate::host::{Host, ok};
use crate::{Names, assert_failed, here, public_only};

#[tokio::test]
async fn written_out_addresses_are_vetted() {
    let host = Host::plain(|_| ok("reached")).await;
    let client = Client::with_resolver(public_only(), Names::here()).unwrap();
    let port = host.port;
    for name in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "１２７.0.0.1",
    ] {
        let url = format!("http://{name}:{port}/");
        let failure = client.get(&url).send().await.unwrap_err();
        assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
        let failure = client.reach(&url).await.unwrap_err();
        assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
        let failure = client.websocket(url.replace("http", "ws")).await.unwrap_err();
        assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
        assert_eq!(client.vet(&url).unwrap_err().kind, FailureKind::BlockedAddress);
        assert!(!client.allows_host(name));
    }
    assert_eq!(host.connections(), 0);
    assert!(client.vet("https://example.org/hook").is_ok());
}

#[tokio::test]
async fn names_are_vetted_by_what_they_stand_for() {
    let host = Host::plain(|_| ok("reached")).await;
    let client = Client::with_resolver(public_only(), Names::here()).unwrap();
    let failure = client.get(host.http("a.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
    assert!(failure.detail.contains("127.0.0.1"), "{failure}");
    assert_eq!(host.connections(), 0);
}

#[tokio::test]
async fn what_is_listed_may_be_called() {
    let host = Host::plain(|_| ok("reached")).await;
    for (allow, name) in [
        ("127.0.0.0/8", "a.test"),
        ("a.test", "a.test"),
        ("*.test", "a.test"),
        ("127.0.0.1", "2130706433"),
        ("localhost", "localhost"),
    ] {
        let config = Config { allow: vec![allow.parse().unwrap()], ..here() };
        let names = Names::of(&[("a.test", &["127.0.0.1"]), ("localhost", &["127.0.0.1"])]);
        let client = Client::with_resolver(config, names).unwrap();
        let answer = client.get(host.http(name, "/")).send().await.unwrap();
        assert_eq!(answer.text(), "reached", "{allow}");
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_its_answer_kept() {
    let host = Host::plain(|_| ok("reached")).await;
    // First an address that leads nowhere but may be called, then this machine, which may not.
    let names = Names::of(&[("rebind.test", &["240.0.0.1", "127.0.0.1"])]);
    let config =
        Config { allow: vec!["240.0.0.1".parse().unwrap()], connect_timeout: Duration::from_millis(300), ..here() };
    let client = Client::with_resolver(config, Arc::<Names>::clone(&names)).unwrap();
    let failure = client.get(host.http("rebind.test", "/")).send().await.unwrap_err();
    assert_eq!(failure.stage, Stage::Connect, "{failure}");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    // The second time, the resolver has changed its mind: vetted anew.
    let failure = client.get(host.http("rebind.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
    assert_eq!(host.connections(), 0);
}

#[tokio::test]
async fn an_unknown_name_is_not_found() {
    let client = Client::with_resolver(here(), Names::here()).unwrap();
    let failure = client.get("https://unknown.test/").send().await.unwrap_err();
    assert_failed(&failure, Stage::Resolve, FailureKind::DnsNotFound, false);
    assert!(failure.is_safe_to_repeat());
}

#[tokio::test]
async fn a_silent_resolver_times_out() {
    #[derive(Debug)]
    struct Silent;
    #[async_trait::async_trait]
    impl Resolve for Silent {
        async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
            std::future::pending().await
        }
    }
    let client = Client::with_resolver(here(), Arc::new(Silent)).unwrap();
    let request = client.get("https://a.test/").timeout(Duration::from_millis(200));
    let failure = request.send().await.unwrap_err();
    assert_failed(&failure, Stage::Resolve, FailureKind::DnsTimeout, false);
}

#[tokio::test]
async fn a_silent_name_server_times_out() {
    // It hears the questions, over UDP and TCP, and says nothing.
    let (udp, tcp) = loop {
        let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = tokio::net::TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let config = Config { name_servers: vec![udp.local_addr().unwrap().to_string().parse().unwrap()], ..here() };
    let failure = Client::new(config).unwrap().get("https://a.test/").send().await.unwrap_err();
    assert_failed(&failure, Stage::Resolve, FailureKind::DnsTimeout, false);
    assert!(failure.is_safe_to_repeat());
    let mut question = [0; 512];
    assert!(udp.try_recv(&mut question).unwrap() > 12, "nobody asked");
    drop(tcp);
}

#[tokio::test]
async fn the_next_address_is_tried() {
    #[derive(Debug)]
    struct Two;
    #[async_trait::async_trait]
    impl Resolve for Two {
        async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
            Ok(vec!["127.0.0.9".parse().unwrap(), "127.0.0.1".parse().unwrap()])
        }
    }
    let host = Host::plain(|_| ok("reached")).await;
    let client = Client::with_resolver(here(), Arc::new(Two)).unwrap();
    assert_eq!(client.get(host.http("a.test", "/")).send().await.unwrap().text(), "reached");
}

#[tokio::test]
async fn the_system_resolver_resolves() {
    let host = Host::plain(|_| ok("reached")).await;
    let config = Config { allow: vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()], ..here() };
    let client = Client::new(config).unwrap();
    assert_eq!(client.get(host.http("localhost", "/")).send().await.unwrap().text(), "reached");
}

/// A listener whose queue is full drops what comes, as a firewall does.
#[tokio::test]
async fn a_port_that_drops_packets_times_out() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), tokio::net::TcpStream::connect(address)).await
    {
        queued.push(stream);
    }
    let client = Client::new(Config { connect_timeout: Duration::from_millis(400), ..here() }).unwrap();
    let failure = client.get(format!("https://{address}/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::Connect, FailureKind::ConnectTimeout, false);
}
