//! Making a publication ready a quarter of an hour ahead: what would fail then is told to people now, and what nobody sees yet is
//! uploaded. Videos are converted before that, as soon as it is scheduled.

use crate::{
    compose::{self, Draft},
    publish::{Publisher, fresh},
    sending::Sending,
    work::{Done, Handler, HandlerError, subject},
};
use async_trait::async_trait;
use crier_model::{
    Finding, PublicationId, Timestamp,
    channel::ChannelState,
    post::Timing,
    publication::{PublicationState as State, Reason},
};
use crier_networks::{Credentials, Refusal};
use crier_store::{
    StoreError, due,
    publications::{self, Change, Loaded},
};
use jiff::SignedDuration;
use std::time::Duration;

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(60 * 60);
/// How soon tokens that could not be renewed are tried again, and how long before the due time that stops.
const AGAIN: SignedDuration = SignedDuration::from_mins(4);

/// Does the work of kind [`due::kind::PREPARE`]. A problem is written into the history and the reason of the publication,
/// which stays scheduled: there is time to mend it.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Preparer {
    pub(crate) publisher: Publisher,
}

#[async_trait]
impl Handler for Preparer {
    fn kind(&self) -> &'static str {
        due::kind::PREPARE
    }

    /// A video is converted in it.
    fn deadline(&self) -> Duration {
        DEADLINE
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: PublicationId = subject(work)?;
        let (store, clock) = (&self.publisher.store, &self.publisher.clock);
        let job = match publications::load(store, id).await {
            Ok(job) => job,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        if job.publication.state != State::Scheduled {
            return Ok(Done::Finished);
        }
        let prepare_at = job.publication.due_at.unwrap_or(work.due_at) - due::PREPARE_AHEAD;
        if clock.now() < prepare_at {
            return self.make_films(&job, work, prepare_at).await;
        }
        let problem = match self.content(&job).await? {
            Some(problem) => Some(problem),
            None => match self.ready(&job, work).await? {
                Ok(()) => None,
                Err(Unready::Problem(reason)) => Some(reason),
                Err(Unready::Later(refusal)) => {
                    let again = clock.now() + AGAIN;
                    if job.publication.due_at.is_some_and(|due_at| again + AGAIN < due_at) {
                        return Ok(Done::Again(again));
                    }
                    let said = format!("It is tried all the same when its time comes. {}", refusal.detail().message);
                    let title = "The network can’t be reached at the moment";
                    Some(Reason::new("early.unreachable", title, said).with(refusal.diagnosis()))
                }
            },
        };
        let Some(reason) = problem else { return Ok(Done::Finished) };
        tracing::info!(publication = %id, network = %job.publication.network, code = %reason.code, "a problem ahead of time");
        let change = Change::under(work.fence).finishing().because(reason);
        publications::set_state(store, id, &[State::Scheduled], State::Scheduled, change).await?;
        Ok(Done::Settled)
    }
}

/// How long before the due time uploading ends.
const ENOUGH: SignedDuration = SignedDuration::from_secs(5);
/// How soon it is looked again whether a video can be converted, while another one is.
const BUSY: SignedDuration = SignedDuration::from_mins(1);

/// Why a channel is not ready.
enum Unready {
    Problem(Reason),
    /// It may be in a while.
    Later(Refusal),
}

impl Preparer {
    /// Makes what has to be made of its videos as soon as it is scheduled, since that may take longer than is left when the rest is made
    /// ready. It is taken up again at `prepare_at`.
    async fn make_films(&self, job: &Loaded, work: &due::Claimed, prepare_at: Timestamp) -> Result<Done, HandlerError> {
        let Publisher { store, clock, registry, library, .. } = &self.publisher;
        let Some(network) = registry.get(&job.publication.network) else { return Ok(Done::Again(prepare_at)) };
        if library.is_converting() {
            return Ok(Done::Again(prepare_at.min(clock.now() + BUSY)));
        }
        let due_at = job.publication.due_at.unwrap_or(work.due_at);
        let sending = Sending::new(&self.publisher, network, job, work.fence, due_at).await?;
        let Err(refusal @ Refusal::Content(_)) = sending.make_films().await? else {
            // What could not be read now is tried again with the rest.
            return Ok(Done::Again(prepare_at));
        };
        let reason = unfit(&refusal);
        tracing::info!(publication = %job.publication.id, code = %reason.code, "a video does not fit");
        let change = Change::under(work.fence).releasing(prepare_at).because(reason);
        publications::set_state(store, job.publication.id, &[State::Scheduled], State::Scheduled, change).await?;
        Ok(Done::Settled)
    }

