//! A workspace's webhook: where its notices are sent, and the log of the calls.

use crate::{
    Store, Tx,
    column::{from_json, json, maybe_time, ms, time, word},
    due::{self, Fence, NewWork},
    entity::{webhook, webhook_delivery},
    error::{Result, StoreError},
    events,
    notices::Notice,
};
use crier_model::{DeliveryId, NoticeId, Secret, WorkspaceId, notice::NoticeKind};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value,
};
use uuid::Uuid;

const TABLE: &str = "webhook";
const SECRET: &str = "secret";

#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    pub workspace: WorkspaceId,
    pub url: String,
    /// Signs each call.
    pub secret: Secret,
    /// What is sent to it.
    pub kinds: Vec<NoticeKind>,
    pub updated_at: Timestamp,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for DeliveryState {
    type Err = crier_model::permission::UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Pending, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| crier_model::permission::UnknownWord { what: "state of a delivery", word: s.to_owned() })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub workspace: WorkspaceId,
    /// None for a test.
    pub notice: Option<NoticeId>,
    /// The `type` of its body.
    pub kind: String,
    pub body: String,
    pub state: DeliveryState,
    pub tries: u32,
    /// What came of the last try, in words.
    pub said: String,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// The workspace's webhook.
pub async fn get(store: &Store, workspace: WorkspaceId) -> Result<Option<Webhook>> {
    let found =
        webhook::Entity::find().filter(webhook::Column::WorkspaceId.eq(workspace.0)).one(store.reader()).await?;
    found.map(|row| read(store, row)).transpose()
}

fn read(store: &Store, row: webhook::Model) -> Result<Webhook> {
    Ok(Webhook {
        workspace: WorkspaceId(row.workspace_id),
        secret: store.open(TABLE, row.id, SECRET, &row.secret)?,
        url: row.url,
        kinds: from_json(&row.kinds, "kinds")?,
        updated_at: time(row.updated_at)?,
    })
}

/// Sets the workspace's webhook; its secret too, where one is given. The first one needs a secret.
///
/// # Errors
/// [`StoreError::NotFound`] without a secret where there is none yet.
pub async fn set(
    store: &Store,
    workspace: WorkspaceId,
    url: &str,
    secret: Option<&Secret>,
    kinds: &[NoticeKind],
) -> Result<Webhook> {
    let mut tx = store.begin().await?;
    let sql = "SELECT id, secret FROM webhook WHERE workspace_id = $1";
    let before = tx.query_one(&tx.locking(sql, crate::connection::Lock::Change), [workspace.0.into()]).await?;
    let (id, kept): (Uuid, Option<String>) = match before {
        Some(row) => (row.try_get("", "id")?, Some(row.try_get("", "secret")?)),
        None => (Uuid::now_v7(), None),
    };
    let sealed = match (secret, kept) {
        (Some(secret), _) => store.seal(TABLE, id, SECRET, secret)?,
        (None, Some(kept)) => kept,
        (None, None) => return Err(StoreError::NotFound { what: "webhook" }),
    };
    let sql = "INSERT INTO webhook (id, workspace_id, url, secret, kinds, updated_at) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (workspace_id) DO UPDATE SET url = excluded.url, secret = excluded.secret, \
               kinds = excluded.kinds, updated_at = excluded.updated_at";
    let values: [Value; 6] = [
        id.into(),
        workspace.0.into(),
        url.into(),
        sealed.into(),
        json(&kinds, "kinds")?.into(),
        ms(store.now()).into(),
    ];
    tx.execute(sql, values).await?;
    changed(&mut tx, workspace);
    tx.commit().await?;
    get(store, workspace).await?.ok_or(StoreError::NotFound { what: "webhook" })
}

/// Takes the webhook away. What has not been delivered is given up.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn remove(store: &Store, workspace: WorkspaceId) -> Result<()> {
    let mut tx = store.begin().await?;
    if tx.execute("DELETE FROM webhook WHERE workspace_id = $1", [workspace.0.into()]).await? == 0 {
        return Err(StoreError::NotFound { what: "webhook" });
    }
    changed(&mut tx, workspace);
    tx.commit().await
}

fn changed(tx: &mut Tx, workspace: WorkspaceId) {
    events::append(tx, workspace, events::kind::WEBHOOK_CHANGED, workspace, serde_json::json!({}));
}

