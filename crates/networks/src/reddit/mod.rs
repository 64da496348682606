//! Reddit: posts in subreddits and comments below them, by an app of one's own.
//!
//! After <https://www.reddit.com/dev/api> and <https://github.com/reddit-archive/reddit/wiki/OAuth2> (November 2026): `me`, `submit`,
//! `comment`, listings, flairs; what is not written there (uploads, galleries) after how clients in wide use speak it. Reddit knows no
//! key for a post, tells refusals with status 200, and says nothing of a post with files but that it will come.

mod afterwards;
mod file;
mod recent;
mod refusal;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::check::PartToCheck;
use crate::choosing::Access;
use crate::connect::{
    ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, address, fixed,
};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::text::markdown::{self, Flavour};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Document, Finding, Formatting, channel::Identity};
use crier_net::{Client, Request};
use file::File;
use recent::listed_post;
use refusal::{judge, refine};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "reddit",
    name: "Reddit",
    color: "#ff4500",
    summary: "Posts in subreddits, with comments below them, by an app of your own.",
    works_at_once: false,
    console: Some("https://www.reddit.com/prefs/apps"),
    deadline_s: 900,
};

const API: &str = "https://oauth.reddit.com";
const SITE: &str = "https://www.reddit.com";
const SCOPES: &[Scope] = &[
    Scope { id: "identity", why: "to know which account this is", required: true },
    Scope { id: "submit", why: "to publish your posts and comments", required: true },
    Scope { id: "read", why: "to search for subreddits", required: true },
    Scope { id: "history", why: "to find your post once Reddit has processed its files", required: true },
    Scope { id: "edit", why: "to delete and change what was posted", required: false },
    Scope { id: "flair", why: "to list the flairs of a subreddit", required: false },
    Scope { id: "mysubreddits", why: "to list the subreddits you have joined", required: false },
];
/// How long Reddit may take to process files before it is looked for the post again later.
const PROCESSING: Duration = Duration::from_secs(240);

/// Reddit ends lines by two spaces and raises what stands behind a `^`.
const FLAVOUR: Flavour = Flavour { underline: "", line_break: "  \n", escaped: "\\`*_[]<>~^", angled_links: true };

#[derive(Debug)]
pub struct Reddit;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[schemars(
        title = "Subreddit",
        description = "Where it is posted, like “rust”; “u_” and your name posts it on your profile.",
        regex(pattern = r"^/?([rR]/)?[A-Za-z0-9_][A-Za-z0-9_-]{1,30}$"),
        extend("x-lookup" = "subreddits")
    )]
    subreddit: String,
    #[schemars(title = "Title", length(min = 2, max = 300), regex(pattern = r"^[^\r\n]*$"))]
    title: String,
    #[serde(default)]
    #[schemars(
        title = "Link",
        description = "What the post is about, in place of pictures.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    url: String,
    #[serde(default)]
    #[schemars(
        title = "Flair",
        description = "Some subreddits demand one. Search for them by the name of the subreddit.",
        length(max = 64),
        extend("x-lookup" = "restrictions")
    )]
    flair: String,
    #[serde(default)]
    #[schemars(title = "Not safe for work", description = "Hidden from those who don't want to see such posts.")]
    nsfw: bool,
    #[serde(default)]
    #[schemars(title = "Spoiler", description = "Text and pictures are covered until they are opened.")]
    spoiler: bool,
    #[serde(default)]
    #[schemars(title = "No inbox messages", description = "Comments on the post send you no messages.")]
    no_inbox: bool,
}

impl Settings {
    /// The subreddit's name alone.
    fn place(&self) -> &str {
        let name = self.subreddit.trim_start_matches('/');
        name.strip_prefix("r/").or_else(|| name.strip_prefix("R/")).unwrap_or(name)
    }
}

