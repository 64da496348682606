//! A WordPress site.

use crate::{Channel, Notebook, Publication, client, item, other_picture, patient, peer, picture, pixel, text, with};
use crier_networks::connect::{Form, FormRefusal, SignedIn};
use crier_networks::lookup::{Lookup, LookupItem};
use crier_networks::publish::Item;
use crier_networks::wordpress::WordPress;
use crier_networks::{Refusal, Sent, text as words};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn site() -> Value {
    peer("CRIER_PEER_WORDPRESS")
}

async fn sign_in(user: &str, password: &str) -> Result<SignedIn, FormRefusal> {
    let site = site();
    let values = [("domain", text(&site, "url")), ("username", user), ("password", password)];
    let values: BTreeMap<String, String> = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    WordPress.sign_in(&client(), &values).await
}

async fn channel_of(account: &str) -> Channel {
    let site = site();
    let (user, password) =
        (text(&site, &format!("/{account}/user")).to_owned(), text(&site, &format!("/{account}/password")).to_owned());
    Channel::of("wordpress", client(), sign_in(&user, &password).await.unwrap())
}

/// A post as its author sees it.
async fn read(channel: &Channel, kind: &str, sent: &Sent) -> Value {
    let user = channel.credentials.extra["user"].expose();
    let url = format!("{}/wp-json/wp/v2/{kind}/{}?context=edit", text(&site(), "url"), sent.remote_id);
    let answer = client().get(url).basic(user, channel.credentials.access_token.expose()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json().unwrap()
}

#[tokio::test]
#[ignore = "needs peers/wordpress-site"]
async fn peer_wordpress_signs_in_those_who_may_write() {
    let site = site();
    let channel = channel_of("editor").await;
    let host = text(&site, "url").trim_start_matches("http://").to_owned();
    assert_eq!((channel.handle, channel.instance.as_deref()), (format!("editor@{host}"), site["url"].as_str()));
    let refused = sign_in("reader", text(&site, "/reader/password")).await.unwrap_err();
    assert!(matches!(refused, FormRefusal::FieldRefused { name: "username", .. }), "{refused:?}");
    let refused = sign_in("editor", text(&site, "own_password")).await.unwrap_err();
    assert!(
        matches!(refused, FormRefusal::FieldRefused { name: "password", refusal: Refusal::Auth(_) }),
        "{refused:?}"
    );
    let refused = sign_in("nobody", "abcd abcd abcd abcd abcd abcd").await.unwrap_err();
    assert!(matches!(refused, FormRefusal::FieldRefused { refusal: Refusal::Auth(_), .. }), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs peers/wordpress-site"]
async fn peer_wordpress_publishes_what_was_written_under_an_address_of_the_title() {
    let channel = channel_of("editor").await;
    let site = site();
    let html = "<h2>Größe &amp; so</h2><p><strong>fett</strong> @ada <a href=\"https://example.org/a?b=1&amp;c\">here</a></p><ul><li>eins</li></ul>";
    let settings =
        json!({ "title": "Größe & <so>", "categories": [site["category"]], "tags": [site["tag"]], "excerpt": "Kurz" });
    let body = words::html::read(html);
    let sent = channel.send(&with(&settings, Item { body, ..item("") })).await;
    let post = read(&channel, "posts", &sent).await;
    assert_eq!(text(&post, "/content/raw"), html);
    assert_eq!(
        (text(&post, "status"), text(&post, "/title/raw"), text(&post, "/excerpt/raw")),
        ("publish", "Größe & <so>", "Kurz")
    );
    assert_eq!((&post["categories"], &post["tags"]), (&json!([site["category"]]), &json!([site["tag"]])));
    assert!(text(&post, "slug").starts_with("groesse") || text(&post, "slug").starts_with("grose"), "{}", post["slug"]);
    let page = client().get(sent.url.unwrap()).send().await.unwrap();
    assert_eq!(page.status(), 200, "it is there for everybody");
}

#[tokio::test]
#[ignore = "needs peers/wordpress-site"]
async fn peer_wordpress_keeps_pictures_with_their_descriptions() {
    let channel = channel_of("editor").await;
    let alt = "Ein Bild, „beschrieben“";
    let media = vec![picture(alt, None), other_picture()];
    let sent = channel.send(&with(&json!({ "title": "Pictures" }), Item { media, ..item("Two pictures") })).await;
    let post = read(&channel, "posts", &sent).await;
    let content = text(&post, "/content/raw");
    assert!(content.contains("<figure><img src=") && content.contains("other"), "{content}");
    let featured = Sent { remote_id: post["featured_media"].to_string(), url: None, data: Value::Null };
    let file = read(&channel, "media", &featured).await;
    assert_eq!(text(&file, "alt_text"), alt);
    let bytes = client().get(text(&file, "source_url")).send().await.unwrap();
    assert_eq!(bytes.body(), &pixel());
}

#[tokio::test]
#[ignore = "needs peers/wordpress-site"]
async fn peer_wordpress_makes_pages_drafts_and_posts_with_addresses_of_their_own() {
    let channel = channel_of("editor").await;
    let slug = format!("about-us-{}", Publication::now().id);
    let sent = channel.send(&with(&json!({ "title": "About", "type": "pages", "slug": slug }), item("Us"))).await;
    let page = read(&channel, "pages", &sent).await;
    assert_eq!((text(&page, "status"), text(&page, "slug")), ("publish", slug.as_str()));
    let sent = channel.send(&with(&json!({ "title": "Later", "status": "draft" }), item("Not yet"))).await;
    let draft = read(&channel, "posts", &sent).await;
    assert_eq!(text(&draft, "status"), "draft");
    assert!(text(&draft, "slug").starts_with("later"), "{}", draft["slug"]);
    let sent = channel.send(&with(&json!({ "title": "Top", "sticky": true, "status": "private" }), item("Up"))).await;
    assert_eq!(text(&read(&channel, "posts", &sent).await, "status"), "private");
}

#[tokio::test]
#[ignore = "needs peers/wordpress-site"]
async fn peer_wordpress_makes_one_post_of_tries_killed_anywhere() {
    let channel = channel_of("editor").await;
    for at in 0..4 {
        let (publication, journal) = (Publication::now(), Notebook::default());
        let title = format!("Once {}", publication.id);
        let post = with(&json!({ "title": title }), item("Once"));
        journal.die_after(Some(at));
        assert!(channel.publish(&publication, &post, &journal).await.is_err(), "{at}");
        journal.die_after(None);
        let sent = channel.publish(&publication, &post, &journal).await.unwrap();
        let user = channel.credentials.extra["user"].expose();
        let url =
            format!("{}/wp-json/wp/v2/posts?context=edit&status=any&search={}", text(&site(), "url"), publication.id);
        let answer = client().get(url).basic(user, channel.credentials.access_token.expose()).send().await.unwrap();
        let found: Vec<Value> = answer.json().unwrap();
        let found: Vec<_> = found.iter().map(|post| (post["id"].to_string(), text(post, "status"))).collect();
        assert_eq!(found, [(sent.remote_id, "publish")], "{at}");
    }
}

#[tokio::test]
#[ignore = "needs peers/wordpress-site"]
async fn peer_wordpress_refuses_what_a_contributor_may_not_and_files_it_does_not_know() {
    let writer = channel_of("writer").await;
    let publish = |channel: Channel, post: Item| async move {
        match channel.publish(&Publication::now(), &post, &Notebook::default()).await {
            Err(Refusal::Content(detail)) => detail.pointer.unwrap_or_default().into_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(publish(writer, with(&json!({ "title": "Mine" }), item("x"))).await, "/settings/status");
    let writer = channel_of("writer").await;
    let sent = writer.send(&with(&json!({ "title": "Please", "status": "pending" }), item("x"))).await;
    assert_eq!(text(&read(&writer, "posts", &sent).await, "status"), "pending");
    let kind = with(&json!({ "title": "x", "type": "movies" }), item("x"));
    assert_eq!(publish(channel_of("editor").await, kind).await, "/settings/type");
    let mut file = picture("", None);
    file.name = "pixel.exe".to_owned();
    let post = with(&json!({ "title": "x" }), Item { media: vec![file], ..item("x") });
    assert_eq!(publish(channel_of("editor").await, post).await, "/media/0");
}

#[tokio::test]
#[ignore = "needs peers/wordpress-site"]
async fn peer_wordpress_lists_kinds_categories_and_tags() {
    let channel = channel_of("editor").await;
    let site = site();
    let access = channel.access();
    let names = |found: Vec<LookupItem>| found.into_iter().map(|item| (item.id, item.name)).collect::<Names>();
    let kinds = names(patient(|| WordPress.lookup(&access, "postTypes", "")).await);
    assert_eq!(
        kinds,
        Names::from([("pages".to_owned(), "Pages".to_owned()), ("posts".to_owned(), "Posts".to_owned())])
    );
    let categories = names(patient(|| WordPress.lookup(&access, "categoriesList", "new")).await);
    assert_eq!(categories.get(&site["category"].to_string()).map(String::as_str), Some("News"));
    let tags = names(patient(|| WordPress.lookup(&access, "tagsList", "")).await);
    assert_eq!(tags.get(&site["tag"].to_string()).map(String::as_str), Some("rust"));
}

type Names = BTreeMap<String, String>;
