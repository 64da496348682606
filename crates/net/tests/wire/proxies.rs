//! Ways out through a proxy.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crier_net::{Client, Config, FailureKind, Message, ProxyConfig, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::certificates::Authority;
use crate::host::{Host, answer, ok};
use crate::{Names, assert_failed, here, public_only};

/// A proxy that answers CONNECT with `status`, and with 200 opens a way to this machine's port, whatever the name.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(Self::serve(stream, answer, Arc::clone(&log)));
            }
        });
        Self { port, heads }
    }

    async fn serve(mut stream: TcpStream, answer: &str, log: Arc<Mutex<Vec<String>>>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        log.lock().unwrap().push(head.clone());
        stream.write_all(answer.as_bytes()).await.unwrap();
        if answer.starts_with("HTTP/1.1 200") {
            let target = head.split(' ').nth(1).unwrap();
            let port: u16 = target.rsplit_once(':').unwrap().1.parse().unwrap();
            let mut host = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            // Either end may hang up; that ends the tunnel.
            let _ended = copy_bidirectional(&mut stream, &mut host).await;
        }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

const OPENED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// A client that may call nothing private and goes through this proxy.
fn through(proxy: &str, authority: &Authority) -> Client {
    let config = Config { proxy: proxy.parse().unwrap(), extra_ca: vec![authority.file.clone()], ..public_only() };
    Client::with_resolver(config, Names::here()).unwrap()
}

#[tokio::test]
async fn a_tunnel_leads_to_the_host() {
    let authority = Authority::new();
    let host = Host::secure(authority.good("far.test"), |_| ok("reached")).await;
    let proxy = Proxy::start(OPENED).await;
    let client = through(&format!("http://me:pa%20ss@proxy.test:{}", proxy.port), &authority);
    // `far.test` is known to the proxy alone.
    let answer = client.get(host.https("far.test", "/")).bearer("t").send().await.unwrap();
    assert_eq!(answer.text(), "reached");
    let head = &proxy.heads()[0];
    assert!(head.starts_with(&format!("CONNECT far.test:{0} HTTP/1.1\r\nHost: far.test:{0}\r\n", host.port)), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic bWU6cGEgc3M=\r\n"), "{head}");
    assert!(!head.contains("Bearer"), "{head}");
    assert_eq!(host.received()[0].header("proxy-authorization"), None);
    let reach = client.reach(host.https("far.test", "/")).await.unwrap();
    assert!(reach.via_proxy && reach.tls && reach.address.port() == proxy.port);
}

#[tokio::test]
async fn its_refusals_are_told_apart() {
    for (reply, kind, status) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n",
            FailureKind::ProxyAuth,
            Some(407),
        ),
        ("HTTP/1.0 401 Unauthorized\r\nserver: tinyproxy/1.11.1\r\n\r\n", FailureKind::ProxyAuth, Some(401)),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno", FailureKind::ProxyRefused, Some(403)),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", FailureKind::ProxyOther, Some(502)),
        ("SSH-2.0-OpenSSH_9.9\r\n\r\n", FailureKind::ProxyOther, None),
        ("", FailureKind::ProxyOther, None),
    ] {
        let proxy = Proxy::start(reply).await;
        let client = through(&format!("http://me:hunter2@127.0.0.1:{}", proxy.port), &Authority::new());
        let failure = client.post("https://far.test/token").form(&[("a", "b")]).send().await.unwrap_err();
        assert_failed(&failure, Stage::Proxy, kind, false);
        assert_eq!(failure.status, status, "{failure}");
        assert_eq!(failure.host, "far.test");
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
        let failure = client.websocket("wss://far.test/").await.unwrap_err();
        assert_failed(&failure, Stage::Proxy, kind, false);
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told() {
    // Bound and not listening: it refuses, and no test beside this one can be given the port.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = taken.local_addr().unwrap().port();
    let authority = Authority::new();
    for scheme in ["http", "https", "socks5"] {
        let client = through(&format!("{scheme}://127.0.0.1:{port}"), &authority);
        for url in ["https://far.test/", "http://far.test/"] {
            let failure = client.get(url).send().await.unwrap_err();
            assert_failed(&failure, Stage::Proxy, FailureKind::ProxyRefused, false);
        }
    }
    let failure = through("http://nowhere.test:3128", &authority).get("https://far.test/").send().await.unwrap_err();
    assert_failed(&failure, Stage::Proxy, FailureKind::DnsNotFound, false);
}

#[tokio::test]
async fn a_silent_proxy_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = through(&format!("http://127.0.0.1:{port}"), &Authority::new());
    let request = client.get("https://far.test/").timeout(Duration::from_millis(200));
    let failure = request.send().await.unwrap_err();
    assert_failed(&failure, Stage::Proxy, FailureKind::ConnectTimeout, false);
}

