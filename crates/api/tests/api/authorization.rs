//! Who may ask what, for every operation there is: the list comes from the description, so that a new one can't be forgotten.

use crate::house::{House, Person};
use axum::http::{HeaderMap, Method, Request, header};
use crier_model::permission::Role;
use crier_store::testing::record;
use serde_json::{Value, json};
use uuid::Uuid;

/// Every operation: its method and its path with ids filled in.
fn operations(workspace: &str) -> Vec<(Method, String, String)> {
    let document = serde_json::to_value(crier_api::openapi()).unwrap();
    let mut all = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        let path = template.replace("{workspace}", workspace).replace("{network}", "mastodon");
        let path = path.replace("{id}", &Uuid::now_v7().to_string()).replace("{name}", "channels");
        for method in item.as_object().unwrap().keys() {
            if let Ok(method) = method.to_uppercase().parse() {
                all.push((method, template.clone(), path.clone()));
            }
        }
    }
    assert!(all.len() > 40, "only {} operations are described", all.len());
    all
}

const PUBLIC: [(&str, &str); 8] = [
    ("GET", "/api/v1/server"),
    ("POST", "/api/v1/auth/sign-in"),
    ("POST", "/api/v1/auth/sign-out"),
    ("POST", "/api/v1/auth/sign-up"),
    ("POST", "/api/v1/invite/open"),
    ("POST", "/api/v1/connect/extension"),
    ("POST", "/api/v1/connect/extension/renew"),
    ("POST", "/api/v1/connect/extension/stop"),
];

/// What somebody who may only look may ask.
const FOR_VIEWERS: [(&str, &str); 14] = [
    ("GET", ""),
    ("GET", "/channels"),
    ("GET", "/channels/{id}"),
    ("GET", "/channels/{id}/attempts"),
    ("GET", "/channels/{id}/avatar"),
    ("GET", "/channels/{id}/lookups/{name}"),
    ("GET", "/events"),
    ("GET", "/media"),
    ("GET", "/media/{id}"),
    ("GET", "/media/{id}/file"),
    ("GET", "/media/{id}/thumbnail"),
    ("GET", "/networks"),
    ("GET", "/networks/{network}/preflight"),
    ("GET", "/posts"),
];
const ALSO_FOR_VIEWERS: [(&str, &str); 14] = [
    ("GET", "/channels/{id}/metrics"),
    ("GET", "/channels/{id}/plugs"),
    ("GET", "/publications/{id}/metrics"),
    ("GET", "/slots"),
    ("GET", "/slots/free"),
    ("GET", "/channels/{id}/slots"),
    ("GET", "/channels/{id}/queue"),
    ("GET", "/evergreen"),
    ("GET", "/evergreen/{id}"),
    ("GET", "/notices"),
    ("POST", "/notices/seen"),
    ("GET", "/notices/unread"),
    ("GET", "/posts/{id}"),
    ("POST", "/posts/check"),
];
/// What an editor may besides.
const FOR_EDITORS: [(&str, &str); 18] = [
    ("POST", "/publications/{id}/remove"),
    ("POST", "/publications/{id}/edit"),
    ("POST", "/posts/bulk"),
    ("POST", "/evergreen"),
    ("PUT", "/evergreen/{id}"),
    ("DELETE", "/evergreen/{id}"),
    ("POST", "/evergreen/{id}/posts"),
    ("POST", "/media"),
    ("PATCH", "/media/{id}"),
    ("DELETE", "/media/{id}"),
    ("POST", "/posts"),
    ("PUT", "/posts/{id}"),
    ("DELETE", "/posts/{id}"),
    ("POST", "/posts/{id}/move"),
    ("POST", "/posts/{id}/duplicate"),
    ("POST", "/publications/{id}/retry"),
    ("POST", "/publications/{id}/cancel"),
    ("POST", "/publications/{id}/resolve"),
];

async fn status(person: &Person<'_>, method: &Method, path: &str) -> u16 {
    // The stream of events never ends: its beginning is enough.
    let mut request = Request::builder().method(method.clone()).uri(path).body(axum::body::Body::empty()).unwrap();
    request.headers_mut().extend(person.headers.clone());
    let response = tower::ServiceExt::oneshot(person.house.router.clone(), request).await.unwrap();
    response.status().as_u16()
}

#[tokio::test]
async fn without_a_session_only_the_public_operations_answer() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let nobody = Person { headers: HeaderMap::new(), ..ada };
    for (method, template, path) in operations(&nobody.workspace.to_string()) {
        let status = status(&nobody, &method, &path).await;
        if PUBLIC.contains(&(method.as_str(), template.as_str())) {
            assert_ne!(status, 401, "{method} {template}");
        } else {
            assert_eq!(status, 401, "{method} {template}");
        }
    }
}

