//! The words of Crier as types: what a post, a channel, an attempt is, and what may be true of them.
//!
//! No I/O, no async, no tables: every other crate may import this one, and this one imports none of them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod attempt;
pub mod channel;
pub mod clock;
pub mod diagnosis;
pub mod document;
pub mod finding;
pub mod formatting;
pub mod frame_rate;
pub mod id;
pub mod metric;
pub mod notice;
pub mod permission;
pub mod plug;
pub mod post;
pub mod publication;
pub mod recurrence;
pub mod rendition;
pub mod rules;
pub mod secret;
pub mod slot;

pub use clock::{Clock, SystemClock};
pub use diagnosis::{Code, Diagnosis, Evidence, Next, NextKind};
pub use document::Document;
pub use finding::{Finding, Severity};
pub use formatting::Formatting;
pub use frame_rate::FrameRate;
pub use id::*;
pub use metric::Metric;
pub use secret::Secret;

/// A moment in UTC, millisecond precision at rest.
pub use jiff::Timestamp;
