//! PeerTube, on any server: videos in the channels of an account.
//!
//! After the REST API at <https://docs.joinpeertube.org/api-rest-reference.html> (version 8.1, 2026): `oauth-clients/local`,
//! `users/token`, `users/me`, `videos/upload-resumable`, `users/me/videos`. PeerTube knows no consent page for programs: somebody's name and password
//! are good for a session that is renewed. It knows no key either.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::check::{self, PartToCheck};
use crate::choosing::{Access, Choice, Choosing, Words};
use crate::connect::{Connect, Facts, Field, FieldKind, Form, FormRefusal, Identified, SignedIn, typed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::resumable::Session;
use crate::text::markdown;
use crate::{Credentials, Detail, Refusal, call, origin, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Document, Finding, Formatting, Secret, Timestamp, channel::Identity};
use crier_net::{Answer, Client, Multipart, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "peertube",
    name: "PeerTube",
    color: "#f1680d",
    summary: "Videos in your channels on any PeerTube server.",
    works_at_once: true,
    console: None,
    deadline_s: 2400,
};

const EXAMPLE: &str = "video.example";
const WORDS: Words =
    Words { one: "Channel", many: "Channels", needed: "Make a channel first, in your library at the server." };
const UPLOAD: Duration = Duration::from_secs(120);
/// Servers clear away uploads that nothing was added to, once an hour.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// How far a server's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// How many one answer holds.
const LIMIT: usize = 100;
/// The shortest description, where there is one.
const LEAST: usize = 3;
const CATEGORIES: &str = "categories";
const LICENCES: &str = "licences";

#[derive(Debug)]
pub struct PeerTube;

/// Who sees a video.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Privacy {
    #[default]
    Public,
    Unlisted,
    Private,
    Internal,
}

impl Privacy {
    fn number(self) -> &'static str {
        match self {
            Self::Public => "1",
            Self::Unlisted => "2",
            Self::Private => "3",
            Self::Internal => "4",
        }
    }
}

/// Whether people may comment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Comments {
    #[default]
    Enabled,
    Disabled,
    RequiresApproval,
}

impl Comments {
    fn number(self) -> &'static str {
        match self {
            Self::Enabled => "1",
            Self::Disabled => "2",
            Self::RequiresApproval => "3",
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Title", length(min = 3, max = 120), regex(pattern = r"^[^\r\n]*$"))]
    title: String,
    #[serde(default)]
    #[schemars(title = "Visibility", description = "“internal” is for people with an account at the server.")]
    privacy: Privacy,
    #[serde(default)]
    #[schemars(title = "Tags", description = "Up to five.", length(max = 5), inner(length(min = 2, max = 30)))]
    tags: Vec<String>,
    #[serde(default)]
    #[schemars(
        title = "Category",
        description = "One of the server's.",
        regex(pattern = r"^[0-9]{0,6}$"),
        extend("x-lookup" = CATEGORIES)
    )]
    category: String,
    #[serde(default)]
    #[schemars(
        title = "Licence",
        description = "What others may do with the video.",
        regex(pattern = r"^[0-9]{0,6}$"),
        extend("x-lookup" = LICENCES)
    )]
    licence: String,
    #[serde(default)]
    #[schemars(
        title = "Language",
        description = "Two or three letters (ISO 639), for example “en”.",
        regex(pattern = r"^([a-z]{2,3}(-[A-Za-z]{2,8})?)?$")
    )]
    language: String,
    #[serde(default)]
    #[schemars(title = "Sensitive", description = "Hidden from those who don't want to see such videos.")]
    nsfw: bool,
    #[serde(default)]
    #[schemars(title = "Comments", description = "Whether people may comment, at once or once you approve.")]
    comments: Comments,
    #[serde(default = "yes")]
    #[schemars(title = "Download", description = "People can save the video.")]
    download_enabled: bool,
    #[serde(default = "yes")]
    #[schemars(title = "Shown once it is transcoded", description = "Else it is shown at once, in one resolution.")]
    wait_transcoding: bool,
    #[serde(default)]
    #[schemars(
        title = "Support",
        description = "How people can support you; shown beside the video.",
        length(max = 1000)
    )]
    support: String,
}

