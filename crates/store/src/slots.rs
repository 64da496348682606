//! When channels normally post, and which of those moments are still free.
//!
//! A workspace has slots, and a channel may have its own instead. A slot is taken on a channel when something of it is due in
//! that minute, a draft with a time in mind included: two posts meant for one slot would clash as soon as both are scheduled.

use crate::{
    Store, Tx,
    column::{from_json, json, ms, time, word},
    connection::Lock,
    error::{Result, StoreError},
    events,
};
use crier_model::{
    ChannelId, PostId, PublicationId, WorkspaceId,
    publication::PublicationState,
    slot::{self, HORIZON_DAYS, Slot},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// The slots of a workspace or a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Week {
    /// False: it has set none, and these are the workspace's, or what every workspace starts with.
    pub is_own: bool,
    /// IANA name of the zone the slots are in.
    pub time_zone: String,
    pub slots: Vec<Slot>,
}

/// A place in a channel's queue: a slot, something that is due, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub at: Timestamp,
    pub is_slot: bool,
    /// None: the slot is free.
    pub taken_by: Option<Queued>,
}

/// Something that is due on a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    pub publication: PublicationId,
    pub post: PostId,
    pub state: PublicationState,
    pub excerpt: String,
}

/// States in which a publication has its moment for itself.
const TAKING: &str = "('draft', 'scheduled', 'preparing', 'sending', 'held')";

/// The slots of a workspace.
pub async fn of_workspace(store: &Store, workspace: WorkspaceId) -> Result<Week> {
    let mut weeks = weeks(store.reader(), store, workspace, &[]).await?;
    weeks.remove(&workspace.0).ok_or(StoreError::NotFound { what: "workspace" })
}

/// The slots of a channel: its own, or the workspace's.
pub async fn of_channel(store: &Store, workspace: WorkspaceId, channel: ChannelId) -> Result<Week> {
    let mut weeks = weeks(store.reader(), store, workspace, &[channel]).await?;
    weeks.remove(&channel.0).ok_or(StoreError::NotFound { what: "channel" })
}

/// Sets the slots of a workspace; they are in its time zone.
pub async fn set_workspace(store: &Store, workspace: WorkspaceId, slots: &[Slot]) -> Result<()> {
    let mut tx = store.begin().await?;
    set_in(&tx, workspace, workspace.0, None, slots).await?;
    events::slots_changed(&mut tx, workspace, None);
    tx.commit().await
}

/// Gives a channel slots of its own, in a time zone (IANA name; the workspace's when none is given).
///
/// # Errors
/// [`StoreError::NotFound`] when the workspace has no such channel.
pub async fn set_channel(
    store: &Store,
    workspace: WorkspaceId,
    channel: ChannelId,
    time_zone: Option<&str>,
    slots: &[Slot],
) -> Result<()> {
    let mut tx = store.begin().await?;
    keep_channel_in(&tx, workspace, channel).await?;
    set_in(&tx, workspace, channel.0, time_zone, slots).await?;
    events::slots_changed(&mut tx, workspace, Some(channel));
    tx.commit().await
}

/// Takes a channel's own slots away: it has the workspace's again.
///
/// # Errors
/// [`StoreError::NotFound`] when the workspace has no such channel.
pub async fn forget_channel(store: &Store, workspace: WorkspaceId, channel: ChannelId) -> Result<()> {
    let mut tx = store.begin().await?;
    keep_channel_in(&tx, workspace, channel).await?;
    tx.execute("DELETE FROM slots WHERE owner_id = $1", [channel.0.into()]).await?;
    events::slots_changed(&mut tx, workspace, Some(channel));
    tx.commit().await
}

async fn keep_channel_in(tx: &Tx, workspace: WorkspaceId, channel: ChannelId) -> Result<()> {
    let sql = "SELECT 1 FROM channel WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    let found = tx.query_one(&tx.locking(sql, Lock::Keep), [channel.0.into(), workspace.0.into()]).await?;
    found.map(drop).ok_or(StoreError::NotFound { what: "channel" })
}

async fn set_in(tx: &Tx, workspace: WorkspaceId, owner: Uuid, time_zone: Option<&str>, slots: &[Slot]) -> Result<()> {
    let sql = "INSERT INTO slots (owner_id, workspace_id, time_zone, slots, updated_at) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (owner_id) DO UPDATE SET time_zone = excluded.time_zone, slots = excluded.slots, \
               updated_at = excluded.updated_at";
    let values =
        [owner.into(), workspace.0.into(), time_zone.into(), json(slots, "slots")?.into(), ms(tx.now()).into()];
    tx.execute(sql, values).await.map(drop)
}

