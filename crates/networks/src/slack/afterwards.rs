//! Deleting messages, and giving them other words.
//!
//! After <https://docs.slack.dev/reference/methods/chat.delete> and <https://docs.slack.dev/reference/methods/chat.update> (August 2026).

use super::{API, Settings, Slack, ask};
use crate::afterwards::{Account, Delete, Edit, files_apart};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

fn channel(sent: &Sent) -> Result<&str, Refusal> {
    let lacks = || Refusal::Content(Detail::new("the channel of the message is not known any more"));
    sent.data.get("channel").and_then(Value::as_str).ok_or_else(lacks)
}

#[async_trait]
impl Delete for Slack {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let body = json!({ "channel": channel(sent)?, "ts": sent.remote_id });
        let request = account.net.post(format!("{API}/chat.delete")).json(&body);
        match ask::<IgnoredAny>(request, account.credentials).await {
            Err(refusal) if refusal.detail().code.as_deref() == Some("message_not_found") => Ok(()),
            other => other.map(drop),
        }
    }
}

#[async_trait]
impl Edit for Slack {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        files_apart(item, 0, "Slack")?;
        let settings: Settings = settings::read(&item.settings)?;
        let written = self.message(item, &settings, &[], "");
        let body = json!({
            "channel": channel(sent)?,
            "ts": sent.remote_id,
            "text": written["text"],
            "blocks": written["blocks"],
        });
        let request = account.net.post(format!("{API}/chat.update")).json(&body);
        ask::<IgnoredAny>(request, account.credentials).await?;
        Ok(sent.clone())
    }
}
