//! Finishing by hand, where the redirect cannot reach this server.

use crate::{
    Asker, Callback, ConnectError, Handshake, Landing,
    callback::{named_attempt, no_attempt},
};
use crier_model::{AttemptId, Code, Diagnosis, WorkspaceId};
use crier_store::attempts;
use std::collections::BTreeMap;
use url::Url;

impl Handshake {
    /// Takes the address a person landed on and copied: same checks as the callback, same result.
    ///
    /// # Errors
    /// [`ConnectError::UnknownAttempt`], [`ConnectError::NotTheStarter`].
    pub async fn pasted(
        &self,
        attempt: AttemptId,
        workspace: WorkspaceId,
        by: impl Into<Asker>,
        address: &str,
        browser: Option<&str>,
    ) -> Result<Landing, ConnectError> {
        let by = by.into();
        let attempt = self.own(attempt, workspace, &by).await?;
        let query = parameters(address);
        let named = query.as_ref().and_then(|query| named_attempt(&attempt.network, query));
        let (Some(query), Some(state_hash)) = (query, named) else {
            let cause = "This is not the address of a return: it should begin with the one below and hold “state=” or \
                         “oauth_token=”.";
            let diagnosis = Diagnosis::new(Code::StateUnknown).because(cause).saw("Begins with", &attempt.redirect_uri);
            return Ok(no_attempt(diagnosis));
        };
        let named = attempts::by_state_hash(self.store(), &state_hash).await?;
        if named.is_none_or(|named| named.id != attempt.id) {
            let cause = "This address belongs to another connect than the one on this page.";
            return Ok(no_attempt(Diagnosis::new(Code::StateUnknown).because(cause)));
        }
        let callback = Callback {
            network: attempt.network.clone(),
            query,
            browser: browser.map(str::to_owned),
            signed_in: by.user(),
        };
        Ok(Box::pin(self.receive(&callback, attempt)).await?)
    }
}

/// The parameters of an address, or of its query alone.
fn parameters(pasted: &str) -> Option<BTreeMap<String, String>> {
    let pasted = pasted.trim();
    let query = match Url::parse(pasted) {
        Ok(url) => url.query()?.to_owned(),
        Err(_) => {
            let query = pasted.split_once('?').map_or(pasted, |(_, query)| query);
            query.split('#').next().unwrap_or_default().to_owned()
        }
    };
    Some(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn an_address_is_taken_whole_or_in_part() {
        for pasted in [
            " https://crier.test/integrations/social/x?code=a%20b&state=s#_=_ ",
            "localhost:4800/integrations/social/x?code=a+b&state=s",
            "/integrations/social/x?code=a+b&state=s#_",
            "code=a+b&state=s",
        ] {
            let found = parameters(pasted).unwrap_or_default();
            assert_eq!(found.get("code").map(String::as_str), Some("a b"), "{pasted}");
            assert_eq!(found.get("state").map(String::as_str), Some("s"), "{pasted}");
        }
        assert_eq!(parameters("https://crier.test/integrations/social/x"), None);
    }
}
