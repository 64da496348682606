//! What went wrong with an outbound request, and how far it had come.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far a request had come when it failed. The order is the order of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading the address and building the request; nothing has left.
    Url,
    /// Looking the host name up, and judging the addresses it stands for.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Reaching the proxy and asking it for a way to the host.
    Proxy,
    /// Agreeing on TLS with the host.
    Tls,
    /// Sending the request.
    Write,
    /// Waiting for the head of the answer.
    FirstByte,
    /// Reading the answer's body, or making sense of it.
    Body,
}

impl Stage {
    /// The stage's name as it is serialised.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Write => "write",
            Self::FirstByte => "first_byte",
            Self::Body => "body",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The address can't be read, or is not one we call (`http`, `https`; `ws`, `wss` for WebSockets).
    BadUrl,
    /// The request can't be built: a header with forbidden characters, a body that doesn't serialise.
    BadRequest,
    /// The name is not known to the resolver.
    DnsNotFound,
    /// The resolver gave no answer in time.
    DnsTimeout,
    /// The host is, or resolves to nothing but, private, loopback or otherwise reserved addresses.
    BlockedAddress,
    /// The connection was refused.
    Refused,
    /// There is no route to the host.
    Unreachable,
    /// The connection was not made in time.
    ConnectTimeout,
    /// The proxy is not listening, or says no to this host.
    ProxyRefused,
    /// The proxy asks for a name and password (407), or for others than those given.
    ProxyAuth,
    /// The proxy failed in another way, among them a gateway error it answered itself.
    ProxyOther,
    /// The certificate is outside its period of validity (expired, or not valid yet).
    TlsExpired,
    /// The certificate is not issued by anyone we trust.
    TlsUntrusted,
    /// The certificate is for another host.
    TlsWrongHost,
    /// Any other disagreement over TLS: version, cipher, not TLS at all.
    TlsOther,
    /// The connection ended early.
    Reset,
    /// The time given was used up.
    Timeout,
    /// The answer is larger than allowed.
    TooLarge,
    /// JSON was due and something else came (an HTML page, most often).
    NotJson,
    /// The answer breaks its own format: HTTP, compression, or JSON of another shape than agreed.
    Malformed,
    /// More redirects than we follow.
    TooManyRedirects,
    /// A redirect we don't follow: from https to http, or to an address that can't be read.
    BadRedirect,
    /// The host answered a WebSocket request with something else.
    UpgradeRefused,
    /// The fault is on our side of the wire: no sockets left, an unreadable upload.
    Local,
}

impl FailureKind {
    /// The kind's name as it is serialised.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadUrl => "bad_url",
            Self::BadRequest => "bad_request",
            Self::DnsNotFound => "dns_not_found",
            Self::DnsTimeout => "dns_timeout",
            Self::BlockedAddress => "blocked_address",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::ConnectTimeout => "connect_timeout",
            Self::ProxyRefused => "proxy_refused",
            Self::ProxyAuth => "proxy_auth",
            Self::ProxyOther => "proxy_other",
            Self::TlsExpired => "tls_expired",
            Self::TlsUntrusted => "tls_untrusted",
            Self::TlsWrongHost => "tls_wrong_host",
            Self::TlsOther => "tls_other",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::Malformed => "malformed",
            Self::TooManyRedirects => "too_many_redirects",
            Self::BadRedirect => "bad_redirect",
            Self::UpgradeRefused => "upgrade_refused",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An outbound request that got no usable answer.
///
/// An answer with an error status is not a failure: it is an [`Answer`](crate::Answer).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{host}: {detail} ({kind} at {stage})")]
pub struct Failure {
    /// How far the request had come.
    pub stage: Stage,
    /// What happened.
    pub kind: FailureKind,
    /// The host asked, without port; the text as given where no host could be read from it.
    pub host: String,
    /// One sentence for people, redacted, without query string or secrets.
    pub detail: String,
    /// Time from the start of the request to the failure; in milliseconds when serialised.
    #[serde(rename = "elapsed_ms", with = "milliseconds")]
    pub elapsed: Duration,
    /// Whether the request may have reached the host. `false` is certain: a repetition can't double anything.
    pub maybe_received: bool,
    /// The status of the answer that was unusable, or of the proxy's refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Failure {
    /// A failure before anything was sent. The detail is redacted here.
    pub(crate) fn before_sending(stage: Stage, kind: FailureKind, host: impl Into<String>, detail: &str) -> Self {
        Self {
            stage,
            kind,
            host: host.into(),
            detail: crate::redact(detail),
            elapsed: Duration::ZERO,
            maybe_received: false,
            status: None,
        }
    }

    pub(crate) fn after(mut self, elapsed: Duration) -> Self {
        self.elapsed = elapsed;
        self
    }

    /// Whether the same request may be sent again without doing anything twice: it certainly did not reach the host, and what
    /// stopped it was met on the way rather than in the request itself.
    #[must_use]
    pub fn is_safe_to_repeat(&self) -> bool {
        !self.maybe_received && self.stage > Stage::Url && self.kind != FailureKind::BlockedAddress
    }
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_agree_with_serde() {
        for (name, json) in [
            (FailureKind::DnsNotFound.as_str(), serde_json::to_value(FailureKind::DnsNotFound).unwrap()),
            (FailureKind::TlsWrongHost.as_str(), serde_json::to_value(FailureKind::TlsWrongHost).unwrap()),
            (Stage::FirstByte.as_str(), serde_json::to_value(Stage::FirstByte).unwrap()),
        ] {
            assert_eq!(json, name);
        }
    }

    #[test]
    fn survives_being_stored() {
        let failure = Failure {
            stage: Stage::Proxy,
            kind: FailureKind::ProxyAuth,
            host: "example.org".into(),
            detail: "the proxy wants a password".into(),
            elapsed: Duration::from_millis(1250),
            maybe_received: false,
            status: Some(407),
        };
        let stored = serde_json::to_value(&failure).unwrap();
        assert_eq!(stored["elapsed_ms"], 1250);
        assert_eq!(serde_json::from_value::<Failure>(stored).unwrap(), failure);
    }
}
