//! Plugs: what is done to a post by itself once it is out, when enough people like it or after a time.

use crate::{ChannelId, Document, permission::UnknownWord};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How long after it was published a post's likes are looked at.
pub const WATCHED: SignedDuration = SignedDuration::from_hours(3 * 24);
/// The most likes that may be waited for.
pub const MOST_LIKES: u32 = 1_000_000;
/// The shortest time after which another channel follows a post, in minutes.
pub const SOONEST_MINUTES: u32 = 5;
/// The longest time after which another channel follows a post, in minutes.
pub const LATEST_MINUTES: u32 = 24 * 60;
/// The most that may follow one post on one channel.
pub const MOST_FOLLOWING: usize = 20;

/// What is done to a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlugAct)]
pub enum Act {
    /// It is shown again to the followers of the channel that does it.
    Repost,
    /// It is answered below.
    Comment,
}

impl Act {
    pub const ALL: [Self; 2] = [Self::Repost, Self::Comment];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repost => "repost",
            Self::Comment => "comment",
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Act {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|act| act.as_str() == s);
        found.ok_or_else(|| UnknownWord { what: "act", word: s.to_owned() })
    }
}

/// What a channel does with each of its posts that gets as many likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub act: Act,
    pub enabled: bool,
    /// At least 1.
    pub likes: u32,
    /// What a comment says.
    pub body: Option<Document>,
}

/// What a channel does with one post of another, or of its own, some time after that is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Following {
    pub act: Act,
    /// The channel that does it.
    pub by: ChannelId,
    /// Minutes after the post is published.
    pub after_minutes: u32,
    /// What a comment says.
    #[serde(default)]
    pub body: Option<Document>,
}

/// How it stands with a plug of one published post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlugState {
    /// Waits for likes.
    Watching,
    /// Is done at its time.
    Due,
    Done,
    /// The answer was lost, and the network could not tell us. It is not done again.
    Unconfirmed,
    Failed,
    /// Is not done any more: too few likes, a rule that was switched off, a post that was deleted.
    Dropped,
}

impl PlugState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Watching => "watching",
            Self::Due => "due",
            Self::Done => "done",
            Self::Unconfirmed => "unconfirmed",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

impl fmt::Display for PlugState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PlugState {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Watching, Self::Due, Self::Done, Self::Unconfirmed, Self::Failed, Self::Dropped]
            .into_iter()
            .find(|state| state.as_str() == s)
            .ok_or_else(|| UnknownWord { what: "plug state", word: s.to_owned() })
    }
}
