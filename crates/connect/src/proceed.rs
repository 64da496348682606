//! Going on with what is already here.

use crate::{Asker, AttemptView, ConnectError, Handshake, handshake::Broken, moves::is_at_work, parked::Parked};
use crier_model::{AttemptId, Code, WorkspaceId, attempt::AttemptState as S};
use crier_store::attempts::{Attempt, Changes, Note};

impl Handshake {
    /// Goes on: asks again whose the tokens are, connects although an optional permission is missing, adds another account
    /// than the expected one as a new channel, lists the choices anew, or takes up what was left behind. Waits for the outcome
    /// a while.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotTheStarter`], [`ConnectError::WrongState`] when there is nothing
    /// to go on with.
    pub async fn proceed(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
    ) -> Result<AttemptView, ConnectError> {
        let by = by.into();
        let attempt = self.own(attempt, workspace, &by).await?;
        let id = attempt.id;
        if attempt.state == S::Connected {
            return self.shown(attempt, &by).await;
        }
        let asked = attempt.state == S::Identified && attempt.diagnosis.is_some();
        let waits = asked || attempt.state == S::Choosing;
        if !waits && !is_at_work(&attempt) {
            return Err(ConnectError::WrongState { state: attempt.state, wanted: "continued" });
        }
        if waits && self.now() >= attempt.expires_at {
            self.expire(&attempt).await?;
            return Err(ConnectError::WrongState { state: S::Expired, wanted: "continued" });
        }
        if waits {
            self.decided(&attempt).await?;
        } else if self.now() >= self.left_behind_at(&attempt).await? {
            self.set_to_work(attempt);
        }
        let attempt = self.rested(id, self.settings().pace.landing).await?;
        self.shown(attempt, &by).await
    }

    /// Notes what the person decided by going on in the face of the diagnosis, and goes on.
    async fn decided(&self, attempt: &Attempt) -> Result<(), Broken> {
        let mut parked = Parked::read(attempt.parked.as_ref())?;
        let what = match attempt.diagnosis.as_ref().map(|diagnosis| diagnosis.code) {
            _ if attempt.state == S::Choosing => {
                parked.choices = None;
                "List the choices anew"
            }
            Some(Code::OtherThanExpected) => {
                parked.as_new = true;
                "Add it as a new channel"
            }
            Some(Code::ConsentScopeMissing) => {
                parked.anyway = true;
                "Connect anyway"
            }
            _ => "Ask again",
        };
        let changes = Changes {
            parked: Some(parked.write()?),
            erase_diagnosis: true,
            note: Some(Note::new("Going on", what)),
            ..Changes::default()
        };
        self.step_and_work(attempt, S::Identified, changes).await?;
        Ok(())
    }
}
