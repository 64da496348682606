//! Tokens bound to a key, requests left beforehand, and clients known by a document: a scripted server of the AT Protocol.

use crate::world::{World, client, code, settings};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use crier_connect::{AttemptView, Callback, Handshake, Landing, Settings, Start, Started};
use crier_model::{Code, attempt::AttemptState as S, channel::ChannelState};
use crier_networks::{Refusal, Registry, bluesky::Directory, connect::Tokens, dpop, registry};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

const ADA: &str = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
const EVE: &str = "did:plc:zzzzzzzzzzzzzzzzzzzzzzzz";

/// How the server behaves.
#[derive(Debug, Clone)]
struct Script {
    /// Who signs in.
    signs_in: &'static str,
    /// Whose tokens a renewal gives.
    renews: &'static str,
    token_type: &'static str,
    /// Answers requests that are left beforehand with this error.
    refuses: Option<&'static str>,
}

/// A server that keeps accounts, is its own authorization server, and the directory.
struct At {
    server: MockServer,
    script: Arc<Mutex<Script>>,
    nonces: Arc<Mutex<u32>>,
}

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn proof(request: &Request) -> Value {
    part(request.headers["dpop"].to_str().unwrap(), 1)
}

fn form(request: &Request) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn document(did: &str, origin: &str) -> Value {
    let service = json!({ "id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": origin });
    json!({ "id": did, "alsoKnownAs": ["at://ada.example.com"], "service": [service] })
}

fn metadata(origin: &str) -> Value {
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/oauth/authorize"),
        "token_endpoint": format!("{origin}/oauth/token"),
        "pushed_authorization_request_endpoint": format!("{origin}/oauth/par"),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
    })
}

impl At {
    async fn start() -> Self {
        let script = Script { signs_in: ADA, renews: ADA, token_type: "DPoP", refuses: None };
        let at = Self {
            server: MockServer::start().await,
            script: Arc::new(Mutex::new(script)),
            nonces: Arc::new(Mutex::new(rand::random::<u16>().into())),
        };
        let (script, nonces, origin) = (Arc::clone(&at.script), Arc::clone(&at.nonces), at.server.uri());
        let answer = move |request: &Request| {
            let script = script.lock().unwrap().clone();
            let signed = request.headers.contains_key("dpop");
            let told = match request.url.path() {
                "/.well-known/oauth-protected-resource" => {
                    json!({ "resource": origin, "authorization_servers": [origin] })
                }
                "/.well-known/oauth-authorization-server" => metadata(&origin),
                "/did:plc:nobody" => {
                    return ResponseTemplate::new(404).set_body_json(json!({ "message": "not registered" }));
                }
                path if path.starts_with("/did:plc:") => document(&path[1..], &origin),
                // Every other endpoint wants a fresh nonce.
                _ if signed && proof(request)["nonce"] != format!("n-{}", nonces.lock().unwrap()) => {
                    let nonce = format!("n-{}", nonces.lock().unwrap());
                    let refusal = ResponseTemplate::new(400).set_body_json(json!({ "error": "use_dpop_nonce" }));
                    return refusal.insert_header("dpop-nonce", nonce.as_str());
                }
                "/oauth/par" => match script.refuses {
                    Some(error) => return ResponseTemplate::new(400).set_body_json(json!({ "error": error })),
                    None => json!({ "request_uri": "urn:ietf:params:oauth:request_uri:req-1", "expires_in": 299 }),
                },
                "/oauth/token" => {
                    let renewal = form(request)["grant_type"] == "refresh_token";
                    json!({
                        "access_token": if renewal { "access-2" } else { "access-1" },
                        "refresh_token": if renewal { "refresh-2" } else { "refresh-1" },
                        "token_type": script.token_type,
                        "expires_in": 3600,
                        "scope": "atproto repo:app.bsky.feed.post repo:app.bsky.feed.repost blob:*/* rpc:com.atproto.repo.uploadBlob?aud=*",
                        "sub": if renewal { script.renews } else { script.signs_in },
                    })
                }
                "/xrpc/com.atproto.server.getSession" => json!({ "did": script.signs_in, "handle": "ada.example.com" }),
                _ => return ResponseTemplate::new(400).set_body_json(json!({ "error": "RecordNotFound" })),
            };
            ResponseTemplate::new(200).set_body_json(told)
        };
        Mock::given(any()).respond_with(answer).mount(&at.server).await;
        at
    }

    fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// The server's nonces are new from now on.
    fn turn(&self) {
        *self.nonces.lock().unwrap() += 1;
    }

