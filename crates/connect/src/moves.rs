//! Moving attempts: every step is a compare-and-set on the row, and the next visit by the sweep is written with it.

use crate::{Handshake, handshake::Broken, measure, parked::Parked};
use crier_model::{AttemptId, Timestamp, attempt::AttemptState as S};
use crier_net::Waited;
use crier_store::{
    attempts::{self, Attempt, Changes, Note},
    due::{self, NewWork},
};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// How long what came back stays open for the person to go on with.
pub(crate) const PARKED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// The work of looking at an attempt again.
pub(crate) fn visit(attempt: &Attempt, at: Timestamp) -> NewWork {
    NewWork::new(attempt.workspace, due::kind::ATTEMPT, attempt.id, at)
}

/// Whether an attempt is at work; otherwise it has ended, or waits for a person.
pub(crate) fn is_at_work(attempt: &Attempt) -> bool {
    match attempt.state {
        S::Returned | S::Exchanging => true,
        S::Identified => attempt.diagnosis.is_none(),
        _ => false,
    }
}

/// Does something to its end, whether or not the request that asked for it is still there.
pub(crate) async fn undropped<T: Send + 'static>(doing: impl Future<Output = T> + Send + 'static) -> Result<T, Broken> {
    let waited = Waited::current();
    tokio::spawn(async move { waited.during(doing).await })
        .await
        .map_err(|_| Broken::Lacks("an end: the work on it broke off"))
}

impl Handshake {
    /// Moves an attempt on, unless it was changed since it was read: then somebody else is at it, and the answer is none.
    pub(crate) async fn step(&self, attempt: &Attempt, to: S, changes: Changes) -> Result<Option<Attempt>, Broken> {
        Box::pin(self.step_with(attempt, to, changes, &[])).await
    }

    /// [`Self::step`] with due work that is written with it.
    pub(crate) async fn step_with(
        &self,
        attempt: &Attempt,
        to: S,
        changes: Changes,
        work: &[NewWork],
    ) -> Result<Option<Attempt>, Broken> {
        let changes = Changes { version: Some(attempt.version), ..changes };
        let mut tx = self.store().begin().await?;
        let Some(moved) = attempts::transition_in(&mut tx, attempt.id, &[attempt.state], to, changes).await? else {
            return Ok(None);
        };
        if let Some(at) = self.next_visit(&moved) {
            due::upsert_in(&mut tx, &[visit(&moved, at)]).await?;
        }
        due::upsert_in(&mut tx, work).await?;
        tx.commit().await?;
        if moved.state.is_final() && !attempt.state.is_final() {
            measure::ended(&moved.network, moved.state, moved.diagnosis.as_ref().map(|diagnosis| diagnosis.code));
        }
        Ok(Some(moved))
    }

    /// [`Self::step`] within the state it is in: says that somebody is at work on it, and what was seen.
    pub(crate) async fn note(&self, attempt: &Attempt, parked: &Parked, note: Note) -> Result<Option<Attempt>, Broken> {
        let changes = Changes { parked: Some(parked.write()?), note: Some(note), ..Changes::default() };
        self.step(attempt, attempt.state, changes).await
    }

    /// When an attempt is to be looked at again by itself.
    pub(crate) fn next_visit(&self, attempt: &Attempt) -> Option<Timestamp> {
        if attempt.state.is_final() {
            return attempt.parked.is_some().then(|| self.in_time(self.abandoned()));
        }
        Some(if is_at_work(attempt) { self.in_time(self.abandoned()) } else { attempt.expires_at })
    }

    pub(crate) fn abandoned(&self) -> SignedDuration {
        SignedDuration::try_from(self.settings().pace.abandoned).unwrap_or(SignedDuration::MAX)
    }

    /// From when on an attempt at work counts as left behind.
    pub(crate) async fn left_behind_at(&self, attempt: &Attempt) -> Result<Timestamp, Broken> {
        let history = attempts::history(self.store(), &[attempt.id]).await?;
        let last = history.last().map_or(attempt.created_at, |event| event.at);
        Ok(last.saturating_add(self.abandoned()).unwrap_or(last))
    }

    /// The attempt once it has ended or waits for a person, or as it stands after `patience`.
    pub(crate) async fn rested(&self, id: AttemptId, patience: Duration) -> Result<Attempt, Broken> {
        let until = Instant::now() + patience;
        let mut pause = Duration::from_millis(20);
        loop {
            let attempt = attempts::by_id(self.store(), id).await?;
            if !is_at_work(&attempt) || Instant::now() >= until {
                return Ok(attempt);
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// [`Self::step`], and on from there, in a task of its own: a request that is dropped in between, by a browser that hangs
    /// up, would otherwise leave behind what nobody works on.
    pub(crate) async fn step_and_work(
        &self,
        attempt: &Attempt,
        to: S,
        changes: Changes,
    ) -> Result<Option<JoinHandle<()>>, Broken> {
        let (handshake, attempt) = (self.clone(), attempt.clone());
        undropped(async move {
            let claimed = handshake.step(&attempt, to, changes).await?;
            Ok(claimed.map(|claimed| handshake.set_to_work(claimed)))
        })
        .await?
    }

    /// Works on an attempt in a task of its own, which goes on when the request that began it is dropped.
    pub(crate) fn set_to_work(&self, attempt: Attempt) -> JoinHandle<()> {
        let (handshake, waited) = (self.clone(), Waited::current());
        tokio::spawn(async move { Box::pin(waited.during(handshake.work(attempt))).await })
    }

    /// Takes an attempt as far as it goes without a person. What breaks here is the attempt's end, unless it may go well
    /// later: then the next visit takes it up again.
    pub(crate) async fn work(&self, attempt: Attempt) {
        let id = attempt.id;
        let Err(broken) = Box::pin(self.drive(attempt)).await else { return };
        if broken.is_temporary() {
            tracing::warn!(attempt = %id, error = %broken, "a connect was interrupted and will be taken up again");
            return;
        }
        let diagnosis = broken.diagnosis();
        let ended = async {
            let attempt = attempts::by_id(self.store(), id).await?;
            if attempt.state.is_final() { Ok(None) } else { self.fail(&attempt, diagnosis).await }
        };
        if let Err(error) = ended.await {
            tracing::error!(attempt = %id, %error, "a broken connect could not be ended");
        }
    }

    async fn drive(&self, mut attempt: Attempt) -> Result<(), Broken> {
        while is_at_work(&attempt) {
            let next = match attempt.state {
                S::Identified => Box::pin(self.identify(attempt)).await?,
                _ => Box::pin(self.exchange(attempt)).await?,
            };
            let Some(next) = next else { return Ok(()) };
            attempt = next;
        }
        Ok(())
    }
}
