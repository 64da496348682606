//! TikTok by its API for businesses: videos and photo posts of a business's own account, by an app of one's own.
//!
//! After <https://business-api.tiktok.com/portal/docs?id=1762228496095234> (publishing a video) and the pages beside it: photo posts,
//! `publish/status`, `video/settings`, `video/list`, `tt_user/oauth2` (read in November 2026). TikTok fetches all files. Every answer has
//! status 200, and a code of its own that is 0 for a success. It knows no key, so that people are asked when an answer was lost.

mod afterwards;
mod tags;

use super::refusal::refine;
use super::{
    Creator, Method, Music, PROCESSING, Privacy, State, addresses, first_file, hidden_partnership, is_video, no_files,
};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{
    Answered, ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, address, fixed,
};
use crate::lookup::Lookup;
use crate::publish::{Cx, Item, Once, Publish, Sent, done_within};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding, channel::Identity};
use crier_net::{Answer, Client, Request};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const ABOUT: About = About {
    id: "tiktok-business",
    name: "TikTok for Business",
    color: "#000000",
    summary: "Videos and photo posts of a TikTok business account, by an app of your own.",
    works_at_once: false,
    console: Some("https://business-api.tiktok.com/portal/apps"),
    deadline_s: 1200,
};

const API: &str = "https://business-api.tiktok.com/open_api/v1.3";
const SCOPES: &[Scope] = &[
    Scope { id: "user.info.basic", why: "to know which account this is", required: true },
    Scope { id: "user.info.username", why: "to know its name in addresses", required: true },
    Scope { id: "video.publish", why: "to publish your posts", required: true },
    Scope { id: "video.upload", why: "to leave drafts in your inbox", required: false },
    Scope { id: "video.list", why: "to show views, likes and comments of your posts", required: false },
    Scope { id: "user.info.stats", why: "to show your followers and likes", required: false },
];
/// In [`Credentials::extra`]: what the account is called in every request.
const OPEN_ID: &str = "open_id";

#[derive(Debug)]
pub struct TikTokBusiness;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Who can see it", description = "Photos need it; videos are seen as the account has it.")]
    privacy_level: Option<Privacy>,
    #[schemars(title = "Title", description = "Of photos; a video has the text alone.", length(max = 90))]
    title: String,
    #[schemars(title = "Comments", description = "People can comment on it.")]
    comment: bool,
    #[schemars(title = "Duets", description = "People can make duets with the video.")]
    duet: bool,
    #[schemars(title = "Stitches", description = "People can use parts of the video.")]
    stitch: bool,
    #[serde(rename = "autoAddMusic")]
    #[schemars(title = "Music of TikTok's choice", description = "TikTok adds music to photos.")]
    auto_add_music: Music,
    #[schemars(
        title = "Music",
        description = "A track of the Commercial Music Library for a video. Search for a genre, like “POP”.",
        length(max = 64),
        extend("x-lookup" = tags::MUSIC)
    )]
    music: String,
    #[schemars(title = "How loud the music is", description = "Of 100.", range(max = 100))]
    audio_volume: u8,
    #[schemars(title = "How loud the video's own sound is", description = "Of 100, beside music.", range(max = 100))]
    video_volume: u8,
    #[schemars(
        title = "Place",
        description = "A place that is shown with it: its number and its name. Search for the name.",
        length(max = 200),
        regex(pattern = r"^(\S+ \S.*)?$"),
        extend("x-lookup" = tags::PLACE)
    )]
    location: String,
    #[schemars(
        title = "Paid partnership",
        description = "It promotes a brand of others. It can't be seen by you alone."
    )]
    brand_content_toggle: bool,
    #[schemars(title = "Your brand", description = "It promotes yourself or your own business.")]
    brand_organic_toggle: bool,
    #[schemars(title = "Made with AI", description = "Labels the video as having been made by AI.")]
    video_made_with_ai: bool,
    #[schemars(
        title = "How",
        description = "“UPLOAD” leaves it in the inbox of TikTok's app for you to finish; then only the title and the text of photos are kept."
    )]
    content_posting_method: Method,
    #[schemars(title = "Cover", description = "The second of the video that is its cover.", range(max = 600))]
    cover_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            privacy_level: None,
            title: String::new(),
            comment: false,
            duet: false,
            stitch: false,
            auto_add_music: Music::No,
            music: String::new(),
            // As TikTok's own app has it; its API would be silent.
            audio_volume: 50,
            video_volume: 50,
            location: String::new(),
            brand_content_toggle: false,
            brand_organic_toggle: false,
            video_made_with_ai: false,
            content_posting_method: Method::DirectPost,
            cover_second: 0,
        }
    }
}

