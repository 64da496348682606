use crate::scene::{Scene, after_minutes, person, scene, start};
use crier_model::{
    AttemptId, ChannelId, Code, Diagnosis, Secret, WorkspaceId, attempt::AttemptState as S, channel::Identity,
};
use crier_store::{
    StoreError,
    attempts::{self, Attempt, Changes, NewAttempt, Note, Search},
    users,
};

fn new(scene: &Scene, state_hash: &str) -> NewAttempt {
    NewAttempt {
        workspace: scene.workspace,
        network: "playground".to_owned(),
        way: "oauth2".to_owned(),
        instance: None,
        app: None,
        purpose: "new".to_owned(),
        channel: None,
        started_by: scene.user.into(),
        state_hash: state_hash.to_owned(),
        browser_hash: "browser".to_owned(),
        pkce_verifier: Some(Secret::new("verifier")),
        redirect_uri: "http://127.0.0.1:4800/integrations/social/playground".to_owned(),
        authorize_url: None,
        expires_at: after_minutes(30),
    }
}

async fn started(scene: &Scene, state_hash: &str) -> Attempt {
    attempts::create(scene, AttemptId::new(), new(scene, state_hash), Note::new("Started", "")).await.unwrap()
}

async fn go(scene: &Scene, id: AttemptId, from: S, to: S, changes: Changes) -> Attempt {
    attempts::transition(scene, id, &[from], to, changes).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_attempt_is_found_by_the_hash_of_its_state_only() {
    let scene = scene().await;
    let attempt = started(&scene, "hash").await;
    assert_eq!((attempt.state, attempt.version), (S::Started, 1));
    assert_eq!(attempts::by_state_hash(&scene, "hash").await.unwrap(), Some(attempt.clone()));
    assert_eq!(attempts::by_state_hash(&scene, "another").await.unwrap(), None);
    assert_eq!(attempts::get(&scene, scene.workspace, attempt.id).await.unwrap(), attempt);
    let elsewhere = attempts::get(&scene, WorkspaceId::new(), attempt.id).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound { what: "attempt" })));
    assert_eq!(attempt.pkce_verifier.unwrap().expose(), "verifier");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_deliveries_of_one_callback_one_wins_the_row() {
    let scene = scene().await;
    let attempt = started(&scene, "hash").await;
    go(&scene, attempt.id, S::Started, S::Away, Changes::default()).await;
    let nodes = [scene.node().await, scene.node().await];
    let mut deliveries = tokio::task::JoinSet::new();
    for i in 0..50 {
        let (node, id) = (nodes[i % 2].clone(), attempt.id);
        let changes = Changes {
            code_hash: Some(format!("code {i}")),
            returned_at: Some(start()),
            note: Some(Note::new("Came back", format!("delivery {i}"))),
            ..Changes::default()
        };
        deliveries.spawn(async move {
            attempts::transition(&node, id, &[S::Started, S::Away], S::Returned, changes).await.unwrap()
        });
    }
    let won: Vec<_> = deliveries.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    let now = attempts::by_id(&scene, attempt.id).await.unwrap();
    assert_eq!((now.state, &now.code_hash, now.version), (S::Returned, &won[0].code_hash, 3));
    // Those that lost wrote no history either.
    let titles: Vec<_> = attempts::history(&scene, &[attempt.id]).await.unwrap().into_iter().map(|e| e.title).collect();
    assert_eq!(titles, ["Started", "Came back"]);
}

#[tokio::test]
async fn a_transition_asks_for_the_state_and_the_version() {
    let scene = scene().await;
    let attempt = started(&scene, "hash").await;
    let wrong_state =
        attempts::transition(&scene, attempt.id, &[S::Away], S::Returned, Changes::default()).await.unwrap();
    assert_eq!(wrong_state, None);
    let old = Changes { version: Some(9), ..Changes::default() };
    assert_eq!(attempts::transition(&scene, attempt.id, &[S::Started], S::Away, old).await.unwrap(), None);
    let right = Changes { version: Some(1), ..Changes::default() };
    assert_eq!(go(&scene, attempt.id, S::Started, S::Away, right).await.version, 2);
}

