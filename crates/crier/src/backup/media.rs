//! The media's part: a folder, or what lies in a bucket.

use super::{MEDIA, archive::Writer};
use crate::{Failed, config::Config, parts};
use bytes::{Buf, Bytes};
use crier_media::{Storage, StorageError};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};
use tokio::runtime::Handle;

/// What goes into a backup.
pub enum Media {
    LeftOut,
    Folder(PathBuf),
    Bucket(Storage),
}

impl Media {
    pub fn of(config: &Config, left_out: bool) -> Result<Self, Failed> {
        Ok(match &config.bucket {
            _ if left_out => Self::LeftOut,
            Some(_) => Self::Bucket(parts::storage(config, &parts::net(config)?)?),
            None => Self::Folder(config.data_dir.join(MEDIA)),
        })
    }

    /// To be called on a thread that may wait.
    pub fn write(self, archive: &mut Writer, runtime: &Handle) -> io::Result<()> {
        match self {
            Self::Folder(folder) if folder.is_dir() => archive.add_folder(MEDIA, &folder),
            Self::LeftOut | Self::Folder(_) => Ok(()),
            Self::Bucket(storage) => {
                let mut kept: Vec<_> = runtime.block_on(storage.all().try_collect()).map_err(io::Error::other)?;
                kept.sort();
                kept.iter().try_for_each(|(key, size)| {
                    let name = format!("{MEDIA}/{key}");
                    if *size == 0 {
                        return archive.add_bytes(&name, &[]);
                    }
                    match runtime.block_on(storage.stream(key, 0..*size)) {
                        // Taken away meanwhile.
                        Err(StorageError::Missing) => Ok(()),
                        Err(error) => Err(io::Error::other(error)),
                        Ok(pieces) => archive.add(&name, *size, Pieces { runtime, pieces, at: Bytes::new() }),
                    }
                })
            }
        }
    }
}

/// A file of the bucket, as it is read where one waits for it.
struct Pieces<'a> {
    runtime: &'a Handle,
    pieces: BoxStream<'static, Result<Bytes, StorageError>>,
    at: Bytes,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at.is_empty() {
            match self.runtime.block_on(self.pieces.next()) {
                Some(piece) => self.at = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.at.len());
        self.at.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// A restore never writes over anything.
pub async fn must_be_empty(config: &Config) -> Result<(), Failed> {
    let Some(bucket) = &config.bucket else {
        let media = config.data_dir.join(MEDIA);
        if fs::read_dir(&media).is_ok_and(|mut files| files.next().is_some()) {
            return Err(Failed(format!("--data-dir: {} holds files already; move them away first", media.display())));
        }
        return Ok(());
    };
    let storage = parts::storage(config, &parts::net(config)?)?;
    match storage.all().next().await {
        None => Ok(()),
        Some(Ok(_)) => Err(Failed(format!(
            "--s3-bucket: {} holds files already; restore into an empty one, or under another --s3-prefix",
            bucket.name
        ))),
        Some(Err(error)) => Err(unusable(&error)),
    }
}

/// Puts the unpacked files where they are kept.
pub async fn put_back(config: &Config, files: &Path) -> Result<(), Failed> {
    if !files.is_dir() {
        return Ok(());
    }
    let failed = |error| Failed::to("putting the media back", error);
    if config.bucket.is_none() {
        let media = config.data_dir.join(MEDIA);
        // An empty folder may be there from a start.
        fs::remove_dir(&media).ok();
        return fs::rename(files, &media).map_err(failed);
    }
    let storage = parts::storage(config, &parts::net(config)?)?;
    for path in below(files).map_err(failed)? {
        let key: Vec<_> = path.strip_prefix(files).unwrap_or(&path).iter().map(|part| part.to_string_lossy()).collect();
        storage.put_file(&key.join("/"), &path).await.map_err(|error| unusable(&error))?;
    }
    Ok(())
}

fn unusable(error: &StorageError) -> Failed {
    Failed(format!("the media storage: {error}. {}", error.fix()))
}

/// The files of a folder and of those below it.
fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(below(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    Ok(found)
}
