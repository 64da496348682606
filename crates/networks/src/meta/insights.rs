//! Numbers as Meta's networks tell them, and what they say of things that are there no more.

use super::{GRAPH, ask};
use crate::afterwards::Account;
use crate::call::Refine;
use crate::publish::Sent;
use crate::{Detail, Refusal};
use crier_model::metric::{Count, Metric, Per, Series};
use crier_model::{Code, Timestamp};
use jiff::civil::{Date, Time};
use jiff::{ToSpan, fmt::strtime, tz::TimeZone};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Insights {
    pub data: Vec<Insight>,
}

/// One metric, as a whole or by days.
#[derive(Deserialize)]
pub(crate) struct Insight {
    pub name: String,
    #[serde(default)]
    values: Vec<Told>,
    /// Where it is told as one number.
    #[serde(default)]
    total_value: Option<Told>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    value: Value,
    /// The end of the day it is about.
    #[serde(default)]
    end_time: Option<String>,
}

impl Told {
    /// A number, or numbers by their kinds (reactions), which are added up.
    fn number(&self) -> Option<i64> {
        match &self.value {
            Value::Object(kinds) => Some(kinds.values().filter_map(Value::as_i64).sum()),
            value => value.as_i64(),
        }
    }

    /// It ends when the next day begins, somewhere.
    fn day(&self) -> Option<Date> {
        let end = strtime::parse("%Y-%m-%dT%H:%M:%S%z", self.end_time.as_deref()?).ok()?.to_timestamp().ok()?;
        Some(TimeZone::UTC.to_datetime(end).date().saturating_sub(1.day()))
    }
}

impl Insight {
    pub fn number(&self) -> Option<i64> {
        self.total_value.as_ref().or_else(|| self.values.last())?.number()
    }

    pub fn by_day(&self) -> Vec<(Date, i64)> {
        self.values.iter().filter_map(|told| Some((told.day()?, told.number()?))).collect()
    }
}

/// What a post's insights say, by the names of `metrics`. Two names for one metric are added up.
pub(crate) fn counts(insights: &Insights, metrics: &[(&str, Metric)]) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    for insight in &insights.data {
        let metric = metrics.iter().find(|(name, _)| *name == insight.name).map(|(_, metric)| *metric);
        let (Some(metric), Some(value)) = (metric, insight.number()) else { continue };
        match counts.iter_mut().find(|count| count.metric == metric) {
            Some(count) => count.value += value,
            None => counts.push(Count::new(metric, value)),
        }
    }
    counts
}

/// An account's insights for the days `from` to `to`, by the names of `metrics`.
pub(crate) async fn days(
    account: &Account<'_>,
    place: &str,
    metrics: &[(&str, Metric)],
    (from, to): (Date, Date),
    refine: Refine,
) -> Result<Vec<Series>, Refusal> {
    let names = metrics.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(",");
    let (since, until) = (second(from), second(to.saturating_add(1.day())));
    let query = [("metric", names.as_str()), ("period", "day"), ("since", &since), ("until", &until)];
    let told: Insights = ask(account.net.get(place).query(&query), account.credentials, refine).await?;
    let series = |insight: &Insight| {
        let (_, metric) = metrics.iter().find(|(name, _)| *name == insight.name)?;
        Some(Series { metric: *metric, per: Per::Day, points: insight.by_day() })
    };
    Ok(told.data.iter().filter_map(series).collect())
}

/// The second at which a day begins.
pub(crate) fn second(day: Date) -> String {
    let at = TimeZone::UTC.to_timestamp(day.to_datetime(Time::midnight()));
    at.unwrap_or(Timestamp::UNIX_EPOCH).as_second().to_string()
}

/// Whether what was asked about is there no more: its number is told for much else that is wrong, its number within that is not.
pub(crate) fn is_gone(refusal: &Refusal) -> bool {
    refusal.detail().code.as_deref() == Some("100/33")
}

/// What is told without a permission that not everybody grants: nothing.
pub(crate) fn if_granted<T: Default>(told: Result<T, Refusal>) -> Result<T, Refusal> {
    match told {
        Err(Refusal::Auth(Detail { diagnosis: Some(Code::ConsentScopeMissing), .. })) => Ok(T::default()),
        told => told,
    }
}

/// Deletes what was sent, every story of several; what is there no more counts as deleted.
pub(crate) async fn delete(account: &Account<'_>, sent: &Sent, refine: Refine) -> Result<(), Refusal> {
    let stories = sent.data.get("stories").and_then(Value::as_array);
    let ids: Vec<&str> = match stories {
        Some(stories) => stories.iter().filter_map(Value::as_str).collect(),
        None => vec![&sent.remote_id],
    };
    for id in ids {
        let request = account.net.delete(format!("{GRAPH}/{id}"));
        match ask::<IgnoredAny>(request, account.credentials, refine).await {
            Err(refusal) if !is_gone(&refusal) => return Err(refusal),
            _ => {}
        }
    }
    Ok(())
}
