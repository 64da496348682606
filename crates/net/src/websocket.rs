//! WebSockets (RFC 6455), for relays and live streams.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::header;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

use crate::classify::classify;
use crate::client::{Client, read_url};
use crate::dial::{Io, Progress, Purpose, Target};
use crate::failure::{Failure, FailureKind, Stage};
use crate::reach::dial_failed;

/// Time for sending one message, and for the closing handshake.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// A message received.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
        }
    }
}

/// An open WebSocket. Dropping it closes the connection without a word.
pub struct WebSocket {
    stream: WebSocketStream<Box<dyn Io>>,
    host: String,
}

impl Client {
    /// Opens a WebSocket to a `ws` or `wss` address, through the same proxy, vetting and TLS as requests. A message may be as large
    /// as the client's largest body.
    ///
    /// # Errors
    ///
    /// As for a request; [`FailureKind::UpgradeRefused`] with the status where the host answers with something else.
    pub async fn websocket(&self, url: impl AsRef<str>) -> Result<WebSocket, Failure> {
        let started = Instant::now();
        let url = read_url(url.as_ref(), &["ws", "wss"])?;
        let host = url.host_str().unwrap_or_default();
        let bad = |detail: &str| Failure::before_sending(Stage::Url, FailureKind::BadUrl, host, detail);
        let target = Target::of(&url).ok_or_else(|| bad("the address has no host"))?;
        let mut request =
            url.as_str().into_client_request().map_err(|error| bad(&format!("the address can't be sent: {error}")))?;
        let user_agent = self.0.dialer.user_agent.clone();
        request.headers_mut().insert(header::USER_AGENT, user_agent);
        let progress = Progress::new();
        let dialed = self
            .0
            .dialer
            .dial(&target, Purpose::WebSocket, &progress)
            .await
            .map_err(|error| dial_failed(host, &error, started.elapsed()))?;
        let limits =
            WebSocketConfig::default().max_message_size(Some(self.0.max_body)).max_frame_size(Some(self.0.max_body));
        let upgrade = tokio_tungstenite::client_async_with_config(request, dialed.io, Some(limits));
        let deadline = started + self.0.timeout;
        match tokio::time::timeout_at(deadline, Box::pin(upgrade)).await {
            Ok(Ok((stream, _))) => Ok(WebSocket { stream, host: host.to_owned() }),
            Ok(Err(error)) => Err(failed(host, &error, Stage::FirstByte, started)),
            Err(_) => Err(timed_out(host, Stage::FirstByte, "the upgrade was not answered", started)),
        }
    }
}

impl WebSocket {
    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// At [`Stage::Write`]; the message may have arrived all the same.
    pub async fn send(&mut self, text: impl Into<String>) -> Result<(), Failure> {
        let started = Instant::now();
        let sending = self.stream.send(Frame::text(text.into()));
        match tokio::time::timeout(SEND_TIMEOUT, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failed(&self.host, &error, Stage::Write, started)),
            Err(_) => Err(timed_out(&self.host, Stage::Write, "the message could not be sent", started)),
        }
    }

    /// The next message; nothing once the other end has closed. Pings are answered on the way. May be called again after a
    /// timeout: no message is lost by it.
    ///
    /// # Errors
    ///
    /// At [`Stage::Body`]: [`FailureKind::Timeout`], [`FailureKind::Reset`], [`FailureKind::TooLarge`], [`FailureKind::Malformed`].
    pub async fn next(&mut self, timeout: Duration) -> Result<Option<Message>, Failure> {
        let started = Instant::now();
        let deadline = started + timeout;
        loop {
            let frame = match tokio::time::timeout_at(deadline, self.stream.next()).await {
                Err(_) => {
                    return Err(timed_out(&self.host, Stage::Body, "no message came", started));
                }
                Ok(None | Some(Err(Error::ConnectionClosed))) => return Ok(None),
                Ok(Some(Err(error))) => {
                    return Err(failed(&self.host, &error, Stage::Body, started));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            match frame {
                Frame::Text(text) => return Ok(Some(Message::Text(text.as_str().to_owned()))),
                Frame::Binary(bytes) => return Ok(Some(Message::Binary(bytes))),
                // The rest of the closing handshake follows before the stream ends.
                Frame::Close(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_) => {}
            }
        }
    }

    /// Says goodbye and waits a moment for the answer. A host that is gone already is no error.
    ///
    /// # Errors
    ///
    /// When the goodbye could not be sent.
    pub async fn close(mut self) -> Result<(), Failure> {
        let started = Instant::now();
        let closing = async {
            match self.stream.close(None).await {
                Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => {}
                Err(error) => return Err(failed(&self.host, &error, Stage::Write, started)),
            }
            while let Some(Ok(_)) = self.stream.next().await {}
            Ok(())
        };
        // Not answering a goodbye is impolite, but closed it is.
        tokio::time::timeout(CLOSE_TIMEOUT, closing).await.unwrap_or(Ok(()))
    }

    /// The host at the other end.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("host", &self.host).finish_non_exhaustive()
    }
}

fn failed(host: &str, error: &Error, stage: Stage, started: Instant) -> Failure {
    let verdict = classify(error, stage);
    Failure {
        stage: verdict.stage,
        kind: verdict.kind,
        host: host.to_owned(),
        detail: crate::redact(&verdict.detail),
        elapsed: started.elapsed(),
        maybe_received: !verdict.unsent,
        status: verdict.status,
    }
}

fn timed_out(host: &str, stage: Stage, what: &str, started: Instant) -> Failure {
    let elapsed = started.elapsed();
    Failure {
        stage,
        kind: FailureKind::Timeout,
        host: host.to_owned(),
        detail: format!("{what} within {:.1} s", elapsed.as_secs_f64()),
        elapsed,
        maybe_received: true,
        status: None,
    }
}