impl Network for TikTokBusiness {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let photos = MediaKind::up_to(20_000_000, &["image/jpeg", "image/webp"]);
        let videos = MediaKind::up_to(1_000_000_000, &["video/mp4", "video/quicktime", "video/webm"]);
        Rules {
            text: TextRules { required_without_media: false, ..TextRules::up_to(2200, Unit::Utf16) },
            media: MediaRules {
                alone: vec!["video/".to_owned()],
                fetched: true,
                ..MediaRules::up_to(
                    35,
                    vec![
                        MediaKind { max_width: Some(1080), max_height: Some(1920), ..photos },
                        MediaKind { min_side: Some(360), ..videos }.films(3, 10 * 60, &[]).frames(23, 60),
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
        let mut found: Vec<Finding> = parts.iter().filter_map(no_files).collect();
        found.extend(hidden_partnership(settings));
        let photos = parts.iter().flat_map(|part| part.media).any(|media| !is_video(media));
        let draft = settings.get("content_posting_method") == Some(&"UPLOAD".into());
        if photos && !draft && settings.get("privacy_level").is_none_or(Value::is_null) {
            let message = "TikTok for Business needs “Who can see it” for photos.";
            let fix = "Choose “Who can see it” for this channel.";
            found.push(Finding::error("/settings/privacy_level", "settings.missing", message, fix));
        }
        found
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        Some(self)
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }
}

/// What every answer is wrapped in.
#[derive(Deserialize)]
struct Body<T> {
    data: T,
}

fn judge<T: DeserializeOwned>(answer: &Answer) -> Result<T, Refusal> {
    let body: Value = answer.json().unwrap_or_default();
    if answer.is_success() && body["code"] == 0 {
        return Ok(answer.json::<Body<T>>()?.data);
    }
    let message = body["message"].as_str().unwrap_or_default();
    Err(of_code(Refusal::from_answer(answer), body["code"].as_i64().unwrap_or_default(), message))
}

/// What a code means (<https://business-api.tiktok.com/portal/docs?id=1737172488964097>, November 2026). Why a post is not taken
/// stands in the message, by the words of TikTok's other API.
fn of_code(refusal: Refusal, code: i64, message: &str) -> Refusal {
    let about = |code: Code| refusal.detail().clone().diagnosed(code);
    match code {
        40102 | 40104 | 40105 => Refusal::Auth(about(Code::CredentialsWrong)),
        40001 => Refusal::Auth(about(Code::ConsentScopeMissing)),
        40016 | 40100 | 40132 | 40133 | 51021 => Refusal::RateLimit { until: None, detail: about(Code::RateLimited) },
        // Its own stumbles may hide a success behind them.
        50000..=50999 => Refusal::Unknown(about(Code::ServerError)),
        _ => {
            let mut words = message.split(|it: char| !it.is_ascii_lowercase() && it != '_');
            refine(refusal, words.find(|word| word.contains('_')).unwrap_or_default())
        }
    }
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let request = request.secret_header("access-token", credentials.access_token.expose());
    call::judged(request, credentials, |answer| judge(&answer)).await
}

/// Asks about the account.
async fn ask<T: DeserializeOwned>(
    net: &Client,
    credentials: &Credentials,
    path: &str,
    query: &[(&str, &str)],
) -> Result<T, Refusal> {
    let request = net.get(format!("{API}{path}")).query(&[("business_id", business_id(credentials)?)]).query(query);
    send(request, credentials).await.map_err(Refusal::harmless)
}

fn business_id(credentials: &Credentials) -> Result<&str, Refusal> {
    let lacks = || Detail::new("the sign-in does not say whose it is").diagnosed(Code::CredentialsWrong);
    Ok(credentials.extra.get(OPEN_ID).ok_or_else(|| Refusal::Auth(lacks()))?.expose())
}

#[derive(Deserialize)]
struct Profile {
    username: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    profile_image: Option<String>,
}

#[async_trait]
impl OAuth2 for TikTokBusiness {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    /// Its portal takes no other.
    fn redirect_ends_in_slash(&self) -> bool {
        true
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let dialect = Dialect {
            client_id: Some("client_key".to_owned()),
            token_client_id: Some("client_id".to_owned()),
            code: Some("auth_code".to_owned()),
            commas: true,
            json: true,
            refresh: Some(address(&format!("{API}/tt_user/oauth2/refresh_token/"))?),
            revoked: Some("access_token".to_owned()),
            ..Dialect::default()
        };
        Ok(Endpoints {
            revoke: Some(address(&format!("{API}/tt_user/oauth2/revoke/"))?),
            // Who is signed in to TikTok is asked which account it is to be.
            authorize_extra: vec![("disable_auto_auth".to_owned(), "1".to_owned())],
            ..fixed(
                "https://www.tiktok.com/v2/auth/authorize/",
                &format!("{API}/tt_user/oauth2/token/"),
                ClientAuth::Body,
                dialect,
            )?
        })
    }

    fn token_answer(&self, mut answer: Answered) -> Answered {
        if answer.get("code").is_some_and(|code| code == 0) {
            return match answer.remove("data") {
                Some(Value::Object(tokens)) => tokens,
                _ => answer,
            };
        }
        let message = answer.get("message").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let error =
            if ["auth_code", "auth code", "refresh_token", "refresh token"].iter().any(|it| message.contains(it)) {
                "invalid_grant"
            } else if ["client", "secret", "app "].iter().any(|it| message.contains(it)) {
                "invalid_client"
            } else {
                "invalid_request"
            };
        Answered::from_iter([
            ("error".to_owned(), error.into()),
            ("error_description".to_owned(), answer.remove("message").unwrap_or_default()),
        ])
    }

    fn keeps(&self) -> &'static [(&'static str, &'static str)] {
        &[(OPEN_ID, "/data/open_id")]
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let fields = json!(["username", "display_name", "profile_image"]).to_string();
        let profile: Profile = ask(net, credentials, "/business/get/", &[("fields", &fields)]).await?;
        let identity = Identity {
            remote_id: business_id(credentials)?.to_owned(),
            name: if profile.display_name.is_empty() { profile.username.clone() } else { profile.display_name },
            profile_url: Some(format!("https://www.tiktok.com/@{}", profile.username)),
            handle: profile.username,
            avatar_url: profile.profile_image.filter(|picture| !picture.is_empty()),
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[derive(Serialize, Deserialize)]
struct Begun {
    share_id: String,
}

#[async_trait]
impl Publish for TikTokBusiness {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let is_video = is_video(first_file(item)?);
        let files = addresses(item)?;
        let info = self.info(cx, item, &settings, is_video).await?;
        let business_id = business_id(cx.credentials)?;
        let (step, kind, body) = if is_video {
            let body = json!({ "business_id": business_id, "video_url": files[0], "post_info": info });
            ("post video", "video", body)
        } else {
            let body = json!({
                "business_id": business_id, "photo_images": files, "photo_cover_index": 0, "post_info": info,
            });
            ("post photos", "photo", body)
        };
        let request = cx.net.post(format!("{API}/business/{kind}/publish/")).json(&body);
        let Begun { share_id } = cx.step(step, Once::Ask, || send(request, cx.credentials)).await?;
        let look = || async { state(cx.net, cx.credentials, &share_id).await?.outcome(cx, &share_id, is_video) };
        done_within(PROCESSING, "TikTok is still processing the post", look).await
    }
}

async fn state(net: &Client, credentials: &Credentials, share_id: &str) -> Result<State, Refusal> {
    ask(net, credentials, "/business/publish/status/", &[("publish_id", share_id)]).await
}

impl TikTokBusiness {
    /// What goes with the files.
    async fn info(&self, cx: &Cx<'_>, item: &Item, settings: &Settings, is_video: bool) -> Result<Value, Refusal> {
        let words = self.render(&item.body);
        let draft = settings.content_posting_method == Method::Upload;
        if is_video && draft {
            return Ok(json!({ "upload_to_draft": true }));
        }
        let mut info =
            if is_video { json!({ "caption": words }) } else { json!({ "title": settings.title, "caption": words }) };
        let mut set = |name: &str, value: Value| info[name] = value;
        if draft {
            set("is_draft", true.into());
            return Ok(info);
        }
        let creator: Creator = ask(cx.net, cx.credentials, "/business/video/settings/", &[]).await?;
        set("disable_comment", (!settings.comment || creator.comment_disabled).into());
        set("is_branded_content", settings.brand_content_toggle.into());
        set("is_brand_organic", settings.brand_organic_toggle.into());
        if let Some((id, name)) = settings.location.split_once(' ') {
            set("location_id", id.into());
            set("location_name", name.into());
        }
        if !is_video {
            let needs = || Refusal::Content(Detail::new("photos need “Who can see it”")).at("/settings/privacy_level");
            let privacy = settings.privacy_level.ok_or_else(needs)?;
            creator.offers(privacy)?;
            set("privacy_level", json!(privacy));
            set("auto_add_music", (settings.auto_add_music == Music::Yes).into());
            return Ok(info);
        }
        set("disable_duet", (!settings.duet || creator.duet_disabled).into());
        set("disable_stitch", (!settings.stitch || creator.stitch_disabled).into());
        set("is_ai_generated", settings.video_made_with_ai.into());
        set("thumbnail_offset", (u64::from(settings.cover_second) * 1000).into());
        if !settings.music.is_empty() {
            let sound = json!({
                "music_sound_id": settings.music,
                "music_sound_volume": settings.audio_volume,
                "video_original_sound_volume": settings.video_volume,
            });
            set("music_sound_info", sound);
        }
        Ok(info)
    }
}
