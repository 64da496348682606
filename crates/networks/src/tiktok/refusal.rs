//! TikTok's error codes, which are the same in answers and in what is told of a post that failed
//! (<https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status>, August 2026).

use crate::{Detail, Refusal};
use crier_model::Code;
use crier_net::Answer;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What TikTok wraps its answers in.
#[derive(Deserialize)]
struct Body<T> {
    data: T,
}

/// The error that every answer has; that of a success is `ok`.
#[derive(Deserialize)]
struct ErrorOf {
    error: Error,
}

#[derive(Deserialize)]
struct Error {
    code: String,
}

pub fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<T, Refusal> {
    let code = answer.json::<ErrorOf>().map(|body| body.error.code).unwrap_or_default();
    let failed = !answer.is_success() || !matches!(code.as_str(), "" | "ok");
    if failed { Err(refine(Refusal::from_answer(answer), &code)) } else { Ok(answer.json::<Body<T>>()?.data) }
}

/// Why a post failed that had been taken.
pub fn of_code(code: &str) -> Refusal {
    let message = if code.is_empty() { "TikTok could not publish the post" } else { code };
    let detail = Detail { code: Some(code.to_owned()), ..Detail::new(format!("TikTok says: {message}")) };
    refine(Refusal::Content(detail), code)
}

pub fn refine(refusal: Refusal, code: &str) -> Refusal {
    let auth = |refusal: Refusal, code: Code| Refusal::Auth(refusal.detail().clone().diagnosed(code));
    match (code, refusal) {
        ("access_token_invalid" | "auth_removed", refusal) => auth(refusal, Code::CredentialsWrong),
        ("scope_not_authorized" | "scope_permission_missed", refusal) => auth(refusal, Code::ConsentScopeMissing),
        ("spam_risk_user_banned_from_posting", refusal) => auth(refusal, Code::Suspended),
        // Allowances of a minute and of a day.
        (
            "rate_limit_exceeded"
            | "spam_risk_too_many_posts"
            | "spam_risk_too_many_pending_share"
            | "reached_active_user_cap",
            Refusal::Content(detail),
        ) => Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) },
        ("internal" | "internal_error", Refusal::Content(detail)) => Refusal::Temporary(detail),
        ("unaudited_client_can_only_post_to_private_accounts" | "privacy_level_option_mismatch", refusal) => {
            refusal.at("/settings/privacy_level")
        }
        (
            "file_format_check_failed"
            | "duration_check_failed"
            | "frame_rate_check_failed"
            | "picture_size_check_failed"
            | "video_pull_failed"
            | "photo_pull_failed"
            | "invalid_file_upload"
            | "url_ownership_unverified",
            refusal,
        ) => refusal.at("/media"),
        (code, refusal) if code.starts_with("spam_risk") => refusal.at("/text"),
        (_, refusal) => refusal,
    }
}
