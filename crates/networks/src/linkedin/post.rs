//! Posts and the comments below them, of members and of pages alike.

use super::{API, little, refine, versioned};
use crate::check::PartToCheck;
use crate::publish::{Cx, Item, MediaItem, Once, Sent, done_within, upload_time};
use crate::{Detail, Refusal, call};
use crier_model::Finding;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Files that no post has taken are kept for some time that LinkedIn does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(120);
/// How long LinkedIn may take to process a video before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(300);
/// The most pixels of a picture.
const PIXELS: u64 = 36_152_320;

/// What is to be published, and as whom.
pub struct Wish<'a> {
    pub author: &'a str,
    /// Plain.
    pub words: &'a str,
    pub visibility: Value,
    pub no_reshares: bool,
    /// For the call that publishes.
    pub once: Once,
}

pub fn too_many_pixels(parts: &[PartToCheck<'_>]) -> Vec<Finding> {
    let files = parts.iter().flat_map(|part| part.media.iter().enumerate().map(move |(i, item)| (part, i, item)));
    let pixels = |item: &MediaItem| u64::from(item.width) * u64::from(item.height);
    let large = files.filter(|(_, _, item)| item.mime.starts_with("image/") && pixels(item) >= PIXELS);
    let finding = |(part, index, item): (&PartToCheck<'_>, usize, &MediaItem)| {
        let (max, has) = (PIXELS / 1_000_000, pixels(item) / 1_000_000);
        let message = format!("LinkedIn takes pictures of {max} million pixels; {} has {has} million.", item.name);
        let pointer = format!("{}/media/{index}", part.pointer);
        Finding::error(pointer, "media.too_large", message, "Scale it down, for example to 6000 × 6000.")
    };
    large.map(finding).collect()
}

/// Uploads the files of a post; a comment has none, and is known to be one by its place.
pub async fn ahead(cx: &Cx<'_>, item: &Item, owner: &str) -> Result<(), Refusal> {
    if item.index > 0 {
        return Ok(());
    }
    uploads(cx, item, owner).await.map(drop)
}

async fn uploads(cx: &Cx<'_>, item: &Item, owner: &str) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| Box::pin(upload(cx, media, owner))).await
}

pub async fn publish(cx: &Cx<'_>, item: &Item, wish: Wish<'_>) -> Result<Sent, Refusal> {
    if let Some(thread) = &item.thread {
        return comment(cx, &thread.root, wish).await;
    }
    let urns = uploads(cx, item, wish.author).await?;
    let mut post = json!({
        "author": wish.author,
        "commentary": little::write(wish.words),
        "visibility": wish.visibility,
        "distribution": { "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [] },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": wish.no_reshares,
    });
    let described = |media: &MediaItem, urn: &String| {
        let mut entry = json!({ "id": urn });
        if !media.alt.is_empty() {
            entry["altText"] = media.alt.as_str().into();
        }
        entry
    };
    match (item.media.as_slice(), urns.as_slice()) {
        ([one], [urn]) => post["content"] = json!({ "media": described(one, urn) }),
        ([_, ..], urns) => {
            let images: Vec<Value> = item.media.iter().zip(urns).map(|(media, urn)| described(media, urn)).collect();
            post["content"] = json!({ "multiImage": { "images": images } });
        }
        ([], _) => {}
    }
    create(cx, &post, wish.once).await
}

async fn create(cx: &Cx<'_>, post: &Value, once: Once) -> Result<Sent, Refusal> {
    let request = versioned(cx.net.post(format!("{API}/rest/posts")).json(post), cx.credentials);
    let create = || async {
        let answer = call::send(request, cx.credentials, refine).await?;
        let id = answer.header("x-restli-id").or_else(|| answer.header("x-linkedin-id"));
        id.map(str::to_owned).ok_or_else(|| Refusal::Unknown(Detail::new("the answer names no post")))
    };
    Ok(sent(cx.step("create post", once, create).await?))
}

/// Shares a post again, without words. Without those it can't be told from other reshares.
pub async fn reshare(cx: &Cx<'_>, author: &str, post: &Sent) -> Result<Sent, Refusal> {
    let reshare = json!({
        "author": author,
        "commentary": "",
        "visibility": "PUBLIC",
        "distribution": { "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [] },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": false,
        "reshareContext": { "parent": post.remote_id },
    });
    create(cx, &reshare, Once::Ask).await
}

pub fn sent(urn: String) -> Sent {
    Sent { url: Some(format!("https://www.linkedin.com/feed/update/{urn}/")), remote_id: urn, data: Value::Null }
}

#[derive(Serialize, Deserialize)]
struct Commented {
    /// `urn:li:comment:(urn:li:activity:1,2)`.
    #[serde(rename = "commentUrn")]
    urn: String,
}

/// Comments below the post; an answer to a comment would be hidden below it.
async fn comment(cx: &Cx<'_>, root: &Sent, wish: Wish<'_>) -> Result<Sent, Refusal> {
    let comment = json!({ "actor": wish.author, "object": root.remote_id, "message": { "text": wish.words } });
    let request = cx.net.post(format!("{API}/rest/socialActions/{}/comments", encoded(&root.remote_id))).json(&comment);
    let request = versioned(request, cx.credentials);
    let create = || call::json::<Commented>(request, cx.credentials, refine);
    let Commented { urn } = cx.step("create comment", Once::Ask, create).await?;
    let url = format!("https://www.linkedin.com/feed/update/{}/?commentUrn={}", root.remote_id, encoded(&urn));
    Ok(Sent { url: Some(url), remote_id: urn, data: Value::Null })
}

/// As a piece of a path or a query.
pub fn encoded(urn: &str) -> String {
    url::form_urlencoded::byte_serialize(urn.as_bytes()).collect()
}

#[derive(Deserialize)]
struct Begun {
    value: Place,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    #[serde(default)]
    image: Option<String>,
    #[serde(default)]
    video: Option<String>,
    #[serde(default)]
    upload_url: Option<String>,
    #[serde(default)]
    upload_instructions: Vec<Instruction>,
    #[serde(default)]
    upload_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instruction {
    upload_url: String,
    first_byte: u64,
    last_byte: u64,
}

#[derive(Deserialize)]
struct Processed {
    status: String,
    #[serde(default, rename = "processingFailureReason")]
    failure: Option<String>,
}

async fn upload(cx: &Cx<'_>, media: &MediaItem, owner: &str) -> Result<String, Refusal> {
    let malformed = || Refusal::Temporary(Detail::new("the answer names no place for the file"));
    let begin = async |kind: &str, wish: Value| {
        let request = cx.net.post(format!("{API}/rest/{kind}?action=initializeUpload"));
        let request = versioned(request.json(&json!({ "initializeUploadRequest": wish })), cx.credentials);
        call::ask::<Begun>(request, cx.credentials, refine).await.map(|begun| begun.value)
    };
    if !media.mime.starts_with("video/") {
        let place = begin("images", json!({ "owner": owner })).await?;
        let (Some(url), Some(urn)) = (place.upload_url, place.image) else { return Err(malformed()) };
        let request = cx.net.put(url).bearer(cx.credentials.access_token.expose()).timeout(media.upload_time(UPLOAD));
        let picture = cx.body(media).await?;
        call::send(request.body(picture, &media.mime), cx.credentials, refine).await.map_err(Refusal::harmless)?;
        return Ok(urn);
    }
    let wish = json!({
        "owner": owner, "fileSizeBytes": media.size, "uploadCaptions": false, "uploadThumbnail": false,
    });
    let place = begin("videos", wish).await?;
    let urn = place.video.ok_or_else(malformed)?;
    let mut pieces = Vec::new();
    for Instruction { upload_url, first_byte, last_byte } in place.upload_instructions {
        if first_byte > last_byte || last_byte >= media.size {
            return Err(malformed());
        }
        // How large a piece is, is LinkedIn's choice.
        let piece = cx.body_of(media, first_byte, last_byte + 1).await?;
        let request = cx.net.put(upload_url).body(piece, "application/octet-stream");
        let request = request.timeout(upload_time(UPLOAD, last_byte - first_byte));
        let answer = call::send(request, cx.credentials, refine).await.map_err(Refusal::harmless)?;
        let tag = answer.header("etag").ok_or_else(malformed)?;
        pieces.push(tag.trim_matches('"').to_owned());
    }
    let finalize = json!({
        "finalizeUploadRequest": { "video": urn, "uploadToken": place.upload_token, "uploadedPartIds": pieces },
    });
    let request = cx.net.post(format!("{API}/rest/videos?action=finalizeUpload")).json(&finalize);
    let request = versioned(request, cx.credentials);
    call::send(request, cx.credentials, refine).await.map_err(Refusal::harmless)?;
    available(cx, &urn).await?;
    Ok(urn)
}

/// Waits until a video is processed.
async fn available(cx: &Cx<'_>, urn: &str) -> Result<(), Refusal> {
    let look = || async {
        let request = versioned(cx.net.get(format!("{API}/rest/videos/{}", encoded(urn))), cx.credentials);
        let Processed { status, failure } = call::ask(request, cx.credentials, refine).await?;
        match status.as_str() {
            "AVAILABLE" => Ok(Some(())),
            "PROCESSING_FAILED" => {
                let said = failure.unwrap_or_else(|| "LinkedIn could not process the video".to_owned());
                Err(Refusal::Content(Detail::new(crier_net::redact(&said))))
            }
            _ => Ok(None),
        }
    };
    done_within(PROCESSING, "LinkedIn is still processing a video", look).await
}
