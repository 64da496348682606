//! Google Business Profile: posts of the places of a business in Search and Maps. Still called `gmb` where programs read it.
//!
//! After <https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts>,
//! <https://developers.google.com/my-business/content/posts-data> and the account management and business information APIs (2026). Google
//! fetches pictures itself, looks each post over before it shows it, and knows no key.

use super::local_post::Settings;
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
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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
        settings::read::<Settings>(given).map(|settings| settings.check()).unwrap_or_default()
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
