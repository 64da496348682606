//! Pinterest: pins on the boards of an account, by an app of one's own.
//!
//! After Pinterest's description of its API (<https://github.com/pinterest/api-description>, version 5.23, December 2025) and
//! <https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/> (2026): OAuth, `user_account`,
//! `boards`, `media`, `pins`. Pinterest knows no key for a pin.

mod afterwards;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::check::PartToCheck;
use crate::choosing::Access;
use crate::connect::{ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Ratio, Rules, TextRules, Unit};
use crier_model::{Code, Finding, Timestamp, channel::Identity};
use crier_net::{Client, Multipart, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const ABOUT: About = About {
    id: "pinterest",
    name: "Pinterest",
    color: "#e60023",
    summary: "Pins on your boards at Pinterest, by an app of your own.",
    works_at_once: false,
    console: Some("https://developers.pinterest.com/apps/"),
    deadline_s: 900,
};

const API: &str = "https://api.pinterest.com/v5";
const SCOPES: &[Scope] = &[
    Scope { id: "user_accounts:read", why: "to know which account this is", required: true },
    Scope { id: "boards:read", why: "to list your boards", required: true },
    Scope { id: "boards:write", why: "to put pins on your boards", required: true },
    Scope { id: "pins:read", why: "to find a pin again when its confirmation was lost", required: true },
    Scope { id: "pins:write", why: "to publish your pins", required: true },
];
/// Files that no pin has taken are kept for some time that Pinterest does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(300);
/// How long Pinterest may take to process a video before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(300);
/// The most that one answer lists.
const PAGE: &str = "250";
/// Answers read at most in going through a list.
const PAGES: usize = 8;
/// How far Pinterest's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug)]
pub struct Pinterest;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Board",
        description = "Where the pin is put.",
        regex(pattern = r"^[0-9]{1,24}$"),
        extend("x-lookup" = "boards")
    )]
    board: String,
    #[serde(default)]
    #[schemars(title = "Title", length(max = 100))]
    title: String,
    #[serde(default)]
    #[schemars(
        title = "Link",
        description = "Where the pin leads. Pinterest does not like addresses of link shorteners.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2048)
    )]
    link: String,
    #[serde(default)]
    #[schemars(
        title = "Colour",
        description = "Shown while the picture loads, like “#6e7874”; empty leaves it to Pinterest.",
        regex(pattern = "^(#[0-9A-Fa-f]{6})?$")
    )]
    dominant_color: String,
    #[serde(default)]
    #[schemars(
        title = "Section",
        description = "The number of a section of the board; empty puts it on the board itself.",
        regex(pattern = r"^[0-9]{0,24}$")
    )]
    section: String,
    #[serde(default)]
    #[schemars(
        title = "Cover of a video",
        description = "The second of the video that is its cover, where no picture goes with it.",
        range(max = 900)
    )]
    cover_second: u32,
}

