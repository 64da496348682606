//! A Lemmy site.

use crate::{Channel, Notebook, Publication, answer, client, item, patient, peer, picture, text};
use crier_model::{Code, metric::Metric};
use crier_net::Answer;
use crier_networks::afterwards::{Delete, Edit, PostMetrics};
use crier_networks::connect::{Form, FormRefusal, SignedIn};
use crier_networks::lemmy::Lemmy;
use crier_networks::lookup::{Lookup, MENTIONS};
use crier_networks::publish::Item;
use crier_networks::{Refusal, Sent, text as words};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::sync::OnceCell;

fn site() -> Value {
    peer("CRIER_PEER_LEMMY")
}

async fn sign_in(changed: &[(&str, &str)]) -> Result<SignedIn, FormRefusal> {
    let site = site();
    let right = [("service", "url"), ("identifier", "user"), ("password", "password")];
    let mut values: BTreeMap<String, String> =
        right.iter().map(|(name, at)| ((*name).to_owned(), text(&site, at).to_owned())).collect();
    values.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Lemmy.sign_in(&client(), &values).await
}

/// Signed in once for all tests: Lemmy makes the same session of two sign-ins within a second, and then refuses the second.
static SIGNED_IN: OnceCell<SignedIn> = OnceCell::const_new();

async fn channel() -> Channel {
    let signed_in = SIGNED_IN.get_or_init(|| async { sign_in(&[]).await.unwrap() }).await;
    Channel::of("lemmy", client(), signed_in.clone())
}

/// In the community that takes everybody's posts, unless they name another.
fn with(settings: &Value, of: Item) -> Item {
    let mut all = serde_json::Map::from_iter([("community".to_owned(), site()["open"].to_string().into())]);
    all.extend(settings.as_object().cloned().unwrap_or_default());
    crate::with(&all.into(), of)
}

/// What everybody reads, without a session.
async fn look(path: &str, asked: &[(&str, &str)]) -> Answer {
    client().get(format!("{}/api/v3/{path}", text(&site(), "url"))).query(asked).send().await.unwrap()
}

async fn read(path: &str, asked: &[(&str, &str)]) -> Value {
    let answer = look(path, asked).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json().unwrap()
}

async fn post(sent: &Sent) -> Value {
    read("post", &[("id", &sent.remote_id)]).await["post_view"].clone()
}

