//! Where the bytes are kept: for now a folder.

use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path};
use std::{fmt, path, sync::Arc};

/// A place for bytes under keys such as `WORKSPACE/media/ID.png`.
#[derive(Clone)]
pub struct Storage(Arc<dyn ObjectStore>);

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({})", self.0)
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
        let local = LocalFileSystem::new_with_prefix(path).map_err(|e| refused(e.to_string()))?;
        // A file whose row was committed must survive a power cut.
        Ok(Self(Arc::new(local.with_fsync(true))))
    }

    pub(crate) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.0.put(&Path::from(key), PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    pub async fn get(&self, key: &str) -> Result<Bytes, StorageError> {
        Ok(self.0.get(&Path::from(key)).await?.bytes().await?)
    }

    /// Takes it away; nothing there is fine.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), StorageError> {
        match self.0.delete(&Path::from(key)).await {
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
