//! Steps of a publication, written down in the store under the worker's fence.

use async_trait::async_trait;
use crier_model::PublicationId;
use crier_networks::publish::{Begun, Journal, JournalError, Once};
use crier_store::{Store, due::Fence};

pub(crate) struct StoreJournal {
    pub store: Store,
    pub publication: PublicationId,
    pub fence: Fence,
    /// Tells the content of the part from any other.
    pub fingerprint: String,
}

#[async_trait]
impl Journal for StoreJournal {
    async fn begin(&self, name: &str, once: &Once) -> Result<Begun, JournalError> {
        let begun = crier_store::steps::begin(
            &self.store,
            self.fence,
            self.publication,
            name,
            once.as_str(),
            &self.fingerprint,
        )
        .await
        .map_err(|error| JournalError(error.to_string()))?;
        Ok(match begun {
            crier_store::steps::Begun::Fresh => Begun::Fresh,
            crier_store::steps::Begun::Answered(answer) => Begun::Answered(answer),
            crier_store::steps::Begun::Interrupted { .. } => Begun::Interrupted,
        })
    }

    async fn answer(&self, name: &str, answer: serde_json::Value) -> Result<(), JournalError> {
        crier_store::steps::answer(&self.store, self.fence, self.publication, name, &answer)
            .await
            .map_err(|error| JournalError(error.to_string()))
    }

    async fn abandon(&self, name: &str) -> Result<(), JournalError> {
        crier_store::steps::abandon(&self.store, self.fence, self.publication, name)
            .await
            .map_err(|error| JournalError(error.to_string()))
    }
}
