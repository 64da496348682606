//! Asking a channel's network something for a person who waits, with the channel's credentials.

use crate::{ConnectError, Handshake, handshake::Broken};
use async_trait::async_trait;
use crier_model::Code;
use crier_networks::{Detail, LookupItem, Network, Refusal, choosing::Access, connect::Tokens};
use crier_store::channels::Channel;
use std::time::Duration;
use tokio::time::timeout;

/// The longest a person waits for it.
const LIMIT: Duration = Duration::from_secs(15);

/// What is asked; once more where the access token has just expired.
#[async_trait]
trait Question: Sync {
    type Answer: Send;

    /// None where the network has no such thing.
    async fn ask(&self, network: &dyn Network, access: &Access<'_>) -> Option<Result<Self::Answer, Refusal>>;
}

struct Look<'a> {
    name: &'a str,
    query: &'a str,
}

#[async_trait]
impl Question for Look<'_> {
    type Answer = Vec<LookupItem>;

    async fn ask(&self, network: &dyn Network, access: &Access<'_>) -> Option<Result<Self::Answer, Refusal>> {
        Some(network.lookup()?.lookup(access, self.name, self.query).await)
    }
}

struct BeCalled<'a>(&'a str);

#[async_trait]
impl Question for BeCalled<'_> {
    type Answer = ();

    async fn ask(&self, network: &dyn Network, access: &Access<'_>) -> Option<Result<(), Refusal>> {
        Some(network.nickname()?.be_called(access, self.0).await)
    }
}

impl Handshake {
    /// What there is at the network that fits `query`. `name` is one of those the network has.
    ///
    /// # Errors
    /// [`ConnectError::NetworkRefused`] with what the network said.
    pub async fn lookup(&self, channel: &Channel, name: &str, query: &str) -> Result<Vec<LookupItem>, ConnectError> {
        self.put(channel, &Look { name, query }).await
    }

    /// Gives a channel's account this name where it posts, or takes it back where it is empty. The network has nicknames.
    ///
    /// # Errors
    /// [`ConnectError::NetworkRefused`] with what the network said.
    pub async fn be_called(&self, channel: &Channel, name: &str) -> Result<(), ConnectError> {
        self.put(channel, &BeCalled(name)).await
    }

    async fn put<Q: Question>(&self, channel: &Channel, question: &Q) -> Result<Q::Answer, ConnectError> {
        let answered = match timeout(LIMIT, self.answered(channel, question)).await {
            Ok(answered) => answered?,
            Err(_) => {
                let said = format!("no answer within {} s", LIMIT.as_secs());
                Err(Refusal::Temporary(Detail::new(said).diagnosed(Code::HttpTimeout)))
            }
        };
        answered.map_err(|refusal| ConnectError::NetworkRefused(Box::new(refusal.diagnosis())))
    }

    async fn answered<Q: Question>(
        &self,
        channel: &Channel,
        question: &Q,
    ) -> Result<Result<Q::Answer, Refusal>, Broken> {
        let nobody = || Broken::NoNetwork(channel.network.clone());
        let network = self.network(&channel.network).ok_or_else(nobody)?;
        let mut refused = false;
        loop {
            let credentials = match self.fresh(channel.id, refused).await {
                Ok(credentials) => credentials,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let access: Access<'_> = self.access(&channel.network, channel.instance.as_deref(), &credentials);
            match question.ask(network, &access).await.ok_or_else(nobody)? {
                // What has just expired is renewed once.
                Err(Refusal::Auth(_)) if !refused => refused = true,
                settled => return Ok(settled),
            }
        }
    }
}
