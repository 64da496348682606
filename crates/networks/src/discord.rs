//! Discord: the bot of an application of one's own posts in the servers it was added to.
//!
//! After the documentation at <https://docs.discord.com/developers> (August 2026, API version 10). A person adds the bot to a
//! server with OAuth 2; their own token says which server that was and is of no use afterwards, so it is not renewed.

mod afterwards;
mod nickname;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::choosing::Access;
use crate::connect::{
    Answered, Client2, ClientAuth, Connect, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, fixed,
};
use crate::lookup::{self, Lookup, LookupItem, fitting};
use crate::nickname::Nickname;
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, upload_time};
use crate::text::markdown::{self, Flavour};
use crate::{Credentials, Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Formatting, Secret, Timestamp, channel::Identity};
use crier_net::{Client, Multipart, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

const ABOUT: About = About {
    id: "discord",
    name: "Discord",
    color: "#5865f2",
    summary: "Channels, forums and threads of your servers, by a bot of your own.",
    works_at_once: false,
    console: Some("https://discord.com/developers/applications"),
    deadline_s: 180,
};

const API: &str = "https://discord.com/api/v10";
const SCOPES: &[Scope] = &[
    Scope { id: "bot", why: "to add the bot to the server you choose", required: true },
    Scope { id: "identify", why: "to learn which server that was", required: true },
];
/// View channels (10), send messages (11), embed links (14), attach files (15), read message history (16), create public
/// threads (35), send messages in threads (38), and for a name of its own, change nickname (26).
const PERMISSIONS: u64 = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 26 | 1 << 35 | 1 << 38;
/// In [`Credentials::extra`]: the server that the bot was added to.
const GUILD: &str = "guild";
/// How far Discord's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// Pages of 100 messages read at most in looking for one.
const PAGES: usize = 10;
/// A request has 25 MiB at most; this leaves room for its text.
const REQUEST_BYTES: u64 = 25 * 1024 * 1024 - 64 * 1024;
/// The most roles that are suggested for a mention at once: the rest is left for people.
const ROLES: usize = 5;
/// Of a forum post or a thread, in characters.
const TITLE: usize = 100;
const UPLOAD: Duration = Duration::from_secs(150);

/// Discord's own Markdown: underlining has a mark, a line ends where it ends, and angle brackets stand around mentions.
const MARKDOWN: Flavour = Flavour { underline: "__", line_break: "\n", escaped: "\\`*_[]~|", angled_links: false };

#[derive(Debug)]
pub struct Discord;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Channel",
        description = "Where in the server it is posted.",
        regex(pattern = r"^[0-9]{5,25}$"),
        extend("x-lookup" = "channels")
    )]
    channel: String,
    #[serde(default)]
    #[schemars(
        title = "Title",
        description = "For forum channels, which take posts with a title; leave it empty elsewhere.",
        length(max = TITLE)
    )]
    title: String,
    #[serde(default)]
    #[schemars(
        title = "Notify everyone",
        description = "“@everyone” and “@here” notify people, if the bot may do that."
    )]
    everyone: bool,
    #[serde(default)]
    #[schemars(title = "Silent", description = "Nobody gets a notification.")]
    silent: bool,
    #[serde(default)]
    #[schemars(title = "No link previews", description = "Links in the text get no box below it.")]
    suppress_embeds: bool,
}

impl Network for Discord {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let types = [
            "image/jpeg",
            "image/png",
            "image/gif",
            "image/webp",
            "image/avif",
            "video/mp4",
            "video/quicktime",
            "video/webm",
            "audio/mpeg",
            "audio/mp4",
            "audio/ogg",
            "audio/wav",
        ];
        Rules {
            text: TextRules::up_to(2000, Unit::Utf16),
            media: MediaRules {
                max_total_bytes: Some(REQUEST_BYTES),
                ..MediaRules::up_to(10, vec![MediaKind::up_to(10 * 1024 * 1024, &types)], Some(1024))
            },
            parts: PartsRules::alike(25, PartsKind::Comment),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        // Discord underlines, by a mark of its own.
        Formatting { marks: Formatting::HTML.marks, ..Formatting::MARKDOWN }
    }

