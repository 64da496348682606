//! When a post repeats: an exact part of RFC 5545's recurrence rules, reckoned in wall time of the post's own zone.
//!
//! `FREQ` (`DAILY`, `WEEKLY`, `MONTHLY`, `YEARLY`), `INTERVAL`, `BYDAY`, `BYMONTHDAY`, `COUNT` and `UNTIL` mean what the RFC says, with
//! weeks that start on Monday. Other parts, and combinations whose meaning would surprise, are refused instead of guessed.
//! The first occurrence is the first that the rule has at or after the start. A wall time that the clock skips is taken with
//! the offset before the skip, and one that comes twice is the first of the two (RFC 5545, section 3.3.5).

use crate::slot::Day;
use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// The farthest that occurrences are looked for, in years after the start: no rule has a longer pause, and most that find nothing
/// in it have none at all.
const HORIZON_YEARS: i32 = 100;
/// The largest interval and count.
const MOST: u32 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

impl Frequency {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Daily, "DAILY"), (Self::Weekly, "WEEKLY"), (Self::Monthly, "MONTHLY"), (Self::Yearly, "YEARLY")];
}

/// A day of the week, or the nth such day of a month; negative from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByDay {
    pub nth: Option<i8>,
    pub day: Day,
}

/// When a rule ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    Never,
    /// After this many occurrences.
    Count(u32),
    /// With this moment, included.
    Until(Timestamp),
    /// With this day of the post's zone, included.
    UntilDay(Date),
}

/// By what rule a post repeats.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    pub frequency: Frequency,
    pub interval: u32,
    pub by_day: BTreeSet<ByDay>,
    /// Days of the month; negative from its end.
    pub by_month_day: BTreeSet<i8>,
    pub end: End,
}

/// How a post repeats.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Repeat {
    pub rule: Rule,
    /// Days of the post's zone on which it does not go out; they count as occurrences all the same (RFC 5545's `EXDATE`).
    #[serde(default)]
    pub except: BTreeSet<Date>,
}

impl Repeat {
    /// When it goes out, in order, for a post that starts at `start` in `zone`.
    pub fn moments<'a>(&'a self, start: DateTime, zone: &'a TimeZone) -> impl Iterator<Item = Timestamp> + 'a {
        self.rule.occurrences(start, zone).filter(|at| !self.except.contains(&zone.to_datetime(*at).date()))
    }
}

/// What is wrong with a rule, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WrongRule {
    pub message: String,
    pub fix: &'static str,
}

fn wrong(message: impl Into<String>, fix: &'static str) -> WrongRule {
    WrongRule { message: message.into(), fix }
}

const DAYS: [(Day, &str); 7] = [
    (Day::Monday, "MO"),
    (Day::Tuesday, "TU"),
    (Day::Wednesday, "WE"),
    (Day::Thursday, "TH"),
    (Day::Friday, "FR"),
    (Day::Saturday, "SA"),
    (Day::Sunday, "SU"),
];

impl FromStr for ByDay {
    type Err = WrongRule;
    fn from_str(text: &str) -> Result<Self, WrongRule> {
        let refused =
            || wrong(format!("BYDAY has “{text}”, which is no day."), "Write MO, TU, 2WE or -1FR, for example.");
        let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at)).ok_or_else(refused)?;
        let (nth, day) = text.split_at(at);
        let day = DAYS.iter().find(|(_, word)| *word == day).ok_or_else(refused)?.0;
        let nth = match nth {
            "" => None,
            nth => Some(nth.parse::<i8>().ok().filter(|n| (1..=5).contains(&n.abs())).ok_or_else(refused)?),
        };
        Ok(Self { nth, day })
    }
}

impl fmt::Display for ByDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = DAYS.iter().find(|(day, _)| *day == self.day).map_or("", |(_, word)| word);
        match self.nth {
            Some(nth) => write!(f, "{nth}{word}"),
            None => f.write_str(word),
        }
    }
}

impl FromStr for Rule {
    type Err = WrongRule;

