//! The second step: the person ticks what the account is to be connected as.

use crate::{
    Asker, AttemptView, ConnectError, Handshake,
    attach::{Account, Together},
    explain::may_pass,
    handshake::Broken,
    identify::another,
    moves::is_at_work,
    parked::{Parked, ParkedClient},
    start::OPEN_FOR,
    whose::of_app,
};
use crier_model::{AttemptId, Code, Diagnosis, Finding, NextKind, WorkspaceId, attempt::AttemptState as S};
use crier_networks::{
    Choice, Choosing, Credentials, Identified, Refusal,
    choosing::{Access, Unusable, Words},
};
use crier_store::{
    attempts::{Attempt, Changes, Note},
    channels,
};
use futures::{StreamExt, stream};
use std::collections::BTreeSet;

/// How many picked ones are tried at once.
const AT_ONCE: usize = 4;
/// How many names a piece of evidence lists.
const NAMED: usize = 10;

impl Handshake {
    /// Connects what was ticked, by the ids of the choices, and waits for the outcome a while. Each becomes a channel; one that
    /// fails its check is told and left out.
    ///
    /// # Errors
    /// [`ConnectError::Form`] with findings at `/choices`: the attempt still waits for the choice.
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotTheStarter`], [`ConnectError::WrongState`].
    pub async fn choose(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
        ids: &[String],
    ) -> Result<AttemptView, ConnectError> {
        let by = by.into();
        let attempt = self.own(attempt, workspace, &by).await?;
        let id = attempt.id;
        let wrong_state = |state| ConnectError::WrongState { state, wanted: "chosen from" };
        if attempt.state != S::Choosing && attempt.state != S::Connected && !is_at_work(&attempt) {
            return Err(wrong_state(attempt.state));
        }
        if attempt.state == S::Choosing {
            if self.now() >= attempt.expires_at {
                self.expire(&attempt).await?;
                return Err(wrong_state(S::Expired));
            }
            let parked = Parked::read(attempt.parked.as_ref())?;
            let choices = parked.choices.as_deref().unwrap_or_default();
            let picked = picked(choices, ids).map_err(|findings| ConnectError::Form { findings, diagnosis: None })?;
            let note = Note::new("Chosen", names(picked.iter().copied()));
            let picked = picked.into_iter().map(|choice| choice.identity.remote_id.clone()).collect();
            self.step_and_work(&attempt, S::Identified, going_on_with(parked, picked, note)?).await?;
        }
        let attempt = self.rested(id, self.settings().pace.landing).await?;
        self.shown(attempt, &by).await
    }

    /// Takes an attempt whose account is known on: to its choices, to the person who must choose, or to its channels.
    pub(crate) async fn second_step(
        &self,
        choosing: &dyn Choosing,
        attempt: &Attempt,
        mut parked: Parked,
        identified: &Identified,
    ) -> Result<Option<Attempt>, Broken> {
        let Some(choices) = parked.choices.clone() else {
            return Box::pin(self.learn_choices(choosing, attempt, parked, identified)).await;
        };
        if let Some(picked) = parked.picked.take() {
            let picked = choices.into_iter().filter(|choice| picked.contains(&choice.identity.remote_id)).collect();
            return Box::pin(self.connect_picked(choosing, attempt, parked, picked)).await;
        }
        if attempt.purpose == "reconnect" && !parked.as_new {
            return Box::pin(self.pick_expected(attempt, parked, &choices, identified)).await;
        }
        let words = choosing.words();
        let usable = choices.iter().filter(|choice| choice.unusable.is_none()).count();
        let what = if choices.len() == 1 { words.one } else { words.many };
        let changes = Changes {
            expires_at: Some(attempt.expires_at.max(self.in_time(OPEN_FOR))),
            note: Some(Note::new("Waits for a choice", format!("{} {what}, {usable} can be connected", choices.len()))),
            ..Changes::default()
        };
        self.step(attempt, S::Choosing, changes).await
    }

    async fn learn_choices(
        &self,
        choosing: &dyn Choosing,
        attempt: &Attempt,
        mut parked: Parked,
        identified: &Identified,
    ) -> Result<Option<Attempt>, Broken> {
        let credentials = self.parked_sign_in(attempt, &parked)?;
        let instance = attempt.instance.as_deref().or(parked.instance.as_deref());
        let words = choosing.words();
        let access = self.access(&attempt.network, instance, &credentials);
        match self.patiently(|| choosing.choices(&access)).await {
            Ok(choices) if choices.is_empty() => self.fail(attempt, nothing(words, attempt, identified)).await,
            Ok(choices) => {
                let note = Note::new(format!("{} listed", words.many), names(&choices));
                parked.choices = Some(choices);
                self.note(attempt, &parked, note).await
            }
            Err(refusal) if may_pass(&refusal) => {
                let cause = format!(
                    "You have authorised Crier, and the permission is kept; only asking {} for your {} failed.",
                    self.name(&attempt.network),
                    words.many.to_lowercase()
                );
                self.wait_to_ask_again(attempt, refusal.diagnosis().because(cause)).await
            }
            Err(refusal) => self.fail(attempt, refusal.diagnosis()).await,
        }
    }

    pub(crate) fn access<'a>(
        &'a self,
        network: &str,
        instance: Option<&'a str>,
        credentials: &'a Credentials,
    ) -> Access<'a> {
        Access { net: self.net(network), instance, credentials, now: self.now() }
    }

    /// What the sign-in gave, as the network's requests need it.
    pub(crate) fn parked_sign_in(&self, attempt: &Attempt, parked: &Parked) -> Result<Credentials, Broken> {
        let credentials = parked.credentials.clone().ok_or(Broken::Lacks("credentials"))?;
        Ok(of_app(credentials, self.must_way(attempt)?, parked.client.as_ref().map(ParkedClient::client)))
    }

    async fn wait_to_ask_again(&self, attempt: &Attempt, diagnosis: Diagnosis) -> Result<Option<Attempt>, Broken> {
        self.wait_for_person(attempt, diagnosis.offering(NextKind::Continue, "Ask again", None)).await
    }

    /// A reconnect chooses by itself: the channel's own, and with it those that lived on the same grant as it.
    async fn pick_expected(
        &self,
        attempt: &Attempt,
        parked: Parked,
        choices: &[Choice],
        identified: &Identified,
    ) -> Result<Option<Attempt>, Broken> {
        let channel = self.expected(attempt).await?;
        let Some(expected) = choices.iter().find(|choice| choice.identity.remote_id == channel.remote_id) else {
            let diagnosis = another(&channel, &identified.identity).saw("It manages", names(choices));
            return self.wait_for_person(attempt, diagnosis).await;
        };
        if let Some(Unusable { code, why }) = &expected.unusable {
            let diagnosis = Diagnosis::new(*code).because(why).saw("Expected", named(expected));
            return self.fail(attempt, diagnosis).await;
        }
        let mut picked = BTreeSet::from([channel.remote_id.clone()]);
        if let Some(grant) = channel.grant {
            picked.extend(channels::of_grant(self.store(), grant).await?.into_iter().map(|it| it.remote_id));
        }
        let usable = |choice: &&Choice| choice.unusable.is_none() && picked.contains(&choice.identity.remote_id);
        let picked: Vec<_> = choices.iter().filter(usable).collect();
        let note = Note::new("Found", names(picked.iter().copied()));
        let picked = picked.into_iter().map(|choice| choice.identity.remote_id.clone()).collect();
        self.step(attempt, S::Identified, going_on_with(parked, picked, note)?).await
    }

    /// Tries each of those picked with what will be used for it, and connects those that work.
    async fn connect_picked(
        &self,
        choosing: &dyn Choosing,
        attempt: &Attempt,
        parked: Parked,
        picked: Vec<Choice>,
    ) -> Result<Option<Attempt>, Broken> {
        let sign_in = self.parked_sign_in(attempt, &parked)?;
        let instance = attempt.instance.as_deref().or(parked.instance.as_deref());
        let probed = stream::iter(picked).map(async |choice| {
            let credentials = choice.credentials(&sign_in);
            let access = self.access(&attempt.network, instance, &credentials);
            let outcome = self.patiently(|| choosing.probe(&access, &choice.identity)).await;
            (choice, credentials, outcome)
        });
        let (mut accounts, mut refused) = (Vec::new(), Vec::new());
        for (choice, credentials, outcome) in probed.buffered(AT_ONCE).collect::<Vec<_>>().await {
            match outcome {
                Ok(()) => accounts.push(Account { identity: choice.identity, credentials, facts: choice.facts }),
                Err(refusal) => refused.push((choice, refusal)),
            }
        }
        if accounts.is_empty() {
            return Box::pin(self.none_works(attempt, parked, &refused)).await;
        }
        let left_out = left_out(accounts.len(), &refused);
        self.attach(attempt, &parked, accounts, Some(Together { sign_in, left_out })).await
    }

    /// Nothing that was picked works: it is asked again, or chosen among the rest.
    async fn none_works(
        &self,
        attempt: &Attempt,
        mut parked: Parked,
        refused: &[(Choice, Refusal)],
    ) -> Result<Option<Attempt>, Broken> {
        let Some(diagnosis) = left_out(0, refused) else { return Err(Broken::Lacks("a choice")) };
        if refused.iter().any(|(_, refusal)| may_pass(refusal)) {
            return self.wait_to_ask_again(attempt, diagnosis).await;
        }
        for (choice, refusal) in refused {
            let same = |other: &&mut Choice| other.identity.remote_id == choice.identity.remote_id;
            let seen = refusal.diagnosis();
            let known = parked.choices.iter_mut().flatten().find(same);
            known.into_iter().for_each(|it| it.unusable = Some(Unusable { code: seen.code, why: why(refusal) }));
        }
        let rest = parked.choices.iter().flatten().any(|choice| choice.unusable.is_none());
        if !rest || attempt.purpose == "reconnect" && !parked.as_new {
            return self.fail(attempt, diagnosis).await;
        }
        let changes = Changes {
            parked: Some(parked.write()?),
            note: Some(Note::new(diagnosis.title.as_str(), diagnosis.cause.as_str())),
            diagnosis: Some(diagnosis.offering(NextKind::None, "Choose another", None)),
            expires_at: Some(attempt.expires_at.max(self.in_time(OPEN_FOR))),
            ..Changes::default()
        };
        self.step(attempt, S::Choosing, changes).await
    }
}

/// Sets down what was picked. The attempt is at work again, also after a crash.
fn going_on_with(parked: Parked, picked: Vec<String>, note: Note) -> Result<Changes, Broken> {
    let parked = Some(Parked { picked: Some(picked), ..parked }.write()?);
    Ok(Changes { parked, erase_diagnosis: true, note: Some(note), ..Changes::default() })
}

/// Those of the choices that are named; what is wrong with the names is a finding at each.
fn picked<'a>(choices: &'a [Choice], ids: &[String]) -> Result<Vec<&'a Choice>, Vec<Finding>> {
    if ids.is_empty() {
        let fix = "Tick at least one.";
        return Err(vec![Finding::error("/choices", "choice.none", "Nothing is chosen.", fix)]);
    }
    let mut findings = Vec::new();
    let mut picked: Vec<&Choice> = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        let pointer = format!("/choices/{at}");
        match choices.iter().find(|choice| choice.identity.remote_id == *id) {
            None => {
                let said = format!("“{id}” is not among the choices.");
                findings.push(Finding::error(pointer, "choice.unknown", said, "Choose among those the attempt lists."));
            }
            Some(Choice { identity, unusable: Some(unusable), .. }) => {
                let said = format!("{} can’t be connected: {}", identity.name, unusable.why);
                findings.push(Finding::error(pointer, "choice.unusable", said, "Leave it out."));
            }
            // Named twice, it is connected once.
            Some(_) if picked.iter().any(|other| other.identity.remote_id == *id) => {}
            Some(choice) => picked.push(choice),
        }
    }
    if findings.is_empty() { Ok(picked) } else { Err(findings) }
}

fn nothing(words: Words, attempt: &Attempt, identified: &Identified) -> Diagnosis {
    let identity = &identified.identity;
    let title = format!("{} ({})", identity.name, identity.handle);
    let mut diagnosis = Diagnosis::new(Code::NothingToChoose)
        .because(format!("{title} has no {} that could be connected. {}", words.one.to_lowercase(), words.needed))
        .saw("Account", title)
        .saw("Needed", words.needed);
    if !attempt.granted.is_empty() {
        diagnosis = diagnosis.saw("Granted", attempt.granted.join(" "));
    }
    diagnosis
}

/// What was left out and why; none when nothing was.
fn left_out(connected: usize, refused: &[(Choice, Refusal)]) -> Option<Diagnosis> {
    let (_, first) = refused.first()?;
    let cause = match (connected, refused.len()) {
        (0, _) => {
            "The network refused a harmless call with what would be used to publish. Nothing was connected.".to_owned()
        }
        (_, 1) => {
            format!("{connected} connected. The one below was left out: the network refused a harmless call for it.")
        }
        (_, left) => format!(
            "{connected} connected. The {left} below were left out: the network refused a harmless call for each of them."
        ),
    };
    let diagnosis = Diagnosis::new(first.diagnosis().code).because(cause);
    Some(refused.iter().fold(diagnosis, |diagnosis, (choice, refusal)| diagnosis.saw(&named(choice), why(refusal))))
}

/// Why the network refused, in its own words where it had any.
fn why(refusal: &Refusal) -> String {
    let detail = refusal.detail();
    let title = refusal.diagnosis().title;
    if detail.message.is_empty() { title } else { format!("{title}: {}", detail.message) }
}

fn named(choice: &Choice) -> String {
    format!("{} ({})", choice.identity.name, choice.identity.handle)
}

fn names<'a>(choices: impl IntoIterator<Item = &'a Choice>) -> String {
    let all: Vec<_> = choices.into_iter().map(named).collect();
    let first = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
