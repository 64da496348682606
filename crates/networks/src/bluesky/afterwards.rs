//! Numbers of posts and accounts, which everybody may know, and deleting posts.
//!
//! After the lexicons `app.bsky.feed.getPosts`, `app.bsky.actor.getProfile` and `com.atproto.repo.deleteRecord` of
//! <https://github.com/bluesky-social/atproto> (August 2026). Records can be written over, but no app shows that of a post.

use super::post::COLLECTION;
use super::session::{server, xrpc};
use super::{Bluesky, refine};
use crate::afterwards::{Account, ChannelMetrics, Delete, PostMetrics};
use crate::publish::Sent;
use crate::{Detail, Refusal, call};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

/// Answers everybody without a token (<https://docs.bsky.app/docs/advanced-guides/api-directory>): the account's own server would want
/// another permission for passing the question on.
pub(super) const PUBLIC: &str = "https://public.api.bsky.app";

#[derive(Deserialize)]
struct Found {
    posts: Vec<Post>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    uri: String,
    #[serde(default)]
    like_count: i64,
    #[serde(default)]
    reply_count: i64,
    #[serde(default)]
    repost_count: i64,
    #[serde(default)]
    quote_count: i64,
    #[serde(default)]
    bookmark_count: i64,
}

#[async_trait]
impl PostMetrics for Bluesky {
    fn at_once(&self) -> usize {
        25
    }

    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let uris: Vec<(&str, &str)> = sent.iter().map(|sent| ("uris", sent.remote_id.as_str())).collect();
        let request = account.net.get(xrpc(PUBLIC, "app.bsky.feed.getPosts")).query(&uris);
        let found: Found = call::ask(request, account.credentials, refine).await?;
        let counts = |post: &Post| {
            vec![
                Count::new(Metric::Likes, post.like_count),
                Count::new(Metric::Replies, post.reply_count),
                Count::new(Metric::Reposts, post.repost_count),
                Count::new(Metric::Quotes, post.quote_count),
                Count::new(Metric::Bookmarks, post.bookmark_count),
            ]
        };
        let of = |sent: &Sent| found.posts.iter().find(|post| post.uri == sent.remote_id).map(counts);
        Ok(sent.iter().map(of).collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    followers_count: i64,
    posts_count: i64,
}

#[async_trait]
impl ChannelMetrics for Bluesky {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let request = account.net.get(xrpc(PUBLIC, "app.bsky.actor.getProfile")).query(&[("actor", account.id)]);
        let profile: Profile = call::ask(request, account.credentials, refine).await?;
        let today = account.today();
        Ok(vec![
            Series::standing(Metric::Followers, today, profile.followers_count),
            Series::standing(Metric::Posts, today, profile.posts_count),
        ])
    }
}

#[async_trait]
impl Delete for Bluesky {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let key = sent.remote_id.rsplit_once('/').map(|(_, key)| key);
        let key = key.ok_or_else(|| Refusal::Content(Detail::new(format!("{} names no record", sent.remote_id))))?;
        let body = json!({ "repo": account.id, "collection": COLLECTION, "rkey": key });
        let request = account
            .net
            .post(xrpc(server(account.credentials, account.facts), "com.atproto.repo.deleteRecord"))
            .bearer(account.credentials.access_token.expose())
            .json(&body);
        call::send(request, account.credentials, refine).await.map(drop)
    }
}
