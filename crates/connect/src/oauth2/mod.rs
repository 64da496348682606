//! OAuth 2 as far as a client needs it: RFC 6749 with PKCE (RFC 7636) and issuer identification (RFC 9207), kept to
//! what RFC 9700 recommends.

mod answer;
mod ask;
mod explain;
mod probe;

use answer::{Heard, Refused, Said, read, refused};
use explain::{Circumstances, explain_pushed, explain_token};

pub(crate) use answer::OAuthError;
pub(crate) use ask::{Grant, TokenFailure, Wish, authorize_url, push, revoke, token};
pub(crate) use explain::{SKEW, explain_authorization, quote};
pub(crate) use probe::{Probe, probe};
