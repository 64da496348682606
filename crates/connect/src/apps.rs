//! Under which client id a network is spoken to: set up by the workspace, set up for the installation, configured, registered
//! before, or registered now; in this order.

use crate::{Handshake, handshake::Broken, parked::ParkedClient, secrets::hash};
use crier_model::{AppId, Code, Diagnosis, WorkspaceId};
use crier_networks::{
    About, Connect, Network, Way,
    connect::{Client2, Endpoints, OAuth2},
};
use crier_store::{
    apps::{self, App, NewApp, Slot},
    attempts::Attempt,
};

/// A client, and the row that remembers it for as long as its tokens live.
pub(crate) struct Chosen {
    pub app: AppId,
    pub client: ParkedClient,
    /// Registered at an earlier connect: the server may have forgotten it since.
    pub reused: bool,
}

/// Why there is none.
pub(crate) enum NoApp {
    Diagnosed(Box<Diagnosis>),
    Broken(Broken),
}

impl<E: Into<Broken>> From<E> for NoApp {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// What is asked for at this server.
pub(crate) fn asked_scope(oauth2: &dyn OAuth2, endpoints: &Endpoints) -> String {
    endpoints.scope.clone().unwrap_or_else(|| oauth2.scopes().iter().map(|s| s.id).collect::<Vec<_>>().join(" "))
}

impl Handshake {
    /// The app configured for a network, or for one server of it (`network@host`).
    pub(crate) fn configured(&self, network: &str, instance: Option<&str>) -> Option<&Client2> {
        let apps = &self.settings().apps;
        match instance {
            None => apps.get(network),
            Some(origin) => {
                let host = origin.split_once("://").map_or(origin, |(_, host)| host);
                apps.get(&format!("{network}@{host}"))
            }
        }
    }

    /// The app a person has set up here: the workspace's own, else the installation's.
    pub(crate) async fn set_up(
        &self,
        workspace: Option<WorkspaceId>,
        network: &str,
        instance: Option<&str>,
    ) -> Result<Option<App>, Broken> {
        if workspace.is_some()
            && let Some(app) = apps::at(self.store(), Slot { workspace, network, instance }).await?
        {
            return Ok(Some(app));
        }
        Ok(apps::at(self.store(), Slot { workspace: None, network, instance }).await?)
    }

    /// The app configured for one way of a network (`network/way`): others than the first have ids and secrets of their own.
    pub(crate) fn configured_by(&self, network: &str, way: &str) -> Option<&Client2> {
        let is_first = || self.network(network).and_then(|it| it.ways().first().map(|first| first.id)) == Some(way);
        let apps = &self.settings().apps;
        apps.get(&format!("{network}/{way}")).or_else(|| if is_first() { apps.get(network) } else { None })
    }

    /// As [`Self::set_up`], for ways without instances: none for another way than the one that apps are entered for.
    async fn set_up_by(&self, workspace: Option<WorkspaceId>, network: &str, way: &str) -> Result<Option<App>, Broken> {
        let entered = self.network(network).and_then(by_app).is_some_and(|by_app| by_app.id == way);
        if entered { self.set_up(workspace, network, None).await } else { Ok(None) }
    }

    /// The client there would be for a new sign-in by a way without instances, if none is registered for it.
    pub(crate) async fn known_by(
        &self,
        workspace: Option<WorkspaceId>,
        network: &str,
        way: &str,
    ) -> Result<Option<Client2>, Broken> {
        let set_up = self.set_up_by(workspace, network, way).await?.map(client_of_row);
        Ok(set_up.or_else(|| self.configured_by(network, way).cloned()))
    }

    /// As [`Self::known_by`], with the row that remembers it.
    pub(crate) async fn choose_by(
        &self,
        about: &About,
        attempt: &Attempt,
        scope: &str,
    ) -> Result<Option<Chosen>, Broken> {
        if let Some(app) = self.set_up_by(Some(attempt.workspace), about.id, &attempt.way).await? {
            return Ok(Some(chosen(app, false, false)));
        }
        let configured = self.configured_by(about.id, &attempt.way);
        self.configured_app(about, configured, None, &attempt.redirect_uri, scope).await
    }

