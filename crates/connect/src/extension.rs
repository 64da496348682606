//! Connecting by the session at a network's website. A browser extension hands its cookies over once the person has agreed, and
//! brings the new ones day by day.
//!
//! Two secrets are good for one thing each. The pairing code, which only the starter's waiting page shows, takes the first
//! hand-over, once. The renewal token of its answer takes new cookies of the very same account for the very same channel, and nothing
//! else. Of both only hashes can be looked up, and neither is a session here.

use crate::{
    AccountView, ConnectError, Handshake,
    attach::with_facts,
    handshake::Broken,
    identify::another,
    moves::PARKED_FOR,
    parked::{Kept, Parked},
    secrets::{hash, random},
};
use crier_model::{
    Diagnosis, Finding, NextKind, Secret, Timestamp,
    attempt::AttemptState as S,
    channel::{ChannelState, Identity},
};
use crier_networks::{
    Connect, Credentials, Identified,
    connect::{Extension, Site},
};
use crier_store::{
    StoreError,
    attempts::{self, Attempt, Changes, Note},
    channels::{self, Channel, Connected, Upserted},
    due::{self, NewWork},
    pairings,
};
use jiff::SignedDuration;
use serde::Serialize;
use std::collections::BTreeMap;
use tokio::time::{Instant, timeout_at};

/// How long after its last use a renewal token is good: a holiday, and no forgotten browser.
pub(crate) const LAPSES: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Browsers keep no longer cookie, its name and attributes included.
const MAX_COOKIE: usize = 4096;

/// What came of a hand-over.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HandedOver {
    /// How the connect stands: it is `connected`, has ended, or goes on at its page.
    pub state: S,
    /// Whose session it is, once the network has told.
    pub account: Option<AccountView>,
    /// Why it stands still or has failed.
    pub diagnosis: Option<Diagnosis>,
    /// Good from `connected` on, for new cookies of this account and nothing else; none when the connect has failed.
    #[schema(value_type = Option<String>)]
    pub token: Option<Secret>,
    /// Until when the token is good unless it is used.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// New cookies were stored for a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Renewed {
    pub account: AccountView,
    /// The channel's: one that needed reconnecting is `active` again.
    pub state: ChannelState,
    /// How many posts went on that were held for want of a good session.
    pub resumed: u64,
    /// Until when the token is good unless it is used again.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

impl Handshake {
    /// Shows the person's browser what to hand over, and waits for it.
    pub(crate) async fn open_pairing(&self, extension: &dyn Extension, attempt: &Attempt) -> Result<(), Broken> {
        let code = random();
        let waits = format!("For the cookies of {}.", extension.site().origin);
        let changes = Changes {
            state_hash: Some(hash_of_pairing(&code)),
            parked: Some(Parked { pairing: Some(code), ..Parked::default() }.write()?),
            note: Some(Note::new("Waiting for the browser extension", waits)),
            ..Changes::default()
        };
        self.step(attempt, S::Away, changes).await?;
        Ok(())
    }

    /// Takes a session for the connect whose pairing code this is, once, and waits a while for what becomes of it.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`] for a code that is none, [`ConnectError::WrongState`] for one that was used or whose time
    /// is over, [`ConnectError::Cookies`]: then the connect still waits.
    pub async fn hand_over(
        &self,
        code: &Secret,
        cookies: BTreeMap<String, Secret>,
    ) -> Result<HandedOver, ConnectError> {
        let found = attempts::by_state_hash(self.store(), &hash_of_pairing(code)).await?;
        let attempt = found.ok_or(ConnectError::UnknownAttempt)?;
        let id = attempt.id;
        let too_late = |state| ConnectError::WrongState { state, wanted: "given cookies" };
        if attempt.state != S::Away {
            return Err(too_late(attempt.state));
        }
        if self.now() >= attempt.expires_at {
            self.expire(&attempt).await?;
            return Err(too_late(S::Expired));
        }
        let Connect::Extension(extension) = self.must_way(&attempt)? else {
            return Err(Broken::NoNetwork(attempt.network).into());
        };
        let credentials = session(&extension.site(), cookies).map_err(ConnectError::Cookies)?;
        let token = random();
        let expires_at = self.in_time(LAPSES);
        let parked = Parked {
            credentials: Some(credentials),
            pairing: None,
            renewal: Some(hash(token.expose())),
            ..Parked::read(attempt.parked.as_ref())?
        };
        let changes = Changes {
            parked: Some(parked.write()?),
            returned_at: Some(self.now()),
            expires_at: Some(attempt.expires_at.max(self.in_time(PARKED_FOR))),
            note: Some(Note::new("Handed over by the browser extension", "")),
            ..Changes::default()
        };
        let until = Instant::now() + self.settings().pace.landing;
        let Some(work) = self.step_and_work(&attempt, S::Identified, changes).await? else {
            // Another hand-over was first, or the person gave up.
            return Err(too_late(attempts::by_id(self.store(), id).await?.state));
        };
        // However it ends, the row says how it stands.
        drop(timeout_at(until, work).await);
        let Attempt { state, account, diagnosis, .. } = attempts::by_id(self.store(), id).await?;
        let failed = state.is_final() && state != S::Connected;
        let token = Some(token).filter(|_| !failed);
        Ok(HandedOver { state, account: account.map(AccountView::from), diagnosis, token, expires_at })
    }

