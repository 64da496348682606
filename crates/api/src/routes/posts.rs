//! Posts: what the composer writes and the calendar shows.

use crate::{
    access::{Member, Read, Write},
    body::{Body, Id, Query},
    calendar::{Ready, Stretch},
    page::{Page, PageQuery},
    problem::{Problem, Result},
    routes::{
        library::thumbnail_url,
        publications::PublicationOut,
        repeats::{RepeatIo, RepeatScope, ScopeQuery, occurrences},
    },
    state::Api,
    words::Format,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use crier_engine::compose::{self, Checked, Draft};
use crier_model::{
    ChannelId, Document, EvergreenId, Finding, MediaId, PostId, PublicationId, SeriesId, Timestamp, UserId,
    WorkspaceId,
    document::Block,
    plug::{Act, Following},
    post::{Content, MediaUse, Part, Timing, Variant},
    publication::PublicationState,
    rendition::Fit,
    rules::Unit,
};
use crier_networks::check::Measure;
use crier_store::{
    events, plugs,
    posts::{self, Filter, Post, PostSummary, Save, series},
    publications, users,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_posts, create_post))
        .routes(routes!(check_post))
        .routes(routes!(get_post, update_post, delete_post))
        .routes(routes!(move_post))
        .routes(routes!(duplicate_post))
}

/// The most posts in one stretch of the calendar.
const CALENDAR_MOST: u64 = 5_000;

#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MediaUse)]
pub(crate) struct MediaUseIo {
    id: MediaId,
    /// Said of the file in this place; none takes the alt text kept with the file.
    #[serde(default)]
    alt: Option<String>,
}

/// The first item, a thread item or a comment.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartInput {
    text: String,
    /// How `text` is written.
    #[serde(default)]
    format: Format,
    #[serde(default)]
    #[schema(required)]
    media: Vec<MediaUseIo>,
    /// Minutes to wait after the part before it was sent: 0, or 1 to 120. The first part waits for nothing.
    #[serde(default)]
    delay_minutes: u32,
}

/// A part as it stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Part)]
pub(crate) struct PartOut {
    text: String,
    /// How `text` is written: in Markdown only where plain words don't say it all.
    format: Format,
    /// The same, read.
    #[schema(value_type = Vec<Block>)]
    body: Document,
    media: Vec<MediaUseIo>,
    /// Minutes that it waits after the part before it was sent.
    delay_minutes: u32,
}

/// The post as tailored for one channel.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VariantInput {
    /// None: the Global parts.
    #[serde(default)]
    parts: Option<Vec<PartInput>>,
    /// In the shape of the network's `settings_schema`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    settings: serde_json::Map<String, serde_json::Value>,
    /// What channels do with the post once it is out on this one, each at most once.
    #[serde(default)]
    plugs: Vec<PlugInput>,
}

/// The post as it is tailored for one channel.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Variant)]
pub(crate) struct VariantOut {
    /// None: the Global parts.
    parts: Option<Vec<PartOut>>,
    /// In the shape of the network's `settings_schema`.
    #[schema(value_type = BTreeMap<String, serde_json::Value>)]
    settings: serde_json::Map<String, serde_json::Value>,
    plugs: Vec<PlugInput>,
}

/// What a channel does with a post of another, or of its own, some time after that is published.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlugInput {
    act: Act,
    /// The channel that does it: of the same network as the post's.
    by: ChannelId,
    /// Minutes after the post is published, from 5 to 1440.
    after_minutes: u32,
    /// What a comment says, in plain text; a repost says nothing.
    #[serde(default)]
    text: String,
}

impl From<PlugInput> for Following {
    fn from(plug: PlugInput) -> Self {
        let PlugInput { act, by, after_minutes, text } = plug;
        Self { act, by, after_minutes, body: (act == Act::Comment).then(|| Document::from_plain(&text)) }
    }
}

