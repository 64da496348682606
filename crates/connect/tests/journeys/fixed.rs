//! Networks at fixed places, signed in to at their very addresses: the page a person is sent to, what is asked for tokens, whose
//! they are, and how they are renewed. Written after the networks' documents, as their fixtures are.

use crate::fixture::{Exchange, different};
use crate::server::Server;
use crate::way::Way;
use crate::world::{PUBLIC_URL, Query, World, settings, stands};
use crier_connect::{AppKind, AppPlace, Callback, ConnectError, Handshake, Start, Started};
use crier_model::{Clock, Code, Secret, attempt::AttemptState as S};
use crier_networks::{Registry, connect::Client2, connect::Tokens, registry};
use crier_store::{apps::Entered, due, testing::record::row};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const DAY: i64 = 24 * 3600;

pub(crate) struct Place {
    world: World,
    server: Server,
    handshake: Handshake,
    network: &'static str,
    /// What the code is called in the return.
    code: &'static str,
}

impl Place {
    pub(crate) async fn of(network: &'static str, app: Client2) -> Self {
        Self::with(network, Some(app)).await
    }

    async fn with(network: &'static str, app: Option<Client2>) -> Self {
        let world = World::of(Vec::new(), |_| {}).await;
        // Times are kept to the millisecond.
        let now = world.clock.now().as_millisecond();
        world.clock.set(Timestamp::from_millisecond(now).unwrap());
        let (net, proxy) = Way::here();
        let server = Server::start(proxy).await;
        let mut settings = settings();
        settings.apps.extend(app.map(|app| (network.to_owned(), app)));
        let handshake = world.node_of(Registry::new(&registry::Settings::default()), settings, net);
        Self { world, server, handshake, network, code: "code" }
    }

