//! Publishing one publication: its guards, its parts in order, and what follows each outcome.

use crate::{
    decision::{self, Decision, Patience, Try},
    journal::StoreJournal,
    media_source::LibrarySource,
    work::{Done, Handler, HandlerError},
};
use async_trait::async_trait;
use crier_media::Library;
use crier_model::{
    Clock, PublicationId, Timestamp,
    channel::ChannelState,
    post::Part,
    publication::{PublicationState, Reason},
};
use crier_net::Client;
use crier_networks::{
    Credentials, Cx, Item, Network, Refusal, Registry, Sent,
    connect::Tokens,
    publish::{MediaItem, Thread},
};
use crier_store::{
    Store, due,
    publications::{self, Change, Job},
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
        Self { patience: Patience::default(), late: SignedDuration::from_hours(2) }
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
}

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
        let Some(job) = publications::job(&self.store, id).await? else {
            return Ok(Done::Finished);
        };
        if job.state.is_final() || job.state == PublicationState::Draft {
            return Ok(Done::Finished);
        }
        let asked = asked_at(work);
        let now = self.clock.now();
        if let Some(reason) = self.obstacle(&job, asked, now) {
            return self.rest(&job, work.fence, PublicationState::Held, reason).await;
        }
        let Some(network) = self.registry.get(&job.network) else {
            let reason = Reason::new(
                "network.unknown",
                "This network is not available here",
                format!("“{}” is not among the networks of this installation.", job.network),
            );
            return self.rest(&job, work.fence, PublicationState::Failed, reason).await;
        };
        self.attempt(network, &job, work, asked.unwrap_or(job.due_at)).await
    }
}

impl Publisher {
    /// Why it may not go out now, though it is due.
    fn obstacle(&self, job: &Job, asked: Option<Timestamp>, now: Timestamp) -> Option<Reason> {
        match job.channel.state {
            ChannelState::Disabled => {
                let said = "The channel is switched off. Enable it, then try again.";
                return Some(Reason::new("held.paused", "The channel is switched off", said));
            }
            ChannelState::NeedsReconnect => {
                let said = "The network no longer accepts this channel's sign-in.";
                let reason = Reason::new("held.reconnect", "Waits for the channel to be reconnected", said);
                return Some(match job.channel.reason.clone() {
                    Some(diagnosis) => reason.with(diagnosis),
                    None => reason,
                });
            }
            ChannelState::Active => {}
        }
        let late = now.duration_since(job.due_at);
        (asked.is_none() && job.tries == 0 && late > self.rules.late).then(|| {
            let said = format!(
                "It was due at {}, and Crier came to it {} minutes late. Publish it now or give it a new time.",
                job.due_at,
                late.as_mins()
            );
            Reason::new("held.missed", "Its time was missed", said)
        })
    }

    async fn attempt(
        &self,
        network: &dyn Network,
        job: &Job,
        work: &due::Claimed,
        since: Timestamp,
    ) -> Result<Done, HandlerError> {
        publications::start_try(&self.store, job.id, work.fence).await?;
        let mut tries = job.tries + 1;
        let mut renewed = false;
        loop {
            let outcome = match self.tokens.fresh(job.channel.id, renewed).await {
                Ok(credentials) => self.send_parts(network, job, work.fence, &credentials).await?,
                Err(refusal) => Err(refusal),
            };
            let refusal = match outcome {
                Ok(Parts::All(sent)) => return self.published(job, work.fence, &sent).await,
                Ok(Parts::Until(next)) => return Ok(Done::Again(next)),
                Err(refusal) => refusal,
            };
            let made = Try { now: self.clock.now(), since, tries, renewed, jitter: rand::random() };
            tracing::info!(publication = %job.id, network = %job.network, tries, %refusal, "a try was refused");
            match decision::decide(&refusal, made, &self.rules.patience) {
                Decision::Renew => {
                    renewed = true;
                    tries += 1;
                }
                Decision::Retry { at, reason } => {
                    let change = Change { reason: Some(reason), ..Change::to(PublicationState::Scheduled) };
                    publications::change(&self.store, job.id, work.fence, change).await?;
                    return Ok(Done::Again(at));
                }
                Decision::Hold(reason) => return self.rest(job, work.fence, PublicationState::Held, reason).await,
                Decision::Ask(reason) => {
                    return self.rest(job, work.fence, PublicationState::Unconfirmed, reason).await;
                }
                Decision::Fail(reason) => return self.rest(job, work.fence, PublicationState::Failed, reason).await,
            }
        }
    }

