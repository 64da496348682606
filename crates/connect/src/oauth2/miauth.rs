//! MiAuth, by which Misskey and its forks are signed in to (<https://misskey-hub.net/docs/for-developers/api/token/miauth/>, May 2026):
//! no app is registered; what a person allows is a session whose id we make, and the token is given once for it.

use super::Wish;
use crier_model::Secret;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Builder;

/// Where a person allows what is wished. The state goes with the address they come back to, since MiAuth has none of its own.
pub(crate) fn session_url(sessions: &Url, wish: Wish<'_>) -> Url {
    let mut url = below(sessions, &[&session(wish.verifier)]);
    let back = format!("{}?state={}", wish.redirect_uri, wish.state.expose());
    url.query_pairs_mut()
        .append_pair("name", "Crier")
        .append_pair("callback", &back)
        .append_pair("permission", &wish.scopes.replace(' ', ","));
    url
}

/// Where the token of a session is asked for.
pub(crate) fn check_url(sessions: &Url, session: &Secret) -> Url {
    below(sessions, &[session.expose(), "check"])
}

/// A UUID that nobody can guess, as MiAuth wants it.
fn session(verifier: &Secret) -> String {
    let digest: [u8; 32] = Sha256::digest(format!("miauth {}", verifier.expose())).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn below(place: &Url, segments: &[&str]) -> Url {
    let mut url = place.clone();
    // Of addresses with a host this can't fail.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_comes_back_and_what_comes_back_stays_one_segment() {
        let (state, verifier) = (Secret::new("st"), Secret::new("v"));
        let wish = Wish {
            redirect_uri: "https://c.test/cb",
            scopes: "read:account write:notes",
            state: &state,
            verifier: &verifier,
        };
        let url = session_url(&"https://misskey.test/miauth".parse().unwrap(), wish);
        let id = session(&verifier);
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 4);
        let expected = format!(
            "https://misskey.test/miauth/{id}?name=Crier&callback=https%3A%2F%2Fc.test%2Fcb%3Fstate%3Dst\
             &permission=read%3Aaccount%2Cwrite%3Anotes"
        );
        assert_eq!(url.as_str(), expected);
        let check = check_url(&"https://misskey.test/api/miauth".parse().unwrap(), &Secret::new("../i?x"));
        assert_eq!(check.as_str(), "https://misskey.test/api/miauth/..%2Fi%3Fx/check");
    }
}
