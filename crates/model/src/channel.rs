//! One connected account on a network.

use crate::permission::UnknownWord;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelState {
    Active,
    /// Switched off by a person.
    Disabled,
    /// The network no longer takes our tokens; its posts are held.
    NeedsReconnect,
}

impl ChannelState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::NeedsReconnect => "needs_reconnect",
        }
    }
}

impl fmt::Display for ChannelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChannelState {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Active, Self::Disabled, Self::NeedsReconnect]
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| UnknownWord { what: "channel state", word: s.to_owned() })
    }
}

/// Whose account it is, as the network tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The network's own id of the account, unique together with the instance.
    pub remote_id: String,
    /// What people see, for example `Ada Lovelace`.
    pub name: String,
    /// How the network addresses it, without a leading `@`, for example `ada@example.social`.
    pub handle: String,
    pub profile_url: Option<String>,
    /// Where the network keeps the picture; fetched afterwards and never a reason to fail.
    pub avatar_url: Option<String>,
}
