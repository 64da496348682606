//! The library: files are taken in, recognised by their content, kept, shown small and given to networks.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod avif;
mod boxes;
mod confine;
mod drawing;
mod ffmpeg;
mod film;
mod fitting;
mod heic;
mod intake;
mod library;
mod moving;
mod picture;
mod refusal;
mod renditions;
mod storage;

pub use address::{Addresses, FILES};
pub use confine::ProgramLimits;
pub use ffmpeg::Ffmpeg;
pub use film::{Film, FilmKind};
pub use heic::HeifConvert;
pub use intake::Incoming;
pub use library::Library;
pub use picture::{AVATAR_SIDE, Kind, Picture, THUMBNAIL_SIDE};
pub use refusal::{MediaError, MediaRefusal};
pub use storage::{ANY_REGION, Bucket, Storage, StorageError, Trouble};

/// The largest image taken, in bytes.
pub const MAX_IMAGE_BYTES: u64 = 10 * 1024 * 1024;
/// The largest video taken, in bytes.
pub const MAX_FILM_BYTES: u64 = 1024 * 1024 * 1024;
