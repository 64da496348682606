//! The handshake on a database of its own, with one network: the OpenID provider of `peers/oidc-provider`.

use crate::browser::{Browser, Does, Ended, Query};
use async_trait::async_trait;
use crier_connect::{AttemptView, Callback, Deps, Handshake, Landing, Settings, Start, Started};
use crier_media::{Library, Storage};
use crier_model::{Code, UserId, WorkspaceId, attempt::AttemptState, channel::Identity, rules::Rules};
use crier_net::{Client, Config, ProxyConfig};
use crier_networks::{
    About, Connect, Credentials, Identified, Network, Refusal, Registry,
    about::no_settings,
    connect::{Client2, ClientAuth, Dialect, Endpoints, Facts, OAuth2, Scope},
    playground::Playground,
    publish::Publish,
};
use crier_store::{
    channels::{self, Channel},
    testing::{self, TestClock, TestStore},
    users::{self, NewUser, Registration},
};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use tempfile::TempDir;
use url::Url;

pub const REDIRECT_URI: &str = "https://crier.test/integrations/social/oidc";

pub const SCOPES: &[Scope] = &[
    Scope { id: "openid", why: "to sign in", required: true },
    Scope { id: "offline_access", why: "to stay signed in", required: true },
    Scope { id: "profile", why: "to know which account this is", required: true },
    Scope { id: "posts.write", why: "to publish", required: true },
];

/// With one that the server does not have, which grants what it has and says so.
pub const MORE_SCOPES: &[Scope] =
    &[SCOPES[0], SCOPES[1], SCOPES[2], SCOPES[3], Scope { id: "posts.admin", why: "to moderate", required: false }];

const ABOUT: About = About {
    id: "oidc",
    name: "The provider",
    color: "#000000",
    summary: "An OpenID provider.",
    works_at_once: false,
    console: None,
    deadline_s: 60,
};

/// What the script printed.
pub fn peer() -> Value {
    let told = std::env::var("CRIER_PEER_OIDC").expect("CRIER_PEER_OIDC is not set; see peers/README.md");
    serde_json::from_str(&told).unwrap()
}

pub fn text(at: &str) -> String {
    peer().pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("no {at}")).to_owned()
}

pub fn client() -> Client {
    let allow = vec!["127.0.0.1".parse().unwrap()];
    Client::new(Config { allow, proxy: ProxyConfig::None, ..Config::default() }).unwrap()
}

/// How the handshake is set up against the provider.
#[derive(Debug, Clone)]
pub struct Oidc {
    pub auth: ClientAuth,
    /// By its name in the script's `clients`.
    pub client: &'static str,
    pub secret: Option<String>,
    pub scopes: &'static [Scope],
}

impl Oidc {
    pub fn by(auth: ClientAuth) -> Self {
        let (client, secret) = match auth {
            ClientAuth::Basic => ("basic", Some(text("/client_secret"))),
            ClientAuth::Body => ("post", Some(text("/client_secret"))),
            _ => ("none", None),
        };
        Self { auth, client, secret, scopes: SCOPES }
    }
}

/// The network. It is connected and never published to.
struct Provider {
    set_up: Oidc,
    never: Playground,
}

impl Network for Provider {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::OAuth2(self)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        self.never.rules(facts)
    }

    fn settings_schema(&self) -> Value {
        no_settings()
    }

    fn publish(&self) -> &dyn Publish {
        &self.never
    }
}

async fn ask(request: crier_net::Request) -> Result<Value, Refusal> {
    let answer = request.send().await?;
    if !answer.is_success() {
        return Err(Refusal::from_answer(&answer));
    }
    Ok(answer.json()?)
}

#[async_trait]
impl OAuth2 for Provider {
    fn scopes(&self) -> &'static [Scope] {
        self.set_up.scopes
    }

    async fn discover(&self, net: &Client, _instance: Option<&str>) -> Result<Endpoints, Refusal> {
        let told = ask(net.get(format!("{}/.well-known/openid-configuration", text("/url")))).await?;
        let url = |name: &str| told[name].as_str().unwrap().parse::<Url>().unwrap();
        assert_eq!(told["code_challenge_methods_supported"], serde_json::json!(["S256"]));
        Ok(Endpoints {
            account: None,
            dpop: false,
            par: None,
            authorize: url("authorization_endpoint"),
            token: url("token_endpoint"),
            revoke: Some(url("revocation_endpoint")),
            registration: None,
            scope: None,
            issuer: Some(told["issuer"].as_str().unwrap().to_owned()),
            iss_always: told["authorization_response_iss_parameter_supported"] == true,
            pkce: true,
            client_auth: self.set_up.auth,
            // It gives refresh tokens only to those who are asked anew (OpenID Connect Core, 11).
            authorize_extra: vec![("prompt".to_owned(), "consent".to_owned())],
            dialect: Dialect::default(),
        })
    }

    async fn identify(
        &self,
        net: &Client,
        _instance: Option<&str>,
        credentials: &Credentials,
    ) -> Result<Identified, Refusal> {
        let me = ask(net.get(format!("{}/me", text("/url"))).bearer(credentials.access_token.expose())).await?;
        let field = |name: &str| me[name].as_str().unwrap().to_owned();
        let identity = Identity {
            remote_id: field("sub"),
            name: field("name"),
            handle: field("preferred_username"),
            profile_url: None,
            avatar_url: None,
        };
        Ok(Identified { identity, granted: None, facts: Facts::new() })
    }
}

