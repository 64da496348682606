use crate::scene::{Scene, after_minutes, post, scene, start, with_media};
use crier_model::{
    ChannelId, MediaId, PostId, Timestamp, WorkspaceId,
    post::Timing,
    publication::{PublicationState as State, Reason},
};
use crier_store::{
    StoreError, due, events, media,
    posts::{self, Filter, Save},
    publications::{self, Change},
};
use std::collections::{HashMap, HashSet};

fn conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    match result {
        Err(StoreError::Conflict { what }) => what,
        other => panic!("{other:?}"),
    }
}

fn missing<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    match result {
        Err(StoreError::NotFound { what }) => what,
        other => panic!("{other:?}"),
    }
}

async fn states(scene: &Scene, id: PostId) -> HashMap<ChannelId, State> {
    scene.publications(id).await.into_iter().map(|p| (p.channel, p.state)).collect()
}

/// The subjects of due work, by kind, as a claim at the end of time would find them.
async fn due_subjects(scene: &Scene) -> HashSet<(String, String)> {
    let claimed = due::claim(scene, after_minutes(1_000_000), "looker", 1000, crate::scene::LEASE).await.unwrap();
    claimed.into_iter().map(|c| (c.kind, c.subject)).collect()
}

async fn mark(scene: &Scene, id: crier_model::PublicationId, from: State, to: State) {
    publications::set_state(scene, id, &[from], to, Change::default()).await.unwrap();
}

#[tokio::test]
async fn a_saved_post_comes_with_publications_due_work_and_events() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let file = scene.media("cat").await;
    let mut events =
        events::Follower::new(&scene, scene.workspace, events::latest(&scene, scene.workspace).await.unwrap());
    let wanted = with_media(post("Grüße\naus Köln", &[b, a], Timing::At(after_minutes(60))), &[file]);
    let saved = scene.save(&wanted).await;
    assert_eq!((saved.version, saved.replayed), (1, false));

    let read = posts::get(&scene, scene.workspace, saved.id).await.unwrap();
    assert_eq!((&read.content, &read.channels), (&wanted.content, &wanted.channels));
    assert_eq!((read.excerpt.as_str(), read.media_count, read.first_media), ("Grüße aus Köln", 1, Some(file)));
    assert_eq!((read.due_at, read.is_draft, read.created_by), (Some(after_minutes(60)), false, scene.user));
    let publications = scene.publications(saved.id).await;
    assert!(publications.iter().all(|p| p.state == State::Scheduled && p.network == "playground"));
    let kinds: HashSet<_> = publications
        .iter()
        .flat_map(|p| ["publish", "prepare"].map(|kind| (kind.to_owned(), p.id.to_string())))
        .collect();
    assert_eq!(due_subjects(&scene).await, kinds);
    let seen = events.read(&scene, 100).await.unwrap();
    // On PostgreSQL a follower may be told again of what was just before its start: the channels.
    let kinds: Vec<_> =
        seen.iter().map(|event| event.kind.as_str()).filter(|kind| *kind != "channel.changed").collect();
    assert_eq!(kinds, ["publication.changed", "publication.changed", "post.saved"]);
    assert_eq!(media::uses(&scene, scene.workspace, file).await.unwrap(), 1);
}

#[tokio::test]
async fn a_draft_has_no_due_work_and_a_post_for_now_no_preparation() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&post("Later", &[channel], Timing::Draft(Some(after_minutes(60))))).await;
    assert_eq!(due::next_due_at(&scene).await.unwrap(), None);
    let saved = scene.save(&post("Now", &[channel], Timing::Now)).await;
    let publication = scene.publications(saved.id).await.remove(0);
    assert_eq!(publication.due_at, Some(start()));
    assert_eq!(due_subjects(&scene).await, HashSet::from([("publish".to_owned(), publication.id.to_string())]));
}

