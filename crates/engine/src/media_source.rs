//! Files for networks, out of the library.

use crate::work::HandlerError;
use async_trait::async_trait;
use bytes::Bytes;
use crier_media::Storage;
use crier_model::post::{MediaUse, Part};
use crier_networks::{
    Detail, Refusal,
    publish::{MediaItem, MediaSource},
};
use crier_store::{Store, media, posts::Post};

/// A file of the library as a network gets it, with what this post says of it.
pub(crate) fn item(file: &media::Media, used: &MediaUse) -> MediaItem {
    MediaItem {
        id: file.id,
        name: file.name.clone(),
        mime: file.mime.clone(),
        size: file.size,
        width: file.width.unwrap_or(0),
        height: file.height.unwrap_or(0),
        alt: used.alt.clone().or_else(|| file.alt.clone()).unwrap_or_default(),
        sha256: file.sha256.clone(),
        url: None,
    }
}

/// The files of one post.
pub(crate) struct Files {
    storage: Storage,
    files: Vec<media::Media>,
}

impl Files {
    pub(crate) async fn of(store: &Store, storage: &Storage, post: &Post) -> Result<Self, HandlerError> {
        let files = media::get_many(store, post.workspace, &post.content.media()).await?;
        Ok(Self { storage: storage.clone(), files })
    }

    /// The files of a part as a network gets them; none when one of them is gone.
    pub(crate) fn items(&self, part: &Part) -> Option<Vec<MediaItem>> {
        let item = |used: &MediaUse| Some(item(self.files.iter().find(|file| file.id == used.id)?, used));
        part.media.iter().map(item).collect()
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
            alt: used.alt.clone().unwrap_or_default(),
            sha256: String::new(),
            url: None,
        };
        let known = |used: &MediaUse| {
            let file = self.files.iter().find(|file| file.id == used.id);
            file.map_or_else(|| gone(used), |file| item(file, used))
        };
        part.media.iter().map(known).collect()
    }
}

#[async_trait]
impl MediaSource for Files {
    async fn bytes(&self, item: &MediaItem) -> Result<Bytes, Refusal> {
        // The file was there when the post was checked: storage that fails now may work later.
        let unread =
            |why: String| Refusal::Temporary(Detail::new(format!("the file “{}” can't be read: {why}", item.name)));
        let file = self.files.iter().find(|file| file.id == item.id).ok_or_else(|| unread("it is gone".to_owned()))?;
        self.storage.get(&file.storage_key).await.map_err(|error| unread(error.to_string()))
    }
}
