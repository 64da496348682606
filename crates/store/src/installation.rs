//! What this installation is known by, over all of its nodes.

use crate::{Store, error::Result};
use hkdf::Hkdf;
use sea_orm::ConnectionTrait;
use sha2::Sha256;

const IDENTITY: &str = "identity";

/// 256 random bits in hex, made when they are first asked for. Whoever knows them can pass for this installation.
pub async fn identity(store: &Store) -> Result<String> {
    let sql = "SELECT value FROM installation WHERE name = $1";
    if let Some(row) = store.reader().query_one_raw(store.statement(sql, [IDENTITY.into()])).await? {
        return Ok(row.try_get("", "value")?);
    }
    let tx = store.begin().await?;
    let fresh = hex::encode(rand::random::<[u8; 32]>());
    let insert = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    tx.execute(insert, [IDENTITY.into(), fresh.as_str().into()]).await?;
    let row = tx.query_one(sql, [IDENTITY.into()]).await?;
    let identity = row.map(|row| row.try_get("", "value")).transpose()?.unwrap_or(fresh);
    tx.commit().await?;
    Ok(identity)
}

/// The answer only a node of this installation can give to a nonce: HKDF-SHA256 (RFC 5869) of the identity, in hex.
#[must_use]
pub fn proof(identity: &str, nonce: &str) -> String {
    derived(b"crier proof", identity, nonce)
}

/// What only this installation can put into the address of a file, by the file's storage key. Answers to nonces never tell it.
#[must_use]
pub fn file_proof(identity: &str, key: &str) -> String {
    derived(b"crier file", identity, key)
}

fn derived(purpose: &[u8], identity: &str, of: &str) -> String {
    let mut out = [0; 16];
    // Fails only for lengths beyond 8 kB.
    if Hkdf::<Sha256>::new(Some(purpose), identity.as_bytes()).expand(of.as_bytes(), &mut out).is_err() {
        return String::new();
    }
    hex::encode(out)
}

#[cfg(test)]
mod tests {
    use super::{file_proof, proof};

    #[test]
    fn no_answer_to_a_nonce_opens_a_file() {
        assert_ne!(proof("identity", "a/media/b.png"), file_proof("identity", "a/media/b.png"));
        assert_ne!(file_proof("identity", "a/media/b.png"), file_proof("identity", "a/media/c.png"));
        assert_ne!(file_proof("identity", "a/media/b.png"), file_proof("another", "a/media/b.png"));
    }
}
