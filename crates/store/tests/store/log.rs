//! SQLite's write-ahead log.

use crate::scene::scene;
use std::{path::Path, time::Duration};
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn the_log_is_moved_into_the_database_beside_the_commits() {
    let scene = scene().await;
    let Some(file) = scene.file() else { return };
    let size = || Path::new(&file).metadata().unwrap().len();
    // Everything so far is in the log, which is far too short for a commit to move it.
    let before = size();
    for _ in 0..2000 {
        scene.begin().await.unwrap().commit().await.unwrap();
    }
    let moved = async {
        while size() == before {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), moved).await.unwrap();
}
