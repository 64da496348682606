//! The description of the API is whole: names are unique, references lead somewhere, every answer has a shape.

use crate::house::House;
use axum::http::{HeaderMap, Method, header};
use crier_api::Registration;
use serde_json::Value;
use std::collections::HashSet;

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_to_a_schema_and_every_name_is_unique() {
    let document = serde_json::to_value(crier_api::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&document, &mut found);
    for reference in found {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{reference} leads nowhere");
    }
    let mut names = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path} says nothing");
            assert!(operation["responses"].get("default").is_some(), "{method} {path}");
            let named = path.matches('{').count();
            let given = operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path").count();
            assert_eq!(named, given, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_and_pages_are_guarded() {
    let house = House::new().await;
    let none = HeaderMap::new();
    let answer = house.ask(Method::GET, "/api/v1/nothing", &none, None).await;
    assert_eq!(answer.problem(), (404, "path.unknown"));
    for name in
        ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "x-request-id"]
    {
        assert!(answer.headers.contains_key(name), "{name} is missing");
    }
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'self'") && !policy.contains("script-src"), "{policy}");
    let answer = house.ask(Method::DELETE, "/api/v1/server", &none, None).await;
    assert_eq!(answer.problem(), (405, "method.unknown"));
}

#[tokio::test]
async fn health_and_readiness_answer() {
    let house = House::new().await;
    for path in ["/health", "/ready"] {
        assert_eq!(house.ask(Method::GET, path, &HeaderMap::new(), None).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_callback_nobody_asked_for_lands_on_a_page_that_says_why() {
    let house = House::new().await;
    let path = "/integrations/social/mastodon?code=secret-code&state=nonsense";
    let answer = house.ask(Method::GET, path, &HeaderMap::new(), None).await;
    assert_eq!(answer.status, 303);
    let target = answer.headers[header::LOCATION].to_str().unwrap();
    let told = target.strip_prefix("/connect/failed#d=").unwrap();
    use base64::Engine;
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(told).unwrap();
    let diagnosis: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(diagnosis["code"], "state.unknown");
    assert!(!String::from_utf8(json).unwrap().contains("secret-code"));
}

#[tokio::test]
async fn the_manual_is_served_with_links_that_work() {
    let house = House::new().await;
    let page = house.ask(Method::GET, "/docs/diagnoses/dns.not_found", &HeaderMap::new(), None).await;
    assert_eq!(page.status, 200);
    let html = String::from_utf8(page.bytes).unwrap();
    assert!(html.contains("<h1>") && html.contains("/docs/manual.css") && !html.contains(".md\""), "{html}");
    let answer = house.ask(Method::GET, "/docs/nothing", &HeaderMap::new(), None).await;
    assert_eq!(answer.problem(), (404, "docs.unknown"));
}

#[tokio::test]
async fn networks_look_this_installation_up_where_it_has_a_public_address() {
    let path = "/oauth-client-metadata.json";
    let house = House::new().await;
    let answer = house.ask(Method::GET, path, &HeaderMap::new(), None).await;
    assert_eq!(answer.status, 200);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("application/json"));
    assert_eq!(answer.json["client_id"], "https://crier.example/oauth-client-metadata.json");
    assert_eq!(answer.json["redirect_uris"][0], "https://crier.example/integrations/social/bluesky");
    assert!(answer.json["jwks"]["keys"][0]["d"].is_null());

    let local = House::with(Registration::Open, "http://127.0.0.1:4800").await;
    let answer = local.ask(Method::GET, path, &HeaderMap::new(), None).await;
    assert_eq!(answer.problem(), (404, "client_document.none"));
}

#[tokio::test]
async fn a_way_that_a_network_does_not_have_is_named() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let body = serde_json::json!({ "network": "bluesky", "way": "pigeon" });
    let answer = ada.post("attempts", &body).await;
    assert_eq!(answer.problem(), (422, "way.unknown"));
    assert_eq!(answer.json["errors"][0]["pointer"], "/way");
    let body = serde_json::json!({ "network": "bluesky", "way": "app_password" });
    let answer = ada.post("attempts", &body).await;
    assert_eq!((answer.status.as_u16(), answer.json["way"].as_str()), (201, Some("app_password")), "{:?}", answer.json);
}
