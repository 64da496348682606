//! Videos. Accounts on Bluesky's own servers bring them to its video service, which makes them ready to be seen and lays them on the
//! account's server; on any other they are brought straight to that one, and made ready once the post is out.
//!
//! After <https://docs.bsky.app/docs/tutorials/video> and the lexicons `app.bsky.video` and `app.bsky.embed.video` (August 2026).

use super::post::blob;
use super::refine;
use super::session::{is_theirs, server, xrpc};
use crate::publish::{Cx, MediaItem, done_within};
use crate::{Credentials, Detail, Refusal, call};
use crier_model::{Code, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

const SERVICE: &str = "https://video.bsky.app";
/// What the service does at the account's server, for which that gives it a token.
const ALLOWED: &str = "com.atproto.repo.uploadBlob";
/// For how long, in seconds.
const ALLOWED_FOR: i64 = 30 * 60;
const UPLOAD: Duration = Duration::from_secs(120);
/// How long the service may take to make a video ready before the publication is tried again later.
const PROCESSING: Duration = Duration::from_secs(300);

/// What is known of a video at the service. Its answers have it in `jobStatus` or bare.
#[derive(Deserialize)]
struct Job {
    #[serde(default, rename = "jobStatus")]
    wrapped: Option<Status>,
    #[serde(flatten)]
    bare: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    job_id: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    blob: Option<Value>,
    #[serde(default)]
    failure_code: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Job {
    fn status(self) -> Result<Status, Refusal> {
        let lacks = || Refusal::Temporary(Detail::new("the video service’s answer names no job"));
        self.wrapped.or(self.bare).ok_or_else(lacks)
    }
}

impl Status {
    /// Where it is ready, what a record refers to it by.
    fn outcome(self) -> Result<Option<Value>, Refusal> {
        // The same video, brought before, comes with what it was then.
        if self.blob.is_some() {
            return Ok(self.blob);
        }
        if self.state != "JOB_STATE_FAILED" {
            return Ok(None);
        }
        let said = self.message.or_else(|| self.error.clone()).unwrap_or_else(|| "the video can’t be used".to_owned());
        let detail = Detail { code: self.failure_code.or(self.error), ..Detail::new(crier_net::redact(&said)) };
        Err(match detail.code.as_deref() {
            Some("pds_upload_failure" | "generic_failure") => Refusal::Temporary(detail),
            _ => Refusal::Content(detail),
        })
    }
}

/// A video as a record refers to it, brought and ready.
pub(super) async fn upload(cx: &Cx<'_>, film: &MediaItem) -> Result<Value, Refusal> {
    if !is_theirs(server(cx.credentials, cx.facts)) {
        return blob(cx, film).await;
    }
    match allowance(cx).await {
        Ok(token) => by_service(cx, film, token).await,
        // A sign-in that may not let others act for it brings the video by itself.
        Err(Refusal::Auth(detail)) if detail.diagnosis == Some(Code::ConsentScopeMissing) => blob(cx, film).await,
        Err(refusal) => Err(refusal),
    }
}

/// A token of the account's server, by which the service may lay a file there.
async fn allowance(cx: &Cx<'_>) -> Result<Secret, Refusal> {
    #[derive(Deserialize)]
    struct Allowance {
        token: Secret,
    }
    let server = server(cx.credentials, cx.facts);
    let host = Url::parse(server).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let until = cx.clock.now().as_second() + ALLOWED_FOR;
    let query = [("aud", format!("did:web:{host}")), ("lxm", ALLOWED.to_owned()), ("exp", until.to_string())];
    let request = cx.net.get(xrpc(server, "com.atproto.server.getServiceAuth")).query(&query);
    let request = request.bearer(cx.credentials.access_token.expose());
    Ok(call::ask::<Allowance>(request, cx.credentials, refine).await?.token)
}

async fn by_service(cx: &Cx<'_>, film: &MediaItem, token: Secret) -> Result<Value, Refusal> {
    let request = cx
        .net
        .post(xrpc(SERVICE, "app.bsky.video.uploadVideo"))
        .query(&[("did", cx.account), ("name", film.name.as_str())])
        .bearer(token.expose())
        .body(cx.body(film).await?, "video/mp4")
        .timeout(film.upload_time(UPLOAD));
    // The token that it hears is that of the allowance alone.
    let allowed = Credentials { access_token: token, ..Credentials::default() };
    let judge = |answer: crier_net::Answer| match answer.status() {
        // What it knows already is refused with what it knows.
        200..300 | 409 => answer.json::<Job>()?.status(),
        _ => Err(refused(Refusal::from_answer(&answer))),
    };
    let begun = call::judged(request, &allowed, judge).await.map_err(Refusal::harmless)?;
    let look = || async {
        let request = cx.net.get(xrpc(SERVICE, "app.bsky.video.getJobStatus")).query(&[("jobId", &begun.job_id)]);
        call::ask::<Job>(request, &allowed, refused).await?.status()?.outcome()
    };
    done_within(PROCESSING, "Bluesky is still processing the video", look).await
}

/// What the service refuses is no word of the account's own server on the sign-in.
fn refused(refusal: Refusal) -> Refusal {
    let limited = matches!(refusal.detail().code.as_deref(), Some("DailyLimitExceeded" | "TooManyOpenUploads"));
    match refusal {
        Refusal::Content(detail) | Refusal::Auth(detail) if limited => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        Refusal::Auth(detail) => Refusal::Content(Detail { diagnosis: None, ..detail }),
        refusal => refusal,
    }
}

/// A video in a record.
pub(super) fn embed(film: &MediaItem, blob: &Value) -> Value {
    let mut embed = json!({ "$type": "app.bsky.embed.video", "video": blob });
    if !film.alt.is_empty() {
        embed["alt"] = film.alt.as_str().into();
    }
    if film.width > 0 && film.height > 0 {
        embed["aspectRatio"] = json!({ "width": film.width, "height": film.height });
    }
    embed
}
