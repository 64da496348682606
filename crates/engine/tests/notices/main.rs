//! Telling people: real workers on a real database, a real HTTP server as the receiver of a webhook, a real mail server.
#![allow(clippy::unwrap_used)]

mod house;
mod mail;
mod smtp;
mod webhook;