impl Network for Pinterest {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let video = MediaKind::up_to(2_000_000_000, &["video/mp4", "video/quicktime"]).films(4, 15 * 60, &[]);
        Rules {
            text: TextRules { required_without_media: false, ..TextRules::up_to(800, Unit::Grapheme) },
            media: MediaRules::up_to(
                5,
                vec![
                    MediaKind::up_to(20_000_000, &["image/jpeg", "image/png"]),
                    MediaKind { narrowest: Some(Ratio::of(1, 2)), widest: Some(Ratio::of(191, 100)), ..video },
                ],
                Some(500),
            ),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        parts.iter().filter_map(wrong_files).collect()
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

fn is_video(media: &MediaItem) -> bool {
    media.mime.starts_with("video/")
}

/// A pin is a picture, several of one size, or a video with its cover.
fn wrong_files(part: &PartToCheck<'_>) -> Option<Finding> {
    let pointer = format!("{}/media", part.pointer);
    let error = |code, message: &str, fix| Some(Finding::error(&pointer, code, message, fix));
    let Some(first) = part.media.first() else {
        return error("media.missing", "Pinterest takes no pin without a picture or a video.", "Add one.");
    };
    let videos = part.media.iter().filter(|media| is_video(media)).count();
    if videos > 1 || (videos == 1 && part.media.len() > 2) {
        let message = "Pinterest takes one video in a pin, alone or with one picture as its cover.";
        return error("media.mixed", message, "Remove the other files.");
    }
    let sizes = part.media.iter().map(|media| (media.width, media.height));
    if videos == 0 && sizes.into_iter().any(|size| size != (first.width, first.height)) {
        let message = "Pinterest takes several pictures in a pin only when all have the same width and height.";
        return error("media.ratio", message, "Crop them to one size, or use one picture alone.");
    }
    None
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    call::json(request.bearer(credentials.access_token.expose()), credentials, refine).await
}

/// [`send`] for a request that only asks, or may be made twice.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    send(request, credentials).await.map_err(Refusal::harmless)
}

/// Pinterest has a number for each error, and tells more in the sentence.
fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let status = refusal.detail().status;
    match refusal {
        Refusal::Content(detail) if status == Some(403) && speaks_of(&["trial"]) => {
            Refusal::Auth(detail.diagnosed(Code::ClientNotApproved))
        }
        Refusal::Content(detail) if status == Some(403) && speaks_of(&["scope", "not authorized", "permission"]) => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        // The address is public, and could not be fetched this time.
        Refusal::Content(detail) if speaks_of(&["unable to reach the url"]) => Refusal::Temporary(detail),
        other if speaks_of(&["section"]) => other.at("/settings/section"),
        other if speaks_of(&["board"]) => other.at("/settings/board"),
        other if speaks_of(&["cover_image", "image", "media", "video"]) => other.at("/media"),
        other if speaks_of(&["link"]) => other.at("/settings/link"),
        other if speaks_of(&["title"]) => other.at("/settings/title"),
        other if speaks_of(&["description", "spam"]) => other.at("/text"),
        other => other,
    }
}

#[derive(Deserialize)]
struct Account {
    id: String,
    username: String,
    #[serde(default)]
    business_name: Option<String>,
    #[serde(default)]
    profile_image: Option<String>,
}

#[async_trait]
impl OAuth2 for Pinterest {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let dialect = Dialect {
            commas: true,
            // Apps from before September 2025 would get a refresh token that ends for good; to others it says nothing new.
            token_extra: vec![("continuous_refresh".to_owned(), "true".to_owned())],
            ..Dialect::default()
        };
        fixed(
            "https://www.pinterest.com/oauth/",
            "https://api.pinterest.com/v5/oauth/token",
            ClientAuth::Basic,
            dialect,
        )
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let account: Account = ask(net.get(format!("{API}/user_account")), credentials).await?;
        let name = account.business_name.filter(|name| !name.trim().is_empty());
        let identity = Identity {
            remote_id: account.id,
            name: name.unwrap_or_else(|| account.username.clone()),
            profile_url: Some(format!("https://www.pinterest.com/{}/", account.username)),
            handle: account.username,
            avatar_url: account.profile_image.filter(|picture| !picture.is_empty()),
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[derive(Serialize, Deserialize)]
struct Made {
    id: String,
}

#[async_trait]
impl Publish for Pinterest {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        video(cx, item).await.map(|_| ())
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let source = match video(cx, item).await? {
            Some(id) => of_video(cx, item, &id, settings.cover_second).await?,
            None => of_pictures(cx, item).await?,
        };
        let request = cx.net.post(format!("{API}/pins")).json(&self.pin(item, &settings, &source)).timeout(UPLOAD);
        let made: Made = cx.step("create pin", Once::Look, || send(request, cx.credentials)).await?;
        Ok(sent(made.id))
    }
}

fn sent(id: String) -> Sent {
    Sent { url: Some(format!("https://www.pinterest.com/pin/{id}/")), remote_id: id, data: Value::Null }
}

impl Pinterest {
    fn pin(&self, item: &Item, settings: &Settings, source: &Value) -> Value {
        let mut pin = json!({ "board_id": settings.board, "media_source": source });
        // One description holds for the whole pin.
        let alt = item.media.iter().map(|media| &media.alt).find(|alt| !alt.is_empty());
        let words = self.render(&item.body);
        let fields = [
            ("description", Some(&words)),
            ("title", Some(&settings.title)),
            ("link", Some(&settings.link)),
            ("dominant_color", Some(&settings.dominant_color)),
            ("board_section_id", Some(&settings.section)),
            ("alt_text", alt),
        ];
        for (name, value) in fields {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                pin[name] = value.as_str().into();
            }
        }
        pin
    }
}

