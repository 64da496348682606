//! What is made of a file so that a network takes it: made once, kept, and found again by every post that needs the same.

use crate::{
    FilmKind, Kind, Library, MediaError, MediaRefusal, Picture, StorageError,
    ffmpeg::{Ffmpeg, FfmpegError, GifWish, Task},
    film,
    fitting::fitted,
    moving, picture,
};
use crier_model::{MediaId, rendition::Recipe};
use crier_store::media::{self, Media, Rendition};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    io::Read,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};
use tempfile::NamedTempFile;

/// How often people are told how far a video has come.
const TOLD_EVERY: Duration = Duration::from_secs(2);
/// What is aimed at, of the bytes a network takes; the second where the first came out too large.
const SHARES: [u64; 2] = [100, 80];
/// A made video may end this much earlier, for its last picture.
const LOST_MS: u64 = 1000;
const GIF: &str = "image/gif";
/// What a GIF is made of whose width is not known.
const GIF_WIDTH: u32 = 480;
/// No GIF is made narrower.
const GIF_NARROWEST: u32 = 120;
/// What is tried with a GIF, the best first.
const GIF_WISHES: [GifWish; 6] = [
    GifWish { share: 100, colours: 256, fps: 25 },
    GifWish { share: 100, colours: 128, fps: 15 },
    GifWish { share: 80, colours: 128, fps: 12 },
    GifWish { share: 60, colours: 96, fps: 10 },
    GifWish { share: 45, colours: 64, fps: 10 },
    GifWish { share: 30, colours: 48, fps: 8 },
];
/// What a made video is coded in.
const CODECS: [&str; 2] = ["h264", "aac"];

/// Who makes what right now, so that two posts that need the same wait for one.
pub(crate) type Making = Arc<Mutex<HashMap<(MediaId, String), Weak<tokio::sync::Mutex<()>>>>>;

impl Library {
    /// Whether other videos can be made of videos here.
    #[must_use]
    pub fn converts_films(&self) -> bool {
        self.ffmpeg.is_some()
    }