    /// Takes new cookies for the channel that a renewal token is of. One that needed reconnecting goes on.
    ///
    /// # Errors
    /// [`ConnectError::HandoverEnded`], [`ConnectError::Cookies`], [`ConnectError::NotRenewed`] where they are no session or that of
    /// another account: then nothing is stored.
    pub async fn renew_handover(
        &self,
        token: &Secret,
        cookies: BTreeMap<String, Secret>,
    ) -> Result<Renewed, ConnectError> {
        let token_hash = hash(token.expose());
        let pairing = pairings::by_token_hash(self.store(), &token_hash).await?.ok_or(ConnectError::HandoverEnded)?;
        let channel = channels::by_id(self.store(), pairing.channel).await?;
        let way = self.network(&channel.network).and_then(|network| network.way(&channel.way));
        let Some(connect @ Connect::Extension(extension)) = way else { return Err(ConnectError::HandoverEnded) };
        let site = extension.site();
        let credentials = session(&site, cookies).map_err(ConnectError::Cookies)?;
        let instance = channel.instance.as_deref();
        let asked = self.patiently(|| self.whose(connect, &channel.network, instance, &credentials)).await;
        let identified = asked.map_err(|refusal| ConnectError::NotRenewed(Box::new(refusal.diagnosis())))?;
        if identified.identity.remote_id != channel.remote_id {
            return Err(ConnectError::NotRenewed(Box::new(of_another(&channel, &identified.identity, &site))));
        }
        let account = AccountView::from(identified.identity.clone());
        let expires_at = self.in_time(LAPSES);
        let stored = self.store_session(&channel, identified, credentials, &token_hash, expires_at).await?;
        let Upserted { channel, resumed, .. } = stored.ok_or(ConnectError::HandoverEnded)?;
        tracing::info!(channel = %channel.id, network = %channel.network, "the browser extension brought a new session");
        Ok(Renewed { account, state: channel.state, resumed, expires_at })
    }

    /// Stores a channel's new session as a reconnect does, in one transaction; none when its pairing has ended meanwhile.
    async fn store_session(
        &self,
        channel: &Channel,
        identified: Identified,
        credentials: Credentials,
        token_hash: &str,
        expires_at: Timestamp,
    ) -> Result<Option<Upserted>, Broken> {
        let Identified { identity, facts, .. } = identified;
        let kept = Kept::new(credentials, self.now());
        let another_picture = identity.avatar_url.is_some() && identity.avatar_url != channel.avatar_source;
        let connected = Connected {
            network: channel.network.clone(),
            way: channel.way.clone(),
            instance: channel.instance.clone(),
            // People may have given it a name of their own.
            identity: Identity { name: channel.name.clone(), ..identity },
            app: channel.app,
            grant: None,
            scopes: channel.scopes.clone(),
            token_expires_at: kept.credentials.expires_at,
            renews: kept.renews(),
            credentials: kept.write()?,
        };
        let work = |id| {
            let picture = NewWork::new(channel.workspace, due::kind::AVATAR, id, self.now());
            Some(picture).filter(|_| another_picture).into_iter().collect()
        };
        let mut tx = self.store().begin().await?;
        let upserted = channels::upsert_connected_in(&mut tx, channel.workspace, &connected, work).await?;
        // A channel that was deleted in between has just been brought back: that is taken back with the rest.
        if !pairings::use_in(&tx, upserted.channel.id, token_hash, expires_at).await? {
            tx.rollback().await?;
            return Ok(None);
        }
        if let Some(settings) = with_facts(&upserted.channel, facts) {
            channels::set_settings_in(&mut tx, channel.workspace, channel.id, &settings).await?;
        }
        tx.commit().await?;
        Ok(Some(upserted))
    }

    /// Ends the hand-over of a renewal token; the channel keeps the session it has. One that has ended already stays so.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn stop_handover(&self, token: &Secret) -> Result<(), ConnectError> {
        pairings::end(self.store(), &hash(token.expose())).await.map_err(StoreError::into)
    }
}

