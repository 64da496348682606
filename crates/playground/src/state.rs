//! Everything Playground knows, and how a request reads and changes it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};
use url::Url;

use crate::accounts::Accounts;
use crate::bot::Chats;
use crate::disk::{Disk, Written};
use crate::faults::Faults;
use crate::log::Log;
use crate::media::Media;
use crate::oauth::Authority;
use crate::posts::Posts;
use crate::{Config, Error};

/// All that is written to the data file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct World {
    pub(crate) accounts: Accounts,
    pub(crate) posts: Posts,
    pub(crate) media: Media,
    pub(crate) oauth: Authority,
    pub(crate) faults: Faults,
    #[serde(skip)]
    pub(crate) chats: Chats,
    /// Counts the changes, so that a request can wait until its own is on disk.
    #[serde(skip)]
    pub(crate) revision: u64,
}

impl World {
    /// Rebuilds what is derived from the stored rows.
    pub(crate) fn index(&mut self) {
        self.accounts.index();
        self.posts.index();
    }
}

/// The world under its lock.
pub(crate) type Shelf = Arc<Mutex<World>>;

/// Locks `shelf`. A panic in another request does not make the world unreadable: every change is
/// made in one go under the lock and leaves no half state worth stopping for.
pub(crate) fn open(shelf: &Mutex<World>) -> MutexGuard<'_, World> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What every handler holds.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: Shelf,
    disk: Disk,
    log: Mutex<Log>,
    config: Config,
    /// The origin as a string without a trailing slash: also the issuer's name.
    origin: String,
    news: broadcast::Sender<()>,
    closing: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Result<Self, Error> {
        let origin = config.origin.origin().ascii_serialization();
        let (world, disk) = Disk::open(&config.data_file)?;
        std::fs::create_dir_all(pictures(&config.data_file)).map_err(|source| Error::File {
            what: "create the folder for pictures",
            path: pictures(&config.data_file),
            source,
        })?;
        let shared = Shared(Arc::new(Inner {
            world,
            disk,
            log: Mutex::new(Log::default()),
            config,
            origin,
            news: broadcast::channel(16).0,
            closing: watch::channel(false).0,
        }));
        let now = shared.now();
        {
            let mut world = open(&shared.0.world);
            if world.accounts.is_empty() {
                world.accounts.add_demo(now);
                world.revision += 1;
            }
        }
        shared.0.disk.write_now()?;
        Ok(shared)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.config.clock)()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn origin(&self) -> &str {
        &self.0.origin
    }

    pub(crate) fn origin_url(&self) -> &Url {
        &self.0.config.origin
    }

    /// `path` (with its leading slash) as an absolute address.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0.origin)
    }

    pub(crate) fn picture(&self, file: &str) -> PathBuf {
        pictures(&self.0.config.data_file).join(file)
    }

    /// Reads the world.
    pub(crate) fn look<T>(&self, read: impl FnOnce(&World, Timestamp) -> T) -> T {
        let now = self.now();
        read(&open(&self.0.world), now)
    }

    /// Changes the world and returns once the change is on disk.
    ///
    /// # Errors
    /// When the data file cannot be written; the change is kept in memory and written with the next.
    pub(crate) async fn change<T>(&self, change: impl FnOnce(&mut World, Timestamp) -> T) -> Result<T, NotSaved> {
        let now = self.now();
        let (outcome, revision) = {
            let mut world = open(&self.0.world);
            let outcome = change(&mut world, now);
            world.revision += 1;
            (outcome, world.revision)
        };
        self.0.disk.ask(Written::AtOnce);
        self.0.disk.saved(revision).await?;
        Ok(outcome)
    }

    /// Changes something that may be lost in a crash (view counters): written within seconds.
    pub(crate) fn count<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let outcome = {
            let mut world = open(&self.0.world);
            world.revision += 1;
            change(&mut world)
        };
        self.0.disk.ask(Written::Soon);
        outcome
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells open timelines that there is something new.
    pub(crate) fn announce(&self) {
        // Nobody watching is no error.
        let _ = self.0.news.send(());
    }

    pub(crate) fn news(&self) -> broadcast::Receiver<()> {
        self.0.news.subscribe()
    }

    /// Ends the streams that would otherwise keep a graceful shutdown waiting.
    pub(crate) fn close(&self) {
        self.0.closing.send_replace(true);
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.0.closing.subscribe()
    }

    /// Writes what has not been written yet.
    pub(crate) fn flush(&self) -> Result<(), Error> {
        self.0.disk.write_now()
    }
}

fn pictures(data_file: &Path) -> PathBuf {
    data_file.with_extension("media")
}

/// The data file could not be written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the change could not be saved: {0}")]
pub(crate) struct NotSaved(pub(crate) Arc<str>);

/// How long a counter may stay unwritten.
pub(crate) const SOON: Duration = Duration::from_secs(3);