/// The call for a notice, where the workspace has a webhook for its kind.
pub(crate) async fn deliver_in(tx: &mut Tx, notice: &Notice, body: &str) -> Result<Option<NewWork>> {
    let sql = "SELECT kinds FROM webhook WHERE workspace_id = $1";
    let Some(row) = tx.query_one(sql, [notice.workspace.0.into()]).await? else { return Ok(None) };
    let kinds: Vec<NoticeKind> = from_json(&row.try_get::<String>("", "kinds")?, "kinds")?;
    if !kinds.contains(&notice.kind) {
        return Ok(None);
    }
    let kind = notice.kind.as_str();
    Ok(Some(add_in(tx, notice.workspace, Some(notice.id), kind, body).await?.1))
}

/// A call that tells nothing, to try the webhook out.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no webhook.
pub async fn test(store: &Store, workspace: WorkspaceId, body: impl FnOnce(DeliveryId) -> String) -> Result<Delivery> {
    let mut tx = store.begin().await?;
    if tx.query_one("SELECT 1 FROM webhook WHERE workspace_id = $1", [workspace.0.into()]).await?.is_none() {
        return Err(StoreError::NotFound { what: "webhook" });
    }
    let id = DeliveryId::new();
    let (delivery, work) = insert_in(&mut tx, id, workspace, None, "test", &body(id)).await?;
    due::upsert_in(&mut tx, &[work]).await?;
    tx.commit().await?;
    Ok(delivery)
}

async fn add_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    notice: Option<NoticeId>,
    kind: &str,
    body: &str,
) -> Result<(Delivery, NewWork)> {
    insert_in(tx, DeliveryId::new(), workspace, notice, kind, body).await
}

async fn insert_in(
    tx: &mut Tx,
    id: DeliveryId,
    workspace: WorkspaceId,
    notice: Option<NoticeId>,
    kind: &str,
    body: &str,
) -> Result<(Delivery, NewWork)> {
    let row = webhook_delivery::ActiveModel {
        id: Set(id.0),
        workspace_id: Set(workspace.0),
        notice_id: Set(notice.map(|notice| notice.0)),
        kind: Set(kind.to_owned()),
        body: Set(body.to_owned()),
        state: Set(DeliveryState::Pending.as_str().to_owned()),
        tries: Set(0),
        said: Set(String::new()),
        created_at: Set(ms(tx.now())),
        ended_at: Set(None),
    };
    let delivery = row.insert(&tx.inner).await?.try_into()?;
    changed(tx, workspace);
    Ok((delivery, NewWork::new(workspace, due::kind::WEBHOOK, id, tx.now())))
}

/// A call by id, in whatever workspace.
pub async fn delivery(store: &Store, id: DeliveryId) -> Result<Delivery> {
    let found = webhook_delivery::Entity::find_by_id(id.0).one(store.reader()).await?;
    found.ok_or(StoreError::NotFound { what: "delivery" })?.try_into()
}

/// A workspace's calls, newest first.
pub async fn deliveries(store: &Store, workspace: WorkspaceId, limit: u64) -> Result<Vec<Delivery>> {
    let rows = webhook_delivery::Entity::find()
        .filter(webhook_delivery::Column::WorkspaceId.eq(workspace.0))
        .order_by_desc(webhook_delivery::Column::Id)
        .limit(limit)
        .all(store.reader())
        .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Records a try under the lease of its work: `again` is when to try once more, none when this was the last.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn tried(
    store: &Store,
    fence: Fence,
    delivery: &Delivery,
    state: DeliveryState,
    said: &str,
    again: Option<Timestamp>,
) -> Result<()> {
    let mut tx = store.begin().await?;
    let sql = "UPDATE webhook_delivery SET state = $2, tries = tries + 1, said = $3, ended_at = $4 WHERE id = $1";
    let ended = (state != DeliveryState::Pending).then(|| ms(tx.now()));
    tx.execute(sql, [delivery.id.0.into(), state.as_str().into(), said.into(), ended.into()]).await?;
    match again {
        Some(at) => due::release_in(&mut tx, fence, at, None).await?,
        None => due::finish_in(&mut tx, fence).await?,
    }
    changed(&mut tx, delivery.workspace);
    tx.commit().await
}

impl TryFrom<webhook_delivery::Model> for Delivery {
    type Error = StoreError;
    fn try_from(row: webhook_delivery::Model) -> Result<Self> {
        Ok(Self {
            id: DeliveryId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            notice: row.notice_id.map(NoticeId),
            kind: row.kind,
            body: row.body,
            state: word(&row.state)?,
            tries: u32::try_from(row.tries).map_err(|_| StoreError::Damaged { what: "count of tries" })?,
            said: row.said,
            created_at: time(row.created_at)?,
            ended_at: maybe_time(row.ended_at)?,
        })
    }
}
