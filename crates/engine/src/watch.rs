//! The last resort: a publication that has come to no end long after its time is ended, and people are told. Its own worker does
//! that; this is for the day on which the worker can't.

use crate::{
    decision,
    publish::Rules,
    sending::Progress,
    work::{Done, Handler, HandlerError},
};
use async_trait::async_trait;
use crier_model::{
    Clock, Timestamp,
    publication::{PublicationState as State, Reason, held},
};
use crier_networks::{Detail, Refusal};
use crier_store::{
    Store, StoreError,
    due::{self, Claimed, NewWork},
    publications::{self, Publication},
    steps,
};
use jiff::SignedDuration;
use std::sync::Arc;

/// How often it looks.
const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// After a stop of the whole installation, how long the workers have for what became due meanwhile: they know more.
const WORKERS_FIRST: SignedDuration = SignedDuration::from_mins(10);
/// Looked at in one go.
const MOST: u32 = 500;

/// Does the work of kind [`due::kind::WATCH`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds a trait object")]
pub struct Watch {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub rules: Rules,
}

impl Watch {
    /// Makes sure that somebody looks, on whatever node.
    ///
    /// # Errors
    /// When it can't be written down.
    pub async fn begin(&self) -> Result<(), StoreError> {
        let work = NewWork {
            workspace: None,
            kind: due::kind::WATCH.to_owned(),
            subject: "publications".to_owned(),
            lane: None,
            due_at: self.clock.now() + WORKERS_FIRST,
            payload: serde_json::Value::Null,
        };
        due::ensure(&self.store, &work).await
    }

    /// Ends what is overdue; how many publications that were.
    ///
    /// # Errors
    /// When the database can't be asked or written.
    pub async fn look(&self) -> Result<u64, HandlerError> {
        let longest = self.rules.longest() + EVERY;
        let mut ended = 0;
        for publication in publications::overdue(&self.store, self.clock.now() - longest, MOST).await? {
            let since = since(&publication);
            if since + longest > self.clock.now() {
                continue;
            }
            let (state, reason) = self.end_of(&publication, since).await?;
            match publications::give_up(&self.store, &publication, state, reason).await {
                Ok(_) => {
                    ended += 1;
                    tracing::error!(publication = %publication.id, %state, "a publication came to no end in its time");
                }
                // It has come to its end this very moment.
                Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ended)
    }

    async fn end_of(&self, publication: &Publication, since: Timestamp) -> Result<(State, Reason), StoreError> {
        let steps = steps::list(&self.store, publication.id).await?;
        if steps.iter().any(|step| step.answer.is_none() && step.once != steps::REPEATABLE) {
            let said = "Crier began to send it and did not get to its end";
            return Ok((State::Unconfirmed, decision::unconfirmed(&Refusal::Unknown(Detail::new(said)))));
        }
        let said =
            format!("It was due at {since:.0} and did not go out in its time. Publish it now or give it a new time.");
        Ok((State::Held, Reason::new(held::MISSED, "Its time was missed", said)))
    }
}

/// When its next part was due. What can't be read says nothing of later parts.
fn since(publication: &Publication) -> Timestamp {
    let part = Progress::of(publication).ok().and_then(|progress| progress.since);
    part.or(publication.due_at).unwrap_or(publication.created_at)
}

#[async_trait]
impl Handler for Watch {
    fn kind(&self) -> &'static str {
        due::kind::WATCH
    }

    async fn handle(&self, work: &Claimed) -> Result<Done, HandlerError> {
        let now = self.clock.now();
        if now.duration_since(work.due_at) > WORKERS_FIRST {
            return Ok(Done::Again(now + WORKERS_FIRST));
        }
        self.look().await?;
        Ok(Done::Again(now + EVERY))
    }
}
