//! The client.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_http::decompression::Decompression;
use url::Url;

use crate::body::Outgoing;
use crate::config::{Config, ConfigError};
use crate::connector::Connector;
use crate::dial::{Dialer, Target};
use crate::failure::{Failure, FailureKind, Stage};
use crate::heard::Heard;
use crate::name_servers::NameServers;
use crate::proxy::Proxies;
use crate::request::Request;
use crate::resolver::{Resolve, SystemResolver};
use crate::tls::{Tls, install_crypto_provider};
use crate::vet::Vet;

/// How long an unused connection is kept. Hosts close theirs after a minute or more; a shorter life avoids meeting a closed one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);
const IDLE_PER_HOST: usize = 8;

/// The outbound client. Clones share connections and cost nothing.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>, pub(crate) Option<Heard>);

pub(crate) struct Inner {
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) http: Decompression<legacy::Client<Connector, Outgoing>>,
    pub(crate) timeout: Duration,
    pub(crate) max_body: usize,
    routes: HashMap<String, Client>,
}

struct Limits {
    timeout: Duration,
    max_body: usize,
}

impl Client {
    /// A client with these settings, and their name servers or the system's resolver. Reads certificate authorities and, where asked
    /// to, the environment.
    ///
    /// # Errors
    ///
    /// A setting that can't be used.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let resolver: Arc<dyn Resolve> = match config.name_servers.as_slice() {
            [] => Arc::new(SystemResolver),
            servers => Arc::new(NameServers::new(servers)?),
        };
        Self::with_resolver(config, resolver)
    }

    /// A client that looks names up with `resolver`.
    ///
    /// # Errors
    ///
    /// A setting that can't be used.
    pub fn with_resolver(config: Config, resolver: Arc<dyn Resolve>) -> Result<Self, ConfigError> {
        install_crypto_provider();
        let user_agent = HeaderValue::from_str(&config.user_agent)
            .map_err(|_| ConfigError::UserAgent { given: config.user_agent.clone() })?;
        let dialer = Dialer {
            resolver,
            vet: Vet::new(config.allow),
            proxies: Proxies::new(&config.proxy, &config.no_proxy)?,
            tls: Tls::new(&config.extra_ca)?,
            user_agent,
            connect_timeout: config.connect_timeout,
        };
        let going_by = |dialer, routes| {
            let limits = Limits { timeout: config.timeout, max_body: config.max_body };
            Self::going_by(dialer, limits, routes)
        };
        let mut routes = HashMap::new();
        for (name, proxy) in &config.routes {
            let proxies = Proxies::new(proxy, &config.no_proxy)?;
            routes.insert(name.clone(), going_by(Dialer { proxies, ..dialer.clone() }, HashMap::new()));
        }
        Ok(going_by(dialer, routes))
    }

    fn going_by(dialer: Dialer, Limits { timeout, max_body }: Limits, routes: HashMap<String, Self>) -> Self {
        let dialer = Arc::new(dialer);
        let http = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build(Connector(Arc::clone(&dialer)));
        Self(Arc::new(Inner { dialer, http: Decompression::new(http), timeout, max_body, routes }), None)
    }

    /// A client that also remembers, for whoever asks, what hosts said of their limits in answers that were good, and the last answer.
    #[must_use]
    pub fn hearing(&self) -> (Self, Heard) {
        let heard = Heard::default();
        (Self(Arc::clone(&self.0), Some(heard.clone())), heard)
    }

    /// The client that takes the way out of this name, or this one where there is none.
    #[must_use]
    pub fn route(&self, name: &str) -> &Self {
        self.0.routes.get(name).unwrap_or(self)
    }

    /// Host and port of the proxy that calls to this address take; none where they take none.
    #[must_use]
    pub fn proxy_towards(&self, url: &Url) -> Option<String> {
        self.0.dialer.proxies.towards(&Target::of(url)?).map(|proxy| proxy.place())
    }

    /// Starts a GET request. An address that can't be read becomes a failure when the request is sent.
    pub fn get(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::GET, url)
    }

    /// Starts a HEAD request.
    pub fn head(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::HEAD, url)
    }

    /// Starts a POST request.
    pub fn post(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::POST, url)
    }

    /// Starts a PUT request.
    pub fn put(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::PUT, url)
    }

    /// Starts a PATCH request.
    pub fn patch(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::PATCH, url)
    }

    /// Starts a DELETE request.
    pub fn delete(&self, url: impl AsRef<str>) -> Request {
        self.request(Method::DELETE, url)
    }

    /// Starts a request of any method.
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> Request {
        Request::new(self.clone(), method, read_url(url.as_ref(), &["http", "https"]))
    }

    /// Judges an address without calling it: can be read, `http` or `https`, and not plainly a private or reserved place. A name
    /// is not looked up here: it is judged again, by its addresses, when it is called.
    ///
    /// # Errors
    ///
    /// [`FailureKind::BadUrl`] or [`FailureKind::BlockedAddress`].
    pub fn vet(&self, url: impl AsRef<str>) -> Result<Url, Failure> {
        let url = read_url(url.as_ref(), &["http", "https"])?;
        self.vet_host(&url)?;
        Ok(url)
    }

    /// Whether calls to this host name or written-out address would not be refused at sight.
    #[must_use]
    pub fn allows_host(&self, host: &str) -> bool {
        url::Host::parse(host).is_ok_and(|host| self.0.dialer.vet.host(&host, None).is_ok())
    }

    pub(crate) fn vet_host(&self, url: &Url) -> Result<(), Failure> {
        let refused = |kind, stage, reason: &str| {
            Failure::before_sending(stage, kind, url.host_str().unwrap_or_default(), reason)
        };
        let Some(host) = url.host() else {
            return Err(refused(FailureKind::BadUrl, Stage::Url, "the address has no host"));
        };
        self.0
            .dialer
            .vet
            .host(&host.to_owned(), url.port_or_known_default())
            .map_err(|reason| refused(FailureKind::BlockedAddress, Stage::Resolve, &reason))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("timeout", &self.0.timeout)
            .field("max_body", &self.0.max_body)
            .finish_non_exhaustive()
    }
}

/// Reads an address that is to be called.
pub(crate) fn read_url(text: &str, schemes: &[&str]) -> Result<Url, Failure> {
    let bad = |host: &str, detail: &str| Failure::before_sending(Stage::Url, FailureKind::BadUrl, host, detail);
    let url = Url::parse(text.trim()).map_err(|error| {
        let shown: String = text.split(['?', '#']).next().unwrap_or_default().chars().take(80).collect();
        bad(&crate::redact(&shown), &format!("the address can't be read: {error}"))
    })?;
    let host = url.host_str().unwrap_or_default();
    if !schemes.contains(&url.scheme()) {
        let detail = format!("{}: addresses are not called; use {}:", url.scheme(), schemes.join(": or "));
        return Err(bad(host, &detail));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(host, "the address holds a name or password; give them in their own fields"));
    }
    Ok(url)
}
