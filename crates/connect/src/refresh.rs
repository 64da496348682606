//! Renewing credentials: once over all nodes, and committed before they are used.

use crate::{
    Handshake,
    explain::{detail, may_pass},
    handshake::Broken,
    oauth2::{Desk, Grant, META_TOKEN_INVALID, TokenFailure},
    parked::Kept,
};
use crier_model::{Code, Diagnosis, GrantId, NextKind, channel::ChannelState};
use crier_networks::{
    Connect, Credentials, Detail, Refusal,
    connect::{self, Form, OAuth2, SUBJECT},
    dpop,
};
use crier_store::{
    StoreError,
    channels::{self, Channel},
    due::{self, NewWork},
    grants,
};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// For how long whoever renews has the say. Longer than its requests can take.
const TURN: SignedDuration = SignedDuration::from_secs(120);
/// How long whoever needs what another renews waits for it.
const PATIENCE: Duration = Duration::from_secs(45);
/// Between two looks at whether another has finished.
const GLANCE: Duration = Duration::from_millis(100);
/// Before a request is repeated whose answer was lost.
const AFTER_A_LOSS: Duration = Duration::from_millis(500);
/// How often a request that never left is repeated; there will be another time.
const UNSENT_TRIES: usize = 2;

/// What became of it.
pub(crate) enum Renewal {
    Fresh(Box<Kept>),
    /// Not now; nothing is lost.
    Later(Refusal),
    /// The sign-in has ended for good; the channel says so.
    Dead(Box<Diagnosis>),
}

/// What the network said.
pub(crate) enum Said {
    New(Credentials),
    Later(Refusal),
    Dead(Box<Diagnosis>),
}

/// Credentials that are renewed: a channel's own, or the grant it lives on.
#[derive(Clone, Copy)]
pub(crate) enum Held<'a> {
    Channel(&'a Channel),
    Grant(GrantId, &'a Channel),
}

impl<'a> Held<'a> {
    fn channel(self) -> &'a Channel {
        match self {
            Self::Channel(channel) | Self::Grant(_, channel) => channel,
        }
    }
}

impl Handshake {
    /// New credentials in place of those held, from the network or from whoever is renewing them already. `refused`: the
    /// network refused those there are. With `schedule`, the next renewal is written with them. `seen` is what the caller found
    /// wanting: whatever has taken its place meanwhile is as good as renewed.
    pub(crate) async fn renewed(
        &self,
        held: Held<'_>,
        seen: &Kept,
        refused: bool,
        schedule: bool,
    ) -> Result<Renewal, Broken> {
        let patience = Instant::now() + PATIENCE;
        loop {
            let (mut kept, version) = self.kept(held).await?;
            let replaced = kept.credentials.access_token != seen.credentials.access_token;
            if replaced && kept.is_good(self.now()) {
                return Ok(Renewal::Fresh(kept.into()));
            }
            if kept.refreshing_until.is_some_and(|until| self.now() < until) {
                if let Some(diagnosis) = self.ended_meanwhile(held.channel()).await? {
                    return Ok(Renewal::Dead(diagnosis));
                }
                let lives = kept.credentials.expires_at.is_none_or(|end| self.now() < end);
                if lives && !refused {
                    // Renewed ahead of time: what there is will do until the other is done.
                    return Ok(Renewal::Fresh(kept.into()));
                }
                if Instant::now() >= patience {
                    let said = "another is renewing this sign-in and has not finished";
                    return Ok(Renewal::Later(Refusal::Temporary(Detail::new(said))));
                }
                sleep(GLANCE).await;
                continue;
            }
            kept.refreshing_until = Some(self.in_time(TURN));
            match self.keep(held, version, &kept, &[]).await {
                Ok(version) => return self.renew_in_turn(held, kept, version, refused, schedule).await,
                Err(Broken::Store(StoreError::Stale { .. })) => {}
                Err(broken) => return Err(broken),
            }
        }
    }

    /// Credentials at rest, and their version.
    pub(crate) async fn kept(&self, held: Held<'_>) -> Result<(Kept, i64), Broken> {
        let sealed = match held {
            Held::Channel(channel) => channels::open_credentials(self.store(), channel.id).await?,
            Held::Grant(grant, _) => grants::open(self.store(), grant).await?,
        };
        Ok((Kept::read(&sealed.secret)?, sealed.version))
    }

    async fn keep(&self, held: Held<'_>, version: i64, kept: &Kept, work: &[NewWork]) -> Result<i64, Broken> {
        let secret = kept.write()?;
        Ok(match held {
            Held::Channel(channel) => {
                let expires_at = kept.credentials.expires_at;
                channels::set_credentials(self.store(), channel.id, version, &secret, expires_at, work).await?
            }
            Held::Grant(grant, _) => grants::set(self.store(), grant, version, &secret).await?,
        })
    }

