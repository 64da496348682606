//! Why a file was not taken, said so that a person knows what to do with it.

use crate::{FilmKind, Kind, MAX_FILM_BYTES, StorageError};
use crier_model::Finding;
use crier_store::StoreError;

/// What is taken, in words.
const TAKEN: &str = "a JPEG, PNG, GIF, WebP, AVIF, BMP or TIFF image, or an MP4, MOV or WebM video";

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaRefusal {
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {} MB", max_bytes / 1024 / 1024)]
    TooLarge { max_bytes: u64 },
    #[error("the file is none of the types taken here")]
    UnknownType,
    /// The usual type of an iPhone's photos.
    #[error("HEIC pictures can’t be read here")]
    Heic,
    /// It begins as HEIC and can't be read to its end.
    #[error("the file can’t be read as HEIC")]
    UnreadableHeic,
    /// The name is that of a picture or video, the content is neither.
    #[error("the file is named as {declared}, but its content is something else")]
    Mislabelled { declared: &'static str },
    /// It begins as a picture of this kind and can't be read to its end.
    #[error("the file can’t be read as {}", found.mime())]
    Undecodable { found: Kind },
    #[error("the picture has {width} × {height} pixels, more than {max_pixels} in all")]
    TooManyPixels { width: u32, height: u32, max_pixels: u64 },
    /// It begins as a video of this kind and can't be used.
    #[error("the video can’t be read as {}: {why}", found.mime())]
    UnreadableFilm { found: FilmKind, why: String },
    /// The sender stopped before the end.
    #[error("the upload broke off")]
    Interrupted,
}

impl MediaRefusal {
    /// Stable, for example `media.empty`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "media.empty",
            Self::TooLarge { .. } => "media.too_large",
            Self::UnknownType => "media.unknown_type",
            Self::Heic => "media.heic",
            Self::Mislabelled { .. } => "media.mislabelled",
            Self::Undecodable { .. } | Self::UnreadableFilm { .. } | Self::UnreadableHeic => "media.undecodable",
            Self::TooManyPixels { .. } => "media.too_many_pixels",
            Self::Interrupted => "media.interrupted",
        }
    }

    /// The status of an HTTP answer that carries it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::TooLarge { .. } => 413,
            Self::UnknownType | Self::Heic => 415,
            Self::Interrupted => 400,
            Self::Empty
            | Self::Mislabelled { .. }
            | Self::Undecodable { .. }
            | Self::UnreadableHeic
            | Self::TooManyPixels { .. }
            | Self::UnreadableFilm { .. } => 422,
        }
    }

    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Empty => "Choose the file again; the copy that was sent has 0 bytes.".to_owned(),
            Self::TooLarge { max_bytes } => {
                let what = if *max_bytes == MAX_FILM_BYTES { "videos" } else { "images" };
                format!("Save it smaller or at a lower quality; {what} may have {} MB.", max_bytes / 1024 / 1024)
            }
            Self::UnknownType => format!("Send {TAKEN}."),
            Self::Heic => {
                "Export it as JPEG, or choose it in the composer with Safari on the phone, which does that by itself. This server \
                 could read it with heif-convert, which it does not have: see its manual under “Media”."
                    .to_owned()
            }
            Self::Mislabelled { .. } => format!("Send the file itself: {TAKEN}."),
            Self::UnreadableFilm { .. } => {
                "Export it again from where it was made; it is cut off, damaged or still being written.".to_owned()
            }
            Self::Undecodable { .. } | Self::UnreadableHeic => {
                "Open it in an image editor and save it again; it is cut off or damaged.".to_owned()
            }
            Self::TooManyPixels { .. } => "Make it smaller in an image editor.".to_owned(),
            Self::Interrupted => "Send it again.".to_owned(),
        }
    }

    /// As a problem of the field `file`.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let message = self.to_string();
        let mut letters = message.chars();
        let message = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>();
        Finding::error("/file", self.code(), format!("{message}."), self.fix())
    }
}

/// What can go wrong in the library.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error(transparent)]
    Refused(#[from] MediaRefusal),
    /// Posts that are not done use the file.
    #[error("{} not done", if *posts == 1 { "a post uses the file and is".to_owned() } else { format!("{posts} posts use the file and are") })]
    InUse { posts: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No small picture can be made of it.
    #[error("no small picture can be made of the file")]
    NoPicture,
    /// Nothing that keeps to a network's limits can be made of the file.
    #[error("{0}")]
    Unfit(String),
    /// A worker thread died.
    #[error("the picture could not be worked on: {0}")]
    Worker(String),
}

/// Files are worked on beside where they are kept, so what fails there fails as the storage does.
impl From<std::io::Error> for MediaError {
    fn from(error: std::io::Error) -> Self {
        StorageError::from(error).into()
    }
}
