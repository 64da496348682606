use crate::scene::{Scene, after_minutes, content, post, scene, with_media};
use crier_model::{
    ChannelId, PostId, SeriesId, Timestamp,
    post::{Timing, ValidPost},
    publication::PublicationState as State,
};
use crier_store::{
    StoreError, channels, due, media,
    posts::{self, Filter, PostSummary, Save, series},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn repeating(text: &str, channels: &[ChannelId], at: Timestamp, rule: &str) -> ValidPost {
    let repeat = serde_json::from_value(serde_json::json!({ "rule": rule })).unwrap();
    ValidPost { repeat: Some(repeat), ..post(text, channels, Timing::At(at)) }
}

/// All posts of the scene by their time.
async fn all(scene: &Scene) -> Vec<PostSummary> {
    let (from, to) = (at("2020-01-01T00:00:00Z"), at("2099-01-01T00:00:00Z"));
    posts::summaries_between(scene, scene.workspace, from, to, Filter::default(), 10_000).await.unwrap()
}

async fn times(scene: &Scene) -> Vec<String> {
    all(scene).await.iter().map(|post| post.due_at.unwrap().strftime("%m-%d %H:%M").to_string()).collect()
}

async fn texts(scene: &Scene) -> Vec<String> {
    all(scene).await.into_iter().map(|post| post.excerpt).collect()
}

/// Does the repeat work that is due, as a worker would; how many rows there were.
async fn turn(scene: &Scene) -> usize {
    let claimed = due::claim(scene, scene.now(), "worker", 1000, crate::scene::LEASE).await.unwrap();
    let mut done = 0;
    for work in claimed {
        if work.kind == due::kind::REPEAT {
            let id: SeriesId = work.subject.parse().unwrap();
            series::make_ahead(scene, id, work.fence).await.unwrap();
            done += 1;
        } else {
            due::finish(scene, work.fence).await.unwrap();
        }
    }
    done
}

fn conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) -> &'static str {
    match result {
        Err(StoreError::Conflict { what }) => what,
        other => panic!("{other:?}"),
    }
}

fn following(scene: &Scene, id: PostId) -> Save {
    Save { id: Some(id), ..scene.new_post() }
}

#[tokio::test]
async fn a_repeat_writes_its_occurrences_two_months_ahead_at_the_same_wall_time() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    let file = scene.media("cat").await;
    // Tuesdays; the scene begins on Monday the 1st of March, and Berlin's clocks change on the 28th.
    let wanted = with_media(repeating("Weekly", &[a, b], at("2027-03-01T13:00:00Z"), "FREQ=WEEKLY;BYDAY=TU"), &[file]);
    let saved = scene.save(&wanted).await;
    let written = times(&scene).await;
    assert_eq!(written.len(), 9);
    assert_eq!(written[0], "03-02 13:00");
    assert_eq!(written[3..5], ["03-23 13:00".to_owned(), "03-30 12:00".to_owned()]);
    let posts = all(&scene).await;
    assert_eq!(posts[0].id, saved.id);
    assert!(
        posts
            .iter()
            .all(|post| post.series == posts[0].series && post.series.is_some() && post.state() == State::Scheduled)
    );
    assert!(posts.iter().all(|post| post.publications.len() == 2 && post.media_count == 1));
    assert_eq!(media::uses(&scene, scene.workspace, file).await.unwrap(), 9);
    let (_, repeat) = series::repeat_of(&scene, scene.workspace, posts[4].id).await.unwrap().unwrap();
    assert_eq!(repeat.rule.to_string(), "FREQ=WEEKLY;BYDAY=TU");
    // Each has its own due work.
    scene.clock.set(at("2027-03-09T13:00:00Z"));
    let subjects: Vec<String> =
        scene.claim().await.into_iter().filter(|work| work.kind == due::kind::PUBLISH).map(|w| w.subject).collect();
    assert!(posts[0].publications.iter().all(|p| subjects.contains(&p.id.to_string())), "{subjects:?}");
}

#[tokio::test]
async fn more_is_written_as_time_goes_on_and_nothing_twice() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&repeating("Daily", &[channel], at("2027-03-01T13:00:00Z"), "FREQ=DAILY")).await;
    let before = times(&scene).await;
    assert_eq!((before.len(), before.last().unwrap().as_str()), (61, "04-30 12:00"));
    assert_eq!(turn(&scene).await, 0, "nothing has come near yet");
    scene.clock.set(at("2027-03-03T13:30:00Z"));
    assert_eq!(turn(&scene).await, 1);
    let after = times(&scene).await;
    assert_eq!((after.len(), after.last().unwrap().as_str()), (63, "05-02 12:00"));
    // A server that was down for a year comes back: what it missed is written as it was due, not from the present.
    scene.clock.set(at("2028-03-03T13:30:00Z"));
    while turn(&scene).await > 0 {}
    let all = all(&scene).await;
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let days: Vec<_> = all.iter().map(|post| zone.to_datetime(post.due_at.unwrap())).collect();
    assert!(
        days.windows(2)
            .all(|pair| pair[0].date().tomorrow().unwrap() == pair[1].date() && pair[0].time() == pair[1].time())
    );
    assert_eq!(days.last().unwrap().to_string(), "2028-05-02T14:00:00");
}

