//! Playground: a small social network with its own accounts, pages, OAuth 2.1 server and API.
//!
//! It is an opponent to try a scheduler against, not a part of it: it shares no code with the rest,
//! runs on an origin of its own, and can be told to fail in the ways real networks fail (`faults`).
//! Its page `/faults` and `PUT /faults.json` set the faults; `GET /log.json` tells what was asked of it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accounts;
mod api;
mod avatar;
mod bot;
mod disk;
mod endpoint;
mod faults;
mod gate;
mod line;
mod log;
mod media;
mod oauth;
mod pages;
mod posts;
mod publish;
mod router;
mod secrets;
mod state;

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use jiff::Timestamp;
use tokio::net::TcpListener;
use url::Url;

use crate::line::{Line, Switchboard};
use crate::state::Shared;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a Playground is set up.
#[derive(Clone)]
pub struct Config {
    /// The JSON file that holds its state; pictures go to a folder of the same name beside it.
    pub data_file: PathBuf,
    /// Where browsers and apps reach it, e.g. `http://127.0.0.1:4801`: also its issuer name.
    pub origin: Url,
    /// Where it takes the time from.
    pub clock: Clock,
    /// How long an authorization code can be exchanged.
    pub code_life: Duration,
    /// How long an access token works.
    pub access_token_life: Duration,
    /// How long a refresh token works if it is not used.
    pub refresh_token_life: Duration,
}

impl Config {
    /// The usual lives (code 60 s, access token 1 h, refresh token 180 days) and the system's clock.
    pub fn new(data_file: PathBuf, origin: Url) -> Self {
        Config {
            data_file,
            origin,
            clock: Arc::new(Timestamp::now),
            code_life: Duration::from_secs(60),
            access_token_life: Duration::from_secs(3600),
            refresh_token_life: Duration::from_secs(180 * 24 * 3600),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("data_file", &self.data_file)
            .field("origin", &self.origin.as_str())
            .field("code_life", &self.code_life)
            .field("access_token_life", &self.access_token_life)
            .field("refresh_token_life", &self.refresh_token_life)
            .finish_non_exhaustive()
    }
}

/// Why Playground cannot start or stop properly.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be used.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The data file is not one of Playground's.
    #[error("{} is not a data file of Playground: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// The origin is not one a browser can go to.
    #[error("origin: {0} is not an http or https address")]
    Origin(Url),
    /// The listener failed.
    #[error("serving failed: {0}")]
    Serve(io::Error),
}

/// The network with its state. Clones share it.
#[derive(Clone, Debug)]
pub struct Playground {
    shared: Shared,
}

impl Playground {
    /// Reads the data file, or begins with the two demo accounts where there is none.
    ///
    /// # Errors
    /// When the data file can be neither read nor made, or is not Playground's, or when the origin is not
    /// an http(s) address.
    pub fn open(config: Config) -> Result<Self, Error> {
        if !matches!(config.origin.scheme(), "http" | "https") || config.origin.host().is_none() {
            return Err(Error::Origin(config.origin));
        }
        Ok(Playground { shared: Shared::new(config)? })
    }

    /// All routes. Connection resets need [`Playground::serve`]; elsewhere a broken-off body stands in.
    pub fn router(&self) -> Router {
        router::routes(&self.shared)
    }

    /// Answers requests until `shutdown` completes, then writes what is left to write.
    ///
    /// # Errors
    /// When the listener fails or the state cannot be written at the end.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let closing = self.shared.clone();
        let service = self.router().into_make_service_with_connect_info::<Line>();
        axum::serve(Switchboard(listener), service)
            .with_graceful_shutdown(async move {
                shutdown.await;
                closing.close();
            })
            .await
            .map_err(Error::Serve)?;
        self.shared.flush()
    }
}
