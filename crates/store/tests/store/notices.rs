use crate::scene::{LEASE, Scene, after_minutes, person, scene};
use crier_model::{
    Code, Diagnosis, NoticeId, Secret, WorkspaceId,
    channel::ChannelState,
    notice::{Choices, NoticeKind as K, Ways},
    permission::Role,
    publication::{PublicationState as State, Reason, held},
};
use crier_store::{
    StoreError, channels,
    due::{self, Claimed, kind},
    notices::{self, NewNotice, Notice},
    publications::{self, Change},
    users, webhooks, workspaces,
};

async fn told(scene: &Scene) -> Vec<Notice> {
    notices::list(scene, scene.workspace, K::ALL, None, 100).await.unwrap()
}

async fn claimed(scene: &Scene, wanted: &str) -> Vec<Claimed> {
    let mut all = due::claim(scene, scene.now(), "worker", 100, LEASE).await.unwrap();
    all.retain(|work| work.kind == wanted);
    all
}

#[tokio::test]
async fn a_channel_that_needs_reconnecting_is_told_once_with_what_is_due_next() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let later = scene.scheduled(channel, after_minutes(90)).await;
    let sooner = scene.scheduled(channel, after_minutes(30)).await;
    let reason = Diagnosis::new(Code::CredentialsWrong).because("The password was changed.");
    let (one, other) = (scene.node().await, scene.node().await);
    let set = |node| {
        let reason = reason.clone();
        async move { channels::set_state(&node, channel, ChannelState::NeedsReconnect, Some(&reason)).await.unwrap() }
    };
    let (first, second) = tokio::join!(set(one), set(other));
    assert!(first != second);
    let notice = told(&scene).await.remove(0);
    assert_eq!(told(&scene).await.len(), 1);
    assert_eq!((notice.kind, notice.channel, notice.post), (K::ChannelReconnect, channel, None));
    assert_eq!(notice.title, "Name of ada needs reconnecting");
    assert!(notice.text.starts_with("The password was changed."), "{}", notice.text);
    let due: Vec<_> = notice.next.iter().map(|next| (next.post, next.excerpt.as_str(), next.due_at)).collect();
    assert_eq!(due, [(sooner.post, "Hello", after_minutes(30)), (later.post, "Hello", after_minutes(90))]);
    assert_eq!(claimed(&scene, kind::NOTICE).await.len(), 1);
    // Mended and broken again, it is another occasion.
    scene.channel("ada").await;
    channels::set_state(&scene, channel, ChannelState::NeedsReconnect, Some(&reason)).await.unwrap();
    assert_eq!(told(&scene).await.len(), 2);
}

#[tokio::test]
async fn publications_that_call_for_people_are_told() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let cases = [
        (State::Failed, "content.refused", Some(K::PublicationFailed)),
        (State::Unconfirmed, "sent.unconfirmed", Some(K::PublicationUnconfirmed)),
        (State::Held, held::MISSED, Some(K::PublicationMissed)),
        (State::Held, held::RECONNECT, Some(K::PublicationHeld)),
        (State::Held, held::PAUSED, None),
        (State::Scheduled, "early.content", Some(K::PublicationAtRisk)),
        (State::Cancelled, "cancelled", None),
    ];
    for (to, code, expected) in cases {
        let publication = scene.scheduled(channel, after_minutes(30)).await;
        let before = told(&scene).await.len();
        let change = Change::default().because(Reason::new(code, "Title", "Why it is so."));
        publications::set_state(&scene, publication.id, &[State::Scheduled], to, change).await.unwrap();
        let mut new = told(&scene).await;
        new.truncate(new.len() - before);
        let seen: Vec<_> = new.iter().map(|notice| (notice.kind, notice.post, notice.text.as_str())).collect();
        let expected: Vec<_> =
            expected.into_iter().map(|kind| (kind, Some(publication.post), "Why it is so.")).collect();
        assert_eq!(seen, expected, "{code}");
        if let Some(notice) = new.first() {
            assert!(
                notice.title.starts_with("“Hello”") && notice.title.ends_with("on Name of ada"),
                "{}",
                notice.title
            );
        }
    }
}

#[tokio::test]
async fn an_occasion_is_told_once() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let mut written = Vec::new();
    for _ in 0..2 {
        let mut tx = scene.begin().await.unwrap();
        let new = NewNotice {
            workspace: scene.workspace,
            occasion: "expiry 14".to_owned(),
            kind: K::ChannelExpiring,
            channel,
            post: None,
            title: "Ends".to_owned(),
            text: "Soon.".to_owned(),
        };
        written.push(notices::write_in(&mut tx, new).await.unwrap());
        tx.commit().await.unwrap();
    }
    assert_eq!((written, told(&scene).await.len()), (vec![true, false], 1));
    // What is rolled back was not told.
    let mut tx = scene.begin().await.unwrap();
    channels::set_state_in(&mut tx, channel, ChannelState::NeedsReconnect, None).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(told(&scene).await.len(), 1);
}

