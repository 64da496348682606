//! Requests to a bucket go out by the one client, as everything does: by the operator's proxy, to vetted addresses.

use super::bucket::Trouble;
use async_trait::async_trait;
use bytes::Bytes;
use crier_net::{Body, Client, Download, Failure, FailureKind, Request, Stage};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use http::{Method, header};
use http_body::Frame;
use http_body_util::BodyExt;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
    },
};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::timeout;

/// Long enough for a large file that is read as fast as somebody looks at it.
const READING: Duration = Duration::from_secs(60 * 60);
/// For a piece of a file.
const WRITING: Duration = Duration::from_secs(5 * 60);
/// Until an answer begins; a bucket that is silent longer holds up people.
const SILENCE: Duration = Duration::from_secs(30);
/// Of an answer that refuses.
const MAX_WORDS: usize = 64 * 1024;

/// Carries requests to a bucket.
#[derive(Debug, Clone)]
pub(super) struct Carrier {
    pub net: Client,
    /// The bucket in words.
    pub bucket: Arc<str>,
}

impl HttpConnector for Carrier {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Carrier {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let patience = if reads(request.method()) { SILENCE } else { WRITING };
        let opened = timeout(patience, self.request(request)?.open()).await;
        let answer = opened
            .map_err(|_| HttpError::new(HttpErrorKind::Timeout, Trouble::silent(&self.bucket, patience)))?
            .map_err(|failure| self.unanswered(&failure))?;
        let mut response = HttpResponse::new(HttpResponseBody::from(Bytes::new()));
        *response.status_mut() = http::StatusCode::from_u16(answer.status()).map_err(unreadable)?;
        response.headers_mut().clone_from(answer.headers());
        *response.body_mut() = if answer.is_success() { self.pieces(answer) } else { self.refused(answer).await? };
        Ok(response)
    }
}

impl Carrier {
    fn request(&self, request: HttpRequest) -> Result<Request, HttpError> {
        let (head, body) = request.into_parts();
        let patience = if reads(&head.method) { READING } else { WRITING };
        let mut call = self
            .net
            .request(head.method, head.uri.to_string())
            .no_redirects()
            .max_body(usize::MAX)
            .timeout(patience)
            // What is kept has a length, which one that is packed for the way would lose.
            .header("accept-encoding", "identity");
        let length = body.content_length();
        if length > 0 {
            let pieces = body.into_data_stream().map_err(io::Error::other);
            call = call.body(Body::stream(pieces, u64::try_from(length).ok()), "application/octet-stream");
        }
        for (name, value) in head.headers.iter().filter(|(name, _)| !is_ours(name)) {
            let value = value.to_str().map_err(unreadable)?;
            call = match *name == header::AUTHORIZATION {
                true => call.secret_header(name.as_str(), value),
                false => call.header(name.as_str(), value),
            };
        }
        Ok(call)
    }

    /// What only the bucket's settings or its host can mend is not tried again.
    fn unanswered(&self, failure: &Failure) -> HttpError {
        let kind = match failure.kind {
            FailureKind::Timeout => HttpErrorKind::Timeout,
            _ if failure.maybe_received => HttpErrorKind::Interrupted,
            FailureKind::Refused | FailureKind::Unreachable | FailureKind::ConnectTimeout | FailureKind::DnsTimeout => {
                HttpErrorKind::Connect
            }
            FailureKind::Reset if failure.stage >= Stage::Write => HttpErrorKind::Request,
            _ => HttpErrorKind::Unknown,
        };
        HttpError::new(kind, Trouble::unanswered(&self.bucket, failure))
    }

    /// The words of a refusal, where they do not say all.
    async fn refused(&self, mut answer: Download) -> Result<HttpResponseBody, HttpError> {
        let mut words = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|failure| self.unanswered(&failure))? {
            words.extend_from_slice(&piece);
            if words.len() > MAX_WORDS {
                break;
            }
        }
        let text = String::from_utf8_lossy(&words);
        match Trouble::of(&self.bucket, answer.status(), code(&text)) {
            Some(trouble) => Err(HttpError::new(HttpErrorKind::Unknown, trouble)),
            None => Ok(text.into_owned().into()),
        }
    }

    fn pieces(&self, answer: Download) -> HttpResponseBody {
        let carrier = self.clone();
        let pieces = futures::stream::try_unfold((answer, carrier), async |(mut answer, carrier)| {
            let piece = answer.chunk().await.map_err(|failure| carrier.unanswered(&failure))?;
            Ok(piece.map(|piece| (Frame::data(piece), (answer, carrier))))
        });
        HttpResponseBody::new(Pieces(Mutex::new(pieces.boxed())))
    }
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Headers that the client writes itself.
fn is_ours(name: &header::HeaderName) -> bool {
    [header::HOST, header::CONTENT_LENGTH, header::USER_AGENT].contains(name)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> HttpError {
    HttpError::new(HttpErrorKind::Decode, error)
}

/// S3's word for what is wrong.
fn code(answer: &str) -> Option<&str> {
    Some(answer.split_once("<Code>")?.1.split_once("</Code>")?.0.trim())
}

/// The body of an answer as it comes. The lock is never waited for: it only makes what may be sent to another thread one that may be
/// shared, as is asked for.
struct Pieces(Mutex<BoxStream<'static, Result<Frame<Bytes>, HttpError>>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(cx)
    }
}