#[tokio::test]
async fn a_failed_save_leaves_nothing_behind() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let wanted = post("Hello", &[channel, ChannelId::new()], Timing::Now);
    assert_eq!(missing(posts::save(&scene, scene.new_post(), &wanted).await), "channel");
    let wanted = with_media(post("Hello", &[channel], Timing::Now), &[MediaId::new()]);
    assert_eq!(missing(posts::save(&scene, scene.new_post(), &wanted).await), "media");
    assert_eq!(posts::list(&scene, scene.workspace, Filter::default(), None, 10).await.unwrap(), []);
    assert_eq!(due::next_due_at(&scene).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_makes_one_post_however_often_and_wherever_it_is_sent() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let nodes = [scene.node().await, scene.node().await];
    let mut senders = tokio::task::JoinSet::new();
    for i in 0..16 {
        let (node, new) = (nodes[i % 2].clone(), Save { idempotency_key: Some("key".to_owned()), ..scene.new_post() });
        let wanted = post("Once", &[channel], Timing::At(after_minutes(5)));
        senders.spawn(async move { posts::save(&node, new, &wanted).await.unwrap() });
    }
    let saved = senders.join_all().await;
    assert_eq!(saved.iter().map(|s| s.id).collect::<HashSet<_>>().len(), 1);
    assert_eq!(saved.iter().filter(|s| !s.replayed).count(), 1);
    assert_eq!(posts::list(&scene, scene.workspace, Filter::default(), None, 10).await.unwrap().len(), 1);
    assert_eq!(scene.publications(saved[0].id).await.len(), 1);

    posts::delete(&scene, scene.workspace, saved[0].id).await.unwrap();
    let again = Save { idempotency_key: Some("key".to_owned()), ..scene.new_post() };
    let again = posts::save(&scene, again, &post("Anew", &[channel], Timing::Now)).await.unwrap();
    assert!(!again.replayed);
}

#[tokio::test]
async fn publications_follow_the_channels_of_a_changed_post() {
    let scene = scene().await;
    let (a, b, c) = (scene.channel("a").await, scene.channel("b").await, scene.channel("c").await);
    let saved = scene.save(&post("One", &[a, b], Timing::At(after_minutes(60)))).await;
    let of_b = scene.publications(saved.id).await.into_iter().find(|p| p.channel == b).unwrap();
    let changed = post("Two", &[b, c], Timing::At(after_minutes(5)));
    let again = posts::save(&scene, scene.change(saved.id, 1), &changed).await.unwrap();
    assert_eq!((again.id, again.version), (saved.id, 2));
    assert_eq!(states(&scene, saved.id).await, HashMap::from([(b, State::Scheduled), (c, State::Scheduled)]));
    let after = scene.publications(saved.id).await;
    assert_eq!(after.iter().find(|p| p.channel == b).unwrap().id, of_b.id);
    // Too near for a preparation, and the one that was planned is gone.
    let wanted = after.iter().map(|p| ("publish".to_owned(), p.id.to_string())).collect();
    assert_eq!(due_subjects(&scene).await, wanted);
    let stale = posts::save(&scene, scene.change(saved.id, 1), &changed).await;
    assert!(matches!(stale, Err(StoreError::Stale { what: "post" })));
}

