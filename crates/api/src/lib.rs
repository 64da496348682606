//! HTTP: the own API with its description, live events, the callback of the handshake, the manual and the built UI. It holds no
//! rule: it reads requests, asks the crates that have the rules, and shows their answers.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(clippy::result_large_err, reason = "a problem document is moved a few times for a request that is refused")]

mod access;
mod body;
mod calendar;
mod callback;
mod describe;
mod extension;
mod feeds;
mod files;
mod health;
mod limits;
mod manual;
mod metrics;
mod open_files;
mod page;
mod problem;
mod routes;
mod secrets;
mod state;
mod ui;
mod words;

pub use secrets::{NewKey, PASSWORD_LENGTH, hash_password};
pub use state::{Deps, Metrics, Registration, Settings};

use crate::{problem::Problem, state::Api};
use axum::{
    Json, Router,
    body::Body,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use std::{any::Any, time::Duration};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
    csrf::CsrfLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
    trace::TraceLayer,
};
use utoipa_axum::router::OpenApiRouter;

/// The largest JSON body, in bytes.
const MAX_JSON_BYTES: usize = 2 * 1024 * 1024;

/// Everything this server answers.
///
/// # Errors
/// When the public address is none that a browser can send as an origin.
pub fn router(deps: Deps) -> Result<Router, String> {
    let api = Api::new(deps);
    let csrf = CsrfLayer::new().add_trusted_origin(api.origin()).map_err(|error| error.to_string())?;
    // The extension calls from an origin of its own, and with a secret in the body instead of a cookie.
    let csrf = csrf.with_insecure_bypass(|_, uri| uri.path().starts_with(routes::handovers::PATH));
    let csrf = csrf.with_rejection_response(|_| foreign_origin());
    let (routes, description) = described();
    let described = Json(description);
    let routes = routes
        .route("/api/v1/openapi.json", get(move |_: access::Anyone| async move { described }))
        .merge(callback::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(manual::routes())
        .merge(extension::routes())
        .merge(open_files::routes())
        .merge(feeds::routes())
        .fallback(ui::fallback)
        .method_not_allowed_fallback(wrong_method)
        .with_state(api);
    // The last is the outermost: it sees a request first.
    let routes = guarded(routes)
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .layer(csrf)
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(trace_layer())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid));
    Ok(routes)
}

/// The description of the API, as `/api/v1/openapi.json` gives it.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().1
}

fn described() -> (Router<Api>, utoipa::openapi::OpenApi) {
    let api = OpenApiRouter::with_openapi(describe::base()).nest("/api/v1", routes::all());
    let (routes, description) = api.split_for_parts();
    (routes, describe::complete(description))
}

/// Headers that keep browsers from doing what no page of ours asks for.
fn guarded(router: Router) -> Router {
    const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; \
                          base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    let layers = ServiceBuilder::new()
        .layer(header(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "same-origin"))
        .layer(header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups"))
        .layer(header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(header(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    router.layer(layers)
}

/// Live events must not wait for a compressor, and pictures are compressed already.
fn worth_compressing() -> impl Predicate {
    SizeAbove::new(1024).and(NotForContentType::const_new("text/event-stream")).and(NotForContentType::IMAGES)
}

/// The path for logs: who has the whole address of a file may have the file.
fn told(path: &str) -> &str {
    if path.strip_prefix(crier_media::FILES).is_some_and(|rest| rest.starts_with('/')) {
        crier_media::FILES
    } else {
        path
    }
}

/// A line for each request, without its query: a callback's holds a code.
#[allow(clippy::type_complexity, reason = "tower-http's type, with closures that have no name")]
fn trace_layer() -> TraceLayer<
    tower_http::classify::SharedClassifier<tower_http::classify::ServerErrorsAsFailures>,
    impl Fn(&Request<Body>) -> tracing::Span + Clone,
    (),
    impl Fn(&Response<Body>, Duration, &tracing::Span) + Clone,
    (),
    (),
    (),
> {
    TraceLayer::new_for_http()
        .make_span_with(|request: &Request<Body>| {
            let id = request.headers().get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default();
            tracing::info_span!("request", method = %request.method(), path = told(request.uri().path()), id)
        })
        .on_request(())
        .on_response(|response: &Response<Body>, took: Duration, _: &tracing::Span| {
            let milliseconds = took.as_millis();
            tracing::debug!(status = response.status().as_u16(), milliseconds, "answered");
        })
        .on_body_chunk(())
        .on_eos(())
        .on_failure(())
}

#[allow(clippy::needless_pass_by_value, reason = "the signature that tower-http asks for")]
fn panicked(cause: Box<dyn Any + Send>) -> Response<Body> {
    let said = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    Problem::internal(&format!("a handler panicked: {}", said.unwrap_or("no words"))).into_response()
}

fn foreign_origin() -> Response<Body> {
    Problem::new(StatusCode::FORBIDDEN, "origin.foreign", "The request comes from another site")
        .detail("Only pages of this installation may change anything. Open it under its public address.")
        .into_response()
}

async fn wrong_method() -> Problem {
    let title = "This address does not take that method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method.unknown", title)
        .detail("See /api/v1/openapi.json for what there is.")
}
