//! What is kept sealed: with an attempt while it runs, with a channel for as long as it lives.

use crate::{handshake::Broken, oauth1::Token};
use crier_model::{Secret, Timestamp};
use crier_networks::{
    Choice, Credentials, Identified,
    connect::{Client2, Endpoints, Introduction, OAuth1Endpoints},
    es256::Key,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Everything of an attempt that must not be readable at rest.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Parked {
    /// Holds the state, of which otherwise only the hash is kept.
    pub authorize_url: Option<String>,
    /// Until when the address is good, where it refers to a request left beforehand.
    pub authorize_until: Option<Timestamp>,
    /// What the tokens will be bound to, as [`Key::kept`](crier_networks::es256::Key::kept).
    pub key: Option<Secret>,
    pub endpoints: Option<Endpoints>,
    pub client: Option<ParkedClient>,
    /// Of a sign-in by OAuth 1.0a, instead of `endpoints`.
    pub oauth1: Option<ParkedOAuth1>,
    /// While a bot waits for its code.
    pub dialog: Option<ParkedDialog>,
    /// What the browser extension is to show, until it has.
    pub pairing: Option<Secret>,
    /// The hash of the token by which the extension may bring the channel new cookies.
    pub renewal: Option<String>,
    /// Until it was exchanged; the verifier in OAuth 1.0a.
    pub code: Option<Secret>,
    /// For the browser that came back, when it is not the one that left.
    pub nonce: Option<Secret>,
    /// Whether the account is attached only once it is confirmed.
    pub foreign: bool,
    /// Whether a token request may have been received whose answer we don't have.
    pub sent: bool,
    pub credentials: Option<Credentials>,
    /// Whether those are still to be exchanged for long-lived ones.
    pub short_lived: bool,
    pub identified: Option<Identified>,
    /// What the account may be connected as, once the network has told.
    pub choices: Option<Vec<Choice>>,
    /// Those the person ticked, by the network's ids.
    pub picked: Option<Vec<String>>,
    /// The server, where it came out of a form.
    pub instance: Option<String>,
    /// The person wants a new channel for the account that came back instead of the expected one.
    pub as_new: bool,
    /// The person connects although an optional permission is missing.
    pub anyway: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ParkedOAuth1 {
    pub endpoints: OAuth1Endpoints,
    /// What the person was sent away with.
    pub request: Token,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ParkedDialog {
    pub introduction: Introduction,
    pub code: Secret,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ParkedClient {
    pub client_id: String,
    pub client_secret: Option<Secret>,
    #[serde(default)]
    pub bot_token: Option<Secret>,
    /// Whether we registered it ourselves.
    pub registered: bool,
}

impl ParkedClient {
    pub fn new(client: Client2, registered: bool) -> Self {
        let Client2 { client_id, client_secret, bot_token } = client;
        Self { client_id, client_secret, bot_token, registered }
    }

    pub fn client(&self) -> Client2 {
        Client2 {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            bot_token: self.bot_token.clone(),
        }
    }
}

impl Parked {
    /// The key that requests to the authorization server are signed with.
    pub fn key(&self) -> Result<Option<Key>, Broken> {
        self.key.as_ref().map(Key::read).transpose().map_err(|_| Broken::Unreadable("attempt"))
    }

    pub fn read(sealed: Option<&Secret>) -> Result<Self, Broken> {
        let Some(sealed) = sealed else { return Ok(Self::default()) };
        serde_json::from_str(sealed.expose()).map_err(|_| Broken::Unreadable("attempt"))
    }

    pub fn write(&self) -> Result<Secret, Broken> {
        serde_json::to_string(self).map(Secret::new).map_err(|_| Broken::Unreadable("attempt"))
    }
}

/// A channel's credentials at rest.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub credentials: Credentials,
    /// When the network gave them.
    pub obtained_at: Timestamp,
    /// The pair before, in case the network does not take the new one after all.
    #[serde(default)]
    pub before: Option<Credentials>,
    /// While somebody refreshes them. Written by compare-and-set before the network is asked, so that one refresh runs
    /// over all nodes; lapses by itself when that node dies.
    #[serde(default)]
    pub refreshing_until: Option<Timestamp>,
}

/// Tokens are renewed when a fifth of their life is left, but never earlier than this before their end.
const AHEAD_AT_MOST: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Kept {
    pub fn new(credentials: Credentials, obtained_at: Timestamp) -> Self {
        Self { credentials, obtained_at, before: None, refreshing_until: None }
    }

    pub fn read(sealed: &Secret) -> Result<Self, Broken> {
        serde_json::from_str(sealed.expose()).map_err(|_| Broken::Unreadable("credentials"))
    }

    pub fn write(&self) -> Result<Secret, Broken> {
        serde_json::to_string(self).map(Secret::new).map_err(|_| Broken::Unreadable("credentials"))
    }

    /// From when on they should be renewed; none when they don't expire.
    pub fn refresh_at(&self) -> Option<Timestamp> {
        let expires = self.credentials.expires_at?;
        let life = expires.duration_since(self.obtained_at).max(SignedDuration::ZERO);
        expires.checked_sub((life / 5).min(AHEAD_AT_MOST)).ok()
    }

    /// Whether they can be renewed without the person.
    pub fn renews(&self) -> bool {
        self.credentials.renews()
    }

    /// When they end for good; none when they can be renewed or don't expire.
    pub fn hard_end(&self) -> Option<Timestamp> {
        self.credentials.expires_at.filter(|_| !self.renews())
    }

    pub fn is_good(&self, now: Timestamp) -> bool {
        self.refresh_at().is_none_or(|at| now < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_renewed_ahead_in_proportion_to_their_life() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |hours| now.checked_add(SignedDuration::from_hours(hours)).unwrap();
        let kept = |hours| Kept::new(Credentials { expires_at: Some(after(hours)), ..Credentials::default() }, now);
        assert_eq!(kept(10).refresh_at(), Some(after(8)));
        assert_eq!(kept(60 * 24).refresh_at(), Some(after(53 * 24)));
        assert!(kept(10).is_good(after(7)) && !kept(10).is_good(after(8)));
        assert!(Kept::new(Credentials::default(), now).is_good(after(1_000)));
    }
}
