//! Saving a post: its row, its publications, their due work, the use of files and the events, all or nothing.

use super::{EXCERPT_CHARS, NOT_FOUND, series};
use crate::{
    Store, Tx,
    column::{at_rest, json, maybe_json, ms},
    connection::Lock,
    due,
    entity::{post, post_media, publication, publication_event},
    error::{Result, StoreError, unique_as},
    events, evergreen,
    publications::{self, Publication, schedule_work},
    slots,
};
use crier_model::{
    ChannelId, EvergreenId, PostId, PublicationId, UserId, WorkspaceId,
    post::{Content, Timing, ValidPost},
    publication::{PublicationState as State, Reason},
};
use jiff::Timestamp;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, FromQueryResult, IntoActiveModel, Value};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Whose post is saved, and which.
#[derive(Debug, Clone)]
pub struct Save {
    pub workspace: WorkspaceId,
    /// Who saves it; whose post it is when it is new.
    pub by: UserId,
    /// None for a new post.
    pub id: Option<PostId>,
    /// Refuse when the post has another version by now.
    pub expected_version: Option<i64>,
    /// A new post with a key that the workspace has seen is not written again.
    pub idempotency_key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    pub id: PostId,
    pub version: i64,
    /// The idempotency key was seen before: this is the post it made then, and nothing was written.
    pub replayed: bool,
}

/// Saves a post. Publications follow the channels: new ones are added, those of channels taken away go (or stay as cancelled,
/// when something was tried), and those that are published or unconfirmed are never touched.
///
/// # Errors
/// Conflict `post.sending` while any part of it is being sent; conflict `post.published` when nothing of it is left to change;
/// [`StoreError::Stale`] when the version is not the expected one; [`StoreError::NotFound`] for the post, a `channel` or a
/// `media` file that is not in the workspace.
pub async fn save(store: &Store, save: Save, post: &ValidPost) -> Result<Saved> {
    let mut tx = store.begin().await?;
    if let Some(seen) = seen_in(&tx, &save).await? {
        return Ok(seen);
    }
    let saved = match save_in(&mut tx, &save, post).await {
        // Another request with the same key was faster between our look and our insert.
        Err(StoreError::Conflict { what: IDEMPOTENCY }) => {
            tx.rollback().await?;
            let tx = store.begin().await?;
            return seen_in(&tx, &save).await?.ok_or(StoreError::Stale { what: "post" });
        }
        other => other?,
    };
    tx.commit().await?;
    Ok(saved)
}

const IDEMPOTENCY: &str = "post.idempotency_key";

async fn seen_in(tx: &Tx, save: &Save) -> Result<Option<Saved>> {
    let (None, Some(key)) = (save.id, &save.idempotency_key) else { return Ok(None) };
    let sql = "SELECT id, version FROM post WHERE workspace_id = $1 AND idempotency_key = $2";
    let row = tx.query_one(sql, [save.workspace.0.into(), key.as_str().into()]).await?;
    let seen = |row: sea_orm::QueryResult| {
        Ok(Saved { id: PostId(row.try_get("", "id")?), version: row.try_get("", "version")?, replayed: true })
    };
    row.map(seen).transpose()
}

