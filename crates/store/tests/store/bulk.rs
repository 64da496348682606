use crate::scene::{Scene, after_minutes, post, scene};
use crier_model::{PostId, Timestamp, WorkspaceId, post::Timing, publication::PublicationState as State};
use crier_store::{
    due, posts,
    posts::bulk::{Action, To, bulk},
    publications::{self, Change},
};
use std::collections::{HashMap, HashSet};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn refusals(scene: &Scene, ids: &[PostId], action: Action) -> Vec<Option<&'static str>> {
    let outcomes = bulk(scene, scene.workspace, ids, &action).await.unwrap();
    assert_eq!(outcomes.iter().map(|outcome| outcome.id).collect::<Vec<_>>(), ids);
    outcomes.into_iter().map(|outcome| outcome.refused).collect()
}

async fn due_at(scene: &Scene, id: PostId) -> Option<Timestamp> {
    let post = posts::get(scene, scene.workspace, id).await.unwrap();
    let publications = scene.publications(id).await;
    assert!(publications.iter().all(|p| p.due_at == post.due_at), "{publications:?}");
    post.due_at
}

async fn state(scene: &Scene, id: PostId) -> State {
    State::worst(scene.publications(id).await.iter().map(|p| p.state))
}

async fn publish_work(scene: &Scene) -> HashSet<String> {
    let claimed = due::claim(scene, after_minutes(1_000_000), "looker", 1000, crate::scene::LEASE).await.unwrap();
    claimed.into_iter().filter(|work| work.kind == due::kind::PUBLISH).map(|work| work.subject).collect()
}

#[tokio::test]
async fn posts_move_by_days_at_their_wall_time_and_by_minutes() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let scheduled = scene.save(&post("A", &[channel], Timing::At(at("2027-03-27T09:00:00Z")))).await.id;
    let draft = scene.save(&post("B", &[channel], Timing::Draft(Some(at("2027-03-27T10:00:00Z"))))).await.id;
    let both = [scheduled, draft];
    // Berlin's clocks change on the 28th.
    assert_eq!(refusals(&scene, &both, Action::Move(To::By { days: 1, minutes: 0 })).await, [None, None]);
    assert_eq!(due_at(&scene, scheduled).await, Some(at("2027-03-28T08:00:00Z")));
    assert_eq!(due_at(&scene, draft).await, Some(at("2027-03-28T09:00:00Z")));
    assert_eq!((state(&scene, scheduled).await, state(&scene, draft).await), (State::Scheduled, State::Draft));
    refusals(&scene, &both, Action::Move(To::By { days: 0, minutes: -30 })).await;
    assert_eq!(due_at(&scene, scheduled).await, Some(at("2027-03-28T07:30:00Z")));
    refusals(&scene, &both, Action::Move(To::Day("2027-04-05".parse().unwrap()))).await;
    assert_eq!(due_at(&scene, scheduled).await, Some(at("2027-04-05T07:30:00Z")));
    let back = HashMap::from([(scheduled, at("2027-03-27T09:00:00Z"))]);
    assert_eq!(refusals(&scene, &both, Action::Move(To::Each(back))).await, [None, Some("post.no_time")]);
    assert_eq!(due_at(&scene, scheduled).await, Some(at("2027-03-27T09:00:00Z")));
    let work = publish_work(&scene).await;
    assert_eq!(work, HashSet::from([scene.publications(scheduled).await[0].id.to_string()]));
}

