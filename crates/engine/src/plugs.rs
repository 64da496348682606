//! Plugs: what is done to published posts by itself. Some wait until a post has likes enough, others for a time; each is done once, as due
//! work of the channel that does it, by the steps of the journal. None of it can fail a post that is out: what goes wrong is told in the
//! post's history, and after a day nothing more is tried.

use crate::{
    decision::{self, Decision, Patience, Try, lacks_permission},
    doubt,
    journal::stood,
    numbers::Asking,
    pace::Pace,
    publish::{Publisher, deadline, fresh, noted},
    sending::Progress,
    wishes::cannot,
    work::{Done, Handler, HandlerError, subject},
};
use async_trait::async_trait;
use bytes::Bytes;
use crier_model::{
    Metric, PlugId, PublicationId, Timestamp,
    channel::ChannelState,
    plug::{Act, PlugState, WATCHED},
    publication::{Reason, Wanted, Wish, held},
};
use crier_net::{Client, Heard};
use crier_networks::{
    Credentials, Cx, Detail, Item, Network, Refusal, Sent,
    afterwards::PostMetrics,
    connect::Facts,
    publish::{Begun, Journal, JournalError, MediaItem, MediaSource, Once, Thread},
};
use crier_store::{
    Store, StoreError,
    channels::{self, Channel},
    due::{self, Fence},
    pace::Entry,
    plugs::{self, End, Next, Plug},
    publications::{self, Loaded},
    steps::{self, Answer, NewStep, Step},
};
use futures::stream::BoxStream;
use jiff::SignedDuration;
use serde_json::{Map, Value};
use std::io;

/// How late something is done at most: while its workspace is paused, its channel needs reconnecting, its network is down.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// How long is waited for people before looking again.
const FOR_PEOPLE: SignedDuration = SignedDuration::from_mins(15);
/// The wait after the first try that failed, and the longest one.
const WAITS: (SignedDuration, SignedDuration) = (SignedDuration::from_secs(30), SignedDuration::from_hours(1));
/// Between the first two looks at likes, and at most between any two.
const LOOKS: (SignedDuration, SignedDuration) = (SignedDuration::from_mins(1), SignedDuration::from_hours(6));
/// The same where every look costs.
const COSTLY_LOOKS: (SignedDuration, SignedDuration) = (SignedDuration::from_hours(1), SignedDuration::from_hours(12));

/// When the likes of a post are looked at next: each time when it is twice as old, as far as that is neither too often nor too seldom. None
/// when they are never looked at again.
fn next_look(published_at: Timestamp, now: Timestamp, costly: bool) -> Option<Timestamp> {
    let (often, seldom) = if costly { COSTLY_LOOKS } else { LOOKS };
    let end = published_at + WATCHED;
    let age = now.duration_since(published_at);
    (now < end).then(|| (now + age.clamp(often, seldom)).min(end))
}

/// When the likes of a post that is published now are first looked at, where its network tells them and its channels can do something then.
pub(crate) fn first_likes(network: &dyn Network, now: Timestamp) -> Option<Timestamp> {
    let acts = network.reposts().is_some() || network.comments().is_some();
    network.post_metrics().filter(|_| acts).and_then(|metrics| next_look(now, now, metrics.is_costly()))
}

/// Why nothing is done to a post any more.
fn gone(job: &Loaded) -> Option<Reason> {
    let removal = |wish: &Wish| wish.is_open() && wish.what == Wanted::Removal;
    let (title, message) = match &job.publication {
        it if it.removed_at.is_some() || it.wish.as_ref().is_some_and(removal) => {
            ("Nothing follows it", "The post is deleted on the network.")
        }
        _ if job.post.deleted_at.is_some() => ("Nothing follows it", "The post was deleted here."),
        _ => return None,
    };
    Some(Reason::new("plug.post_deleted", title, message))
}

/// Why a channel does nothing any more.
fn deleted(channel: &Channel) -> Option<Reason> {
    let said = "The channel that was to do it was deleted.";
    channel.deleted_at.map(|_| Reason::new("plug.channel_deleted", "Nothing follows it", said))
}

