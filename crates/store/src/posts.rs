//! Posts: reading them for the composer, the calendar and lists; saving, moving and deleting them.

pub mod bulk;
mod change;
pub(crate) mod copies;
mod save;
pub mod series;

pub use change::{delete, duplicate, move_to};
pub(crate) use change::{delete_in, drop_channel_in, restore_channel_in};
pub use save::{Save, Saved, save};
pub(crate) use save::{Template, lock_post_in, save_in, set_content_in};

use crate::{
    Store,
    column::{from_json, maybe_from_json, maybe_time, ms, time, word},
    entity::post,
    error::{Result, StoreError},
};
use crier_model::{
    ChannelId, EvergreenId, MediaId, PostId, PublicationId, SeriesId, UserId, WorkspaceId, post::Content,
    publication::PublicationState, recurrence::Repeat,
};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Value};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// How many characters of a post lists show.
const EXCERPT_CHARS: usize = 200;

#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    pub id: PostId,
    pub workspace: WorkspaceId,
    pub created_by: UserId,
    pub due_at: Option<Timestamp>,
    /// IANA name; the zone the person thought in.
    pub time_zone: String,
    pub content: Content,
    pub channels: Vec<ChannelId>,
    pub excerpt: String,
    /// Files in the Global parts.
    pub media_count: u32,
    pub first_media: Option<MediaId>,
    pub is_draft: bool,
    /// How a draft is to repeat once it is scheduled.
    pub repeat: Option<Repeat>,
    /// Whose occurrence it is.
    pub series: Option<SeriesId>,
    /// The evergreen queue it is kept in, as one of the posts that come round; it never goes out itself.
    pub kept_in: Option<EvergreenId>,
    /// The evergreen queue whose turn it is.
    pub queue: Option<EvergreenId>,
    pub idempotency_key: Option<String>,
    /// Goes up with every save.
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

/// A post in the calendar or a list, without its content.
#[derive(Debug, Clone, PartialEq)]
pub struct PostSummary {
    pub id: PostId,
    pub created_by: UserId,
    pub due_at: Option<Timestamp>,
    pub time_zone: String,
    pub excerpt: String,
    pub media_count: u32,
    pub first_media: Option<MediaId>,
    pub is_draft: bool,
    /// Whose occurrence it is.
    pub series: Option<SeriesId>,
    /// The evergreen queue whose turn it is.
    pub queue: Option<EvergreenId>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub publications: Vec<PublicationSummary>,
}

