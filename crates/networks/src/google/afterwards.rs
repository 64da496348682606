//! Numbers of videos, of their channel and of places; deleting what was published, and giving it other words.
//!
//! After <https://developers.google.com/youtube/v3/docs/videos> (`list`, `update`, `delete`),
//! <https://developers.google.com/youtube/analytics/reference/reports/query>,
//! <https://developers.google.com/my-business/reference/performance/rest/v1/locations/fetchMultiDailyMetricsTimeSeries> and
//! `accounts.locations.localPosts` (2026). Google tells no numbers of single posts of a place.

use super::business::{BusinessProfile, POSTS, place_of};
use super::youtube::{API, YouTube};
use super::{ask, json};
use crate::about::Network;
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, if_there};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::Code;
use crier_model::metric::{Count, Metric, Per, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What YouTube counts a day; seconds are told as minutes.
const DAILY: [(&str, Metric, i64); 4] = [
    ("views", Metric::Views, 1),
    ("estimatedMinutesWatched", Metric::WatchTime, 60),
    ("likes", Metric::Likes, 1),
    ("comments", Metric::Replies, 1),
];
const PERFORMANCE: &str = "https://businessprofileperformance.googleapis.com/v1";
/// What Google counts of a place, those of one kind together.
const OF_PLACES: [(&str, Metric); 7] = [
    ("BUSINESS_IMPRESSIONS_DESKTOP_MAPS", Metric::Impressions),
    ("BUSINESS_IMPRESSIONS_DESKTOP_SEARCH", Metric::Impressions),
    ("BUSINESS_IMPRESSIONS_MOBILE_MAPS", Metric::Impressions),
    ("BUSINESS_IMPRESSIONS_MOBILE_SEARCH", Metric::Impressions),
    ("WEBSITE_CLICKS", Metric::Clicks),
    ("CALL_CLICKS", Metric::Clicks),
    ("BUSINESS_DIRECTION_REQUESTS", Metric::Clicks),
];

#[derive(Deserialize)]
struct Items<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Video {
    id: String,
    statistics: Statistics,
}

/// Numbers as texts; those that the owner hides are left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statistics {
    #[serde(default)]
    view_count: Option<String>,
    #[serde(default)]
    like_count: Option<String>,
    #[serde(default)]
    comment_count: Option<String>,
    #[serde(default)]
    subscriber_count: Option<String>,
    #[serde(default)]
    video_count: Option<String>,
}

fn number(told: Option<&String>) -> Option<i64> {
    told?.parse().ok()
}

/// The most that one answer tells of.
const AT_ONCE: usize = 50;

#[async_trait]
impl PostMetrics for YouTube {
    fn at_once(&self) -> usize {
        AT_ONCE
    }

    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let ids = sent.iter().map(|sent| sent.remote_id.as_str()).collect::<Vec<_>>().join(",");
        let query = [("part", "statistics"), ("id", ids.as_str()), ("maxResults", "50")];
        let request = account.net.get(format!("{API}/videos")).query(&query);
        let told: Items<Video> = ask(request, account.credentials).await?;
        let counts = |sent: &Sent| {
            let Statistics { view_count, like_count, comment_count, .. } =
                &told.items.iter().find(|video| video.id == sent.remote_id)?.statistics;
            let told = [(Metric::Views, view_count), (Metric::Likes, like_count), (Metric::Replies, comment_count)];
            Some(told.into_iter().filter_map(|(it, value)| Some(Count::new(it, number(value.as_ref())?))).collect())
        };
        Ok(sent.iter().map(counts).collect())
    }
}

#[derive(Deserialize)]
struct OfChannel {
    statistics: Statistics,
}

#[derive(Deserialize)]
struct Report {
    /// A day, and then what was asked, in order.
    #[serde(default)]
    rows: Vec<Vec<Value>>,
}

#[async_trait]
impl ChannelMetrics for YouTube {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let query = [("part", "statistics"), ("id", account.id)];
        let request = account.net.get(format!("{API}/channels")).query(&query);
        let told: Items<OfChannel> = ask(request, account.credentials).await?;
        let gone = || Refusal::Content(Detail::new("the channel is there no more"));
        let statistics = told.items.into_iter().next().ok_or_else(gone)?.statistics;
        let standing =
            |metric, value: &Option<String>| Some(Series::standing(metric, account.today(), number(value.as_ref())?));
        let mut series: Vec<Series> = [
            standing(Metric::Followers, &statistics.subscriber_count),
            standing(Metric::Posts, &statistics.video_count),
        ]
        .into_iter()
        .flatten()
        .collect();
        match days(account, from, to).await {
            Ok(days) => series.extend(days),
            Err(refusal) if is_for_others(&refusal) => {}
            Err(refusal) => return Err(refusal),
        }
        Ok(series)
    }
}

/// That a permission was not granted, or that its API is not enabled in the project: what is told without it is told all the same.
fn is_for_others(refusal: &Refusal) -> bool {
    let code = refusal.detail().code.as_deref().unwrap_or_default();
    refusal.detail().diagnosis == Some(Code::ConsentScopeMissing)
        || matches!(code, "accessNotConfigured" | "SERVICE_DISABLED")
}

