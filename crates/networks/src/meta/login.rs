//! Facebook Login, which speaks for pages and for the Instagram accounts that are linked to them.
//!
//! After <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow> and
//! <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived> (August 2026): a code is good for a token of an
//! hour, that for one of 60 days, and the tokens of pages that are listed with the latter don't end by time.

use super::{GRAPH, Listing, ask};
use crate::choosing::Access;
use crate::connect::{ClientAuth, Dialect, Endpoints, Exchange, Facts, Identified, fixed};
use crate::{Credentials, Detail, Refusal};
use crier_model::{Code, Secret, channel::Identity};
use crier_net::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// How many one answer holds.
const LIMIT: &str = "100";
/// Answers read at most of one list.
const PAGES: usize = 20;

pub(crate) fn endpoints() -> Result<Endpoints, Refusal> {
    let token = format!("{GRAPH}/oauth/access_token");
    let exchange = Exchange {
        url: crate::connect::address(&token)?,
        grant_type: "fb_exchange_token".to_owned(),
        token: "fb_exchange_token".to_owned(),
        client_id: true,
        client_secret: true,
    };
    let dialect = Dialect { commas: true, long_lived: Some(exchange), ..Dialect::default() };
    let endpoints = fixed("https://www.facebook.com/v26.0/dialog/oauth", &token, ClientAuth::Body, dialect)?;
    // What was declined before is asked again; without it Facebook asks only once.
    Ok(Endpoints { authorize_extra: vec![("auth_type".to_owned(), "rerequest".to_owned())], ..endpoints })
}

#[derive(Deserialize)]
struct Me {
    id: String,
    name: String,
    #[serde(default)]
    picture: Option<Picture>,
}

#[derive(Debug, Clone, Deserialize)]
struct Picture {
    data: PictureData,
}

#[derive(Debug, Clone, Deserialize)]
struct PictureData {
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize)]
struct Permission {
    permission: String,
    status: String,
}

/// Who signed in, and what they granted: people can untick single permissions.
pub(crate) async fn identify(net: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
    let request = net.get(format!("{GRAPH}/me")).query(&[("fields", "id,name,picture.type(large)")]);
    let me: Me = ask(request, credentials, |refusal| refusal).await?;
    let request = net.get(format!("{GRAPH}/me/permissions"));
    let permissions: Listing<Permission> = ask(request, credentials, |refusal| refusal).await?;
    let granted = permissions.data.into_iter().filter(|it| it.status == "granted").map(|it| it.permission);
    let identity = Identity {
        remote_id: me.id,
        handle: me.name.clone(),
        name: me.name,
        profile_url: None,
        avatar_url: me.picture.and_then(|picture| picture.data.url),
    };
    Ok(Identified { identity, granted: Some(granted.collect()), facts: Facts::new() })
}

/// A page that whoever signed in has to do with.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Page {
    pub id: String,
    pub name: String,
    #[serde(default)]
    username: Option<String>,
    /// None where it was not granted.
    #[serde(default)]
    pub access_token: Option<Secret>,
    /// What they may do there; told of pages they have themselves, not of those of a business.
    #[serde(default)]
    tasks: Option<Vec<String>>,
    #[serde(default)]
    picture: Option<Picture>,
    #[serde(default)]
    pub instagram_business_account: Option<Account>,
}

/// The professional account of Instagram that is linked to a page.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Account {
    pub id: String,
    pub username: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub profile_picture_url: Option<String>,
}

impl Page {
    /// Whether they may make content for it. New pages name the same tasks with `PROFILE_PLUS_` before them.
    pub fn may_publish(&self) -> bool {
        let enough = |task: &String| ["CREATE_CONTENT", "MANAGE", "FULL_CONTROL"].iter().any(|it| task.ends_with(it));
        self.tasks.as_ref().is_none_or(|tasks| tasks.iter().any(enough))
    }

    pub fn credentials(&self) -> Option<Credentials> {
        Some(Credentials { access_token: self.access_token.clone()?, ..Credentials::default() })
    }

    pub fn identity(self) -> Identity {
        let place = self.username.clone().unwrap_or_else(|| self.id.clone());
        Identity {
            profile_url: Some(format!("https://www.facebook.com/{place}")),
            handle: self.username.unwrap_or_else(|| self.name.clone()),
            avatar_url: self.picture.and_then(|picture| picture.data.url),
            remote_id: self.id,
            name: self.name,
        }
    }
}

/// That a page's token was not given out: it was not ticked, or the role for it is lost.
pub(crate) fn not_granted(what: &str) -> Refusal {
    let said = format!("Facebook gives out no token for {what}");
    Refusal::Content(Detail::new(said).diagnosed(Code::ConsentScopeMissing))
}

/// The pages of whoever signed in, and those of the businesses they work for, each once. `more` are further fields.
pub(crate) async fn pages(access: &Access<'_>, more: &str) -> Result<Vec<Page>, Refusal> {
    let fields = format!("id,name,username,access_token,picture.type(large){more}");
    let mut pages: Vec<Page> = list(access, "me/accounts", &format!("{fields},tasks")).await?;
    let businesses: Vec<super::Made> = match list(access, "me/businesses", "id").await {
        // Pages of businesses take a permission that not everybody grants.
        Err(Refusal::Auth(detail)) if detail.diagnosis == Some(Code::ConsentScopeMissing) => Vec::new(),
        businesses => businesses?,
    };
    for business in businesses {
        for kind in ["owned_pages", "client_pages"] {
            pages.extend(list::<Page>(access, &format!("{}/{kind}", business.id), &fields).await?);
        }
    }
    let mut seen = BTreeSet::new();
    pages.retain(|page| seen.insert(page.id.clone()));
    Ok(pages)
}

async fn list<T: DeserializeOwned>(access: &Access<'_>, path: &str, fields: &str) -> Result<Vec<T>, Refusal> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut query = vec![("fields", fields), ("limit", LIMIT)];
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let request = access.net.get(format!("{GRAPH}/{path}")).query(&query);
        let page: Listing<T> = ask(request, access.credentials, |refusal| refusal).await?;
        after = page.after();
        all.extend(page.data);
        if after.is_none() {
            break;
        }
    }
    Ok(all)
}

#[derive(Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    pub access_token: Option<Secret>,
}
