//! What Reddit refuses: by a status, or with status 200 in the body of what it was sent.

use crate::{Detail, Refusal};
use crier_model::Code;
use crier_net::Answer;
use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub fn refine(refusal: Refusal) -> Refusal {
    let status = refusal.detail().status;
    match refusal {
        Refusal::Content(detail) if matches!(status, Some(403 | 404)) => {
            Refusal::Content(detail).at("/settings/subreddit")
        }
        other => other,
    }
}

#[derive(Deserialize)]
struct Wrapped<T> {
    json: Said<T>,
}

#[derive(Deserialize)]
struct Said<T> {
    #[serde(default)]
    errors: Vec<Vec<Option<String>>>,
    /// Seconds until the next try, beside the error that says so.
    #[serde(default)]
    ratelimit: Option<f64>,
    data: Option<T>,
}

pub fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<T, Refusal> {
    if let Ok(Wrapped { json }) = answer.json::<Wrapped<Value>>()
        && let Some(error) = json.errors.into_iter().next()
    {
        return Err(refusal(answer, &error, json.ratelimit));
    }
    if !answer.is_success() {
        return Err(refine(Refusal::from_answer(answer)));
    }
    let nothing = || Refusal::Unknown(Detail::new("Reddit answered without what it made"));
    answer.json::<Wrapped<T>>()?.json.data.ok_or_else(nothing)
}

/// An error is its code, a sentence, and the field it is about.
fn refusal(answer: &Answer, error: &[Option<String>], wait: Option<f64>) -> Refusal {
    let part = |index: usize| error.get(index).and_then(Option::as_deref).unwrap_or_default();
    let (code, said, field) = (part(0), part(1), part(2));
    let detail = Detail {
        message: crier_net::redact(said),
        code: Some(code.to_owned()),
        status: Some(answer.status()),
        host: Some(answer.host().to_owned()),
        ..Detail::default()
    };
    let place = match (code, field) {
        ("RATELIMIT" | "QUOTA_FILLED", _) => {
            let wait = wait.map(|seconds| seconds.ceil() as i64).or_else(|| told_wait(said));
            let until = wait.map(|seconds| answer.received_at() + SignedDuration::from_secs(seconds));
            return Refusal::RateLimit { until, detail: detail.diagnosed(Code::RateLimited) };
        }
        ("USER_REQUIRED", _) => return Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        ("USER_BLOCKED" | "ACCOUNT_SUSPENDED", _) => return Refusal::Auth(detail.diagnosed(Code::Suspended)),
        ("BAD_FLAIR_TEMPLATE_ID" | "SUBMIT_VALIDATION_FLAIR_REQUIRED", _) | (_, "flair" | "flair_id") => {
            "/settings/flair"
        }
        (_, "title") => "/settings/title",
        (_, "url") => "/settings/url",
        (_, "text" | "body") => "/text",
        (_, "video_poster_url" | "items" | "images") => "/media",
        (_, "sr" | "subreddit" | "kind") => "/settings/subreddit",
        _ if code.starts_with("SUBREDDIT_") || code.starts_with("NO_") => "/settings/subreddit",
        _ => return Refusal::Content(detail),
    };
    Refusal::Content(detail).at(place)
}

/// The seconds of “Take a break for 8 minutes before trying again”.
fn told_wait(said: &str) -> Option<i64> {
    let words: Vec<&str> = said.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let number: i64 = pair[0].parse().ok()?;
        let unit = pair[1].trim_end_matches(['.', ',']);
        let seconds = match unit.trim_end_matches('s') {
            "second" => 1,
            "minute" => 60,
            "hour" => 3600,
            "millisecond" => return Some(1),
            _ => return None,
        };
        Some(number * seconds)
    })
}

#[cfg(test)]
mod tests {
    use super::told_wait;

    #[test]
    fn how_long_to_wait_stands_in_the_sentence() {
        for (said, seconds) in [
            ("Take a break for 8 minutes before trying again.", Some(480)),
            ("Looks like you've been doing that a lot. Take a break for 1 second before trying again.", Some(1)),
            ("try again in 2 hours.", Some(7200)),
            ("you are doing that too much", None),
        ] {
            assert_eq!(told_wait(said), seconds, "{said}");
        }
    }
}
