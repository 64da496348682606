//! Notices: what people are told. A notice is written in the transaction of what it is about, with the due work of handing it
//! on, so that there is exactly one for an occasion however many nodes see it.

use crate::{
    Store, Tx,
    column::{from_json, json, ms, time, word},
    due::{self, Fence, NewWork},
    entity::notice,
    error::{Result, StoreError},
    events,
    publications::Publication,
    webhooks,
};
use crier_model::{
    ChannelId, Diagnosis, NoticeId, PostId, UserId, WorkspaceId,
    notice::{Choices, NoticeKind},
    publication::{PublicationState as State, held},
};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};
use serde::{Deserialize, Serialize};

/// A post that is due on the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPost {
    pub post: PostId,
    /// The first words.
    pub excerpt: String,
    pub due_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: NoticeId,
    pub workspace: WorkspaceId,
    pub kind: NoticeKind,
    pub channel: ChannelId,
    /// None where it is about the channel as a whole.
    pub post: Option<PostId>,
    pub title: String,
    /// Why, in plain words.
    pub text: String,
    /// What is due next on the channel and hangs on it, the first due first; at most [`NEXT_SHOWN`].
    pub next: Vec<NextPost>,
    pub created_at: Timestamp,
}

/// A notice to be written.
#[derive(Debug, Clone)]
pub struct NewNotice {
    pub workspace: WorkspaceId,
    /// What it is about, and which time: a second notice of the same occasion is not written.
    pub occasion: String,
    pub kind: NoticeKind,
    pub channel: ChannelId,
    pub post: Option<PostId>,
    pub title: String,
    pub text: String,
}

/// How many posts that are due next a notice tells.
pub const NEXT_SHOWN: u64 = 5;

/// Writes a notice, unless this occasion has one; true when it was written.
pub async fn write_in(tx: &mut Tx, new: NewNotice) -> Result<bool> {
    let next = match new.post {
        Some(_) => Vec::new(),
        None => next_on(tx, new.channel).await?,
    };
    let id = NoticeId::new();
    let sql = "INSERT INTO notice (id, workspace_id, occasion, kind, channel_id, post_id, title, text, next, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (workspace_id, occasion) DO NOTHING";
    let values: [Value; 10] = [
        id.0.into(),
        new.workspace.0.into(),
        new.occasion.into(),
        new.kind.as_str().into(),
        new.channel.0.into(),
        new.post.map(|post| post.0).into(),
        new.title.into(),
        new.text.into(),
        json(&next, "posts")?.into(),
        ms(tx.now()).into(),
    ];
    if tx.execute(sql, values).await? == 0 {
        return Ok(false);
    }
    let data = serde_json::json!({ "notice_id": id, "kind": new.kind });
    events::append(tx, new.workspace, events::kind::NOTICE_NEW, id, data);
    due::upsert_in(tx, &[NewWork::new(new.workspace, due::kind::NOTICE, id, tx.now())]).await?;
    Ok(true)
}

async fn next_on(tx: &Tx, channel: ChannelId) -> Result<Vec<NextPost>> {
    let sql = "SELECT p.post_id, p.due_at, t.excerpt FROM publication p JOIN post t ON t.id = p.post_id \
               WHERE p.channel_id = $1 AND p.state IN ('scheduled', 'preparing') AND p.due_at IS NOT NULL \
               ORDER BY p.due_at, p.id LIMIT $2";
    let rows = tx.query_all(sql, [channel.0.into(), i64::try_from(NEXT_SHOWN).unwrap_or(i64::MAX).into()]).await?;
    let next = |row: &sea_orm::QueryResult| {
        Ok(NextPost {
            post: PostId(row.try_get("", "post_id")?),
            excerpt: row.try_get("", "excerpt")?,
            due_at: time(row.try_get("", "due_at")?)?,
        })
    };
    rows.iter().map(next).collect()
}

/// Tells of a channel whose sign-in the network no longer takes.
pub(crate) async fn needs_reconnect_in(
    tx: &mut Tx,
    workspace: WorkspaceId,
    channel: ChannelId,
    reason: Option<&Diagnosis>,
) -> Result<()> {
    let sql = "SELECT name, credentials_version FROM channel WHERE id = $1";
    let Some(row) = tx.query_one(sql, [channel.0.into()]).await? else { return Ok(()) };
    let (name, version): (String, i64) = (row.try_get("", "name")?, row.try_get("", "credentials_version")?);
    let text = match reason {
        Some(reason) => format!("{} Reconnect it: its posts are held, not lost.", reason.cause),
        None => "The network no longer takes its sign-in. Reconnect it: its posts are held, not lost.".to_owned(),
    };
    let new = NewNotice {
        workspace,
        occasion: format!("reconnect {channel} {version}"),
        kind: NoticeKind::ChannelReconnect,
        channel,
        post: None,
        title: format!("{name} needs reconnecting"),
        text,
    };
    write_in(tx, new).await.map(drop)
}

