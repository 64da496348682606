//! The OAuth 2.1 authorization server.
//!
//! Sources: the OAuth 2.1 draft, RFC 6749 (framework), 6750 (bearer), 7009 (revocation), 7591
//! (registration), 7636 (PKCE), 8414 (metadata), 9207 (issuer in the answer), 9700 (best practice).

pub(crate) mod apps;
pub(crate) mod authorize;
pub(crate) mod consent;
pub(crate) mod error;
pub(crate) mod grants;
pub(crate) mod metadata;
pub(crate) mod params;
pub(crate) mod register;
pub(crate) mod revoke;
pub(crate) mod scopes;
pub(crate) mod token;

use serde::{Deserialize, Serialize};

use apps::Apps;
use consent::Consents;
use grants::Grants;

/// All that the authorization server remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Authority {
    pub(crate) apps: Apps,
    pub(crate) consents: Consents,
    pub(crate) grants: Grants,
}
