use crate::scene::{Scene, connected, scene};
use crier_model::{ChannelId, GrantId, Secret};
use crier_store::{
    StoreError,
    channels::{self, Connected},
    grants,
};

/// A grant and the channels that live on it.
async fn granted(scene: &Scene, secret: &str, remote_ids: &[&str]) -> (GrantId, Vec<ChannelId>) {
    let mut tx = scene.begin().await.unwrap();
    let grant = grants::insert_in(&tx, scene.workspace, &Secret::new(secret)).await.unwrap();
    let mut made = Vec::new();
    for remote_id in remote_ids {
        let page = Connected { grant: Some(grant), ..connected(remote_id) };
        let upserted = channels::upsert_connected_in(&mut tx, scene.workspace, &page, |_| Vec::new()).await.unwrap();
        made.push(upserted.channel.id);
    }
    tx.commit().await.unwrap();
    (grant, made)
}

async fn is_there(scene: &Scene, grant: GrantId) -> bool {
    match grants::open(scene, grant).await {
        Ok(_) => true,
        Err(StoreError::NotFound { what: "grant" }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_grant_is_replaced_by_whoever_read_it_last() {
    let scene = scene().await;
    let (grant, channels) = granted(&scene, "first", &["bakery", "garden"]).await;
    let mut on_it: Vec<_> = channels::of_grant(&scene, grant).await.unwrap().into_iter().map(|it| it.id).collect();
    on_it.sort();
    assert_eq!(on_it, channels);
    let opened = grants::open(&scene, grant).await.unwrap();
    assert_eq!(opened.secret.expose(), "first");
    let version = grants::set(&scene, grant, opened.version, &Secret::new("second")).await.unwrap();
    let late = grants::set(&scene, grant, opened.version, &Secret::new("late")).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    let now = grants::open(&scene, grant).await.unwrap();
    assert_eq!((now.secret.expose(), now.version), ("second", version));
}

#[tokio::test]
async fn a_grant_goes_with_its_last_channel() {
    let scene = scene().await;
    let (grant, channels) = granted(&scene, "first", &["bakery", "garden"]).await;
    let (other, _) = granted(&scene, "other", &["library"]).await;
    channels::delete(&scene, scene.workspace, channels[0]).await.unwrap();
    assert!(is_there(&scene, grant).await);
    // The other one is connected anew, on another grant.
    let (newer, again) = granted(&scene, "newer", &["garden"]).await;
    assert_eq!(again, [channels[1]]);
    assert!(!is_there(&scene, grant).await);
    assert!(is_there(&scene, newer).await && is_there(&scene, other).await);
    channels::delete(&scene, scene.workspace, channels[1]).await.unwrap();
    assert!(!is_there(&scene, newer).await && is_there(&scene, other).await);
}
