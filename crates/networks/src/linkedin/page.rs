//! LinkedIn Pages: the pages a member may post for. They are posted for with the member's token.

use super::post::{self, Wish};
use super::{API, endpoints, little, refine, rules, versioned};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, Edit, PostMetrics};
use crate::check::PartToCheck;
use crate::choosing::{Access, Choice, Choosing, Unusable, Words};
use crate::connect::{Connect, Endpoints, Facts, Identified, OAuth2, Scope};
use crate::lookup::{self, Lookup, LookupItem};
use crate::plugs::{Comments, Reposts};
use crate::publish::{Cx, Item, Once, Publish, Recent, Sent};
use crate::{Credentials, Detail, Refusal, call, settings};
use async_trait::async_trait;
use crier_model::rules::Rules;
use crier_model::{Code, Finding, channel::Identity};
use crier_net::Client;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const ABOUT: About = About {
    id: "linkedin-page",
    name: "LinkedIn Page",
    color: "#0a66c2",
    summary: "Pages of organisations on LinkedIn, by an app of your own.",
    works_at_once: false,
    console: Some("https://www.linkedin.com/developers/apps"),
    deadline_s: 600,
};

const SCOPES: &[Scope] = &[
    Scope { id: "r_basicprofile", why: "to know which account signed in", required: true },
    Scope { id: "rw_organization_admin", why: "to list the pages you manage", required: true },
    Scope { id: "w_organization_social", why: "to publish posts and comments of your pages", required: true },
    Scope { id: "r_organization_social", why: "to find a post again when its confirmation was lost", required: false },
];

const WORDS: Words = Words {
    one: "Page",
    many: "Pages",
    needed: "Sign in as somebody who is a super admin or content admin of a page on LinkedIn.",
};

/// How many one answer holds.
const LIMIT: usize = 100;
/// How far LinkedIn's clock may be behind.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_secs(60);

#[derive(Debug)]
pub struct LinkedInPage;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[schemars(title = "No reshares", description = "Others can't share the post on.")]
    is_reshare_disabled: bool,
}

impl Network for LinkedInPage {
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

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
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

    fn family(&self) -> &'static str {
        super::ABOUT.id
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    id: String,
    #[serde(default)]
    localized_first_name: String,
    #[serde(default)]
    localized_last_name: String,
    #[serde(default)]
    vanity_name: Option<String>,
}

#[async_trait]
impl OAuth2 for LinkedInPage {
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
        let request = net.get(format!("{API}/v2/me")).bearer(credentials.access_token.expose());
        let me: Me = call::ask(request, credentials, refine).await?;
        let name = format!("{} {}", me.localized_first_name, me.localized_last_name).trim().to_owned();
        let identity = Identity {
            profile_url: me.vanity_name.as_ref().map(|name| format!("https://www.linkedin.com/in/{name}")),
            handle: me.vanity_name.unwrap_or_else(|| name.clone()),
            name,
            remote_id: me.id,
            avatar_url: None,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

#[derive(Deserialize)]
pub(super) struct Elements<T> {
    pub(super) elements: Vec<T>,
}

/// What the member may do for a page.
#[derive(Deserialize)]
struct Role {
    role: String,
    /// `urn:li:organization:1`.
    organization: String,
}

impl Role {
    fn may_post(&self) -> bool {
        matches!(self.role.as_str(), "ADMINISTRATOR" | "CONTENT_ADMINISTRATOR" | "CONTENT_ADMIN")
    }
}

#[derive(Deserialize)]
struct Looked {
    results: BTreeMap<String, Organization>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    localized_name: String,
    #[serde(default)]
    vanity_name: Option<String>,
}

impl Organization {
    fn identity(self, id: &str) -> Identity {
        Identity {
            remote_id: id.to_owned(),
            profile_url: Some(format!("https://www.linkedin.com/company/{id}/")),
            handle: self.vanity_name.unwrap_or_else(|| self.localized_name.clone()),
            name: self.localized_name,
            // A logo is told as an asset, whose address takes another permission.
            avatar_url: None,
        }
    }
}

#[async_trait]
impl Choosing for LinkedInPage {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        // Somebody may have several roles for one page; one that may post is enough.
        let mut roles: Vec<(String, bool)> = Vec::new();
        for start in (0..).step_by(LIMIT) {
            let query = format!("q=roleAssignee&state=APPROVED&start={start}&count={LIMIT}");
            let request = versioned(access.net.get(format!("{API}/rest/organizationAcls?{query}")), access.credentials);
            let page: Elements<Role> = call::ask(request, access.credentials, refine).await?;
            let ended = page.elements.len() < LIMIT;
            for role in page.elements {
                let Some(id) = role.organization.strip_prefix("urn:li:organization:") else { continue };
                match roles.iter_mut().find(|(known, _)| known == id) {
                    Some((_, may_post)) => *may_post |= role.may_post(),
                    None => roles.push((id.to_owned(), role.may_post())),
                }
            }
            if ended {
                break;
            }
        }
        let mut choices = Vec::new();
        for some in roles.chunks(LIMIT) {
            let ids: Vec<&str> = some.iter().map(|(id, _)| id.as_str()).collect();
            let request = access.net.get(format!("{API}/rest/organizationsLookup?ids=List({})", ids.join(",")));
            let request = versioned(request, access.credentials);
            let looked: Looked = call::ask(request, access.credentials, refine).await?;
            choices.extend(some.iter().filter_map(|(id, may_post)| {
                let organization = looked.results.get(id)?.clone();
                Some(Choice {
                    identity: organization.identity(id),
                    kind: WORDS.one.to_owned(),
                    credentials: None,
                    facts: Facts::new(),
                    unusable: (!may_post).then(|| Unusable {
                        code: Code::WrongKind,
                        why: "You are no super admin or content admin of it.".to_owned(),
                    }),
                })
            }));
        }
        Ok(choices)
    }

    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        let request = access.net.get(format!("{API}/rest/organizations/{}", identity.remote_id));
        let _: Organization = call::ask(versioned(request, access.credentials), access.credentials, refine).await?;
        Ok(())
    }
}

