//! Opening a connection: look up, vet, connect, go through the proxy, agree on TLS. Everything that leaves comes through here.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use http::{HeaderValue, Uri};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::failure::{FailureKind, Stage};
use crate::proxy::{Proxies, Proxy, ProxyKind};
use crate::resolver::{Resolve, resolve_trusted, resolve_vetted};
use crate::tls::Tls;
use crate::vet::Vet;

/// How long one address may keep the next waiting (RFC 8305, section 5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// A stream of bytes in both directions.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Why no connection came about.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct DialError {
    pub(crate) stage: Stage,
    pub(crate) kind: FailureKind,
    pub(crate) detail: String,
    /// What the proxy answered.
    pub(crate) status: Option<u16>,
}

impl DialError {
    pub(crate) fn new(stage: Stage, kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { stage, kind, detail: detail.into(), status: None }
    }
}

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) tls: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
}

impl Target {
    /// The target of an `http`, `https`, `ws` or `wss` address.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let tls = matches!(url.scheme(), "https" | "wss");
        Some(Self { tls, host: url.host()?.to_owned(), port: url.port_or_known_default()? })
    }

    fn of_uri(uri: &Uri) -> Option<Self> {
        Self::of(&Url::parse(&uri.to_string()).ok()?)
    }

    /// `host:port`, with brackets round an IPv6 address.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) fn http_uri(&self) -> Option<Uri> {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}/", self.authority()).parse().ok()
    }

    fn server_name(&self) -> Result<ServerName<'static>, DialError> {
        match &self.host {
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|error| {
                DialError::new(
                    Stage::Url,
                    FailureKind::BadUrl,
                    format!("{name} can't be the name of a TLS server: {error}"),
                )
            }),
            Host::Ipv4(address) => Ok(IpAddr::from(*address).into()),
            Host::Ipv6(address) => Ok(IpAddr::from(*address).into()),
        }
    }
}

/// How far a dial has come, readable from outside while it is under way.
#[derive(Debug)]
pub(crate) struct Progress(AtomicU8);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(AtomicU8::new(0))
    }

    fn reach(&self, stage: Stage) {
        let step = match stage {
            Stage::Connect => 1,
            Stage::Proxy => 2,
            Stage::Tls => 3,
            _ => 0,
        };
        self.0.store(step, Ordering::Relaxed);
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.0.load(Ordering::Relaxed) {
            1 => Stage::Connect,
            2 => Stage::Proxy,
            3 => Stage::Tls,
            _ => Stage::Resolve,
        }
    }

    /// What running out of time means now.
    pub(crate) fn timed_out(&self, target: &str, after: Duration) -> DialError {
        let stage = self.stage();
        let (kind, doing) = match stage {
            Stage::Resolve => (FailureKind::DnsTimeout, "looking up"),
            Stage::Proxy => (FailureKind::ConnectTimeout, "the proxy's way to"),
            Stage::Tls => (FailureKind::Timeout, "agreeing on TLS with"),
            _ => (FailureKind::ConnectTimeout, "connecting to"),
        };
        DialError::new(stage, kind, format!("{doing} {target}: nothing within {:.1} s", after.as_secs_f64()))
    }
}

/// An open connection.
pub(crate) struct Dialed {
    pub(crate) io: Box<dyn Io>,
    /// The address at the other end of the TCP connection: the host's, or the proxy's.
    pub(crate) address: SocketAddr,
    pub(crate) via_proxy: bool,
    /// The proxy forwards single requests and wants their full address.
    pub(crate) forwarding: bool,
    pub(crate) http2: bool,
}

impl fmt::Debug for Dialed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialed")
            .field("address", &self.address)
            .field("via_proxy", &self.via_proxy)
            .finish_non_exhaustive()
    }
}

/// What a connection will be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// HTTP requests; HTTP/2 where the host offers it.
    Http,
    /// A WebSocket: HTTP/1.1, and a tunnel through the proxy even without TLS.
    WebSocket,
}