/// The slots of a workspace and of these channels of it, by id; channels it does not have are left out. One query.
async fn weeks(
    db: &impl ConnectionTrait,
    store: &Store,
    workspace: WorkspaceId,
    channels: &[ChannelId],
) -> Result<BTreeMap<Uuid, Week>> {
    let mut values: Vec<Value> = vec![workspace.0.into()];
    let wanted = marks(channels, &mut values);
    let sql = format!(
        "SELECT o.id, o.is_channel, w.time_zone AS zone, s.time_zone, s.slots FROM workspace w JOIN ( \
           SELECT id, id AS workspace_id, 0 AS is_channel FROM workspace WHERE id = $1 UNION ALL \
           SELECT id, workspace_id, 1 AS is_channel FROM channel WHERE workspace_id = $1 AND deleted_at IS NULL AND id IN ({wanted}) \
         ) o ON o.workspace_id = w.id LEFT JOIN slots s ON s.owner_id = o.id WHERE w.id = $1 ORDER BY o.is_channel"
    );
    let mut weeks = BTreeMap::new();
    for row in db.query_all_raw(store.statement(&sql, values)).await? {
        let zone: String = row.try_get("", "zone")?;
        let own: Option<String> = row.try_get("", "slots")?;
        let week = match own {
            Some(slots) => Week {
                is_own: true,
                time_zone: row.try_get::<Option<String>>("", "time_zone")?.unwrap_or(zone),
                slots: from_json(&slots, "slots")?,
            },
            // The workspace's own row comes before those of channels.
            None => match weeks.get(&workspace.0) {
                Some(of_workspace) => Week { is_own: false, ..Week::clone(of_workspace) },
                None => Week { is_own: false, time_zone: zone, slots: slot::usual() },
            },
        };
        weeks.insert(row.try_get("", "id")?, week);
    }
    Ok(weeks)
}

/// Marks for these ids in a list; `NULL`, which nothing is in, when there are none.
fn marks(ids: &[ChannelId], values: &mut Vec<Value>) -> String {
    let mark = |id: &ChannelId| {
        values.push(id.0.into());
        format!("${}", values.len())
    };
    let marks: Vec<String> = ids.iter().map(mark).collect();
    if marks.is_empty() { "NULL".to_owned() } else { marks.join(", ") }
}

/// The next moments after `from` that are free on all these channels: slots of every one of them where there are such, else of
/// any. Two queries, however many channels.
///
/// # Errors
/// [`StoreError::NotFound`] for a channel the workspace does not have.
pub async fn free(store: &Store, wanted: Wanted<'_>, count: usize) -> Result<Vec<Timestamp>> {
    free_of(store.reader(), store, wanted, count).await
}

/// Which slots are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub workspace: WorkspaceId,
    pub channels: &'a [ChannelId],
    /// A post that is to have one of them is not in its own way.
    pub except: Option<PostId>,
    /// Slots after this.
    pub from: Timestamp,
}

async fn free_of(db: &impl ConnectionTrait, store: &Store, wanted: Wanted<'_>, count: usize) -> Result<Vec<Timestamp>> {
    let weeks = weeks(db, store, wanted.workspace, wanted.channels).await?;
    let mut of_channels: Vec<Week> = Vec::new();
    for channel in wanted.channels {
        let week = weeks.get(&channel.0).ok_or(StoreError::NotFound { what: "channel" })?;
        let same = |known: &Week| known.time_zone == week.time_zone && known.slots == week.slots;
        if !of_channels.iter().any(same) {
            of_channels.push(week.clone());
        }
    }
    let zones = of_channels.iter().map(|week| zone(&week.time_zone)).collect::<Result<Vec<_>>>()?;
    let taken = taken(db, store, wanted).await?;
    let free = |at: &Timestamp| !taken.contains(&minute(*at));
    let common: Vec<_> = together(&of_channels, &zones, wanted.from)
        .filter(|(_, of)| *of == of_channels.len())
        .map(|(at, _)| at)
        .filter(free)
        .take(count)
        .collect();
    if !common.is_empty() || of_channels.len() == 1 {
        return Ok(common);
    }
    Ok(together(&of_channels, &zones, wanted.from).map(|(at, _)| at).filter(free).take(count).collect())
}

/// The moments of several weeks' slots in order, each once, with how many of the weeks have it.
fn together<'a>(
    weeks: &'a [Week],
    zones: &'a [TimeZone],
    from: Timestamp,
) -> impl Iterator<Item = (Timestamp, usize)> + 'a {
    let mut all: Vec<_> =
        weeks.iter().zip(zones).map(|(week, zone)| slot::moments(&week.slots, zone, from).peekable()).collect();
    std::iter::from_fn(move || {
        let next = all.iter_mut().filter_map(|moments| moments.peek().copied()).min()?;
        let of = all.iter_mut().filter_map(|moments| moments.next_if_eq(&next)).count();
        Some((next, of))
    })
}