    /// The diagnosis of a channel that another renewal has just found dead.
    async fn ended_meanwhile(&self, channel: &Channel) -> Result<Option<Box<Diagnosis>>, Broken> {
        let now = channels::by_id(self.store(), channel.id).await?;
        let dead = now.state == ChannelState::NeedsReconnect;
        Ok(dead.then(|| Box::new(now.reason.unwrap_or_else(|| Diagnosis::new(Code::CredentialsWrong)))))
    }

    async fn renew_in_turn(
        &self,
        held: Held<'_>,
        kept: Kept,
        version: i64,
        refused: bool,
        schedule: bool,
    ) -> Result<Renewal, Broken> {
        let channel = held.channel();
        let said = self.ask_for_new(held, &kept, refused).await;
        measure(channel, &said);
        let (kept, renewal) = match said {
            Ok(Said::New(new)) => {
                let new = kept.credentials.replaced_by(new);
                // The old pair stays at hand until the next renewal has shown that the new one works.
                let before = Some(kept.credentials);
                let kept = Kept { before, ..Kept::new(new, self.now()) };
                (kept.clone(), Ok(Renewal::Fresh(kept.into())))
            }
            Ok(Said::Later(refusal)) => (Kept { refreshing_until: None, ..kept }, Ok(Renewal::Later(refusal))),
            Ok(Said::Dead(diagnosis)) => {
                // First, so that whoever waits for this turn's end finds out why.
                self.mark_dead(held, &diagnosis).await?;
                (Kept { refreshing_until: None, ..kept }, Ok(Renewal::Dead(diagnosis)))
            }
            Err(broken) => (Kept { refreshing_until: None, ..kept }, Err(broken)),
        };
        let next = kept.refresh_at().filter(|_| schedule && matches!(renewal, Ok(Renewal::Fresh(_))));
        let work = next.map(|at| NewWork::new(channel.workspace, due::kind::REFRESH, channel.id, at));
        let work: Vec<_> = work.into_iter().collect();
        match self.keep(held, version, &kept, &work).await {
            Ok(_) => renewal,
            // Reconnected, or deleted, while the network was asked: what is there now counts.
            Err(Broken::Store(StoreError::Stale { .. })) => Ok(Renewal::Fresh(self.kept(held).await?.0.into())),
            Err(broken) => Err(broken),
        }
    }

    /// Every channel that lives on what has ended says so.
    async fn mark_dead(&self, held: Held<'_>, diagnosis: &Diagnosis) -> Result<(), Broken> {
        let dead = match held {
            Held::Channel(channel) => vec![channel.clone()],
            Held::Grant(grant, _) => channels::of_grant(self.store(), grant).await?,
        };
        for channel in dead {
            channels::set_state(self.store(), channel.id, ChannelState::NeedsReconnect, Some(diagnosis)).await?;
            tracing::warn!(channel = %channel.id, network = %channel.network, code = %diagnosis.code, "the sign-in has ended");
        }
        Ok(())
    }

    async fn ask_for_new(&self, held: Held<'_>, kept: &Kept, refused: bool) -> Result<Said, Broken> {
        let channel = held.channel();
        if let (Held::Channel(_), Some(grant)) = (held, channel.grant) {
            return self.derive(channel, grant, kept, refused).await;
        }
        match self.network(&channel.network).and_then(|network| network.way(&channel.way)) {
            Some(Connect::OAuth2(oauth2)) => self.refresh_oauth2(channel, oauth2, kept, refused).await,
            Some(connect @ (Connect::OAuth1(_) | Connect::Dialog(_) | Connect::Extension(_))) => {
                self.without_renewal(channel, connect, kept, refused).await
            }
            Some(Connect::Form(form)) => Ok(self.refresh_form(channel, form, kept, refused).await),
            None => Err(Broken::NoNetwork(channel.network.clone())),
        }
    }

    async fn refresh_form(&self, channel: &Channel, form: &dyn Form, kept: &Kept, refused: bool) -> Said {
        let instance = channel.instance.as_deref();
        let mut outcome = form.refresh(self.net(&channel.network), instance, &kept.credentials).await;
        if matches!(outcome, Err(Refusal::Unknown(_))) {
            sleep(AFTER_A_LOSS).await;
            outcome = form.refresh(self.net(&channel.network), instance, &kept.credentials).await;
        }
        match outcome {
            Ok(Some(new)) => Said::New(new),
            Ok(None) if !refused => Said::New(kept.credentials.clone()),
            Ok(None) => {
                let cause =
                    "The network no longer takes these credentials, and they are not of a kind that is renewed.";
                Said::Dead(Box::new(reconnect(Diagnosis::new(Code::CredentialsWrong).because(cause))))
            }
            Err(refusal @ Refusal::Auth(_)) => Said::Dead(Box::new(reconnect(refusal.diagnosis()))),
            Err(refusal) => Said::Later(refusal.harmless()),
        }
    }

