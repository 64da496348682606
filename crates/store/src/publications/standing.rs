//! Whether anything has come in the way of a publication since it was loaded.

use super::Loaded;
use crate::{
    Store,
    channels::Channel,
    column::word,
    connection::marks,
    error::Result,
    pace::{self, Known, Scope},
    together::{self, Queue, Together},
};
use async_trait::async_trait;
use crier_model::{ChannelId, channel::ChannelState};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeSet, HashMap};

/// Whether the channel and the workspace of a publication stand as they did when it was loaded: neither switched, reconnected,
/// capped in another way nor paused since. With a yes comes what is held against `scopes`, for both are asked when the time has come.
pub async fn is_free_as(store: &Store, job: &Loaded, scopes: &[&Scope]) -> Result<Option<Known>> {
    let Channel { id, state, credentials_version, daily_cap, .. } = job.channel;
    let paused = job.workspace.paused_at.is_some();
    let loaded = Standing { state, credentials_version, daily_cap: daily_cap.map(i64::from), paused };
    let asked = StandingOf { channel: id, pace: pace::Of::scopes(scopes) };
    let (standing, known) = together::ask(store, asked).await?;
    Ok((standing == Some(loaded)).then_some(known))
}

/// What lets a channel's publications out, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    state: ChannelState,
    credentials_version: i64,
    daily_cap: Option<i64>,
    paused: bool,
}

/// Asks how a channel stands, and what is held against scopes.
#[derive(Debug)]
pub(crate) struct StandingOf {
    channel: ChannelId,
    pace: pace::Of,
}

#[async_trait]
impl Together for StandingOf {
    type Done = (Option<Standing>, Known);

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().standings
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Self::Done>>> {
        let (ids, values) = marks(all.iter().map(|asked| asked.channel.0).collect::<BTreeSet<_>>().into_iter());
        let sql = format!(
            "SELECT c.id, c.state, c.credentials_version, c.daily_cap, w.paused_at FROM channel c \
             JOIN workspace w ON w.id = c.workspace_id WHERE c.id IN ({ids})"
        );
        let mut found = HashMap::new();
        for row in store.reader().query_all_raw(store.statement(&sql, values)).await? {
            let standing = Standing {
                state: word(&row.try_get::<String>("", "state")?)?,
                credentials_version: row.try_get("", "credentials_version")?,
                daily_cap: row.try_get("", "daily_cap")?,
                paused: row.try_get::<Option<i64>>("", "paused_at")?.is_some(),
            };
            found.insert(ChannelId(row.try_get("", "id")?), standing);
        }
        let pace: Vec<_> = all.iter().map(|asked| &asked.pace).collect();
        let known = pace::Of::all(store, &pace).await?;
        Ok(all.iter().zip(known).map(|(asked, known)| Ok((found.get(&asked.channel).copied(), known))).collect())
    }
}
