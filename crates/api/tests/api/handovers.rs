//! Hand-overs by the browser extension, as it meets them: with a network of the test's own, whose site has one session.

use crate::house::{Answer, House, ORIGIN};
use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use crier_api::Registration;
use crier_model::{Code, channel::Identity, rules::Rules};
use crier_net::Client;
use crier_networks::{
    About, Connect, Credentials, Detail, Identified, Network, Refusal, Registry,
    about::no_settings,
    connect::{Extension, Facts, Site},
    playground::Playground,
    publish::Publish,
};
use serde_json::{Value, json};

/// A site without an API. It is published to as the Playground is, which is not asked here.
struct Diary(Playground);

impl Network for Diary {
    fn about(&self) -> &'static About {
        const ABOUT: About = About {
            id: "diary",
            name: "Diary",
            color: "#123456",
            summary: "A diary.",
            works_at_once: true,
            console: None,
            deadline_s: 60,
        };
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Extension(self)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        self.0.rules(facts)
    }

    fn settings_schema(&self) -> Value {
        no_settings()
    }

    fn publish(&self) -> &dyn Publish {
        Network::publish(&self.0)
    }
}

#[async_trait]
impl Extension for Diary {
    fn site(&self) -> Site {
        Site { name: "Diary", origin: "https://diary.example".to_owned(), cookies: &["sid"] }
    }

