//! Numbers of notes and accounts; deleting notes. Misskey lets nobody change one.
//!
//! After the server's own description at `/api-doc` (Misskey 2025.5): `notes/show`, `notes/delete`, `i`.

use super::{Misskey, refine, say, server};
use crate::afterwards::{Account, ChannelMetrics, Delete, PostMetrics, only};
use crate::publish::Sent;
use crate::{Refusal, call};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

fn is_gone(refusal: &Refusal) -> bool {
    refusal.detail().code.as_deref() == Some("NO_SUCH_NOTE")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    #[serde(default)]
    reaction_count: Option<i64>,
    /// How often of each kind, where the sum is not told.
    #[serde(default)]
    reactions: std::collections::BTreeMap<String, i64>,
    #[serde(default)]
    renote_count: i64,
    #[serde(default)]
    replies_count: i64,
}

#[async_trait]
impl PostMetrics for Misskey {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let (origin, asked) = (server(account.instance)?, json!({ "noteId": only(sent)?.remote_id }));
        let told = say::<Numbers>(account.net, origin, account.credentials, "notes/show", asked).await;
        match told.map_err(Refusal::harmless) {
            Ok(numbers) => Ok(vec![Some(vec![
                Count::new(Metric::Likes, numbers.reaction_count.unwrap_or_else(|| numbers.reactions.values().sum())),
                Count::new(Metric::Replies, numbers.replies_count),
                Count::new(Metric::Reposts, numbers.renote_count),
            ])]),
            Err(refusal) if is_gone(&refusal) => Ok(vec![None]),
            Err(refusal) => Err(refusal),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Followed {
    followers_count: i64,
    notes_count: i64,
}

#[async_trait]
impl ChannelMetrics for Misskey {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let origin = server(account.instance)?;
        let told = say::<Followed>(account.net, origin, account.credentials, "i", json!({})).await;
        let (told, today) = (told.map_err(Refusal::harmless)?, account.today());
        Ok(vec![
            Series::standing(Metric::Followers, today, told.followers_count),
            Series::standing(Metric::Posts, today, told.notes_count),
        ])
    }
}

#[async_trait]
impl Delete for Misskey {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let origin = server(account.instance)?;
        let body = json!({ "noteId": sent.remote_id, "i": account.credentials.access_token.expose() });
        let request = account.net.post(format!("{origin}/api/notes/delete")).json(&body);
        match call::send(request, account.credentials, refine).await {
            Err(refusal) if is_gone(&refusal) => Ok(()),
            other => other.map(drop),
        }
    }
}
