//! Slots: the times of the week at which a channel normally posts.
//!
//! A slot is a wall time. A day on which the clock skips it has the first moment after the skip instead; a day on which the
//! clock shows it twice has the first of the two.

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// How far ahead slots are looked for, in days.
pub const HORIZON_DAYS: i32 = 366;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    #[must_use]
    pub fn of(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }

    #[must_use]
    pub fn weekday(self) -> Weekday {
        match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
        }
    }
}

/// A wall time to the minute, written `09:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

impl TimeOfDay {
    #[must_use]
    pub fn time(self) -> Time {
        Time::constant(self.hour, self.minute, 0, 0)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no time of day such as 09:30")]
pub struct WrongTimeOfDay(String);

impl FromStr for TimeOfDay {
    type Err = WrongTimeOfDay;
    fn from_str(text: &str) -> Result<Self, WrongTimeOfDay> {
        let wrong = || WrongTimeOfDay(text.to_owned());
        let number = |digits: &str, below: i8| match digits.parse::<i8>() {
            Ok(n) if digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) && n < below => Ok(n),
            _ => Err(wrong()),
        };
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self { hour: number(hour, 24)?, minute: number(minute, 60)? })
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = WrongTimeOfDay;
    fn try_from(text: String) -> Result<Self, WrongTimeOfDay> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// A time of day on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    #[schema(value_type = Vec<Day>)]
    pub days: BTreeSet<Day>,
    #[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:30")]
    pub time: TimeOfDay,
}

/// What a workspace starts with: three times a day.
#[must_use]
pub fn usual() -> Vec<Slot> {
    let daily = |hour| Slot { days: Day::ALL.into(), time: TimeOfDay { hour, minute: 0 } };
    [9, 13, 18].map(daily).into()
}

/// The moments of these slots after `from`, in order, for [`HORIZON_DAYS`].
pub fn moments<'a>(slots: &'a [Slot], zone: &'a TimeZone, from: Timestamp) -> impl Iterator<Item = Timestamp> + 'a {
    let first = zone.to_datetime(from).date();
    let days = (0..HORIZON_DAYS).map_while(move |ahead| first.checked_add(jiff::Span::new().days(ahead)).ok());
    let mut last = from;
    // A skipped hour may bring two slots to one moment.
    days.flat_map(move |day| on(day, slots, zone)).filter(move |at| {
        let later = *at > last;
        if later {
            last = *at;
        }
        later
    })
}

/// The moments of a day's slots, in order.
fn on(day: Date, slots: &[Slot], zone: &TimeZone) -> Vec<Timestamp> {
    let today = Day::of(day.weekday());
    let times: BTreeSet<Time> =
        slots.iter().filter(|slot| slot.days.contains(&today)).map(|slot| slot.time.time()).collect();
    times.into_iter().filter_map(|time| moment(day, time, zone)).collect()
}

/// None only at the end of all times.
fn moment(day: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    let wall = zone.to_ambiguous_timestamp(day.to_datetime(time));
    match wall.offset() {
        AmbiguousOffset::Gap { before, .. } => {
            let within = before.to_timestamp(day.to_datetime(time)).ok()?;
            // The first moment after the skip is the transition itself; `preceding` looks strictly before.
            let after = within.checked_add(jiff::SignedDuration::from_nanos(1)).ok()?;
            zone.preceding(after).next().map(|transition| transition.timestamp())
        }
        _ => wall.earlier().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(times: &[&str], days: &[Day]) -> Vec<Slot> {
        let slot = |time: &&str| Slot { days: days.iter().copied().collect(), time: time.parse().unwrap() };
        times.iter().map(slot).collect()
    }

    fn first(slots: &[Slot], zone: &str, from: &str, count: usize) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let found = moments(slots, &zone, from.parse().unwrap()).take(count);
        found.map(|at| at.to_string()).collect()
    }

    #[test]
    fn a_slot_keeps_its_wall_time_when_the_clocks_change() {
        let slots = slots(&["09:00"], &Day::ALL);
        assert_eq!(
            first(&slots, "Europe/Berlin", "2027-03-27T00:00:00Z", 2),
            ["2027-03-27T08:00:00Z", "2027-03-28T07:00:00Z"]
        );
    }

    #[test]
    fn a_time_that_is_skipped_moves_to_the_first_there_is() {
        let slots = slots(&["02:10", "02:30", "03:00", "03:15"], &[Day::Sunday]);
        // 02:00 to 03:00 is skipped on that day: three slots become one.
        assert_eq!(
            first(&slots, "Europe/Berlin", "2027-03-28T00:00:00Z", 2),
            ["2027-03-28T01:00:00Z", "2027-03-28T01:15:00Z"]
        );
        // A skip of half an hour, not of a whole one.
        let slots = self::slots(&["02:00", "02:10"], &[Day::Sunday]);
        assert_eq!(first(&slots, "Australia/Lord_Howe", "2027-10-02T00:00:00Z", 1), ["2027-10-02T15:30:00Z"]);
    }

    #[test]
    fn a_time_that_comes_twice_is_used_once() {
        let slots = slots(&["02:30"], &Day::ALL);
        assert_eq!(
            first(&slots, "Europe/Berlin", "2027-10-30T22:00:00Z", 2),
            ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]
        );
    }

    #[test]
    fn slots_come_in_order_on_their_days_and_after_the_moment_given() {
        let slots =
            [slots(&["18:00", "09:00"], &[Day::Monday]), slots(&["12:00"], &[Day::Wednesday, Day::Monday])].concat();
        assert_eq!(
            first(&slots, "UTC", "2027-03-01T09:00:00Z", 5),
            [
                "2027-03-01T12:00:00Z",
                "2027-03-01T18:00:00Z",
                "2027-03-03T12:00:00Z",
                "2027-03-08T09:00:00Z",
                "2027-03-08T12:00:00Z"
            ]
        );
        assert_eq!(first(&[], "UTC", "2027-03-01T09:00:00Z", 1), Vec::<String>::new());
    }

    #[test]
    fn every_moment_is_its_wall_time_or_the_end_of_a_skip_in_every_zone() {
        let slots = slots(&["00:00", "00:30", "02:15", "12:00", "23:45"], &Day::ALL);
        for name in [
            "Europe/Berlin",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Africa/Cairo",
            "Asia/Kathmandu",
            "America/St_Johns",
        ] {
            let zone = TimeZone::get(name).unwrap();
            for from in ["2018-10-01T00:00:00Z", "2027-03-01T00:00:00Z"] {
                let found: Vec<_> = moments(&slots, &zone, from.parse().unwrap()).collect();
                assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{name} is out of order");
                assert!(found.len() > 5 * 360, "{name} has only {}", found.len());
                for at in found {
                    let wall = zone.to_datetime(at);
                    let is_slot = slots.iter().any(|slot| slot.time.time() == wall.time());
                    let ends_skip =
                        zone.preceding(at + jiff::SignedDuration::from_nanos(1)).next().map(|t| t.timestamp());
                    assert!(is_slot || ends_skip == Some(at), "{name}: {wall}");
                }
            }
        }
    }

    #[test]
    fn a_time_of_day_is_written_in_one_way() {
        assert_eq!("09:05".parse::<TimeOfDay>().unwrap().to_string(), "09:05");
        for wrong in ["9:05", "24:00", "10:60", "10", "+1:00", "10:00:00", ""] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
    }
}
