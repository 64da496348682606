//! Numbers of the account. A broadcaster's own messages can't be deleted by the API.
//!
//! After <https://dev.twitch.tv/docs/api/reference/#get-channel-followers> (November 2026).

use super::{API, Twitch, client_id, refine, signed};
use crate::afterwards::{Account, ChannelMetrics};
use crate::{Refusal, call};
use async_trait::async_trait;
use crier_model::metric::{Metric, Series};
use jiff::civil::Date;
use serde::Deserialize;

#[derive(Deserialize)]
struct Total {
    total: i64,
}

#[async_trait]
impl ChannelMetrics for Twitch {
    /// How many follow is told to everybody, who they are to moderators.
    async fn channel(&self, account: &Account<'_>, _from: Date, _to: Date) -> Result<Vec<Series>, Refusal> {
        let request = account.net.get(format!("{API}/channels/followers"));
        let request = request.query(&[("broadcaster_id", account.id), ("first", "1")]);
        let request = signed(request, account.credentials, client_id(account.facts)?);
        let Total { total } = call::ask(request, account.credentials, refine).await?;
        Ok(vec![Series::standing(Metric::Followers, account.today(), total)])
    }
}
