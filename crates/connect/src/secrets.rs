//! Random values the handshake hands out, and their hashes, which are all that is kept of some.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crier_model::Secret;
use rand::Rng;
use sha2::{Digest, Sha256};

/// 256 random bits in base64url.
pub(crate) fn random() -> Secret {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// 130 random bits that can be read out and typed: 26 lower-case letters and digits, without those that look alike.
pub(crate) fn speakable() -> Secret {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut bytes = [0_u8; 26];
    rand::rng().fill_bytes(&mut bytes);
    Secret::new(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect::<String>())
}

/// SHA-256 in hex: what is kept of a state, a cookie and a code.
pub(crate) fn hash(value: &str) -> String {
    hex::encode(Sha256::digest(value.as_bytes()))
}

/// The PKCE challenge for a verifier (RFC 7636 §4.2, S256).
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Compares without telling by its duration where they differ.
pub(crate) fn same(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{challenge, random, speakable};

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn random_values_differ_and_are_long_enough_for_a_verifier() {
        let (a, b) = (random(), random());
        assert_ne!(a, b);
        assert_eq!(a.expose().len(), 43);
    }

    #[test]
    fn a_code_can_be_typed() {
        let (a, b) = (speakable(), speakable());
        assert_ne!(a, b);
        assert!(a.expose().len() == 26 && a.expose().bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit()));
    }
}
