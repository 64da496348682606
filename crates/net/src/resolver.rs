//! Looking names up, and keeping only the addresses that may be called.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;

use crate::dial::DialError;
use crate::failure::{FailureKind, Stage};
use crate::vet::Vet;

/// Time for one look-up. Resolvers repeat a lost question after 5 s; one repetition must fit.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(6);

/// Turns a host name into addresses.
#[async_trait]
pub trait Resolve: Send + Sync + fmt::Debug {
    /// The addresses of `host` (never an address itself), best first.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver (`/etc/hosts`, DNS, mDNS … as the machine is set up).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = tokio::net::lookup_host((host, 0)).await?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// Looks `host` up and returns those of its addresses that `vet` lets through. These very addresses are then connected to:
/// there is no second look-up whose answer could differ.
pub(crate) async fn resolve_vetted(
    resolver: &dyn Resolve,
    vet: &Vet,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, DialError> {
    let addresses = resolve(resolver, host, LOOKUP_TIMEOUT).await?;
    if vet.allows_name(host) {
        return Ok(with_port(addresses, port));
    }
    let mut refused = None;
    let mut passed = Vec::with_capacity(addresses.len());
    for address in addresses {
        match vet.address(address, Some(port)) {
            Ok(()) => passed.push(address),
            Err(reason) => refused = Some(reason),
        }
    }
    match refused {
        Some(reason) if passed.is_empty() => {
            Err(DialError::new(Stage::Resolve, FailureKind::BlockedAddress, format!("{host} resolves to {reason}")))
        }
        _ => Ok(with_port(passed, port)),
    }
}

/// Looks `host` up without judging the answer: for the proxy, which the operator named.
pub(crate) async fn resolve_trusted(
    resolver: &dyn Resolve,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, DialError> {
    Ok(with_port(resolve(resolver, host, LOOKUP_TIMEOUT).await?, port))
}

fn with_port(addresses: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
    addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect()
}

async fn resolve(resolver: &dyn Resolve, host: &str, limit: Duration) -> Result<Vec<IpAddr>, DialError> {
    let failed = |kind, detail| Err(DialError::new(Stage::Resolve, kind, detail));
    match tokio::time::timeout(limit, resolver.resolve(host)).await {
        Ok(Ok(addresses)) if addresses.is_empty() => {
            failed(FailureKind::DnsNotFound, format!("the name {host} has no addresses"))
        }
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) => failed(lookup_kind(&error), format!("looking up {host}: {error}")),
        Err(_) => failed(FailureKind::DnsTimeout, format!("looking up {host}: no answer within {} s", limit.as_secs())),
    }
}

/// `getaddrinfo` hands its code over as text only: EAI_AGAIN ("the name server returned a temporary failure") differs from
/// EAI_NONAME by nothing but these words of glibc, musl and macOS.
fn lookup_kind(error: &io::Error) -> FailureKind {
    if error.kind() == io::ErrorKind::TimedOut {
        return FailureKind::DnsTimeout;
    }
    let words = error.to_string();
    if words.contains("Temporary failure") || words.contains("Try again") {
        FailureKind::DnsTimeout
    } else {
        FailureKind::DnsNotFound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(Vec<&'static str>);

    #[async_trait]
    impl Resolve for Fixed {
        async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.iter().map(|text| text.parse().unwrap()).collect())
        }
    }

    #[derive(Debug)]
    struct Silent;

    #[async_trait]
    impl Resolve for Silent {
        async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
            std::future::pending().await
        }
    }

    #[tokio::test]
    async fn keeps_only_public_addresses() {
        let resolver = Fixed(vec!["127.0.0.1", "1.1.1.1", "::1"]);
        let addresses = resolve_vetted(&resolver, &Vet::default(), "mixed.test", 443).await.unwrap();
        assert_eq!(addresses, ["1.1.1.1:443".parse().unwrap()]);
    }

    #[tokio::test]
    async fn refuses_a_name_with_private_addresses_only() {
        let resolver = Fixed(vec!["10.0.0.1"]);
        let error = resolve_vetted(&resolver, &Vet::default(), "inside.test", 443).await.unwrap_err();
        assert_eq!((error.stage, error.kind), (Stage::Resolve, FailureKind::BlockedAddress));
        assert!(error.detail.contains("10.0.0.1"), "{}", error.detail);
        let vet = Vet::new(vec!["inside.test".parse().unwrap()]);
        assert_eq!(resolve_vetted(&resolver, &vet, "inside.test", 443).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn gives_up_on_a_silent_resolver() {
        let error = resolve(&Silent, "slow.test", Duration::from_millis(20)).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::DnsTimeout);
    }

    #[tokio::test]
    async fn tells_unknown_from_no_answer() {
        let gai =
            |words: &str| lookup_kind(&io::Error::other(format!("failed to lookup address information: {words}")));
        assert_eq!(gai("Name or service not known"), FailureKind::DnsNotFound);
        assert_eq!(gai("Temporary failure in name resolution"), FailureKind::DnsTimeout);
    }
}
