//! OAuth 1.0a as far as a client needs it: RFC 5849 with the callback confirmed and a verifier.

use crate::oauth2::{Circumstances, OAuthError, SKEW, TokenFailure, circumstances, said};
use crier_model::{Clock, Code, Diagnosis, Secret, Timestamp};
use crier_net::{Answer, Client};
use crier_networks::{
    Credentials,
    connect::{Client2, OAuth1Endpoints, TOKEN_SECRET},
    oauth1::Signer,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// The longest an endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Answers are small; a larger one is something else.
const MAX_BODY: usize = 256 * 1024;
/// What names a problem, in the extension “OAuth Problem Reporting” and in those who answer as OAuth 2 does.
const PROBLEM: [&str; 2] = ["oauth_problem", "error"];

/// A token with its secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub token: Secret,
    pub secret: Secret,
}

/// What is given for an access token.
#[derive(Clone, Copy)]
pub(crate) struct Verified<'a> {
    pub request: &'a Token,
    pub verifier: &'a Secret,
    pub returned_at: Timestamp,
    pub repeated: bool,
}

/// Where and as whom tokens are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Desk1<'a> {
    pub net: &'a Client,
    pub clock: &'a dyn Clock,
    pub endpoints: &'a OAuth1Endpoints,
    pub client: &'a Client2,
}

/// The address of the consent page (§2.2).
pub(crate) fn authorize_url(endpoints: &OAuth1Endpoints, request: &Token) -> Url {
    let mut url = endpoints.authorize.clone();
    let extra = endpoints.authorize_extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    url.query_pairs_mut().append_pair("oauth_token", request.token.expose()).extend_pairs(extra);
    url
}

impl Desk1<'_> {
    /// §2.1: a token to send the person away with.
    pub async fn request_token(&self, redirect_uri: &str) -> Result<Token, TokenFailure> {
        let url = &self.endpoints.request_token;
        let form: Vec<_> = self.endpoints.request_extra.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let signer = Signer::app(self.client, self.clock.now());
        let answer = self.send(signer.post(self.net, url, &form, &[("oauth_callback", redirect_uri)])).await?;
        let seen = Circumstances { redirect_uri: Some(redirect_uri), ..self.seen(&answer, &[]) };
        let fields = judge(&answer, seen)?;
        // §2.1: without it the server knows only the protocol's first version, whose hole this closed.
        if fields.get("oauth_callback_confirmed").map(String::as_str) != Some("true") {
            return Err(malformed("the answer does not confirm the callback (oauth_callback_confirmed)", seen));
        }
        token(&fields, seen)
    }

    /// §2.3: the access token, for what the person brought back.
    pub async fn access_token(&self, given: Verified<'_>) -> Result<Credentials, TokenFailure> {
        let Verified { request, verifier, returned_at, repeated } = given;
        let signer = Signer::app(self.client, self.clock.now()).with(request.token.expose(), request.secret.expose());
        let oauth = [("oauth_verifier", verifier.expose())];
        let answer = self.send(signer.post(self.net, &self.endpoints.access_token, &[], &oauth)).await?;
        let secrets = [request.token.expose(), request.secret.expose(), verifier.expose()];
        let since_return = Some(self.clock.now().duration_since(returned_at).max(SignedDuration::ZERO));
        let seen = Circumstances { since_return, repeated, ..self.seen(&answer, &secrets) };
        let token = token(&judge(&answer, seen)?, seen)?;
        Ok(Credentials {
            access_token: token.token,
            extra: [(TOKEN_SECRET.to_owned(), token.secret)].into(),
            ..Credentials::default()
        })
    }

    /// Ends a token, where the network can.
    ///
    /// # Errors
    /// What kept the request from being answered with success.
    pub async fn revoke(&self, credentials: &Credentials) -> Result<(), String> {
        let Some(url) = &self.endpoints.revoke else { return Ok(()) };
        let secret = credentials.extra.get(TOKEN_SECRET).map_or("", |secret| secret.expose());
        let signer = Signer::app(self.client, self.clock.now()).with(credentials.access_token.expose(), secret);
        let request = signer.post(self.net, url, &[], &[]).timeout(TIMEOUT).max_body(MAX_BODY);
        let answer = request.send().await.map_err(|failure| failure.to_string())?;
        if answer.is_success() { Ok(()) } else { Err(format!("{} answered {}", answer.host(), answer.status())) }
    }

    async fn send(&self, request: crier_net::Request) -> Result<Answer, TokenFailure> {
        request.timeout(TIMEOUT).max_body(MAX_BODY).send().await.map_err(TokenFailure::Failed)
    }

    fn seen<'a>(&'a self, answer: &'a Answer, secrets: &'a [&'a str]) -> Circumstances<'a> {
        Circumstances {
            host: answer.host(),
            status: answer.status(),
            skew: answer.clock_skew(),
            client_id: &self.client.client_id,
            secrets,
            ..Circumstances::default()
        }
    }
}

