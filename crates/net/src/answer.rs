//! What came back.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tower_http::decompression::DecompressionBody;
use url::Url;

use crate::classify::classify;
use crate::failure::{Failure, FailureKind, Stage};
use crate::retry_after;

/// An answer's status and headers, and where they came from.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) url: Url,
    pub(crate) received: Timestamp,
    pub(crate) started: Instant,
}

impl Head {
    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn failed(&self, kind: FailureKind, detail: &str) -> Failure {
        Failure {
            stage: Stage::Body,
            kind,
            host: self.host().to_owned(),
            detail: crate::redact(detail),
            elapsed: self.started.elapsed(),
            maybe_received: true,
            status: Some(self.status),
        }
    }
}

/// An answer, read to its end.
#[derive(Clone)]
pub struct Answer {
    head: Head,
    body: Bytes,
    elapsed: Duration,
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Whether the status is one of success (2xx).
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.head.status)
    }

    /// The (first) header of this name, if it is ASCII. The name's case doesn't matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// All headers of this name that are ASCII, in order.
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let values = self.head.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok())
    }

    /// The body, decompressed.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body as text, in the charset the answer names, or UTF-8; bytes that are none become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let charset = self.header("content-type").and_then(charset);
        let encoding =
            charset.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes())).unwrap_or(encoding_rs::UTF_8);
        encoding.decode(&self.body).0
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// [`FailureKind::NotJson`] if it is something else, with the content type and the title of an HTML page in the detail;
    /// [`FailureKind::Malformed`] if it is JSON of another shape. Neither quotes values from the body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let (kind, detail) = self.explain(&error);
            let mut failure = self.head.failed(kind, &detail);
            failure.elapsed = self.elapsed;
            failure
        })
    }

    fn explain(&self, error: &serde_json::Error) -> (FailureKind, String) {
        let status = self.head.status;
        if error.is_data() {
            let words = error.to_string();
            // Of serde's sentences, only this one is sure to quote no value.
            let what = if words.starts_with("missing field") {
                words
            } else {
                format!("another shape at line {} column {}", error.line(), error.column())
            };
            return (FailureKind::Malformed, format!("the answer ({status}) is JSON, but not as agreed: {what}"));
        }
        let came = match self.header("content-type") {
            Some(content_type) => content_type.to_owned(),
            None => "a body without content type".to_owned(),
        };
        let what = if self.body.is_empty() {
            "nothing".to_owned()
        } else if let Some(title) = title(&self.text()) {
            format!("{came} titled “{title}”")
        } else if error.is_eof() {
            format!("{came} that ends early, after {} bytes", self.body.len())
        } else {
            format!("{came} of {} bytes", self.body.len())
        };
        (FailureKind::NotJson, format!("JSON was due, but the answer ({status}) is {what}"))
    }

    /// The moment from which the host may be asked again, by our clock, if the answer names one: `Retry-After`, or the end of a
    /// rate limit's window (`RateLimit-Reset`, `X-RateLimit-Reset`, `X-Rate-Limit-Reset`) that is used up.
    #[must_use]
    pub fn retry_after(&self) -> Option<Timestamp> {
        retry_after::retry_after(self.head.status, &self.head.headers, self.head.received)
    }

    /// How far our clock is ahead of the host's `Date` (negative: behind), exact to about a second.
    #[must_use]
    pub fn clock_skew(&self) -> Option<SignedDuration> {
        retry_after::clock_skew(&self.head.headers, self.head.received)
    }

    /// When the head of the answer came, by our clock.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.head.received
    }

    /// Time from the start of the request to the end of the answer, redirects included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The host that answered, after redirects.
    #[must_use]
    pub fn host(&self) -> &str {
        self.head.host()
    }

    /// The address that answered, after redirects. It may hold secrets: redact it before keeping it.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.head.url
    }
}

/// Says as much as can't hurt.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.head.status)
            .field("host", &self.host())
            .field("body_bytes", &self.body.len())
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

/// An answer whose body is read piece by piece, within the request's limits of time and size.
pub struct Download {
    pub(crate) head: Head,
    /// Nothing for answers that can't have a body.
    pub(crate) body: Option<DecompressionBody<Incoming>>,
    pub(crate) read: usize,
    pub(crate) limit: usize,
    pub(crate) deadline: Instant,
}

