//! Reconnecting a channel.

use crate::world::{ALL, World, code, refused, stands};
use crier_connect::Purpose;
use crier_model::{ChannelId, Code, Diagnosis, NextKind, attempt::AttemptState as S, channel::ChannelState};
use crier_store::{channels, testing::record::row};

#[tokio::test]
async fn the_same_account_mends_its_channel() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let reason = Diagnosis::new(Code::CredentialsWrong);
    channels::set_state(&world.store, channel.id, ChannelState::NeedsReconnect, Some(&reason)).await.unwrap();
    let started = world.leave_for(Some(channel.id)).await;
    assert_eq!((started.attempt.purpose, started.attempt.channel_id), (Purpose::Reconnect, Some(channel.id)));
    let query = world.allow(&started).await;
    assert_eq!(world.land(&started, &query).await.state, S::Connected);
    let channels = world.channels().await;
    assert_eq!((channels.len(), channels[0].id), (1, channel.id));
    assert_eq!((channels[0].state, &channels[0].reason), (ChannelState::Active, &None));
}

#[tokio::test]
async fn another_account_is_named_and_may_become_a_new_channel() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let before = channels::open_credentials(&world.store, channel.id).await.unwrap().version;
    let started = world.leave_for(Some(channel.id)).await;
    let query = world.answer(&started, "grace", "allow", ALL).await;
    let view = world.land(&started, &query).await;
    row("wrong account on reconnect", "identified: account.other_than_expected", stands(&view));
    let diagnosis = view.diagnosis.unwrap();
    assert_eq!(diagnosis.next.kind, NextKind::Continue);
    let value = |label: &str| diagnosis.evidence.iter().find(|e| e.label == label).unwrap().value.clone();
    assert!(value("Expected").contains("(ada)") && value("Came back").contains("(grace)"));
    assert_eq!(channels::open_credentials(&world.store, channel.id).await.unwrap().version, before);

    let view = world.handshake.proceed(view.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected);
    assert_ne!(view.channel_id, Some(channel.id));
    assert_eq!(world.channels().await.len(), 2);
    assert_eq!(channels::open_credentials(&world.store, channel.id).await.unwrap().version, before);
}

#[tokio::test]
async fn a_newer_reconnect_takes_an_older_ones_place() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let older = world.leave_for(Some(channel.id)).await;
    let newer = world.leave_for(Some(channel.id)).await;
    let (of_older, of_newer) = (world.allow(&older).await, world.allow(&newer).await);
    assert_eq!(world.land(&newer, &of_newer).await.state, S::Connected);
    let view = world.land(&older, &of_older).await;
    assert_eq!((view.state, code(&view)), (S::Superseded, Some(Code::StateSuperseded)));
}

#[tokio::test]
async fn cancelling_a_reconnect_does_not_revoke_what_the_channel_lives_on() {
    let world = World::start().await;
    let channel = world.connect("ada").await;
    let started = world.leave_for(Some(channel.id)).await;
    let query = world.answer(&started, "ada", "allow", &["profile", "posts:write"]).await;
    assert_eq!(world.land(&started, &query).await.state, S::Identified);
    world.handshake.cancel(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert!(world.outcomes("revoke").await.is_empty());
    assert_eq!(crier_store::attempts::by_id(&world.store, started.attempt.id).await.unwrap().parked, None);
}

#[tokio::test]
async fn a_channel_of_elsewhere_is_not_reconnected() {
    let world = World::start().await;
    let unknown = world.handshake.start(world.wish(Some(ChannelId::new()))).await;
    assert_eq!(refused(unknown), Code::ChannelUnknown);
    let channel = world.connect("ada").await;
    let (eve, elsewhere) = world.another_user().await;
    let start = crier_connect::Start { workspace: elsewhere, user: eve, ..world.wish(Some(channel.id)) };
    let foreign = world.handshake.start(start).await;
    assert_eq!(refused(foreign), Code::ChannelUnknown);
}
