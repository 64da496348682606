//! Evergreen queues: posts that come round again, at the queue's own rhythm.
//!
//! A queue keeps its posts as drafts of its own ([`posts::Post::kept_in`]) and writes one copy at a time, for the next of its slots that
//! is free on its channels: the post that has rested longest, and at least the queue's days of rest. The copy is scheduled and
//! published as any other post. That the same is published again is what the queue is for, and the copy's history says so.

use crate::{
    Store, Tx,
    column::{from_json, json, maybe_time, ms, time},
    connection::Lock,
    due::{self, Fence, NewWork},
    entity::post,
    error::{Result, StoreError},
    events,
    posts::{self, Save, Saved, Template, copies},
    slots::{self, Wanted},
};
use crier_model::{ChannelId, EvergreenId, MediaId, PostId, UserId, WorkspaceId, post::ValidPost, slot::Slot};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult};

/// An evergreen queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Evergreen {
    pub id: EvergreenId,
    pub workspace: WorkspaceId,
    pub created_by: UserId,
    pub set: Settings,
    /// Goes up with every change.
    pub version: i64,
    pub created_at: Timestamp,
}

/// What people set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub name: String,
    pub channels: Vec<ChannelId>,
    /// IANA name; the workspace's zone when none is given.
    pub time_zone: Option<String>,
    pub slots: Vec<Slot>,
    /// How many days must lie between two turns of the same post.
    pub rest_days: u32,
    pub paused: bool,
}

/// A queue in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct EvergreenSummary {
    pub queue: Evergreen,
    /// How many posts it keeps.
    pub posts: u64,
    /// When the next of them goes out.
    pub next_due_at: Option<Timestamp>,
}

/// A post that a queue keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub post: PostId,
    pub excerpt: String,
    pub media_count: u32,
    pub first_media: Option<MediaId>,
    /// When its last turn was due; none before its first.
    pub last_at: Option<Timestamp>,
    /// How many turns it has had, the one that is scheduled included.
    pub turns: u64,
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "evergreen" };
/// The most turns that are looked ahead.
const MOST_AHEAD: usize = 50;

/// Makes a queue, without posts.
pub async fn create(store: &Store, workspace: WorkspaceId, by: UserId, set: &Settings) -> Result<EvergreenId> {
    let mut tx = store.begin().await?;
    let id = EvergreenId::new();
    let sql = "INSERT INTO evergreen (id, workspace_id, created_by, name, channels, time_zone, slots, rest_days, paused, version, \
               created_at, updated_at, deleted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10, NULL)";
    let values = [
        id.0.into(),
        workspace.0.into(),
        by.0.into(),
        set.name.as_str().into(),
        json(&set.channels, "channels")?.into(),
        set.time_zone.as_deref().into(),
        json(&set.slots, "slots")?.into(),
        i64::from(set.rest_days).into(),
        set.paused.into(),
        ms(tx.now()).into(),
    ];
    tx.execute(sql, values).await?;
    events::evergreen_changed(&mut tx, workspace, id);
    tx.commit().await?;
    Ok(id)
}

/// Changes a queue. What it has scheduled and not sent is taken back, and its next turn is written anew.
///
/// # Errors
/// [`StoreError::Stale`] when the version is not the expected one.
pub async fn update(
    store: &Store,
    workspace: WorkspaceId,
    id: EvergreenId,
    expected_version: Option<i64>,
    set: &Settings,
) -> Result<()> {
    let mut tx = store.begin().await?;
    let queue = lock_in(&tx, id).await?.filter(|queue| queue.workspace == workspace).ok_or(NOT_FOUND)?;
    if expected_version.is_some_and(|version| version != queue.version) {
        return Err(StoreError::Stale { what: "evergreen" });
    }
    let sql = "UPDATE evergreen SET name = $2, channels = $3, time_zone = $4, slots = $5, rest_days = $6, paused = $7, \
               version = version + 1, updated_at = $8 WHERE id = $1";
    let values = [
        id.0.into(),
        set.name.as_str().into(),
        json(&set.channels, "channels")?.into(),
        set.time_zone.as_deref().into(),
        json(&set.slots, "slots")?.into(),
        i64::from(set.rest_days).into(),
        set.paused.into(),
        ms(tx.now()).into(),
    ];
    tx.execute(sql, values).await?;
    renew_in(&mut tx, workspace, id).await?;
    tx.commit().await
}

