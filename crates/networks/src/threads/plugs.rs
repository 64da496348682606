//! Reposting, and answering posts of one's own.
//!
//! After <https://developers.facebook.com/documentation/threads/posts/reposts> and
//! <https://developers.facebook.com/documentation/threads/retrieve-and-manage-replies/create-replies> (August 2026): answering others' posts
//! takes permissions that are given for other ends. What a second repost of the same post comes to is not told.

use super::{API, Threads, refine};
use crate::Refusal;
use crate::meta::{self, Made};
use crate::plugs::{Comments, Reposts, Whose};
use crate::publish::{Cx, Once, Sent};
use async_trait::async_trait;
use serde_json::Value;

#[async_trait]
impl Reposts for Threads {
    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal> {
        let request = cx.net.post(format!("{API}/{}/repost", post.remote_id));
        let repost = || meta::json::<Made>(request, cx.credentials, refine);
        let made: Made = cx.step("repost", Once::Ask, repost).await?;
        Ok(Sent { remote_id: made.id, url: post.url.clone(), data: Value::Null })
    }
}

impl Comments for Threads {
    fn whose(&self) -> Whose {
        Whose::Own
    }
}
