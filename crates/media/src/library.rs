//! What a workspace keeps: taken in, found again, shown small, deleted.

use crate::{
    Addresses, Ffmpeg, Film, FilmKind, HeifConvert, Incoming, Kind, MAX_IMAGE_BYTES, MediaError, MediaRefusal, Picture,
    Storage, StorageError,
    film::{self, Unreadable},
    intake::{Arrived, Sort},
    moving,
    picture::{self, Decoded},
    renditions::Making,
};
use bytes::Bytes;
use crier_model::{ChannelId, FrameRate, MediaId, UserId, WorkspaceId};
use crier_store::{
    Store, StoreError,
    media::{self, Media, NewMedia},
};
use futures::stream::BoxStream;
use std::{ops::Range, sync::Arc};
use tokio::sync::Semaphore;

/// Pictures unpacked at the same time: each may take hundreds of megabytes.
const UNPACKED_AT_ONCE: usize = 2;
/// Characters of a file's name that are kept.
const MAX_NAME_CHARS: usize = 200;

/// Files of all workspaces: rows in the store, bytes in the storage.
#[derive(Debug, Clone)]
pub struct Library {
    pub(crate) store: Store,
    pub(crate) storage: Storage,
    unpacking: Arc<Semaphore>,
    pub(crate) ffmpeg: Option<Ffmpeg>,
    heif: Option<HeifConvert>,
    /// Videos converted at the same time.
    pub(crate) filming: Arc<Semaphore>,
    pub(crate) making: Making,
    pub(crate) addresses: Option<Addresses>,
}

impl Library {
    #[must_use]
    pub fn new(store: Store, storage: Storage) -> Self {
        Self {
            store,
            storage,
            unpacking: Arc::new(Semaphore::new(UNPACKED_AT_ONCE)),
            ffmpeg: None,
            heif: None,
            filming: Arc::new(Semaphore::new(1)),
            making: Making::default(),
            addresses: None,
        }
    }

    /// With a program that converts videos, or without one.
    #[must_use]
    pub fn with_ffmpeg(self, ffmpeg: Option<Ffmpeg>) -> Self {
        Self { ffmpeg, ..self }
    }

    /// With addresses at which strangers get files.
    #[must_use]
    pub fn with_addresses(self, addresses: Addresses) -> Self {
        Self { addresses: Some(addresses), ..self }
    }

    /// Whether a video is being converted: another one would wait for it.
    #[must_use]
    pub fn is_converting(&self) -> bool {
        self.filming.available_permits() == 0
    }

    /// With a program that reads HEIC, or without one.
    #[must_use]
    pub fn with_heif(self, heif: Option<HeifConvert>) -> Self {
        Self { heif, ..self }
    }

    /// The program that reads HEIC, where there is one.
    #[must_use]
    pub fn heif(&self) -> Option<&HeifConvert> {
        self.heif.as_ref()
    }

    /// The program that converts videos, where there is one.
    #[must_use]
    pub fn ffmpeg(&self) -> Option<&Ffmpeg> {
        self.ffmpeg.as_ref()
    }

    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// A file on its way in, to be written to and then [taken in](Self::take_in).
    ///
    /// # Errors
    /// When the storage has no room to work in.
    pub fn incoming(&self, name: &str) -> Result<Incoming, MediaError> {
        Incoming::new(name, self.storage.scratch()?)
    }

    /// Takes in a file that is in memory.
    ///
    /// # Errors
    /// As [`Self::take_in`].
    pub async fn add(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        name: &str,
        bytes: Bytes,
    ) -> Result<Media, MediaError> {
        let mut incoming = self.incoming(name)?;
        incoming.write(&bytes).await?;
        self.take_in(workspace, user, incoming).await
    }

