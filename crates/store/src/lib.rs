//! What is kept: tables, migrations, and the questions asked of them, by subject. SQLite and PostgreSQL from one code.
//!
//! A [`Store`] is opened once and cloned freely. Each subject is a module of functions that take it: `channels::list(&store,
//! workspace)`. A function whose name ends in `_in` does its work inside a transaction the caller holds (see [`Store::begin`]
//! and [`Tx`]); its twin without `_in` opens and commits one of its own. Every change writes its event row in the same
//! transaction, and whoever waits for due work or events is woken after the commit (see [`wake`]).
//!
//! Times are the caller's clock (`Store::now`), secrets are sealed on the way in and opened on the way out, and no error or
//! `Debug` output carries a stored value.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod checkpoint;
mod cluster_clock;
mod column;
mod connection;
mod entity;
mod error;
mod migration;
mod seal;
mod together;

pub mod apps;
pub mod attempts;
pub mod channels;
pub mod due;
pub mod events;
pub mod evergreen;
pub mod grants;
pub mod installation;
pub mod invites;
pub mod journal;
pub mod keys;
pub mod media;
pub mod notices;
pub mod numbers;
pub mod pace;
pub mod pairings;
pub mod plugs;
pub mod posts;
pub mod publications;
pub mod sealed;
pub mod sessions;
pub mod slots;
pub mod steps;
#[cfg(feature = "testing")]
pub mod testing;
pub mod users;
pub mod wake;
pub mod webhooks;
pub mod workspaces;

pub use cluster_clock::ClusterClock;
pub use connection::{Store, StoreConfig, Tx, copy_sqlite};
pub use error::{DatabaseError, DatabaseErrorKind, Result, StoreError};
pub use seal::{KEYS_NOTICED_WITHIN, KeySource, SealError, SecretKey};
