//! From an OAuth error to its cause, told apart by everything that was seen.

use super::{
    OAuthError,
    answer::{META, META_TOKEN_INVALID, PENDING},
};
use crier_model::{Code, Diagnosis};
use jiff::SignedDuration;

/// A code is said to live for this long at most where the network names no time (RFC 6749 §4.1.2 recommends at most ten
/// minutes, the common value is one).
const CODE_LIFE: SignedDuration = SignedDuration::from_secs(60);
/// A clock further off than this is at fault.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// The longest quotation of a network's own words, in characters.
const QUOTE: usize = 300;

/// What surrounded an error at the token endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances<'a> {
    pub host: &'a str,
    pub status: u16,
    /// From the person's return to the answer.
    pub since_return: Option<SignedDuration>,
    /// Our clock minus the answer's `Date`.
    pub skew: Option<SignedDuration>,
    pub redirect_uri: Option<&'a str>,
    pub client_id: &'a str,
    /// Whether the client is known there by a document of ours.
    pub by_document: bool,
    /// Whether an earlier request with the same code may have been received.
    pub repeated: bool,
    /// Values that must not be quoted.
    pub secrets: &'a [&'a str],
}

/// Words of the network, safe to show: without the secrets we sent, redacted, and short.
pub(crate) fn quote(words: &str, secrets: &[&str]) -> String {
    let scrubbed = secrets
        .iter()
        .filter(|secret| secret.len() > 3)
        .fold(words.to_owned(), |words, secret| words.replace(secret, "…"));
    let redacted = crier_net::redact(&scrubbed);
    match redacted.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", &redacted[..end]),
        None => redacted,
    }
}

/// The page for an error that came back in the address (RFC 6749 §4.1.2.1).
pub(crate) fn explain_authorization(error: &OAuthError) -> Diagnosis {
    let code = match error.error.as_str() {
        // Nobody said no: the network's page was open for too long.
        "access_denied" if says(error, "expired") => Code::StateExpired,
        "access_denied" | "user_denied" | "user_cancelled_login" | "user_cancelled_authorize" | "consent_required" => {
            Code::ConsentDenied
        }
        "invalid_scope" => Code::ConsentScopeMissing,
        "redirect_uri_mismatch" | "invalid_redirect_uri" => Code::RedirectMismatch,
        "invalid_request" if error.speaks_of(&["pkce", "code_challenge"]) => Code::VerifierMismatch,
        "unauthorized_client" => Code::ClientNotApproved,
        "invalid_client" => Code::ClientUnknown,
        _ => Code::ServerError,
    };
    let diagnosis = match (code, error.error.as_str()) {
        (Code::ServerError, "server_error" | "temporarily_unavailable") => Diagnosis::new(code),
        (Code::StateExpired, _) => {
            Diagnosis::new(code).because("The network says that its page was left open for too long.")
        }
        (Code::ServerError, _) => {
            Diagnosis::new(code).because("The network ended the sign-in with an error instead of asking for consent.")
        }
        _ => Diagnosis::new(code),
    };
    said(diagnosis, error, &[])
}

fn says(error: &OAuthError, word: &str) -> bool {
    error.description.as_deref().is_some_and(|words| words.to_ascii_lowercase().contains(word))
}

/// The page for an error of the endpoint where requests are left beforehand (RFC 9126 §2.3).
pub(crate) fn explain_pushed(error: &OAuthError, seen: Circumstances<'_>) -> Diagnosis {
    let diagnosis = match error.error.as_str() {
        "invalid_client_metadata" | "invalid_client" | "unauthorized_client" if seen.by_document => {
            Diagnosis::new(Code::ClientDocument).saw("Client document", seen.client_id)
        }
        "invalid_dpop_proof" if seen.skew.is_some_and(|skew| skew.abs() > SKEW) => Diagnosis::new(Code::ClockSkew),
        "invalid_client" | "invalid_client_metadata" => {
            Diagnosis::new(Code::ClientUnknown).saw("Client id", seen.client_id)
        }
        "invalid_redirect_uri" => Diagnosis::new(Code::RedirectMismatch),
        "invalid_request" if says(error, "redirect") => Diagnosis::new(Code::RedirectMismatch),
        _ => explain_authorization(&OAuthError { error: error.error.clone(), description: None }),
    };
    let mut diagnosis = match diagnosis.code {
        Code::RedirectMismatch => {
            let described = error.description.as_deref().unwrap_or_default();
            mismatch(diagnosis, seen.redirect_uri.unwrap_or_default(), described)
        }
        _ => diagnosis,
    };
    diagnosis.evidence.retain(|seen| seen.label != "Error");
    circumstances(said(diagnosis, error, seen.secrets), seen)
}