#[tokio::test]
async fn what_runs_the_installation_is_for_its_admins_alone() {
    let house = House::new().await;
    // The first person of all.
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    house.member(ada.workspace, bob.user, Role::Owner).await;
    let of_admins: Vec<_> = operations(&ada.workspace.to_string())
        .into_iter()
        .filter(|(_, template, _)| template.starts_with("/api/v1/admin/"))
        .collect();
    assert!(of_admins.len() >= 6, "{of_admins:?}");
    for (method, template, path) in &of_admins {
        let (of_ada, of_bob) = (status(&ada, method, path).await, status(&bob, method, path).await);
        assert!(of_ada != 403 && of_ada != 401, "{method} {template}: {of_ada}");
        assert_eq!(of_bob, 403, "{method} {template}");
    }
    let key = ada.post("keys", &json!({ "name": "k" })).await.ok()["secret"].as_str().unwrap().to_owned();
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
    let answer = house.ask(Method::GET, "/api/v1/admin/apps", &headers, None).await;
    assert_eq!(answer.problem(), (401, "auth.required"), "a key is bound to its workspace");
    crier_store::users::set_admin(&house.store, "bob@example.org", true).await.unwrap();
    assert_eq!(status(&bob, &Method::GET, "/api/v1/admin/apps").await, 200);
}

#[tokio::test]
async fn the_workspace_of_others_is_not_there_for_anybody_else() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    for (method, template, path) in operations(&ada.workspace.to_string()) {
        if template.contains("{workspace}") {
            assert_eq!(status(&bob, &method, &path).await, 404, "{method} {template}");
        }
    }
}

#[tokio::test]
async fn each_role_may_what_the_table_says_and_no_more() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    let in_adas = Person { workspace: ada.workspace, ..bob };
    for role in [Role::Viewer, Role::Editor, Role::Approver, Role::Admin] {
        house.member(ada.workspace, in_adas.user, role).await;
        for (method, template, path) in operations(&ada.workspace.to_string()) {
            let Some(rest) = template.strip_prefix("/api/v1/workspaces/{workspace}") else { continue };
            let asked = (method.as_str(), rest);
            let viewer = FOR_VIEWERS.contains(&asked) || ALSO_FOR_VIEWERS.contains(&asked);
            let editor = viewer || FOR_EDITORS.contains(&asked);
            let may = match role {
                Role::Viewer => viewer,
                Role::Editor | Role::Approver => editor,
                Role::Admin | Role::Owner => true,
            };
            let status = status(&in_adas, &method, &path).await;
            assert_eq!(status == 403, !may, "{role}: {method} {template} answered {status}");
        }
    }
}

#[tokio::test]
async fn ids_of_another_workspace_name_nothing() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let bob = house.person("bob@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let post = ada.post("posts", &crate::house::scheduled(&[channel], "Hello")).await.ok();
    let (post_id, publication) = (post["id"].as_str().unwrap(), post["publications"][0]["id"].as_str().unwrap());
    for path in [format!("channels/{channel}"), format!("posts/{post_id}"), format!("channels/{channel}/attempts")] {
        assert_eq!(bob.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(bob.delete(&format!("posts/{post_id}")).await.status, 404);
    assert_eq!(bob.post(&format!("publications/{publication}/cancel"), &json!({})).await.status, 404);
    assert_eq!(bob.post(&format!("posts/{post_id}/duplicate"), &json!({})).await.status, 404);
    let stolen = bob.post("posts", &crate::house::scheduled(&[channel], "Hello")).await;
    assert_eq!((stolen.status.as_u16(), stolen.pointers()), (422, vec!["/channels/0"]));
    assert_eq!(ada.get(&format!("posts/{post_id}")).await.ok()["state"], "scheduled");
}

#[tokio::test]
async fn another_sites_page_may_change_nothing() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let body = json!({ "name": "Stolen" });
    let path = format!("/api/v1/workspaces/{}", ada.workspace);
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"), ("origin", "null")] {
        let answer = ada.with(Method::PATCH, &path, name, value, &body).await;
        assert_eq!(answer.problem(), (403, "origin.foreign"), "{name}: {value}");
    }
    assert_eq!(ada.with(Method::PATCH, &path, "origin", crate::house::ORIGIN, &body).await.status, 200);
}

#[tokio::test]
async fn a_connect_that_starts_under_another_address_is_told_where_to_start() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let mut headers = ada.headers.clone();
    headers.insert(header::ORIGIN, "http://127.0.0.1:4800".parse().unwrap());
    headers.insert(header::HOST, "127.0.0.1:4800".parse().unwrap());
    let path = format!("/api/v1/workspaces/{}/attempts", ada.workspace);
    let answer = house.ask(Method::POST, &path, &headers, Some(&json!({ "network": "webhook" }))).await;
    assert_eq!(answer.problem(), (409, "public_url.mismatch"));
    record::raised(serde_json::from_value(answer.json["code"].clone()).unwrap());
    let next = &answer.json["diagnosis"]["next"];
    assert_eq!(
        (&next["kind"], &next["url"]),
        (&Value::from("open"), &Value::from("https://crier.example/channels/add"))
    );
}
