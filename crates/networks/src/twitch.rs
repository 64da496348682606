//! Twitch: messages and announcements in the chat of one's own channel, by an app of one's own.
//!
//! After <https://dev.twitch.tv/docs/authentication/> and <https://dev.twitch.tv/docs/api/reference/> (November 2026): OAuth, `validate`,
//! `users`, `chat/messages`, `chat/announcements`. Every request names the app beside the token. Twitch knows no key for a message, and
//! what was said in a chat can't be listed.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::ChannelMetrics;
use crate::connect::{
    ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, address, fixed,
};
use crate::publish::{Cx, Item, Once, Publish, Sent};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, channel::Identity};
use crier_net::{Client, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const ABOUT: About = About {
    id: "twitch",
    name: "Twitch",
    color: "#9146ff",
    summary: "Messages and announcements in your channel's chat, by an app of your own.",
    works_at_once: false,
    console: Some("https://dev.twitch.tv/console/apps"),
    deadline_s: 120,
};

const API: &str = "https://api.twitch.tv/helix";
const SCOPES: &[Scope] = &[
    Scope { id: "user:write:chat", why: "to write in your channel's chat", required: true },
    Scope { id: "moderator:manage:announcements", why: "to make announcements there", required: false },
];
/// In the facts: the app that the tokens are of.
const CLIENT_ID: &str = "client_id";

#[derive(Debug)]
pub struct Twitch;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum MessageType {
    #[default]
    Message,
    Announcement,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Color {
    #[default]
    Primary,
    Blue,
    Green,
    Orange,
    Purple,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    #[schemars(title = "Kind", description = "An announcement is set off from the chat in colour.")]
    message_type: MessageType,
    #[schemars(title = "Colour", description = "Of an announcement; “primary” is the channel's own.")]
    announcement_color: Color,
}

impl Network for Twitch {
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
        settings::schema::<Settings>()
    }

    /// A message is one line.
    fn render(&self, body: &Document) -> String {
        body.to_line()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }
}

/// What Twitch wraps its answers in.
#[derive(Deserialize)]
struct Data<T> {
    data: Vec<T>,
}

impl<T> Data<T> {
    fn first(self) -> Result<T, Refusal> {
        let none = || Refusal::Unknown(Detail::new("Twitch answered without what was asked"));
        self.data.into_iter().next().ok_or_else(none)
    }
}

fn signed(request: Request, credentials: &Credentials, client_id: &str) -> Request {
    request.bearer(credentials.access_token.expose()).header("client-id", client_id)
}

fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let status = refusal.detail().status;
    match refusal {
        Refusal::Auth(detail) if said.contains("missing scope") => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        Refusal::Content(detail) if status == Some(403) => Refusal::Auth(detail.diagnosed(Code::WrongKind)),
        other if said.contains("message") => other.at("/text"),
        other => other,
    }
}

/// Whose the token is, as the authorization server has it.
#[derive(Deserialize)]
struct Validated {
    client_id: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
    login: String,
    display_name: String,
    #[serde(default)]
    profile_image_url: Option<String>,
}

#[async_trait]
impl OAuth2 for Twitch {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        Ok(Endpoints {
            revoke: Some(address("https://id.twitch.tv/oauth2/revoke")?),
            ..fixed(
                "https://id.twitch.tv/oauth2/authorize",
                "https://id.twitch.tv/oauth2/token",
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
        let token = format!("OAuth {}", credentials.access_token.expose());
        let request = net.get("https://id.twitch.tv/oauth2/validate").secret_header("authorization", token);
        let Validated { client_id } = call::ask(request, credentials, refine).await?;
        let request = signed(net.get(format!("{API}/users")), credentials, &client_id);
        let user = call::ask::<Data<User>>(request, credentials, refine).await?.first()?;
        let identity = Identity {
            remote_id: user.id,
            name: user.display_name,
            profile_url: Some(format!("https://www.twitch.tv/{}", user.login)),
            handle: user.login,
            avatar_url: user.profile_image_url.filter(|picture| !picture.is_empty()),
        };
        Ok(Identified { identity, granted: None, facts: Facts::from_iter([(CLIENT_ID.to_owned(), client_id.into())]) })
    }
}

#[derive(Deserialize)]
struct Said {
    message_id: String,
    is_sent: bool,
    #[serde(default)]
    drop_reason: Option<Dropped>,
}

/// Why a message was not let into the chat.
#[derive(Deserialize)]
struct Dropped {
    code: String,
    message: String,
}

impl Said {
    fn id(self) -> Result<String, Refusal> {
        if self.is_sent {
            return Ok(self.message_id);
        }
        let (code, said) = self.drop_reason.map_or_else(Default::default, |it| (it.code, it.message));
        let message = if said.is_empty() { "the channel's chat did not take the message".to_owned() } else { said };
        let detail = Detail { code: Some(code.clone()), ..Detail::new(crier_net::redact(&message)) };
        Err(match code.as_str() {
            "msg_ratelimit" | "msg_slowmode" => {
                Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
            }
            _ => Refusal::Content(detail).at("/text"),
        })
    }
}

/// The app that the channel's tokens are of.
fn client_id(facts: &Facts) -> Result<&str, Refusal> {
    let lost = || Refusal::Auth(Detail::new("the channel has lost its app; connect it again"));
    facts.get(CLIENT_ID).and_then(Value::as_str).ok_or_else(lost)
}

#[async_trait]
impl Publish for Twitch {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let client_id = client_id(cx.facts)?;
        let words = self.render(&item.body);
        let id = match settings.message_type {
            MessageType::Message => {
                let mut message = json!({ "broadcaster_id": cx.account, "sender_id": cx.account, "message": words });
                if let Some(thread) = &item.thread {
                    message["reply_parent_message_id"] = thread.root.remote_id.as_str().into();
                }
                let request = cx.net.post(format!("{API}/chat/messages")).json(&message);
                let request = signed(request, cx.credentials, client_id);
                let say = || async { call::json::<Data<Said>>(request, cx.credentials, refine).await?.first()?.id() };
                cx.step("say", Once::Ask, say).await?
            }
            // An announcement answers nothing, and has no id that would be told.
            MessageType::Announcement => {
                let announcement = json!({ "message": words, "color": settings.announcement_color });
                let request = cx.net.post(format!("{API}/chat/announcements"));
                let request = request.query(&[("broadcaster_id", cx.account), ("moderator_id", cx.account)]);
                let request = signed(request.json(&announcement), cx.credentials, client_id);
                let announce = || async { call::send(request, cx.credentials, refine).await.map(|_| ()) };
                cx.step("announce", Once::Ask, announce).await?;
                format!("announcement-{}", cx.key())
            }
        };
        let url = format!("https://www.twitch.tv/{}", cx.handle);
        Ok(Sent { remote_id: id, url: Some(url), data: Value::Null })
    }
}
