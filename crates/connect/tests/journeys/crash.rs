//! A server that dies at work on an attempt, and one that comes after it.

use crate::world::{Query, World, code, returning};
use crier_connect::{AttemptView, Started};
use crier_model::{AttemptId, Code, attempt::AttemptState as S};
use crier_store::attempts::{self, Changes};
use serde_json::json;
use std::{future::poll_fn, task::Poll, time::Duration};

#[derive(Clone, Copy, PartialEq)]
enum Moment {
    /// The request that a fault delays is at the network.
    RequestDelayed,
    TokenRequestEnded,
}

impl World {
    /// Comes back at a node that dies at that moment, with all that it was doing.
    async fn come_back_to_one_that_dies(&self, started: &Started, query: &Query, moment: Moment) {
        let node = self.node().await;
        let callback = returning(query, Some(&started.browser_cookie), None);
        let (kill, killed) = std::sync::mpsc::channel();
        let dying = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.spawn(async move { node.callback(callback).await });
            let () = killed.recv().unwrap();
            runtime.shutdown_timeout(Duration::ZERO);
        });
        while !self.is_at(moment).await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        kill.send(()).unwrap();
        tokio::task::spawn_blocking(move || dying.join().unwrap()).await.unwrap();
    }

    async fn is_at(&self, moment: Moment) -> bool {
        if moment == Moment::TokenRequestEnded {
            return !self.outcomes("token").await.is_empty();
        }
        let answer = self.net.get(format!("{}/faults.json", self.origin)).send().await.unwrap();
        let all: serde_json::Value = answer.json().unwrap();
        all["faults"].as_array().unwrap().iter().any(|fault| fault["fired"].as_u64() > Some(0))
    }

    async fn state(&self, id: AttemptId) -> S {
        attempts::by_id(&self.store, id).await.unwrap().state
    }

    /// What the next one makes of it.
    async fn taken_up(&self, id: AttemptId) -> AttemptView {
        // Not while it may still be at work.
        let at = self.handshake.revisit(id).await.unwrap().unwrap();
        let now = crier_model::Clock::now(self.clock.as_ref());
        assert!(at > now);
        self.clock.set(at);
        self.handshake.revisit(id).await.unwrap();
        self.view(id).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_before_the_code_was_sent() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    let id = started.attempt.id;
    world.fault(json!({"kind": "delay", "ms": 8000, "endpoints": ["token"], "times": 1})).await;
    world.come_back_to_one_that_dies(&started, &query, Moment::RequestDelayed).await;
    // As it was a moment before.
    let back = attempts::transition(&world.store, id, &[S::Exchanging], S::Returned, Changes::default()).await.unwrap();
    assert!(back.is_some());
    assert_eq!(world.taken_up(id).await.state, S::Connected);
    assert_eq!(world.channels().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_the_code_was_on_its_way() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "delay", "ms": 8000, "endpoints": ["token"], "times": 1})).await;
    world.come_back_to_one_that_dies(&started, &query, Moment::RequestDelayed).await;
    assert_eq!(world.state(started.attempt.id).await, S::Exchanging);
    let view = world.taken_up(started.attempt.id).await;
    assert_eq!(view.state, S::Connected, "{:?}", view.diagnosis);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_network_took_the_code() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    // The code counts, its answer is lost, and the node dies before it asks again.
    world.next_token("reset", json!({"processed": true})).await;
    world.come_back_to_one_that_dies(&started, &query, Moment::TokenRequestEnded).await;
    assert_eq!(world.state(started.attempt.id).await, S::Exchanging);
    assert_eq!(world.outcomes("token").await, ["reset_processed"]);
    let view = world.taken_up(started.attempt.id).await;
    assert_eq!((view.state, code(&view)), (S::Failed, Some(Code::AnswerLost)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_with_the_tokens_parked() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "delay", "ms": 8000, "endpoints": ["me"], "times": 1})).await;
    world.come_back_to_one_that_dies(&started, &query, Moment::RequestDelayed).await;
    assert_eq!(world.state(started.attempt.id).await, S::Identified);
    assert_eq!(world.taken_up(started.attempt.id).await.state, S::Connected);
    assert_eq!(world.outcomes("token").await, ["ok"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_goes_on_takes_up_what_was_left_behind() {
    let world = World::start().await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "delay", "ms": 8000, "endpoints": ["me"], "times": 1})).await;
    world.come_back_to_one_that_dies(&started, &query, Moment::RequestDelayed).await;
    world.pass(91);
    let view = world.handshake.proceed(started.attempt.id, world.workspace, world.user).await.unwrap();
    assert_eq!(view.state, S::Connected);
}

#[tokio::test]
async fn a_browser_waits_only_so_long_and_the_work_goes_on() {
    let world = World::with(|settings| settings.pace.landing = Duration::from_millis(300)).await;
    let started = world.leave().await;
    let query = world.allow(&started).await;
    world.fault(json!({"kind": "delay", "ms": 2500, "endpoints": ["token"], "times": 1})).await;
    let view = world.land(&started, &query).await;
    assert!(matches!(view.state, S::Returned | S::Exchanging), "{:?}", view.state);
    for _ in 0..200 {
        if world.state(started.attempt.id).await == S::Connected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", world.view(started.attempt.id).await);
}

#[tokio::test]
async fn nobody_coming_back_lapses() {
    let world = World::start().await;
    let started = world.leave().await;
    let id = started.attempt.id;
    assert_eq!(world.handshake.revisit(id).await.unwrap(), Some(started.attempt.expires_at));
    world.pass(30 * 60);
    assert_eq!(world.handshake.revisit(id).await.unwrap(), None);
    let view = world.view(id).await;
    assert_eq!((view.state, code(&view)), (S::Expired, Some(Code::StateExpired)));
    assert_eq!(attempts::by_id(&world.store, id).await.unwrap().parked, None);
    assert_eq!(world.handshake.revisit(AttemptId::new()).await.unwrap(), None);
}

/// However far the work on its request had come when it hung up: either nothing has happened, or all of it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_may_hang_up_at_any_moment() {
    let world = World::start().await;
    let (mut untouched, mut connected) = (0, 0);
    for turns in 0.. {
        let started = world.leave().await;
        let query = world.allow(&started).await;
        let request = world.handshake.callback(returning(&query, Some(&started.browser_cookie), None));
        let stayed = hung_up_after(turns, request).await.is_some();
        let mut state = world.state(started.attempt.id).await;
        for _ in 0..500 {
            if matches!(state, S::Away | S::Connected) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            state = world.state(started.attempt.id).await;
        }
        match state {
            S::Away => untouched += 1,
            S::Connected => connected += 1,
            state => panic!("left {state} by a browser that hung up in turn {turns}"),
        }
        if stayed {
            break;
        }
    }
    assert!(untouched > 0 && connected > 1, "{untouched} untouched, {connected} connected");
}

/// What a request comes to, unless it is dropped when its turn comes once more than so often.
pub async fn hung_up_after<T>(mut turns: u32, request: impl Future<Output = T>) -> Option<T> {
    let mut request = Box::pin(request);
    poll_fn(|context| match turns.checked_sub(1) {
        None => Poll::Ready(None),
        Some(left) => {
            turns = left;
            request.as_mut().poll(context).map(Some)
        }
    })
    .await
}
