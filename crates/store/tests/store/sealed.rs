use crate::scene::{Scene, after_minutes, connected, scene};
use crier_model::{AttemptId, Secret};
use crier_store::{
    KeySource, SecretKey, Store, StoreConfig, apps,
    attempts::{self, NewAttempt, Note},
    channels, sealed,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Keys that a test changes while nodes run, as a file on a shared disk.
#[derive(Default)]
struct File(Mutex<Vec<SecretKey>>);

/// One node's view of the file.
struct Watching(Arc<File>, Mutex<Vec<SecretKey>>);

impl KeySource for Watching {
    fn changed(&self) -> Option<Vec<SecretKey>> {
        let keys = self.0.0.lock().unwrap().clone();
        let mut seen = self.1.lock().unwrap();
        if *seen == keys {
            return None;
        }
        seen.clone_from(&keys);
        Some(keys)
    }
}

fn key(byte: u8) -> SecretKey {
    SecretKey::new([byte; 32])
}

/// The key every scene begins with.
fn first() -> SecretKey {
    key(7)
}

async fn node(scene: &Scene, file: &Arc<File>) -> Store {
    let keys = file.0.lock().unwrap().clone();
    let config = StoreConfig {
        secret_key: keys[0].clone(),
        older_keys: keys[1..].to_vec(),
        key_source: Some(Arc::new(Watching(file.clone(), Mutex::new(keys.clone())))),
        ..scene.config().clone()
    };
    Store::connect(&config, scene.clock.clone()).await.unwrap()
}

async fn fill(scene: &Scene, store: &Store, from: usize, to: usize) {
    for i in from..to {
        channels::upsert_connected(store, scene.workspace, &connected(&format!("account{i}")), |_| Vec::new())
            .await
            .unwrap();
        let new = NewAttempt {
            workspace: scene.workspace,
            network: "playground".to_owned(),
            way: "oauth2".to_owned(),
            instance: None,
            app: None,
            purpose: "new".to_owned(),
            channel: None,
            started_by: scene.user.into(),
            state_hash: format!("state {i}"),
            browser_hash: "browser".to_owned(),
            pkce_verifier: Some(Secret::new("verifier")),
            redirect_uri: "http://127.0.0.1:4800/integrations/social/playground".to_owned(),
            authorize_url: None,
            expires_at: after_minutes(30),
        };
        attempts::create(store, AttemptId::new(), new, Note::new("Started", "")).await.unwrap();
        let slot =
            apps::Slot { workspace: None, network: "mastodon", instance: Some(&format!("https://s{i}.example")) };
        let (secret, bot) = (Secret::new("secret"), Secret::new("bot"));
        let entered = apps::Entered { client_id: "id", client_secret: Some(&secret), bot_token: Some(&bot) };
        apps::set(store, slot, entered, "https://crier.example/cb").await.unwrap();
    }
}

async fn by_key(store: &Store) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for count in sealed::count(store).await.unwrap() {
        *all.entry(count.key).or_default() += count.values;
    }
    all
}

async fn everything_opens(scene: &Scene, store: &Store) {
    for summary in channels::list(store, scene.workspace).await.unwrap() {
        let opened = channels::open_credentials(store, summary.channel.id).await.unwrap();
        assert_eq!(opened.secret.expose(), format!("token of {}", summary.channel.remote_id));
    }
    for attempt in attempts::list(store, scene.workspace, false, 1000).await.unwrap() {
        assert_eq!(attempt.pkce_verifier.unwrap().expose(), "verifier");
    }
    for set_up in apps::set_up(store, None).await.unwrap() {
        assert_eq!(set_up.app.client_secret.unwrap().expose(), "secret");
        assert_eq!(set_up.app.bot_token.unwrap().expose(), "bot");
    }
}

