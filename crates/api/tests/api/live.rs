use crate::house::{House, Person, scheduled};
use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, Request, header},
};
use futures::StreamExt;
use std::time::Duration;
use tower::ServiceExt;

/// A stream of events, read as text.
struct Stream {
    body: BodyDataStream,
    text: String,
}

impl Stream {
    async fn open(person: &Person<'_>, last: Option<&str>) -> Self {
        Self::open_back(person, last, 0).await
    }

    async fn open_back(person: &Person<'_>, last: Option<&str>, back_ms: u32) -> Self {
        let mut request = Request::builder()
            .uri(format!("/api/v1/workspaces/{}/events?back_ms={back_ms}", person.workspace))
            .body(Body::empty())
            .unwrap();
        request.headers_mut().extend(person.headers.clone());
        if let Some(last) = last {
            request
                .headers_mut()
                .extend(HeaderMap::from_iter([("last-event-id".parse().unwrap(), last.parse().unwrap())]));
        }
        let response = person.house.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Reads until an event of this kind is whole; its lines.
    async fn next(&mut self, kind: &str) -> String {
        let read = async {
            loop {
                if let Some(end) = self.text.find("\n\n") {
                    let event = self.text.drain(..end + 2).collect::<String>();
                    if event.contains(&format!("event: {kind}\n")) {
                        return event;
                    }
                    continue;
                }
                let chunk = self.body.next().await.unwrap().unwrap();
                self.text += std::str::from_utf8(&chunk).unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), read).await.unwrap()
    }
}

#[tokio::test]
async fn what_happens_in_the_workspace_is_told_at_once_and_only_there() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    let (ours, theirs) = (house.channel(ada.workspace, "ours").await, house.channel(bob.workspace, "theirs").await);
    let mut stream = Stream::open(&ada, None).await;
    bob.post("posts", &scheduled(&[theirs], "Elsewhere")).await.ok();
    let post = ada.post("posts", &scheduled(&[ours], "Here")).await.ok();
    let event = stream.next("post.saved").await;
    assert!(event.contains(post["id"].as_str().unwrap()), "{event}");
}

#[tokio::test]
async fn a_stream_that_broke_goes_on_where_it_was() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "ours").await;
    let mut stream = Stream::open(&ada, None).await;
    ada.post("posts", &scheduled(&[channel], "First")).await.ok();
    let event = stream.next("post.saved").await;
    let id = event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    drop(stream);
    let missed = ada.post("posts", &scheduled(&[channel], "Missed")).await.ok();
    let mut stream = Stream::open(&ada, Some(&id)).await;
    let event = stream.next("post.saved").await;
    assert!(event.contains(missed["id"].as_str().unwrap()), "{event}");
}

#[tokio::test]
async fn a_stream_tells_what_happened_just_before_it_began() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "ours").await;
    let before = ada.post("posts", &scheduled(&[channel], "Before")).await.ok();
    // More than is told counts as the most.
    let mut stream = Stream::open_back(&ada, None, u32::MAX).await;
    let event = stream.next("post.saved").await;
    assert!(event.contains(before["id"].as_str().unwrap()), "{event}");
}
