//! The second step of a connect: what the account that signed in may be connected as. Networks whose posts are those of pages,
//! blogs or organisations have it; the person ticks one or several, and each becomes a channel.

use crate::{Credentials, Refusal, connect::Facts};
use async_trait::async_trait;
use crier_model::{Code, Timestamp, channel::Identity};
use crier_net::Client;
use serde::{Deserialize, Serialize};

/// What the second step is called, in the network's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// `Page`.
    pub one: &'static str,
    /// `Pages`.
    pub many: &'static str,
    /// What account it takes to have something to choose: one sentence.
    pub needed: &'static str,
}

/// One thing that may be connected. Serialised only to be sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its id is unique among the choices.
    pub identity: Identity,
    /// In the network's words, for example `Page`.
    pub kind: String,
    /// What speaks for it where that is not the sign-in itself (a page's token). Never with a refresh token: what renews it is
    /// the sign-in.
    pub credentials: Option<Credentials>,
    #[serde(default)]
    pub facts: Facts,
    /// Why it can't be connected.
    pub unusable: Option<Unusable>,
}

/// Why a choice can't be connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    pub code: Code,
    /// One sentence that a person reads beside it.
    pub why: String,
}

/// With what a network is asked.
#[allow(missing_debug_implementations, reason = "holds credentials")]
pub struct Access<'a> {
    pub net: &'a Client,
    pub instance: Option<&'a str>,
    pub credentials: &'a Credentials,
    /// When it is asked: lives of tokens count from here.
    pub now: Timestamp,
}

/// A network with a second step. The credentials of the sign-in stay with all that is connected by it: they are renewed once
/// for all, and [`Choosing::derive`] takes each one's own from them.
#[async_trait]
pub trait Choosing: Send + Sync {
    fn words(&self) -> Words;

    /// Everything the sign-in may be connected as, those that can't be used among it. All pages of the answer, in the network's
    /// order.
    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal>;

    /// One harmless call for a choice, with the very credentials that will be used for it.
    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal>;

    /// One choice's own credentials out of renewed ones of the sign-in; none where it has none of its own. `id` is that of its
    /// identity.
    async fn derive(&self, access: &Access<'_>, id: &str) -> Result<Option<Credentials>, Refusal> {
        let _ = (access, id);
        Ok(None)
    }
}

impl Choice {
    /// What speaks for it, given what speaks for the sign-in.
    #[must_use]
    pub fn credentials(&self, sign_in: &Credentials) -> Credentials {
        self.credentials.clone().unwrap_or_else(|| of_sign_in(sign_in))
    }
}

/// Credentials for something that has none of its own: the sign-in's, without what renews it.
#[must_use]
pub fn of_sign_in(sign_in: &Credentials) -> Credentials {
    Credentials { refresh_token: None, renews_itself: false, ..sign_in.clone() }
}
