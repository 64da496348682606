//! Signing in at the account's own server, after the OAuth profile of the AT Protocol (<https://atproto.com/specs/oauth>,
//! August 2026): requests left beforehand, tokens bound to a key, clients known by a document.

use super::identity::{Named, authority, metadata, normalise, not_found, server_of};
use super::{Bluesky, session};
use crate::connect::{ClientAuth, Credentials, Endpoints, ISSUER, Identified, InstanceField, OAuth2, SUBJECT, Scope};
use crate::{Detail, Refusal};
use async_trait::async_trait;
use crier_model::{Code, Secret};
use crier_net::Client;

/// <https://atproto.com/specs/permission> (2026): no more than publishing needs.
const SCOPES: &[Scope] = &[
    Scope { id: "atproto", why: "to know which account this is", required: true },
    Scope { id: "repo:app.bsky.feed.post", why: "to publish your posts", required: true },
    Scope {
        id: "repo:app.bsky.feed.repost",
        why: "to repost where an automation says so; without it nothing is reposted",
        required: false,
    },
    Scope {
        id: "blob:*/*",
        why: "to upload pictures and videos; without it only text can be published",
        required: false,
    },
    Scope {
        id: "rpc:com.atproto.repo.uploadBlob?aud=*",
        why: "to have Bluesky make videos ready before a post is seen",
        required: false,
    },
];

#[async_trait]
impl OAuth2 for Bluesky {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    fn instance(&self) -> Option<InstanceField> {
        Some(InstanceField {
            label: "Handle or server",
            placeholder: "you.bsky.social",
            help: "Your handle, or only the server of your account: bsky.social for Bluesky itself.",
            default: Some("bsky.social".to_owned()),
            is_account: true,
        })
    }

    fn normalise_instance(&self, typed: &str) -> Result<String, String> {
        normalise(typed)
    }

    fn by_document(&self) -> bool {
        true
    }

    async fn discover(&self, net: &Client, instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let named = instance.ok_or_else(|| Refusal::Content(not_found("no handle was given".to_owned())))?;
        match Named::of(named) {
            Named::Server(server) => endpoints(net, server, None).await,
            Named::Did(did) => {
                let server = server_of(did, &self.document(net, did).await?)?;
                Ok(Endpoints { account: Some(did.to_owned()), ..endpoints(net, &server, Some(did)).await? })
            }
            Named::Handle(handle) => match self.account(net, handle).await? {
                Some((did, server)) => {
                    Ok(Endpoints { account: Some(did), ..endpoints(net, &server, Some(handle)).await? })
                }
                // A server's name looks like a handle.
                None => endpoints(net, &format!("https://{handle}"), None).await.map_err(|_| {
                    Refusal::Content(not_found(format!("{handle} is neither an account's handle nor a server")))
                }),
            },
        }
    }

    async fn endpoints_of(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Endpoints, Refusal> {
        described(net, kept(credentials, ISSUER)?, None).await
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let did = kept(credentials, SUBJECT)?;
        let issuer = kept(credentials, ISSUER)?;
        // Any server can name any account: only the one that the account's own document leads to may.
        let server = server_of(did, &self.document(net, did).await?)?;
        let trusted = authority(net, &server).await?;
        if trusted.as_deref() != Some(issuer) {
            let said = format!("{issuer} gave tokens for {did}, whose server trusts {}", trusted.unwrap_or_default());
            return Err(Refusal::Content(Detail::new(said).diagnosed(Code::IssuerMismatch)));
        }
        session::identify(net, &server, Some(did), credentials).await
    }
}

fn kept<'a>(credentials: &'a Credentials, name: &str) -> Result<&'a str, Refusal> {
    credentials.extra.get(name).map(Secret::expose).ok_or_else(|| {
        let said = format!("the token endpoint's answer did not say whose the tokens are ({name})");
        Refusal::Content(Detail::new(said).diagnosed(Code::TokenMalformed))
    })
}

/// The endpoints of the authorization server that this server trusts, or that it is.
async fn endpoints(net: &Client, server: &str, hint: Option<&str>) -> Result<Endpoints, Refusal> {
    let issuer = authority(net, server).await?.unwrap_or_else(|| server.to_owned());
    described(net, &issuer, hint).await
}

async fn described(net: &Client, issuer: &str, hint: Option<&str>) -> Result<Endpoints, Refusal> {
    let metadata = metadata(net, issuer).await?;
    let par = metadata.pushed_authorization_request_endpoint.clone();
    let authorize_extra = hint.map(|hint| ("login_hint".to_owned(), hint.to_owned())).into_iter().collect();
    let endpoints = metadata.endpoints(ClientAuth::PrivateKeyJwt);
    Ok(Endpoints { par, dpop: true, pkce: true, iss_always: true, authorize_extra, ..endpoints })
}
