//! The library: files that posts use.

use crate::{
    access::{Member, Read, Write},
    body::{Body, Id, Query},
    files,
    page::{Page, PageQuery},
    problem::{Problem, Result},
    state::Api,
};
use axum::{
    Json,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use crier_media::{Incoming, Library, MAX_FILM_BYTES, MediaError, MediaRefusal};
use crier_model::{MediaId, Timestamp, WorkspaceId};
use crier_store::media;
use serde::{Deserialize, Serialize};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The multipart envelope around a file.
const ENVELOPE_BYTES: usize = 64 * 1024;
/// The longest alt text kept with a file, in characters.
const ALT_CHARS: usize = 5_000;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    let limit = usize::try_from(MAX_FILM_BYTES).unwrap_or(usize::MAX).saturating_add(ENVELOPE_BYTES);
    let upload = OpenApiRouter::new().routes(routes!(list_media, upload_media)).layer(DefaultBodyLimit::max(limit));
    OpenApiRouter::new()
        .merge(upload)
        .routes(routes!(get_media, update_media, delete_media))
        .routes(routes!(get_media_file))
        .routes(routes!(get_media_thumbnail))
}

/// A file of the library.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Media)]
pub(crate) struct MediaOut {
    id: MediaId,
    name: String,
    /// As its content says.
    mime: String,
    /// Bytes.
    size: u64,
    /// Pixels.
    width: Option<u32>,
    height: Option<u32>,
    /// How long it moves, in milliseconds; none for what stands still.
    duration_ms: Option<u64>,
    /// What picture and sound of a video are coded in, for example `h264` and `aac`.
    codecs: Vec<String>,
    /// Frames a second of what moves, on the average; none where it isn't known.
    frame_rate: Option<f64>,
    /// Kept with the file; empty when none was written.
    alt: String,
    url: String,
    thumbnail_url: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl MediaOut {
    /// Of videos there are small pictures where `films` can be worked on.
    fn of(file: media::Media, films: bool) -> Self {
        Self {
            url: format!("/api/v1/workspaces/{}/media/{}/file", file.workspace, file.id),
            thumbnail_url: (films || file.mime.starts_with("image/")).then(|| thumbnail_url(file.workspace, file.id)),
            id: file.id,
            name: file.name,
            mime: file.mime,
            size: file.size,
            width: file.width,
            height: file.height,
            duration_ms: file.duration_ms,
            codecs: file.codecs,
            frame_rate: file.frame_rate.map(|rate| f64::from(rate.thousandths()) / 1000.0),
            alt: file.alt.unwrap_or_default(),
            created_at: file.created_at,
        }
    }
}

pub(crate) fn thumbnail_url(workspace: WorkspaceId, media: MediaId) -> String {
    format!("/api/v1/workspaces/{workspace}/media/{media}/thumbnail")
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaPatch {
    /// Said of the file wherever a post says nothing else of it.
    alt: String,
}

#[derive(Debug, Deserialize)]
struct DeleteQuery {
    #[serde(default)]
    force: bool,
}

/// A page of the library, newest first.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/media", tag = "Media",
    params(("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, body = Page<MediaOut>))
)]
async fn list_media(
    member: Member<Read>,
    Query(query): Query<PageQuery>,
    State(api): State<Api>,
) -> Result<Json<Page<MediaOut>>> {
    let limit = query.limit()?;
    let films = api.library.converts_films();
    let files = media::list(&api.store, member.id(), query.after()?, limit as u64 + 1).await?;
    let files = files.into_iter().map(|file| MediaOut::of(file, films)).collect();
    Ok(Json(Page::cut(files, limit, |file: &MediaOut| file.id.to_string())))
}

/// The form of an upload.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "read by hand; described for the API")]
pub(crate) struct Upload {
    /// JPEG, PNG, GIF, WebP, BMP or TIFF, up to 10 MB, or MP4, MOV or WebM, up to 1 GB.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// Takes a picture or a video in. Its type is what its content says. The same file again is the one that is there already.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/media", tag = "Media",
    request_body(content = Upload, content_type = "multipart/form-data"), responses((status = 201, body = MediaOut))
)]
async fn upload_media(
    member: Member<Write>,
    State(api): State<Api>,
    request: Request,
) -> Result<(StatusCode, Json<MediaOut>)> {
    let incoming = sent_file(&api.library, request).await?;
    let file = api.library.take_in(member.id(), member.user.id, incoming).await?;
    Ok((StatusCode::CREATED, Json(MediaOut::of(file, api.library.converts_films()))))
}

/// The part `file` of a multipart body, laid on the disk as it comes.
async fn sent_file(library: &Library, request: Request) -> Result<Incoming> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|rejection| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "input.not_multipart", "The body must be a form with a file")
            .detail(rejection.body_text())
    })?;
    let broken = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => MediaRefusal::TooLarge { max_bytes: MAX_FILM_BYTES },
        _ => MediaRefusal::Interrupted,
    };
    let refused = |refusal| Problem::from(MediaError::Refused(refusal));
    while let Some(mut field) = form.next_field().await.map_err(|e| refused(broken(e)))? {
        if field.name() == Some("file") {
            let mut incoming = library.incoming(field.file_name().unwrap_or("file"))?;
            while let Some(piece) = field.chunk().await.map_err(|e| refused(broken(e)))? {
                incoming.write(&piece).await?;
            }
            return Ok(incoming);
        }
    }
    let fix = "Send the file as the form's part `file`.";
    Err(Problem::wrong("/file", "media.missing", "The form has no file.", fix))
}

