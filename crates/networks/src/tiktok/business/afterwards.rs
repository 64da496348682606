//! Numbers of posts and of the account. Posts can be neither deleted nor changed by this API.
//!
//! After <https://business-api.tiktok.com/portal/docs?id=1762228421622786> and the page of `/business/get/` (November 2026).

use super::{TikTokBusiness, ask, state};
use crate::Refusal;
use crate::afterwards::{Account, ChannelMetrics, PostMetrics};
use crate::publish::Sent;
use crate::tiktok::afterwards::is_known;
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Videos {
    #[serde(default)]
    videos: Vec<Video>,
}

#[derive(Deserialize)]
struct Video {
    item_id: String,
    #[serde(default)]
    video_views: i64,
    #[serde(default)]
    likes: i64,
    #[serde(default)]
    comments: i64,
    #[serde(default)]
    shares: i64,
}

impl Video {
    fn counts(&self) -> Vec<Count> {
        vec![
            Count::new(Metric::Views, self.video_views),
            Count::new(Metric::Likes, self.likes),
            Count::new(Metric::Replies, self.comments),
            Count::new(Metric::Reposts, self.shares),
        ]
    }
}

/// The post's own id, which TikTok tells some minutes after the post is out.
async fn own_id(account: &Account<'_>, sent: &Sent) -> Result<Option<String>, Refusal> {
    if is_known(sent) {
        return Ok(Some(sent.remote_id.clone()));
    }
    let state = state(account.net, account.credentials, &sent.remote_id).await?;
    Ok(state.publicaly_available_post_id.first().map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)))
}

#[async_trait]
impl PostMetrics for TikTokBusiness {
    fn at_once(&self) -> usize {
        20
    }

    /// Of photos, and of what has no id yet, nothing is told.
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let mut ids = Vec::new();
        for sent in sent {
            ids.push(own_id(account, sent).await?);
        }
        let asked: Vec<&String> = ids.iter().flatten().collect();
        if asked.is_empty() {
            return Ok(sent.iter().map(|_| Some(Vec::new())).collect());
        }
        let fields = json!(["item_id", "video_views", "likes", "comments", "shares"]).to_string();
        let filters = json!({ "video_ids": asked }).to_string();
        let query = [("fields", fields.as_str()), ("filters", &filters)];
        let found: Videos = ask(account.net, account.credentials, "/business/video/list/", &query).await?;
        let told = |(sent, id): (&Sent, &Option<String>)| {
            let of_photos = sent.url.as_deref().is_some_and(|url| url.contains("/photo/"));
            let video = found.videos.iter().find(|video| Some(&video.item_id) == id.as_ref());
            match video {
                Some(video) => Some(video.counts()),
                None => (of_photos || !is_known(sent)).then(Vec::new),
            }
        };
        Ok(sent.iter().zip(&ids).map(told).collect())
    }
}

#[derive(Deserialize)]
struct Counted {
    followers_count: i64,
    total_likes: i64,
    videos_count: i64,
}

#[async_trait]
impl ChannelMetrics for TikTokBusiness {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let fields = json!(["followers_count", "total_likes", "videos_count"]).to_string();
        let counted: Counted = ask(account.net, account.credentials, "/business/get/", &[("fields", &fields)]).await?;
        let today = account.today();
        Ok(vec![
            Series::standing(Metric::Followers, today, counted.followers_count),
            Series::standing(Metric::Likes, today, counted.total_likes),
            Series::standing(Metric::Posts, today, counted.videos_count),
        ])
    }
}
