//! Moving, deleting and duplicating posts.

use super::{
    Post, get,
    save::{
        Plan, Save, Saved, line, lock_channels_in, lock_post_in, lock_publications_in, may_change, save, write_lines_in,
    },
    series,
};
use crate::{
    Store, Tx, channels,
    column::{from_json, json, ms},
    connection::Lock,
    due,
    entity::{post, publication_event},
    error::{Result, StoreError},
    events, evergreen, media,
    publications::{self, Publication, schedule_work},
};
use crier_model::{
    ChannelId, EvergreenId, MediaId, PostId, UserId, WorkspaceId,
    post::{Content, Timing, ValidPost},
    publication::{PublicationState as State, Reason, held},
};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Gives a post another time. What is scheduled or held is scheduled for then; a draft stays a draft, and what a person has
/// paused stays paused.
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
    if post.kept_in.is_some() {
        return Err(StoreError::Conflict { what: "post.kept" });
    }
    move_in(&mut tx, workspace, &[(post, due_at)]).await?;
    tx.commit().await
}

/// As [`move_to`], for posts that are locked.
pub(super) async fn move_in(tx: &mut Tx, workspace: WorkspaceId, moves: &[(post::Model, Timestamp)]) -> Result<()> {
    let ids: Vec<_> = moves.iter().map(|(post, _)| PostId(post.id)).collect();
    let all = lock_publications_in(tx, &ids).await?;
    for id in &ids {
        movable(all.iter().filter(|p| p.post == *id))?;
    }
    move_publications_in(tx, workspace, moves, &all).await
}

/// Whether a post with these publications can be given another time.
///
/// # Errors
/// Conflict `post.sending` or `post.published`.
pub(super) fn movable<'a>(publications: impl Iterator<Item = &'a Publication>) -> Result<()> {
    let states: Vec<_> = publications.map(|p| p.state).collect();
    if states.contains(&State::Sending) {
        return Err(StoreError::Conflict { what: "post.sending" });
    }
    let may = states.is_empty() || states.iter().any(|state| MOVABLE.contains(state));
    if may { Ok(()) } else { Err(StoreError::Conflict { what: "post.published" }) }
}

const MOVABLE: [State; 4] = [State::Draft, State::Scheduled, State::Preparing, State::Held];

/// Moves those publications that can be; the same few statements for one post or hundreds.
pub(super) async fn move_publications_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    moves: &[(post::Model, Timestamp)],
    all: &[Publication],
) -> Result<()> {
    let now = tx.now();
    let times: HashMap<Uuid, Timestamp> = moves.iter().map(|(post, at)| (post.id, *at)).collect();
    let movable: Vec<(&Publication, Timestamp)> =
        all.iter().filter(|p| MOVABLE.contains(&p.state)).filter_map(|p| Some((p, *times.get(&p.post.0)?))).collect();
    let lanes: BTreeSet<Uuid> = movable.iter().map(|(p, _)| p.channel.0).collect();
    due::remove_in(tx, &publications::work_of(movable.iter().map(|(p, _)| p.id)), &lanes).await?;
    let mut work = Vec::new();
    let mut changed = Vec::new();
    for (publication, due_at) in &movable {
        let state = if publication.state == State::Draft || is_paused(publication) {
            publication.state
        } else {
            State::Scheduled
        };
        if state == State::Scheduled {
            work.extend(schedule_work(workspace, publication.id, publication.channel, *due_at, now));
        }
        changed.push((*publication, Plan { state, due_at: Some(*due_at), now }));
    }
    write_plans_in(tx, &changed).await?;
    due::upsert_in(tx, &work).await?;
    let posts: Vec<_> = moves.iter().map(|(post, _)| PostId(post.id)).collect();
    publications::prepare_films_in(tx, &posts).await?;
    for chunk in moves.chunks(500) {
        let mut values: Vec<Value> = vec![ms(now).into()];
        let rows = chunk.iter().map(|(post, at)| two(&mut values, post.id.into(), ms(*at).into())).collect::<Vec<_>>();
        let sql = format!(
            "WITH v (id, due_at) AS (VALUES {}) UPDATE post SET due_at = v.due_at, updated_at = $1, version = version + 1 \
             FROM v WHERE post.id = v.id",
            rows.join(", ")
        );
        tx.execute(&sql, values).await?;
    }
    for (post, _) in moves {
        events::post_saved(tx, workspace, PostId(post.id));
    }
    Ok(())
}

pub(super) fn is_paused(publication: &Publication) -> bool {
    publication.state == State::Held && publication.reason.as_ref().is_some_and(|reason| reason.code == held::PERSON)
}

fn two(values: &mut Vec<Value>, one: Value, other: Value) -> String {
    values.extend([one, other]);
    format!("(${}, ${})", values.len() - 1, values.len())
}

