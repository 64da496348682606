//! Connecting by a form, with a receiver of webhooks as the network.

use crate::world::{World, refused};
use crier_connect::{AttemptView, ConnectError, Start, Started};
use crier_model::{ChannelId, Code, attempt::AttemptState as S};
use std::collections::BTreeMap;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

async fn receiver(status: u16) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&server).await;
    server
}

async fn start(world: &World, network: &str, channel: Option<ChannelId>) -> Started {
    start_by(world, network, None, channel).await
}

async fn start_by(world: &World, network: &str, way: Option<&str>, channel: Option<ChannelId>) -> Started {
    let start = Start { network, way, ..world.wish(channel) };
    let started = world.handshake.start(start).await.unwrap();
    assert_eq!((started.attempt.state, &started.authorize_url), (S::Started, &None));
    started
}

async fn submit(world: &World, started: &Started, values: &[(&str, &str)]) -> Result<AttemptView, ConnectError> {
    let values: BTreeMap<_, _> = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    world.handshake.submit(started.attempt.id, world.workspace, world.user, values).await
}

fn pointers(error: &ConnectError) -> Vec<String> {
    error.findings().iter().map(|finding| finding.pointer.clone()).collect()
}

#[tokio::test]
async fn a_form_makes_a_channel() {
    let world = World::start().await;
    let server = receiver(204).await;
    let started = start(&world, "webhook", None).await;
    let view =
        submit(&world, &started, &[("url", &format!(" {}/hook ", server.uri())), ("name", "Site")]).await.unwrap();
    assert_eq!(view.state, S::Connected);
    let channel = world.channel(view.channel_id.unwrap()).await;
    assert_eq!((channel.network.as_str(), channel.name.as_str()), ("webhook", "Site"));
    // Sent once more, it is still the same.
    let view = submit(&world, &started, &[]).await.unwrap();
    assert_eq!(view.channel_id, Some(channel.id));
    assert_eq!(world.channels().await.len(), 1);
    let row = crier_store::attempts::by_id(&world.store, view.id).await.unwrap();
    assert_eq!(row.parked, None);
}

#[tokio::test]
async fn problems_point_at_their_fields_and_the_form_stays_open() {
    let world = World::start().await;
    let started = start(&world, "webhook", None).await;
    let error = submit(&world, &started, &[("url", " "), ("colour", "red")]).await.unwrap_err();
    assert_eq!(pointers(&error), ["/values/url", "/values/colour"]);
    assert_eq!(refused(Err::<(), _>(error)), Code::FormIncomplete);
    let error = submit(&world, &started, &[("url", "no address")]).await.unwrap_err();
    assert_eq!(pointers(&error), ["/values/url"]);
    assert_eq!(error.status(), 422);

    let down = receiver(500).await;
    let error = submit(&world, &started, &[("url", &down.uri())]).await.unwrap_err();
    assert_eq!(pointers(&error), ["/values/url"]);
    assert_eq!(world.view(started.attempt.id).await.state, S::Started);

    let up = receiver(200).await;
    let view = submit(&world, &started, &[("url", &up.uri())]).await.unwrap();
    assert_eq!(view.state, S::Connected);
    let refused = view.events.iter().filter(|event| event.title == "The form was not taken").count();
    assert_eq!(refused, 2);
}

/// Signs in at a Bluesky server that refuses it, with the password `hunter2`; the attempt still waits for its form.
async fn refused_by_bluesky(status: u16, error: &str, message: &str) -> ConnectError {
    let world = World::start().await;
    let server = MockServer::start().await;
    let answer = serde_json::json!({"error": error, "message": message});
    Mock::given(any()).respond_with(ResponseTemplate::new(status).set_body_json(answer)).mount(&server).await;
    let started = start_by(&world, "bluesky", Some("app_password"), None).await;
    let values = [("service", server.uri()), ("identifier", "ada.test".to_owned()), ("password", "hunter2".to_owned())];
    let values: Vec<_> = values.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let error = submit(&world, &started, &values).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
    let view = world.view(started.attempt.id).await;
    assert_eq!(view.state, S::Started);
    assert!(!format!("{view:?}").contains("hunter2"));
    error
}

#[tokio::test]
async fn a_wrong_password_is_shown_on_its_field() {
    let error = refused_by_bluesky(401, "AuthenticationRequired", "Invalid identifier or password").await;
    assert_eq!(pointers(&error), ["/values/password"]);
    assert_eq!(refused(Err::<(), _>(error)), Code::CredentialsWrong);
}

/// <https://docs.bsky.app/docs/api/com-atproto-server-create-session>: `AuthFactorTokenRequired`, `AccountTakedown`.
#[tokio::test]
async fn a_second_factor_and_a_suspended_account_have_their_names() {
    let error = refused_by_bluesky(401, "AuthFactorTokenRequired", "A sign in code has been sent").await;
    assert_eq!(pointers(&error), ["/values/password"]);
    assert_eq!(refused(Err::<(), _>(error)), Code::CredentialsTwoFactor);
    let error = refused_by_bluesky(400, "AccountTakedown", "Account has been taken down").await;
    assert_eq!(refused(Err::<(), _>(error)), Code::Suspended);
}

#[tokio::test]
async fn updating_credentials_is_a_reconnect() {
    let world = World::start().await;
    let server = receiver(200).await;
    let started = start(&world, "webhook", None).await;
    let view = submit(&world, &started, &[("url", &server.uri()), ("name", "Site")]).await.unwrap();
    let channel = view.channel_id.unwrap();

    let again = start(&world, "webhook", Some(channel)).await;
    let view = submit(&world, &again, &[("url", &server.uri()), ("name", "Renamed")]).await.unwrap();
    assert_eq!((view.state, view.channel_id), (S::Connected, Some(channel)));

    let again = start(&world, "webhook", Some(channel)).await;
    let elsewhere = format!("{}/other", server.uri());
    let view = submit(&world, &again, &[("url", &elsewhere)]).await.unwrap();
    assert_eq!((view.state, crate::world::code(&view)), (S::Identified, Some(Code::OtherThanExpected)));
    let view = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected);
    assert_eq!(world.channels().await.len(), 2);
}

#[tokio::test]
async fn only_the_starter_fills_it_in_and_not_for_ever() {
    let world = World::start().await;
    let started = start(&world, "webhook", None).await;
    let (eve, _) = world.another_user().await;
    let by_eve = world.handshake.submit(started.attempt.id, world.workspace, eve, BTreeMap::new()).await;
    assert!(matches!(by_eve, Err(ConnectError::NotTheStarter)), "{by_eve:?}");
    world.pass(31 * 60);
    let late = submit(&world, &started, &[("url", "http://127.0.0.1:9/")]).await;
    assert!(matches!(late, Err(ConnectError::WrongState { state: S::Expired, .. })), "{late:?}");
}
