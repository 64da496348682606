//! What Meta's networks share: the calls of the Graph API and its errors (<https://developers.facebook.com/docs/graph-api/guides/error-handling>,
//! August 2026), which come with status 400 whatever they are about, and looking for a post among the newest.

pub(crate) mod insights;
pub(crate) mod login;
pub(crate) mod own;

use crate::call::{self, Refine};
use crate::check::PartToCheck;
use crate::publish::{Cx, MediaItem, Sent};
use crate::{Credentials, Detail, Refusal};
use crier_model::{Code, Finding};
use crier_net::{Answer, Request};
use jiff::{SignedDuration, Timestamp, fmt::strtime};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Version 26 is of July 2026; a version lives for two years after the next one.
pub(crate) const GRAPH: &str = "https://graph.facebook.com/v26.0";
/// Where videos are brought.
pub(crate) const GRAPH_VIDEO: &str = "https://graph-video.facebook.com/v26.0";
/// How far Meta's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// Pages of 100 posts read at most in looking for one.
const PAGES: usize = 5;
/// The longest video of a story, in milliseconds.
const STORY_MS: u64 = 60_000;
/// The longest message for people that is told on, in characters.
const MESSAGE: usize = 300;

/// What was made, by its id.
#[derive(Serialize, Deserialize)]
pub(crate) struct Made {
    pub id: String,
}

/// A page of a list.
#[derive(Deserialize)]
pub(crate) struct Listing<T> {
    pub data: Vec<T>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Default, Deserialize)]
struct Paging {
    #[serde(default)]
    cursors: Cursors,
    /// Only where there is a further page.
    #[serde(default)]
    next: Option<String>,
}

#[derive(Default, Deserialize)]
struct Cursors {
    #[serde(default)]
    after: Option<String>,
}

impl<T> Listing<T> {
    /// What to ask the next page by. The address that is told beside it has the token in it.
    pub fn after(&self) -> Option<String> {
        self.paging.cursors.after.clone().filter(|_| self.paging.next.is_some())
    }
}

/// Sends a request with the token and reads the JSON of its success.
pub(crate) async fn json<T: DeserializeOwned>(
    request: Request,
    credentials: &Credentials,
    refine: Refine,
) -> Result<T, Refusal> {
    let judge = |answer: Answer| if answer.is_success() { Ok(answer.json()?) } else { Err(refine(refused(&answer))) };
    call::judged(request.bearer(credentials.access_token.expose()), credentials, judge).await
}

/// [`json`] for a request that only asks, or may be made twice.
pub(crate) async fn ask<T: DeserializeOwned>(
    request: Request,
    credentials: &Credentials,
    refine: Refine,
) -> Result<T, Refusal> {
    json(request, credentials, refine).await.map_err(Refusal::harmless)
}

#[derive(Deserialize)]
struct Wrapped {
    error: GraphError,
}

#[derive(Deserialize)]
struct GraphError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error_subcode: Option<i64>,
    /// What a person should be told, in plain words.
    #[serde(default)]
    error_user_msg: Option<String>,
}

/// The error of an answer by Meta's numbers. Its code is `100/2207010` where there is a number within the number.
fn refused(answer: &Answer) -> Refusal {
    let refusal = Refusal::from_answer(answer);
    let Ok(Wrapped { error }) = answer.json::<Wrapped>() else { return refusal };
    let code = match error.error_subcode {
        Some(subcode) => format!("{}/{subcode}", error.code),
        None => error.code.to_string(),
    };
    let told = error.error_user_msg.filter(|told| !told.is_empty());
    let refusal = refusal.map(|mut detail| {
        detail.code = Some(code);
        if let Some(told) = told {
            let told: String = told.chars().take(MESSAGE).collect();
            detail.message = format!("{} ({})", crier_net::redact(&told), detail.message);
        }
        detail
    });
    match classified(error.code, error.error_subcode, refusal) {
        Refusal::RateLimit { until: None, detail } => Refusal::RateLimit { until: regained(answer), detail },
        refusal => refusal,
    }
}

