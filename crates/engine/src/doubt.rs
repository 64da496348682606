//! A call was made and its answer is lost, or a worker died in the middle of one: was it done?

use crate::{publish::deadline, sending::Sending, work::HandlerError};
use crier_model::{PublicationId, Timestamp};
use crier_networks::{Cx, Detail, Item, Network, Refusal, Sent, publish::Recent};
use crier_store::{
    Store, StoreError,
    due::Fence,
    publications,
    steps::{self, Step},
};
use jiff::SignedDuration;

/// How far the network's clock may be behind ours: some minutes where nobody sets ours, an hour where somebody has set it wrong. What
/// is missed by this is published twice; what is found too much is another post with the same words, of which we know our own.
const SKEW: SignedDuration = SignedDuration::from_mins(65);
/// Networks forget idempotency keys, some after an hour: beyond this age they alone are not relied upon.
pub(crate) const KEYS_HOLD: SignedDuration = SignedDuration::from_mins(45);

/// What became of a part.
pub(crate) enum Doubt {
    Sent(Sent),
    /// Not to be seen at the network, too early to be sure.
    LookAt(Timestamp),
    Refused(Refusal),
}

/// The steps of a part that were begun and have no answer.
pub(crate) async fn begun(sending: &Sending<'_>, part: usize) -> Result<Vec<Step>, HandlerError> {
    Ok(unanswered(&sending.publisher.store, sending.job.publication.id, &format!("{part}:")).await?)
}

/// The steps whose names begin so that were begun and have no answer.
pub(crate) async fn unanswered(
    store: &Store,
    publication: PublicationId,
    prefix: &str,
) -> Result<Vec<Step>, StoreError> {
    let mut all = steps::list(store, publication).await?;
    all.retain(|step| step.answer.is_none() && step.name.starts_with(prefix));
    Ok(all)
}

/// A part that was changed after a try whose outcome is unknown: neither its key nor its words would find what was sent then.
pub(crate) async fn changed_since(
    sending: &Sending<'_>,
    item: &Item,
    fingerprint: &str,
) -> Result<Option<Refusal>, HandlerError> {
    let begun = begun(sending, item.index).await?;
    let changed = begun.iter().any(|step| step.once != steps::REPEATABLE && step.fingerprint != fingerprint);
    let said = "the post was changed after a try whose answer was lost, so what was sent then can't be looked for";
    Ok(changed.then(|| Refusal::Unknown(Detail::new(said))))
}

/// Finds out what became of a call whose outcome is unknown. None: surely not done, and nothing of it remains begun.
pub(crate) async fn resolve(
    sending: &Sending<'_>,
    cx: &Cx<'_>,
    item: &Item,
    unknown: Refusal,
    timed_out: bool,
) -> Result<Option<Doubt>, HandlerError> {
    let begun = begun(sending, item.index).await?;
    let doubtful: Vec<&Step> = begun.iter().filter(|step| !may_repeat(step)).collect();
    if doubtful.is_empty() {
        // What may be repeated is, and what was not begun was not done. Without a step, it was the network who said so.
        let harmless = timed_out || !begun.is_empty();
        return Ok(Some(Doubt::Refused(if harmless { unknown.harmless() } else { unknown })));
    }
    let recent = sending.network.recent().filter(|_| doubtful.iter().all(|step| step.once == "look"));
    let Some(recent) = recent else { return Ok(Some(Doubt::Refused(unknown))) };
    match look(sending, recent, cx, item, &doubtful).await? {
        Ok(Some(sent)) => Ok(Some(Doubt::Sent(sent))),
        Ok(None) => {
            let newest = doubtful.iter().map(|step| step.begun_at).max().unwrap_or(cx.due_at);
            let settled = newest + sending.publisher.rules.settle;
            if sending.publisher.clock.now() < settled {
                return Ok(Some(Doubt::LookAt(settled)));
            }
            forget(&sending.publisher.store, sending.fence, doubtful).await?;
            Ok(None)
        }
        Err(refusal) => {
            tracing::info!(publication = %cx.publication, %refusal, "it could not be found out whether it was published");
            Ok(Some(Doubt::Refused(unknown)))
        }
    }
}

