//! Google Business Profile: posts of the places of a business in Search and Maps. Still called `gmb` where programs read it.
//!
//! After <https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts>,
//! <https://developers.google.com/my-business/content/posts-data> and the account management and business information APIs (2026). Google
//! fetches pictures itself, looks each post over before it shows it, and knows no key.

use super::{PROFILE, ask, endpoints, json};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit};
use crate::check::PartToCheck;
use crate::choosing::{Access, Choice, Choosing, Unusable, Words};
use crate::connect::{Connect, Endpoints, Facts, Identified, OAuth2, Scope};
use crate::publish::{Cx, Item, Once, Publish, Recent, Sent, done_within};
use crate::{Credentials, Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding, Timestamp, channel::Identity};
use crier_net::Client;
use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

const ABOUT: About = About {
    id: "gmb",
    name: "Google Business Profile",
    color: "#4285f4",
    summary: "Updates, events and offers of your places in Google Search and Maps, by an app that Google has approved.",
    works_at_once: false,
    console: Some("https://console.cloud.google.com/apis/credentials"),
    deadline_s: 180,
};

pub(super) const POSTS: &str = "https://mybusiness.googleapis.com/v4";
const ACCOUNTS: &str = "https://mybusinessaccountmanagement.googleapis.com/v1";
const PLACES: &str = "https://mybusinessbusinessinformation.googleapis.com/v1";
const SCOPES: &[Scope] = &[
    Scope { id: PROFILE, why: "to know which account signed in", required: true },
    Scope {
        id: "https://www.googleapis.com/auth/business.manage",
        why: "to list your places and publish their posts",
        required: true,
    },
];

const WORDS: Words = Words {
    one: "Place",
    many: "Places",
    needed: "Sign in as an owner or manager of a verified Business Profile on Google.",
};

/// How long Google may look at a post before its outcome is waited for no longer.
const MODERATION: Duration = Duration::from_secs(60);
/// How far Google's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);
/// Pages of 100 that are read at most.
const PAGES: usize = 20;
/// Pages of posts read at most in looking for one.
const POST_PAGES: usize = 5;

#[derive(Debug)]
pub struct BusinessProfile;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Topic {
    #[default]
    Standard,
    Event,
    Offer,
}

