//! Coming back to attempts: those left behind by a crash go on, those whose time is over lapse.

use crate::{ConnectError, Handshake, handshake::Broken, moves::is_at_work};
use crier_model::{AttemptId, Timestamp};
use crier_store::{StoreError, attempts};

impl Handshake {
    /// Looks at an attempt again (due work of kind `attempt`) and says when to come back; none when there is nothing left
    /// to do for it. Moving an attempt moves its due work too, so that the caller may find its lease gone.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn revisit(&self, attempt: AttemptId) -> Result<Option<Timestamp>, ConnectError> {
        Ok(self.look_after(attempt).await?)
    }

    async fn look_after(&self, id: AttemptId) -> Result<Option<Timestamp>, Broken> {
        let attempt = match attempts::by_id(self.store(), id).await {
            Ok(attempt) => attempt,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if attempt.state.is_final() {
            if attempt.parked.is_some() {
                self.clear(attempt).await?;
            }
            return Ok(None);
        }
        if is_at_work(&attempt) {
            let left_behind_at = self.left_behind_at(&attempt).await?;
            if self.now() < left_behind_at {
                return Ok(Some(left_behind_at));
            }
            self.work(attempt).await;
        } else if self.now() >= attempt.expires_at {
            self.expire(&attempt).await?;
        } else {
            return Ok(Some(attempt.expires_at));
        }
        let attempt = attempts::by_id(self.store(), id).await?;
        Ok(self.next_visit(&attempt))
    }
}