    /// Of a network that has another name for the code.
    pub(crate) fn returning(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    fn play(&self, exchanges: &Value) {
        let exchanges: Vec<Exchange> = serde_json::from_value(exchanges.clone()).unwrap();
        self.server.play(exchanges, false);
    }

    async fn leave(&self) -> Started {
        let started = self.handshake.start(Start { network: self.network, ..self.world.wish(None) }).await.unwrap();
        assert_eq!(started.attempt.state, S::Away, "{:?}", started.attempt.diagnosis);
        started
    }

    /// Signs in, and compares the address with `authorize`: its parameters but for the state and the challenge.
    pub(crate) async fn signs_in(&self, authorize: &str, parameters: &Value, exchanges: &Value, channel: &Value) {
        let started = self.comes_back(authorize, parameters, exchanges).await;
        self.ended(&started, channel).await;
    }

    /// The same for a network with a second step, where these are chosen.
    async fn signs_in_and_chooses(
        &self,
        (authorize, parameters): (&str, &Value),
        exchanges: &Value,
        (ids, probes): (&[&str], &Value),
        channel: &Value,
    ) {
        let started = self.comes_back(authorize, parameters, exchanges).await;
        // The network is known at this node alone.
        let view = self.handshake.view(started.attempt.id, self.world.workspace, self.world.user).await.unwrap();
        assert_eq!(self.server.complaints(), [""; 0], "{}", self.network);
        assert_eq!(view.state, S::Choosing, "{}: {:?}", self.network, view.diagnosis);
        self.play(probes);
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        self.handshake.choose(started.attempt.id, self.world.workspace, self.world.user, &ids).await.unwrap();
        self.ended(&started, channel).await;
    }

    async fn comes_back(&self, authorize: &str, parameters: &Value, exchanges: &Value) -> Started {
        let started = self.leave().await;
        let url = started.authorize_url.clone().unwrap();
        assert!(url.as_str().starts_with(&format!("{authorize}?")), "{url}");
        let mut asked: Query = url.query_pairs().into_owned().collect();
        let state = asked.remove("state").unwrap();
        let challenge = asked.remove("code_challenge");
        assert_eq!(challenge.is_some(), parameters.get("code_challenge_method").is_some());
        assert_eq!(different(parameters, &json!(asked)), None, "{}", self.network);
        self.play(exchanges);
        let query = Query::from([("state".to_owned(), state), (self.code.to_owned(), "the-code".to_owned())]);
        let browser = Some(started.browser_cookie.clone());
        let returning = Callback { network: self.network.to_owned(), query, browser, signed_in: None };
        self.handshake.callback(returning).await;
        started
    }

    async fn ended(&self, started: &Started, wanted: &Value) {
        assert_eq!(self.server.complaints(), [""; 0], "{}", self.network);
        let view = self.world.view(started.attempt.id).await;
        assert_eq!(view.state, S::Connected, "{}: {:?}", self.network, view.diagnosis);
        let channel = self.world.channel(view.channel_id.unwrap()).await;
        let got = json!({
            "remote_id": channel.remote_id,
            "name": channel.name,
            "handle": channel.handle,
            "days": channel.token_expires_at.map(|end| end.duration_since(self.world.clock.now()).as_secs() / DAY),
        });
        assert_eq!(&got, wanted, "{}", self.network);
    }

    /// What its requests go with after some days, if that takes these exchanges.
    pub(crate) async fn token_after(&self, days: i64, exchanges: &Value) -> crier_networks::Credentials {
        let channel = self.world.channels().await[0].id;
        self.world.clock.set(self.world.clock.now() + SignedDuration::from_secs(days * DAY));
        self.play(exchanges);
        let credentials = self.handshake.fresh(channel, false).await.unwrap();
        assert_eq!(self.server.complaints(), [""; 0], "{}", self.network);
        credentials
    }
}

pub(crate) fn app(bot_token: Option<&str>) -> Client2 {
    Client2 {
        client_id: "the-app".to_owned(),
        client_secret: Some("the-secret".into()),
        bot_token: bot_token.map(Into::into),
    }
}

pub(crate) fn redirect_uri(network: &str) -> String {
    format!("{PUBLIC_URL}integrations/social/{network}")
}

/// `the-app:the-secret`.
pub(crate) const BASIC: &str = "Basic dGhlLWFwcDp0aGUtc2VjcmV0";

#[tokio::test]
async fn discord_adds_a_bot_to_a_server() {
    let place = Place::of("discord", app(Some("the-bot"))).await;
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("discord"),
        "scope": "bot identify", "permissions": "309304871936", "integration_type": "0", "prompt": "consent",
    });
    let exchanges = json!([
        {
            "request": {
                "host": "discord.com", "method": "POST", "path": "/api/oauth2/token", "headers": { "authorization": BASIC },
                "form": { "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri("discord") },
            },
            "response": { "status": 200, "json": {
                "token_type": "Bearer", "access_token": "discord-access", "expires_in": 604_800,
                "refresh_token": "discord-refresh", "scope": "identify", "guild": { "id": "42", "name": "Crier News" },
            }},
        },
        {
            "request": {
                "host": "discord.com", "method": "GET", "path": "/api/v10/guilds/42", "headers": { "authorization": "Bot the-bot" },
            },
            "response": { "status": 200, "json": { "id": "42", "name": "Crier News", "icon": null } },
        },
    ]);
    // The person's own token ends after a week; the bot's does not.
    let channel = json!({ "remote_id": "42", "name": "Crier News", "handle": "Crier News", "days": null });
    place.signs_in("https://discord.com/oauth2/authorize", &parameters, &exchanges, &channel).await;
    let credentials = place.token_after(30, &json!([])).await;
    assert_eq!(credentials.app.unwrap().bot_token.unwrap().expose(), "the-bot");
}

#[tokio::test]
async fn slack_gives_a_token_of_the_app_in_a_workspace() {
    let place = Place::of("slack", app(None)).await;
    let scope = "chat:write,channels:read,groups:read,channels:join,users:read,chat:write.customize,files:write,files:read,\
                 channels:history,groups:history";
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("slack"), "scope": scope,
    });
    let exchanges = json!([
        {
            "request": {
                "host": "slack.com", "method": "POST", "path": "/api/oauth.v2.access", "headers": { "authorization": BASIC },
                "form": { "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri("slack") },
            },
            "response": { "status": 200, "json": {
                "ok": true, "access_token": "xoxb-slack-access", "token_type": "bot", "scope": scope, "bot_user_id": "U1",
                "app_id": "A1", "team": { "name": "Crier News", "id": "T1" }, "enterprise": null,
            }},
        },
        {
            "request": {
                "host": "slack.com", "method": "POST", "path": "/api/auth.test",
                "headers": { "authorization": "Bearer xoxb-slack-access" },
            },
            "response": { "status": 200, "json": {
                "ok": true, "url": "https://crier.slack.com/", "team": "Crier News", "team_id": "T1", "user_id": "U1",
            }},
        },
    ]);
    let channel = json!({ "remote_id": "T1", "name": "Crier News", "handle": "crier.slack.com", "days": null });
    place.signs_in("https://slack.com/oauth/v2/authorize", &parameters, &exchanges, &channel).await;
    assert_eq!(place.token_after(400, &json!([])).await.access_token.expose(), "xoxb-slack-access");
}

