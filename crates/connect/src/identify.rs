//! Whose the tokens are, what they may do, and whether that is what was wanted.

use crate::{
    Handshake,
    apps::asked_scope,
    attach::Account,
    explain::may_pass,
    handshake::Broken,
    invite::of_guest,
    look::{covered, missing},
    moves::PARKED_FOR,
    parked::Parked,
};
use crier_model::{
    Code, Diagnosis, NextKind,
    attempt::{AttemptState as S, Starter},
    channel::Identity,
};
use crier_networks::{Connect, Credentials, Identified, Network, Refusal, connect::OAuth2};
use crier_store::{
    attempts::{Attempt, Changes, Note},
    channels::{self, Channel},
};
use tokio::time::sleep;

impl Handshake {
    /// Takes an attempt with tokens on: to its account, to the person who must decide something, or to its channel.
    pub(crate) async fn identify(&self, attempt: Attempt) -> Result<Option<Attempt>, Broken> {
        let mut parked = Parked::read(attempt.parked.as_ref())?;
        if parked.short_lived {
            return Box::pin(self.lengthen(&attempt, parked)).await;
        }
        let Some(identified) = parked.identified.clone() else {
            return Box::pin(self.learn_account(&attempt, parked)).await;
        };
        if let Some(diagnosis) = self.lacks_required(&attempt) {
            return self.fail(&attempt, diagnosis).await;
        }
        if parked.foreign {
            return self.ask_to_confirm(&attempt, &identified).await;
        }
        let choosing = self.network(&attempt.network).and_then(Network::choosing);
        // Where the account is only asked what it manages, it is the choice that must be the expected one.
        if choosing.is_none()
            && let Some(diagnosis) = self.is_another(&attempt, &parked, &identified).await?
        {
            return self.wait_for_person(&attempt, diagnosis).await;
        }
        if let Some(diagnosis) = self.lacks_optional(&attempt).filter(|_| !parked.anyway) {
            return self.wait_for_person(&attempt, diagnosis).await;
        }
        if let Some(choosing) = choosing {
            return Box::pin(self.second_step(choosing, &attempt, parked, &identified)).await;
        }
        let credentials = parked.credentials.take().ok_or(Broken::Lacks("credentials"))?;
        let Identified { identity, facts, .. } = identified;
        self.attach(&attempt, &parked, vec![Account { identity, credentials, facts }], None).await
    }

    /// Asks the network whose the tokens are: also the one harmless live call before anything is attached.
    async fn learn_account(&self, attempt: &Attempt, mut parked: Parked) -> Result<Option<Attempt>, Broken> {
        let connect = self.must_way(attempt)?;
        let credentials = self.parked_sign_in(attempt, &parked)?;
        let (network, instance) = (attempt.network.as_str(), attempt.instance.as_deref());
        let refusal = match self.patiently(|| self.whose(connect, network, instance, &credentials)).await {
            Ok(identified) => {
                let granted = match connect {
                    Connect::OAuth2(oauth2) => granted(oauth2, &parked, &credentials, &identified),
                    _ => Vec::new(),
                };
                let who = format!("{} ({})", identified.identity.name, identified.identity.handle);
                let account = identified.identity.clone();
                parked.identified = Some(identified);
                let changes = Changes {
                    parked: Some(parked.write()?),
                    account: Some(account),
                    granted: Some(granted),
                    note: Some(Note::new("Account identified", who)),
                    ..Changes::default()
                };
                return self.step(attempt, S::Identified, changes).await;
            }
            Err(refusal) => refusal,
        };
        let diagnosis = refusal.diagnosis();
        if !may_pass(&refusal) {
            return self.fail(attempt, diagnosis).await;
        }
        let cause = format!(
            "You have authorised Crier, and the permission is kept; only asking {} whose account it is failed.",
            self.name(&attempt.network)
        );
        self.wait_for_person(attempt, diagnosis.because(cause).offering(NextKind::Continue, "Ask again", None)).await
    }

    /// Asks the network what changes nothing there, again where it may go well a little later.
    pub(crate) async fn patiently<T, F: Future<Output = Result<T, Refusal>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, Refusal> {
        let mut waits = self.settings().pace.identity.iter();
        loop {
            match ask().await {
                Err(refusal) if may_pass(&refusal) => match waits.next() {
                    Some(wait) => sleep(*wait).await,
                    None => return Err(refusal),
                },
                settled => return settled,
            }
        }
    }

    /// Stays where it is until the person goes on; what is parked is kept as long.
    pub(crate) async fn wait_for_person(
        &self,
        attempt: &Attempt,
        diagnosis: Diagnosis,
    ) -> Result<Option<Attempt>, Broken> {
        let changes = Changes {
            note: Some(Note::new(diagnosis.title.as_str(), diagnosis.cause.as_str())),
            diagnosis: Some(diagnosis),
            expires_at: Some(attempt.expires_at.max(self.in_time(PARKED_FOR))),
            ..Changes::default()
        };
        self.step(attempt, S::Identified, changes).await
    }

    async fn ask_to_confirm(&self, attempt: &Attempt, identified: &Identified) -> Result<Option<Attempt>, Broken> {
        let identity = &identified.identity;
        let diagnosis = Diagnosis::new(Code::StateForeignBrowser)
            .saw("Account", format!("{} ({})", identity.name, identity.handle));
        let diagnosis = match attempt.started_by {
            Starter::User(_) => diagnosis,
            Starter::Invite(_) => of_guest(diagnosis),
        };
        let changes = Changes {
            diagnosis: Some(diagnosis),
            expires_at: Some(self.in_time(PARKED_FOR)),
            note: Some(Note::new("Waits to be confirmed", "Another browser came back than the one that left.")),
            ..Changes::default()
        };
        self.step(attempt, S::Confirming, changes).await
    }

