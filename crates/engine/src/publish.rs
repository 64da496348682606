//! Publishing one publication: its guards, its parts in order, and what follows each outcome.

use crate::{
    decision::{self, Decision, Patience, Try},
    journal::StoreJournal,
    media_source::Files,
    work::{Done, Handler, HandlerError},
};
use async_trait::async_trait;
use crier_media::Storage;
use crier_model::{
    Clock, PublicationId, Timestamp,
    channel::ChannelState,
    publication::{PublicationState as State, Reason, held},
};
use crier_net::Client;
use crier_networks::{Credentials, Cx, Item, Network, Refusal, Registry, Sent, connect::Tokens, publish::Thread};
use crier_store::{
    Store, StoreError,
    due::{self, Fence},
    publications::{self, Change, Loaded},
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How publishing is done; settable by configuration.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub patience: Patience,
    /// A publication found later than this after its due time is held as missed instead of sent.
    pub late: SignedDuration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { patience: Patience::default(), late: publications::LATE_WINDOW }
    }
}

/// Does the work of kind [`due::kind::PUBLISH`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Publisher {
    pub store: Store,
    pub net: Client,
    pub registry: Registry,
    pub storage: Storage,
    pub tokens: Arc<dyn Tokens>,
    pub clock: Arc<dyn Clock>,
    pub rules: Rules,
}

/// States from which a worker takes a publication up; `Sending` when a worker before it died.
const DUE: [State; 3] = [State::Scheduled, State::Preparing, State::Sending];

/// What is kept of the parts already sent.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    parts: Vec<Sent>,
}

#[async_trait]
impl Handler for Publisher {
    fn kind(&self) -> &'static str {
        due::kind::PUBLISH
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: PublicationId = work
            .subject
            .parse()
            .map_err(|_| HandlerError::Other(format!("“{}” is no publication id", work.subject)))?;
        let job = match publications::load(&self.store, id).await {
            Ok(job) => job,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        let state = job.publication.state;
        if !DUE.contains(&state) {
            return Ok(Done::Finished);
        }
        let due_at = job.publication.due_at.unwrap_or(work.due_at);
        if let Some(reason) = self.obstacle(&job, due_at) {
            return self.rest(&job, work.fence, State::Held, reason).await;
        }
        let Some(network) = self.registry.get(&job.publication.network) else {
            let said = format!("“{}” is not among the networks of this installation.", job.publication.network);
            let reason = Reason::new("network.unknown", "This network is not available here", said);
            return self.rest(&job, work.fence, State::Failed, reason).await;
        };
        self.attempt(network, &job, work.fence, due_at).await
    }
}

impl Publisher {
    /// Why it may not go out now, though it is due.
    fn obstacle(&self, job: &Loaded, due_at: Timestamp) -> Option<Reason> {
        match job.channel.state {
            ChannelState::Disabled => {
                let said = "The channel is switched off. Enable it, then try again.";
                return Some(Reason::new(held::PAUSED, "The channel is switched off", said));
            }
            ChannelState::NeedsReconnect => {
                let said = "The network no longer accepts this channel's sign-in.";
                return Some(decision::reconnect(said, job.channel.reason.clone()));
            }
            ChannelState::Active => {}
        }
        let late = self.clock.now().duration_since(due_at);
        (job.publication.tries == 0 && late > self.rules.late).then(|| {
            let minutes = late.as_mins();
            let said = format!(
                "It was due at {due_at}, and Crier came to it {minutes} minutes late. Publish it now or give it a new time."
            );
            Reason::new(held::MISSED, "Its time was missed", said)
        })
    }

    async fn attempt(
        &self,
        network: &dyn Network,
        job: &Loaded,
        fence: Fence,
        due_at: Timestamp,
    ) -> Result<Done, HandlerError> {
        let id = job.publication.id;
        let files = Files::of(&self.store, &self.storage, &job.post).await?;
        let mut progress = progress(job)?;
        let mut renewed = false;
        self.moved(job, State::Sending, Change { started_at: Some(self.clock.now()), ..Change::under(fence) }).await?;
        loop {
            let tries = publications::record_try(&self.store, fence, id, "Sending", "").await?;
            let outcome = match self.tokens.fresh(job.channel.id, renewed).await {
                Ok(credentials) => {
                    let run = Run { network, job, fence, due_at, files: &files, credentials: &credentials };
                    self.send_parts(&run, &mut progress).await?
                }
                Err(refusal) => Err(refusal),
            };
            let refusal = match outcome {
                Ok(Parts::All(sent)) => return self.published(job, fence, &sent).await,
                Ok(Parts::Until(next)) => {
                    let change =
                        Change::under(fence).releasing(next).noting("Waits for the next part", next.to_string());
                    self.moved(job, State::Scheduled, change).await?;
                    return Ok(Done::Settled);
                }
                Err(refusal) => refusal,
            };
            let made = Try { now: self.clock.now(), since: due_at, tries, renewed, jitter: rand::random() };
            tracing::info!(publication = %id, network = %job.publication.network, tries, %refusal, "a try was refused");
            match decision::decide(&refusal, made, &self.rules.patience) {
                Decision::Renew => renewed = true,
                Decision::Retry { at, reason } => {
                    let change = Change::under(fence).releasing(at).because(reason);
                    self.moved(job, State::Scheduled, change).await?;
                    return Ok(Done::Settled);
                }
                Decision::Hold(reason) => return self.rest(job, fence, State::Held, reason).await,
                Decision::Ask(reason) => return self.rest(job, fence, State::Unconfirmed, reason).await,
                Decision::Fail(reason) => return self.rest(job, fence, State::Failed, reason).await,
            }
        }
    }

