//! One request: built, sent, followed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;
use tower::ServiceExt;
use tower_http::decompression::DecompressionBody;
use tracing::Instrument;
use url::Url;

use crate::answer::{Answer, Download, Head};
use crate::body::{Body, Content, Outgoing};
use crate::classify::{Verdict, classify};
use crate::client::Client;
use crate::connector::{PROGRESS, Route};
use crate::dial::{Progress, Target};
use crate::failure::{Failure, FailureKind, Stage};
use crate::measure::measured;
use crate::multipart::Multipart;
use crate::{proxy, redirect, retry_after};

/// A request being built. Mistakes made while building come out when it is sent.
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    client: Client,
    method: Method,
    url: Result<Url, Failure>,
    headers: HeaderMap,
    body: Body,
    timeout: Duration,
    max_body: usize,
    redirects: usize,
}

impl Request {
    pub(crate) fn new(client: Client, method: Method, url: Result<Url, Failure>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, client.0.dialer.user_agent.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        // Only reading is followed by itself: a POST that moved must not become something else, or happen twice.
        let follows = method == Method::GET || method == Method::HEAD;
        Self {
            timeout: client.0.timeout,
            max_body: client.0.max_body,
            redirects: if follows { redirect::LIMIT } else { 0 },
            client,
            method,
            url,
            headers,
            body: Body::default(),
        }
    }

    /// Sets `Authorization: Bearer …`. Never followed to another host.
    pub fn bearer(self, token: impl AsRef<str>) -> Self {
        self.secret_header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Sets `Authorization: Basic …`. Never followed to another host.
    pub fn basic(self, user: impl AsRef<str>, password: impl AsRef<str>) -> Self {
        let pair = format!("{}:{}", user.as_ref(), password.as_ref());
        self.secret_header("authorization", format!("Basic {}", STANDARD.encode(pair)))
    }

    /// Sets a header, replacing one of the same name.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.set_header(name, value.as_ref(), false)
    }

    /// Sets a header that is a credential: not followed to another host, not shown.
    pub fn secret_header(self, name: &str, value: impl AsRef<str>) -> Self {
        self.set_header(name, value.as_ref(), true)
    }

    fn set_header(mut self, name: &str, value: &str, secret: bool) -> Self {
        let (Ok(key), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) else {
            return self.refuse(&format!("the header {name} has characters a header can't carry"));
        };
        value.set_sensitive(secret);
        self.headers.insert(key, value);
        self
    }

    /// Adds parameters to the address: a struct, a map or a slice of pairs.
    pub fn query<T: Serialize + ?Sized>(mut self, parameters: &T) -> Self {
        let encoded = match serde_urlencoded::to_string(parameters) {
            Ok(encoded) => encoded,
            Err(error) => return self.refuse(&format!("the query can't be written: {error}")),
        };
        if let Ok(url) = &mut self.url
            && !encoded.is_empty()
        {
            let query = match url.query() {
                Some(query) if !query.is_empty() => format!("{query}&{encoded}"),
                _ => encoded,
            };
            url.set_query(Some(&query));
        }
        self
    }