pub(crate) async fn save_in(tx: &mut Tx, save: &Save, post: &ValidPost) -> Result<Saved> {
    let known = match save.id {
        Some(id) => Some(lock_post_in(tx, save.workspace, id, save.expected_version).await?),
        None => None,
    };
    let (series, queue) = known.as_ref().map_or((None, None), |known| (known.series_id, known.kept_in));
    if queue.is_some() && !matches!(post.timing, Timing::Draft(_)) {
        return Err(StoreError::Conflict { what: "post.kept" });
    }
    // Who takes the next free slot keeps others from taking the same.
    let lock = if post.timing == Timing::NextSlot { Lock::Change } else { Lock::Keep };
    let networks = lock_channels_in(tx, save.workspace, &post.channels, lock).await?;
    lock_media_in(tx, save.workspace, post).await?;
    let plan = Plan::new(decided_in(tx, save, post, series.is_some()).await?, tx.now());
    let (id, version) = write_post_in(tx, save, post, &plan, known).await?;
    if save.id.is_some() {
        change_publications_in(tx, save.workspace, id, &plan, networks).await?;
    } else {
        let work = insert_publications_in(tx, save.workspace, id, &plan, &networks).await?;
        due::upsert_in(tx, &work).await?;
    }
    write_media_in(tx, save, id, post).await?;
    if plan.state == State::Scheduled && !post.content.media().is_empty() {
        publications::prepare_films_in(tx, &[id]).await?;
    }
    events::post_saved(tx, save.workspace, id);
    match (&post.repeat, plan.due_at) {
        (Some(repeat), Some(first)) if plan.state == State::Scheduled && series.is_none() => {
            series::begin_in(tx, save.workspace, save.by, id, repeat, first, &Template::of(post)).await?;
        }
        _ => {}
    }
    if let Some(queue) = queue {
        evergreen::renew_in(tx, save.workspace, EvergreenId(queue)).await?;
    }
    Ok(Saved { id, version, replayed: false })
}

/// The post's time, where it is only known now: of the next free slot, or of the first occurrence of what repeats.
async fn decided_in(tx: &Tx, save: &Save, post: &ValidPost, is_occurrence: bool) -> Result<Timing> {
    match (post.timing, &post.repeat) {
        (Timing::NextSlot, _) => Ok(Timing::At(slots::next_in(tx, save.workspace, &post.channels, save.id).await?)),
        (Timing::At(at), Some(repeat)) if !is_occurrence => {
            let zone = slots::zone(&post.time_zone)?;
            let first = repeat.moments(zone.to_datetime(at_rest(at)?), &zone).next();
            first.map(Timing::At).ok_or(StoreError::Conflict { what: "repeat.never" })
        }
        (timing, _) => Ok(timing),
    }
}

/// What is to become of the publications that may still be changed.
pub(super) struct Plan {
    pub state: State,
    pub due_at: Option<Timestamp>,
    pub now: Timestamp,
}

impl Plan {
    fn new(timing: Timing, now: Timestamp) -> Self {
        match timing {
            Timing::Draft(due_at) => Self { state: State::Draft, due_at, now },
            Timing::At(at) => Self { state: State::Scheduled, due_at: Some(at), now },
            Timing::Now | Timing::NextSlot => Self { state: State::Scheduled, due_at: Some(now), now },
        }
    }

    pub fn work(&self, workspace: WorkspaceId, id: PublicationId, channel: ChannelId) -> Vec<due::NewWork> {
        match (self.state, self.due_at) {
            (State::Scheduled, Some(due_at)) => schedule_work(workspace, id, channel, due_at, self.now),
            _ => Vec::new(),
        }
    }

    fn title(&self) -> &'static str {
        if self.state == State::Draft { "Kept as a draft" } else { "Scheduled" }
    }
}

/// Locks a post that is not deleted.
pub(crate) async fn lock_post_in(
    tx: &Tx,
    workspace: WorkspaceId,
    id: PostId,
    expected_version: Option<i64>,
) -> Result<post::Model> {
    let sql = "SELECT * FROM post WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    let row =
        tx.query_one(&tx.locking(sql, Lock::Change), [id.0.into(), workspace.0.into()]).await?.ok_or(NOT_FOUND)?;
    let row = post::Model::from_query_result(&row, "")?;
    if expected_version.is_some_and(|version| version != row.version) {
        return Err(StoreError::Stale { what: "post" });
    }
    Ok(row)
}

/// Writes another content whose files are the same, in which only words differ.
pub(crate) async fn set_content_in(tx: &Tx, id: PostId, content: &Content) -> Result<()> {
    let sql = "UPDATE post SET content = $2, excerpt = $3, updated_at = $4, version = version + 1 WHERE id = $1";
    let excerpt = content.excerpt(EXCERPT_CHARS);
    let values = [id.0.into(), json(content, "content")?.into(), excerpt.into(), ms(tx.now()).into()];
    tx.execute(sql, values).await.map(drop)
}

