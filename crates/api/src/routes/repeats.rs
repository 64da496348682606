//! How posts repeat, as requests say it and answers show it.

use crate::problem::{Problem, Result};
use crier_engine::compose::Draft;
use crier_model::{
    Timestamp,
    post::Timing,
    recurrence::{Repeat, Rule},
};
use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How a post repeats.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Repeat)]
pub(crate) struct RepeatIo {
    /// A recurrence rule (RFC 5545): `FREQ` (`DAILY`, `WEEKLY`, `MONTHLY`, `YEARLY`), `INTERVAL`, `BYDAY`, `BYMONTHDAY`, `COUNT`, `UNTIL`.
    #[schema(example = "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=10")]
    rule: String,
    /// Days of the post's time zone on which it does not go out.
    #[serde(default)]
    #[schema(required, value_type = Vec<String>, format = Date)]
    except: BTreeSet<Date>,
}

impl RepeatIo {
    pub fn read(self) -> Result<Repeat> {
        let rule = self.rule.parse::<Rule>();
        let rule = rule.map_err(|wrong| Problem::wrong("/repeat/rule", "repeat.rule", wrong.message, wrong.fix))?;
        Ok(Repeat { rule, except: self.except })
    }
}

impl From<Repeat> for RepeatIo {
    fn from(repeat: Repeat) -> Self {
        Self { rule: repeat.rule.to_string(), except: repeat.except }
    }
}

/// How much of a post that repeats is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RepeatScope {
    #[default]
    This,
    /// This one and all that follow it.
    Following,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopeQuery {
    #[serde(default)]
    pub scope: RepeatScope,
}

/// How many occurrences a check shows.
const SHOWN_OCCURRENCES: usize = 5;

/// The first times a draft with this repeat goes out.
pub(crate) fn occurrences(draft: &Draft) -> Vec<Timestamp> {
    let (Some(repeat), Timing::At(at) | Timing::Draft(Some(at))) = (&draft.repeat, draft.timing) else {
        return Vec::new();
    };
    let Ok(zone) = TimeZone::get(&draft.time_zone) else { return Vec::new() };
    repeat.moments(zone.to_datetime(at), &zone).take(SHOWN_OCCURRENCES).collect()
}