    fn render(&self, body: &Document) -> String {
        markdown::write_as(body, &MARKDOWN)
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn nickname(&self) -> Option<&dyn Nickname> {
        Some(self)
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

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

#[async_trait]
impl OAuth2 for Discord {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let permissions = PERMISSIONS.to_string();
        Ok(Endpoints {
            // The server is chosen on Discord's page, which has to be seen again for another one.
            authorize_extra: [("permissions", permissions.as_str()), ("integration_type", "0"), ("prompt", "consent")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            ..fixed(
                "https://discord.com/oauth2/authorize",
                "https://discord.com/api/oauth2/token",
                ClientAuth::Basic,
                Dialect::default(),
            )?
        })
    }

    fn by_bot(&self) -> bool {
        true
    }

    /// What would end or renew the person's own token is left out.
    fn token_answer(&self, mut answer: Answered) -> Answered {
        answer.remove("refresh_token");
        answer.remove("expires_in");
        answer
    }

    fn keeps(&self) -> &'static [(&'static str, &'static str)] {
        &[(GUILD, "/guild/id")]
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let id = guild_of(credentials)?;
        let request = by_bot(net.get(format!("{API}/guilds/{id}")), credentials)?;
        let guild: Guild = call::ask(request, credentials, refine).await?;
        let icon = guild.icon.map(|icon| format!("https://cdn.discordapp.com/icons/{id}/{icon}.png?size=256"));
        let identity = Identity {
            remote_id: guild.id,
            // A server is known by its name alone.
            handle: guild.name.clone(),
            name: guild.name,
            profile_url: Some(format!("https://discord.com/channels/{id}")),
            avatar_url: icon,
        };
        // That there is a server shows that all was granted; the answer's own list is not told in full.
        let granted = Some(SCOPES.iter().map(|scope| scope.id.to_owned()).collect());
        Ok(Identified { identity, granted, facts: Facts::new() })
    }
}

fn guild_of(credentials: &Credentials) -> Result<&str, Refusal> {
    let lacks = || {
        let said = "no server was chosen on Discord's page, so the bot was added to none";
        Refusal::Auth(Detail::new(said).diagnosed(Code::ConsentScopeMissing))
    };
    credentials.extra.get(GUILD).map(Secret::expose).ok_or_else(lacks)
}

#[derive(Deserialize)]
struct Guild {
    id: String,
    name: String,
    icon: Option<String>,
}

/// With the bot's token.
fn by_bot(request: Request, credentials: &Credentials) -> Result<Request, Refusal> {
    let token = credentials.app.as_ref().and_then(|app: &Client2| app.bot_token.as_ref());
    let lacks = || Refusal::Auth(Detail::new("the bot's token is not set").diagnosed(Code::ClientNotConfigured));
    Ok(request.secret_header("authorization", format!("Bot {}", token.ok_or_else(lacks)?.expose())))
}

/// A message as it is answered and listed.
#[derive(Serialize, Deserialize)]
struct Message {
    id: String,
    #[serde(default, skip_serializing)]
    content: String,
    #[serde(default, skip_serializing)]
    author: Author,
    #[serde(default, skip_serializing)]
    attachments: Vec<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct Author {
    #[serde(default)]
    bot: bool,
}

/// What is remembered of a first message for those below it.
#[derive(Serialize, Deserialize)]
struct Root {
    /// Whether it is a thread by itself, as posts in forums are.
    is_thread: bool,
    /// What the thread below it is called.
    thread: String,
}

#[async_trait]
impl Publish for Discord {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let post = async |url: String, body: &Value| {
            let request = cx.net.post(url);
            let request = if item.media.is_empty() {
                request.json(body)
            } else {
                let mut form = Multipart::new().text("payload_json", body.to_string());
                for (index, media) in item.media.iter().enumerate() {
                    form = form.part(&format!("files[{index}]"), &media.name, &media.mime, cx.body(media).await?);
                }
                request.multipart(form).timeout(upload_time(UPLOAD, item.bytes()))
            };
            by_bot(request, cx.credentials)
        };
        let text = self.render(&item.body);
        let mut message = message(&text, &item.media, &settings);
        let forum = item.thread.is_none() && !settings.title.is_empty();
        let created: Message = if forum {
            let body = json!({ "name": settings.title, "message": message });
            let request = post(format!("{API}/channels/{}/threads", settings.channel), &body).await?;
            cx.step("create forum post", Once::Ask, || call::json(request, cx.credentials, refine)).await?
        } else {
            let channel = self.place(cx, item, &settings).await?;
            // Discord remembers it for some minutes: too short to rely upon, and good against a second message meanwhile.
            message["nonce"] = nonce(&cx.key()).into();
            message["enforce_nonce"] = true.into();
            let request = post(format!("{API}/channels/{channel}/messages"), &message).await?;
            let create = || call::json(request, cx.credentials, refine);
            cx.step("create message", Once::Look, create).await?
        };
        let root = Root { is_thread: forum, thread: thread_name(&text) };
        Ok(sent(cx, item, &settings, created.id, &root))
    }
}

/// A nonce is 25 characters long at most.
fn nonce(key: &str) -> String {
    hex::encode(Sha256::digest(key))[..25].to_owned()
}

impl Discord {
    /// Where a message goes: the channel, or the thread below the first part, which is opened for the second one.
    async fn place(&self, cx: &Cx<'_>, item: &Item, settings: &Settings) -> Result<String, Refusal> {
        let Some(thread) = &item.thread else { return Ok(settings.channel.clone()) };
        // A thread has the id of the message it hangs on.
        let id = thread.root.remote_id.clone();
        let root: Option<Root> = serde_json::from_value(thread.root.data.clone()).ok();
        let is_thread = root.as_ref().is_some_and(|root| root.is_thread);
        if !is_thread && thread.parent == thread.root {
            let name = root.map_or_else(|| thread_name(""), |root| root.thread);
            let body = json!({ "name": name, "auto_archive_duration": 1440 });
            let url = format!("{API}/channels/{}/messages/{id}/threads", settings.channel);
            let request = by_bot(cx.net.post(url).json(&body), cx.credentials)?;
            let open = || async {
                match call::json::<IgnoredAny>(request, cx.credentials, refine).await {
                    // It was opened before.
                    Err(refusal) if refusal.detail().code.as_deref() == Some("160004") => Ok(()),
                    other => other.map(drop),
                }
            };
            cx.step("open thread", Once::Repeatable, open).await?;
        }
        Ok(id)
    }
}

fn message(text: &str, media: &[MediaItem], settings: &Settings) -> Value {
    let mut parse = vec!["users", "roles"];
    parse.extend(settings.everyone.then_some("everyone"));
    let mut message = json!({ "content": text, "allowed_mentions": { "parse": parse } });
    let flags = [(settings.suppress_embeds, 1 << 2), (settings.silent, 1 << 12)];
    let flags: u32 = flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)).sum();
    if flags > 0 {
        message["flags"] = flags.into();
    }
    if !media.is_empty() {
        let attached = media.iter().enumerate().map(|(index, media)| {
            let mut entry = json!({ "id": index, "filename": media.name });
            if !media.alt.is_empty() {
                entry["description"] = media.alt.as_str().into();
            }
            entry
        });
        message["attachments"] = attached.collect();
    }
    message
}

