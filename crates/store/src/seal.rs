//! Secrets at rest: XChaCha20-Poly1305 under a key derived from the installation's secret key.
//!
//! An envelope is `v1.<key id>.<nonce and ciphertext, base64url>`. The table, row and field are authenticated with it, so that
//! a sealed value copied to another row or field does not open. Several keys can open, one seals: rotation is sealing again
//! (see [`crate::sealed`]). A node that runs while the keys are changed learns of it from its [`KeySource`]: it looks there at
//! most a second after the change before it seals, and at once when it meets a key it does not know.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use crier_model::Secret;
use hkdf::Hkdf;
use sha2::Sha256;
use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};
use uuid::Uuid;

const NONCE_BYTES: usize = 24;

/// The installation's secret: 32 random bytes from which the sealing keys are derived.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh key from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(rand::random())
    }

    /// Reads 64 hexadecimal digits, with white space around them allowed.
    ///
    /// # Errors
    /// [`SealError::KeyFormat`] when it is anything else.
    pub fn from_hex(text: &str) -> Result<Self, SealError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| SealError::KeyFormat)?;
        Ok(Self(bytes))
    }

    /// The key as 64 hexadecimal digits, for the file that keeps it.
    #[must_use]
    pub fn to_hex(&self) -> Secret {
        Secret::new(hex::encode(self.0))
    }

    /// What envelopes name the key by: 8 hexadecimal digits that tell nothing of the key itself.
    ///
    /// # Errors
    /// As [`Self::derive`].
    pub fn id(&self) -> Result<String, SealError> {
        Ok(hex::encode(&self.derive("seal/v1/id")?[..4]))
    }

    /// Derives 32 bytes for another purpose, for example to sign links. Different purposes give unrelated keys.
    ///
    /// # Errors
    /// Never for this length; the type comes from the library underneath.
    pub fn derive(&self, purpose: &str) -> Result<[u8; 32], SealError> {
        let mut out = [0; 32];
        Hkdf::<Sha256>::new(Some(b"crier"), &self.0)
            .expand(purpose.as_bytes(), &mut out)
            .map_err(|_| SealError::Derivation)?;
        Ok(out)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("the secret key must be 64 hexadecimal digits")]
    KeyFormat,
    #[error("a key could not be derived")]
    Derivation,
    #[error("a secret could not be sealed")]
    Seal,
    #[error("a stored secret is not in the form of a sealed value")]
    Malformed,
    #[error(
        "a stored secret was sealed with a key that is not configured; add the old secret key to the configuration"
    )]
    UnknownKey,
    #[error("a stored secret does not open: it was changed, or belongs to another row")]
    Refused,
}

/// Where a sealed value lives. It opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub table: &'static str,
    pub row: Uuid,
    pub field: &'static str,
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        format!("{}/{}/{}", self.table, self.row, self.field).into_bytes()
    }
}

#[derive(Clone)]
struct Key {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl Key {
    fn derive(secret: &SecretKey) -> Result<Self, SealError> {
        let cipher = XChaCha20Poly1305::new_from_slice(&secret.derive("seal/v1/key")?);
        Ok(Self { id: secret.id()?, cipher: cipher.map_err(|_| SealError::Derivation)? })
    }
}

/// Where the keys come from, for processes that run while they are changed.
pub trait KeySource: Send + Sync {
    /// All keys, the one that seals first, when they are others than when this was last asked. Asked often: it has to be quick.
    fn changed(&self) -> Option<Vec<SecretKey>>;
}

/// How long a change of the keys may go unnoticed by a node that seals.
pub const KEYS_NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// Seals and opens.
pub(crate) struct Sealer {
    ring: RwLock<Ring>,
    source: Option<Arc<dyn KeySource>>,
}

#[derive(Clone)]
struct Ring {
    /// The first seals; all open.
    keys: Vec<Key>,
    looked: Instant,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ring().keys.iter().map(|key| &key.id)).finish()
    }
}

impl Sealer {
    pub fn new(
        current: &SecretKey,
        older: &[SecretKey],
        source: Option<Arc<dyn KeySource>>,
    ) -> Result<Self, SealError> {
        let keys = std::iter::once(current).chain(older).map(Key::derive).collect::<Result<_, _>>()?;
        Ok(Self { ring: RwLock::new(Ring { keys, looked: Instant::now() }), source })
    }

    /// The id of the key that seals.
    pub fn current(&self) -> Result<String, SealError> {
        self.look_again(KEYS_NOTICED_WITHIN)?;
        self.ring().keys.first().map(|key| key.id.clone()).ok_or(SealError::Seal)
    }

    /// The ids of all keys.
    pub fn known(&self) -> Vec<String> {
        self.ring().keys.into_iter().map(|key| key.id).collect()
    }

