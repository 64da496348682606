//! The API for apps: JSON, with a bearer token.

pub(crate) mod bearer;
pub(crate) mod bot;
pub(crate) mod me;
pub(crate) mod media;
pub(crate) mod pages;
pub(crate) mod posts;
pub(crate) mod shape;
