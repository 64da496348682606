//! Numbers of posts and of the account; deleting posts.
//!
//! After <https://docs.x.com/x-api/posts/get-posts-by-ids>, <https://docs.x.com/x-api/users/get-my-user> and
//! <https://docs.x.com/x-api/posts/delete-post> (August 2026). X charges for each post looked at.

use super::{API, Data, X, refine, signed};
use crate::afterwards::{Account, ChannelMetrics, Delete, PostMetrics, if_there};
use crate::publish::Sent;
use crate::{Refusal, call};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;

#[derive(Deserialize)]
struct Found {
    /// Without those that are there no more.
    #[serde(default)]
    data: Vec<Post>,
}

#[derive(Deserialize)]
struct Post {
    id: String,
    public_metrics: Numbers,
}

#[derive(Deserialize)]
struct Numbers {
    #[serde(default)]
    impression_count: i64,
    #[serde(default)]
    like_count: i64,
    #[serde(default)]
    reply_count: i64,
    #[serde(default)]
    retweet_count: i64,
    #[serde(default)]
    quote_count: i64,
    #[serde(default)]
    bookmark_count: i64,
}

#[async_trait]
impl PostMetrics for X {
    fn at_once(&self) -> usize {
        100
    }

    fn is_costly(&self) -> bool {
        true
    }

    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let ids = sent.iter().map(|sent| sent.remote_id.as_str()).collect::<Vec<_>>().join(",");
        let request = account.net.get(format!("{API}/tweets"));
        let request = request.query(&[("ids", ids.as_str()), ("tweet.fields", "public_metrics")]);
        let found: Found = call::ask(signed(request, account.credentials), account.credentials, refine).await?;
        let counts = |post: &Post| {
            let numbers = &post.public_metrics;
            vec![
                Count::new(Metric::Impressions, numbers.impression_count),
                Count::new(Metric::Likes, numbers.like_count),
                Count::new(Metric::Replies, numbers.reply_count),
                Count::new(Metric::Reposts, numbers.retweet_count),
                Count::new(Metric::Quotes, numbers.quote_count),
                Count::new(Metric::Bookmarks, numbers.bookmark_count),
            ]
        };
        Ok(sent.iter().map(|sent| found.data.iter().find(|post| post.id == sent.remote_id).map(counts)).collect())
    }
}

#[derive(Deserialize)]
struct User {
    public_metrics: Followed,
}

#[derive(Deserialize)]
struct Followed {
    followers_count: i64,
    tweet_count: i64,
}

#[async_trait]
impl ChannelMetrics for X {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let request = account.net.get(format!("{API}/users/me")).query(&[("user.fields", "public_metrics")]);
        let told: Data<User> = call::ask(signed(request, account.credentials), account.credentials, refine).await?;
        let (numbers, today) = (told.data.public_metrics, account.today());
        Ok(vec![
            Series::standing(Metric::Followers, today, numbers.followers_count),
            Series::standing(Metric::Posts, today, numbers.tweet_count),
        ])
    }
}

#[async_trait]
impl Delete for X {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.delete(format!("{API}/tweets/{}", sent.remote_id));
        let request = signed(request, account.credentials);
        if_there(call::send(request, account.credentials, refine).await).map(drop)
    }
}
