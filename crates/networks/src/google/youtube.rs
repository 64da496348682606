//! `YouTube`: videos on a channel.
//!
//! After <https://developers.google.com/youtube/v3/docs> (2026): `videos.insert` by resumable upload, `thumbnails.set`, `playlistItems`,
//! `videoCategories`. A session of an upload gives the same video however often it is asked, which is what makes it one.

use super::{PROFILE, ask, endpoints, refused};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::call;
use crate::check::{self, PartToCheck};
use crate::choosing::{Access, Choice, Choosing, Words};
use crate::connect::{Connect, Endpoints, Facts, Identified, OAuth2, Scope};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::resumable::Session;
use crate::{Credentials, Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding, Timestamp, channel::Identity};
use crier_net::Client;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "youtube",
    name: "YouTube",
    color: "#ff0000",
    summary: "Videos and Shorts on your channels, by an app of your own.",
    works_at_once: false,
    console: Some("https://console.cloud.google.com/apis/credentials"),
    deadline_s: 3600,
};

pub(super) const API: &str = "https://www.googleapis.com/youtube/v3";
const UPLOADS: &str = "https://www.googleapis.com/upload/youtube/v3";
const UPLOAD_SCOPE: &str = "https://www.googleapis.com/auth/youtube.upload";
const SCOPES: &[Scope] = &[
    Scope { id: PROFILE, why: "to know which account signed in", required: true },
    Scope { id: UPLOAD_SCOPE, why: "to upload videos and their thumbnails", required: true },
    Scope {
        id: "https://www.googleapis.com/auth/youtube.readonly",
        why: "to know your channels, and to find a video again when its confirmation was lost",
        required: true,
    },
    Scope {
        id: "https://www.googleapis.com/auth/youtube.force-ssl",
        why: "to put videos into playlists, and to delete and change them",
        required: false,
    },
    Scope {
        id: "https://www.googleapis.com/auth/yt-analytics.readonly",
        why: "to show the views of each day",
        required: false,
    },
];

const WORDS: Words = Words {
    one: "Channel",
    many: "Channels",
    needed: "Make a channel first: sign in at YouTube and open “Your channel”.",
};

/// Sessions of uploads end after a week.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(24 * 6);
const THUMBNAIL: Duration = Duration::from_secs(60);
/// How far YouTube's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// The most characters of all tags together, with the commas between them and quotes around those with a space.
const TAGS: usize = 500;
/// How many one answer holds.
const LIMIT: &str = "50";
/// Pages of them that are read at most.
const PAGES: usize = 5;
const PLAYLISTS: &str = "playlists";
const CATEGORIES: &str = "categories";

#[derive(Debug)]
pub struct YouTube;

/// Who sees a video.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Privacy {
    #[default]
    Public,
    Private,
    Unlisted,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum MadeForKids {
    Yes,
    #[default]
    No,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Settings {
    #[schemars(title = "Title", length(min = 2, max = 100), regex(pattern = r"^[^<>\r\n]*$"))]
    pub title: String,
    #[serde(default, rename = "type")]
    #[schemars(
        title = "Visibility",
        description = "Who sees the video; “unlisted” is for those who have its address."
    )]
    privacy: Privacy,
    #[serde(default)]
    #[schemars(title = "Made for kids", description = "Whether the video is directed at children.")]
    self_declared_made_for_kids: MadeForKids,
    #[serde(default)]
    #[schemars(title = "Tags", description = "Of 500 characters together.", inner(length(min = 1, max = 100)))]
    tags: Vec<String>,
    #[serde(default)]
    #[schemars(
        title = "Category",
        description = "Without one, “People & Blogs”.",
        regex(pattern = r"^[0-9]{0,4}$"),
        extend("x-lookup" = CATEGORIES)
    )]
    category_id: String,
    #[serde(default)]
    #[schemars(
        title = "Playlist",
        description = "One of the channel's, into which the video is put.",
        regex(pattern = r"^[A-Za-z0-9_-]{0,64}$"),
        extend("x-lookup" = PLAYLISTS)
    )]
    playlist: String,
    #[serde(default)]
    #[schemars(
        title = "Altered or synthetic",
        description = "It looks real and was made or changed by AI or the like."
    )]
    contains_synthetic_media: bool,
    #[serde(default)]
    #[schemars(title = "Silent", description = "Subscribers get no notification.")]
    silent: bool,
}

