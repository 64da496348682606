//! Demonstrating proof of possession (RFC 9449, September 2023): tokens bound to a key, and each request signed with it.

use crate::{Credentials, es256::Key};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use crier_model::{Secret, Timestamp};
use crier_net::{Answer, Failure, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use url::Url;
use uuid::Uuid;

/// Where [`Credentials::extra`] keeps the key that the tokens are bound to, as [`Key::kept`].
pub const KEY: &str = "dpop_key";

/// As many servers' nonces are remembered; one forgotten costs a second request.
const SERVERS: usize = 1_000;

/// The nonce each server asked for last, by origin (§8). They live for minutes and are no secrets.
static NONCES: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);

/// The key that these credentials are bound to; none where they are not.
///
/// # Errors
/// When what is kept there is no key.
pub fn key(credentials: &Credentials) -> Result<Option<Key>, crate::es256::NoKey> {
    credentials.extra.get(KEY).map(Key::read).transpose()
}

/// Sends a request with a proof, and once more where the server wants its nonce in it: then it has done nothing yet. With a
/// token the request is authorised by it.
///
/// # Errors
/// When no complete answer came.
pub async fn send(request: Request, key: &Key, token: Option<&Secret>) -> Result<Answer, Failure> {
    // The proof names the address, so that a redirect would need another one.
    let request = request.no_redirects();
    let Some((method, url)) = request.target().map(|(method, url)| (method.to_owned(), url.clone())) else {
        return request.send().await;
    };
    let origin = url.origin().ascii_serialization();
    let known = nonces().get(&origin).cloned();
    let again = request.again();
    let signed = |request: Request, nonce: Option<&str>| {
        let now = Timestamp::now();
        let request = request.header("dpop", proof(key, &method, &url, nonce, token, now));
        match token {
            Some(token) => request.secret_header("authorization", format!("DPoP {}", token.expose())),
            None => request,
        }
    };
    let answer = signed(request, known.as_deref()).send().await?;
    let nonce = remember(&origin, &answer);
    match (again, nonce) {
        (Some(again), Some(nonce)) if wants_nonce(&answer) => {
            let answer = signed(again, Some(&nonce)).send().await?;
            remember(&origin, &answer);
            Ok(answer)
        }
        _ => Ok(answer),
    }
}

fn nonces() -> std::sync::MutexGuard<'static, HashMap<String, String>> {
    NONCES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the nonce that came with an answer (§8.2), and gives it.
fn remember(origin: &str, answer: &Answer) -> Option<String> {
    let nonce = answer.header("dpop-nonce")?.to_owned();
    let mut nonces = nonces();
    if nonces.len() >= SERVERS && !nonces.contains_key(origin) {
        nonces.clear();
    }
    nonces.insert(origin.to_owned(), nonce.clone());
    Some(nonce)
}

/// Authorization servers say it in the body (§8), others in `WWW-Authenticate` (§9).
fn wants_nonce(answer: &Answer) -> bool {
    const WORD: &str = "use_dpop_nonce";
    if !matches!(answer.status(), 400 | 401) {
        return false;
    }
    let in_header = answer.headers("www-authenticate").any(|challenge| challenge.contains(WORD));
    in_header || answer.json::<Value>().is_ok_and(|body| body["error"] == WORD)
}

/// The token of §4.2. The address goes without query and fragment.
fn proof(key: &Key, method: &str, url: &Url, nonce: Option<&str>, token: Option<&Secret>, now: Timestamp) -> String {
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    let mut claims = json!({
        "jti": Uuid::new_v4().simple().to_string(),
        "htm": method,
        "htu": address.as_str(),
        "iat": now.as_second(),
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    if let Some(token) = token {
        claims["ath"] = hash(token.expose()).into();
    }
    key.sign(json!({ "typ": "dpop+jwt", "jwk": key.public() }), &claims)
}

/// What a proof says of the token that it goes with.
fn hash(token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::es256::tests::{of_the_rfc, verified};

    #[test]
    fn the_proof_of_the_rfc_is_one() {
        // RFC 9449 §4.1: figure 2's proof, whose key and claims figure 3 shows.
        let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
        let claims = verified(proof, &of_the_rfc()).unwrap();
        assert_eq!(claims["htm"], "POST");
        assert_eq!(claims["htu"], "https://server.example.com/token");
    }

    #[test]
    fn the_hash_of_a_token_is_that_of_the_rfc() {
        // RFC 9449 §7.1.
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        assert_eq!(hash(token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    }

    #[test]
    fn a_proof_names_the_address_without_its_query_and_is_never_the_same() {
        let (key, now) = (Key::generate(), Timestamp::UNIX_EPOCH);
        let url: Url = "https://pds.example/xrpc/com.atproto.repo.getRecord?repo=x#y".parse().unwrap();
        let make = || proof(&key, "GET", &url, Some("n-1"), Some(&"token".into()), now);
        let claims = verified(&make(), &key.public()).unwrap();
        assert_eq!(claims["htu"], "https://pds.example/xrpc/com.atproto.repo.getRecord");
        assert_eq!((claims["nonce"].as_str(), claims["iat"].as_i64()), (Some("n-1"), Some(0)));
        assert_eq!(claims["ath"], hash("token"));
        assert_ne!(claims["jti"], verified(&make(), &key.public()).unwrap()["jti"]);
    }
}