/// Does the work of kind [`due::kind::LIKES`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Likes {
    pub(crate) publisher: Publisher,
}

#[async_trait]
impl Handler for Likes {
    fn kind(&self) -> &'static str {
        due::kind::LIKES
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: PublicationId = subject(work)?;
        let store = &self.publisher.store;
        let all = plugs::of_publications(store, &[id]).await?;
        let waiting: Vec<&Plug> = all.iter().filter(|plug| plug.state == PlugState::Watching).collect();
        let job = match publications::load(store, id).await {
            Ok(job) if !waiting.is_empty() => job,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        if let Some(reason) = gone(&job).or_else(|| deleted(&job.channel)) {
            return self.stop(work, &job, &reason).await;
        }
        let network = self.publisher.registry.get(&job.publication.network);
        let Some((network, metrics)) = network.and_then(|network| Some((network, network.post_metrics()?))) else {
            let said = "This installation can’t look at the likes of its network.";
            return self.stop(work, &job, &Reason::new("plug.no_likes", "Nothing follows it", said)).await;
        };
        let now = self.publisher.clock.now();
        let published_at = job.publication.published_at.unwrap_or(job.publication.updated_at);
        let next = next_look(published_at, now, metrics.is_costly());
        if job.workspace.paused_at.is_some() || job.channel.state != ChannelState::Active {
            return self.later(work, &job, next).await;
        }
        let pace = Pace::of(store, &job.channel);
        let entry = match pace.enter().await? {
            Entry::Wait { until, .. } => {
                return self.later(work, &job, next.map(|_| until.min(published_at + WATCHED))).await;
            }
            entry => entry,
        };
        match self.likes(&job, network, metrics).await? {
            Ok(Some(likes)) => {
                let reached: Vec<&Plug> = waiting
                    .iter()
                    .copied()
                    .filter(|plug| plug.likes.is_some_and(|most| likes >= i64::from(most)))
                    .collect();
                let few = too_few(Some(likes));
                let next = match next {
                    Some(next) if reached.len() < waiting.len() => Next::Look(next),
                    _ => Next::Never(&few),
                };
                plugs::looked(store, work.fence, id, &reached, next).await?;
                Ok(Done::Settled)
            }
            Ok(None) => {
                let said = "The post is not on the network any more.";
                self.stop(work, &job, &Reason::new("plug.post_deleted", "Nothing follows it", said)).await
            }
            Err(refusal) => {
                tracing::info!(publication = %id, network = network.about().id, class = refusal.class(), %refusal, "no likes were told");
                let paused = pace.refused(&entry, &refusal, now).await?;
                if lacks_permission(&refusal) {
                    let said = format!("Its likes can’t be looked at. {}", refusal.detail().message);
                    let reason = Reason::new("plug.no_likes", "Nothing follows it", said).with(refusal.diagnosis());
                    return self.stop(work, &job, &reason).await;
                }
                self.later(work, &job, next.map(|next| paused.map_or(next, |paused| next.max(paused)))).await
            }
        }
    }
}

impl Likes {
    /// How many likes it has; none for one that is there no more. The outer error is ours.
    async fn likes(
        &self,
        job: &Loaded,
        network: &dyn Network,
        metrics: &dyn PostMetrics,
    ) -> Result<Result<Option<i64>, Refusal>, HandlerError> {
        let Some(first) = Progress::of(&job.publication)?.parts.into_iter().next() else { return Ok(Ok(None)) };
        let told = async {
            let mut asking = Asking::new(&self.publisher, &job.channel, network).await?;
            asking.told(&self.publisher, metrics, &[first]).await
        };
        let likes = |told: Vec<Option<Vec<crier_model::metric::Count>>>| {
            let counts = told.into_iter().next().flatten()?;
            Some(counts.iter().find(|count| count.metric == Metric::Likes).map_or(0, |count| count.value))
        };
        Ok(told.await.map(likes))
    }

    async fn later(&self, work: &due::Claimed, job: &Loaded, next: Option<Timestamp>) -> Result<Done, HandlerError> {
        match next {
            Some(next) => Ok(Done::Again(next)),
            None => self.stop(work, job, &too_few(None)).await,
        }
    }

