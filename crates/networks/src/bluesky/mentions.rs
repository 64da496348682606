//! Finding whom to mention, which everybody may.
//!
//! After the lexicon `app.bsky.actor.searchActorsTypeahead` of <https://github.com/bluesky-social/atproto> (August 2026).

use super::afterwards::PUBLIC;
use super::session::xrpc;
use super::{Bluesky, refine};
use crate::choosing::Access;
use crate::lookup::{Lookup, LookupItem, MENTIONS, PEOPLE, typed_name};
use crate::{Refusal, call};
use async_trait::async_trait;
use serde::Deserialize;

/// Stands in place of a handle that leads to nobody.
const NO_HANDLE: &str = "handle.invalid";

#[derive(Deserialize)]
struct Found {
    actors: Vec<Actor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Actor {
    handle: String,
    #[serde(default)]
    display_name: Option<String>,
}

#[async_trait]
impl Lookup for Bluesky {
    fn names(&self) -> &'static [&'static str] {
        &[MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let Some(wanted) = typed_name(query) else { return Ok(Vec::new()) };
        let request = access.net.get(xrpc(PUBLIC, "app.bsky.actor.searchActorsTypeahead"));
        let request = request.query(&[("q", wanted), ("limit", &PEOPLE.to_string())]);
        let found: Found = call::ask(request, access.credentials, refine).await?;
        let item = |Actor { handle, display_name }: Actor| {
            let handle = format!("@{handle}");
            LookupItem::person(handle.clone(), display_name, handle)
        };
        Ok(found.actors.into_iter().filter(|actor| actor.handle != NO_HANDLE).map(item).collect())
    }
}
