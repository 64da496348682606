//! The handshake as a whole, and what every part of it uses.

use crate::{error::ConnectError, parked::Parked, request::Settings};
use crier_media::Library;
use crier_model::{Clock, Code, Diagnosis, Timestamp};
use crier_net::Client;
use crier_networks::{
    Connect, Network, Registry, Way,
    connect::{Form, OAuth2},
};
use crier_store::{Store, StoreError, attempts::Attempt};
use jiff::SignedDuration;
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// What the handshake works with.
pub struct Deps {
    pub store: Store,
    pub net: Client,
    pub registry: Registry,
    /// Where avatars are kept.
    pub library: Library,
    pub clock: Arc<dyn Clock>,
    pub settings: Settings,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Connects accounts and keeps their credentials fresh. Clones are handles to the same.
#[derive(Debug, Clone)]
pub struct Handshake {
    pub(crate) deps: Arc<Deps>,
}

/// Something on our side that should not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("what is sealed with this {0} cannot be read; was it written by a newer version?")]
    Unreadable(&'static str),
    #[error("the attempt lacks {0}")]
    Lacks(&'static str),
    /// A row names a network that is not among those of this installation (any more), or that is connected otherwise.
    #[error("there is no network “{0}” of this kind here")]
    NoNetwork(String),
}

impl Handshake {
    #[must_use]
    pub fn new(deps: Deps) -> Self {
        Self { deps: Arc::new(deps) }
    }

    /// What to register as the redirect URI of a network's app, character by character.
    #[must_use]
    pub fn redirect_uri(&self, network: &str) -> String {
        let slash = |way: Way<'_>| matches!(way.connect, Connect::OAuth2(oauth2) if oauth2.redirect_ends_in_slash());
        let ends_in_slash = self.network(network).is_some_and(|it| it.ways().into_iter().any(slash));
        self.settings().redirect_uri(network) + if ends_in_slash { "/" } else { "" }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.deps.clock.now()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.deps.store
    }

    /// The way out to this network.
    pub(crate) fn net(&self, network: &str) -> &Client {
        self.deps.net.route(network)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.deps.settings
    }

    /// A network that rows name; it may have been taken out of the program since.
    pub(crate) fn network(&self, id: &str) -> Option<&dyn Network> {
        self.deps.registry.get(id)
    }

    /// How an attempt connects; none when its network, or that way of it, has been taken out.
    pub(crate) fn way(&self, attempt: &Attempt) -> Option<Connect<'_>> {
        self.network(&attempt.network)?.way(&attempt.way)
    }

    /// As [`Self::way`], where it cannot go on without.
    pub(crate) fn must_way(&self, attempt: &Attempt) -> Result<Connect<'_>, Broken> {
        self.way(attempt).ok_or_else(|| Broken::NoNetwork(attempt.network.clone()))
    }

    pub(crate) fn oauth2(&self, attempt: &Attempt) -> Result<&dyn OAuth2, Broken> {
        match self.way(attempt) {
            Some(Connect::OAuth2(oauth2)) => Ok(oauth2),
            _ => Err(Broken::NoNetwork(attempt.network.clone())),
        }
    }

    pub(crate) fn form(&self, attempt: &Attempt) -> Option<&dyn Form> {
        match self.way(attempt) {
            Some(Connect::Form(form)) => Some(form),
            _ => None,
        }
    }

    /// The server that an attempt's account belongs to; none where accounts hold for all servers of the network.
    pub(crate) fn server_of<'a>(&self, attempt: &'a Attempt, parked: &'a Parked) -> Option<&'a String> {
        let of_all = |oauth2: &dyn OAuth2| oauth2.instance().is_some_and(|field| field.is_account);
        if self.oauth2(attempt).is_ok_and(of_all) {
            return None;
        }
        attempt.instance.as_ref().or(parked.instance.as_ref())
    }

    /// What people call a network.
    pub(crate) fn name<'a>(&'a self, network: &'a str) -> &'a str {
        self.network(network).map_or(network, |known| known.about().name)
    }

    pub(crate) fn in_time(&self, duration: SignedDuration) -> Timestamp {
        let now = self.now();
        now.saturating_add(duration).unwrap_or(now)
    }
}

impl Broken {
    /// Logs it under a reference, which is all that people are shown.
    pub fn reference(&self) -> String {
        let reference = Uuid::new_v4().simple().to_string();
        tracing::error!(%reference, error = %self, "the handshake broke");
        reference
    }

    /// Whether the same may go well a little later without any change.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_temporary())
    }

    pub fn diagnosis(&self) -> Diagnosis {
        Diagnosis::new(Code::Internal).saw("Reference", self.reference())
    }
}

impl From<Broken> for ConnectError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Store(StoreError::NotFound { what: "attempt" }) => Self::UnknownAttempt,
            Broken::Store(StoreError::NotFound { what: "channel" }) => Self::UnknownChannel,
            broken => Self::Internal(broken.reference()),
        }
    }
}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        Broken::Store(error).into()
    }
}
