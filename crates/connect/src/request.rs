//! What the handshake is asked and what it answers.

use crate::view::AttemptView;
use crier_model::{AttemptId, ChannelId, Diagnosis, UserId, WorkspaceId};
use crier_networks::connect::Client2;
use std::{collections::BTreeMap, fmt, time::Duration};
use url::Url;

/// What the operator has set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach this installation; the redirect URIs are below it.
    pub public_url: Url,
    /// Configured client ids, by network.
    pub apps: BTreeMap<String, Client2>,
    pub pace: Pace,
}

/// How long things may take.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Waits before a token request is repeated that never left, or was answered that the network still waits for the person.
    pub unsent: Vec<Duration>,
    /// Before a token request is repeated that may have been received.
    pub lost: Duration,
    /// Waits before the identity call is repeated.
    pub identity: Vec<Duration>,
    /// How long a callback waits for the outcome before it lands on the waiting page.
    pub landing: Duration,
    /// After this long without a step, an attempt at work counts as left behind by a crash.
    pub abandoned: Duration,
    /// For how long one piece of work listens to a bot before it lets others have their turn.
    pub listening: Duration,
    /// For all checks before leaving, together.
    pub preflight: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            unsent: [500, 1_500, 4_000, 8_000].map(Duration::from_millis).to_vec(),
            lost: Duration::from_millis(500),
            identity: [500, 2_000].map(Duration::from_millis).to_vec(),
            landing: Duration::from_secs(25),
            abandoned: Duration::from_secs(90),
            listening: Duration::from_secs(20),
            preflight: Duration::from_secs(2),
        }
    }
}

impl Settings {
    #[must_use]
    pub fn new(public_url: Url) -> Self {
        Self { public_url, apps: BTreeMap::new(), pace: Pace::default() }
    }

    /// Where a network sends people back to: `{public_url}/integrations/social/{network}`, without a slash at the end.
    pub(crate) fn redirect_uri(&self, network: &str) -> String {
        format!("{}/integrations/social/{network}", self.public_url.as_str().trim_end_matches('/'))
    }
}

/// A wish to connect an account.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    pub workspace: WorkspaceId,
    pub user: UserId,
    pub network: &'a str,
    /// Which of the network's ways; none goes as the channel to reconnect was connected, and else the recommended one.
    pub way: Option<&'a str>,
    /// As typed, for networks made of many servers.
    pub instance: Option<&'a str>,
    /// The channel to reconnect.
    pub channel: Option<ChannelId>,
    /// The connect cookie's value, when the browser has one already.
    pub browser: Option<&'a str>,
}

/// An attempt was made.
#[derive(Clone)]
pub struct Started {
    pub attempt: AttemptView,
    /// To be set as the connect cookie (HttpOnly, SameSite=Lax, Secure under https, host-only).
    pub browser_cookie: String,
    /// Where to send the person; none for a form, and none when the attempt has failed before leaving.
    pub authorize_url: Option<Url>,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

/// A person has come back from a network.
#[derive(Clone)]
pub struct Callback {
    /// From the path.
    pub network: String,
    pub query: BTreeMap<String, String>,
    /// The connect cookie's value.
    pub browser: Option<String>,
    /// Who is signed in in this browser.
    pub signed_in: Option<UserId>,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("network", &self.network)
            .field("parameters", &self.query.keys().collect::<Vec<_>>())
            .field("browser", &self.browser.is_some())
            .field("signed_in", &self.signed_in)
            .finish()
    }
}

/// Where the returning browser is sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Landing {
    /// The attempt's page. With a nonce, this browser is to confirm the account.
    Attempt { id: AttemptId, nonce: Option<String> },
    /// The attempt's page for somebody who came by an invite link; otherwise as [`Self::Attempt`].
    Guest { id: AttemptId, nonce: Option<String> },
    /// No attempt can be named.
    NoAttempt(Box<Diagnosis>),
}

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt { id, nonce } => {
                f.debug_struct("Attempt").field("id", id).field("nonce", &nonce.as_ref().map(|_| "…")).finish()
            }
            Self::Guest { id, nonce } => {
                f.debug_struct("Guest").field("id", id).field("nonce", &nonce.as_ref().map(|_| "…")).finish()
            }
            Self::NoAttempt(diagnosis) => f.debug_tuple("NoAttempt").field(diagnosis).finish(),
        }
    }
}