    /// Sends what is not yet sent, in order. The outer error is ours, the inner one the network's.
    async fn send_parts(&self, run: &Run<'_>, progress: &mut Progress) -> Result<Result<Parts, Refusal>, HandlerError> {
        let Run { network, job, fence, due_at, files, credentials } = *run;
        let id = job.publication.id;
        let journal = StoreJournal { store: self.store.clone(), publication: id, fence };
        let facts = job.channel.settings.as_object().cloned().unwrap_or_default();
        let parts = job.post.content.parts_for(job.channel.id);
        let settings = job.post.content.settings_for(job.channel.id);
        while let Some(part) = parts.get(progress.parts.len()) {
            let index = progress.parts.len();
            let cx = Cx {
                net: &self.net,
                clock: self.clock.as_ref(),
                credentials,
                instance: job.channel.instance.as_deref(),
                account: &job.channel.remote_id,
                handle: &job.channel.handle,
                facts: &facts,
                publication: id,
                due_at,
                media: files,
                journal: &journal,
                part: index,
            };
            let Some(media) = files.items(part) else {
                let said = "A file of this post was deleted from the library.";
                let detail =
                    crier_networks::Detail { pointer: Some("/media".into()), ..crier_networks::Detail::new(said) };
                return Ok(Err(Refusal::Content(detail)));
            };
            let (body, settings, thread) = (part.body.clone(), settings.clone(), thread(&progress.parts));
            let sent = match send(network, &cx, &Item { index, body, media, settings, thread }).await {
                Ok(sent) => sent,
                Err(refusal) => return Ok(Err(refusal)),
            };
            progress.parts.push(sent);
            let remote = serde_json::to_value(&*progress).map_err(|error| HandlerError::Other(error.to_string()))?;
            let note = format!("Part {} of {} is sent", index + 1, parts.len());
            let change = Change { remote: Some(remote), ..Change::under(fence) }.noting(note, "");
            self.moved(job, State::Sending, change).await?;
            let delay = parts.get(progress.parts.len()).map_or(0, |next| next.delay_minutes);
            if delay > 0 {
                return Ok(Ok(Parts::Until(self.clock.now() + SignedDuration::from_mins(i64::from(delay)))));
            }
        }
        Ok(Ok(Parts::All(std::mem::take(&mut progress.parts))))
    }

    async fn published(&self, job: &Loaded, fence: Fence, sent: &[Sent]) -> Result<Done, HandlerError> {
        let first = sent.first();
        let change = Change {
            remote_id: first.map(|sent| sent.remote_id.clone()),
            url: first.and_then(|sent| sent.url.clone()),
            published_at: Some(self.clock.now()),
            ..Change::under(fence)
        };
        self.moved(job, State::Published, change.finishing()).await?;
        tracing::info!(publication = %job.publication.id, network = %job.publication.network, "published");
        Ok(Done::Settled)
    }

    /// Leaves it in a state that only a person or an event ends.
    async fn rest(&self, job: &Loaded, fence: Fence, state: State, reason: Reason) -> Result<Done, HandlerError> {
        tracing::warn!(publication = %job.publication.id, network = %job.publication.network, %state, code = %reason.code, "not published");
        self.moved(job, state, Change::under(fence).finishing().because(reason)).await?;
        Ok(Done::Settled)
    }

    async fn moved(&self, job: &Loaded, to: State, change: Change) -> Result<(), HandlerError> {
        publications::set_state(&self.store, job.publication.id, &DUE, to, change).await?;
        Ok(())
    }
}

/// What one run of a publication works with.
#[derive(Clone, Copy)]
struct Run<'a> {
    network: &'a dyn Network,
    job: &'a Loaded,
    fence: Fence,
    due_at: Timestamp,
    files: &'a Files,
    credentials: &'a Credentials,
}

/// The parts that runs before this one have sent.
fn progress(job: &Loaded) -> Result<Progress, HandlerError> {
    match job.publication.remote.clone() {
        Some(remote) => serde_json::from_value(remote)
            .map_err(|error| HandlerError::Other(format!("the parts sent so far can't be read: {error}"))),
        None => Ok(Progress::default()),
    }
}

/// How far a run came.
enum Parts {
    All(Vec<Sent>),
    /// The next part is due at this time.
    Until(Timestamp),
}

/// One part; where its outcome is unknown and the network can list recent posts, it is looked for there.
async fn send(network: &dyn Network, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
    let refusal = match network.publish().publish(cx, item).await {
        Err(refusal @ Refusal::Unknown(_)) => refusal,
        settled => return settled,
    };
    let Some(recent) = network.recent() else { return Err(refusal) };
    match recent.find(cx, item).await {
        Ok(Some(sent)) => Ok(sent),
        // Not seen is not proof enough to send again by ourselves: listings lag behind.
        Ok(None) | Err(_) => Err(refusal),
    }
}

fn thread(sent: &[Sent]) -> Option<Thread> {
    Some(Thread { root: sent.first()?.clone(), parent: sent.last()?.clone() })
}
