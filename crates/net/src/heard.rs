//! What hosts say of their limits in answers that are good.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

/// What hosts said of their limits in answer to the requests of one client.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<Option<Timestamp>>>);

impl Heard {
    /// The end of the window that good answers called used up: the latest, of several.
    #[must_use]
    pub fn used_up_until(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, until: Timestamp) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *heard = Some(heard.map_or(until, |before| before.max(until)));
    }
}
