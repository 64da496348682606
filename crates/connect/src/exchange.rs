//! From the code to tokens: one token request for a code, and another only where the first cannot have counted.

use crate::{
    Handshake,
    handshake::Broken,
    oauth1::{Desk1, Verified},
    oauth2::{Desk, Grant, TokenFailure},
    parked::{Parked, ParkedOAuth1},
};
use crier_model::{Code, Secret, Timestamp, attempt::AttemptState as S};
use crier_networks::{Credentials, connect::Client2};
use crier_store::attempts::{Attempt, Changes, Note};
use std::time::Duration;
use tokio::time::sleep;

/// The longest wait a network may ask for while a code lives.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

impl Handshake {
    /// Exchanges the parked code and parks the tokens before anything else is asked.
    pub(crate) async fn exchange(&self, attempt: Attempt) -> Result<Option<Attempt>, Broken> {
        if self.form(&attempt).is_some() {
            return self.reopen_form(&attempt).await;
        }
        let mut parked = Parked::read(attempt.parked.as_ref())?;
        // Found exchanging: whoever was at it has gone, and its request may have been received.
        let resumed = attempt.state == S::Exchanging;
        parked.sent |= resumed;
        let note = if resumed { "Taken up again" } else { "Exchanging the code" };
        let changes = Changes { parked: Some(parked.write()?), note: Some(Note::new(note, "")), ..Changes::default() };
        let verifier = attempt.pkce_verifier.clone();
        let returned_at = attempt.returned_at.unwrap_or_else(|| self.now());
        let Some(attempt) = self.step(&attempt, S::Exchanging, changes).await? else { return Ok(None) };
        match self.ask_for_tokens(attempt, &mut parked, verifier.as_ref(), returned_at).await? {
            Asked::Tokens(attempt, credentials) => self.park_tokens(&attempt, parked, credentials).await,
            Asked::Failed(attempt, failure) => {
                let mut diagnosis = failure.diagnosis();
                if parked.sent && diagnosis.code == Code::AnswerLost {
                    diagnosis = diagnosis.saw("Asked", "twice; the first answer was lost");
                }
                self.forget_client(&attempt, &parked, diagnosis.code).await;
                self.fail(&attempt, diagnosis).await
            }
            Asked::Overtaken => Ok(None),
        }
    }

    async fn ask_for_tokens(
        &self,
        mut attempt: Attempt,
        parked: &mut Parked,
        verifier: Option<&Secret>,
        returned_at: Timestamp,
    ) -> Result<Asked, Broken> {
        let sealed = parked.clone();
        let client = sealed.client.as_ref().ok_or(Broken::Lacks("a client"))?.client();
        let code = sealed.code.as_ref().ok_or(Broken::Lacks("a code"))?;
        let redirect_uri = attempt.redirect_uri.clone();
        let given = Given { code, verifier, redirect_uri: &redirect_uri, returned_at };
        let mut waits = self.settings().pace.unsent.clone().into_iter();
        let mut may_pause = true;
        loop {
            let failure = match self.ask_once(&attempt, &sealed, &client, given, parked.sent).await? {
                Ok(credentials) => return Ok(Asked::Tokens(attempt, credentials)),
                Err(failure) => failure,
            };
            let wait = match self.pause(&failure) {
                Some(wait) if std::mem::take(&mut may_pause) => Some(wait),
                _ if failure.never_left() || failure.is_pending() => waits.next(),
                _ if failure.answer_lost() && !std::mem::replace(&mut parked.sent, true) => {
                    Some(self.settings().pace.lost)
                }
                _ => None,
            };
            let Some(wait) = wait else { return Ok(Asked::Failed(attempt, failure)) };
            let seen = failure.diagnosis();
            let note = Note::new("Asking for the tokens again", seen.title);
            match self.note(&attempt, parked, note).await? {
                Some(noted) => attempt = noted,
                None => return Ok(Asked::Overtaken),
            }
            sleep(wait).await;
        }
    }

    async fn ask_once(
        &self,
        attempt: &Attempt,
        parked: &Parked,
        client: &Client2,
        given: Given<'_>,
        repeated: bool,
    ) -> Result<Result<Credentials, TokenFailure>, Broken> {
        let Given { code, verifier, redirect_uri, returned_at } = given;
        let (net, clock) = (self.net(&attempt.network), self.deps.clock.as_ref());
        if let Some(ParkedOAuth1 { endpoints, request }) = &parked.oauth1 {
            let desk = Desk1 { net, clock, endpoints, client };
            return Ok(desk.access_token(Verified { request, verifier: code, returned_at, repeated }).await);
        }
        let endpoints = parked.endpoints.as_ref().ok_or(Broken::Lacks("endpoints"))?;
        let key = parked.key()?;
        let desk = Desk { net, clock, oauth2: self.oauth2(attempt)?, endpoints, client, key: key.as_ref() };
        let verifier = verifier.filter(|_| endpoints.pkce);
        Ok(desk.ask(Grant::Code { code, verifier, redirect_uri, returned_at, repeated }).await)
    }

    /// How long the network asks us to wait, where a code may live that long.
    fn pause(&self, failure: &TokenFailure) -> Option<Duration> {
        let TokenFailure::Unusable { diagnosis, until: Some(until) } = failure else { return None };
        let wait = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
        (diagnosis.code == Code::RateLimited && wait <= LONGEST_PAUSE).then_some(wait)
    }

    async fn park_tokens(
        &self,
        attempt: &Attempt,
        mut parked: Parked,
        credentials: Credentials,
    ) -> Result<Option<Attempt>, Broken> {
        parked.code = None;
        parked.short_lived = parked.endpoints.as_ref().is_some_and(|it| it.dialect.long_lived.is_some());
        parked.credentials = Some(credentials);
        let changes = Changes {
            parked: Some(parked.write()?),
            note: Some(Note::new("Tokens received", "")),
            ..Changes::default()
        };
        let moved = self.step(attempt, S::Identified, changes).await?;
        if moved.is_none() {
            // Cancelled while the network answered: nobody else knows of these tokens.
            self.give_back(attempt, &parked).await?;
        }
        Ok(moved)
    }

    /// A client we registered and that its server no longer takes is forgotten: the next connect registers anew.
    async fn forget_client(&self, attempt: &Attempt, parked: &Parked, code: Code) {
        let refused = matches!(code, Code::ClientUnknown | Code::ClientSecretWrong);
        let registered = parked.client.as_ref().is_some_and(|client| client.registered);
        if let Some(app) = attempt.app.filter(|_| refused && registered) {
            self.forget_app(app).await;
        }
    }
}

/// What the person brought back, and what goes with it.
#[derive(Clone, Copy)]
struct Given<'a> {
    code: &'a Secret,
    verifier: Option<&'a Secret>,
    redirect_uri: &'a str,
    returned_at: Timestamp,
}

enum Asked {
    Tokens(Attempt, Credentials),
    Failed(Attempt, TokenFailure),
    /// Somebody else has moved the attempt.
    Overtaken,
}