    fn handshake(&self, world: &World, settings: Settings) -> Handshake {
        let origin: url::Url = self.server.uri().parse().unwrap();
        let bluesky = Directory { plc: origin.clone(), resolver: origin };
        let registry = Registry::new(&registry::Settings { bluesky, ..registry::Settings::default() });
        world.node_of(registry, settings, client())
    }

    async fn asked(&self, path: &str) -> Vec<Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|request| request.url.path() == path).collect()
    }
}

async fn start(world: &World, handshake: &Handshake, account: &str) -> Started {
    let start = Start { network: "bluesky", instance: Some(account), ..world.wish(None) };
    handshake.start(start).await.unwrap()
}

async fn land(world: &World, handshake: &Handshake, at: &At, started: &Started) -> AttemptView {
    let par = form(at.asked("/oauth/par").await.last().unwrap());
    let query = [("code", "code-1"), ("state", &par["state"]), ("iss", &at.server.uri())];
    let callback = Callback {
        network: "bluesky".to_owned(),
        query: query.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        browser: Some(started.browser_cookie.clone()),
        signed_in: None,
    };
    let landing = handshake.callback(callback).await;
    assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
    handshake.view(started.attempt.id, world.workspace, world.user).await.unwrap()
}

#[tokio::test]
async fn each_request_is_signed_by_one_key_and_the_server_s_nonce_is_kept() {
    let (world, at) = (World::start().await, At::start().await);
    let handshake = at.handshake(&world, settings());
    let started = start(&world, &handshake, ADA).await;
    assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
    let url = started.authorize_url.clone().unwrap();
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["request_uri"], "urn:ietf:params:oauth:request_uri:req-1");
    assert_eq!(query.len(), 2, "what is asked is not in the address: {url}");
    let par = at.asked("/oauth/par").await;
    assert_eq!(par.len(), 2, "once without a nonce, once with it");
    let asked = form(&par[1]);
    assert_eq!((asked["login_hint"].as_str(), asked["code_challenge_method"].as_str()), (ADA, "S256"));
    assert_eq!(asked["redirect_uri"], "http://127.0.0.1:9/integrations/social/bluesky");
    // On one's own machine the client is public, and its id says all there is to know.
    assert!(asked["client_id"].starts_with("http://localhost?redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fint"));
    assert!(!asked.contains_key("client_assertion"));

    let view = land(&world, &handshake, &at, &started).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    let token = at.asked("/oauth/token").await;
    assert_eq!(token.len(), 1, "the nonce of before is good");
    let session = at.asked("/xrpc/com.atproto.server.getSession").await;
    assert_eq!(session[0].headers["authorization"], "DPoP access-1");
    assert!(proof(&session[0])["ath"].is_string());
    let keys = [&par[0], &par[1], &token[0], &session[0]];
    let keys: BTreeSet<_> = keys.map(|request| part(request.headers["dpop"].to_str().unwrap(), 0).to_string()).into();
    assert_eq!(keys.len(), 1);

    at.turn();
    let channel = view.channel_id.unwrap();
    let renewed = handshake.fresh(channel, true).await.unwrap();
    assert_eq!(renewed.refresh_token, Some("refresh-2".into()));
    let token = at.asked("/oauth/token").await;
    assert_eq!(token.len(), 3, "a new nonce costs a second request");
    assert_eq!(form(&token[2])["refresh_token"], "refresh-1");
    assert!(keys.contains(&part(token[2].headers["dpop"].to_str().unwrap(), 0).to_string()));
    assert!(renewed.extra.contains_key(dpop::KEY));

    // Tokens of somebody else are not used, whatever the server says.
    at.set(|script| script.renews = EVE);
    world.pass(60);
    let refused = handshake.fresh(channel, true).await;
    assert!(matches!(refused, Err(Refusal::Auth(_))), "{refused:?}");
    let channel = world.channel(channel).await;
    assert_eq!(channel.state, ChannelState::NeedsReconnect);
    assert_eq!(channel.reason.map(|reason| reason.code), Some(Code::OtherThanExpected));
}

#[tokio::test]
async fn another_account_than_the_one_named_is_connected_only_on_a_second_word() {
    let (world, at) = (World::start().await, At::start().await);
    let handshake = at.handshake(&world, settings());
    at.set(|script| script.signs_in = EVE);
    let started = start(&world, &handshake, ADA).await;
    let view = land(&world, &handshake, &at, &started).await;
    assert_eq!((view.state, code(&view)), (S::Identified, Some(Code::OtherThanExpected)));
    assert!(world.channels().await.is_empty());
    let view = handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected);
    assert_eq!(world.channels().await[0].remote_id, EVE);

    // Whoever named a server alone has named nobody.
    let started = start(&world, &handshake, &at.server.uri()).await;
    let view = land(&world, &handshake, &at, &started).await;
    assert_eq!(view.state, S::Connected);
}