    /// Whether the channel can send, and takes what may be uploaded already.
    async fn ready(&self, job: &Loaded, work: &due::Claimed) -> Result<Result<(), Unready>, HandlerError> {
        let credentials = match self.channel(job).await {
            Ok(credentials) => credentials,
            Err(unready) => return Ok(Err(unready)),
        };
        // What is no network here any more has been told as a problem of the content.
        let Some(network) = self.publisher.registry.get(&job.publication.network) else { return Ok(Ok(())) };
        let due_at = job.publication.due_at.unwrap_or(work.due_at);
        let sending = Sending::new(&self.publisher, network, job, work.fence, due_at).await?;
        let _files = self.publisher.room_for(&sending).await?;
        // Whoever sends it at its time goes on with what is not there by then; two at once would be in each other's way.
        let left = due_at.duration_since(self.publisher.clock.now()) - ENOUGH;
        let ahead = sending.send_ahead(&credentials);
        let Ok(ahead) = tokio::time::timeout(Duration::try_from(left).unwrap_or_default(), ahead).await else {
            tracing::info!(publication = %job.publication.id, "its files are not all uploaded before its time");
            return Ok(Ok(()));
        };
        Ok(ahead?.map_err(|refusal| match refusal {
            Refusal::Auth(_) => unconnected(&refusal),
            Refusal::Content(_) => Unready::Problem(unfit(&refusal)),
            _ => Unready::Later(refusal),
        }))
    }

    /// What the channel's network has against the content as it stands now.
    async fn content(&self, job: &Loaded) -> Result<Option<Reason>, HandlerError> {
        let draft = Draft {
            content: job.post.content.clone(),
            channels: vec![job.channel.id],
            timing: Timing::Draft(None),
            time_zone: job.post.time_zone.clone(),
            repeat: None,
        };
        let Publisher { store, registry, library, .. } = &self.publisher;
        let checked = compose::check(store, registry, library, job.post.workspace, &draft).await?;
        let wrong: Vec<&Finding> = checked.all().filter(|finding| finding.is_error()).collect();
        Ok(wrong.first().map(|first| {
            let more = wrong.len() - 1;
            let rest = if more > 0 { format!(" ({more} more)") } else { String::new() };
            let said = format!("{} {}{rest}", first.message, first.fix);
            Reason::new("early.content", "The network will not take it as it is", said)
        }))
    }

    async fn channel(&self, job: &Loaded) -> Result<Credentials, Unready> {
        let problem = |code: &str, title: &str, said: &str| Unready::Problem(Reason::new(code, title, said));
        if job.workspace.paused_at.is_some() {
            let said = "It will be held unless somebody lets the workspace go on before its time.";
            return Err(problem("early.paused", "The workspace is paused", said));
        }
        match job.channel.state {
            ChannelState::Active => {}
            ChannelState::Disabled => {
                let said = "It will be held unless the channel is enabled before its time.";
                return Err(problem("early.paused", "The channel is switched off", said));
            }
            ChannelState::NeedsReconnect => {
                let said = "It will be held unless the channel is reconnected before its time.";
                return Err(problem("early.reconnect", "The channel needs reconnecting", said));
            }
        }
        fresh(self.publisher.tokens.as_ref(), job.channel.id, false).await.map_err(|refusal| match refusal {
            Refusal::Auth(_) => unconnected(&refusal),
            _ => Unready::Later(refusal),
        })
    }
}

fn unfit(refusal: &Refusal) -> Reason {
    let said = refusal.detail().message.clone();
    Reason::new("early.content", "The network will not take it as it is", said).with(refusal.diagnosis())
}

fn unconnected(refusal: &Refusal) -> Unready {
    let said =
        format!("It will be held unless the channel is reconnected before its time. {}", refusal.detail().message);
    let reason = Reason::new("early.reconnect", "The channel needs reconnecting", said);
    Unready::Problem(reason.with(refusal.diagnosis()))
}