async fn days(account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
    let (start, end) = (from.to_string(), to.to_string());
    let ids = format!("channel=={}", account.id);
    let metrics = DAILY.map(|(name, ..)| name).join(",");
    let query = [
        ("ids", ids.as_str()),
        ("startDate", &start),
        ("endDate", &end),
        ("metrics", &metrics),
        ("dimensions", "day"),
        ("sort", "day"),
    ];
    let request = account.net.get("https://youtubeanalytics.googleapis.com/v2/reports").query(&query);
    let report: Report = ask(request, account.credentials).await?;
    let series = |(column, (_, metric, unit)): (usize, (&str, Metric, i64))| {
        let point = |row: &Vec<Value>| {
            let day = row.first()?.as_str()?.parse::<Date>().ok()?;
            Some((day, row.get(column + 1)?.as_i64()? * unit))
        };
        Series { metric, per: Per::Day, points: report.rows.iter().filter_map(point).collect() }
    };
    Ok(DAILY.into_iter().enumerate().map(series).collect())
}

#[async_trait]
impl Delete for YouTube {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.delete(format!("{API}/videos")).query(&[("id", &sent.remote_id)]);
        if_there(super::send(request, account.credentials).await.map_err(Refusal::harmless)).map(drop)
    }
}

#[async_trait]
impl Edit for YouTube {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: super::youtube::Settings = settings::read(&item.settings)?;
        let query = [("part", "snippet"), ("id", sent.remote_id.as_str())];
        let request = account.net.get(format!("{API}/videos")).query(&query);
        let there: Items<Value> = ask(request, account.credentials).await?;
        let gone = || Refusal::Content(Detail::new("the video is there no more"));
        let there = there.items.into_iter().next().ok_or_else(gone)?;
        // What a change leaves out is deleted, so that everything is sent that may be.
        let kept = |name: &str| (name.to_owned(), there["snippet"][name].clone());
        let mut snippet: serde_json::Map<String, Value> =
            ["categoryId", "tags", "defaultLanguage"].map(kept).into_iter().filter(|(_, it)| !it.is_null()).collect();
        snippet.insert("title".to_owned(), settings.title.into());
        snippet.insert("description".to_owned(), self.render(&item.body).into());
        let video = json!({ "id": sent.remote_id, "snippet": snippet });
        let request = account.net.put(format!("{API}/videos")).query(&[("part", "snippet")]).json(&video);
        json::<IgnoredAny>(request, account.credentials).await.map_err(super::youtube::refine)?;
        Ok(sent.clone())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Performance {
    #[serde(default)]
    multi_daily_metric_time_series: Vec<Several>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Several {
    #[serde(default)]
    daily_metric_time_series: Vec<Daily>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Daily {
    daily_metric: String,
    #[serde(default)]
    time_series: Times,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Times {
    dated_values: Vec<Dated>,
}

#[derive(Deserialize)]
struct Dated {
    date: Day,
    /// A number as a text; none where there is nothing yet.
    #[serde(default)]
    value: Option<String>,
}

#[derive(Deserialize)]
struct Day {
    year: i16,
    month: i8,
    day: i8,
}

#[async_trait]
impl ChannelMetrics for BusinessProfile {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let mut query: Vec<(&str, String)> =
            OF_PLACES.iter().map(|(name, _)| ("dailyMetrics", (*name).to_owned())).collect();
        let days = [
            (["dailyRange.startDate.year", "dailyRange.startDate.month", "dailyRange.startDate.day"], from),
            (["dailyRange.endDate.year", "dailyRange.endDate.month", "dailyRange.endDate.day"], to),
        ];
        for (names, day) in days {
            let numbers = [day.year().to_string(), day.month().to_string(), day.day().to_string()];
            query.extend(names.into_iter().zip(numbers));
        }
        let place = place_of(account.id);
        let request = account.net.get(format!("{PERFORMANCE}/{place}:fetchMultiDailyMetricsTimeSeries")).query(&query);
        let told: Performance = ask(request, account.credentials).await?;
        let mut sums: BTreeMap<Metric, BTreeMap<Date, i64>> = BTreeMap::new();
        for daily in told.multi_daily_metric_time_series.into_iter().flat_map(|it| it.daily_metric_time_series) {
            let Some((_, metric)) = OF_PLACES.iter().find(|(name, _)| *name == daily.daily_metric) else { continue };
            for Dated { date, value } in daily.time_series.dated_values {
                let (Ok(day), Some(value)) = (Date::new(date.year, date.month, date.day), number(value.as_ref()))
                else {
                    continue;
                };
                *sums.entry(*metric).or_default().entry(day).or_default() += value;
            }
        }
        let series = |(metric, days): (Metric, BTreeMap<Date, i64>)| Series {
            metric,
            per: Per::Day,
            points: days.into_iter().collect(),
        };
        Ok(sums.into_iter().map(series).collect())
    }
}

#[async_trait]
impl Delete for BusinessProfile {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.delete(format!("{POSTS}/{}", sent.remote_id));
        if_there(ask::<IgnoredAny>(request, account.credentials).await).map(drop)
    }
}

#[async_trait]
impl Edit for BusinessProfile {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let request = account.net.patch(format!("{POSTS}/{}", sent.remote_id)).query(&[("updateMask", "summary")]);
        let request = request.json(&json!({ "summary": self.render(&item.body) }));
        json::<IgnoredAny>(request, account.credentials).await.map_err(super::business::refine)?;
        Ok(sent.clone())
    }
}
