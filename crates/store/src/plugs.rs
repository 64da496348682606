//! Plugs: the rules of channels, and what is done to each published post by itself, each at most once: a row with a unique key.
//!
//! A plug is written in the transaction in which its publication becomes published. One that waits for likes is looked at by work of
//! its publication; once there are enough, or at its time, it is work of the channel that does it.

use crate::{
    Store, Tx,
    column::{from_json, json, maybe_from_json, maybe_json, maybe_time, ms, time, word},
    connection::{Lock, marks},
    due::{self, Fence, NewWork},
    error::{Result, StoreError},
    events,
    publications::{self, Publication},
};
use crier_model::{
    ChannelId, Document, PlugId, PublicationId, WorkspaceId,
    plug::{Act, Following, PlugState as State, Rule},
    publication::Reason,
};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use std::collections::{BTreeSet, HashMap};

/// What is done to one published post by itself, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plug {
    pub id: PlugId,
    pub workspace: WorkspaceId,
    /// The post that it is done to.
    pub publication: PublicationId,
    /// The channel that does it.
    pub channel: ChannelId,
    pub act: Act,
    /// How many likes it waits for, or has waited for; none where it waits for a time.
    pub likes: Option<u32>,
    /// What a comment says.
    pub body: Option<Document>,
    pub state: State,
    /// Why it waits, failed or is not done any more.
    pub reason: Option<Reason>,
    pub due_at: Option<Timestamp>,
    /// The network's id of what was made.
    pub remote_id: Option<String>,
    /// Where people see it.
    pub url: Option<String>,
    pub done_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// What came of a plug in the end.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Done { remote_id: String, url: Option<String> },
    Unconfirmed(Reason),
    Failed(Reason),
    Dropped(Reason),
}

/// A publication that becomes published.
pub(crate) struct Out<'a> {
    pub publication: Publication,
    /// When its likes are first looked at, where the network tells them.
    pub likes_at: Option<Timestamp>,
    pub following: &'a [Following],
}

pub(crate) const NOT_FOUND: StoreError = StoreError::NotFound { what: "plug" };

/// The rules of a channel, as they were last set: none that was never set.
///
/// # Errors
/// [`StoreError::NotFound`] when the workspace has no such channel.
pub async fn rules(store: &Store, workspace: WorkspaceId, channel: ChannelId) -> Result<Vec<Rule>> {
    let sql = "SELECT c.id, p.act, p.enabled, p.likes, p.body FROM channel c LEFT JOIN channel_plug p ON p.channel_id = c.id \
               WHERE c.id = $1 AND c.workspace_id = $2 AND c.deleted_at IS NULL ORDER BY p.act";
    let values = [channel.0.into(), workspace.0.into()];
    let rows = store.reader().query_all_raw(store.statement(sql, values)).await?;
    if rows.is_empty() {
        return Err(StoreError::NotFound { what: "channel" });
    }
    rows.iter().filter_map(|row| rule(row).transpose()).collect()
}

fn rule(row: &QueryResult) -> Result<Option<Rule>> {
    let Some(act) = row.try_get::<Option<String>>("", "act")? else { return Ok(None) };
    let body: Option<String> = row.try_get("", "body")?;
    Ok(Some(Rule {
        act: word(&act)?,
        enabled: row.try_get("", "enabled")?,
        likes: count(row.try_get("", "likes")?)?,
        body: maybe_from_json(body.as_deref(), "words of a plug")?,
    }))
}

fn count(likes: i64) -> Result<u32> {
    u32::try_from(likes).map_err(|_| StoreError::Damaged { what: "count of likes" })
}