    async fn identify(&self, _: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
        let cookies = credentials.cookies().unwrap();
        let handle = cookies
            .strip_prefix("sid=of ")
            .ok_or_else(|| Refusal::Auth(Detail::new("nobody is signed in").diagnosed(Code::CredentialsWrong)))?;
        let identity = Identity {
            remote_id: handle.to_owned(),
            name: handle.to_uppercase(),
            handle: handle.to_owned(),
            profile_url: None,
            avatar_url: None,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

async fn house() -> House {
    let diary = Diary(Playground::new(&"http://127.0.0.1:9".parse().unwrap()));
    House::of(Registration::Open, ORIGIN, Registry::of(vec![Box::new(diary)])).await
}

/// As the extension asks: without cookies, from an origin of its own.
async fn by_extension(house: &House, path: &str, body: &Value) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::ORIGIN, "chrome-extension://abcdefghijklmnop".parse().unwrap());
    headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
    house.ask(Method::POST, &format!("/api/v1/connect/extension{path}"), &headers, Some(body)).await
}

#[tokio::test]
async fn an_extension_hands_over_renews_and_stops() {
    let house = house().await;
    let ada = house.person("ada@example.org").await;
    assert_eq!(ada.get("networks").await.ok()["items"][0]["ways"][0]["connect"], "extension");
    let attempt = ada.post("attempts", &json!({ "network": "diary" })).await.ok();
    let asked = &attempt["extension"];
    assert_eq!(
        (&attempt["state"], &asked["site"], &asked["origin"], &asked["cookies"]),
        (&json!("away"), &json!("Diary"), &json!("https://diary.example"), &json!(["sid"]))
    );
    let body = json!({ "code": asked["code"], "cookies": { "sid": "of ada" } });
    let answer = by_extension(&house, "", &body).await;
    assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let handed = answer.ok();
    assert_eq!((&handed["state"], &handed["account"]["name"]), (&json!("connected"), &json!("ADA")));
    let token = handed["token"].as_str().unwrap();

    let renew = |cookie: &str| json!({ "token": token, "cookies": { "sid": cookie } });
    let renewed = by_extension(&house, "/renew", &renew("of ada")).await.ok();
    assert_eq!((&renewed["state"], &renewed["account"]["handle"]), (&json!("active"), &json!("ada")));
    let other = by_extension(&house, "/renew", &renew("of grace")).await;
    assert_eq!(other.problem(), (409, "account.other_than_expected"));
    assert!(other.json["diagnosis"]["evidence"].as_array().unwrap().len() >= 2);
    assert_eq!(by_extension(&house, "/renew", &renew("")).await.problem(), (422, "cookies.wrong"));
    assert_eq!(by_extension(&house, "/renew", &renew("dead")).await.problem(), (409, "credentials.wrong"));

    // It opens nothing else.
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let path = format!("/api/v1/workspaces/{}/channels", ada.workspace);
    assert_eq!(house.ask(Method::GET, &path, &headers, None).await.problem(), (401, "auth.key_wrong"));

    for _ in 0..2 {
        assert_eq!(by_extension(&house, "/stop", &json!({ "token": token })).await.status, 204);
    }
    assert_eq!(by_extension(&house, "/renew", &renew("of ada")).await.problem(), (410, "handover.ended"));
}

#[tokio::test]
async fn what_is_wrong_with_a_hand_over_is_named_and_its_secrets_are_not_repeated() {
    let house = house().await;
    let ada = house.person("ada@example.org").await;
    let attempt = ada.post("attempts", &json!({ "network": "diary" })).await.ok();
    let code = attempt["extension"]["code"].as_str().unwrap();
    let body = json!({ "code": code, "cookies": { "bank": "hunter2-of-the-bank" } });
    let answer = by_extension(&house, "", &body).await;
    assert_eq!((answer.problem(), answer.pointers()), ((422, "cookies.wrong"), vec!["/cookies/sid", "/cookies/bank"]));
    assert!(!answer.json.to_string().contains("hunter2") && !answer.json.to_string().contains(code));
    let body = json!({ "code": "guessed", "cookies": { "sid": "of ada" } });
    assert_eq!(by_extension(&house, "", &body).await.problem(), (404, "attempt.unknown"));
    let large = json!({ "code": code, "cookies": { "sid": "x".repeat(70_000) } });
    assert_eq!(by_extension(&house, "", &large).await.problem(), (413, "input.too_large"));
    let extra = json!({ "code": code, "cookies": {}, "workspace": ada.workspace });
    assert_eq!(by_extension(&house, "", &extra).await.status, 422);
    // It waits all the same.
    let body = json!({ "code": code, "cookies": { "sid": "of ada" } });
    assert_eq!(by_extension(&house, "", &body).await.ok()["state"], "connected");
    assert_eq!(by_extension(&house, "", &body).await.problem(), (409, "attempt.ended"));
}

#[tokio::test]
async fn the_code_is_the_starters_alone() {
    let house = house().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    house.member(ada.workspace, bob.user, crier_model::permission::Role::Admin).await;
    let attempt = ada.post("attempts", &json!({ "network": "diary" })).await.ok();
    let path = format!("/api/v1/workspaces/{}/attempts/{}", ada.workspace, attempt["id"].as_str().unwrap());
    assert!(ada.get(&path).await.ok()["extension"]["code"].is_string());
    assert_eq!(bob.get(&path).await.ok()["extension"], Value::Null);
}

#[tokio::test]
async fn those_who_guess_are_slowed_down() {
    let house = house().await;
    let mut tries = 0;
    loop {
        let answer = by_extension(&house, "/renew", &json!({ "token": "guessed", "cookies": {} })).await;
        if answer.status == 429 {
            assert!(answer.headers.contains_key(header::RETRY_AFTER));
            break;
        }
        tries += 1;
        assert!(tries < 100, "a hundred guesses went through");
    }
}

#[tokio::test]
async fn the_extension_is_given_as_it_is_loaded() {
    let house = house().await;
    let answer = house.ask(Method::GET, "/extension.zip", &HeaderMap::new(), None).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers[header::CONTENT_TYPE]),
        (200, &HeaderValue::from_static("application/zip"))
    );
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(answer.bytes)).unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../extension");
    let mut names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    assert!(names.contains(&"crier-extension/manifest.json".to_owned()), "{names:?}");
    for name in names {
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(&name).unwrap(), &mut unpacked).unwrap();
        let there = std::fs::read(folder.join(name.trim_start_matches("crier-extension/"))).unwrap();
        assert_eq!(unpacked, there, "{name}");
    }
}