#[derive(Clone)]
pub(crate) struct Dialer {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) vet: Vet,
    pub(crate) proxies: Proxies,
    pub(crate) tls: Tls,
    pub(crate) user_agent: HeaderValue,
    pub(crate) connect_timeout: Duration,
}

impl Dialer {
    pub(crate) async fn dial_uri(&self, uri: &Uri, progress: &Progress) -> Result<Dialed, DialError> {
        let target = Target::of_uri(uri)
            .ok_or_else(|| DialError::new(Stage::Url, FailureKind::BadUrl, "the address has no host"))?;
        self.dial(&target, Purpose::Http, progress).await
    }

    pub(crate) async fn dial(
        &self,
        target: &Target,
        purpose: Purpose,
        progress: &Progress,
    ) -> Result<Dialed, DialError> {
        let dialing = Box::pin(self.dial_untimed(target, purpose, progress));
        match tokio::time::timeout(self.connect_timeout, dialing).await {
            Ok(outcome) => outcome,
            Err(_) => Err(progress.timed_out(&target.authority(), self.connect_timeout)),
        }
    }

    async fn dial_untimed(&self, target: &Target, purpose: Purpose, progress: &Progress) -> Result<Dialed, DialError> {
        progress.reach(Stage::Resolve);
        self.vet
            .host(&target.host, Some(target.port))
            .map_err(|reason| DialError::new(Stage::Resolve, FailureKind::BlockedAddress, reason))?;
        let mut dialed = match self.proxies.towards(target) {
            Some(proxy) => self.through(&proxy, target, purpose, progress).await?,
            None => self.directly(target, progress).await?,
        };
        if target.tls {
            progress.reach(Stage::Tls);
            let (io, http2) = self
                .secure(dialed.io, target.server_name()?, purpose == Purpose::Http)
                .await
                .map_err(|error| tls_error(Stage::Tls, &target.authority(), &error))?;
            dialed.io = io;
            dialed.http2 = http2;
        }
        Ok(dialed)
    }

    async fn directly(&self, target: &Target, progress: &Progress) -> Result<Dialed, DialError> {
        let addresses = match &target.host {
            Host::Domain(name) => resolve_vetted(&*self.resolver, &self.vet, name, target.port).await?,
            Host::Ipv4(address) => vec![SocketAddr::new((*address).into(), target.port)],
            Host::Ipv6(address) => vec![SocketAddr::new((*address).into(), target.port)],
        };
        progress.reach(Stage::Connect);
        let (stream, address) = connect_first(addresses).await.map_err(|(address, error)| {
            DialError::new(
                Stage::Connect,
                connect_kind(&error),
                format!("connecting to {} ({address}): {error}", target.authority()),
            )
        })?;
        Ok(Dialed { io: Box::new(stream), address, via_proxy: false, forwarding: false, http2: false })
    }

    async fn through(
        &self,
        proxy: &Proxy,
        target: &Target,
        purpose: Purpose,
        progress: &Progress,
    ) -> Result<Dialed, DialError> {
        progress.reach(Stage::Proxy);
        let (io, address) = self.reach_proxy(proxy).await?;
        let mut dialed = Dialed { io, address, via_proxy: true, forwarding: false, http2: false };
        match &proxy.kind {
            ProxyKind::Socks { login } => {
                dialed.io = proxy.socks(dialed.io, target, login.clone()).await?;
            }
            ProxyKind::Http { .. } if target.tls || purpose == Purpose::WebSocket => {
                proxy.tunnel(&mut dialed.io, target, &self.user_agent).await?;
            }
            ProxyKind::Http { .. } => dialed.forwarding = true,
        }
        Ok(dialed)
    }