/// Sets rules of a channel. They hold for what is published from now on; posts that wait for likes already wait for what is set
/// now, and for nothing where a rule is switched off.
///
/// # Errors
/// [`StoreError::NotFound`] when the workspace has no such channel.
pub async fn set_rules(store: &Store, workspace: WorkspaceId, channel: ChannelId, rules: &[Rule]) -> Result<()> {
    let mut tx = store.begin().await?;
    let sql = "SELECT state FROM channel WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    let row = tx.query_one(&tx.locking(sql, Lock::Change), [channel.0.into(), workspace.0.into()]).await?;
    let state: String = row.ok_or(StoreError::NotFound { what: "channel" })?.try_get("", "state")?;
    for rule in rules {
        let body = maybe_json(rule.body.as_ref(), "words of a plug")?;
        let (act, likes, now) = (rule.act.as_str(), i64::from(rule.likes), ms(tx.now()));
        let sql = "INSERT INTO channel_plug (channel_id, act, enabled, likes, body, updated_at) VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (channel_id, act) DO UPDATE SET enabled = excluded.enabled, likes = excluded.likes, \
                   body = excluded.body, updated_at = excluded.updated_at";
        let values = [channel.0.into(), act.into(), rule.enabled.into(), likes.into(), body.clone().into(), now.into()];
        tx.execute(sql, values).await?;
        let waiting = "channel_id = $1 AND act = $2 AND state = 'watching'";
        if rule.enabled {
            let sql = format!("UPDATE plug SET likes = $3, body = $4, updated_at = $5 WHERE {waiting}");
            let values = [channel.0.into(), act.into(), likes.into(), body.into(), now.into()];
            tx.execute(&sql, values).await?;
        } else {
            let off = Reason::new("plug.switched_off", "Switched off", "The channel’s automation was switched off.");
            let sql = format!("UPDATE plug SET state = 'dropped', reason = $3, updated_at = $4 WHERE {waiting}");
            let values = [channel.0.into(), act.into(), json(&off, "reason")?.into(), now.into()];
            tx.execute(&sql, values).await?;
        }
    }
    events::channel_changed(&mut tx, workspace, channel, &state);
    tx.commit().await
}

/// Writes down what is to be done to publications that become published, and the work that does it.
pub(crate) async fn begin_in(tx: &mut Tx, out: &[Out<'_>]) -> Result<()> {
    let watched: BTreeSet<ChannelId> =
        out.iter().filter(|out| out.likes_at.is_some()).map(|out| out.publication.channel).collect();
    let rules = enabled_in(tx, &watched).await?;
    let mut work = Vec::new();
    for Out { publication, likes_at, following } in out {
        let of_channel = rules.get(&publication.channel).map(Vec::as_slice).unwrap_or_default();
        if let Some(at) = likes_at.filter(|_| !of_channel.is_empty()) {
            for rule in of_channel {
                let key = format!("likes:{}", rule.act);
                insert_in(tx, publication, &key, &New::of_rule(publication.channel, rule)).await?;
            }
            work.push(NewWork::new(publication.workspace, due::kind::LIKES, publication.id, at));
        }
        for plug in *following {
            let due_at = tx.now() + SignedDuration::from_mins(i64::from(plug.after_minutes));
            let key = format!("after:{}:{}", plug.act, plug.by);
            if let Some(id) = insert_in(tx, publication, &key, &New::following(plug, due_at)).await? {
                work.push(NewWork::new(publication.workspace, due::kind::PLUG, id, due_at).in_lane(plug.by));
            }
        }
    }
    due::upsert_in(tx, &work).await
}

/// The rules that are switched on, of these channels.
async fn enabled_in(tx: &Tx, channels: &BTreeSet<ChannelId>) -> Result<HashMap<ChannelId, Vec<Rule>>> {
    let mut rules: HashMap<ChannelId, Vec<Rule>> = HashMap::new();
    if channels.is_empty() {
        return Ok(rules);
    }
    let (ids, values) = marks(channels.iter().map(|channel| channel.0));
    let sql = format!(
        "SELECT channel_id, act, enabled, likes, body FROM channel_plug WHERE enabled AND channel_id IN ({ids}) ORDER BY act"
    );
    for row in tx.query_all(&sql, values).await? {
        let channel = ChannelId(row.try_get("", "channel_id")?);
        rules.entry(channel).or_default().extend(rule(&row)?);
    }
    Ok(rules)
}

/// A plug that is to be written.
struct New<'a> {
    channel: ChannelId,
    act: Act,
    likes: Option<u32>,
    body: Option<&'a Document>,
    due_at: Option<Timestamp>,
}

impl<'a> New<'a> {
    fn of_rule(channel: ChannelId, rule: &'a Rule) -> Self {
        Self { channel, act: rule.act, likes: Some(rule.likes), body: rule.body.as_ref(), due_at: None }
    }

