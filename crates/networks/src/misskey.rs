//! Misskey, on any server, and its forks (Sharkey, CherryPick, …): notes, signed in to by MiAuth or by an access token.
//!
//! After the API documentation at <https://misskey-hub.net/docs/for-developers/api/> (May 2026): `meta`, `i`, `drive/files/create`,
//! `notes/create`, `users/notes`; MiAuth after <https://misskey-hub.net/docs/for-developers/api/token/miauth/> (May 2026). The token goes with the body, as every version and fork takes it. Misskey knows no key; notes are found
//! again by their text.

mod afterwards;
mod mentions;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, PostMetrics};
use crate::connect::{
    Answered, Client2, ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Field, FieldKind, Form,
    FormRefusal, Identified, InstanceField, OAuth2, Scope, SignedIn, Way, address, fixed, typed,
};
use crate::lookup::Lookup;
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::text::markdown::outside_spaces;
use crate::{Detail, Refusal, call, origin, settings};
use async_trait::async_trait;
use crier_model::document::{Block, Inline, Mark};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Formatting, channel::Identity};
use crier_net::{Client, Multipart};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "misskey",
    name: "Misskey",
    color: "#86b300",
    summary: "Misskey on any server, and its forks.",
    works_at_once: true,
    console: None,
    deadline_s: 300,
};

/// In the facts: the longest note, and the largest file in bytes.
const MAX_CHARS: &str = "max_chars";
const MAX_BYTES: &str = "max_bytes";
/// As Misskey comes.
const USUAL_CHARS: u64 = 3000;
const USUAL_BYTES: u64 = 10 * 1024 * 1024;
const SCOPES: &[Scope] = &[
    Scope { id: "read:account", why: "to know which account this is", required: true },
    Scope { id: "write:notes", why: "to publish your notes, and to delete them", required: true },
    Scope { id: "write:drive", why: "to upload pictures and videos", required: true },
];
/// Files stay in the account's drive.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(24 * 7);
const UPLOAD: Duration = Duration::from_secs(180);
/// How far a server's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// The most notes that are listed at once.
const PAGE: usize = 100;

#[derive(Debug)]
pub struct Misskey;

/// Who sees a note.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Visibility {
    #[default]
    Public,
    Home,
    Followers,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Visibility", description = "Who sees the note; “home” keeps it out of public timelines.")]
    visibility: Visibility,
    #[schemars(
        title = "Content warning",
        description = "Shown instead of the note until it is opened.",
        length(max = 100)
    )]
    cw: String,
    #[schemars(title = "Sensitive media", description = "Hides pictures and videos until they are clicked.")]
    sensitive: bool,
    #[schemars(title = "This server only", description = "The note is not sent to other servers.")]
    local_only: bool,
}

impl Network for Misskey {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn ways(&self) -> Vec<Way<'_>> {
        vec![
            Way {
                id: "miauth",
                name: "Sign in at your server",
                help: "You are sent to your server and allow there what Crier may do. Nothing has to be copied.",
                connect: Connect::OAuth2(self),
            },
            Way {
                id: "form",
                name: "Access token",
                help: "You make a token for Crier in your server’s settings. Works also where you can’t be sent back to this one.",
                connect: Connect::Form(self),
            },
        ]
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let told = |name: &str, usual| facts.get(name).and_then(Value::as_u64).unwrap_or(usual);
        let mime = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/avif",
            "video/mp4",
            "video/webm",
            "audio/mpeg",
            "audio/ogg",
            "audio/wav",
        ];
        Rules {
            text: TextRules::up_to(usize::try_from(told(MAX_CHARS, USUAL_CHARS)).unwrap_or(usize::MAX), Unit::Utf16),
            media: MediaRules::up_to(16, vec![MediaKind::up_to(told(MAX_BYTES, USUAL_BYTES), &mime)], Some(512)),
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        Formatting { headings: false, lists: false, ..Formatting::MARKDOWN }
    }

    fn render(&self, body: &Document) -> String {
        body.blocks.iter().map(block).collect::<Vec<_>>().join("\n\n")
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn recent(&self) -> Option<&dyn Recent> {
        Some(self)
    }

    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        Some(self)
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }
}