    /// Sends what is not yet sent, in order. The outer error is ours, the inner one the network's.
    async fn send_parts(
        &self,
        network: &dyn Network,
        job: &Job,
        fence: due::Fence,
        credentials: &Credentials,
    ) -> Result<Result<Parts, Refusal>, HandlerError> {
        let journal = StoreJournal { store: self.store.clone(), publication: job.id, fence };
        let source = LibrarySource { library: self.library.clone(), workspace: job.workspace };
        let mut progress: Progress = job
            .remote
            .clone()
            .map(serde_json::from_value)
            .transpose()
            .map_err(|error| HandlerError::Other(format!("the parts sent so far can't be read: {error}")))?
            .unwrap_or_default();
        let parts = job.content.parts_for(job.channel.id);
        let settings = job.content.settings_for(job.channel.id);
        while let Some(part) = parts.get(progress.parts.len()) {
            let index = progress.parts.len();
            let cx = Cx {
                net: &self.net,
                clock: self.clock.as_ref(),
                credentials,
                instance: job.channel.instance.as_deref(),
                account: &job.channel.remote_id,
                handle: &job.channel.handle,
                facts: &job.channel.facts,
                publication: job.id,
                due_at: job.due_at,
                media: &source,
                journal: &journal,
                part: index,
            };
            let item = Item {
                index,
                body: part.body.clone(),
                media: media_of(part, job),
                settings: settings.clone(),
                thread: thread(&progress.parts),
            };
            let sent = match send(network, &cx, &item).await {
                Ok(sent) => sent,
                Err(refusal) => return Ok(Err(refusal)),
            };
            progress.parts.push(sent);
            let remote = serde_json::to_value(&progress).map_err(|error| HandlerError::Other(error.to_string()))?;
            publications::record_progress(&self.store, job.id, fence, remote).await?;
            let delay = parts.get(progress.parts.len()).map_or(0, |next| next.delay_minutes);
            if delay > 0 {
                return Ok(Ok(Parts::Until(self.clock.now() + SignedDuration::from_mins(i64::from(delay)))));
            }
        }
        Ok(Ok(Parts::All(progress.parts)))
    }

    async fn published(&self, job: &Job, fence: due::Fence, sent: &[Sent]) -> Result<Done, HandlerError> {
        let first = sent.first();
        let change = Change {
            remote_id: first.map(|sent| sent.remote_id.clone()),
            url: first.and_then(|sent| sent.url.clone()),
            ..Change::to(PublicationState::Published)
        };
        publications::change(&self.store, job.id, fence, change).await?;
        tracing::info!(publication = %job.id, network = %job.network, "published");
        Ok(Done::Finished)
    }

    /// Leaves it in a state that only a person or an event ends.
    async fn rest(
        &self,
        job: &Job,
        fence: due::Fence,
        state: PublicationState,
        reason: Reason,
    ) -> Result<Done, HandlerError> {
        tracing::warn!(publication = %job.id, network = %job.network, %state, code = %reason.code, "not published");
        let change = Change { reason: Some(reason), ..Change::to(state) };
        publications::change(&self.store, job.id, fence, change).await?;
        Ok(Done::Finished)
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

fn media_of(part: &Part, job: &Job) -> Vec<MediaItem> {
    part.media
        .iter()
        .filter_map(|used| {
            let file = job.media.iter().find(|file| file.id == used.id)?;
            Some(MediaItem {
                id: file.id,
                name: file.name.clone(),
                mime: file.mime.clone(),
                size: file.size,
                width: file.width,
                height: file.height,
                alt: used.alt.clone().unwrap_or_else(|| file.alt.clone()),
                sha256: file.sha256.clone(),
            })
        })
        .collect()
}

fn thread(sent: &[Sent]) -> Option<Thread> {
    Some(Thread { root: sent.first()?.clone(), parent: sent.last()?.clone() })
}

/// When a person asked for this try; none for the engine's own.
fn asked_at(work: &due::Claimed) -> Option<Timestamp> {
    work.payload.get("asked_at").and_then(|at| at.as_str()).and_then(|at| at.parse().ok())
}
