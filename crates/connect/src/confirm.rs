//! Confirming an account that came back in another browser.

use crate::{
    Asker, AttemptView, ConnectError, Handshake,
    handshake::Broken,
    parked::Parked,
    secrets::{hash, same},
};
use crier_model::{AttemptId, WorkspaceId, attempt::AttemptState as S};
use crier_store::attempts::{Attempt, Changes, Note};

impl Handshake {
    /// Attaches an account that waits to be confirmed. The nonce is the one its landing carried.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotTheStarter`], [`ConnectError::WrongNonce`];
    /// [`ConnectError::WrongState`] when it does not wait for that, or not any more.
    pub async fn confirm(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
        nonce: &str,
    ) -> Result<AttemptView, ConnectError> {
        let by = by.into();
        let attempt = self.own(attempt, workspace, &by).await?;
        let holds_nonce = attempt.nonce_hash.as_deref().is_some_and(|known| same(&hash(nonce), known));
        if holds_nonce && matches!(attempt.state, S::Connected | S::Identified) {
            let attempt = self.rested(attempt.id, self.settings().pace.landing).await?;
            return self.shown(attempt, &by).await;
        }
        let wrong_state = |state| ConnectError::WrongState { state, wanted: "confirmed" };
        if attempt.state != S::Confirming {
            return Err(wrong_state(attempt.state));
        }
        if self.now() >= attempt.expires_at {
            self.expire(&attempt).await?;
            return Err(wrong_state(S::Expired));
        }
        if !holds_nonce {
            return Err(ConnectError::WrongNonce);
        }
        self.confirmed(&attempt).await?;
        let attempt = self.rested(attempt.id, self.settings().pace.landing).await?;
        self.shown(attempt, &by).await
    }

    /// The account is the starter's wish: the attempt goes on as if their own browser had come back.
    pub(crate) async fn confirmed(&self, attempt: &Attempt) -> Result<(), Broken> {
        let parked = Parked { foreign: false, nonce: None, ..Parked::read(attempt.parked.as_ref())? };
        let changes = Changes {
            parked: Some(parked.write()?),
            erase_diagnosis: true,
            note: Some(Note::new("Confirmed", "")),
            ..Changes::default()
        };
        self.step_and_work(attempt, S::Identified, changes).await?;
        Ok(())
    }
}