    async fn stop(&self, work: &due::Claimed, job: &Loaded, reason: &Reason) -> Result<Done, HandlerError> {
        plugs::looked(&self.publisher.store, work.fence, job.publication.id, &[], Next::Never(reason)).await?;
        Ok(Done::Settled)
    }
}

/// Why its plugs wait for likes no longer.
fn too_few(likes: Option<i64>) -> Reason {
    let days = WATCHED.as_hours() / 24;
    let had = likes.map_or_else(String::new, |likes| format!(" It has {likes}."));
    let said = format!("It did not get the likes that the channel’s automations wait for within {days} days.{had}");
    Reason::new("plug.too_few_likes", "Too few likes for its automations", said)
}

/// Does the work of kind [`due::kind::PLUG`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Plugs {
    pub(crate) publisher: Publisher,
}

#[async_trait]
impl Handler for Plugs {
    fn kind(&self) -> &'static str {
        due::kind::PLUG
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: PlugId = subject(work)?;
        let store = &self.publisher.store;
        let plug = match plugs::by_id(store, id).await {
            Ok(plug) if plug.state == PlugState::Due => plug,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        let job = publications::load(store, plug.publication).await?;
        let by = channels::by_id(store, plug.channel).await?;
        let doing =
            Doing { publisher: &self.publisher, work, due_at: plug.due_at.unwrap_or(work.due_at), plug, job, by };
        Box::pin(doing.take_up()).await
    }
}

/// What came of a try.
enum Came {
    Done(Sent),
    /// Whether it was done can be known from this time on.
    LookAt(Timestamp),
    /// Nothing can tell whether it was done.
    Lost(Refusal),
    Refused(Refusal),
}

/// One plug that is being done.
struct Doing<'a> {
    publisher: &'a Publisher,
    work: &'a due::Claimed,
    plug: Plug,
    job: Loaded,
    by: Channel,
    due_at: Timestamp,
}

