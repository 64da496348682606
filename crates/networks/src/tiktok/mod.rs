//! TikTok: videos and photo posts of an account, or drafts in its inbox, by an app of one's own.
//!
//! After <https://developers.tiktok.com/doc/content-posting-api-get-started> and the pages beside it (August to November 2026): OAuth,
//! `user/info`, `creator_info/query`, `video/init`, `content/init`, uploads, `status/fetch`, and what media may be
//! (<https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide>). Videos are brought, photos fetched. TikTok knows no key; but a video is published only once its upload is whole, and what became of it is told by the id it was begun under.

mod afterwards;
pub mod business;
mod refusal;
mod upload;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{
    ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, address, fixed,
};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent, done_within};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Finding, channel::Identity};
use crier_net::{Client, Request};
use refusal::judge;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "tiktok",
    name: "TikTok",
    color: "#000000",
    summary: "Videos and photo posts on TikTok, by an app of your own.",
    works_at_once: false,
    console: Some("https://developers.tiktok.com/apps/"),
    deadline_s: 1200,
};

const API: &str = "https://open.tiktokapis.com/v2";
const SCOPES: &[Scope] = &[
    Scope { id: "user.info.basic", why: "to know which account this is", required: true },
    Scope { id: "user.info.profile", why: "to know its name in addresses", required: true },
    Scope { id: "video.publish", why: "to publish your posts", required: true },
    Scope { id: "video.upload", why: "to leave drafts in your inbox", required: false },
    Scope { id: "video.list", why: "to show views, likes and comments of your posts", required: false },
    Scope { id: "user.info.stats", why: "to show your followers and likes", required: false },
];
/// How long TikTok may take to process a post before it is asked again later.
const PROCESSING: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub struct TikTok;

/// Who sees a post, in TikTok's words. Its guidelines forbid a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Privacy {
    PublicToEveryone,
    MutualFollowFriends,
    FollowerOfCreator,
    SelfOnly,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Method {
    #[default]
    DirectPost,
    Upload,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Music {
    #[default]
    No,
    Yes,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Who can see it", description = "TikTok offers each account some of these.")]
    privacy_level: Privacy,
    #[serde(default)]
    #[schemars(title = "Title", description = "Of photos; a video has the text alone.", length(max = 90))]
    title: String,
    #[serde(default)]
    #[schemars(title = "Comments", description = "People can comment on it.")]
    comment: bool,
    #[serde(default)]
    #[schemars(title = "Duets", description = "People can make duets with the video.")]
    duet: bool,
    #[serde(default)]
    #[schemars(title = "Stitches", description = "People can use parts of the video.")]
    stitch: bool,
    #[serde(default, rename = "autoAddMusic")]
    #[schemars(title = "Music", description = "TikTok adds music to photos.")]
    auto_add_music: Music,
    #[serde(default)]
    #[schemars(
        title = "Paid partnership",
        description = "It promotes a brand of others. It can't be seen by you alone."
    )]
    brand_content_toggle: bool,
    #[serde(default)]
    #[schemars(title = "Your brand", description = "It promotes yourself or your own business.")]
    brand_organic_toggle: bool,
    #[serde(default)]
    #[schemars(title = "Made with AI", description = "Labels the video as having been made by AI.")]
    video_made_with_ai: bool,
    #[serde(default)]
    #[schemars(
        title = "How",
        description = "“UPLOAD” leaves it in the inbox of TikTok's app for you to finish; then only the title and the text are kept."
    )]
    content_posting_method: Method,
    #[serde(default)]
    #[schemars(title = "Cover", description = "The second of the video that is its cover.", range(max = 600))]
    cover_second: u32,
}

impl Network for TikTok {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules { required_without_media: false, ..TextRules::up_to(2200, Unit::Utf16) },
            media: MediaRules {
                alone: vec!["video/".to_owned()],
                ..MediaRules::up_to(
                    35,
                    vec![
                        MediaKind::up_to(20_000_000, &["image/jpeg", "image/webp"]),
                        MediaKind {
                            max_width: Some(4096),
                            max_height: Some(4096),
                            min_side: Some(360),
                            ..MediaKind::up_to(4_000_000_000, &["video/mp4", "video/quicktime", "video/webm"])
                        }
                        .films(3, 10 * 60, &[])
                        .frames(23, 60),
                    ],
                    None,
                )
            },
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], settings: &Map<String, Value>) -> Vec<Finding> {
        let mut found: Vec<Finding> = parts.iter().flat_map(wrong_files).collect();
        found.extend(hidden_partnership(settings));
        found
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        Some(self)
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }
}

fn is_video(media: &MediaItem) -> bool {
    media.mime.starts_with("video/")
}