#[tokio::test]
async fn what_was_sent_is_not_touched_by_a_later_save() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let saved = scene.save(&post("One", &[a, b], Timing::At(after_minutes(60)))).await;
    let of_a = scene.publications(saved.id).await.into_iter().find(|p| p.channel == a).unwrap();
    mark(&scene, of_a.id, State::Scheduled, State::Sending).await;
    let change = post("Two", &[b], Timing::At(after_minutes(90)));
    assert_eq!(conflict(posts::save(&scene, scene.change(saved.id, 1), &change).await), "post.sending");
    assert_eq!(
        conflict(posts::move_to(&scene, scene.workspace, saved.id, after_minutes(90), None).await),
        "post.sending"
    );
    assert_eq!(conflict(posts::delete(&scene, scene.workspace, saved.id).await), "post.sending");

    mark(&scene, of_a.id, State::Sending, State::Published).await;
    posts::save(&scene, scene.change(saved.id, 1), &change).await.unwrap();
    let all = scene.publications(saved.id).await;
    let sent = all.iter().find(|p| p.channel == a).unwrap();
    assert_eq!((sent.state, sent.due_at), (State::Published, Some(after_minutes(60))));
    let other = all.iter().find(|p| p.channel == b).unwrap();
    mark(&scene, other.id, State::Scheduled, State::Published).await;
    assert_eq!(conflict(posts::save(&scene, scene.change(saved.id, 2), &change).await), "post.published");
    assert_eq!(
        conflict(posts::move_to(&scene, scene.workspace, saved.id, after_minutes(5), None).await),
        "post.published"
    );
}

#[tokio::test]
async fn a_channel_taken_away_keeps_the_history_of_what_was_tried() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let saved = scene.save(&post("One", &[a, b], Timing::At(start()))).await;
    let of_a = scene.publications(saved.id).await.into_iter().find(|p| p.channel == a).unwrap();
    let reason = Reason::new("content.refused", "Refused", "Too long.");
    let change = Change::default().because(reason);
    publications::set_state(&scene, of_a.id, &[State::Scheduled], State::Failed, change).await.unwrap();
    posts::save(&scene, scene.change(saved.id, 1), &post("One", &[b], Timing::At(start()))).await.unwrap();
    let kept = publications::get(&scene, scene.workspace, of_a.id).await.unwrap();
    assert_eq!((kept.state, kept.reason.unwrap().code.as_str()), (State::Cancelled, "cancelled.channel_removed"));
    let titles: Vec<_> =
        publications::history(&scene, &[of_a.id]).await.unwrap().into_iter().map(|line| line.title).collect();
    assert_eq!(titles, ["Scheduled", "Refused", "Cancelled"]);
}

#[tokio::test]
async fn moving_a_post_takes_it_from_the_worker_that_has_claimed_it() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let publication = scene.scheduled(channel, start()).await;
    let claimed = scene.claim().await.remove(0);
    posts::move_to(&scene, scene.workspace, publication.post, after_minutes(60), Some(1)).await.unwrap();
    let late = publications::set_state(
        &scene,
        publication.id,
        &[State::Scheduled],
        State::Sending,
        Change::under(claimed.fence),
    );
    assert!(matches!(late.await, Err(StoreError::Stale { .. })));
    let now = publications::get(&scene, scene.workspace, publication.id).await.unwrap();
    assert_eq!((now.state, now.due_at), (State::Scheduled, Some(after_minutes(60))));
    assert!(scene.claim().await.is_empty());
    scene.minutes_pass(60);
    let kinds: HashSet<_> = scene.claim().await.into_iter().map(|c| c.kind).collect();
    assert_eq!(kinds, HashSet::from(["publish".to_owned(), "prepare".to_owned()]));
}