#[tokio::test]
async fn everything_is_sealed_again_by_a_rotation_that_is_broken_off_and_taken_up_while_nodes_run() {
    let scene = scene().await;
    let (old, new) = (first().id().unwrap(), key(8).id().unwrap());
    let file = Arc::new(File(Mutex::new(vec![first()])));
    let running = node(&scene, &file).await;
    fill(&scene, &running, 0, 12).await;
    assert_eq!(by_key(&running).await, BTreeMap::from([(old.clone(), 48)]));

    *file.0.lock().unwrap() = vec![key(8), first()];
    let rotating = node(&scene, &file).await;
    {
        // Broken off after the second batch: the future is dropped where a process would die.
        let mut batches = 0;
        let (stop, mut stopped) = tokio::sync::mpsc::unbounded_channel();
        let rotation = sealed::reseal(&rotating, 5, |_| {
            batches += 1;
            if batches == 2 {
                stop.send(()).unwrap();
            }
        });
        tokio::select! {
            biased;
            _ = stopped.recv() => {}
            done = rotation => panic!("the rotation was not broken off: {done:?}"),
        }
    }
    let halfway = by_key(&running).await;
    assert!(halfway[&old] > 0 && halfway[&new] > 0, "{halfway:?}");
    everything_opens(&scene, &running).await;

    // A second later at most, whoever runs seals with the new key.
    tokio::time::sleep(crier_store::KEYS_NOTICED_WITHIN).await;
    fill(&scene, &running, 12, 14).await;
    assert_eq!(by_key(&running).await[&old], halfway[&old]);

    let done = sealed::reseal(&rotating, 5, |_| {}).await.unwrap();
    assert_eq!((done.resealed, done.left, done.unreadable), (halfway[&old], 0, 0));
    assert_eq!(by_key(&running).await, BTreeMap::from([(new, 56)]));
    everything_opens(&scene, &running).await;
    assert_eq!(sealed::reseal(&rotating, 5, |_| {}).await.unwrap(), sealed::Progress::default());
}

#[tokio::test]
async fn what_another_changes_meanwhile_stays_theirs_and_what_does_not_open_is_left_and_told() {
    let scene = scene().await;
    let file = Arc::new(File(Mutex::new(vec![first()])));
    let running = node(&scene, &file).await;
    fill(&scene, &running, 0, 3).await;
    let lost = Arc::new(File(Mutex::new(vec![key(9)])));
    fill(&scene, &node(&scene, &lost).await, 3, 4).await;
    *file.0.lock().unwrap() = vec![key(8), first()];
    let rotating = node(&scene, &file).await;
    let done = sealed::reseal(&rotating, 100, |_| {}).await.unwrap();
    assert_eq!((done.resealed, done.unreadable), (12, 4));
    let left = by_key(&rotating).await;
    assert_eq!(left, BTreeMap::from([(key(8).id().unwrap(), 12), (key(9).id().unwrap(), 4)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn credentials_that_are_renewed_during_a_rotation_are_never_undone() {
    let scene = scene().await;
    let file = Arc::new(File(Mutex::new(vec![first()])));
    let running = node(&scene, &file).await;
    let channel = channels::upsert_connected(&running, scene.workspace, &connected("ada"), |_| Vec::new())
        .await
        .unwrap()
        .channel
        .id;
    *file.0.lock().unwrap() = vec![key(8), first()];
    let rotating = node(&scene, &file).await;
    let renewing = tokio::spawn(async move {
        for i in 1..=40 {
            let kept = channels::open_credentials(&running, channel).await.unwrap();
            let secret = Secret::new(format!("token {i}"));
            channels::set_credentials(&running, channel, kept.version, &secret, None, &[]).await.unwrap();
        }
        running
    });
    while !renewing.is_finished() {
        sealed::reseal(&rotating, 5, |_| {}).await.unwrap();
    }
    let running = renewing.await.unwrap();
    assert_eq!(channels::open_credentials(&running, channel).await.unwrap().secret.expose(), "token 40");
}