fn hidden_partnership(settings: &Map<String, Value>) -> Option<Finding> {
    let is = |name: &str, value: Value| settings.get(name) == Some(&value);
    (is("brand_content_toggle", true.into()) && is("privacy_level", "SELF_ONLY".into())).then(|| {
        let message = "TikTok does not take a paid partnership that only you can see.";
        let fix = "Let more people see it, or switch “Paid partnership” off.";
        Finding::error("/settings/privacy_level", "settings.invalid", message, fix)
    })
}

fn no_files(part: &PartToCheck<'_>) -> Option<Finding> {
    let message = "TikTok takes no post without a video or photos.";
    let missing = || Finding::error(format!("{}/media", part.pointer), "media.missing", message, "Add one.");
    part.media.is_empty().then(missing)
}

fn wrong_files(part: &PartToCheck<'_>) -> Vec<Finding> {
    if let Some(finding) = no_files(part) {
        return vec![finding];
    }
    let hidden = part.media.iter().enumerate().filter(|(_, media)| !is_video(media) && media.url.is_none());
    let finding = |(index, media): (usize, &MediaItem)| {
        let message = format!("TikTok fetches photos from their address, and {} has no public one.", media.name);
        let fix = "Make this server reachable from outside, or remove the file for this channel.";
        Finding::error(format!("{}/media/{index}", part.pointer), "media.not_public", message, fix)
    };
    hidden.map(finding).collect()
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let request = request.bearer(credentials.access_token.expose());
    call::judged(request, credentials, |answer| judge(&answer)).await
}

/// [`send`] for a request that only asks, or may be made twice.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    send(request, credentials).await.map_err(Refusal::harmless)
}

/// An account, with what of it was asked.
#[derive(Deserialize)]
struct UserOf<T> {
    user: T,
}

#[derive(Deserialize)]
struct User {
    open_id: String,
    display_name: String,
    username: String,
    #[serde(default)]
    avatar_url: Option<String>,
}

