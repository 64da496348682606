//! Heeding what networks ask for: how long a channel, its app or its server is left alone after a refusal. The rows are
//! [`crier_store::pace`]; here is how long, and who is asked.

use crier_model::Timestamp;
use crier_net::Heard;
use crier_networks::Refusal;
use crier_store::{
    Store, StoreError,
    channels::Channel,
    pace::{self, Entry, Known, Scope, Strike},
};
use jiff::SignedDuration;

/// How long others wait for the one try that is let through.
const PROBE: SignedDuration = SignedDuration::from_secs(60);
/// The pause after a "slow down" that names no time; doubled with each further one.
const UNNAMED: SignedDuration = SignedDuration::from_secs(30);
/// The longest pause that no network asked for.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
/// The longest pause a network's word is taken for.
const LONGEST_NAMED: SignedDuration = SignedDuration::from_hours(24);
/// Errors in a row on one channel from which on it pauses, and refusals of different channels from which on their app does.
const TOO_MANY: u32 = 3;
/// Different channels told to slow down from which on it is taken to be meant for the app.
const SEVERAL: u32 = 2;
/// A used up window that ends later than this is no reason to wait unasked: it may be that of another kind of call.
const WORTH_WAITING: SignedDuration = SignedDuration::from_mins(15);

/// What a channel's calls are counted under.
pub(crate) struct Pace<'a> {
    store: &'a Store,
    channel: &'a Channel,
    own: Scope,
    shared: Option<Scope>,
}

impl<'a> Pace<'a> {
    pub fn of(store: &'a Store, channel: &'a Channel) -> Self {
        Self { store, channel, own: Scope::Channel(channel.id), shared: Scope::shared(channel) }
    }

    async fn forgiven(&self, entry: &Entry) -> Result<(), StoreError> {
        if *entry == Entry::Probe {
            Box::pin(pace::forgive(self.store, &self.scopes())).await?;
        }
        Ok(())
    }

    /// What its calls are counted under.
    pub fn scopes(&self) -> Vec<&Scope> {
        std::iter::once(&self.own).chain(&self.shared).collect()
    }

    pub async fn enter(&self) -> Result<Entry, StoreError> {
        self.enter_knowing(&pace::known(self.store, &self.scopes()).await?).await
    }

    /// As [`Pace::enter`], for whoever has just asked what is known of [`Pace::scopes`].
    pub async fn enter_knowing(&self, known: &Known) -> Result<Entry, StoreError> {
        pace::enter(self.store, known, self.shared.as_ref(), SEVERAL, PROBE).await
    }

    /// Takes a refusal to heart; until when the channel is to be left alone.
    pub async fn refused(
        &self,
        entry: &Entry,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        match refusal {
            Refusal::RateLimit { .. } => {}
            Refusal::Temporary(detail) | Refusal::Unknown(detail) if detail.host.is_some() => {}
            // What failed on our side is not held against anybody.
            Refusal::Temporary(_) | Refusal::Unknown(_) => return Ok(None),
            // It speaks to us.
            Refusal::Auth(_) | Refusal::Content(_) => return self.forgiven(entry).await.map(|()| None),
        }
        let strike =
            |scope, of_others| Strike { scope, by: self.channel.id, said: &refusal.detail().message, of_others };
        let own =
            pace::strike(self.store, strike(&self.own, false), |strikes| on_channel(refusal, strikes, now)).await?;
        let shared = match &self.shared {
            Some(scope) => {
                pace::strike(self.store, strike(scope, true), |strikes| on_app(refusal, strikes, now)).await?
            }
            None => None,
        };
        Ok(own.max(shared))
    }

    /// All went well: nothing is held against it any more, and a window that was used up by it is waited for.
    pub async fn succeeded(&self, entry: &Entry, heard: &Heard, now: Timestamp) -> Result<(), StoreError> {
        self.forgiven(entry).await?;
        if let Some(until) = heard.used_up_until().filter(|until| *until > now && *until <= now + WORTH_WAITING) {
            let said = "the network allows no more before this time";
            Box::pin(pace::rest(self.store, &self.own, self.channel.id, until, said)).await?;
        }
        Ok(())
    }
}

fn on_channel(refusal: &Refusal, strikes: u32, now: Timestamp) -> Option<Timestamp> {
    match refusal {
        Refusal::RateLimit { until, .. } => Some(asked(*until, strikes, now)),
        _ => (strikes >= TOO_MANY).then(|| now + doubled(strikes - TOO_MANY)),
    }
}

/// `strikes` counts different channels one after another.
fn on_app(refusal: &Refusal, strikes: u32, now: Timestamp) -> Option<Timestamp> {
    match refusal {
        Refusal::RateLimit { until, .. } => (strikes >= SEVERAL).then(|| asked(*until, strikes, now)),
        _ => (strikes >= TOO_MANY).then(|| now + doubled(strikes - TOO_MANY)),
    }
}

fn asked(until: Option<Timestamp>, strikes: u32, now: Timestamp) -> Timestamp {
    match until {
        Some(until) => until.clamp(now, now + LONGEST_NAMED),
        None => now + doubled(strikes.saturating_sub(1)),
    }
}

fn doubled(times: u32) -> SignedDuration {
    (UNNAMED * 2_i32.pow(times.min(10))).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_networks::Detail;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn pause(until: Option<Timestamp>) -> Option<i64> {
        until.map(Timestamp::as_second)
    }

    #[test]
    fn a_channel_waits_as_long_as_it_is_told_and_ever_longer_where_nothing_is_said() {
        let limited = |until| Refusal::RateLimit { until, detail: Detail::new("429") };
        assert_eq!(pause(on_channel(&limited(Some(NOW + PROBE)), 1, NOW)), Some(60));
        let waits: Vec<_> = (1..=6).map(|strikes| pause(on_channel(&limited(None), strikes, NOW))).collect();
        assert_eq!(waits, [Some(30), Some(60), Some(120), Some(240), Some(480), Some(600)]);
        let year = NOW + SignedDuration::from_hours(24 * 365);
        assert_eq!(pause(on_channel(&limited(Some(year)), 1, NOW)), Some(24 * 3600));
    }

    #[test]
    fn a_stumble_pauses_nothing_and_a_third_in_a_row_does() {
        let down = Refusal::Temporary(Detail::new("503"));
        let waits: Vec<_> = (1..=4).map(|strikes| pause(on_channel(&down, strikes, NOW))).collect();
        assert_eq!(waits, [None, None, Some(30), Some(60)]);
    }

    #[test]
    fn one_limited_channel_is_its_own_affair_and_two_are_the_apps() {
        let limited = Refusal::RateLimit { until: Some(NOW + PROBE), detail: Detail::new("429") };
        assert_eq!(on_app(&limited, 1, NOW), None);
        assert_eq!(pause(on_app(&limited, 2, NOW)), Some(60));
    }
}