pub struct World {
    pub clock: Arc<TestClock>,
    pub store: TestStore,
    pub handshake: Handshake,
    pub user: UserId,
    pub workspace: WorkspaceId,
    _folder: TempDir,
}

impl World {
    pub async fn of(set_up: Oidc) -> Self {
        let clock = TestClock::at(Timestamp::now());
        let store = testing::open_at(clock.clone()).await;
        let new = NewUser {
            email: "ada@crier.test".to_owned(),
            name: "Ada".to_owned(),
            password_hash: "x".into(),
            time_zone: "UTC".to_owned(),
        };
        let (user, workspace) = users::sign_up(&store, new, "Works", Registration::Open).await.unwrap();
        let folder = TempDir::new().unwrap();
        let mut settings = Settings::new("https://crier.test".parse().unwrap());
        let client_id = text(&format!("/clients/{}", set_up.client));
        let client_secret = set_up.secret.clone().map(Into::into);
        settings.apps.insert("oidc".to_owned(), Client2 { client_id, client_secret, bot_token: None });
        let never = Playground::new(&"http://127.0.0.1:9".parse().unwrap());
        let handshake = Handshake::new(Deps {
            store: store.clone(),
            net: client(),
            registry: Registry::of(vec![Box::new(Provider { set_up, never })]),
            library: Library::new(store.clone(), Storage::folder(&folder.path().join("media")).unwrap()),
            clock: clock.clone(),
            settings,
        });
        Self { clock, store, handshake, user: user.id, workspace: workspace.id, _folder: folder }
    }

    pub async fn leave(&self) -> Started {
        let start = Start {
            workspace: self.workspace,
            user: self.user,
            network: "oidc",
            way: None,
            instance: None,
            channel: None,
            browser: None,
        };
        let started = self.handshake.start(start).await.unwrap();
        assert_eq!(started.attempt.state, AttemptState::Away, "{:?}", started.attempt.diagnosis);
        started
    }

    /// Goes to the provider with the address made for it, changed on the way.
    pub async fn go(&self, started: &Started, does: Does, change: impl FnOnce(&mut Query)) -> Ended {
        let mut url = started.authorize_url.clone().unwrap();
        let mut query: Query = url.query_pairs().into_owned().collect();
        change(&mut query);
        url.query_pairs_mut().clear().extend_pairs(query);
        Browser::default().visit(&url, REDIRECT_URI, does).await
    }

    pub async fn allow(&self, started: &Started) -> Query {
        self.allow_changed(started, |_| {}).await
    }

    pub async fn allow_changed(&self, started: &Started, change: impl FnOnce(&mut Query)) -> Query {
        match self.go(started, Does::Allows, change).await {
            Ended::Back(query) => query,
            Ended::Stuck(words) => panic!("{words}"),
        }
    }

    pub fn returning(started: &Started, query: &Query) -> Callback {
        Callback {
            network: "oidc".to_owned(),
            query: query.clone(),
            browser: Some(started.browser_cookie.clone()),
            signed_in: None,
        }
    }

    pub async fn land(&self, started: &Started, query: &Query) -> AttemptView {
        let landing = self.handshake.callback(Self::returning(started, query)).await;
        assert_eq!(landing, Landing::Attempt { id: started.attempt.id, nonce: None });
        self.handshake.view(started.attempt.id, self.workspace, self.user).await.unwrap()
    }

    pub async fn connect(&self) -> Channel {
        let started = self.leave().await;
        let query = self.allow(&started).await;
        let view = self.land(&started, &query).await;
        assert_eq!(view.state, AttemptState::Connected, "{:?}", view.diagnosis);
        channels::get(&self.store, self.workspace, view.channel_id.unwrap()).await.unwrap()
    }
}

pub fn code(view: &AttemptView) -> Option<Code> {
    view.diagnosis.as_ref().map(|diagnosis| diagnosis.code)
}

pub fn seen<'a>(view: &'a AttemptView, label: &str) -> &'a str {
    let evidence = &view.diagnosis.as_ref().unwrap().evidence;
    evidence.iter().find(|e| e.label == label).unwrap_or_else(|| panic!("no {label} in {evidence:?}")).value.as_str()
}