    /// Connects to the proxy itself. The operator named it, so its address is not vetted.
    async fn reach_proxy(&self, proxy: &Proxy) -> Result<(Box<dyn Io>, SocketAddr), DialError> {
        let addresses =
            match proxy.host.parse::<IpAddr>() {
                Ok(address) => vec![SocketAddr::new(address, proxy.port)],
                Err(_) => resolve_trusted(&*self.resolver, &proxy.host, proxy.port).await.map_err(|error| {
                    DialError { stage: Stage::Proxy, detail: format!("the proxy: {}", error.detail), ..error }
                })?,
            };
        let (stream, address) = connect_first(addresses).await.map_err(|(address, error)| {
            let kind = match connect_kind(&error) {
                FailureKind::Refused => FailureKind::ProxyRefused,
                kind @ (FailureKind::ConnectTimeout | FailureKind::Local) => kind,
                _ => FailureKind::ProxyOther,
            };
            DialError::new(
                Stage::Proxy,
                kind,
                format!("connecting to the proxy {} ({address}): {error}", proxy.place()),
            )
        })?;
        let ProxyKind::Http { tls: true, .. } = proxy.kind else {
            return Ok((Box::new(stream), address));
        };
        let name = ServerName::try_from(proxy.host.clone()).map_err(|error| {
            DialError::new(
                Stage::Proxy,
                FailureKind::ProxyOther,
                format!("the proxy's name {} can't be used with TLS: {error}", proxy.host),
            )
        })?;
        let (io, _) = self
            .secure(Box::new(stream), name, false)
            .await
            .map_err(|error| tls_error(Stage::Proxy, &format!("the proxy {}", proxy.place()), &error))?;
        Ok((io, address))
    }

    async fn secure(&self, io: Box<dyn Io>, name: ServerName<'static>, http2: bool) -> io::Result<(Box<dyn Io>, bool)> {
        let connector = TlsConnector::from(self.tls.config(http2));
        let stream = connector.connect(name, io).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((Box::new(stream), http2))
    }
}

/// Connects to the first address that answers, giving each a head start on the next. The error is that of the first
/// address there is a way to: without IPv6, that of the IPv4 address tells more.
async fn connect_first(addresses: Vec<SocketAddr>) -> Result<(TcpStream, SocketAddr), (SocketAddr, io::Error)> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    let mut first_error = None;
    loop {
        let started = waiting.next().map(|address| {
            trying.push(async move {
                match TcpStream::connect(address).await {
                    Ok(stream) => Ok((stream, address)),
                    Err(error) => Err((address, error)),
                }
            });
        });
        let patience = async {
            match started {
                Some(()) => tokio::time::sleep(NEXT_ADDRESS_AFTER).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            outcome = trying.next() => match outcome {
                Some(Ok((stream, address))) => {
                    // Requests are written whole; waiting to fill a packet only delays them.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "the socket keeps Nagle's algorithm");
                    }
                    return Ok((stream, address));
                }
                Some(Err(error)) => {
                    let no_way = |(_, error): &(_, io::Error)| connect_kind(error) == FailureKind::Unreachable;
                    if first_error.as_ref().is_none_or(no_way) {
                        first_error = Some(error);
                    }
                }
                None => {
                    let none = || {
                        let nowhere = SocketAddr::new(IpAddr::from([0, 0, 0, 0]), 0);
                        (nowhere, io::Error::from(io::ErrorKind::AddrNotAvailable))
                    };
                    return Err(first_error.unwrap_or_else(none));
                }
            },
            () = patience => {}
        }
    }
}

fn connect_kind(error: &io::Error) -> FailureKind {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Refused,
        io::ErrorKind::TimedOut => FailureKind::ConnectTimeout,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => FailureKind::Unreachable,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::NotConnected => {
            FailureKind::Reset
        }
        _ => FailureKind::Local,
    }
}

fn tls_error(stage: Stage, place: &str, error: &io::Error) -> DialError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let kind = match inner {
        Some(error) => crate::tls::kind(error),
        None => FailureKind::Reset,
    };
    DialError::new(stage, kind, format!("agreeing on TLS with {place}: {error}"))
}
