//! The return: each delivery of a callback lands somewhere, and only the first claims the attempt.

use crate::{
    Callback, Handshake, Landing,
    handshake::Broken,
    measure,
    moves::PARKED_FOR,
    oauth2::{OAuthError, explain_authorization},
    parked::Parked,
    secrets::{hash, random, same},
};
use crier_model::{
    Code, Diagnosis, NextKind, Secret,
    attempt::{AttemptState as S, Starter},
};
use crier_net::Waited;
use crier_networks::connect::Endpoints;
use crier_store::attempts::{self, Attempt, Changes, Note};
use std::collections::BTreeMap;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout_at},
};

impl Handshake {
    /// Takes a person who comes back from a network. Never fails: whatever happened is a landing. A second delivery of the
    /// same callback waits for the first and lands where that does.
    pub async fn callback(&self, callback: Callback) -> Landing {
        let (started, waited) = (Instant::now(), Waited::default());
        let landed = Box::pin(waited.during(self.land(&callback))).await;
        // Whoever made the address up is not to make up labels.
        let network = self.network(&callback.network).map_or("unknown", |known| known.about().id);
        measure::callback(network, started.elapsed().saturating_sub(waited.so_far()));
        landed.unwrap_or_else(|broken| no_attempt(broken.diagnosis()))
    }

    async fn land(&self, callback: &Callback) -> Result<Landing, Broken> {
        let Some(state_hash) = named_attempt(&callback.network, &callback.query) else {
            let cause =
                "The address has no state, so it belongs to no connect: it was cut off, or not made by a network.";
            return Ok(no_attempt(Diagnosis::new(Code::StateUnknown).because(cause)));
        };
        let Some(attempt) = attempts::by_state_hash(self.store(), &state_hash).await? else {
            return Ok(no_attempt(Diagnosis::new(Code::StateUnknown).saw("Network", self.name(&callback.network))));
        };
        Box::pin(self.receive(callback, attempt)).await
    }

    /// A delivery for this attempt.
    pub(crate) async fn receive(&self, callback: &Callback, attempt: Attempt) -> Result<Landing, Broken> {
        let by_invite = matches!(attempt.started_by, Starter::Invite(_));
        let landing = Box::pin(self.take(callback, attempt)).await?;
        Ok(if by_invite { landing.of_guest() } else { landing })
    }

    async fn take(&self, callback: &Callback, attempt: Attempt) -> Result<Landing, Broken> {
        if attempt.network != callback.network {
            // Each network has a return address of its own, so that one cannot answer in another's name (RFC 9700 §4.4).
            let diagnosis = Diagnosis::new(Code::IssuerMismatch)
                .saw("Started with", self.name(&attempt.network))
                .saw("Came back from", self.name(&callback.network));
            return Ok(no_attempt(diagnosis));
        }
        if attempt.state.awaits_return() {
            if self.now() >= attempt.expires_at {
                self.expire(&attempt).await?;
            } else {
                match self.claim(callback, &attempt).await? {
                    Claim::Nothing(landing) => return Ok(landing),
                    Claim::Working(work) => return self.arrive(callback, &attempt, Some(work)).await,
                    Claim::Settled => {}
                }
            }
        }
        self.arrive(callback, &attempt, None).await
    }

    /// Takes what the network sent, once.
    async fn claim(&self, callback: &Callback, attempt: &Attempt) -> Result<Claim, Broken> {
        let parked = Parked::read(attempt.parked.as_ref())?;
        if parked.endpoints.is_none() && parked.oauth1.is_none() {
            let cause = "A network sent you back for a connect that never left for one.";
            return Ok(Claim::Nothing(no_attempt(Diagnosis::new(Code::StateUnknown).because(cause))));
        }
        if let Some(endpoints) = &parked.endpoints
            && let Err(diagnosis) = check_issuer(endpoints, callback.parameter("iss"))
        {
            self.fail(attempt, *diagnosis).await?;
            return Ok(Claim::Settled);
        }
        if parked.oauth1.is_some() && callback.parameter("denied").is_some() {
            self.fail(attempt, Diagnosis::new(Code::ConsentDenied)).await?;
            return Ok(Claim::Settled);
        }
        if let Some(error) = callback.parameter("error") {
            let description = callback.parameter("error_description").map(str::to_owned);
            let error = OAuthError { error: error.to_owned(), description };
            self.fail(attempt, explain_authorization(&error)).await?;
            return Ok(Claim::Settled);
        }
        let Some(code) = callback.code() else {
            let cause = if parked.oauth1.is_some() {
                "The address you came back to holds no oauth_verifier: you did not allow access, or it was cut off on the \
                 way. The connect is still open."
            } else {
                "The address you came back to holds neither a code nor an error: it was cut off on the way. The connect is \
                 still open."
            };
            return Ok(Claim::Nothing(no_attempt(Diagnosis::new(Code::StateUnknown).because(cause))));
        };
        Ok(self.park_code(callback, attempt, parked, code).await?.map_or(Claim::Settled, Claim::Working))
    }

