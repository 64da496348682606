//! A network whose every answer a test decides, in the place of the Playground: for what a well-made server can't be made to say,
//! and for counting what it was asked.

use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::any};

/// What the token endpoint does with a request.
#[derive(Debug, Clone)]
pub enum Say {
    /// Refuses it with an error and its description.
    Refuse(&'static str, &'static str),
    /// Stumbles before it has looked at the code.
    Stumble,
    /// Takes the code, and stumbles over the answer.
    Lose,
    /// Answers as it should, a while later.
    Late(Duration),
}

#[derive(Debug, Default)]
pub struct Books {
    /// Whether it lets apps register themselves.
    pub closed: bool,
    /// Codes that were given out, by the account that gave its consent.
    pub codes: HashMap<String, String>,
    used: HashSet<String>,
    /// Every code that was sent to the token endpoint, in order.
    pub asked: Vec<String>,
    /// Codes whose request was answered with a stumble.
    pub stumbled: Vec<String>,
    pub next: VecDeque<Say>,
    /// How many more profile calls fail.
    pub profiles_down: u32,
}

#[derive(Debug, Clone)]
pub struct Provider {
    server: Arc<MockServer>,
    books: Arc<Mutex<Books>>,
}

impl Provider {
    /// Reached under `host`, a name for this machine.
    pub async fn start(host: &str) -> Self {
        let server = MockServer::start().await;
        let books = Arc::new(Mutex::new(Books::default()));
        let origin = format!("http://{host}:{}", server.address().port());
        let (kept, at) = (Arc::clone(&books), origin);
        let answer = move |request: &Request| kept.lock().unwrap().answer(&at, request);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Self { server: Arc::new(server), books }
    }

    pub fn origin(&self, host: &str) -> String {
        format!("http://{host}:{}", self.server.address().port())
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl Books {
    fn answer(&mut self, origin: &str, request: &Request) -> ResponseTemplate {
        match request.url.path() {
            "/.well-known/oauth-authorization-server" => ok(&self.metadata(origin)),
            "/oauth/register" => ok(&json!({"client_id": "crier", "client_secret": "a secret of the app"})),
            "/oauth/token" => self.token(request),
            "/api/me" if self.profiles_down > 0 => {
                self.profiles_down -= 1;
                error(503, "temporarily_unavailable", "")
            }
            "/api/me" => self.me(origin, request),
            // The consent page, which knows every app and every address; and whatever is given back is taken.
            _ => ResponseTemplate::new(200),
        }
    }

    fn metadata(&self, origin: &str) -> Value {
        let mut metadata = json!({
            "issuer": origin,
            "authorization_endpoint": format!("{origin}/oauth/authorize"),
            "token_endpoint": format!("{origin}/oauth/token"),
            "revocation_endpoint": format!("{origin}/oauth/revoke"),
            "code_challenge_methods_supported": ["S256"],
        });
        if !self.closed {
            metadata["registration_endpoint"] = json!(format!("{origin}/oauth/register"));
        }
        metadata
    }

    fn token(&mut self, request: &Request) -> ResponseTemplate {
        let form: HashMap<_, _> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        if let Some(account) = form.get("refresh_token").and_then(|token| token.strip_prefix("refresh-of-")) {
            return ok(&tokens_of(account));
        }
        let code = form.get("code").cloned().unwrap_or_default();
        self.asked.push(code.clone());
        let say = self.next.pop_front();
        match say {
            Some(Say::Refuse(word, words)) => return error(400, word, words),
            Some(Say::Stumble) => {
                self.stumbled.push(code);
                return error(500, "server_error", "");
            }
            _ => {}
        }
        let Some(account) = self.codes.get(&code).cloned() else {
            return error(400, "invalid_grant", "There is no such code.");
        };
        if !self.used.insert(code.clone()) {
            return error(400, "invalid_grant", "The code was already used.");
        }
        let tokens = ok(&tokens_of(&account));
        match say {
            Some(Say::Lose) => {
                self.stumbled.push(code);
                error(502, "server_error", "")
            }
            Some(Say::Late(by)) => tokens.set_delay(by),
            _ => tokens,
        }
    }

    fn me(&self, origin: &str, request: &Request) -> ResponseTemplate {
        let bearer = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let account = bearer.strip_prefix("Bearer token-of-").unwrap_or_default();
        if !self.codes.values().any(|known| known == account) {
            return error(401, "invalid_token", "");
        }
        ok(&json!({
            "id": account, "handle": account, "name": account,
            "url": format!("{origin}/@{account}"), "avatar": format!("{origin}/avatar/{account}"),
        }))
    }
}

fn tokens_of(account: &str) -> Value {
    json!({
        "access_token": format!("token-of-{account}"),
        "refresh_token": format!("refresh-of-{account}"),
        "expires_in": 3600,
        "token_type": "Bearer",
    })
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn error(status: u16, word: &str, words: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error": word, "error_description": words}))
}
