//! Files for whoever has their address: networks that fetch what is posted, and people who see what links to it.

use crate::{
    access::Anyone,
    files,
    problem::{Problem, Result},
    state::Api,
};
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
    routing::get,
};
use crier_media::{FILES, FilmKind, Kind, MediaError, StorageError};

pub(crate) fn routes() -> Router<Api> {
    Router::new().route(&format!("{FILES}/{{proof}}/{{*key}}"), get(open_file))
}

/// The file, or the range of it that is asked for. A wrong proof is answered as a file that is gone.
async fn open_file(
    _: Anyone,
    Path((proof, key)): Path<(String, String)>,
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response> {
    let gone = || Problem::not_found("media.gone", "There is no such file");
    let storage = api.library.storage();
    if !api.library.opens(&proof, &key) {
        return Err(gone());
    }
    let name = key.rsplit('/').next().unwrap_or_default();
    let mime = Kind::of_name(name).map(Kind::mime).or_else(|| FilmKind::of_name(name).map(FilmKind::mime));
    let size = match storage.size(&key).await {
        Ok(size) => size,
        Err(StorageError::Missing) => return Err(gone()),
        Err(error) => return Err(MediaError::from(error).into()),
    };
    let range = files::range(&headers, size);
    let stream = storage.stream(&key, range.clone().unwrap_or(0..size)).await.map_err(MediaError::from)?;
    let mut response = files::file(mime.unwrap_or("application/octet-stream"), name, stream, size, range);
    // Pages of other sites show it, and it is the same for everybody.
    let open = [
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    response.headers_mut().extend(open.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Ok(response)
}