#[tokio::test]
async fn x_gives_tokens_for_two_hours_that_are_renewed() {
    let place = Place::of("x", app(None)).await;
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("x"),
        "scope": "tweet.write tweet.read users.read offline.access media.write", "code_challenge_method": "S256",
    });
    let tokens = |number: u32| {
        json!({ "status": 200, "json": {
            "token_type": "bearer", "expires_in": 7200, "access_token": format!("x-access-{number}"),
            "refresh_token": format!("x-refresh-{number}"),
            "scope": "tweet.write tweet.read users.read offline.access media.write",
        }})
    };
    let exchanges = json!([
        {
            "request": {
                "host": "api.x.com", "method": "POST", "path": "/2/oauth2/token", "headers": { "authorization": BASIC },
                "contains": ["grant_type=authorization_code", "code=the-code", "code_verifier="],
            },
            "response": tokens(1),
        },
        {
            "request": {
                "host": "api.x.com", "method": "GET", "path": "/2/users/me?user.fields=profile_image_url,verified_type",
                "headers": { "authorization": "Bearer x-access-1" },
            },
            "response": { "status": 200, "json": { "data": { "id": "7", "name": "Crier", "username": "crier" } } },
        },
    ]);
    let channel = json!({ "remote_id": "7", "name": "Crier", "handle": "crier", "days": 0 });
    place.signs_in("https://x.com/i/oauth2/authorize", &parameters, &exchanges, &channel).await;
    let renewal = json!([{
        "request": {
            "host": "api.x.com", "method": "POST", "path": "/2/oauth2/token", "headers": { "authorization": BASIC },
            "form": { "grant_type": "refresh_token", "refresh_token": "x-refresh-1" },
        },
        "response": tokens(2),
    }]);
    assert_eq!(place.token_after(1, &renewal).await.access_token.expose(), "x-access-2");
}

