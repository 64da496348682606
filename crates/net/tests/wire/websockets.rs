//! WebSockets, plain and secure.

use std::time::Duration;

use crier_net::{Client, Config, FailureKind, Message, Stage};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message as Frame;

use crate::certificates::Authority;
use crate::host::{Host, Reply, answer};
use crate::{Names, assert_failed, client, here};

/// Says everything back; at "bye" closes, at "drop" hangs up, at "big" sends more than asked for.
async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(frame)) = socket.next().await {
        match frame {
            Frame::Text(text) if text == "bye" => socket.close(None).await.unwrap(),
            Frame::Text(text) if text == "drop" => return,
            Frame::Text(text) if text == "big" => socket.send(Frame::binary(vec![0; 4096])).await.unwrap(),
            Frame::Text(text) => {
                socket.send(Frame::Ping(vec![1].into())).await.unwrap();
                socket.send(Frame::Text(text)).await.unwrap();
            }
            _ => {}
        }
    }
}

pub async fn start(authority: Option<&Authority>) -> u16 {
    let tls = authority.map(|authority| TlsAcceptor::from(authority.good("good.test")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            match tls.clone() {
                None => tokio::spawn(echo(stream)),
                Some(tls) => tokio::spawn(async move { echo(tls.accept(stream).await.unwrap()).await }),
            };
        }
    });
    port
}

const SOON: Duration = Duration::from_secs(3);

#[tokio::test]
async fn talks_both_ways() {
    let port = start(None).await;
    let mut socket = client().websocket(format!("ws://a.test:{port}/relay")).await.unwrap();
    assert_eq!(socket.host(), "a.test");
    for text in ["one", "zwö"] {
        socket.send(text).await.unwrap();
        assert_eq!(socket.next(SOON).await.unwrap(), Some(Message::Text(text.to_owned())));
    }
    let failure = socket.next(Duration::from_millis(100)).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Body, FailureKind::Timeout));
    socket.send("still there").await.unwrap();
    assert_eq!(socket.next(SOON).await.unwrap(), Some(Message::Text("still there".to_owned())));
    socket.close().await.unwrap();
}

#[tokio::test]
async fn a_close_is_an_end_and_a_cut_is_not() {
    let port = start(None).await;
    let mut socket = client().websocket(format!("ws://a.test:{port}/")).await.unwrap();
    socket.send("bye").await.unwrap();
    assert_eq!(socket.next(SOON).await.unwrap(), None);
    let mut socket = client().websocket(format!("ws://a.test:{port}/")).await.unwrap();
    socket.send("drop").await.unwrap();
    let failure = socket.next(SOON).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Body, FailureKind::Reset), "{failure}");
}

#[tokio::test]
async fn works_over_tls() {
    let authority = Authority::new();
    let port = start(Some(&authority)).await;
    let config = Config { extra_ca: vec![authority.file.clone()], ..here() };
    let client = Client::with_resolver(config, Names::here()).unwrap();
    let mut socket = client.websocket(format!("wss://good.test:{port}/")).await.unwrap();
    socket.send("hello").await.unwrap();
    assert_eq!(socket.next(SOON).await.unwrap(), Some(Message::Text("hello".to_owned())));
}

#[tokio::test]
async fn large_messages_are_refused() {
    let port = start(None).await;
    let config = Config { max_body: 1024, ..here() };
    let client = Client::with_resolver(config, Names::here()).unwrap();
    let mut socket = client.websocket(format!("ws://a.test:{port}/")).await.unwrap();
    socket.send("big").await.unwrap();
    let failure = socket.next(SOON).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TooLarge, "{failure}");
}

#[tokio::test]
async fn a_host_without_websockets_is_told() {
    let host = Host::plain(|_| answer(403, &[], b"no")).await;
    let failure = client().websocket(host.http("a.test", "/?token=hunter2").replace("http", "ws")).await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::UpgradeRefused, true);
    assert_eq!(failure.status, Some(403));
    let host = Host::plain(|_| Reply::Silence).await;
    let config = Config { timeout: Duration::from_millis(200), ..here() };
    let client = Client::with_resolver(config, Names::here()).unwrap();
    let failure = client.websocket(format!("ws://a.test:{}/", host.port)).await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::Timeout, true);
    let failure = client.websocket("https://a.test/").await.unwrap_err();
    assert_failed(&failure, Stage::Url, FailureKind::BadUrl, false);
}
