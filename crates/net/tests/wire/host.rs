//! A host whose every byte the test decides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub head: String,
    pub body: Vec<u8>,
}

impl Received {
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub fn path(&self) -> &str {
        self.line().split(' ').nth(1).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What the host does with a request.
pub enum Reply {
    /// Writes these bytes and keeps the connection.
    Bytes(Vec<u8>),
    /// Writes these bytes, then closes the connection.
    Last(Vec<u8>),
    /// Writes these pieces with a pause after each, then holds the connection.
    Slowly(Vec<Vec<u8>>, Duration),
    /// Says nothing and holds the connection.
    Silence,
    /// Resets the connection.
    Reset,
}

pub fn ok(body: &str) -> Reply {
    answer(200, &[("content-type", "text/plain")], body.as_bytes())
}

pub fn json(body: &str) -> Reply {
    answer(200, &[("content-type", "application/json")], body.as_bytes())
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut bytes = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str("\r\n");
    Reply::Bytes([bytes.as_bytes(), body].concat())
}

pub fn redirect(status: u16, to: &str) -> Reply {
    answer(status, &[("location", to)], b"")
}

type Behaviour = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// A running host. It ends with the test.
pub struct Host {
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<Mutex<usize>>,
    running: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Host {
    pub async fn plain(behaviour: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(behaviour)).await
    }

    pub async fn secure(
        tls: Arc<rustls::ServerConfig>,
        behaviour: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(TlsAcceptor::from(tls)), Arc::new(behaviour)).await
    }

    async fn start(tls: Option<TlsAcceptor>, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (log, count) = (Arc::clone(&received), Arc::clone(&connections));
        let running = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                *count.lock().unwrap() += 1;
                let (behaviour, log, tls) = (Arc::clone(&behaviour), Arc::clone(&log), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, TcpStream::set_zero_linger, behaviour, log).await,
                        Some(tls) => {
                            // A client that doesn't like the certificate hangs up here.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, |s| s.get_ref().0.set_zero_linger(), behaviour, log).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, received, connections, running }
    }

    pub fn http(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.port)
    }

    pub fn https(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.port)
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    reset: impl Fn(&S) -> std::io::Result<()>,
    behaviour: Behaviour,
    log: Arc<Mutex<Vec<Received>>>,
) {
    while let Some(request) = read(&mut stream).await {
        log.lock().unwrap().push(request.clone());
        match behaviour(&request) {
            Reply::Bytes(bytes) => stream.write_all(&bytes).await.unwrap(),
            Reply::Last(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                stream.shutdown().await.unwrap();
                return;
            }
            Reply::Slowly(pieces, pause) => {
                for piece in pieces {
                    // The client may have given up by now; that is what some tests are about.
                    if stream.write_all(&piece).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(pause).await;
                }
                std::future::pending::<()>().await;
            }
            Reply::Silence => std::future::pending().await,
            Reply::Reset => {
                reset(&stream).unwrap();
                return;
            }
        }
    }
}

/// Reads a request with a body of announced length, or chunked.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let mut received = Received { head: String::from_utf8(head).unwrap(), body: Vec::new() };
    if let Some(length) = received.header("content-length") {
        received.body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut received.body).await.ok()?;
    } else if received.header("transfer-encoding").is_some() {
        while !received.body.ends_with(b"0\r\n\r\n") {
            received.body.push(stream.read_u8().await.ok()?);
        }
    }
    Some(received)
}
