//! Signing in to boards and chats at their very addresses, each in its own dialect of OAuth 2.

use crate::fixed::{BASIC, DAY, Place, app, redirect_uri};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A request for tokens and its answer: what is sent stands in a form.
fn form(host: &str, path: &str, basic: bool, fields: &Value, answer: &Value) -> Value {
    let mut request = json!({ "host": host, "method": "POST", "path": path, "form": fields });
    if basic {
        request["headers"] = json!({ "authorization": BASIC });
    }
    json!({ "request": request, "response": { "status": 200, "json": answer } })
}

fn asked(host: &str, path: &str, authorization: &str, answer: &Value) -> Value {
    let headers = json!({ "authorization": authorization });
    let request = json!({ "host": host, "method": "GET", "path": path, "headers": headers });
    json!({ "request": request, "response": { "status": 200, "json": answer } })
}

fn tokens(number: u32, seconds: i64, scope: &str) -> Value {
    json!({
        "access_token": format!("access-{number}"), "refresh_token": format!("refresh-{number}"), "token_type": "bearer",
        "expires_in": seconds, "scope": scope,
    })
}

#[tokio::test]
async fn pinterest_is_asked_for_a_refresh_token_that_goes_on_and_each_is_kept() {
    let place = Place::of("pinterest", app(None)).await;
    let scope = "user_accounts:read,boards:read,boards:write,pins:read,pins:write";
    let redirect_uri = redirect_uri("pinterest");
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri, "scope": scope,
    });
    let exchange = |fields: &Value, number| {
        form("api.pinterest.com", "/v5/oauth/token", true, fields, &tokens(number, 30 * DAY, scope))
    };
    let code = json!({
        "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri, "continuous_refresh": "true",
    });
    let user = json!({ "id": "27", "username": "ada" });
    let exchanges =
        json!([exchange(&code, 1), asked("api.pinterest.com", "/v5/user_account", "Bearer access-1", &user)]);
    let channel = json!({ "remote_id": "27", "name": "ada", "handle": "ada", "days": 30 });
    place.signs_in("https://www.pinterest.com/oauth/", &parameters, &exchanges, &channel).await;
    for number in 1..3 {
        let refresh = json!({
            "grant_type": "refresh_token", "refresh_token": format!("refresh-{number}"), "continuous_refresh": "true",
        });
        let renewed = place.token_after(30, &json!([exchange(&refresh, number + 1)])).await;
        assert_eq!(renewed.access_token.expose(), format!("access-{}", number + 1));
    }
}

