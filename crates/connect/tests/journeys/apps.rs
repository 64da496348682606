//! Apps entered here: whose counts, what the network says of them, what a rotation of a secret or an id does to channels.

use crate::world::{ALL, World, code};
use crier_connect::{AppPlace, AppSource, Check, ConnectError, NetworkApps, Removed};
use crier_model::{Code, Secret, attempt::AttemptState, channel::ChannelState};
use crier_networks::connect::{Client2, Tokens};
use crier_store::apps::Entered;
use serde_json::Value;

const HERE: AppPlace<'static> = AppPlace { workspace: None, network: "playground", instance: None };

impl World {
    fn own(&self) -> AppPlace<'static> {
        AppPlace { workspace: Some(self.workspace), ..HERE }
    }

    /// Registers an app at the network for this redirect URI, as a developer there does.
    async fn registered(&self, redirect_uri: &str) -> (String, Secret) {
        let asked = serde_json::json!({
            "client_name": "Crier", "redirect_uris": [redirect_uri], "scope": ALL.join(" "),
            "token_endpoint_auth_method": "client_secret_basic",
        });
        let answer = self.net.post(format!("{}/oauth/register", self.origin)).json(&asked).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text());
        let app: Value = answer.json().unwrap();
        (app["client_id"].as_str().unwrap().to_owned(), Secret::from(app["client_secret"].as_str().unwrap()))
    }

    async fn good(&self) -> (String, Secret) {
        self.registered(&self.handshake.redirect_uri("playground")).await
    }

    async fn asked_for(&self) -> String {
        let url = self.leave().await.authorize_url.unwrap();
        url.query_pairs().find(|(name, _)| name == "client_id").unwrap().1.into_owned()
    }
}

fn wrong(checks: &[Check]) -> Vec<(&str, Code)> {
    checks.iter().filter_map(|check| Some((check.name, check.diagnosis.as_ref()?.code))).collect()
}

#[tokio::test]
async fn the_workspaces_app_comes_before_the_installations_before_the_configured() {
    let configured = Client2 { client_id: "configured".to_owned(), client_secret: None, bot_token: None };
    let world = World::with(|settings| drop(settings.apps.insert("playground".to_owned(), configured))).await;
    assert_eq!(world.asked_for().await, "configured");
    let ((shared, secret), (own, _)) = (world.good().await, world.good().await);
    world.handshake.set_app(HERE, Entered::new(&shared, Some(&secret))).await.unwrap();
    assert_eq!(world.asked_for().await, shared);
    let view = world.handshake.set_app(world.own(), Entered::new(&format!(" {own}\n"), None)).await.unwrap();
    assert_eq!((view.client_id.as_str(), view.source, view.has_secret), (own.as_str(), AppSource::Workspace, false));
    assert_eq!(world.asked_for().await, own);

    let named = |list: Vec<NetworkApps>| list.into_iter().find(|it| it.network == "playground").unwrap();
    let sources = |list: NetworkApps| list.apps.into_iter().map(|app| app.source).collect::<Vec<_>>();
    let all = [AppSource::Workspace, AppSource::Installation, AppSource::Configuration];
    assert_eq!(sources(named(world.handshake.apps(Some(world.workspace)).await.unwrap())), all);
    assert_eq!(sources(named(world.handshake.apps(None).await.unwrap())), all[1..]);
    let (_, elsewhere) = world.another_user().await;
    assert_eq!(sources(named(world.handshake.apps(Some(elsewhere)).await.unwrap())), all[1..]);

    assert_eq!(world.handshake.remove_app(world.own(), false).await.unwrap(), Removed::Gone { channels: 0 });
    assert_eq!(world.handshake.remove_app(world.own(), false).await.unwrap(), Removed::WasNone);
    assert_eq!(world.asked_for().await, shared);
}

#[tokio::test]
async fn a_test_tells_an_unknown_id_from_a_wrong_secret_from_a_redirect_uri_that_is_not_registered() {
    let world = World::start().await;
    let test = async |id: &str, secret: Option<&Secret>| {
        world.handshake.test_app(HERE, Some(Entered::new(id, secret))).await.unwrap()
    };
    let (id, secret) = world.good().await;
    let checks = test(&id, Some(&secret)).await;
    assert!(wrong(&checks).is_empty() && checks.iter().any(|check| check.name == "secret"), "{checks:?}");
    assert_eq!(wrong(&test(&id, Some(&"mistyped".into())).await), [("secret", Code::ClientSecretWrong)]);
    assert!(wrong(&test("nobody", Some(&secret)).await).contains(&("app", Code::ClientUnknown)));
    let (elsewhere, its_secret) = world.registered("https://elsewhere.example/cb").await;
    assert_eq!(wrong(&test(&elsewhere, Some(&its_secret)).await), [("app", Code::RedirectMismatch)]);

    // What is kept is tested with its secret, which need not be typed again.
    world.handshake.set_app(HERE, Entered::new(&id, Some(&secret))).await.unwrap();
    for given in [None, Some(Entered::new(&id, None))] {
        let checks = world.handshake.test_app(HERE, given).await.unwrap();
        assert!(wrong(&checks).is_empty() && checks.iter().any(|check| check.name == "secret"), "{checks:?}");
    }
}

