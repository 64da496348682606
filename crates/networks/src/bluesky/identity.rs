//! Who an account is, and which server speaks for it: from a handle to its DID, from there to its server, and from the server to
//! the authorization server.
//!
//! After <https://atproto.com/specs/handle>, <https://atproto.com/specs/did>, the did:plc specification of May 2023
//! (<https://web.plc.directory/spec/v0.1/did-plc>), did:web of May 2023 and RFC 9728 (April 2025).

use super::{Bluesky, session::xrpc};
use crate::oauth_server::Metadata;
use crate::{Credentials, Detail, Refusal, call, origin};
use crier_model::Code;
use crier_net::Client;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

/// Where accounts are looked up.
#[derive(Debug, Clone)]
pub struct Directory {
    /// The directory of did:plc.
    pub plc: Url,
    /// A server that answers `com.atproto.identity.resolveHandle` for every handle, also for those that are kept in DNS alone.
    pub resolver: Url,
}

impl Default for Directory {
    fn default() -> Self {
        let known = |address: &str| Url::parse(address).expect("a fixed address is one");
        Self { plc: known("https://plc.directory"), resolver: known("https://public.api.bsky.app") }
    }
}

/// An account's document (<https://atproto.com/specs/did#did-documents>).
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct DidDocument {
    #[serde(default)]
    also_known_as: Vec<String>,
    #[serde(default)]
    service: Vec<Service>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    id: String,
    service_endpoint: serde_json::Value,
}

impl DidDocument {
    /// The account's server. One that would be spoken to unencrypted is not believed, but for this machine.
    pub fn server(&self) -> Option<String> {
        let named = self.service.iter().find(|service| service.id.ends_with("#atproto_pds"))?;
        origin::normalise(named.service_endpoint.as_str()?, "bsky.social").ok()
    }

    fn claims(&self, handle: &str) -> bool {
        let at = format!("at://{handle}");
        self.also_known_as.iter().any(|name| name.eq_ignore_ascii_case(&at))
    }
}