/// The picture or pictures: by their addresses where they have public ones, else in the request itself.
async fn of_pictures(cx: &Cx<'_>, item: &Item) -> Result<Value, Refusal> {
    let addresses: Option<Vec<&str>> = item.media.iter().map(|media| media.url.as_deref()).collect();
    match addresses.as_deref() {
        Some([one]) => return Ok(json!({ "source_type": "image_url", "url": one })),
        Some(many @ [_, ..]) => {
            let items: Vec<Value> = many.iter().map(|url| json!({ "url": url })).collect();
            return Ok(json!({ "source_type": "multiple_image_urls", "items": items }));
        }
        Some([]) => return Err(Refusal::Content(Detail::new("a pin needs a picture or a video")).at("/media")),
        None => {}
    }
    let mut items = Vec::new();
    for media in &item.media {
        let data = BASE64_STANDARD.encode(cx.picture(media).await?);
        items.push(json!({ "content_type": media.mime, "data": data }));
    }
    if let [one] = items.as_mut_slice() {
        one["source_type"] = "image_base64".into();
        return Ok(one.take());
    }
    Ok(json!({ "source_type": "multiple_image_base64", "items": items }))
}

/// The video, and its cover: the picture beside it, or what is seen at `second`.
async fn of_video(cx: &Cx<'_>, item: &Item, id: &str, second: u32) -> Result<Value, Refusal> {
    let mut source = json!({ "source_type": "video_id", "media_id": id });
    match item.media.iter().find(|media| !is_video(media)) {
        None => source["cover_image_key_frame_time"] = second.into(),
        Some(MediaItem { url: Some(url), .. }) => source["cover_image_url"] = url.as_str().into(),
        Some(cover) => {
            source["cover_image_content_type"] = cover.mime.as_str().into();
            source["cover_image_data"] = BASE64_STANDARD.encode(cx.picture(cover).await?).into();
        }
    }
    Ok(source)
}

/// What a video of the part is called at Pinterest, once it is processed; none where there is no video.
async fn video(cx: &Cx<'_>, item: &Item) -> Result<Option<String>, Refusal> {
    let Some((index, media)) = item.media.iter().enumerate().find(|(_, media)| is_video(media)) else {
        return Ok(None);
    };
    let at = |refusal: Refusal| refusal.at(&format!("/media/{index}"));
    let step = cx.upload_step(index, UPLOAD_LIFE);
    let id: String = cx.step(&step, Once::Repeatable, || upload(cx, media)).await.map_err(at)?;
    cx.step(&format!("{step}, processed"), Once::Repeatable, || processed(cx, &id)).await.map_err(at)?;
    Ok(Some(id))
}

/// Where a video is to be brought.
#[derive(Deserialize)]
struct Place {
    media_id: String,
    upload_url: String,
    #[serde(default)]
    upload_parameters: BTreeMap<String, String>,
}

