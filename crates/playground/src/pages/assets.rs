//! Stylesheet, script, icon, and uploaded pictures.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::pages::layout::Failure;
use crate::state::Shared;

pub(crate) async fn asset(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "playground.css" => ("text/css; charset=utf-8", include_str!("../assets/playground.css")),
        "live.js" => ("text/javascript; charset=utf-8", include_str!("../assets/live.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../assets/icon.svg")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    // The names carry no version: always ask, so that an update is never half seen.
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response()
}

pub(crate) async fn picture(State(shared): State<Shared>, Path(file): Path<String>) -> Result<Response, Failure> {
    let found = shared
        .look(|world, _| world.media.by_file(&file).map(|picture| (picture.format.content_type(), picture.file())));
    let missing = || {
        Failure::new(
            StatusCode::NOT_FOUND,
            "There is no such picture",
            "It may have been deleted with its post.".to_owned(),
        )
    };
    let (kind, name) = found.ok_or_else(missing)?;
    let bytes = tokio::fs::read(shared.picture(&name)).await.map_err(|error| {
        tracing::warn!(%error, "cannot read a picture");
        missing()
    })?;
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, bytes).into_response())
}
