//! A worker dies between any two moments of a publication. Whatever it had done, the next one ends with each part published
//! exactly once, or, where nobody can know, with people being asked.

use crate::{
    house::{House, house_on, network, part, seconds},
    keyless::Keyless,
    wall::Wall,
};
use async_trait::async_trait;
use crier_model::{PublicationId, post::Timing, publication::PublicationState as State};
use crier_networks::{
    Connect, Cx, Item, Network, Refusal, Sent,
    about::About,
    connect::Facts,
    plugs::Comments,
    publish::{Begun, Journal, JournalError, Once, Publish, Recent},
};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Stops whoever passes it for the nth time, for good.
#[derive(Default)]
pub struct Fuse {
    at: AtomicUsize,
    passed: AtomicUsize,
    blown: Notify,
    /// Lets those who were stopped go on.
    pub released: Notify,
}

impl Fuse {
    pub fn arm(&self, at: usize) {
        self.passed.store(0, Ordering::SeqCst);
        self.at.store(at, Ordering::SeqCst);
    }

    pub fn disarm(&self) {
        self.arm(usize::MAX);
    }

    pub async fn blown(&self) {
        self.blown.notified().await;
    }

    fn is_next(&self) -> bool {
        self.passed.load(Ordering::SeqCst) == self.at.load(Ordering::SeqCst)
    }

    async fn pass(&self) {
        if self.passed.fetch_add(1, Ordering::SeqCst) == self.at.load(Ordering::SeqCst) {
            self.blown.notify_one();
            self.released.notified().await;
        }
    }
}

/// A network on whose every move a worker may die.
pub struct Mortal<N> {
    pub inner: N,
    pub fuse: Arc<Fuse>,
}

impl<N: Network> Network for Mortal<N> {
    fn about(&self) -> &'static About {
        self.inner.about()
    }
    fn connect(&self) -> Connect<'_> {
        self.inner.connect()
    }
    fn rules(&self, facts: &Facts) -> crier_model::rules::Rules {
        self.inner.rules(facts)
    }
    fn settings_schema(&self) -> serde_json::Value {
        self.inner.settings_schema()
    }
    fn publish(&self) -> &dyn Publish {
        self
    }
    fn recent(&self) -> Option<&dyn Recent> {
        self.inner.recent()
    }
    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

impl<N: Network> Comments for Mortal<N> {}

#[async_trait]
impl<N: Network> Publish for Mortal<N> {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let journal = MortalJournal { inner: cx.journal, fuse: &self.fuse };
        let cx = Cx { journal: &journal, ..*cx };
        self.fuse.pass().await;
        let sent = self.inner.publish().publish(&cx, item).await;
        written(journal.inner, &self.fuse).await.unwrap();
        self.fuse.pass().await;
        sent
    }
}

/// Before somebody dies here, sees to it that what was answered is written: whatever is written next is written after it.
async fn written(journal: &dyn Journal, fuse: &Fuse) -> Result<(), JournalError> {
    if fuse.is_next() { journal.abandon("never begun").await } else { Ok(()) }
}

struct MortalJournal<'a> {
    inner: &'a dyn Journal,
    fuse: &'a Fuse,
}

#[async_trait]
impl Journal for MortalJournal<'_> {
    async fn begin(&self, name: &str, once: &Once) -> Result<Begun, JournalError> {
        self.fuse.pass().await;
        let begun = self.inner.begin(name, once).await;
        self.fuse.pass().await;
        begun
    }
    async fn answer(&self, name: &str, answer: serde_json::Value) -> Result<(), JournalError> {
        self.fuse.pass().await;
        let answered = self.inner.answer(name, answer).await;
        written(self.inner, self.fuse).await?;
        self.fuse.pass().await;
        answered
    }
    async fn abandon(&self, name: &str) -> Result<(), JournalError> {
        self.fuse.pass().await;
        self.inner.abandon(name).await
    }
}

/// Publishes with a worker that dies at one moment after the other; returns how many there were.
async fn die_everywhere(
    house: &House,
    fuse: &Fuse,
    schedule: impl AsyncFn(usize) -> PublicationId,
    check: impl AsyncFn(usize, PublicationId),
) -> usize {
    for moment in 0.. {
        fuse.arm(moment);
        let id = schedule(moment).await;
        let worker = house.start();
        tokio::select! {
            () = fuse.blown() => worker.kill().await,
            _ = house.wait(id, |p| p.state == State::Published) => {
                worker.stop().await;
                fuse.disarm();
                return moment;
            }
        }
        fuse.disarm();
        // The dead one's lease lapses.
        house.pass(seconds(31));
        let worker = house.start();
        house.wait(id, |p| matches!(p.state, State::Published | State::Unconfirmed)).await;
        worker.stop().await;
        check(moment, id).await;
    }
    pending().await
}

