//! Reading a token endpoint's answer (RFC 6749 §5), with the liberties that networks take.

use crier_model::{Code, Secret};
use crier_networks::{
    Credentials,
    connect::{Answered, Dialect, OAuth2, SUBJECT},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

/// What Meta's networks call an error of OAuth.
pub(crate) const META: &str = "OAuthException";
/// The one of those that says that a token is no longer good.
pub(crate) const META_TOKEN_INVALID: &str = "OAuthException 190";

/// That there may be tokens a little later (RFC 8628 §3.5).
pub(crate) const PENDING: &str = "authorization_pending";

/// The parts of an HTTP answer that matter.
#[derive(Clone, Copy)]
pub(crate) struct Heard<'a> {
    pub status: u16,
    pub content_type: &'a str,
    pub body: &'a [u8],
}

/// `error` and its companions, not yet scrubbed of what they may quote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OAuthError {
    pub error: String,
    pub description: Option<String>,
}

impl OAuthError {
    /// Whether its description holds one of these words, given in lower case.
    pub fn speaks_of(&self, words: &[&str]) -> bool {
        let description = self.description.as_deref().unwrap_or_default().to_ascii_lowercase();
        words.iter().any(|word| description.contains(word))
    }
}

/// What the answer amounts to.
#[derive(Debug)]
pub(crate) enum Said {
    Tokens(Credentials),
    Error(OAuthError),
    /// No OAuth answer at all; the words say what was missing or came instead.
    Unusable(Code, String),
}

/// An answer that is no success.
#[derive(Debug)]
pub(crate) enum Refused {
    Error(OAuthError),
    Unusable(Code, String),
}

/// The same for an endpoint that gives no tokens.
pub(crate) fn refused(heard: Heard<'_>) -> Refused {
    let Some(fields) = fields(heard) else {
        let Said::Unusable(code, what) = unreadable(heard) else {
            return Refused::Unusable(Code::NotTheApi, String::new());
        };
        return Refused::Unusable(code, what);
    };
    match (error(&fields), heard.status) {
        (Some(error), _) => Refused::Error(error),
        (None, 420 | 429) => Refused::Unusable(Code::RateLimited, "the answer names no error".to_owned()),
        (None, 500..=599) => Refused::Unusable(Code::ServerError, "the answer names no error".to_owned()),
        (None, status) => Refused::Unusable(Code::NotTheApi, format!("HTTP {status} without an OAuth error")),
    }
}

pub(crate) fn read(heard: Heard<'_>, now: Timestamp, oauth2: &dyn OAuth2, dialect: &Dialect) -> Said {
    let Some(answer) = fields(heard) else {
        return unreadable(heard);
    };
    let kept = kept(&answer, oauth2.keeps());
    let fields = oauth2.token_answer(answer);
    if let Some(error) = error(&fields) {
        return Said::Error(error);
    }
    match heard.status {
        200..=299 => match credentials(&fields, now, dialect) {
            Ok(mut credentials) => {
                credentials.extra.extend(kept);
                Said::Tokens(credentials)
            }
            Err(missing) => Said::Unusable(Code::TokenMalformed, missing),
        },
        420 | 429 => Said::Unusable(Code::RateLimited, "the answer names no error".to_owned()),
        500..=599 => Said::Unusable(Code::ServerError, "the answer names no error".to_owned()),
        status => Said::Unusable(Code::NotTheApi, format!("HTTP {status} without an OAuth error")),
    }
}

fn unreadable(heard: Heard<'_>) -> Said {
    let start = String::from_utf8_lossy(&heard.body[..heard.body.len().min(512)]).to_ascii_lowercase();
    let html = heard.content_type.contains("html") || start.contains("<html") || start.contains("<!doctype");
    let what = match (heard.body.is_empty(), html) {
        (true, _) => "an empty body",
        (_, true) => "a web page",
        _ => "something that is not JSON",
    };
    let code = match heard.status {
        420 | 429 => Code::RateLimited,
        500..=599 => Code::ServerError,
        200..=299 if !html => Code::TokenMalformed,
        _ => Code::NotTheApi,
    };
    Said::Unusable(code, format!("{what} came where tokens were due"))
}

/// The answer's fields: JSON, or a form where the network says so.
fn fields(heard: Heard<'_>) -> Option<Answered> {
    if let Ok(Value::Object(fields)) = serde_json::from_slice(heard.body) {
        return Some(fields);
    }
    heard.content_type.starts_with("application/x-www-form-urlencoded").then(|| {
        url::form_urlencoded::parse(heard.body)
            .map(|(name, value)| (name.into_owned(), value.as_ref().into()))
            .collect()
    })
}

