//! Which addresses may be called: everything public, and what the operator lists.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};
use url::Host;

use crate::config::ConfigError;

/// One entry of `egress_allow`: an address, an address and its port, a CIDR, a host name, or `*.` and a domain for all names
/// below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Allow {
    /// Every address of this network, whatever name led there.
    Network(IpNet),
    /// One port of one address: a service on this machine without its neighbours.
    Service(SocketAddr),
    /// This host name, whatever it resolves to. Lower case, no trailing dot.
    Host(String),
    /// Every name below this domain, but not the domain itself.
    Below(String),
}

impl FromStr for Allow {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        let refused = || ConfigError::Allow { given: text.to_owned() };
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network));
        }
        if let Ok(service) = text.parse::<SocketAddr>() {
            return Ok(Self::Service(service));
        }
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        let (below, name) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if name.contains(['/', ':', '*', '@']) {
            return Err(refused());
        }
        match Host::parse(name) {
            Ok(Host::Domain(name)) => {
                let name = plain_name(&name);
                Ok(if below { Self::Below(name) } else { Self::Host(name) })
            }
            Ok(Host::Ipv4(address)) if !below => Ok(Self::Network(IpAddr::V4(address).into())),
            _ => Err(refused()),
        }
    }
}

impl TryFrom<String> for Allow {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl From<Allow> for String {
    fn from(allow: Allow) -> Self {
        allow.to_string()
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => write!(f, "{network}"),
            Self::Service(service) => write!(f, "{service}"),
            Self::Host(name) => f.write_str(name),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

/// The judge of addresses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vet {
    allow: Vec<Allow>,
}

impl Vet {
    pub(crate) fn new(allow: Vec<Allow>) -> Self {
        Self { allow }
    }

    /// Judges a host before anything is looked up: addresses written out, and names that always mean this machine. Without a
    /// port, it passes when any port of it may be called.
    pub(crate) fn host(&self, host: &Host<String>, port: Option<u16>) -> Result<(), String> {
        match host {
            Host::Domain(name) if self.allows_name(name) => Ok(()),
            Host::Domain(name) => match reserved_name(&plain_name(name)) {
                // `localhost` leads to the loopback network; who allows that network allows the name.
                Some(what) if !self.allows_address(IpAddr::V4(Ipv4Addr::LOCALHOST), port) => {
                    Err(format!("{name} is {what}, which is not in egress_allow"))
                }
                _ => Ok(()),
            },
            Host::Ipv4(address) => self.address((*address).into(), port),
            Host::Ipv6(address) => self.address((*address).into(), port),
        }
    }

