//! Numbers of posts and of the account; deleting and editing what was posted.
//!
//! After <https://www.reddit.com/dev/api> (`info`, `me`, `del`, `editusertext`; November 2026). Only words can be changed: neither titles
//! nor links nor files.

use super::refusal::refine;
use super::{API, Listing, Reddit, get, post};
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics};
use crate::publish::{Item, Sent};
use crate::{Detail, Network, Refusal, call};
use async_trait::async_trait;
use crier_model::Code;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A post or a comment. What was deleted is still told, without its author.
#[derive(Deserialize)]
struct Counted {
    name: String,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    score: i64,
    /// Of posts alone.
    #[serde(default)]
    num_comments: Option<i64>,
    #[serde(default)]
    num_crossposts: Option<i64>,
}

/// The name Reddit knows it by. Comments are told by their addresses, which end with their own id behind that of their post.
fn full_name(sent: &Sent) -> String {
    let is_comment = sent.url.as_deref().is_some_and(|url| {
        let path = url.split("/comments/").nth(1).unwrap_or_default();
        path.trim_end_matches('/').split('/').nth(2).is_some_and(|id| id == sent.remote_id)
    });
    format!("{}_{}", if is_comment { "t1" } else { "t3" }, sent.remote_id)
}

#[async_trait]
impl PostMetrics for Reddit {
    fn at_once(&self) -> usize {
        100
    }

    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let names: Vec<String> = sent.iter().map(full_name).collect();
        let query = [("id", names.join(","))];
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let found: Listing<Counted> = get(account.net, account.credentials, "/api/info", &query).await?;
        let found: Vec<Counted> = found.data.children.into_iter().map(|child| child.data).collect();
        let counts = |post: &Counted| {
            let mut counts = vec![Count::new(Metric::Likes, post.score)];
            counts.extend(post.num_comments.map(|comments| Count::new(Metric::Replies, comments)));
            counts.extend(post.num_crossposts.map(|crossposts| Count::new(Metric::Reposts, crossposts)));
            counts
        };
        let is_there = |post: &&Counted| post.author.as_deref().is_some_and(|author| author != "[deleted]");
        let told = |name: &String| found.iter().find(|post| post.name == *name).filter(is_there).map(counts);
        Ok(names.iter().map(told).collect())
    }
}

#[derive(Deserialize)]
struct Me {
    total_karma: i64,
    #[serde(default)]
    subreddit: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    subscribers: Option<i64>,
}

#[async_trait]
impl ChannelMetrics for Reddit {
    /// Those who follow the profile, and all votes for what the account posted.
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let me: Me = get(account.net, account.credentials, "/api/v1/me", &[]).await?;
        let today = account.today();
        let mut all = vec![Series::standing(Metric::Likes, today, me.total_karma)];
        let followers = me.subreddit.and_then(|profile| profile.subscribers);
        all.extend(followers.map(|followers| Series::standing(Metric::Followers, today, followers)));
        Ok(all)
    }
}

/// Changing what was posted is a permission of its own.
fn of_change(refusal: Refusal) -> Refusal {
    match refusal.harmless() {
        Refusal::Content(detail) if detail.status == Some(403) => {
            let detail = Detail { pointer: None, ..detail };
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        other => other,
    }
}

#[async_trait]
impl Delete for Reddit {
    /// Reddit answers alike whether it was there.
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.post(format!("{API}/api/del")).form(&[("id", full_name(sent))]);
        let request = request.bearer(account.credentials.access_token.expose());
        call::send(request, account.credentials, refine).await.map_err(of_change).map(drop)
    }
}

#[async_trait]
impl Edit for Reddit {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let has_link = item.settings.get("url").and_then(|url| url.as_str()).is_some_and(|url| !url.is_empty());
        if item.thread.is_none() && (has_link || !item.media.is_empty()) {
            let said = "Reddit lets the words of text posts and comments be changed, not those beside links and files";
            return Err(Refusal::Content(Detail::new(said)).at("/text"));
        }
        let (name, words) = (full_name(sent), self.render(&item.body));
        let form = [("api_type", "json"), ("thing_id", name.as_str()), ("text", words.as_str())];
        let request = account.net.post(format!("{API}/api/editusertext")).form(&form);
        let _: IgnoredAny = post(request, account.credentials).await.map_err(of_change)?;
        Ok(sent.clone())
    }
}
