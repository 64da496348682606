//! What every request may use.

use crate::{calendar::Calendar, limits::Limits};
use crier_connect::{Doctor, Handshake};
use crier_engine::worker::Pulse;
use crier_media::Library;
use crier_model::Secret;
use crier_networks::Registry;
use crier_store::{Store, StoreError, installation};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody; accounts are made by command.
    Closed,
    /// Only the first person.
    First,
}

/// What the operator has set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach this installation.
    pub public_url: Url,
    pub registration: Registration,
    /// Where browsers reach the Playground, when it is on.
    pub playground: Option<Url>,
    /// Networks for which an app is configured.
    pub configured: BTreeSet<String>,
    /// Whether mails are sent.
    pub mail: bool,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// How metrics are told.
#[allow(missing_debug_implementations, reason = "holds a function")]
pub struct Metrics {
    /// What was counted, in the text format of Prometheus.
    pub render: Box<dyn Fn() -> String + Send + Sync>,
    /// Who sends it may read them.
    pub token: Secret,
}

/// What the API works with.
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Deps {
    pub store: Store,
    pub registry: Registry,
    pub handshake: Handshake,
    pub doctor: Doctor,
    pub library: Library,
    /// None: off, or told elsewhere.
    pub metrics: Option<Metrics>,
    /// The worker's signs of life, where this process works.
    pub pulse: Option<Arc<Pulse>>,
    /// Ends live streams when the server stops.
    pub shutdown: CancellationToken,
    pub settings: Settings,
}

#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

pub(crate) struct Inner {
    pub deps: Deps,
    pub limits: Limits,
    pub calendar: Calendar,
    /// Shows that an answer is of this installation; the same on all nodes.
    identity: OnceCell<String>,
}

impl std::ops::Deref for Api {
    type Target = Deps;
    fn deref(&self) -> &Deps {
        &self.0.deps
    }
}

impl Api {
    pub fn new(deps: Deps) -> Self {
        Self(Arc::new(Inner {
            deps,
            limits: Limits::default(),
            calendar: Calendar::default(),
            identity: OnceCell::new(),
        }))
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// What only a node of this installation can answer to this nonce.
    pub async fn proof(&self, nonce: &str) -> Result<String, StoreError> {
        let identity = self.0.identity.get_or_try_init(|| installation::identity(&self.store)).await?;
        Ok(installation::proof(identity, nonce))
    }

    /// Whether browsers reach us over TLS, so that cookies may demand it.
    pub fn is_https(&self) -> bool {
        self.settings.public_url.scheme() == "https"
    }

    /// The origin as browsers send it, without a slash at the end.
    pub fn origin(&self) -> String {
        self.settings.public_url.origin().ascii_serialization()
    }
}
