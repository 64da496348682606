//! Handing a notice on.

use crate::work::{Done, Handler, HandlerError, subject};
use async_trait::async_trait;
use crier_model::NoticeId;
use crier_store::{
    Store, StoreError, due,
    notices::{self, Notice},
};
use serde_json::{Value, json};
use url::Url;

/// Does the work of kind [`due::kind::NOTICE`].
#[derive(Debug, Clone)]
pub struct Announcer {
    pub store: Store,
    pub public_url: Url,
    /// Whether a mail server is configured.
    pub by_mail: bool,
}

#[async_trait]
impl Handler for Announcer {
    fn kind(&self) -> &'static str {
        due::kind::NOTICE
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: NoticeId = subject(work)?;
        let notice = match notices::by_id(&self.store, id).await {
            Ok(notice) => notice,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        let body = body(&notice, &page(&self.public_url, &notice)).to_string();
        notices::hand_on(&self.store, work.fence, &notice, &body, self.by_mail).await?;
        Ok(Done::Settled)
    }
}

/// The page a notice is about.
pub(crate) fn page(public_url: &Url, notice: &Notice) -> String {
    let base = public_url.as_str().trim_end_matches('/');
    match notice.post {
        Some(post) => format!("{base}/posts/{post}"),
        None => format!("{base}/channels/{}", notice.channel),
    }
}

/// What a webhook is sent: `type`, `timestamp` and `data`, as Standard Webhooks recommends.
fn body(notice: &Notice, url: &str) -> Value {
    let next: Vec<_> = notice
        .next
        .iter()
        .map(|next| json!({ "post_id": next.post, "excerpt": next.excerpt, "due_at": next.due_at }))
        .collect();
    json!({
        "type": notice.kind,
        "timestamp": notice.created_at,
        "data": {
            "notice_id": notice.id,
            "workspace_id": notice.workspace,
            "channel_id": notice.channel,
            "post_id": notice.post,
            "title": notice.title,
            "text": notice.text,
            "next": next,
            "url": url,
        },
    })
}
