//! The handshake, written once: how an account of any network becomes a channel.
//!
//! An attempt is a row; every step is a compare-and-set on it, so that a second delivery, a second node or a restart
//! finds where it stands and does nothing twice. A connect ends in a connected channel or in one [`Diagnosis`].
//!
//! [`Diagnosis`]: crier_model::Diagnosis
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod explain;
mod oauth2;
mod request;
mod secrets;
mod view;

pub use error::ConnectError;
pub use request::{Callback, Landing, Pace, Settings, Start, Started};
pub use view::{AccountView, AttemptView, Check, EventView, MissingScope, Purpose};
