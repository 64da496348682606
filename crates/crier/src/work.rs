//! Due work of the handshake, and the housekeeping that no row asks for.

use async_trait::async_trait;
use crier_connect::{ConnectError, Handshake};
use crier_engine::work::{Done, Handler, HandlerError, subject};
use crier_model::{AttemptId, ChannelId, Timestamp};
use crier_store::{Store, StoreError, due, events, notices, pace, sessions, workspaces};
use jiff::SignedDuration;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Renews a channel's credentials ahead of their end.
pub struct Renewals(pub Handshake);
/// Fetches a channel's picture.
pub struct Avatars(pub Handshake);
/// Listens to bots for attempts that wait for their code.
pub struct Listeners(pub Handshake);
/// Comes back to attempts: expires them, takes up those a crash left behind.
pub struct Attempts(pub Handshake);

/// Warns of sign-ins that end on a known day.
pub struct Expiries(pub Handshake);

fn ours(error: &ConnectError) -> HandlerError {
    HandlerError::Other(error.to_string())
}

fn until(next: Option<Timestamp>) -> Done {
    next.map_or(Done::Finished, Done::Again)
}

#[async_trait]
impl Handler for Renewals {
    fn kind(&self) -> &'static str {
        due::kind::REFRESH
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        Ok(until(self.0.renew(subject::<ChannelId>(work)?).await.map_err(|error| ours(&error))?))
    }
}

#[async_trait]
impl Handler for Avatars {
    fn kind(&self) -> &'static str {
        due::kind::AVATAR
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        self.0.fetch_avatar(subject::<ChannelId>(work)?).await.map_err(|error| ours(&error))?;
        Ok(Done::Finished)
    }
}

#[async_trait]
impl Handler for Attempts {
    fn kind(&self) -> &'static str {
        due::kind::ATTEMPT
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        Ok(until(self.0.revisit(subject::<AttemptId>(work)?).await.map_err(|error| ours(&error))?))
    }
}

#[async_trait]
impl Handler for Expiries {
    fn kind(&self) -> &'static str {
        due::kind::EXPIRY
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        Ok(until(self.0.warn_of_expiry(subject::<ChannelId>(work)?).await.map_err(|error| ours(&error))?))
    }
}

#[async_trait]
impl Handler for Listeners {
    fn kind(&self) -> &'static str {
        due::kind::LISTEN
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        Ok(until(self.0.listen(subject::<AttemptId>(work)?).await.map_err(|error| ours(&error))?))
    }
}

/// How often the house is kept.
const KEPT_EVERY: Duration = Duration::from_secs(3600);
/// Events serve live pages that were away for a while; history has tables of its own.
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Long enough for whoever was on holiday.
const NOTICES_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A network's "slow down" is over long before.
const PACE_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Forgets what nobody will ask for any more. Several nodes may do it side by side.
pub async fn keep_house(store: Store, shutdown: CancellationToken) {
    let mut clock = tokio::time::interval(KEPT_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = clock.tick() => {}
        }
        if let Err(error) = tidy(&store).await {
            tracing::warn!(%error, "old sessions and events were not cleared away; trying again in an hour");
        }
    }
}

async fn tidy(store: &Store) -> Result<(), StoreError> {
    let gone = sessions::forget_expired(store).await?;
    let before = store.now() - EVENTS_KEPT;
    let notices_before = store.now() - NOTICES_KEPT;
    let mut events = 0;
    for workspace in workspaces::all(store).await? {
        events += events::forget_before(store, workspace, before).await?;
        notices::forget_before(store, workspace, notices_before).await?;
    }
    pace::forget_before(store, store.now() - PACE_KEPT).await?;
    tracing::debug!(sessions = gone, events, "old rows were cleared away");
    Ok(())
}
