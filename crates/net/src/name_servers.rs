//! Looking names up at name servers of the operator's choosing, instead of as the machine is set up.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::{Resolver, TokioResolver};

use crate::config::ConfigError;
use crate::resolver::Resolve;

/// Time for one question; it is repeated once.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(2500);
const REPETITIONS: usize = 1;
/// RFC 1035 §4.2.
const PORT: u16 = 53;

/// A name server. In text its address, with a port where that is not 53: `192.168.1.1`, `127.0.0.1:5353`, `[::1]:5353`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameServer(SocketAddr);

impl FromStr for NameServer {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        let address = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, PORT)));
        address.map(Self).map_err(|_| ConfigError::NameServer { given: text.to_owned() })
    }
}

impl fmt::Display for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.port() == PORT { self.0.ip().fmt(f) } else { self.0.fmt(f) }
    }
}

/// Asks name servers, over UDP, and over TCP where an answer is too long for that. `/etc/hosts` counts before them.
pub(crate) struct NameServers {
    servers: Vec<NameServer>,
    resolver: TokioResolver,
}

impl NameServers {
    pub(crate) fn new(servers: &[NameServer]) -> Result<Self, ConfigError> {
        let known = servers.iter().map(|NameServer(address)| {
            let at_port = |mut connection: ConnectionConfig| {
                connection.port = address.port();
                connection
            };
            let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
            // A name that one of them does not know is not known: asking the others would double each wait.
            NameServerConfig::new(address.ip(), true, connections)
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), known.collect());
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.timeout = ANSWER_TIMEOUT;
        options.attempts = REPETITIONS;
        options.use_hosts_file = ResolveHosts::Always;
        // The name servers remember answers themselves; here a corrected name is to count at once.
        options.cache_size = 0;
        let resolver = builder.build().map_err(|error| ConfigError::Resolver { cause: error.to_string() })?;
        Ok(Self { servers: servers.to_vec(), resolver })
    }
}

impl fmt::Debug for NameServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NameServers").field(&self.servers).finish()
    }
}

#[async_trait]
impl Resolve for NameServers {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = self.resolver.lookup_ip(host).await;
        Ok(found.map_err(|error| io::Error::new(kind(&error), error.to_string()))?.iter().collect())
    }
}

/// A name server that says it can't tell is as good as silent; only "there is no such name" is about the name.
fn kind(error: &NetError) -> io::ErrorKind {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none))
            if matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError) =>
        {
            io::ErrorKind::NotFound
        }
        NetError::Proto(_) => io::ErrorKind::InvalidInput,
        _ => io::ErrorKind::TimedOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_is_an_address_perhaps_with_a_port() {
        for (text, told) in [
            ("192.168.1.1", "192.168.1.1"),
            (" ::1 ", "::1"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("9.9.9.9:53", "9.9.9.9"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            assert_eq!(text.parse::<NameServer>().unwrap().to_string(), told);
        }
        for wrong in ["", "dns.example", "1.1.1", "1.1.1.1:x"] {
            assert!(wrong.parse::<NameServer>().is_err(), "{wrong}");
        }
    }
}
