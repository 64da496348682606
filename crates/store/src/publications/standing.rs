//! Whether anything has come in the way of a publication since it was loaded.

use super::Loaded;
use crate::{
    Store,
    channels::Channel,
    column::word,
    connection::marks,
    error::Result,
    together::{self, Queue, Together},
};
use async_trait::async_trait;
use crier_model::{ChannelId, channel::ChannelState};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeSet, HashMap};

/// Whether the channel and the workspace of a publication stand as they did when it was loaded: neither switched, reconnected nor
/// paused since.
pub async fn is_free_as(store: &Store, job: &Loaded) -> Result<bool> {
    let Channel { id, state, credentials_version, .. } = job.channel;
    let loaded = Standing { state, credentials_version, paused: job.workspace.paused_at.is_some() };
    Ok(together::ask(store, StandingOf(id)).await? == Some(loaded))
}

/// What lets a channel's publications out, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    state: ChannelState,
    credentials_version: i64,
    paused: bool,
}

/// Asks how a channel stands.
#[derive(Debug)]
pub(crate) struct StandingOf(ChannelId);

#[async_trait]
impl Together for StandingOf {
    type Done = Option<Standing>;

    fn queue(store: &Store) -> &Queue<Self> {
        &store.queues().standings
    }

    async fn run(store: &Store, all: &[Self]) -> Result<Vec<Result<Option<Standing>>>> {
        let (ids, values) = marks(all.iter().map(|asked| asked.0.0).collect::<BTreeSet<_>>().into_iter());
        let sql = format!(
            "SELECT c.id, c.state, c.credentials_version, w.paused_at FROM channel c \
             JOIN workspace w ON w.id = c.workspace_id WHERE c.id IN ({ids})"
        );
        let mut found = HashMap::new();
        for row in store.reader().query_all_raw(store.statement(&sql, values)).await? {
            let standing = Standing {
                state: word(&row.try_get::<String>("", "state")?)?,
                credentials_version: row.try_get("", "credentials_version")?,
                paused: row.try_get::<Option<i64>>("", "paused_at")?.is_some(),
            };
            found.insert(ChannelId(row.try_get("", "id")?), standing);
        }
        Ok(all.iter().map(|StandingOf(id)| Ok(found.get(id).copied())).collect())
    }
}
