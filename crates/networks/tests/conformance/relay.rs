//! A Nostr relay that hears what a fixture says and says what it says, on every connection from the beginning.

use crate::fixture::{Line, different, fill};
use futures::{SinkExt, StreamExt};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

#[derive(Debug, Default)]
struct Script {
    lines: Vec<Line>,
    heard: Vec<Value>,
    connections: usize,
    complaints: Vec<String>,
}

#[derive(Debug)]
pub struct Relay {
    pub url: String,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Relay {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(converse(stream, Arc::clone(&shared)));
            }
        });
        Self { url, script, task }
    }

    pub fn play(&self, lines: Vec<Line>) {
        *self.script.lock().unwrap() = Script { lines, ..Script::default() };
    }

    /// Everything that was heard.
    pub fn heard(&self) -> Vec<Value> {
        self.script.lock().unwrap().heard.clone()
    }

    pub fn complaints(&self) -> Vec<String> {
        let script = self.script.lock().unwrap();
        let mut complaints = script.complaints.clone();
        if script.connections == 0 && !script.lines.is_empty() {
            complaints.push("the relay was never called".to_owned());
        }
        complaints
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let lines = script.lock().unwrap().lines.clone();
    let mut last = Value::Null;
    for line in lines {
        match line {
            Line::HangUp => return,
            Line::Say(mut words) => {
                let found: Vec<(String, String)> = ["/1/id", "/2/id"]
                    .into_iter()
                    .filter_map(|at| Some((format!("heard:{at}"), last.pointer(at)?.as_str()?.to_owned())))
                    .collect();
                let names: Vec<(&str, &str)> =
                    found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                fill(&mut words, &names);
                socket.send(Message::text(words.to_string())).await.unwrap();
            }
            Line::Hear(wanted) => {
                let heard = match socket.next().await {
                    Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
                    other => {
                        script.lock().unwrap().complaints.push(format!("expected {wanted}, heard {other:?}"));
                        return;
                    }
                };
                if let Some(difference) = different(&wanted, &heard) {
                    script.lock().unwrap().complaints.push(format!("heard {heard}; {difference}"));
                }
                script.lock().unwrap().heard.push(heard.clone());
                last = heard;
            }
        }
    }
    // Until the other side says goodbye.
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            script.lock().unwrap().complaints.push(format!("nothing more was expected, heard {text}"));
        }
    }
}
