//! Reposting and answering posts, one's own and others': a repost is a record that names a post.
//!
//! After the lexicon `app.bsky.feed.repost` of <https://github.com/bluesky-social/atproto> (August 2026). Its key is known beforehand, so
//! that writing it twice leaves one.

use super::Bluesky;
use super::post::{created_at, put, record_key};
use crate::plugs::{Comments, Reposts};
use crate::publish::{Cx, Sent};
use crate::{Detail, Refusal};
use async_trait::async_trait;
use serde_json::json;

pub(super) const COLLECTION: &str = "app.bsky.feed.repost";

#[async_trait]
impl Reposts for Bluesky {
    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal> {
        if post.data.get("cid").is_none() {
            return Err(Refusal::Content(Detail::new(format!("{} can’t be named exactly", post.remote_id))));
        }
        let created_at = created_at(cx).await?;
        let record = json!({ "$type": COLLECTION, "subject": post.data, "createdAt": format!("{created_at:.3}") });
        let key = record_key(&cx.key(), cx.due_at, cx.part);
        put(cx, COLLECTION, key, record, post.url.clone()).await
    }
}

impl Comments for Bluesky {}
