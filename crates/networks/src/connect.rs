//! The ways to connect an account. The handshake itself is written once, in `crier-connect`; a network says only what
//! differs.

use crate::Refusal;
use async_trait::async_trait;
use crier_model::{Secret, channel::Identity};
use crier_net::Client;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

/// What was learnt from the channel's server at connect and steers its rules (an instance's limits). Kept in the clear.
pub type Facts = serde_json::Map<String, serde_json::Value>;

/// How an account of this network is connected.
#[allow(missing_debug_implementations, reason = "holds trait objects")]
#[derive(Clone, Copy)]
pub enum Connect<'a> {
    OAuth2(&'a dyn OAuth2),
    Form(&'a dyn Form),
}

impl Connect<'_> {
    /// Its name in requests and rows.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::OAuth2(_) => "oauth2",
            Self::Form(_) => "form",
        }
    }
}

/// One of the ways to connect an account of a network.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "holds a trait object")]
pub struct Way<'a> {
    /// Stable, in requests and rows: attempts and channels remember theirs.
    pub id: &'static str,
    /// What people choose it by, where there are several.
    pub name: &'static str,
    /// When to choose it, in a sentence; empty where there is nothing to choose.
    pub help: &'static str,
    pub connect: Connect<'a>,
}

impl<'a> Way<'a> {
    /// The one way of a network that has no other.
    #[must_use]
    pub fn only(connect: Connect<'a>) -> Self {
        Self { id: connect.kind(), name: "", help: "", connect }
    }
}

/// A permission asked of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// The network's own name for it.
    pub id: &'static str,
    /// What it is for; shown to people who did not grant it.
    pub why: &'static str,
    /// Whether publishing is impossible without it.
    pub required: bool,
}

/// The question "which server?", for networks made of many.
#[derive(Debug, Clone, Serialize)]
pub struct InstanceField {
    pub label: &'static str,
    pub placeholder: &'static str,
    pub help: &'static str,
    pub default: Option<String>,
    /// Whether the account is asked for, and the server follows from it. The network's ids of accounts then hold for all of
    /// its servers: a channel is of none, and a reconnect begins with the channel's own account.
    pub is_account: bool,
}

/// How the client proves itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// RFC 6749 §2.3.1, HTTP Basic.
    Basic,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// A token signed with the client's private key (RFC 7523 §2.2, ES256), which is kept as its secret; a client without one
    /// is public.
    PrivateKeyJwt,
    /// `client_id` alone: a public client.
    None,
}

/// Where and how the authorization server of one instance is spoken to. Found before leaving and kept with the attempt,
/// so that the return needs no second look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    pub authorize: Url,
    pub token: Url,
    /// Where the request is left beforehand, so that the address a person is sent to only refers to it (RFC 9126).
    #[serde(default)]
    pub par: Option<Url>,
    /// Whether tokens are bound to a key of ours, and each request is signed with it (RFC 9449).
    #[serde(default)]
    pub dpop: bool,
    pub revoke: Option<Url>,
    /// Where clients register themselves; none where an app must be configured.
    pub registration: Option<Url>,
    /// What is asked at this server, separated by spaces, where it knows other names than [`OAuth2::scopes`]; none asks
    /// for all of those.
    pub scope: Option<String>,
    /// Compared with `iss` in the response (RFC 9207); when set and `iss_always`, a response without it is refused.
    pub issuer: Option<String>,
    pub iss_always: bool,
    /// Whether PKCE S256 is sent.
    pub pkce: bool,
    pub client_auth: ClientAuth,
    /// The network's id of the account that is to come back, where that is known.
    #[serde(default)]
    pub account: Option<String>,
    /// Further parameters of the authorize URL.
    pub authorize_extra: Vec<(String, String)>,
}

/// A client id and secret, configured or registered.
#[derive(Debug, Clone)]
pub struct Client2 {
    pub client_id: String,
    pub client_secret: Option<Secret>,
}

/// An OAuth 2 network.
#[async_trait]
pub trait OAuth2: Send + Sync {
    fn scopes(&self) -> &'static [Scope];

    /// Asked before leaving, when the network is made of many servers.
    fn instance(&self) -> Option<InstanceField> {
        None
    }

