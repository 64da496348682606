//! What OAuth 2 servers say of themselves, and registering a client with them.

use crate::{
    Credentials, Refusal, call,
    connect::{Client2, ClientAuth, Dialect, Endpoints},
};
use crier_model::Secret;
use crier_net::Client;
use serde::Deserialize;
use serde_json::json;
use url::Url;

/// The part of a server's metadata (RFC 8414, June 2018) that a client needs. `authorization_response_iss_parameter_supported`
/// is RFC 9207; `app_registration_endpoint` is Mastodon's name for a registration of its own kind.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    #[serde(default)]
    pub revocation_endpoint: Option<Url>,
    #[serde(default)]
    pub registration_endpoint: Option<Url>,
    #[serde(default)]
    pub app_registration_endpoint: Option<Url>,
    /// RFC 9126 §5.
    #[serde(default)]
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// RFC 9449 §5.1.
    #[serde(default)]
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// draft-ietf-oauth-client-id-metadata-document-00 §5.
    #[serde(default)]
    pub client_id_metadata_document_supported: bool,
    #[serde(default)]
    pub scopes_supported: Vec<String>,
    #[serde(default)]
    pub code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Asks the server at `origin` (without a slash at its end).
    pub async fn read(net: &Client, origin: &str) -> Result<Self, Refusal> {
        let request = net.get(format!("{origin}/.well-known/oauth-authorization-server"));
        call::ask(request, &Credentials::default(), |refusal| refusal).await
    }

    pub fn endpoints(self, client_auth: ClientAuth) -> Endpoints {
        Endpoints {
            pkce: self.code_challenge_methods_supported.iter().any(|method| method == "S256"),
            authorize: self.authorization_endpoint,
            token: self.token_endpoint,
            par: None,
            dpop: false,
            revoke: self.revocation_endpoint,
            registration: self.registration_endpoint,
            scope: None,
            issuer: Some(self.issuer),
            iss_always: self.authorization_response_iss_parameter_supported,
            client_auth,
            account: None,
            authorize_extra: Vec::new(),
            dialect: Dialect::default(),
        }
    }
}

/// Registers a confidential client (RFC 7591, July 2015).
pub(crate) async fn register(
    net: &Client,
    endpoint: &Url,
    redirect_uri: &str,
    scope: &str,
) -> Result<Client2, Refusal> {
    let metadata = json!({
        "client_name": "Crier",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": scope,
    });
    let registered: Registered =
        call::json(net.post(endpoint).json(&metadata), &Credentials::default(), |refusal| refusal).await?;
    Ok(registered.into())
}

/// The identifiers of a client just registered, in RFC 7591's shape and in Mastodon's.
#[derive(Deserialize)]
pub(crate) struct Registered {
    client_id: String,
    #[serde(default)]
    client_secret: Option<Secret>,
}

impl From<Registered> for Client2 {
    fn from(registered: Registered) -> Self {
        Self { client_id: registered.client_id, client_secret: registered.client_secret, bot_token: None }
    }
}
