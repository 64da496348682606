//! Connecting an account: finding the server's endpoints, registering there, knowing whose the token is.

use super::instance::{self, Limits};
use super::{Flavour, Mastodon, not_compatible, refine};
use crate::connect::{Client2, ClientAuth, Credentials, Dialect, Endpoints, Identified, InstanceField, OAuth2, Scope};
use crate::oauth_server::{Metadata, Registered};
use crate::{Detail, Refusal, call, origin};
use async_trait::async_trait;
use crier_model::channel::Identity;
use crier_net::Client;
use serde::Deserialize;
use url::Url;

const SCOPES: &[Scope] = &[
    Scope { id: "profile", why: "to know which account this is", required: true },
    Scope { id: "write:statuses", why: "to publish your posts", required: true },
    Scope {
        id: "write:media",
        why: "to upload pictures and videos; without it only text can be published",
        required: false,
    },
    Scope { id: "read:statuses", why: "to find a post again when its confirmation was lost", required: false },
];

/// What servers before 4.3 call the permission to know the account.
pub(super) const OLD_PROFILE: &str = "read:accounts";

/// Mastodon itself, and whoever speaks like it.
pub(super) const MASTODON: Flavour = Flavour {
    name: "Mastodon",
    example: "mastodon.social",
    scopes: SCOPES,
    asked: |has_profile| {
        let profile = if has_profile { "profile" } else { OLD_PROFILE };
        let ids = SCOPES.iter().map(|scope| if scope.id == "profile" { profile } else { scope.id });
        ids.collect::<Vec<_>>().join(" ")
    },
    usual: Limits::default,
    sends_key: true,
    mentions_whole: false,
};

#[async_trait]
impl OAuth2 for Mastodon {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    fn instance(&self) -> Option<InstanceField> {
        Some(InstanceField {
            label: "Server",
            placeholder: "mastodon.social",
            help: "The server where your account is. Your whole handle (@you@mastodon.social) does as well.",
            default: None,
            is_account: false,
        })
    }

    fn normalise_instance(&self, typed: &str) -> Result<String, String> {
        origin::normalise(typed, MASTODON.example)
    }

    async fn discover(&self, net: &Client, instance: Option<&str>) -> Result<Endpoints, Refusal> {
        discover(net, instance, &MASTODON).await
    }

    async fn register(
        &self,
        net: &Client,
        endpoints: &Endpoints,
        redirect_uri: &str,
    ) -> Result<Option<Client2>, Refusal> {
        register(net, endpoints, redirect_uri).await
    }

    async fn identify(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        identify(net, instance, credentials, &MASTODON).await
    }
}

/// The server's own word on its endpoints, or the documented ones.
pub(super) async fn discover(net: &Client, instance: Option<&str>, flavour: &Flavour) -> Result<Endpoints, Refusal> {
    let origin = server(instance, flavour)?;
    match Metadata::read(net, origin).await {
        Ok(metadata) => described(origin, metadata, flavour),
        // Servers before 4.3, and others of the same API, say nothing; their addresses are the documented ones.
        Err(refusal) if instance::is_no(&refusal) => {
            Limits::ask(net, origin, flavour).await.map_err(|refusal| match refusal {
                refusal if instance::is_no(&refusal) => Refusal::Content(not_compatible(origin, flavour.name)),
                refusal => refusal,
            })?;
            usual(origin, flavour)
        }
        Err(refusal) => Err(refusal),
    }
}