/// What the button below a post does. “Get offer” is gone at Google, and `CALL` takes the place's own number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Action {
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
struct Settings {
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

impl Network for BusinessProfile {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn choosing(&self) -> Option<&dyn Choosing> {
        Some(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        let pictures = MediaKind { min_side: Some(250), ..MediaKind::up_to(5_000_000, &["image/jpeg", "image/png"]) };
        Rules {
            text: TextRules::up_to(1500, Unit::Utf16),
            media: MediaRules { fetched: true, ..MediaRules::up_to(1, vec![pictures], None) },
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, _parts: &[PartToCheck<'_>], given: &Map<String, Value>) -> Vec<Finding> {
        let Ok(settings) = settings::read::<Settings>(given) else { return Vec::new() };
        let mut found = Vec::new();
        if settings.topic_type != Topic::Standard {
            found.extend(settings.schedule().err());
            if settings.event_title.trim().is_empty() {
                found.push(missing("eventTitle", "Title"));
            }
        }
        let needs_address = !matches!(settings.call_to_action_type, Action::None | Action::Call);
        if settings.topic_type != Topic::Offer && needs_address && settings.call_to_action_url.is_empty() {
            found.push(missing("callToActionUrl", "Button's address"));
        }
        found
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn recent(&self) -> Option<&dyn Recent> {
        Some(self)
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }
}

fn missing(setting: &str, title: &str) -> Finding {
    let message = format!("Google needs “{title}” for this.");
    Finding::error(format!("/settings/{setting}"), "settings.missing", message, format!("Fill in “{title}”."))
}

impl Settings {
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

    fn post(&self, words: &str, picture: Option<&str>) -> Result<Value, Refusal> {
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

#[async_trait]
impl OAuth2 for BusinessProfile {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        endpoints()
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        super::identify(net, credentials).await
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    #[serde(default)]
    accounts: Vec<Account>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    /// `accounts/1`.
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Places {
    #[serde(default)]
    locations: Vec<Place>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    /// `locations/2`.
    name: String,
    title: String,
    #[serde(default)]
    storefront_address: Option<Street>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Street {
    #[serde(default)]
    address_lines: Vec<String>,
    #[serde(default)]
    locality: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    maps_uri: Option<String>,
    /// Only told where it is so.
    can_operate_local_post: Option<bool>,
}

impl Place {
    fn choice(self, account: &str) -> Choice {
        let address =
            |street: Street| street.address_lines.into_iter().chain(street.locality).collect::<Vec<_>>().join(", ");
        let handle = self.storefront_address.map(address).filter(|address| !address.is_empty());
        let unusable = (self.metadata.can_operate_local_post == Some(false))
            .then(|| Unusable { code: Code::WrongKind, why: "Google takes no posts for it.".to_owned() });
        Choice {
            identity: Identity {
                remote_id: format!("{account}/{}", self.name),
                handle: handle.unwrap_or_else(|| self.title.clone()),
                name: self.title,
                profile_url: self.metadata.maps_uri,
                avatar_url: None,
            },
            kind: WORDS.one.to_owned(),
            credentials: None,
            facts: Facts::new(),
            unusable,
        }
    }
}

#[async_trait]
impl Choosing for BusinessProfile {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let (mut accounts, mut token) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut query = vec![("pageSize", "20")];
            query.extend(token.as_deref().map(|token| ("pageToken", token)));
            let request = access.net.get(format!("{ACCOUNTS}/accounts")).query(&query);
            let page: Accounts = ask(request, access.credentials).await?;
            accounts.extend(page.accounts);
            token = page.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        let mut choices: Vec<Choice> = Vec::new();
        for Account { name } in accounts {
            choices.extend(places(access, &name).await?.into_iter().map(|place| place.choice(&name)));
        }
        // A place is listed by its owner's account and by that of each group it is in.
        let mut seen = std::collections::BTreeSet::new();
        choices.retain(|choice| seen.insert(place_of(&choice.identity.remote_id).to_owned()));
        Ok(choices)
    }

    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        let place = place_of(&identity.remote_id);
        let request = access.net.get(format!("{PLACES}/{place}")).query(&[("readMask", "name,title")]);
        ask::<Place>(request, access.credentials).await.map(drop)
    }
}

/// `accounts/1/locations/2` → `locations/2`.
pub(super) fn place_of(id: &str) -> &str {
    id.find("locations/").map_or(id, |at| &id[at..])
}

async fn places(access: &Access<'_>, account: &str) -> Result<Vec<Place>, Refusal> {
    let (mut all, mut token) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut query = vec![("readMask", "name,title,storefrontAddress,metadata"), ("pageSize", "100")];
        query.extend(token.as_deref().map(|token| ("pageToken", token)));
        let request = access.net.get(format!("{PLACES}/{account}/locations")).query(&query);
        let page: Places = ask(request, access.credentials).await?;
        all.extend(page.locations);
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(all)
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LocalPost {
    /// `accounts/1/locations/2/localPosts/3`.
    name: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    search_url: Option<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    create_time: Option<Timestamp>,
}

impl From<LocalPost> for Sent {
    fn from(post: LocalPost) -> Self {
        Self { remote_id: post.name, url: post.search_url, data: Value::Null }
    }
}

#[async_trait]
impl Publish for BusinessProfile {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let lacks = || {
            Refusal::Content(Detail::new("the picture has no public address from which Google could fetch it"))
                .at("/media/0")
        };
        let picture = item.media.first().map(|picture| picture.url.as_deref().ok_or_else(lacks)).transpose()?;
        let post = settings.post(&self.render(&item.body), picture)?;
        let request = cx.net.post(format!("{POSTS}/{}/localPosts", cx.account)).json(&post);
        let create = || async { json::<LocalPost>(request, cx.credentials).await.map_err(refine) };
        let post: LocalPost = cx.step("create post", Once::Look, create).await?;
        Ok(looked_over(cx, post).await?.into())
    }
}

/// Waits a while for Google's verdict on a post: it is shown once Google has looked it over.
async fn looked_over(cx: &Cx<'_>, post: LocalPost) -> Result<LocalPost, Refusal> {
    let verdict = |post: &LocalPost| match post.state.as_str() {
        "REJECTED" => Some(Err(Refusal::Content(Detail::new("Google looked the post over and rejected it")))),
        "PROCESSING" => None,
        _ => Some(Ok(())),
    };
    if let Some(verdict) = verdict(&post) {
        return verdict.map(|()| post);
    }
    let look = || async {
        let post: LocalPost = ask(cx.net.get(format!("{POSTS}/{}", post.name)), cx.credentials).await?;
        verdict(&post).map(|verdict| verdict.map(|()| post)).transpose()
    };
    match done_within(MODERATION, "Google is still looking the post over", look).await {
        Err(Refusal::Temporary(detail)) => {
            tracing::debug!(said = detail.message, "a post on Google has no verdict yet");
            Ok(post)
        }
        verdict => verdict,
    }
}

/// Which field Google's words are about.
pub(super) fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match refusal {
        refusal if speaks_of(&["photo", "media", "image", "sourceurl"]) => refusal.at("/media/0"),
        refusal if speaks_of(&["call_to_action", "calltoaction"]) => refusal.at("/settings/callToActionUrl"),
        refusal if speaks_of(&["event", "schedule"]) => refusal.at("/settings/eventStartDate"),
        refusal if speaks_of(&["summary"]) => refusal.at("/text"),
        refusal => refusal,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posts {
    #[serde(default)]
    local_posts: Vec<LocalPost>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[async_trait]
impl Recent for BusinessProfile {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let words = self.render(&item.body);
        if words.trim().is_empty() {
            let said = "without words a post can't be told from others";
            return Err(Refusal::Unknown(Detail::new(said)));
        }
        let since = cx.due_at - CLOCK_SLACK;
        let mut token: Option<String> = None;
        for _ in 0..POST_PAGES {
            let mut query = vec![("pageSize", "100")];
            query.extend(token.as_deref().map(|token| ("pageToken", token)));
            let request = cx.net.get(format!("{POSTS}/{}/localPosts", cx.account)).query(&query);
            let page: Posts = ask(request, cx.credentials).await.map_err(Refusal::of_look)?;
            let is_it =
                |post: &LocalPost| post.create_time.is_none_or(|at| at >= since) && post.summary.trim() == words.trim();
            if let Some(post) = page.local_posts.into_iter().find(is_it) {
                return Ok(Some(post.into()));
            }
            token = page.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(None);
            }
        }
        Err(Refusal::Unknown(Detail::new("there are too many posts to tell whether this one is among them")))
    }
}
