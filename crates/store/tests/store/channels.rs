use crate::scene::{Scene, after_minutes, connected, post, scene, start};
use crier_model::{
    ChannelId, Code, Diagnosis, Secret, WorkspaceId,
    channel::ChannelState,
    post::Timing,
    publication::{PublicationState as State, Reason, held},
};
use crier_store::{
    StoreError,
    channels::{self, Upserted},
    due::{self, NewWork},
    publications::{self, Change, Publication},
};
use std::collections::HashSet;

async fn reconnect(scene: &Scene, remote_id: &str) -> Upserted {
    channels::upsert_connected(scene, scene.workspace, &connected(remote_id), |_| Vec::new()).await.unwrap()
}

async fn hold(scene: &Scene, publication: &Publication, code: &str) {
    let change = Change::default().because(Reason::new(code, "Held", "Waits."));
    publications::set_state(scene, publication.id, &[State::Scheduled], State::Held, change).await.unwrap();
    due::remove(scene, due::kind::PUBLISH, &publication.id.to_string()).await.unwrap();
}

async fn read(scene: &Scene, publication: &Publication) -> Publication {
    publications::by_id(scene, publication.id).await.unwrap()
}

#[tokio::test]
async fn an_account_connected_again_keeps_its_channel() {
    let scene = scene().await;
    let work = |id: ChannelId| vec![NewWork::new(WorkspaceId::new(), due::kind::AVATAR, id, start())];
    let first = channels::upsert_connected(&scene, scene.workspace, &connected("ada"), work).await.unwrap();
    assert!(first.is_new);
    assert_eq!(scene.claim().await[0].subject, first.channel.id.to_string());
    let mut newer = connected("ada");
    newer.identity.name = "Ada King".to_owned();
    newer.credentials = Secret::new("newer token");
    let again = channels::upsert_connected(&scene, scene.workspace, &newer, |_| Vec::new()).await.unwrap();
    assert_eq!((again.is_new, again.channel.id), (false, first.channel.id));
    assert_eq!((again.channel.name.as_str(), again.channel.credentials_version), ("Ada King", 2));
    assert_eq!(channels::open_credentials(&scene, again.channel.id).await.unwrap().secret.expose(), "newer token");
    // The same account on another server is another channel.
    let mut elsewhere = connected("ada");
    elsewhere.instance = Some("https://example.social".to_owned());
    assert!(channels::upsert_connected(&scene, scene.workspace, &elsewhere, |_| Vec::new()).await.unwrap().is_new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_account_connected_twice_at_once_is_one_channel() {
    let scene = scene().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut connects = tokio::task::JoinSet::new();
    for i in 0..12 {
        let (node, workspace) = (nodes[i % 2].clone(), scene.workspace);
        connects.spawn(async move {
            channels::upsert_connected(&node, workspace, &connected("ada"), |_| Vec::new()).await.unwrap()
        });
    }
    let done = connects.join_all().await;
    assert_eq!(done.iter().map(|u| u.channel.id).collect::<HashSet<_>>().len(), 1);
    assert_eq!(done.iter().filter(|u| u.is_new).count(), 1);
    let versions: HashSet<_> = done.iter().map(|u| u.channel.credentials_version).collect();
    assert_eq!(versions, (1..=12).collect());
    assert_eq!(channels::list(&scene, scene.workspace).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_reconnect_puts_back_what_is_in_time_and_asks_about_the_rest() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let late = scene.scheduled(channel, start()).await;
    let in_time = scene.scheduled(channel, after_minutes(90)).await;
    let to_come = scene.scheduled(channel, after_minutes(600)).await;
    let paused = scene.scheduled(channel, after_minutes(610)).await;
    for publication in [&late, &in_time, &to_come] {
        hold(&scene, publication, held::RECONNECT).await;
    }
    hold(&scene, &paused, held::PAUSED).await;
    let diagnosis = Diagnosis::new(Code::CredentialsWrong);
    let state = ChannelState::NeedsReconnect;
    assert!(channels::set_state(&scene, channel, state, Some(&diagnosis)).await.unwrap());
    assert!(!channels::set_state(&scene, channel, state, Some(&diagnosis)).await.unwrap());
    assert_eq!(channels::get(&scene, scene.workspace, channel).await.unwrap().reason, Some(diagnosis));

    scene.minutes_pass(180);
    let again = reconnect(&scene, "ada").await;
    assert_eq!((again.resumed, again.channel.state, again.channel.reason), (3, ChannelState::Active, None));
    let missed = read(&scene, &late).await;
    assert_eq!((missed.state, missed.reason.unwrap().code.as_str()), (State::Held, held::MISSED));
    assert_eq!(read(&scene, &in_time).await.state, State::Scheduled);
    assert_eq!(read(&scene, &to_come).await.state, State::Scheduled);
    // The channel is not switched off, so what paused it is over.
    assert_eq!(read(&scene, &paused).await.state, State::Scheduled);
    let due: Vec<_> =
        scene.claim().await.into_iter().filter(|c| c.kind == due::kind::PUBLISH).map(|c| c.subject).collect();
    assert_eq!(due, [in_time.id.to_string()]);
}

#[tokio::test]
async fn a_channel_switched_on_again_resumes_what_was_paused() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let publication = scene.scheduled(channel, after_minutes(60)).await;
    channels::set_state(&scene, channel, ChannelState::Disabled, None).await.unwrap();
    assert_eq!(read(&scene, &publication).await.state, State::Scheduled);
    hold(&scene, &publication, held::PAUSED).await;
    // A reconnect does not overrule the person who switched it off.
    assert_eq!(reconnect(&scene, "ada").await.channel.state, ChannelState::Disabled);
    assert_eq!(read(&scene, &publication).await.state, State::Held);
    channels::set_state(&scene, channel, ChannelState::Active, None).await.unwrap();
    assert_eq!(read(&scene, &publication).await.state, State::Scheduled);
    let summary = channels::summary(&scene, scene.workspace, channel).await.unwrap();
    assert_eq!((summary.queued, summary.next_due_at), (1, Some(after_minutes(60))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_replace_credentials_one_is_told_to_look_again() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let nodes = [scene.node().await, scene.node().await];
    let mut refreshes = tokio::task::JoinSet::new();
    for (i, node) in nodes.into_iter().enumerate() {
        refreshes.spawn(async move {
            let secret = Secret::new(format!("token of node {i}"));
            channels::set_credentials(&node, channel, 1, &secret, Some(after_minutes(60)), &[]).await
        });
    }
    let results = refreshes.join_all().await;
    assert_eq!(results.iter().filter(|r| matches!(r, Ok(2))).count(), 1);
    let stale = |r: &&Result<i64, StoreError>| matches!(r, Err(StoreError::Stale { what: "credentials" }));
    assert_eq!(results.iter().filter(stale).count(), 1);
    assert_eq!(channels::open_credentials(&scene, channel).await.unwrap().version, 2);
}

#[tokio::test]
async fn a_deleted_channel_cancels_what_waits_and_forgets_its_tokens() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let waiting = scene.scheduled(channel, after_minutes(60)).await;
    let sending = scene.scheduled(channel, after_minutes(30)).await;
    let to = |state| {
        publications::set_state(&scene, sending.id, &[State::Scheduled, State::Sending], state, Change::default())
    };
    to(State::Sending).await.unwrap();
    let refused = channels::delete(&scene, scene.workspace, channel).await;
    assert!(matches!(refused, Err(StoreError::Conflict { what: "channel.sending" })));
    to(State::Published).await.unwrap();
    let elsewhere = channels::delete(&scene, WorkspaceId::new(), channel).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound { what: "channel" })));

    assert_eq!(channels::delete(&scene, scene.workspace, channel).await.unwrap(), 1);
    let cancelled = read(&scene, &waiting).await;
    assert_eq!(
        (cancelled.state, cancelled.reason.unwrap().code.as_str()),
        (State::Cancelled, "cancelled.channel_deleted")
    );
    assert_eq!(read(&scene, &sending).await.state, State::Published);
    assert!(channels::get(&scene, scene.workspace, channel).await.is_err());
    assert!(channels::open_credentials(&scene, channel).await.is_err());
    let kept = channels::by_id(&scene, channel).await.unwrap();
    assert!(kept.deleted_at.is_some() && kept.token_expires_at.is_none());
    // Connected again it is the same channel.
    let again = reconnect(&scene, "ada").await;
    assert_eq!((again.channel.id, again.is_new, again.channel.deleted_at), (channel, false, None));
    assert_eq!(read(&scene, &waiting).await.state, State::Cancelled);
}

