//! HEIC, the usual type of an iPhone's photos. Its coding is another one's property, so it is read by a program of its own,
//! `heif-convert` of libheif, and kept as JPEG.

use crate::{
    MediaError, MediaRefusal, ProgramLimits,
    confine::{self, command},
};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tempfile::NamedTempFile;
use tokio::{process::Command, time::timeout};

/// How long its version may take to be told.
const VERSION: Duration = Duration::from_secs(10);
/// How long one picture may take.
const PICTURE: Duration = Duration::from_secs(120);
/// The largest JPEG it may write, in bytes.
const MAX_WRITTEN: u64 = 64 * 1024 * 1024;
/// JPEG qualities that are tried until the picture is small enough to be taken.
const QUALITIES: [&str; 3] = ["92", "82", "70"];

/// The program, where it is.
#[derive(Debug, Clone)]
pub struct HeifConvert {
    path: PathBuf,
    limits: ProgramLimits,
}

impl HeifConvert {
    /// The program at a path, or the one that the search path leads to; none where there is none.
    #[must_use]
    pub fn find(path: Option<&Path>, limits: ProgramLimits) -> Option<Self> {
        Some(Self { path: confine::find(path, "heif-convert")?, limits: ProgramLimits { time: PICTURE, ..limits } })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its version.
    ///
    /// # Errors
    /// When it can't be run, in words.
    pub async fn version(&self) -> Result<String, String> {
        let mut command = command(&self.path);
        let told = command.arg("-h").stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let told = timeout(VERSION, told).await.map_err(|_| "it does not answer".to_owned())?;
        let told = told.map_err(|error| error.to_string())?;
        let said = format!("{} {}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
        let version = said.split_once("version:").and_then(|(_, rest)| rest.split_whitespace().next());
        version.map(str::to_owned).ok_or_else(|| "it does not say its version".to_owned())
    }

    /// Makes a JPEG of a HEIC picture, turned the way people see it, without what the file says besides (the place where it was taken
    /// among it). `room` is a folder to work in.
    ///
    /// # Errors
    /// [`MediaRefusal::UnreadableHeic`] when it can't be read; when the program can't be run.
    pub(crate) async fn to_jpeg(&self, heic: &Path, room: &Path, max_bytes: u64) -> Result<NamedTempFile, MediaError> {
        let folder = tempfile::TempDir::new_in(room)?;
        for quality in QUALITIES {
            let wanted = folder.path().join("out.jpg");
            let mut command = command(&self.path);
            command.args(["--quiet", "-q", quality]).arg(heic).arg(&wanted);
            self.run(&mut command).await?;
            // Of a file with several pictures, each is written under a number.
            let first = folder.path().join("out-1.jpg");
            let written = if first.is_file() { first } else { wanted };
            let Ok(jpeg) = tokio::fs::read(&written).await else { return Err(MediaRefusal::UnreadableHeic.into()) };
            let bare = without_words(&jpeg).ok_or(MediaRefusal::UnreadableHeic)?;
            if bare.len() as u64 <= max_bytes {
                let file = NamedTempFile::new_in(room)?;
                tokio::fs::write(file.path(), bare).await?;
                return Ok(file);
            }
        }
        Err(MediaRefusal::TooLarge { max_bytes }.into())
    }

    async fn run(&self, command: &mut Command) -> Result<(), MediaError> {
        let started = self.limits.start(command, MAX_WRITTEN);
        let child = started.map_err(|error| MediaError::Worker(format!("heif-convert can’t be started: {error}")))?;
        let ended = timeout(self.limits.time, child.wait_with_output()).await;
        let ended = ended.map_err(|_| MediaRefusal::UnreadableHeic)?;
        let ended = ended.map_err(|error| MediaError::Worker(error.to_string()))?;
        if ended.status.success() {
            return Ok(());
        }
        tracing::info!(status = %ended.status, said = %String::from_utf8_lossy(&ended.stderr), "a HEIC picture can't be read");
        Err(MediaRefusal::UnreadableHeic.into())
    }
}

/// The same JPEG without what it says in words: Exif, XMP, comments. What its colours mean (ICC) stays. Its orientation goes with it: the
/// program has turned the picture by what HEIC says, which alone counts (ISO/IEC 23008-12, A.2).
fn without_words(jpeg: &[u8]) -> Option<Vec<u8>> {
    const SOI: [u8; 2] = [0xFF, 0xD8];
    let mut rest = jpeg.strip_prefix(&SOI)?;
    let mut bare = SOI.to_vec();
    loop {
        let (&[mark, kind, high, low], _) = rest.split_first_chunk::<4>()?;
        if mark != 0xFF {
            return None;
        }
        // From here on it is the picture itself.
        if kind == 0xDA {
            bare.extend_from_slice(rest);
            return Some(bare);
        }
        let (segment, after) = rest.split_at_checked(2 + usize::from(u16::from_be_bytes([high, low])))?;
        if !matches!(kind, 0xE1 | 0xE3..=0xED | 0xEF | 0xFE) {
            bare.extend_from_slice(segment);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jpeg_keeps_its_picture_and_colours_and_loses_its_words() {
        let segment = |kind: u8, held: &[u8]| {
            let length = u16::try_from(held.len() + 2).unwrap().to_be_bytes();
            [&[0xFF, kind], length.as_slice(), held].concat()
        };
        let (place, colours) = (segment(0xE1, b"Exif\0\0 52.5200N"), segment(0xE2, b"ICC_PROFILE"));
        let picture = [segment(0xDB, b"tables"), segment(0xDA, b"head"), vec![1, 2, 3, 0xFF, 0xD9]].concat();
        let whole = [vec![0xFF, 0xD8], place, colours.clone(), segment(0xFE, b"home"), picture.clone()].concat();
        assert_eq!(without_words(&whole).unwrap(), [vec![0xFF, 0xD8], colours, picture].concat());
        assert_eq!(without_words(&whole[..whole.len() - 20]), None);
        assert_eq!(without_words(b"no jpeg"), None);
    }
}
