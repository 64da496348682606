//! Starting: an attempt, and the address to send the person to.

use crate::{
    Asker, ConnectError, Guest, Handshake, Start, Started,
    apps::{NoApp, asked_scope, not_configured},
    callback::hash_of_request,
    handshake::Broken,
    measure,
    moves::visit,
    oauth1::{self, Desk1, Token},
    oauth2::{TokenFailure, Wish, authorize_url, push},
    parked::{Parked, ParkedOAuth1},
    secrets::{hash, random},
};
use crier_model::{
    AttemptId, Diagnosis, Finding, Secret,
    attempt::{AttemptState as S, Starter},
};
use crier_networks::{
    About, Connect, Network, Way,
    connect::{InstanceField, OAuth1, OAuth2},
    es256::Key,
};
use crier_store::{
    attempts::{self, Attempt, Changes, NewAttempt, Note},
    channels::{self, Channel},
    due,
};
use jiff::SignedDuration;
use std::time::Duration;
use tokio::time::sleep;
use url::Url;

/// People look for their phone, reset passwords, pass a second factor.
pub(crate) const OPEN_FOR: SignedDuration = SignedDuration::from_mins(30);

/// The most time asking whether a registered app is still known may take.
const DOOR: Duration = Duration::from_secs(2);

/// How often a request token is asked for again, with the person waiting.
const REQUEST_TOKEN_TRIES: usize = 2;

impl Handshake {
    /// Starts an attempt. A cause that keeps the person from leaving is the attempt's diagnosis.
    ///
    /// # Errors
    /// An unknown network or channel, an address that can't be a server's, or something broken here.
    pub async fn start(&self, start: Start<'_>) -> Result<Started, ConnectError> {
        Box::pin(self.begin(start, Starter::User(start.user))).await
    }

    pub(crate) async fn begin(&self, start: Start<'_>, by: Starter) -> Result<Started, ConnectError> {
        let network =
            self.network(start.network).ok_or_else(|| ConnectError::UnknownNetwork(start.network.to_owned()))?;
        let about = network.about();
        let reconnect = match start.channel {
            Some(id) => Some(channels::get(self.store(), start.workspace, id).await?),
            None => None,
        };
        if reconnect.as_ref().is_some_and(|channel| channel.network != about.id) {
            return Err(ConnectError::UnknownChannel);
        }
        let way = chosen_way(network, start.way, reconnect.as_ref())?;
        let connect = way.connect;
        let instance = match (&reconnect, &connect) {
            (Some(channel), Connect::OAuth2(oauth2)) if oauth2.instance().is_some_and(|field| field.is_account) => {
                Some(channel.remote_id.clone())
            }
            (Some(channel), _) => channel.instance.clone(),
            (None, Connect::OAuth2(oauth2)) => match oauth2.instance() {
                Some(field) => Some(chosen_instance(*oauth2, &field, start.instance).map_err(ConnectError::Instance)?),
                None => None,
            },
            (None, Connect::OAuth1(_) | Connect::Dialog(_) | Connect::Form(_) | Connect::Extension(_)) => None,
        };
        let browser = start.browser.filter(|value| is_ours(value)).map_or_else(random, Secret::new);
        let state = random();
        let verifier = random();
        let new = NewAttempt {
            workspace: start.workspace,
            network: about.id.to_owned(),
            way: way.id.to_owned(),
            instance,
            app: None,
            purpose: match by {
                Starter::Invite(_) => "invite",
                Starter::User(_) if reconnect.is_some() => "reconnect",
                Starter::User(_) => "new",
            }
            .to_owned(),
            channel: start.channel,
            started_by: by,
            state_hash: hash(state.expose()),
            browser_hash: hash(browser.expose()),
            pkce_verifier: Some(verifier.clone()),
            redirect_uri: self.redirect_uri(about.id),
            authorize_url: None,
            expires_at: self.in_time(OPEN_FOR),
        };
        let what = if reconnect.is_some() { "Reconnecting" } else { "Connecting" };
        let how = if matches!(by, Starter::Invite(_)) { ", by an invite link" } else { "" };
        let note = Note::new("Started", format!("{what} {}{how}.", about.name));
        let attempt = attempts::create(self.store(), AttemptId::new(), new, note).await?;
        measure::started(about.id);
        due::upsert(self.store(), &[visit(&attempt, attempt.expires_at)]).await?;
        let url = match connect {
            Connect::OAuth2(oauth2) => self.leave(about, oauth2, &attempt, &state, &verifier).await?,
            Connect::OAuth1(oauth1) => self.leave_by_oauth1(about, oauth1, &attempt).await?,
            Connect::Dialog(dialog) => {
                self.open_dialog(about, dialog, &attempt).await?;
                None
            }
            Connect::Extension(extension) => {
                self.open_pairing(extension, &attempt).await?;
                None
            }
            Connect::Form(_) => None,
        };
        let asker = match by {
            Starter::User(user) => Asker::User(user),
            Starter::Invite(invite) => Guest::new(Some(invite), Some(browser.expose())).into(),
        };
        let attempt = self.view(attempt.id, start.workspace, asker).await?;
        Ok(Started { attempt, browser_cookie: browser.expose().to_owned(), authorize_url: url })
    }