#[tokio::test]
async fn what_was_parked_is_sealed_kept_and_erased() {
    let scene = scene().await;
    let attempt = started(&scene, "hash").await;
    let identity = Identity {
        remote_id: "1".to_owned(),
        name: "Ada".to_owned(),
        handle: "ada".to_owned(),
        profile_url: None,
        avatar_url: None,
    };
    let parked = Changes {
        parked: Some(Secret::new("access token")),
        account: Some(identity.clone()),
        granted: Some(vec!["read".to_owned(), "write".to_owned()]),
        ..Changes::default()
    };
    let attempt = go(&scene, attempt.id, S::Started, S::Identified, parked).await;
    assert_eq!(attempt.parked.as_ref().unwrap().expose(), "access token");
    assert_eq!((attempt.account, attempt.granted), (Some(identity), vec!["read".to_owned(), "write".to_owned()]));
    // A change that says nothing of it leaves it.
    let attempt = go(&scene, attempt.id, S::Identified, S::Confirming, Changes::default()).await;
    assert!(attempt.parked.is_some() && attempt.pkce_verifier.is_some());
    // A node with another key can't open it.
    let mut config = scene.config().clone();
    config.secret_key = crier_store::SecretKey::new([8; 32]);
    let stranger = crier_store::Store::connect(&config, scene.clock.clone()).await.unwrap();
    assert!(matches!(attempts::by_id(&stranger, attempt.id).await, Err(StoreError::Sealed(_))));

    let ended = Changes {
        erase_parked: true,
        diagnosis: Some(Diagnosis::new(Code::ConsentDenied)),
        channel: Some(ChannelId::new()),
        ..Changes::default()
    };
    let attempt = go(&scene, attempt.id, S::Confirming, S::Failed, ended).await;
    assert_eq!((attempt.parked, attempt.pkce_verifier), (None, None));
    assert_eq!(attempt.diagnosis.unwrap().code, Code::ConsentDenied);
}

#[tokio::test]
async fn open_attempts_lapse_when_their_time_is_over() {
    let scene = scene().await;
    let (left, done) = (started(&scene, "left").await, started(&scene, "done").await);
    go(&scene, done.id, S::Started, S::Connected, Changes::default()).await;
    let parked = Changes { parked: Some(Secret::new("token")), ..Changes::default() };
    go(&scene, left.id, S::Started, S::Confirming, parked).await;
    scene.minutes_pass(29);
    assert_eq!(attempts::expire_due(&scene, 10).await.unwrap(), []);
    let open: Vec<_> =
        attempts::list(&scene, scene.workspace, true, 10).await.unwrap().into_iter().map(|a| a.id).collect();
    assert_eq!(open, [left.id]);
    scene.minutes_pass(1);
    assert_eq!(attempts::list(&scene, scene.workspace, true, 10).await.unwrap(), []);
    let lapsed = attempts::expire_due(&scene, 10).await.unwrap();
    assert_eq!((lapsed.len(), lapsed[0].id), (1, left.id));
    // It is handed out with its tokens, to be revoked, and keeps none.
    assert_eq!(lapsed[0].parked.as_ref().unwrap().expose(), "token");
    let now = attempts::by_id(&scene, left.id).await.unwrap();
    assert_eq!((now.state, now.parked), (S::Expired, None));
    assert_eq!(attempts::expire_due(&scene, 10).await.unwrap(), []);
    let all: Vec<_> =
        attempts::list(&scene, scene.workspace, false, 10).await.unwrap().into_iter().map(|a| a.id).collect();
    assert_eq!(all, [done.id, left.id]);
}

