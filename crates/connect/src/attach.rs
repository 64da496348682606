//! The good end: the account becomes a channel, or the channel gets its new credentials.

use crate::{Handshake, handshake::Broken, invite::closed, parked::Kept, parked::Parked};
use crier_model::{
    ChannelId, Code, Diagnosis,
    attempt::{AttemptState as S, Starter},
};
use crier_networks::{Credentials, Identified};
use crier_store::{
    Tx,
    attempts::{self, Attempt, Changes, Note},
    channels::{self, Channel, Connected},
    due::{self, NewWork},
    invites::{self, Standing},
};
use serde_json::Value as Json;

/// How many older attempts of a channel are looked at.
const OLDER: u64 = 20;

impl Handshake {
    /// Writes the channel and ends the attempt in one transaction, so that neither is ever without the other.
    pub(crate) async fn attach(
        &self,
        attempt: &Attempt,
        parked: &Parked,
        credentials: Credentials,
        identified: Identified,
    ) -> Result<Option<Attempt>, Broken> {
        let Identified { identity, facts, .. } = identified;
        let has_picture = identity.avatar_url.is_some();
        let expires_at = credentials.expires_at;
        let kept = Kept::new(credentials, self.now());
        let refresh_at = kept.refresh_at();
        let connected = Connected {
            network: attempt.network.clone(),
            way: attempt.way.clone(),
            instance: attempt.instance.clone().or_else(|| parked.instance.clone()),
            identity,
            app: attempt.app,
            scopes: attempt.granted.clone(),
            credentials: kept.write()?,
            token_expires_at: expires_at,
        };
        let work = |id: ChannelId| {
            let new = |kind, at| NewWork::new(attempt.workspace, kind, id, at);
            let refresh = refresh_at.map(|at| new(due::kind::REFRESH, at));
            let picture = has_picture.then(|| new(due::kind::AVATAR, self.now()));
            refresh.into_iter().chain(picture).collect()
        };
        let mut tx = self.store().begin().await?;
        let upserted = channels::upsert_connected_in(&mut tx, attempt.workspace, &connected, work).await?;
        let channel = upserted.channel;
        if let Some(settings) = with_facts(&channel, facts) {
            channels::set_settings_in(&mut tx, attempt.workspace, channel.id, &settings).await?;
        }
        let changes = Changes {
            channel: Some(channel.id),
            erase_parked: true,
            erase_diagnosis: true,
            version: Some(attempt.version),
            note: Some(ending(&channel, upserted.is_new, upserted.resumed)),
            ..Changes::default()
        };
        let moved = attempts::transition_in(&mut tx, attempt.id, &[attempt.state], S::Connected, changes).await?;
        if moved.is_none() {
            tx.rollback().await?;
            return Ok(None);
        }
        self.supersede_older(&mut tx, attempt, channel.id).await?;
        if let Starter::Invite(invite) = attempt.started_by {
            let standing = invites::use_in(&mut tx, invite).await?;
            if standing != Standing::Open {
                tx.rollback().await?;
                return self.fail(attempt, closed(standing)).await;
            }
        }
        tx.commit().await?;
        tracing::info!(attempt = %attempt.id, channel = %channel.id, network = %channel.network, "connected");
        Ok(moved)
    }

    /// Connects of the same channel that were begun earlier and are still away have nothing left to do. They end with the same
    /// commit: whoever comes back with one finds it open only while this one is not yet connected.
    async fn supersede_older(&self, tx: &mut Tx, attempt: &Attempt, channel: ChannelId) -> Result<(), Broken> {
        let older = attempts::list_for_channel_in(tx, attempt.workspace, channel, OLDER).await?;
        for old in older.iter().filter(|old| old.id < attempt.id && old.state.awaits_return()) {
            let diagnosis = Diagnosis::new(Code::StateSuperseded);
            let changes = Changes {
                erase_parked: true,
                version: Some(old.version),
                note: Some(Note::new(diagnosis.title.as_str(), diagnosis.cause.as_str())),
                diagnosis: Some(diagnosis),
                ..Changes::default()
            };
            // One that has come back meanwhile goes on by itself.
            attempts::transition_in(tx, old.id, &[old.state], S::Superseded, changes).await?;
        }
        Ok(())
    }
}

/// The channel's settings with what was learnt of its server; none when nothing was.
fn with_facts(channel: &Channel, facts: crier_networks::connect::Facts) -> Option<Json> {
    if facts.is_empty() {
        return None;
    }
    let mut settings = channel.settings.as_object().cloned().unwrap_or_default();
    settings.extend(facts);
    Some(Json::Object(settings))
}

fn ending(channel: &Channel, is_new: bool, resumed: u64) -> Note {
    let what = if is_new { "Connected" } else { "Connected again" };
    let detail = match resumed {
        0 => format!("{} ({})", channel.name, channel.handle),
        1 => format!("{} ({}); one held post goes on.", channel.name, channel.handle),
        many => format!("{} ({}); {many} held posts go on.", channel.name, channel.handle),
    };
    Note::new(what, detail)
}