    /// Judges an address.
    pub(crate) fn address(&self, address: IpAddr, port: Option<u16>) -> Result<(), String> {
        match reserved(address) {
            Some(what) if !self.allows_address(address, port) => {
                Err(format!("{address} is {what}, which is not in egress_allow"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the name itself is listed, so that its addresses need no judging.
    pub(crate) fn allows_name(&self, name: &str) -> bool {
        let name = plain_name(name);
        self.allow.iter().any(|allow| match allow {
            Allow::Network(_) | Allow::Service(_) => false,
            Allow::Host(host) => *host == name,
            Allow::Below(domain) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        })
    }

    fn allows_address(&self, address: IpAddr, port: Option<u16>) -> bool {
        let canonical = address.to_canonical();
        self.allow.iter().any(|allow| match allow {
            Allow::Network(network) => network.contains(&address) || network.contains(&canonical),
            Allow::Service(service) => {
                service.ip().to_canonical() == canonical && port.is_none_or(|port| port == service.port())
            }
            Allow::Host(_) | Allow::Below(_) => false,
        })
    }
}

/// Lower case, without the trailing dot of a fully qualified name.
fn plain_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Names that mean this machine or its cloud's metadata, whoever resolves them (a proxy might).
fn reserved_name(name: &str) -> Option<&'static str> {
    match name {
        "localhost" => Some("this machine"),
        "metadata.google.internal" | "metadata" => Some("a cloud metadata service"),
        _ if name.ends_with(".localhost") => Some("this machine"),
        _ => None,
    }
}

/// What an address is reserved for, after the special-purpose registries of IANA
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>);
/// nothing for addresses of the public internet.
fn reserved(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => reserved_v4(address),
        IpAddr::V6(address) => reserved_v6(address),
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, c: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

fn reserved_v4(address: Ipv4Addr) -> Option<&'static str> {
    const RESERVED: [(Ipv4Net, &str); 17] = [
        (v4(169, 254, 169, 254, 32), "a cloud metadata service"),
        (v4(100, 100, 100, 200, 32), "a cloud metadata service"),
        (v4(0, 0, 0, 0, 8), "an address of this network"),
        (v4(10, 0, 0, 0, 8), "a private address"),
        (v4(100, 64, 0, 0, 10), "a carrier-grade NAT address"),
        (v4(127, 0, 0, 0, 8), "a loopback address"),
        (v4(169, 254, 0, 0, 16), "a link-local address"),
        (v4(172, 16, 0, 0, 12), "a private address"),
        (v4(192, 0, 0, 0, 24), "a protocol assignment"),
        (v4(192, 0, 2, 0, 24), "a documentation address"),
        (v4(192, 88, 99, 0, 24), "a 6to4 relay address"),
        (v4(192, 168, 0, 0, 16), "a private address"),
        (v4(198, 18, 0, 0, 15), "a benchmarking address"),
        (v4(198, 51, 100, 0, 24), "a documentation address"),
        (v4(203, 0, 113, 0, 24), "a documentation address"),
        (v4(224, 0, 0, 0, 4), "a multicast address"),
        (v4(240, 0, 0, 0, 4), "a reserved address"),
    ];
    RESERVED.iter().find(|(network, _)| network.contains(&address)).map(|(_, what)| *what)
}

fn reserved_v6(address: Ipv6Addr) -> Option<&'static str> {
    const RESERVED: [(Ipv6Net, &str); 10] = [
        (v6(0x64, 0xff9b, 1, 48), "a local NAT64 address"),
        (v6(0x100, 0, 0, 64), "a discard-only address"),
        (v6(0x2001, 0, 0, 23), "a protocol assignment"),
        (v6(0x2001, 0xdb8, 0, 32), "a documentation address"),
        (v6(0x3fff, 0, 0, 20), "a documentation address"),
        (v6(0x5f00, 0, 0, 16), "a segment routing address"),
        (v6(0xfc00, 0, 0, 7), "a unique local address"),
        (v6(0xfe80, 0, 0, 10), "a link-local address"),
        (v6(0xfec0, 0, 0, 10), "a site-local address"),
        (v6(0xff00, 0, 0, 8), "a multicast address"),
    ];
    if address.is_loopback() {
        return Some("a loopback address");
    }
    if address.is_unspecified() {
        return Some("an address of this network");
    }
    let segments = address.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] => Some("an IPv4-mapped address"),
        [0, 0, 0, 0, 0, 0, ..] => Some("an IPv4-compatible address"),
        // Translated addresses are as public as the IPv4 address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => reserved_v4(embedded(high, low)),
        _ => RESERVED.iter().find(|(network, _)| network.contains(&address)).map(|(_, what)| *what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vet(allow: &[&str]) -> Vet {
        Vet::new(allow.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn public_addresses_pass() {
        for address in [
            "1.1.1.1",
            "93.184.215.14",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::101:101",
        ] {
            assert_eq!(vet(&[]).address(address.parse().unwrap(), None), Ok(()), "{address}");
        }
    }

    #[test]
    fn reserved_addresses_do_not() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(vet(&[]).address(address.parse().unwrap(), None).is_err(), "{address}");
        }
    }

    #[test]
    fn networks_and_names_can_be_allowed() {
        let vet = vet(&["127.0.0.0/8", "fd00::/8", "NAS.lan.", "*.corp.example"]);
        assert_eq!(vet.address("127.0.0.1".parse().unwrap(), None), Ok(()));
        assert_eq!(vet.address("::ffff:127.0.0.1".parse().unwrap(), None), Ok(()));
        assert_eq!(vet.address("fd12::1".parse().unwrap(), None), Ok(()));
        assert!(vet.address("10.0.0.1".parse().unwrap(), None).is_err());
        assert!(vet.allows_name("nas.lan"));
        assert!(vet.allows_name("Nas.Lan."));
        assert!(vet.allows_name("a.corp.example"));
        assert!(!vet.allows_name("corp.example"));
        assert!(!vet.allows_name("evilcorp.example"));
        assert!(!vet.allows_name(".corp.example"));
        assert_eq!(vet.host(&Host::Domain("localhost".into()), None), Ok(()));
    }

    #[test]
    fn names_of_this_machine_are_refused_unresolved() {
        for name in ["localhost", "LOCALHOST.", "a.localhost", "metadata.google.internal"] {
            assert!(vet(&[]).host(&Host::Domain(name.into()), None).is_err(), "{name}");
        }
        assert_eq!(vet(&["localhost"]).host(&Host::Domain("localhost".into()), None), Ok(()));
    }

    #[test]
    fn entries_are_read_and_written() {
        for text in ["127.0.0.0/8", "::1/128", "localhost", "*.lan"] {
            assert_eq!(text.parse::<Allow>().unwrap().to_string(), text);
        }
        assert_eq!("10.1.2.3".parse::<Allow>().unwrap().to_string(), "10.1.2.3/32");
        for text in ["", "*", "http://a", "a:80", "10.0.0.0/99", "*.10.0.0.1", "a b"] {
            assert!(text.parse::<Allow>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_service_is_allowed_without_its_neighbours() {
        let vet = vet(&["127.0.0.1:4801", "[::1]:9"]);
        let at = |address: &str, port| vet.address(address.parse().unwrap(), Some(port));
        assert_eq!(at("127.0.0.1", 4801), Ok(()));
        assert_eq!(at("::1", 9), Ok(()));
        assert!(at("127.0.0.1", 4802).is_err());
        assert!(at("127.0.0.2", 4801).is_err());
        assert_eq!(vet.host(&Host::Domain("localhost".into()), Some(4801)), Ok(()));
        assert!(vet.host(&Host::Domain("localhost".into()), Some(80)).is_err());
    }
}
