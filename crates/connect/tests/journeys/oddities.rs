//! What networks say that the Playground never would.

use crate::{
    provider::{Provider, Say},
    world::{World, client, code, settings, stands},
};
use crier_connect::{AttemptView, Callback, Handshake};
use crier_model::{Code, attempt::AttemptState as S};
use crier_networks::{Registry, registry};
use crier_store::testing::record::row;

struct Odd {
    world: World,
    provider: Provider,
    handshake: Handshake,
}

impl Odd {
    async fn start() -> Self {
        let world = World::start().await;
        let provider = Provider::start("127.0.0.1").await;
        let handshake = world.at(&provider.origin("127.0.0.1"), settings(), client());
        Self { world, provider, handshake }
    }

    /// Leaves, and comes back with these parameters beside the state.
    async fn come_back_with(&self, parameters: &[(&str, &str)]) -> AttemptView {
        let started = self.handshake.start(self.world.wish(None)).await.unwrap();
        let url = started.authorize_url.as_ref().unwrap();
        let (_, state) = url.query_pairs().find(|(name, _)| name == "state").unwrap();
        let own = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let callback = Callback {
            network: "playground".to_owned(),
            query: own.chain([("state".to_owned(), state.into_owned())]).collect(),
            browser: Some(started.browser_cookie.clone()),
            signed_in: None,
        };
        self.handshake.callback(callback).await;
        self.world.view(started.attempt.id).await
    }

    /// Comes back with a good code, of which the token endpoint says this.
    async fn told(&self, word: &'static str, words: &'static str) -> AttemptView {
        self.provider.books().codes.insert("good".to_owned(), "ada".to_owned());
        self.provider.books().next.push_back(Say::Refuse(word, words));
        self.come_back_with(&[("code", "good")]).await
    }
}

#[tokio::test]
async fn each_word_of_a_token_endpoint_has_its_page() {
    for (name, word, words, expected) in [
        (
            "the code was used by somebody else",
            "invalid_grant",
            "Code was already redeemed.",
            "failed: grant.code_used",
        ),
        (
            "redirect mismatch at the token endpoint",
            "invalid_grant",
            "redirect_uri 'http://127.0.0.1:9/' is not the one of the code",
            "failed: grant.redirect_mismatch",
        ),
        ("verifier mismatch", "invalid_grant", "PKCE verification failed.", "failed: grant.verifier_mismatch"),
        ("code refused without a reason", "invalid_grant", "grant request is invalid", "failed: grant.refused"),
        ("app that is not approved", "unauthorized_client", "", "failed: client.not_approved"),
    ] {
        let odd = Odd::start().await;
        let view = odd.told(word, words).await;
        row(name, expected, stands(&view));
        assert_eq!(odd.provider.books().asked, ["good"], "{name}");
    }
}

/// <https://developers.facebook.com/docs/development/build-and-test/app-modes> and others: an app in test mode turns strangers away
/// at the consent page.
#[tokio::test]
async fn an_app_in_test_mode_is_told_at_the_return() {
    let odd = Odd::start().await;
    let view = odd.come_back_with(&[("error", "unauthorized_client")]).await;
    row("app that is not approved", "failed: client.not_approved", stands(&view));
    assert!(odd.provider.books().asked.is_empty());
}

#[tokio::test]
async fn a_network_that_registers_no_apps_needs_one_configured() {
    let odd = Odd::start().await;
    odd.provider.books().closed = true;
    let started = odd.handshake.start(odd.world.wish(None)).await.unwrap();
    assert_eq!(started.authorize_url, None);
    let view = odd.world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::ClientNotConfigured)));
}

#[tokio::test]
async fn a_network_taken_out_of_the_program_meanwhile_leaves_a_reference() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let without = world.with_registry(Registry::new(&registry::Settings::default()));
    without.callback(crate::world::returning(&query, Some(&started.browser_cookie), None)).await;
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::Internal)));
    let evidence = view.diagnosis.unwrap().evidence;
    assert!(evidence.iter().any(|seen| seen.label == "Reference" && seen.value.len() == 32), "{evidence:?}");
}
