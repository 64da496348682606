//! The UI, as `web/` builds it: in the binary of a release, from its folder while developing.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
    response::IntoResponse,
};
use rust_embed::{Embed, EmbeddedFile};

use crate::problem::Problem;

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// Whatever no route answers: a built file, the page of the UI, or a problem.
pub(crate) async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    let nothing = || Problem::not_found("path.unknown", "There is nothing here");
    if path.starts_with("api/") || path.starts_with("integrations/") {
        return nothing().detail("See /api/v1/openapi.json for what there is.").into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method.unknown", "Only GET is answered here")
            .into_response();
    }
    if let Some(file) = Built::get(path) {
        return send(path, &file, &headers);
    }
    // A file that a page of an older version asks for must not be answered with a page.
    if path.starts_with("assets/") {
        return nothing().into_response();
    }
    match Built::get("index.html") {
        Some(page) => send("index.html", &page, &headers),
        None => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "ui.not_built", "The UI is not built")
            .detail("Run script/build-web; the API works without it.")
            .into_response(),
    }
}

fn send(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response<Body> {
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    // Names under assets/ carry a hash of their content.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if headers.get(header::IF_NONE_MATCH).is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data.clone()))
    };
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() };
    let out = response.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, &kind);
    set(header::CACHE_CONTROL, cache);
    set(header::ETAG, &tag);
    response
}
