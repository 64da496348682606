//! Slack: an app of one's own posts in the channels of the workspaces it was added to.
//!
//! After <https://docs.slack.dev> (September 2026): OAuth v2, `chat.postMessage`, files by `files.getUploadURLExternal`, image
//! blocks of Slack files. Slack knows no key; messages carry ours as metadata, by which they are found again.

mod afterwards;
mod mrkdwn;

use crate::about::{About, Network};
use crate::afterwards::{Delete, Edit};
use crate::choosing::Access;
use crate::connect::{ClientAuth, Connect, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::lookup::{self, Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::{Credentials, Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Formatting, channel::Identity};
use crier_net::{Answer, Client, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "slack",
    name: "Slack",
    color: "#4a154b",
    summary: "Channels of your workspaces, by an app of your own.",
    works_at_once: false,
    console: Some("https://api.slack.com/apps"),
    deadline_s: 300,
};

const API: &str = "https://slack.com/api";
const SCOPES: &[Scope] = &[
    Scope { id: "chat:write", why: "to post messages", required: true },
    Scope { id: "channels:read", why: "to list the public channels you can choose from", required: false },
    Scope { id: "groups:read", why: "to list the private channels the app is in", required: false },
    Scope { id: "channels:join", why: "to enter a public channel by itself before posting there", required: false },
    Scope { id: "users:read", why: "to suggest people to mention", required: false },
    Scope { id: "chat:write.customize", why: "to post under a name and a picture you choose", required: false },
    Scope { id: "files:write", why: "to upload pictures; without it only text can be posted", required: false },
    Scope { id: "files:read", why: "to see when Slack has processed a picture", required: false },
    Scope { id: "channels:history", why: "to find a message again when its confirmation was lost", required: false },
    Scope { id: "groups:history", why: "to find it in private channels", required: false },
];
/// The longest text of a section block, in characters.
const SECTION: usize = 3000;
/// Files that are in no message stay; another upload after a day costs little.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(24);
const UPLOAD: Duration = Duration::from_secs(120);
/// How long Slack may take to process a picture before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(60);
/// How far Slack's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// Pages of 200 messages read at most in looking for one.
const PAGES: usize = 5;
/// The most channels that are listed.
const CHANNELS: usize = 10_000;
/// Pages of 999 members read at most in looking for people, of whom Slack knows no search.
const MEMBER_PAGES: usize = 5;
/// The name of what a message carries to be found by.
const EVENT: &str = "crier_post";

#[derive(Debug)]
pub struct Slack;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Channel",
        description = "Where in the workspace it is posted. The app has to be in private channels already.",
        regex(pattern = r"^[CG][A-Z0-9]{5,30}$"),
        extend("x-lookup" = "channels")
    )]
    channel: String,
    #[serde(default)]
    #[schemars(title = "Posted as", description = "A name in place of the app's own.", length(max = 80))]
    username: String,
    #[serde(default)]
    #[schemars(
        title = "Picture",
        description = "The address of a picture in place of the app's own.",
        length(max = 2000),
        regex(pattern = r"^(https://\S+)?$")
    )]
    icon_url: String,
    #[serde(default)]
    #[schemars(title = "No link previews", description = "Links in the text get no box below it.")]
    no_previews: bool,
    #[serde(default)]
    #[schemars(title = "Replies in the channel too", description = "Further parts are shown in the channel as well.")]
    reply_broadcast: bool,
}

impl Network for Slack {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(12_000, Unit::Utf16),
            media: MediaRules::up_to(
                10,
                vec![MediaKind::up_to(20_000_000, &["image/jpeg", "image/png", "image/gif"])],
                Some(2000),
            ),
            parts: PartsRules::alike(25, PartsKind::Comment),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        crate::text::chat::FORMATTING
    }

    fn render(&self, body: &Document) -> String {
        mrkdwn::write(body)
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

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

#[derive(Deserialize)]
struct Whose {
    url: String,
    team: String,
    team_id: String,
}

#[async_trait]
impl OAuth2 for Slack {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        fixed(
            "https://slack.com/oauth/v2/authorize",
            "https://slack.com/api/oauth.v2.access",
            ClientAuth::Basic,
            Dialect { commas: true, ..Dialect::default() },
        )
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let whose: Whose = ask(net.post(format!("{API}/auth.test")), credentials).await?;
        let identity = Identity {
            remote_id: whose.team_id,
            name: whose.team,
            handle: whose.url.trim_start_matches("https://").trim_end_matches('/').to_owned(),
            profile_url: Some(whose.url),
            // A workspace's picture takes a permission of its own.
            avatar_url: None,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

/// What every answer begins with.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    error: String,
    /// The permission that is missing.
    #[serde(default)]
    needed: Option<String>,
}

async fn say<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    call::judged(request.bearer(credentials.access_token.expose()), credentials, |answer| judge(&answer)).await
}

/// [`say`] for a request that only asks, or may be made twice.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    say(request, credentials).await.map_err(Refusal::harmless)
}

