//! What people are told, and by which way each wants to be.

use crate::permission::UnknownWord;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $word:tt),+ $(,)?) => {
        /// What a notice is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum NoticeKind { $($(#[$doc])* #[serde(rename = $word)] $name),+ }

        impl NoticeKind {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

kinds! {
    /// The network no longer takes the channel's sign-in.
    ChannelReconnect "channel.reconnect",
    /// The channel's sign-in ends on a known day and cannot be renewed from here.
    ChannelExpiring "channel.expiring",
    /// A publication that is still to come would not go out as things stand.
    PublicationAtRisk "publication.at_risk",
    PublicationFailed "publication.failed",
    /// Sent, but the network did not say whether it took it.
    PublicationUnconfirmed "publication.unconfirmed",
    PublicationHeld "publication.held",
    PublicationMissed "publication.missed",
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NoticeKind {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().copied().find(|kind| kind.as_str() == s);
        known.ok_or_else(|| UnknownWord { what: "kind of notice", word: s.to_owned() })
    }
}

/// By which ways a person is told of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ways {
    pub app: bool,
    pub mail: bool,
}

/// What a person wants to be told, and how. A kind that is not in it is told by every way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, Ways>)]
pub struct Choices(pub BTreeMap<NoticeKind, Ways>);

impl Choices {
    #[must_use]
    pub fn ways(&self, kind: NoticeKind) -> Ways {
        self.0.get(&kind).copied().unwrap_or(Ways { app: true, mail: true })
    }
}

#[cfg(test)]
mod tests {
    use super::{Choices, NoticeKind, Ways};

    #[test]
    fn what_nobody_chose_is_told_by_every_way() {
        let quiet = Ways { app: true, mail: false };
        let choices = Choices([(NoticeKind::PublicationHeld, quiet)].into());
        assert_eq!(choices.ways(NoticeKind::PublicationHeld), quiet);
        assert_eq!(choices.ways(NoticeKind::ChannelReconnect), Ways { app: true, mail: true });
        let json = serde_json::to_string(&choices).unwrap();
        assert_eq!(json, r#"{"publication.held":{"app":true,"mail":false}}"#);
        assert_eq!(serde_json::from_str::<Choices>(&json).unwrap(), choices);
    }

    #[test]
    fn every_kind_reads_back_from_its_word() {
        for kind in NoticeKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
    }
}
