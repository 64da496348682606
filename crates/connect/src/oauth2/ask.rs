//! Asking: the address a person is sent to, and the requests to the token endpoint.

use super::{
    Circumstances, Heard, PENDING, Refused, Said, explain, explain_pushed, explain_token, miauth, read, refused,
};
use crate::secrets::{challenge, random};
use crier_model::{Clock, Code, Diagnosis, Secret};
use crier_net::{Answer, Client, Failure, Request};
use crier_networks::{
    Credentials,
    connect::{Client2, ClientAuth, Endpoints, Exchange, ISSUER, OAuth2, SUBJECT},
    dpop,
    es256::Key,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// The longest a token endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Token answers are small; a larger one is something else.
const MAX_BODY: usize = 256 * 1024;

/// What a person is to be asked (RFC 6749 §4.1.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub redirect_uri: &'a str,
    /// Separated by spaces.
    pub scopes: &'a str,
    pub state: &'a Secret,
    pub verifier: &'a Secret,
}

impl Wish<'_> {
    /// The parameters in the server's dialect, with PKCE where the network takes it.
    fn parameters(&self, endpoints: &Endpoints, client_id: &str) -> Vec<(String, String)> {
        let response_type = endpoints.dialect.app_headers.is_none().then(|| ("response_type", "code".to_owned()));
        let mut parameters = Vec::from_iter(response_type);
        parameters.extend([
            (client_id_name(endpoints), client_id.to_owned()),
            ("redirect_uri", self.redirect_uri.to_owned()),
            ("state", self.state.expose().to_owned()),
        ]);
        if !self.scopes.is_empty() {
            let commas = endpoints.dialect.commas;
            parameters.push(("scope", if commas { self.scopes.replace(' ', ",") } else { self.scopes.to_owned() }));
        }
        if endpoints.pkce {
            parameters.push(("code_challenge", challenge(self.verifier.expose())));
            parameters.push(("code_challenge_method", "S256".to_owned()));
        }
        let own = parameters.into_iter().map(|(name, value)| (name.to_owned(), value));
        own.chain(endpoints.authorize_extra.iter().cloned()).collect()
    }
}

/// The address of the consent page (RFC 6749 §4.1.1).
pub(crate) fn authorize_url(endpoints: &Endpoints, client_id: &str, wish: Wish<'_>) -> Url {
    if endpoints.dialect.miauth {
        return miauth::session_url(&endpoints.authorize, wish);
    }
    let mut url = endpoints.authorize.clone();
    url.query_pairs_mut().extend_pairs(wish.parameters(endpoints, client_id));
    url
}

/// A request left at the authorization server (RFC 9126 §2.2).
#[derive(Debug, Deserialize)]
pub(crate) struct Pushed {
    pub request_uri: String,
    /// Seconds.
    #[serde(default)]
    pub expires_in: Option<i64>,
}

impl Pushed {
    /// The address that refers to it (RFC 9126 §4).
    pub fn url(&self, endpoints: &Endpoints, client_id: &str) -> Url {
        let mut url = endpoints.authorize.clone();
        url.query_pairs_mut()
            .append_pair(client_id_name(endpoints), client_id)
            .append_pair("request_uri", &self.request_uri);
        url
    }
}

/// Leaves the request at the authorization server before anybody is sent there (RFC 9126).
///
/// # Errors
/// Why it is not taken: also what would otherwise have met the person there.
pub(crate) async fn push(
    net: &Client,
    endpoints: &Endpoints,
    at: &Url,
    client: &Client2,
    key: Option<&Key>,
    wish: Wish<'_>,
) -> Result<Pushed, Box<Diagnosis>> {
    let parameters = wish.parameters(endpoints, &client.client_id);
    // With HTTP Basic it stands in the body as well (RFC 9126 §2.1).
    let basic = endpoints.client_auth == ClientAuth::Basic && client.client_secret.is_some();
    let id = client_id_name(endpoints);
    let own = parameters.iter().filter(|(name, _)| basic || name != id);
    let form = own.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = asked(authenticated(net.post(at), endpoints, client, form), key)
        .await
        .map_err(|failure| Box::new(crate::explain::failed(&failure)))?;
    let heard = Heard {
        status: answer.status(),
        content_type: answer.header("content-type").unwrap_or_default(),
        body: answer.body(),
    };
    if let (true, Ok(pushed)) = (answer.is_success(), answer.json()) {
        return Ok(pushed);
    }
    let secrets = [wish.state.expose(), wish.verifier.expose()];
    let seen = Circumstances {
        host: answer.host(),
        status: heard.status,
        skew: answer.clock_skew(),
        client_id: &client.client_id,
        redirect_uri: Some(wish.redirect_uri),
        by_document: endpoints.client_auth == ClientAuth::PrivateKeyJwt,
        secrets: &secrets,
        ..Circumstances::default()
    };
    Err(Box::new(match refused(heard) {
        Refused::Error(error) => explain_pushed(&error, seen),
        Refused::Unusable(code, what) => explain::circumstances(Diagnosis::new(code).saw("Answer", what), seen),
    }))
}

