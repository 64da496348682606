//! The store against a real database: SQLite, or PostgreSQL when `CRIER_TEST_DATABASE_URL` names one.
#![allow(clippy::unwrap_used)]

mod apps;
mod attempts;
mod bulk;
mod channels;
mod due;
mod events;
mod evergreen;
mod grants;
mod invites;
mod journal;
mod log;
mod media;
mod nodes;
mod notices;
mod pace;
mod pairings;
mod people;
mod plugs;
mod posts;
mod publications;
mod repeats;
mod scene;
mod sealed;
mod slots;
mod steps;
