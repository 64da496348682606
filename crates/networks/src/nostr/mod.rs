//! Nostr: notes signed with the account's own key and handed to relays.
//!
//! After <https://github.com/nostr-protocol/nips> (July 2026): 01 (events, relays), 09 (deletion), 10 (threads), 19 (keys as text),
//! 24 and 27 (tags, mentions), 42 (authentication), 92 (media).

mod afterwards;
mod event;
mod note;
mod relay;

use crate::about::{About, Network, no_settings};
use crate::afterwards::Delete;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::publish::{Cx, Item, Once, Publish, Sent};
use crate::{Detail, Refusal};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Document, Timestamp, channel::Identity};
use crier_net::Client;
use event::{Event, Key, encode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::{Host, Url};

const ABOUT: About = About {
    id: "nostr",
    name: "Nostr",
    color: "#8e30eb",
    summary: "Nostr, with your own key and relays.",
    works_at_once: true,
    console: None,
    deadline_s: 90,
};

const RELAYS: &str = "wss://relay.damus.io, wss://nos.lol, wss://relay.primal.net";
const RELAYS_MAX: usize = 20;
/// The fact that lists the relays.
const RELAYS_FACT: &str = "relays";

#[derive(Debug)]
pub struct Nostr;

impl Network for Nostr {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    /// The protocol has no limits; relays commonly refuse events above 64 kB, some above 32 kB.
    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/avif",
            "video/mp4",
            "video/webm",
            "audio/mpeg",
        ];
        Rules {
            text: TextRules { max_bytes: Some(30_000), ..TextRules::up_to(10_000, Unit::Grapheme) },
            media: MediaRules {
                fetched: true,
                linked: true,
                ..MediaRules::up_to(10, vec![MediaKind::up_to(1_000_000_000, &mime)], Some(1000))
            },
            parts: PartsRules::alike(50, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        no_settings()
    }

    fn render(&self, body: &Document) -> String {
        note::words(body)
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }
}

#[async_trait]
impl Form for Nostr {
    fn fields(&self) -> Vec<Field> {
        let key = Field {
            name: "key",
            label: "Secret key",
            kind: FieldKind::Password,
            required: true,
            placeholder: "nsec1…",
            help: "Your nsec, or the key as 64 hexadecimal digits. It is kept encrypted and never leaves this server.",
            default: None,
            options: Vec::new(),
        };
        let relays = Field {
            name: "relays",
            label: "Relays",
            kind: FieldKind::Text,
            placeholder: "wss://relay.example.org",
            help: "Where your notes go, separated by commas or spaces.",
            default: Some(RELAYS.to_owned()),
            ..key.clone()
        };
        vec![key, relays]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let wrong = |name, message: String, fix: &str| FormRefusal::Field { name, message, fix: fix.to_owned() };
        let key = Key::read(value("key")).map_err(|message| {
            wrong("key", message, "Copy the secret key again from your Nostr app; it begins with nsec1.")
        })?;
        let relays = relays(value("relays"))
            .map_err(|message| wrong("relays", message, "Enter addresses like wss://nos.lol."))?;
        let pubkey = key.public();
        let asked = relays.iter().map(|url| relay::profile(net, url, &pubkey));
        let answers = futures::future::join_all(asked).await;
        let mut newest: Option<Event> = None;
        let mut silent = Vec::new();
        for answer in answers {
            match answer {
                Ok(Some(event)) if newest.as_ref().is_none_or(|newest| newest.created_at < event.created_at) => {
                    newest = Some(event);
                }
                Ok(_) => {}
                Err(refusal) => silent.push(refusal.harmless()),
            }
        }
        if silent.len() == relays.len()
            && let Some(refusal) = silent.pop()
        {
            return Err(FormRefusal::FieldRefused { name: "relays", refusal });
        }
        let identity = identity(&pubkey, newest.as_ref());
        let facts = Facts::from_iter([(RELAYS_FACT.to_owned(), json!(relays))]);
        Ok(SignedIn {
            instance: None,
            credentials: Credentials { access_token: key.secret(), ..Credentials::default() },
            identified: Identified { identity, granted: None, facts },
        })
    }
}

/// What people say of themselves (NIP-24).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    name: Option<String>,
    display_name: Option<String>,
    picture: Option<String>,
}

fn identity(pubkey: &str, event: Option<&Event>) -> Identity {
    let npub = encode("npub", pubkey);
    let profile: Profile = event.and_then(|event| serde_json::from_str(&event.content).ok()).unwrap_or_default();
    let said = |word: Option<String>| word.filter(|word| !word.trim().is_empty());
    let short = || format!("{}…", npub.chars().take(12).collect::<String>());
    Identity {
        remote_id: pubkey.to_owned(),
        name: said(profile.display_name).or_else(|| said(profile.name)).unwrap_or_else(short),
        profile_url: Some(format!("https://njump.me/{npub}")),
        avatar_url: said(profile.picture).filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        handle: npub,
    }
}

