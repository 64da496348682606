//! The daily cap of a channel: whatever goes wrong on our side, no account is flooded.

use crate::work::{Done, Handler, HandlerError, subject};
use async_trait::async_trait;
use crier_model::{
    ChannelId, Timestamp,
    publication::{Reason, held},
};
use crier_store::{
    Store, StoreError,
    due::{self, Claimed},
    publications::{self, Loaded},
};
use jiff::{ToSpan, tz::TimeZone};

/// Whether the channel has had its number of publications on the day this one goes out; until when it waits then, and why. What was
/// tried before, and what a person wants to be sent all the same, is not counted again.
pub(crate) async fn reached(
    store: &Store,
    job: &Loaded,
    work: &Claimed,
    installation: u32,
    goes_out_at: Timestamp,
) -> Result<Option<(Timestamp, Reason)>, StoreError> {
    let wanted = work.payload.get(publications::OVER_CAP).is_some();
    if job.publication.tries > 0 || wanted {
        return Ok(None);
    }
    let cap = job.channel.daily_cap.unwrap_or(installation);
    let (midnight, next) = day_of(goes_out_at, &job.workspace.time_zone);
    let started = publications::started_since(store, job.channel.id, job.publication.id, midnight, cap).await?;
    Ok((started >= cap).then(|| {
        let said = format!(
            "{cap} posts went out on this channel today, which is its daily cap. It goes on after midnight; send it now if you mean it."
        );
        (next, Reason::new(held::CAP, "The channel’s daily cap is reached", said))
    }))
}

/// When the day began in a zone, and when the next one does. A zone that is not known here counts as UTC.
fn day_of(now: Timestamp, zone: &str) -> (Timestamp, Timestamp) {
    let local = now.to_zoned_datetime(TimeZone::get(zone).unwrap_or(TimeZone::UTC));
    let began = local.start_of_day().unwrap_or_else(|_| local.clone());
    let next = began.checked_add(1.day()).and_then(|next| next.start_of_day());
    (began.timestamp(), next.map_or_else(|_| now + jiff::SignedDuration::from_hours(24), |next| next.timestamp()))
}

/// Does the work of kind [`due::kind::RESUME`].
#[derive(Clone, Debug)]
pub struct Resumer {
    pub store: Store,
}

#[async_trait]
impl Handler for Resumer {
    fn kind(&self) -> &'static str {
        due::kind::RESUME
    }

    async fn handle(&self, work: &Claimed) -> Result<Done, HandlerError> {
        let channel: ChannelId = subject(work)?;
        let resumed = publications::resume_capped(&self.store, channel).await?;
        tracing::info!(%channel, resumed, "a new day for a channel that had reached its cap");
        Ok(Done::Finished)
    }
}

#[cfg(test)]
mod tests {
    use super::day_of;

    #[test]
    fn a_day_is_that_of_the_zone_also_when_the_clocks_change() {
        let at = |text: &str| text.parse().unwrap();
        let day = |now: &str, zone: &str| day_of(at(now), zone);
        assert_eq!(
            day("2027-03-28T12:00:00Z", "Europe/Berlin"),
            (at("2027-03-27T23:00:00Z"), at("2027-03-28T22:00:00Z"))
        );
        assert_eq!(day("2027-03-28T12:00:00Z", "Nowhere"), (at("2027-03-28T00:00:00Z"), at("2027-03-29T00:00:00Z")));
    }
}
