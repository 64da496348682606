//! Where the bytes are kept: in a folder, or in a bucket of S3.

mod bucket;
mod carrier;

pub use bucket::{ANY_REGION, Bucket, Trouble};

use bytes::Bytes;
use crier_net::Client;
use futures::{FutureExt, StreamExt, TryStreamExt, stream::BoxStream};
use http::Method;
use object_store::{
    GetOptions, ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3, buffered::BufWriter, local::LocalFileSystem,
    path::Path, signer::Signer,
};
use std::{
    error::Error,
    fmt, io,
    ops::Range,
    path,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

/// Where files lie while they come in or are worked on, beside what is kept.
const SCRATCH: &str = ".scratch";
/// What lies there longer was left behind by a process that is gone.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);
/// Pieces of a file that are on their way to a bucket at the same time; each is held in memory.
const AT_ONCE: usize = 4;
/// How long the address of a file in a bucket is good for: networks fetch within minutes, and try again for hours.
const SIGNED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Of what a storage says.
const MAX_SAID: usize = 300;

/// A place for bytes under keys such as `WORKSPACE/media/ID.png`.
#[derive(Clone)]
pub struct Storage {
    kept: Arc<dyn ObjectStore>,
    scratch: path::PathBuf,
    bucket: Option<InBucket>,
}

/// What there is to say of a bucket besides what it keeps.
#[derive(Clone)]
struct InBucket {
    told: String,
    prefix: String,
    signer: Arc<AmazonS3>,
    /// Whether strangers can reach its host.
    is_public: bool,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({})", self.kept)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("the folder {} can’t be used for media: {reason}", path.display())]
    Folder { path: path::PathBuf, reason: String },
    #[error("the disk that media are kept on is full")]
    Full,
    /// Nothing is kept under the key.
    #[error("the file is not in the storage any more")]
    Missing,
    #[error("the storage failed: {0}")]
    Failed(String),
    #[error(transparent)]
    Bucket(#[from] Trouble),
}

impl StorageError {
    /// What whoever runs this installation is to do about it.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Bucket(trouble) => trouble.fix,
            Self::Full => "Make room on that disk, or keep media in a bucket.",
            _ => "Check the storage's settings, its permissions and its room.",
        }
    }

    fn failed(error: &(dyn Error + 'static)) -> Self {
        let mut at = Some(error);
        while let Some(cause) = at {
            if let Some(trouble) = cause.downcast_ref::<Trouble>() {
                return trouble.clone().into();
            }
            if cause.downcast_ref::<io::Error>().is_some_and(is_full) {
                return Self::Full;
            }
            at = cause.source();
        }
        Self::Failed(crier_net::redact(&error.to_string()).chars().take(MAX_SAID).collect())
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        match error.get_ref() {
            _ if is_full(&error) => Self::Full,
            // What a writer says hides what was said to it.
            Some(inner) => Self::failed(inner),
            None => Self::Failed(error.to_string()),
        }
    }
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::failed(&other),
        }
    }
}

impl Storage {
    /// A folder on this machine, made where it is missing.
    ///
    /// # Errors
    /// When it can't be made or isn't a folder.
    pub fn folder(path: &path::Path) -> Result<Self, StorageError> {
        let refused = |reason: String| StorageError::Folder { path: path.to_owned(), reason };
        std::fs::create_dir_all(path).map_err(|e| refused(e.to_string()))?;
        let scratch = path.join(SCRATCH);
        clear(&scratch);
        let local = LocalFileSystem::new_with_prefix(path).map_err(|e| refused(e.to_string()))?;
        // A file whose row was committed must survive a power cut.
        Ok(Self { kept: Arc::new(local.with_fsync(true)), scratch, bucket: None })
    }

    /// A bucket, which several nodes may share; files are worked on in a folder of this machine. It is not called yet.
    ///
    /// # Errors
    /// When what is set can’t be that of a bucket.
    pub fn bucket(bucket: &Bucket, net: &Client, scratch: &path::Path) -> Result<Self, StorageError> {
        clear(scratch);
        let kept = Arc::new(bucket.open(net)?);
        let bucket = InBucket {
            told: bucket.told(),
            prefix: bucket.prefix.clone(),
            signer: kept.clone(),
            is_public: bucket.is_public(),
        };
        Ok(Self { kept, scratch: scratch.to_owned(), bucket: Some(bucket) })
    }

    /// The bucket in words; none where it is a folder.
    #[must_use]
    pub fn bucket_told(&self) -> Option<&str> {
        self.bucket.as_ref().map(|bucket| bucket.told.as_str())
    }

    /// Where a key lies.
    fn path(&self, key: &str) -> Path {
        match &self.bucket {
            Some(bucket) => Path::from(format!("{}{key}", bucket.prefix)),
            None => Path::from(key),
        }
    }