/// Tells of a publication that came to a state in which people are wanted.
pub(crate) async fn publication_in(tx: &mut Tx, publication: &Publication) -> Result<()> {
    let code = publication.reason.as_ref().map_or("", |reason| reason.code.as_str());
    let (kind, what) = match publication.state {
        State::Failed => (NoticeKind::PublicationFailed, "was not published"),
        State::Unconfirmed => (NoticeKind::PublicationUnconfirmed, "may or may not be published"),
        State::Held if code == held::MISSED => (NoticeKind::PublicationMissed, "missed its time"),
        // Whoever switched the channel off knows.
        State::Held if code == held::PAUSED => return Ok(()),
        State::Held => (NoticeKind::PublicationHeld, "is held"),
        State::Scheduled if code.starts_with("early.") => {
            (NoticeKind::PublicationAtRisk, "will not go out as it stands")
        }
        _ => return Ok(()),
    };
    let sql = "SELECT c.name, t.excerpt FROM channel c, post t WHERE c.id = $1 AND t.id = $2";
    let row = tx.query_one(sql, [publication.channel.0.into(), publication.post.0.into()]).await?;
    let Some(row) = row else { return Ok(()) };
    let (name, excerpt): (String, String) = (row.try_get("", "name")?, row.try_get("", "excerpt")?);
    let excerpt = if excerpt.is_empty() { "A post".to_owned() } else { format!("“{excerpt}”") };
    // A cap holds many at once: one notice a day tells of all of them.
    let occasion = match code {
        held::CAP => format!("cap {} {}", publication.channel, tx.now().as_second() / 86_400),
        _ => format!("publication {} {}", publication.id, publication.version),
    };
    let new = NewNotice {
        workspace: publication.workspace,
        occasion,
        kind,
        channel: publication.channel,
        post: Some(publication.post),
        title: format!("{excerpt} {what} on {name}"),
        text: publication.reason.as_ref().map_or_else(String::new, |reason| reason.message.clone()),
    };
    write_in(tx, new).await.map(drop)
}

/// A notice by id, in whatever workspace.
pub async fn by_id(store: &Store, id: NoticeId) -> Result<Notice> {
    let found = notice::Entity::find_by_id(id.0).one(store.reader()).await?;
    found.ok_or(StoreError::NotFound { what: "notice" })?.try_into()
}

/// A notice of this workspace.
pub async fn get(store: &Store, workspace: WorkspaceId, id: NoticeId) -> Result<Notice> {
    let found = notice::Entity::find_by_id(id.0).filter(notice::Column::WorkspaceId.eq(workspace.0));
    found.one(store.reader()).await?.ok_or(StoreError::NotFound { what: "notice" })?.try_into()
}

/// How many notices of these kinds there are after one, or at all; counted up to `most`.
pub async fn count_after(
    store: &Store,
    workspace: WorkspaceId,
    kinds: &[NoticeKind],
    after: Option<NoticeId>,
    most: u64,
) -> Result<u64> {
    let mut query = notice::Entity::find()
        .select_only()
        .column(notice::Column::Id)
        .filter(notice::Column::WorkspaceId.eq(workspace.0))
        .filter(notice::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())));
    if let Some(after) = after {
        query = query.filter(notice::Column::Id.gt(after.0));
    }
    let ids =
        query.order_by_desc(notice::Column::Id).limit(most).into_tuple::<uuid::Uuid>().all(store.reader()).await?;
    Ok(ids.len() as u64)
}

/// A workspace's notices of these kinds, newest first, older than `before` where it is given.
pub async fn list(
    store: &Store,
    workspace: WorkspaceId,
    kinds: &[NoticeKind],
    before: Option<NoticeId>,
    limit: u64,
) -> Result<Vec<Notice>> {
    let mut query = notice::Entity::find()
        .filter(notice::Column::WorkspaceId.eq(workspace.0))
        .filter(notice::Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())));
    if let Some(before) = before {
        query = query.filter(notice::Column::Id.lt(before.0));
    }
    let rows = query.order_by_desc(notice::Column::Id).limit(limit).all(store.reader()).await?;
    rows.into_iter().map(Notice::try_from).collect()
}

