//! Numbers of videos and of their channel; deleting videos, and giving them other words
//! (<https://docs.joinpeertube.org/api-rest-reference.html>, version 8.1, 2026).

use super::{PeerTube, Settings, me, refine, server, signed};
use crate::about::Network;
use crate::afterwards::{Account, ChannelMetrics, Delete, Edit, PostMetrics, if_there, only};
use crate::publish::{Item, Sent};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::metric::{Count, Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Numbers {
    views: i64,
    likes: i64,
    dislikes: i64,
    /// Since version 7.2.
    #[serde(default)]
    comments: Option<i64>,
}

fn place(account: &Account<'_>, sent: &Sent) -> Result<String, Refusal> {
    Ok(format!("{}/api/v1/videos/{}", server(account.instance)?, sent.remote_id))
}

#[async_trait]
impl PostMetrics for PeerTube {
    async fn posts(&self, account: &Account<'_>, sent: &[Sent]) -> Result<Vec<Option<Vec<Count>>>, Refusal> {
        let request = signed(account.net.get(place(account, only(sent)?)?), account.credentials);
        let told = if_there(call::ask::<Numbers>(request, account.credentials, refine).await)?;
        let counts = |numbers: Numbers| {
            let mut counts = vec![
                Count::new(Metric::Views, numbers.views),
                Count::new(Metric::Likes, numbers.likes),
                Count::new(Metric::Dislikes, numbers.dislikes),
            ];
            counts.extend(numbers.comments.map(|comments| Count::new(Metric::Replies, comments)));
            counts
        };
        Ok(vec![told.map(counts)])
    }
}

#[async_trait]
impl ChannelMetrics for PeerTube {
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let channels = me(account.net, server(account.instance)?, account.credentials).await?.video_channels;
        let gone = || Refusal::Content(Detail::new("the channel is there no more"));
        let channel = channels.into_iter().find(|channel| channel.id.to_string() == account.id).ok_or_else(gone)?;
        Ok(vec![Series::standing(Metric::Followers, account.today(), channel.followers_count)])
    }
}

#[async_trait]
impl Delete for PeerTube {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = signed(account.net.delete(place(account, sent)?), account.credentials);
        if_there(call::send(request, account.credentials, refine).await.map_err(Refusal::harmless)).map(drop)
    }
}

#[async_trait]
impl Edit for PeerTube {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = self.render(&item.body);
        let change = json!({ "name": settings.title, "description": (!words.trim().is_empty()).then_some(words) });
        let request = signed(account.net.put(place(account, sent)?).json(&change), account.credentials);
        call::send(request, account.credentials, refine).await?;
        Ok(sent.clone())
    }
}