/// Locks the publications of posts.
pub(super) async fn lock_publications_in(tx: &Tx, posts: &[PostId]) -> Result<Vec<Publication>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<_> = (1..=posts.len()).map(|i| format!("${i}")).collect();
    let sql = format!("SELECT * FROM publication WHERE post_id IN ({}) ORDER BY id", marks.join(", "));
    let rows = tx.query_all(&tx.locking(&sql, Lock::Change), posts.iter().map(|id| id.0.into())).await?;
    rows.iter().map(|row| publication::Model::from_query_result(row, "")?.try_into()).collect()
}

/// Keeps the channels from being deleted meanwhile; their networks.
pub(super) async fn lock_channels_in(
    tx: &Tx,
    workspace: WorkspaceId,
    channels: &[ChannelId],
    lock: Lock,
) -> Result<BTreeMap<ChannelId, String>> {
    let found = lock_present_in(tx, workspace, channels, lock).await?;
    match channels.iter().all(|channel| found.contains_key(channel)) {
        true => Ok(found),
        false => Err(StoreError::NotFound { what: "channel" }),
    }
}

/// As [`lock_channels_in`], without those that are not there any more.
pub(super) async fn lock_present_in(
    tx: &Tx,
    workspace: WorkspaceId,
    channels: &[ChannelId],
    lock: Lock,
) -> Result<BTreeMap<ChannelId, String>> {
    let wanted: BTreeSet<_> = channels.iter().copied().collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut values: Vec<Value> = vec![workspace.0.into()];
    values.extend(wanted.iter().map(|id| Value::from(id.0)));
    let marks: Vec<_> = (2..=values.len()).map(|i| format!("${i}")).collect();
    let sql = format!(
        "SELECT id, network FROM channel WHERE workspace_id = $1 AND deleted_at IS NULL AND id IN ({}) ORDER BY id",
        marks.join(", ")
    );
    let rows = tx.query_all(&tx.locking(&sql, lock), values).await?;
    rows.iter().map(|row| Ok((ChannelId(row.try_get("", "id")?), row.try_get("", "network")?))).collect()
}

/// Keeps the files from being deleted meanwhile.
async fn lock_media_in(tx: &Tx, workspace: WorkspaceId, post: &ValidPost) -> Result<()> {
    let ids = post.content.media();
    if ids.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = vec![workspace.0.into()];
    values.extend(ids.iter().map(|id| Value::from(id.0)));
    let marks: Vec<_> = (2..=values.len()).map(|i| format!("${i}")).collect();
    let sql = format!(
        "SELECT id FROM media WHERE workspace_id = $1 AND deleted_at IS NULL AND id IN ({}) ORDER BY id",
        marks.join(", ")
    );
    let rows = tx.query_all(&tx.locking(&sql, Lock::Keep), values).await?;
    if rows.len() < ids.len() { Err(StoreError::NotFound { what: "media" }) } else { Ok(()) }
}

async fn write_post_in(
    tx: &Tx,
    save: &Save,
    post: &ValidPost,
    plan: &Plan,
    known: Option<post::Model>,
) -> Result<(PostId, i64)> {
    let now = ms(plan.now);
    let version = known.as_ref().map_or(1, |known| known.version + 1);
    let is_new = known.is_none();
    let mut row = match known {
        Some(known) => known.into_active_model(),
        None => post::ActiveModel {
            id: Set(PostId::new().0),
            workspace_id: Set(save.workspace.0),
            created_by: Set(save.by.0),
            idempotency_key: Set(save.idempotency_key.clone()),
            created_at: Set(now),
            deleted_at: Set(None),
            ..Default::default()
        },
    };
    set_content(&mut row, &Template::of(post))?;
    row.due_at = Set(plan.due_at.map(ms));
    row.is_draft = Set(plan.state == State::Draft);
    // What repeats has its series; a draft keeps the wish.
    row.repeat = Set(maybe_json(post.repeat.as_ref().filter(|_| plan.state == State::Draft), "repeat")?);
    row.version = Set(version);
    row.updated_at = Set(now);
    let id = if is_new {
        let id = *row.id.as_ref();
        post::Entity::insert(row).exec_without_returning(&tx.inner).await.map_err(unique_as(IDEMPOTENCY))?;
        id
    } else {
        row.update(&tx.inner).await?.id
    };
    Ok((PostId(id), version))
}

