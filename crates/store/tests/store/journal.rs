use crate::scene::{after_minutes, answer, begin, entry, scene, start, started};
use crier_model::publication::PublicationState as State;
use crier_store::{
    StoreError,
    due::Claimed,
    journal::{self, Ending, Entry, Line, Start},
    publications,
    steps::{self, Answer, Begun, NewStep},
};
use serde_json::json;

fn ending(claimed: &Claimed) -> Ending {
    Ending {
        fence: claimed.fence,
        publication: claimed.subject.parse().unwrap(),
        answers: vec![Answer { name: "post".to_owned(), answer: json!("42") }],
        remote_id: Some("42".to_owned()),
        url: Some("http://127.0.0.1/42".to_owned()),
        remote: json!(["42"]),
        look_at: None,
        likes_at: None,
        plugs: Vec::new(),
        detail: "Request id 7.".to_owned(),
    }
}

fn beginning(claimed: &Claimed) -> Entry {
    Entry {
        start: Some(Start { sending: Line::new("Being sent", ""), calling: Line::new("Calling", "") }),
        step: Some(NewStep { name: "post".to_owned(), once: "look", fingerprint: "text".to_owned() }),
        ..entry(claimed.fence, claimed.subject.parse().unwrap())
    }
}

#[tokio::test]
async fn many_publications_begin_in_one_transaction_and_end_in_another() {
    let scene = scene().await;
    for n in 0..16 {
        scene.scheduled(scene.channel(&format!("ada{n}")).await, start()).await;
    }
    let claimed = scene.claim().await;
    assert_eq!(claimed.len(), 16);
    let before = scene.commits();
    let begun = futures::future::join_all(claimed.iter().map(|work| journal::write(&scene, beginning(work)))).await;
    for begun in begun {
        let begun = begun.unwrap();
        assert_eq!((begun.tries, begun.begun), (Some(1), Some(Begun::Fresh)));
    }
    assert_eq!(scene.commits() - before, 1);
    let ended = futures::future::join_all(claimed.iter().map(|work| journal::end(&scene, ending(work)))).await;
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    assert_eq!(scene.commits() - before, 2);
    for work in &claimed {
        let id = work.subject.parse().unwrap();
        let done = publications::by_id(&scene, id).await.unwrap();
        assert_eq!((done.state, done.remote_id.as_deref(), done.tries), (State::Published, Some("42"), 1));
        assert_eq!(
            (done.started_at, done.published_at, done.remote),
            (Some(start()), Some(start()), Some(json!(["42"])))
        );
        assert_eq!(steps::list(&scene, id).await.unwrap()[0].answer, Some(json!("42")));
        let history = publications::history(&scene, &[id]).await.unwrap();
        let kinds: Vec<_> = history.iter().map(|line| line.kind.as_str()).collect();
        assert_eq!(kinds, ["scheduled", "sending", "try", "published"]);
        assert_eq!(history[3].detail, "Request id 7.");
    }
    assert!(scene.claim().await.is_empty());
}

#[tokio::test]
async fn one_that_lost_its_lease_writes_nothing_and_spoils_nothing_for_the_others() {
    let scene = scene().await;
    let late = scene.scheduled(scene.channel("late").await, start()).await;
    let sleeper = scene.claim().await.remove(0);
    scene.minutes_pass(1);
    for name in ["ada", "grace", "mary"] {
        scene.scheduled(scene.channel(name).await, after_minutes(1)).await;
    }
    let claimed = scene.claim().await;
    assert_eq!(claimed.len(), 4);
    let (again, others): (Vec<_>, Vec<_>) = claimed.iter().partition(|work| work.fence.work == sleeper.fence.work);
    let all: Vec<_> = [&sleeper].into_iter().chain(others.iter().copied()).collect();
    let begun = futures::future::join_all(all.iter().map(|work| journal::write(&scene, beginning(work)))).await;
    assert!(matches!(begun[0], Err(StoreError::Stale { what: "lease" })), "{begun:?}");
    assert!(begun[1..].iter().all(Result::is_ok), "{begun:?}");
    let ended = futures::future::join_all(all.iter().map(|work| journal::end(&scene, ending(work)))).await;
    assert!(matches!(ended[0], Err(StoreError::Stale { what: "lease" })), "{ended:?}");
    assert!(ended[1..].iter().all(Result::is_ok), "{ended:?}");
    let kept = publications::by_id(&scene, late.id).await.unwrap();
    assert_eq!((kept.state, kept.tries, kept.version), (State::Scheduled, 0, late.version));
    assert!(steps::list(&scene, late.id).await.unwrap().is_empty());
    assert_eq!(started(&scene, again[0].fence, late.id).await.unwrap(), Some(1));
}

#[tokio::test]
async fn an_answer_and_the_next_step_are_written_together() {
    let scene = scene().await;
    let publication = scene.scheduled(scene.channel("ada").await, start()).await.id;
    let fence = scene.claim().await.remove(0).fence;
    assert_eq!(begin(&scene, fence, publication, "upload", "repeatable", "file").await.unwrap(), Begun::Fresh);
    let before = scene.commits();
    let both = Entry {
        answers: vec![Answer { name: "upload".to_owned(), answer: json!(7) }],
        step: Some(NewStep { name: "post".to_owned(), once: "ask", fingerprint: "text".to_owned() }),
        ..entry(fence, publication)
    };
    assert_eq!(journal::write(&scene, both).await.unwrap().begun, Some(Begun::Fresh));
    assert_eq!(scene.commits() - before, 1);
    let known: Vec<_> = steps::list(&scene, publication).await.unwrap().into_iter().map(|step| step.answer).collect();
    assert_eq!(known, [Some(json!(7)), None]);
    answer(&scene, fence, publication, "post", &json!("id")).await.unwrap();
}
