//! Numbers of posts and of the account. Posts can be neither deleted nor changed by TikTok's API.
//!
//! After <https://developers.tiktok.com/doc/tiktok-api-v2-video-query> and
//! <https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info> (November 2026).

use super::{API, TikTok, UserOf, ask};
use crate::Refusal;
use crate::afterwards::{Account, ChannelMetrics, PostMetrics};
use crate::publish::Sent;
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Videos {
    videos: Vec<Video>,
}

#[derive(Deserialize)]
struct Video {
    id: String,
    #[serde(default)]
    view_count: i64,
    #[serde(default)]
    like_count: i64,
    #[serde(default)]
    comment_count: i64,
    #[serde(default)]
    share_count: i64,
}

/// Whether TikTok has told the post's own id: until then it is known by the one it was begun under.
pub(super) fn is_known(sent: &Sent) -> bool {
    sent.remote_id.bytes().all(|byte| byte.is_ascii_digit())
}

#[async_trait]
impl PostMetrics for TikTok {
    fn at_once(&self) -> usize {
        20
    }

    /// Of what is not public, or not yet, nothing is told.
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let ids: Vec<&str> = sent.iter().filter(|sent| is_known(sent)).map(|sent| sent.remote_id.as_str()).collect();
        if ids.is_empty() {
            return Ok(sent.iter().map(|_| Some(Vec::new())).collect());
        }
        let request = account.net.post(format!("{API}/video/query/"));
        let request = request.query(&[("fields", "id,view_count,like_count,comment_count,share_count")]);
        let request = request.json(&json!({ "filters": { "video_ids": ids } }));
        let found: Videos = ask(request, account.credentials).await?;
        let counts = |video: &Video| {
            vec![
                Count::new(Metric::Views, video.view_count),
                Count::new(Metric::Likes, video.like_count),
                Count::new(Metric::Replies, video.comment_count),
                Count::new(Metric::Reposts, video.share_count),
            ]
        };
        let told = |sent: &Sent| {
            if is_known(sent) {
                found.videos.iter().find(|video| video.id == sent.remote_id).map(counts)
            } else {
                Some(Vec::new())
            }
        };
        Ok(sent.iter().map(told).collect())
    }
}

#[derive(Deserialize)]
struct Counted {
    follower_count: i64,
    likes_count: i64,
    video_count: i64,
}

#[async_trait]
impl ChannelMetrics for TikTok {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let request = account.net.get(format!("{API}/user/info/"));
        let request = request.query(&[("fields", "follower_count,likes_count,video_count")]);
        let UserOf::<Counted> { user } = ask(request, account.credentials).await?;
        let today = account.today();
        Ok(vec![
            Series::standing(Metric::Followers, today, user.follower_count),
            Series::standing(Metric::Likes, today, user.likes_count),
            Series::standing(Metric::Posts, today, user.video_count),
        ])
    }
}
