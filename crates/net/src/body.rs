//! What a request carries.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http_body::{Frame, SizeHint};

/// A stream of a body's pieces. An error in it ends the request with [`FailureKind::Local`](crate::FailureKind::Local).
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The body of a request.
pub struct Body(pub(crate) Content);

pub(crate) enum Content {
    Whole(Bytes),
    Pieces { pieces: Pieces, length: Option<u64> },
}

impl Body {
    /// A body read as it is sent, for files too large for memory. With a `length` in bytes it is announced, which many
    /// hosts demand; a stream of another length breaks the request off.
    pub fn stream(pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static, length: Option<u64>) -> Self {
        Self(Content::Pieces { pieces: Box::pin(pieces), length })
    }

    /// The body's length in bytes, where known beforehand.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Content::Whole(bytes) => u64::try_from(bytes.len()).ok(),
            Content::Pieces { length, .. } => *length,
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self(Content::Whole(Bytes::new()))
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Content::Whole(bytes.into()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("length", &self.length()).finish_non_exhaustive()
    }
}

/// The stream of a body could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the data to send can't be read: {0}")]
pub(crate) struct Unreadable(io::Error);

/// A body on its way, which tells when hyper has taken the last of it.
pub(crate) struct Outgoing {
    content: Content,
    taken: Arc<AtomicBool>,
}

impl Outgoing {
    pub(crate) fn new(body: Body) -> (Self, Arc<AtomicBool>) {
        let empty = body.length() == Some(0);
        let taken = Arc::new(AtomicBool::new(empty));
        let outgoing = Self { content: body.0, taken: Arc::clone(&taken) };
        (outgoing, taken)
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = Unreadable;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unreadable>>> {
        let this = self.get_mut();
        let piece = match &mut this.content {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => {
                this.taken.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Ok(std::mem::take(bytes))))
            }
            Content::Pieces { pieces, .. } => pieces.as_mut().poll_next(cx),
        };
        match piece {
            Poll::Ready(None) => {
                this.taken.store(true, Ordering::Relaxed);
                Poll::Ready(None)
            }
            Poll::Ready(Some(piece)) => Poll::Ready(Some(piece.map(Frame::data).map_err(Unreadable))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Pieces { length: Some(length), .. } => SizeHint::with_exact(*length),
            Content::Pieces { length: None, .. } => SizeHint::default(),
        }
    }
}
