//! What a workspace keeps: taken in, found again, shown small, deleted.

use crate::{
    Kind, MAX_IMAGE_BYTES, MediaError, MediaRefusal, Picture, Storage, StorageError,
    picture::{self, Decoded},
};
use bytes::Bytes;
use crier_model::{ChannelId, MediaId, UserId, WorkspaceId};
use crier_store::{
    Store, StoreError,
    media::{self, Media, NewMedia},
};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Pictures unpacked at the same time: each may take hundreds of megabytes.
const UNPACKED_AT_ONCE: usize = 2;
/// Characters of a file's name that are kept.
const MAX_NAME_CHARS: usize = 200;

/// Files of all workspaces: rows in the store, bytes in the storage.
#[derive(Debug, Clone)]
pub struct Library {
    store: Store,
    storage: Storage,
    unpacking: Arc<Semaphore>,
}

impl Library {
    #[must_use]
    pub fn new(store: Store, storage: Storage) -> Self {
        Self { store, storage, unpacking: Arc::new(Semaphore::new(UNPACKED_AT_ONCE)) }
    }

    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Takes a picture in. Its type is what its content says, whatever its name says; the name's ending follows. The same
    /// bytes taken in again are the file that is there already.
    ///
    /// # Errors
    /// [`MediaError::Refused`] when it is empty, too large, damaged, cut off or of a type that is not taken.
    pub async fn add(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        name: &str,
        bytes: Bytes,
    ) -> Result<Media, MediaError> {
        let kind = picture::recognise(&bytes, name)?;
        if bytes.len() as u64 > MAX_IMAGE_BYTES {
            return Err(MediaRefusal::TooLarge { max_bytes: MAX_IMAGE_BYTES }.into());
        }
        let file = bytes.clone();
        let seen = self.unpacked(move || look(kind, &file)).await?;
        if let Some(known) = media::by_sha256(&self.store, workspace, &seen.sha256).await? {
            return Ok(known);
        }
        let id = MediaId::new();
        let new = NewMedia {
            id,
            workspace,
            name: named(name, kind),
            mime: kind.mime().to_owned(),
            size: bytes.len() as u64,
            width: Some(seen.width),
            height: Some(seen.height),
            alt: None,
            sha256: seen.sha256,
            storage_key: format!("{workspace}/media/{id}.{}", kind.extension()),
            created_by: user,
        };
        let (key, small) = (new.storage_key.clone(), thumbnail_key(workspace, id));
        // A row is only ever there with its bytes.
        let kept = async {
            self.storage.put(&key, bytes).await?;
            self.storage.put(&small, seen.thumbnail.bytes).await?;
            Ok::<_, MediaError>(media::insert(&self.store, new).await?)
        };
        match kept.await {
            Ok(media) => Ok(media),
            Err(error) => {
                self.forget(&[&key, &small]).await;
                Err(error)
            }
        }
    }

    /// The bytes as they were taken in.
    ///
    /// # Errors
    /// When the storage fails or has lost them.
    pub async fn original(&self, media: &Media) -> Result<Bytes, MediaError> {
        Ok(self.storage.get(&media.storage_key).await?)
    }

