//! Deleting shots, and giving them other words. Dribbble's API tells no numbers.
//!
//! After <https://developer.dribbble.com/v2/shots/> (November 2026).

use super::{API, Dribbble, Settings, refine, told};
use crate::afterwards::{Account, Delete, Edit, if_there};
use crate::publish::{Item, Sent};
use crate::{Network, Refusal, call, settings};
use async_trait::async_trait;
use crier_net::Answer;
use serde_json::json;

#[async_trait]
impl Delete for Dribbble {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.delete(format!("{API}/shots/{}", sent.remote_id));
        let request = request.bearer(account.credentials.access_token.expose());
        if_there(call::send(request, account.credentials, refine).await.map_err(Refusal::harmless)).map(drop)
    }
}

#[async_trait]
impl Edit for Dribbble {
    async fn edit(&self, account: &Account<'_>, sent: &Sent, item: &Item) -> Result<Sent, Refusal> {
        let settings: Settings = settings::read(&item.settings)?;
        let change = json!({
            "title": settings.title,
            "description": self.render(&item.body),
            "tags": settings.tags,
            "low_profile": settings.low_profile,
        });
        let request = account.net.put(format!("{API}/shots/{}", sent.remote_id)).json(&change);
        let request = request.bearer(account.credentials.access_token.expose());
        let judged = |answer: Answer| if answer.is_success() { Ok(()) } else { Err(told(&answer)) };
        call::judged(request, account.credentials, judged).await.map_err(Refusal::harmless)?;
        Ok(sent.clone())
    }
}
