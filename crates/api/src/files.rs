//! Files that people gave us, sent so that a browser can do nothing with them but show them.

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use bytes::Bytes;

/// An image under an address that changes with its content.
pub(crate) fn image(mime: &'static str, bytes: Bytes) -> Response<Body> {
    of(HeaderValue::from_static(mime), bytes)
}

/// A file of the library, under its own name when it is saved.
pub(crate) fn file(mime: &str, name: &str, bytes: Bytes) -> Response<Body> {
    let kind = HeaderValue::from_str(mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = of(kind, bytes);
    if let Ok(disposition) = HeaderValue::from_str(&format!("inline; filename*=UTF-8''{}", percent(name))) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

fn of(kind: HeaderValue, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    response
}

/// Percent-encoded as RFC 8187 wants it.
fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn names_survive_in_a_header() {
        assert_eq!(percent("Grüße \"x\".png"), "Gr%C3%BC%C3%9Fe%20%22x%22.png");
    }
}
