//! Coming back in another browser than the one that left.

use crate::world::{World, code, refused, returning, stands};
use crier_connect::{ConnectError, Landing, Start};
use crier_model::{AttemptId, Code, attempt::AttemptState as S, permission::Role};
use crier_store::{testing::record::row, workspaces};

fn nonce(landing: Landing) -> String {
    match landing {
        Landing::Attempt { nonce: Some(nonce), .. } => nonce,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_browser_confirms_by_its_nonce() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let nonce = nonce(world.handshake.callback(returning(&query, Some("another cookie"), None)).await);
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Confirming, Some(Code::StateForeignBrowser)));
    assert_eq!(view.account.unwrap().handle, "ada");
    assert!(world.channels().await.is_empty());
    // The code was exchanged at once: it dies in seconds.
    assert_eq!(world.outcomes("token").await, ["ok"]);

    let confirm = |nonce: String| {
        let (handshake, id) = (world.handshake.clone(), started.attempt.id);
        async move { handshake.confirm(id, world.workspace, world.user, &nonce).await }
    };
    assert!(matches!(confirm("guessed".to_owned()).await, Err(ConnectError::WrongNonce)));
    let gone_on = world.handshake.proceed(started.attempt.id, world.workspace, world.user).await;
    assert_eq!(refused(gone_on), Code::AttemptEnded);
    let unknown = world.handshake.proceed(AttemptId::new(), world.workspace, world.user).await;
    assert_eq!(refused(unknown), Code::AttemptUnknown);
    assert!(world.channels().await.is_empty());
    assert_eq!(confirm(nonce.clone()).await.unwrap().state, S::Connected);
    assert_eq!(confirm(nonce).await.unwrap().state, S::Connected);
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test]
async fn a_lost_cookie_costs_nothing_where_the_starter_is_signed_in() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let landing = world.handshake.callback(returning(&query, None, Some(world.user))).await;
    assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
    assert_eq!(world.view(started.attempt.id).await.state, S::Connected);
}

#[tokio::test]
async fn a_link_forged_by_an_attacker_attaches_nothing() {
    let world = World::start().await;
    let (victim, _) = world.another_user().await;
    // The attacker starts it and has the victim open the link; the victim allows it at the network.
    let started = world.leave().await;
    let query = world.answer(&started, "grace", "allow", crate::world::ALL).await;
    let landing = world.handshake.callback(returning(&query, Some("the victim's"), Some(victim))).await;
    let nonce = nonce(landing);
    let id = started.attempt.id;
    // The attacker has the right person and not the nonce; the victim has the nonce and is another person.
    let by_attacker = world.handshake.confirm(id, world.workspace, world.user, "unknown").await;
    assert!(matches!(by_attacker, Err(ConnectError::WrongNonce)), "{by_attacker:?}");
    let by_victim = world.handshake.confirm(id, world.workspace, victim, &nonce).await;
    assert!(matches!(by_victim, Err(ConnectError::NotTheStarter)), "{by_victim:?}");
    // The attacker's own browser returning later, without the code, changes nothing.
    let mut guessed = query.clone();
    guessed.insert("code".to_owned(), "made up".to_owned());
    let landing = world.come_back(&started, &guessed).await;
    assert_eq!(landing, Landing::Attempt { id, nonce: None });
    assert_eq!(world.view(id).await.state, S::Confirming);
    assert!(world.channels().await.is_empty());

    world.pass(14 * 60);
    assert!(world.handshake.revisit(id).await.unwrap().is_some());
    assert!(world.outcomes("revoke").await.is_empty());
    world.pass(2 * 60);
    assert_eq!(world.handshake.revisit(id).await.unwrap(), None);
    world.comes_to("revoke", &["ok", "ok"]).await;
    assert_eq!(crier_store::attempts::by_id(&world.store, id).await.unwrap().parked, None);
    let got = format!("{}, {} channels", stands(&world.view(id).await), world.channels().await.len());
    row("attacker's link opened by a victim", "expired: state.expired, 0 channels", got);
}

#[tokio::test]
async fn a_scanner_that_comes_first_costs_the_person_nothing() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let nonce = nonce(world.handshake.callback(returning(&query, None, None)).await);
    // A second delivery in that browser, for example of a double click, gets the same nonce.
    let again = world.handshake.callback(returning(&query, None, None)).await;
    assert_eq!(again, Landing::Attempt { id: started.attempt.id, nonce: Some(nonce) });
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
    assert_eq!(world.outcomes("token").await, ["ok"]);
}

#[tokio::test]
async fn a_confirmation_comes_too_late_after_a_quarter_of_an_hour() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let nonce = nonce(world.handshake.callback(returning(&query, None, None)).await);
    world.pass(16 * 60);
    let late = world.handshake.confirm(started.attempt.id, world.workspace, world.user, &nonce).await;
    assert!(matches!(late, Err(ConnectError::WrongState { state: S::Expired, .. })), "{late:?}");
    world.comes_to("revoke", &["ok", "ok"]).await;
    assert!(world.channels().await.is_empty());
}

#[tokio::test]
async fn whoever_lost_the_role_meanwhile_connects_nothing() {
    let world = World::start().await;
    let (user, _) = world.another_user().await;
    let is = async |role| workspaces::set_member(&world.store, world.workspace, user, role).await.unwrap();
    is(Role::Admin).await;
    let started = world.handshake.start(Start { user, ..world.wish(None) }).await.unwrap();
    let query = world.allow(&started).await;
    is(Role::Editor).await;
    world.handshake.callback(returning(&query, Some(&started.browser_cookie), None)).await;
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::AccessLost)));
    assert!(world.channels().await.is_empty());
    // What was granted is given back.
    world.comes_to("revoke", &["ok", "ok"]).await;
}