/// Slack answers its errors with status 200.
fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<T, Refusal> {
    if !answer.is_success() {
        return Err(Refusal::from_answer(answer));
    }
    let Envelope { ok, error, needed } = answer.json()?;
    if ok {
        return Ok(answer.json()?);
    }
    let message = match needed {
        Some(needed) => format!("{error}: {needed}"),
        None => error.clone(),
    };
    let detail = Detail {
        message: crier_net::redact(&message),
        code: Some(error),
        status: Some(answer.status()),
        host: Some(answer.host().to_owned()),
        ..Detail::default()
    };
    Err(refused(detail, answer))
}

fn refused(detail: Detail, answer: &Answer) -> Refusal {
    match detail.code.as_deref().unwrap_or_default() {
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "org_login_required"
        | "ekm_access_denied"
        | "team_access_not_granted" => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        "missing_scope" | "no_permission" | "not_allowed_token_type" => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            Refusal::RateLimit { until: answer.retry_after(), detail: detail.diagnosed(Code::RateLimited) }
        }
        // Some of it may have been done.
        "fatal_error" | "internal_error" | "request_timeout" => Refusal::Unknown(detail.diagnosed(Code::ServerError)),
        "service_unavailable" | "team_added_to_org" | "accesslimited" => Refusal::Temporary(detail),
        "channel_not_found"
        | "not_in_channel"
        | "is_archived"
        | "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "cannot_reply_to_message" => Refusal::Content(detail).at("/settings/channel"),
        "msg_too_long" | "msg_blocks_too_long" | "no_text" => Refusal::Content(detail).at("/text"),
        "invalid_blocks" | "invalid_blocks_format" | "file_upload_size_restricted" | "file_uploads_disabled" => {
            Refusal::Content(detail).at("/media")
        }
        _ => Refusal::Content(detail),
    }
}

#[derive(Deserialize)]
struct Ticket {
    upload_url: String,
    file_id: String,
}

#[derive(Deserialize)]
struct Uploaded {
    file: File,
}

#[derive(Deserialize)]
struct File {
    /// Empty until it is processed.
    #[serde(default)]
    mimetype: String,
}

#[derive(Serialize, Deserialize)]
struct Posted {
    channel: String,
    ts: String,
}

#[async_trait]
impl Publish for Slack {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let files = uploads(cx, item).await?;
        let message = self.message(item, &settings, &files, &cx.key());
        let post = || {
            let request = cx.net.post(format!("{API}/chat.postMessage")).json(&message);
            say::<Posted>(request, cx.credentials)
        };
        let create = || async {
            match post().await {
                Err(refusal) if refusal.detail().code.as_deref() == Some("not_in_channel") => {
                    join(cx, &settings.channel).await?;
                    post().await
                }
                other => other,
            }
        };
        let posted = cx.step("post message", Once::Look, create).await?;
        Ok(sent(cx, item, posted))
    }
}

/// Enters a public channel. What keeps it from that is told by the channel itself.
async fn join(cx: &Cx<'_>, channel: &str) -> Result<(), Refusal> {
    let request = cx.net.post(format!("{API}/conversations.join")).json(&json!({ "channel": channel }));
    let joined = ask::<IgnoredAny>(request, cx.credentials).await.map(drop);
    joined.map_err(|refusal| match refusal {
        Refusal::Auth(detail) | Refusal::Content(detail) => {
            let said =
                format!("the app is not in the channel and can't enter it ({}); invite it there", detail.message);
            Refusal::Content(Detail { message: said, ..detail }).at("/settings/channel")
        }
        other => other,
    })
}

async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, media)).await
}

