//! Instagram by Facebook Login: accounts that are linked to a page. A page's token speaks for its account.

use super::{Settings, check, publish, refine, rules};
use crate::about::{About, Network};
use crate::afterwards::{ChannelMetrics, Delete, PostMetrics};
use crate::check::PartToCheck;
use crate::choosing::{Access, Choice, Choosing, Unusable, Words};
use crate::connect::{Connect, Endpoints, Facts, Identified, OAuth2, Scope};
use crate::lookup::{Lookup, LookupItem};
use crate::meta::{self, GRAPH, login};
use crate::publish::{Cx, Item, Publish, Recent, Sent};
use crate::{Credentials, Detail, Refusal, settings};
use async_trait::async_trait;
use crier_model::rules::{MediaRules, Rules};
use crier_model::{Code, Finding, channel::Identity};
use crier_net::Client;
use serde::Deserialize;
use serde_json::{Map, Value};

const ABOUT: About = About {
    id: "instagram",
    name: "Instagram",
    color: "#d6249f",
    summary: "Professional accounts that are linked to a Facebook page, by an app of your own.",
    works_at_once: false,
    console: Some("https://developers.facebook.com/apps"),
    deadline_s: 1800,
};

const SCOPES: &[Scope] = &[
    Scope { id: "instagram_basic", why: "to know which account this is", required: true },
    Scope { id: "instagram_content_publish", why: "to publish posts, reels and stories", required: true },
    Scope { id: "pages_show_list", why: "to list the pages that accounts are linked to", required: true },
    Scope { id: "pages_read_engagement", why: "to act for an account by its page", required: true },
    Scope { id: "instagram_manage_comments", why: "to publish further parts as comments", required: false },
    Scope { id: "instagram_manage_insights", why: "to show views, reach and saves", required: false },
    Scope { id: "instagram_manage_contents", why: "to delete what was published", required: false },
    Scope { id: "business_management", why: "to list pages that belong to a business", required: false },
];

const WORDS: Words = Words {
    one: "Account",
    many: "Accounts",
    needed: "Make your account on Instagram a professional one (business or creator), and link it to a Facebook page that you manage.",
};

/// What is asked of the account beside its page.
const ACCOUNT: &str = ",instagram_business_account{id,username,name,profile_picture_url}";
const MUSIC: &str = "audioSearch";

#[derive(Debug)]
pub struct Instagram;

impl Network for Instagram {
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
        let rules = rules();
        Rules { media: MediaRules { brought: vec!["video/".to_owned()], ..rules.media }, ..rules }
    }

    fn settings_schema(&self) -> Value {
        settings::schema::<Settings>()
    }

    fn check(&self, _facts: &Facts, parts: &[PartToCheck<'_>], given: &Map<String, Value>) -> Vec<Finding> {
        check(parts, given)
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
}

#[async_trait]
impl OAuth2 for Instagram {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, _net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        login::endpoints()
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        login::identify(net, credentials).await
    }
}

#[async_trait]
impl Choosing for Instagram {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let choice = |page: login::Page| {
            let (credentials, may_publish) = (page.credentials(), page.may_publish());
            let account = page.instagram_business_account?;
            let unusable = match (&credentials, may_publish) {
                (None, _) => Some((Code::ConsentScopeMissing, format!("Its page, {}, was not ticked.", page.name))),
                (Some(_), false) => {
                    Some((Code::WrongKind, format!("You may not create content for its page, {}.", page.name)))
                }
                (Some(_), true) => None,
            };
            Some(Choice {
                identity: identity(account),
                kind: WORDS.one.to_owned(),
                credentials,
                facts: Facts::new(),
                unusable: unusable.map(|(code, why)| Unusable { code, why }),
            })
        };
        Ok(login::pages(access, ACCOUNT).await?.into_iter().filter_map(choice).collect())
    }

    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        let request = access.net.get(format!("{GRAPH}/{}", identity.remote_id)).query(&[("fields", "id,username")]);
        meta::ask::<meta::Made>(request, access.credentials, refine).await.map(drop)
    }

    async fn derive(&self, access: &Access<'_>, id: &str) -> Result<Option<Credentials>, Refusal> {
        let is_its = |page: &login::Page| page.instagram_business_account.as_ref().is_some_and(|it| it.id == id);
        let page = login::pages(access, ACCOUNT).await?.into_iter().find(is_its);
        page.and_then(|page| page.credentials()).map(Some).ok_or_else(|| login::not_granted("this account's page"))
    }
}

fn identity(account: login::Account) -> Identity {
    Identity {
        name: account.name.filter(|name| !name.is_empty()).unwrap_or_else(|| account.username.clone()),
        profile_url: Some(format!("https://www.instagram.com/{}/", account.username)),
        remote_id: account.id,
        handle: account.username,
        avatar_url: account.profile_picture_url,
    }
}

#[async_trait]
impl Publish for Instagram {
    async fn ahead(&self, cx: &Cx<'_>, item: &Item) -> Result<(), Refusal> {
        publish::ahead(cx, item, GRAPH, &self.render(&item.body)).await
    }

    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        publish::publish(cx, item, GRAPH, &self.render(&item.body)).await
    }
}

#[async_trait]
impl Recent for Instagram {
    async fn find(&self, cx: &Cx<'_>, item: &Item) -> Result<Option<Sent>, Refusal> {
        publish::find(cx, item, GRAPH, &self.render(&item.body)).await
    }
}

#[derive(Deserialize)]
struct Linked {
    #[serde(default)]
    instagram_business_account: Option<meta::Made>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    audio: Vec<Audio>,
}

#[derive(Deserialize)]
struct Audio {
    audio_id: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    display_artist: Option<String>,
    /// Whose own sound it is.
    #[serde(default)]
    ig_username: Option<String>,
}

/// The Audio API (<https://developers.facebook.com/documentation/instagram-platform/content-publishing/audio-api>, June 2026).
#[async_trait]
impl Lookup for Instagram {
    fn names(&self) -> &'static [&'static str] {
        &[MUSIC]
    }

    /// Music first, then other people's own sounds; what many use now where nothing is searched for.
    async fn lookup(&self, access: &Access<'_>, _name: &str, query: &str) -> Result<Vec<LookupItem>, Refusal> {
        let request = access.net.get(format!("{GRAPH}/me")).query(&[("fields", "instagram_business_account")]);
        let linked: Linked = meta::ask(request, access.credentials, refine).await?;
        let unlinked = || Refusal::Content(Detail::new("the page is linked to no account on Instagram any more"));
        let account = linked.instagram_business_account.ok_or_else(unlinked)?.id;
        let mut items = Vec::new();
        for kind in ["music", "original_sound"] {
            let mut asked = vec![("audio_type", kind), ("user_id", &account)];
            asked.extend((!query.trim().is_empty()).then(|| ("search_query", query.trim())));
            let request = access.net.get(format!("{GRAPH}/ig_audio")).query(&asked);
            let found: Found = meta::ask(request, access.credentials, refine).await?;
            items.extend(found.audio.into_iter().map(|audio| LookupItem {
                name: audio.title.unwrap_or_else(|| audio.audio_id.clone()),
                detail: audio.display_artist.or(audio.ig_username).unwrap_or_default(),
                id: audio.audio_id,
            }));
        }
        Ok(items)
    }
}
