//! How things look in JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::accounts::Account;
use crate::media::Picture;
use crate::posts::{Metrics, Post};
use crate::state::{Shared, World};

#[derive(Debug, Serialize)]
pub(crate) struct AccountShape {
    id: String,
    handle: String,
    name: String,
    url: String,
    avatar: String,
    created_at: Timestamp,
}

#[derive(Debug, Serialize)]
pub(crate) struct PictureShape {
    id: String,
    url: String,
    r#type: &'static str,
    width: u32,
    height: u32,
    bytes: u64,
    alt: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct PostShape {
    id: String,
    url: String,
    text: String,
    account: Option<AccountShape>,
    media: Vec<PictureShape>,
    reply_to: Option<String>,
    thread_id: String,
    created_at: Timestamp,
    #[serde(flatten)]
    metrics: Metrics,
}

pub(crate) fn account(shared: &Shared, account: &Account) -> AccountShape {
    AccountShape {
        id: account.id.to_string(),
        handle: account.handle.clone(),
        name: account.name.clone(),
        url: shared.address(&format!("/@{}", account.handle)),
        avatar: shared.address(&format!("/avatar/{}", account.id)),
        created_at: account.created_at,
    }
}

pub(crate) fn picture(shared: &Shared, picture: &Picture) -> PictureShape {
    PictureShape {
        id: picture.id.to_string(),
        url: shared.address(&format!("/media/{}", picture.file())),
        r#type: picture.format.content_type(),
        width: picture.width,
        height: picture.height,
        bytes: picture.bytes,
        alt: picture.alt.clone(),
    }
}

pub(crate) fn post(shared: &Shared, world: &World, post: &Post) -> PostShape {
    PostShape {
        id: post.id.to_string(),
        url: shared.address(&format!("/post/{}", post.id)),
        text: post.text.clone(),
        account: world.accounts.get(post.author).map(|author| account(shared, author)),
        media: post.media.iter().filter_map(|id| world.media.get(id)).map(|found| picture(shared, found)).collect(),
        reply_to: post.reply_to.map(|id| id.to_string()),
        thread_id: post.thread.to_string(),
        created_at: post.created_at,
        metrics: world.posts.metrics(post),
    }
}
