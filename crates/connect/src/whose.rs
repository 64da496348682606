//! Whose credentials are: the one harmless call that every kind of sign-in has.

use crate::{Handshake, handshake::Broken};
use crier_networks::{
    Connect, Credentials, Detail, Identified, Refusal,
    connect::{Client2, OAuth2},
    oauth1::Signer,
};
use crier_store::channels::Channel;

impl Handshake {
    /// Asks a network whose the credentials are. Where its requests need the app too, they come with it.
    pub(crate) async fn whose(
        &self,
        connect: Connect<'_>,
        network: &str,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let net = self.net(network);
        match connect {
            Connect::OAuth2(oauth2) => oauth2.identify(net, instance, credentials).await,
            Connect::OAuth1(oauth1) => oauth1.identify(net, &Signer::account(credentials, self.now())?).await,
            Connect::Dialog(dialog) => dialog.identify(net, credentials).await,
            Connect::Extension(extension) => extension.identify(net, credentials).await,
            Connect::Form(_) => Err(Refusal::Content(Detail::new("a form tells whose the account is by itself"))),
        }
    }

    /// A channel's credentials as its network's requests need them: with the app that got them, where that is needed too.
    pub(crate) async fn complete(&self, channel: &Channel, credentials: Credentials) -> Result<Credentials, Broken> {
        let connect = self.network(&channel.network).and_then(|network| network.way(&channel.way));
        match (connect, channel.app) {
            (Some(Connect::OAuth1(_) | Connect::Dialog(_)), Some(app)) => {
                let app = self.client_by(app, &channel.network, &channel.way).await?;
                Ok(Credentials { app: Some(app), ..credentials })
            }
            (Some(Connect::OAuth2(oauth2)), Some(app)) if needs_app(oauth2) => {
                let app = self.client_of(app, &channel.network, channel.instance.as_deref()).await?;
                Ok(Credentials { app: Some(app), ..credentials })
            }
            _ => Ok(credentials),
        }
    }
}

/// Credentials with the app whose sign-in is under way.
pub(crate) fn of_app(credentials: Credentials, connect: Connect<'_>, app: Option<Client2>) -> Credentials {
    match connect {
        Connect::OAuth1(_) | Connect::Dialog(_) => Credentials { app, ..credentials },
        Connect::OAuth2(oauth2) if needs_app(oauth2) => Credentials { app, ..credentials },
        _ => credentials,
    }
}

fn needs_app(oauth2: &dyn OAuth2) -> bool {
    oauth2.by_bot() || oauth2.names_app()
}