    /// The client for a new sign-in.
    pub(crate) async fn choose_app(
        &self,
        workspace: WorkspaceId,
        about: &About,
        oauth2: &dyn OAuth2,
        instance: Option<&str>,
        endpoints: &Endpoints,
        redirect_uri: &str,
    ) -> Result<Chosen, NoApp> {
        if oauth2.by_document() {
            let app = self.document_app(about, oauth2).await?;
            return Ok(chosen(app, false, false));
        }
        let scope = asked_scope(oauth2, endpoints);
        if let Some(app) = self.set_up(Some(workspace), about.id, instance).await? {
            return Ok(chosen(app, false, false));
        }
        let configured = self.configured(about.id, instance);
        if let Some(chosen) = self.configured_app(about, configured, instance, redirect_uri, &scope).await? {
            return Ok(chosen);
        }
        if let Some(chosen) = self.registered_app(about, instance, redirect_uri, &scope).await? {
            return Ok(chosen);
        }
        match oauth2.register(self.net(about.id), endpoints, redirect_uri).await {
            Ok(client) => self.keep_registered(about, instance, redirect_uri, &scope, client).await,
            Err(refusal) => Err(NoApp::Diagnosed(Box::new(refusal.diagnosis()))),
        }
    }

    /// The client registered at an earlier connect.
    pub(crate) async fn registered_app(
        &self,
        about: &About,
        instance: Option<&str>,
        redirect_uri: &str,
        scope: &str,
    ) -> Result<Option<Chosen>, Broken> {
        let key = registered_key(about.id, instance, redirect_uri, scope);
        Ok(apps::by_lookup(self.store(), &key).await?.map(|app| chosen(app, true, true)))
    }

    /// Keeps a client that was just registered; none where the network registers none.
    pub(crate) async fn keep_registered(
        &self,
        about: &About,
        instance: Option<&str>,
        redirect_uri: &str,
        scope: &str,
        client: Option<Client2>,
    ) -> Result<Chosen, NoApp> {
        let Some(client) = client else { return Err(NoApp::Diagnosed(Box::new(not_configured(about)))) };
        let key = registered_key(about.id, instance, redirect_uri, scope);
        let row = row(about, instance, redirect_uri, scope, &client, key);
        Ok(chosen(apps::insert_or_get(self.store(), row).await?, true, false))
    }

    /// The client for a new sign-in where only a configured one will do.
    pub(crate) async fn configured_app(
        &self,
        about: &About,
        configured: Option<&Client2>,
        instance: Option<&str>,
        redirect_uri: &str,
        scope: &str,
    ) -> Result<Option<Chosen>, Broken> {
        let Some(client) = configured else { return Ok(None) };
        // A row for each id and secret, so that tokens can be refreshed with the app that got them after another one was
        // configured.
        let secret = client.client_secret.as_ref().map(|s| hash(s.expose())).unwrap_or_default();
        let bot = client.bot_token.as_ref().map(|s| hash(s.expose())).unwrap_or_default();
        let rest = hash(&format!("{redirect_uri} {scope} {secret}{bot}"));
        let key = format!("configured {} {} {rest}", about.id, client.client_id);
        let row = row(about, instance, redirect_uri, scope, client, key);
        Ok(Some(chosen(apps::insert_or_get(self.store(), row).await?, false, false)))
    }

