//! Numbers of posts, and giving them other words. There is no call that deletes one.
//!
//! After <https://docs.whop.com/api-reference/forum-posts/retrieve-forum-post> and the page beside it on updating (September 2026).

use super::{API, Made, Settings, Whop, ask};
use crate::afterwards::{Account, Edit, PostMetrics, if_there, only};
use crate::publish::{Item, Sent};
use crate::{Network, Refusal, settings};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Counted {
    #[serde(default)]
    view_count: Option<i64>,
    #[serde(default)]
    like_count: Option<i64>,
    #[serde(default)]
    comment_count: Option<i64>,
}

#[async_trait]
impl PostMetrics for Whop {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let request = account.net.get(format!("{API}/forum_posts/{}", only(sent)?.remote_id));
        let told: Option<Counted> = if_there(ask(request, account.credentials).await)?;
        let counts = |post: Counted| {
            let numbers = [
                (Metric::Views, post.view_count),
                (Metric::Likes, post.like_count),
                (Metric::Replies, post.comment_count),
            ];
            numbers.into_iter().filter_map(|(metric, value)| Some(Count::new(metric, value?))).collect()
        };
        Ok(vec![told.map(counts)])
    }
}

#[async_trait]
impl Edit for Whop {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let mut change = json!({ "content": self.render(&item.body) });
        if item.thread.is_none() && !settings.title.is_empty() {
            change["title"] = settings.title.as_str().into();
        }
        let request = account.net.patch(format!("{API}/forum_posts/{}", sent.remote_id)).json(&change);
        let _: Made = ask(request, account.credentials).await?;
        Ok(sent.clone())
    }
}
