//! What is counted of the handshake. The names are described in `crier`'s list of metrics.

use crier_model::{Code, attempt::AttemptState};
use metrics::{counter, histogram};
use std::time::Duration;

/// What stands for no code.
const NONE: &str = "none";

/// An attempt was started.
pub(crate) fn started(network: &'static str) {
    counter!("crier_connect_attempts_started_total", "network" => network).increment(1);
}

/// An attempt has ended.
pub(crate) fn ended(network: &str, outcome: AttemptState, code: Option<Code>) {
    let labels = [
        ("network", network.to_owned()),
        ("outcome", outcome.as_str().to_owned()),
        ("code", code.map_or(NONE, Code::as_str).to_owned()),
    ];
    counter!("crier_connect_attempts_ended_total", &labels).increment(1);
}

/// A callback was answered: the time that it took without what the network took.
pub(crate) fn callback(network: &str, ours: Duration) {
    histogram!("crier_connect_callback_seconds", "network" => network.to_owned()).record(ours);
}

/// A channel's sign-in was to be renewed: `renewed`, `later` or `ended`.
pub(crate) fn renewal(network: &str, outcome: &'static str, code: Option<Code>) {
    let labels = [
        ("network", network.to_owned()),
        ("outcome", outcome.to_owned()),
        ("code", code.map_or(NONE, Code::as_str).to_owned()),
    ];
    counter!("crier_token_renewals_total", &labels).increment(1);
}