/// What the network wants kept besides, as far as it was told.
fn kept(answer: &Answered, keeps: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    if keeps.is_empty() {
        return BTreeMap::new();
    }
    let answer = Value::Object(answer.clone());
    let told = |pointer: &str| answer.pointer(pointer).and_then(word).map(Secret::new);
    keeps.iter().filter_map(|(name, pointer)| Some(((*name).to_owned(), told(pointer)?))).collect()
}

fn error(fields: &Answered) -> Option<OAuthError> {
    match fields.get("error")? {
        Value::String(error) if error.is_empty() => None,
        Value::String(error) => Some(OAuthError {
            error: error.clone(),
            description: text(fields, "error_description").or_else(|| text(fields, "error_message")),
        }),
        // Graph-like: { "error": { "message", "type", "code", "error_subcode" } }.
        Value::Object(inner) => {
            let error = ["type", "code", "error"].iter().find_map(|name| text(inner, name)).unwrap_or_default();
            // Meta calls every error by one name and tells them apart by number.
            let number = text(inner, "code").filter(|_| error == META);
            Some(OAuthError {
                error: number.map_or_else(|| error.clone(), |number| format!("{META} {number}")),
                description: text(inner, "message").or_else(|| text(inner, "error_description")),
            })
        }
        Value::Null | Value::Bool(false) => None,
        other => Some(OAuthError { error: other.to_string(), description: text(fields, "message") }),
    }
}

fn credentials(fields: &Answered, now: Timestamp, dialect: &Dialect) -> Result<Credentials, String> {
    let access_token = text(fields, "access_token").ok_or("the answer has no access_token")?;
    let expires_at = match fields.get("expires_in") {
        None | Some(Value::Null) => {
            let told = text(fields, "expires_at").and_then(|moment| moment.parse().ok());
            let known = dialect.lifetime_s.map(|life| SignedDuration::from_secs(life.into()));
            told.or_else(|| known.and_then(|life| now.checked_add(life).ok()))
        }
        Some(value) => {
            let seconds = seconds(value).ok_or("expires_in is not a number of seconds")?;
            // Some networks say 0 for “never”.
            if seconds > 0 { now.saturating_add(SignedDuration::from_secs(seconds)).ok() } else { None }
        }
    };
    Ok(Credentials {
        access_token: Secret::new(access_token),
        refresh_token: text(fields, "refresh_token").map(Secret::new),
        renews_itself: dialect.renewal.is_some(),
        app: None,
        expires_at,
        scopes: fields.get("scope").and_then(scopes),
        extra: text(fields, SUBJECT).map(|subject| (SUBJECT.to_owned(), Secret::new(subject))).into_iter().collect(),
    })
}

fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64)),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

/// Granted scopes: space-separated by the standard, with commas or as a list by some. None for an empty value.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let scopes: Vec<String> = match value {
        Value::String(words) => words.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    (!scopes.is_empty()).then_some(scopes)
}