    fn following(plug: &'a Following, due_at: Timestamp) -> Self {
        Self { channel: plug.by, act: plug.act, likes: None, body: plug.body.as_ref(), due_at: Some(due_at) }
    }
}

/// Writes a plug, unless there is one of this key; its id when it is new.
async fn insert_in(tx: &Tx, of: &Publication, key: &str, new: &New<'_>) -> Result<Option<PlugId>> {
    let id = PlugId::new();
    let state = if new.likes.is_some() { State::Watching } else { State::Due };
    let sql = "INSERT INTO plug (id, workspace_id, publication_id, channel_id, rule, act, likes, body, state, due_at, created_at, \
               updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) \
               ON CONFLICT (publication_id, rule) DO NOTHING";
    let values: [Value; 11] = [
        id.0.into(),
        of.workspace.0.into(),
        of.id.0.into(),
        new.channel.0.into(),
        key.into(),
        new.act.as_str().into(),
        new.likes.map(i64::from).into(),
        maybe_json(new.body, "words of a plug")?.into(),
        state.as_str().into(),
        new.due_at.map(ms).into(),
        ms(tx.now()).into(),
    ];
    Ok((tx.execute(sql, values).await? > 0).then_some(id))
}

/// A plug by id, in whatever workspace.
pub async fn by_id(store: &Store, id: PlugId) -> Result<Plug> {
    let sql = "SELECT * FROM plug WHERE id = $1";
    let row = store.reader().query_one_raw(store.statement(sql, [id.0.into()])).await?;
    plug(&row.ok_or(NOT_FOUND)?)
}

/// The plugs of these publications, in the order they were made: one query for a whole post.
pub async fn of_publications(store: &Store, publications: &[PublicationId]) -> Result<Vec<Plug>> {
    if publications.is_empty() {
        return Ok(Vec::new());
    }
    let (ids, values) = marks(publications.iter().map(|id| id.0));
    let sql = format!("SELECT * FROM plug WHERE publication_id IN ({ids}) ORDER BY id");
    let rows = store.reader().query_all_raw(store.statement(&sql, values)).await?;
    rows.iter().map(plug).collect()
}

/// Which plug of a channel made this on the network, as far as we know.
pub async fn by_remote_id(store: &Store, channel: ChannelId, remote_id: &str) -> Result<Option<PlugId>> {
    let sql = "SELECT id FROM plug WHERE channel_id = $1 AND remote_id = $2";
    let row = store.reader().query_one_raw(store.statement(sql, [channel.0.into(), remote_id.into()])).await?;
    Ok(row.map(|row| row.try_get("", "id")).transpose()?.map(PlugId))
}

/// What is done about the plugs of a publication that have not enough likes yet.
#[derive(Debug, Clone, Copy)]
pub enum Next<'a> {
    /// Their likes are looked at again.
    Look(Timestamp),
    /// They are dropped, if there are any.
    Never(&'a Reason),
}

/// The likes of a publication were looked at: these of its plugs, which have enough, are done now.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more: nothing was written.
pub async fn looked(
    store: &Store,
    fence: Fence,
    publication: PublicationId,
    reached: &[&Plug],
    next: Next<'_>,
) -> Result<()> {
    let mut tx = store.begin().await?;
    let of = publications::lock_in(&tx, publication).await?;
    let now = ms(tx.now());
    let mut work = Vec::new();
    for plug in reached {
        let sql = "UPDATE plug SET state = 'due', due_at = $2, updated_at = $2 WHERE id = $1 AND state = 'watching'";
        if tx.execute(sql, [plug.id.0.into(), now.into()]).await? > 0 {
            work.push(NewWork::new(of.workspace, due::kind::PLUG, plug.id, tx.now()).in_lane(plug.channel));
        }
    }
    due::upsert_in(&mut tx, &work).await?;
    match next {
        Next::Look(at) => due::release_in(&mut tx, fence, at, None).await?,
        Next::Never(reason) => {
            due::finish_in(&mut tx, fence).await?;
            let sql = "UPDATE plug SET state = 'dropped', reason = $2, updated_at = $3 \
                       WHERE publication_id = $1 AND state = 'watching'";
            let values = [publication.0.into(), json(reason, "reason")?.into(), now.into()];
            if tx.execute(sql, values).await? > 0 {
                publications::told_in(&mut tx, &of, &reason.title, &reason.message).await?;
            }
        }
    }
    publications::tell_of(&mut tx, &of);
    tx.commit().await
}

