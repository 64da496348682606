//! What may be said of a post of a place beside its words: the settings, what is wrong with them, and what Google gets.

use crate::{Detail, Refusal};
use crier_model::Finding;
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Topic {
    #[default]
    Standard,
    Event,
    Offer,
}

/// What the button below a post does. “Get offer” is gone at Google, and `CALL` takes the place's own number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Action {
    #[default]
    None,
    Book,
    Order,
    Shop,
    LearnMore,
    SignUp,
    Call,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Settings {
    #[schemars(title = "Kind", description = "An update, an event, or an offer.")]
    topic_type: Topic,
    #[schemars(title = "Button", description = "Below the post; an offer has its own.")]
    call_to_action_type: Action,
    #[schemars(
        title = "Button's address",
        description = "Where it leads; a call needs none.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    call_to_action_url: String,
    #[schemars(title = "Title", description = "Of an event or an offer, which need one.", length(max = 58))]
    event_title: String,
    #[schemars(
        title = "First day",
        description = "Year-month-day: 2026-12-24.",
        regex(pattern = r"^(\d{4}-\d{2}-\d{2})?$")
    )]
    event_start_date: String,
    #[schemars(
        title = "Last day",
        description = "Year-month-day: 2026-12-26.",
        regex(pattern = r"^(\d{4}-\d{2}-\d{2})?$")
    )]
    event_end_date: String,
    #[schemars(
        title = "From",
        description = "Hour:minute: 09:30; empty is the whole day.",
        regex(pattern = r"^(\d{2}:\d{2})?$")
    )]
    event_start_time: String,
    #[schemars(
        title = "Until",
        description = "Hour:minute: 17:00; empty is the whole day.",
        regex(pattern = r"^(\d{2}:\d{2})?$")
    )]
    event_end_time: String,
    #[schemars(title = "Coupon", description = "The code of an offer.", length(max = 58))]
    offer_coupon_code: String,
    #[schemars(
        title = "Offer's address",
        description = "Where an offer is redeemed.",
        regex(pattern = r"^(https?://\S+)?$"),
        length(max = 2000)
    )]
    offer_redeem_url: String,
    #[schemars(title = "Terms", description = "Of an offer.", length(max = 5000))]
    offer_terms: String,
    #[schemars(
        title = "Language",
        description = "Of the text, for example “en” or “pt-BR”; empty leaves it to Google.",
        regex(pattern = r"^([a-z]{2,3}(-[A-Za-z]{2,4})?)?$")
    )]
    language_code: String,
}

fn missing(setting: &str, title: &str) -> Finding {
    let message = format!("Google needs “{title}” for this.");
    Finding::error(format!("/settings/{setting}"), "settings.missing", message, format!("Fill in “{title}”."))
}

impl Settings {
    /// What is missing for the kind of post it is to be, or does not hold.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        if self.topic_type != Topic::Standard {
            found.extend(self.schedule().err());
            if self.event_title.trim().is_empty() {
                found.push(missing("eventTitle", "Title"));
            }
        }
        let needs_address = !matches!(self.call_to_action_type, Action::None | Action::Call);
        if self.topic_type != Topic::Offer && needs_address && self.call_to_action_url.is_empty() {
            found.push(missing("callToActionUrl", "Button's address"));
        }
        found
    }

    /// When an event or an offer holds, as Google has it; or what is wrong with it.
    fn schedule(&self) -> Result<Value, Finding> {
        let date = |setting: &str, title: &str, typed: &str| {
            if typed.is_empty() {
                return Err(missing(setting, title));
            }
            typed
                .parse::<Date>()
                .map_err(|_| wrong(setting, format!("“{typed}” is no day."), "Write it as 2026-12-24."))
        };
        let time = |setting: &str, typed: &str| match typed {
            "" => Ok(None),
            typed => typed.parse::<Time>().map(Some).map_err(|_| {
                wrong(setting, format!("“{typed}” is no time of day."), "Write it as 09:30, or leave it empty.")
            }),
        };
        let (first, last) = (
            date("eventStartDate", "First day", &self.event_start_date)?,
            date("eventEndDate", "Last day", &self.event_end_date)?,
        );
        let from = time("eventStartTime", &self.event_start_time)?;
        let until = time("eventEndTime", &self.event_end_time)?;
        let begins = first.to_datetime(from.unwrap_or(Time::MIN));
        let ends = last.to_datetime(until.unwrap_or(Time::MAX));
        if ends <= begins {
            let message = "It ends before it begins.".to_owned();
            return Err(wrong("eventEndDate", message, "Choose a later end."));
        }
        let mut schedule = json!({ "startDate": day(first), "endDate": day(last) });
        // Google wants both times or none.
        if from.is_some() || until.is_some() {
            let end_of_day = Time::constant(23, 59, 0, 0);
            schedule["startTime"] = time_of_day(from.unwrap_or(Time::MIN));
            schedule["endTime"] = time_of_day(until.unwrap_or(end_of_day));
        }
        Ok(schedule)
    }

    pub fn post(&self, words: &str, picture: Option<&str>) -> Result<Value, Refusal> {
        let mut post = json!({ "summary": words, "topicType": self.topic_type });
        if !self.language_code.is_empty() {
            post["languageCode"] = self.language_code.as_str().into();
        }
        if let Some(picture) = picture {
            post["media"] = json!([{ "mediaFormat": "PHOTO", "sourceUrl": picture }]);
        }
        if self.topic_type != Topic::Standard {
            let unscheduled = |finding: Finding| Refusal::Content(Detail::new(finding.message)).at(&finding.pointer);
            let schedule = self.schedule().map_err(unscheduled)?;
            post["event"] = json!({ "title": self.event_title, "schedule": schedule });
        }
        let set = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        match (self.topic_type, self.call_to_action_type) {
            (Topic::Offer, _) => {
                let offer = [
                    ("couponCode", set(&self.offer_coupon_code)),
                    ("redeemOnlineUrl", set(&self.offer_redeem_url)),
                    ("termsConditions", set(&self.offer_terms)),
                ];
                let told = offer.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
                post["offer"] = Value::Object(told.collect());
            }
            (_, Action::None) => {}
            (_, Action::Call) => post["callToAction"] = json!({ "actionType": Action::Call }),
            (_, action) => {
                post["callToAction"] = json!({ "actionType": action, "url": self.call_to_action_url });
            }
        }
        Ok(post)
    }
}

fn wrong(setting: &str, message: String, fix: &str) -> Finding {
    Finding::error(format!("/settings/{setting}"), "settings.invalid", message, fix)
}

fn day(date: Date) -> Value {
    json!({ "year": date.year(), "month": date.month(), "day": date.day() })
}

fn time_of_day(time: Time) -> Value {
    json!({ "hours": time.hour(), "minutes": time.minute() })
}
