//! What an outbound request meets on its way, each with the diagnosis that people are shown.

use crate::{peer, text};
use crier_model::Code;
use crier_net::{Answer, Client, Config, Failure, FailureKind, ProxyConfig, Stage, Url};
use crier_networks::{Refusal, refusal::failure_code};
use serde_json::Value;
use std::{
    process::{Command, Stdio},
    time::Duration,
};

const PROXIES: [&str; 2] = ["tinyproxy", "squid"];

fn way() -> Value {
    peer("CRIER_PEER_OUTBOUND")
}

/// Settings that trust the authority of the tests and may call this machine by its name and its address.
fn config() -> Config {
    Config {
        proxy: ProxyConfig::None,
        allow: ["127.0.0.1", "localhost"].map(|host| host.parse().unwrap()).to_vec(),
        extra_ca: vec![text(&way(), "ca").into()],
        timeout: Duration::from_secs(10),
        ..Config::default()
    }
}

fn client() -> Client {
    Client::new(config()).unwrap()
}

/// The address of a proxy: `open` to everybody, or one that asks for a name and password (`auth`).
fn address(program: &str, kind: &str, login: &str) -> String {
    format!("http://{login}{}", text(&way(), &format!("/proxies/{program}/{kind}")))
}

fn through(proxy: String) -> Client {
    Client::new(Config { proxy: ProxyConfig::Address(proxy), ..config() }).unwrap()
}

fn login() -> String {
    format!("{}:{}@", text(&way(), "user"), text(&way(), "password"))
}

async fn ask(client: &Client, url: &str) -> Result<Answer, Failure> {
    client.post(url).bearer("token").form(&[("grant_type", "refresh_token")]).send().await
}

/// The diagnosis of a call that does not come about.
async fn why(client: &Client, url: &str) -> (Code, Failure) {
    let failure = ask(client, url).await.unwrap_err();
    assert!(!failure.to_string().contains(text(&way(), "password")), "{failure}");
    (failure_code(&failure), failure)
}

