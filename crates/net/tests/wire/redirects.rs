//! Redirects: followed with care.

use crier_net::{Client, FailureKind, Stage};

use crate::certificates::Authority;
use crate::host::{Host, Received, Reply, ok, redirect};
use crate::{Names, assert_failed, client, here};

fn port(request: &Received) -> String {
    request.header("host").unwrap().split_once(':').unwrap().1.to_owned()
}

#[tokio::test]
async fn follows_on_the_same_host_with_credentials() {
    let host = Host::plain(|request| match request.path() {
        "/1" => redirect(301, "/2"),
        "/2" => redirect(307, "3?x=y"),
        _ => ok("there"),
    })
    .await;
    let answer = client().get(host.http("a.test", "/1")).bearer("t").header("x-mine", "1").send().await.unwrap();
    assert_eq!((answer.text().as_ref(), answer.url().path()), ("there", "/3"));
    assert!(host.received().iter().all(|r| r.header("authorization") == Some("Bearer t")));
}

#[tokio::test]
async fn leaves_credentials_behind_on_other_hosts() {
    let host = Host::plain(|request| match request.path() {
        "/away" => redirect(302, &format!("http://b.test:{}/landed", port(request))),
        _ => ok("there"),
    })
    .await;
    let answer = client()
        .get(host.http("a.test", "/away"))
        .bearer("t")
        .header("cookie", "session=1")
        .secret_header("x-api-key", "k")
        .header("x-mine", "1")
        .send()
        .await
        .unwrap();
    assert_eq!((answer.status(), answer.host()), (200, "b.test"));
    let [first, second] = &host.received()[..] else { panic!("two requests") };
    for name in ["authorization", "cookie", "x-api-key"] {
        assert!(first.header(name).is_some(), "{name}");
        assert_eq!(second.header(name), None, "{name}");
    }
    assert_eq!(second.header("x-mine"), Some("1"));
    assert_eq!(second.header("host"), Some(format!("b.test:{}", host.port).as_str()));
}

#[tokio::test]
async fn a_loop_ends_after_five() {
    let host = Host::plain(|_| redirect(302, "/again")).await;
    let failure = client().get(host.http("a.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::TooManyRedirects, true);
    assert_eq!(host.received().len(), 6);
}

#[tokio::test]
async fn a_post_comes_back_as_it_is() {
    let host = Host::plain(|_| redirect(302, "/elsewhere")).await;
    let answer = client().post(host.http("a.test", "/")).form(&[("a", "b")]).send().await.unwrap();
    assert_eq!((answer.status(), answer.header("location")), (302, Some("/elsewhere")));
    let answer = client().get(host.http("a.test", "/")).no_redirects().send().await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(host.received().len(), 2);
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused() {
    for to in ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://inside.test/"] {
        let host = Host::plain(move |_| redirect(302, to)).await;
        let names = Names::of(&[("a.test", &["127.0.0.1"]), ("inside.test", &["192.168.0.1"])]);
        let client = Client::with_resolver(here(), names).unwrap();
        let failure = client.get(host.http("a.test", "/")).send().await.unwrap_err();
        assert_failed(&failure, Stage::Resolve, FailureKind::BlockedAddress, false);
    }
}

#[tokio::test]
async fn https_never_leads_to_http() {
    let authority = Authority::new();
    let plain = Host::plain(|_| ok("")).await;
    let to = plain.http("good.test", "/");
    let secure = Host::secure(authority.good("good.test"), move |_| redirect(302, &to)).await;
    let config = crier_net::Config { extra_ca: vec![authority.file.clone()], ..here() };
    let client = Client::with_resolver(config, Names::here()).unwrap();
    let failure = client.get(secure.https("good.test", "/")).send().await.unwrap_err();
    assert_failed(&failure, Stage::FirstByte, FailureKind::BadRedirect, true);
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn a_redirect_without_destination_is_the_answer() {
    let host = Host::plain(|_| Reply::Bytes(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".to_vec())).await;
    assert_eq!(client().get(host.http("a.test", "/")).send().await.unwrap().status(), 302);
}