impl Doing<'_> {
    async fn take_up(&self) -> Result<Done, HandlerError> {
        if let Some(reason) = gone(&self.job).or_else(|| deleted(&self.by)) {
            return self.end(End::Dropped(reason)).await;
        }
        let now = self.publisher.clock.now();
        if let Some(reason) = self.obstacle() {
            return self.wait(now + FOR_PEOPLE, reason).await;
        }
        let Some(network) = self.publisher.registry.get(&self.by.network) else {
            let said = format!("“{}” is not among the networks of this installation.", self.by.network);
            return self.end(End::Failed(Reason::new("network.unknown", "Nothing follows it", said))).await;
        };
        let pace = Pace::of(&self.publisher.store, &self.by);
        let entry = match pace.enter().await? {
            Entry::Wait { until, said } => {
                let message = format!("It goes on at {until:.0}. {said}");
                return self.wait(until, Reason::new("retry.paced", &self.not_yet(), message)).await;
            }
            entry => entry,
        };
        self.attempt(network, &pace, &entry).await
    }

    /// What keeps the channel from doing anything now, and ends when a person wants it to.
    fn obstacle(&self) -> Option<Reason> {
        let (code, said) = match self.by.state {
            _ if self.job.workspace.paused_at.is_some() => (held::PAUSED, "The workspace is paused."),
            ChannelState::Active => return None,
            ChannelState::Disabled => (held::PAUSED, "The channel is switched off."),
            ChannelState::NeedsReconnect => (held::RECONNECT, "The network no longer accepts the channel’s sign-in."),
        };
        Some(Reason::new(code, &self.not_yet(), format!("{said} It is done if that ends within a day.")))
    }

    async fn attempt(&self, network: &dyn Network, pace: &Pace<'_>, entry: &Entry) -> Result<Done, HandlerError> {
        let (net, heard) = self.publisher.net.route(network.about().id).hearing();
        let rules = &self.publisher.rules;
        let patience = Patience { window: LONGEST, first: WAITS.0, longest: WAITS.1 };
        let tries = u32::try_from(self.work.tries).unwrap_or(u32::MAX);
        let mut renewed = false;
        loop {
            let came = match fresh(self.publisher.tokens.as_ref(), self.by.id, renewed).await {
                Ok(credentials) => self.once(network, &net, &credentials).await?,
                Err(refusal) => Came::Refused(refusal),
            };
            let refusal = match came {
                Came::Done(sent) => return self.done(sent, pace, entry, &heard).await,
                Came::LookAt(at) => return Ok(Done::Again(at)),
                Came::Lost(refusal) => return self.end(End::Unconfirmed(decision::unconfirmed(&refusal))).await,
                Came::Refused(refusal) => refusal,
            };
            let now = self.publisher.clock.now();
            let paused = pace.refused(entry, &refusal, now).await?;
            tracing::info!(plug = %self.plug.id, class = refusal.class(), %refusal, "a plug was refused");
            let made = Try { now, since: self.due_at, tries, renewed, jitter: (rules.jitter)() };
            match decision::decide(&refusal, made, &patience) {
                Decision::Renew => renewed = true,
                Decision::Retry { at, reason } => {
                    let at = paused.map_or(at, |paused| at.max(paused));
                    return self.wait(at, Reason { title: self.not_yet(), ..reason }).await;
                }
                // It ends with a reconnect, which gives permissions too; a day is waited for that.
                Decision::Hold(reason) if reason.code == held::RECONNECT && !lacks_permission(&refusal) => {
                    return self.wait(now + FOR_PEOPLE, Reason { title: self.not_yet(), ..reason }).await;
                }
                Decision::Ask(reason) => return self.end(End::Unconfirmed(reason)).await,
                Decision::Hold(reason) | Decision::Fail(reason) => return self.end(End::Failed(reason)).await,
            }
        }
    }

    /// Does it, if it is sure not to be done. The outer error is ours.
    async fn once(&self, network: &dyn Network, net: &Client, credentials: &Credentials) -> Result<Came, HandlerError> {
        let facts = self.by.settings.as_object().cloned().unwrap_or_default();
        let journal = StepsOf { store: &self.publisher.store, fence: self.work.fence, plug: &self.plug };
        let cx = self.cx(net, credentials, &facts, &journal);
        let Some(post) = self.post()? else {
            let said = "Crier does not know the post’s id on the network.";
            return Ok(Came::Refused(Refusal::Content(Detail::new(said))));
        };
        let item = self.comment(&post);
        let begun = journal.begun().await?;
        if !begun.is_empty()
            && let Some(came) = self.doubt(network, &cx, &item, &begun).await?
        {
            return Ok(came);
        }
        let act = async {
            match self.plug.act {
                Act::Repost => match network.reposts() {
                    Some(reposts) => reposts.repost(&cx, &post.root).await,
                    None => Err(cannot(network, "repost")),
                },
                Act::Comment => match network.comments() {
                    Some(comments) => comments.comment(&cx, &item).await,
                    None => Err(cannot(network, "comment")),
                },
            }
        };
        let late = || Refusal::Unknown(Detail::new("the network took too long to answer"));
        match tokio::time::timeout(deadline(network), act).await.unwrap_or_else(|_| Err(late())) {
            Ok(sent) => Ok(Came::Done(sent)),
            Err(unknown @ Refusal::Unknown(_)) if journal.begun().await?.is_empty() => {
                Ok(Came::Refused(unknown.harmless()))
            }
            // Whoever takes it up then finds the step begun, and asks what became of it.
            Err(Refusal::Unknown(_)) => Ok(Came::LookAt(self.publisher.clock.now() + self.publisher.rules.settle)),
            Err(refusal) => Ok(Came::Refused(refusal)),
        }
    }

    /// What became of what was begun before; none when it is to be done now.
    async fn doubt(
        &self,
        network: &dyn Network,
        cx: &Cx<'_>,
        item: &Item,
        begun: &[Step],
    ) -> Result<Option<Came>, HandlerError> {
        let now = self.publisher.clock.now();
        let oldest = begun.iter().map(|step| step.begun_at).min().unwrap_or(now);
        let newest = begun.iter().map(|step| step.begun_at).max().unwrap_or(now);
        let keyed = begun.iter().all(|step| step.once == "key");
        if keyed && oldest > now - doubt::KEYS_HOLD {
            return Ok(None);
        }
        let lost = || Came::Lost(Refusal::Unknown(Detail::new("The network can’t tell whether it was done.")));
        let looks = self.plug.act == Act::Comment && begun.iter().all(|step| step.once != "ask");
        let Some(recent) = network.recent().filter(|_| looks) else {
            // The key still speaks against a second one.
            return Ok((!keyed).then(lost));
        };
        match doubt::find_since(oldest, network, recent, cx, item).await {
            Ok(Some(sent)) if self.is_known(&sent).await? => Ok(Some(lost())),
            Ok(Some(sent)) => Ok(Some(Came::Done(sent))),
            Ok(None) if now < newest + self.publisher.rules.settle => {
                Ok(Some(Came::LookAt(newest + self.publisher.rules.settle)))
            }
            Ok(None) => {
                doubt::forget(&self.publisher.store, self.work.fence, begun).await?;
                Ok(None)
            }
            Err(Refusal::Unknown(_) | Refusal::Content(_)) => Ok(Some(lost())),
            Err(refusal) => Ok(Some(Came::Refused(refusal))),
        }
    }

    /// Whether it is something else of ours with the same words: a comment below another post.
    async fn is_known(&self, sent: &Sent) -> Result<bool, HandlerError> {
        let store = &self.publisher.store;
        let plug = plugs::by_remote_id(store, self.by.id, &sent.remote_id).await?;
        let post = publications::by_remote_id(store, self.by.id, &sent.remote_id).await?;
        Ok(post.is_some() || plug.is_some_and(|plug| plug != self.plug.id))
    }

    fn cx<'b>(
        &'b self,
        net: &'b Client,
        credentials: &'b Credentials,
        facts: &'b Facts,
        journal: &'b StepsOf<'b>,
    ) -> Cx<'b> {
        Cx {
            net,
            clock: self.publisher.clock.as_ref(),
            credentials,
            instance: self.by.instance.as_deref(),
            account: &self.by.remote_id,
            handle: &self.by.handle,
            facts,
            // So that its key is its own.
            publication: PublicationId(self.plug.id.0),
            due_at: self.due_at,
            media: &NoFiles,
            journal,
            part: 0,
        }
    }

    /// Where the post is that it is done to. A channel goes on with its own post at the end of that; others answer its beginning.
    fn post(&self) -> Result<Option<Thread>, HandlerError> {
        let parts = Progress::of(&self.job.publication)?.parts;
        let own = self.by.id == self.job.publication.channel;
        let thread = |root: Sent, last: Sent| Thread { parent: if own { last } else { root.clone() }, root };
        Ok(parts.first().cloned().zip(parts.last().cloned()).map(|(root, last)| thread(root, last)))
    }

    fn comment(&self, post: &Thread) -> Item {
        Item {
            index: 1,
            body: self.plug.body.clone().unwrap_or_default(),
            media: Vec::new(),
            settings: Map::new(),
            thread: Some(post.clone()),
        }
    }

    async fn done(&self, sent: Sent, pace: &Pace<'_>, entry: &Entry, heard: &Heard) -> Result<Done, HandlerError> {
        let done = self.end(End::Done { remote_id: sent.remote_id, url: sent.url }).await?;
        noted(pace.succeeded(entry, heard, self.publisher.clock.now()).await);
        Ok(done)
    }

    /// Leaves it until then, unless that is too late.
    async fn wait(&self, until: Timestamp, reason: Reason) -> Result<Done, HandlerError> {
        if until > self.due_at + LONGEST {
            return self.end(End::Failed(reason)).await;
        }
        plugs::wait(&self.publisher.store, self.work.fence, &self.plug, until, &reason).await?;
        Ok(Done::Settled)
    }

    async fn end(&self, end: End) -> Result<Done, HandlerError> {
        let (name, act) = (&self.by.name, self.plug.act);
        let (title, detail) = match (&end, act) {
            (End::Done { url, .. }, Act::Repost) => (format!("Reposted by {name}"), url.clone().unwrap_or_default()),
            (End::Done { url, .. }, Act::Comment) => {
                (format!("Commented on by {name}"), url.clone().unwrap_or_default())
            }
            (End::Unconfirmed(reason), Act::Repost) => {
                (format!("{name} may have reposted it: the answer was lost"), reason.message.clone())
            }
            (End::Unconfirmed(reason), Act::Comment) => {
                (format!("{name} may have commented on it: the answer was lost"), reason.message.clone())
            }
            (End::Failed(reason), Act::Repost) => (format!("{name} did not repost it"), reason.message.clone()),
            (End::Failed(reason), Act::Comment) => (format!("{name} did not comment on it"), reason.message.clone()),
            (End::Dropped(reason), _) => (reason.title.clone(), reason.message.clone()),
        };
        if !matches!(end, End::Done { .. }) {
            tracing::warn!(plug = %self.plug.id, network = %self.by.network, %act, %title, "a plug was not done");
        }
        plugs::end(&self.publisher.store, self.work.fence, &self.plug, &end, &title, &detail).await?;
        Ok(Done::Settled)
    }

    fn not_yet(&self) -> String {
        match self.plug.act {
            Act::Repost => format!("{} could not repost it yet", self.by.name),
            Act::Comment => format!("{} could not comment on it yet", self.by.name),
        }
    }
}

