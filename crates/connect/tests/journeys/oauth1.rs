//! OAuth 1.0a: the journeys against a server that does as a test says, and (`peer_`) against the provider of `peers/`, which
//! judges our signatures.

use crate::scripted::{ID, Kind, Scripted, app};
use crate::world::{PUBLIC_URL, Query, World, code, no_attempt};
use async_trait::async_trait;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use crier_connect::{AppPlace, AttemptView, Callback, Landing, Removed, Start, Started};
use crier_model::{
    Clock, Code, Secret, Timestamp,
    attempt::AttemptState as S,
    channel::{ChannelState, Identity},
};
use crier_net::Client;
use crier_networks::connect::{Client2, Connect, Facts, Identified, OAuth1, OAuth1Endpoints, TOKEN_SECRET, Tokens};
use crier_networks::oauth1::Signer;
use crier_networks::{Credentials, Detail, Refusal};
use crier_store::{apps::Entered, attempts};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;
use url::Url;

/// How far a clock may be off.
const PATIENCE: i64 = 300;

/// The network's side in Crier.
struct Speaks {
    endpoints: OAuth1Endpoints,
    me: Url,
}

impl Kind for Speaks {
    fn connect(&self) -> Connect<'_> {
        Connect::OAuth1(self)
    }
}

#[async_trait]
impl OAuth1 for Speaks {
    fn endpoints(&self) -> Result<OAuth1Endpoints, Refusal> {
        Ok(self.endpoints.clone())
    }

    async fn identify(&self, net: &Client, signer: &Signer<'_>) -> Result<Identified, Refusal> {
        #[derive(serde::Deserialize)]
        struct Me {
            id: String,
            name: String,
            handle: String,
        }
        let answer = signer.get(net, &self.me).send().await?;
        match answer.status() {
            200 => {}
            401 => return Err(Refusal::Auth(Detail::new("no longer good"))),
            _ => return Err(Refusal::from_answer(&answer).harmless()),
        }
        let Me { id: remote_id, name, handle } = answer.json()?;
        let identity = Identity { remote_id, name, handle, profile_url: None, avatar_url: None };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

/// What the server gives instead of its answer, once each.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    /// It has done what was asked, and answers with an error of its own.
    Stumbles,
    Says(u16, &'static str),
}

#[derive(Default)]
struct Place {
    requests: Vec<String>,
    /// Request tokens that nobody has used yet, and access tokens.
    asked: HashSet<String>,
    given: HashSet<String>,
    nonces: HashSet<String>,
    troubles: BTreeMap<&'static str, VecDeque<Trouble>>,
    count: usize,
}

#[derive(Clone)]
struct Server {
    origin: String,
    place: Arc<Mutex<Place>>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { origin, place: Arc::default() };
        let routes = Router::new()
            .route("/request_token", post(request_token))
            .route("/access_token", post(access_token))
            .route("/revoke", post(revoke))
            .route("/me", get(me))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        server
    }

    fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.origin).parse().unwrap()
    }

    fn speaks(&self) -> Speaks {
        Speaks {
            endpoints: OAuth1Endpoints {
                request_token: self.url("/request_token"),
                authorize: self.url("/authorize"),
                access_token: self.url("/access_token"),
                revoke: Some(self.url("/revoke")),
                request_extra: vec![("x_auth_access_type".to_owned(), "write".to_owned())],
                authorize_extra: Vec::new(),
            },
            me: self.url("/me"),
        }
    }

    fn place<T>(&self, with: impl FnOnce(&mut Place) -> T) -> T {
        with(&mut self.place.lock().unwrap())
    }

    fn requests(&self) -> Vec<String> {
        self.place(|place| place.requests.clone())
    }

    fn troubled(&self, at: &'static str, troubles: &[Trouble]) {
        self.place(|place| place.troubles.entry(at).or_default().extend(troubles));
    }

    /// Notes a request, and reads the fields of its signature. A used nonce and a clock that is off are refused.
    fn heard(&self, what: &'static str, headers: &HeaderMap) -> Result<Heard, Box<Response>> {
        let header = headers["authorization"].to_str().unwrap().strip_prefix("OAuth ").unwrap().to_owned();
        let fields: BTreeMap<String, String> = header
            .split(", ")
            .map(|field| {
                let (name, value) = field.split_once('=').unwrap();
                let value = url::form_urlencoded::parse(format!("v={}", value.trim_matches('"')).as_bytes())
                    .next()
                    .unwrap()
                    .1
                    .into_owned();
                (name.to_owned(), value)
            })
            .collect();
        let trouble = self.place(|place| {
            place.requests.push(what.to_owned());
            assert!(place.nonces.insert(fields["oauth_nonce"].clone()), "a nonce twice");
            place.troubles.get_mut(what).and_then(VecDeque::pop_front)
        });
        assert_eq!(fields["oauth_consumer_key"], "the-app");
        let off = Timestamp::now().as_second() - fields["oauth_timestamp"].parse::<i64>().unwrap();
        if off.abs() > PATIENCE {
            let said = json!({"errors": [{"code": 135, "message": "Timestamp out of bounds."}]});
            return Err((StatusCode::UNAUTHORIZED, axum::Json(said)).into_response().into());
        }
        Ok((trouble, fields))
    }

    fn next(&self, kind: &str) -> String {
        self.place(|place| {
            place.count += 1;
            format!("{kind}-{}", place.count)
        })
    }
}

