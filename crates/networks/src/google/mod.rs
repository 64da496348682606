//! What Google's networks share: signing in (<https://developers.google.com/identity/protocols/oauth2/web-server>, 2026) and the errors of
//! its APIs (<https://developers.google.com/youtube/v3/docs/errors>, <https://cloud.google.com/apis/design/errors>), which are told by a
//! reason, a status, and words.

mod afterwards;
pub mod business;
mod local_post;
pub mod youtube;

use crate::call;
use crate::connect::{ClientAuth, Dialect, Endpoints, Facts, Identified, address, fixed};
use crate::{Credentials, Refusal};
use crier_model::{Code, Timestamp, channel::Identity};
use crier_net::{Answer, Client, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";
/// Where the day of Google's quotas begins.
const QUOTA_ZONE: &str = "America/Los_Angeles";

fn endpoints() -> Result<Endpoints, Refusal> {
    let endpoints = fixed(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        ClientAuth::Body,
        Dialect::default(),
    )?;
    // Without asking anew, Google gives out no refresh token to somebody who was asked before.
    let extra = [("access_type", "offline"), ("prompt", "consent select_account")];
    Ok(Endpoints {
        pkce: true,
        revoke: Some(address("https://oauth2.googleapis.com/revoke")?),
        authorize_extra: extra.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..endpoints
    })
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    picture: Option<String>,
}

/// Whose account at Google it is.
async fn identify(net: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
    let user: User = ask(net.get("https://www.googleapis.com/oauth2/v2/userinfo"), credentials).await?;
    let name = user.name.filter(|name| !name.is_empty()).unwrap_or_else(|| user.id.clone());
    let identity =
        Identity { remote_id: user.id, handle: name.clone(), name, profile_url: None, avatar_url: user.picture };
    Ok(Identified { identity, granted: None, facts: Facts::new() })
}

/// Sends a request with the token.
async fn send(request: Request, credentials: &Credentials) -> Result<Answer, Refusal> {
    let judge = |answer: Answer| if answer.is_success() { Ok(answer) } else { Err(refused(&answer)) };
    call::judged(request.bearer(credentials.access_token.expose()), credentials, judge).await
}

/// [`send`], and reads the JSON of its success.
async fn json<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    Ok(send(request, credentials).await?.json()?)
}

/// [`json`] for a request that only asks, or may be made twice.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    json(request, credentials).await.map_err(Refusal::harmless)
}

/// The error of an answer, with Google's reason as its code.
fn refused(answer: &Answer) -> Refusal {
    let body: Value = answer.json().unwrap_or_default();
    let word = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let reason = ["/error/details/0/reason", "/error/errors/0/reason", "/error/status"].into_iter().find_map(word);
    let refusal = Refusal::from_answer(answer);
    let Some(reason) = reason else { return refusal };
    let refusal = refusal.map(|detail| crate::Detail { code: Some(reason.clone()), ..detail });
    classified(&reason, refusal, answer.received_at())
}

fn classified(reason: &str, refusal: Refusal, now: Timestamp) -> Refusal {
    let (Refusal::Content(detail) | Refusal::Auth(detail)) = refusal else { return refusal };
    match reason {
        "quotaExceeded" | "dailyLimitExceeded" => {
            Refusal::RateLimit { until: next_day(now), detail: detail.diagnosed(Code::RateLimited) }
        }
        "rateLimitExceeded"
        | "userRateLimitExceeded"
        | "RATE_LIMIT_EXCEEDED"
        | "RESOURCE_EXHAUSTED"
        | "uploadLimitExceeded" => Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) },
        "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" | "PERMISSION_DENIED" => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        "youtubeSignupRequired" | "channelClosed" => Refusal::Auth(detail.diagnosed(Code::WrongKind)),
        "channelSuspended" | "authenticatedUserAccountSuspended" | "authenticatedUserAccountClosed" => {
            Refusal::Auth(detail.diagnosed(Code::Suspended))
        }
        _ if detail.status == Some(401) => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        _ => Refusal::Content(detail),
    }
}

/// When a quota of the day begins anew.
fn next_day(now: Timestamp) -> Option<Timestamp> {
    let there = now.in_tz(QUOTA_ZONE).ok()?;
    there.tomorrow().ok()?.start_of_day().ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_begins_anew_at_midnight_in_california() {
        let at = |time: &str| next_day(time.parse().unwrap()).unwrap().to_string();
        assert_eq!(at("2026-11-24T12:00:00Z"), "2026-11-25T08:00:00Z");
        assert_eq!(at("2026-11-25T07:59:59Z"), "2026-11-25T08:00:00Z");
        // Summer time begins on 8 March 2026.
        assert_eq!(at("2026-03-08T12:00:00Z"), "2026-03-09T07:00:00Z");
    }
}