/// Uploads a picture and waits until it can be shown.
async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let length = media.size.to_string();
    let mut form = vec![("filename", media.name.as_str()), ("length", &length)];
    form.extend((!media.alt.is_empty()).then_some(("alt_txt", media.alt.as_str())));
    let request = cx.net.post(format!("{API}/files.getUploadURLExternal")).form(&form);
    let Ticket { upload_url, file_id } = ask(request, cx.credentials).await?;
    // The address speaks for itself: it is given no token.
    let request = cx.net.post(&upload_url).body(cx.body(media).await?, &media.mime).timeout(media.upload_time(UPLOAD));
    call::send(request, cx.credentials, |refusal| refusal).await?;
    let complete = json!({ "files": [{ "id": file_id, "title": media.name }] });
    let request = cx.net.post(format!("{API}/files.completeUploadExternal")).json(&complete);
    ask::<IgnoredAny>(request, cx.credentials).await?;
    let look = || async {
        let request = cx.net.get(format!("{API}/files.info")).query(&[("file", &file_id)]);
        let Uploaded { file } = ask(request, cx.credentials).await?;
        Ok((!file.mimetype.is_empty()).then_some(()))
    };
    done_within(PROCESSING, "Slack is still processing a picture", look).await?;
    Ok(file_id)
}

impl Slack {
    fn message(&self, item: &Item, settings: &Settings, files: &[String], key: &str) -> Value {
        let text = self.render(&item.body);
        let section =
            |text: &str| json!({ "type": "section", "expand": true, "text": { "type": "mrkdwn", "text": text } });
        let mut blocks: Vec<Value> = mrkdwn::pieces(&text, SECTION).into_iter().map(section).collect();
        blocks.extend(item.media.iter().zip(files).map(|(media, id)| {
            // A description is not optional there.
            let alt = if media.alt.is_empty() { &media.name } else { &media.alt };
            json!({ "type": "image", "slack_file": { "id": id }, "alt_text": alt })
        }));
        let mut message = json!({
            "channel": settings.channel,
            // What notifications and screen readers say.
            "text": if text.is_empty() { item.media.iter().map(|media| media.alt.as_str()).collect() } else { text },
            "blocks": blocks,
            "metadata": { "event_type": EVENT, "event_payload": { "key": key } },
        });
        if !settings.username.is_empty() {
            message["username"] = settings.username.as_str().into();
        }
        if !settings.icon_url.is_empty() {
            message["icon_url"] = settings.icon_url.as_str().into();
        }
        if settings.no_previews {
            message["unfurl_links"] = false.into();
            message["unfurl_media"] = false.into();
        }
        if let Some(thread) = &item.thread {
            message["thread_ts"] = thread.root.remote_id.as_str().into();
            if settings.reply_broadcast {
                message["reply_broadcast"] = true.into();
            }
        }
        message
    }
}

fn sent(cx: &Cx<'_>, item: &Item, posted: Posted) -> Sent {
    let Posted { channel, ts } = posted;
    let mut url = format!("https://{}/archives/{channel}/p{}", cx.handle, ts.replace('.', ""));
    if let Some(thread) = &item.thread {
        url.push_str(&format!("?thread_ts={}&cid={channel}", thread.root.remote_id));
    }
    Sent { remote_id: ts, url: Some(url), data: json!({ "channel": channel }) }
}

#[derive(Deserialize)]
struct Channels {
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Next,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: String,
    #[serde(default)]
    is_private: bool,
}

#[async_trait]
impl Lookup for Slack {
    fn names(&self) -> &'static [&'static str] {
        &["channels", lookup::MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        if name == lookup::MENTIONS { mentions(access, query).await } else { channels(access, query).await }
    }
}

/// Whether a permission was granted, or may have been.
fn granted(access: &Access<'_>, scope: &str) -> bool {
    access.credentials.scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|granted| granted == scope))
}

async fn channels(access: &Access<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    // Asking for a kind without its permission would be refused whole.
    let kinds = [("channels:read", "public_channel"), ("groups:read", "private_channel")];
    let kinds = kinds.into_iter().filter(|(scope, _)| granted(access, scope)).map(|(_, kind)| kind);
    let (kinds, mut cursor, mut all) = (kinds.collect::<Vec<_>>().join(","), String::new(), Vec::new());
    loop {
        let mut asked = vec![("types", kinds.as_str()), ("exclude_archived", "true"), ("limit", "999")];
        asked.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
        let request = access.net.get(format!("{API}/conversations.list")).query(&asked);
        let page: Channels = ask(request, access.credentials).await?;
        all.extend(page.channels.into_iter().map(|channel| LookupItem {
            id: channel.id,
            name: channel.name,
            detail: if channel.is_private { "Private".to_owned() } else { String::new() },
        }));
        cursor = page.response_metadata.next_cursor;
        if cursor.is_empty() || all.len() >= CHANNELS {
            return Ok(fitting(all.into_iter(), query));
        }
    }
}

