//! Publishing as a sequence of named steps that survive a crash.

use crate::{Credentials, Detail, Refusal, connect::Facts};
use async_trait::async_trait;
use bytes::Bytes;
use crier_model::{Clock, Document, FrameRate, PublicationId, Timestamp};
use crier_net::{Body, Client};
use futures::{TryStreamExt, stream::BoxStream};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::future::Future;
use std::io;
use std::time::Duration;

/// What to do about a step that was begun and whose answer is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// The network takes the same key twice and does the thing once: repeat it.
    Key(String),
    /// Look for it among the account's recent posts ([`Recent`]).
    Look,
    /// Nothing can tell: ask people.
    Ask,
    /// Doing it twice harms nobody (an upload that stays unattached).
    Repeatable,
}

impl Once {
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Look => "look",
            Self::Ask => "ask",
            Self::Repeatable => "repeatable",
        }
    }

    fn may_repeat(&self) -> bool {
        matches!(self, Self::Key(_) | Self::Repeatable)
    }
}

/// How a step stands in the journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    Fresh,
    /// Answered in an earlier run.
    Answered(serde_json::Value),
    /// Begun in an earlier run, answer unknown.
    Interrupted,
}

/// Where steps are written down before and after they are taken. An error means that the step must not be taken: the
/// journal can't be written, or another worker has taken over.
#[async_trait]
pub trait Journal: Send + Sync {
    async fn begin(&self, name: &str, once: &Once) -> Result<Begun, JournalError>;
    async fn answer(&self, name: &str, answer: serde_json::Value) -> Result<(), JournalError>;
    /// The step certainly did not happen.
    async fn abandon(&self, name: &str) -> Result<(), JournalError>;
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("the step could not be recorded: {0}")]
pub struct JournalError(pub String);

/// What a request carries in memory, in bytes; what is larger is read as it is sent.
pub const WHOLE: u64 = 8 * 1024 * 1024;
/// What an upload is given time for, in bytes a second: a slower one is broken off, and tried again.
const PACE: u64 = 1024 * 1024;

/// How long before its time a publication's files may be uploaded, with room for a clock that is set meanwhile.
const AHEAD: SignedDuration = SignedDuration::from_mins(20);

/// Where the bytes of a file come from.
#[async_trait]
pub trait MediaSource: Send + Sync {
    /// Bytes `from` to `to` (exclusive) of it one after another, a little at a time.
    async fn stream(
        &self,
        media: &MediaItem,
        from: u64,
        to: u64,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, Refusal>;

    /// The same bytes at once. What may be large is better asked for by [`Cx::body_of`].
    async fn piece(&self, media: &MediaItem, from: u64, to: u64) -> Result<Bytes, Refusal> {
        let pieces: Vec<Bytes> = self.stream(media, from, to).await?.try_collect().await.map_err(|error| {
            Refusal::Temporary(Detail::new(format!("the file “{}” can't be read: {error}", media.name)))
        })?;
        Ok(pieces.concat().into())
    }
}

/// A file as a network gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaItem {
    pub id: crier_model::MediaId,
    pub name: String,
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// Pixels; 0 when unknown.
    pub width: u32,
    pub height: u32,
    /// How long it moves; 0 for what stands still, and when unknown.
    pub duration_ms: u64,
    /// What picture and sound are coded in; none when unknown.
    pub codecs: Vec<String>,
    /// Of what moves; none when unknown.
    pub frame_rate: Option<FrameRate>,
    /// Whether this installation can make one of it that keeps to other limits.
    pub convertible: bool,
    /// Empty when none was written.
    pub alt: String,
    /// Hex SHA-256 of the content.
    pub sha256: String,
    /// Where anyone can fetch it; none when this server is not reachable from outside.
    pub url: Option<String>,
}

impl MediaItem {
    /// How long sending it may take: `least`, and longer for what is large.
    #[must_use]
    pub fn upload_time(&self, least: Duration) -> Duration {
        upload_time(least, self.size)
    }
}