/// The beginning of the first line, as a thread is called in a list.
fn thread_name(text: &str) -> String {
    let line = text.lines().map(|line| line.trim_matches(['#', '*', '_', '~', '>', ' '])).find(|line| !line.is_empty());
    let name: String = line.unwrap_or("Thread").chars().take(TITLE).collect();
    name.trim_end().to_owned()
}

fn sent(cx: &Cx<'_>, item: &Item, settings: &Settings, id: String, root: &Root) -> Sent {
    let place = match &item.thread {
        Some(thread) => thread.root.remote_id.as_str(),
        // A post in a forum is a thread of the same id as its message.
        None if root.is_thread => id.as_str(),
        None => settings.channel.as_str(),
    };
    let url = format!("https://discord.com/channels/{}/{place}/{id}", cx.account);
    let data = if item.thread.is_none() { json!(root) } else { Value::Null };
    Sent { url: Some(url), remote_id: id, data }
}

#[async_trait]
impl Recent for Discord {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let channel = item.thread.as_ref().map_or(settings.channel.as_str(), |thread| &thread.root.remote_id);
        let text = self.render(&item.body);
        let mut after = snowflake(cx.due_at - CLOCK_SLACK).to_string();
        for _ in 0..PAGES {
            let request = cx.net.get(format!("{API}/channels/{channel}/messages"));
            let request = request.query(&[("limit", "100"), ("after", &after)]);
            let page: Vec<Message> = call::ask(by_bot(request, cx.credentials)?, cx.credentials, refine).await?;
            let is_it = |message: &&Message| {
                message.author.bot && message.content == text && message.attachments.len() == item.media.len()
            };
            if let Some(message) = page.iter().find(is_it) {
                let root = Root { is_thread: false, thread: thread_name(&text) };
                return Ok(Some(sent(cx, item, &settings, message.id.clone(), &root)));
            }
            // The newest stands first.
            match page.first() {
                Some(newest) if page.len() == 100 => after.clone_from(&newest.id),
                _ => return Ok(None),
            }
        }
        Err(Refusal::Unknown(Detail::new("there are too many newer messages to tell whether this one is among them")))
    }
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    #[serde(rename = "type")]
    kind: u32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    position: i64,
}

