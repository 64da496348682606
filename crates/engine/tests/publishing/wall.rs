//! The network that is published to: a Playground on a loopback port, and a reader of what appears on it.

use crate::house::Shifted;
use crier_model::{Clock, Secret, Timestamp};
use crier_networks::Credentials;
use crier_playground::{Config, Playground};
use jiff::SignedDuration;
use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

const RETURN: &str = "http://127.0.0.1:9/return";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPES: &str = "profile posts:read posts:write media:write metrics:read";

pub struct Wall {
    pub origin: String,
    pub http: Client,
    /// Client id and secret.
    pub app: (String, String),
    reader: Mutex<Option<String>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Wall {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// A post as it stands on the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: String,
    pub url: String,
    pub text: String,
    pub reply_to: Option<String>,
    pub reposts: u64,
    /// The descriptions of its pictures.
    pub alts: Vec<String>,
}

impl Wall {
    pub async fn start(clock: Arc<Shifted>) -> Self {
        crier_net::install_crypto_provider();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let folder = TempDir::new().unwrap();
        let mut config = Config::new(folder.path().join("playground.json"), Url::parse(&origin).unwrap());
        config.clock = Arc::new(move || clock.now());
        let playground = Playground::open(config).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let shutdown = async move {
                let _ = stopped.await;
            };
            playground.serve(listener, shutdown).await.unwrap();
            // Its last words are written there.
            drop(folder);
        });
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let metadata = json!({ "client_name": "Crier", "redirect_uris": [RETURN] });
        let answer = http.post(format!("{origin}/oauth/register")).json(&metadata).send().await.unwrap();
        let app: Value = answer.json().await.unwrap();
        let app = (text(&app["client_id"]), text(&app["client_secret"]));
        Self { origin, http, app, reader: Mutex::new(None), stop: Some(stop) }
    }

    /// The whole handshake for one of the demo accounts.
    pub async fn connect(&self, handle: &str, scopes: &str, now: Timestamp) -> Credentials {
        let id = if handle == "ada" { "1" } else { "2" };
        let answer = self.form("/sign-in/demo", None, &[("account", id), ("return_to", "/")]).await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", &self.app.0),
                ("redirect_uri", RETURN),
                ("scope", SCOPES),
                ("state", "state"),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
            ])
            .finish();
        let page = self.http.get(format!("{}/oauth/authorize?{query}", self.origin)).header(header::COOKIE, &cookie);
        let page = page.send().await.unwrap().text().await.unwrap();
        let ticket = page.split_once("name=\"ticket\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
        let mut form = vec![("ticket", ticket.as_str()), ("decision", "allow")];
        form.extend(scopes.split(' ').map(|scope| ("scope", scope)));
        let answer = self.form("/oauth/authorize", Some(&cookie), &form).await;
        let to = Url::parse(answer.headers()[header::LOCATION].to_str().unwrap()).unwrap();
        let code = to.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", RETURN),
            ("code_verifier", VERIFIER),
        ];
        self.tokens(&form, now).await.unwrap()
    }

    pub async fn connect_all(&self, handle: &str, now: Timestamp) -> Credentials {
        self.connect(handle, SCOPES, now).await
    }

    /// What the token endpoint gives; its error otherwise.
    pub async fn tokens(&self, form: &[(&str, &str)], now: Timestamp) -> Result<Credentials, String> {
        let request = self.http.post(format!("{}/oauth/token", self.origin));
        let answer = request.basic_auth(&self.app.0, Some(&self.app.1)).form(form).send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        if status != StatusCode::OK {
            return Err(text(&body["error"]));
        }
        Ok(Credentials {
            access_token: Secret::new(text(&body["access_token"])),
            refresh_token: Some(Secret::new(text(&body["refresh_token"]))),
            expires_at: Some(now + SignedDuration::from_secs(body["expires_in"].as_i64().unwrap())),
            ..Credentials::default()
        })
    }

    /// One of the demo accounts likes a post.
    pub async fn like(&self, handle: &str, post: &str) {
        let id = if handle == "ada" { "1" } else { "2" };
        let answer = self.form("/sign-in/demo", None, &[("account", id), ("return_to", "/")]).await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        self.form(&format!("/post/{post}/like"), Some(&cookie), &[("back", "/")]).await;
    }

    async fn form(&self, path: &str, cookie: Option<&str>, form: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.http.post(format!("{}{path}", self.origin)).header(header::ORIGIN, &self.origin);
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let answer = request.form(form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        answer
    }

    /// Sets a fault.
    pub async fn fault(&self, fault: Value) {
        let answer = self.http.post(format!("{}/faults.json", self.origin)).json(&fault).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{fault}");
    }

    pub async fn mend(&self) {
        self.http.delete(format!("{}/faults.json", self.origin)).send().await.unwrap();
    }

    /// How often an endpoint was called with a method, and how each call ended.
    pub async fn calls(&self, endpoint: &str, method: &str) -> Vec<String> {
        let answer = self.http.get(format!("{}/log.json?endpoint={endpoint}", self.origin)).send().await.unwrap();
        let log: Value = answer.json().await.unwrap();
        let entries = log["entries"].as_array().unwrap().iter();
        entries.filter(|entry| entry["method"] == method).map(|entry| text(&entry["outcome"])).collect()
    }

    /// Everything an account has published, oldest first.
    pub async fn of(&self, handle: &str) -> Vec<Seen> {
        let body = loop {
            let token = self.reader.lock().unwrap().clone();
            if let Some(token) = token {
                let request = self.http.get(format!("{}/api/posts?account={handle}&limit=100", self.origin));
                let answer = request.bearer_auth(token).send().await.unwrap();
                if answer.status() == StatusCode::OK {
                    break answer.json::<Value>().await.unwrap();
                }
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
            }
            let fresh = self.connect_all("grace", Timestamp::now()).await;
            *self.reader.lock().unwrap() = Some(fresh.access_token.expose().to_owned());
        };
        let mut posts: Vec<Seen> = body["posts"].as_array().unwrap().iter().map(seen).collect();
        posts.reverse();
        posts
    }

    pub async fn texts(&self) -> Vec<String> {
        self.of("ada").await.into_iter().map(|post| post.text).collect()
    }
}

fn seen(post: &Value) -> Seen {
    Seen {
        id: text(&post["id"]),
        url: text(&post["url"]),
        text: text(&post["text"]),
        reply_to: post["reply_to"].as_str().map(str::to_owned),
        reposts: post["reposts"].as_u64().unwrap(),
        alts: post["media"].as_array().unwrap().iter().map(|picture| text(&picture["alt"])).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
