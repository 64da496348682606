//! Looking at attempts.

use crate::{
    AccountView, AttemptView, ConnectError, DialogView, EventView, Handshake, MissingScope, Purpose,
    handshake::Broken,
    parked::{Parked, ParkedDialog},
};
use crier_model::{AttemptId, ChannelId, Code, Diagnosis, UserId, WorkspaceId, attempt::AttemptState as S};
use crier_networks::{Connect, connect::OAuth2};
use crier_store::attempts::{self, Attempt, AttemptEvent};
use std::collections::HashMap;

/// The most attempts in one answer.
const MOST: u64 = 100;

impl Handshake {
    /// One attempt of the workspace. The authorize URL is given only to who started it.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`].
    pub async fn view(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<AttemptView, ConnectError> {
        let attempt = attempts::get(self.store(), workspace, attempt).await?;
        self.shown(attempt, user).await
    }

    pub(crate) async fn shown(&self, attempt: Attempt, user: UserId) -> Result<AttemptView, ConnectError> {
        let history = attempts::history(self.store(), &[attempt.id]).await?;
        Ok(self.show(attempt, history, user)?)
    }

    /// The attempts this person has not finished, newest first.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn open(&self, workspace: WorkspaceId, user: UserId) -> Result<Vec<AttemptView>, ConnectError> {
        let mut open = attempts::list(self.store(), workspace, true, MOST).await?;
        open.retain(|attempt| attempt.started_by == user);
        self.show_all(open, user).await
    }

    /// The attempts that made or reconnected a channel, newest first.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn of_channel(
        &self,
        workspace: WorkspaceId,
        channel: ChannelId,
        user: UserId,
    ) -> Result<Vec<AttemptView>, ConnectError> {
        let attempts = attempts::list_for_channel(self.store(), workspace, channel, MOST).await?;
        self.show_all(attempts, user).await
    }

    async fn show_all(&self, attempts: Vec<Attempt>, user: UserId) -> Result<Vec<AttemptView>, ConnectError> {
        let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
        let mut histories: HashMap<AttemptId, Vec<AttemptEvent>> = HashMap::new();
        for event in attempts::history(self.store(), &ids).await? {
            histories.entry(event.attempt).or_default().push(event);
        }
        let show = |attempt: Attempt| {
            let history = histories.remove(&attempt.id).unwrap_or_default();
            self.show(attempt, history, user).map_err(ConnectError::from)
        };
        attempts.into_iter().map(show).collect()
    }

    fn show(&self, attempt: Attempt, history: Vec<AttemptEvent>, user: UserId) -> Result<AttemptView, Broken> {
        let parked = Parked::read(attempt.parked.as_ref())?;
        let missing = match self.way(&attempt) {
            Some(Connect::OAuth2(oauth2)) if attempt.account.is_some() => missing(oauth2, &attempt.granted),
            _ => Vec::new(),
        };
        let lapsed = !attempt.state.is_final() && self.now() >= attempt.expires_at;
        let state = if lapsed { S::Expired } else { attempt.state };
        let diagnosis = attempt.diagnosis.filter(|_| !lapsed);
        let diagnosis = diagnosis.or_else(|| (state == S::Expired).then(|| Diagnosis::new(Code::StateExpired)));
        let mine = attempt.started_by == user && matches!(state, S::Started | S::Away);
        Ok(AttemptView {
            id: attempt.id,
            network: attempt.network,
            way: attempt.way,
            instance: attempt.instance.or(parked.instance),
            purpose: if attempt.purpose == "reconnect" { Purpose::Reconnect } else { Purpose::New },
            channel_id: attempt.channel,
            state,
            dialog: parked.dialog.filter(|_| mine).map(shown_dialog),
            authorize_url: parked.authorize_url.filter(|_| mine),
            expires_at: attempt.expires_at,
            created_at: attempt.created_at,
            account: attempt.account.map(|identity| AccountView {
                name: identity.name,
                handle: identity.handle,
                avatar_url: identity.avatar_url,
            }),
            granted: attempt.granted,
            missing,
            diagnosis,
            events: history.into_iter().map(shown_event).collect(),
        })
    }
}

fn shown_dialog(ParkedDialog { introduction, code }: ParkedDialog) -> DialogView {
    DialogView {
        message: introduction.message.replace("{code}", code.expose()),
        bot: introduction.bot,
        link: introduction.link.map(String::from),
        steps: introduction.steps,
    }
}

fn shown_event(event: AttemptEvent) -> EventView {
    let detail = Some(event.detail).filter(|detail| !detail.is_empty());
    EventView { at: event.at, state: event.state, title: event.title, detail }
}

/// What was not granted of what the network needs; `granted` by the names in [`OAuth2::scopes`]. A wider scope of the same
/// family covers a narrower one (`write` covers `write:statuses`).
pub(crate) fn missing(oauth2: &dyn OAuth2, granted: &[String]) -> Vec<MissingScope> {
    let lacking = oauth2.scopes().iter().filter(|scope| !covered(scope.id, granted));
    lacking
        .map(|scope| MissingScope { id: scope.id.to_owned(), why: scope.why.to_owned(), required: scope.required })
        .collect()
}

pub(crate) fn covered(scope: &str, granted: &[String]) -> bool {
    let has = |scope: &str| granted.iter().any(|g| g == scope);
    has(scope) || scope.split_once(':').is_some_and(|(family, _)| has(family))
}