/// Deletes a queue with the posts it keeps; what it has scheduled and not sent is cancelled.
pub async fn delete(store: &Store, workspace: WorkspaceId, id: EvergreenId) -> Result<()> {
    let mut tx = store.begin().await?;
    // The posts a queue keeps are locked before the queue, here as everywhere.
    let kept = lock_kept_in(&tx, id).await?;
    lock_in(&tx, id).await?.filter(|queue| queue.workspace == workspace).ok_or(NOT_FOUND)?;
    take_back_in(&mut tx, workspace, id).await?;
    posts::delete_in(&mut tx, workspace, kept).await?;
    let sql = "UPDATE evergreen SET deleted_at = $2, updated_at = $2 WHERE id = $1";
    tx.execute(sql, [id.0.into(), ms(tx.now()).into()]).await?;
    events::evergreen_changed(&mut tx, workspace, id);
    tx.commit().await
}

/// Keeps a post in a queue: it has its turn from now on.
pub async fn keep(
    store: &Store,
    workspace: WorkspaceId,
    id: EvergreenId,
    by: UserId,
    post: &ValidPost,
) -> Result<Saved> {
    let mut tx = store.begin().await?;
    let new = Save { workspace, by, id: None, expected_version: None, idempotency_key: None };
    let saved = posts::save_in(&mut tx, &new, post).await?;
    let sql = "UPDATE post SET kept_in = $2 WHERE id = $1";
    tx.execute(sql, [saved.id.0.into(), id.0.into()]).await?;
    lock_in(&tx, id).await?.filter(|queue| queue.workspace == workspace).ok_or(NOT_FOUND)?;
    go_on_in(&mut tx, id).await?;
    events::evergreen_changed(&mut tx, workspace, id);
    tx.commit().await?;
    Ok(saved)
}

const LIST: &str = "
SELECT e.*,
  (SELECT COUNT(*) FROM post p WHERE p.kept_in = e.id AND p.deleted_at IS NULL) AS posts,
  (SELECT MIN(p.due_at) FROM post p WHERE p.queue_id = e.id AND p.occurrence > $2 AND p.deleted_at IS NULL) AS next_due_at
FROM evergreen e WHERE e.workspace_id = $1 AND e.deleted_at IS NULL";

/// A workspace's queues, oldest first: one query.
pub async fn list(store: &Store, workspace: WorkspaceId) -> Result<Vec<EvergreenSummary>> {
    let values = [workspace.0.into(), ms(store.now()).into()];
    let statement = store.statement(&format!("{LIST} ORDER BY e.id"), values);
    store.reader().query_all_raw(statement).await?.iter().map(summary).collect()
}

/// One queue of a workspace.
pub async fn get(store: &Store, workspace: WorkspaceId, id: EvergreenId) -> Result<EvergreenSummary> {
    let values = [workspace.0.into(), ms(store.now()).into(), id.0.into()];
    let row = store.reader().query_one_raw(store.statement(&format!("{LIST} AND e.id = $3"), values)).await?;
    summary(&row.ok_or(NOT_FOUND)?)
}

fn summary(row: &QueryResult) -> Result<EvergreenSummary> {
    Ok(EvergreenSummary {
        queue: read(row)?,
        posts: row.try_get::<i64>("", "posts")?.unsigned_abs(),
        next_due_at: maybe_time(row.try_get("", "next_due_at")?)?,
    })
}

const KEPT: &str = "
SELECT p.id, p.excerpt, p.media_count, p.first_media,
  (SELECT MAX(c.occurrence) FROM post c WHERE c.source_id = p.id) AS last_at,
  (SELECT COUNT(*) FROM post c WHERE c.source_id = p.id AND c.deleted_at IS NULL) AS turns