/// One file.
#[utoipa::path(get, path = "/workspaces/{workspace}/media/{id}", tag = "Media", responses((status = 200, body = MediaOut)))]
async fn get_media(member: Member<Read>, Id(id): Id<MediaId>, State(api): State<Api>) -> Result<Json<MediaOut>> {
    Ok(Json(MediaOut::of(media::get(&api.store, member.id(), id).await?, api.library.converts_films())))
}

/// Writes the alt text kept with the file.
#[utoipa::path(
    patch, path = "/workspaces/{workspace}/media/{id}", tag = "Media",
    request_body = MediaPatch, responses((status = 200, body = MediaOut))
)]
async fn update_media(
    member: Member<Write>,
    Id(id): Id<MediaId>,
    State(api): State<Api>,
    Body(body): Body<MediaPatch>,
) -> Result<Json<MediaOut>> {
    let length = body.alt.chars().count();
    if length > ALT_CHARS {
        let message = format!("An alt text has at most {ALT_CHARS} characters; this has {length}.");
        return Err(Problem::wrong("/alt", "alt.too_long", message, "Shorten it."));
    }
    let alt = Some(body.alt.as_str()).filter(|alt| !alt.trim().is_empty());
    let file = media::set_alt(&api.store, member.id(), id, alt).await?;
    Ok(Json(MediaOut::of(file, api.library.converts_films())))
}

/// Deletes a file. One that posts still need is deleted only with `force`.
#[utoipa::path(
    delete, path = "/workspaces/{workspace}/media/{id}", tag = "Media",
    params(("force" = Option<bool>, Query)), responses((status = 204))
)]
async fn delete_media(
    member: Member<Write>,
    Id(id): Id<MediaId>,
    Query(query): Query<DeleteQuery>,
    State(api): State<Api>,
) -> Result<StatusCode> {
    api.library.delete(member.id(), id, query.force).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file itself, or the range of it that is asked for.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/media/{id}/file", tag = "Media",
    responses(
        (status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>),
    )
)]
async fn get_media_file(
    member: Member<Read>,
    Id(id): Id<MediaId>,
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response> {
    let file = media::get(&api.store, member.id(), id).await?;
    let range = files::range(&headers, file.size);
    let stream = api.library.stream(&file, range.clone().unwrap_or(0..file.size)).await?;
    Ok(files::file(&file.mime, &file.name, stream, file.size, range))
}

/// The file, small.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/media/{id}/thumbnail", tag = "Media",
    responses((status = 200, content_type = "image/*", body = Vec<u8>))
)]
async fn get_media_thumbnail(member: Member<Read>, Id(id): Id<MediaId>, State(api): State<Api>) -> Result<Response> {
    let file = media::get(&api.store, member.id(), id).await?;
    let picture = api.library.thumbnail(&file).await?;
    Ok(files::image(picture.kind.mime(), picture.bytes))
}
