//! Publishing one publication: its guards, its tries, and what follows each outcome.

use crate::{
    cap,
    decision::{self, Decision, Patience, Try},
    numbers::{Numbers, first_look},
    pace::Pace,
    plugs::{Likes, Plugs, first_likes},
    prepare::Preparer,
    sending::{Outcome, Progress, Sending},
    wishes::Wishes,
    work::{Done, Handler, HandlerError, subject},
};
use async_trait::async_trait;
use crier_media::Library;
use crier_model::{
    Clock, Diagnosis, PublicationId, Timestamp,
    channel::ChannelState,
    publication::{PublicationState as State, Reason, held},
};
use crier_net::{Client, Last};
use crier_networks::{Credentials, Detail, Network, Refusal, Registry, Sent, connect::Tokens};
use crier_store::{
    Store, StoreError,
    channels::{self, Channel},
    due::{self, Fence},
    journal::{self, Ending, Line, Start},
    pace::{Entry, Known},
    publications::{self, Change, DUE, Loaded},
};
use jiff::SignedDuration;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Instrument;

/// How long after its window a publication that was tried may still be taken up, to find out how it ended.
pub(crate) const OVERTIME: SignedDuration = SignedDuration::from_mins(15);
/// From this on, the history says that it went out late.
const WORTH_TELLING: SignedDuration = SignedDuration::from_mins(1);
/// How long renewing a channel's tokens may take.
const TOKENS_DEADLINE: Duration = Duration::from_secs(60);
/// How long is waited each time before the end of a publication is written again. All of it is within a lease.
const END_PAUSES: [Duration; 6] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// How long one taking up may last: many parts, each within its network's deadline.
const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// How publishing is done; settable by configuration.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub patience: Patience,
    /// A publication found later than this after its due time is held as missed instead of sent.
    pub late: SignedDuration,
    /// How long after a call whose answer was lost a network's listing of recent posts proves that it was not done.
    pub settle: SignedDuration,
    /// The most publications that go out on one channel in a day of its workspace, where the channel has no number of its own.
    pub daily_cap: u32,
    /// Draws the number in 0..1 that spreads waits.
    pub jitter: fn() -> f64,
}

impl Default for Rules {
    fn default() -> Self {
        let settle = SignedDuration::from_secs(60);
        Self {
            patience: Patience::default(),
            late: publications::LATE_WINDOW,
            settle,
            daily_cap: 200,
            jitter: rand::random,
        }
    }
}

impl Rules {
    /// How long after its time a publication may still be on its way.
    #[must_use]
    pub fn longest(&self) -> SignedDuration {
        self.late.max(self.patience.window) + OVERTIME
    }
}

/// Does the work of kind [`due::kind::PUBLISH`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Publisher {
    pub store: Store,
    pub net: Client,
    pub registry: Registry,
    pub library: Library,
    pub tokens: Arc<dyn Tokens>,
    pub clock: Arc<dyn Clock>,
    pub rules: Rules,
    /// Taken by each publication with files while it is sent: some megabytes of them are in memory.
    pub with_files: Arc<Semaphore>,
}

/// How many publications with files are sent side by side, where nothing else is said.
pub const WITH_FILES: usize = 64;

#[async_trait]
impl Handler for Publisher {
    fn kind(&self) -> &'static str {
        due::kind::PUBLISH
    }

    fn deadline(&self) -> Duration {
        DEADLINE
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: PublicationId = subject(work)?;
        let span = tracing::info_span!("publish", publication = %id);
        let unreadable = match Box::pin(self.take_up(id, work)).instrument(span).await {
            Err(error @ (HandlerError::Other(_) | HandlerError::Store(StoreError::Damaged { .. }))) => error,
            done => return done,
        };
        // What can't be read will not be readable later: people must know, and nothing is tried for ever.
        tracing::error!(publication = %id, error = %unreadable, "a publication can't be read");
        let reason =
            Reason::new("engine.unreadable", "Crier can’t read what it has kept of it", unreadable.to_string());
        let change = Change::under(work.fence).finishing().because(reason);
        publications::set_state(&self.store, id, &DUE, State::Failed, change).await?;
        Ok(Done::Settled)
    }
}

/// How a wait for the due time ended.
enum Waited {
    /// With what is held against the channel's calls.
    Over(Known),
    /// The channel or the workspace is not what it was.
    Changed,
    /// The clock was set back.
    TurnedBack,
}

