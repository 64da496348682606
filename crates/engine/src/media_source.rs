//! Files for networks, out of the library.

use crate::work::HandlerError;
use async_trait::async_trait;
use bytes::Bytes;
use crier_media::{FilmKind, Kind, Library, MediaError};
use crier_model::{
    FrameRate,
    post::{MediaUse, Part},
    rendition::{Fit, Recipe},
    rules::MediaRules,
};
use crier_networks::{
    Detail, Refusal, fit,
    publish::{MediaItem, MediaSource},
};
use crier_store::{
    Store,
    media::{self, Media, Rendition},
    posts::Post,
};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use std::{
    io,
    sync::{Mutex, PoisonError},
};

/// A file of the library as a network gets it, with what this post says of it.
///
/// A picture that moves is never made a still one: of a GIF another that moves is made, of the others none. Of what moves anything is made
/// only where `films` can be converted. `url` is where strangers fetch it.
pub(crate) fn item(file: &Media, used: &MediaUse, films: bool, url: Option<String>) -> MediaItem {
    let is_film = FilmKind::of_mime(&file.mime).is_some();
    let is_still = Kind::of_mime(&file.mime).is_some() && file.duration_ms.is_none();
    let is_moving_gif = file.mime == "image/gif" && file.duration_ms.is_some();
    MediaItem {
        id: file.id,
        name: file.name.clone(),
        mime: file.mime.clone(),
        size: file.size,
        width: file.width.unwrap_or(0),
        height: file.height.unwrap_or(0),
        duration_ms: file.duration_ms.unwrap_or(0),
        codecs: file.codecs.clone(),
        frame_rate: file.frame_rate,
        convertible: is_still || ((is_film || is_moving_gif) && films),
        alt: used.alt.clone().or_else(|| file.alt.clone()).unwrap_or_default(),
        sha256: file.sha256.clone(),
        url,
    }
}

/// The files of one post, and what was made of them for its network.
pub(crate) struct Files {
    library: Library,
    files: Vec<Media>,
    made: Mutex<Vec<Rendition>>,
}

impl Files {
    pub(crate) async fn of(store: &Store, library: &Library, post: &Post) -> Result<Self, HandlerError> {
        let files = media::get_many(store, post.workspace, &post.content.media()).await?;
        Ok(Self { library: library.clone(), files, made: Mutex::default() })
    }

    /// The files of a part as a network with these rules gets them; none when one of them is gone.
    pub(crate) fn items(&self, part: &Part, rules: &MediaRules) -> Option<Vec<MediaItem>> {
        let films = self.library.converts_films();
        let item = |used: &MediaUse| {
            let file = self.files.iter().find(|file| file.id == used.id)?;
            Some(item(file, used, films, self.library.address(&file.storage_key, rules.copies())))
        };
        part.media.iter().map(item).collect()
    }

    /// The files as they fit a network: what is too large or of another type, made anew. What can't be mended stays as it is,
    /// for the network to judge: the check has told it to people.
    pub(crate) async fn fitted(
        &self,
        network: &str,
        rules: &MediaRules,
        items: &[MediaItem],
    ) -> Result<Vec<MediaItem>, Refusal> {
        let mut fitted = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("/media/{index}");
            fitted.push(match fit::fit(network, rules, item, &pointer) {
                Ok(Fit::Made(recipe)) => {
                    self.made(item, &recipe, rules).await.map_err(|refusal| refusal.at(&pointer))?
                }
                _ => item.clone(),
            });
        }
        Ok(fitted)
    }

    async fn made(&self, item: &MediaItem, recipe: &Recipe, rules: &MediaRules) -> Result<MediaItem, Refusal> {
        let file = self.files.iter().find(|file| file.id == item.id).ok_or_else(|| unread(item, "it is gone"))?;
        let made = Box::pin(self.library.made(file, recipe)).await.map_err(|error| match error {
            MediaError::Unfit(_) | MediaError::Refused(_) => {
                let said = format!("“{}” can’t be made to fit: {error}. Use a smaller one.", item.name);
                Refusal::Content(Detail::new(said))
            }
            error => unread(item, &error.to_string()),
        })?;
        let ending = made.storage_key.rsplit('.').next().unwrap_or_default();
        let stem = item.name.rsplit_once('.').map_or(item.name.as_str(), |(stem, _)| stem);
        let fitted = MediaItem {
            name: format!("{stem}.{ending}"),
            mime: made.mime.clone(),
            size: made.size,
            width: made.width.unwrap_or(0),
            height: made.height.unwrap_or(0),
            duration_ms: made.duration_ms.unwrap_or(0),
            frame_rate: recipe.frame_rate.map(FrameRate::per_second),
            sha256: made.sha256.clone(),
            url: self.library.address(&made.storage_key, rules.copies()),
            ..item.clone()
        };
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(made);
        Ok(fitted)
    }

    /// Where the bytes of an item are kept.
    fn key(&self, item: &MediaItem) -> Result<String, Refusal> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.iter().find(|made| made.media == item.id && made.sha256 == item.sha256) {
            return Ok(made.storage_key.clone());
        }
        let file = self.files.iter().find(|file| file.id == item.id);
        file.map(|file| file.storage_key.clone()).ok_or_else(|| unread(item, "it is gone"))
    }
}

impl Files {
    /// The files of a part that was sent with them: of those that are gone from the library by now, no more than that they were there.
    pub(crate) fn known(&self, part: &Part) -> Vec<MediaItem> {
        let gone = |used: &MediaUse| MediaItem {
            id: used.id,
            name: String::new(),
            mime: String::new(),
            size: 0,
            width: 0,
            height: 0,
            duration_ms: 0,
            codecs: Vec::new(),
            frame_rate: None,
            convertible: false,
            alt: used.alt.clone().unwrap_or_default(),
            sha256: String::new(),
            url: None,
        };
        let films = self.library.converts_films();
        let known = |used: &MediaUse| {
            let file = self.files.iter().find(|file| file.id == used.id);
            file.map_or_else(|| gone(used), |file| item(file, used, films, None))
        };
        part.media.iter().map(known).collect()
    }
}

#[async_trait]
impl MediaSource for Files {
    async fn stream(
        &self,
        item: &MediaItem,
        from: u64,
        to: u64,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, Refusal> {
        let pieces = self.library.storage().stream(&self.key(item)?, from..to).await;
        let pieces = pieces.map_err(|error| unread(item, &error.to_string()))?;
        Ok(pieces.map_err(io::Error::other).boxed())
    }

    async fn piece(&self, item: &MediaItem, from: u64, to: u64) -> Result<Bytes, Refusal> {
        let bytes = self.library.storage().piece(&self.key(item)?, from..to).await;
        bytes.map_err(|error| unread(item, &error.to_string()))
    }
}

/// The file was there when the post was checked: storage that fails now may work later.
fn unread(item: &MediaItem, why: &str) -> Refusal {
    Refusal::Temporary(Detail::new(format!("the file “{}” can't be read: {why}", item.name)))
}
