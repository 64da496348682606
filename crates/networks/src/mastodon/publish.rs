//! Publishing statuses: media first, then the status, which the server takes once for one `Idempotency-Key`.

use super::account::{MASTODON, server};
use super::instance::Limits;
use super::{Flavour, Mastodon, Settings, Visibility, refine};
use crate::about::Network;
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::{Detail, Refusal, call, settings, text};
use async_trait::async_trait;
use crier_model::Timestamp;
use crier_model::document::{Block, Inline};
use crier_net::Multipart;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Mastodon keeps an `Idempotency-Key` for an hour; this leaves room for clocks that differ.
const KEY_LIFE: SignedDuration = SignedDuration::from_mins(55);
/// Mastodon removes files that no status has taken after a day.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(240);
/// How long the server may take to process a file before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(120);
/// How far a server's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// Pages of 40 statuses read at most in looking for one.
const PAGES: usize = 10;

/// The answer to an upload.
#[derive(Debug, Serialize, Deserialize)]
struct Attachment {
    id: String,
    /// None while it is being processed.
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Status {
    id: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    uri: Option<String>,
}

impl From<Status> for Sent {
    fn from(status: Status) -> Self {
        Self { remote_id: status.id, url: status.url.or(status.uri), data: Value::Null }
    }
}

#[async_trait]
impl Publish for Mastodon {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        upload_all(cx, item, &MASTODON).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let media_ids = upload_all(cx, item, &MASTODON).await?;
        create(cx, &self.status(item, &media_ids)?, &MASTODON).await
    }
}

/// Uploads the files and waits until a status may have them.
pub(super) async fn upload_all(cx: &Cx<'_>, item: &Item, flavour: &Flavour) -> Result<Vec<String>, Refusal> {
    let origin = server(cx.instance, flavour)?;
    let mut media_ids = Vec::new();
    for (index, media) in item.media.iter().enumerate() {
        let at = format!("/media/{index}");
        let name = cx.upload_step(index, UPLOAD_LIFE);
        let attachment: Attachment =
            cx.step(&name, Once::Repeatable, || upload(cx, origin, media)).await.map_err(|refusal| refusal.at(&at))?;
        if attachment.url.is_none() {
            let wait = || processed(cx, origin, &attachment.id);
            cx.step(&format!("{name}, processed"), Once::Repeatable, wait).await.map_err(|refusal| refusal.at(&at))?;
        }
        media_ids.push(attachment.id);
    }
    Ok(media_ids)
}

/// Creates the status, once.
pub(super) async fn create(cx: &Cx<'_>, status: &Value, flavour: &Flavour) -> Result<Sent, Refusal> {
    let origin = server(cx.instance, flavour)?;
    let key = cx.key();
    let request = cx.net.post(format!("{origin}/api/v1/statuses")).bearer(cx.credentials.access_token.expose());
    let request = if flavour.sends_key { request.header("idempotency-key", &key) } else { request };
    let create = || call::json::<Status>(request.json(status), cx.credentials, refine);
    Ok(cx.step("create status", once(cx, key, flavour), create).await?.into())
}

/// The key, while the server is sure to remember it; afterwards the account's statuses have to tell.
fn once(cx: &Cx<'_>, key: String, flavour: &Flavour) -> Once {
    let remembered = cx.clock.now().duration_since(cx.due_at) < KEY_LIFE;
    if remembered && Limits::of(cx.facts, flavour.usual).idempotent { Once::Key(key) } else { Once::Look }
}

impl Mastodon {
    pub(super) fn status(&self, item: &Item, media_ids: &[String]) -> Result<Value, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let mut status = json!({ "status": self.render(&item.body) });
        let mut set = |name: &str, value: Value| status[name] = value;
        if !media_ids.is_empty() {
            set("media_ids", media_ids.into());
        }
        if let Some(thread) = &item.thread {
            set("in_reply_to_id", thread.parent.remote_id.as_str().into());
        }
        if settings.visibility != Visibility::Account {
            set("visibility", json!(settings.visibility));
        }
        if !settings.spoiler_text.is_empty() {
            set("spoiler_text", settings.spoiler_text.into());
        }
        if settings.sensitive {
            set("sensitive", true.into());
        }
        if !settings.language.is_empty() {
            set("language", settings.language.into());
        }
        Ok(status)
    }
}

/// Uploads by the second version of the call, which answers before videos are processed; servers that have only the
/// first are asked by that.
async fn upload(cx: &Cx<'_>, origin: &str, media: &MediaItem) -> Result<Attachment, Refusal> {
    let send = async |version: &str| {
        let mut form = Multipart::new().part("file", &media.name, &media.mime, cx.body(media).await?);
        if !media.alt.is_empty() {
            form = form.text("description", &media.alt);
        }
        let request = cx.net.post(format!("{origin}/api/{version}/media")).multipart(form);
        let request = request.bearer(cx.credentials.access_token.expose()).timeout(media.upload_time(UPLOAD));
        call::json(request, cx.credentials, refine).await
    };
    match send("v2").await {
        Err(refusal) if matches!(refusal.detail().status, Some(404 | 405)) => send("v1").await,
        other => other,
    }
}

/// Waits until the server has processed a file.
async fn processed(cx: &Cx<'_>, origin: &str, id: &str) -> Result<(), Refusal> {
    let look = || async {
        let request = cx.net.get(format!("{origin}/api/v1/media/{id}")).bearer(cx.credentials.access_token.expose());
        match call::send(request, cx.credentials, refine).await.map_err(Refusal::harmless) {
            Ok(answer) if answer.status() != 206 => Ok(Some(())),
            Ok(_) => Ok(None),
            // Servers without this call have nothing to wait for; a file that is gone is refused with the status.
            Err(refusal) if matches!(refusal.detail().status, Some(404 | 405)) => Ok(Some(())),
            Err(refusal) => Err(refusal),
        }
    };
    done_within(PROCESSING, "the server is still processing a file", look).await
}