/// What a person may begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named<'a> {
    Did(&'a str),
    Handle(&'a str),
    Server(&'a str),
}

impl<'a> Named<'a> {
    /// Reads what [`normalise`] gave.
    pub fn of(normalised: &'a str) -> Self {
        if normalised.starts_with("did:") {
            Self::Did(normalised)
        } else if normalised.contains("://") {
            Self::Server(normalised)
        } else {
            Self::Handle(normalised)
        }
    }
}

/// A handle, a DID or a server's origin from what a person typed: also from a profile's address.
pub(super) fn normalise(typed: &str) -> Result<String, String> {
    let typed = typed.trim();
    let bare = typed.strip_prefix("at://").unwrap_or(typed).trim_start_matches('@').trim_end_matches('/');
    // The profile's address in Bluesky's own app.
    let profile =
        bare.strip_prefix("https://bsky.app/profile/").map(|rest| rest.split(['/', '?']).next().unwrap_or(rest));
    let name = profile.unwrap_or(bare);
    if name.starts_with("did:plc:") || name.starts_with("did:web:") {
        return Ok(name.to_owned());
    }
    let is_server = name.contains("://") || name.contains(':') || name == "localhost" || name == SERVICE_NAME;
    if is_server {
        return origin::normalise(name, SERVICE_NAME);
    }
    let handle = name.to_ascii_lowercase();
    if is_handle(&handle) {
        return Ok(handle);
    }
    if !handle.is_empty() && !handle.contains(|c: char| c == '.' || c.is_whitespace()) {
        return Err(format!(
            "“{typed}” is not a whole handle; enter it with its domain, for example {handle}.bsky.social"
        ));
    }
    Err(format!("“{typed}” is no handle; enter one like ada.bsky.social, or the address of your server"))
}

/// How long a handle's own domain may take: many have nothing there.
const LOOK: Duration = Duration::from_secs(4);
const SERVICE_NAME: &str = "bsky.social";

/// <https://atproto.com/specs/handle#handle-identifier-syntax>.
fn is_handle(handle: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = handle.rsplit('.').next().unwrap_or_default();
    handle.len() <= 253
        && handle.contains('.')
        && handle.split('.').all(label)
        && last.starts_with(|c: char| c.is_ascii_alphabetic())
}

impl Bluesky {
    /// The DID of a handle; none where nobody has it. The handle's own domain is asked first, and then the resolver, which
    /// also knows what stands in DNS.
    pub(super) async fn did_of(&self, net: &Client, handle: &str) -> Result<Option<String>, Refusal> {
        #[derive(Deserialize)]
        struct Resolved {
            did: String,
        }
        let request = net.get(format!("https://{handle}/.well-known/atproto-did")).timeout(LOOK).max_body(2048);
        if let Ok(answer) = call::send(request, &Credentials::default(), |refusal| refusal).await
            && let Some(did) = Some(answer.text().trim().to_owned()).filter(|text| is_did(text))
        {
            return Ok(Some(did));
        }
        let server = self.directory.resolver.as_str().trim_end_matches('/');
        let request = net.get(xrpc(server, "com.atproto.identity.resolveHandle")).query(&[("handle", handle)]);
        match call::ask::<Resolved>(request, &Credentials::default(), |refusal| refusal).await {
            Ok(resolved) => Ok(Some(resolved.did).filter(|did| is_did(did))),
            Err(Refusal::Content(_)) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// The document of an account.
    pub(super) async fn document(&self, net: &Client, did: &str) -> Result<DidDocument, Refusal> {
        let address = if did.starts_with("did:plc:") {
            format!("{}/{did}", self.directory.plc.as_str().trim_end_matches('/'))
        } else if let Some(host) = did.strip_prefix("did:web:").filter(|host| !host.contains(':')) {
            // A port is written with %3A; the AT Protocol allows one for this machine only.
            let host = host.replace("%3A", ":");
            let origin = origin::normalise(&host, SERVICE_NAME).map_err(|wrong| Refusal::Content(not_found(wrong)))?;
            format!("{origin}/.well-known/did.json")
        } else {
            return Err(Refusal::Content(not_found(format!("“{did}” is of a kind that the AT Protocol does not use"))));
        };
        call::ask(net.get(address), &Credentials::default(), |refusal| match refusal {
            Refusal::Content(detail) if matches!(detail.status, Some(404 | 410)) => {
                Refusal::Content(detail.diagnosed(Code::HandleNotFound))
            }
            other => other,
        })
        .await
    }

    /// The account of a handle that its own document confirms, and its server.
    pub(super) async fn account(&self, net: &Client, handle: &str) -> Result<Option<(String, String)>, Refusal> {
        let Some(did) = self.did_of(net, handle).await? else { return Ok(None) };
        let document = self.document(net, &did).await?;
        if !document.claims(handle) {
            let said = format!("{handle} points to {did}, which says that it has another handle");
            return Err(Refusal::Content(not_found(said)));
        }
        let server = server_of(&did, &document)?;
        Ok(Some((did, server)))
    }
}

pub(super) fn server_of(did: &str, document: &DidDocument) -> Result<String, Refusal> {
    document.server().ok_or_else(|| Refusal::Content(not_found(format!("{did} names no server that keeps its posts"))))
}

pub(super) fn not_found(said: String) -> Detail {
    Detail::new(said).diagnosed(Code::HandleNotFound)
}

fn not_compatible(server: &str, what: &str) -> Refusal {
    Refusal::Content(Detail::new(format!("{server} {what}")).diagnosed(Code::InstanceNotCompatible))
}

/// <https://atproto.com/specs/did#at-protocol-did-identifier-syntax>, as far as it matters here.
fn is_did(text: &str) -> bool {
    let known = text.starts_with("did:plc:") || text.starts_with("did:web:");
    known && text.len() <= 2048 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":._-%".contains(&b))
}

/// Which authorization server a server trusts (RFC 9728 §3); none where it says nothing, being perhaps one itself.
pub(super) async fn authority(net: &Client, server: &str) -> Result<Option<String>, Refusal> {
    #[derive(Deserialize)]
    struct Resource {
        resource: String,
        authorization_servers: Vec<String>,
    }
    let request = net.get(format!("{server}/.well-known/oauth-protected-resource")).no_redirects();
    match call::ask::<Resource>(request, &Credentials::default(), |refusal| refusal).await {
        // RFC 9728 §3.3: what speaks for another address is not used.
        Ok(told) if told.resource.trim_end_matches('/') != server => {
            Err(not_compatible(server, &format!("describes {} instead of itself", told.resource)))
        }
        Ok(told) => Ok(told.authorization_servers.into_iter().next()),
        Err(refusal) if is_no(&refusal) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// What an authorization server says of itself, if it is one of the AT Protocol.
pub(super) async fn metadata(net: &Client, issuer: &str) -> Result<Metadata, Refusal> {
    let metadata = Metadata::read(net, issuer.trim_end_matches('/')).await.map_err(|refusal| {
        if is_no(&refusal) { not_compatible(issuer, "does not answer like an authorization server") } else { refusal }
    })?;
    // RFC 8414 §3.3.
    if metadata.issuer != issuer {
        let said = format!("{issuer} calls itself {}", metadata.issuer);
        return Err(Refusal::Content(Detail::new(said).diagnosed(Code::IssuerMismatch)));
    }
    let signs = metadata.dpop_signing_alg_values_supported.iter().any(|alg| alg == "ES256");
    let speaks = signs && metadata.client_id_metadata_document_supported;
    if !speaks || metadata.pushed_authorization_request_endpoint.is_none() {
        return Err(not_compatible(issuer, "is no authorization server of the AT Protocol"));
    }
    Ok(metadata)
}

/// Whether another kind of server has spoken.
fn is_no(refusal: &Refusal) -> bool {
    let detail = refusal.detail();
    detail.diagnosis == Some(Code::NotTheApi) || matches!(detail.status, Some(400..=499)) && detail.status != Some(429)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_begin_with_a_handle_a_profile_a_did_or_a_server() {
        for (typed, wanted) in [
            (" @Ada.bsky.social ", "ada.bsky.social"),
            ("at://ada.example.com", "ada.example.com"),
            ("https://bsky.app/profile/ada.example.com/post/3k", "ada.example.com"),
            ("https://bsky.app/profile/did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:plc:ewvi7nxzyoun6zhxrhs64oiz"),
            ("did:web:example.com", "did:web:example.com"),
            ("bsky.social", "https://bsky.social"),
            ("https://pds.example.com/", "https://pds.example.com"),
            ("http://localhost:2583", "http://localhost:2583"),
            ("localhost:2583", "http://localhost:2583"),
        ] {
            assert_eq!(normalise(typed), Ok(wanted.to_owned()), "{typed}");
        }
        for typed in ["", "ada", "ada lovelace.com", "http://pds.example.com", "ada@", "-a.com", "a.1"] {
            assert!(normalise(typed).is_err(), "{typed}: {:?}", normalise(typed));
        }
        assert!(normalise("@ada").is_err_and(|wrong| wrong.contains("ada.bsky.social")));
    }

    #[test]
    fn a_document_names_its_server_and_its_handles() {
        let document: DidDocument = serde_json::from_value(serde_json::json!({
            "id": "did:plc:abc",
            "alsoKnownAs": ["at://Ada.example.com"],
            "service": [
                { "id": "#labeler", "type": "AtprotoLabeler", "serviceEndpoint": "https://labels.example" },
                { "id": "did:plc:abc#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.example/" },
            ],
        }))
        .unwrap();
        assert_eq!(document.server().as_deref(), Some("https://pds.example"));
        assert!(document.claims("ada.example.com") && !document.claims("example.com"));
        assert_eq!(DidDocument::default().server(), None);
    }
}
