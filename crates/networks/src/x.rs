//! X, once Twitter.
//!
//! After <https://docs.x.com> (August 2026, API 2.167): OAuth 2.0 with PKCE or OAuth 1.0a, `POST /2/tweets`, `/2/media/upload`. X knows no key for
//! a post; the account's newest posts tell whether one is there. Reading them is paid for, so that is done only after a lost answer.

mod afterwards;
mod plugs;

use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, PostMetrics};
use crate::choosing::Access;
use crate::connect::{
    ClientAuth, Connect, Dialect, Endpoints, Facts, Identified, OAuth1, OAuth1Endpoints, OAuth2, Scope, Way, address,
    fixed,
};
use crate::lookup::{self, Lookup, LookupItem};
use crate::oauth1::Signer;
use crate::plugs::{Comments, Reposts};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::{Credentials, Detail, Refusal, call, settings, text};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, channel::Identity};
use crier_net::{Client, Multipart, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "x",
    name: "X",
    color: "#0f1419",
    summary: "Posts and threads on X, by an app of your own. X is paid for by the post.",
    works_at_once: false,
    console: Some("https://console.x.com"),
    deadline_s: 600,
};

const API: &str = "https://api.x.com/2";
const SCOPES: &[Scope] = &[
    Scope { id: "tweet.write", why: "to publish your posts", required: true },
    Scope { id: "tweet.read", why: "to know which account this is, and to find a post again", required: true },
    Scope { id: "users.read", why: "to know which account this is", required: true },
    Scope { id: "offline.access", why: "to stay connected for longer than two hours", required: true },
    Scope {
        id: "media.write",
        why: "to upload pictures and videos; without it only text can be published",
        required: false,
    },
];
/// The fact that an account has longer posts.
const LONG_POSTS: &str = "long_posts";
/// X forgets files that no post has taken after a day.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// The size of a piece of a file that is sent in several.
const PIECE: usize = 4 * 1024 * 1024;
const UPLOAD: Duration = Duration::from_secs(120);
/// How long X may take to process a video before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(300);
/// How far X's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// Pages of 100 posts read at most in looking for one.
const PAGES: usize = 3;

#[derive(Debug)]
pub struct X;

/// Who may answer a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Repliers {
    #[default]
    Everyone,
    Following,
    MentionedUsers,
    Subscribers,
    Verified,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Who can reply", description = "Holds for the first post of a thread, and so for all of it.")]
    who_can_reply_post: Repliers,
    #[schemars(
        title = "Community",
        description = "The address of a community, for example https://x.com/i/communities/123; your followers see the post too.",
        regex(pattern = r"^(https://x\.com/i/communities/[0-9]{1,19})?$")
    )]
    community: String,
    #[schemars(title = "Made with AI", description = "Labels the post as having pictures or videos made by AI.")]
    made_with_ai: bool,
    #[schemars(title = "Paid partnership", description = "Labels the post as paid for.")]
    paid_partnership: bool,
}

