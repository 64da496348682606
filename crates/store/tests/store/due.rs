use crate::scene::{LEASE, Scene, after_minutes, scene, start};
use crier_model::{ChannelId, Clock, Timestamp};
use crier_store::{
    Store, StoreError,
    due::{self, Claimed, NewWork, Reach},
};
use jiff::SignedDuration;
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

fn work(scene: &Scene, subject: &str, minutes: i64) -> NewWork {
    NewWork::new(scene.workspace, "avatar", subject, after_minutes(minutes))
}

fn subjects(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|c| c.subject.as_str()).collect()
}

fn is_stale<T: std::fmt::Debug>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Stale { .. }))
}

#[tokio::test]
async fn work_is_claimed_in_order_of_due_time_and_never_before() {
    let scene = scene().await;
    let all = [work(&scene, "later", 2), work(&scene, "first", 0), work(&scene, "second", 1).with(json!({ "n": 2 }))];
    due::upsert(&scene, &all).await.unwrap();
    assert_eq!(subjects(&scene.claim().await), ["first"]);
    scene.minutes_pass(3);
    let claimed = due::claim(&scene, scene.clock.now(), "worker", 1, SignedDuration::from_mins(60)).await.unwrap();
    // Its lease lapsed meanwhile, and it is the one that has waited longest.
    assert_eq!(subjects(&claimed), ["first"]);
    assert_eq!(claimed[0].tries, 2);
    let claimed = scene.claim().await;
    assert_eq!(subjects(&claimed), ["second", "later"]);
    assert_eq!(claimed[0].payload, json!({ "n": 2 }));
    assert_eq!(claimed[0].due_at, after_minutes(1));
    assert!(scene.claim().await.is_empty());
}

