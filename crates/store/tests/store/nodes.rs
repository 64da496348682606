use crate::scene::{after_minutes, person, scene};
use crier_model::{Clock, Timestamp};
use crier_store::{
    ClusterClock, Store, StoreError,
    due::{self, NewWork},
    users::{self, Registration},
    wake::Wake,
};
use jiff::SignedDuration;
use std::{sync::Arc, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_nodes_may_migrate_at_once() {
    let scene = scene().await;
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let node = scene.node().await;
        nodes.spawn(async move {
            node.migrate().await.unwrap();
            node.ping().await.unwrap();
            node.close().await.unwrap();
        });
    }
    nodes.join_all().await;
    assert!(users::any(&scene).await.unwrap());
}

#[tokio::test]
async fn a_node_hears_of_work_that_another_has_written() {
    let scene = scene().await;
    if !scene.is_postgres() {
        // On SQLite there is one process, and its channel is tested with due work.
        return;
    }
    let node = scene.node().await;
    let mut woken = node.due_woken();
    // Until the node listens, it is told to look at everything once it does.
    let first = tokio::time::timeout(Duration::from_secs(10), woken.recv()).await.unwrap().unwrap();
    assert_eq!(first, Wake::Everything);
    let work = NewWork::new(scene.workspace, due::kind::AVATAR, "a", after_minutes(3));
    due::upsert(&scene, &[work]).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(10), woken.recv()).await.unwrap().unwrap();
    assert_eq!(heard, Wake::Due(after_minutes(3)));
}

#[tokio::test]
async fn what_is_dropped_uncommitted_is_undone() {
    let scene = scene().await;
    let mut tx = scene.begin().await.unwrap();
    let work = NewWork::new(scene.workspace, due::kind::AVATAR, "a", after_minutes(3));
    due::upsert_in(&mut tx, &[work]).await.unwrap();
    drop(tx);
    // The next transaction waits for the rollback and finds nothing.
    let tx = scene.begin().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due::next_due_at(&scene).await.unwrap(), None);
}

/// As a request is whose caller went away, or a worker that is stopped: at whatever point it waits.
#[tokio::test]
async fn a_transaction_given_up_while_it_begins_is_not_left_open() {
    let scene = scene().await;
    for turns in 0..400 {
        let given_up = async {
            for _ in 0..turns % 40 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            begun = scene.begin() => drop(begun.unwrap()),
            () = given_up => {}
        }
    }
    let work = NewWork::new(scene.workspace, due::kind::AVATAR, "a", after_minutes(3));
    due::upsert(&scene, &[work]).await.unwrap();
    let node = scene.node().await;
    assert_eq!(due::next_due_at(&node).await.unwrap(), Some(after_minutes(3)));
    node.close().await.unwrap();
    let settled = async {
        while scene.idle_transactions().await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), settled).await.is_ok(), "transactions nobody ends");
}

#[tokio::test]
async fn errors_and_debug_output_carry_no_stored_value() {
    let scene = scene().await;
    let shown = format!("{:?} {:?}", scene.config(), &*scene);
    assert!(!shown.contains("crier.db") && !shown.contains("127.0.0.1"), "{shown}");
    let error = users::create(&scene, person("ada@example.org")).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("ada@"), "{error:?}");
    assert!(matches!(error, StoreError::Conflict { what: "user.email" }));
    // A foreign key's message on PostgreSQL quotes the value that is missing.
    let unknown = crier_model::UserId::new();
    let error = crier_store::sessions::create(&scene, unknown, "hash", after_minutes(1), "curl").await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(&unknown.to_string()), "{error:?}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_with_what_is_wanted() {
    let scene = scene().await;
    for url in ["mysql://localhost/crier", "sqlite::memory:", ""] {
        let mut config = scene.config().clone();
        config.url = url.to_owned();
        let error = Store::connect(&config, scene.clock.clone()).await.unwrap_err();
        assert!(matches!(error, StoreError::Configuration(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn readers_are_not_kept_waiting_by_a_writer() {
    let scene = scene().await;
    let tx = scene.begin().await.unwrap();
    let read = tokio::time::timeout(Duration::from_secs(2), users::any(&scene)).await;
    assert!(read.unwrap().unwrap());
    tx.rollback().await.unwrap();
    let again = users::sign_up(&scene, person("b@example.org"), "B", Registration::Open).await;
    assert!(again.is_ok());
}

/// During an upgrade a node of the version before may start again on the schema of the new one.
#[tokio::test]
async fn a_node_of_an_older_version_starts_on_a_newer_schema() {
    let scene = scene().await;
    if scene.is_postgres() {
        // The same statement; the row of a version to come is only written into a file here.
        return;
    }
    let file = scene.config().url.trim_start_matches("sqlite://").to_owned();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_to_come', 0)";
    crier_store::testing::execute(file.as_ref(), newer).await;
    let older = scene.node().await;
    older.migrate().await.unwrap();
    assert!(users::any(&older).await.unwrap());
    older.close().await.unwrap();
}

/// The machine's clock, an hour off.
#[derive(Debug)]
struct Wrong;

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(1)
    }
}

#[tokio::test]
async fn nodes_go_by_the_databases_clock() {
    let scene = scene().await;
    let clock = Arc::new(ClusterClock::new(Arc::new(Wrong)));
    let node = Store::connect(scene.config(), clock.clone()).await.unwrap();
    clock.set_by(&node).await.unwrap();
    let ahead = node.now().duration_since(Timestamp::now());
    if scene.is_postgres() {
        assert!(ahead.abs() < SignedDuration::from_secs(2), "{ahead}");
    } else {
        // One process, one clock.
        assert!(ahead > SignedDuration::from_mins(59), "{ahead}");
    }
    node.close().await.unwrap();
}
