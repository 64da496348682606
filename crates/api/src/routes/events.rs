//! Live events: what happens in a workspace, as it happens (server-sent events).

use crate::{
    access::{Member, Read},
    body::Query,
    problem::Result,
    state::Api,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use crier_model::{EventId, WorkspaceId};
use crier_store::{
    Store,
    events::{self, Follower},
    wake::{LONGEST_SLEEP, Wake},
};
use futures::Stream;
use jiff::SignedDuration;
use serde::Deserialize;
use std::{convert::Infallible, time::Duration};
use tokio::{sync::broadcast, time::Instant};
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(follow_events))
}

/// A stream ends after this long; the client comes back and is authorised anew.
const STREAM_LIFE: Duration = Duration::from_secs(15 * 60);
const AT_ONCE: u64 = 200;
/// How far back a stream may begin: as long as a page may take to open.
const FURTHEST_BACK: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug, Deserialize)]
struct FollowQuery {
    #[serde(default)]
    back_ms: u32,
}

/// Follows the workspace's events. Each has its kind as `event`, its id as `id` and `{"subject", "at", "data"}` as `data`.
/// With `Last-Event-ID` the stream goes on after that event, else it begins with the next one, or with those of the last `back_ms`
/// milliseconds. An event may be told twice.
#[utoipa::path(
    get, path = "/workspaces/{workspace}/events", tag = "Events",
    params(
        ("Last-Event-ID" = Option<String>, Header),
        ("back_ms" = Option<u32>, Query, description = "For who has asked for data just before; more than 60000 counts as 60000."),
    ),
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
async fn follow_events(
    member: Member<Read>,
    Query(query): Query<FollowQuery>,
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<Response> {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|id| id.parse().ok());
    // Listening begins before the place is read, so that nothing falls between.
    let woken = api.store.events_woken();
    let after: Option<EventId> = match last {
        Some(id) => Some(id),
        None => {
            let back = SignedDuration::from_millis(i64::from(query.back_ms)).min(FURTHEST_BACK);
            events::latest_before(&api.store, member.id(), back).await?
        }
    };
    let following = Following {
        follower: Follower::new(&api.store, member.id(), after),
        store: api.store.clone(),
        workspace: member.id(),
        woken,
        shutdown: api.shutdown.clone(),
        until: Instant::now() + STREAM_LIFE,
        waiting: Vec::new(),
    };
    let stream = Sse::new(following.into_stream()).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    // Proxies that gather answers would hold events back.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))];
    Ok((unbuffered, stream).into_response())
}

struct Following {
    follower: Follower,
    store: Store,
    workspace: WorkspaceId,
    woken: broadcast::Receiver<Wake>,
    shutdown: CancellationToken,
    until: Instant,
    /// Read and not yet sent, the next one last.
    waiting: Vec<events::Event>,
}

impl Following {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, |mut following| async move {
            let event = following.next().await?;
            Some((Ok(event), following))
        })
    }

    /// The next event; none ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(shown(&event));
            }
            match self.follower.read(&self.store, AT_ONCE).await {
                Ok(mut events) if !events.is_empty() => {
                    events.reverse();
                    self.waiting = events;
                    continue;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "events could not be read; the stream ends and its reader comes back");
                    return None;
                }
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return None,
                () = tokio::time::sleep_until(self.until) => return None,
                () = wait_for_news(&mut self.woken, self.workspace) => {}
            }
        }
    }
}

/// Returns when this workspace may have new events.
async fn wait_for_news(woken: &mut broadcast::Receiver<Wake>, workspace: WorkspaceId) {
    let heard = async {
        loop {
            match woken.recv().await {
                Ok(Wake::Events(of)) if of != workspace => {}
                Ok(Wake::Due(_)) => {}
                Ok(Wake::Events(_) | Wake::Everything) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    };
    // A notice of another node may be lost.
    tokio::time::timeout(LONGEST_SLEEP, heard).await.ok();
}

fn shown(event: &events::Event) -> Event {
    let data = serde_json::json!({ "subject": event.subject, "at": event.at, "data": event.data });
    Event::default().id(event.id.to_string()).event(&event.kind).data(data.to_string())
}