    async fn refresh_oauth2(
        &self,
        channel: &Channel,
        oauth2: &dyn OAuth2,
        kept: &Kept,
        refused: bool,
    ) -> Result<Said, Broken> {
        let instance = channel.instance.as_deref();
        if !self.can_renew(kept) {
            return self.without_renewal(channel, Connect::OAuth2(oauth2), kept, refused).await;
        }
        let client = match channel.app {
            Some(app) => self.client_of(app, &channel.network, instance).await,
            None => Err(Broken::Store(StoreError::NotFound { what: "app" })),
        };
        let client = match client {
            Ok(client) => client,
            Err(Broken::Store(StoreError::NotFound { what: "app" })) => {
                let cause = "The app that got this sign-in is no longer known to the network, so it can't be renewed.";
                return Ok(Said::Dead(Box::new(reconnect(Diagnosis::new(Code::ClientUnknown).because(cause)))));
            }
            Err(broken) => return Err(broken),
        };
        let key = dpop::key(&kept.credentials).map_err(|_| Broken::Unreadable("credentials"))?;
        let endpoints = match oauth2.endpoints_of(self.net(&channel.network), instance, &kept.credentials).await {
            Ok(endpoints) => endpoints,
            Err(refusal) => return Ok(Said::Later(passing(&refusal.diagnosis(), &refusal))),
        };
        let (net, clock) = (self.net(&channel.network), self.deps.clock.as_ref());
        let desk = Desk { net, clock, oauth2, endpoints: &endpoints, client: &client, key: key.as_ref() };
        let grant = match (&kept.credentials.refresh_token, &endpoints.dialect.renewal) {
            (Some(token), _) => Grant::Refresh(token),
            (None, Some(renewal)) if self.is_old_enough(kept, renewal) => {
                Grant::Token(&kept.credentials.access_token, &renewal.exchange)
            }
            (None, _) => return self.without_renewal(channel, Connect::OAuth2(oauth2), kept, refused).await,
        };
        let failure = match self.ask_with(&desk, grant).await {
            Ok(new) => return Ok(of_the_same(&kept.credentials, new)),
            Err(failure) => failure,
        };
        if !is_dead(&failure.0) {
            return Ok(later(&failure.0));
        }
        // The network may not have taken our last renewal for done: then it still takes the pair before.
        if let Some(before) = kept.before.as_ref().and_then(|before| before.refresh_token.as_ref())
            && matches!(grant, Grant::Refresh(token) if token != before)
            && let Ok(new) = self.ask_with(&desk, Grant::Refresh(before)).await
        {
            return Ok(of_the_same(&kept.credentials, new));
        }
        Ok(Said::Dead(Box::new(ended(&failure))))
    }

    /// A token that renews itself does so only while it lasts.
    fn can_renew(&self, kept: &Kept) -> bool {
        let credentials = &kept.credentials;
        let lives = credentials.expires_at.is_none_or(|end| self.now() < end);
        credentials.refresh_token.is_some() || (credentials.renews_itself && lives)
    }

    fn is_old_enough(&self, kept: &Kept, renewal: &connect::Renewal) -> bool {
        let age = self.now().duration_since(kept.obtained_at);
        age >= SignedDuration::from_secs(renewal.not_before_s.into())
    }

    /// One renewal: repeated where it never left, and once where its answer was lost.
    async fn ask_with(&self, desk: &Desk<'_>, grant: Grant<'_>) -> Result<Credentials, Failed> {
        let mut lost = false;
        let mut waits = self.settings().pace.unsent.iter().take(UNSENT_TRIES);
        loop {
            let failure = match desk.ask(grant).await {
                Ok(new) => return Ok(new),
                Err(failure) => failure,
            };
            let wait = if failure.never_left() {
                waits.next().copied()
            } else if failure.answer_lost() && !std::mem::replace(&mut lost, true) {
                Some(AFTER_A_LOSS)
            } else {
                None
            };
            match wait {
                Some(wait) => sleep(wait).await,
                None => return Err(Failed(failure, lost)),
            }
        }
    }

