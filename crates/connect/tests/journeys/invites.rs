//! Connecting an account without an account here, by a link.

use crate::world::{World, code, refused, returning};
use crier_connect::{ConnectError, Guest, Invitation, Landing, NewLink, Started};
use crier_model::{Code, InviteId, attempt::AttemptState as S, permission::Role};
use crier_store::{invites, workspaces};
use std::collections::BTreeMap;

/// A link to the Playground and a webhook, and its token.
async fn link(world: &World, max_uses: u32) -> (InviteId, String) {
    let link = NewLink {
        workspace: world.workspace,
        created_by: world.user,
        name: "For Acme".to_owned(),
        networks: vec!["playground".to_owned(), "webhook".to_owned()],
        max_uses,
        expires_at: world.clock_in(3600),
    };
    let (invite, token) = world.handshake.make_invite(link).await.unwrap();
    (invite.id, token.expose().to_owned())
}

async fn open(world: &World, token: &str) -> Invitation {
    world.handshake.invitation(token).await.unwrap()
}

async fn leave(world: &World, token: &str) -> Started {
    let invitation = open(world, token).await;
    let started = world.handshake.start_invited(&invitation, "playground", None, None, None).await.unwrap();
    assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
    started
}

/// The browser that left.
fn guest(started: &Started) -> Guest {
    Guest::new(None, Some(&started.browser_cookie))
}

fn nonce(landing: Landing) -> String {
    match landing {
        Landing::Guest { nonce: Some(nonce), .. } => nonce,
        other => panic!("{other:?}"),
    }
}

/// Why a link is refused, and with what status.
async fn ended(world: &World, token: &str) -> Code {
    let refusal = world.handshake.invitation(token).await;
    assert_eq!(refusal.as_ref().map(drop).unwrap_err().status(), 410);
    refused(refusal)
}

#[tokio::test]
async fn a_guest_connects_an_account_and_learns_nothing_else() {
    let world = World::start().await;
    let (id, token) = link(&world, 2).await;
    let invitation = open(&world, &token).await;
    assert_eq!((invitation.person.as_str(), invitation.workspace.name.as_str()), ("Ada", "Works"));

    let started = leave(&world, &token).await;
    assert!(started.attempt.authorize_url.is_some());
    let query = world.allow(&started).await;
    let landing = world.handshake.callback(returning(&query, Some(&started.browser_cookie), None)).await;
    assert_eq!(landing, Landing::Guest { id: started.attempt.id, nonce: None });
    let view = world.handshake.view(started.attempt.id, world.workspace, guest(&started)).await.unwrap();
    assert_eq!((view.state, view.account.unwrap().handle.as_str()), (S::Connected, "ada"));
    assert_eq!((view.channel_id, view.events.len()), (None, 0));
    let channels = world.channels().await;
    assert_eq!((channels.len(), channels[0].handle.as_str()), (1, "ada"));
    assert_eq!(invites::by_id(&world.store, id).await.unwrap().uses, 1);
    // The workspace sees how it came about.
    let seen = world.view(started.attempt.id).await;
    assert_eq!(seen.channel_id, Some(channels[0].id));
    assert_eq!(seen.events[0].detail.as_deref(), Some("Connecting Playground, by an invite link."));
}

#[tokio::test]
async fn a_form_is_filled_in_by_a_guest() {
    let world = World::start().await;
    let server = wiremock::MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(wiremock::ResponseTemplate::new(204))
        .mount(&server)
        .await;
    let (id, token) = link(&world, 1).await;
    let invitation = open(&world, &token).await;
    let started = world.handshake.start_invited(&invitation, "webhook", None, None, None).await.unwrap();
    let submit = |guest: Guest, url: String| {
        let values = BTreeMap::from([("url".to_owned(), url), ("name".to_owned(), "Site".to_owned())]);
        world.handshake.submit(started.attempt.id, world.workspace, guest, values)
    };
    let by_another = submit(Guest::new(Some(id), Some("another browser")), server.uri()).await;
    assert!(matches!(by_another, Err(ConnectError::NotThisGuest)), "{by_another:?}");
    let wrong = submit(guest(&started), "no address".to_owned()).await.unwrap_err();
    assert_eq!(wrong.findings()[0].pointer, "/values/url");
    let view = submit(guest(&started), format!("{}/hook", server.uri())).await.unwrap();
    assert_eq!((view.state, view.channel_id), (S::Connected, None));
    assert_eq!(ended(&world, &token).await, Code::InviteUsedUp);
}

#[tokio::test]
async fn another_network_than_those_invited_to_is_refused() {
    let world = World::start().await;
    let (_, token) = link(&world, 1).await;
    let invitation = open(&world, &token).await;
    let other = world.handshake.start_invited(&invitation, "mastodon", None, Some("example.social"), None).await;
    let error = other.map(drop).unwrap_err();
    assert_eq!((error.status(), error.findings()[0].pointer.as_str()), (422, "/network"));
    assert_eq!(error.diagnosis().code, Code::NetworkUnknown);
}

