//! Finding a post or a comment among what the account has posted.

use super::{Comment, Listing, Reddit, SITE, Settings, commented, get, sent};
use crate::publish::{Cx, Item, Recent, Sent};
use crate::{Detail, Network, Refusal, settings};
use async_trait::async_trait;
use crier_model::Timestamp;
use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How many posts a look reads.
const PAGE: usize = 25;
/// How far Reddit's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);

async fn listing<T: DeserializeOwned>(cx: &Cx<'_>, what: &str) -> Result<Vec<T>, Refusal> {
    let query = [("sort", "new"), ("limit", &PAGE.to_string())];
    let list: Listing<T> = get(cx.net, cx.credentials, &format!("/user/{}/{what}", cx.handle), &query).await?;
    Ok(list.data.children.into_iter().map(|child| child.data).collect())
}

#[derive(Deserialize)]
struct ListedPost {
    id: String,
    title: String,
    subreddit: String,
    created_utc: f64,
    permalink: String,
}

#[derive(Deserialize)]
struct ListedComment {
    id: String,
    body: String,
    link_id: String,
    created_utc: f64,
    permalink: String,
}

fn is_since(created_utc: f64, since: Timestamp) -> bool {
    created_utc >= since.as_second() as f64
}

/// Whether a look went far enough back to know.
fn known(ages: impl ExactSizeIterator<Item = f64>, since: Timestamp) -> Result<(), Refusal> {
    let few = ages.len() < PAGE;
    if few || ages.into_iter().any(|created| !is_since(created, since)) {
        return Ok(());
    }
    Err(Refusal::Unknown(Detail::new("there are too many newer posts to tell whether this one is among them")))
}

/// The account's post of this title in this subreddit, made since it was due.
pub async fn listed_post(cx: &Cx<'_>, settings: &Settings) -> Result<Option<Sent>, Refusal> {
    let since = cx.due_at - CLOCK_SLACK;
    let posts: Vec<ListedPost> = listing(cx, "submitted").await?;
    let is_it = |post: &&ListedPost| {
        is_since(post.created_utc, since)
            && post.title.trim() == settings.title.trim()
            && post.subreddit.eq_ignore_ascii_case(settings.place())
    };
    match posts.iter().find(is_it) {
        Some(post) => Ok(Some(sent(&post.id, Some(format!("{SITE}{}", post.permalink))))),
        None => known(posts.iter().map(|post| post.created_utc), since).map(|()| None),
    }
}

#[async_trait]
impl Recent for Reddit {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let Some(thread) = &item.thread else {
            return listed_post(cx, &settings::read(&item.settings)?).await.map_err(Refusal::of_look);
        };
        let (since, words) = (cx.due_at - CLOCK_SLACK, squeezed(&self.render(&item.body)));
        let below = format!("t3_{}", thread.root.remote_id);
        let comments: Vec<ListedComment> = listing(cx, "comments").await.map_err(Refusal::of_look)?;
        let is_it = |comment: &&ListedComment| {
            is_since(comment.created_utc, since) && comment.link_id == below && squeezed(&comment.body) == words
        };
        match comments.iter().find(is_it) {
            Some(comment) => {
                let found = Comment { id: comment.id.clone(), permalink: comment.permalink.clone() };
                Ok(Some(commented(found)))
            }
            None => known(comments.iter().map(|comment| comment.created_utc), since).map(|()| None),
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}
