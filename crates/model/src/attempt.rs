//! One run of the handshake: its states and what may follow what.

use crate::{InviteId, UserId, permission::UnknownWord};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// `started → away → returned → exchanging → identified → (choosing) → (confirming) → connected`, or an end aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Made; the person is still with us.
    Started,
    /// The person was sent to the network.
    Away,
    /// The network sent a person back, and this delivery has claimed the attempt.
    Returned,
    /// The code (or the credentials) is being exchanged for tokens.
    Exchanging,
    /// Tokens are here, parked, and we know or are finding out whose they are.
    Identified,
    /// The person is to choose among pages, blogs, organisations.
    Choosing,
    /// The tokens are parked until the person who started it confirms the account by name.
    Confirming,
    Connected,
    Failed,
    Expired,
    /// A newer attempt took its place.
    Superseded,
    Cancelled,
}

impl AttemptState {
    pub const ALL: [Self; 12] = [
        Self::Started,
        Self::Away,
        Self::Returned,
        Self::Exchanging,
        Self::Identified,
        Self::Choosing,
        Self::Confirming,
        Self::Connected,
        Self::Failed,
        Self::Expired,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// Whether the attempt has ended.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Connected | Self::Failed | Self::Expired | Self::Superseded | Self::Cancelled)
    }

    /// Whether a callback may still claim the attempt.
    #[must_use]
    pub fn awaits_return(self) -> bool {
        matches!(self, Self::Started | Self::Away)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Away => "away",
            Self::Returned => "returned",
            Self::Exchanging => "exchanging",
            Self::Identified => "identified",
            Self::Choosing => "choosing",
            Self::Confirming => "confirming",
            Self::Connected => "connected",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for AttemptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AttemptState {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| UnknownWord { what: "attempt state", word: s.to_owned() })
    }
}

/// Who began an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Starter {
    User(UserId),
    /// Whoever opened this invite link.
    Invite(InviteId),
}

impl Starter {
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Invite(_) => None,
        }
    }
}

impl From<UserId> for Starter {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}
