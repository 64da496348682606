//! Bearer secrets (cookies, codes, tokens, client secrets) and the digests that are stored for them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of a secret, in hexadecimal.
///
/// A plain hash is enough: every secret hashed with it has 256 random bits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Digest(String);

impl Digest {
    pub(crate) fn of(secret: &str) -> Self {
        Digest(hex::encode(Sha256::digest(secret.as_bytes())))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    pub(crate) fn matches(&self, secret: &str) -> bool {
        Digest::of(secret).0.as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

/// A new secret of 256 random bits behind `prefix`.
///
/// # Errors
/// When the operating system has no randomness to give.
pub(crate) fn fresh(prefix: &str) -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| NoRandomness(error.to_string()))?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The operating system's random source failed.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub(crate) struct NoRandomness(String);

/// The S256 transformation of a PKCE verifier (RFC 7636, section 4.2).
pub(crate) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s256_of_the_rfc_example() {
        assert_eq!(s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn secrets_differ_and_match_only_themselves() {
        let (one, two) = (fresh("x_").unwrap(), fresh("x_").unwrap());
        assert_ne!(one, two);
        assert!(Digest::of(&one).matches(&one));
        assert!(!Digest::of(&one).matches(&two));
    }
}
