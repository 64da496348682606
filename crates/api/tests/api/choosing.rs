//! The second step of a connect, as a client meets it: with a network of the test's own, where a form opens the door to blogs.

use crate::house::{House, ORIGIN};
use async_trait::async_trait;
use crier_api::Registration;
use crier_model::{Code, Secret, channel::Identity, rules::Rules};
use crier_net::Client;
use crier_networks::{
    About, Choice, Choosing, Connect, Credentials, Identified, Network, Refusal, Registry,
    about::no_settings,
    choosing::{Access, Unusable, Words},
    connect::{Facts, Field, FieldKind, Form, FormRefusal, SignedIn},
    playground::Playground,
    publish::Publish,
};
use serde_json::json;
use std::collections::BTreeMap;

/// Blogs of an account. They are published to as the Playground is, which is not asked here.
struct Blogs(Playground);

impl Network for Blogs {
    fn about(&self) -> &'static About {
        const ABOUT: About = About {
            id: "blogs",
            name: "Blogs",
            color: "#123456",
            summary: "Blogs of an account.",
            works_at_once: true,
            console: None,
            deadline_s: 60,
        };
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        Connect::Form(self)
    }

    fn choosing(&self) -> Option<&dyn Choosing> {
        Some(self)
    }

    fn rules(&self, facts: &Facts) -> Rules {
        self.0.rules(facts)
    }

    fn settings_schema(&self) -> serde_json::Value {
        no_settings()
    }

    fn publish(&self) -> &dyn Publish {
        Network::publish(&self.0)
    }
}

fn identity(id: &str) -> Identity {
    Identity {
        remote_id: id.to_owned(),
        name: format!("The {id}"),
        handle: id.to_owned(),
        profile_url: None,
        avatar_url: None,
    }
}

#[async_trait]
impl Form for Blogs {
    fn fields(&self) -> Vec<Field> {
        vec![Field {
            name: "key",
            label: "Key",
            kind: FieldKind::Password,
            required: true,
            placeholder: "",
            help: "",
            default: None,
            options: Vec::new(),
        }]
    }

    async fn sign_in(&self, _net: &Client, values: &BTreeMap<String, String>) -> Result<SignedIn, FormRefusal> {
        let access_token = Secret::new(values["key"].clone());
        Ok(SignedIn {
            instance: None,
            credentials: Credentials { access_token, ..Credentials::default() },
            identified: Identified { identity: identity("ada"), granted: None, facts: Facts::new() },
        })
    }
}

#[async_trait]
impl Choosing for Blogs {
    fn words(&self) -> Words {
        Words { one: "Blog", many: "Blogs", needed: "Found a blog first." }
    }

    async fn choices(&self, _access: &Access<'_>) -> Result<Vec<Choice>, Refusal> {
        let closed = Unusable { code: Code::WrongKind, why: "It takes no posts from outside.".to_owned() };
        let choice = |id: &str, unusable| Choice {
            identity: identity(id),
            kind: "Blog".to_owned(),
            credentials: None,
            facts: Facts::new(),
            unusable,
        };
        Ok(vec![choice("garden", None), choice("kitchen", None), choice("cellar", Some(closed))])
    }

    async fn probe(&self, _access: &Access<'_>, _identity: &Identity) -> Result<(), Refusal> {
        Ok(())
    }
}

#[tokio::test]
async fn a_choice_is_listed_checked_and_becomes_channels() {
    let origin = "http://127.0.0.1:9".parse().unwrap();
    let registry = Registry::of(vec![Box::new(Blogs(Playground::new(&origin)))]);
    let house = House::of(Registration::Open, ORIGIN, registry).await;
    let ada = house.person("ada@example.org").await;
    let started = ada.post("attempts", &json!({ "network": "blogs" })).await.ok();
    let at = format!("attempts/{}", started["id"].as_str().unwrap());
    let early = ada.post(&format!("{at}/choose"), &json!({ "choices": ["garden"] })).await;
    assert_eq!(early.problem(), (409, "attempt.ended"));

    let listed = ada.post(&format!("{at}/form"), &json!({ "values": { "key": "a very secret key" } })).await.ok();
    assert_eq!(listed["state"], "choosing");
    assert!(!listed.to_string().contains("very secret"));
    let choosing = &listed["choosing"];
    assert_eq!((&choosing["one"], &choosing["many"]), (&json!("Blog"), &json!("Blogs")));
    let shown = json!({
        "id": "garden", "kind": "Blog", "name": "The garden", "handle": "garden", "profile_url": null, "has_picture": false,
        "unusable": null, "channel_id": null,
    });
    assert_eq!((choosing["choices"].as_array().unwrap().len(), &choosing["choices"][0]), (3, &shown));
    assert_eq!(choosing["choices"][2]["unusable"], "It takes no posts from outside.");

    for (body, pointers) in [
        (json!({ "choices": [] }), vec!["/choices"]),
        (json!({ "choices": ["garden", "attic", "cellar"] }), vec!["/choices/1", "/choices/2"]),
    ] {
        let wrong = ada.post(&format!("{at}/choose"), &body).await;
        assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, pointers), "{}", wrong.json);
        assert!(wrong.json["errors"][0]["fix"].as_str().is_some_and(|fix| !fix.is_empty()));
    }
    let wrong = ada.post(&format!("{at}/choose"), &json!({ "choices": [7] })).await;
    assert_eq!((wrong.problem(), wrong.pointers()), ((422, "input.invalid"), vec!["/choices/0"]));
    let picture = ada.get(&format!("{at}/picture?choice=garden")).await;
    assert_eq!(picture.problem(), (404, "avatar.none"));

    let done = ada.post(&format!("{at}/choose"), &json!({ "choices": ["kitchen", "garden"] })).await.ok();
    assert_eq!((&done["state"], &done["choosing"]), (&json!("connected"), &json!(null)));
    let channels = ada.get("channels").await.ok();
    let mut ids: Vec<_> = channels["items"].as_array().unwrap().iter().map(|channel| channel["id"].clone()).collect();
    ids.sort_by_key(ToString::to_string);
    let mut became = done["channels"].as_array().unwrap().clone();
    became.sort_by_key(ToString::to_string);
    assert_eq!((became.len(), became), (2, ids.clone()));
    for id in ids {
        let made = ada.get(&format!("channels/{}/attempts", id.as_str().unwrap())).await.ok();
        assert_eq!(made["items"][0]["id"], started["id"]);
    }
}