    /// Takes a file in. Its type is what its content says, whatever its name says; the name's ending follows. The same
    /// bytes taken in again are the file that is there already.
    ///
    /// # Errors
    /// [`MediaError::Refused`] when it is empty, too large, damaged, cut off or of a type that is not taken.
    pub async fn take_in(&self, workspace: WorkspaceId, user: UserId, incoming: Incoming) -> Result<Media, MediaError> {
        let arrived = self.readable(incoming.arrived().await?).await?;
        let seen = self.seen(&arrived).await?;
        if let Some(known) = media::by_sha256(&self.store, workspace, &arrived.sha256).await? {
            return Ok(known);
        }
        let id = MediaId::new();
        let (mime, extension) = match arrived.sort {
            Sort::Picture(kind) => (kind.mime(), kind.extension()),
            Sort::Film(kind) => (kind.mime(), kind.extension()),
            Sort::Heic => return Err(MediaRefusal::Heic.into()),
        };
        let new = NewMedia {
            id,
            workspace,
            name: named(&arrived.name, arrived.sort),
            mime: mime.to_owned(),
            size: arrived.size,
            width: Some(seen.width),
            height: Some(seen.height),
            duration_ms: seen.duration_ms,
            codecs: seen.codecs,
            frame_rate: seen.frame_rate,
            alt: None,
            sha256: arrived.sha256,
            storage_key: format!("{workspace}/media/{id}.{extension}"),
            created_by: user,
        };
        let (key, small) = (new.storage_key.clone(), thumbnail_key(workspace, id));
        // A row is only ever there with its bytes.
        let kept = async {
            self.storage.put_file(&key, arrived.file.path()).await?;
            if let Some(thumbnail) = seen.thumbnail {
                self.storage.put(&small, thumbnail.bytes).await?;
            }
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

    /// A file as it can be read and shown everywhere: of HEIC, a JPEG.
    async fn readable(&self, arrived: Arrived) -> Result<Arrived, MediaError> {
        if arrived.sort != Sort::Heic {
            return Ok(arrived);
        }
        let converter = self.heif.as_ref().ok_or(MediaRefusal::Heic)?;
        // Unpacked, it takes as much as any other picture.
        let _turn = self.unpacking.acquire().await.map_err(|error| MediaError::Worker(error.to_string()))?;
        let jpeg = converter.to_jpeg(arrived.file.path(), self.storage.room()?, MAX_IMAGE_BYTES).await?;
        arrived.become_jpeg(jpeg).await
    }

    /// Looks at a file that has come in.
    async fn seen(&self, arrived: &Arrived) -> Result<Seen, MediaError> {
        match arrived.sort {
            Sort::Heic => Err(MediaRefusal::Heic.into()),
            Sort::Picture(kind) => {
                let bytes = tokio::fs::read(arrived.file.path()).await?;
                self.unpacked(move || look(kind, &bytes)).await
            }
            Sort::Film(kind) => {
                let mut file = arrived.file.reopen()?;
                let read = tokio::task::spawn_blocking(move || film::read(kind, &mut file)).await;
                let film = match read.map_err(|e| MediaError::Worker(e.to_string()))? {
                    Ok(film) => film,
                    Err(Unreadable::Io(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                        return Err(error.into());
                    }
                    Err(why) => return Err(MediaRefusal::UnreadableFilm { found: kind, why: why.to_string() }.into()),
                };
                let Film { duration_ms, width, height, codecs, frame_rate } = film;
                let thumbnail = self.still(kind, arrived.file.path(), duration_ms).await;
                Ok(Seen { width, height, duration_ms: Some(duration_ms), codecs, frame_rate, thumbnail })
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

    /// Some of its bytes as they were taken in, one after another.
    ///
    /// # Errors
    /// When the storage fails or has lost them.
    pub async fn stream(
        &self,
        media: &Media,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, StorageError>>, MediaError> {
        Ok(self.storage.stream(&media.storage_key, range).await?)
    }

    /// A small picture of it. One that the storage has lost is made anew.
    ///
    /// # Errors
    /// [`MediaError::NoPicture`] for a video of which none can be made here; when the storage fails or has lost the original too.
    pub async fn thumbnail(&self, media: &Media) -> Result<Picture, MediaError> {
        let key = thumbnail_key(media.workspace, media.id);
        match self.storage.get(&key).await {
            Ok(bytes) => Ok(picture(bytes)?),
            Err(StorageError::Missing) => {
                if let Some(film) = FilmKind::of_mime(&media.mime) {
                    return self.still_anew(media, film, &key).await;
                }
                let bytes = self.original(media).await?;
                let kind = Kind::of_content(&bytes).ok_or(MediaRefusal::UnknownType)?;
                let small = self.unpacked(move || picture::decode(kind, &bytes)?.thumbnail()).await?;
                self.storage.put(&key, small.bytes.clone()).await?;
                Ok(small)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A still of a video that was taken in where nothing could make one, or whose still was lost.
    async fn still_anew(&self, media: &Media, film: FilmKind, key: &str) -> Result<Picture, MediaError> {
        if self.ffmpeg.is_none() {
            return Err(MediaError::NoPicture);
        }
        let file = self.storage.on_disk(&media.storage_key).await?;
        let still = self.still(film, file.path(), media.duration_ms.unwrap_or(0)).await;
        let still = still.ok_or(MediaError::NoPicture)?;
        self.storage.put(key, still.bytes.clone()).await?;
        Ok(still)
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
        self.forget_made(id).await
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
    pub(crate) async fn unpacked<T, E>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, MediaError>
    where
        T: Send + 'static,
        E: Into<MediaError> + Send + 'static,
    {
        let permit = self.unpacking.clone().acquire_owned().await.map_err(|e| MediaError::Worker(e.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            // Held until the memory is given back, also when nobody waits for the outcome any more.
            drop(permit);
            done
        });
        done.await.map_err(|e| MediaError::Worker(e.to_string()))?.map_err(Into::into)
    }

    /// Takes bytes away that no row tells of. What can't be taken away only wastes room.
    pub(crate) async fn forget(&self, keys: &[&str]) {
        for key in keys {
            if let Err(error) = self.storage.delete(key).await {
                tracing::warn!(key, %error, "a file is left over in the storage");
            }
        }
    }
}

/// What is learnt of a file by unpacking it once.
struct Seen {
    width: u32,
    height: u32,
    duration_ms: Option<u64>,
    codecs: Vec<String>,
    frame_rate: Option<FrameRate>,
    /// None where nothing here can make one.
    thumbnail: Option<Picture>,
}

fn look(kind: Kind, bytes: &[u8]) -> Result<Seen, MediaRefusal> {
    let decoded: Decoded = picture::decode(kind, bytes)?;
    let motion = moving::motion(kind, bytes);
    Ok(Seen {
        width: decoded.image.width(),
        height: decoded.image.height(),
        duration_ms: motion.as_ref().map(|motion| motion.duration_ms),
        codecs: Vec::new(),
        frame_rate: motion.and_then(|motion| motion.frame_rate),
        thumbnail: Some(decoded.thumbnail()?),
    })
}

fn picture(bytes: Bytes) -> Result<Picture, StorageError> {
    let kind = Kind::of_content(&bytes).ok_or_else(|| StorageError::Failed("what is kept is no picture".into()))?;
    Ok(Picture { kind, bytes })
}

fn thumbnail_key(workspace: WorkspaceId, id: MediaId) -> String {
    format!("{workspace}/thumbnails/{id}")
}

/// The name without folders and control characters, ending as its content does.
fn named(given: &str, sort: Sort) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    let (extension, bare) = match sort {
        Sort::Picture(kind) => (kind.extension(), "image"),
        Sort::Film(kind) => (kind.extension(), "video"),
        Sort::Heic => ("heic", "image"),
    };
    // Only the ending of a picture or video is one: the rest of "v1.2 final" is its name.
    let ending = |name: &str| {
        let name = format!("x.{name}");
        let heic = || matches!(name.to_ascii_lowercase().as_str(), "x.heic" | "x.heif").then_some(Sort::Heic);
        Kind::of_name(&name).map(Sort::Picture).or_else(|| FilmKind::of_name(&name).map(Sort::Film)).or_else(heic)
    };
    let (stem, end) = match clean.rsplit_once('.') {
        Some((stem, end)) => match ending(end) {
            Some(known) if known == sort => (stem, end),
            Some(_) => (stem, extension),
            None => (clean.as_str(), extension),
        },
        None => (clean.as_str(), extension),
    };
    let stem: String = stem.trim().chars().take(MAX_NAME_CHARS).collect();
    let stem = if stem.is_empty() { bare } else { &stem };
    format!("{stem}.{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bare_and_end_as_the_content_does() {
        let png = |given| named(given, Sort::Picture(Kind::Png));
        assert_eq!(png("cat.png"), "cat.png");
        assert_eq!(png("cat.PNG"), "cat.PNG");
        assert_eq!(png("cat.jpeg"), "cat.png");
        assert_eq!(png("cat"), "cat.png");
        assert_eq!(png("v1.2 final"), "v1.2 final.png");
        assert_eq!(png("../../etc/cat.png"), "cat.png");
        assert_eq!(png("C:\\pictures\\cat\n.png"), "cat.png");
        assert_eq!(png(".png"), "image.png");
        assert_eq!(png(""), "image.png");
        assert_eq!(named("cat.jpe", Sort::Picture(Kind::Jpeg)), "cat.jpe");
        assert_eq!(named("cat.mov", Sort::Film(FilmKind::Mp4)), "cat.mp4");
        assert_eq!(named("", Sort::Film(FilmKind::WebM)), "video.webm");
        assert_eq!(png(&"é".repeat(300)).chars().count(), MAX_NAME_CHARS + 4);
    }
}