impl Network for X {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn ways(&self) -> Vec<Way<'_>> {
        vec![
            Way {
                id: "oauth2",
                name: "Sign in with X",
                help: "By the app’s client id and secret (OAuth 2.0), as X recommends.",
                connect: Connect::OAuth2(self),
            },
            Way {
                id: "oauth1",
                name: "API key and secret",
                help: "By the app’s API key and secret (OAuth 1.0a), as older installations have them. The sign-in does not end by itself.",
                connect: Connect::OAuth1(self),
            },
        ]
    }

    fn rules(&self, facts: &Facts) -> Rules {
        let long = facts.get(LONG_POSTS).is_some_and(|long| long == true);
        let gif = MediaKind::up_to(15_000_000, &["image/gif"]);
        // Accounts that may write long posts may post long videos too.
        let longest = if long { 125 * 60 } else { 140 };
        let video = MediaKind::up_to(512_000_000, &["video/mp4", "video/quicktime"])
            .films(0, longest, &["h264", "aac"])
            .frames(0, 60);
        Rules {
            text: TextRules {
                link_length: Some(23),
                ..TextRules::up_to(if long { 25_000 } else { 280 }, Unit::Weighted)
            },
            media: MediaRules {
                alone: ["image/gif", "video/"].map(str::to_owned).to_vec(),
                ..MediaRules::up_to(
                    4,
                    vec![
                        MediaKind::up_to(5_000_000, &["image/jpeg", "image/png", "image/webp"]),
                        MediaKind { max_width: Some(1280), max_height: Some(1080), ..gif },
                        MediaKind { max_ratio: Some(3), min_side: Some(32), min_duration_ms: Some(500), ..video },
                    ],
                    Some(1000),
                )
            },
            parts: PartsRules::alike(25, PartsKind::Thread),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
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

    fn reposts(&self) -> Option<&dyn Reposts> {
        Some(self)
    }

    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

/// What X wraps its answers in.
#[derive(Serialize, Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct User {
    id: String,
    name: String,
    username: String,
    #[serde(default)]
    profile_image_url: Option<String>,
    /// `blue` has Premium; organisations and governments have other marks.
    #[serde(default)]
    verified_type: Option<String>,
}

#[async_trait]
impl OAuth2 for X {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        Ok(Endpoints {
            pkce: true,
            revoke: Some(address("https://api.x.com/2/oauth2/revoke")?),
            ..fixed(
                "https://x.com/i/oauth2/authorize",
                "https://api.x.com/2/oauth2/token",
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
        whose(net, credentials).await
    }
}

#[async_trait]
impl OAuth1 for X {
    fn endpoints(&self) -> Result<OAuth1Endpoints, Refusal> {
        Ok(OAuth1Endpoints {
            request_token: address("https://api.x.com/oauth/request_token")?,
            authorize: address("https://api.x.com/oauth/authorize")?,
            access_token: address("https://api.x.com/oauth/access_token")?,
            revoke: Some(address("https://api.x.com/1.1/oauth/invalidate_token")?),
            request_extra: vec![("x_auth_access_type".to_owned(), "write".to_owned())],
            authorize_extra: Vec::new(),
        })
    }

    async fn identify(&self, net: &Client, signer: &Signer<'_>) -> Result<Identified, Refusal> {
        whose(net, &signer.credentials()).await
    }
}

async fn whose(net: &Client, credentials: &Credentials) -> Result<Identified, Refusal> {
    let request = net.get(format!("{API}/users/me")).query(&[("user.fields", "profile_image_url,verified_type")]);
    let Data { data: user } = call::ask::<Data<User>>(signed(request, credentials), credentials, refine).await?;
    let long = user.verified_type.is_some_and(|kind| kind != "none");
    let identity = Identity {
        remote_id: user.id,
        name: user.name,
        profile_url: Some(format!("https://x.com/{}", user.username)),
        handle: user.username,
        // The small one is told; the others stand beside it.
        avatar_url: user.profile_image_url.map(|url| url.replace("_normal.", "_400x400.")),
    };
    Ok(Identified { identity, granted: None, facts: Facts::from_iter([(LONG_POSTS.to_owned(), long.into())]) })
}

/// With the token; where the sign-in was by OAuth 1.0a, [`call`] puts a signature in its place.
fn signed(request: Request, credentials: &Credentials) -> Request {
    request.bearer(credentials.access_token.expose())
}

#[derive(Serialize, Deserialize)]
struct Post {
    id: String,
}

#[async_trait]
impl Publish for X {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let media_ids = uploads(cx, item).await?;
        let request = signed(cx.net.post(format!("{API}/tweets")).json(&self.post(item, &media_ids)?), cx.credentials);
        let create = || call::json::<Data<Post>>(request, cx.credentials, refine);
        let Data { data } = cx.step("create post", Once::Look, create).await?;
        Ok(sent(cx, data.id))
    }
}

fn sent(cx: &Cx<'_>, id: String) -> Sent {
    Sent { url: Some(format!("https://x.com/{}/status/{id}", cx.handle)), remote_id: id, data: Value::Null }
}

impl X {
    fn post(&self, item: &Item, media_ids: &[String]) -> Result<Value, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let mut post = json!({ "text": self.render(&item.body) });
        let mut set = |name: &str, value: Value| post[name] = value;
        if !media_ids.is_empty() {
            set("media", json!({ "media_ids": media_ids }));
        }
        if let Some(thread) = &item.thread {
            set("reply", json!({ "in_reply_to_tweet_id": thread.parent.remote_id }));
        } else {
            if settings.who_can_reply_post != Repliers::Everyone {
                set("reply_settings", json!(settings.who_can_reply_post));
            }
            if let Some((_, community)) = settings.community.rsplit_once('/') {
                set("community_id", community.into());
                set("share_with_followers", true.into());
            }
        }
        if settings.made_with_ai {
            set("made_with_ai", true.into());
        }
        if settings.paid_partnership {
            set("paid_partnership", true.into());
        }
        Ok(post)
    }
}

#[derive(Deserialize)]
struct Uploaded {
    id: String,
    /// None when nothing is left to be done.
    #[serde(default)]
    processing_info: Option<Processing>,
}

#[derive(Deserialize)]
struct Processing {
    state: String,
    #[serde(default)]
    check_after_secs: Option<u64>,
}

async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| Box::pin(upload(cx, media))).await
}

