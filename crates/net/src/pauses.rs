//! Hosts that asked for quiet.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Until when each host wants no more requests.
#[derive(Debug, Default)]
pub(crate) struct Pauses(Mutex<HashMap<String, Timestamp>>);

impl Pauses {
    /// Notes a pause. The latest word of a host counts; pauses that are over are dropped.
    pub(crate) fn note(&self, host: &str, until: Timestamp, now: Timestamp) {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.retain(|_, until| *until > now);
        if until > now {
            pauses.insert(host.to_ascii_lowercase(), until);
        }
    }

    pub(crate) fn until(&self, host: &str, now: Timestamp) -> Option<Timestamp> {
        let pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.get(&host.to_ascii_lowercase()).copied().filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn pauses_end() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        let pauses = Pauses::default();
        pauses.note("Api.test", later(60), now);
        assert_eq!(pauses.until("api.test", now), Some(later(60)));
        assert_eq!(pauses.until("api.test", later(60)), None);
        assert_eq!(pauses.until("other.test", now), None);
        pauses.note("other.test", later(90), later(61));
        assert_eq!(pauses.0.lock().unwrap().len(), 1);
    }
}