/// What a request meets, and the fields of its signature.
type Heard = (Option<Trouble>, BTreeMap<String, String>);

/// As X answers: a form that calls itself a web page.
fn answered(trouble: Option<Trouble>, form: String) -> Response {
    match trouble {
        Some(Trouble::Stumbles) => (StatusCode::INTERNAL_SERVER_ERROR, "stumbled").into_response(),
        Some(Trouble::Says(status, words)) => (StatusCode::from_u16(status).unwrap(), words).into_response(),
        None => ([("content-type", "text/html; charset=utf-8")], form).into_response(),
    }
}

async fn request_token(State(server): State<Server>, headers: HeaderMap, body: String) -> Response {
    let (trouble, fields) = match server.heard("request_token", &headers) {
        Ok(heard) => heard,
        Err(refused) => return *refused,
    };
    assert_eq!(body, "x_auth_access_type=write");
    assert_eq!(fields["oauth_callback"], format!("{PUBLIC_URL}integrations/social/{ID}"));
    let token = server.next("request");
    server.place(|place| place.asked.insert(token.clone()));
    answered(trouble, format!("oauth_token={token}&oauth_token_secret=secret-of-{token}&oauth_callback_confirmed=true"))
}

async fn access_token(State(server): State<Server>, headers: HeaderMap) -> Response {
    let (trouble, fields) = match server.heard("access_token", &headers) {
        Ok(heard) => heard,
        Err(refused) => return *refused,
    };
    let request = &fields["oauth_token"];
    // A request token is good once.
    if fields["oauth_verifier"] != "the-verifier" || !server.place(|place| place.asked.remove(request)) {
        return (StatusCode::UNAUTHORIZED, "Invalid request token").into_response();
    }
    let token = server.next("access");
    server.place(|place| place.given.insert(token.clone()));
    answered(trouble, format!("oauth_token={token}&oauth_token_secret=secret-of-{token}&screen_name=ada"))
}

async fn revoke(State(server): State<Server>, headers: HeaderMap) -> Response {
    let (_, fields) = match server.heard("revoke", &headers) {
        Ok(heard) => heard,
        Err(refused) => return *refused,
    };
    server.place(|place| place.given.remove(&fields["oauth_token"]));
    axum::Json(json!({})).into_response()
}

async fn me(State(server): State<Server>, headers: HeaderMap) -> Response {
    let (trouble, fields) = match server.heard("me", &headers) {
        Ok(heard) => heard,
        Err(refused) => return *refused,
    };
    if !server.place(|place| place.given.contains(&fields["oauth_token"])) {
        return (StatusCode::UNAUTHORIZED, "gone").into_response();
    }
    answered(trouble, json!({"id": "42", "name": "Ada", "handle": "ada"}).to_string())
}

async fn world(speaks: Speaks, app: Client2) -> World {
    World::of(vec![Box::new(Scripted(speaks))], |settings| {
        settings.apps.insert(ID.to_owned(), app);
    })
    .await
}

async fn scripted() -> (Server, World) {
    let server = Server::start().await;
    let world = world(server.speaks(), app()).await;
    (server, world)
}

async fn start(world: &World) -> Started {
    world.handshake.start(Start { network: ID, ..world.wish(None) }).await.unwrap()
}