    /// Sends `value` as JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.body(json, "application/json"),
            Err(error) => self.refuse(&format!("the JSON body can't be written: {error}")),
        }
    }

    /// Sends a form (`application/x-www-form-urlencoded`): a struct, a map or a slice of pairs.
    pub fn form<T: Serialize + ?Sized>(self, fields: &T) -> Self {
        match serde_urlencoded::to_string(fields) {
            Ok(form) => self.body(form, "application/x-www-form-urlencoded"),
            Err(error) => self.refuse(&format!("the form can't be written: {error}")),
        }
    }

    /// Sends bytes, text or a [`Body::stream`].
    pub fn body(mut self, body: impl Into<Body>, content_type: &str) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// Sends a form with files.
    pub fn multipart(self, form: Multipart) -> Self {
        let content_type = form.content_type();
        self.body(form.into_body(), &content_type)
    }

    /// Time for everything, from the look-up to the end of the body. Connecting has its own limit besides.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Largest answer accepted, in bytes after decompression.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Returns a redirect as the answer instead of following it.
    pub fn no_redirects(mut self) -> Self {
        self.redirects = 0;
        self
    }

    /// The method and the address; none after a mistake that comes out when it is sent.
    #[must_use]
    pub fn target(&self) -> Option<(&str, &Url)> {
        self.url.as_ref().ok().map(|url| (self.method.as_str(), url))
    }

    /// Whether a header of this name is set.
    #[must_use]
    pub fn carries(&self, header: &str) -> bool {
        self.headers.contains_key(header)
    }

    /// The same request once more; none when its body is a stream, which can be sent only once.
    pub fn again(&self) -> Option<Self> {
        let Content::Whole(bytes) = &self.body.0 else { return None };
        Some(Self {
            client: self.client.clone(),
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: bytes.clone().into(),
            ..*self
        })
    }

    fn refuse(mut self, detail: &str) -> Self {
        if let Ok(url) = &self.url {
            let host = url.host_str().unwrap_or_default();
            self.url = Err(Failure::before_sending(Stage::Url, FailureKind::BadRequest, host, detail));
        }
        self
    }

    /// Sends the request and reads the answer to its end.
    ///
    /// # Errors
    ///
    /// When no complete answer came. Any status is an answer.
    pub async fn send(self) -> Result<Answer, Failure> {
        Box::pin(self.sent()).await
    }

    async fn sent(self) -> Result<Answer, Failure> {
        let heard = self.client.1.clone();
        let span = self.span();
        let answer = measured(async { self.opened().await?.collect().await }).instrument(span.clone()).await?;
        span.record("status", answer.status());
        if let Some(heard) = heard {
            heard.note_answer(&answer);
        }
        Ok(answer)
    }

    /// Sends the request and returns with the head of the answer; the body is read from what is returned, for bodies too large
    /// for memory. The request's limits of time and size go on to count.
    ///
    /// # Errors
    ///
    /// When no head of an answer came.
    pub async fn open(self) -> Result<Download, Failure> {
        let span = self.span();
        let download = Box::pin(measured(self.opened())).instrument(span.clone()).await?;
        span.record("status", download.status());
        Ok(download)
    }

    /// For the log and traces: who is called, and how it answers.
    fn span(&self) -> tracing::Span {
        let host = self.url.as_ref().ok().and_then(Url::host_str).unwrap_or_default();
        tracing::info_span!("call", method = %self.method, host, status = tracing::field::Empty)
    }

    async fn opened(self) -> Result<Download, Failure> {
        let started = Instant::now();
        let mut hop = Hop {
            client: self.client,
            method: self.method,
            url: self.url?,
            headers: self.headers,
            started,
            timeout: self.timeout,
        };
        let mut body = self.body;
        let mut left = self.redirects;
        let followed = left > 0;
        loop {
            // What is streamed can be sent once; what is held in memory again, should a redirect ask for it.
            let again = match &body.0 {
                Content::Whole(bytes) => Some(bytes.clone()),
                Content::Pieces { .. } => None,
            };
            let response = hop.exchange(body).await?;
            let next = match (&again, followed) {
                (Some(_), true) => hop.next(&response)?,
                _ => None,
            };
            let Some(next) = next else {
                return Ok(hop.download(response, self.max_body));
            };
            if left == 0 {
                let detail = format!("more than {} redirects", redirect::LIMIT);
                return Err(hop.redirect_failed(FailureKind::TooManyRedirects, &response, &detail));
            }
            left -= 1;
            redirect::drop_secrets(&mut hop.headers, &hop.url, &next);
            hop.url = next;
            body = again.unwrap_or_default().into();
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.as_ref().ok().and_then(Url::host_str);
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &host)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

type Response = http::Response<DecompressionBody<Incoming>>;

/// One exchange with one host.
struct Hop {
    client: Client,
    method: Method,
    url: Url,
    headers: HeaderMap,
    started: Instant,
    timeout: Duration,
}

impl Hop {
    fn deadline(&self) -> Instant {
        // Too far off to be represented is as good as never.
        let far = Duration::from_secs(30 * 24 * 3600);
        self.started + self.timeout.min(far)
    }

    /// A host may close a kept connection in the very moment it is used again. A request that changes nothing is then made
    /// once more, on a connection of its own; for any other the caller must know.
    async fn exchange(&self, body: Body) -> Result<Response, Failure> {
        let harmless = matches!(self.method, Method::GET | Method::HEAD) && body.length() == Some(0);
        match self.exchange_once(body).await {
            Err(Missed { failure, reused: true }) if harmless && failure.kind == FailureKind::Reset => {
                self.exchange_once(Body::default()).await.map_err(|missed| missed.failure)
            }
            outcome => outcome.map_err(|missed| missed.failure),
        }
    }

    async fn exchange_once(&self, body: Body) -> Result<Response, Missed> {
        self.client.vet_host(&self.url).map_err(|failure| failure.after(self.started.elapsed()))?;
        let (outgoing, taken) = Outgoing::new(body);
        let mut request = self.build(outgoing)?;
        let connection = capture_connection(&mut request);
        let progress = Arc::new(Progress::new());
        let sending = PROGRESS.scope(Arc::clone(&progress), self.client.0.http.clone().oneshot(request));
        let outcome = tokio::time::timeout_at(self.deadline(), Box::pin(sending)).await;
        let reached = Reached { connection, taken };
        let response = match outcome {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let verdict = classify(&error, reached.stage(&progress));
                // A connection made for this request has gone beyond looking up.
                let reused = reached.connected() && progress.stage() == Stage::Resolve;
                return Err(Missed { failure: self.failed(&verdict, &reached), reused });
            }
            Err(_) => return Err(self.failed(&self.timed_out(&reached, &progress), &reached).into()),
        };
        self.refused_by_proxy(&response)?;
        self.note_limits(&response);
        Ok(response)
    }

    fn build(&self, outgoing: Outgoing) -> Result<http::Request<Outgoing>, Failure> {
        let host = self.url.host_str().unwrap_or_default();
        let uri: http::Uri = self.url.as_str().parse().map_err(|error| {
            let detail = format!("the address can't be sent: {error}");
            Failure::before_sending(Stage::Url, FailureKind::BadUrl, host, &detail)
        })?;
        let mut request = http::Request::new(outgoing);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        if self.url.scheme() == "http"
            && let Some(target) = Target::of(&self.url)
            && let Some(proxy) = self.client.0.dialer.proxies.towards(&target)
            && let Some(authorization) = proxy.authorization()
        {
            let headers = request.headers_mut();
            headers.insert(header::PROXY_AUTHORIZATION, authorization.clone());
        }
        Ok(request)
    }

    fn timed_out(&self, reached: &Reached, progress: &Progress) -> Verdict {
        let host = self.url.host_str().unwrap_or_default();
        let after = self.started.elapsed();
        if !reached.connected() {
            return classify(&progress.timed_out(host, after), Stage::Connect);
        }
        let stage = reached.stage(progress);
        let what = match stage {
            Stage::Write => "was still being sent",
            _ => "was not answered",
        };
        Verdict {
            stage,
            kind: FailureKind::Timeout,
            detail: format!("the request {what} after {:.1} s", after.as_secs_f64()),
            status: None,
            unsent: false,
        }
    }

    fn failed(&self, verdict: &Verdict, reached: &Reached) -> Failure {
        Failure {
            stage: verdict.stage,
            kind: verdict.kind,
            host: self.url.host_str().unwrap_or_default().to_owned(),
            detail: crate::redact(&verdict.detail),
            elapsed: self.started.elapsed(),
            maybe_received: reached.connected() && !verdict.unsent,
            status: verdict.status,
        }
    }

    /// A proxy that forwards single requests refuses with an answer of its own.
    fn refused_by_proxy(&self, response: &Response) -> Result<(), Failure> {
        let forwarded = response.extensions().get::<Route>().is_some_and(|route| route.forwarding);
        if !forwarded || !proxy::is_its_own(response.status(), response.headers()) {
            return Ok(());
        }
        let status = response.status().as_u16();
        let kind = proxy::refusal_kind(status);
        let detail = match kind {
            FailureKind::ProxyAuth => {
                "the proxy asks for a name and password, or for others than those given".to_owned()
            }
            _ => {
                format!("the proxy answered {status} itself when asked for {}", self.url.host_str().unwrap_or_default())
            }
        };
        Err(Failure {
            stage: Stage::Proxy,
            kind,
            host: self.url.host_str().unwrap_or_default().to_owned(),
            detail,
            elapsed: self.started.elapsed(),
            // What it refuses it doesn't send on; what failed behind it may have arrived.
            maybe_received: kind == FailureKind::ProxyOther,
            status: Some(status),
        })
    }

    fn note_limits(&self, response: &Response) {
        if let Some(heard) = self.client.1.as_ref().filter(|_| response.status().is_success())
            && let Some(until) = retry_after::used_up(response.headers(), Timestamp::now())
        {
            heard.note(until);
        }
    }

    /// Where the answer sends us, if it does.
    fn next(&self, response: &Response) -> Result<Option<Url>, Failure> {
        if !redirect::is_redirect(response.status().as_u16()) {
            return Ok(None);
        }
        let Some(location) = response.headers().get(header::LOCATION) else {
            return Ok(None);
        };
        let location = String::from_utf8_lossy(location.as_bytes());
        redirect::destination(&self.url, &location)
            .map(Some)
            .map_err(|detail| self.redirect_failed(FailureKind::BadRedirect, response, &detail))
    }

    fn redirect_failed(&self, kind: FailureKind, response: &Response, detail: &str) -> Failure {
        Failure {
            stage: Stage::FirstByte,
            kind,
            host: self.url.host_str().unwrap_or_default().to_owned(),
            detail: crate::redact(detail),
            elapsed: self.started.elapsed(),
            maybe_received: true,
            status: Some(response.status().as_u16()),
        }
    }

    fn download(self, response: Response, limit: usize) -> Download {
        let deadline = self.deadline();
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        let bodiless = self.method == Method::HEAD || matches!(status, 204 | 304);
        Download {
            head: Head {
                status,
                headers: parts.headers,
                url: self.url,
                received: Timestamp::now(),
                started: self.started,
            },
            body: (!bodiless).then_some(body),
            read: 0,
            limit,
            deadline,
        }
    }
}

/// An exchange that did not come about, and whether it was tried on a connection that had served before.
struct Missed {
    failure: Failure,
    reused: bool,
}

impl From<Failure> for Missed {
    fn from(failure: Failure) -> Self {
        Self { failure, reused: false }
    }
}

/// How far a request has come, as hyper tells.
struct Reached {
    connection: CaptureConnection,
    taken: Arc<AtomicBool>,
}

impl Reached {
    fn connected(&self) -> bool {
        self.connection.connection_metadata().is_some()
    }

    fn stage(&self, progress: &Progress) -> Stage {
        if !self.connected() {
            progress.stage()
        } else if self.taken.load(Ordering::Relaxed) {
            Stage::FirstByte
        } else {
            Stage::Write
        }
    }
}