pub(super) fn author(cx: &Cx<'_>) -> String {
    format!("urn:li:organization:{}", cx.account)
}

#[async_trait]
impl Publish for LinkedInPage {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        post::ahead(cx, item, &author(cx)).await
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let (author, words) = (author(cx), self.render(&item.body));
        let wish = Wish {
            author: &author,
            words: &words,
            visibility: "PUBLIC".into(),
            no_reshares: settings.is_reshare_disabled,
            once: Once::Look,
        };
        post::publish(cx, item, wish).await
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    #[serde(default)]
    commentary: String,
    /// Milliseconds.
    #[serde(default)]
    created_at: i64,
}

#[async_trait]
impl Recent for LinkedInPage {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        let words = little::write(&self.render(&item.body));
        if words.is_empty() || item.thread.is_some() {
            let said = "only posts with words can be told from others";
            return Err(Refusal::Unknown(Detail::new(said)));
        }
        let since = (cx.due_at - CLOCK_SLACK).as_millisecond();
        let query = format!("q=author&author={}&count={LIMIT}&sortBy=CREATED", post::encoded(&author(cx)));
        let request = versioned(cx.net.get(format!("{API}/rest/posts?{query}")), cx.credentials);
        let page: Elements<Listed> = call::ask(request, cx.credentials, refine).await.map_err(Refusal::of_look)?;
        let found = page.elements.iter().find(|listed| listed.created_at >= since && listed.commentary == words);
        let reached_earlier = page.elements.len() < LIMIT || page.elements.iter().any(|it| it.created_at < since);
        match found {
            Some(listed) => Ok(Some(post::sent(listed.id.clone()))),
            None if reached_earlier => Ok(None),
            None => Err(Refusal::Unknown(Detail::new("there are too many newer posts to tell whether it is there"))),
        }
    }
}

/// An organisation that was found by its name.
#[derive(Deserialize)]
struct Found {
    id: u64,
    #[serde(flatten)]
    organization: Organization,
}

#[async_trait]
impl Lookup for LinkedInPage {
    fn names(&self) -> &'static [&'static str] {
        &[lookup::MENTIONS]
    }

    /// The organisation whose page has the query in its address. LinkedIn searches neither by other names nor by a beginning.
    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let Some(name) = lookup::typed_name(query) else { return Ok(Vec::new()) };
        let request =
            access.net.get(format!("{API}/rest/organizations?q=vanityName&vanityName={}", post::encoded(name)));
        let request = versioned(request, access.credentials);
        let found: Elements<Found> = call::ask(request, access.credentials, refine).await?;
        let item = |Found { id, organization: Organization { localized_name: name, vanity_name } }: Found| LookupItem {
            id: format!("@[{name}](urn:li:organization:{id})"),
            detail: vanity_name.map(|vanity| format!("@{vanity}")).unwrap_or_default(),
            name,
        };
        // A name with such brackets would end the mention early.
        let items = found.elements.into_iter().map(item).filter(|item| little::is_mention(&item.id));
        Ok(items.take(lookup::PEOPLE).collect())
    }
}