/// Leaves; what the network would send back.
async fn leave(world: &World) -> (Started, Query) {
    let started = start(world).await;
    assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
    let asked: Query = started.authorize_url.as_ref().unwrap().query_pairs().into_owned().collect();
    let token = asked["oauth_token"].clone();
    let query = [("oauth_token".to_owned(), token), ("oauth_verifier".to_owned(), "the-verifier".to_owned())];
    (started, query.into())
}

fn returning(started: &Started, query: &Query) -> Callback {
    let browser = Some(started.browser_cookie.clone());
    Callback { network: ID.to_owned(), query: query.clone(), browser, signed_in: None }
}

async fn land(world: &World, started: &Started, query: &Query) -> AttemptView {
    let landing = world.handshake.callback(returning(started, query)).await;
    assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
    world.view(started.attempt.id).await
}

fn seen<'a>(view: &'a AttemptView, label: &str) -> Option<&'a str> {
    let evidence = &view.diagnosis.as_ref().unwrap().evidence;
    evidence.iter().find(|e| e.label == label).map(|e| e.value.as_str())
}

#[tokio::test]
async fn a_sign_in_makes_a_channel_whose_credentials_come_with_their_app() {
    let (server, world) = scripted().await;
    let (started, query) = leave(&world).await;
    let view = land(&world, &started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert_eq!(server.requests(), ["request_token", "access_token", "me"]);
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!((channel.name.as_str(), channel.token_expires_at), ("Ada", None));
    let credentials = world.handshake.fresh(channel.id, false).await.unwrap();
    assert_eq!(credentials.app, Some(app()));
    assert_eq!(credentials.extra[TOKEN_SECRET].expose(), "secret-of-access-2");
    // What is kept does not hold the app's secret a second time.
    let kept = crier_store::channels::open_credentials(&world.store, channel.id).await.unwrap();
    assert!(!kept.secret.expose().contains("the-secret"));
    assert_eq!(world.handshake.renew(channel.id).await.unwrap(), None);
}

#[tokio::test]
async fn of_two_deliveries_one_asks_for_the_token() {
    let (server, world) = scripted().await;
    let (started, query) = leave(&world).await;
    let (first, second) = tokio::join!(
        world.handshake.callback(returning(&started, &query)),
        world.handshake.callback(returning(&started, &query))
    );
    assert_eq!(first, second);
    assert_eq!(world.view(started.attempt.id).await.state, S::Connected);
    assert_eq!(land(&world, &started, &query).await.state, S::Connected);
    assert_eq!(server.requests().iter().filter(|it| *it == "access_token").count(), 1);
}

#[tokio::test]
async fn a_no_at_the_network_is_told_as_such() {
    let (server, world) = scripted().await;
    let (started, query) = leave(&world).await;
    let denied = [("denied".to_owned(), query["oauth_token"].clone())].into();
    let view = land(&world, &started, &denied).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ConsentDenied)));
    assert_eq!(server.requests(), ["request_token"]);
}

#[tokio::test]
async fn a_request_token_takes_the_states_part() {
    let (server, world) = scripted().await;
    let (started, query) = leave(&world).await;
    // Not that of any attempt.
    let mut forged = query.clone();
    forged.insert("oauth_token".to_owned(), "request-99".to_owned());
    let landing = world.handshake.callback(returning(&started, &forged)).await;
    assert_eq!(no_attempt(&landing), Code::StateUnknown);
    // Cut off: the connect stays open.
    let cut = [("oauth_token".to_owned(), query["oauth_token"].clone())].into();
    let landing = world.handshake.callback(returning(&started, &cut)).await;
    assert_eq!(no_attempt(&landing), Code::StateUnknown);
    // Of another network's return address.
    let mut other = returning(&started, &query);
    other.network = "other".to_owned();
    assert_eq!(no_attempt(&world.handshake.callback(other).await), Code::StateUnknown);
    assert_eq!(server.requests(), ["request_token"]);
    // Neither the token nor its secret lies there readable.
    let row = attempts::by_id(&world.store, started.attempt.id).await.unwrap();
    assert_eq!(row.authorize_url, None);
    assert_eq!(land(&world, &started, &query).await.state, S::Connected);
}

