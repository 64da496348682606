//! The wall as a network without idempotency keys.

use crate::{house::network, wall::Wall};
use async_trait::async_trait;
use crier_networks::{
    Connect, Cx, Item, Network, Refusal, Sent,
    about::About,
    connect::Facts,
    playground::Playground,
    plugs::Comments,
    publish::{Once, Publish, Recent},
};
use serde_json::{Value, json};

pub struct Keyless {
    inner: Playground,
    origin: String,
    once: Once,
}

impl Keyless {
    /// One whose recent posts can be listed.
    pub fn looking(wall: &Wall) -> Self {
        Self { inner: network(wall), origin: wall.origin.clone(), once: Once::Look }
    }

    /// One that can tell nothing.
    pub fn asking(wall: &Wall) -> Self {
        Self { once: Once::Ask, ..Self::looking(wall) }
    }
}

impl Network for Keyless {
    fn about(&self) -> &'static About {
        self.inner.about()
    }
    fn connect(&self) -> Connect<'_> {
        self.inner.connect()
    }
    fn rules(&self, facts: &Facts) -> crier_model::rules::Rules {
        self.inner.rules(facts)
    }
    fn settings_schema(&self) -> Value {
        self.inner.settings_schema()
    }
    fn publish(&self) -> &dyn Publish {
        self
    }
    fn recent(&self) -> Option<&dyn Recent> {
        self.inner.recent().filter(|_| self.once == Once::Look)
    }
    fn comments(&self) -> Option<&dyn Comments> {
        Some(self)
    }
}

impl Comments for Keyless {}

#[async_trait]
impl Publish for Keyless {
    async fn publish(&self, cx: &Cx<'_>, item: &Item) -> Result<Sent, Refusal> {
        let body = json!({
            "text": self.render(&item.body),
            "reply_to": item.thread.as_ref().map(|thread| &thread.parent.remote_id),
        });
        let url = format!("{}/api/posts", self.origin);
        let request = cx.net.post(url).bearer(cx.credentials.access_token.expose()).json(&body);
        let create = || async move {
            let answer = request.send().await?;
            if !answer.is_success() {
                return Err(Refusal::from_answer(&answer));
            }
            let post: Value = answer.json()?;
            Ok((post["id"].as_str().unwrap().to_owned(), post["url"].as_str().unwrap().to_owned()))
        };
        let (remote_id, url) = cx.step::<(String, String), _, _>("create post", self.once.clone(), create).await?;
        Ok(Sent { remote_id, url: Some(url), data: Value::Null })
    }
}