#[tokio::test]
async fn a_state_is_used_for_one_attempt() {
    let scene = scene().await;
    started(&scene, "hash").await;
    let again = attempts::create(&scene, AttemptId::new(), new(&scene, "hash"), Note::new("Started", "")).await;
    assert!(matches!(again, Err(StoreError::Database(_))));
}

#[tokio::test]
async fn attempts_are_found_by_what_became_of_them_page_by_page() {
    let scene = scene().await;
    let bob = users::create(&scene, person("bob@example.org")).await.unwrap().id;
    let mut ids = Vec::new();
    for i in 0..5_i64 {
        let network = if i % 2 == 0 { "playground" } else { "mastodon" };
        let new = NewAttempt {
            network: network.to_owned(),
            started_by: if i == 3 { bob } else { scene.user }.into(),
            ..new(&scene, &format!("hash {i}"))
        };
        ids.push(attempts::create(&scene, AttemptId::new(), new, Note::new("Started", "")).await.unwrap().id);
        scene.minutes_pass(10);
    }
    let changes = Changes { diagnosis: Some(Diagnosis::new(Code::DnsNotFound)), ..Changes::default() };
    go(&scene, ids[1], S::Started, S::Failed, changes).await;
    go(&scene, ids[2], S::Started, S::Cancelled, Changes::default()).await;
    let found = async |search: Search| -> Vec<usize> {
        let found = attempts::search(&scene, &search, 100).await.unwrap();
        found.iter().map(|attempt| ids.iter().position(|id| *id == attempt.id).unwrap()).collect()
    };
    let all = Search::default;
    assert_eq!(found(all()).await, [4, 3, 2, 1, 0]);
    assert_eq!(found(Search { network: Some("mastodon".into()), ..all() }).await, [3, 1]);
    assert_eq!(found(Search { code: Some("dns.not_found".into()), ..all() }).await, [1]);
    assert_eq!(found(Search { states: vec![S::Failed, S::Cancelled], ..all() }).await, [2, 1]);
    assert_eq!(found(Search { started_by: Some(bob), ..all() }).await, [3]);
    let window = Search { from: Some(after_minutes(10)), to: Some(after_minutes(30)), ..all() };
    assert_eq!(found(window).await, [2, 1]);
    assert_eq!(found(Search { workspace: Some(WorkspaceId::new()), ..all() }).await, [0; 0]);
    assert_eq!(found(Search { after: Some(ids[2]), workspace: Some(scene.workspace), ..all() }).await, [1, 0]);
    assert_eq!(attempts::search(&scene, &all(), 2).await.unwrap().len(), 2);
    // Goes on after a mended one: the code goes with the diagnosis.
    let mended = Changes { erase_diagnosis: true, ..Changes::default() };
    go(&scene, ids[1], S::Failed, S::Failed, mended).await;
    assert_eq!(found(Search { code: Some("dns.not_found".into()), ..all() }).await, [0; 0]);
}

#[tokio::test]
async fn an_attempt_tells_all_the_channels_it_became() {
    let scene = scene().await;
    let (one, other) = (started(&scene, "one").await, started(&scene, "other").await);
    let (first, second) = (scene.channel("first").await, scene.channel("second").await);
    let tx = scene.begin().await.unwrap();
    for channel in [second, first, first] {
        attempts::add_channel_in(&tx, one.id, channel).await.unwrap();
    }
    tx.commit().await.unwrap();
    let of = attempts::channels_of(&scene, &[one.id, other.id]).await.unwrap();
    assert_eq!(of, [(one.id, first), (one.id, second)]);
    for channel in [first, second] {
        let made = attempts::list_for_channel(&scene, scene.workspace, channel, 10).await.unwrap();
        assert_eq!(made.iter().map(|attempt| attempt.id).collect::<Vec<_>>(), [one.id]);
    }
    let elsewhere = attempts::list_for_channel(&scene, WorkspaceId::new(), first, 10).await.unwrap();
    assert!(elsewhere.is_empty());
}
