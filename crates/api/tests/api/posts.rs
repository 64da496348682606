use crate::house::{House, scheduled};
use axum::http::{Method, header};
use crier_model::ChannelId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

#[tokio::test]
async fn a_post_is_written_read_changed_moved_copied_and_deleted() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let made = ada.post("posts", &scheduled(&[channel], "One\n\nTwo")).await;
    assert_eq!((made.status.as_u16(), made.headers[header::ETAG].to_str().unwrap()), (201, "\"1\""));
    let id = made.json["id"].as_str().unwrap().to_owned();
    let post = ada.get(&format!("posts/{id}")).await.ok();
    assert_eq!((&post["parts"][0]["text"], &post["time_zone"]), (&json!("One\n\nTwo"), &json!("Europe/Berlin")));
    assert_eq!(
        (&post["created_by"]["name"], &post["publications"][0]["state"]),
        (&json!("Ada Lovelace"), &json!("scheduled"))
    );

    let mut changed = scheduled(&[channel], "Three");
    changed["variants"] = json!({ channel.to_string(): { "parts": [{ "text": "Tailored" }], "settings": {} } });
    let changed = ada.with(Method::PUT, &format!("posts/{id}"), "if-match", "\"1\"", &changed).await.ok();
    assert_eq!(
        (&changed["version"], &changed["variants"][channel.to_string()]["parts"][0]["text"]),
        (&json!(2), &json!("Tailored"))
    );
    let stale =
        ada.with(Method::PUT, &format!("posts/{id}"), "if-match", "\"1\"", &scheduled(&[channel], "Lost")).await;
    assert_eq!(stale.problem(), (412, "post.changed"));

    let later = Timestamp::now() + SignedDuration::from_hours(48);
    let moved = ada.post(&format!("posts/{id}/move"), &json!({ "due_at": later })).await.ok();
    let at: Timestamp = moved["publications"][0]["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(at.as_millisecond(), later.as_millisecond());
    let past = ada.post(&format!("posts/{id}/move"), &json!({ "due_at": "2001-01-01T00:00:00Z" })).await;
    assert_eq!((past.problem(), past.pointers()), ((422, "input.invalid"), vec!["/due_at"]));

    let copy = ada.post(&format!("posts/{id}/duplicate"), &json!({})).await;
    assert_eq!((copy.status.as_u16(), &copy.json["state"]), (201, &json!("draft")));
    assert_eq!(ada.delete(&format!("posts/{id}")).await.status, 204);
    assert_eq!(ada.get(&format!("posts/{id}")).await.problem(), (404, "post.unknown"));
}

