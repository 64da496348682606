//! Numbers of posts and of the page; deleting posts and comments, and giving them other words.
//!
//! After <https://developers.facebook.com/docs/graph-api/reference/insights> (version 26, August 2026; metrics of media views, which took the
//! place of impressions in June 2026) and <https://developers.facebook.com/docs/pages-api/posts> (`#update-a-post`, `#delete-a-post`).

use super::{Facebook, GRAPH, PostType, Settings, refine};
use crate::about::Network;
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, only};
use crate::meta::{self, insights};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

const OF_POSTS: [(&str, Metric); 2] =
    [("post_total_media_view_unique", Metric::Reach), ("post_clicks", Metric::Clicks)];
const OF_PAGES: [(&str, Metric); 2] =
    [("page_media_view", Metric::Views), ("page_total_media_view_unique", Metric::Reach)];

#[derive(Deserialize)]
struct Numbers {
    #[serde(default)]
    shares: Option<Shares>,
    #[serde(default)]
    comments: Option<Summed>,
    #[serde(default)]
    reactions: Option<Summed>,
}

#[derive(Deserialize)]
struct Shares {
    count: i64,
}

#[derive(Deserialize)]
struct Summed {
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    total_count: i64,
}

impl Numbers {
    fn counts(self) -> Vec<Count> {
        let shares = self.shares.map_or(0, |shares| shares.count);
        let summed = |of: Option<Summed>| of.map(|of| of.summary.total_count);
        let told = [
            (Metric::Likes, summed(self.reactions)),
            (Metric::Replies, summed(self.comments)),
            (Metric::Reposts, Some(shares)),
        ];
        told.into_iter().filter_map(|(metric, value)| Some(Count::new(metric, value?))).collect()
    }
}

/// A story's own numbers are gone with it, after a day.
fn is_story(sent: &Sent) -> bool {
    sent.data.get("stories").is_some()
}

#[async_trait]
impl PostMetrics for Facebook {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let sent = only(sent)?;
        if is_story(sent) {
            return Ok(vec![None]);
        }
        // A video is counted as the post it stands in, once that is known.
        let post = sent.data.get("post").and_then(Value::as_str).unwrap_or(&sent.remote_id);
        let is_post = post.contains('_');
        let mut fields = "comments.limit(0).summary(true),reactions.limit(0).summary(true)".to_owned();
        if is_post {
            fields.push_str(",shares");
        }
        let request = account.net.get(format!("{GRAPH}/{post}")).query(&[("fields", fields)]);
        let mut counts = match meta::ask::<Numbers>(request, account.credentials, refine).await {
            Ok(numbers) => numbers.counts(),
            Err(refusal) if insights::is_gone(&refusal) => return Ok(vec![None]),
            Err(refusal) => return Err(refusal),
        };
        if is_post {
            let names = OF_POSTS.map(|(name, _)| name).join(",");
            let request = account.net.get(format!("{GRAPH}/{post}/insights")).query(&[("metric", names)]);
            let told = meta::ask::<insights::Insights>(request, account.credentials, refine).await;
            let told = insights::if_granted(told.map(|told| insights::counts(&told, &OF_POSTS)))?;
            counts.extend(told);
        }
        Ok(vec![Some(counts)])
    }
}

#[derive(Deserialize)]
struct Followed {
    #[serde(default)]
    followers_count: i64,
}

#[async_trait]
impl ChannelMetrics for Facebook {
    async fn channel(&self, account: &Account<'_>, from: Date, to: Date) -> Result<Vec<Series>, Refusal> {
        let page = format!("{GRAPH}/{}", account.id);
        let request = account.net.get(&page).query(&[("fields", "followers_count")]);
        let followed: Followed = meta::ask(request, account.credentials, refine).await?;
        let mut series = vec![Series::standing(Metric::Followers, account.today(), followed.followers_count)];
        let place = format!("{page}/insights");
        let days = insights::days(account, &place, &OF_PAGES, (from, to), refine).await;
        series.extend(insights::if_granted(days)?);
        Ok(series)
    }
}

#[async_trait]
impl Delete for Facebook {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        insights::delete(account, sent, refine).await
    }
}

#[async_trait]
impl Edit for Facebook {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        if settings.post_type == PostType::Story && item.thread.is_none() {
            return Err(Refusal::Content(Detail::new("A story on Facebook has no words to be changed.")));
        }
        // Of a video's words the name is another one.
        let is_video = item.thread.is_none() && item.media.iter().any(crate::publish::MediaItem::is_film);
        let name = if is_video { "description" } else { "message" };
        let request = account.net.post(format!("{GRAPH}/{}", sent.remote_id)).form(&[(name, self.render(&item.body))]);
        meta::ask::<serde::de::IgnoredAny>(request, account.credentials, refine).await?;
        Ok(sent.clone())
    }
}
