//! The good end: the account becomes a channel (several of them several), or the channel gets its new credentials.

use crate::{
    Handshake, expiry, extension::LAPSES, handshake::Broken, invite::closed, measure, parked::Kept, parked::Parked,
};
use crier_model::{
    ChannelId, Code, Diagnosis, GrantId,
    attempt::{AttemptState as S, Starter},
    channel::Identity,
    permission::Permission,
};
use crier_networks::{Abilities, Credentials, connect::Facts};
use crier_store::{
    Tx,
    attempts::{self, Attempt, Changes, Note},
    channels::{self, Channel, Connected, Upserted},
    due::{self, NewWork},
    grants,
    invites::{self, Standing},
    pairings, workspaces,
};
use serde_json::Value as Json;

/// An account that is to become a channel.
pub(crate) struct Account {
    pub identity: Identity,
    /// What speaks for it.
    pub credentials: Credentials,
    pub facts: Facts,
}

/// What several accounts come from.
pub(crate) struct Together {
    /// What speaks for the person who manages them.
    pub sign_in: Credentials,
    /// What of the picked ones is not among them, and why.
    pub left_out: Option<Diagnosis>,
}

impl Handshake {
    /// Writes the channels and ends the attempt in one transaction, so that none is ever without the other.
    pub(crate) async fn attach(
        &self,
        attempt: &Attempt,
        parked: &Parked,
        mut accounts: Vec<Account>,
        together: Option<Together>,
    ) -> Result<Option<Attempt>, Broken> {
        // In one order everywhere, so that two of them at once don't wait for each other.
        accounts.sort_by(|a, b| a.identity.remote_id.cmp(&b.identity.remote_id));
        let (sign_in, left_out) = together.map(|it| (it.sign_in, it.left_out)).unzip();
        let left_out = left_out.flatten();
        let mut tx = self.store().begin().await?;
        let grant = match sign_in {
            Some(sign_in) => {
                let kept = Kept::new(sign_in, self.now()).write()?;
                Some(grants::insert_in(&tx, attempt.workspace, &kept).await?)
            }
            None => None,
        };
        let mut made = Vec::new();
        for account in accounts {
            made.push(self.attach_one(&mut tx, attempt, parked, grant, account).await?);
        }
        let channel = made.iter().map(|it| it.channel.id).find(|id| attempt.channel == Some(*id));
        let changes = Changes {
            channel: channel.or_else(|| made.first().map(|it| it.channel.id)),
            erase_parked: true,
            erase_diagnosis: left_out.is_none(),
            diagnosis: left_out,
            version: Some(attempt.version),
            note: Some(ending(&made)),
            ..Changes::default()
        };
        let moved = attempts::transition_in(&mut tx, attempt.id, &[attempt.state], S::Connected, changes).await?;
        if moved.is_none() {
            tx.rollback().await?;
            return Ok(None);
        }
        for it in &made {
            self.supersede_older(&mut tx, attempt, it.channel.id).await?;
        }
        if let Some(diagnosis) = may_not(&mut tx, attempt, made.len()).await? {
            tx.rollback().await?;
            return self.fail(attempt, diagnosis).await;
        }
        tx.commit().await?;
        measure::ended(&attempt.network, S::Connected, None);
        for it in &made {
            tracing::info!(attempt = %attempt.id, channel = %it.channel.id, network = %attempt.network, "connected");
        }
        Ok(moved)
    }

