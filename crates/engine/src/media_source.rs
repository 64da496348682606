//! Files for networks, out of the library.

use async_trait::async_trait;
use bytes::Bytes;
use crier_media::Library;
use crier_networks::{
    Detail, Refusal,
    publish::{MediaItem, MediaSource},
};

pub(crate) struct LibrarySource {
    pub library: Library,
    pub workspace: crier_model::WorkspaceId,
}

#[async_trait]
impl MediaSource for LibrarySource {
    async fn bytes(&self, media: &MediaItem) -> Result<Bytes, Refusal> {
        self.library.bytes(self.workspace, media.id).await.map_err(|error| {
            // The file was there when the post was checked: storage that fails now may work later.
            Refusal::Temporary(Detail::new(format!("the file “{}” could not be read: {error}", media.name)))
        })
    }
}
