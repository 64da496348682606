//! Hosts that speak HTTP/2, as most networks do.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use crier_net::{Client, Config, FailureKind, Stage};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;
use crate::{Names, assert_failed, here};

async fn respond(request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/hang" {
        std::future::pending::<()>().await;
    }
    let version = format!("{:?} ", request.version());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    Ok(http::Response::new(Full::new([version.into_bytes(), body.to_vec()].concat().into())))
}

/// Serves HTTP/2 to any number of connections.
async fn start(authority: &Authority) -> u16 {
    let mut tls = Arc::unwrap_or_clone(authority.good("good.test"));
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), hyper::service::service_fn(respond));
                // A host that restarts: every connection ends after a second, whatever is under way.
                let _cut_off = tokio::time::timeout(Duration::from_secs(1), serving).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn speaks_http2_where_offered() {
    let authority = Authority::new();
    let port = start(&authority).await;
    let config = Config { extra_ca: vec![authority.file.clone()], ..here() };
    let client = Client::with_resolver(config, Names::here()).unwrap();
    let url = format!("https://good.test:{port}");
    let requests = (0..20).map(|n| client.post(format!("{url}/{n}")).body(format!("{n}"), "text/plain").send());
    for (n, answer) in futures::future::join_all(requests).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap().text(), format!("HTTP/2.0 {n}"));
    }
    let request = client.get(format!("{url}/hang")).timeout(Duration::from_millis(200));
    let failure = request.send().await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::Timeout, true);
    let failure = client.get(format!("{url}/hang")).send().await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::Reset, true);
}
