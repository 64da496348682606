//! Kick: messages in the chat of one's own channel, by an app of one's own.
//!
//! After <https://docs.kick.com> (<https://github.com/KickEngineering/KickDevDocs>, June 2026) and the description at
//! <https://api.kick.com/swagger/doc.yaml>: OAuth 2.1, `users`, `channels`, `chat`. Kick knows no key for a message, and what was said
//! in a chat can't be listed.

mod afterwards;

use crate::about::{About, Network, no_settings};
use crate::afterwards::Delete;
use crate::connect::{ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::publish::{Cx, Item, Once, Publish, Sent};
use crate::{Detail, Refusal, call};
use async_trait::async_trait;
use crier_model::rules::{MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, channel::Identity};
use crier_net::{Client, Request};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const ABOUT: About = About {
    id: "kick",
    name: "Kick",
    color: "#53fc18",
    summary: "Messages in your channel's chat, by an app of your own.",
    works_at_once: false,
    console: Some("https://kick.com/settings/developer"),
    deadline_s: 120,
};

const API: &str = "https://api.kick.com/public/v1";
const SCOPES: &[Scope] = &[
    Scope { id: "user:read", why: "to know which account this is", required: true },
    Scope { id: "channel:read", why: "to know your channel's address", required: true },
    Scope { id: "chat:write", why: "to write in your channel's chat", required: true },
    Scope { id: "moderation:chat_message:manage", why: "to delete messages", required: false },
];

#[derive(Debug)]
pub struct Kick;

impl Network for Kick {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(500, Unit::Utf16),
            media: MediaRules::up_to(0, Vec::new(), None),
            parts: PartsRules::alike(25, PartsKind::Comment),
        }
    }

    fn settings_schema(&self) -> Value {
        no_settings()
    }

    /// A message is one line.
    fn render(&self, body: &Document) -> String {
        body.to_line()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }
}

/// What Kick wraps its answers in.
#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let request = request.bearer(credentials.access_token.expose());
    Ok(call::json::<Data<T>>(request, credentials, refine).await?.data)
}

/// The first of a list that is asked for.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let found: Vec<T> = send(request, credentials).await.map_err(Refusal::harmless)?;
    found.into_iter().next().ok_or_else(|| Refusal::Temporary(Detail::new("Kick answered without what was asked")))
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    match refusal {
        Refusal::Auth(detail) | Refusal::Content(detail) if said.contains("scope") => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        other if ["content", "message"].iter().any(|word| said.contains(word)) => other.at("/text"),
        other => other,
    }
}

#[derive(Deserialize)]
struct User {
    user_id: u64,
    name: String,
    #[serde(default)]
    profile_picture: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    slug: String,
}

#[async_trait]
impl OAuth2 for Kick {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        Ok(Endpoints {
            pkce: true,
            ..fixed(
                "https://id.kick.com/oauth/authorize",
                "https://id.kick.com/oauth/token",
                ClientAuth::Body,
                Dialect::default(),
            )?
        })
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let user: User = ask(net.get(format!("{API}/users")), credentials).await?;
        // The name of a channel in addresses may be another one than its owner's.
        let channel: Channel = ask(net.get(format!("{API}/channels")), credentials).await?;
        let identity = Identity {
            remote_id: user.user_id.to_string(),
            name: user.name,
            profile_url: Some(format!("https://kick.com/{}", channel.slug)),
            handle: channel.slug,
            avatar_url: user.profile_picture.filter(|picture| !picture.is_empty()),
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[derive(Deserialize)]
struct Said {
    is_sent: bool,
    #[serde(default)]
    message_id: String,
}

#[async_trait]
impl Publish for Kick {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let id: u64 = cx.account.parse().map_err(|_| {
            Refusal::Content(Detail::new(format!("“{}” is no account of Kick's; connect it again", cx.account)))
        })?;
        let mut message = json!({ "type": "user", "broadcaster_user_id": id, "content": self.render(&item.body) });
        if let Some(thread) = &item.thread {
            message["reply_to_message_id"] = thread.root.remote_id.as_str().into();
        }
        let request = cx.net.post(format!("{API}/chat")).json(&message);
        let say = || async {
            let said: Said = send(request, cx.credentials).await?;
            let dropped = || Refusal::Content(Detail::new("the channel's chat did not take the message")).at("/text");
            said.is_sent.then_some(said.message_id).ok_or_else(dropped)
        };
        let remote_id: String = cx.step("say", Once::Ask, say).await?;
        Ok(Sent { remote_id, url: Some(format!("https://kick.com/{}", cx.handle)), data: Value::Null })
    }
}
