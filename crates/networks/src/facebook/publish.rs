//! Posts with photos or a video, and the comments below them.

use super::{Facebook, PostType, Settings, refine, story, video};
use crate::about::Network;
use crate::meta::{self, GRAPH, Made};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Recent, Sent};
use crate::{Detail, Refusal, settings};
use async_trait::async_trait;
use crier_net::Multipart;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Photos that no post has taken are kept for some time that Facebook does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(120);

#[async_trait]
impl Publish for Facebook {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        match (settings.post_type, item.media.as_slice()) {
            // A comment's picture that has an address is fetched with it.
            _ if item.index > 0 => match item.media.as_slice() {
                [one] if one.url.is_none() => photos(cx, item).await.map(drop),
                _ => Ok(()),
            },
            (PostType::Story, _) => story::uploads(cx, item).await.map(drop),
            (PostType::Post, [film]) if film.is_film() => video::upload(cx, film).await.map(drop),
            (PostType::Post, _) => photos(cx, item).await.map(drop),
        }
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let words = self.render(&item.body);
        match (&item.thread, settings.post_type, item.media.as_slice()) {
            (Some(thread), ..) => comment(cx, &thread.root, words, item).await,
            (None, PostType::Story, _) => story::publish(cx, item).await,
            (None, PostType::Post, [film]) if film.is_film() => video::publish(cx, words, film).await,
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

async fn comment(cx: &Cx<'_>, root: &Sent, words: String, item: &Item) -> Result<Sent, Refusal> {
    let mut fields = vec![("message", words)];
    match item.media.first() {
        Some(MediaItem { url: Some(url), .. }) => fields.push(("attachment_url", url.clone())),
        Some(_) => fields.extend(photos(cx, item).await?.into_iter().take(1).map(|id| ("attachment_id", id))),
        None => {}
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
    let mut fields = vec![("published", "false")];
    fields.extend((!media.alt.is_empty()).then_some(("alt_text_custom", media.alt.as_str())));
    let request = cx.net.post(format!("{GRAPH}/{}/photos", cx.account));
    let request = match &media.url {
        Some(url) => {
            fields.insert(0, ("url", url));
            request.form(&fields)
        }
        None => {
            let form = fields.into_iter().fold(Multipart::new(), |form, (name, value)| form.text(name, value));
            request.multipart(form.part("source", &media.name, &media.mime, cx.body(media).await?)).timeout(UPLOAD)
        }
    };
    Ok(meta::ask::<Made>(request, cx.credentials, refine).await?.id)
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
