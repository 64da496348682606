//! From a short-lived token to a long-lived one, where a network has two. The short one is parked and stays good beside the
//! new one, so that this is repeated freely: after a lost answer, after a crash, at a person's wish.

use crate::{
    Handshake,
    handshake::Broken,
    oauth2::{Desk, Grant, TokenFailure},
    parked::Parked,
};
use crier_model::{NextKind, attempt::AttemptState as S};
use crier_networks::{Credentials, connect::Exchange};
use crier_store::attempts::{Attempt, Changes, Note};
use tokio::time::sleep;

impl Handshake {
    pub(crate) async fn lengthen(&self, attempt: &Attempt, mut parked: Parked) -> Result<Option<Attempt>, Broken> {
        let endpoints = parked.endpoints.as_ref().ok_or(Broken::Lacks("endpoints"))?;
        let exchange = endpoints.dialect.long_lived.as_ref().ok_or(Broken::Lacks("an exchange"))?;
        let client = parked.client.as_ref().ok_or(Broken::Lacks("a client"))?.client();
        let short = parked.credentials.as_ref().ok_or(Broken::Lacks("credentials"))?;
        let (oauth2, clock) = (self.oauth2(attempt)?, self.deps.clock.as_ref());
        let (net, key) = (self.net(&attempt.network), parked.key()?);
        let desk = Desk { net, clock, oauth2, endpoints, client: &client, key: key.as_ref() };
        match self.ask_for_long_lived(&desk, short, exchange).await {
            Ok(long) => {
                parked.credentials = Some(short.replaced_by(long));
                parked.short_lived = false;
                let note = Note::new("Long-lived token received", "");
                let changes = Changes { parked: Some(parked.write()?), note: Some(note), ..Changes::default() };
                self.step(attempt, S::Identified, changes).await
            }
            Err(failure @ TokenFailure::Refused { .. }) => self.fail(attempt, failure.diagnosis()).await,
            Err(failure) => {
                let cause = format!(
                    "You have authorised Crier, and the permission is kept; only making it last failed at {}.",
                    self.name(&attempt.network)
                );
                let diagnosis = failure.diagnosis().because(cause).offering(NextKind::Continue, "Ask again", None);
                self.wait_for_person(attempt, diagnosis).await
            }
        }
    }

    async fn ask_for_long_lived(
        &self,
        desk: &Desk<'_>,
        short: &Credentials,
        exchange: &Exchange,
    ) -> Result<Credentials, TokenFailure> {
        let mut waits = self.settings().pace.identity.iter();
        loop {
            match desk.ask(Grant::Token(&short.access_token, exchange)).await {
                Err(TokenFailure::Failed(_) | TokenFailure::Unusable { .. }) if waits.len() > 0 => {
                    sleep(waits.next().copied().unwrap_or_default()).await;
                }
                settled => return settled,
            }
        }
    }
}
