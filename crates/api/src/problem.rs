//! What a refused request is answered: a problem document (RFC 9457) that names the field and the fix.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use crier_connect::ConnectError;
use crier_media::{MediaError, StorageError};
use crier_model::{Diagnosis, Finding};
use crier_store::StoreError;
use serde::Serialize;
use uuid::Uuid;

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// JSON Pointer (RFC 6901) into the request's body; for a header or a parameter its name.
    pub pointer: String,
    /// Stable, for example `text.too_long`.
    pub code: String,
    pub message: String,
    pub fix: Option<String>,
}

/// A problem document, media type `application/problem+json`.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Where it is explained; `about:blank` where the title says it all.
    pub r#type: String,
    pub title: String,
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable, for example `post.sending`.
    pub code: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// Finds the cause in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Seconds, sent as `Retry-After`.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

pub type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub fn new(status: StatusCode, code: &str, title: &str) -> Self {
        Self {
            r#type: "about:blank".to_owned(),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: None,
            code: code.to_owned(),
            errors: Vec::new(),
            diagnosis: None,
            reference: None,
            retry_after: None,
        }
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn field(mut self, pointer: &str, code: &str, message: impl Into<String>, fix: &str) -> Self {
        self.errors.push(FieldProblem::new(pointer, code, message, fix));
        self
    }

    /// A body that can be read, but not taken.
    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        let detail = errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" ");
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "input.invalid", "Something in the request is wrong");
        Self { errors, ..problem.detail(detail) }
    }

    /// One field that can be read, but not taken.
    pub fn wrong(pointer: &str, code: &str, message: impl Into<String>, fix: &str) -> Self {
        Self::invalid(vec![FieldProblem::new(pointer, code, message, fix)])
    }

    pub fn of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        Self::invalid(findings.into_iter().filter(|f| f.is_error()).map(FieldProblem::from).collect())
    }

    pub fn not_found(code: &str, title: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, title)
    }

    /// A failure of ours: the cause goes into the log, the reference to the caller.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        let reference = Uuid::new_v4().simple().to_string();
        tracing::error!(%reference, %cause, "a request failed on our side");
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong on this server");
        let detail = "Try again. If it repeats, give the reference to the operator: it finds the cause in the log.";
        Self { reference: Some(reference), ..problem.detail(detail) }
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl FieldProblem {
    /// An empty `fix` is none.
    pub fn new(pointer: &str, code: &str, message: impl Into<String>, fix: &str) -> Self {
        Self {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message: message.into(),
            fix: Some(fix.to_owned()).filter(|fix| !fix.is_empty()),
        }
    }
}

impl From<&Finding> for FieldProblem {
    fn from(finding: &Finding) -> Self {
        Self::new(&finding.pointer, &finding.code, &*finding.message, &finding.fix)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what } => {
                Self::not_found(&format!("{what}.unknown"), &format!("There is no such {what}"))
                    .detail("It does not exist in this workspace, or was deleted.")
            }
            StoreError::Conflict { what } => conflict(what),
            StoreError::Stale { what } => {
                let title = "It was changed meanwhile";
                Self::new(StatusCode::PRECONDITION_FAILED, &format!("{what}.changed"), title)
                    .detail("Somebody else, or another tab, changed it since you read it. Read it again, then repeat your change.")
            }
            error if error.is_temporary() => {
                tracing::warn!(%error, "the database did not answer in time");
                let title = "The database is busy";
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "database.busy", title);
                Self { retry_after: Some(2), ..problem.detail("Nothing was changed. Try again in a moment.") }
            }
            error => Self::internal(&error),
        }
    }
}

/// What forbids it, in words.
fn conflict(what: &str) -> Problem {
    let (title, detail) = refusal(what);
    let problem = Problem::new(StatusCode::CONFLICT, what, title).detail(detail);
    match what {
        "user.email" => {
            problem.field("/email", what, "This address has an account already.", "Sign in, or use another.")
        }
        _ => problem,
    }
}

