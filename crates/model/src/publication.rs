//! One post on one channel.

use crate::{Diagnosis, Document, permission::UnknownWord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublicationState {
    Draft,
    Scheduled,
    /// Ahead of the due second: tokens, checks, media.
    Preparing,
    Sending,
    Published,
    /// Waits for a person or an event; see its reason.
    Held,
    /// Sent, the answer was lost, and the network could not tell us.
    Unconfirmed,
    Failed,
    Cancelled,
}

impl PublicationState {
    /// Worst first: a post shows the first of these that any of its publications has.
    pub const BY_WEIGHT: [Self; 9] = [
        Self::Failed,
        Self::Unconfirmed,
        Self::Held,
        Self::Sending,
        Self::Preparing,
        Self::Scheduled,
        Self::Draft,
        Self::Published,
        Self::Cancelled,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Preparing => "preparing",
            Self::Sending => "sending",
            Self::Published => "published",
            Self::Held => "held",
            Self::Unconfirmed => "unconfirmed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state a post shows for these publications; `Draft` when it has none.
    pub fn worst(states: impl IntoIterator<Item = Self>) -> Self {
        let weight = |state: &Self| Self::BY_WEIGHT.iter().position(|s| s == state);
        states.into_iter().min_by_key(weight).unwrap_or(Self::Draft)
    }

    /// Whether content, time and channels may still be changed.
    #[must_use]
    pub fn is_editable(self) -> bool {
        matches!(self, Self::Draft | Self::Scheduled | Self::Held | Self::Failed | Self::Cancelled)
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Published | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for PublicationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PublicationState {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::BY_WEIGHT
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| UnknownWord { what: "publication state", word: s.to_owned() })
    }
}

/// Codes of reasons for being held that one part of the system gives and another acts upon.
pub mod held {
    /// The channel's sign-in is refused; ends with a reconnect.
    pub const RECONNECT: &str = "held.reconnect";
    /// A person has paused it; ends when a person resumes or moves it.
    pub const PERSON: &str = "held.person";
    /// The channel is switched off, or the workspace is paused; ends when that does.
    pub const PAUSED: &str = "held.paused";
    /// Its time was missed; a person decides.
    pub const MISSED: &str = "held.missed";
    /// The network takes no more for now, until after its window of time; a person decides.
    pub const QUOTA: &str = "held.quota";
    /// The channel's daily cap is reached; ends at midnight, or when a person sends it.
    pub const CAP: &str = "held.cap";
    /// A backup was restored, and it may have been sent since that was made; a person decides.
    pub const RESTORED: &str = "held.restored";
}

/// Why a publication is held, unconfirmed, failed or cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// Stable, for example `held.reconnect`, `held.missed`, `content.refused`.
    pub code: String,
    pub title: String,
    /// Plain words, with the network's own where it gave any.
    pub message: String,
    pub diagnosis: Option<Diagnosis>,
}

impl Reason {
    pub fn new(code: &str, title: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), title: title.to_owned(), message: message.into(), diagnosis: None }
    }

    #[must_use]
    pub fn with(mut self, diagnosis: Diagnosis) -> Self {
        self.diagnosis = Some(diagnosis);
        self
    }
}

/// What a person wants to become of what is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    pub what: Wanted,
    pub asked_at: Timestamp,
    /// Why the network did not do it. None while it is still to be done.
    pub refused: Option<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// All its parts are to be deleted on the network.
    Removal,
    /// Its parts are to have these words, in order.
    Words(Vec<Document>),
}

impl Wish {
    /// Whether it is still to be done.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.refused.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::PublicationState as S;

    #[test]
    fn a_post_shows_its_worst_publication() {
        assert_eq!(S::worst([S::Published, S::Failed, S::Scheduled]), S::Failed);
        assert_eq!(S::worst([S::Published, S::Cancelled]), S::Published);
        assert_eq!(S::worst([]), S::Draft);
    }

    #[test]
    fn every_state_reads_back_from_its_word() {
        for state in S::BY_WEIGHT {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }
}
