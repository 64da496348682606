//! OAuth 2 as some networks speak it: other names, other shapes, short-lived tokens and such that renew themselves. The server
//! refuses whatever differs from its dialect by a hair.

use crate::scripted::{ID, Kind, Scripted, app};
use crate::world::{Query, World, code};
use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query as Params, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use crier_connect::{AttemptView, Callback, Start, Started};
use crier_model::{
    Clock, Code, NextKind,
    attempt::AttemptState as S,
    channel::{ChannelState, Identity},
};
use crier_net::Client;
use crier_networks::connect::{
    Answered, AppHeaders, ClientAuth, Connect, Dialect, Endpoints, Exchange, Facts, Identified, OAuth2, Renewal, Scope,
    Tokens,
};
use crier_networks::{Credentials, Detail, Refusal};
use crier_store::testing::TestClock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};
use tokio::net::TcpListener;

const DAY: i64 = 24 * 3600;

/// What the server gives instead of its answer, once each.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// It has done what was asked, and answers with an error of its own.
    Stumbles,
    Refuses(&'static str, i64),
    /// The answer does not come.
    Hangs,
    /// The person has not approved yet.
    Waits,
}

/// A network with long-lived tokens (Meta's), or one with names of its own (TikTok's).
#[derive(Default)]
struct Place {
    requests: Vec<String>,
    /// Tokens by what they are good for, with when they were given.
    short: Vec<String>,
    long: BTreeMap<String, Timestamp>,
    troubles: BTreeMap<&'static str, VecDeque<Trouble>>,
    given: usize,
}

#[derive(Clone)]
struct Server {
    origin: String,
    place: Arc<Mutex<Place>>,
    clock: Arc<OnceLock<Arc<TestClock>>>,
}

type Fields = BTreeMap<String, String>;

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { origin, place: Arc::default(), clock: Arc::default() };
        let routes = Router::new()
            .route("/token", post(token))
            .route("/json_token", post(json_token))
            .route("/json_refresh", post(json_refresh))
            .route("/miauth/{session}/check", post(check))
            .route("/login_token", get(login_token))
            .route("/exchange", get(exchange))
            .route("/renew", get(renew))
            .route("/me", get(me))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        server
    }

    fn now(&self) -> Timestamp {
        self.clock.get().map_or_else(Timestamp::now, |clock| clock.now())
    }

    fn place<T>(&self, with: impl FnOnce(&mut Place) -> T) -> T {
        with(&mut self.place.lock().unwrap())
    }

    fn requests(&self) -> Vec<String> {
        self.place(|place| place.requests.clone())
    }

    /// What is next to go wrong at a place, in order.
    fn troubled(&self, at: &'static str, troubles: &[Trouble]) {
        self.place(|place| place.troubles.entry(at).or_default().extend(troubles));
    }

    /// Notes a request, and says what is to go wrong with it.
    fn heard(&self, what: &str) -> Option<Trouble> {
        self.place(|place| {
            place.requests.push(what.to_owned());
            place.troubles.get_mut(what)?.pop_front()
        })
    }

    fn new_token(&self, kind: &str) -> String {
        self.place(|place| {
            place.given += 1;
            format!("{kind}-token-{}", place.given)
        })
    }
}