#[tokio::test]
async fn another_browser_must_confirm() {
    let (_, world) = scripted().await;
    let (started, query) = leave(&world).await;
    let foreign = Callback { browser: None, ..returning(&started, &query) };
    let Landing::Attempt { id, nonce: Some(nonce) } = world.handshake.callback(foreign).await else { panic!() };
    let view = world.view(id).await;
    assert_eq!((view.state, code(&view)), (S::Confirming, Some(Code::StateForeignBrowser)));
    let view = world.handshake.confirm(id, world.workspace, world.user, &nonce).await.unwrap();
    assert_eq!(view.state, S::Connected);
}

#[tokio::test]
async fn an_address_can_be_pasted() {
    let (_, world) = scripted().await;
    let (started, query) = leave(&world).await;
    let address = format!(
        "{PUBLIC_URL}integrations/social/{ID}?oauth_token={}&oauth_verifier={}",
        query["oauth_token"], query["oauth_verifier"]
    );
    let (id, browser) = (started.attempt.id, Some(started.browser_cookie.as_str()));
    world.handshake.pasted(id, world.workspace, world.user, &address, browser).await.unwrap();
    assert_eq!(world.view(id).await.state, S::Connected);
}

#[tokio::test]
async fn an_answer_lost_after_the_token_was_given_is_told_as_such() {
    let (server, world) = scripted().await;
    let (started, query) = leave(&world).await;
    server.troubled("access_token", &[Trouble::Stumbles]);
    let view = land(&world, &started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::AnswerLost)));
    assert_eq!(server.requests(), ["request_token", "access_token", "access_token"]);
}

#[tokio::test]
async fn what_keeps_a_person_from_leaving_is_told_before() {
    for (trouble, expected) in [
        (Trouble::Says(401, ""), Code::ClientSecretWrong),
        (Trouble::Says(401, "oauth_problem=consumer_key_unknown"), Code::ClientUnknown),
        (
            Trouble::Says(
                403,
                r#"{"errors":[{"code":415,"message":"Callback URL not approved for this client application."}]}"#,
            ),
            Code::RedirectMismatch,
        ),
        (Trouble::Says(200, "oauth_token=a&oauth_token_secret=b"), Code::TokenMalformed),
        (Trouble::Says(200, "<!doctype html><html>Sign in to the hotel</html>"), Code::NotTheApi),
    ] {
        let (server, world) = scripted().await;
        server.troubled("request_token", &[trouble; 2]);
        let checks = world.handshake.preflight(world.workspace, ID, None, None).await.unwrap();
        let app = checks.iter().find(|check| check.name == "app").unwrap();
        let refused = matches!(trouble, Trouble::Says(401 | 403, _));
        assert_eq!(app.diagnosis.as_ref().map(|it| it.code), refused.then_some(expected), "{trouble:?}");
        let started = start(&world).await;
        assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(expected)), "{trouble:?}");
        assert_eq!(started.authorize_url, None);
    }
}

#[tokio::test]
async fn a_request_token_is_asked_for_again_after_a_stumble() {
    let (server, world) = scripted().await;
    server.troubled("request_token", &[Trouble::Stumbles, Trouble::Stumbles]);
    let (started, query) = leave(&world).await;
    assert_eq!(land(&world, &started, &query).await.state, S::Connected);
    assert_eq!(server.requests()[..3], ["request_token", "request_token", "request_token"]);
}

#[tokio::test]
async fn a_clock_that_is_off_is_named() {
    let (_, world) = scripted().await;
    world.pass(PATIENCE + 60);
    let started = start(&world).await;
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::ClockSkew)));
    assert_eq!(seen(&started.attempt, "Error"), Some("135"));
}

