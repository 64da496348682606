//! Telegram: a bot of one's own posts in the channels and groups that let it.
//!
//! After the Bot API at <https://core.telegram.org/bots/api> (version 10.1, June 2026). Nothing tells afterwards whether a
//! message was sent: bots can't read what they have written, and the API knows no key.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit};
use crate::connect::{Client2, Connect, Dialog, Facts, Heard, Identified, Introduction, SaidCode};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent, upload_time};
use crate::{Credentials, Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::document::{Block, Document, Inline, Mark};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Formatting, Secret, channel::Identity};
use crier_net::{Answer, Client, Multipart, Request};
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "telegram",
    name: "Telegram",
    color: "#229ed9",
    summary: "Channels and groups, by a bot of your own.",
    works_at_once: false,
    console: Some("https://t.me/BotFather"),
    deadline_s: 300,
};

const API: &str = "https://api.telegram.org";
/// In [`Credentials::extra`]: the id of the chat, and of the message by which the bot was told the code there.
const CHAT: &str = "chat";
const TOLD_BY: &str = "told_by";
/// Beside the time that a request may wait.
const MARGIN: Duration = Duration::from_secs(10);
const UPLOAD: Duration = Duration::from_secs(240);
/// Of a photo: the most that its sides may be together.
const SIDES: u32 = 10_000;

#[derive(Debug)]
pub struct Telegram;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
struct Settings {
    #[schemars(title = "Silent", description = "Members get a notification without a sound.")]
    disable_notification: bool,
    #[schemars(title = "Protected", description = "The post can't be forwarded or saved.")]
    protect_content: bool,
    #[schemars(title = "No link preview", description = "A link in the text gets no picture below it.")]
    disable_link_preview: bool,
    #[schemars(title = "Spoiler", description = "Pictures and videos are covered until they are tapped.")]
    has_spoiler: bool,
}