    /// A small picture of it. One that the storage has lost is made anew.
    ///
    /// # Errors
    /// When the storage fails or has lost the original too.
    pub async fn thumbnail(&self, media: &Media) -> Result<Picture, MediaError> {
        let key = thumbnail_key(media.workspace, media.id);
        match self.storage.get(&key).await {
            Ok(bytes) => Ok(picture(bytes)?),
            Err(StorageError::Missing) => {
                let bytes = self.original(media).await?;
                let kind = Kind::of_content(&bytes).ok_or(MediaRefusal::UnknownType)?;
                let small = self.unpacked(move || picture::decode(kind, &bytes)?.thumbnail()).await?;
                self.storage.put(&key, small.bytes.clone()).await?;
                Ok(small)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a file: its row stays for the history of posts, its bytes go.
    ///
    /// # Errors
    /// [`MediaError::InUse`] when posts that are not done use it, unless forced.
    pub async fn delete(&self, workspace: WorkspaceId, id: MediaId, force: bool) -> Result<(), MediaError> {
        let media = match media::delete(&self.store, workspace, id, force).await {
            Ok(media) => media,
            Err(StoreError::Conflict { what: "media.in_use" }) => {
                return Err(MediaError::InUse { posts: media::uses(&self.store, workspace, id).await? });
            }
            Err(error) => return Err(error.into()),
        };
        self.forget(&[&media.storage_key, &thumbnail_key(workspace, id)]).await;
        Ok(())
    }

    /// Keeps a channel's picture, as a square of [`crate::AVATAR_SIDE`], in place of the one before it; returns its storage
    /// key. What comes from a network is always encoded anew.
    ///
    /// # Errors
    /// [`MediaError::Refused`] when it is no picture that can be read.
    pub async fn keep_avatar(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
        bytes: Bytes,
    ) -> Result<String, MediaError> {
        let avatar = self.small(bytes).await?;
        let key = format!("{workspace}/avatars/{channel}");
        self.storage.put(&key, avatar.bytes).await?;
        Ok(key)
    }

    /// An account's picture as we show it, of whatever the network has; not kept.
    ///
    /// # Errors
    /// When it is too large or can't be decoded.
    pub async fn small(&self, bytes: Bytes) -> Result<Picture, MediaError> {
        if bytes.len() as u64 > MAX_IMAGE_BYTES {
            return Err(MediaRefusal::TooLarge { max_bytes: MAX_IMAGE_BYTES }.into());
        }
        self.unpacked(move || picture::portrait(&bytes)).await
    }

    /// A channel's picture by its storage key.
    ///
    /// # Errors
    /// When the storage fails or has none under the key.
    pub async fn avatar(&self, key: &str) -> Result<Picture, MediaError> {
        Ok(picture(self.storage.get(key).await?)?)
    }

    /// Works on a picture where that holds up nobody else, a few at a time.
    async fn unpacked<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, MediaRefusal> + Send + 'static,
    ) -> Result<T, MediaError> {
        let permit = self.unpacking.clone().acquire_owned().await.map_err(|e| MediaError::Worker(e.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Held until the memory is given back, also when nobody waits for the outcome any more.
            drop(permit);
            done
        });
        Ok(done.await.map_err(|e| MediaError::Worker(e.to_string()))??)
    }

    /// Takes bytes away that no row tells of. What can't be taken away only wastes room.
    async fn forget(&self, keys: &[&str]) {
        for key in keys {
            if let Err(error) = self.storage.delete(key).await {
                tracing::warn!(key, %error, "a file is left over in the storage");
            }
        }
    }
}

/// What is learnt of a file by unpacking it once.
struct Seen {
    sha256: String,
    width: u32,
    height: u32,
    thumbnail: Picture,
}

fn look(kind: Kind, bytes: &[u8]) -> Result<Seen, MediaRefusal> {
    let decoded: Decoded = picture::decode(kind, bytes)?;
    Ok(Seen {
        sha256: hex::encode(Sha256::digest(bytes)),
        width: decoded.image.width(),
        height: decoded.image.height(),
        thumbnail: decoded.thumbnail()?,
    })
}

fn picture(bytes: Bytes) -> Result<Picture, StorageError> {
    let kind = Kind::of_content(&bytes).ok_or_else(|| StorageError::Failed("what is kept is no picture".into()))?;
    Ok(Picture { kind, bytes })
}

fn thumbnail_key(workspace: WorkspaceId, id: MediaId) -> String {
    format!("{workspace}/thumbnails/{id}")
}

/// The name without folders and control characters, ending as its kind does.
fn named(given: &str, kind: Kind) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    // Only a picture's ending is one: the rest of "v1.2 final" is its name.
    let ending = |name: &str| Kind::of_name(&format!("x.{name}"));
    let (stem, end) = match clean.rsplit_once('.') {
        Some((stem, end)) => match ending(end) {
            Some(known) if known == kind => (stem, end),
            Some(_) => (stem, kind.extension()),
            None => (clean.as_str(), kind.extension()),
        },
        None => (clean.as_str(), kind.extension()),
    };
    let stem: String = stem.trim().chars().take(MAX_NAME_CHARS).collect();
    let stem = if stem.is_empty() { "image" } else { &stem };
    format!("{stem}.{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bare_and_end_as_the_content_does() {
        let png = |given| named(given, Kind::Png);
        assert_eq!(png("cat.png"), "cat.png");
        assert_eq!(png("cat.PNG"), "cat.PNG");
        assert_eq!(png("cat.jpeg"), "cat.png");
        assert_eq!(png("cat"), "cat.png");
        assert_eq!(png("v1.2 final"), "v1.2 final.png");
        assert_eq!(png("../../etc/cat.png"), "cat.png");
        assert_eq!(png("C:\\pictures\\cat\n.png"), "cat.png");
        assert_eq!(png(".png"), "image.png");
        assert_eq!(png(""), "image.png");
        assert_eq!(named("cat.jpe", Kind::Jpeg), "cat.jpe");
        assert_eq!(png(&"é".repeat(300)).chars().count(), MAX_NAME_CHARS + 4);
    }
}
