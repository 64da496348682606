//! Looking things up at a channel's network, with the channel's credentials.

use crate::{ConnectError, Handshake, handshake::Broken};
use crier_model::Code;
use crier_networks::{Detail, LookupItem, Network, Refusal, choosing::Access, connect::Tokens};
use crier_store::channels::Channel;
use std::time::Duration;
use tokio::time::timeout;

/// The longest a person waits for it.
const LIMIT: Duration = Duration::from_secs(15);

impl Handshake {
    /// What there is at the network that fits `query`. `name` is one of those the network has.
    ///
    /// # Errors
    /// [`ConnectError::LookupFailed`] with what the network said.
    pub async fn lookup(&self, channel: &Channel, name: &str, query: &str) -> Result<Vec<LookupItem>, ConnectError> {
        let looked = match timeout(LIMIT, self.looked_up(channel, name, query)).await {
            Ok(looked) => looked?,
            Err(_) => {
                let said = format!("no answer within {} s", LIMIT.as_secs());
                Err(Refusal::Temporary(Detail::new(said).diagnosed(Code::HttpTimeout)))
            }
        };
        looked.map_err(|refusal| ConnectError::LookupFailed(Box::new(refusal.diagnosis())))
    }

    async fn looked_up(
        &self,
        channel: &Channel,
        name: &str,
        query: &str,
    ) -> Result<Result<Vec<LookupItem>, Refusal>, Broken> {
        let network = self.network(&channel.network).and_then(Network::lookup);
        let network = network.ok_or_else(|| Broken::NoNetwork(channel.network.clone()))?;
        let mut refused = false;
        loop {
            let credentials = match self.fresh(channel.id, refused).await {
                Ok(credentials) => credentials,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let access: Access<'_> = self.access(&channel.network, channel.instance.as_deref(), &credentials);
            match network.lookup(&access, name, query).await {
                // What has just expired is renewed once.
                Err(Refusal::Auth(_)) if !refused => refused = true,
                settled => return Ok(settled),
            }
        }
    }
}
