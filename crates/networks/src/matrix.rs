//! Matrix: rooms of an account on any homeserver.
//!
//! After the client-server API of the specification at <https://spec.matrix.org/v1.19/client-server-api/> (July 2026): discovery, `login`,
//! `refresh`, `account/whoami`, `profile`, `sync`, `user_directory/search`, `media/v3/upload`, sending events, threads. A transaction id makes an event once.
//! What is sent is not encrypted; in encrypted rooms people see a warning beside it.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{Delete, Edit};
use crate::check::PartToCheck;
use crate::choosing::Access;
use crate::connect::{Connect, Credentials, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, MENTIONS, PEOPLE, fitting, typed_name};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::{Detail, Refusal, call, origin, settings, text};
use async_trait::async_trait;
use crier_model::document::{Block, Inline};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Finding, Formatting, Secret, Timestamp, channel::Identity};
use crier_net::{Answer, Client, Request};
use jiff::SignedDuration;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "matrix",
    name: "Matrix",
    color: "#0dbd8b",
    summary: "Rooms on any Matrix homeserver.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

/// The largest event, with what the server adds to what we send.
const EVENT_BYTES: usize = 65_536 - 4_096;
/// In the facts: the largest file that the server takes, in bytes.
const UPLOAD_BYTES: &str = "upload_bytes";
/// What servers take as they come (Synapse).
const UPLOAD_BYTES_USUAL: u64 = 50 * 1024 * 1024;
/// Media may be cleaned up when no event refers to them for long.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(24);
const UPLOAD: Duration = Duration::from_secs(180);
/// A first look at all rooms takes a server long.
const SYNC: Duration = Duration::from_secs(60);
/// In [`Credentials::extra`]: the homeserver, which may differ from the account's domain.
const HOMESERVER: &str = "homeserver";

#[derive(Debug)]
pub struct Matrix;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Room",
        description = "A room that the account is in; its id or its address, like #news:example.org.",
        regex(pattern = r"^[!#]\S+$"),
        extend("x-lookup" = "rooms")
    )]
    room: String,
    #[serde(default)]
    #[schemars(title = "Notice", description = "Marks it as from a bot; apps show it quietly.")]
    notice: bool,
}

impl Network for Matrix {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let mime = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/avif",
            "video/mp4",
            "video/webm",
            "video/quicktime",
            "audio/mpeg",
            "audio/ogg",
            "audio/mp4",
            "audio/wav",
        ];
        let max_bytes = facts.get(UPLOAD_BYTES).and_then(Value::as_u64).unwrap_or(UPLOAD_BYTES_USUAL);
        Rules {
            // An event has it twice, plain and formatted.
            text: TextRules::up_to(25_000, Unit::Byte),
            media: MediaRules::up_to(10, vec![MediaKind::up_to(max_bytes, &mime)], None),
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        let event = |part: &PartToCheck<'_>| json!(words(part.body, "m.text")).to_string().len();
        let too_large = parts.iter().filter(|part| event(part) > EVENT_BYTES);
        let finding = |part: &PartToCheck<'_>| {
            let message = "Matrix takes 61 kB of text with its formatting; this is more.";
            Finding::error(
                format!("{}/text", part.pointer),
                "text.too_long",
                message,
                "Shorten it, or format less of it.",
            )
        };
        too_large.map(finding).collect()
    }

    fn formatting(&self) -> Formatting {
        Formatting::HTML
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }
}

/// The API of one homeserver.
struct Api<'a> {
    net: &'a Client,
    homeserver: &'a str,
    credentials: &'a Credentials,
}

impl<'a> Api<'a> {
    fn of(net: &'a Client, credentials: &'a Credentials) -> Result<Self, Refusal> {
        let lost = || Refusal::Auth(Detail::new("the channel has lost its server; connect it again"));
        let homeserver = credentials.extra.get(HOMESERVER).map(Secret::expose).ok_or_else(lost)?;
        Ok(Self { net, homeserver, credentials })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/_matrix/{path}", self.homeserver)
    }

