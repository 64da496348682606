//! LinkedIn, as a member. Pages are a network of their own, for they take another permission, and often another app.
//!
//! After <https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api> (version 2026-07): posts, images,
//! videos, comments, “little text”; and after <https://www.linkedin.com/help/linkedin/answer/a548372>, what videos may be. LinkedIn knows no key for a post, and a member's posts can't be listed.

mod afterwards;
mod little;
pub mod page;
mod plugs;
mod post;

use crate::about::{About, Network};
use crate::afterwards::{Delete, Edit};
use crate::check::PartToCheck;
use crate::connect::{ClientAuth, Connect, Dialect, Endpoints, Facts, Identified, OAuth2, Scope, fixed};
use crate::plugs::{Comments, Reposts};
use crate::publish::{Cx, Item, Once, Publish, Sent};
use crate::{Credentials, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaKind, MediaRules, PartsKind, PartsRules, Ratio, Rules, TextRules, Unit};
use crier_model::{Code, Finding, channel::Identity};
use crier_net::{Client, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const ABOUT: About = About {
    id: "linkedin",
    name: "LinkedIn",
    color: "#0a66c2",
    summary: "Posts as yourself on LinkedIn, by an app of your own.",
    works_at_once: false,
    console: Some("https://www.linkedin.com/developers/apps"),
    deadline_s: 600,
};

const API: &str = "https://api.linkedin.com";
/// Versions live for a year at least.
const VERSION: &str = "202607";
const SCOPES: &[Scope] = &[
    Scope { id: "openid", why: "to know which account this is", required: true },
    Scope { id: "profile", why: "to know its name and picture", required: true },
    Scope { id: "w_member_social", why: "to publish your posts and comments", required: true },
];

#[derive(Debug)]
pub struct LinkedIn;

/// Who sees a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Visibility {
    #[default]
    Public,
    Connections,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "Visibility", description = "Everybody, or only those you are connected with.")]
    visibility: Visibility,
    #[schemars(title = "No reshares", description = "Others can't share the post on.")]
    is_reshare_disabled: bool,
}

impl Network for LinkedIn {
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
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], _settings: &Map<String, Value>) -> Vec<Finding> {
        post::too_many_pixels(parts)
    }

    fn publish(&self) -> &dyn Publish {
        self
    }

    fn delete(&self) -> Option<&dyn Delete> {
        Some(self)
    }

    fn edit(&self) -> Option<&dyn Edit> {
        Some(self)
    }

    fn reposts(&self) -> Option<&dyn Reposts> {
        Some(self)
    }

    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

fn rules() -> Rules {
    Rules {
        text: TextRules::up_to(3000, Unit::Utf16),
        media: MediaRules {
            alone: vec!["video/".to_owned()],
            ..MediaRules::up_to(
                20,
                vec![
                    MediaKind {
                        max_pixels: Some(36_152_319),
                        ..MediaKind::up_to(36_000_000, &["image/jpeg", "image/png", "image/gif"])
                    },
                    MediaKind {
                        narrowest: Some(Ratio::of(10, 24)),
                        widest: Some(Ratio::of(24, 10)),
                        ..MediaKind::up_to(500_000_000, &["video/mp4"])
                            .films(3, 30 * 60, &["h264", "aac"])
                            .frames(10, 60)
                    },
                ],
                Some(4086),
            )
        },
        // What follows a post is a comment below it.
        parts: PartsRules { max: 25, kind: PartsKind::Comment, max_text: Some(1250), max_media: Some(0) },
    }
}

fn endpoints() -> Result<Endpoints, Refusal> {
    fixed(
        "https://www.linkedin.com/oauth/v2/authorization",
        "https://www.linkedin.com/oauth/v2/accessToken",
        ClientAuth::Body,
        Dialect::default(),
    )
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    name: String,
    #[serde(default)]
    picture: Option<String>,
}

#[async_trait]
impl OAuth2 for LinkedIn {
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
        let request = net.get(format!("{API}/v2/userinfo")).bearer(credentials.access_token.expose());
        let user: UserInfo = call::ask(request, credentials, refine).await?;
        let identity = Identity {
            remote_id: user.sub,
            // What stands in the address of a profile is told to approved apps alone.
            handle: user.name.clone(),
            name: user.name,
            profile_url: None,
            avatar_url: user.picture,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

/// With the token and the version spoken.
fn versioned(request: Request, credentials: &Credentials) -> Request {
    request
        .bearer(credentials.access_token.expose())
        .header("linkedin-version", VERSION)
        .header("x-restli-protocol-version", "2.0.0")
}

#[async_trait]
impl Publish for LinkedIn {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        post::ahead(cx, item, &author(cx)).await
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let author = author(cx);
        let words = self.render(&item.body);
        let wish = post::Wish {
            author: &author,
            words: &words,
            visibility: serde_json::to_value(settings.visibility).unwrap_or_default(),
            no_reshares: settings.is_reshare_disabled,
            once: Once::Ask,
        };
        post::publish(cx, item, wish).await
    }
}

fn author(cx: &Cx<'_>) -> String {
    format!("urn:li:person:{}", cx.account)
}

/// LinkedIn's errors: a service's code, and sentences.
fn refine(refusal: Refusal) -> Refusal {
    let said = refusal.detail().message.to_lowercase();
    let code = refusal.detail().code.clone().unwrap_or_default();
    let status = refusal.detail().status;
    match refusal {
        Refusal::Content(detail) if status == Some(403) && !said.contains("resource is forbidden") => {
            Refusal::Auth(detail.diagnosed(Code::ConsentScopeMissing))
        }
        // It says so for what is not yet there everywhere.
        Refusal::Content(detail) if status == Some(403) || said.contains("unable to obtain activity") => {
            Refusal::Temporary(detail)
        }
        other if said.contains("duplicate") || code == "DUPLICATE_POST" => other.at("/text"),
        other if said.contains("commentary") || said.contains("message text") => other.at("/text"),
        other if ["image", "video", "media"].iter().any(|word| said.contains(word)) => other.at("/media"),
        other => other,
    }
}