#[tokio::test]
async fn a_start_finer_than_a_millisecond_is_written_once() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let start = at("2027-03-01T13:00:00.123456789Z");
    let saved = scene.save(&repeating("Daily", &[channel], start, "FREQ=DAILY;COUNT=3")).await;
    assert_eq!(all(&scene).await.len(), 3);
    series::move_following(&scene, scene.workspace, saved.id, at("2027-03-01T14:00:00.987654321Z"), None)
        .await
        .unwrap();
    assert_eq!(times(&scene).await, ["03-01 14:00", "03-02 14:00", "03-03 14:00"]);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&repeating("Daily", &[channel], after_minutes(60), "FREQ=DAILY")).await;
    scene.clock.set(at("2027-03-20T00:00:00Z"));
    let work = scene.claim().await.into_iter().find(|work| work.kind == due::kind::REPEAT).unwrap();
    scene.minutes_pass(2);
    let later = scene.claim().await.into_iter().find(|work| work.kind == due::kind::REPEAT).unwrap();
    let before = times(&scene).await;
    let id: SeriesId = work.subject.parse().unwrap();
    let stale = series::make_ahead(&scene, id, work.fence).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    assert_eq!(times(&scene).await, before);
    series::make_ahead(&scene, id, later.fence).await.unwrap();
    assert!(times(&scene).await.len() > before.len());
}

#[tokio::test]
async fn a_rule_ends_and_a_far_next_one_is_always_written() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let saved = scene.save(&repeating("Thrice", &[channel], after_minutes(60), "FREQ=DAILY;COUNT=3")).await;
    assert_eq!(times(&scene).await, ["03-01 13:00", "03-02 13:00", "03-03 13:00"]);
    let (_, last) = series::repeat_of(&scene, scene.workspace, all(&scene).await[2].id).await.unwrap().unwrap();
    assert_eq!(last.rule.to_string(), "FREQ=DAILY;COUNT=1", "of three, one is left with the last");
    scene.clock.set(at("2027-06-01T00:00:00Z"));
    turn(&scene).await;
    assert_eq!(all(&scene).await.len(), 3);
    posts::delete(&scene, scene.workspace, saved.id).await.unwrap();
    scene.save(&repeating("Yearly", &[channel], at("2027-06-02T09:00:00Z"), "FREQ=YEARLY")).await;
    assert_eq!(times(&scene).await.last().unwrap(), "06-02 09:00");
    scene.clock.set(at("2027-06-02T09:00:00Z"));
    turn(&scene).await;
    assert_eq!(all(&scene).await.last().unwrap().due_at.unwrap(), at("2028-06-02T09:00:00Z"));
    let never = repeating("Never", &[channel], at("2027-07-02T09:00:00Z"), "FREQ=DAILY;UNTIL=20270101");
    assert_eq!(conflict(posts::save(&scene, scene.new_post(), &never).await), "repeat.never");
}

#[tokio::test]
async fn this_one_is_changed_moved_and_deleted_alone() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&repeating("Same", &[channel], after_minutes(60), "FREQ=DAILY;COUNT=5")).await;
    let posts_ = all(&scene).await;
    let second = following(&scene, posts_[1].id);
    posts::save(&scene, second, &post("Other", &[channel], Timing::At(posts_[1].due_at.unwrap()))).await.unwrap();
    posts::move_to(&scene, scene.workspace, posts_[2].id, at("2027-03-03T20:00:00Z"), None).await.unwrap();
    posts::delete(&scene, scene.workspace, posts_[3].id).await.unwrap();
    assert_eq!(times(&scene).await, ["03-01 13:00", "03-02 13:00", "03-03 20:00", "03-05 13:00"]);
    assert_eq!(texts(&scene).await, ["Same", "Other", "Same", "Same"]);
    assert_eq!(all(&scene).await[1].series, posts_[0].series, "it still belongs to the series");
    turn(&scene).await;
    assert_eq!(all(&scene).await.len(), 4, "what was deleted does not come back");
}

