//! What Meta's networks share: the errors of the Graph API (<https://developers.facebook.com/docs/graph-api/guides/error-handling>,
//! 2026), which come with status 400 whatever they are about.

use crate::Refusal;
use crier_model::Code;

pub(crate) fn refine(refusal: Refusal) -> Refusal {
    let number = refusal.detail().code.as_deref().and_then(|code| code.parse::<u32>().ok());
    let Some(number) = number else { return refusal };
    match (number, refusal) {
        (102 | 190, Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
        }
        (3 | 10 | 200..=299, Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        (4 | 17 | 32 | 341 | 368 | 613 | 80_000..=80_014, Refusal::Content(detail)) => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        // “An unknown error”, and a service that is down: whether anything was done before, they don't tell.
        (1 | 2, Refusal::Content(detail)) => Refusal::Unknown(detail.diagnosed(Code::ServerError)),
        (_, refusal) => refusal,
    }
}