/// A block in Misskey's own marks (MFM), which know neither headings nor lists, and no escaping.
fn block(block: &Block) -> String {
    match block {
        Block::Paragraph { content } => line(content),
        Block::Heading { content, .. } => outside_spaces(&line(content), |words| format!("**{words}**")),
        Block::Quote { content } => format!("> {}", line(content).replace('\n', "\n> ")),
        Block::Code { text } => format!("```\n{text}\n```"),
        Block::List { ordered, items } => {
            let mark = |i: usize| if *ordered { format!("{}. ", i + 1) } else { "• ".to_owned() };
            let items = items.iter().enumerate().map(|(i, item)| mark(i) + &line(item));
            items.collect::<Vec<_>>().join("\n")
        }
    }
}

fn line(content: &[Inline]) -> String {
    let marked = |text: &str, marks: &[Mark]| {
        outside_spaces(text, |inner| {
            marks.iter().rev().fold(inner.to_owned(), |words, mark| match mark {
                Mark::Bold => format!("**{words}**"),
                Mark::Italic => format!("<i>{words}</i>"),
                Mark::Strike => format!("~~{words}~~"),
                Mark::Code => format!("`{words}`"),
                Mark::Underline => words,
            })
        })
    };
    let written = content.iter().map(|inline| match inline {
        Inline::Text { text, marks } => marked(text, marks),
        Inline::Link { href, text } if text.is_empty() || text == href => href.clone(),
        Inline::Link { href, text } => format!("[{}]({href})", text.replace(['[', ']'], " ")),
        Inline::Mention { handle } => format!("@{handle}"),
        Inline::Break => "\n".to_owned(),
    });
    written.collect()
}

/// Asks one of the server's calls, which all are POST with JSON.
async fn say<T: DeserializeOwned>(
    net: &Client,
    origin: &str,
    credentials: &Credentials,
    endpoint: &str,
    mut body: Value,
) -> Result<T, Refusal> {
    if !credentials.access_token.is_empty() {
        body["i"] = credentials.access_token.expose().into();
    }
    call::json(net.post(format!("{origin}/api/{endpoint}")).json(&body), credentials, refine).await
}

/// Misskey's error codes.
fn refine(refusal: Refusal) -> Refusal {
    let code = refusal.detail().code.clone().unwrap_or_default();
    match (code.as_str(), refusal) {
        ("CREDENTIAL_REQUIRED" | "AUTHENTICATION_FAILED", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
        }
        ("PERMISSION_DENIED", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        ("YOUR_ACCOUNT_SUSPENDED" | "YOUR_ACCOUNT_MOVED", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::Suspended))
        }
        ("RATE_LIMIT_EXCEEDED", Refusal::Content(detail)) => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        ("CONTENT_REQUIRED" | "MAX_LENGTH" | "CONTAINS_PROHIBITED_WORDS" | "CONTAINS_TOO_MANY_MENTIONS", refusal) => {
            refusal.at("/text")
        }
        (
            "NO_SUCH_FILE"
            | "NO_FREE_SPACE"
            | "MAX_FILE_SIZE_EXCEEDED"
            | "UNALLOWED_FILE_TYPE"
            | "INAPPROPRIATE"
            | "INVALID_FILE_NAME",
            refusal,
        ) => refusal.at("/media"),
        (_, refusal) => refusal,
    }
}

