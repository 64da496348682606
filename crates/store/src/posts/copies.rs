//! Writing the same content as many posts at once: the occurrences of a series, the turns of an evergreen queue.

use super::save::{Plan, Template, line, lock_present_in, new_row, set_content, write_lines_in};
use crate::{
    Tx,
    column::ms,
    connection::Lock,
    due,
    entity::{post, post_media, publication},
    error::Result,
    events,
    publications::prepare_films_in,
};
use crier_model::{PostId, PublicationId, UserId, WorkspaceId, publication::PublicationState as State};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

/// What makes the copies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Maker {
    Series(Uuid),
    /// A queue, and the post of it that is copied.
    Queue(Uuid, PostId),
}

/// Writes a scheduled post for each of these moments, on those of the template's channels that are still there; `why` begins
/// their history. False when no channel is left, and nothing was written.
pub(crate) async fn insert_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    by: UserId,
    template: &Template,
    maker: Maker,
    moments: &[Timestamp],
    why: &str,
) -> Result<bool> {
    let networks = lock_present_in(tx, workspace, &template.channels, Lock::Keep).await?;
    if networks.is_empty() {
        return Ok(false);
    }
    let channels = template.channels.iter().copied().filter(|channel| networks.contains_key(channel)).collect();
    let template = Template { channels, ..template.clone() };
    let (now, files) = (tx.now(), template.content.media());
    let (mut posts, mut publications, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    let (mut media, mut work, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for &at in moments {
        let plan = Plan { state: State::Scheduled, due_at: Some(at), now };
        let post = PostId::new();
        made.push(post);
        posts.push(post_row(workspace, by, &template, maker, post, at, now)?);
        for (&channel, network) in &networks {
            let id = PublicationId::new();
            publications.push(new_row(workspace, post, id, channel, network, &plan));
            let line = line(workspace, id, &plan);
            let detail = format!("{} {why}", line.detail.as_ref());
            lines.push(crate::entity::publication_event::ActiveModel { detail: Set(detail), ..line });
            work.extend(plan.work(workspace, id, channel));
            events::publication_changed(tx, workspace, id, post, channel, plan.state.as_str(), None);
        }
        media.extend(files.iter().map(|file| post_media::ActiveModel {
            post_id: Set(post.0),
            media_id: Set(file.0),
            workspace_id: Set(workspace.0),
        }));
        events::post_saved(tx, workspace, post);
    }
    for chunk in posts.chunks(500) {
        post::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx.inner).await?;
    }
    for chunk in publications.chunks(500) {
        publication::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx.inner).await?;
    }
    write_lines_in(tx, lines).await?;
    for chunk in media.chunks(1000) {
        post_media::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx.inner).await?;
    }
    due::upsert_in(tx, &work).await?;
    if !files.is_empty() {
        prepare_films_in(tx, &made).await?;
    }
    Ok(true)
}

fn post_row(
    workspace: WorkspaceId,
    by: UserId,
    template: &Template,
    maker: Maker,
    id: PostId,
    at: Timestamp,
    now: Timestamp,
) -> Result<post::ActiveModel> {
    let (series, queue, source) = match maker {
        Maker::Series(series) => (Some(series), None, None),
        Maker::Queue(queue, source) => (None, Some(queue), Some(source.0)),
    };
    let mut row = post::ActiveModel {
        id: Set(id.0),
        workspace_id: Set(workspace.0),
        created_by: Set(by.0),
        due_at: Set(Some(ms(at))),
        is_draft: Set(false),
        repeat: Set(None),
        series_id: Set(series),
        kept_in: Set(None),
        queue_id: Set(queue),
        source_id: Set(source),
        occurrence: Set(Some(ms(at))),
        idempotency_key: Set(None),
        version: Set(1),
        created_at: Set(ms(now)),
        updated_at: Set(ms(now)),
        deleted_at: Set(None),
        ..Default::default()
    };
    set_content(&mut row, template)?;
    Ok(row)
}
