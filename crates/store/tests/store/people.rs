use crate::scene::{after_minutes, person, scene, start};
use crier_model::{Secret, WorkspaceId, permission::Role};
use crier_store::{
    StoreError, apps, installation, keys, sessions,
    testing::{TestClock, open_at},
    users::{self, Registration, UserChange},
    workspaces,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_sign_up_first_one_is_the_first() {
    let clock = TestClock::at(start());
    let store = open_at(clock.clone()).await;
    assert!(!users::any(&store).await.unwrap());
    let other = crier_store::Store::connect(store.config(), clock).await.unwrap();
    let mut sign_ups = tokio::task::JoinSet::new();
    for i in 0..10 {
        let node = if i % 2 == 0 { store.clone() } else { other.clone() };
        let new = person(&format!("person{i}@example.org"));
        sign_ups.spawn(async move { users::sign_up(&node, new, "Mine", Registration::FirstOnly).await });
    }
    let results = sign_ups.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    let closed = |r: &&Result<_, StoreError>| matches!(r, Err(StoreError::Conflict { what: "registration.closed" }));
    assert_eq!(results.iter().filter(closed).count(), 9);
    assert_eq!(workspaces::all(&store).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_address_belongs_to_one_person_however_it_is_written() {
    let scene = scene().await;
    let again = users::sign_up(&scene, person(" ADA@example.org"), "Mine", Registration::Open).await;
    assert!(matches!(again, Err(StoreError::Conflict { what: "user.email" })));
    let found = users::by_email(&scene, "Ada@Example.org ").await.unwrap().unwrap();
    assert_eq!(found.id, scene.user);
    assert_eq!(workspaces::all(&scene).await.unwrap(), [scene.workspace]);
    let change = UserChange { week_start: Some("sunday".to_owned()), ..UserChange::default() };
    let changed = users::update(&scene, scene.user, change).await.unwrap();
    assert_eq!((changed.week_start.as_str(), changed.name.as_str()), ("sunday", "Ada Lovelace"));
    assert!(!format!("{changed:?}").contains("argon2id"));
}

#[tokio::test]
async fn members_see_their_workspaces_with_their_roles() {
    let scene = scene().await;
    let other = users::create(&scene, person("charles@example.org")).await.unwrap();
    assert_eq!(workspaces::membership(&scene, scene.workspace, other.id).await.unwrap(), None);
    workspaces::set_member(&scene, scene.workspace, other.id, Role::Viewer).await.unwrap();
    workspaces::set_member(&scene, scene.workspace, other.id, Role::Editor).await.unwrap();
    let own = workspaces::create_with_owner(&scene, "Engines", "Europe/London", other.id).await.unwrap();
    let roles: Vec<_> =
        workspaces::for_user(&scene, other.id).await.unwrap().into_iter().map(|(w, r)| (w.id, r)).collect();
    assert_eq!(roles, [(scene.workspace, Role::Editor), (own.id, Role::Owner)]);
    let renamed = workspaces::update(&scene, own.id, Some("Analytical"), None).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.time_zone.as_str()), ("Analytical", "Europe/London"));
    assert!(workspaces::get(&scene, WorkspaceId::new()).await.is_err());
}

#[tokio::test]
async fn sessions_end_by_time_and_by_hand() {
    let scene = scene().await;
    let short = sessions::create(&scene, scene.user, "short", after_minutes(10), "Firefox").await.unwrap();
    let long = sessions::create(&scene, scene.user, "long", after_minutes(100), "Safari").await.unwrap();
    let (found, user) = sessions::by_token_hash(&scene, "short").await.unwrap().unwrap();
    assert_eq!((found.id, user.id), (short.id, scene.user));
    scene.minutes_pass(10);
    assert!(sessions::by_token_hash(&scene, "short").await.unwrap().is_none());
    assert_eq!(sessions::list(&scene, scene.user).await.unwrap().len(), 1);
    assert_eq!(sessions::forget_expired(&scene).await.unwrap(), 1);
    sessions::touch(&scene, long.id, after_minutes(200)).await.unwrap();
    let third = sessions::create(&scene, scene.user, "third", after_minutes(100), "curl").await.unwrap();
    assert_eq!(sessions::revoke_others(&scene, scene.user, Some(third.id)).await.unwrap(), 1);
    let stranger = crier_model::UserId::new();
    assert!(sessions::revoke(&scene, stranger, third.id).await.is_err());
    sessions::revoke(&scene, scene.user, third.id).await.unwrap();
    assert!(sessions::by_token_hash(&scene, "third").await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_opens_until_it_expires_or_is_deleted() {
    let scene = scene().await;
    let new = |hash: &str, expires_at| keys::NewKey {
        workspace: scene.workspace,
        user: scene.user,
        name: "Script".to_owned(),
        key_hash: hash.to_owned(),
        prefix: "crier_ab".to_owned(),
        expires_at,
    };
    let forever = keys::create(&scene, new("forever", None)).await.unwrap();
    keys::create(&scene, new("brief", Some(after_minutes(1)))).await.unwrap();
    assert!(keys::by_hash(&scene, "brief").await.unwrap().is_some());
    scene.minutes_pass(1);
    assert!(keys::by_hash(&scene, "brief").await.unwrap().is_none());
    keys::touch(&scene, forever.id).await.unwrap();
    assert_eq!(keys::by_hash(&scene, "forever").await.unwrap().unwrap().last_used_at, Some(after_minutes(1)));
    assert_eq!(keys::list(&scene, scene.workspace).await.unwrap().len(), 2);
    assert!(keys::delete(&scene, WorkspaceId::new(), forever.id).await.is_err());
    keys::delete(&scene, scene.workspace, forever.id).await.unwrap();
    assert!(keys::by_hash(&scene, "forever").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_register_an_app_for_the_same_use_one() {
    let scene = scene().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut registrations = tokio::task::JoinSet::new();
    for i in 0..10 {
        let node = nodes[i % 2].clone();
        let new = apps::NewApp {
            workspace: None,
            network: "mastodon".to_owned(),
            instance: Some("https://example.social".to_owned()),
            client_id: format!("client {i}"),
            client_secret: Some(Secret::new(format!("secret {i}"))),
            bot_token: None,
            redirect_uri: "http://127.0.0.1:4800/integrations/social/mastodon".to_owned(),
            scopes: vec!["write".to_owned()],
            lookup_key: "registered mastodon".to_owned(),
        };
        registrations.spawn(async move { apps::insert_or_get(&node, new).await.unwrap() });
    }
    let all = registrations.join_all().await;
    assert!(all.iter().all(|app| app == &all[0]));
    // The id and the secret are of one registration.
    let number = all[0].client_id.strip_prefix("client ").unwrap();
    assert_eq!(all[0].client_secret.as_ref().unwrap().expose(), format!("secret {number}"));
    assert_eq!(apps::list(&scene, scene.workspace, "mastodon").await.unwrap().len(), 1);
    assert!(apps::delete(&scene, all[0].id).await.unwrap());
    assert_eq!(apps::by_lookup(&scene, "registered mastodon").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_person_runs_the_installation_and_somebody_always_does() {
    let clock = TestClock::at(start());
    let store = open_at(clock.clone()).await;
    let mut sign_ups = tokio::task::JoinSet::new();
    for i in 0..6 {
        let (node, new) = (store.clone(), person(&format!("person{i}@example.org")));
        sign_ups.spawn(async move { users::sign_up(&node, new, "Mine", Registration::Open).await.unwrap().0 });
    }
    let (admins, others): (Vec<_>, Vec<_>) = sign_ups.join_all().await.into_iter().partition(|user| user.is_admin);
    assert_eq!((admins.len(), others.len()), (1, 5));
    let (first, second) = (admins[0].email.as_str(), others[0].email.as_str());
    let last = users::set_admin(&store, first, false).await;
    assert!(matches!(last, Err(StoreError::Conflict { what: "user.last_admin" })), "{last:?}");
    assert!(users::set_admin(&store, &second.to_uppercase(), true).await.unwrap().is_admin);
    assert!(!users::set_admin(&store, first, false).await.unwrap().is_admin);
    assert!(users::by_email(&store, second).await.unwrap().unwrap().is_admin);
    assert!(matches!(users::set_admin(&store, "nobody@example.org", true).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn an_installation_is_known_by_one_identity_over_all_nodes() {
    let scene = scene().await;
    let nodes = [scene.node().await, scene.node().await];
    let (a, b) = tokio::join!(installation::identity(&nodes[0]), installation::identity(&nodes[1]));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.len(), &a), (64, &b));
    assert_eq!(installation::proof(&a, "nonce"), installation::proof(&b, "nonce"));
    assert_ne!(installation::proof(&a, "nonce"), installation::proof(&a, "another"));
    assert_ne!(installation::proof(&a, "nonce"), installation::proof("another", "nonce"));
}
