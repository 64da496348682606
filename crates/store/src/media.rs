//! The library: files and what is known of them. Their bytes are in the storage, under `storage_key`.

use crate::{
    Store,
    column::{maybe_time, ms, time},
    connection::Lock,
    entity::{media, rendition},
    error::{Result, StoreError},
    events,
};
use crier_model::{FrameRate, MediaId, UserId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub id: MediaId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// Pixels, where it has any.
    pub width: Option<u32>,
    /// Pixels, where it has any.
    pub height: Option<u32>,
    /// How long it moves; none for what stands still.
    pub duration_ms: Option<u64>,
    /// What picture and sound of a video are coded in, for example `h264` and `aac`.
    pub codecs: Vec<String>,
    /// Of what moves; none where it isn't known.
    pub frame_rate: Option<FrameRate>,
    pub alt: Option<String>,
    /// Of the bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub storage_key: String,
    pub created_by: UserId,
    pub created_at: Timestamp,
    /// Deleted files are kept as rows for the history of posts.
    pub deleted_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub struct NewMedia {
    /// Chosen by the caller, so that the storage key can name it.
    pub id: MediaId,
    pub workspace: WorkspaceId,
    pub name: String,
    pub mime: String,
    pub size: u64,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    pub codecs: Vec<String>,
    pub frame_rate: Option<FrameRate>,
    pub alt: Option<String>,
    pub sha256: String,
    pub storage_key: String,
    pub created_by: UserId,
}

pub async fn insert(store: &Store, new: NewMedia) -> Result<Media> {
    let mut tx = store.begin().await?;
    let row = media::ActiveModel {
        id: Set(new.id.0),
        workspace_id: Set(new.workspace.0),
        name: Set(new.name),
        mime: Set(new.mime),
        size: Set(i64::try_from(new.size).map_err(|_| StoreError::Damaged { what: "size" })?),
        width: Set(new.width.map(i64::from)),
        height: Set(new.height.map(i64::from)),
        duration_ms: Set(signed(new.duration_ms)?),
        codecs: Set((!new.codecs.is_empty()).then(|| new.codecs.join(" "))),
        frame_rate: Set(new.frame_rate.map(|rate| rate.thousandths().into())),
        alt: Set(new.alt),
        sha256: Set(new.sha256),
        storage_key: Set(new.storage_key),
        created_by: Set(new.created_by.0),
        created_at: Set(ms(store.now())),
        deleted_at: Set(None),
    };
    let media = row.insert(&tx.inner).await?.try_into()?;
    events::media_saved(&mut tx, new.workspace, new.id);
    tx.commit().await?;
    Ok(media)
}

fn kept(workspace: WorkspaceId) -> Select<media::Entity> {
    media::Entity::find().filter(media::Column::WorkspaceId.eq(workspace.0)).filter(media::Column::DeletedAt.is_null())
}

/// A file of this workspace that is not deleted.
pub async fn get(store: &Store, workspace: WorkspaceId, id: MediaId) -> Result<Media> {
    let row = kept(workspace).filter(media::Column::Id.eq(id.0)).one(store.reader()).await?;
    row.ok_or(NOT_FOUND)?.try_into()
}

/// Those of these files that belong to the workspace and are not deleted, in no order: one query.
pub async fn get_many(store: &Store, workspace: WorkspaceId, ids: &[MediaId]) -> Result<Vec<Media>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().map(|id| id.0);
    let rows = kept(workspace).filter(media::Column::Id.is_in(ids)).all(store.reader()).await?;
    rows.into_iter().map(Media::try_from).collect()
}

/// The file with the same bytes, if the library has one.
pub async fn by_sha256(store: &Store, workspace: WorkspaceId, sha256: &str) -> Result<Option<Media>> {
    let found = kept(workspace).filter(media::Column::Sha256.eq(sha256)).order_by_asc(media::Column::Id);
    found.one(store.reader()).await?.map(Media::try_from).transpose()
}