#[async_trait]
impl Lookup for Discord {
    fn names(&self) -> &'static [&'static str] {
        &["channels", lookup::MENTIONS]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        if name == lookup::MENTIONS { mentions(access, query).await } else { channels(access, query).await }
    }
}

/// Text, announcement and forum channels, in the server's order.
async fn channels(access: &Access<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let guild = guild_of(access.credentials)?;
    let request = by_bot(access.net.get(format!("{API}/guilds/{guild}/channels")), access.credentials)?;
    let mut channels: Vec<Channel> = call::ask(request, access.credentials, refine).await?;
    channels.sort_by_key(|channel| channel.position);
    let items = channels.into_iter().filter_map(|channel| {
        let detail = match channel.kind {
            0 => "",
            5 => "Announcements",
            15 => "Forum",
            _ => return None,
        };
        Some(LookupItem { id: channel.id, name: channel.name, detail: detail.to_owned() })
    });
    Ok(fitting(items, query))
}

#[derive(Deserialize)]
struct Role {
    id: String,
    name: String,
    #[serde(default)]
    mentionable: bool,
}

#[derive(Deserialize)]
struct Member {
    user: User,
    /// What they are called in this server.
    #[serde(default)]
    nick: Option<String>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    username: String,
    #[serde(default)]
    global_name: Option<String>,
}

/// Everybody, roles and people of the server, as [`message`] lets them be mentioned.
async fn mentions(access: &Access<'_>, query: &str) -> Result<Vec<LookupItem>, Refusal> {
    let Some(wanted) = lookup::typed_name(query) else { return Ok(Vec::new()) };
    let guild = guild_of(access.credentials)?;
    let all = ["everyone", "here"].into_iter().map(|name| LookupItem {
        id: format!("@{name}"),
        name: name.to_owned(),
        detail: "Notified only with the setting “Notify everyone”".to_owned(),
    });
    let mut found = fitting(all, wanted);
    let request = by_bot(access.net.get(format!("{API}/guilds/{guild}/roles")), access.credentials)?;
    let roles: Vec<Role> = call::ask(request, access.credentials, refine).await?;
    // The role of everybody has the server's own id.
    let roles = roles.into_iter().filter(|role| role.id != guild).map(|role| LookupItem {
        id: format!("<@&{}>", role.id),
        name: role.name,
        detail: if role.mentionable { "Role" } else { "Role, notified only if the bot may mention all" }.to_owned(),
    });
    found.extend(fitting(roles, wanted).into_iter().take(ROLES));
    found.extend(members(access, guild, wanted).await?);
    found.truncate(lookup::PEOPLE);
    Ok(found)
}

