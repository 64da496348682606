//! Numbers of pins and of the account; deleting and editing pins.
//!
//! After <https://github.com/pinterest/api-description> (`pins/analytics`, `user_account/analytics`, `pins`; version 5.23, December 2025).

use super::{API, Made, Pinterest, Settings, ask, refine};
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, if_there, only};
use crate::publish::{Item, Sent};
use crate::{Network, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Per, Series};
use jiff::{SignedDuration, civil::Date};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Numbers by Pinterest's names for them.
type Numbers = BTreeMap<String, Option<f64>>;

#[derive(Deserialize)]
struct OfPin {
    all: Lifetime,
}

#[derive(Deserialize)]
struct Lifetime {
    #[serde(default)]
    lifetime_metrics: Numbers,
}

#[derive(Deserialize)]
struct OfAccount {
    all: Daily,
}

#[derive(Deserialize)]
struct Daily {
    daily_metrics: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    date: Date,
    #[serde(default)]
    metrics: Numbers,
}

/// Pinterest's names for what is counted.
const COUNTED: [(&str, Metric); 3] =
    [("IMPRESSION", Metric::Impressions), ("PIN_CLICK", Metric::Clicks), ("SAVE", Metric::Bookmarks)];
/// Those that only pins have.
const OF_PINS: [(&str, Metric); 2] = [("TOTAL_COMMENTS", Metric::Replies), ("TOTAL_REACTIONS", Metric::Likes)];
/// How far back Pinterest tells numbers, in days.
const DAYS_BACK: i64 = 89;

fn number(numbers: &Numbers, name: &str) -> Option<i64> {
    numbers.get(name).copied().flatten().map(|number| number.round() as i64)
}

#[async_trait]
impl PostMetrics for Pinterest {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let today = account.today();
        let asked = COUNTED.iter().chain(&OF_PINS).map(|(name, _)| *name).collect::<Vec<_>>().join(",");
        let request = account.net.get(format!("{API}/pins/{}/analytics", only(sent)?.remote_id));
        let begin = today.saturating_sub(SignedDuration::from_hours(24 * DAYS_BACK));
        let request = request.query(&[
            ("start_date", begin.to_string()),
            ("end_date", today.to_string()),
            ("metric_types", asked),
        ]);
        let told: Option<OfPin> = if_there(ask(request, account.credentials).await)?;
        let counts = |told: OfPin| {
            let of =
                |(name, metric): &(&str, Metric)| Some(Count::new(*metric, number(&told.all.lifetime_metrics, name)?));
            COUNTED.iter().chain(&OF_PINS).filter_map(of).collect()
        };
        Ok(vec![told.map(counts)])
    }
}

#[derive(Deserialize)]
struct Standing {
    #[serde(default)]
    follower_count: Option<i64>,
    #[serde(default)]
    pin_count: Option<i64>,
}

#[async_trait]
impl ChannelMetrics for Pinterest {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let today = account.today();
        let earliest = today.saturating_sub(SignedDuration::from_hours(24 * DAYS_BACK));
        let request = account.net.get(format!("{API}/user_account/analytics"));
        let days = [("start_date", from.max(earliest).to_string()), ("end_date", to.to_string())];
        let told: OfAccount = ask(request.query(&days), account.credentials).await?;
        let series = |(name, metric): &(&str, Metric)| Series {
            metric: *metric,
            per: Per::Day,
            // A day without numbers is one that is not yet reckoned.
            points: told
                .all
                .daily_metrics
                .iter()
                .filter_map(|day| Some((day.date, number(&day.metrics, name)?)))
                .collect(),
        };
        let mut all: Vec<Series> = COUNTED.iter().map(series).collect();
        let standing: Standing = ask(account.net.get(format!("{API}/user_account")), account.credentials).await?;
        let numbers = [(Metric::Followers, standing.follower_count), (Metric::Posts, standing.pin_count)];
        all.extend(numbers.into_iter().filter_map(|(metric, value)| Some(Series::standing(metric, today, value?))));
        Ok(all)
    }
}

#[async_trait]
impl Delete for Pinterest {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.delete(format!("{API}/pins/{}", sent.remote_id));
        let request = request.bearer(account.credentials.access_token.expose());
        if_there(call::send(request, account.credentials, refine).await.map_err(Refusal::harmless)).map(drop)
    }
}

#[async_trait]
impl Edit for Pinterest {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let change = json!({
            "description": self.render(&item.body),
            "title": settings.title,
            "link": settings.link,
            "board_id": settings.board,
        });
        let request = account.net.patch(format!("{API}/pins/{}", sent.remote_id)).json(&change);
        let _: Made = ask(request, account.credentials).await?;
        Ok(sent.clone())
    }
}
