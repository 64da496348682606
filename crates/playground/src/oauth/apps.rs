//! Registered apps (OAuth clients) and how they prove who they are.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::accounts::AccountId;
use crate::oauth::error::Problem;
use crate::oauth::params::Params;
use crate::oauth::scopes::Scopes;
use crate::oauth::token::printable;
use crate::secrets::{Digest, NoRandomness, fresh};

pub(crate) const NAME_MAX: usize = 80;
const REDIRECTS_MAX: usize = 20;

/// `token_endpoint_auth_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Proof {
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Body,
    #[serde(rename = "none")]
    None,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct App {
    pub(crate) client_id: String,
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scopes: Scopes,
    pub(crate) proof: Proof,
    secret: Option<Digest>,
    secret_set_at: Timestamp,
    /// None where it registered itself.
    pub(crate) owner: Option<AccountId>,
    pub(crate) created_at: Timestamp,
}

/// What somebody wants to register.
#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) name: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) scopes: Scopes,
    pub(crate) proof: Proof,
    pub(crate) owner: Option<AccountId>,
}

/// Why an app cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("client_name: expected 1 to {NAME_MAX} characters.")]
    Name,
    #[error("redirect_uris: expected 1 to {REDIRECTS_MAX} addresses.")]
    RedirectCount,
    #[error("redirect_uris: '{0}' is not usable: an absolute address without a fragment is expected.")]
    Redirect(String),
}

/// The secret of an app, readable this once.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) client_id: String,
    pub(crate) secret: Option<String>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Issued {
    pub(crate) fn make(proof: Proof) -> Result<Self, NoRandomness> {
        let secret = match proof {
            Proof::None => None,
            Proof::Basic | Proof::Body => Some(fresh("pgs_")?),
        };
        Ok(Issued { client_id: format!("pg-{}", uuid::Uuid::new_v4().simple()), secret })
    }
}

impl Application {
    pub(crate) fn check(&self) -> Result<(), Unfit> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX {
            return Err(Unfit::Name);
        }
        if self.redirect_uris.is_empty() || self.redirect_uris.len() > REDIRECTS_MAX {
            return Err(Unfit::RedirectCount);
        }
        for uri in &self.redirect_uris {
            if !redirectable(uri) {
                return Err(Unfit::Redirect(uri.clone()));
            }
        }
        Ok(())
    }
}

