//! Setting apps up: the client ids and secrets a person enters here, for the installation or for one workspace.

use crate::{
    Check, ConnectError, Handshake,
    apps::{by_app, client_of_row},
    explain::failed,
    preflight::check,
    start::chosen_instance,
};
use crier_model::{Diagnosis, Finding, Secret, Timestamp, WorkspaceId};
use crier_networks::{
    About, Connect, Way,
    connect::{Client2, OAuth2},
};
use crier_store::{
    StoreError,
    apps::{self, AppInUse, Entered, Slot},
};
use serde::Serialize;
use std::time::{Duration, Instant};

/// The most time a test may take.
const TEST: Duration = Duration::from_secs(10);
/// Characters of a client id or secret at most.
const LONGEST: usize = 4_096;

/// Where an app comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppSource {
    /// Set up by this workspace for itself.
    Workspace,
    /// Set up for the whole installation.
    Installation,
    /// In the configuration of the server.
    Configuration,
}

/// What is entered of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppKind {
    /// A client id and a secret, for a redirect URI.
    Client,
    /// Those, and the token of the app's bot, which posts.
    ClientWithBot,
    /// The token of a bot, which is the whole app.
    Bot,
}

/// A client id under which a network is spoken to. The secret is never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AppView {
    /// The server's origin, for networks made of many.
    pub instance: Option<String>,
    pub client_id: String,
    pub has_secret: bool,
    pub has_bot_token: bool,
    pub source: AppSource,
    /// When it was set up here.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub set_at: Option<Timestamp>,
    /// Channels whose sign-in it got.
    pub channels: u64,
}

/// A network that is spoken to under an app, and the apps there are for it. The first that fits is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NetworkApps {
    pub network: String,
    pub name: String,
    /// Whether it can't be connected without an app.
    pub needed: bool,
    /// Whether it is made of many servers, each with apps of its own.
    pub many_servers: bool,
    /// An example of a server's address, where there are many.
    pub instance_placeholder: Option<String>,
    pub kind: AppKind,
    /// What a bot's token looks like, where a bot is the app.
    pub token_example: Option<String>,
    /// The network's page for developers.
    pub console: Option<String>,
    /// To be registered at the network, character by character; none where nobody is sent back.
    pub redirect_uri: Option<String>,
    /// Path of its page in the manual.
    pub docs: String,
    pub apps: Vec<AppView>,
}

/// What an app is for.
#[derive(Debug, Clone, Copy)]
pub struct AppPlace<'a> {
    /// None: for the whole installation.
    pub workspace: Option<WorkspaceId>,
    pub network: &'a str,
    /// The server, as typed, for networks made of many.
    pub instance: Option<&'a str>,
}

