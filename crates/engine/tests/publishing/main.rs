//! Publishing from end to end: a real store, the real Playground on a loopback port, a real client, real workers.
#![allow(clippy::unwrap_used)]

mod afterwards;
mod crashes;
mod doubts;
mod fitting;
mod full;
mod head_start;
mod holding;
mod house;
mod keyless;
mod lateness;
mod limits;
mod outcomes;
mod plugs;
mod preparing;
mod rounds;
mod threads;
mod tokens;
mod wall;
mod watching;
mod workers;