/// Brings publications to a state and time of their own each. The reason stays where the state does, and a thread that is partly
/// sent goes on at its next part's time where the time stays.
pub(super) async fn write_plans_in(tx: &mut Tx, changed: &[(&Publication, Plan)]) -> Result<()> {
    let mut by_state: BTreeMap<&str, Vec<&(&Publication, Plan)>> = BTreeMap::new();
    for change in changed {
        by_state.entry(change.1.state.as_str()).or_default().push(change);
    }
    for (state, changes) in by_state {
        for chunk in changes.chunks(500) {
            let mut values: Vec<Value> = vec![state.into(), ms(tx.now()).into()];
            let each = |(publication, plan): &&(&Publication, Plan)| {
                two(&mut values, publication.id.0.into(), plan.due_at.map(ms).into())
            };
            let rows = chunk.iter().map(each).collect::<Vec<_>>();
            let sql = format!(
                "WITH v (id, due_at) AS (VALUES {}) UPDATE publication SET state = $1, due_at = v.due_at, \
                 next_part_at = CASE WHEN publication.due_at = v.due_at THEN next_part_at END, updated_at = $2, reason = CASE WHEN state = $1 THEN reason END, tries = 0, version = version + 1 \
                 FROM v WHERE publication.id = v.id",
                rows.join(", ")
            );
            tx.execute(&sql, values).await?;
        }
    }
    let mut lines = Vec::new();
    for (publication, plan) in changed.iter().filter(|(p, plan)| p.state != plan.state || p.due_at != plan.due_at) {
        lines.push(line(publication.workspace, publication.id, plan));
        let Publication { workspace, id, post, channel, .. } = **publication;
        events::publication_changed(tx, workspace, id, post, channel, plan.state.as_str(), None);
    }
    write_lines_in(tx, lines).await
}

/// Deletes a post: what has not been sent is cancelled; what was published stays in the history, and on the network. An
/// occurrence of a series is not written again.
///
/// # Errors
/// Conflict `post.sending` while any part of it is being sent.
pub async fn delete(store: &Store, workspace: WorkspaceId, id: PostId) -> Result<()> {
    let mut tx = store.begin().await?;
    series::lock_of_in(&tx, &[id]).await?;
    let post = lock_post_in(&tx, workspace, id, None).await?;
    let queue = post.kept_in;
    delete_in(&mut tx, workspace, vec![post]).await?;
    if let Some(queue) = queue {
        evergreen::renew_in(&mut tx, workspace, EvergreenId(queue)).await?;
    }
    tx.commit().await
}

/// As [`delete`], for posts that are locked: the same few statements for one or hundreds.
pub(crate) async fn delete_in(tx: &mut Tx, workspace: WorkspaceId, rows: Vec<post::Model>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = rows.iter().map(|row| PostId(row.id)).collect();
    let all = lock_publications_in(tx, &ids).await?;
    if all.iter().any(|p| p.state == State::Sending) {
        return Err(StoreError::Conflict { what: "post.sending" });
    }
    let lanes = all.iter().map(|p| p.channel.0).collect();
    due::remove_in(tx, &publications::work_of(all.iter().map(|p| p.id)), &lanes).await?;
    let open: Vec<_> =
        all.iter().filter(|p| may_change(p.state) && !matches!(p.state, State::Failed | State::Cancelled)).collect();
    let reason = Reason::new("cancelled.post_deleted", "Cancelled", "The post was deleted before this was sent.");
    rest_in(tx, &open, State::Cancelled, &reason).await?;
    series::except_in(tx, &rows).await?;
    for chunk in ids.chunks(500) {
        let mut values: Vec<Value> = vec![ms(tx.now()).into()];
        values.extend(chunk.iter().map(|id| Value::from(id.0)));
        let marks: Vec<_> = (2..=values.len()).map(|i| format!("${i}")).collect();
        // A deleted post's key may be used again: the caller that deletes and repeats means a new one.
        let sql = format!(
            "UPDATE post SET deleted_at = $1, updated_at = $1, version = version + 1, idempotency_key = NULL WHERE id IN ({})",
            marks.join(", ")
        );
        tx.execute(&sql, values).await?;
    }
    for id in ids {
        events::post_deleted(tx, workspace, id);
    }
    Ok(())
}

/// Brings publications to a state that a person has chosen for this reason; their due work is the caller's.
pub(super) async fn rest_in(tx: &mut Tx, all: &[&Publication], to: State, reason: &Reason) -> Result<()> {
    let now = tx.now();
    let mut lines = Vec::new();
    for chunk in all.chunks(500) {
        let mut values: Vec<Value> =
            vec![to.as_str().into(), publications::reason_json(Some(reason))?.into(), ms(now).into()];
        values.extend(chunk.iter().map(|p| Value::from(p.id.0)));
        let marks: Vec<_> = (4..=values.len()).map(|i| format!("${i}")).collect();
        let sql = format!(
            "UPDATE publication SET state = $1, reason = $2, updated_at = $3, version = version + 1 WHERE id IN ({})",
            marks.join(", ")
        );
        tx.execute(&sql, values).await?;
    }
    for publication in all {
        let Publication { workspace, id, post, channel, .. } = **publication;
        let plan = Plan { state: to, due_at: None, now };
        let said = line(workspace, id, &plan);
        lines.push(publication_event::ActiveModel {
            title: Set(reason.title.clone()),
            detail: Set(reason.message.clone()),
            ..said
        });
        events::publication_changed(tx, workspace, id, post, channel, to.as_str(), None);
    }
    write_lines_in(tx, lines).await
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
    let copy = ValidPost { content, channels, timing, time_zone, repeat: None };
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
    lock_channels_in(tx, workspace, &[channel], Lock::Keep).await?;
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
