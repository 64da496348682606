//! What comes again is written by the worker as time goes on, and published as any other post.

use crate::house::{house, minutes, part};
use crier_engine::{
    rounds::{Evergreens, Repeats},
    worker::Settings,
};
use crier_model::{
    post::{Content, Timing, ValidPost},
    slot::{Day, Slot},
};
use crier_store::{
    evergreen,
    posts::{self, Filter, Save},
};
use std::{sync::Arc, time::Duration};

#[tokio::test]
async fn occurrences_and_turns_are_written_by_the_worker() {
    let house = house().await;
    let new =
        Save { workspace: house.workspace, by: house.user, id: None, expected_version: None, idempotency_key: None };
    let at = house.now() + minutes(60);
    let post = |timing, repeat| ValidPost {
        content: Content { parts: vec![part("again")], ..Content::default() },
        channels: vec![house.channel],
        timing,
        time_zone: "UTC".to_owned(),
        repeat,
    };
    let daily = serde_json::from_value(serde_json::json!({ "rule": "FREQ=DAILY" })).unwrap();
    posts::save(&house.store, new, &post(Timing::At(at), Some(daily))).await.unwrap();
    let set = evergreen::Settings {
        name: "Tips".to_owned(),
        channels: vec![house.channel],
        time_zone: Some("UTC".to_owned()),
        slots: vec![Slot { days: Day::ALL.into(), time: "12:00".parse().unwrap() }],
        rest_days: 0,
        paused: false,
    };
    let queue = evergreen::create(&house.store, house.workspace, house.user, &set).await.unwrap();
    evergreen::keep(&house.store, house.workspace, queue, house.user, &post(Timing::Draft(None), None)).await.unwrap();
    let count = async || {
        let all = posts::list(&house.store, house.workspace, Filter::default(), None, 1000).await.unwrap();
        let turns = all.iter().filter(|post| post.queue == Some(queue)).count();
        (all.len() - turns, turns)
    };
    let (occurrences, turns) = count().await;
    assert!(occurrences >= 60 && turns == 1, "{occurrences} {turns}");
    house.pass(minutes(3 * 24 * 60));
    let handlers = vec![Arc::new(Repeats(house.store.clone())) as _, Arc::new(Evergreens(house.store.clone())) as _];
    let worker = house.start_with(&house.store, handlers, Settings::default());
    let written = async {
        while count().await != (occurrences + 3, turns + 1) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.unwrap();
    worker.stop().await;
}