/// Sends a request to the authorization server; with a key it is signed.
async fn asked(request: Request, key: Option<&Key>) -> Result<Answer, Failure> {
    let request = request.header("accept", "application/json").timeout(TIMEOUT).max_body(MAX_BODY);
    match key {
        Some(key) => dpop::send(request, key, None).await,
        None => request.send().await,
    }
}

/// What is given for tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Grant<'a> {
    Code {
        code: &'a Secret,
        verifier: Option<&'a Secret>,
        redirect_uri: &'a str,
        returned_at: Timestamp,
        repeated: bool,
    },
    Refresh(&'a Secret),
    /// An access token for another one.
    Token(&'a Secret, &'a Exchange),
}

/// Where and as whom tokens are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub net: &'a Client,
    pub clock: &'a dyn Clock,
    pub oauth2: &'a dyn OAuth2,
    pub endpoints: &'a Endpoints,
    pub client: &'a Client2,
    /// What the tokens are bound to.
    pub key: Option<&'a Key>,
}

/// Why there are no tokens.
#[derive(Debug)]
pub(crate) enum TokenFailure {
    /// No answer came.
    Failed(Failure),
    /// The server has judged: what was given is dead, or the client is.
    Refused { error: String, diagnosis: Box<Diagnosis> },
    /// An answer that says nothing about what was given: a server error, a limit, something else altogether.
    Unusable { diagnosis: Box<Diagnosis>, until: Option<Timestamp> },
}

impl TokenFailure {
    pub fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Failed(failure) => crate::explain::failed(failure),
            Self::Refused { diagnosis, .. } | Self::Unusable { diagnosis, .. } => (**diagnosis).clone(),
        }
    }

    /// Whether the server is known not to have acted upon the request.
    pub fn never_left(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.is_safe_to_repeat())
    }

    /// Whether the network still waits for the person, and may give tokens a little later.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == PENDING)
    }

    /// Whether the request may have been received, and its answer lost.
    pub fn answer_lost(&self) -> bool {
        match self {
            Self::Failed(failure) => failure.maybe_received,
            Self::Unusable { diagnosis, .. } => diagnosis.code == Code::ServerError,
            Self::Refused { .. } => false,
        }
    }
}

impl Desk<'_> {
    /// One request for tokens.
    pub async fn ask(&self, grant: Grant<'_>) -> Result<Credentials, TokenFailure> {
        let request = match grant {
            Grant::Code { code, verifier, redirect_uri, .. } => self.of_code(code, verifier, redirect_uri),
            Grant::Refresh(token) => {
                let url = self.endpoints.dialect.refresh.as_ref().unwrap_or(&self.endpoints.token);
                self.post(url, vec![("grant_type", "refresh_token"), ("refresh_token", token.expose())])
            }
            Grant::Token(token, exchange) => self.get(exchange, token),
        };
        let answer = asked(request, self.key).await.map_err(TokenFailure::Failed)?;
        let mut credentials = self.judge(&answer, grant)?;
        if let Some(key) = self.key {
            credentials.extra.insert(dpop::KEY.to_owned(), key.kept().clone());
        }
        if let Some(issuer) = &self.endpoints.issuer
            && credentials.extra.contains_key(SUBJECT)
        {
            credentials.extra.insert(ISSUER.to_owned(), issuer.as_str().into());
        }
        Ok(credentials)
    }

    fn of_code(&self, code: &Secret, verifier: Option<&Secret>, redirect_uri: &str) -> Request {
        let Endpoints { token, dialect, .. } = self.endpoints;
        let name = dialect.code.as_deref().unwrap_or("code");
        if dialect.miauth {
            return self.net.post(miauth::check_url(token, code)).json(&json!({}));
        }
        if let Some(headers) = &dialect.app_headers {
            // A redirect would carry the address, and with it the code, elsewhere.
            let request = self.net.get(token).no_redirects().query(&[(name, code.expose())]);
            let request = request.header(&headers.id, &self.client.client_id);
            return match &self.client.client_secret {
                Some(secret) => request.secret_header(&headers.secret, secret.expose()),
                None => request,
            };
        }
        let mut fields = vec![("grant_type", "authorization_code"), (name, code.expose())];
        fields.push(("redirect_uri", redirect_uri));
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier.expose())));
        self.post(token, fields)
    }

    fn post<'f>(&'f self, url: &Url, mut fields: Vec<(&'f str, &'f str)>) -> Request {
        let extra = &self.endpoints.dialect.token_extra;
        fields.extend(extra.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        authenticated(self.net.post(url), self.endpoints, self.client, fields)
    }

    fn get(&self, exchange: &Exchange, token: &Secret) -> Request {
        let mut query = vec![("grant_type", exchange.grant_type.as_str()), (&exchange.token, token.expose())];
        if exchange.client_id {
            query.push((token_client_id_name(self.endpoints), &self.client.client_id));
        }
        if let Some(secret) = self.client.client_secret.as_ref().filter(|_| exchange.client_secret) {
            query.push(("client_secret", secret.expose()));
        }
        // A redirect would carry the address, and with it the token, elsewhere.
        self.net.get(&exchange.url).no_redirects().query(&query)
    }
}

