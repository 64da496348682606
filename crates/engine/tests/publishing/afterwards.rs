//! What comes after publishing: numbers, deleting on the network, and other words there.

use crate::house::{House, house, minutes, part, seconds};
use crier_engine::work::Handler;
use crier_model::{
    Document, Metric, PublicationId,
    metric::Per,
    post::Timing,
    publication::{PublicationState as State, Wanted},
};
use crier_networks::{
    Sent,
    afterwards::Account,
    connect::{Facts, Tokens},
};
use crier_store::{
    StoreError, numbers, posts,
    publications::{self, Publication},
};
use jiff::{SignedDuration, tz::TimeZone};
use serde_json::json;
use std::sync::Arc;

impl House {
    /// Runs a worker for wishes and numbers until the publication is as wanted.
    async fn grant_until(&self, id: PublicationId, wanted: impl Fn(&Publication) -> bool) -> Publication {
        let publisher = self.publisher();
        let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(publisher.wishes()), Arc::new(publisher.numbers())];
        let worker = self.start_with(&self.store, handlers, crier_engine::Settings::default());
        let publication = self.wait(id, wanted).await;
        worker.stop().await;
        publication
    }

    async fn wish(&self, id: PublicationId, what: Wanted) -> Result<Publication, StoreError> {
        publications::wish(&self.store, self.workspace, id, what).await
    }

    /// Looks at the numbers that are due, until those of this publication are told.
    async fn look(&self, id: PublicationId, before: Option<crier_model::Timestamp>) -> numbers::Numbers {
        let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(self.publisher().numbers())];
        let worker = self.start_with(&self.store, handlers, crier_engine::Settings::default());
        let started = std::time::Instant::now();
        let told = loop {
            let told = numbers::of_publication(&self.store, id).await.unwrap();
            if told.looked_at > before {
                break told;
            }
            assert!(started.elapsed() < std::time::Duration::from_secs(60), "nobody looked: {told:?}");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        worker.stop().await;
        told
    }

    async fn published(&self, texts: &[&str]) -> PublicationId {
        let id = self.schedule(texts.iter().map(|text| part(text)).collect(), Timing::Now).await;
        self.work_to(id, State::Published).await;
        id
    }
}

fn words(texts: &[&str]) -> Wanted {
    Wanted::Words(texts.iter().map(|text| Document::from_plain(text)).collect())
}

#[tokio::test]
async fn a_thread_is_deleted_on_the_network_and_stays_here() {
    let house = house().await;
    let id = house.published(&["one", "two"]).await;
    house.wish(id, Wanted::Removal).await.unwrap();
    let gone = house.grant_until(id, |it| it.removed_at.is_some()).await;
    assert_eq!(house.wall.texts().await, Vec::<String>::new());
    assert_eq!((gone.state, gone.wish), (State::Published, None));
    let titles = house.titles(id).await;
    assert_eq!(titles[titles.len() - 2..], ["To be deleted on the network", "Deleted on the network"]);
    // Nothing is asked of what is gone.
    let again = house.wish(id, Wanted::Removal).await;
    assert!(matches!(again, Err(StoreError::Conflict { what: "publication.not_published" })));
    assert_eq!(numbers::next_look(&house.store, house.channel).await.unwrap(), None);
}

