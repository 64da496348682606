//! `POST /api/media`: a picture (`file`) and what it shows (`alt`).

use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::api::bearer::caller;
use crate::api::shape::{self, PictureShape};
use crate::oauth::error::Problem;
use crate::oauth::scopes::Scope;
use crate::publish::take_picture;
use crate::state::Shared;

pub(crate) async fn upload(
    State(shared): State<Shared>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(StatusCode, Json<PictureShape>), Problem> {
    let caller = caller(&shared, &headers, Scope::MediaWrite)?;
    let form = form.map_err(|rejection| Problem::invalid_request(rejection.body_text()))?;
    let (file, alt) = read(form).await?;
    let file = file.ok_or_else(|| Problem::unfit("no_file", "file: missing."))?;
    let picture = take_picture(&shared, caller.account, &file, &alt).await?;
    Ok((StatusCode::CREATED, Json(shape::picture(&shared, &picture))))
}

async fn read(mut form: Multipart) -> Result<(Option<Bytes>, String), Problem> {
    let unreadable = |error: MultipartError| Problem::invalid_request(error.body_text());
    let (mut file, mut alt) = (None, String::new());
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("file") => file = Some(field.bytes().await.map_err(unreadable)?),
            Some("alt") => alt = field.text().await.map_err(unreadable)?,
            _ => {}
        }
    }
    Ok((file, alt))
}