/// All three kinds of places behind a proxy: encrypted, plain, and ones it refuses.
fn places() -> [String; 2] {
    [text(&way(), "good"), text(&way(), "plain")].map(|origin| format!("{origin}/who"))
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_proxies_lead_to_the_host() {
    for program in PROXIES {
        for proxy in [address(program, "open", ""), address(program, "auth", &login())] {
            let client = through(proxy);
            for url in places() {
                let answer = ask(&client, &url).await.unwrap();
                // The host sees the token and nothing of the proxy's password.
                assert_eq!((answer.status(), answer.text().as_ref()), (200, "[Bearer token][]"), "{program} {url}");
            }
            let reach = client.reach(text(&way(), "good")).await.unwrap();
            assert!(reach.via_proxy && reach.tls, "{program}");
        }
    }
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_proxies_that_want_a_sign_in() {
    for program in PROXIES {
        for given in ["", "crier:wrong@"] {
            let client = through(address(program, "auth", given));
            for url in places() {
                let (code, failure) = why(&client, &url).await;
                assert_eq!(
                    (code, failure.stage),
                    (Code::ProxyAuth, Stage::Proxy),
                    "{program} “{given}” {url}: {failure}"
                );
                assert!(failure.is_safe_to_repeat(), "{failure}");
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_proxies_that_refuse() {
    for program in PROXIES {
        let client = through(address(program, "open", ""));
        for url in ["https://refused.test/", "http://refused.test/"] {
            let (code, failure) = why(&client, url).await;
            assert_eq!(
                (code, failure.kind),
                (Code::ProxyRefused, FailureKind::ProxyRefused),
                "{program} {url}: {failure}"
            );
            assert_eq!((failure.status, failure.maybe_received), (Some(403), false), "{program} {url}: {failure}");
        }
        // Nothing listens behind the proxy: it says so.
        for url in ["https://127.0.0.1:1/", "http://127.0.0.1:1/"] {
            let (code, failure) = why(&client, url).await;
            assert_eq!(
                (code, failure.kind),
                (Code::ProxyRefused, FailureKind::ProxyOther),
                "{program} {url}: {failure}"
            );
        }
    }
    // Nothing listens where the proxy should be.
    let (code, failure) = why(&through("http://127.0.0.1:1".to_owned()), text(&way(), "good")).await;
    assert_eq!((code, failure.stage), (Code::ProxyRefused, Stage::Proxy), "{failure}");
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_a_network_goes_its_own_way() {
    let proxy = ProxyConfig::Address(address("squid", "auth", ""));
    let routes = [("bluesky".to_owned(), ProxyConfig::Address(address("tinyproxy", "open", "")))].into();
    let client =
        Client::new(Config { proxy, routes, no_proxy: vec!["127.0.0.1".parse().unwrap()], ..config() }).unwrap();
    let good = format!("{}/who", text(&way(), "good"));
    assert_eq!(why(&client, &good).await.0, Code::ProxyAuth);
    assert_eq!(ask(client.route("bluesky"), &good).await.unwrap().status(), 200);
    // What is excepted needs no proxy, on any route.
    let by_address = good.replace("localhost", "127.0.0.1");
    for client in [&client, client.route("bluesky")] {
        assert!(!client.reach(&by_address).await.unwrap().via_proxy);
    }
}

/// The environment of a process can't be changed from within in safe Rust, so this test runs another process.
#[test]
#[ignore = "needs peers/outbound"]
fn peer_outbound_the_environment_names_the_proxy() {
    let (squid, tinyproxy) = (address("squid", "auth", &login()), address("tinyproxy", "auth", ""));
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "outbound::asks_through_the_environment", "--nocapture"]);
        for name in
            ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "all_proxy", "no_proxy"]
        {
            command.env_remove(name);
        }
        let run = command.envs(variables.iter().copied()).stderr(Stdio::inherit()).output().unwrap();
        let said = String::from_utf8(run.stdout).unwrap();
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
        said.lines().find_map(|line| line.split_once("outcome: ")).unwrap().1.to_owned()
    };
    assert_eq!(run(&[]), "200 directly, 200 directly");
    assert_eq!(run(&[("HTTPS_PROXY", &squid), ("HTTP_PROXY", &tinyproxy)]), "200 by a proxy, proxy.auth");
    assert_eq!(run(&[("all_proxy", &tinyproxy)]), "proxy.auth, proxy.auth");
    assert_eq!(run(&[("ALL_PROXY", &tinyproxy), ("NO_PROXY", "other.test,localhost")]), "200 directly, 200 directly");
}

#[tokio::test]
#[ignore = "run by the test above"]
#[allow(clippy::print_stdout, reason = "the test above reads it")]
async fn asks_through_the_environment() {
    let client = Client::new(Config { proxy: ProxyConfig::Environment, ..config() }).unwrap();
    let mut outcomes = Vec::new();
    for url in places() {
        let by = match client.proxy_towards(&url.parse().unwrap()) {
            Some(_) => "by a proxy",
            None => "directly",
        };
        outcomes.push(match ask(&client, &url).await {
            Ok(answer) => format!("{} {by}", answer.status()),
            Err(failure) => failure_code(&failure).to_string(),
        });
    }
    println!("outcome: {}", outcomes.join(", "));
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_certificates() {
    let direct = client();
    let answer: Value = direct.get(text(&way(), "good")).send().await.unwrap().json().unwrap();
    assert_eq!(answer["reached"], true);
    let tunnelled = through(address("squid", "open", ""));
    for (site, code) in [
        ("expired", Code::TlsExpired),
        ("self_signed", Code::TlsUnknownIssuer),
        ("wrong_host", Code::TlsWrongHost),
        ("old_tls", Code::TlsProtocol),
    ] {
        for client in [&direct, &tunnelled] {
            let (found, failure) = why(client, text(&way(), site)).await;
            assert_eq!((found, failure.stage, failure.maybe_received), (code, Stage::Tls, false), "{site}: {failure}");
        }
    }
    // Without the authority's certificate its sites are strangers.
    let stranger = Client::new(Config { extra_ca: vec![], ..config() }).unwrap();
    assert_eq!(why(&stranger, text(&way(), "good")).await.0, Code::TlsUnknownIssuer);
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_what_goes_wrong_after_the_connection() {
    let client = client();
    for origin in [text(&way(), "plain"), text(&way(), "good")] {
        let (code, failure) = why(&client, &format!("{origin}/reset")).await;
        assert_eq!((code, failure.kind), (Code::ServerError, FailureKind::Reset), "{failure}");
        assert_eq!((failure.stage, failure.maybe_received), (Stage::FirstByte, true), "{failure}");

        let slow = client.get(format!("{origin}/slow")).timeout(Duration::from_secs(2)).send().await.unwrap_err();
        assert_eq!((failure_code(&slow), slow.stage), (Code::HttpTimeout, Stage::Body), "{slow}");
        let large = client.get(format!("{origin}/slow")).max_body(50).send().await.unwrap_err();
        assert_eq!((failure_code(&large), large.kind), (Code::NotTheApi, FailureKind::TooLarge), "{large}");

        let page = client.get(format!("{origin}/page")).send().await.unwrap().json::<Value>().unwrap_err();
        assert_eq!(failure_code(&page), Code::NotTheApi);
        assert!(page.detail.contains("Sign in to the Wi-Fi"), "{page}");

        // From one host to another, the token stays behind.
        let moved = client.get(format!("{origin}/moved")).bearer("token").send().await;
        if origin.starts_with("https") {
            assert_eq!(moved.unwrap_err().kind, FailureKind::BadRedirect, "never from https to http");
        } else {
            let moved = moved.unwrap();
            assert_eq!((moved.host(), moved.text().as_ref()), ("127.0.0.1", "[][]"));
        }
    }
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_a_limit_says_until_when() {
    let url = format!("{}/limited", text(&way(), "good"));
    let client = client();
    // Whether this is the first minute that is used up is the server's memory; the second call is always over the limit.
    client.get(&url).send().await.unwrap();
    let answer = client.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 429);
    let Refusal::RateLimit { until: Some(until), .. } = Refusal::from_answer(&answer) else { panic!("{answer:?}") };
    let wait = until.duration_since(answer.received_at()).as_secs();
    assert!((58..=61).contains(&wait), "{wait}");
}

#[tokio::test]
#[ignore = "needs peers/outbound"]
async fn peer_outbound_names_are_looked_up_at_the_name_server() {
    let name_servers = vec![text(&way(), "name_server").parse().unwrap()];
    let client = Client::new(Config { name_servers, ..config() }).unwrap();
    let good = Url::parse(text(&way(), "good")).unwrap();
    // Only this name server knows it.
    let answer = ask(&client, &format!("https://site.test:{}/who", good.port().unwrap())).await.unwrap();
    assert_eq!((answer.status(), answer.text().as_ref()), (200, "[Bearer token][]"));
    let (code, failure) = why(&client, "https://nobody.test/").await;
    assert_eq!((code, failure.stage), (Code::DnsNotFound, Stage::Resolve), "{failure}");
    // It asks nobody about other names, and says so.
    let (code, failure) = why(&client, "https://example.org/").await;
    assert_eq!((code, failure.stage), (Code::DnsTimeout, Stage::Resolve), "{failure}");
    assert!(failure.is_safe_to_repeat(), "{failure}");
}