/// The addresses in a list; unencrypted only towards this machine.
fn relays(typed: &str) -> Result<Vec<String>, String> {
    let mut relays = Vec::new();
    for word in typed.split([',', ' ', '\n', '\t', '\r']).filter(|word| !word.is_empty()) {
        let url = Url::parse(word).map_err(|_| format!("“{word}” is no address."))?;
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(format!("“{word}” names no host.")),
        };
        match url.scheme() {
            "wss" => {}
            "ws" if loopback => {}
            "ws" => return Err(format!("“{word}” is not encrypted; use wss://.")),
            _ => return Err(format!("“{word}” is no relay; their addresses begin with wss://.")),
        }
        let url = url.as_str().trim_end_matches('/').to_owned();
        if !relays.contains(&url) {
            relays.push(url);
        }
    }
    match relays.len() {
        0 => Err("No relay is given.".to_owned()),
        1..=RELAYS_MAX => Ok(relays),
        count => Err(format!("{count} relays are too many; {RELAYS_MAX} are enough.")),
    }
}

#[async_trait]
impl Publish for Nostr {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let key = Key::of(&cx.credentials.access_token)?;
        let relays = relays_of(cx.facts);
        // The parts of a thread are a second apart, so that readers that sort by time keep their order.
        let created_at = cx.due_at.as_second() + i64::try_from(item.index).unwrap_or_default();
        let (tags, content) = note::note(item, &key.public())?;
        let event = key.sign(created_at, note::KIND, tags, content)?;
        let hand_over = || hand_over(cx.net, cx.clock.now(), &key, &relays, &event);
        cx.step("event", Once::Key(event.id.clone()), hand_over).await
    }
}

/// The channel's relays.
fn relays_of(facts: &Facts) -> Vec<String> {
    let relays = facts.get(RELAYS_FACT).and_then(|relays| serde_json::from_value(relays.clone()).ok());
    let relays = relays.filter(|relays: &Vec<String>| !relays.is_empty());
    relays.unwrap_or_else(|| RELAYS.split(", ").map(str::to_owned).collect())
}

/// Hands the event to every relay. One that takes it is enough; what the others said is kept with the answer.
async fn hand_over(net: &Client, now: Timestamp, key: &Key, relays: &[String], event: &Event) -> Result<Sent, Refusal> {
    let offers = relays.iter().map(|url| relay::publish(net, url, key, event, now));
    let words = futures::future::join_all(offers).await;
    let mut taken = Vec::new();
    let mut refused = Vec::new();
    for (url, word) in relays.iter().zip(words) {
        match word {
            Ok(()) => taken.push(url),
            Err(refusal) => refused.push((url, refusal)),
        }
    }
    let Some(first) = taken.first() else { return Err(worst(refused)) };
    let warnings: Vec<Value> =
        refused.iter().map(|(url, refusal)| json!({ "relay": url, "said": refusal.to_string() })).collect();
    Ok(Sent {
        remote_id: event.id.clone(),
        url: Some(format!("https://njump.me/{}", encode("note", &event.id))),
        data: json!({ "relay": first, "relays": taken, "warnings": warnings }),
    })
}

/// When no relay took it: what may pass decides before what won't, for then trying again makes sense.
fn worst(refused: Vec<(&String, Refusal)>) -> Refusal {
    let said: Vec<String> =
        refused.iter().map(|(url, refusal)| format!("{url}: {}", refusal.detail().message)).collect();
    let weight = |refusal: &Refusal| match refusal {
        Refusal::Unknown(_) => 0,
        Refusal::RateLimit { .. } => 1,
        Refusal::Temporary(_) => 2,
        Refusal::Auth(_) => 3,
        Refusal::Content(_) => 4,
    };
    let first = refused.into_iter().map(|(_, refusal)| refusal).min_by_key(weight);
    let first = first.unwrap_or_else(|| Refusal::Content(Detail::new("no relay is set")));
    first.map(|detail| Detail { message: format!("no relay took it: {}", said.join("; ")), ..detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_encrypted_and_each_once() {
        assert_eq!(
            relays("wss://nos.lol/, wss://nos.lol\nws://localhost:7000").unwrap(),
            ["wss://nos.lol", "ws://localhost:7000"]
        );
        for bad in ["", " , ", "nos.lol", "https://nos.lol", "ws://nos.lol"] {
            assert!(relays(bad).is_err(), "{bad}");
        }
    }
}