    /// A copy, so that no lock is held while sealing; keys are few.
    fn ring(&self) -> Ring {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes changed keys over, unless somebody has looked within `since`. True when there were any.
    fn look_again(&self, since: Duration) -> Result<bool, SealError> {
        let Some(source) = &self.source else { return Ok(false) };
        if self.ring().looked.elapsed() < since {
            return Ok(false);
        }
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.looked = Instant::now();
        let Some(keys) = source.changed() else { return Ok(false) };
        ring.keys = keys.iter().map(Key::derive).collect::<Result<_, _>>()?;
        Ok(true)
    }

    pub fn seal(&self, place: Place, secret: &Secret) -> Result<String, SealError> {
        debug_assert!(
            crate::sealed::PLACES.contains(&(place.table, place.field)),
            "{}.{} is sealed but not listed in sealed::PLACES, so a rotation of keys would pass it over",
            place.table,
            place.field
        );
        self.look_again(KEYS_NOTICED_WITHIN)?;
        let ring = self.ring();
        let key = ring.keys.first().ok_or(SealError::Seal)?;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: &place.bytes() };
        let sealed = key.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Seal)?;
        let mut body = nonce.to_vec();
        body.extend(sealed);
        Ok(format!("v1.{}.{}", key.id, BASE64_URL_SAFE_NO_PAD.encode(body)))
    }

    pub fn open(&self, place: Place, envelope: &str) -> Result<Secret, SealError> {
        let mut fields = envelope.splitn(3, '.');
        let (Some("v1"), Some(id), Some(body)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(SealError::Malformed);
        };
        let known = |ring: Ring| ring.keys.into_iter().find(|key| key.id == id);
        let key = match known(self.ring()) {
            Some(key) => key,
            // Sealed by a node that has learnt of a new key sooner.
            None if self.look_again(Duration::ZERO)? => known(self.ring()).ok_or(SealError::UnknownKey)?,
            None => return Err(SealError::UnknownKey),
        };
        let body = BASE64_URL_SAFE_NO_PAD.decode(body).map_err(|_| SealError::Malformed)?;
        let (nonce, sealed) = body.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Malformed)?;
        let payload = Payload { msg: sealed, aad: &place.bytes() };
        let plain = key.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Refused)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| SealError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Uuid = Uuid::from_u128(7);

    fn place(table: &'static str, row: Uuid, field: &'static str) -> Place {
        Place { table, row, field }
    }

    fn sealer(key: u8, older: &[u8]) -> Sealer {
        let older: Vec<_> = older.iter().map(|&k| SecretKey::new([k; 32])).collect();
        Sealer::new(&SecretKey::new([key; 32]), &older, None).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let sealer = sealer(1, &[]);
        let here = place("channel", ROW, "credentials");
        let envelope = sealer.seal(here, &Secret::new("tökén")).unwrap();
        assert!(!envelope.contains("tökén"));
        assert_eq!(sealer.open(here, &envelope).unwrap().expose(), "tökén");
        for elsewhere in [
            place("channel", Uuid::from_u128(8), "credentials"),
            place("channel", ROW, "parked"),
            place("app", ROW, "credentials"),
        ] {
            assert_eq!(sealer.open(elsewhere, &envelope), Err(SealError::Refused));
        }
    }

    #[test]
    fn a_changed_envelope_does_not_open() {
        let sealer = sealer(1, &[]);
        let here = place("channel", ROW, "credentials");
        let envelope = sealer.seal(here, &Secret::new("token")).unwrap();
        let (head, body) = envelope.rsplit_once('.').unwrap();
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(body).unwrap();
        for i in 0..bytes.len() {
            bytes[i] ^= 1;
            let forged = format!("{head}.{}", BASE64_URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(sealer.open(here, &forged), Err(SealError::Refused), "byte {i}");
            bytes[i] ^= 1;
        }
        for broken in ["", "v1", "v1.x", "token", "v2.00000000.AAAA", &format!("{head}.AAAA"), &format!("{head}.%%")] {
            assert!(sealer.open(here, broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn two_seals_of_one_secret_differ() {
        let sealer = sealer(1, &[]);
        let here = place("channel", ROW, "credentials");
        let secret = Secret::new("token");
        assert_ne!(sealer.seal(here, &secret).unwrap(), sealer.seal(here, &secret).unwrap());
    }

    #[test]
    fn an_older_key_opens_and_the_new_one_seals() {
        let here = place("channel", ROW, "credentials");
        let old = sealer(1, &[]).seal(here, &Secret::new("token")).unwrap();
        let rotated = sealer(2, &[1]);
        assert_eq!(rotated.open(here, &old).unwrap().expose(), "token");
        let new = rotated.seal(here, &Secret::new("token")).unwrap();
        assert_eq!(sealer(1, &[]).open(here, &new), Err(SealError::UnknownKey));
    }

    /// Hands its keys out once.
    struct Changed(std::sync::Mutex<Option<Vec<SecretKey>>>);

    impl KeySource for Changed {
        fn changed(&self) -> Option<Vec<SecretKey>> {
            self.0.lock().unwrap().take()
        }
    }

    #[test]
    fn a_node_that_runs_learns_of_a_new_key_when_it_meets_it_and_then_seals_with_it() {
        let here = place("channel", ROW, "credentials");
        let (old, new) = (SecretKey::new([1; 32]), SecretKey::new([2; 32]));
        let source = Arc::new(Changed(std::sync::Mutex::new(None)));
        let node = Sealer::new(&old, &[], Some(source.clone())).unwrap();
        let envelope = sealer(2, &[1]).seal(here, &Secret::new("token")).unwrap();
        assert_eq!(node.open(here, &envelope), Err(SealError::UnknownKey));
        *source.0.lock().unwrap() = Some(vec![new.clone(), old]);
        assert_eq!(node.open(here, &envelope).unwrap().expose(), "token");
        let sealed = node.seal(here, &Secret::new("token")).unwrap();
        assert!(sealed.starts_with(&format!("v1.{}.", new.id().unwrap())), "{sealed}");
    }

    #[test]
    fn a_key_reads_back_from_its_file_and_never_shows() {
        let key = SecretKey::generate();
        assert_eq!(SecretKey::from_hex(&format!("{}\n", key.to_hex().expose())).unwrap(), key);
        assert_eq!(SecretKey::from_hex("abc"), Err(SealError::KeyFormat));
        assert_eq!(format!("{key:?}"), "SecretKey(…)");
        assert_ne!(key.derive("a").unwrap(), key.derive("b").unwrap());
    }
}