/// Uploads a picture in one go, all else in pieces, and waits until it is processed.
async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let is_video = media.mime.starts_with("video/");
    let ask = |request: Request| call::ask::<Data<Uploaded>>(signed(request, cx.credentials), cx.credentials, refine);
    let Data { data: mut uploaded } = if is_video || media.mime == "image/gif" {
        let category = if is_video { "tweet_video" } else { "tweet_gif" };
        let begin = json!({ "media_type": media.mime, "total_bytes": media.size, "media_category": category });
        let Data { data: begun } = ask(cx.net.post(format!("{API}/media/upload/initialize")).json(&begin)).await?;
        for (index, start) in (0..media.size).step_by(PIECE).enumerate() {
            let piece = cx.media.piece(media, start, media.size.min(start + PIECE as u64)).await?;
            let form = Multipart::new().text("segment_index", index.to_string());
            let form = form.file("media", &media.name, "application/octet-stream", piece);
            let request =
                cx.net.post(format!("{API}/media/upload/{}/append", begun.id)).multipart(form).timeout(UPLOAD);
            let request = signed(request, cx.credentials);
            call::send(request, cx.credentials, refine).await.map_err(Refusal::harmless)?;
        }
        ask(cx.net.post(format!("{API}/media/upload/{}/finalize", begun.id))).await?
    } else {
        let form = Multipart::new().text("media_category", "tweet_image");
        let form = form.part("media", &media.name, &media.mime, cx.body(media).await?);
        ask(cx.net.post(format!("{API}/media/upload")).multipart(form).timeout(UPLOAD)).await?
    };
    let mut waited = Duration::ZERO;
    while let Some(processing) = uploaded.processing_info.take().filter(|it| it.state != "succeeded") {
        if processing.state == "failed" {
            return Err(Refusal::Content(Detail::new("X could not process the file")));
        }
        if waited >= PROCESSING {
            return Err(Refusal::Temporary(Detail::new("X is still processing a file")));
        }
        let pause = Duration::from_secs(processing.check_after_secs.unwrap_or(1).clamp(1, 30));
        tokio::time::sleep(pause).await;
        waited += pause;
        let request = cx.net.get(format!("{API}/media/upload"));
        let request = request.query(&[("command", "STATUS"), ("media_id", &uploaded.id)]);
        uploaded = ask(request).await?.data;
    }
    if !media.alt.is_empty() && !is_video {
        let described = json!({ "id": uploaded.id, "metadata": { "alt_text": { "text": media.alt } } });
        let request = signed(cx.net.post(format!("{API}/media/metadata")).json(&described), cx.credentials);
        call::ask::<IgnoredAny>(request, cx.credentials, refine).await?;
    }
    Ok(uploaded.id)
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    data: Vec<Listed>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    text: String,
    /// Where the text is a longer one than stands above.
    #[serde(default)]
    note_post: Option<Note>,
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

#[async_trait]
impl Recent for X {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let words = fingerprint(&self.render(&item.body));
        if words.is_empty() {
            let said = "without words a post can't be told from others";
            return Err(Refusal::Unknown(Detail::new(said)));
        }
        let since = (cx.due_at - CLOCK_SLACK).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut next: Option<String> = None;
        for _ in 0..PAGES {
            let mut query = vec![
                ("max_results", "100"),
                ("start_time", &since),
                ("exclude", "retweets"),
                ("post.fields", "note_post"),
            ];
            query.extend(next.as_deref().map(|token| ("pagination_token", token)));
            let request = cx.net.get(format!("{API}/users/{}/tweets", cx.account)).query(&query);
            let page: Listing = call::ask(signed(request, cx.credentials), cx.credentials, refine).await?;
            let is_it = |listed: &&Listed| {
                fingerprint(listed.note_post.as_ref().map_or(&listed.text, |note| &note.text)) == words
            };
            if let Some(listed) = page.data.iter().find(is_it) {
                return Ok(Some(sent(cx, listed.id.clone())));
            }
            next = page.meta.next_token;
            if next.is_none() {
                return Ok(None);
            }
        }
        Err(Refusal::Unknown(Detail::new("there are too many newer posts to tell whether this one is among them")))
    }
}