#[tokio::test]
async fn the_same_request_again_is_the_same_post() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let body = scheduled(&[channel], "Once");
    let first = ada.with(Method::POST, "posts", "idempotency-key", "k-1", &body).await;
    let again = ada.with(Method::POST, "posts", "idempotency-key", "k-1", &body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.json["id"], again.json["id"]);
    assert_eq!(ada.get("posts").await.ok()["items"].as_array().unwrap().len(), 1);
    let wrong = ada.with(Method::POST, "posts", "idempotency-key", &"k".repeat(201), &body).await;
    assert_eq!(wrong.pointers(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn the_calendar_has_what_is_due_between_and_lists_come_in_pages() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let start = Timestamp::now() + SignedDuration::from_hours(24);
    for hour in 0..5 {
        let mut post = scheduled(&[channel], &format!("Post {hour}"));
        post["due_at"] = json!(start + SignedDuration::from_hours(hour));
        ada.post("posts", &post).await.ok();
    }
    let (from, to) = (start + SignedDuration::from_hours(1), start + SignedDuration::from_hours(3));
    let found = ada.get(&format!("posts?from={from}&to={to}")).await.ok();
    let texts: Vec<&str> =
        found["items"].as_array().unwrap().iter().map(|post| post["excerpt"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Post 1", "Post 2"]);
    let first = ada.get("posts?limit=3").await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("posts?limit=3&cursor={cursor}")).await.ok();
    let excerpts = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|p| p["excerpt"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(excerpts(&first), ["Post 4", "Post 3", "Post 2"]);
    assert_eq!(excerpts(&second), ["Post 1", "Post 0"]);
    assert!(ada.get("posts?state=failed").await.ok()["items"].as_array().unwrap().is_empty());
    assert_eq!(
        ada.get(&format!("posts?state=scheduled&channel={channel}")).await.ok()["items"].as_array().unwrap().len(),
        5
    );
}

#[tokio::test]
async fn the_calendar_shows_every_change_at_once() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let due_at = Timestamp::now() + SignedDuration::from_hours(2);
    let (from, to) = (Timestamp::now(), due_at + SignedDuration::from_hours(1));
    let month = format!("posts?from={from}&to={to}");
    let seen = async || {
        let first = ada.get(&month).await.ok();
        assert_eq!(ada.get(&month).await.ok(), first, "asked again with nothing between");
        let items = first["items"].as_array().unwrap();
        items.iter().map(|p| format!("{} {}", p["excerpt"].as_str().unwrap(), p["state"].as_str().unwrap())).collect()
    };
    let mut all: Vec<Vec<String>> = vec![seen().await];
    let post = ada.post("posts", &scheduled(&[channel], "One")).await.ok();
    all.push(seen().await);
    let path = format!("posts/{}", post["id"].as_str().unwrap());
    ada.with(Method::PUT, &path, "if-match", "\"1\"", &scheduled(&[channel], "Two")).await.ok();
    all.push(seen().await);
    let publication = post["publications"][0]["id"].as_str().unwrap();
    ada.post(&format!("publications/{publication}/cancel"), &json!({})).await.ok();
    all.push(seen().await);
    ada.post(&format!("publications/{publication}/retry"), &json!({})).await.ok();
    all.push(seen().await);
    ada.post(&format!("{path}/move"), &json!({ "due_at": to })).await.ok();
    all.push(seen().await);
    ada.post(&format!("{path}/move"), &json!({ "due_at": due_at })).await.ok();
    ada.post(&format!("{path}/duplicate"), &json!({})).await.ok();
    all.push(seen().await);
    ada.delete(&path).await;
    all.push(seen().await);
    let expected: [&[&str]; 8] = [
        &[],
        &["One scheduled"],
        &["Two scheduled"],
        &["Two cancelled"],
        &["Two scheduled"],
        &[],
        &["Two scheduled", "Two draft"],
        &["Two draft"],
    ];
    assert_eq!(all, expected);
}

#[tokio::test]
async fn a_check_counts_on_every_channel_and_writes_nothing() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let mut body = scheduled(&[channel], "See https://example.org/x");
    body["due_at"] = Value::Null;
    let check = ada.post("posts/check", &body).await.ok();
    let part = &check["channels"][0]["parts"][0];
    assert_eq!(part["links"], json!(["https://example.org/x"]));
    assert_eq!(part["used"], "See https://example.org/x".len());
    assert_eq!((&check["ok"], &check["problems"][0]["code"]), (&json!(false), &json!("due_at.missing")));
    assert!(ada.get("posts").await.ok()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn formatting_is_kept_and_shown_as_each_network_does() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let plain = house.channel_on("mastodon", ada.workspace, "news", None).await;
    let formatted = house.channel_on("rss", ada.workspace, "feed", None).await;
    let mut body = scheduled(&[plain, formatted], "**One** [two](https://example.org/)\n\n- three");
    let shown = async |channel: ChannelId, body: &Value| {
        let check = ada.post("posts/check", body).await.ok();
        let channels = check["channels"].as_array().unwrap();
        let of = channels.iter().find(|of| of["channel_id"] == channel.to_string()).unwrap();
        of["parts"][0]["shown"].clone()
    };
    let text = |text: &str| json!({ "type": "text", "text": text });
    let literal = json!([
        { "type": "paragraph", "content": [text("**One** [two](https://example.org/)")] },
        { "type": "paragraph", "content": [text("- three")] },
    ]);
    for channel in [plain, formatted] {
        assert_eq!(shown(channel, &body).await, literal);
    }

    body["parts"][0]["format"] = json!("markdown");
    let words = json!([
        { "type": "paragraph", "content": [text("One two (https://example.org/)")] },
        { "type": "paragraph", "content": [text("- three")] },
    ]);
    assert_eq!(shown(plain, &body).await, words);
    let link = json!({ "type": "link", "href": "https://example.org/", "text": "two" });
    let bold = json!({ "type": "text", "text": "One", "marks": ["bold"] });
    let all = json!([
        { "type": "paragraph", "content": [bold, text(" "), link] },
        { "type": "list", "ordered": false, "items": [[text("three")]] },
    ]);
    assert_eq!(shown(formatted, &body).await, all);

    let made = ada.post("posts", &body).await.ok();
    let part = &ada.get(&format!("posts/{}", made["id"].as_str().unwrap())).await.ok()["parts"][0];
    assert_eq!((&part["format"], &part["body"]), (&json!("markdown"), &all));
    assert_eq!(part["text"], "**One** [two](https://example.org/)\n\n- three");

    body["parts"][0]["format"] = json!("html");
    assert_eq!(ada.post("posts", &body).await.pointers(), ["/parts/0/format"]);
}

#[tokio::test]
async fn a_publication_is_cancelled_and_taken_up_again() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let post = ada.post("posts", &scheduled(&[channel], "Hello")).await.ok();
    let publication = post["publications"][0]["id"].as_str().unwrap();
    let early = ada.post(&format!("publications/{publication}/retry"), &json!({})).await;
    assert_eq!(early.problem(), (409, "publication.not_retryable"));
    let cancelled = ada.post(&format!("publications/{publication}/cancel"), &json!({})).await.ok();
    assert_eq!(cancelled["state"], "cancelled");
    assert!(cancelled["events"].as_array().unwrap().len() >= 2);
    let again = ada.post(&format!("publications/{publication}/retry"), &json!({})).await.ok();
    assert_eq!(again["state"], "scheduled");
    let answer = ada.post(&format!("publications/{publication}/resolve"), &json!({ "outcome": "send_again" })).await;
    assert_eq!(answer.problem(), (409, "publication.not_unconfirmed"));
    let answer = ada
        .post(
            &format!("publications/{publication}/resolve"),
            &json!({ "outcome": "published", "url": "javascript:alert(1)" }),
        )
        .await;
    assert_eq!(answer.pointers(), ["/url"]);
}

#[tokio::test]
async fn a_name_at_the_network_is_taken_where_there_are_such_and_as_long_as_it_may_be() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    let server = house.channel_on("discord", ada.workspace, "server", None).await;
    let named = async |channel: ChannelId, name: &str| {
        let path = format!("channels/{channel}/nickname");
        ada.with(Method::PUT, &path, "accept", "application/json", &json!({ "name": name })).await
    };
    assert_eq!(named(channel, "News").await.problem(), (409, "network.no_nickname"));
    assert_eq!(named(server, &"n".repeat(33)).await.pointers(), ["/name"]);
    // Its credentials are none that Discord would know: nothing is asked with them.
    assert_eq!(named(server, "News").await.status.as_u16(), 502);
}

