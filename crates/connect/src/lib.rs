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
mod choose;
mod confirm;
mod derive;
mod dialog;
mod doctor;
mod document;
mod door;
mod ending;
mod error;
mod exchange;
mod expiry;
mod explain;
mod extension;
mod form;
mod handshake;
mod identify;
mod invite;
mod lengthen;
mod look;
mod lookup;
mod measure;
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
mod set_up;
mod start;
mod sweep;
mod tokens;
mod view;
mod whose;

pub use doctor::{Doctor, House, MailProbe, Progress, Report, Row, Wrong};
pub use document::PATH as CLIENT_DOCUMENT;
pub use error::ConnectError;
pub use extension::{HandedOver, Renewed};
pub use handshake::{Deps, Handshake};
pub use invite::{Asker, Guest, Invitation, NewLink};
pub use request::{Callback, Landing, Pace, Settings, Start, Started};
pub use set_up::{AppKind, AppPlace, AppSource, AppView, NetworkApps, Removed};
pub use view::{
    AccountView, AttemptView, Check, ChoiceView, ChoosingView, DialogView, EventView, ExtensionView, LoggedAttempt,
    MissingScope, PersonView, Purpose,
};
