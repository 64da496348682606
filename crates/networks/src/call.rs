//! Calls to a network's API, with what every network does alike: an answer of error becomes a refusal, and nothing that
//! a server repeats of our credentials stays in it.

use crate::{Credentials, Detail, Refusal, dpop, oauth1};
use crier_model::{Code, Timestamp};
use crier_net::{Answer, Request};
use serde::de::DeserializeOwned;

/// Sharpens what a status says by the network's own codes.
pub(crate) type Refine = fn(Refusal) -> Refusal;

/// Sends a request and gives the answer back when it is a success.
pub(crate) async fn send(request: Request, credentials: &Credentials, refine: Refine) -> Result<Answer, Refusal> {
    let judge = |answer: Answer| {
        if answer.is_success() { Ok(answer) } else { Err(refine(Refusal::from_answer(&answer))) }
    };
    judged(request, credentials, judge).await
}

/// Sends a request whose answer the network judges by itself, for those that tell errors in another way than by the status.
pub(crate) async fn judged<T>(
    request: Request,
    credentials: &Credentials,
    judge: impl FnOnce(Answer) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let hidden = |refusal: Refusal| {
        refusal.map(|mut detail| {
            detail.message = credentials.hide(&detail.message);
            detail.code = detail.code.map(|code| credentials.hide(&code));
            detail
        })
    };
    let answer = match dpop::key(credentials) {
        // Tokens that are bound to a key go with a proof of it.
        Ok(Some(key)) if request.carries("authorization") => {
            dpop::send(request, &key, Some(&credentials.access_token)).await
        }
        Ok(_) if oauth1::signs(credentials) && request.carries("authorization") => {
            oauth1::sign(request, credentials, Timestamp::now())?.send().await
        }
        Ok(_) => request.send().await,
        Err(no_key) => {
            let detail = Detail::new(format!("the key that the tokens are bound to is lost: {no_key}"));
            return Err(Refusal::Auth(detail.diagnosed(Code::CredentialsWrong)));
        }
    };
    answer.map_err(Refusal::from).and_then(judge).map_err(hidden)
}

/// Sends a request and reads the JSON of its success.
pub(crate) async fn json<T: DeserializeOwned>(
    request: Request,
    credentials: &Credentials,
    refine: Refine,
) -> Result<T, Refusal> {
    Ok(send(request, credentials, refine).await?.json()?)
}

/// [`json`] for a request that only asks.
pub(crate) async fn ask<T: DeserializeOwned>(
    request: Request,
    credentials: &Credentials,
    refine: Refine,
) -> Result<T, Refusal> {
    json(request, credentials, refine).await.map_err(Refusal::harmless)
}