impl Network for Reddit {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            // The title says enough.
            text: TextRules { required_without_media: false, ..TextRules::up_to(40_000, Unit::Grapheme) },
            media: MediaRules::up_to(
                20,
                vec![
                    MediaKind::up_to(20_000_000, &["image/jpeg", "image/png", "image/gif", "image/webp"]),
                    MediaKind::up_to(1_000_000_000, &["video/mp4", "video/quicktime"]).films(0, 15 * 60, &[]),
                ],
                Some(180),
            ),
            parts: PartsRules { max: 25, kind: PartsKind::Comment, max_text: Some(10_000), max_media: Some(0) },
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn formatting(&self) -> Formatting {
        Formatting::MARKDOWN
    }

    fn render(&self, body: &Document) -> String {
        markdown::write_as(body, &FLAVOUR)
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], settings: &Map<String, Value>) -> Vec<Finding> {
        let mut found: Vec<Finding> = parts.iter().take(1).filter_map(wrong_files).collect();
        let has_link = settings.get("url").and_then(Value::as_str).is_some_and(|url| !url.is_empty());
        if has_link && parts.first().is_some_and(|part| !part.media.is_empty()) {
            let message = "A post on Reddit is a link or files, not both.";
            found.push(Finding::error("/settings/url", "media.mixed", message, "Remove the link or the files."));
        }
        let silent = parts.iter().skip(1).filter(|part| part.body.is_empty());
        found.extend(silent.map(|part| {
            let message = "Reddit does not take a comment without words.";
            Finding::error(format!("{}/text", part.pointer), "text.empty", message, "Write something, or remove it.")
        }));
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

fn is_video(media: &MediaItem) -> bool {
    media.mime.starts_with("video/")
}

/// A video goes with the one picture that is shown until it plays.
fn wrong_files(part: &PartToCheck<'_>) -> Option<Finding> {
    let pointer = format!("{}/media", part.pointer);
    let videos = part.media.iter().filter(|media| is_video(media)).count();
    let (code, message, fix) = match (videos, part.media.len()) {
        (0, _) | (1, 2) => return None,
        (1, 1) => (
            "media.missing",
            "Reddit takes a video only with a picture that is shown until it plays.",
            "Add one picture, for example a frame of the video.",
        ),
        _ => (
            "media.mixed",
            "Reddit takes one video in a post, with one picture that is shown until it plays.",
            "Remove the other files.",
        ),
    };
    Some(Finding::error(pointer, code, message, fix))
}

/// Asks for JSON as it is, without escaped signs.
async fn get<T: DeserializeOwned>(
    net: &Client,
    credentials: &Credentials,
    path: &str,
    query: &[(&str, &str)],
) -> Result<T, Refusal> {
    let request = net.get(format!("{API}{path}")).query(&[("raw_json", "1")]).query(query);
    call::ask(request.bearer(credentials.access_token.expose()), credentials, refine).await
}

/// Sends what is to be posted. Refusals stand in the body, whatever the status.
async fn post<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    let request = request.bearer(credentials.access_token.expose());
    call::judged(request, credentials, |answer| judge(&answer)).await
}

#[derive(Deserialize)]
struct Me {
    id: String,
    name: String,
    #[serde(default)]
    icon_img: Option<String>,
}

