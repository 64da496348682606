use crate::scene::{Scene, connected, scene};
use crier_model::Secret;
use crier_store::{
    StoreError,
    apps::{self, App, Entered, Slot},
    channels::{self, Connected},
};

const URI: &str = "https://crier.example/integrations/social/x";

fn slot(network: &str) -> Slot<'_> {
    Slot { workspace: None, network, instance: None }
}

async fn set(scene: &Scene, slot: Slot<'_>, id: &str, secret: Option<&str>) -> App {
    let secret = secret.map(Secret::from);
    let entered = Entered::new(id, secret.as_ref());
    apps::set(scene, slot, entered, URI).await.unwrap()
}

async fn channel_of(scene: &Scene, app: &App) {
    let connected = Connected { app: Some(app.id), ..connected(&app.client_id) };
    channels::upsert_connected(scene, scene.workspace, &connected, |_| Vec::new()).await.unwrap();
}

fn secret(app: &App) -> Option<&str> {
    app.client_secret.as_ref().map(Secret::expose)
}

#[tokio::test]
async fn the_same_id_takes_a_new_secret_and_another_id_takes_the_place() {
    let scene = scene().await;
    let first = set(&scene, slot("x"), "one", Some("s1")).await;
    assert_eq!(secret(&set(&scene, slot("x"), "one", None).await), Some("s1"), "none keeps the secret");
    let again = set(&scene, slot("x"), "one", Some("s2")).await;
    assert_eq!((again.id, secret(&again)), (first.id, Some("s2")));
    channel_of(&scene, &first).await;

    let second = set(&scene, slot("x"), "two", Some("t")).await;
    assert_ne!(second.id, first.id);
    assert_eq!(apps::at(&scene, slot("x")).await.unwrap().unwrap().client_id, "two");
    assert_eq!(secret(&apps::get(&scene, first.id).await.unwrap()), Some("s2"), "its channel is renewed with it");
    assert_eq!(apps::get(&scene, first.id).await.unwrap().set_at, None);

    // Nothing was connected with the second.
    set(&scene, slot("x"), "three", None).await;
    assert!(matches!(apps::get(&scene, second.id).await, Err(StoreError::NotFound { .. })));
    // An id that comes back is the app it was.
    assert_eq!(set(&scene, slot("x"), "one", None).await.id, first.id);
    let listed = apps::set_up(&scene, None).await.unwrap();
    assert_eq!(listed.iter().map(|it| (it.app.client_id.as_str(), it.channels)).collect::<Vec<_>>(), [("one", 1)]);
}

#[tokio::test]
async fn workspaces_and_servers_have_apps_of_their_own() {
    let scene = scene().await;
    let own = Slot { workspace: Some(scene.workspace), ..slot("mastodon") };
    let at = |instance| Slot { instance: Some(instance), ..slot("mastodon") };
    set(&scene, slot("mastodon"), "shared", None).await;
    set(&scene, own, "own", None).await;
    set(&scene, at("https://a.example"), "a", None).await;
    set(&scene, at("https://b.example"), "b", None).await;
    let ids = |list: Vec<apps::AppInUse>| list.into_iter().map(|it| it.app.client_id).collect::<Vec<_>>();
    assert_eq!(ids(apps::set_up(&scene, None).await.unwrap()), ["shared", "a", "b"]);
    assert_eq!(ids(apps::set_up(&scene, Some(scene.workspace)).await.unwrap()), ["own"]);
    assert_eq!(apps::at(&scene, at("https://c.example")).await.unwrap(), None);
}

#[tokio::test]
async fn an_app_that_channels_depend_on_goes_only_by_force() {
    let scene = scene().await;
    let app = set(&scene, slot("x"), "one", Some("s")).await;
    channel_of(&scene, &app).await;
    let refused = apps::remove(&scene, slot("x"), false).await;
    assert!(matches!(refused, Err(StoreError::Conflict { what: "app.in_use" })), "{refused:?}");
    assert_eq!(apps::remove(&scene, slot("x"), true).await.unwrap(), 1);
    assert!(matches!(apps::remove(&scene, slot("x"), true).await, Err(StoreError::NotFound { what: "app" })));
    set(&scene, slot("x"), "unused", None).await;
    assert_eq!(apps::remove(&scene, slot("x"), false).await.unwrap(), 0);
}

#[tokio::test]
async fn the_servers_in_use_are_those_of_channels() {
    let scene = scene().await;
    for (account, server) in [("a", "https://one.example"), ("b", "https://two.example"), ("c", "https://two.example")]
    {
        let connected = Connected { network: "mastodon".into(), instance: Some(server.into()), ..connected(account) };
        channels::upsert_connected(&scene, scene.workspace, &connected, |_| Vec::new()).await.unwrap();
    }
    let servers = apps::servers_in_use(&scene, 10).await.unwrap();
    let two = ("mastodon".to_owned(), "https://two.example".to_owned());
    assert_eq!(servers, [two.clone(), ("mastodon".to_owned(), "https://one.example".to_owned())]);
    assert_eq!(apps::servers_in_use(&scene, 1).await.unwrap(), [two]);
}