    /// Whether strangers can reach what it is in.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.bucket.as_ref().is_some_and(|bucket| bucket.is_public)
    }

    /// Where whoever reaches the bucket can fetch what is kept, for a day; none of a folder.
    #[must_use]
    pub fn signed_address(&self, key: &str) -> Option<String> {
        let bucket = self.bucket.as_ref()?;
        // The key is at hand, so that there is nothing to wait for.
        let signed = bucket.signer.signed_url(Method::GET, &self.path(key), SIGNED_FOR).now_or_never()?;
        signed
            .inspect_err(|error| tracing::warn!(key, %error, "the address of a file was not signed"))
            .ok()
            .map(Into::into)
    }

    /// The keys of all that is kept, and their sizes in bytes.
    pub fn all(&self) -> BoxStream<'static, Result<(String, u64), StorageError>> {
        let prefix = self.bucket.as_ref().map(|bucket| bucket.prefix.clone()).unwrap_or_default();
        let below = (!prefix.is_empty()).then(|| Path::from(prefix.as_str()));
        let listed = self.kept.list(below.as_ref()).map_err(StorageError::from);
        let key = move |kept: object_store::ObjectMeta| {
            let path = kept.location.to_string();
            (path.strip_prefix(&prefix).unwrap_or(&path).to_owned(), kept.size)
        };
        listed.map_ok(key).boxed()
    }

    pub(crate) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.kept.put(&self.path(key), PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    pub async fn get(&self, key: &str) -> Result<Bytes, StorageError> {
        Ok(self.kept.get(&self.path(key)).await?.bytes().await?)
    }

    /// How many bytes are kept under a key.
    ///
    /// # Errors
    /// When there are none, or the storage fails.
    pub async fn size(&self, key: &str) -> Result<u64, StorageError> {
        Ok(self.kept.head(&self.path(key)).await?.size)
    }

    /// Some of the bytes.
    ///
    /// # Errors
    /// When they are not there, or the storage fails.
    pub async fn piece(&self, key: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        Ok(self.kept.get_range(&self.path(key), range).await?)
    }

    /// The bytes one after another, so that a large file need not be in memory whole.
    ///
    /// # Errors
    /// When they are not there, or the storage fails.
    pub async fn stream(
        &self,
        key: &str,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, StorageError> {
        let options = GetOptions { range: Some(range.into()), ..GetOptions::default() };
        let stream = self.kept.get_opts(&self.path(key), options).await?.into_stream();
        Ok(stream.map(|piece| piece.map_err(StorageError::from)).boxed())
    }

    /// The folder for what is worked on.
    pub(crate) fn room(&self) -> Result<&path::Path, StorageError> {
        std::fs::create_dir_all(&self.scratch).map_err(StorageError::from)?;
        Ok(&self.scratch)
    }

    /// A file of its own to work on, which goes with the value.
    pub(crate) fn scratch(&self) -> Result<NamedTempFile, StorageError> {
        NamedTempFile::new_in(self.room()?).map_err(StorageError::from)
    }

    /// Keeps a file from the disk; a large one goes to a bucket in pieces.
    ///
    /// # Errors
    /// When it can’t be read, or the storage fails; then nothing is kept.
    pub async fn put_file(&self, key: &str, from: &path::Path) -> Result<(), StorageError> {
        let mut file = tokio::fs::File::open(from).await.map_err(StorageError::from)?;
        let mut writer = BufWriter::new(self.kept.clone(), self.path(key)).with_max_concurrency(AT_ONCE);
        if let Err(error) = tokio::io::copy(&mut file, &mut writer).await {
            // What was begun is taken back where that can be; why it failed is what counts.
            writer.abort().await.inspect_err(|error| tracing::warn!(key, %error, "an upload was not taken back")).ok();
            return Err(error.into());
        }
        writer.shutdown().await.map_err(StorageError::from)
    }

    /// Lays what is kept on the disk, to be worked on.
    pub(crate) async fn on_disk(&self, key: &str) -> Result<NamedTempFile, StorageError> {
        let file = self.scratch()?;
        let size = self.size(key).await?;
        let mut pieces = self.stream(key, 0..size).await?;
        let mut writer = tokio::fs::File::from_std(file.reopen()?);
        while let Some(piece) = pieces.next().await {
            writer.write_all(&piece?).await?;
        }
        writer.flush().await?;
        Ok(file)
    }

    /// Takes it away; nothing there is fine.
    ///
    /// # Errors
    /// When the storage fails.
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        match self.kept.delete(&self.path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes, reads and deletes a few bytes.
    ///
    /// # Errors
    /// When any of it fails, for example on a full disk.
    pub async fn check(&self) -> Result<(), StorageError> {
        let key = format!("check-{}", uuid::Uuid::now_v7());
        self.put(&key, Bytes::from_static(b"crier")).await?;
        let read = self.get(&key).await;
        self.delete(&key).await?;
        if read?.as_ref() == b"crier" {
            Ok(())
        } else {
            Err(StorageError::Failed("what was written reads back otherwise".into()))
        }
    }
}

/// A file, or a folder with what is in it.
fn remove(path: &path::Path) -> io::Result<()> {
    if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
}

/// Takes away what processes before this one have left behind. What can't be taken away only wastes room.
fn clear(scratch: &path::Path) {
    let old = |entry: &std::fs::DirEntry| {
        let changed = entry.metadata().and_then(|meta| meta.modified()).unwrap_or_else(|_| SystemTime::now());
        changed.elapsed().is_ok_and(|age| age > LEFT_BEHIND)
    };
    for entry in std::fs::read_dir(scratch).into_iter().flatten().flatten().filter(old) {
        if let Err(error) = remove(&entry.path()) {
            tracing::warn!(file = %entry.path().display(), %error, "a file is left over");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StorageError;
    use std::io::{Error, ErrorKind};

    #[test]
    fn a_full_disk_is_told_from_other_failures_however_deep_it_is_said() {
        let full = || Error::from(ErrorKind::StorageFull);
        assert!(matches!(StorageError::from(full()), StorageError::Full));
        let put = object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(full()) };
        assert!(matches!(StorageError::from(put), StorageError::Full));
        let copied = Error::other(object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(full()) });
        assert!(matches!(StorageError::from(copied), StorageError::Full));
        assert!(matches!(StorageError::from(Error::from(ErrorKind::PermissionDenied)), StorageError::Failed(_)));
    }
}
