//! Finding whom to mention.
//!
//! After <https://docs.joinmastodon.org/methods/accounts/#search> and <https://docs.joinmastodon.org/methods/search/#v2> (July 2026),
//! `accountSearch` of <https://github.com/pixelfed/pixelfed> and `Accounts/Search` of <https://github.com/friendica/friendica> (2026).
//! How Friendica reads mentions is after its `doc/Tags-and-Mentions.md`.

use super::account::{MASTODON, OLD_PROFILE, server};
use super::friendica::{FRIENDICA, Friendica};
use super::pixelfed::{PIXELFED, Pixelfed};
use super::{Flavour, Mastodon, refine};
use crate::choosing::Access;
use crate::connect::Credentials;
use crate::lookup::{Lookup, LookupItem, MENTIONS, PEOPLE, typed_name};
use crate::{Refusal, call};
use async_trait::async_trait;
use serde::Deserialize;

#[derive(Deserialize)]
struct Found {
    accounts: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    /// With the server's name where that is another one.
    acct: String,
    #[serde(default)]
    display_name: Option<String>,
}

impl Person {
    fn item(self, host: &str, flavour: &Flavour) -> LookupItem {
        let short = format!("@{}", self.acct);
        let whole = if self.acct.contains('@') { short.clone() } else { format!("{short}@{host}") };
        let id = if flavour.mentions_whole { whole.clone() } else { short };
        LookupItem::person(id, self.display_name, whole)
    }
}

async fn people(access: &Access<'_>, query: &str, flavour: &Flavour) -> Result<Vec<LookupItem>, Refusal> {
    let Some(wanted) = typed_name(query) else { return Ok(Vec::new()) };
    let origin = server(access.instance, flavour)?;
    let limit = PEOPLE.to_string();
    let found: Vec<Person> = if may_search(access.credentials, flavour) {
        let request =
            access.net.get(format!("{origin}/api/v1/accounts/search")).query(&[("q", wanted), ("limit", &limit)]);
        call::ask(request.bearer(access.credentials.access_token.expose()), access.credentials, refine).await?
    } else {
        let asked = [("q", wanted), ("type", "accounts"), ("limit", &limit)];
        let request = access.net.get(format!("{origin}/api/v2/search")).query(&asked);
        let found: Found = call::ask(request, access.credentials, refine).await.map_err(of_nobody)?;
        found.accounts
    };
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    Ok(found.into_iter().take(PEOPLE).map(|person| person.item(host, flavour)).collect())
}

/// Whether the token may search. Mastodon's permission for the profile alone does not let it; there everybody may since 4.0, without a
/// token.
fn may_search(credentials: &Credentials, flavour: &Flavour) -> bool {
    let lets = |scope: &str| scope == "read" || scope == OLD_PROFILE;
    let told = credentials.scopes.iter().flatten();
    told.map(String::as_str).chain(flavour.scopes.iter().map(|scope| scope.id)).any(lets)
}

/// A refusal of a request without a token says nothing of the channel's, which would be renewed for it.
fn of_nobody(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Auth(detail) => Refusal::Content(detail),
        other => other,
    }
}

#[async_trait]
impl Lookup for Mastodon {
    fn names(&self) -> &'static [&'static str] {
        &[MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        people(access, query, &MASTODON).await
    }
}

#[async_trait]
impl Lookup for Pixelfed {
    fn names(&self) -> &'static [&'static str] {
        &[MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        people(access, query, &PIXELFED).await
    }
}

#[async_trait]
impl Lookup for Friendica {
    fn names(&self) -> &'static [&'static str] {
        &[MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        people(access, query, &FRIENDICA).await
    }
}
