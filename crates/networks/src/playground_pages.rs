//! Playground Pages: the pages of a Playground account, each with a token of its own. It publishes as [`Playground`] does; what
//! differs is that the account that signs in is only asked what it manages.

use crate::about::{About, Network, no_settings};
use crate::choosing::{Access, Choice, Choosing, Unusable, Words};
use crate::connect::{Client2, Connect, Credentials, Endpoints, Facts, Identified, OAuth2, Scope};
use crate::playground::{Account, Playground, refine, register};
use crate::publish::{Publish, Recent};
use crate::{Detail, Refusal, call};
use async_trait::async_trait;
use crier_model::{Code, Secret, Timestamp, channel::Identity, rules::Rules};
use crier_net::{Client, Request};
use jiff::SignedDuration;
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

const ABOUT: About = About {
    id: "playground_pages",
    name: "Playground Pages",
    color: "#9c36b5",
    summary: "Pages of a Playground account: connect several at once, as on networks that publish by pages.",
    works_at_once: true,
    console: None,
    deadline_s: 120,
};

const SCOPES: &[Scope] = &[
    Scope { id: "profile", why: "to know which account and which page this is", required: true },
    Scope { id: "pages:manage", why: "to list your pages and act as those you choose", required: true },
    Scope { id: "posts:write", why: "to publish your posts", required: true },
    Scope { id: "media:write", why: "to upload pictures; without it only text can be published", required: false },
    Scope { id: "posts:read", why: "to find a post again when its confirmation was lost", required: false },
    Scope { id: "metrics:read", why: "to show likes, replies and views", required: false },
];

const WORDS: Words = Words {
    one: "Page",
    many: "Pages",
    needed: "Make a page first: sign in at the Playground and open “Pages” there.",
};

/// How many pages one answer holds.
const LIMIT: usize = 100;

/// The pages at one origin.
#[derive(Debug)]
pub struct PlaygroundPages(Playground);

impl PlaygroundPages {
    #[must_use]
    pub fn new(origin: &Url) -> Self {
        Self(Playground::new(origin))
    }
}

impl Network for PlaygroundPages {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn choosing(&self) -> Option<&dyn Choosing> {
        Some(self)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        self.0.rules(facts)
    }

    fn settings_schema(&self) -> serde_json::Value {
        no_settings()
    }

    fn publish(&self) -> &dyn Publish {
        &self.0
    }

    fn recent(&self) -> Option<&dyn Recent> {
        Some(&self.0)
    }
}

#[async_trait]
impl OAuth2 for PlaygroundPages {
    fn scopes(&self) -> &'static [Scope] {
        SCOPES
    }

    async fn discover(&self, net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        self.0.endpoints(net).await
    }

    async fn register(
        &self,
        net: &Client,
        endpoints: &Endpoints,
        redirect_uri: &str,
    ) -> Result<Option<Client2>, Refusal> {
        register(net, endpoints, redirect_uri, SCOPES).await
    }

    async fn identify(
        &self,
        net: &Client,
        instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        self.0.identify(net, instance, credentials).await
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(flatten)]
    account: Account,
    #[serde(default)]
    access_token: Option<Secret>,
    /// Seconds from now.
    #[serde(default)]
    expires_in: Option<i64>,
}

#[derive(Deserialize)]
struct Listing {
    pages: Vec<Page>,
    next_after: Option<String>,
}

impl Page {
    /// What speaks for it; none where the app was not granted it.
    fn credentials(&self, now: Timestamp) -> Option<Credentials> {
        let life = self.expires_in.map(SignedDuration::from_secs);
        Some(Credentials {
            access_token: self.access_token.clone()?,
            expires_at: life.and_then(|life| now.checked_add(life).ok()),
            ..Credentials::default()
        })
    }

    fn choice(self, now: Timestamp) -> Choice {
        let credentials = self.credentials(now);
        let unusable = credentials.is_none().then(|| Unusable {
            code: Code::ConsentScopeMissing,
            why: "It was not granted to Crier on the consent page.".to_owned(),
        });
        Choice { kind: WORDS.one.to_owned(), credentials, facts: Facts::new(), unusable, identity: self.account.into() }
    }
}

#[async_trait]
impl Choosing for PlaygroundPages {
    fn words(&self) -> Words {
        WORDS
    }

    async fn choices(&self, access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let mut query = vec![("limit", LIMIT.to_string())];
            query.extend(after.map(|id| ("after", id)));
            let request = access.net.get(self.0.api("pages")).query(&query);
            let listing: Listing = ask(request, access.credentials).await?;
            // Pages that go on without holding any would go on for ever.
            let ended = listing.pages.is_empty();
            all.extend(listing.pages.into_iter().map(|page| page.choice(access.now)));
            match listing.next_after {
                Some(next) if !ended => after = Some(next),
                _ => return Ok(all),
            }
        }
    }

    async fn probe(&self, access: &Access<'_>, identity: &Identity) -> Result<(), Refusal> {
        let account = self.0.me(access.net, access.credentials).await?;
        if account.id == identity.remote_id {
            return Ok(());
        }
        let said = format!("the token speaks for {} instead of {}", account.id, identity.remote_id);
        Err(Refusal::Content(Detail::new(said).diagnosed(Code::OtherThanExpected)))
    }

    async fn derive(&self, access: &Access<'_>, id: &str) -> Result<Option<Credentials>, Refusal> {
        let request = access.net.get(self.0.api(&format!("pages/{id}")));
        let page: Page = ask(request, access.credentials).await?;
        let malformed =
            || Refusal::Temporary(Detail::new("the page came without a token").diagnosed(Code::TokenMalformed));
        page.credentials(access.now).map(Some).ok_or_else(malformed)
    }
}

async fn ask<T: DeserializeOwned>(request: Request, credentials: &Credentials) -> Result<T, Refusal> {
    call::ask(request.bearer(credentials.access_token.expose()), credentials, refine).await
}
