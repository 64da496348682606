//! Feeds that this server gives out: what was published to channels of the network that is one, to whoever knows the address.

use crate::{
    access::Anyone,
    files,
    problem::{Problem, Result},
    state::Api,
};
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};
use crier_model::Timestamp;
use crier_networks::rss::{
    self, Description, Entry,
    write::{Feed, Format, Published},
};
use crier_store::{
    channels::{self, Channel},
    media, publications,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// The network whose channels are feeds ([`crier_networks::Network::is_feed`]).
const NETWORK: &str = "rss";
/// How long a reader may keep a feed before it asks again.
const KEPT: &str = "public, max-age=300";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/feeds/{token}/{format}", get(feed))
        .route("/feeds/{token}/files/{entry}/{media}/{name}", get(file))
}

/// Where a channel's feed is, in each format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Feeds {
    rss: String,
    atom: String,
    json: String,
}

impl Feeds {
    /// Those of a channel that is a feed.
    pub(crate) fn of(api: &Api, channel: &Channel) -> Option<Self> {
        let is_feed = api.registry.get(&channel.network).is_some_and(crier_networks::Network::is_feed);
        let base = is_feed.then(|| base(api, channel))?;
        let at = |format: Format| format!("{base}{}", format.name());
        Some(Self { rss: at(Format::Rss), atom: at(Format::Atom), json: at(Format::Json) })
    }
}

fn base(api: &Api, channel: &Channel) -> String {
    format!("{}/feeds/{}/", api.settings.public_url.as_str().trim_end_matches('/'), channel.remote_id)
}

/// The channel that is this feed.
async fn channel_of(api: &Api, token: &str) -> Result<Channel> {
    let found = channels::by_remote_id(&api.store, NETWORK, token).await?;
    let channel = found.ok_or_else(|| Problem::not_found("feed.unknown", "There is no such feed"))?;
    match channel.deleted_at {
        None => Ok(channel),
        Some(_) => Err(Problem::new(StatusCode::GONE, "feed.gone", "This feed has ended")),
    }
}

/// The entries of a feed, newest first, with when any of them or any that was among them last changed.
async fn entries(api: &Api, channel: &Channel, size: u64) -> Result<(Vec<Published>, Timestamp)> {
    let newest = publications::newest_published(&api.store, channel.id, size).await?;
    let changed = newest.iter().map(|it| it.updated_at).chain([channel.updated_at]).max();
    let mut entries: Vec<Published> = Vec::new();
    for publication in newest.iter().filter(|it| it.removed_at.is_none()) {
        let Some(sent) = crier_engine::first_sent(publication) else { continue };
        // A post that a person said was out has no entry.
        let Some(entry) = rss::entry(&sent) else { continue };
        let at = publication.published_at.unwrap_or(publication.updated_at);
        let updated = publication.edited_at.unwrap_or(at);
        entries.push(Published { id: sent.remote_id, at, updated, entry });
    }
    entries.sort_by_key(|it| std::cmp::Reverse(it.at));
    Ok((entries, changed.unwrap_or(channel.updated_at)))
}

/// What is gone from the library is no longer named.
async fn without_lost_files(api: &Api, channel: &Channel, entries: &mut [Published]) -> Result<()> {
    let ids: Vec<_> = entries.iter().flat_map(|it| &it.entry.files).map(|file| file.media).collect();
    let there: HashSet<_> =
        media::get_many(&api.store, channel.workspace, &ids).await?.into_iter().map(|file| file.id).collect();
    for published in entries {
        published.entry.files.retain(|file| there.contains(&file.media));
    }
    Ok(())
}

async fn feed(
    _: Anyone,
    Path((token, format)): Path<(String, String)>,
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response> {
    let known = Format::ALL.into_iter().find(|it| it.name() == format);
    let format = known.ok_or_else(|| Problem::not_found("feed.unknown", "There is no such feed"))?;
    let channel = channel_of(&api, &token).await?;
    let about = Description::of(&channel.settings.as_object().cloned().unwrap_or_default());
    let (mut entries, updated) = entries(&api, &channel, about.size).await?;
    without_lost_files(&api, &channel, &mut entries).await?;
    let base = base(&api, &channel);
    let id = format!("urn:uuid:{}", channel.id);
    let body = format.write(&Feed { title: &channel.name, about: &about, base: &base, id, updated, entries });
    Ok(answer(&headers, format, body, updated))
}

/// The feed, or that the reader's copy is still good (RFC 9110, 13.2.2).
fn answer(headers: &HeaderMap, format: Format, body: String, updated: Timestamp) -> Response {
    let tag = format!("\"{}\"", &hex::encode(Sha256::digest(&body))[..32]);
    // RFC 9110, 5.6.7.
    let changed = updated.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let same = match headers.get(header::IF_NONE_MATCH).and_then(|it| it.to_str().ok()) {
        Some(known) => known.split(',').map(|it| it.trim().trim_start_matches("W/")).any(|it| it == tag || it == "*"),
        None => headers.get(header::IF_MODIFIED_SINCE).is_some_and(|since| since.as_bytes() == changed.as_bytes()),
    };
    let mut response = Response::new(if same { Body::empty() } else { Body::from(body) });
    if same {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let told = response.headers_mut();
    let values = [(header::ETAG, tag.as_str()), (header::LAST_MODIFIED, &changed), (header::CACHE_CONTROL, KEPT)];
    for (name, value) in values {
        told.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    }
    told.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.mime()));
    told.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    for_everybody(&mut response);
    response
}

/// Pages of other origins may show it.
fn for_everybody(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
}

/// A file of an entry that is in the feed. The name is for whoever tells types by the end of an address.
async fn file(
    _: Anyone,
    Path((token, entry, wanted, _)): Path<(String, String, String, String)>,
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response> {
    let none = || Problem::not_found("feed.no_file", "There is no such file in this feed");
    let channel = channel_of(&api, &token).await?;
    let entry = published_as(&api, &channel, &entry).await?.ok_or_else(none)?;
    let wanted = entry.files.into_iter().map(|file| file.media).find(|media| media.to_string() == wanted);
    let file = media::get(&api.store, channel.workspace, wanted.ok_or_else(none)?).await?;
    let range = files::range(&headers, file.size);
    let stream = api.library.stream(&file, range.clone().unwrap_or(0..file.size)).await?;
    let mut response = files::file(&file.mime, &file.name, stream, file.size, range);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    for_everybody(&mut response);
    Ok(response)
}

/// The entry of this id, while it is out.
async fn published_as(api: &Api, channel: &Channel, id: &str) -> Result<Option<Entry>> {
    let Some(found) = publications::by_remote_id(&api.store, channel.id, id).await? else { return Ok(None) };
    let publication = publications::by_id(&api.store, found).await?;
    if publication.removed_at.is_some() {
        return Ok(None);
    }
    Ok(crier_engine::first_sent(&publication).as_ref().and_then(rss::entry))
}