    /// A sign-in that can't be renewed: good to its end, unless the network says otherwise.
    async fn without_renewal(
        &self,
        channel: &Channel,
        connect: Connect<'_>,
        kept: &Kept,
        refused: bool,
    ) -> Result<Said, Broken> {
        let credentials = &kept.credentials;
        if let Some(end) = credentials.expires_at.filter(|end| self.now() >= *end) {
            let cause =
                "The sign-in has ended, as it does on this network after a while, and it can't be renewed from here.";
            let diagnosis = Diagnosis::new(Code::CredentialsWrong).because(cause).saw("Ended", end.to_string());
            return Ok(Said::Dead(Box::new(reconnect(diagnosis))));
        }
        if !refused {
            let said = "the sign-in can't be renewed; it is good until its end";
            return Ok(Said::Later(Refusal::Temporary(Detail::new(said))));
        }
        // A refusal may have been about something else: the account call decides.
        let complete = self.complete(channel, credentials.clone()).await?;
        Ok(match self.whose(connect, &channel.network, channel.instance.as_deref(), &complete).await {
            Ok(_) => Said::New(credentials.clone()),
            Err(refusal @ Refusal::Auth(_)) => Said::Dead(Box::new(reconnect(refusal.diagnosis()))),
            Err(refusal) => Said::Later(refusal),
        })
    }
}

fn measure(channel: &Channel, said: &Result<Said, Broken>) {
    let (outcome, code) = match said {
        Ok(Said::New(_)) => ("renewed", None),
        Ok(Said::Later(refusal)) => ("later", refusal.detail().diagnosis),
        Ok(Said::Dead(diagnosis)) => ("ended", Some(diagnosis.code)),
        Err(_) => ("later", Some(Code::Internal)),
    };
    crate::measure::renewal(&channel.network, outcome, code);
}

/// New tokens, if they are for the account that the old ones were for.
fn of_the_same(old: &Credentials, new: Credentials) -> Said {
    match (old.extra.get(SUBJECT), new.extra.get(SUBJECT)) {
        (Some(expected), Some(came)) if expected != came => {
            let cause = "The network renewed the sign-in with one of another account, which was not used.";
            let diagnosis = Diagnosis::new(Code::OtherThanExpected).because(cause);
            let diagnosis = diagnosis.saw("Expected", expected.expose()).saw("Came back", came.expose());
            Said::Dead(Box::new(reconnect(diagnosis)))
        }
        _ => Said::New(new),
    }
}

/// A failed renewal, and whether an earlier request of it may have been received.
struct Failed(TokenFailure, bool);

/// Only these answers mean that a sign-in has ended; everything else may pass or be mended here.
fn is_dead(failure: &TokenFailure) -> bool {
    const DEAD: [&str; 6] = [
        "invalid_grant",
        "invalid_token",
        "expired_token",
        "token_expired",
        "invalid_refresh_token",
        META_TOKEN_INVALID,
    ];
    matches!(failure, TokenFailure::Refused { error, .. } if DEAD.contains(&error.as_str()))
}

fn later(failure: &TokenFailure) -> Said {
    let diagnosis = failure.diagnosis();
    let refusal = match failure {
        TokenFailure::Unusable { until, .. } if diagnosis.code == Code::RateLimited => {
            Refusal::RateLimit { until: *until, detail: detail(&diagnosis) }
        }
        _ => Refusal::Temporary(detail(&diagnosis)),
    };
    Said::Later(refusal)
}

/// A refusal met on the way to the token endpoint never says anything about the tokens.
fn passing(diagnosis: &Diagnosis, refusal: &Refusal) -> Refusal {
    if may_pass(refusal) { refusal.clone().harmless() } else { Refusal::Temporary(detail(diagnosis)) }
}

/// Why a sign-in has ended.
fn ended(Failed(failure, lost): &Failed) -> Diagnosis {
    let seen = failure.diagnosis();
    let (code, cause) = if *lost {
        let cause = "The network renewed the sign-in, but its answer never reached this server, and it does not take the \
                     old one any more.";
        (Code::AnswerLost, cause)
    } else {
        let cause = "The network no longer takes this sign-in: it was revoked there, the password was changed, or it was \
                     not used for too long.";
        (Code::CredentialsWrong, cause)
    };
    let mut diagnosis = Diagnosis::new(code).because(cause);
    diagnosis.evidence = seen.evidence;
    reconnect(diagnosis)
}

pub(crate) fn reconnect(mut diagnosis: Diagnosis) -> Diagnosis {
    diagnosis.fix = vec!["Reconnect the channel; its posts, times and settings stay as they are.".to_owned()];
    diagnosis.offering(NextKind::Reconnect, "Reconnect", None)
}