impl Handshake {
    /// The networks that apps can be set up for, with those there are.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn apps(&self, workspace: Option<WorkspaceId>) -> Result<Vec<NetworkApps>, ConnectError> {
        let own = match workspace {
            Some(_) => apps::set_up(self.store(), workspace).await?,
            None => Vec::new(),
        };
        let shared = apps::set_up(self.store(), None).await?;
        let all = self.deps.registry.all();
        let networks = all.filter_map(|network| Some((network.about(), by_app(network)?)));
        Ok(networks.map(|(about, way)| self.show_apps(about, way, &own, &shared)).collect())
    }

    fn show_apps(&self, about: &About, way: Way<'_>, own: &[AppInUse], shared: &[AppInUse]) -> NetworkApps {
        let of = |list: &[AppInUse], source| {
            let here = list.iter().filter(|set_up| set_up.app.network == about.id);
            here.map(|set_up| shown(set_up, source)).collect::<Vec<_>>()
        };
        let configured = self.settings().apps.iter().filter_map(|(key, client)| {
            let (network, host) = key.split_once('@').map_or((key.as_str(), None), |(n, host)| (n, Some(host)));
            (network == about.id).then(|| AppView {
                instance: host.map(|host| format!("https://{host}")),
                client_id: client.client_id.clone(),
                has_secret: client.client_secret.is_some(),
                has_bot_token: client.bot_token.is_some(),
                source: AppSource::Configuration,
                set_at: None,
                channels: 0,
            })
        });
        let instance = servers(way).and_then(OAuth2::instance);
        let kind = kind(way);
        let example = match way.connect {
            Connect::Dialog(dialog) => dialog.token_example(),
            _ => None,
        };
        NetworkApps {
            network: about.id.to_owned(),
            name: about.name.to_owned(),
            needed: !about.works_at_once,
            many_servers: instance.is_some(),
            instance_placeholder: instance.map(|field| field.placeholder.to_owned()),
            kind,
            token_example: example.map(str::to_owned),
            console: about.console.map(str::to_owned),
            redirect_uri: (kind != AppKind::Bot).then(|| self.redirect_uri(about.id)),
            docs: format!("/docs/networks/{}", about.id),
            apps: [of(own, AppSource::Workspace), of(shared, AppSource::Installation), configured.collect()].concat(),
        }
    }

    /// Sets an app up. Without a secret, the one there is for the same client id stays.
    ///
    /// # Errors
    /// Fields at fault, by pointer; an unknown network.
    pub async fn set_app(&self, place: AppPlace<'_>, entered: Entered<'_>) -> Result<AppView, ConnectError> {
        let (about, way) = self.with_apps(place.network)?;
        let instance = placed(way, place.instance)?;
        let client = checked(way, entered)?;
        let slot = Slot { workspace: place.workspace, network: about.id, instance: instance.as_deref() };
        let redirect_uri = self.redirect_uri(about.id);
        let entered = Entered {
            client_id: &client.client_id,
            client_secret: client.client_secret.as_ref(),
            bot_token: client.bot_token.as_ref(),
        };
        let app = apps::set(self.store(), slot, entered, &redirect_uri).await?;
        tracing::info!(network = about.id, client_id = %app.client_id, workspace = ?place.workspace, "an app was set up");
        let source = if place.workspace.is_some() { AppSource::Workspace } else { AppSource::Installation };
        let all = apps::set_up(self.store(), place.workspace).await?;
        let in_use = all.into_iter().find(|set_up| set_up.app.id == app.id);
        Ok(shown(&in_use.unwrap_or(AppInUse { app, channels: 0 }), source))
    }

    /// Removes an app that was set up here; how many channels can no longer be renewed by it.
    ///
    /// # Errors
    /// An unknown network, or a server's address that can't be one.
    pub async fn remove_app(&self, place: AppPlace<'_>, force: bool) -> Result<Removed, ConnectError> {
        let (about, way) = self.with_apps(place.network)?;
        let instance = placed(way, place.instance)?;
        let slot = Slot { workspace: place.workspace, network: about.id, instance: instance.as_deref() };
        match apps::remove(self.store(), slot, force).await {
            Ok(channels) => Ok(Removed::Gone { channels }),
            Err(StoreError::NotFound { .. }) => Ok(Removed::WasNone),
            Err(StoreError::Conflict { .. }) => {
                let all = apps::set_up(self.store(), place.workspace).await?;
                let this = all.iter().find(|set_up| set_up.app.network == about.id && set_up.app.instance == instance);
                Ok(Removed::InUse { channels: this.map_or(0, |set_up| set_up.channels) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the network about an app: the one given, or the one that would be used. Tells as much as the network does.
    ///
    /// # Errors
    /// As [`Self::set_app`]; a finding on `/client_id` where there is none to test.
    pub async fn test_app(&self, place: AppPlace<'_>, given: Option<Entered<'_>>) -> Result<Vec<Check>, ConnectError> {
        let (about, way) = self.with_apps(place.network)?;
        let instance = placed(way, place.instance)?;
        let instance = instance.as_deref();
        let saved = match self.set_up(place.workspace, about.id, instance).await? {
            Some(app) => Some(client_of_row(app)),
            None => self.configured(about.id, instance).cloned(),
        };
        let client = match given {
            Some(given) => {
                let client = checked(way, given)?;
                // A secret that is left out is the one there is.
                let kept = saved.filter(|saved| saved.client_id == client.client_id).and_then(|c| c.client_secret);
                Client2 { client_secret: client.client_secret.or(kept), ..client }
            }
            None => saved.ok_or_else(|| wrong("client_id", "app.missing", "There is no app to test.", "Enter one."))?,
        };
        match way.connect {
            Connect::OAuth2(oauth2) => Ok(self.test_client(about, oauth2, instance, &client).await),
            Connect::OAuth1(oauth1) => Ok(self.check_oauth1(about, oauth1, Some(&client), TEST).await),
            Connect::Dialog(dialog) => Ok(vec![self.check_bot(about, dialog, Some(&client), TEST).await]),
            Connect::Form(_) | Connect::Extension(_) => Ok(Vec::new()),
        }
    }

    async fn test_client(
        &self,
        about: &About,
        oauth2: &dyn OAuth2,
        instance: Option<&str>,
        client: &Client2,
    ) -> Vec<Check> {
        let started = Instant::now();
        let reached =
            |diagnosis: Diagnosis| vec![check("host", about.name.to_owned() + " answers", started, Some(diagnosis))];
        let endpoints = match oauth2.discover(self.net(about.id), instance).await {
            Ok(endpoints) => endpoints,
            Err(refusal) => return reached(refusal.diagnosis()),
        };
        if let Err(failure) = self.net(about.id).reach(&endpoints.authorize).await {
            return reached(failed(&failure));
        }
        self.check_client(about, oauth2, &endpoints, client, TEST).await
    }

    fn with_apps(&self, network: &str) -> Result<(&About, Way<'_>), ConnectError> {
        let unknown = || ConnectError::UnknownNetwork(network.to_owned());
        let known = self.network(network).ok_or_else(unknown)?;
        by_app(known).map(|way| (known.about(), way)).ok_or_else(|| {
            let message = format!("{} is connected without an app.", known.about().name);
            wrong("network", "app.not_needed", message, "Connect a channel of it under “Add channel”.")
        })
    }
}

fn kind(way: Way<'_>) -> AppKind {
    match way.connect {
        Connect::Dialog(_) => AppKind::Bot,
        Connect::OAuth2(oauth2) if oauth2.by_bot() => AppKind::ClientWithBot,
        _ => AppKind::Client,
    }
}

/// Only networks that speak OAuth 2 are made of many servers with apps of their own.
fn servers(way: Way<'_>) -> Option<&dyn OAuth2> {
    match way.connect {
        Connect::OAuth2(oauth2) => Some(oauth2),
        _ => None,
    }
}

/// What became of a wish to remove an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone; this many channels can't be renewed any more.
    Gone {
        channels: u64,
    },
    /// Nothing was changed: this many channels depend on it.
    InUse {
        channels: u64,
    },
    WasNone,
}

fn placed(way: Way<'_>, typed: Option<&str>) -> Result<Option<String>, ConnectError> {
    let typed = typed.map(str::trim).filter(|typed| !typed.is_empty());
    let many = servers(way).and_then(|oauth2| Some((oauth2, oauth2.instance()?)));
    match (many, typed) {
        (Some((oauth2, field)), typed) => {
            chosen_instance(oauth2, &field, typed).map(Some).map_err(ConnectError::Instance)
        }
        (None, None) => Ok(None),
        (None, Some(_)) => {
            let message = "This network is one server, so it has no address to enter.";
            Err(wrong("instance", "instance.none", message, "Leave it out."))
        }
    }
}

/// A bot's token, checked. The bot is the whole app.
fn checked_bot(example: &str, entered: Entered<'_>) -> Result<Client2, ConnectError> {
    if !entered.client_id.trim().is_empty() || entered.client_secret.is_some() {
        let (field, message) = match entered.client_secret {
            Some(_) => ("client_secret", "This network’s app is a bot, which has no client secret."),
            None => ("client_id", "This network’s app is a bot, which has no client id."),
        };
        return Err(wrong(field, &format!("{field}.none"), message, "Leave it out, and give the bot’s token."));
    }
    let Some(token) = trimmed(entered.bot_token) else {
        let fix = format!("Copy it from where the bot was made. It looks like {example}");
        return Err(wrong("bot_token", "bot_token.missing", "The bot’s token is missing.", &fix));
    };
    Client2::of_bot(&token).filter(|_| !odd(&token)).ok_or_else(|| {
        let fix = format!("Copy it again, whole. It looks like {example}");
        wrong("bot_token", "bot_token.wrong", "This is not the token of a bot.", &fix)
    })
}

fn trimmed(secret: Option<&Secret>) -> Option<String> {
    secret.map(|secret| secret.expose().trim().to_owned()).filter(|secret| !secret.is_empty())
}

fn odd(text: &str) -> bool {
    text.len() > LONGEST || text.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// What was typed or pasted, checked.
fn checked(way: Way<'_>, entered: Entered<'_>) -> Result<Client2, ConnectError> {
    if let Connect::Dialog(dialog) = way.connect {
        return checked_bot(dialog.token_example().unwrap_or_default(), entered);
    }
    let id = entered.client_id.trim();
    let (secret, bot_token) = (trimmed(entered.client_secret), trimmed(entered.bot_token));
    if id.is_empty() {
        return Err(wrong(
            "client_id",
            "client_id.missing",
            "The client id is missing.",
            "Copy it from the network’s console.",
        ));
    }
    let fix = "Copy it again from the network’s console.";
    if odd(id) {
        return Err(wrong("client_id", "client_id.wrong", "A client id has no spaces or line breaks.", fix));
    }
    if secret.as_deref().is_some_and(odd) {
        return Err(wrong(
            "client_secret",
            "client_secret.wrong",
            "A client secret has no spaces or line breaks.",
            fix,
        ));
    }
    if bot_token.is_some() && kind(way) != AppKind::ClientWithBot {
        let message = "This network has no bot that posts.";
        return Err(wrong("bot_token", "bot_token.none", message, "Leave the bot’s token out."));
    }
    if bot_token.as_deref().is_some_and(odd) {
        return Err(wrong("bot_token", "bot_token.wrong", "A bot’s token has no spaces or line breaks.", fix));
    }
    Ok(Client2 {
        client_id: id.to_owned(),
        client_secret: secret.map(Secret::new),
        bot_token: bot_token.map(Secret::new),
    })
}

fn wrong(field: &str, code: &str, message: impl Into<String>, fix: &str) -> ConnectError {
    let finding = Finding::error(format!("/{field}"), code, message, fix);
    ConnectError::Form { findings: vec![finding], diagnosis: None }
}

fn shown(set_up: &AppInUse, source: AppSource) -> AppView {
    let app = &set_up.app;
    AppView {
        instance: app.instance.clone(),
        client_id: app.client_id.clone(),
        has_secret: app.client_secret.is_some(),
        has_bot_token: app.bot_token.is_some(),
        source,
        set_at: app.set_at,
        channels: set_up.channels,
    }
}
