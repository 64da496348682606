//! A real mail server takes the mail: `peers/smtp-sink`.

use crate::house::{house, until};
use crier_engine::notices::Smtp;
use serde_json::Value;
use std::{path::Path, sync::Arc};

fn peer() -> Value {
    let told = std::env::var("CRIER_PEER_SMTP").expect("CRIER_PEER_SMTP is not set; see peers/README.md");
    serde_json::from_str(&told).unwrap()
}

fn mails(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(Path::new(folder)).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "eml")).collect();
    files.sort();
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a peer"]
async fn peer_smtp_takes_a_notice_in_both_forms() {
    let peer = peer();
    let (url, folder) = (peer["url"].as_str().unwrap(), peer["mails"].as_str().unwrap());
    let before = mails(folder).len();
    let smtp = Smtp::new(url, "Crier <crier@example.org>").unwrap();
    smtp.probe().await.unwrap();
    let house = house().await;
    let node = house.work(Arc::new(smtp)).await;
    house.breaks().await;
    until("the mail is there", || async { mails(folder).len() > before }).await;
    let all = mails(folder);
    assert_eq!(all.len(), before + 1);
    let mail = &all[before];
    for part in [
        "X-MailFrom: crier@example.org",
        "X-RcptTo: ada@example.org",
        "Subject: News needs reconnecting",
        "Auto-Submitted: auto-generated",
        "multipart/alternative",
        "text/plain; charset=utf-8",
        "text/html; charset=utf-8",
        &format!("https://crier.example/channels/{}", house.channel),
    ] {
        assert!(mail.contains(part), "no {part} in {mail}");
    }
    node.stop().await;
}

#[tokio::test]
#[ignore = "needs a peer"]
async fn peer_smtp_tells_a_wrong_password_and_a_refused_person_apart() {
    use crier_engine::notices::{Letter, Mail, Unsent};
    let peer = peer();
    let letter = Letter {
        id: "1.2".to_owned(),
        to_name: "Nobody".to_owned(),
        to: "refused@example.org".to_owned(),
        subject: "Hello".to_owned(),
        text: "Hello".to_owned(),
        html: "<p>Hello</p>".to_owned(),
    };
    let smtp = Smtp::new(peer["url"].as_str().unwrap(), "crier@example.org").unwrap();
    let refused = smtp.send(&letter).await;
    assert!(matches!(&refused, Err(Unsent::Never(why)) if why.contains("550")), "{refused:?}");
    let wrong = peer["url"].as_str().unwrap().replace(peer["password"].as_str().unwrap(), "wrong");
    let said = Smtp::new(&wrong, "crier@example.org").unwrap().probe().await.unwrap_err();
    assert!(said.contains("535") && !said.contains("wrong@"), "{said}");
}
