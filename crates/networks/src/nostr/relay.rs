//! Speaking to relays: NIP-01's messages, and NIP-42 where a relay wants to know who we are.

use super::event::{Event, Key};
use crate::{Detail, Refusal};
use crier_model::{Code, Timestamp};
use crier_net::{Client, Message, WebSocket};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a relay may take for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Messages read at most in waiting for the one that answers.
const MESSAGES: usize = 200;
/// The kind of an event that answers a relay's challenge (NIP-42).
const AUTHENTICATION: u16 = 22242;

/// A relay's word on an event.
#[derive(Debug)]
enum Word {
    Taken,
    Refused(String),
}

/// Hands an event to a relay.
pub(super) async fn publish(net: &Client, url: &str, key: &Key, event: &Event, now: Timestamp) -> Result<(), Refusal> {
    let mut relay = Relay::open(net, url).await?;
    let mut word = relay.offer("EVENT", event).await?;
    if let Word::Refused(said) = &word
        && said.starts_with("auth-required")
        && let Some(challenge) = relay.challenge().await
    {
        let tags = vec![vec!["relay".to_owned(), url.to_owned()], vec!["challenge".to_owned(), challenge]];
        let proof = key.sign(now.as_second(), AUTHENTICATION, tags, String::new())?;
        word = match relay.offer("AUTH", &proof).await? {
            Word::Taken => relay.offer("EVENT", event).await?,
            refused @ Word::Refused(_) => refused,
        };
    }
    relay.close().await;
    match word {
        Word::Taken => Ok(()),
        Word::Refused(said) => Err(refusal(&relay_host(url), &said)),
    }
}

/// The newest profile (kind 0) that a relay has of a key.
pub(super) async fn profile(net: &Client, url: &str, pubkey: &str) -> Result<Option<Event>, Refusal> {
    let mut relay = Relay::open(net, url).await?;
    relay.say(&json!(["REQ", "profile", { "kinds": [0], "authors": [pubkey], "limit": 1 }])).await?;
    let mut newest: Option<Event> = None;
    for _ in 0..MESSAGES {
        let heard = relay.hear().await?;
        match heard.first().and_then(Value::as_str) {
            Some("EVENT") => {
                let event = heard.get(2).cloned().map(serde_json::from_value::<Event>);
                if let Some(Ok(event)) = event
                    && event.kind == 0
                    && event.pubkey == pubkey
                    && newest.as_ref().is_none_or(|newest| newest.created_at < event.created_at)
                    && event.is_genuine()
                {
                    newest = Some(event);
                }
            }
            Some("EOSE" | "CLOSED") => break,
            _ => {}
        }
    }
    relay.close().await;
    Ok(newest)
}

struct Relay {
    socket: WebSocket,
    host: String,
    challenge: Option<String>,
}

impl Relay {
    async fn open(net: &Client, url: &str) -> Result<Self, Refusal> {
        let socket = net.websocket(url).await.map_err(|failure| Refusal::from(failure).harmless())?;
        Ok(Self { host: socket.host().to_owned(), socket, challenge: None })
    }

    async fn say(&mut self, message: &Value) -> Result<(), Refusal> {
        Ok(self.socket.send(message.to_string()).await?)
    }

    async fn hear(&mut self) -> Result<Vec<Value>, Refusal> {
        let odd = |said: &str| Refusal::Unknown(Detail { host: Some(self.host.clone()), ..Detail::new(said) });
        match self.socket.next(ANSWER).await? {
            Some(Message::Text(text)) => {
                serde_json::from_str(&text).map_err(|_| odd("the relay's answer can't be read"))
            }
            Some(Message::Binary(_)) => Err(odd("the relay answered with bytes instead of words")),
            None => Err(odd("the relay hung up without an answer")),
        }
    }

    /// What the relay wants signed; it may say so before or after it refuses. Where it says nothing more, its refusal
    /// stands.
    async fn challenge(&mut self) -> Option<String> {
        for _ in 0..MESSAGES {
            if self.challenge.is_some() {
                break;
            }
            let heard = self.hear().await.ok()?;
            match heard.first().and_then(Value::as_str) {
                Some("AUTH") => self.challenge = heard.get(1).and_then(Value::as_str).map(str::to_owned),
                Some("NOTICE") => {}
                _ => break,
            }
        }
        self.challenge.take()
    }

    /// Sends an event and waits for the word on it.
    async fn offer(&mut self, verb: &str, event: &Event) -> Result<Word, Refusal> {
        self.say(&json!([verb, event])).await?;
        for _ in 0..MESSAGES {
            let heard = self.hear().await?;
            let text = |at: usize| heard.get(at).and_then(Value::as_str).unwrap_or_default();
            match text(0) {
                "AUTH" => self.challenge = Some(text(1).to_owned()),
                "OK" if text(1) == event.id => {
                    let taken =
                        heard.get(2).and_then(Value::as_bool).unwrap_or(false) || text(3).starts_with("duplicate");
                    return Ok(if taken { Word::Taken } else { Word::Refused(text(3).to_owned()) });
                }
                _ => {}
            }
        }
        let said = "the relay said much, but nothing about the event";
        Err(Refusal::Unknown(Detail { host: Some(self.host.clone()), ..Detail::new(said) }))
    }

    /// What the relay had to say has been heard; how it ends changes nothing.
    async fn close(self) {
        if let Err(failure) = self.socket.close().await {
            tracing::debug!(%failure, "a relay went without goodbye");
        }
    }
}

fn relay_host(url: &str) -> String {
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| url.to_owned())
}

/// The prefixes of NIP-01 for events that are not taken.
fn refusal(host: &str, said: &str) -> Refusal {
    let prefix = said.split(':').next().unwrap_or_default().trim();
    let detail = Detail {
        code: Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty() && !prefix.contains(' ')),
        host: Some(host.to_owned()),
        ..Detail::new(crier_net::redact(said))
    };
    match prefix {
        "rate-limited" => Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) },
        "error" => Refusal::Temporary(detail),
        // invalid, pow, blocked, restricted, mute, auth-required after all.
        _ => Refusal::Content(detail),
    }
}
