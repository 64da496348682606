//! Publications that came to no end in their time, whatever the reason: nothing may wait for ever.

use super::{
    Publication,
    change::{Change, set_state_in, work_of},
};
use crate::{Store, column::ms, due, entity::publication, error::Result};
use crier_model::publication::{PublicationState as State, Reason};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::BTreeSet;

/// Up to `limit` publications that were due before a time and are still on their way, the longest overdue first.
pub async fn overdue(store: &Store, before: Timestamp, limit: u32) -> Result<Vec<Publication>> {
    let sql = "SELECT * FROM publication WHERE state IN ('scheduled', 'preparing', 'sending') AND due_at < $1 \
               ORDER BY due_at LIMIT $2";
    let rows = store.reader().query_all_raw(store.statement(sql, [ms(before).into(), i64::from(limit).into()])).await?;
    rows.iter().map(|row| publication::Model::from_query_result(row, "")?.try_into()).collect()
}

/// Ends a publication that was seen to be overdue, whoever is working on it: they lose their lease.
///
/// # Errors
/// [`crate::StoreError::Stale`] when it has come to another state since.
pub async fn give_up(store: &Store, seen: &Publication, to: State, reason: Reason) -> Result<Publication> {
    let mut tx = store.begin().await?;
    let moved = set_state_in(&mut tx, seen.id, &[seen.state], to, Change::default().because(reason)).await?;
    let work = work_of(std::iter::once(seen.id));
    due::remove_in(&mut tx, &work, &BTreeSet::from([seen.channel.0])).await?;
    tx.commit().await?;
    Ok(moved)
}
