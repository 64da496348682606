//! Credentials for those who publish: good now, renewed ahead of their end.

use crate::{
    Handshake,
    explain::detail,
    handshake::Broken,
    parked::Kept,
    refresh::{Held, Renewal, reconnect},
};
use async_trait::async_trait;
use crier_model::{ChannelId, Code, Diagnosis, Timestamp, channel::ChannelState};
use crier_networks::{Credentials, Detail, Refusal, connect::Tokens};
use crier_store::{
    StoreError,
    channels::{self, Channel},
    pace,
};
use jiff::SignedDuration;

/// Credentials renewed within this time are newer than those a refusal speaks of.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(10);
/// Between two tries to renew that failed for the moment.
const LATER_AT_LEAST: SignedDuration = SignedDuration::from_mins(1);
const LATER_AT_MOST: SignedDuration = SignedDuration::from_mins(30);

#[async_trait]
impl Tokens for Handshake {
    async fn fresh(&self, channel: ChannelId, refused: bool) -> Result<Credentials, Refusal> {
        self.give_complete(channel, refused).await.unwrap_or_else(|broken| {
            let said = format!("internal error, reference {}", broken.reference());
            Err(Refusal::Temporary(Detail::new(said).diagnosed(Code::Internal)))
        })
    }
}

impl Handshake {
    async fn give_complete(&self, id: ChannelId, refused: bool) -> Result<Result<Credentials, Refusal>, Broken> {
        let channel = channels::by_id(self.store(), id).await?;
        Ok(match self.give(&channel, refused).await? {
            Ok(credentials) => match self.complete(&channel, credentials).await {
                Err(Broken::Store(StoreError::NotFound { what: "app" })) => {
                    let gone = Diagnosis::new(Code::ClientUnknown)
                        .because("The app this channel was connected with has been removed here.");
                    Err(Refusal::Auth(detail(&reconnect(gone))))
                }
                completed => Ok(completed?),
            },
            refused => refused,
        })
    }

    async fn give(&self, channel: &Channel, refused: bool) -> Result<Result<Credentials, Refusal>, Broken> {
        if channel.state == ChannelState::NeedsReconnect {
            let detail = match &channel.reason {
                Some(reason) => detail(reason),
                None => Detail::new("the channel needs reconnecting").diagnosed(Code::CredentialsWrong),
            };
            return Ok(Err(Refusal::Auth(detail)));
        }
        let held = Held::Channel(channel);
        let kept = self.kept(held).await?.0;
        // Of several that were refused at once, one renews; the others come with a refusal of what has just been replaced.
        let replaced = kept.before.is_some() && self.now().duration_since(kept.obtained_at) < JUST_NOW;
        if (!refused || replaced) && kept.is_good(self.now()) {
            return Ok(Ok(kept.credentials));
        }
        let lives = kept.credentials.expires_at.is_none_or(|end| self.now() < end);
        Ok(match Box::pin(self.renewed(held, &kept, refused, true)).await? {
            Renewal::Fresh(kept) => Ok(kept.credentials),
            // A blip at renewal is no reason not to use what is still good.
            Renewal::Later(_) if lives && !refused => Ok(kept.credentials),
            Renewal::Later(refusal) => Err(refusal),
            Renewal::Dead(diagnosis) => Err(Refusal::Auth(detail(&diagnosis))),
        })
    }

    /// Renews a channel's credentials if it is time (due work of kind `refresh`), and says when it will be time again; none
    /// when never.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn renew(&self, channel: ChannelId) -> Result<Option<Timestamp>, crate::ConnectError> {
        Ok(self.renew_due(channel).await?)
    }

    async fn renew_due(&self, id: ChannelId) -> Result<Option<Timestamp>, Broken> {
        let channel = match channels::by_id(self.store(), id).await {
            Ok(channel) => channel,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if channel.deleted_at.is_some() || channel.state == ChannelState::NeedsReconnect {
            return Ok(None);
        }
        let held = Held::Channel(&channel);
        let kept = self.kept(held).await?.0;
        let Some(at) = kept.refresh_at() else { return Ok(None) };
        if self.now() < at {
            return Ok(Some(at));
        }
        // What the network has asked of the app holds for its tokens as well.
        if let Some(until) = pace::shared_rest(self.store(), &channel).await? {
            return Ok(Some(until));
        }
        Ok(match Box::pin(self.renewed(held, &kept, false, false)).await? {
            Renewal::Fresh(kept) => kept.refresh_at(),
            Renewal::Later(refusal) => Some(self.later(&channel, &kept, &refusal)),
            Renewal::Dead(_) => None,
        })
    }

    /// When to try again: as the network says, else sooner the nearer the end is.
    fn later(&self, channel: &Channel, kept: &Kept, refusal: &Refusal) -> Timestamp {
        if let (None, false, Some(end)) = (channel.grant, kept.renews(), kept.credentials.expires_at) {
            // It can't be renewed, and is looked at again when it has ended.
            return end.max(self.in_time(LATER_AT_LEAST));
        }
        tracing::warn!(channel = %channel.id, network = %channel.network, %refusal, "renewing credentials failed for now");
        let left = kept.credentials.expires_at.map_or(LATER_AT_MOST, |end| end.duration_since(self.now()));
        let wait = (left / 4).clamp(LATER_AT_LEAST, LATER_AT_MOST);
        let asked = match refusal {
            Refusal::RateLimit { until, .. } => *until,
            _ => None,
        };
        let at = self.in_time(wait);
        asked.map_or(at, |until| until.max(at))
    }
}
