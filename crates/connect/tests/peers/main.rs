//! The handshake against servers that others wrote. `peers/README.md` says how they are started; each test reads where its
//! server is from the environment and fails without it.

#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

mod bluesky;
mod browser;
mod oidc;
mod world;
