//! The tables, one file each. Times are milliseconds since 1970 UTC; words and JSON are text.

pub(crate) mod api_key;
pub(crate) mod app;
pub(crate) mod channel;
pub(crate) mod connect_attempt;
pub(crate) mod connect_attempt_channel;
pub(crate) mod connect_event;
pub(crate) mod due_work;
pub(crate) mod event;
pub(crate) mod invite;
pub(crate) mod media;
pub(crate) mod member;
pub(crate) mod notice;
pub(crate) mod post;
pub(crate) mod post_media;
pub(crate) mod publication;
pub(crate) mod publication_event;
pub(crate) mod rendition;
pub(crate) mod session;
pub(crate) mod step;
pub(crate) mod user;
pub(crate) mod webhook;
pub(crate) mod webhook_delivery;
pub(crate) mod workspace;