    async fn send<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        call::judged(request.bearer(self.credentials.access_token.expose()), self.credentials, |answer| judge(&answer))
            .await
    }

    /// [`Api::send`] for a request that only asks, or may be made twice.
    async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refusal> {
        self.send(request).await.map_err(Refusal::harmless)
    }
}

/// One piece of a path.
fn piece(of: &str) -> String {
    utf8_percent_encode(of, NON_ALPHANUMERIC).to_string()
}

fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<T, Refusal> {
    if answer.is_success() {
        return Ok(answer.json()?);
    }
    let refusal = Refusal::from_answer_with_code(answer, "/errcode");
    let code = refusal.detail().code.clone().unwrap_or_default();
    Err(match (code.as_str(), refusal) {
        ("M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN", Refusal::Auth(detail) | Refusal::Content(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
        }
        ("M_USER_DEACTIVATED" | "M_USER_SUSPENDED" | "M_USER_LOCKED", refusal) => {
            Refusal::Auth(refusal.detail().clone().diagnosed(Code::Suspended))
        }
        ("M_LIMIT_EXCEEDED", Refusal::RateLimit { until: None, detail }) => {
            Refusal::RateLimit { until: told(answer), detail }
        }
        ("M_TOO_LARGE", refusal) => refusal.at("/text"),
        ("M_FORBIDDEN" | "M_NOT_FOUND" | "M_INVALID_PARAM", refusal) => refusal.at("/settings/room"),
        (_, refusal) => refusal,
    })
}

/// When to ask again, as servers say it that have no `Retry-After`.
fn told(answer: &Answer) -> Option<Timestamp> {
    let body: Value = answer.json().ok()?;
    let pause = body.get("retry_after_ms")?.as_i64()?;
    answer.received_at().checked_add(SignedDuration::from_millis(pause)).ok()
}

#[derive(Deserialize)]
struct WellKnown {
    #[serde(rename = "m.homeserver")]
    homeserver: BaseUrl,
}

#[derive(Deserialize)]
struct BaseUrl {
    base_url: String,
}

#[derive(Deserialize)]
struct Versions {
    versions: Vec<String>,
}

/// The answer of `login` and `refresh`.
#[derive(Deserialize)]
struct Session {
    access_token: Secret,
    #[serde(default)]
    refresh_token: Option<Secret>,
    #[serde(default)]
    expires_in_ms: Option<i64>,
}

impl Session {
    fn credentials(self, homeserver: &str, now: Timestamp) -> Credentials {
        let life = self.expires_in_ms.map(SignedDuration::from_millis);
        Credentials {
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            expires_at: life.and_then(|life| now.checked_add(life).ok()),
            extra: [(HOMESERVER.to_owned(), Secret::from(homeserver))].into(),
            ..Credentials::default()
        }
    }
}

#[derive(Deserialize)]
struct Whose {
    user_id: String,
}

#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    displayname: Option<String>,
}

#[derive(Deserialize)]
struct MediaConfig {
    #[serde(rename = "m.upload.size", default)]
    upload_size: Option<u64>,
}