impl From<Following> for PlugInput {
    fn from(plug: Following) -> Self {
        let Following { act, by, after_minutes, body } = plug;
        Self { act, by, after_minutes, text: body.map(|body| body.to_plain()).unwrap_or_default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PostIntent {
    Draft,
    Scheduled,
    /// At the next slot that is free on all its channels when it is written.
    NextSlot,
    Now,
}

/// A post to be written.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostInput {
    state: PostIntent,
    /// Needed when it is scheduled.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// IANA name of the zone the person thinks in; the user's when left out.
    time_zone: Option<String>,
    channels: Vec<ChannelId>,
    /// The Global content.
    parts: Vec<PartInput>,
    #[serde(default)]
    #[schema(required)]
    variants: BTreeMap<ChannelId, VariantInput>,
    /// Needs `state` to be `scheduled`; a draft keeps it for when it is.
    repeat: Option<RepeatIo>,
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostMove {
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
}

impl From<PartInput> for Part {
    fn from(part: PartInput) -> Self {
        let media = part.media.into_iter().map(|used| MediaUse { id: used.id, alt: used.alt }).collect();
        Self { body: part.format.read(&part.text), media, delay_minutes: part.delay_minutes }
    }
}

impl From<Part> for PartOut {
    fn from(part: Part) -> Self {
        let media = part.media.into_iter().map(|used| MediaUseIo { id: used.id, alt: used.alt }).collect();
        let (format, text) = Format::written(&part.body);
        Self { text, format, body: part.body, media, delay_minutes: part.delay_minutes }
    }
}

impl From<Variant> for VariantOut {
    fn from(Variant { parts, settings, plugs }: Variant) -> Self {
        Self {
            parts: parts.map(|parts| parts.into_iter().map(PartOut::from).collect()),
            settings,
            plugs: plugs.into_iter().map(PlugInput::from).collect(),
        }
    }
}

impl PostInput {
    fn draft(self, time_zone: &str) -> Result<Draft> {
        let timing = match (self.state, self.due_at) {
            (PostIntent::Draft, at) => Timing::Draft(at),
            (PostIntent::Now, _) => Timing::Now,
            (PostIntent::NextSlot, _) => Timing::NextSlot,
            (PostIntent::Scheduled, Some(at)) => Timing::At(at),
            (PostIntent::Scheduled, None) => {
                let message = "A scheduled post needs a time.";
                return Err(Problem::wrong("/due_at", "due_at.missing", message, "Choose a time, or publish now."));
            }
        };
        let variant = |variant: VariantInput| Variant {
            parts: variant.parts.map(|parts| parts.into_iter().map(Part::from).collect()),
            settings: variant.settings,
            plugs: variant.plugs.into_iter().map(Following::from).collect(),
        };
        let content = Content {
            parts: self.parts.into_iter().map(Part::from).collect(),
            variants: self.variants.into_iter().map(|(channel, v)| (channel, variant(v))).collect(),
        };
        let time_zone = self.time_zone.unwrap_or_else(|| time_zone.to_owned());
        let repeat = self.repeat.map(RepeatIo::read).transpose()?;
        Ok(Draft { content, channels: self.channels, timing, time_zone, repeat })
    }
}

/// How long a part is, as the network measures.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PartCheck {
    used: usize,
    max: usize,
    unit: Unit,
    /// The text as the network will get it.
    text_preview: String,
    /// The same as its readers will see it.
    #[schema(value_type = Vec<Block>)]
    shown: Document,
    /// Links found in it.
    links: Vec<String>,
    /// What becomes of its files, in order.
    files: Vec<Fit>,
}

impl From<Measure> for PartCheck {
    fn from(measure: Measure) -> Self {
        let Measure { used, max, unit, text, shown, links, files } = measure;
        Self { used, max, unit, text_preview: text, shown, links, files }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ChannelCheck {
    channel_id: ChannelId,
    parts: Vec<PartCheck>,
    problems: Vec<Finding>,
}

/// What each channel says to a post.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PostCheck {
    /// Whether it may be scheduled as it stands.
    ok: bool,
    channels: Vec<ChannelCheck>,
    /// What concerns the post as a whole.
    problems: Vec<Finding>,
    /// The first times at which it goes out, where it repeats.
    #[schema(value_type = Vec<String>, format = DateTime)]
    occurrences: Vec<Timestamp>,
}

impl PostCheck {
    fn of(checked: Checked, occurrences: Vec<Timestamp>) -> Self {
        let ok = checked.is_ok();
        let on_channel = |on: compose::OnChannel| ChannelCheck {
            channel_id: on.channel,
            parts: on.verdict.parts.into_iter().map(PartCheck::from).collect(),
            problems: on.verdict.findings,
        };
        Self {
            ok,
            channels: checked.channels.into_iter().map(on_channel).collect(),
            problems: checked.findings,
            occurrences,
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PublicationSummary)]
pub(crate) struct PublicationSummaryOut {
    id: PublicationId,
    channel_id: ChannelId,
    network: String,
    state: PublicationState,
    url: Option<String>,
}

/// A post in the calendar or a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PostSummary)]
pub(crate) struct PostSummaryOut {
    id: PostId,
    /// The worst of its publications' states.
    state: PublicationState,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    time_zone: String,
    /// The first words.
    excerpt: String,
    media_count: u32,
    thumbnail_url: Option<String>,
    /// Whose occurrence it is, where it repeats.
    series_id: Option<SeriesId>,
    /// The evergreen queue that made it.
    queue_id: Option<EvergreenId>,
    /// Goes up with every save; sent back as `If-Match`.
    version: i64,
    publications: Vec<PublicationSummaryOut>,
}

fn summary(workspace: WorkspaceId, post: PostSummary) -> PostSummaryOut {
    let publication = |p: posts::PublicationSummary| PublicationSummaryOut {
        id: p.id,
        channel_id: p.channel,
        network: p.network,
        state: p.state,
        url: p.url,
    };
    PostSummaryOut {
        state: post.state(),
        id: post.id,
        due_at: post.due_at,
        time_zone: post.time_zone,
        excerpt: post.excerpt,
        media_count: post.media_count,
        thumbnail_url: post.first_media.map(|media| thumbnail_url(workspace, media)),
        series_id: post.series,
        queue_id: post.queue,
        version: post.version,
        publications: post.publications.into_iter().map(publication).collect(),
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Author {
    id: UserId,
    name: String,
}

/// A post with all there is to know of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Post)]
pub(crate) struct PostOut {
    id: PostId,
    /// The worst of its publications' states.
    state: PublicationState,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    time_zone: String,
    excerpt: String,
    media_count: u32,
    thumbnail_url: Option<String>,
    /// Whose occurrence it is, where it repeats.
    series_id: Option<SeriesId>,
    /// How it repeats from itself on.
    repeat: Option<RepeatIo>,
    /// The evergreen queue that made it.
    queue_id: Option<EvergreenId>,
    /// The evergreen queue that keeps it, and takes turns from it.
    kept_in: Option<EvergreenId>,
    /// Goes up with every save; sent back as `If-Match`.
    version: i64,
    parts: Vec<PartOut>,
    variants: BTreeMap<ChannelId, VariantOut>,
    channels: Vec<ChannelId>,
    created_by: Option<Author>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    publications: Vec<PublicationOut>,
}

/// A whole post: five queries, six where it repeats, however many channels it goes to.
async fn whole(api: &Api, workspace: WorkspaceId, id: PostId) -> Result<PostOut> {
    let post = posts::get(&api.store, workspace, id).await?;
    let author = users::by_id(&api.store, post.created_by).await?;
    let publications = publications::for_post(&api.store, workspace, id).await?;
    let ids: Vec<_> = publications.iter().map(|publication| publication.id).collect();
    let history = publications::history(&api.store, &ids).await?;
    let plugs = plugs::of_publications(&api.store, &ids).await?;
    let repeat = match post.series {
        Some(_) => series::repeat_of(&api.store, workspace, id).await?.map(|(_, repeat)| repeat),
        None => post.repeat,
    };
    let Post { content, .. } = post;
    Ok(PostOut {
        id: post.id,
        state: PublicationState::worst(publications.iter().map(|publication| publication.state)),
        due_at: post.due_at,
        time_zone: post.time_zone,
        excerpt: post.excerpt,
        media_count: post.media_count,
        thumbnail_url: post.first_media.map(|media| thumbnail_url(workspace, media)),
        series_id: post.series,
        repeat: repeat.map(RepeatIo::from),
        queue_id: post.queue,
        kept_in: post.kept_in,
        version: post.version,
        parts: content.parts.into_iter().map(PartOut::from).collect(),
        variants: content.variants.into_iter().map(|(channel, v)| (channel, VariantOut::from(v))).collect(),
        channels: post.channels,
        created_by: author.map(|user| Author { id: user.id, name: user.name }),
        created_at: post.created_at,
        updated_at: post.updated_at,
        publications: PublicationOut::all(publications, history, plugs),
    })
}

/// A post with its version as ETag.
async fn answer(api: &Api, workspace: WorkspaceId, id: PostId, status: StatusCode) -> Result<Response> {
    let post = whole(api, workspace, id).await?;
    let tag = HeaderValue::from_str(&format!("\"{}\"", post.version)).map_err(|error| Problem::internal(&error))?;
    Ok((status, [(header::ETAG, tag)], Json(post)).into_response())
}

#[derive(Debug, Deserialize)]
struct PostsQuery {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    state: Option<PublicationState>,
    channel: Option<ChannelId>,
    // Not flattened: a flattened query reads numbers as text.
    cursor: Option<String>,
    limit: Option<u32>,
}

/// The posts due in `from`..`to` in order of their time, all at once; without those, pages of all posts, newest first.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/posts", tag = "Posts",
    params(
        ("from" = Option<String>, Query, format = DateTime), ("to" = Option<String>, Query, format = DateTime),
        ("state" = Option<PublicationState>, Query), ("channel" = Option<ChannelId>, Query),
        ("cursor" = Option<String>, Query), ("limit" = Option<u32>, Query),
    ),
    responses((status = 200, body = Page<PostSummaryOut>))
)]
async fn list_posts(member: Member<Read>, Query(query): Query<PostsQuery>, State(api): State<Api>) -> Result<Ready> {
    let filter = Filter { state: query.state, channel: query.channel };
    let workspace = member.id();
    let show = |post| summary(workspace, post);
    if query.from.is_none() && query.to.is_none() {
        let page = PageQuery { cursor: query.cursor, limit: query.limit };
        let limit = page.limit()?;
        let posts = posts::list(&api.store, workspace, filter, page.after()?, limit as u64 + 1).await?;
        let posts = posts.into_iter().map(show).collect();
        return Ready::new(&Page::cut(posts, limit, |post: &PostSummaryOut| post.id.to_string()));
    }
    let (from, to) = (query.from.unwrap_or(Timestamp::MIN), query.to.unwrap_or(Timestamp::MAX));
    // Asked for first: posts that change meanwhile are then newer than the version they are kept under, never older.
    let version = events::version(&api.store, workspace).await?;
    let whole = async {
        let posts = posts::summaries_between(&api.store, workspace, from, to, filter, CALENDAR_MOST).await?;
        Ready::new(&Page::whole(posts.into_iter().map(show).collect()))
    };
    api.calendar().answer(Stretch { workspace, version, from, to, filter }, whole).await
}

/// Writes a post. With an `Idempotency-Key` the same request again gives the post it made the first time.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/posts", tag = "Posts",
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 200 characters of your choosing.")),
    request_body = PostInput, responses((status = 201, body = PostOut), (status = 200, body = PostOut, description = "It was written before."))
)]
async fn create_post(
    member: Member<Write>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<PostInput>,
) -> Result<Response> {
    let idempotency_key = idempotency_key(&headers)?;
    let valid = admitted(&api, &member, body).await?;
    let save = Save { workspace: member.id(), by: member.user.id, id: None, expected_version: None, idempotency_key };
    let saved = posts::save(&api.store, save, &valid).await.map_err(taken_away)?;
    let status = if saved.replayed { StatusCode::OK } else { StatusCode::CREATED };
    answer(&api, member.id(), saved.id, status).await
}

async fn admitted<P>(api: &Api, member: &Member<P>, body: PostInput) -> Result<crier_model::post::ValidPost> {
    let draft = body.draft(&member.user.time_zone)?;
    admitted_draft(api, member.id(), draft).await
}

pub(crate) async fn admitted_draft(
    api: &Api,
    workspace: WorkspaceId,
    draft: Draft,
) -> Result<crier_model::post::ValidPost> {
    let checked = compose::check(&api.store, &api.registry, &api.library, workspace, &draft).await?;
    compose::admit(draft, checked).map_err(|checked| Problem::of_findings(checked.all()))
}

/// A channel or file that went between the check and the write.
pub(crate) fn taken_away(error: crier_store::StoreError) -> Problem {
    match error {
        crier_store::StoreError::NotFound { what: what @ ("channel" | "media") } => {
            let (pointer, name) = if what == "channel" { ("/channels", "channel") } else { ("/parts", "file") };
            let message = format!("A {name} of this post was deleted a moment ago.");
            Problem::wrong(pointer, &format!("{what}.unknown"), message, "Take it out and save again.")
        }
        error => error.into(),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Ok(key) if (1..=200).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => {
            let message = "An Idempotency-Key has 1 to 200 plain characters.";
            let fix = "Send a UUID, for example.";
            Err(Problem::wrong("Idempotency-Key", "idempotency_key.wrong", message, fix))
        }
    }
}

pub(crate) fn expected_version(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.trim_start_matches("W/").trim_matches('"').parse();
    version.map(Some).map_err(|_| {
        let message = "If-Match is not a version of this post.";
        Problem::wrong("If-Match", "version.wrong", message, "Send the ETag the post came with.")
    })
}

/// Measures and checks a post on every channel, without writing anything.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/posts/check", tag = "Posts",
    request_body = PostInput, responses((status = 200, body = PostCheck))
)]
async fn check_post(
    member: Member<Read>,
    State(api): State<Api>,
    Body(body): Body<PostInput>,
) -> Result<Json<PostCheck>> {
    // A time that is still to be chosen is no reason not to count.
    let untimed = body.state == PostIntent::Scheduled && body.due_at.is_none();
    let body = if untimed { PostInput { state: PostIntent::Now, repeat: None, ..body } } else { body };
    let draft = body.draft(&member.user.time_zone)?;
    let mut checked = compose::check(&api.store, &api.registry, &api.library, member.id(), &draft).await?;
    let occurrences = occurrences(&draft);
    if untimed {
        let message = "A scheduled post needs a time.";
        checked.findings.push(Finding::error("/due_at", "due_at.missing", message, "Choose a time, or publish now."));
    }
    Ok(Json(PostCheck::of(checked, occurrences)))
}

