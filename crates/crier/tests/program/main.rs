//! The program itself, run as people run it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod backup;
mod bucket;
mod health;
mod place;
