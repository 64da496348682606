//! Who does which kind of due work ([`crier_store::due::kind`]).

use async_trait::async_trait;
use crier_model::Timestamp;
use std::time::Duration;

/// What became of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Nothing remains; the row goes.
    Finished,
    /// The row was finished or released in the transaction of what it was about.
    Settled,
    /// To be taken up again at this time.
    Again(Timestamp),
}

/// Does one kind of work. An error is on our side (the database): the row is released and tried again after a while.
#[async_trait]
pub trait Handler: Send + Sync {
    fn kind(&self) -> &'static str;
    /// How long one piece may take. What takes longer hangs: it is stopped and tried again.
    fn deadline(&self) -> Duration {
        Duration::from_secs(10 * 60)
    }
    async fn handle(&self, work: &crier_store::due::Claimed) -> Result<Done, HandlerError>;
}

/// The id that a piece of work is about.
///
/// # Errors
/// When the subject is none.
pub fn subject<T: std::str::FromStr>(work: &crier_store::due::Claimed) -> Result<T, HandlerError> {
    work.subject.parse().map_err(|_| HandlerError::Other(format!("“{}” is no id", work.subject)))
}

#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    #[error(transparent)]
    Store(#[from] crier_store::StoreError),
    /// It took longer than its deadline.
    #[error("it was stopped after {0:?}")]
    Overdue(Duration),
    #[error("{0}")]
    Other(String),
}
