//! Requests, answers, and the ways they fail.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use crier_net::{Body, Client, Failure, FailureKind, Multipart, Stage};
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use tokio::net::{TcpListener, TcpSocket};

use crate::host::{Host, Reply, answer, json, ok};
use crate::{Names, assert_failed, client, here};

async fn fail(behaviour: impl Fn() -> Reply + Send + Sync + 'static) -> Failure {
    let host = Host::plain(move |_| behaviour()).await;
    let request = client().get(host.http("a.test", "/x?code=hunter2"));
    let failure = request.timeout(Duration::from_millis(400)).send().await.unwrap_err();
    assert_eq!(failure.host, "a.test");
    assert!(!failure.to_string().contains("hunter2"), "{failure}");
    assert_eq!(host.received().len(), 1);
    failure
}

#[tokio::test]
async fn carries_what_it_is_given() {
    let host = Host::plain(|_| json(r#"{"id":7}"#)).await;
    let client = client();
    let answer = client
        .post(host.http("a.test", "/things?a=1"))
        .query(&[("b", "x y"), ("c", "&")])
        .bearer("t0k3n")
        .header("X-Extra", "1")
        .json(&serde_json::json!({ "text": "hé" }))
        .send()
        .await
        .unwrap();
    assert_eq!((answer.status(), answer.is_success(), answer.host()), (200, true, "a.test"));
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(answer.json::<serde_json::Value>().unwrap()["id"], 7);
    client.put(host.http("a.test", "/form")).basic("me", "p:w").form(&[("k", "v w"), ("l", "ö")]).send().await.unwrap();
    client.delete(host.http("a.test", "/gone")).send().await.unwrap();
    let [first, second, third] = &host.received()[..] else { panic!("three requests") };
    assert_eq!(first.line(), "POST /things?a=1&b=x+y&c=%26 HTTP/1.1");
    assert_eq!(first.header("authorization"), Some("Bearer t0k3n"));
    assert_eq!(first.header("x-extra"), Some("1"));
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert!(first.header("user-agent").unwrap().starts_with("Crier/"));
    assert_eq!(first.body, r#"{"text":"hé"}"#.as_bytes());
    assert_eq!(second.header("authorization"), Some("Basic bWU6cDp3"));
    assert_eq!(second.body, b"k=v+w&l=%C3%B6");
    assert_eq!(third.line(), "DELETE /gone HTTP/1.1");
    assert_eq!(host.connections(), 1, "one connection serves all three");
}

#[tokio::test]
async fn the_last_answer_is_remembered_by_its_name_and_without_secrets() {
    let body = format!(r#"{{"error":"limited","access_token":"s3cr3t-t0k3n","more":"{}"}}"#, "x".repeat(5_000));
    let host = Host::plain(move |_| {
        answer(429, &[("x-request-id", "req-7"), ("content-type", "application/json")], body.as_bytes())
    })
    .await;
    let client = client();
    let (hearing, heard) = client.hearing();
    assert!(heard.take_last().is_none());
    hearing.get(host.http("a.test", "/x")).send().await.unwrap();
    let last = heard.take_last().unwrap();
    assert_eq!((last.host.as_str(), last.status, last.request_id.as_deref()), ("a.test", 429, Some("req-7")));
    assert!(last.said.starts_with(r#"{"error":"limited""#) && last.said.ends_with('…'), "{}", last.said);
    assert!(!last.said.contains("s3cr3t") && last.said.chars().count() == 1_001, "{}", last.said);
    assert!(heard.take_last().is_none());
}

#[tokio::test]
async fn sends_forms_with_streamed_files() {
    let host = Host::plain(|_| ok("")).await;
    let pieces = stream::iter((0..3).map(|n| Ok(Bytes::from(vec![b'0' + n; 4]))));
    let form =
        Multipart::new().text("title", "a title").part("file", "clip.mp4", "video/mp4", Body::stream(pieces, Some(12)));
    client().post(host.http("a.test", "/up")).multipart(form).send().await.unwrap();
    let request = &host.received()[0];
    let boundary = request.header("content-type").unwrap().split_once("boundary=").unwrap().1.to_owned();
    let body = String::from_utf8(request.body.clone()).unwrap();
    assert!(body.ends_with(&format!("\r\n\r\n000011112222\r\n--{boundary}--\r\n")), "{body}");
    assert_eq!(request.header("content-length"), Some(body.len().to_string().as_str()));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_chunked() {
    let host = Host::plain(|_| ok("")).await;
    let body = Body::stream(stream::iter([Ok(Bytes::from_static(b"abc"))]), None);
    client().post(host.http("a.test", "/")).body(body, "text/plain").send().await.unwrap();
    assert_eq!(host.received()[0].body, b"3\r\nabc\r\n0\r\n\r\n");
}

#[tokio::test]
async fn an_unreadable_upload_is_our_own_fault() {
    let host = Host::plain(|_| ok("")).await;
    let pieces = stream::iter([Ok(Bytes::from_static(b"abc")), Err(std::io::Error::other("the disk is gone"))]);
    let request = client().post(host.http("a.test", "/")).body(Body::stream(pieces, Some(6)), "text/plain");
    let failure = request.send().await.unwrap_err();
    assert_failed(&failure, Stage::Write, FailureKind::Local, true);
    assert!(failure.detail.contains("the disk is gone"), "{failure}");
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let failure = client().get(format!("http://a.test:{port}/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::Connect, FailureKind::Refused, false);
    assert!(failure.is_safe_to_repeat());
}

#[tokio::test]
async fn a_full_queue_times_out() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut filling = Vec::new();
    for _ in 0..8 {
        filling.push(tokio::spawn(tokio::net::TcpStream::connect(address)));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let config = crier_net::Config { connect_timeout: Duration::from_millis(300), ..here() };
    let client = Client::with_resolver(config, Names::here()).unwrap();
    let failure = client.get(format!("http://a.test:{}/", address.port())).send().await.unwrap_err();
    assert_failed(&failure, Stage::Connect, FailureKind::ConnectTimeout, false);
    let failure = client
        .get(format!("http://a.test:{}/", address.port()))
        .timeout(Duration::from_millis(100))
        .send()
        .await
        .unwrap_err();
    assert_failed(&failure, Stage::Connect, FailureKind::ConnectTimeout, false);
}

#[tokio::test]
async fn a_reset_after_sending_may_have_been_received() {
    let failure = fail(|| Reply::Reset).await;
    assert_failed(&failure, Stage::FirstByte, FailureKind::Reset, true);
    let failure = fail(|| Reply::Last(Vec::new())).await;
    assert_failed(&failure, Stage::FirstByte, FailureKind::Reset, true);
    assert!(!failure.is_safe_to_repeat());
}

/// A host that answers each connection's first request, and resets it at the second.
async fn forgetful() -> Host {
    let served = std::sync::Mutex::new(0);
    Host::plain(move |_| {
        let mut served = served.lock().unwrap();
        *served += 1;
        if *served == 2 { Reply::Reset } else { ok("hello") }
    })
    .await
}

#[tokio::test]
async fn a_kept_connection_that_the_host_has_closed_costs_a_harmless_request_nothing() {
    let host = forgetful().await;
    let client = client();
    for _ in 0..2 {
        assert_eq!(client.get(host.http("a.test", "/")).send().await.unwrap().text(), "hello");
    }
    assert_eq!((host.received().len(), host.connections()), (3, 2));

    let host = forgetful().await;
    client.post(host.http("a.test", "/")).send().await.unwrap();
    let failure = client.post(host.http("a.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::Reset, true);
    assert_eq!(host.received().len(), 2, "what may change something is never sent twice unasked");
}

#[tokio::test]
async fn a_new_connection_that_is_reset_is_not_tried_again() {
    let host = Host::plain(|_| Reply::Reset).await;
    let failure = client().get(host.http("a.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::Reset, true);
    assert_eq!(host.received().len(), 1);
}

#[tokio::test]
async fn silence_times_out() {
    let failure = fail(|| Reply::Silence).await;
    assert_failed(&failure, Stage::FirstByte, FailureKind::Timeout, true);
    assert!(failure.elapsed >= Duration::from_millis(400));
}

#[tokio::test]
async fn a_slow_body_times_out() {
    let failure = fail(|| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_vec();
        Reply::Slowly(vec![head, b"d".to_vec(), b"e".to_vec()], Duration::from_millis(250))
    })
    .await;
    assert_failed(&failure, Stage::Body, FailureKind::Timeout, true);
    assert_eq!(failure.status, Some(200));
}

#[tokio::test]
async fn a_host_that_does_not_read_times_out_while_writing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let endless = stream::repeat_with(|| Ok(Bytes::from(vec![0; 64 * 1024])));
    let failure = client()
        .post(format!("http://a.test:{port}/"))
        .body(Body::stream(endless, None), "application/octet-stream")
        .timeout(Duration::from_millis(500))
        .send()
        .await
        .unwrap_err();
    assert_failed(&failure, Stage::Write, FailureKind::Timeout, true);
}

#[tokio::test]
async fn an_answer_cut_off_is_a_reset() {
    let failure = fail(|| Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc".to_vec())).await;
    assert_failed(&failure, Stage::Body, FailureKind::Reset, true);
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    let failure = fail(|| Reply::Last(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec())).await;
    assert_failed(&failure, Stage::FirstByte, FailureKind::Malformed, true);
    let failure = fail(|| {
        let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\nnot gzip!";
        Reply::Bytes(head.into())
    })
    .await;
    assert_failed(&failure, Stage::Body, FailureKind::Malformed, true);
}

#[tokio::test]
async fn a_page_where_json_was_due_is_named() {
    let host = Host::plain(|_| {
        let page = "<!doctype html><title>Welcome to Airport WiFi</title><form>";
        answer(200, &[("content-type", "text/html; charset=utf-8")], page.as_bytes())
    })
    .await;
    let answer = client().get(host.http("a.test", "/token")).send().await.unwrap();
    let failure = answer.json::<serde_json::Value>().unwrap_err();
    assert_failed(&failure, Stage::Body, FailureKind::NotJson, true);
    assert!(failure.detail.contains("text/html; charset=utf-8 titled “Welcome to Airport WiFi”"), "{failure}");
}

#[tokio::test]
async fn large_answers_are_refused_announced_or_not() {
    let host = Host::plain(|request| match request.path() {
        "/announced" => {
            Reply::Slowly(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n".to_vec()], Duration::ZERO)
        }
        _ => {
            let chunk = [&b"1000\r\n"[..], &[b'x'; 4096], b"\r\n"].concat();
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            Reply::Slowly([vec![head], vec![chunk; 64]].concat(), Duration::ZERO)
        }
    })
    .await;
    for path in ["/announced", "/chunked"] {
        let request = client().get(host.http("a.test", path)).max_body(10_000);
        let failure = request.send().await.unwrap_err();
        assert_failed(&failure, Stage::Body, FailureKind::TooLarge, true);
    }
}

#[tokio::test]
async fn head_asks_for_the_size_of_large_things() {
    let host = Host::plain(|_| Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n".to_vec())).await;
    let request = client().head(host.http("a.test", "/")).max_body(10_000);
    let answer = request.send().await.unwrap();
    assert_eq!((answer.header("content-length"), answer.body().len()), (Some("10000000"), 0));
}

#[tokio::test]
async fn a_bomb_is_defused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        gzip.write_all(&[0; 1024 * 1024]).unwrap();
    }
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let host = Host::plain(move |_| answer(200, &[("content-encoding", "gzip")], &bomb)).await;
    let mut download = client().get(host.http("a.test", "/")).max_body(1_000_000).open().await.unwrap();
    let mut unpacked = 0;
    let failure = loop {
        match download.chunk().await {
            Ok(Some(piece)) => unpacked += piece.len(),
            Ok(None) => panic!("the bomb went off"),
            Err(failure) => break failure,
        }
    };
    assert_failed(&failure, Stage::Body, FailureKind::TooLarge, true);
    assert!(unpacked <= 1_000_000);
}

#[tokio::test]
async fn compressed_answers_are_unpacked() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(b"hello").unwrap();
    let packed = gzip.finish().unwrap();
    let host = Host::plain(move |_| answer(200, &[("content-encoding", "gzip")], &packed)).await;
    let answer = client().get(host.http("a.test", "/")).send().await.unwrap();
    assert_eq!(answer.text(), "hello");
    assert!(host.received()[0].header("accept-encoding").unwrap().contains("gzip"));
    let head = client().head(host.http("a.test", "/")).send();
    // This host answers HEAD with a body, which HTTP forbids: it must be neither waited for nor unpacked.
    assert_eq!(head.await.unwrap().body().len(), 0);
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced() {
    let host = Host::plain(|_| Reply::Last(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec())).await;
    let client = client();
    for _ in 0..5 {
        let answer = client.post(host.http("a.test", "/")).form(&[("a", "b")]).send().await.unwrap();
        assert_eq!(answer.text(), "ok");
        // Time for the host's goodbye to arrive; a POST that crosses it on the way is not ours to repeat.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(host.received().len(), 5);
}

#[tokio::test]
async fn a_good_answer_that_was_the_last_for_now_is_heard() {
    let host = Host::plain(|request| match request.path() {
        "/last" => answer(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "120")], b""),
        "/refused" => answer(429, &[("retry-after", "600")], b""),
        _ => answer(200, &[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset-after", "300")], b""),
    })
    .await;
    let (client, heard) = client().hearing();
    let (_, other) = client.hearing();
    for path in ["/fine", "/refused"] {
        client.get(host.http("a.test", path)).send().await.unwrap();
    }
    // A refusal says so itself.
    assert_eq!(heard.used_up_until(), None);
    client.get(host.http("a.test", "/last")).send().await.unwrap();
    let wait = heard.used_up_until().unwrap().duration_since(Timestamp::now());
    assert!(wait > SignedDuration::from_secs(110) && wait <= SignedDuration::from_secs(120), "{wait}");
    assert_eq!(other.used_up_until(), None);
}

#[tokio::test]
async fn tells_the_clocks_apart() {
    let host = Host::plain(|_| {
        let date = Timestamp::now() + SignedDuration::from_mins(10);
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        answer(200, &[("date", &date)], b"")
    })
    .await;
    let answer = client().get(host.http("a.test", "/")).send().await.unwrap();
    let skew = answer.clock_skew().unwrap();
    assert!((skew + SignedDuration::from_mins(10)).abs() < SignedDuration::from_secs(3), "{skew}");
}

#[tokio::test]
async fn mistakes_in_building_come_out_when_sent() {
    let client = client();
    for (url, kind) in [
        ("not an address", FailureKind::BadUrl),
        ("ftp://a.test/", FailureKind::BadUrl),
        ("http://", FailureKind::BadUrl),
        ("https://user:hunter2@a.test/", FailureKind::BadUrl),
    ] {
        let failure = client.get(url).bearer("x").query(&[("a", "b")]).send().await.unwrap_err();
        assert_failed(&failure, Stage::Url, kind, false);
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
    }
    let failure = client.get("http://a.test/").header("x-bad", "a\r\nb: c").send().await.unwrap_err();
    assert_failed(&failure, Stage::Url, FailureKind::BadRequest, false);
    let failure = client.get("http://a.test/").bearer("hunter2\n").send().await.unwrap_err();
    assert!(!failure.to_string().contains("hunter2"), "{failure}");
}

#[tokio::test]
async fn debug_output_keeps_secrets() {
    let host = Host::plain(|_| json(r#"{"access_token":"hunter2"}"#)).await;
    let request =
        client().post(host.http("a.test", "/hunter2?code=hunter2")).bearer("hunter2").form(&[("p", "hunter2")]);
    assert!(!format!("{request:?}").contains("hunter2"));
    let answer = request.send().await.unwrap();
    assert!(!format!("{answer:?}").contains("hunter2"));
}
