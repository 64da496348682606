//! What a running program tells of itself.

use crate::place::{Place, Server};
use serde_json::Value;
use std::time::{Duration, Instant};

impl Server {
    /// Its health, once that is as wanted; the worker looks for work at least every 15 seconds.
    async fn health(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let answer = self.client.get(format!("{}/health", self.address)).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{}", answer.text());
            let health = answer.json().unwrap();
            if wanted(&health) {
                return health;
            }
            assert!(Instant::now() < until, "{health}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_tells_what_keeps_the_worker_from_its_work_until_it_is_over() {
    crier_net::install_crypto_provider();
    let place = Place::new("health");
    place.person();
    let server = place.serve().await;
    let well = server.health(|health| health["worker"]["looked_seconds_ago"].is_u64()).await;
    assert_eq!((&well["status"], &well["worker"]["trouble"]), (&"ok".into(), &Value::Null));

    place.sql("ALTER TABLE due_work RENAME TO lent").await;
    let told = server.health(|health| health["worker"]["trouble"].is_string()).await;
    assert_eq!(told["oldest_due_seconds"], Value::Null, "{told}");

    place.sql("ALTER TABLE lent RENAME TO due_work").await;
    let again = server.health(|health| health["worker"]["trouble"].is_null()).await;
    assert!(again["oldest_due_seconds"].is_u64(), "{again}");
}