#[tokio::test]
async fn reddit_is_asked_for_permanent_access() {
    let place = Place::of("reddit", app(None)).await;
    let scope = "identity submit read history edit flair mysubreddits";
    let redirect_uri = redirect_uri("reddit");
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri, "scope": scope,
        "duration": "permanent",
    });
    let code = json!({ "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri });
    let me = json!({ "id": "2xk9", "name": "ada_l" });
    let exchanges = json!([
        form("www.reddit.com", "/api/v1/access_token", true, &code, &tokens(1, DAY, scope)),
        asked("oauth.reddit.com", "/api/v1/me?raw_json=1", "Bearer access-1", &me),
    ]);
    let channel = json!({ "remote_id": "2xk9", "name": "ada_l", "handle": "ada_l", "days": 1 });
    place.signs_in("https://www.reddit.com/api/v1/authorize", &parameters, &exchanges, &channel).await;
    let refresh = json!({ "grant_type": "refresh_token", "refresh_token": "refresh-1" });
    // The refresh token stays; the answer does not repeat it.
    let answer = json!({ "access_token": "access-2", "token_type": "bearer", "expires_in": DAY, "scope": scope });
    let renewal = json!([form("www.reddit.com", "/api/v1/access_token", true, &refresh, &answer)]);
    let renewed = place.token_after(1, &renewal).await;
    assert_eq!(renewed.access_token.expose(), "access-2");
}

#[tokio::test]
async fn tiktok_calls_the_app_a_key_and_separates_by_commas() {
    let place = Place::of("tiktok", app(None)).await;
    let scope = "user.info.basic,user.info.profile,video.publish,video.upload,video.list,user.info.stats";
    let redirect_uri = redirect_uri("tiktok");
    let parameters = json!({
        "response_type": "code", "client_key": "the-app", "redirect_uri": redirect_uri, "scope": scope,
    });
    let own = json!({ "client_key": "the-app", "client_secret": "the-secret" });
    let with = |fields: Value| {
        let mut all = own.clone();
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    let code = with(json!({ "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri }));
    let user = json!({
        "data": { "user": { "open_id": "o-1", "display_name": "Ada", "username": "ada" } },
        "error": { "code": "ok", "message": "", "log_id": "1" },
    });
    let path = "/v2/user/info/?fields=open_id%2Cavatar_url%2Cdisplay_name%2Cusername";
    let exchanges = json!([
        form("open.tiktokapis.com", "/v2/oauth/token/", false, &code, &tokens(1, DAY, scope)),
        asked("open.tiktokapis.com", path, "Bearer access-1", &user),
    ]);
    let channel = json!({ "remote_id": "o-1", "name": "Ada", "handle": "ada", "days": 1 });
    place.signs_in("https://www.tiktok.com/v2/auth/authorize/", &parameters, &exchanges, &channel).await;
    let refresh = with(json!({ "grant_type": "refresh_token", "refresh_token": "refresh-1" }));
    let renewal = json!([form("open.tiktokapis.com", "/v2/oauth/token/", false, &refresh, &tokens(2, DAY, scope))]);
    assert_eq!(place.token_after(1, &renewal).await.access_token.expose(), "access-2");
}

#[tokio::test]
async fn tiktok_for_business_has_another_name_for_the_app_at_each_place() {
    let place = Place::of("tiktok-business", app(None)).await;
    let scope = "user.info.basic,user.info.username,video.publish,video.upload,video.list,user.info.stats";
    // Its portal takes no address without a slash at the end.
    let redirect_uri = redirect_uri("tiktok-business") + "/";
    let parameters = json!({
        "response_type": "code", "client_key": "the-app", "redirect_uri": redirect_uri, "scope": scope,
        "disable_auto_auth": "1",
    });
    let given = |number: u32| {
        json!({ "code": 0, "message": "OK", "request_id": "1", "data": {
            "access_token": format!("access-{number}"), "refresh_token": format!("refresh-{number}"),
            "expires_in": DAY, "refresh_token_expires_in": 365 * DAY, "open_id": "_o-1", "scope": scope, "token_type": "Bearer",
        }})
    };
    let asks = |path: &str, fields: Value, number| {
        let path = format!("/open_api/v1.3/tt_user/oauth2/{path}/");
        json!({
            "request": { "host": "business-api.tiktok.com", "method": "POST", "path": path, "json": fields },
            "response": { "status": 200, "json": given(number) },
        })
    };
    let code = json!({
        "client_id": "the-app", "client_secret": "the-secret", "grant_type": "authorization_code", "auth_code": "the-code",
        "redirect_uri": redirect_uri,
    });
    let fields = "%5B%22username%22%2C%22display_name%22%2C%22profile_image%22%5D";
    let profile = json!({
        "request": {
            "host": "business-api.tiktok.com", "method": "GET", "headers": { "access-token": "access-1" },
            "path": format!("/open_api/v1.3/business/get/?business_id=_o-1&fields={fields}"),
        },
        "response": { "status": 200, "json": {
            "code": 0, "message": "OK", "data": { "username": "ada", "display_name": "Ada" },
        }},
    });
    let exchanges = json!([asks("token", code, 1), profile]);
    let channel = json!({ "remote_id": "_o-1", "name": "Ada", "handle": "ada", "days": 1 });
    place.signs_in("https://www.tiktok.com/v2/auth/authorize/", &parameters, &exchanges, &channel).await;
    let refresh = json!({
        "client_id": "the-app", "client_secret": "the-secret", "grant_type": "refresh_token", "refresh_token": "refresh-1",
    });
    let renewed = place.token_after(1, &json!([asks("refresh_token", refresh, 2)])).await;
    assert_eq!(renewed.access_token.expose(), "access-2");
}

#[tokio::test]
async fn kick_wants_a_proof_and_twitch_is_asked_whose_app_it_is() {
    let kick = Place::of("kick", app(None)).await;
    let scope = "user:read channel:read chat:write moderation:chat_message:manage";
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("kick"), "scope": scope,
        "code_challenge_method": "S256",
    });
    let exchanges = json!([
        {
            "request": {
                "host": "id.kick.com", "method": "POST", "path": "/oauth/token",
                "contains": ["grant_type=authorization_code", "client_secret=the-secret", "code_verifier="],
            },
            "response": { "status": 200, "json": tokens(1, 7200, scope) },
        },
        asked("api.kick.com", "/public/v1/users", "Bearer access-1", &json!({ "data": [{ "user_id": 7, "name": "Ada" }] })),
        asked("api.kick.com", "/public/v1/channels", "Bearer access-1", &json!({ "data": [{ "slug": "ada" }] })),
    ]);
    let channel = json!({ "remote_id": "7", "name": "Ada", "handle": "ada", "days": 0 });
    kick.signs_in("https://id.kick.com/oauth/authorize", &parameters, &exchanges, &channel).await;

    let twitch = Place::of("twitch", app(None)).await;
    let scope = "user:write:chat moderator:manage:announcements";
    let parameters = json!({
        "response_type": "code", "client_id": "the-app", "redirect_uri": redirect_uri("twitch"), "scope": scope,
    });
    let code = json!({
        "grant_type": "authorization_code", "code": "the-code", "redirect_uri": redirect_uri("twitch"),
        "client_id": "the-app", "client_secret": "the-secret",
    });
    let mut given = tokens(1, 14_000, "");
    given["scope"] = json!(scope.split(' ').collect::<Vec<_>>());
    let user = json!({ "data": [{ "id": "9", "login": "ada", "display_name": "Ada" }] });
    let exchanges = json!([
        form("id.twitch.tv", "/oauth2/token", false, &code, &given),
        asked("id.twitch.tv", "/oauth2/validate", "OAuth access-1", &json!({ "client_id": "the-app", "user_id": "9" })),
        asked("api.twitch.tv", "/helix/users", "Bearer access-1", &user),
    ]);
    let channel = json!({ "remote_id": "9", "name": "Ada", "handle": "ada", "days": 0 });
    twitch.signs_in("https://id.twitch.tv/oauth2/authorize", &parameters, &exchanges, &channel).await;
}

#[tokio::test]
async fn mewe_gives_a_token_for_a_token_and_the_app_goes_with_every_request() {
    let place = Place::of("mewe", app(None)).await.returning("loginRequestToken");
    let parameters = json!({ "client_id": "the-app", "redirect_uri": redirect_uri("mewe") });
    let end = Timestamp::now() + SignedDuration::from_hours(30 * 24 + 1);
    let answered = |answer: Value| {
        json!({
            "request": {
                "host": "mewe.com", "method": "GET", "path": "/api/dev/token?loginRequestToken=the-code",
                "headers": { "x-app-id": "the-app", "x-api-key": "the-secret" },
            },
            "response": { "status": 200, "json": answer },
        })
    };
    let exchanges = json!([
        answered(json!({ "pending": true })),
        answered(json!({ "apiToken": "access-1", "expiresAt": end.to_string() })),
        {
            "request": {
                "host": "mewe.com", "method": "GET", "path": "/api/dev/me",
                "headers": { "x-app-id": "the-app", "authorization": "Bearer access-1" },
            },
            "response": { "status": 200, "json": { "userId": "u-1", "name": "Ada", "handle": "ada" } },
        },
    ]);
    let channel = json!({ "remote_id": "u-1", "name": "Ada", "handle": "ada", "days": 30 });
    place.signs_in("https://mewe.com/login", &parameters, &exchanges, &channel).await;
    let credentials = place.token_after(20, &json!([])).await;
    assert_eq!(credentials.access_token.expose(), "access-1");
    assert_eq!(credentials.app.map(|app| app.client_id).as_deref(), Some("the-app"));
}
