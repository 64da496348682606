//! Ends other than a channel: failed, expired, cancelled. What was parked is given back and erased.

use crate::{
    Asker, AttemptView, ConnectError, Handshake,
    dialog::unsaid,
    extension::nothing_handed_over,
    handshake::Broken,
    oauth1::Desk1,
    oauth2,
    parked::{Parked, ParkedOAuth1},
};
use crier_model::{AttemptId, Code, Diagnosis, WorkspaceId, attempt::AttemptState as S};
use crier_store::{
    attempts::{self, Attempt, Changes, Note},
    channels,
};
use std::time::Duration;

/// The most time giving tokens back may take.
const REVOKING: Duration = Duration::from_secs(10);

impl Handshake {
    /// Ends an attempt at a person's wish. One that has ended already is given as it is.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotTheStarter`], [`ConnectError::WrongState`] when it has become a
    /// channel meanwhile.
    pub async fn cancel(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
    ) -> Result<AttemptView, ConnectError> {
        let by = by.into();
        // Whoever is at work on it makes short steps; one of the next tries meets it between two of them.
        for _ in 0..20 {
            let attempt = self.own(attempt, workspace, &by).await?;
            if attempt.state == S::Connected {
                return Err(ConnectError::WrongState { state: attempt.state, wanted: "cancelled" });
            }
            if attempt.state.is_final() {
                return self.shown(attempt, &by).await;
            }
            let note = Note::new("Cancelled", "");
            if let Some(ended) = self.end(&attempt, S::Cancelled, None, note).await? {
                return self.shown(ended, &by).await;
            }
        }
        Err(Broken::Lacks("a moment to be cancelled in").into())
    }

    /// An attempt of this workspace that whoever asks has started.
    pub(crate) async fn own(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: &Asker,
    ) -> Result<Attempt, ConnectError> {
        let attempt = attempts::get(self.store(), workspace, attempt).await?;
        if by.started(&attempt) { Ok(attempt) } else { Err(by.refusal()) }
    }

    /// Ends an attempt with a diagnosis, unless it has moved on since it was read.
    pub(crate) async fn fail(&self, attempt: &Attempt, diagnosis: Diagnosis) -> Result<Option<Attempt>, Broken> {
        let note = Note::new(diagnosis.title.as_str(), diagnosis.cause.as_str());
        self.end(attempt, S::Failed, Some(diagnosis), note).await
    }

    /// Ends an attempt whose time is over.
    pub(crate) async fn expire(&self, attempt: &Attempt) -> Result<Option<Attempt>, Broken> {
        let mut diagnosis = Diagnosis::new(Code::StateExpired)
            .saw("Started", attempt.created_at.to_string())
            .saw("Open until", attempt.expires_at.to_string());
        if attempt.returned_at.is_some() {
            diagnosis =
                diagnosis.because("You came back from the network, but the account was not taken over in time.");
        }
        match Parked::read(attempt.parked.as_ref()) {
            Ok(Parked { dialog: Some(dialog), .. }) => diagnosis = unsaid(diagnosis, &dialog),
            Ok(Parked { pairing: Some(_), .. }) => diagnosis = nothing_handed_over(diagnosis),
            _ => {}
        }
        let note = Note::new("The connect lapsed", "It was not finished in time.");
        self.end(attempt, S::Expired, Some(diagnosis), note).await
    }

    async fn end(
        &self,
        attempt: &Attempt,
        to: S,
        diagnosis: Option<Diagnosis>,
        note: Note,
    ) -> Result<Option<Attempt>, Broken> {
        let parked = Parked::read(attempt.parked.as_ref());
        let holds_tokens = parked.as_ref().is_ok_and(|parked| parked.credentials.is_some());
        let changes = Changes {
            // Tokens are kept until they are given back; a crash in between leaves that to the next visit.
            erase_parked: !holds_tokens,
            erase_diagnosis: diagnosis.is_none(),
            diagnosis,
            note: Some(note),
            ..Changes::default()
        };
        let Some(ended) = self.step(attempt, to, changes).await? else { return Ok(None) };
        if !holds_tokens {
            return Ok(Some(ended));
        }
        self.clear(ended).await.map(Some)
    }

    /// Gives back what an ended attempt has parked, and erases it.
    pub(crate) async fn clear(&self, ended: Attempt) -> Result<Attempt, Broken> {
        let note = match Parked::read(ended.parked.as_ref()) {
            Ok(parked) => self.give_back(&ended, &parked).await?,
            Err(broken) => {
                let reference = broken.reference();
                Some(Note::new("The tokens were erased", format!("They could not be revoked, reference {reference}.")))
            }
        };
        let changes = Changes { erase_parked: true, note, ..Changes::default() };
        Ok(self.step(&ended, ended.state, changes).await?.unwrap_or(ended))
    }

    /// Revokes parked tokens where the network can, and says what came of it.
    pub(crate) async fn give_back(&self, attempt: &Attempt, parked: &Parked) -> Result<Option<Note>, Broken> {
        let (Some(credentials), Some(client)) = (&parked.credentials, &parked.client) else {
            return Ok(None);
        };
        let by_oauth2 = parked.endpoints.as_ref().is_some_and(|endpoints| endpoints.revoke.is_some());
        let by_oauth1 = parked.oauth1.as_ref().is_some_and(|oauth1| oauth1.endpoints.revoke.is_some());
        if !by_oauth2 && !by_oauth1 {
            return Ok(Some(Note::new("The tokens were erased", "The network has no way to revoke them.")));
        }
        // Some networks revoke all that an account ever granted an app: a channel of it would go dark.
        if self.has_channel(attempt, parked).await? {
            return Ok(Some(Note::new(
                "The tokens were erased",
                "They were not revoked: a channel uses this account.",
            )));
        }
        let client = client.client();
        let net = self.net(&attempt.network);
        let revoking = async {
            match (&parked.endpoints, &parked.oauth1) {
                (Some(endpoints), _) => oauth2::revoke(net, endpoints, &client, credentials).await,
                (None, Some(ParkedOAuth1 { endpoints, .. })) => {
                    let clock = self.deps.clock.as_ref();
                    Desk1 { net, clock, endpoints, client: &client }.revoke(credentials).await
                }
                (None, None) => Ok(()),
            }
        };
        Ok(Some(match tokio::time::timeout(REVOKING, revoking).await {
            Ok(Ok(())) => Note::new("The tokens were revoked and erased", ""),
            Ok(Err(why)) => Note::new("The tokens were erased", format!("Revoking them failed: {why}")),
            Err(_) => Note::new("The tokens were erased", "Revoking them took too long."),
        }))
    }

    async fn has_channel(&self, attempt: &Attempt, parked: &Parked) -> Result<bool, Broken> {
        let account = parked.identified.iter().map(|identified| &identified.identity);
        let manages = parked.choices.iter().flatten().map(|choice| &choice.identity);
        let ids: Vec<_> = account.chain(manages).map(|identity| identity.remote_id.as_str()).collect();
        let instance = self.server_of(attempt, parked);
        let channels = channels::list(self.store(), attempt.workspace).await?;
        Ok(channels.iter().any(|summary| {
            let channel = &summary.channel;
            channel.network == attempt.network
                && channel.instance.as_ref() == instance
                && ids.contains(&channel.remote_id.as_str())
        }))
    }
}
