//! The handshake against a running network, through the real client and a real database.

#![allow(clippy::unwrap_used)]

mod crash;
mod flow;
mod foreign;
mod form;
mod invites;
mod preflight;
mod reconnect;
mod renewal;
mod replay;
mod token_faults;
mod unreachable;
mod world;