pub(crate) fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| StoreError::Damaged { what: "time zone" })
}

pub(crate) fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// The minutes in which something is due on any of these channels.
async fn taken(db: &impl ConnectionTrait, store: &Store, wanted: Wanted<'_>) -> Result<HashSet<i64>> {
    let until = wanted.from.saturating_add(SignedDuration::from_hours(24 * i64::from(HORIZON_DAYS + 1)));
    let until = until.map_err(|_| StoreError::Damaged { what: "time" })?;
    let from = wanted.from - SignedDuration::from_mins(1);
    let mut values: Vec<Value> = vec![ms(from).into(), ms(until).into()];
    let mut sql = format!(
        "SELECT DISTINCT due_at FROM publication WHERE channel_id IN ({}) AND state IN {TAKING} AND due_at >= $1 AND due_at < $2",
        marks(wanted.channels, &mut values)
    );
    if let Some(post) = wanted.except {
        values.push(post.0.into());
        sql += &format!(" AND post_id <> ${}", values.len());
    }
    let rows = db.query_all_raw(store.statement(&sql, values)).await?;
    rows.iter().map(|row| Ok(minute(time(row.try_get("", "due_at")?)?))).collect()
}

/// The next free slot of these channels, for a post that is written in the same transaction. The caller has locked the channels
/// for changing, so that nobody else is given the same.
///
/// # Errors
/// Conflict `slots.none` when there is none within a year.
pub(crate) async fn next_in(
    tx: &Tx,
    workspace: WorkspaceId,
    channels: &[ChannelId],
    except: Option<PostId>,
) -> Result<Timestamp> {
    let wanted = Wanted { workspace, channels, except, from: tx.now() };
    let found = free_of(&tx.inner, tx.store(), wanted, 1).await?;
    found.first().copied().ok_or(StoreError::Conflict { what: "slots.none" })
}

/// The moments of these slots that are free on the wanted channels, for a queue with a rhythm of its own. Without a time zone
/// they are in the workspace's.
pub(crate) async fn free_among(
    db: &impl ConnectionTrait,
    store: &Store,
    wanted: Wanted<'_>,
    slots: &[Slot],
    time_zone: Option<&str>,
) -> Result<Vec<Timestamp>> {
    let zone = match time_zone {
        Some(name) => zone(name)?,
        None => {
            let of_workspace = weeks(db, store, wanted.workspace, &[]).await?.remove(&wanted.workspace.0);
            zone(&of_workspace.ok_or(StoreError::NotFound { what: "workspace" })?.time_zone)?
        }
    };
    let taken = taken(db, store, wanted).await?;
    Ok(slot::moments(slots, &zone, wanted.from).filter(|at| !taken.contains(&minute(*at))).collect())
}

/// What is next on a channel: its slots, free and taken, and what is due beside them. Two queries.
pub async fn queue(store: &Store, workspace: WorkspaceId, channel: ChannelId, limit: usize) -> Result<Vec<Place>> {
    let week = of_channel(store, workspace, channel).await?;
    let now = store.now();
    let zone = zone(&week.time_zone)?;
    let moments: BTreeSet<Timestamp> = slot::moments(&week.slots, &zone, now).take(limit).collect();
    let slots: HashSet<i64> = moments.iter().map(|at| minute(*at)).collect();
    let sql = format!(
        "SELECT q.id, q.post_id, q.state, q.due_at, p.excerpt FROM publication q JOIN post p ON p.id = q.post_id \
         WHERE q.channel_id = $1 AND q.state IN {TAKING} AND q.due_at >= $2 ORDER BY q.due_at, q.id LIMIT $3"
    );
    let values = [channel.0.into(), ms(now).into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let rows = store.reader().query_all_raw(store.statement(&sql, values)).await?;
    let mut places = rows.iter().map(|row| place(row, &slots)).collect::<Result<Vec<_>>>()?;
    let taken: HashSet<i64> = places.iter().map(|place| minute(place.at)).collect();
    let free = moments.into_iter().filter(|at| !taken.contains(&minute(*at)));
    places.extend(free.map(|at| Place { at, is_slot: true, taken_by: None }));
    places.sort_by_key(|place| place.at);
    places.truncate(limit);
    Ok(places)
}

fn place(row: &QueryResult, slots: &HashSet<i64>) -> Result<Place> {
    let at = time(row.try_get("", "due_at")?)?;
    let queued = Queued {
        publication: PublicationId(row.try_get("", "id")?),
        post: PostId(row.try_get("", "post_id")?),
        state: word(&row.try_get::<String>("", "state")?)?,
        excerpt: row.try_get("", "excerpt")?,
    };
    Ok(Place { at, is_slot: slots.contains(&minute(at)), taken_by: Some(queued) })
}
