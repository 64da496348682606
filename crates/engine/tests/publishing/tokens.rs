//! Tokens as the handshake would give them: kept in the store, renewed at the wall when they were refused.

use crate::{house::Shifted, wall::Wall};
use async_trait::async_trait;
use crier_model::{ChannelId, Clock, Secret};
use crier_networks::{Credentials, Detail, Refusal, connect::Tokens};
use crier_store::{Store, channels};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

pub struct Renewing {
    store: Store,
    wall: Arc<Wall>,
    clock: Arc<Shifted>,
    pub renewals: AtomicUsize,
}

impl Renewing {
    pub fn new(store: Store, wall: Arc<Wall>, clock: Arc<Shifted>) -> Self {
        Self { store, wall, clock, renewals: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Tokens for Renewing {
    async fn fresh(&self, channel: ChannelId, refused: bool) -> Result<Credentials, Refusal> {
        let kept = channels::open_credentials(&self.store, channel).await.unwrap();
        let credentials: Credentials = serde_json::from_str(kept.secret.expose()).unwrap();
        if !refused {
            return Ok(credentials);
        }
        self.renewals.fetch_add(1, Ordering::SeqCst);
        let token = credentials.refresh_token.as_ref().unwrap().expose();
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let renewed = self.wall.tokens(&form, self.clock.now()).await;
        let renewed = renewed.map_err(|error| Refusal::Auth(Detail::new(error)))?;
        let secret = Secret::new(serde_json::to_string(&renewed).unwrap());
        channels::set_credentials(&self.store, channel, kept.version, &secret, renewed.expires_at, &[]).await.unwrap();
        Ok(renewed)
    }
}
