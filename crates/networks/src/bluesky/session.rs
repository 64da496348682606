//! Sessions: made with an app password, which is not kept, and renewed by their own tokens.

use super::identity::DidDocument;
use super::{Bluesky, IMAGE_BYTES, IMAGE_BYTES_FACT, IMAGE_BYTES_NOW, SERVER_FACT, refine};
use crate::connect::{Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::{Detail, Refusal, call, origin};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use crier_model::{Code, Secret, Timestamp, channel::Identity};
use crier_net::Client;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use url::Url;

const SERVICE: &str = "https://bsky.social";
/// Where the session was made and is renewed; it may stand before the account's own server.
const SERVICE_KEY: &str = "service";
/// The account's own server, as its DID document tells.
const PDS_KEY: &str = "pds";

/// The answer of `createSession` and `refreshSession`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    access_jwt: Secret,
    refresh_jwt: Secret,
    handle: String,
    #[serde(default)]
    did_doc: Option<DidDocument>,
    #[serde(default)]
    active: Option<bool>,
    #[serde(default)]
    status: Option<String>,
}

impl Session {
    /// The account's server.
    fn pds(&self) -> Option<String> {
        self.did_doc.as_ref()?.server()
    }

    fn credentials(self, service: &str, before: Option<&str>) -> Credentials {
        let pds = self.pds().or_else(|| before.map(str::to_owned)).unwrap_or_else(|| service.to_owned());
        let extra = [(SERVICE_KEY, Secret::from(service)), (PDS_KEY, Secret::from(pds))];
        Credentials {
            expires_at: expiry(&self.access_jwt),
            access_token: self.access_jwt,
            refresh_token: Some(self.refresh_jwt),
            scopes: None,
            extra: extra.map(|(key, value)| (key.to_owned(), value)).into(),
            ..Credentials::default()
        }
    }
}

/// `exp` of a JSON web token (RFC 7519), unverified: it only says when to renew.
fn expiry(jwt: &Secret) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(jwt.expose().split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Timestamp::from_second(claims.exp).ok()
}

/// The account's server, as an app password's session knows it.
fn pds(credentials: &Credentials) -> Option<&str> {
    credentials.extra.get(PDS_KEY).or_else(|| credentials.extra.get(SERVICE_KEY)).map(Secret::expose)
}

/// The server of a channel's account.
pub(super) fn server<'a>(credentials: &'a Credentials, facts: &'a Facts) -> &'a str {
    let found = facts.get(SERVER_FACT).and_then(serde_json::Value::as_str);
    pds(credentials).or(found).unwrap_or(SERVICE)
}

pub(super) fn xrpc(server: &str, method: &str) -> String {
    format!("{server}/xrpc/{method}")
}