#[async_trait]
impl Form for Matrix {
    fn fields(&self) -> Vec<Field> {
        let field = Field::new;
        vec![
            field(
                "server",
                "Homeserver",
                FieldKind::Text,
                true,
                "matrix.org",
                "The server where the account is. Its whole name (@you:matrix.org) does as well.",
            ),
            field("user", "User name", FieldKind::Text, false, "news-bot", "An account of its own for this is best."),
            field("password", "Password", FieldKind::Password, false, "", "It is used once and not kept."),
            field(
                "token",
                "Access token",
                FieldKind::Password,
                false,
                "syt_…",
                "Instead of name and password, where the server signs people in elsewhere.",
            ),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let typed = value("server");
        // An account's name has its server behind the first colon; a port may follow.
        let server = typed.strip_prefix('@').and_then(|account| Some(account.split_once(':')?.1)).unwrap_or(typed);
        let server = origin::normalise(server, "matrix.org").map_err(|message| FormRefusal::Field {
            name: "server",
            message,
            fix: "Enter the homeserver of the account, like matrix.org.".to_owned(),
        })?;
        let homeserver =
            discover(net, &server).await.map_err(|refusal| FormRefusal::FieldRefused { name: "server", refusal })?;
        let credentials = match (value("token"), value("user"), value("password")) {
            ("", "", _) => return Err(missing("user", "the name of the account, or an access token")),
            ("", _, "") => return Err(missing("password", "the password of the account")),
            ("", user, password) => log_in(net, &homeserver, user, password).await?,
            (token, _, _) => {
                let extra = [(HOMESERVER.to_owned(), Secret::from(homeserver.as_str()))].into();
                Credentials { access_token: token.into(), extra, ..Credentials::default() }
            }
        };
        let field = if value("token").is_empty() { "password" } else { "token" };
        let identified = identify(&Api { net, homeserver: &homeserver, credentials: &credentials }).await;
        let identified = identified.map_err(|refusal| match refusal {
            refusal @ Refusal::Auth(_) => FormRefusal::FieldRefused { name: field, refusal },
            refusal => FormRefusal::Refused(refusal),
        })?;
        Ok(SignedIn { instance: Some(homeserver), credentials, identified })
    }

    async fn refresh(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Option<Credentials>, Refusal> {
        let Some(token) = &credentials.refresh_token else { return Ok(None) };
        let api = Api::of(net, credentials)?;
        let request = net.post(api.url("client/v3/refresh")).json(&json!({ "refresh_token": token.expose() }));
        let session = call::judged(request, credentials, |answer| judge::<Session>(&answer)).await;
        let session = session.map_err(|refusal| match refusal {
            // Said of a token that was used before.
            Refusal::Content(detail) if detail.code.as_deref() == Some("M_FORBIDDEN") => {
                Refusal::Auth(Detail { pointer: None, ..detail.diagnosed(Code::CredentialsWrong) })
            }
            other => other,
        })?;
        Ok(Some(session.credentials(api.homeserver, Timestamp::now())))
    }
}

fn missing(name: &'static str, what: &str) -> FormRefusal {
    let message = "This is needed to sign in.".to_owned();
    FormRefusal::Field { name, message, fix: format!("Enter {what}.") }
}

/// The homeserver's own address, which may differ from the one that accounts end in.
async fn discover(net: &Client, server: &str) -> Result<String, Refusal> {
    let nobody = Credentials::default();
    let request = net.get(format!("{server}/.well-known/matrix/client"));
    let named = call::judged(request, &nobody, |answer| judge::<WellKnown>(&answer)).await.map_err(Refusal::harmless);
    let homeserver = match named {
        Ok(named) => named.homeserver.base_url.trim_end_matches('/').to_owned(),
        // Most servers have nothing there, or a page.
        Err(refusal) if refusal.detail().status.is_some() => server.to_owned(),
        Err(refusal) => return Err(refusal),
    };
    let request = net.get(format!("{homeserver}/_matrix/client/versions"));
    match call::judged(request, &nobody, |answer| judge::<Versions>(&answer)).await.map_err(Refusal::harmless) {
        Ok(told) if !told.versions.is_empty() => Ok(homeserver),
        Err(refusal) if refusal.detail().status.is_none_or(|status| status >= 500 || status == 429) => Err(refusal),
        _ => {
            let said = format!("{server} does not answer like a Matrix homeserver");
            Err(Refusal::Content(Detail::new(said).diagnosed(Code::InstanceNotCompatible)))
        }
    }
}

async fn log_in(net: &Client, homeserver: &str, user: &str, password: &str) -> Result<Credentials, FormRefusal> {
    let typed = Credentials { access_token: password.into(), ..Credentials::default() };
    let request = net.post(format!("{homeserver}/_matrix/client/v3/login")).json(&json!({
        "type": "m.login.password",
        "identifier": { "type": "m.id.user", "user": user },
        "password": password,
        "initial_device_display_name": "Crier",
        "refresh_token": true,
    }));
    let session = call::judged(request, &typed, |answer| judge::<Session>(&answer)).await.map_err(Refusal::harmless);
    let session = session.map_err(|refusal| match (refusal.detail().code.clone().as_deref(), refusal) {
        (Some("M_FORBIDDEN"), Refusal::Content(detail)) => {
            let detail = Detail { pointer: None, ..detail.diagnosed(Code::CredentialsWrong) };
            FormRefusal::FieldRefused { name: "password", refusal: Refusal::Auth(detail) }
        }
        // The server signs people in on a page of its own.
        (Some("M_UNKNOWN" | "M_UNRECOGNIZED"), Refusal::Content(detail)) => {
            let said = "this server does not sign in with a password here; use an access token";
            let detail = Detail { message: said.to_owned(), ..detail.diagnosed(Code::CredentialsWrong) };
            FormRefusal::FieldRefused { name: "token", refusal: Refusal::Auth(detail) }
        }
        (_, refusal) => FormRefusal::Refused(refusal),
    })?;
    Ok(session.credentials(homeserver, Timestamp::now()))
}

async fn identify(api: &Api<'_>) -> Result<Identified, Refusal> {
    let whose: Whose = api.ask(api.net.get(api.url("client/v3/account/whoami"))).await?;
    let profile = api.ask::<Profile>(api.net.get(api.url(&format!("client/v3/profile/{}", piece(&whose.user_id)))));
    let name = match profile.await {
        Ok(profile) => profile.displayname.filter(|name| !name.trim().is_empty()),
        Err(refusal) if refusal.detail().status.is_some_and(|status| matches!(status, 403 | 404)) => None,
        Err(refusal) => return Err(refusal),
    };
    let config = api.ask::<MediaConfig>(api.net.get(api.url("client/v1/media/config"))).await;
    let upload_bytes = match config {
        Ok(config) => config.upload_size,
        // Servers before 1.11 have it elsewhere; what they take as they come is known.
        Err(refusal) if refusal.detail().status == Some(404) => None,
        Err(refusal) => return Err(refusal),
    };
    let mut facts = Facts::new();
    facts.extend(upload_bytes.map(|bytes| (UPLOAD_BYTES.to_owned(), bytes.into())));
    let identity = Identity {
        name: name.unwrap_or_else(|| whose.user_id.clone()),
        handle: whose.user_id.clone(),
        profile_url: Some(format!("https://matrix.to/#/{}", whose.user_id)),
        remote_id: whose.user_id,
        // Pictures are shown to those who are signed in.
        avatar_url: None,
    };
    Ok(Identified { identity, granted: None, facts })
}

#[derive(Deserialize)]
struct Uploaded {
    content_uri: String,
}

#[derive(Serialize, Deserialize)]
struct Event {
    event_id: String,
}

#[derive(Deserialize)]
struct Alias {
    room_id: String,
}

#[async_trait]
impl Publish for Matrix {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, &Api::of(cx.net, cx.credentials)?, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let api = Api::of(cx.net, cx.credentials)?;
        let files = uploads(cx, &api, item).await?;
        let room = room(&api, &settings.room).await?;
        let mut first: Option<String> = None;
        let mut made = Vec::new();
        for (index, mut content) in events(item, &settings, &files).into_iter().enumerate() {
            if let Some(thread) = &item.thread {
                let parent = first.as_ref().unwrap_or(&thread.parent.remote_id);
                content["m.relates_to"] = json!({
                    "rel_type": "m.thread",
                    "event_id": thread.root.remote_id,
                    // For apps that don't know threads.
                    "is_falling_back": true,
                    "m.in_reply_to": { "event_id": parent },
                });
            }
            let key = format!("{}-{index}", cx.key());
            let path = format!("client/v3/rooms/{}/send/m.room.message/{}", piece(&room), piece(&key));
            let send = || api.send::<Event>(api.net.put(api.url(&path)).json(&content));
            let event = cx.step(&format!("send {index}"), Once::Key(key), send).await?;
            made.push(event.event_id.clone());
            first.get_or_insert(event.event_id);
        }
        let nothing = || Refusal::Content(Detail::new("there is nothing to send")).at("/text");
        let id = first.ok_or_else(nothing)?;
        let url = format!("https://matrix.to/#/{}/{}", piece(&room), piece(&id));
        Ok(Sent { remote_id: id, url: Some(url), data: json!({ ROOM: room, EVENTS: made }) })
    }
}

/// What is kept of a part beside its first event: the room, and all its events.
const ROOM: &str = "room";
const EVENTS: &str = "events";

/// The id of a room that is known by its id or its address.
async fn room(api: &Api<'_>, named: &str) -> Result<String, Refusal> {
    if named.starts_with('!') {
        return Ok(named.to_owned());
    }
    let request = api.net.get(api.url(&format!("client/v3/directory/room/{}", piece(named))));
    Ok(api.ask::<Alias>(request).await?.room_id)
}

async fn uploads(cx: &Cx<'_>, api: &Api<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, api, media)).await
}

async fn upload(cx: &Cx<'_>, api: &Api<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let request = api.net.post(api.url("media/v3/upload")).query(&[("filename", &media.name)]);
    let request = request.body(cx.body(media).await?, &media.mime).timeout(media.upload_time(UPLOAD));
    Ok(api.ask::<Uploaded>(request).await?.content_uri)
}

/// The events that a part becomes: one for its words and one for each file, or a single file with the words as its caption.
fn events(item: &Item, settings: &Settings, files: &[String]) -> Vec<Value> {
    let kind = if settings.notice { "m.notice" } else { "m.text" };
    let words = words(&item.body, kind);
    let has_words = !item.body.is_empty();
    let file = |(media, address): (&MediaItem, &String)| {
        let mut info = json!({ "mimetype": media.mime, "size": media.size });
        if media.width > 0 && media.height > 0 {
            info["w"] = media.width.into();
            info["h"] = media.height.into();
        }
        let kind = match media.mime.split('/').next() {
            Some("video") => "m.video",
            Some("audio") => "m.audio",
            _ => "m.image",
        };
        json!({ "msgtype": kind, "url": address, "info": info, "filename": media.name, "body": media.name, "m.mentions": {} })
    };
    let mut files: Vec<Value> = item.media.iter().zip(files).map(file).collect();
    match (files.as_mut_slice(), words) {
        ([file], Value::Object(words)) if has_words => {
            let caption = words.into_iter().filter(|(name, _)| name != "msgtype");
            caption.for_each(|(name, value)| file[name] = value);
            files
        }
        (_, words) if has_words => [words].into_iter().chain(files).collect(),
        _ => files,
    }
}

/// A message of words: plain, formatted where that says more, and with whom it mentions.
fn words(body: &Document, kind: &str) -> Value {
    let plain = body.to_plain();
    let mut content = json!({ "msgtype": kind, "body": plain, "m.mentions": {} });
    let mut body = body.clone();
    link_mentions(&mut body);
    if !body.is_plain() {
        content["format"] = "org.matrix.custom.html".into();
        content["formatted_body"] = text::html::write(&body).into();
    }
    let mentioned = mentioned(&plain);
    if !mentioned.is_empty() {
        content["m.mentions"] = json!({ "user_ids": mentioned });
    }
    content
}

/// Accounts in a text, by their whole names.
fn mentioned(text: &str) -> Vec<&str> {
    let is_end = |c: char| c.is_whitespace() || "()<>[]“”\",;!?".contains(c);
    let words = text.split(is_end).map(|word| word.trim_end_matches(['.', ':']));
    let mut found: Vec<&str> = words.filter(|word| is_account(word)).collect();
    found.dedup();
    found
}

/// Whether it is a name like `@ada:example.org`.
fn is_account(word: &str) -> bool {
    let parts = word.strip_prefix('@').and_then(|rest| rest.split_once(':'));
    parts.is_some_and(|(user, server)| !user.is_empty() && (server.contains('.') || server.starts_with("localhost")))
}

/// Mentions become the links by which apps know them.
fn link_mentions(body: &mut Document) {
    let link = |line: &mut Vec<Inline>| {
        for inline in line {
            if let Inline::Mention { handle } = inline {
                let name = format!("@{handle}");
                *inline = if is_account(&name) {
                    Inline::Link { href: format!("https://matrix.to/#/{name}"), text: name }
                } else {
                    Inline::Text { text: name, marks: Vec::new() }
                };
            }
        }
    };
    for block in &mut body.blocks {
        match block {
            Block::Paragraph { content } | Block::Heading { content, .. } | Block::Quote { content } => link(content),
            Block::List { items, .. } => items.iter_mut().for_each(link),
            Block::Code { .. } => {}
        }
    }
}

#[derive(Deserialize)]
struct Sync {
    #[serde(default)]
    rooms: Rooms,
}

#[derive(Default, Deserialize)]
struct Rooms {
    #[serde(default)]
    join: BTreeMap<String, Room>,
}

#[derive(Deserialize)]
struct Room {
    #[serde(default)]
    state: Events,
    #[serde(default)]
    timeline: Events,
}

#[derive(Default, Deserialize)]
struct Events {
    #[serde(default)]
    events: Vec<StateEvent>,
}

#[derive(Deserialize)]
struct StateEvent {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content: Value,
}

impl Room {
    fn says(&self, kind: &str, name: &str) -> Option<&str> {
        let mut events = self.timeline.events.iter().rev().chain(self.state.events.iter().rev());
        let event = events.find(|event| event.kind == kind)?;
        event.content.get(name)?.as_str().filter(|text| !text.trim().is_empty())
    }

