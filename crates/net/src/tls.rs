//! TLS: whom we trust, and what a failed handshake means.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::config::ConfigError;
use crate::failure::FailureKind;

/// Makes `ring` the process's default provider of cryptography for TLS. Calling it again changes nothing.
pub fn install_crypto_provider() {
    // An error means that a provider is installed already, by us or by the embedding program: both are fine.
    let _already = rustls::crypto::ring::default_provider().install_default();
}

/// TLS towards hosts, with and without the offer of HTTP/2.
#[derive(Clone)]
pub(crate) struct Tls {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl Tls {
    pub(crate) fn new(extra_ca: &[PathBuf]) -> Result<Self, ConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut http1 = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::Tls { reason: error.to_string() })?
            .with_root_certificates(roots(extra_ca)?)
            .with_no_client_auth();
        let mut http2 = http1.clone();
        http1.alpn_protocols = vec![b"http/1.1".to_vec()];
        http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { http1: Arc::new(http1), http2: Arc::new(http2) })
    }

    pub(crate) fn config(&self, http2: bool) -> Arc<ClientConfig> {
        Arc::clone(if http2 { &self.http2 } else { &self.http1 })
    }
}

fn roots(extra_ca: &[PathBuf]) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "a certificate authority of the system can't be read; going on without it");
    }
    roots.add_parsable_certificates(system.certs);
    for path in extra_ca {
        add_file(&mut roots, path)?;
    }
    Ok(roots)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), ConfigError> {
    let refused = |reason: String| ConfigError::Authority { path: path.to_owned(), reason };
    let mut found = false;
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| refused(e.to_string()))? {
        let certificate = certificate.map_err(|e| refused(e.to_string()))?;
        roots.add(certificate).map_err(|e| refused(e.to_string()))?;
        found = true;
    }
    if found { Ok(()) } else { Err(refused("no certificate in it".to_owned())) }
}

/// What a TLS error means.
pub(crate) fn kind(error: &rustls::Error) -> FailureKind {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return FailureKind::TlsOther;
    };
    match reason {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => FailureKind::TlsExpired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            FailureKind::TlsWrongHost
        }
        // `Other` carries webpki's refusals of the chain: an authority used as a server's own certificate (the usual shape of
        // a self-signed one), name constraints, usages.
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::Revoked
        | CertificateError::Other(_) => FailureKind::TlsUntrusted,
        _ => FailureKind::TlsOther,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installing_twice_is_fine() {
        install_crypto_provider();
        install_crypto_provider();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }

    #[test]
    fn names_the_file_that_is_no_authority() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "not a certificate").unwrap();
        let error = Tls::new(&[file.path().to_owned()]).err().unwrap();
        assert!(error.to_string().contains(&*file.path().to_string_lossy()), "{error}");
        let missing = Tls::new(&[PathBuf::from("/nowhere/ca.pem")]).err().unwrap();
        assert!(missing.to_string().contains("/nowhere/ca.pem"), "{missing}");
    }
}