impl PostSummary {
    /// The worst of its publications' states.
    #[must_use]
    pub fn state(&self) -> PublicationState {
        PublicationState::worst(self.publications.iter().map(|p| p.state))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PublicationSummary {
    pub id: PublicationId,
    pub channel: ChannelId,
    pub network: String,
    pub state: PublicationState,
    pub due_at: Option<Timestamp>,
    pub url: Option<String>,
}

/// Which posts are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Filter {
    /// Posts that show this state.
    pub state: Option<PublicationState>,
    /// Posts with a publication on this channel.
    pub channel: Option<ChannelId>,
}

/// A post of this workspace that is not deleted.
pub async fn get(store: &Store, workspace: WorkspaceId, id: PostId) -> Result<Post> {
    let found = post::Entity::find_by_id(id.0)
        .filter(post::Column::WorkspaceId.eq(workspace.0))
        .filter(post::Column::DeletedAt.is_null());
    found.one(store.reader()).await?.ok_or(NOT_FOUND)?.try_into()
}

/// A post by id, in whatever workspace, deleted ones too.
pub async fn by_id(store: &Store, id: PostId) -> Result<Post> {
    post::Entity::find_by_id(id.0).one(store.reader()).await?.ok_or(NOT_FOUND)?.try_into()
}

/// These posts, in whatever workspace, deleted ones too.
pub(crate) async fn by_ids(store: &Store, ids: &BTreeSet<PostId>) -> Result<HashMap<PostId, Post>> {
    let rows =
        post::Entity::find().filter(post::Column::Id.is_in(ids.iter().map(|id| id.0))).all(store.reader()).await?;
    rows.into_iter().map(|row| Ok((PostId(row.id), row.try_into()?))).collect()
}

/// The posts due in `from..to`, in order of due time, at most `limit`: one query, however many posts and publications.
pub async fn summaries_between(
    store: &Store,
    workspace: WorkspaceId,
    from: Timestamp,
    to: Timestamp,
    filter: Filter,
    limit: u64,
) -> Result<Vec<PostSummary>> {
    let values = vec![workspace.0.into(), ms(from).into(), ms(to).into()];
    summaries(store, "p.due_at >= $2 AND p.due_at < $3", values, filter, Order::Due, limit).await
}

/// A page of posts, newest first, after the post `before` of the page before it.
pub async fn list(
    store: &Store,
    workspace: WorkspaceId,
    filter: Filter,
    before: Option<PostId>,
    limit: u64,
) -> Result<Vec<PostSummary>> {
    let mut values: Vec<Value> = vec![workspace.0.into()];
    values.extend(before.map(|id| Value::from(id.0)));
    let place = if before.is_some() { "p.id < $2" } else { "1 = 1" };
    summaries(store, place, values, filter, Order::Newest, limit).await
}

/// One post as lists show it.
pub async fn summary(store: &Store, workspace: WorkspaceId, id: PostId) -> Result<PostSummary> {
    let values = vec![workspace.0.into(), id.0.into()];
    let found = summaries(store, "p.id = $2", values, Filter::default(), Order::Newest, 1).await?;
    found.into_iter().next().ok_or(NOT_FOUND)
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Due,
    Newest,
}

impl Order {
    fn sql(self, table: &str) -> String {
        match self {
            Self::Due => format!("{table}.due_at, {table}.id"),
            Self::Newest => format!("{table}.id DESC"),
        }
    }
}

/// Asks for the whole list as one JSON value: for hundreds of posts, handing row after row over from SQLite's thread costs many
/// times what the query does.
async fn summaries(
    store: &Store,
    place: &str,
    mut values: Vec<Value>,
    filter: Filter,
    order: Order,
    limit: u64,
) -> Result<Vec<PostSummary>> {
    let wanted = filter_sql(filter, &mut values);
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let (array, gather, json, text): (_, _, _, fn(&str) -> String) = if store.is_postgres() {
        ("json_build_array", "json_agg", "", |column| format!("{column}::text"))
    } else {
        ("json_array", "json_group_array", "json", |column| format!("NULLIF(lower(hex({column})), '')"))
    };
    let publications = format!(
        "SELECT {gather}({array}({}, {}, q.network, q.state, q.due_at, q.url) ORDER BY q.id) \
         FROM publication q WHERE q.post_id = p.id",
        text("q.id"),
        text("q.channel_id"),
    );
    let sql = format!(
        "SELECT CAST({gather}({array}(s.id, s.created_by, s.due_at, s.time_zone, s.excerpt, s.media_count, s.first_media, \
         s.draft, s.series_id, s.queue_id, s.version, s.created_at, s.updated_at, {json}(s.publications)) ORDER BY {}) AS TEXT) AS posts FROM (\
         SELECT {} AS id, {} AS created_by, p.due_at, p.time_zone, p.excerpt, p.media_count, {} AS first_media, \
         CASE WHEN p.is_draft THEN 1 ELSE 0 END AS draft, {} AS series_id, {} AS queue_id, p.version, p.created_at, p.updated_at, \
         ({publications}) AS publications FROM post p \
         WHERE p.workspace_id = $1 AND p.deleted_at IS NULL AND p.kept_in IS NULL AND {place}{wanted} ORDER BY {} LIMIT ${}) s",
        order.sql("s"),
        text("p.id"),
        text("p.created_by"),
        text("p.first_media"),
        text("p.series_id"),
        text("p.queue_id"),
        order.sql("p"),
        values.len()
    );
    let row = store.reader().query_one_raw(store.statement(&sql, values)).await?;
    let posts: Option<String> = row.map(|row| row.try_get("", "posts")).transpose()?.flatten();
    let damaged = |_| StoreError::Damaged { what: "list of posts" };
    let posts: Vec<SummaryRow> =
        posts.map_or_else(|| Ok(Vec::new()), |json| serde_json::from_str(&json).map_err(damaged))?;
    posts.into_iter().map(read_summary).collect()
}

/// In the order of the query's array.
type SummaryRow = (
    Uuid,
    Uuid,
    Option<i64>,
    String,
    String,
    i64,
    Option<Uuid>,
    u8,
    Option<Uuid>,
    Option<Uuid>,
    i64,
    i64,
    i64,
    Option<Vec<(Uuid, Uuid, String, String, Option<i64>, Option<String>)>>,
);

/// The state a post shows is the worst of its publications: it has one in this state and none in a worse one.
fn filter_sql(filter: Filter, values: &mut Vec<Value>) -> String {
    let mut sql = String::new();
    if let Some(state) = filter.state {
        let worse: Vec<_> = PublicationState::BY_WEIGHT
            .into_iter()
            .take_while(|worse| *worse != state)
            .map(|worse| format!("'{worse}'"))
            .collect();
        let has = |condition: String| format!("EXISTS (SELECT 1 FROM publication q WHERE q.post_id = p.id{condition})");
        let in_state = has(format!(" AND q.state = '{state}'"));
        sql += &match state {
            PublicationState::Draft => format!(" AND ({in_state} OR NOT {})", has(String::new())),
            _ => format!(" AND {in_state}"),
        };
        if !worse.is_empty() {
            sql += &format!(" AND NOT {}", has(format!(" AND q.state IN ({})", worse.join(", "))));
        }
    }
    if let Some(channel) = filter.channel {
        values.push(channel.0.into());
        sql += &format!(
            " AND EXISTS (SELECT 1 FROM publication q WHERE q.post_id = p.id AND q.channel_id = ${})",
            values.len()
        );
    }
    sql
}

fn read_summary(row: SummaryRow) -> Result<PostSummary> {
    let (
        id,
        by,
        due_at,
        time_zone,
        excerpt,
        files,
        first_media,
        draft,
        series,
        queue,
        version,
        created_at,
        updated_at,
        all,
    ) = row;
    let publication = |(id, channel, network, state, due_at, url): (_, _, _, String, _, _)| {
        Ok(PublicationSummary {
            id: PublicationId(id),
            channel: ChannelId(channel),
            network,
            state: word(&state)?,
            due_at: maybe_time(due_at)?,
            url,
        })
    };
    Ok(PostSummary {
        id: PostId(id),
        created_by: UserId(by),
        due_at: maybe_time(due_at)?,
        time_zone,
        excerpt,
        media_count: count(files)?,
        first_media: first_media.map(MediaId),
        is_draft: draft != 0,
        series: series.map(SeriesId),
        queue: queue.map(EvergreenId),
        version,
        created_at: time(created_at)?,
        updated_at: time(updated_at)?,
        publications: all.into_iter().flatten().map(publication).collect::<Result<_>>()?,
    })
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "post" };

fn count(value: i64) -> Result<u32> {
    u32::try_from(value).map_err(|_| StoreError::Damaged { what: "count" })
}

impl TryFrom<post::Model> for Post {
    type Error = StoreError;
    fn try_from(row: post::Model) -> Result<Self> {
        Ok(Self {
            id: PostId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            created_by: UserId(row.created_by),
            due_at: maybe_time(row.due_at)?,
            time_zone: row.time_zone,
            content: from_json(&row.content, "content")?,
            channels: from_json(&row.channels, "channels")?,
            excerpt: row.excerpt,
            media_count: count(row.media_count)?,
            first_media: row.first_media.map(MediaId),
            is_draft: row.is_draft,
            repeat: maybe_from_json(row.repeat.as_deref(), "repeat")?,
            series: row.series_id.map(SeriesId),
            kept_in: row.kept_in.map(EvergreenId),
            queue: row.queue_id.map(EvergreenId),
            idempotency_key: row.idempotency_key,
            version: row.version,
            created_at: time(row.created_at)?,
            updated_at: time(row.updated_at)?,
            deleted_at: maybe_time(row.deleted_at)?,
        })
    }
}
