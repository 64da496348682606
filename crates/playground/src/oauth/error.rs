//! Errors as RFC 6749 writes them, for the OAuth endpoints and the API alike.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::gate::Outcome;
use crate::secrets::NoRandomness;
use crate::state::NotSaved;

/// An error answer: `{"error": …, "error_description": …}`.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) error: &'static str,
    pub(crate) description: String,
    /// The value of `WWW-Authenticate`.
    challenge: Option<String>,
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Problem { status, error, description: description.into(), challenge: None, retry_after: None }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    pub(crate) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    pub(crate) fn invalid_client(description: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description).challenged("Basic realm=\"Playground\"")
    }

    /// 401 for a bearer token, with the challenge of RFC 6750, section 3.
    pub(crate) fn invalid_token(description: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", description).challenged(&format!(
            "Bearer realm=\"Playground\", error=\"invalid_token\", error_description=\"{description}\""
        ))
    }

    /// 401 where no credentials were sent at all.
    pub(crate) fn no_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "The request has no access token: send it as Authorization: Bearer TOKEN.",
        )
        .challenged("Bearer realm=\"Playground\"")
    }

    pub(crate) fn insufficient_scope(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "insufficient_scope", format!("The access token was not granted {scope}."))
            .challenged(&format!("Bearer realm=\"Playground\", error=\"insufficient_scope\", scope=\"{scope}\""))
    }

    pub(crate) fn unfit(error: &'static str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error, description)
    }

    pub(crate) fn not_found(description: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", description)
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    fn challenged(mut self, challenge: &str) -> Self {
        self.challenge = Some(challenge.to_owned());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(value) = self.challenge.and_then(|challenge| HeaderValue::from_str(&challenge).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        let body = Json(json!({
            "error": self.error,
            "error_description": self.description,
        }));
        let mut response = (self.status, headers, body).into_response();
        response.extensions_mut().insert(Outcome(self.error.to_owned()));
        response
    }
}

impl From<NotSaved> for Problem {
    fn from(error: NotSaved) -> Self {
        tracing::error!(%error, "a request failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "The change could not be saved. The log of the server says why.",
        )
    }
}

impl From<NoRandomness> for Problem {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "a request failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "No secret could be made. The log of the server says why.",
        )
    }
}
