use crate::scene::{Scene, after_minutes, scene, start};
use crier_model::{ChannelId, Timestamp};
use crier_store::{
    Store,
    pace::{self, Entry, Scope, Strike},
};
use jiff::SignedDuration;

const PROBE: SignedDuration = SignedDuration::from_secs(60);

fn server() -> Scope {
    Scope::Server { network: "playground".to_owned(), instance: "https://example.org".to_owned() }
}

/// Strikes; how many there are by then.
async fn struck(store: &Store, scope: &Scope, by: ChannelId, until: Option<Timestamp>) -> u32 {
    let count = std::sync::Mutex::new(0);
    let strike = Strike { scope, by, said: "slow down", of_others: matches!(scope, Scope::Server { .. }) };
    let pause = |strikes| {
        *count.lock().unwrap() = strikes;
        until
    };
    assert_eq!(pace::strike(store, strike, pause).await.unwrap(), until);
    count.into_inner().unwrap()
}

async fn enter(scene: &Scene, own: &Scope) -> Entry {
    let known = pace::known(scene, &[own, &server()]).await.unwrap();
    pace::enter(scene, &known, Some(&server()), 2, PROBE).await.unwrap()
}

fn wait(until: Timestamp) -> Entry {
    Entry::Wait { until, said: "slow down".to_owned() }
}

#[tokio::test]
async fn a_pause_is_heeded_on_every_node_until_it_is_over() {
    let scene = scene().await;
    let (id, own) = (ChannelId::new(), |id| Scope::Channel(id));
    assert_eq!(enter(&scene, &own(id)).await, Entry::Free);
    assert_eq!(struck(&scene, &own(id), id, Some(after_minutes(10))).await, 1);
    let node = scene.node().await;
    let known = pace::known(&node, &[&own(id)]).await.unwrap();
    let there = pace::enter(&node, &known, None, 2, PROBE).await.unwrap();
    assert_eq!(there, wait(after_minutes(10)));
    node.close().await.unwrap();
    assert_eq!(enter(&scene, &own(ChannelId::new())).await, Entry::Free);
    scene.minutes_pass(10);
    assert_eq!(enter(&scene, &own(id)).await, Entry::Probe);
    pace::forgive(&scene, &[&own(id)]).await.unwrap();
    assert_eq!(enter(&scene, &own(id)).await, Entry::Free);
}

#[tokio::test]
async fn after_refusals_of_several_channels_one_try_is_let_through_at_a_time() {
    let scene = scene().await;
    let (one, other) = (ChannelId::new(), ChannelId::new());
    assert_eq!(struck(&scene, &server(), one, None).await, 1);
    // Again the same channel: that says nothing of the others.
    assert_eq!(struck(&scene, &server(), one, None).await, 1);
    assert_eq!(struck(&scene, &server(), other, Some(after_minutes(5))).await, 2);
    assert_eq!(enter(&scene, &Scope::Channel(one)).await, wait(after_minutes(5)));
    scene.minutes_pass(5);
    assert_eq!(enter(&scene, &Scope::Channel(one)).await, Entry::Probe);
    assert_eq!(enter(&scene, &Scope::Channel(other)).await, wait(after_minutes(6)));
    // Whoever made the try never said how it ended.
    scene.minutes_pass(1);
    assert_eq!(enter(&scene, &Scope::Channel(other)).await, Entry::Probe);
    pace::forgive(&scene, &[&server()]).await.unwrap();
    assert_eq!(enter(&scene, &Scope::Channel(one)).await, Entry::Free);
}

#[tokio::test]
async fn refusals_of_long_ago_are_forgotten() {
    let scene = scene().await;
    let id = ChannelId::new();
    let own = Scope::Channel(id);
    for strikes in 1..=3 {
        assert_eq!(struck(&scene, &own, id, None).await, strikes);
    }
    scene.minutes_pass(61);
    assert_eq!(struck(&scene, &own, id, None).await, 1);
    scene.minutes_pass(61);
    assert_eq!(pace::forget_before(&scene, after_minutes(100)).await.unwrap(), 1);
    assert_eq!(enter(&scene, &own).await, Entry::Free);
}

#[tokio::test]
async fn a_used_up_window_is_waited_for_and_then_over() {
    let scene = scene().await;
    let id = ChannelId::new();
    let own = Scope::Channel(id);
    pace::rest(&scene, &own, id, after_minutes(3), "slow down").await.unwrap();
    assert_eq!(enter(&scene, &own).await, wait(after_minutes(3)));
    scene.clock.set(start() + SignedDuration::from_mins(3));
    assert_eq!(enter(&scene, &own).await, Entry::Free);
}