#[tokio::test]
async fn a_deleted_post_goes_nowhere_and_shows_nowhere() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let publication = scene.scheduled(channel, after_minutes(60)).await;
    posts::delete(&scene, scene.workspace, publication.post).await.unwrap();
    assert_eq!(due::next_due_at(&scene).await.unwrap(), None);
    assert_eq!(publications::by_id(&scene, publication.id).await.unwrap().state, State::Cancelled);
    assert_eq!(missing(posts::get(&scene, scene.workspace, publication.post).await), "post");
    assert_eq!(missing(posts::delete(&scene, scene.workspace, publication.post).await), "post");
    assert!(posts::by_id(&scene, publication.post).await.unwrap().deleted_at.is_some());
    assert_eq!(posts::list(&scene, scene.workspace, Filter::default(), None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_duplicate_is_a_draft_of_what_still_exists() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let (cat, dog) = (scene.media("cat").await, scene.media("dog").await);
    let wanted = with_media(post("Pets", &[a, b], Timing::At(after_minutes(60))), &[cat, dog]);
    let saved = scene.save(&wanted).await;
    media::delete(&scene, scene.workspace, dog, true).await.unwrap();
    crier_store::channels::delete(&scene, scene.workspace, b).await.unwrap();
    let copy = posts::duplicate(&scene, scene.workspace, saved.id, scene.user).await.unwrap();
    let copy = posts::get(&scene, scene.workspace, copy.id).await.unwrap();
    assert!(copy.is_draft && copy.id != saved.id);
    assert_eq!((copy.channels, copy.due_at), (vec![a], Some(after_minutes(60))));
    assert_eq!(copy.content.media(), [cat]);
    scene.minutes_pass(120);
    let late = posts::duplicate(&scene, scene.workspace, saved.id, scene.user).await.unwrap();
    assert_eq!(posts::get(&scene, scene.workspace, late.id).await.unwrap().due_at, None);
}

async fn between(scene: &Scene, from: Timestamp, to: Timestamp, filter: Filter) -> Vec<PostId> {
    let found = posts::summaries_between(scene, scene.workspace, from, to, filter, 100).await.unwrap();
    found.into_iter().map(|summary| summary.id).collect()
}

#[tokio::test]
async fn the_calendar_has_what_is_due_from_its_start_up_to_its_end() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let late = scene.save(&post("Late", &[a], Timing::At(after_minutes(30)))).await.id;
    let early = scene.save(&post("Early", &[a, b], Timing::At(after_minutes(10)))).await.id;
    let draft = scene.save(&post("Draft", &[b], Timing::Draft(Some(after_minutes(20))))).await.id;
    scene.save(&post("Some day", &[b], Timing::Draft(None))).await;
    let all = Filter::default();
    assert_eq!(between(&scene, after_minutes(10), after_minutes(30), all).await, [early, draft]);
    assert_eq!(between(&scene, start(), after_minutes(31), all).await, [early, draft, late]);
    let on_b = Filter { channel: Some(b), ..all };
    assert_eq!(between(&scene, start(), after_minutes(31), on_b).await, [early, draft]);
    let drafts = Filter { state: Some(State::Draft), ..all };
    assert_eq!(between(&scene, start(), after_minutes(31), drafts).await, [draft]);

    // A post shows the worst of its publications' states, and is found by that alone.
    let of_early = scene.publications(early).await;
    mark(&scene, of_early[0].id, State::Scheduled, State::Published).await;
    let published = Filter { state: Some(State::Published), ..all };
    assert_eq!(between(&scene, start(), after_minutes(31), published).await, []);
    mark(&scene, of_early[1].id, State::Scheduled, State::Failed).await;
    let failed = Filter { state: Some(State::Failed), ..all };
    assert_eq!(between(&scene, start(), after_minutes(31), failed).await, [early]);
    let summary = posts::summary(&scene, scene.workspace, early).await.unwrap();
    assert_eq!((summary.state(), summary.publications.len()), (State::Failed, 2));
    assert_eq!(
        posts::summaries_between(&scene, WorkspaceId::new(), start(), after_minutes(31), all, 9).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn a_list_is_read_page_by_page_from_the_newest() {
    let scene = scene().await;
    let mut made = Vec::new();
    for i in 0..7 {
        made.push(scene.save(&post(&format!("Post {i}"), &[], Timing::Draft(None))).await.id);
    }
    made.reverse();
    let (mut read, mut before) = (Vec::new(), None);
    loop {
        let page = posts::list(&scene, scene.workspace, Filter::default(), before, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        read.extend(page.iter().map(|summary| summary.id));
    }
    assert_eq!(read, made);
    assert_eq!(missing(posts::get(&scene, WorkspaceId::new(), made[0]).await), "post");
}