#[tokio::test]
async fn x_is_signed_in_to_by_an_api_key_as_well() {
    let world_of = Place::with("x", None).await;
    let refused =
        world_of.handshake.start(Start { network: "x", way: Some("oauth1"), ..world_of.world.wish(None) }).await;
    let diagnosis = refused.unwrap().attempt.diagnosis.unwrap();
    assert_eq!(diagnosis.code, Code::ClientNotConfigured);

    let place = Place::of("x/oauth1", app(None)).await;
    place.play(&json!([
        {
            "request": { "host": "api.x.com", "method": "POST", "path": "/oauth/request_token", "form": { "x_auth_access_type": "write" } },
            "response": { "status": 200, "text": "oauth_token=rt&oauth_token_secret=rs&oauth_callback_confirmed=true" },
        },
        {
            "request": { "host": "api.x.com", "method": "POST", "path": "/oauth/access_token" },
            "response": { "status": 200, "text": "oauth_token=7-token&oauth_token_secret=ts&user_id=7&screen_name=crier" },
        },
        {
            "request": { "host": "api.x.com", "method": "GET", "path": "/2/users/me?user.fields=profile_image_url%2Cverified_type" },
            "response": { "status": 200, "json": { "data": { "id": "7", "name": "Crier", "username": "crier" } } },
        },
    ]));
    let start = Start { network: "x", way: Some("oauth1"), ..place.world.wish(None) };
    let started = place.handshake.start(start).await.unwrap();
    let url = started.authorize_url.clone().unwrap();
    assert_eq!(url.as_str(), "https://api.x.com/oauth/authorize?oauth_token=rt");
    let query = [("oauth_token", "rt"), ("oauth_verifier", "v")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let browser = Some(started.browser_cookie.clone());
    let callback = Callback { network: "x".to_owned(), query: query.into(), browser, signed_in: None };
    place.handshake.callback(callback).await;
    assert_eq!(place.server.complaints(), [""; 0]);
    let channel = place.world.channels().await.remove(0);
    assert_eq!((channel.way.as_str(), channel.remote_id.as_str()), ("oauth1", "7"));
    let credentials = place.handshake.fresh(channel.id, false).await.unwrap();
    assert_eq!(credentials.app.unwrap().client_secret.unwrap().expose(), "the-secret");
}

#[tokio::test]
async fn threads_gives_a_token_for_sixty_days_that_renews_itself() {
    let place = Place::of("threads", app(None)).await;
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("threads"),
        "scope": "threads_basic,threads_content_publish,threads_manage_replies,threads_manage_insights,threads_read_replies",
    });
    let exchanges = json!([
        {
            "request": {
                "host": "graph.threads.com", "method": "POST", "path": "/oauth/access_token",
                "form": {
                    "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri("threads"),
                    "client_id": "the-app", "client_secret": "the-secret",
                },
            },
            "response": { "status": 200, "json": { "access_token": "threads-short", "user_id": 178_414 } },
        },
        {
            "request": {
                "host": "graph.threads.com", "method": "GET",
                "path": "/access_token?grant_type=th_exchange_token&access_token=threads-short&client_secret=the-secret",
            },
            "response": { "status": 200, "json": { "access_token": "threads-long-1", "token_type": "bearer", "expires_in": 60 * DAY } },
        },
        {
            "request": {
                "host": "graph.threads.com", "method": "GET",
                "path": "/v1.0/me?fields=id,username,name,threads_profile_picture_url",
                "headers": { "authorization": "Bearer threads-long-1" },
            },
            "response": { "status": 200, "json": { "id": "178414", "username": "crier" } },
        },
    ]);
    let channel = json!({ "remote_id": "178414", "name": "crier", "handle": "crier", "days": 60 });
    place.signs_in("https://threads.com/oauth/authorize", &parameters, &exchanges, &channel).await;
    let renewal = json!([{
        "request": {
            "host": "graph.threads.com", "method": "GET",
            "path": "/refresh_access_token?grant_type=th_refresh_token&access_token=threads-long-1",
        },
        "response": { "status": 200, "json": { "access_token": "threads-long-2", "token_type": "bearer", "expires_in": 60 * DAY } },
    }]);
    assert_eq!(place.token_after(55, &renewal).await.access_token.expose(), "threads-long-2");
}

#[tokio::test]
async fn linkedin_gives_a_token_for_sixty_days() {
    let place = Place::of("linkedin", app(None)).await;
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("linkedin"),
        "scope": "openid profile w_member_social",
    });
    let exchanges = json!([
        {
            "request": {
                "host": "www.linkedin.com", "method": "POST", "path": "/oauth/v2/accessToken",
                "form": {
                    "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri("linkedin"),
                    "client_id": "the-app", "client_secret": "the-secret",
                },
            },
            "response": { "status": 200, "json": {
                "access_token": "linkedin-access", "expires_in": 60 * DAY, "scope": "openid,profile,w_member_social",
                "token_type": "Bearer", "id_token": "not.looked.at",
            }},
        },
        {
            "request": {
                "host": "api.linkedin.com", "method": "GET", "path": "/v2/userinfo",
                "headers": { "authorization": "Bearer linkedin-access" },
            },
            "response": { "status": 200, "json": { "sub": "782bbtaQ", "name": "Ada Lovelace" } },
        },
    ]);
    let channel = json!({ "remote_id": "782bbtaQ", "name": "Ada Lovelace", "handle": "Ada Lovelace", "days": 60 });
    place.signs_in("https://www.linkedin.com/oauth/v2/authorization", &parameters, &exchanges, &channel).await;
    assert_eq!(place.token_after(30, &json!([])).await.access_token.expose(), "linkedin-access");
}

/// A call of Telegram's bot 123 and its answer.
fn telegram(method: &str, path: &str, body: Option<Value>, result: &Value) -> Value {
    let path = format!("/bot123:the-token/{path}");
    let mut request = json!({ "host": "api.telegram.org", "method": method, "path": path });
    if let Some(body) = body {
        request["json"] = body;
    }
    json!({ "request": request, "response": { "status": 200, "json": { "ok": true, "result": result } } })
}

fn telegrams_bot() -> Value {
    telegram("GET", "getMe", None, &json!({ "id": 123, "is_bot": true, "username": "crier_bot" }))
}