#[tokio::test]
async fn a_lane_gives_out_one_row_at_a_time() {
    let scene = scene().await;
    let (one, other) = (ChannelId::new(), ChannelId::new());
    let all = [
        work(&scene, "one/3", -1).in_lane(one),
        work(&scene, "one/1", -3).in_lane(one),
        work(&scene, "one/2", -2).in_lane(one),
        work(&scene, "other/1", -1).in_lane(other),
    ];
    due::upsert(&scene, &all).await.unwrap();
    for expected in [vec!["one/1", "other/1"], vec!["one/2"], vec!["one/3"], vec![]] {
        let claimed = scene.claim().await;
        assert_eq!(subjects(&claimed), expected);
        for claimed in claimed {
            due::finish(&scene, claimed.fence).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_row_given_back_lets_others_of_its_lane_go_first() {
    let scene = scene().await;
    let lane = ChannelId::new();
    let all = [work(&scene, "a", -2).in_lane(lane), work(&scene, "b", -1).in_lane(lane)];
    due::upsert(&scene, &all).await.unwrap();
    let claimed = scene.claim().await;
    assert_eq!(subjects(&claimed), ["a"]);
    due::release(&scene, claimed[0].fence, after_minutes(5), Some(&json!("again"))).await.unwrap();
    assert!(is_stale(&due::finish(&scene, claimed[0].fence).await));
    let claimed = scene.claim().await;
    assert_eq!(subjects(&claimed), ["b"]);
    due::finish(&scene, claimed[0].fence).await.unwrap();
    assert!(scene.claim().await.is_empty());
    scene.minutes_pass(5);
    let claimed = scene.claim().await;
    assert_eq!((subjects(&claimed), claimed[0].tries), (vec!["a"], 2));
    assert_eq!(claimed[0].payload, json!("again"));
}

#[tokio::test]
async fn work_that_comes_earlier_takes_the_head_of_its_lane() {
    let scene = scene().await;
    let lane = ChannelId::new();
    due::upsert(&scene, &[work(&scene, "a", 10).in_lane(lane)]).await.unwrap();
    due::upsert(&scene, &[work(&scene, "b", 5).in_lane(lane)]).await.unwrap();
    assert_eq!(due::next_due_at(&scene).await.unwrap(), Some(after_minutes(5)));
    due::upsert(&scene, &[work(&scene, "b", 20).in_lane(lane)]).await.unwrap();
    assert_eq!(due::next_due_at(&scene).await.unwrap(), Some(after_minutes(10)));
    assert!(due::remove(&scene, "avatar", "a").await.unwrap());
    assert!(!due::remove(&scene, "avatar", "a").await.unwrap());
    assert_eq!(due::next_due_at(&scene).await.unwrap(), Some(after_minutes(20)));
    assert!(due::remove(&scene, "avatar", "b").await.unwrap());
    assert_eq!(due::next_due_at(&scene).await.unwrap(), None);
}

#[tokio::test]
async fn a_lapsed_lease_goes_to_another_and_its_first_holder_is_refused() {
    let scene = scene().await;
    let lane = ChannelId::new();
    due::upsert(&scene, &[work(&scene, "a", 0).in_lane(lane)]).await.unwrap();
    let first = scene.claim().await.remove(0);
    assert_eq!(due::next_due_at(&scene).await.unwrap(), Some(first.lease_until));
    scene.clock.set(first.lease_until);
    let node = scene.node().await;
    let second = due::claim(&node, scene.clock.now(), "another", 10, LEASE).await.unwrap().remove(0);
    assert_eq!(second.subject, "a");
    assert!(second.fence.number > first.fence.number);
    assert!(is_stale(&due::finish(&scene, first.fence).await));
    assert!(is_stale(&due::release(&scene, first.fence, start(), None).await));
    let held = due::extend(&scene, &[first.fence, second.fence], after_minutes(30)).await.unwrap();
    // One row, and whoever holds the newer fence holds it.
    assert_eq!(held, HashSet::from([second.fence.work]));
    scene.minutes_pass(20);
    assert!(scene.claim().await.is_empty());
    due::finish(&node, second.fence).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_is_lost_is_not_extended() {
    let scene = scene().await;
    due::upsert(&scene, &[work(&scene, "a", 0), work(&scene, "b", 0)]).await.unwrap();
    let claimed = scene.claim().await;
    // Writing work anew takes it from whoever holds it.
    due::upsert(&scene, &[work(&scene, "a", 3)]).await.unwrap();
    let fences: Vec<_> = claimed.iter().map(|c| c.fence).collect();
    let held = due::extend(&scene, &fences, after_minutes(9)).await.unwrap();
    let b = claimed.iter().find(|c| c.subject == "b").unwrap();
    assert_eq!(held, HashSet::from([b.fence.work]));
    let a = claimed.iter().find(|c| c.subject == "a").unwrap();
    assert!(is_stale(&due::finish(&scene, a.fence).await));
    scene.minutes_pass(3);
    let claimed = scene.claim().await;
    assert_eq!((subjects(&claimed), claimed[0].tries), (vec!["a"], 1));
}

#[tokio::test]
async fn work_written_twice_in_one_call_is_there_once_as_last_said() {
    let scene = scene().await;
    due::upsert(&scene, &[work(&scene, "a", 4), work(&scene, "a", 0)]).await.unwrap();
    let claimed = scene.claim().await;
    assert_eq!(subjects(&claimed), ["a"]);
    assert_eq!(claimed[0].due_at, start());
    assert_eq!(due::next_due_at(&scene).await.unwrap(), Some(claimed[0].lease_until));
}

#[tokio::test]
async fn sleepers_are_woken_by_what_was_committed_and_only_by_that() {
    let scene = scene().await;
    let mut woken = scene.due_woken();
    let mut tx = scene.begin().await.unwrap();
    due::upsert_in(&mut tx, &[work(&scene, "a", 7)]).await.unwrap();
    assert!(woken.try_recv().is_err());
    tx.commit().await.unwrap();
    assert_eq!(woken.try_recv().unwrap(), crier_store::wake::Wake::Due(after_minutes(7)));
    let mut tx = scene.begin().await.unwrap();
    due::upsert_in(&mut tx, &[work(&scene, "b", 6)]).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(woken.try_recv().is_err());
    assert_eq!(due::next_due_at(&scene).await.unwrap(), Some(after_minutes(7)));
}

const LANES: usize = 6;
const IN_EACH: usize = 15;
const WITHOUT: usize = 60;

#[derive(Default)]
struct Seen {
    /// By subject, in the order in which they were begun.
    begun: Vec<String>,
    /// Lanes being worked on.
    busy: HashSet<String>,
    clashes: Vec<String>,
}

/// Claims and finishes until nothing is left, as a worker does.
async fn drain(node: Store, owner: String, now: Timestamp, seen: Arc<Mutex<Seen>>) {
    let mut idle = 0;
    while idle < 40 {
        let claimed = due::claim(&node, now, &owner, 5, LEASE).await.unwrap();
        if claimed.is_empty() {
            idle += 1;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            continue;
        }
        idle = 0;
        for claimed in claimed {
            let lane = claimed.subject.split_once('/').map(|(lane, _)| lane.to_owned());
            {
                let mut seen = seen.lock().unwrap();
                seen.begun.push(claimed.subject.clone());
                if let Some(lane) = &lane
                    && !seen.busy.insert(lane.clone())
                {
                    seen.clashes.push(claimed.subject.clone());
                }
            }
            tokio::task::yield_now().await;
            if let Some(lane) = &lane {
                seen.lock().unwrap().busy.remove(lane);
            }
            due::finish(&node, claimed.fence).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_share_the_work_without_doing_any_of_it_twice() {
    let scene = scene().await;
    let mut all = Vec::new();
    for lane in 0..LANES {
        let channel = ChannelId::new();
        for i in 0..IN_EACH {
            let subject = format!("lane{lane}/{i:02}");
            all.push(work(&scene, &subject, i as i64 - IN_EACH as i64).in_lane(channel));
        }
    }
    all.extend((0..WITHOUT).map(|i| work(&scene, &format!("free{i}"), -1)));
    due::upsert(&scene, &all).await.unwrap();

    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut workers = tokio::task::JoinSet::new();
    for (i, node) in [scene.node().await, scene.node().await].into_iter().enumerate() {
        for j in 0..3 {
            workers.spawn(drain(node.clone(), format!("node {i} worker {j}"), start(), seen.clone()));
        }
    }
    while let Some(done) = workers.join_next().await {
        done.unwrap();
    }

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen.clashes, Vec::<String>::new());
    assert_eq!(seen.begun.len(), all.len());
    assert_eq!(seen.begun.iter().collect::<HashSet<_>>().len(), all.len());
    let mut lanes: HashMap<&str, Vec<&str>> = HashMap::new();
    for subject in &seen.begun {
        if let Some((lane, i)) = subject.split_once('/') {
            lanes.entry(lane).or_default().push(i);
        }
    }
    assert_eq!(lanes.len(), LANES);
    for (lane, order) in lanes {
        assert!(order.is_sorted(), "{lane}: {order:?}");
    }
    assert_eq!(due::next_due_at(&scene).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lane_keeps_one_head_while_many_write_to_it() {
    let scene = scene().await;
    let lane = ChannelId::new();
    let nodes = [scene.node().await, scene.node().await];
    let mut writers = tokio::task::JoinSet::new();
    for i in 0..24_i64 {
        let (node, work) = (nodes[i as usize % 2].clone(), work(&scene, &format!("{i:02}"), -1 - i).in_lane(lane));
        writers.spawn(async move {
            due::upsert(&node, &[work]).await.unwrap();
            let claimed = due::claim(&node, start(), "worker", 1, LEASE).await.unwrap();
            for claimed in claimed {
                due::release(&node, claimed.fence, claimed.due_at, None).await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let mut order = Vec::new();
    loop {
        let claimed = scene.claim().await;
        assert!(claimed.len() <= 1);
        let Some(claimed) = claimed.into_iter().next() else { break };
        order.push(claimed.due_at);
        due::finish(&scene, claimed.fence).await.unwrap();
    }
    assert_eq!(order.len(), 24);
    assert!(order.is_sorted());
}

#[tokio::test]
async fn the_work_of_others_is_claimed_beside_that_of_a_workspace_with_its_share() {
    let scene = scene().await;
    let other = crier_model::WorkspaceId::new();
    let nobodys = NewWork { workspace: None, ..work(&scene, "nobody's", 2) };
    let all = [work(&scene, "ours", 0), NewWork { workspace: Some(other), ..work(&scene, "other's", 1) }, nobodys];
    due::upsert(&scene, &all).await.unwrap();
    scene.minutes_pass(3);
    let reach = Reach { beside: &[scene.workspace], ..Reach::at(scene.clock.now()) };
    assert_eq!(due::first_within(&scene, reach).await.unwrap(), Some(Some(other)));
    let claimed = due::claim_within(&scene, reach, "worker", 10, LEASE).await.unwrap();
    assert_eq!(subjects(&claimed), ["other's", "nobody's"]);
    assert_eq!(subjects(&scene.claim().await), ["ours"]);
}

#[tokio::test]
async fn what_is_to_be_published_is_claimed_ahead_of_its_time_and_nothing_else() {
    let scene = scene().await;
    let publish = |subject, minutes| NewWork { kind: due::kind::PUBLISH.to_owned(), ..work(&scene, subject, minutes) };
    due::upsert(&scene, &[work(&scene, "other", 4), publish("soon", 5), publish("later", 10)]).await.unwrap();
    let reach = |head| Reach { head_start: SignedDuration::from_mins(head), ..Reach::at(scene.clock.now()) };
    assert_eq!(due::first_within(&scene, reach(4)).await.unwrap(), None);
    // What comes next is due in four minutes; a look is taken a head start before what may be early, or may be given none.
    assert_eq!(due::next_within(&scene, reach(4)).await.unwrap(), Some(after_minutes(1)));
    let claimed = due::claim_within(&scene, reach(6), "worker", 10, LEASE).await.unwrap();
    assert_eq!(subjects(&claimed), ["soon"]);
    assert_eq!(claimed[0].due_at, after_minutes(5));
    // Nor is a lease that ends within reach.
    assert!(due::claim_within(&scene, reach(1), "worker", 10, LEASE).await.unwrap().is_empty());
    assert_eq!(due::next_within(&scene, reach(1)).await.unwrap(), Some(claimed[0].lease_until));
}

#[tokio::test]
async fn work_that_is_there_is_not_written_again() {
    let scene = scene().await;
    due::ensure(&scene, &work(&scene, "once", 5)).await.unwrap();
    due::ensure(&scene, &work(&scene, "once", 0)).await.unwrap();
    assert_eq!(due::next_due_at(&scene).await.unwrap(), Some(after_minutes(5)));
}

#[tokio::test]
async fn the_backlog_is_what_is_due_and_what_is_held() {
    let scene = scene().await;
    let empty = due::backlog(&scene).await.unwrap();
    assert_eq!((empty.due, empty.oldest, empty.leased), (0, None, 0));
    let all = [work(&scene, "a", -3), work(&scene, "b", -2), work(&scene, "c", -1), work(&scene, "later", 5)];
    due::upsert(&scene, &all).await.unwrap();
    due::claim(&scene, scene.clock.now(), "worker", 1, LEASE).await.unwrap();
    let backlog = due::backlog(&scene).await.unwrap();
    assert_eq!((backlog.due, backlog.oldest, backlog.leased), (2, Some(after_minutes(-2)), 1));
}