/// The page for an error of the token endpoint (RFC 6749 §5.2).
pub(crate) fn explain_token(error: &OAuthError, seen: Circumstances<'_>) -> Diagnosis {
    let words = error.description.as_deref().unwrap_or_default().to_ascii_lowercase();
    let diagnosis = match error.error.as_str() {
        META_TOKEN_INVALID => Diagnosis::new(Code::CredentialsWrong),
        name if name.starts_with(META) => graph(&words, seen),
        "invalid_grant" | "bad_verification_code" | "code_expired" | "invalid_code" => grant(&words, seen),
        "code_already_used" => grant("already used", seen),
        "invalid_client" | "invalid_client_metadata" if seen.by_document => Diagnosis::new(Code::ClientDocument),
        "invalid_dpop_proof" if seen.skew.is_some_and(|skew| skew.abs() > SKEW) => Diagnosis::new(Code::ClockSkew),
        "invalid_client"
        | "incorrect_client_credentials"
        | "bad_client_id"
        | "invalid_client_id"
        | "bad_client_secret" => client(&words, error),
        "redirect_uri_mismatch" | "bad_redirect_uri" => Diagnosis::new(Code::RedirectMismatch),
        "unauthorized_client" => Diagnosis::new(Code::ClientNotApproved)
            .because("The network says that this app may not ask for tokens in this way; it is not approved for it."),
        "invalid_scope" => Diagnosis::new(Code::ConsentScopeMissing),
        "access_denied" => Diagnosis::new(Code::ConsentDenied),
        "invalid_request" if words.contains("redirect") => Diagnosis::new(Code::RedirectMismatch),
        "invalid_request" if words.contains("verifier") || words.contains("challenge") => {
            Diagnosis::new(Code::VerifierMismatch)
        }
        PENDING => Diagnosis::new(Code::ConsentPending),
        _ if matches!(seen.status, 420 | 429) => Diagnosis::new(Code::RateLimited),
        _ if seen.status >= 500 => Diagnosis::new(Code::ServerError),
        _ => Diagnosis::new(Code::TokenMalformed)
            .because("The token endpoint refused the request with an error that it does not explain further."),
    };
    let diagnosis = match diagnosis.code {
        Code::RedirectMismatch => {
            let described = error.description.as_deref().unwrap_or_default();
            mismatch(diagnosis, seen.redirect_uri.unwrap_or_default(), described)
        }
        Code::ClientUnknown | Code::ClientSecretWrong | Code::ClientDocument => {
            diagnosis.saw("Client id", seen.client_id)
        }
        _ => diagnosis,
    };
    circumstances(said(diagnosis, error, seen.secrets), seen)
}

/// What the words of an `invalid_grant` point at, when they point at one thing only. Some servers list every possible
/// cause in one sentence, which says nothing.
fn grant(words: &str, seen: Circumstances<'_>) -> Diagnosis {
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let mut causes = Vec::new();
    if has(&["redirect"]) {
        causes.push(Code::RedirectMismatch);
    }
    if has(&["verifier", "pkce", "challenge"]) {
        causes.push(Code::VerifierMismatch);
    }
    if has(&["expired", "too old", "timed out"]) {
        causes.push(Code::CodeExpired);
    }
    if has(&["already", "been used", "redeemed", "twice", "consumed"]) {
        causes.push(Code::CodeUsed);
    }
    let skewed = seen.skew.is_some_and(|skew| skew.abs() > SKEW);
    match causes[..] {
        [] | [Code::CodeUsed, ..] if seen.repeated => Diagnosis::new(Code::AnswerLost),
        [Code::CodeExpired] | [] if skewed => Diagnosis::new(Code::ClockSkew),
        [code] => Diagnosis::new(code),
        _ if seen.repeated => Diagnosis::new(Code::AnswerLost),
        _ if skewed => Diagnosis::new(Code::ClockSkew),
        _ if seen.since_return.is_some_and(|elapsed| elapsed > CODE_LIFE) => Diagnosis::new(Code::CodeExpired),
        _ => match seen.redirect_uri {
            Some(sent) => Diagnosis::new(Code::GrantRefused).saw("Redirect URI sent", sent),
            None => Diagnosis::new(Code::GrantRefused),
        },
    }
}