/// How long sending so many bytes may take: `least`, and longer where they are many.
#[must_use]
pub fn upload_time(least: Duration, bytes: u64) -> Duration {
    least + Duration::from_secs(bytes / PACE)
}

/// What the network made of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub remote_id: String,
    /// Where people see it.
    pub url: Option<String>,
    /// What a reply to it needs besides the id.
    #[serde(default)]
    pub data: serde_json::Value,
}

/// The parts sent before this one, for replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    pub root: Sent,
    pub parent: Sent,
}

/// One part to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// 0 for the first.
    pub index: usize,
    pub body: Document,
    pub media: Vec<MediaItem>,
    pub settings: serde_json::Map<String, serde_json::Value>,
    pub thread: Option<Thread>,
}

impl Item {
    /// Of all its files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.media.iter().map(|media| media.size).sum()
    }
}

/// What a network may use while it publishes.
#[allow(missing_debug_implementations, reason = "holds trait objects and credentials")]
pub struct Cx<'a> {
    pub net: &'a Client,
    pub clock: &'a dyn Clock,
    pub credentials: &'a Credentials,
    /// Origin of the channel's server; none for networks without instances.
    pub instance: Option<&'a str>,
    /// The network's id of the account.
    pub account: &'a str,
    pub handle: &'a str,
    pub facts: &'a Facts,
    pub publication: PublicationId,
    /// When it was to go out; the same on every try.
    pub due_at: Timestamp,
    pub media: &'a dyn MediaSource,
    pub journal: &'a dyn Journal,
    /// Set before each part, so that step names of different parts differ.
    pub part: usize,
}