/// Why nothing goes out on this channel now.
fn obstacle(channel: &Channel) -> Option<Reason> {
    match channel.state {
        ChannelState::Active => None,
        ChannelState::Disabled => {
            let said = "The channel is switched off. It is sent when somebody enables the channel.";
            Some(Reason::new(held::PAUSED, "The channel is switched off", said))
        }
        ChannelState::NeedsReconnect => {
            let said = "The network no longer accepts this channel's sign-in.";
            Some(decision::reconnect(said, channel.reason.clone()))
        }
    }
}

impl Publisher {
    /// Hundreds wait in here side by side. What most of them never do is boxed, so that it takes no room in those that wait.
    async fn take_up(&self, id: PublicationId, work: &due::Claimed) -> Result<Done, HandlerError> {
        let job = match publications::load(&self.store, id).await {
            Ok(job) => job,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        if !DUE.contains(&job.publication.state) {
            return Ok(Done::Finished);
        }
        if job.workspace.paused_at.is_some() {
            return self.hold_paused(&job, work.fence).await;
        }
        if let Some(reason) = obstacle(&job.channel) {
            return self.hold(&job, work.fence, &job.channel, None, reason).await;
        }
        let Some(network) = self.registry.get(&job.publication.network) else {
            let said = format!("“{}” is not among the networks of this installation.", job.publication.network);
            let reason = Reason::new("network.unknown", "This network is not available here", said);
            return self.rest(&job, work.fence, State::Failed, reason).await;
        };
        let due_at = job.publication.due_at.unwrap_or(work.due_at);
        let progress = Progress::of(&job.publication)?;
        let since = progress.since.unwrap_or(due_at);
        let sending = Sending::new(self, network, &job, work.fence, due_at).await?;
        // Before the wait, so that it need not be asked when the time has come: nothing else goes out on the channel meanwhile.
        let goes_out_at = self.clock.now().max(work.due_at);
        let over_cap = cap::reached(&self.store, &job, work, self.rules.daily_cap, goes_out_at).await?;
        let pace = Pace::of(&self.store, &job.channel);
        let (mut ready, mut known) = (None, None);
        if self.clock.now() < work.due_at {
            ready = self.credentials(&job, false).await.ok();
            match self.wait_until(work.due_at, &job, &pace).await? {
                Waited::Over(asked) => known = Some(asked),
                Waited::Changed => return Box::pin(self.take_up(id, work)).await,
                Waited::TurnedBack => return Ok(Done::Again(work.due_at)),
            }
        }
        if let Some(reason) = self.too_late(&job, since) {
            return Box::pin(self.come_too_late(sending, progress, reason)).await;
        }
        let entry = match known {
            Some(known) => pace.enter_knowing(&known).await?,
            None => pace.enter().await?,
        };
        let entry = match entry {
            Entry::Wait { until, said } => return self.paced(&job, work.fence, since, until, &said).await,
            entry => entry,
        };
        if let Some((midnight, reason)) = over_cap {
            let change = Change::under(work.fence).finishing().because(reason);
            Box::pin(publications::hold_over_cap(&self.store, id, &DUE, midnight, change)).await?;
            tracing::warn!(channel = %job.channel.id, "the channel's daily cap holds a publication");
            return Ok(Done::Settled);
        }
        Box::pin(self.attempt(sending, progress, &pace, &entry, ready)).await
    }

    /// Waits, with all that is ready, for the time of what was claimed ahead of it. Edits and moves take the lease away; what else may
    /// stand in the way is looked at again when the time has come.
    async fn wait_until(&self, due_at: Timestamp, job: &Loaded, pace: &Pace<'_>) -> Result<Waited, HandlerError> {
        let left = due_at.duration_since(self.clock.now());
        tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
        // A sleep is never short, so the clock was set back.
        if self.clock.now() < due_at {
            return Ok(Waited::TurnedBack);
        }
        let free = publications::is_free_as(&self.store, job, &pace.scopes()).await?;
        Ok(free.map_or(Waited::Changed, Waited::Over))
    }

    /// Makes publications ready ahead of time, with what this one sends them with.
    #[must_use]
    pub fn preparer(&self) -> Preparer {
        Preparer { publisher: self.clone() }
    }

    /// Does what people want of publications that are out.
    #[must_use]
    pub fn wishes(&self) -> Wishes {
        Wishes { publisher: self.clone() }
    }

    /// Looks at the numbers of channels and posts.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        Numbers { publisher: self.clone() }
    }

    /// Looks whether posts have the likes that their channels' plugs wait for.
    #[must_use]
    pub fn likes(&self) -> Likes {
        Likes { publisher: self.clone() }
    }

    /// Does what follows published posts.
    #[must_use]
    pub fn plugs(&self) -> Plugs {
        Plugs { publisher: self.clone() }
    }

