//! Numbers of casts and of the account; deleting casts. A cast can't be changed.
//!
//! After <https://docs.neynar.com/reference> (`cast`, `user/bulk`; May 2026).

use super::{API, Farcaster, ask, signer, user};
use crate::Refusal;
use crate::afterwards::{Account, ChannelMetrics, Delete, PostMetrics, if_there, only};
use crate::publish::Sent;
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

#[derive(Deserialize)]
struct Reacted {
    cast: Reactions,
}

#[derive(Deserialize)]
struct Reactions {
    reactions: Counted,
    replies: Replies,
}

#[derive(Deserialize)]
struct Counted {
    likes_count: i64,
    recasts_count: i64,
}

#[derive(Deserialize)]
struct Replies {
    count: i64,
}

#[async_trait]
impl PostMetrics for Farcaster {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let request = account.net.get(format!("{API}/cast/"));
        let request = request.query(&[("identifier", only(sent)?.remote_id.as_str()), ("type", "hash")]);
        let told: Option<Reacted> = if_there(ask(request, account.credentials).await)?;
        let counts = |Reacted { cast }: Reacted| {
            vec![
                Count::new(Metric::Likes, cast.reactions.likes_count),
                Count::new(Metric::Reposts, cast.reactions.recasts_count),
                Count::new(Metric::Replies, cast.replies.count),
            ]
        };
        Ok(vec![told.map(counts)])
    }
}

#[async_trait]
impl ChannelMetrics for Farcaster {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let user = user(account.net, account.credentials, account.id).await?;
        Ok(vec![Series::standing(Metric::Followers, account.today(), user.follower_count)])
    }
}

#[async_trait]
impl Delete for Farcaster {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let signer = signer(account.credentials)?;
        let request = account.net.delete(format!("{API}/cast/"));
        let request = request.json(&json!({ "signer_uuid": signer.expose(), "target_hash": sent.remote_id }));
        if_there(ask::<IgnoredAny>(request, account.credentials).await).map(drop)
    }
}