/// A house whose network stops workers. The moments of a part with one step: 0 before the part, 1 and 2 before and after the
/// step is begun, 3 and 4 before and after its answer is written down, 5 after the part.
pub async fn mortal<N: Network + 'static>(make: impl FnOnce(&Wall) -> N) -> (House, Arc<Fuse>) {
    let fuse = Arc::new(Fuse::default());
    fuse.disarm();
    let kept = fuse.clone();
    (house_on(move |wall| Box::new(Mortal { inner: make(wall), fuse: kept })).await, fuse)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_with_a_picture_survives_a_death_at_every_moment() {
    let (house, fuse) = mortal(network).await;
    let schedule =
        async |moment: usize| house.schedule(house.thread(&format!("tale {moment}")).await, Timing::Now).await;
    let check = async |moment: usize, id| {
        assert_eq!(house.publication(id).await.state, State::Published, "moment {moment}");
        let name = format!("tale {moment} ");
        let all = house.wall.of("ada").await;
        let seen: Vec<_> = all.iter().filter(|post| post.text.starts_with(&name)).collect();
        let texts: Vec<_> = seen.iter().map(|post| post.text.as_str()).collect();
        assert_eq!(texts, [format!("{name}1"), format!("{name}2"), format!("{name}3")], "moment {moment}");
        assert_eq!(seen[0].alts, [format!("{name}described")]);
        assert_eq!(seen[1].reply_to.as_ref(), Some(&seen[0].id));
        assert_eq!(seen[2].reply_to.as_ref(), Some(&seen[1].id));
    };
    let moments = die_everywhere(&house, &fuse, schedule, check).await;
    // Two around each part, four around each of the four steps.
    assert_eq!(moments, 3 * 2 + 4 * 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_can_only_be_looked_at_gets_each_part_once() {
    let (house, fuse) = mortal(Keyless::looking).await;
    let schedule = async |moment| {
        house.schedule(vec![part(&format!("{moment} a")), part(&format!("{moment} b"))], Timing::Now).await
    };
    let check = async |moment: usize, id| {
        assert_eq!(house.publication(id).await.state, State::Published, "moment {moment}");
        let texts = house.wall.texts().await;
        let mine: Vec<_> = texts.iter().filter(|text| text.starts_with(&format!("{moment} "))).collect();
        assert_eq!(mine, [&format!("{moment} a"), &format!("{moment} b")]);
    };
    assert_eq!(die_everywhere(&house, &fuse, schedule, check).await, 2 * 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_can_tell_nothing_gets_each_part_at_most_once() {
    let (house, fuse) = mortal(Keyless::asking).await;
    let schedule = async |moment: usize| house.schedule(vec![part(&moment.to_string())], Timing::Now).await;
    let check = async |moment: usize, id| {
        let state = house.publication(id).await.state;
        let times = house.wall.texts().await.iter().filter(|text| **text == moment.to_string()).count();
        // Between its beginning and its answer nobody can know.
        let unknown = matches!(moment, 2 | 3);
        assert_eq!(state, if unknown { State::Unconfirmed } else { State::Published }, "moment {moment}");
        assert_eq!(times, usize::from(moment != 2), "moment {moment}");
    };
    assert_eq!(die_everywhere(&house, &fuse, schedule, check).await, 6);
}

/// Two workers, of which one after the other dies at any moment; what the living one holds lapses as well, as if it had slept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_deaths_under_load_lose_and_double_nothing() {
    let (house, fuse) = mortal(network).await;
    fuse.disarm();
    let other = house.connect("grace").await.channel.id;
    let mut ids = Vec::new();
    for n in 0..24 {
        let channel = if n % 2 == 0 { house.channel } else { other };
        let parts = vec![part(&format!("{n} a")), part(&format!("{n} b"))];
        let post = house.save(None, parts, &[channel], Timing::Now).await;
        ids.push(house.publication_of(post).await);
    }
    let mut workers = [house.start(), house.start()];
    let mut drawn: u64 = 42;
    for death in 0..40 {
        drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(drawn >> 58)).await;
        house.pass(seconds(31));
        std::mem::replace(&mut workers[death % 2], house.start()).kill().await;
    }
    for id in &ids {
        house.wait(*id, |p| p.state == State::Published).await;
    }
    for worker in workers {
        worker.stop().await;
    }
    for (handle, rest) in [("ada", 0), ("grace", 1)] {
        let mut texts: Vec<_> = house.wall.of(handle).await.into_iter().map(|post| post.text).collect();
        texts.sort();
        let mut wanted: Vec<_> =
            (0..24).filter(|n| n % 2 == rest).flat_map(|n| [format!("{n} a"), format!("{n} b")]).collect();
        wanted.sort();
        assert_eq!(texts, wanted);
    }
}

/// The worker sleeps past its lease in the middle of a call (SIGSTOP, a laptop's lid) and wakes when another has done its work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_wakes_up_too_late_changes_nothing() {
    let (house, fuse) = mortal(network).await;
    let id = house.schedule(vec![part("hello")], Timing::Now).await;
    // Called, and not yet written down.
    fuse.arm(3);
    let sleeper = house.start();
    fuse.blown().await;
    fuse.disarm();
    house.pass(seconds(31));
    let published = house.work_to(id, State::Published).await;
    fuse.released.notify_one();
    sleeper.stop().await;
    assert_eq!(house.publication(id).await, published);
    assert_eq!(house.wall.texts().await, ["hello"]);
}
