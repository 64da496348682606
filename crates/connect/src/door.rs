//! What a network's authorize page says before anybody has signed in: some networks name a client they don't know, or a
//! redirect URI that is not registered, to whoever asks.

use crate::{
    Handshake,
    oauth2::{OAuthError, explain_authorization},
};
use crier_model::{Code, Diagnosis};
use crier_net::Answer;
use std::time::Duration;
use url::Url;

impl Handshake {
    /// Why people sent to this authorize URL would be turned away at once; none where the network does not tell, or not in
    /// time.
    pub(crate) async fn turned_away(
        &self,
        network: &str,
        url: &Url,
        redirect_uri: &str,
        limit: Duration,
    ) -> Option<Diagnosis> {
        let answer = self.net(network).get(url).no_redirects().timeout(limit).send().await.ok()?;
        let diagnosis = judge(&answer, redirect_uri)?;
        let client_id = url.query_pairs().find(|(name, _)| name == "client_id").map(|(_, id)| id.into_owned());
        Some(diagnosis.saw("Client id", client_id.unwrap_or_default()).saw("Redirect URI", redirect_uri))
    }
}

fn judge(answer: &Answer, redirect_uri: &str) -> Option<Diagnosis> {
    match answer.status() {
        300..400 => {
            let to = answer.url().join(answer.header("location")?).ok()?;
            let parameter =
                |wanted: &str| to.query_pairs().find(|(name, _)| name == wanted).map(|(_, v)| v.into_owned());
            // Sent back with an error, instead of on to a sign-in.
            let error = parameter("error").filter(|_| to.as_str().starts_with(redirect_uri))?;
            Some(explain_authorization(&OAuthError { error, description: parameter("error_description") }))
        }
        400 | 401 => {
            let words = answer.text().to_ascii_lowercase();
            let redirect = ["redirect", "return address", "callback"].iter().any(|word| words.contains(word));
            Some(Diagnosis::new(if redirect { Code::RedirectMismatch } else { Code::ClientUnknown }))
        }
        _ => None,
    }
}
