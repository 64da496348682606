//! What people decide about a publication that waits for them.

use super::{
    Publication,
    cap::over_cap,
    change::{Change, prepare_films_in, schedule_work, set_state_in, work_of},
    get,
};
use crate::{
    Store, due,
    error::{Result, StoreError},
    pace::{self, Scope},
    posts,
};
use crier_model::{
    PublicationId, WorkspaceId,
    publication::{PublicationState as State, Reason, held},
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Sends a failed, held or cancelled publication again, at `due_at`; one that a person has paused goes out at the time it has, if
/// that is later. What was already done of it is not repeated.
///
/// # Errors
/// Conflict `publication.not_retryable` in any other state; [`StoreError::NotFound`] when the post or the channel was deleted.
pub async fn retry(store: &Store, workspace: WorkspaceId, id: PublicationId, due_at: Timestamp) -> Result<Publication> {
    const FROM: [State; 3] = [State::Failed, State::Held, State::Cancelled];
    let publication = get(store, workspace, id).await?;
    let is_paused = publication.reason.as_ref().is_some_and(|reason| reason.code == held::PERSON);
    let kept = publication.next_part_at.or(publication.due_at).filter(|at| is_paused && *at > due_at);
    let due_at = kept.unwrap_or(due_at);
    let change =
        Change { due_at: Some(due_at), ..Change::default() }.noting("Scheduled again", "A person asked for it.");
    reschedule(store, workspace, id, &FROM, change, due_at, "publication.not_retryable").await
}

/// Cancels a publication that has not been sent, and takes its channel out of the post.
///
/// # Errors
/// Conflict `publication.not_cancellable` while it is being sent, or once it is published.
pub async fn cancel(store: &Store, workspace: WorkspaceId, id: PublicationId) -> Result<Publication> {
    const FROM: [State; 6] =
        [State::Draft, State::Scheduled, State::Preparing, State::Held, State::Failed, State::Unconfirmed];
    let publication = get(store, workspace, id).await?;
    let mut tx = store.begin().await?;
    posts::drop_channel_in(&mut tx, workspace, publication.post, publication.channel).await?;
    let sent = if publication.remote.is_some() { " What was sent of it before stays on the network." } else { "" };
    let reason = Reason::new("cancelled.person", "Cancelled", format!("A person cancelled it.{sent}"));
    let moved = set_state_in(&mut tx, id, &FROM, State::Cancelled, Change::default().because(reason))
        .await
        .map_err(refused("publication.not_cancellable"))?;
    let work = work_of(std::iter::once(id));
    due::remove_in(&mut tx, &work, &BTreeSet::from([publication.channel.0])).await?;
    tx.commit().await?;
    Ok(moved)
}

/// A person found an unconfirmed publication on the network, at this address.
///
/// # Errors
/// Conflict `publication.not_unconfirmed` in any other state.
pub async fn resolve_published(
    store: &Store,
    workspace: WorkspaceId,
    id: PublicationId,
    url: &str,
    remote_id: Option<String>,
) -> Result<Publication> {
    let publication = get(store, workspace, id).await?;
    let mut tx = store.begin().await?;
    let published_at = publication.started_at.unwrap_or_else(|| store.now());
    let change = Change { url: Some(url.to_owned()), remote_id, published_at: Some(published_at), ..Change::default() }
        .noting("Published", "A person found it on the network.");
    let moved = set_state_in(&mut tx, id, &[State::Unconfirmed], State::Published, change)
        .await
        .map_err(refused("publication.not_unconfirmed"))?;
    let work = work_of(std::iter::once(id));
    due::remove_in(&mut tx, &work, &BTreeSet::from([publication.channel.0])).await?;
    tx.commit().await?;
    Ok(moved)
}

/// A person looked, and an unconfirmed publication is not on the network: what was begun is forgotten and it is sent again now.
///
/// # Errors
/// Conflict `publication.not_unconfirmed` in any other state.
pub async fn resolve_send_again(store: &Store, workspace: WorkspaceId, id: PublicationId) -> Result<Publication> {
    let due_at = store.now();
    let change = Change { due_at: Some(due_at), ..Change::default() }
        .noting("To be sent again", "A person looked, and it is not on the network.");
    reschedule(store, workspace, id, &[State::Unconfirmed], change, due_at, "publication.not_unconfirmed").await
}

async fn reschedule(
    store: &Store,
    workspace: WorkspaceId,
    id: PublicationId,
    from: &[State],
    change: Change,
    due_at: Timestamp,
    refusal: &'static str,
) -> Result<Publication> {
    let publication = get(store, workspace, id).await?;
    // Who sends what the daily cap holds has seen why, and means it.
    let was_capped = publication.reason.as_ref().is_some_and(|reason| reason.code == held::CAP);
    let mut tx = store.begin().await?;
    posts::restore_channel_in(&mut tx, workspace, publication.post, publication.channel).await?;
    let moved = set_state_in(&mut tx, id, from, State::Scheduled, change).await.map_err(refused(refusal))?;
    // A person who asks for a try has reason to think that it will go well by now.
    pace::forgive_in(&tx, &Scope::Channel(moved.channel)).await?;
    // A new window of time, with all its tries.
    tx.execute("UPDATE publication SET tries = 0 WHERE id = $1", [id.0.into()]).await?;
    let moved = Publication { tries: 0, ..moved };
    let mut work = schedule_work(workspace, id, moved.channel, due_at, store.now());
    if was_capped {
        work = work.into_iter().map(|work| work.with(over_cap())).collect();
    }
    due::upsert_in(&mut tx, &work).await?;
    prepare_films_in(&mut tx, &[publication.post]).await?;
    if from == [State::Unconfirmed] {
        tx.execute("DELETE FROM step WHERE publication_id = $1 AND state = 'begun'", [id.0.into()]).await?;
    }
    tx.commit().await?;
    Ok(moved)
}

fn refused(what: &'static str) -> impl FnOnce(StoreError) -> StoreError {
    move |error| match error {
        StoreError::Stale { what: "publication" } => StoreError::Conflict { what },
        other => other,
    }
}
