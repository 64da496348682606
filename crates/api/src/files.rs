//! Files that people gave us, sent so that a browser can do nothing with them but show them.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use crier_media::StorageError;
use futures::stream::BoxStream;
use std::ops::Range;

/// An image under an address that changes with its content.
pub(crate) fn image(mime: &'static str, bytes: Bytes) -> Response<Body> {
    of(HeaderValue::from_static(mime), Body::from(bytes))
}

/// The one range of a file of `size` bytes that is asked for (RFC 9110, 14); none when the whole is to be sent: several
/// ranges may be left unheeded.
pub(crate) fn range(headers: &HeaderMap, size: u64) -> Option<Range<u64>> {
    let (from, to) = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (from.trim(), to.trim()) {
        ("", last) => size.saturating_sub(last.parse().ok()?)..size,
        (from, "") => from.parse().ok()?..size,
        (from, to) => from.parse().ok()?..size.min(to.parse::<u64>().ok()?.checked_add(1)?),
    };
    (range.start < range.end).then_some(range)
}

/// A file of the library, under its own name when it is saved: the whole, or a range of its `size` bytes.
pub(crate) fn file(
    mime: &str,
    name: &str,
    bytes: BoxStream<'static, Result<Bytes, StorageError>>,
    size: u64,
    range: Option<Range<u64>>,
) -> Response<Body> {
    let kind = HeaderValue::from_str(mime).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = of(kind, Body::from_stream(bytes));
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let length = range.as_ref().map_or(size, |range| range.end - range.start);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Some(range) = range {
        let said = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        if let Ok(said) = HeaderValue::from_str(&said) {
            headers.insert(header::CONTENT_RANGE, said);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if let Ok(disposition) = HeaderValue::from_str(&format!("inline; filename*=UTF-8''{}", percent(name))) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

fn of(kind: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
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
    use super::{percent, range};
    use axum::http::{HeaderMap, header};

    #[test]
    fn one_range_is_read_and_what_is_none_is_the_whole() {
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, text.parse().unwrap());
            range(&headers, 10)
        };
        assert_eq!(asked("bytes=0-3"), Some(0..4));
        assert_eq!(asked("bytes=4-"), Some(4..10));
        assert_eq!(asked("bytes=-3"), Some(7..10));
        assert_eq!(asked("bytes=8-99"), Some(8..10));
        for whole in ["bytes=10-", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b"] {
            assert_eq!(asked(whole), None, "{whole}");
        }
        assert_eq!(range(&HeaderMap::new(), 10), None);
    }

    #[test]
    fn names_survive_in_a_header() {
        assert_eq!(percent("Grüße \"x\".png"), "Gr%C3%BC%C3%9Fe%20%22x%22.png");
    }
}
