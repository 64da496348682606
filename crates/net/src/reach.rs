//! Trying a host without asking it anything.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::client::{Client, read_url};
use crate::dial::{DialError, Progress, Purpose, Target};
use crate::failure::{Failure, FailureKind, Stage};

/// A host that can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// The address connected to: the host's, or the proxy's.
    pub address: SocketAddr,
    /// Whether TLS was agreed on, the certificate being good.
    pub tls: bool,
    /// Whether the way led through a proxy. With a proxy and without TLS, only the proxy was tried.
    pub via_proxy: bool,
    /// Time for all of it.
    pub elapsed: Duration,
}

impl Client {
    /// Looks the host up, connects, agrees on TLS, and hangs up: everything short of a request.
    ///
    /// # Errors
    ///
    /// As for a request, up to [`Stage::Tls`].
    pub async fn reach(&self, url: impl AsRef<str>) -> Result<Reach, Failure> {
        let started = Instant::now();
        let url = read_url(url.as_ref(), &["http", "https", "ws", "wss"])?;
        let host = url.host_str().unwrap_or_default();
        let target = Target::of(&url)
            .ok_or_else(|| Failure::before_sending(Stage::Url, FailureKind::BadUrl, host, "the address has no host"))?;
        let progress = Progress::new();
        match self.0.dialer.dial(&target, Purpose::Http, &progress).await {
            Ok(dialed) => Ok(Reach {
                address: dialed.address,
                tls: target.tls,
                via_proxy: dialed.via_proxy,
                elapsed: started.elapsed(),
            }),
            Err(error) => Err(dial_failed(host, &error, started.elapsed())),
        }
    }
}

/// A dial that failed, as a failure: nothing of a request has left.
pub(crate) fn dial_failed(host: &str, error: &DialError, elapsed: Duration) -> Failure {
    let mut failure = Failure::before_sending(error.stage, error.kind, host, &error.detail).after(elapsed);
    failure.status = error.status;
    failure
}
