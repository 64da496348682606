//! Taking in pictures and posts, for the API and the pages alike.

use std::io;

use bytes::Bytes;
use http::StatusCode;
use tokio::io::AsyncWriteExt as _;

use crate::accounts::AccountId;
use crate::media::{MediaId, Picture, Unusable, check_alt, inspect};
use crate::oauth::error::Problem;
use crate::posts::{Draft, PostId, Refused};
use crate::state::Shared;

/// Stores an upload.
///
/// # Errors
/// When it is not a picture that can be taken, or cannot be saved.
pub(crate) async fn take_picture(
    shared: &Shared,
    owner: AccountId,
    bytes: &Bytes,
    alt: &str,
) -> Result<Picture, Problem> {
    let (format, width, height) = inspect(bytes)?;
    let alt = alt.trim();
    check_alt(alt)?;
    let picture = Picture {
        id: MediaId::fresh(),
        owner,
        format,
        width,
        height,
        bytes: bytes.len() as u64,
        alt: alt.to_owned(),
        uploaded_at: shared.now(),
        post: None,
    };
    // The file comes first: a record without its file would show a broken picture for ever.
    write(shared, &picture.file(), bytes).await.map_err(|error| {
        tracing::error!(%error, "cannot store a picture");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "The picture could not be stored. The log of the server says why.",
        )
    })?;
    let kept = picture.clone();
    let old = shared
        .change(move |world, now| {
            world.media.add(kept);
            world.media.prune(now)
        })
        .await?;
    discard(shared, &old).await;
    Ok(picture)
}

async fn write(shared: &Shared, file: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = tokio::fs::File::create_new(shared.picture(file)).await?;
    file.write_all(bytes).await?;
    file.sync_all().await
}

/// Removes picture files that nothing refers to any more.
async fn discard(shared: &Shared, files: &[String]) {
    for file in files {
        if let Err(error) = tokio::fs::remove_file(shared.picture(file)).await {
            tracing::warn!(%error, file, "cannot remove a picture");
        }
    }
}

/// A post that was made, or was there already under the same idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) id: PostId,
    pub(crate) again: bool,
}

/// Publishes `draft`. With a `key`, a repetition within 24 hours returns the first one's post.
///
/// # Errors
/// When the draft breaks a rule, or cannot be saved.
pub(crate) async fn publish(
    shared: &Shared,
    author: AccountId,
    draft: Draft,
    key: Option<&str>,
) -> Result<Made, Problem> {
    let made = shared
        .change(|world, now| {
            if let Some(key) = key
                && let Some(id) = world.posts.made_with(author, key, &draft, now)?
            {
                return Ok(Made { id, again: true });
            }
            world.posts.check(&draft)?;
            if let Some(id) = draft.media.iter().find(|id| !world.media.free(id, author)) {
                return Err(Refused::NoSuchPicture(id.clone()));
            }
            let id = world.posts.add(author, draft.clone(), now);
            world.media.attach(&draft.media, id);
            if let Some(key) = key {
                world.posts.remember_key(author, key, draft.clone(), id, now);
            }
            Ok(Made { id, again: false })
        })
        .await??;
    if !made.again {
        shared.announce();
    }
    Ok(made)
}

/// Gives other words to a post of `author`. False if there is none.
///
/// # Errors
/// When the words break a rule, or the change cannot be saved.
pub(crate) async fn edit(shared: &Shared, author: AccountId, id: PostId, text: String) -> Result<bool, Problem> {
    let edited = shared
        .change(|world, _| {
            let Some(post) = world.posts.get(id).filter(|post| post.author == author) else { return Ok(false) };
            let draft = Draft { text, media: post.media.clone(), reply_to: None, app: None };
            world.posts.check(&draft)?;
            world.posts.edit(id, draft.text);
            Ok::<_, Refused>(true)
        })
        .await??;
    if edited {
        shared.announce();
    }
    Ok(edited)
}

/// Deletes a post of `author` with its pictures. False if there is none.
///
/// # Errors
/// When the change cannot be saved.
pub(crate) async fn delete(shared: &Shared, author: AccountId, id: PostId) -> Result<bool, Problem> {
    let files = shared
        .change(|world, _| {
            world.posts.get(id).filter(|post| post.author == author)?;
            let media = world.posts.delete(id);
            Some(world.media.remove(&media))
        })
        .await?;
    let Some(files) = files else {
        return Ok(false);
    };
    discard(shared, &files).await;
    shared.announce();
    Ok(true)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let error = match &refused {
            Refused::KeyReused => "idempotency_key_reused",
            Refused::Empty => "empty_post",
            Refused::TextLong(_) => "text_too_long",
            Refused::TooManyPictures(_) => "too_many_media",
            Refused::PictureTwice(_) | Refused::NoSuchPicture(_) => "media_not_usable",
            Refused::NoSuchPost(_) => "reply_to_not_found",
        };
        Problem::unfit(error, refused.to_string())
    }
}

impl From<Unusable> for Problem {
    fn from(unusable: Unusable) -> Self {
        let description = unusable.to_string();
        match unusable {
            Unusable::Large(_) => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", description),
            Unusable::NotAPicture(_) => Problem::unfit("unsupported_media", description),
            Unusable::Damaged(..) => Problem::unfit("damaged_media", description),
            Unusable::AltLong(_) => Problem::unfit("alt_too_long", description),
        }
    }
}
