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
            Self::Instance(_) | Self::Way(_) | Self::NotInvited(_) | Self::Form { .. } => 422,
            Self::NotTheStarter | Self::NotThisGuest | Self::WrongNonce => 403,
            Self::InviteEnded(_) => 410,
            Self::WrongState { .. } => 409,
            Self::Internal(_) => 500,
        }
    }

    /// Fields at fault, by JSON Pointer into the request.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Instance(finding) | Self::Way(finding) | Self::NotInvited(finding) => std::slice::from_ref(finding),
            Self::Form { findings, .. } => findings,
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
            Self::Form { diagnosis: Some(diagnosis), .. } => (**diagnosis).clone(),
            Self::Form { findings, diagnosis: None } => {
                findings.iter().fold(Diagnosis::new(Code::FormIncomplete), |diagnosis, finding| {
                    diagnosis.saw(finding.pointer.rsplit('/').next().unwrap_or_default(), &finding.message)
                })
            }
            Self::UnknownChannel => Diagnosis::new(Code::ChannelUnknown),
            Self::UnknownAttempt => Diagnosis::new(Code::AttemptUnknown),
            Self::NotTheStarter => Diagnosis::new(Code::AttemptOfAnother),
            Self::NotThisGuest => of_guest(Diagnosis::new(Code::StateForeignBrowser)),
            Self::UnknownInvite => Diagnosis::new(Code::InviteUnknown),
            Self::InviteEnded(diagnosis) => (**diagnosis).clone(),
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
