//! Videos of a page (<https://developers.facebook.com/docs/graph-api/reference/page/videos>, 2026): a session takes the file in pieces as
//! large as it asks for, and the video is published by ending it.

use super::refine;
use crate::meta::{self, GRAPH, GRAPH_VIDEO};
use crate::publish::{Cx, MediaItem, Once, Sent, done_within, upload_time};
use crate::{Detail, Refusal};
use crier_net::Multipart;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// Sessions that are not ended are kept for some time that Facebook does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(120);
/// How long Facebook may take to process a video before it is looked at no longer.
pub(super) const PROCESSING: Duration = Duration::from_secs(300);

/// A session that has the whole file.
#[derive(Serialize, Deserialize)]
pub(super) struct Uploaded {
    #[serde(rename = "upload_session_id")]
    session: String,
    video_id: String,
}

#[derive(Deserialize)]
struct Begun {
    #[serde(flatten)]
    uploaded: Uploaded,
    #[serde(flatten)]
    wanted: Wanted,
}

/// The piece that the session takes next; an empty one where it has all. Numbers in quotes.
#[derive(Deserialize)]
struct Wanted {
    start_offset: String,
    end_offset: String,
}

impl Wanted {
    fn range(&self, size: u64) -> Result<Option<(u64, u64)>, Refusal> {
        let malformed = || Refusal::Temporary(Detail::new("the answer names no piece of the video"));
        let (Ok(start), Ok(end)) = (self.start_offset.parse(), self.end_offset.parse()) else {
            return Err(malformed());
        };
        match (start, end) {
            (start, end) if start < end && end <= size => Ok(Some((start, end))),
            (start, end) if start == end => Ok(None),
            _ => Err(malformed()),
        }
    }
}

#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    success: bool,
}

/// Brings a video, which nobody sees before its session is ended.
pub(super) async fn upload(cx: &Cx<'_>, film: &MediaItem) -> Result<Uploaded, Refusal> {
    let bring = || async {
        let place = format!("{GRAPH_VIDEO}/{}/videos", cx.account);
        let size = film.size.to_string();
        let request = cx.net.post(&place).form(&[("upload_phase", "start"), ("file_size", &size)]);
        let Begun { uploaded, mut wanted } = meta::ask(request, cx.credentials, refine).await?;
        let mut before = None;
        while let Some((start, end)) = wanted.range(film.size)? {
            if before >= Some(start) {
                return Err(Refusal::Temporary(Detail::new("the upload does not go on")));
            }
            before = Some(start);
            let form = Multipart::new()
                .text("upload_phase", "transfer")
                .text("upload_session_id", &uploaded.session)
                .text("start_offset", start.to_string())
                .part("video_file_chunk", &film.name, "application/octet-stream", cx.body_of(film, start, end).await?);
            let request = cx.net.post(&place).multipart(form).timeout(upload_time(UPLOAD, end - start));
            wanted = meta::ask(request, cx.credentials, refine).await?;
        }
        Ok(uploaded)
    };
    let uploaded = cx.step(&cx.upload_step(0, UPLOAD_LIFE), Once::Repeatable, || Box::pin(bring())).await;
    uploaded.map_err(|refusal| refusal.at("/media/0"))
}

pub(super) async fn publish(cx: &Cx<'_>, words: String, film: &MediaItem) -> Result<Sent, Refusal> {
    let Uploaded { session, video_id: id } = upload(cx, film).await?;
    let mut fields =
        vec![("upload_phase", "finish".to_owned()), ("upload_session_id", session), ("description", words)];
    fields.retain(|(_, value)| !value.is_empty());
    let request = cx.net.post(format!("{GRAPH_VIDEO}/{}/videos", cx.account)).form(&fields);
    let publish = || async {
        match meta::json::<Ended>(request, cx.credentials, refine).await? {
            Ended { success: true } => Ok(()),
            Ended { success: false } => {
                Err(Refusal::Unknown(Detail::new("Facebook does not say that it is published")))
            }
        }
    };
    cx.step("publish video", Once::Look, publish).await?;
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
