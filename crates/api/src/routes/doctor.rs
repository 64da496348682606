//! The doctor over HTTP: each area's findings as they come.

use crate::{
    access::Admin,
    body::Query,
    problem::{Problem, Result},
    state::Api,
};
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use crier_connect::Progress;
use serde::Deserialize;
use std::convert::Infallible;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(examine))
}

#[derive(Debug, Deserialize)]
struct Which {
    networks: Option<String>,
}

/// Looks at everything that connecting and publishing needs. A stream of server-sent events, each with a `DoctorProgress` as its
/// data: first what is planned, then each area as it is done, at last whether all is well, with a report that can be pasted into
/// a ticket. Then the stream ends.
#[utoipa::path(
    get, path = "/admin/doctor", tag = "Administration",
    params(("networks" = Option<String>, Query, description = "Only these networks, apart by commas.")),
    responses((status = 200, content_type = "text/event-stream", body = Progress))
)]
async fn examine(_: Admin, Query(query): Query<Which>, State(api): State<Api>) -> Result<Response> {
    let named = query.networks.unwrap_or_default();
    let only: Vec<_> = named.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if let Some(unknown) = api.doctor.unknown(&only) {
        let message = format!("There is no network “{unknown}” here.");
        return Err(Problem::wrong(
            "networks",
            "network.unknown",
            message,
            "Use the ids that the list of networks has.",
        ));
    }
    let told = api.doctor.examine(only);
    let stream = futures::stream::unfold(told, |mut told| async move {
        let progress = told.recv().await?;
        let data = serde_json::to_string(&progress).unwrap_or_default();
        Some((Ok::<_, Infallible>(Event::default().data(data)), told))
    });
    // Proxies that gather answers would hold the findings back.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"))];
    Ok((unbuffered, Sse::new(stream).keep_alive(KeepAlive::default())).into_response())
}
