//! Reactions and members; deleting messages, and giving them other words.
//!
//! After <https://docs.discord.com/developers/resources/message> (`#get-channel-message`, `#edit-message`, `#delete-message`) and
//! <https://docs.discord.com/developers/resources/guild#get-guild> (API version 10, August 2026).

use super::{API, Discord, Settings, by_bot, guild_of, message, refine};
use crate::about::Network;
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, if_there, only};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Where a message is: in the channel, or the thread, that its address names.
fn place(sent: &Sent) -> Result<String, Refusal> {
    let channel = sent.url.as_deref().and_then(|url| url.rsplit('/').nth(1));
    let lacks = || Refusal::Content(Detail::new("the channel of the message is not known any more"));
    Ok(format!("{API}/channels/{}/messages/{}", channel.ok_or_else(lacks)?, sent.remote_id))
}

#[derive(Deserialize)]
struct Reacted {
    #[serde(default)]
    reactions: Vec<Reaction>,
}

#[derive(Deserialize)]
struct Reaction {
    count: i64,
}

#[async_trait]
impl PostMetrics for Discord {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let request = by_bot(account.net.get(place(only(sent)?)?), account.credentials)?;
        let told = if_there(call::ask::<Reacted>(request, account.credentials, refine).await)?;
        let likes = |told: Reacted| told.reactions.iter().map(|reaction| reaction.count).sum();
        Ok(vec![told.map(|told| vec![Count::new(Metric::Likes, likes(told))])])
    }
}

#[derive(Deserialize)]
struct Counted {
    approximate_member_count: i64,
}

#[async_trait]
impl ChannelMetrics for Discord {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let guild = guild_of(account.credentials)?;
        let request = account.net.get(format!("{API}/guilds/{guild}")).query(&[("with_counts", "true")]);
        let told: Counted = call::ask(by_bot(request, account.credentials)?, account.credentials, refine).await?;
        Ok(vec![Series::standing(Metric::Followers, account.today(), told.approximate_member_count)])
    }
}

#[async_trait]
impl Delete for Discord {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = by_bot(account.net.delete(place(sent)?), account.credentials)?;
        if_there(call::send(request, account.credentials, refine).await).map(drop)
    }
}

#[async_trait]
impl Edit for Discord {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let mut body = message(&self.render(&item.body), &[], &settings);
        // That it came silently is past.
        if let Some(members) = body.as_object_mut() {
            members.remove("flags");
        }
        let request = by_bot(account.net.patch(place(sent)?).json(&body), account.credentials)?;
        call::json::<IgnoredAny>(request, account.credentials, refine).await?;
        Ok(sent.clone())
    }
}