#[tokio::test]
async fn telegrams_bot_is_entered_here_by_its_token_and_asked_who_it_is() {
    let place = Place::with("telegram", None).await;
    let here = AppPlace { workspace: None, network: "telegram", instance: None };
    let list = place.handshake.apps(None).await.unwrap();
    let telegram = list.into_iter().find(|it| it.network == "telegram").unwrap();
    assert_eq!((telegram.kind, telegram.needed, telegram.redirect_uri), (AppKind::Bot, true, None));
    let start = Start { network: "telegram", ..place.world.wish(None) };
    let stranded = place.handshake.start(start).await.unwrap();
    assert_eq!(stranded.attempt.diagnosis.unwrap().code, Code::ClientNotConfigured);

    let entered = |id, secret, bot_token| Entered { client_id: id, client_secret: secret, bot_token };
    let (whole, half): (Secret, Secret) = (" 123:the-token\n".into(), "the-token".into());
    let wrong = [
        (entered("", None, None), "/bot_token"),
        (entered("", None, Some(&half)), "/bot_token"),
        (entered("123", None, Some(&whole)), "/client_id"),
        (entered("", Some(&whole), None), "/client_secret"),
    ];
    for (entered, pointer) in wrong {
        let Err(ConnectError::Form { findings, .. }) = place.handshake.set_app(here, entered).await else {
            panic!("{entered:?}");
        };
        assert_eq!(findings[0].pointer, pointer);
    }

    place.play(&json!([telegrams_bot()]));
    let bot = entered("", None, Some(&whole));
    let checks = place.handshake.test_app(here, Some(bot)).await.unwrap();
    let seen: Vec<_> = checks.iter().map(|check| (check.name, check.ok, check.note.as_deref())).collect();
    assert_eq!(seen, [("app", true, Some("it is @crier_bot"))]);
    let view = place.handshake.set_app(here, bot).await.unwrap();
    assert_eq!((view.client_id.as_str(), view.has_secret), ("123", true));
    let refused = json!({ "ok": false, "error_code": 401, "description": "Unauthorized" });
    let mut answer = telegrams_bot();
    answer["response"] = json!({ "status": 401, "json": refused });
    place.play(&json!([answer]));
    let checks = place.handshake.test_app(here, None).await.unwrap();
    assert!(!checks[0].ok, "{checks:?}");
    assert_eq!(place.server.complaints(), [""; 0]);

    place.play(&json!([telegrams_bot()]));
    let started = place.leave().await;
    assert!(place.world.view(started.attempt.id).await.dialog.is_some());
}

#[tokio::test]
async fn one_bot_entered_twice_is_listened_to_once_and_hears_for_all() {
    let place = Place::with("telegram", None).await;
    let token: Secret = "123:the-token".into();
    let bot = Entered { client_id: "", client_secret: None, bot_token: Some(&token) };
    let here = AppPlace { workspace: None, network: "telegram", instance: None };
    place.handshake.set_app(here, bot).await.unwrap();
    place.play(&json!([telegrams_bot()]));
    let first = place.leave().await;
    let own = AppPlace { workspace: Some(place.world.workspace), ..here };
    place.handshake.set_app(own, bot).await.unwrap();
    place.play(&json!([telegrams_bot()]));
    let second = place.leave().await;
    let now = place.world.clock.now();
    let claimed = due::claim(&place.world.store, now, "worker", 10, SignedDuration::from_secs(60)).await.unwrap();
    let listening: Vec<_> = claimed.iter().filter(|work| work.kind == due::kind::LISTEN).collect();
    assert_eq!(listening.len(), 1);
    // Whoever listens, it hears what was said for the other one.
    let listener = listening[0].subject.parse().unwrap();
    let other = if listener == first.attempt.id { &second } else { &first };
    let message = json!(place.world.view(other.attempt.id).await)["dialog"]["message"].clone();
    let chat = json!({ "id": -1_001_234, "type": "channel", "title": "Crier News", "username": "crier_news" });
    let update = json!({ "update_id": 9, "channel_post": { "message_id": 5, "chat": chat, "text": message } });
    let failed = |path: &str| {
        let mut call = telegram("GET", path, None, &Value::Null);
        call["response"] = json!({ "status": 502, "text": "" });
        call
    };
    place.play(&json!([
        telegram("GET", LISTENING, None, &json!([update])),
        telegram("GET", "getChat?chat_id=-1001234", None, &chat),
        failed("getChatMember?chat_id=-1001234&user_id=123"),
    ]));
    let _ = tokio::time::timeout(Duration::from_secs(1), Box::pin(place.handshake.listen(listener))).await;
    let heard = place.world.view(other.attempt.id).await;
    assert!(heard.events.iter().any(|event| event.title == "The bot was told the code"), "{heard:?}");
}