    fn is_encrypted(&self) -> bool {
        self.says("m.room.encryption", "algorithm").is_some()
    }
}

#[derive(Deserialize)]
struct People {
    results: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    user_id: String,
    #[serde(default)]
    display_name: Option<String>,
}

#[async_trait]
impl Lookup for Matrix {
    fn names(&self) -> &'static [&'static str] {
        &["rooms", MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let api = Api::of(access.net, access.credentials)?;
        if name == MENTIONS { people(&api, query).await } else { rooms(&api, query).await }
    }
}

/// The rooms that the account is in, and of each only what it is called.
async fn rooms(api: &Api<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let kinds = ["m.room.name", "m.room.canonical_alias", "m.room.encryption"];
    let none = json!({ "types": [] });
    let filter = json!({
        "presence": none,
        "account_data": none,
        "room": { "state": { "types": kinds }, "timeline": { "types": kinds }, "ephemeral": none, "account_data": none },
    });
    let request = api.net.get(api.url("client/v3/sync")).timeout(SYNC);
    let request = request.query(&[("filter", filter.to_string().as_str()), ("timeout", "0")]);
    let found: Sync = api.ask(request).await?;
    let item = |(id, room): (String, Room)| {
        let alias = room.says("m.room.canonical_alias", "alias");
        let name = room.says("m.room.name", "name").or(alias).unwrap_or(&id).to_owned();
        let detail = if room.is_encrypted() { "Encrypted" } else { alias.unwrap_or_default() };
        LookupItem { name, detail: detail.to_owned(), id }
    };
    let mut items: Vec<_> = found.rooms.join.into_iter().map(item).collect();
    items.sort_by_key(|item| item.name.to_lowercase());
    Ok(fitting(items.into_iter(), query))
}

/// Those the account's server knows, and whose names are mentions where they stand in a text.
async fn people(api: &Api<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let Some(wanted) = typed_name(query) else { return Ok(Vec::new()) };
    let asked = json!({ "search_term": wanted, "limit": PEOPLE });
    let found: People = api.ask(api.net.post(api.url("client/v3/user_directory/search")).json(&asked)).await?;
    let item = |it: Person| LookupItem::person(it.user_id.clone(), it.display_name, it.user_id);
    Ok(found.results.into_iter().filter(|it| is_account(&it.user_id)).map(item).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_found_in_a_text() {
        let text = "Hi @ada:example.org, (@bob:matrix.example.org) and @ada; mail a@b.c: @carl:localhost:8008.";
        assert_eq!(mentioned(text), ["@ada:example.org", "@bob:matrix.example.org", "@carl:localhost:8008"]);
    }

    #[test]
    fn plain_words_are_not_sent_twice() {
        let plain = words(&Document::from_plain("One\ntwo\n\nthree"), "m.text");
        assert_eq!(plain, json!({ "msgtype": "m.text", "body": "One\ntwo\n\nthree", "m.mentions": {} }));
        let marked = words(&text::html::read("<p>a <b>b</b></p>"), "m.notice");
        assert_eq!(marked["formatted_body"], "<p>a <strong>b</strong></p>");
        assert_eq!(marked["body"], "a b");
    }
}