    fn from_str(text: &str) -> Result<Self, WrongRule> {
        let mut parts = Vec::new();
        for part in text.trim().trim_start_matches("RRULE:").split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                wrong(format!("“{part}” in the rule has no value."), "Write NAME=VALUE, with ; between the parts.")
            })?;
            let name = name.to_ascii_uppercase();
            if parts.iter().any(|(seen, _)| *seen == name) {
                return Err(wrong(format!("The rule has {name} twice."), "Leave one of them out."));
            }
            parts.push((name, value.to_ascii_uppercase()));
        }
        let mut take = |name: &str| {
            let at = parts.iter().position(|(known, _)| known == name)?;
            Some(parts.remove(at).1)
        };
        let frequency = take("FREQ").unwrap_or_default();
        let frequency = Frequency::ALL.iter().find(|(_, word)| *word == frequency).ok_or_else(|| {
            wrong("The rule needs a FREQ that is known here.", "Use DAILY, WEEKLY, MONTHLY or YEARLY.")
        })?;
        let interval = take("INTERVAL").map_or(Ok(1), |value| number("INTERVAL", &value))?;
        let by_day = list(take("BYDAY").as_deref(), str::parse)?;
        let by_month_day = list(take("BYMONTHDAY").as_deref(), month_day)?;
        let end = match (take("COUNT"), take("UNTIL")) {
            (None, None) => End::Never,
            (Some(count), None) => End::Count(number("COUNT", &count)?),
            (None, Some(until)) => end_at(&until)?,
            (Some(_), Some(_)) => {
                return Err(wrong("The rule has both COUNT and UNTIL.", "Say one of the two."));
            }
        };
        if take("WKST").is_some_and(|start| start != "MO") {
            return Err(wrong("Weeks that start on another day than Monday are not known here.", "Leave WKST out."));
        }
        if let Some((name, _)) = parts.first() {
            return Err(wrong(
                format!("{name} is not known here."),
                "Use FREQ, INTERVAL, BYDAY, BYMONTHDAY, COUNT, UNTIL.",
            ));
        }
        let rule = Self { frequency: frequency.0, interval, by_day, by_month_day, end };
        rule.fits().map(|()| rule)
    }
}

fn number(name: &str, value: &str) -> Result<u32, WrongRule> {
    value.parse().ok().filter(|n| (1..=MOST).contains(n)).ok_or_else(|| {
        wrong(format!("{name} is “{value}”, and not a number from 1 to {MOST}."), "Write a whole number.")
    })
}

fn list<T: Ord>(value: Option<&str>, read: impl Fn(&str) -> Result<T, WrongRule>) -> Result<BTreeSet<T>, WrongRule> {
    value.into_iter().flat_map(|value| value.split(',')).map(|item| read(item.trim())).collect()
}

fn month_day(text: &str) -> Result<i8, WrongRule> {
    text.parse::<i8>().ok().filter(|day| (1..=31).contains(&day.abs())).ok_or_else(|| {
        wrong(format!("BYMONTHDAY has “{text}”, which is no day of a month."), "Write 1 to 31, or -1 for the last day.")
    })
}

/// `20271231T225959Z`, or `20271231` for a whole day of the post's zone.
fn end_at(text: &str) -> Result<End, WrongRule> {
    let refused = || {
        let message = format!("UNTIL is “{text}”, which is no day and no time in UTC.");
        wrong(message, "Write 20271231 or 20271231T225959Z, for example.")
    };
    if !text.is_ascii() {
        return Err(refused());
    }
    let digits =
        |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i16>().ok()).ok_or_else(refused);
    let small = |range| digits(range).and_then(|n| i8::try_from(n).map_err(|_| refused()));
    let day = Date::new(digits(0..4)?, small(4..6)?, small(6..8)?).map_err(|_| refused())?;
    match text.len() {
        8 => Ok(End::UntilDay(day)),
        16 if text.as_bytes()[8] == b'T' && text.ends_with('Z') => {
            let time = Time::new(small(9..11)?, small(11..13)?, small(13..15)?, 0).map_err(|_| refused())?;
            TimeZone::UTC.to_timestamp(day.to_datetime(time)).map(End::Until).map_err(|_| refused())
        }
        _ => Err(refused()),
    }
}