/// A status as it is listed.
#[derive(Deserialize)]
struct Listed {
    #[serde(flatten)]
    status: Status,
    content: String,
    created_at: Timestamp,
    #[serde(default)]
    in_reply_to_id: Option<String>,
    #[serde(default)]
    media_attachments: Vec<serde::de::IgnoredAny>,
}

#[async_trait]
impl Recent for Mastodon {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        find(cx, item, &self.render(&item.body), &MASTODON).await
    }
}

/// Looks for a status of these words among the account's newest.
pub(super) async fn find(cx: &Cx<'_>, item: &Item, words: &str, flavour: &Flavour) -> Result<Option<Sent>, Refusal> {
    let origin = server(cx.instance, flavour)?;
    let since = cx.due_at - CLOCK_SLACK;
    let words = fingerprint(words);
    let reply_to = item.thread.as_ref().map(|thread| thread.parent.remote_id.as_str());
    let absent =
        || if lists(cx, item) { Ok(None) } else { cannot_tell("this server does not list posts that are not public") };
    let (mut max_id, mut newest): (Option<String>, Option<String>) = (None, None);
    for _ in 0..PAGES {
        let mut query = vec![("limit", "40".to_owned()), ("exclude_reblogs", "true".to_owned())];
        query.extend(max_id.map(|id| ("max_id", id)));
        let request = cx
            .net
            .get(format!("{origin}/api/v1/accounts/{}/statuses", cx.account))
            .query(&query)
            .bearer(cx.credentials.access_token.expose());
        let page: Vec<Listed> = call::ask(request, cx.credentials, refine).await?;
        let reached_earlier = page.last().is_none_or(|listed| listed.created_at < since);
        let first = page.first().map(|listed| listed.status.id.clone());
        max_id = page.last().map(|listed| listed.status.id.clone());
        let is_it = |listed: &Listed| {
            listed.created_at >= since
                && listed.in_reply_to_id.as_deref() == reply_to
                && listed.media_attachments.len() == item.media.len()
                && fingerprint(&words_of(&listed.content)) == words
        };
        if let Some(listed) = page.into_iter().find(is_it) {
            return Ok(Some(listed.status.into()));
        }
        if reached_earlier {
            return absent();
        }
        if first == newest {
            return cannot_tell("this server lists its newest posts only, and this one is not among them");
        }
        newest = first;
    }
    cannot_tell("there are too many newer posts to tell whether this one is among them")
}

fn cannot_tell<T>(why: &str) -> Result<T, Refusal> {
    Err(Refusal::Unknown(Detail::new(why)))
}

/// Whether the author's list has a post of this visibility: servers that only speak Mastodon's API may list what is public.
fn lists(cx: &Cx<'_>, item: &Item) -> bool {
    let visibility = item.settings.get("visibility").and_then(Value::as_str);
    !matches!(visibility, Some("private" | "direct"))
        || cx.facts.get("is_mastodon").and_then(Value::as_bool) == Some(true)
}

/// The words of a status' HTML, links by their words alone: servers split addresses into visible and hidden pieces, which
/// together are the address.
fn words_of(html: &str) -> String {
    let mut words = String::new();
    let mut read = |line: &[Inline]| {
        for inline in line {
            match inline {
                Inline::Text { text, .. } | Inline::Link { text, .. } => words.push_str(text),
                Inline::Mention { handle } => words.extend(["@", handle]),
                Inline::Break => words.push('\n'),
            }
        }
        words.push('\n');
    };
    for block in text::html::read(html).blocks {
        match block {
            Block::Paragraph { content } | Block::Heading { content, .. } | Block::Quote { content } => read(&content),
            Block::List { items, .. } => items.iter().for_each(|item| read(item)),
            Block::Code { text } => read(&[Inline::Text { text, marks: Vec::new() }]),
        }
    }
    words
}

/// What is left of a text whatever a server makes of spaces, quotes and the domains of mentions. Where nothing would be
/// left (an emoji alone), every sign counts.
fn fingerprint(text: &str) -> String {
    let mut kept = String::new();
    let mut at = 0;
    for entity in text::find(text) {
        if let text::Kind::Mention { user, .. } = entity.kind {
            kept.push_str(&text[at..entity.range.start]);
            kept.push_str(&user);
            at = entity.range.end;
        }
    }
    kept.push_str(&text[at..]);
    let words: String = kept.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if words.is_empty() { kept.chars().filter(|c| !c.is_whitespace()).collect() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_recognised_in_the_html_that_became_of_it() {
        let sent = "Hi @ada@example.social, “see” https://example.org/a/very/long/path\n\n#rust";
        let html = "<p>Hi <span class=\"h-card\"><a href=\"https://example.social/@ada\" class=\"u-url mention\">@<span>ada</span></a></span>, \
                    “see” <a href=\"https://example.org/a/very/long/path\" rel=\"nofollow\"><span class=\"invisible\">https://</span>\
                    <span class=\"ellipsis\">example.org/a/very</span><span class=\"invisible\">/long/path</span></a></p>\
                    <p><a href=\"https://example.social/tags/rust\" class=\"mention hashtag\">#<span>rust</span></a></p>";
        assert_eq!(fingerprint(&words_of(html)), fingerprint(sent));
        assert_ne!(fingerprint(&words_of(html)), fingerprint("Hi @ada, see something else"));
        assert_eq!(fingerprint(&words_of("<p>🎉 </p>")), fingerprint("🎉"));
        assert_ne!(fingerprint(&words_of("<p>👍</p>")), fingerprint("🎉"));
    }
}
