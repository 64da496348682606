//! Sign-ins that end on a known day and can't be renewed from here: people are told 14, 7 and 1 day ahead, once each.

use crate::{ConnectError, Handshake, handshake::Broken, parked::Kept};
use crier_model::{ChannelId, Timestamp, channel::ChannelState, notice::NoticeKind};
use crier_store::{
    StoreError, channels,
    notices::{self, NewNotice},
};
use jiff::SignedDuration;

/// Days ahead of the end.
const AHEAD: [i64; 3] = [14, 7, 1];

impl Handshake {
    /// Warns of a channel's end if it is time to (due work of kind `expiry`), and says when to come back; none when there is
    /// nothing left to warn of.
    ///
    /// # Errors
    /// Only when something is broken here.
    pub async fn warn_of_expiry(&self, channel: ChannelId) -> Result<Option<Timestamp>, ConnectError> {
        Ok(self.warned(channel).await?)
    }

    async fn warned(&self, id: ChannelId) -> Result<Option<Timestamp>, Broken> {
        let channel = match channels::by_id(self.store(), id).await {
            Ok(channel) if channel.deleted_at.is_none() => channel,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let kept = Kept::read(&channels::open_credentials(self.store(), id).await?.secret)?;
        let Some(end) = kept.hard_end() else { return Ok(None) };
        let now = self.now();
        if channel.state != ChannelState::NeedsReconnect
            && let Some(days) = due_warning(end, kept.obtained_at, now)
        {
            let new = NewNotice {
                workspace: channel.workspace,
                occasion: format!("expiry {id} {} {days}", end.as_millisecond()),
                kind: NoticeKind::ChannelExpiring,
                channel: id,
                post: None,
                title: title(&channel.name, end, now),
                text:
                    "The network gives this sign-in for a fixed time, and it can't be renewed from here. Reconnect the \
                       channel before it ends; nothing is held up then."
                        .to_owned(),
            };
            let mut tx = self.store().begin().await?;
            notices::write_in(&mut tx, new).await?;
            tx.commit().await?;
        }
        Ok(next_warning(end, kept.obtained_at, now))
    }
}

fn title(name: &str, end: Timestamp, now: Timestamp) -> String {
    let hours = end.duration_since(now).as_hours().max(0);
    match (hours + 12) / 24 {
        0 => format!("{name} has to be reconnected today"),
        1 => format!("{name} has to be reconnected within a day"),
        days => format!("{name} has to be reconnected within {days} days"),
    }
}

/// The warnings of a sign-in that was given at `obtained`: how many days ahead, and when. One that was given for less than that
/// needs none.
fn warnings(end: Timestamp, obtained: Timestamp) -> impl Iterator<Item = (i64, Timestamp)> {
    let at = move |days: i64| Some((days, end.checked_sub(SignedDuration::from_hours(24 * days)).ok()?));
    AHEAD.into_iter().filter_map(at).filter(move |(_, at)| *at > obtained)
}

/// The warning that is due: the last whose time has come, while the end has not.
fn due_warning(end: Timestamp, obtained: Timestamp, now: Timestamp) -> Option<i64> {
    warnings(end, obtained).filter(|(_, at)| *at <= now && now < end).last().map(|(days, _)| days)
}

/// When the next is due.
pub(crate) fn next_warning(end: Timestamp, obtained: Timestamp, now: Timestamp) -> Option<Timestamp> {
    warnings(end, obtained).map(|(_, at)| at).find(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)
    }

    #[test]
    fn warnings_come_14_7_and_1_day_ahead_and_none_is_made_up_for() {
        let (obtained, end) = (day(0), day(60));
        let mut seen = Vec::new();
        let mut now = obtained;
        while let Some(at) = next_warning(end, obtained, now) {
            now = at;
            seen.push((due_warning(end, obtained, now), now));
        }
        assert_eq!(seen, [(Some(14), day(46)), (Some(7), day(53)), (Some(1), day(59))]);
        // After a week in which nobody worked, only the last one that is due is told.
        assert_eq!(due_warning(end, obtained, day(54)), Some(7));
        assert_eq!((due_warning(end, obtained, day(61)), next_warning(end, obtained, day(61))), (None, None));
    }

    #[test]
    fn what_was_given_for_a_short_time_is_not_warned_of_at_once() {
        assert_eq!(next_warning(day(10), day(0), day(0)), Some(day(3)));
        let hour = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        assert_eq!((due_warning(hour, day(0), day(0)), next_warning(hour, day(0), day(0))), (None, None));
    }

    #[test]
    fn a_title_says_how_long_there_is() {
        assert_eq!(title("News", day(14), day(0)), "News has to be reconnected within 14 days");
        assert_eq!(title("News", day(1), day(0)), "News has to be reconnected within a day");
        assert_eq!(title("News", day(0), day(0)), "News has to be reconnected today");
    }
}