async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let request = cx.net.post(format!("{API}/media")).json(&json!({ "media_type": "video" }));
    let place: Place = ask(request, cx.credentials).await?;
    let form = place.upload_parameters.iter().fold(Multipart::new(), |form, (name, value)| form.text(name, value));
    let form = form.part("file", &media.name, &media.mime, cx.body(media).await?);
    // It goes to a storage of others, to which the token is none of its business.
    let request = cx.net.post(&place.upload_url).multipart(form).timeout(media.upload_time(UPLOAD));
    call::send(request, cx.credentials, |refusal| refusal).await.map_err(Refusal::harmless)?;
    Ok(place.media_id)
}

#[derive(Deserialize)]
struct Processed {
    status: String,
}

/// Waits until a video is processed.
async fn processed(cx: &Cx<'_>, id: &str) -> Result<(), Refusal> {
    let look = || async {
        let Processed { status } = ask(cx.net.get(format!("{API}/media/{id}")), cx.credentials).await?;
        match status.as_str() {
            "succeeded" => Ok(Some(())),
            "failed" => Err(Refusal::Content(Detail::new("Pinterest could not process the video"))),
            _ => Ok(None),
        }
    };
    done_within(PROCESSING, "Pinterest is still processing a video", look).await
}

/// One answer of a list.
#[derive(Deserialize)]
struct Page<T> {
    items: Vec<T>,
    /// Where the next one begins; none at the end.
    #[serde(default)]
    bookmark: Option<String>,
}

/// All of a list, and whether it was read to its end.
async fn all<T: DeserializeOwned>(
    net: &Client,
    credentials: &Credentials,
    list: &str,
) -> Result<(Vec<T>, bool), Refusal> {
    let (mut items, mut bookmark) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut query = vec![("page_size", PAGE)];
        query.extend(bookmark.as_deref().map(|bookmark| ("bookmark", bookmark)));
        let page: Page<T> = ask(net.get(format!("{API}/{list}")).query(&query), credentials).await?;
        items.extend(page.items);
        bookmark = page.bookmark.filter(|bookmark| !bookmark.is_empty());
        if bookmark.is_none() {
            return Ok((items, true));
        }
    }
    Ok((items, false))
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

impl Listed {
    /// It is told with or without a time zone, and is in UTC.
    fn created(&self) -> Option<Timestamp> {
        self.created_at.parse().or_else(|_| format!("{}Z", self.created_at).parse()).ok()
    }
}

#[async_trait]
impl Recent for Pinterest {
    /// In which order a board lists its pins is not said, so all of it is read.
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = self.render(&item.body);
        if words.is_empty() && settings.title.is_empty() {
            let said = "without words and title a pin can't be told from others";
            return Err(Refusal::Unknown(Detail::new(said)));
        }
        let since = cx.due_at - CLOCK_SLACK;
        let list = format!("boards/{}/pins", settings.board);
        let (pins, to_its_end) = all::<Listed>(cx.net, cx.credentials, &list).await?;
        let is_it = |pin: &&Listed| {
            pin.created().is_some_and(|at| at >= since)
                && pin.title.as_deref().unwrap_or_default() == settings.title
                && squeezed(pin.description.as_deref().unwrap_or_default()) == squeezed(&words)
        };
        match pins.iter().find(is_it) {
            Some(pin) => Ok(Some(sent(pin.id.clone()))),
            None if to_its_end => Ok(None),
            None => Err(Refusal::Unknown(Detail::new("the board has too many pins to tell whether it is among them"))),
        }
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

#[derive(Deserialize)]
struct Board {
    id: String,
    name: String,
    #[serde(default)]
    privacy: String,
}

#[async_trait]
impl Lookup for Pinterest {
    fn names(&self) -> &'static [&'static str] {
        &["boards"]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let (boards, _) = all::<Board>(access.net, access.credentials, "boards").await?;
        let item = |board: Board| LookupItem {
            id: board.id,
            name: board.name,
            detail: if board.privacy == "PUBLIC" { String::new() } else { board.privacy.to_lowercase() },
        };
        Ok(fitting(boards.into_iter().map(item), query))
    }
}