/// What a post says and where; written once for a person's post, and again for each occurrence of a series or turn of a queue.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub content: Content,
    pub channels: Vec<ChannelId>,
    pub time_zone: String,
}

impl Template {
    fn of(post: &ValidPost) -> Self {
        Self { content: post.content.clone(), channels: post.channels.clone(), time_zone: post.time_zone.clone() }
    }
}

pub(super) fn set_content(row: &mut post::ActiveModel, template: &Template) -> Result<()> {
    let content = &template.content;
    let files: Vec<_> = content.parts.iter().flat_map(|part| &part.media).collect();
    row.time_zone = Set(template.time_zone.clone());
    row.content = Set(json(content, "content")?);
    row.channels = Set(json(&template.channels, "channels")?);
    row.excerpt = Set(content.excerpt(EXCERPT_CHARS));
    row.media_count = Set(files.len() as i64);
    row.first_media = Set(files.first().map(|file| file.id.0));
    Ok(())
}

async fn change_publications_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    post: PostId,
    plan: &Plan,
    mut wanted: BTreeMap<ChannelId, String>,
) -> Result<()> {
    let all = lock_publications_in(tx, &[post]).await?;
    if all.iter().any(|p| p.state == State::Sending) {
        return Err(StoreError::Conflict { what: "post.sending" });
    }
    let lanes: BTreeSet<Uuid> = all.iter().map(|p| p.channel.0).chain(wanted.keys().map(|c| c.0)).collect();
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for publication in &all {
        let is_wanted = wanted.remove(&publication.channel).is_some();
        if !may_change(publication.state) {
            continue;
        }
        if is_wanted { kept.push(publication) } else { gone.push(publication) }
    }
    if !all.is_empty() && kept.is_empty() && gone.is_empty() && wanted.is_empty() {
        return Err(StoreError::Conflict { what: "post.published" });
    }
    let changed = kept.iter().chain(&gone).map(|p| p.id);
    due::remove_in(tx, &publications::work_of(changed), &lanes).await?;
    keep_in(tx, plan, &kept).await?;
    drop_in(tx, plan.now, &gone).await?;
    let mut work = insert_publications_in(tx, workspace, post, plan, &wanted).await?;
    work.extend(kept.iter().flat_map(|p| plan.work(workspace, p.id, p.channel)));
    due::upsert_in(tx, &work).await
}

/// One that is being prepared may be changed as well: it goes back to the schedule, and whoever prepares it loses the lease.
pub(super) fn may_change(state: State) -> bool {
    state.is_editable() || state == State::Preparing
}

/// Brings publications that stay to the plan's state and time.
async fn keep_in(tx: &mut Tx, plan: &Plan, kept: &[&Publication]) -> Result<()> {
    if kept.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = vec![plan.state.as_str().into(), plan.due_at.map(ms).into(), ms(plan.now).into()];
    values.extend(kept.iter().map(|p| Value::from(p.id.0)));
    let marks: Vec<_> = (4..=values.len()).map(|i| format!("${i}")).collect();
    let sql = format!(
        "UPDATE publication SET state = $1, due_at = $2, next_part_at = NULL, updated_at = $3, reason = NULL, tries = 0, version = version + 1 \
         WHERE id IN ({})",
        marks.join(", ")
    );
    tx.execute(&sql, values).await?;
    let mut lines = Vec::new();
    for publication in kept.iter().filter(|p| p.state != plan.state || p.due_at != plan.due_at) {
        lines.push(line(publication.workspace, publication.id, plan));
        let Publication { workspace, id, post, channel, .. } = **publication;
        events::publication_changed(tx, workspace, id, post, channel, plan.state.as_str(), None);
    }
    write_lines_in(tx, lines).await
}

