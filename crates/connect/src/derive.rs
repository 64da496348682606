//! Channels that live on a grant: the grant is renewed once for all of them, and each takes its own credentials from it.

use crate::{
    Handshake,
    handshake::Broken,
    parked::Kept,
    refresh::{Held, Renewal, Said, reconnect},
};
use crier_model::GrantId;
use crier_networks::{Credentials, Network, Refusal, choosing::of_sign_in};
use crier_store::channels::Channel;

impl Handshake {
    /// A channel's credentials out of those of its grant, which is renewed first where it is time, or where those it gives are
    /// refused.
    pub(crate) async fn derive(
        &self,
        channel: &Channel,
        grant: GrantId,
        kept: &Kept,
        refused: bool,
    ) -> Result<Said, Broken> {
        let held = Held::Grant(grant, channel);
        let mut root = self.kept(held).await?.0;
        let mut renewed = !root.is_good(self.now());
        if renewed {
            let lives = root.credentials.expires_at.is_none_or(|end| self.now() < end);
            root = match Box::pin(self.renewed(held, &root, false, false)).await? {
                Renewal::Fresh(root) => *root,
                Renewal::Later(_) if lives => root,
                Renewal::Later(refusal) => return Ok(Said::Later(refusal)),
                Renewal::Dead(diagnosis) => return Ok(Said::Dead(diagnosis)),
            };
        }
        loop {
            let derived = self.derived(channel, &root.credentials).await?;
            let unchanged = |new: &Credentials| refused && new.access_token == kept.credentials.access_token;
            match derived {
                Ok(new) if !unchanged(&new) => return Ok(Said::New(new)),
                Err(refusal) if !matches!(refusal, Refusal::Auth(_) | Refusal::Content(_)) => {
                    return Ok(Said::Later(refusal.harmless()));
                }
                // It is no longer among what the person manages.
                Err(refusal @ Refusal::Content(_)) => return Ok(Said::Dead(Box::new(reconnect(refusal.diagnosis())))),
                Err(refusal) if renewed => return Ok(Said::Dead(Box::new(reconnect(refusal.diagnosis())))),
                Ok(new) if renewed => return Ok(Said::New(new)),
                Ok(_) | Err(_) => renewed = true,
            }
            root = match Box::pin(self.renewed(held, &root, true, false)).await? {
                Renewal::Fresh(root) => *root,
                Renewal::Later(refusal) => return Ok(Said::Later(refusal)),
                Renewal::Dead(diagnosis) => return Ok(Said::Dead(diagnosis)),
            };
        }
    }

    async fn derived(&self, channel: &Channel, root: &Credentials) -> Result<Result<Credentials, Refusal>, Broken> {
        let choosing = self.network(&channel.network).and_then(Network::choosing);
        let choosing = choosing.ok_or_else(|| Broken::NoNetwork(channel.network.clone()))?;
        let instance = channel.instance.as_deref();
        let root = self.complete(channel, root.clone()).await?;
        let own = choosing.derive(&self.access(&channel.network, instance, &root), &channel.remote_id).await;
        Ok(own.map(|own| own.unwrap_or_else(|| of_sign_in(&root))))
    }
}
