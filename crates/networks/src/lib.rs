//! Networks: what each one is, how it is connected, what it takes and how it is published to.
//!
//! A network is one file implementing [`Network`], one line in [`registry`], one fixture folder and one page in the
//! manual. Nothing here knows a table: what must outlive a crash goes through [`publish::Journal`], what must be kept of
//! a connect is returned to the handshake.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod abilities;
pub mod about;
pub mod afterwards;
mod article;
pub mod bluesky;
mod call;
pub mod chat_webhook;
pub mod check;
pub mod choosing;
pub mod connect;
pub mod devto;
pub mod discord;
pub mod dpop;
pub mod dribbble;
pub mod es256;
pub mod facebook;
pub mod farcaster;
pub mod fit;
pub mod ghost;
pub mod google;
pub mod hashnode;
pub mod instagram;
pub mod kick;
pub mod lemmy;
pub mod linkedin;
pub mod listmonk;
pub mod lookup;
pub mod mastodon;
pub mod matrix;
pub mod medium;
mod meta;
pub mod mewe;
pub mod misskey;
pub mod nickname;
pub mod nostr;
pub mod oauth1;
mod oauth_server;
mod origin;
pub mod peertube;
pub mod pinterest;
pub mod playground;
mod playground_bot;
pub mod playground_pages;
pub mod plugs;
pub mod publish;
pub mod reddit;
pub mod refusal;
pub mod registry;
mod resumable;
pub mod rss;
pub mod settings;
pub mod slack;
pub mod telegram;
pub mod text;
pub mod threads;
pub mod tiktok;
pub mod tumblr;
pub mod twitch;
pub mod vk;
pub mod webhook;
pub mod whop;
pub mod wordpress;
pub mod x;

pub use abilities::Abilities;
pub use about::{About, Network};
pub use choosing::{Choice, Choosing};
pub use connect::{Connect, Credentials, Identified, Way};
pub use lookup::LookupItem;
pub use publish::{Cx, Item, Once, Sent};
pub use refusal::{Detail, Refusal};
pub use registry::Registry;