#[tokio::test]
async fn a_link_ends_by_its_time_by_its_uses_by_hand_and_with_its_maker() {
    let world = World::start().await;
    let unknown = world.handshake.invitation("made up").await;
    assert_eq!(unknown.as_ref().map(drop).unwrap_err().status(), 404);
    assert_eq!(refused(unknown), Code::InviteUnknown);

    let (id, token) = link(&world, 1).await;
    invites::revoke(&world.store, world.workspace, id).await.unwrap();
    assert_eq!(ended(&world, &token).await, Code::InviteRevoked);

    let (_, token) = link(&world, 1).await;
    workspaces::set_member(&world.store, world.workspace, world.user, Role::Editor).await.unwrap();
    assert_eq!(ended(&world, &token).await, Code::InviteRevoked);
    workspaces::set_member(&world.store, world.workspace, world.user, Role::Owner).await.unwrap();
    open(&world, &token).await;
    world.pass(3601);
    assert_eq!(ended(&world, &token).await, Code::InviteExpired);
}

#[tokio::test]
async fn of_two_guests_on_their_way_with_one_use_one_is_connected() {
    let world = World::start().await;
    let (id, token) = link(&world, 1).await;
    let (first, second) = (leave(&world, &token).await, leave(&world, &token).await);
    let (ada, grace) = (world.allow(&first).await, world.answer(&second, "grace", "allow", crate::world::ALL).await);
    let (one, other) = tokio::join!(
        world.handshake.callback(returning(&ada, Some(&first.browser_cookie), None)),
        world.handshake.callback(returning(&grace, Some(&second.browser_cookie), None)),
    );
    assert!(matches!((&one, &other), (Landing::Guest { .. }, Landing::Guest { .. })), "{one:?} {other:?}");
    let views = [world.view(first.attempt.id).await, world.view(second.attempt.id).await];
    let mut states: Vec<_> = views.iter().map(|view| (view.state, code(view))).collect();
    states.sort_by_key(|(state, _)| *state != S::Connected);
    assert_eq!(states, [(S::Connected, None), (S::Failed, Some(Code::InviteUsedUp))]);
    assert_eq!(world.channels().await.len(), 1);
    assert_eq!(invites::by_id(&world.store, id).await.unwrap().uses, 1);
    // What the other was granted is given back.
    world.comes_to("revoke", &["ok", "ok"]).await;
}

#[tokio::test]
async fn a_link_whose_maker_lost_the_role_meanwhile_attaches_nothing() {
    let world = World::start().await;
    let (_, token) = link(&world, 1).await;
    let started = leave(&world, &token).await;
    let query = world.allow(&started).await;
    workspaces::set_member(&world.store, world.workspace, world.user, Role::Editor).await.unwrap();
    world.handshake.callback(returning(&query, Some(&started.browser_cookie), None)).await;
    let view = world.view(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::InviteRevoked)));
    assert!(world.channels().await.is_empty());
}

#[tokio::test]
async fn a_link_revoked_meanwhile_attaches_nothing_and_one_that_expired_meanwhile_does() {
    let world = World::start().await;
    let (id, token) = link(&world, 5).await;
    let (revoked, late) = (leave(&world, &token).await, leave(&world, &token).await);
    let (ada, grace) = (world.allow(&revoked).await, world.answer(&late, "grace", "allow", crate::world::ALL).await);
    world.pass(20 * 60);
    let (_, other) = link(&world, 1).await;
    let expired = leave(&world, &other).await;
    let query = world.allow(&expired).await;
    world.handshake.callback(returning(&grace, Some(&late.browser_cookie), None)).await;
    assert_eq!(world.view(late.attempt.id).await.state, S::Connected);
    invites::revoke(&world.store, world.workspace, id).await.unwrap();
    world.handshake.callback(returning(&ada, Some(&revoked.browser_cookie), None)).await;
    let view = world.view(revoked.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::InviteRevoked)));
    assert_eq!(world.channels().await.len(), 1);
    world.pass(29 * 60);
    world.handshake.callback(returning(&query, Some(&expired.browser_cookie), None)).await;
    assert_eq!(world.view(expired.attempt.id).await.state, S::Connected);
}

