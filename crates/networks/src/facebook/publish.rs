//! Posts with photos or a video, and the comments below them.

use super::{Facebook, PostType, Settings, refine, story};
use crate::about::Network;
use crate::meta::{self, GRAPH, Made};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent, done_within};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Photos that no post has taken are kept for some time that Facebook does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// How long Facebook may take to process a video before it is looked at no longer.
pub(super) const PROCESSING: Duration = Duration::from_secs(300);

#[async_trait]
impl Publish for Facebook {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let has_photos = item.thread.is_none() && !item.media.iter().any(MediaItem::is_film);
        if has_photos && settings.post_type == PostType::Post {
            photos(cx, item).await?;
        }
        Ok(())
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = self.render(&item.body);
        match (&item.thread, settings.post_type, item.media.as_slice()) {
            (Some(thread), _, media) => comment(cx, &thread.root, words, media).await,
            (None, PostType::Story, _) => story::publish(cx, item).await,
            (None, PostType::Post, [film]) if film.is_film() => video(cx, words, film).await,
            (None, PostType::Post, _) => post(cx, item, words, settings).await,
        }
    }
}

/// Where people see what the Graph API made.
#[derive(Serialize, Deserialize)]
struct Posted {
    id: String,
    #[serde(default)]
    permalink_url: Option<String>,
}

impl From<Posted> for Sent {
    fn from(posted: Posted) -> Self {
        let url = posted.permalink_url.unwrap_or_else(|| format!("https://www.facebook.com/{}", posted.id));
        Self { url: Some(url), remote_id: posted.id, data: Value::Null }
    }
}

async fn post(cx: &Cx<'_>, item: &Item, words: String, settings: Settings) -> Result<Sent, Refusal> {
    let photos = photos(cx, item).await?;
    let mut fields = vec![("message", words)];
    if !photos.is_empty() {
        let attached: Vec<Value> = photos.into_iter().map(|id| json!({ "media_fbid": id })).collect();
        fields.push(("attached_media", Value::Array(attached).to_string()));
    } else if !settings.url.is_empty() {
        fields.push(("link", settings.url));
    }
    fields.push(("text_format_preset_id", settings.text_format_preset_id));
    fields.retain(|(_, value)| !value.is_empty());
    create(cx, &format!("{}/feed", cx.account), "publish post", &fields).await
}

async fn comment(cx: &Cx<'_>, root: &Sent, words: String, media: &[MediaItem]) -> Result<Sent, Refusal> {
    let mut fields = vec![("message", words)];
    if let Some(picture) = media.first() {
        let url = meta::address(picture).map_err(|refusal| refusal.at("/media/0"))?;
        fields.push(("attachment_url", url.to_owned()));
    }
    fields.retain(|(_, value)| !value.is_empty());
    // Below the post: an answer to a comment would be hidden below that.
    create(cx, &format!("{}/comments", root.remote_id), "publish comment", &fields).await
}

async fn create(cx: &Cx<'_>, place: &str, step: &str, fields: &[(&str, String)]) -> Result<Sent, Refusal> {
    let request = cx.net.post(format!("{GRAPH}/{place}")).query(&[("fields", "id,permalink_url")]).form(fields);
    let create = || meta::json::<Posted>(request, cx.credentials, refine);
    Ok(cx.step(step, Once::Look, create).await?.into())
}

/// Uploads the photos of a part where nobody sees them yet.
async fn photos(cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| Box::pin(photo(cx, media))).await
}

pub(super) async fn photo(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let mut fields = vec![("url", meta::address(media)?), ("published", "false")];
    if !media.alt.is_empty() {
        fields.push(("alt_text_custom", &media.alt));
    }
    let request = cx.net.post(format!("{GRAPH}/{}/photos", cx.account)).form(&fields);
    Ok(meta::ask::<Made>(request, cx.credentials, refine).await?.id)
}

async fn video(cx: &Cx<'_>, words: String, film: &MediaItem) -> Result<Sent, Refusal> {
    let mut fields = vec![("file_url", meta::address(film)?.to_owned()), ("description", words)];
    fields.retain(|(_, value)| !value.is_empty());
    let request = cx.net.post(format!("{GRAPH}/{}/videos", cx.account)).form(&fields);
    let create = || meta::json::<Made>(request, cx.credentials, refine);
    let Made { id } = cx.step("publish video", Once::Look, create).await?;
    let seen = match watched(cx, &id, |status| status == "ready").await {
        Ok(seen) => seen,
        Err(refusal @ Refusal::Content(_)) => return Err(refusal.at("/media/0")),
        // It is there; that it is not seen yet is no reason to fail.
        Err(refusal) => {
            tracing::debug!(%refusal, "what became of a video on Facebook could not be learnt");
            Video::default()
        }
    };
    // The post that the video stands in is what is counted.
    let post = seen.post_id.map(|post| if post.contains('_') { post } else { format!("{}_{post}", cx.account) });
    let url = match seen.permalink_url {
        Some(path) if path.starts_with('/') => format!("https://www.facebook.com{path}"),
        Some(url) => url,
        None => format!("https://www.facebook.com/reel/{id}"),
    };
    Ok(Sent { url: Some(url), remote_id: id, data: post.map_or(Value::Null, |post| json!({ "post": post })) })
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Video {
    permalink_url: Option<String>,
    post_id: Option<String>,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    video_status: String,
    uploading_phase: Phase,
    processing_phase: Phase,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Phase {
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    message: String,
}

impl Status {
    fn problem(self) -> Refusal {
        let said = self.uploading_phase.errors.into_iter().chain(self.processing_phase.errors).next();
        let said = said.map_or_else(|| "Facebook could not process the video".to_owned(), |problem| problem.message);
        Refusal::Content(Detail::new(crier_net::redact(&said)))
    }
}

/// Looks at a video until its status is what it is to be.
pub(super) async fn watched(
    cx: &Cx<'_>,
    id: &str,
    done: impl Fn(&str) -> bool + Send + Sync,
) -> Result<Video, Refusal> {
    let look = || async {
        let request = cx.net.get(format!("{GRAPH}/{id}")).query(&[("fields", "status,permalink_url,post_id")]);
        let video: Video = meta::ask(request, cx.credentials, refine).await?;
        match video.status.video_status.as_str() {
            "error" | "expired" | "upload_failed" => Err(video.status.problem()),
            status if done(status) => Ok(Some(video)),
            _ => Ok(None),
        }
    };
    done_within(PROCESSING, "Facebook is still processing the video", look).await
}

#[async_trait]
impl Recent for Facebook {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = self.render(&item.body);
        let fields = ("fields", "id,message,permalink_url,created_time");
        match &item.thread {
            Some(thread) => {
                let list = format!("{GRAPH}/{}/comments", thread.root.remote_id);
                let newest = [fields, ("filter", "stream"), ("order", "reverse_chronological")];
                meta::find(cx, &list, &newest, &words, refine).await
            }
            None if settings.post_type == PostType::Story => {
                Err(Refusal::Unknown(Detail::new("a story has no words to be known by")))
            }
            None => {
                let list = format!("{GRAPH}/{}/published_posts", cx.account);
                meta::find(cx, &list, &[fields], &words, refine).await
            }
        }
    }
}