FROM post p WHERE p.kept_in = $1 AND p.deleted_at IS NULL ORDER BY p.id";

/// The posts a queue keeps, in the order they were added: one query.
pub async fn kept(store: &Store, id: EvergreenId) -> Result<Vec<Kept>> {
    kept_of(store.reader(), store, id).await
}

async fn kept_of(db: &impl ConnectionTrait, store: &Store, id: EvergreenId) -> Result<Vec<Kept>> {
    let rows = db.query_all_raw(store.statement(KEPT, [id.0.into()])).await?;
    let kept = |row: &QueryResult| {
        let media: i64 = row.try_get("", "media_count")?;
        Ok(Kept {
            post: PostId(row.try_get("", "id")?),
            excerpt: row.try_get("", "excerpt")?,
            media_count: u32::try_from(media).map_err(|_| StoreError::Damaged { what: "count" })?,
            first_media: row.try_get::<Option<_>>("", "first_media")?.map(MediaId),
            last_at: maybe_time(row.try_get("", "last_at")?)?,
            turns: row.try_get::<i64>("", "turns")?.unsigned_abs(),
        })
    };
    rows.iter().map(kept).collect()
}

/// The next turns as they would come if nothing changed: what is scheduled, and what follows. Empty while it is paused.
pub async fn ahead(
    store: &Store,
    workspace: WorkspaceId,
    id: EvergreenId,
    count: usize,
) -> Result<Vec<(PostId, Timestamp)>> {
    let queue = get(store, workspace, id).await?.queue;
    if queue.set.paused {
        return Ok(Vec::new());
    }
    let scheduled = upcoming(store.reader(), store, id).await?;
    let mut rested: Vec<_> = kept(store, id).await?.into_iter().map(|kept| (kept.post, kept.last_at)).collect();
    let from = scheduled.map_or(store.now(), |(_, at)| at);
    let moments = moments(store.reader(), store, &queue, from).await?;
    let mut turns: Vec<_> = scheduled.into_iter().collect();
    let mut moments = moments.as_slice();
    while turns.len() < count.min(MOST_AHEAD)
        && let Some((post, at)) = choose(&rested, moments, queue.set.rest_days)
    {
        turns.push((post, at));
        moments = &moments[moments.partition_point(|moment| *moment <= at)..];
        rested.iter_mut().filter(|(known, _)| *known == post).for_each(|(_, last)| *last = Some(at));
    }
    Ok(turns)
}

/// Which post has the next turn, and when: at the first of these moments at which one has rested enough, the one that has rested
/// longest. Those that never had a turn come first, in the order they were added.
fn choose(kept: &[(PostId, Option<Timestamp>)], moments: &[Timestamp], rest_days: u32) -> Option<(PostId, Timestamp)> {
    let rest = SignedDuration::from_hours(24 * i64::from(rest_days));
    let (post, last) = kept.iter().min_by_key(|(_, last)| *last)?;
    // The longest rested is the first that may: when it may not, none may.
    let rested = |at: &&Timestamp| last.is_none_or(|last| at.duration_since(last) >= rest && **at > last);
    moments.iter().find(rested).map(|at| (*post, *at))
}

/// The moments of a queue's slots after `from` that are free on its channels.
async fn moments(
    db: &impl ConnectionTrait,
    store: &Store,
    queue: &Evergreen,
    from: Timestamp,
) -> Result<Vec<Timestamp>> {
    let set = &queue.set;
    let wanted = Wanted { workspace: queue.workspace, channels: &set.channels, except: None, from };
    slots::free_among(db, store, wanted, &set.slots, set.time_zone.as_deref()).await
}

