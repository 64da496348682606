use crate::house::House;
use axum::http::{HeaderMap, Method, header};
use crier_api::Registration;
use serde_json::json;

#[tokio::test]
async fn signing_up_opens_a_session_that_signing_out_ends() {
    let house = House::new().await;
    let ada = house.person("Ada@Example.org").await;
    let me = ada.get("/api/v1/auth/me").await.ok();
    assert_eq!(me["user"]["email"], "ada@example.org");
    assert_eq!(
        (&me["workspaces"][0]["role"], &me["workspaces"][0]["name"]),
        (&json!("owner"), &json!("Ada Lovelace’s workspace"))
    );
    let out = ada.post("/api/v1/auth/sign-out", &json!({})).await;
    assert_eq!(out.status, 204);
    let gone = out.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(gone.starts_with("__Host-session=;") && gone.contains("Max-Age=0"), "{gone}");
    assert_eq!(ada.get("/api/v1/auth/me").await.problem(), (401, "auth.required"));
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_hosts() {
    let body = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    for (public_url, name, secure) in
        [("https://crier.example", "__Host-session", true), ("http://127.0.0.1:4800", "session", false)]
    {
        let house = House::with(Registration::Open, public_url).await;
        let answer = house.ask(Method::POST, "/api/v1/auth/sign-up", &HeaderMap::new(), Some(&body)).await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
            "{cookie}"
        );
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert_eq!(cookie.contains("Secure"), secure, "{cookie}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_alike() {
    let house = House::new().await;
    house.person("ada@example.org").await;
    for (email, password) in [("ada@example.org", "wrong horse"), ("bob@example.org", "correct horse")] {
        let body = json!({ "email": email, "password": password });
        let answer = house.ask(Method::POST, "/api/v1/auth/sign-in", &HeaderMap::new(), Some(&body)).await;
        assert_eq!(answer.problem(), (401, "auth.wrong"));
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
    }
    let body = json!({ "email": " ADA@example.org ", "password": "correct horse" });
    let answer = house.ask(Method::POST, "/api/v1/auth/sign-in", &HeaderMap::new(), Some(&body)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_says_for_how_long() {
    let house = House::new().await;
    let body = json!({ "email": "ada@example.org", "password": "guess" });
    let mut last = None;
    for _ in 0..11 {
        last = Some(house.ask(Method::POST, "/api/v1/auth/sign-in", &HeaderMap::new(), Some(&body)).await);
    }
    let last = last.unwrap();
    assert_eq!(last.problem(), (429, "rate.limited"));
    assert!(last.headers[header::RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn every_wrong_field_of_a_sign_up_is_named_at_once() {
    let house = House::new().await;
    let body = json!({ "email": "ada", "password": "short", "name": " ", "time_zone": "Mars/Olympus" });
    let answer = house.ask(Method::POST, "/api/v1/auth/sign-up", &HeaderMap::new(), Some(&body)).await;
    assert_eq!(answer.problem(), (422, "input.invalid"));
    assert_eq!(answer.pointers(), ["/email", "/password", "/name", "/time_zone"]);
    house.person("ada@example.org").await;
    let body = json!({ "email": "ada@example.org", "password": "correct horse", "name": "Ada" });
    let answer = house.ask(Method::POST, "/api/v1/auth/sign-up", &HeaderMap::new(), Some(&body)).await;
    assert_eq!((answer.problem(), answer.pointers()), ((409, "user.email"), vec!["/email"]));
}

#[tokio::test]
async fn registration_can_be_closed_or_for_the_first_only() {
    let first = House::with(Registration::First, "https://crier.example").await;
    let server = first.ask(Method::GET, "/api/v1/server", &HeaderMap::new(), None).await.ok();
    assert_eq!((&server["registration_open"], &server["first_user"]), (&json!(true), &json!(true)));
    first.person("ada@example.org").await;
    let body = json!({ "email": "bob@example.org", "password": "correct horse", "name": "Bob" });
    let answer = first.ask(Method::POST, "/api/v1/auth/sign-up", &HeaderMap::new(), Some(&body)).await;
    assert_eq!(answer.problem(), (409, "registration.closed"));
    let server = first.ask(Method::GET, "/api/v1/server", &HeaderMap::new(), None).await.ok();
    assert_eq!(server["registration_open"], false);

    let closed = House::with(Registration::Closed, "https://crier.example").await;
    let answer = closed.ask(Method::POST, "/api/v1/auth/sign-up", &HeaderMap::new(), Some(&body)).await;
    assert_eq!(answer.problem(), (409, "registration.closed"));
}

#[tokio::test]
async fn a_session_elsewhere_can_be_ended_and_those_of_others_cannot() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let body = json!({ "email": "ada@example.org", "password": "correct horse" });
    house.ask(Method::POST, "/api/v1/auth/sign-in", &HeaderMap::new(), Some(&body)).await.ok();
    let sessions = ada.get("/api/v1/auth/sessions").await.ok();
    let items = sessions["items"].as_array().unwrap();
    assert_eq!(items.iter().filter(|session| session["current"] == true).count(), 1);
    let other = items.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let bob = house.person("bob@example.org").await;
    assert_eq!(bob.delete(&format!("/api/v1/auth/sessions/{other}")).await.problem(), (404, "session.unknown"));
    assert_eq!(ada.delete(&format!("/api/v1/auth/sessions/{other}")).await.status, 204);
    assert_eq!(ada.get("/api/v1/auth/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_person_changes_how_times_are_shown() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let change = json!({ "time_zone": "America/New_York", "week_start": "sunday", "clock": "h12" });
    let me = ada.patch("/api/v1/auth/me", &change).await.ok();
    assert_eq!(
        (&me["user"]["time_zone"], &me["user"]["week_start"], &me["user"]["clock"]),
        (&json!("America/New_York"), &json!("sunday"), &json!("h12"))
    );
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    let wrong = ada.patch("/api/v1/auth/me", &json!({ "clock": "h13" })).await;
    assert_eq!((wrong.problem(), wrong.pointers()), ((422, "input.invalid"), vec!["/clock"]));
}

#[tokio::test]
async fn a_key_works_in_its_workspace_until_it_is_deleted() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    house.member(bob.workspace, ada.user, crier_model::permission::Role::Admin).await;
    let made = ada.post("keys", &json!({ "name": "script" })).await.ok();
    let (key, id) = (made["secret"].as_str().unwrap(), made["id"].as_str().unwrap());
    let list = ada.get("keys").await.ok();
    assert!(!list.to_string().contains(key), "the key is shown once");
    assert!(key.starts_with(list["items"][0]["prefix"].as_str().unwrap()));

    for form in [format!("Bearer {key}"), format!("bearer {key}"), key.to_owned()] {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, form.parse().unwrap());
        let path = format!("/api/v1/workspaces/{}/channels", ada.workspace);
        assert_eq!(house.ask(Method::GET, &path, &headers, None).await.status, 200, "{form}");
        let path = format!("/api/v1/workspaces/{}/channels", bob.workspace);
        assert_eq!(house.ask(Method::GET, &path, &headers, None).await.problem(), (404, "workspace.unknown"));
    }
    ada.delete(&format!("keys/{id}")).await;
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
    let path = format!("/api/v1/workspaces/{}/channels", ada.workspace);
    assert_eq!(house.ask(Method::GET, &path, &headers, None).await.problem(), (401, "auth.key_wrong"));
}
