//! Pairings: the browser extension that may bring a channel new cookies. A channel has one at most, and of its token only the hash
//! is kept.

use crate::{
    Store, Tx,
    column::{ms, time},
    error::Result,
};
use crier_model::ChannelId;
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    pub channel: ChannelId,
    /// When it last brought cookies.
    pub used_at: Timestamp,
    /// From when on it brings nothing any more.
    pub expires_at: Timestamp,
}

/// Gives a channel its pairing, in the transaction that connects it; without one it has none from now on. Whatever it had before
/// ends: a channel that was connected anew is not to be given the cookies of before.
pub async fn settle_in(tx: &Tx, channel: ChannelId, pairing: Option<(&str, Timestamp)>) -> Result<()> {
    end_in(tx, channel).await?;
    let Some((token_hash, expires_at)) = pairing else { return Ok(()) };
    let sql = "INSERT INTO extension_pairing (channel_id, token_hash, created_at, used_at, expires_at) \
               VALUES ($1, $2, $3, $3, $4)";
    tx.execute(sql, [channel.0.into(), token_hash.into(), ms(tx.now()).into(), ms(expires_at).into()]).await?;
    Ok(())
}

/// The pairing whose token has this hash, unless its time is over.
pub async fn by_token_hash(store: &Store, token_hash: &str) -> Result<Option<Pairing>> {
    let sql = "SELECT channel_id, used_at, expires_at FROM extension_pairing WHERE token_hash = $1 AND expires_at > $2";
    let statement = store.statement(sql, [token_hash.into(), ms(store.now()).into()]);
    let Some(row) = store.reader().query_one_raw(statement).await? else { return Ok(None) };
    Ok(Some(Pairing {
        channel: ChannelId(row.try_get("", "channel_id")?),
        used_at: time(row.try_get("", "used_at")?)?,
        expires_at: time(row.try_get("", "expires_at")?)?,
    }))
}

/// Notes in the transaction that stores its cookies that a pairing was used, which gives it more time. False when it has ended
/// meanwhile, by a deleted channel for example: then nothing may be stored.
pub async fn use_in(tx: &Tx, channel: ChannelId, token_hash: &str, expires_at: Timestamp) -> Result<bool> {
    let sql = "UPDATE extension_pairing SET used_at = $3, expires_at = $4 \
               WHERE channel_id = $1 AND token_hash = $2 AND expires_at > $3";
    let values = [channel.0.into(), token_hash.into(), ms(tx.now()).into(), ms(expires_at).into()];
    Ok(tx.execute(sql, values).await? > 0)
}

/// Ends the pairing of a token. Ending it twice is once.
pub async fn end(store: &Store, token_hash: &str) -> Result<()> {
    let tx = store.begin().await?;
    tx.execute("DELETE FROM extension_pairing WHERE token_hash = $1", [token_hash.into()]).await?;
    tx.commit().await
}

/// Ends a channel's pairing, if it has one.
pub(crate) async fn end_in(tx: &Tx, channel: ChannelId) -> Result<()> {
    tx.execute("DELETE FROM extension_pairing WHERE channel_id = $1", [channel.0.into()]).await?;
    Ok(())
}
