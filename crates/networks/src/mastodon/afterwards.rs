//! Numbers of statuses and accounts; deleting statuses, and giving them other words.
//!
//! After <https://docs.joinmastodon.org/methods/statuses/> (`#get`, `#delete`, `#edit`) and
//! <https://docs.joinmastodon.org/methods/accounts/#verify_credentials> (July 2026). Editing came with Mastodon 3.5.

use super::account::{MASTODON, server};
use super::friendica::{FRIENDICA, Friendica};
use super::pixelfed::{PIXELFED, Pixelfed};
use super::publish::Status;
use super::{Flavour, Mastodon, refine};
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, if_there, only};
use crate::publish::{Item, Sent};
use crate::{Refusal, call};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use crier_net::Request;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Numbers {
    favourites_count: i64,
    reblogs_count: i64,
    #[serde(default)]
    replies_count: i64,
    /// Since Mastodon 4.5.
    #[serde(default)]
    quotes_count: Option<i64>,
}

#[derive(Deserialize)]
struct Followed {
    followers_count: i64,
    statuses_count: i64,
}

fn signed(account: &Account<'_>, request: Request) -> Request {
    request.bearer(account.credentials.access_token.expose())
}

fn status_url(account: &Account<'_>, sent: &Sent, flavour: &Flavour) -> Result<String, Refusal> {
    Ok(format!("{}/api/v1/statuses/{}", server(account.instance, flavour)?, sent.remote_id))
}

async fn numbers(account: &Account<'_>, sent: &[Sent], flavour: &Flavour) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
    let request = account.net.get(status_url(account, only(sent)?, flavour)?);
    let told = if_there(call::ask::<Numbers>(signed(account, request), account.credentials, refine).await)?;
    let counts = |numbers: Numbers| {
        let mut counts = vec![
            Count::new(Metric::Likes, numbers.favourites_count),
            Count::new(Metric::Replies, numbers.replies_count),
            Count::new(Metric::Reposts, numbers.reblogs_count),
        ];
        counts.extend(numbers.quotes_count.map(|quotes| Count::new(Metric::Quotes, quotes)));
        counts
    };
    Ok(vec![told.map(counts)])
}

async fn followed(account: &Account<'_>, flavour: &Flavour) -> Result<Vec<Series>, Refusal> {
    let origin = server(account.instance, flavour)?;
    let request = account.net.get(format!("{origin}/api/v1/accounts/verify_credentials"));
    let told: Followed = call::ask(signed(account, request), account.credentials, refine).await?;
    let today = account.today();
    Ok(vec![
        Series::standing(Metric::Followers, today, told.followers_count),
        Series::standing(Metric::Posts, today, told.statuses_count),
    ])
}

async fn delete(account: &Account<'_>, sent: &Sent, flavour: &Flavour) -> Result<(), Refusal> {
    let request = account.net.delete(status_url(account, sent, flavour)?);
    if_there(call::send(signed(account, request), account.credentials, refine).await).map(drop)
}

#[async_trait]
impl PostMetrics for Mastodon {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        numbers(account, sent, &MASTODON).await
    }
}

#[async_trait]
impl PostMetrics for Pixelfed {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        numbers(account, sent, &PIXELFED).await
    }
}

#[async_trait]
impl ChannelMetrics for Mastodon {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        followed(account, &MASTODON).await
    }
}

#[async_trait]
impl ChannelMetrics for Pixelfed {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        followed(account, &PIXELFED).await
    }
}

#[async_trait]
impl Delete for Mastodon {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        delete(account, sent, &MASTODON).await
    }
}

#[async_trait]
impl Delete for Pixelfed {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        delete(account, sent, &PIXELFED).await
    }
}

#[async_trait]
impl PostMetrics for Friendica {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        numbers(account, sent, &FRIENDICA).await
    }
}

#[async_trait]
impl ChannelMetrics for Friendica {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        followed(account, &FRIENDICA).await
    }
}

#[async_trait]
impl Delete for Friendica {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        delete(account, sent, &FRIENDICA).await
    }
}

#[derive(Deserialize)]
struct Attached {
    media_attachments: Vec<Attachment>,
}

#[derive(Deserialize)]
struct Attachment {
    id: String,
}

/// Makes a status say what `write` writes with the ids of its files.
async fn edit(
    account: &Account<'_>,
    sent: &Sent,
    item: &Item,
    flavour: &Flavour,
    write: impl FnOnce(&[String]) -> Result<Value, Refusal> + Send,
) -> Result<Sent, Refusal> {
    let url = status_url(account, sent, flavour)?;
    // An edit that names no files takes them away.
    let media_ids: Vec<String> = if item.media.is_empty() {
        Vec::new()
    } else {
        let request = signed(account, account.net.get(&url));
        let there: Attached = call::ask(request, account.credentials, refine).await?;
        there.media_attachments.into_iter().map(|attachment| attachment.id).collect()
    };
    // What a status answers and who sees it stay as they are.
    let mut status = write(&media_ids)?;
    if let Some(members) = status.as_object_mut() {
        members.remove("visibility");
        members.remove("in_reply_to_id");
    }
    let request = signed(account, account.net.put(url).json(&status));
    Ok(call::json::<Status>(request, account.credentials, refine).await?.into())
}

#[async_trait]
impl Edit for Mastodon {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let item = Item { thread: None, ..item.clone() };
        edit(account, sent, &item, &MASTODON, |media_ids| self.status(&item, media_ids)).await
    }
}

/// After `doc/API-Mastodon.md` at <https://github.com/friendica/friendica> (2026): as Mastodon's, with the title of Friendica's own.
#[async_trait]
impl Edit for Friendica {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        edit(account, sent, item, &FRIENDICA, |media_ids| self.status(item, media_ids)).await
    }
}
