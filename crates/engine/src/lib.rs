//! The engine: due work is claimed, done and accounted for. Publishing is the work this exists for; other crates bring
//! handlers for theirs ([`work::Handler`]).
//!
//! It knows networks only by their trait and the handshake only by [`crier_networks::connect::Tokens`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cap;
pub mod compose;
pub mod decision;
mod doubt;
pub mod following;
mod journal;
mod media_source;
pub mod notices;
pub mod numbers;
mod pace;
pub mod plugs;
pub mod prepare;
pub mod publish;
pub mod rounds;
mod sending;
mod share;
pub mod watch;
pub mod wishes;
pub mod work;
pub mod worker;

pub use numbers::Numbers;
pub use plugs::{Likes, Plugs};
pub use prepare::Preparer;
pub use publish::Publisher;
pub use sending::first_sent;
pub use wishes::Wishes;
pub use worker::{Settings, Worker};