/// The turn that is written and still to come.
async fn upcoming(db: &impl ConnectionTrait, store: &Store, id: EvergreenId) -> Result<Option<(PostId, Timestamp)>> {
    let sql = "SELECT source_id, occurrence FROM post WHERE queue_id = $1 AND occurrence > $2 AND deleted_at IS NULL \
               ORDER BY occurrence DESC LIMIT 1";
    let row = db.query_one_raw(store.statement(sql, [id.0.into(), ms(store.now()).into()])).await?;
    row.map(|row| Ok((PostId(row.try_get("", "source_id")?), time(row.try_get("", "occurrence")?)?))).transpose()
}

/// Writes a queue's next turn, and settles the due work under whose lease that is done.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more: nothing was written.
pub async fn take_turn(store: &Store, id: EvergreenId, fence: Fence) -> Result<()> {
    let mut tx = store.begin().await?;
    let next = match lock_in(&tx, id).await? {
        Some(queue) => write_turn_in(&mut tx, &queue).await?,
        None => None,
    };
    match next {
        Some(at) => due::release_in(&mut tx, fence, at, None).await?,
        None => due::finish_in(&mut tx, fence).await?,
    }
    tx.commit().await
}

/// Takes back what a queue has scheduled and not sent, and writes its next turn anew.
pub(crate) async fn renew_in(tx: &mut Tx, workspace: WorkspaceId, id: EvergreenId) -> Result<()> {
    if lock_in(tx, id).await?.is_some() {
        take_back_in(tx, workspace, id).await?;
        go_on_in(tx, id).await?;
        events::evergreen_changed(tx, workspace, id);
    }
    Ok(())
}

/// Writes the next turn if none is written, and the due work that writes the one after it.
async fn go_on_in(tx: &mut Tx, id: EvergreenId) -> Result<()> {
    let queue = lock_in(tx, id).await?.ok_or(NOT_FOUND)?;
    if let Some(at) = write_turn_in(tx, &queue).await? {
        due::upsert_in(tx, &[NewWork::new(queue.workspace, due::kind::EVERGREEN, id, at)]).await?;
    }
    Ok(())
}

/// When to come back: with the turn that is written. None while there is nothing to write.
async fn write_turn_in(tx: &mut Tx, queue: &Evergreen) -> Result<Option<Timestamp>> {
    if queue.set.paused {
        return Ok(None);
    }
    if let Some((_, at)) = upcoming(&tx.inner, tx.store(), queue.id).await? {
        return Ok(Some(at));
    }
    // A turn that somebody deleted ahead of its time was meant to be left out: what follows comes after it.
    let sql = "SELECT MAX(occurrence) AS last FROM post WHERE queue_id = $1";
    let row = tx.query_one(sql, [queue.id.0.into()]).await?.ok_or(NOT_FOUND)?;
    let last = maybe_time(row.try_get("", "last")?)?;
    let from = last.map_or(tx.now(), |last| last.max(tx.now()));
    let all = kept_of(&tx.inner, tx.store(), queue.id).await?;
    let rested: Vec<_> = all.iter().map(|kept| (kept.post, kept.last_at)).collect();
    let Some((post, at)) = choose(&rested, &moments(&tx.inner, tx.store(), queue, from).await?, queue.set.rest_days)
    else {
        return Ok(None);
    };
    let sql = "SELECT * FROM post WHERE id = $1";
    let row = tx.query_one(sql, [post.0.into()]).await?.ok_or(StoreError::NotFound { what: "post" })?;
    let row = post::Model::from_query_result(&row, "")?;
    let template = Template {
        content: from_json(&row.content, "content")?,
        channels: queue.set.channels.clone(),
        time_zone: row.time_zone,
    };
    let before = all.iter().find(|kept| kept.post == post).map_or(0, |kept| kept.turns);
    let again = match before {
        0 => "for the first time".to_owned(),
        1 => "again, as the queue is meant to; it had one turn before".to_owned(),
        turns => format!("again, as the queue is meant to; it had {turns} turns before"),
    };
    let why = format!("The evergreen queue “{}” publishes it {again}.", queue.set.name);
    let maker = copies::Maker::Queue(queue.id.0, post);
    let by = queue.created_by;
    let written = copies::insert_in(tx, queue.workspace, by, &template, maker, &[at], &why).await?;
    Ok(written.then_some(at))
}

