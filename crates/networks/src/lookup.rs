//! What a setting is chosen from at the network itself: channels, boards, communities. The compatible API calls these tools.

use crate::{Refusal, choosing::Access};
use async_trait::async_trait;
use serde::Serialize;

/// The lookup that finds whom to mention, in networks that have it: its [`LookupItem::id`] is what a mention is in the text.
pub const MENTIONS: &str = "mentions";

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LookupItem {
    /// What the setting gets.
    pub id: String,
    pub name: String,
    /// What tells it from others of its name; empty where nothing needs to.
    pub detail: String,
}

impl LookupItem {
    /// Somebody who can be mentioned: by their name, or by their handle where they have none.
    pub(crate) fn person(id: String, name: Option<String>, handle: String) -> Self {
        let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| handle.clone());
        Self { id, name, detail: handle }
    }
}

/// A network with something to look up. A setting says by `x-lookup` in its schema which of [`Lookup::names`] it is chosen from.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// What can be looked up, by the names of the compatible API.
    fn names(&self) -> &'static [&'static str];

    /// What there is that fits `query`; everything where that is empty. `name` is one of [`Lookup::names`].
    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal>;
}

/// The most people that are suggested at once.
pub(crate) const PEOPLE: usize = 10;

/// The beginning of a name that was typed, with or without the sign before it; none where nobody can be meant yet.
pub(crate) fn typed_name(query: &str) -> Option<&str> {
    Some(query.trim().trim_start_matches('@')).filter(|name| !name.is_empty())
}

/// Those whose name or id has `query` in it, for networks that list everything.
pub(crate) fn fitting(items: impl Iterator<Item = LookupItem>, query: &str) -> Vec<LookupItem> {
    let wanted = query.trim().trim_start_matches('#').to_lowercase();
    items.filter(|item| item.name.to_lowercase().contains(&wanted) || item.id.to_lowercase() == wanted).collect()
}
