//! What the bot is called in a server.
//!
//! After <https://docs.discord.com/developers/resources/guild#modify-current-member> (API version 10, August 2026).

use super::{API, Discord, by_bot, guild_of, refine};
use crate::choosing::Access;
use crate::nickname::Nickname;
use crate::{Detail, Refusal, call};
use async_trait::async_trait;
use crier_model::Code;
use serde::de::IgnoredAny;
use serde_json::json;

/// What is refused here is not a post's: no setting of one is wrong.
fn of_the_server(refusal: Refusal) -> Refusal {
    match refine(refusal) {
        Refusal::Content(detail) => {
            let detail = Detail { pointer: None, ..detail };
            let lacks = detail.code.as_deref() == Some("50013");
            Refusal::Content(if lacks { detail.diagnosed(Code::ConsentScopeMissing) } else { detail })
        }
        other => other,
    }
}

#[async_trait]
impl Nickname for Discord {
    fn max(&self) -> usize {
        32
    }

    async fn be_called(&self, access: &Access<'_>, name: &str) -> Result<(), Refusal> {
        let guild = guild_of(access.credentials)?;
        let name = (!name.is_empty()).then_some(name);
        let request = access.net.patch(format!("{API}/guilds/{guild}/members/@me")).json(&json!({ "nick": name }));
        call::ask::<IgnoredAny>(by_bot(request, access.credentials)?, access.credentials, of_the_server).await?;
        Ok(())
    }
}