#[tokio::test]
async fn what_can_not_be_changed_says_why_and_the_others_are() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(scene.save(&post("A", &[channel], Timing::At(after_minutes(60)))).await.id);
    }
    let untimed = scene.save(&post("B", &[channel], Timing::Draft(None))).await.id;
    for (index, states) in [(0, &[State::Sending][..]), (1, &[State::Sending, State::Published])] {
        let id = scene.publications(ids[index]).await[0].id;
        let mut from = State::Scheduled;
        for to in states {
            publications::set_state(&scene, id, &[from], *to, Change::default()).await.unwrap();
            from = *to;
        }
    }
    let unknown = PostId::new();
    let all = [ids[0], ids[1], ids[2], untimed, unknown];
    let refused =
        |codes: [&'static str; 2]| [Some("post.sending"), Some(codes[0]), None, Some(codes[1]), Some("post.unknown")];
    let moved = refusals(&scene, &all, Action::Move(To::By { days: 1, minutes: 0 })).await;
    assert_eq!(moved, refused(["post.published", "post.no_time"]));
    let moved = refusals(&scene, &all, Action::Move(To::By { days: -3, minutes: 0 })).await;
    assert_eq!(moved[2], Some("due_at.past"));
    let paused = refusals(&scene, &all, Action::Pause).await;
    assert_eq!(paused, refused(["post.not_scheduled", "post.not_scheduled"]));
    let deleted = refusals(&scene, &all, Action::Delete).await;
    assert_eq!(deleted, [Some("post.sending"), None, None, None, Some("post.unknown")]);
    assert_eq!(state(&scene, ids[1]).await, State::Published, "what was published stays so");
    let of_others = bulk(&scene, WorkspaceId::new(), &[ids[0]], &Action::Delete).await.unwrap();
    assert_eq!(of_others[0].refused, Some("post.unknown"));
}

#[tokio::test]
async fn what_is_paused_waits_for_a_person_and_goes_on_at_its_time() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let id = scene.save(&post("A", &[channel], Timing::At(after_minutes(60)))).await.id;
    assert_eq!(refusals(&scene, &[id], Action::Pause).await, [None]);
    assert_eq!(state(&scene, id).await, State::Held);
    assert_eq!(publish_work(&scene).await, HashSet::new());
    // The channel being switched off and on again does not resume what a person has paused.
    use crier_model::channel::ChannelState;
    for state in [ChannelState::Disabled, ChannelState::Active] {
        crier_store::channels::set_state(&scene, channel, state, None).await.unwrap();
    }
    assert_eq!(state(&scene, id).await, State::Held);
    // Moving leaves it paused.
    refusals(&scene, &[id], Action::Move(To::By { days: 1, minutes: 0 })).await;
    assert_eq!((state(&scene, id).await, due_at(&scene, id).await), (State::Held, Some(after_minutes(25 * 60))));
    assert_eq!(publish_work(&scene).await, HashSet::new());
    assert_eq!(refusals(&scene, &[id], Action::Resume).await, [None]);
    let publication = scene.publications(id).await.remove(0);
    assert_eq!((publication.state, publication.reason), (State::Scheduled, None));
    assert_eq!(publish_work(&scene).await.len(), 1);
    assert_eq!(refusals(&scene, &[id], Action::Resume).await, [Some("post.not_paused")]);
    // Resumed on its own page, it keeps its time as well.
    refusals(&scene, &[id], Action::Pause).await;
    let again = publications::retry(&scene, scene.workspace, publication.id, scene.now()).await.unwrap();
    assert_eq!((again.state, again.due_at), (State::Scheduled, Some(after_minutes(25 * 60))));
    refusals(&scene, &[id], Action::Pause).await;
    scene.minutes_pass(3 * 24 * 60);
    assert_eq!(refusals(&scene, &[id], Action::Resume).await, [Some("due_at.past")]);
}

#[tokio::test]
async fn deleted_posts_are_cancelled_and_their_work_is_gone() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let mut ids = Vec::new();
    for minutes in 1..=5 {
        ids.push(scene.save(&post("A", &[a, b], Timing::At(after_minutes(minutes * 60)))).await.id);
    }
    assert_eq!(refusals(&scene, &ids[..4], Action::Delete).await, [None; 4]);
    assert_eq!(posts::list(&scene, scene.workspace, posts::Filter::default(), None, 10).await.unwrap().len(), 1);
    for id in &ids[..4] {
        assert!(scene.publications(*id).await.iter().all(|p| p.state == State::Cancelled));
    }
    let kept: HashSet<_> = scene.publications(ids[4]).await.iter().map(|p| p.id.to_string()).collect();
    let claimed: HashSet<_> = publish_work(&scene).await;
    assert_eq!(claimed, kept);
}
