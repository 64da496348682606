//! Pictures: what they are is read from their content, never from a name or a header.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;
use std::time::Duration;

use image::{ImageFormat, ImageReader};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::accounts::AccountId;
use crate::posts::PostId;

/// The largest file, in bytes.
pub(crate) const FILE_MAX: usize = 10 * 1024 * 1024;
/// The longest description, in characters.
pub(crate) const ALT_MAX: usize = 1500;
/// An upload that no post took is removed after this.
const UNUSED_LIFE: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct MediaId(String);

impl MediaId {
    pub(crate) fn fresh() -> Self {
        MediaId(uuid::Uuid::new_v4().simple().to_string())
    }

    pub(crate) fn named(id: &str) -> Self {
        MediaId(id.to_owned())
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Jpeg,
    Png,
    Gif,
    Webp,
}

impl Format {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::Gif => "image/gif",
            Format::Webp => "image/webp",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Format::Jpeg => "jpg",
            Format::Png => "png",
            Format::Gif => "gif",
            Format::Webp => "webp",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Picture {
    pub(crate) id: MediaId,
    pub(crate) owner: AccountId,
    pub(crate) format: Format,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: u64,
    pub(crate) alt: String,
    pub(crate) uploaded_at: Timestamp,
    pub(crate) post: Option<PostId>,
}

impl Picture {
    /// The name of its file, also the end of its address.
    pub(crate) fn file(&self) -> String {
        format!("{}.{}", self.id, self.format.extension())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("file: {0} bytes are too many; at most {FILE_MAX} are allowed.")]
    Large(usize),
    #[error("file: this is not a JPEG, PNG, GIF or WebP image{0}.")]
    NotAPicture(String),
    #[error("file: the {0} image is damaged: {1}.")]
    Damaged(&'static str, String),
    #[error("alt: {0} characters are too many; at most {ALT_MAX} are allowed.")]
    AltLong(usize),
}

/// What the first bytes say about a file.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(Format, u32, u32), Unusable> {
    if bytes.len() > FILE_MAX {
        return Err(Unusable::Large(bytes.len()));
    }
    let found = image::guess_format(bytes).ok();
    let format = match found {
        Some(ImageFormat::Jpeg) => Format::Jpeg,
        Some(ImageFormat::Png) => Format::Png,
        Some(ImageFormat::Gif) => Format::Gif,
        Some(ImageFormat::WebP) => Format::Webp,
        Some(other) => {
            return Err(Unusable::NotAPicture(format!(" but {}", other.to_mime_type())));
        }
        None => return Err(Unusable::NotAPicture(String::new())),
    };
    let mut reader = ImageReader::new(Cursor::new(bytes));
    if let Some(found) = found {
        reader.set_format(found);
    }
    let (width, height) =
        reader.into_dimensions().map_err(|error| Unusable::Damaged(format.content_type(), error.to_string()))?;
    Ok((format, width, height))
}

/// Checks a description.
pub(crate) fn check_alt(alt: &str) -> Result<(), Unusable> {
    let length = alt.chars().count();
    if length > ALT_MAX {
        return Err(Unusable::AltLong(length));
    }
    Ok(())
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Media {
    all: BTreeMap<MediaId, Picture>,
}

impl Media {
    pub(crate) fn get(&self, id: &MediaId) -> Option<&Picture> {
        self.all.get(id)
    }

    pub(crate) fn by_file(&self, file: &str) -> Option<&Picture> {
        let (id, _) = file.rsplit_once('.')?;
        self.get(&MediaId::named(id)).filter(|picture| picture.file() == file)
    }

    /// Whether `account` may put `id` on a new post.
    pub(crate) fn free(&self, id: &MediaId, account: AccountId) -> bool {
        self.get(id).is_some_and(|picture| picture.owner == account && picture.post.is_none())
    }

    pub(crate) fn add(&mut self, picture: Picture) {
        self.all.insert(picture.id.clone(), picture);
    }

    pub(crate) fn attach(&mut self, ids: &[MediaId], post: PostId) {
        for id in ids {
            if let Some(picture) = self.all.get_mut(id) {
                picture.post = Some(post);
            }
        }
    }

    /// Forgets `ids` and says which files to remove.
    pub(crate) fn remove(&mut self, ids: &[MediaId]) -> Vec<String> {
        ids.iter().filter_map(|id| self.all.remove(id)).map(|picture| picture.file()).collect()
    }

    /// Forgets uploads that no post took within a day and says which files to remove.
    pub(crate) fn prune(&mut self, now: Timestamp) -> Vec<String> {
        let old: Vec<MediaId> = self
            .all
            .values()
            .filter(|picture| picture.post.is_none() && picture.uploaded_at + UNUSED_LIFE <= now)
            .map(|picture| picture.id.clone())
            .collect();
        self.remove(&old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(7, 5).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn formats_are_told_by_content() {
        for (image, format) in [
            (ImageFormat::Jpeg, Format::Jpeg),
            (ImageFormat::Png, Format::Png),
            (ImageFormat::Gif, Format::Gif),
            (ImageFormat::WebP, Format::Webp),
        ] {
            assert_eq!(inspect(&encoded(image)), Ok((format, 7, 5)));
        }
        assert_eq!(inspect(b"<html></html>"), Err(Unusable::NotAPicture(String::new())));
        assert_eq!(inspect(&encoded(ImageFormat::Bmp)), Err(Unusable::NotAPicture(" but image/bmp".to_owned())));
    }

    #[test]
    fn a_cut_off_picture_is_damaged() {
        let bytes = encoded(ImageFormat::Png);
        assert!(matches!(inspect(bytes.get(..20).unwrap()), Err(Unusable::Damaged("image/png", _))));
    }
}
