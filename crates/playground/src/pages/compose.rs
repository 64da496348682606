//! Writing, liking and deleting posts on the pages.

use axum::Extension;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use maud::{Markup, html};

use crate::accounts::AccountId;
use crate::media::MediaId;
use crate::oauth::params::Params;
use crate::pages::layout::{Failure, back, local, sign_in_link};
use crate::pages::viewer::Viewer;
use crate::posts::{Draft, PICTURES_MAX, PostId, TEXT_MAX};
use crate::publish;
use crate::state::Shared;

/// The form for a new post, or for an answer to the post of a handle.
pub(crate) fn form(answers: Option<(PostId, &str)>, here: &str) -> Markup {
    html! {
        form.compose method="post" action="/posts" enctype="multipart/form-data" {
            input type="hidden" name="back" value=(here);
            @if let Some((id, _)) = answers { input type="hidden" name="reply_to" value=(id); }
            label for="text" {
                @match answers {
                    Some((_, handle)) => { "Answer @" (handle) },
                    None => { "What is new?" },
                }
            }
            textarea #text name="text" rows="3" maxlength="4000" aria-describedby="limit" {}
            div.below {
                details {
                    summary { "Add pictures" }
                    @for number in 1..=PICTURES_MAX {
                        div.picture {
                            label { "Picture " (number)
                                input type="file" name="file" accept="image/jpeg,image/png,image/gif,image/webp"; }
                            label { "What picture " (number) " shows" input type="text" name="alt" maxlength="1500"; }
                        }
                    }
                }
                span.dim #limit { "Up to " (TEXT_MAX) " characters" }
                button type="submit" { (if answers.is_some() { "Answer" } else { "Post" }) }
            }
        }
    }
}

/// What the form sends.
#[derive(Debug, Default)]
struct Filled {
    text: String,
    reply_to: Option<String>,
    back: Option<String>,
    files: Vec<Bytes>,
    alts: Vec<String>,
}

impl Filled {
    async fn read(mut form: Multipart) -> Result<Self, MultipartError> {
        let mut filled = Filled::default();
        while let Some(field) = form.next_field().await? {
            match field.name() {
                // A browser sends the line ends of a text as CR LF.
                Some("text") => filled.text = field.text().await?.replace("\r\n", "\n"),
                Some("reply_to") => filled.reply_to = Some(field.text().await?),
                Some("back") => filled.back = Some(field.text().await?),
                // An unused file field is sent empty.
                Some("file") => filled.files.push(field.bytes().await?),
                Some("alt") => filled.alts.push(field.text().await?),
                _ => {}
            }
        }
        Ok(filled)
    }
}

pub(crate) async fn create(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Failure> {
    let Some(author) = viewer.account().map(|account| account.id) else {
        return Ok(back(&sign_in_link("/")));
    };
    let form = form.map_err(|rejection| unreadable(rejection.body_text()))?;
    let filled = Filled::read(form).await.map_err(|error| unreadable(error.body_text()))?;
    let reply_to = filled.reply_to.as_deref().and_then(|id| id.parse().ok());
    let draft = Draft {
        media: take_pictures(&shared, author, &filled).await?,
        text: filled.text.trim().to_owned(),
        reply_to,
        app: None,
    };
    let made = publish::publish(&shared, author, draft, None).await?;
    let page = local(filled.back.as_deref());
    Ok(back(&format!("{page}#post-{}", made.id)))
}

async fn take_pictures(shared: &Shared, author: AccountId, filled: &Filled) -> Result<Vec<MediaId>, Failure> {
    let mut media = Vec::new();
    for (at, file) in filled.files.iter().enumerate() {
        if file.is_empty() {
            continue;
        }
        let alt = filled.alts.get(at).map(String::as_str).unwrap_or_default();
        media.push(publish::take_picture(shared, author, file, alt).await?.id);
    }
    Ok(media)
}

fn unreadable(reason: String) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "The form did not arrive", reason)
}

pub(crate) async fn like(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let page = local(Params::parse(&body).get("back"));
    let Some(account) = viewer.account().map(|account| account.id) else {
        return Ok(back(&sign_in_link(&page)));
    };
    let id: PostId = id.parse().map_err(|_| no_post())?;
    shared.change(|world, _| world.posts.toggle_like(id, account)).await?.ok_or_else(no_post)?;
    shared.announce();
    Ok(back(&format!("{page}#post-{id}")))
}

pub(crate) async fn delete(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let page = local(Params::parse(&body).get("back"));
    let Some(account) = viewer.account().map(|account| account.id) else {
        return Ok(back(&sign_in_link(&page)));
    };
    let id: PostId = id.parse().map_err(|_| no_post())?;
    if !publish::delete(&shared, account, id).await? {
        return Err(no_post());
    }
    // The page of a deleted post is no place to come back to.
    let gone = format!("/post/{id}");
    Ok(back(if page == gone { "/" } else { &page }))
}

fn no_post() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "There is no such post",
        "It may have been deleted, or it is not yours.".to_owned(),
    )
}