/// One post with its publications and their history.
#[utoipa::path(get, path = "/workspaces/{workspace}/posts/{id}", tag = "Posts", responses((status = 200, body = PostOut)))]
async fn get_post(member: Member<Read>, Id(id): Id<PostId>, State(api): State<Api>) -> Result<Response> {
    answer(&api, member.id(), id, StatusCode::OK).await
}

/// Writes a post anew. With `If-Match`, only if it still has that version. Of a post that repeats, the scope says whether those
/// that follow are written anew, too; a changed repeat needs that.
#[utoipa::path(
    put, path = "/workspaces/{workspace}/posts/{id}", tag = "Posts",
    params(("scope" = inline(Option<RepeatScope>), Query), ("If-Match" = Option<String>, Header, description = "The version you read, as its ETag gave it.")),
    request_body = PostInput, responses((status = 200, body = PostOut))
)]
async fn update_post(
    member: Member<Write>,
    Id(id): Id<PostId>,
    Query(ScopeQuery { scope }): Query<ScopeQuery>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(mut body): Body<PostInput>,
) -> Result<Response> {
    let expected_version = expected_version(&headers)?;
    let repeats = series::repeat_of(&api.store, member.id(), id).await?;
    if let (Some((_, current)), RepeatScope::This) = (&repeats, scope) {
        // The rule is that of them all; one alone has none.
        let given = body.repeat.take().map(RepeatIo::read).transpose()?;
        if given.is_some_and(|given| given != *current) {
            let message = "How a post repeats is changed for it and all that follow.";
            return Err(Problem::wrong("/repeat", "repeat.scope", message, "Send it with `?scope=following`."));
        }
    }
    let valid = admitted(&api, &member, body).await?;
    let save =
        Save { workspace: member.id(), by: member.user.id, id: Some(id), expected_version, idempotency_key: None };
    let saved = match scope {
        RepeatScope::This => posts::save(&api.store, save, &valid).await,
        RepeatScope::Following => series::save_following(&api.store, save, &valid).await,
    };
    saved.map_err(taken_away)?;
    answer(&api, member.id(), id, StatusCode::OK).await
}