/// As it is asked for the first time.
const LISTENING: &str = "getUpdates?timeout={{any}}&allowed_updates=%5B%22message%22%2C%22channel_post%22%5D";

#[tokio::test]
async fn telegrams_bot_is_told_a_code_in_the_channel() {
    let bot = Client2 { client_id: "123".to_owned(), client_secret: Some("123:the-token".into()), bot_token: None };
    let place = Place::of("telegram", bot).await;
    place.play(&json!([telegrams_bot()]));
    let started = place.leave().await;
    assert_eq!(place.server.complaints(), [""; 0]);
    let dialog = json!(place.world.view(started.attempt.id).await)["dialog"].clone();
    let message = dialog["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("/connect@crier_bot "), "{dialog}");
    let chat = json!({ "id": -1_001_234, "type": "channel", "title": "Crier News", "username": "crier_news" });
    let update = json!({ "update_id": 9, "channel_post": { "message_id": 5, "chat": chat, "text": message } });
    let greeting = json!({ "chat_id": "-1001234", "text": "{{any}}", "disable_notification": true });
    place.play(&json!([
        telegram("GET", LISTENING, None, &json!([update])),
        telegram("GET", "getChat?chat_id=-1001234", None, &chat),
        telegram(
            "GET",
            "getChatMember?chat_id=-1001234&user_id=123",
            None,
            &json!({ "status": "administrator", "can_post_messages": true })
        ),
        telegram("POST", "deleteMessage", Some(json!({ "chat_id": "-1001234", "message_id": "5" })), &json!(true)),
        telegram("POST", "sendMessage", Some(greeting), &json!({ "message_id": 6, "chat": chat })),
    ]));
    assert_eq!(place.handshake.listen(started.attempt.id).await.unwrap(), None);
    // What was heard is worked on by itself, and ends with the greeting.
    for _ in 0..400 {
        if place.server.complaints().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let channel = json!({ "remote_id": "-1001234", "name": "Crier News", "handle": "crier_news", "days": null });
    place.ended(&started, &channel).await;
    let credentials = place.token_after(400, &json!([])).await;
    assert_eq!(credentials.app.unwrap().client_secret.unwrap().expose(), "123:the-token");
}

/// What Facebook's sign-in asks and answers, as far as the pages.
fn facebook(fields: &str, page: &Value) -> Value {
    let host = "graph.facebook.com";
    let signed = json!({ "authorization": "Bearer facebook-long" });
    let ask = |path: &str, answer: &Value| {
        json!({
            "request": { "host": host, "method": "GET", "path": path, "headers": signed },
            "response": { "status": 200, "json": answer },
        })
    };
    let granted = |permission: &str| json!({ "permission": permission, "status": "granted" });
    let all = [
        "pages_show_list",
        "pages_manage_posts",
        "pages_read_engagement",
        "pages_manage_engagement",
        "instagram_basic",
        "instagram_content_publish",
        "instagram_manage_comments",
        "read_insights",
        "instagram_manage_insights",
        "instagram_manage_contents",
        "business_management",
    ];
    json!([
        {
            "request": {
                "host": host, "method": "POST", "path": "/v26.0/oauth/access_token",
                "contains": ["grant_type=authorization_code", "code=the-code", "client_id=the-app", "client_secret=the-secret"],
            },
            "response": { "status": 200, "json": { "access_token": "facebook-short", "token_type": "bearer", "expires_in": 3600 } },
        },
        {
            "request": {
                "host": host, "method": "GET",
                "path": "/v26.0/oauth/access_token?grant_type=fb_exchange_token&fb_exchange_token=facebook-short&client_id=the-app&client_secret=the-secret",
            },
            "response": { "status": 200, "json": { "access_token": "facebook-long", "token_type": "bearer", "expires_in": 60 * DAY } },
        },
        ask("/v26.0/me?fields=id,name,picture.type(large)", &json!({ "id": "7", "name": "Ada" })),
        ask("/v26.0/me/permissions", &json!({ "data": all.map(granted) })),
        ask(&format!("/v26.0/me/accounts?fields={fields},tasks&limit=100"), &json!({ "data": [page] })),
        ask("/v26.0/me/businesses?fields=id&limit=100", &json!({ "data": [] })),
    ])
}

#[tokio::test]
async fn facebook_gives_tokens_of_pages_that_do_not_end() {
    let place = Place::of("facebook", app(None)).await;
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("facebook"), "auth_type": "rerequest",
        "scope": "pages_show_list,pages_manage_posts,pages_read_engagement,pages_manage_engagement,read_insights,business_management",
    });
    let page = json!({ "id": "1001", "name": "Crier News", "username": "crier", "access_token": "page-token" });
    let exchanges = facebook("id,name,username,access_token,picture.type(large)", &page);
    let probe = json!([{
        "request": {
            "host": "graph.facebook.com", "method": "GET", "path": "/v26.0/1001?fields=id,name",
            "headers": { "authorization": "Bearer page-token" },
        },
        "response": { "status": 200, "json": { "id": "1001", "name": "Crier News" } },
    }]);
    let channel = json!({ "remote_id": "1001", "name": "Crier News", "handle": "crier", "days": null });
    let authorize = "https://www.facebook.com/v26.0/dialog/oauth";
    place.signs_in_and_chooses((authorize, &parameters), &exchanges, (&["1001"], &probe), &channel).await;
    assert_eq!(place.token_after(400, &json!([])).await.access_token.expose(), "page-token");
}

