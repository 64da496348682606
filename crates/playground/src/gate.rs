//! What stands before every endpoint that is counted and can be made to fail: it reads the request,
//! finds out who it is from, lets the faults act, and writes the log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};

use crate::accounts::AccountId;
use crate::endpoint::Endpoint;
use crate::faults::{Kind, Verdict};
use crate::line::Line;
use crate::log::Entry;
use crate::oauth::apps::Shown;
use crate::oauth::error::Problem;
use crate::oauth::grants::Why;
use crate::oauth::params::Params;
use crate::pages::viewer::Viewer;
use crate::secrets::NoRandomness;
use crate::state::{Shared, World};

/// A response extension: how the request ended, for the log.
#[derive(Clone, Debug)]
pub(crate) struct Outcome(pub(crate) String);

/// A request extension that collects the faults that fire inside an endpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(Arc<Mutex<Vec<String>>>);

impl Marks {
    pub(crate) fn add(&self, fault: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The gate of one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) shared: Shared,
    pub(crate) endpoint: Endpoint,
}

/// Who a request is from, as far as it says.
#[derive(Clone, Debug, Default)]
struct Sender {
    account: Option<AccountId>,
    client: Option<String>,
    grant_type: Option<String>,
}

pub(crate) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let at = gate.shared.now();
    let (mut parts, body) = request.into_parts();
    let line = parts.extensions.get::<ConnectInfo<Line>>().map(|info| info.0.clone());
    let body = match read(body, gate.endpoint.body_max()).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let sender = gate.sender(&parts, &body);
    let marks = Marks::default();
    parts.extensions.insert(marks.clone());
    let method = parts.method.to_string();
    let path = parts.uri.path().to_owned();

    let verdict = match gate.judge(&sender).await {
        Ok(verdict) => verdict,
        Err(problem) => return problem.into_response(),
    };
    if verdict.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(verdict.delay_ms)).await;
    }
    let request = Request::from_parts(parts, Body::from(body));
    let (mut response, cut) = answer(&verdict, request, next).await;
    if let Some(seconds) = verdict.clock {
        shift_date(response.headers_mut(), at, seconds);
    }

    let mut faults = verdict.fired;
    faults.extend(marks.take());
    let outcome = response.extensions().get::<Outcome>().map_or_else(
        || match response.status() {
            status if status.as_u16() < 400 => "ok".to_owned(),
            status => status.as_u16().to_string(),
        },
        |outcome| outcome.0.clone(),
    );
    let account = gate
        .shared
        .look(|world, _| sender.account.and_then(|id| world.accounts.get(id)).map(|account| account.handle.clone()));
    gate.shared.log().add(Entry {
        seq: 0,
        at,
        endpoint: gate.endpoint,
        method,
        path,
        client: sender.client,
        account,
        grant_type: sender.grant_type,
        status: (!cut).then(|| response.status().as_u16()),
        outcome,
        faults,
        took_ms: started.elapsed().as_secs_f64() * 1000.0,
    });
    if cut {
        return hang_up(line);
    }
    response
}

impl Gate {
    /// Finds out who sent the request, whether or not that is proven: faults and the log want to know
    /// of refused requests as well.
    fn sender(&self, parts: &Parts, body: &[u8]) -> Sender {
        match self.endpoint {
            Endpoint::Token | Endpoint::Revoke => self.by_form(&parts.headers, body),
            Endpoint::Authorize | Endpoint::Consent => Sender {
                client: parts
                    .uri
                    .query()
                    .and_then(|query| Params::parse(query.as_bytes()).get("client_id").map(str::to_owned)),
                ..viewing(parts)
            },
            Endpoint::Avatar => Sender {
                account: parts
                    .uri
                    .path()
                    .rsplit('/')
                    .next()
                    .and_then(|file| file.split('.').next())
                    .and_then(|id| id.parse().ok()),
                ..Sender::default()
            },
            endpoint if endpoint.is_api() => self.by_token(&parts.headers).unwrap_or_else(|| viewing(parts)),
            _ => Sender::default(),
        }
    }

    fn by_form(&self, headers: &HeaderMap, body: &[u8]) -> Sender {
        let params = Params::parse(body);
        let account = self.shared.look(|world, _| {
            let grants = &world.oauth.grants;
            params
                .get("code")
                .and_then(|code| grants.code_account(code))
                .or_else(|| params.get("refresh_token").and_then(|token| grants.refresh_account(token)))
                .or_else(|| {
                    let token = params.get("token")?;
                    grants.refresh_account(token).or_else(|| Some(grants.owner(token)?.0))
                })
        });
        Sender {
            account,
            client: Shown::read(headers, &params).ok().and_then(|shown| shown.client_id),
            grant_type: params.get("grant_type").map(str::to_owned),
        }
    }

    /// None where no token was sent.
    fn by_token(&self, headers: &HeaderMap) -> Option<Sender> {
        let token = bearer(headers)?;
        Some(self.shared.look(|world, _| {
            world
                .oauth
                .grants
                .owner(token)
                .map(|(account, client)| Sender {
                    account: Some(account),
                    client: Some(client.to_owned()),
                    grant_type: None,
                })
                .unwrap_or_default()
        }))
    }

