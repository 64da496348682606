//! The library: files are taken in, recognised by their content, kept, shown small and given to networks.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod drawing;
mod library;
mod picture;
mod refusal;
mod storage;

pub use library::Library;
pub use picture::{AVATAR_SIDE, Kind, Picture, THUMBNAIL_SIDE};
pub use refusal::{MediaError, MediaRefusal};
pub use storage::{Storage, StorageError};

/// The largest image taken, in bytes.
pub const MAX_IMAGE_BYTES: u64 = 10 * 1024 * 1024;
