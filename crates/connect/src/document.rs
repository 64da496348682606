//! Clients that are known by a document about them at their own address (draft-ietf-oauth-client-id-metadata-document-00,
//! October 2025; <https://atproto.com/specs/oauth>, 2026): this installation, where it has a public address.

use crate::{ConnectError, Handshake, apps::NoApp, handshake::Broken};
use crier_model::{Code, Diagnosis};
use crier_networks::{About, Connect, connect::OAuth2, es256::Key};
use crier_store::apps::{self, App, NewApp};
use serde_json::{Value, json};
use url::{Host, Url};

/// Below the public address. The AT Protocol's own name for it: consent pages then show the host alone.
pub const PATH: &str = "/oauth-client-metadata.json";

/// Who we are to servers that know clients by documents.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Documented {
    /// The document's address; the client proves itself with its key.
    Served(String),
    /// The document follows from the id, for programs on the person's own machine
    /// (<https://atproto.com/specs/oauth#localhost-client-development>): a public client.
    Loopback(String),
}

impl Handshake {
    /// The document about this installation; none where it has no address that a document can have.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn client_document(&self) -> Result<Option<Value>, ConnectError> {
        let networks: Vec<(&About, &dyn OAuth2)> = self.by_document().collect();
        let Some(client_id) = self.document_address() else { return Ok(None) };
        let Some((first, _)) = networks.first() else { return Ok(None) };
        let key = self.document_key(first.id, &client_id).await?;
        let mut public = key.public();
        public["kid"] = key.thumbprint().into();
        public["use"] = "sig".into();
        public["alg"] = "ES256".into();
        let mut scopes: Vec<&str> = Vec::new();
        for scope in networks.iter().flat_map(|(_, oauth2)| oauth2.scopes()) {
            if !scopes.contains(&scope.id) {
                scopes.push(scope.id);
            }
        }
        let redirects: Vec<_> = networks.iter().map(|(about, _)| self.redirect_uri(about.id)).collect();
        Ok(Some(json!({
            "client_id": client_id,
            "client_name": "Crier",
            "client_uri": self.settings().public_url.origin().ascii_serialization(),
            "application_type": "web",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "redirect_uris": redirects,
            "scope": scopes.join(" "),
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "jwks": { "keys": [public] },
            "dpop_bound_access_tokens": true,
        })))
    }

    fn by_document(&self) -> impl Iterator<Item = (&About, &dyn OAuth2)> {
        self.deps.registry.all().flat_map(|network| {
            network.ways().into_iter().filter_map(move |way| match way.connect {
                Connect::OAuth2(oauth2) if oauth2.by_document() => Some((network.about(), oauth2)),
                _ => None,
            })
        })
    }

    fn document_address(&self) -> Option<String> {
        let url = &self.settings().public_url;
        let named = matches!(url.host(), Some(Host::Domain(name)) if crier_net::is_public_name(name));
        (url.scheme() == "https" && named).then(|| format!("{}{PATH}", url.as_str().trim_end_matches('/')))
    }

    /// Who we are there, or why this installation can be nobody.
    pub(crate) fn document_client(&self, oauth2: &dyn OAuth2, network: &str) -> Result<Documented, Box<Diagnosis>> {
        if let Some(address) = self.document_address() {
            return Ok(Documented::Served(address));
        }
        let url = &self.settings().public_url;
        let redirect_uri = self.redirect_uri(network);
        if url.scheme() == "http" && is_loopback_address(url) {
            let scope = oauth2.scopes().iter().map(|scope| scope.id).collect::<Vec<_>>().join(" ");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("redirect_uri", &redirect_uri)
                .append_pair("scope", &scope)
                .finish();
            return Ok(Documented::Loopback(format!("http://localhost?{query}")));
        }
        let cause = "This network looks the app up at the public address. It takes https with a public name, and for a try on \
                     one’s own machine http with 127.0.0.1 or [::1], but not “localhost”.";
        let diagnosis = Diagnosis::new(Code::PublicUrlNotHttps).because(cause);
        Err(Box::new(diagnosis.saw("Public address", url.as_str()).saw("Redirect URI", redirect_uri)))
    }

    /// The row that remembers the client, with its private key as the secret.
    pub(crate) async fn document_app(&self, about: &About, oauth2: &dyn OAuth2) -> Result<App, NoApp> {
        match self.document_client(oauth2, about.id).map_err(NoApp::Diagnosed)? {
            Documented::Served(address) => Ok(self.document_row(about.id, &address, true).await?),
            Documented::Loopback(client_id) => Ok(self.document_row(about.id, &client_id, false).await?),
        }
    }

    async fn document_key(&self, network: &str, client_id: &str) -> Result<Key, Broken> {
        let app = self.document_row(network, client_id, true).await?;
        let kept = app.client_secret.ok_or(Broken::Lacks("a key"))?;
        Key::read(&kept).map_err(|_| Broken::Unreadable("app"))
    }

    /// The key of the first time stays: servers end every sign-in whose client's key has gone.
    async fn document_row(&self, network: &str, client_id: &str, has_key: bool) -> Result<App, Broken> {
        let lookup_key = format!("document {client_id}");
        if let Some(app) = apps::by_lookup(self.store(), &lookup_key).await? {
            return Ok(app);
        }
        let new = NewApp {
            workspace: None,
            network: network.to_owned(),
            instance: None,
            client_id: client_id.to_owned(),
            client_secret: has_key.then(|| Key::generate().kept().clone()),
            bot_token: None,
            redirect_uri: String::new(),
            scopes: Vec::new(),
            lookup_key,
        };
        Ok(apps::insert_or_get(self.store(), new).await?)
    }
}

fn is_loopback_address(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(ip)) => ip == std::net::Ipv6Addr::LOCALHOST,
        _ => false,
    }
}
