//! Why a network did not do what was asked, in the classes the engine and the handshake act upon.

use crier_model::{Code, Diagnosis};
use crier_net::Failure;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was seen. Holds no secret: messages are redacted before they come here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Detail {
    /// The network's own words, or ours where it had none.
    pub message: String,
    /// The network's own error code.
    pub code: Option<String>,
    pub status: Option<u16>,
    pub host: Option<String>,
    /// The cause, where the network (or the failed connection) lets us tell.
    pub diagnosis: Option<Code>,
    /// Which field of the part it is about, for example `/text` or `/media/0`.
    pub pointer: Option<String>,
}

#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "class")]
pub enum Refusal {
    /// The tokens are no longer taken: refresh once, then ask for a reconnect.
    #[error("authorization refused: {}", .0.message)]
    Auth(Detail),
    /// The content or the target will never be taken as it is.
    #[error("content refused: {}", .0.message)]
    Content(Detail),
    /// Slow down until the time given, or for a while.
    #[error("rate limited: {}", .detail.message)]
    RateLimit { until: Option<Timestamp>, detail: Detail },
    /// It was not done and may work later.
    #[error("temporary failure: {}", .0.message)]
    Temporary(Detail),
    /// It may have been done; the answer is lost.
    #[error("outcome unknown: {}", .0.message)]
    Unknown(Detail),
}

impl Detail {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    #[must_use]
    pub fn diagnosed(mut self, code: Code) -> Self {
        self.diagnosis = Some(code);
        self
    }
}

impl Refusal {
    #[must_use]
    pub fn detail(&self) -> &Detail {
        match self {
            Self::Auth(detail) | Self::Content(detail) | Self::Temporary(detail) | Self::Unknown(detail) => detail,
            Self::RateLimit { detail, .. } => detail,
        }
    }

    /// The page a person is shown.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        let detail = self.detail();
        let code = detail.diagnosis.unwrap_or(match self {
            Self::Auth(_) => Code::CredentialsWrong,
            Self::RateLimit { .. } => Code::RateLimited,
            Self::Content(_) | Self::Temporary(_) | Self::Unknown(_) => Code::ServerError,
        });
        let mut diagnosis = Diagnosis::new(code);
        if let Some(host) = &detail.host {
            diagnosis = diagnosis.saw("Host", host);
        }
        if let Some(status) = detail.status {
            diagnosis = diagnosis.saw("HTTP status", status.to_string());
        }
        if let Some(error) = &detail.code {
            diagnosis = diagnosis.saw("Error code", error);
        }
        if !detail.message.is_empty() {
            diagnosis = diagnosis.saw("Said", &detail.message);
        }
        if let Self::RateLimit { until: Some(until), .. } = self {
            diagnosis = diagnosis.saw("Wait until", until.to_string());
        }
        diagnosis
    }
}

impl From<Failure> for Refusal {
    /// A call that failed on the way: not done when it cannot have been received, else unknown.
    fn from(failure: Failure) -> Self {
        let detail = Detail {
            message: failure.to_string(),
            host: Some(failure.host.clone()),
            diagnosis: Some(failure_code(&failure)),
            ..Detail::default()
        };
        if failure.maybe_received { Self::Unknown(detail) } else { Self::Temporary(detail) }
    }
}

/// The diagnosis code of a failed connection.
#[must_use]
pub fn failure_code(failure: &Failure) -> Code {
    use crier_net::FailureKind as K;
    match failure.kind {
        K::BadUrl | K::DnsNotFound => Code::DnsNotFound,
        K::DnsTimeout => Code::DnsTimeout,
        K::Refused => Code::TcpRefused,
        K::Unreachable => Code::TcpUnreachable,
        K::ConnectTimeout => Code::TcpTimeout,
        K::ProxyAuth => Code::ProxyAuth,
        K::ProxyRefused | K::ProxyOther => Code::ProxyRefused,
        K::TlsExpired => Code::TlsExpired,
        K::TlsUntrusted => Code::TlsUnknownIssuer,
        K::TlsWrongHost => Code::TlsWrongHost,
        K::TlsOther => Code::TlsProtocol,
        K::BlockedAddress => Code::BlockedAddress,
        K::Timeout => Code::HttpTimeout,
        K::NotJson | K::TooLarge | K::TooManyRedirects => Code::NotTheApi,
        _ => Code::ServerError,
    }
}