impl TryFrom<String> for Rule {
    type Error = WrongRule;
    fn try_from(text: String) -> Result<Self, WrongRule> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word =
            Frequency::ALL.iter().find(|(frequency, _)| *frequency == self.frequency).map_or("", |(_, word)| word);
        write!(f, "FREQ={word}")?;
        if self.interval > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        let joined = |items: Vec<String>| items.join(",");
        if !self.by_day.is_empty() {
            write!(f, ";BYDAY={}", joined(self.by_day.iter().map(ByDay::to_string).collect()))?;
        }
        if !self.by_month_day.is_empty() {
            write!(f, ";BYMONTHDAY={}", joined(self.by_month_day.iter().map(i8::to_string).collect()))?;
        }
        match self.end {
            End::Never => Ok(()),
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::Until(at) => write!(f, ";UNTIL={}", at.strftime("%Y%m%dT%H%M%SZ")),
            End::UntilDay(day) => write!(f, ";UNTIL={}", day.strftime("%Y%m%d")),
        }
    }
}

impl Rule {
    /// Refuses combinations that the RFC forbids, or whose meaning would surprise.
    fn fits(&self) -> Result<(), WrongRule> {
        let numbered = self.by_day.iter().any(|by| by.nth.is_some());
        match self.frequency {
            Frequency::Daily | Frequency::Weekly if numbered => {
                Err(wrong("Numbered days such as 2MO are for months.", "Use FREQ=MONTHLY, or leave the numbers out."))
            }
            Frequency::Weekly if !self.by_month_day.is_empty() => {
                Err(wrong("BYMONTHDAY does not go with FREQ=WEEKLY.", "Use FREQ=MONTHLY for days of the month."))
            }
            Frequency::Yearly if !self.by_day.is_empty() || !self.by_month_day.is_empty() => {
                let message =
                    "With FREQ=YEARLY the day is that of the start; BYDAY and BYMONTHDAY are not known there.";
                Err(wrong(message, "Leave them out, or use FREQ=MONTHLY;INTERVAL=12."))
            }
            _ => Ok(()),
        }
    }

    /// The occurrences, in order, of a post that starts at `start` in `zone`.
    pub fn occurrences<'a>(&'a self, start: DateTime, zone: &'a TimeZone) -> impl Iterator<Item = Timestamp> + 'a {
        let count = match self.end {
            End::Count(count) => count as usize,
            _ => usize::MAX,
        };
        let last = start.date().checked_add(Span::new().years(HORIZON_YEARS)).unwrap_or(Date::MAX);
        let ends = move |day: Date, at: Timestamp| match self.end {
            End::Until(until) => at > until,
            End::UntilDay(until) => day > until,
            End::Never | End::Count(_) => false,
        };
        (0_i64..)
            .map_while(move |step| self.period(start.date(), step).filter(|begins| *begins <= last))
            .flat_map(move |begins| self.days_of(begins, start.date()))
            .filter(move |day| *day >= start.date())
            .filter_map(move |day| {
                let wall = zone.to_ambiguous_timestamp(day.to_datetime(start.time()));
                wall.compatible().ok().map(|at| (day, at))
            })
            .take_while(move |(day, at)| !ends(*day, *at))
            .map(|(_, at)| at)
            .take(count)
    }

    /// The first day of the period that is `step` intervals after that of the start; none at the end of all times.
    fn period(&self, start: Date, step: i64) -> Option<Date> {
        let by = step.checked_mul(i64::from(self.interval))?;
        let (from, span) = match self.frequency {
            Frequency::Daily => (start, Span::new().try_days(by)),
            Frequency::Weekly => {
                let monday = i64::from(start.weekday().to_monday_zero_offset());
                (start.checked_sub(Span::new().days(monday)).ok()?, Span::new().try_weeks(by))
            }
            Frequency::Monthly => (start.first_of_month(), Span::new().try_months(by)),
            Frequency::Yearly => (start.first_of_year(), Span::new().try_years(by)),
        };
        from.checked_add(span.ok()?).ok()
    }