fn yes() -> bool {
    true
}

impl Network for PeerTube {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn choosing(&self) -> Option<&dyn Choosing> {
        Some(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let videos = ["video/mp4", "video/webm", "video/quicktime", "video/ogg"];
        Rules {
            // The title says enough.
            text: TextRules { required_without_media: false, ..TextRules::up_to(10_000, Unit::Utf16) },
            // A picture beside the video is its thumbnail.
            media: MediaRules::up_to(
                2,
                vec![
                    MediaKind::up_to(4_000_000, &["image/jpeg", "image/png", "image/webp"]),
                    MediaKind::up_to(8_000_000_000, &videos),
                ],
                None,
            ),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        Formatting::MARKDOWN
    }

    fn render(&self, body: &Document) -> String {
        markdown::write(body)
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        let Some(part) = parts.first() else { return Vec::new() };
        let mut found: Vec<Finding> = check::one_video("PeerTube", part).into_iter().collect();
        if is_too_short(&self.render(part.body)) {
            let message = format!("PeerTube takes descriptions from {LEAST} characters on: yours is left out.");
            let fix = "Write some more, or nothing.";
            found.push(Finding::error(format!("{}/text", part.pointer), "text.left_out", message, fix).warning());
        }
        found
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

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

fn is_too_short(words: &str) -> bool {
    (1..LEAST).contains(&words.trim().chars().count())
}

fn server(instance: Option<&str>) -> Result<&str, Refusal> {
    instance.ok_or_else(|| Refusal::Auth(Detail::new("the channel has lost its server; connect it again")))
}

/// The app that every server has for its own pages.
#[derive(Deserialize)]
struct Local {
    client_id: String,
    client_secret: Secret,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: Secret,
    refresh_token: Secret,
    /// Seconds.
    expires_in: i64,
}

async fn local(net: &Client, origin: &str) -> Result<Local, Refusal> {
    call::ask(net.get(format!("{origin}/api/v1/oauth-clients/local")), &Credentials::default(), refine).await
}

/// Asks for tokens by the fields of a grant. `typed` is what must not be repeated of them.
async fn tokens(
    net: &Client,
    origin: &str,
    grant: &[(&str, &str)],
    otp: &str,
    typed: &Credentials,
) -> Result<Credentials, Refusal> {
    let Local { client_id, client_secret } = local(net, origin).await?;
    let mut form = vec![("client_id", client_id.as_str()), ("client_secret", client_secret.expose())];
    form.extend(grant);
    let mut request = net.post(format!("{origin}/api/v1/users/token")).form(&form);
    if !otp.is_empty() {
        request = request.secret_header("x-peertube-otp", otp);
    }
    let answer = call::send(request, typed, refine).await?;
    let tokens: Tokens = answer.json()?;
    let life = SignedDuration::from_secs(tokens.expires_in.max(0));
    Ok(Credentials {
        access_token: tokens.access_token,
        refresh_token: Some(tokens.refresh_token),
        expires_at: answer.received_at().checked_add(life).ok(),
        ..Credentials::default()
    })
}

fn signed(request: Request, credentials: &Credentials) -> Request {
    request.bearer(credentials.access_token.expose())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    account: Actor,
    #[serde(default)]
    video_channels: Vec<Channel>,
}

/// An account, or a channel of one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Actor {
    name: String,
    #[serde(default)]
    display_name: String,
    host: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    avatars: Vec<Avatar>,
}

#[derive(Deserialize)]
struct Channel {
    id: u64,
    #[serde(default, rename = "followersCount")]
    followers_count: i64,
    #[serde(flatten)]
    actor: Actor,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Avatar {
    /// Since version 7.1.
    #[serde(default)]
    file_url: Option<String>,
    /// Until then.
    #[serde(default)]
    path: Option<String>,
}

impl Actor {
    fn identity(self, origin: &str, id: String) -> Identity {
        // They are told from small to large.
        let address = |avatar: Avatar| avatar.file_url.or_else(|| avatar.path.map(|path| format!("{origin}{path}")));
        Identity {
            remote_id: id,
            handle: format!("{}@{}", self.name, self.host),
            name: if self.display_name.trim().is_empty() { self.name } else { self.display_name },
            profile_url: self.url,
            avatar_url: self.avatars.into_iter().next_back().and_then(address),
        }
    }
}

async fn me(net: &Client, origin: &str, credentials: &Credentials) -> Result<Me, Refusal> {
    let request = signed(net.get(format!("{origin}/api/v1/users/me")), credentials);
    call::ask(request, credentials, refine).await
}

#[async_trait]
impl Form for PeerTube {
    fn fields(&self) -> Vec<Field> {
        vec![
            Field::new("server", "Server", FieldKind::Text, true, EXAMPLE, "The server where your account is."),
            Field::new("username", "User name", FieldKind::Text, true, "ada", "Or the e-mail address of the account."),
            Field::new("password", "Password", FieldKind::Password, true, "", "It is used once and not kept."),
            Field::new(
                "otp",
                "Two-factor code",
                FieldKind::Text,
                false,
                "123456",
                "Only where your account has a second factor.",
            ),
        ]
    }

    async fn sign_in(&self, net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let value = |name| typed(values, name);
        let origin = origin::normalise(value("server"), EXAMPLE).map_err(|message| FormRefusal::Field {
            name: "server",
            message,
            fix: format!("Enter the server of your account, like {EXAMPLE}."),
        })?;
        if value("username").contains(char::is_whitespace) {
            return Err(FormRefusal::Field {
                name: "username",
                message: "A user name at PeerTube has no spaces.".to_owned(),
                fix: "Enter the name you sign in with, or your e-mail address; not the name that is shown.".to_owned(),
            });
        }
        let entered = Credentials { access_token: value("password").into(), ..Credentials::default() };
        let grant = [("grant_type", "password"), ("username", value("username")), ("password", value("password"))];
        let credentials = tokens(net, &origin, &grant, value("otp"), &entered)
            .await
            .map_err(|refusal| on_its_field(&origin, refusal.harmless()))?;
        let account = me(net, &origin, &credentials).await?.account;
        let id = format!("{}@{}", account.name, account.host);
        let identified = Identified { identity: account.identity(&origin, id), granted: None, facts: Facts::new() };
        Ok(SignedIn { instance: Some(origin), credentials, identified })
    }

    async fn refresh(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Option<Credentials>, Refusal> {
        let Some(token) = &credentials.refresh_token else { return Ok(None) };
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
        let new = tokens(net, server(instance)?, &grant, "", credentials).await?;
        Ok(Some(credentials.replaced_by(new)))
    }
}

/// Shows what the server said on the field that it is about.
fn on_its_field(origin: &str, refusal: Refusal) -> FormRefusal {
    let code = refusal.detail().code.as_deref().unwrap_or_default();
    match (code, refusal.detail().status) {
        ("missing_two_factor" | "invalid_two_factor", _) => FormRefusal::FieldRefused { name: "otp", refusal },
        ("invalid_grant", _) => FormRefusal::FieldRefused { name: "password", refusal },
        ("", Some(status)) if status < 500 && status != 429 => {
            let said = format!("{origin} does not answer like a PeerTube server");
            let detail = Detail { status: Some(status), ..Detail::new(said).diagnosed(Code::InstanceNotCompatible) };
            FormRefusal::FieldRefused { name: "server", refusal: Refusal::Content(detail) }
        }
        _ => FormRefusal::Refused(refusal),
    }
}

/// PeerTube's error codes.
fn refine(refusal: Refusal) -> Refusal {
    let code = refusal.detail().code.clone().unwrap_or_default();
    let said = refusal.detail().message.to_lowercase();
    match (code.as_str(), refusal) {
        ("invalid_grant" | "invalid_token", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
        }
        ("missing_two_factor" | "invalid_two_factor", Refusal::Content(detail) | Refusal::Auth(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsTwoFactor))
        }
        (
            "account_waiting_for_approval" | "account_approval_rejected" | "user_blocked",
            Refusal::Content(detail) | Refusal::Auth(detail),
        ) => Refusal::Auth(detail.diagnosed(Code::Suspended)),
        ("quota_reached" | "max_file_size_reached", refusal) => refusal.at("/media"),
        (_, refusal) => {
            let fields = [
                ("name", "/settings/title"),
                ("tags", "/settings/tags"),
                ("category", "/settings/category"),
                ("licence", "/settings/licence"),
                ("language", "/settings/language"),
                ("description", "/text"),
                ("videofile", "/media"),
                ("thumbnailfile", "/media"),
            ];
            let named = said.strip_prefix("incorrect request parameters:").unwrap_or_default();
            let field = fields.into_iter().find(|(name, _)| named.split([',', ' ']).any(|word| word == *name));
            match (field, refusal.detail().status) {
                (Some((_, pointer)), _) => refusal.at(pointer),
                (None, Some(413 | 415)) => refusal.at("/media"),
                _ => refusal,
            }
        }
    }
}

#[async_trait]
impl Choosing for PeerTube {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let origin = server(access.instance)?;
        let choice = |channel: Channel| Choice {
            identity: channel.actor.identity(origin, channel.id.to_string()),
            kind: WORDS.one.to_owned(),
            credentials: None,
            facts: Facts::new(),
            unusable: None,
        };
        Ok(me(access.net, origin, access.credentials).await?.video_channels.into_iter().map(choice).collect())
    }

    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        let channels = me(access.net, server(access.instance)?, access.credentials).await?.video_channels;
        if channels.iter().any(|channel| channel.id.to_string() == identity.remote_id) {
            return Ok(());
        }
        let said = format!("the account has no channel {}", identity.name);
        Err(Refusal::Content(Detail::new(said).diagnosed(Code::OtherThanExpected)))
    }
}

#[derive(Deserialize)]
struct Uploaded {
    video: Video,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    uuid: String,
    #[serde(default, rename = "shortUUID")]
    short: Option<String>,
}

impl Video {
    fn sent(self, origin: &str) -> Sent {
        let place = self.short.as_deref().unwrap_or(&self.uuid);
        Sent { url: Some(format!("{origin}/w/{place}")), remote_id: self.uuid, data: Value::Null }
    }
}

#[async_trait]
impl Publish for PeerTube {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        self.prepared(cx, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let origin = server(cx.instance)?;
        let (_, film) = film(item)?;
        let address = self.prepared(cx, item).await?;
        let upload = || async {
            let uploaded: Uploaded = session(&address, film).finish(cx).await?.json()?;
            Ok(uploaded.video)
        };
        let video: Video = cx.step("upload", Once::Look, || Box::pin(upload())).await?;
        Ok(video.sent(origin))
    }
}

fn session<'a>(address: &'a str, film: &'a MediaItem) -> Session<'a> {
    let refused = |answer: &Answer| match refine(Refusal::from_answer(answer)) {
        // Cleared away meanwhile: a later try begins anew.
        Refusal::Content(detail) if detail.status == Some(404) => Refusal::Temporary(detail),
        refusal => refusal,
    };
    Session { address, media: film, mime: "application/octet-stream", refused }
}

impl PeerTube {
    /// The address of the session that has all of the video but its last piece, without which there is no video.
    async fn prepared(&self, cx: &Cx<'_>, item: &Item) -> Result<String, Refusal> {
        let (index, film) = film(item)?;
        let step = cx.upload_step(index, SESSION_LIFE);
        let address: String = cx.step(&step, Once::Repeatable, || Box::pin(self.begin(cx, item, film))).await?;
        let prepare = || async { session(&address, film).prepare(cx).await };
        cx.step(&format!("{step}, all but its end"), Once::Repeatable, || Box::pin(prepare())).await?;
        Ok(address)
    }

