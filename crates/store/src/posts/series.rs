//! Posts that repeat: a series is the rule and the content, and each of its occurrences is a post of its own, written ahead.
//!
//! Which moments those are follows from the rule and the series' start alone, never from the present, and each is written once
//! (`UNIQUE (series, occurrence)`): neither a crash nor a server that was down for long makes one twice or moves one.

use super::{
    change::{delete_in, move_in},
    copies::{self, Maker},
    save::{Save, Saved, Template, lock_post_in, save_in},
};
use crate::{
    Store, Tx,
    column::{at_rest, from_json, json, maybe_time, ms, time},
    connection::Lock,
    due::{self, Fence, NewWork},
    entity::post,
    error::{Result, StoreError},
    slots,
};
use crier_model::{
    ChannelId, PostId, SeriesId, UserId, WorkspaceId,
    post::{Content, ValidPost},
    recurrence::{Repeat, Rule},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use sea_orm::QueryResult;
use std::{collections::BTreeSet, str::FromStr};

/// How far ahead occurrences are written. The next one always is, however far.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 60);
/// The most that are written in one transaction.
const AT_ONCE: usize = 100;

/// A post that repeats, as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub id: SeriesId,
    pub workspace: WorkspaceId,
    pub created_by: UserId,
    pub repeat: Repeat,
    /// The wall time it starts at.
    pub starts_on: DateTime,
    /// IANA name.
    pub time_zone: String,
    /// The rule counts only before this, where a person has ended it or gone on differently.
    pub ends_before: Option<Timestamp>,
    /// Occurrences up to this one are written.
    pub made_until: Timestamp,
    content: Content,
    channels: Vec<ChannelId>,
}

impl Series {
    /// All its moments, in order.
    fn moments<'a>(&'a self, zone: &'a TimeZone) -> impl Iterator<Item = Timestamp> + 'a {
        self.repeat.moments(self.starts_on, zone).take_while(|at| self.ends_before.is_none_or(|end| *at < end))
    }

    /// How it goes on with the occurrence at `from`: the rule with what is left of its count.
    fn from(&self, from: Timestamp) -> Result<Repeat> {
        let zone = slots::zone(&self.time_zone)?;
        let passed = self.repeat.rule.occurrences(self.starts_on, &zone).take_while(|at| *at < from).count();
        let day = zone.to_datetime(from).date();
        let except = self.repeat.except.iter().copied().filter(|except| *except > day).collect();
        Ok(Repeat { rule: self.repeat.rule.after(passed), except })
    }
}

/// How a post repeats from itself on; none when it does not.
pub async fn repeat_of(store: &Store, workspace: WorkspaceId, id: PostId) -> Result<Option<(SeriesId, Repeat)>> {
    let sql = "SELECT s.*, p.occurrence AS occurrence_of_post FROM post p JOIN series s ON s.id = p.series_id \
               WHERE p.id = $1 AND p.workspace_id = $2";
    use sea_orm::ConnectionTrait;
    let row = store.reader().query_one_raw(store.statement(sql, [id.0.into(), workspace.0.into()])).await?;
    let Some(row) = row else { return Ok(None) };
    let series = read(&row)?;
    let occurrence = time(row.try_get("", "occurrence_of_post")?)?;
    Ok(Some((series.id, series.from(occurrence)?)))
}

/// Saves a post as it goes on from there: the occurrences after it are written anew with what it says now, or none are when it
/// does not repeat any more.
///
/// # Errors
/// As [`super::save`]; conflict `post.single` when it is no occurrence of a series.
pub async fn save_following(store: &Store, save: Save, post: &ValidPost) -> Result<Saved> {
    let id = save.id.ok_or(StoreError::NotFound { what: "post" })?;
    let mut tx = store.begin().await?;
    lock_of_in(&tx, &[id]).await?;
    let row = lock_post_in(&tx, save.workspace, id, save.expected_version).await?;
    end_in(&mut tx, &row).await?;
    detach_in(&tx, id).await?;
    let saved = save_in(&mut tx, &Save { expected_version: None, ..save }, post).await?;
    tx.commit().await?;
    Ok(saved)
}