/// `invalid_client` means an unknown client as well as a wrong secret; the person has just come from the network's
/// consent page, which knew the client, so the secret is to blame unless the words say otherwise.
fn client(words: &str, error: &OAuthError) -> Diagnosis {
    let unknown = ["not found", "unknown client", "no such", "does not exist", "deleted"];
    let says_secret = words.contains("secret") || words.contains("authentication") || error.error.contains("secret");
    if error.error.ends_with("client_id") || (!says_secret && unknown.iter().any(|word| words.contains(word))) {
        Diagnosis::new(Code::ClientUnknown)
    } else {
        Diagnosis::new(Code::ClientSecretWrong)
    }
}

/// What Meta's networks mean: their words tell, where the number is that of every bad request (Graph API reference, 2026).
fn graph(words: &str, seen: Circumstances<'_>) -> Diagnosis {
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    if has(&["client secret", "app secret"]) {
        Diagnosis::new(Code::ClientSecretWrong)
    } else if has(&["validating application", "client_id", "app id", "invalid platform app"]) {
        Diagnosis::new(Code::ClientUnknown)
    } else {
        grant(words, seen)
    }
}

/// Both addresses, where the network names the one it knows, and where they part.
fn mismatch(diagnosis: Diagnosis, sent: &str, words: &str) -> Diagnosis {
    let diagnosis = diagnosis.saw("Redirect URI sent", sent);
    let ends = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`' | '“' | '”' | '<' | '>' | ',' | ';');
    let named = words.split(ends).map(|word| word.trim_end_matches(['.', ')', ':']));
    let Some(known) = named.filter(|word| word.contains("://")).find(|word| *word != sent) else { return diagnosis };
    // A query may hold a code.
    let known = known.split(['?', '#']).next().unwrap_or_default();
    let alike = sent.chars().zip(known.chars()).take_while(|(a, b)| a == b).count();
    let rest = |text: &str| match text.chars().skip(alike).take(24).collect::<String>() {
        rest if rest.is_empty() => "ends here".to_owned(),
        rest => format!("goes on “{rest}”"),
    };
    diagnosis
        .saw("Redirect URI the network knows", known)
        .saw("First difference", format!("after {alike} characters: sent {}, known {}", rest(sent), rest(known)))
}

/// Adds the network's own words.
pub(crate) fn said(mut diagnosis: Diagnosis, error: &OAuthError, secrets: &[&str]) -> Diagnosis {
    if !error.error.is_empty() {
        diagnosis = diagnosis.saw("Error", quote(&error.error, secrets));
    }
    match &error.description {
        Some(description) => diagnosis.saw("Said", quote(description, secrets)),
        None => diagnosis,
    }
}

/// Adds what the network's words don't tell.
pub(crate) fn circumstances(mut diagnosis: Diagnosis, seen: Circumstances<'_>) -> Diagnosis {
    diagnosis = diagnosis.saw("Host", seen.host).saw("HTTP status", seen.status.to_string());
    if let Some(elapsed) = seen.since_return {
        let seconds = elapsed.as_millis() as f64 / 1000.0;
        diagnosis = diagnosis.saw("Time since you came back", format!("{seconds:.1} s"));
    }
    match seen.skew {
        Some(skew) if skew.abs() > SKEW => {
            let way = if skew.is_negative() { "behind" } else { "ahead of" };
            diagnosis.saw("Our clock", format!("{} s {way} the network's", skew.abs().as_secs()))
        }
        _ => diagnosis,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(error: &str, description: &str, seen: Circumstances<'_>) -> Code {
        explain_token(&OAuthError { error: error.to_owned(), description: Some(description.to_owned()) }, seen).code
    }

    fn seen() -> Circumstances<'static> {
        Circumstances { host: "example.social", status: 400, ..Circumstances::default() }
    }

    const DOORKEEPER: &str = "The provided authorization grant is invalid, expired, revoked, does not match the \
         redirection URI used in the authorization request, or was issued to another client.";

    #[test]
    fn an_invalid_grant_is_told_apart_by_words_clock_and_time() {
        let cases = [
            ("authorization code has expired", seen(), Code::CodeExpired),
            ("Code was already redeemed.", seen(), Code::CodeUsed),
            ("redirect_uri does not match", seen(), Code::RedirectMismatch),
            ("PKCE verification failed", seen(), Code::VerifierMismatch),
            (DOORKEEPER, seen(), Code::GrantRefused),
            ("grant request is invalid", seen(), Code::GrantRefused),
            (DOORKEEPER, Circumstances { repeated: true, ..seen() }, Code::AnswerLost),
            ("code already used", Circumstances { repeated: true, ..seen() }, Code::AnswerLost),
            ("redirect_uri does not match", Circumstances { repeated: true, ..seen() }, Code::RedirectMismatch),
            ("expired", Circumstances { skew: Some(SignedDuration::from_secs(-95)), ..seen() }, Code::ClockSkew),
            ("expired", Circumstances { skew: Some(SignedDuration::from_secs(5)), ..seen() }, Code::CodeExpired),
            ("", Circumstances { since_return: Some(SignedDuration::from_secs(75)), ..seen() }, Code::CodeExpired),
        ];
        for (words, seen, code) in cases {
            assert_eq!(explained("invalid_grant", words, seen), code, "{words}");
        }
    }

    #[test]
    fn an_unknown_client_is_told_from_a_wrong_secret() {
        assert_eq!(explained("invalid_client", "Client not found", seen()), Code::ClientUnknown);
        assert_eq!(explained("invalid_client", "", seen()), Code::ClientSecretWrong);
        let generic = "Client authentication failed due to unknown client, no client authentication included, or \
                       unsupported authentication method.";
        assert_eq!(explained("invalid_client", generic, seen()), Code::ClientSecretWrong);
    }

    #[test]
    fn errors_of_graph_and_of_slack_are_understood() {
        let cases = [
            ("OAuthException 100", "This authorization code has been used.", Code::CodeUsed),
            ("OAuthException 100", "This authorization code has expired.", Code::CodeExpired),
            ("OAuthException 1", "Error validating client secret.", Code::ClientSecretWrong),
            ("OAuthException 101", "Error validating application. Cannot get application info.", Code::ClientUnknown),
            (
                "OAuthException 100",
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you \
                 used in the OAuth dialog request",
                Code::RedirectMismatch,
            ),
            ("OAuthException 190", "Error validating access token: Session has expired", Code::CredentialsWrong),
            ("invalid_client_id", "", Code::ClientUnknown),
            ("bad_client_secret", "", Code::ClientSecretWrong),
            ("bad_redirect_uri", "", Code::RedirectMismatch),
            ("code_already_used", "", Code::CodeUsed),
        ];
        for (error, words, code) in cases {
            assert_eq!(explained(error, words, seen()), code, "{error} {words}");
        }
    }

    #[test]
    fn a_redirect_mismatch_shows_both_addresses_and_where_they_part() {
        let sent = "https://crier.test/integrations/social/x";
        let description = format!("redirect_uri: '{sent}' is not the one the code was issued for, '{sent}/'.");
        let error = OAuthError { error: "invalid_grant".to_owned(), description: Some(description) };
        let diagnosis = explain_token(&error, Circumstances { redirect_uri: Some(sent), ..seen() });
        assert_eq!(diagnosis.code, Code::RedirectMismatch);
        let shown = |label: &str| diagnosis.evidence.iter().find(|e| e.label == label).map(|e| e.value.as_str());
        assert_eq!(shown("Redirect URI sent"), Some(sent));
        assert_eq!(shown("Redirect URI the network knows"), Some(format!("{sent}/").as_str()));
        assert_eq!(shown("First difference"), Some("after 40 characters: sent ends here, known goes on “/”"));
    }

    #[test]
    fn what_is_quoted_holds_no_secret() {
        let words = quote("the code hunter2hunter2 is bad for verifier abcdefgh", &["hunter2hunter2", "abcdefgh", "a"]);
        assert!(!words.contains("hunter2") && !words.contains("abcdefgh") && words.contains("is bad"), "{words}");
        assert!(quote(&"é".repeat(1_000), &[]).chars().count() == QUOTE + 1);
    }
}
