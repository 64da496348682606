//! An HTTP server that expects what a fixture says and answers what it says. It is the scripted server at its own address,
//! and behind the proxy whatever host is asked for.

use crate::fixture::{Answered, Asked, Exchange, different};
use crate::way::tunnel;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::form_urlencoded;

/// Whatever a request is read from.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// As it was asked for; none for the scripted server by its address.
    pub host: Option<String>,
    pub method: String,
    pub path: String,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// The number of the exchange it was taken for.
    pub exchange: Option<usize>,
}

impl Call {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Script {
    exchanges: Vec<Exchange>,
    next: usize,
    /// Takes what was asked before once more, as a server does that is asked anew after a crash.
    again: bool,
    calls: Vec<Call>,
    complaints: Vec<String>,
}

#[derive(Debug)]
pub struct Server {
    pub url: String,
    script: Arc<Mutex<Script>>,
    tasks: [JoinHandle<()>; 2],
}

impl Server {
    /// Listens at an address of its own, and for the proxy.
    pub async fn start(proxy: TcpListener) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let (direct, proxied) = (Arc::clone(&script), Arc::clone(&script));
        let direct = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(None, stream, Arc::clone(&direct)));
            }
        });
        let proxied = tokio::spawn(async move {
            while let Ok((stream, _)) = proxy.accept().await {
                let script = Arc::clone(&proxied);
                tokio::spawn(async move {
                    if let Some((host, stream)) = tunnel(stream).await {
                        serve(Some(host), stream, script).await;
                    }
                });
            }
        });
        Self { url, script, tasks: [direct, proxied] }
    }

    pub fn play(&self, exchanges: Vec<Exchange>, again: bool) {
        *self.script.lock().unwrap() = Script { exchanges, again, ..Script::default() };
    }

    pub fn calls(&self) -> Vec<Call> {
        self.script.lock().unwrap().calls.clone()
    }

    /// What was asked wrongly, or not at all.
    pub fn complaints(&self) -> Vec<String> {
        let script = self.script.lock().unwrap();
        let mut complaints = script.complaints.clone();
        if complaints.is_empty() && script.next < script.exchanges.len() {
            let asked = &script.exchanges[script.next].request;
            complaints.push(format!("{} {} was never asked", asked.method, asked.path));
        }
        complaints
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn serve(host: Option<String>, mut stream: impl Stream, script: Arc<Mutex<Script>>) {
    let Some(call) = read(&mut stream).await else { return };
    let mut call = Call { host, ..call };
    let answered = script.lock().unwrap().take(&mut call);
    if answered.drop {
        return;
    }
    let mut headers = answered.headers;
    let body = match answered.json {
        Some(json) => {
            headers.entry("content-type".to_owned()).or_insert_with(|| "application/json".to_owned());
            json.to_string()
        }
        None => answered.text,
    };
    let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\ncontent-length: {}\r\n", answered.status, body.len());
    for (name, value) in headers {
        head.extend([&name, ": ", &value, "\r\n"]);
    }
    // A client that has hung up meanwhile has its own error to tell.
    let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut impl Stream) -> Option<Call> {
    let mut buffer = Vec::new();
    loop {
        if let Some(call) = parse(&buffer) {
            return Some(call);
        }
        if stream.read_buf(&mut buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// The request, once it is whole.
fn parse(buffer: &[u8]) -> Option<Call> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(buffer).unwrap() {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial => return None,
    };
    let named = |header: &httparse::Header<'_>| {
        (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
    };
    let headers: BTreeMap<_, _> = request.headers.iter().map(named).collect();
    assert!(!headers.contains_key("transfer-encoding"), "bodies are expected with their length");
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let body = buffer.get(head..head + length)?.to_vec();
    let (method, path) = (request.method.unwrap().to_owned(), request.path.unwrap().to_owned());
    Some(Call { host: None, method, path, headers, body, exchange: None })
}

impl Script {
    fn take(&mut self, call: &mut Call) -> Answered {
        let mut order: Vec<usize> = (self.next..self.exchanges.len()).take(1).collect();
        if self.again {
            order.extend((0..self.next).rev());
        }
        let mut reasons = Vec::new();
        for index in order {
            match wrong(&self.exchanges[index].request, call) {
                None => {
                    self.next = self.next.max(index + 1);
                    call.exchange = Some(index);
                    self.calls.push(call.clone());
                    return self.exchanges[index].response.clone();
                }
                Some(reason) => reasons.push(reason),
            }
        }
        self.calls.push(call.clone());
        let reason = reasons.into_iter().next().unwrap_or_else(|| "nothing more was expected".to_owned());
        let host = call.host.as_deref().unwrap_or_default();
        self.complaints.push(format!("{} {host}{}: {reason}", call.method, call.path));
        Answered { status: 400, text: "not in the script".to_owned(), ..Answered::default() }
    }
}

/// What is wrong with a request; none when it is the expected one.
fn wrong(asked: &Asked, call: &Call) -> Option<String> {
    if asked.host != call.host {
        return Some(format!("expected at {}", asked.host.as_deref().unwrap_or("{{server}}")));
    }
    if asked.method != call.method || !fits(&asked.path, &call.path) {
        return Some(format!("expected {} {}", asked.method, asked.path));
    }
    for (name, wanted) in &asked.headers {
        let got = call.headers.get(name);
        if wanted == "{{any}}" && got.is_some() {
            continue;
        }
        if got != Some(wanted) {
            return Some(format!("header {name}: wanted {wanted}, got {got:?}"));
        }
    }
    let text = String::from_utf8_lossy(&call.body);
    if let Some(piece) = asked.contains.iter().find(|piece| !text.contains(piece.as_str())) {
        return Some(format!("{piece} is not in the body {text}"));
    }
    if let Some(piece) = asked.lacks.iter().find(|piece| text.contains(piece.as_str())) {
        return Some(format!("{piece} is in the body"));
    }
    if let Some(wanted) = &asked.form {
        let got: BTreeMap<String, String> = form_urlencoded::parse(&call.body).into_owned().collect();
        if *wanted != got {
            return Some(format!("form: wanted {wanted:?}, got {got:?}"));
        }
    }
    let wanted = asked.json.as_ref()?;
    let Ok(got) = serde_json::from_slice(&call.body) else { return Some("the body is no JSON".to_owned()) };
    different(wanted, &got).map(|difference| format!("body: {difference}"))
}

/// Whether a target is the expected one, whose parameters may stand for anything.
fn fits(wanted: &str, got: &str) -> bool {
    let ((wanted, asked), (got, given)) = (split(wanted), split(got));
    let same = |((name, value), (other, got)): (&(String, String), &(String, String))| {
        name == other && (value == got || value == "{{any}}")
    };
    wanted == got && asked.len() == given.len() && asked.iter().zip(&given).all(same)
}

/// Path and parameters, these in order of their names.
fn split(target: &str) -> (String, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    parameters.sort();
    (path.to_owned(), parameters)
}
