//! Boosting and answering statuses of accounts on the same server: on another one a status has another id.
//!
//! After <https://docs.joinmastodon.org/methods/statuses/#boost> (July 2026). Boosting again gives the boost there is.

use super::account::{MASTODON, server};
use super::publish::Status;
use super::{Mastodon, refine};
use crate::plugs::{Comments, Reposts, Whose};
use crate::publish::{Cx, Once, Sent};
use crate::{Refusal, call};
use async_trait::async_trait;

#[async_trait]
impl Reposts for Mastodon {
    fn whose(&self) -> Whose {
        Whose::SameServer
    }

    async fn repost(&self, cx: &Cx<'_>, post: &Sent) -> Result<Sent, Refusal> {
        let origin = server(cx.instance, &MASTODON)?;
        let request = cx.net.post(format!("{origin}/api/v1/statuses/{}/reblog", post.remote_id));
        let request = request.bearer(cx.credentials.access_token.expose());
        let boost = || call::json::<Status>(request, cx.credentials, refine);
        let boost: Sent = cx.step("boost", Once::Repeatable, boost).await?.into();
        Ok(Sent { url: boost.url.or_else(|| post.url.clone()), ..boost })
    }
}

impl Comments for Mastodon {
    fn whose(&self) -> Whose {
        Whose::SameServer
    }
}
