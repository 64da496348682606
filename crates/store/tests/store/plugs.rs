use crate::scene::{Scene, after_minutes, post, scene};
use crier_model::{
    ChannelId, Clock, Document, PublicationId,
    plug::{Act, Following, PlugState as Stood, Rule},
    post::{Timing, Variant},
    publication::{PublicationState as State, Reason},
};
use crier_store::{
    StoreError,
    due::{self, Claimed},
    journal::{self, Ending},
    plugs::{self, End, Next, Plug},
    publications,
    steps::{self, Answer, Begun, NewStep},
};
use serde_json::json;

fn repost(likes: u32) -> Rule {
    Rule { act: Act::Repost, enabled: true, likes, body: None }
}

fn comment(likes: u32) -> Rule {
    Rule { act: Act::Comment, enabled: true, likes, body: Some(Document::from_plain("Read on")) }
}

impl Scene {
    async fn set(&self, channel: ChannelId, rules: &[Rule]) {
        plugs::set_rules(self, self.workspace, channel, rules).await.unwrap();
    }

    /// Publishes something on the channel; the publication.
    async fn out(&self, channel: ChannelId, plugs: Vec<Following>) -> PublicationId {
        let mut post = post("Hello", &[channel], Timing::Now);
        post.content.variants.insert(channel, Variant { plugs: plugs.clone(), ..Variant::default() });
        let id = self.save(&post).await.id;
        let publication = self.publications(id).await.remove(0).id;
        let claimed = self.claim().await;
        let work = claimed.iter().find(|work| work.kind == due::kind::PUBLISH).unwrap();
        let ending = Ending {
            fence: work.fence,
            publication,
            answers: Vec::new(),
            remote_id: Some("42".to_owned()),
            url: None,
            remote: json!({ "parts": [] }),
            look_at: None,
            likes_at: Some(self.clock.now() + jiff::SignedDuration::from_mins(1)),
            plugs,
            detail: String::new(),
        };
        journal::end(self, ending).await.unwrap();
        publication
    }

    async fn of(&self, publication: PublicationId) -> Vec<Plug> {
        plugs::of_publications(self, &[publication]).await.unwrap()
    }

    async fn states(&self, publication: PublicationId) -> Vec<Stood> {
        self.of(publication).await.into_iter().map(|plug| plug.state).collect()
    }

    async fn claim_one(&self, kind: &str) -> Claimed {
        self.claim().await.into_iter().find(|work| work.kind == kind).unwrap()
    }
}

#[tokio::test]
async fn rules_are_kept_and_written_down_for_what_is_published_from_then_on() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    assert_eq!(plugs::rules(&scene, scene.workspace, channel).await.unwrap(), []);
    let before = scene.out(channel, Vec::new()).await;
    scene.set(channel, &[repost(5), Rule { enabled: false, ..comment(7) }]).await;
    let rules = plugs::rules(&scene, scene.workspace, channel).await.unwrap();
    assert_eq!(rules, [Rule { enabled: false, ..comment(7) }, repost(5)]);
    let after = scene.out(channel, Vec::new()).await;
    assert_eq!((scene.of(before).await.len(), scene.of(after).await.len()), (0, 1));
    let plug = scene.of(after).await.remove(0);
    assert_eq!((plug.act, plug.likes, plug.state, plug.channel), (Act::Repost, Some(5), Stood::Watching, channel));
    let nobodys = plugs::rules(&scene, scene.workspace, ChannelId::new()).await;
    assert!(matches!(nobodys, Err(StoreError::NotFound { what: "channel" })));
}

#[tokio::test]
async fn what_has_the_likes_becomes_work_of_the_channel_once_and_the_rest_is_looked_at_again() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    scene.set(channel, &[repost(5), comment(9)]).await;
    let id = scene.out(channel, Vec::new()).await;
    scene.minutes_pass(1);
    let look = scene.claim_one(due::kind::LIKES).await;
    let all = scene.of(id).await;
    let reached: Vec<&Plug> = all.iter().filter(|plug| plug.act == Act::Repost).collect();
    plugs::looked(&scene, look.fence, id, &reached, Next::Look(after_minutes(3))).await.unwrap();
    let work = scene.claim_one(due::kind::PLUG).await;
    assert_eq!(work.subject, reached[0].id.to_string());
    let end = End::Done { remote_id: "7".into(), url: Some("http://127.0.0.1/7".into()) };
    plugs::end(&scene, work.fence, reached[0], &end, "Reposted by Ada", "").await.unwrap();
    // Whoever looked before and comes back late changes nothing.
    let stale = plugs::looked(&scene, look.fence, id, &reached, Next::Look(after_minutes(4))).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })));
    scene.minutes_pass(2);
    let look = scene.claim_one(due::kind::LIKES).await;
    plugs::looked(&scene, look.fence, id, &reached, Next::Never(&Reason::new("few", "Too few", "It has 6.")))
        .await
        .unwrap();
    let (mut states, done) = (scene.states(id).await, plugs::by_remote_id(&scene, channel, "7").await.unwrap());
    states.sort_by_key(|state| state.as_str());
    assert_eq!((states, done), (vec![Stood::Done, Stood::Dropped], Some(reached[0].id)));
    let titles: Vec<_> = publications::history(&scene, &[id]).await.unwrap().into_iter().map(|it| it.title).collect();
    assert_eq!(titles[titles.len() - 2..], ["Reposted by Ada", "Too few"]);
    assert_eq!(scene.claim().await, []);
}

