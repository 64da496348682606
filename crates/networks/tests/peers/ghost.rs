//! A Ghost site. What is published is read back by its Content API, as its readers' pages do.

use crate::{Channel, Notebook, Publication, client, item, other_picture, patient, peer, picture, pixel, text, with};
use crier_networks::afterwards::{Delete, Edit};
use crier_networks::connect::{Form, FormRefusal, SignedIn};
use crier_networks::ghost::Ghost;
use crier_networks::lookup::Lookup;
use crier_networks::publish::Item;
use crier_networks::{Refusal, Sent, text as words};
use serde_json::{Value, json};

fn site() -> Value {
    peer("CRIER_PEER_GHOST")
}

async fn sign_in(key: &str) -> Result<SignedIn, FormRefusal> {
    let values = [("url", text(&site(), "url").to_owned()), ("key", key.to_owned())];
    Ghost.sign_in(&client(), &values.map(|(name, value)| (name.to_owned(), value)).into()).await
}

async fn channel() -> Channel {
    Channel::of("ghost", client(), sign_in(text(&site(), "key")).await.unwrap())
}

/// Posts as readers get them, by a filter of Ghost's.
async fn read(filter: &str) -> Vec<Value> {
    let site = site();
    let url = format!("{}/ghost/api/content/posts/", text(&site, "url"));
    let asked = [("key", text(&site, "content_key")), ("filter", filter), ("formats", "html"), ("include", "tags")];
    let answer = client().get(url).query(&asked).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json::<Value>().unwrap()["posts"].as_array().unwrap().clone()
}

async fn post(sent: &Sent) -> Value {
    read(&format!("id:{}", sent.remote_id)).await.pop().unwrap()
}

#[tokio::test]
#[ignore = "needs peers/ghost-site"]
async fn peer_ghost_signs_in_with_its_admin_key_alone() {
    let channel = channel().await;
    assert_eq!(channel.instance.as_deref(), site()["url"].as_str());
    let (id, secret) =
        text(&site(), "key").split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned())).unwrap();
    let wrong = format!("{id}:{}", "0".repeat(secret.len()));
    for key in [wrong, format!("{}:{secret}", "0".repeat(id.len()))] {
        let refused = sign_in(&key).await.unwrap_err();
        assert!(matches!(refused, FormRefusal::FieldRefused { name: "key", refusal: Refusal::Auth(_) }), "{refused:?}");
    }
    let refused = sign_in(text(&site(), "content_key")).await.unwrap_err();
    assert!(matches!(refused, FormRefusal::Field { name: "key", .. }), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs peers/ghost-site"]
async fn peer_ghost_publishes_what_was_written_with_its_pictures() {
    let html = "<h2>Größe &amp; so</h2><p><strong>fett</strong> <a href=\"https://example.org/a?b=1&amp;c\">here</a></p><ul><li>eins</li></ul>";
    let (slug, alt) = (format!("about-us-{}", Publication::now().id), "Ein Bild, „beschrieben“");
    let settings = json!({ "title": "Größe & <so>", "tags": ["News", "New one"], "excerpt": "Kurz", "slug": slug, "featured": true });
    let media = vec![picture(alt, None), other_picture()];
    let sent = channel().await.send(&with(&settings, Item { body: words::html::read(html), media, ..item("") })).await;
    let post = post(&sent).await;
    for (name, value) in [("title", "Größe & <so>"), ("excerpt", "Kurz"), ("slug", &slug), ("feature_image_alt", alt)]
    {
        assert_eq!(text(&post, name), value);
    }
    assert_eq!((post["featured"].as_bool(), &post["url"]), (Some(true), &json!(sent.url)));
    let tags: Vec<_> = post["tags"].as_array().unwrap().iter().map(|tag| text(tag, "name")).collect();
    assert_eq!(tags, ["News", "New one"]);
    let kept = text(&post, "html");
    for piece in
        [">Größe &amp; so</h2>", "<strong>fett</strong>", "href=\"https://example.org/a?b=1&c", "eins</li>", "<img"]
    {
        assert!(kept.contains(piece), "{piece} is not in {kept}");
    }
    let bytes = client().get(text(&post, "feature_image")).send().await.unwrap();
    assert_eq!(bytes.body(), &pixel());
    assert_eq!(client().get(sent.url.unwrap()).send().await.unwrap().status(), 200, "it is there for everybody");
}

#[tokio::test]
#[ignore = "needs peers/ghost-site"]
async fn peer_ghost_makes_one_post_of_tries_killed_anywhere() {
    let channel = channel().await;
    for at in 0..4 {
        let (publication, journal) = (Publication::now(), Notebook::default());
        let title = format!("Once {}", publication.id);
        let words = with(&json!({ "title": title }), item("Once"));
        journal.die_after(Some(at));
        assert!(channel.publish(&publication, &words, &journal).await.is_err(), "{at}");
        journal.die_after(None);
        let sent = channel.publish(&publication, &words, &journal).await.unwrap();
        let found: Vec<_> = read(&format!("title:'{title}'")).await;
        let found: Vec<_> = found.iter().map(|post| text(post, "id")).collect();
        assert_eq!(found, [sent.remote_id.as_str()], "{at}");
    }
}

#[tokio::test]
#[ignore = "needs peers/ghost-site"]
async fn peer_ghost_edits_deletes_and_keeps_drafts_from_readers() {
    let channel = channel().await;
    let settings = json!({ "title": "Mended" });
    let sent = channel.send(&with(&settings, item("Befor"))).await;
    let mended = with(&settings, item("Before"));
    Ghost.edit(&channel.account(), &sent, &mended).await.unwrap();
    let there = post(&sent).await;
    assert!(text(&there, "html").contains("<p>Before</p>") && text(&there, "title") == "Mended", "{there}");
    for _ in 0..2 {
        Ghost.delete(&channel.account(), &sent).await.unwrap();
        assert!(read(&format!("id:{}", sent.remote_id)).await.is_empty());
    }
    let draft = channel.send(&with(&json!({ "title": "Later", "status": "draft" }), item("Not yet"))).await;
    assert!(read(&format!("id:{}", draft.remote_id)).await.is_empty());
    Ghost.delete(&channel.account(), &draft).await.unwrap();
}

#[tokio::test]
#[ignore = "needs peers/ghost-site"]
async fn peer_ghost_lists_tags_and_newsletters() {
    let channel = channel().await;
    channel.send(&with(&json!({ "title": "Tagged", "tags": ["It's here"] }), item("x"))).await;
    let access = channel.access();
    let tags = patient(|| Ghost.lookup(&access, "tags", "t's he")).await;
    assert_eq!(tags.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["It's here"]);
    let newsletters = patient(|| Ghost.lookup(&access, "newsletters", "")).await;
    assert_eq!(newsletters.len(), 1, "a new site has one");
}