/// As after a worker that died between the two parts, or a person who was faster.
#[tokio::test]
async fn what_is_gone_from_the_network_already_counts_as_deleted() {
    let house = house().await;
    let id = house.published(&["one", "two"]).await;
    let remote = house.publication(id).await.remote.unwrap();
    let second: Sent = serde_json::from_value(remote["parts"][1].clone()).unwrap();
    let credentials = house.tokens.fresh(house.channel, false).await.unwrap();
    let account = Account {
        net: &house.net,
        now: house.now(),
        credentials: &credentials,
        instance: None,
        id: "1",
        handle: "ada",
        facts: &Facts::new(),
    };
    house.registry.get("playground").unwrap().delete().unwrap().delete(&account, &second).await.unwrap();
    assert_eq!(house.wall.texts().await, ["one"]);
    house.wish(id, Wanted::Removal).await.unwrap();
    house.grant_until(id, |it| it.removed_at.is_some()).await;
    assert_eq!(house.wall.texts().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_published_post_gets_other_words_on_the_network_and_here() {
    let house = house().await;
    let id = house.published(&["one", "two"]).await;
    house.wish(id, words(&["first", "second"])).await.unwrap();
    let edited = house.grant_until(id, |it| it.edited_at.is_some()).await;
    assert_eq!(house.wall.texts().await, ["first", "second"]);
    assert_eq!((edited.state, edited.wish), (State::Published, None));
    let post = posts::by_id(&house.store, edited.post).await.unwrap();
    let here: Vec<String> = post.content.parts_for(house.channel).iter().map(|part| part.body.to_plain()).collect();
    assert_eq!(here, ["first", "second"]);
    assert_eq!(post.excerpt, "first");
}

#[tokio::test]
async fn a_wish_is_tried_again_while_the_network_is_down_and_refused_by_its_words() {
    let house = house().await;
    let id = house.published(&["one"]).await;
    house.wall.fault(json!({"kind": "status", "code": 503, "endpoints": ["posts"], "times": 1})).await;
    house.wish(id, words(&["first"])).await.unwrap();
    let publisher = house.publisher();
    let worker = house.start_with(&house.store, vec![Arc::new(publisher.wishes())], crier_engine::Settings::default());
    house.wait(id, |it| it.edited_at.is_none()).await;
    for _ in 0..40 {
        house.pass(seconds(5));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        if house.publication(id).await.edited_at.is_some() {
            break;
        }
    }
    house.wait(id, |it| it.edited_at.is_some()).await;
    worker.stop().await;
    assert_eq!(house.wall.texts().await, ["first"]);
    house.wish(id, words(&[&"x".repeat(501)])).await.unwrap();
    let refused = house.grant_until(id, |it| it.wish.as_ref().is_some_and(|wish| !wish.is_open())).await;
    let reason = refused.wish.unwrap().refused.unwrap();
    assert_eq!(reason.code, "wish.not_changed");
    assert!(reason.message.contains("501"), "{}", reason.message);
    assert_eq!(house.wall.texts().await, ["first"]);
    // Another wish takes its place.
    house.wish(id, Wanted::Removal).await.unwrap();
    house.grant_until(id, |it| it.removed_at.is_some()).await;
}

#[tokio::test]
async fn nothing_is_wished_of_what_is_not_out() {
    let house = house().await;
    let id = house.schedule(vec![part("later")], Timing::At(house.now() + minutes(60))).await;
    let refused = house.wish(id, Wanted::Removal).await;
    assert!(matches!(refused, Err(StoreError::Conflict { what: "publication.not_published" })));
}

#[tokio::test]
async fn the_numbers_of_a_post_and_its_channel_are_kept_day_by_day() {
    let house = house().await;
    let id = house.published(&["one", "two"]).await;
    assert_eq!(numbers::of_publication(&house.store, id).await.unwrap().looked_at, None);
    house.pass(minutes(16));
    let first = house.look(id, None).await;
    let value = |told: &numbers::Numbers, metric| {
        let series = told.series.iter().find(|series| series.metric == metric);
        series.map(|series| series.points.iter().map(|(_, value)| *value).collect::<Vec<_>>())
    };
    assert_eq!((value(&first, Metric::Replies), first.said.clone()), (Some(vec![1]), None));
    house.pass(SignedDuration::from_hours(24));
    let second = house.look(id, first.looked_at).await;
    assert_eq!(value(&second, Metric::Replies), Some(vec![1, 1]));
    let today = TimeZone::UTC.to_datetime(house.now()).date();
    let channel =
        numbers::of_channel(&house.store, house.channel, today.saturating_sub(jiff::Span::new().days(3)), today);
    let channel = channel.await.unwrap();
    let posts = channel.series.iter().find(|series| series.metric == Metric::Posts).unwrap();
    assert_eq!((posts.per, posts.points.last().unwrap()), (Per::Total, &(today, 2)));
}

#[tokio::test]
async fn why_no_numbers_are_told_is_kept_and_publishing_goes_on() {
    let house = house().await;
    let id = house.published(&["one"]).await;
    house.wall.fault(json!({"kind": "status", "code": 403, "endpoints": ["metrics"]})).await;
    house.pass(minutes(16));
    let handlers: Vec<Arc<dyn Handler>> = vec![Arc::new(house.publisher().numbers())];
    let worker = house.start_with(&house.store, handlers, crier_engine::Settings::default());
    let started = std::time::Instant::now();
    let today = TimeZone::UTC.to_datetime(house.now()).date();
    while numbers::of_channel(&house.store, house.channel, today, today).await.unwrap().said.is_none() {
        assert!(started.elapsed() < std::time::Duration::from_secs(60), "nothing was said");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    worker.stop().await;
    assert_eq!(house.publication(id).await.state, State::Published);
    house.published(&["two"]).await;
}