    fn lacks_required(&self, attempt: &Attempt) -> Option<Diagnosis> {
        let lacking: Vec<_> = self.lacking(attempt).into_iter().filter(|scope| scope.required).collect();
        if lacking.is_empty() {
            return None;
        }
        let diagnosis = lacking.into_iter().fold(Diagnosis::new(Code::ConsentScopeMissing), |diagnosis, scope| {
            diagnosis.saw("Missing", format!("{}: {}", scope.id, scope.why))
        });
        Some(diagnosis.saw("Granted", attempt.granted.join(" ")))
    }

    fn lacks_optional(&self, attempt: &Attempt) -> Option<Diagnosis> {
        let lacking = self.lacking(attempt);
        if lacking.is_empty() {
            return None;
        }
        let cause = "The account was authorised, but not every permission was granted. Without those below, something \
                     will not work.";
        let start = Diagnosis::new(Code::ConsentScopeMissing).because(cause);
        let mut diagnosis = lacking
            .into_iter()
            .fold(start, |diagnosis, scope| diagnosis.saw("Missing", format!("{}: {}", scope.id, scope.why)));
        diagnosis.fix = vec![
            "Connect anyway if you can do without.".to_owned(),
            "Otherwise cancel, start again, and leave every permission ticked.".to_owned(),
        ];
        Some(diagnosis.offering(NextKind::Continue, "Connect anyway", None))
    }

    fn lacking(&self, attempt: &Attempt) -> Vec<crate::MissingScope> {
        // A form's credentials may do what they may; only consents leave something out.
        self.oauth2(attempt).map(|oauth2| missing(oauth2, &attempt.granted)).unwrap_or_default()
    }

    /// Whether a reconnect brought another account than the channel's.
    async fn is_another(
        &self,
        attempt: &Attempt,
        parked: &Parked,
        identified: &Identified,
    ) -> Result<Option<Diagnosis>, Broken> {
        if parked.as_new {
            return Ok(None);
        }
        if attempt.purpose != "reconnect" {
            let named = parked.endpoints.as_ref().and_then(|endpoints| endpoints.account.as_ref());
            let other = named.is_some_and(|id| *id != identified.identity.remote_id);
            return Ok(other.then(|| another_than_named(attempt, identified)));
        }
        let channel = self.expected(attempt).await?;
        let instance = self.server_of(attempt, parked);
        let same = channel.remote_id == identified.identity.remote_id && channel.instance.as_ref() == instance;
        Ok((!same).then(|| another(&channel, &identified.identity)))
    }

    /// The channel to reconnect.
    pub(crate) async fn expected(&self, attempt: &Attempt) -> Result<Channel, Broken> {
        let channel = attempt.channel.ok_or(Broken::Lacks("a channel"))?;
        Ok(channels::by_id(self.store(), channel).await?)
    }
}

pub(crate) fn another(expected: &Channel, identity: &Identity) -> Diagnosis {
    let mut diagnosis = Diagnosis::new(Code::OtherThanExpected)
        .saw("Expected", format!("{} ({})", expected.name, expected.handle))
        .saw("Came back", format!("{} ({})", identity.name, identity.handle))
        .offering(NextKind::Continue, "Add as a new channel", None);
    diagnosis.fix = vec![
        format!(
            "To reconnect {}: cancel, sign in at the network as {}, and reconnect again.",
            expected.name, expected.handle
        ),
        format!("Or add {} as a channel of its own.", identity.name),
    ];
    diagnosis
}

/// A new channel's account is another one than the person named before leaving.
fn another_than_named(attempt: &Attempt, came: &Identified) -> Diagnosis {
    let identity = &came.identity;
    let mut diagnosis = Diagnosis::new(Code::OtherThanExpected)
        .because("You signed in at the network with another account than the one you named here.")
        .saw("Expected", attempt.instance.as_deref().unwrap_or_default())
        .saw("Came back", format!("{} ({})", identity.name, identity.handle))
        .offering(NextKind::Continue, "Add this account", None);
    diagnosis.fix = vec![
        format!("Add {} if that is the account you want.", identity.name),
        "Otherwise cancel, sign out at the network, and start again.".to_owned(),
    ];
    diagnosis
}

/// What was granted, by the names of [`OAuth2::scopes`] as far as it can be told.
fn granted(oauth2: &dyn OAuth2, parked: &Parked, credentials: &Credentials, identified: &Identified) -> Vec<String> {
    if let Some(granted) = &identified.granted {
        return granted.clone();
    }
    let all = || oauth2.scopes().iter().map(|scope| scope.id.to_owned()).collect();
    // An answer without a scope means that all was granted that was asked for (RFC 6749 §5.1).
    let Some(told) = &credentials.scopes else { return all() };
    let Some(endpoints) = parked.endpoints.as_ref().filter(|endpoints| endpoints.scope.is_some()) else {
        return told.clone();
    };
    let asked = asked_scope(oauth2, endpoints);
    let whole = asked.split(' ').filter(|scope| !scope.is_empty()).all(|scope| covered(scope, told));
    if whole { all() } else { told.clone() }
}
