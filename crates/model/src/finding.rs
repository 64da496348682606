//! What is wrong with an input: where, why and what to do.

use crate::ChannelId;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Must be mended before the post can be scheduled.
    Error,
    /// The network will take it, but perhaps not as meant.
    Warning,
}

/// One problem in an input, pointing at the field by JSON Pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// For example `/parts/0/text`.
    pub pointer: String,
    /// Stable, for example `text.too_long`.
    pub code: String,
    /// What is wrong, in plain words.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    pub severity: Severity,
    /// The channel it concerns; none when it concerns the post as a whole.
    pub channel_id: Option<ChannelId>,
}

impl Finding {
    pub fn error(pointer: impl Into<String>, code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.to_owned(),
            message: message.into(),
            fix: fix.into(),
            severity: Severity::Error,
            channel_id: None,
        }
    }

    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    #[must_use]
    pub fn on(mut self, channel: ChannelId) -> Self {
        self.channel_id = Some(channel);
        self
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
