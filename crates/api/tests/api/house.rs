//! A server in a test, and those who ask it.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use crier_api::{Deps, Metrics, Registration, Settings};
use crier_media::{Addresses, Library, Storage};
use crier_model::{AppId, ChannelId, Secret, SystemClock, UserId, WorkspaceId, channel::Identity, permission::Role};
use crier_networks::{Registry, registry};
use crier_store::{
    channels::{self, Connected},
    installation,
    testing::{self, TestStore},
    workspaces,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const ORIGIN: &str = "https://crier.example";

/// A server with an empty database.
pub struct House {
    pub router: Router,
    pub store: TestStore,
    pub library: Library,
    _media: TempDir,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Registration::Open, ORIGIN).await
    }

    /// One that counts and tells it to whoever has the token.
    pub async fn counting(token: &str) -> Self {
        let metrics = Metrics { render: Box::new(|| "counted 1\n".to_owned()), token: token.into() };
        Self::set_up(Registration::Open, ORIGIN, Some(metrics), Registry::new(&registry::Settings::default())).await
    }

    pub async fn with(registration: Registration, public_url: &str) -> Self {
        Self::set_up(registration, public_url, None, Registry::new(&registry::Settings::default())).await
    }

    /// A server with these networks.
    pub async fn of(registration: Registration, public_url: &str, registry: Registry) -> Self {
        Self::set_up(registration, public_url, None, registry).await
    }

    async fn set_up(
        registration: Registration,
        public_url: &str,
        metrics: Option<Metrics>,
        registry: Registry,
    ) -> Self {
        let store = testing::open().await;
        let media = tempfile::tempdir().unwrap();
        let library = Library::new(store.clone(), Storage::folder(media.path()).unwrap());
        let identity = installation::identity(&store).await.unwrap();
        let library = library.with_addresses(Addresses::new(&public_url.parse().unwrap(), identity));
        crier_net::install_crypto_provider();
        let handshake = crier_connect::Handshake::new(crier_connect::Deps {
            store: store.clone(),
            net: crier_net::Client::new(crier_net::Config::default()).unwrap(),
            registry: registry.clone(),
            library: library.clone(),
            clock: Arc::new(SystemClock),
            settings: crier_connect::Settings::new(public_url.parse().unwrap()),
        });
        let about = crier_connect::House {
            version: "0",
            settings: 0,
            data_dir: media.path().to_owned(),
            proxy: "directly".into(),
            other_ways: Vec::new(),
            resolver: "by the system's resolver".into(),
            mail: None,
        };
        let outside = crier_net::Client::new(crier_net::Config::default()).unwrap();
        let doctor = crier_connect::Doctor::new(handshake.clone(), outside, about);
        let settings = Settings {
            public_url: public_url.parse().unwrap(),
            registration,
            playground: None,
            configured: std::collections::BTreeSet::default(),
            mail: true,
            trusted_proxies: Vec::new(),
        };
        let shutdown = CancellationToken::new();
        let deps = Deps {
            store: store.clone(),
            registry,
            handshake,
            doctor,
            library: library.clone(),
            metrics,
            pulse: None,
            shutdown,
            settings,
        };
        Self { router: crier_api::router(deps).unwrap(), store, library, _media: media }
    }

    /// Somebody new, signed up and signed in.
    pub async fn person(&self, email: &str) -> Person<'_> {
        let body = json!({ "email": email, "password": "correct horse", "name": "Ada Lovelace", "time_zone": "Europe/Berlin" });
        let answer = self.ask(Method::POST, "/api/v1/auth/sign-up", &HeaderMap::new(), Some(&body)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.json);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        Person {
            house: self,
            workspace: answer.json["workspaces"][0]["id"].as_str().unwrap().parse().unwrap(),
            user: answer.json["user"]["id"].as_str().unwrap().parse().unwrap(),
            headers,
        }
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &HeaderMap, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        let mut request = request.body(body).unwrap();
        request.headers_mut().extend(headers.clone());
        self.send(request).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, headers, json, bytes: bytes.to_vec() }
    }

    /// A channel of the webhook network, as if it had been connected.
    pub async fn channel(&self, workspace: WorkspaceId, name: &str) -> ChannelId {
        self.channel_of(workspace, name, None).await
    }

    /// The same, whose sign-in an app got.
    pub async fn channel_of(&self, workspace: WorkspaceId, name: &str, app: Option<AppId>) -> ChannelId {
        self.channel_on("webhook", workspace, name, app).await
    }

    /// The same, of another network.
    pub async fn channel_on(&self, network: &str, workspace: WorkspaceId, name: &str, app: Option<AppId>) -> ChannelId {
        let connected = Connected {
            network: network.into(),
            way: "form".to_owned(),
            instance: None,
            identity: Identity {
                remote_id: format!("https://hooks.example/{name}"),
                name: name.into(),
                handle: name.into(),
                profile_url: None,
                avatar_url: None,
            },
            app,
            grant: None,
            scopes: Vec::new(),
            credentials: Secret::new("{}"),
            token_expires_at: None,
            renews: false,
        };
        channels::upsert_connected(&self.store, workspace, &connected, |_| Vec::new()).await.unwrap().channel.id
    }

    pub async fn member(&self, workspace: WorkspaceId, user: UserId, role: Role) {
        workspaces::set_member(&self.store, workspace, user, role).await.unwrap();
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Null when the body is no JSON.
    pub json: Value,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The code of a problem, after looking that it is one.
    pub fn problem(&self) -> (u16, &str) {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{:?}", self.json);
        assert_eq!(self.json["status"], self.status.as_u16());
        assert!(self.json["title"].as_str().is_some_and(|title| !title.is_empty()));
        (self.status.as_u16(), self.json["code"].as_str().unwrap())
    }

    /// The pointers of the fields at fault, in order.
    pub fn pointers(&self) -> Vec<&str> {
        self.json["errors"].as_array().into_iter().flatten().map(|error| error["pointer"].as_str().unwrap()).collect()
    }

    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.json);
        self.json
    }
}

/// Somebody signed in.
pub struct Person<'a> {
    pub house: &'a House,
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub headers: HeaderMap,
}

impl Person<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.house.ask(Method::GET, &self.path(path), &self.headers, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.house.ask(Method::POST, &self.path(path), &self.headers, Some(body)).await
    }

    pub async fn with(&self, method: Method, path: &str, name: &'static str, value: &str, body: &Value) -> Answer {
        let mut headers = self.headers.clone();
        headers.insert(name, value.parse().unwrap());
        self.house.ask(method, &self.path(path), &headers, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.house.ask(Method::PATCH, &self.path(path), &self.headers, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.house.ask(Method::DELETE, &self.path(path), &self.headers, None).await
    }

    /// `posts` is below the workspace, `/api/…` is itself.
    fn path(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/workspaces/{}/{path}", self.workspace) }
    }

    /// Sends a file as a browser's form does.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> Answer {
        let mut body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.path("media"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
            .body(Body::from(body))
            .unwrap();
        request.headers_mut().extend(self.headers.clone());
        self.house.send(request).await
    }
}

/// A scheduled post, an hour from now.
pub fn scheduled(channels: &[ChannelId], text: &str) -> Value {
    let due_at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    json!({ "state": "scheduled", "due_at": due_at, "channels": channels, "parts": [{ "text": text, "media": [] }], "variants": {} })
}