/// The steps of one plug, among those of the publication that it is about. Each is written at once: they are few.
struct StepsOf<'a> {
    store: &'a Store,
    fence: Fence,
    plug: &'a Plug,
}

impl StepsOf<'_> {
    fn name(&self, name: &str) -> String {
        format!("plug {}:{name}", self.plug.id)
    }

    /// Those that were begun and not answered, and must not be taken twice.
    async fn begun(&self) -> Result<Vec<Step>, StoreError> {
        let mut all = doubt::unanswered(self.store, self.plug.publication, &self.name("")).await?;
        all.retain(|step| step.once != steps::REPEATABLE);
        Ok(all)
    }
}

#[async_trait]
impl Journal for StepsOf<'_> {
    async fn begin(&self, name: &str, once: &Once) -> Result<Begun, JournalError> {
        let step = NewStep { name: self.name(name), once: once.as_str(), fingerprint: self.plug.id.to_string() };
        let begun = steps::begin(self.store, self.fence, self.plug.publication, &step).await;
        begun.map(stood).map_err(|error| JournalError(error.to_string()))
    }

    async fn answer(&self, name: &str, answer: Value) -> Result<(), JournalError> {
        let answer = Answer { name: self.name(name), answer };
        let answered = steps::answer(self.store, self.fence, self.plug.publication, &answer).await;
        answered.map_err(|error| JournalError(error.to_string()))
    }

    async fn abandon(&self, name: &str) -> Result<(), JournalError> {
        let abandoned = steps::abandon(self.store, self.fence, self.plug.publication, &self.name(name)).await;
        abandoned.map_err(|error| JournalError(error.to_string()))
    }
}

/// Neither a repost nor a comment has files.
struct NoFiles;

#[async_trait]
impl MediaSource for NoFiles {
    async fn stream(
        &self,
        media: &MediaItem,
        _: u64,
        _: u64,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, Refusal> {
        Err(Refusal::Content(Detail::new(format!("“{}” is no file of this comment", media.name))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likes_are_looked_at_ever_less_often_and_last_when_the_days_are_over() {
        let published = Timestamp::UNIX_EPOCH;
        let looks = |costly| {
            let next = |at: &Timestamp| next_look(published, *at, costly);
            let looks: Vec<_> = std::iter::successors(next(&published), next).collect();
            assert_eq!(looks.last(), Some(&(published + WATCHED)));
            looks.iter().map(|at| at.duration_since(published).as_mins()).collect::<Vec<_>>()
        };
        assert_eq!(looks(false)[..10], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
        assert_eq!(looks(false).len(), 21);
        assert_eq!(
            looks(true).iter().map(|minutes| minutes / 60).collect::<Vec<_>>(),
            [1, 2, 4, 8, 16, 28, 40, 52, 64, 72]
        );
    }
}