/// Takes back the turn that was written and is not yet sent: it counts as none. What is over waits for a person, as any post.
async fn take_back_in(tx: &mut Tx, workspace: WorkspaceId, id: EvergreenId) -> Result<()> {
    let sql = "SELECT * FROM post WHERE queue_id = $1 AND occurrence > $2 AND deleted_at IS NULL \
               AND NOT EXISTS (SELECT 1 FROM publication q WHERE q.post_id = post.id \
                 AND q.state NOT IN ('scheduled', 'preparing', 'held', 'cancelled')) ORDER BY id";
    let rows = tx.query_all(&tx.locking(sql, Lock::Change), [id.0.into(), ms(tx.now()).into()]).await?;
    let rows = models(&rows)?;
    for row in &rows {
        let sql = "UPDATE post SET queue_id = NULL, source_id = NULL, occurrence = NULL WHERE id = $1";
        tx.execute(sql, [row.id.into()]).await?;
    }
    posts::delete_in(tx, workspace, rows).await
}

/// The posts a queue keeps, locked.
async fn lock_kept_in(tx: &Tx, id: EvergreenId) -> Result<Vec<post::Model>> {
    let sql = "SELECT * FROM post WHERE kept_in = $1 AND deleted_at IS NULL ORDER BY id";
    models(&tx.query_all(&tx.locking(sql, Lock::Change), [id.0.into()]).await?)
}

fn models(rows: &[QueryResult]) -> Result<Vec<post::Model>> {
    rows.iter().map(|row| Ok(post::Model::from_query_result(row, "")?)).collect()
}

/// None when there is no such queue any more.
async fn lock_in(tx: &Tx, id: EvergreenId) -> Result<Option<Evergreen>> {
    let sql = "SELECT * FROM evergreen WHERE id = $1 AND deleted_at IS NULL";
    tx.query_one(&tx.locking(sql, Lock::Change), [id.0.into()]).await?.as_ref().map(read).transpose()
}

fn read(row: &QueryResult) -> Result<Evergreen> {
    let rest_days: i64 = row.try_get("", "rest_days")?;
    Ok(Evergreen {
        id: EvergreenId(row.try_get("", "id")?),
        workspace: WorkspaceId(row.try_get("", "workspace_id")?),
        created_by: UserId(row.try_get("", "created_by")?),
        set: Settings {
            name: row.try_get("", "name")?,
            channels: from_json(&row.try_get::<String>("", "channels")?, "channels")?,
            time_zone: row.try_get("", "time_zone")?,
            slots: from_json(&row.try_get::<String>("", "slots")?, "slots")?,
            rest_days: u32::try_from(rest_days).map_err(|_| StoreError::Damaged { what: "days of rest" })?,
            paused: row.try_get("", "paused")?,
        },
        version: row.try_get("", "version")?,
        created_at: time(row.try_get("", "created_at")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_longest_rested_has_its_turn_and_none_before_it_has_rested_enough() {
        let (a, b) = (PostId::new(), PostId::new());
        let moments = [at("2027-03-10T09:00:00Z"), at("2027-03-12T09:00:00Z"), at("2027-03-14T09:00:00Z")];
        let last = |day: &str| Some(at(&format!("2027-03-{day}T09:00:00Z")));
        assert_eq!(choose(&[(a, last("03")), (b, None)], &moments, 7), Some((b, moments[0])));
        assert_eq!(choose(&[(a, last("05")), (b, last("07"))], &moments, 7), Some((a, moments[1])));
        assert_eq!(choose(&[(a, last("05")), (b, last("04"))], &moments, 0), Some((b, moments[0])));
        assert_eq!(choose(&[(a, last("10"))], &moments, 0), Some((a, moments[1])));
        assert_eq!(choose(&[(a, last("10"))], &moments, 7), None);
        assert_eq!(choose(&[], &moments, 7), None);
    }
}