impl Network for Telegram {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Dialog(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let photos = MediaKind::up_to(10_000_000, &["image/jpeg", "image/png", "image/webp"]);
        let kinds = vec![
            MediaKind { max_ratio: Some(20), max_sides: Some(SIDES), ..photos },
            MediaKind::up_to(50_000_000, &["video/mp4"]).films(0, 0, &["h264", "hevc", "aac", "mp3"]),
            MediaKind::up_to(50_000_000, &["image/gif"]),
        ];
        Rules {
            text: TextRules { max_with_media: Some(1024), ..TextRules::up_to(4096, Unit::Utf16) },
            // A moving picture can't be in an album.
            media: MediaRules { alone: vec!["image/gif".to_owned()], ..MediaRules::up_to(10, kinds, None) },
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        Formatting { marks: Formatting::HTML.marks, links: true, quotes: true, code: true, ..Formatting::PLAIN }
    }

    fn render(&self, body: &Document) -> String {
        write(body, false)
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

fn is_photo(mime: &str) -> bool {
    mime.starts_with("image/") && mime != "image/gif"
}

/// The text as Telegram's HTML, or its words alone, which are what Telegram counts.
fn write(body: &Document, with_tags: bool) -> String {
    let tag = |name: &str, inner: String| if with_tags { format!("<{name}>{inner}</{name}>") } else { inner };
    let words = |text: &str| if with_tags { escape(text) } else { text.to_owned() };
    let inline = |inline: &Inline| match inline {
        Inline::Text { text, marks } => marks.iter().rev().fold(words(text), |inner, mark| match mark {
            Mark::Bold => tag("b", inner),
            Mark::Italic => tag("i", inner),
            Mark::Underline => tag("u", inner),
            Mark::Strike => tag("s", inner),
            Mark::Code => tag("code", inner),
        }),
        Inline::Link { href, text } if text.is_empty() || text == href => words(href),
        Inline::Link { href, text } if with_tags => format!("<a href=\"{}\">{}</a>", escape(href), escape(text)),
        Inline::Link { text, .. } => text.clone(),
        Inline::Mention { handle } => words(&format!("@{handle}")),
        Inline::Break => "\n".to_owned(),
    };
    let line = |content: &[Inline]| content.iter().map(inline).collect::<String>();
    let block = |block: &Block| match block {
        Block::Paragraph { content } => line(content),
        Block::Heading { content, .. } => tag("b", line(content)),
        Block::Quote { content } => tag("blockquote", line(content)),
        Block::Code { text } => tag("pre", words(text)),
        Block::List { ordered, items } => {
            let mark = |i: usize| if *ordered { format!("{}. ", i + 1) } else { "• ".to_owned() };
            let items = items.iter().enumerate().map(|(i, item)| mark(i) + &line(item));
            items.collect::<Vec<_>>().join("\n")
        }
    };
    body.blocks.iter().map(block).collect::<Vec<_>>().join("\n\n")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
struct Update {
    update_id: i64,
    #[serde(default, alias = "channel_post")]
    message: Option<Message>,
}

#[derive(Serialize, Deserialize)]
struct Message {
    message_id: i64,
    chat: Chat,
    #[serde(default, skip_serializing)]
    text: Option<String>,
    /// Of the first of an album: the ids of all its messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    album: Vec<i64>,
}

/// What is kept of an album beside its first message.
const ALBUM: &str = "album";

#[derive(Serialize, Deserialize)]
struct Chat {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
    /// Of groups and channels.
    #[serde(default)]
    title: Option<String>,
    /// Of people.
    #[serde(default, skip_serializing)]
    first_name: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default, skip_serializing)]
    photo: Option<IgnoredAny>,
}

/// What the bot is in a chat.
#[derive(Deserialize)]
struct Membership {
    status: String,
    /// Told of administrators of channels alone.
    #[serde(default)]
    can_post_messages: Option<bool>,
    /// Told of restricted members alone.
    #[serde(default)]
    can_send_messages: Option<bool>,
}

impl Membership {
    fn may_post(&self, kind: &str) -> bool {
        match (self.status.as_str(), kind) {
            ("creator", _) => true,
            ("administrator", "channel") => self.can_post_messages == Some(true),
            ("administrator" | "member", _) => kind != "channel",
            ("restricted", _) => self.can_send_messages == Some(true),
            _ => false,
        }
    }
}

impl Message {
    /// Where those see it who may: public chats by their name, others by their number.
    fn url(&self) -> Option<String> {
        let id = self.message_id;
        match &self.chat.username {
            Some(name) => Some(format!("https://t.me/{name}/{id}")),
            None => {
                let number = self.chat.id.to_string();
                number.strip_prefix("-100").map(|number| format!("https://t.me/c/{number}/{id}"))
            }
        }
    }
}

impl From<Message> for Sent {
    fn from(message: Message) -> Self {
        let data = if message.album.is_empty() { Value::Null } else { json!({ ALBUM: message.album }) };
        Self { url: message.url(), remote_id: message.message_id.to_string(), data }
    }
}

#[async_trait]
impl Dialog for Telegram {
    fn token_example(&self) -> Option<&'static str> {
        Some("123456789:AAE…")
    }

    async fn introduce(&self, net: &Client, bot: &Client2) -> Result<Introduction, Refusal> {
        let hides = of_bot(bot);
        let User { username } = ask(net.get(at(&hides, "getMe")?), &hides).await?;
        Ok(Introduction {
            bot: format!("@{username}"),
            link: format!("https://t.me/{username}").parse().ok(),
            steps: vec![
                "Open your channel or group in Telegram.".to_owned(),
                format!("Add @{username} there. In a channel, as an administrator who may post messages."),
            ],
            // With its name in it, a bot hears the command in groups whatever its privacy mode.
            message: format!("/connect@{username} {{code}}"),
        })
    }

    async fn listen(&self, net: &Client, bot: &Client2, since: Option<&str>, wait: Duration) -> Result<Heard, Refusal> {
        let hides = of_bot(bot);
        let mut query = vec![
            ("timeout", wait.as_secs().to_string()),
            ("allowed_updates", r#"["message","channel_post"]"#.to_owned()),
        ];
        query.extend(since.map(|offset| ("offset", offset.to_owned())));
        let request = net.get(at(&hides, "getUpdates")?).query(&query).timeout(wait + MARGIN);
        let updates: Vec<Update> = ask(request, &hides).await?;
        let since = updates.last().map(|update| (update.update_id + 1).to_string());
        let codes = updates.into_iter().filter_map(|update| said_code(&update.message?)).collect();
        Ok(Heard { codes, since })
    }

    async fn identify(&self, net: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
        let id = chat_of(credentials)?;
        let request = net.get(at(credentials, "getChat")?).query(&[("chat_id", id)]);
        let chat: Chat = ask(request, credentials).await?;
        let bot = bot_token(credentials)?.split(':').next().unwrap_or_default();
        let request = net.get(at(credentials, "getChatMember")?).query(&[("chat_id", id), ("user_id", bot)]);
        let membership: Membership = ask(request, credentials).await?;
        if !membership.may_post(&chat.kind) {
            let said = "the bot may not post there; make it an administrator who may post messages";
            return Err(Refusal::Auth(Detail::new(said).diagnosed(Code::ConsentScopeMissing)));
        }
        let name = chat.title.or(chat.first_name).unwrap_or_else(|| ABOUT.name.to_owned());
        let identity = Identity {
            remote_id: chat.id.to_string(),
            // Those that aren't public are known by their name alone.
            handle: chat.username.clone().unwrap_or_else(|| name.clone()),
            profile_url: chat.username.as_ref().map(|name| format!("https://t.me/{name}")),
            // The API gives pictures only at addresses that hold the bot's token.
            avatar_url: chat
                .username
                .filter(|_| chat.photo.is_some())
                .map(|name| format!("https://t.me/i/userpic/320/{name}.jpg")),
            name,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }

    async fn greet(&self, net: &Client, credentials: &Credentials, words: &str) -> Result<(), Refusal> {
        let chat = chat_of(credentials)?;
        if let Some(told_by) = credentials.extra.get(TOLD_BY) {
            // The code is used up. That it stays where everybody sees it is untidy, and no reason to fail.
            let command = json!({ "chat_id": chat, "message_id": told_by.expose() });
            let request = net.post(at(credentials, "deleteMessage")?).json(&command);
            if let Err(refusal) = ask::<bool>(request, credentials).await {
                tracing::debug!(%refusal, "the message with the code stays in the chat");
            }
        }
        let message = json!({ "chat_id": chat, "text": words, "disable_notification": true });
        let request = net.post(at(credentials, "sendMessage")?).json(&message);
        ask::<IgnoredAny>(request, credentials).await.map(drop)
    }
}

/// The code of `/connect@bot CODE`, with what speaks for the chat.
fn said_code(message: &Message) -> Option<SaidCode> {
    let (command, code) = message.text.as_deref()?.trim().split_once(char::is_whitespace)?;
    let is_command = command == "/connect" || command.starts_with("/connect@");
    let extra = [(CHAT, message.chat.id), (TOLD_BY, message.message_id)];
    let extra = extra.map(|(name, id)| (name.to_owned(), Secret::new(id.to_string()))).into();
    is_command.then(|| SaidCode {
        code: Secret::new(code.trim()),
        credentials: Credentials { extra, ..Credentials::default() },
    })
}

fn of_bot(bot: &Client2) -> Credentials {
    Credentials { app: Some(bot.clone()), ..Credentials::default() }
}

fn bot_token(credentials: &Credentials) -> Result<&str, Refusal> {
    let token = credentials.app.as_ref().and_then(|bot| bot.client_secret.as_ref());
    let lacks = || Refusal::Auth(Detail::new("the bot is missing").diagnosed(Code::ClientNotConfigured));
    token.map(Secret::expose).ok_or_else(lacks)
}

fn chat_of(credentials: &Credentials) -> Result<&str, Refusal> {
    let lacks = || Refusal::Auth(Detail::new("the channel has lost its chat; connect it again"));
    credentials.extra.get(CHAT).map(Secret::expose).ok_or_else(lacks)
}

/// The address of a method. It holds the bot's token.
fn at(credentials: &Credentials, method: &str) -> Result<String, Refusal> {
    Ok(format!("{API}/bot{}/{method}", bot_token(credentials)?))
}

/// What every answer is.
#[derive(Deserialize)]
struct Envelope<T> {
    result: Option<T>,
    description: Option<String>,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    /// A group that has become a supergroup has another id from then on.
    migrate_to_chat_id: Option<i64>,
}

enum Said<T> {
    Done(T),
    Moved(i64),
}

async fn say<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<Said<T>, Refusal> {
    call::judged(request, credentials, |answer| judge(&answer)).await
}

/// [`say`] for a request that only asks, or may be made twice.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    match say(request, credentials).await.map_err(Refusal::harmless)? {
        Said::Done(result) => Ok(result),
        Said::Moved(_) => Err(Refusal::Auth(Detail::new("the group has become a supergroup; connect it again"))),
    }
}

fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<Said<T>, Refusal> {
    if answer.is_success() {
        let envelope: Envelope<T> = answer.json()?;
        let lacks = || Refusal::Unknown(Detail::new("the answer has no result"));
        return envelope.result.map(Said::Done).ok_or_else(lacks);
    }
    let refusal = Refusal::from_answer(answer);
    let Ok(envelope) = answer.json::<Envelope<IgnoredAny>>() else { return Err(refusal) };
    if let Some(id) = envelope.parameters.migrate_to_chat_id {
        return Ok(Said::Moved(id));
    }
    let description = envelope.description.unwrap_or_default();
    Err(refine(refusal.map(|detail| Detail { message: crier_net::redact(&description), ..detail })))
}

/// Telegram's errors are sentences; those that matter are told by their words.
fn refine(refusal: Refusal) -> Refusal {
    let (status, said) = (refusal.detail().status, refusal.detail().message.to_lowercase());
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match (status, refusal) {
        (Some(401 | 404), Refusal::Auth(detail) | Refusal::Content(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::ClientSecretWrong))
        }
        (Some(409), Refusal::Content(detail)) => Refusal::Temporary(detail.diagnosed(Code::BotHeardElsewhere)),
        (Some(403), Refusal::Content(detail)) => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        (Some(413), refusal) => refusal.at("/media"),
        (_, Refusal::Content(detail))
            if speaks_of(&["chat not found", "administrator rights", "not enough rights", "chat_write_forbidden"]) =>
        {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        (_, refusal) if speaks_of(&["caption", "message is too long", "text is empty", "parse entities"]) => {
            refusal.at("/text")
        }
        (_, refusal) if speaks_of(&["photo", "video", "file", "media"]) => refusal.at("/media"),
        (_, refusal) => refusal,
    }
}

#[async_trait]
impl Publish for Telegram {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let send = async |chat: &str| {
            let fields = fields(item, chat)?;
            let method = method(&item.media);
            let request = cx.net.post(at(cx.credentials, method)?);
            let request = if item.media.is_empty() {
                request.json(&fields)
            } else {
                let mut form = fields.iter().fold(Multipart::new(), |form, (name, value)| match value {
                    Value::String(text) => form.text(name, text),
                    other => form.text(name, other.to_string()),
                });
                for (index, media) in item.media.iter().enumerate() {
                    form = form.part(&field(index), &media.name, &media.mime, cx.body(media).await?);
                }
                request.multipart(form).timeout(upload_time(UPLOAD, item.bytes()))
            };
            say::<OneOrMany>(request, cx.credentials).await
        };
        let create = || async {
            let said = match send(cx.account).await? {
                // It was not sent where the group no longer is.
                Said::Moved(chat) => send(&chat.to_string()).await?,
                done @ Said::Done(_) => done,
            };
            match said {
                Said::Done(messages) => messages.first(),
                Said::Moved(_) => Err(Refusal::Auth(Detail::new("the group has moved more than once"))),
            }
        };
        Ok(cx.step("send", Once::Ask, create).await?.into())
    }
}

