//! Playground from outside: a server on a port, browsers and apps that talk HTTP to it.

#![allow(clippy::unwrap_used)]

mod accounts;
mod api;
mod consent;
mod faults;
mod flow;
mod network;
mod owned;
mod pages;
mod refusals;
mod tokens;
