//! What the operator may set about outbound requests.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use url::Host;

use crate::name_servers::NameServer;
use crate::vet::Allow;

/// Settings of the outbound client.
#[derive(Debug, Clone)]
pub struct Config {
    /// The way out.
    pub proxy: ProxyConfig,
    /// Other ways out, by name. [`Client::route`](crate::Client::route) takes them.
    pub routes: BTreeMap<String, ProxyConfig>,
    /// Hosts called directly, whatever the way out, besides those of `NO_PROXY` in the environment.
    pub no_proxy: Vec<NoProxy>,
    /// Asked for the addresses of host names; without any, names are looked up as the machine is set up.
    pub name_servers: Vec<NameServer>,
    /// Private, loopback and other reserved addresses or host names that may be called all the same.
    pub allow: Vec<Allow>,
    /// PEM files with certificate authorities trusted in addition to the system's and Mozilla's.
    pub extra_ca: Vec<PathBuf>,
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// Time for resolving, connecting, the proxy and TLS together.
    pub connect_timeout: Duration,
    /// Time for a whole request, body included, unless the request sets its own.
    pub timeout: Duration,
    /// Largest body accepted, in bytes after decompression, unless the request sets its own.
    pub max_body: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            proxy: ProxyConfig::default(),
            routes: BTreeMap::new(),
            no_proxy: Vec::new(),
            name_servers: Vec::new(),
            allow: Vec::new(),
            extra_ca: Vec::new(),
            user_agent: concat!("Crier/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            max_body: 8 * 1024 * 1024,
        }
    }
}

/// Which proxy requests take. In text: `environment`, `none`, or the proxy's address.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProxyConfig {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case, as they stand when the client is built.
    #[default]
    Environment,
    /// One proxy: `http://`, `https://` or `socks5://`, with `name:password@` where it wants one.
    Address(String),
    /// No proxy, whatever the environment says.
    None,
}

impl fmt::Debug for ProxyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::Address(url) => f.debug_tuple("Address").field(&crate::redact(url)).finish(),
            Self::None => f.write_str("None"),
        }
    }
}

impl FromStr for ProxyConfig {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.trim() {
            "" | "environment" => Ok(Self::Environment),
            "none" => Ok(Self::None),
            url => {
                crate::proxy::check_address("proxy", url)?;
                Ok(Self::Address(url.to_owned()))
            }
        }
    }
}

impl TryFrom<String> for ProxyConfig {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl From<ProxyConfig> for String {
    fn from(proxy: ProxyConfig) -> Self {
        match proxy {
            ProxyConfig::Environment => "environment".to_owned(),
            ProxyConfig::Address(url) => url,
            ProxyConfig::None => "none".to_owned(),
        }
    }
}

/// A host called directly. In text, as in `NO_PROXY`: a name (which stands for its subdomains too), a name after a dot or `*.`, an
/// address, a CIDR, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoProxy(String);

impl NoProxy {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NoProxy {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        if text == "*" || text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok() {
            return Ok(Self(text.to_owned()));
        }
        let name = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
        let plain = !name.contains(['/', ':', '*', '@', '[']) && matches!(Host::parse(name), Ok(Host::Domain(_)));
        if !plain {
            return Err(ConfigError::NoProxy { given: text.to_owned() });
        }
        // The matcher knows subdomains by a leading dot only.
        Ok(Self(text.trim_start_matches('*').to_owned()))
    }
}

/// A setting the client can't be built with. Each names the setting and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A proxy's address can't be used.
    #[error(
        "{setting}: `{given}` is no proxy address; write http://host:port, https://host:port or socks5://host:port"
    )]
    Proxy {
        /// The setting or environment variable.
        setting: String,
        /// What it said, redacted.
        given: String,
    },
    /// An entry of the list of hosts called directly can't be read.
    #[error(
        "no_proxy: `{given}` is neither a host name, an address nor a CIDR; write for example nas.lan, .corp.example or 10.0.0.0/8"
    )]
    NoProxy {
        /// The entry.
        given: String,
    },
    /// An entry of the list of name servers can't be read.
    #[error("name_servers: `{given}` is no address; write for example 192.168.1.1, 127.0.0.1:5353 or [::1]:5353")]
    NameServer {
        /// The entry.
        given: String,
    },
    /// The name servers can't be used.
    #[error("name_servers: looking names up can't be set up: {cause}")]
    Resolver {
        /// What stands against it.
        cause: String,
    },
    /// An entry of the allow list can't be read.
    #[error(
        "egress_allow: `{given}` is neither an address, a CIDR nor a host name; write for example 10.0.0.0/8, 127.0.0.1:4801, nas.lan or *.lan"
    )]
    Allow {
        /// The entry.
        given: String,
    },
    /// A file with certificate authorities can't be used.
    #[error("extra_ca: {}: {reason}; give a PEM file with at least one CERTIFICATE block", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The user agent can't be sent as a header.
    #[error("user_agent: `{given}` has characters a header can't carry; use plain ASCII")]
    UserAgent {
        /// The value.
        given: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS can't be set up: {reason}")]
    Tls {
        /// What it said.
        reason: String,
    },
}
