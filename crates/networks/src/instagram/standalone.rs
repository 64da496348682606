//! Instagram by its own sign-in: an account by itself, without a page.
//!
//! After <https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/business-login> (August
//! 2026): tokens that are good for their own successors, as those of Threads are.

use super::{Settings, check, publish, refine, rules};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, PostMetrics};
use crate::check::PartToCheck;
use crate::connect::{Answered, ClientAuth, Connect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::meta::{self, own};
use crate::publish::{Cx, Item, Publish, Recent, Sent};
use crate::{Credentials, Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::rules::Rules;
use crier_model::{Code, Finding, channel::Identity};
use crier_net::Client;
use serde::Deserialize;
use serde_json::{Map, Value};

const ABOUT: About = About {
    id: "instagram-standalone",
    name: "Instagram (without a page)",
    color: "#d6249f",
    summary: "Professional accounts by Instagram's own sign-in, by an app of your own.",
    works_at_once: false,
    console: Some("https://developers.facebook.com/apps"),
    deadline_s: 1800,
};

pub(super) const API: &str = "https://graph.instagram.com/v26.0";
const SCOPES: &[Scope] = &[
    Scope { id: "instagram_business_basic", why: "to know which account this is", required: true },
    Scope { id: "instagram_business_content_publish", why: "to publish posts, reels and stories", required: true },
    Scope { id: "instagram_business_manage_comments", why: "to publish further parts as comments", required: false },
    Scope { id: "instagram_business_manage_insights", why: "to show views, reach and saves", required: false },
];
/// What takes a page.
const WITH_A_PAGE: [&str; 3] = ["audio", "audio_volume", "video_volume"];

#[derive(Debug)]
pub struct InstagramStandalone;

impl Network for InstagramStandalone {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, _facts: &Facts) -> Rules {
        rules()
    }

    fn settings_schema(&self) -> Value {
        let mut schema = settings::schema::<Settings>();
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.retain(|name, _| !WITH_A_PAGE.contains(&name.as_str()));
        }
        schema
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], given: &Map<String, Value>) -> Vec<Finding> {
        check(parts, given)
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn recent(&self) -> Option<&dyn Recent> {
        Some(self)
    }

    fn post_metrics(&self) -> Option<&dyn PostMetrics> {
        Some(self)
    }

    fn channel_metrics(&self) -> Option<&dyn ChannelMetrics> {
        Some(self)
    }
}

#[derive(Deserialize)]
struct Profile {
    user_id: String,
    username: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    profile_picture_url: Option<String>,
    #[serde(default)]
    account_type: Option<String>,
}

#[async_trait]
impl OAuth2 for InstagramStandalone {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let dialect = own::dialect("https://graph.instagram.com", "ig")?;
        let endpoints = fixed(
            "https://www.instagram.com/oauth/authorize",
            "https://api.instagram.com/oauth/access_token",
            ClientAuth::Body,
            dialect,
        )?;
        // Facebook's sign-in has a network of its own here.
        Ok(Endpoints { authorize_extra: vec![("enable_fb_login".to_owned(), "0".to_owned())], ..endpoints })
    }

    /// The answer to a code is wrapped in a list of one, and names the permissions in a way of its own.
    fn token_answer(&self, mut answer: Answered) -> Answered {
        if let Some(Value::Object(inner)) = answer.get("data").and_then(|data| data.get(0)) {
            answer = inner.clone();
        }
        own::granted(answer)
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let request = net.get(format!("{API}/me"));
        let request = request.query(&[("fields", "user_id,username,name,profile_picture_url,account_type")]);
        let profile: Profile = meta::ask(request, credentials, refine).await?;
        if profile.account_type.as_deref() == Some("PERSONAL") {
            let said = format!("@{} is a personal account", profile.username);
            return Err(Refusal::Content(Detail::new(said).diagnosed(Code::WrongKind)));
        }
        let identity = Identity {
            remote_id: profile.user_id,
            name: profile.name.filter(|name| !name.is_empty()).unwrap_or_else(|| profile.username.clone()),
            profile_url: Some(format!("https://www.instagram.com/{}/", profile.username)),
            handle: profile.username,
            avatar_url: profile.profile_picture_url,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[async_trait]
impl Publish for InstagramStandalone {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        publish::ahead(cx, item, API, &self.render(&item.body)).await
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        publish::publish(cx, item, API, &self.render(&item.body)).await
    }
}

#[async_trait]
impl Recent for InstagramStandalone {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        publish::find(cx, item, API, &self.render(&item.body)).await
    }
}
