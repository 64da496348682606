//! Numbers of posts and of the account.
//!
//! After <https://developers.facebook.com/documentation/threads/insights> (August 2026). Deleting takes a permission of its own, for which
//! most apps are not made; posts can't be changed.

use super::{API, Threads, refine, signed};
use crate::afterwards::{Account, ChannelMetrics, PostMetrics, only};
use crate::publish::Sent;
use crate::{Refusal, call};
use async_trait::async_trait;
use crier_model::Timestamp;
use crier_model::metric::{Count, Metric, Per, Series};
use jiff::civil::{Date, Time};
use jiff::{ToSpan, tz::TimeZone};
use serde::Deserialize;

#[derive(Deserialize)]
struct Insights {
    data: Vec<Insight>,
}

#[derive(Deserialize)]
struct Insight {
    name: String,
    #[serde(default)]
    values: Vec<Value>,
    /// Where it is told as one number.
    #[serde(default)]
    total_value: Option<Value>,
}

#[derive(Deserialize)]
struct Value {
    value: i64,
    /// The end of the day it is about.
    #[serde(default)]
    end_time: Option<String>,
}

fn metric(name: &str) -> Option<Metric> {
    Some(match name {
        "views" => Metric::Views,
        "likes" => Metric::Likes,
        "replies" => Metric::Replies,
        "reposts" => Metric::Reposts,
        "quotes" => Metric::Quotes,
        "followers_count" => Metric::Followers,
        _ => return None,
    })
}

/// Objects that are there no more are told by the words alone: the code says only that something is wrong.
fn is_gone(refusal: &Refusal) -> bool {
    refusal.detail().code.as_deref() == Some("100") && refusal.detail().message.contains("does not exist")
}

#[async_trait]
impl PostMetrics for Threads {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let request = account.net.get(format!("{API}/{}/insights", only(sent)?.remote_id));
        let request = request.query(&[("metric", "views,likes,replies,reposts,quotes")]);
        match call::ask::<Insights>(signed(request, account.credentials), account.credentials, refine).await {
            Ok(insights) => {
                let count = |insight: &Insight| {
                    let value = insight.total_value.as_ref().or_else(|| insight.values.last())?.value;
                    Some(Count::new(metric(&insight.name)?, value))
                };
                Ok(vec![Some(insights.data.iter().filter_map(count).collect())])
            }
            Err(refusal) if is_gone(&refusal) => Ok(vec![None]),
            Err(refusal) => Err(refusal),
        }
    }
}

#[async_trait]
impl ChannelMetrics for Threads {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let ask = async |query: &[(&str, &str)]| {
            let request = account.net.get(format!("{API}/{}/threads_insights", account.id)).query(query);
            call::ask::<Insights>(signed(request, account.credentials), account.credentials, refine).await
        };
        let second = |day: Date| {
            let at = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
            at.map(|at| at.as_second().to_string()).unwrap_or_default()
        };
        let (since, until) = (second(from), second(to.saturating_add(1.day())));
        let viewed = ask(&[("metric", "views"), ("since", &since), ("until", &until)]).await?;
        let views = viewed.data.iter().filter(|insight| insight.name == "views").flat_map(|insight| &insight.values);
        let day = |value: &Value| {
            let end: Timestamp = value.end_time.as_deref()?.replace("+0000", "Z").parse().ok()?;
            // It ends when the next day begins.
            Some((TimeZone::UTC.to_datetime(end).date().saturating_sub(1.day()), value.value))
        };
        let mut series = vec![Series { metric: Metric::Views, per: Per::Day, points: views.filter_map(day).collect() }];
        // Takes no range.
        let followed = ask(&[("metric", "followers_count")]).await?;
        let followers = followed.data.iter().find_map(|insight| insight.total_value.as_ref());
        series.extend(followers.map(|it| Series::standing(Metric::Followers, account.today(), it.value)));
        Ok(series)
    }
}
