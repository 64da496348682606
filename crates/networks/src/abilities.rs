//! What a network can do beyond publishing, as its code says it: for the table of networks, for pages and for apps.

use crate::{
    Network,
    lookup::{Lookup, MENTIONS},
    nickname::Nickname,
    plugs::{Comments, Reposts, Whose},
};
use serde::Serialize;

/// Whether a network has each of the optional capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[allow(clippy::struct_excessive_bools, reason = "each is a column of the table")]
pub struct Abilities {
    /// Things are looked up there for settings: channels, boards, communities.
    pub lookup: bool,
    /// It suggests whom to mention, by the lookup `mentions`.
    pub mentions: bool,
    /// A post whose confirmation was lost is looked for.
    pub find: bool,
    /// Characters of the name of its own that an account can be given where it posts; none where it can't.
    pub nickname: Option<usize>,
    /// It tells numbers of posts.
    pub post_metrics: bool,
    /// It tells numbers of the account.
    pub channel_metrics: bool,
    /// What is published can be deleted from here.
    pub delete: bool,
    /// What is published can be given other words from here.
    pub edit: bool,
    /// Whose posts its channels can repost by themselves; none where they can't.
    pub reposts: Option<Whose>,
    /// Whose posts its channels can comment on by themselves; none where they can't.
    pub comments: Option<Whose>,
}

impl Abilities {
    #[must_use]
    pub fn of(network: &dyn Network) -> Self {
        let lookups = network.lookup().map(Lookup::names).unwrap_or_default();
        Self {
            lookup: lookups.iter().any(|name| *name != MENTIONS),
            mentions: lookups.contains(&MENTIONS),
            nickname: network.nickname().map(Nickname::max),
            find: network.recent().is_some(),
            post_metrics: network.post_metrics().is_some(),
            channel_metrics: network.channel_metrics().is_some(),
            delete: network.delete().is_some(),
            edit: network.edit().is_some(),
            reposts: network.reposts().map(Reposts::whose),
            comments: network.comments().map(Comments::whose),
        }
    }
}
