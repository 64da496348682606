//! Calling a workspace's webhook, after Standard Webhooks (<https://www.standardwebhooks.com>, specification 1.0.0).

use crate::work::{Done, Handler, HandlerError, subject};
use async_trait::async_trait;
use crier_model::{Clock, DeliveryId, WorkspaceId};
use crier_net::Client;
use crier_networks::webhook::signature;
use crier_store::{
    Store, StoreError, due,
    webhooks::{self, Delivery, DeliveryState as S, Webhook},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Waits before a call is repeated: after the first try, the second …
const WAITS: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

/// How long a receiver may take, as the specification recommends.
const PATIENCE: Duration = Duration::from_secs(20);
/// An answer's body is not read further; nothing in it counts.
const MOST_READ: usize = 64 * 1024;

/// The body of a call that tries a webhook out.
#[must_use]
pub fn test_body(workspace: WorkspaceId, id: DeliveryId, now: Timestamp) -> String {
    let data = json!({ "workspace_id": workspace, "delivery_id": id, "title": "This is a test" });
    json!({ "type": "test", "timestamp": now, "data": data }).to_string()
}

/// Does the work of kind [`due::kind::WEBHOOK`].
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds trait objects")]
pub struct Caller {
    pub store: Store,
    pub net: Client,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for Caller {
    fn kind(&self) -> &'static str {
        due::kind::WEBHOOK
    }

    async fn handle(&self, work: &due::Claimed) -> Result<Done, HandlerError> {
        let id: DeliveryId = subject(work)?;
        let delivery = match webhooks::delivery(&self.store, id).await {
            Ok(delivery) => delivery,
            Err(StoreError::NotFound { .. }) => return Ok(Done::Finished),
            Err(error) => return Err(error.into()),
        };
        let outcome = match webhooks::get(&self.store, delivery.workspace).await? {
            Some(webhook) => self.call(&webhook, &delivery).await,
            None => Outcome::Never("The webhook was taken away.".to_owned()),
        };
        let (state, said, again) = match outcome {
            Outcome::Taken(said) => (S::Delivered, said, None),
            Outcome::Never(said) => (S::Failed, said, None),
            Outcome::Later(said) => match self.again(&delivery) {
                Some(at) => (S::Pending, said, Some(at)),
                None => (S::Failed, said, None),
            },
        };
        webhooks::tried(&self.store, work.fence, &delivery, state, &said, again).await?;
        Ok(Done::Settled)
    }
}

/// What came of a call, in words.
enum Outcome {
    Taken(String),
    Later(String),
    Never(String),
}

impl Caller {
    async fn call(&self, webhook: &Webhook, delivery: &Delivery) -> Outcome {
        let id = delivery.id.to_string();
        let seconds = self.clock.now().as_second();
        let signature = match signature(webhook.secret.expose(), &id, seconds, &delivery.body) {
            Ok(signature) => signature,
            Err(said) => return Outcome::Never(said),
        };
        let request = self
            .net
            .post(&webhook.url)
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signature)
            .timeout(PATIENCE)
            .max_body(MOST_READ)
            .no_redirects()
            .body(delivery.body.clone(), "application/json");
        match request.send().await {
            Ok(answer) => judged(answer.status()),
            Err(failure) => Outcome::Later(format!("No answer: {failure}")),
        }
    }

    /// A test is tried once: whoever sent it looks at what comes of it.
    fn again(&self, delivery: &Delivery) -> Option<Timestamp> {
        delivery.notice?;
        let wait = WAITS.get(usize::try_from(delivery.tries).unwrap_or(usize::MAX))?;
        Some(self.clock.now() + *wait)
    }
}

/// 410 says that the receiver is gone for good; any other refusal may be mended there.
fn judged(status: u16) -> Outcome {
    let said = format!("Answered {status}.");
    match status {
        200..300 => Outcome::Taken(said),
        410 => Outcome::Never(format!("{said} The receiver is gone.")),
        300..400 => Outcome::Later(format!("{said} It was redirected: set the address it leads to.")),
        _ => Outcome::Later(said),
    }
}
