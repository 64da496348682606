//! Writing posts: a record under a key known beforehand, so that writing it twice leaves one.

use super::rich_text::{Feature, RichText, facet};
use super::session::{server, xrpc};
use super::{Bluesky, Label, Settings, refine, video};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::{Refusal, call, settings};
use async_trait::async_trait;
use crier_model::Timestamp;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

pub(super) const COLLECTION: &str = "app.bsky.feed.post";

/// Servers keep blobs that no record has taken for an hour at least (<https://atproto.com/specs/blob>).
const BLOB_LIFE: SignedDuration = SignedDuration::from_hours(1);

const UPLOAD: Duration = Duration::from_secs(120);

/// Where a record lies and what it holds (`com.atproto.repo.strongRef`).
#[derive(Deserialize)]
struct Written {
    uri: String,
    cid: String,
}

#[async_trait]
impl Publish for Bluesky {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let blobs = uploads(cx, item).await?;
        let record = record(cx, item, &blobs, created_at(cx).await?).await?;
        let key = record_key(&cx.key(), cx.due_at, cx.part);
        let url = format!("https://bsky.app/profile/{}/post/{key}", cx.account);
        put(cx, COLLECTION, key, record, Some(url)).await
    }
}

/// Writes a record that people see at `url`, once.
pub(super) async fn put(
    cx: &Cx<'_>,
    collection: &str,
    key: String,
    record: Value,
    url: Option<String>,
) -> Result<Sent, Refusal> {
    let body = json!({ "repo": cx.account, "collection": collection, "rkey": key, "record": record });
    let request = cx
        .net
        .post(xrpc(server(cx.credentials, cx.facts), "com.atproto.repo.putRecord"))
        .bearer(cx.credentials.access_token.expose())
        .json(&body);
    let write = || async {
        let written: Written = call::json(request, cx.credentials, refine).await?;
        Ok(Sent { url, data: json!({ "uri": written.uri, "cid": written.cid }), remote_id: written.uri })
    };
    cx.step("put record", Once::Key(key), write).await
}

/// The time a record is said to be made at. Written down once: a repeated record must be the same to the byte, or its CID would change
/// under replies.
pub(super) async fn created_at(cx: &Cx<'_>) -> Result<Timestamp, Refusal> {
    cx.step("time", Once::Repeatable, || std::future::ready(Ok(cx.clock.now()))).await
}

/// The files as a record refers to them, uploaded.
async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<Value>, Refusal> {
    let upload =
        async |media| if MediaItem::is_film(media) { video::upload(cx, media).await } else { blob(cx, media).await };
    cx.uploads(item, BLOB_LIFE, |media| Box::pin(upload(media))).await
}

/// A file on the account's own server.
pub(super) async fn blob(cx: &Cx<'_>, media: &MediaItem) -> Result<Value, Refusal> {
    match upload(cx, media).await {
        // What is read as it is sent can't be sent again by itself with the nonce that the server wants in its proof.
        Err(refusal) if refusal.detail().code.as_deref() == Some("use_dpop_nonce") => upload(cx, media).await,
        done => done,
    }
}

async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<Value, Refusal> {
    #[derive(Deserialize)]
    struct Uploaded {
        blob: Value,
    }
    let request = cx
        .net
        .post(xrpc(server(cx.credentials, cx.facts), "com.atproto.repo.uploadBlob"))
        .bearer(cx.credentials.access_token.expose())
        .body(cx.body(media).await?, &media.mime)
        .timeout(media.upload_time(UPLOAD));
    let uploaded: Uploaded = call::json(request, cx.credentials, refine).await?;
    Ok(uploaded.blob)
}

fn image(media: &MediaItem, blob: &Value) -> Value {
    let mut image = json!({ "image": blob, "alt": media.alt });
    if media.width > 0 && media.height > 0 {
        image["aspectRatio"] = json!({ "width": media.width, "height": media.height });
    }
    image
}