#[tokio::test]
async fn an_account_of_instagram_is_spoken_for_by_its_page() {
    let place = Place::of("instagram", app(None)).await;
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("instagram"), "auth_type": "rerequest",
        "scope": "instagram_basic,instagram_content_publish,pages_show_list,pages_read_engagement,instagram_manage_comments,instagram_manage_insights,instagram_manage_contents,business_management",
    });
    let page = json!({
        "id": "1001", "name": "Crier News", "access_token": "page-token",
        "instagram_business_account": { "id": "17841", "username": "crier" },
    });
    let account = "instagram_business_account{id,username,name,profile_picture_url}";
    let exchanges = facebook(&format!("id,name,username,access_token,picture.type(large),{account}"), &page);
    let probe = json!([{
        "request": {
            "host": "graph.facebook.com", "method": "GET", "path": "/v26.0/17841?fields=id,username",
            "headers": { "authorization": "Bearer page-token" },
        },
        "response": { "status": 200, "json": { "id": "17841", "username": "crier" } },
    }]);
    let channel = json!({ "remote_id": "17841", "name": "crier", "handle": "crier", "days": null });
    let authorize = "https://www.facebook.com/v26.0/dialog/oauth";
    place.signs_in_and_chooses((authorize, &parameters), &exchanges, (&["17841"], &probe), &channel).await;
    assert_eq!(place.token_after(400, &json!([])).await.access_token.expose(), "page-token");
}

/// What Instagram's own sign-in asks and answers, for an account of this kind.
fn instagram(kind: &str) -> Value {
    json!([
        {
            "request": {
                "host": "api.instagram.com", "method": "POST", "path": "/oauth/access_token",
                "form": {
                    "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri("instagram-standalone"),
                    "client_id": "the-app", "client_secret": "the-secret",
                },
            },
            "response": { "status": 200, "json": { "data": [{
                "access_token": "instagram-short", "user_id": "9",
                "permissions": "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_comments,instagram_business_manage_insights",
            }] } },
        },
        {
            "request": {
                "host": "graph.instagram.com", "method": "GET",
                "path": "/access_token?grant_type=ig_exchange_token&access_token=instagram-short&client_secret=the-secret",
            },
            "response": { "status": 200, "json": { "access_token": "instagram-long-1", "token_type": "bearer", "expires_in": 60 * DAY } },
        },
        {
            "request": {
                "host": "graph.instagram.com", "method": "GET",
                "path": "/v26.0/me?fields=user_id,username,name,profile_picture_url,account_type",
                "headers": { "authorization": "Bearer instagram-long-1" },
            },
            "response": { "status": 200, "json": { "user_id": "17841", "username": "crier", "account_type": kind } },
        },
    ])
}

fn instagram_parameters() -> Value {
    json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("instagram-standalone"),
        "enable_fb_login": "0",
        "scope": "instagram_business_basic,instagram_business_content_publish,instagram_business_manage_comments,instagram_business_manage_insights",
    })
}

