use crate::scene::{Scene, after_minutes, connected, scene};
use crier_model::{ChannelId, Timestamp};
use crier_store::{
    channels,
    pairings::{self, Pairing},
};

async fn settle(scene: &Scene, channel: ChannelId, pairing: Option<(&str, Timestamp)>) {
    let tx = scene.begin().await.unwrap();
    pairings::settle_in(&tx, channel, pairing).await.unwrap();
    tx.commit().await.unwrap();
}

async fn used(scene: &Scene, channel: ChannelId, token_hash: &str, until: Timestamp) -> bool {
    let tx = scene.begin().await.unwrap();
    let used = pairings::use_in(&tx, channel, token_hash, until).await.unwrap();
    tx.commit().await.unwrap();
    used
}

async fn found(scene: &Scene, token_hash: &str) -> Option<Pairing> {
    pairings::by_token_hash(scene, token_hash).await.unwrap()
}

#[tokio::test]
async fn a_pairing_is_found_by_its_token_and_lasts_from_its_last_use() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    settle(&scene, channel, Some(("one", after_minutes(60)))).await;
    let pairing = found(&scene, "one").await.unwrap();
    assert_eq!((pairing.channel, pairing.expires_at), (channel, after_minutes(60)));
    assert_eq!(found(&scene, "two").await, None);
    scene.minutes_pass(50);
    assert!(used(&scene, channel, "one", after_minutes(110)).await);
    scene.minutes_pass(50);
    let pairing = found(&scene, "one").await.unwrap();
    assert_eq!((pairing.used_at, pairing.expires_at), (after_minutes(50), after_minutes(110)));
    scene.minutes_pass(10);
    assert_eq!(found(&scene, "one").await, None);
    assert!(!used(&scene, channel, "one", after_minutes(200)).await);
}

#[tokio::test]
async fn a_channel_has_the_newest_pairing_only() {
    let scene = scene().await;
    let (ada, grace) = (scene.channel("ada").await, scene.channel("grace").await);
    settle(&scene, ada, Some(("one", after_minutes(60)))).await;
    settle(&scene, grace, Some(("hers", after_minutes(60)))).await;
    settle(&scene, ada, Some(("two", after_minutes(60)))).await;
    assert_eq!(found(&scene, "one").await, None);
    assert!(found(&scene, "two").await.is_some());
    assert!(!used(&scene, ada, "hers", after_minutes(70)).await, "each is of its own channel");
    // Connected in another way.
    settle(&scene, ada, None).await;
    assert_eq!(found(&scene, "two").await, None);
    pairings::end(&scene, "hers").await.unwrap();
    pairings::end(&scene, "hers").await.unwrap();
    assert_eq!(found(&scene, "hers").await, None);
}

#[tokio::test]
async fn a_deleted_channel_takes_its_pairing_along_for_good() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    settle(&scene, channel, Some(("one", after_minutes(60)))).await;
    channels::delete(&scene, scene.workspace, channel).await.unwrap();
    assert_eq!(found(&scene, "one").await, None);
    assert!(!used(&scene, channel, "one", after_minutes(70)).await);
    // Connecting the account again brings the channel back, and not the pairing.
    let again = channels::upsert_connected(&scene, scene.workspace, &connected("ada"), |_| Vec::new()).await.unwrap();
    assert_eq!(again.channel.id, channel);
    assert_eq!(found(&scene, "one").await, None);
}