#[tokio::test]
async fn a_channel_is_renamed_switched_off_and_deleted() {
    let house = House::new().await;
    let ada = house.person("ada@example.org").await;
    let channel = house.channel(ada.workspace, "news").await;
    ada.post("posts", &scheduled(&[channel], "Hello")).await.ok();
    let path = format!("channels/{channel}");
    let shown = ada.get(&path).await.ok();
    assert_eq!((&shown["queued"], &shown["initials"], &shown["state"]), (&json!(1), &json!("N"), &json!("active")));
    assert!(shown["next_due_at"].is_string());
    let off = ada.patch(&path, &json!({ "disabled": true, "name": "Old news" })).await.ok();
    assert_eq!((&off["state"], &off["name"]), (&json!("disabled"), &json!("Old news")));
    let check = ada.post("posts/check", &scheduled(&[channel], "Hello")).await.ok();
    assert_eq!(
        (&check["ok"], &check["channels"][0]["problems"][0]["code"]),
        (&json!(true), &json!("channel.disabled"))
    );
    assert_eq!(ada.patch(&path, &json!({ "disabled": false })).await.ok()["state"], "active");
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(ada.get(&path).await.problem(), (404, "channel.unknown"));
    assert!(ada.get("channels").await.ok()["items"].as_array().unwrap().is_empty());
}