/// The last notice a person has seen in a workspace.
pub async fn seen(store: &Store, workspace: WorkspaceId, user: UserId) -> Result<Option<NoticeId>> {
    let sql = "SELECT seen FROM notice_reader WHERE workspace_id = $1 AND user_id = $2";
    let row = store.reader().query_one_raw(store.statement(sql, [workspace.0.into(), user.0.into()])).await?;
    row.map(|row| Ok(NoticeId(row.try_get("", "seen")?))).transpose()
}

/// Notes that a person has seen everything up to a notice; never goes back.
pub async fn set_seen(store: &Store, workspace: WorkspaceId, user: UserId, up_to: NoticeId) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "INSERT INTO notice_reader (workspace_id, user_id, seen) VALUES ($1, $2, $3) \
               ON CONFLICT (workspace_id, user_id) DO UPDATE SET seen = excluded.seen \
               WHERE excluded.seen > notice_reader.seen";
    tx.execute(sql, [workspace.0.into(), user.0.into(), up_to.0.into()]).await?;
    tx.commit().await
}

/// What a person wants to be told, and how.
pub async fn choices(store: &Store, user: UserId) -> Result<Choices> {
    let sql = "SELECT choices FROM notice_choices WHERE user_id = $1";
    let row = store.reader().query_one_raw(store.statement(sql, [user.0.into()])).await?;
    match row {
        Some(row) => from_json(&row.try_get::<String>("", "choices")?, "choices"),
        None => Ok(Choices::default()),
    }
}

pub async fn set_choices(store: &Store, user: UserId, choices: &Choices) -> Result<()> {
    let tx = store.begin().await?;
    let sql = "INSERT INTO notice_choices (user_id, choices) VALUES ($1, $2) \
               ON CONFLICT (user_id) DO UPDATE SET choices = excluded.choices";
    tx.execute(sql, [user.0.into(), json(choices, "choices")?.into()]).await?;
    tx.commit().await
}

/// Hands a notice on, under the lease of its work: a mail to each person who wants one, if `by_mail`, and a call to the
/// workspace's webhook, if there is one for its kind. All of it is written, or nothing.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more.
pub async fn hand_on(store: &Store, fence: Fence, notice: &Notice, body: &str, by_mail: bool) -> Result<()> {
    let mut tx = store.begin().await?;
    due::hold_in(&tx, fence).await?;
    let mut work = Vec::new();
    if by_mail {
        let sql = "SELECT m.user_id, c.choices FROM member m LEFT JOIN notice_choices c ON c.user_id = m.user_id \
                   WHERE m.workspace_id = $1 ORDER BY m.user_id";
        for row in tx.query_all(sql, [notice.workspace.0.into()]).await? {
            let choices: Option<String> = row.try_get("", "choices")?;
            let choices = choices.map(|text| from_json::<Choices>(&text, "choices")).transpose()?.unwrap_or_default();
            if choices.ways(notice.kind).mail {
                let user = UserId(row.try_get("", "user_id")?);
                let subject = format!("{}:{user}", notice.id);
                work.push(NewWork::new(notice.workspace, due::kind::MAIL, subject, tx.now()));
            }
        }
    }
    work.extend(webhooks::deliver_in(&mut tx, notice, body).await?);
    due::upsert_in(&mut tx, &work).await?;
    due::finish_in(&mut tx, fence).await?;
    tx.commit().await
}

/// Forgets a workspace's notices from before a time; returns how many.
pub async fn forget_before(store: &Store, workspace: WorkspaceId, before: Timestamp) -> Result<u64> {
    let tx = store.begin().await?;
    let values = || [workspace.0.into(), ms(before).into()];
    let gone = tx.execute("DELETE FROM notice WHERE workspace_id = $1 AND created_at < $2", values()).await?;
    tx.execute("DELETE FROM webhook_delivery WHERE workspace_id = $1 AND created_at < $2", values()).await?;
    tx.commit().await?;
    Ok(gone)
}

impl TryFrom<notice::Model> for Notice {
    type Error = StoreError;
    fn try_from(row: notice::Model) -> Result<Self> {
        Ok(Self {
            id: NoticeId(row.id),
            workspace: WorkspaceId(row.workspace_id),
            kind: word(&row.kind)?,
            channel: ChannelId(row.channel_id),
            post: row.post_id.map(PostId),
            title: row.title,
            text: row.text,
            next: from_json(&row.next, "posts")?,
            created_at: time(row.created_at)?,
        })
    }
}