/// A keyed step that was begun so long ago that the network may have forgotten the key is looked for before it is repeated.
pub(crate) async fn done_long_ago(
    sending: &Sending<'_>,
    cx: &Cx<'_>,
    item: &Item,
) -> Result<Option<Sent>, HandlerError> {
    let Some(recent) = sending.network.recent() else { return Ok(None) };
    let old = sending.publisher.clock.now() - KEYS_HOLD;
    let begun = begun(sending, item.index).await?;
    let keyed: Vec<&Step> = begun.iter().filter(|step| step.once == "key" && step.begun_at < old).collect();
    if keyed.is_empty() {
        return Ok(None);
    }
    // Unseen or not to be asked, it is repeated: the key still speaks against a second one.
    Ok(look(sending, recent, cx, item, &keyed).await?.ok().flatten())
}

/// Looks for the begun part without any thought of sending it. Refused where it can't be known.
pub(crate) async fn look_for_begun(
    sending: &Sending<'_>,
    cx: &Cx<'_>,
    item: &Item,
) -> Result<Result<Option<Sent>, Refusal>, HandlerError> {
    let begun = begun(sending, item.index).await?;
    let doubtful: Vec<&Step> = begun.iter().filter(|step| step.once != steps::REPEATABLE).collect();
    let Some(recent) = sending.network.recent().filter(|_| doubtful.iter().all(|step| step.once != "ask")) else {
        let said = "Crier stopped while it was being sent, and this network can't tell whether it arrived";
        return Ok(Err(Refusal::Unknown(Detail::new(said))));
    };
    let found = look(sending, recent, cx, item, &doubtful).await?;
    if matches!(found, Ok(None)) {
        forget(&sending.publisher.store, sending.fence, doubtful).await?;
    }
    Ok(found)
}

fn may_repeat(step: &Step) -> bool {
    step.once == "key" || step.once == steps::REPEATABLE
}

/// Looks among the account's posts since the steps were begun.
async fn look(
    sending: &Sending<'_>,
    recent: &dyn Recent,
    cx: &Cx<'_>,
    item: &Item,
    steps: &[&Step],
) -> Result<Result<Option<Sent>, Refusal>, HandlerError> {
    let begun_at = steps.iter().map(|step| step.begun_at).min().unwrap_or(cx.due_at);
    let found = match find_since(begun_at, sending.network, recent, cx, item).await {
        Ok(Some(sent)) => sent,
        other => return Ok(other),
    };
    // The same words published by another post of ours prove nothing about this one.
    let channel = sending.job.channel.id;
    match publications::by_remote_id(&sending.publisher.store, channel, &found.remote_id).await? {
        Some(other) if other != cx.publication => {
            let said = "another post with the same content is there, so it can't be told whether this one is";
            Ok(Err(Refusal::Unknown(Detail::new(said))))
        }
        _ => Ok(Ok(Some(found))),
    }
}

/// The account's post of the same content since a time of ours, within the network's deadline.
pub(crate) async fn find_since(
    begun_at: Timestamp,
    network: &dyn Network,
    recent: &dyn Recent,
    cx: &Cx<'_>,
    item: &Item,
) -> Result<Option<Sent>, Refusal> {
    let since = Cx { due_at: begun_at - SKEW, ..*cx };
    let late = || Err(Refusal::Temporary(Detail::new("the network's recent posts could not be read in time")));
    tokio::time::timeout(deadline(network), recent.find(&since, item)).await.unwrap_or_else(|_| late())
}

/// Takes steps back that were surely not done.
pub(crate) async fn forget(
    store: &Store,
    fence: Fence,
    steps: impl IntoIterator<Item = &Step>,
) -> Result<(), StoreError> {
    for step in steps {
        steps::abandon(store, fence, step.publication, &step.name).await?;
    }
    Ok(())
}