fn graph_error(message: &str, number: i64) -> Response {
    let body = json!({"error": {"message": message, "type": "OAuthException", "code": number, "fbtrace_id": "x"}});
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

async fn answered(trouble: Option<Trouble>, answer: Value) -> Response {
    match trouble {
        Some(Trouble::Hangs) => std::future::pending().await,
        Some(Trouble::Stumbles) => (StatusCode::INTERNAL_SERVER_ERROR, "stumbled").into_response(),
        Some(Trouble::Refuses(message, number)) => graph_error(message, number),
        Some(Trouble::Waits) => axum::Json(json!({"pending": true})).into_response(),
        None => axum::Json(answer).into_response(),
    }
}

fn fields(of: &[(&str, &str)]) -> Fields {
    of.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn redirect_uri() -> String {
    format!("{}integrations/social/{ID}", crate::world::PUBLIC_URL)
}

/// As Threads: a form, id and secret in it, no PKCE, and a token for an hour without saying so.
async fn token(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    let trouble = server.heard("token");
    let form: Fields = url::form_urlencoded::parse(&body).into_owned().collect();
    let expected = fields(&[
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("redirect_uri", &redirect_uri()),
        ("client_id", "the-app"),
        ("client_secret", "the-secret"),
    ]);
    if form != expected || headers.contains_key("authorization") {
        return graph_error(&format!("unexpected {form:?}"), 100);
    }
    let short = server.new_token("short");
    server.place(|place| place.short.push(short.clone()));
    answered(trouble, json!({"access_token": short, "user_id": 42_i64, "permissions": ["read", "write"]})).await
}

/// As TikTok for Business: JSON both ways, other names, everything in an envelope.
async fn json_token(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response {
    server.heard("json_token");
    let expected = json!({
        "grant_type": "authorization_code",
        "auth_code": "the-code",
        "redirect_uri": redirect_uri(),
        "client_key": "the-app",
        "client_secret": "the-secret",
        "flavour": "plain",
    });
    if headers["content-type"] != "application/json" || serde_json::from_slice::<Value>(&body).unwrap() != expected {
        let said = String::from_utf8_lossy(&body).into_owned();
        return axum::Json(json!({"code": 40_002, "message": format!("unexpected {said}"), "data": {}}))
            .into_response();
    }
    let token = server.new_token("long");
    let now = server.now();
    server.place(|place| place.long.insert(token.clone(), now));
    axum::Json(json!({"code": 0, "message": "OK", "data": {
        "access_token": token, "refresh_token": "refresh-1", "expires_in": DAY, "scope": "read,write", "open_id": "o-1",
    }}))
    .into_response()
}

async fn json_refresh(State(server): State<Server>, body: Bytes) -> Response {
    server.heard("json_refresh");
    let expected = json!({
        "grant_type": "refresh_token", "refresh_token": "refresh-1", "client_key": "the-app", "client_secret": "the-secret",
        "flavour": "plain",
    });
    if serde_json::from_slice::<Value>(&body).unwrap() != expected {
        return axum::Json(json!({"code": 40_002, "message": "unexpected", "data": {}})).into_response();
    }
    let token = server.new_token("long");
    let now = server.now();
    server.place(|place| place.long.insert(token.clone(), now));
    axum::Json(json!({"code": 0, "data": {"access_token": token, "expires_in": DAY}})).into_response()
}

/// As Misskey: a token for a session, once.
async fn check(State(server): State<Server>, Path(session): Path<String>, body: Bytes) -> Response {
    server.heard("check");
    let allowed = server.place(|place| place.short.iter().position(|it| *it == session));
    let Some(at) = allowed.filter(|_| &body[..] == b"{}") else {
        return axum::Json(json!({"ok": false})).into_response();
    };
    server.place(|place| place.short.remove(at));
    let (token, now) = (server.new_token("long"), server.now());
    server.place(|place| place.long.insert(token.clone(), now));
    axum::Json(json!({"ok": true, "token": token, "user": {"id": "42"}})).into_response()
}

/// As MeWe: a token by a GET, once the sign-in was approved.
async fn login_token(State(server): State<Server>, headers: HeaderMap, Params(query): Params<Fields>) -> Response {
    let trouble = server.heard("login_token");
    let app = ["x-app-id", "x-api-key"].map(|name| headers.get(name).and_then(|value| value.to_str().ok()));
    if query != fields(&[("loginRequestToken", "the-code")]) || app != [Some("the-app"), Some("the-secret")] {
        return graph_error(&format!("unexpected {query:?}"), 100);
    }
    let (token, now) = (server.new_token("long"), server.now());
    server.place(|place| place.long.insert(token.clone(), now));
    let end = now + SignedDuration::from_secs(30 * DAY);
    answered(trouble, json!({"token": token, "expires_at": end.to_string()})).await
}

async fn exchange(State(server): State<Server>, Params(query): Params<Fields>) -> Response {
    let trouble = server.heard("exchange");
    let token = query.get("fb_exchange_token").cloned().unwrap_or_default();
    let expected = fields(&[
        ("grant_type", "fb_exchange_token"),
        ("fb_exchange_token", &token),
        ("client_id", "the-app"),
        ("client_secret", "the-secret"),
    ]);
    if query != expected || !server.place(|place| place.short.contains(&token)) {
        return graph_error("Error validating access token", 190);
    }
    let (long, now) = (server.new_token("long"), server.now());
    server.place(|place| place.long.insert(long.clone(), now));
    answered(trouble, json!({"access_token": long, "token_type": "bearer", "expires_in": 60 * DAY})).await
}

/// Renews a long-lived token that is a day old and not sixty.
async fn renew(State(server): State<Server>, Params(query): Params<Fields>) -> Response {
    let trouble = server.heard("renew");
    let now = server.now();
    let token = query.get("access_token").cloned().unwrap_or_default();
    if query != fields(&[("grant_type", "th_refresh_token"), ("access_token", &token)]) {
        return graph_error("unexpected", 100);
    }
    let given = server.place(|place| place.long.get(&token).copied());
    let Some(given) = given else { return graph_error("Error validating access token", 190) };
    match now.duration_since(given).as_secs() {
        age if age < DAY => return graph_error("The token is too young", 10),
        age if age >= 60 * DAY => return graph_error("Error validating access token: Session has expired", 190),
        _ => {}
    }
    let fresh = server.new_token("long");
    server.place(|place| place.long.insert(fresh.clone(), now));
    answered(trouble, json!({"access_token": fresh, "expires_in": 60 * DAY})).await
}

async fn me(State(server): State<Server>, headers: HeaderMap) -> Response {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = bearer.trim_start_matches("Bearer ");
    let trouble = server.heard(&format!("me {}", token.split('-').next().unwrap_or_default()));
    let known = server.place(|place| place.long.contains_key(token) || place.short.iter().any(|it| it == token));
    if !known {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({"error": "invalid_token"}))).into_response();
    }
    answered(trouble, json!({"id": "42", "name": "Ada"})).await
}

/// The network's side in Crier.
struct Speaks {
    origin: String,
    client_auth: ClientAuth,
    json: bool,
    dialect: Dialect,
}

impl Speaks {
    fn url(&self, path: &str) -> url::Url {
        format!("{}{path}", self.origin).parse().unwrap()
    }
}

impl Kind for Speaks {
    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }
}