    /// Whether people should decide first, because its time is long over. `since` is when its next part was due.
    fn too_late(&self, job: &Loaded, since: Timestamp) -> Option<Reason> {
        let late = self.clock.now().duration_since(since);
        let tried = job.publication.tries > 0;
        let allowed = if tried { self.rules.longest() } else { self.rules.late };
        (late > allowed).then(|| {
            let said = format!(
                "It was due at {since:.0}, and Crier came to it {} minutes late. Publish it now or give it a new time.",
                late.as_mins()
            );
            Reason::new(held::MISSED, "Its time was missed", said)
        })
    }

    /// Its time is over; a part that may have been sent before a crash is looked for all the same.
    async fn come_too_late(
        &self,
        sending: Sending<'_>,
        mut progress: Progress,
        reason: Reason,
    ) -> Result<Done, HandlerError> {
        let (job, fence) = (sending.job, sending.fence);
        if !sending.is_in_doubt(&progress).await? {
            return self.rest(job, fence, State::Held, reason).await;
        }
        let found = match self.credentials(job, false).await {
            Ok(credentials) => sending.settle_doubt(&credentials, &mut progress).await?,
            Err(refusal) => Err(refusal),
        };
        match found {
            Ok(()) if progress.parts.len() >= sending.parts().len() => {
                self.published(&sending, progress, String::new()).await
            }
            Ok(()) => {
                let change = Change { remote: Some(progress.to_json()?), ..Change::under(fence) };
                self.moved(job, State::Held, change.finishing().because(reason)).await?;
                Ok(Done::Settled)
            }
            Err(refusal) => self.rest(job, fence, State::Unconfirmed, decision::unconfirmed(&refusal)).await,
        }
    }

    async fn attempt(
        &self,
        sending: Sending<'_>,
        mut progress: Progress,
        pace: &Pace<'_>,
        entry: &Entry,
        mut ready: Option<Credentials>,
    ) -> Result<Done, HandlerError> {
        let (job, fence, due_at) = (sending.job, sending.fence, sending.due_at);
        let _files = self.room_for(&sending).await?;
        let network = sending.network.about();
        let mut renewed = false;
        let mut answered = String::new();
        let calling = Line::new(format!("Calling {}", network.name), "");
        sending.book.start(Start { sending: self.start(job, due_at), calling: calling.clone() });
        loop {
            let credentials = match ready.take() {
                Some(credentials) => Ok(credentials),
                None => self.credentials(job, renewed).await,
            };
            let outcome = match credentials {
                Ok(credentials) => {
                    let outcome = sending.send_rest(&credentials, &mut progress).await?;
                    let last = sending.heard.take_last();
                    // What the network repeats of our credentials is no business of the history.
                    match (&outcome, &last) {
                        (Outcome::Refused(_), Some(last)) => {
                            noted(Box::pin(self.note_answer(&sending, last, &credentials)).await);
                        }
                        (_, Some(last)) => answered = credentials.hide(&named(last)),
                        (_, None) => {}
                    }
                    outcome
                }
                Err(refusal) => Outcome::Refused(refusal),
            };
            let tries = sending.book.started().await?;
            let Outcome::Refused(refusal) = outcome else {
                tried(network.id, "good");
                noted(pace.succeeded(entry, &sending.heard, self.clock.now()).await);
                return match outcome {
                    Outcome::Next(at) => self.wait(job, fence, at, "Waits for the next part").await,
                    Outcome::LookAt(at) => self.wait(job, fence, at, "Waits to look whether it was published").await,
                    Outcome::All | Outcome::Refused(_) => self.published(&sending, progress, answered).await,
                };
            };
            tried(network.id, refusal.class());
            let since = progress.since.unwrap_or(due_at);
            let now = self.clock.now();
            let paused = noted(Box::pin(pace.refused(entry, &refusal, now)).await).flatten();
            let made = Try { now, since, tries, renewed, jitter: (self.rules.jitter)() };
            tracing::info!(network = network.id, tries, class = refusal.class(), %refusal, "a try was refused");
            match decision::decide(&refusal, made, &self.rules.patience) {
                Decision::Renew => {
                    renewed = true;
                    sending
                        .book
                        .start(Start { sending: Line::new("Renewing the sign-in", ""), calling: calling.clone() });
                }
                Decision::Retry { at, reason } => {
                    let change = Change::under(fence).because(reason);
                    let change = match paused.map(|paused| paused.min(since + self.rules.patience.window)) {
                        Some(paused) => change.postponing(at.max(paused)),
                        None => change.releasing(at),
                    };
                    self.moved(job, State::Scheduled, change).await?;
                    return Ok(Done::Settled);
                }
                Decision::Hold(reason) if reason.code == held::QUOTA => {
                    return self.rest(job, fence, State::Held, reason).await;
                }
                Decision::Hold(reason) => return self.hold_refused(job, fence, &refusal, reason).await,
                Decision::Ask(reason) => return self.rest(job, fence, State::Unconfirmed, reason).await,
                Decision::Fail(reason) => return self.rest(job, fence, State::Failed, reason).await,
            }
        }
    }

