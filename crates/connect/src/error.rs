//! Why a request about an attempt was not done. What befalls the attempt itself is a diagnosis on the attempt.

use crate::invite::of_guest;
use crier_model::{Code, Diagnosis, Finding, NextKind, attempt::AttemptState};

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("there is no network “{0}”")]
    UnknownNetwork(String),
    /// The address of the server is missing or can't be used.
    #[error("{}", .0.message)]
    Instance(Finding),
    /// The network has no such way to connect.
    #[error("{}", .0.message)]
    Way(Finding),
    /// The form was not taken; the attempt still waits for it.
    #[error("the form has {} problem(s)", .findings.len())]
    Form { findings: Vec<Finding>, diagnosis: Option<Box<Diagnosis>> },
    /// No such channel in this workspace.
    #[error("there is no such channel in this workspace")]
    UnknownChannel,
    /// No such attempt in this workspace, or none that this person may see.
    #[error("there is no such connect in this workspace")]
    UnknownAttempt,
    /// Only the person who started it may do this.
    #[error("another person started this connect")]
    NotTheStarter,
    /// It began in another browser, and the invite link is not open in this one.
    #[error("this connect was started in another browser")]
    NotThisGuest,
    /// No such invite link.
    #[error("there is no such invite link")]
    UnknownInvite,
    /// The invite link has expired, was used up or revoked.
    #[error("{}", .0.title)]
    InviteEnded(Box<Diagnosis>),
    /// The link invites to other networks.
    #[error("{}", .0.message)]
    NotInvited(Finding),
    /// The nonce is not the one the returning browser was given.
    #[error("this is not the browser that came back from the network")]
    WrongNonce,
    /// The attempt is in a state that does not allow it.
    #[error("this connect is {state}, so it can’t be {wanted}")]
    WrongState { state: AttemptState, wanted: &'static str },
    /// What the browser extension sent is not the cookies that were asked for.
    #[error("{} of the cookies are not those asked for", .0.len())]
    Cookies(Vec<Finding>),
    /// The renewal token is of no hand-over that goes on.
    #[error("the hand-over has ended")]
    HandoverEnded,
    /// The session that was handed over anew does not speak for the channel's account; nothing was stored.
    #[error("{}", .0.title)]
    NotRenewed(Box<Diagnosis>),
    /// The network could not be asked, or did not do what it was asked for.
    #[error("{}", .0.title)]
    NetworkRefused(Box<Diagnosis>),
    /// Something broke here; the reference is in the log beside the cause.
    #[error("internal error, reference {0}")]
    Internal(String),
}