/// Where a person is sent.
fn client_id_name(endpoints: &Endpoints) -> &str {
    endpoints.dialect.client_id.as_deref().unwrap_or("client_id")
}

/// Where tokens are asked for.
fn token_client_id_name(endpoints: &Endpoints) -> &str {
    endpoints.dialect.token_client_id.as_deref().unwrap_or_else(|| client_id_name(endpoints))
}

fn authenticated(request: Request, endpoints: &Endpoints, client: &Client2, fields: Vec<(&str, &str)>) -> Request {
    let proof: String;
    let mut fields: Vec<(&str, &str)> = fields;
    let request = match (endpoints.client_auth, &client.client_secret) {
        (ClientAuth::Basic, Some(secret)) => {
            // RFC 6749 §2.3.1: both are form-encoded before they are put together.
            let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request.basic(encoded(&client.client_id), encoded(secret.expose()))
        }
        (ClientAuth::Body, Some(secret)) => {
            fields.push((token_client_id_name(endpoints), &client.client_id));
            fields.push(("client_secret", secret.expose()));
            request
        }
        (ClientAuth::PrivateKeyJwt, Some(secret)) => {
            proof = Key::read(secret).map(|key| assertion(&key, endpoints, client)).unwrap_or_default();
            fields.push((token_client_id_name(endpoints), &client.client_id));
            fields.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
            fields.push(("client_assertion", &proof));
            request
        }
        (ClientAuth::Basic | ClientAuth::Body | ClientAuth::PrivateKeyJwt, None) | (ClientAuth::None, _) => {
            fields.push((token_client_id_name(endpoints), &client.client_id));
            request
        }
    };
    if endpoints.dialect.json { request.json(&BTreeMap::from_iter(fields)) } else { request.form(&fields) }
}

/// What a client proves itself with by its private key (RFC 7523 §3).
fn assertion(key: &Key, endpoints: &Endpoints, client: &Client2) -> String {
    let now = Timestamp::now().as_second();
    let audience = endpoints.issuer.as_deref().unwrap_or(endpoints.token.as_str());
    let claims = json!({
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": audience,
        "jti": random().expose(),
        "iat": now,
        "exp": now + 60,
    });
    key.sign(json!({ "kid": key.thumbprint() }), &claims)
}

impl Desk<'_> {
    fn judge(&self, answer: &Answer, grant: Grant<'_>) -> Result<Credentials, TokenFailure> {
        let now = self.clock.now();
        let heard = Heard {
            status: answer.status(),
            content_type: answer.header("content-type").unwrap_or_default(),
            body: answer.body(),
        };
        let secrets: Vec<&str> = match &grant {
            Grant::Code { code, verifier, .. } => {
                [Some(code), verifier.as_ref()].into_iter().flatten().map(|s| s.expose()).collect()
            }
            Grant::Refresh(token) | Grant::Token(token, _) => vec![token.expose()],
        };
        let secrets = [secrets, self.client.client_secret.iter().map(Secret::expose).collect()].concat();
        let mut seen = Circumstances {
            host: answer.host(),
            status: heard.status,
            skew: answer.clock_skew(),
            client_id: &self.client.client_id,
            by_document: self.endpoints.client_auth == ClientAuth::PrivateKeyJwt,
            secrets: &secrets,
            ..Circumstances::default()
        };
        if let Grant::Code { redirect_uri, returned_at, repeated, .. } = grant {
            seen.since_return = Some(now.duration_since(returned_at).max(SignedDuration::ZERO));
            seen.redirect_uri = Some(redirect_uri);
            seen.repeated = repeated;
        }
        match read(heard, now, self.oauth2, &self.endpoints.dialect) {
            // A token that anybody could use is not what was asked for (RFC 9449 §5).
            Said::Tokens(_) if self.endpoints.dpop && !is_bound(answer) => {
                let diagnosis = Diagnosis::new(Code::TokenMalformed)
                    .because("The token endpoint gave a token that is not bound to the key it was asked for with.");
                Err(TokenFailure::Unusable {
                    diagnosis: Box::new(explain::circumstances(diagnosis, seen)),
                    until: None,
                })
            }
            Said::Tokens(credentials) => Ok(credentials),
            Said::Error(error) => {
                let diagnosis = Box::new(explain_token(&error, seen));
                Err(match diagnosis.code {
                    Code::ServerError | Code::RateLimited => {
                        TokenFailure::Unusable { diagnosis, until: answer.retry_after() }
                    }
                    _ => TokenFailure::Refused { error: error.error, diagnosis },
                })
            }
            Said::Unusable(code, what) => {
                let mut diagnosis = explain::circumstances(Diagnosis::new(code).saw("Answer", what), seen);
                if let Some(until) = answer.retry_after() {
                    diagnosis = diagnosis.saw("Wait until", until.to_string());
                }
                Err(TokenFailure::Unusable { diagnosis: Box::new(diagnosis), until: answer.retry_after() })
            }
        }
    }
}