#[derive(Deserialize)]
struct Members {
    members: Vec<Member>,
    #[serde(default)]
    response_metadata: Next,
}

#[derive(Deserialize)]
struct Member {
    id: String,
    /// Of old, and still unique.
    name: String,
    /// Whether the account was closed.
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    profile: Profile,
}

#[derive(Default, Deserialize)]
struct Profile {
    /// What they are called in messages; empty where they have chosen nothing.
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    real_name: String,
}

impl Member {
    /// Whether one of its names, or a word of them, begins with `wanted`, which is in small letters.
    fn is_called(&self, wanted: &str) -> bool {
        let names = [&self.name, &self.profile.display_name, &self.profile.real_name].map(|name| name.to_lowercase());
        names
            .iter()
            .any(|name| name.starts_with(wanted) || name.split_whitespace().any(|word| word.starts_with(wanted)))
    }

    fn item(self) -> LookupItem {
        let Profile { display_name, real_name } = self.profile;
        let shown = if display_name.is_empty() { self.name } else { display_name };
        LookupItem::person(format!("<@{}>", self.id), Some(real_name), format!("@{shown}"))
    }
}

/// Everybody, and people where they may be listed.
async fn mentions(access: &Access<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let Some(wanted) = lookup::typed_name(query).map(str::to_lowercase) else { return Ok(Vec::new()) };
    let all = [
        ("here", "Everybody in the channel who is active"),
        ("channel", "Everybody in the channel"),
        ("everyone", "Everybody in the workspace, in its general channel"),
    ];
    let all = all.into_iter().filter(|(name, _)| name.starts_with(&wanted)).map(|(name, detail)| LookupItem {
        id: format!("<!{name}>"),
        name: name.to_owned(),
        detail: detail.to_owned(),
    });
    let mut found: Vec<LookupItem> = all.collect();
    if granted(access, "users:read") {
        found.extend(people(access, &wanted).await?);
        found.truncate(lookup::PEOPLE);
    }
    Ok(found)
}

async fn people(access: &Access<'_>, wanted: &str) -> Result<Vec<LookupItem>, Refusal> {
    let (mut cursor, mut found) = (String::new(), Vec::new());
    for _ in 0..MEMBER_PAGES {
        let mut asked = vec![("limit", "999")];
        asked.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
        let request = access.net.get(format!("{API}/users.list")).query(&asked);
        let page: Members = ask(request, access.credentials).await?;
        let called = page.members.into_iter().filter(|member| !member.deleted && member.is_called(wanted));
        found.extend(called.map(Member::item));
        cursor = page.response_metadata.next_cursor;
        if cursor.is_empty() || found.len() >= lookup::PEOPLE {
            break;
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
struct History {
    messages: Vec<Listed>,
    #[serde(default)]
    response_metadata: Next,
}

#[derive(Default, Deserialize)]
struct Next {
    #[serde(default)]
    next_cursor: String,
}

#[derive(Deserialize)]
struct Listed {
    ts: String,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    event_type: String,
    #[serde(default)]
    event_payload: Value,
}

#[async_trait]
impl Recent for Slack {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let oldest = (cx.due_at - CLOCK_SLACK).as_second().to_string();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let mut query = vec![
                ("channel", settings.channel.as_str()),
                ("oldest", &oldest),
                ("limit", "200"),
                ("include_all_metadata", "true"),
            ];
            query.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
            let method = match &item.thread {
                Some(thread) => {
                    query.push(("ts", &thread.root.remote_id));
                    "conversations.replies"
                }
                None => "conversations.history",
            };
            let request = cx.net.get(format!("{API}/{method}")).query(&query);
            let page: History = ask(request, cx.credentials).await.map_err(Refusal::of_look)?;
            let is_it = |listed: &&Listed| {
                let metadata = listed.metadata.as_ref().filter(|metadata| metadata.event_type == EVENT);
                metadata.is_some_and(|metadata| metadata.event_payload["key"] == cx.key())
            };
            if let Some(listed) = page.messages.iter().find(is_it) {
                let posted = Posted { channel: settings.channel, ts: listed.ts.clone() };
                return Ok(Some(sent(cx, item, posted)));
            }
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                return Ok(None);
            }
        }
        Err(Refusal::Unknown(Detail::new("there are too many newer messages to tell whether this one is among them")))
    }
}
