//! OAuth 2 as far as a client needs it: RFC 6749 with PKCE (RFC 7636) and issuer identification (RFC 9207), kept to
//! what RFC 9700 recommends.

mod answer;
mod ask;
mod explain;
mod miauth;
mod probe;

use answer::{Heard, PENDING, Refused, Said, read, refused};
use explain::{explain_pushed, explain_token};

pub(crate) use answer::{META_TOKEN_INVALID, OAuthError};
pub(crate) use ask::{Desk, Grant, TokenFailure, Wish, authorize_url, push, revoke};
pub(crate) use explain::{Circumstances, SKEW, circumstances, explain_authorization, quote, said};
pub(crate) use probe::{Probe, probe};