/// Moves an occurrence and all that follow it by as much; days of the week go along.
///
/// # Errors
/// As [`super::move_to`]; conflict `post.single` when it is no occurrence of a series; conflict `repeat.move` where the rule names
/// days of the month and the day changes, or would end before the new time.
pub async fn move_following(
    store: &Store,
    workspace: WorkspaceId,
    id: PostId,
    due_at: Timestamp,
    expected_version: Option<i64>,
) -> Result<()> {
    const CANNOT: StoreError = StoreError::Conflict { what: "repeat.move" };
    let due_at = at_rest(due_at)?;
    let mut tx = store.begin().await?;
    lock_of_in(&tx, &[id]).await?;
    let row = lock_post_in(&tx, workspace, id, expected_version).await?;
    let (series, occurrence) = end_in(&mut tx, &row).await?;
    let zone = slots::zone(&series.time_zone)?;
    let (from, to) = (zone.to_datetime(occurrence).date(), zone.to_datetime(due_at).date());
    let Repeat { rule, except } = series.from(occurrence)?;
    let days = from.until(to).map_err(|_| CANNOT)?;
    let shifted = |day: &Date| day.checked_add(days).ok();
    let repeat =
        Repeat { rule: rule.moved(from, to).ok_or(CANNOT)?, except: except.iter().filter_map(shifted).collect() };
    if repeat.moments(zone.to_datetime(due_at), &zone).next() != Some(due_at) {
        return Err(CANNOT);
    }
    detach_in(&tx, id).await?;
    move_in(&mut tx, workspace, &[(row, due_at)]).await?;
    let template = Template { content: series.content, channels: series.channels, time_zone: series.time_zone };
    begin_in(&mut tx, workspace, series.created_by, id, &repeat, due_at, &template).await?;
    tx.commit().await
}

/// Deletes an occurrence and all that follow it: the series ends before it.
///
/// # Errors
/// As [`super::delete`]; conflict `post.single` when it is no occurrence of a series.
pub async fn delete_following(store: &Store, workspace: WorkspaceId, id: PostId) -> Result<()> {
    let mut tx = store.begin().await?;
    lock_of_in(&tx, &[id]).await?;
    let row = lock_post_in(&tx, workspace, id, None).await?;
    end_in(&mut tx, &row).await?;
    delete_in(&mut tx, workspace, vec![row]).await?;
    tx.commit().await
}

/// Locks the series of these posts, which comes before locking the posts themselves: who deletes what follows holds a series and
/// wants its posts.
pub(super) async fn lock_of_in(tx: &Tx, posts: &[PostId]) -> Result<()> {
    let marks: Vec<_> = (1..=posts.len()).map(|i| format!("${i}")).collect();
    let sql = format!(
        "SELECT id FROM series WHERE id IN (SELECT series_id FROM post WHERE id IN ({}) AND series_id IS NOT NULL) ORDER BY id",
        marks.join(", ")
    );
    tx.query_all(&tx.locking(&sql, Lock::Change), posts.iter().map(|id| id.0.into())).await.map(drop)
}

/// Ends a series before this occurrence of it, and deletes what was written after it. What is being sent, or was, stays.
async fn end_in(tx: &mut Tx, row: &post::Model) -> Result<(Series, Timestamp)> {
    let single = StoreError::Conflict { what: "post.single" };
    let (Some(id), Some(occurrence)) = (row.series_id, row.occurrence) else { return Err(single) };
    let series = lock_in(tx, SeriesId(id)).await?;
    let sql = "UPDATE series SET ends_before = $2, updated_at = $3 WHERE id = $1";
    tx.execute(sql, [id.into(), occurrence.into(), ms(tx.now()).into()]).await?;
    let sql = "SELECT * FROM post p WHERE p.series_id = $1 AND p.occurrence > $2 AND p.deleted_at IS NULL \
               AND NOT EXISTS (SELECT 1 FROM publication q WHERE q.post_id = p.id \
                 AND q.state IN ('sending', 'published', 'unconfirmed')) ORDER BY p.id";
    let rows = tx.query_all(&tx.locking(sql, Lock::Change), [id.into(), occurrence.into()]).await?;
    let later =
        rows.iter().map(|row| Ok(sea_orm::FromQueryResult::from_query_result(row, "")?)).collect::<Result<Vec<_>>>()?;
    delete_in(tx, series.workspace, later).await?;
    Ok((series, time(occurrence)?))
}

/// Makes an occurrence a post that belongs to no series.
async fn detach_in(tx: &Tx, id: PostId) -> Result<()> {
    let sql = "UPDATE post SET series_id = NULL, occurrence = NULL WHERE id = $1";
    tx.execute(sql, [id.0.into()]).await.map(drop)
}

/// Notes that these occurrences are not to be written again, whatever becomes of their series.
pub(super) async fn except_in(tx: &Tx, rows: &[post::Model]) -> Result<()> {
    let series: BTreeSet<_> = rows.iter().filter_map(|row| row.series_id).collect();
    for id in series {
        let mut series = lock_in(tx, SeriesId(id)).await?;
        let zone = slots::zone(&series.time_zone)?;
        for occurrence in rows.iter().filter(|row| row.series_id == Some(id)).filter_map(|row| row.occurrence) {
            series.repeat.except.insert(zone.to_datetime(time(occurrence)?).date());
        }
        let sql = "UPDATE series SET exceptions = $2, updated_at = $3 WHERE id = $1";
        let except = json(&series.repeat.except, "exceptions")?;
        tx.execute(sql, [id.into(), except.into(), ms(tx.now()).into()]).await?;
    }
    Ok(())
}

