//! Who may send what: forms only from our own pages, and consoles only under our own name.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use crate::oauth::error::Problem;
use crate::pages::layout::{Failure, content_policy};
use crate::state::Shared;

/// Sends browsers to the one origin that cookies belong to, and refuses forms of other sites.
pub(crate) async fn own_origin(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !hosted(&shared, request.headers()) {
        if reads {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return Redirect::temporary(&shared.address(path)).into_response();
        }
        return misdirected(&shared);
    }
    if !reads && !from_own_page(&shared, request.headers()) {
        return Failure::new(
            StatusCode::FORBIDDEN,
            "This form came from somewhere else",
            format!("Nothing was changed. Open {} and try again there.", shared.origin()),
        )
        .into_response();
    }
    next.run(request).await
}

/// Refuses requests under another host name, which is how a foreign page could reach a loopback port.
pub(crate) async fn own_host(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if hosted(&shared, request.headers()) { next.run(request).await } else { misdirected(&shared) }
}

fn misdirected(shared: &Shared) -> Response {
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", format!("Playground is at {} only.", shared.origin()))
        .into_response()
}

fn hosted(shared: &Shared, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = shared.origin().split_once("://").map(|(_, rest)| rest);
    host.zip(own).is_some_and(|(host, own)| host.eq_ignore_ascii_case(own))
}

/// Whether a browser says that the request was made by a page of ours.
fn from_own_page(shared: &Shared, headers: &HeaderMap) -> bool {
    match headers.get(header::ORIGIN) {
        Some(origin) => origin.as_bytes() == shared.origin().as_bytes(),
        None => headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin"),
    }
}

/// Whether a browser says that the request was made by a page that is not ours. Programs say nothing of pages.
pub(crate) fn from_another_page(shared: &Shared, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes() != shared.origin().as_bytes());
    origin || headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

/// Adds the headers that every answer carries.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not no-referrer: with that, browsers send forms with the origin "null".
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, content_policy(None));
    }
    response
}