fn is_bound(answer: &Answer) -> bool {
    let kind = answer.json::<serde_json::Value>().ok().and_then(|body| body["token_type"].as_str().map(str::to_owned));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"))
}

/// Gives tokens back (RFC 7009).
///
/// # Errors
/// What kept the request from being answered with success.
pub(crate) async fn revoke(
    net: &Client,
    endpoints: &Endpoints,
    client: &Client2,
    credentials: &Credentials,
) -> Result<(), String> {
    let Some(url) = &endpoints.revoke else { return Ok(()) };
    let key = dpop::key(credentials).map_err(|no_key| no_key.to_string())?;
    if let Some(name) = &endpoints.dialect.revoked {
        let form = vec![(name.as_str(), credentials.access_token.expose())];
        return given_back(authenticated(net.post(url), endpoints, client, form), key.as_ref()).await;
    }
    // A refresh token takes its access tokens with it (RFC 7009 §2.1); the access token goes as well where there is both.
    let tokens = [
        credentials.refresh_token.as_ref().map(|token| (token, "refresh_token")),
        Some((&credentials.access_token, "access_token")),
    ];
    for (token, hint) in tokens.into_iter().flatten() {
        let form = vec![("token", token.expose()), ("token_type_hint", hint)];
        given_back(authenticated(net.post(url), endpoints, client, form), key.as_ref()).await?;
    }
    Ok(())
}

async fn given_back(request: Request, key: Option<&Key>) -> Result<(), String> {
    let answer = asked(request, key).await.map_err(|failure| failure.to_string())?;
    if answer.is_success() { Ok(()) } else { Err(format!("{} answered {}", answer.host(), answer.status())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_networks::connect::Dialect;

    fn endpoints() -> Endpoints {
        Endpoints {
            authorize: "https://example.social/oauth/authorize?tenant=1".parse().unwrap(),
            token: "https://example.social/oauth/token".parse().unwrap(),
            par: None,
            dpop: false,
            revoke: None,
            registration: None,
            scope: None,
            issuer: None,
            iss_always: false,
            pkce: true,
            client_auth: ClientAuth::Basic,
            account: None,
            authorize_extra: vec![("force_login".to_owned(), "true".to_owned())],
            dialect: Dialect::default(),
        }
    }

    #[test]
    fn the_authorize_url_carries_everything_and_never_prompt_none() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let state = Secret::new("st");
        let wish = Wish { redirect_uri: "https://c.test/cb", scopes: "read write", state: &state, verifier: &verifier };
        let url = authorize_url(&endpoints(), "id", wish);
        let expected = "https://example.social/oauth/authorize?tenant=1&response_type=code&client_id=id\
            &redirect_uri=https%3A%2F%2Fc.test%2Fcb&state=st&scope=read+write\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&force_login=true";
        assert_eq!(url.as_str(), expected);
    }

    #[test]
    fn the_authorize_url_speaks_the_dialect() {
        let dialect = Dialect { client_id: Some("client_key".to_owned()), commas: true, ..Dialect::default() };
        let endpoints = Endpoints { pkce: false, authorize_extra: Vec::new(), dialect, ..endpoints() };
        let (state, verifier) = (Secret::new("st"), Secret::new("v"));
        let wish = Wish { redirect_uri: "https://c.test/cb", scopes: "a.b c", state: &state, verifier: &verifier };
        let url = authorize_url(&endpoints, "id", wish);
        let expected = "https://example.social/oauth/authorize?tenant=1&response_type=code&client_key=id\
            &redirect_uri=https%3A%2F%2Fc.test%2Fcb&state=st&scope=a.b%2Cc";
        assert_eq!(url.as_str(), expected);
    }
}
