//! OAuth 2 as far as a client needs it: RFC 6749 with PKCE (RFC 7636) and issuer identification (RFC 9207), kept to
//! what RFC 9700 recommends.

mod answer;
mod ask;
mod explain;

use answer::{Heard, Said, read};
use explain::explain_token;

pub(crate) use answer::{META_TOKEN_INVALID, OAuthError};
pub(crate) use ask::{Desk, Grant, TokenFailure, authorize_url, revoke};
pub(crate) use explain::{Circumstances, SKEW, circumstances, explain_authorization, quote, said};
