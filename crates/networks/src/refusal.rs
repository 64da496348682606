//! Why a network did not do what was asked, in the classes the engine and the handshake act upon.

use crier_model::{Code, Diagnosis};
use crier_net::{Answer, Failure, FailureKind, Stage};
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
    pub pointer: Option<Box<str>>,
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
    /// Its class as a word, for logs and metrics.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self {
            Self::Auth(_) => "auth",
            Self::Content(_) => "content",
            Self::RateLimit { .. } => "rate_limit",
            Self::Temporary(_) => "temporary",
            Self::Unknown(_) => "unknown",
        }
    }

    #[must_use]
    pub fn detail(&self) -> &Detail {
        match self {
            Self::Auth(detail)
            | Self::Content(detail)
            | Self::Temporary(detail)
            | Self::Unknown(detail)
            | Self::RateLimit { detail, .. } => detail,
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

impl Refusal {
    /// The same for a call that only asks: nothing can have been done, so its outcome is never unknown.
    #[must_use]
    pub fn harmless(self) -> Self {
        match self {
            Self::Unknown(detail) => Self::Temporary(detail),
            other => other,
        }
    }

    /// The same for a look at what is there, which may be a permission of its own: without it nothing can tell, and posting goes
    /// on.
    #[must_use]
    pub fn of_look(self) -> Self {
        match self {
            Self::Auth(detail) if detail.diagnosis == Some(Code::ConsentScopeMissing) => Self::Unknown(detail),
            other => other,
        }
    }

    /// Changes what is told, in whatever class.
    #[must_use]
    pub fn map(self, change: impl FnOnce(Detail) -> Detail) -> Self {
        match self {
            Self::Auth(detail) => Self::Auth(change(detail)),
            Self::Content(detail) => Self::Content(change(detail)),
            Self::RateLimit { until, detail } => Self::RateLimit { until, detail: change(detail) },
            Self::Temporary(detail) => Self::Temporary(change(detail)),
            Self::Unknown(detail) => Self::Unknown(change(detail)),
        }
    }

    /// Says which field of the part it is about, where it is about the content.
    #[must_use]
    pub fn at(self, pointer: &str) -> Self {
        match self {
            Self::Content(detail) => Self::Content(Detail { pointer: Some(pointer.into()), ..detail }),
            other => other,
        }
    }

    /// What an answer that is no success means by its status; networks know more by their own codes. A gateway's error
    /// and a server's own stumble (500) may hide a success behind them, and an HTML page is not the network speaking,
    /// whatever its status.
    #[must_use]
    pub fn from_answer(answer: &Answer) -> Self {
        let status = answer.status();
        let Said { code, message } = said(answer);
        let mut detail =
            Detail { message, code, status: Some(status), host: Some(answer.host().to_owned()), ..Detail::default() };
        match status {
            // Some say 420 for it.
            420 | 429 => Self::RateLimit { until: answer.retry_after(), detail: detail.diagnosed(Code::RateLimited) },
            500 | 502 | 504 => Self::Unknown(detail.diagnosed(Code::ServerError)),
            501.. | 408 | 425 => Self::Temporary(detail.diagnosed(Code::ServerError)),
            _ if is_html(answer) => Self::Temporary(detail.diagnosed(Code::NotTheApi)),
            401 => {
                detail.diagnosis = Some(Code::CredentialsWrong);
                Self::Auth(detail)
            }
            _ => Self::Content(detail),
        }
    }
}

impl Refusal {
    /// [`Refusal::from_answer`] for a network that has its code at a place of its own (RFC 6901).
    #[must_use]
    pub fn from_answer_with_code(answer: &Answer, at: &str) -> Self {
        let code = answer.json::<serde_json::Value>().ok().and_then(|body| word(body.pointer(at)?));
        Self::from_answer(answer).map(|detail| Detail { code: code.or(detail.code), ..detail })
    }
}

struct Said {
    code: Option<String>,
    message: String,
}

fn is_html(answer: &Answer) -> bool {
    answer.header("content-type").is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// What an error answer says, in any of the usual shapes: `error` with `error_description` (RFC 6749) or `message`,
/// `title` with `detail` (RFC 9457), `error` alone with a sentence, or those inside `error`, as Meta and Google have it, or
/// inside the first of `errors`.
fn said(answer: &Answer) -> Said {
    let body: serde_json::Value = match answer.json() {
        Ok(body) => body,
        Err(failure) => return said_plainly(answer).unwrap_or(Said { code: None, message: failure.detail }),
    };
    let inner = body.get("error").filter(|error| error.is_object());
    let first = body.get("errors").and_then(|errors| errors.get(0)).filter(|error| error.is_object());
    let places: Vec<&serde_json::Value> = [Some(&body), inner, first].into_iter().flatten().collect();
    let field = |name: &str| places.iter().find_map(|place| word(place.get(name)?));
    // The type of a problem is an address; its end is the word.
    let kind = || field("type").and_then(|kind| kind.rsplit_once('/').map(|(_, word)| word.to_owned()));
    let code = field("code").or_else(|| field("error")).filter(|text| is_word(text)).or_else(kind);
    let message = ["error_description", "message", "detail", "error", "title"].into_iter().find_map(field);
    let message = match message {
        Some(message) => cut(&message, 300),
        None => format!("the answer has status {} and no message", answer.status()),
    };
    Said { code, message: crier_net::redact(&message) }
}

/// What an error answer says that is plain text, as those of webhooks are.
fn said_plainly(answer: &Answer) -> Option<Said> {
    let is_plain = answer.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("text/plain"));
    let text = answer.text().trim().to_owned();
    (is_plain && !text.is_empty())
        .then(|| Said { message: crier_net::redact(&cut(&text, 300)), code: Some(text).filter(|text| is_word(text)) })
}

fn is_word(text: &str) -> bool {
    text.len() <= 64 && !text.contains(char::is_whitespace)
}

/// A text that says something, or a number.
fn word(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl From<Failure> for Refusal {
    /// A call that failed on the way: not done when it cannot have been received, else unknown. An address that we may
    /// not or cannot call is not mended by waiting.
    fn from(failure: Failure) -> Self {
        let detail = Detail {
            message: failure.to_string(),
            host: Some(failure.host.clone()),
            diagnosis: Some(failure_code(&failure)),
            status: failure.status.filter(|_| failure.stage == Stage::Body),
            ..Detail::default()
        };
        match failure.kind {
            FailureKind::BadUrl | FailureKind::BadRequest | FailureKind::BlockedAddress => Self::Content(detail),
            _ if failure.maybe_received => Self::Unknown(detail),
            _ => Self::Temporary(detail),
        }
    }
}

/// The diagnosis code of a failed connection.
#[must_use]
pub fn failure_code(failure: &Failure) -> Code {
    use FailureKind as K;
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
        K::NotJson | K::Malformed | K::TooLarge | K::TooManyRedirects | K::BadRedirect | K::UpgradeRefused => {
            Code::NotTheApi
        }
        _ => Code::ServerError,
    }
}