async fn refused(settings: &Value, of: Item) -> Refusal {
    channel().await.publish(&Publication::now(), &with(settings, of), &Notebook::default()).await.unwrap_err()
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_signs_in_by_name_and_says_who_it_is() {
    let channel = channel().await;
    assert_eq!(channel.instance.as_deref(), site()["url"].as_str());
    assert!(channel.handle.starts_with("news@127.0.0.1:"), "{}", channel.handle);
    assert_eq!(channel.facts["modern"], json!(false));
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_refuses_a_wrong_name_and_a_wrong_password_on_their_fields() {
    for (field, value) in [("password", "not-the-password"), ("identifier", "nobody")] {
        let refusal = sign_in(&[(field, value)]).await.unwrap_err();
        assert!(
            matches!(&refusal, FormRefusal::FieldRefused { name: "identifier" | "password", refusal: Refusal::Auth(detail) }
                if detail.diagnosis == Some(Code::CredentialsWrong)),
            "{field}: {refusal:?}"
        );
    }
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_shows_words_link_and_comments_below() {
    let channel = channel().await;
    let html =
        "<h2>News</h2><p><b>Grüße</b> <a href=\"https://example.org/a?b=1&amp;c\">here</a></p><ul><li>eins</li></ul>";
    let settings = json!({ "title": "Größe & <so>", "url": "https://example.org/read?a=1&b=2", "nsfw": true });
    let sent = channel.send(&with(&settings, Item { body: words::html::read(html), ..item("") })).await;
    let view = post(&sent).await;
    let kept = &view["post"];
    assert_eq!((text(kept, "name"), text(kept, "url")), ("Größe & <so>", "https://example.org/read?a=1&b=2"));
    assert_eq!((&kept["nsfw"], text(&view, "/creator/name")), (&json!(true), "news"));
    for piece in ["## News", "**Grüße**", "[here](https://example.org/a?b=1&c)", "eins"] {
        assert!(text(kept, "body").contains(piece), "{piece} is not in {kept}");
    }
    let second = channel.send(&with(&json!({ "title": "Größe" }), answer("Zwei", 1, &sent, &sent))).await;
    let third = channel.send(&with(&json!({ "title": "Größe" }), answer("Drei", 2, &sent, &second))).await;
    let comments = read("comment/list", &[("post_id", &sent.remote_id), ("sort", "Old")]).await;
    let comments: Vec<_> = comments["comments"].as_array().unwrap().iter().map(|view| &view["comment"]).collect();
    let comments: Vec<_> =
        comments.iter().map(|comment| (comment["id"].to_string(), text(comment, "content"))).collect();
    assert_eq!(comments, [(second.remote_id, "Zwei"), (third.remote_id, "Drei")]);
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_makes_one_post_and_one_comment_of_tries_killed_anywhere() {
    let channel = channel().await;
    let root = channel.send(&with(&json!({ "title": "Killed below" }), item("x"))).await;
    for at in 0..2 {
        for below in [false, true] {
            let (publication, journal) = (Publication::now(), Notebook::default());
            let title = format!("Once {}", publication.id);
            let of = if below { answer(&title, 1, &root, &root) } else { item("Once") };
            let wanted = with(&json!({ "title": title }), of);
            journal.die_after(Some(at));
            assert!(channel.publish(&publication, &wanted, &journal).await.is_err(), "{at}");
            journal.die_after(None);
            let sent = match channel.find(&publication, &wanted).await.unwrap() {
                Some(sent) => sent,
                None => {
                    journal.forget_interrupted();
                    channel.publish(&publication, &wanted, &journal).await.unwrap()
                }
            };
            let (path, asked, list, name) = if below {
                ("comment/list", ("post_id", root.remote_id.clone()), "comments", "/comment/content")
            } else {
                ("post/list", ("community_id", site()["open"].to_string()), "posts", "/post/name")
            };
            let list = read(path, &[(asked.0, &asked.1), ("sort", "New"), ("limit", "50")]).await[list].clone();
            let id = if below { "/comment/id" } else { "/post/id" };
            let found: Vec<_> = list.as_array().unwrap().iter().filter(|view| text(view, name) == title).collect();
            let found: Vec<_> = found.iter().map(|view| view.pointer(id).unwrap().to_string()).collect();
            assert_eq!(found, [sent.remote_id], "{at} {below}");
        }
    }
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_edits_counts_and_deletes() {
    let channel = channel().await;
    let sent = channel.send(&with(&json!({ "title": "Mended" }), item("Befor"))).await;
    let below = channel.send(&with(&json!({ "title": "Mended" }), answer("Tow", 1, &sent, &sent))).await;
    let mended = with(&json!({ "title": "Mended" }), item("Before"));
    Lemmy.edit(&channel.account(), &sent, &mended).await.unwrap();
    let two = with(&json!({ "title": "Mended" }), answer("Two", 1, &sent, &sent));
    Lemmy.edit(&channel.account(), &below, &two).await.unwrap();
    assert_eq!(text(&post(&sent).await, "/post/body"), "Before");
    let comment = read("comment", &[("id", &below.remote_id)]).await;
    assert_eq!(text(&comment, "/comment_view/comment/content"), "Two");
    let counts = Lemmy.posts(&channel.account(), std::slice::from_ref(&sent)).await.unwrap().remove(0).unwrap();
    let counts: Vec<_> = counts.iter().map(|count| (count.metric, count.value)).collect();
    assert_eq!(counts, [(Metric::Likes, 1), (Metric::Dislikes, 0), (Metric::Replies, 1)]);
    for gone in [&below, &sent] {
        for _ in 0..2 {
            Lemmy.delete(&channel.account(), gone).await.unwrap();
        }
    }
    assert_eq!(look("post", &[("id", &sent.remote_id)]).await.status(), 404);
    assert_eq!(Lemmy.posts(&channel.account(), std::slice::from_ref(&sent)).await.unwrap(), [None]);
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_lists_communities_and_is_held_back() {
    let channel = channel().await;
    let (open, closed) = (site()["open"].to_string(), site()["closed"].to_string());
    let access = channel.access();
    let followed = patient(|| Lemmy.lookup(&access, "subreddits", "")).await;
    let followed: Vec<_> = followed.iter().map(|item| (item.id.as_str(), item.name.as_str())).collect();
    assert_eq!(followed, [(open.as_str(), "The town")]);
    let found = Lemmy.lookup(&access, "subreddits", "!notices").await.unwrap();
    let found: Vec<_> = found.iter().map(|item| (item.id.as_str(), item.detail.as_str())).collect();
    assert_eq!(found, [(closed.as_str(), format!("!notices@{}", text(&site(), "host")).as_str())]);
    // By its number, as it is kept in a post.
    let chosen = Lemmy.lookup(&access, "subreddits", &open).await.unwrap();
    assert_eq!(chosen.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["The town"]);
    let site = site();
    let (user, host) = (text(&site, "user"), text(&site, "host"));
    let people = Lemmy.lookup(&access, MENTIONS, user).await.unwrap();
    assert!(people.iter().any(|item| item.id == format!("@{user}@{host}")), "{people:?}");
    let mut last = Ok(Vec::new());
    for _ in 0..40 {
        last = Lemmy.lookup(&access, "subreddits", "town").await;
        if last.is_err() {
            break;
        }
    }
    let refusal = last.unwrap_err();
    assert!(matches!(refusal, Refusal::RateLimit { .. }), "{refusal:?}");
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_says_where_a_post_may_not_go() {
    let pointer = |refusal: Refusal| match refusal {
        Refusal::Content(detail) => detail.pointer.unwrap_or_default().into_string(),
        other => panic!("{other:?}"),
    };
    let closed = site()["closed"].to_string();
    let refusal = refused(&json!({ "title": "Not mine", "community": closed }), item("x")).await;
    assert_eq!(pointer(refusal), "/settings/community");
    let refusal = refused(&json!({ "title": "Nowhere", "community": "999999" }), item("x")).await;
    assert_eq!(pointer(refusal), "/settings/community");
    let refusal = refused(&json!({ "title": "x".repeat(250) }), item("x")).await;
    assert_eq!(pointer(refusal), "/settings/title");
    let refusal = refused(&json!({ "title": "Long" }), item(&"x".repeat(60_000))).await;
    assert_eq!(pointer(refusal), "/text");
    // There is no pict-rs behind it.
    let refusal = refused(&json!({ "title": "Seen" }), Item { media: vec![picture("", None)], ..item("x") }).await;
    assert!(matches!(refusal, Refusal::Temporary(_) | Refusal::Content(_)), "{refusal:?}");
}

#[tokio::test]
#[ignore = "needs peers/lemmy-site"]
async fn peer_lemmy_asks_to_connect_again_when_the_session_is_none() {
    let mut channel = channel().await;
    channel.credentials.access_token = format!("{}x", channel.credentials.access_token.expose()).into();
    let refusal = channel
        .publish(&Publication::now(), &with(&json!({ "title": "Nobody's" }), item("x")), &Notebook::default())
        .await
        .unwrap_err();
    assert!(matches!(refusal, Refusal::Auth(_)), "{refusal:?}");
}