    /// The days of a period, in order.
    fn days_of(&self, begins: Date, start: Date) -> Vec<Date> {
        match self.frequency {
            Frequency::Daily => {
                Some(begins).filter(|day| self.has_day(*day) && self.has_month_day(*day)).into_iter().collect()
            }
            Frequency::Weekly => {
                let in_week = (0..7).filter_map(|ahead| begins.checked_add(Span::new().days(ahead)).ok());
                let wanted = |day: &Date| {
                    if self.by_day.is_empty() { day.weekday() == start.weekday() } else { self.has_day(*day) }
                };
                in_week.filter(wanted).collect()
            }
            Frequency::Monthly => {
                let plain = self.by_day.is_empty() && self.by_month_day.is_empty();
                let in_month = (1..=begins.days_in_month()).filter_map(|day| begins.with().day(day).build().ok());
                let wanted = |day: &Date| {
                    if plain { day.day() == start.day() } else { self.has_day(*day) && self.has_month_day(*day) }
                };
                in_month.filter(wanted).collect()
            }
            // The 29th of February is in leap years only.
            Frequency::Yearly => Date::new(begins.year(), start.month(), start.day()).into_iter().collect(),
        }
    }

    fn has_day(&self, day: Date) -> bool {
        let is = |by: &ByDay| {
            by.day.weekday() == day.weekday()
                && by.nth.is_none_or(|nth| day.nth_weekday_of_month(nth, day.weekday()).is_ok_and(|found| found == day))
        };
        self.by_day.is_empty() || self.by_day.iter().any(is)
    }

    fn has_month_day(&self, day: Date) -> bool {
        let from_end = day.day() - day.days_in_month() - 1;
        self.by_month_day.is_empty() || self.by_month_day.contains(&day.day()) || self.by_month_day.contains(&from_end)
    }