    async fn park_code(
        &self,
        callback: &Callback,
        attempt: &Attempt,
        parked: Parked,
        code: &str,
    ) -> Result<Option<JoinHandle<()>>, Broken> {
        let foreign = !callback.is_of(attempt);
        let nonce = foreign.then(random);
        let nonce_hash = nonce.as_ref().map(|nonce| hash(nonce.expose()));
        let parked = Parked { authorize_url: None, code: Some(Secret::new(code)), foreign, nonce, ..parked };
        let where_from = if foreign { "In another browser than the one that left." } else { "" };
        let changes = Changes {
            code_hash: Some(hash(code)),
            nonce_hash,
            parked: Some(parked.write()?),
            returned_at: Some(self.now()),
            expires_at: Some(attempt.expires_at.max(self.in_time(PARKED_FOR))),
            note: Some(Note::new("Back from the network", where_from)),
            ..Changes::default()
        };
        self.step_and_work(attempt, S::Returned, changes).await
    }

    /// Waits for the outcome and names the page to show.
    async fn arrive(
        &self,
        callback: &Callback,
        attempt: &Attempt,
        work: Option<JoinHandle<()>>,
    ) -> Result<Landing, Broken> {
        let id = attempt.id;
        let until = Instant::now() + self.settings().pace.landing;
        if let Some(work) = work {
            // However it ends, the row says how it stands.
            drop(timeout_at(until, work).await);
        }
        let mut attempt = self.rested(id, until.saturating_duration_since(Instant::now())).await?;
        let same_code = match (callback.code(), &attempt.code_hash) {
            (Some(code), Some(known)) => same(&hash(code), known),
            _ => false,
        };
        if !same_code {
            return Ok(Landing::Attempt { id, nonce: None });
        }
        // A scanner or prefetcher may have come first; the person's own browser needs no confirmation.
        if attempt.state == S::Confirming && callback.is_of(&attempt) {
            self.confirmed(&attempt).await?;
            attempt = self.rested(id, self.settings().pace.landing).await?;
        }
        // Only who holds the code gets the nonce, and only the browser that came back holds it.
        let nonce = match attempt.state {
            S::Connected => None,
            state if state.is_final() => None,
            _ => Parked::read(attempt.parked.as_ref())?.nonce.map(|nonce| nonce.expose().to_owned()),
        };
        Ok(Landing::Attempt { id, nonce })
    }
}

/// What came of a delivery.
enum Claim {
    /// It names an attempt and can't move it.
    Nothing(Landing),
    /// It has the attempt, which is worked on.
    Working(JoinHandle<()>),
    /// On to the outcome, which this or an earlier delivery brings about.
    Settled,
}

impl Callback {
    /// A parameter that is there and not empty.
    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What is to be exchanged for tokens.
    fn code(&self) -> Option<&str> {
        // MiAuth calls it a session, MeWe a token.
        ["code", "oauth_verifier", "session", "loginRequestToken"].into_iter().find_map(|name| self.parameter(name))
    }

    /// Whether this browser is the one that left, or the person who left is signed in in it.
    fn is_of(&self, attempt: &Attempt) -> bool {
        let cookie = self.browser.as_deref().is_some_and(|cookie| same(&hash(cookie), &attempt.browser_hash));
        cookie || self.signed_in.is_some_and(|user| attempt.started_by == Starter::User(user))
    }
}

impl Landing {
    /// The same for somebody without an account here.
    fn of_guest(self) -> Self {
        match self {
            Self::Attempt { id, nonce } => Self::Guest { id, nonce },
            Self::NoAttempt(diagnosis) => {
                let back = Some("/invite".to_owned());
                Self::NoAttempt(Box::new(diagnosis.offering(NextKind::Open, "Back to the invitation", back)))
            }
            guest @ Self::Guest { .. } => guest,
        }
    }
}

/// The hash by which the parameters of a return name their attempt: that of the state, or of the request token (OAuth 1.0a),
/// which X calls `denied` when access was.
pub(crate) fn named_attempt(network: &str, query: &BTreeMap<String, String>) -> Option<String> {
    let parameter = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let request_token = || parameter("oauth_token").or_else(|| parameter("denied"));
    parameter("state").map(|state| hash(state)).or_else(|| request_token().map(|it| hash_of_request(network, it)))
}

/// Networks give request tokens as they please, so that of two the same one may come.
pub(crate) fn hash_of_request(network: &str, request_token: &str) -> String {
    hash(&format!("{network} {request_token}"))
}

/// RFC 9207 §2.4.
fn check_issuer(endpoints: &Endpoints, came: Option<&str>) -> Result<(), Box<Diagnosis>> {
    let Some(expected) = &endpoints.issuer else { return Ok(()) };
    match came {
        Some(came) if came == expected => Ok(()),
        None if !endpoints.iss_always => Ok(()),
        came => Err(Box::new(
            Diagnosis::new(Code::IssuerMismatch)
                .saw("Expected issuer", expected)
                .saw("Named issuer", came.map_or_else(|| "none".to_owned(), |came| crate::oauth2::quote(came, &[]))),
        )),
    }
}

pub(crate) fn no_attempt(diagnosis: Diagnosis) -> Landing {
    let diagnosis = match diagnosis.next.kind {
        NextKind::Retry => diagnosis.offering(NextKind::Open, "Add channel", Some("/channels/add".to_owned())),
        _ => diagnosis,
    };
    Landing::NoAttempt(Box::new(diagnosis))
}