#[async_trait]
impl OAuth2 for TikTok {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let dialect = Dialect { client_id: Some("client_key".to_owned()), commas: true, ..Dialect::default() };
        Ok(Endpoints {
            revoke: Some(address("https://open.tiktokapis.com/v2/oauth/revoke/")?),
            ..fixed(
                "https://www.tiktok.com/v2/auth/authorize/",
                "https://open.tiktokapis.com/v2/oauth/token/",
                ClientAuth::Body,
                dialect,
            )?
        })
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let request = net.get(format!("{API}/user/info/"));
        let request = request.query(&[("fields", "open_id,avatar_url,display_name,username")]);
        let UserOf::<User> { user } = ask(request, credentials).await?;
        let identity = Identity {
            remote_id: user.open_id,
            name: user.display_name,
            profile_url: Some(format!("https://www.tiktok.com/@{}", user.username)),
            handle: user.username,
            avatar_url: user.avatar_url.filter(|picture| !picture.is_empty()),
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

/// What the account may do now; TikTok wants it asked before each post.
#[derive(Deserialize)]
struct Creator {
    privacy_level_options: Vec<Value>,
    #[serde(default)]
    comment_disabled: bool,
    #[serde(default)]
    duet_disabled: bool,
    #[serde(default)]
    stitch_disabled: bool,
}

impl Creator {
    fn offers(&self, privacy: Privacy) -> Result<(), Refusal> {
        if self.privacy_level_options.contains(&json!(privacy)) {
            return Ok(());
        }
        let offered: Vec<&str> = self.privacy_level_options.iter().filter_map(Value::as_str).collect();
        let said = format!("TikTok offers this account {} to see it", offered.join(", "));
        Err(Refusal::Content(Detail::new(said)).at("/settings/privacy_level"))
    }
}

fn first_file(item: &Item) -> Result<&MediaItem, Refusal> {
    let none = || Refusal::Content(Detail::new("a post needs a video or photos")).at("/media");
    item.media.first().ok_or_else(none)
}

#[derive(Serialize, Deserialize)]
struct Begun {
    publish_id: String,
    /// Where a video is brought.
    #[serde(default)]
    upload_url: Option<String>,
}

#[async_trait]
impl Publish for TikTok {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let first = first_file(item)?;
        let info = self.info(cx, item, &settings).await?;
        let begun = if is_video(first) {
            // Nothing is seen of it before the upload is whole, so it may be begun twice.
            let begin = || async { upload::begin(cx, first, info).await };
            let begun: Begun = cx.step("begin", Once::Repeatable, begin).await?;
            let bring = || upload::bring(cx, first, &begun);
            cx.step("upload", Once::Key(begun.publish_id.clone()), bring).await.map_err(|it| it.at("/media/0"))?;
            begun
        } else {
            let photos = photos(item, &settings, info.as_ref())?;
            let request = cx.net.post(format!("{API}/post/publish/content/init/")).json(&photos);
            cx.step("post photos", Once::Ask, || send::<Begun>(request, cx.credentials)).await?
        };
        let look = || async { state(cx, &begun.publish_id).await?.outcome(cx, &begun.publish_id, is_video(first)) };
        done_within(PROCESSING, "TikTok is still processing the post", look).await
    }
}

impl TikTok {
    /// What goes with the files; none for a video that is only uploaded.
    async fn info(&self, cx: &Cx<'_>, item: &Item, settings: &Settings) -> Result<Option<Value>, Refusal> {
        let words = self.render(&item.body);
        let is_video = item.media.first().is_some_and(is_video);
        let words =
            if is_video { json!({ "title": words }) } else { json!({ "title": settings.title, "description": words }) };
        if settings.content_posting_method == Method::Upload {
            return Ok((!is_video).then_some(words));
        }
        let request = cx.net.post(format!("{API}/post/publish/creator_info/query/")).json(&json!({}));
        let creator: Creator = ask(request, cx.credentials).await?;
        creator.offers(settings.privacy_level)?;
        let mut info = words;
        let mut set = |name: &str, value: Value| info[name] = value;
        set("privacy_level", json!(settings.privacy_level));
        set("disable_comment", (!settings.comment || creator.comment_disabled).into());
        set("brand_content_toggle", settings.brand_content_toggle.into());
        set("brand_organic_toggle", settings.brand_organic_toggle.into());
        if is_video {
            set("disable_duet", (!settings.duet || creator.duet_disabled).into());
            set("disable_stitch", (!settings.stitch || creator.stitch_disabled).into());
            set("is_aigc", settings.video_made_with_ai.into());
            set("video_cover_timestamp_ms", (u64::from(settings.cover_second) * 1000).into());
        } else {
            set("auto_add_music", (settings.auto_add_music == Music::Yes).into());
        }
        Ok(Some(info))
    }
}

/// Where TikTok fetches the files from.
fn addresses(item: &Item) -> Result<Vec<&str>, Refusal> {
    let mut all = Vec::new();
    for (index, media) in item.media.iter().enumerate() {
        let lacks = || Refusal::Content(Detail::new("the file has no public address from which TikTok could fetch it"));
        all.push(media.url.as_deref().ok_or_else(|| lacks().at(&format!("/media/{index}")))?);
    }
    Ok(all)
}

fn photos(item: &Item, settings: &Settings, info: Option<&Value>) -> Result<Value, Refusal> {
    let addresses = addresses(item)?;
    let mode = if settings.content_posting_method == Method::Upload { "MEDIA_UPLOAD" } else { "DIRECT_POST" };
    Ok(json!({
        "media_type": "PHOTO",
        "post_mode": mode,
        "post_info": info,
        "source_info": { "source": "PULL_FROM_URL", "photo_cover_index": 0, "photo_images": addresses },
    }))
}

/// What became of a post; the API for businesses has other names for the same.
#[derive(Deserialize)]
struct State {
    status: String,
    #[serde(default, alias = "reason")]
    fail_reason: Option<String>,
    /// Only of what everybody may see, and only once TikTok has looked at it. The spelling is TikTok's.
    #[serde(default, alias = "post_ids")]
    publicaly_available_post_id: Vec<Value>,
    /// Of a video on its way.
    #[serde(default)]
    uploaded_bytes: u64,
}

async fn state(cx: &Cx<'_>, publish_id: &str) -> Result<State, Refusal> {
    let request = cx.net.post(format!("{API}/post/publish/status/fetch/"));
    ask(request.json(&json!({ "publish_id": publish_id })), cx.credentials).await
}

impl State {
    /// None while it is being processed.
    fn outcome(self, cx: &Cx<'_>, publish_id: &str, is_video: bool) -> Result<Option<Sent>, Refusal> {
        let profile = format!("https://www.tiktok.com/@{}", cx.handle);
        let (remote_id, url) = match (self.status.as_str(), self.publicaly_available_post_id.first()) {
            ("FAILED", _) => return Err(refusal::of_code(&self.fail_reason.unwrap_or_default())),
            ("PUBLISH_COMPLETE", Some(id)) => {
                let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                let url = format!("{profile}/{}/{id}", if is_video { "video" } else { "photo" });
                (id, url)
            }
            ("PUBLISH_COMPLETE", None) => (publish_id.to_owned(), profile),
            ("SEND_TO_USER_INBOX", _) => (publish_id.to_owned(), "https://www.tiktok.com/messages".to_owned()),
            _ => return Ok(None),
        };
        Ok(Some(Sent { remote_id, url: Some(url), data: Value::Null }))
    }
}