fn redirectable(uri: &str) -> bool {
    // Schemes that a browser would run or read locally must never be a redirect target.
    const NEVER: [&str; 6] = ["javascript", "data", "file", "blob", "about", "vbscript"];
    Url::parse(uri).is_ok_and(|url| {
        let web = matches!(url.scheme(), "http" | "https");
        url.fragment().is_none()
            && !NEVER.contains(&url.scheme())
            && (!web || url.host().is_some())
            && url.username().is_empty()
            && url.password().is_none()
            && !uri.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Apps(BTreeMap<String, App>);

impl Apps {
    pub(crate) fn get(&self, client_id: &str) -> Option<&App> {
        self.0.get(client_id)
    }

    pub(crate) fn of(&self, owner: AccountId) -> impl Iterator<Item = &App> {
        self.0.values().filter(move |app| app.owner == Some(owner))
    }

    /// Registers what passed [`Application::check`].
    pub(crate) fn add(&mut self, wanted: Application, issued: &Issued, now: Timestamp) {
        self.0.insert(
            issued.client_id.clone(),
            App {
                client_id: issued.client_id.clone(),
                name: wanted.name.trim().to_owned(),
                redirect_uris: wanted.redirect_uris,
                scopes: wanted.scopes,
                proof: wanted.proof,
                secret: issued.secret.as_deref().map(Digest::of),
                secret_set_at: now,
                owner: wanted.owner,
                created_at: now,
            },
        );
    }

    pub(crate) fn remove(&mut self, client_id: &str) {
        self.0.remove(client_id);
    }

    pub(crate) fn set_secret(&mut self, client_id: &str, secret: &str, now: Timestamp) {
        if let Some(app) = self.0.get_mut(client_id) {
            app.secret = Some(Digest::of(secret));
            app.secret_set_at = now;
        }
    }

    /// Replaces every secret by one nobody was told.
    pub(crate) fn rotate_all(&mut self, now: Timestamp) -> Result<(), NoRandomness> {
        for app in self.0.values_mut().filter(|app| app.secret.is_some()) {
            app.secret = Some(Digest::of(&fresh("pgs_")?));
            app.secret_set_at = now;
        }
        Ok(())
    }

    /// The app that a request to the token or revocation endpoint comes from.
    pub(crate) fn authenticate(&self, shown: &Shown) -> Result<&App, Problem> {
        let Some(client_id) = shown.client_id.as_deref() else {
            return Err(Problem::invalid_client(
                "The request names no client: send client_id, or HTTP Basic authentication.",
            ));
        };
        let app = self.get(client_id).ok_or_else(|| {
            Problem::invalid_client(format!("There is no app with the client id '{}'.", printable(client_id)))
        })?;
        match (&app.secret, shown.secret.as_deref()) {
            // A public app has nothing to prove; a secret it sends anyway means nothing.
            (None, _) => Ok(app),
            (Some(_), None) => Err(Problem::invalid_client(format!(
                "The app '{}' has a client secret, and the request did not send it.",
                app.name
            ))),
            (Some(digest), Some(secret)) if digest.matches(secret) => Ok(app),
            (Some(_), Some(_)) => Err(Problem::invalid_client(format!(
                "The client secret is wrong for the app '{}'; the present one was set at {:.0}.",
                app.name, app.secret_set_at
            ))),
        }
    }
}

/// Client credentials as sent.
#[derive(Clone, Default)]
pub(crate) struct Shown {
    pub(crate) client_id: Option<String>,
    secret: Option<String>,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Shown {
    /// Reads the credentials from the header or the body (RFC 6749, section 2.3.1).
    pub(crate) fn read(headers: &HeaderMap, params: &Params) -> Result<Self, Problem> {
        let in_body = Shown {
            client_id: params.get("client_id").map(str::to_owned),
            secret: params.get("client_secret").map(str::to_owned),
        };
        let Some(header) = headers.get(AUTHORIZATION) else {
            return Ok(in_body);
        };
        let in_header = header
            .to_str()
            .ok()
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|pair| {
                let (id, secret) = pair.split_once(':')?;
                Some((decoded(id), decoded(secret)))
            })
            .ok_or_else(|| Problem::invalid_client("The Authorization header is not HTTP Basic authentication."))?;
        if in_body.secret.is_some() {
            return Err(Problem::invalid_request(
                "The client secret was sent twice: in the Authorization header and in the body.",
            ));
        }
        if in_body.client_id.is_some_and(|id| id != in_header.0) {
            return Err(Problem::invalid_request("The Authorization header and client_id name different clients."));
        }
        Ok(Shown { client_id: Some(in_header.0), secret: Some(in_header.1).filter(|secret| !secret.is_empty()) })
    }
}

/// Undoes the form encoding that RFC 6749 puts on both halves of the Basic credentials.
fn decoded(text: &str) -> String {
    let pair = format!("={text}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_addresses() {
        for good in [
            "http://127.0.0.1:4800/connect/return",
            "https://example.com/",
            "https://example.com/x?y=1",
            "myapp:/return",
        ] {
            assert!(redirectable(good), "{good}");
        }
        for bad in [
            "",
            "/relative",
            "https://example.com/#x",
            "javascript:alert(1)",
            "https://user:pass@example.com/",
            "https://example.com/a b",
        ] {
            assert!(!redirectable(bad), "{bad}");
        }
    }

    fn header(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn basic_credentials_are_form_decoded() {
        let encoded = STANDARD.encode("a%3Ab:s%20+x");
        let shown = Shown::read(&header(&format!("basic {encoded}")), &Params::default()).unwrap();
        assert_eq!(shown.client_id.as_deref(), Some("a:b"));
        assert_eq!(shown.secret.as_deref(), Some("s  x"));
    }

    #[test]
    fn credentials_twice_are_refused() {
        let encoded = STANDARD.encode("a:b");
        let headers = header(&format!("Basic {encoded}"));
        let twice = Params::parse(b"client_secret=b");
        assert_eq!(Shown::read(&headers, &twice).unwrap_err().error, "invalid_request");
        let other = Params::parse(b"client_id=c");
        assert_eq!(Shown::read(&headers, &other).unwrap_err().error, "invalid_request");
        assert_eq!(Shown::read(&header("Bearer x"), &Params::default()).unwrap_err().error, "invalid_client");
    }
}
