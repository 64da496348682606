//! The API as a client meets it: through the whole router, on a database of its own.
#![allow(clippy::unwrap_used)]

mod accounts;
mod afterwards;
mod authorization;
mod choosing;
mod description;
mod feeds;
mod handovers;
mod house;
mod input;
mod invites;
mod live;
mod media;
mod notices;
mod operator;
mod pausing;
mod plugs;
mod posts;
mod scheduling;
