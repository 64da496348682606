//! Large files on their way: whatever their size, no more of them is in memory than is being sent.

use crate::journal::Notebook;
use crate::way::Way;
use crate::world::{PUBLICATION, registry};
use async_trait::async_trait;
use bytes::Bytes;
use crier_model::{Clock, Document, MediaId, SystemClock};
use crier_networks::publish::{Item, MediaItem, MediaSource, WHOLE};
use crier_networks::{Credentials, Cx, Refusal};
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SIZE: u64 = 200 * 1024 * 1024;
const PIECE: u64 = 256 * 1024;

/// Bytes that are in memory, and the most that ever were.
#[derive(Debug, Default)]
struct Counter {
    now: AtomicU64,
    most: AtomicU64,
    given: AtomicU64,
}

/// A piece that is counted for as long as anybody holds it.
struct Piece {
    bytes: Vec<u8>,
    counter: Arc<Counter>,
}

impl Piece {
    fn new(length: u64, counter: Arc<Counter>) -> Self {
        let now = counter.now.fetch_add(length, Ordering::SeqCst) + length;
        counter.most.fetch_max(now, Ordering::SeqCst);
        counter.given.fetch_add(length, Ordering::SeqCst);
        Self { bytes: vec![7; usize::try_from(length).unwrap()], counter }
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.counter.now.fetch_sub(self.bytes.len() as u64, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Made(Arc<Counter>);

#[async_trait]
impl MediaSource for Made {
    async fn stream(
        &self,
        _: &MediaItem,
        from: u64,
        to: u64,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>, Refusal> {
        let counter = Arc::clone(&self.0);
        let starts = (from..to).step_by(usize::try_from(PIECE).unwrap());
        let piece = move |start: u64| Ok(Bytes::from_owner(Piece::new(PIECE.min(to - start), Arc::clone(&counter))));
        Ok(stream::iter(starts).map(piece).boxed())
    }
}

/// A server that forgets what it is sent, and answers as each network's does.
async fn serve(mut stream: TcpStream, has: Arc<AtomicU64>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    assert!(field("transfer-encoding").is_none(), "the length is told");
    let length: u64 = field("content-length").map_or(0, |length| length.parse().unwrap());
    let (mut left, mut buffer) = (length, vec![0; 64 * 1024]);
    while left > 0 {
        let read = stream.read(&mut buffer).await.ok()?;
        left -= read as u64;
        if read == 0 {
            return None;
        }
    }
    let path = head.split(' ').nth(1)?;
    let video = json!({ "video": { "uuid": "u1" } });
    let (status, more, answer) = match path.split('?').next()? {
        "/api/v2/media" => (200, String::new(), json!({ "id": "m1", "url": "https://server.example/m1" })),
        "/_matrix/media/v3/upload" => (200, String::new(), json!({ "content_uri": "mxc://server.example/m1" })),
        "/api/drive/files/create" => (200, String::new(), json!({ "id": "m1" })),
        "/api/v1/videos/upload-resumable" if head.starts_with("post") => {
            (201, "location: /api/v1/videos/upload-resumable?upload_id=1\r\n".to_owned(), json!({}))
        }
        "/api/v1/videos/upload-resumable" => match has.fetch_add(length, Ordering::SeqCst) + length {
            SIZE => (200, String::new(), video),
            0 => (308, String::new(), json!({})),
            now => (308, format!("range: bytes=0-{}\r\n", now - 1), json!({})),
        },
        _ => (200, String::new(), json!({ "id": "p1", "event_id": "$p1", "createdNote": { "id": "p1" } })),
    };
    let answer = answer.to_string();
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-type: application/json\r\n{more}");
    let answer = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

#[tokio::test]
async fn no_large_file_is_ever_whole_in_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let has = Arc::new(AtomicU64::new(0));
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&has)));
        }
    });
    let (net, _proxy) = Way::here();
    let registry = registry(&url);
    for (network, settings) in [
        ("mastodon", json!({})),
        ("misskey", json!({})),
        ("matrix", json!({ "room": "!room:server.example" })),
        ("peertube", json!({ "title": "Large" })),
    ] {
        let (files, notebook) = (Made::default(), Notebook::default());
        let extra = json!({ "access_token": "t", "extra": { "server": url, "homeserver": url } });
        let credentials: Credentials = serde_json::from_value(extra).unwrap();
        let facts = Value::Object([("server".to_owned(), url.clone().into())].into_iter().collect());
        let film = MediaItem {
            id: MediaId(uuid::Uuid::nil()),
            name: "large.mp4".into(),
            mime: "video/mp4".into(),
            size: SIZE,
            width: 0,
            height: 0,
            duration_ms: 0,
            codecs: Vec::new(),
            frame_rate: None,
            convertible: false,
            alt: String::new(),
            sha256: String::new(),
            url: None,
        };
        let item = Item {
            index: 0,
            body: Document::from_plain("A film"),
            media: vec![film],
            settings: settings.as_object().unwrap().clone(),
            thread: None,
        };
        let cx = Cx {
            net: &net,
            clock: &SystemClock,
            credentials: &credentials,
            instance: Some(&url),
            account: "3",
            handle: "ada",
            facts: facts.as_object().unwrap(),
            publication: PUBLICATION.parse().unwrap(),
            due_at: SystemClock.now(),
            media: &files,
            journal: &notebook,
            part: 0,
        };
        let network = registry.get(network).unwrap();
        let id = network.about().id;
        network.publish().ahead(&cx, &item).await.unwrap_or_else(|refusal| panic!("{id}: {refusal}"));
        network.publish().publish(&cx, &item).await.unwrap_or_else(|refusal| panic!("{id}: {refusal}"));
        let counter = &files.0;
        assert_eq!(counter.given.load(Ordering::SeqCst), SIZE, "{id} is given the file once");
        let most = counter.most.load(Ordering::SeqCst);
        assert!(most <= 2 * WHOLE, "{id} had {most} bytes in memory");
        assert_eq!(counter.now.load(Ordering::SeqCst), 0, "{id} keeps none of it");
    }
    server.abort();
}
