//! Numbers of posts and of the account.
//!
//! After <https://developers.facebook.com/documentation/threads/insights> (August 2026). Deleting takes a permission of its own, for which
//! most apps are not made; posts can't be changed.

use super::{API, Threads, refine};
use crate::Refusal;
use crate::afterwards::{Account, ChannelMetrics, PostMetrics, only};
use crate::meta::{self, insights};
use crate::publish::Sent;
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Per, Series};
use jiff::ToSpan;
use jiff::civil::Date;

const OF_POSTS: [(&str, Metric); 5] = [
    ("views", Metric::Views),
    ("likes", Metric::Likes),
    ("replies", Metric::Replies),
    ("reposts", Metric::Reposts),
    ("quotes", Metric::Quotes),
];

#[async_trait]
impl PostMetrics for Threads {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let names = OF_POSTS.map(|(name, _)| name).join(",");
        let request = account.net.get(format!("{API}/{}/insights", only(sent)?.remote_id));
        let request = request.query(&[("metric", names)]);
        match meta::ask(request, account.credentials, refine).await {
            Ok(told) => Ok(vec![Some(insights::counts(&told, &OF_POSTS))]),
            Err(refusal) if insights::is_gone(&refusal) => Ok(vec![None]),
            Err(refusal) => Err(refusal),
        }
    }
}

#[async_trait]
impl ChannelMetrics for Threads {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let ask = async |query: &[(&str, &str)]| {
            let request = account.net.get(format!("{API}/{}/threads_insights", account.id)).query(query);
            meta::ask::<insights::Insights>(request, account.credentials, refine).await
        };
        let (since, until) = (insights::second(from), insights::second(to.saturating_add(1.day())));
        let viewed = ask(&[("metric", "views"), ("since", &since), ("until", &until)]).await?;
        let views = viewed.data.iter().filter(|insight| insight.name == "views");
        let points = views.flat_map(insights::Insight::by_day).collect();
        let mut series = vec![Series { metric: Metric::Views, per: Per::Day, points }];
        // Takes no range.
        let followed = ask(&[("metric", "followers_count")]).await?;
        let followers = followed.data.iter().find_map(insights::Insight::number);
        series.extend(followers.map(|value| Series::standing(Metric::Followers, account.today(), value)));
        Ok(series)
    }
}