impl ConnectError {
    /// The status of an HTTP answer that carries it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownNetwork(_) | Self::UnknownChannel | Self::UnknownAttempt | Self::UnknownInvite => 404,
            Self::Instance(_) | Self::Way(_) | Self::NotInvited(_) | Self::Form { .. } | Self::Cookies(_) => 422,
            Self::NotTheStarter | Self::NotThisGuest | Self::WrongNonce => 403,
            Self::InviteEnded(_) | Self::HandoverEnded => 410,
            Self::WrongState { .. } | Self::NotRenewed(_) => 409,
            Self::NetworkRefused(_) => 502,
            Self::Internal(_) => 500,
        }
    }

    /// Fields at fault, by JSON Pointer into the request.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Instance(finding) | Self::Way(finding) | Self::NotInvited(finding) => std::slice::from_ref(finding),
            Self::Form { findings, .. } | Self::Cookies(findings) => findings,
            _ => &[],
        }
    }

    /// What a person is shown. Its code is the problem's code.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::UnknownNetwork(id) => Diagnosis::new(Code::NetworkUnknown).saw("Network", id),
            Self::Instance(finding) => {
                let mut diagnosis = Diagnosis::new(Code::AddressWrong).because(&finding.message);
                diagnosis.fix = vec![finding.fix.clone()];
                diagnosis
            }
            Self::Way(finding) => {
                let mut diagnosis = Diagnosis::new(Code::WayUnknown).because(&finding.message);
                diagnosis.fix = vec![finding.fix.clone()];
                diagnosis
            }
            Self::Form { diagnosis: Some(diagnosis), .. }
            | Self::InviteEnded(diagnosis)
            | Self::NotRenewed(diagnosis)
            | Self::NetworkRefused(diagnosis) => (**diagnosis).clone(),
            Self::Form { findings, diagnosis: None } => {
                findings.iter().fold(Diagnosis::new(Code::FormIncomplete), |diagnosis, finding| {
                    diagnosis.saw(finding.pointer.rsplit('/').next().unwrap_or_default(), &finding.message)
                })
            }
            Self::Cookies(findings) => {
                findings.iter().fold(Diagnosis::new(Code::CookiesWrong), |diagnosis, finding| {
                    diagnosis.saw(finding.pointer.rsplit('/').next().unwrap_or_default(), &finding.message)
                })
            }
            Self::HandoverEnded => Diagnosis::new(Code::HandoverEnded),
            Self::UnknownChannel => Diagnosis::new(Code::ChannelUnknown),
            Self::UnknownAttempt => Diagnosis::new(Code::AttemptUnknown),
            Self::NotTheStarter => Diagnosis::new(Code::AttemptOfAnother),
            Self::NotThisGuest => of_guest(Diagnosis::new(Code::StateForeignBrowser)),
            Self::UnknownInvite => Diagnosis::new(Code::InviteUnknown),
            Self::NotInvited(finding) => {
                let mut diagnosis = Diagnosis::new(Code::NetworkUnknown).because(&finding.message);
                diagnosis.fix = vec![finding.fix.clone()];
                diagnosis.offering(NextKind::Open, "Back to the invitation", Some("/invite".to_owned()))
            }
            Self::WrongNonce => Diagnosis::new(Code::StateForeignBrowser)
                .because("The confirmation has to come from the very browser in which the network sent you back.")
                .offering(NextKind::Retry, "Start again", None),
            Self::WrongState { state, wanted } => Diagnosis::new(Code::AttemptEnded)
                .because(format!("This connect is {state}, so it can’t be {wanted}."))
                .saw("State", state.as_str()),
            Self::Internal(reference) => Diagnosis::new(Code::Internal).saw("Reference", reference),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{handshake::Broken, oauth2::TokenFailure};
    use crier_net::{Failure, FailureKind, Stage};
    use crier_networks::{Detail, Refusal};
    use crier_store::StoreError;
    use std::{path::Path, time::Duration};

    /// Title, cause, fix, the next click, and a page in the manual: nothing less, and no other error than these.
    #[track_caller]
    fn whole(diagnosis: &Diagnosis, what: &str) {
        let Diagnosis { title, cause, fix, next, docs, .. } = diagnosis;
        assert!(!title.is_empty() && cause.len() > 20, "{what}: {diagnosis:?}");
        assert!(!fix.is_empty() && fix.iter().all(|line| !line.is_empty()), "{what}: {diagnosis:?}");
        assert!(!next.label.is_empty(), "{what}: {diagnosis:?}");
        assert_eq!(next.kind == NextKind::Open, next.url.is_some(), "{what}: {diagnosis:?}");
        assert_eq!(*docs, format!("/docs/diagnoses/{}", diagnosis.code), "{what}");
        let page = format!("{}/../../docs/src/diagnoses/{}.md", env!("CARGO_MANIFEST_DIR"), diagnosis.code);
        assert!(Path::new(&page).exists(), "{what}: {page}");
    }

    fn each_error() -> Vec<ConnectError> {
        let finding =
            || Finding::error("/instance", "instance.missing", "The address of the server is missing.", "Type it.");
        let all = vec![
            ConnectError::UnknownNetwork("orkut".to_owned()),
            ConnectError::Instance(finding()),
            ConnectError::Way(finding()),
            ConnectError::Form { findings: vec![finding()], diagnosis: None },
            ConnectError::Form { findings: vec![], diagnosis: Some(Box::new(Diagnosis::new(Code::CredentialsWrong))) },
            ConnectError::UnknownChannel,
            ConnectError::UnknownAttempt,
            ConnectError::NotTheStarter,
            ConnectError::NotThisGuest,
            ConnectError::UnknownInvite,
            ConnectError::InviteEnded(Box::new(Diagnosis::new(Code::InviteExpired))),
            ConnectError::NotInvited(finding()),
            ConnectError::WrongNonce,
            ConnectError::WrongState { state: AttemptState::Failed, wanted: "confirmed" },
            ConnectError::Cookies(vec![finding()]),
            ConnectError::HandoverEnded,
            ConnectError::NotRenewed(Box::new(Diagnosis::new(Code::CredentialsWrong))),
            ConnectError::NetworkRefused(Box::new(Diagnosis::new(Code::RateLimited))),
            ConnectError::Internal("4f2a".to_owned()),
        ];
        // A new kind of error does not compile until it has its place here, and then in the list above.
        let mut kinds = std::collections::BTreeSet::new();
        for error in &all {
            kinds.insert(match error {
                ConnectError::UnknownNetwork(_) => 0,
                ConnectError::Instance(_) => 1,
                ConnectError::Form { .. } => 2,
                ConnectError::UnknownChannel => 3,
                ConnectError::UnknownAttempt => 4,
                ConnectError::NotTheStarter => 5,
                ConnectError::WrongNonce => 6,
                ConnectError::WrongState { .. } => 7,
                ConnectError::Internal(_) => 8,
                ConnectError::Way(_) => 9,
                ConnectError::NotThisGuest => 10,
                ConnectError::UnknownInvite => 11,
                ConnectError::InviteEnded(_) => 12,
                ConnectError::NotInvited(_) => 13,
                ConnectError::Cookies(_) => 14,
                ConnectError::HandoverEnded => 15,
                ConnectError::NotRenewed(_) => 16,
                ConnectError::NetworkRefused(_) => 17,
            });
        }
        assert_eq!(kinds.len(), 18);
        all
    }

    #[test]
    fn every_error_is_a_whole_page() {
        for error in each_error() {
            whole(&error.diagnosis(), &format!("{error:?}"));
            assert!((400..600).contains(&error.status()), "{error:?}");
        }
    }

    #[test]
    fn everything_that_breaks_here_is_a_whole_page_with_a_reference() {
        for broken in [
            Broken::Store(StoreError::NotFound { what: "app" }),
            Broken::Unreadable("attempt"),
            Broken::Lacks("a code"),
            Broken::NoNetwork("orkut".to_owned()),
        ] {
            let diagnosis = broken.diagnosis();
            whole(&diagnosis, &broken.to_string());
            assert!(diagnosis.evidence.iter().any(|seen| seen.label == "Reference" && seen.value.len() == 32));
        }
    }

    #[test]
    fn every_failure_on_the_way_is_a_whole_page_that_says_host_and_stage() {
        use FailureKind as K;
        for kind in [
            K::BadUrl,
            K::BadRequest,
            K::DnsNotFound,
            K::DnsTimeout,
            K::BlockedAddress,
            K::Refused,
            K::Unreachable,
            K::ConnectTimeout,
            K::ProxyRefused,
            K::ProxyAuth,
            K::ProxyOther,
            K::TlsExpired,
            K::TlsUntrusted,
            K::TlsWrongHost,
            K::TlsOther,
            K::Reset,
            K::Timeout,
            K::TooLarge,
            K::NotJson,
            K::Malformed,
            K::TooManyRedirects,
            K::BadRedirect,
            K::UpgradeRefused,
            K::Local,
        ] {
            let failure = Failure {
                stage: Stage::Connect,
                kind,
                host: "example.social".to_owned(),
                detail: "it did not come about".to_owned(),
                elapsed: Duration::from_millis(20),
                maybe_received: false,
                status: None,
            };
            let diagnosis = TokenFailure::Failed(failure).diagnosis();
            whole(&diagnosis, kind.as_str());
            assert_ne!(diagnosis.code, Code::Internal, "{kind}");
            for label in ["Host", "Stage"] {
                assert!(diagnosis.evidence.iter().any(|seen| seen.label == label), "{kind}: no {label}");
            }
        }
    }

    #[test]
    fn every_refusal_of_a_network_is_a_whole_page() {
        let detail = || Detail::new("no");
        for refusal in [
            Refusal::Auth(detail()),
            Refusal::Content(detail()),
            Refusal::RateLimit { until: None, detail: detail() },
            Refusal::Temporary(detail()),
            Refusal::Unknown(detail()),
        ] {
            whole(&refusal.diagnosis(), &refusal.to_string());
        }
    }

    #[test]
    fn every_code_is_a_whole_page() {
        for &code in Code::ALL {
            let diagnosis = Diagnosis::new(code);
            // Only whoever raises this one knows the address.
            if code != Code::PublicUrlMismatch {
                whole(&diagnosis, code.as_str());
            }
        }
    }
}
