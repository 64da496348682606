//! The request log: what was asked, by whom, and how it ended. It holds no secret and no content.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

use crate::endpoint::Endpoint;

/// The oldest entries go first.
const KEPT: usize = 20_000;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    /// Counts from 1 since the start of the program.
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) endpoint: Endpoint,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The client id that was shown, whether or not it was right.
    pub(crate) client: Option<String>,
    /// The handle of the account concerned, where known.
    pub(crate) account: Option<String>,
    /// The `grant_type` of a token request.
    pub(crate) grant_type: Option<String>,
    /// None where the connection was cut.
    pub(crate) status: Option<u16>,
    /// `ok`, an error code, or what a fault made of it.
    pub(crate) outcome: String,
    /// The faults that fired, by id.
    pub(crate) faults: Vec<String>,
    /// Milliseconds, with what is less.
    pub(crate) took_ms: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    last: u64,
    entries: VecDeque<Entry>,
}

impl Log {
    pub(crate) fn add(&mut self, mut entry: Entry) {
        self.last += 1;
        entry.seq = self.last;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// The number of the newest entry.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Entries after number `since`, oldest first.
    pub(crate) fn since(&self, since: u64) -> impl Iterator<Item = &Entry> {
        let first = self.last - self.entries.len() as u64;
        let skip = usize::try_from(since.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            endpoint: Endpoint::Me,
            method: "GET".to_owned(),
            path: "/api/me".to_owned(),
            client: None,
            account: None,
            grant_type: None,
            status: Some(200),
            outcome: "ok".to_owned(),
            faults: Vec::new(),
            took_ms: 0.0,
        }
    }

    #[test]
    fn keeps_the_newest_and_counts_on() {
        let mut log = Log::default();
        for _ in 0..KEPT + 5 {
            log.add(entry());
        }
        assert_eq!(log.since(0).count(), KEPT);
        assert_eq!(log.since(0).next().unwrap().seq, 6);
        let last = log.last();
        assert_eq!(log.since(last - 2).count(), 2);
        assert_eq!(log.since(last).count(), 0);
        assert_eq!(log.since(last + 100).count(), 0);
    }
}
