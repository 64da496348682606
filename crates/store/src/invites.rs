//! Invite links: a person without an account here connects an account of theirs. Only the hash of a link's token is kept.

use crate::{
    Store, Tx,
    column::{from_json, json, maybe_time, ms, time},
    entity::invite,
    error::{Result, StoreError},
    events, workspaces,
};
use crier_model::{InviteId, UserId, WorkspaceId, permission::Permission};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    pub id: InviteId,
    pub workspace: WorkspaceId,
    /// Who asks; the guest is told their name.
    pub created_by: UserId,
    /// What it is called in the workspace; never shown to guests.
    pub name: String,
    /// Ids of the networks one may choose among.
    pub networks: Vec<String>,
    /// Accounts connected by it so far.
    pub uses: u32,
    pub max_uses: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// Whether it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Open,
    Expired,
    UsedUp,
    Revoked,
}

impl Invite {
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked_at.is_some() {
            Standing::Revoked
        } else if self.uses >= self.max_uses {
            Standing::UsedUp
        } else if now >= self.expires_at {
            Standing::Expired
        } else {
            Standing::Open
        }
    }
}

#[derive(Debug, Clone)]
pub struct NewInvite {
    pub workspace: WorkspaceId,
    pub created_by: UserId,
    pub name: String,
    pub token_hash: String,
    pub networks: Vec<String>,
    pub max_uses: u32,
    pub expires_at: Timestamp,
}

pub async fn create(store: &Store, new: NewInvite) -> Result<Invite> {
    let mut tx = store.begin().await?;
    let row = invite::ActiveModel {
        id: Set(InviteId::new().0),
        workspace_id: Set(new.workspace.0),
        created_by: Set(new.created_by.0),
        name: Set(new.name),
        token_hash: Set(new.token_hash),
        networks: Set(json(&new.networks, "networks")?),
        uses: Set(0),
        max_uses: Set(new.max_uses.into()),
        created_at: Set(ms(store.now())),
        expires_at: Set(ms(new.expires_at)),
        revoked_at: Set(None),
    };
    let invite: Invite = row.insert(&tx.inner).await?.try_into()?;
    events::invite_changed(&mut tx, invite.workspace, invite.id);
    tx.commit().await?;
    Ok(invite)
}

/// The invite whose token has this hash, whatever its standing.
pub async fn by_token_hash(store: &Store, token_hash: &str) -> Result<Option<Invite>> {
    let found = invite::Entity::find().filter(invite::Column::TokenHash.eq(token_hash));
    found.one(store.reader()).await?.map(Invite::try_from).transpose()
}

/// An invite by id, in whatever workspace.
pub async fn by_id(store: &Store, id: InviteId) -> Result<Invite> {
    invite::Entity::find_by_id(id.0).one(store.reader()).await?.ok_or(NOT_FOUND)?.try_into()
}

/// A workspace's invites, newest first, the ended ones too.
pub async fn list(store: &Store, workspace: WorkspaceId, limit: u64) -> Result<Vec<Invite>> {
    let rows = invite::Entity::find()
        .filter(invite::Column::WorkspaceId.eq(workspace.0))
        .order_by_desc(invite::Column::Id)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(Invite::try_from).collect()
}

/// Ends an invite: from now on nothing is connected by it. Revoking twice is once.
///
/// # Errors
/// [`StoreError::NotFound`] when the workspace has no such invite.
pub async fn revoke(store: &Store, workspace: WorkspaceId, id: InviteId) -> Result<()> {
    let mut tx = store.begin().await?;
    let sql = "UPDATE invite SET revoked_at = COALESCE(revoked_at, $3) WHERE id = $1 AND workspace_id = $2";
    if tx.execute(sql, [id.0.into(), workspace.0.into(), ms(store.now()).into()]).await? == 0 {
        return Err(NOT_FOUND);
    }
    events::invite_changed(&mut tx, workspace, id);
    tx.commit().await
}

/// Counts an account as connected by an invite, unless it was revoked or used up: then its standing is returned. Of several at
/// once no more get through than there are uses left. An account that was on its way when the invite expired still counts.
pub async fn use_in(tx: &mut Tx, id: InviteId) -> Result<Standing> {
    let sql = "UPDATE invite SET uses = uses + 1 WHERE id = $1 AND revoked_at IS NULL AND uses < max_uses RETURNING workspace_id, created_by";
    if let Some(row) = tx.query_one(sql, [id.0.into()]).await? {
        let workspace = WorkspaceId(row.try_get("", "workspace_id")?);
        let maker = UserId(row.try_get("", "created_by")?);
        events::invite_changed(tx, workspace, id);
        let stands = workspaces::may_in(tx, workspace, maker, Permission::ManageChannels).await?;
        return Ok(if stands { Standing::Open } else { Standing::Revoked });
    }
    let row = tx.query_one("SELECT * FROM invite WHERE id = $1", [id.0.into()]).await?;
    let Some(row) = row else { return Ok(Standing::Revoked) };
    Ok(Invite::try_from(invite::Model::from_query_result(&row, "")?)?.standing(tx.now()))
}

const NOT_FOUND: StoreError = StoreError::NotFound { what: "invite" };

impl TryFrom<invite::Model> for Invite {
    type Error = StoreError;
    fn try_from(row: invite::Model) -> Result<Self> {
        let count = |count: i64| u32::try_from(count).map_err(|_| StoreError::Damaged { what: "count of uses" });
        Ok(Self {
            id: InviteId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            created_by: UserId(row.created_by),
            name: row.name,
            networks: from_json(&row.networks, "networks")?,
            uses: count(row.uses)?,
            max_uses: count(row.max_uses)?,
            created_at: time(row.created_at)?,
            expires_at: time(row.expires_at)?,
            revoked_at: maybe_time(row.revoked_at)?,
        })
    }
}
