//! Numbers of posts and of the account; taking back what was published, where there is a page.
//!
//! After <https://developers.facebook.com/documentation/instagram-platform/insights> (August 2026). Deleting takes a page and a permission of
//! its own; words of posts can't be changed.

use super::linked::Instagram;
use super::refine;
use super::standalone::{self, InstagramStandalone};
use crate::Refusal;
use crate::afterwards::{Account, ChannelMetrics, Delete, PostMetrics, only};
use crate::meta::{self, GRAPH, insights};
use crate::publish::Sent;
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;

const OF_POSTS: [(&str, Metric); 4] =
    [("views", Metric::Views), ("reach", Metric::Reach), ("saved", Metric::Bookmarks), ("shares", Metric::Reposts)];
const OF_ACCOUNTS: [(&str, Metric); 1] = [("reach", Metric::Reach)];

#[derive(Deserialize)]
struct Numbers {
    /// None where the account hides it.
    #[serde(default)]
    like_count: Option<i64>,
    #[serde(default)]
    comments_count: Option<i64>,
}

async fn posts(account: &Account<'_>, sent: &[Sent], api: &str) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
    let place = format!("{api}/{}", only(sent)?.remote_id);
    let request = account.net.get(&place).query(&[("fields", "like_count,comments_count")]);
    let numbers: Numbers = match meta::ask(request, account.credentials, refine).await {
        Ok(numbers) => numbers,
        Err(refusal) if insights::is_gone(&refusal) => return Ok(vec![None]),
        Err(refusal) => return Err(refusal),
    };
    let told = [(Metric::Likes, numbers.like_count), (Metric::Replies, numbers.comments_count)];
    let mut counts: Vec<Count> =
        told.into_iter().filter_map(|(metric, value)| Some(Count::new(metric, value?))).collect();
    let names = OF_POSTS.map(|(name, _)| name).join(",");
    let request = account.net.get(format!("{place}/insights")).query(&[("metric", names)]);
    let told = meta::ask::<insights::Insights>(request, account.credentials, refine).await;
    counts.extend(insights::if_granted(told.map(|told| insights::counts(&told, &OF_POSTS)))?);
    Ok(vec![Some(counts)])
}

#[derive(Deserialize)]
struct Followed {
    followers_count: i64,
    media_count: i64,
}

async fn channel(account: &Account<'_>, days: (Date, Date), api: &str) -> Result<Vec<Series>, Refusal> {
    let place = format!("{api}/{}", account.id);
    let request = account.net.get(&place).query(&[("fields", "followers_count,media_count")]);
    let told: Followed = meta::ask(request, account.credentials, refine).await?;
    let mut series = vec![
        Series::standing(Metric::Followers, account.today(), told.followers_count),
        Series::standing(Metric::Posts, account.today(), told.media_count),
    ];
    let days = insights::days(account, &format!("{place}/insights"), &OF_ACCOUNTS, days, refine).await;
    series.extend(insights::if_granted(days)?);
    Ok(series)
}

#[async_trait]
impl PostMetrics for Instagram {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        posts(account, sent, GRAPH).await
    }
}

#[async_trait]
impl PostMetrics for InstagramStandalone {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        posts(account, sent, standalone::API).await
    }
}

#[async_trait]
impl ChannelMetrics for Instagram {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        channel(account, (from, to), GRAPH).await
    }
}

#[async_trait]
impl ChannelMetrics for InstagramStandalone {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        channel(account, (from, to), standalone::API).await
    }
}

#[async_trait]
impl Delete for Instagram {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        insights::delete(account, sent, refine).await
    }
}