    /// Finds out where to send the person; none when the attempt has failed over it.
    async fn leave(
        &self,
        about: &About,
        oauth2: &dyn OAuth2,
        attempt: &Attempt,
        state: &Secret,
        verifier: &Secret,
    ) -> Result<Option<Url>, Broken> {
        let instance = attempt.instance.as_deref();
        let endpoints = match oauth2.discover(self.net(about.id), instance).await {
            Ok(endpoints) => endpoints,
            Err(refusal) => return self.stay(attempt, refusal.diagnosis()).await,
        };
        let redirect_uri = &attempt.redirect_uri;
        let scope = asked_scope(oauth2, &endpoints);
        let wish = Wish { redirect_uri, scopes: &scope, state, verifier };
        let key = endpoints.dpop.then(Key::generate);
        let mut tries = 2;
        let (chosen, url, until) = loop {
            let chosen =
                match self.choose_app(attempt.workspace, about, oauth2, instance, &endpoints, redirect_uri).await {
                    Ok(chosen) => chosen,
                    Err(NoApp::Diagnosed(diagnosis)) => return self.stay(attempt, *diagnosis).await,
                    Err(NoApp::Broken(broken)) => return Err(broken),
                };
            if let Some(at) = &endpoints.par {
                let client = chosen.client.client();
                match push(self.net(about.id), &endpoints, at, &client, key.as_ref(), wish).await {
                    Ok(pushed) => {
                        let until = pushed.expires_in.map(|seconds| self.in_time(SignedDuration::from_secs(seconds)));
                        break (chosen, pushed.url(&endpoints, &client.client_id), until);
                    }
                    Err(diagnosis) => return self.stay(attempt, *diagnosis).await,
                }
            }
            let url = authorize_url(&endpoints, &chosen.client.client_id, wish);
            tries -= 1;
            if tries == 0 || !chosen.reused || self.turned_away(about.id, &url, redirect_uri, DOOR).await.is_none() {
                break (chosen, url, None);
            }
            self.forget_app(chosen.app).await;
        };
        let host = url.host_str().unwrap_or_default();
        let asked = match scope.as_str() {
            // What the app may do is set at the network.
            "" => format!("{host} is to ask for what the app may do."),
            scope => format!("{host} is to ask for: {scope}"),
        };
        let parked = Parked {
            authorize_url: Some(url.to_string()),
            authorize_until: until,
            key: key.map(|key| key.kept().clone()),
            endpoints: Some(endpoints),
            client: Some(chosen.client),
            ..Parked::default()
        };
        let changes = Changes {
            app: Some(chosen.app),
            parked: Some(parked.write()?),
            note: Some(Note::new("Sent to the network", asked)),
            ..Changes::default()
        };
        let left = self.step(attempt, S::Away, changes).await?;
        Ok(left.is_some().then_some(url))
    }