#[async_trait]
impl Form for Bluesky {
    fn fields(&self) -> Vec<Field> {
        let field = |name, label, kind, placeholder, help| Field::new(name, label, kind, true, placeholder, help);
        let service = Field {
            default: Some(SERVICE.to_owned()),
            ..field(
                "service",
                "Server",
                FieldKind::Url,
                SERVICE,
                "Change it only if your account is on a server of its own.",
            )
        };
        vec![
            service,
            field(
                "identifier",
                "Handle",
                FieldKind::Text,
                "you.bsky.social",
                "Your handle, or the e-mail address of the account.",
            ),
            field(
                "password",
                "App password",
                FieldKind::Password,
                "xxxx-xxxx-xxxx-xxxx",
                "Make one in Bluesky under Settings, Privacy and security, App passwords. It is used once and not kept.",
            ),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let service = match value("service") {
            "" => SERVICE.to_owned(),
            typed => origin::normalise(typed, "bsky.social").map_err(|message| FormRefusal::Field {
                name: "service",
                message,
                fix: format!("Leave {SERVICE} if your account is on Bluesky itself."),
            })?,
        };
        let typed = value("identifier");
        let identifier = identifier(typed).ok_or_else(|| FormRefusal::Field {
            name: "identifier",
            message: format!("“{typed}” is not a whole handle."),
            fix: format!("Enter it with its domain, for example {}.bsky.social.", typed.trim_start_matches('@')),
        })?;
        let typed = Credentials { access_token: value("password").into(), ..Credentials::default() };
        let request = net
            .post(xrpc(&service, "com.atproto.server.createSession"))
            .json(&json!({ "identifier": identifier, "password": value("password") }));
        let session: Session =
            call::ask(request, &typed, refine).await.map_err(|refusal| on_its_field(&service, refusal))?;
        refuse_inactive(&session)?;
        let credentials = session.credentials(&service, None);
        let server = pds(&credentials).unwrap_or(SERVICE).to_owned();
        let identified = identify(net, &server, None, &credentials).await?;
        Ok(SignedIn { instance: None, credentials, identified })
    }

    async fn refresh(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Option<Credentials>, Refusal> {
        let Some(token) = &credentials.refresh_token else { return Ok(None) };
        let service = credentials.extra.get(SERVICE_KEY).map_or(SERVICE, Secret::expose);
        let request = net.post(xrpc(service, "com.atproto.server.refreshSession")).bearer(token.expose());
        let session: Session = call::json(request, credentials, refine).await?;
        refuse_inactive(&session)?;
        Ok(Some(session.credentials(service, pds(credentials))))
    }
}

/// A handle with its domain, an e-mail address or a DID; none for a handle cut short.
fn identifier(typed: &str) -> Option<&str> {
    let identifier = typed.trim_start_matches('@');
    let whole = identifier.contains('.') || identifier.contains('@') || identifier.starts_with("did:");
    whole.then_some(identifier)
}

/// Shows what the server said on the field that it is about.
fn on_its_field(service: &str, refusal: Refusal) -> FormRefusal {
    let code = refusal.detail().code.as_deref();
    let status = refusal.detail().status;
    match refusal.detail().diagnosis {
        Some(Code::Suspended) => FormRefusal::Refused(refusal),
        Some(Code::CredentialsTwoFactor) => FormRefusal::FieldRefused { name: "password", refusal },
        _ if matches!(refusal, Refusal::Auth(_)) => FormRefusal::FieldRefused { name: "password", refusal },
        // XRPC names every error of its own; without a name, or with that of an unknown method, it is another server.
        Some(Code::NotTheApi) | None
            if status.is_some_and(|status| status < 500) && matches!(code, None | Some("MethodNotImplemented")) =>
        {
            let said = format!("{service} does not answer like a Bluesky server");
            let refusal =
                Refusal::Content(Detail { status, ..Detail::new(said).diagnosed(Code::InstanceNotCompatible) });
            FormRefusal::FieldRefused { name: "service", refusal }
        }
        _ if code == Some("InvalidRequest") => FormRefusal::FieldRefused { name: "identifier", refusal },
        _ => FormRefusal::Refused(refusal),
    }
}

fn refuse_inactive(session: &Session) -> Result<(), Refusal> {
    if session.active != Some(false) {
        return Ok(());
    }
    let status = session.status.as_deref().unwrap_or("inactive");
    Err(Refusal::Auth(Detail::new(format!("the account {} is {status}", session.handle)).diagnosed(Code::Suspended)))
}

/// Asks the account's own server with the very token that will publish. `expected` is whose it must be.
pub(super) async fn identify(
    net: &Client,
    server: &str,
    expected: Option<&str>,
    credentials: &Credentials,
) -> Result<Identified, Refusal> {
    #[derive(Deserialize)]
    struct Account {
        did: String,
        handle: String,
    }
    let token = credentials.access_token.expose();
    let request = net.get(xrpc(server, "com.atproto.server.getSession")).bearer(token);
    let account: Account = call::ask(request, credentials, refine).await?;
    if expected.is_some_and(|did| did != account.did) {
        let said = format!(
            "{server} takes the tokens for those of {}, and not of {}",
            account.did,
            expected.unwrap_or_default()
        );
        return Err(Refusal::Content(Detail::new(said).diagnosed(Code::IssuerMismatch)));
    }
    let profile = profile(net, server, &account.did, credentials).await?;
    let first_label = account.handle.split('.').next().unwrap_or(&account.handle).to_owned();
    Ok(Identified {
        identity: Identity {
            name: profile.display_name.filter(|name| !name.trim().is_empty()).unwrap_or(first_label),
            profile_url: Some(format!("https://bsky.app/profile/{}", account.did)),
            avatar_url: profile.avatar.and_then(|avatar| avatar.url(server, &account.did)),
            remote_id: account.did,
            handle: account.handle,
        },
        granted: None,
        facts: facts(server),
    })
}

/// Whether it is one of Bluesky's own servers.
pub(super) fn is_theirs(server: &str) -> bool {
    let url = Url::parse(server).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    host == "bsky.social" || host.ends_with(".bsky.network")
}

/// Bluesky's own servers follow the lexicons at once; of others it is not known.
fn facts(server: &str) -> Facts {
    let max = if is_theirs(server) { IMAGE_BYTES_NOW } else { IMAGE_BYTES };
    Facts::from_iter([(IMAGE_BYTES_FACT.to_owned(), max.into()), (SERVER_FACT.to_owned(), server.into())])
}

/// The record `app.bsky.actor.profile/self`; empty where there is none.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Profile {
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    avatar: Option<Blob>,
}

#[derive(Deserialize)]
struct Blob {
    #[serde(rename = "ref")]
    link: BlobLink,
}

#[derive(Deserialize)]
struct BlobLink {
    #[serde(rename = "$link")]
    cid: String,
}

impl Blob {
    fn url(&self, server: &str, did: &str) -> Option<String> {
        let query = [("did", did), ("cid", &self.link.cid)];
        Url::parse_with_params(&xrpc(server, "com.atproto.sync.getBlob"), query).ok().map(String::from)
    }
}

async fn profile(net: &Client, server: &str, did: &str, credentials: &Credentials) -> Result<Profile, Refusal> {
    #[derive(Deserialize)]
    struct Record {
        value: Profile,
    }
    let query = [("repo", did), ("collection", "app.bsky.actor.profile"), ("rkey", "self")];
    let request =
        net.get(xrpc(server, "com.atproto.repo.getRecord")).query(&query).bearer(credentials.access_token.expose());
    match call::ask::<Record>(request, credentials, refine).await {
        Ok(record) => Ok(record.value),
        Err(Refusal::Content(_)) => Ok(Profile::default()),
        Err(refusal) => Err(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expiry_is_read_from_the_token() {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(br#"{"exp":1800000000,"sub":"x"}"#);
        assert_eq!(expiry(&format!("a.{payload}.c").into()), Timestamp::from_second(1_800_000_000).ok());
        assert_eq!(expiry(&"opaque".into()), None);
    }

    #[test]
    fn only_servers_that_are_up_to_date_are_given_large_images() {
        for (server, max) in [
            ("https://bsky.social", 2_000_000),
            ("https://amanita.us-east.host.bsky.network", 2_000_000),
            ("https://pds.example.org", 1_000_000),
            ("https://notbsky.network", 1_000_000),
        ] {
            let rules = crate::Network::rules(&Bluesky::default(), &facts(server));
            assert_eq!(rules.media.kinds[0].max_bytes, max, "{server}");
        }
        assert_eq!(crate::Network::rules(&Bluesky::default(), &Facts::new()).media.kinds[0].max_bytes, 1_000_000);
    }

    #[test]
    fn a_handle_needs_its_domain() {
        for good in ["@ada.bsky.social", "ada@example.org", "did:plc:abc"] {
            assert!(identifier(good).is_some(), "{good}");
        }
        assert_eq!(identifier("@ada"), None);
    }
}