    /// Whether a sign-in could get a client, without registering one. None: it would register.
    pub(crate) async fn known_app(
        &self,
        workspace: Option<WorkspaceId>,
        network: &str,
        oauth2: &dyn OAuth2,
        instance: Option<&str>,
        endpoints: &Endpoints,
    ) -> Result<Option<(Client2, Option<AppId>)>, Broken> {
        if let Some(app) = self.set_up(workspace, network, instance).await? {
            return Ok(Some((client_of_row(app), None)));
        }
        if let Some(client) = self.configured(network, instance) {
            return Ok(Some((client.clone(), None)));
        }
        let redirect_uri = self.redirect_uri(network);
        let key = registered_key(network, instance, &redirect_uri, &asked_scope(oauth2, endpoints));
        let app = apps::by_lookup(self.store(), &key).await?;
        Ok(app.map(|app| {
            let id = app.id;
            (client_of_row(app), Some(id))
        }))
    }

    /// The client that got a channel's tokens; a secret set up or configured anew for the same id counts.
    pub(crate) async fn client_of(&self, app: AppId, network: &str, instance: Option<&str>) -> Result<Client2, Broken> {
        let app = apps::get(self.store(), app).await?;
        if app.set_at.is_some() {
            return Ok(client_of_row(app));
        }
        let set_up = self.set_up(app.workspace, network, instance).await?.map(client_of_row);
        let newer = set_up.into_iter().chain(self.configured(network, instance).cloned());
        let newer = { newer }.find(|client| client.client_id == app.client_id);
        Ok(newer.unwrap_or_else(|| client_of_row(app)))
    }

    /// As [`Self::client_of`], for ways without instances.
    pub(crate) async fn client_by(&self, app: AppId, network: &str, way: &str) -> Result<Client2, Broken> {
        let app = apps::get(self.store(), app).await?;
        if app.set_at.is_some() {
            return Ok(client_of_row(app));
        }
        let newer = self.known_by(app.workspace, network, way).await?;
        Ok(newer.filter(|client| client.client_id == app.client_id).unwrap_or_else(|| client_of_row(app)))
    }

    /// A registered client that its server no longer knows is forgotten, so that the next sign-in registers anew.
    pub(crate) async fn forget_app(&self, app: AppId) {
        if let Err(error) = apps::delete(self.store(), app).await {
            tracing::warn!(%app, %error, "an app that its server no longer knows could not be forgotten");
        }
    }
}

/// The way of a network that apps are entered for, if there is one: a client that is known by a document, or a bot that registers
/// itself, nobody has to enter.
pub(crate) fn by_app(network: &dyn Network) -> Option<Way<'_>> {
    network.ways().into_iter().find(|way| match way.connect {
        Connect::OAuth2(oauth2) => !oauth2.by_document() && !oauth2.without_app(),
        Connect::OAuth1(_) => true,
        Connect::Dialog(dialog) => dialog.token_example().is_some(),
        Connect::Form(_) | Connect::Extension(_) => false,
    })
}

pub(crate) fn client_of_row(app: App) -> Client2 {
    Client2 { client_id: app.client_id, client_secret: app.client_secret, bot_token: app.bot_token }
}

pub(crate) fn not_configured(about: &About) -> Diagnosis {
    let diagnosis = Diagnosis::new(Code::ClientNotConfigured).saw("Network", about.name);
    match about.console {
        Some(console) => diagnosis.saw("Developer console", console),
        None => diagnosis,
    }
}

fn row(
    about: &About,
    instance: Option<&str>,
    redirect_uri: &str,
    scope: &str,
    client: &Client2,
    lookup_key: String,
) -> NewApp {
    NewApp {
        workspace: None,
        network: about.id.to_owned(),
        instance: instance.map(str::to_owned),
        client_id: client.client_id.clone(),
        client_secret: client.client_secret.clone(),
        bot_token: client.bot_token.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scopes: scope.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
        lookup_key,
    }
}

fn registered_key(network: &str, instance: Option<&str>, redirect_uri: &str, scope: &str) -> String {
    format!("registered {network} {} {redirect_uri} {scope}", instance.unwrap_or("-"))
}

fn chosen(app: App, registered: bool, reused: bool) -> Chosen {
    let id = app.id;
    Chosen { app: id, client: ParkedClient::new(client_of_row(app), registered), reused }
}
