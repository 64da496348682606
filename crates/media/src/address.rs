//! Addresses of files: where networks that fetch them, and people who see what links to them, get them without signing in.

use crate::Library;
use crier_model::Secret;
use crier_store::installation;
use subtle::ConstantTimeEq;
use url::{Host, Url};

/// Below it, files are given to everybody who has the whole address: `/files/PROOF/KEY`.
pub const FILES: &str = "/files";

/// How this installation names files to strangers.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// None where strangers can’t reach us.
    origin: Option<Url>,
    identity: Secret,
}

impl Addresses {
    /// `identity` is that of the [installation]: addresses are the same on all nodes, and stay the same.
    #[must_use]
    pub fn new(public_url: &Url, identity: impl Into<Secret>) -> Self {
        let named = matches!(public_url.host(), Some(Host::Domain(name)) if crier_net::is_public_name(name));
        let origin = (public_url.scheme() == "https" && named).then(|| public_url.clone());
        Self { origin, identity: identity.into() }
    }

    fn of(&self, key: &str) -> Option<String> {
        let origin = self.origin.as_ref()?.as_str().trim_end_matches('/');
        Some(format!("{origin}{FILES}/{}/{key}", installation::file_proof(self.identity.expose(), key)))
    }
}

impl Library {
    /// Where strangers fetch what is kept under a key: our own address, for as long as the file is there; a bucket’s, good for a day,
    /// where that is enough (`passing`) and strangers can reach the bucket and not us. None where they reach neither.
    #[must_use]
    pub fn address(&self, key: &str, passing: bool) -> Option<String> {
        let own = self.addresses.as_ref().and_then(|addresses| addresses.of(key));
        let signed = || (passing && self.storage.is_public()).then(|| self.storage.signed_address(key)).flatten();
        own.or_else(signed)
    }

    /// Whether somebody was told the address of this key.
    #[must_use]
    pub fn opens(&self, proof: &str, key: &str) -> bool {
        self.addresses.as_ref().is_some_and(|addresses| {
            let right = installation::file_proof(addresses.identity.expose(), key);
            !right.is_empty() && bool::from(right.as_bytes().ct_eq(proof.as_bytes()))
        })
    }
}
