//! A webhook of one's own: the post is published by calling an address, for n8n, Make, Zapier or a CMS.
//!
//! Signed after Standard Webhooks 1.0 (<https://www.standardwebhooks.com>, 2024): `webhook-id` is the same for every try
//! of a part, so that a receiver that has seen it answers without doing it twice.

use crate::about::{About, Network, no_settings};
use crate::check::PartToCheck;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::{Detail, Refusal, call, text};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Finding, Formatting, Secret, Timestamp, channel::Identity};
use crier_net::{Answer, Client};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use url::{Host, Url};

const ABOUT: About = About {
    id: "webhook",
    name: "Webhook",
    color: "#495057",
    summary: "Calls an address of yours with every post, signed.",
    works_at_once: true,
    console: None,
    deadline_s: 90,
};

/// Where the secret address is kept; it is one, for many services put a key into it.
const URL_KEY: &str = "url";
const SECRET_PREFIX: &str = "whsec_";

#[derive(Debug)]
pub struct Webhook;

impl Network for Webhook {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    /// The receiver sets the limits; these only keep a mistake from growing.
    fn rules(&self, _facts: &Facts) -> Rules {
        let mime = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/avif",
            "image/heic",
            "image/bmp",
            "image/tiff",
            "video/mp4",
            "video/quicktime",
            "video/webm",
            "audio/mpeg",
            "audio/mp4",
            "audio/ogg",
            "audio/wav",
        ];
        Rules {
            text: TextRules::up_to(100_000, Unit::Grapheme),
            media: MediaRules::up_to(20, vec![MediaKind::up_to(1_000_000_000, &mime)], Some(10_000)),
            parts: PartsRules::alike(100, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        no_settings()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        let files = parts.iter().flat_map(|part| part.media.iter().enumerate().map(move |(i, item)| (part, i, item)));
        let hidden = files.filter(|(_, _, item)| item.url.is_none());
        let warning = |(part, index, item): (&PartToCheck<'_>, usize, &MediaItem)| {
            let pointer = format!("{}/media/{index}", part.pointer);
            let message =
                format!("{} has no public address, so the webhook gets its name and not the file.", item.name);
            let fix = "Make this server reachable from outside, or send the file to the receiver another way.";
            Finding::error(pointer, "media.not_public", message, fix).warning()
        };
        hidden.map(warning).collect()
    }

    fn formatting(&self) -> Formatting {
        Formatting::HTML
    }

    fn publish(&self) -> &dyn Publish {
        self
    }
}

#[async_trait]
impl Form for Webhook {
    fn fields(&self) -> Vec<Field> {
        let field = |name, label, kind, required, placeholder, help, default| Field {
            default,
            ..Field::new(name, label, kind, required, placeholder, help)
        };
        let secret_help = "Signs every call after Standard Webhooks; put it into the receiver as well.";
        vec![
            field(
                "url",
                "Address",
                FieldKind::Url,
                true,
                "https://example.org/hooks/posts",
                "Called with POST for every post.",
                None,
            ),
            field("secret", "Signing secret", FieldKind::Text, false, "whsec_…", secret_help, Some(new_secret())),
            field("name", "Name", FieldKind::Text, false, "My website", "How the channel is called here.", None),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name: &str| values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let wrong = |name, message: String, fix: &str| FormRefusal::Field { name, message, fix: fix.to_owned() };
        let url = address(value("url").unwrap_or_default())
            .map_err(|message| wrong("url", message, "Enter an address like https://example.org/hooks/posts."))?;
        let secret = value("secret").map_or_else(new_secret, str::to_owned);
        key_of(&secret)
            .map_err(|message| wrong("secret", message, "Leave the proposed one, or take one from the receiver."))?;
        let host = url[url::Position::BeforeHost..url::Position::BeforePath].to_owned();
        let name = value("name").unwrap_or(&host).to_owned();
        let credentials = Credentials {
            access_token: secret.into(),
            extra: [(URL_KEY.to_owned(), Secret::from(url.as_str()))].into(),
            ..Credentials::default()
        };
        let id = format!("ping-{}", uuid::Uuid::new_v4());
        let body = json!({ "type": "ping", "id": id, "channel": name });
        let pinged = call(net, &credentials, &id, Timestamp::now(), &body).await.map_err(Refusal::harmless);
        pinged.map_err(|refusal| FormRefusal::FieldRefused { name: "url", refusal: not_taken(refusal) })?;
        let identity = Identity {
            remote_id: hex::encode(Sha256::digest(url.as_str())),
            name,
            handle: host,
            profile_url: None,
            avatar_url: None,
        };
        Ok(SignedIn {
            instance: None,
            credentials,
            identified: Identified { identity, granted: None, facts: Facts::new() },
        })
    }
}

/// A receiver that refuses the ping is not one yet.
fn not_taken(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Content(detail) | Refusal::Auth(detail) if detail.diagnosis.is_none() => {
            Refusal::Content(detail.diagnosed(Code::InstanceNotCompatible))
        }
        other => other,
    }
}

/// The address of a receiver, as typed. Encryption may be left out only towards this machine and its private network.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn address(typed: &str) -> Result<Url, String> {
    let url = Url::parse(typed).map_err(|error| format!("“{typed}” is no address: {error}."))?;
    let near = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_private(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unique_local(),
        Some(Host::Domain(name)) => {
            !name.contains('.') || [".localhost", ".local", ".lan", ".internal"].iter().any(|end| name.ends_with(end))
        }
        None => return Err(format!("“{typed}” names no host.")),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if near => Ok(url),
        "http" => Err("The address is not encrypted; use https.".to_owned()),
        other => Err(format!("“{other}” is no address to call.")),
    }
}

