//! `multipart/form-data` (RFC 7578), with fields from memory or streamed.

use std::fmt;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use crate::body::{Body, Content, Pieces};

/// A form with files.
pub struct Multipart {
    boundary: String,
    parts: Vec<(Bytes, Body)>,
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

impl Multipart {
    /// A form without fields, with a random boundary.
    #[must_use]
    pub fn new() -> Self {
        Self { boundary: format!("crier-{:032x}", rand::random::<u128>()), parts: Vec::new() }
    }

    /// Adds a field of text.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{}\"\r\n", quoted(name));
        self.push(&head, Body::from(value.into()));
        self
    }

    /// Adds a field of JSON, which says that it is.
    #[must_use]
    pub fn json(mut self, name: &str, value: impl fmt::Display) -> Self {
        let head =
            format!("Content-Disposition: form-data; name=\"{}\"\r\nContent-Type: application/json\r\n", quoted(name));
        self.push(&head, Body::from(value.to_string()));
        self
    }

    /// Adds a file held in memory.
    #[must_use]
    pub fn file(self, name: &str, file_name: &str, content_type: &str, content: impl Into<Bytes>) -> Self {
        self.part(name, file_name, content_type, Body::from(content.into()))
    }

    /// Adds a file of any body, for example [`Body::stream`]. With all lengths known, the whole form's length is announced.
    #[must_use]
    pub fn part(mut self, name: &str, file_name: &str, content_type: &str, content: Body) -> Self {
        let head = format!(
            "Content-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n",
            quoted(name),
            quoted(file_name),
            content_type.replace(['\r', '\n'], " "),
        );
        self.push(&head, content);
        self
    }

    fn push(&mut self, head: &str, content: Body) {
        let head = format!("--{}\r\n{head}\r\n", self.boundary);
        self.parts.push((Bytes::from(head), content));
    }

    /// The value of `Content-Type`.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(crate) fn into_body(self) -> Body {
        let end = Bytes::from(format!("--{}--\r\n", self.boundary));
        let mut length = Some(end.len() as u64);
        let mut whole: Vec<Pieces> = Vec::with_capacity(self.parts.len() * 3 + 1);
        for (head, content) in self.parts {
            let framing = head.len() as u64 + 2;
            length = length.zip(content.length()).map(|(sum, part)| sum + framing + part);
            whole.push(once(head));
            whole.push(match content.0 {
                Content::Whole(bytes) => once(bytes),
                Content::Pieces { pieces, .. } => pieces,
            });
            whole.push(once(Bytes::from_static(b"\r\n")));
        }
        whole.push(once(end));
        Body::stream(stream::iter(whole).flatten(), length)
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

fn once(bytes: Bytes) -> Pieces {
    let pieces: std::pin::Pin<Box<dyn Stream<Item = _> + Send>> = Box::pin(stream::once(std::future::ready(Ok(bytes))));
    pieces
}

/// Escapes a name as browsers do (HTML standard, "multipart/form-data encoding algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    async fn written(form: Multipart) -> (Option<u64>, String) {
        let body = form.into_body();
        let length = body.length();
        let Content::Pieces { pieces, .. } = body.0 else { panic!("a form is streamed") };
        let pieces: Vec<Bytes> = pieces.try_collect().await.unwrap();
        (length, String::from_utf8(pieces.concat()).unwrap())
    }

    #[tokio::test]
    async fn writes_fields_and_files_and_knows_its_length() {
        let form =
            Multipart::new().text("status", "hé\r\n--x").file("media", "a\"b\r\n.png", "image/png", &b"\tPNG"[..]);
        let boundary = form.boundary.clone();
        let (length, text) = written(form).await;
        assert_eq!(length, Some(text.len() as u64));
        assert_eq!(
            text,
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\nhé\r\n--x\r\n\
                 --{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a%22b%0D%0A.png\"\r\n\
                 Content-Type: image/png\r\n\r\n\tPNG\r\n--{boundary}--\r\n"
            )
        );
    }

    #[tokio::test]
    async fn json_is_told_as_such_and_is_no_file() {
        let form = Multipart::new().json("json", "{}");
        let boundary = form.boundary.clone();
        let head = "Content-Disposition: form-data; name=\"json\"\r\nContent-Type: application/json";
        assert_eq!(written(form).await.1, format!("--{boundary}\r\n{head}\r\n\r\n{{}}\r\n--{boundary}--\r\n"));
    }

    #[tokio::test]
    async fn a_part_of_unknown_length_leaves_the_whole_unknown() {
        let endless = Body::stream(stream::iter([Ok(Bytes::from_static(b"abc"))]), None);
        let (length, text) = written(Multipart::new().part("f", "f.bin", "application/octet-stream", endless)).await;
        assert_eq!(length, None);
        assert!(text.contains("\r\n\r\nabc\r\n--"));
    }
}
