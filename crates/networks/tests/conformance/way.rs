//! The way out of the client under test: a forward proxy that is every host there is. It ends TLS with a certificate of an
//! authority that this client alone trusts, so that a network is asked by its very addresses.

use crier_net::{Client, Config};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A client and the proxy it goes by.
pub struct Way {
    pub client: Client,
    listener: std::net::TcpListener,
}

thread_local! {
    /// One for all worlds of a test, which has its thread to itself: making a client reads every authority of the machine.
    static WAY: Way = Way::new();
}

impl Way {
    fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let config = Config {
            proxy,
            // The scripted servers that fixtures know by their addresses.
            no_proxy: vec!["127.0.0.1".parse().unwrap()],
            allow: vec!["127.0.0.1".parse().unwrap()],
            extra_ca: vec![AUTHORITY.file.clone()],
            ..Config::default()
        };
        Self { client: Client::new(config).unwrap(), listener }
    }

    /// This thread's client, and the proxy's ear.
    pub fn here() -> (Client, TcpListener) {
        WAY.with(|way| (way.client.clone(), TcpListener::from_std(way.listener.try_clone().unwrap()).unwrap()))
    }
}

/// Takes a connection to the proxy for one to the host that is asked for, and says which that is; none when the client
/// hangs up before.
pub async fn tunnel(mut stream: TcpStream) -> Option<(String, TlsStream<TcpStream>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    // A host at another port than that of https is told with it.
    let host = target.unwrap_or_else(|| panic!("unencrypted: {head}")).trim_end_matches(":443").to_owned();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
    let stream = TlsAcceptor::from(AUTHORITY.server(&host)).accept(stream).await.ok()?;
    Some((host, stream))
}

static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    servers: Mutex<HashMap<String, Arc<ServerConfig>>>,
    _directory: tempfile::TempDir,
    file: std::path::PathBuf,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        std::fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, servers: Mutex::default(), _directory: directory, file }
    }

    fn server(&self, host: &str) -> Arc<ServerConfig> {
        let mut servers = self.servers.lock().unwrap();
        Arc::clone(servers.entry(host.to_owned()).or_insert_with(|| self.make(host)))
    }

    fn make(&self, host: &str) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2090, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
    }
}