#[tokio::test]
async fn in_another_browser_the_link_and_the_nonce_are_needed() {
    let world = World::start().await;
    let (id, token) = link(&world, 1).await;
    let (elsewhere, _) = link(&world, 1).await;
    let started = leave(&world, &token).await;
    let query = world.allow(&started).await;
    // Whoever made the link is signed in in the browser that comes back: that makes it no less foreign.
    let landing = world.handshake.callback(returning(&query, Some("another"), Some(world.user))).await;
    let nonce = nonce(landing);
    let attempt = started.attempt.id;
    let view = |guest: Guest| world.handshake.view(attempt, world.workspace, guest);
    let confirm = |guest: Guest, nonce: &str| {
        let nonce = nonce.to_owned();
        let handshake = world.handshake.clone();
        async move { handshake.confirm(attempt, world.workspace, guest, &nonce).await }
    };
    let without_link = view(Guest::new(None, Some("another"))).await.unwrap_err();
    assert_eq!((without_link.status(), without_link.diagnosis().code), (403, Code::StateForeignBrowser));
    for stranger in [Guest::new(None, None), Guest::new(Some(elsewhere), Some("another"))] {
        let by_stranger = confirm(stranger, &nonce).await;
        assert!(matches!(by_stranger, Err(ConnectError::NotThisGuest)), "{by_stranger:?}");
    }
    // Nor may the workspace's own people, whoever made the link, confirm or end it in the guest's name.
    let by_maker = world.handshake.confirm(attempt, world.workspace, world.user, &nonce).await;
    assert!(matches!(by_maker, Err(ConnectError::NotTheStarter)), "{by_maker:?}");
    let by_maker = world.handshake.cancel(attempt, world.workspace, world.user).await;
    assert!(matches!(by_maker, Err(ConnectError::NotTheStarter)), "{by_maker:?}");
    let with_link = Guest::new(Some(id), Some("another"));
    let seen = view(with_link.clone()).await.unwrap();
    assert_eq!((seen.state, seen.account.as_ref().unwrap().handle.as_str()), (S::Confirming, "ada"));
    assert!(seen.diagnosis.unwrap().fix[0].contains("invite link"));
    let guessed = confirm(with_link.clone(), "guessed").await;
    assert!(matches!(guessed, Err(ConnectError::WrongNonce)), "{guessed:?}");
    assert!(world.channels().await.is_empty());
    assert_eq!(confirm(with_link, &nonce).await.unwrap().state, S::Connected);
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test]
async fn a_link_forged_by_somebody_invited_attaches_nothing() {
    let world = World::start().await;
    let (id, token) = link(&world, 1).await;
    // Eve begins it with her link, and has the victim open the consent page.
    let started = leave(&world, &token).await;
    let query = world.answer(&started, "grace", "allow", crate::world::ALL).await;
    let nonce = nonce(world.handshake.callback(returning(&query, None, None)).await);
    let attempt = started.attempt.id;
    // Eve has the link and the browser that left, but no nonce; the victim has the nonce, but was sent no link.
    let by_eve = Guest::new(Some(id), Some(&started.browser_cookie));
    let confirmed = world.handshake.confirm(attempt, world.workspace, by_eve.clone(), "guessed").await;
    assert!(matches!(confirmed, Err(ConnectError::WrongNonce)), "{confirmed:?}");
    let gone_on = world.handshake.proceed(attempt, world.workspace, by_eve.clone()).await;
    assert!(matches!(gone_on, Err(ConnectError::WrongState { .. })), "{gone_on:?}");
    // Her browser comes back to the address without the code.
    let mut guessed = query.clone();
    guessed.insert("code".to_owned(), "made up".to_owned());
    let landing = world.handshake.callback(returning(&guessed, Some(&started.browser_cookie), None)).await;
    assert_eq!(landing, Landing::Guest { id: attempt, nonce: None });
    let by_victim = world.handshake.confirm(attempt, world.workspace, Guest::new(None, None), &nonce).await;
    assert!(matches!(by_victim, Err(ConnectError::NotThisGuest)), "{by_victim:?}");
    assert!(world.channels().await.is_empty());
    world.pass(16 * 60);
    world.handshake.revisit(attempt).await.unwrap();
    world.comes_to("revoke", &["ok", "ok"]).await;
    assert!(world.channels().await.is_empty());
}

#[tokio::test]
async fn a_guest_is_no_way_to_the_attempts_of_the_workspace() {
    let world = World::start().await;
    let (id, token) = link(&world, 1).await;
    let own = world.leave().await;
    let known = Guest::new(Some(id), Some(&own.browser_cookie));
    let workspace = world.handshake.workspace_for(own.attempt.id, &known).await;
    assert!(matches!(workspace, Err(ConnectError::UnknownAttempt)), "{workspace:?}");
    let seen = world.handshake.view(own.attempt.id, world.workspace, known).await;
    assert!(matches!(seen, Err(ConnectError::NotThisGuest)), "{seen:?}");
    // And the other way round: the maker's list of what they have open does not name a guest's.
    let guests = leave(&world, &token).await;
    let open = world.handshake.open(world.workspace, world.user).await.unwrap();
    assert_eq!(open.iter().map(|view| view.id).collect::<Vec<_>>(), [own.attempt.id]);
    assert_eq!(world.view(guests.attempt.id).await.authorize_url, None);
}