/// An album answers with a message for each file.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Message),
    Many(Vec<Message>),
}

impl OneOrMany {
    fn first(self) -> Result<Message, Refusal> {
        let first = match self {
            Self::One(message) => Some(message),
            Self::Many(messages) => {
                let album = messages.iter().map(|message| message.message_id).collect();
                messages.into_iter().next().map(|first| Message { album, ..first })
            }
        };
        first.ok_or_else(|| Refusal::Unknown(Detail::new("the album came back empty")))
    }
}

fn method(media: &[MediaItem]) -> &'static str {
    match media {
        [] => "sendMessage",
        [one] => match one.mime.as_str() {
            "image/gif" => "sendAnimation",
            mime if is_photo(mime) => "sendPhoto",
            _ => "sendVideo",
        },
        _ => "sendMediaGroup",
    }
}

/// What a file is called in the form.
fn field(index: usize) -> String {
    format!("file{index}")
}

fn fields(item: &Item, chat: &str) -> Result<Map<String, Value>, Refusal> {
    let settings: Settings = settings::read(&item.settings)?;
    let text = write(&item.body, true);
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("chat_id", chat.into());
    let words = |of: &str| match text.is_empty() {
        true => Map::new(),
        false => Map::from_iter([(of.to_owned(), json!(text)), ("parse_mode".to_owned(), json!("HTML"))]),
    };
    let attached = |index| format!("attach://{}", field(index));
    match item.media.as_slice() {
        [] => {
            set("text", text.as_str().into());
            set("parse_mode", "HTML".into());
            if settings.disable_link_preview {
                set("link_preview_options", json!({ "is_disabled": true }));
            }
        }
        [one] => {
            let kind = match one.mime.as_str() {
                "image/gif" => "animation",
                mime if is_photo(mime) => "photo",
                _ => "video",
            };
            set(kind, attached(0).into());
            for (name, value) in words("caption") {
                set(&name, value);
            }
            if settings.has_spoiler {
                set("has_spoiler", true.into());
            }
        }
        many => {
            let media = many.iter().enumerate().map(|(index, media)| {
                // An album has the caption of its first file.
                let mut entry = if index == 0 { words("caption") } else { Map::new() };
                let kind = if is_photo(&media.mime) { "photo" } else { "video" };
                entry.insert("type".to_owned(), kind.into());
                entry.insert("media".to_owned(), attached(index).into());
                if settings.has_spoiler {
                    entry.insert("has_spoiler".to_owned(), true.into());
                }
                entry
            });
            set("media", media.collect::<Vec<_>>().into());
        }
    }
    if settings.disable_notification {
        set("disable_notification", true.into());
    }
    if settings.protect_content {
        set("protect_content", true.into());
    }
    if let Some(thread) = &item.thread {
        let parent = thread.parent.remote_id.parse::<i64>();
        let parent = parent.map_err(|_| Refusal::Content(Detail::new("the part before has no message to answer")))?;
        set("reply_parameters", json!({ "message_id": parent }));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn text_is_written_in_telegrams_html_and_counted_without_it() {
        let html = "<h1>A &lt; B</h1><p><strong>bold <em>both</em></strong> <a href=\"https://example.org/?a=1&amp;b\">here</a><br>\
                    <s>no</s></p><ul><li>one</li><li>two</li></ul><blockquote>q</blockquote><pre>x &amp; y</pre>";
        let body = text::html::read(html);
        assert_eq!(
            write(&body, true),
            "<b>A &lt; B</b>\n\n<b>bold </b><b><i>both</i></b> <a href=\"https://example.org/?a=1&amp;b\">here</a>\n\
             <s>no</s>\n\n• one\n• two\n\n<blockquote>q</blockquote>\n\n<pre>x &amp; y</pre>"
        );
        assert_eq!(Telegram.render(&body), "A < B\n\nbold both here\nno\n\n• one\n• two\n\nq\n\nx & y");
    }

    #[test]
    fn a_code_is_heard_with_and_without_the_bots_name() {
        let message = |text: &str| Message {
            message_id: 7,
            text: Some(text.to_owned()),
            album: Vec::new(),
            chat: Chat {
                id: -1001,
                kind: "channel".into(),
                title: None,
                first_name: None,
                username: None,
                photo: None,
            },
        };
        for text in ["/connect abc", "/connect@crier_bot abc", " /connect@crier_bot   abc\n"] {
            let said = said_code(&message(text)).unwrap();
            assert_eq!(said.code.expose(), "abc", "{text}");
            assert_eq!(said.credentials.extra[CHAT].expose(), "-1001");
        }
        for text in ["/connect", "connect abc", "/connected abc", "hello"] {
            assert!(said_code(&message(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_post_is_linked_where_it_can_be_seen() {
        let message = |id, username: Option<&str>| Message {
            message_id: 5,
            text: None,
            album: Vec::new(),
            chat: Chat {
                id,
                kind: "channel".into(),
                title: None,
                first_name: None,
                username: username.map(str::to_owned),
                photo: None,
            },
        };
        assert_eq!(message(-1_001_234, Some("news")).url().as_deref(), Some("https://t.me/news/5"));
        assert_eq!(message(-1_001_234, None).url().as_deref(), Some("https://t.me/c/1234/5"));
        assert_eq!(message(-42, None).url(), None);
    }
}