/// A field's text, if it has any; numbers are taken as their digits.
fn text(fields: &Answered, name: &str) -> Option<String> {
    word(fields.get(name)?)
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use async_trait::async_trait;
    use crier_net::Client;
    use crier_networks::{
        Identified, Refusal,
        connect::{Endpoints, Scope},
    };

    /// A network whose token answers are wrapped, or are not.
    struct Network {
        wraps: bool,
    }

    #[async_trait]
    impl OAuth2 for Network {
        fn scopes(&self) -> &'static [Scope] {
            &[]
        }
        fn token_answer(&self, mut answer: Answered) -> Answered {
            match answer.remove("data") {
                Some(Value::Object(inner)) if self.wraps => inner,
                _ => answer,
            }
        }
        fn keeps(&self) -> &'static [(&'static str, &'static str)] {
            &[("guild", "/guild/id"), ("bot", "/bot_user_id")]
        }
        async fn discover(&self, _: &Client, _: Option<&str>) -> Result<Endpoints, Refusal> {
            unreachable!("nothing is asked here")
        }
        async fn identify(&self, _: &Client, _: Option<&str>, _: &Credentials) -> Result<Identified, Refusal> {
            unreachable!("nothing is asked here")
        }
    }

    fn said(status: u16, content_type: &str, body: &str) -> Said {
        said_in(status, content_type, body, false, &Dialect::default())
    }

    fn said_in(status: u16, content_type: &str, body: &str, wraps: bool, dialect: &Dialect) -> Said {
        let heard = Heard { status, content_type, body: body.as_bytes() };
        read(heard, Timestamp::UNIX_EPOCH, &Network { wraps }, dialect)
    }

    fn tokens(body: &str, wraps: bool, dialect: &Dialect) -> Credentials {
        match said_in(200, "application/json", body, wraps, dialect) {
            Said::Tokens(credentials) => credentials,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn an_answer_may_be_wrapped_and_hold_what_is_kept_besides() {
        let body = r#"{"data":{"access_token":"a"},"guild":{"id":42},"bot_user_id":"U1","other":"x"}"#;
        let credentials = tokens(body, true, &Dialect::default());
        assert_eq!(credentials.access_token.expose(), "a");
        assert_eq!(credentials.extra, [("guild", "42"), ("bot", "U1")].map(|(k, v)| (k.to_owned(), v.into())).into());
    }

    #[test]
    fn a_known_end_counts_where_none_is_told() {
        let dialect = Dialect { lifetime_s: Some(60), ..Dialect::default() };
        let end = |body| tokens(body, false, &dialect).expires_at.map(Timestamp::as_second);
        assert_eq!(end(r#"{"access_token":"a"}"#), Some(60));
        assert_eq!(end(r#"{"access_token":"a","expires_in":5}"#), Some(5));
        assert_eq!(end(r#"{"access_token":"a","expires_in":0}"#), None);
        assert_eq!(end(r#"{"access_token":"a","expires_at":"1970-01-01T00:00:07.253Z"}"#), Some(7));
        assert_eq!(end(r#"{"access_token":"a","expires_at":"soon"}"#), Some(60));
    }

    #[test]
    fn errors_of_graph_are_told_apart_by_number() {
        let body = r#"{"error":{"message":"Session has expired","type":"OAuthException","code":190}}"#;
        let Said::Error(error) = said(400, "application/json", body) else { panic!() };
        assert_eq!(error.error, "OAuthException 190");
    }

    fn code(said: Said) -> Code {
        match said {
            Said::Unusable(code, _) => code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn tokens_are_read_with_the_liberties_networks_take() {
        for body in [
            r#"{"access_token":"a","refresh_token":"r","expires_in":60,"scope":"read write"}"#,
            r#"{"access_token":"a","refresh_token":"r","expires_in":"60","scope":"read,write"}"#,
            r#"{"access_token":"a","refresh_token":"r","expires_in":60.0,"scope":["read","write"],"error":null}"#,
        ] {
            let Said::Tokens(credentials) = said(200, "application/json", body) else { panic!("{body}") };
            assert_eq!(credentials.access_token.expose(), "a");
            assert_eq!(credentials.refresh_token, Some("r".into()));
            assert_eq!(credentials.expires_at, Some(Timestamp::from_second(60).unwrap()));
            assert_eq!(credentials.scopes, Some(vec!["read".to_owned(), "write".to_owned()]));
        }
        let form = said(200, "application/x-www-form-urlencoded; charset=utf-8", "access_token=a%20b&expires_in=5");
        assert!(matches!(form, Said::Tokens(credentials) if credentials.access_token.expose() == "a b"));
    }

    #[test]
    fn nothing_empty_counts_as_a_token() {
        let Said::Tokens(credentials) =
            said(200, "application/json", r#"{"access_token":"a","refresh_token":"","scope":"","expires_in":0}"#)
        else {
            panic!()
        };
        assert_eq!((credentials.refresh_token, credentials.scopes, credentials.expires_at), (None, None, None));
        assert_eq!(code(said(200, "application/json", r#"{"access_token":""}"#)), Code::TokenMalformed);
        assert_eq!(
            code(said(200, "application/json", r#"{"access_token":"a","expires_in":"x"}"#)),
            Code::TokenMalformed
        );
    }

    #[test]
    fn an_error_is_one_whatever_its_status_and_shape() {
        for (status, body) in [
            (400, r#"{"error":"invalid_grant","error_description":"too old"}"#),
            (200, r#"{"error":"invalid_grant","error_description":"too old","access_token":"a"}"#),
            (500, r#"{"error":{"type":"invalid_grant","message":"too old","code":100}}"#),
        ] {
            let Said::Error(error) = said(status, "application/json", body) else { panic!("{body}") };
            assert_eq!((error.error.as_str(), error.description.as_deref()), ("invalid_grant", Some("too old")));
        }
    }

    #[test]
    fn what_is_no_oauth_answer_is_told_apart() {
        assert_eq!(code(said(200, "text/html", "<!doctype html>")), Code::NotTheApi);
        assert_eq!(code(said(403, "text/html", "<html>")), Code::NotTheApi);
        assert_eq!(code(said(502, "text/html", "<html>")), Code::ServerError);
        assert_eq!(code(said(429, "text/plain", "slow down")), Code::RateLimited);
        assert_eq!(code(said(420, "text/plain", "Enhance Your Calm")), Code::RateLimited);
        assert_eq!(code(said(200, "application/json", "{\"access_tok")), Code::TokenMalformed);
        assert_eq!(code(said(200, "application/json", "")), Code::TokenMalformed);
        assert_eq!(code(said(503, "application/json", "{}")), Code::ServerError);
    }
}