#[tokio::test]
async fn without_an_app_nobody_leaves() {
    let server = Server::start().await;
    let world = World::of(vec![Box::new(Scripted(server.speaks()))], |_| {}).await;
    let started = start(&world).await;
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::ClientNotConfigured)));
    let checks = world.handshake.preflight(world.workspace, ID, None, None).await.unwrap();
    let app = checks.iter().find(|check| check.name == "app").unwrap();
    assert_eq!(app.diagnosis.as_ref().map(|it| it.code), Some(Code::ClientNotConfigured));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_app_entered_here_is_tested_used_and_its_new_secret_counts_for_channels_it_got() {
    let server = Server::start().await;
    let world = World::of(vec![Box::new(Scripted(server.speaks()))], |_| {}).await;
    let place = AppPlace { workspace: Some(world.workspace), network: ID, instance: None };
    let (known, new): (Secret, Secret) = (app().client_secret.unwrap(), "another".into());
    let checks = world.handshake.test_app(place, Some(Entered::new("the-app", Some(&known)))).await.unwrap();
    assert!(checks.iter().any(|check| check.name == "app") && checks.iter().all(|check| check.ok), "{checks:?}");
    world.handshake.set_app(place, Entered::new("the-app", Some(&known))).await.unwrap();
    let (started, query) = leave(&world).await;
    let channel = land(&world, &started, &query).await.channel_id.unwrap();
    assert_eq!(world.handshake.fresh(channel, false).await.unwrap().app, Some(app()));

    world.handshake.set_app(place, Entered::new("the-app", Some(&new))).await.unwrap();
    let given = world.handshake.fresh(channel, false).await.unwrap().app.unwrap();
    assert_eq!(given.client_secret, Some(new));
    assert_eq!(world.handshake.remove_app(place, false).await.unwrap(), Removed::InUse { channels: 1 });
    assert_eq!(world.handshake.remove_app(place, true).await.unwrap(), Removed::Gone { channels: 1 });
    let Err(Refusal::Auth(detail)) = world.handshake.fresh(channel, false).await else { panic!("without an app") };
    assert_eq!(detail.diagnosis, Some(Code::ClientUnknown));
}

#[tokio::test]
async fn a_cancelled_connect_gives_its_token_back() {
    let (server, world) = scripted().await;
    let (started, query) = leave(&world).await;
    let foreign = Callback { browser: None, ..returning(&started, &query) };
    world.handshake.callback(foreign).await;
    let view = world.handshake.cancel(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Cancelled);
    assert!(server.place(|place| place.given.is_empty()));
    assert_eq!(view.events.last().unwrap().title, "The tokens were revoked and erased");
}

#[tokio::test]
async fn a_revoked_token_needs_a_reconnect() {
    let (server, world) = scripted().await;
    let (started, query) = leave(&world).await;
    let channel = land(&world, &started, &query).await.channel_id.unwrap();
    // A refusal that was about something else: the account call goes well.
    world.handshake.fresh(channel, true).await.unwrap();
    server.place(|place| place.given.clear());
    world.pass(60);
    let refusal = world.handshake.fresh(channel, true).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Auth(_)), "{refusal:?}");
    assert_eq!(world.channel(channel).await.state, ChannelState::NeedsReconnect);
}

/// The provider of `peers/`, and a world whose network it is.
async fn peer() -> (Value, World) {
    let told = std::env::var("CRIER_PEER_OAUTH1").expect("CRIER_PEER_OAUTH1 is not set; see peers/README.md");
    let peer: Value = serde_json::from_str(&told).unwrap();
    let world = world(peers_side(&peer), peers_app(&peer)).await;
    (peer, world)
}

fn at(peer: &Value, name: &str) -> Url {
    peer[name].as_str().unwrap().parse().unwrap()
}

fn peers_side(peer: &Value) -> Speaks {
    Speaks {
        endpoints: OAuth1Endpoints {
            request_token: at(peer, "request_token"),
            authorize: at(peer, "authorize"),
            access_token: at(peer, "access_token"),
            revoke: Some(at(peer, "revoke")),
            request_extra: vec![("x_auth_access_type".to_owned(), "a b&c=ü".to_owned())],
            authorize_extra: Vec::new(),
        },
        me: at(peer, "me"),
    }
}

fn peers_app(peer: &Value) -> Client2 {
    let secret = Secret::new(peer["consumer_secret"].as_str().unwrap());
    Client2 {
        client_id: peer["consumer_key"].as_str().unwrap().to_owned(),
        client_secret: Some(secret),
        bot_token: None,
    }
}

/// Answers the provider's consent page.
async fn decide(world: &World, started: &Started, decision: &str) -> Query {
    let page = started.authorize_url.as_ref().unwrap();
    let answer = world.net.get(page).send().await.unwrap();
    assert!(answer.text().contains("Allow access?"), "{}", answer.text());
    let asked: Query = page.query_pairs().into_owned().collect();
    let form = [("oauth_token", asked["oauth_token"].as_str()), ("decision", decision)];
    let answer = world.net.post(page).form(&form).send().await.unwrap();
    let to: Url = answer.header("location").unwrap().parse().unwrap();
    to.query_pairs().into_owned().collect()
}

