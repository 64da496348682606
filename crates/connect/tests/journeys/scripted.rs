//! A network that does as a test says, for kinds of sign-in that no network here has yet.

use async_trait::async_trait;
use crier_model::rules::{MediaRules, PartsKind, PartsRules, Rules, TextRules, Unit};
use crier_networks::connect::{Client2, Facts};
use crier_networks::publish::Publish;
use crier_networks::{About, Connect, Cx, Item, Network, Refusal, Sent};

pub const ID: &str = "scripted";

static ABOUT: About = About {
    id: ID,
    name: "Scripted",
    color: "#000000",
    summary: "For tests.",
    works_at_once: false,
    console: Some("https://scripted.example/console"),
    deadline_s: 60,
};

/// How it is connected.
pub trait Kind: Send + Sync + 'static {
    fn connect(&self) -> Connect<'_>;
}

pub struct Scripted<K>(pub K);

pub fn app() -> Client2 {
    Client2 { client_id: "the-app".to_owned(), client_secret: Some("the-secret".into()), bot_token: None }
}

impl<K: Kind> Network for Scripted<K> {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn connect(&self) -> Connect<'_> {
        self.0.connect()
    }

    fn rules(&self, _: &Facts) -> Rules {
        Rules {
            text: TextRules::up_to(100, Unit::Grapheme),
            media: MediaRules::up_to(0, Vec::new(), None),
            parts: PartsRules::alike(1, PartsKind::None),
        }
    }

    fn settings_schema(&self) -> serde_json::Value {
        crier_networks::about::no_settings()
    }

    fn publish(&self) -> &dyn Publish {
        self
    }
}

#[async_trait]
impl<K: Kind> Publish for Scripted<K> {
    async fn publish(&self, _: &Cx<'_>, _: &Item) -> Result<Sent, Refusal> {
        unreachable!("nothing is published here")
    }
}
