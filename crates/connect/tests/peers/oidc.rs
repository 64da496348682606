//! OAuth 2 with PKCE, exact redirect URIs, rotating refresh tokens and issuers, as npm's oidc-provider does it. It has one answer
//! for whatever is wrong with a grant (`grant request is invalid`), so that the cause must not be made up.

use crate::browser::{Does, Ended};
use crate::world::{MORE_SCOPES, Oidc, REDIRECT_URI, World, client, code, seen, text};
use crier_model::{ChannelId, Code, NextKind, attempt::AttemptState as S, channel::ChannelState};
use crier_networks::{
    Credentials, Refusal,
    connect::{ClientAuth, Tokens},
};
use crier_store::channels;
use jiff::SignedDuration;
use serde_json::Value;
use std::time::Duration;

/// A PKCE pair that is not the handshake's (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn set_up() -> Oidc {
    Oidc::by(ClientAuth::Body)
}

/// Whether the channel's token is one that the provider takes.
async fn works(world: &World, channel: ChannelId) -> bool {
    let credentials = world.handshake.fresh(channel, false).await.unwrap();
    let me = client().get(format!("{}/me", text("/url"))).bearer(credentials.access_token.expose());
    me.send().await.unwrap().status() == 200
}

/// Credentials after the provider has refused those before. A refusal right after a renewal is taken to be of older ones, so time
/// passes first.
async fn renewed(world: &World, channel: ChannelId) -> Result<Credentials, Refusal> {
    world.clock.advance(SignedDuration::from_secs(11));
    world.handshake.fresh(channel, true).await
}

/// A request to the token endpoint by somebody else who has the client's secret.
async fn ask_token(form: &[(&str, &str)]) -> (u16, Value) {
    let (id, secret) = (text("/clients/post"), text("/client_secret"));
    let form = [form, &[("client_id", id.as_str()), ("client_secret", secret.as_str())]].concat();
    let answer = client().post(format!("{}/token", text("/url"))).form(&form).send().await.unwrap();
    (answer.status(), answer.json().unwrap())
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_connects_with_each_way_of_proving_the_client() {
    for auth in [ClientAuth::Basic, ClientAuth::Body, ClientAuth::None] {
        let world = World::of(Oidc::by(auth)).await;
        let channel = world.connect().await;
        assert_eq!((channel.handle.as_str(), channel.remote_id.as_str()), ("ada", "ada"), "{auth:?}");
        assert!(channel.scopes.iter().any(|scope| scope == "posts.write"), "{auth:?}");
        assert!(works(&world, channel.id).await, "{auth:?}");
    }
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_wrong_secret_is_told() {
    for auth in [ClientAuth::Basic, ClientAuth::Body] {
        let world = World::of(Oidc { secret: Some("not-the-secret".to_owned()), ..Oidc::by(auth) }).await;
        let started = world.leave().await;
        let query = world.allow(&started).await;
        let view = world.land(&started, &query).await;
        assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ClientSecretWrong)), "{auth:?}");
        assert_eq!((seen(&view, "HTTP status"), seen(&view, "Error")), ("401", "invalid_client"));
        assert!(!format!("{view:?}").contains("not-the-secret"));
    }
}

/// The provider takes the right verifier (see above), and nothing but it.
#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_another_verifier_is_refused() {
    let world = World::of(set_up()).await;
    let started = world.leave().await;
    let change = |query: &mut crate::browser::Query| drop(query.insert("code_challenge".into(), CHALLENGE.into()));
    let query = world.allow_changed(&started, change).await;
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::GrantRefused)));
    assert_eq!(view.diagnosis.as_ref().unwrap().next.kind, NextKind::Retry);
    assert_eq!((seen(&view, "Said"), seen(&view, "Redirect URI sent")), ("grant request is invalid", REDIRECT_URI));
}

/// Without PKCE there is no code at all.
#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_insists_on_pkce() {
    let world = World::of(set_up()).await;
    let started = world.leave().await;
    let query =
        world.allow_changed(&started, |query| query.retain(|name, _| !name.starts_with("code_challenge"))).await;
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::VerifierMismatch)));
    assert!(seen(&view, "Said").contains("requires PKCE"));
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_redirect_uri_that_differs_by_anything_is_named_before_leaving() {
    let world = World::of(set_up()).await;
    let right = world.handshake.preflight(world.workspace, "oidc", None, None).await.unwrap();
    assert!(right.iter().all(|check| check.ok), "{right:?}");
    for client in ["slash", "port", "case"] {
        let world = World::of(Oidc { client, ..set_up() }).await;
        let checks = world.handshake.preflight(world.workspace, "oidc", None, None).await.unwrap();
        let app = checks.iter().find(|check| check.name == "app").unwrap();
        let diagnosis = app.diagnosis.as_ref().unwrap_or_else(|| panic!("{client}: {checks:?}"));
        assert_eq!(diagnosis.code, Code::RedirectMismatch, "{client}: {diagnosis:?}");
        let shown = |value: &str| diagnosis.evidence.iter().any(|seen| seen.value == value);
        assert!(shown(REDIRECT_URI), "{client}: {diagnosis:?}");
        // The provider says no more to the person who goes there all the same.
        let Ended::Stuck(words) = world.go(&world.leave().await, Does::Allows, |_| {}).await else {
            panic!("{client}")
        };
        assert!(words.contains("invalid_redirect_uri"), "{words}");
    }
    let unknown = World::of(Oidc { client: "unknown", ..set_up() }).await;
    let checks = unknown.handshake.preflight(unknown.workspace, "oidc", None, None).await.unwrap();
    let app = checks.iter().find(|check| check.name == "app").unwrap();
    assert_eq!(app.diagnosis.as_ref().unwrap().code, Code::ClientUnknown, "{checks:?}");
}