/// The title of what a rule forbids, and what to do about it.
pub(crate) fn refusal(what: &str) -> (&'static str, &'static str) {
    match what {
        "post.sending" => ("The post is being sent", "Wait until it is published or has failed."),
        "post.published" => {
            ("The post is published", "What is published can't be changed here. Duplicate it to write another.")
        }
        "post.unknown" => ("There is no such post", "It was deleted, or is not in this workspace."),
        "post.no_time" => ("The post has no time", "Schedule it first."),
        "post.not_scheduled" => ("The post is not scheduled", "Only what is scheduled can be paused."),
        "post.not_paused" => ("The post is not paused", "Only what a person has paused can be resumed."),
        "due_at.past" => ("Its time would be over", "Choose a time to come, or publish it now."),
        "post.single" => ("The post does not repeat", "Leave `scope` out."),
        "post.kept" => (
            "The post is kept in an evergreen queue",
            "The queue gives it its times. Duplicate it to schedule it yourself.",
        ),
        "repeat.never" => ("The post would never go out", "Choose another rule, or an earlier time."),
        "repeat.move" => (
            "Its rule can't be moved like this",
            "The rule names days of the month, or ends before. Open the post and change how it repeats.",
        ),
        "slots.none" => ("There is no free slot", "Give the channels more slots, or choose a time yourself."),
        "publication.not_retryable" => ("It can't be sent again", "Only failed, held and cancelled publications can."),
        "publication.not_cancellable" => ("It can't be cancelled", "It is being sent, or was published already."),
        "publication.not_unconfirmed" => {
            ("It isn't waiting for an answer", "Load the page again to see how it stands.")
        }
        "publication.not_published" => (
            "It is not on the network",
            "Only what was published from here, and is still there, can be changed or deleted there.",
        ),
        "publication.being_removed" => ("It is being deleted already", "Wait a moment, then load the page again."),
        "channel.sending" => ("A post is being sent on this channel", "Wait a moment, then delete the channel."),
        "media.in_use" => {
            ("The file is used by scheduled posts", "Take it out of them first, or delete it with `force=true`.")
        }
        "registration.closed" => ("Sign-up is closed", "Ask the operator of this installation for an account."),
        "user.last_admin" => ("Somebody has to run this server", "Make another person an admin first."),
        "user.email" => ("There is an account with this e-mail address", "Sign in instead."),
        _ => ("It can't be done as things stand", "Load the page again to see how it stands."),
    }
}

impl From<Diagnosis> for Problem {
    fn from(diagnosis: Diagnosis) -> Self {
        let problem =
            Self::new(StatusCode::CONFLICT, diagnosis.code.as_str(), &diagnosis.title).detail(&diagnosis.cause);
        Self { r#type: diagnosis.docs.clone(), diagnosis: Some(diagnosis), ..problem }
    }
}

impl From<ConnectError> for Problem {
    fn from(error: ConnectError) -> Self {
        let reference = match &error {
            ConnectError::Internal(reference) => Some(reference.clone()),
            _ => None,
        };
        let errors = error.findings().iter().map(FieldProblem::from).collect();
        Self { status: error.status(), errors, reference, ..Self::from(error.diagnosis()) }
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Refused(refusal) => {
                let finding = refusal.finding();
                let problem = Self::invalid(vec![FieldProblem::from(&finding)]);
                Self {
                    status: refusal.status(),
                    title: "The file can’t be taken".to_owned(),
                    code: finding.code,
                    ..problem
                }
            }
            MediaError::InUse { posts } => {
                let detail = format!(
                    "{posts} scheduled posts use it. Take it out of them first, or delete it with `force=true`."
                );
                conflict("media.in_use").detail(detail)
            }
            MediaError::NoPicture => {
                Self::new(StatusCode::NOT_FOUND, "media.no_picture", "There is no small picture of this file")
            }
            MediaError::Store(error) => error.into(),
            MediaError::Storage(StorageError::Bucket(trouble)) => {
                tracing::error!(%trouble, "the media storage can't be used");
                let title = "The place where files are kept can’t be used now";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "media.storage", title).detail(
                    "Whoever runs this installation finds the reason by `crier doctor`. Try again once it is mended.",
                )
            }
            MediaError::Storage(StorageError::Full) => {
                tracing::error!("the disk that media are kept on is full");
                let title = "There is no room for files here now";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "media.full", title).detail(
                    "The disk that this Crier keeps files on is full. Whoever runs it makes room; add the file again then.",
                )
            }
            error @ (MediaError::Storage(_) | MediaError::Worker(_) | MediaError::Unfit(_)) => Self::internal(&error),
        }
    }
}