/// Takes away publications whose channel was taken away: those never tried go, the others stay for their history.
async fn drop_in(tx: &mut Tx, now: Timestamp, gone: &[&Publication]) -> Result<()> {
    for publication in gone {
        let Publication { workspace, id, post, channel, .. } = **publication;
        if publication.tries == 0 && publication.started_at.is_none() && publication.state != State::Failed {
            tx.execute("DELETE FROM publication WHERE id = $1", [id.0.into()]).await?;
        } else if publication.state != State::Cancelled {
            let reason =
                Reason::new("cancelled.channel_removed", "Cancelled", "Its channel was taken out of the post.");
            let sql = "UPDATE publication SET state = 'cancelled', reason = $2, updated_at = $3, version = version + 1 \
                       WHERE id = $1";
            let text = publications::reason_json(Some(&reason))?;
            tx.execute(sql, [id.0.into(), text.into(), ms(now).into()]).await?;
            publications::write_event_in(tx, workspace, id, "cancelled", &reason.title, &reason.message).await?;
        }
        events::publication_changed(tx, workspace, id, post, channel, "cancelled", None);
    }
    Ok(())
}

/// Adds a publication for each channel; what is due for them.
async fn insert_publications_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    post: PostId,
    plan: &Plan,
    channels: &BTreeMap<ChannelId, String>,
) -> Result<Vec<due::NewWork>> {
    let (mut rows, mut lines, mut work) = (Vec::new(), Vec::new(), Vec::new());
    for (&channel, network) in channels {
        let id = PublicationId::new();
        rows.push(new_row(workspace, post, id, channel, network, plan));
        lines.push(line(workspace, id, plan));
        work.extend(plan.work(workspace, id, channel));
        events::publication_changed(tx, workspace, id, post, channel, plan.state.as_str(), None);
    }
    if !rows.is_empty() {
        publication::Entity::insert_many(rows).exec_without_returning(&tx.inner).await?;
    }
    write_lines_in(tx, lines).await?;
    Ok(work)
}

pub(super) fn new_row(
    workspace: WorkspaceId,
    post: PostId,
    id: PublicationId,
    channel: ChannelId,
    network: &str,
    plan: &Plan,
) -> publication::ActiveModel {
    publication::ActiveModel {
        id: Set(id.0),
        workspace_id: Set(workspace.0),
        post_id: Set(post.0),
        channel_id: Set(channel.0),
        network: Set(network.to_owned()),
        occurrence: Set(0),
        state: Set(plan.state.as_str().to_owned()),
        reason: Set(None),
        due_at: Set(plan.due_at.map(ms)),
        next_part_at: Set(None),
        remote_id: Set(None),
        url: Set(None),
        remote: Set(None),
        published_at: Set(None),
        started_at: Set(None),
        tries: Set(0),
        version: Set(1),
        created_at: Set(ms(plan.now)),
        updated_at: Set(ms(plan.now)),
        wish: Set(None),
        edited_at: Set(None),
        removed_at: Set(None),
    }
}

pub(super) fn line(workspace: WorkspaceId, id: PublicationId, plan: &Plan) -> publication_event::ActiveModel {
    publication_event::ActiveModel {
        id: Set(Uuid::now_v7()),
        publication_id: Set(id.0),
        workspace_id: Set(workspace.0),
        at: Set(ms(plan.now)),
        kind: Set(plan.state.as_str().to_owned()),
        title: Set(plan.title().to_owned()),
        detail: Set(plan.due_at.map(|at| format!("Due {at:.0}")).unwrap_or_default()),
    }
}

pub(super) async fn write_lines_in(tx: &Tx, lines: Vec<publication_event::ActiveModel>) -> Result<()> {
    for chunk in lines.chunks(1000) {
        publication_event::Entity::insert_many(chunk.to_vec()).exec_without_returning(&tx.inner).await?;
    }
    Ok(())
}

async fn write_media_in(tx: &Tx, save: &Save, id: PostId, post: &ValidPost) -> Result<()> {
    if save.id.is_some() {
        tx.execute("DELETE FROM post_media WHERE post_id = $1", [id.0.into()]).await?;
    }
    let used = post.content.media().into_iter().map(|media| post_media::ActiveModel {
        post_id: Set(id.0),
        media_id: Set(media.0),
        workspace_id: Set(save.workspace.0),
    });
    let used: Vec<_> = used.collect();
    if !used.is_empty() {
        post_media::Entity::insert_many(used).exec_without_returning(&tx.inner).await?;
    }
    Ok(())
}
