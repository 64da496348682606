//! Members of a chat; deleting messages, and giving them other words.
//!
//! After <https://core.telegram.org/bots/api#getchatmembercount>, `#deletemessages`, `#editmessagetext` and `#editmessagecaption`
//! (version 10.1, June 2026). Bots are told nothing of views.

use super::{ALBUM, Settings, Telegram, ask, at, write};
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::metric::{Metric, Series};
use jiff::civil::Date;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[async_trait]
impl ChannelMetrics for Telegram {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let request = account.net.post(at(account.credentials, "getChatMemberCount")?);
        let members: i64 = ask(request.json(&json!({ "chat_id": account.id })), account.credentials).await?;
        Ok(vec![Series::standing(Metric::Followers, account.today(), members)])
    }
}

fn number(sent: &Sent) -> Result<i64, Refusal> {
    let wrong = |_| Refusal::Content(Detail::new(format!("“{}” is no id of Telegram's", sent.remote_id)));
    sent.remote_id.parse().map_err(wrong)
}

#[async_trait]
impl Delete for Telegram {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let album = sent.data.get(ALBUM).and_then(Value::as_array).cloned();
        let ids = album.unwrap_or_else(|| vec![sent.remote_id.as_str().into()]);
        let ids: Vec<i64> = match ids.as_slice() {
            [Value::String(_)] => vec![number(sent)?],
            ids => ids.iter().filter_map(Value::as_i64).collect(),
        };
        // Those that are not there are passed over.
        let request = account.net.post(at(account.credentials, "deleteMessages")?);
        let body = json!({ "chat_id": account.id, "message_ids": ids });
        ask::<IgnoredAny>(request.json(&body), account.credentials).await.map(drop)
    }
}

#[async_trait]
impl Edit for Telegram {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let (method, field) =
            if item.media.is_empty() { ("editMessageText", "text") } else { ("editMessageCaption", "caption") };
        let mut body = json!({ "chat_id": account.id, "message_id": number(sent)?, "parse_mode": "HTML" });
        body[field] = write(&item.body, true).into();
        if item.media.is_empty() && settings.disable_link_preview {
            body["link_preview_options"] = json!({ "is_disabled": true });
        }
        let request = account.net.post(at(account.credentials, method)?).json(&body);
        match ask::<IgnoredAny>(request, account.credentials).await {
            // It says so already.
            Err(refusal) if refusal.detail().message.contains("message is not modified") => {}
            other => drop(other?),
        }
        Ok(sent.clone())
    }
}
