//! The data file: one JSON document, replaced atomically after each change.
//!
//! One thread writes. Requests that change something at the same moment share one write, so the cost
//! of an fsync is paid per burst and not per request.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use crate::Error;
use crate::state::{NotSaved, SOON, Shelf, World, open};

/// How urgent a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    AtOnce,
    Soon,
}

/// The highest revision on disk, and why a later one is not.
#[derive(Clone, Debug, Default)]
struct Progress {
    revision: u64,
    failed: Option<(u64, Arc<str>)>,
}

#[derive(Debug)]
pub(crate) struct Disk {
    path: PathBuf,
    world: Shelf,
    orders: Sender<Written>,
    progress: watch::Receiver<Progress>,
    pen: Pen,
}

/// Held from reading the world until the file is replaced, so that an older state never overwrites a
/// newer one.
type Pen = Arc<Mutex<()>>;

impl Disk {
    /// Reads the data file, or begins an empty world where there is none, and starts the writer.
    pub(crate) fn open(path: &Path) -> Result<(Shelf, Self), Error> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::File {
                what: "create the folder of the data file",
                path: folder.to_owned(),
                source,
            })?;
        }
        let mut world = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice::<World>(&bytes)
                .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => World::default(),
            Err(source) => {
                return Err(Error::File { what: "read the data file", path: path.to_owned(), source });
            }
        };
        world.index();
        let world = Arc::new(Mutex::new(world));
        let (orders, queue) = mpsc::channel();
        let (report, progress) = watch::channel(Progress::default());
        let pen = Pen::default();
        let writer = Writer { path: path.to_owned(), world: Arc::clone(&world), report, pen: Arc::clone(&pen) };
        std::thread::Builder::new().name("playground-writer".to_owned()).spawn(move || writer.run(&queue)).map_err(
            |source| Error::File { what: "start the thread that writes the data file", path: path.to_owned(), source },
        )?;
        let disk = Disk { path: path.to_owned(), world: Arc::clone(&world), orders, progress, pen };
        Ok((world, disk))
    }

    /// Asks for a write. Where the writer has died, waiting for the write reports it.
    pub(crate) fn ask(&self, when: Written) {
        if self.orders.send(when).is_err() {
            tracing::error!("the thread that writes the data file has ended");
        }
    }

    /// Waits until `revision` is on disk.
    pub(crate) async fn saved(&self, revision: u64) -> Result<(), NotSaved> {
        let mut progress = self.progress.clone();
        let seen = progress
            .wait_for(|seen| {
                seen.revision >= revision || seen.failed.as_ref().is_some_and(|(upto, _)| *upto >= revision)
            })
            .await
            .map_err(|_| NotSaved("the writer has stopped".into()))?;
        match &seen.failed {
            Some((_, reason)) if seen.revision < revision => Err(NotSaved(Arc::clone(reason))),
            _ => Ok(()),
        }
    }

    /// Writes here and now, for the start and the end of the program.
    pub(crate) fn write_now(&self) -> Result<(), Error> {
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = serialise(&open(&self.world)).map_err(|source| Error::File {
            what: "serialise the state for",
            path: self.path.clone(),
            source,
        })?;
        replace(&self.path, &bytes).map_err(|source| Error::File {
            what: "write the data file",
            path: self.path.clone(),
            source,
        })
    }
}

struct Writer {
    path: PathBuf,
    world: Shelf,
    report: watch::Sender<Progress>,
    pen: Pen,
}

impl Writer {
    fn run(self, queue: &Receiver<Written>) {
        let mut due: Option<Instant> = None;
        loop {
            let order = match due {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => queue.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match order {
                Ok(Written::Soon) => {
                    due.get_or_insert_with(|| Instant::now() + SOON);
                    continue;
                }
                Ok(Written::AtOnce) => {
                    // What was asked for meanwhile is covered by this write.
                    while queue.try_recv().is_ok() {}
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    if due.is_some() {
                        self.write();
                    }
                    return;
                }
            }
            due = None;
            self.write();
        }
    }

    fn write(&self) {
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        let (revision, bytes) = {
            let world = open(&self.world);
            (world.revision, serialise(&world))
        };
        let outcome = bytes.and_then(|bytes| replace(&self.path, &bytes));
        self.report.send_modify(|progress| match outcome {
            Ok(()) => {
                progress.revision = revision;
                progress.failed = None;
            }
            Err(error) => {
                tracing::error!(%error, path = %self.path.display(), "cannot write the data file");
                progress.failed = Some((revision, error.to_string().into()));
            }
        });
    }
}

fn serialise(world: &World) -> io::Result<Vec<u8>> {
    serde_json::to_vec(world).map_err(io::Error::other)
}

/// Writes `bytes` beside `path`, makes them durable, and renames them into place.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = (|| {
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    if written.is_err() {
        // The first error is the one to report; a left-over temporary file is only untidy.
        let _ = fs::remove_file(&beside);
        return written;
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_without_leaving_anything_beside() {
        let folder = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
        fs::create_dir(&folder).unwrap();
        let path = folder.join("data.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_data_file_that_is_not_json_is_named_in_the_error() {
        let folder = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
        fs::create_dir(&folder).unwrap();
        let path = folder.join("data.json");
        fs::write(&path, "{ not json").unwrap();
        let error = Disk::open(&path).unwrap_err();
        assert!(matches!(error, Error::Unreadable { path: named, .. } if named == path));
        // It must not be overwritten either.
        assert_eq!(fs::read(&path).unwrap(), b"{ not json");
        fs::remove_dir_all(&folder).unwrap();
    }
}