/// What Meta's numbers mean. Those within the number say more than it.
fn classified(code: i64, subcode: Option<i64>, refusal: Refusal) -> Refusal {
    let (Refusal::Content(detail) | Refusal::Auth(detail)) = refusal else { return refusal };
    match subcode {
        // Too fast, the day's posts are used up, what looks like spam is held back.
        Some(1_390_008 | 2_207_042 | 2_207_051) => limited(detail),
        // The page or the account has to be confirmed, or is held, at Facebook or Instagram itself.
        Some(1_404_078 | 1_404_006 | 1_404_112 | 4_854_002 | 2_207_050) => {
            Refusal::Auth(detail.diagnosed(Code::Suspended))
        }
        // A service is down, or a container has to be made anew; nothing was published.
        Some(
            1_363_047 | 1_609_010 | 2_207_001 | 2_207_003 | 2_207_006 | 2_207_008 | 2_207_020 | 2_207_027 | 2_207_032
            | 2_207_053 | 2_207_082,
        ) => Refusal::Temporary(detail.diagnosed(Code::ServerError)),
        _ => by_code(code, detail),
    }
}

fn by_code(code: i64, detail: Detail) -> Refusal {
    match code {
        102 | 190 => Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)),
        3 | 10 | 200..=299 => Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing)),
        4 | 17 | 32 | 341 | 368 | 613 | 80_000..=80_014 => limited(detail),
        // “An unknown error”, and a service that is down: whether anything was done before, they don't tell.
        1 | 2 => Refusal::Unknown(detail.diagnosed(Code::ServerError)),
        _ if detail.status == Some(401) => Refusal::Auth(detail),
        _ => Refusal::Content(detail),
    }
}

fn limited(detail: Detail) -> Refusal {
    Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
}

#[derive(Deserialize)]
struct Usage {
    /// Minutes.
    #[serde(default)]
    estimated_time_to_regain_access: i64,
}

/// When calls are taken again, as far as the answer tells (<https://developers.facebook.com/docs/graph-api/overview/rate-limiting>).
fn regained(answer: &Answer) -> Option<Timestamp> {
    let usage: BTreeMap<String, Vec<Usage>> = serde_json::from_str(answer.header("x-business-use-case-usage")?).ok()?;
    let minutes = usage.into_values().flatten().map(|usage| usage.estimated_time_to_regain_access).max()?;
    (minutes > 0).then(|| answer.received_at() + SignedDuration::from_mins(minutes))
}

/// A refusal whose numbers stand in words about a container, and not in an error.
pub(crate) fn of_container(refusal: Refusal) -> Refusal {
    let number = subcode(&refusal).map(i64::from);
    classified(-1, number, refusal)
}

/// The number within the number of Meta's error, where it was told.
pub(crate) fn subcode(refusal: &Refusal) -> Option<u32> {
    let code = refusal.detail().code.as_deref()?;
    code.split_once('/').and_then(|(_, subcode)| subcode.parse().ok())
}

/// Where Meta fetches a file.
pub(crate) fn address(media: &MediaItem) -> Result<&str, Refusal> {
    let lacks = || Refusal::Content(Detail::new("the file has no public address from which Meta could fetch it"));
    media.url.as_deref().ok_or_else(lacks)
}

/// How long Meta may take to take a file in, beside the time for its bytes.
const UPLOAD: Duration = Duration::from_secs(120);

/// Brings a video to a place that was named for it (<https://developers.facebook.com/documentation/video-api/guides/reels-publishing> and
/// <https://developers.facebook.com/documentation/instagram-platform/content-publishing/resumable-uploads>, March 2026).
pub(crate) async fn bring(cx: &Cx<'_>, place: &str, film: &MediaItem, refine: Refine) -> Result<(), Refusal> {
    let token = format!("OAuth {}", cx.credentials.access_token.expose());
    let request = cx
        .net
        .post(place)
        .secret_header("authorization", token)
        .header("offset", "0")
        .header("file_size", film.size.to_string())
        .body(cx.body(film).await?, "application/octet-stream")
        .timeout(film.upload_time(UPLOAD));
    let judge = |answer: Answer| if answer.is_success() { Ok(()) } else { Err(refine(refused(&answer))) };
    call::judged(request, cx.credentials, judge).await.map_err(Refusal::harmless)
}

