//! Our connections as hyper's client wants them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tower::Service;

use crate::dial::{DialError, Dialed, Dialer, Io, Progress};

tokio::task_local! {
    /// The progress of the request that is being sent by this task; the pool calls the connector within it.
    pub(crate) static PROGRESS: Arc<Progress>;
}

#[derive(Clone)]
pub(crate) struct Connector(pub(crate) Arc<Dialer>);

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, DialError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialer = Arc::clone(&self.0);
        let progress = PROGRESS.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Progress::new()));
        Box::pin(async move { dialer.dial_uri(&uri, &progress).await.map(Wire::new) })
    }
}

/// What a pooled connection tells about itself with each answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// A proxy forwards the request and may have answered it itself.
    pub(crate) forwarding: bool,
}

/// A connection with what hyper's pool must know of it.
pub(crate) struct Wire {
    io: TokioIo<Box<dyn Io>>,
    forwarding: bool,
    http2: bool,
}

impl Wire {
    fn new(dialed: Dialed) -> Self {
        Self { io: TokioIo::new(dialed.io), forwarding: dialed.forwarding, http2: dialed.http2 }
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.forwarding).extra(Route { forwarding: self.forwarding });
        if self.http2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