    /// Tells the server what is coming, and gives the address to send it to.
    async fn begin(&self, cx: &Cx<'_>, item: &Item, film: &MediaItem) -> Result<String, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let place = format!("{}/api/v1/videos/upload-resumable", server(cx.instance)?);
        let mut form = fields(cx.account, &settings, &self.render(&item.body)).text("filename", &film.name);
        if let Some(picture) = item.media.iter().find(|item| !item.is_film()) {
            // Under both its names: the older one counted until version 8.1.
            for name in ["previewfile", "thumbnailfile"] {
                form = form.part(name, &picture.name, &picture.mime, cx.body(picture).await?);
            }
        }
        let request = signed(cx.net.post(&place).multipart(form).timeout(UPLOAD), cx.credentials);
        let request = request
            .header("x-upload-content-length", film.size.to_string())
            .header("x-upload-content-type", &film.mime);
        let answer = call::send(request, cx.credentials, refine).await.map_err(Refusal::harmless)?;
        // Behind a proxy the server may take itself for another host; the session is known by its id.
        let id = answer.header("location").and_then(|at| {
            let (_, query) = at.split_once('?')?;
            url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "upload_id")
        });
        let lacks = || Refusal::Temporary(Detail::new("the answer names no place for the video"));
        let (_, id) = id.ok_or_else(lacks)?;
        let query: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        Ok(format!("{place}?upload_id={query}"))
    }
}

/// The video of a part, and its place among the files.
fn film(item: &Item) -> Result<(usize, &MediaItem), Refusal> {
    let lacks = || Refusal::Content(Detail::new("there is no video")).at("/media");
    item.media.iter().enumerate().find(|(_, media)| media.is_film()).ok_or_else(lacks)
}

/// What is told of a video beside its file.
fn fields(channel: &str, settings: &Settings, words: &str) -> Multipart {
    let is = |yes: bool| if yes { "true" } else { "false" };
    let mut form = Multipart::new()
        .text("channelId", channel)
        .text("name", settings.title.as_str())
        .text("privacy", settings.privacy.number())
        .text("nsfw", is(settings.nsfw))
        .text("commentsPolicy", settings.comments.number())
        .text("downloadEnabled", is(settings.download_enabled))
        .text("waitTranscoding", is(settings.wait_transcoding));
    for (index, tag) in settings.tags.iter().enumerate() {
        form = form.text(&format!("tags[{index}]"), tag.as_str());
    }
    let more = [
        ("description", if is_too_short(words) { "" } else { words }),
        ("category", &settings.category),
        ("licence", &settings.licence),
        ("language", &settings.language),
        ("support", &settings.support),
    ];
    for (name, value) in more.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
        form = form.text(name, value);
    }
    form
}

