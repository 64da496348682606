//! The database's disk is full: nothing is lost and nothing is sent twice.

use crate::house::{house_on, network, part};
use async_trait::async_trait;
use crier_model::{post::Timing, publication::PublicationState as State};
use crier_networks::{
    Connect, Cx, Item, Network, Refusal, Sent,
    about::About,
    connect::Facts,
    playground::Playground,
    publish::{Publish, Recent},
};
use serde_json::json;
use std::time::Duration;

/// The Playground, with so much to say of each post that the database must grow for it.
struct Wordy(Playground);

impl Network for Wordy {
    fn about(&self) -> &'static About {
        self.0.about()
    }
    fn connect(&self) -> Connect<'_> {
        self.0.connect()
    }
    fn rules(&self, facts: &Facts) -> crier_model::rules::Rules {
        self.0.rules(facts)
    }
    fn settings_schema(&self) -> serde_json::Value {
        self.0.settings_schema()
    }
    fn publish(&self) -> &dyn Publish {
        self
    }
    fn recent(&self) -> Option<&dyn Recent> {
        self.0.recent()
    }
}

#[async_trait]
impl Publish for Wordy {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let sent = Network::publish(&self.0).publish(cx, item).await?;
        Ok(Sent { data: json!("word ".repeat(100_000)), ..sent })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_when_a_post_was_sent_delays_its_end_and_sends_it_once() {
    let house = house_on(|wall| Box::new(Wordy(network(wall)))).await;
    if house.store.is_postgres() {
        return;
    }
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    house.store.limit_growth(Some(20)).await.unwrap();
    let worker = house.start();
    while house.wall.texts().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Its end is tried several times within half a second.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let waiting = house.publication(id).await;
    assert_eq!((waiting.state, waiting.published_at), (State::Sending, None));
    house.store.limit_growth(None).await.unwrap();
    house.wait(id, |p| p.state == State::Published).await;
    worker.stop().await;
    assert_eq!(house.wall.texts().await, ["hello"]);
    assert_eq!(house.publication(id).await.tries, 1);
}