const SCOPES: &[Scope] =
    &[Scope { id: "read", why: "to read", required: true }, Scope { id: "write", why: "to write", required: true }];

#[async_trait]
impl OAuth2 for Speaks {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    fn token_answer(&self, mut answer: Answered) -> Answered {
        if let Some(token) = answer.remove("token") {
            answer.insert("access_token".to_owned(), token);
        }
        if answer.get("pending").is_some_and(|pending| pending == true) {
            answer.insert("error".to_owned(), "authorization_pending".into());
        }
        if answer.get("ok").is_some_and(|ok| ok == false) {
            answer.insert("error".to_owned(), "invalid_grant".into());
        }
        if let Some(permissions) = answer.remove("permissions") {
            answer.insert("scope".to_owned(), permissions);
        }
        let Some(Value::Object(mut data)) = answer.remove("data") else { return answer };
        if answer.get("code").and_then(Value::as_i64).is_some_and(|code| code != 0) {
            data.insert("error".to_owned(), answer["code"].to_string().into());
            data.insert("error_description".to_owned(), answer["message"].clone());
        }
        data
    }

    fn keeps(&self) -> &'static [(&'static str, &'static str)] {
        &[("open_id", "/data/open_id"), ("user_id", "/user_id")]
    }

    async fn discover(&self, _: &Client, _: Option<&str>) -> Result<Endpoints, Refusal> {
        Ok(Endpoints {
            authorize: self.url("/authorize"),
            token: self.url(match (self.dialect.miauth, self.json) {
                _ if self.dialect.app_headers.is_some() => "/login_token",
                (true, _) => "/miauth",
                (false, true) => "/json_token",
                (false, false) => "/token",
            }),
            par: None,
            dpop: false,
            revoke: None,
            registration: None,
            scope: None,
            issuer: None,
            iss_always: false,
            pkce: false,
            client_auth: self.client_auth,
            account: None,
            authorize_extra: Vec::new(),
            dialect: self.dialect.clone(),
        })
    }

    async fn identify(&self, net: &Client, _: Option<&str>, credentials: &Credentials) -> Result<Identified, Refusal> {
        let answer = net.get(self.url("/me")).bearer(credentials.access_token.expose()).send().await?;
        match answer.status() {
            200 => {}
            401 => return Err(Refusal::Auth(Detail::new("no longer good"))),
            _ => return Err(Refusal::from_answer(&answer).harmless()),
        }
        let identity = Identity {
            remote_id: "42".to_owned(),
            name: "Ada".to_owned(),
            handle: "ada".to_owned(),
            profile_url: None,
            avatar_url: None,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

fn meta(server: &Server) -> Speaks {
    let url = |path: &str| format!("{}{path}", server.origin).parse().unwrap();
    let exchange = |path, grant_type: &str, token: &str, app| Exchange {
        url: url(path),
        grant_type: grant_type.to_owned(),
        token: token.to_owned(),
        client_id: app,
        client_secret: app,
    };
    let renewal = Renewal {
        exchange: exchange("/renew", "th_refresh_token", "access_token", false),
        not_before_s: u32::try_from(DAY).unwrap(),
    };
    let dialect = Dialect {
        commas: true,
        long_lived: Some(exchange("/exchange", "fb_exchange_token", "fb_exchange_token", true)),
        renewal: Some(renewal),
        ..Dialect::default()
    };
    Speaks { origin: server.origin.clone(), client_auth: ClientAuth::Body, json: false, dialect }
}

async fn world(server: &Server, speaks: Speaks) -> World {
    let world = World::of(vec![Box::new(Scripted(speaks))], |settings| {
        settings.apps.insert(ID.to_owned(), app());
    })
    .await;
    // Times are kept to the millisecond.
    let now = world.clock.now().as_millisecond();
    world.clock.set(Timestamp::from_millisecond(now).unwrap());
    server.clock.set(world.clock.clone()).ok().unwrap();
    world
}

async fn leave(world: &World) -> (Started, Query) {
    let started = world.handshake.start(Start { network: ID, ..world.wish(None) }).await.unwrap();
    assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
    let asked: Query = started.authorize_url.as_ref().unwrap().query_pairs().into_owned().collect();
    let state = asked["state"].clone();
    (started, [("state".to_owned(), state), ("code".to_owned(), "the-code".to_owned())].into())
}

fn returning(started: &Started, query: &Query) -> Callback {
    let browser = Some(started.browser_cookie.clone());
    Callback { network: ID.to_owned(), query: query.clone(), browser, signed_in: None }
}

async fn land(world: &World, started: &Started, query: &Query) -> AttemptView {
    world.handshake.callback(returning(started, query)).await;
    world.view(started.attempt.id).await
}

async fn connected(world: &World) -> AttemptView {
    let (started, query) = leave(world).await;
    let view = land(world, &started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    view
}

fn after(world: &World, seconds: i64) -> Timestamp {
    world.clock.now() + SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn a_session_that_was_allowed_is_good_for_a_token_once() {
    let server = Server::start().await;
    let dialect = Dialect { miauth: true, ..Dialect::default() };
    let speaks = Speaks { origin: server.origin.clone(), client_auth: ClientAuth::None, json: false, dialect };
    let world = world(&server, speaks).await;
    let started = world.handshake.start(Start { network: ID, ..world.wish(None) }).await.unwrap();
    let url = started.authorize_url.clone().unwrap();
    let asked: Query = url.query_pairs().into_owned().collect();
    assert_eq!((asked["name"].as_str(), asked["permission"].as_str()), ("Crier", "read,write"));
    let (back, session) = (asked["callback"].parse::<url::Url>().unwrap(), url.path().rsplit('/').next().unwrap());
    assert_eq!(back.as_str().split('?').next(), Some(redirect_uri().as_str()));
    let mut query: Query = back.query_pairs().into_owned().collect();
    query.insert("session".to_owned(), session.to_owned());
    server.place(|place| place.short.push(session.to_owned()));
    let view = land(&world, &started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    land(&world, &started, &query).await;
    assert_eq!(server.requests(), ["check", "me long"]);
}

#[tokio::test]
async fn a_session_that_nobody_allowed_is_good_for_nothing() {
    let server = Server::start().await;
    let dialect = Dialect { miauth: true, ..Dialect::default() };
    let speaks = Speaks { origin: server.origin.clone(), client_auth: ClientAuth::None, json: false, dialect };
    let world = world(&server, speaks).await;
    let started = world.handshake.start(Start { network: ID, ..world.wish(None) }).await.unwrap();
    let asked: Query = started.authorize_url.as_ref().unwrap().query_pairs().into_owned().collect();
    let back = asked["callback"].parse::<url::Url>().unwrap();
    let mut query: Query = back.query_pairs().into_owned().collect();
    query.insert("session".to_owned(), "../me".to_owned());
    let view = land(&world, &started, &query).await;
    assert_eq!(view.state, S::Failed);
    assert!(world.channels().await.is_empty());
}

fn by_headers(server: &Server) -> Speaks {
    let headers = AppHeaders { id: "x-app-id".to_owned(), secret: "x-api-key".to_owned() };
    let dialect =
        Dialect { app_headers: Some(headers), code: Some("loginRequestToken".to_owned()), ..Dialect::default() };
    Speaks { origin: server.origin.clone(), client_auth: ClientAuth::None, json: false, dialect }
}

async fn leave_by_headers(world: &World) -> (Started, Query) {
    let (started, mut query) = leave(world).await;
    let code = query.remove("code").unwrap();
    query.insert("loginRequestToken".to_owned(), code);
    (started, query)
}

#[tokio::test]
async fn a_login_that_is_still_pending_is_asked_for_again_and_ends_when_it_was_told_to() {
    let server = Server::start().await;
    let world = world(&server, by_headers(&server)).await;
    server.troubled("login_token", &[Trouble::Waits, Trouble::Waits]);
    let (started, query) = leave_by_headers(&world).await;
    let asked: Query = started.authorize_url.as_ref().unwrap().query_pairs().into_owned().collect();
    assert_eq!((asked["client_id"].as_str(), asked.get("response_type")), ("the-app", None));
    let view = land(&world, &started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert_eq!(server.requests(), ["login_token", "login_token", "login_token", "me long"]);
    let channel = view.channel_id.unwrap();
    let end = after(&world, 30 * DAY);
    assert_eq!(world.channel(channel).await.token_expires_at, Some(end));
    world.clock.set(end);
    assert_eq!(world.handshake.renew(channel).await.unwrap(), None);
    let reason = world.channel(channel).await.reason.unwrap();
    assert_eq!((reason.code, reason.next.kind), (Code::CredentialsWrong, NextKind::Reconnect));
}

#[tokio::test]
async fn a_login_that_stays_pending_is_given_up_and_says_so() {
    let server = Server::start().await;
    let world = world(&server, by_headers(&server)).await;
    server.troubled("login_token", &[Trouble::Waits; 20]);
    let (started, query) = leave_by_headers(&world).await;
    let view = land(&world, &started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ConsentPending)));
    assert!((2..10).contains(&server.requests().len()), "{:?}", server.requests());
    let told = serde_json::to_string(&view).unwrap();
    assert!(!told.contains("the-code") && !told.contains("the-secret"), "{told}");
}

#[tokio::test]
async fn a_short_lived_token_becomes_a_long_lived_one() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    let (started, query) = leave(&world).await;
    let asked: Query = started.authorize_url.as_ref().unwrap().query_pairs().into_owned().collect();
    assert_eq!((asked["scope"].as_str(), asked.get("code_challenge")), ("read,write", None));
    let view = land(&world, &started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert_eq!(view.granted, ["read", "write"]);
    assert_eq!(server.requests(), ["token", "exchange", "me long"]);
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!(channel.token_expires_at, Some(after(&world, 60 * DAY)));
    let credentials = world.handshake.fresh(channel.id, false).await.unwrap();
    assert!(credentials.access_token.expose().starts_with("long-"));
    assert_eq!(credentials.extra["user_id"].expose(), "42");
}

#[tokio::test]
async fn a_lost_answer_of_the_exchange_is_asked_for_again() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    server.troubled("exchange", &[Trouble::Stumbles, Trouble::Stumbles]);
    let view = connected(&world).await;
    assert_eq!(server.requests(), ["token", "exchange", "exchange", "exchange", "me long"]);
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!(channel.token_expires_at, Some(after(&world, 60 * DAY)));
}

#[tokio::test]
async fn an_exchange_that_fails_for_a_while_waits_with_the_short_token_kept() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    server.troubled("exchange", &[Trouble::Stumbles; 3]);
    let (started, query) = leave(&world).await;
    let view = land(&world, &started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Identified, Some(Code::ServerError)));
    let diagnosis = view.diagnosis.unwrap();
    assert_eq!(diagnosis.next.kind, NextKind::Continue);
    assert!(diagnosis.cause.contains("the permission is kept"), "{}", diagnosis.cause);
    let view = world.handshake.proceed(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert_eq!(server.requests().iter().filter(|it| *it == "token").count(), 1);
}

#[tokio::test]
async fn an_exchange_that_is_refused_ends_the_connect_with_its_cause() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    server.troubled("exchange", &[Trouble::Refuses("Error validating client secret.", 1)]);
    let (started, query) = leave(&world).await;
    let view = land(&world, &started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ClientSecretWrong)));
    assert!(world.channels().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_the_exchange_goes_on_from_the_short_token() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    server.troubled("exchange", &[Trouble::Hangs]);
    let (started, query) = leave(&world).await;
    let node = world.node().await;
    let callback = returning(&started, &query);
    let (kill, killed) = std::sync::mpsc::channel();
    let dying = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move { node.callback(callback).await });
        let () = killed.recv().unwrap();
        runtime.shutdown_timeout(Duration::ZERO);
    });
    while !server.requests().contains(&"exchange".to_owned()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    kill.send(()).unwrap();
    tokio::task::spawn_blocking(move || dying.join().unwrap()).await.unwrap();
    let id = started.attempt.id;
    assert_eq!(world.view(id).await.state, S::Identified);
    let at = world.handshake.revisit(id).await.unwrap().unwrap();
    world.clock.set(at);
    world.handshake.revisit(id).await.unwrap();
    let view = world.view(id).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert_eq!(server.requests(), ["token", "exchange", "exchange", "me long"]);
}

