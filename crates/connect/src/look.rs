//! Looking at attempts.

use crate::{
    AccountView, Asker, AttemptView, ChoiceView, ChoosingView, ConnectError, DialogView, EventView, ExtensionView,
    Handshake, LoggedAttempt, MissingScope, PersonView, Purpose,
    handshake::Broken,
    parked::{Parked, ParkedDialog},
};
use crier_model::{
    AttemptId, ChannelId, Code, Diagnosis, UserId, WorkspaceId,
    attempt::{AttemptState as S, Starter},
};
use crier_networks::{Connect, Network, connect::OAuth2};
use crier_store::{
    attempts::{self, Attempt, AttemptEvent, Search},
    channels::{self, ChannelSummary},
    users, workspaces,
};
use std::collections::HashMap;
use uuid::Uuid;

/// The most attempts in one answer.
const MOST: u64 = 100;

impl Handshake {
    /// One attempt of the workspace. The authorize URL is given only to who started it.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotThisGuest`].
    pub async fn view(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
    ) -> Result<AttemptView, ConnectError> {
        let by = by.into();
        let attempt = attempts::get(self.store(), workspace, attempt).await?;
        if !by.may_see(&attempt) {
            return Err(by.refusal());
        }
        self.shown(attempt, &by).await
    }

    pub(crate) async fn shown(&self, attempt: Attempt, by: &Asker) -> Result<AttemptView, ConnectError> {
        let history = attempts::history(self.store(), &[attempt.id]).await?;
        let channels =
            attempts::channels_of(self.store(), &[attempt.id]).await?.into_iter().map(|(_, id)| id).collect();
        let choosing = self.choosing(&attempt, by).await?;
        let shown = self.show(attempt, history, channels, by)?;
        let choosing = choosing.filter(|_| shown.state == S::Choosing);
        Ok(AttemptView { choosing, ..shown })
    }

    /// What an attempt's starter may choose from.
    async fn choosing(&self, attempt: &Attempt, by: &Asker) -> Result<Option<ChoosingView>, Broken> {
        if attempt.state != S::Choosing || !by.started(attempt) {
            return Ok(None);
        }
        let network = self.network(&attempt.network).and_then(Network::choosing);
        let words = network.ok_or_else(|| Broken::NoNetwork(attempt.network.clone()))?.words();
        let parked = Parked::read(attempt.parked.as_ref())?;
        let instance = attempt.instance.as_ref().or(parked.instance.as_ref());
        let mut known = HashMap::new();
        for ChannelSummary { channel, .. } in channels::list(self.store(), attempt.workspace).await? {
            if channel.network == attempt.network && channel.instance.as_ref() == instance {
                known.insert(channel.remote_id, channel.id);
            }
        }
        let choices = parked.choices.into_iter().flatten().map(|choice| ChoiceView {
            channel_id: known.get(&choice.identity.remote_id).copied().filter(|_| by.user().is_some()),
            id: choice.identity.remote_id,
            kind: choice.kind,
            name: choice.identity.name,
            handle: choice.identity.handle,
            profile_url: choice.identity.profile_url,
            has_picture: choice.identity.avatar_url.is_some(),
            unusable: choice.unusable.map(|unusable| unusable.why),
        });
        Ok(Some(ChoosingView { one: words.one.to_owned(), many: words.many.to_owned(), choices: choices.collect() }))
    }