#[tokio::test]
async fn a_token_that_anybody_could_use_is_not_taken() {
    let (world, at) = (World::start().await, At::start().await);
    let handshake = at.handshake(&world, settings());
    at.set(|script| script.token_type = "Bearer");
    let started = start(&world, &handshake, ADA).await;
    let view = land(&world, &handshake, &at, &started).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::TokenMalformed)));
}

#[tokio::test]
async fn an_address_is_offered_only_for_as_long_as_the_server_keeps_the_request() {
    let (world, at) = (World::start().await, At::start().await);
    let handshake = at.handshake(&world, settings());
    let started = start(&world, &handshake, ADA).await;
    assert!(started.attempt.authorize_url.is_some());
    world.pass(300);
    let view = handshake.view(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!((view.state, view.authorize_url), (S::Away, None));
    // Who was on the page meanwhile comes back all the same.
    let view = land(&world, &handshake, &at, &started).await;
    assert_eq!(view.state, S::Connected);
}

#[tokio::test]
async fn a_public_installation_is_known_by_its_document_and_proves_itself_by_its_key() {
    let (world, at) = (World::start().await, At::start().await);
    let mut public = settings();
    public.public_url = "https://crier.example.org/".parse().unwrap();
    let handshake = at.handshake(&world, public.clone());
    let document = handshake.client_document().await.unwrap().unwrap();
    assert_eq!(document["client_id"], "https://crier.example.org/oauth-client-metadata.json");
    assert_eq!(document["redirect_uris"], json!(["https://crier.example.org/integrations/social/bluesky"]));
    let scopes =
        "atproto repo:app.bsky.feed.post repo:app.bsky.feed.repost blob:*/* rpc:com.atproto.repo.uploadBlob?aud=*";
    assert_eq!(document["scope"], scopes);
    let key = document["jwks"]["keys"][0].clone();
    assert!(key["d"].is_null(), "a private key is shown to everybody");
    // Another node has the same key.
    let again = at.handshake(&world, public).client_document().await.unwrap().unwrap();
    assert_eq!(again, document);

    let started = start(&world, &handshake, ADA).await;
    assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
    let asked = form(at.asked("/oauth/par").await.last().unwrap());
    assert_eq!(asked["client_id"], document["client_id"]);
    assert_eq!(asked["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let assertion = &asked["client_assertion"];
    assert_eq!((&part(assertion, 0)["kid"], &part(assertion, 0)["alg"]), (&key["kid"], &json!("ES256")));
    let claims = part(assertion, 1);
    assert_eq!((&claims["iss"], &claims["sub"]), (&document["client_id"], &document["client_id"]));
    assert_eq!(claims["aud"], at.server.uri());
}

#[tokio::test]
async fn why_nobody_is_sent_away_is_told_beforehand() {
    let (world, at) = (World::start().await, At::start().await);
    for (address, refuses, expected) in [
        ("https://crier.example.org", Some("invalid_client_metadata"), Code::ClientDocument),
        ("https://crier.example.org", Some("invalid_scope"), Code::ConsentScopeMissing),
        ("https://crier.example.org", Some("invalid_redirect_uri"), Code::RedirectMismatch),
        ("http://127.0.0.1:9", Some("invalid_client"), Code::ClientDocument),
        ("http://localhost:9", None, Code::PublicUrlNotHttps),
        ("http://192.168.1.4", None, Code::PublicUrlNotHttps),
        ("https://crier.lan", None, Code::PublicUrlNotHttps),
    ] {
        let mut settings = settings();
        settings.public_url = address.parse().unwrap();
        at.set(|script| script.refuses = refuses);
        let handshake = at.handshake(&world, settings);
        let started = start(&world, &handshake, ADA).await;
        assert_eq!(
            (started.attempt.state, code(&started.attempt)),
            (S::Failed, Some(expected)),
            "{address} {refuses:?}"
        );
    }
}

#[tokio::test]
async fn an_account_that_is_not_there_and_a_server_of_another_kind_are_told_before_leaving() {
    let (world, at) = (World::start().await, At::start().await);
    let handshake = at.handshake(&world, settings());
    let started = start(&world, &handshake, "did:plc:nobody").await;
    assert_eq!((started.attempt.state, code(&started.attempt)), (S::Failed, Some(Code::HandleNotFound)));
    let other = start(&world, &handshake, &world.origin).await;
    assert_eq!((other.attempt.state, code(&other.attempt)), (S::Failed, Some(Code::InstanceNotCompatible)));
}
