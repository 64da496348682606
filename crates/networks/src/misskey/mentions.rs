//! Finding whom to mention, which takes no permission.
//!
//! After `users/search-by-username-and-host` of the server's own description at `/api-doc` (Misskey 2025.5).

use super::{Misskey, say, server};
use crate::Refusal;
use crate::choosing::Access;
use crate::lookup::{Lookup, LookupItem, MENTIONS, PEOPLE, typed_name};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Person {
    username: String,
    #[serde(default)]
    name: Option<String>,
    /// None on the same server.
    #[serde(default)]
    host: Option<String>,
}

impl Person {
    fn item(self, own_host: &str) -> LookupItem {
        let short = format!("@{}", self.username);
        match self.host {
            Some(host) => {
                let whole = format!("{short}@{host}");
                LookupItem::person(whole.clone(), self.name, whole)
            }
            None => LookupItem::person(short.clone(), self.name, format!("{short}@{own_host}")),
        }
    }
}

#[async_trait]
impl Lookup for Misskey {
    fn names(&self) -> &'static [&'static str] {
        &[MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let Some(wanted) = typed_name(query) else { return Ok(Vec::new()) };
        let origin = server(access.instance)?;
        let (username, host) = wanted.split_once('@').unwrap_or((wanted, ""));
        let mut asked = json!({ "username": username, "limit": PEOPLE, "detail": false });
        if !host.is_empty() {
            asked["host"] = host.into();
        }
        let endpoint = "users/search-by-username-and-host";
        let found = say::<Vec<Person>>(access.net, origin, access.credentials, endpoint, asked).await;
        let own_host = origin.split_once("://").map_or(origin, |(_, host)| host);
        Ok(found.map_err(Refusal::harmless)?.into_iter().map(|person| person.item(own_host)).collect())
    }
}