/// Registers an app at the server.
pub(super) async fn register(
    net: &Client,
    endpoints: &Endpoints,
    redirect_uri: &str,
) -> Result<Option<Client2>, Refusal> {
    let Some(endpoint) = &endpoints.registration else { return Ok(None) };
    let website = Url::parse(redirect_uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let form = [
        ("client_name", "Crier"),
        ("redirect_uris", redirect_uri),
        ("scopes", endpoints.scope.as_deref().unwrap_or_default()),
        ("website", &website),
    ];
    let registered: Registered = call::json(net.post(endpoint).form(&form), &Credentials::default(), refine).await?;
    Ok(Some(registered.into()))
}

/// Whose the token is, and what the server says of itself.
pub(super) async fn identify(
    net: &Client,
    instance: Option<&str>,
    credentials: &Credentials,
    flavour: &Flavour,
) -> Result<Identified, Refusal> {
    let origin = server(instance, flavour)?;
    let request =
        net.get(format!("{origin}/api/v1/accounts/verify_credentials")).bearer(credentials.access_token.expose());
    let account: Account = call::ask(request, credentials, refine).await?;
    let limits = match Limits::ask(net, origin, flavour).await {
        Ok(limits) => limits,
        Err(refusal) if instance::is_no(&refusal) => (flavour.usual)(),
        Err(refusal) => return Err(refusal),
    };
    Ok(Identified {
        identity: account.identity(origin, &limits),
        granted: credentials.scopes.as_deref().map(|told| granted(told, flavour.scopes)),
        facts: limits.facts(),
    })
}

pub(super) fn server<'a>(instance: Option<&'a str>, flavour: &Flavour) -> Result<&'a str, Refusal> {
    let none = || Refusal::Content(Detail::new(format!("no server was given; enter one like {}", flavour.example)));
    instance.ok_or_else(none)
}

fn described(origin: &str, metadata: Metadata, flavour: &Flavour) -> Result<Endpoints, Refusal> {
    let scope = (flavour.asked)(metadata.scopes_supported.iter().any(|known| known == "profile"));
    let registration = metadata.app_registration_endpoint.clone();
    let endpoints = metadata.endpoints(ClientAuth::Body);
    let registration = match registration {
        Some(address) => address,
        None => address(origin, "/api/v1/apps")?,
    };
    Ok(Endpoints { scope: Some(scope), registration: Some(registration), ..endpoints })
}

fn usual(origin: &str, flavour: &Flavour) -> Result<Endpoints, Refusal> {
    Ok(Endpoints {
        authorize: address(origin, "/oauth/authorize")?,
        token: address(origin, "/oauth/token")?,
        par: None,
        dpop: false,
        revoke: Some(address(origin, "/oauth/revoke")?),
        registration: Some(address(origin, "/api/v1/apps")?),
        scope: Some((flavour.asked)(false)),
        issuer: None,
        iss_always: false,
        pkce: false,
        client_auth: ClientAuth::Body,
        account: None,
        authorize_extra: Vec::new(),
        dialect: Dialect::default(),
    })
}

fn address(origin: &str, path: &str) -> Result<Url, Refusal> {
    Url::parse(&format!("{origin}{path}"))
        .map_err(|error| Refusal::Content(Detail::new(format!("{origin} is no address of a server: {error}"))))
}

/// Which of the scopes the server's words cover: `read` and `write` are all that begin with them.
fn granted(told: &[String], scopes: &[Scope]) -> Vec<String> {
    let has = |wanted: &str| told.iter().any(|scope| scope == wanted);
    let covers = |scope: &Scope| match scope.id {
        "profile" => has("profile") || has(OLD_PROFILE) || has("read"),
        id => has(id) || id.split_once(':').is_some_and(|(all, _)| has(all)),
    };
    scopes.iter().filter(|scope| covers(scope)).map(|scope| scope.id.to_owned()).collect()
}

/// `GET /api/v1/accounts/verify_credentials`.
#[derive(Deserialize)]
struct Account {
    id: String,
    username: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    avatar: Option<String>,
}

impl Account {
    fn identity(self, origin: &str, limits: &Limits) -> Identity {
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let domain = limits.domain.as_deref().filter(|domain| !domain.is_empty()).unwrap_or(host);
        let name = self.display_name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| self.username.clone());
        Identity {
            handle: format!("{}@{domain}", self.username),
            remote_id: self.id,
            name,
            profile_url: self.url,
            avatar_url: self.avatar.filter(|avatar| !avatar.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_scopes_cover_the_narrow_ones() {
        let told = |scopes: &str| granted(&scopes.split(' ').map(str::to_owned).collect::<Vec<_>>(), SCOPES);
        assert_eq!(told("read write follow"), ["profile", "write:statuses", "write:media", "read:statuses"]);
        assert_eq!(told("read:accounts write:statuses"), ["profile", "write:statuses"]);
        assert_eq!(told("profile write:media"), ["profile", "write:media"]);
    }
}
