//! Session tokens, API keys and passwords. Of tokens and keys only hashes are kept.

use crate::problem::Problem;
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crier_model::Secret;
use rand::Rng;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

/// 256 random bits in base64url, 43 characters.
pub(crate) fn random() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256 in hex: enough for values of 256 random bits.
pub(crate) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// A new API key, its hash, and the beginning by which people know it again.
#[derive(Debug)]
pub struct NewKey {
    pub key: Secret,
    pub hash: String,
    pub prefix: String,
}

impl NewKey {
    #[must_use]
    pub fn generate() -> Self {
        let key = format!("crier_{}", random());
        Self { hash: hash(&key), prefix: key.chars().take(10).collect(), key: key.into() }
    }
}

/// The least and the most a password may have, in characters.
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 10..=256;

/// Hashes with Argon2id, off the threads that answer requests.
///
/// # Errors
/// Only when the system has no randomness or the thread died.
pub async fn hash_password(password: Secret) -> Result<Secret, String> {
    let hashed = move || {
        let hash = Argon2::default().hash_password(password.expose().as_bytes()).map_err(|e| e.to_string())?;
        Ok(Secret::new(hash.to_string()))
    };
    tokio::task::spawn_blocking(hashed).await.map_err(|e| e.to_string())?
}

/// Whether the password is right. Without a hash (no such account) as much work is done, so that the time tells nothing.
pub(crate) async fn verify_password(password: Secret, hash: Option<Secret>) -> Result<bool, Problem> {
    let verify = move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(nobodys_hash);
        let Ok(parsed) = PasswordHash::new(hash.expose()) else { return false };
        Argon2::default().verify_password(password.expose().as_bytes(), &parsed).is_ok() && known
    };
    tokio::task::spawn_blocking(verify).await.map_err(|error| Problem::internal(&error))
}

fn nobodys_hash() -> Secret {
    static HASH: OnceLock<Secret> = OnceLock::new();
    let make = || Argon2::default().hash_password(random().as_bytes()).map(|hash| hash.to_string()).unwrap_or_default();
    HASH.get_or_init(|| Secret::new(make())).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let hash = hash_password("correct horse battery".into()).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$"));
        assert!(verify_password("correct horse battery".into(), Some(hash.clone())).await.unwrap());
        assert!(!verify_password("correct horse batterz".into(), Some(hash)).await.unwrap());
        assert!(!verify_password("correct horse battery".into(), None).await.unwrap());
    }

    #[test]
    fn a_key_is_long_and_its_prefix_gives_nothing_away() {
        let key = NewKey::generate();
        assert_eq!((key.key.expose().len(), key.prefix.len()), (49, 10));
        assert_eq!(key.hash, hash(key.key.expose()));
    }
}