/// What is seen beside the words; none where there is nothing.
fn embed(item: &Item, blobs: &[Value]) -> Option<Value> {
    match (item.media.as_slice(), blobs) {
        ([film], [blob]) if film.is_film() => Some(video::embed(film, blob)),
        ([], _) => None,
        (media, blobs) => {
            let images: Vec<Value> = media.iter().zip(blobs).map(|(media, blob)| image(media, blob)).collect();
            Some(json!({ "$type": "app.bsky.embed.images", "images": images }))
        }
    }
}

async fn record(cx: &Cx<'_>, item: &Item, blobs: &[Value], created_at: Timestamp) -> Result<Value, Refusal> {
    let settings: Settings = settings::read(&item.settings)?;
    let rich = RichText::of(&item.body);
    let mut facets = Vec::new();
    for (range, feature) in &rich.features {
        match feature {
            Feature::Mention(handle) => {
                if let Some(did) = resolve(cx, handle).await? {
                    facets.push(facet(range, feature, Some(&did)));
                }
            }
            Feature::Link(_) | Feature::Tag(_) => facets.push(facet(range, feature, None)),
        }
    }
    let mut record = Map::new();
    let mut set = |name: &str, value: Value| record.insert(name.to_owned(), value);
    set("$type", COLLECTION.into());
    set("text", rich.text.into());
    set("createdAt", format!("{created_at:.3}").into());
    if !facets.is_empty() {
        set("facets", facets.into());
    }
    if let Some(embed) = embed(item, blobs) {
        set("embed", embed);
    }
    if let Some(thread) = &item.thread {
        set("reply", json!({ "root": thread.root.data, "parent": thread.parent.data }));
    }
    if !settings.language.is_empty() {
        set("langs", json!([settings.language]));
    }
    if settings.label != Label::None {
        let values = json!([{ "val": settings.label }]);
        set("labels", json!({ "$type": "com.atproto.label.defs#selfLabels", "values": values }));
    }
    Ok(record.into())
}

/// The DID of a handle; none where nobody has it, and then it stays words.
async fn resolve(cx: &Cx<'_>, handle: &str) -> Result<Option<String>, Refusal> {
    #[derive(Deserialize)]
    struct Resolved {
        did: String,
    }
    let request = cx
        .net
        .get(xrpc(server(cx.credentials, cx.facts), "com.atproto.identity.resolveHandle"))
        .query(&[("handle", handle)]);
    match call::ask::<Resolved>(request, cx.credentials, refine).await {
        Ok(resolved) => Ok(Some(resolved.did)),
        Err(Refusal::Content(_)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// A TID: 53 bits of microseconds and 10 bits that tell writers apart, in sortable base 32. The same for every try, and
/// different for every other part: what is finer than the due time comes from a hash of the key.
pub(super) fn record_key(key: &str, due_at: Timestamp, part: usize) -> String {
    const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";
    let hash = Sha256::digest(key.as_bytes());
    let [a, b, c, d, ..] = hash.0;
    let millis = u64::try_from(due_at.as_millisecond()).unwrap_or_default() + part as u64;
    let micros = millis * 1000 + u64::from(u16::from_be_bytes([a, b])) % 1000;
    let tid = ((micros & ((1 << 53) - 1)) << 10) | (u64::from(u16::from_be_bytes([c, d])) & 0x3ff);
    (0..13)
        .rev()
        .map(|place| char::from(ALPHABET[usize::try_from((tid >> (5 * place)) & 31).unwrap_or_default()]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_tids_that_sort_by_time_and_repeat() {
        let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-24T12:00:01Z".parse().unwrap();
        let key = record_key("a-0", at, 0);
        assert_eq!(key, record_key("a-0", at, 0));
        assert_eq!(key.len(), 13);
        assert!(key < record_key("a-1", at, 1) && key < record_key("b-0", later, 0));
        assert_ne!(key, record_key("b-0", at, 0));
        assert!(
            key.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
                && b"234567abcdefghij".contains(&key.as_bytes()[0])
        );
    }
}