    /// As [`Self::leave`], with a request token in the state's part.
    async fn leave_by_oauth1(
        &self,
        about: &About,
        oauth1: &dyn OAuth1,
        attempt: &Attempt,
    ) -> Result<Option<Url>, Broken> {
        let endpoints = match oauth1.endpoints() {
            Ok(endpoints) => endpoints,
            Err(refusal) => return self.stay(attempt, refusal.diagnosis()).await,
        };
        let redirect_uri = &attempt.redirect_uri;
        let Some(chosen) = self.choose_by(about, attempt, "").await? else {
            return self.stay(attempt, not_configured(about)).await;
        };
        let client = chosen.client.client();
        let (net, clock) = (self.net(about.id), self.deps.clock.as_ref());
        let desk = Desk1 { net, clock, endpoints: &endpoints, client: &client };
        let request = match self.ask_for_request_token(&desk, redirect_uri).await {
            Ok(request) => request,
            Err(failure) => return self.stay(attempt, failure.diagnosis()).await,
        };
        let url = oauth1::authorize_url(&endpoints, &request);
        let host = url.host_str().unwrap_or_default().to_owned();
        let state_hash = hash_of_request(about.id, request.token.expose());
        let parked = Parked {
            authorize_url: Some(url.to_string()),
            client: Some(chosen.client),
            oauth1: Some(ParkedOAuth1 { endpoints, request }),
            ..Parked::default()
        };
        let changes = Changes {
            app: Some(chosen.app),
            state_hash: Some(state_hash),
            parked: Some(parked.write()?),
            note: Some(Note::new("Sent to the network", host)),
            ..Changes::default()
        };
        let left = self.step(attempt, S::Away, changes).await?;
        Ok(left.is_some().then_some(url))
    }

    /// A request token too many is harmless, so that the request is repeated whatever kept its answer away.
    async fn ask_for_request_token(&self, desk: &Desk1<'_>, redirect_uri: &str) -> Result<Token, TokenFailure> {
        let mut waits = self.settings().pace.unsent.iter().take(REQUEST_TOKEN_TRIES);
        loop {
            match desk.request_token(redirect_uri).await {
                Err(failure) if failure.never_left() || failure.answer_lost() => match waits.next() {
                    Some(wait) => sleep(*wait).await,
                    None => return Err(failure),
                },
                settled => return settled,
            }
        }
    }

    async fn stay(&self, attempt: &Attempt, diagnosis: Diagnosis) -> Result<Option<Url>, Broken> {
        self.fail(attempt, diagnosis).await?;
        Ok(None)
    }
}

/// The way that is asked for; else the channel's own, as long as there is one, and else the recommended one.
fn chosen_way<'a>(
    network: &'a dyn Network,
    asked: Option<&str>,
    reconnect: Option<&Channel>,
) -> Result<Way<'a>, ConnectError> {
    let ways = network.ways();
    let find = |id: &str| ways.iter().copied().find(|way| way.id == id);
    match asked {
        Some(id) => find(id).ok_or_else(|| unknown_way(network, id)),
        None => reconnect
            .and_then(|channel| find(&channel.way))
            .or_else(|| ways.first().copied())
            .ok_or_else(|| ConnectError::UnknownNetwork(network.about().id.to_owned())),
    }
}

pub(crate) fn unknown_way(network: &dyn Network, asked: &str) -> ConnectError {
    let known: Vec<_> = network.ways().iter().map(|way| way.id).collect();
    let said = format!("{} has no way to connect that is called “{asked}”.", network.about().name);
    let fix = format!("Leave it out, or use one of these: {}", known.join(", "));
    ConnectError::Way(Finding::error("/way", "way.unknown", said, fix))
}

/// The origin of the server that is meant.
pub(crate) fn chosen_instance(
    oauth2: &dyn OAuth2,
    field: &InstanceField,
    typed: Option<&str>,
) -> Result<String, Finding> {
    let typed = typed.map(str::trim).filter(|typed| !typed.is_empty()).or(field.default.as_deref());
    let fix = format!("Type it like this: {}", field.placeholder);
    let Some(typed) = typed else {
        return Err(Finding::error("/instance", "instance.missing", format!("{} is missing.", field.label), fix));
    };
    oauth2.normalise_instance(typed).map_err(|wrong| Finding::error("/instance", "instance.address_wrong", wrong, fix))
}

/// Whether a cookie's value is one we made.
fn is_ours(value: &str) -> bool {
    value.len() == random().expose().len() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