/// A page of the library, newest first, after the file `before` of the page before it.
pub async fn list(store: &Store, workspace: WorkspaceId, before: Option<MediaId>, limit: u64) -> Result<Vec<Media>> {
    let mut query = kept(workspace);
    if let Some(before) = before {
        query = query.filter(media::Column::Id.lt(before.0));
    }
    let rows = query.order_by_desc(media::Column::Id).limit(limit).all(store.reader()).await?;
    rows.into_iter().map(Media::try_from).collect()
}

/// What was made of a file, so that a network takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    pub media: MediaId,
    /// The name of the recipe it was made by.
    pub recipe: String,
    pub workspace: WorkspaceId,
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// Pixels.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
    /// Of the bytes, in lower-case hexadecimal.
    pub sha256: String,
    pub storage_key: String,
}

/// What was made of a file by this recipe.
pub async fn rendition(store: &Store, media: MediaId, recipe: &str) -> Result<Option<Rendition>> {
    let found = rendition::Entity::find_by_id((media.0, recipe.to_owned())).one(store.reader()).await?;
    found.map(Rendition::try_from).transpose()
}

/// Everything that was made of a file.
pub async fn renditions(store: &Store, media: MediaId) -> Result<Vec<Rendition>> {
    let made = rendition::Entity::find().filter(rendition::Column::MediaId.eq(media.0)).all(store.reader()).await?;
    made.into_iter().map(Rendition::try_from).collect()
}

/// Writes down what was made, in place of what was made by the same recipe before. The file must still be there.
pub async fn keep_rendition(store: &Store, made: Rendition) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "SELECT 1 FROM media WHERE id = $1 AND deleted_at IS NULL";
    tx.query_one(&tx.locking(sql, Lock::Change), [made.media.0.into()]).await?.ok_or(NOT_FOUND)?;
    let sql = "DELETE FROM rendition WHERE media_id = $1 AND recipe = $2";
    tx.execute(sql, [made.media.0.into(), made.recipe.as_str().into()]).await?;
    let row = rendition::ActiveModel {
        media_id: Set(made.media.0),
        recipe: Set(made.recipe),
        workspace_id: Set(made.workspace.0),
        mime: Set(made.mime),
        size: Set(i64::try_from(made.size).map_err(|_| StoreError::Damaged { what: "size" })?),
        width: Set(made.width.map(i64::from)),
        height: Set(made.height.map(i64::from)),
        duration_ms: Set(signed(made.duration_ms)?),
        sha256: Set(made.sha256),
        storage_key: Set(made.storage_key),
        created_at: Set(ms(store.now())),
    };
    row.insert(&tx.inner).await?;
    tx.commit().await
}

/// Forgets what was made of a file.
pub async fn forget_renditions(store: &Store, media: MediaId) -> Result<()> {
    let tx = store.begin().await?;
    tx.execute("DELETE FROM rendition WHERE media_id = $1", [media.0.into()]).await?;
    tx.commit().await
}

/// Tells those who watch the workspace how far the making of another file has come, in hundredths.
pub async fn tell_progress(store: &Store, workspace: WorkspaceId, media: MediaId, percent: u8) -> Result<()> {
    let mut tx = store.begin().await?;
    events::media_converting(&mut tx, workspace, media, percent);
    tx.commit().await
}

/// Sets the alt text kept with the file.
pub async fn set_alt(store: &Store, workspace: WorkspaceId, id: MediaId, alt: Option<&str>) -> Result<Media> {
    let mut tx = store.begin().await?;
    let sql = "UPDATE media SET alt = $3 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    if tx.execute(sql, [id.0.into(), workspace.0.into(), alt.into()]).await? == 0 {
        return Err(NOT_FOUND);
    }
    events::media_saved(&mut tx, workspace, id);
    tx.commit().await?;
    get(store, workspace, id).await
}