fn server(instance: Option<&str>) -> Result<&str, Refusal> {
    instance.ok_or_else(|| Refusal::Auth(Detail::new("the channel has lost its server; connect it again")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    version: String,
    #[serde(default)]
    max_note_text_length: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: String,
    username: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    avatar_url: Option<String>,
    #[serde(default)]
    policies: Policies,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Policies {
    max_file_size_mb: Option<u64>,
}

#[async_trait]
impl Form for Misskey {
    fn fields(&self) -> Vec<Field> {
        let field = |name, label, kind, placeholder, help| Field::new(name, label, kind, true, placeholder, help);
        vec![
            field(
                "server",
                "Server",
                FieldKind::Text,
                "misskey.io",
                "The server where your account is. Your whole handle (@you@misskey.io) does as well.",
            ),
            field(
                "token",
                "Access token",
                FieldKind::Password,
                "",
                "In Misskey: Settings, Service integration (API), Generate access token, with the permissions to view your account and to write notes and drive files.",
            ),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let origin = origin::normalise(value("server"), "misskey.io").map_err(|message| FormRefusal::Field {
            name: "server",
            message,
            fix: "Enter the server of your account, like misskey.io.".to_owned(),
        })?;
        let meta = meta_of(net, &origin).await;
        let meta = meta.map_err(|refusal| FormRefusal::FieldRefused { name: "server", refusal })?;
        let credentials = Credentials { access_token: value("token").into(), ..Credentials::default() };
        let identified = account_of(net, &origin, &credentials, meta).await.map_err(|refusal| match refusal {
            refusal @ Refusal::Auth(_) => FormRefusal::FieldRefused { name: "token", refusal },
            refusal => FormRefusal::Refused(refusal),
        })?;
        Ok(SignedIn { instance: Some(origin), credentials, identified })
    }
}

/// What the server says of itself.
async fn meta_of(net: &Client, origin: &str) -> Result<Meta, Refusal> {
    let meta = say::<Meta>(net, origin, &Credentials::default(), "meta", json!({ "detail": false })).await;
    meta.map_err(|refusal| no_misskey(origin, refusal))
}

async fn account_of(net: &Client, origin: &str, credentials: &Credentials, meta: Meta) -> Result<Identified, Refusal> {
    let account = say::<Account>(net, origin, credentials, "i", json!({})).await.map_err(Refusal::harmless)?;
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let identity = Identity {
        handle: format!("{}@{host}", account.username),
        name: account.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| account.username.clone()),
        profile_url: Some(format!("{origin}/@{}", account.username)),
        remote_id: account.id,
        avatar_url: account.avatar_url,
    };
    let mut facts = Facts::from_iter([("version".to_owned(), meta.version.into())]);
    facts.extend(meta.max_note_text_length.map(|max| (MAX_CHARS.to_owned(), max.into())));
    facts.extend(account.policies.max_file_size_mb.map(|max| (MAX_BYTES.to_owned(), (max * 1024 * 1024).into())));
    Ok(Identified { identity, granted: None, facts })
}

#[async_trait]
impl OAuth2 for Misskey {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    fn instance(&self) -> Option<InstanceField> {
        Some(InstanceField {
            label: "Server",
            placeholder: "misskey.io",
            help: "The server where your account is. Your whole handle (@you@misskey.io) does as well.",
            default: None,
            is_account: false,
        })
    }

    fn normalise_instance(&self, typed: &str) -> Result<String, String> {
        origin::normalise(typed, "misskey.io")
    }

    async fn discover(&self, net: &Client, instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let origin = server(instance)?;
        meta_of(net, origin).await?;
        let (sessions, tokens) = (format!("{origin}/miauth"), format!("{origin}/api/miauth"));
        let dialect = Dialect { miauth: true, ..Dialect::default() };
        Ok(Endpoints {
            registration: Some(address(&sessions)?),
            ..fixed(&sessions, &tokens, ClientAuth::None, dialect)?
        })
    }

    fn without_app(&self) -> bool {
        true
    }

    /// Servers know apps by no more than the name they give themselves.
    async fn register(&self, _: &Client, _: &Endpoints, _: &str) -> Result<Option<Client2>, Refusal> {
        Ok(Some(Client2 { client_id: "Crier".to_owned(), ..Client2::default() }))
    }

    fn token_answer(&self, mut answer: Answered) -> Answered {
        if let Some(token) = answer.remove("token") {
            return Answered::from_iter([("access_token".to_owned(), token)]);
        }
        if answer.get("ok").is_some() {
            return Answered::from_iter([
                ("error".to_owned(), "invalid_grant".into()),
                ("error_description".to_owned(), "the server knows of no such session that was allowed".into()),
            ]);
        }
        answer
    }

    async fn identify(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let origin = server(instance)?;
        let meta = meta_of(net, origin).await?;
        account_of(net, origin, credentials, meta).await
    }
}

fn no_misskey(origin: &str, refusal: Refusal) -> Refusal {
    match refusal.harmless() {
        refusal if refusal.detail().status.is_some_and(|status| status < 500 && status != 429) => {
            let said = format!("{origin} does not answer like a Misskey server");
            let status = refusal.detail().status;
            Refusal::Content(Detail { status, ..Detail::new(said).diagnosed(Code::InstanceNotCompatible) })
        }
        refusal => refusal,
    }
}

#[derive(Deserialize)]
struct DriveFile {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    created_note: Note,
}

#[derive(Deserialize)]
struct Note {
    id: String,
}

#[async_trait]
impl Publish for Misskey {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        uploads(cx, server(cx.instance)?, item, settings.sensitive).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let origin = server(cx.instance)?;
        let files = uploads(cx, origin, item, settings.sensitive).await?;
        let note = self.note(item, &settings, &files);
        let create = || async {
            Ok(say::<Created>(cx.net, origin, cx.credentials, "notes/create", note).await?.created_note.id)
        };
        let id: String = cx.step("create note", Once::Look, create).await?;
        Ok(sent(origin, id))
    }
}

fn sent(origin: &str, id: String) -> Sent {
    Sent { url: Some(format!("{origin}/notes/{id}")), remote_id: id, data: Value::Null }
}

async fn uploads(cx: &Cx<'_>, origin: &str, item: &Item, sensitive: bool) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, origin, media, sensitive)).await
}

async fn upload(cx: &Cx<'_>, origin: &str, media: &MediaItem, sensitive: bool) -> Result<String, Refusal> {
    let mut form = Multipart::new().text("i", cx.credentials.access_token.expose()).text("name", &media.name);
    if !media.alt.is_empty() {
        form = form.text("comment", &media.alt);
    }
    if sensitive {
        form = form.text("isSensitive", "true");
    }
    let form = form.part("file", &media.name, &media.mime, cx.body(media).await?);
    let request = cx.net.post(format!("{origin}/api/drive/files/create")).multipart(form);
    let request = request.timeout(media.upload_time(UPLOAD));
    Ok(call::ask::<DriveFile>(request, cx.credentials, refine).await?.id)
}

impl Misskey {
    fn note(&self, item: &Item, settings: &Settings, files: &[String]) -> Value {
        let mut note = json!({ "visibility": settings.visibility });
        let mut set = |name: &str, value: Value| note[name] = value;
        let text = self.render(&item.body);
        if !text.is_empty() {
            set("text", text.into());
        }
        if !files.is_empty() {
            set("fileIds", files.into());
        }
        if !settings.cw.is_empty() {
            set("cw", settings.cw.as_str().into());
        }
        if settings.local_only {
            set("localOnly", true.into());
        }
        if let Some(thread) = &item.thread {
            set("replyId", thread.parent.remote_id.as_str().into());
        }
        note
    }
}

/// A note as it is listed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    reply_id: Option<String>,
    #[serde(default)]
    file_ids: Vec<IgnoredAny>,
}

#[async_trait]
impl Recent for Misskey {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let origin = server(cx.instance)?;
        let since = (cx.due_at - CLOCK_SLACK).as_millisecond();
        let asked = json!({
            "userId": cx.account,
            "sinceDate": since,
            "limit": PAGE,
            "withReplies": true,
            "withRenotes": false,
        });
        let listed: Vec<Listed> =
            say(cx.net, origin, cx.credentials, "users/notes", asked).await.map_err(Refusal::harmless)?;
        let words = self.render(&item.body);
        let reply_to = item.thread.as_ref().map(|thread| thread.parent.remote_id.as_str());
        let is_it = |note: &&Listed| {
            note.text.as_deref().unwrap_or_default().trim() == words.trim()
                && note.reply_id.as_deref() == reply_to
                && note.file_ids.len() == item.media.len()
        };
        match listed.iter().find(is_it) {
            Some(note) => Ok(Some(sent(origin, note.id.clone()))),
            None if listed.len() < PAGE => Ok(None),
            None => {
                let said = "there are too many newer notes to tell whether this one is among them";
                Err(Refusal::Unknown(Detail::new(said)))
            }
        }
    }
}