#[tokio::test]
async fn a_token_that_renews_itself_is_renewed_ahead_and_ends_only_unrenewed() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    let channel = connected(&world).await.channel_id.unwrap();
    let first = world.handshake.fresh(channel, false).await.unwrap();
    let at = world.handshake.renew(channel).await.unwrap().unwrap();
    assert_eq!(at, after(&world, 53 * DAY));
    // A renewal that fails for the moment leaves time for others.
    world.clock.set(at);
    server.troubled("renew", &[Trouble::Stumbles, Trouble::Stumbles]);
    let again = world.handshake.renew(channel).await.unwrap().unwrap();
    assert_eq!(again, after(&world, 30 * 60));
    let next = world.handshake.renew(channel).await.unwrap().unwrap();
    assert_eq!(next, after(&world, 53 * DAY));
    let second = world.handshake.fresh(channel, false).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(world.channel(channel).await.token_expires_at, Some(after(&world, 60 * DAY)));
    // Nobody was here for sixty days.
    world.pass(60 * DAY);
    let asked = server.requests().len();
    assert_eq!(world.handshake.renew(channel).await.unwrap(), None);
    assert_eq!(server.requests().len(), asked, "what has ended is not asked to renew itself");
    let dead = world.channel(channel).await;
    assert_eq!((dead.state, dead.reason.unwrap().code), (ChannelState::NeedsReconnect, Code::CredentialsWrong));
}

