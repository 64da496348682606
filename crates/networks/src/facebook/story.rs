//! Stories of a page: each file is one, seen for a day.

use super::publish::photo;
use super::refine;
use super::video::watched;
use crate::meta::{self, GRAPH};
use crate::publish::{Cx, Item, MediaItem, Once, Sent};
use crate::{Detail, Refusal};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Uploads that no story has taken are kept for some time that Facebook does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);

#[derive(Serialize, Deserialize)]
struct Story {
    post_id: String,
}

/// Publishes each file, one after the other; those that are out already are not published again.
pub(super) async fn publish(cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
    let mut stories = Vec::new();
    for (index, (media, uploaded)) in item.media.iter().zip(uploads(cx, item).await?).enumerate() {
        let (place, fields) = if media.is_film() {
            ("video_stories", vec![("upload_phase", "finish"), ("video_id", &uploaded)])
        } else {
            ("photo_stories", vec![("photo_id", uploaded.as_str())])
        };
        let request = cx.net.post(format!("{GRAPH}/{}/{place}", cx.account)).form(&fields);
        let publish = || meta::json::<Story>(request, cx.credentials, refine);
        let published = cx.step(&format!("publish story {index}"), Once::Ask, publish).await;
        let Story { post_id } = published.map_err(|refusal| refusal.at(&format!("/media/{index}")))?;
        stories.push(post_id);
    }
    let first = stories.first().cloned().ok_or_else(|| Refusal::Content(Detail::new("a story needs a file")))?;
    let url = Some(format!("https://www.facebook.com/stories/{first}"));
    Ok(Sent { remote_id: first, url, data: json!({ "stories": stories }) })
}

/// Uploads all files, before the first is published.
pub(super) async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    let upload = async |media| if MediaItem::is_film(media) { upload(cx, media).await } else { photo(cx, media).await };
    cx.uploads(item, UPLOAD_LIFE, |media| Box::pin(upload(media))).await
}

#[derive(Deserialize)]
struct Begun {
    video_id: String,
    upload_url: String,
}

/// Brings a video, and waits until a story can be made of it.
async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let request = cx.net.post(format!("{GRAPH}/{}/video_stories", cx.account)).form(&[("upload_phase", "start")]);
    let Begun { video_id, upload_url } = meta::ask(request, cx.credentials, refine).await?;
    meta::bring(cx, &upload_url, media, refine).await?;
    watched(cx, &video_id, |status| matches!(status, "ready" | "upload_complete")).await?;
    Ok(video_id)
}