#[tokio::test]
#[ignore = "needs the provider of peers/"]
async fn peer_oauth1_takes_our_signatures() {
    let (peer, world) = peer().await;
    assert!(world.handshake.preflight(world.workspace, ID, None, None).await.unwrap().iter().all(|check| check.ok));
    let started = start(&world).await;
    assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
    let query = decide(&world, &started, "allow").await;
    let view = land(&world, &started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!((channel.handle.as_str(), channel.remote_id.as_str()), ("alice", "7"));

    // A form with everything that must be encoded, and a query beside it.
    let credentials = world.handshake.fresh(channel.id, false).await.unwrap();
    let signer = Signer::account(&credentials, world.clock.now()).unwrap();
    let mut url = at(&peer, "status");
    url.set_query(Some("a=1&b=%20%2B&b=%C3%BC&empty="));
    let status = "Hello + “Gentlemen”, 100 % ~ a&b=c / ü 🦀";
    let answer = signer.post(&world.net, &url, &[("status", status)], &[]).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json::<Value>().unwrap()["status"], status);
    // JSON does not count for the signature.
    let header = signer.header(&crier_net::Method::POST, &url, &[], &[]);
    let request = world.net.post(&url).secret_header("authorization", header).json(&json!({"text": "x"}));
    assert_eq!(request.send().await.unwrap().status(), 200);
    // One signed with another secret is refused.
    let wrong = Credentials { extra: [(TOKEN_SECRET.to_owned(), Secret::from("x"))].into(), ..credentials.clone() };
    let answer = Signer::account(&wrong, world.clock.now()).unwrap().get(&world.net, &url).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
#[ignore = "needs the provider of peers/"]
async fn peer_oauth1_no_is_told_as_such_and_a_used_token_as_used() {
    let (_, world) = peer().await;
    let started = start(&world).await;
    let query = decide(&world, &started, "deny").await;
    let view = land(&world, &started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ConsentDenied)));

    // A verifier that is not the right one.
    let started = start(&world).await;
    let mut query = decide(&world, &started, "allow").await;
    query.insert("oauth_verifier".to_owned(), "abcdefghijklmnopqrstuvwxyzabcd".to_owned());
    let view = land(&world, &started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::CodeExpired)));
}

#[tokio::test]
#[ignore = "needs the provider of peers/"]
async fn peer_oauth1_tokens_are_given_back() {
    let (_, world) = peer().await;
    let started = start(&world).await;
    let query = decide(&world, &started, "allow").await;
    world.handshake.callback(Callback { browser: None, ..returning(&started, &query) }).await;
    assert_eq!(world.view(started.attempt.id).await.state, S::Confirming);
    let view = world.handshake.cancel(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.events.last().unwrap().title, "The tokens were revoked and erased");
}

#[tokio::test]
#[ignore = "needs the provider of peers/"]
async fn peer_oauth1_refuses_a_wrong_secret_an_unknown_key_another_address_and_a_wrong_clock() {
    let (peer, clocked) = peer().await;
    clocked.pass(3600);
    let started = start(&clocked).await;
    assert_eq!(code(&started.attempt), Some(Code::ClockSkew), "{:?}", started.attempt.diagnosis);
    assert!(seen(&started.attempt, "Said").unwrap().contains("Timestamp"), "{:?}", started.attempt.diagnosis);

    // It says nothing at all to these, so that all causes are named.
    let known = peers_app(&peer);
    let wrong = Client2 { client_secret: Some("wrong".into()), ..known.clone() };
    let unknown = Client2 { client_id: "abcdefghijklmnopqrstuvwx".to_owned(), ..known.clone() };
    for app in [wrong, unknown] {
        let world = world(peers_side(&peer), app.clone()).await;
        let started = start(&world).await;
        assert_eq!(code(&started.attempt), Some(Code::ClientSecretWrong), "{:?}", started.attempt.diagnosis);
        assert_eq!(seen(&started.attempt, "Client id"), Some(app.client_id.as_str()));
    }
    let elsewhere = World::of(vec![Box::new(Scripted(peers_side(&peer)))], |settings| {
        settings.apps.insert(ID.to_owned(), known);
        settings.public_url = "http://127.0.0.1:10/".parse().unwrap();
    })
    .await;
    let started = start(&elsewhere).await;
    assert_eq!(code(&started.attempt), Some(Code::ClientSecretWrong), "{:?}", started.attempt.diagnosis);
    let sent = seen(&started.attempt, "Redirect URI sent").unwrap();
    assert_eq!(sent, "http://127.0.0.1:10/integrations/social/scripted");
}
