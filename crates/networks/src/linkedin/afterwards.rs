//! Deleting posts and comments and giving them other words, of members and of pages; numbers of pages alone.
//!
//! After <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api> (`#delete-posts`, `#update-posts`),
//! `…/shares/comments-api`, `…/organizations/share-statistics` and `…/organizations/organization-lookup-api#retrieve-organization-follower-count`
//! (version 2026-07). Deleting twice is answered like deleting once.

use super::page::{Elements, LinkedInPage};
use super::post::encoded;
use super::{API, LinkedIn, little, refine, versioned};
use crate::about::Network;
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, if_there, only};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, call};
use async_trait::async_trait;
use crier_model::Timestamp;
use crier_model::metric::{Count, Metric, Per, Series};
use jiff::{
    ToSpan,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::Deserialize;
use serde_json::json;

/// In milliseconds.
const DAY: i64 = 24 * 3600 * 1000;

/// Where a post, or a comment (`urn:li:comment:(urn:li:activity:1,2)`) below one, is changed.
fn place(sent: &Sent, actor: &str) -> Result<String, Refusal> {
    let Some(comment) = sent.remote_id.strip_prefix("urn:li:comment:(") else {
        return Ok(format!("{API}/rest/posts/{}", encoded(&sent.remote_id)));
    };
    let malformed = || Refusal::Content(Detail::new(format!("{} names no comment", sent.remote_id)));
    let (below, id) = comment.trim_end_matches(')').split_once(',').ok_or_else(malformed)?;
    Ok(format!("{API}/rest/socialActions/{}/comments/{id}?actor={}", encoded(below), encoded(actor)))
}

async fn delete(account: &Account<'_>, sent: &Sent, actor: &str) -> Result<(), Refusal> {
    let request = account.net.delete(place(sent, actor)?);
    if_there(call::send(versioned(request, account.credentials), account.credentials, refine).await).map(drop)
}

async fn edit(account: &Account<'_>, sent: &Sent, words: &str, actor: &str) -> Result<Sent, Refusal> {
    let is_comment = sent.remote_id.starts_with("urn:li:comment:");
    let patch = if is_comment {
        json!({ "patch": { "message": { "$set": { "text": words } } } })
    } else {
        json!({ "patch": { "$set": { "commentary": little::write(words) } } })
    };
    let request = account.net.post(place(sent, actor)?).header("x-restli-method", "PARTIAL_UPDATE").json(&patch);
    call::send(versioned(request, account.credentials), account.credentials, refine).await?;
    Ok(sent.clone())
}

fn member(account: &Account<'_>) -> String {
    format!("urn:li:person:{}", account.id)
}

fn page(account: &Account<'_>) -> String {
    format!("urn:li:organization:{}", account.id)
}

#[async_trait]
impl Delete for LinkedIn {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        delete(account, sent, &member(account)).await
    }
}

#[async_trait]
impl Delete for LinkedInPage {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        delete(account, sent, &page(account)).await
    }
}

#[async_trait]
impl Edit for LinkedIn {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        edit(account, sent, &self.render(&item.body), &member(account)).await
    }
}

#[async_trait]
impl Edit for LinkedInPage {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        edit(account, sent, &self.render(&item.body), &page(account)).await
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    #[serde(default)]
    total_share_statistics: Numbers,
    /// Of statistics by day.
    #[serde(default)]
    time_range: Option<TimeRange>,
}

#[derive(Deserialize)]
struct TimeRange {
    /// Milliseconds.
    start: i64,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Numbers {
    impression_count: i64,
    unique_impressions_count: i64,
    click_count: i64,
    like_count: i64,
    comment_count: i64,
    share_count: i64,
}

impl Numbers {
    fn counts(&self) -> Vec<Count> {
        vec![
            Count::new(Metric::Impressions, self.impression_count),
            Count::new(Metric::Reach, self.unique_impressions_count),
            Count::new(Metric::Likes, self.like_count),
            Count::new(Metric::Replies, self.comment_count),
            Count::new(Metric::Reposts, self.share_count),
            Count::new(Metric::Clicks, self.click_count),
        ]
    }
}

async fn statistics(account: &Account<'_>, of: &str) -> Result<Vec<Statistics>, Refusal> {
    let organization = encoded(&page(account));
    let query = format!("q=organizationalEntity&organizationalEntity={organization}&{of}");
    let request = account.net.get(format!("{API}/rest/organizationalEntityShareStatistics?{query}"));
    let request = versioned(request, account.credentials);
    let told: Elements<Statistics> = call::ask(request, account.credentials, refine).await?;
    Ok(told.elements)
}

#[async_trait]
impl PostMetrics for LinkedInPage {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let urn = &only(sent)?.remote_id;
        let kind = if urn.starts_with("urn:li:ugcPost:") { "ugcPosts" } else { "shares" };
        let told = statistics(account, &format!("{kind}=List({})", encoded(urn))).await?;
        // A post that nobody has seen yet is not in the answer.
        Ok(vec![Some(told.into_iter().next().unwrap_or_default().total_share_statistics.counts())])
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Size {
    first_degree_size: i64,
}

#[async_trait]
impl ChannelMetrics for LinkedInPage {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let urn = encoded(&page(account));
        let url = format!("{API}/rest/networkSizes/{urn}?edgeType=COMPANY_FOLLOWED_BY_MEMBER");
        let request = versioned(account.net.get(url), account.credentials);
        let size: Size = call::ask(request, account.credentials, refine).await?;
        let span = format!("(timeRange:(start:{},end:{}),timeGranularityType:DAY)", end(from)? - DAY, end(to)?);
        let days = statistics(account, &format!("timeIntervals={span}")).await?;
        let mut series = vec![Series::standing(Metric::Followers, account.today(), size.first_degree_size)];
        for day in days {
            let Some(at) = day.time_range.and_then(|range| Timestamp::from_millisecond(range.start).ok()) else {
                continue;
            };
            let date = TimeZone::UTC.to_datetime(at).date();
            for count in day.total_share_statistics.counts() {
                let point = (date, count.value);
                match series.iter_mut().find(|known| known.metric == count.metric) {
                    Some(known) => known.points.push(point),
                    None => series.push(Series { metric: count.metric, per: Per::Day, points: vec![point] }),
                }
            }
        }
        Ok(series)
    }
}

/// The end of a day in milliseconds.
fn end(day: Date) -> Result<i64, Refusal> {
    let next = TimeZone::UTC.to_timestamp(day.saturating_add(1.day()).to_datetime(Time::midnight()));
    Ok(next.map_err(|error| Refusal::Content(Detail::new(error.to_string())))?.as_millisecond())
}
