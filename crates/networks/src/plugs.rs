//! What an account does to posts that are out, its own or another's: showing one again to its followers, answering one.
//!
//! Each is an optional part of a network ([`crate::Network`]). Unlike what can be repeated at will ([`crate::afterwards`]), it is done
//! by the steps of a journal, as publishing is: nobody wants to read the same comment twice. The context's publication is then no
//! publication but what is done, so that its key ([`Cx::key`]) differs from that of the post.

use crate::{
    Refusal,
    publish::{Cx, Item, Publish, Sent},
};
use async_trait::async_trait;
use serde::Serialize;

/// Whose posts an account may do it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// Its own alone.
    Own,
    /// Those of accounts of the same server, too: elsewhere a post has another id.
    SameServer,
    Anyones,
}

/// Shows posts again.
#[async_trait]
pub trait Reposts: Send + Sync {
    fn whose(&self) -> Whose {
        Whose::Anyones
    }

    /// Reposts `post`, which is the first part where there are several. Where a repost has no address of its own, that of the post is
    /// given.
    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal>;
}

/// Answers posts. A comment is a further part of a post, so it is published as one.
#[async_trait]
pub trait Comments: Publish {
    fn whose(&self) -> Whose {
        Whose::Anyones
    }

    /// Publishes the item below [`Item::thread`], which it always has.
    async fn comment(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        self.publish(cx, item).await
    }
}