    /// The rule for what is left after `passed` occurrences.
    #[must_use]
    pub fn after(&self, passed: usize) -> Self {
        let end = match self.end {
            End::Count(count) => End::Count(count.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX)).max(1)),
            end => end,
        };
        Self { end, ..self.clone() }
    }

    /// The rule as it fits a start that was moved from one day to another: days of the week go along. None where the rule
    /// names days of the month, which have no meaning of their own when moved.
    #[must_use]
    pub fn moved(&self, from: Date, to: Date) -> Option<Self> {
        if from == to || (self.by_day.is_empty() && self.by_month_day.is_empty()) {
            return Some(self.clone());
        }
        if !self.by_month_day.is_empty() || self.by_day.iter().any(|by| by.nth.is_some()) {
            return None;
        }
        let shift = to.weekday().to_monday_zero_offset() - from.weekday().to_monday_zero_offset();
        let moved = |by: &ByDay| {
            let at = by.day.weekday().to_monday_zero_offset() + shift;
            Some(ByDay { nth: None, day: *Day::ALL.get(usize::try_from(at.rem_euclid(7)).ok()?)? })
        };
        Some(Self { by_day: self.by_day.iter().filter_map(moved).collect(), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrences(rule: &str, start: &str, zone: &str, count: usize) -> Vec<String> {
        let (rule, zone) = (rule.parse::<Rule>().unwrap(), TimeZone::get(zone).unwrap());
        let found = rule.occurrences(start.parse().unwrap(), &zone).take(count);
        found.map(|at| zone.to_datetime(at).to_string()).collect()
    }

    fn days(rule: &str, start: &str, count: usize) -> Vec<String> {
        let found = occurrences(rule, &format!("{start}T09:00:00"), "America/New_York", count);
        found.iter().map(|at| at.strip_suffix("T09:00:00").unwrap().to_owned()).collect()
    }

    /// From the examples of RFC 5545, section 3.8.5.3.
    #[test]
    fn the_examples_of_the_rfc_come_out_as_it_says() {
        let rule = "FREQ=DAILY;COUNT=10";
        assert_eq!(days(rule, "1997-09-02", 20).len(), 10);
        assert_eq!(days(rule, "1997-09-02", 20)[9], "1997-09-11");
        let until = days("FREQ=DAILY;UNTIL=19971224T000000Z", "1997-09-02", 1000);
        assert_eq!((until.len(), until[112].as_str()), (113, "1997-12-23"));
        assert_eq!(
            days("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02", 9),
            ["1997-09-02", "1997-09-12", "1997-09-22", "1997-10-02", "1997-10-12"]
        );
        assert_eq!(
            days("FREQ=WEEKLY;INTERVAL=2;COUNT=8;BYDAY=TU,TH", "1997-09-02", 9),
            [
                "1997-09-02",
                "1997-09-04",
                "1997-09-16",
                "1997-09-18",
                "1997-09-30",
                "1997-10-02",
                "1997-10-14",
                "1997-10-16"
            ]
        );
        assert_eq!(
            days("FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "1997-09-05", 3),
            ["1997-09-05", "1997-10-03", "1997-11-07"]
        );
        assert_eq!(
            days("FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "1997-09-07", 4),
            ["1997-09-07", "1997-09-28", "1997-11-02", "1997-11-30"]
        );
        assert_eq!(days("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22", 2), ["1997-09-22", "1997-10-20"]);
        assert_eq!(days("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", 3), ["1997-09-28", "1997-10-29", "1997-11-28"]);
        assert_eq!(days("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02", 2), ["1998-02-13", "1998-03-13"]);
    }

    #[test]
    fn months_and_years_without_the_day_are_passed_over() {
        assert_eq!(days("FREQ=MONTHLY", "2027-01-31", 3), ["2027-01-31", "2027-03-31", "2027-05-31"]);
        assert_eq!(days("FREQ=YEARLY", "2028-02-29", 2), ["2028-02-29", "2032-02-29"]);
        assert_eq!(days("FREQ=MONTHLY;BYMONTHDAY=-1", "2027-01-31", 2), ["2027-01-31", "2027-02-28"]);
        assert_eq!(days("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "2027-02-01", 1), Vec::<String>::new());
    }

    #[test]
    fn the_wall_time_stays_when_the_clocks_change() {
        let found = occurrences("FREQ=DAILY", "2027-03-27T02:30:00", "Europe/Berlin", 3);
        // Skipped on the 28th: the offset before the skip makes it 03:30.
        assert_eq!(found, ["2027-03-27T02:30:00", "2027-03-28T03:30:00", "2027-03-29T02:30:00"]);
        let (rule, zone) = ("FREQ=DAILY".parse::<Rule>().unwrap(), TimeZone::get("Europe/Berlin").unwrap());
        let twice: Vec<_> = rule.occurrences("2027-10-31T02:30:00".parse().unwrap(), &zone).take(2).collect();
        assert_eq!(twice[0].to_string(), "2027-10-31T00:30:00Z");
        assert_eq!(twice[1].to_string(), "2027-11-01T01:30:00Z");
    }

    /// Against going through every day and asking the rule's own words of it.
    #[test]
    fn every_rule_has_exactly_the_days_that_fit_it() {
        type Fits = fn(Date, Date, i32) -> bool;
        let start: Date = "2027-01-30".parse().unwrap();
        let rules: [(&str, Fits); 4] = [
            ("FREQ=DAILY", |day, start, n| since(start, day) % n == 0),
            ("FREQ=WEEKLY;BYDAY=MO,SA", |day, start, n| {
                let weeks = (since(start, day) + i32::from(start.weekday().to_monday_zero_offset())).div_euclid(7);
                matches!(Day::of(day.weekday()), Day::Monday | Day::Saturday) && weeks % n == 0
            }),
            ("FREQ=MONTHLY;BYMONTHDAY=-1,15", |day, start, n| {
                (day.day() == 15 || day.day() == day.days_in_month()) && months(start, day) % n == 0
            }),
            ("FREQ=MONTHLY", |day, start, n| day.day() == start.day() && months(start, day) % n == 0),
        ];
        for interval in 1..=5 {
            for (rule, fits) in rules {
                let text = format!("{rule};INTERVAL={interval}");
                let found = days(&text, "2027-01-30", 60);
                let every = (0..).map(|ahead| start.checked_add(Span::new().days(ahead)).unwrap());
                let wanted = every.filter(|day| fits(*day, start, interval)).take(60);
                assert_eq!(found, wanted.map(|day| day.to_string()).collect::<Vec<_>>(), "{text}");
            }
        }
    }

    fn since(start: Date, day: Date) -> i32 {
        start.until(day).unwrap().get_days()
    }

    fn months(start: Date, day: Date) -> i32 {
        i32::from(day.year() - start.year()) * 12 + i32::from(day.month() - start.month())
    }

    #[test]
    fn the_first_is_the_first_the_rule_has_and_the_last_day_is_whole() {
        assert_eq!(days("FREQ=WEEKLY;BYDAY=WE,MO", "2027-03-02", 2), ["2027-03-03", "2027-03-08"]);
        let night = occurrences("FREQ=DAILY;UNTIL=20270303", "2027-03-01T23:30:00", "America/New_York", 9);
        assert_eq!(night.len(), 3);
    }

    #[test]
    fn a_rule_reads_back_as_it_is_written() {
        for text in [
            "FREQ=DAILY",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=10",
            "FREQ=MONTHLY;BYDAY=-1FR,1MO;UNTIL=20271231",
            "FREQ=MONTHLY;BYMONTHDAY=-1,15;UNTIL=20271231T225959Z",
        ] {
            let rule: Rule = text.parse().unwrap();
            assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule, "{text}");
        }
        assert_eq!("RRULE:freq=weekly;wkst=MO;byday=mo".parse::<Rule>().unwrap().to_string(), "FREQ=WEEKLY;BYDAY=MO");
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_to_do() {
        for (rule, names) in [
            ("", "FREQ"),
            ("FREQ=HOURLY", "FREQ"),
            ("FREQ=DAILY;COUNT=0", "COUNT"),
            ("FREQ=DAILY;INTERVAL=x", "INTERVAL"),
            ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT"),
            ("FREQ=WEEKLY;BYDAY=2MO", "2MO"),
            ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"),
            ("FREQ=YEARLY;BYDAY=MO", "YEARLY"),
            ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"),
            ("FREQ=MONTHLY;BYDAY=é", "BYDAY"),
            ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"),
            ("FREQ=DAILY;UNTIL=2027é231", "UNTIL"),
            ("FREQ=DAILY;UNTIL=20271331", "UNTIL"),
            ("FREQ=WEEKLY;WKST=SU", "Monday"),
            ("FREQ", "value"),
            ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ] {
            let wrong = rule.parse::<Rule>().unwrap_err();
            assert!(wrong.message.contains(names) && !wrong.fix.is_empty(), "{rule}: {wrong:?}");
        }
    }

    #[test]
    fn days_of_the_week_move_along_and_days_of_the_month_do_not() {
        let moved = |rule: &str, from: &str, to: &str| {
            let rule: Rule = rule.parse().unwrap();
            rule.moved(from.parse().unwrap(), to.parse().unwrap()).map(|rule| rule.to_string())
        };
        let weekly = "FREQ=WEEKLY;BYDAY=MO,SU";
        assert_eq!(moved(weekly, "2027-03-01", "2027-03-02").unwrap(), "FREQ=WEEKLY;BYDAY=MO,TU");
        assert_eq!(moved(weekly, "2027-03-01", "2027-03-01").unwrap(), weekly);
        assert_eq!(moved("FREQ=DAILY", "2027-03-01", "2027-03-05").unwrap(), "FREQ=DAILY");
        assert_eq!(moved("FREQ=MONTHLY;BYDAY=1MO", "2027-03-01", "2027-03-02"), None);
    }
}