#[tokio::test]
async fn behind_the_tunnel_tls_is_checked() {
    let authority = Authority::new();
    let host = Host::secure(authority.server("far.test", 2000, 2010), |_| ok("")).await;
    let proxy = Proxy::start(OPENED).await;
    let client = through(&format!("http://127.0.0.1:{}", proxy.port), &authority);
    let failure = client.get(host.https("far.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::Tls, FailureKind::TlsExpired, false);
}

#[tokio::test]
async fn plain_requests_are_forwarded() {
    let authority = Authority::new();
    // To a client, a forwarding proxy is a host that gets whole addresses.
    let proxy = Host::plain(|request| match request.header("proxy-authorization") {
        Some("Basic bWU6cA==") => ok("forwarded"),
        _ => answer(407, &[("proxy-authenticate", "Basic")], b""),
    })
    .await;
    let client = through(&format!("http://me:p@127.0.0.1:{}", proxy.port), &authority);
    assert_eq!(client.get("http://far.test/x?y=z").send().await.unwrap().text(), "forwarded");
    assert_eq!(proxy.received()[0].line(), "GET http://far.test/x?y=z HTTP/1.1");
    assert_eq!(proxy.received()[0].header("host"), Some("far.test"));
    let client = through(&format!("http://127.0.0.1:{}", proxy.port), &authority);
    let failure = client.get("http://far.test/").send().await.unwrap_err();
    assert_failed(&failure, Stage::Proxy, FailureKind::ProxyAuth, false);
    assert_eq!(failure.status, Some(407));
}

#[tokio::test]
async fn private_places_are_refused_through_it_too() {
    let proxy = Proxy::start(OPENED).await;
    let client = through(&format!("http://127.0.0.1:{}", proxy.port), &Authority::new());
    for url in [
        "https://127.0.0.1/",
        "http://10.0.0.1/",
        "https://localhost/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/",
    ] {
        let failure = client.get(url).send().await.unwrap_err();
        assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
    }
    assert!(proxy.heads().is_empty());
}

#[tokio::test]
async fn what_is_excepted_goes_directly() {
    let host = Host::plain(|_| ok("directly")).await;
    let proxy = Proxy::start(OPENED).await;
    let url = format!("http://127.0.0.1:{}", proxy.port);
    let excepting = |allow: &[&str]| {
        let config = Config {
            proxy: ProxyConfig::Address(url.clone()),
            no_proxy: vec!["a.test".parse().unwrap()],
            allow: allow.iter().map(|entry| entry.parse().unwrap()).collect(),
            ..here()
        };
        Client::with_resolver(config, Names::here()).unwrap()
    };
    let answer = excepting(&["127.0.0.0/8"]).get(host.http("a.test", "/")).send().await.unwrap();
    assert_eq!(answer.text(), "directly");
    let failure = excepting(&[]).get(host.http("a.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
    assert!(proxy.heads().is_empty());
}

#[tokio::test]
async fn what_a_forwarding_proxy_answers_itself_is_not_taken_for_the_host() {
    for (status, field, kind, maybe_received) in [
        (401, ("server", "tinyproxy/1.11.1"), FailureKind::ProxyAuth, false),
        (403, ("x-squid-error", "ERR_ACCESS_DENIED 0"), FailureKind::ProxyRefused, false),
        (503, ("x-squid-error", "ERR_CONNECT_FAIL 111"), FailureKind::ProxyOther, true),
        (502, ("proxy-status", "gate.test; error=connection_refused"), FailureKind::ProxyOther, true),
    ] {
        let proxy = Host::plain(move |_| answer(status, &[field], b"<html>no</html>")).await;
        let client = through(&format!("http://127.0.0.1:{}", proxy.port), &Authority::new());
        let failure = client.post("http://far.test/").form(&[("a", "b")]).send().await.unwrap_err();
        assert_failed(&failure, Stage::Proxy, kind, maybe_received);
        assert_eq!(failure.status, Some(status));
    }
    // The host's own answer stays one, and so does anything without a proxy.
    let passed_on = Host::plain(|_| answer(502, &[("proxy-status", "gate.test; received-status=502")], b"")).await;
    let client = through(&format!("http://127.0.0.1:{}", passed_on.port), &Authority::new());
    assert_eq!(client.get("http://far.test/").send().await.unwrap().status(), 502);
    let host = Host::plain(|_| answer(401, &[("server", "tinyproxy/1.11.1")], b"")).await;
    assert_eq!(crate::client().get(host.http("a.test", "/")).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn each_route_takes_its_own_way() {
    let host = Host::plain(|_| ok("directly")).await;
    let (usual, special) = (Host::plain(|_| ok("usual")).await, Host::plain(|_| ok("special")).await);
    let proxy = |host: &Host| ProxyConfig::Address(format!("http://127.0.0.1:{}", host.port));
    let routes = [("special".to_owned(), proxy(&special)), ("direct".to_owned(), ProxyConfig::None)].into();
    let client = Client::with_resolver(Config { proxy: proxy(&usual), routes, ..here() }, Names::here()).unwrap();
    let url = host.http("a.test", "/");
    for (route, said) in [("special", "special"), ("direct", "directly"), ("any other", "usual")] {
        assert_eq!(client.route(route).get(&url).send().await.unwrap().text(), said);
    }
    assert_eq!(client.get(&url).send().await.unwrap().text(), "usual");
    let url = url.parse().unwrap();
    assert_eq!(client.proxy_towards(&url), Some(format!("127.0.0.1:{}", usual.port)));
    assert_eq!(client.route("direct").proxy_towards(&url), None);
    // A wrong address is told when the client is made.
    let routes = [("special".to_owned(), ProxyConfig::Address("ftp://proxy.test".to_owned()))].into();
    assert!(Client::new(Config { routes, ..here() }).is_err());
}

#[tokio::test]
async fn a_proxy_may_speak_tls_itself() {
    let authority = Authority::new();
    let proxy = Host::secure(authority.good("proxy.test"), |_| ok("forwarded")).await;
    let client = through(&format!("https://proxy.test:{}", proxy.port), &authority);
    assert_eq!(client.get("http://far.test/").send().await.unwrap().text(), "forwarded");
    let stranger = Authority::new();
    let client = through(&format!("https://proxy.test:{}", proxy.port), &stranger);
    let failure = client.get("http://far.test/").send().await.unwrap_err();
    assert_failed(&failure, Stage::Proxy, FailureKind::TlsUntrusted, false);
}

#[tokio::test]
async fn a_websocket_is_tunnelled_even_without_tls() {
    let authority = Authority::new();
    let proxy = Proxy::start(OPENED).await;
    let client = through(&format!("http://127.0.0.1:{}", proxy.port), &authority);
    let plain = crate::websockets::start(None).await;
    let secure = crate::websockets::start(Some(&authority)).await;
    for (url, place) in [
        (format!("ws://far.test:{plain}/"), format!("far.test:{plain}")),
        (format!("wss://good.test:{secure}/"), format!("good.test:{secure}")),
    ] {
        let mut socket = client.websocket(url).await.unwrap();
        socket.send("hello").await.unwrap();
        let said = socket.next(Duration::from_secs(3)).await.unwrap();
        assert_eq!(said, Some(Message::Text("hello".to_owned())));
        let head = proxy.heads().pop().unwrap();
        assert!(head.starts_with(&format!("CONNECT {place} ")), "{head}");
    }
}

/// A SOCKS 5 proxy without authentication that answers with `reply` and, with 0, opens a way to this machine's port.
async fn socks(reply: u8) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut greeting = [0; 3];
                stream.read_exact(&mut greeting).await.unwrap();
                assert_eq!(greeting, [5, 1, 0]);
                stream.write_all(&[5, 0]).await.unwrap();
                let mut head = [0; 5];
                stream.read_exact(&mut head).await.unwrap();
                assert_eq!(head[..4], [5, 1, 0, 3], "asked for by name");
                let mut name = vec![0; usize::from(head[4])];
                stream.read_exact(&mut name).await.unwrap();
                let port = stream.read_u16().await.unwrap();
                log.lock().unwrap().push(format!("{}:{port}", String::from_utf8(name).unwrap()));
                stream.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
                if reply == 0 {
                    let mut host = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    let _ended = copy_bidirectional(&mut stream, &mut host).await;
                }
            });
        }
    });
    (port, asked)
}

#[tokio::test]
async fn socks_leads_to_the_host_or_says_why_not() {
    let authority = Authority::new();
    let host = Host::secure(authority.good("far.test"), |_| ok("reached")).await;
    let (port, asked) = socks(0).await;
    let client = through(&format!("socks5h://127.0.0.1:{port}"), &authority);
    assert_eq!(client.get(host.https("far.test", "/")).send().await.unwrap().text(), "reached");
    assert_eq!(*asked.lock().unwrap(), [format!("far.test:{}", host.port)]);
    for (reply, kind) in [(2, FailureKind::ProxyRefused), (4, FailureKind::ProxyOther)] {
        let (port, _) = socks(reply).await;
        let client = through(&format!("socks5://127.0.0.1:{port}"), &authority);
        let failure = client.get(host.https("far.test", "/")).send().await.unwrap_err();
        assert_failed(&failure, Stage::Proxy, kind, false);
    }
}
