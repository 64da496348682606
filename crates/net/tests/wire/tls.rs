//! Certificates good and bad.

use std::time::Duration;

use crier_net::{Client, Config, Failure, FailureKind, Stage};

use crate::certificates::{Authority, self_signed};
use crate::host::{Host, Reply, ok};
use crate::{Names, assert_failed, client, here};

fn trusting(authority: &Authority) -> Client {
    let config = Config { extra_ca: vec![authority.file.clone()], ..here() };
    Client::with_resolver(config, Names::here()).unwrap()
}

async fn fail(client: &Client, host: &Host) -> Failure {
    let failure = client.post(host.https("good.test", "/")).form(&[("a", "b")]).send().await.unwrap_err();
    let reach = client.reach(host.https("good.test", "/")).await.unwrap_err();
    let socket = client.websocket(host.https("good.test", "/").replace("https", "wss")).await.unwrap_err();
    assert_eq!((reach.stage, reach.kind), (failure.stage, failure.kind));
    assert_eq!((socket.stage, socket.kind), (failure.stage, failure.kind));
    assert!(host.received().is_empty());
    failure
}

#[tokio::test]
async fn a_good_certificate_is_good() {
    let authority = Authority::new();
    let host = Host::secure(authority.good("good.test"), |_| ok("secret")).await;
    let client = trusting(&authority);
    assert_eq!(client.get(host.https("good.test", "/")).send().await.unwrap().text(), "secret");
    let reach = client.reach(host.https("good.test", "/")).await.unwrap();
    assert_eq!((reach.tls, reach.via_proxy, reach.address.port()), (true, false, host.port));
    assert_eq!(host.received().len(), 1, "reaching asks nothing");
}

#[tokio::test]
async fn outside_its_time_it_is_not() {
    let authority = Authority::new();
    for (from, to) in [(2000, 2010), (2080, 2090)] {
        let host = Host::secure(authority.server("good.test", from, to), |_| ok("")).await;
        let failure = fail(&trusting(&authority), &host).await;
        assert_failed(&failure, Stage::Tls, FailureKind::TlsExpired, false);
    }
}

#[tokio::test]
async fn for_another_host_it_is_not() {
    let authority = Authority::new();
    let host = Host::secure(authority.good("other.test"), |_| ok("")).await;
    let failure = fail(&trusting(&authority), &host).await;
    assert_failed(&failure, Stage::Tls, FailureKind::TlsWrongHost, false);
    assert!(failure.detail.contains("other.test"), "names whose it is: {failure}");
}

#[tokio::test]
async fn from_nobody_known_it_is_not() {
    let authority = Authority::new();
    let host = Host::secure(authority.good("good.test"), |_| ok("")).await;
    assert_failed(&fail(&client(), &host).await, Stage::Tls, FailureKind::TlsUntrusted, false);
    for is_authority in [false, true] {
        let host = Host::secure(self_signed("good.test", is_authority), |_| ok("")).await;
        let failure = fail(&client(), &host).await;
        assert_failed(&failure, Stage::Tls, FailureKind::TlsUntrusted, false);
    }
}

#[tokio::test]
async fn what_is_not_tls_is_told() {
    let host = Host::plain(|_| ok("")).await;
    // The ClientHello isn't a request, so the host never answers: time runs out agreeing on TLS.
    let request = client().get(host.https("good.test", "/")).timeout(Duration::from_millis(300));
    let failure = request.send().await.unwrap_err();
    assert_failed(&failure, Stage::Tls, FailureKind::Timeout, false);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut talker, _) = listener.accept().await.unwrap();
        talker.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let (hanger_up, _) = listener.accept().await.unwrap();
        drop(hanger_up);
    });
    let url = format!("https://good.test:{port}/");
    let failure = client().get(&url).send().await.unwrap_err();
    assert_failed(&failure, Stage::Tls, FailureKind::TlsOther, false);
    let failure = client().get(&url).send().await.unwrap_err();
    assert_failed(&failure, Stage::Tls, FailureKind::Reset, false);
}

#[tokio::test]
async fn a_reset_over_tls_may_have_been_received() {
    let authority = Authority::new();
    let host = Host::secure(authority.good("good.test"), |_| Reply::Reset).await;
    let failure = trusting(&authority).get(host.https("good.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::Reset, true);
}