    /// Waits for the time that the network has named to others before it; it keeps its place among those of its channel.
    async fn paced(
        &self,
        job: &Loaded,
        fence: Fence,
        since: Timestamp,
        until: Timestamp,
        said: &str,
    ) -> Result<Done, HandlerError> {
        if until >= since + self.rules.patience.window {
            return self.rest(job, fence, State::Held, decision::quota(until, said)).await;
        }
        let message = format!("It goes on at {until:.0}. {said}");
        let reason = Reason::new("retry.paced", "Waits, since the network asked to be left alone", message);
        self.moved(job, State::Scheduled, Change::under(fence).postponing(until).because(reason)).await?;
        Ok(Done::Settled)
    }

    /// Holds it while its workspace is paused; one that goes on meanwhile sends it at once.
    async fn hold_paused(&self, job: &Loaded, fence: Fence) -> Result<Done, HandlerError> {
        let said = "The workspace is paused. It is sent when somebody lets the workspace go on.";
        let reason = Reason::new(held::PAUSED, "The workspace is paused", said);
        let change = Change::under(fence).finishing().because(reason);
        if Box::pin(publications::hold_paused(&self.store, &job.publication, &DUE, change)).await?.is_some() {
            return Ok(Done::Settled);
        }
        self.wait(job, fence, self.clock.now(), "Its workspace goes on").await
    }

    /// Writes what the network answered into the history, for whoever looks for the reason of a refusal.
    async fn note_answer(
        &self,
        sending: &Sending<'_>,
        last: &Last,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        sending.book.started().await?;
        let title = format!("Answered with {}", last.status);
        let said = if last.said.is_empty() { String::new() } else { format!(" {}", last.said) };
        let detail = credentials.hide(&format!("{}{said}", named(last)));
        publications::append_note(&self.store, &sending.job.publication, &title, &detail).await
    }

