//! Numbers of the community, after <https://dev.vk.com/method/groups.getById> (June 2026).

use super::{Groups, Vk, ask};
use crate::Refusal;
use crate::afterwards::{Account, ChannelMetrics};
use async_trait::async_trait;
use crier_model::metric::{Metric, Series};
use jiff::civil::Date;

#[async_trait]
impl ChannelMetrics for Vk {
    /// The numbers of posts are told to people's tokens alone.
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let fields = [("fields", "members_count")];
        let found: Groups =
            ask(account.net, account.credentials, "groups.getById", &fields).await.map_err(Refusal::harmless)?;
        let members = found.groups.into_iter().find_map(|group| group.members_count);
        Ok(members.map(|members| Series::standing(Metric::Followers, account.today(), members)).into_iter().collect())
    }
}