/// What is left of a text whatever X makes of its links, spaces and signs.
fn fingerprint(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let mut words = String::new();
    let mut at = 0;
    for link in text::find_bare(&text).into_iter().filter(|entity| entity.kind == text::Kind::Link) {
        words.push_str(&text[at..link.range.start]);
        at = link.range.end;
    }
    words.push_str(&text[at..]);
    let kept: String = words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if kept.is_empty() { words.chars().filter(|c| !c.is_whitespace()).collect() } else { kept }
}

/// An answer that says at status 200 that there is nobody has no data.
#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    data: Option<User>,
}

#[async_trait]
impl Lookup for X {
    fn names(&self) -> &'static [&'static str] {
        &[lookup::MENTIONS]
    }

    /// The one whose user name is the query: each account that X tells of is paid for, so it is not asked for all that begin like it.
    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let Some(name) = lookup::typed_name(query).filter(|name| is_user_name(name)) else { return Ok(Vec::new()) };
        let request = signed(access.net.get(format!("{API}/users/by/username/{name}")), access.credentials);
        let found = match call::ask::<Found>(request, access.credentials, refine).await {
            Err(refusal) if refusal.detail().code.as_deref() == Some("resource-not-found") => None,
            other => other?.data,
        };
        let item = |user: User| {
            let handle = format!("@{}", user.username);
            LookupItem::person(handle.clone(), Some(user.name), handle)
        };
        Ok(found.into_iter().map(item).collect())
    }
}

/// Whether somebody may be called that at X, going by signs and length.
fn is_user_name(name: &str) -> bool {
    (2..=15).contains(&name.len()) && name.bytes().all(|sign| sign.is_ascii_alphanumeric() || sign == b'_')
}

/// X tells problems by their type and in sentences.
fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let kind = refusal.detail().code.clone().unwrap_or_default();
    match (kind.as_str(), refusal) {
        (_, Refusal::Content(detail)) if kind == "user-suspended" || speaks_of(&["account is suspended"]) => {
            Refusal::Auth(detail.diagnosed(Code::Suspended))
        }
        ("client-forbidden" | "oauth1-permissions", Refusal::Content(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::ClientNotApproved))
        }
        ("unsupported-authentication", Refusal::Content(detail)) => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        ("usage-capped", Refusal::Content(detail)) => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        (_, refusal) if speaks_of(&["media", "photo", "video"]) => refusal.at("/media"),
        (_, refusal) if speaks_of(&["communit"]) => refusal.at("/settings/community"),
        (_, refusal) if speaks_of(&["duplicate", "too long", "cashtag", "invalid url", "text"]) => refusal.at("/text"),
        (_, refusal) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_is_recognised_whatever_became_of_its_links() {
        let sent = "A & B, see https://example.org/a/very/long/path and example.com/x";
        let listed = "A &amp; B, see https://t.co/abc and https://t.co/def https://t.co/picture";
        assert_eq!(fingerprint(sent), fingerprint(listed));
        assert_ne!(fingerprint("A & C"), fingerprint("A &amp; B"));
        assert_ne!(fingerprint("🎉"), fingerprint("👍"));
        assert_eq!(fingerprint("https://example.org/"), "");
    }

    #[test]
    fn only_whole_user_names_are_asked_for() {
        for (name, is) in [
            ("ada", true),
            ("Ada_1815", true),
            ("a", false),
            ("ada.l", false),
            ("ada lovelace", false),
            ("ádá", false),
            ("abcdefghijklmno", true),
            ("abcdefghijklmnop", false),
        ] {
            assert_eq!(is_user_name(name), is, "{name}");
        }
    }

    #[test]
    fn accounts_with_premium_write_longer_posts() {
        let facts = |long: bool| Facts::from_iter([(LONG_POSTS.to_owned(), long.into())]);
        assert_eq!((X.rules(&facts(true)).text.max, X.rules(&facts(false)).text.max), (25_000, 280));
    }
}