#[tokio::test]
async fn this_and_following_are_changed_from_there_on() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&repeating("Old", &[channel], after_minutes(60), "FREQ=DAILY;COUNT=5")).await;
    let before = all(&scene).await;
    posts::delete(&scene, scene.workspace, before[3].id).await.unwrap();
    let (_, repeat) = series::repeat_of(&scene, scene.workspace, before[2].id).await.unwrap().unwrap();
    assert_eq!(repeat.rule.to_string(), "FREQ=DAILY;COUNT=3");
    let new = ValidPost { repeat: Some(repeat), ..post("New", &[channel], Timing::At(before[2].due_at.unwrap())) };
    series::save_following(&scene, following(&scene, before[2].id), &new).await.unwrap();
    assert_eq!(times(&scene).await, ["03-01 13:00", "03-02 13:00", "03-03 13:00", "03-05 13:00"]);
    assert_eq!(texts(&scene).await, ["Old", "Old", "New", "New"]);
    let after = all(&scene).await;
    assert_eq!((after[2].id, after[1].series == before[1].series), (before[2].id, true));
    assert!(after[2].series.is_some() && after[2].series != before[2].series && after[2].series == after[3].series);
    // Ended there: without a repeat, what follows goes.
    series::save_following(
        &scene,
        following(&scene, after[2].id),
        &post("Last", &[channel], Timing::At(after[2].due_at.unwrap())),
    )
    .await
    .unwrap();
    assert_eq!(texts(&scene).await, ["Old", "Old", "Last"]);
    assert_eq!(conflict(series::delete_following(&scene, scene.workspace, after[2].id).await), "post.single");
    series::delete_following(&scene, scene.workspace, after[0].id).await.unwrap();
    assert_eq!(texts(&scene).await, ["Last"]);
    scene.clock.set(at("2027-04-20T00:00:00Z"));
    turn(&scene).await;
    assert_eq!(texts(&scene).await, ["Last"], "an ended series writes nothing more");
}

#[tokio::test]
async fn this_and_following_are_moved_by_as_much_and_days_of_the_week_go_along() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&repeating("Weekly", &[channel], after_minutes(60), "FREQ=WEEKLY;BYDAY=MO;COUNT=4")).await;
    let before = all(&scene).await;
    series::move_following(&scene, scene.workspace, before[1].id, at("2027-03-10T15:00:00Z"), None).await.unwrap();
    assert_eq!(times(&scene).await, ["03-01 13:00", "03-10 15:00", "03-17 15:00", "03-24 15:00"]);
    let (_, repeat) = series::repeat_of(&scene, scene.workspace, before[1].id).await.unwrap().unwrap();
    assert_eq!(repeat.rule.to_string(), "FREQ=WEEKLY;BYDAY=WE;COUNT=3");
    let monthly =
        scene.save(&repeating("Monthly", &[channel], at("2027-03-15T13:00:00Z"), "FREQ=MONTHLY;BYMONTHDAY=15")).await;
    let refused = series::move_following(&scene, scene.workspace, monthly.id, at("2027-03-16T13:00:00Z"), None).await;
    assert_eq!(conflict(refused), "repeat.move");
    assert_eq!(posts::get(&scene, scene.workspace, monthly.id).await.unwrap().due_at, Some(at("2027-03-15T13:00:00Z")));
}

#[tokio::test]
async fn what_follows_and_is_published_stays() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    scene.save(&repeating("Daily", &[channel], after_minutes(60), "FREQ=DAILY;COUNT=3")).await;
    let all_ = all(&scene).await;
    let sent = all_[1].publications[0].id;
    for (from, to) in [(State::Scheduled, State::Sending), (State::Sending, State::Published)] {
        crier_store::publications::set_state(&scene, sent, &[from], to, crier_store::publications::Change::default())
            .await
            .unwrap();
    }
    series::delete_following(&scene, scene.workspace, all_[0].id).await.unwrap();
    assert_eq!(times(&scene).await, ["03-02 13:00"]);
}

#[tokio::test]
async fn a_series_goes_on_without_a_deleted_channel_and_ends_with_its_last() {
    let scene = scene().await;
    let (a, b) = (scene.channel("a").await, scene.channel("b").await);
    scene.save(&repeating("Daily", &[a, b], after_minutes(60), "FREQ=DAILY")).await;
    channels::delete(&scene, scene.workspace, a).await.unwrap();
    scene.clock.set(at("2027-03-02T14:00:00Z"));
    turn(&scene).await;
    let last = all(&scene).await.pop().unwrap();
    assert_eq!(last.publications.iter().map(|p| p.channel).collect::<Vec<_>>(), [b]);
    channels::delete(&scene, scene.workspace, b).await.unwrap();
    let count = all(&scene).await.len();
    scene.clock.set(at("2027-03-09T14:00:00Z"));
    turn(&scene).await;
    assert_eq!((all(&scene).await.len(), turn(&scene).await), (count, 0));
}

#[tokio::test]
async fn a_draft_keeps_how_it_is_to_repeat() {
    let scene = scene().await;
    let channel = scene.channel("a").await;
    let wanted = repeating("Later", &[channel], after_minutes(60), "FREQ=DAILY;COUNT=2");
    let draft = ValidPost { timing: Timing::Draft(Some(after_minutes(60))), ..wanted.clone() };
    let saved = scene.save(&draft).await;
    let read = posts::get(&scene, scene.workspace, saved.id).await.unwrap();
    assert_eq!((read.repeat.as_ref(), read.series, read.content), (wanted.repeat.as_ref(), None, content("Later")));
    assert_eq!(all(&scene).await.len(), 1);
    posts::save(&scene, scene.change(saved.id, 1), &wanted).await.unwrap();
    assert_eq!(times(&scene).await, ["03-01 13:00", "03-02 13:00"]);
}