#[tokio::test]
async fn instagram_gives_a_token_for_sixty_days_that_renews_itself() {
    let place = Place::of("instagram-standalone", app(None)).await;
    let channel = json!({ "remote_id": "17841", "name": "crier", "handle": "crier", "days": 60 });
    let authorize = "https://www.instagram.com/oauth/authorize";
    place.signs_in(authorize, &instagram_parameters(), &instagram("BUSINESS"), &channel).await;
    let renewal = json!([{
        "request": {
            "host": "graph.instagram.com", "method": "GET",
            "path": "/refresh_access_token?grant_type=ig_refresh_token&access_token=instagram-long-1",
        },
        "response": { "status": 200, "json": { "access_token": "instagram-long-2", "token_type": "bearer", "expires_in": 60 * DAY } },
    }]);
    assert_eq!(place.token_after(55, &renewal).await.access_token.expose(), "instagram-long-2");
}

#[tokio::test]
async fn a_personal_account_of_instagram_is_told_what_to_do() {
    let place = Place::of("instagram-standalone", app(None)).await;
    let authorize = "https://www.instagram.com/oauth/authorize";
    let started = place.comes_back(authorize, &instagram_parameters(), &instagram("PERSONAL")).await;
    let view = place.world.view(started.attempt.id).await;
    row("account of a kind that cannot publish", "failed: account.wrong_kind", stands(&view));
}

/// What Google's sign-in asks and answers, as far as the account.
fn google(network: &str, scope: &str) -> Value {
    json!([
        {
            "request": {
                "host": "oauth2.googleapis.com", "method": "POST", "path": "/token",
                "contains": [
                    "grant_type=authorization_code", "code=the-code", "client_id=the-app", "client_secret=the-secret",
                    "code_verifier=", network,
                ],
            },
            "response": { "status": 200, "json": {
                "access_token": "google-access-1", "expires_in": 3599, "refresh_token": "google-refresh", "scope": scope, "token_type": "Bearer",
            }},
        },
        {
            "request": {
                "host": "www.googleapis.com", "method": "GET", "path": "/oauth2/v2/userinfo",
                "headers": { "authorization": "Bearer google-access-1" },
            },
            "response": { "status": 200, "json": { "id": "108", "name": "Ada" } },
        },
    ])
}

#[tokio::test]
async fn google_keeps_its_refresh_token_and_renews_for_all_that_was_chosen() {
    let place = Place::of("youtube", app(None)).await;
    let scopes =
        ["userinfo.profile", "youtube.upload", "youtube.readonly", "youtube.force-ssl", "yt-analytics.readonly"];
    let scope = scopes.map(|scope| format!("https://www.googleapis.com/auth/{scope}")).join(" ");
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("youtube"), "scope": scope,
        "code_challenge_method": "S256", "access_type": "offline", "prompt": "consent select_account",
    });
    let mine = json!({
        "request": {
            "host": "www.googleapis.com", "method": "GET", "path": "/youtube/v3/channels?part=snippet&mine=true&maxResults=50",
            "headers": { "authorization": "Bearer google-access-1" },
        },
        "response": { "status": 200, "json": { "items": [
            { "id": "UCcrier", "snippet": { "title": "Crier News", "customUrl": "@crier" } },
        ] } },
    });
    let mut exchanges = google("youtube", &scope);
    exchanges.as_array_mut().unwrap().push(mine.clone());
    let channel = json!({ "remote_id": "UCcrier", "name": "Crier News", "handle": "crier", "days": 0 });
    let authorize = "https://accounts.google.com/o/oauth2/v2/auth";
    place.signs_in_and_chooses((authorize, &parameters), &exchanges, (&["UCcrier"], &json!([mine])), &channel).await;
    for number in [2, 3] {
        let renewal = json!([{
            "request": {
                "host": "oauth2.googleapis.com", "method": "POST", "path": "/token",
                "form": {
                    "grant_type": "refresh_token", "refresh_token": "google-refresh", "client_id": "the-app",
                    "client_secret": "the-secret",
                },
            },
            "response": { "status": 200, "json": {
                "access_token": format!("google-access-{number}"), "expires_in": 3599, "scope": scope, "token_type": "Bearer",
            }},
        }]);
        let token = place.token_after(1, &renewal).await.access_token;
        assert_eq!(token.expose(), format!("google-access-{number}"));
    }
}
