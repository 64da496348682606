//! Files coming in: laid on the disk piece by piece, so that a large one is never in memory whole, and looked at as soon as
//! enough is there to know what it is.

use crate::{Kind, MAX_FILM_BYTES, MAX_IMAGE_BYTES, MediaError, MediaRefusal, film::FilmKind};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::{fs::File, io::AsyncWriteExt};

/// The first bytes, which say what a file is.
const HEAD: usize = 4096;

/// What a file is by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Picture(Kind),
    Film(FilmKind),
    /// To be made a JPEG of.
    Heic,
}

impl Sort {
    fn of(head: &[u8], name: &str) -> Result<Self, MediaRefusal> {
        if head.is_empty() {
            return Err(MediaRefusal::Empty);
        }
        if crate::avif::is_heic(head) {
            return Ok(Self::Heic);
        }
        let film = || FilmKind::of_content(head).map(Self::Film);
        Kind::of_content(head).map(Self::Picture).or_else(film).ok_or_else(|| {
            // Something else under a picture's or video's name is told apart from a type that is honestly another.
            let declared = Kind::of_name(name).map(Kind::mime).or_else(|| FilmKind::of_name(name).map(FilmKind::mime));
            declared.map_or(MediaRefusal::UnknownType, |declared| MediaRefusal::Mislabelled { declared })
        })
    }

    fn max_bytes(self) -> u64 {
        match self {
            Self::Picture(_) | Self::Heic => MAX_IMAGE_BYTES,
            Self::Film(_) => MAX_FILM_BYTES,
        }
    }
}

/// A file on its way into the library.
#[derive(Debug)]
pub struct Incoming {
    name: String,
    file: NamedTempFile,
    writer: File,
    head: Vec<u8>,
    sort: Option<Sort>,
    size: u64,
    hash: Sha256,
}

impl Arrived {
    /// The same file made another of another type.
    pub async fn become_jpeg(self, file: NamedTempFile) -> Result<Self, MediaError> {
        let bytes = tokio::fs::read(file.path()).await?;
        let (size, sha256) = (bytes.len() as u64, hex::encode(Sha256::digest(&bytes)));
        Ok(Self { file, sort: Sort::Picture(Kind::Jpeg), size, sha256, ..self })
    }
}

/// A file that has come in.
pub(crate) struct Arrived {
    pub name: String,
    pub file: NamedTempFile,
    pub sort: Sort,
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
}

impl Incoming {
    pub(crate) fn new(name: &str, file: NamedTempFile) -> Result<Self, MediaError> {
        let writer = File::from_std(file.reopen()?);
        let (name, hash) = (name.to_owned(), Sha256::new());
        Ok(Self { name, file, writer, head: Vec::new(), sort: None, size: 0, hash })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`MediaError::Refused`] as soon as it is known that the file is not taken: its type, or its size.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), MediaError> {
        self.size += piece.len() as u64;
        let wanted = HEAD.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..wanted]);
        if self.sort.is_none() && self.head.len() >= HEAD {
            self.sort = Some(Sort::of(&self.head, &self.name)?);
        }
        self.within_limit()?;
        self.hash.update(piece);
        Ok(self.writer.write_all(piece).await?)
    }

    /// Everything has come.
    pub(crate) async fn arrived(mut self) -> Result<Arrived, MediaError> {
        self.sort = Some(Sort::of(&self.head, &self.name)?);
        self.within_limit()?;
        self.writer.flush().await?;
        let Self { name, file, sort, size, hash, .. } = self;
        let sort = sort.ok_or(MediaRefusal::UnknownType)?;
        Ok(Arrived { name, file, sort, size, sha256: hex::encode(hash.finalize()) })
    }

    fn within_limit(&self) -> Result<(), MediaError> {
        let max_bytes = self.sort.map_or(MAX_FILM_BYTES, Sort::max_bytes);
        if self.size > max_bytes { Err(MediaRefusal::TooLarge { max_bytes }.into()) } else { Ok(()) }
    }
}
