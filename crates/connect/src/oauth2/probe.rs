//! Whether a token endpoint takes a client's id and secret, found out with a code that can't be right: a server looks at the
//! client first (RFC 6749 §5.2: `invalid_client`, else `invalid_grant`).

use super::{Desk, Grant, TokenFailure};
use crate::secrets::random;
use crier_model::{Code, Diagnosis};

/// What the server said of the client.
pub(crate) enum Probe {
    Right,
    Wrong(Box<Diagnosis>),
    /// It can't be told from the answer, or there was none.
    Untold,
}

pub(crate) async fn probe(desk: &Desk<'_>, redirect_uri: &str) -> Probe {
    let (code, verifier) = (random(), random());
    let grant = Grant::Code {
        code: &code,
        verifier: desk.endpoints.pkce.then_some(&verifier),
        redirect_uri,
        returned_at: desk.clock.now(),
        repeated: false,
    };
    match desk.ask(grant).await {
        Err(TokenFailure::Refused { error, .. }) if error == "invalid_grant" => Probe::Right,
        Err(TokenFailure::Refused { diagnosis, .. }) if is_about_the_client(&diagnosis) => Probe::Wrong(diagnosis),
        Ok(_) | Err(_) => Probe::Untold,
    }
}

fn is_about_the_client(diagnosis: &Diagnosis) -> bool {
    matches!(diagnosis.code, Code::ClientUnknown | Code::ClientSecretWrong | Code::ClientNotApproved)
}