impl Cx<'_> {
    /// A key that is the same for every try of this part and differs for every other part.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}-{}", self.publication, self.part)
    }

    /// The name of the step that uploads the file at `index`: another one every `life`, for networks forget files that
    /// nothing refers to, and the answer recorded in a try long ago would name one that is gone. What is uploaded ahead of the due
    /// time is found by the try at that time.
    #[must_use]
    pub fn upload_step(&self, index: usize, life: SignedDuration) -> String {
        format!("upload {index} for {}, {}", self.due_at.as_second(), self.lives(life))
    }

    /// How many lives of so long have gone by since the first uploads for this due time.
    #[must_use]
    pub fn lives(&self, life: SignedDuration) -> i64 {
        let since = self.clock.now().duration_since(self.due_at) + AHEAD;
        since.as_secs().div_euclid(life.as_secs().max(1))
    }

    /// A file as a request carries it: at once where it is small, else read as it is sent, which can be done only once.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn body(&self, media: &MediaItem) -> Result<Body, Refusal> {
        self.body_of(media, 0, media.size).await
    }

    /// A picture whole, for requests that carry it written in letters: pictures are never large.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn picture(&self, media: &MediaItem) -> Result<Bytes, Refusal> {
        self.media.piece(media, 0, media.size).await
    }

    /// Bytes `from` to `to` (exclusive) of a file as a request carries them.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn body_of(&self, media: &MediaItem, from: u64, to: u64) -> Result<Body, Refusal> {
        let length = to.saturating_sub(from);
        if length <= WHOLE {
            return Ok(self.media.piece(media, from, to).await?.into());
        }
        Ok(Body::stream(self.media.stream(media, from, to).await?, Some(length)))
    }

    /// Uploads the files of a part, each by a step of its own, and gives what the network made of them, in order. `life` is how long it
    /// keeps files that nothing refers to.
    ///
    /// # Errors
    /// The first refusal, with the file it is about.
    pub async fn uploads<'m, T, F, Fut>(
        &self,
        item: &'m Item,
        life: SignedDuration,
        upload: F,
    ) -> Result<Vec<T>, Refusal>
    where
        T: Serialize + DeserializeOwned + Send,
        F: Fn(&'m MediaItem) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, Refusal>> + Send,
    {
        let mut made = Vec::new();
        for (index, media) in item.media.iter().enumerate() {
            let uploaded = self.step(&self.upload_step(index, life), Once::Repeatable, || upload(media)).await;
            made.push(uploaded.map_err(|refusal| refusal.at(&format!("/media/{index}")))?);
        }
        Ok(made)
    }

    /// Takes a step once. A step answered before a crash returns its recorded answer; one that was begun and not
    /// answered is repeated only where `once` allows it, else its outcome is [`Refusal::Unknown`].
    ///
    /// # Errors
    /// What `run` refuses. A refusal that may hide a success (`Unknown`) leaves the step begun; any other abandons it.
    pub async fn step<T, F, Fut>(&self, name: &str, once: Once, run: F) -> Result<T, Refusal>
    where
        T: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut + Send,
        Fut: Future<Output = Result<T, Refusal>> + Send,
    {
        let name = format!("{}:{name}", self.part);
        let unrecorded = |error: JournalError| Refusal::Temporary(Detail::new(error.to_string()));
        match self.journal.begin(&name, &once).await.map_err(unrecorded)? {
            Begun::Answered(answer) => return read(&name, answer),
            Begun::Interrupted if !once.may_repeat() => {
                let said = format!("the step “{name}” was begun before and its answer is not known");
                return Err(Refusal::Unknown(Detail::new(said)));
            }
            Begun::Fresh | Begun::Interrupted => {}
        }
        match run().await {
            Ok(answer) => {
                let value = serde_json::to_value(&answer)
                    .map_err(|e| Refusal::Unknown(Detail::new(format!("the answer of “{name}” can't be kept: {e}"))))?;
                // The network has acted: an unwritten answer leaves the step begun, and its rule decides later.
                self.journal
                    .answer(&name, value)
                    .await
                    .map_err(|error| Refusal::Unknown(Detail::new(error.to_string())))?;
                Ok(answer)
            }
            Err(Refusal::Unknown(detail)) if once.may_repeat() => Err(Refusal::Temporary(detail)),
            Err(unknown @ Refusal::Unknown(_)) => Err(unknown),
            Err(refusal) => {
                self.journal.abandon(&name).await.map_err(unrecorded)?;
                Err(refusal)
            }
        }
    }
}

/// Looks again and again, with growing pauses, until the network has done what takes its time.
///
/// # Errors
/// What looking refuses; [`Refusal::Temporary`] after `limit`, saying `still`.
pub(crate) async fn done_within<T, F, Fut>(limit: Duration, still: &str, mut look: F) -> Result<T, Refusal>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<Option<T>, Refusal>> + Send,
{
    let (mut pause, mut waited) = (Duration::from_millis(500), Duration::ZERO);
    loop {
        if let Some(done) = look().await? {
            return Ok(done);
        }
        if waited >= limit {
            return Err(Refusal::Temporary(Detail::new(still)));
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(Duration::from_secs(15));
    }
}

fn read<T: DeserializeOwned>(name: &str, answer: serde_json::Value) -> Result<T, Refusal> {
    serde_json::from_value(answer)
        .map_err(|e| Refusal::Unknown(Detail::new(format!("the recorded answer of “{name}” can't be read: {e}"))))
}

/// Sends one part. Content has passed the network's rules; it is checked again by the network itself.
#[async_trait]
pub trait Publish: Send + Sync {
    /// Does ahead of the due time what nobody sees yet, so that then only the last call is left: uploads. Its steps are those of
    /// [`Publish::publish`], which finds them answered, and are all [`Once::Repeatable`], for nobody looks what became of them.
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        let _ = (cx, item);
        Ok(())
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal>;
}

/// Looks for a publication whose answer was lost.
#[async_trait]
pub trait Recent: Send + Sync {
    /// `Some` when a post of this account made at or after `cx.due_at` carries the part's content; `None` when it is
    /// surely absent.
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal>;
}