const USES: &str = "
SELECT COUNT(*) AS uses FROM post_media u JOIN post p ON p.id = u.post_id
WHERE u.workspace_id = $1 AND u.media_id = $2 AND p.deleted_at IS NULL
  AND (p.is_draft OR EXISTS (SELECT 1 FROM publication q WHERE q.post_id = p.id
       AND q.state IN ('draft', 'scheduled', 'preparing', 'sending', 'held', 'unconfirmed', 'failed')))";

/// How many posts that are not entirely done use the file.
pub async fn uses(store: &Store, workspace: WorkspaceId, id: MediaId) -> Result<u64> {
    let statement = store.statement(USES, [workspace.0.into(), id.0.into()]);
    let row = store.reader().query_one_raw(statement).await?.ok_or(NOT_FOUND)?;
    Ok(row.try_get::<i64>("", "uses")?.unsigned_abs())
}

/// Deletes a file; returns the row, so that the caller removes its bytes.
///
/// # Errors
/// Conflict `media.in_use` when posts that are not done use it (see [`uses`]), unless forced.
pub async fn delete(store: &Store, workspace: WorkspaceId, id: MediaId, force: bool) -> Result<Media> {
    let media = get(store, workspace, id).await?;
    let mut tx = store.begin().await?;
    let sql = "SELECT 1 FROM media WHERE id = $1 AND deleted_at IS NULL";
    tx.query_one(&tx.locking(sql, Lock::Change), [id.0.into()]).await?.ok_or(NOT_FOUND)?;
    if !force {
        let row = tx.query_one(USES, [workspace.0.into(), id.0.into()]).await?.ok_or(NOT_FOUND)?;
        if row.try_get::<i64>("", "uses")? > 0 {
            return Err(StoreError::Conflict { what: "media.in_use" });
        }
    }
    tx.execute("UPDATE media SET deleted_at = $2 WHERE id = $1", [id.0.into(), ms(store.now()).into()]).await?;
    events::media_deleted(&mut tx, workspace, id);
    tx.commit().await?;
    Ok(media)
}

fn pixels(value: Option<i64>) -> Result<Option<u32>> {
    value.map(u32::try_from).transpose().map_err(|_| StoreError::Damaged { what: "size in pixels" })
}

fn frame_rate(value: Option<i64>) -> Result<Option<FrameRate>> {
    let thousandths = value.map(u32::try_from).transpose().map_err(|_| StoreError::Damaged { what: "frame rate" })?;
    Ok(thousandths.map(FrameRate::of_thousandths))
}

fn signed(value: Option<u64>) -> Result<Option<i64>> {
    value.map(i64::try_from).transpose().map_err(|_| StoreError::Damaged { what: "duration" })
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "media" };

impl TryFrom<rendition::Model> for Rendition {
    type Error = StoreError;
    fn try_from(row: rendition::Model) -> Result<Self> {
        Ok(Self {
            media: MediaId(row.media_id),
            recipe: row.recipe,
            workspace: WorkspaceId(row.workspace_id),
            mime: row.mime,
            size: row.size.unsigned_abs(),
            width: pixels(row.width)?,
            height: pixels(row.height)?,
            duration_ms: row.duration_ms.map(i64::unsigned_abs),
            sha256: row.sha256,
            storage_key: row.storage_key,
        })
    }
}

impl TryFrom<media::Model> for Media {
    type Error = StoreError;
    fn try_from(row: media::Model) -> Result<Self> {
        Ok(Self {
            id: MediaId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            name: row.name,
            mime: row.mime,
            size: row.size.unsigned_abs(),
            width: pixels(row.width)?,
            height: pixels(row.height)?,
            duration_ms: row.duration_ms.map(i64::unsigned_abs),
            codecs: row.codecs.iter().flat_map(|codecs| codecs.split(' ')).map(str::to_owned).collect(),
            frame_rate: frame_rate(row.frame_rate)?,
            alt: row.alt,
            sha256: row.sha256,
            storage_key: row.storage_key,
            created_by: UserId(row.created_by),
            created_at: time(row.created_at)?,
            deleted_at: maybe_time(row.deleted_at)?,
        })
    }
}
