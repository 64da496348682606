//! Deleting messages, after <https://docs.kick.com/apis/chat> (June 2026).

use super::{API, Kick, refine};
use crate::afterwards::{Account, Delete, if_there};
use crate::publish::Sent;
use crate::{Refusal, call};
use async_trait::async_trait;

#[async_trait]
impl Delete for Kick {
    async fn delete(&self, account: &Account<'_>, sent: &Sent) -> Result<(), Refusal> {
        let request = account.net.delete(format!("{API}/chat/{}", sent.remote_id));
        let request = request.bearer(account.credentials.access_token.expose());
        if_there(call::send(request, account.credentials, refine).await.map_err(Refusal::harmless)).map(drop)
    }
}