#[tokio::test]
async fn a_notice_goes_to_whoever_wants_it_and_to_the_webhook() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let bob = users::create(&scene, person("bob@example.org")).await.unwrap();
    workspaces::set_member(&scene, scene.workspace, bob.id, Role::Viewer).await.unwrap();
    users::create(&scene, person("eve@example.org")).await.unwrap();
    let quiet = Choices([(K::ChannelReconnect, Ways { app: true, mail: false })].into());
    notices::set_choices(&scene, scene.user, &quiet).await.unwrap();
    assert_eq!(notices::choices(&scene, scene.user).await.unwrap(), quiet);
    let secret = Secret::new("whsec_x");
    webhooks::set(&scene, scene.workspace, "https://hooks.example/", Some(&secret), &[K::ChannelReconnect])
        .await
        .unwrap();

    channels::set_state(&scene, channel, ChannelState::NeedsReconnect, None).await.unwrap();
    let work = claimed(&scene, kind::NOTICE).await.remove(0);
    let notice = told(&scene).await.remove(0);
    notices::hand_on(&scene, work.fence, &notice, "{}", true).await.unwrap();
    // A worker that slept past its lease hands nothing on.
    let late = notices::hand_on(&scene, work.fence, &notice, "{}", true).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    let mut all = due::claim(&scene, scene.now(), "worker", 100, LEASE).await.unwrap();
    all.sort_by(|a, b| a.kind.cmp(&b.kind));
    let subjects: Vec<_> = all.iter().map(|work| work.kind.as_str()).collect();
    assert_eq!(subjects, [kind::MAIL, kind::WEBHOOK]);
    assert_eq!(all[0].subject, format!("{}:{}", notice.id, bob.id));
    let calls = webhooks::deliveries(&scene, scene.workspace, 10).await.unwrap();
    assert_eq!((calls.len(), calls[0].notice, calls[0].id.to_string()), (1, Some(notice.id), all[1].subject.clone()));
}

#[tokio::test]
async fn what_was_seen_stays_seen() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    for minutes in [10, 20, 30] {
        let publication = scene.scheduled(channel, after_minutes(minutes)).await;
        let change = Change::default().because(Reason::new("content.refused", "Title", "Why."));
        publications::set_state(&scene, publication.id, &[State::Scheduled], State::Failed, change).await.unwrap();
    }
    let all = told(&scene).await;
    let unread = || async {
        let seen = notices::seen(&scene, scene.workspace, scene.user).await.unwrap();
        notices::count_after(&scene, scene.workspace, K::ALL, seen, 100).await.unwrap()
    };
    assert_eq!(unread().await, 3);
    notices::set_seen(&scene, scene.workspace, scene.user, all[0].id).await.unwrap();
    notices::set_seen(&scene, scene.workspace, scene.user, all[2].id).await.unwrap();
    assert_eq!(unread().await, 0);
    assert_eq!(notices::count_after(&scene, scene.workspace, K::ALL, None, 2).await.unwrap(), 2);
    let older = notices::list(&scene, scene.workspace, K::ALL, Some(all[0].id), 1).await.unwrap();
    assert_eq!(older, all[1..2]);
    let elsewhere = notices::get(&scene, WorkspaceId::new(), all[0].id).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound { what: "notice" })));
    assert!(matches!(notices::by_id(&scene, NoticeId::new()).await, Err(StoreError::NotFound { .. })));
    assert_eq!(notices::forget_before(&scene, scene.workspace, after_minutes(1)).await.unwrap(), 3);
}

#[tokio::test]
async fn a_webhook_keeps_its_secret_until_a_new_one_is_given() {
    let scene = scene().await;
    let set = |secret: Option<&'static str>, url: &'static str| {
        let secret = secret.map(Secret::new);
        let scene = &scene;
        async move { webhooks::set(scene, scene.workspace, url, secret.as_ref(), &[K::PublicationHeld]).await }
    };
    assert!(matches!(set(None, "https://one.example/").await, Err(StoreError::NotFound { what: "webhook" })));
    set(Some("first"), "https://one.example/").await.unwrap();
    let kept = set(None, "https://two.example/").await.unwrap();
    assert_eq!((kept.secret.expose(), kept.url.as_str()), ("first", "https://two.example/"));
    assert_eq!(set(Some("second"), "https://two.example/").await.unwrap().secret.expose(), "second");
    assert_eq!(webhooks::get(&scene, WorkspaceId::new()).await.unwrap(), None);
    let delivery = webhooks::test(&scene, scene.workspace, |id| id.to_string()).await.unwrap();
    assert_eq!(delivery.body, delivery.id.to_string());
    webhooks::remove(&scene, scene.workspace).await.unwrap();
    assert!(matches!(webhooks::remove(&scene, scene.workspace).await, Err(StoreError::NotFound { .. })));
    assert!(webhooks::test(&scene, scene.workspace, |_| String::new()).await.is_err());
}