#[derive(Deserialize)]
struct Listing {
    data: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(flatten)]
    video: Video,
    name: String,
    created_at: Timestamp,
    channel: OfChannel,
}

#[derive(Deserialize)]
struct OfChannel {
    id: u64,
}

#[async_trait]
impl Recent for PeerTube {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let origin = server(cx.instance)?;
        let since = cx.due_at - CLOCK_SLACK;
        let query = [("sort", "-createdAt"), ("start", "0"), ("count", "100")];
        let request = signed(cx.net.get(format!("{origin}/api/v1/users/me/videos")).query(&query), cx.credentials);
        let page: Listing = call::ask(request, cx.credentials, refine).await.map_err(Refusal::of_look)?;
        let reached_earlier = page.data.len() < LIMIT || page.data.iter().any(|listed| listed.created_at < since);
        let is_it = |listed: &Listed| {
            listed.created_at >= since
                && listed.channel.id.to_string() == cx.account
                && listed.name.trim() == settings.title.trim()
        };
        match page.data.into_iter().find(is_it) {
            Some(listed) => Ok(Some(listed.video.sent(origin))),
            None if reached_earlier => Ok(None),
            None => Err(Refusal::Unknown(Detail::new("there are too many newer videos to tell whether it is there"))),
        }
    }
}

#[async_trait]
impl Lookup for PeerTube {
    fn names(&self) -> &'static [&'static str] {
        &[CATEGORIES, LICENCES]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let request = access.net.get(format!("{}/api/v1/videos/{name}", server(access.instance)?));
        let request = signed(request, access.credentials);
        let named: BTreeMap<String, String> = call::ask(request, access.credentials, refine).await?;
        let item = |(id, name)| LookupItem { id, name, detail: String::new() };
        Ok(fitting(named.into_iter().map(item), query))
    }
}
