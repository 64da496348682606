//! MeWe: posts on one's own timeline and in groups, by an app of one's own that MeWe has approved.
//!
//! After <https://dev.mewe.com/authentication> and <https://dev.mewe.com/api-communication> (November 2026), which tell how an app is
//! signed in with and what goes with each request. MeWe's reference of the calls themselves is for approved developers only; `me`, `groups`,
//! `photo/upload` and the two calls that post are known from what clients of others show of them in public, as of November 2026. None of them
//! has been tried against MeWe. MeWe knows no key for a post, answers to one mostly nothing, and lists none.

use crate::about::{About, Network};
use crate::check::PartToCheck;
use crate::choosing::Access;
use crate::connect::{
    Answered, AppHeaders, ClientAuth, Connect, Credentials, Dialect, Endpoints, Facts, Identified, OAuth2, Scope,
    address, fixed,
};
use crate::lookup::{Lookup, LookupItem, fitting};
use crate::publish::{Cx, Item, MediaItem, Once, Publish, Sent};
use crate::{Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_model::{Code, Finding, channel::Identity};
use crier_net::{Client, Multipart, Request};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use url::Url;

const ABOUT: About = About {
    id: "mewe",
    name: "MeWe",
    color: "#17377f",
    summary: "Posts on your timeline and in groups on MeWe, by an app of your own that MeWe has approved.",
    works_at_once: false,
    console: Some("https://dev.mewe.com"),
    deadline_s: 600,
};

const HOST: &str = "https://mewe.com";
const API: &str = "https://mewe.com/api/dev";
const APP_ID: &str = "x-app-id";
/// Photos that no post has taken are kept for some time that MeWe does not tell.
const UPLOAD_LIFE: SignedDuration = SignedDuration::from_hours(12);
const UPLOAD: Duration = Duration::from_secs(120);
/// Pages of groups that are read at most.
const PAGES: usize = 20;

#[derive(Debug)]
pub struct MeWe;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Place {
    Timeline,
    Group,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "postType")]
    #[schemars(title = "Where", description = "Your own timeline, or a group you belong to.")]
    place: Place,
    #[serde(default)]
    #[schemars(
        title = "Group",
        description = "The group it is posted in; needed for that alone.",
        regex(pattern = "^[A-Za-z0-9_-]*$"),
        extend("x-lookup" = "groups")
    )]
    group: String,
}

impl Settings {
    /// The group it is posted in; none for the timeline.
    fn group(&self) -> Option<&str> {
        (self.place == Place::Group).then_some(self.group.as_str())
    }
}

impl Network for MeWe {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    /// MeWe tells no limits to files; ours keep a mistake from growing. That to words is the one clients of others keep to.
    fn rules(&self, _facts: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(63_206, Unit::Utf16),
            media: MediaRules::up_to(
                10,
                vec![MediaKind::up_to(8_000_000, &["image/jpeg", "image/png", "image/gif"])],
                None,
            ),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, _parts: &[PartToCheck<'_>], settings: &Map<String, Value>) -> Vec<Finding> {
        let group = settings.get("group").and_then(Value::as_str).unwrap_or_default();
        let lacks = settings.get("postType") == Some(&"group".into()) && group.is_empty();
        let finding = || {
            let message = "MeWe needs “Group” for a post in a group.";
            let fix = "Choose the group for this channel, or “timeline” as the place.";
            Finding::error("/settings/group", "settings.missing", message, fix)
        };
        lacks.then(finding).into_iter().collect()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }
}

async fn send<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    call::json(signed(request, credentials)?, credentials, refine).await
}

/// [`send`] for a request that only asks, or may be made twice.
async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    send(request, credentials).await.map_err(Refusal::harmless)
}

/// Every request names the app; its key goes with the sign-in alone.
fn signed(request: Request, credentials: &Credentials) -> Result<Request, Refusal> {
    let lacks = || Refusal::Auth(Detail::new("the app is not set up").diagnosed(Code::ClientNotConfigured));
    let app = credentials.app.as_ref().ok_or_else(lacks)?;
    Ok(request.header(APP_ID, &app.client_id).bearer(credentials.access_token.expose()))
}

/// MeWe's codes are not public: its words tell, where the status does not.
fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    match refusal {
        Refusal::Content(detail) if said.contains("unauthorized") => {
            Refusal::Auth(detail.diagnosed(Code::CredentialsWrong))
        }
        Refusal::Content(detail) if said.contains("enhance your calm") => {
            Refusal::RateLimit { until: None, detail: detail.diagnosed(Code::RateLimited) }
        }
        other => other,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    user_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    handle: String,
}

impl Me {
    fn name(&self) -> String {
        let parts = format!("{} {}", self.first_name, self.last_name);
        let known = [self.name.trim(), parts.trim(), &self.handle, &self.user_id];
        known.into_iter().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
    }
}

/// Where people see the posts of an account.
fn profile(handle: &str) -> String {
    format!("{HOST}/{handle}/posts")
}

