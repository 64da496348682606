//! Everything that is sealed, under which keys, and sealing it again under the current one.

use crate::{Store, error::Result};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// Every sealed column, as table and field. Sealing anywhere else is refused in tests, so that a rotation can't pass one over.
/// Each table has its row's id in `id`.
pub(crate) const PLACES: &[(&str, &str)] = &[
    ("app", "bot_token"),
    ("app", "client_secret"),
    ("channel", "credentials"),
    ("connect_attempt", "parked"),
    ("connect_attempt", "pkce_verifier"),
    ("connect_grant", "credentials"),
    ("webhook", "secret"),
];

/// How many values of a column are sealed under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// `table.field`.
    pub place: String,
    /// See [`crate::SecretKey::id`].
    pub key: String,
    pub values: u64,
}

/// Everything sealed, by column and key.
pub async fn count(store: &Store) -> Result<Vec<Count>> {
    let mut counts = Vec::new();
    for (table, field) in PLACES {
        // An envelope is `v1.KEY.…`, the key's id being 8 characters.
        let sql = format!(
            "SELECT substr({field}, 4, 8) AS sealing, COUNT(*) AS n FROM {table} WHERE {field} IS NOT NULL \
             GROUP BY substr({field}, 4, 8) ORDER BY 1"
        );
        for row in store.reader().query_all_raw(store.statement(&sql, [])).await? {
            let values: i64 = row.try_get("", "n")?;
            let place = format!("{table}.{field}");
            counts.push(Count { place, key: row.try_get("", "sealing")?, values: values.unsigned_abs() });
        }
    }
    Ok(counts)
}

/// How far sealing again has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Sealed again.
    pub resealed: u64,
    /// Changed by somebody else meanwhile, and so left to them.
    pub left: u64,
    /// Under a key that is not known, or damaged: as they were.
    pub unreadable: u64,
}

/// Goes once through everything that is not sealed under the current key and seals it again, `batch` values in a transaction,
/// so that others get their turn. What was done stays done when it is broken off; begun anew, it goes on from there. `told`
/// after each batch.
///
/// A value that somebody else changes at the same moment is theirs: the row is only written while it is what was read.
pub async fn reseal(store: &Store, batch: u64, mut told: impl FnMut(Progress)) -> Result<Progress> {
    let mut progress = Progress::default();
    for &(table, field) in PLACES {
        let mut after = None;
        loop {
            after = reseal_batch(store, table, field, after, batch, &mut progress).await?;
            told(progress);
            if after.is_none() {
                break;
            }
        }
    }
    Ok(progress)
}

/// Returns the last row looked at; none when there are no more.
async fn reseal_batch(
    store: &Store,
    table: &'static str,
    field: &'static str,
    after: Option<Uuid>,
    batch: u64,
    progress: &mut Progress,
) -> Result<Option<Uuid>> {
    let current = format!("v1.{}.%", store.sealing_key()?);
    let sql = format!(
        "SELECT id, {field} AS sealed FROM {table} WHERE {field} IS NOT NULL AND {field} NOT LIKE $1 AND id > $2 \
         ORDER BY id LIMIT {batch}"
    );
    let from = after.unwrap_or(Uuid::nil());
    let rows = store.reader().query_all_raw(store.statement(&sql, [current.into(), from.into()])).await?;
    let mut last = None;
    let mut changes = Vec::new();
    for row in &rows {
        let (id, sealed): (Uuid, String) = (row.try_get("", "id")?, row.try_get("", "sealed")?);
        last = Some(id);
        match store.open(table, id, field, &sealed) {
            Ok(secret) => changes.push((id, store.seal(table, id, field, &secret)?, sealed)),
            Err(error) => {
                tracing::warn!(table, field, %id, %error, "a sealed value could not be sealed again");
                progress.unreadable += 1;
            }
        }
    }
    let tx = store.begin().await?;
    let sql = format!("UPDATE {table} SET {field} = $2 WHERE id = $1 AND {field} = $3");
    for (id, new, old) in changes {
        match tx.execute(&sql, [id.into(), new.into(), old.into()]).await? {
            0 => progress.left += 1,
            _ => progress.resealed += 1,
        }
    }
    tx.commit().await?;
    Ok(last)
}
