//! A cap on what goes out on a channel in a day, so that no mistake gets an account banned.

use super::change::{Change, locked_in, schedule_work, set_state_in};
use crate::{
    Store,
    column::ms,
    connection::{Lock, rows_of},
    due::{self, NewWork},
    error::Result,
    together::{self, Queue, Together},
};
use async_trait::async_trait;
use crier_model::{
    ChannelId, PublicationId,
    publication::{PublicationState as State, held},
};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, Value};
use serde_json::Value as Json;
use std::collections::HashMap;

/// In the payload of due work: a person wants it sent although the cap is reached.
pub const OVER_CAP: &str = "over_cap";

pub(super) fn over_cap() -> Json {
    serde_json::json!({ OVER_CAP: true })
}

/// How many of a channel's publications were begun since, other than this one; counted up to `most`.
pub async fn started_since(
    store: &Store,
    channel: ChannelId,
    except: PublicationId,
    since: Timestamp,
    most: u32,
) -> Result<u32> {
    together::ask(store, StartedSince { channel, except, since, most }).await
}

/// Asks how many of a channel's publications were begun.
pub(crate) struct StartedSince {
    channel: ChannelId,
    except: PublicationId,
    since: Timestamp,
    most: u32,
}

#[async_trait]
impl Together for StartedSince {
    type Done = u32;

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().started
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<u32>>> {
        let most = all.iter().map(|asked| asked.most).max().unwrap_or_default();
        let mut values: Vec<Value> = vec![i64::from(most).into()];
        let asked = |Self { channel, except, since, .. }: &Self| [channel.0.into(), ms(*since).into(), except.0.into()];
        let sql = format!(
            "SELECT v.column3 AS id, (SELECT COUNT(*) FROM (SELECT 1 FROM publication WHERE channel_id = v.column1 \
             AND started_at >= v.column2 AND id <> v.column3 LIMIT $1) AS counted) AS started FROM ({}) AS v",
            rows_of(all.iter().map(asked), &mut values)
        );
        let mut started = HashMap::new();
        for row in store.reader().query_all_raw(store.statement(&sql, values)).await? {
            let count = u32::try_from(row.try_get::<i64>("", "started")?).unwrap_or(u32::MAX);
            started.insert(PublicationId(row.try_get("", "id")?), count);
        }
        Ok(all
            .iter()
            .map(|asked| Ok(started.get(&asked.except).copied().unwrap_or_default().min(asked.most)))
            .collect())
    }
}

/// Holds a publication that would be one too many today, and notes to go on at `until`.
///
/// # Errors
/// As [`super::set_state`].
pub async fn hold_over_cap(
    store: &Store,
    id: PublicationId,
    from: &[State],
    until: Timestamp,
    change: Change,
) -> Result<()> {
    let mut tx = store.begin().await?;
    let held = set_state_in(&mut tx, id, from, State::Held, change).await?;
    due::upsert_in(&mut tx, &[NewWork::new(held.workspace, due::kind::RESUME, held.channel, until)]).await?;
    tx.commit().await
}

/// Puts what a channel's cap held back on the schedule, due now, in the order it was due in; returns how many.
pub async fn resume_capped(store: &Store, channel: ChannelId) -> Result<u64> {
    let mut tx = store.begin().await?;
    let lock = tx.locking("SELECT 1 FROM channel WHERE id = $1", Lock::Keep);
    tx.query_one(&lock, [channel.0.into()]).await?;
    let mut capped = locked_in(&tx, channel, &[State::Held]).await?;
    capped.retain(|held| held.reason.as_ref().is_some_and(|reason| reason.code == held::CAP));
    capped.sort_by_key(|held| (held.due_at, held.id));
    let now = tx.now();
    let mut work = Vec::new();
    for (place, publication) in capped.iter().enumerate() {
        // A millisecond each keeps their order.
        let due_at = now + SignedDuration::from_millis(i64::try_from(place).unwrap_or(i64::MAX));
        work.extend(schedule_work(publication.workspace, publication.id, channel, due_at, now));
        let change = Change { due_at: Some(due_at), ..Change::default() };
        let change = change.noting("Scheduled again", "A new day has begun for its channel's cap.");
        set_state_in(&mut tx, publication.id, &[State::Held], State::Scheduled, change).await?;
    }
    due::upsert_in(&mut tx, &work).await?;
    tx.commit().await?;
    Ok(capped.len() as u64)
}