/// A story is its files, and nothing else.
pub(crate) fn check_story(name: &str, first: &PartToCheck<'_>, further: &[PartToCheck<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let has_words = !first.body.is_empty();
    if first.media.is_empty() && has_words {
        let message = format!("A story on {name} is a picture or a video.");
        found.push(Finding::error(format!("{}/media", first.pointer), "media.missing", message, "Add one."));
    } else if has_words {
        let message = format!("A story on {name} has no text: yours is left out.");
        let fix = "Put the words into the picture, or publish it as a post.";
        found.push(Finding::error(format!("{}/text", first.pointer), "text.left_out", message, fix).warning());
    }
    let long = first.media.iter().enumerate().filter(|(_, item)| item.duration_ms > STORY_MS);
    found.extend(long.map(|(index, item)| {
        let message = format!("A story on {name} lasts up to a minute; {} is longer.", item.name);
        let pointer = format!("{}/media/{index}", first.pointer);
        Finding::error(pointer, "media.too_long", message, "Cut it, or publish it as a post.")
    }));
    if let Some(part) = further.first() {
        let message = format!("A story on {name} has no comments, and there are {} further parts.", further.len());
        let fix = "Remove them for this channel, or publish it as a post.";
        found.push(Finding::error(&part.pointer, "parts.too_many", message, fix));
    }
    found
}

/// A post or comment as it is listed, by the names of all of Meta's networks.
#[derive(Deserialize)]
pub(crate) struct Listed {
    pub id: String,
    #[serde(default, alias = "permalink_url")]
    pub permalink: Option<String>,
    #[serde(default, alias = "message", alias = "caption")]
    text: Option<String>,
    #[serde(default, alias = "created_time")]
    timestamp: Option<String>,
}

impl Listed {
    /// Lists are asked only for what is new; some give older ones all the same.
    fn is_before(&self, since: Timestamp) -> bool {
        let at = self
            .timestamp
            .as_deref()
            .and_then(|at| strtime::parse("%Y-%m-%dT%H:%M:%S%z", at).ok()?.to_timestamp().ok());
        at.is_some_and(|at| at < since)
    }
}

/// Looks for a post of these words in a list, the newest first. `fields` are what is asked of each.
pub(crate) async fn find(
    cx: &Cx<'_>,
    list: &str,
    fields: &[(&str, &str)],
    words: &str,
    refine: Refine,
) -> Result<Option<Sent>, Refusal> {
    if words.trim().is_empty() {
        return Err(Refusal::Unknown(Detail::new("without words a post can't be told from others")));
    }
    let since = cx.due_at - CLOCK_SLACK;
    let from = since.as_second().to_string();
    let mut after: Option<String> = None;
    for _ in 0..PAGES {
        let mut query = fields.to_vec();
        query.extend([("since", from.as_str()), ("limit", "100")]);
        query.extend(after.as_deref().map(|cursor| ("after", cursor)));
        let page: Listing<Listed> =
            ask(cx.net.get(list).query(&query), cx.credentials, refine).await.map_err(Refusal::of_look)?;
        after = page.after().filter(|_| !page.data.iter().any(|listed| listed.is_before(since)));
        let is_it = |listed: &Listed| {
            !listed.is_before(since) && squeezed(listed.text.as_deref().unwrap_or_default()) == squeezed(words)
        };
        if let Some(listed) = page.data.into_iter().find(is_it) {
            return Ok(Some(Sent { remote_id: listed.id, url: listed.permalink, data: Value::Null }));
        }
        if after.is_none() {
            return Ok(None);
        }
    }
    Err(Refusal::Unknown(Detail::new("there are too many newer posts to tell whether this one is among them")))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Where a post is seen. That it can't be learnt is no reason to fail.
pub(crate) async fn permalink(cx: &Cx<'_>, place: &str, fields: &str, refine: Refine) -> Option<String> {
    match ask::<Listed>(cx.net.get(place).query(&[("fields", fields)]), cx.credentials, refine).await {
        Ok(listed) => listed.permalink,
        Err(refusal) => {
            tracing::debug!(%refusal, "the address of a post could not be learnt");
            None
        }
    }
}