#[async_trait]
impl OAuth2 for Reddit {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        Ok(Endpoints {
            revoke: Some(address("https://www.reddit.com/api/v1/revoke_token")?),
            // Without it there is no refresh token.
            authorize_extra: vec![("duration".to_owned(), "permanent".to_owned())],
            ..fixed(
                "https://www.reddit.com/api/v1/authorize",
                "https://www.reddit.com/api/v1/access_token",
                ClientAuth::Basic,
                Dialect::default(),
            )?
        })
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let me: Me = get(net, credentials, "/api/v1/me", &[]).await?;
        let icon = me.icon_img.as_deref().and_then(|icon| icon.split('?').next()).filter(|icon| !icon.is_empty());
        let identity = Identity {
            remote_id: me.id,
            name: me.name.clone(),
            profile_url: Some(format!("{SITE}/user/{}/", me.name)),
            avatar_url: icon.map(str::to_owned),
            handle: me.name,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

/// What was made of a post: of one with files nothing is told yet.
#[derive(Serialize, Deserialize)]
struct Made {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize)]
struct Things {
    things: Vec<Thing<Comment>>,
}

#[derive(Deserialize)]
struct Thing<T> {
    data: T,
}

#[derive(Serialize, Deserialize)]
struct Comment {
    id: String,
    #[serde(default)]
    permalink: String,
}

#[async_trait]
impl Publish for Reddit {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        file::uploads(cx, item).await.map(|_| ())
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        if let Some(thread) = &item.thread {
            return self.comment(cx, item, &thread.root).await;
        }
        let settings: Settings = settings::read(&item.settings)?;
        let files = file::uploads(cx, item).await?;
        let request = self.post(cx, item, &settings, &files);
        let submit = || post::<Made>(request, cx.credentials);
        let made: Made = cx.step("submit", Once::Look, submit).await?;
        if let Some(id) = made.id {
            return Ok(sent(bare(&id), made.url));
        }
        let look = || async { listed_post(cx, &settings).await };
        done_within(PROCESSING, "Reddit is still processing the files", look).await
    }
}

/// Without what says that it is a post.
fn bare(id: &str) -> &str {
    id.strip_prefix("t3_").unwrap_or(id)
}

fn sent(id: &str, url: Option<String>) -> Sent {
    let url = url.unwrap_or_else(|| format!("{SITE}/comments/{id}/"));
    Sent { remote_id: id.to_owned(), url: Some(url), data: Value::Null }
}

impl Reddit {
    fn post(&self, cx: &Cx<'_>, item: &Item, settings: &Settings, files: &[File]) -> Request {
        let words = self.render(&item.body);
        if files.len() > 1 && !item.media.iter().any(is_video) {
            return gallery(cx, item, settings, files, &words);
        }
        let mut form = vec![
            ("api_type", "json".to_owned()),
            ("sr", settings.place().to_owned()),
            ("title", settings.title.clone()),
            ("sendreplies", (!settings.no_inbox).to_string()),
            ("nsfw", settings.nsfw.to_string()),
            ("spoiler", settings.spoiler.to_string()),
            ("resubmit", "true".to_owned()),
        ];
        let of_kind = |video: bool| item.media.iter().zip(files).find(|(media, _)| is_video(media) == video);
        let file = |found: Option<(&MediaItem, &File)>| found.map(|(_, file)| file.url.clone());
        match (file(of_kind(true)), file(of_kind(false))) {
            (Some(video), poster) => {
                form.extend([("kind", "video".to_owned()), ("url", video)]);
                form.extend(poster.map(|poster| ("video_poster_url", poster)));
            }
            (None, Some(image)) => form.extend([("kind", "image".to_owned()), ("url", image)]),
            (None, None) if !settings.url.is_empty() => {
                form.extend([("kind", "link".to_owned()), ("url", settings.url.clone())]);
            }
            (None, None) => form.push(("kind", "self".to_owned())),
        }
        form.extend((!words.is_empty()).then_some(("text", words)));
        form.extend((!settings.flair.is_empty()).then(|| ("flair_id", settings.flair.clone())));
        cx.net.post(format!("{API}/api/submit")).form(&form)
    }

    /// Below the post; an answer to a comment would be hidden below it.
    async fn comment(&self, cx: &Cx<'_>, item: &Item, root: &Sent) -> Result<Sent, Refusal> {
        let below = format!("t3_{}", root.remote_id);
        let form = [("api_type", "json"), ("thing_id", &below), ("text", &self.render(&item.body))];
        let request = cx.net.post(format!("{API}/api/comment")).form(&form);
        let create = || async {
            let nothing = || Refusal::Unknown(Detail::new("Reddit answered without the comment"));
            let made: Things = post(request, cx.credentials).await?;
            made.things.into_iter().next().map(|thing| thing.data).ok_or_else(nothing)
        };
        let made: Comment = cx.step("comment", Once::Look, create).await?;
        Ok(commented(made))
    }
}

