use crate::house::{Box_, House, house, person, until};
use crier_engine::notices::Unsent;
use crier_model::{
    notice::{Choices, NoticeKind, Ways},
    permission::Role,
};
use crier_store::{due, notices, users, workspaces};
use std::sync::Arc;

async fn idle(house: &House) -> bool {
    due::next_due_at(&house.store).await.unwrap().is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_two_nodes_each_who_wants_it_gets_one_mail() {
    let house = house().await;
    let bob = users::create(&house.store, person("bob@example.org")).await.unwrap();
    workspaces::set_member(&house.store, house.workspace, bob.id, Role::Viewer).await.unwrap();
    let mute = users::create(&house.store, person("mute@example.org")).await.unwrap();
    workspaces::set_member(&house.store, house.workspace, mute.id, Role::Owner).await.unwrap();
    let quiet = Choices([(NoticeKind::ChannelReconnect, Ways { app: true, mail: false })].into());
    notices::set_choices(&house.store, mute.id, &quiet).await.unwrap();
    let mail = Arc::new(Box_::default());
    let nodes = [house.work(mail.clone()).await, house.work(mail.clone()).await];
    house.breaks().await;
    // The same, seen once more.
    house.breaks().await;
    until("all is sent", || idle(&house)).await;
    let mut letters = mail.letters.lock().unwrap().clone();
    letters.sort_by(|a, b| a.to.cmp(&b.to));
    let to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(to, ["ada@example.org", "bob@example.org"]);
    assert_eq!(letters[0].subject, "News needs reconnecting");
    assert!(letters[0].text.contains(&format!("https://crier.example/channels/{}", house.channel)));
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_is_down_is_asked_again_and_one_that_refuses_is_not() {
    let house = house().await;
    let mail = Arc::new(Box_::default());
    mail.refusals.lock().unwrap().push(Unsent::Later("busy".to_owned()));
    let node = house.work(mail.clone()).await;
    house.breaks().await;
    until("it was tried", || async { mail.refusals.lock().unwrap().is_empty() }).await;
    assert!(mail.letters.lock().unwrap().is_empty());
    // The try is recorded a moment after it failed.
    until("it waits", || async {
        due::next_due_at(&house.store).await.unwrap().is_some_and(|at| at > house.clock_now())
    })
    .await;
    house.pass(2).await;
    until("it is sent", || async { mail.letters.lock().unwrap().len() == 1 }).await;

    mail.refusals.lock().unwrap().push(Unsent::Never("no such person".to_owned()));
    house.connect().await;
    house.breaks().await;
    until("it was given up", || async { mail.refusals.lock().unwrap().is_empty() && idle(&house).await }).await;
    assert_eq!(mail.letters.lock().unwrap().len(), 1);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_left_meanwhile_is_told_nothing() {
    let house = house().await;
    let (user, _) =
        users::sign_up(&house.store, person("eve@example.org"), "Eve's", users::Registration::Open).await.unwrap();
    house.breaks().await;
    let notice = notices::list(&house.store, house.workspace, NoticeKind::ALL, None, 1).await.unwrap().remove(0);
    let work =
        due::NewWork::new(house.workspace, due::kind::MAIL, format!("{}:{}", notice.id, user.id), house.clock_now());
    due::upsert(&house.store, &[work]).await.unwrap();
    let mail = Arc::new(Box_::default());
    let node = house.work(mail.clone()).await;
    until("all is done", || idle(&house)).await;
    let to: Vec<_> = mail.letters.lock().unwrap().iter().map(|letter| letter.to.clone()).collect();
    assert_eq!(to, ["ada@example.org"]);
    node.stop().await;
}