#[async_trait]
impl OAuth2 for MeWe {
    /// What an app may do is set where it is registered, and not asked for.
    fn scopes(&self) -> &'static [Scope] {
        &[]
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let headers = AppHeaders { id: APP_ID.to_owned(), secret: "x-api-key".to_owned() };
        let dialect =
            Dialect { app_headers: Some(headers), code: Some("loginRequestToken".to_owned()), ..Dialect::default() };
        // How the app proves itself stands in the dialect.
        fixed(&format!("{HOST}/login"), &format!("{API}/token"), ClientAuth::None, dialect)
    }

    fn names_app(&self) -> bool {
        true
    }

    fn token_answer(&self, mut answer: Answered) -> Answered {
        if answer.get("pending").is_some_and(|pending| pending == true) {
            return Answered::from_iter([("error".to_owned(), "authorization_pending".into())]);
        }
        let names = [("apiToken", "access_token"), ("expiresAt", "expires_at"), ("message", "error_description")];
        for (theirs, ours) in names {
            if let Some(value) = answer.remove(theirs) {
                answer.insert(ours.to_owned(), value);
            }
        }
        if !answer.contains_key("access_token") {
            answer.entry("error").or_insert_with(|| "no apiToken".into());
        }
        answer
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let me: Me = ask(net.get(format!("{API}/me")), credentials).await?;
        let known = Some(me.handle.clone()).filter(|handle| !handle.is_empty());
        let identity = Identity {
            name: me.name(),
            profile_url: known.as_deref().map(profile),
            // An account without a handle has no address.
            handle: known.unwrap_or_else(|| me.user_id.clone()),
            remote_id: me.user_id,
            avatar_url: None,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[derive(Deserialize)]
struct Photo {
    id: String,
}

/// What MeWe says of a post, where it says anything.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Posted {
    post_id: Option<String>,
    id: Option<String>,
}

#[async_trait]
impl Publish for MeWe {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        uploads(cx, item).await.map(drop)
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let photos = uploads(cx, item).await?;
        let mut post = json!({ "text": self.render(&item.body) });
        if !photos.is_empty() {
            post["uploadedPhotoIds"] = photos.into();
        }
        let place = settings.group().map_or_else(|| "me".to_owned(), |group| format!("group/{group}"));
        let request = signed(cx.net.post(format!("{API}/{place}/post")).json(&post), cx.credentials)?;
        let create = || async {
            let of_group = |refusal: Refusal| match refusal.detail().status {
                Some(403 | 404) if settings.group().is_some() => refusal.at("/settings/group"),
                _ => refusal,
            };
            let answer = call::send(request, cx.credentials, refine).await.map_err(of_group)?;
            let posted: Posted = answer.json().unwrap_or_default();
            // Mostly nothing is answered, so that a post has no name but ours.
            Ok(posted.post_id.or(posted.id).unwrap_or_else(|| cx.key()))
        };
        let remote_id: String = cx.step("create post", Once::Ask, create).await?;
        let url = match settings.group() {
            Some(group) => Some(format!("{HOST}/group/{group}")),
            None => (cx.handle != cx.account).then(|| profile(cx.handle)),
        };
        Ok(Sent { remote_id, url, data: Value::Null })
    }
}

async fn uploads(cx: &Cx<'_>, item: &Item) -> Result<Vec<String>, Refusal> {
    cx.uploads(item, UPLOAD_LIFE, |media| upload(cx, media)).await
}

async fn upload(cx: &Cx<'_>, media: &MediaItem) -> Result<String, Refusal> {
    let form = Multipart::new().part("file", &media.name, &media.mime, cx.body(media).await?);
    let request = cx.net.post(format!("{API}/photo/upload")).multipart(form).timeout(media.upload_time(UPLOAD));
    Ok(ask::<Photo>(request, cx.credentials).await?.id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    next_page: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    group_id: String,
    #[serde(default)]
    name: String,
}

/// The address of a further page. The token is no other place's business.
fn further(first: &Url, path: &str) -> Result<Url, Refusal> {
    let elsewhere = || Refusal::Temporary(Detail::new("MeWe names a further page of groups at another place"));
    first.join(path).ok().filter(|url| url.origin() == first.origin()).ok_or_else(elsewhere)
}

#[async_trait]
impl Lookup for MeWe {
    fn names(&self) -> &'static [&'static str] {
        &["groups"]
    }

    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let first = address(&format!("{API}/groups"))?;
        let mut next = Some(first.clone());
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let Some(page) = next.take() else { break };
            let Groups { groups, next_page } = ask(access.net.get(&page), access.credentials).await?;
            found.extend(groups);
            next = next_page.filter(|path| !path.is_empty()).map(|path| further(&first, &path)).transpose()?;
        }
        let item = |it: Group| LookupItem { id: it.group_id, name: it.name, detail: String::new() };
        Ok(fitting(found.into_iter().map(item), query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answer: Value) -> Value {
        Value::Object(MeWe.token_answer(serde_json::from_value(answer).unwrap()))
    }

    #[test]
    fn what_is_no_token_is_an_error_with_the_words_that_came_with_it() {
        let tokens = answered(json!({ "apiToken": "t", "expiresAt": "2025-03-30T21:07:40.253Z" }));
        assert_eq!(tokens, json!({ "access_token": "t", "expires_at": "2025-03-30T21:07:40.253Z" }));
        assert_eq!(answered(json!({ "pending": true })), json!({ "error": "authorization_pending" }));
        let refused = answered(json!({ "message": "Unknown application" }));
        assert_eq!(refused, json!({ "error": "no apiToken", "error_description": "Unknown application" }));
        let named = answered(json!({ "error": "Forbidden", "pending": false }));
        assert_eq!(named["error"], "Forbidden");
    }

    #[test]
    fn an_account_is_called_by_the_best_name_there_is() {
        let name = |me: Value| serde_json::from_value::<Me>(me).unwrap().name();
        assert_eq!(name(json!({ "userId": "u", "name": "Ada", "firstName": "A", "handle": "ada" })), "Ada");
        assert_eq!(name(json!({ "userId": "u", "firstName": "Ada", "lastName": "Lovelace" })), "Ada Lovelace");
        assert_eq!(name(json!({ "userId": "u", "firstName": "Ada" })), "Ada");
        assert_eq!(name(json!({ "userId": "u", "handle": "ada" })), "ada");
        assert_eq!(name(json!({ "userId": "u" })), "u");
    }
}