fn commented(made: Comment) -> Sent {
    Sent { url: Some(format!("{SITE}{}", made.permalink)), remote_id: made.id, data: Value::Null }
}

/// Several pictures, each with its words below it.
fn gallery(cx: &Cx<'_>, item: &Item, settings: &Settings, files: &[File], words: &str) -> Request {
    let items = item
        .media
        .iter()
        .zip(files)
        .map(|(media, file)| json!({ "media_id": file.id, "caption": media.alt, "outbound_url": "" }));
    let mut gallery = json!({
        "api_type": "json",
        "show_error_list": true,
        "sr": settings.place(),
        "title": settings.title,
        "items": items.collect::<Vec<_>>(),
        "sendreplies": !settings.no_inbox,
        "nsfw": settings.nsfw,
        "spoiler": settings.spoiler,
    });
    if !words.is_empty() {
        gallery["text"] = words.into();
    }
    if !settings.flair.is_empty() {
        gallery["flair_id"] = settings.flair.as_str().into();
    }
    cx.net.post(format!("{API}/api/submit_gallery_post.json")).query(&[("raw_json", "1")]).json(&gallery)
}

/// What listings are wrapped in.
#[derive(Deserialize)]
struct Listing<T> {
    data: Children<T>,
}

#[derive(Deserialize)]
struct Children<T> {
    children: Vec<Thing<T>>,
}

#[derive(Deserialize)]
struct Subreddit {
    display_name: String,
    #[serde(default)]
    title: String,
}

#[derive(Deserialize)]
struct Flair {
    id: String,
    #[serde(default)]
    text: String,
}

#[async_trait]
impl Lookup for Reddit {
    fn names(&self) -> &'static [&'static str] {
        &["subreddits", "restrictions"]
    }

    /// Subreddits by a search, without one those that the account has joined; flairs by the name of their subreddit.
    async fn lookup(&self, access: &Access<'_>, name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let wanted = query.trim().trim_start_matches('/');
        let wanted = wanted.strip_prefix("r/").unwrap_or(wanted);
        if name == "restrictions" {
            return flairs(access, wanted).await;
        }
        let item = |Thing { data: it }: Thing<Subreddit>| LookupItem {
            name: format!("r/{}", it.display_name),
            id: it.display_name,
            detail: it.title,
        };
        let (path, query) = if wanted.is_empty() {
            ("/subreddits/mine/subscriber", vec![("limit", "100")])
        } else {
            let search = [("q", wanted), ("sort", "activity"), ("show_users", "false"), ("limit", "20")];
            ("/subreddits/search", search.to_vec())
        };
        let found: Listing<Subreddit> = get(access.net, access.credentials, path, &query).await?;
        Ok(fitting(found.data.children.into_iter().map(item), ""))
    }
}

/// Those of a subreddit; one that has none says that it is forbidden to ask.
async fn flairs(access: &Access<'_>, subreddit: &str) -> Result<Vec<LookupItem>, Refusal> {
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if subreddit.is_empty() || !is_name(subreddit) {
        return Ok(Vec::new());
    }
    let path = format!("/r/{subreddit}/api/link_flair_v2");
    match get::<Vec<Flair>>(access.net, access.credentials, &path, &[]).await {
        Ok(flairs) => {
            let item = |flair: Flair| LookupItem { id: flair.id, name: flair.text, detail: format!("r/{subreddit}") };
            Ok(flairs.into_iter().map(item).collect())
        }
        Err(refusal) if refusal.detail().status == Some(403) => Ok(Vec::new()),
        Err(refusal) => Err(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subreddit_is_known_however_it_is_written() {
        for typed in ["rust", "r/rust", "/r/rust", "R/rust"] {
            let settings = json!({ "subreddit": typed, "title": "Hi" });
            let settings: Settings = settings::read(settings.as_object().unwrap()).unwrap();
            assert_eq!(settings.place(), "rust", "{typed}");
        }
    }
}
