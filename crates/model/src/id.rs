//! Identifiers. Every row has a UUIDv7, so that keys sort by the time they were made.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, format = "uuid")]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id; ids made later sort later.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "an id is never a default")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// A person with an account here.
    UserId,
    /// One signed-in browser.
    SessionId,
    /// Everything a team owns.
    WorkspaceId,
    /// A key for the API, bound to one workspace.
    ApiKeyId,
    /// A client id and secret under which we speak to a network.
    AppId,
    /// One connected account on a network.
    ChannelId,
    /// One run of the handshake.
    AttemptId,
    /// What one consent gave, where several channels live on it.
    GrantId,
    /// A link by which somebody without an account here connects an account of theirs.
    InviteId,
    /// One piece of content with a time, its variants and its channels.
    PostId,
    /// A post that repeats, as a whole.
    SeriesId,
    /// An evergreen queue.
    EvergreenId,
    /// One post on one channel: the unit that is scheduled, sent and reported.
    PublicationId,
    /// What is done to one published post by itself.
    PlugId,
    /// Something people are told.
    NoticeId,
    /// One call to a workspace's webhook.
    DeliveryId,
    /// A file in the library.
    MediaId,
    /// A row of due work.
    WorkId,
    /// Something that happened and that others may want to know.
    EventId,
}
