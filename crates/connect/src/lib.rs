//! The handshake, written once: how an account of any network becomes a channel.
//!
//! An attempt is a row; every step is a compare-and-set on it, so that a second delivery, a second node or a restart
//! finds where it stands and does nothing twice. A connect ends in a connected channel or in one [`Diagnosis`].
//!
//! [`Diagnosis`]: crier_model::Diagnosis
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod apps;
mod attach;
mod avatar;
mod callback;
mod confirm;
mod dialog;
mod door;
mod ending;
mod error;
mod exchange;
mod explain;
mod form;
mod handshake;
mod identify;
mod lengthen;
mod look;
mod moves;
mod oauth1;
mod oauth2;
mod parked;
mod paste;
mod preflight;
mod proceed;
mod refresh;
mod request;
mod secrets;
mod start;
mod sweep;
mod tokens;
mod view;
mod whose;

pub use error::ConnectError;
pub use handshake::{Deps, Handshake};
pub use request::{Callback, Landing, Pace, Settings, Start, Started};
pub use view::{AccountView, AttemptView, Check, DialogView, EventView, MissingScope, Purpose};