impl Download {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Whether the status is one of success (2xx).
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.head.status)
    }

    /// The (first) header of this name, if it is ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The address that answered, after redirects.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.head.url
    }

    /// The next piece of the body, decompressed; nothing at its end.
    ///
    /// # Errors
    ///
    /// At [`Stage::Body`]: [`FailureKind::TooLarge`], [`FailureKind::Timeout`], [`FailureKind::Reset`],
    /// [`FailureKind::Malformed`] (broken compression or framing).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        loop {
            let frame = match tokio::time::timeout_at(self.deadline, body.frame()).await {
                Err(_) => {
                    let detail = format!(
                        "the answer was not complete after {:.1} s ({} bytes had come)",
                        self.head.started.elapsed().as_secs_f64(),
                        self.read,
                    );
                    return Err(self.head.failed(FailureKind::Timeout, &detail));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    let verdict = classify(&*error, Stage::Body);
                    let detail = format!("reading the answer: {}", verdict.detail);
                    return Err(self.head.failed(verdict.kind, &detail));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers are passed over.
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            self.read = self.read.saturating_add(piece.len());
            if self.read > self.limit {
                return Err(self.too_large());
            }
            return Ok(Some(piece));
        }
    }

    /// Reads the rest into memory.
    ///
    /// # Errors
    ///
    /// Those of [`chunk`](Self::chunk).
    pub async fn collect(mut self) -> Result<Answer, Failure> {
        // An announced length beyond the limit needs no reading. (With compression, the length announced is that of the
        // compressed body, which the decompression has removed from the headers.)
        let announced = self.header("content-length").and_then(|text| text.parse::<u64>().ok());
        if self.body.is_some() && announced.is_some_and(|length| length > self.limit as u64) {
            return Err(self.too_large());
        }
        let mut body = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Answer { elapsed: self.head.started.elapsed(), head: self.head, body: body.freeze() })
    }

    fn too_large(&self) -> Failure {
        let detail = format!("the answer is larger than the {} bytes allowed", self.limit);
        self.head.failed(FailureKind::TooLarge, &detail)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.head.status)
            .field("host", &self.head.host())
            .field("read", &self.read)
            .finish_non_exhaustive()
    }
}

fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })
}

/// The title of an HTML page, cut to a line.
fn title(page: &str) -> Option<String> {
    let start = find(page, "<title")?;
    let text = page[start..].split_once('>')?.1;
    let text = text.split('<').next()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let title: String = words.join(" ").chars().take(80).collect();
    (!title.is_empty()).then_some(title)
}

fn find(page: &str, needle: &str) -> Option<usize> {
    page.as_bytes().windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(content_type: &str, body: &[u8]) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        let head = Head {
            status: 200,
            headers,
            url: "https://a.test/".parse().unwrap(),
            received: Timestamp::now(),
            started: Instant::now(),
        };
        Answer { head, body: Bytes::copy_from_slice(body), elapsed: Duration::ZERO }
    }

    #[derive(Debug, serde::Deserialize)]
    struct Token {
        #[serde(rename = "access_token")]
        _access_token: u64,
    }

    #[test]
    fn reads_the_charset_named() {
        assert_eq!(answer("text/html; charset=\"iso-8859-1\"", b"caf\xe9").text(), "café");
        assert_eq!(answer("text/html", "café".as_bytes()).text(), "café");
        assert_eq!(answer("text/html", b"caf\xe9").text(), "caf\u{fffd}");
    }

    #[test]
    fn a_page_is_named_by_its_title() {
        let page = answer("text/html", "ü<HTML><Title lang=de>\n Hotel  WLAN</title>".as_bytes());
        let failure = page.json::<Token>().unwrap_err();
        assert_eq!((failure.stage, failure.kind), (Stage::Body, FailureKind::NotJson));
        assert!(failure.detail.contains("text/html titled “Hotel WLAN”"), "{}", failure.detail);
    }

    #[test]
    fn another_shape_is_told_without_values() {
        let failure = answer("application/json", br#"{"access_token":"s3cr3t"}"#).json::<Token>().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed);
        assert!(!failure.detail.contains("s3cr3t"), "{}", failure.detail);
        let failure = answer("application/json", b"{}").json::<Token>().unwrap_err();
        assert!(failure.detail.contains("missing field `access_token`"), "{}", failure.detail);
        let failure = answer("application/json", b"").json::<Token>().unwrap_err();
        assert!(failure.detail.contains("nothing"), "{}", failure.detail);
    }
}