#[tokio::test]
async fn a_young_token_is_not_renewed_and_the_account_call_decides() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    let channel = connected(&world).await.channel_id.unwrap();
    let first = world.handshake.fresh(channel, false).await.unwrap();
    let asked = server.requests().len();
    // Refused elsewhere within its first day, and good all the same.
    let second = world.handshake.fresh(channel, true).await.unwrap();
    assert_eq!(first.access_token, second.access_token);
    assert_eq!(server.requests()[asked..], ["me long"]);
    // Revoked: the account call says so.
    server.place(|place| place.long.clear());
    world.pass(60);
    let refusal = world.handshake.fresh(channel, true).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Auth(_)), "{refusal:?}");
    assert_eq!(world.channel(channel).await.state, ChannelState::NeedsReconnect);
    assert!(!server.requests().contains(&"renew".to_owned()));
}

#[tokio::test]
async fn a_token_revoked_before_its_renewal_needs_a_reconnect() {
    let server = Server::start().await;
    let world = world(&server, meta(&server)).await;
    let channel = connected(&world).await.channel_id.unwrap();
    server.place(|place| place.long.clear());
    world.pass(54 * DAY);
    assert_eq!(world.handshake.renew(channel).await.unwrap(), None);
    let dead = world.channel(channel).await;
    assert_eq!((dead.state, dead.reason.unwrap().code), (ChannelState::NeedsReconnect, Code::CredentialsWrong));
    assert_eq!(server.requests().last().unwrap(), "renew");
}

