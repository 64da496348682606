//! Keys of ES256 (ECDSA over P-256 with SHA-256, RFC 7518 §3.4) and what is signed with them: JSON web tokens of our own
//! (RFC 7519), in their compact form (RFC 7515 §3.1).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use crier_model::Secret;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;

/// A private key.
pub struct Key {
    pair: EcdsaKeyPair,
    kept: Secret,
}

/// What was kept of a key is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no private key of P-256")]
pub struct NoKey;

impl Key {
    /// Makes a new one.
    ///
    /// # Panics
    /// When the system gives no random numbers.
    #[must_use]
    pub fn generate() -> Self {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .expect("the system gives random numbers");
        let kept = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(document.as_ref()));
        Self::read(&kept).expect("a key just made can be read")
    }

    /// Reads what [`Key::kept`] gave.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(kept: &Secret) -> Result<Self, NoKey> {
        let document = BASE64_URL_SAFE_NO_PAD.decode(kept.expose()).map_err(|_| NoKey)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document, &SystemRandom::new())
            .map_err(|_| NoKey)?;
        Ok(Self { pair, kept: kept.clone() })
    }

    /// The key as it is sealed at rest: PKCS #8 in base64url.
    #[must_use]
    pub fn kept(&self) -> &Secret {
        &self.kept
    }

    /// The public key (RFC 7518 §6.2.1).
    #[must_use]
    pub fn public(&self) -> Value {
        // An uncompressed point: a 4, then both coordinates (SEC 1 §2.3.3).
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let [x, y] = [x, y].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y })
    }

    /// A name that follows from the public key (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.public())
    }

    /// Signs a token. `alg` is added to its header.
    ///
    /// # Panics
    /// When the system gives no random numbers.
    #[must_use]
    pub fn sign(&self, mut header: Value, claims: &Value) -> String {
        header["alg"] = "ES256".into();
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).expect("the system gives random numbers");
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("thumbprint", &self.thumbprint()).finish_non_exhaustive()
    }
}

/// RFC 7638 §3: the members that are required, in alphabetic order and without spaces.
fn thumbprint(public: &Value) -> String {
    let member = |name: &str| public[name].as_str().unwrap_or_default();
    let text = format!(
        r#"{{"crv":"{}","kty":"{}","x":"{}","y":"{}"}}"#,
        member("crv"),
        member("kty"),
        member("x"),
        member("y")
    );
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    /// The claims of a token, if the signature is that of the public key.
    pub(crate) fn verified(token: &str, public: &Value) -> Option<Value> {
        let (text, signature) = token.rsplit_once('.')?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        let mut point = vec![4];
        point.extend(decode(public["x"].as_str()?)?);
        point.extend(decode(public["y"].as_str()?)?);
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        key.verify(text.as_bytes(), &decode(signature)?).ok()?;
        serde_json::from_slice(&decode(text.split_once('.')?.1)?).ok()
    }

    /// The key of RFC 9449 §4.1 and §6.1.
    pub(crate) fn of_the_rfc() -> Value {
        json!({
            "kty": "EC",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            "crv": "P-256",
        })
    }

    #[test]
    fn the_thumbprint_is_that_of_the_rfc() {
        // RFC 9449 §6.1.
        assert_eq!(thumbprint(&of_the_rfc()), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_key_survives_being_kept_and_only_it_signs_for_itself() {
        let key = Key::generate();
        let again = Key::read(key.kept()).unwrap();
        assert_eq!(again.public(), key.public());
        let claims = json!({ "sub": "did:plc:abc" });
        let token = again.sign(json!({ "typ": "JWT" }), &claims);
        assert_eq!(verified(&token, &key.public()), Some(claims));
        assert_eq!(verified(&token, &Key::generate().public()), None);
        assert!(!format!("{key:?}").contains(key.kept().expose()));
        assert_eq!(Key::read(&"c29tZXRoaW5nIGVsc2U".into()).err(), Some(NoKey));
    }
}
