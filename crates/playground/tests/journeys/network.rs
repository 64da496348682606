//! A running network, browsers in front of it and an app beside it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use crier_playground::{Config, Playground};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

pub const RETURN: &str = "http://127.0.0.1:9/return";
pub const ALL_SCOPES: &str = "profile posts:read posts:write media:write metrics:read";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub struct Network {
    pub origin: String,
    pub http: Client,
    folder: Option<TempDir>,
    ahead: Arc<AtomicI64>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<()>>,
}

pub fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

impl Network {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, TempDir::new().unwrap())
    }

    fn on(listener: TcpListener, folder: TempDir) -> Self {
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let ahead = Arc::new(AtomicI64::new(0));
        let offset = Arc::clone(&ahead);
        let mut config = Config::new(folder.path().join("playground.json"), Url::parse(&origin).unwrap());
        config.clock = Arc::new(move || Timestamp::now() + SignedDuration::from_secs(offset.load(Ordering::SeqCst)));
        let playground = Playground::open(config).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let shutdown = async move {
                let _ = stopped.await;
            };
            playground.serve(listener, shutdown).await.unwrap();
        });
        Network { origin, http: client(), folder: Some(folder), ahead, stop: Some(stop), served: Some(served) }
    }

    /// Ends the server properly and starts it again on the same port with what it has stored.
    pub async fn restart(mut self) -> Self {
        self.end().await;
        let address = self.origin.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind(address).await.unwrap();
        Self::on(listener, self.folder.take().unwrap())
    }

    pub async fn end(&mut self) {
        self.http = client();
        self.stop.take().unwrap().send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(10), self.served.take().unwrap())
            .await
            .expect("the server ends")
            .unwrap();
    }

    pub fn data_file(&self) -> std::path::PathBuf {
        self.folder.as_ref().unwrap().path().join("playground.json")
    }

    pub fn pass(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub async fn json(&self, path: &str) -> Value {
        let answer = self.http.get(self.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn register(&self, metadata: Value) -> Response {
        self.http.post(self.at("/oauth/register")).json(&metadata).send().await.unwrap()
    }

    pub async fn app(&self) -> App {
        self.app_with("client_secret_basic").await
    }

    pub async fn app_with(&self, method: &str) -> App {
        let answer = self
            .register(json!({
                "client_name": "Test app",
                "redirect_uris": [RETURN],
                "token_endpoint_auth_method": method,
            }))
            .await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let body: Value = answer.json().await.unwrap();
        App {
            id: text(&body, "client_id"),
            secret: body.get("client_secret").map(|secret| secret.as_str().unwrap().to_owned()),
        }
    }

    /// A browser in which the demo account is signed in.
    pub async fn browser(&self, handle: &str) -> Browser<'_> {
        let mut browser = self.stranger();
        let id = if handle == "ada" { "1" } else { "2" };
        let answer = browser.post("/sign-in/demo", &[("account", id), ("return_to", "/")]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        browser
    }

    pub fn stranger(&self) -> Browser<'_> {
        Browser { network: self, cookie: None }
    }

    pub async fn token(&self, app: &App, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let request = self.http.post(self.at("/oauth/token"));
        let answer = match &app.secret {
            Some(secret) => request.basic_auth(&app.id, Some(secret)).form(form),
            None => {
                let mut form = form.to_vec();
                form.push(("client_id", &app.id));
                request.form(&form)
            }
        }
        .send()
        .await
        .unwrap();
        let status = answer.status();
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (status, answer.json().await.unwrap())
    }

    pub async fn exchange(&self, app: &App, code: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", RETURN),
            ("code_verifier", VERIFIER),
        ];
        self.token(app, &form).await
    }

    pub async fn refresh(&self, app: &App, token: &str) -> (StatusCode, Value) {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.token(app, &form).await
    }

    /// The whole handshake with everything allowed.
    pub async fn connect(&self, app: &App, handle: &str) -> Tokens {
        let browser = self.browser(handle).await;
        let code = browser.allow(app, &ALL_SCOPES.split(' ').collect::<Vec<_>>()).await;
        let (status, body) = self.exchange(app, &code).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        Tokens { access: text(&body, "access_token"), refresh: text(&body, "refresh_token") }
    }

    pub async fn me(&self, access: &str) -> (StatusCode, Value) {
        let answer = self.get("/api/me", access).await;
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    pub async fn get(&self, path: &str, access: &str) -> Response {
        self.http.get(self.at(path)).bearer_auth(access).send().await.unwrap()
    }

    pub async fn post(&self, access: &str, key: Option<&str>, body: Value) -> Response {
        let mut request = self.http.post(self.at("/api/posts")).bearer_auth(access).json(&body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        request.send().await.unwrap()
    }

    pub async fn fault(&self, fault: Value) -> Value {
        let answer = self.http.post(self.at("/faults.json")).json(&fault).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{fault}");
        answer.json().await.unwrap()
    }
}

pub struct App {
    pub id: String,
    pub secret: Option<String>,
}

pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

pub struct Browser<'a> {
    pub network: &'a Network,
    pub cookie: Option<String>,
}

impl Browser<'_> {
    pub async fn get(&self, path: &str) -> Response {
        let mut request = self.network.http.get(self.network.at(path));
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        request.send().await.unwrap()
    }

    pub async fn page(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    /// Sends a form as a page of the network does.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Response {
        let answer = self.send(path, form).await;
        if let Some(set) = answer.headers().get(SET_COOKIE) {
            let set = set.to_str().unwrap();
            let value = set.split(';').next().unwrap();
            self.cookie = (!value.ends_with('=')).then(|| value.to_owned());
        }
        answer
    }

    pub async fn send(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let mut request = self.network.http.post(self.network.at(path)).header(ORIGIN, &self.network.origin).form(form);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        request.send().await.unwrap()
    }

    /// Opens the consent page and returns its ticket.
    pub async fn ticket(&self, app: &App) -> String {
        let page = self.page(&authorize(&app.id, &[])).await;
        between(&page, "name=\"ticket\" value=\"", "\"")
    }

    /// Allows `scopes` on a fresh consent page; where the browser is sent.
    pub async fn answer(&self, ticket: &str, decision: &str, scopes: &[&str]) -> Url {
        let mut form = vec![("ticket", ticket), ("decision", decision)];
        form.extend(scopes.iter().map(|scope| ("scope", *scope)));
        location(&self.send("/oauth/authorize", &form).await)
    }

    pub async fn allow(&self, app: &App, scopes: &[&str]) -> String {
        let ticket = self.ticket(app).await;
        let to = self.answer(&ticket, "allow", scopes).await;
        param(&to, "code").expect("a code")
    }
}

/// The path of an authorization request; `changes` replace or (when empty) remove parameters.
pub fn authorize(client_id: &str, changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", RETURN),
        ("scope", ALL_SCOPES),
        ("state", "the state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("/oauth/authorize?{query}")
}

pub fn location(answer: &Response) -> Url {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    Url::parse(answer.headers()[LOCATION].to_str().unwrap()).unwrap()
}

pub fn param(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

pub fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

pub fn between(page: &str, before: &str, after: &str) -> String {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split_once(after).unwrap().0.to_owned()
}

/// The type of an error body; its description must be there as well.
pub fn error(body: &Value) -> String {
    assert!(!text(body, "error_description").is_empty());
    text(body, "error")
}