    /// The instance's origin from what a person typed (`https://Example.social/@ada` → `https://example.social`), or
    /// what is wrong with it.
    fn normalise_instance(&self, typed: &str) -> Result<String, String> {
        Err(format!("this network has no instances, so “{typed}” can't be used"))
    }

    /// The endpoints; asks the server only where they aren't known beforehand. `instance` is the normalised origin.
    async fn discover(&self, net: &Client, instance: Option<&str>) -> Result<Endpoints, Refusal>;

    /// The endpoints for credentials there are already.
    async fn endpoints_of(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Endpoints, Refusal> {
        let _ = credentials;
        self.discover(net, instance).await
    }

    /// Whether clients are not registered, but known by a document about them at their own address
    /// (draft-ietf-oauth-client-id-metadata-document-00, October 2025). What is asked at any server is then
    /// [`OAuth2::scopes`].
    fn by_document(&self) -> bool {
        false
    }

    /// Registers a client at the instance, for networks with dynamic registration; none where an app must be configured.
    async fn register(
        &self,
        net: &Client,
        endpoints: &Endpoints,
        redirect_uri: &str,
    ) -> Result<Option<Client2>, Refusal> {
        let _ = (net, endpoints, redirect_uri);
        Ok(None)
    }

    /// Whose account the tokens are for. Also the one harmless live call with the very token that will be used.
    async fn identify(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal>;
}

/// One field of a credentials form.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: FieldKind,
    pub required: bool,
    pub placeholder: &'static str,
    pub help: &'static str,
    pub default: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<FieldOption>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    Password,
    Url,
    Select,
}

#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FieldOption {
    pub value: &'static str,
    pub label: &'static str,
}

/// Why a form was not taken.
#[derive(Debug, Clone)]
pub enum FormRefusal {
    /// One field is wrong; shown on the field.
    Field {
        name: &'static str,
        message: String,
        fix: String,
    },
    /// A field is to blame as the network sees it (a wrong password), with a diagnosis.
    FieldRefused {
        name: &'static str,
        refusal: Refusal,
    },
    Refused(Refusal),
}

impl From<Refusal> for FormRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A network connected by a form of credentials.
#[async_trait]
pub trait Form: Send + Sync {
    fn fields(&self) -> Vec<Field>;

    /// Checks the values and signs in with them. Required fields are filled and trimmed when it is called.
    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal>;

    /// New credentials in place of ones that expire; none where they don't.
    async fn refresh(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Option<Credentials>, Refusal> {
        let _ = (net, instance, credentials);
        Ok(None)
    }
}

/// The outcome of a form.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The server it is an account of, as an origin; none for networks without servers.
    pub instance: Option<String>,
    pub credentials: Credentials,
    pub identified: Identified,
}

/// Where [`Credentials::extra`] keeps the account as the token endpoint names it (`sub`), and the issuer that did.
pub const SUBJECT: &str = "sub";
pub const ISSUER: &str = "iss";

/// What speaks for an account. Serialised only to be sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub access_token: Secret,
    #[serde(default)]
    pub refresh_token: Option<Secret>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// Granted scopes as the token endpoint told them; none when it told nothing.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Whatever else the network needs, for example a private key or a server's address.
    #[serde(default)]
    pub extra: BTreeMap<String, Secret>,
}

impl Credentials {
    /// The text without any of these credentials in it, for what a server repeats of a request.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let all =
            [Some(&self.access_token), self.refresh_token.as_ref()].into_iter().flatten().chain(self.extra.values());
        // Short values are words rather than secrets, and replacing them would tell more than it hides.
        all.map(Secret::expose)
            .filter(|secret| secret.len() >= 6)
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

/// Whose the credentials are and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identified {
    pub identity: Identity,
    /// Granted scopes by their names in [`OAuth2::scopes`], where the network tells them in another way than by the
    /// token answer; none leaves the token answer's.
    #[serde(default)]
    pub granted: Option<Vec<String>>,
    #[serde(default)]
    pub facts: Facts,
}

/// Fresh credentials for a channel: refreshed ahead of expiry, once over all nodes. Implemented by the handshake,
/// used by the engine.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// Credentials that are good now. `refused` says that the network has just refused the ones given before, so that
    /// they are renewed whatever their expiry says.
    async fn fresh(&self, channel: crier_model::ChannelId, refused: bool) -> Result<Credentials, Refusal>;
}