impl Network for YouTube {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn choosing(&self) -> Option<&dyn Choosing> {
        Some(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let videos = ["video/mp4", "video/quicktime", "video/webm"];
        Rules {
            // The title says enough.
            text: TextRules { required_without_media: false, ..TextRules::up_to(5000, Unit::Byte) },
            // A picture beside the video is its thumbnail.
            media: MediaRules::up_to(
                2,
                vec![
                    MediaKind::up_to(2_000_000, &["image/jpeg", "image/png"]),
                    MediaKind::up_to(256_000_000_000, &videos).films(0, 12 * 3600, &[]),
                ],
                None,
            ),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], given: &Map<String, Value>) -> Vec<Finding> {
        let (Ok(settings), Some(part)) = (settings::read::<Settings>(given), parts.first()) else {
            return Vec::new();
        };
        let mut found: Vec<Finding> = check::one_video("YouTube", part).into_iter().collect();
        if self.render(part.body).contains(['<', '>']) {
            let message = "YouTube takes no “<” and no “>” in a description.";
            let at = format!("{}/text", part.pointer);
            found.push(Finding::error(at, "text.characters", message, "Write it in another way."));
        }
        let length = tags_length(&settings.tags);
        if length > TAGS {
            let over = length - TAGS;
            let message = format!("YouTube takes tags of {TAGS} characters together; these are {over} too many.");
            found.push(Finding::error("/settings/tags", "settings.invalid", message, "Remove some."));
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

/// As YouTube counts them: a tag with a space is in quotes.
fn tags_length(tags: &[String]) -> usize {
    let one = |tag: &String| tag.chars().count() + if tag.contains(' ') { 2 } else { 0 };
    tags.iter().map(one).sum::<usize>() + tags.len().saturating_sub(1)
}

#[async_trait]
impl OAuth2 for YouTube {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        endpoints()
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        super::identify(net, credentials).await
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing<T> {
    #[serde(default = "Vec::new")]
    items: Vec<T>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    snippet: ChannelSnippet,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChannelSnippet {
    title: String,
    /// `@ada`.
    #[serde(default)]
    custom_url: Option<String>,
    /// Two letters, where the channel tells.
    #[serde(default)]
    country: Option<String>,
    #[serde(default)]
    thumbnails: Thumbnails,
}

#[derive(Default, Deserialize)]
struct Thumbnails {
    #[serde(default)]
    medium: Option<Thumbnail>,
    #[serde(default)]
    default: Option<Thumbnail>,
}

#[derive(Deserialize)]
struct Thumbnail {
    url: String,
}

impl Channel {
    fn identity(self) -> Identity {
        let handle = self.snippet.custom_url.map(|handle| handle.trim_start_matches('@').to_owned());
        let place = handle.as_ref().map_or_else(|| format!("channel/{}", self.id), |handle| format!("@{handle}"));
        let Thumbnails { medium, default } = self.snippet.thumbnails;
        Identity {
            profile_url: Some(format!("https://www.youtube.com/{place}")),
            handle: handle.unwrap_or_else(|| self.snippet.title.clone()),
            name: self.snippet.title,
            remote_id: self.id,
            avatar_url: medium.or(default).map(|thumbnail| thumbnail.url),
        }
    }
}

async fn mine(access: &Access<'_>) -> Result<Vec<Channel>, Refusal> {
    let query = [("part", "snippet"), ("mine", "true"), ("maxResults", LIMIT)];
    let request = access.net.get(format!("{API}/channels")).query(&query);
    Ok(ask::<Listing<Channel>>(request, access.credentials).await?.items)
}

#[async_trait]
impl Choosing for YouTube {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let choice = |channel: Channel| Choice {
            identity: channel.identity(),
            kind: WORDS.one.to_owned(),
            credentials: None,
            facts: Facts::new(),
            unusable: None,
        };
        Ok(mine(access).await?.into_iter().map(choice).collect())
    }

    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        if mine(access).await?.iter().any(|channel| channel.id == identity.remote_id) {
            return Ok(());
        }
        let said = format!("the sign-in does not speak for the channel {}", identity.name);
        Err(Refusal::Content(Detail::new(said).diagnosed(Code::OtherThanExpected)))
    }
}

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

#[async_trait]
impl Publish for YouTube {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        let (index, film) = film(item)?;
        self.prepared(cx, item, index, film).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let (index, film) = film(item)?;
        let address = self.prepared(cx, item, index, film).await?;
        // What was lost longer ago than sessions live, the channel's videos have to tell.
        let knows = cx.lives(SESSION_LIFE) == 0;
        let once = if knows { Once::Key(format!("{}-video", cx.key())) } else { Once::Look };
        let send = || async { Ok(session(&address, film).finish(cx).await?.json::<Made>()?) };
        let made = cx.step("upload", once, || Box::pin(send())).await;
        let Made { id } = made.map_err(|refusal| about_film(refusal, index))?;
        if let Some(picture) = item.media.iter().find(|item| !item.is_film()) {
            let set = || set_thumbnail(cx, &id, picture);
            aside("its thumbnail", cx.step("thumbnail", Once::Repeatable, set).await)?;
        }
        if !settings.playlist.is_empty() {
            let add = || add_to_playlist(cx, &id, &settings.playlist);
            aside("its playlist", cx.step("playlist", Once::Repeatable, add).await)?;
        }
        Ok(sent(id))
    }
}

/// The video of a part, and its place among the files.
fn film(item: &Item) -> Result<(usize, &MediaItem), Refusal> {
    let lacks = || Refusal::Content(Detail::new("there is no video")).at("/media");
    item.media.iter().enumerate().find(|(_, media)| media.is_film()).ok_or_else(lacks)
}

fn session<'a>(address: &'a str, film: &'a MediaItem) -> Session<'a> {
    Session { address, media: film, mime: &film.mime, refused: refine_answer }
}

fn about_film(refusal: Refusal, index: usize) -> Refusal {
    match refusal.detail().pointer {
        None => refusal.at(&format!("/media/{index}")),
        Some(_) => refusal,
    }
}

impl YouTube {
    /// The address of the session that has all of the video but its last piece, without which there is no video. It lives for a week
    /// from its first try.
    async fn prepared(&self, cx: &Cx<'_>, item: &Item, index: usize, film: &MediaItem) -> Result<String, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = self.render(&item.body);
        let step = cx.upload_step(index, SESSION_LIFE);
        let begin = || begin(cx, film, &words, &settings);
        let address: String = cx.step(&step, Once::Repeatable, begin).await?;
        let prepare = || async { session(&address, film).prepare(cx).await };
        let sent = cx.step(&format!("{step}, all but its end"), Once::Repeatable, || Box::pin(prepare())).await;
        sent.map_err(|refusal| about_film(refusal, index))?;
        Ok(address)
    }
}

fn sent(id: String) -> Sent {
    Sent { url: Some(format!("https://www.youtube.com/watch?v={id}")), remote_id: id, data: Value::Null }
}

/// The video is there. What YouTube refuses to do to it besides is told in the log, since publishing again would publish another.
fn aside(what: &str, outcome: Result<(), Refusal>) -> Result<(), Refusal> {
    match outcome {
        // Only what a host has answered is YouTube's word.
        Err(refusal) if refusal.detail().host.is_some() => {
            tracing::warn!(%refusal, "a video is on YouTube without {what}");
            Ok(())
        }
        outcome => outcome,
    }
}

/// Tells YouTube what is coming, and gives the address to send it to.
async fn begin(cx: &Cx<'_>, film: &MediaItem, words: &str, settings: &Settings) -> Result<String, Refusal> {
    let mut snippet = json!({ "title": settings.title, "description": words, "tags": settings.tags });
    if !settings.category_id.is_empty() {
        snippet["categoryId"] = settings.category_id.as_str().into();
    }
    let video = json!({
        "snippet": snippet,
        "status": {
            "privacyStatus": settings.privacy,
            "selfDeclaredMadeForKids": settings.self_declared_made_for_kids == MadeForKids::Yes,
            "containsSyntheticMedia": settings.contains_synthetic_media,
        },
    });
    let notify = if settings.silent { "false" } else { "true" };
    let query = [("uploadType", "resumable"), ("part", "snippet,status"), ("notifySubscribers", notify)];
    let request = cx.net.post(format!("{UPLOADS}/videos")).query(&query).json(&video);
    let request = request
        .bearer(cx.credentials.access_token.expose())
        .header("x-upload-content-type", &film.mime)
        .header("x-upload-content-length", film.size.to_string());
    let judge = |answer: crier_net::Answer| {
        if !answer.is_success() {
            return Err(refine_answer(&answer));
        }
        let lacks = || Refusal::Temporary(Detail::new("the answer names no place for the video"));
        answer.header("location").map(str::to_owned).ok_or_else(lacks)
    };
    call::judged(request, cx.credentials, judge).await.map_err(Refusal::harmless)
}

fn refine_answer(answer: &crier_net::Answer) -> Refusal {
    refine(refused(answer))
}

/// Which field YouTube's reasons are about.
pub(super) fn refine(refusal: Refusal) -> Refusal {
    let reason = refusal.detail().code.clone().unwrap_or_default();
    match reason.as_str() {
        "invalidTitle" => refusal.at("/settings/title"),
        "invalidTags" => refusal.at("/settings/tags"),
        "invalidCategoryId" => refusal.at("/settings/categoryId"),
        "invalidDescription" => refusal.at("/text"),
        "playlistNotFound" | "playlistContainsMaximumNumberOfVideos" => refusal.at("/settings/playlist"),
        _ => refusal,
    }
}

async fn set_thumbnail(cx: &Cx<'_>, video: &str, picture: &MediaItem) -> Result<(), Refusal> {
    let request = cx.net.post(format!("{UPLOADS}/thumbnails/set")).query(&[("videoId", video)]);
    let request = request.body(cx.body(picture).await?, &picture.mime).timeout(THUMBNAIL);
    ask::<serde::de::IgnoredAny>(request, cx.credentials).await.map(drop)
}

async fn add_to_playlist(cx: &Cx<'_>, video: &str, playlist: &str) -> Result<(), Refusal> {
    let entry = json!({
        "snippet": { "playlistId": playlist, "resourceId": { "kind": "youtube#video", "videoId": video } },
    });
    let request = cx.net.post(format!("{API}/playlistItems")).query(&[("part", "snippet")]).json(&entry);
    ask::<serde::de::IgnoredAny>(request, cx.credentials).await.map(drop)
}

#[derive(Deserialize)]
struct Uploaded {
    snippet: UploadedSnippet,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadedSnippet {
    title: String,
    #[serde(default)]
    description: String,
    published_at: Timestamp,
    resource_id: Resource,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    video_id: String,
}

#[async_trait]
impl Recent for YouTube {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = self.render(&item.body);
        let since = cx.due_at - CLOCK_SLACK;
        // The list of a channel's videos is named after the channel: UC… has UU….
        let unknown = || Refusal::Unknown(Detail::new("the channel's list of videos has no name"));
        let uploads = format!("UU{}", cx.account.strip_prefix("UC").ok_or_else(unknown)?);
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![("part", "snippet"), ("playlistId", uploads.as_str()), ("maxResults", LIMIT)];
            query.extend(token.as_deref().map(|token| ("pageToken", token)));
            let request = cx.net.get(format!("{API}/playlistItems")).query(&query);
            let page: Listing<Uploaded> = ask(request, cx.credentials).await.map_err(Refusal::of_look)?;
            let reached_earlier = page.items.iter().any(|listed| listed.snippet.published_at < since);
            let is_it = |snippet: &UploadedSnippet| {
                snippet.published_at >= since
                    && snippet.title.trim() == settings.title.trim()
                    && snippet.description.trim() == words.trim()
            };
            let found = page.items.into_iter().map(|listed| listed.snippet).find(is_it);
            if let Some(snippet) = found {
                return Ok(Some(sent(snippet.resource_id.video_id)));
            }
            token = page.next_page_token.filter(|_| !reached_earlier);
            if token.is_none() {
                return Ok(None);
            }
        }
        Err(Refusal::Unknown(Detail::new("there are too many newer videos to tell whether this one is among them")))
    }
}

#[derive(Deserialize)]
struct Named {
    id: String,
    snippet: NamedSnippet,
}

#[derive(Deserialize)]
struct NamedSnippet {
    title: String,
    #[serde(default = "yes")]
    assignable: bool,
}

fn yes() -> bool {
    true
}

#[async_trait]
impl Lookup for YouTube {
    fn names(&self) -> &'static [&'static str] {
        &[PLAYLISTS, CATEGORIES]
    }

    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let (mut all, mut token) = (Vec::new(), None::<String>);
        let country = if name == CATEGORIES { Some(country(access).await?) } else { None };
        for _ in 0..PAGES {
            let mut asked = vec![("part", "snippet")];
            let place = match &country {
                Some(country) => {
                    asked.push(("regionCode", country));
                    "videoCategories"
                }
                None => {
                    asked.extend([("mine", "true"), ("maxResults", LIMIT)]);
                    "playlists"
                }
            };
            asked.extend(token.as_deref().map(|token| ("pageToken", token)));
            let request = access.net.get(format!("{API}/{place}")).query(&asked);
            let page: Listing<Named> = ask(request, access.credentials).await?;
            all.extend(page.items.into_iter().filter(|named| named.snippet.assignable));
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
        }
        let item = |named: Named| LookupItem { id: named.id, name: named.snippet.title, detail: String::new() };
        Ok(fitting(all.into_iter().map(item), query))
    }
}

/// Categories differ by country: that of the channel, or the United States, where YouTube has them all.
async fn country(access: &Access<'_>) -> Result<String, Refusal> {
    let told = mine(access).await?.into_iter().find_map(|channel| channel.snippet.country);
    Ok(told.unwrap_or_else(|| "US".to_owned()))
}
