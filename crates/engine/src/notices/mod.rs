//! Telling people: a notice is handed on to the ways that are wanted for it (the app shows it by itself), and each way is a piece
//! of due work of its own, so that a mail server that is down keeps neither a webhook nor a post waiting.

mod announce;
mod letter;
mod mail;
mod webhook;

pub use announce::Announcer;
pub use letter::Letter;
pub use mail::{Mail, Mailer, Smtp, Unsent};
pub use webhook::{Caller, test_body};
