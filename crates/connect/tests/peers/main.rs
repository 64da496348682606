//! The handshake with an authorization server that others wrote. `peers/README.md` says how it is started; each test reads where it
//! is from the environment and fails without it.

#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

mod browser;
mod oidc;
mod world;