/// The provider revokes everything that came of a code when it sees the code again: a channel that works proves that it did not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_callback_delivered_twenty_times_uses_its_code_once() {
    let world = World::of(set_up()).await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let deliveries: Vec<_> = (0..20)
        .map(|_| {
            let (handshake, callback) = (world.handshake.clone(), World::returning(&started, &query));
            tokio::spawn(async move { handshake.callback(callback).await })
        })
        .collect();
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    let view = world.land(&started, &query).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
    assert!(works(&world, view.channel_id.unwrap()).await);
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_code_that_somebody_else_used_is_refused() {
    let world = World::of(set_up()).await;
    let started = world.leave().await;
    let query =
        world.allow_changed(&started, |query| drop(query.insert("code_challenge".into(), CHALLENGE.into()))).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", query["code"].as_str()),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(ask_token(&form).await.0, 200);
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::GrantRefused)));
    assert!(channels::list(&world.store, world.workspace).await.unwrap().is_empty());
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_code_that_is_too_old_is_refused() {
    let world = World::of(set_up()).await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::GrantRefused)));
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_no_is_a_no() {
    let world = World::of(set_up()).await;
    let started = world.leave().await;
    let Ended::Back(query) = world.go(&started, Does::Leaves, |_| {}).await else { panic!("not sent back") };
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ConsentDenied)));
    assert!(seen(&view, "Said").contains("aborted"));
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_names_itself_in_its_response() {
    let world = World::of(set_up()).await;
    for named in [Some("https://another.test"), None] {
        let started = world.leave().await;
        let mut query = world.allow(&started).await;
        assert_eq!(query["iss"], text("/url"));
        query.remove("iss");
        query.extend(named.map(|issuer| ("iss".to_owned(), issuer.to_owned())));
        let view = world.land(&started, &query).await;
        assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::IssuerMismatch)), "{named:?}");
        assert_eq!(seen(&view, "Expected issuer"), text("/url"));
    }
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_permission_it_did_not_grant_is_named() {
    let world = World::of(Oidc { scopes: MORE_SCOPES, ..set_up() }).await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let view = world.land(&started, &query).await;
    assert_eq!((view.state, code(&view)), (S::Identified, Some(Code::ConsentScopeMissing)), "{:?}", view.diagnosis);
    assert_eq!(seen(&view, "Missing"), "posts.admin: to moderate");
}

#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_refresh_tokens_rotate() {
    let world = World::of(Oidc::by(ClientAuth::Basic)).await;
    let channel = world.connect().await;
    let mut before = world.handshake.fresh(channel.id, false).await.unwrap();
    for _ in 0..3 {
        let after = renewed(&world, channel.id).await.unwrap();
        assert_ne!((&after.access_token, &after.refresh_token), (&before.access_token, &before.refresh_token));
        assert!(after.refresh_token != before.refresh_token && works(&world, channel.id).await);
        before = after;
    }
}

/// Whoever uses an old refresh token gives it away: the provider revokes the whole grant, and people are asked to reconnect.
#[tokio::test]
#[ignore = "needs peers/oidc-provider"]
async fn peer_oidc_a_stolen_refresh_token_ends_the_sign_in() {
    let world = World::of(set_up()).await;
    let channel = world.connect().await;
    let old = world.handshake.fresh(channel.id, false).await.unwrap().refresh_token.unwrap();
    renewed(&world, channel.id).await.unwrap();
    assert!(works(&world, channel.id).await);
    let (status, said) = ask_token(&[("grant_type", "refresh_token"), ("refresh_token", old.expose())]).await;
    assert_eq!((status, said["error"].as_str()), (400, Some("invalid_grant")));
    assert!(!works(&world, channel.id).await, "the access token went with it");

    let refusal = renewed(&world, channel.id).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Auth(_)), "{refusal:?}");
    let dead = channels::get(&world.store, world.workspace, channel.id).await.unwrap();
    assert_eq!(dead.state, ChannelState::NeedsReconnect);
    let reason = dead.reason.unwrap();
    assert_eq!((reason.code, reason.next.kind), (Code::CredentialsWrong, NextKind::Reconnect), "{reason:?}");
    // The same account, connected again, is the same channel.
    assert_eq!(world.connect().await.id, channel.id);
    assert!(works(&world, channel.id).await);
}
