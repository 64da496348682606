//! Videos: what a file is by its content, how long and large it is and what it is coded in. Read from its head alone, without
//! decoding: a video is taken in also where no ffmpeg is.

mod mp4;
mod webm;

use crier_model::FrameRate;
use std::io::{self, Read, Seek, SeekFrom};

/// A type of video that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilmKind {
    Mp4,
    QuickTime,
    WebM,
}

impl FilmKind {
    pub const ALL: [Self; 3] = [Self::Mp4, Self::QuickTime, Self::WebM];

    /// The kind that the first bytes tell; 64 are enough.
    #[must_use]
    pub fn of_content(head: &[u8]) -> Option<Self> {
        if webm::begins(head) {
            return Some(Self::WebM);
        }
        mp4::kind(head)
    }

    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let extension = std::path::Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "m4v" => Some(Self::Mp4),
            "qt" => Some(Self::QuickTime),
            other => Self::ALL.into_iter().find(|kind| kind.extension() == other),
        }
    }

    #[must_use]
    pub fn of_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.mime() == mime)
    }

    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Mp4 => "video/mp4",
            Self::QuickTime => "video/quicktime",
            Self::WebM => "video/webm",
        }
    }

    /// What ffmpeg calls it.
    pub(crate) fn format(self) -> &'static str {
        match self {
            Self::Mp4 | Self::QuickTime => "mov",
            Self::WebM => "matroska",
        }
    }

    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::QuickTime => "mov",
            Self::WebM => "webm",
        }
    }
}

/// What is known of a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Film {
    pub duration_ms: u64,
    /// Pixels, as people see it: one that was filmed upright is upright.
    pub width: u32,
    pub height: u32,
    /// As they are commonly called: `h264`, `hevc`, `vp9`, `av1`, `aac`, `opus`; else the container's own name.
    pub codecs: Vec<String>,
    /// On the average; none where it does not say.
    pub frame_rate: Option<FrameRate>,
}

/// Why a video can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is damaged, cut off, or has no picture.
    #[error("{0}")]
    Wrong(&'static str),
}

/// Reads what a file says of itself.
///
/// # Errors
/// When it is damaged, cut off, has no picture, or can't be read from the disk.
pub(crate) fn read(kind: FilmKind, file: &mut (impl Read + Seek)) -> Result<Film, Unreadable> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let film = match kind {
        FilmKind::Mp4 | FilmKind::QuickTime => mp4::read(file, length)?,
        FilmKind::WebM => webm::read(file, length)?,
    };
    if film.width == 0 || film.height == 0 {
        return Err(Unreadable::Wrong("it has no picture"));
    }
    if film.duration_ms == 0 {
        return Err(Unreadable::Wrong("it does not say how long it is"));
    }
    Ok(film)
}