/// Begins a series with a post that was just written for its first moment.
pub(super) async fn begin_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    by: UserId,
    first: PostId,
    repeat: &Repeat,
    first_at: Timestamp,
    template: &Template,
) -> Result<()> {
    let id = SeriesId::new();
    let starts_on = slots::zone(&template.time_zone)?.to_datetime(first_at);
    let now = ms(tx.now());
    let sql = "INSERT INTO series (id, workspace_id, created_by, rule, starts_on, time_zone, exceptions, ends_before, made_until, \
               content, channels, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, $9, $10, $11, $11)";
    let values = [
        id.0.into(),
        workspace.0.into(),
        by.0.into(),
        repeat.rule.to_string().into(),
        starts_on.to_string().into(),
        template.time_zone.clone().into(),
        json(&repeat.except, "exceptions")?.into(),
        ms(first_at).into(),
        json(&template.content, "content")?.into(),
        json(&template.channels, "channels")?.into(),
        now.into(),
    ];
    tx.execute(sql, values).await?;
    let sql = "UPDATE post SET series_id = $2, occurrence = $3, repeat = NULL WHERE id = $1";
    tx.execute(sql, [first.0.into(), id.0.into(), ms(first_at).into()]).await?;
    let series = lock_in(tx, id).await?;
    if let Some(at) = make_ahead_in(tx, &series).await? {
        due::upsert_in(tx, &[NewWork::new(workspace, due::kind::REPEAT, id, at)]).await?;
    }
    Ok(())
}

/// Writes the occurrences that have come near, and settles the due work under whose lease that is done.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more: nothing was written.
pub async fn make_ahead(store: &Store, id: SeriesId, fence: Fence) -> Result<()> {
    let mut tx = store.begin().await?;
    let next = match lock_in(&tx, id).await {
        Ok(series) => make_ahead_in(&mut tx, &series).await?,
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    match next {
        Some(at) => due::release_in(&mut tx, fence, at, None).await?,
        None => due::finish_in(&mut tx, fence).await?,
    }
    tx.commit().await
}

/// When there is more to write; none at the end of the series.
async fn make_ahead_in(tx: &mut Tx, series: &Series) -> Result<Option<Timestamp>> {
    let (now, zone) = (tx.now(), slots::zone(&series.time_zone)?);
    let mut made_until = series.made_until;
    let near = |at: Timestamp, made_until: Timestamp| at <= now + AHEAD || made_until <= now;
    let mut left = series.moments(&zone).skip_while(|at| *at <= series.made_until).peekable();
    let mut new = Vec::new();
    while new.len() < AT_ONCE
        && let Some(at) = left.next_if(|at| near(*at, made_until))
    {
        new.push(at);
        made_until = at;
    }
    let template = Template {
        content: series.content.clone(),
        channels: series.channels.clone(),
        time_zone: series.time_zone.clone(),
    };
    let maker = Maker::Series(series.id.0);
    let why = format!("It repeats: {}.", series.repeat.rule);
    let (workspace, by) = (series.workspace, series.created_by);
    if !new.is_empty() && !copies::insert_in(tx, workspace, by, &template, maker, &new, &why).await? {
        // All its channels were deleted: there is nothing it could go out on.
        return Ok(None);
    }
    let sql = "UPDATE series SET made_until = $2 WHERE id = $1";
    tx.execute(sql, [series.id.0.into(), ms(made_until).into()]).await?;
    Ok(left.peek().map(|next| made_until.min(*next - AHEAD).max(now)))
}

async fn lock_in(tx: &Tx, id: SeriesId) -> Result<Series> {
    let sql = "SELECT * FROM series WHERE id = $1";
    let row = tx.query_one(&tx.locking(sql, Lock::Change), [id.0.into()]).await?;
    read(&row.ok_or(StoreError::NotFound { what: "series" })?)
}

fn read(row: &QueryResult) -> Result<Series> {
    let damaged = |what| StoreError::Damaged { what };
    let text = |column: &str| row.try_get::<String>("", column);
    let rule = Rule::from_str(&text("rule")?).map_err(|_| damaged("rule"))?;
    Ok(Series {
        id: SeriesId(row.try_get("", "id")?),
        workspace: WorkspaceId(row.try_get("", "workspace_id")?),
        created_by: UserId(row.try_get("", "created_by")?),
        repeat: Repeat { rule, except: from_json(&text("exceptions")?, "exceptions")? },
        starts_on: text("starts_on")?.parse().map_err(|_| damaged("start"))?,
        time_zone: text("time_zone")?,
        ends_before: maybe_time(row.try_get("", "ends_before")?)?,
        made_until: time(row.try_get("", "made_until")?)?,
        content: from_json(&text("content")?, "content")?,
        channels: from_json(&text("channels")?, "channels")?,
    })
}
