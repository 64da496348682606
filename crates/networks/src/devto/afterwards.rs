//! Numbers of articles and of the account; giving articles other words. Articles can't be deleted by the API.
//!
//! After <https://developers.forem.com/api/v1> and Forem's own source (`articles/me`, `analytics/historical`; November 2026).

use super::{ALL, Api, DevTo, Made};
use crate::afterwards::{Account, ChannelMetrics, Edit, PostMetrics, files_apart};
use crate::publish::{Item, Sent};
use crate::{Network, Refusal};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Per, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// An article with its numbers, as its author sees it.
#[derive(Deserialize)]
struct Counted {
    id: u64,
    #[serde(default)]
    page_views_count: i64,
    #[serde(default)]
    public_reactions_count: i64,
    #[serde(default)]
    comments_count: i64,
}

#[async_trait]
impl PostMetrics for DevTo {
    fn at_once(&self) -> usize {
        100
    }

    /// Views are told among one's own articles alone.
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let api = Api::new(account.net, account.instance, account.credentials)?;
        let request = api.net.get(api.url("articles/me/published")).query(&[("per_page", ALL)]);
        let mine: Vec<Counted> = api.ask(request).await?;
        let counts = |article: &Counted| {
            vec![
                Count::new(Metric::Views, article.page_views_count),
                Count::new(Metric::Likes, article.public_reactions_count),
                Count::new(Metric::Replies, article.comments_count),
            ]
        };
        Ok(sent.iter().map(|sent| mine.iter().find(|it| it.id.to_string() == sent.remote_id).map(counts)).collect())
    }
}

#[async_trait]
impl ChannelMetrics for DevTo {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let api = Api::new(account.net, account.instance, account.credentials)?;
        let request = api.net.get(api.url("analytics/historical"));
        let request = request.query(&[("start", from.to_string()), ("end", to.to_string())]);
        let days: BTreeMap<Date, Day> = api.ask(request).await?;
        let series = |metric, of: fn(&Day) -> i64| Series {
            metric,
            per: Per::Day,
            points: days.iter().map(|(date, day)| (*date, of(day))).collect(),
        };
        Ok(vec![
            series(Metric::Views, |day| day.page_views.total),
            series(Metric::Likes, |day| day.reactions.total),
            series(Metric::Replies, |day| day.comments.total),
        ])
    }
}

/// What a day brought.
#[derive(Deserialize)]
struct Day {
    page_views: Total,
    reactions: Total,
    comments: Total,
}

#[derive(Deserialize)]
struct Total {
    total: i64,
}

#[async_trait]
impl Edit for DevTo {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        // The first picture stands above the article; the others below the text.
        files_apart(item, 1, "DEV")?;
        let api = Api::new(account.net, account.instance, account.credentials)?;
        let article = json!({ "article": { "body_markdown": self.render(&item.body) } });
        let request = api.net.put(api.url(&format!("articles/{}", sent.remote_id))).json(&article);
        let made: Made = api.ask(request).await?;
        Ok(super::sent(made.id, made.url))
    }
}
