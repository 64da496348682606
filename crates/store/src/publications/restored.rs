//! What a restored backup must not send by itself.

use super::{
    Publication,
    change::{Change, set_state_in, work_of},
};
use crate::{Store, column::ms, connection::Lock, due, entity::publication, error::Result, plugs};
use crier_model::publication::{PublicationState as State, Reason, held};
use sea_orm::FromQueryResult;

/// How many are held in one transaction.
const CHUNK: u32 = 500;

/// Holds every publication that is due by now, or was being sent: it may have gone out after the backup was made. Returns how
/// many there were.
pub async fn hold_restored(store: &Store) -> Result<u64> {
    let message = "It was due after the backup was made, and may have been sent. Look for it on the network, then send or cancel it.";
    let reason = Reason::new(held::RESTORED, "Waits after a restore", message);
    let sql = format!(
        "SELECT * FROM publication WHERE state = 'sending' OR state IN ('scheduled', 'preparing') AND due_at <= $1 \
         ORDER BY id LIMIT {CHUNK}"
    );
    let mut count = 0;
    loop {
        let mut tx = store.begin().await?;
        let rows = tx.query_all(&tx.locking(&sql, Lock::Change), [ms(tx.now()).into()]).await?;
        let found = rows
            .iter()
            .map(|row| publication::Model::from_query_result(row, "")?.try_into())
            .collect::<Result<Vec<Publication>>>()?;
        if found.is_empty() {
            plugs::drop_restored_in(&mut tx).await?;
            tx.commit().await?;
            return Ok(count);
        }
        let lanes = found.iter().map(|publication| publication.channel.0).collect();
        due::remove_in(&mut tx, &work_of(found.iter().map(|publication| publication.id)), &lanes).await?;
        for publication in &found {
            let change = Change::default().because(reason.clone());
            set_state_in(&mut tx, publication.id, &[publication.state], State::Held, change).await?;
        }
        tx.commit().await?;
        count += found.len() as u64;
    }
}