/// A plug has to wait until then. A reason is told in the history of its publication when it is another than before.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more: nothing was written.
pub async fn wait(store: &Store, fence: Fence, plug: &Plug, until: Timestamp, reason: &Reason) -> Result<()> {
    let mut tx = store.begin().await?;
    let of = publications::lock_in(&tx, plug.publication).await?;
    due::release_in(&mut tx, fence, until, None).await?;
    if plug.reason.as_ref().is_none_or(|before| before.code != reason.code) {
        publications::told_in(&mut tx, &of, &reason.title, &reason.message).await?;
    }
    let sql = "UPDATE plug SET reason = $2, updated_at = $3 WHERE id = $1 AND state = 'due'";
    tx.execute(sql, [plug.id.0.into(), json(reason, "reason")?.into(), ms(tx.now()).into()]).await?;
    tx.commit().await
}

/// A plug came to its end, which its publication's history tells by `title` and `detail`.
///
/// # Errors
/// [`StoreError::Stale`] when the lease is not held any more: nothing was written.
pub async fn end(store: &Store, fence: Fence, plug: &Plug, end: &End, title: &str, detail: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    let of = publications::lock_in(&tx, plug.publication).await?;
    due::finish_in(&mut tx, fence).await?;
    let now = ms(tx.now());
    let (state, reason, made) = match end {
        End::Done { remote_id, url } => (State::Done, None, Some((remote_id, url))),
        End::Unconfirmed(reason) => (State::Unconfirmed, Some(reason), None),
        End::Failed(reason) => (State::Failed, Some(reason), None),
        End::Dropped(reason) => (State::Dropped, Some(reason), None),
    };
    let sql = "UPDATE plug SET state = $2, reason = $3, remote_id = $4, url = $5, done_at = $6, updated_at = $7 \
               WHERE id = $1 AND state = 'due'";
    let values: [Value; 7] = [
        plug.id.0.into(),
        state.as_str().into(),
        maybe_json(reason, "reason")?.into(),
        made.map(|(remote_id, _)| remote_id.clone()).into(),
        made.and_then(|(_, url)| url.clone()).into(),
        made.map(|_| now).into(),
        now.into(),
    ];
    tx.execute(sql, values).await?;
    publications::told_in(&mut tx, &of, title, detail).await?;
    tx.commit().await
}

/// Drops what may have been done after a backup was made, before that was restored.
pub(crate) async fn drop_restored_in(tx: &mut Tx) -> Result<()> {
    let message = "It may have been done after the backup was made, so it is not done again.";
    let reason = Reason::new("plug.restored", "Dropped after a restore", message);
    let sql = "UPDATE plug SET state = 'dropped', reason = $2, updated_at = $1 \
               WHERE state = 'watching' OR state = 'due' AND due_at <= $1";
    tx.execute(sql, [ms(tx.now()).into(), json(&reason, "reason")?.into()]).await.map(drop)
}

fn plug(row: &QueryResult) -> Result<Plug> {
    let (act, state): (String, String) = (row.try_get("", "act")?, row.try_get("", "state")?);
    let (body, reason): (Option<String>, Option<String>) = (row.try_get("", "body")?, row.try_get("", "reason")?);
    Ok(Plug {
        id: PlugId(row.try_get("", "id")?),
        workspace: WorkspaceId(row.try_get("", "workspace_id")?),
        publication: PublicationId(row.try_get("", "publication_id")?),
        channel: ChannelId(row.try_get("", "channel_id")?),
        act: word(&act)?,
        likes: row.try_get::<Option<i64>>("", "likes")?.map(count).transpose()?,
        body: body.map(|text| from_json(&text, "words of a plug")).transpose()?,
        state: word(&state)?,
        reason: maybe_from_json(reason.as_deref(), "reason")?,
        due_at: maybe_time(row.try_get("", "due_at")?)?,
        remote_id: row.try_get("", "remote_id")?,
        url: row.try_get("", "url")?,
        done_at: maybe_time(row.try_get("", "done_at")?)?,
        created_at: time(row.try_get("", "created_at")?)?,
    })
}