fn token(fields: &BTreeMap<String, String>, seen: Circumstances<'_>) -> Result<Token, TokenFailure> {
    let field = |name: &str| fields.get(name).filter(|value| !value.is_empty());
    match (field("oauth_token"), field("oauth_token_secret")) {
        (Some(token), Some(secret)) => {
            Ok(Token { token: Secret::new(token.as_str()), secret: Secret::new(secret.as_str()) })
        }
        (None, _) => Err(malformed("the answer has no oauth_token", seen)),
        (_, None) => Err(malformed("the answer has no oauth_token_secret", seen)),
    }
}

fn malformed(what: &str, seen: Circumstances<'_>) -> TokenFailure {
    let diagnosis = circumstances(Diagnosis::new(Code::TokenMalformed).saw("Answer", what), seen);
    TokenFailure::Unusable { diagnosis: Box::new(diagnosis), until: None }
}

/// The fields of a success. Networks name its content type as they please.
fn judge(answer: &Answer, seen: Circumstances<'_>) -> Result<BTreeMap<String, String>, TokenFailure> {
    let text = answer.text();
    let markup = text.trim_start().starts_with('<') && text.to_ascii_lowercase().contains("<html");
    if answer.is_success() && !markup {
        return Ok(url::form_urlencoded::parse(text.trim().as_bytes()).into_owned().collect());
    }
    let unusable = |code| {
        let what = if markup { "a web page" } else { "no answer of OAuth" };
        let diagnosis = Diagnosis::new(code).saw("Answer", format!("{what} came where tokens were due"));
        let diagnosis = Box::new(circumstances(diagnosis, seen));
        Err(TokenFailure::Unusable { diagnosis, until: answer.retry_after() })
    };
    match answer.status() {
        429 => unusable(Code::RateLimited),
        500.. => unusable(Code::ServerError),
        _ if markup => unusable(Code::NotTheApi),
        _ => {
            let error = error(answer, &text);
            let diagnosis = circumstances(said(explain(&error, seen), &error, seen.secrets), seen);
            Err(TokenFailure::Refused { error: error.error, diagnosis: Box::new(diagnosis) })
        }
    }
}

/// What a refusal says: as JSON (`{"errors": [{"code", "message"}]}`), as a form, in the header, or in plain words.
fn error(answer: &Answer, text: &str) -> OAuthError {
    if let Ok(body) = serde_json::from_str::<serde_json::Value>(text) {
        let first = body.pointer("/errors/0").unwrap_or(&body);
        let word = |name: &str| first.get(name).map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
        let error = word("code").or_else(|| word("error")).unwrap_or_default();
        return OAuthError { error, description: word("message").or_else(|| word("error_description")) };
    }
    let header = answer.header("www-authenticate").unwrap_or_default().trim_start_matches("OAuth ");
    let header = header.replace(['"', ' '], "").replace(',', "&");
    for form in [text, header.as_str()] {
        let fields: BTreeMap<_, _> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        if let Some(error) = PROBLEM.iter().find_map(|name| fields.get(*name)) {
            let description = ["error_description", "oauth_problem_advice"].iter().find_map(|name| fields.get(*name));
            return OAuthError { error: error.clone(), description: description.cloned() };
        }
    }
    let words = text.trim();
    OAuthError { error: String::new(), description: (!words.is_empty()).then(|| words.to_owned()) }
}