    /// What fits a recipe, made now where it is not there yet.
    ///
    /// # Errors
    /// [`MediaError::Unfit`] when nothing that fits can be made of the file; when the storage fails.
    pub async fn made(&self, media: &Media, recipe: &Recipe) -> Result<Rendition, MediaError> {
        let name = name_of(recipe)?;
        let alone = self.alone(media.id, &name);
        let _turn = alone.lock().await;
        if let Some(known) = media::rendition(&self.store, media.id, &name).await? {
            match self.storage.size(&known.storage_key).await {
                Ok(size) if size == known.size => return Ok(known),
                Ok(_) | Err(StorageError::Missing) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let moves = media.mime == GIF && media.duration_ms.is_some();
        let to_film = recipe.mime.iter().any(|mime| mime == FilmKind::Mp4.mime());
        let rendition = match FilmKind::of_mime(&media.mime) {
            Some(kind) => self.make_film(media, kind.format(), recipe, name).await?,
            None if moves && to_film => self.make_film(media, "gif", recipe, name).await?,
            None if moves => self.make_gif(media, recipe, name).await?,
            None => self.make_picture(media, recipe, name).await?,
        };
        // Bytes that no row tells of would never be taken away: the file may have been deleted meanwhile.
        if let Err(error) = media::keep_rendition(&self.store, rendition.clone()).await {
            self.forget(&[&rendition.storage_key]).await;
            return Err(error.into());
        }
        Ok(rendition)
    }

    /// The turn of those who want the same.
    fn alone(&self, media: MediaId, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        making.retain(|_, turn| turn.strong_count() > 0);
        let key = (media, name.to_owned());
        if let Some(turn) = making.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        making.insert(key, Arc::downgrade(&turn));
        turn
    }

    async fn make_picture(&self, media: &Media, recipe: &Recipe, name: String) -> Result<Rendition, MediaError> {
        let bytes = self.original(media).await?;
        let (kind, recipe) = (Kind::of_content(&bytes).ok_or(MediaRefusal::UnknownType)?, recipe.clone());
        let made = self.unpacked(move || fitted(&picture::decode(kind, &bytes)?, &recipe)).await?;
        let bytes = made.picture.bytes;
        let key = format!("{}/renditions/{}/{name}.{}", media.workspace, media.id, made.picture.kind.extension());
        let rendition = Rendition {
            media: media.id,
            recipe: name,
            workspace: media.workspace,
            mime: made.picture.kind.mime().to_owned(),
            size: bytes.len() as u64,
            width: Some(made.width),
            height: Some(made.height),
            duration_ms: None,
            sha256: hex::encode(Sha256::digest(&bytes)),
            storage_key: key,
        };
        self.storage.put(&rendition.storage_key, bytes).await?;
        Ok(rendition)
    }

    async fn make_film(
        &self,
        media: &Media,
        format: &'static str,
        recipe: &Recipe,
        name: String,
    ) -> Result<Rendition, MediaError> {
        let Some(ffmpeg) = &self.ffmpeg else {
            return Err(MediaError::Unfit("there is no ffmpeg here to convert the video with".to_owned()));
        };
        // One at a time: each takes what it gets of the processor.
        let _turn = self.filming.acquire().await.map_err(|error| MediaError::Worker(error.to_string()))?;
        let (from, to) = (self.storage.on_disk(&media.storage_key).await?, self.storage.scratch()?);
        let coded = media.codecs.iter().all(|codec| CODECS.contains(&codec.as_str())) && !media.codecs.is_empty();
        let stays = recipe.width.is_none() && recipe.frame_rate.is_none();
        let repack = coded && stays && media.size <= recipe.max_bytes / 100 * 99;
        for share in SHARES {
            let task = Task {
                from: from.path(),
                format,
                to: to.path(),
                duration_ms: media.duration_ms.unwrap_or(0),
                repack,
                recipe,
                share,
            };
            self.convert(ffmpeg, media, &task).await?;
            let (film, size, sha256) = measured(&to).await?;
            if size > recipe.max_bytes {
                continue;
            }
            if film.duration_ms + LOST_MS < media.duration_ms.unwrap_or(0) {
                return Err(MediaError::Unfit("the converted video is shorter than it was".to_owned()));
            }
            let key = format!("{}/renditions/{}/{name}.mp4", media.workspace, media.id);
            self.storage.put_file(&key, to.path()).await?;
            return Ok(Rendition {
                media: media.id,
                recipe: name,
                workspace: media.workspace,
                mime: FilmKind::Mp4.mime().to_owned(),
                size,
                width: Some(film.width),
                height: Some(film.height),
                duration_ms: Some(film.duration_ms),
                sha256,
                storage_key: key,
            });
        }
        Err(MediaError::Unfit(format!("the video can’t be made smaller than {} bytes", recipe.max_bytes)))
    }

    /// Makes a smaller GIF that moves as it did, with as much of its colours, pictures and size as there is room for.
    async fn make_gif(&self, media: &Media, recipe: &Recipe, name: String) -> Result<Rendition, MediaError> {
        let Some(ffmpeg) = &self.ffmpeg else {
            return Err(MediaError::Unfit("there is no ffmpeg here to make the GIF smaller with".to_owned()));
        };
        let _turn = self.filming.acquire().await.map_err(|error| MediaError::Worker(error.to_string()))?;
        let (from, to) = (self.storage.on_disk(&media.storage_key).await?, self.storage.scratch()?);
        let whole = recipe.width.or(media.width).unwrap_or(GIF_WIDTH);
        for wish in GIF_WISHES {
            let width = (whole * wish.share / 100).max(GIF_NARROWEST.min(whole));
            ffmpeg.gif(from.path(), to.path(), width, wish).await.map_err(|error| failed(media, &error))?;
            let bytes = tokio::fs::read(to.path()).await?;
            if bytes.len() as u64 > recipe.max_bytes {
                continue;
            }
            let side = |at: usize| bytes.get(at..at + 2).map(|side| u32::from(u16::from_le_bytes([side[0], side[1]])));
            let rendition = Rendition {
                media: media.id,
                mime: GIF.to_owned(),
                workspace: media.workspace,
                size: bytes.len() as u64,
                width: side(6),
                height: side(8),
                duration_ms: moving::motion(Kind::Gif, &bytes).map(|motion| motion.duration_ms),
                sha256: hex::encode(Sha256::digest(&bytes)),
                storage_key: format!("{}/renditions/{}/{name}.gif", media.workspace, media.id),
                recipe: name,
            };
            self.storage.put_file(&rendition.storage_key, to.path()).await?;
            return Ok(rendition);
        }
        Err(MediaError::Unfit(format!("the GIF can’t be made smaller than {} bytes", recipe.max_bytes)))
    }

    /// Converts, and tells those who watch how far it has come.
    async fn convert(&self, ffmpeg: &Ffmpeg, media: &Media, task: &Task<'_>) -> Result<(), MediaError> {
        let (percent, mut told) = (AtomicU8::new(0), None);
        let mut converting = std::pin::pin!(ffmpeg.convert(task, &percent));
        let mut tick = tokio::time::interval(TOLD_EVERY);
        let done = loop {
            tokio::select! {
                done = &mut converting => break done,
                _ = tick.tick() => {
                    let now = percent.load(Ordering::Relaxed);
                    if told != Some(now) {
                        told = Some(now);
                        self.tell(media, now).await;
                    }
                }
            }
        };
        self.tell(media, 100).await;
        done.map_err(|error| failed(media, &error))
    }

    /// What is only shown can't fail what is done.
    async fn tell(&self, media: &Media, percent: u8) {
        if let Err(error) = media::tell_progress(&self.store, media.workspace, media.id, percent).await {
            tracing::warn!(media = %media.id, %error, "how far a conversion has come was not told");
        }
    }

    /// A still of a video, small; none where nothing here can make one.
    pub(crate) async fn still(&self, kind: FilmKind, from: &Path, duration_ms: u64) -> Option<Picture> {
        let ffmpeg = self.ffmpeg.as_ref()?;
        let made = match ffmpeg.still(kind.format(), from, (duration_ms / 3).min(1000)).await {
            Ok(bytes) => self.unpacked(move || picture::decode(Kind::Png, &bytes)?.thumbnail()).await,
            Err(error) => Err(MediaError::Unfit(error.to_string())),
        };
        made.inspect_err(|error| tracing::warn!(%error, "no still was made of a video")).ok()
    }

    /// Takes away all that was made of a file.
    pub(crate) async fn forget_made(&self, media: MediaId) -> Result<(), MediaError> {
        for made in media::renditions(&self.store, media).await? {
            self.forget(&[&made.storage_key]).await;
        }
        Ok(media::forget_renditions(&self.store, media).await?)
    }
}

fn failed(media: &Media, error: &FfmpegError) -> MediaError {
    if let FfmpegError::Failed { said } = error {
        tracing::warn!(media = %media.id, said, "ffmpeg failed");
    }
    match error {
        FfmpegError::Start(_) => MediaError::Worker(error.to_string()),
        FfmpegError::TooLong(_) | FfmpegError::Failed { .. } => MediaError::Unfit(error.to_string()),
    }
}

/// The same for the same recipe.
fn name_of(recipe: &Recipe) -> Result<String, MediaError> {
    let text = serde_json::to_vec(recipe).map_err(|error| MediaError::Worker(error.to_string()))?;
    Ok(hex::encode(&Sha256::digest(text)[..16]))
}

/// What a made video is, how large, and its digest.
async fn measured(made: &NamedTempFile) -> Result<(film::Film, u64, String), MediaError> {
    // ffmpeg has written to the path, not to what was open before.
    let path = made.path().to_owned();
    let measure = move || {
        let mut file = std::fs::File::open(&path)?;
        let film = film::read(FilmKind::Mp4, &mut file);
        std::io::Seek::rewind(&mut file)?;
        let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 64 * 1024]);
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                break;
            }
            hash.update(&piece[..read]);
            size += read as u64;
        }
        Ok::<_, std::io::Error>((film, size, hex::encode(hash.finalize())))
    };
    let done = tokio::task::spawn_blocking(measure).await.map_err(|error| MediaError::Worker(error.to_string()))?;
    let (film, size, sha256) = done?;
    let film = film.map_err(|error| MediaError::Unfit(format!("the converted video can’t be read: {error}")))?;
    Ok((film, size, sha256))
}
