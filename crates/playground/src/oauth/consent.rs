//! `POST /oauth/authorize`: the answer of the person to the consent page.
//!
//! A consent page carries a ticket. The first answer to a ticket decides; any further one (double
//! click, reload, back button) is sent to the same address with the same code.

use std::collections::HashMap;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::accounts::AccountId;
use crate::endpoint::Endpoint;
use crate::faults::{Faults, Kind};
use crate::gate::{Marks, Outcome};
use crate::oauth::authorize::{address, error_address};
use crate::oauth::grants::Permit;
use crate::oauth::params::Params;
use crate::oauth::scopes::{Scope, Scopes};
use crate::pages::layout::Failure;
use crate::pages::viewer::Viewer;
use crate::secrets::{Digest, fresh};
use crate::state::{Shared, World};

/// How long a consent page may stay open. People look for their phone.
const LIFE: Duration = Duration::from_secs(3600);

/// What an app asks for, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Scopes,
    pub(crate) state: Option<String>,
    pub(crate) challenge: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Consent {
    asked: Asked,
    account: AccountId,
    opened_at: Timestamp,
    /// Where the browser was sent, once decided.
    sent_to: Option<Sent>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Sent {
    /// Holds the code in clear, which dies within a minute or with its first use.
    to: String,
    outcome: String,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sent({})", self.outcome)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Consents(HashMap<String, Consent>);

impl Consents {
    pub(crate) fn open(&mut self, ticket: &str, asked: Asked, account: AccountId, now: Timestamp) {
        self.0.retain(|_, consent| consent.opened_at + LIFE > now);
        self.0.insert(Digest::of(ticket).into_string(), Consent { asked, account, opened_at: now, sent_to: None });
    }
}

/// Why an answer cannot be taken.
enum Stuck {
    Unknown,
    OtherAccount,
    AppGone,
}

pub(crate) async fn answer(
    State(shared): State<Shared>,
    Extension(viewer): Extension<Viewer>,
    Extension(marks): Extension<Marks>,
    body: Bytes,
) -> Result<Response, Failure> {
    let params = Params::parse(&body);
    let ticket = params.get("ticket").unwrap_or_default().to_owned();
    let allowed = match params.get("decision") {
        Some("allow") => Some(params.all("scope").filter_map(Scope::named).collect()),
        Some("deny") => None,
        _ => {
            return Err(Failure::new(
                StatusCode::BAD_REQUEST,
                "No answer came",
                "Choose Allow or Deny on the page before.".to_owned(),
            ));
        }
    };
    let code = fresh("pgc_")?;
    let account = viewer.account().map(|account| account.id);
    let issuer = shared.origin().to_owned();
    let life = shared.config().code_life;
    let outcome = shared
        .change(move |world, now| {
            let desk = Desk { issuer: &issuer, life, marks: &marks, now };
            desk.decide(world, &ticket, account, allowed, &code)
        })
        .await?;
    match outcome {
        Ok(sent) => {
            let mut response = Redirect::to(&sent.to).into_response();
            response.extensions_mut().insert(Outcome(sent.outcome));
            Ok(response)
        }
        Err(Stuck::Unknown) => {
            Err(Failure::gone("This request for permission is no longer open. Go back to the app and start again."))
        }
        Err(Stuck::AppGone) => Err(Failure::gone("This app was removed a moment ago.")),
        Err(Stuck::OtherAccount) => Err(Failure::new(
            StatusCode::CONFLICT,
            "You are signed in as somebody else now",
            "The account has changed since this page was opened, so nothing was allowed. Go back to \
             the app and start again."
                .to_owned(),
        )),
    }
}

/// What a decision needs besides the world.
struct Desk<'a> {
    issuer: &'a str,
    life: Duration,
    marks: &'a Marks,
    now: Timestamp,
}

impl Desk<'_> {
    fn decide(
        &self,
        world: &mut World,
        ticket: &str,
        account: Option<AccountId>,
        allowed: Option<Scopes>,
        code: &str,
    ) -> Result<Sent, Stuck> {
        let key = Digest::of(ticket).into_string();
        let consent = world
            .oauth
            .consents
            .0
            .get(&key)
            .filter(|consent| consent.opened_at + LIFE > self.now)
            .ok_or(Stuck::Unknown)?;
        if account != Some(consent.account) {
            return Err(Stuck::OtherAccount);
        }
        if let Some(sent) = &consent.sent_to {
            return Ok(sent.clone());
        }
        let (asked, account) = (consent.asked.clone(), consent.account);
        if world.oauth.apps.get(&asked.client_id).is_none() {
            return Err(Stuck::AppGone);
        }
        let sent = match allowed {
            None => self.denied(&asked, "The account denied the request."),
            Some(ticked) => {
                let scopes = self.granted(&mut world.faults, account, &ticked.and(&asked.scopes));
                if scopes.is_empty() {
                    self.denied(&asked, "No permission was given.")
                } else {
                    let permit = Permit {
                        account,
                        client_id: asked.client_id.clone(),
                        redirect_uri: asked.redirect_uri.clone(),
                        scopes,
                        challenge: asked.challenge.clone(),
                    };
                    world.oauth.grants.issue_code(code, permit, self.life, self.now);
                    self.allowed(&mut world.faults, account, &asked, code)
                }
            }
        };
        if let Some(consent) = world.oauth.consents.0.get_mut(&key) {
            consent.sent_to = Some(sent.clone());
        }
        Ok(sent)
    }

    fn denied(&self, asked: &Asked, description: &str) -> Sent {
        let error = "access_denied";
        let state = asked.state.as_deref();
        Sent {
            to: error_address(&asked.redirect_uri, self.issuer, state, error, description),
            outcome: error.to_owned(),
        }
    }

    fn allowed(&self, faults: &mut Faults, account: AccountId, asked: &Asked, code: &str) -> Sent {
        let fault = faults.inside(Endpoint::Consent, Some(account), |kind| match kind {
            Kind::WrongIssuer { issuer } => Some(Some(issuer.clone())),
            Kind::MissingIssuer => Some(None),
            _ => None,
        });
        let issuer = match fault {
            Some((id, issuer)) => {
                self.marks.add(id);
                issuer
            }
            None => Some(self.issuer.to_owned()),
        };
        let fields = [("code", Some(code)), ("state", asked.state.as_deref()), ("iss", issuer.as_deref())];
        Sent { to: address(&asked.redirect_uri, &fields), outcome: "ok".to_owned() }
    }

    fn granted(&self, faults: &mut Faults, account: AccountId, ticked: &Scopes) -> Scopes {
        let withheld = faults.inside(Endpoint::Consent, Some(account), |kind| match kind {
            Kind::DenyScope { scopes } => Some(scopes.clone()),
            _ => None,
        });
        match withheld {
            Some((id, withheld)) => {
                self.marks.add(id);
                ticked.without(&withheld)
            }
            None => ticked.clone(),
        }
    }
}