/// Pairing codes are no states of a redirect.
fn hash_of_pairing(code: &Secret) -> String {
    hash(&format!("extension {}", code.expose()))
}

/// The site's session out of its cookies: each that was asked for, and no other.
fn session(site: &Site, mut given: BTreeMap<String, Secret>) -> Result<Credentials, Vec<Finding>> {
    let mut cookies = Vec::new();
    let mut findings = Vec::new();
    for &name in site.cookies {
        let value = given.remove(name).unwrap_or_default();
        match wrong(site, name, value.expose()) {
            Some((code, message, fix)) => findings.push(Finding::error(pointer(name), code, message, fix)),
            None => cookies.push((name.to_owned(), value)),
        }
    }
    findings.extend(given.into_keys().map(|name| {
        let message = format!("The cookie “{name}” was not asked for.");
        Finding::error(pointer(&name), "cookies.not_asked_for", message, "Leave it out.")
    }));
    if findings.is_empty() { Ok(Credentials::of_cookies(cookies)) } else { Err(findings) }
}

fn wrong(site: &Site, name: &str, value: &str) -> Option<(&'static str, String, String)> {
    let Site { name: of, origin, .. } = site;
    let again = || format!("Sign in at {origin} in this browser, then hand over again.");
    if value.is_empty() {
        return Some(("cookies.missing", format!("{of}’s cookie “{name}” is missing."), again()));
    }
    if value.len() > MAX_COOKIE {
        return Some(("cookies.too_long", format!("The cookie “{name}” is longer than browsers keep one."), again()));
    }
    // RFC 6265 §4.1.1, and what browsers take besides.
    let odd = value.bytes().any(|byte| !(0x20..0x7f).contains(&byte) || byte == b';');
    odd.then(|| ("cookies.unreadable", format!("The cookie “{name}” holds what no cookie can."), again()))
}

/// A field's place in the request (RFC 6901).
fn pointer(name: &str) -> String {
    format!("/cookies/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn of_another(channel: &Channel, came: &Identity, site: &Site) -> Diagnosis {
    let cause = "This browser is signed in at the site with another account than the channel's. Nothing was stored.";
    let mut diagnosis = another(channel, came).because(cause).offering(NextKind::None, "Sign in as expected", None);
    diagnosis.fix = vec![
        format!("Sign in at {} as {} again; the next hand-over then goes well.", site.name, channel.handle),
        format!("Or stop this hand-over, and connect {} as a channel of its own.", came.name),
    ];
    diagnosis
}

/// Why a pairing code that was not used has lapsed.
pub(crate) fn nothing_handed_over(diagnosis: Diagnosis) -> Diagnosis {
    let mut diagnosis = diagnosis.because("The browser extension handed nothing over within 30 minutes.");
    diagnosis.fix = vec![
        "Start again, and click the extension’s icon while the page that waits is open.".to_owned(),
        "If there is no such icon, the extension is not installed in this browser.".to_owned(),
    ];
    diagnosis
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(values: &[(&str, &str)]) -> BTreeMap<String, Secret> {
        values.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
    }

    fn site() -> Site {
        Site { name: "Site", origin: "https://site.example".to_owned(), cookies: &["sid", "csrf"] }
    }

    #[test]
    fn a_session_is_what_was_asked_for() {
        let credentials = session(&site(), given(&[("sid", "a=b"), ("csrf", "\"x, y\"")])).unwrap();
        assert_eq!(credentials.cookies().as_deref(), Some("csrf=\"x, y\"; sid=a=b"));
    }

    #[test]
    fn whatever_is_wrong_points_at_its_cookie() {
        let long = "x".repeat(MAX_COOKIE + 1);
        for (cookies, expected) in [
            (given(&[("sid", "1")]), vec![("/cookies/csrf", "cookies.missing")]),
            (given(&[("sid", "1"), ("csrf", "1"), ("a/b", "1")]), vec![("/cookies/a~1b", "cookies.not_asked_for")]),
            (given(&[("sid", "1; evil=2"), ("csrf", "1")]), vec![("/cookies/sid", "cookies.unreadable")]),
            (
                given(&[("sid", "1\r\nx: y"), ("csrf", &long)]),
                vec![("/cookies/sid", "cookies.unreadable"), ("/cookies/csrf", "cookies.too_long")],
            ),
        ] {
            let findings = session(&site(), cookies).unwrap_err();
            let seen: Vec<_> = findings.iter().map(|f| (f.pointer.as_str(), f.code.as_str())).collect();
            assert_eq!(seen, expected);
        }
    }
}