/// Deletes a post: what was not sent is cancelled; what was published stays on the network. Of a post that repeats, the scope
/// says whether those that follow are deleted, too.
#[utoipa::path(
    delete, path = "/workspaces/{workspace}/posts/{id}", tag = "Posts", params(("scope" = inline(Option<RepeatScope>), Query)),
    responses((status = 204))
)]
async fn delete_post(
    member: Member<Write>,
    Id(id): Id<PostId>,
    Query(ScopeQuery { scope }): Query<ScopeQuery>,
    State(api): State<Api>,
) -> Result<StatusCode> {
    match scope {
        RepeatScope::This => posts::delete(&api.store, member.id(), id).await?,
        RepeatScope::Following => series::delete_following(&api.store, member.id(), id).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a post another time. With `If-Match`, only if it still has that version. Of a post that repeats, the scope says whether
/// those that follow are moved by as much, too.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/posts/{id}/move", tag = "Posts",
    params(("scope" = inline(Option<RepeatScope>), Query), ("If-Match" = Option<String>, Header, description = "The version you read, as its ETag gave it.")),
    request_body = PostMove, responses((status = 200, body = PostOut))
)]
async fn move_post(
    member: Member<Write>,
    Id(id): Id<PostId>,
    Query(ScopeQuery { scope }): Query<ScopeQuery>,
    State(api): State<Api>,
    headers: HeaderMap,
    Body(body): Body<PostMove>,
) -> Result<Response> {
    let expected_version = expected_version(&headers)?;
    if let Some(wrong) = compose::wrong_time(body.due_at, api.store.now()) {
        return Err(Problem::of_findings([&wrong]));
    }
    match scope {
        RepeatScope::This => posts::move_to(&api.store, member.id(), id, body.due_at, expected_version).await?,
        RepeatScope::Following => {
            series::move_following(&api.store, member.id(), id, body.due_at, expected_version).await?;
        }
    }
    answer(&api, member.id(), id, StatusCode::OK).await
}

/// Makes a draft with the same content for the same channels.
#[utoipa::path(
    post, path = "/workspaces/{workspace}/posts/{id}/duplicate", tag = "Posts", responses((status = 201, body = PostOut))
)]
async fn duplicate_post(member: Member<Write>, Id(id): Id<PostId>, State(api): State<Api>) -> Result<Response> {
    let saved = posts::duplicate(&api.store, member.id(), id, member.user.id).await?;
    answer(&api, member.id(), saved.id, StatusCode::CREATED).await
}
