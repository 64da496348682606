//! Reposting, and commenting on posts of one's own.
//!
//! After <https://docs.x.com/x-api/users/repost-post> (August 2026), which takes the permissions that publishing has. Since February 2026
//! only those may answer others' posts by the API who were mentioned there, so that comments go below the account's own posts alone.

use super::{API, Data, X, refine, signed};
use crate::plugs::{Comments, Reposts, Whose};
use crate::publish::{Cx, Once, Sent};
use crate::{Refusal, call};
use async_trait::async_trait;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[async_trait]
impl Reposts for X {
    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal> {
        let request = cx.net.post(format!("{API}/users/{}/retweets", cx.account));
        let request = signed(request.json(&json!({ "tweet_id": post.remote_id })), cx.credentials);
        let repost = || async move {
            match call::json::<Data<IgnoredAny>>(request, cx.credentials, refine).await {
                // X reposts once, and either says so again or that it was done.
                Err(Refusal::Content(detail)) if detail.message.contains("already retweeted") => Ok(()),
                told => told.map(|_| ()),
            }
        };
        cx.step("repost", Once::Repeatable, repost).await?;
        Ok(Sent { remote_id: post.remote_id.clone(), url: post.url.clone(), data: Value::Null })
    }
}

impl Comments for X {
    fn whose(&self) -> Whose {
        Whose::Own
    }
}