    async fn attach_one(
        &self,
        tx: &mut Tx,
        attempt: &Attempt,
        parked: &Parked,
        grant: Option<GrantId>,
        account: Account,
    ) -> Result<Upserted, Broken> {
        let Account { identity, credentials, facts } = account;
        let has_picture = identity.avatar_url.is_some();
        let expires_at = credentials.expires_at;
        let kept = Kept::new(credentials, self.now());
        let refresh_at = kept.refresh_at();
        let warn_at = kept
            .hard_end()
            .filter(|_| grant.is_none())
            .and_then(|end| expiry::next_warning(end, kept.obtained_at, self.now()));
        // What is derived from a grant is derived again.
        let renews = kept.renews() || grant.is_some();
        let connected = Connected {
            network: attempt.network.clone(),
            way: attempt.way.clone(),
            instance: self.server_of(attempt, parked).cloned(),
            identity,
            app: attempt.app,
            grant,
            scopes: attempt.granted.clone(),
            credentials: kept.write()?,
            token_expires_at: expires_at,
            renews,
        };
        let tells_numbers = self.deps.registry.get(&attempt.network).is_some_and(|network| {
            let abilities = Abilities::of(network);
            abilities.post_metrics || abilities.channel_metrics
        });
        let work = |id: ChannelId| {
            let new = |kind, at| NewWork::new(attempt.workspace, kind, id, at);
            let refresh = refresh_at.map(|at| new(due::kind::REFRESH, at));
            let warning = warn_at.map(|at| new(due::kind::EXPIRY, at));
            let picture = has_picture.then(|| new(due::kind::AVATAR, self.now()));
            let numbers = tells_numbers.then(|| new(due::kind::NUMBERS, self.now()));
            refresh.into_iter().chain(warning).chain(picture).chain(numbers).collect()
        };
        let upserted = channels::upsert_connected_in(tx, attempt.workspace, &connected, work).await?;
        let channel = &upserted.channel;
        if let Some(settings) = with_facts(channel, facts) {
            channels::set_settings_in(tx, attempt.workspace, channel.id, &settings).await?;
        }
        let renewal = parked.renewal.as_deref().filter(|_| grant.is_none());
        let pairing = renewal.map(|token_hash| (token_hash, self.in_time(LAPSES)));
        pairings::settle_in(tx, channel.id, pairing).await?;
        attempts::add_channel_in(tx, attempt.id, channel.id).await?;
        Ok(upserted)
    }

    /// Connects of the same channel that were begun earlier and are still away have nothing left to do. They end with the same
    /// commit: whoever comes back with one finds it open only while this one is not yet connected.
    async fn supersede_older(&self, tx: &mut Tx, attempt: &Attempt, channel: ChannelId) -> Result<(), Broken> {
        for old in &attempts::older_and_away_in(tx, channel, attempt.id).await? {
            let diagnosis = Diagnosis::new(Code::StateSuperseded);
            let changes = Changes {
                erase_parked: true,
                version: Some(old.version),
                note: Some(Note::new(diagnosis.title.as_str(), diagnosis.cause.as_str())),
                diagnosis: Some(diagnosis),
                ..Changes::default()
            };
            // One that has come back meanwhile goes on by itself.
            if attempts::transition_in(tx, old.id, &[old.state], S::Superseded, changes).await?.is_some() {
                measure::ended(&old.network, S::Superseded, Some(Code::StateSuperseded));
            }
        }
        Ok(())
    }
}

/// Why whoever began the attempt may not connect this many accounts any more: roles change and links end while people are away.
async fn may_not(tx: &mut Tx, attempt: &Attempt, accounts: usize) -> Result<Option<Diagnosis>, Broken> {
    match attempt.started_by {
        Starter::User(user) => {
            let may = workspaces::may_in(tx, attempt.workspace, user, Permission::ManageChannels).await?;
            Ok((!may).then(|| Diagnosis::new(Code::AccessLost)))
        }
        Starter::Invite(invite) => {
            // Each account that is connected is one of those the link is for.
            for _ in 0..accounts {
                let standing = invites::use_in(tx, invite).await?;
                if standing != Standing::Open {
                    return Ok(Some(closed(standing)));
                }
            }
            Ok(None)
        }
    }
}

/// The channel's settings with what was learnt of its server; none when nothing was.
pub(crate) fn with_facts(channel: &Channel, facts: Facts) -> Option<Json> {
    if facts.is_empty() {
        return None;
    }
    let mut settings = channel.settings.as_object().cloned().unwrap_or_default();
    settings.extend(facts);
    Some(Json::Object(settings))
}

fn ending(made: &[Upserted]) -> Note {
    let again = made.iter().all(|it| !it.is_new);
    let names: Vec<_> = made.iter().map(|it| format!("{} ({})", it.channel.name, it.channel.handle)).collect();
    let names = names.join(", ");
    let detail = match made.iter().map(|it| it.resumed).sum() {
        0_u64 => names,
        1 => format!("{names}; one held post goes on."),
        many => format!("{names}; {many} held posts go on."),
    };
    Note::new(if again { "Connected again" } else { "Connected" }, detail)
}