#[tokio::test]
async fn what_follows_is_due_in_the_lane_of_the_channel_that_does_it() {
    let scene = scene().await;
    let (ada, grace) = (scene.channel("ada").await, scene.channel("grace").await);
    let plug = |act| Following { act, by: grace, after_minutes: 5, body: None };
    let id = scene.out(ada, vec![plug(Act::Repost), plug(Act::Comment), plug(Act::Repost)]).await;
    assert_eq!(scene.states(id).await, [Stood::Due, Stood::Due]);
    assert_eq!(scene.claim().await, []);
    scene.minutes_pass(5);
    // Of a lane there is one at a time.
    assert_eq!(scene.claim().await.len(), 1);
    assert_eq!(scene.of(id).await[0].due_at, Some(after_minutes(5)));
}

#[tokio::test]
async fn a_rule_that_is_changed_changes_what_waits() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    scene.set(channel, &[repost(5), comment(9)]).await;
    let id = scene.out(channel, Vec::new()).await;
    scene.set(channel, &[repost(2), Rule { enabled: false, ..comment(9) }]).await;
    let all = scene.of(id).await;
    let of = |act| all.iter().find(|plug| plug.act == act).unwrap();
    assert_eq!((of(Act::Repost).likes, of(Act::Repost).state), (Some(2), Stood::Watching));
    assert_eq!(of(Act::Comment).reason.as_ref().unwrap().code, "plug.switched_off");
}

#[tokio::test]
async fn a_reason_to_wait_is_told_once() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let id = scene.out(channel, vec![Following { act: Act::Repost, by: channel, after_minutes: 5, body: None }]).await;
    for pass in 1..=2 {
        scene.minutes_pass(5);
        let work = scene.claim_one(due::kind::PLUG).await;
        let plug = scene.of(id).await.remove(0);
        let reason = Reason::new("held.paused", "Not yet", "The workspace is paused.");
        plugs::wait(&scene, work.fence, &plug, after_minutes(5 + pass * 5), &reason).await.unwrap();
    }
    let history = publications::history(&scene, &[id]).await.unwrap();
    assert_eq!(history.iter().filter(|line| line.title == "Not yet").count(), 1);
}

#[tokio::test]
async fn steps_of_a_plug_are_begun_once_under_its_lease() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    let id = scene.out(channel, vec![Following { act: Act::Repost, by: channel, after_minutes: 5, body: None }]).await;
    scene.minutes_pass(5);
    let work = scene.claim_one(due::kind::PLUG).await;
    let step = NewStep { name: "plug 1:0:repost".into(), once: "ask", fingerprint: "1".into() };
    assert_eq!(steps::begin(&scene, work.fence, id, &step).await.unwrap(), Begun::Fresh);
    let again = steps::begin(&scene, work.fence, id, &step).await.unwrap();
    assert!(matches!(again, Begun::Interrupted { .. }));
    let answer = Answer { name: step.name.clone(), answer: json!("7") };
    steps::answer(&scene, work.fence, id, &answer).await.unwrap();
    assert_eq!(steps::begin(&scene, work.fence, id, &step).await.unwrap(), Begun::Answered(json!("7")));
    scene.minutes_pass(1);
    // The lease has lapsed, and somebody else holds it.
    let other = scene.claim_one(due::kind::PLUG).await;
    let late = steps::begin(&scene, work.fence, id, &step).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })));
    assert!(steps::answer(&scene, work.fence, id, &answer).await.is_err());
    assert_eq!(steps::begin(&scene, other.fence, id, &step).await.unwrap(), Begun::Answered(json!("7")));
}

#[tokio::test]
async fn after_a_restore_nothing_is_done_that_may_have_been() {
    let scene = scene().await;
    let channel = scene.channel("ada").await;
    scene.set(channel, &[repost(5)]).await;
    let soon = Following { act: Act::Repost, by: channel, after_minutes: 5, body: None };
    let later = Following { act: Act::Comment, after_minutes: 60, ..soon.clone() };
    let id = scene.out(channel, vec![soon, later]).await;
    scene.minutes_pass(10);
    publications::hold_restored(&scene).await.unwrap();
    let all = scene.of(id).await;
    let state = |due_at| all.iter().find(|plug| plug.due_at == due_at).unwrap().state;
    assert_eq!(state(None), Stood::Dropped);
    assert_eq!((state(Some(after_minutes(5))), state(Some(after_minutes(60)))), (Stood::Dropped, Stood::Due));
    assert_eq!(publications::by_id(&scene, id).await.unwrap().state, State::Published);
}
