//! Keys and events: NIP-01 (signed notes), NIP-19 (`npub`, `nsec`, `note`).

use crate::{Detail, Refusal};
use bech32::{Bech32, Hrp};
use crier_model::Secret;
use k256::schnorr::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// A signed event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Event {
    pub id: String,
    pub pubkey: String,
    /// Seconds.
    pub created_at: i64,
    pub kind: u16,
    pub tags: Vec<Vec<String>>,
    pub content: String,
    pub sig: String,
}

/// A secret key that has been read.
pub(super) struct Key(SigningKey);

impl Key {
    /// From 64 hexadecimal digits or `nsec1…`.
    pub fn read(typed: &str) -> Result<Self, String> {
        let bytes = if typed.starts_with("nsec1") {
            decode("nsec", typed).ok_or("The key is mistyped: its check digits don't fit.")?
        } else if typed.starts_with("npub1") {
            return Err("This is the public key (npub1…); signing needs the secret one (nsec1…).".to_owned());
        } else {
            hex::decode(typed)
                .ok()
                .filter(|bytes| bytes.len() == 32)
                .ok_or("The key is neither nsec1… nor 64 hexadecimal digits.")?
        };
        SigningKey::from_slice(&bytes).map(Self).map_err(|_| "This number is no key on the curve.".to_owned())
    }

    pub fn of(secret: &Secret) -> Result<Self, Refusal> {
        Self::read(secret.expose()).map_err(|said| Refusal::Auth(Detail::new(said)))
    }

    pub fn secret(&self) -> Secret {
        hex::encode(self.0.to_bytes()).into()
    }

    pub fn public(&self) -> String {
        hex::encode(self.0.verifying_key().to_bytes())
    }

    /// Signs; the same event gets the same signature, so that it can be made again.
    pub fn sign(&self, created_at: i64, kind: u16, tags: Vec<Vec<String>>, content: String) -> Result<Event, Refusal> {
        let pubkey = self.public();
        let id = id(&pubkey, created_at, kind, &tags, &content);
        let failed = |_| Refusal::Content(Detail::new("the key can't sign this event"));
        let signature = self.0.sign_raw(&id, &[0; 32]).map_err(failed)?;
        Ok(Event {
            id: hex::encode(id),
            pubkey,
            created_at,
            kind,
            tags,
            content,
            sig: hex::encode(signature.to_bytes()),
        })
    }
}

impl Event {
    /// Whether id and signature are right.
    pub fn is_genuine(&self) -> bool {
        let id = id(&self.pubkey, self.created_at, self.kind, &self.tags, &self.content);
        let verify = || {
            let key = VerifyingKey::from_slice(&hex::decode(&self.pubkey).ok()?).ok()?;
            let signature = Signature::from_slice(&hex::decode(&self.sig).ok()?).ok()?;
            key.verify_raw(&id, &signature).ok()
        };
        hex::encode(id) == self.id && verify().is_some()
    }
}

fn id(pubkey: &str, created_at: i64, kind: u16, tags: &[Vec<String>], content: &str) -> [u8; 32] {
    Sha256::digest(json!([0, pubkey, created_at, kind, tags, content]).to_string()).0
}

/// A key or id in the form people pass on; the hexadecimal one where it can't be written so.
pub(super) fn encode(prefix: &str, hexadecimal: &str) -> String {
    let written = || {
        let bytes = hex::decode(hexadecimal).ok()?;
        bech32::encode::<Bech32>(Hrp::parse(prefix).ok()?, &bytes).ok()
    };
    written().unwrap_or_else(|| hexadecimal.to_owned())
}

/// The 32 bytes of `npub1…`, `nsec1…` or `note1…`.
pub(super) fn decode(prefix: &str, typed: &str) -> Option<Vec<u8>> {
    use bech32::primitives::decode::CheckedHrpstring;
    let checked = CheckedHrpstring::new::<Bech32>(typed).ok()?;
    let bytes: Vec<u8> = checked.byte_iter().collect();
    (checked.hrp().as_str() == prefix && bytes.len() == 32).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pair of NIP-19's examples.
    const NSEC: &str = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    const SECRET: &str = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";

    #[test]
    fn keys_are_read_in_both_forms() {
        let key = Key::read(NSEC).unwrap();
        assert_eq!(key.secret().expose(), SECRET);
        assert_eq!(
            Key::read(SECRET).unwrap().public(),
            "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e"
        );
        assert_eq!(encode("npub", &key.public()), "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg");
        for bad in [
            "",
            "nsec1x",
            &NSEC.replace("vl0", "vl9"),
            "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
            &"0".repeat(64),
        ] {
            assert!(Key::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_event_is_signed_the_same_and_tampering_shows() {
        let key = Key::read(SECRET).unwrap();
        let sign =
            || key.sign(1_700_000_000, 1, vec![vec!["t".into(), "rust".into()]], "é \"q\"\n#rust".into()).unwrap();
        let event = sign();
        assert_eq!(event, sign());
        assert!(event.is_genuine());
        assert!(!Event { content: "other".into(), ..event.clone() }.is_genuine());
        assert!(!Event { sig: event.sig.replace('a', "b"), ..event }.is_genuine());
    }
}