    async fn judge(&self, sender: &Sender) -> Result<Verdict, Problem> {
        let account = sender.account;
        if !self.shared.look(|world, _| world.faults.any(self.endpoint, account)) {
            return Ok(Verdict::default());
        }
        let verdict = self
            .shared
            .change(|world, now| {
                let verdict = world.faults.meet(self.endpoint, account);
                for kind in &verdict.first {
                    act(world, kind, account, now)?;
                }
                Ok::<_, NoRandomness>(verdict)
            })
            .await??;
        tracing::info!(endpoint = %self.endpoint, faults = ?verdict.fired, "faults fired");
        Ok(verdict)
    }
}

/// Who is signed in in the browser that sent it.
fn viewing(parts: &Parts) -> Sender {
    let viewer = parts.extensions.get::<Viewer>();
    Sender { account: viewer.and_then(|viewer| viewer.account().map(|account| account.id)), ..Sender::default() }
}

/// Makes a lasting change, to `account` or to all.
pub(crate) fn act(
    world: &mut World,
    kind: &Kind,
    account: Option<AccountId>,
    now: Timestamp,
) -> Result<(), NoRandomness> {
    match kind {
        Kind::RevokeTokens => world
            .oauth
            .grants
            .revoke_where(Why::Fault, now, |grant| account.is_none_or(|account| grant.account == account)),
        Kind::RotateKeys => world.oauth.apps.rotate_all(now)?,
        Kind::Rename { to } => {
            if let Some(account) = account {
                world.accounts.rename(account, to.as_deref());
            }
        }
        _ => {}
    }
    Ok(())
}

/// The access token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Reads a body of at most `max` bytes. What is too large is read to its end nevertheless (up to a
/// point): many clients see no answer to a request that they could not finish sending.
async fn read(body: Body, max: usize) -> Result<Bytes, Problem> {
    const DRAINED: usize = 64 * 1024 * 1024;
    let mut stream = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Problem::invalid_request(format!("The body could not be read: {error}.")))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= max {
            kept.extend_from_slice(&chunk);
        } else if seen > DRAINED {
            break;
        }
    }
    if seen > max {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            format!("The request is larger than {max} bytes."),
        ));
    }
    Ok(kept.freeze())
}

/// The answer, and whether the connection is to be cut instead of sending it.
async fn answer(verdict: &Verdict, request: Request, next: Next) -> (Response, bool) {
    let Some(kind) = &verdict.answer else {
        return (next.run(request).await, false);
    };
    let response = match kind {
        Kind::Reset { processed } => {
            let response = if *processed {
                let mut response = next.run(request).await;
                let outcome = Outcome("reset_processed".to_owned());
                response.extensions_mut().insert(outcome);
                response
            } else {
                noted(().into_response(), "reset_unprocessed")
            };
            return (response, true);
        }
        Kind::Status { code } => broken(*code),
        Kind::RateLimit { retry_after } => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            format!("Too many requests. Come back in {retry_after} s. (A fault set on purpose.)"),
        )
        .retry_after(*retry_after)
        .into_response(),
        Kind::HtmlPage => noted(Html(PORTAL).into_response(), "html_page"),
        Kind::BrokenJson => noted(json_text(Bytes::from_static(b"{\"id\": \"1\", \"acc")), "broken_json"),
        Kind::BigBody { bytes } => noted(json_text(big(*bytes)), "big_body"),
        _ => return (next.run(request).await, false),
    };
    (response, false)
}

fn broken(code: u16) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = match code {
        503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "refused",
    };
    Problem::new(status, error, format!("Playground answers {code} because a fault was set on purpose."))
        .into_response()
}

fn noted(mut response: Response, outcome: &str) -> Response {
    response.extensions_mut().insert(Outcome(outcome.to_owned()));
    response
}

fn json_text(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A JSON object of exactly `bytes` bytes, or as few as there can be.
fn big(bytes: usize) -> Bytes {
    const HEAD: &[u8] = b"{\"padding\":\"";
    const TAIL: &[u8] = b"\"}";
    let filling = bytes.saturating_sub(HEAD.len() + TAIL.len());
    let mut body = BytesMut::with_capacity(bytes);
    body.extend_from_slice(HEAD);
    body.resize(HEAD.len() + filling, b'x');
    body.extend_from_slice(TAIL);
    body.freeze()
}

const PORTAL: &str = "<!doctype html><html lang=\"en\"><head><title>Guest network</title></head>\
<body><h1>Welcome to the guest network</h1><p>Accept the terms of use to go online.</p></body></html>";

fn shift_date(headers: &mut HeaderMap, at: Timestamp, seconds: i64) {
    let shifted = at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at);
    let text = shifted.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(header::DATE, value);
    }
}

/// Ends the connection. Where the router runs on a listener of its own that gives no hold on the
/// line, a body that breaks off is the nearest thing.
fn hang_up(line: Option<Line>) -> Response {
    match line {
        Some(line) => {
            line.cut();
            StatusCode::OK.into_response()
        }
        None => {
            let gone =
                futures::stream::iter([Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))]);
            Response::new(Body::from_stream(gone))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_big_body_is_json_of_that_size() {
        let body = big(1000);
        assert_eq!(body.len(), 1000);
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        assert_eq!(big(0).len(), "{\"padding\":\"\"}".len());
    }

    #[test]
    fn the_date_is_an_http_date() {
        let mut headers = HeaderMap::new();
        shift_date(&mut headers, Timestamp::UNIX_EPOCH, 3600);
        assert_eq!(headers.get(header::DATE).unwrap(), "Thu, 01 Jan 1970 01:00:00 GMT");
    }
}
