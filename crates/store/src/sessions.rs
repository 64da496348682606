//! Signed-in browsers. Only the hash of a session's token is kept.

use crate::{
    Store,
    column::{ms, time},
    entity::{session, user},
    error::{Result, StoreError},
    users::User,
};
use crier_model::{SessionId, UserId};
use jiff::Timestamp;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub user_agent: String,
}

/// Opens a session for a token of which only this hash is kept.
pub async fn create(
    store: &Store,
    user: UserId,
    token_hash: &str,
    expires_at: Timestamp,
    user_agent: &str,
) -> Result<Session> {
    let tx = store.begin().await?;
    let now = ms(store.now());
    let row = session::ActiveModel {
        id: Set(SessionId::new().0),
        token_hash: Set(token_hash.to_owned()),
        user_id: Set(user.0),
        created_at: Set(now),
        expires_at: Set(ms(expires_at)),
        last_seen_at: Set(now),
        user_agent: Set(user_agent.to_owned()),
    };
    let session = row.insert(&tx.inner).await?.try_into()?;
    tx.commit().await?;
    Ok(session)
}

/// The session that has not expired and whose it is.
pub async fn by_token_hash(store: &Store, token_hash: &str) -> Result<Option<(Session, User)>> {
    let Some(session) = session::Entity::find()
        .filter(session::Column::TokenHash.eq(token_hash))
        .filter(session::Column::ExpiresAt.gt(ms(store.now())))
        .one(store.reader())
        .await?
    else {
        return Ok(None);
    };
    let user = user::Entity::find_by_id(session.user_id).one(store.reader()).await?;
    user.map(|user| Ok((session.try_into()?, user.try_into()?))).transpose()
}

/// Notes that the session was used, and until when it lasts now. Call it sparingly: it is a write.
pub async fn touch(store: &Store, id: SessionId, expires_at: Timestamp) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "UPDATE session SET last_seen_at = $2, expires_at = $3 WHERE id = $1";
    tx.execute(sql, [id.0.into(), ms(store.now()).into(), ms(expires_at).into()]).await?;
    tx.commit().await
}

/// A user's sessions that have not expired, the last used first.
pub async fn list(store: &Store, user: UserId) -> Result<Vec<Session>> {
    let rows = session::Entity::find()
        .filter(session::Column::UserId.eq(user.0))
        .filter(session::Column::ExpiresAt.gt(ms(store.now())))
        .order_by_desc(session::Column::LastSeenAt)
        .all(store.reader())
        .await?;
    rows.into_iter().map(Session::try_from).collect()
}

/// Ends a session of this user.
///
/// # Errors
/// [`StoreError::NotFound`] when it is not theirs or has ended.
pub async fn revoke(store: &Store, user: UserId, id: SessionId) -> Result<()> {
    let tx = store.begin().await?;
    let gone = tx.execute("DELETE FROM session WHERE id = $1 AND user_id = $2", [id.0.into(), user.0.into()]).await?;
    tx.commit().await?;
    if gone == 0 { Err(StoreError::NotFound { what: "session" }) } else { Ok(()) }
}

/// Ends every session of a user except one, for example after a change of password; returns how many.
pub async fn revoke_others(store: &Store, user: UserId, keep: Option<SessionId>) -> Result<u64> {
    let tx = store.begin().await?;
    let keep = keep.map_or(uuid::Uuid::nil(), |id| id.0);
    let gone = tx.execute("DELETE FROM session WHERE user_id = $1 AND id <> $2", [user.0.into(), keep.into()]).await?;
    tx.commit().await?;
    Ok(gone)
}

/// Forgets sessions that have expired; returns how many.
pub async fn forget_expired(store: &Store) -> Result<u64> {
    let tx = store.begin().await?;
    let gone = tx.execute("DELETE FROM session WHERE expires_at <= $1", [ms(store.now()).into()]).await?;
    tx.commit().await?;
    Ok(gone)
}

impl TryFrom<session::Model> for Session {
    type Error = StoreError;
    fn try_from(row: session::Model) -> Result<Self> {
        Ok(Self {
            id: SessionId(row.id),
            user: UserId(row.user_id),
            created_at: time(row.created_at)?,
            expires_at: time(row.expires_at)?,
            last_seen_at: time(row.last_seen_at)?,
            user_agent: row.user_agent,
        })
    }
}