#[tokio::test]
async fn other_workspaces_do_not_see_or_change_a_channel() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let other = WorkspaceId::new();
    assert!(channels::get(&scene, other, channel).await.is_err());
    assert!(channels::rename(&scene, other, channel, "Mine").await.is_err());
    assert_eq!(channels::get_many(&scene, other, &[channel]).await.unwrap(), []);
    assert_eq!(channels::list(&scene, other).await.unwrap(), []);
    channels::rename(&scene, scene.workspace, channel, "Countess").await.unwrap();
    assert_eq!(channels::get(&scene, scene.workspace, channel).await.unwrap().name, "Countess");
}

#[tokio::test]
async fn a_list_counts_what_waits_on_each_channel() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    scene.save(&post("One", &[a, b], Timing::At(after_minutes(20)))).await;
    scene.save(&post("Two", &[a], Timing::At(after_minutes(10)))).await;
    scene.save(&post("Draft", &[a], Timing::Draft(Some(after_minutes(1))))).await;
    let list = channels::list(&scene, scene.workspace).await.unwrap();
    let seen: Vec<_> = list.iter().map(|s| (s.channel.id, s.queued, s.next_due_at)).collect();
    assert_eq!(seen, [(a, 2, Some(after_minutes(10))), (b, 1, Some(after_minutes(20)))]);
}