#[tokio::test]
async fn a_network_that_is_away_is_told_as_such() {
    let mut world = World::start().await;
    world.stop().await;
    let checks = world.handshake.test_app(HERE, Some(Entered::new("id", None))).await.unwrap();
    assert_eq!(wrong(&checks), [("host", Code::TcpRefused)]);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let world = World::start().await;
    let pointer = |error: ConnectError| error.findings()[0].pointer.clone();
    let set = async |place, id: &str, secret: Option<&str>| {
        pointer(world.handshake.set_app(place, Entered::new(id, secret.map(Secret::from).as_ref())).await.unwrap_err())
    };
    assert_eq!(set(HERE, " ", None).await, "/client_id");
    assert_eq!(set(HERE, "two words", None).await, "/client_id");
    assert_eq!(set(HERE, "id", Some("two\nlines")).await, "/client_secret");
    assert_eq!(set(AppPlace { instance: Some("https://a.example"), ..HERE }, "id", None).await, "/instance");
    assert_eq!(
        set(AppPlace { network: "mastodon", instance: Some("not a server"), ..HERE }, "id", None).await,
        "/instance"
    );
    assert_eq!(set(AppPlace { network: "webhook", ..HERE }, "id", None).await, "/network");
    let unknown = world.handshake.set_app(AppPlace { network: "orkut", ..HERE }, Entered::new("id", None)).await;
    assert!(matches!(unknown, Err(ConnectError::UnknownNetwork(_))));
    let none = world.handshake.test_app(HERE, None).await.unwrap_err();
    assert_eq!(pointer(none), "/client_id");
}

#[tokio::test]
async fn a_channel_is_renewed_with_the_app_that_got_it_and_needs_reconnecting_without() {
    let world = World::start().await;
    let (first, secret) = world.good().await;
    world.handshake.set_app(HERE, Entered::new(&first, Some(&secret))).await.unwrap();
    let channel = world.connect("ada").await;
    assert!(channel.renews);
    let (second, its_secret) = world.good().await;
    world.handshake.set_app(HERE, Entered::new(&second, Some(&its_secret))).await.unwrap();
    assert_eq!(world.asked_for().await, second);
    world.handshake.fresh(channel.id, true).await.unwrap();
    assert_eq!(world.outcomes("token").await, ["ok", "ok"], "renewed with the first, which is kept for it");

    // The first again, and gone for good.
    world.handshake.set_app(HERE, Entered::new(&first, None)).await.unwrap();
    assert_eq!(world.handshake.remove_app(HERE, false).await.unwrap(), Removed::InUse { channels: 1 });
    assert_eq!(world.handshake.remove_app(HERE, true).await.unwrap(), Removed::Gone { channels: 1 });
    world.pass(3600);
    world.handshake.fresh(channel.id, true).await.unwrap_err();
    let channel = world.channel(channel.id).await;
    assert_eq!(channel.state, ChannelState::NeedsReconnect);
    assert_eq!(channel.reason.unwrap().code, Code::ClientUnknown);
}

#[tokio::test]
async fn a_wrong_secret_is_found_out_before_leaving_and_a_new_one_for_the_same_id_serves_the_old_channels() {
    let world = World::start().await;
    let (id, secret) = world.good().await;
    world.handshake.set_app(world.own(), Entered::new(&id, Some(&"mistyped".into()))).await.unwrap();
    let checks = world.handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
    assert_eq!(wrong(&checks), [("secret", Code::ClientSecretWrong)]);
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let failed = world.land(&started, &query).await;
    assert_eq!((failed.state, code(&failed)), (AttemptState::Failed, Some(Code::ClientSecretWrong)));

    world.handshake.set_app(world.own(), Entered::new(&id, Some(&secret))).await.unwrap();
    let checks = world.handshake.preflight(world.workspace, "playground", None, None).await.unwrap();
    assert_eq!(wrong(&checks), []);
    let channel = world.connect("ada").await;
    world.handshake.fresh(channel.id, true).await.unwrap();
}
