//! A network that answers at once, or after the same wait each time, and writes down what reached it and when. It takes posts as a
//! webhook does, whose key it heeds, and as a small server of Mastodon's API does, which knows no keys and lists what there is.

use axum::{
    Form, Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, time::sleep};

/// Serves until the process ends; prints its origin first.
pub async fn serve(address: &str, delay: Duration) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    println!("{origin}");
    let network = Network { origin: origin.into(), delay, heard: Arc::default() };
    let routes = Router::new()
        .route("/hook/{channel}", post(hook))
        .route("/api/v2/instance", get(async || Json(json!({ "version": "0.1 (compatible; bench)" }))))
        .route("/api/v1/apps", post(async || Json(json!({ "client_id": "bench", "client_secret": "bench" }))))
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/token", post(token))
        .route("/api/v1/accounts/verify_credentials", get(account))
        .route("/api/v1/accounts/{id}/statuses", get(statuses))
        .route("/api/v1/statuses", post(status))
        .route("/posts.json", get(posts).delete(forget))
        .with_state(network);
    axum::serve(listener, routes).await
}

#[derive(Clone)]
struct Network {
    origin: Arc<str>,
    delay: Duration,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    accounts: usize,
    posts: Vec<Post>,
    /// The place of each key among the posts.
    keys: HashMap<String, usize>,
}

/// Something that was published here.
#[derive(Clone, Serialize)]
struct Post {
    text: String,
    account: String,
    /// None where it is not told.
    due_ms: Option<i64>,
    /// When its request arrived.
    arrived_ms: i64,
    /// How often it was sent once more under its key.
    repeats: u32,
    in_reply_to: Option<String>,
}

impl Network {
    fn heard<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// It counts as published from its arrival on, whether or not anybody is left to hear the answer.
async fn hook(State(network): State<Network>, Path(channel): Path<String>, Json(call): Json<Value>) -> Response {
    let arrived_ms = now();
    if call["type"] != "post.publish" {
        return StatusCode::NO_CONTENT.into_response();
    }
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let key = word(&call["id"]);
    let due = call["due_at"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let post = Post {
        text: word(&call["content"]["text"]),
        account: channel,
        due_ms: due.map(Timestamp::as_millisecond),
        arrived_ms,
        repeats: 0,
        in_reply_to: None,
    };
    let id = network.heard(|heard| match heard.keys.get(&key).copied() {
        Some(known) => {
            heard.posts[known].repeats += 1;
            known
        }
        None => {
            heard.posts.push(post);
            heard.keys.insert(key, heard.posts.len() - 1);
            heard.posts.len() - 1
        }
    });
    sleep(network.delay).await;
    Json(json!({ "id": id })).into_response()
}

#[derive(Deserialize)]
struct Authorize {
    redirect_uri: String,
    state: String,
}

/// Everybody who comes is somebody new, and agrees.
async fn authorize(State(network): State<Network>, Query(asked): Query<Authorize>) -> Redirect {
    let account = network.heard(|heard| {
        heard.accounts += 1;
        heard.accounts
    });
    Redirect::to(&format!("{}?code={account}&state={}", asked.redirect_uri, asked.state))
}

async fn token(Form(asked): Form<HashMap<String, String>>) -> Json<Value> {
    let code = asked.get("code").map(String::as_str).unwrap_or_default();
    Json(json!({ "access_token": code, "token_type": "Bearer", "scope": "read write", "created_at": 0 }))
}

/// Tokens are the accounts' numbers.
fn bearer(headers: &HeaderMap) -> String {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned()
}

async fn account(headers: HeaderMap) -> Json<Value> {
    let id = bearer(&headers);
    Json(json!({ "id": id, "username": format!("bench{id}") }))
}

async fn status(State(network): State<Network>, headers: HeaderMap, Json(call): Json<Value>) -> Json<Value> {
    let post = Post {
        text: call["status"].as_str().unwrap_or_default().to_owned(),
        account: bearer(&headers),
        due_ms: None,
        arrived_ms: now(),
        repeats: 0,
        in_reply_to: call["in_reply_to_id"].as_str().map(str::to_owned),
    };
    let told = network.heard(|heard| {
        heard.posts.push(post.clone());
        shown(&network.origin, heard.posts.len() - 1, &post)
    });
    sleep(network.delay).await;
    Json(told)
}

fn shown(origin: &str, id: usize, post: &Post) -> Value {
    let at = Timestamp::from_millisecond(post.arrived_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let address = format!("{origin}/posts/{id}");
    json!({
        "id": id.to_string(), "uri": address, "url": address, "content": format!("<p>{}</p>", post.text), "created_at": at,
        "in_reply_to_id": post.in_reply_to, "media_attachments": [],
    })
}

#[derive(Deserialize)]
struct Page {
    limit: usize,
    max_id: Option<usize>,
}

/// The account's posts, the newest first.
async fn statuses(State(network): State<Network>, Path(id): Path<String>, Query(page): Query<Page>) -> Json<Value> {
    let before = page.max_id.unwrap_or(usize::MAX);
    let listed: Vec<_> = network.heard(|heard| {
        let own = heard.posts.iter().enumerate().rev().filter(|(at, post)| *at < before && post.account == id);
        own.take(page.limit).map(|(at, post)| shown(&network.origin, at, post)).collect()
    });
    Json(listed.into())
}

async fn posts(State(network): State<Network>) -> Json<Vec<Post>> {
    Json(network.heard(|heard| heard.posts.clone()))
}

async fn forget(State(network): State<Network>) -> StatusCode {
    network.heard(|heard| {
        heard.posts.clear();
        heard.keys.clear();
    });
    StatusCode::NO_CONTENT
}
