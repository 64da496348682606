use crate::house::{Box_, House, house, until};
use crier_engine::notices::test_body;
use crier_model::{Secret, notice::NoticeKind};
use crier_networks::webhook::{new_secret, signature};
use crier_store::webhooks::{self, Delivery, DeliveryState as S};
use serde_json::Value;
use std::sync::Arc;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, header_exists},
};

async fn receiver(statuses: &[u16]) -> MockServer {
    let server = MockServer::start().await;
    for status in statuses {
        Mock::given(header_exists("webhook-signature"))
            .respond_with(ResponseTemplate::new(*status))
            .up_to_n_times(1)
            .mount(&server)
            .await;
    }
    Mock::given(any()).respond_with(ResponseTemplate::new(204)).mount(&server).await;
    server
}

async fn listens(house: &House, server: &MockServer) -> Secret {
    let secret = Secret::new(new_secret());
    let url = format!("{}/hook", server.uri());
    webhooks::set(&house.store, house.workspace, &url, Some(&secret), NoticeKind::ALL).await.unwrap();
    secret
}

async fn last(house: &House) -> Delivery {
    webhooks::deliveries(&house.store, house.workspace, 10).await.unwrap().remove(0)
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap().to_str().unwrap()
}

async fn comes_to(house: &House, state: S, tries: u32) -> Delivery {
    until("the call ended so", || async {
        let all = webhooks::deliveries(&house.store, house.workspace, 10).await.unwrap();
        all.first().is_some_and(|call| call.state == state && call.tries == tries)
    })
    .await;
    last(house).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_signed_and_made_once_over_two_nodes() {
    let house = house().await;
    let server = receiver(&[]).await;
    let secret = listens(&house, &server).await;
    let nodes = [house.work(Arc::new(Box_::default())).await, house.work(Arc::new(Box_::default())).await];
    house.breaks().await;
    let call = comes_to(&house, S::Delivered, 1).await;
    assert_eq!(call.said, "Answered 204.");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    let (id, at) = (header(&requests[0], "webhook-id"), header(&requests[0], "webhook-timestamp"));
    assert_eq!(id, call.id.to_string());
    let body = std::str::from_utf8(&requests[0].body).unwrap();
    let expected = signature(secret.expose(), id, at.parse().unwrap(), body).unwrap();
    assert_eq!(header(&requests[0], "webhook-signature"), expected);
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["title"]),
        (&"channel.reconnect".into(), &"News needs reconnecting".into())
    );
    assert_eq!(body["data"]["url"], format!("https://crier.example/channels/{}", house.channel));
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_stumbles_is_called_again_with_the_same_id() {
    let house = house().await;
    let server = receiver(&[500, 302]).await;
    listens(&house, &server).await;
    let node = house.work(Arc::new(Box_::default())).await;
    house.breaks().await;
    assert_eq!(comes_to(&house, S::Pending, 1).await.said, "Answered 500.");
    house.pass(1).await;
    assert!(comes_to(&house, S::Pending, 2).await.said.contains("redirected"));
    house.pass(6).await;
    comes_to(&house, S::Delivered, 3).await;
    let requests = server.received_requests().await.unwrap();
    let ids: std::collections::BTreeSet<_> = requests.iter().map(|request| header(request, "webhook-id")).collect();
    assert_eq!((requests.len(), ids.len()), (3, 1));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_or_was_taken_away_is_given_up() {
    let house = house().await;
    let server = receiver(&[410]).await;
    listens(&house, &server).await;
    let node = house.work(Arc::new(Box_::default())).await;
    house.breaks().await;
    assert!(comes_to(&house, S::Failed, 1).await.said.contains("gone"));
    node.stop().await;

    house.connect().await;
    house.breaks().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}/");
    webhooks::set(&house.store, house.workspace, &url, None, NoticeKind::ALL).await.unwrap();
    let node = house.work(Arc::new(Box_::default())).await;
    assert!(comes_to(&house, S::Pending, 1).await.said.starts_with("No answer"));
    webhooks::remove(&house.store, house.workspace).await.unwrap();
    house.pass(1).await;
    assert_eq!(comes_to(&house, S::Failed, 2).await.said, "The webhook was taken away.");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_is_tried_once_and_says_what_came_of_it() {
    let house = house().await;
    let server = receiver(&[500]).await;
    listens(&house, &server).await;
    let node = house.work(Arc::new(Box_::default())).await;
    let body = |id| test_body(house.workspace, id, house.clock_now());
    webhooks::test(&house.store, house.workspace, body).await.unwrap();
    assert_eq!(comes_to(&house, S::Failed, 1).await.said, "Answered 500.");
    webhooks::test(&house.store, house.workspace, body).await.unwrap();
    assert_eq!(comes_to(&house, S::Delivered, 1).await.kind, "test");
    node.stop().await;
}
