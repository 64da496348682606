//! The places where faults can be set and requests are counted.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Endpoint {
    /// `GET /.well-known/oauth-authorization-server`
    Metadata,
    /// `POST /oauth/register`
    Register,
    /// `GET /oauth/authorize`: the consent page
    Authorize,
    /// `POST /oauth/authorize`: its Allow and Deny buttons
    Consent,
    /// `POST /oauth/token`
    Token,
    /// `POST /oauth/revoke`
    Revoke,
    /// `GET /api/me`
    Me,
    /// `GET /api/pages` and `GET /api/pages/{id}`
    Pages,
    /// `POST /api/media`
    Media,
    /// `/api/posts` and `/api/posts/{id}`
    Posts,
    /// `GET /api/posts/{id}/metrics` and `GET /api/me/metrics`
    Metrics,
    /// `/api/bot` and `/api/bot/messages`
    Bot,
    /// `GET /avatar/{id}`
    Avatar,
}

impl Endpoint {
    pub(crate) const ALL: [Endpoint; 13] = [
        Endpoint::Metadata,
        Endpoint::Register,
        Endpoint::Authorize,
        Endpoint::Consent,
        Endpoint::Token,
        Endpoint::Revoke,
        Endpoint::Me,
        Endpoint::Pages,
        Endpoint::Media,
        Endpoint::Posts,
        Endpoint::Metrics,
        Endpoint::Bot,
        Endpoint::Avatar,
    ];

    /// The name used in JSON and forms.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Endpoint::Metadata => "metadata",
            Endpoint::Register => "register",
            Endpoint::Authorize => "authorize",
            Endpoint::Consent => "consent",
            Endpoint::Token => "token",
            Endpoint::Revoke => "revoke",
            Endpoint::Me => "me",
            Endpoint::Pages => "pages",
            Endpoint::Media => "media",
            Endpoint::Posts => "posts",
            Endpoint::Metrics => "metrics",
            Endpoint::Bot => "bot",
            Endpoint::Avatar => "avatar",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }

    /// The largest request body it reads, in bytes.
    pub(crate) fn body_max(self) -> usize {
        match self {
            // The file and the form around it.
            Endpoint::Media => crate::media::FILE_MAX + 64 * 1024,
            _ => 256 * 1024,
        }
    }

    /// Whether its requests carry an access token.
    pub(crate) fn is_api(self) -> bool {
        matches!(self, Endpoint::Me | Endpoint::Pages | Endpoint::Media | Endpoint::Posts | Endpoint::Metrics)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_json() {
        for endpoint in Endpoint::ALL {
            assert_eq!(serde_json::to_value(endpoint).unwrap(), serde_json::Value::from(endpoint.name()));
            assert_eq!(Endpoint::named(endpoint.name()), Some(endpoint));
        }
    }
}