    /// The attempts this person has not finished, newest first.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn open(&self, workspace: WorkspaceId, user: UserId) -> Result<Vec<AttemptView>, ConnectError> {
        let mut open = attempts::list(self.store(), workspace, true, MOST).await?;
        open.retain(|attempt| attempt.started_by == Starter::User(user));
        self.show_all(open, &Asker::User(user)).await
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
        self.show_all(attempts, &Asker::User(user)).await
    }

    /// Attempts as whoever looks after all of them sees them, newest first.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn log(&self, search: &Search, limit: u64) -> Result<Vec<LoggedAttempt>, ConnectError> {
        let found = attempts::search(self.store(), search, limit).await?;
        let places: Vec<_> = found.iter().map(|attempt| (attempt.workspace, attempt.started_by)).collect();
        let people: Vec<_> = places.iter().filter_map(|(_, starter)| starter.user()).collect();
        let homes: Vec<_> = places.iter().map(|(home, _)| *home).collect();
        let people = users::by_ids(self.store(), &people).await?;
        let homes = workspaces::by_ids(self.store(), &homes).await?;
        // Nobody who looks on is given the way to the network.
        let shown = self.show_all(found, &Asker::User(UserId(Uuid::nil()))).await?;
        let logged = shown.into_iter().zip(places).map(|(attempt, (home, starter))| LoggedAttempt {
            attempt,
            workspace_id: home,
            workspace_name: homes.iter().find(|w| w.id == home).map(|w| w.name.clone()).unwrap_or_default(),
            person: people.iter().find(|user| starter.user() == Some(user.id)).map(|user| PersonView {
                id: user.id,
                name: user.name.clone(),
                email: user.email.clone(),
            }),
        });
        Ok(logged.collect())
    }

    async fn show_all(&self, attempts: Vec<Attempt>, by: &Asker) -> Result<Vec<AttemptView>, ConnectError> {
        let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
        let mut histories: HashMap<AttemptId, Vec<AttemptEvent>> = HashMap::new();
        for event in attempts::history(self.store(), &ids).await? {
            histories.entry(event.attempt).or_default().push(event);
        }
        let mut channels: HashMap<AttemptId, Vec<ChannelId>> = HashMap::new();
        for (attempt, channel) in attempts::channels_of(self.store(), &ids).await? {
            channels.entry(attempt).or_default().push(channel);
        }
        let show = |attempt: Attempt| {
            let history = histories.remove(&attempt.id).unwrap_or_default();
            let channels = channels.remove(&attempt.id).unwrap_or_default();
            self.show(attempt, history, channels, by).map_err(ConnectError::from)
        };
        attempts.into_iter().map(show).collect()
    }

    fn show(
        &self,
        attempt: Attempt,
        history: Vec<AttemptEvent>,
        channels: Vec<ChannelId>,
        by: &Asker,
    ) -> Result<AttemptView, Broken> {
        let parked = Parked::read(attempt.parked.as_ref())?;
        let missing = match self.way(&attempt) {
            Some(Connect::OAuth2(oauth2)) if attempt.account.is_some() => missing(oauth2, &attempt.granted),
            _ => Vec::new(),
        };
        let site = match self.way(&attempt) {
            Some(Connect::Extension(extension)) => Some(extension.site()),
            _ => None,
        };
        let lapsed = !attempt.state.is_final() && self.now() >= attempt.expires_at;
        let state = if lapsed { S::Expired } else { attempt.state };
        let mine = by.started(&attempt) && matches!(state, S::Started | S::Away);
        let diagnosis = attempt.diagnosis.filter(|_| !lapsed);
        let diagnosis = diagnosis.or_else(|| (state == S::Expired).then(|| Diagnosis::new(Code::StateExpired)));
        // A guest learns nothing of the workspace: not its channels, nor what waits on them.
        let guest = matches!(by, Asker::Guest(_));
        Ok(AttemptView {
            id: attempt.id,
            network: attempt.network,
            way: attempt.way,
            instance: attempt.instance.or(parked.instance),
            purpose: match attempt.purpose.as_str() {
                "reconnect" => Purpose::Reconnect,
                "invite" => Purpose::Invite,
                _ => Purpose::New,
            },
            channel_id: attempt.channel.filter(|_| !guest),
            channels: if guest { Vec::new() } else { channels },
            state,
            dialog: parked.dialog.filter(|_| mine).map(shown_dialog),
            extension: parked.pairing.filter(|_| mine).zip(site).map(|(code, site)| ExtensionView {
                site: site.name.to_owned(),
                origin: site.origin,
                cookies: site.cookies.iter().map(|&name| name.to_owned()).collect(),
                code: code.expose().to_owned(),
            }),
            authorize_url: parked
                .authorize_url
                .filter(|_| mine && parked.authorize_until.is_none_or(|until| self.now() < until)),
            expires_at: attempt.expires_at,
            created_at: attempt.created_at,
            account: attempt.account.map(AccountView::from),
            granted: attempt.granted,
            missing,
            choosing: None,
            diagnosis,
            events: history.into_iter().filter(|_| !guest).map(shown_event).collect(),
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
