//! From a library's chain of errors to a stage and a kind, by type.

use std::error::Error;
use std::io;

use tokio_tungstenite::tungstenite;

use crate::dial::DialError;
use crate::failure::{FailureKind, Stage};

/// What a chain of errors says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) stage: Stage,
    pub(crate) kind: FailureKind,
    pub(crate) detail: String,
    pub(crate) status: Option<u16>,
    /// The request certainly never left, whatever the stage.
    pub(crate) unsent: bool,
}

/// Reads the chain from the outside in. `stage` is how far the request had come if the chain doesn't know better.
pub(crate) fn classify(error: &(dyn Error + 'static), stage: Stage) -> Verdict {
    let mut verdict =
        Verdict { stage, kind: FailureKind::Malformed, detail: String::new(), status: None, unsent: false };
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<DialError>() {
            return Verdict {
                stage: error.stage,
                kind: error.kind,
                detail: error.detail.clone(),
                status: error.status,
                unsent: true,
            };
        }
        read_link(error, &mut verdict);
        // An `io::Error` names the source of the error it wraps as its own source, and skips the wrapped one.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        verdict.detail = error.to_string();
    }
    verdict
}

fn read_link(error: &(dyn Error + 'static), verdict: &mut Verdict) {
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        verdict.unsent |= error.is_canceled();
        if error.is_timeout() {
            verdict.kind = FailureKind::Timeout;
        } else if error.is_incomplete_message()
            || error.is_canceled()
            || error.is_closed()
            || error.is_shutdown()
            || error.is_body_write_aborted()
        {
            verdict.kind = FailureKind::Reset;
        } else if error.is_user() {
            verdict.kind = FailureKind::BadRequest;
        }
    } else if let Some(error) = error.downcast_ref::<h2::Error>() {
        if error.is_io() || error.is_go_away() || error.is_reset() {
            verdict.kind = FailureKind::Reset;
        }
        // The host says that it has not looked at this request (RFC 9113, 8.7).
        verdict.unsent |= error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    } else if let Some(error) = error.downcast_ref::<rustls::Error>() {
        verdict.kind = crate::tls::kind(error);
    } else if error.is::<crate::body::Unreadable>() {
        verdict.kind = FailureKind::Local;
    } else if let Some(error) = error.downcast_ref::<io::Error>() {
        read_io(error, verdict);
    } else if let Some(error) = error.downcast_ref::<tungstenite::Error>() {
        read_websocket(error, verdict);
    }
}

fn read_io(error: &io::Error, verdict: &mut Verdict) {
    verdict.kind = match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected
        | io::ErrorKind::UnexpectedEof => FailureKind::Reset,
        io::ErrorKind::TimedOut => FailureKind::Timeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            FailureKind::Unreachable
        }
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => FailureKind::Malformed,
        _ => return,
    };
}

fn read_websocket(error: &tungstenite::Error, verdict: &mut Verdict) {
    match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            verdict.kind = FailureKind::Reset;
        }
        tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
            | tungstenite::error::ProtocolError::HandshakeIncomplete,
        ) => verdict.kind = FailureKind::Reset,
        tungstenite::Error::Capacity(_) => verdict.kind = FailureKind::TooLarge,
        tungstenite::Error::Http(answer) => {
            verdict.kind = FailureKind::UpgradeRefused;
            verdict.status = Some(answer.status().as_u16());
        }
        tungstenite::Error::Url(_) | tungstenite::Error::HttpFormat(_) => {
            verdict.kind = FailureKind::BadRequest;
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_inside_io_errors() {
        let inner = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let error = io::Error::new(io::ErrorKind::InvalidData, inner);
        assert_eq!(classify(&error, Stage::Tls).kind, FailureKind::TlsExpired);
    }

    #[test]
    fn believes_the_dial_over_the_stage_assumed() {
        let inner = DialError::new(Stage::Proxy, FailureKind::ProxyAuth, "a password");
        let error = io::Error::other(inner);
        let verdict = classify(&error, Stage::FirstByte);
        assert_eq!((verdict.stage, verdict.kind), (Stage::Proxy, FailureKind::ProxyAuth));
        assert!(verdict.unsent);
    }

    #[test]
    fn a_reset_is_a_reset() {
        let error = io::Error::from(io::ErrorKind::ConnectionReset);
        let verdict = classify(&error, Stage::Body);
        assert_eq!((verdict.stage, verdict.kind), (Stage::Body, FailureKind::Reset));
        assert!(!verdict.unsent);
    }
}
