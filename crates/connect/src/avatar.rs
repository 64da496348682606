//! The account's picture. It is fetched after the connect and can never fail one.

use crate::{Asker, ConnectError, Handshake, parked::Parked};
use crier_media::Picture;
use crier_model::{AttemptId, ChannelId, WorkspaceId};
use crier_networks::Choice;
use crier_store::{
    StoreError,
    channels::{self, Channel},
};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(20);
/// Servers that have a picture in several types are to give one that is quickly decoded.
const ACCEPTED: &str =
    "image/webp, image/png, image/jpeg, image/gif, image/avif;q=0.9, image/svg+xml;q=0.8, image/*;q=0.5";
const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Before a picture that did not come is asked for once more.
const ONCE_MORE: Duration = Duration::from_secs(3);

impl Handshake {
    /// Fetches a channel's picture (due work of kind `avatar`) and keeps it. One that can't be had or read leaves the one
    /// before it, or the initials.
    ///
    /// # Errors
    /// Only when the database fails.
    pub async fn fetch_avatar(&self, channel: ChannelId) -> Result<(), ConnectError> {
        let channel = match channels::by_id(self.store(), channel).await {
            Ok(channel) if channel.deleted_at.is_none() => channel,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let Some(source) = &channel.avatar_source else { return Ok(()) };
        let picture = match self.fetch_picture(&channel.network, source).await {
            Err(Unfetched { may_pass: true, .. }) => {
                tokio::time::sleep(ONCE_MORE).await;
                self.fetch_picture(&channel.network, source).await
            }
            fetched => fetched,
        };
        match picture {
            Ok(bytes) => self.keep_picture(&channel, bytes).await,
            Err(unfetched) => {
                tracing::info!(channel = %channel.id, why = %unfetched.why, "the picture could not be fetched");
                Ok(())
            }
        }
    }

    /// The picture of one of an attempt's choices, made small; none where it can't be had or read. It is not kept.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotTheStarter`].
    pub async fn choice_picture(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
        choice: &str,
    ) -> Result<Option<Picture>, ConnectError> {
        let attempt = self.own(attempt, workspace, &by.into()).await?;
        let parked = Parked::read(attempt.parked.as_ref())?;
        let of = |it: Choice| (it.identity.remote_id == choice).then_some(it.identity.avatar_url).flatten();
        let Some(source) = parked.choices.into_iter().flatten().find_map(of) else { return Ok(None) };
        let Ok(bytes) = self.fetch_picture(&attempt.network, &source).await else { return Ok(None) };
        Ok(self.deps.library.small(bytes).await.ok())
    }

    async fn fetch_picture(&self, network: &str, source: &str) -> Result<bytes::Bytes, Unfetched> {
        let request = self.net(network).get(source).header("accept", ACCEPTED).timeout(TIMEOUT).max_body(MAX_BYTES);
        let answer = request
            .send()
            .await
            .map_err(|failure| Unfetched { may_pass: failure.status.is_none(), why: failure.to_string() })?;
        if answer.is_success() {
            return Ok(answer.body().clone());
        }
        let why = format!("{} answered {}", answer.host(), answer.status());
        Err(Unfetched { may_pass: answer.status() >= 500, why })
    }

    async fn keep_picture(&self, channel: &Channel, bytes: bytes::Bytes) -> Result<(), ConnectError> {
        match self.deps.library.keep_avatar(channel.workspace, channel.id, bytes).await {
            Ok(key) => match channels::set_avatar(self.store(), channel.id, Some(&key)).await {
                Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            },
            Err(error) => {
                tracing::info!(channel = %channel.id, %error, "the picture could not be kept");
                Ok(())
            }
        }
    }
}

struct Unfetched {
    may_pass: bool,
    why: String,
}
