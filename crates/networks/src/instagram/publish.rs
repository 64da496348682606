//! Containers, their publishing, and the comments below what came of them.

use super::{PostType, Settings, refine};
use crate::meta::{self, GRAPH, Made};
use crate::publish::{Cx, Item, MediaItem, Once, Sent, done_within};
use crate::{Detail, Refusal, settings};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Containers that are not published end after a day.
const CONTAINER_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// Where videos are brought, each under the id of its container.
const PLACE: &str = "https://rupload.facebook.com/ig-api-upload/v26.0";
/// How long Instagram may take to fetch and process a file before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(300);

type Fields = Vec<(&'static str, String)>;

/// Makes ahead what nobody sees yet: the containers of a post.
pub(super) async fn ahead(cx: &Cx<'_>, item: &Item, api: &str, words: &str) -> Result<(), Refusal> {
    let settings: Settings = settings::read(&item.settings)?;
    match settings.post_type {
        // Comments have nothing to be made ahead.
        _ if item.index > 0 => Ok(()),
        PostType::Post => prepared(cx, item, api, words, &settings).await.map(drop),
        PostType::Story => of_stories(cx, item, api).await.map(drop),
    }
}

pub(super) async fn publish(cx: &Cx<'_>, item: &Item, api: &str, words: &str) -> Result<Sent, Refusal> {
    let settings: Settings = settings::read(&item.settings)?;
    if let Some(thread) = &item.thread {
        let place = format!("{api}/{}/comments", thread.root.remote_id);
        let request = cx.net.post(place).form(&[("message", words)]);
        let create = || meta::json::<Made>(request, cx.credentials, refine);
        let Made { id } = cx.step("publish comment", Once::Look, create).await?;
        return Ok(Sent { remote_id: id, url: thread.root.url.clone(), data: Value::Null });
    }
    if settings.post_type == PostType::Story {
        return stories(cx, item, api).await;
    }
    let container = prepared(cx, item, api, words, &settings).await?;
    let post = released(cx, api, &container, "publish", Once::Look).await?;
    let url = meta::permalink(cx, &format!("{api}/{post}"), "id,permalink", refine).await;
    Ok(Sent { remote_id: post, url, data: Value::Null })
}

pub(super) async fn find(cx: &Cx<'_>, item: &Item, api: &str, words: &str) -> Result<Option<Sent>, Refusal> {
    let settings: Settings = settings::read(&item.settings)?;
    match &item.thread {
        Some(thread) => {
            let list = format!("{api}/{}/comments", thread.root.remote_id);
            meta::find(cx, &list, &[("fields", "id,text,timestamp")], words, refine).await
        }
        None if settings.post_type == PostType::Story => {
            Err(Refusal::Unknown(Detail::new("a story has no words to be known by")))
        }
        None => {
            let list = format!("{api}/{}/media", cx.account);
            meta::find(cx, &list, &[("fields", "id,caption,permalink,timestamp")], words, refine).await
        }
    }
}

/// Publishes each file as a story of its own, one after the other; those that are out already are not published again.
async fn stories(cx: &Cx<'_>, item: &Item, api: &str) -> Result<Sent, Refusal> {
    let mut published = Vec::new();
    for (index, container) in of_stories(cx, item, api).await?.iter().enumerate() {
        let step = format!("publish story {index}");
        let released = released(cx, api, container, &step, Once::Ask).await;
        published.push(released.map_err(|refusal| refusal.at(&format!("/media/{index}")))?);
    }
    let first = published.first().cloned().ok_or_else(|| Refusal::Content(Detail::new("a story needs a file")))?;
    let url = meta::permalink(cx, &format!("{api}/{first}"), "id,permalink", refine).await;
    Ok(Sent { remote_id: first, url, data: json!({ "stories": published }) })
}

/// The containers of all files, before the first is published.
async fn of_stories(cx: &Cx<'_>, item: &Item, api: &str) -> Result<Vec<String>, Refusal> {
    let mut containers = Vec::new();
    for (index, media) in item.media.iter().enumerate() {
        let at = |refusal: Refusal| refusal.at(&format!("/media/{index}"));
        let mut fields = taken(media, api).map_err(at)?;
        fields.push(("media_type", "STORIES".to_owned()));
        containers.push(container(cx, api, index, &fields, Some(media)).await.map_err(at)?);
    }
    Ok(containers)
}

async fn released(cx: &Cx<'_>, api: &str, container: &str, step: &str, once: Once) -> Result<String, Refusal> {
    let request = cx.net.post(format!("{api}/{}/media_publish", cx.account)).form(&[("creation_id", container)]);
    let publish = || meta::json::<Made>(request, cx.credentials, refine);
    Ok(cx.step(step, once, publish).await?.id)
}

/// The container of the post, ready to be published.
async fn prepared(cx: &Cx<'_>, item: &Item, api: &str, words: &str, settings: &Settings) -> Result<String, Refusal> {
    let mut fields = match item.media.as_slice() {
        [one] if one.is_film() => {
            let mut fields = taken(one, api).map_err(|refusal| refusal.at("/media/0"))?;
            fields.extend(reel(settings));
            fields
        }
        [one] => described(one, api).map_err(|refusal| refusal.at("/media/0"))?,
        many => {
            let children = children(cx, api, many).await?;
            vec![("media_type", "CAROUSEL".to_owned()), ("children", children)]
        }
    };
    if !words.is_empty() {
        fields.push(("caption", words.to_owned()));
    }
    if !settings.collaborators.is_empty() {
        let names: Vec<&str> = settings.collaborators.iter().map(|name| name.trim_start_matches('@')).collect();
        fields.push(("collaborators", json!(names).to_string()));
    }
    let one = item.media.first().filter(|_| item.media.len() == 1);
    container(cx, api, item.media.len(), &fields, one).await
}

/// What makes a reel of a video.
fn reel(settings: &Settings) -> Fields {
    let mut fields = vec![("media_type", "REELS".to_owned()), ("share_to_feed", settings.share_to_feed.to_string())];
    if settings.thumb_offset > 0 {
        fields.push(("thumb_offset", settings.thumb_offset.to_string()));
    }
    if settings.is_trial_reel {
        fields.push(("trial_params", json!({ "graduation_strategy": settings.graduation_strategy }).to_string()));
    }
    if !settings.audio.is_empty() {
        let audio = json!({
            "audio_id": settings.audio,
            "audio_volume": settings.audio_volume,
            "video_volume": settings.video_volume,
        });
        fields.push(("audio_configuration", audio.to_string()));
    }
    fields
}

/// Whether Instagram is brought a file instead of fetching it: videos, by Facebook Login alone.
fn is_brought(media: &MediaItem, api: &str) -> bool {
    media.is_film() && media.url.is_none() && api == GRAPH
}

/// Where a file is fetched, or that it is brought.
fn taken(media: &MediaItem, api: &str) -> Result<Fields, Refusal> {
    if is_brought(media, api) {
        return Ok(vec![("upload_type", "resumable".to_owned())]);
    }
    let name = if media.is_film() { "video_url" } else { "image_url" };
    Ok(vec![(name, meta::address(media)?.to_owned())])
}

/// A file with its description, which pictures alone have.
fn described(media: &MediaItem, api: &str) -> Result<Fields, Refusal> {
    let mut fields = taken(media, api)?;
    fields.extend((!media.is_film() && !media.alt.is_empty()).then(|| ("alt_text", media.alt.clone())));
    Ok(fields)
}

/// The containers of a carousel's files.
async fn children(cx: &Cx<'_>, api: &str, media: &[MediaItem]) -> Result<String, Refusal> {
    let mut ids = Vec::new();
    for (index, item) in media.iter().enumerate() {
        let at = |refusal: Refusal| refusal.at(&format!("/media/{index}"));
        let mut fields = described(item, api).map_err(at)?;
        if item.is_film() {
            fields.push(("media_type", "VIDEO".to_owned()));
        }
        fields.push(("is_carousel_item", "true".to_owned()));
        ids.push(container(cx, api, index, &fields, Some(item)).await.map_err(at)?);
    }
    Ok(ids.join(","))
}

/// Makes a container and waits until it is ready: one that failed is of no use, so that the next try makes another.
/// A file that is brought is `media`.
async fn container(
    cx: &Cx<'_>,
    api: &str,
    index: usize,
    fields: &[(&str, String)],
    media: Option<&MediaItem>,
) -> Result<String, Refusal> {
    let make = || async {
        let request = cx.net.post(format!("{api}/{}/media", cx.account)).form(fields);
        let Made { id } = meta::ask(request, cx.credentials, refine).await?;
        if let Some(film) = media.filter(|media| is_brought(media, api)) {
            meta::bring(cx, &format!("{PLACE}/{id}"), film, refine).await?;
        }
        finished(cx, api, &id).await?;
        Ok(id)
    };
    cx.step(&cx.upload_step(index, CONTAINER_LIFE), Once::Repeatable, || Box::pin(make())).await
}

#[derive(Deserialize)]
struct State {
    status_code: String,
    /// Words, with a number of its own where something is wrong: `Error: Media upload has failed with error code 2207026`.
    #[serde(default)]
    status: String,
}

async fn finished(cx: &Cx<'_>, api: &str, container: &str) -> Result<(), Refusal> {
    let look = || async {
        let request = cx.net.get(format!("{api}/{container}")).query(&[("fields", "status_code,status")]);
        let State { status_code, status } = meta::ask(request, cx.credentials, refine).await?;
        match status_code.as_str() {
            "FINISHED" | "PUBLISHED" => Ok(Some(())),
            "ERROR" => Err(failed(&status)),
            "EXPIRED" => Err(Refusal::Temporary(Detail::new("the container has expired"))),
            _ => Ok(None),
        }
    };
    done_within(PROCESSING, "Instagram is still processing a file", look).await
}

/// What a container's words about its failure mean.
fn failed(status: &str) -> Refusal {
    let number = status.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() >= 5);
    let detail = Detail {
        code: number.map(|number| format!("-1/{number}")),
        ..Detail::new(if status.is_empty() {
            "Instagram could not process the file".to_owned()
        } else {
            crier_net::redact(status)
        })
    };
    refine(meta::of_container(Refusal::Content(detail)))
}
