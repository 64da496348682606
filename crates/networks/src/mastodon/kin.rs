//! How servers of Mastodon's kin are signed in to: as Mastodon's are, but only those that say they are of the kind.

use super::account::{discover, identify, register, server};
use super::instance::Limits;
use super::{Flavour, not_compatible};
use crate::connect::{Client2, Credentials, Endpoints, Identified, InstanceField, OAuth2, Scope};
use crate::{Refusal, origin};
use async_trait::async_trait;
use crier_net::Client;

#[async_trait]
impl OAuth2 for Flavour {
    fn scopes(&self) -> &'static [Scope] {
        self.scopes
    }

    fn instance(&self) -> Option<InstanceField> {
        Some(InstanceField {
            label: "Server",
            placeholder: self.example,
            help: "The server where your account is. Your whole handle, with the server in it, does as well.",
            default: None,
            is_account: false,
        })
    }

    fn normalise_instance(&self, typed: &str) -> Result<String, String> {
        origin::normalise(typed, self.example)
    }

    async fn discover(&self, net: &Client, instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let endpoints = discover(net, instance, self).await?;
        let origin = server(instance, self)?;
        let limits = Limits::ask(net, origin, self).await?;
        // Others of the same API have a network of their own here, with their limits.
        if limits.version.contains(self.name) {
            Ok(endpoints)
        } else {
            Err(Refusal::Content(not_compatible(origin, self.name)))
        }
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
        identify(net, instance, credentials, self).await
    }
}