    /// Waits until there is room for its files, if it has any.
    pub(crate) async fn room_for(&self, sending: &Sending<'_>) -> Result<Option<SemaphorePermit<'_>>, HandlerError> {
        if sending.parts().iter().all(|part| part.media.is_empty()) {
            return Ok(None);
        }
        self.with_files.acquire().await.map(Some).map_err(|error| HandlerError::Other(error.to_string()))
    }

    /// What the history says of its being sent: that it is late, when it is.
    fn start(&self, job: &Loaded, due_at: Timestamp) -> Line {
        let late = self.clock.now().duration_since(due_at);
        if job.publication.tries > 0 {
            return Line::new("Being sent", "");
        }
        metrics::histogram!("crier_publication_lateness_seconds").record(late.as_secs_f64().max(0.0));
        if late > WORTH_TELLING {
            return Line::new("Being sent late", format!("It was due {} minutes ago.", late.as_mins()));
        }
        Line::new("Being sent", "")
    }

    async fn credentials(&self, job: &Loaded, refused: bool) -> Result<Credentials, Refusal> {
        fresh(self.tokens.as_ref(), job.channel.id, refused).await
    }

    async fn wait(&self, job: &Loaded, fence: Fence, at: Timestamp, why: &str) -> Result<Done, HandlerError> {
        let change = Change::under(fence).releasing(at).noting(why, format!("Goes on at {at:.0}."));
        self.moved(job, State::Scheduled, change).await?;
        Ok(Done::Settled)
    }

    /// `answered` is what the history says of the network's answer.
    async fn published(
        &self,
        sending: &Sending<'_>,
        progress: Progress,
        answered: String,
    ) -> Result<Done, HandlerError> {
        let job = sending.job;
        let first: Option<&Sent> = progress.parts.first();
        let ending = Ending {
            fence: sending.fence,
            publication: job.publication.id,
            answers: sending.book.answers(),
            remote_id: first.map(|sent| sent.remote_id.clone()),
            url: first.and_then(|sent| sent.url.clone()),
            remote: progress.to_json()?,
            look_at: first_look(sending.network, self.clock.now()),
            likes_at: first_likes(sending.network, self.clock.now()),
            plugs: job.post.content.plugs_for(job.channel.id).to_vec(),
            detail: answered,
        };
        self.end(ending).await?;
        ended(job, State::Published);
        tracing::info!(publication = %job.publication.id, network = %job.publication.network, "published");
        Ok(Done::Settled)
    }

    /// Writes the end. The network has done its part: a database that is away for a moment is waited for, since whoever takes this up
    /// later may not be able to find out.
    async fn end(&self, ending: Ending) -> Result<(), StoreError> {
        let mut pauses = END_PAUSES.iter();
        loop {
            match journal::end(&self.store, ending.clone()).await {
                Err(error) if error.is_temporary() => {
                    let Some(pause) = pauses.next() else { return Err(error) };
                    tracing::warn!(publication = %ending.publication, %error, "that it is published could not be written yet");
                    tokio::time::sleep(*pause).await;
                }
                done => return done,
            }
        }
    }

    /// The network refused renewed tokens: the channel needs reconnecting.
    async fn hold_refused(
        &self,
        job: &Loaded,
        fence: Fence,
        refusal: &Refusal,
        reason: Reason,
    ) -> Result<Done, HandlerError> {
        // Renewing has changed the channel since it was loaded.
        let seen = channels::by_id(&self.store, job.channel.id).await?;
        // A permission that was never granted speaks against this publication, not against the others of the channel.
        let diagnosis = (!decision::lacks_permission(refusal)).then(|| refusal.diagnosis());
        self.hold(job, fence, &seen, diagnosis.as_ref(), reason).await
    }

    /// Holds it until the channel is mended; one mended meanwhile sends it at once.
    async fn hold(
        &self,
        job: &Loaded,
        fence: Fence,
        seen: &Channel,
        refused: Option<&Diagnosis>,
        reason: Reason,
    ) -> Result<Done, HandlerError> {
        let id = job.publication.id;
        let code = reason.code.clone();
        let change = Change::under(fence).finishing().because(reason);
        if Box::pin(publications::hold(&self.store, id, &DUE, seen, refused, change)).await?.is_some() {
            ended(job, State::Held);
            tracing::warn!(publication = %id, network = %job.publication.network, %code, "held");
            return Ok(Done::Settled);
        }
        self.wait(job, fence, self.clock.now(), "Its channel was changed meanwhile").await
    }

    /// Leaves it in a state that only a person or an event ends.
    async fn rest(&self, job: &Loaded, fence: Fence, state: State, reason: Reason) -> Result<Done, HandlerError> {
        tracing::warn!(publication = %job.publication.id, network = %job.publication.network, %state, code = %reason.code, "not published");
        self.moved(job, state, Change::under(fence).finishing().because(reason)).await?;
        ended(job, state);
        Ok(Done::Settled)
    }

    pub(crate) async fn moved(&self, job: &Loaded, to: State, change: Change) -> Result<(), HandlerError> {
        Box::pin(publications::set_state(&self.store, job.publication.id, &DUE, to, change)).await?;
        Ok(())
    }
}

/// Who answered, and by what name its support finds the request.
fn named(last: &Last) -> String {
    match &last.request_id {
        Some(id) => format!("From {}, request id {id}.", last.host),
        None => format!("From {}.", last.host),
    }
}

fn tried(network: &'static str, class: &'static str) {
    metrics::counter!("crier_publication_tries_total", "network" => network, "class" => class).increment(1);
}

fn ended(job: &Loaded, state: State) {
    let network = job.publication.network.clone();
    metrics::counter!("crier_publications_ended_total", "network" => network, "state" => state.as_str()).increment(1);
}

/// What is only remembered for the next call can't fail this one.
pub(crate) fn noted<T>(done: Result<T, StoreError>) -> Option<T> {
    done.inspect_err(|error| tracing::warn!(%error, "what a network said of its limits was not noted")).ok()
}

/// A channel's credentials, within a time.
pub(crate) async fn fresh(
    tokens: &dyn Tokens,
    channel: crier_model::ChannelId,
    refused: bool,
) -> Result<Credentials, Refusal> {
    let late = || Refusal::Temporary(Detail::new("the channel's tokens could not be renewed in time"));
    tokio::time::timeout(TOKENS_DEADLINE, tokens.fresh(channel, refused)).await.unwrap_or_else(|_| Err(late()))
}

/// The networks' deadline as a duration.
pub(crate) fn deadline(network: &dyn Network) -> Duration {
    Duration::from_secs(u64::from(network.about().deadline_s))
}