/// People whose name in the server or at Discord begins with `wanted`.
async fn members(access: &Access<'_>, guild: &str, wanted: &str) -> Result<Vec<LookupItem>, Refusal> {
    let limit = lookup::PEOPLE.to_string();
    let request = access.net.get(format!("{API}/guilds/{guild}/members/search"));
    let request = by_bot(request.query(&[("query", wanted), ("limit", &limit)]), access.credentials)?;
    let members: Vec<Member> = match call::ask(request, access.credentials, refine).await {
        // The application has not the intent for its server's members.
        Err(refusal) if refusal.detail().code.as_deref() == Some("50001") => Vec::new(),
        other => other?,
    };
    let item = |Member { user, nick }: Member| {
        let name = nick.or(user.global_name);
        LookupItem::person(format!("<@{}>", user.id), name, format!("@{}", user.username))
    };
    Ok(members.into_iter().map(item).collect())
}

/// The least id that something made at this moment can have.
fn snowflake(at: Timestamp) -> i64 {
    const EPOCH: i64 = 1_420_070_400_000;
    (at.as_millisecond() - EPOCH).max(0) << 22
}

/// Discord's error codes.
fn refine(refusal: Refusal) -> Refusal {
    let Some(code) = refusal.detail().code.as_deref().and_then(|code| code.parse::<u32>().ok()) else {
        return match (refusal.detail().status, refusal) {
            (Some(401), refusal) => refusal.map(|detail| detail.diagnosed(Code::ClientSecretWrong)),
            (_, refusal) => refusal,
        };
    };
    match (code, refusal) {
        (0 | 40_001 | 50_014, Refusal::Auth(detail)) => Refusal::Auth(detail.diagnosed(Code::ClientSecretWrong)),
        // The bot was removed from the server.
        (10_004, Refusal::Content(detail)) => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        (20_016 | 20_028 | 20_029 | 40_062, Refusal::Content(detail)) => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        (130_000, Refusal::Content(detail)) => Refusal::Temporary(detail),
        (10_003 | 50_001 | 50_008 | 50_013, refusal) => refusal.at("/settings/channel"),
        (40_058 | 40_067, refusal) => refusal.at("/settings/title"),
        (40_005 | 50_045 | 50_046 | 30_015 | 20_009, refusal) => refusal.at("/media"),
        (50_006 | 50_035 | 200_000 | 240_000, refusal) => refusal.at("/text"),
        (_, refusal) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn text_is_written_in_discords_markdown() {
        let html = "<h2>News</h2><p><u>under</u> <strong>bold</strong><br>a_b &lt;@123&gt; <a href=\"https://example.org/a_b\">here</a></p>\
                    <blockquote>q</blockquote>";
        let text = Discord.render(&text::html::read(html));
        assert_eq!(text, "## News\n\n__under__ **bold**\na\\_b <@123> [here](https://example.org/a_b)\n\n> q");
    }

    #[test]
    fn a_thread_is_called_by_the_first_line() {
        assert_eq!(thread_name("\n## **News** today\nmore"), "News** today");
        assert_eq!(thread_name(""), "Thread");
        assert_eq!(thread_name(&"x".repeat(300)).len(), TITLE);
    }

    /// The documentation's own example: 175928847299117063 was made at 1462015105796.
    #[test]
    fn ids_begin_with_their_time() {
        let at = Timestamp::from_millisecond(1_462_015_105_796).unwrap();
        assert_eq!(snowflake(at), 175_928_847_299_117_063 >> 22 << 22);
    }
}
