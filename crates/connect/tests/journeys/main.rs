//! The handshake against a running network, through the real client and a real database.

#![allow(clippy::unwrap_used)]

mod apps;
mod boards;
mod bound;
#[path = "../../../net/tests/wire/certificates.rs"]
#[allow(dead_code, reason = "the tests of the client use more of it")]
mod certificates;
mod choosing;
mod crash;
mod dialects;
mod dialog;
mod doctor;
mod extension;
mod fixed;
#[allow(dead_code, reason = "the fixtures of networks use more of it")]
#[path = "../../../networks/tests/conformance/fixture.rs"]
mod fixture;
mod flow;
mod foreign;
mod form;
#[allow(dead_code, reason = "the tests of the client use more of it")]
#[path = "../../../net/tests/wire/host.rs"]
mod host;
mod interleavings;
mod invites;
mod oauth1;
mod oddities;
mod preflight;
mod provider;
mod reconnect;
mod renewal;
mod replay;
mod scripted;
#[allow(dead_code, reason = "the fixtures of networks use more of it")]
#[path = "../../../networks/tests/conformance/server.rs"]
mod server;
mod token_faults;
mod unreachable;
#[path = "../../../networks/tests/conformance/way.rs"]
mod way;
mod world;
