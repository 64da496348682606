//! Moving, deleting and duplicating posts.

use super::{
    Post, get,
    save::{Plan, Save, Saved, keep_in, lock_channels_in, lock_post_in, lock_publications_in, may_change, save},
};
use crate::{
    Store, Tx, channels,
    column::{from_json, json, ms},
    due,
    error::{Result, StoreError},
    events, media,
    publications::{self, Change, Publication, schedule_work, set_state_in},
};
use crier_model::{
    ChannelId, MediaId, PostId, UserId, WorkspaceId,
    post::{Content, Timing, ValidPost},
    publication::{PublicationState as State, Reason},
};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Gives a post another time. What is scheduled or held is scheduled for then; a draft stays a draft.
///
/// # Errors
/// Conflict `post.sending` or `post.published`; [`StoreError::Stale`] when the version is not the expected one.
pub async fn move_to(
    store: &Store,
    workspace: WorkspaceId,
    id: PostId,
    due_at: Timestamp,
    expected_version: Option<i64>,
) -> Result<()> {
    let mut tx = store.begin().await?;
    let post = lock_post_in(&tx, workspace, id, expected_version).await?;
    let all = lock_publications_in(&tx, id).await?;
    let movable: Vec<&Publication> = all
        .iter()
        .filter(|p| matches!(p.state, State::Draft | State::Scheduled | State::Preparing | State::Held))
        .collect();
    if movable.is_empty() && !all.is_empty() {
        return Err(StoreError::Conflict { what: "post.published" });
    }
    let now = tx.now();
    let state = if post.is_draft { State::Draft } else { State::Scheduled };
    let plan = Plan { state, due_at: Some(due_at), now };
    let lanes: BTreeSet<Uuid> = movable.iter().map(|p| p.channel.0).collect();
    due::remove_in(&mut tx, &publications::work_of(movable.iter().map(|p| p.id)), &lanes).await?;
    keep_in(&mut tx, &plan, &movable).await?;
    if !post.is_draft {
        let work: Vec<_> =
            movable.iter().flat_map(|p| schedule_work(workspace, p.id, p.channel, due_at, now)).collect();
        due::upsert_in(&mut tx, &work).await?;
    }
    let sql = "UPDATE post SET due_at = $2, updated_at = $3, version = version + 1 WHERE id = $1";
    tx.execute(sql, [id.0.into(), ms(due_at).into(), ms(now).into()]).await?;
    events::post_saved(&mut tx, workspace, id);
    tx.commit().await
}

/// Deletes a post: what has not been sent is cancelled; what was published stays in the history, and on the network.
///
/// # Errors
/// Conflict `post.sending` while any part of it is being sent.
pub async fn delete(store: &Store, workspace: WorkspaceId, id: PostId) -> Result<()> {
    let mut tx = store.begin().await?;
    lock_post_in(&tx, workspace, id, None).await?;
    let all = lock_publications_in(&tx, id).await?;
    let open: Vec<_> =
        all.iter().filter(|p| may_change(p.state) && !matches!(p.state, State::Failed | State::Cancelled)).collect();
    let lanes = all.iter().map(|p| p.channel.0).collect();
    due::remove_in(&mut tx, &publications::work_of(all.iter().map(|p| p.id)), &lanes).await?;
    let reason = Reason::new("cancelled.post_deleted", "Cancelled", "The post was deleted before this was sent.");
    for publication in open {
        let change = Change::default().because(reason.clone());
        set_state_in(&mut tx, publication.id, &[publication.state], State::Cancelled, change).await?;
    }
    // A deleted post's key may be used again: the caller that deletes and repeats means a new one.
    let sql =
        "UPDATE post SET deleted_at = $2, updated_at = $2, version = version + 1, idempotency_key = NULL WHERE id = $1";
    tx.execute(sql, [id.0.into(), ms(store.now()).into()]).await?;
    events::post_deleted(&mut tx, workspace, id);
    tx.commit().await
}

/// Makes a draft with the same content for the same channels, as far as its files and channels still exist. It keeps the time
/// if that is yet to come.
pub async fn duplicate(store: &Store, workspace: WorkspaceId, id: PostId, by: UserId) -> Result<Saved> {
    let post = get(store, workspace, id).await?;
    let here = channels::get_many(store, workspace, &post.channels).await?;
    let here: HashSet<_> = here.into_iter().map(|channel| channel.id).collect();
    let files = media::get_many(store, workspace, &post.content.media()).await?;
    let files: HashSet<_> = files.into_iter().map(|file| file.id).collect();
    let Post { mut content, mut channels, time_zone, due_at, .. } = post;
    channels.retain(|channel| here.contains(channel));
    keep_files(&mut content, &files);
    let timing = Timing::Draft(due_at.filter(|at| *at > store.now()));
    let copy = ValidPost { content, channels, timing, time_zone };
    let new = Save { workspace, by, id: None, expected_version: None, idempotency_key: None };
    save(store, new, &copy).await
}

fn keep_files(content: &mut Content, files: &HashSet<MediaId>) {
    let tailored = content.variants.values_mut().filter_map(|variant| variant.parts.as_mut()).flatten();
    for part in content.parts.iter_mut().chain(tailored) {
        part.media.retain(|file| files.contains(&file.id));
    }
}

/// Takes a channel out of a post whose publication on it is cancelled, so that saving the post does not bring it back.
pub(crate) async fn drop_channel_in(tx: &mut Tx, workspace: WorkspaceId, id: PostId, channel: ChannelId) -> Result<()> {
    let row = lock_post_in(tx, workspace, id, None).await?;
    let mut channels: Vec<ChannelId> = from_json(&row.channels, "channels")?;
    channels.retain(|c| *c != channel);
    set_channels_in(tx, workspace, id, &channels).await
}

/// Makes sure that the post and the channel still exist and that the channel is one of the post's, before something is sent
/// again.
pub(crate) async fn restore_channel_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: PostId,
    channel: ChannelId,
) -> Result<()> {
    let row = lock_post_in(tx, workspace, id, None).await?;
    lock_channels_in(tx, workspace, &[channel]).await?;
    let mut channels: Vec<ChannelId> = from_json(&row.channels, "channels")?;
    if channels.contains(&channel) {
        return Ok(());
    }
    channels.push(channel);
    set_channels_in(tx, workspace, id, &channels).await
}

async fn set_channels_in(tx: &mut Tx, workspace: WorkspaceId, id: PostId, channels: &[ChannelId]) -> Result<()> {
    let sql = "UPDATE post SET channels = $2, updated_at = $3, version = version + 1 WHERE id = $1";
    let now = ms(tx.now());
    tx.execute(sql, [id.0.into(), json(channels, "channels")?.into(), now.into()]).await?;
    events::post_saved(tx, workspace, id);
    Ok(())
}