/// A fresh signing secret as Standard Webhooks writes them.
#[must_use]
pub fn new_secret() -> String {
    format!("{SECRET_PREFIX}{}", BASE64_STANDARD.encode(rand::random::<[u8; 24]>()))
}

/// The bytes of a secret: base64 after an optional `whsec_`, 24 to 64 of them.
fn key_of(secret: &str) -> Result<Vec<u8>, String> {
    let encoded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = BASE64_STANDARD.decode(encoded).map_err(|_| "The secret is not base64.".to_owned())?;
    match key.len() {
        24..=64 => Ok(key),
        length => Err(format!("The secret has {length} bytes; it takes 24 to 64.")),
    }
}

/// The `webhook-signature` of a call: `v1,` and the HMAC-SHA256 of id, seconds and body, with dots between (Standard Webhooks).
///
/// # Errors
/// When the secret is none.
pub fn signature(secret: &str, id: &str, seconds: i64, body: &str) -> Result<String, String> {
    let key = key_of(secret)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes())))
}

async fn call(
    net: &Client,
    credentials: &Credentials,
    id: &str,
    now: Timestamp,
    body: &Value,
) -> Result<Answer, Refusal> {
    let url = credentials
        .extra
        .get(URL_KEY)
        .ok_or_else(|| Refusal::Auth(Detail::new("the channel has lost its address; connect it again")))?;
    let body = body.to_string();
    let seconds = now.as_second();
    let signature = signature(credentials.access_token.expose(), id, seconds, &body)
        .map_err(|said| Refusal::Auth(Detail::new(said)))?;
    let request = net
        .post(url.expose())
        .header("webhook-id", id)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", signature)
        .no_redirects()
        .body(body, "application/json");
    call::send(request, credentials, refine).await
}

/// 410 says that the receiver is gone for good. Any other refusal is about what was sent, whatever page comes with it.
fn refine(refusal: Refusal) -> Refusal {
    match (refusal.detail().status, refusal) {
        (Some(410), Refusal::Content(detail) | Refusal::Temporary(detail)) => Refusal::Auth(detail),
        (Some(300..=407 | 409..=424 | 426..=428 | 430..=499), Refusal::Auth(detail) | Refusal::Temporary(detail)) => {
            Refusal::Content(Detail { diagnosis: None, ..detail })
        }
        (_, refusal) => refusal,
    }
}

#[async_trait]
impl Publish for Webhook {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let id = cx.key();
        let body = json!({
            "type": "post.publish",
            "id": id,
            "channel": cx.handle,
            "due_at": cx.due_at,
            "part": item.index,
            "content": content(&item.body),
            "media": item.media.iter().map(file).collect::<Vec<_>>(),
            "thread": item.thread.as_ref().map(|thread| json!({
                "root": { "id": thread.root.remote_id, "url": thread.root.url },
                "parent": { "id": thread.parent.remote_id, "url": thread.parent.url },
            })),
        });
        let send = || async {
            let answer = call(cx.net, cx.credentials, &id, cx.clock.now(), &body).await?;
            Ok(sent(&answer, &id))
        };
        cx.step("call", Once::Key(id.clone()), send).await
    }
}

fn content(body: &Document) -> Value {
    json!({ "text": body.to_plain(), "html": text::html::write(body), "markdown": text::markdown::write(body) })
}

fn file(media: &MediaItem) -> Value {
    json!({
        "name": media.name,
        "mime": media.mime,
        "size": media.size,
        "sha256": media.sha256,
        "alt": media.alt,
        "width": media.width,
        "height": media.height,
        "url": media.url,
    })
}

/// The receiver may tell the id and the address it gave the post.
fn sent(answer: &Answer, id: &str) -> Sent {
    let said: Value = answer.json().unwrap_or_default();
    let word = |name: &str| match said.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let is_page = |url: &String| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    Sent { remote_id: word("id").unwrap_or_else(|| id.to_owned()), url: word("url").filter(is_page), data: Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected value comes from another implementation of HMAC over the same bytes.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed =
            signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn addresses_are_encrypted_but_at_home() {
        for good in [
            "https://example.org/x?key=1",
            "http://localhost:5678/webhook",
            "http://192.168.1.2/x",
            "http://n8n:5678/x",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in ["http://example.org/", "ftp://example.org", "example.org", ""] {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert!(key_of(&new_secret()).is_ok() && key_of("whsec_short").is_err() && key_of("whsec_YQ==").is_err());
    }
}