/// From what was said and seen to the cause. X's numbers are those of its table of error codes (docs.x.com, 2026).
fn explain(error: &OAuthError, seen: Circumstances<'_>) -> Diagnosis {
    let words = format!("{} {}", error.error, error.description.as_deref().unwrap_or_default()).to_ascii_lowercase();
    let has = |any: &[&str]| any.iter().any(|word| words.contains(word));
    let is = |any: &[&str]| any.contains(&error.error.as_str());
    let skewed = seen.skew.is_some_and(|skew| skew.abs() > SKEW);
    // Only the second request comes with what a person has brought back.
    let exchanging = seen.since_return.is_some();
    if has(&["timestamp"]) || is(&["135"]) || (skewed && seen.status == 401) {
        Diagnosis::new(Code::ClockSkew)
    } else if has(&["callback"]) || is(&["415", "417"]) {
        let sent = seen.redirect_uri.unwrap_or_default();
        Diagnosis::new(Code::RedirectMismatch).saw("Redirect URI sent", sent)
    } else if has(&["consumer_key_unknown", "unknown consumer", "invalid consumer", "unknown client"]) {
        Diagnosis::new(Code::ClientUnknown).saw("Client id", seen.client_id)
    } else if has(&["consumer_key_rejected", "consumer_key_refused", "suspended"]) || is(&["416", "453"]) {
        Diagnosis::new(Code::ClientNotApproved).saw("Client id", seen.client_id)
    } else if has(&["signature"]) || is(&["32"]) {
        Diagnosis::new(Code::ClientSecretWrong).saw("Client id", seen.client_id)
    } else if exchanging && (seen.status == 401 || has(&["verifier", "token"])) {
        match () {
            () if seen.repeated => Diagnosis::new(Code::AnswerLost),
            () if has(&["used"]) => Diagnosis::new(Code::CodeUsed),
            () => Diagnosis::new(Code::CodeExpired),
        }
    } else if seen.status == 401 {
        let cause = "The network refused the request without saying why. It is signed with the app's key and secret, so one \
                     of them is wrong, or the redirect URI is not the one registered for the app.";
        let sent = seen.redirect_uri.unwrap_or_default();
        let diagnosis = Diagnosis::new(Code::ClientSecretWrong).because(cause);
        diagnosis.saw("Client id", seen.client_id).saw("Redirect URI sent", sent)
    } else {
        let cause = "The network refused the request with an error that it does not explain further.";
        Diagnosis::new(Code::TokenMalformed).because(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Circumstances<'static> = Circumstances {
        host: "api.example",
        status: 401,
        since_return: None,
        skew: None,
        redirect_uri: Some("https://c.test/cb"),
        client_id: "key",
        by_document: false,
        repeated: false,
        secrets: &[],
    };

    fn explained(error: &str, description: &str, seen: Circumstances<'_>) -> Code {
        explain(&OAuthError { error: error.to_owned(), description: Some(description.to_owned()) }, seen).code
    }

    #[test]
    fn refusals_are_told_apart() {
        let second = Circumstances { since_return: Some(SignedDuration::from_secs(1)), ..FIRST };
        let skew = Some(SignedDuration::from_secs(-400));
        for (error, words, seen, code) in [
            ("135", "Timestamp out of bounds.", FIRST, Code::ClockSkew),
            ("timestamp_refused", "", FIRST, Code::ClockSkew),
            ("", "", Circumstances { skew, ..FIRST }, Code::ClockSkew),
            ("415", "Callback URL not approved for this client application.", FIRST, Code::RedirectMismatch),
            ("32", "Could not authenticate you.", FIRST, Code::ClientSecretWrong),
            ("", "oauth_signature [x] does not match expected value [y]", FIRST, Code::ClientSecretWrong),
            ("consumer_key_unknown", "", FIRST, Code::ClientUnknown),
            ("consumer_key_rejected", "", FIRST, Code::ClientNotApproved),
            ("", "", FIRST, Code::ClientSecretWrong),
            ("token_expired", "", second, Code::CodeExpired),
            ("token_used", "", second, Code::CodeUsed),
            ("", "", second, Code::CodeExpired),
            ("", "", Circumstances { repeated: true, ..second }, Code::AnswerLost),
            ("parameter_absent", "", Circumstances { status: 400, ..FIRST }, Code::TokenMalformed),
        ] {
            assert_eq!(explained(error, words, seen), code, "{error} {words}");
        }
    }

    #[test]
    fn the_consent_page_is_addressed_by_the_request_token() {
        let url = |path: &str| format!("https://api.example{path}").parse::<Url>().unwrap();
        let endpoints = OAuth1Endpoints {
            request_token: url("/request_token"),
            authorize: url("/authenticate?lang=en"),
            access_token: url("/access_token"),
            revoke: None,
            request_extra: Vec::new(),
            authorize_extra: vec![("force_login".to_owned(), "false".to_owned())],
        };
        let token = Token { token: "a b".into(), secret: "s".into() };
        let expected = "https://api.example/authenticate?lang=en&oauth_token=a+b&force_login=false";
        assert_eq!(authorize_url(&endpoints, &token).as_str(), expected);
    }
}