#[tokio::test]
async fn without_any_renewal_the_known_end_is_kept_and_then_told() {
    let server = Server::start().await;
    let mut speaks = meta(&server);
    speaks.dialect = Dialect { lifetime_s: Some(u32::try_from(90 * DAY).unwrap()), ..Dialect::default() };
    let world = world(&server, speaks).await;
    let channel = connected(&world).await.channel_id.unwrap();
    let end = after(&world, 90 * DAY);
    assert_eq!(world.channel(channel).await.token_expires_at, Some(end));
    // Looked at again only when it has ended: there is nothing to be done before.
    world.pass(84 * DAY);
    assert_eq!(world.handshake.renew(channel).await.unwrap(), Some(end));
    world.handshake.fresh(channel, false).await.unwrap();
    world.clock.set(end);
    assert_eq!(world.handshake.renew(channel).await.unwrap(), None);
    let reason = world.channel(channel).await.reason.unwrap();
    assert_eq!((reason.code, reason.next.kind), (Code::CredentialsWrong, NextKind::Reconnect));
    assert_eq!(server.requests(), ["token", "me short"]);
}

#[tokio::test]
async fn other_names_further_fields_an_envelope_and_a_place_of_its_own_for_refreshing() {
    let server = Server::start().await;
    let dialect = Dialect {
        client_id: Some("client_key".to_owned()),
        code: Some("auth_code".to_owned()),
        commas: true,
        json: true,
        refresh: Some(format!("{}/json_refresh", server.origin).parse().unwrap()),
        token_extra: vec![("flavour".to_owned(), "plain".to_owned())],
        ..Dialect::default()
    };
    let speaks = Speaks { origin: server.origin.clone(), client_auth: ClientAuth::Body, json: true, dialect };
    let world = world(&server, speaks).await;
    let (started, query) = leave(&world).await;
    let asked: Query = started.authorize_url.as_ref().unwrap().query_pairs().into_owned().collect();
    assert_eq!((asked["client_key"].as_str(), asked.get("client_id")), ("the-app", None));
    let view = land(&world, &started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    let channel = view.channel_id.unwrap();
    let first = world.handshake.fresh(channel, false).await.unwrap();
    assert_eq!(first.extra["open_id"].expose(), "o-1");
    world.pass(DAY);
    let second = world.handshake.fresh(channel, false).await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    assert_eq!(second.extra["open_id"].expose(), "o-1");
    assert_eq!(server.requests(), ["json_token", "me long", "json_refresh"]);
}

#[tokio::test]
async fn an_error_in_an_envelope_is_one() {
    let server = Server::start().await;
    // The wrong name for the code.
    let dialect = Dialect { client_id: Some("client_key".to_owned()), json: true, ..Dialect::default() };
    let speaks = Speaks { origin: server.origin.clone(), client_auth: ClientAuth::Body, json: true, dialect };
    let world = world(&server, speaks).await;
    let (started, query) = leave(&world).await;
    let view = land(&world, &started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::TokenMalformed)));
    let evidence = view.diagnosis.unwrap().evidence;
    let said = evidence.iter().find(|e| e.label == "Said").unwrap();
    assert!(said.value.starts_with("unexpected") && !said.value.contains("the-secret"), "{}", said.value);
}
