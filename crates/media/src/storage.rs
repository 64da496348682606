//! Where the bytes are kept: for now a folder.

use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    GetOptions, ObjectStore, ObjectStoreExt, PutPayload, buffered::BufWriter, local::LocalFileSystem, path::Path,
};
use std::{
    fmt,
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

/// A place for bytes under keys such as `WORKSPACE/media/ID.png`.
#[derive(Clone)]
pub struct Storage {
    kept: Arc<dyn ObjectStore>,
    scratch: path::PathBuf,
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
    /// Nothing is kept under the key.
    #[error("the file is not in the storage any more")]
    Missing,
    #[error("the storage failed: {0}")]
    Failed(String),
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Failed(other.to_string()),
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
        Ok(Self { kept: Arc::new(local.with_fsync(true)), scratch })
    }

    pub(crate) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.kept.put(&Path::from(key), PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    pub async fn get(&self, key: &str) -> Result<Bytes, StorageError> {
        Ok(self.kept.get(&Path::from(key)).await?.bytes().await?)
    }

    /// How many bytes are kept under a key.
    ///
    /// # Errors
    /// When there are none, or the storage fails.
    pub async fn size(&self, key: &str) -> Result<u64, StorageError> {
        Ok(self.kept.head(&Path::from(key)).await?.size)
    }

    /// Some of the bytes.
    ///
    /// # Errors
    /// When they are not there, or the storage fails.
    pub async fn piece(&self, key: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        Ok(self.kept.get_range(&Path::from(key), range).await?)
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
        let stream = self.kept.get_opts(&Path::from(key), options).await?.into_stream();
        Ok(stream.map(|piece| piece.map_err(StorageError::from)).boxed())
    }

    /// The folder for what is worked on.
    pub(crate) fn room(&self) -> Result<&path::Path, StorageError> {
        std::fs::create_dir_all(&self.scratch).map_err(|error| StorageError::Failed(error.to_string()))?;
        Ok(&self.scratch)
    }

    /// A file of its own to work on, which goes with the value.
    pub(crate) fn scratch(&self) -> Result<NamedTempFile, StorageError> {
        NamedTempFile::new_in(self.room()?).map_err(|error| StorageError::Failed(error.to_string()))
    }

    /// Keeps a file from the disk.
    pub(crate) async fn put_file(&self, key: &str, from: &path::Path) -> Result<(), StorageError> {
        let failed = |error: std::io::Error| StorageError::Failed(error.to_string());
        let mut file = tokio::fs::File::open(from).await.map_err(failed)?;
        let mut writer = BufWriter::new(self.kept.clone(), Path::from(key));
        match tokio::io::copy(&mut file, &mut writer).await {
            Ok(_) => writer.shutdown().await.map_err(failed),
            Err(error) => {
                writer.abort().await?;
                Err(failed(error))
            }
        }
    }

    /// Lays what is kept on the disk, to be worked on.
    pub(crate) async fn on_disk(&self, key: &str) -> Result<NamedTempFile, StorageError> {
        let failed = |error: std::io::Error| StorageError::Failed(error.to_string());
        let file = self.scratch()?;
        let size = self.size(key).await?;
        let mut pieces = self.stream(key, 0..size).await?;
        let mut writer = tokio::fs::File::from_std(file.reopen().map_err(failed)?);
        while let Some(piece) = pieces.next().await {
            writer.write_all(&piece?).await.map_err(failed)?;
        }
        writer.flush().await.map_err(failed)?;
        Ok(file)
    }

    /// Takes it away; nothing there is fine.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), StorageError> {
        match self.kept.delete(&Path::from(key)).await {
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
fn remove(path: &path::Path) -> std::io::Result<()> {
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
