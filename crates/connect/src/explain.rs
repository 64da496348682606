//! Diagnoses of calls that never were answered.

use crier_model::Diagnosis;
use crier_net::Failure;
use crier_networks::{Detail, Refusal, refusal::failure_code};

/// The page for a call that failed on the way.
pub(crate) fn failed(failure: &Failure) -> Diagnosis {
    let mut diagnosis = Diagnosis::new(failure_code(failure))
        .saw("Host", &failure.host)
        .saw("Stage", failure.stage.as_str())
        .saw("Said", &failure.detail)
        .saw("After", format!("{:.1} s", failure.elapsed.as_secs_f64()));
    if let Some(status) = failure.status {
        diagnosis = diagnosis.saw("HTTP status", status.to_string());
    }
    diagnosis
}

/// A refusal that carries a finished diagnosis' code and evidence, for those who act on refusals.
pub(crate) fn detail(diagnosis: &Diagnosis) -> Detail {
    let seen = |label: &str| diagnosis.evidence.iter().find(|e| e.label == label).map(|e| e.value.clone());
    Detail {
        message: seen("Said").or_else(|| seen("Answer")).unwrap_or_else(|| diagnosis.title.clone()),
        code: seen("Error"),
        status: seen("HTTP status").and_then(|status| status.parse().ok()),
        host: seen("Host"),
        diagnosis: Some(diagnosis.code),
        pointer: None,
    }
}

/// Whether the same call may go well a little later.
pub(crate) fn may_pass(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Temporary(_) | Refusal::RateLimit { .. } | Refusal::Unknown(_))
}
